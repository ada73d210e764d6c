//! The serialised forms of a program and of a Compact AST, with their versions.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::{CompactAst, Program, Work};

/// The version of both forms that is written, and the only one that is read.
const VERSION: u32 = 1;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename = "Program", deny_unknown_fields)]
struct ProgramForm<'a> {
    version: u32,
    text: Cow<'a, str>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename = "CompactAst", deny_unknown_fields)]
struct CompactAstForm<'a> {
    version: u32,
    schema: Cow<'a, str>,
    dim: usize,
    features: Cow<'a, [f32]>,
    positions: Cow<'a, [u32]>,
    depths: Cow<'a, [u32]>,
    work: Option<Work>,
}

/// As `{"version": 1, "text": …}` with the [text form](#impl-FromStr-for-Program).
impl Serialize for Program {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ProgramForm { version: VERSION, text: self.to_string().into() }.serialize(serializer)
    }
}

/// Refuses other versions, and texts that are no program.
impl<'de> Deserialize<'de> for Program {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = ProgramForm::deserialize(deserializer)?;
        check_version(form.version)?;
        form.text.parse().map_err(|error| match std::error::Error::source(&error) {
            Some(cause) => D::Error::custom(format_args!("{error}: {cause}")),
            None => D::Error::custom(error),
        })
    }
}

/// As a struct with a `version` beside the schema, the width and the three arrays.
impl Serialize for CompactAst {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = CompactAstForm {
            version: VERSION,
            schema: self.schema().into(),
            dim: self.dim(),
            features: self.features().into(),
            positions: self.positions().into(),
            depths: self.depths().into(),
            work: self.work().copied(),
        };
        form.serialize(serializer)
    }
}

/// Refuses other versions, and arrays whose lengths do not fit together.
impl<'de> Deserialize<'de> for CompactAst {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = CompactAstForm::deserialize(deserializer)?;
        check_version(form.version)?;
        let (features, positions) = (form.features.into_owned(), form.positions.into_owned());
        let ast = Self::from_parts(form.schema, form.dim, features, positions, form.depths.into_owned());
        ast.map(|ast| ast.with_optional_work(form.work)).map_err(D::Error::custom)
    }
}

fn check_version<E: Error>(version: u32) -> Result<(), E> {
    if version == VERSION {
        return Ok(());
    }
    Err(E::custom(format_args!("format version {version}; this build reads version {VERSION}")))
}
