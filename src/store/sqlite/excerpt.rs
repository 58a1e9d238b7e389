//! The words around a hit. The full-text index finds conversations; where a word stands in one is read from its newest
//! messages: to ask the index for each row of a page costs as much as a search for each of them.

use rusqlite::{Connection, Result};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The newest messages of a conversation that are looked at.
const MESSAGES: i64 = 200;
/// Reads them.
pub(super) const NEWEST: &str =
    "SELECT body FROM message WHERE conversation = ?1 ORDER BY at DESC, id DESC LIMIT ?2";
/// Words that are shown: a row of a list is short.
const SHOWN: usize = 16;
/// How many of them stand before the hit.
const BEFORE: usize = 2;

/// What is looked for in a text, as the index cuts words: letters and digits, small, without accents.
pub(super) struct Sought(Vec<(Vec<String>, bool)>);

impl Sought {
    /// Each text with whether its last word may go on.
    pub(super) fn new<'a>(texts: impl Iterator<Item = (&'a str, bool)>) -> Self {
        let words = |text| parts(text).map(|(_, word)| folded(word).collect()).collect::<Vec<String>>();
        Self(texts.map(|(text, open)| (words(text), open)).filter(|(words, _)| !words.is_empty()).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words around the newest hit in a conversation.
    pub(super) fn newest(&self, db: &Connection, conversation: i64) -> Result<Option<String>> {
        let mut messages = db.prepare_cached(NEWEST)?;
        let mut rows = messages.query((conversation, MESSAGES))?;
        while let Some(row) = rows.next()? {
            let body = row.get_ref(0)?.as_str().unwrap_or_default();
            if let Some(at) = self.first(body) {
                return Ok(Some(around(body, at)));
            }
        }
        Ok(None)
    }

    /// Where the first of them begins.
    fn first(&self, text: &str) -> Option<usize> {
        parts(text).map(|(at, _)| at).find(|at| {
            self.0.iter().any(|(words, open)| {
                let mut found = parts(&text[*at..]);
                words.iter().enumerate().all(|(n, word)| {
                    let open = *open && n + 1 == words.len();
                    found.next().is_some_and(|(_, it)| begins(it, word, open))
                })
            })
        })
    }
}

/// The words of a text, with where each begins.
fn parts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let begin = from + text[from..].find(char::is_alphanumeric)?;
        let end = text[begin..].find(|c: char| !c.is_alphanumeric() && !is_combining_mark(c));
        from = end.map_or(text.len(), |end| begin + end);
        Some((begin, &text[begin..from]))
    })
}

fn folded(word: &str) -> impl Iterator<Item = char> {
    word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase)
}

/// Whether a word is the one that is sought, or begins with it.
fn begins(word: &str, sought: &str, open: bool) -> bool {
    // Most words end here: their first letter is another.
    if let (Some(a), Some(b)) = (word.bytes().next(), sought.bytes().next())
        && a.is_ascii()
        && b.is_ascii()
        && !a.eq_ignore_ascii_case(&b)
    {
        return false;
    }
    let mut word = folded(word);
    sought.chars().all(|c| word.next() == Some(c)) && (open || word.next().is_none())
}

/// A line in which the hit stands near the beginning.
fn around(text: &str, at: usize) -> String {
    let (head, tail) = text.split_at(at);
    // A hit behind a quote or a hyphen takes along what it hangs on.
    let hangs = head.ends_with(|c: char| !c.is_whitespace());
    let kept = BEFORE + usize::from(hangs);
    let mut before: Vec<&str> = head.split_whitespace().rev().take(kept + 1).collect();
    let mut line = String::from(if before.len() > kept { "…" } else { "" });
    before.truncate(kept);
    before.reverse();
    line.push_str(&before.join(" "));
    if !hangs && !before.is_empty() {
        line.push(' ');
    }
    let mut after = tail.split_whitespace();
    line.push_str(&after.by_ref().take(SHOWN - BEFORE).collect::<Vec<_>>().join(" "));
    if after.next().is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests;
