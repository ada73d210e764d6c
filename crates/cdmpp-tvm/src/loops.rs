//! Reads `for` loops of every kind.

use cdmpp_ir::{
    Annotation, AnnotationValue, BinaryOp, Body, DataType, Expr as IrExpr, ExprId, LoopHeader, LoopKind, ThreadAxis,
};
use ruff_python_ast::{Expr, ExprCall, StmtFor};
use ruff_text_size::Ranged;

use crate::arith;
use crate::binding::name_of;
use crate::error::{Fault, Read};
use crate::function::Reader;
use crate::value::Value;

/// A loop to be opened: its name, its bounds and its step.
#[derive(Clone, Debug)]
struct Head<'a> {
    name: &'a str,
    min: ExprId,
    extent: ExprId,
    /// The distance of neighbouring values, if it is not 1.
    step: Option<i64>,
}

const LOOPS: &str = "`range`, `T.serial`, `T.grid`, `T.parallel`, `T.vectorized`, `T.unroll` or `T.thread_binding`";

impl<'a> Reader<'a> {
    /// `for target in iter: …`
    pub(crate) fn for_loop(&mut self, body: &mut Body<'_>, stmt: &'a StmtFor) -> Read<()> {
        if let Some(other) = stmt.orelse.first() {
            return Err(Fault::unsupported(other, "`else` after a loop"));
        }
        let Expr::Call(call) = &*stmt.iter else {
            return Err(Fault::expected(&*stmt.iter, LOOPS, "another expression"));
        };
        let kind = match (self.script_path(&call.func), &*call.func) {
            (Some(("", "grid")), _) => {
                let heads = self.grid(body, stmt, call)?;
                return self.nest(body, stmt, &heads, LoopKind::Serial, Vec::new());
            }
            (Some(("", "serial")), _) => LoopKind::Serial,
            (Some(("", "parallel")), _) => LoopKind::Parallel,
            (Some(("", "vectorized")), _) => LoopKind::Vectorized,
            (Some(("", "unroll")), _) => LoopKind::Unrolled,
            (Some(("", "thread_binding")), _) => LoopKind::ThreadBinding(self.thread_argument(body, call)?),
            (None, Expr::Name(name)) if name.id.as_str() == "range" => LoopKind::Serial,
            _ => return Err(Fault::expected(&*stmt.iter, LOOPS, "another call")),
        };
        let head = self.single(body, stmt, call, kind)?;
        let annotations = self.annotations(body, call)?;
        self.nest(body, stmt, &[head], kind, annotations)
    }

    /// Opens the loops and reads the body.
    fn nest(
        &mut self,
        body: &mut Body<'_>,
        stmt: &'a StmtFor,
        heads: &[Head<'a>],
        kind: LoopKind,
        annotations: Vec<Annotation>,
    ) -> Read<()> {
        match heads {
            [] => self.suite(body, &stmt.body),
            [head, inner @ ..] => self.open_loop(body, &*stmt.iter, head, kind, annotations, |reader, body| {
                reader.nest(body, stmt, inner, kind, Vec::new())
            }),
        }
    }

    fn open_loop(
        &mut self,
        body: &mut Body<'_>,
        at: &impl Ranged,
        head: &Head<'a>,
        kind: LoopKind,
        mut annotations: Vec<Annotation>,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        if let IrExpr::Int { value, .. } = *body.expr(head.extent)
            && value < 1
        {
            return Err(Fault::expected(at, "at least one iteration", format!("an extent of {value}")));
        }
        let pragmas = std::mem::take(&mut self.pragmas);
        annotations.extend(pragmas.iter().cloned());
        let (min, extent) = match head.step {
            // The loop counts steps.
            Some(_) => (None, head.extent),
            None => (Some(head.min), head.extent),
        };
        let header = LoopHeader { name: head.name.to_owned(), min, extent, kind, annotations };
        let result = self.inside(at, |reader| {
            body.for_loop(header, |body, var| {
                let value = match head.step {
                    Some(step) => {
                        let dtype = body.dtype(var);
                        let step = body.int(step, dtype);
                        let offset = body.mul(var, step);
                        arith::binary(body, at, BinaryOp::Add, head.min, offset)?
                    }
                    None => var,
                };
                reader.names.bind(head.name, Value::Scalar(value));
                reader.loop_starts.push((value, head.min));
                let result = read(reader, body);
                reader.loop_starts.pop();
                result
            })
        });
        self.pragmas = pragmas;
        result
    }

    /// A loop that a thread of the environment makes: `T.launch_thread(name, extent)`.
    pub(crate) fn thread_loop(
        &mut self,
        body: &mut Body<'_>,
        at: &'a Expr,
        (name, axis): (&'a str, ThreadAxis),
        extent: ExprId,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        let dtype = body.dtype(extent);
        let min = body.int(0, dtype);
        let head = Head { name, min, extent, step: None };
        self.open_loop(body, at, &head, LoopKind::ThreadBinding(axis), Vec::new(), read)
    }

    fn grid(&mut self, body: &mut Body<'_>, stmt: &'a StmtFor, call: &'a ExprCall) -> Read<Vec<Head<'a>>> {
        let args = &call.arguments.args;
        let targets = match &*stmt.target {
            Expr::Tuple(tuple) => tuple.elts.as_slice(),
            Expr::List(list) => list.elts.as_slice(),
            single => std::slice::from_ref(single),
        };
        if targets.len() != args.len() {
            let (expected, found) = (args.len(), targets.len());
            return Err(Fault::expected(&*stmt.target, format!("{expected} loop variables"), found.to_string()));
        }
        let mut heads = Vec::with_capacity(args.len());
        for (target, arg) in targets.iter().zip(args) {
            let name = name_of(target)?;
            let head = match arg {
                Expr::Tuple(pair) => match pair.elts.as_slice() {
                    [min, extent] => {
                        let (min, extent) = (self.bound(body, min)?, self.bound(body, extent)?);
                        let (min, extent) = arith::match_types(body, arg, min, extent)?;
                        Head { name, min, extent, step: None }
                    }
                    _ => return Err(Fault::expected(arg, "a start and an extent", "another tuple")),
                },
                single => {
                    let extent = self.bound(body, single)?;
                    let dtype = body.dtype(extent);
                    Head { name, min: body.int(0, dtype), extent, step: None }
                }
            };
            heads.push(head);
        }
        Ok(heads)
    }

    fn single(&mut self, body: &mut Body<'_>, stmt: &'a StmtFor, call: &'a ExprCall, kind: LoopKind) -> Read<Head<'a>> {
        let name = name_of(&stmt.target)?;
        let is_thread = matches!(kind, LoopKind::ThreadBinding(_));
        let arguments = &call.arguments;
        let Some(first) = arguments.find_argument_value("start", 0) else {
            return Err(Fault::expected(call, "the number of iterations", "no argument"));
        };
        let second = arguments.find_argument_value("stop", 1).filter(|arg| {
            // `T.thread_binding(8, "threadIdx.x")` has its thread in second place.
            !(is_thread && matches!(arg, Expr::StringLiteral(_)))
        });
        let step = arguments.find_keyword("step").map(|keyword| &keyword.value);
        let step = step.or_else(|| arguments.args.get(2).filter(|_| !is_thread));
        let Some(stop) = second else {
            let extent = self.bound(body, first)?;
            let dtype = body.dtype(extent);
            let head = Head { name, min: body.int(0, dtype), extent, step: None };
            return self.stepped(body, head, step);
        };
        let (start, stop) = (self.bound(body, first)?, self.bound(body, stop)?);
        let (min, stop) = arith::match_types(body, call, start, stop)?;
        let extent = match difference(body, stop, min) {
            Some(extent) => extent,
            None => arith::binary(body, call, BinaryOp::Sub, stop, min)?,
        };
        self.stepped(body, Head { name, min, extent, step: None }, step)
    }

    fn stepped(&mut self, body: &mut Body<'_>, head: Head<'a>, step: Option<&'a Expr>) -> Read<Head<'a>> {
        let Some(at) = step else { return Ok(head) };
        let step = self.bound(body, at)?;
        match (body.expr(step), body.expr(head.extent)) {
            (IrExpr::Int { value: 1, .. }, _) => Ok(head),
            (&IrExpr::Int { value: step, .. }, &IrExpr::Int { value: extent, dtype }) if step > 0 => {
                let n_steps = extent.div_euclid(step).saturating_add(i64::from(extent.rem_euclid(step) > 0));
                Ok(Head { extent: body.int(n_steps, dtype), step: Some(step), ..head })
            }
            _ => Err(Fault::unsupported(at, "a step that is not a positive literal")),
        }
    }

    fn bound(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<ExprId> {
        self.integer(body, expr)
    }

    fn thread_argument(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<ThreadAxis> {
        let arguments = &call.arguments;
        let last = arguments.args.iter().skip(1).find(|arg| matches!(arg, Expr::StringLiteral(_)));
        let Some(thread) = arguments.find_keyword("thread").map(|keyword| &keyword.value).or(last) else {
            return Err(Fault::expected(call, "a thread axis, as in `thread=\"threadIdx.x\"`", "none"));
        };
        let name = self.text(body, thread)?;
        thread_axis(thread, name)
    }

    /// The hints in `annotations={…}`, and `unroll=` of newer versions.
    fn annotations(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<Vec<Annotation>> {
        let Some(keyword) = call.arguments.find_keyword("annotations") else { return Ok(Vec::new()) };
        match &keyword.value {
            Expr::Dict(dict) => {
                let mut annotations = Vec::with_capacity(dict.items.len());
                for item in &dict.items {
                    let Some(key) = &item.key else {
                        return Err(Fault::expected(&item.value, "a key and a value", "`**`"));
                    };
                    let key = self.text(body, key)?;
                    annotations.extend(self.annotation(body, key, &item.value)?);
                }
                Ok(annotations)
            }
            Expr::NoneLiteral(_) => Ok(Vec::new()),
            other => Err(Fault::expected(other, "a dictionary", "another expression")),
        }
    }

    /// One hint; `None` if its value is neither a number nor a text, which no reader of loops asks for.
    pub(crate) fn annotation(&mut self, body: &mut Body<'_>, key: &str, value: &'a Expr) -> Read<Option<Annotation>> {
        if matches!(value, Expr::Dict(_) | Expr::List(_) | Expr::Tuple(_)) {
            return Ok(None);
        }
        let value = match self.value(body, value)? {
            Value::Int(value) => AnnotationValue::Int(value),
            Value::Bool(value) => AnnotationValue::Int(i64::from(value)),
            Value::Float(value) => AnnotationValue::Float(value),
            Value::Str(text) => AnnotationValue::Str(text.to_owned()),
            Value::Scalar(id) => match *body.expr(id) {
                IrExpr::Int { value, .. } => AnnotationValue::Int(value),
                IrExpr::Float { value, .. } => AnnotationValue::Float(value),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(Annotation { key: key.to_owned(), value }))
    }
}

/// The thread axis of a name.
pub(crate) fn thread_axis(at: &impl Ranged, name: &str) -> Read<ThreadAxis> {
    name.parse().map_err(|_| Fault::expected(at, "a thread axis", format!("`{name}`")))
}

/// The integer type of thread variables.
pub(crate) const THREAD_TYPE: DataType = DataType::I32;

/// `stop - min` where `stop` is written as `min + extent`: a loop over a tile.
fn difference(body: &Body<'_>, stop: ExprId, min: ExprId) -> Option<ExprId> {
    match *body.expr(stop) {
        IrExpr::Binary { op: BinaryOp::Add, lhs, rhs } if is_same(body, lhs, min, 0) => Some(rhs),
        _ => None,
    }
}

/// Whether two index expressions are written alike; gives up on deep ones.
fn is_same(body: &Body<'_>, a: ExprId, b: ExprId, depth: usize) -> bool {
    if a == b {
        return true;
    }
    match (body.expr(a), body.expr(b)) {
        (IrExpr::Binary { op, lhs, rhs }, IrExpr::Binary { op: other, lhs: left, rhs: right }) if depth < 8 => {
            op == other && is_same(body, *lhs, *left, depth + 1) && is_same(body, *rhs, *right, depth + 1)
        }
        (x @ (IrExpr::Int { .. } | IrExpr::Var(_)), y) => x == y,
        _ => false,
    }
}
