//! Names near to one that is not known.

use std::collections::BTreeSet;

/// How many names are given.
const N_NEAREST: usize = 3;

/// The names most like one that is not known, best first; three at most. For error messages.
///
/// # Examples
/// ```
/// let known = ["tesla-t4", "rtx-3090", "tesla-p4"];
/// assert_eq!(cdmpp_hardware::nearest("tesla-t5", known), ["tesla-t4", "tesla-p4", "rtx-3090"]);
/// ```
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = known.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    // The sort is stable: equally near names stay in alphabetic order.
    names.sort_by(|a, b| strsim::jaro_winkler(b, name).total_cmp(&strsim::jaro_winkler(a, name)));
    names.truncate(N_NEAREST);
    names
}
