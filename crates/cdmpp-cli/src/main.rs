//! The `cdmpp` command: from measured tensor programs to a predictor of their latency.
//!
//! Results go to standard output, everything else to standard error. Bad input of any kind ends with exit code 2 and one
//! line that says what is wrong and where.

mod adapt;
mod arguments;
mod choice;
mod chunk;
mod eval;
mod failure;
mod features;
mod featurizer;
mod fit_overheads;
mod graph_file;
mod inspect;
mod interrupt;
mod measured;
mod near;
mod new_file;
mod overheads_file;
mod predict;
mod predictions;
mod program_file;
mod program_list;
mod progress;
mod quantiles;
mod replay;
mod report;
mod select;
mod settings;
mod table;
mod train;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

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
