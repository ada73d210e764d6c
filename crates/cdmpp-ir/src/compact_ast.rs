//! The Compact AST: one feature vector a store statement, with its place in the tree.

use std::sync::Arc;

use crate::{Featurizer, Leaves, Program, Work};

/// A program as a predictor sees it: a row of features for every store statement (a *leaf*), its pre-order rank and
/// its depth.
///
/// The nodes of the tree are an artificial root (rank 0, depth 0), the loops and the stores. Conditionals, lets,
/// allocations and evaluations are transparent: what stands in them hangs from the nearest loop around. The initial
/// value and the update of a reduction are two stores, hence two leaves.
///
/// # References
/// Hu et al., *CDMPP*, EuroSys 2024, on Compact ASTs. The published code ranks a leaf by its index in the serialised
/// tree, which equals `2 · position − depth`.
#[derive(Clone, Debug, PartialEq)]
pub struct CompactAst {
    /// Shared, since thousands of programs have the same.
    schema: Arc<str>,
    dim: usize,
    features: Vec<f32>,
    positions: Vec<u32>,
    depths: Vec<u32>,
    work: Option<Work>,
}

/// The parts of a [`CompactAst`] do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{n_leaves} leaves of width {dim} need {} features and {n_leaves} depths, not {n_features} and {n_depths}", n_leaves.saturating_mul(*dim))]
pub struct CompactAstShapeError {
    n_leaves: usize,
    dim: usize,
    n_features: usize,
    n_depths: usize,
}

impl CompactAst {
    /// Encodes a program: brings it into its [canonical form](Program::canonical) and asks the featurizer for the
    /// vectors of its leaves. A program without a store has no leaf.
    ///
    /// # Complexity
    /// O(statements + expressions + leaves × cost of the featurizer).
    #[must_use]
    pub fn encode(program: &Program, featurizer: &dyn Featurizer) -> Self {
        let program = program.canonical();
        let leaves = Leaves::new(&program);
        let dim = featurizer.dim();
        let mut features = vec![0.0; leaves.len() * dim];
        featurizer.write(&leaves, &mut features);
        let positions = leaves.iter().map(|leaf| leaf.position()).collect();
        let depths = leaves.iter().map(|leaf| leaf.depth()).collect();
        let work = Some(Work::of(&program));
        Self { schema: featurizer.schema().into(), dim, features, positions, depths, work }
    }

    /// A Compact AST from features computed elsewhere, without [`work`](Self::work).
    ///
    /// # Shapes
    /// `features` is row-major `(n_leaves, dim)`; `positions` and `depths` have `n_leaves` values.
    ///
    /// # Errors
    /// If the lengths do not fit together.
    pub fn from_parts(
        schema: impl Into<Arc<str>>,
        dim: usize,
        features: Vec<f32>,
        positions: Vec<u32>,
        depths: Vec<u32>,
    ) -> Result<Self, CompactAstShapeError> {
        let (n_leaves, n_features, n_depths) = (positions.len(), features.len(), depths.len());
        if Some(n_features) != n_leaves.checked_mul(dim) || n_depths != n_leaves {
            return Err(CompactAstShapeError { n_leaves, dim, n_features, n_depths });
        }
        Ok(Self { schema: schema.into(), dim, features, positions, depths, work: None })
    }

    /// The same with the work of the program, counted elsewhere.
    #[must_use]
    pub fn with_work(self, work: Work) -> Self {
        self.with_optional_work(Some(work))
    }

    pub(crate) fn with_optional_work(self, work: Option<Work>) -> Self {
        Self { work, ..self }
    }

    /// What the columns mean: the featurizer's [schema](Featurizer::schema).
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The number of columns.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The number of leaves.
    #[must_use]
    pub fn n_leaves(&self) -> usize {
        self.positions.len()
    }

    /// The features.
    ///
    /// # Shapes
    /// Row-major `(n_leaves, dim)`.
    #[must_use]
    pub fn features(&self) -> &[f32] {
        &self.features
    }

    /// The pre-order rank of every leaf.
    #[must_use]
    pub fn positions(&self) -> &[u32] {
        &self.positions
    }

    /// The depth of every leaf.
    #[must_use]
    pub fn depths(&self) -> &[u32] {
        &self.depths
    }

    /// What the program asks of the hardware; `None` if the parts came [from elsewhere](Self::from_parts) without it.
    #[must_use]
    pub fn work(&self) -> Option<&Work> {
        self.work.as_ref()
    }
}
