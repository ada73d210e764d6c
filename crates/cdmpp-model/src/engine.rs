//! The built-in network on the CPU, without candle: forward and hand-written backward over flat parameters.
//!
//! All leaves of a group of programs are the rows of one matrix, those of programs with equally many leaves side by
//! side: only attention and pooling look at more than one row, and they go run by run. Inputs that the fitted scaling
//! turns into zeros for good have neither weights nor gradients here ([`Compaction`]).

mod alignment;
mod backward;
mod compaction;
mod compiled;
mod dropout;
mod forward;
mod group;
mod grouping;
mod inputs;
mod known_hardware;
mod layout;
mod reading;
mod shard;
mod step;
mod weights;

pub(crate) use compiled::Compiled;
#[cfg(test)]
pub(crate) use inputs::Inputs;
pub(crate) use layout::Layout;
pub(crate) use step::Engine;

// What it computes is held against candle.
#[cfg(test)]
#[cfg(feature = "candle")]
mod tests;

/// The first `n` elements of a buffer that grows when it must and is never cleared.
fn room(buffer: &mut Vec<f32>, n: usize) -> &mut [f32] {
    if buffer.len() < n {
        buffer.resize(n, 0.0);
    }
    &mut buffer[..n]
}
