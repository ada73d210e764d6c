//! What looks wrong in a hardware table.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::value::RawValue;

use crate::{HardwareSpec, HardwareTable};

/// Something in a hardware table that is valid and looks like a mistake. Prints as a sentence with its line.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// A column that no bundled hardware has, whose name is near one that the row lacks.
    NearColumn {
        /// The line, from 1.
        line: usize,
        /// The hardware.
        hardware: String,
        /// The column as it is written.
        column: String,
        /// The column that may be meant.
        near: String,
    },
    /// A number far from what is plausible, as if it were in another unit.
    OffScale {
        /// The line, from 1.
        line: usize,
        /// The hardware.
        hardware: String,
        /// The column.
        column: String,
        /// The number.
        value: f64,
        /// The lowest plausible number.
        low: f64,
        /// The highest plausible number.
        high: f64,
    },
}

impl Warning {
    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        match self {
            Self::NearColumn { line, .. } | Self::OffScale { line, .. } => *line,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NearColumn { line, hardware, column, near } => {
                write!(f, "line {line}: hardware `{hardware}`: unknown column `{column}`; is `{near}` meant?")
            }
            Self::OffScale { line, hardware, column, value, low, high } => write!(
                f,
                "line {line}: hardware `{hardware}`: `{column}` is {value}; {low} to {high} is plausible: is the unit right?"
            ),
        }
    }
}

/// Lowest and highest plausible numbers of columns, whatever the hardware. The highest of the bundled table are
/// 5·10⁶ GFLOPS, 8,000 GB/s and 3,300 MHz.
const PLAUSIBLE: [(&str, f64, f64); 7] = [
    ("peak_fp32_gflops", 1e-2, 1e7),
    ("peak_bf16_gflops", 1e-2, 1e9),
    ("peak_fp16_gflops", 1e-2, 1e9),
    ("peak_fp8_gflops", 1e-2, 1e9),
    ("peak_int8_gflops", 1e-2, 1e9),
    ("memory_bandwidth_gbs", 1e-2, 1e6),
    ("clock_mhz", 10.0, 20_000.0),
];

/// Operations that a unit (an SM, a CU, a core) of a GPU or CPU starts in a clock: 4 to 259 for float32 in the bundled
/// table, up to 15,953 for matrix units with other types.
const PER_CLOCK: (f64, f64) = (1.0, 2_048.0);
const PER_CLOCK_OF_MATRICES: f64 = 100_000.0;

/// A peak of another type is at most this many times the float32 peak of its row, and at least a part of it; at most 63
/// times and a 64th in the bundled table.
const SIBLINGS: f64 = 300.0;

/// Looks through a table that was read from this text.
pub(crate) fn warnings(text: &str, table: &HardwareTable) -> Vec<Warning> {
    // The text was read once, and is read again only for its lines.
    let rows: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
    let known = HardwareTable::bundled();
    let columns: BTreeSet<&str> = known
        .columns()
        .into_iter()
        .chain(known.iter().flat_map(|spec| spec.labels().map(|(label, _)| label)))
        .chain(["name"])
        .collect();
    let mut out = Vec::new();
    for (spec, row) in table.iter().zip(rows) {
        let row = row.get();
        let start = row.as_ptr() as usize - text.as_ptr() as usize;
        let line = |column: &str| line_of(&text[..start + place_of(row, column)]);
        let hardware = || spec.name().to_owned();
        let fields = spec.labels().map(|(label, _)| label).chain(spec.values().map(|(column, _)| column));
        for column in fields.filter(|column| !columns.contains(column)) {
            let is_free = |near: &&str| spec.value(near).is_none() && spec.label(near).is_none() && **near != *"name";
            if let Some(near) = columns.iter().copied().filter(is_free).find(|known| is_near(column, known)) {
                let (column, near) = (column.to_owned(), near.to_owned());
                out.push(Warning::NearColumn { line: line(&column), hardware: hardware(), column, near });
            }
        }
        for (column, low, high) in PLAUSIBLE {
            let Some(value) = spec.value(column).filter(|value| *value > 0.0) else { continue };
            let (low, high) = plausible(spec, column, low, high);
            if !(low..=high).contains(&value) {
                let column = column.to_owned();
                out.push(Warning::OffScale { line: line(&column), hardware: hardware(), column, value, low, high });
            }
        }
    }
    out.sort_by_key(Warning::line);
    out
}

/// What is plausible for a column of this hardware.
fn plausible(spec: &HardwareSpec, column: &str, mut low: f64, mut high: f64) -> (f64, f64) {
    if !column.starts_with("peak_") {
        return (low, high);
    }
    let known = |column| spec.value(column).filter(|value| *value > 0.0);
    let clocks = known("compute_units").zip(known("clock_mhz")).map(|(units, mhz)| units * mhz / 1000.0);
    if let Some(clocks) = clocks.filter(|_| matches!(spec.kind(), Some("cpu" | "gpu"))) {
        let most = if column == "peak_fp32_gflops" { PER_CLOCK.1 } else { PER_CLOCK_OF_MATRICES };
        (low, high) = (low.max(PER_CLOCK.0 * clocks), high.min(most * clocks));
    }
    if let Some(peak) = known("peak_fp32_gflops").filter(|_| column != "peak_fp32_gflops") {
        (low, high) = (low.max(peak / SIBLINGS), high.min(peak * SIBLINGS));
    }
    (low, high)
}

/// A slip of a letter or two. Names that differ in digits alone, such as `l1_kb` and `l2_kb`, are different columns.
fn is_near(name: &str, known: &str) -> bool {
    let letters = |name: &str| name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>().to_lowercase();
    let is_case_alone = name.eq_ignore_ascii_case(known);
    let distance = strsim::osa_distance(name, known);
    is_case_alone || (distance <= 2.min(known.len() / 4) && letters(name) != letters(known))
}

/// Where a column stands in the text of a row; 0 if it is written with escapes.
fn place_of(row: &str, column: &str) -> usize {
    let quoted = format!("\"{column}\"");
    let is_key = |at: &usize| row[at + quoted.len()..].trim_start().starts_with(':');
    row.match_indices(&quoted).map(|(at, _)| at).find(is_key).unwrap_or(0)
}

fn line_of(before: &str) -> usize {
    1 + before.bytes().filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(json: &str, expect: Expect) {
        let (_, warnings) = HardwareTable::from_json_with_warnings(json).unwrap();
        let lines: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        expect.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn no_bundled_row_is_warned_of() {
        let (_, warnings) = HardwareTable::from_json_with_warnings(crate::table::BUNDLED).unwrap();
        assert_eq!(warnings, []);
    }

    #[test]
    fn a_column_near_a_known_one_is_told_with_its_line() {
        check(
            "[{\"name\": \"a\", \"x\": 1},\n {\"name\": \"b\",\n \"peak_fp32_gflop\": 384, \"Kind\": \"cpu\"}]",
            expect![[r#"
                line 3: hardware `b`: unknown column `Kind`; is `kind` meant?
                line 3: hardware `b`: unknown column `peak_fp32_gflop`; is `peak_fp32_gflops` meant?"#]],
        );
        // Columns of one's own.
        check(r#"[{"name": "a", "lanes": 1, "l1_kb": 3, "peak_fp4_gflops": 2, "codename": "x"}]"#, expect![""]);
        // Both are there: it is meant.
        check(r#"[{"name": "a", "clock_mhz": 1000, "clock_mhz2": 900}]"#, expect![""]);
    }

    #[test]
    fn a_number_in_another_unit_is_told() {
        let row = |clock: &str, peak: &str, more: &str| {
            format!(
                r#"[{{"name": "a", "kind": "cpu", "compute_units": 4, "clock_mhz": {clock}, "peak_fp32_gflops": {peak}{more}}}]"#
            )
        };
        check(&row("3000", "384", ""), expect![""]);
        check(
            &row("3000", "384e9", ""),
            expect![
                "line 1: hardware `a`: `peak_fp32_gflops` is 384000000000; 12 to 24576 is plausible: is the unit right?"
            ],
        );
        check(
            &row("3000", "0.384", ""),
            expect!["line 1: hardware `a`: `peak_fp32_gflops` is 0.384; 12 to 24576 is plausible: is the unit right?"],
        );
        check(
            &row("null", "384", r#", "peak_fp16_gflops": 0.768, "memory_bandwidth_gbs": 25e9"#),
            expect![[r#"
                line 1: hardware `a`: `peak_fp16_gflops` is 0.768; 1.28 to 115200 is plausible: is the unit right?
                line 1: hardware `a`: `memory_bandwidth_gbs` is 25000000000; 0.01 to 1000000 is plausible: is the unit right?"#]],
        );
        check(
            &row("3.0", "null", ""),
            expect!["line 1: hardware `a`: `clock_mhz` is 3; 10 to 20000 is plausible: is the unit right?"],
        );
        // Zero says that there is none.
        check(&row("3000", "0", r#", "peak_fp16_gflops": 0"#), expect![""]);
    }
}
