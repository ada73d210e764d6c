//! One hardware.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::HardwareError;

/// What is known of one hardware: its name, labels in words, and numbers by column.
///
/// In JSON it is one flat object; `null` and an absent column both mean *unknown*, and are equal.
///
/// # Units
/// Each column's name says its unit (`clock_mhz`, `memory_bandwidth_gbs`). These are the columns of the
/// [bundled table](crate::HardwareTable::bundled); 0 means that the hardware has none.
///
/// | column | meaning |
/// |---|---|
/// | `year` | the year of release |
/// | `compute_units` | SMs (NVIDIA), CUs (AMD), cores (CPU): those that a program uses |
/// | `clock_mhz` | 10⁶ clocks a second: boost clock of a GPU, nominal clock of a CPU |
/// | `peak_fp32_gflops` | 10⁹ float32 operations a second, without matrix units; a multiply-add is two |
/// | `peak_bf16_gflops`, `peak_fp16_gflops`, `peak_fp8_gflops`, `peak_int8_gflops` | the same with matrix units, dense, accumulating in 32 bits |
/// | `memory_bandwidth_gbs` | 10⁹ bytes a second to main memory |
/// | `memory_gb` | main memory |
/// | `l1_kb_per_unit`, `l2_kb`, `l3_kb` | caches in 1024 bytes: level 1 of each unit, level 2 and 3 of the whole |
/// | `shared_kb_per_unit` | shared memory of each unit of a GPU, in 1024 bytes |
/// | `registers_per_unit` | 32-bit registers of each unit of a GPU |
/// | `max_threads_per_unit` | threads that one unit holds at a time |
/// | `warp_size` | threads that run in step |
/// | `simd_bits` | width of the vectors that programs for a CPU use |
/// | `tdp_w` | power of the board or chip, in watts |
#[derive(Clone, Debug, PartialEq)]
pub struct HardwareSpec {
    name: String,
    labels: BTreeMap<String, String>,
    values: BTreeMap<String, f64>,
}

impl HardwareSpec {
    /// A hardware with these numbers.
    ///
    /// # Errors
    /// If the name is empty, or a number is negative or not finite.
    pub fn new<C: Into<String>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = (C, f64)>,
    ) -> Result<Self, HardwareError> {
        let name = name.into();
        if name.is_empty() {
            return Err(HardwareError::EmptyName { number: 1 });
        }
        let values: BTreeMap<String, f64> = values.into_iter().map(|(column, value)| (column.into(), value)).collect();
        if let Some((column, &value)) = values.iter().find(|(_, value)| !is_valid(**value)) {
            return Err(HardwareError::Value { hardware: name, column: column.clone(), value });
        }
        Ok(Self { name, labels: BTreeMap::new(), values })
    }

    /// The same hardware with one more label, such as `kind` or `vendor`.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>, text: impl Into<String>) -> Self {
        self.labels.insert(label.into(), text.into());
        self
    }

    /// The name, which records refer to.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A label such as `kind`, `vendor` or `architecture`; `None` if it is unknown.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }

    /// The label `kind`: `cpu`, `gpu`, `fpga` or `accelerator` in the bundled table.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.label("kind")
    }

    /// A number such as `clock_mhz`; `None` if it is unknown. Never negative, infinite or NaN.
    #[must_use]
    pub fn value(&self, column: &str) -> Option<f64> {
        self.values.get(column).copied()
    }

    /// All labels, by name.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// All known numbers, by column.
    pub fn values(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values.iter().map(|(column, value)| (column.as_str(), *value))
    }
}

impl Serialize for HardwareSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.labels.len() + self.values.len()))?;
        map.serialize_entry("name", &self.name)?;
        self.labels.iter().try_for_each(|(name, text)| map.serialize_entry(name, text))?;
        self.values.iter().try_for_each(|(column, value)| map.serialize_entry(column, value))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for HardwareSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SpecVisitor)
    }
}

/// Reads the flat object. Faults are found at the value itself, so that a text format can say its line and column.
struct SpecVisitor;

impl<'de> Visitor<'de> for SpecVisitor {
    type Value = HardwareSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the hardware's name and numbers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HardwareSpec, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(field) = map.next_key::<String>()? {
            let value = map.next_value::<Field>()?;
            match (field.as_str(), &value) {
                ("name", Field::Text(name)) if name.is_empty() => return Err(A::Error::custom("`name` is empty")),
                ("name", Field::Unknown | Field::Number(_)) => {
                    return Err(A::Error::custom("`name` must be a text"));
                }
                (_, Field::Number(value)) if !is_valid(*value) => {
                    let what = format!("column `{field}` must be a finite number of at least 0, not {value}");
                    return Err(A::Error::custom(what));
                }
                _ => {}
            }
            match fields.entry(field) {
                Entry::Vacant(entry) => entry.insert(value),
                Entry::Occupied(entry) => {
                    return Err(A::Error::custom(format_args!("column `{}` is given twice", entry.key())));
                }
            };
        }
        let Some(Field::Text(name)) = fields.remove("name") else {
            return Err(A::Error::missing_field("name"));
        };
        let mut spec = HardwareSpec { name, labels: BTreeMap::new(), values: BTreeMap::new() };
        for (field, value) in fields {
            match value {
                Field::Unknown => {}
                Field::Text(text) => drop(spec.labels.insert(field, text)),
                Field::Number(value) => drop(spec.values.insert(field, value)),
            }
        }
        Ok(spec)
    }
}

/// One value of the flat object.
enum Field {
    Unknown,
    Text(String),
    Number(f64),
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl Visitor<'_> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text or null")
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Unknown)
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(text.to_owned()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Field, E> {
        Ok(Field::Number(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Field, E> {
        Ok(Field::Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Field, E> {
        Ok(Field::Number(value as f64))
    }
}

fn is_valid(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}
