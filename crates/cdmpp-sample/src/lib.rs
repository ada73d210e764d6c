//! Chooses which tasks to measure on new hardware, when not all can be.
//!
//! Every program that may be measured is a row of numbers, its features or its embedding, and belongs to a task.
//! [`select_tasks`] clusters the [`Rows`] and takes one task a cluster, so that what is measured stands for what is
//! not. A [`Budget`] says how many tasks may be measured, which are in any case, and how much each matters.
//!
//! | function | chooses | looks at | order of the result |
//! |---|---|---|---|
//! | [`select_tasks`] | the middle of every crowd | rows, weights | the largest cluster first |
//! | [`select_farthest`] | what is unlike all before | means of rows, weights | the least covered first |
//! | [`select_random`] | by lot | weights | by lot |
//!
//! All three give each task once, exactly as many as the budget allows and there are, must-haves first; the same for
//! the same question, in whatever order the rows are. To choose programs instead of tasks, make each a task of its own.
//!
//! There is no choice by uncertainty alone: it would measure the same doubt many times over. As a
//! [weight](Budget::weights) it acts together with the distances. Weights should be honest, though: a model that is
//! not calibrated on the new hardware does not know where it errs there.
//!
//! # Examples
//! ```
//! use cdmpp_sample::{Budget, KMeansConfig, Rows, select_tasks};
//!
//! // Embeddings of eight programs, two numbers each, of the tasks 0 to 3.
//! let embeddings = [0.9, 0.1, 1.0, 0.0, 0.8, 0.1, 0.9, 0.2, -0.7, 0.6, -0.8, 0.5, -0.7, 0.5, 0.1, -0.9];
//! let rows = Rows::new(&embeddings, 2)?;
//! let task_of_row = [0, 0, 1, 1, 2, 2, 2, 3];
//!
//! let chosen = select_tasks(rows, &task_of_row, &Budget::of(3), &KMeansConfig::default())?;
//! assert_eq!(chosen, [0, 2, 3]);
//!
//! // Task 1 serves the traffic: it is measured whatever it looks like, and covers what is near to it.
//! let budget = Budget { must_have: &[1], ..Budget::of(2) };
//! assert_eq!(select_tasks(rows, &task_of_row, &budget, &KMeansConfig::default())?, [1, 2]);
//! # Ok::<(), cdmpp_sample::SampleError>(())
//! ```
//!
//! # Speed
//!
//! [`select_tasks`] chooses 200 of 100,000 programs of 64 numbers in 9.3 s, [`select_farthest`] in 1.6 s, [`select_random`]
//! in 0.04 s (25 November 2026, 2 cores of an AMD EPYC, Zen 4, that other work was loading:
//! `cargo bench -p cdmpp-benches --bench select -- --quick`). With one iteration instead of twenty the first takes 5.6 s:
//! 0.2 s an iteration or two fifths of all are linfa's, the rest is drawing the first centres, seven candidates for each
//! on one thread. What would be faster: one candidate a centre (a seventh of that work, for a worse start), the draws
//! on all threads, and iterations that leave out centres by the triangle inequality, which linfa's do not.
//!
//! # References
//!
//! Hu et al., *CDMPP: A Device-Model Agnostic Framework for Latency Prediction of Tensor Programs*, EuroSys 2024, on
//! which tasks to profile on a new device.

// The README's example runs with the tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod budget;
mod candidates;
mod clusters;
mod distance;
mod error;
mod farthest;
mod kmeans;
mod mean;
mod random;
mod rows;
mod seeds;
mod tasks;

pub use budget::Budget;
pub use error::SampleError;
pub use farthest::select_farthest;
pub use kmeans::{KMeansConfig, select_tasks};
pub use random::select_random;
pub use rows::Rows;
