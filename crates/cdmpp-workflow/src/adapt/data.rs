//! The measurements as a model takes them.

use std::borrow::Cow;

use crate::error::Result;
use cdmpp_ir::CompactAst;
use cdmpp_model::train::AlignedLayer;
use cdmpp_model::{Embeddings, Predictor, Query, Sample};

use super::discrepancy::DiscrepancyName;
use super::domains::Domains;
use crate::measured::Measured;

/// The most rows of each side between which a report tells the discrepancy.
const COMPARED_ROWS: usize = 1024;

/// The measurements with all their programs.
#[derive(Clone, Copy)]
pub(crate) struct Data<'a> {
    pub(crate) measured: &'a Measured,
    pub(crate) asts: &'a [Cow<'a, CompactAst>],
}

impl<'a> Data<'a> {
    pub(crate) fn queries(self, indices: &[usize]) -> Result<Vec<Query<'a>>> {
        self.measured.queries(self.asts, indices)
    }

    pub(crate) fn samples(self, indices: &[usize]) -> Result<Vec<Sample<'a>>> {
        let all = self.measured.dataset.measurements();
        let latencies = indices.iter().map(|index| all[*index].latency);
        Ok(self
            .queries(indices)?
            .into_iter()
            .zip(latencies)
            .map(|(query, latency)| Sample { query, latency })
            .collect())
    }

    /// How far apart source and target are for a model at a layer, between some rows of each.
    pub(crate) fn distance(
        self,
        model: &Predictor,
        domains: &Domains,
        (discrepancy, layer): (DiscrepancyName, AlignedLayer),
    ) -> Result<f32> {
        let embed = |indices: &[usize]| -> Result<Embeddings> {
            let step = indices.len().div_ceil(COMPARED_ROWS).max(1);
            let some: Vec<usize> = indices.iter().copied().step_by(step).collect();
            let queries: Vec<Query<'_>> = self.queries(&some)?;
            Ok(match layer {
                AlignedLayer::Program => model.embed(&queries)?,
                AlignedLayer::Pair => model.embed_pairs(&queries)?,
            })
        };
        let (source, target) = (embed(&domains.source)?, embed(&domains.target)?);
        Ok(discrepancy.between(&source.values, &target.values, source.width)?.value as f32)
    }
}
