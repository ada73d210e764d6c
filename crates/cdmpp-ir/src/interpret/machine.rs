//! The walk over statements and expressions, with a memory that may be real or only a check of bounds.

use super::InterpretError;
use super::value::{Value, binary, convert, rounded};
use crate::{BufferId, DataType, Effect, Expr, ExprId, ExprList, LoopKind, Node, NodeId, Program, ThreadAxis};

/// Why the walk stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    Steps,
    Error(Box<InterpretError>),
}

impl From<InterpretError> for Failure {
    fn from(error: InterpretError) -> Self {
        Self::Error(Box::new(error))
    }
}

/// What the machine does with memory and with the world outside. An index or a value may be unknown.
pub(crate) trait Memory {
    fn allocate(&mut self, buffer: BufferId) -> Result<(), Failure>;
    fn load(&mut self, node: NodeId, buffer: BufferId, indices: &[Value]) -> Result<Value, Failure>;
    fn store(&mut self, node: NodeId, buffer: BufferId, indices: &[Value], value: Value) -> Result<(), Failure>;
    /// A pure call.
    fn call(
        &mut self,
        node: NodeId,
        callee: &str,
        dtype: DataType,
        args: &[(Value, DataType)],
    ) -> Result<Value, Failure>;
    /// An opaque call, or one with a string.
    fn opaque(&mut self, node: NodeId, callee: &str) -> Result<Value, Failure>;
    /// A value of a type without arithmetic.
    fn untyped(&mut self, node: NodeId, dtype: DataType) -> Result<Value, Failure>;
    fn division_by_zero(&mut self, node: NodeId) -> Result<Value, Failure>;
    fn thread_loop(&mut self, node: NodeId, axis: ThreadAxis) -> Result<(), Failure>;

    /// Whether a statement and what is in it must run.
    fn is_needed(&self, _node: NodeId) -> bool {
        true
    }

    /// What runs from here on, until the next call with `false`, may not run in fact.
    fn set_doubtful(&mut self, _is_doubtful: bool) -> bool {
        false
    }

    /// A loop of an unknown length is passed over.
    fn unknown_loop(&mut self, _node: NodeId) {}
}

/// A run of a program.
pub(crate) struct Machine<'a, M> {
    program: &'a Program,
    vars: Vec<Value>,
    pub(crate) memory: M,
    steps_left: u64,
}

impl<'a, M: Memory> Machine<'a, M> {
    pub(crate) fn new(program: &'a Program, memory: M, max_steps: u64) -> Self {
        Self { program, vars: vec![Value::Unknown; program.n_vars()], memory, steps_left: max_steps }
    }

    pub(crate) fn run(&mut self) -> Result<(), Failure> {
        self.statements(0, self.program.n_nodes())
    }

    fn step(&mut self) -> Result<(), Failure> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(Failure::Steps)?;
        Ok(())
    }

    /// Runs the statements that stand side by side between two indices.
    fn statements(&mut self, start: usize, end: usize) -> Result<(), Failure> {
        let mut next = start;
        while next < end {
            let node = NodeId::new(next);
            next = self.program.end(node);
            if self.memory.is_needed(node) {
                self.statement(node)?;
            }
        }
        Ok(())
    }

    fn statement(&mut self, node: NodeId) -> Result<(), Failure> {
        self.step()?;
        let (program, end) = (self.program, self.program.end(node));
        match program[node] {
            Node::Loop { var, min, extent, kind, .. } => {
                if let LoopKind::ThreadBinding(axis) = kind {
                    self.memory.thread_loop(node, axis)?;
                }
                let dtype = program[var].dtype;
                let (Value::Int(min), Value::Int(extent)) = (self.value(node, min)?, self.value(node, extent)?) else {
                    self.memory.unknown_loop(node);
                    return Ok(());
                };
                for value in min..min.saturating_add(extent) {
                    // An empty body would otherwise cost no step.
                    self.step()?;
                    self.vars[var.index()] = convert(Value::Int(value), DataType::I64, dtype);
                    self.statements(node.index() + 1, end)?;
                }
            }
            Node::If { condition, otherwise } => {
                let middle = otherwise.map_or(end, NodeId::index);
                match self.value(node, condition)?.as_truth() {
                    Some(true) => self.statements(node.index() + 1, middle)?,
                    Some(false) => self.statements(middle, end)?,
                    None => {
                        let before = self.memory.set_doubtful(true);
                        self.statements(node.index() + 1, end)?;
                        self.memory.set_doubtful(before);
                    }
                }
            }
            Node::Store { buffer, indices, value } => {
                let value = self.value(node, value)?;
                let indices = self.values(node, indices)?;
                self.memory.store(node, buffer, &indices, value)?;
            }
            Node::Let { var, value } => self.vars[var.index()] = self.value(node, value)?,
            Node::Allocate { buffer } => self.memory.allocate(buffer)?,
            Node::Evaluate { value } => drop(self.value(node, value)?),
        }
        Ok(())
    }

    fn values(&mut self, node: NodeId, list: ExprList) -> Result<Vec<Value>, Failure> {
        let program = self.program;
        program.list(list).iter().map(|&expr| self.value(node, expr)).collect()
    }

    fn value(&mut self, node: NodeId, expr: ExprId) -> Result<Value, Failure> {
        self.step()?;
        let program = self.program;
        match program[expr] {
            Expr::Int { value, .. } => Ok(Value::Int(i128::from(value))),
            Expr::Float { value, dtype } => Ok(Value::Float(rounded(value, dtype))),
            Expr::Str(_) => self.memory.untyped(node, program.dtype(expr)),
            Expr::Var(var) => Ok(self.vars[var.index()]),
            Expr::Binary { op, lhs, rhs } => {
                let a = self.value(node, lhs)?;
                // As in C, the right side only counts where the left one does not decide.
                if op.is_logical() {
                    let decides = op == crate::BinaryOp::Or;
                    return match a.as_truth() {
                        Some(a) if a == decides => Ok(Value::from(decides)),
                        Some(_) => self.value(node, rhs),
                        None => {
                            self.doubtfully(node, rhs)?;
                            Ok(Value::Unknown)
                        }
                    };
                }
                let b = self.value(node, rhs)?;
                match binary(op, a, b, program.dtype(lhs)) {
                    Some(value) => Ok(value),
                    None => self.memory.division_by_zero(node),
                }
            }
            Expr::Not(value) => {
                let value = self.value(node, value)?;
                Ok(value.as_truth().map_or(Value::Unknown, |value| Value::from(!value)))
            }
            Expr::Select { condition, then, otherwise } => {
                let condition = self.value(node, condition)?.as_truth();
                let (then, otherwise) = (self.value(node, then)?, self.value(node, otherwise)?);
                Ok(condition.map_or(Value::Unknown, |condition| if condition { then } else { otherwise }))
            }
            Expr::IfThenElse { condition, then, otherwise } => match self.value(node, condition)?.as_truth() {
                Some(condition) => self.value(node, if condition { then } else { otherwise }),
                None => {
                    self.doubtfully(node, then)?;
                    self.doubtfully(node, otherwise)?;
                    Ok(Value::Unknown)
                }
            },
            Expr::Cast { dtype, value } => {
                let from = program.dtype(value);
                let value = self.value(node, value)?;
                if dtype == DataType::Handle || from == DataType::Handle {
                    return self.memory.untyped(node, DataType::Handle);
                }
                Ok(convert(value, from, dtype))
            }
            Expr::Call { callee, dtype, effect, args } => {
                let exprs = program.list(args);
                let mut values = Vec::with_capacity(exprs.len());
                for &arg in exprs.iter().filter(|arg| !matches!(program[**arg], Expr::Str(_))) {
                    values.push((self.value(node, arg)?, program.dtype(arg)));
                }
                if effect == Effect::Opaque || values.len() < exprs.len() {
                    return self.memory.opaque(node, &program[callee]);
                }
                self.memory.call(node, &program[callee], dtype, &values)
            }
            Expr::Load { buffer, indices } => {
                let indices = self.values(node, indices)?;
                self.memory.load(node, buffer, &indices)
            }
        }
    }

    /// Evaluates what may not be evaluated in fact.
    fn doubtfully(&mut self, node: NodeId, expr: ExprId) -> Result<Value, Failure> {
        let before = self.memory.set_doubtful(true);
        let value = self.value(node, expr);
        self.memory.set_doubtful(before);
        value
    }
}
