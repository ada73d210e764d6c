//! The crate from outside: models, operators, damaged files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fusion;
mod hostile;
mod lowering;
mod meaning;
mod models;
mod operators;
mod rejection;
