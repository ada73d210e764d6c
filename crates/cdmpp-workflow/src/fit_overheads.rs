//! Fits what networks add to the time of their programs, from networks that were measured as a whole.
//!
//! From a few networks whose programs and whole were measured on a hardware, this fits a launch gap, the part of
//! launches that a network hides, a hand-over cost a byte, a slowdown and a start-up of each lane, with standard errors.
//!
//! # Examples
//! ```
//! use cdmpp_workflow::{FitOverheadsRequest, fit_overheads};
//!
//! let graphs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/networks.jsonl.zst");
//! let mut request = FitOverheadsRequest::new([graphs]);
//! request.hardware = vec!["epyc-genoa-avx512-2c".to_owned()];
//! let fits = fit_overheads(&request)?;
//! println!("{:?}", fits["epyc-genoa-avx512-2c"].overheads);
//! # Ok::<(), cdmpp_workflow::WorkflowError>(())
//! ```

mod leave_one_out;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use cdmpp_replay::{FitConfig, MeasuredNetwork, OverheadFit, ReplayError, fit_overheads as fit};

pub use self::leave_one_out::{LeaveOneOut, OverheadErrors, TestedNetwork};
use crate::error::{At, GraphProblem, Result, WorkflowError};
use crate::graph_file::{NetworkGraph, measured_hardware, read_graphs};
use crate::near::check_names;

/// What to fit overheads to.
#[derive(Clone, Debug)]
pub struct FitOverheadsRequest {
    /// Files with operator graphs (`.jsonl`, `.jsonl.zst`).
    pub graphs: Vec<PathBuf>,
    /// The hardware; all that a whole was measured on if there is none.
    pub hardware: Vec<String>,
    /// The settings of the fit.
    pub config: FitConfig,
}

impl FitOverheadsRequest {
    /// A fit for all hardware by the default settings.
    pub fn new(graphs: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        let graphs = graphs.into_iter().map(Into::into).collect();
        Self { graphs, hardware: Vec::new(), config: FitConfig::default() }
    }
}

/// The measured networks of one hardware.
struct OnHardware<'a> {
    hardware: &'a str,
    networks: Vec<Measured<'a>>,
}

/// A network whose programs and whole were measured on a hardware.
struct Measured<'a> {
    network: &'a NetworkGraph,
    /// In seconds.
    latencies: Vec<f64>,
    durations: Vec<Duration>,
    bytes: Option<Vec<u64>>,
    whole_s: f64,
}

/// Fits overheads, by hardware.
///
/// # Errors
/// If files cannot be read, a name is unknown, or there are too few networks.
pub fn fit_overheads(request: &FitOverheadsRequest) -> Result<BTreeMap<String, OverheadFit>> {
    let networks = read_graphs(&request.graphs)?;
    let measured = OnHardware::all(&networks, request)?;
    let fit = |on: &OnHardware<'_>| {
        let fit = on.fit(&request.config, |_| true).at(|| format!("on `{}`", on.hardware))?;
        Ok((on.hardware.to_owned(), fit))
    };
    measured.iter().map(fit).collect()
}

/// Puts overheads to the test: each network is replayed with those that were fitted to the networks of other
/// architectures (the part of the name before the first hyphen).
///
/// # Errors
/// As [`fit_overheads`].
pub fn test_overheads(request: &FitOverheadsRequest) -> Result<LeaveOneOut> {
    let networks = read_graphs(&request.graphs)?;
    LeaveOneOut::test(&OnHardware::all(&networks, request)?, &request.config)
}

impl<'a> OnHardware<'a> {
    /// What is measured on each hardware that is asked for.
    fn all(networks: &'a [NetworkGraph], request: &FitOverheadsRequest) -> Result<Vec<Self>> {
        let (known, wanted) = (measured_hardware(networks), &request.hardware);
        check_names("hardware", wanted.iter().map(String::as_str), &known, "the graphs")?;
        let is_wanted = |name: &&str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
        let known = known.into_iter().filter(is_wanted);
        let all: Vec<Self> = known.map(|hardware| Self::new(hardware, networks)).collect::<Result<_>>()?;
        // A hardware that nobody asked for may lack what a fit needs.
        let measured: Vec<Self> = all.into_iter().filter(|on| !wanted.is_empty() || !on.networks.is_empty()).collect();
        if measured.is_empty() {
            return Err(WorkflowError::NoMeasuredNetwork);
        }
        Ok(measured)
    }

    fn new(hardware: &'a str, networks: &'a [NetworkGraph]) -> Result<Self> {
        let measured = |network: &'a NetworkGraph| -> Result<Option<Measured<'a>>> {
            let Some(whole_s) = network.measured_s(hardware)? else { return Ok(None) };
            let latencies = network.latencies(hardware)?;
            let durations = latencies.iter().map(|seconds| {
                let too_long = |_| WorkflowError::graph(network.place(), GraphProblem::TooLong { seconds: *seconds });
                Duration::try_from_secs_f64(*seconds).map_err(too_long)
            });
            let durations = durations.collect::<Result<_>>()?;
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
    fn fit(&self, config: &FitConfig, is_used: impl Fn(&str) -> bool) -> Result<OverheadFit, ReplayError> {
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
        fit(&networks, config)
    }
}
