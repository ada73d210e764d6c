//! The canonical form.

use crate::Program;

impl Program {
    /// The same program in canonical form.
    #[must_use]
    pub fn canonical(&self) -> Self {
        self.clone()
    }
}
