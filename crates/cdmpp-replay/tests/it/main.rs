//! Replays from outside: known schedules, laws, and refusals.

#![cfg(test)]

mod drawn;
mod fitted;
mod laws;
#[cfg(feature = "json")]
mod operator_graphs;
mod random_graph;
mod refusals;
mod schedules;
mod sketch;
#[cfg(feature = "json")]
mod traces;
