//! The network's results, and what their gradients need.

use cdmpp_kernel::{AttentionRoom, Finish, Pool, attention, layer_norm, log_sum_exp_pool, matmul, max_pool, mean_pool};

use super::dropout::Dropout;
use super::group::Group;
use super::layout::{Block, Layout, Linear, Norm};
use super::room;
use super::weights::PackedLinear;

/// The network with its parameters of this step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) parameters: &'a [f32],
    pub(crate) weights: &'a [PackedLinear],
    pub(crate) n_heads: usize,
}

/// What a group of programs leaves behind on its way through the encoder.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// The inputs of all leaves; the caller writes them.
    pub(crate) inputs: Vec<f32>,
    /// What enters the first block; the caller writes the positions of the leaves, to which the projection is added.
    pub(crate) entry: Vec<f32>,
    pub(crate) blocks: Vec<BlockTrace>,
    /// After the last norm, if there is one.
    pub(crate) normed: Vec<f32>,
    /// The mean of the leaves and their log-sum-exp, side by side.
    pub(crate) pooled: Vec<f32>,
    /// What every layer after the pool gives; the last is the embedding.
    pub(crate) pool: Vec<Vec<f32>>,
    /// The mean and the maximum of the inputs, side by side.
    pub(crate) direct: Vec<f32>,
}

/// What a block leaves behind.
#[derive(Debug, Default)]
pub(crate) struct BlockTrace {
    /// What attention reads, if it is not what enters the block.
    pub(crate) normed: Vec<f32>,
    pub(crate) qkv: Vec<f32>,
    attention: AttentionRoom,
    pub(crate) attended: Vec<f32>,
    pub(crate) attention_mask: Vec<f32>,
    /// After the first short cut.
    pub(crate) middle: Vec<f32>,
    /// What the feed-forward layers read.
    pub(crate) feed: Vec<f32>,
    pub(crate) up: Vec<f32>,
    pub(crate) feed_mask: Vec<f32>,
    /// After the second short cut, if a norm follows.
    pub(crate) sum: Vec<f32>,
    /// What leaves the block.
    pub(crate) exit: Vec<f32>,
}

impl Network<'_> {
    /// The number of inputs of a leaf.
    pub(crate) fn n_inputs(&self) -> usize {
        self.layout.input.n_in
    }

    pub(crate) fn embed_dim(&self) -> usize {
        self.layout.skip.n_out
    }

    /// The width of what the head reads of a pair: the embeddings of program and hardware, their product, the prior.
    pub(crate) fn joined_width(&self) -> usize {
        self.layout.head[0].n_in
    }

    pub(crate) fn d_model(&self) -> usize {
        self.layout.input.n_out
    }

    /// Encodes programs whose inputs and positions are written, and keeps what the backward pass needs; the embeddings
    /// are the last of [`pool`](Trace::pool), `(b, embed_dim)`.
    pub(crate) fn encode(&self, group: &Group, trace: &mut Trace, dropout: &mut Dropout<'_>) {
        let blocks = &self.layout.blocks;
        self.enter(group, trace);
        trace.blocks.resize_with(blocks.len(), BlockTrace::default);
        for (i, block) in blocks.iter().enumerate() {
            let (before, after) = trace.blocks.split_at_mut(i);
            let entry = before.last().map_or(&trace.entry, |block| &block.exit);
            self.block(block, entry, group, &mut after[0], dropout);
        }
        let last = trace.blocks.last_mut().map_or(&mut trace.entry, |block| &mut block.exit);
        let exit = std::mem::take(last);
        self.leave(group, &exit, trace);
        *trace.blocks.last_mut().map_or(&mut trace.entry, |block| &mut block.exit) = exit;
    }

    /// The same where no backward pass follows: all blocks share their buffers.
    pub(crate) fn embed(&self, group: &Group, trace: &mut Trace) {
        self.enter(group, trace);
        trace.blocks.resize_with(1, BlockTrace::default);
        for block in &self.layout.blocks {
            self.block(block, &trace.entry, group, &mut trace.blocks[0], &mut Dropout::new(None, 0.0));
            std::mem::swap(&mut trace.entry, &mut trace.blocks[0].exit);
        }
        let exit = std::mem::take(&mut trace.entry);
        self.leave(group, &exit, trace);
        trace.entry = exit;
    }

    /// Adds the projection of the inputs to the positions.
    fn enter(&self, group: &Group, trace: &mut Trace) {
        let (input, n) = (&self.layout.input, group.n_leaves);
        let entry = &mut trace.entry[..n * input.n_out];
        let inputs = &trace.inputs[..n * input.n_in];
        matmul(n, inputs, self.forward(input), Finish::BiasAdd(self.bias(input)), entry);
    }

    /// From what leaves the last block to the embeddings.
    fn leave(&self, group: &Group, exit: &[f32], trace: &mut Trace) {
        let Layout { norm, pool, skip, .. } = self.layout;
        let (n, b, d, n_in) = (group.n_leaves, group.n_programs(), self.d_model(), self.n_inputs());
        let (exit, inputs) = (&exit[..n * d], &trace.inputs[..n * n_in]);
        let leaves = match norm {
            Some(norm) => {
                self.norm(norm, exit, room(&mut trace.normed, n * d));
                &trace.normed[..n * d]
            }
            None => exit,
        };
        let pooled = room(&mut trace.pooled, b * 2 * d);
        let direct = room(&mut trace.direct, b * 2 * n_in);
        let (mut row, mut program) = (0, 0);
        for run in &group.runs {
            let (rows, programs) = (row..row + run.n_rows(), program..program + run.n_programs);
            let xs = &leaves[rows.start * d..rows.end * d];
            let out = &mut pooled[programs.start * 2 * d..programs.end * 2 * d];
            let shape = Pool { l: run.n_leaves, d, stride: 2 * d };
            mean_pool(xs, shape, out);
            log_sum_exp_pool(xs, shape, &mut out[d..]);
            if n_in > 0 {
                let xs = &inputs[rows.start * n_in..rows.end * n_in];
                let out = &mut direct[programs.start * 2 * n_in..programs.end * 2 * n_in];
                let shape = Pool { l: run.n_leaves, d: n_in, stride: 2 * n_in };
                mean_pool(xs, shape, out);
                max_pool(xs, shape, &mut out[n_in..]);
            }
            (row, program) = (rows.end, programs.end);
        }
        self.mlp(pool, b, &trace.pooled, &mut trace.pool);
        if let Some(z) = trace.pool.last_mut() {
            let z = &mut z[..b * skip.n_out];
            matmul(b, &trace.direct[..b * skip.n_in], self.forward(skip), Finish::BiasAdd(self.bias(skip)), z);
        }
    }

    fn block(&self, block: &Block, entry: &[f32], group: &Group, trace: &mut BlockTrace, dropout: &mut Dropout<'_>) {
        let (n, d) = (group.n_leaves, self.d_model());
        let entry = &entry[..n * d];
        let is_pre = self.layout.norm.is_some();
        let xs = if is_pre {
            self.norm(&block.norm_attention, entry, room(&mut trace.normed, n * d));
            &trace.normed[..n * d]
        } else {
            entry
        };
        let qkv = room(&mut trace.qkv, n * 3 * d);
        self.linear(&block.qkv, n, xs, qkv);
        let attended = room(&mut trace.attended, n * d);
        let mut row = 0;
        for run in &group.runs {
            let rows = row..row + run.n_rows();
            let (xs, out) = (&qkv[rows.start * 3 * d..rows.end * 3 * d], &mut attended[rows.start * d..rows.end * d]);
            attention(xs, run.n_leaves, d, self.n_heads, &mut trace.attention, out);
            row = rows.end;
        }
        let middle = room(&mut trace.middle, n * d);
        self.beside(&block.out, n, attended, entry, &mut trace.attention_mask, dropout, middle);

        let norm = if is_pre { &block.norm_feed } else { &block.norm_attention };
        let feed = room(&mut trace.feed, n * d);
        self.norm(norm, middle, feed);
        let up = room(&mut trace.up, n * block.up.n_out);
        self.linear_relu(&block.up, n, feed, up);
        let exit = room(&mut trace.exit, n * d);
        if is_pre {
            self.beside(&block.down, n, up, middle, &mut trace.feed_mask, dropout, exit);
        } else {
            let sum = room(&mut trace.sum, n * d);
            self.beside(&block.down, n, up, feed, &mut trace.feed_mask, dropout, sum);
            self.norm(&block.norm_feed, sum, exit);
        }
    }

    /// `out = short_cut + dropped(layer(xs))`
    #[allow(clippy::too_many_arguments, reason = "a layer, its input, its output, and what dropout needs")]
    fn beside(
        &self,
        layer: &Linear,
        n: usize,
        xs: &[f32],
        short_cut: &[f32],
        mask: &mut Vec<f32>,
        dropout: &mut Dropout<'_>,
        out: &mut [f32],
    ) {
        if dropout.is_on() {
            self.linear(layer, n, xs, out);
            let mask = room(mask, out.len());
            dropout.draw(mask);
            for ((out, factor), x) in out.iter_mut().zip(mask).zip(short_cut) {
                *out = x + *out * *factor;
            }
        } else {
            matmul(n, xs, self.forward(layer), Finish::BiasBeside(self.bias(layer), short_cut), out);
        }
    }

    /// Fully connected layers with rectifiers between them; `hidden` gets what each gives.
    pub(crate) fn mlp(&self, layers: &[Linear], n: usize, xs: &[f32], hidden: &mut Vec<Vec<f32>>) {
        hidden.resize_with(layers.len(), Vec::new);
        for (i, layer) in layers.iter().enumerate() {
            let (before, after) = hidden.split_at_mut(i);
            let xs = &before.last().map_or(xs, Vec::as_slice)[..n * layer.n_in];
            let out = room(&mut after[0], n * layer.n_out);
            if i + 1 < layers.len() { self.linear_relu(layer, n, xs, out) } else { self.linear(layer, n, xs, out) }
        }
    }

    fn linear(&self, layer: &Linear, n: usize, xs: &[f32], out: &mut [f32]) {
        matmul(n, xs, self.forward(layer), Finish::Bias(self.bias(layer)), out);
    }

    fn linear_relu(&self, layer: &Linear, n: usize, xs: &[f32], out: &mut [f32]) {
        matmul(n, xs, self.forward(layer), Finish::BiasRelu(self.bias(layer)), out);
    }

    fn norm(&self, norm: &Norm, xs: &[f32], out: &mut [f32]) {
        layer_norm(xs, &self.parameters[norm.weight()], &self.parameters[norm.bias()], out);
    }

    fn forward(&self, layer: &Linear) -> &cdmpp_kernel::Packed {
        &self.weights[layer.id].forward
    }

    fn bias(&self, layer: &Linear) -> &[f32] {
        &self.parameters[layer.bias()]
    }
}
