//! The commands: flags to a request, a result to tables and files.

pub(crate) mod adapt;
mod choice;
pub(crate) mod eval;
pub(crate) mod features;
pub(crate) mod fit_overheads;
pub(crate) mod inspect;
pub(crate) mod predict;
pub(crate) mod replay;
pub(crate) mod select;
pub(crate) mod train;
