//! The builder: bodies are closures, so what opens also closes.

mod expression;

use std::collections::HashMap;
use std::sync::Arc;

use crate::{
    Annotation, Buffer, BufferId, DataType, ExprId, LoopKind, Node, NodeId, Program, Scope, StrId, Var, VarId,
    VerifyError,
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
///
/// Every id that is handed in must come from the same program: the methods panic on some ids of another one, and the
/// verifier refuses the rest.
#[derive(Debug)]
pub struct Body<'a> {
    draft: &'a mut Draft,
}

#[derive(Debug)]
struct Draft {
    program: Program,
    /// Every name that is taken, with the suffix that was tried last for it: a thousand loops named `i` cost no more
    /// than a thousand names.
    names: HashMap<String, u32>,
    /// The strings of the program by what they say.
    strings: HashMap<Box<str>, StrId>,
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
                name: name.into(),
                params: Arc::default(),
                buffers: Arc::default(),
                vars: Arc::default(),
                strings: Arc::default(),
                exprs: Vec::new(),
                types: Vec::new(),
                lists: Vec::new(),
                nodes: Vec::new(),
                ends: Vec::new(),
            },
            names: HashMap::new(),
            strings: HashMap::new(),
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
        Arc::make_mut(&mut self.draft.program.params).push(id);
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
        if let Scope::Other(name) = &buffer.scope {
            // One spelling for one scope, so that `Other("shared")` and `Shared` are no different programs.
            buffer.scope = Scope::from_name(name);
        }
        Arc::make_mut(&mut self.draft.program.buffers).push(buffer);
        BufferId::new(self.draft.program.buffers.len() - 1)
    }

    fn variable(&mut self, name: &str, dtype: DataType) -> VarId {
        let name = self.unique(name);
        Arc::make_mut(&mut self.draft.program.vars).push(Var { name, dtype });
        VarId::new(self.draft.program.vars.len() - 1)
    }

    /// The id of a string, which is kept once.
    fn interned(&mut self, text: &str) -> StrId {
        let Draft { program, strings, .. } = &mut *self.draft;
        if let Some(known) = strings.get(text) {
            return *known;
        }
        let id = StrId::new(program.strings.len());
        Arc::make_mut(&mut program.strings).push(text.into());
        strings.insert(text.into(), id);
        id
    }

    /// A name that no buffer or variable has yet: `name`, or `name_1`, `name_2`, …
    fn unique(&mut self, name: &str) -> String {
        let name = if name.is_empty() { "_" } else { name };
        let names = &mut self.draft.names;
        let Some(mut suffix) = names.get(name).copied() else {
            names.insert(name.to_owned(), 0);
            return name.to_owned();
        };
        loop {
            suffix += 1;
            let candidate = format!("{name}_{suffix}");
            if !names.contains_key(&candidate) {
                names.insert(candidate.clone(), 0);
                names.insert(name.to_owned(), suffix);
                return candidate;
            }
        }
    }
}

/// Statements.
impl Body<'_> {
    /// Appends a loop; the closure gets its body and its variable as an expression. Returns what the closure returns.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_ir::{Annotation, AnnotationValue, DataType, LoopHeader, LoopKind, Program};
    ///
    /// let program = Program::build("f", |body| {
    ///     let (min, extent) = (body.int(4, DataType::I32), body.int(12, DataType::I32));
    ///     let hint = Annotation { key: "auto_unroll".into(), value: AnnotationValue::Int(16) };
    ///     let kind = LoopKind::Parallel;
    ///     let header = LoopHeader { name: "i".into(), min: Some(min), extent, kind, annotations: vec![hint] };
    ///     body.for_loop(header, |body, i| body.evaluate(i));
    /// })?;
    /// let text = "program f() { for i in 4i32..+12i32 parallel with auto_unroll = 16 { eval i } }";
    /// assert_eq!(Ok(program), text.parse());
    /// # Ok::<(), cdmpp_ir::VerifyError>(())
    /// ```
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

    /// Appends two bodies of which one runs. Returns what the closures return. An opposite case without statements is
    /// none.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_ir::{BinaryOp, Buffer, DataType, LoopKind, Program};
    ///
    /// let program = Program::build("f", |body| {
    ///     let a = body.param(Buffer::new("A", DataType::I64, [8]));
    ///     body.for_extent("i", 8, LoopKind::Serial, |body, i| {
    ///         let four = body.int(4, DataType::I64);
    ///         let low = body.binary(BinaryOp::Lt, i, four);
    ///         body.if_then_else(low, |body| body.store(a, &[i], i), |body| body.store(a, &[i], four));
    ///     });
    /// })?;
    /// let text = "program f(A: int64[8]) { for i in 0..8 { if i < 4 { A[i] = i } else { A[i] = 4 } } }";
    /// assert_eq!(Ok(program), text.parse());
    /// # Ok::<(), cdmpp_ir::VerifyError>(())
    /// ```
    pub fn if_then_else<R, S>(
        &mut self,
        condition: ExprId,
        then: impl FnOnce(&mut Body<'_>) -> R,
        otherwise: impl FnOnce(&mut Body<'_>) -> S,
    ) -> (R, S) {
        self.open(Node::If { condition, otherwise: None }, |inner, node| {
            let first = then(inner);
            let second = inner.opposite_case(node, otherwise);
            (first, second)
        })
    }

    /// Appends two bodies of which one runs, written by closures that can fail and share a state, as a reader's do: the
    /// state is lent to one after the other, and an error of the first skips the second.
    ///
    /// # Errors
    /// What the closures return.
    pub fn try_if_then_else<T, E>(
        &mut self,
        state: &mut T,
        condition: ExprId,
        then: impl FnOnce(&mut T, &mut Body<'_>) -> Result<(), E>,
        otherwise: impl FnOnce(&mut T, &mut Body<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open(Node::If { condition, otherwise: None }, |inner, node| {
            then(state, inner)?;
            inner.opposite_case(node, |inner| otherwise(state, inner))
        })
    }

    /// Appends the opposite case of an open `If`; one without statements leaves no trace.
    fn opposite_case<R>(&mut self, node: NodeId, body: impl FnOnce(&mut Body<'_>) -> R) -> R {
        let start = self.draft.program.nodes.len();
        let result = body(self);
        if self.draft.program.nodes.len() > start
            && let Node::If { otherwise, .. } = &mut self.draft.program.nodes[node.index()]
        {
            *otherwise = Some(NodeId::new(start));
        }
        result
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
