//! Any text gives a program or an error; what a program prints reads back as the same program, and it is encoded.

#![no_main]

use cdmpp_ir::{AnsorFeaturizer, CompactAst, Program};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(program) = text.parse::<Program>() {
        let printed = program.to_string();
        assert_eq!(printed.parse::<Program>().as_ref(), Ok(&program));
        let ast = CompactAst::encode(&program, &AnsorFeaturizer);
        assert!(ast.features().iter().all(|value| value.is_finite()));
    }
});
