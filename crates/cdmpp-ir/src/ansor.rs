//! The default features: the 164 columns of Ansor.

mod access;
mod columns;
mod intensity;
mod nest;
mod operations;
mod plan;
mod region;
mod rows;
mod stride;
mod touched;

pub(crate) use operations::Operations;

use crate::{Featurizer, Leaves};

/// The 164 columns that Ansor, TVM's auto-scheduler, computes for a store statement.
///
/// `P` is the number of iterations of all loops around the store; a loop whose length is not a literal counts as one.
/// Every number `x` is written as `log2(|x| + 1)`; columns marked *0/1* are flags.
///
/// | columns | what |
/// |---|---|
/// | 0–6 `float_mad` … `float_otherfunc` | `P` · the floating-point operations in the stored value, those in its load indices included: multiply-add (never found), `+ -`, `·`, `/ %`, minimum and maximum, pure calls (and `if_then_else`), other calls |
/// | 7–13 `int_mad` … | the same with integer results; every comparison counts here, its result being a truth value |
/// | 14, 15 `bool_op`, `select_op` | `P` · (and, or, not), `P` · selects |
/// | 16–26 `vec_*` | vectorized loops: their number, the product of their lengths, the innermost length; *0/1*: none, …, mixed (no other place is ever set) |
/// | 27–37 `unroll_*`, 38–48 `parallel_*` | the same of unrolled loops, and of loops over the cores of a CPU |
/// | 49 `is_gpu` | *0/1*: the program has a loop over threads |
/// | 50–56 `blockIdx_x_len` … `vthread_len` | the lengths of the outermost loop over each thread axis, 1 without |
/// | 57–146 `B0.*` … `B4.*` | 18 columns of each of the five buffers with the most lines (then bytes, then the first name) |
/// | 147–156 `arith_intensity_0` … | floating-point operations a byte, see below |
/// | 157–160 `alloc_size` … `alloc_inner_prod` | of the stored buffer: its bytes; its elements · `A`; `A`; `P / A`, where `A` is the number of iterations around its allocation (1 for a parameter); 0, 0, 1, `P` if it has none |
/// | 161–163 `outer_prod`, `num_loops`, `auto_unroll_max_step` | `P`, the number of loops, the innermost positive `pragma_auto_unroll_max_step` |
///
/// # A buffer's columns
/// A *pattern* is the list of indices of one access. The loads of a buffer that the statement also stores to add none.
/// The *touched* elements at a loop are the box around all patterns while the loop and those inside run and those outside
/// stand at their first value, by interval arithmetic on the indices. `e` is the size of an element in bytes.
///
/// | offset | what |
/// |---|---|
/// | 0–2 `access_*` | *0/1*: read, write, both |
/// | 3 `bytes` | `P · e` |
/// | 4 `unique_bytes` | touched at the outermost loop · `e`; 1 without a loop |
/// | 5 `lines` | `max(1, P / I · min(1, s · e / 64))`: `s` is the stride over the innermost loop that moves the access, `I` the product of the loops inside it |
/// | 6 `unique_lines` | `max(1, unique_bytes / min(64, c))`: `c` is the length in bytes of the last dimension that is touched in full, or 1 |
/// | 7–9 `reuse_*` | *0/1*: used again by a loop that does not move it, by another store under a loop, not at all |
/// | 10, 11 `reuse_dis_iter`, `reuse_dis_bytes` | how far away the next use is |
/// | 12 `reuse_ct` | how often it is used again |
/// | 13–16 `*_d_reuse_ct` | columns 3 to 6 by `reuse_ct`, or by ½ if that is 0 |
/// | 17 `stride` | `s` if the innermost loop moves the access, else 0 |
///
/// The stride of a loop is the coefficient of its variable in the last dimension that has it, read off the syntax (a
/// product with a literal; 1 for a sum or a lone variable), times the size of the dimensions behind. Loops are searched
/// for reuse from the inside: one whose variable is in no index repeats the access as often as it is long, at a distance
/// of the iterations inside it and the bytes that all stores so far touched under the next loop; one under which an
/// earlier store touched the buffer gives a count of those stores, and distances a length-th of the smallest touched and
/// of all touched.
///
/// # Arithmetic intensity
/// From the inside out, each loop has floating-point operations `f` and touched bytes `b` (over the statement's buffers)
/// in one run. Point `i` interpolates `f / b` linearly in `f` at `(i + 1) / 10` of all operations.
///
/// # Differences
/// A row of TVM describes a *buffer*, and the last store to it at that; here every store has its own vector. So the
/// vector of a buffer's last store is TVM's row, and these have none there: earlier stores to the same buffer, such as
/// the initial value of a reduction, and stores of a literal. A store of a literal leaves no trace for the reuse of
/// others, as in TVM. A select without a load counts as the literal 1, as TVM replaces it before it extracts features.
/// Where an index has no bounds and TVM writes an infinity, there is a 0.
///
/// # Complexity
/// O(expressions · loops).
///
/// # References
/// Zheng et al., *Ansor: Generating High-Performance Tensor Programs for Deep Learning*, OSDI 2020, appendix B; the
/// details are those of `src/s_tir/meta_schedule/feature_extractor/per_store_feature.cc` in TVM 0.27.
///
/// # Examples
/// ```
/// use cdmpp_ir::{AnsorFeaturizer, Buffer, CompactAst, DataType, LoopKind, Program};
///
/// let double = Program::build("double", |body| {
///     let x = body.param(Buffer::new("x", DataType::F32, [1024]));
///     body.for_extent("i", 1024, LoopKind::Parallel, |body, i| {
///         let xi = body.load(x, &[i]);
///         let value = body.add(xi, xi);
///         body.store(x, &[i], value);
///     });
/// })?;
/// let ast = CompactAst::encode(&double, &AnsorFeaturizer);
/// let column = AnsorFeaturizer::names().iter().position(|name| name == "float_addsub");
/// assert_eq!(column.map(|column| ast.features()[column]), Some(1025_f32.log2()));
/// # Ok::<(), cdmpp_ir::VerifyError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AnsorFeaturizer;

impl AnsorFeaturizer {
    /// The names of the columns, in order: `float_addsub`, `B0.bytes`, `arith_intensity_3`, …
    #[must_use]
    pub fn names() -> &'static [String] {
        &columns::NAMES
    }
}

impl Featurizer for AnsorFeaturizer {
    fn schema(&self) -> &str {
        "ansor/164/tvm-0.27/1"
    }

    fn dim(&self) -> usize {
        columns::DIM
    }

    fn write(&self, leaves: &Leaves<'_>, out: &mut [f32]) {
        match leaves.program().with_selects_as_one() {
            Some(program) => rows::write(&program, out),
            None => rows::write(leaves.program(), out),
        }
    }
}
