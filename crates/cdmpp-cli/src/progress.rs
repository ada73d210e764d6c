//! Progress on standard error: bars if that is a terminal, and a few lines in any case.

use std::ops::ControlFlow;

use cdmpp::model::train::{Epoch, TuningEpoch};
use cdmpp::workflow::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::interrupt::Interrupt;
use crate::outputs::say;

/// Shows the progress of a workflow, and stops training after Ctrl-C.
#[derive(Debug)]
pub(crate) struct Bars {
    bar: Option<ProgressBar>,
    interrupt: Option<Interrupt>,
}

impl Bars {
    pub(crate) fn new() -> Self {
        Self { bar: None, interrupt: None }
    }

    pub(crate) fn show(&mut self, progress: Progress<'_>) -> ControlFlow<()> {
        match progress {
            Progress::Reading { bytes, total_bytes } => {
                let bar = self.bar.get_or_insert_with(|| of_bytes(0, "reading"));
                bar.set_length(total_bytes);
                bar.set_position(bytes);
            }
            Progress::Loaded(_) => self.finish(),
            Progress::Divided { cleaning, counts } => say(format_args!("{cleaning}\n{counts}")),
            Progress::Domains { cleaning, n_source, n_measured, n_groups, n_test } => say(format_args!(
                "{cleaning}\nsource: {n_source} measurements; target: {n_measured} measured in {n_groups} groups, {n_test} to test on"
            )),
            Progress::Training { n_parameters, epochs, seed } => {
                say(format_args!("training: {n_parameters} parameters, {epochs} epochs, seed {seed}"));
            }
            Progress::Epoch(epoch) => self.show_epoch(epoch),
            Progress::TuningEpoch(epoch) => self.show_tuning(epoch),
            _ => {}
        }
        // Reading is ended by Ctrl-C at once: there is nothing to keep.
        if matches!(progress, Progress::Training { .. } | Progress::Domains { .. }) && self.interrupt.is_none() {
            match Interrupt::install() {
                Ok(interrupt) => self.interrupt = Some(interrupt),
                Err(error) => say(format_args!("{error:#}")),
            }
        }
        match &self.interrupt {
            Some(interrupt) if interrupt.is_wished() => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn show_epoch(&mut self, epoch: &Epoch<'_>) {
        let mut message = format!("loss {:.3}", epoch.train_loss);
        if let Some(validation) = &epoch.validation {
            let (mape, median) = (100.0 * validation.mape, 100.0 * validation.median_ape);
            message += &format!(", validation {:.3}: MAPE {mape:.1}%, median {median:.1}%", validation.loss);
        }
        let bar = self.bar.get_or_insert_with(|| of_epochs(epoch.n_epochs));
        bar.set_position(epoch.number as u64);
        bar.set_message(message);
    }

    fn show_tuning(&mut self, epoch: &TuningEpoch) {
        let bar = self.bar.get_or_insert_with(|| of_epochs(0));
        bar.set_length((epoch.n_runs * epoch.n_epochs) as u64);
        bar.set_position(((epoch.run - 1) * epoch.n_epochs + epoch.number) as u64);
        let held_out = epoch.held_out_loss.map_or(String::new(), |loss| format!(", held out {loss:.3}"));
        bar.set_message(format!("loss {:.3}{held_out}", epoch.train_loss));
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A bar over bytes of files.
pub(crate) fn of_bytes(total: u64, what: &'static str) -> ProgressBar {
    bar(total, "{msg} {wide_bar} {bytes}/{total_bytes} {eta}").with_message(what)
}

/// A bar over epochs, whose message tells how training goes.
fn of_epochs(n: usize) -> ProgressBar {
    bar(n as u64, "epoch {pos}/{len} {wide_bar} {msg} {eta}")
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the templates of this file are well formed");
    ProgressBar::new(length).with_style(style)
}
