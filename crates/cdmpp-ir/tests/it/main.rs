//! Tests of `cdmpp-ir` from outside.

mod bounds;
mod equality;
mod hostile;
mod interpret;
mod limits;
mod literals;
mod random;
#[cfg(feature = "serde")]
mod serialized;
mod text;
mod verify;

/// An error with its causes, one a line.
fn report(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}\n{error}");
        cause = error.source();
    }
    text
}
