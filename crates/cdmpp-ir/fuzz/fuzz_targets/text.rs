//! Any text gives a program or an error, and what a program prints reads back as the same program.

#![no_main]

use cdmpp_ir::Program;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(program) = text.parse::<Program>() {
        let printed = program.to_string();
        assert_eq!(printed.parse::<Program>().as_ref(), Ok(&program));
    }
});
