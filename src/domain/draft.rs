//! Drafts: one for each conversation, agent and kind. Not messages.

use serde::{Deserialize, Serialize};

use super::{ConversationId, Time, attachment::StoredFile};

/// Who a draft is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftKind {
    /// The other side.
    Reply,
    /// The team.
    Note,
    /// Many, one by one.
    Once,
}

impl DraftKind {
    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Note => "note",
            Self::Once => "once",
        }
    }

    /// The kind of a word; any other is a reply's.
    pub fn parse(word: &str) -> Self {
        match word {
            "note" => Self::Note,
            "once" => Self::Once,
            _ => Self::Reply,
        }
    }
}

/// Words that are not committed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Where; `None` is the one draft of a new conversation.
    pub conversation: Option<ConversationId>,
    /// Whose: the Unix account.
    pub agent: String,
    /// For whom.
    pub kind: DraftKind,
    /// The text.
    pub body: String,
    /// The cursor: line and character in it.
    pub cursor: (usize, usize),
    /// Files, in the store already.
    pub files: Vec<StoredFile>,
    /// The message it quotes.
    pub quote: Option<super::MessageId>,
    /// The fields of a new conversation, as the form has them; `Null` for replies.
    pub form: serde_json::Value,
    /// The last key.
    pub saved_at: Time,
}

impl Draft {
    /// A draft without anything in it: saving it ends the one that was there.
    #[must_use]
    pub fn empty(
        conversation: Option<ConversationId>,
        agent: String,
        kind: DraftKind,
        saved_at: Time,
    ) -> Self {
        Self {
            conversation,
            agent,
            kind,
            body: String::new(),
            cursor: (0, 0),
            files: Vec::new(),
            quote: None,
            form: serde_json::Value::Null,
            saved_at,
        }
    }

    /// The draft that was stored, with this one's text at its cursor: what was typed before the stored one was read.
    #[must_use]
    pub fn added_to(self, stored: Self) -> Self {
        let mut lines: Vec<String> = stored.body.split('\n').map(str::to_owned).collect();
        let line = stored.cursor.0.min(lines.len() - 1);
        let at = lines[line].char_indices().nth(stored.cursor.1).map_or(lines[line].len(), |(at, _)| at);
        lines[line].insert_str(at, &self.body);
        let column = self.body.rsplit('\n').next().map_or(0, |last| last.chars().count());
        let below = self.body.matches('\n').count();
        let cursor = if below == 0 { (line, stored.cursor.1 + column) } else { (line + below, column) };
        let mut files = stored.files;
        files.extend(self.files.into_iter().filter(|file| !files.contains(file)).collect::<Vec<_>>());
        Self {
            body: lines.join("\n"),
            cursor,
            files,
            quote: stored.quote.or(self.quote),
            form: if self.form.is_null() { stored.form } else { self.form },
            saved_at: self.saved_at,
            ..stored
        }
    }
}

/// A window in which an agent writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftWindow {
    /// Its process, unlike any other's: `ana@desk1:4711`.
    pub name: String,
    /// The terminal, as a person knows it: `pts/4`.
    pub place: String,
}

/// Another window of the same agent has this draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftHeld {
    /// Where it is being written.
    pub place: String,
    /// The last key there that is on disk.
    pub at: Time,
}

/// How a draft goes into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftSave {
    /// In place of the stored one, which this window has read.
    Replace,
    /// Into the stored one, which this window has not read yet.
    Add,
}
