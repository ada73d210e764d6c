//! The built-in featurizers: the one place that knows them.

use anyhow::{Context, Result, bail};
use cdmpp::ir::{AnsorFeaturizer, Featurizer, LoopNestFeaturizer};

/// The featurizer of `--features` if the user names none.
pub(crate) const DEFAULT: &str = "ansor";

/// A featurizer with the name that the command line has for it.
#[derive(Clone, Copy)]
pub(crate) struct BuiltIn {
    pub(crate) name: &'static str,
    pub(crate) featurizer: &'static (dyn Featurizer + Sync),
    /// The names of the columns.
    pub(crate) columns: fn() -> &'static [String],
}

const ALL: [BuiltIn; 2] = [BuiltIn { name: "ansor", featurizer: &AnsorFeaturizer, columns: AnsorFeaturizer::names }, BuiltIn { name: "nest", featurizer: &LoopNestFeaturizer, columns: LoopNestFeaturizer::names }];

/// The featurizer of `--features`.
pub(crate) fn named(name: &str) -> Result<BuiltIn> {
    let names = || ALL.map(|built_in| built_in.name).join(", ");
    ALL.into_iter()
        .find(|known| known.name == name)
        .with_context(|| format!("unknown features `{name}`; known: {}", names()))
}

/// The featurizer of a model's schema.
pub(crate) fn of_schema(schema: &str) -> Result<BuiltIn> {
    let Some(built_in) = ALL.into_iter().find(|known| known.featurizer.schema() == schema) else {
        let known = ALL.map(|known| format!("`{}`", known.featurizer.schema())).join(", ");
        bail!("the model reads features of the schema `{schema}`; this version of cdmpp makes {known}");
    };
    Ok(built_in)
}
