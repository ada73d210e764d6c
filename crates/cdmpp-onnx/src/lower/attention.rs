//! Attention as one operator: for each query its scores, their softmax, and the weighted sum of the values.

use cdmpp_ir::{BinaryOp, Body, BufferId, DataType, ExprId};

use super::formula::{math, with};
use super::nest::{
    Sum, affine, aligned, data_type, index, input, load, local, lowest, number, output, over, scratch, store, summed,
    tensor, wide, wrong,
};
use crate::{Operator, Problem};

/// How heads lie in a tensor.
#[derive(Clone, Copy, PartialEq)]
enum Layout {
    /// Batch, head, place, element.
    Own,
    /// Batch, place, head and element in one axis, which starts at an offset.
    Joined(i64),
}

impl Layout {
    fn at(self, body: &mut Body<'_>, size: i64, b: ExprId, head: ExprId, place: ExprId, d: ExprId) -> Vec<ExprId> {
        match self {
            Self::Own => vec![b, head, place, d],
            Self::Joined(offset) => {
                let start = affine(body, head, size, offset);
                vec![b, place, body.add(start, d)]
            }
        }
    }
}

/// The extents of attention.
struct Extents {
    batch: i64,
    heads: i64,
    kv_heads: i64,
    queries: i64,
    length: i64,
    size: i64,
    value_size: i64,
    is_causal: bool,
    dtype: DataType,
}

/// A tensor with the layout of its heads.
type Heads = (BufferId, Layout);

pub(super) fn attention(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (q, k, v) = (&tensor(op, 0)?.shape, &tensor(op, 1)?.shape, &tensor(op, 2)?.shape);
    let is_causal = op.int("is_causal").or(op.int("unidirectional")).unwrap_or(0) != 0;
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let (extents, layouts) = match (&q[..], &k[..], &v[..]) {
        ([batch, heads, queries, size], [_, kv_heads, length, _], [_, _, _, value_size]) => {
            let (batch, heads, kv_heads, queries) = (*batch, *heads, *kv_heads, *queries);
            let (length, size, value_size) = (*length, *size, *value_size);
            let extents = Extents { batch, heads, kv_heads, queries, length, size, value_size, is_causal, dtype };
            (extents, [Layout::Own; 3])
        }
        ([batch, queries, hidden], keys, values) => {
            let heads = op.int("num_heads").or(op.int("q_num_heads")).unwrap_or(0);
            let kv_heads = op.int("kv_num_heads").unwrap_or(heads);
            if heads < 1 || kv_heads < 1 || hidden % heads != 0 {
                return Err(Problem::Attribute { attribute: "num_heads", rule: "must divide the queries' last axis" });
            }
            let joined = Layout::Joined(0);
            let (length, layout) = match keys {
                [_, length, _] => (*length, joined),
                [_, _, length, _] => (*length, Layout::Own),
                _ => return Err(wrong(op, 1, "must have three or four axes")),
            };
            let value_size = match values {
                [_, _, hidden] => hidden / kv_heads,
                [_, _, _, size] => *size,
                _ => return Err(wrong(op, 2, "must have three or four axes")),
            };
            let (batch, queries, size) = (*batch, *queries, hidden / heads);
            let extents = Extents { batch, heads, kv_heads, queries, length, size, value_size, is_causal, dtype };
            (extents, [joined, layout, if values.len() == 3 { joined } else { Layout::Own }])
        }
        _ => return Err(wrong(op, 0, "must have three or four axes")),
    };
    let mut heads = Vec::with_capacity(3);
    for (place, layout) in layouts.into_iter().enumerate() {
        heads.push((input(body, op, place)?, layout));
    }
    // A mask is added to the scores; a bias of projections that were made before is not.
    let mut mask = None;
    for place in 3..op.inputs.len() {
        let tensor = tensor(op, place)?;
        if matches!(tensor.shape[..], [.., _, length] if length == extents.length) && tensor.shape.len() <= 4 {
            mask = mask.or(Some(input(body, op, place)?));
        }
    }
    let y = (output(body, op)?, layouts[0]);
    nest(body, &extents, [heads[0], heads[1], heads[2]], mask, y)
}

/// ONNX Runtime's attention, with the projection to queries, keys and values inside.
pub(super) fn with_projection(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (&[batch, queries, hidden], &[rows, packed]) = (&tensor(op, 0)?.shape[..], &tensor(op, 1)?.shape[..]) else {
        return Err(wrong(op, 1, "must have two axes"));
    };
    let heads = op.int("num_heads").unwrap_or(0);
    if rows != hidden || packed % 3 != 0 || heads < 1 || (packed / 3) % heads != 0 {
        return Err(wrong(op, 1, "must give queries, keys and values of whole heads"));
    }
    let (x, w) = (input(body, op, 0)?, input(body, op, 1)?);
    let bias = if op.inputs.len() > 2 { Some(input(body, op, 2)?) } else { None };
    let y = output(body, op)?;
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let projected = scratch(body, "projected", dtype, &[batch, queries, packed]);
    over(body, &[batch, queries, packed], &mut |body, at| {
        let zero = number(body, 0.0, dtype);
        let sum = Sum::begin(body, projected, at, zero);
        summed(body, &[hidden], &mut |body, k| {
            let (a, b) = (load(body, x, &[at[0], at[1], k[0]], dtype), load(body, w, &[k[0], at[2]], dtype));
            let product = body.mul(a, b);
            sum.join(body, BinaryOp::Add, product);
        });
        sum.finish(body, &mut |body, value| {
            let bias = load(body, bias?, &[at[2]], dtype);
            Some(body.add(value, bias))
        });
    });
    let size = packed / 3 / heads;
    let is_causal = op.int("unidirectional").unwrap_or(0) != 0;
    let (kv_heads, length, value_size) = (heads, queries, size);
    let extents = Extents { batch, heads, kv_heads, queries, length, size, value_size, is_causal, dtype };
    let part = |place: i64| (projected, Layout::Joined(place * packed / 3));
    nest(body, &extents, [part(0), part(1), part(2)], None, (y, Layout::Joined(0)))
}

fn nest(
    body: &mut Body<'_>,
    e: &Extents,
    [q, k, v]: [Heads; 3],
    mask: Option<BufferId>,
    y: Heads,
) -> Result<(), Problem> {
    if e.kv_heads < 1 || e.heads % e.kv_heads != 0 || e.batch.min(e.queries).min(e.length).min(e.size) < 1 {
        return Err(Problem::Rule("the heads of the queries must be a multiple of those of the keys"));
    }
    let dtype = e.dtype;
    over(body, &[e.batch, e.heads, e.queries], &mut |body, at| {
        let [b, head, query] = *at else { return };
        let kv_head = if e.kv_heads == e.heads {
            head
        } else {
            let group = index(body, e.heads / e.kv_heads);
            body.binary(BinaryOp::FloorDiv, head, group)
        };
        let scores = local(body, "scores", dtype, &[e.length]);
        let most = local(body, "most", dtype, &[]);
        let low = lowest(body, dtype);
        body.store(most, &[], low);
        let root = (e.size as f64).sqrt().recip();
        summed(body, &[e.length], &mut |body, l| {
            let score = |body: &mut Body<'_>| {
                let zero = number(body, 0.0, dtype);
                let sum = Sum::begin(body, scores, l, zero);
                super::nest::each(body, "d", &[e.size], cdmpp_ir::LoopKind::Serial, &mut |body, d| {
                    let a_at = q.1.at(body, e.size, b, head, query, d[0]);
                    let b_at = k.1.at(body, e.size, b, kv_head, l[0], d[0]);
                    let (a, b) = (load(body, q.0, &a_at, dtype), load(body, k.0, &b_at, dtype));
                    let product = body.mul(a, b);
                    sum.join(body, BinaryOp::Add, product);
                });
                sum.finish(body, &mut |body, value| {
                    let scaled = with(body, BinaryOp::Mul, value, root);
                    let Some(mask) = mask else { return Some(scaled) };
                    let shape = body.buffer_of(mask).shape.clone();
                    let mask_at = aligned(body, &[b, head, query, l[0]], &shape);
                    let added = load(body, mask, &mask_at, dtype);
                    Some(body.add(scaled, added))
                });
                let (score, sofar) = (body.load(scores, l), body.load(most, &[]));
                let larger = body.binary(BinaryOp::Max, sofar, score);
                body.store(most, &[], larger);
            };
            if e.is_causal {
                // A query sees the places up to its own; the queries are the last places.
                let last = affine(body, query, 1, e.length - e.queries);
                let seen = body.binary(BinaryOp::Le, l[0], last);
                body.if_then_else(seen, score, |body| {
                    let low = lowest(body, dtype);
                    body.store(scores, l, low);
                });
            } else {
                score(body);
            }
        });
        let total = local(body, "total", dtype, &[]);
        let zero = number(body, 0.0, dtype);
        body.store(total, &[], zero);
        summed(body, &[e.length], &mut |body, l| {
            let (score, most) = (body.load(scores, l), body.load(most, &[]));
            let shifted = body.sub(score, most);
            let exp = math(body, "exp", shifted);
            body.store(scores, l, exp);
            let (sofar, exp) = (body.load(total, &[]), body.load(scores, l));
            let sum = body.add(sofar, exp);
            body.store(total, &[], sum);
        });
        let row = local(body, "row", dtype, &[e.value_size]);
        super::nest::each(body, "d", &[e.value_size], cdmpp_ir::LoopKind::Serial, &mut |body, d| {
            let zero = number(body, 0.0, dtype);
            body.store(row, d, zero);
        });
        summed(body, &[e.length], &mut |body, l| {
            super::nest::each(body, "d", &[e.value_size], cdmpp_ir::LoopKind::Serial, &mut |body, d| {
                let v_at = v.1.at(body, e.value_size, b, kv_head, l[0], d[0]);
                let (share, value) = (body.load(scores, l), load(body, v.0, &v_at, dtype));
                let (sofar, product) = (body.load(row, d), body.mul(share, value));
                let sum = body.add(sofar, product);
                body.store(row, d, sum);
            });
        });
        super::nest::each(body, "d", &[e.value_size], cdmpp_ir::LoopKind::Serial, &mut |body, d| {
            let (value, total) = (body.load(row, d), body.load(total, &[]));
            let value = body.binary(BinaryOp::Div, value, total);
            let y_at = y.1.at(body, e.value_size, b, head, query, d[0]);
            store(body, y.0, &y_at, value);
        });
    });
    Ok(())
}
