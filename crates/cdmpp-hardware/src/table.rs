//! All hardware, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::warning::{Warning, warnings};
use crate::{HardwareError, HardwareSpec};

/// The text of the bundled table.
pub(crate) const BUNDLED: &str = include_str!("../data/hardware.json");

/// Hardware by name, in the order of its file.
///
/// # Examples
/// See the [crate](crate).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<HardwareSpec>", into = "Vec<HardwareSpec>")]
pub struct HardwareTable {
    specs: Vec<HardwareSpec>,
    by_name: BTreeMap<String, usize>,
}

impl HardwareTable {
    /// A table of these hardware.
    ///
    /// # Errors
    /// If there are none, or two have one name.
    pub fn new(specs: impl IntoIterator<Item = HardwareSpec>) -> Result<Self, HardwareError> {
        let specs: Vec<HardwareSpec> = specs.into_iter().collect();
        let mut by_name = BTreeMap::new();
        for (index, spec) in specs.iter().enumerate() {
            if let Some(first) = by_name.insert(spec.name().to_owned(), index) {
                let name = spec.name().to_owned();
                return Err(HardwareError::Duplicate { name, first: first + 1, second: index + 1 });
            }
        }
        if specs.is_empty() {
            return Err(HardwareError::Empty);
        }
        Ok(Self { specs, by_name })
    }

    /// The table that comes with this crate: CPUs, GPUs and accelerators, with the numbers of their data sheets.
    ///
    /// # Panics
    /// Never: the table is part of this crate.
    #[must_use]
    pub fn bundled() -> Self {
        Self::from_json(BUNDLED).expect("the bundled table is valid, as a test shows")
    }

    /// This table and another. Rows of the other replace rows of the same name at their places; its other rows follow.
    #[must_use]
    pub fn extended_by(mut self, other: Self) -> Self {
        for spec in other.specs {
            match self.by_name.get(spec.name()) {
                Some(&index) => self.specs[index] = spec,
                None => {
                    self.by_name.insert(spec.name().to_owned(), self.specs.len());
                    self.specs.push(spec);
                }
            }
        }
        self
    }

    /// Reads a table from JSON text: a list of flat objects.
    ///
    /// # Errors
    /// If the text is not such a list, with the line and column; if it is empty or names a hardware twice.
    pub fn from_json(text: &str) -> Result<Self, HardwareError> {
        let specs: Vec<HardwareSpec> = serde_json::from_str(text).map_err(malformed)?;
        Self::new(specs)
    }

    /// As [`from_json`](Self::from_json), and tells what looks like a mistake: a column near a known one, or a number
    /// that seems to be in another unit.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_with_warnings(text: &str) -> Result<(Self, Vec<Warning>), HardwareError> {
        let table = Self::from_json(text)?;
        let warnings = warnings(text, &table);
        Ok((table, warnings))
    }

    /// Reads a table from a JSON file.
    ///
    /// # Errors
    /// If the file cannot be read, or as [`from_json`](Self::from_json).
    pub fn load(path: impl AsRef<Path>) -> Result<Self, HardwareError> {
        let path = path.as_ref();
        Self::from_json(&read(path)?).map_err(|source| of_file(path, source))
    }

    /// As [`load`](Self::load), with [warnings](Self::from_json_with_warnings).
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with_warnings(path: impl AsRef<Path>) -> Result<(Self, Vec<Warning>), HardwareError> {
        let path = path.as_ref();
        Self::from_json_with_warnings(&read(path)?).map_err(|source| of_file(path, source))
    }

    /// The hardware of this name.
    ///
    /// # Errors
    /// If there is none; the error lists the names most like it. [`find`](Self::find) understands other spellings.
    pub fn get(&self, name: &str) -> Result<&HardwareSpec, HardwareError> {
        match self.by_name.get(name) {
            Some(&index) => Ok(&self.specs[index]),
            None => Err(self.unknown(name)),
        }
    }

    /// All hardware in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, HardwareSpec> {
        self.specs.iter()
    }

    /// How many hardware there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "a table is never empty")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.specs.len()
    }

    /// The names of all columns in which at least one hardware has a number, sorted.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        let columns: BTreeSet<&str> = self.iter().flat_map(|spec| spec.values().map(|(column, _)| column)).collect();
        columns.into_iter().collect()
    }

    /// The [columns](Self::columns) that say how fast a hardware can be: all but `year`, `memory_gb` and `tdp_w`.
    ///
    /// How old a chip is, how much memory its board carries and how much power it may draw go with its speed without
    /// causing it. Between a handful
    /// of devices a predictor would take them for causes: it expects an A100 with 80 GB to be a quarter faster than
    /// one with 40.
    #[must_use]
    pub fn performance_columns(&self) -> Vec<&str> {
        self.columns().into_iter().filter(|column| !["year", "memory_gb", "tdp_w"].contains(column)).collect()
    }
}

impl<'a> IntoIterator for &'a HardwareTable {
    type Item = &'a HardwareSpec;
    type IntoIter = std::slice::Iter<'a, HardwareSpec>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl TryFrom<Vec<HardwareSpec>> for HardwareTable {
    type Error = HardwareError;

    fn try_from(specs: Vec<HardwareSpec>) -> Result<Self, HardwareError> {
        Self::new(specs)
    }
}

impl From<HardwareTable> for Vec<HardwareSpec> {
    fn from(table: HardwareTable) -> Self {
        table.specs
    }
}

fn read(path: &Path) -> Result<String, HardwareError> {
    std::fs::read_to_string(path).map_err(|source| HardwareError::Read { path: path.to_owned(), source })
}

fn of_file(path: &Path, source: HardwareError) -> HardwareError {
    HardwareError::File { path: path.to_owned(), source: Box::new(source) }
}

fn malformed(error: serde_json::Error) -> HardwareError {
    let (line, column, mut what) = (error.line(), error.column(), error.to_string());
    // The place is told once, by our own message.
    if let Some(end) = what.rfind(&format!(" at line {line} column {column}")) {
        what.truncate(end);
    }
    HardwareError::Malformed { line, column, what }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(json: &str, expect: Expect) {
        let answer = match HardwareTable::from_json(json) {
            Ok(table) => format!("{table:#?}"),
            Err(error) => error.to_string(),
        };
        expect.assert_eq(&answer);
    }

    #[test]
    fn a_table_keeps_order_and_marks_what_is_unknown() {
        let table = HardwareTable::from_json(
            r#"[{"name": "b", "kind": "gpu", "vendor": null, "clock_mhz": 1410, "l2_kb": null},
                {"name": "a", "clock_mhz": 0, "lanes": 2.5}]"#,
        )
        .unwrap();
        assert_eq!(table.iter().map(HardwareSpec::name).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!((&table).into_iter().count(), table.len());
        assert_eq!(table.columns(), ["clock_mhz", "lanes"]);
        let (a, b) = (table.get("a").unwrap(), table.get("b").unwrap());
        assert_eq!((a.value("clock_mhz"), b.value("clock_mhz")), (Some(0.0), Some(1410.0)));
        assert_eq!((a.value("l2_kb"), b.value("l2_kb"), b.value("lanes")), (None, None, None));
        assert_eq!((a.label("kind"), b.label("kind"), b.label("vendor")), (None, Some("gpu"), None));
        assert_eq!(b.labels().collect::<Vec<_>>(), [("kind", "gpu")]);
    }

    #[test]
    fn refused_tables_say_where() {
        check("[]", expect!["the table has no hardware"]);
        check("[{\"name\": \"a\",\n \"clock_mhz\": }]", expect!["line 2, column 15: expected value"]);
        check(
            "[{\"name\": \"a\",\n \"clock_mhz\": -1}]",
            expect!["line 2, column 17: column `clock_mhz` must be a finite number of at least 0, not -1"],
        );
        check("[{\"name\": \"a\",\n \"clock_mhz\": 1e999}]", expect!["line 2, column 19: number out of range"]);
        check(
            "[{\"name\": \"a\",\n \"clock_mhz\": [1]}]",
            expect!["line 2, column 15: invalid type: sequence, expected a number, a text or null"],
        );
        check(
            "[{\"name\": \"a\",\n \"is_fast\": true}]",
            expect!["line 2, column 16: invalid type: boolean `true`, expected a number, a text or null"],
        );
        check(
            "[{\"name\": \"a\",\n \"l2_kb\": 1, \"l2_kb\": 2}]",
            expect!["line 2, column 24: column `l2_kb` is given twice"],
        );
        check("[{\"clock_mhz\": 1}]", expect!["line 1, column 17: missing field `name`"]);
        check("[{\"name\": 7}]", expect!["line 1, column 12: `name` must be a text"]);
        check("[{\"name\": \"\"}]", expect!["line 1, column 13: `name` is empty"]);
        check(
            "[{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": \"a\"}]",
            expect!["the hardware `a` is in the table twice, as number 1 and number 3"],
        );
        check("{\"name\": \"a\"}", expect!["line 1, column 0: invalid type: map, expected a sequence"]);
        check("[{\"name\": \"a\"}", expect!["line 1, column 14: EOF while parsing a list"]);
    }

    #[test]
    fn an_unknown_name_lists_near_ones() {
        let names = ["tesla-t4", "tesla-p4", "rtx-3090", "rtx-a6000", "h100-sxm-80gb"];
        let specs = names.map(|name| HardwareSpec::new(name, [("x", 1.0)]).unwrap());
        let error = HardwareTable::new(specs).unwrap().get("tesla-t5").unwrap_err();
        expect!["unknown hardware `tesla-t5`; nearest of 5: tesla-t4, tesla-p4, rtx-3090"]
            .assert_eq(&error.to_string());
    }

    #[test]
    fn the_bundled_table_is_whole() {
        let table = HardwareTable::bundled();
        assert_eq!(table.len(), 83);
        let h100 = table.get("h100-sxm-80gb").unwrap();
        assert_eq!((h100.kind(), h100.label("vendor")), (Some("gpu"), Some("nvidia")));
        assert!(h100.value("peak_bf16_gflops").is_some() && h100.value("tdp_w").is_some());
        assert!(!table.performance_columns().contains(&"tdp_w"));
        assert!(table.iter().all(|spec| spec.kind().is_some()));
    }

    #[test]
    fn rows_of_another_table_replace_and_follow() {
        let table = |json| HardwareTable::from_json(json).unwrap();
        let base = table(r#"[{"name": "a", "x": 1}, {"name": "b", "x": 2}]"#);
        let extended = base.extended_by(table(r#"[{"name": "c", "x": 3}, {"name": "a", "y": 4}]"#));
        assert_eq!(extended, table(r#"[{"name": "a", "y": 4}, {"name": "b", "x": 2}, {"name": "c", "x": 3}]"#));
        assert_eq!(extended.get("c").unwrap().value("x"), Some(3.0));
    }

    #[test]
    fn specs_made_in_code_are_checked() {
        let no_values: [(&str, f64); 0] = [];
        let error = HardwareSpec::new("", no_values).unwrap_err();
        assert!(matches!(error, HardwareError::EmptyName { number: 1 }));
        for bad in [f64::NAN, f64::INFINITY, -0.5] {
            let error = HardwareSpec::new("a", [("x", 1.0), ("y", bad)]).unwrap_err();
            assert!(matches!(error, HardwareError::Value { column, .. } if column == "y"));
        }
    }

    #[test]
    fn a_file_is_named_in_its_error() {
        let error = HardwareTable::load("no/such/table.json").unwrap_err();
        assert!(matches!(&error, HardwareError::Read { path, .. } if path.ends_with("table.json")));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let error = HardwareTable::load(path).unwrap_err();
        assert!(matches!(&error, HardwareError::File { .. }) && error.to_string().ends_with("Cargo.toml"));
    }

    proptest! {
        #[test]
        fn json_round_trips(
            rows in prop::collection::btree_map(
                "[a-z0-9-]{1,8}",
                (prop::collection::btree_map("[a-c]_mhz", 0.0..1e12_f64, 0..3), prop::option::of("[a-z]{0,4}")),
                1..6,
            )
        ) {
            let specs = rows.into_iter().map(|(name, (values, kind))| {
                let spec = HardwareSpec::new(name, values).unwrap();
                match kind {
                    Some(kind) => spec.with_label("kind", kind),
                    None => spec,
                }
            });
            let table = HardwareTable::new(specs).unwrap();
            let json = serde_json::to_string(&table).unwrap();
            prop_assert_eq!(&HardwareTable::from_json(&json).unwrap(), &table);
            prop_assert_eq!(serde_json::from_str::<HardwareTable>(&json).unwrap(), table);
        }
    }
}
