//! Whether the iterations of loops may run in another order.

use super::ScheduleError;
use crate::same::same_lists;
use crate::{BinaryOp, BufferId, Effect, Expr, ExprId, ExprList, Node, NodeId, Program, VarId};

/// A load or a store in the body of the loops.
#[derive(Clone, Copy, Debug)]
struct Access {
    node: NodeId,
    buffer: BufferId,
    indices: ExprList,
}

impl Program {
    /// Checks that two nested loops, the outermost one first, may be exchanged.
    pub(super) fn check_any_order(&self, outer: NodeId, inner: NodeId) -> Result<(), ScheduleError> {
        let vars = [self.loop_var(outer)?, self.loop_var(inner)?];
        let Node::Loop { min, extent, .. } = self[inner] else { return Err(ScheduleError::NotNested { node: outer }) };
        debug_assert!(self.as_int(min).is_some() && self.as_int(extent).is_some(), "the bounds are literals");
        self.check_order(outer, inner, &vars, true)
    }

    /// Checks that no iteration of a loop touches what another one stores to.
    pub(super) fn check_independent(&self, node: NodeId) -> Result<(), ScheduleError> {
        let var = self.loop_var(node)?;
        self.check_order(node, node, &[var], false)
    }

    fn loop_var(&self, node: NodeId) -> Result<VarId, ScheduleError> {
        match self[node] {
            Node::Loop { var, .. } => Ok(var),
            _ => Err(ScheduleError::NotALoop { node }),
        }
    }

    fn check_order(
        &self,
        node: NodeId,
        innermost: NodeId,
        vars: &[VarId],
        may_accumulate: bool,
    ) -> Result<(), ScheduleError> {
        let order = |store: NodeId| ScheduleError::Order { node, store };
        let body = (innermost.index() + 1..self.end(innermost)).map(NodeId::new);
        let (mut loads, mut stores) = (Vec::new(), Vec::new());
        // An allocation inside the body is new in each iteration.
        let mut own = Vec::new();
        for inside in body.clone() {
            let mut exprs = Vec::new();
            match self[inside] {
                Node::Allocate { buffer } => own.push(buffer),
                Node::Store { buffer, indices, value } => {
                    stores.push(Access { node: inside, buffer, indices });
                    exprs.extend(self.list(indices));
                    exprs.push(value);
                }
                Node::If { condition: value, .. } | Node::Let { value, .. } | Node::Evaluate { value } => {
                    exprs.push(value);
                }
                Node::Loop { min, extent, .. } => exprs.extend([min, extent]),
            }
            for expr in exprs {
                if !self.collect_loads(inside, expr, &mut loads) {
                    return Err(order(inside));
                }
            }
        }
        stores.retain(|store| !own.contains(&store.buffer));
        for store in &stores {
            let others = loads.iter().chain(&stores).filter(|access| access.buffer == store.buffer);
            let has_one_place = others.clone().all(|access| same_lists(self, access.indices, store.indices));
            let is_apart = vars.iter().all(|var| {
                let alone = |index: &ExprId| self[*index] == Expr::Var(*var);
                self.list(store.indices).iter().any(alone)
            });
            // The update of a sum loads the element once, in the store itself, and is the only store to the buffer.
            let accumulates = may_accumulate && others.count() == 2 && self.accumulates(store);
            if !(has_one_place && (is_apart || accumulates)) {
                return Err(order(store.node));
            }
        }
        Ok(())
    }

    /// Whether a store is `x = x op y`, with an operation whose order does not matter but for rounding.
    fn accumulates(&self, store: &Access) -> bool {
        let Node::Store { value, .. } = self[store.node] else { return false };
        let Expr::Binary { op, lhs, rhs } = self[value] else { return false };
        let is_old = |expr: ExprId| {
            matches!(self[expr], Expr::Load { buffer, indices }
                if buffer == store.buffer && same_lists(self, indices, store.indices))
        };
        matches!(op, BinaryOp::Add | BinaryOp::Mul | BinaryOp::Min | BinaryOp::Max) && (is_old(lhs) || is_old(rhs))
    }

    /// Collects the loads of an expression; returns whether it makes no opaque call.
    fn collect_loads(&self, node: NodeId, expr: ExprId, loads: &mut Vec<Access>) -> bool {
        let mut is_pure = !matches!(self[expr], Expr::Call { effect: Effect::Opaque, .. });
        if let Expr::Load { buffer, indices } = self[expr] {
            loads.push(Access { node, buffer, indices });
        }
        self.for_each_operand(expr, |operand| is_pure = self.collect_loads(node, operand, loads) && is_pure);
        is_pure
    }
}
