//! The registry of the featurizers that this crate has.

use std::fmt;

use crate::{AnsorFeaturizer, Featurizer};

/// A featurizer of this crate with its name and the names of its columns.
///
/// This is the only place that lists them: a command finds one by [name](Self::named), a model by its
/// [schema](Self::of_schema).
///
/// # Examples
/// ```
/// use cdmpp_ir::BuiltIn;
///
/// let built_in = BuiltIn::named("ansor")?;
/// assert_eq!(built_in.columns().len(), built_in.featurizer().dim());
/// assert_eq!(BuiltIn::of_schema("ansor/164/tvm-0.27/1")?.name(), "ansor");
/// assert_eq!(
///     BuiltIn::named("anser").unwrap_err().to_string(),
///     "no built-in featurizer has the name `anser`; there is `ansor`",
/// );
/// # Ok::<(), cdmpp_ir::UnknownFeaturizer>(())
/// ```
#[derive(Clone, Copy)]
pub struct BuiltIn {
    name: &'static str,
    featurizer: &'static dyn Featurizer,
    columns: fn() -> &'static [String],
}

/// No built-in featurizer has the name or schema that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownFeaturizer {
    /// No built-in featurizer has this name.
    #[error("no built-in featurizer has the name `{name}`; there is {}", list(BuiltIn::name))]
    Name {
        /// The name.
        name: String,
    },
    /// No built-in featurizer has this schema.
    #[error("no built-in featurizer has the schema `{schema}`; there is {}", list(|known| known.featurizer.schema()))]
    Schema {
        /// The schema.
        schema: String,
    },
}

const ALL: [BuiltIn; 1] = [BuiltIn { name: "ansor", featurizer: &AnsorFeaturizer, columns: AnsorFeaturizer::names }];

impl BuiltIn {
    /// All of them; the first is the default.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The one with a name.
    ///
    /// # Errors
    /// If there is none.
    pub fn named(name: &str) -> Result<Self, UnknownFeaturizer> {
        let found = ALL.into_iter().find(|known| known.name == name);
        found.ok_or_else(|| UnknownFeaturizer::Name { name: name.into() })
    }

    /// The one whose columns a model reads.
    ///
    /// # Errors
    /// If there is none.
    pub fn of_schema(schema: &str) -> Result<Self, UnknownFeaturizer> {
        let found = ALL.into_iter().find(|known| known.featurizer.schema() == schema);
        found.ok_or_else(|| UnknownFeaturizer::Schema { schema: schema.into() })
    }

    /// The name that the command line has for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The featurizer.
    #[must_use]
    pub fn featurizer(&self) -> &'static dyn Featurizer {
        self.featurizer
    }

    /// The names of its columns, in order.
    #[must_use]
    pub fn columns(&self) -> &'static [String] {
        (self.columns)()
    }
}

impl Default for BuiltIn {
    fn default() -> Self {
        ALL[0]
    }
}

impl fmt::Debug for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("BuiltIn");
        out.field("name", &self.name).field("schema", &self.featurizer.schema()).finish_non_exhaustive()
    }
}

fn list(what: impl Fn(&BuiltIn) -> &'static str) -> String {
    let names: Vec<String> = ALL.iter().map(|known| format!("`{}`", what(known))).collect();
    names.join(", ")
}
