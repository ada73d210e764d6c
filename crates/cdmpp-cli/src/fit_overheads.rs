//! `cdmpp fit-overheads`: what networks add to their programs on a device.

mod leave_one_out;
mod terms;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use cdmpp::replay::{FitConfig, MeasuredNetwork, OverheadFit, ReplayError, fit_overheads};

use self::leave_one_out::LeaveOneOut;
use self::terms::Terms;
use crate::graph_file::{self, Network};
use crate::near::check_names;
use crate::{new_file, overheads_file, report};

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

/// The measured networks of one hardware.
struct OnHardware<'a> {
    hardware: &'a str,
    networks: Vec<Measured<'a>>,
}

/// A network whose programs and whole were measured on a hardware.
struct Measured<'a> {
    network: &'a Network,
    /// In seconds.
    latencies: Vec<f64>,
    durations: Vec<Duration>,
    bytes: Option<Vec<u64>>,
    whole_s: f64,
}

pub(crate) fn run(args: &FitOverheadsArgs) -> Result<()> {
    new_file::check_places(args.out.iter().chain(&args.report))?;
    let networks = graph_file::read(&args.graphs)?;
    let known = graph_file::hardware(&networks);
    check_names("hardware", args.on.iter().map(String::as_str), &known, "the graphs")?;
    let is_wanted = |name: &&str| args.on.is_empty() || args.on.iter().any(|wanted| wanted == name);
    let all: Vec<OnHardware<'_>> = known
        .into_iter()
        .filter(is_wanted)
        .map(|hardware| OnHardware::new(hardware, &networks))
        .collect::<Result<_>>()?;
    // A hardware that nobody asked for may lack what a fit needs.
    let measured: Vec<OnHardware<'_>> =
        all.into_iter().filter(|on| !args.on.is_empty() || !on.networks.is_empty()).collect();
    if measured.is_empty() {
        bail!("no graph has a measured whole");
    }

    let mut out = BufWriter::new(std::io::stdout().lock());
    if let Some(path) = &args.out {
        let mut fits = BTreeMap::new();
        for on in &measured {
            fits.insert(on.hardware, on.fit(|_| true).with_context(|| format!("on `{}`", on.hardware))?);
        }
        overheads_file::write(&fits, path)?;
        write!(out, "{}", Terms { fits: &fits })?;
    }
    if args.leave_one_out {
        let tested = LeaveOneOut::test(&measured)?;
        if let Some(path) = &args.report {
            report::write(&tested, path)?;
        }
        if args.out.is_some() {
            writeln!(out)?;
        }
        write!(out, "{tested}")?;
    }
    out.flush()?;
    Ok(())
}

impl<'a> OnHardware<'a> {
    fn new(hardware: &'a str, networks: &'a [Network]) -> Result<Self> {
        let measured = |network: &'a Network| -> Result<Option<Measured<'a>>> {
            let Some(whole_s) = network.measured_s(hardware)? else { return Ok(None) };
            let latencies = network.latencies(hardware)?;
            let durations = latencies.iter().map(|seconds| Duration::try_from_secs_f64(*seconds));
            let durations = durations.collect::<Result<_, _>>().with_context(|| network.place())?;
            Ok(Some(Measured { network, latencies, durations, bytes: network.bytes()?, whole_s }))
        };
        let networks = networks.iter().map(measured).filter_map(Result::transpose).collect::<Result<_>>()?;
        Ok(Self { hardware, networks })
    }

    fn architectures(&self) -> impl Iterator<Item = &str> {
        let all: BTreeSet<&str> = self.networks.iter().map(|of| of.network.architecture()).collect();
        all.into_iter()
    }

    /// Fits overheads to the networks of some architectures.
    fn fit(&self, is_used: impl Fn(&str) -> bool) -> Result<OverheadFit, ReplayError> {
        let used = self.networks.iter().filter(|of| is_used(of.network.architecture()));
        let networks: Vec<MeasuredNetwork<'_>> = used
            .map(|of| MeasuredNetwork {
                name: of.network.architecture(),
                graph: &of.network.tasks,
                latencies: &of.durations,
                bytes: of.bytes.as_deref().unwrap_or(&[]),
                whole: Duration::from_secs_f64(of.whole_s),
            })
            .collect();
        fit_overheads(&networks, &FitConfig::default())
    }
}
