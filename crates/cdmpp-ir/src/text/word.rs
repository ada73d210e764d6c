//! The words of the text form: which are reserved, which may stand for a name, and how literals name their type.

use crate::DataType;

/// The keywords and the built-in functions.
const RESERVED: [&str; 24] = [
    "alloc",
    "and",
    "bind",
    "else",
    "eval",
    "false",
    "for",
    "if",
    "in",
    "let",
    "max",
    "min",
    "not",
    "or",
    "parallel",
    "program",
    "select",
    "strides",
    "then",
    "true",
    "truncmod",
    "unrolled",
    "vectorized",
    "with",
];

/// Every type that a literal may have, with the suffix that names it.
const SUFFIXES: [(DataType, &str); 14] = [
    (DataType::I8, "i8"),
    (DataType::I16, "i16"),
    (DataType::I32, "i32"),
    (DataType::I64, "i64"),
    (DataType::U8, "u8"),
    (DataType::U16, "u16"),
    (DataType::U32, "u32"),
    (DataType::U64, "u64"),
    (DataType::F8E4M3, "f8e4m3"),
    (DataType::F8E5M2, "f8e5m2"),
    (DataType::F16, "f16"),
    (DataType::BF16, "bf16"),
    (DataType::F32, "f32"),
    (DataType::F64, "f64"),
];

/// The type of an integer literal without a suffix.
pub(super) const DEFAULT_INT: DataType = DataType::I64;

/// The type of a float literal without a suffix.
pub(super) const DEFAULT_FLOAT: DataType = DataType::F32;

/// The suffix of a literal; empty if no literal has the type.
pub(super) fn suffix(dtype: DataType) -> &'static str {
    SUFFIXES.iter().find(|(known, _)| *known == dtype).map_or("", |(_, suffix)| suffix)
}

pub(super) fn dtype_of_suffix(suffix: &str) -> Option<DataType> {
    SUFFIXES.iter().find(|(_, known)| *known == suffix).map(|(dtype, _)| *dtype)
}

/// Reads `inf`, `nan`, `inf_f64`, …: the value and its type.
pub(super) fn special_float(word: &str) -> Option<(f64, DataType)> {
    let (name, dtype) = match word.split_once('_') {
        Some((name, suffix)) => (name, dtype_of_suffix(suffix).filter(|dtype| dtype.is_float())?),
        None => (word, DEFAULT_FLOAT),
    };
    match name {
        "inf" => Some((f64::INFINITY, dtype)),
        "nan" => Some((f64::NAN, dtype)),
        _ => None,
    }
}

/// Whether a word is a keyword, a type, a built-in function or a literal: as a name it needs backticks.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word) || word.parse::<DataType>().is_ok() || special_float(word).is_some()
}

/// Whether a name may be written without backticks.
pub(super) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && word_length(name) == name.len() && !is_reserved(name)
}

/// The length of the word that a text starts with, in bytes; 0 if it starts with none. A word may have inner dots, as
/// in `threadIdx.x`.
pub(super) fn word_length(text: &str) -> usize {
    let starts = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let bytes = text.as_bytes();
    if !bytes.first().copied().is_some_and(starts) {
        return 0;
    }
    let mut length = 1;
    while let Some(&byte) = bytes.get(length) {
        let dot = byte == b'.' && bytes.get(length + 1).copied().is_some_and(starts);
        if !(starts(byte) || byte.is_ascii_digit() || dot) {
            break;
        }
        length += 1;
    }
    length
}
