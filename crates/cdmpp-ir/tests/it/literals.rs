//! Programs with other values of their literals.

use cdmpp_ir::{ExprId, Node, Program};

#[test]
fn literals_are_checked() {
    let program: Program = "program f(x: int32[8]) { for i in 2..+4 { x[i32(i)] = 7i32 } }".parse().unwrap();
    let Node::Loop { min, extent, .. } = program[program.nodes().next().unwrap()] else { panic!("a loop is first") };
    let Node::Store { value, indices, .. } = program[program.nodes().nth(1).unwrap()] else {
        panic!("a store is in it")
    };
    let refused = |values: &[(ExprId, i64)]| program.with_literals(values).unwrap_err().to_string();
    assert!(refused(&[(extent, 0)]).ends_with(": a loop's extent must be at least 1"));
    assert!(refused(&[(min, i64::MAX)]).ends_with(": a loop's end must fit in 64 bits"));
    assert!(refused(&[(value, 1 << 31)]).ends_with(": the value must fit in the type of the literal"));
    let index = program.list(indices)[0];
    assert!(refused(&[(index, 1)]).ends_with(": only an integer literal has a value to change"));
    let changed = program.with_literals(&[(extent, 3), (min, 0), (value, -1), (extent, 5)]).unwrap();
    assert_eq!(changed, "program f(x: int32[8]) { for i in 0..5 { x[i32(i)] = -1i32 } }".parse().unwrap());
}
