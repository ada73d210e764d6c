//! Compiles the code in the workspace's README and book, so that it stays true.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
