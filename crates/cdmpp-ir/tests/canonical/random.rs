//! Random programs from a string of bytes, so that a failing one shrinks.

use cdmpp_ir::{BinaryOp, Body, Buffer, BufferId, DataType, ExprId, LoopHeader, LoopKind, Program, ThreadAxis};

const I64: DataType = DataType::I64;
const KINDS: [LoopKind; 4] = [LoopKind::Serial, LoopKind::Unrolled, LoopKind::Vectorized, LoopKind::Parallel];
const EXTENTS: [i64; 8] = [1, 1, 2, 3, 4, 4, 6, 8];
const FACTORS: [i64; 8] = [1, 2, 3, 4, 6, 8, 12, 16];

/// Reads choices off the bytes; after their end every choice is the first.
struct Choices<'a> {
    bytes: &'a [u8],
    /// Whether all accesses stay inside their buffers, and no loop runs over threads.
    is_bounded: bool,
}

impl Choices<'_> {
    fn below(&mut self, n: usize) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        usize::from(*first) % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A program of integers: loops, guards, stores, lets, every operation. The loops over threads stand outside.
pub(crate) fn program(bytes: &[u8]) -> Program {
    build(Choices { bytes, is_bounded: false })
}

/// The same without loops over threads, and with accesses that stay inside.
pub(crate) fn bounded_program(bytes: &[u8]) -> Program {
    build(Choices { bytes, is_bounded: true })
}

fn build(mut choices: Choices<'_>) -> Program {
    Program::build("random", |body| {
        let buffers = [("a", 2), ("b", 1), ("c", 0)]
            .map(|(name, rank)| (body.param(Buffer::new(name, I64, vec![16; rank])), rank));
        let mut vars = Vec::new();
        if choices.below(4) == 0 && !choices.is_bounded {
            let axes = [ThreadAxis::BlockX, ThreadAxis::ThreadX];
            thread_loops(&mut choices, body, &axes, &mut vars, &buffers);
        } else {
            statements(&mut choices, body, 0, &mut vars, &buffers);
        }
    })
    .unwrap()
}

type Buffers = [(BufferId, usize); 3];

fn thread_loops(
    c: &mut Choices<'_>,
    body: &mut Body<'_>,
    axes: &[ThreadAxis],
    vars: &mut Vec<ExprId>,
    buffers: &Buffers,
) {
    let Some((axis, inner)) = axes.split_first() else { return statements(c, body, 2, vars, buffers) };
    let extent = c.pick(&EXTENTS);
    body.for_extent("t", extent, LoopKind::ThreadBinding(*axis), |body, t| {
        vars.push(t);
        thread_loops(c, body, inner, vars, buffers);
        vars.pop();
    });
}

fn statements(c: &mut Choices<'_>, body: &mut Body<'_>, depth: usize, vars: &mut Vec<ExprId>, buffers: &Buffers) {
    for _ in 0..=c.below(3) {
        match c.below(if depth < 4 { 8 } else { 3 }) {
            0..3 => store(c, body, vars, buffers),
            3 => {
                let condition = condition(c, body, 0, vars);
                let cases = (c.below(2) == 0, vars.len());
                if cases.0 {
                    body.if_then(condition, |body| statements(c, body, depth + 1, vars, buffers));
                } else {
                    body.if_then(condition, |body| statements(c, body, depth + 1, vars, buffers));
                    body.if_then_else(condition, |_| (), |body| statements(c, body, depth + 1, vars, buffers));
                }
            }
            4 => {
                let value = index(c, body, 1, vars);
                let named = body.let_value("x", value);
                vars.push(named);
                store(c, body, vars, buffers);
                vars.pop();
            }
            _ => {
                let extent = body.int(c.pick(&EXTENTS), I64);
                let min = (c.below(3) == 0).then(|| body.int(c.below(4) as i64, I64));
                let header =
                    LoopHeader { name: "i".into(), min, extent, kind: c.pick(&KINDS), annotations: Vec::new() };
                body.for_loop(header, |body, i| {
                    vars.push(i);
                    statements(c, body, depth + 1, vars, buffers);
                    vars.pop();
                });
            }
        }
    }
}

fn store(c: &mut Choices<'_>, body: &mut Body<'_>, vars: &[ExprId], buffers: &Buffers) {
    let (buffer, rank) = c.pick(buffers);
    let indices: Vec<_> = (0..rank).map(|_| place(c, body, 0, vars)).collect();
    let value = value(c, body, 0, vars, buffers);
    body.store(buffer, &indices, value);
}

/// An index of a buffer.
fn place(c: &mut Choices<'_>, body: &mut Body<'_>, depth: usize, vars: &[ExprId]) -> ExprId {
    let index = index(c, body, depth, vars);
    if !c.is_bounded {
        return index;
    }
    let extent = body.int(16, I64);
    body.binary(BinaryOp::FloorMod, index, extent)
}

/// An integer of variables and literals. Divisors are literals above 0.
fn index(c: &mut Choices<'_>, body: &mut Body<'_>, depth: usize, vars: &[ExprId]) -> ExprId {
    let choice = c.below(if depth < 4 { 12 } else { 2 });
    if choice == 0 || vars.is_empty() {
        return body.int(c.below(40) as i64 - 10, I64);
    }
    if choice == 1 {
        return c.pick(vars);
    }
    let lhs = index(c, body, depth + 1, vars);
    let factor = c.pick(&FACTORS);
    match choice {
        2..6 => {
            let op = c.pick(&[BinaryOp::Add, BinaryOp::Add, BinaryOp::Sub, BinaryOp::Min, BinaryOp::Max]);
            let rhs = index(c, body, depth + 1, vars);
            body.binary(op, lhs, rhs)
        }
        _ => {
            let ops = [
                BinaryOp::Mul,
                BinaryOp::Mul,
                BinaryOp::FloorDiv,
                BinaryOp::FloorDiv,
                BinaryOp::FloorMod,
                BinaryOp::FloorMod,
                BinaryOp::Div,
                BinaryOp::Mod,
            ];
            let rhs = body.int(factor, I64);
            body.binary(c.pick(&ops), lhs, rhs)
        }
    }
}

fn condition(c: &mut Choices<'_>, body: &mut Body<'_>, depth: usize, vars: &[ExprId]) -> ExprId {
    match c.below(if depth < 2 { 6 } else { 3 }) {
        3 => {
            let value = condition(c, body, depth + 1, vars);
            body.not(value)
        }
        4 | 5 => {
            let op = c.pick(&[BinaryOp::And, BinaryOp::Or]);
            let lhs = condition(c, body, depth + 1, vars);
            let rhs = condition(c, body, depth + 1, vars);
            body.binary(op, lhs, rhs)
        }
        _ => {
            let ops = [BinaryOp::Lt, BinaryOp::Le, BinaryOp::Gt, BinaryOp::Ge, BinaryOp::Eq, BinaryOp::Ne];
            let lhs = index(c, body, 1, vars);
            let rhs = index(c, body, 3, vars);
            body.binary(c.pick(&ops), lhs, rhs)
        }
    }
}

fn value(c: &mut Choices<'_>, body: &mut Body<'_>, depth: usize, vars: &[ExprId], buffers: &Buffers) -> ExprId {
    match c.below(if depth < 3 { 6 } else { 2 }) {
        0 => index(c, body, 1, vars),
        1 => {
            let (buffer, rank) = c.pick(buffers);
            let indices: Vec<_> = (0..rank).map(|_| place(c, body, 1, vars)).collect();
            body.load(buffer, &indices)
        }
        2 | 3 => {
            let op = c.pick(&[BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Min, BinaryOp::Max]);
            let lhs = value(c, body, depth + 1, vars, buffers);
            let rhs = value(c, body, depth + 1, vars, buffers);
            body.binary(op, lhs, rhs)
        }
        choice => {
            let condition = condition(c, body, 1, vars);
            let then = value(c, body, depth + 1, vars, buffers);
            let otherwise = value(c, body, depth + 1, vars, buffers);
            if choice == 4 { body.select(condition, then, otherwise) } else { body.choose(condition, then, otherwise) }
        }
    }
}
