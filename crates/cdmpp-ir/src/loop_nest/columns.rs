//! What the columns are called.

use std::sync::LazyLock;

use crate::AnsorFeaturizer;

/// The loops that have columns.
pub(super) const N_LEVELS: usize = 8;
/// The operands that have columns at each loop.
pub(super) const N_OPERANDS: usize = 4;
/// The columns of an operand at a loop.
pub(super) const ACCESS_COLUMNS: usize = 4;
/// The columns of a loop.
pub(super) const LEVEL_COLUMNS: usize = LEVEL.len() + N_OPERANDS * ACCESS_COLUMNS;

const LEVEL: [&str; 8] = ["len", "prod", "vectorized", "unrolled", "parallel", "thread", "serial", "reduction"];
const ACCESS: [&str; ACCESS_COLUMNS] = ["stays", "contiguous", "step", "bytes"];

/// The names of the columns, in order.
pub(super) static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut names = AnsorFeaturizer::names().to_vec();
    for level in 0..N_LEVELS {
        names.extend(LEVEL.map(|column| format!("L{level}.{column}")));
        for operand in 0..N_OPERANDS {
            names.extend(ACCESS.map(|column| format!("L{level}.O{operand}.{column}")));
        }
    }
    names.extend(["loads", "choices", "operands", "accumulates", "unroll_step", "depth"].map(str::to_owned));
    names.extend((0..N_OPERANDS).map(|operand| format!("O{operand}.global")));
    names.extend((0..N_OPERANDS).map(|operand| format!("O{operand}.param")));
    names
});
