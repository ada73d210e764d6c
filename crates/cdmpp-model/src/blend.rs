//! A step on samples of several kinds.

use std::collections::BTreeSet;

use crate::ModelError;
use crate::samples::Samples;

/// How far apart two sets of embeddings are: a function of the rows of the source and of the target, and their width.
///
/// The functions of the crate `cdmpp-adapt` are such, with their settings closed over.
///
/// # Shapes
/// The source is row-major `(n, width)`, the target `(m, width)`.
pub type Discrepancy<'f> =
    dyn Fn(&[f32], &[f32], usize) -> Result<Compared, Box<dyn std::error::Error + Send + Sync>> + 'f;

/// What a discrepancy says of two sets of embeddings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// How far apart they are.
    pub value: f64,
    /// The gradient to the rows of the source, of their shape.
    pub source_gradient: Vec<f32>,
    /// The gradient to the rows of the target, of their shape.
    pub target_gradient: Vec<f32>,
}

impl Compared {
    /// Calls a discrepancy, and checks the shapes of what it gives.
    pub(crate) fn of(
        discrepancy: &Discrepancy<'_>,
        source: &[f32],
        target: &[f32],
        width: usize,
    ) -> Result<Self, ModelError> {
        let compared = discrepancy(source, target, width).map_err(ModelError::Discrepancy)?;
        if compared.source_gradient.len() != source.len() || compared.target_gradient.len() != target.len() {
            return Err(ModelError::Discrepancy("the gradients have other shapes than the rows".into()));
        }
        Ok(compared)
    }
}

/// What a discrepancy compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlignedLayer {
    /// The embeddings of programs. They do not depend on the hardware: this is for a target of other programs, such as a
    /// network that was never seen.
    Program,
    /// What the head's last layer reads of a program on a hardware: this is for a target that is other hardware.
    Pair,
}

impl AlignedLayer {
    /// Where source and target can be drawn together: [`Program`](Self::Program) if the source knows all hardware of the
    /// target, which then differs by its programs, else [`Pair`](Self::Pair).
    #[must_use]
    pub fn between(source: &Samples<'_>, target: &Samples<'_>) -> Self {
        let known: BTreeSet<&str> = source.hardware.iter().map(|hardware| hardware.name()).collect();
        let knows_all = target.hardware.iter().all(|hardware| known.contains(hardware.name()));
        if knows_all { Self::Program } else { Self::Pair }
    }
}

/// What one step minimises: weighted means of losses, and perhaps a discrepancy. No program is in two parts.
#[derive(Debug)]
pub(crate) struct Blend<'a> {
    /// Programs, and the weight of the mean loss of their samples.
    pub(crate) parts: &'a [(&'a [u32], f64)],
    pub(crate) alignment: Option<Alignment<'a>>,
}

/// A discrepancy between programs of the parts and others.
pub(crate) struct Alignment<'a> {
    pub(crate) discrepancy: &'a Discrepancy<'a>,
    pub(crate) layer: AlignedLayer,
    pub(crate) weight: f64,
    /// In one of the parts.
    pub(crate) source: &'a [u32],
    /// In none of them.
    pub(crate) target: &'a [u32],
}

impl std::fmt::Debug for Alignment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { layer, weight, source, target, .. } = self;
        f.debug_struct("Alignment")
            .field("layer", layer)
            .field("weight", weight)
            .field("source", source)
            .field("target", target)
            .finish_non_exhaustive()
    }
}

impl<'a> Blend<'a> {
    /// All programs, part by part, and then those of the target.
    pub(crate) fn programs(&self) -> impl Iterator<Item = u32> + 'a {
        let parts = self.parts.iter().flat_map(|(programs, _)| programs.iter());
        // The target is in no part.
        parts.chain(self.alignment.as_ref().map_or(&[][..], |alignment| alignment.target)).copied()
    }
}
