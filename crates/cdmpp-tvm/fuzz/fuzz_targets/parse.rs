//! Feeds the reader any text. From the crate's folder, with the programs of the tests as seeds:
//! `cargo +nightly fuzz run parse fuzz/corpus/parse tests/corpus`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = cdmpp_tvm::parse_module(text);
});
