//! Equality of programs.

use crate::{Annotation, AnnotationValue, Expr, ExprId, Node, NodeId, Program};

/// Structural: the same name, parameters, statements and expressions, wherever the arenas hold them and whichever
/// operands are shared. Names count. Float literals are equal if they have the same bits or are both NaN, so `0.0` and
/// `-0.0` differ.
impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        // Statements lie in pre-order, so equal programs have equal statement ids; only expressions may lie elsewhere.
        self.name == other.name
            && self.ends == other.ends
            && self.params.len() == other.params.len()
            && self.params.iter().zip(other.params.iter()).all(|(&a, &b)| self[a] == other[b])
            && self.nodes().all(|node| same_node(self, other, node))
    }
}

impl Eq for Program {}

fn same_node(left: &Program, right: &Program, node: NodeId) -> bool {
    let same = |a, b| same_expr(left, right, a, b);
    match (&left[node], &right[node]) {
        (
            Node::Loop { var: var_a, min: min_a, extent: extent_a, kind: kind_a, annotations: hints_a },
            Node::Loop { var: var_b, min: min_b, extent: extent_b, kind: kind_b, annotations: hints_b },
        ) => {
            left[*var_a] == right[*var_b]
                && kind_a == kind_b
                && hints_a.len() == hints_b.len()
                && hints_a.iter().zip(hints_b).all(|(a, b)| same_annotation(a, b))
                && same(*min_a, *min_b)
                && same(*extent_a, *extent_b)
        }
        (
            Node::Store { buffer: buffer_a, indices: indices_a, value: value_a },
            Node::Store { buffer: buffer_b, indices: indices_b, value: value_b },
        ) => {
            let (indices_a, indices_b) = (left.list(*indices_a), right.list(*indices_b));
            left[*buffer_a].name == right[*buffer_b].name
                && indices_a.len() == indices_b.len()
                && indices_a.iter().zip(indices_b).all(|(&a, &b)| same(a, b))
                && same(*value_a, *value_b)
        }
        (
            Node::If { condition: condition_a, otherwise: otherwise_a },
            Node::If { condition: condition_b, otherwise: otherwise_b },
        ) => otherwise_a == otherwise_b && same(*condition_a, *condition_b),
        (Node::Let { var: var_a, value: value_a }, Node::Let { var: var_b, value: value_b }) => {
            left[*var_a] == right[*var_b] && same(*value_a, *value_b)
        }
        (Node::Allocate { buffer: a }, Node::Allocate { buffer: b }) => left[*a] == right[*b],
        (Node::Evaluate { value: a }, Node::Evaluate { value: b }) => same(*a, *b),
        _ => false,
    }
}

/// Compares two expressions with a stack of its own, so that no depth overflows the thread's.
fn same_expr(left: &Program, right: &Program, a: ExprId, b: ExprId) -> bool {
    let mut pairs = vec![(a, b)];
    let mut operands = Vec::new();
    while let Some((a, b)) = pairs.pop() {
        if !same_operator(left, right, a, b) {
            return false;
        }
        left.for_each_operand(a, |operand| operands.push(operand));
        let mut of_a = operands.drain(..);
        let mut lengths_agree = true;
        right.for_each_operand(b, |operand| match of_a.next() {
            Some(of_a) => pairs.push((of_a, operand)),
            None => lengths_agree = false,
        });
        if !lengths_agree || of_a.next().is_some() {
            return false;
        }
    }
    true
}

/// Compares two expressions but for their operands.
fn same_operator(left: &Program, right: &Program, a: ExprId, b: ExprId) -> bool {
    left.dtype(a) == right.dtype(b)
        && match (&left[a], &right[b]) {
            (Expr::Int { value: a, .. }, Expr::Int { value: b, .. }) => a == b,
            (Expr::Float { value: a, .. }, Expr::Float { value: b, .. }) => same_float(*a, *b),
            (Expr::Str(a), Expr::Str(b)) => left[*a] == right[*b],
            (Expr::Var(a), Expr::Var(b)) => left[*a].name == right[*b].name,
            (Expr::Binary { op: a, .. }, Expr::Binary { op: b, .. }) => a == b,
            (Expr::Call { callee: a, effect: effect_a, .. }, Expr::Call { callee: b, effect: effect_b, .. }) => {
                left[*a] == right[*b] && effect_a == effect_b
            }
            (Expr::Load { buffer: a, .. }, Expr::Load { buffer: b, .. }) => left[*a].name == right[*b].name,
            (a, b) => {
                let plain =
                    matches!(a, Expr::Not(_) | Expr::Select { .. } | Expr::IfThenElse { .. } | Expr::Cast { .. });
                plain && std::mem::discriminant(a) == std::mem::discriminant(b)
            }
        }
}

fn same_annotation(a: &Annotation, b: &Annotation) -> bool {
    a.key == b.key
        && match (&a.value, &b.value) {
            (AnnotationValue::Float(a), AnnotationValue::Float(b)) => same_float(*a, *b),
            (a, b) => a == b,
        }
}

fn same_float(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}
