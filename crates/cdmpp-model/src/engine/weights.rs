//! Weights in the order that products read them.

use cdmpp_kernel::Packed;
use rayon::prelude::*;

use super::layout::{Layout, Linear};

/// The packed weights of one layer.
#[derive(Debug, Default)]
pub(crate) struct PackedLinear {
    /// `(n_in, n_out)`, for results.
    pub(crate) forward: Packed,
    /// `(n_out, n_in)`, for the gradient of the input.
    pub(crate) backward: Packed,
}

/// Packs the weights of all layers, in threads of rayon's current pool.
pub(crate) fn pack(layout: &Layout, parameters: &[f32], weights: &mut Vec<PackedLinear>) {
    weights.resize_with(layout.linears.len(), PackedLinear::default);
    weights.par_iter_mut().zip(&layout.linears).for_each(|(packed, linear)| {
        packed.pack_forward(linear, parameters);
        if linear.is_inner {
            packed.backward.pack(&parameters[linear.weight()], linear.n_out, linear.n_in);
        }
    });
}

/// Packs the weights of all layers for results alone.
pub(crate) fn pack_forward(layout: &Layout, parameters: &[f32]) -> Vec<PackedLinear> {
    let mut weights: Vec<PackedLinear> = layout.linears.iter().map(|_| PackedLinear::default()).collect();
    weights.iter_mut().zip(&layout.linears).for_each(|(packed, linear)| packed.pack_forward(linear, parameters));
    weights
}

impl PackedLinear {
    fn pack_forward(&mut self, linear: &Linear, parameters: &[f32]) {
        self.forward.pack_transposed(&parameters[linear.weight()], linear.n_in, linear.n_out);
    }
}
