//! Changes integer literals of a program.

use crate::verify::broken_by_literals;
use crate::{Expr, ExprId, Node, Program, Rule, VerifyError};

impl Program {
    /// The same program with other values of some integer literals, wherever they are used: extents and first values of
    /// loops, factors and divisors in indices.
    ///
    /// A literal of the builder is a knob of the program: one that is used for the length of a loop over a tile and for
    /// the distance between tiles changes both. Which shape a buffer needs is up to the caller; the
    /// [canonical form](Self::canonical) cuts an allocation to what is used of it, so that it may be as large as the largest
    /// candidate needs.
    ///
    /// # Errors
    /// [`VerifyError::Literal`] if an expression is no integer literal, the value is not of its type, or a loop would
    /// have no iteration or end beyond 64 bits, a divisor would be 0, or a constant would not fit in its type.
    ///
    /// # Complexity
    /// A copy of the program's arenas.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_ir::{Node, NodeId, Program};
    ///
    /// let program: Program = "program f(A: float32[64]) { for i in 0..16 { A[i] = 0.0 } }".parse()?;
    /// let Some(Node::Loop { extent, .. }) = program.nodes().next().map(|node| &program[node]) else { unreachable!() };
    /// let longer = program.with_literals(&[(*extent, 64)])?;
    /// assert_eq!(longer, "program f(A: float32[64]) { for i in 0..64 { A[i] = 0.0 } }".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_literals(&self, values: &[(ExprId, i64)]) -> Result<Self, VerifyError> {
        let mut changed = self.clone();
        for &(expr, value) in values {
            let fail = |rule| Err(VerifyError::Literal { expr, rule });
            match changed.exprs.get_mut(expr.index()) {
                Some(Expr::Int { dtype, .. }) if !dtype.holds(value) => {
                    return fail(Rule::ValueOfLiteral);
                }
                Some(Expr::Int { value: old, .. }) => *old = value,
                _ => return fail(Rule::NotALiteral),
            }
        }
        for (index, expr) in changed.exprs.iter().enumerate() {
            if let Expr::Binary { op, lhs, rhs } = *expr
                && let Some(rule) = broken_by_literals(&changed, op, lhs, rhs)
            {
                return Err(VerifyError::Literal { expr: ExprId::new(index), rule });
            }
        }
        for node in &changed.nodes {
            let Node::Loop { min, extent, .. } = *node else { continue };
            let fail = |rule| Err(VerifyError::Literal { expr: extent, rule });
            match (changed.as_int(min), changed.as_int(extent)) {
                (_, Some(..=0)) => return fail(Rule::ExtentOfLoop),
                (Some(first), Some(n)) if first.checked_add(n).is_none() => {
                    return fail(Rule::EndOfLoop);
                }
                _ => {}
            }
        }
        Ok(changed)
    }
}
