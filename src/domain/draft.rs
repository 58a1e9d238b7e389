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
}

impl DraftKind {
    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Note => "note",
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
