//! The default features of small programs, column by column.
//!
//! The numbers of each last store to a buffer are those of TVM 0.27 for the same program in TVMScript:
//! ```python
//! extractor = PerStoreFeature(buffers_per_store=5, arith_intensity_curve_num_samples=10, cache_line_bytes=64)
//! context = TuneContext(mod=mod, target=target)     # llvm, or cuda for the program with thread loops
//! print(extractor.extract_from(context, [MeasureCandidate(Schedule(mod), [])])[0].numpy())
//! ```

use std::fmt::Write;

use cdmpp_ir::{
    Annotation, AnnotationValue, AnsorFeaturizer, BinaryOp, Body, Buffer, BufferId, CompactAst, DataType, Effect,
    LoopHeader, LoopKind, Program, ThreadAxis,
};
use expect_test::{Expect, expect};

const F32: DataType = DataType::F32;

/// Compares the columns of a leaf that are not 0 with the expected ones.
fn check(program: &Program, leaf: usize, expected: Expect) {
    let ast = CompactAst::encode(program, &AnsorFeaturizer);
    let row = &ast.features()[leaf * ast.dim()..][..ast.dim()];
    let mut text = String::new();
    let columns = AnsorFeaturizer::names().iter().zip(row).filter(|(_, value)| **value != 0.0);
    for (at, (name, value)) in columns.enumerate() {
        let end = if at % 4 == 3 { '\n' } else { ' ' };
        write!(text, "{name}={value:.5}{end}").unwrap();
    }
    expected.assert_eq(&text);
}

/// A matrix product of `(32, 64)` and `(64, 16)` with rows in parallel, columns in vectors and a hint to unroll.
fn matmul() -> Program {
    Program::build("matmul", |body| {
        let a = body.param(Buffer::new("A", F32, [32, 64]));
        let b = body.param(Buffer::new("B", F32, [64, 16]));
        let c = body.param(Buffer::new("C", F32, [32, 16]));
        let extent = body.int(32, DataType::I64);
        let hint = Annotation { key: "pragma_auto_unroll_max_step".into(), value: AnnotationValue::Int(16) };
        let rows =
            LoopHeader { name: "i".into(), min: None, extent, kind: LoopKind::Parallel, annotations: vec![hint] };
        body.for_loop(rows, |body, i| {
            body.for_extent("j_init", 16, LoopKind::Vectorized, |body, j| {
                let zero = body.float(0.0, F32);
                body.store(c, &[i, j], zero);
            });
            body.for_extent("k", 64, LoopKind::Serial, |body, k| {
                body.for_extent("j", 16, LoopKind::Vectorized, |body, j| {
                    let (x, y, sum) = (body.load(a, &[i, k]), body.load(b, &[k, j]), body.load(c, &[i, j]));
                    let product = body.mul(x, y);
                    let sum = body.add(sum, product);
                    body.store(c, &[i, j], sum);
                });
            });
        });
    })
    .unwrap()
}

#[test]
fn names_are_164_different_ones() {
    let names = AnsorFeaturizer::names();
    let mut sorted: Vec<_> = names.iter().collect();
    sorted.sort();
    sorted.dedup();
    assert_eq!((names.len(), sorted.len()), (164, 164));
    for (column, name) in [
        (1, "float_addsub"),
        (15, "select_op"),
        (26, "vec_type.mixed"),
        (49, "is_gpu"),
        (60, "B0.bytes"),
        (146, "B4.stride"),
        (150, "arith_intensity_3"),
        (163, "auto_unroll_max_step"),
    ] {
        assert_eq!(names[column], name);
    }
}

#[test]
fn update_of_a_reduction() {
    check(
        &matmul(),
        1,
        expect![[r#"
            float_addsub=15.00004 float_mul=15.00004 vec_num=1.00000 vec_prod=4.08746
            vec_len=4.08746 vec_type.mixed=1.00000 unroll_type.none=1.00000 parallel_num=1.00000
            parallel_prod=5.04439 parallel_len=5.04439 parallel_type.mixed=1.00000 blockIdx_x_len=1.00000
            blockIdx_y_len=1.00000 blockIdx_z_len=1.00000 threadIdx_x_len=1.00000 threadIdx_y_len=1.00000
            threadIdx_z_len=1.00000 vthread_len=1.00000 B0.access_read=1.00000 B0.bytes=17.00001
            B0.unique_bytes=12.00035 B0.lines=11.00070 B0.unique_lines=6.02237 B0.reuse_loop_multiple_read=1.00000
            B0.reuse_dis_iter=10.00141 B0.reuse_dis_bytes=12.10885 B0.reuse_ct=5.04439 B0.bytes_d_reuse_ct=12.00035
            B0.unique_bytes_d_reuse_ct=7.01123 B0.lines_d_reuse_ct=6.02237 B0.unique_lines_d_reuse_ct=1.58496 B0.stride=1.00000
            B1.access_readwrite=1.00000 B1.bytes=17.00001 B1.unique_bytes=11.00070 B1.lines=11.00070
            B1.unique_lines=5.04439 B1.reuse_loop_multiple_read=1.00000 B1.reuse_dis_iter=4.08746 B1.reuse_dis_bytes=7.05528
            B1.reuse_ct=6.02237 B1.bytes_d_reuse_ct=11.00070 B1.unique_bytes_d_reuse_ct=5.04439 B1.lines_d_reuse_ct=5.04439
            B1.unique_lines_d_reuse_ct=0.58496 B1.stride=1.00000 B2.access_read=1.00000 B2.bytes=17.00001
            B2.unique_bytes=13.00018 B2.lines=7.01123 B2.unique_lines=7.01123 B2.reuse_loop_multiple_read=1.00000
            B2.reuse_dis_iter=1.00000 B2.reuse_dis_bytes=3.70044 B2.reuse_ct=4.08746 B2.bytes_d_reuse_ct=13.00018
            B2.unique_bytes_d_reuse_ct=9.00282 B2.lines_d_reuse_ct=3.16992 B2.unique_lines_d_reuse_ct=3.16992 arith_intensity_0=0.81170
            arith_intensity_1=1.12386 arith_intensity_2=1.38035 arith_intensity_3=1.59805 arith_intensity_4=1.78716
            arith_intensity_5=1.95433 arith_intensity_6=2.10413 arith_intensity_7=2.23982 arith_intensity_8=2.36385
            arith_intensity_9=2.47805 alloc_size=11.00070 alloc_prod=9.00282 alloc_outer_prod=1.00000
            alloc_inner_prod=15.00004 outer_prod=15.00004 num_loops=2.00000 auto_unroll_max_step=4.08746
        "#]],
    );
}

#[test]
fn initial_value_of_a_reduction() {
    check(
        &matmul(),
        0,
        expect![[r#"
            vec_num=1.00000 vec_prod=4.08746 vec_len=4.08746 vec_type.mixed=1.00000
            unroll_type.none=1.00000 parallel_num=1.00000 parallel_prod=5.04439 parallel_len=5.04439
            parallel_type.mixed=1.00000 blockIdx_x_len=1.00000 blockIdx_y_len=1.00000 blockIdx_z_len=1.00000
            threadIdx_x_len=1.00000 threadIdx_y_len=1.00000 threadIdx_z_len=1.00000 vthread_len=1.00000
            B0.access_write=1.00000 B0.bytes=11.00070 B0.unique_bytes=11.00070 B0.lines=5.04439
            B0.unique_lines=5.04439 B0.reuse_none=1.00000 B0.bytes_d_reuse_ct=12.00035 B0.unique_bytes_d_reuse_ct=12.00035
            B0.lines_d_reuse_ct=6.02237 B0.unique_lines_d_reuse_ct=6.02237 B0.stride=1.00000 alloc_size=11.00070
            alloc_prod=9.00282 alloc_outer_prod=1.00000 alloc_inner_prod=9.00282 outer_prod=9.00282
            num_loops=1.58496 auto_unroll_max_step=4.08746 "#]],
    );
}

/// `y = exp(x) + x` on a GPU, the last block guarded, from a copy in shared memory.
#[test]
fn gpu_kernel() {
    let n = 1000;
    let program = Program::build("kernel", |body| {
        let x = body.param(Buffer::new("x", F32, [n]));
        let y = body.param(Buffer::new("y", F32, [n]));
        let block = LoopKind::ThreadBinding(ThreadAxis::BlockX);
        let thread = LoopKind::ThreadBinding(ThreadAxis::ThreadX);
        body.for_extent("bx", 4, block, |body, bx| {
            body.for_extent("tx", 256, thread, |body, tx| {
                let copy = body.allocate(Buffer { scope: cdmpp_ir::Scope::Shared, ..Buffer::new("copy", F32, [256]) });
                let width = body.int(256, DataType::I64);
                let start = body.mul(bx, width);
                let at = body.add(start, tx);
                let end = body.int(n, DataType::I64);
                let inside = body.binary(BinaryOp::Lt, at, end);
                body.if_then(inside, |body| {
                    let value = body.load(x, &[at]);
                    body.store(copy, &[tx], value);
                    let value = body.load(copy, &[tx]);
                    let exp = body.call("exp", F32, Effect::Pure, &[value]);
                    let sum = body.add(exp, value);
                    body.store(y, &[at], sum);
                });
            });
        });
    })
    .unwrap();
    check(
        &program,
        1,
        expect![[r#"
            float_addsub=10.00141 float_mathfunc=10.00141 vec_type.none=1.00000 unroll_type.none=1.00000
            parallel_type.none=1.00000 is_gpu=1.00000 blockIdx_x_len=2.32193 blockIdx_y_len=1.00000
            blockIdx_z_len=1.00000 threadIdx_x_len=8.00562 threadIdx_y_len=1.00000 threadIdx_z_len=1.00000
            vthread_len=1.00000 B0.access_read=1.00000 B0.bytes=12.00035 B0.unique_bytes=10.00141
            B0.lines=6.02237 B0.unique_lines=4.08746 B0.reuse_serial_multiple_read_write=1.00000 B0.reuse_dis_iter=1.00000
            B0.reuse_dis_bytes=4.08746 B0.reuse_ct=1.00000 B0.bytes_d_reuse_ct=12.00035 B0.unique_bytes_d_reuse_ct=10.00141
            B0.lines_d_reuse_ct=6.02237 B0.unique_lines_d_reuse_ct=4.08746 B0.stride=1.00000 B1.access_write=1.00000
            B1.bytes=12.00035 B1.unique_bytes=12.00035 B1.lines=6.02237 B1.unique_lines=12.00035
            B1.reuse_none=1.00000 B1.bytes_d_reuse_ct=13.00018 B1.unique_bytes_d_reuse_ct=13.00018 B1.lines_d_reuse_ct=7.01123
            B1.unique_lines_d_reuse_ct=13.00018 B1.stride=1.00000 arith_intensity_0=0.32193 arith_intensity_1=0.32193
            arith_intensity_2=0.33342 arith_intensity_3=0.35614 arith_intensity_4=0.37851 arith_intensity_5=0.40054
            arith_intensity_6=0.42223 arith_intensity_7=0.44361 arith_intensity_8=0.46467 arith_intensity_9=0.48543
            alloc_size=11.96614 alloc_prod=9.96723 alloc_outer_prod=1.00000 alloc_inner_prod=10.00141
            outer_prod=10.00141 num_loops=1.58496 "#]],
    );
}

/// A transposed copy through one fused loop: indices with quotients and remainders.
#[test]
fn fused_indices() {
    let program = Program::build("transpose", |body| {
        let x = body.param(Buffer::new("x", F32, [8, 16]));
        let y = body.param(Buffer::new("y", F32, [16, 8]));
        body.for_extent("i", 128, LoopKind::Unrolled, |body, i| {
            let (row, column) = divide(body, i, 8);
            let value = body.load(x, &[column, row]);
            let one = body.float(1.0, F32);
            let value = body.add(value, one);
            body.store(y, &[row, column], value);
        });
    })
    .unwrap();
    check(
        &program,
        0,
        expect![[r#"
            float_addsub=7.01123 int_divmod=8.00562 vec_type.none=1.00000 unroll_num=1.00000
            unroll_prod=7.01123 unroll_len=7.01123 unroll_type.mixed=1.00000 parallel_type.none=1.00000
            blockIdx_x_len=1.00000 blockIdx_y_len=1.00000 blockIdx_z_len=1.00000 threadIdx_x_len=1.00000
            threadIdx_y_len=1.00000 threadIdx_z_len=1.00000 vthread_len=1.00000 B0.access_read=1.00000
            B0.bytes=9.00282 B0.unique_bytes=6.02237 B0.lines=3.16992 B0.unique_lines=1.00000
            B0.reuse_none=1.00000 B0.bytes_d_reuse_ct=10.00141 B0.unique_bytes_d_reuse_ct=7.01123 B0.lines_d_reuse_ct=4.08746
            B0.unique_lines_d_reuse_ct=1.58496 B0.stride=1.00000 B1.access_write=1.00000 B1.bytes=9.00282
            B1.unique_bytes=6.02237 B1.lines=3.16992 B1.unique_lines=1.00000 B1.reuse_none=1.00000
            B1.bytes_d_reuse_ct=10.00141 B1.unique_bytes_d_reuse_ct=7.01123 B1.lines_d_reuse_ct=4.08746 B1.unique_lines_d_reuse_ct=1.58496
            B1.stride=1.00000 arith_intensity_0=1.00000 arith_intensity_1=1.00000 arith_intensity_2=1.00000
            arith_intensity_3=1.00000 arith_intensity_4=1.00000 arith_intensity_5=1.00000 arith_intensity_6=1.00000
            arith_intensity_7=1.00000 arith_intensity_8=1.00000 arith_intensity_9=1.00000 alloc_size=9.00282
            alloc_prod=7.01123 alloc_outer_prod=1.00000 alloc_inner_prod=7.01123 outer_prod=7.01123
            num_loops=1.00000 "#]],
    );
}

fn divide(body: &mut Body<'_>, value: cdmpp_ir::ExprId, by: i64) -> (cdmpp_ir::ExprId, cdmpp_ir::ExprId) {
    let by = body.int(by, DataType::I64);
    (body.binary(BinaryOp::FloorDiv, value, by), body.binary(BinaryOp::FloorMod, value, by))
}

/// A chain of stores: the second reads what the first wrote under the same loop.
#[test]
fn reuse_between_stores() {
    let program = Program::build("chain", |body| {
        let x = body.param(Buffer::new("x", F32, [16, 32]));
        let y = body.param(Buffer::new("y", F32, [16, 32]));
        body.for_extent("i", 16, LoopKind::Serial, |body, i| {
            let (mut step, mut source): (usize, BufferId) = (0, x);
            while step < 2 {
                body.for_extent("j", 32, LoopKind::Serial, |body, j| {
                    let value = body.load(source, &[i, j]);
                    let value = body.mul(value, value);
                    body.store(y, &[i, j], value);
                });
                (step, source) = (step + 1, y);
            }
        });
    })
    .unwrap();
    check(
        &program,
        1,
        expect![[r#"
            float_mul=9.00282 vec_type.none=1.00000 unroll_type.none=1.00000 parallel_type.none=1.00000
            blockIdx_x_len=1.00000 blockIdx_y_len=1.00000 blockIdx_z_len=1.00000 threadIdx_x_len=1.00000
            threadIdx_y_len=1.00000 threadIdx_z_len=1.00000 vthread_len=1.00000 B0.access_readwrite=1.00000
            B0.bytes=11.00070 B0.unique_bytes=11.00070 B0.lines=5.04439 B0.unique_lines=5.04439
            B0.reuse_serial_multiple_read_write=1.00000 B0.reuse_dis_iter=5.04439 B0.reuse_dis_bytes=8.58871 B0.reuse_ct=1.00000
            B0.bytes_d_reuse_ct=11.00070 B0.unique_bytes_d_reuse_ct=11.00070 B0.lines_d_reuse_ct=5.04439 B0.unique_lines_d_reuse_ct=5.04439
            B0.stride=1.00000 arith_intensity_0=0.32193 arith_intensity_1=0.32193 arith_intensity_2=0.32193
            arith_intensity_3=0.32193 arith_intensity_4=0.32193 arith_intensity_5=0.32193 arith_intensity_6=0.32193
            arith_intensity_7=0.32193 arith_intensity_8=0.32193 arith_intensity_9=0.32193 alloc_size=11.00070
            alloc_prod=9.00282 alloc_outer_prod=1.00000 alloc_inner_prod=9.00282 outer_prod=9.00282
            num_loops=1.58496 "#]],
    );
}

/// Without loops, sizes and lines are 1.
#[test]
fn scalar_without_loops() {
    let program = Program::build("scalar", |body| {
        let s = body.param(Buffer::new("s", DataType::F64, []));
        let value = body.load(s, &[]);
        let value = body.mul(value, value);
        body.store(s, &[], value);
    })
    .unwrap();
    check(
        &program,
        0,
        expect![[r#"
            float_mul=1.00000 vec_type.none=1.00000 unroll_type.none=1.00000 parallel_type.none=1.00000
            blockIdx_x_len=1.00000 blockIdx_y_len=1.00000 blockIdx_z_len=1.00000 threadIdx_x_len=1.00000
            threadIdx_y_len=1.00000 threadIdx_z_len=1.00000 vthread_len=1.00000 B0.access_readwrite=1.00000
            B0.bytes=3.16992 B0.unique_bytes=1.00000 B0.lines=1.00000 B0.unique_lines=1.00000
            B0.reuse_none=1.00000 B0.bytes_d_reuse_ct=4.08746 B0.unique_bytes_d_reuse_ct=1.58496 B0.lines_d_reuse_ct=1.58496
            B0.unique_lines_d_reuse_ct=1.58496 alloc_size=3.16992 alloc_prod=1.00000 alloc_outer_prod=1.00000
            alloc_inner_prod=1.00000 outer_prod=1.00000 "#]],
    );
}

/// A select without a load is the literal 1, so that a product with it is no operation.
#[test]
fn select_without_a_load_is_one() {
    let program = |selects: bool| {
        Program::build("select", |body| {
            let x = body.param(Buffer::new("x", F32, [64]));
            body.for_extent("i", 64, LoopKind::Serial, |body, i| {
                let value = body.load(x, &[i]);
                let half = body.int(32, DataType::I64);
                let first = body.binary(BinaryOp::Lt, i, half);
                let (two, three) = (body.float(2.0, F32), body.float(3.0, F32));
                let factor = if selects { body.select(first, two, three) } else { body.float(1.0, F32) };
                let doubled = body.add(value, value);
                let value = body.mul(doubled, factor);
                body.store(x, &[i], value);
            });
        })
        .unwrap()
    };
    let [with, without] = [true, false].map(|selects| CompactAst::encode(&program(selects), &AnsorFeaturizer));
    assert_eq!(with.features(), without.features());
}
