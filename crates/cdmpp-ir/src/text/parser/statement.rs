//! Parses statements and the buffers that they declare.

use super::{Named, Parser};
use crate::text::lexer::Token;
use crate::text::word::{DEFAULT_FLOAT, DEFAULT_INT, is_reserved};
use crate::{
    Annotation, AnnotationValue, Body, Buffer, DataType, Expr, LoopHeader, LoopKind, MAX_DEPTH, Scope, TextError,
    ThreadAxis,
};

/// Statements.
impl Parser<'_> {
    pub(super) fn params(&mut self, body: &mut Body<'_>) -> Result<(), TextError> {
        self.expect("(")?;
        let mut is_first = true;
        while !self.accept(")")? {
            if !std::mem::take(&mut is_first) {
                self.expect(",")?;
            }
            let at = self.at();
            let buffer = self.buffer()?;
            let name = buffer.name.clone();
            if self.lookup(&name).is_some() {
                return Err(TextError::DeclaredTwice { at, name });
            }
            let id = body.param(buffer);
            self.declare_buffer(body, name, id, at);
        }
        Ok(())
    }

    /// Parses statements in braces; what they declare is hidden after them.
    pub(super) fn block(&mut self, body: &mut Body<'_>) -> Result<(), TextError> {
        // The program's own braces are no statement.
        if self.depth > MAX_DEPTH {
            return Err(TextError::TooDeep { at: self.at() });
        }
        self.expect("{")?;
        self.depth += 1;
        let n_visible = self.hidden.len();
        while !self.accept("}")? {
            self.statement(body)?;
        }
        self.hide(n_visible);
        self.depth -= 1;
        Ok(())
    }

    fn statement(&mut self, body: &mut Body<'_>) -> Result<(), TextError> {
        const STATEMENT: &str = "a statement or `}`";
        // Every statement is one node, and both come in pre-order.
        self.nodes.push(self.at());
        match *self.token() {
            Token::Word("for") => self.for_loop(body),
            Token::Word("if") => self.conditional(body),
            Token::Word("let") => self.let_value(body),
            Token::Word("alloc") => self.allocate(body),
            Token::Word("eval") => self.evaluate(body),
            Token::Word(word) if is_reserved(word) => Err(self.unexpected(STATEMENT)),
            Token::Word(_) | Token::Quoted(_) => self.store(body),
            _ => Err(self.unexpected(STATEMENT)),
        }
    }

    fn for_loop(&mut self, body: &mut Body<'_>) -> Result<(), TextError> {
        let at = self.at();
        let (name, header) = self.loop_header(body)?;
        body.for_loop(header, |body, var| {
            // The variable, and a zero made for `0..n`, have their place here.
            self.made(var, at);
            let n_visible = self.hidden.len();
            self.declare_var(body, name, var);
            let result = self.block(body);
            self.hide(n_visible);
            result
        })
    }

    fn loop_header(&mut self, body: &mut Body<'_>) -> Result<(String, LoopHeader), TextError> {
        self.advance()?;
        let name = self.name("the loop variable's name")?;
        self.keyword("in", "`in`")?;
        let first = self.token().clone();
        let start = self.expr(body)?;
        // In `0..n` the zero has the type of `n`; any other first value is written `first..+n`, with its own type.
        let is_zero = first == Token::Int { magnitude: 0, dtype: DEFAULT_INT }
            && matches!(body.expr(start), Expr::Int { value: 0, .. });
        let min = if is_zero && self.accept("..")? {
            None
        } else {
            self.expect_or("..+", "`..+` and the number of iterations (only a range from 0 is written `0..n`)")?;
            Some(start)
        };
        let extent = self.expr(body)?;
        let kind = self.loop_kind()?;
        let mut annotations = Vec::new();
        if self.accept_word("with")? {
            annotations.push(self.annotation()?);
            while self.accept(",")? {
                annotations.push(self.annotation()?);
            }
        }
        Ok((name.clone(), LoopHeader { name, min, extent, kind, annotations }))
    }

    fn loop_kind(&mut self) -> Result<LoopKind, TextError> {
        let kind = match *self.token() {
            Token::Word("parallel") => LoopKind::Parallel,
            Token::Word("vectorized") => LoopKind::Vectorized,
            Token::Word("unrolled") => LoopKind::Unrolled,
            Token::Word("bind") => {
                self.advance()?;
                let axis: Option<ThreadAxis> = match *self.token() {
                    Token::Word(word) => word.parse().ok(),
                    _ => None,
                };
                LoopKind::ThreadBinding(axis.ok_or_else(|| self.unexpected("a thread axis such as `threadIdx.x`"))?)
            }
            _ => return Ok(LoopKind::Serial),
        };
        self.advance()?;
        Ok(kind)
    }

    fn annotation(&mut self) -> Result<Annotation, TextError> {
        let key = self.name("a hint's name")?;
        self.expect("=")?;
        let negative = self.accept("-")?;
        let value = match *self.token() {
            Token::Int { magnitude, dtype: DEFAULT_INT } => AnnotationValue::Int(self.signed(negative, magnitude)?),
            Token::Float { value, dtype: DEFAULT_FLOAT } => {
                AnnotationValue::Float(if negative { -value } else { value })
            }
            Token::Str(ref text) if !negative => AnnotationValue::Str(text.clone()),
            _ => return Err(self.unexpected("an integer, a float or a string, without a type")),
        };
        self.advance()?;
        Ok(Annotation { key, value })
    }

    fn conditional(&mut self, body: &mut Body<'_>) -> Result<(), TextError> {
        self.advance()?;
        let condition = self.expr(body)?;
        body.try_if_then_else(self, condition, Self::block, |this, body| {
            if this.accept_word("else")? { this.block(body) } else { Ok(()) }
        })
    }

    fn let_value(&mut self, body: &mut Body<'_>) -> Result<(), TextError> {
        self.advance()?;
        let name = self.name("the variable's name")?;
        self.expect("=")?;
        let value = self.expr(body)?;
        let var = body.let_value(&name, value);
        self.declare_var(body, name, var);
        Ok(())
    }

    fn allocate(&mut self, body: &mut Body<'_>) -> Result<(), TextError> {
        self.advance()?;
        let at = self.at();
        let buffer = self.buffer()?;
        let name = buffer.name.clone();
        let id = body.allocate(buffer);
        self.declare_buffer(body, name, id, at);
        Ok(())
    }

    fn evaluate(&mut self, body: &mut Body<'_>) -> Result<(), TextError> {
        self.advance()?;
        let value = self.expr(body)?;
        body.evaluate(value);
        Ok(())
    }

    fn store(&mut self, body: &mut Body<'_>) -> Result<(), TextError> {
        let at = self.at();
        let name = self.name("a buffer's name")?;
        let Some(Named::Buffer(buffer)) = self.lookup(&name) else {
            return Err(TextError::UnknownName { at, name, expected: "buffer" });
        };
        let indices = self.indices(body)?;
        self.expect("=")?;
        let value = self.expr(body)?;
        body.store(buffer, &indices, value);
        Ok(())
    }
}

/// Buffers and types.
impl Parser<'_> {
    fn buffer(&mut self) -> Result<Buffer, TextError> {
        let name = self.name("a buffer's name")?;
        self.expect(":")?;
        let dtype = self.dtype()?;
        let shape = self.extents()?;
        let scope = if self.accept("@")? { Scope::from_name(&self.name("a scope's name")?) } else { Scope::Global };
        let strides = if self.accept_word("strides")? { Some(self.extents()?) } else { None };
        Ok(Buffer { name, dtype, shape, strides, scope })
    }

    fn extents(&mut self) -> Result<Vec<i64>, TextError> {
        self.expect("[")?;
        let mut extents = Vec::new();
        while !self.accept("]")? {
            if !extents.is_empty() {
                self.expect(",")?;
            }
            let negative = self.accept("-")?;
            match *self.token() {
                Token::Int { magnitude, dtype: DEFAULT_INT } => extents.push(self.signed(negative, magnitude)?),
                _ => return Err(self.unexpected("an integer without a type")),
            }
            self.advance()?;
        }
        Ok(extents)
    }

    pub(super) fn dtype(&mut self) -> Result<DataType, TextError> {
        let dtype: Option<DataType> = match *self.token() {
            Token::Word(word) => word.parse().ok(),
            _ => None,
        };
        let dtype = dtype.ok_or_else(|| self.unexpected("a type such as `float32`"))?;
        self.advance()?;
        Ok(dtype)
    }
}
