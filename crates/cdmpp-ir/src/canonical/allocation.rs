//! Places each allocation directly around all statements that use its buffer.

use crate::{BufferId, Expr, ExprId, ExprList, LoopKind, Node, NodeId, Program, Scope, StrId, ThreadAxis};

/// Inserts an allocation for each buffer that is used, in the innermost loop around all its uses.
///
/// A buffer in global memory is not allocated inside a GPU kernel that is not the only one to use it, nor inside the
/// loops of a kernel.
pub(super) fn place(program: &mut Program, buffers: &[BufferId]) {
    let places = places(program, buffers);
    insert(program, &places);
}

/// For each buffer that is used, the index of the statement before which it is allocated; in order.
fn places(program: &Program, buffers: &[BufferId]) -> Vec<(usize, BufferId)> {
    let mut places: Vec<(usize, BufferId)> = Vec::new();
    if buffers.is_empty() {
        return places;
    }
    let mut uses = Uses::new(program);
    uses.collect();
    for &buffer in buffers {
        let Some(mut place) = uses.places[buffer.index()] else { continue };
        if program[buffer].scope == Scope::Global {
            for kernel in &uses.kernels {
                place = uses.common(place, Some(*kernel));
            }
        }
        places.push((place.map_or(0, |node| node.index() + 1), buffer));
    }
    places.sort_by_key(|(place, _)| *place);
    places
}

/// Inserts allocations before statements.
fn insert(program: &mut Program, places: &[(usize, BufferId)]) {
    if places.is_empty() {
        return;
    }
    let nodes = std::mem::take(&mut program.nodes);
    let ends = std::mem::take(&mut program.ends);
    let before = |index: usize| places.partition_point(|(place, _)| *place < index);
    program.nodes.reserve(nodes.len() + places.len());
    program.ends.reserve(nodes.len() + places.len());
    let mut next = 0;
    for (index, mut node) in nodes.into_iter().enumerate() {
        while let Some((_, buffer)) = places.get(next).filter(|(place, _)| *place == index) {
            program.nodes.push(Node::Allocate { buffer: *buffer });
            program.ends.push(program.nodes.len() as u32);
            next += 1;
        }
        if let Node::If { otherwise: Some(first), .. } = &mut node {
            *first = NodeId::new(first.index() + before(first.index()));
        }
        program.nodes.push(node);
        program.ends.push(ends[index] + before(ends[index] as usize) as u32);
    }
}

/// Which loop is around all uses of each buffer.
struct Uses<'a> {
    program: &'a Program,
    /// For every loop, the one around it.
    parents: Vec<Option<NodeId>>,
    /// For every buffer that is used, the loop; `None` inside is the whole program.
    places: Vec<Option<Option<NodeId>>>,
    /// For every kernel, its innermost launching loop.
    kernels: Vec<NodeId>,
}

impl<'a> Uses<'a> {
    fn new(program: &'a Program) -> Self {
        let (parents, places) = (vec![None; program.n_nodes()], vec![None; program.n_buffers()]);
        Self { program, parents, places, kernels: Vec::new() }
    }

    fn collect(&mut self) {
        let program = self.program;
        let mut innermost: Option<NodeId> = None;
        for node in program.nodes() {
            while let Some(open) = innermost.filter(|open| program.end(*open) <= node.index()) {
                innermost = self.parents[open.index()];
            }
            match program[node] {
                Node::Loop { min, extent, kind, .. } => {
                    self.expr(innermost, min);
                    self.expr(innermost, extent);
                    self.parents[node.index()] = innermost;
                    innermost = Some(node);
                    self.launch(node, kind);
                }
                Node::Store { buffer, indices, value } => {
                    self.buffer(innermost, buffer);
                    self.list(innermost, indices);
                    self.expr(innermost, value);
                }
                Node::If { condition: value, .. } | Node::Let { value, .. } | Node::Evaluate { value } => {
                    self.expr(innermost, value);
                }
                Node::Allocate { .. } => {}
            }
        }
    }

    /// Notes the innermost of the loops that launch a kernel with blocks.
    fn launch(&mut self, node: NodeId, kind: LoopKind) {
        let LoopKind::ThreadBinding(axis) = kind else { return };
        let is_block = matches!(axis, ThreadAxis::BlockX | ThreadAxis::BlockY | ThreadAxis::BlockZ);
        match self.kernels.last_mut() {
            Some(last) if self.parents[node.index()] == Some(*last) => *last = node,
            _ if is_block => self.kernels.push(node),
            _ => {}
        }
    }

    fn expr(&mut self, innermost: Option<NodeId>, expr: ExprId) {
        self.program.for_each_operand(expr, |operand| self.expr(innermost, operand));
        match self.program[expr] {
            Expr::Load { buffer, .. } => self.buffer(innermost, buffer),
            Expr::Call { callee, args, .. } => {
                if let Some(buffer) = self.program.pointer_target(callee, args) {
                    self.buffer(innermost, buffer);
                }
            }
            _ => {}
        }
    }

    fn list(&mut self, innermost: Option<NodeId>, list: ExprList) {
        self.program.list(list).iter().for_each(|&expr| self.expr(innermost, expr));
    }

    fn buffer(&mut self, innermost: Option<NodeId>, buffer: BufferId) {
        let place = match self.places[buffer.index()] {
            None => innermost,
            Some(place) => self.common(place, innermost),
        };
        self.places[buffer.index()] = Some(place);
    }

    /// The innermost loop that is around two loops or is one of them.
    fn common(&self, mut place: Option<NodeId>, other: Option<NodeId>) -> Option<NodeId> {
        let other = other?;
        while let Some(node) = place {
            if node <= other && other.index() < self.program.end(node) {
                return Some(node);
            }
            place = self.parents[node.index()];
        }
        None
    }
}

impl Program {
    /// The buffer that a call is a pointer to: readers write `buffer_data("name")`.
    pub(super) fn pointer_target(&self, callee: StrId, args: ExprList) -> Option<BufferId> {
        match self.list(args) {
            &[name] if &self[callee] == "buffer_data" => match self[name] {
                Expr::Str(name) => self.buffers().find(|buffer| self[*buffer].name == self[name]),
                _ => None,
            },
            _ => None,
        }
    }
}
