//! Element types of tensors, by the names and numbers of ONNX.

use std::fmt;

use cdmpp_ir::DataType;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The element type of a tensor; a subset of `TensorProto.DataType`, all that has a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ElementType {
    /// IEEE single precision.
    Float32,
    /// Unsigned integer of 8 bits.
    Uint8,
    /// Signed integer of 8 bits.
    Int8,
    /// Unsigned integer of 16 bits.
    Uint16,
    /// Signed integer of 16 bits.
    Int16,
    /// Signed integer of 32 bits.
    Int32,
    /// Signed integer of 64 bits.
    Int64,
    /// Text. It has no size; it may only pass through.
    String,
    /// A truth value in a byte.
    Bool,
    /// IEEE half precision.
    Float16,
    /// IEEE double precision.
    Float64,
    /// Unsigned integer of 32 bits.
    Uint32,
    /// Unsigned integer of 64 bits.
    Uint64,
    /// bfloat16.
    Bfloat16,
    /// 8-bit float with 4 exponent and 3 mantissa bits, without infinities.
    Float8E4M3Fn,
    /// The same without a negative zero.
    Float8E4M3FnUz,
    /// 8-bit float with 5 exponent and 2 mantissa bits.
    Float8E5M2,
    /// The same without a negative zero and infinities.
    Float8E5M2FnUz,
}

use ElementType::{
    Bfloat16, Bool, Float8E4M3Fn, Float8E4M3FnUz, Float8E5M2, Float8E5M2FnUz, Float16, Float32, Float64, Int8, Int16,
    Int32, Int64, String as Text, Uint8, Uint16, Uint32, Uint64,
};

/// Every type with its number in a file, its name in records, and the type of the loop nest that computes with it.
const TABLE: [(ElementType, i64, &str, Option<DataType>); 18] = [
    (Float32, 1, "float32", Some(DataType::F32)),
    (Uint8, 2, "uint8", Some(DataType::U8)),
    (Int8, 3, "int8", Some(DataType::I8)),
    (Uint16, 4, "uint16", Some(DataType::U16)),
    (Int16, 5, "int16", Some(DataType::I16)),
    (Int32, 6, "int32", Some(DataType::I32)),
    (Int64, 7, "int64", Some(DataType::I64)),
    (Text, 8, "string", None),
    (Bool, 9, "bool", Some(DataType::Bool)),
    (Float16, 10, "float16", Some(DataType::F16)),
    (Float64, 11, "float64", Some(DataType::F64)),
    (Uint32, 12, "uint32", Some(DataType::U32)),
    (Uint64, 13, "uint64", Some(DataType::U64)),
    (Bfloat16, 16, "bfloat16", Some(DataType::BF16)),
    (Float8E4M3Fn, 17, "float8e4m3fn", Some(DataType::F8E4M3)),
    (Float8E4M3FnUz, 18, "float8e4m3fnuz", Some(DataType::F8E4M3)),
    (Float8E5M2, 19, "float8e5m2", Some(DataType::F8E5M2)),
    (Float8E5M2FnUz, 20, "float8e5m2fnuz", Some(DataType::F8E5M2)),
];

impl ElementType {
    /// The type of a number in a file; `None` for one that is not known here (complex numbers, types below a byte).
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == code).map(|row| row.0)
    }

    /// The name, as records spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.0 == self).map_or("", |row| row.2)
    }

    /// The type that a loop nest computes with; `None` for text.
    #[must_use]
    pub fn data_type(self) -> Option<DataType> {
        TABLE.iter().find(|row| row.0 == self).and_then(|row| row.3)
    }

    /// Whether this is an integer or a truth value.
    #[must_use]
    pub fn is_integer(self) -> bool {
        self == Bool || self.data_type().is_some_and(DataType::is_int)
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for ElementType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ElementType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = TABLE.iter().find(|row| row.2 == name).map(|row| row.0);
        found.ok_or_else(|| serde::de::Error::custom(format_args!("`{name}` is not an element type")))
    }
}
