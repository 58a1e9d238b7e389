//! JSON that is safe to print: every control and format character is an escape.

use std::{borrow::Cow, io};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use super::class::is_unsafe_in_json;

/// A compact JSON formatter that writes every Cc, Cf, U+2028 and U+2029 as `\uXXXX` (a surrogate pair above U+FFFF).
///
/// The text reads back as it was; only its spelling is safe.
#[derive(Debug, Clone, Copy, Default)]
pub struct SafeJson;

impl Formatter for SafeJson {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        writer.write_all(json_safe(fragment).as_bytes())
    }

    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Raw JSON may hold line ends, but only between its tokens: inside a string they are escapes already.
        let line = fragment.replace(['\n', '\r', '\t'], " ");
        CompactFormatter.write_raw_fragment(writer, &json_safe(&line))
    }
}

/// `text` with every character that [`SafeJson`] escapes written as its escape. For the inside of a JSON string.
pub fn json_safe(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_unsafe_in_json) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for ch in text[first..].chars() {
        if is_unsafe_in_json(ch) {
            for unit in ch.encode_utf16(&mut [0; 2]) {
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    out.push(char::from_digit(u32::from(*unit >> shift) & 0xF, 16).unwrap_or('0'));
                }
            }
        } else {
            out.push(ch);
        }
    }
    Cow::Owned(out)
}

/// `value` as one line of JSON without its line end, safe to print.
///
/// # Panics
///
/// If `value` cannot be JSON at all: a map whose keys are no strings. No type of ours is like that.
pub fn to_json_line<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = Vec::with_capacity(128);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, SafeJson);
    value.serialize(&mut serializer).expect("our types have string keys and serialise without fail");
    String::from_utf8(out).expect("serde_json writes UTF-8")
}
