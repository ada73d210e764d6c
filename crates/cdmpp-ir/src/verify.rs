//! The verifier: what makes a program well formed.

use crate::{BinaryOp, BufferId, DataType, Expr, ExprId, ExprList, Node, NodeId, Program, VarId};

/// The deepest nesting of statements, and of operators in an expression, that a program may have: recursion over a
/// verified program stays far below any thread's stack.
pub const MAX_DEPTH: usize = 256;

/// The most nodes that all expressions of a program may have when shared operands are counted at every use.
pub const MAX_EXPR_NODES: u64 = 1 << 20;

/// A rule of [`Program::verify`] is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A buffer is malformed: an extent below 1, strides of another rank, more elements than 64 bits count.
    #[error("buffer `{buffer}`: {rule}")]
    Buffer {
        /// The buffer's name.
        buffer: String,
        /// The broken rule.
        rule: &'static str,
    },
    /// A statement breaks a rule.
    #[error("{node}: {rule}")]
    Node {
        /// The statement.
        node: NodeId,
        /// The broken rule.
        rule: &'static str,
    },
    /// An expression in a statement breaks a rule.
    #[error("{node}, {expr}: {rule}")]
    Expr {
        /// The statement.
        node: NodeId,
        /// The expression.
        expr: ExprId,
        /// The broken rule.
        rule: &'static str,
    },
    /// A variable or buffer is used outside the body that declares it.
    #[error("{node}: `{name}` is used outside the body that declares it")]
    OutOfScope {
        /// The statement.
        node: NodeId,
        /// The name of the variable or buffer.
        name: String,
    },
    /// The program is too deep or too large to be walked safely.
    #[error("{node}: {rule}")]
    TooLarge {
        /// The statement.
        node: NodeId,
        /// The broken rule.
        rule: &'static str,
    },
}

impl Program {
    /// Checks that the program is well formed.
    ///
    /// 1. Every buffer has extents of at least 1, as many strides as extents (none negative), and fewer than 2⁶³
    ///    elements.
    /// 2. Every variable and every allocated buffer is used only in the body that declares it, after the declaration;
    ///    nothing is declared twice.
    /// 3. A store and a load have one index a dimension (a scalar takes none, or one), of an integer type.
    /// 4. A stored value has its buffer's type.
    /// 5. The operands of a binary operation have one type: `bool` for logic, a number or `bool` for comparisons, a
    ///    number for the rest. `%`, `//` and truncated remainder take integers or floats alike.
    /// 6. A condition is a `bool`; both sides of a choice have one type.
    /// 7. A loop's `min` and `extent` have one integer type. A literal extent is at least 1, and `min + extent` of
    ///    literals fits in 64 bits.
    /// 8. Strings stand only as arguments of calls.
    /// 9. Statements and operators nest at most [`MAX_DEPTH`] deep, and the expressions written out in full, shared
    ///    operands at each use, have at most [`MAX_EXPR_NODES`] nodes.
    ///
    /// The [builder](Program::build) and all readers call this; it need not be called again.
    ///
    /// # Errors
    /// The first rule that is broken, with its statement.
    ///
    /// # Complexity
    /// O(statements + expressions written out).
    pub fn verify(&self) -> Result<(), VerifyError> {
        self.buffers().try_for_each(|buffer| self.verify_buffer(buffer))?;
        let mut check = Check::new(self);
        for node in self.nodes() {
            check.close_bodies(node);
            if check.open.len() >= MAX_DEPTH {
                return Err(VerifyError::TooLarge { node, rule: "statements nest too deep" });
            }
            check.node(node)?;
        }
        Ok(())
    }

    fn verify_buffer(&self, id: BufferId) -> Result<(), VerifyError> {
        let buffer = &self[id];
        let fail = |rule| Err(VerifyError::Buffer { buffer: buffer.name.clone(), rule });
        if buffer.shape.iter().any(|extent| *extent < 1) {
            return fail("every extent must be at least 1");
        }
        if buffer.shape.iter().try_fold(1_i64, |n, extent| n.checked_mul(*extent)).is_none() {
            return fail("the number of elements must fit in 63 bits");
        }
        match &buffer.strides {
            Some(strides) if strides.len() != buffer.shape.len() => fail("there must be one stride a dimension"),
            Some(strides) if strides.iter().any(|stride| *stride < 0) => fail("strides must not be negative"),
            _ => Ok(()),
        }
    }
}

/// A body that is being walked.
#[derive(Clone, Copy)]
struct OpenBody {
    /// The index after its last statement.
    end: usize,
    /// The first statement of the opposite case, if the body is that of an `If`.
    otherwise: Option<NodeId>,
    /// How many declarations were visible before it.
    n_visible: usize,
}

#[derive(Clone, Copy)]
enum Declaration {
    Var(VarId),
    Buffer(BufferId),
}

/// The state of the walk over the statements.
struct Check<'a> {
    program: &'a Program,
    open: Vec<OpenBody>,
    visible: Vec<Declaration>,
    var_visible: Vec<bool>,
    buffer_visible: Vec<bool>,
    var_declared: Vec<bool>,
    buffer_declared: Vec<bool>,
    /// For every expression, its depth and the number of nodes written out; operands come first in the arena.
    depths: Vec<usize>,
    sizes: Vec<u64>,
    total: u64,
}

impl<'a> Check<'a> {
    fn new(program: &'a Program) -> Self {
        let (n_vars, n_buffers, n_exprs) = (program.n_vars(), program.n_buffers(), program.n_exprs());
        let mut check = Self {
            program,
            open: Vec::new(),
            visible: Vec::new(),
            var_visible: vec![false; n_vars],
            buffer_visible: vec![false; n_buffers],
            var_declared: vec![false; n_vars],
            buffer_declared: vec![false; n_buffers],
            depths: vec![0; n_exprs],
            sizes: vec![0; n_exprs],
            total: 0,
        };
        for &buffer in &program.params {
            check.buffer_visible[buffer.index()] = true;
            check.buffer_declared[buffer.index()] = true;
        }
        for index in 0..n_exprs {
            let (mut depth, mut size) = (0, 1_u64);
            program.for_each_operand(ExprId::new(index), |operand| {
                depth = depth.max(check.depths[operand.index()]);
                size = size.saturating_add(check.sizes[operand.index()]);
            });
            check.depths[index] = depth + 1;
            check.sizes[index] = size;
        }
        check
    }

    /// Closes the bodies that end before `node`, and the first case of an `If` whose second case starts there.
    fn close_bodies(&mut self, node: NodeId) {
        while let Some(&body) = self.open.last()
            && node.index() >= body.end
        {
            self.open.pop();
            self.hide(body.n_visible);
        }
        if let Some(&body) = self.open.last()
            && body.otherwise == Some(node)
        {
            self.hide(body.n_visible);
        }
    }

    fn hide(&mut self, n_visible: usize) {
        for declaration in self.visible.drain(n_visible..) {
            match declaration {
                Declaration::Var(var) => self.var_visible[var.index()] = false,
                Declaration::Buffer(buffer) => self.buffer_visible[buffer.index()] = false,
            }
        }
    }

    fn declare_var(&mut self, node: NodeId, var: VarId) -> Result<(), VerifyError> {
        if std::mem::replace(&mut self.var_declared[var.index()], true) {
            return Err(VerifyError::Node { node, rule: "the variable is declared twice" });
        }
        self.var_visible[var.index()] = true;
        self.visible.push(Declaration::Var(var));
        Ok(())
    }

    fn declare_buffer(&mut self, node: NodeId, buffer: BufferId) -> Result<(), VerifyError> {
        if std::mem::replace(&mut self.buffer_declared[buffer.index()], true) {
            return Err(VerifyError::Node { node, rule: "the buffer is declared twice" });
        }
        self.buffer_visible[buffer.index()] = true;
        self.visible.push(Declaration::Buffer(buffer));
        Ok(())
    }

    fn node(&mut self, node: NodeId) -> Result<(), VerifyError> {
        let program = self.program;
        let fail = |rule| Err(VerifyError::Node { node, rule });
        let mut otherwise_start = None;
        let mut declared = None;
        match program[node] {
            Node::Loop { var, min, extent, .. } => {
                self.expr(node, min)?;
                self.expr(node, extent)?;
                let dtype = program.dtype(extent);
                if !dtype.is_int() || program.dtype(min) != dtype || program[var].dtype != dtype {
                    return fail("a loop's variable, min and extent must have one integer type");
                }
                if program.as_int(extent).is_some_and(|extent| extent < 1) {
                    return fail("a loop's extent must be at least 1");
                }
                let end = program.as_int(min).zip(program.as_int(extent)).map(|(min, n)| min.checked_add(n));
                if end == Some(None) {
                    return fail("a loop's end must fit in 64 bits");
                }
                declared = Some(var);
            }
            Node::Store { buffer, indices, value } => {
                self.expr(node, value)?;
                self.access(node, buffer, indices)?;
                program.list(indices).iter().try_for_each(|index| self.expr(node, *index))?;
                if program.dtype(value) != program[buffer].dtype {
                    return fail("the stored value must have the buffer's type");
                }
            }
            Node::If { condition, otherwise } => {
                self.expr(node, condition)?;
                if program.dtype(condition) != DataType::Bool {
                    return fail("a condition must be a bool");
                }
                otherwise_start = otherwise;
            }
            Node::Let { var, value } => {
                self.expr(node, value)?;
                if program[var].dtype != program.dtype(value) {
                    return fail("a let's variable must have its value's type");
                }
                self.declare_var(node, var)?;
            }
            Node::Allocate { buffer } => self.declare_buffer(node, buffer)?,
            Node::Evaluate { value } => self.expr(node, value)?,
        }
        if matches!(program[node], Node::Loop { .. } | Node::If { .. }) {
            let n_visible = self.visible.len();
            self.open.push(OpenBody { end: program.end(node), otherwise: otherwise_start, n_visible });
        }
        declared.map_or(Ok(()), |var| self.declare_var(node, var))
    }

    /// Checks an expression that a statement uses directly.
    fn expr(&mut self, node: NodeId, expr: ExprId) -> Result<(), VerifyError> {
        if self.depths[expr.index()] > MAX_DEPTH {
            return Err(VerifyError::TooLarge { node, rule: "operators nest too deep" });
        }
        self.total = self.total.saturating_add(self.sizes[expr.index()]);
        if self.total > MAX_EXPR_NODES {
            return Err(VerifyError::TooLarge { node, rule: "the expressions are too large" });
        }
        if matches!(self.program[expr], Expr::Str(_)) {
            return Err(VerifyError::Expr { node, expr, rule: "a string must be an argument of a call" });
        }
        self.operands(node, expr)
    }

    /// Checks an expression and everything below it.
    fn operands(&self, node: NodeId, expr: ExprId) -> Result<(), VerifyError> {
        let program = self.program;
        let fail = |rule| Err(VerifyError::Expr { node, expr, rule });
        let number = |id| program.dtype(id).is_int() || program.dtype(id).is_float();
        match program[expr] {
            Expr::Int { dtype, value } => match dtype {
                DataType::Bool if value != 0 && value != 1 => return fail("a bool is 0 or 1"),
                DataType::Bool => {}
                _ if !dtype.is_int() => return fail("an integer literal must have an integer type"),
                _ => {}
            },
            Expr::Float { dtype, .. } if !dtype.is_float() => {
                return fail("a float literal must have a float type");
            }
            Expr::Float { .. } | Expr::Str(_) => {}
            Expr::Var(var) => {
                if !self.var_visible[var.index()] {
                    return Err(VerifyError::OutOfScope { node, name: program[var].name.clone() });
                }
            }
            Expr::Binary { op, lhs, rhs } => {
                let dtype = program.dtype(lhs);
                if dtype != program.dtype(rhs) {
                    return fail("the operands must have one type");
                }
                let fits = match op {
                    BinaryOp::And | BinaryOp::Or => dtype == DataType::Bool,
                    _ if op.is_comparison() => number(lhs) || dtype == DataType::Bool,
                    _ => number(lhs),
                };
                if !fits {
                    return fail("the operation does not take operands of this type");
                }
            }
            Expr::Not(value) if program.dtype(value) != DataType::Bool => return fail("`not` takes a bool"),
            Expr::Select { condition, then, otherwise } | Expr::IfThenElse { condition, then, otherwise } => {
                if program.dtype(condition) != DataType::Bool {
                    return fail("a condition must be a bool");
                }
                if program.dtype(then) != program.dtype(otherwise) {
                    return fail("both sides of a choice must have one type");
                }
            }
            Expr::Cast { value, .. } if matches!(program[value], Expr::Str(_)) => {
                return fail("a string must be an argument of a call");
            }
            Expr::Load { buffer, indices } => self.access(node, buffer, indices)?,
            Expr::Not(_) | Expr::Cast { .. } | Expr::Call { .. } => {}
        }
        let mut result = Ok(());
        program.for_each_operand(expr, |operand| {
            if result.is_ok() {
                result = self.operands(node, operand);
            }
        });
        result
    }

    fn access(&self, node: NodeId, buffer: BufferId, indices: ExprList) -> Result<(), VerifyError> {
        let program = self.program;
        if !self.buffer_visible[buffer.index()] {
            return Err(VerifyError::OutOfScope { node, name: program[buffer].name.clone() });
        }
        let rank = program[buffer].shape.len();
        if indices.len() != rank && !(rank == 0 && indices.len() == 1) {
            return Err(VerifyError::Node { node, rule: "an access must have one index a dimension" });
        }
        for &index in program.list(indices) {
            if !program.dtype(index).is_int() {
                return Err(VerifyError::Expr { node, expr: index, rule: "an index must be an integer" });
            }
        }
        Ok(())
    }
}
