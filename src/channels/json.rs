//! Bytes of an answer as the text of JSON, before anything is decoded.

use std::fmt::Write;

use serde_json::value::RawValue;

/// The bytes as text, each that is no UTF-8 as the escape of the lone surrogate `\udc00` + byte: reversible, and read
/// as U+FFFD by [`lenient`](super::lenient). A byte order mark is dropped.
pub fn text(body: &[u8]) -> String {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\udc{byte:02x}");
        }
    }
    text
}

/// Whether it is JSON, however odd its texts and numbers are.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// The same with control characters inside of texts (which JSON forbids, and some send) as escapes.
pub fn without_controls(text: &str) -> String {
    let (mut out, mut inside, mut escaped) = (String::with_capacity(text.len()), false, false);
    for character in text.chars() {
        if inside && character < ' ' {
            let _ = write!(out, "\\u{:04x}", u32::from(character));
            escaped = false;
            continue;
        }
        match character {
            '"' if !escaped => inside = !inside,
            '\\' if inside && !escaped => {
                escaped = true;
                out.push(character);
                continue;
            }
            _ => {}
        }
        escaped = false;
        out.push(character);
    }
    out
}

/// Reads an item: strictly where that goes, else mended; `None` where it is no object of this shape.
pub fn read<T: serde::de::DeserializeOwned>(raw: &RawValue) -> Option<T> {
    // Strict first: the undecoded parts of a mended item would have lost what their own `raw` is to keep.
    serde_json::from_str(raw.get()).ok().or_else(|| super::lenient::decode(raw).ok().map(|(item, _)| item))
}

/// A field that may have any shape: one that does not fit is not there. Unlike [`lenient::maybe`](super::lenient::maybe)
/// it leaves what it holds undecoded as it came.
pub fn maybe<'de, D: serde::Deserializer<'de>, T: serde::de::DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let raw = <Box<RawValue> as serde::Deserialize>::deserialize(from)?;
    // `null` is absence, also for what could be made of nothing.
    Ok(if raw.get() == "null" { None } else { read(&raw) })
}

/// A vendor's name for something new, where it can be one: not empty, and no character of it lost on the way.
pub fn name(text: Option<String>) -> Option<String> {
    text.filter(|it| !it.trim().is_empty() && !it.contains('\u{FFFD}'))
}

/// The bytes of an item whose text cannot be kept to the letter.
pub fn altered(raw: &RawValue) -> Option<Vec<u8>> {
    matches!(super::lenient::mend_text(raw.get()), std::borrow::Cow::Owned(_))
        .then(|| raw.get().as_bytes().to_vec())
}

#[cfg(test)]
mod tests;
