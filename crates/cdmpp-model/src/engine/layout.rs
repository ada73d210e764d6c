//! Where each variable lies in the flat parameters.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::input::PriorInput;
use crate::parameters::{Declared, First};
use crate::{NormPlacement, PredictorConfig};

/// A fully connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Linear {
    /// Its place in [`Layout::linears`].
    pub(crate) id: usize,
    pub(crate) n_in: usize,
    pub(crate) n_out: usize,
    weight: usize,
    bias: usize,
    /// Whether its input depends on variables.
    pub(crate) is_inner: bool,
}

impl Linear {
    /// The place of the weight, `(n_out, n_in)`.
    pub(crate) fn weight(&self) -> Range<usize> {
        self.weight..self.weight + self.n_in * self.n_out
    }

    /// The place of the bias, `(n_out)`.
    pub(crate) fn bias(&self) -> Range<usize> {
        self.bias..self.bias + self.n_out
    }
}

/// A layer normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Norm {
    weight: usize,
    bias: usize,
    width: usize,
}

impl Norm {
    /// The place of the weight, `(width)`.
    pub(crate) fn weight(&self) -> Range<usize> {
        self.weight..self.weight + self.width
    }

    /// The place of the bias, `(width)`.
    pub(crate) fn bias(&self) -> Range<usize> {
        self.bias..self.bias + self.width
    }
}

/// Attention and a feed-forward layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) qkv: Linear,
    pub(crate) out: Linear,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
    pub(crate) norm_attention: Norm,
    pub(crate) norm_feed: Norm,
}

/// The layers of the built-in network, and where their variables lie: one after the other in the order of their names,
/// as [`Parameters`](crate::Parameters) has them.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) input: Linear,
    pub(crate) blocks: Vec<Block>,
    /// After the last block, if the blocks normalise before their branches.
    pub(crate) norm: Option<Norm>,
    pub(crate) pool: Vec<Linear>,
    pub(crate) skip: Linear,
    pub(crate) hardware: Vec<Linear>,
    pub(crate) head: Vec<Linear>,
    /// All fully connected layers.
    pub(crate) linears: Vec<Linear>,
    /// The place of every variable by name.
    pub(crate) places: BTreeMap<String, Range<usize>>,
    pub(crate) n_parameters: usize,
}

impl Layout {
    /// The layout for leaves of `n_inputs` inputs and hardware of `n_hardware`.
    pub(crate) fn new(config: &PredictorConfig, n_inputs: usize, n_hardware: usize) -> Self {
        let widths = (n_inputs, n_hardware);
        let mut end = 0;
        let place = |(name, (shape, _)): (String, (Vec<usize>, First))| {
            let start = end;
            end += shape.iter().product::<usize>();
            (name, start..end)
        };
        let places: BTreeMap<String, Range<usize>> =
            Self::declare(config, n_inputs, n_hardware).into_iter().map(place).collect();
        let layout = Self::walk(config, widths, &mut |name, _, _| places[&name].start);
        Self { n_parameters: end, places, ..layout }
    }

    /// The variables of the network, with their shapes and first values.
    pub(crate) fn declare(config: &PredictorConfig, n_inputs: usize, n_hardware: usize) -> Declared {
        let mut declared = Declared::new();
        Self::walk(config, (n_inputs, n_hardware), &mut |name, shape, first| {
            declared.insert(name, (shape, first));
            0
        });
        declared
    }

    /// Goes through all layers; `place` gives the first place of a variable from its name, shape and first values.
    fn walk(config: &PredictorConfig, (n_inputs, n_hardware): (usize, usize), place: &mut Place<'_>) -> Self {
        let t = &config.transformer;
        let d = t.d_model;
        let mut walk = Walk { place, linears: Vec::new() };
        let input = walk.linear("encoder.input", n_inputs, d, false);
        let block = |i: usize| Block {
            qkv: walk.linear(&format!("encoder.block{i}.qkv"), d, 3 * d, true),
            out: walk.linear(&format!("encoder.block{i}.out"), d, d, true),
            up: walk.linear(&format!("encoder.block{i}.up"), d, t.d_ff, true),
            down: walk.linear(&format!("encoder.block{i}.down"), t.d_ff, d, true),
            norm_attention: walk.norm(&format!("encoder.block{i}.norm_attention"), d),
            norm_feed: walk.norm(&format!("encoder.block{i}.norm_feed"), d),
        };
        let blocks = (0..t.n_layers).map(block).collect();
        let norm = match t.norm {
            NormPlacement::Pre => Some(walk.norm("encoder.norm", d)),
            NormPlacement::Post => None,
        };
        Self {
            input,
            blocks,
            norm,
            pool: walk.mlp("encoder.pool", (2 * d, &t.pool_hidden, t.embed_dim), true),
            skip: walk.linear("encoder.skip", 2 * n_inputs, t.embed_dim, false),
            hardware: walk.mlp("hardware", (n_hardware, &config.hardware_hidden, t.embed_dim), false),
            head: walk.mlp("head", (3 * t.embed_dim + PriorInput::width(config), &config.head_hidden, 1), true),
            linears: walk.linears,
            places: BTreeMap::new(),
            n_parameters: 0,
        }
    }
}

type Place<'f> = dyn FnMut(String, Vec<usize>, First) -> usize + 'f;

struct Walk<'f, 'p> {
    place: &'f mut Place<'p>,
    linears: Vec<Linear>,
}

impl Walk<'_, '_> {
    /// Weights are uniform with a variance of 1 / `n_in`, biases 0.
    fn linear(&mut self, name: &str, n_in: usize, n_out: usize, is_inner: bool) -> Linear {
        let first = First::Uniform((3.0 / n_in as f64).sqrt());
        let weight = (self.place)(format!("{name}.weight"), vec![n_out, n_in], first);
        let bias = (self.place)(format!("{name}.bias"), vec![n_out], First::Constant(0.0));
        let linear = Linear { id: self.linears.len(), n_in, n_out, weight, bias, is_inner };
        self.linears.push(linear);
        linear
    }

    fn norm(&mut self, name: &str, width: usize) -> Norm {
        let weight = (self.place)(format!("{name}.weight"), vec![width], First::Constant(1.0));
        Norm { weight, bias: (self.place)(format!("{name}.bias"), vec![width], First::Constant(0.0)), width }
    }

    fn mlp(&mut self, name: &str, (n_in, hidden, n_out): (usize, &[usize], usize), is_inner: bool) -> Vec<Linear> {
        let widths: Vec<usize> = [n_in].into_iter().chain(hidden.iter().copied()).chain([n_out]).collect();
        let pairs = widths.windows(2).enumerate();
        pairs.map(|(i, pair)| self.linear(&format!("{name}.{i}"), pair[0], pair[1], is_inner || i > 0)).collect()
    }
}
