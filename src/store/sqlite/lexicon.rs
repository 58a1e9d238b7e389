//! A word that is typed, as the words of the index that begin so. FTS5 has an index of beginnings of one, two and three
//! letters; a longer beginning it answers by gathering the hits of every word that begins so in memory, sorted anew at
//! each key. Asked for the words themselves it reads each one's hits from disk, newest first, and stops where enough are found.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Result};

use crate::domain::query::{Query, What};

/// The words of each full-text index, in a connection for searches.
pub(super) const TABLES: &str = "
    CREATE VIRTUAL TABLE temp.message_word USING fts5vocab('main', 'message_text', 'instance');
    CREATE VIRTUAL TABLE temp.conversation_word USING fts5vocab('main', 'conversation_text', 'instance')";

/// The first word from one on. An index of terms finds it without a look at anybody's hits.
const NEXT: [&str; 2] = [
    "SELECT term FROM message_word WHERE term >= ?1 LIMIT 1",
    "SELECT term FROM conversation_word WHERE term >= ?1 LIMIT 1",
];

/// Beginnings up to here have an index of their own.
const INDEXED: usize = 3;

/// Where more words than these begin so, each of them is rare enough for their hits to be gathered.
const MOST: usize = 24;

/// What the words of a query are looked for as, where that is not as they are typed: in messages, in conversations.
#[derive(Default)]
pub(super) struct Lexicon(BTreeMap<String, [Option<String>; 2]>);

impl Lexicon {
    /// Looks up the words of a query; on a connection for searches.
    pub(super) fn of(db: &Connection, query: &Query) -> Result<Self> {
        let mut found = BTreeMap::new();
        for term in &query.terms {
            let (What::Word(text) | What::Customer(text)) = &term.what else { continue };
            // Other letters are folded by the index in ways of its own, and other signs part words.
            if text.len() > INDEXED && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
                let word = text.to_ascii_lowercase();
                found.insert(text.clone(), [spelled(db, NEXT[0], &word)?, spelled(db, NEXT[1], &word)?]);
            }
        }
        Ok(Self(found))
    }

    /// A text as FTS5 matches it in messages and in conversations. `None` where it has no letter or digit.
    pub(super) fn matching(&self, text: &str) -> Option<[String; 2]> {
        let typed = super::query::matching(text, true)?;
        let found = self.0.get(text).cloned().unwrap_or_default();
        Some(found.map(|spelled| spelled.unwrap_or_else(|| typed.clone())))
    }
}

/// The words that begin so, as alternatives. `None`: as it is typed.
fn spelled(db: &Connection, next: &str, beginning: &str) -> Result<Option<String>> {
    let mut next = db.prepare_cached(next)?;
    let mut words: Vec<String> = Vec::new();
    let mut from = beginning.to_owned();
    while let Some(word) = next.query_row([&from], |row| row.get::<_, String>(0)).optional()?
        && word.starts_with(beginning)
    {
        if words.len() == MOST {
            return Ok(None);
        }
        // No word has this sign: the next one lies behind all hits of this one.
        from = format!("{word}\u{1}");
        words.push(format!("\"{word}\""));
    }
    Ok(Some(words.join(" OR ")).filter(|it| !it.is_empty()))
}
