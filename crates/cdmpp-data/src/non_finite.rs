//! The tokens NaN, Infinity and -Infinity, which Python's `json` writes and JSON does not have.

/// Where in a JSON object the tokens are understood: below the keys and at the depths that the function admits.
///
/// The depth of what stands in the outermost object is 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub(crate) keys: &'static [&'static str],
    /// By the depth of the key and that of the token.
    pub(crate) admit: fn(usize, usize) -> bool,
}

const TOKENS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// Writes `null` for every bare non-finite number at these places of a JSON object. `None` if there is none. Strings and
/// other places are left as they are.
///
/// # Complexity
/// O(bytes), one pass.
pub(crate) fn to_null(line: &[u8], places: Places) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    // The depth of the key that the text is below of, if it is one of the keys.
    let (mut depth, mut below, mut at, mut copied) = (0_usize, None, 0, 0);
    while let Some(&byte) = line.get(at) {
        match byte {
            b'"' => {
                let end = string_end(line, at);
                let is_key = line[end..].trim_ascii_start().starts_with(b":");
                if is_key && below.is_none_or(|key_depth| depth <= key_depth) {
                    let is_named = |key: &&&str| line.get(at + 1..end - 1) == Some(key.as_bytes());
                    below = places.keys.iter().find(is_named).map(|_| depth);
                }
                at = end;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'N' | b'I' | b'-' if below.is_some_and(|key_depth| (places.admit)(key_depth, depth)) => {
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

    /// As in record files: in the lists of an object in the outermost object.
    const RECORDS: Places = Places { keys: &["latency_s"], admit: |key, token| key == 1 && token == 3 };

    const ANYWHERE: Places = Places { keys: &["latency_s", "end_to_end_s"], admit: |key, token| token > key };

    fn check(line: &str, expected: Option<&str>) {
        check_at(RECORDS, line, expected);
    }

    fn check_at(places: Places, line: &str, expected: Option<&str>) {
        let answer = to_null(line.as_bytes(), places).map(|out| String::from_utf8(out).unwrap());
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

    #[test]
    fn other_places_are_for_others() {
        check_at(
            ANYWHERE,
            r#"{"ops": [{"latency_s": {"a": NaN}, "x": NaN}, {"latency_s": {"a": -Infinity}}], "end_to_end_s": {"a": [NaN]}, "y": [NaN]}"#,
            Some(
                r#"{"ops": [{"latency_s": {"a": null}, "x": NaN}, {"latency_s": {"a": null}}], "end_to_end_s": {"a": [null]}, "y": [NaN]}"#,
            ),
        );
        check_at(ANYWHERE, r#"{"latency_s": NaN}"#, None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(line in prop::collection::vec(prop::sample::select(b"{}[]\"\\:,NaInfity-latency_s 1".to_vec()), 0..80)) {
            let _ = (to_null(&line, RECORDS), to_null(&line, ANYWHERE));
        }
    }
}
