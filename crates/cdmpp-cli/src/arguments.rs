//! The command line.

use clap::{Parser, Subcommand};

use crate::commands::adapt::AdaptArgs;
use crate::commands::eval::EvalArgs;
use crate::commands::features::FeaturesArgs;
use crate::commands::fit_overheads::FitOverheadsArgs;
use crate::commands::inspect::InspectArgs;
use crate::commands::predict::PredictArgs;
use crate::commands::replay::ReplayArgs;
use crate::commands::select::SelectArgs;
use crate::commands::train::TrainArgs;

/// Predicts the latency of tensor programs on CPUs and GPUs, and learns to.
///
/// Train a model on measured programs, evaluate it on others, and ask it how long a program takes on a piece of
/// hardware. Results go to standard output, everything else to standard error; bad input ends with exit code 2.
#[derive(Debug, Parser)]
#[command(name = "cdmpp", version, propagate_version = true, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// The seed of everything random: the split, the initial weights, the order of samples
    ///
    /// The same seed, data and settings give the same model, byte for byte. Without it, the seed of the settings file,
    /// or 0. Commands without randomness accept and ignore it.
    #[arg(long, global = true, value_name = "SEED", display_order = 1000)]
    pub(crate) seed: Option<u64>,
}

const EXAMPLES: &str = "\
Examples:
  Train on measured operators of GPUs, and test on a network that is held out:
    cdmpp train gpu-operators.jsonl.zst --hardware hardware.json --test-networks neusight-test --out model.safetensors
  Predict a program (TVMScript, or cdmpp's text form) on two GPUs:
    cdmpp predict model.safetensors --hardware hardware.json --on tesla-t4,a100-pcie-40gb matmul.py
  See what the model sees of it:
    cdmpp inspect matmul.py
  Choose 50 tasks to measure on a new GPU, and adapt the model with what was measured:
    cdmpp select candidates.jsonl --budget 50 --model model.safetensors --out chosen.jsonl
    cdmpp adapt model.safetensors gpu-operators.jsonl.zst --hardware hardware.json --on a100-pcie-40gb --measured chosen.jsonl --out adapted.safetensors
  Replay a network from its measured operators, and see what ran when:
    cdmpp replay networks.jsonl.zst --networks resnet50-b1 --measured epyc-genoa-avx512-2c --trace trace.json

`cdmpp COMMAND --help` explains a command and its files.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Features(FeaturesArgs),
    Train(TrainArgs),
    Eval(EvalArgs),
    Predict(PredictArgs),
    Inspect(InspectArgs),
    Select(SelectArgs),
    Adapt(AdaptArgs),
    Replay(ReplayArgs),
    FitOverheads(FitOverheadsArgs),
}
