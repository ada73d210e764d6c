//! The builder's expressions.

use super::Body;
use crate::{BinaryOp, BufferId, DataType, Effect, Expr, ExprId, ExprList, VarId};

/// Expressions.
impl Body<'_> {
    /// The type of an expression made before.
    #[must_use]
    pub fn dtype(&self, expr: ExprId) -> DataType {
        self.draft.program.types[expr.index()]
    }

    /// The expression of an id.
    #[must_use]
    pub fn expr(&self, expr: ExprId) -> &Expr {
        &self.draft.program.exprs[expr.index()]
    }

    /// An integer literal.
    pub fn int(&mut self, value: i64, dtype: DataType) -> ExprId {
        self.push(Expr::Int { value, dtype }, dtype)
    }

    /// A truth value.
    pub fn bool(&mut self, value: bool) -> ExprId {
        self.int(i64::from(value), DataType::Bool)
    }

    /// A floating-point literal.
    pub fn float(&mut self, value: f64, dtype: DataType) -> ExprId {
        self.push(Expr::Float { value, dtype }, dtype)
    }

    /// A string literal, for the arguments of [`call`](Self::call).
    pub fn string(&mut self, text: &str) -> ExprId {
        let text = self.interned(text);
        self.push(Expr::Str(text), DataType::Handle)
    }

    /// An operation on two operands of one type; comparisons and logic give `bool`.
    pub fn binary(&mut self, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> ExprId {
        let dtype = if op.is_comparison() || op.is_logical() { DataType::Bool } else { self.dtype(lhs) };
        self.push(Expr::Binary { op, lhs, rhs }, dtype)
    }

    /// `lhs + rhs`
    pub fn add(&mut self, lhs: ExprId, rhs: ExprId) -> ExprId {
        self.binary(BinaryOp::Add, lhs, rhs)
    }

    /// `lhs - rhs`
    pub fn sub(&mut self, lhs: ExprId, rhs: ExprId) -> ExprId {
        self.binary(BinaryOp::Sub, lhs, rhs)
    }

    /// `lhs * rhs`
    pub fn mul(&mut self, lhs: ExprId, rhs: ExprId) -> ExprId {
        self.binary(BinaryOp::Mul, lhs, rhs)
    }

    /// Negation of a truth value.
    pub fn not(&mut self, value: ExprId) -> ExprId {
        self.push(Expr::Not(value), DataType::Bool)
    }

    /// A choice that evaluates both sides.
    pub fn select(&mut self, condition: ExprId, then: ExprId, otherwise: ExprId) -> ExprId {
        let dtype = self.dtype(then);
        self.push(Expr::Select { condition, then, otherwise }, dtype)
    }

    /// A choice that evaluates one side only.
    pub fn choose(&mut self, condition: ExprId, then: ExprId, otherwise: ExprId) -> ExprId {
        let dtype = self.dtype(then);
        self.push(Expr::IfThenElse { condition, then, otherwise }, dtype)
    }

    /// A conversion; returns the value itself if it has the type already.
    pub fn cast(&mut self, dtype: DataType, value: ExprId) -> ExprId {
        if self.dtype(value) == dtype { value } else { self.push(Expr::Cast { dtype, value }, dtype) }
    }

    /// A call of a function that the program does not define.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_ir::{DataType, Effect, Program};
    ///
    /// let program = Program::build("f", |body| {
    ///     let two = body.float(2.0, DataType::F32);
    ///     let root = body.call("sqrt", DataType::F32, Effect::Pure, &[two]);
    ///     body.let_value("root", root);
    ///     let scope = body.string("shared");
    ///     let barrier = body.call("storage_sync", DataType::Handle, Effect::Opaque, &[scope]);
    ///     body.evaluate(barrier);
    /// })?;
    /// assert_eq!(Ok(program), r#"program f() { let root = sqrt(2.0) eval storage_sync!("shared") }"#.parse());
    /// # Ok::<(), cdmpp_ir::VerifyError>(())
    /// ```
    pub fn call(&mut self, callee: &str, dtype: DataType, effect: Effect, args: &[ExprId]) -> ExprId {
        let (callee, args) = (self.interned(callee), self.list(args));
        self.push(Expr::Call { callee, dtype, effect, args }, dtype)
    }

    /// The element of a buffer.
    pub fn load(&mut self, buffer: BufferId, indices: &[ExprId]) -> ExprId {
        let dtype = self.buffer_of(buffer).dtype;
        let indices = self.list(indices);
        self.push(Expr::Load { buffer, indices }, dtype)
    }

    /// The value of a variable.
    pub(crate) fn var(&mut self, var: VarId) -> ExprId {
        let dtype = self.draft.program.vars[var.index()].dtype;
        self.push(Expr::Var(var), dtype)
    }

    pub(super) fn list(&mut self, exprs: &[ExprId]) -> ExprList {
        let start = ExprId::new(self.draft.program.lists.len()).index() as u32;
        self.draft.program.lists.extend_from_slice(exprs);
        ExprList { start, len: exprs.len() as u32 }
    }

    fn push(&mut self, expr: Expr, dtype: DataType) -> ExprId {
        self.draft.program.push_expr(expr, dtype)
    }
}
