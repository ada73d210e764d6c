//! Random scheduled programs from a string of bytes, so that a failing one shrinks: tiles, fused loops, caches, guards and
//! padding, as compilers lower them, and now and then something that no canonical program has.

use cdmpp_ir::{
    Annotation, AnnotationValue, BinaryOp, Body, Buffer, BufferId, DataType, ExprId, LoopHeader, LoopKind, Program,
    Scope, ThreadAxis,
};

const I64: DataType = DataType::I64;
const F32: DataType = DataType::F32;
const KINDS: [LoopKind; 5] =
    [LoopKind::Serial, LoopKind::Serial, LoopKind::Parallel, LoopKind::Vectorized, LoopKind::Unrolled];
const AXES: [ThreadAxis; 4] = [ThreadAxis::BlockX, ThreadAxis::BlockY, ThreadAxis::ThreadX, ThreadAxis::ThreadX];

/// Reads choices off the bytes; after their end every choice is the first.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

impl Choices<'_> {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % n
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A random program.
pub(crate) fn program(choices: &mut Choices<'_>) -> Program {
    let program = Program::build("scheduled", |body| {
        let params = [2, 1].map(|rank| body.param(Buffer::new("x", F32, vec![64; rank])));
        let out = body.param(Buffer::new("y", F32, [64, 64]));
        let mut writer = Writer { choices, params, out, vars: Vec::new(), caches: Vec::new() };
        let n_threads = if writer.choices.below(4) == 0 { 1 + writer.choices.below(3) } else { 0 };
        writer.threads(body, &AXES[..n_threads]);
    });
    program.expect("the program is well formed")
}

struct Writer<'a, 'b> {
    choices: &'a mut Choices<'b>,
    params: [BufferId; 2],
    out: BufferId,
    /// The variables of the loops around.
    vars: Vec<ExprId>,
    /// The allocations that are visible, of one dimension.
    caches: Vec<BufferId>,
}

impl Writer<'_, '_> {
    fn threads(&mut self, body: &mut Body<'_>, axes: &[ThreadAxis]) {
        let Some((axis, inner)) = axes.split_first() else { return self.nest(body, 0) };
        self.for_loop(body, LoopKind::ThreadBinding(*axis), |writer, body| writer.threads(body, inner));
    }

    fn for_loop(&mut self, body: &mut Body<'_>, kind: LoopKind, inner: impl FnOnce(&mut Self, &mut Body<'_>)) {
        let length = self.choices.pick(&[4, 8, 2, 3, 16, 1]);
        let extent = body.int(length, I64);
        let min = (self.choices.below(12) == 11).then(|| body.int(1, I64));
        let step = Annotation { key: "pragma_auto_unroll_max_step".into(), value: AnnotationValue::Int(16) };
        let annotations = if self.choices.below(8) == 7 { vec![step] } else { Vec::new() };
        body.for_loop(LoopHeader { name: "i".into(), min, extent, kind, annotations }, |body, var| {
            self.vars.push(var);
            inner(self, body);
            self.vars.pop();
        });
    }

    /// Loops around loops, with a cache somewhere.
    fn nest(&mut self, body: &mut Body<'_>, depth: usize) {
        let n_caches = self.caches.len();
        if self.choices.below(4) == 3 {
            let scope = self.choices.pick(&[Scope::Global, Scope::Local].each_ref()).clone();
            self.caches.push(body.allocate(Buffer { scope, ..Buffer::new("cache", F32, [64]) }));
        }
        match self.choices.below(if depth < 5 { 6 } else { 1 }) {
            0 if depth > 1 || self.choices.0.is_empty() => {
                for _ in 0..=self.choices.below(2) {
                    self.leaf(body);
                }
            }
            5 => {
                self.leaf(body);
                let kind = self.choices.pick(&KINDS);
                self.for_loop(body, kind, |writer, body| writer.nest(body, depth + 1));
            }
            _ => {
                let kind = self.choices.pick(&KINDS);
                self.for_loop(body, kind, |writer, body| writer.nest(body, depth + 1));
            }
        }
        self.caches.truncate(n_caches);
    }

    /// A store, maybe guarded.
    fn leaf(&mut self, body: &mut Body<'_>) {
        match self.choices.below(12) {
            9 => {
                let condition = self.bound(body);
                body.if_then(condition, |body| self.store(body));
            }
            10 => {
                let condition = self.bound(body);
                let writer = std::cell::RefCell::new(self);
                body.if_then_else(
                    condition,
                    |body| writer.borrow_mut().store(body),
                    |body| writer.borrow_mut().store(body),
                );
            }
            11 => {
                let value = self.index(body);
                let named = body.let_value("t", value);
                self.vars.push(named);
                self.store(body);
                self.vars.pop();
            }
            _ => self.store(body),
        }
    }

    fn store(&mut self, body: &mut Body<'_>) {
        let value = self.value(body, 0);
        match self.caches.last() {
            Some(&cache) if self.choices.below(2) == 1 => {
                let index = self.index(body);
                body.store(cache, &[index], value);
            }
            _ => {
                let indices = [self.index(body), self.index(body)];
                body.store(self.out, &indices, value);
            }
        }
    }

    fn load(&mut self, body: &mut Body<'_>) -> ExprId {
        match self.caches.last() {
            Some(&cache) if self.choices.below(2) == 1 => {
                let index = self.index(body);
                body.load(cache, &[index])
            }
            _ if self.choices.below(2) == 1 => {
                let index = self.index(body);
                body.load(self.params[1], &[index])
            }
            _ => {
                let indices = [self.index(body), self.index(body)];
                body.load(self.params[0], &indices)
            }
        }
    }

    fn value(&mut self, body: &mut Body<'_>, depth: usize) -> ExprId {
        match self.choices.below(if depth < 3 { 8 } else { 3 }) {
            0..3 => self.load(body),
            3 => body.float(0.5, F32),
            4 => {
                let (condition, then) = (self.bound(body), self.load(body));
                let otherwise = body.float(0.0, F32);
                if self.choices.below(8) == 7 {
                    body.select(condition, then, otherwise)
                } else {
                    body.choose(condition, then, otherwise)
                }
            }
            _ => {
                let op = self.choices.pick(&[BinaryOp::Add, BinaryOp::Mul, BinaryOp::Sub, BinaryOp::Max]);
                let (lhs, rhs) = (self.value(body, depth + 1), self.value(body, depth + 1));
                body.binary(op, lhs, rhs)
            }
        }
    }

    /// `c <= x and x < d`, or one of them.
    fn bound(&mut self, body: &mut Body<'_>) -> ExprId {
        let value = self.index(body);
        let least = self.choices.pick(&[1, 2, 0]);
        let least = body.int(least, I64);
        let from_below = body.binary(BinaryOp::Le, least, value);
        let most = self.choices.pick(&[3, 7, 12]);
        let most = body.int(most, I64);
        let from_above = body.binary(BinaryOp::Lt, value, most);
        match self.choices.below(3) {
            0 => from_above,
            1 => from_below,
            _ => body.binary(BinaryOp::And, from_below, from_above),
        }
    }

    /// A sum of variables and digits of variables, times factors that mostly fall.
    fn index(&mut self, body: &mut Body<'_>) -> ExprId {
        let mut sum = None;
        let mut scale = self.choices.pick(&[1, 4, 16, 12]);
        for _ in 0..=self.choices.below(3) {
            if self.vars.is_empty() {
                break;
            }
            let term = self.choices.below(self.vars.len());
            let mut term = self.vars[term];
            for (op, choice) in [(BinaryOp::FloorMod, 6), (BinaryOp::FloorDiv, 7)] {
                if self.choices.below(8) >= choice {
                    let divisor = self.choices.pick(&[4, 2, 3, 8]);
                    let divisor = body.int(divisor, I64);
                    term = body.binary(op, term, divisor);
                }
            }
            if scale > 1 {
                let factor = body.int(scale, I64);
                term = body.mul(term, factor);
            }
            scale = if scale > 4 { scale / 4 } else { 1 };
            sum = Some(match sum {
                None => term,
                Some(before) => body.add(before, term),
            });
        }
        let sum = sum.unwrap_or_else(|| body.int(3, I64));
        if self.choices.below(8) == 7 {
            let offset = body.int(1, I64);
            return body.add(sum, offset);
        }
        sum
    }
}
