//! What a predictor is asked, and what it learns from.

use std::time::Duration;

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;

/// A program on a piece of hardware.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The program, encoded.
    pub ast: &'a CompactAst,
    /// The hardware.
    pub hardware: &'a HardwareSpec,
}

/// A query with its measured answer.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The program and the hardware.
    pub query: Query<'a>,
    /// The measured latency.
    pub latency: Duration,
}
