//! Hardware whose part of the head is computed.

use cdmpp_hardware::HardwareSpec;
use cdmpp_kernel::Packed;

use super::forward::Network;
use super::layout::Linear;
use crate::input::Rates;

/// A hardware, and what the head's first layer needs of it.
///
/// The head reads the embeddings z and h, their product, and the inputs p that come from the prior. What h alone adds,
/// `W_h·h`, is the same for all programs: the first layer is `[W_z, W_zh, W_p]·[z, z∘h, p] + (W_h·h + b)`.
#[derive(Debug)]
pub(crate) struct KnownHardware {
    pub(crate) spec: HardwareSpec,
    pub(crate) rates: Rates,
    /// Its embedding.
    pub(crate) h: Vec<f32>,
    /// `W_h·h + b`
    pub(crate) bias: Vec<f32>,
}

impl KnownHardware {
    /// From the inputs of the hardware branch.
    pub(crate) fn new(network: &Network<'_>, spec: &HardwareSpec, inputs: &[f32]) -> Self {
        let mut hidden = Vec::new();
        network.mlp(&network.layout.hardware, 1, inputs, &mut hidden);
        let h = hidden.pop().unwrap_or_default();
        let (e, first) = (network.embed_dim(), &network.layout.head[0]);
        let mut bias = network.parameters[first.bias()].to_vec();
        for (row, bias) in network.parameters[first.weight()].chunks_exact(first.n_in).zip(&mut bias) {
            *bias += row[e..2 * e].iter().zip(&h).map(|(w, h)| w * h).sum::<f32>();
        }
        Self { spec: spec.clone(), rates: Rates::new(spec), h, bias }
    }
}

/// The weight of the head's first layer without the part that reads h: `[W_z, W_zh, W_p]`, with those inputs from the
/// prior that count.
pub(crate) fn without_hardware(parameters: &[f32], first: &Linear, e: usize, priors: &[usize]) -> Packed {
    let mut weight = Vec::with_capacity(first.n_out * (2 * e + priors.len()));
    for row in parameters[first.weight()].chunks_exact(first.n_in) {
        weight.extend_from_slice(&row[..e]);
        weight.extend_from_slice(&row[2 * e..3 * e]);
        weight.extend(priors.iter().map(|place| row[3 * e + place]));
    }
    let mut packed = Packed::default();
    packed.pack_transposed(&weight, 2 * e + priors.len(), first.n_out);
    packed
}
