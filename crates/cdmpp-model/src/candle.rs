//! Encoders of one's own, by candle: its tensors, its autograd, its devices.

mod autograd;
mod batch;
mod encoder;
mod hybrid_loss;
mod linear;
mod model;
mod network;
mod operations;
mod positional_encoding;
mod transformer;
mod variables;

#[cfg(test)]
pub(crate) use autograd::Autograd;
pub use batch::Batch;
pub use encoder::Encoder;
pub(crate) use model::CandleNetwork;
#[cfg(test)]
pub(crate) use network::Network;
pub use positional_encoding::positional_encoding;
pub use transformer::TransformerEncoder;
#[cfg(test)]
pub(crate) use variables::Variables;

/// The message of an error of candle's without the backtrace that it appends where `RUST_BACKTRACE` is set.
pub(crate) fn in_one_line(error: candle_core::Error) -> String {
    match error {
        candle_core::Error::WithBacktrace { inner, .. } => in_one_line(*inner),
        other => other.to_string(),
    }
}
