//! Compiles the code of the workspace's README, so that it stays true.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
