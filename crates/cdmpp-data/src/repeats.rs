//! Repeated measurements: how they are read, and their median and spread.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::Deserializer;
use serde::de::{Error as _, MapAccess, Visitor};

/// The middle value, or the mean of the middle two; `None` without values. NaN if any value is.
pub(crate) fn median(repeats: &[f64]) -> Option<f64> {
    if repeats.iter().any(|repeat| repeat.is_nan()) {
        return Some(f64::NAN);
    }
    let mut sorted = repeats.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    Some(if sorted.len() % 2 == 1 { upper } else { (sorted[sorted.len() / 2 - 1] + upper) / 2.0 })
}

/// Sample standard deviation over mean.
pub(crate) fn spread(repeats: &[f64]) -> Option<f64> {
    if repeats.len() < 2 {
        return None;
    }
    let n = repeats.len() as f64;
    let mean = repeats.iter().sum::<f64>() / n;
    let squares: f64 = repeats.iter().map(|repeat| (repeat - mean).powi(2)).sum();
    Some((squares / (n - 1.0)).sqrt() / mean).filter(|spread| spread.is_finite())
}

/// Reads the repeats by hardware; `null` in a list becomes NaN, and a hardware given twice is an error.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Vec<f64>>, D::Error> {
    deserializer.deserialize_map(RepeatsVisitor)
}

struct RepeatsVisitor;

impl<'de> Visitor<'de> for RepeatsVisitor {
    type Value = BTreeMap<String, Vec<f64>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lists of seconds by hardware")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut by_hardware = BTreeMap::new();
        while let Some((hardware, repeats)) = map.next_entry::<String, Vec<Option<f64>>>()? {
            match by_hardware.entry(hardware) {
                Entry::Vacant(entry) => {
                    entry.insert(repeats.into_iter().map(|repeat| repeat.unwrap_or(f64::NAN)).collect());
                }
                Entry::Occupied(entry) => {
                    return Err(A::Error::custom(format_args!("hardware `{}` is given twice", entry.key())));
                }
            }
        }
        Ok(by_hardware)
    }
}
