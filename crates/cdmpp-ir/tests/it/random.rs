//! Random programs for property tests: every kind of statement, expression, type and name.

use cdmpp_ir::{
    Annotation, AnnotationValue, BinaryOp, Body, Buffer, BufferId, DataType, Effect, Expr, ExprId, LoopHeader,
    LoopKind, Program, Scope, ThreadAxis,
};
use proptest::prelude::*;

/// Programs, all of them well formed. They shrink towards few, simple statements.
pub(crate) fn programs() -> impl Strategy<Value = Program> {
    prop::collection::vec(any::<u8>(), 0..600).prop_map(|bytes| program(&bytes))
}

/// The program that a string of choices stands for; where the choices end, every further one is the first.
pub(crate) fn program(choices: &[u8]) -> Program {
    let mut choices = Choices { rest: choices };
    let name = choices.name();
    Program::build(&name, |body| {
        let mut names = Names::default();
        for _ in 0..1 + choices.below(4) {
            let buffer = choices.buffer();
            names.buffers.push((body.param(buffer.clone()), buffer));
        }
        choices.block(body, &mut names, 0);
    })
    .expect("the generator writes well-formed programs")
}

/// What is visible.
#[derive(Clone, Default)]
struct Names {
    buffers: Vec<(BufferId, Buffer)>,
    vars: Vec<ExprId>,
}

struct Choices<'a> {
    rest: &'a [u8],
}

const INTS: [DataType; 8] = [
    DataType::I64,
    DataType::I32,
    DataType::I16,
    DataType::I8,
    DataType::U64,
    DataType::U32,
    DataType::U16,
    DataType::U8,
];

const FLOATS: [DataType; 6] =
    [DataType::F32, DataType::F16, DataType::F64, DataType::BF16, DataType::F8E4M3, DataType::F8E5M2];

const NAMES: [&str; 16] = [
    "a",
    "B",
    "blockIdx.x",
    "for",
    "float32",
    "",
    "odd name",
    "back`tick\\",
    "new\nline\u{7}",
    "ünï",
    "9",
    "inf",
    "nan_f64",
    "a..b",
    "with",
    "strides",
];

const AXES: [ThreadAxis; 10] = [
    ThreadAxis::BlockX,
    ThreadAxis::BlockY,
    ThreadAxis::BlockZ,
    ThreadAxis::ThreadX,
    ThreadAxis::ThreadY,
    ThreadAxis::ThreadZ,
    ThreadAxis::Virtual,
    ThreadAxis::VirtualX,
    ThreadAxis::VirtualY,
    ThreadAxis::VirtualZ,
];

const ARITHMETIC: [BinaryOp; 9] = [
    BinaryOp::Add,
    BinaryOp::Sub,
    BinaryOp::Mul,
    BinaryOp::Div,
    BinaryOp::Mod,
    BinaryOp::FloorDiv,
    BinaryOp::FloorMod,
    BinaryOp::Min,
    BinaryOp::Max,
];

const COMPARISONS: [BinaryOp; 6] = [BinaryOp::Eq, BinaryOp::Ne, BinaryOp::Lt, BinaryOp::Le, BinaryOp::Gt, BinaryOp::Ge];

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((&byte, rest)) => {
                self.rest = rest;
                byte
            }
            None => 0,
        }
    }

    fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    fn of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    fn word(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    fn name(&mut self) -> String {
        self.of(&NAMES).to_owned()
    }

    fn dtype(&mut self) -> DataType {
        match self.below(8) {
            0..=2 => self.of(&FLOATS),
            3..=5 => self.of(&INTS),
            6 => DataType::Bool,
            _ => DataType::Handle,
        }
    }

    fn buffer(&mut self) -> Buffer {
        let shape: Vec<i64> = (0..self.below(4)).map(|_| 1 + self.below(200) as i64).collect();
        let strides = (self.below(3) == 2).then(|| shape.iter().map(|_| self.below(100) as i64).collect());
        let scopes = ["", "shared", "local", "shared.dyn", "odd scope", "for"];
        let scope = Scope::Other(self.of(&scopes).to_owned());
        Buffer { name: self.name(), dtype: self.dtype(), shape, strides, scope }
    }

    fn block(&mut self, body: &mut Body<'_>, names: &mut Names, depth: usize) {
        for _ in 0..self.below(5) {
            self.statement(body, names, depth);
        }
    }

    fn statement(&mut self, body: &mut Body<'_>, names: &mut Names, depth: usize) {
        match self.below(if depth < 6 { 9 } else { 5 }) {
            0 | 1 => {
                let (id, buffer) = self.of(&names.buffers);
                let indices = self.indices(body, names, &buffer);
                let value = self.expr(body, names, buffer.dtype, 0);
                body.store(id, &indices, value);
            }
            2 => {
                let dtype = self.dtype();
                let value = self.expr(body, names, dtype, 0);
                let name = self.name();
                names.vars.push(body.let_value(&name, value));
            }
            3 => {
                let buffer = self.buffer();
                names.buffers.push((body.allocate(buffer.clone()), buffer));
            }
            4 => {
                let dtype = self.dtype();
                let value = self.expr(body, names, dtype, 0);
                body.evaluate(value);
            }
            5 | 6 => {
                let header = self.header(body, names);
                body.for_loop(header, |body, var| {
                    let mut names = names.clone();
                    names.vars.push(var);
                    self.block(body, &mut names, depth + 1);
                });
            }
            7 => {
                let condition = self.expr(body, names, DataType::Bool, 0);
                body.if_then(condition, |body| self.block(body, &mut names.clone(), depth + 1));
            }
            _ => {
                let condition = self.expr(body, names, DataType::Bool, 0);
                let case = |this: &mut Self, body: &mut Body<'_>| -> Result<(), ()> {
                    this.block(body, &mut names.clone(), depth + 1);
                    Ok(())
                };
                let result = body.try_if_then_else(self, condition, case, case);
                assert_eq!(result, Ok(()));
            }
        }
    }

    fn header(&mut self, body: &mut Body<'_>, names: &Names) -> LoopHeader {
        let dtype = self.of(&INTS);
        // What is computed is no literal, so the verifier's rules for literals do not apply to it.
        let extent = match self.below(3) {
            2 => self.computed(body, names, dtype),
            _ => body.int(1 + self.below(127) as i64, dtype),
        };
        let min = match self.below(4) {
            0 | 1 => None,
            2 => Some(body.int(self.below(3) as i64, dtype)),
            _ => Some(self.computed(body, names, dtype)),
        };
        let kind = match self.below(5) {
            0 => LoopKind::Serial,
            1 => LoopKind::Parallel,
            2 => LoopKind::Vectorized,
            3 => LoopKind::Unrolled,
            _ => LoopKind::ThreadBinding(self.of(&AXES)),
        };
        let annotations = (0..self.below(3)).map(|_| {
            let key = self.name();
            let value = match self.below(3) {
                0 => AnnotationValue::Int(self.word() as i64),
                1 => AnnotationValue::Float(f64::from_bits(self.word())),
                _ => AnnotationValue::Str(self.name()),
            };
            Annotation { key, value }
        });
        LoopHeader { annotations: annotations.collect(), name: self.name(), min, extent, kind }
    }

    fn computed(&mut self, body: &mut Body<'_>, names: &Names, dtype: DataType) -> ExprId {
        let (value, one) = (self.expr(body, names, dtype, 0), body.int(1, dtype));
        body.binary(BinaryOp::Max, value, one)
    }

    fn indices(&mut self, body: &mut Body<'_>, names: &Names, buffer: &Buffer) -> Vec<ExprId> {
        let n = if buffer.shape.is_empty() { self.below(2) } else { buffer.shape.len() };
        let index = |_| {
            let dtype = self.of(&INTS);
            self.expr(body, names, dtype, 2)
        };
        (0..n).map(index).collect()
    }

    fn expr(&mut self, body: &mut Body<'_>, names: &Names, dtype: DataType, depth: usize) -> ExprId {
        if depth >= 5 {
            return self.literal(body, dtype);
        }
        let below = depth + 1;
        match self.below(10) {
            0 | 1 => self.literal(body, dtype),
            2 | 3 => {
                let vars: Vec<ExprId> = names.vars.iter().copied().filter(|&var| body.dtype(var) == dtype).collect();
                if vars.is_empty() { self.literal(body, dtype) } else { self.of(&vars) }
            }
            4 => {
                let (_, buffer) = self.of(&names.buffers);
                match names.buffers.iter().find(|(_, found)| found.dtype == dtype).cloned() {
                    Some((id, found)) => {
                        let indices = self.indices(body, names, &found);
                        body.load(id, &indices)
                    }
                    None => {
                        let value = self.expr(body, names, buffer.dtype, below);
                        body.cast(dtype, value)
                    }
                }
            }
            5 => {
                let from = self.dtype();
                let value = self.expr(body, names, from, below);
                body.cast(dtype, value)
            }
            6 => {
                let condition = self.expr(body, names, DataType::Bool, below);
                let (then, otherwise) = (self.expr(body, names, dtype, below), self.expr(body, names, dtype, below));
                if self.below(2) == 0 {
                    body.select(condition, then, otherwise)
                } else {
                    body.choose(condition, then, otherwise)
                }
            }
            7 => {
                let mut args = Vec::new();
                for _ in 0..self.below(3) {
                    let arg = if self.below(4) == 3 {
                        let text = self.name();
                        body.string(&text)
                    } else {
                        let dtype = self.dtype();
                        self.expr(body, names, dtype, below)
                    };
                    args.push(arg);
                }
                let effect = if self.below(2) == 0 { Effect::Pure } else { Effect::Opaque };
                let callee = self.name();
                body.call(&callee, dtype, effect, &args)
            }
            _ => self.operation(body, names, dtype, below),
        }
    }

    fn operation(&mut self, body: &mut Body<'_>, names: &Names, dtype: DataType, depth: usize) -> ExprId {
        let (op, operands) = match dtype {
            DataType::Handle => return self.literal(body, dtype),
            DataType::Bool => match self.below(3) {
                0 => {
                    let value = self.expr(body, names, DataType::Bool, depth);
                    return body.not(value);
                }
                1 => (self.of(&[BinaryOp::And, BinaryOp::Or]), DataType::Bool),
                _ => {
                    let (ints, floats) = (self.of(&INTS), self.of(&FLOATS));
                    (self.of(&COMPARISONS), self.of(&[ints, floats, DataType::Bool]))
                }
            },
            _ => (self.of(&ARITHMETIC), dtype),
        };
        let lhs = self.expr(body, names, operands, depth);
        let rhs = self.expr(body, names, operands, depth);
        let literal = |expr| match *body.expr(expr) {
            Expr::Int { value, .. } => Some(value),
            _ => None,
        };
        // No division by the literal 0, and no constant that may leave its type.
        let op = match (literal(lhs), literal(rhs)) {
            (Some(_), Some(_)) if ARITHMETIC.contains(&op) => BinaryOp::Min,
            (None, Some(0)) if ARITHMETIC.contains(&op) => BinaryOp::Max,
            _ => op,
        };
        body.binary(op, lhs, rhs)
    }

    fn literal(&mut self, body: &mut Body<'_>, dtype: DataType) -> ExprId {
        if dtype.is_float() {
            let special = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324, f64::MAX, 0.1];
            let value = if self.below(2) == 0 { self.of(&special) } else { f64::from_bits(self.word()) };
            return body.float(value, dtype);
        }
        let word = self.word();
        match dtype {
            DataType::Bool => body.bool(word % 2 == 1),
            DataType::I8 => body.int(i64::from(word as i8), dtype),
            DataType::I16 => body.int(i64::from(word as i16), dtype),
            DataType::I32 => body.int(i64::from(word as i32), dtype),
            DataType::I64 => body.int(word as i64, dtype),
            DataType::U8 => body.int(i64::from(word as u8), dtype),
            DataType::U16 => body.int(i64::from(word as u16), dtype),
            DataType::U32 => body.int(i64::from(word as u32), dtype),
            DataType::U64 => body.int((word >> 1) as i64, dtype),
            _ => body.call("null", dtype, Effect::Pure, &[]),
        }
    }
}
