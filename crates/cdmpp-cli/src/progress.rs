//! Progress on standard error; nothing if that is not a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over bytes of files.
pub(crate) fn of_bytes(total: u64, what: &'static str) -> ProgressBar {
    bar(total, "{msg} {wide_bar} {bytes}/{total_bytes} {eta}").with_message(what)
}

/// A bar over epochs, whose message tells how training goes.
pub(crate) fn of_epochs(n: usize) -> ProgressBar {
    bar(n as u64, "epoch {pos}/{len} {wide_bar} {msg} {eta}")
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the templates of this file are well formed");
    ProgressBar::new(length).with_style(style)
}
