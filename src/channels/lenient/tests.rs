use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Thing {
    #[serde(default, deserialize_with = "text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "maybe")]
    count: Option<u32>,
    #[serde(default, deserialize_with = "items")]
    parts: Vec<Raw>,
}

fn raw(json: &str) -> Raw {
    RawValue::from_string(json.to_owned()).expect("the test writes JSON")
}

#[test]
fn a_lone_surrogate_becomes_a_replacement_and_a_pair_stays() {
    assert_eq!(mend_text(r#""a\ud83d\ude00b""#), r#""a\ud83d\ude00b""#);
    assert_eq!(mend_text(r#""a\ud83d b""#), r#""a\uFFFD b""#);
    assert_eq!(mend_text(r#""\ude00\ud83d\ude00\ud83d""#), r#""\uFFFD\ud83d\ude00\uFFFD""#);
    // An escaped backslash before `ud83d` is no escape of a code unit.
    assert_eq!(mend_text(r#""\\ud83d""#), r#""\\ud83d""#);
}

#[test]
fn ids_are_text_whether_the_vendor_quotes_them_or_not() {
    for (json, id) in [
        (r#"{"id":"7"}"#, Some("7")),
        (r#"{"id":12345678901234567890123}"#, Some("12345678901234567890123")),
        (r#"{"id":null}"#, None),
        (r#"{"id":{}}"#, None),
        ("{}", None),
    ] {
        let (thing, _) = decode::<Thing>(&raw(json)).expect("an object");
        assert_eq!(thing.id.as_deref(), id, "{json}");
    }
}

#[test]
fn a_field_of_the_wrong_shape_costs_nothing_but_itself() {
    let (thing, _) = decode::<Thing>(&raw(r#"{"id":"a","count":"many","parts":7}"#)).expect("an object");
    assert_eq!((thing.id.as_deref(), thing.count, thing.parts.len()), (Some("a"), None, 0));
}

#[test]
fn a_key_that_stands_twice_counts_once() {
    let (thing, _) = decode::<Thing>(&raw(r#"{"id":"a","id":"b"}"#)).expect("an object");
    assert_eq!(thing.id.as_deref(), Some("b"));
}

#[test]
fn the_bytes_of_a_mended_item_are_kept() {
    let (thing, kept) = decode::<Thing>(&raw(r#"{"id":"\ud800"}"#)).expect("an object");
    assert_eq!(thing.id.as_deref(), Some("\u{FFFD}"));
    assert_eq!(kept.as_deref(), Some(br#"{"id":"\ud800"}"#.as_slice()));
}

proptest! {
    #[test]
    fn whatever_is_escaped_can_be_read_after_mending(units in proptest::collection::vec(any::<u16>(), 0..20)) {
        let escaped = units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
        let json = format!("\"{escaped}\"");
        let text: String = serde_json::from_str(&mend_text(&json)).expect("mended");
        prop_assert_eq!(text, String::from_utf16_lossy(&units));
    }
}
