//! The network: encoder, hardware branch and head, over the model's variables.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use candle_core::{D, Device, Result, Tensor};
use candle_nn::VarBuilder;
use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::feature_input::FeatureInput;
use crate::hardware_input::HardwareInput;
use crate::linear::Mlp;
use crate::predictor::Fitted;
use crate::prior_input::PriorInput;
use crate::variables::{Variables, standard_normal};
use crate::{Batch, Encoder, PredictorConfig, Query, TransformerEncoder};

/// Programs are encoded in groups of at most this many leaves, which bounds memory.
const LEAVES_PER_GROUP: usize = 8192;

pub(crate) struct Network {
    pub(crate) variables: Variables,
    encoder: Box<dyn Encoder>,
    /// Whether the encoder is the built-in one, which the engine knows.
    is_built_in: bool,
    hardware: Mlp,
    head: Mlp,
    device: Device,
    prior_width: usize,
}

/// Makes an encoder for leaves with a number of inputs from the model's variables.
pub(crate) type MakeEncoder<'a> = &'a dyn Fn(usize, VarBuilder<'_>) -> Result<Box<dyn Encoder>>;

impl Network {
    /// A network with an encoder of one's own, or else the built-in one.
    pub(crate) fn new(
        config: &PredictorConfig,
        (dim, n_columns): (usize, usize),
        encoder: Option<MakeEncoder<'_>>,
        variables: Variables,
        device: &Device,
    ) -> Result<Self> {
        let vars = variables.builder();
        let (n_inputs, encoder_vars) = (FeatureInput::width(dim, config.feature_bins), vars.pp("encoder"));
        let is_built_in = encoder.is_none();
        let encoder = match encoder {
            Some(make) => make(n_inputs, encoder_vars)?,
            None => Box::new(TransformerEncoder::new(&config.transformer, n_inputs, &encoder_vars)?),
        };
        let embed = encoder.embed_dim();
        let widths = |first: usize, hidden: &[usize], last: usize| -> Vec<usize> {
            [first].into_iter().chain(hidden.iter().copied()).chain([last]).collect()
        };
        let hardware = widths(HardwareInput::width(n_columns), &config.hardware_hidden, embed);
        let prior_width = PriorInput::width(config);
        let head = widths(3 * embed + prior_width, &config.head_hidden, 1);
        Ok(Self {
            encoder,
            is_built_in,
            hardware: Mlp::new(&hardware, &vars.pp("hardware"))?,
            head: Mlp::new(&head, &vars.pp("head"))?,
            variables,
            device: device.clone(),
            prior_width,
        })
    }

    /// Whether the engine can compute it: the built-in network on the CPU.
    pub(crate) fn is_native(&self) -> bool {
        self.is_built_in && self.device.is_cpu()
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

/// Queries as pairs of indices into their distinct programs and hardware: a program asked for on many hardware is
/// encoded once.
#[derive(Debug)]
pub(crate) struct Pairs<'a> {
    pub(crate) asts: Vec<&'a CompactAst>,
    pub(crate) hardware: Vec<&'a HardwareSpec>,
    pub(crate) pairs: Vec<(u32, u32)>,
}

impl<'a> Pairs<'a> {
    /// Programs are told apart by address: an equal one elsewhere costs time, not correctness. Hardware, of which there
    /// is little, is told apart by value, since every copy would count in the statistics.
    pub(crate) fn new(queries: impl Iterator<Item = Query<'a>>) -> Self {
        let mut found = Self { asts: Vec::new(), hardware: Vec::new(), pairs: Vec::new() };
        let (mut ast_ids, mut hardware_ids) = (HashMap::new(), HashMap::new());
        for Query { ast, hardware } in queries {
            let row = *ast_ids.entry(std::ptr::from_ref(ast)).or_insert_with(|| {
                found.asts.push(ast);
                found.asts.len() as u32 - 1
            });
            let column = *hardware_ids.entry(std::ptr::from_ref(hardware)).or_insert_with(|| {
                found.hardware.iter().position(|known| *known == hardware).unwrap_or_else(|| {
                    found.hardware.push(hardware);
                    found.hardware.len() - 1
                }) as u32
            });
            found.pairs.push((row, column));
        }
        found
    }
}

#[cfg(test)]
mod tests;
