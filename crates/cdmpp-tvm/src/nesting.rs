//! A scan that refuses texts whose syntax tree would be too deep.
//!
//! The Python parser grows its stack as it needs, but its trees are dropped, and walked by this crate, recursively. The
//! scan bounds their depth before there is a tree. It knows strings, comments, brackets and operators, and errs on the
//! strict side: whatever the parser makes of a text, no tree is deeper than what is counted here.

use crate::error::{Fault, FaultKind, Read};

/// The deepest nesting of brackets; the limit of Python's own parser, and so of TVM's.
const MAX_BRACKETS: usize = 200;

/// The most operators and keywords between two commas, with those of the brackets around.
const MAX_OPERATORS: usize = 1000;

/// The widest indentation of a line: ten times Python's own limit of 100 levels, at one space a level.
const MAX_INDENTATION: usize = 1000;

/// Checks that the syntax tree of a text is shallow enough to be built, walked and dropped.
///
/// # Complexity
/// O(bytes).
pub(crate) fn check_nesting(text: &str) -> Read<()> {
    Scan { bytes: text.as_bytes(), at: 0, open: Vec::new(), n_here: 0, n_outside: 0 }.run()
}

/// What a byte may start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Digit,
    Open,
    Close,
    Comma,
    Quote,
    Hash,
    Newline,
    Blank,
    Operator,
}

/// The class of every byte.
const CLASSES: [Class; 256] = {
    let mut classes = [Class::Operator; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => Class::Word,
            b'0'..=b'9' => Class::Digit,
            b'(' | b'[' | b'{' => Class::Open,
            b')' | b']' | b'}' => Class::Close,
            b',' => Class::Comma,
            b'"' | b'\'' => Class::Quote,
            b'#' => Class::Hash,
            b'\n' | b'\r' => Class::Newline,
            b' ' | b'\t' | b'\\' | 0x0C => Class::Blank,
            _ => Class::Operator,
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// For every open bracket, the operators that were counted around it.
    open: Vec<usize>,
    /// The operators since the last comma in the innermost bracket.
    n_here: usize,
    /// The sum of `open`.
    n_outside: usize,
}

impl Scan<'_> {
    fn run(mut self) -> Read<()> {
        self.indentation()?;
        while let Some(&byte) = self.bytes.get(self.at) {
            match class(byte) {
                Class::Word => self.word()?,
                Class::Digit => self.number(),
                Class::Open => self.open_bracket()?,
                Class::Close => self.close_bracket(),
                Class::Comma => {
                    self.at += 1;
                    self.n_here = 0;
                }
                Class::Quote => self.string()?,
                Class::Hash => self.skip_while(|byte| class(byte) != Class::Newline),
                Class::Newline => {
                    if self.open.is_empty() {
                        self.n_here = 0;
                    }
                    self.at += 1;
                    self.indentation()?;
                }
                Class::Blank => self.at += 1,
                Class::Operator => self.operator()?,
            }
        }
        Ok(())
    }

    fn skip_while(&mut self, condition: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|byte| condition(*byte)) {
            self.at += 1;
        }
    }

    /// Skips letters, digits and underscores.
    fn skip_word(&mut self) {
        self.skip_while(|byte| matches!(class(byte), Class::Word | Class::Digit));
    }

    fn fault<T>(&self, kind: FaultKind) -> Read<T> {
        Err(Fault::new(self.at, kind))
    }

    fn indentation(&mut self) -> Read<()> {
        let start = self.at;
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | 0x0C));
        if self.at - start > MAX_INDENTATION { self.fault(FaultKind::TooDeep("statements")) } else { Ok(()) }
    }

    fn count(&mut self) -> Read<()> {
        self.n_here += 1;
        if self.n_here + self.n_outside > MAX_OPERATORS { self.fault(FaultKind::TooDeep("operators")) } else { Ok(()) }
    }

    fn open_bracket(&mut self) -> Read<()> {
        self.count()?;
        if self.open.len() >= MAX_BRACKETS {
            return self.fault(FaultKind::TooDeep("brackets"));
        }
        self.open.push(self.n_here);
        self.n_outside += self.n_here;
        self.n_here = 0;
        self.at += 1;
        Ok(())
    }

    fn close_bracket(&mut self) {
        // An unmatched bracket is a syntax error, which the parser reports; nothing nests by it.
        if let Some(n_before) = self.open.pop() {
            self.n_outside -= n_before;
            self.n_here = n_before;
        }
        self.at += 1;
    }

    fn operator(&mut self) -> Read<()> {
        self.count()?;
        let next = self.bytes.get(self.at + 1).copied().unwrap_or(b' ');
        let is_pair = class(next) == Class::Operator
            && matches!(
                &[self.bytes[self.at], next],
                b"//" | b"**" | b"==" | b"!=" | b"<=" | b">=" | b"<<" | b">>" | b"->" | b":="
            );
        self.at += if is_pair { 2 } else { 1 };
        Ok(())
    }

    fn word(&mut self) -> Read<()> {
        let start = self.at;
        self.skip_word();
        let word = &self.bytes[start..self.at];
        if matches!(self.bytes.get(self.at), Some(b'"' | b'\'')) && word.iter().any(|byte| b"fFtT".contains(byte)) {
            self.at = start;
            return self.fault(FaultKind::Unsupported("a formatted string".into()));
        }
        if is_keyword(word) { self.count() } else { Ok(()) }
    }

    fn number(&mut self) {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        self.skip_while(is_part);
        if self.bytes.get(self.at) == Some(&b'.') && self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
            self.skip_while(is_part);
        }
    }

    /// Skips a string; raw ones end where others do.
    fn string(&mut self) -> Read<()> {
        let quote = self.bytes[self.at];
        let triple = [quote; 3];
        let is_triple = self.bytes[self.at..].starts_with(&triple);
        let start = self.at;
        self.at += if is_triple { 3 } else { 1 };
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'\n' | b'\r' if !is_triple => break,
                _ if byte != quote => self.at += 1,
                _ if !is_triple => {
                    self.at += 1;
                    return Ok(());
                }
                _ if self.bytes[self.at..].starts_with(&triple) => {
                    self.at += 3;
                    return Ok(());
                }
                _ => self.at += 1,
            }
        }
        self.at = start;
        self.fault(FaultKind::Syntax("a string without an end".to_owned()))
    }
}

fn is_keyword(word: &[u8]) -> bool {
    matches!(
        word,
        b"and"
            | b"as"
            | b"assert"
            | b"async"
            | b"await"
            | b"case"
            | b"class"
            | b"def"
            | b"del"
            | b"elif"
            | b"else"
            | b"except"
            | b"finally"
            | b"for"
            | b"from"
            | b"global"
            | b"if"
            | b"import"
            | b"in"
            | b"is"
            | b"lambda"
            | b"lazy"
            | b"match"
            | b"nonlocal"
            | b"not"
            | b"or"
            | b"raise"
            | b"return"
            | b"try"
            | b"type"
            | b"while"
            | b"with"
            | b"yield"
    )
}
