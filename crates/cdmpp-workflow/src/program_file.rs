//! Files with programs.

use std::io::Read;
use std::path::Path;

use cdmpp_ir::Program;

use crate::error::{At, Result, WorkflowError};

/// Reads the programs of a file: TVMScript with any number of functions, or one program in the text form. `-` is
/// standard input.
///
/// # Errors
/// If the file cannot be read, or has no program.
pub fn read_programs(path: &Path) -> Result<Vec<Program>> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::read_to_string(path).map(|read| {
            text = read;
            text.len()
        })
    };
    read.map_err(|source| WorkflowError::Read { what: program_file_name(path), source })?;
    let programs = parse(&text).at(|| program_file_name(path))?;
    if programs.is_empty() {
        return Err(WorkflowError::NoProgram { file: program_file_name(path) });
    }
    Ok(programs)
}

/// What a file is called in messages and results.
#[must_use]
pub fn program_file_name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// As in record files, the first word tells the forms apart: no TVMScript starts with `program`.
fn parse(text: &str) -> Result<Vec<Program>> {
    let first = text.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with('#'));
    if first.is_some_and(|line| line.split_whitespace().next() == Some("program")) {
        return Ok(vec![text.parse().map_err(|error| WorkflowError::Program(Box::<cdmpp_ir::TextError>::new(error)))?]);
    }
    cdmpp_tvm::parse_module(text).map_err(|error| WorkflowError::Program(Box::new(error)))
}
