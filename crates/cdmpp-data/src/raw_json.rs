//! JSON that is passed on.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A JSON value as text: it is checked, but not taken apart, and written as it was read. Equal if the texts are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The text, without blanks around it.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}
