//! How features, hardware and the prior become the numbers that a network reads.

mod feature_input;
mod hardware_input;
mod prior_input;
mod roofline;

pub(crate) use feature_input::{FeatureInput, LeafSample};
pub(crate) use hardware_input::HardwareInput;
pub(crate) use prior_input::{PriorInput, missing};
pub(crate) use roofline::{N_VALUES, Rates, Roofline};
