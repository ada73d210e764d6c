//! Who divides work among threads.

use std::env;

/// The variable that candle asks for the number of threads at every matrix product.
const VARIABLE: &str = "RAYON_NUM_THREADS";

/// Sees to it that candle computes each matrix product on one thread, unless the user has said otherwise: training and
/// prediction divide batches themselves, and small products spread over all cores take several times as long
/// (<https://github.com/huggingface/candle/issues/2877>).
///
/// candle reads the environment at every product and offers no other way; changing one's own environment is unsafe
/// while threads run, so the process replaces itself by one that has the variable from the start. Where that cannot be
/// done, nothing changes but the speed.
pub(crate) fn leave_to_us() {
    if env::var_os(VARIABLE).is_some() {
        return;
    }
    #[cfg(unix)]
    if let Ok(program) = env::current_exe() {
        use std::os::unix::process::CommandExt;
        let mut arguments = env::args_os();
        let mut again = std::process::Command::new(program);
        if let Some(name) = arguments.next() {
            again.arg0(name);
        }
        let _failed = again.args(arguments).env(VARIABLE, "1").exec();
    }
}
