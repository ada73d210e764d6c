//! Features of a program with the names of what its leaves store to.

use std::sync::{Mutex, PoisonError};

use cdmpp_ir::{CompactAst, Featurizer, Leaves, Node, Program};

/// Encodes a program, and names the buffer that each leaf stores to.
#[must_use]
pub fn encode_named(program: &Program, featurizer: &dyn Featurizer) -> (CompactAst, Vec<String>) {
    let named = Named { featurizer, buffers: Mutex::default() };
    let ast = CompactAst::encode(program, &named);
    (ast, named.buffers.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Notes the stored buffers of the canonical form.
struct Named<'a> {
    featurizer: &'a dyn Featurizer,
    buffers: Mutex<Vec<String>>,
}

impl Featurizer for Named<'_> {
    fn schema(&self) -> &str {
        self.featurizer.schema()
    }

    fn dim(&self) -> usize {
        self.featurizer.dim()
    }

    fn write(&self, leaves: &Leaves<'_>, out: &mut [f32]) {
        let program = leaves.program();
        let stored = leaves.iter().filter_map(|leaf| match program[leaf.node()] {
            Node::Store { buffer, .. } => Some(program[buffer].name.clone()),
            _ => None,
        });
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).extend(stored);
        self.featurizer.write(leaves, out);
    }
}
