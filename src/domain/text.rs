//! Safe text: what customers and vendors wrote, made fit for a terminal, a column, a JSON line.
//!
//! Only what is drawn or printed plainly passes through here; store, wire, copy and export keep the original to the
//! letter. Nothing else may reach the terminal: `ui` and every plain printout take [`SafeText`].

mod ascii;
mod class;
mod json;
mod sanitise;
mod steady;
mod width;
mod wrap;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt, ops::Deref};

pub use self::{
    ascii::ascii,
    json::{SafeJson, json_safe, to_json_line},
    steady::steady,
    width::{columns, fit, is_simple},
    wrap::wrap,
};
use self::{
    class::{Script, script},
    sanitise::{Shape, sanitise},
};

/// How a character that must not reach the terminal is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marks {
    /// `␛`, `‹U+202E›`.
    #[default]
    Unicode,
    /// `^[`, `<U+202E>`: for terminals where UTF-8 is not proved.
    Ascii,
}

/// Text that can be written to a terminal: no control code, no format character, no bidi override, no invisible
/// character, no unbounded heap of accents. It can only be made by sanitising.
///
/// What is hidden in the original stands here as a visible mark. Line ends survive in a [`SafeText::block`] only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SafeText<'a>(Cow<'a, str>);

impl<'a> SafeText<'a> {
    /// Text for a place of one line: line ends become marks, a tab a space.
    pub fn line(text: &'a str) -> Self {
        Self::line_as(text, Marks::Unicode)
    }

    /// Text for a body: keeps `\n` (CR LF becomes one), expands tabs to the next eighth column.
    pub fn block(text: &'a str) -> Self {
        Self::block_as(text, Marks::Unicode)
    }

    /// [`SafeText::line`] with the marks asked for.
    pub fn line_as(text: &'a str, marks: Marks) -> Self {
        Self(sanitise(text, Shape::Line, marks))
    }

    /// [`SafeText::block`] with the marks asked for.
    pub fn block_as(text: &'a str, marks: Marks) -> Self {
        Self(sanitise(text, Shape::Block, marks))
    }

    /// A name, an address, a file name: a line that says so when one of its words mixes Latin letters with Cyrillic
    /// or Greek ones, which is how a look-alike is written.
    pub fn name(text: &'a str) -> Self {
        let line = Self::line(text);
        if mixes_scripts(text) { Self(Cow::Owned(format!("{line} ‹mixed scripts›"))) } else { line }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, without the promise.
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }

    /// The same text, owned.
    pub fn into_owned(self) -> SafeText<'static> {
        SafeText(Cow::Owned(self.0.into_owned()))
    }

    /// The lines of a block, each of them safe.
    pub fn lines(&self) -> impl Iterator<Item = SafeText<'_>> {
        self.0.split('\n').map(|line| SafeText(Cow::Borrowed(line)))
    }
}

impl Deref for SafeText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for SafeText<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SafeText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'a> From<SafeText<'a>> for Cow<'a, str> {
    fn from(text: SafeText<'a>) -> Self {
        text.0
    }
}

impl From<SafeText<'_>> for String {
    fn from(text: SafeText<'_>) -> Self {
        text.into_string()
    }
}

impl PartialEq<str> for SafeText<'_> {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for SafeText<'_> {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

/// The first line that is not blank, without the space around it, at most `max_chars` characters of it.
///
/// Raw in, raw out: a subject in JSON is the vendor's text.
pub fn first_line(text: &str, max_chars: usize) -> &str {
    let line = text
        .split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let end = line.char_indices().nth(max_chars).map_or(line.len(), |(at, _)| at);
    line[..end].trim_end()
}

/// Whether a word of `text` mixes Latin letters with Cyrillic or Greek ones.
pub fn mixes_scripts(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    text.split(|ch: char| !ch.is_alphanumeric()).any(|word| {
        let mut latin = false;
        let mut alike = false;
        for ch in word.chars() {
            match script(ch) {
                // µ and Ω of units are common to both worlds and stand beside Latin letters in honest text.
                _ if matches!(ch, 'µ' | 'μ' | 'Ω') => {}
                Script::Latin => latin = true,
                Script::Cyrillic | Script::Greek => alike = true,
                _ => {}
            }
        }
        latin && alike
    })
}
