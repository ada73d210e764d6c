//! The start of each group of columns, and the name of every column.

use std::sync::LazyLock;

/// The number of columns.
pub(super) const DIM: usize = 164;
/// The number of buffers that have columns.
pub(super) const N_BUFFERS: usize = 5;
/// The number of columns of a buffer.
pub(super) const N_BUFFER_COLUMNS: usize = 18;
/// Vectorized, unrolled and parallel loops: 11 columns each.
pub(super) const KINDS: [usize; 3] = [16, 27, 38];
/// Whether the program runs on a GPU, then the lengths of the thread axes.
pub(super) const GPU: usize = 49;
/// The buffers.
pub(super) const BUFFERS: usize = 57;
/// The curve of arithmetic intensity.
pub(super) const INTENSITY: usize = BUFFERS + N_BUFFERS * N_BUFFER_COLUMNS;
/// The allocation of the stored buffer.
pub(super) const ALLOCATION: usize = INTENSITY + super::intensity::N_POINTS;
/// The loops around the store.
pub(super) const NEST: usize = ALLOCATION + 4;

/// Where the parts of a buffer's columns start.
pub(super) struct BufferColumns {
    pub(super) access: usize,
    pub(super) sizes: usize,
    pub(super) reuse: usize,
    pub(super) distances: usize,
    pub(super) ratios: usize,
    pub(super) stride: usize,
}

/// Where the parts of a buffer's columns start.
pub(super) const BUFFER: BufferColumns =
    BufferColumns { access: 0, sizes: 3, reuse: 7, distances: 10, ratios: 13, stride: 17 };

const OPERATIONS: [&str; 7] = ["mad", "addsub", "mul", "divmod", "cmp", "mathfunc", "otherfunc"];
const PLACES: [&str; 8] = [
    "none",
    "inner_spatial",
    "middle_spatial",
    "outer_spatial",
    "inner_reduce",
    "middle_reduce",
    "outer_reduce",
    "mixed",
];
const AXES: [&str; 8] = [
    "is_gpu",
    "blockIdx_x_len",
    "blockIdx_y_len",
    "blockIdx_z_len",
    "threadIdx_x_len",
    "threadIdx_y_len",
    "threadIdx_z_len",
    "vthread_len",
];
const BUFFER_NAMES: [&str; N_BUFFER_COLUMNS] = [
    "access_read",
    "access_write",
    "access_readwrite",
    "bytes",
    "unique_bytes",
    "lines",
    "unique_lines",
    "reuse_loop_multiple_read",
    "reuse_serial_multiple_read_write",
    "reuse_none",
    "reuse_dis_iter",
    "reuse_dis_bytes",
    "reuse_ct",
    "bytes_d_reuse_ct",
    "unique_bytes_d_reuse_ct",
    "lines_d_reuse_ct",
    "unique_lines_d_reuse_ct",
    "stride",
];
const LAST: [&str; 7] = [
    "alloc_size",
    "alloc_prod",
    "alloc_outer_prod",
    "alloc_inner_prod",
    "outer_prod",
    "num_loops",
    "auto_unroll_max_step",
];

/// The names of the columns, in order.
pub(super) static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut names = Vec::with_capacity(DIM);
    for kind in ["float", "int"] {
        names.extend(OPERATIONS.map(|operation| format!("{kind}_{operation}")));
    }
    names.extend(["bool_op", "select_op"].map(str::to_owned));
    for kind in ["vec", "unroll", "parallel"] {
        names.extend(["num", "prod", "len"].map(|column| format!("{kind}_{column}")));
        names.extend(PLACES.map(|place| format!("{kind}_type.{place}")));
    }
    names.extend(AXES.map(str::to_owned));
    for buffer in 0..N_BUFFERS {
        names.extend(BUFFER_NAMES.map(|column| format!("B{buffer}.{column}")));
    }
    names.extend((0..super::intensity::N_POINTS).map(|point| format!("arith_intensity_{point}")));
    names.extend(LAST.map(str::to_owned));
    names
});
