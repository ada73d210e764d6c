//! Positional encoding of leaves by their pre-order rank.

use candle_core::{Device, Result, Tensor};

/// The longest wavelength is 2π times this.
const BASE: f64 = 10_000.0;

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
    let frequencies: Vec<f64> = (0..d_model).step_by(2).map(|i| BASE.powf(-(i as f64) / d_model as f64)).collect();
    for (rank, row) in ranks.iter().zip(values.chunks_exact_mut(d_model.max(1))) {
        for (pair, frequency) in row.chunks_mut(2).zip(&frequencies) {
            let (sin, cos) = (f64::from(*rank) * frequency).sin_cos();
            pair[0] = sin as f32;
            if let Some(second) = pair.get_mut(1) {
                *second = cos as f32;
            }
        }
    }
    Tensor::from_vec(values, (ranks.len() / n_leaves, n_leaves, d_model), device)
}
