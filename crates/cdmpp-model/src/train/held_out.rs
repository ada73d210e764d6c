//! How good a model is on samples that it does not learn from.

use crate::examples::{Labelled, Pool};
use crate::fitted::Fitted;
use crate::loss::sample_loss;
use crate::{LossConfig, ModelError, Predictor};

/// Samples that are looked at together; bounds memory.
const BATCH: usize = 1024;

/// Gives the sum of the losses of all samples of some programs, and calls `f` with every relative error.
pub(crate) fn loss_of(
    model: &Predictor,
    fitted: &Fitted,
    (pool, programs): (&Pool<'_>, &[u32]),
    config: &LossConfig,
    mut f: impl FnMut(f64),
) -> Result<f64, ModelError> {
    let mut loss = 0.0;
    for batch in pool.batches(programs, BATCH) {
        let programs = &programs[batch];
        let answers = pool.with_queries(programs, |queries| model.backend.answers(model.parts(fitted), queries))?;
        let samples = programs.iter().flat_map(|program| pool.labelled(*program));
        for (answer, sample) in answers.into_iter().zip(samples) {
            loss += sample_loss(config, &fitted.labels, answer.label, sample).0;
            let Labelled { units, .. } = *sample;
            f((fitted.labels.inverse(f64::from(answer.label)) - units).abs() / units);
        }
    }
    Ok(loss)
}
