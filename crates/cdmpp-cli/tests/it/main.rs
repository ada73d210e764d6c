//! The command from outside: what it prints, writes and refuses.

#![cfg(test)]

mod adaptation;
mod commands;
mod corridor;
mod graph_refusals;
mod leakage;
mod networks;
mod place;
mod refusals;
mod training;
