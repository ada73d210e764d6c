//! The builder: bodies are closures, so what opens also closes.

use std::collections::HashMap;

use crate::{
    Annotation, BinaryOp, Buffer, BufferId, DataType, Effect, Expr, ExprId, ExprList, LoopKind, Node, NodeId, Program,
    Var, VarId, VerifyError,
};

/// The head of a loop, for [`Body::for_loop`].
#[derive(Clone, Debug)]
pub struct LoopHeader {
    /// The loop variable's name; made unique if it is taken.
    pub name: String,
    /// The first value; `None` is 0.
    pub min: Option<ExprId>,
    /// The number of iterations.
    pub extent: ExprId,
    /// How the iterations run.
    pub kind: LoopKind,
    /// Hints to the compiler.
    pub annotations: Vec<Annotation>,
}

/// A body under construction: statements are appended to it, expressions made for it.
///
/// Made by [`Program::build`] and by the methods that open a body ([`for_loop`](Self::for_loop),
/// [`if_then`](Self::if_then), …). Names are made unique by a suffix. Expressions may be used any number of times.
#[derive(Debug)]
pub struct Body<'a> {
    draft: &'a mut Draft,
}

#[derive(Debug)]
struct Draft {
    program: Program,
    /// The names that are taken, each with the last suffix that was tried on it.
    names: HashMap<String, u32>,
}

impl Program {
    /// Builds a program and [verifies](Program::verify) it.
    ///
    /// # Errors
    /// [`VerifyError`] if what the closure wrote breaks a rule of [`Program::verify`].
    ///
    /// # Examples
    /// ```
    /// use cdmpp_ir::{Buffer, DataType, LoopKind, Program};
    ///
    /// let scale = Program::build("scale", |body| {
    ///     let x = body.param(Buffer::new("x", DataType::F32, [1024]));
    ///     let y = body.param(Buffer::new("y", DataType::F32, [1024]));
    ///     body.for_extent("i", 1024, LoopKind::Parallel, |body, i| {
    ///         let xi = body.load(x, &[i]);
    ///         let two = body.float(2.0, DataType::F32);
    ///         let value = body.mul(xi, two);
    ///         body.store(y, &[i], value);
    ///     });
    /// })?;
    /// assert_eq!(scale.n_nodes(), 2);
    /// # Ok::<(), cdmpp_ir::VerifyError>(())
    /// ```
    pub fn build(name: &str, body: impl FnOnce(&mut Body<'_>)) -> Result<Self, VerifyError> {
        Self::try_build(name, |b| {
            body(b);
            Ok(())
        })
    }

    /// Builds and verifies a program with a body that can fail, as a reader's can.
    ///
    /// # Errors
    /// What the closure returns, or the [`VerifyError`] converted.
    pub fn try_build<E: From<VerifyError>>(
        name: &str,
        body: impl FnOnce(&mut Body<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut draft = Draft {
            program: Self {
                name: name.to_owned(),
                params: Vec::new(),
                buffers: Vec::new(),
                vars: Vec::new(),
                exprs: Vec::new(),
                types: Vec::new(),
                lists: Vec::new(),
                nodes: Vec::new(),
                ends: Vec::new(),
            },
            names: HashMap::new(),
        };
        body(&mut Body { draft: &mut draft })?;
        draft.program.verify()?;
        Ok(draft.program)
    }
}

/// Buffers and variables.
impl Body<'_> {
    /// Declares a buffer that the caller passes.
    pub fn param(&mut self, buffer: Buffer) -> BufferId {
        let id = self.buffer(buffer);
        self.draft.program.params.push(id);
        id
    }

    /// Allocates a buffer here; it lives to the end of this body.
    pub fn allocate(&mut self, buffer: Buffer) -> BufferId {
        let buffer = self.buffer(buffer);
        self.leaf(Node::Allocate { buffer });
        buffer
    }

    /// Names a value here, for the rest of this body; returns the variable as an expression.
    pub fn let_value(&mut self, name: &str, value: ExprId) -> ExprId {
        let dtype = self.dtype(value);
        let var = self.variable(name, dtype);
        self.leaf(Node::Let { var, value });
        self.var(var)
    }

    /// The buffer of an id.
    #[must_use]
    pub fn buffer_of(&self, id: BufferId) -> &Buffer {
        &self.draft.program.buffers[id.index()]
    }

    fn buffer(&mut self, mut buffer: Buffer) -> BufferId {
        buffer.name = self.unique(&buffer.name);
        self.draft.program.buffers.push(buffer);
        BufferId::new(self.draft.program.buffers.len() - 1)
    }

    fn variable(&mut self, name: &str, dtype: DataType) -> VarId {
        let name = self.unique(name);
        self.draft.program.vars.push(Var { name, dtype });
        VarId::new(self.draft.program.vars.len() - 1)
    }

    /// A name that no buffer or variable has yet: `name`, or `name_1`, `name_2`, …
    fn unique(&mut self, name: &str) -> String {
        let name = if name.is_empty() { "_" } else { name };
        let names = &mut self.draft.names;
        let mut candidate = name.to_owned();
        while names.contains_key(&candidate) {
            // The suffix is remembered: a program may use one name for thousands of loops.
            let suffix = names.entry(name.to_owned()).or_default();
            *suffix += 1;
            candidate = format!("{name}_{suffix}");
        }
        names.insert(candidate.clone(), 0);
        candidate
    }
}

/// Statements.
impl Body<'_> {
    /// Appends a loop; the closure gets its body and its variable as an expression. Returns what the closure returns.
    pub fn for_loop<R>(&mut self, header: LoopHeader, body: impl FnOnce(&mut Body<'_>, ExprId) -> R) -> R {
        let LoopHeader { name, min, extent, kind, annotations } = header;
        let dtype = self.dtype(extent);
        let min = min.unwrap_or_else(|| self.int(0, dtype));
        let var = self.variable(&name, dtype);
        let value = self.var(var);
        self.open(Node::Loop { var, min, extent, kind, annotations }, |inner, _| body(inner, value))
    }

    /// Appends a loop over `0 .. extent` with an `int64` variable and no hints.
    pub fn for_extent<R>(
        &mut self,
        name: &str,
        extent: i64,
        kind: LoopKind,
        body: impl FnOnce(&mut Body<'_>, ExprId) -> R,
    ) -> R {
        let extent = self.int(extent, DataType::I64);
        let header = LoopHeader { name: name.to_owned(), min: None, extent, kind, annotations: Vec::new() };
        self.for_loop(header, body)
    }

    /// Appends an assignment to one element of a buffer.
    pub fn store(&mut self, buffer: BufferId, indices: &[ExprId], value: ExprId) {
        let indices = self.list(indices);
        self.leaf(Node::Store { buffer, indices, value });
    }

    /// Appends a body that runs if the condition holds.
    pub fn if_then<R>(&mut self, condition: ExprId, then: impl FnOnce(&mut Body<'_>) -> R) -> R {
        self.open(Node::If { condition, otherwise: None }, |inner, _| then(inner))
    }

    /// Appends two bodies of which one runs. Returns what the closures return.
    pub fn if_then_else<R, S>(
        &mut self,
        condition: ExprId,
        then: impl FnOnce(&mut Body<'_>) -> R,
        otherwise: impl FnOnce(&mut Body<'_>) -> S,
    ) -> (R, S) {
        self.open(Node::If { condition, otherwise: None }, |inner, node| {
            let first = then(inner);
            let start = inner.draft.program.nodes.len();
            let second = otherwise(inner);
            if inner.draft.program.nodes.len() > start {
                inner.draft.program.nodes[node.index()] = Node::If { condition, otherwise: Some(NodeId::new(start)) };
            }
            (first, second)
        })
    }

    /// Appends the evaluation of an expression for its effect.
    pub fn evaluate(&mut self, value: ExprId) {
        self.leaf(Node::Evaluate { value });
    }

    fn open<R>(&mut self, node: Node, body: impl FnOnce(&mut Body<'_>, NodeId) -> R) -> R {
        let id = NodeId::new(self.draft.program.nodes.len());
        self.draft.program.nodes.push(node);
        self.draft.program.ends.push(0);
        let result = body(&mut Body { draft: self.draft }, id);
        self.draft.program.ends[id.index()] = NodeId::new(self.draft.program.nodes.len()).index() as u32;
        result
    }

    fn leaf(&mut self, node: Node) {
        self.open(node, |_, _| ());
    }
}

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
        self.push(Expr::Str(text.to_owned()), DataType::Handle)
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
    pub fn call(&mut self, callee: &str, dtype: DataType, effect: Effect, args: &[ExprId]) -> ExprId {
        let args = self.list(args);
        self.push(Expr::Call { callee: callee.to_owned(), dtype, effect, args }, dtype)
    }

    /// The element of a buffer.
    pub fn load(&mut self, buffer: BufferId, indices: &[ExprId]) -> ExprId {
        let dtype = self.buffer_of(buffer).dtype;
        let indices = self.list(indices);
        self.push(Expr::Load { buffer, indices }, dtype)
    }

    fn var(&mut self, var: VarId) -> ExprId {
        let dtype = self.draft.program.vars[var.index()].dtype;
        self.push(Expr::Var(var), dtype)
    }

    fn list(&mut self, exprs: &[ExprId]) -> ExprList {
        let start = ExprId::new(self.draft.program.lists.len()).index() as u32;
        self.draft.program.lists.extend_from_slice(exprs);
        ExprList { start, len: exprs.len() as u32 }
    }

    fn push(&mut self, expr: Expr, dtype: DataType) -> ExprId {
        let id = ExprId::new(self.draft.program.exprs.len());
        self.draft.program.exprs.push(expr);
        self.draft.program.types.push(dtype);
        id
    }
}
