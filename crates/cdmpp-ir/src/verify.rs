//! The verifier: what makes a program well formed.

mod check;
mod rule;

use check::Check;
pub(crate) use check::broken_by_literals;
pub use rule::Rule;

use crate::{BufferId, Expr, ExprId, Node, NodeId, Program};

/// The deepest nesting of statements, and of operators in an expression, that a program may have: recursion over a
/// verified program stays far below any thread's stack.
pub const MAX_DEPTH: usize = 256;

/// The most nodes that all expressions of a program may have when shared operands are counted at every use.
pub const MAX_EXPR_NODES: u64 = 1 << 20;

/// The most stores that a program may have. A predictor relates every store to every other, so time and memory of a
/// prediction grow with their square; lowered programs of tensor compilers have some dozens.
pub const MAX_STORES: usize = 4096;

/// A rule of [`Program::verify`] is broken: whoever built the program is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A buffer is malformed: an extent below 1, strides of another rank, more elements than 64 bits count.
    #[error("buffer `{buffer}`: {rule}")]
    Buffer {
        /// The buffer's name.
        buffer: String,
        /// The broken rule.
        rule: Rule,
    },
    /// A statement breaks a rule.
    #[error("{node}: {rule}")]
    Node {
        /// The statement.
        node: NodeId,
        /// The broken rule.
        rule: Rule,
    },
    /// An expression in a statement breaks a rule.
    #[error("{node}, {expr}: {rule}")]
    Expr {
        /// The statement.
        node: NodeId,
        /// The expression.
        expr: ExprId,
        /// The broken rule.
        rule: Rule,
    },
    /// A literal cannot have a value that [`Program::with_literals`] was asked to give it.
    #[error("{expr}: {rule}")]
    Literal {
        /// The literal.
        expr: ExprId,
        /// The broken rule.
        rule: Rule,
    },
    /// A variable or buffer is used outside the body that declares it.
    #[error("{node}: `{name}` is used outside the body that declares it")]
    OutOfScope {
        /// The statement.
        node: NodeId,
        /// The name of the variable or buffer.
        name: String,
    },
    /// An id of another program was handed to the builder.
    #[error("{user} uses {id}, which is of another program")]
    ForeignId {
        /// The statement or expression that uses it.
        user: String,
        /// The id.
        id: String,
    },
    /// The program is too deep or too large to be walked safely.
    #[error("{node}: {rule}")]
    TooLarge {
        /// The statement.
        node: NodeId,
        /// The broken rule.
        rule: Rule,
    },
}

impl Program {
    /// Checks that the program is well formed.
    ///
    /// 1. Every id is of this program, and an expression's operands were made before it.
    /// 2. Every buffer has extents of at least 1, as many strides as extents (none negative), and fewer than 2⁶³
    ///    elements, also when the gaps between them count.
    /// 3. Every variable and every allocated buffer is used only in the body that declares it, after the declaration;
    ///    nothing is declared twice. The two cases of a conditional are two bodies. A loop's variable is visible in its
    ///    body only, not in `min` and `extent`.
    /// 4. A store and a load have one index a dimension (a scalar takes none, or one), of an integer type.
    /// 5. A stored value has its buffer's type, a let's variable its value's.
    /// 6. A literal has a type that it fits: an integer one within its range, `bool` with 0 or 1, or a float.
    /// 7. The operands of a binary operation have one type: `bool` for logic, a number or `bool` for comparisons, a
    ///    number for the rest. `%`, `//` and truncated remainder take integers or floats alike.
    /// 8. A condition, and what `not` negates, is a `bool`; both sides of a choice have one type.
    /// 9. A loop's variable, `min` and `extent` have one integer type. A literal extent is at least 1, and
    ///    `min + extent` of literals fits in 64 bits.
    /// 10. Strings stand only as arguments of calls.
    /// 11. Statements and operators nest at most [`MAX_DEPTH`] deep, and the expressions written out in full, shared
    ///     operands at each use, have at most [`MAX_EXPR_NODES`] nodes. There are at most [`MAX_STORES`] stores.
    /// 12. No integer is divided by the literal 0, and a sum, difference or product of integer literals fits its type.
    ///
    /// The [builder](Program::build) and all readers call this; it need not be called again.
    ///
    /// # Errors
    /// The first rule that is broken, with its statement.
    ///
    /// # Complexity
    /// O(statements + expressions written out).
    pub fn verify(&self) -> Result<(), VerifyError> {
        self.verify_ids()?;
        self.buffers().try_for_each(|buffer| self.verify_buffer(buffer))?;
        let mut check = Check::new(self);
        self.nodes().try_for_each(|node| check.node(node))
    }

    /// Rule 1, which the rest of the verifier builds on.
    fn verify_ids(&self) -> Result<(), VerifyError> {
        for index in 0..self.n_exprs() {
            let user = ExprId::new(index);
            let foreign = |id: String| Err(VerifyError::ForeignId { user: user.to_string(), id });
            let later = match self[user] {
                Expr::Load { buffer, .. } if buffer.index() >= self.n_buffers() => return foreign(buffer.to_string()),
                Expr::Var(var) if var.index() >= self.n_vars() => return foreign(var.to_string()),
                _ => {
                    let mut later = None;
                    self.for_each_operand(user, |operand| later = later.or((operand >= user).then_some(operand)));
                    later
                }
            };
            if let Some(operand) = later {
                return foreign(operand.to_string());
            }
        }
        let mut exprs = Vec::new();
        for node in self.nodes() {
            exprs.clear();
            let foreign = |id: String| Err(VerifyError::ForeignId { user: node.to_string(), id });
            match self[node] {
                Node::Loop { min, extent, .. } => exprs.extend([min, extent]),
                Node::Store { buffer, indices, value } => {
                    if buffer.index() >= self.n_buffers() {
                        return foreign(buffer.to_string());
                    }
                    exprs.extend(self.list(indices));
                    exprs.push(value);
                }
                Node::If { condition: value, .. } | Node::Let { value, .. } | Node::Evaluate { value } => {
                    exprs.push(value);
                }
                Node::Allocate { .. } => {}
            }
            if let Some(expr) = exprs.iter().find(|expr| expr.index() >= self.n_exprs()) {
                return foreign(expr.to_string());
            }
        }
        Ok(())
    }

    fn verify_buffer(&self, id: BufferId) -> Result<(), VerifyError> {
        let buffer = &self[id];
        let fail = |rule| Err(VerifyError::Buffer { buffer: buffer.name.clone(), rule });
        if buffer.shape.iter().any(|extent| *extent < 1) {
            return fail(Rule::ExtentOfBuffer);
        }
        if buffer.shape.iter().try_fold(1_i64, |n, extent| n.checked_mul(*extent)).is_none() {
            return fail(Rule::NumberOfElements);
        }
        let Some(strides) = &buffer.strides else { return Ok(()) };
        if strides.len() != buffer.shape.len() {
            return fail(Rule::NumberOfStrides);
        }
        if strides.iter().any(|stride| *stride < 0) {
            return fail(Rule::NegativeStride);
        }
        let mut steps = buffer.shape.iter().zip(strides).map(|(extent, stride)| (extent - 1).checked_mul(*stride));
        match steps.try_fold(1_i64, |span, step| span.checked_add(step?)) {
            Some(_) => Ok(()),
            None => fail(Rule::NumberOfElements),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Buffer, DataType};

    /// The builder cannot declare anything twice; a program put together otherwise could.
    #[test]
    fn nothing_is_declared_twice() {
        let built = Program::build("f", |body| {
            let one = body.int(1, DataType::I64);
            body.let_value("t", one);
            body.allocate(Buffer::new("T", DataType::F32, []));
        });
        let program = built.expect("the program is well formed");
        for (index, rule) in [(0, Rule::VariableDeclaredTwice), (1, Rule::BufferDeclaredTwice)] {
            let mut twice = program.clone();
            twice.nodes.push(program.nodes[index].clone());
            twice.ends.push(3);
            assert_eq!(twice.verify(), Err(VerifyError::Node { node: NodeId::new(2), rule }));
        }
        let mut param = program;
        Arc::make_mut(&mut param.params).push(BufferId::new(0));
        let rule = Rule::BufferDeclaredTwice;
        assert_eq!(param.verify(), Err(VerifyError::Node { node: NodeId::new(1), rule }));
    }
}
