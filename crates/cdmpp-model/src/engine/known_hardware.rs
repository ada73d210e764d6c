//! Hardware whose part of the head is computed.

use cdmpp_hardware::HardwareSpec;
use cdmpp_kernel::Packed;

use super::forward::Network;

/// A hardware and what the head's first layer becomes for it.
///
/// The head reads the embeddings z and h and their product. For a given h its first layer is a layer of z alone, a third
/// as wide: `W·[z, h, z∘h] + b = (W_z + W_zh·diag(h))·z + (W_h·h + b)`.
#[derive(Debug)]
pub(crate) struct KnownHardware {
    pub(crate) spec: HardwareSpec,
    pub(crate) weight: Packed,
    pub(crate) bias: Vec<f32>,
}

impl KnownHardware {
    /// From the inputs of the hardware branch.
    pub(crate) fn new(network: &Network<'_>, spec: &HardwareSpec, inputs: &[f32]) -> Self {
        let mut hidden = Vec::new();
        network.mlp(&network.layout.hardware, 1, inputs, &mut hidden);
        let h = hidden.pop().unwrap_or_default();
        let (e, first) = (network.embed_dim(), &network.layout.head[0]);
        let mut weight = Vec::with_capacity(first.n_out * e);
        let mut bias = network.parameters[first.bias()].to_vec();
        for (row, bias) in network.parameters[first.weight()].chunks_exact(3 * e).zip(&mut bias) {
            let (by_z, rest) = row.split_at(e);
            let (by_h, by_product) = rest.split_at(e);
            weight.extend(by_z.iter().zip(by_product).zip(&h).map(|((z, product), h)| z + product * h));
            *bias += by_h.iter().zip(&h).map(|(w, h)| w * h).sum::<f32>();
        }
        let mut packed = Packed::default();
        packed.pack_transposed(&weight, e, first.n_out);
        Self { spec: spec.clone(), weight: packed, bias }
    }
}
