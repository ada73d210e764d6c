//! Transformations of loops that a tuner makes candidates with.

mod interchange;
mod rebuild;

use crate::{BinaryOp, ExprId, LoopKind, Node, NodeId, Program, VerifyError};
use rebuild::Rebuild;

/// Why a loop could not be transformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// The statement is not a loop of this program.
    #[error("{node} is not a loop")]
    NotALoop {
        /// The statement.
        node: NodeId,
    },
    /// The first value or the length of the loop is not a literal.
    #[error("{node}: the bounds of the loop must be literals")]
    Bounds {
        /// The loop.
        node: NodeId,
    },
    /// The loop runs over threads, whose number is part of the launch.
    #[error("{node}: a loop over threads cannot be changed")]
    ThreadLoop {
        /// The loop.
        node: NodeId,
    },
    /// A loop cannot be split into parts of this length.
    #[error("{node}: a loop of {extent} iterations cannot be split into parts of {factor}")]
    Factor {
        /// The loop.
        node: NodeId,
        /// Its length.
        extent: i64,
        /// The wanted length of a part.
        factor: i64,
    },
    /// The body of a loop is not exactly one loop.
    #[error("{node}: the body of the loop must be one other loop and nothing else")]
    NotNested {
        /// The loop.
        node: NodeId,
    },
    /// Nothing shows that the iterations may run in another order.
    #[error("{node}: another order of the iterations may give other results, because of {store}")]
    Order {
        /// The loop.
        node: NodeId,
        /// A statement that may depend on the order.
        store: NodeId,
    },
    /// The result breaks a rule of programs: it would be too deep, say.
    #[error("the transformed program is not well formed")]
    Invalid(#[from] VerifyError),
}

/// A loop with literal bounds.
#[derive(Clone, Copy, Debug)]
struct Literal {
    min: i64,
    extent: i64,
}

impl Program {
    /// Splits a loop into one over parts and one over the iterations of a part: `for i in 0..n` becomes
    /// `for i_0 in 0..n / factor { for i_1 in 0..factor }`. Where `factor` does not divide the length, the body runs
    /// under a condition. The outer loop keeps kind and hints, the inner one is serial.
    ///
    /// Every iteration runs as before and in the same order. The outer loop keeps its id; the inner one comes next.
    ///
    /// # Errors
    /// If the statement is no loop with literal bounds, or `factor` is not between 1 and the length.
    ///
    /// # Examples
    /// ```
    /// let copy: cdmpp_ir::Program = "program copy(x: float32[10], y: float32[10]) { for i in 0..10 { y[i] = x[i] } }".parse()?;
    /// let split = copy.split(copy.roots().next().unwrap(), 4)?;
    /// assert_eq!(split.to_string(), "\
    /// program copy(x: float32[10], y: float32[10]) {
    ///   for i_0 in 0..3 {
    ///     for i_1 in 0..4 {
    ///       if i_0 * 4 + i_1 < 10 {
    ///         y[i_0 * 4 + i_1] = x[i_0 * 4 + i_1]
    ///       }
    ///     }
    ///   }
    /// }
    /// ");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn split(&self, node: NodeId, factor: i64) -> Result<Self, ScheduleError> {
        let bounds = self.literal_bounds(node)?;
        let Literal { min, extent } = bounds;
        let Node::Loop { var, kind, ref annotations, .. } = self[node] else {
            return Err(ScheduleError::NotALoop { node });
        };
        let dtype = self[var].dtype;
        let refused = ScheduleError::Factor { node, extent, factor };
        if !(1..=extent).contains(&factor) {
            return Err(refused);
        }
        let mut new = Rebuild::new(self);
        let (outer, inner) = (new.variable(var, "0"), new.variable(var, "1"));
        let n_parts = (extent - 1) / factor + 1;
        let n_rounded = n_parts.checked_mul(factor).filter(|n| dtype.holds(*n)).ok_or(refused)?;
        let product = new.with_literal(BinaryOp::Mul, outer.expr, factor, dtype);
        let mut index = new.binary(BinaryOp::Add, product, inner.expr, dtype);
        let guard = (n_rounded > extent).then(|| {
            let extent = new.literal(extent, dtype);
            new.binary(BinaryOp::Lt, index, extent, crate::DataType::Bool)
        });
        if min != 0 {
            index = new.with_literal(BinaryOp::Add, index, min, dtype);
        }
        let header = |new: &mut Rebuild<'_>, var, extent, kind, annotations| {
            let (min, extent) = (new.literal(0, dtype), new.literal(extent, dtype));
            Node::Loop { var, min, extent, kind, annotations }
        };
        let mut headers = vec![
            header(&mut new, outer.var, n_parts, kind, annotations.clone()),
            header(&mut new, inner.var, factor, LoopKind::Serial, Vec::new()),
        ];
        headers.extend(guard.map(|condition| Node::If { condition, otherwise: None }));
        new.replace(var, index);
        Ok(new.with_headers(node, 1, headers)?)
    }

    /// Fuses a loop with the one that is its whole body: `for i in 0..n { for j in 0..m }` becomes one loop of `n · m`
    /// iterations in the same order. It has the kind and the hints of the outer loop.
    ///
    /// # Errors
    /// If the statement is no loop with literal bounds, its body is not one such loop, or the product does not fit in
    /// the type of the variable.
    pub fn fuse(&self, node: NodeId) -> Result<Self, ScheduleError> {
        let (inner, [a, b]) = self.nested(node)?;
        let (&Node::Loop { var: i, kind, ref annotations, .. }, &Node::Loop { var: j, .. }) =
            (&self[node], &self[inner])
        else {
            return Err(ScheduleError::NotNested { node });
        };
        let dtype = self[i].dtype;
        let n = a.extent.checked_mul(b.extent).filter(|n| dtype.holds(*n) && self[j].dtype == dtype);
        let Some(n) = n else { return Err(ScheduleError::Bounds { node }) };
        let mut new = Rebuild::new(self);
        let fused = new.variable(i, "fused");
        let parts = [(i, BinaryOp::FloorDiv, a.min), (j, BinaryOp::FloorMod, b.min)];
        for (var, op, min) in parts {
            let mut value = new.with_literal(op, fused.expr, b.extent, dtype);
            if min != 0 {
                value = new.with_literal(BinaryOp::Add, value, min, dtype);
            }
            new.replace(var, value);
        }
        let (min, extent) = (new.literal(0, dtype), new.literal(n, dtype));
        let header = Node::Loop { var: fused.var, min, extent, kind, annotations: annotations.clone() };
        Ok(new.with_headers(node, 2, vec![header])?)
    }

    /// Exchanges a loop with the one that is its whole body.
    ///
    /// It does so only where the order of iterations cannot matter but for the rounding of a sum: every store in the body
    /// either writes an element that no other iteration of the two loops touches, since both variables stand alone among
    /// its indices, or adds to (multiplies, or takes the minimum or maximum with) an element what loads nothing that the
    /// body stores. Bodies with opaque calls stay as they are.
    ///
    /// # Errors
    /// If the statement is no loop with literal bounds, its body is not one such loop, or the order may matter.
    pub fn reorder(&self, node: NodeId) -> Result<Self, ScheduleError> {
        let (inner, _) = self.nested(node)?;
        self.check_any_order(node, inner)?;
        let mut changed = self.clone();
        changed.nodes.swap(node.index(), inner.index());
        changed.verify()?;
        Ok(changed)
    }

    /// The same program with a loop that runs [in another way](LoopKind): in parallel, as vector instructions, unrolled.
    ///
    /// Run serially, it computes the same. Whether its iterations may run at the same time is checked as
    /// [`reorder`](Self::reorder) does for parallel and vectorized loops: none may touch what another one stores to.
    ///
    /// # Errors
    /// If the statement is no loop with literal bounds, it runs over threads or shall do so, or iterations that run at the same time may touch
    /// the same element.
    pub fn with_kind(&self, node: NodeId, kind: LoopKind) -> Result<Self, ScheduleError> {
        self.literal_bounds(node)?;
        if matches!(kind, LoopKind::ThreadBinding(_)) {
            return Err(ScheduleError::ThreadLoop { node });
        }
        if matches!(kind, LoopKind::Parallel | LoopKind::Vectorized) {
            self.check_independent(node)?;
        }
        let mut changed = self.clone();
        if let Node::Loop { kind: old, .. } = &mut changed.nodes[node.index()] {
            *old = kind;
        }
        Ok(changed)
    }

    /// The bounds of a loop that is not over threads.
    fn literal_bounds(&self, node: NodeId) -> Result<Literal, ScheduleError> {
        match self.nodes.get(node.index()) {
            Some(Node::Loop { kind: LoopKind::ThreadBinding(_), .. }) => Err(ScheduleError::ThreadLoop { node }),
            Some(&Node::Loop { min, extent, .. }) => {
                let literal = |expr: ExprId| self.as_int(expr).ok_or(ScheduleError::Bounds { node });
                Ok(Literal { min: literal(min)?, extent: literal(extent)? })
            }
            _ => Err(ScheduleError::NotALoop { node }),
        }
    }

    /// The loop that is the whole body of a loop, and the bounds of both.
    fn nested(&self, node: NodeId) -> Result<(NodeId, [Literal; 2]), ScheduleError> {
        let outer = self.literal_bounds(node)?;
        let mut children = self.children(node);
        match (children.next(), children.next()) {
            (Some(inner), None) if matches!(self[inner], Node::Loop { .. }) => {
                Ok((inner, [outer, self.literal_bounds(inner)?]))
            }
            _ => Err(ScheduleError::NotNested { node }),
        }
    }
}
