//! Blocks, which dissolve into their bodies.

use cdmpp_ir::{BinaryOp, Body, DataType, Expr as IrExpr, ExprId};
use ruff_python_ast::{Expr, ExprCall, Stmt};

use crate::arith;
use crate::binding::name_of;
use crate::error::{Fault, Read};
use crate::function::Reader;
use crate::value::Value;

/// A block that is being read.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockFrame {
    /// The reduction axes: what they are bound to, and their first value.
    reductions: Vec<(ExprId, ExprId)>,
}

impl<'a> Reader<'a> {
    /// `with T.sblock(name): …`
    pub(crate) fn block(
        &mut self,
        body: &mut Body<'_>,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        self.blocks.push(BlockFrame::default());
        let result = read(self, body);
        self.blocks.pop();
        result
    }

    /// `target = T.axis.kind(…)`: the name stands for what the axis is bound to.
    pub(crate) fn axis(&mut self, body: &mut Body<'_>, target: &'a Expr, kind: &str, call: &'a ExprCall) -> Read<()> {
        if self.blocks.is_empty() {
            return Err(Fault::expected(call, "an axis inside a block", "one outside"));
        }
        let is_reduction = match kind {
            "spatial" | "S" | "scan" | "opaque" => false,
            "reduce" | "R" => true,
            "remap" => return self.remap(body, target, call),
            _ => {
                return Err(Fault::expected(
                    call,
                    "`spatial`, `reduce`, `remap`, `scan` or `opaque`",
                    format!("`{kind}`"),
                ));
            }
        };
        let name = name_of(target)?;
        let (Some(domain), Some(binding)) =
            (call.arguments.find_argument_value("dom", 0), call.arguments.find_argument_value("binding", 1))
        else {
            return Err(Fault::expected(call, "a domain and a binding", "fewer arguments"));
        };
        let value = self.integer(body, binding)?;
        if is_reduction {
            let first = self.domain_start(body, domain, value)?;
            self.reduction(value, first);
        }
        self.names.bind(name, Value::Scalar(value));
        Ok(())
    }

    /// `vi, vj, vk = T.axis.remap("SSR", [i, j, k])`
    fn remap(&mut self, body: &mut Body<'_>, target: &'a Expr, call: &'a ExprCall) -> Read<()> {
        let (Some(kinds_at), Some(bindings)) =
            (call.arguments.find_argument_value("kinds", 0), call.arguments.find_argument_value("bindings", 1))
        else {
            return Err(Fault::expected(call, "kinds and bindings", "fewer arguments"));
        };
        let kinds = self.text(body, kinds_at)?;
        let bindings = elements(bindings);
        let targets = elements(target);
        if bindings.len() != targets.len() || kinds.len() != targets.len() {
            let found = format!("{} kinds and {} bindings", kinds.len(), bindings.len());
            return Err(Fault::expected(
                call,
                format!("one kind and one binding for each of {} names", targets.len()),
                found,
            ));
        }
        let mut values = Vec::with_capacity(targets.len());
        for (kind, binding) in kinds.bytes().zip(bindings) {
            let value = self.integer(body, binding)?;
            match kind {
                b'S' => {}
                b'R' => {
                    let start = self.loop_starts.iter().rev().find(|(var, _)| *var == value);
                    let Some(&(_, first)) = start else {
                        return Err(Fault::expected(binding, "the variable of a loop around", "another expression"));
                    };
                    self.reduction(value, first);
                }
                _ => return Err(Fault::expected(kinds_at, "kinds `S` and `R`", format!("`{kinds}`"))),
            }
            values.push(value);
        }
        for (target, value) in targets.iter().zip(values) {
            self.names.bind(name_of(target)?, Value::Scalar(value));
        }
        Ok(())
    }

    fn reduction(&mut self, value: ExprId, first: ExprId) {
        if let Some(block) = self.blocks.last_mut() {
            block.reductions.push((value, first));
        }
    }

    /// The first value of `16`, `(2, 16)` or `T.Range(2, 16)`.
    fn domain_start(&mut self, body: &mut Body<'_>, domain: &'a Expr, binding: ExprId) -> Read<ExprId> {
        let start = match (domain, self.script_call(domain)) {
            (Expr::Tuple(tuple), _) => tuple.elts.first(),
            (Expr::List(list), _) => list.elts.first(),
            (_, Some((_, "Range", call))) => call.arguments.args.first(),
            _ => None,
        };
        let dtype = body.dtype(binding);
        match start {
            Some(start) => {
                let start = self.integer(body, start)?;
                Ok(arith::cast(body, dtype, start))
            }
            None => Ok(body.int(0, dtype)),
        }
    }

    /// `with T.init(): …`: runs when every reduction axis is at its start.
    pub(crate) fn init(
        &mut self,
        body: &mut Body<'_>,
        at: &'a Expr,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        let Some(block) = self.blocks.last() else {
            return Err(Fault::expected(at, "`T.init` inside a block", "one outside"));
        };
        let mut condition = body.bool(true);
        for (value, first) in block.reductions.clone() {
            let is_first = arith::binary(body, at, BinaryOp::Eq, value, first)?;
            condition = arith::binary(body, at, BinaryOp::And, condition, is_first)?;
        }
        self.guarded(body, condition, read)
    }

    /// `T.where(condition)`: guards the rest of the block.
    pub(crate) fn guard_rest(&mut self, body: &mut Body<'_>, call: &'a ExprCall, rest: &'a [Stmt]) -> Read<()> {
        let Some(predicate) = call.arguments.find_argument_value("predicate", 0) else {
            return Err(Fault::expected(call, "a condition", "no argument"));
        };
        let condition = self.condition(body, predicate)?;
        self.inside(call, |reader| reader.guarded(body, condition, |reader, body| reader.suite(body, rest)))
    }

    /// Reads a body under a condition; a condition that always holds leaves no trace.
    pub(crate) fn guarded(
        &mut self,
        body: &mut Body<'_>,
        condition: ExprId,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        match *body.expr(condition) {
            IrExpr::Int { value, dtype: DataType::Bool } if value != 0 => read(self, body),
            _ => body.if_then(condition, |body| read(self, body)),
        }
    }
}

/// The elements of a tuple or list, or the expression itself.
fn elements(expr: &Expr) -> &[Expr] {
    match expr {
        Expr::Tuple(tuple) => &tuple.elts,
        Expr::List(list) => &list.elts,
        single => std::slice::from_ref(single),
    }
}
