//! What the prior says of a program on a hardware, as inputs of the head and as the unit of its label.

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use serde::{Deserialize, Serialize};

use super::feature_input::FeatureInput;
use super::roofline::{N_VALUES, Rates, Roofline};
use crate::{InputProblem, PredictorConfig, Prior};

/// How the values of the prior become inputs of the head; fitted on training pairs only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriorInput {
    /// `None` if there is no prior: the inputs are 0 then, and the unit a second.
    values: Option<FeatureInput>,
    width: usize,
}

impl PriorInput {
    /// The inputs of the head that come from the prior.
    pub(crate) fn width(config: &PredictorConfig) -> usize {
        match config.prior {
            Prior::None => 0,
            Prior::Roofline => FeatureInput::width(N_VALUES, config.feature_bins),
        }
    }

    /// Fits to the values of the training pairs, row by row; `None` if the pairs have no prior.
    pub(crate) fn fit(config: &PredictorConfig, rows: Option<&[f32]>) -> Self {
        let fit = |rows| FeatureInput::fit(N_VALUES, config.feature_bins, std::iter::once(rows));
        Self { values: rows.map(fit), width: Self::width(config) }
    }

    /// Whether this is for a model of this shape, and nothing is missing (it may come from a file).
    pub(crate) fn fits(&self, config: &PredictorConfig) -> bool {
        let whole = |values: &FeatureInput| values.is_whole(N_VALUES, config.feature_bins);
        self.width == Self::width(config) && (self.width > 0 || self.values.is_none()) && self.values.iter().all(whole)
    }

    /// How the values of the prior are scaled, if there is one.
    pub(crate) fn values(&self) -> Option<&FeatureInput> {
        self.values.as_ref()
    }

    /// Appends the inputs of a pair, and gives the unit of its label in seconds.
    ///
    /// # Errors
    /// What is missing, if the model has a prior and the pair has none.
    pub(crate) fn append(
        &self,
        ast: &CompactAst,
        hardware: &HardwareSpec,
        out: &mut Vec<f32>,
    ) -> Result<f64, InputProblem> {
        let Some(values) = &self.values else {
            out.resize(out.len() + self.width, 0.0);
            return Ok(1.0);
        };
        let roofline = Roofline::new(ast, Rates::new(hardware)).ok_or_else(|| missing(ast, hardware))?;
        let mut row = Vec::with_capacity(N_VALUES);
        roofline.append(&mut row);
        values.append(&row, out);
        Ok(roofline.seconds())
    }
}

/// Why a pair has no roofline.
pub(crate) fn missing(ast: &CompactAst, hardware: &HardwareSpec) -> InputProblem {
    match ast.work() {
        None => InputProblem::NoWork,
        Some(_) => InputProblem::NoRates { hardware: hardware.name().to_owned() },
    }
}
