//! Text to program: what the reader makes of each construct.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;

use cdmpp_ir::{Expr, ExprId, Node, NodeId, Program};
use cdmpp_tvm::{parse_module, parse_tvmscript};
use expect_test::{Expect, expect};

/// A listing of a program, one statement a line.
fn listing(program: &Program) -> String {
    let mut out = String::new();
    program.roots().for_each(|node| list_node(program, node, 0, &mut out));
    out
}

fn list_node(program: &Program, node: NodeId, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    let e = |id| show(program, id);
    match &program[node] {
        Node::Loop { var, min, extent, kind, annotations } => {
            let var = &program[*var];
            let hints: Vec<_> = annotations.iter().map(|a| format!(" {}={:?}", a.key, a.value)).collect();
            let hints = hints.concat();
            writeln!(out, "{pad}for {}: {} in {}, +{} {kind:?}{hints}", var.name, var.dtype, e(*min), e(*extent))
                .unwrap();
        }
        Node::Store { buffer, indices, value } => {
            let indices: Vec<_> = program.list(*indices).iter().map(|id| e(*id)).collect();
            writeln!(out, "{pad}{}[{}] = {}", program[*buffer].name, indices.join(", "), e(*value)).unwrap();
        }
        Node::If { condition, otherwise } => {
            writeln!(out, "{pad}if {}", e(*condition)).unwrap();
            for child in program.children(node) {
                if Some(child) == *otherwise {
                    writeln!(out, "{pad}else").unwrap();
                }
                list_node(program, child, depth + 1, out);
            }
            return;
        }
        Node::Let { var, value } => writeln!(out, "{pad}let {} = {}", program[*var].name, e(*value)).unwrap(),
        Node::Allocate { buffer } => {
            let b = &program[*buffer];
            writeln!(out, "{pad}allocate {}: {} {:?} {}", b.name, b.dtype, b.shape, b.scope).unwrap();
        }
        Node::Evaluate { value } => writeln!(out, "{pad}evaluate {}", e(*value)).unwrap(),
        other => writeln!(out, "{pad}{other:?}").unwrap(),
    }
    program.children(node).for_each(|child| list_node(program, child, depth + 1, out));
}

fn show(program: &Program, id: ExprId) -> String {
    let e = |id| show(program, id);
    let list = |ids| program.list(ids).iter().map(|id| e(*id)).collect::<Vec<_>>().join(", ");
    match &program[id] {
        Expr::Int { value, dtype } => format!("{value}{}", short(dtype.name())),
        Expr::Float { value, dtype } => format!("{value:?}{}", short(dtype.name())),
        Expr::Str(text) => format!("{:?}", &program[*text]),
        Expr::Var(var) => program[*var].name.clone(),
        Expr::Binary { op, lhs, rhs } => format!("({} {op} {})", e(*lhs), e(*rhs)),
        Expr::Not(value) => format!("not {}", e(*value)),
        Expr::Select { condition, then, otherwise } => {
            format!("select({}, {}, {})", e(*condition), e(*then), e(*otherwise))
        }
        Expr::IfThenElse { condition, then, otherwise } => {
            format!("choose({}, {}, {})", e(*condition), e(*then), e(*otherwise))
        }
        Expr::Cast { dtype, value } => format!("{dtype}({})", e(*value)),
        Expr::Call { callee, dtype, effect, args } => {
            format!("{}<{effect:?} {dtype}>({})", &program[*callee], list(*args))
        }
        Expr::Load { buffer, indices } => format!("{}[{}]", program[*buffer].name, list(*indices)),
        other => format!("{other:?}"),
    }
}

/// `int32` and `float32`, the default types, go without saying.
fn short(dtype: &str) -> String {
    if matches!(dtype, "int32" | "float32") { String::new() } else { format!("_{dtype}") }
}

fn check(text: &str, expected: Expect) {
    let program =
        parse_tvmscript(text).unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)));
    expected.assert_eq(&listing(&program));
}

/// A function over vectors of 64 elements of several types, with this body.
fn check_body(body: &str, expected: Expect) {
    let body: String =
        body.trim().lines().map(|line| format!("    {}\n", line.strip_prefix("        ").unwrap_or(line))).collect();
    let head = "@T.prim_func\ndef f(A: T.Buffer((64,), \"float32\"), B: T.Buffer((64,), \"float32\"), \
                N: T.Buffer((64,), \"int32\"), L: T.Buffer((64,), \"int64\"), H: T.Buffer((64,), \"float16\")):\n";
    check(&format!("{head}{body}"), expected);
}

fn corpus(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/corpus/{name}.py", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn blocks_dissolve() {
    check(
        &corpus("written-old-spelling"),
        expect![[r#"
        allocate A_shared: float32 [64, 32] shared
        for ax0: int32 in 0, +64 Serial
          for ax1: int32 in 0, +32 Serial
            A_shared[ax0, ax1] = A[ax0, ax1]
        for i_0: int32 in 0, +9 Serial
          for i_1: int32 in 0, +8 Serial
            for k: int32 in 0, +32 Serial
              if (((i_0 * 8) + i_1) < 64)
                if (k == 0)
                  B[((i_0 * 8) + i_1)] = 0.0
                let x = A_shared[((i_0 * 8) + i_1), k]
                B[((i_0 * 8) + i_1)] = (B[((i_0 * 8) + i_1)] + (x * x))
    "#]],
    );
    check(
        &corpus("written-init-offset"),
        expect![[r#"
        for i: int32 in 0, +32 Serial
          for k: int32 in 2, +14 Serial
            if (k == 2)
              B[i] = 0.0
            B[i] = (B[i] + A[i, k])
        for i_1: int32 in 0, +32 Unrolled
          C[] = (C[] + B[i_1])
        for i_2: int32 in 0, +7 Serial
          B[(i_2 * 5)] = 0.0
    "#]],
    );
}

#[test]
fn loops_have_kinds_bounds_and_hints() {
    check(
        &corpus("written-vthread"),
        expect![[r#"
        for v: int32 in 0, +4 ThreadBinding(VirtualX) pragma_import_llvm=Str("x") auto=Int(1) ratio=Float(0.5)
          for t: int32 in 0, +16 ThreadBinding(ThreadX)
            B[((v * 16) + t)] = (int8(A[((v * 16) + t)]) + 1_int8)
            A[((v * 16) + t)] = (A[((v * 16) + t)] + 1_uint8)
    "#]],
    );
    check(
        &corpus("written-old-match-buffer"),
        expect![[r#"
        for i: int32 in 0, +128 Serial hint=Str("x")
          for j: int32 in 0, +128 Vectorized
            let y = (A[i, j] * 2.0)
            B[i, j] = (y + 1.0)
    "#]],
    );
    check_body(
        "for i, j in T.grid(8, (2, 4)):
            for k in range(i + 1, i + 1 + 3):
                for l in T.unroll(0, 7, step=3):
                    A[i] = A[l]",
        expect![[r#"
            for i: int32 in 0, +8 Serial
              for j: int32 in 2, +4 Serial
                for k: int32 in (i + 1), +3 Serial
                  for l: int32 in 0, +3 Unrolled
                    A[i] = A[(l * 3)]
        "#]],
    );
}

#[test]
fn threads_of_the_environment_are_loops() {
    check(
        &corpus("written-threads"),
        expect![[r#"
            for bx: int32 in 0, +8 ThreadBinding(BlockX)
              for tx: int32 in 0, +128 ThreadBinding(ThreadX)
                for i: int32 in 0, +1 Unrolled pragma_unroll_explicit=Int(1) pragma_auto_unroll_max_step=Int(8)
                  C[((bx * 128) + tx)] = A[((bx * 128) + tx)]
                evaluate tvm_storage_sync<Opaque handle>("shared", 0_bool, -1)
                for j: int32 in 0, +2 Serial
                  C[((bx * 128) + tx)] = (C[((bx * 128) + tx)] + 1.0)
        "#]],
    );
    check(
        &corpus("written-old-threads"),
        expect![[r#"
            for bx: int32 in 0, +8 ThreadBinding(BlockX)
              for tx: int32 in 0, +32 ThreadBinding(ThreadX)
                allocate A_local_1: float32 [4] local
                for v: int32 in 0, +4 Serial
                  A_local_1[v] = A[(((bx * 128) + (tx * 4)) + v)]
                evaluate tvm_storage_sync<Opaque handle>("shared", 0_bool, -1)
                for v_1: int32 in 0, +4 Serial pragma_auto_unroll_max_step=Int(64)
                  C[(((bx * 128) + (tx * 4)) + v_1)] = (A_local_1[v_1] * 2.0)
        "#]],
    );
    check(
        &corpus("written-old-attr-thread"),
        expect![[r#"
        for tx: int32 in 0, +256 ThreadBinding(ThreadX)
          let y = (A[tx] + 1)
          A[tx] = (y * y)
    "#]],
    );
}

#[test]
fn scalars_are_buffers_in_the_new_dialect_and_lets_in_the_old() {
    check(
        &corpus("written-scalars"),
        expect![[r#"
        for i: int32 in 0, +16 Serial
          allocate n: int32 [1] local
          n[0] = int32(A[i])
          let m = (A[i] * 2_int64)
          let k = (m + 1_int64)
          allocate total: float32 [1] local
          total[0] = 0.0
          total[0] = (total[0] + float32(k))
          total[0] = (total[0] + 1.5)
          allocate w: float32 [4] local
          for j: int32 in 0, +4 Serial
            w[j] = total[0]
          n[0] = (n[0] + 1)
          S[0] = (S[0] + w[3])
          A[i] = int64(n[0])
    "#]],
    );
    let old = corpus("written-scalars").replace("tirx as T", "tir as T");
    let first: String =
        old.lines().filter(|line| !line.contains("total +=") && !line.contains("S = ")).collect::<Vec<_>>().join("\n");
    check(
        &first,
        expect![[r#"
        for i: int32 in 0, +16 Serial
          let n = int32(A[i])
          let m = (A[i] * 2_int64)
          let k = (m + 1_int64)
          let total = 0.0
          let total_1 = (total + float32(k))
          allocate w: float32 [4] local
          for j: int32 in 0, +4 Serial
            w[j] = total_1
          let n_1 = (n + 1)
          A[i] = int64(n_1)
    "#]],
    );
}

#[test]
fn types_meet_as_in_tvm() {
    check_body(
        "for i in range(64):
            L[i] = i + L[i] * 2
            L[i] = T.int64(3) * i
            N[i] = L[i]
            H[i] = H[i] * T.float16(0.5) + 1
            A[i] = i
            A[i] = N[i] * 0.5
            B[i] = T.if_then_else(i < L[i], A[i], 0)",
        expect![[r#"
            for i: int32 in 0, +64 Serial
              L[i] = (int64(i) + (L[i] * 2_int64))
              L[i] = (3_int64 * int64(i))
              N[i] = int32(L[i])
              H[i] = ((H[i] * 0.5_float16) + 1.0_float16)
              A[i] = float32(i)
              A[i] = (float32(N[i]) * 0.5)
              B[i] = choose((int64(i) < L[i]), A[i], 0.0)
        "#]],
    );
}

#[test]
fn literals_fold_as_in_tvm() {
    check_body(
        "for i in range(64):
            N[i * 1 + 0] = i // 1 + i % 1 + 0 * i
            N[i] = 2 * 3 + T.int32(7) // -2 + T.int32(7) % -2 + T.truncdiv(T.int32(7), -2)
            N[i] = -i - 0
            N[i] = T.int32(2147483647) + 1
            A[i] = A[i] * 1.0 + 0.0 - T.float32(0)
            A[i] = T.float32(0.1) + T.float32(0.2)
            A[i] = T.max(A[i], A[i])
            A[i] = T.if_then_else(T.bool(True), A[i], B[i])",
        expect![[r#"
            for i: int32 in 0, +64 Serial
              N[i] = i
              N[i] = -2
              N[i] = (i * -1)
              N[i] = -2147483648
              A[i] = A[i]
              A[i] = 0.30000001192092896
              A[i] = (A[i] max A[i])
              A[i] = A[i]
        "#]],
    );
}

#[test]
fn conditions() {
    check(
        &corpus("written-conditions"),
        expect![[r#"
        for i: int64 in 0_int64, +8_int64 Serial
          for j: int64 in i, +4_int64 Serial
            if (((0_int64 <= i) and (i < 4_int64)) and (j != 3_int64))
              A[i, j] = 1.0
            else
              if (i == j)
                A[i, j] = 2.0
              else
                if 0_bool
                else
                  A[i, j] = 3.0
            if ((i < 2_int64) or (j < 2_int64))
              A[j, i] = 4.0
    "#]],
    );
}

#[test]
fn intrinsics_have_their_effect() {
    check(
        &corpus("written-math"),
        expect![[r#"
        for i: int32 in 0, +64 Serial
          B[i] = ((exp<Pure float32>(A[i]) + sqrt<Pure float32>(fabs<Pure float32>(A[i]))) - ((tanh<Pure float32>(A[i]) * erf<Pure float32>(A[i])) / (sigmoid<Pure float32>(A[i]) + 1e-5)))
          B[i] = ((A[i] min inf) max -inf)
          B[i] = (((pow<Pure float32>(A[i], 2.0) + log<Pure float32>(A[i])) + rsqrt<Pure float32>(A[i])) + fmod<Pure float32>(A[i], B[i]))
          B[i] = choose((((i % 2) == 0) and not (((i // 2) >= 8) or (i == 63))), A[i], 0.0)
          B[i] = select(((4 <= i) and (i < 60)), A[i], (A[i] * -1.0))
          B[i] = ((((floor<Pure float32>(A[i]) + ceil<Pure float32>(A[i])) + round<Pure float32>(A[i])) + trunc<Pure float32>(A[i])) + nearbyint<Pure float32>(A[i]))
          B[i] = (float32(isnan<Pure bool>(A[i])) + float32(((fabs<Pure float32>(A[i]) == inf) and not isnan<Pure bool>(A[i]))))
          H[i] = (float16(A[i]) * 0.5_float16)
          I_[i] = (((((i / 3) + (i truncmod 3)) + (i // 3)) + (i % 3)) + (((i + 3) - 1) // 3))
          I_[i] = bitwise_or<Pure int32>(shift_left<Pure int32>(i, 2), bitwise_xor<Pure int32>(bitwise_and<Pure int32>(i, 7), bitwise_xor<Pure int32>(i, 5)))
          I_[i] = ((((bitwise_not<Pure int32>(i) + shift_left<Pure int32>(i, 1)) + shift_right<Pure int32>(i, 1)) - clz<Pure int32>(i)) + popcount<Pure int32>(i))
          I_[i] = (((((select((i >= 0), i, (0 - i)) + (i * -1)) + 12) - 2) + 2147483647) - -2147483648)
          I_[i] = reinterpret<Pure int32>(A[i])
          I_[i] = ((i * 2) + 1)
          L[i] = likely<Pure bool>((i < 3))
          B[i] = (call_extern<Opaque float32>("expf", A[i]) + call_pure_extern<Pure float32>("sinf", A[i]))
          evaluate call_packed<Opaque int32>("f", i)
    "#]],
    );
}

#[test]
fn views_are_buffers_unless_they_are_the_same() {
    check(
        &corpus("written-views"),
        expect![[r#"
        allocate A_1: float32 [64] global
        allocate s: float16 [4, 4] shared.dyn
        for i: int32 in 0, +8 Serial
          for j: int32 in 0, +8 Serial
            allocate W: float32 [8] global
            A[i, j] = (A_1[((i * 8) + j)] + W[j])
        evaluate ptx.wait_group<Opaque handle>(0)
        evaluate call_extern<Opaque handle>("touch", address_of<Pure handle>(s[0, 0]), buffer_data<Pure handle>("B"), tvm_access_ptr<Opaque handle>(type_annotation<Pure float32>(), buffer_data<Pure handle>("A"), 0, 64, 1))
    "#]],
    );
    check(
        &corpus("printed-flat-mm"),
        expect![[r#"
        allocate A_1: float16 [16384] global
        allocate B_1: float16 [16384] global
        allocate C_1: float32 [16384] global
        for i_0: int32 in 0, +8 ThreadBinding(BlockX)
          for j_0: int32 in 0, +8 ThreadBinding(BlockY)
            for i_1: int32 in 0, +16 ThreadBinding(ThreadY)
              for j_1: int32 in 0, +16 ThreadBinding(ThreadX)
                allocate C_local: float32 [1] local
                C_local[0] = 0.0
                for k_0: int32 in 0, +16 Serial
                  allocate A_shared: float16 [128] shared
                  for ax0: int32 in 0, +16 Serial
                    for ax1: int32 in 0, +8 Serial
                      A_shared[((ax0 * 8) + ax1)] = A_1[((((i_0 * 2048) + (ax0 * 128)) + (k_0 * 8)) + ax1)]
                  for k_1: int32 in 0, +8 Unrolled pragma_auto_unroll_max_step=Int(16)
                    C_local[0] = (C_local[0] + (float32(A_shared[((i_1 * 8) + k_1)]) * float32(B_1[((((k_0 * 1024) + (k_1 * 128)) + (j_0 * 16)) + j_1)])))
                C_1[((((i_0 * 2048) + (i_1 * 128)) + (j_0 * 16)) + j_1)] = C_local[0]
    "#]],
    );
}

#[test]
fn modules() {
    let names = |text: &str| parse_module(text).unwrap().iter().map(|p| p.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&corpus("printed-module")), ["mm", "soft"]);
    assert_eq!(names(&corpus("written-plain")), ["only"]);
    check(
        &corpus("written-plain"),
        expect![[r#"
        for i: int32 in 0, +4 Serial
          A[i] = (((A[i] + 1.0_float64) * 0.5_float64) + 2.0_float64)
    "#]],
    );
    assert!(names("x = 1\n").is_empty());
}

#[test]
fn every_program_of_the_corpus_is_read() {
    let folder = format!("{}/tests/corpus", env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 60, "the corpus has {} programs", paths.len());
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let programs = parse_module(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!programs.is_empty(), "{}", path.display());
    }
}
