//! Attention as one operator: ONNX's and ONNX Runtime's.

use super::Answer;
use crate::Problem;
use crate::call::Call;

pub(super) fn output_shapes(call: &Call<'_>) -> Answer {
    match (call.domain, call.op_type) {
        ("", "Attention") => attention(call),
        ("com.microsoft", "Attention") => {
            let input = call.input(0)?;
            let ([batch, sequence, _], [_, packed]) = (&input.shape[..], call.shape(1)?) else {
                return Err(call.wrong_input(1, "must have two axes"));
            };
            let hidden = call.ints("qkv_hidden_sizes").and_then(|sizes| sizes.get(2).copied()).unwrap_or(packed / 3);
            Ok(Some(vec![(input.element_type, vec![*batch, *sequence, hidden])]))
        }
        ("com.microsoft", "MultiHeadAttention") => {
            let input = call.input(0)?;
            let [batch, sequence, hidden] = input.shape[..] else {
                return Err(Problem::FormNotSupported("packed queries, keys and values"));
            };
            let hidden = match call.optional(2).map(|values| &values.shape[..]) {
                Some([_, _, hidden]) => *hidden,
                Some([_, heads, _, size]) => heads.saturating_mul(*size),
                _ => hidden,
            };
            Ok(Some(vec![(input.element_type, vec![batch, sequence, hidden])]))
        }
        _ => Ok(None),
    }
}

/// ONNX's own, of version 23: heads in an axis of their own, or beside each other in the last one.
fn attention(call: &Call<'_>) -> Answer {
    let query = call.input(0)?;
    let (keys, values) = (call.shape(1)?, call.shape(2)?);
    let past = call.optional(4).and_then(|past| past.shape.get(2).copied()).unwrap_or(0);
    let (result, key, value, scores) = match (&query.shape[..], keys, values) {
        ([batch, heads, sequence, _], [_, kv_heads, length, size], [_, _, _, value_size]) => {
            let length = length.saturating_add(past);
            (
                vec![*batch, *heads, *sequence, *value_size],
                vec![*batch, *kv_heads, length, *size],
                vec![*batch, *kv_heads, length, *value_size],
                vec![*batch, *heads, *sequence, length],
            )
        }
        ([batch, sequence, _], [_, length, key_size], [_, _, value_size]) => {
            let heads = call.int("q_num_heads", 0);
            let kv_heads = call.int("kv_num_heads", 0);
            if heads < 1 || kv_heads < 1 {
                return Err(Problem::MissingAttribute("q_num_heads"));
            }
            let length = length.saturating_add(past);
            let size = value_size / kv_heads;
            (
                vec![*batch, *sequence, heads.saturating_mul(size)],
                vec![*batch, kv_heads, length, key_size / kv_heads],
                vec![*batch, kv_heads, length, size],
                vec![*batch, heads, *sequence, length],
            )
        }
        _ => return Err(call.wrong_input(0, "queries, keys and values must have three or four axes alike")),
    };
    let typed = |shape| (query.element_type, shape);
    Ok(Some(vec![typed(result), typed(key), typed(value), typed(scores)]))
}
