//! Any bytes as any vendor's answer, for `tests/fuzz` and the tests here: nothing panics.

use super::{http::Answer, registry};

/// Reads them as each vendor's.
pub fn answers(body: &[u8]) {
    let answer = Answer {
        status: reqwest::StatusCode::OK,
        headers: reqwest::header::HeaderMap::new(),
        body: bytes::Bytes::copy_from_slice(body),
    };
    for kind in registry::KINDS {
        (kind.read_any)(&answer);
    }
}

#[cfg(test)]
mod tests {
    proptest::proptest! {
        #[test]
        fn no_bytes_of_any_vendor_panic(body in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            super::answers(&body);
        }

        #[test]
        fn nor_does_anything_that_looks_like_json(
            parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..60)
        ) {
            super::answers(parts.concat().as_bytes());
        }
    }

    /// What vendors' answers are made of.
    const PARTS: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "null",
        "true",
        "-1",
        "1e999",
        "\\ud800",
        "é",
        "\u{0}",
        "\"data\":",
        "\"customer\":",
        "\"discussions\":",
        "\"messages\":",
        "\"conversations\":",
        "\"scrollId\":",
        "\"sacs\":",
        "\"chats\":",
        "\"parts\":\"CUSTOMER_SELLER\"",
        "\"content\":",
        "\"created_at\":",
        "\"error\":",
        "\"errors\":",
        "\"id\":",
        "\"extensions\":{\"flags\":[\"LOGGED_IN\"]}",
        "\"instances\":",
        "\"action\":",
    ];
}
