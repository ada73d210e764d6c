//! Which instructions the kernels run on.

use pulp::{Arch, WithSimd};

/// Runs a kernel on the widest vectors of this machine. Detection is a load of a cached flag.
pub(crate) fn dispatch<K: WithSimd>(kernel: K) -> K::Output {
    arch().dispatch(kernel)
}

#[cfg(not(test))]
fn arch() -> Arch {
    Arch::new()
}

#[cfg(test)]
fn arch() -> Arch {
    tests::FORCED.get().unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        pub(super) static FORCED: Cell<Option<Arch>> = const { Cell::new(None) };
    }

    /// Runs a test once for every instruction set that this machine has: narrow ones stand in for other machines.
    pub(crate) fn on_every_arch(test: impl Fn()) {
        let mut all = vec![Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        all.extend(pulp::x86::V3::try_new().map(Arch::V3));
        let best = Arch::new();
        all.push(best);
        for arch in all {
            FORCED.set(Some(arch));
            test();
        }
        FORCED.set(None);
    }
}
