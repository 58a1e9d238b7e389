//! Pastes without brackets: a burst of keys that nobody types.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers};

use super::{Key, Moment};

/// Different printable keys in one read that a hand may well produce.
const MOST_DIFFERENT: usize = 3;
/// What comes this soon after a piece of a paste belongs to it.
const SAME_PASTE: Duration = Duration::from_millis(30);

/// Whether the keys of one read are typing (`None`) or a paste (its text).
///
/// In a text field letters are text either way. Outside, a paste is never keys: it holds a line end, or more than
/// three different printable keys. A run of one key, or of motions, is typing at any speed.
pub fn classify_burst(text_field: bool, keys: &[Key]) -> Option<String> {
    if text_field || keys.len() < 2 || keys.iter().all(|key| key.event == keys[0].event) {
        return None;
    }
    let mut different: Vec<char> = Vec::new();
    let mut line_end = false;
    for key in keys {
        match printable(key) {
            Some('\n') => line_end = true,
            Some(ch) if !different.contains(&ch) && different.len() <= MOST_DIFFERENT => different.push(ch),
            _ => {}
        }
    }
    let motions = keys.iter().filter_map(printable).all(is_motion);
    let pasted = line_end || (different.len() > MOST_DIFFERENT && !motions);
    pasted.then(|| text_of(keys))
}

/// Tells typing from pasting read by read, and remembers that a paste may come in several reads.
#[derive(Debug, Default)]
pub struct PasteGuard {
    paste_until: Option<Moment>,
}

impl PasteGuard {
    /// What [`classify_burst`] says, except that keys right behind a piece of a paste are more of it.
    pub fn pasted(&mut self, now: Moment, text_field: bool, keys: &[Key]) -> Option<String> {
        let goes_on = !text_field && self.paste_until.is_some_and(|until| now <= until);
        let text = if goes_on { Some(text_of(keys)) } else { classify_burst(text_field, keys) };
        self.paste_until = text.is_some().then_some(now + SAME_PASTE);
        text
    }
}

fn text_of(keys: &[Key]) -> String {
    keys.iter().filter_map(printable).collect()
}

/// The character that a key would put into a text, line ends as `\n`.
fn printable(key: &Key) -> Option<char> {
    let control =
        key.event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER);
    match key.event.code {
        KeyCode::Enter => Some('\n'),
        // Line feed comes in raw mode as Ctrl-j.
        KeyCode::Char('j') if key.event.modifiers == KeyModifiers::CONTROL => Some('\n'),
        KeyCode::Char(ch) if !control => Some(ch),
        KeyCode::Tab => Some('\t'),
        _ => None,
    }
}

/// Keys that only move, in any view.
fn is_motion(ch: char) -> bool {
    matches!(
        ch,
        'h' | 'j' | 'k' | 'l' | 'J' | 'K' | 'g' | 'G' | 'n' | 'N' | ' ' | '[' | ']' | '\t' | '0'..='9'
    )
}
