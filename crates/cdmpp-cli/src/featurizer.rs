//! The built-in featurizers under the names of the command line.

use anyhow::{Result, anyhow};
use cdmpp::ir::{self, Featurizer};

/// The featurizer of `--features` if the user names none.
pub(crate) const DEFAULT: &str = "ansor";

/// A featurizer with the name that the command line has for it.
#[derive(Clone, Copy)]
pub(crate) struct BuiltIn {
    pub(crate) name: &'static str,
    pub(crate) featurizer: &'static dyn Featurizer,
    known: ir::BuiltIn,
}

impl BuiltIn {
    fn new(known: ir::BuiltIn) -> Self {
        Self { name: known.name(), featurizer: known.featurizer(), known }
    }

    /// The names of the columns.
    pub(crate) fn columns(&self) -> &'static [String] {
        self.known.columns()
    }
}

/// The featurizer of `--features`.
pub(crate) fn named(name: &str) -> Result<BuiltIn> {
    let names: Vec<&str> = ir::BuiltIn::all().iter().map(ir::BuiltIn::name).collect();
    let found = ir::BuiltIn::named(name).map_err(|_| anyhow!("unknown features `{name}`; known: {}", names.join(", ")));
    found.map(BuiltIn::new)
}

/// The featurizer of a model's schema.
pub(crate) fn of_schema(schema: &str) -> Result<BuiltIn> {
    let known = || {
        let schemas = ir::BuiltIn::all().iter().map(|known| format!("`{}`", known.featurizer().schema()));
        schemas.collect::<Vec<_>>().join(", ")
    };
    let found = ir::BuiltIn::of_schema(schema).map_err(|_| {
        anyhow!("the model reads features of the schema `{schema}`; this version of cdmpp makes {}", known())
    });
    found.map(BuiltIn::new)
}
