//! Runs programs of integers.

use std::collections::BTreeMap;

use cdmpp_ir::{BinaryOp, BufferId, Expr, ExprId, ExprList, Node, NodeId, Program, VarId};

/// What a program changes in its parameters. An index may be anything.
pub(crate) type Memory = BTreeMap<(usize, Vec<i64>), i64>;

/// Runs a program on buffers of which every element has a value of its own.
pub(crate) fn run(program: &Program) -> Memory {
    let mut machine = Machine { program, vars: vec![0; program.n_vars()], memory: Memory::new() };
    machine.statements(0, program.n_nodes());
    let params = program.params();
    let changed = |(buffer, indices): &(usize, Vec<i64>), value: &i64| {
        *value != initial(*buffer, indices) && params.iter().any(|param| param.index() == *buffer)
    };
    machine.memory.into_iter().filter(|(place, value)| changed(place, value)).collect()
}

struct Machine<'a> {
    program: &'a Program,
    vars: Vec<i64>,
    memory: Memory,
}

impl Machine<'_> {
    fn statements(&mut self, start: usize, end: usize) {
        let mut next = start;
        while next < end {
            let index = next;
            let node = self.program.nodes().nth(index).unwrap();
            next = self.program.end(node);
            self.statement(node);
        }
    }

    fn statement(&mut self, node: NodeId) {
        let (program, end) = (self.program, self.program.end(node));
        match program[node] {
            Node::Loop { var, min, extent, .. } => {
                let min = self.value(min);
                for value in min..min + self.value(extent) {
                    self.vars[var.index()] = value;
                    self.statements(node.index() + 1, end);
                }
            }
            Node::If { condition, otherwise } => {
                let middle = otherwise.map_or(end, NodeId::index);
                let holds = self.value(condition) != 0;
                let (start, end) = if holds { (node.index() + 1, middle) } else { (middle, end) };
                self.statements(start, end);
            }
            Node::Store { buffer, indices, value } => {
                let place = (buffer.index(), self.indices(indices));
                let value = self.value(value);
                self.memory.insert(place, value);
            }
            Node::Let { var, value } => self.bind(var, value),
            _ => {}
        }
    }

    fn bind(&mut self, var: VarId, value: ExprId) {
        self.vars[var.index()] = self.value(value);
    }

    fn indices(&self, indices: ExprList) -> Vec<i64> {
        self.program.list(indices).iter().map(|&index| self.value(index)).collect()
    }

    fn load(&self, buffer: BufferId, indices: Vec<i64>) -> i64 {
        let place = (buffer.index(), indices);
        self.memory.get(&place).copied().unwrap_or_else(|| initial(place.0, &place.1))
    }

    fn value(&self, expr: ExprId) -> i64 {
        match self.program[expr] {
            Expr::Int { value, .. } => value,
            Expr::Var(var) => self.vars[var.index()],
            Expr::Binary { op, lhs, rhs } => binary(op, self.value(lhs), self.value(rhs)),
            Expr::Not(value) => i64::from(self.value(value) == 0),
            Expr::Select { condition, then, otherwise } | Expr::IfThenElse { condition, then, otherwise } => {
                self.value(if self.value(condition) != 0 { then } else { otherwise })
            }
            Expr::Load { buffer, indices } => self.load(buffer, self.indices(indices)),
            _ => unreachable!("random programs have no such expression"),
        }
    }
}

/// The value of an element that nothing was stored to.
fn initial(buffer: usize, indices: &[i64]) -> i64 {
    indices.iter().fold(buffer as i64 + 1, |hash, index| hash.wrapping_mul(31).wrapping_add(*index))
}

fn binary(op: BinaryOp, a: i64, b: i64) -> i64 {
    match op {
        BinaryOp::Add => a.wrapping_add(b),
        BinaryOp::Sub => a.wrapping_sub(b),
        BinaryOp::Mul => a.wrapping_mul(b),
        BinaryOp::Div => a / b,
        BinaryOp::Mod => a % b,
        BinaryOp::FloorDiv => a.div_euclid(b),
        BinaryOp::FloorMod => a.rem_euclid(b),
        BinaryOp::Min => a.min(b),
        BinaryOp::Max => a.max(b),
        BinaryOp::Eq => i64::from(a == b),
        BinaryOp::Ne => i64::from(a != b),
        BinaryOp::Lt => i64::from(a < b),
        BinaryOp::Le => i64::from(a <= b),
        BinaryOp::Gt => i64::from(a > b),
        BinaryOp::Ge => i64::from(a >= b),
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        _ => unreachable!("every operation is listed"),
    }
}
