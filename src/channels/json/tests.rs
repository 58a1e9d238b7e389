use super::*;

#[test]
fn bytes_that_are_no_utf8_can_be_told_apart_afterwards() {
    let text = text(b"\xef\xbb\xbf{\"a\":\"x\xffy\"}");
    assert_eq!(text, r#"{"a":"x\udcffy"}"#);
    assert!(is_json(&text));
}

#[test]
fn control_characters_inside_of_texts_are_escaped_and_others_are_left() {
    let odd = "{\n\"a\":\"x\0y\\\"\tz\"}";
    assert!(!is_json(odd));
    let mended = without_controls(odd);
    assert!(is_json(&mended), "{mended}");
    let value: serde_json::Value = serde_json::from_str(&mended).expect("JSON");
    assert_eq!(value["a"], "x\0y\"\tz");
}

#[test]
fn an_item_that_was_altered_keeps_its_bytes() {
    let raw = RawValue::from_string(r#"{"m":"\ud800"}"#.to_owned()).expect("JSON");
    assert_eq!(altered(&raw).as_deref(), Some(raw.get().as_bytes()));
    let raw = RawValue::from_string(r#"{"m":"\ud83d\ude00"}"#.to_owned()).expect("JSON");
    assert_eq!(altered(&raw), None);
}
