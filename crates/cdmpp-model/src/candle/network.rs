//! The network: encoder, hardware branch and head, over the model's variables.

use std::collections::BTreeMap;
use std::fmt;

use candle_core::{D, Device, Result, Tensor};
use candle_nn::VarBuilder;
use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::linear::Mlp;
use super::variables::Variables;
use super::{Batch, Encoder};
use crate::Query;
use crate::draws::standard_normal;
use crate::fitted::{Fitted, Identity};
use crate::input::{FeatureInput, HardwareInput, PriorInput};
use crate::query::Pairs;

/// Programs are encoded in groups of at most this many leaves, which bounds memory.
const LEAVES_PER_GROUP: usize = 8192;

pub(crate) struct Network {
    pub(crate) variables: Variables,
    encoder: Box<dyn Encoder>,
    hardware: Mlp,
    head: Mlp,
    device: Device,
    prior_width: usize,
}

/// Makes an encoder for leaves with a number of inputs from the model's variables.
pub(crate) type MakeEncoder = dyn Fn(usize, VarBuilder<'_>) -> Result<Box<dyn Encoder>> + Send + Sync;

impl Network {
    /// A network with an encoder of one's own.
    pub(crate) fn new(identity: &Identity, make: &MakeEncoder, variables: Variables, device: &Device) -> Result<Self> {
        let config = &identity.config;
        let vars = variables.builder();
        let (n_inputs, n_hardware) = identity.widths();
        let encoder = make(n_inputs, vars.pp("encoder"))?;
        let embed = encoder.embed_dim();
        let widths = |first: usize, hidden: &[usize], last: usize| -> Vec<usize> {
            [first].into_iter().chain(hidden.iter().copied()).chain([last]).collect()
        };
        let hardware = widths(n_hardware, &config.hardware_hidden, embed);
        let prior_width = PriorInput::width(config);
        let head = widths(3 * embed + prior_width, &config.head_hidden, 1);
        Ok(Self {
            encoder,
            hardware: Mlp::new(&hardware, &vars.pp("hardware"))?,
            head: Mlp::new(&head, &vars.pp("head"))?,
            variables,
            device: device.clone(),
            prior_width,
        })
    }

    pub(crate) fn embed_dim(&self) -> usize {
        self.encoder.embed_dim()
    }

    /// The embeddings of programs, in their order; every program must have a leaf. Without `rng` there is no dropout,
    /// and no gradient.
    ///
    /// # Shapes
    /// `(n, embed_dim)`.
    pub(crate) fn embed(
        &self,
        asts: &[&CompactAst],
        input: &FeatureInput,
        mut rng: Option<&mut Xoshiro256PlusPlus>,
    ) -> Result<Tensor> {
        let mut by_leaves: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (i, ast) in asts.iter().enumerate() {
            by_leaves.entry(ast.n_leaves()).or_default().push(i as u32);
        }
        let (mut parts, mut row_of, mut n) = (Vec::new(), vec![0_u32; asts.len()], 0);
        for (n_leaves, members) in by_leaves {
            for group in members.chunks((LEAVES_PER_GROUP / n_leaves).max(1)) {
                let group_asts: Vec<&CompactAst> = group.iter().map(|i| asts[*i as usize]).collect();
                let own = rng.as_mut().map(|rng| {
                    let own = rng.clone();
                    rng.jump();
                    own
                });
                let train = own.is_some();
                let z = self.encoder.forward_t(&Batch::new(&group_asts, input, own, &self.device)?, train)?;
                if z.dims() != [group.len(), self.embed_dim()] {
                    candle_core::bail!("an encoder gave {:?}, not ({}, {})", z.dims(), group.len(), self.embed_dim());
                }
                // Without detaching, the graph of every group would stay alive.
                parts.push(if train { z } else { z.detach() });
                for member in group {
                    row_of[*member as usize] = n;
                    n += 1;
                }
            }
        }
        let joined = Tensor::cat(&parts, 0)?;
        if row_of.iter().enumerate().all(|(i, row)| i as u32 == *row) {
            return Ok(joined);
        }
        joined.index_select(&Tensor::new(row_of, &self.device)?, 0)
    }

    /// The embeddings of hardware.
    ///
    /// # Shapes
    /// `(n, embed_dim)`.
    pub(crate) fn embed_hardware(
        &self,
        hardware: &[&HardwareSpec],
        input: &HardwareInput,
        noise: Option<(&mut Xoshiro256PlusPlus, f64)>,
    ) -> Result<Tensor> {
        let mut rows = Vec::new();
        hardware.iter().for_each(|spec| input.append(spec, &mut rows));
        if let Some((rng, deviation)) = noise {
            rows.iter_mut().filter(|x| **x != 0.0).for_each(|x| *x += (deviation * standard_normal(rng)) as f32);
        }
        let width = HardwareInput::width(input.columns().len());
        self.hardware.forward(&Tensor::from_vec(rows, (hardware.len(), width), &self.device)?)
    }

    /// The labels of queries, with what the prior says of each.
    pub(crate) fn predict(&self, queries: &[Query<'_>], fitted: &Fitted, priors: Vec<f32>) -> Result<Vec<f32>> {
        let Pairs { asts, hardware, pairs } = Pairs::new(queries.iter().copied());
        let programs = self.embed(&asts, &fitted.features, None)?;
        let hardware = self.embed_hardware(&hardware, &fitted.hardware, None)?;
        self.read_out(&self.hidden(&programs, &hardware, &pairs, priors)?)?.to_vec1::<f32>()
    }

    /// What the head's last layer reads of pairs of a program's and a hardware's embedding.
    ///
    /// The head sees both embeddings and their product (hardware scales what a program asks for), and what the prior
    /// says of the pair.
    ///
    /// # Shapes
    /// `programs` `(n, embed_dim)`, `hardware` `(m, embed_dim)`, `pairs` k pairs of rows, `priors` `(k, width)` with
    /// [`PriorInput::width`]; the result is `(k, last hidden width)`.
    pub(crate) fn hidden(
        &self,
        programs: &Tensor,
        hardware: &Tensor,
        pairs: &[(u32, u32)],
        priors: Vec<f32>,
    ) -> Result<Tensor> {
        let (rows, columns): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
        let z = programs.index_select(&Tensor::new(rows, &self.device)?, 0)?;
        let h = hardware.index_select(&Tensor::new(columns, &self.device)?, 0)?;
        let product = (&z * &h)?;
        let mut joined = vec![z, h, product];
        if self.prior_width > 0 {
            joined.push(Tensor::from_vec(priors, (pairs.len(), self.prior_width), &self.device)?);
        }
        self.head.inner(&Tensor::cat(&joined, D::Minus1)?)
    }

    /// The labels of pairs, from what [`hidden`](Self::hidden) gave.
    ///
    /// # Shapes
    /// The result is `(k)`.
    pub(crate) fn read_out(&self, hidden: &Tensor) -> Result<Tensor> {
        self.head.last(hidden)?.squeeze(D::Minus1)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("variables", &self.variables).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
