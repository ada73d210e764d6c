//! The measurements as a model takes them.

use std::borrow::Cow;

use anyhow::Result;
use cdmpp::ir::CompactAst;
use cdmpp::model::train::AlignedLayer;
use cdmpp::model::{Embeddings, Predictor, Query, Sample};

use super::discrepancy::Discrepancy;
use super::domains::Domains;
use crate::measured::Measured;

/// The most rows of each side between which a report tells the discrepancy.
const COMPARED_ROWS: usize = 1024;

/// The measurements with all their programs.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    pub(super) measured: &'a Measured,
    pub(super) asts: &'a [Cow<'a, CompactAst>],
}

impl<'a> Data<'a> {
    pub(super) fn queries(self, indices: &[usize]) -> Result<Vec<Query<'a>>> {
        self.measured.queries(self.asts, indices)
    }

    pub(super) fn samples(self, indices: &[usize]) -> Result<Vec<Sample<'a>>> {
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
    pub(super) fn distance(
        self,
        model: &Predictor,
        domains: &Domains,
        (discrepancy, layer): (Discrepancy, AlignedLayer),
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
        let compared = discrepancy.between(&source.values, &target.values, source.width)?;
        Ok(compared.map_or(f32::NAN, |compared| compared.value as f32))
    }
}
