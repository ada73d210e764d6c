//! Whole workflows of latency prediction: what the command `cdmpp` does, for programs.
//!
//! Each workflow is a function that takes a request and a callback, and gives a report. A request has plain public
//! fields; the callback gets the [`Progress`] and may stop the workflow; a report can be written and read with serde.
//! Nothing here prints, and files are written only where a request says so.
//!
//! | function | what it does | request | result |
//! |---|---|---|---|
//! | [`train`](train()) | trains a model and tests it | [`TrainRequest`] | [`TrainOutcome`] with a [`TrainReport`] |
//! | [`evaluate`](evaluate()) | compares predictions with measurements | [`EvaluateRequest`] | [`EvaluateOutcome`] with an [`EvaluateReport`] |
//! | [`select`](select()) | chooses what to measure on new hardware | [`SelectRequest`] | a list of [`Entry`] |
//! | [`adapt`](adapt()) | adapts a model to new hardware or networks | [`AdaptRequest`] | [`AdaptOutcome`] with an [`AdaptReport`] |
//! | [`predict`](predict()) | predicts the programs of files | [`PredictRequest`] | [`PredictedProgram`]s |
//! | [`replay`](replay()) | tells how long networks take | [`ReplayRequest`] | [`ReplayReport`] |
//! | [`fit_overheads`](fit_overheads()), [`test_overheads`] | fits what networks add to their programs | [`FitOverheadsRequest`] | [`OverheadFit`](cdmpp_replay::OverheadFit)s, [`LeaveOneOut`] |
//!
//! # Examples
//! Networks are replayed from the measured latencies of their operators.
//! ```
//! use std::ops::ControlFlow;
//!
//! use cdmpp_workflow::{LatencySource, ReplayRequest, replay};
//!
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("networks.jsonl");
//! # std::fs::write(&file, r#"{"network": "net-b1", "variant": "", "ops": [{"id": 0, "name": "a", "lane": "cpu", "depends_on": [], "latency_s": {"cpu": 1e-3}}], "end_to_end_s": {"cpu": [1.5e-3]}}"#)?;
//! let request = ReplayRequest::new([file], LatencySource::Measured("cpu".to_owned()));
//! let report = replay(&request, &mut |_| ControlFlow::Continue(()))?;
//! assert_eq!(report.graphs[0].replayed_s, Some(1e-3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod adapt;
mod choice;
mod chunk;
mod error;
pub mod evaluate;
pub mod fit_overheads;
mod graph_file;
mod measured;
mod named_leaves;
mod near;
mod overheads_file;
pub mod predict;
mod predicted_measurement;
mod program_file;
mod program_list;
mod progress;
mod quantiles;
pub mod replay;
mod scores;
pub mod select;
mod settings;
pub mod train;

pub use adapt::{AdaptOutcome, AdaptReport, AdaptRequest, AdaptTarget, DiscrepancyName, adapt};
pub use choice::{ChoiceMethod, ChoiceRequest, ChoiceUnit};
pub use chunk::read_chunk;
pub use error::{GraphProblem, WorkflowError};
pub use evaluate::{EvaluateOutcome, EvaluateReport, EvaluateRequest, evaluate};
pub use fit_overheads::{FitOverheadsRequest, LeaveOneOut, fit_overheads, test_overheads};
pub use graph_file::{NetworkGraph, measured_hardware, read_graphs};
pub use measured::DataRequest;
pub use named_leaves::encode_named;
pub use overheads_file::{read_overheads, write_overheads};
pub use predict::{PredictRequest, PredictedProgram, predict};
pub use predicted_measurement::PredictedMeasurement;
pub use program_file::{program_file_name, read_programs};
pub use program_list::{Entry, ProgramList, Weights, write_entries};
pub use progress::{OnProgress, Progress};
pub use quantiles::Quantiles;
pub use replay::{LatencySource, ReplayReport, ReplayRequest, ReplayedNetwork, replay};
pub use scores::{Counts, Scores, Versions};
pub use select::{SelectRequest, select};
pub use settings::{AdaptSettings, TrainSettings};
pub use train::{EpochSummary, Stop, TrainOutcome, TrainReport, TrainRequest, train};
