//! `cdmpp select`: what to measure on new hardware.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Result;
use cdmpp::workflow::{SelectRequest, select, write_entries};

use crate::commands::choice::{self, ChoiceArgs};
use crate::data::load_model;
use crate::new_file::{self, NewFile};
use crate::progress::Bars;

/// Chooses the tasks or programs to measure on new hardware
///
/// All programs of the record files are candidates, measured or not: give what can be run on the new hardware. Writes
/// JSON lines {"task": …}, with "schedule" if programs are chosen, what was chosen first before what was chosen later;
/// `cdmpp adapt --measured` reads them.
#[derive(Debug, clap::Args)]
pub(crate) struct SelectArgs {
    /// Record files (.jsonl, .jsonl.zst)
    #[arg(required = true, value_name = "DATA")]
    data: Vec<PathBuf>,
    /// How many to choose, must-haves included
    #[arg(long, value_name = "K", value_parser = choice::budget)]
    budget: usize,
    /// Compare programs by the embeddings of this checkpoint instead of their features
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Write here instead of standard output; the file appears when it is complete
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &SelectArgs, seed: Option<u64>) -> Result<()> {
    new_file::check_places(&args.out)?;
    let model = args.model.as_deref().map(load_model).transpose()?;
    let mut request = SelectRequest::new(&args.data, args.budget);
    request.choice = args.choice.request()?;
    request.seed = seed.unwrap_or_default();
    let mut bars = Bars::new();
    let chosen = select(model.as_ref(), &request, &mut |progress| bars.show(progress))?;
    bars.finish();
    match &args.out {
        Some(path) => {
            let mut file = NewFile::create(path)?;
            write_entries(&chosen, &mut file)?;
            file.finish()
        }
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            write_entries(&chosen, &mut out)?;
            Ok(out.flush()?)
        }
    }
}
