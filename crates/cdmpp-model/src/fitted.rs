//! What a model is beside its parameters.

use cdmpp_ir::Featurizer;
use serde::{Deserialize, Serialize};

use crate::input::{FeatureInput, HardwareInput, PriorInput};
use crate::{InputProblem, LabelTransform, ModelError, PredictorConfig, Query, Rule};

/// What a network is built for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) config: PredictorConfig,
    pub(crate) schema: String,
    pub(crate) dim: usize,
    pub(crate) hardware_columns: Vec<String>,
}

/// What is fitted to the training samples beside the parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fitted {
    pub(crate) features: FeatureInput,
    pub(crate) hardware: HardwareInput,
    pub(crate) prior: PriorInput,
    pub(crate) labels: LabelTransform,
}

impl Identity {
    pub(crate) fn new(
        config: &PredictorConfig,
        featurizer: &dyn Featurizer,
        hardware_columns: &[impl AsRef<str>],
    ) -> Self {
        Self {
            config: config.clone(),
            schema: featurizer.schema().to_owned(),
            dim: featurizer.dim(),
            hardware_columns: hardware_columns.iter().map(|column| column.as_ref().to_owned()).collect(),
        }
    }

    /// Checks that a network can be built.
    pub(crate) fn check(&self) -> Result<(), ModelError> {
        self.config.check()?;
        if self.dim == 0 {
            return Err(ModelError::config("featurizer", Rule::Columns));
        }
        if self.hardware_columns.is_empty() {
            return Err(ModelError::config("hardware_columns", Rule::Columns));
        }
        Ok(())
    }

    /// The numbers of inputs: of a leaf, and of a hardware.
    pub(crate) fn widths(&self) -> (usize, usize) {
        let n_inputs = FeatureInput::width(self.dim, self.config.feature_bins);
        (n_inputs, HardwareInput::width(self.hardware_columns.len()))
    }

    /// Checks what a network cannot: the kind of features, that there are leaves, that numbers are finite.
    pub(crate) fn check_queries<'a>(
        &self,
        what: &'static str,
        queries: impl Iterator<Item = Query<'a>>,
    ) -> Result<(), ModelError> {
        let Self { schema, dim, .. } = self;
        let mut last = None;
        for (index, Query { ast, .. }) in queries.enumerate() {
            // The same program on several hardware comes in a row.
            if last.replace(std::ptr::from_ref(ast)) == Some(std::ptr::from_ref(ast)) {
                continue;
            }
            if ast.schema() != schema || ast.dim() != *dim {
                return Err(ModelError::Schema {
                    expected: format!("{schema} ({dim} columns)"),
                    found: format!("{} ({} columns)", ast.schema(), ast.dim()),
                });
            }
            if ast.n_leaves() == 0 {
                return Err(ModelError::input(what, index, InputProblem::NoStore));
            }
            // Looking at all of them is faster than stopping at the first.
            if !ast.features().iter().fold(true, |finite, x| finite & x.is_finite()) {
                let place = ast.features().iter().position(|x| !x.is_finite()).unwrap_or_default();
                let problem = InputProblem::Feature { leaf: place / dim, feature: place % dim };
                return Err(ModelError::input(what, index, problem));
            }
        }
        Ok(())
    }
}

impl Fitted {
    /// Whether all parts are for a model of these widths.
    pub(crate) fn fits(&self, identity: &Identity) -> bool {
        self.features.is_whole(identity.dim, identity.config.feature_bins)
            && self.hardware.fits(&identity.hardware_columns)
            && self.prior.fits(&identity.config)
    }
}
