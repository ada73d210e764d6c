//! Element types of buffers and types of scalar expressions.

use std::fmt;
use std::str::FromStr;

/// The type of a scalar.
///
/// The names are those that TVM and numpy print: `float32`, `int64`, `bool`, …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DataType {
    /// One truth value, held in a byte.
    Bool,
    /// Signed integer of 8 bits.
    I8,
    /// Signed integer of 16 bits.
    I16,
    /// Signed integer of 32 bits.
    I32,
    /// Signed integer of 64 bits.
    I64,
    /// Unsigned integer of 8 bits.
    U8,
    /// Unsigned integer of 16 bits.
    U16,
    /// Unsigned integer of 32 bits.
    U32,
    /// Unsigned integer of 64 bits.
    U64,
    /// 8-bit float with 4 exponent and 3 mantissa bits.
    F8E4M3,
    /// 8-bit float with 5 exponent and 2 mantissa bits.
    F8E5M2,
    /// IEEE half precision.
    F16,
    /// bfloat16.
    BF16,
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
    /// A pointer or the result of an opaque call.
    Handle,
}

/// Every type with its name; [`fmt::Display`] and [`FromStr`] read this one table.
const NAMES: [(DataType, &str); 16] = [
    (DataType::Bool, "bool"),
    (DataType::I8, "int8"),
    (DataType::I16, "int16"),
    (DataType::I32, "int32"),
    (DataType::I64, "int64"),
    (DataType::U8, "uint8"),
    (DataType::U16, "uint16"),
    (DataType::U32, "uint32"),
    (DataType::U64, "uint64"),
    (DataType::F8E4M3, "float8_e4m3fn"),
    (DataType::F8E5M2, "float8_e5m2"),
    (DataType::F16, "float16"),
    (DataType::BF16, "bfloat16"),
    (DataType::F32, "float32"),
    (DataType::F64, "float64"),
    (DataType::Handle, "handle"),
];

impl DataType {
    /// Whether this is a floating-point type.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::F8E4M3 | Self::F8E5M2 | Self::F16 | Self::BF16 | Self::F32 | Self::F64)
    }

    /// Whether this is a signed or unsigned integer; `bool` is not.
    #[must_use]
    pub fn is_int(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64 | Self::U8 | Self::U16 | Self::U32 | Self::U64)
    }

    /// The size of one element in memory.
    ///
    /// # Units
    /// Bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::Bool | Self::I8 | Self::U8 | Self::F8E4M3 | Self::F8E5M2 => 1,
            Self::I16 | Self::U16 | Self::F16 | Self::BF16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 | Self::Handle => 8,
        }
    }

    /// Whether an integer literal of this type may have a value.
    pub(crate) fn holds(self, value: i64) -> bool {
        match self {
            Self::Bool => value == 0 || value == 1,
            Self::I8 => i8::try_from(value).is_ok(),
            Self::I16 => i16::try_from(value).is_ok(),
            Self::I32 => i32::try_from(value).is_ok(),
            Self::I64 => true,
            Self::U8 => u8::try_from(value).is_ok(),
            Self::U16 => u16::try_from(value).is_ok(),
            Self::U32 => u32::try_from(value).is_ok(),
            Self::U64 => value >= 0,
            Self::F8E4M3 | Self::F8E5M2 | Self::F16 | Self::BF16 | Self::F32 | Self::F64 | Self::Handle => false,
        }
    }

    /// The name, as [`fmt::Display`] prints it.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(dtype, _)| *dtype == self).map_or("handle", |(_, name)| name)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text names no [`DataType`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a scalar type")]
pub struct UnknownDataType(pub String);

impl FromStr for DataType {
    type Err = UnknownDataType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = NAMES.iter().find(|(_, name)| *name == text);
        found.map(|(dtype, _)| *dtype).ok_or_else(|| UnknownDataType(text.to_owned()))
    }
}
