//! The settings of training and adaptation, from TOML files.

use std::path::Path;

use crate::error::{At, Result, WorkflowError};
use cdmpp_data::CleanConfig;
use cdmpp_model::PredictorConfig;
use cdmpp_model::train::{AdaptConfig, TrainConfig};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Everything that can be set, as the report repeats it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// The model.
    pub model: PredictorConfig,
    /// Training.
    pub training: TrainConfig,
    /// Cleaning of the measurements.
    pub cleaning: CleanConfig,
}

/// The file. It is checked as a whole, so that an unknown key is found at its line.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    preset: Preset,
    model: Option<PredictorConfig>,
    training: TrainConfig,
    cleaning: CleanConfig,
}

/// The shape of the model before `[model]` changes it.
#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Preset {
    #[default]
    Default,
    Paper,
}

impl TrainSettings {
    /// Reads a file; what it does not name has its default.
    ///
    /// # Errors
    /// If the file cannot be read, or names what there is not.
    pub fn load(path: &Path) -> Result<Self> {
        Self::parse(&read(path)?, &path.display().to_string())
    }

    fn parse(text: &str, file: &str) -> Result<Self> {
        let File { preset, model, training, cleaning } = parse_toml(text, file)?;
        let model = match (preset, model) {
            (Preset::Default, model) => model.unwrap_or_default(),
            (Preset::Paper, None) => PredictorConfig::paper(),
            (Preset::Paper, Some(_)) => {
                let mut changes: toml::Table = parse_toml(text, file)?;
                let mut base =
                    toml::Value::try_from(PredictorConfig::paper()).expect("the settings of the paper are a table");
                merge(&mut base, changes.remove("model").expect("it was read above"));
                base.try_into().expect("it was read above, and every field has its type")
            }
        };
        Ok(Self { model, training, cleaning })
    }

    /// Checks the ranges of everything.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn check(&self) -> Result<()> {
        self.model.check().at(|| "settings")?;
        self.training.check().at(|| "settings")?;
        self.cleaning.check().at(|| "settings")
    }
}

/// The settings of adaptation, as the report repeats them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdaptSettings {
    /// Adaptation.
    pub adaptation: AdaptConfig,
    /// Cleaning of the measurements.
    pub cleaning: CleanConfig,
}

impl AdaptSettings {
    /// Reads a file; what it does not name has its default.
    ///
    /// # Errors
    /// If the file cannot be read, or names what there is not.
    pub fn load(path: &Path) -> Result<Self> {
        parse_toml(&read(path)?, &path.display().to_string())
    }

    /// Checks the ranges of everything.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn check(&self) -> Result<()> {
        self.adaptation.check().at(|| "settings")?;
        self.cleaning.check().at(|| "settings")
    }
}

/// Reads the text of a settings file.
fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|source| WorkflowError::Read { what: format!("the settings {}", path.display()), source })
}

/// Parses the text of a settings file; errors tell the line.
fn parse_toml<T: DeserializeOwned>(text: &str, file: &str) -> Result<T> {
    match toml::from_str(text) {
        Ok(parsed) => Ok(parsed),
        Err(error) => {
            let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            Err(WorkflowError::Settings { file: file.to_owned(), line, problem: error.message().to_owned() })
        }
    }
}

/// Overwrites values of `base`, table by table.
fn merge(base: &mut toml::Value, changes: toml::Value) {
    match (base, changes) {
        (toml::Value::Table(base), toml::Value::Table(changes)) => {
            for (key, change) in changes {
                match base.get_mut(&key) {
                    Some(value) => merge(value, change),
                    None => drop(base.insert(key, change)),
                }
            }
        }
        (base, change) => *base = change,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn refused(text: &str, expect: Expect) {
        let error = TrainSettings::parse(text, "s.toml").unwrap_err().to_string();
        // The list of all fields is long and grows.
        expect.assert_eq(error.split(", expected one of").next().unwrap());
    }

    #[test]
    fn what_is_not_named_has_its_default() {
        let parse = |text: &str| TrainSettings::parse(text, "s.toml").unwrap();
        assert_eq!(parse(""), TrainSettings::default());
        let some = parse(
            "[model]\nhead_hidden = [8]\n[model.transformer]\nd_model = 16\n[training]\nepochs = 3\n[cleaning]\nmax_spread = 1\n",
        );
        assert_eq!((some.model.head_hidden.as_slice(), some.model.transformer.d_model), (&[8][..], 16));
        assert_eq!(some.model.transformer.n_layers, TrainSettings::default().model.transformer.n_layers);
        assert_eq!((some.training.epochs, some.cleaning.max_spread), (3, 1.0));
    }

    #[test]
    fn a_preset_is_changed_by_what_is_named() {
        let parse = |text: &str| TrainSettings::parse(text, "s.toml").unwrap().model;
        assert_eq!(parse("preset = 'paper'"), PredictorConfig::paper());
        let mut expected = PredictorConfig::paper();
        expected.transformer.n_layers = 2;
        expected.head_hidden = vec![5];
        assert_eq!(parse("preset = 'paper'\nmodel.head_hidden = [5]\nmodel.transformer.n_layers = 2"), expected);
    }

    #[test]
    fn errors_tell_the_line() {
        refused("[training]\n\nepocs = 3\n", expect!["s.toml:3: unknown field `epocs`"]);
        refused("[model]\n[model.transformer]\nd_mdoel = 3\n", expect!["s.toml:3: unknown field `d_mdoel`"]);
        refused("[modle]\n", expect!["s.toml:1: unknown field `modle`"]);
        refused("\npreset = 'huge'\n", expect!["s.toml:2: unknown variant `huge`, expected `default` or `paper`"]);
        refused("[training]\nepochs = 'x'\n", expect![[r#"s.toml:2: invalid type: string "x", expected usize"#]]);
        refused("[training\n", expect!["s.toml:1: unclosed table, expected `]`"]);
    }
}
