//! Files with programs.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use cdmpp::ir::Program;

/// Reads the programs of a file; `-` is standard input.
pub(crate) fn read(path: &Path) -> Result<Vec<Program>> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    } else {
        text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    let programs = parse(&text).with_context(|| name(path))?;
    if programs.is_empty() {
        bail!("{}: there is no program: neither a `prim_func` of TVMScript nor cdmpp's text form", name(path));
    }
    Ok(programs)
}

/// What a file is called in messages and results.
pub(crate) fn name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// The text form has one program, TVMScript any number of functions. As in record files, the first word tells them
/// apart: no TVMScript starts with `program`.
fn parse(text: &str) -> Result<Vec<Program>> {
    let first = text.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with('#'));
    if first.is_some_and(|line| line.split_whitespace().next() == Some("program")) {
        return Ok(vec![text.parse()?]);
    }
    Ok(cdmpp::tvm::parse_module(text)?)
}
