//! Predictors with an encoder of one's own.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use cdmpp_ir::{CompactAst, Featurizer};
use safetensors::SafeTensors;

use super::autograd::Autograd;
use super::network::{MakeEncoder, Network};
use super::variables::Variables;
use super::{Encoder, in_one_line};
use crate::backend::{Answer, Backend, Parts};
use crate::checkpoint::{Header, read_file};
use crate::fitted::Identity;
use crate::objective::StepConfig;
use crate::parameters::Parameters;
use crate::query::Pairs;
use crate::{CheckpointProblem, Embeddings, ModelError, Predictor, Query};

/// Queries that are predicted at a time; bounds memory.
const QUERIES_PER_CHUNK: usize = 1024;

impl Predictor {
    /// An untrained predictor with an encoder of your own, made from the width of
    /// [`Batch::features`](crate::Batch::features) and the model's variables.
    ///
    /// The constructor is called again whenever the parameters change, and must build the same network each time.
    ///
    /// # Errors
    /// [`ModelError::Config`] if the shape cannot be built; [`ModelError::Tensor`] from the constructor.
    pub fn with_encoder(
        config: &crate::PredictorConfig,
        featurizer: &dyn Featurizer,
        hardware_columns: &[impl AsRef<str>],
        seed: u64,
        device: &Device,
        encoder: impl Fn(usize, VarBuilder<'_>) -> candle_core::Result<Box<dyn Encoder>> + Send + Sync + 'static,
    ) -> Result<Self, ModelError> {
        let identity = Identity::new(config, featurizer, hardware_columns);
        identity.check()?;
        let (make, variables): (Arc<MakeEncoder>, _) = (Arc::new(encoder), Variables::seeded(seed, device));
        let network = Network::new(&identity, &*make, variables, device)?;
        Ok(Self {
            identity: Arc::new(identity),
            fitted: None,
            parameters: Arc::new(network.variables.parameters()?),
            backend: Backend::Candle(Arc::new(CandleNetwork { make, network, device: device.clone() })),
        })
    }

    /// Reads a checkpoint of a model with an encoder of your own.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with_encoder(
        path: &Path,
        device: &Device,
        encoder: impl Fn(usize, VarBuilder<'_>) -> candle_core::Result<Box<dyn Encoder>> + Send + Sync + 'static,
    ) -> Result<Self, ModelError> {
        Self::with_saved(&read_file(path)?, device, Arc::new(encoder)).map_err(|error| error.of_file(path))
    }

    fn with_saved(bytes: &[u8], device: &Device, make: Arc<MakeEncoder>) -> Result<Self, ModelError> {
        let (header, tensors) = Header::read(bytes)?;
        let (identity, fitted) = header.checked()?;
        let shape = |error| CheckpointProblem::Shape { reason: in_one_line(error) };
        let saved = |tensors: &SafeTensors<'_>| -> candle_core::Result<_> {
            tensors.iter().map(|(name, view)| Ok((name.to_owned(), load(&view, device)?))).collect()
        };
        let variables = Variables::saved(saved(&tensors).map_err(shape)?, device);
        let network = Network::new(&identity, &*make, variables, device).map_err(shape)?;
        let unused = network.variables.unused();
        if !unused.is_empty() {
            return Err(CheckpointProblem::Unused { variables: unused }.into());
        }
        Ok(Self {
            identity: Arc::new(identity),
            fitted: Some(Arc::new(fitted)),
            parameters: Arc::new(network.variables.parameters()?),
            backend: Backend::Candle(Arc::new(CandleNetwork { make, network, device: device.clone() })),
        })
    }
}

fn load(view: &safetensors::tensor::TensorView<'_>, device: &Device) -> candle_core::Result<Tensor> {
    candle_core::safetensors::Load::load(view, device)
}

/// A network with an encoder of one's own, and how to make it anew.
pub(crate) struct CandleNetwork {
    make: Arc<MakeEncoder>,
    network: Network,
    device: Device,
}

impl CandleNetwork {
    /// The same network with other parameters.
    pub(crate) fn renewed(&self, identity: &Identity, parameters: &Parameters) -> Result<Self, ModelError> {
        let Self { make, device, .. } = self;
        let network = self.fresh(identity, parameters)?;
        Ok(Self { make: Arc::clone(make), network, device: device.clone() })
    }

    fn fresh(&self, identity: &Identity, parameters: &Parameters) -> Result<Network, ModelError> {
        let variables = Variables::of(parameters, &self.device)?;
        Ok(Network::new(identity, &*self.make, variables, &self.device)?)
    }

    pub(crate) fn answers(&self, parts: Parts<'_>, queries: &[Query<'_>]) -> Result<Vec<Answer>, ModelError> {
        let mut answers = Vec::with_capacity(queries.len());
        for chunk in queries.chunks(QUERIES_PER_CHUNK) {
            let (priors, units) = priors_of(parts, chunk, answers.len())?;
            let labels = self.network.predict(chunk, parts.fitted, priors)?;
            answers.extend(labels.into_iter().zip(units).map(|(label, unit)| Answer { label, unit }));
        }
        Ok(answers)
    }

    pub(crate) fn embed(&self, parts: Parts<'_>, asts: &[&CompactAst]) -> Result<Embeddings, ModelError> {
        let mut values = Vec::new();
        for asts in asts.chunks(QUERIES_PER_CHUNK) {
            values.extend(rows(&self.network.embed(asts, &parts.fitted.features, None)?)?);
        }
        Ok(Embeddings::new(values, self.network.embed_dim()))
    }

    pub(crate) fn embed_pairs(&self, parts: Parts<'_>, queries: &[Query<'_>]) -> Result<Embeddings, ModelError> {
        let Parts { identity, fitted, .. } = parts;
        let width = identity.config.head_hidden.last().copied().unwrap_or_default();
        let mut values = Vec::new();
        for (i, chunk) in queries.chunks(QUERIES_PER_CHUNK).enumerate() {
            let (priors, _) = priors_of(parts, chunk, i * QUERIES_PER_CHUNK)?;
            if width == 0 {
                continue;
            }
            let Pairs { asts, hardware, pairs } = Pairs::new(chunk.iter().copied());
            let programs = self.network.embed(&asts, &fitted.features, None)?;
            let hardware = self.network.embed_hardware(&hardware, &fitted.hardware, None)?;
            values.extend(rows(&self.network.hidden(&programs, &hardware, &pairs, priors)?)?);
        }
        Ok(Embeddings::new(values, width))
    }

    pub(crate) fn objective<'a>(&self, parts: Parts<'a>, config: StepConfig) -> Result<Autograd<'a>, ModelError> {
        let network = self.fresh(parts.identity, parts.parameters)?;
        Autograd::new(network, parts.fitted, config, &self.device)
    }
}

impl fmt::Debug for CandleNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CandleNetwork").field("network", &self.network).finish_non_exhaustive()
    }
}

/// What the prior says of queries, of which the first has this index: the inputs of the head, and the units of labels.
fn priors_of(parts: Parts<'_>, queries: &[Query<'_>], first: usize) -> Result<(Vec<f32>, Vec<f64>), ModelError> {
    let (mut priors, mut units) = (Vec::new(), Vec::with_capacity(queries.len()));
    for (i, query) in queries.iter().enumerate() {
        let fail = |problem| ModelError::input("query", first + i, problem);
        units.push(parts.fitted.prior.append(query.ast, query.hardware, &mut priors).map_err(fail)?);
    }
    Ok((priors, units))
}

fn rows(xs: &Tensor) -> candle_core::Result<Vec<f32>> {
    xs.flatten_all()?.to_vec1::<f32>()
}
