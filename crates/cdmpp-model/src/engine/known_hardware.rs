//! Hardware whose part of the head is computed.

use cdmpp_hardware::HardwareSpec;
use cdmpp_kernel::Packed;

use super::forward::Network;
use crate::roofline::Rates;

/// A hardware and what the head's first layer becomes for it.
///
/// The head reads the embeddings z and h, their product, and the inputs p that come from the prior. For a given h its
/// first layer is one of z and p alone: `W·[z, h, z∘h, p] + b = (W_z + W_zh·diag(h))·z + W_p·p + (W_h·h + b)`.
#[derive(Debug)]
pub(crate) struct KnownHardware {
    pub(crate) spec: HardwareSpec,
    pub(crate) rates: Rates,
    pub(crate) weight: Packed,
    pub(crate) bias: Vec<f32>,
}

impl KnownHardware {
    /// From the inputs of the hardware branch; `priors` are the places of those inputs from the prior that count.
    pub(crate) fn new(network: &Network<'_>, spec: &HardwareSpec, inputs: &[f32], priors: &[usize]) -> Self {
        let mut hidden = Vec::new();
        network.mlp(&network.layout.hardware, 1, inputs, &mut hidden);
        let h = hidden.pop().unwrap_or_default();
        let (e, first) = (network.embed_dim(), &network.layout.head[0]);
        let mut weight = Vec::with_capacity(first.n_out * (e + priors.len()));
        let mut bias = network.parameters[first.bias()].to_vec();
        for (row, bias) in network.parameters[first.weight()].chunks_exact(first.n_in).zip(&mut bias) {
            let (by_z, rest) = row.split_at(e);
            let (by_h, rest) = rest.split_at(e);
            let (by_product, by_prior) = rest.split_at(e);
            weight.extend(by_z.iter().zip(by_product).zip(&h).map(|((z, product), h)| z + product * h));
            weight.extend(priors.iter().map(|place| by_prior[*place]));
            *bias += by_h.iter().zip(&h).map(|(w, h)| w * h).sum::<f32>();
        }
        let mut packed = Packed::default();
        packed.pack_transposed(&weight, e + priors.len(), first.n_out);
        Self { spec: spec.clone(), rates: Rates::new(spec), weight: packed, bias }
    }
}
