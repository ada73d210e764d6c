//! Expressions.

use cdmpp_ir::{BinaryOp, Body, BufferId, DataType, ExprId};
use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprCompare, Number, Operator, UnaryOp};
use ruff_text_size::Ranged;

use crate::arith;
use crate::error::{Fault, Read};
use crate::function::Reader;
use crate::intrinsic;
use crate::value::{Pointer, Value};

impl<'a> Reader<'a> {
    /// What an expression stands for.
    pub(crate) fn value(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<Value<'a>> {
        match expr {
            Expr::Name(name) => {
                self.names.find(name.id.as_str()).cloned().ok_or_else(|| Fault::undefined(expr, name.id.as_str()))
            }
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(value) => value
                    .as_i64()
                    .map(Value::Int)
                    .ok_or_else(|| Fault::expected(expr, "an integer of 64 bits", "a larger one")),
                Number::Float(value) => Ok(Value::Float(*value)),
                Number::Complex { .. } => Err(Fault::unsupported(expr, "a complex number")),
            },
            Expr::BooleanLiteral(literal) => Ok(Value::Bool(literal.value)),
            Expr::NoneLiteral(_) => Ok(Value::None),
            Expr::StringLiteral(literal) => Ok(Value::Str(literal.value.to_str())),
            // The others have operands.
            _ => self.under(expr, |reader| reader.compound(body, expr)),
        }
    }

    fn compound(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<Value<'a>> {
        match expr {
            Expr::BinOp(operation) => {
                let lhs = self.value(body, &operation.left)?;
                let rhs = self.value(body, &operation.right)?;
                self.binary_value(body, expr, operation.op, lhs, rhs)
            }
            Expr::UnaryOp(operation) => self.unary(body, expr, operation.op, &operation.operand),
            Expr::BoolOp(operation) => {
                let op = if operation.op == BoolOp::And { BinaryOp::And } else { BinaryOp::Or };
                self.chain(body, op, &operation.values)
            }
            Expr::Compare(comparison) => self.comparison(body, comparison),
            Expr::Call(call) => self.call(body, call),
            Expr::Subscript(subscript) => {
                let buffer = self.buffer_value(body, &subscript.value)?;
                let indices = self.indices(body, buffer, &subscript.slice)?;
                Ok(Value::Scalar(body.load(buffer, &indices)))
            }
            Expr::Attribute(attribute) => match (self.value(body, &attribute.value), attribute.attr.as_str()) {
                (Ok(Value::Buffer(buffer)), "data") => Ok(Value::Pointer(Pointer::Buffer(buffer))),
                (Ok(Value::Buffer(buffer)), "dtype") => Ok(Value::Str(body.buffer_of(buffer).dtype.name())),
                (Err(fault), _) => Err(fault),
                (_, name) => Err(Fault::unsupported(expr, format!("the attribute `{name}`"))),
            },
            Expr::Tuple(tuple) => self.list(body, &tuple.elts),
            Expr::List(list) => self.list(body, &list.elts),
            Expr::Slice(_) => Err(Fault::unsupported(expr, "a slice")),
            Expr::If(_) => Err(Fault::unsupported(expr, "a conditional expression of Python (use `T.if_then_else`)")),
            _ => Err(Fault::unsupported(expr, "this kind of expression")),
        }
    }

    fn list(&mut self, body: &mut Body<'_>, elements: &'a [Expr]) -> Read<Value<'a>> {
        elements.iter().try_for_each(|element| self.value(body, element).map(drop))?;
        Ok(Value::List)
    }

    /// A scalar of the program; Python's numbers become literals.
    pub(crate) fn scalar(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<ExprId> {
        let value = self.value(body, expr)?;
        self.to_scalar(body, expr, value)
    }

    /// A scalar of an integer type.
    pub(crate) fn integer(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<ExprId> {
        let value = self.value(body, expr)?;
        let what = value.what(body);
        match value {
            Value::Int(_) | Value::Scalar(_) | Value::Symbol | Value::EnvThread(_) => {}
            _ => return Err(Fault::expected(expr, "an integer", what)),
        }
        let scalar = self.to_scalar(body, expr, value)?;
        if body.dtype(scalar).is_int() { Ok(scalar) } else { Err(Fault::expected(expr, "an integer", what)) }
    }

    pub(crate) fn to_scalar(&mut self, body: &mut Body<'_>, at: &impl Ranged, value: Value<'a>) -> Read<ExprId> {
        match value {
            Value::Scalar(id) => Ok(id),
            Value::Int(value) => Ok(int_literal(body, value)),
            Value::Float(value) => Ok(body.float(value, DataType::F32)),
            Value::Bool(value) => Ok(body.bool(value)),
            // A buffer of one element stands for its element.
            Value::Buffer(buffer) if body.buffer_of(buffer).shape == [1] => {
                let zero = body.int(0, DataType::I32);
                Ok(body.load(buffer, &[zero]))
            }
            Value::Symbol => Err(Fault::unsupported(at, "a symbolic variable (a dynamic shape)")),
            value => Err(Fault::expected(at, "a number", value.what(body))),
        }
    }

    /// A buffer.
    pub(crate) fn buffer_value(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<BufferId> {
        match self.value(body, expr)? {
            Value::Buffer(buffer) => Ok(buffer),
            value => Err(Fault::expected(expr, "a buffer", value.what(body))),
        }
    }

    /// The indices of an access, one a dimension.
    pub(crate) fn indices(&mut self, body: &mut Body<'_>, buffer: BufferId, slice: &'a Expr) -> Read<Vec<ExprId>> {
        let elements = match slice {
            Expr::Tuple(tuple) => tuple.elts.as_slice(),
            Expr::List(list) => list.elts.as_slice(),
            single => std::slice::from_ref(single),
        };
        let rank = body.buffer_of(buffer).shape.len();
        if elements.len() != rank && !(rank == 0 && elements.len() == 1) {
            let expected = format!("{rank} indices of `{}`", body.buffer_of(buffer).name);
            return Err(Fault::expected(slice, expected, elements.len().to_string()));
        }
        elements.iter().map(|element| self.integer(body, element)).collect()
    }

    fn unary(&mut self, body: &mut Body<'_>, at: &'a Expr, op: UnaryOp, operand: &'a Expr) -> Read<Value<'a>> {
        let value = self.value(body, operand)?;
        Ok(match (op, value) {
            (UnaryOp::UAdd, value) => value,
            (UnaryOp::USub, Value::Int(value)) => Value::Int(value.wrapping_neg()),
            (UnaryOp::USub, Value::Float(value)) => Value::Float(-value),
            (UnaryOp::USub, value) => {
                // As TVM's operator does: a product, not a difference from 0.
                let value = self.to_scalar(body, at, value)?;
                let dtype = body.dtype(value);
                let minus_one = arith::literal_of_int(body, dtype, -1);
                Value::Scalar(arith::binary(body, at, BinaryOp::Mul, value, minus_one)?)
            }
            (UnaryOp::Not, Value::Bool(value)) => Value::Bool(!value),
            (UnaryOp::Not, value) => {
                let what = value.what(body);
                let value = self.to_scalar(body, at, value)?;
                if body.dtype(value) != DataType::Bool {
                    return Err(Fault::expected(operand, "a truth value", what));
                }
                Value::Scalar(body.not(value))
            }
            (UnaryOp::Invert, value) => {
                let value = self.to_scalar(body, at, value)?;
                Value::Scalar(intrinsic::pure_call(body, "bitwise_not", &[value]))
            }
        })
    }

    fn chain(&mut self, body: &mut Body<'_>, op: BinaryOp, operands: &'a [Expr]) -> Read<Value<'a>> {
        let mut chain: Option<ExprId> = None;
        for operand in operands {
            let value = self.value(body, operand)?;
            let value = self.to_scalar(body, operand, value)?;
            chain = Some(match chain {
                None => value,
                Some(before) => arith::plain_binary(body, operand, op, before, value)?,
            });
        }
        Ok(chain.map_or(Value::None, Value::Scalar))
    }

    fn comparison(&mut self, body: &mut Body<'_>, comparison: &'a ExprCompare) -> Read<Value<'a>> {
        let mut lhs = self.value(body, &comparison.left)?;
        let mut all: Option<Value<'a>> = None;
        for (op, operand) in comparison.ops.iter().zip(&comparison.comparators) {
            let rhs = self.value(body, operand)?;
            let op = match op {
                CmpOp::Eq => BinaryOp::Eq,
                CmpOp::NotEq => BinaryOp::Ne,
                CmpOp::Lt => BinaryOp::Lt,
                CmpOp::LtE => BinaryOp::Le,
                CmpOp::Gt => BinaryOp::Gt,
                CmpOp::GtE => BinaryOp::Ge,
                CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn => {
                    return Err(Fault::unsupported(operand, "`is` or `in`"));
                }
            };
            let both_known = matches!((&lhs, &rhs), (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)));
            let (a, b) = self.operands(body, operand, lhs, rhs.clone())?;
            let one = if both_known {
                arith::binary(body, operand, op, a, b)?
            } else {
                arith::plain_binary(body, operand, op, a, b)?
            };
            all = Some(Value::Scalar(match all {
                Some(Value::Scalar(before)) => arith::plain_binary(body, operand, BinaryOp::And, before, one)?,
                _ => one,
            }));
            lhs = rhs;
        }
        Ok(all.unwrap_or(Value::None))
    }

    /// Two operands of a comparison: a Python number takes the type of the other one.
    fn operands(
        &mut self,
        body: &mut Body<'_>,
        at: &'a Expr,
        lhs: Value<'a>,
        rhs: Value<'a>,
    ) -> Read<(ExprId, ExprId)> {
        let is_python = |value: &Value<'_>| matches!(value, Value::Int(_) | Value::Float(_));
        let (lhs_is_python, rhs_is_python) = (is_python(&lhs), is_python(&rhs));
        let (lhs_is_int, rhs_is_int) = (matches!(lhs, Value::Int(_)), matches!(rhs, Value::Int(_)));
        let (lhs, rhs) = (self.to_scalar(body, at, lhs)?, self.to_scalar(body, at, rhs)?);
        let (left, right) = (body.dtype(lhs), body.dtype(rhs));
        let adapts = |is_python: bool, is_int: bool, other: DataType| {
            is_python && (other.is_float() || is_int && (other.is_int() || other == DataType::Bool))
        };
        if !rhs_is_python && adapts(lhs_is_python, lhs_is_int, right) {
            return Ok((arith::cast(body, right, lhs), rhs));
        }
        if !lhs_is_python && adapts(rhs_is_python, rhs_is_int, left) {
            return Ok((lhs, arith::cast(body, left, rhs)));
        }
        Ok((lhs, rhs))
    }

    /// `lhs op rhs` of two values.
    pub(crate) fn binary_value(
        &mut self,
        body: &mut Body<'_>,
        at: &impl Ranged,
        op: Operator,
        lhs: Value<'a>,
        rhs: Value<'a>,
    ) -> Read<Value<'a>> {
        if let Some(value) = python_arithmetic(op, &lhs, &rhs) {
            return Ok(value);
        }
        let lhs = self.to_scalar(body, at, lhs)?;
        let rhs = self.to_scalar(body, at, rhs)?;
        let are_ints = body.dtype(lhs).is_int() && body.dtype(rhs).is_int();
        let op = match op {
            Operator::Add => BinaryOp::Add,
            Operator::Sub => BinaryOp::Sub,
            Operator::Mult => BinaryOp::Mul,
            Operator::Div if are_ints => {
                return Err(Fault::expected(at, "`//` or `T.truncdiv` between integers", "`/`"));
            }
            Operator::Div => BinaryOp::Div,
            Operator::FloorDiv if are_ints => BinaryOp::FloorDiv,
            Operator::Mod if are_ints => BinaryOp::FloorMod,
            Operator::FloorDiv | Operator::Mod => {
                return Err(Fault::expected(at, "integers on both sides", "another type"));
            }
            Operator::LShift => return self.bitwise(body, at, "shift_left", lhs, rhs),
            Operator::RShift => return self.bitwise(body, at, "shift_right", lhs, rhs),
            Operator::BitOr => return self.bitwise(body, at, "bitwise_or", lhs, rhs),
            Operator::BitXor => return self.bitwise(body, at, "bitwise_xor", lhs, rhs),
            Operator::BitAnd => return self.bitwise(body, at, "bitwise_and", lhs, rhs),
            Operator::MatMult | Operator::Pow => return Err(Fault::unsupported(at, format!("the operator `{op}`"))),
        };
        arith::binary(body, at, op, lhs, rhs).map(Value::Scalar)
    }

    /// A bitwise operation, which TVM writes as a call.
    pub(crate) fn bitwise(
        &mut self,
        body: &mut Body<'_>,
        at: &impl Ranged,
        name: &str,
        lhs: ExprId,
        rhs: ExprId,
    ) -> Read<Value<'a>> {
        let (lhs, rhs) = arith::match_types(body, at, lhs, rhs)?;
        if body.dtype(lhs).is_float() {
            return Err(Fault::expected(at, "integers on both sides", "a float"));
        }
        Ok(Value::Scalar(intrinsic::pure_call(body, name, &[lhs, rhs])))
    }
}

/// A literal of the smallest type that TVM gives a Python integer.
fn int_literal(body: &mut Body<'_>, value: i64) -> ExprId {
    let dtype = if i32::try_from(value).is_ok() { DataType::I32 } else { DataType::I64 };
    body.int(value, dtype)
}

/// Arithmetic between Python's own numbers; `None` if one is a scalar of the program, or if the result is no number of
/// 64 bits.
fn python_arithmetic<'a>(op: Operator, lhs: &Value<'a>, rhs: &Value<'a>) -> Option<Value<'a>> {
    match (lhs, rhs) {
        (&Value::Int(a), &Value::Int(b)) => {
            let floor = |a: i64, b: i64| {
                let (quotient, remainder) = (a.checked_div(b)?, a.checked_rem(b)?);
                let differs = remainder != 0 && (remainder < 0) != (b < 0);
                Some((quotient - i64::from(differs), if differs { remainder + b } else { remainder }))
            };
            match op {
                Operator::Add => a.checked_add(b),
                Operator::Sub => a.checked_sub(b),
                Operator::Mult => a.checked_mul(b),
                Operator::FloorDiv => floor(a, b).map(|(quotient, _)| quotient),
                Operator::Mod => floor(a, b).map(|(_, remainder)| remainder),
                Operator::Div if b != 0 => return Some(Value::Float(a as f64 / b as f64)),
                Operator::Pow => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
                Operator::LShift => u32::try_from(b).ok().and_then(|b| a.checked_mul(1_i64.checked_shl(b)?)),
                Operator::RShift => u32::try_from(b).ok().and_then(|b| a.checked_shr(b)),
                Operator::BitOr => Some(a | b),
                Operator::BitXor => Some(a ^ b),
                Operator::BitAnd => Some(a & b),
                _ => None,
            }
            .map(Value::Int)
        }
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            let number = |value: &Value<'_>| match *value {
                Value::Int(value) => value as f64,
                Value::Float(value) => value,
                _ => f64::NAN,
            };
            let (a, b) = (number(lhs), number(rhs));
            Some(Value::Float(match op {
                Operator::Add => a + b,
                Operator::Sub => a - b,
                Operator::Mult => a * b,
                Operator::Div if b != 0.0 => a / b,
                Operator::Pow => a.powf(b),
                _ => return None,
            }))
        }
        _ => None,
    }
}
