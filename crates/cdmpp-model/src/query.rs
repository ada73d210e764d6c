//! What a predictor is asked, and what it learns from.

use std::collections::HashMap;
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

/// Queries as pairs of indices into their distinct programs and hardware: a program asked for on many hardware is
/// encoded once.
#[derive(Debug)]
pub(crate) struct Pairs<'a> {
    pub(crate) asts: Vec<&'a CompactAst>,
    pub(crate) hardware: Vec<&'a HardwareSpec>,
    pub(crate) pairs: Vec<(u32, u32)>,
}

impl<'a> Pairs<'a> {
    /// Programs are told apart by address: an equal one elsewhere costs time, not correctness. Hardware, of which there
    /// is little, is told apart by value, since every copy would count in the statistics.
    pub(crate) fn new(queries: impl Iterator<Item = Query<'a>>) -> Self {
        let mut found = Self { asts: Vec::new(), hardware: Vec::new(), pairs: Vec::new() };
        let (mut ast_ids, mut hardware_ids) = (HashMap::new(), HashMap::new());
        for Query { ast, hardware } in queries {
            let row = *ast_ids.entry(std::ptr::from_ref(ast)).or_insert_with(|| {
                found.asts.push(ast);
                found.asts.len() as u32 - 1
            });
            let column = *hardware_ids.entry(std::ptr::from_ref(hardware)).or_insert_with(|| {
                found.hardware.iter().position(|known| *known == hardware).unwrap_or_else(|| {
                    found.hardware.push(hardware);
                    found.hardware.len() - 1
                }) as u32
            });
            found.pairs.push((row, column));
        }
        found
    }
}
