//! Calls in expressions: operators in function form, conversions and intrinsics.

use cdmpp_ir::{BinaryOp, Body, DataType, Effect, Expr as IrExpr, ExprId};
use ruff_python_ast::{Expr, ExprCall};

use crate::arith;
use crate::buffer::scalar_type;
use crate::error::{Fault, Read};
use crate::function::Reader;
use crate::intrinsic::{self, Intrinsic, Returns};
use crate::operator::{Limit, limit, operator};
use crate::value::{Pointer, Value, describe};

impl<'a> Reader<'a> {
    /// The value of a call.
    pub(crate) fn call(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<Value<'a>> {
        match self.script_path(&call.func) {
            Some(("", name)) => self.script_function(body, name, call),
            // The instructions of a family of hardware: `T.ptx.wait_group(0)`, `T.cuda.cta_sync()`.
            Some((space @ ("ptx" | "cuda" | "metal" | "webgpu" | "nvshmem" | "nki"), name)) => {
                let args = self.call_arguments(body, &call.arguments.args)?;
                Ok(Value::Scalar(body.call(&format!("{space}.{name}"), DataType::Handle, Effect::Opaque, &args)))
            }
            Some((space, name)) => Err(Fault::unsupported(call, format!("`T.{space}.{name}`"))),
            None => self.foreign_function(body, call),
        }
    }

    fn script_function(&mut self, body: &mut Body<'_>, name: &'a str, call: &'a ExprCall) -> Read<Value<'a>> {
        if let Some(dtype) = scalar_type(name) {
            if dtype == DataType::Handle {
                return Ok(Value::Pointer(Pointer::Allocation));
            }
            return match self.first_value(body, call)? {
                Some(value) => self.converted(body, call, dtype, value),
                None => Ok(Value::Symbol),
            };
        }
        if let Some((op, folds)) = operator(name) {
            let [lhs, rhs] = self.scalars(body, call, ["a", "b"])?;
            return self.operation(body, call, (op, folds), lhs, rhs);
        }
        Ok(Value::Scalar(match name {
            "if_then_else" => return self.if_then_else(body, call),
            "Select" => return self.select(body, call),
            "Cast" => {
                let [dtype, value] = self.arguments(call, ["dtype", "value"])?;
                let dtype = self.dtype_argument(body, dtype)?;
                let value = self.scalar(body, value)?;
                body.cast(dtype, value)
            }
            "cast" => {
                let [value, dtype] = self.arguments(call, ["value", "dtype"])?;
                let value = self.scalar(body, value)?;
                let dtype = self.dtype_argument(body, dtype)?;
                arith::cast(body, dtype, value)
            }
            "ceildiv" => {
                let [lhs, rhs] = self.scalars(body, call, ["lhs", "rhs"])?;
                let sum = arith::binary(body, call, BinaryOp::Add, lhs, rhs)?;
                let dtype = body.dtype(sum);
                let one = arith::literal_of_int(body, dtype, 1);
                let sum = arith::binary(body, call, BinaryOp::Sub, sum, one)?;
                arith::binary(body, call, BinaryOp::FloorDiv, sum, rhs)?
            }
            "Not" => {
                let [value] = self.scalars(body, call, ["a"])?;
                if body.dtype(value) != DataType::Bool {
                    return Err(Fault::expected(call, "a truth value", describe(body.dtype(value))));
                }
                body.not(value)
            }
            "all" | "any" => {
                let op = if name == "all" { BinaryOp::And } else { BinaryOp::Or };
                let mut chain: Option<ExprId> = None;
                for arg in &call.arguments.args {
                    let value = self.condition(body, arg)?;
                    chain = Some(match chain {
                        None => value,
                        Some(before) => arith::plain_binary(body, arg, op, before, value)?,
                    });
                }
                chain.ok_or_else(|| Fault::expected(call, "a condition", "no argument"))?
            }
            "abs" | "fabs" => return self.absolute(body, call),
            "isinf" | "isfinite" => return self.finiteness(body, name, call),
            "infinity" | "max_value" | "min_value" => {
                let [dtype] = self.arguments(call, ["dtype"])?;
                let at = dtype;
                let dtype = self.dtype_argument(body, dtype)?;
                match limit(name, dtype) {
                    Some(Limit::Float(value)) => body.float(value, dtype),
                    Some(Limit::Int(value)) => body.int(value, dtype),
                    None => return Err(Fault::expected(at, "a type with such a value", format!("`{dtype}`"))),
                }
            }
            "Let" => return self.let_expression(body, call),
            "bitwise_and" | "bitwise_or" | "bitwise_xor" | "shift_left" | "shift_right" => {
                let [lhs, rhs] = self.scalars(body, call, ["x", "y"])?;
                return self.bitwise(body, call, name, lhs, rhs);
            }
            "call_intrin" => return self.call_intrin(body, call),
            "Ramp" | "ramp" | "Broadcast" | "broadcast" | "Shuffle" => {
                return Err(Fault::unsupported(call, format!("the vector `T.{name}`")));
            }
            _ => match intrinsic::find(name) {
                Some(intrinsic) => return self.intrinsic(body, name, intrinsic, call),
                None => return Err(Fault::unsupported(call, format!("`T.{name}`"))),
            },
        }))
    }

    /// A call of something that is not in the script module.
    fn foreign_function(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<Value<'a>> {
        match &*call.func {
            Expr::Name(name) if matches!(name.id.as_str(), "float" | "int" | "bool") => {
                let [value] = self.arguments(call, ["x"])?;
                match (name.id.as_str(), self.value(body, value)?) {
                    ("float", Value::Str(text)) => python_float(value, text).map(Value::Float),
                    ("float", Value::Int(value)) => Ok(Value::Float(value as f64)),
                    ("float", value @ Value::Float(_))
                    | ("int", value @ Value::Int(_))
                    | ("bool", value @ Value::Bool(_)) => Ok(value),
                    (_, other) => Err(Fault::expected(value, "a Python number", other.what(body))),
                }
            }
            Expr::Name(name) => Err(Fault::undefined(name, name.id.as_str())),
            Expr::Attribute(attribute) => match self.value(body, &attribute.value)? {
                // `A.access_ptr("r")` and its like take an address.
                Value::Buffer(buffer) if attribute.attr.as_str() == "access_ptr" => {
                    Ok(Value::Pointer(Pointer::Buffer(buffer)))
                }
                _ => Err(Fault::unsupported(call, format!("the method `{}`", attribute.attr.as_str()))),
            },
            _ => Err(Fault::unsupported(call, "a call of an expression")),
        }
    }

    /// The arguments of a call by their names, all of them needed.
    pub(crate) fn arguments<const N: usize>(&self, call: &'a ExprCall, names: [&str; N]) -> Read<[&'a Expr; N]> {
        let mut found = [&*call.func; N];
        for (i, name) in names.iter().enumerate() {
            let argument = call.arguments.find_argument_value(name, i);
            found[i] = argument
                .ok_or_else(|| Fault::expected(call, format!("{N} arguments"), call.arguments.len().to_string()))?;
        }
        Ok(found)
    }

    pub(crate) fn scalars<const N: usize>(
        &mut self,
        body: &mut Body<'_>,
        call: &'a ExprCall,
        names: [&str; N],
    ) -> Read<[ExprId; N]> {
        let arguments = self.arguments(call, names)?;
        let mut scalars = None;
        for (i, argument) in arguments.into_iter().enumerate() {
            let scalar = self.scalar(body, argument)?;
            scalars.get_or_insert([scalar; N])[i] = scalar;
        }
        scalars.ok_or_else(|| Fault::expected(call, "arguments", "none"))
    }

    fn first_value(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<Option<Value<'a>>> {
        call.arguments.find_argument_value("expr", 0).map(|value| self.value(body, value)).transpose()
    }

    /// `T.float32(value)`
    fn converted(
        &mut self,
        body: &mut Body<'_>,
        call: &'a ExprCall,
        dtype: DataType,
        value: Value<'a>,
    ) -> Read<Value<'a>> {
        let id = match value {
            Value::Str(text) if dtype.is_float() => body.float(python_float(call, text)?, dtype),
            Value::Int(value) => arith::literal_of_int(body, dtype, value),
            Value::Bool(value) => arith::literal_of_int(body, dtype, i64::from(value)),
            Value::None => return Ok(Value::Symbol),
            value => {
                let value = self.to_scalar(body, call, value)?;
                arith::cast(body, dtype, value)
            }
        };
        Ok(Value::Scalar(id))
    }

    /// `T.call_intrin(dtype, "tir.name", …)`
    fn call_intrin(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<Value<'a>> {
        let (dtype, args) = self.split_dtype(body, call)?;
        let [callee, args @ ..] = args else {
            return Err(Fault::expected(call, "a type and a name", "fewer arguments"));
        };
        let callee = self.text(body, callee)?;
        let name = callee.rsplit('.').next().unwrap_or(callee);
        let effect = intrinsic::find(name).map_or(Effect::Opaque, |known| known.effect);
        let args = self.call_arguments(body, args)?;
        Ok(Value::Scalar(body.call(name, dtype, effect, &args)))
    }

    fn intrinsic(
        &mut self,
        body: &mut Body<'_>,
        name: &'a str,
        intrinsic: Intrinsic,
        call: &'a ExprCall,
    ) -> Read<Value<'a>> {
        let Intrinsic { effect, returns } = intrinsic;
        if returns == Returns::Named {
            let (dtype, args) = self.split_dtype(body, call)?;
            let args = self.call_arguments(body, args)?;
            return Ok(Value::Scalar(match (name, args.as_slice()) {
                ("reinterpret", [value]) if body.dtype(*value) == dtype => *value,
                _ => body.call(name, dtype, effect, &args),
            }));
        }
        let mut args = self.call_arguments(body, &call.arguments.args)?;
        for keyword in &call.arguments.keywords {
            let is_dtype = keyword.arg.as_ref().is_some_and(|name| name.as_str() == "dtype");
            if !is_dtype {
                args.push(self.call_argument(body, &keyword.value)?);
            }
        }
        if name == "tvm_storage_sync" && args.len() == 1 {
            // The arguments that TVM prints although they have default values.
            args.extend([body.bool(false), body.int(-1, DataType::I32)]);
        }
        if returns == Returns::Both
            && let [lhs, rhs] = args.as_mut_slice()
        {
            (*lhs, *rhs) = arith::match_types(body, call, *lhs, *rhs)?;
        }
        let dtype = match (returns, args.as_slice()) {
            (Returns::Fixed(dtype), _) => dtype,
            (Returns::Second, [_, value, ..]) | (Returns::First | Returns::Both, [value, ..]) => body.dtype(*value),
            _ => return Err(Fault::expected(call, "an argument", "none")),
        };
        let rounds = matches!(name, "floor" | "ceil" | "trunc" | "round" | "nearbyint");
        let name = if name == "power" { "pow" } else { name };
        Ok(Value::Scalar(match args.as_slice() {
            [value] if rounds && !dtype.is_float() => *value,
            [value] if name == "likely" && matches!(body.expr(*value), IrExpr::Int { .. }) => *value,
            _ => body.call(name, dtype, effect, &args),
        }))
    }

    /// The type that a call names, first or as `dtype=`, and the arguments after it.
    fn split_dtype(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<(DataType, &'a [Expr])> {
        if let Some(keyword) = call.arguments.find_keyword("dtype") {
            return Ok((self.dtype_argument(body, &keyword.value)?, &call.arguments.args));
        }
        match &*call.arguments.args {
            [dtype, args @ ..] => Ok((self.dtype_argument(body, dtype)?, args)),
            [] => Err(Fault::expected(call, "a type", "no argument")),
        }
    }

    fn call_arguments(&mut self, body: &mut Body<'_>, args: &'a [Expr]) -> Read<Vec<ExprId>> {
        args.iter().map(|arg| self.call_argument(body, arg)).collect()
    }

    /// An argument of an intrinsic: a number, a text or an address.
    fn call_argument(&mut self, body: &mut Body<'_>, arg: &'a Expr) -> Read<ExprId> {
        match self.value(body, arg)? {
            Value::Str(text) => Ok(body.string(text)),
            Value::Pointer(Pointer::Buffer(buffer)) | Value::Buffer(buffer) => {
                let name = body.buffer_of(buffer).name.clone();
                let name = body.string(&name);
                Ok(body.call("buffer_data", DataType::Handle, Effect::Pure, &[name]))
            }
            Value::Pointer(_) => Ok(body.call("pointer", DataType::Handle, Effect::Pure, &[])),
            value => self.to_scalar(body, arg, value),
        }
    }
}

/// A number that Python reads from a text: `"inf"`, `"-inf"`, `"nan"`, `"0x1p-3"` is none of them.
fn python_float(at: &impl ruff_text_size::Ranged, text: &str) -> Read<f64> {
    text.trim().parse().map_err(|_| Fault::expected(at, "a number such as \"inf\"", format!("\"{text}\"")))
}
