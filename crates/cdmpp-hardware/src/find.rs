//! Hardware by the names that people use.

use std::collections::BTreeSet;

use crate::nearest::nearest;
use crate::{HardwareError, HardwareSpec, HardwareTable};

/// Vendors, as they stand in the label `vendor`.
const VENDORS: [&str; 4] = ["amd", "apple", "intel", "nvidia"];

/// Words that say which family a product is sold in, or that it is hardware at all.
const FAMILIES: [&str; 12] =
    ["cpu", "device", "geforce", "gpu", "graphics", "instinct", "processor", "quadro", "r", "radeon", "tesla", "tm"];

/// Whether a hardware of this name may be meant.
type Rule<'a> = &'a dyn Fn(&HardwareSpec, &Name) -> bool;

impl HardwareTable {
    /// The hardware that a name means: `T4` and `NVIDIA Tesla T4` are `tesla-t4`.
    ///
    /// The first of these rules that fits decides:
    ///
    /// 1. the exact name;
    /// 2. the same letters and digits, whatever the case and the separators: `RTX3090` is `rtx-3090`;
    /// 3. the same words without those of vendors and families (`nvidia`, `tesla`, `radeon` …);
    /// 4. all words that are left in the question are words of the name: `H100` is `h100-sxm-80gb`. A `gpu` or `cpu`
    ///    that is asked for, and a vendor, must be the hardware's own;
    /// 5. as 4, the other way round, if the question adds nothing but the size of its memory: `Tesla V100-SXM2-32GB`.
    ///
    /// # Errors
    /// [`HardwareError::Ambiguous`] if a rule fits several hardware, [`HardwareError::Unknown`] if none fits any.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_hardware::HardwareTable;
    ///
    /// let table = HardwareTable::bundled();
    /// assert_eq!(table.find("T4")?.name(), "tesla-t4");
    /// assert_eq!(table.find("NVIDIA GeForce RTX 3090")?.name(), "rtx-3090");
    /// let error = table.find("NVIDIA A100 80GB").unwrap_err();
    /// assert_eq!(error.to_string(), "`NVIDIA A100 80GB` may be any of a100-pcie-80gb, a100-sxm-80gb");
    /// # Ok::<(), cdmpp_hardware::HardwareError>(())
    /// ```
    pub fn find(&self, question: &str) -> Result<&HardwareSpec, HardwareError> {
        if let Ok(spec) = self.get(question) {
            return Ok(spec);
        }
        let asked = Name::of(question);
        let rules: [Rule<'_>; 4] = [
            &|_, name| name.joined == asked.joined,
            &|spec, name| name.words == asked.words && asked.allows(spec),
            &|spec, name| asked.words.is_subset(&name.words) && asked.allows(spec),
            &|spec, name| {
                let added: Vec<&String> = asked.words.difference(&name.words).collect();
                name.words.is_subset(&asked.words)
                    && asked.allows(spec)
                    && matches!(added[..], [word] if is_memory(word))
            },
        ];
        for fits in rules {
            let found: Vec<&HardwareSpec> =
                self.iter().filter(|spec| !asked.words.is_empty() && fits(spec, &Name::of(spec.name()))).collect();
            match found[..] {
                [] => {}
                [spec] => return Ok(spec),
                _ => {
                    let candidates = found.iter().map(|spec| spec.name().to_owned()).collect();
                    return Err(HardwareError::Ambiguous { name: question.to_owned(), candidates });
                }
            }
        }
        Err(self.unknown(question))
    }

    pub(crate) fn unknown(&self, name: &str) -> HardwareError {
        let lower = name.to_lowercase();
        let words = lower.split([' ', '-', '_']).filter(|word| !is_common(word)).collect::<Vec<_>>().join("-");
        // A mistyped `tesla-t5` is compared as a whole; `NVIDIA A100`, which no name begins like, as `a100`.
        let first = lower.split([' ', '-', '_']).next().unwrap_or_default();
        let is_spelt_so = self.iter().any(|spec| spec.name().split('-').next() == Some(first));
        let asked = if is_spelt_so || words.is_empty() { &lower } else { &words };
        let nearest = nearest(asked, self.iter().map(HardwareSpec::name)).into_iter().map(str::to_owned).collect();
        HardwareError::Unknown { name: name.to_owned(), nearest, n_known: self.len() }
    }
}

/// A name taken apart.
struct Name {
    /// All letters and digits, in lower case.
    joined: String,
    /// The words that tell one hardware from another; all words if those of vendors and families are all there are.
    words: BTreeSet<String>,
    vendors: Vec<String>,
    kind: Option<&'static str>,
}

impl Name {
    fn of(name: &str) -> Self {
        let name = name.to_lowercase();
        let mut all: Vec<String> = Vec::new();
        for word in name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            match all.last_mut() {
                // `80 GB` is one word, as `80gb`.
                Some(last) if word == "gb" && last.bytes().all(|byte| byte.is_ascii_digit()) => last.push_str("gb"),
                // NVIDIA's drivers say SXM4 where a table may say SXM.
                _ if word.len() == 4 && word.starts_with("sxm") => all.push("sxm".to_owned()),
                _ => all.push(word.to_owned()),
            }
        }
        let joined = name.chars().filter(|c| c.is_alphanumeric()).collect();
        let vendors = all.iter().filter(|word| VENDORS.contains(&word.as_str())).cloned().collect();
        let kind = ["cpu", "gpu"].into_iter().find(|kind| all.iter().any(|word| word == kind));
        let mut words: BTreeSet<String> = all.iter().filter(|word| !is_common(word.as_str())).cloned().collect();
        if words.is_empty() {
            words = all.into_iter().collect();
        }
        Self { joined, words, vendors, kind }
    }

    /// Whether the vendor and kind that are asked for are the hardware's, as far as they are known.
    fn allows(&self, spec: &HardwareSpec) -> bool {
        let is_vendor = |vendor: &str| self.vendors.iter().all(|asked| asked == vendor);
        spec.label("vendor").is_none_or(is_vendor)
            && self.kind.is_none_or(|kind| spec.kind().is_none_or(|of_spec| of_spec == kind))
    }
}

fn is_common(word: &str) -> bool {
    VENDORS.contains(&word) || FAMILIES.contains(&word)
}

fn is_memory(word: &str) -> bool {
    word.strip_suffix("gb").is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(question: &str, expect: Expect) {
        let table = HardwareTable::bundled();
        let answer = match table.find(question) {
            Ok(spec) => spec.name().to_owned(),
            Err(error) => error.to_string(),
        };
        expect.assert_eq(&answer);
    }

    #[test]
    fn hardware_is_found_by_the_names_that_people_use() {
        check("T4", expect!["tesla-t4"]);
        check("NVIDIA Tesla T4", expect!["tesla-t4"]);
        check("nvidia_tesla_t4", expect!["tesla-t4"]);
        check("RTX3090", expect!["rtx-3090"]);
        check("NVIDIA GeForce RTX 3060 Laptop GPU", expect!["rtx-3060-laptop"]);
        check("NVIDIA A100-SXM4-40GB", expect!["a100-sxm-40gb"]);
        check("NVIDIA A100-PCIE-80 GB", expect!["a100-pcie-80gb"]);
        check("NVIDIA H100", expect!["h100-sxm-80gb"]);
        check("AMD MI210", expect!["instinct-mi210"]);
        check("Tesla V100-SXM2-32GB", expect!["v100-sxm2"]);
        check("v100", expect!["v100"]);
        check("V100", expect!["v100"]);
        check("radeon vega fe", expect!["radeon-vega-fe"]);
    }

    #[test]
    fn what_may_be_several_is_not_guessed() {
        check(
            "NVIDIA A100",
            expect!["`NVIDIA A100` may be any of a100-pcie-40gb, a100-pcie-80gb, a100-sxm-40gb, a100-sxm-80gb"],
        );
        check("pixel", expect!["`pixel` may be any of pixel-2, pixel-3"]);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        check(
            "AMD A100",
            expect!["unknown hardware `AMD A100`; nearest of 83: a100-sxm-40gb, a100-sxm-80gb, a100-pcie-40gb"],
        );
        check("RTX 3090 Ti", expect!["unknown hardware `RTX 3090 Ti`; nearest of 83: rtx-3090, rtx-4090, rtx-5090"]);
        check("", expect!["unknown hardware ``; nearest of 83: a100-pcie-40gb, a100-pcie-80gb, a100-sxm-40gb"]);
        check(
            "NVIDIA",
            expect!["unknown hardware `NVIDIA`; nearest of 83: radeon-mi250x, essential-phone, radeon-instinct-mi25"],
        );
    }

    #[test]
    fn an_exact_name_means_itself() {
        for spec in &HardwareTable::bundled() {
            assert_eq!(HardwareTable::bundled().find(spec.name()).unwrap(), spec);
        }
    }
}
