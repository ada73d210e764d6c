//! A function: its signature, then its body.

use cdmpp_ir::{Annotation, Body, ExprId, MAX_DEPTH, Program};
use ruff_python_ast::{Expr, ExprCall, StmtFunctionDef};
use ruff_text_size::Ranged;

use crate::block::BlockFrame;
use crate::error::{Fault, Read};
use crate::scope::{Dialect, Modules, Names};
use crate::value::{Pointer, Value};

/// Reads one function.
pub(crate) fn read_function(function: &StmtFunctionDef, modules: &Modules, dialect: Dialect) -> Read<Program> {
    Program::try_build(function.name.as_str(), |body| {
        let mut reader = Reader::new(modules, dialect);
        reader.signature(body, function)?;
        reader.suite(body, &function.body)
    })
}

/// The state of reading one function.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) names: Names<'a>,
    pub(crate) dialect: Dialect,
    /// The blocks around, outermost first.
    pub(crate) blocks: Vec<BlockFrame>,
    /// What the names of the loops around stand for, each with its first value.
    pub(crate) loop_starts: Vec<(ExprId, ExprId)>,
    /// The hints of `T.attr` for the loops that follow directly.
    pub(crate) pragmas: Vec<Annotation>,
    modules: &'a Modules,
    /// How many statements, then how many operators, are open.
    n_open_statements: usize,
    n_open_operators: usize,
}

impl<'a> Reader<'a> {
    fn new(modules: &'a Modules, dialect: Dialect) -> Self {
        Self {
            names: Names::default(),
            dialect,
            blocks: Vec::new(),
            loop_starts: Vec::new(),
            pragmas: Vec::new(),
            modules,
            n_open_statements: 0,
            n_open_operators: 0,
        }
    }

    fn signature(&mut self, body: &mut Body<'_>, function: &'a StmtFunctionDef) -> Read<()> {
        for parameter in function.parameters.iter_non_variadic_params() {
            let parameter = &parameter.parameter;
            let name = parameter.name.as_str();
            let Some(annotation) = parameter.annotation.as_deref() else {
                return Err(Fault::expected(parameter, "a parameter with a type", "a bare name"));
            };
            let (path, call) = match annotation {
                Expr::Call(call) => (self.script_path(&call.func), Some(call)),
                other => (self.script_path(other), None),
            };
            let value = match (path, call) {
                (Some(("", "Buffer" | "buffer_decl")), Some(call)) => {
                    Value::Buffer(self.buffer_param(body, name, call, 0)?)
                }
                (Some(("", "handle" | "ptr")), _) => Value::Pointer(Pointer::Param),
                (Some(_), _) => return Err(Fault::unsupported(annotation, "a scalar parameter (a dynamic shape)")),
                (None, _) => return Err(Fault::expected(annotation, "`T.Buffer(…)` or `T.handle`", "another type")),
            };
            self.names.bind(name, value);
        }
        if let Some(parameter) = function.parameters.vararg.as_deref().or(function.parameters.kwarg.as_deref()) {
            return Err(Fault::unsupported(parameter, "a variable number of parameters"));
        }
        Ok(())
    }

    /// For `T.name` the pair `("", "name")`, for `T.axis.spatial` the pair `("axis", "spatial")`.
    pub(crate) fn script_path(&self, expr: &'a Expr) -> Option<(&'a str, &'a str)> {
        let Expr::Attribute(attribute) = expr else { return None };
        let name = attribute.attr.as_str();
        match &*attribute.value {
            Expr::Name(module) if self.is_module(module.id.as_str()) => Some(("", name)),
            Expr::Attribute(inner) => match &*inner.value {
                Expr::Name(module) if self.is_module(module.id.as_str()) => Some((inner.attr.as_str(), name)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The call with its path, if the expression calls something of the script module.
    pub(crate) fn script_call(&self, expr: &'a Expr) -> Option<(&'a str, &'a str, &'a ExprCall)> {
        let Expr::Call(call) = expr else { return None };
        self.script_path(&call.func).map(|(space, name)| (space, name, call))
    }

    fn is_module(&self, name: &str) -> bool {
        self.modules.contains(name) && self.names.find(name).is_none()
    }

    /// Runs `read` one statement deeper, with names that end with it.
    pub(crate) fn inside<R>(&mut self, at: &impl Ranged, read: impl FnOnce(&mut Self) -> Read<R>) -> Read<R> {
        if self.n_open_statements >= MAX_DEPTH {
            return Err(Fault::too_deep(at, "statements"));
        }
        self.n_open_statements += 1;
        let mark = self.names.mark();
        let result = read(self);
        self.names.reset(mark);
        self.n_open_statements -= 1;
        result
    }

    /// Runs `read` one operator deeper.
    pub(crate) fn under<R>(&mut self, at: &impl Ranged, read: impl FnOnce(&mut Self) -> Read<R>) -> Read<R> {
        if self.n_open_operators >= MAX_DEPTH {
            return Err(Fault::too_deep(at, "operators"));
        }
        self.n_open_operators += 1;
        let result = read(self);
        self.n_open_operators -= 1;
        result
    }
}
