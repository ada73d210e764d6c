//! From the latencies of tasks to the time of a whole: task graphs on lanes, critical paths, and what the error of each
//! part does to the whole.
//!
//! A [`TaskGraph`] has tasks on *lanes* (a stream of a GPU, a CPU's thread pool, an engine of an accelerator),
//! dependencies between them, and gaps where nothing runs. [`replay()`] runs it with the latencies of a closure and
//! gives a [`Timeline`]: what ran when, the critical path, how busy each lane was. From there:
//!
//! | question | answer |
//! |---|---|
//! | what bounds the whole if I have bounds of the parts? | [`replay_in_order`]: with the order fixed, no latency rises and the whole falls |
//! | which task matters, and how much? | [`contributions`], [`slack`], [`group_contributions`] |
//! | what if these predictions are off by a tenth? | [`error_effect`] |
//! | how sure is the whole, given how sure the parts are? | [`monte_carlo`], with shared and own errors |
//! | why does the network take longer than its programs? | [`fit_overheads`] |
//!
//! The crate knows no tensor library, no predictor and no file: latencies come from a closure, graphs from
//! [`OperatorGraph`] (JSON) or from code. Times are counted in whole nanoseconds, so that a replay gives the same on
//! every machine.
//!
//! # Examples
//! ```
//! use std::time::Duration;
//! use cdmpp_replay::{TaskGraph, contributions, replay};
//!
//! // A network on an accelerator with an engine for matrices and one for vectors.
//! let mut graph = TaskGraph::new();
//! let [matrix, vector] = ["matrix", "vector"].map(|name| graph.add_lane(name));
//! let query = graph.add_task("query", matrix)?;
//! let key = graph.add_task("key", matrix)?;
//! let scale = graph.add_task("scale", vector)?;
//! let scores = graph.add_task("scores", matrix)?;
//! graph.add_dependencies([(query, scale), (scale, scores), (key, scores)])?;
//!
//! let micros = [10, 10, 2, 20];
//! let timeline = replay(&graph, |task| Duration::from_micros(micros[task.index()]))?;
//! assert_eq!(timeline.makespan(), Duration::from_micros(40));
//! assert_eq!(timeline.critical_path(), [query, key, scores]);
//! // Scaling hides behind the other product.
//! assert!(contributions(&graph, &timeline)[scale.index()].is_zero());
//! # Ok::<(), cdmpp_replay::ReplayError>(())
//! ```
//!
//! # Features
//!
//! - `json` (default): [`OperatorGraph`], Chrome traces, and serde for [`Overheads`] and configurations. Brings serde
//!   and `serde_json`.
//!
//! # References
//!
//! Hu et al., *CDMPP: A Device-Model Agnostic Framework for Latency Prediction of Tensor Programs*, EuroSys 2024; its
//! replayer is that of dPRO (Hu et al., MLSys 2022).

// The README's example runs with the tests.
#![cfg_attr(all(doctest, feature = "json"), doc = include_str!("../README.md"))]

#[cfg(feature = "json")]
mod chrome_trace;
mod contribution;
mod dot;
mod error;
mod latency;
mod monte_carlo;
#[cfg(feature = "json")]
mod operator_graph;
mod overheads;
mod plan;
mod replay;
mod svg;
mod task_graph;
mod timeline;

#[cfg(feature = "json")]
pub use chrome_trace::{write_chrome_trace, write_chrome_traces};
pub use contribution::{ErrorEffect, contributions, error_effect, group_contributions, slack};
pub use dot::write_dot;
pub use error::ReplayError;
pub use latency::Latency;
pub use monte_carlo::{Draw, Makespans, MonteCarloConfig, monte_carlo, monte_carlo_in_order};
#[cfg(feature = "json")]
pub use operator_graph::{HandOver, Lane, Operator, OperatorGraph};
pub use overheads::{FitConfig, FittedTerm, MeasuredNetwork, OverheadFit, Overheads, Term, fit_overheads};
pub use replay::{replay, replay_in_order};
pub use svg::write_svg;
pub use task_graph::{LaneId, TaskGraph, TaskId};
pub use timeline::{Cause, LaneUse, Span, Timeline};
