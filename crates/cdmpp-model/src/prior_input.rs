//! What the prior says of a program on a hardware, as inputs of the head and as the unit of its label.

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use serde::{Deserialize, Serialize};

use crate::feature_input::FeatureInput;
use crate::roofline::{N_VALUES, Rates, Roofline};
use crate::train::Samples;
use crate::{ModelError, PredictorConfig, Prior, Query};

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

    /// Fits to samples, which errors call `what`; gives the units of their labels too, in their order. All samples have a
    /// prior, or none of them.
    pub(crate) fn fit(
        config: &PredictorConfig,
        what: &'static str,
        samples: &Samples<'_>,
    ) -> Result<(Self, Vec<f64>), ModelError> {
        let width = Self::width(config);
        let n = samples.n_samples();
        let mut units = vec![1.0; n];
        if config.prior == Prior::None {
            return Ok((Self { values: None, width }, units));
        }
        let (mut rows, mut row) = (vec![0.0; n * N_VALUES], Vec::with_capacity(N_VALUES));
        let (mut n_known, mut first_without) = (0, None);
        samples.for_each(what, |program, ast| {
            for entry in samples.of(program) {
                let (index, hardware) = (entry.index as usize, samples.hardware[entry.hardware as usize]);
                match Roofline::new(ast, Rates::new(hardware)) {
                    Some(roofline) => {
                        row.clear();
                        roofline.append(&mut row);
                        rows[index * N_VALUES..][..N_VALUES].copy_from_slice(&row);
                        units[index] = roofline.seconds();
                        n_known += 1;
                    }
                    None if first_without.as_ref().is_none_or(|(first, _)| index < *first) => {
                        first_without = Some((index, missing(Query { ast, hardware })));
                    }
                    None => {}
                }
            }
            Ok(())
        })?;
        match first_without {
            _ if n_known == 0 => Ok((Self { values: None, width }, units)),
            Some((index, problem)) => Err(ModelError::Input { what, index, problem }),
            None => {
                let values = FeatureInput::fit(N_VALUES, config.feature_bins, std::iter::once(rows.as_slice()));
                Ok((Self { values: Some(values), width }, units))
            }
        }
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
    pub(crate) fn append(&self, ast: &CompactAst, hardware: &HardwareSpec, out: &mut Vec<f32>) -> Result<f64, String> {
        let Some(values) = &self.values else {
            out.resize(out.len() + self.width, 0.0);
            return Ok(1.0);
        };
        let query = Query { ast, hardware };
        let roofline = Roofline::new(ast, Rates::new(hardware)).ok_or_else(|| missing(query))?;
        let mut row = Vec::with_capacity(N_VALUES);
        roofline.append(&mut row);
        values.append(&row, out);
        Ok(roofline.seconds())
    }
}

fn missing(query: Query<'_>) -> String {
    match query.ast.work() {
        None => "the work of the program is unknown, which the roofline needs; set `prior` to none".to_owned(),
        Some(_) => format!(
            "the hardware `{}` has neither peak_fp32_gflops nor memory_bandwidth_gbs, of which the roofline needs one; set `prior` to none",
            query.hardware.name()
        ),
    }
}
