//! Any text: what reaches a terminal holds no control character.
#![no_main]

use deskline::domain::text::SafeText;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let safe = SafeText::line(text);
    assert!(!safe.as_str().chars().any(char::is_control), "{safe:?}");
});
