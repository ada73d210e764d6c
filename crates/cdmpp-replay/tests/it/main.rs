//! Replays from outside: known schedules, laws, and refusals.

#![cfg(test)]

mod drawn;
mod laws;
mod random_graph;
mod refusals;
mod schedules;
mod sketch;
