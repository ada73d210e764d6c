//! Ctrl-C: the first is a wish, the second an order.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

/// The exit code after an interruption: 128 and the number of the signal.
pub(crate) const EXIT_CODE: u8 = 130;

/// Whether the user asked to stop.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on; a second signal ends the process at once. To be called once.
    pub(crate) fn install() -> Result<Self> {
        let wish = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&wish);
        let on_signal = move || {
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(EXIT_CODE.into());
            }
            let _ = writeln!(std::io::stderr(), "stopping after this epoch; Ctrl-C again stops at once");
        };
        ctrlc::set_handler(on_signal).context("cannot listen for Ctrl-C")?;
        Ok(Self(wish))
    }

    pub(crate) fn is_wished(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
