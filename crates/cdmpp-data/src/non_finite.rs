//! The tokens NaN, Infinity and -Infinity, which Python's `json` writes and JSON does not have.

/// The field in which the tokens are understood.
const FIELD: &[u8] = b"latency_s";

const TOKENS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// Writes `null` for every bare non-finite number in the lists of the top-level field `latency_s` of a JSON object.
/// `None` if there is none. Strings and other fields are left as they are.
///
/// # Complexity
/// O(bytes), one pass.
pub(crate) fn to_null(line: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut depth, mut in_field, mut at, mut copied) = (0_usize, false, 0, 0);
    while let Some(&byte) = line.get(at) {
        match byte {
            b'"' => {
                let end = string_end(line, at);
                let is_key = line[end..].trim_ascii_start().starts_with(b":");
                if depth == 1 && is_key {
                    in_field = line.get(at + 1..end - 1) == Some(FIELD);
                }
                at = end;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            // Depth 3: in the object, in the field's object, in a list.
            b'N' | b'I' | b'-' if in_field && depth == 3 => {
                if let Some(token) = TOKENS.into_iter().find(|token| line[at..].starts_with(token)) {
                    out.extend_from_slice(&line[copied..at]);
                    out.extend_from_slice(b"null");
                    at += token.len();
                    copied = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    (copied > 0).then(|| {
        out.extend_from_slice(&line[copied..]);
        out
    })
}

/// The index after the string that starts at `start`; the end of the line if it is not closed.
fn string_end(line: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = line.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(line: &str, expected: Option<&str>) {
        let answer = to_null(line.as_bytes()).map(|out| String::from_utf8(out).unwrap());
        assert_eq!(answer.as_deref(), expected, "{line}");
    }

    #[test]
    fn only_latencies_are_changed() {
        check(r#"{"latency_s": {"a": [1, NaN]}}"#, Some(r#"{"latency_s": {"a": [1, null]}}"#));
        check(
            r#"{"latency_s" : {"a": [Infinity,-Infinity], "b": [-1, NaN]}, "x": [NaN]}"#,
            Some(r#"{"latency_s" : {"a": [null,null], "b": [-1, null]}, "x": [NaN]}"#),
        );
        check(r#"{"config": {"a": [NaN]}, "latency_s": {"a": [1]}}"#, None);
        check(r#"{"latency_s": NaN}"#, None);
        check(r#"{"program": "\"latency_s\": {[[NaN", "latency_s": {"NaN": [-1]}}"#, None);
        check(r#"{"x": {"latency_s": {"a": [NaN]}}}"#, None);
        check(r#"{"x": "latency_s", "y": {"a": [NaN]}}"#, None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(line in prop::collection::vec(prop::sample::select(b"{}[]\"\\:,NaInfity-latency_s 1".to_vec()), 0..80)) {
            let _ = to_null(&line);
        }
    }
}
