//! The predictor.

use std::sync::Arc;
use std::time::Duration;

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::{BuiltIn, CompactAst, Featurizer, Program};

use crate::backend::{Backend, Parts, first_parameters};
use crate::fitted::{Fitted, Identity};
use crate::parameters::Parameters;
use crate::{Embeddings, InputProblem, LabelTransform, ModelError, Prediction, PredictorConfig, Query};

/// Predicts the latency of programs on hardware.
///
/// Make one with [`new`](Self::new), train it with [`train::fit`](crate::train::fit), then [`predict`](Self::predict);
/// or [`load`](Self::load) a checkpoint.
///
/// A clone is cheap: it shares the parameters. Training gives the model that it trains new ones and leaves those of the
/// clones, so one clone can answer while another is trained.
#[derive(Clone, Debug)]
pub struct Predictor {
    pub(crate) identity: Arc<Identity>,
    pub(crate) fitted: Option<Arc<Fitted>>,
    pub(crate) parameters: Arc<Parameters>,
    pub(crate) backend: Backend,
}

impl Predictor {
    /// An untrained predictor with the built-in network.
    ///
    /// `hardware_columns` are the numbers of a hardware specification that it will look at, usually the
    /// [`performance_columns`](cdmpp_hardware::HardwareTable::performance_columns) of the hardware table.
    ///
    /// # Errors
    /// [`ModelError::Config`] if the shape cannot be built.
    pub fn new(
        config: &PredictorConfig,
        featurizer: &dyn Featurizer,
        hardware_columns: &[impl AsRef<str>],
        seed: u64,
    ) -> Result<Self, ModelError> {
        let identity = Identity::new(config, featurizer, hardware_columns);
        identity.check()?;
        let parameters = first_parameters(&identity, seed);
        Ok(Self {
            identity: Arc::new(identity),
            fitted: None,
            parameters: Arc::new(parameters),
            backend: Backend::built_in(),
        })
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

    /// The trainable parameters.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The transform between latencies and labels, once trained.
    #[must_use]
    pub fn label_transform(&self) -> Option<&LabelTransform> {
        self.fitted.as_ref().map(|fitted| &fitted.labels)
    }

    /// Predicts the latency of one program on one hardware.
    ///
    /// The program is encoded by the featurizer of `cdmpp-ir` whose schema the model reads. With a featurizer of your
    /// own, encode the program and call [`predict`](Self::predict).
    ///
    /// # Errors
    /// As [`predict`](Self::predict), and [`ModelError::Featurizer`] if the model reads other features.
    pub fn predict_program(&self, program: &Program, hardware: &HardwareSpec) -> Result<Prediction, ModelError> {
        let ast = CompactAst::encode(program, BuiltIn::of_schema(self.schema())?.featurizer());
        // One query has one answer.
        Ok(self.predict(&[Query { ast: &ast, hardware }])?.swap_remove(0))
    }

    /// Predicts latencies, in the order of the queries.
    ///
    /// A program that is asked for on several hardware (by the same reference) is encoded once, if not too many others
    /// are asked for in between. Large numbers of queries are spread over rayon's current pool: within
    /// `ThreadPool::install`, over that one.
    ///
    /// Any number of threads may share a predictor. The weights of the built-in network are prepared by the first
    /// prediction, and buffers stay for the next.
    ///
    /// # Errors
    /// [`ModelError::NotTrained`], [`ModelError::Schema`] for features of another kind, [`ModelError::Input`] for a
    /// program without a store, a feature that is not finite, or a prediction that is not a latency.
    pub fn predict(&self, queries: &[Query<'_>]) -> Result<Vec<Prediction>, ModelError> {
        let parts = self.checked_parts(queries)?;
        let labels = &parts.fitted.labels;
        let predictions = self.backend.answers(parts, queries)?.into_iter().enumerate().map(|(index, answer)| {
            let seconds = answer.unit * labels.inverse(f64::from(answer.label));
            match Duration::try_from_secs_f64(seconds) {
                Ok(latency) => Ok(Prediction { latency }),
                Err(_) => Err(ModelError::input("query", index, InputProblem::NoLatency { seconds })),
            }
        });
        predictions.collect()
    }

    /// Embeds the programs of queries: what the head sees beside the hardware's embedding.
    ///
    /// # Shapes
    /// `(n, embed_dim)`, in the order of the queries.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn embed(&self, queries: &[Query<'_>]) -> Result<Embeddings, ModelError> {
        self.backend.embed(self.checked_parts(queries)?, queries)
    }

    /// What the head's last layer reads of queries: an embedding of a program on a hardware.
    ///
    /// # Shapes
    /// `(n, width)`, in the order of the queries; the width is the last of
    /// [`head_hidden`](PredictorConfig::head_hidden), 0 if the head has no hidden layer.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn embed_pairs(&self, queries: &[Query<'_>]) -> Result<Embeddings, ModelError> {
        self.backend.embed_pairs(self.checked_parts(queries)?, queries)
    }

    /// What answers queries, if they can be answered.
    fn checked_parts(&self, queries: &[Query<'_>]) -> Result<Parts<'_>, ModelError> {
        let fitted = self.fitted.as_ref().ok_or(ModelError::NotTrained)?;
        self.identity.check_queries("query", queries.iter().copied())?;
        Ok(self.parts(fitted))
    }

    pub(crate) fn parts<'a>(&'a self, fitted: &'a Fitted) -> Parts<'a> {
        Parts { identity: &self.identity, fitted, parameters: &self.parameters }
    }

    /// The same model with other values of its parameters.
    pub(crate) fn with_values(&self, fitted: &Arc<Fitted>, values: Vec<f32>) -> Result<Self, ModelError> {
        let parameters = self.parameters.with_values(values);
        Ok(Self {
            identity: Arc::clone(&self.identity),
            fitted: Some(Arc::clone(fitted)),
            backend: self.backend.renewed(&self.identity, &parameters)?,
            parameters: Arc::new(parameters),
        })
    }
}
