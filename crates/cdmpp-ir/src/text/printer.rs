//! Prints a program.

use std::fmt::{self, Formatter, Write};

use super::level::{Level, level};
use super::word::{DEFAULT_FLOAT, DEFAULT_INT, is_plain_name, suffix};
use crate::{
    AnnotationValue, Buffer, DataType, Effect, Expr, ExprId, ExprList, LoopKind, Node, NodeId, Program, Scope,
};

pub(super) fn write_program(program: &Program, f: &mut Formatter<'_>) -> fmt::Result {
    let printer = Printer { program };
    write!(f, "program {}(", Name(program.name()))?;
    for (index, &param) in program.params().iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        write_buffer(f, &program[param])?;
    }
    f.write_str(") {\n")?;
    // One entry for every open brace below the program's: where an `else` of it starts.
    let mut open: Vec<Option<NodeId>> = Vec::new();
    for (node, depth) in program.preorder() {
        close(f, &mut open, depth)?;
        if open.last().is_some_and(|otherwise| *otherwise == Some(node)) {
            writeln!(f, "{:1$}}} else {{", "", 2 * depth)?;
        }
        write!(f, "{:1$}", "", 2 * (depth + 1))?;
        printer.node(f, node)?;
        f.write_char('\n')?;
        match program[node] {
            Node::Loop { .. } => open.push(None),
            Node::If { otherwise, .. } => open.push(otherwise),
            Node::Store { .. } | Node::Let { .. } | Node::Allocate { .. } | Node::Evaluate { .. } => {}
        }
    }
    close(f, &mut open, 0)?;
    f.write_str("}\n")
}

/// Closes braces until `depth` are open.
fn close(f: &mut Formatter<'_>, open: &mut Vec<Option<NodeId>>, depth: usize) -> fmt::Result {
    while open.len() > depth {
        writeln!(f, "{:1$}}}", "", 2 * open.len())?;
        open.pop();
    }
    Ok(())
}

fn write_buffer(f: &mut Formatter<'_>, buffer: &Buffer) -> fmt::Result {
    write!(f, "{}: {}", Name(&buffer.name), buffer.dtype)?;
    write_extents(f, &buffer.shape)?;
    if buffer.scope != Scope::Global {
        write!(f, " @{}", Name(buffer.scope.name()))?;
    }
    match &buffer.strides {
        Some(strides) => {
            f.write_str(" strides")?;
            write_extents(f, strides)
        }
        None => Ok(()),
    }
}

fn write_extents(f: &mut Formatter<'_>, extents: &[i64]) -> fmt::Result {
    f.write_char('[')?;
    for (index, extent) in extents.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        write!(f, "{extent}")?;
    }
    f.write_char(']')
}

struct Printer<'a> {
    program: &'a Program,
}

impl Printer<'_> {
    /// Prints a statement up to the brace that opens its body.
    fn node(&self, f: &mut Formatter<'_>, node: NodeId) -> fmt::Result {
        let program = self.program;
        match &program[node] {
            Node::Loop { var, min, extent, kind, annotations } => {
                write!(f, "for {} in ", Name(&program[*var].name))?;
                if program.as_int(*min) == Some(0) {
                    f.write_str("0..")?;
                } else {
                    self.expr(f, *min, Level::Choice)?;
                    f.write_str("..+")?;
                }
                self.expr(f, *extent, Level::Choice)?;
                match kind {
                    LoopKind::Serial => {}
                    LoopKind::Parallel => f.write_str(" parallel")?,
                    LoopKind::Vectorized => f.write_str(" vectorized")?,
                    LoopKind::Unrolled => f.write_str(" unrolled")?,
                    LoopKind::ThreadBinding(axis) => write!(f, " bind {axis}")?,
                }
                for (index, annotation) in annotations.iter().enumerate() {
                    write!(f, "{}{} = ", if index == 0 { " with " } else { ", " }, Name(&annotation.key))?;
                    match &annotation.value {
                        AnnotationValue::Int(value) => write!(f, "{value}")?,
                        AnnotationValue::Float(value) => write_float(f, *value, DEFAULT_FLOAT)?,
                        AnnotationValue::Str(text) => write_quoted(f, text, '"')?,
                    }
                }
                f.write_str(" {")
            }
            Node::Store { buffer, indices, value } => {
                write!(f, "{}[", Name(&program[*buffer].name))?;
                self.list(f, *indices)?;
                f.write_str("] = ")?;
                self.expr(f, *value, Level::Choice)
            }
            Node::If { condition, .. } => {
                f.write_str("if ")?;
                self.expr(f, *condition, Level::Or)?;
                f.write_str(" {")
            }
            Node::Let { var, value } => {
                write!(f, "let {} = ", Name(&program[*var].name))?;
                self.expr(f, *value, Level::Choice)
            }
            Node::Allocate { buffer } => {
                f.write_str("alloc ")?;
                write_buffer(f, &program[*buffer])
            }
            Node::Evaluate { value } => {
                f.write_str("eval ")?;
                self.expr(f, *value, Level::Choice)
            }
        }
    }

    /// Prints an expression, in parentheses if it binds weaker than `weakest`.
    fn expr(&self, f: &mut Formatter<'_>, expr: ExprId, weakest: Level) -> fmt::Result {
        let parentheses = self.level(expr) < weakest;
        if parentheses {
            f.write_char('(')?;
        }
        match &self.program[expr] {
            Expr::Int { value, dtype: DataType::Bool } => write!(f, "{}", *value != 0)?,
            Expr::Int { value, dtype } => {
                write!(f, "{value}{}", if *dtype == DEFAULT_INT { "" } else { suffix(*dtype) })?;
            }
            Expr::Float { value, dtype } => write_float(f, *value, *dtype)?,
            Expr::Str(text) => write_quoted(f, &self.program[*text], '"')?,
            Expr::Var(var) => write!(f, "{}", Name(&self.program[*var].name))?,
            Expr::Binary { op, lhs, rhs } => match level(*op) {
                Some(own) => {
                    // Comparisons do not chain, so both sides of one bind tighter; the rest group to the left.
                    self.expr(f, *lhs, if own == Level::Comparison { own.tighter() } else { own })?;
                    write!(f, " {op} ")?;
                    self.expr(f, *rhs, own.tighter())?;
                }
                None => {
                    write!(f, "{op}")?;
                    self.arguments(f, &[*lhs, *rhs])?;
                }
            },
            Expr::Not(value) => {
                f.write_str("not ")?;
                self.expr(f, *value, Level::Not)?;
            }
            Expr::Select { condition, then, otherwise } => {
                f.write_str("select")?;
                self.arguments(f, &[*condition, *then, *otherwise])?;
            }
            Expr::IfThenElse { condition, then, otherwise } => {
                f.write_str("if ")?;
                self.expr(f, *condition, Level::Or)?;
                f.write_str(" then ")?;
                self.expr(f, *then, Level::Or)?;
                f.write_str(" else ")?;
                self.expr(f, *otherwise, Level::Choice)?;
            }
            Expr::Cast { dtype, value } => {
                write!(f, "{dtype}")?;
                self.arguments(f, &[*value])?;
            }
            Expr::Call { callee, dtype, effect, args } => {
                let args = self.program.list(*args);
                write!(f, "{}{}", Name(&self.program[*callee]), if *effect == Effect::Opaque { "!" } else { "" })?;
                if args.first().map(|&first| self.program.dtype(first)) != Some(*dtype) {
                    write!(f, ":{dtype}")?;
                }
                self.arguments(f, args)?;
            }
            Expr::Load { buffer, indices } => {
                write!(f, "{}[", Name(&self.program[*buffer].name))?;
                self.list(f, *indices)?;
                f.write_char(']')?;
            }
        }
        if parentheses { f.write_char(')') } else { Ok(()) }
    }

    fn level(&self, expr: ExprId) -> Level {
        match self.program[expr] {
            Expr::IfThenElse { .. } => Level::Choice,
            Expr::Not(_) => Level::Not,
            Expr::Binary { op, .. } => level(op).unwrap_or(Level::Atom),
            _ => Level::Atom,
        }
    }

    fn arguments(&self, f: &mut Formatter<'_>, args: &[ExprId]) -> fmt::Result {
        f.write_char('(')?;
        self.separated(f, args)?;
        f.write_char(')')
    }

    fn list(&self, f: &mut Formatter<'_>, list: ExprList) -> fmt::Result {
        self.separated(f, self.program.list(list))
    }

    fn separated(&self, f: &mut Formatter<'_>, exprs: &[ExprId]) -> fmt::Result {
        for (index, &expr) in exprs.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            self.expr(f, expr, Level::Choice)?;
        }
        Ok(())
    }
}

/// A name, in backticks if it needs them.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if is_plain_name(self.0) { f.write_str(self.0) } else { write_quoted(f, self.0, '`') }
    }
}

/// Rust's `Debug` of a float is the shortest decimal that reads back as the same bits, always with a dot or an exponent.
fn write_float(f: &mut Formatter<'_>, value: f64, dtype: DataType) -> fmt::Result {
    let suffix = if dtype == DEFAULT_FLOAT { "" } else { suffix(dtype) };
    if value.is_finite() {
        return write!(f, "{value:?}{suffix}");
    }
    let sign = if value == f64::NEG_INFINITY { "-" } else { "" };
    let name = if value.is_nan() { "nan" } else { "inf" };
    let underscore = if suffix.is_empty() { "" } else { "_" };
    write!(f, "{sign}{name}{underscore}{suffix}")
}

fn write_quoted(f: &mut Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    f.write_char(quote)?;
    for character in text.chars() {
        match character {
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            '\\' => f.write_str("\\\\")?,
            _ if character == quote => write!(f, "\\{quote}")?,
            _ if character.is_control() => write!(f, "\\u{{{:x}}}", u32::from(character))?,
            _ => f.write_char(character)?,
        }
    }
    f.write_char(quote)
}
