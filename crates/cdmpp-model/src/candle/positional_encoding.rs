//! Positional encoding on candle's tensors.

use candle_core::{Device, Result, Tensor};

use crate::positional::Positions;

/// Sines and cosines of the pre-order ranks of leaves, as added to their embeddings.
///
/// Column 2i is sin(rank / 10000^(2i/d)) and column 2i + 1 the cosine of the same angle: one frequency a pair. (The
/// published code doubles the exponent and takes another frequency for the cosine, so that half of its columns are
/// constant.)
///
/// # Shapes
/// `ranks` has b·l values, row-major; the result is `(b, l, d_model)` with b·l = `ranks.len()`.
///
/// # Errors
/// If `ranks.len()` is not a multiple of `n_leaves`.
///
/// # References
/// Vaswani et al., *Attention is all you need*, 2017, section 3.5; Hu et al., *CDMPP*, on pre-order positions.
pub fn positional_encoding(ranks: &[u32], n_leaves: usize, d_model: usize, device: &Device) -> Result<Tensor> {
    if n_leaves == 0 || !ranks.len().is_multiple_of(n_leaves) {
        candle_core::bail!("{} ranks are not rows of {n_leaves} leaves", ranks.len());
    }
    let mut values = vec![0.0_f32; ranks.len() * d_model];
    Positions::new(d_model, 0).write(ranks, &mut values);
    Tensor::from_vec(values, (ranks.len() / n_leaves, n_leaves, d_model), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_rows_of_leaves() {
        let dims = |n| positional_encoding(&[3, 1, 4, 1, 5, 9], n, 8, &Device::Cpu).map(|xs| xs.dims().to_vec());
        assert_eq!(dims(2).unwrap(), [3, 2, 8]);
        assert_eq!(dims(6).unwrap(), [1, 6, 8]);
        assert!(dims(4).is_err() && dims(0).is_err());
    }
}
