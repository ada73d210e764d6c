//! Hashes that stay the same on every machine and toolchain.

use std::fmt;
use std::hash::Hasher as _;

use serde::Serialize;
use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128 as _, SipHasher13 as SipHasher128};

/// A 128-bit hash of a program's text: programs with one fingerprint are taken as equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// The fingerprint of a text.
    ///
    /// # Complexity
    /// O(bytes).
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::of_parts(&[text.as_bytes()])
    }

    /// The fingerprint of several texts; where one ends and the next begins matters.
    pub(crate) fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = SipHasher128::new();
        for part in parts {
            hasher.write(part);
            hasher.write(&(part.len() as u64).to_le_bytes());
        }
        Self(hasher.finish128().as_u128())
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The fingerprint of a file, line by line.
#[derive(Clone)]
pub(crate) struct Digest(SipHasher128);

impl Digest {
    pub(crate) fn new() -> Self {
        Self(SipHasher128::new())
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.0.finish128().as_u128())
    }
}

/// A number in `[0, 1)` that depends on the seed, on what the draw is for, and on the key alone: adding or removing
/// other keys does not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64, purpose: &str, key: Fingerprint) -> Self {
        let mut hasher = SipHasher13::new_with_keys(seed, 0);
        hasher.write(purpose.as_bytes());
        hasher.write(&key.to_bytes());
        Self(hasher.finish())
    }

    pub(crate) fn is_below(self, fraction: f64) -> bool {
        // The upper 53 bits are exact in an `f64`.
        (self.0 >> 11) as f64 / ((1_u64 << 53) as f64) < fraction
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_never_change() {
        // A change here would move samples between the sets of everybody's splits.
        expect_test::expect!["10ee1fabbd6a46cce4fe71bd87b4f495"]
            .assert_eq(&format!("{:?}", Fingerprint::of("a program")));
        expect_test::expect!["Draw(8c6ef8d1d32b7c75)"]
            .assert_eq(&format!("{:x?}", Draw::new(7, "test", Fingerprint::of("a program"))));
        assert_ne!(Fingerprint::of_parts(&[b"ab", b"c"]), Fingerprint::of_parts(&[b"a", b"bc"]));
    }

    #[test]
    fn draws_are_even() {
        let n = 10_000;
        let draws = (0..n).map(|i| Draw::new(1, "test", Fingerprint::of(&i.to_string())));
        let below = draws.filter(|draw| draw.is_below(0.3)).count();
        // Five standard deviations of a binomial.
        assert!(below.abs_diff(3_000) < 230, "{below}");
    }
}
