//! The `cdmpp` command: from measured tensor programs to a predictor of their latency.
//!
//! The work is done by `cdmpp::workflow`; here are the flags, progress, tables and exit codes. Results go to standard
//! output, everything else to standard error. Bad input of any kind ends with exit code 2 and one line that says what is
//! wrong and where.

mod arguments;
mod commands;
mod data;
mod failure;
mod interrupt;
mod new_file;
mod outputs;
mod progress;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::commands::{adapt, eval, features, fit_overheads, inspect, predict, replay, select, train};

fn main() -> ExitCode {
    let Arguments { command, seed } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return failure::refuse_arguments(&error),
    };
    let done = |()| ExitCode::SUCCESS;
    let result = match command {
        Command::Features(args) => features::run(&args).map(done),
        Command::Train(args) => train::run(&args, seed),
        Command::Select(args) => select::run(&args, seed).map(done),
        Command::Adapt(args) => adapt::run(&args, seed),
        Command::Eval(args) => eval::run(&args, seed).map(done),
        Command::Predict(args) => predict::run(&args).map(done),
        Command::Inspect(args) => inspect::run(&args).map(done),
        Command::Replay(args) => replay::run(&args).map(done),
        Command::FitOverheads(args) => fit_overheads::run(&args).map(done),
    };
    result.unwrap_or_else(|error| failure::report(&error))
}
