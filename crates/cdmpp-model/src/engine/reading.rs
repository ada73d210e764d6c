//! From programs to what enters the network.

use cdmpp_ir::CompactAst;

use super::forward::Trace;
use super::group::Group;
use super::inputs::Inputs;
use super::room;
use crate::fitted::{Fitted, Identity};
use crate::positional::Positions;

/// The positions that are computed in advance.
const KNOWN_POSITIONS: u32 = 512;

/// How leaves become rows.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) inputs: Inputs,
    positions: Option<Positions>,
    d_model: usize,
}

impl Reading {
    pub(crate) fn new(identity: &Identity, fitted: &Fitted) -> Self {
        let t = &identity.config.transformer;
        let positions = t.positional_encoding.then(|| Positions::new(t.d_model, KNOWN_POSITIONS));
        Self { inputs: Inputs::new(&fitted.features, identity.dim), positions, d_model: t.d_model }
    }

    /// Writes the inputs and positions of a group's programs.
    pub(crate) fn write<'a>(&self, group: &Group, ast: impl Fn(u32) -> &'a CompactAst, trace: &mut Trace) {
        let (width, d) = (self.inputs.len(), self.d_model);
        let inputs = room(&mut trace.inputs, group.n_leaves * width);
        let entry = room(&mut trace.entry, group.n_leaves * d);
        let mut row = 0;
        for member in &group.members {
            let ast = ast(*member);
            let rows = row..row + ast.n_leaves();
            self.inputs.write(ast.features(), &mut inputs[rows.start * width..rows.end * width]);
            let entry = &mut entry[rows.start * d..rows.end * d];
            match &self.positions {
                Some(positions) => positions.write(ast.positions(), entry),
                None => entry.fill(0.0),
            }
            row = rows.end;
        }
    }
}
