//! The walk of the verifier over statements and expressions.

use crate::{
    BinaryOp, BufferId, DataType, Expr, ExprId, ExprList, MAX_DEPTH, MAX_EXPR_NODES, MAX_STORES, Node, NodeId, Program,
    Rule, VarId, VerifyError,
};

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
pub(super) struct Check<'a> {
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
    n_stores: usize,
}

impl<'a> Check<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
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
            n_stores: 0,
        };
        for &buffer in program.params() {
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
            return Err(VerifyError::Node { node, rule: Rule::VariableDeclaredTwice });
        }
        self.var_visible[var.index()] = true;
        self.visible.push(Declaration::Var(var));
        Ok(())
    }

    fn declare_buffer(&mut self, node: NodeId, buffer: BufferId) -> Result<(), VerifyError> {
        if std::mem::replace(&mut self.buffer_declared[buffer.index()], true) {
            return Err(VerifyError::Node { node, rule: Rule::BufferDeclaredTwice });
        }
        self.buffer_visible[buffer.index()] = true;
        self.visible.push(Declaration::Buffer(buffer));
        Ok(())
    }

    /// Checks the next statement.
    pub(super) fn node(&mut self, node: NodeId) -> Result<(), VerifyError> {
        self.close_bodies(node);
        if self.open.len() >= MAX_DEPTH {
            return Err(VerifyError::TooLarge { node, rule: Rule::DepthOfStatements });
        }
        let program = self.program;
        let fail = |rule| Err(VerifyError::Node { node, rule });
        let mut otherwise_start = None;
        let mut declared = None;
        match program[node] {
            Node::Loop { var, min, extent, .. } => {
                let dtype = program.dtype(extent);
                if !dtype.is_int() || program.dtype(min) != dtype || program[var].dtype != dtype {
                    return fail(Rule::TypesOfLoop);
                }
                self.expr(node, min)?;
                self.expr(node, extent)?;
                if program.as_int(extent).is_some_and(|extent| extent < 1) {
                    return fail(Rule::ExtentOfLoop);
                }
                let end = program.as_int(min).zip(program.as_int(extent)).map(|(min, n)| min.checked_add(n));
                if end == Some(None) {
                    return fail(Rule::EndOfLoop);
                }
                declared = Some(var);
            }
            Node::Store { buffer, indices, value } => {
                self.n_stores += 1;
                if self.n_stores > MAX_STORES {
                    return Err(VerifyError::TooLarge { node, rule: Rule::NumberOfStores });
                }
                self.expr(node, value)?;
                self.access(node, buffer, indices)?;
                program.list(indices).iter().try_for_each(|index| self.expr(node, *index))?;
                if program.dtype(value) != program[buffer].dtype {
                    return fail(Rule::TypeOfStore);
                }
            }
            Node::If { condition, otherwise } => {
                self.expr(node, condition)?;
                if program.dtype(condition) != DataType::Bool {
                    return fail(Rule::TypeOfCondition);
                }
                otherwise_start = otherwise;
            }
            Node::Let { var, value } => {
                self.expr(node, value)?;
                if program[var].dtype != program.dtype(value) {
                    return fail(Rule::TypeOfLet);
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
            return Err(VerifyError::TooLarge { node, rule: Rule::DepthOfOperators });
        }
        self.total = self.total.saturating_add(self.sizes[expr.index()]);
        if self.total > MAX_EXPR_NODES {
            return Err(VerifyError::TooLarge { node, rule: Rule::SizeOfExpressions });
        }
        if self.is_string(expr) {
            return Err(VerifyError::Expr { node, expr, rule: Rule::PlaceOfString });
        }
        self.operands(node, expr)
    }

    /// Checks an expression and everything below it.
    fn operands(&self, node: NodeId, expr: ExprId) -> Result<(), VerifyError> {
        let program = self.program;
        let fail = |rule| Err(VerifyError::Expr { node, expr, rule });
        let number = |id| program.dtype(id).is_int() || program.dtype(id).is_float();
        match program[expr] {
            Expr::Int { dtype, value } if !dtype.holds(value) => {
                return fail(Rule::IntegerLiteral);
            }
            Expr::Float { dtype, .. } if !dtype.is_float() => {
                return fail(Rule::FloatLiteral);
            }
            Expr::Int { .. } | Expr::Float { .. } | Expr::Str(_) => {}
            Expr::Var(var) => {
                if !self.var_visible[var.index()] {
                    return Err(VerifyError::OutOfScope { node, name: program[var].name.clone() });
                }
            }
            Expr::Binary { op, lhs, rhs } => {
                let dtype = program.dtype(lhs);
                if dtype != program.dtype(rhs) {
                    return fail(Rule::TypesOfOperands);
                }
                let fits = match op {
                    BinaryOp::And | BinaryOp::Or => dtype == DataType::Bool,
                    _ if op.is_comparison() => number(lhs) || dtype == DataType::Bool,
                    _ => number(lhs),
                };
                if !fits {
                    return fail(Rule::TypeOfOperation);
                }
                if let Some(rule) = broken_by_literals(program, op, lhs, rhs) {
                    return fail(rule);
                }
            }
            Expr::Not(value) if program.dtype(value) != DataType::Bool => return fail(Rule::TypeOfNegation),
            Expr::Select { condition, then, otherwise } | Expr::IfThenElse { condition, then, otherwise } => {
                if program.dtype(condition) != DataType::Bool {
                    return fail(Rule::TypeOfCondition);
                }
                if program.dtype(then) != program.dtype(otherwise) {
                    return fail(Rule::TypesOfChoice);
                }
                if [then, otherwise].iter().any(|side| self.is_string(*side)) {
                    return fail(Rule::PlaceOfString);
                }
            }
            Expr::Cast { value, .. } if self.is_string(value) => return fail(Rule::PlaceOfString),
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

    fn is_string(&self, expr: ExprId) -> bool {
        matches!(self.program[expr], Expr::Str(_))
    }

    fn access(&self, node: NodeId, buffer: BufferId, indices: ExprList) -> Result<(), VerifyError> {
        let program = self.program;
        if !self.buffer_visible[buffer.index()] {
            return Err(VerifyError::OutOfScope { node, name: program[buffer].name.clone() });
        }
        let rank = program[buffer].shape.len();
        if indices.len() != rank && !(rank == 0 && indices.len() == 1) {
            return Err(VerifyError::Node { node, rule: Rule::NumberOfIndices });
        }
        for &index in program.list(indices) {
            if !program.dtype(index).is_int() {
                return Err(VerifyError::Expr { node, expr: index, rule: Rule::TypeOfIndex });
            }
        }
        Ok(())
    }
}

/// The rule that an operation of integers breaks because of the literals in it.
pub(crate) fn broken_by_literals(program: &Program, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> Option<Rule> {
    let dtype = program.dtype(lhs);
    if !dtype.is_int() {
        return None;
    }
    let (a, b) = (program.as_int(lhs), constant(program, rhs));
    if op.divides() && b == Some(0) {
        return Some(Rule::DivisionByZero);
    }
    let fits = match op {
        BinaryOp::Add => constant(program, lhs)?.checked_add(b?),
        BinaryOp::Sub => constant(program, lhs)?.checked_sub(b?),
        BinaryOp::Mul => constant(program, lhs)?.checked_mul(b?),
        BinaryOp::Div | BinaryOp::FloorDiv => a?.checked_div(b?),
        _ => return None,
    };
    let fits = fits.is_some_and(|value| dtype.holds(value));
    (!fits).then_some(Rule::ConstantOverflow)
}

/// The value of an integer literal, or of a sum, difference or product of literals.
fn constant(program: &Program, expr: ExprId) -> Option<i64> {
    match program[expr] {
        Expr::Int { value, .. } => Some(value),
        Expr::Binary { op, lhs, rhs } if program.dtype(lhs).is_int() => {
            let operation = match op {
                BinaryOp::Add => i64::checked_add,
                BinaryOp::Sub => i64::checked_sub,
                BinaryOp::Mul => i64::checked_mul,
                _ => return None,
            };
            operation(constant(program, lhs)?, constant(program, rhs)?)
        }
        _ => None,
    }
}
