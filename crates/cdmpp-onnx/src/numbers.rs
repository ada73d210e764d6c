//! The contents of small tensors: what shapes are computed from.

use crate::ElementType;

/// The most elements of a tensor whose contents are kept.
pub(crate) const MOST: usize = 1024;

/// The elements of a small tensor, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Numbers {
    /// Integers and truth values.
    Ints(Vec<i64>),
    /// Floats.
    Floats(Vec<f64>),
}

impl Numbers {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Ints(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    pub(crate) fn ints(&self) -> Option<&[i64]> {
        match self {
            Self::Ints(values) => Some(values),
            Self::Floats(_) => None,
        }
    }

    /// The elements as floats, whatever they are.
    pub(crate) fn floats(&self) -> Vec<f64> {
        match self {
            Self::Ints(values) => values.iter().map(|value| *value as f64).collect(),
            Self::Floats(values) => values.clone(),
        }
    }

    /// The elements at places of this tensor.
    pub(crate) fn picked(&self, places: impl Iterator<Item = usize>) -> Option<Self> {
        match self {
            Self::Ints(values) => places.map(|place| values.get(place).copied()).collect::<Option<_>>().map(Self::Ints),
            Self::Floats(values) => {
                places.map(|place| values.get(place).copied()).collect::<Option<_>>().map(Self::Floats)
            }
        }
    }

    /// The elements of little-endian bytes.
    pub(crate) fn from_bytes(element_type: ElementType, bytes: &[u8]) -> Option<Self> {
        fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> i64) -> Numbers {
            Numbers::Ints(bytes.chunks_exact(N).filter_map(|chunk| chunk.try_into().ok().map(&read)).collect())
        }
        Some(match element_type {
            ElementType::Bool | ElementType::Uint8 => each(bytes, |[byte]| byte.into()),
            ElementType::Int8 => each(bytes, |b| i8::from_le_bytes(b).into()),
            ElementType::Int16 => each(bytes, |b| i16::from_le_bytes(b).into()),
            ElementType::Uint16 => each(bytes, |b| u16::from_le_bytes(b).into()),
            ElementType::Int32 => each(bytes, |b| i32::from_le_bytes(b).into()),
            ElementType::Uint32 => each(bytes, |b| u32::from_le_bytes(b).into()),
            ElementType::Int64 | ElementType::Uint64 => each(bytes, i64::from_le_bytes),
            ElementType::Float32 => {
                let chunks = bytes.chunks_exact(4).filter_map(|chunk| chunk.try_into().ok());
                Self::Floats(chunks.map(|b| f32::from_le_bytes(b).into()).collect())
            }
            ElementType::Float64 => {
                let chunks = bytes.chunks_exact(8).filter_map(|chunk| chunk.try_into().ok());
                Self::Floats(chunks.map(f64::from_le_bytes).collect())
            }
            _ => return None,
        })
    }
}

/// The number of elements of a shape, if it is one: no negative extent, fewer than 2⁵³ elements.
pub(crate) fn n_elements(shape: &[i64]) -> Option<i64> {
    let n = shape.iter().try_fold(1_i64, |n, extent| n.checked_mul(*extent).filter(|_| *extent >= 0));
    n.filter(|n| *n < 1 << 53)
}
