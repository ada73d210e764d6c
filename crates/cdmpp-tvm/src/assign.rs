//! Assignments: stores, declarations and lets.

use cdmpp_ir::{Body, Buffer, BufferId, DataType, Expr as IrExpr, ExprId, Scope};
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtAnnAssign, StmtAugAssign};
use ruff_text_size::Ranged;

use crate::arith;
use crate::binding::{is_declaration, name_of};
use crate::buffer::scalar_type;
use crate::error::{Fault, Read};
use crate::function::Reader;
use crate::scope::Dialect;
use crate::statement::Rest;
use crate::value::{Pointer, Value};

impl<'a> Reader<'a> {
    pub(crate) fn assign(
        &mut self,
        body: &mut Body<'_>,
        target: &'a Expr,
        value: &'a Expr,
        rest: &'a [Stmt],
    ) -> Read<Rest> {
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
            None if let Some((source, shape)) = view_call(value) => {
                let name = name_of(target)?;
                let buffer = self.view(body, name, source, shape)?;
                self.names.bind(name, Value::Buffer(buffer));
            }
            _ => self.assign_value(body, target, value)?,
        }
        Ok(Rest::ToRead)
    }

    /// `target = T.alloc_buffer(…)`, `target = T.env_thread(…)` and what else makes a thing rather than a value.
    pub(crate) fn declare(&mut self, body: &mut Body<'_>, target: &'a str, name: &str, call: &'a ExprCall) -> Read<()> {
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

    pub(crate) fn buffer_store(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<()> {
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

    pub(crate) fn annotated(&mut self, body: &mut Body<'_>, stmt: &'a StmtAnnAssign) -> Read<()> {
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
    pub(crate) fn bind_let(&mut self, body: &mut Body<'_>, target: Option<&'a Expr>, call: &'a ExprCall) -> Read<()> {
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

    pub(crate) fn augmented(&mut self, body: &mut Body<'_>, stmt: &'a StmtAugAssign) -> Read<()> {
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
}

/// The buffer and the extents of `A.view(extent, …)`.
fn view_call(expr: &Expr) -> Option<(&Expr, &[Expr])> {
    match expr {
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(attribute) if attribute.attr.as_str() == "view" => {
                Some((&attribute.value, &call.arguments.args))
            }
            _ => None,
        },
        _ => None,
    }
}
