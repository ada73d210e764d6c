//! Dropout from a seeded stream.

use rand::Rng as _;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Where masks come from; without a stream nothing is dropped.
#[derive(Debug)]
pub(crate) struct Dropout<'a> {
    rng: Option<&'a mut Xoshiro256PlusPlus>,
    /// Of 65,536 elements, how many are dropped.
    threshold: u64,
    /// What the others are multiplied with.
    keep: f32,
}

impl<'a> Dropout<'a> {
    pub(crate) fn new(rng: Option<&'a mut Xoshiro256PlusPlus>, rate: f64) -> Self {
        let rng = rng.filter(|_| rate > 0.0);
        Self { rng, threshold: (rate * 65_536.0) as u64, keep: (1.0 / (1.0 - rate)) as f32 }
    }

    /// Whether [`draw`](Self::draw) writes a mask.
    pub(crate) fn is_on(&self) -> bool {
        self.rng.is_some()
    }

    /// Draws a mask of factors.
    pub(crate) fn draw(&mut self, mask: &mut [f32]) {
        let Some(rng) = &mut self.rng else { return };
        // 64 random bits decide four elements.
        for part in mask.chunks_mut(4) {
            let bits: u64 = rng.random();
            for (i, factor) in part.iter_mut().enumerate() {
                *factor = if (bits >> (16 * i)) & 0xffff < self.threshold { 0.0 } else { self.keep };
            }
        }
    }
}
