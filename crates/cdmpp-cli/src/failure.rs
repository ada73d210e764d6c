//! How the command fails: one line and an exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;

/// The exit code for bad input.
const BAD_INPUT: u8 = 2;

/// Prints an error with its causes as one line. A reader that left (`| head`) is no error.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    let is_broken_pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    if error.chain().filter_map(|cause| cause.downcast_ref()).any(is_broken_pipe) {
        return ExitCode::SUCCESS;
    }
    print(&one_line(error));
    ExitCode::from(BAD_INPUT)
}

/// Prints what clap has to say: help and version as they are, errors as one line.
pub(crate) fn refuse_arguments(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // There is nobody to tell that nobody listens.
        let _ = error.print();
        return ExitCode::from(if error.use_stderr() { BAD_INPUT } else { 0 });
    }
    let text = error.render().to_string();
    let paragraphs = text.split("\n\n").map(str::trim);
    let is_said = |part: &&str| !part.is_empty() && !part.starts_with("Usage:") && !part.starts_with("For more info");
    let said: Vec<String> = paragraphs.filter(is_said).map(flat).collect();
    print(said.join("; ").trim_start_matches("error: "));
    ExitCode::from(BAD_INPUT)
}

fn print(message: &str) {
    // As above.
    let _ = writeln!(io::stderr(), "error: {message}");
}

/// The error and its causes. A cause that the one before it already tells is left out.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(|cause| flat(without_backtrace(&cause.to_string()))) {
        if line.is_empty() {
            line = cause;
        } else if !line.ends_with(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
        }
    }
    line
}

/// candle prints a backtrace behind its messages if `RUST_BACKTRACE` is set.
fn without_backtrace(text: &str) -> &str {
    text.split("\n   0: ").next().unwrap_or(text)
}

/// A text without its line breaks and indentation.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn causes_are_told_once_and_in_one_line() {
        let error = anyhow!("No such file").context("a.json: No such file").context("cannot\n  read the table");
        assert_eq!(one_line(&error), "cannot read the table: a.json: No such file");
    }
}
