//! The predictor.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use cdmpp_ir::Featurizer;
use serde::{Deserialize, Serialize};

use crate::engine::{Answer, Compiled};
use crate::feature_input::FeatureInput;
use crate::hardware_input::HardwareInput;
use crate::network::{MakeEncoder, Network, Pairs};
use crate::prior_input::PriorInput;
use crate::variables::Variables;
use crate::{Encoder, LabelTransform, ModelError, PredictorConfig, Query};

/// Queries that candle predicts at a time; bounds memory.
const QUERIES_PER_CHUNK: usize = 1024;

/// Predicts the latency of programs on hardware.
///
/// Make one with [`new`](Self::new), train it with [`train::fit`](crate::train::fit), then [`predict`](Self::predict);
/// or [`load`](Self::load) a checkpoint.
#[derive(Debug)]
pub struct Predictor {
    pub(crate) network: Network,
    pub(crate) identity: Identity,
    pub(crate) fitted: Option<Fitted>,
    pub(crate) device: Device,
    /// The built-in network with the values that its variables had at a version of them.
    compiled: RwLock<Option<(u64, Arc<Compiled>)>>,
}

/// What the network was built for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) config: PredictorConfig,
    pub(crate) schema: String,
    pub(crate) dim: usize,
    pub(crate) hardware_columns: Vec<String>,
}

impl Identity {
    fn new(config: &PredictorConfig, featurizer: &dyn Featurizer, hardware_columns: &[impl AsRef<str>]) -> Self {
        Self {
            config: config.clone(),
            schema: featurizer.schema().to_owned(),
            dim: featurizer.dim(),
            hardware_columns: hardware_columns.iter().map(|column| column.as_ref().to_owned()).collect(),
        }
    }
}

/// What was fitted on the training samples beside the variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fitted {
    pub(crate) features: FeatureInput,
    pub(crate) hardware: HardwareInput,
    pub(crate) prior: PriorInput,
    pub(crate) labels: LabelTransform,
}

impl Fitted {
    /// Whether all parts are for a model of these widths.
    pub(crate) fn fits(&self, identity: &Identity) -> bool {
        self.features.is_whole(identity.dim, identity.config.feature_bins)
            && self.hardware.fits(&identity.hardware_columns)
            && self.prior.fits(&identity.config)
    }
}

impl Predictor {
    /// An untrained predictor with the [`TransformerEncoder`](crate::TransformerEncoder).
    ///
    /// `hardware_columns` are the numbers of a hardware specification that it will look at, usually all columns of the
    /// hardware table.
    ///
    /// # Errors
    /// [`ModelError::Config`] if the shape cannot be built.
    pub fn new(
        config: &PredictorConfig,
        featurizer: &dyn Featurizer,
        hardware_columns: &[impl AsRef<str>],
        seed: u64,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let identity = Identity::new(config, featurizer, hardware_columns);
        Self::build(identity, Variables::seeded(seed, device), None, device)
    }

    /// An untrained predictor with an encoder of your own, made from the width of
    /// [`Batch::features`](crate::Batch::features) and the model's variables.
    ///
    /// # Errors
    /// [`ModelError::Config`] if the shape cannot be built; [`ModelError::Tensor`] from the constructor.
    pub fn with_encoder(
        config: &PredictorConfig,
        featurizer: &dyn Featurizer,
        hardware_columns: &[impl AsRef<str>],
        seed: u64,
        device: &Device,
        encoder: impl Fn(usize, VarBuilder<'_>) -> candle_core::Result<Box<dyn Encoder>>,
    ) -> Result<Self, ModelError> {
        let identity = Identity::new(config, featurizer, hardware_columns);
        Self::build(identity, Variables::seeded(seed, device), Some(&encoder), device)
    }

    pub(crate) fn build(
        identity: Identity,
        variables: Variables,
        encoder: Option<MakeEncoder<'_>>,
        device: &Device,
    ) -> Result<Self, ModelError> {
        identity.config.check()?;
        if identity.dim == 0 {
            return Err(ModelError::config("featurizer", "must have at least one column"));
        }
        if identity.hardware_columns.is_empty() {
            return Err(ModelError::config("hardware_columns", "must name at least one column"));
        }
        let widths = (identity.dim, identity.hardware_columns.len());
        let network = Network::new(&identity.config, widths, encoder, variables, device)?;
        Ok(Self { network, identity, fitted: None, device: device.clone(), compiled: RwLock::default() })
    }

    /// The shape.
    #[must_use]
    pub fn config(&self) -> &PredictorConfig {
        &self.identity.config
    }

    /// The [schema](Featurizer::schema) of the features that it reads.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.identity.schema
    }

    /// The columns of a hardware specification that it looks at.
    #[must_use]
    pub fn hardware_columns(&self) -> &[String] {
        &self.identity.hardware_columns
    }

    /// The trainable variables.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.network.variables
    }

    /// The transform between latencies and labels, once trained.
    #[must_use]
    pub fn label_transform(&self) -> Option<&LabelTransform> {
        self.fitted.as_ref().map(|fitted| &fitted.labels)
    }

    /// Predicts latencies, in the order of the queries.
    ///
    /// A program that is asked for on several hardware (by the same reference) is encoded once, if not too many others
    /// are asked for in between. Large numbers of queries are spread over rayon's current pool: within
    /// `ThreadPool::install`, over that one.
    ///
    /// Any number of threads may share a predictor. With the built-in encoder on the CPU, weights are prepared by the
    /// first prediction after a change, and buffers stay for the next.
    ///
    /// # Errors
    /// [`ModelError::NotTrained`], [`ModelError::Schema`] for features of another kind, [`ModelError::Input`] for a
    /// program without a store, a feature that is not finite, or a prediction that is no time.
    pub fn predict(&self, queries: &[Query<'_>]) -> Result<Vec<Duration>, ModelError> {
        let fitted = self.fitted.as_ref().ok_or(ModelError::NotTrained)?;
        self.check_queries("query", queries.iter().copied())?;
        let durations = self.answers(fitted, queries)?.into_iter().enumerate().map(|(index, answer)| {
            let seconds = answer.unit * fitted.labels.inverse(f64::from(answer.label));
            Duration::try_from_secs_f64(seconds).map_err(|_| ModelError::Input {
                what: "query",
                index,
                problem: format!(
                    "the prediction of {seconds} s is no time: the program lies far outside the training data"
                ),
            })
        });
        durations.collect()
    }

    /// The answers to queries that are checked.
    pub(crate) fn answers(&self, fitted: &Fitted, queries: &[Query<'_>]) -> Result<Vec<Answer>, ModelError> {
        let fail = |index| move |problem| ModelError::Input { what: "query", index, problem };
        let mut answers = Vec::new();
        if let Some(compiled) = self.compiled(fitted)? {
            answers.resize(queries.len(), Answer { label: 0.0, unit: f64::NAN });
            compiled.answer(queries, &mut answers);
            return match answers.iter().position(|answer| answer.unit.is_nan()) {
                // What is missing is said by the one who fitted the prior.
                Some(i) => {
                    fitted.prior.append(queries[i].ast, queries[i].hardware, &mut Vec::new()).map_err(fail(i))?;
                    Ok(answers)
                }
                None => Ok(answers),
            };
        }
        for chunk in queries.chunks(QUERIES_PER_CHUNK) {
            let (mut priors, mut units) = (Vec::new(), Vec::with_capacity(chunk.len()));
            for query in chunk {
                let index = answers.len() + units.len();
                units.push(fitted.prior.append(query.ast, query.hardware, &mut priors).map_err(fail(index))?);
            }
            let labels = self.network.predict(chunk, fitted, priors)?;
            answers.extend(labels.into_iter().zip(units).map(|(label, unit)| Answer { label, unit }));
        }
        Ok(answers)
    }

    /// The network as it is now, ready to predict, if the engine knows it.
    fn compiled(&self, fitted: &Fitted) -> Result<Option<Arc<Compiled>>, ModelError> {
        if !self.network.is_native() {
            return Ok(None);
        }
        let version = self.network.variables.version();
        let known = self.compiled.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, compiled)) = known.filter(|(of, _)| *of == version) {
            return Ok(Some(compiled));
        }
        let compiled = Arc::new(Compiled::new(&self.identity, fitted, &self.network.variables.to_flat()?));
        *self.compiled.write().unwrap_or_else(PoisonError::into_inner) = Some((version, Arc::clone(&compiled)));
        Ok(Some(compiled))
    }

    /// Embeds the programs of queries: what the head sees beside the hardware's embedding.
    ///
    /// # Shapes
    /// `(n, embed_dim)`, in the order of the queries.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn embed(&self, queries: &[Query<'_>]) -> Result<Tensor, ModelError> {
        let fitted = self.fitted.as_ref().ok_or(ModelError::NotTrained)?;
        self.check_queries("query", queries.iter().copied())?;
        if queries.is_empty() {
            return Ok(Tensor::zeros((0, self.network.embed_dim()), candle_core::DType::F32, &self.device)?);
        }
        let Pairs { asts, pairs, .. } = Pairs::new(queries.iter().copied());
        let rows: Vec<u32> = pairs.iter().map(|(row, _)| *row).collect();
        let z = match self.compiled(fitted)? {
            Some(compiled) => {
                Tensor::from_vec(compiled.embed(&asts), (asts.len(), compiled.embed_dim()), &self.device)?
            }
            None => {
                let parts = asts.chunks(QUERIES_PER_CHUNK).map(|asts| self.network.embed(asts, &fitted.features, None));
                Tensor::cat(&parts.collect::<candle_core::Result<Vec<_>>>()?, 0)?
            }
        };
        Ok(z.index_select(&Tensor::new(rows, &self.device)?, 0)?)
    }

    /// What the head's last layer reads of queries: an embedding of a program on a hardware.
    ///
    /// # Shapes
    /// `(n, width)`, in the order of the queries; the width is the last of
    /// [`head_hidden`](PredictorConfig::head_hidden).
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn embed_pairs(&self, queries: &[Query<'_>]) -> Result<Tensor, ModelError> {
        let fitted = self.fitted.as_ref().ok_or(ModelError::NotTrained)?;
        self.check_queries("query", queries.iter().copied())?;
        let mut parts = Vec::new();
        for (i, chunk) in queries.chunks(QUERIES_PER_CHUNK).enumerate() {
            let mut priors = Vec::new();
            for (j, query) in chunk.iter().enumerate() {
                let index = i * QUERIES_PER_CHUNK + j;
                let fail = |problem| ModelError::Input { what: "query", index, problem };
                fitted.prior.append(query.ast, query.hardware, &mut priors).map_err(fail)?;
            }
            let Pairs { asts, hardware, pairs } = Pairs::new(chunk.iter().copied());
            let programs = self.network.embed(&asts, &fitted.features, None)?;
            let hardware = self.network.embed_hardware(&hardware, &fitted.hardware, None)?;
            parts.push(self.network.hidden(&programs, &hardware, &pairs, priors)?.detach());
        }
        if parts.is_empty() {
            let width = self.identity.config.head_hidden.last().copied().unwrap_or_default();
            return Ok(Tensor::zeros((0, width), candle_core::DType::F32, &self.device)?);
        }
        Ok(Tensor::cat(&parts, 0)?)
    }

    /// Checks what a network cannot: the kind of features, that there are leaves, that numbers are finite.
    pub(crate) fn check_queries<'a>(
        &self,
        what: &'static str,
        queries: impl Iterator<Item = Query<'a>>,
    ) -> Result<(), ModelError> {
        let Identity { schema, dim, .. } = &self.identity;
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
            let fail = |problem: String| Err(ModelError::Input { what, index, problem });
            if ast.n_leaves() == 0 {
                return fail("the program has no store statement".to_owned());
            }
            // Looking at all of them is faster than stopping at the first.
            if !ast.features().iter().fold(true, |finite, x| finite & x.is_finite()) {
                let place = ast.features().iter().position(|x| !x.is_finite()).unwrap_or_default();
                return fail(format!("feature {} of leaf {} is not finite", place % dim, place / dim));
            }
        }
        Ok(())
    }
}
