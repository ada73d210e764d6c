//! Programs with the same number of leaves, as tensors.

use std::sync::Mutex;

use candle_core::{Device, Result, Tensor};
use cdmpp_ir::CompactAst;
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::input::FeatureInput;

/// Programs with the same number of leaves: what an [`Encoder`](crate::Encoder) gets.
#[derive(Debug)]
pub struct Batch {
    features: Tensor,
    positions: Vec<u32>,
    depths: Vec<u32>,
    n_leaves: usize,
    /// Present in training only.
    rng: Mutex<Option<Xoshiro256PlusPlus>>,
}

impl Batch {
    /// Stacks and scales programs; all must have the same number of leaves, at least 1, and the width that `input` was fitted to.
    pub(crate) fn new(
        asts: &[&CompactAst],
        input: &FeatureInput,
        rng: Option<Xoshiro256PlusPlus>,
        device: &Device,
    ) -> Result<Self> {
        let n_leaves = asts.first().map_or(0, |ast| ast.n_leaves());
        let mut features = Vec::new();
        let (mut positions, mut depths) = (Vec::new(), Vec::new());
        for ast in asts {
            input.append(ast.features(), &mut features);
            positions.extend_from_slice(ast.positions());
            depths.extend_from_slice(ast.depths());
        }
        let features = Tensor::from_vec(features, (asts.len(), n_leaves, ()), device)?;
        Ok(Self { features, positions, depths, n_leaves, rng: Mutex::new(rng) })
    }

    /// The features of the leaves as inputs, scaled to mean 0 and deviation 1 over the training leaves: every feature,
    /// followed by its piecewise-linear encoding in [`feature_bins`](crate::PredictorConfig::feature_bins) bins.
    ///
    /// # Shapes
    /// `(b, l, width)` with width = dim · (1 + `feature_bins`).
    #[must_use]
    pub fn features(&self) -> &Tensor {
        &self.features
    }

    /// The pre-order rank of every leaf.
    ///
    /// # Shapes
    /// Row-major `(b, l)`.
    #[must_use]
    pub fn positions(&self) -> &[u32] {
        &self.positions
    }

    /// The depth of every leaf.
    ///
    /// # Shapes
    /// Row-major `(b, l)`.
    #[must_use]
    pub fn depths(&self) -> &[u32] {
        &self.depths
    }

    /// The number of leaves of each program.
    #[must_use]
    pub fn n_leaves(&self) -> usize {
        self.n_leaves
    }

    /// Zeroes a share `rate` of the elements and scales the others by 1 / (1 − `rate`), from the seeded stream of this
    /// batch; outside training it returns `xs`.
    ///
    /// candle's own dropout draws from a generator that cannot be seeded on the CPU.
    ///
    /// # Errors
    /// Those of candle's operations.
    pub fn dropout(&self, xs: &Tensor, rate: f64) -> Result<Tensor> {
        let mut guard = self.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(rng) = guard.as_mut().filter(|_| rate > 0.0) else {
            return Ok(xs.clone());
        };
        // 64 random bits decide four elements.
        let threshold = (rate * 65_536.0) as u64;
        let keep = (1.0 / (1.0 - rate)) as f32;
        let n = xs.elem_count();
        let mut mask = Vec::with_capacity(n + 3);
        while mask.len() < n {
            let bits: u64 = rng.random();
            mask.extend((0..4).map(|i| if (bits >> (16 * i)) & 0xffff < threshold { 0.0 } else { keep }));
        }
        mask.truncate(n);
        xs.mul(&Tensor::from_vec(mask, xs.shape(), xs.device())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::generator;

    fn batch(rng: Option<Xoshiro256PlusPlus>) -> Batch {
        let ast = CompactAst::from_parts("test/1", 1, vec![3.0, 5.0], vec![1, 4], vec![1, 2]).unwrap();
        Batch::new(&[&ast, &ast], &FeatureInput::fit(1, 0, [ast.features()].into_iter()), rng, &Device::Cpu).unwrap()
    }

    fn dropped(batch: &Batch, n: usize, rate: f64) -> Vec<f32> {
        let ones = Tensor::ones(n, candle_core::DType::F32, &Device::Cpu).unwrap();
        batch.dropout(&ones, rate).unwrap().to_vec1().unwrap()
    }

    #[test]
    fn holds_programs_row_by_row() {
        let batch = batch(None);
        assert_eq!(batch.features().to_vec3::<f32>().unwrap(), [[[-1.0], [1.0]], [[-1.0], [1.0]]]);
        assert_eq!(
            (batch.positions(), batch.depths(), batch.n_leaves()),
            ([1, 4, 1, 4].as_slice(), [1, 2, 1, 2].as_slice(), 2)
        );
    }

    #[test]
    fn dropout_is_seeded_and_keeps_the_mean() {
        let seeded = |seed| batch(Some(generator(seed, "dropout")));
        let xs = dropped(&seeded(0), 10_001, 0.25);
        assert_eq!(xs, dropped(&seeded(0), 10_001, 0.25));
        assert_ne!(xs, dropped(&seeded(1), 10_001, 0.25));
        let n_zero = xs.iter().filter(|x| **x == 0.0).count() as f64;
        assert!((n_zero / xs.len() as f64 - 0.25).abs() < 0.02);
        assert!(xs.iter().all(|x| *x == 0.0 || (x - 4.0 / 3.0).abs() < 1e-6));
        // The second call goes on in the stream.
        let batch = seeded(0);
        assert_ne!(dropped(&batch, 100, 0.5), dropped(&batch, 100, 0.5));
    }

    #[test]
    fn nothing_is_dropped_outside_training_or_at_rate_0() {
        assert_eq!(dropped(&batch(None), 50, 0.9), [1.0; 50]);
        assert_eq!(dropped(&batch(Some(generator(0, "dropout"))), 50, 0.0), [1.0; 50]);
    }
}
