//! The gradients of the network's parameters.

use cdmpp_kernel::{
    AttentionRoom, Finish, Packed, Pool, add_columns, attention_backward, layer_norm_backward,
    log_sum_exp_pool_backward, matmul, matmul_transposed, mean_pool_backward, relu_backward,
};

use super::alignment::Rows;
use super::dropout::Dropout;
use super::forward::{BlockTrace, Network, Trace};
use super::group::Group;
use super::layout::{Block, Layout, Linear, Norm};
use super::room;

/// The gradient of all parameters, and what is needed on the way to it.
#[derive(Debug, Default)]
pub(crate) struct Backward {
    /// Added to; laid out as the parameters are.
    pub(crate) gradient: Vec<f32>,
    /// The gradient of what was last looked at.
    pub(crate) current: Vec<f32>,
    /// That of what comes before it.
    next: Vec<f32>,
    /// That of what a branch gave, or reads.
    branch: Vec<f32>,
    wide: Vec<f32>,
    packed: Packed,
    room: AttentionRoom,
}

impl Backward {
    /// Goes back through layers, from the gradient of their result to that of `xs`, both in
    /// [`current`](Self::current). Where `xs` does not depend on parameters, the latter is not computed.
    pub(crate) fn mlp(&mut self, network: &Network<'_>, layers: &[Linear], n: usize, xs: &[f32], hidden: &[Vec<f32>]) {
        for (i, layer) in layers.iter().enumerate().rev() {
            let before = i.checked_sub(1).map(|before| &hidden[before][..n * layer.n_in]);
            let xs = before.unwrap_or_else(|| &xs[..n * layer.n_in]);
            let grad = &self.current[..n * layer.n_out];
            parameters_of(layer, n, xs, grad, &mut self.packed, &mut self.gradient);
            if !layer.is_inner {
                continue;
            }
            let next = room(&mut self.next, n * layer.n_in);
            matmul(n, grad, &network.weights[layer.id].backward, Finish::Write, next);
            if let Some(ys) = before {
                relu_backward(ys, next);
            }
            std::mem::swap(&mut self.current, &mut self.next);
        }
    }

    /// Lets `f` write the gradient of `n` numbers from that of what came after them.
    pub(crate) fn pass_back(&mut self, n: usize, f: impl FnOnce(&[f32], &mut [f32])) {
        f(&self.current, room(&mut self.next, n));
        std::mem::swap(&mut self.current, &mut self.next);
    }

    /// Adds the slopes of some rows to their places in [`current`](Self::current).
    pub(crate) fn add(&mut self, rows: &Rows, slopes: &[f32], places: impl Iterator<Item = (usize, usize)>) {
        for (row, place) in places {
            let slopes = &slopes[row * rows.width..][..rows.width];
            self.current[place * rows.width..][..rows.width].iter_mut().zip(slopes).for_each(|(sum, g)| *sum += g);
        }
    }

    /// Goes back through a rectifier that gave `ys`.
    pub(crate) fn rectifier(&mut self, ys: &[f32]) {
        relu_backward(ys, &mut self.current[..ys.len()]);
    }

    /// Goes back through the encoder, from the gradient of the embeddings in [`current`](Self::current).
    pub(crate) fn encoder(&mut self, network: &Network<'_>, group: &Group, trace: &Trace, dropout: &Dropout<'_>) {
        let Layout { input, blocks, norm, pool, skip, .. } = network.layout;
        let (n, b, d) = (group.n_leaves, group.n_programs(), network.d_model());
        let grad = &self.current[..b * skip.n_out];
        parameters_of(skip, b, &trace.direct[..b * skip.n_in], grad, &mut self.packed, &mut self.gradient);
        self.mlp(network, pool, b, &trace.pooled, &trace.pool);

        let exit = trace.blocks.last().map_or(&trace.entry, |block| &block.exit);
        let leaves = if norm.is_some() { &trace.normed } else { exit };
        let grads = room(&mut self.next, n * d);
        grads.fill(0.0);
        let (mut row, mut program) = (0, 0);
        for run in &group.runs {
            let rows = row * d..(row + run.n_rows()) * d;
            let programs = program * 2 * d..(program + run.n_programs) * 2 * d;
            let (grad, pooled) = (&self.current[programs.clone()], &trace.pooled[programs]);
            let shape = Pool { l: run.n_leaves, d, stride: 2 * d };
            let dx = &mut grads[rows.clone()];
            mean_pool_backward(grad, shape, dx);
            log_sum_exp_pool_backward(&leaves[rows], &pooled[d..], &grad[d..], shape, dx);
            (row, program) = (row + run.n_rows(), program + run.n_programs);
        }
        std::mem::swap(&mut self.current, &mut self.next);
        if let Some(norm) = norm {
            self.norm(network, norm, &exit[..n * d]);
        }

        for (i, block) in blocks.iter().enumerate().rev() {
            let entry = i.checked_sub(1).map_or(&trace.entry, |before| &trace.blocks[before].exit);
            if norm.is_some() {
                self.pre_block(network, block, &entry[..n * d], group, &trace.blocks[i], dropout);
            } else {
                self.post_block(network, block, &entry[..n * d], group, &trace.blocks[i], dropout);
            }
        }
        let grad = &self.current[..n * d];
        parameters_of(input, n, &trace.inputs[..n * input.n_in], grad, &mut self.packed, &mut self.gradient);
    }

    fn pre_block(
        &mut self,
        network: &Network<'_>,
        block: &Block,
        entry: &[f32],
        group: &Group,
        trace: &BlockTrace,
        dropout: &Dropout<'_>,
    ) {
        let n = entry.len();
        self.feed(network, block, group.n_leaves, trace, dropout);
        self.branch_norm(network, &block.norm_feed, &trace.middle[..n]);
        self.attention(network, block, &trace.normed, group, trace, dropout);
        self.branch_norm(network, &block.norm_attention, entry);
    }

    fn post_block(
        &mut self,
        network: &Network<'_>,
        block: &Block,
        entry: &[f32],
        group: &Group,
        trace: &BlockTrace,
        dropout: &Dropout<'_>,
    ) {
        let n = entry.len();
        self.norm(network, &block.norm_feed, &trace.sum[..n]);
        self.feed(network, block, group.n_leaves, trace, dropout);
        self.add_branch(n);
        self.norm(network, &block.norm_attention, &trace.middle[..n]);
        self.attention(network, block, entry, group, trace, dropout);
        self.add_branch(n);
    }

    /// From the gradient of a short cut's sum, in `current`, to that of what the feed-forward layers read, in `branch`.
    fn feed(&mut self, network: &Network<'_>, block: &Block, n: usize, trace: &BlockTrace, dropout: &Dropout<'_>) {
        let Block { up, down, .. } = block;
        let grad = dropped(&self.current, &trace.feed_mask, &mut self.branch, n * down.n_out, dropout);
        let hidden = &trace.up[..n * up.n_out];
        parameters_of(down, n, hidden, grad, &mut self.packed, &mut self.gradient);
        let wide = room(&mut self.wide, n * up.n_out);
        matmul(n, grad, &network.weights[down.id].backward, Finish::Write, wide);
        relu_backward(hidden, wide);
        parameters_of(up, n, &trace.feed[..n * up.n_in], wide, &mut self.packed, &mut self.gradient);
        let branch = room(&mut self.branch, n * up.n_in);
        matmul(n, wide, &network.weights[up.id].backward, Finish::Write, branch);
    }

    /// From the gradient of a short cut's sum, in `current`, to that of what attention reads, in `branch`.
    fn attention(
        &mut self,
        network: &Network<'_>,
        block: &Block,
        xs: &[f32],
        group: &Group,
        trace: &BlockTrace,
        dropout: &Dropout<'_>,
    ) {
        let Block { qkv, out, .. } = block;
        let (n, d) = (group.n_leaves, network.d_model());
        let grad = dropped(&self.current, &trace.attention_mask, &mut self.branch, n * d, dropout);
        parameters_of(out, n, &trace.attended[..n * d], grad, &mut self.packed, &mut self.gradient);
        let attended = room(&mut self.next, n * d);
        matmul(n, grad, &network.weights[out.id].backward, Finish::Write, attended);
        let wide = room(&mut self.wide, n * 3 * d);
        let mut row = 0;
        for run in &group.runs {
            let (start, end) = (row, row + run.n_rows());
            let (at, grad) = (start * 3 * d..end * 3 * d, &attended[start * d..end * d]);
            let (xs, to) = (&trace.qkv[at.clone()], &mut wide[at]);
            attention_backward(xs, grad, run.n_leaves, d, network.n_heads, &mut self.room, to);
            row = end;
        }
        parameters_of(qkv, n, &xs[..n * d], wide, &mut self.packed, &mut self.gradient);
        let branch = room(&mut self.branch, n * d);
        matmul(n, wide, &network.weights[qkv.id].backward, Finish::Write, branch);
    }

    /// Goes back through a norm of `xs` in `current`.
    fn norm(&mut self, network: &Network<'_>, norm: &Norm, xs: &[f32]) {
        let next = room(&mut self.next, xs.len());
        norm_backward(network, norm, xs, &self.current[..xs.len()], next, &mut self.gradient);
        std::mem::swap(&mut self.current, &mut self.next);
    }

    /// Goes back through a norm of `xs` from `branch`, and adds the result to `current`.
    fn branch_norm(&mut self, network: &Network<'_>, norm: &Norm, xs: &[f32]) {
        let next = room(&mut self.next, xs.len());
        norm_backward(network, norm, xs, &self.branch[..xs.len()], next, &mut self.gradient);
        self.current.iter_mut().zip(next).for_each(|(sum, g)| *sum += *g);
    }

    fn add_branch(&mut self, n: usize) {
        self.current[..n].iter_mut().zip(&self.branch).for_each(|(sum, g)| *sum += g);
    }
}

/// Adds the gradients of a layer's weight and bias.
fn parameters_of(layer: &Linear, n: usize, xs: &[f32], grad: &[f32], packed: &mut Packed, gradient: &mut [f32]) {
    packed.pack(xs, n, layer.n_in);
    matmul_transposed(layer.n_out, grad, packed, Finish::Add, &mut gradient[layer.weight()]);
    add_columns(grad, layer.n_out, &mut gradient[layer.bias()]);
}

/// The gradient of what dropout was done to.
fn dropped<'a>(grad: &'a [f32], mask: &[f32], to: &'a mut Vec<f32>, n: usize, dropout: &Dropout<'_>) -> &'a [f32] {
    if !dropout.is_on() {
        return &grad[..n];
    }
    let to = room(to, n);
    for ((to, grad), factor) in to.iter_mut().zip(grad).zip(mask) {
        *to = grad * factor;
    }
    to
}

fn norm_backward(network: &Network<'_>, norm: &Norm, xs: &[f32], grad: &[f32], dx: &mut [f32], gradient: &mut [f32]) {
    let weight = &network.parameters[norm.weight()];
    // Bias and weight are neighbours, in the order of their names.
    let (head, tail) = gradient.split_at_mut(norm.weight().start);
    let (dbias, dweight) = (&mut head[norm.bias()], &mut tail[..weight.len()]);
    layer_norm_backward(xs, weight, grad, dx, dweight, dbias);
}
