//! Recurrent layers.

use super::Answer;
use crate::Problem;
use crate::call::Call;

pub(super) fn output_shapes(call: &Call<'_>) -> Answer {
    if !matches!(call.op_type, "LSTM" | "GRU" | "RNN") {
        return Ok(None);
    }
    let input = call.input(0)?;
    let [a, b, _] = input.shape[..] else { return Err(call.wrong_input(0, "must have three axes")) };
    let directions = if call.text("direction", "forward") == "bidirectional" { 2 } else { 1 };
    let hidden = match call.shape(2)? {
        [_, _, hidden] => *hidden,
        _ => return Err(Problem::MissingAttribute("hidden_size")),
    };
    let (all, last) = if call.int("layout", 0) == 0 {
        (vec![a, directions, b, hidden], vec![directions, b, hidden])
    } else {
        (vec![a, b, directions, hidden], vec![a, directions, hidden])
    };
    let mut types = vec![(input.element_type, all), (input.element_type, last.clone())];
    if call.op_type == "LSTM" {
        types.push((input.element_type, last));
    }
    Ok(Some(types))
}
