//! Operators in the form of functions.

use cdmpp_ir::{BinaryOp, Body, DataType, Effect, Expr as IrExpr, ExprId};
use ruff_python_ast::{Expr, ExprCall};

use crate::arith;
use crate::error::{Fault, Read};
use crate::function::Reader;
use crate::value::Value;

impl<'a> Reader<'a> {
    pub(crate) fn operation(
        &mut self,
        body: &mut Body<'_>,
        call: &'a ExprCall,
        (op, folds): (BinaryOp, bool),
        lhs: ExprId,
        rhs: ExprId,
    ) -> Read<Value<'a>> {
        let id = if folds {
            arith::binary(body, call, op, lhs, rhs)?
        } else {
            arith::plain_binary(body, call, op, lhs, rhs)?
        };
        Ok(Value::Scalar(id))
    }

    pub(crate) fn if_then_else(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<Value<'a>> {
        let [condition, then, otherwise] = self.arguments(call, ["cond", "t", "f"])?;
        let condition = self.condition(body, condition)?;
        let (then, otherwise) = (self.scalar(body, then)?, self.scalar(body, otherwise)?);
        let (then, otherwise) = arith::match_types(body, call, then, otherwise)?;
        Ok(Value::Scalar(match *body.expr(condition) {
            IrExpr::Int { value, .. } => {
                if value != 0 {
                    then
                } else {
                    otherwise
                }
            }
            _ => body.choose(condition, then, otherwise),
        }))
    }

    pub(crate) fn select(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<Value<'a>> {
        let [condition, then, otherwise] = self.arguments(call, ["condition", "true_value", "false_value"])?;
        let condition = self.condition(body, condition)?;
        let (then, otherwise) = (self.scalar(body, then)?, self.scalar(body, otherwise)?);
        let (then, otherwise) = arith::match_types(body, call, then, otherwise)?;
        Ok(Value::Scalar(body.select(condition, then, otherwise)))
    }

    /// `T.abs(x)`: a call for floats, a selection for signed integers.
    pub(crate) fn absolute(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<Value<'a>> {
        let [value] = self.scalars(body, call, ["x"])?;
        let dtype = body.dtype(value);
        Ok(Value::Scalar(match *body.expr(value) {
            IrExpr::Float { value, .. } => body.float(value.abs(), dtype),
            IrExpr::Int { value, .. } => body.int(value.wrapping_abs(), dtype),
            _ if dtype.is_float() => body.call("fabs", dtype, Effect::Pure, &[value]),
            _ => {
                let zero = arith::literal_of_int(body, dtype, 0);
                let is_positive = arith::binary(body, call, BinaryOp::Ge, value, zero)?;
                let negative = arith::binary(body, call, BinaryOp::Sub, zero, value)?;
                let (value, negative) = arith::match_types(body, call, value, negative)?;
                body.select(is_positive, value, negative)
            }
        }))
    }

    /// `T.isinf(x)` and `T.isfinite(x)`, which TVM composes of others.
    pub(crate) fn finiteness(&mut self, body: &mut Body<'_>, name: &str, call: &'a ExprCall) -> Read<Value<'a>> {
        let [value] = self.scalars(body, call, ["x"])?;
        let dtype = body.dtype(value);
        if !dtype.is_float() {
            return Ok(Value::Scalar(body.bool(name == "isfinite")));
        }
        let magnitude = body.call("fabs", dtype, Effect::Pure, &[value]);
        let infinity = body.float(f64::INFINITY, dtype);
        let is_large = body.binary(BinaryOp::Eq, magnitude, infinity);
        let is_nan = body.call("isnan", DataType::Bool, Effect::Pure, &[value]);
        let is_number = body.not(is_nan);
        let is_infinite = body.binary(BinaryOp::And, is_large, is_number);
        if name == "isinf" {
            return Ok(Value::Scalar(is_infinite));
        }
        let is_bounded = body.not(is_infinite);
        Ok(Value::Scalar(body.binary(BinaryOp::And, is_bounded, is_number)))
    }

    /// `T.Let(expression, where={x: value})` or `T.Let(x, value, expression)`: the name stands for the value.
    pub(crate) fn let_expression(&mut self, body: &mut Body<'_>, call: &'a ExprCall) -> Read<Value<'a>> {
        let arguments = &call.arguments;
        let (name, value, inner) = match (&*arguments.args, arguments.find_keyword("where").map(|k| &k.value)) {
            ([Expr::Name(name), value, inner], None) => (name, value, inner),
            ([inner], Some(Expr::Dict(dict))) | ([inner, Expr::Dict(dict)], None) => match dict.items.as_slice() {
                [item] if let Some(Expr::Name(name)) = &item.key => (name, &item.value, inner),
                _ => return Err(Fault::expected(call, "one variable with its value", "another dictionary")),
            },
            _ => return Err(Fault::expected(call, "an expression and `where={x: value}`", "other arguments")),
        };
        let value = self.scalar(body, value)?;
        let mark = self.names.mark();
        self.names.bind(name.id.as_str(), Value::Scalar(value));
        let result = self.value(body, inner);
        self.names.reset(mark);
        result
    }
}

/// The operator of a function, and whether TVM folds its literals (nodes written by name stay as they are).
pub(crate) fn operator(name: &str) -> Option<(BinaryOp, bool)> {
    Some(match name {
        "min" => (BinaryOp::Min, true),
        "max" => (BinaryOp::Max, true),
        "truncdiv" | "div" => (BinaryOp::Div, true),
        "truncmod" => (BinaryOp::Mod, true),
        "floordiv" | "indexdiv" => (BinaryOp::FloorDiv, true),
        "floormod" | "indexmod" => (BinaryOp::FloorMod, true),
        "Add" => (BinaryOp::Add, false),
        "Sub" => (BinaryOp::Sub, false),
        "Mul" => (BinaryOp::Mul, false),
        "Div" => (BinaryOp::Div, false),
        "Mod" => (BinaryOp::Mod, false),
        "FloorDiv" => (BinaryOp::FloorDiv, false),
        "FloorMod" => (BinaryOp::FloorMod, false),
        "Min" => (BinaryOp::Min, false),
        "Max" => (BinaryOp::Max, false),
        "EQ" => (BinaryOp::Eq, false),
        "NE" => (BinaryOp::Ne, false),
        "LT" => (BinaryOp::Lt, false),
        "LE" => (BinaryOp::Le, false),
        "GT" => (BinaryOp::Gt, false),
        "GE" => (BinaryOp::Ge, false),
        "And" => (BinaryOp::And, false),
        "Or" => (BinaryOp::Or, false),
        _ => return None,
    })
}

/// A value at the edge of a type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Float(f64),
    Int(i64),
}

/// The largest, smallest or infinite value of a type.
pub(crate) fn limit(name: &str, dtype: DataType) -> Option<Limit> {
    let bits = 8 * dtype.bytes() as u32;
    let is_unsigned = matches!(dtype, DataType::U8 | DataType::U16 | DataType::U32 | DataType::U64);
    let largest = match dtype {
        DataType::F8E4M3 => 448.0,
        DataType::F8E5M2 => 57344.0,
        DataType::F16 => 65504.0,
        DataType::BF16 | DataType::F32 => f64::from(f32::MAX),
        _ => f64::MAX,
    };
    Some(match name {
        "infinity" if dtype.is_float() => Limit::Float(f64::INFINITY),
        "max_value" if dtype.is_float() => Limit::Float(largest),
        "min_value" if dtype.is_float() => Limit::Float(-largest),
        "min_value" if is_unsigned => Limit::Int(0),
        "max_value" if is_unsigned => Limit::Int((u64::MAX >> (64 - bits)) as i64),
        "max_value" if dtype.is_int() => Limit::Int(i64::MAX >> (64 - bits)),
        "min_value" if dtype.is_int() => Limit::Int(i64::MIN >> (64 - bits)),
        _ => return None,
    })
}
