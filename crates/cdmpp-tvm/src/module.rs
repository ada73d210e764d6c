//! A text with functions.

use cdmpp_ir::Program;
use ruff_python_ast::{Decorator, Expr, ModModule, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use crate::error::{Fault, FaultKind, ParseError, Read};
use crate::function::read_function;
use crate::nesting::check_nesting;
use crate::scope::{Dialect, Modules};

/// Reads a text with exactly one `prim_func`, bare or in an `ir_module`.
///
/// # Errors
/// [`ParseError::FunctionCount`] if there is no function or more than one; otherwise as [`parse_module`].
///
/// # Examples
/// ```
/// let text = r#"
/// @T.prim_func(s_tir=True)
/// def fill(A: T.Buffer((64,), "float32")):
///     for i in T.vectorized(64):
///         A[i] = 1.0
/// "#;
/// assert_eq!(cdmpp_tvm::parse_tvmscript(text)?.name(), "fill");
/// # Ok::<(), cdmpp_tvm::ParseError>(())
/// ```
pub fn parse_tvmscript(text: &str) -> Result<Program, ParseError> {
    let syntax = parse_python(text)?;
    let (modules, functions) = outline(&syntax).map_err(|fault| fault.locate(text, ("", 0)))?;
    match functions.as_slice() {
        [function] => parse_function(text, &modules, function),
        _ => Err(ParseError::FunctionCount { names: functions.iter().map(|f| f.name.as_str().to_owned()).collect() }),
    }
}

/// Reads every `prim_func` of a text, in order: bare functions and those of `ir_module` classes.
///
/// Functions of other kinds (`R.function`) are passed over.
///
/// # Errors
/// [`ParseError`] at the first place that is wrong.
///
/// # Complexity
/// Linear in the text, and in the size of the programs.
pub fn parse_module(text: &str) -> Result<Vec<Program>, ParseError> {
    let syntax = parse_python(text)?;
    let (modules, functions) = outline(&syntax).map_err(|fault| fault.locate(text, ("", 0)))?;
    functions.iter().map(|function| parse_function(text, &modules, function)).collect()
}

fn parse_python(text: &str) -> Result<ModModule, ParseError> {
    let parsed = check_nesting(text).and_then(|()| {
        ruff_python_parser::parse_module(text)
            .map_err(|error| Fault::new(error.location.start().to_usize(), FaultKind::Syntax(error.error.to_string())))
    });
    parsed.map(ruff_python_parser::Parsed::into_syntax).map_err(|fault| fault.locate(text, ("", 0)))
}

fn parse_function(text: &str, modules: &Modules, function: &StmtFunctionDef) -> Result<Program, ParseError> {
    let dialect = Dialect::of(text);
    read_function(function, modules, dialect)
        .map_err(|fault| fault.locate(text, (function.name.as_str(), function.name.start().to_usize())))
}

/// Finds the names under which TVM's modules are imported, and the functions.
fn outline(syntax: &ModModule) -> Read<(Modules, Vec<&StmtFunctionDef>)> {
    let mut modules = Modules::default();
    let mut functions = Vec::new();
    for stmt in &syntax.body {
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    if let Some(name) = &alias.asname {
                        modules.import(alias.name.as_str(), name.as_str());
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    modules.import(alias.name.as_str(), alias.asname.as_ref().unwrap_or(&alias.name).as_str());
                }
            }
            Stmt::FunctionDef(function) => functions.extend(prim_func(function)?),
            Stmt::ClassDef(class) if class.decorator_list.iter().any(|d| decorator_name(d) == Some("ir_module")) => {
                for stmt in &class.body {
                    match stmt {
                        Stmt::FunctionDef(function) => functions.extend(prim_func(function)?),
                        // `I.module_attrs(…)`, `I.module_global_infos(…)`, docstrings and constants.
                        Stmt::Expr(_) | Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::Pass(_) => {}
                        other => return Err(Fault::expected(other, "a function of the module", "another statement")),
                    }
                }
            }
            Stmt::ClassDef(class) => {
                return Err(Fault::expected(&class.name, "the class to be an `@I.ir_module`", "another class"));
            }
            Stmt::Expr(_) | Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::Pass(_) => {}
            other => return Err(Fault::expected(other, "an import, a function or a module", "another statement")),
        }
    }
    Ok((modules, functions))
}

/// The function if it is a `prim_func`, or nothing if it is decorated as something else.
fn prim_func(function: &StmtFunctionDef) -> Read<Option<&StmtFunctionDef>> {
    if function.decorator_list.is_empty() {
        return Err(Fault::expected(&function.name, "a decorator `@T.prim_func`", "a plain function"));
    }
    let is_prim_func = function.decorator_list.iter().any(|d| decorator_name(d) == Some("prim_func"));
    Ok(is_prim_func.then_some(function))
}

/// The last name of a decorator: `prim_func` for `@T.prim_func` and `@T.prim_func(private=True)`.
fn decorator_name(decorator: &Decorator) -> Option<&str> {
    let expr = match &decorator.expression {
        Expr::Call(call) => &*call.func,
        other => other,
    };
    match expr {
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        Expr::Name(name) => Some(name.id.as_str()),
        _ => None,
    }
}
