//! The seam between a predictor and what computes its network.

use std::sync::{Arc, OnceLock};

use crate::engine::{Compiled, Engine, Layout};
use crate::fitted::{Fitted, Identity};
use crate::objective::{Objective, StepConfig};
use crate::parameters::Parameters;
use crate::query::Pairs;
use crate::{Embeddings, ModelError, Query};

/// The answer of a network to a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) label: f32,
    /// What the label's latency is a multiple of, in seconds.
    pub(crate) unit: f64,
}

/// A model, as what computes its network sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) fitted: &'a Fitted,
    pub(crate) parameters: &'a Parameters,
}

/// What computes a network with some parameters. Clones share what was prepared.
#[derive(Clone, Debug)]
pub(crate) enum Backend {
    /// The built-in network, by our kernels; its weights are prepared when they are needed first.
    BuiltIn(Arc<OnceLock<Compiled>>),
    /// An encoder of one's own, by candle.
    #[cfg(feature = "candle")]
    Candle(Arc<crate::candle::CandleNetwork>),
}

impl Backend {
    /// For the built-in network.
    pub(crate) fn built_in() -> Self {
        Self::BuiltIn(Arc::default())
    }

    /// The same for other parameters.
    #[cfg_attr(
        not(feature = "candle"),
        allow(unused_variables, reason = "the built-in network is made when it is needed")
    )]
    pub(crate) fn renewed(&self, identity: &Identity, parameters: &Parameters) -> Result<Self, ModelError> {
        match self {
            Self::BuiltIn(_) => Ok(Self::built_in()),
            #[cfg(feature = "candle")]
            Self::Candle(network) => Ok(Self::Candle(Arc::new(network.renewed(identity, parameters)?))),
        }
    }

    /// The answers to queries that are checked.
    pub(crate) fn answers(&self, parts: Parts<'_>, queries: &[Query<'_>]) -> Result<Vec<Answer>, ModelError> {
        match self {
            Self::BuiltIn(compiled) => {
                let mut answers = vec![Answer { label: 0.0, unit: f64::NAN }; queries.len()];
                Self::compiled(compiled, parts).answer(queries, &mut answers);
                match answers.iter().position(|answer| answer.unit.is_nan()) {
                    Some(index) => Err(no_prior(parts.fitted, index, queries[index])),
                    None => Ok(answers),
                }
            }
            #[cfg(feature = "candle")]
            Self::Candle(network) => network.answers(parts, queries),
        }
    }

    /// The embeddings of the programs of queries that are checked, in their order.
    ///
    /// # Shapes
    /// `(n, embed_dim)`.
    pub(crate) fn embed(&self, parts: Parts<'_>, queries: &[Query<'_>]) -> Result<Embeddings, ModelError> {
        let Pairs { asts, pairs, .. } = Pairs::new(queries.iter().copied());
        let embeddings = match self {
            Self::BuiltIn(compiled) => {
                let compiled = Self::compiled(compiled, parts);
                Embeddings::new(compiled.embed(&asts), compiled.embed_dim())
            }
            #[cfg(feature = "candle")]
            Self::Candle(network) => network.embed(parts, &asts)?,
        };
        Ok(embeddings.select(pairs.into_iter().map(|(row, _)| row)))
    }

    /// What the head's last layer reads of queries that are checked.
    ///
    /// # Shapes
    /// `(n, width)` with the last hidden width of the head.
    pub(crate) fn embed_pairs(&self, parts: Parts<'_>, queries: &[Query<'_>]) -> Result<Embeddings, ModelError> {
        match self {
            Self::BuiltIn(compiled) => {
                let compiled = Self::compiled(compiled, parts);
                let (values, missing) = compiled.embed_pairs(queries);
                match missing {
                    Some(index) => Err(no_prior(parts.fitted, index, queries[index])),
                    None => Ok(Embeddings::new(values, compiled.pair_dim())),
                }
            }
            #[cfg(feature = "candle")]
            Self::Candle(network) => network.embed_pairs(parts, queries),
        }
    }

    /// What training descends on.
    pub(crate) fn objective<'a>(
        &self,
        parts: Parts<'a>,
        config: StepConfig,
    ) -> Result<Box<dyn Objective + 'a>, ModelError> {
        match self {
            Self::BuiltIn(_) => Ok(Box::new(Engine::new(parts.identity, parts.fitted, config))),
            #[cfg(feature = "candle")]
            Self::Candle(network) => Ok(Box::new(network.objective(parts, config)?)),
        }
    }

    fn compiled<'c>(compiled: &'c OnceLock<Compiled>, parts: Parts<'_>) -> &'c Compiled {
        let Parts { identity, fitted, parameters } = parts;
        compiled.get_or_init(|| Compiled::new(identity, fitted, parameters.values()))
    }
}

/// The first parameters of the built-in network.
pub(crate) fn first_parameters(identity: &Identity, seed: u64) -> Parameters {
    Parameters::seeded(&declared(identity), seed)
}

/// The parameters of the built-in network.
pub(crate) fn declared(identity: &Identity) -> crate::parameters::Declared {
    let (n_inputs, n_hardware) = identity.widths();
    Layout::declare(&identity.config, n_inputs, n_hardware)
}

/// What is missing is said by the one who fitted the prior.
fn no_prior(fitted: &Fitted, index: usize, query: Query<'_>) -> ModelError {
    let problem = fitted.prior.append(query.ast, query.hardware, &mut Vec::new()).err();
    ModelError::input("query", index, problem.expect("a query without a unit has no prior"))
}
