//! Statements.

use cdmpp_ir::{BinaryOp, Body, Buffer, BufferId, DataType, Expr as IrExpr, ExprId, Scope};
use ruff_python_ast::{ElifElseClause, Expr, ExprCall, Stmt, StmtAnnAssign, StmtAugAssign, StmtWith, WithItem};
use ruff_text_size::Ranged;

use crate::arith;
use crate::buffer::scalar_type;
use crate::error::{Fault, Read};
use crate::function::Reader;
use crate::loops::{THREAD_TYPE, name_of, thread_axis};
use crate::scope::Dialect;
use crate::value::{Pointer, Value};

/// Whether the statements that follow are still to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
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
            Stmt::With(stmt) => self.with(body, stmt)?,
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

    fn with(&mut self, body: &mut Body<'_>, stmt: &'a StmtWith) -> Read<()> {
        self.with_items(body, &stmt.items, &stmt.body)
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
    fn open(
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

    fn assign(&mut self, body: &mut Body<'_>, target: &'a Expr, value: &'a Expr, rest: &'a [Stmt]) -> Read<Rest> {
        match self.script_call(value) {
            Some(("axis", kind, call)) => self.axis(body, target, kind, call)?,
            Some(("", "launch_thread", _)) => {
                self.inside(value, |reader| {
                    reader.open(body, value, Some(target), |reader, body| reader.suite(body, rest))
                })?;
                return Ok(Rest::Done);
            }
            Some(("", "let" | "LetStmt" | "Bind" | "bind", call)) => self.bind_let(body, Some(target), call)?,
            Some(("", name, call)) if is_declaration(name) => self.declare(body, name_of(target)?, name, call)?,
            _ => self.assign_value(body, target, value)?,
        }
        Ok(Rest::ToRead)
    }

    /// `target = T.alloc_buffer(…)`, `target = T.env_thread(…)` and what else makes a thing rather than a value.
    fn declare(&mut self, body: &mut Body<'_>, target: &'a str, name: &str, call: &'a ExprCall) -> Read<()> {
        let value = match name {
            "match_buffer" => Value::Buffer(self.match_buffer(body, target, call)?),
            "alloc_shared" => Value::Buffer(self.allocation(body, target, call, Some(Scope::Shared))?),
            "alloc_local" => Value::Buffer(self.allocation(body, target, call, Some(Scope::Local))?),
            "local_scalar" | "shared_scalar" | "alloc_scalar" => {
                let dtype = match call.arguments.find_argument_value("dtype", 0) {
                    Some(dtype) => self.dtype_argument(body, dtype)?,
                    None => DataType::F32,
                };
                let scope = match (name, call.arguments.find_argument_value("scope", 1)) {
                    ("local_scalar", _) => Scope::Local,
                    ("shared_scalar", _) => Scope::Shared,
                    (_, Some(scope)) => Scope::from_name(self.text(body, scope)?),
                    _ => Scope::Global,
                };
                self.scalar_buffer(body, target, dtype, scope)
            }
            "allocate" | "allocate_const" => Value::Pointer(Pointer::Allocation),
            "env_thread" => match call.arguments.find_argument_value("thread_tag", 0) {
                Some(tag) => Value::EnvThread(self.text(body, tag)?),
                None => return Err(Fault::expected(call, "a thread axis", "no argument")),
            },
            _ => Value::Buffer(self.allocation(body, target, call, None)?),
        };
        self.names.bind(target, value);
        Ok(())
    }

    fn assign_value(&mut self, body: &mut Body<'_>, target: &'a Expr, value: &'a Expr) -> Read<()> {
        match target {
            Expr::Subscript(subscript) => {
                let buffer = self.buffer_value(body, &subscript.value)?;
                let value = self.scalar(body, value)?;
                let indices = self.indices(body, buffer, &subscript.slice)?;
                self.store(body, target, buffer, &indices, value)
            }
            Expr::Name(name) => {
                let value = self.value(body, value)?;
                self.assign_name(body, target, name.id.as_str(), value)
            }
            other => Err(Fault::expected(other, "a name or an element of a buffer", "another target")),
        }
    }

    fn assign_name(&mut self, body: &mut Body<'_>, at: &'a Expr, name: &'a str, value: Value<'a>) -> Read<()> {
        let is_number = matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Scalar(_));
        if !is_number {
            self.names.bind(name, value);
            return Ok(());
        }
        let scalar = self.to_scalar(body, at, value)?;
        if let Some(buffer) = self.assignable(body, name) {
            return self.store_first(body, at, buffer, scalar);
        }
        let dtype = body.dtype(scalar);
        if self.dialect == Dialect::Tir || dtype == DataType::Handle {
            let var = body.let_value(name, scalar);
            self.names.bind(name, Value::Scalar(var));
            return Ok(());
        }
        let element = self.scalar_buffer(body, name, dtype, Scope::Local);
        self.names.bind(name, element);
        match self.assignable(body, name) {
            Some(buffer) => self.store_first(body, at, buffer, scalar),
            None => Ok(()),
        }
    }

    /// Makes a buffer of one element; the value is its element.
    fn scalar_buffer(&mut self, body: &mut Body<'_>, name: &str, dtype: DataType, scope: Scope) -> Value<'a> {
        let buffer = Buffer { scope, ..Buffer::new(name, dtype, [1]) };
        let buffer = body.allocate(buffer);
        let zero = body.int(0, DataType::I32);
        Value::Scalar(body.load(buffer, &[zero]))
    }

    /// The buffer that an assignment to a name writes, if the name stands for one with a single element.
    fn assignable(&self, body: &Body<'_>, name: &str) -> Option<BufferId> {
        let buffer = match self.names.find(name)? {
            Value::Buffer(buffer) => *buffer,
            Value::Scalar(value) => match *body.expr(*value) {
                IrExpr::Load { buffer, .. } => buffer,
                _ => return None,
            },
            _ => return None,
        };
        (body.buffer_of(buffer).shape == [1]).then_some(buffer)
    }

    fn store_first(&mut self, body: &mut Body<'_>, at: &impl Ranged, buffer: BufferId, value: ExprId) -> Read<()> {
        let zero = body.int(0, DataType::I32);
        self.store(body, at, buffer, &[zero], value)
    }

    fn store(
        &mut self,
        body: &mut Body<'_>,
        at: &impl Ranged,
        buffer: BufferId,
        indices: &[ExprId],
        value: ExprId,
    ) -> Read<()> {
        let dtype = body.buffer_of(buffer).dtype;
        if (body.dtype(value) == DataType::Handle) != (dtype == DataType::Handle) {
            return Err(Fault::expected(at, format!("a value of type {dtype}"), "a pointer or a number"));
        }
        let value = arith::cast(body, dtype, value);
        body.store(buffer, indices, value);
        Ok(())
    }

    fn buffer_store(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<()> {
        let arguments = &call.arguments;
        let (Some(buffer), Some(value), Some(indices)) = (
            arguments.find_argument_value("buffer", 0),
            arguments.find_argument_value("value", 1),
            arguments.find_argument_value("indices", 2),
        ) else {
            return Err(Fault::expected(call, "a buffer, a value and indices", "fewer arguments"));
        };
        let buffer = self.buffer_value(body, buffer)?;
        let value = self.scalar(body, value)?;
        let indices = self.indices(body, buffer, indices)?;
        self.store(body, call, buffer, &indices, value)
    }

    fn annotated(&mut self, body: &mut Body<'_>, stmt: &'a StmtAnnAssign) -> Read<()> {
        let name = name_of(&stmt.target)?;
        let (annotation, subscript) = match &*stmt.annotation {
            Expr::Subscript(subscript) => (&*subscript.value, Some(&*subscript.slice)),
            Expr::Call(call) => (&*call.func, None),
            other => (other, None),
        };
        let value = stmt.value.as_deref();
        match (self.script_path(annotation), subscript, value) {
            (Some(("", "let")), _, Some(value)) => {
                let value = self.value(body, value)?;
                self.let_name(body, &stmt.target, name, value)
            }
            (Some(("", "handle" | "ptr")), _, Some(value)) => {
                let value = self.value(body, value)?;
                self.let_name(body, &stmt.target, name, value)
            }
            (Some(("", dtype)), subscript, value) if let Some(dtype) = scalar_type(dtype) => {
                if let Some(shape) = subscript {
                    let shape = self.extents(body, shape)?;
                    let buffer = Buffer { scope: Scope::Local, ..Buffer::new(name, dtype, shape) };
                    let buffer = body.allocate(buffer);
                    self.names.bind(name, Value::Buffer(buffer));
                    return Ok(());
                }
                let value = value.map(|value| self.scalar(body, value)).transpose()?;
                let value = value.map(|value| arith::cast(body, dtype, value));
                if let (Dialect::Tir, Some(value)) = (self.dialect, value) {
                    return self.let_name(body, &stmt.target, name, Value::Scalar(value));
                }
                let element = self.scalar_buffer(body, name, dtype, Scope::Local);
                self.names.bind(name, element);
                match (self.assignable(body, name), value) {
                    (Some(buffer), Some(value)) => self.store_first(body, &*stmt.target, buffer, value),
                    _ => Ok(()),
                }
            }
            _ => Err(Fault::expected(&*stmt.annotation, "a type such as `T.int32` or `T.let`", "another annotation")),
        }
    }

    /// Names a value for the rest of the body.
    fn let_name(&mut self, body: &mut Body<'_>, at: &'a Expr, name: &'a str, value: Value<'a>) -> Read<()> {
        let value = match value {
            value @ (Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Scalar(_)) => {
                let value = self.to_scalar(body, at, value)?;
                Value::Scalar(body.let_value(name, value))
            }
            other => other,
        };
        self.names.bind(name, value);
        Ok(())
    }

    /// `T.let(x, value)`, `T.LetStmt(value, var=x)`, `T.bind(value)`: the name comes from the first place that has one.
    fn bind_let(&mut self, body: &mut Body<'_>, target: Option<&'a Expr>, call: &'a ExprCall) -> Read<()> {
        let arguments = &call.arguments;
        let (var, value) = match (arguments.find_keyword("var"), &*arguments.args) {
            (Some(var), [value, ..]) => (Some(&var.value), value),
            (None, [var @ Expr::Name(_), value]) => (Some(var), value),
            (None, [value, ..]) => (target, value),
            _ => return Err(Fault::expected(call, "a value", "no argument")),
        };
        let value = self.value(body, value)?;
        let names = [var, target];
        let Some(first) = names.into_iter().flatten().next() else {
            return Err(Fault::expected(call, "a name for the value", "none"));
        };
        self.let_name(body, first, name_of(first)?, value)?;
        if let (Some(target), Some(bound)) = (target, self.names.find(name_of(first)?).cloned()) {
            self.names.bind(name_of(target)?, bound);
        }
        Ok(())
    }

    fn augmented(&mut self, body: &mut Body<'_>, stmt: &'a StmtAugAssign) -> Read<()> {
        let old = self.value(body, &stmt.target)?;
        let change = self.value(body, &stmt.value)?;
        let new = self.binary_value(body, stmt, stmt.op, old, change)?;
        match &*stmt.target {
            Expr::Subscript(subscript) => {
                let buffer = self.buffer_value(body, &subscript.value)?;
                let value = self.to_scalar(body, stmt, new)?;
                let indices = self.indices(body, buffer, &subscript.slice)?;
                self.store(body, &*stmt.target, buffer, &indices, value)
            }
            target => self.assign_name(body, target, name_of(target)?, new),
        }
    }

    fn launch_thread(
        &mut self,
        body: &mut Body<'_>,
        at: &'a Expr,
        target: Option<&'a Expr>,
        call: &'a ExprCall,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        let (Some(thread), Some(extent)) =
            (call.arguments.find_argument_value("thread", 0), call.arguments.find_argument_value("extent", 1))
        else {
            return Err(Fault::expected(call, "a thread and an extent", "fewer arguments"));
        };
        self.launch(body, at, thread, target, extent, read)
    }

    fn launch(
        &mut self,
        body: &mut Body<'_>,
        at: &'a Expr,
        thread: &'a Expr,
        target: Option<&'a Expr>,
        extent: &'a Expr,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        let variable = if let Expr::Name(name) = thread { Some(name.id.as_str()) } else { None };
        let tag = match self.value(body, thread)? {
            Value::Str(tag) | Value::EnvThread(tag) => tag,
            // A thread that has its extent already: this launch says it again.
            Value::Scalar(_) => return read(self, body),
            value => return Err(Fault::expected(thread, "a thread axis", value.what(body))),
        };
        let axis = thread_axis(thread, tag)?;
        let name = match (variable, target) {
            (_, Some(target)) => name_of(target)?,
            (Some(name), None) => name,
            (None, None) => tag,
        };
        let extent = self.integer(body, extent)?;
        let extent = if variable.is_some() { arith::cast(body, THREAD_TYPE, extent) } else { extent };
        self.thread_loop(body, at, (name, axis), extent, |reader, body| {
            if let (Some(variable), Some(value)) = (variable, reader.names.find(name).cloned()) {
                reader.names.bind(variable, value);
            }
            read(reader, body)
        })
    }

    /// `T.attr(node, key, value)` or `T.attr({key: value})`: thread extents are loops, pragmas are hints on the loops
    /// directly inside, and the rest is transparent.
    fn attr(
        &mut self,
        body: &mut Body<'_>,
        call: &'a ExprCall,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        let n_pragmas = self.pragmas.len();
        match &*call.arguments.args {
            [Expr::Dict(dict)] => {
                for item in &dict.items {
                    if let Some(key) = &item.key {
                        let key = self.text(body, key)?;
                        self.pragma(body, key, &item.value)?;
                    }
                }
            }
            [node, key, value] => {
                let key = self.text(body, key)?;
                if matches!(key, "thread_extent" | "virtual_thread") {
                    let (thread, target) = match self.script_call(node) {
                        Some(("", "iter_var", iter_var)) => {
                            let tag = iter_var.arguments.find_argument_value("thread_tag", 3);
                            let Some(tag) = tag else {
                                return Err(Fault::expected(node, "a thread axis as fourth argument", "none"));
                            };
                            (tag, iter_var.arguments.find_argument_value("v", 0))
                        }
                        _ => (node, None),
                    };
                    let target = target.filter(|target| matches!(target, Expr::Name(_)));
                    return self.launch(body, node, thread, target, value, read);
                }
                self.pragma(body, key, value)?;
            }
            _ => return Err(Fault::expected(call, "a node, a key and a value", "other arguments")),
        }
        let result = read(self, body);
        self.pragmas.truncate(n_pragmas);
        result
    }

    fn pragma(&mut self, body: &mut Body<'_>, key: &str, value: &'a Expr) -> Read<()> {
        if key.starts_with("pragma_") {
            let pragma = self.annotation(body, key, value)?;
            self.pragmas.extend(pragma);
        }
        Ok(())
    }

    /// Adds to a value, or whatever else an operator does; see [`Reader::binary_value`].
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
        match body.expr(scalar) {
            // `T.likely` and others of unknown type are taken at their word.
            _ if body.dtype(scalar).is_int() => {
                let dtype = body.dtype(scalar);
                let zero = body.int(0, dtype);
                arith::binary(body, expr, BinaryOp::Ne, scalar, zero)
            }
            _ => Err(Fault::expected(expr, "a condition", what)),
        }
    }

    fn scoped<R>(&mut self, read: impl FnOnce(&mut Self) -> R) -> R {
        let mark = self.names.mark();
        let result = read(self);
        self.names.reset(mark);
        result
    }
}

fn is_declaration(name: &str) -> bool {
    matches!(
        name,
        "Buffer"
            | "buffer_decl"
            | "decl_buffer"
            | "alloc_buffer"
            | "sblock_alloc_buffer"
            | "alloc_shared"
            | "alloc_local"
            | "match_buffer"
            | "allocate"
            | "allocate_const"
            | "env_thread"
            | "local_scalar"
            | "shared_scalar"
            | "alloc_scalar"
    )
}
