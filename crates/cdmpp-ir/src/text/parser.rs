//! Parses a program: the tokens at hand, the names that are visible, and the places of what was read.

mod expression;
mod statement;

use std::collections::HashMap;

use super::lexer::{Lexeme, Lexer, Token};
use super::word::is_reserved;
use crate::{Body, BufferId, Expr, ExprId, Position, Program, TextError, VarId, VerifyError};

pub(super) fn parse(text: &str) -> Result<Program, TextError> {
    let mut lexer = Lexer::new(text);
    let first = lexer.next()?;
    let mut parser = Parser {
        lexer,
        lexeme: first,
        names: HashMap::new(),
        hidden: Vec::new(),
        depth: 0,
        nodes: Vec::new(),
        exprs: Vec::new(),
        buffers: HashMap::new(),
    };
    parser.program()
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
enum Named {
    Var(VarId),
    Buffer(BufferId),
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token to be parsed next.
    lexeme: Lexeme<'a>,
    names: HashMap<String, Named>,
    /// For every visible declaration, its name and what the name stood for before.
    hidden: Vec<(String, Option<Named>)>,
    depth: usize,
    /// The places of the statements and expressions, beside the arenas of the program.
    nodes: Vec<Position>,
    exprs: Vec<Position>,
    /// The places of the buffers, under the names that the program gives them.
    buffers: HashMap<String, Position>,
}

/// Why the parser stopped: the text itself, or a rule that the verifier found broken at the end.
enum Failure {
    Text(TextError),
    Rule(VerifyError),
}

impl From<TextError> for Failure {
    fn from(error: TextError) -> Self {
        Self::Text(error)
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::Rule(error)
    }
}

impl Parser<'_> {
    fn program(&mut self) -> Result<Program, TextError> {
        self.keyword("program", "`program`")?;
        let start = self.at();
        let name = self.name("the program's name")?;
        let built = Program::try_build(&name, |body| -> Result<(), Failure> {
            self.params(body)?;
            self.block(body)?;
            match self.token() {
                Token::End => Ok(()),
                _ => Err(self.unexpected("the end of the text").into()),
            }
        });
        built.map_err(|failure| match failure {
            Failure::Text(error) => error,
            Failure::Rule(source) => TextError::Invalid { at: self.locate(&source).unwrap_or(start), source },
        })
    }

    fn locate(&self, error: &VerifyError) -> Option<Position> {
        match error {
            VerifyError::Buffer { buffer, .. } => self.buffers.get(buffer),
            VerifyError::Expr { expr, .. } | VerifyError::Literal { expr, .. } => self.exprs.get(expr.index()),
            VerifyError::Node { node, .. }
            | VerifyError::OutOfScope { node, .. }
            | VerifyError::TooLarge { node, .. } => self.nodes.get(node.index()),
            VerifyError::ForeignId { .. } => None,
        }
        .copied()
    }
}

/// Names and places.
impl Parser<'_> {
    fn lookup(&self, name: &str) -> Option<Named> {
        self.names.get(name).copied()
    }

    fn declare(&mut self, name: String, named: Named) {
        let before = self.names.insert(name.clone(), named);
        self.hidden.push((name, before));
    }

    fn declare_buffer(&mut self, body: &Body<'_>, name: String, id: BufferId, at: Position) {
        self.buffers.insert(body.buffer_of(id).name.clone(), at);
        self.declare(name, Named::Buffer(id));
    }

    /// Declares the variable that the builder returned as an expression.
    fn declare_var(&mut self, body: &Body<'_>, name: String, var: ExprId) {
        if let Expr::Var(var) = *body.expr(var) {
            self.declare(name, Named::Var(var));
        }
    }

    /// Takes back all declarations but the first `n_visible`.
    fn hide(&mut self, n_visible: usize) {
        while self.hidden.len() > n_visible
            && let Some((name, before)) = self.hidden.pop()
        {
            match before {
                Some(named) => self.names.insert(name, named),
                None => self.names.remove(&name),
            };
        }
    }

    /// Remembers the place of an expression that was just made.
    fn made(&mut self, expr: ExprId, at: Position) -> ExprId {
        if expr.index() >= self.exprs.len() {
            self.exprs.resize(expr.index() + 1, at);
        }
        expr
    }
}

/// Tokens.
impl<'a> Parser<'a> {
    fn token(&self) -> &Token<'a> {
        &self.lexeme.token
    }

    fn at(&self) -> Position {
        self.lexeme.at
    }

    fn advance(&mut self) -> Result<(), TextError> {
        self.lexeme = self.lexer.next()?;
        Ok(())
    }

    fn unexpected(&self, expected: &'static str) -> TextError {
        TextError::unexpected(self.lexeme.at, self.lexeme.source, expected)
    }

    /// Consumes a symbol if it is next.
    fn accept(&mut self, symbol: &'static str) -> Result<bool, TextError> {
        let found = *self.token() == Token::Symbol(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn accept_word(&mut self, word: &'static str) -> Result<bool, TextError> {
        let found = *self.token() == Token::Word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), TextError> {
        self.expect_or(symbol, symbol_in_words(symbol))
    }

    fn expect_or(&mut self, symbol: &'static str, expected: &'static str) -> Result<(), TextError> {
        if self.accept(symbol)? { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn keyword(&mut self, word: &'static str, expected: &'static str) -> Result<(), TextError> {
        if self.accept_word(word)? { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// Consumes a name: a word that is not reserved, or any text in backticks.
    fn name(&mut self, expected: &'static str) -> Result<String, TextError> {
        let name = match *self.token() {
            Token::Word(word) if !is_reserved(word) => word.to_owned(),
            Token::Quoted(ref name) => name.clone(),
            _ => return Err(self.unexpected(expected)),
        };
        self.advance()?;
        Ok(name)
    }

    /// The value of an integer whose sign and digits were read.
    fn signed(&self, negative: bool, magnitude: u64) -> Result<i64, TextError> {
        let value = if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
        value.ok_or_else(|| self.unexpected("an integer of at most 64 bits"))
    }
}

fn symbol_in_words(symbol: &'static str) -> &'static str {
    match symbol {
        "(" => "`(`",
        ")" => "`)`",
        "[" => "`[`",
        "]" => "`]`",
        "{" => "`{`",
        "," => "`,` or a closing bracket",
        ":" => "`:` and a type",
        "=" => "`=`",
        _ => symbol,
    }
}
