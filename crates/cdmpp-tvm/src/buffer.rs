//! Buffers: parameters, allocations and views.

use cdmpp_ir::{Body, Buffer, BufferId, DataType, Scope};
use ruff_python_ast::{Expr, ExprCall};

use crate::error::{Fault, Read};
use crate::function::Reader;
use crate::value::{Pointer, Value};

impl<'a> Reader<'a> {
    /// The parameter that `T.Buffer(shape, dtype, …)` describes; `first` is the place of the shape in the arguments.
    pub(crate) fn buffer_param(
        &mut self,
        body: &mut Body<'_>,
        name: &str,
        call: &'a ExprCall,
        first: usize,
    ) -> Read<BufferId> {
        let buffer = self.buffer(body, name, call, first)?;
        Ok(body.param(buffer))
    }

    /// `name = T.match_buffer(source, shape, dtype, …)`: a parameter, or a view of a part of a buffer.
    pub(crate) fn match_buffer(&mut self, body: &mut Body<'_>, name: &str, call: &'a ExprCall) -> Read<BufferId> {
        let Some(source) = call.arguments.find_argument_value("param", 0) else {
            return Err(Fault::expected(call, "a parameter to match", "no argument"));
        };
        if let Expr::Name(source_name) = source {
            return match self.names.find(source_name.id.as_str()) {
                Some(Value::Pointer(Pointer::Param)) => self.buffer_param(body, name, call, 1),
                Some(value) => Err(Fault::expected(source, "a parameter of type `T.handle`", value.what(body))),
                None => Err(Fault::undefined(source, source_name.id.as_str())),
            };
        }
        let buffer = self.buffer(body, name, call, 1)?;
        Ok(body.allocate(buffer))
    }

    /// `name = T.alloc_buffer(shape, dtype, …)` and its relatives: memory of its own, or a view of a buffer's data.
    pub(crate) fn allocation(
        &mut self,
        body: &mut Body<'_>,
        name: &str,
        call: &'a ExprCall,
        scope: Option<Scope>,
    ) -> Read<BufferId> {
        let mut buffer = self.buffer(body, name, call, 0)?;
        if let Some(scope) = scope {
            buffer.scope = scope;
        }
        if let Some(data) = call.arguments.find_argument_value("data", 2)
            && let Value::Pointer(Pointer::Buffer(source)) = self.value(body, data)?
        {
            let source_buffer = body.buffer_of(source);
            if (source_buffer.dtype, &source_buffer.shape) == (buffer.dtype, &buffer.shape)
                && source_buffer.strides == buffer.strides
            {
                return Ok(source);
            }
            buffer.scope = source_buffer.scope.clone();
        }
        Ok(body.allocate(buffer))
    }

    /// `name = source.view(extent, …)`: the data of a buffer in another shape, which is a buffer of its own here.
    pub(crate) fn view(
        &mut self,
        body: &mut Body<'_>,
        name: &str,
        source: &'a Expr,
        shape: &'a [Expr],
    ) -> Read<BufferId> {
        let source = self.buffer_value(body, source)?;
        let shape: Vec<i64> = shape.iter().map(|extent| self.extent(body, extent)).collect::<Read<_>>()?;
        let source = body.buffer_of(source);
        let view = Buffer { scope: source.scope.clone(), ..Buffer::new(name, source.dtype, shape) };
        Ok(body.allocate(view))
    }

    fn buffer(&mut self, body: &mut Body<'_>, name: &str, call: &'a ExprCall, first: usize) -> Read<Buffer> {
        let arguments = &call.arguments;
        let Some(shape) = arguments.find_argument_value("shape", first) else {
            return Err(Fault::expected(call, "a shape", "no argument"));
        };
        if let Some(extra) = arguments.args.get(first + 3) {
            // The places of later arguments differ between TVM's versions, and TVM prints them with names.
            return Err(Fault::expected(extra, "a keyword argument", "a positional one"));
        }
        let shape = self.extents(body, shape)?;
        let dtype = match arguments.find_argument_value("dtype", first + 1) {
            Some(dtype) => self.dtype_argument(body, dtype)?,
            None => DataType::F32,
        };
        let strides = match arguments.find_keyword("strides") {
            Some(strides) => Some(self.extents(body, &strides.value)?).filter(|strides| !strides.is_empty()),
            None => None,
        };
        let scope = match arguments.find_keyword("scope") {
            Some(scope) => Scope::from_name(self.text(body, &scope.value)?),
            None => Scope::Global,
        };
        Ok(Buffer { name: name.to_owned(), dtype, shape, strides, scope })
    }

    /// A tuple of literal integers, or one of them.
    pub(crate) fn extents(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<Vec<i64>> {
        let elements = match expr {
            Expr::Tuple(tuple) => &tuple.elts,
            Expr::List(list) => &list.elts,
            single => return Ok(vec![self.extent(body, single)?]),
        };
        elements.iter().map(|element| self.extent(body, element)).collect()
    }

    fn extent(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<i64> {
        if let Expr::StringLiteral(_) = expr {
            return Err(Fault::unsupported(expr, "a dynamic shape"));
        }
        if let Expr::Name(name) = expr
            && let None | Some(Value::Symbol) = self.names.find(name.id.as_str())
        {
            return Err(Fault::unsupported(expr, "a dynamic shape"));
        }
        match self.value(body, expr)? {
            Value::Int(value) => Ok(value),
            Value::Scalar(id) if body.dtype(id).is_int() => match *body.expr(id) {
                cdmpp_ir::Expr::Int { value, .. } => Ok(value),
                _ => Err(Fault::unsupported(expr, "a dynamic shape")),
            },
            value => Err(Fault::expected(expr, "an integer extent", value.what(body))),
        }
    }

    /// A string.
    pub(crate) fn text(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<&'a str> {
        match self.value(body, expr)? {
            Value::Str(text) => Ok(text),
            value => Err(Fault::expected(expr, "a string", value.what(body))),
        }
    }

    /// A type: `"float32"` or `T.float32`.
    pub(crate) fn dtype_argument(&mut self, body: &mut Body<'_>, expr: &'a Expr) -> Read<DataType> {
        if let Some(("", name)) = self.script_path(expr)
            && let Some(dtype) = scalar_type(name)
        {
            return Ok(dtype);
        }
        let name = self.text(body, expr)?;
        scalar_type(name).ok_or_else(|| Fault::expected(expr, "a scalar type", format!("`{name}`")))
    }
}

/// The type of a name in the script.
pub(crate) fn scalar_type(name: &str) -> Option<DataType> {
    Some(match name {
        "boolean" | "uint1" => DataType::Bool,
        "i8" => DataType::I8,
        "i16" => DataType::I16,
        "i32" => DataType::I32,
        "i64" => DataType::I64,
        "u8" => DataType::U8,
        "u16" => DataType::U16,
        "u32" => DataType::U32,
        "u64" => DataType::U64,
        "f16" => DataType::F16,
        "bf16" => DataType::BF16,
        "f32" => DataType::F32,
        "f64" => DataType::F64,
        "e4m3_float8" | "float8_e4m3" => DataType::F8E4M3,
        "e5m2_float8" => DataType::F8E5M2,
        "void" | "" => DataType::Handle,
        _ => return name.parse().ok(),
    })
}
