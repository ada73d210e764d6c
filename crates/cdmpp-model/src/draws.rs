//! Seeded random numbers.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A generator for one purpose: independent of those for other names under the same seed.
pub(crate) fn generator(seed: u64, name: &str) -> Xoshiro256PlusPlus {
    // FNV-1a spreads the name; `seed_from_u64` mixes the sum.
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    Xoshiro256PlusPlus::seed_from_u64(hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A draw from the standard normal distribution, by Box and Muller's transform; 1 − u keeps the logarithm finite.
pub(crate) fn standard_normal(rng: &mut Xoshiro256PlusPlus) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// A draw from the numbers between two bounds.
pub(crate) fn uniform(rng: &mut Xoshiro256PlusPlus, low: f64, high: f64) -> f32 {
    (low + (high - low) * rng.random::<f64>()) as f32
}
