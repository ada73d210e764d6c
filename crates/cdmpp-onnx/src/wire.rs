//! Protocol buffers as far as ONNX uses them, read forwards from a file of which most is skipped.
//!
//! Why not a kept parser: they take the whole file as bytes, follow nested messages by recursion without a limit, so
//! that a small file overflows the stack, and keep weights that stand outside of `raw_data`. Here what is not needed is
//! never in memory, nesting has a limit, and what a file may make us allocate is counted.

use std::io::{self, Read, Seek, SeekFrom};

use crate::error::{Malformed, OnnxError};

/// The deepest nesting of messages; ordinary models have some ten levels.
const MAX_DEPTH: usize = 64;
/// Memory that every file may take, whatever its size.
const FREE_BYTES: u64 = 16 << 20;
/// Memory that a file may take for each of its bytes.
const BYTES_PER_BYTE: u64 = 6;

/// A file that is read from front to back, message in message.
pub(crate) struct Wire<R> {
    reader: R,
    buffer: Vec<u8>,
    /// What of `buffer` is read, and what is filled.
    at: usize,
    filled: usize,
    /// The place in the file of `buffer[at]`.
    offset: u64,
    /// Where the messages that are open end, the innermost last; the first is the file.
    ends: Vec<u64>,
    /// The bytes that may still be allocated.
    budget: u64,
}

/// The payload of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field {
    /// An integer of variable length.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Four bytes.
    Fixed32(u32),
    /// Bytes of this number, which follow and are not read yet.
    Bytes(u64),
}

impl<R: Read + Seek> Wire<R> {
    pub(crate) fn new(mut reader: R) -> Result<Self, OnnxError> {
        let length = reader.seek(SeekFrom::End(0))?;
        reader.seek(SeekFrom::Start(0))?;
        let budget = FREE_BYTES.saturating_add(length.saturating_mul(BYTES_PER_BYTE));
        Ok(Self { reader, buffer: vec![0; 1 << 16], at: 0, filled: 0, offset: 0, ends: vec![length], budget })
    }

    /// The file itself, as a message.
    pub(crate) fn whole(&self) -> Field {
        Field::Bytes(self.end())
    }

    pub(crate) fn malformed(&self, problem: Malformed) -> OnnxError {
        OnnxError::Malformed { offset: self.offset, problem }
    }

    /// Counts memory that the caller is about to keep.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), OnnxError> {
        match self.budget.checked_sub(bytes as u64) {
            Some(rest) => {
                self.budget = rest;
                Ok(())
            }
            None => Err(self.malformed(Malformed::TooLarge)),
        }
    }

    /// The next field of the innermost open message, by number; `None` at its end.
    pub(crate) fn field(&mut self) -> Result<Option<(u64, Field)>, OnnxError> {
        if self.offset >= self.end() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => {
                let mut bytes = [0; 8];
                self.exact(&mut bytes)?;
                Field::Fixed64(u64::from_le_bytes(bytes))
            }
            2 => {
                let length = self.varint()?;
                if length > self.end() - self.offset {
                    return Err(self.malformed(Malformed::Truncated));
                }
                Field::Bytes(length)
            }
            5 => {
                let mut bytes = [0; 4];
                self.exact(&mut bytes)?;
                Field::Fixed32(u32::from_le_bytes(bytes))
            }
            _ => return Err(self.malformed(Malformed::WireType)),
        };
        Ok(Some((tag >> 3, field)))
    }

    /// Reads a nested message: `read` is called for each of its fields.
    pub(crate) fn message(
        &mut self,
        field: Field,
        read: &mut dyn FnMut(&mut Self, u64, Field) -> Result<(), OnnxError>,
    ) -> Result<(), OnnxError> {
        let length = self.length(field)?;
        if self.ends.len() > MAX_DEPTH {
            return Err(self.malformed(Malformed::TooDeep));
        }
        self.ends.push(self.offset + length);
        while let Some((number, field)) = self.field()? {
            let rest = if let Field::Bytes(length) = field { self.offset + length } else { self.offset };
            read(self, number, field)?;
            // What the closure leaves of a field is skipped.
            self.skip(rest - self.offset)?;
        }
        self.ends.pop();
        Ok(())
    }

    /// Text, which must be UTF-8.
    pub(crate) fn text(&mut self, field: Field) -> Result<String, OnnxError> {
        let bytes = self.bytes(field)?;
        String::from_utf8(bytes).map_err(|_| self.malformed(Malformed::NotUtf8))
    }

    /// All bytes of a field.
    pub(crate) fn bytes(&mut self, field: Field) -> Result<Vec<u8>, OnnxError> {
        let length = usize::try_from(self.length(field)?).map_err(|_| self.malformed(Malformed::TooLarge))?;
        self.charge(length)?;
        let mut bytes = vec![0; length];
        self.exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The integers of a repeated field, packed or one alone; `None` as soon as there are more than `most`.
    pub(crate) fn integers(&mut self, field: Field, into: &mut Vec<i64>, most: usize) -> Result<(), OnnxError> {
        match field {
            Field::Varint(value) if into.len() < most => {
                self.charge(8)?;
                into.push(value.cast_signed());
            }
            Field::Varint(_) => {}
            _ => {
                let end = self.offset + self.length(field)?;
                while self.offset < end && into.len() < most {
                    self.charge(8)?;
                    let value = self.varint()?.cast_signed();
                    into.push(value);
                }
                if self.offset > end {
                    return Err(self.malformed(Malformed::Truncated));
                }
            }
        }
        Ok(())
    }

    /// The single-precision numbers of a repeated field, packed or one alone; at most `most`.
    pub(crate) fn floats(&mut self, field: Field, into: &mut Vec<f32>, most: usize) -> Result<(), OnnxError> {
        match field {
            Field::Fixed32(bits) if into.len() < most => {
                self.charge(4)?;
                into.push(f32::from_bits(bits));
            }
            Field::Fixed32(_) => {}
            _ => {
                let mut rest = self.length(field)? / 4;
                while rest > 0 && into.len() < most {
                    self.charge(4)?;
                    let mut bytes = [0; 4];
                    self.exact(&mut bytes)?;
                    into.push(f32::from_le_bytes(bytes));
                    rest -= 1;
                }
            }
        }
        Ok(())
    }

    /// The number of bytes of a field that must have some.
    pub(crate) fn length(&self, field: Field) -> Result<u64, OnnxError> {
        match field {
            Field::Bytes(length) => Ok(length),
            _ => Err(self.malformed(Malformed::WireType)),
        }
    }

    /// The value of a field that must be an integer.
    pub(crate) fn integer(&self, field: Field) -> Result<i64, OnnxError> {
        match field {
            Field::Varint(value) => Ok(value.cast_signed()),
            _ => Err(self.malformed(Malformed::WireType)),
        }
    }

    /// Where the innermost open message ends.
    fn end(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    fn varint(&mut self) -> Result<u64, OnnxError> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed(Malformed::Varint))
    }

    fn byte(&mut self) -> Result<u8, OnnxError> {
        if self.at == self.filled {
            self.fill()?;
        }
        if self.offset >= self.end() {
            return Err(self.malformed(Malformed::Truncated));
        }
        let byte = self.buffer[self.at];
        self.at += 1;
        self.offset += 1;
        Ok(byte)
    }

    fn exact(&mut self, mut into: &mut [u8]) -> Result<(), OnnxError> {
        if into.len() as u64 > self.end().saturating_sub(self.offset) {
            return Err(self.malformed(Malformed::Truncated));
        }
        while !into.is_empty() {
            if self.at == self.filled {
                self.fill()?;
            }
            let n = into.len().min(self.filled - self.at);
            let (head, tail) = into.split_at_mut(n);
            head.copy_from_slice(&self.buffer[self.at..self.at + n]);
            self.at += n;
            self.offset += n as u64;
            into = tail;
        }
        Ok(())
    }

    fn skip(&mut self, length: u64) -> Result<(), OnnxError> {
        let buffered = (self.filled - self.at) as u64;
        if length <= buffered {
            self.at += length as usize;
        } else {
            self.reader.seek(SeekFrom::Start(self.offset + length))?;
            self.at = 0;
            self.filled = 0;
        }
        self.offset += length;
        Ok(())
    }

    fn fill(&mut self) -> Result<(), OnnxError> {
        self.at = 0;
        self.filled = 0;
        loop {
            match self.reader.read(&mut self.buffer) {
                // The file became shorter while it was read.
                Ok(0) => return Err(self.malformed(Malformed::Truncated)),
                Ok(n) => {
                    self.filled = n;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
