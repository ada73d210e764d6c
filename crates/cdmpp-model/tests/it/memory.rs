//! What prediction allocates.

use cdmpp_model::Query;

use crate::synthetic::{asts, hardware, trained};

#[test]
fn a_prediction_like_an_earlier_one_allocates_its_answers_alone() {
    let (model, asts, hardware) = (trained(), asts(5), hardware());
    let all: Vec<Query<'_>> =
        asts.iter().flat_map(|ast| hardware.iter().map(move |hardware| Query { ast, hardware })).collect();
    model.predict(&all).unwrap();
    for queries in [&all[..1], &all[..3], &all] {
        let allocated = allocation_counter::measure(|| drop(model.predict(queries).unwrap()));
        // What the caller gets, and what that is made of, which usually is the same memory.
        assert!((1..=2).contains(&allocated.count_total), "{} queries: {allocated:?}", queries.len());
    }
}
