//! Reading what vendors really send: items split apart before they are decoded, text that is no text, ids that are
//! numbers.
//!
//! Nothing here knows a vendor. A field of the wrong shape is a field that is not there; it never costs its item, and
//! an item never costs its siblings.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;

/// An item of a body, as it came.
pub type Raw = Box<RawValue>;

/// Replaces the escapes of lone surrogates.
pub fn mend_text(text: &str) -> Cow<'_, str> {
    if !has_surrogate(text) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied, mut mended) = (0, 0, false);
    while let Some(&byte) = bytes.get(at) {
        if byte != b'\\' {
            at += 1;
            continue;
        }
        match unit(bytes, at) {
            // A pair is a character.
            Some(0xD800..=0xDBFF) if matches!(unit(bytes, at + 6), Some(0xDC00..=0xDFFF)) => at += 12,
            Some(0xD800..=0xDFFF) => {
                out.push_str(&text[copied..at]);
                out.push_str("\\uFFFD");
                at += 6;
                copied = at;
                mended = true;
            }
            // Any other escape is two bytes at least; its second is never the start of another.
            _ => at += 2,
        }
    }
    if !mended {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

fn has_surrogate(text: &str) -> bool {
    text.as_bytes()
        .windows(4)
        .any(|it| it[..2] == *b"\\u" && it[2].eq_ignore_ascii_case(&b'd') && it[3] > b'7')
}

/// The code unit of the `\uXXXX` at `at`, where there is one.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

/// Decodes an item; `raw` of the answer are its bytes where they had to be mended.
///
/// # Errors
/// Where it is not even an object of this shape.
pub fn decode<T: DeserializeOwned>(raw: &RawValue) -> Result<(T, Option<Vec<u8>>), serde_json::Error> {
    let mended = mend_text(raw.get());
    let value = serde_json::from_str(&mended).or_else(|error| {
        // A key that stands twice stops a strict reader: the last one counts, as everywhere else.
        let value: serde_json::Value = serde_json::from_str(&mended).map_err(|_| error)?;
        serde_json::from_str(&value.to_string())
    })?;
    let raw = matches!(mended, Cow::Owned(_)).then(|| raw.get().as_bytes().to_vec());
    Ok((value, raw))
}

/// Decodes what holds further items, leaving those as they came: their own bytes are kept where they need mending.
///
/// # Errors
/// As [`decode`].
pub fn split<T: DeserializeOwned>(raw: &RawValue) -> Result<T, serde_json::Error> {
    serde_json::from_str(raw.get()).or_else(|_| decode(raw).map(|(value, _)| value))
}

/// A field that may have any shape: one that does not fit is not there.
pub fn maybe<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let raw = Raw::deserialize(from)?;
    Ok(split(&raw).ok())
}

/// Text, also where a number or a truth value stands in its place. `null` and anything else: not there.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let raw = Raw::deserialize(from)?;
    Ok(as_text(&raw))
}

/// See [`text`]. Numbers to the letter: nothing goes through a float.
pub fn as_text(raw: &RawValue) -> Option<String> {
    match raw.get().as_bytes().first()? {
        b'"' => serde_json::from_str(&mend_text(raw.get())).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(raw.get().to_owned()),
    }
}

/// A truth value, also as a word.
pub fn truth<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(match text(from)?.as_deref() {
        Some("true" | "1") => Some(true),
        Some("false" | "0") => Some(false),
        _ => None,
    })
}

/// The items of a list, undecoded; a lone object counts as one item, anything else as none.
pub fn items<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Raw>, D::Error> {
    Ok(maybe_items(from)?.unwrap_or_default())
}

/// As [`items`], but `None` where there is no list at all (`null`): an outage is not an empty list.
pub fn maybe_items<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<Raw>>, D::Error> {
    let raw = Raw::deserialize(from)?;
    Ok(match raw.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(raw.get()).ok(),
        Some(b'{') => Some(vec![raw]),
        _ => None,
    })
}

/// A lower-case name of the shape that an item has, for errors: never its content.
pub fn shape(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b'n') => "null",
        Some(b't' | b'f') => "a truth value",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests;
