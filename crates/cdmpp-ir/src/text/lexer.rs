//! Cuts a text into tokens.

use super::word::{DEFAULT_FLOAT, DEFAULT_INT, dtype_of_suffix, special_float, word_length};
use crate::{DataType, Position, TextError};

/// A token with its place.
#[derive(Clone, Debug)]
pub(super) struct Lexeme<'a> {
    pub(super) token: Token<'a>,
    pub(super) at: Position,
    /// The characters it was read from.
    pub(super) source: &'a str,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A keyword, a type or a plain name.
    Word(&'a str),
    /// A name in backticks.
    Quoted(String),
    /// A text in double quotes.
    Str(String),
    /// An integer; its sign is a token of its own.
    Int {
        magnitude: u64,
        dtype: DataType,
    },
    /// A float; its sign is a token of its own.
    Float {
        value: f64,
        dtype: DataType,
    },
    Symbol(&'static str),
    End,
}

/// Longer symbols stand before their beginnings.
const SYMBOLS: [&str; 25] = [
    "..+", "..", "==", "!=", "<=", ">=", "//", "(", ")", "[", "]", "{", "}", ",", ":", "@", "!", "=", "<", ">", "+",
    "-", "*", "/", "%",
];

#[derive(Debug)]
pub(super) struct Lexer<'a> {
    rest: &'a str,
    at: Position,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, at: Position { line: 1, column: 1 } }
    }

    pub(super) fn next(&mut self) -> Result<Lexeme<'a>, TextError> {
        self.skip_blanks();
        let at = self.at;
        let start = self.rest;
        let token = match start.chars().next() {
            None => Token::End,
            Some('"') => Token::Str(self.quoted('"', "a closing `\"`")?),
            Some('`') => Token::Quoted(self.quoted('`', "a closing backtick")?),
            Some('0'..='9') => self.number()?,
            Some(_) => self.word_or_symbol()?,
        };
        let source = &start[..start.len() - self.rest.len()];
        Ok(Lexeme { token, at, source })
    }

    fn skip_blanks(&mut self) {
        loop {
            let blanks = self.rest.len() - self.rest.trim_start().len();
            self.take(blanks);
            if !self.rest.starts_with('#') {
                return;
            }
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    /// Consumes a number of bytes and keeps the position in step.
    fn take(&mut self, n_bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(n_bytes);
        for character in taken.chars() {
            if character == '\n' {
                self.at = Position { line: self.at.line.saturating_add(1), column: 1 };
            } else {
                self.at.column = self.at.column.saturating_add(1);
            }
        }
        self.rest = rest;
        taken
    }

    fn symbol(&mut self, symbol: &'static str) -> Token<'a> {
        self.take(symbol.len());
        Token::Symbol(symbol)
    }

    fn word_or_symbol(&mut self) -> Result<Token<'a>, TextError> {
        let length = word_length(self.rest);
        if length > 0 {
            let word = self.take(length);
            return Ok(match special_float(word) {
                Some((value, dtype)) => Token::Float { value, dtype },
                None => Token::Word(word),
            });
        }
        match SYMBOLS.iter().find(|symbol| self.rest.starts_with(**symbol)) {
            Some(symbol) => Ok(self.symbol(symbol)),
            None => Err(TextError::unexpected(self.at, first_char(self.rest), "a name, a literal or an operator")),
        }
    }

    fn number(&mut self) -> Result<Token<'a>, TextError> {
        let (at, text) = (self.at, self.rest);
        let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
        let byte = |index: usize| text.as_bytes().get(index).copied();
        let mut length = digits(0);
        let mut is_float = false;
        if byte(length) == Some(b'.') && digits(length + 1) > 0 {
            is_float = true;
            length += 1 + digits(length + 1);
        }
        if matches!(byte(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(byte(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                is_float = true;
                length += 1 + sign + exponent;
            }
        }
        let digits = self.take(length);
        let suffix = self.take(word_length(self.rest));
        let fail = |expected| Err(TextError::unexpected(at, &text[..digits.len() + suffix.len()], expected));
        let dtype = match (suffix, dtype_of_suffix(suffix)) {
            ("", _) if is_float => DEFAULT_FLOAT,
            ("", _) => DEFAULT_INT,
            (_, Some(dtype)) => dtype,
            (_, None) => return fail("a number with a type such as `i32` or `f16`, or none"),
        };
        if dtype.is_float() {
            // What Rust reads is the nearest double, so what Rust prints comes back bit for bit.
            return match digits.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Token::Float { value, dtype }),
                _ => fail("a finite number or `inf`"),
            };
        }
        match digits.parse() {
            Ok(magnitude) => Ok(Token::Int { magnitude, dtype }),
            Err(_) if is_float => fail("an integer, for an integer's type"),
            Err(_) => fail("an integer of at most 64 bits"),
        }
    }

    fn quoted(&mut self, quote: char, closing: &'static str) -> Result<String, TextError> {
        self.take(1);
        let mut text = String::new();
        loop {
            let at = self.at;
            match self.rest.chars().next() {
                None => return Err(TextError::unexpected(at, "", closing)),
                Some('\n') => return Err(TextError::unexpected(at, "\n", closing)),
                Some('\\') => text.push(self.escape()?),
                Some(character) => {
                    self.take(character.len_utf8());
                    if character == quote {
                        return Ok(text);
                    }
                    text.push(character);
                }
            }
        }
    }

    /// Reads `\n`, `\t`, `\r`, `\\`, a quote, or `\u{…}`.
    fn escape(&mut self) -> Result<char, TextError> {
        let (at, text) = (self.at, self.rest);
        self.take(1);
        let simple = match self.rest.chars().next() {
            Some('n') => Some('\n'),
            Some('t') => Some('\t'),
            Some('r') => Some('\r'),
            Some(same @ ('\\' | '"' | '`')) => Some(same),
            _ => None,
        };
        if let Some(character) = simple {
            self.take(1);
            return Ok(character);
        }
        let code = self.rest.strip_prefix("u{").and_then(|code| code.split_once('}')).map(|(code, _)| code);
        let character = code
            .filter(|code| code.len() <= 6 && code.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|code| Some((char::from_u32(u32::from_str_radix(code, 16).ok()?)?, code.len())));
        match character {
            Some((character, length)) => {
                self.take("u{".len() + length + "}".len());
                Ok(character)
            }
            None => {
                let end = text.char_indices().nth(2).map_or(text.len(), |(index, _)| index);
                Err(TextError::unexpected(at, &text[..end], r"`\n`, `\t`, `\r`, `\\`, an escaped quote or `\u{hex}`"))
            }
        }
    }
}

fn first_char(text: &str) -> &str {
    &text[..text.chars().next().map_or(0, char::len_utf8)]
}
