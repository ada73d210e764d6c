//! Statements.

use cdmpp_ir::{BinaryOp, Body, DataType, Expr as IrExpr, ExprId};
use ruff_python_ast::{ElifElseClause, Expr, Stmt, WithItem};

use crate::arith;
use crate::binding::{is_declaration, name_of};
use crate::error::{Fault, Read};
use crate::function::Reader;
use crate::value::Value;

/// Whether the statements that follow are still to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    ToRead,
    /// The statement opened a body that lasts to the end of the suite, and read it.
    Done,
}

impl<'a> Reader<'a> {
    /// Reads statements up to the end of their body.
    pub(crate) fn suite(&mut self, body: &mut Body<'_>, stmts: &'a [Stmt]) -> Read<()> {
        for (i, stmt) in stmts.iter().enumerate() {
            if self.statement(body, stmt, &stmts[i + 1..])? == Rest::Done {
                break;
            }
        }
        Ok(())
    }

    fn statement(&mut self, body: &mut Body<'_>, stmt: &'a Stmt, rest: &'a [Stmt]) -> Read<Rest> {
        match stmt {
            Stmt::For(stmt) => self.for_loop(body, stmt)?,
            Stmt::With(stmt) => self.with_items(body, &stmt.items, &stmt.body)?,
            Stmt::If(stmt) => self.if_else(body, &stmt.test, &stmt.body, &stmt.elif_else_clauses)?,
            Stmt::Expr(stmt) => return self.expression(body, &stmt.value, rest),
            Stmt::Assign(stmt) => {
                let [target] = stmt.targets.as_slice() else {
                    return Err(Fault::unsupported(stmt, "an assignment to more than one target"));
                };
                return self.assign(body, target, &stmt.value, rest);
            }
            Stmt::AnnAssign(stmt) => self.annotated(body, stmt)?,
            Stmt::AugAssign(stmt) => self.augmented(body, stmt)?,
            Stmt::Assert(stmt) => {
                self.condition(body, &stmt.test)?;
            }
            Stmt::Return(stmt) => {
                let value = stmt.value.as_deref().map(|value| self.scalar(body, value)).transpose()?;
                self.jump(body, "ret", value);
            }
            Stmt::Break(_) => self.jump(body, "break_loop", None),
            Stmt::Continue(_) => self.jump(body, "continue_loop", None),
            Stmt::Pass(_) | Stmt::Import(_) | Stmt::ImportFrom(_) => {}
            Stmt::While(stmt) => return Err(Fault::unsupported(stmt, "a `while` loop")),
            other => return Err(Fault::expected(other, "a statement of TVMScript", "another statement of Python")),
        }
        Ok(Rest::ToRead)
    }

    fn jump(&mut self, body: &mut Body<'_>, name: &str, value: Option<ExprId>) {
        let call = body.call(name, DataType::Handle, cdmpp_ir::Effect::Opaque, value.as_slice());
        body.evaluate(call);
    }

    fn if_else(
        &mut self,
        body: &mut Body<'_>,
        test: &'a Expr,
        then: &'a [Stmt],
        clauses: &'a [ElifElseClause],
    ) -> Read<()> {
        let condition = self.condition(body, test)?;
        self.inside(test, |reader| match clauses {
            [] => body.if_then(condition, |body| reader.suite(body, then)),
            [clause, rest @ ..] => {
                let reader = std::cell::RefCell::new(reader);
                let (first, second) = body.if_then_else(
                    condition,
                    |body| reader.borrow_mut().scoped(|reader| reader.suite(body, then)),
                    |body| {
                        reader.borrow_mut().scoped(|reader| match &clause.test {
                            Some(test) => reader.if_else(body, test, &clause.body, rest),
                            None => reader.suite(body, &clause.body),
                        })
                    },
                );
                first.and(second)
            }
        })
    }

    fn with_items(&mut self, body: &mut Body<'_>, items: &'a [WithItem], stmts: &'a [Stmt]) -> Read<()> {
        let [item, inner @ ..] = items else { return self.suite(body, stmts) };
        self.inside(&item.context_expr, |reader| {
            reader.open(body, &item.context_expr, item.optional_vars.as_deref(), |reader, body| {
                reader.with_items(body, inner, stmts)
            })
        })
    }

    /// Opens what a `with` names, and reads its body.
    pub(crate) fn open(
        &mut self,
        body: &mut Body<'_>,
        context: &'a Expr,
        target: Option<&'a Expr>,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        const EXPECTED: &str = "a block, `T.init`, `T.attr`, `T.launch_thread`, an allocation or a let";
        match self.script_call(context) {
            Some(("", "block" | "sblock", _)) => match target {
                Some(target) => Err(Fault::unsupported(target, "a block that binds its axes with `as`")),
                None => self.block(body, read),
            },
            Some(("", "init", _)) => self.init(body, context, read),
            Some(("", "launch_thread", call)) => self.launch_thread(body, context, target, call, read),
            Some(("", "attr", call)) => self.attr(body, call, read),
            Some(("", "let" | "LetStmt" | "Bind" | "bind", call)) => {
                self.bind_let(body, target, call)?;
                read(self, body)
            }
            Some(("", "Assert", call)) => {
                if let Some(condition) = call.arguments.args.first() {
                    self.condition(body, condition)?;
                }
                read(self, body)
            }
            Some(("", name, call)) if is_declaration(name) => {
                let Some(target) = target else {
                    return Err(Fault::expected(context, "a name after `as`", "none"));
                };
                self.declare(body, name_of(target)?, name, call)?;
                read(self, body)
            }
            Some((_, name, _)) => Err(Fault::expected(context, EXPECTED, format!("`T.{name}`"))),
            None => Err(Fault::expected(context, EXPECTED, "another expression")),
        }
    }

    fn expression(&mut self, body: &mut Body<'_>, expr: &'a Expr, rest: &'a [Stmt]) -> Read<Rest> {
        match self.script_call(expr) {
            Some((
                "",
                "reads" | "writes" | "block_attr" | "sblock_attr" | "func_attr" | "func_name" | "func_ret" | "noalias"
                | "device_entry",
                _,
            )) => {}
            Some(("", "where", call)) => {
                self.guard_rest(body, call, rest)?;
                return Ok(Rest::Done);
            }
            Some(("", "launch_thread" | "attr", _)) => {
                self.inside(expr, |reader| reader.open(body, expr, None, |reader, body| reader.suite(body, rest)))?;
                return Ok(Rest::Done);
            }
            Some(("", "let" | "LetStmt" | "Bind" | "bind", call)) => self.bind_let(body, None, call)?,
            Some(("", "evaluate", call)) => {
                let Some(value) = call.arguments.find_argument_value("value", 0) else {
                    return Err(Fault::expected(call, "an expression", "no argument"));
                };
                self.evaluate(body, value)?;
            }
            Some(("", "buffer_store", call)) => self.buffer_store(body, call)?,
            Some(("", "Assert", _)) => {}
            _ => self.evaluate(body, expr)?,
        }
        Ok(Rest::ToRead)
    }

    fn evaluate(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<()> {
        // Docstrings and `T.evaluate(0)` do nothing.
        if let Value::Scalar(value) = self.value(body, expr)?
            && !matches!(body.expr(value), IrExpr::Int { .. } | IrExpr::Float { .. } | IrExpr::Str(_))
        {
            body.evaluate(value);
        }
        Ok(())
    }

    /// A truth value; an integer holds if it is not 0.
    pub(crate) fn condition(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<ExprId> {
        let value = self.value(body, expr)?;
        if let Value::Int(value @ (0 | 1)) = value {
            return Ok(body.bool(value == 1));
        }
        let what = value.what(body);
        let scalar = self.to_scalar(body, expr, value)?;
        if body.dtype(scalar) == DataType::Bool {
            return Ok(scalar);
        }
        let dtype = body.dtype(scalar);
        if !dtype.is_int() {
            return Err(Fault::expected(expr, "a condition", what));
        }
        let zero = body.int(0, dtype);
        arith::binary(body, expr, BinaryOp::Ne, scalar, zero)
    }

    fn scoped<R>(&mut self, read: impl FnOnce(&mut Self) -> R) -> R {
        let mark = self.names.mark();
        let result = read(self);
        self.names.reset(mark);
        result
    }
}
