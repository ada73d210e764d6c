//! Names near to one that is not known.

use std::collections::BTreeSet;

use crate::error::{Result, WorkflowError};

/// Fails at the first name that is not known, and tells those most like it. `place` is where they are known from.
pub(crate) fn check_names<'a>(
    kind: &'static str,
    names: impl IntoIterator<Item = &'a str>,
    known: &BTreeSet<&str>,
    place: &str,
) -> Result<()> {
    let Some(name) = names.into_iter().find(|name| !known.contains(name)) else { return Ok(()) };
    let mut near: Vec<&str> = known.iter().copied().collect();
    // The sort is stable: equally near names stay in alphabetic order.
    near.sort_by(|a, b| strsim::jaro_winkler(b, name).total_cmp(&strsim::jaro_winkler(a, name)));
    near.truncate(3);
    Err(WorkflowError::UnknownName {
        kind,
        name: name.to_owned(),
        place: place.to_owned(),
        n_known: known.len(),
        nearest: near.into_iter().map(str::to_owned).collect(),
    })
}
