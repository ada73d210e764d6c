//! Programs out of text in either language.

use cdmpp_ir::Program;

/// A text is not a program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The text form of [`cdmpp_ir`] is broken.
    #[error(transparent)]
    TextForm(#[from] cdmpp_ir::TextError),
    /// The TVMScript is broken, or is not supported.
    #[error(transparent)]
    TvmScript(#[from] cdmpp_tvm::ParseError),
}

/// Reads a program: the [text form](Program#impl-FromStr-for-Program) if its first word is `program`, else TVMScript. No
/// TVMScript starts so, and `#` starts a comment in both languages.
///
/// # Errors
/// If the text is not exactly one program.
///
/// # Examples
/// ```
/// let program = cdmpp_data::parse_program("program f(A: float32[4]) { A[0i32] = A[1i32] }")?;
/// assert_eq!(program.name(), "f");
/// # Ok::<(), cdmpp_data::ProgramError>(())
/// ```
pub fn parse_program(text: &str) -> Result<Program, ProgramError> {
    if is_text_form(text) { Ok(text.parse()?) } else { Ok(cdmpp_tvm::parse_tvmscript(text)?) }
}

/// Reads all programs of a text: one in the text form, or every `prim_func` of TVMScript. There may be none.
///
/// # Errors
/// At the first place that is wrong.
pub fn parse_programs(text: &str) -> Result<Vec<Program>, ProgramError> {
    if is_text_form(text) { Ok(vec![text.parse()?]) } else { Ok(cdmpp_tvm::parse_module(text)?) }
}

fn is_text_form(text: &str) -> bool {
    let first = text.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| line.split_whitespace().next() == Some("program"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_may_have_several_programs() {
        let count = |text: &str| parse_programs(text).map(|programs| programs.len());
        let function = "@T.prim_func\ndef f(A: T.Buffer((4,), \"float32\")):\n    A[0] = A[1]\n";
        assert_eq!(count(&function.repeat(2)).unwrap(), 2);
        assert_eq!(count("# a comment\n\nprogram f(A: float32[4]) { A[0i32] = A[1i32] }").unwrap(), 1);
        assert_eq!(count("").unwrap(), 0);
        assert!(matches!(count("program f("), Err(ProgramError::TextForm(_))));
        assert!(matches!(count("def f(:"), Err(ProgramError::TvmScript(_))));
        assert!(parse_program(&function.repeat(2)).is_err());
    }
}
