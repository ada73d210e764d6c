//! The shapes of results, operator by operator.

mod attention;
mod element_wise;
mod movement;
mod product;
mod recurrent;
mod reduction;
mod reshape;
mod resize;
mod slice;
mod window;

pub(crate) use product::Labels;
pub(crate) use slice::Slice;

use crate::Problem;
use crate::call::{Call, Typed};

/// The types and shapes of an operator's outputs, all that its schema has or at least those that are used.
pub(crate) fn output_shapes(call: &Call<'_>) -> Result<Vec<Typed>, Problem> {
    match call.domain {
        "" => {}
        "com.microsoft" | "com.microsoft.nchwc" => {}
        _ => return Err(Problem::NotSupported),
    }
    let families = [
        element_wise::output_shapes,
        product::output_shapes,
        window::output_shapes,
        reduction::output_shapes,
        reshape::output_shapes,
        slice::output_shapes,
        movement::output_shapes,
        resize::output_shapes,
        recurrent::output_shapes,
        attention::output_shapes,
    ];
    for family in families {
        if let Some(types) = family(call)? {
            return Ok(types);
        }
    }
    Err(Problem::NotSupported)
}

/// What a family answers: `None` if the operator is of another one.
type Answer = Result<Option<Vec<Typed>>, Problem>;

/// One output.
fn one(typed: Typed) -> Answer {
    Ok(Some(vec![typed]))
}

/// One output with the type of the first input.
fn like_first(call: &Call<'_>, shape: Vec<i64>) -> Answer {
    one((call.input(0)?.element_type, shape))
}

/// One output that is like the first input.
fn same(call: &Call<'_>) -> Answer {
    let input = call.input(0)?;
    one((input.element_type, input.shape.clone()))
}
