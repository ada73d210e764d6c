//! `cdmpp fit-overheads`: what networks add to their programs on a device.

mod leave_one_out;
mod terms;

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Result;
use cdmpp::workflow::{FitOverheadsRequest, fit_overheads, test_overheads, write_overheads};

use self::leave_one_out::Tests;
use self::terms::Terms;
use crate::new_file::{self, NewFile};
use crate::outputs::write_report;

/// Fits what networks add to the time of their programs, from networks that were measured as a whole
///
/// A program that is timed alone finds its operands in the cache, and a timer sees its launch; in a network it is
/// otherwise. From a few networks whose programs and whole were measured on a device, this fits a launch gap, the part
/// of launches that a network hides, a hand-over cost a byte, a slowdown and a start-up of each lane, with standard
/// errors. A term that does not bring networks nearer which the fit did not see is left out.
///
/// With `--leave-one-out`, the overheads are put to the test: each network is replayed with those that were fitted to
/// the networks of other architectures (the part of the name before the first hyphen).
#[derive(Debug, clap::Args)]
pub(crate) struct FitOverheadsArgs {
    /// Files with operator graphs (.jsonl, .jsonl.zst)
    #[arg(required = true, value_name = "GRAPH")]
    graphs: Vec<PathBuf>,
    /// The hardware, one or more; all that a whole was measured on if none is named
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    on: Vec<String>,
    /// Write the overheads, for `cdmpp replay --overheads`
    #[arg(long, value_name = "FILE", required_unless_present = "leave_one_out")]
    out: Option<PathBuf>,
    /// Print how near networks come with overheads that were fitted to others
    #[arg(long)]
    leave_one_out: bool,
    /// Write that as JSON
    #[arg(long, value_name = "FILE", requires = "leave_one_out")]
    report: Option<PathBuf>,
}

pub(crate) fn run(args: &FitOverheadsArgs) -> Result<()> {
    new_file::check_places(args.out.iter().chain(&args.report))?;
    let mut request = FitOverheadsRequest::new(&args.graphs);
    request.hardware = args.on.clone();
    let mut out = BufWriter::new(std::io::stdout().lock());
    if let Some(path) = &args.out {
        let fits = fit_overheads(&request)?;
        let mut file = NewFile::create(path)?;
        write_overheads(&fits, &mut file)?;
        file.finish()?;
        write!(out, "{}", Terms { fits: &fits })?;
    }
    if args.leave_one_out {
        let tested = test_overheads(&request)?;
        if let Some(path) = &args.report {
            write_report(&tested, path)?;
        }
        if args.out.is_some() {
            writeln!(out)?;
        }
        write!(out, "{}", Tests(&tested))?;
    }
    out.flush()?;
    Ok(())
}
