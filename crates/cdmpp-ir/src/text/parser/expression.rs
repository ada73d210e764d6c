//! Parses expressions.
//!
//! The parser keeps what is open on a stack of its own, so parentheses and operators may nest in any depth; the verifier
//! bounds the depth of the result.

use super::{Named, Parser};
use crate::text::level::{INFIX, Level, level};
use crate::text::lexer::Token;
use crate::text::word::is_reserved;
use crate::{BinaryOp, Body, BufferId, DataType, Effect, ExprId, Position, TextError};

const EXPRESSION: &str = "an expression";

/// A form that waits for the operand on its right.
struct Open {
    form: Form,
    at: Position,
    /// Where its operands start on the stack of operands.
    first: usize,
}

enum Form {
    /// `lhs op …`; its operand is on the stack.
    Infix(BinaryOp, Level),
    /// `not …`
    Not,
    /// `(…`
    Parentheses,
    /// `if … then … else …`
    Choice,
    /// `float32(…`
    Cast(DataType),
    /// `min(…, …`
    Binary(BinaryOp),
    /// `select(…, …, …`
    Select,
    /// `f!:int32(…, …`
    Call { callee: String, effect: Effect, dtype: Option<DataType> },
    /// `A[…, …`
    Load(BufferId),
}

/// The forms that are open, outermost first, and the operands that they have so far.
#[derive(Default)]
struct Stack {
    open: Vec<Open>,
    operands: Vec<ExprId>,
}

impl Stack {
    fn push(&mut self, form: Form, at: Position) {
        self.open.push(Open { form, at, first: self.operands.len() });
    }
}

impl Parser<'_> {
    /// Parses an expression.
    pub(super) fn expr(&mut self, body: &mut Body<'_>) -> Result<ExprId, TextError> {
        let mut stack = Stack::default();
        loop {
            if !self.operand(body, &mut stack)? {
                continue;
            }
            // An operand lies on the stack. An operator behind it takes it, or it completes what is open.
            loop {
                let infix = self.infix();
                self.close_operators(body, &mut stack, infix.map(|(_, level)| level))?;
                if let Some((op, level)) = infix {
                    let first = stack.operands.len() - 1;
                    stack.open.push(Open { form: Form::Infix(op, level), at: self.at(), first });
                    self.advance()?;
                    break;
                }
                match stack.open.last() {
                    None => return stack.operands.pop().ok_or_else(|| self.unexpected(EXPRESSION)),
                    Some(open) if self.wants_more(&open.form, stack.operands.len() - open.first)? => break,
                    Some(_) => self.close(body, &mut stack)?,
                }
            }
        }
    }

    fn infix(&self) -> Option<(BinaryOp, Level)> {
        let (Token::Symbol(symbol) | Token::Word(symbol)) = *self.token() else { return None };
        let op = *INFIX.iter().find(|op| op.symbol() == symbol)?;
        Some((op, level(op)?))
    }

    /// Completes the operators that bind at least as tightly as the next one; all of them if there is no next.
    fn close_operators(
        &mut self,
        body: &mut Body<'_>,
        stack: &mut Stack,
        next: Option<Level>,
    ) -> Result<(), TextError> {
        while let Some(open) = stack.open.last() {
            let level = match open.form {
                Form::Infix(_, level) => level,
                Form::Not => Level::Not,
                _ => return Ok(()),
            };
            match next {
                Some(Level::Comparison) if level == Level::Comparison => {
                    return Err(self.unexpected("parentheses around one of the comparisons"));
                }
                Some(next) if next > level => return Ok(()),
                _ => self.close(body, stack)?,
            }
        }
        Ok(())
    }

    /// Parses up to the next operand of an open form that has some; consumes what closes the form if it wants no more.
    fn wants_more(&mut self, form: &Form, n_operands: usize) -> Result<bool, TextError> {
        let (n_wanted, closing) = match form {
            Form::Choice => {
                match n_operands {
                    1 => self.keyword("then", "`then`")?,
                    2 => self.keyword("else", "`else`")?,
                    _ => {}
                }
                return Ok(n_operands < 3);
            }
            Form::Infix(..) | Form::Not => return Ok(false),
            Form::Parentheses | Form::Cast(_) => (Some(1), ")"),
            Form::Binary(_) => (Some(2), ")"),
            Form::Select => (Some(3), ")"),
            Form::Call { .. } => (None, ")"),
            Form::Load(_) => (None, "]"),
        };
        let more = match n_wanted {
            Some(n_wanted) => n_operands < n_wanted,
            None => *self.token() != Token::Symbol(closing),
        };
        self.expect(if more { "," } else { closing })?;
        Ok(more)
    }

    /// Replaces the innermost form and its operands by the expression that they make.
    fn close(&mut self, body: &mut Body<'_>, stack: &mut Stack) -> Result<(), TextError> {
        let Some(Open { form, at, first }) = stack.open.pop() else { return Ok(()) };
        let expr = match (form, &stack.operands[first..]) {
            (Form::Infix(op, _) | Form::Binary(op), &[lhs, rhs]) => body.binary(op, lhs, rhs),
            (Form::Not, &[value]) => body.not(value),
            (Form::Parentheses, &[value]) => value,
            (Form::Choice, &[condition, then, otherwise]) => body.choose(condition, then, otherwise),
            (Form::Select, &[condition, then, otherwise]) => body.select(condition, then, otherwise),
            (Form::Cast(dtype), &[value]) => body.cast(dtype, value),
            (Form::Load(buffer), indices) => body.load(buffer, indices),
            (Form::Call { callee, effect, dtype }, args) => {
                let dtype = dtype.or(args.first().map(|&first| body.dtype(first)));
                let expected = "a type in front of the empty parentheses before, as in `f:handle()`";
                body.call(&callee, dtype.ok_or_else(|| self.unexpected(expected))?, effect, args)
            }
            _ => return Err(self.unexpected(EXPRESSION)),
        };
        stack.operands.truncate(first);
        stack.operands.push(self.made(expr, at));
        Ok(())
    }

    /// Parses what stands between operators: a whole operand, or a form that opens one. Returns whether an operand lies
    /// on the stack.
    fn operand(&mut self, body: &mut Body<'_>, stack: &mut Stack) -> Result<bool, TextError> {
        let at = self.at();
        // How loosely the operand may hold together.
        let loosest = match stack.open.last().map(|open| &open.form) {
            Some(Form::Infix(_, level)) => level.tighter(),
            Some(Form::Not) => Level::Not,
            _ => Level::Choice,
        };
        let form = match *self.token() {
            Token::Symbol("(") => Form::Parentheses,
            Token::Word("if") if loosest <= Level::Choice => Form::Choice,
            Token::Word("not") if loosest <= Level::Not => Form::Not,
            Token::Word("if" | "not") => return Err(self.unexpected("parentheses around this operand")),
            Token::Word("true" | "false") => return self.literal(body, stack),
            Token::Word(word) if is_reserved(word) => {
                let form = built_in(word);
                let expected = "an expression (a reserved word as a name stands in backticks)";
                let form = form.ok_or_else(|| self.unexpected(expected))?;
                self.advance()?;
                self.expect("(")?;
                stack.push(form, at);
                return Ok(false);
            }
            Token::Word(_) | Token::Quoted(_) => return self.named(body, stack),
            _ => return self.literal(body, stack),
        };
        self.advance()?;
        stack.push(form, at);
        Ok(false)
    }

    fn literal(&mut self, body: &mut Body<'_>, stack: &mut Stack) -> Result<bool, TextError> {
        let at = self.at();
        let negative = self.accept("-")?;
        let expr = match *self.token() {
            Token::Int { magnitude, dtype } => {
                let value = self.signed(negative, magnitude)?;
                body.int(value, dtype)
            }
            Token::Float { value, dtype } => body.float(if negative { -value } else { value }, dtype),
            _ if negative => return Err(self.unexpected("a number after the sign (negation is written `0 - x`)")),
            Token::Str(ref text) => body.string(text),
            Token::Word(word) => body.bool(word == "true"),
            Token::Quoted(_) | Token::Symbol(_) | Token::End => return Err(self.unexpected(EXPRESSION)),
        };
        self.advance()?;
        stack.operands.push(self.made(expr, at));
        Ok(true)
    }

    /// Parses a variable, or the beginning of a load or a call: what starts with a name.
    fn named(&mut self, body: &mut Body<'_>, stack: &mut Stack) -> Result<bool, TextError> {
        let at = self.at();
        let name = self.name(EXPRESSION)?;
        let closing = match *self.token() {
            Token::Symbol("[") => {
                let Some(Named::Buffer(buffer)) = self.lookup(&name) else {
                    return Err(TextError::UnknownName { at, name, expected: "buffer" });
                };
                self.advance()?;
                stack.push(Form::Load(buffer), at);
                "]"
            }
            Token::Symbol("(" | "!" | ":") => {
                let effect = if self.accept("!")? { Effect::Opaque } else { Effect::Pure };
                let dtype = if self.accept(":")? { Some(self.dtype()?) } else { None };
                self.expect("(")?;
                stack.push(Form::Call { callee: name, effect, dtype }, at);
                ")"
            }
            _ => {
                let Some(Named::Var(var)) = self.lookup(&name) else {
                    return Err(TextError::UnknownName { at, name, expected: "variable" });
                };
                let expr = body.var(var);
                stack.operands.push(self.made(expr, at));
                return Ok(true);
            }
        };
        let is_empty = self.accept(closing)?;
        if is_empty {
            self.close(body, stack)?;
        }
        Ok(is_empty)
    }

    /// Parses the indices of an access, from the opening bracket on.
    pub(super) fn indices(&mut self, body: &mut Body<'_>) -> Result<Vec<ExprId>, TextError> {
        self.expect("[")?;
        let mut indices = Vec::new();
        while !self.accept("]")? {
            if !indices.is_empty() {
                self.expect(",")?;
            }
            indices.push(self.expr(body)?);
        }
        Ok(indices)
    }
}

/// The form that a reserved word opens.
fn built_in(word: &str) -> Option<Form> {
    if word == "select" {
        return Some(Form::Select);
    }
    if let Ok(dtype) = word.parse() {
        return Some(Form::Cast(dtype));
    }
    let ops = [BinaryOp::Min, BinaryOp::Max, BinaryOp::Mod];
    ops.into_iter().find(|op| op.symbol() == word).map(Form::Binary)
}
