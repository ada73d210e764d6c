//! Tests of `cdmpp-model` from outside.

#![allow(clippy::unwrap_used, reason = "a test that unwraps an error fails, as it should")]

mod adaptation;
mod batching;
mod checkpoints;
#[cfg(feature = "candle")]
mod encoders;
mod learning;
mod memory;
mod prior;
mod rejection;
mod resumption;
mod statistics;
mod stored;
mod synthetic;

/// An error with its causes, one a line, without the backtraces that candle appends.
fn report(error: &dyn std::error::Error) -> String {
    let mut text = first_line(error);
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}\n{}", first_line(error));
        cause = error.source();
    }
    text
}

fn first_line(error: &dyn std::error::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
