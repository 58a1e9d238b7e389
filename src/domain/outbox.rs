//! The outbox: everything that a vendor is to be told, one row each, from the moment the agent commits it.
//!
//! `held | later → queued → sending (on disk before the first byte leaves) → sent | retry | failed | uncertain |
//! parked`. A row that has succeeded leaves the outbox; its message stays in the thread.

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use super::{
    ChannelName, ConversationId, Facts, MessageId, Priority, Promise, RowNumber, Status, Time,
    attachment::StoredFile,
};

/// Why a row was parked that nobody could send in its time.
pub const NOBODY_UP: &str = "no engine ran within 15 minutes of its time";

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// In its undo window: `not_before` is the end of it.
    Held,
    /// For a time that the agent chose: `not_before`.
    Later,
    /// Due (or due again at `not_before`).
    Queued,
    /// Claimed under a lease; bytes may have left.
    Sending,
    /// Bytes left and no clear answer came. Never sent again by itself.
    Uncertain,
    /// Nothing was sent; a person is asked.
    Parked,
    /// The vendor said no.
    Failed,
}

impl RowState {
    const ALL: [Self; 7] =
        [Self::Held, Self::Later, Self::Queued, Self::Sending, Self::Uncertain, Self::Parked, Self::Failed];

    /// The word in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Later => "later",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Uncertain => "uncertain",
            Self::Parked => "parked",
            Self::Failed => "failed",
        }
    }

    /// The state of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// Whether a person has to settle it (view Fix).
    pub fn needs_a_person(self) -> bool {
        matches!(self, Self::Uncertain | Self::Parked | Self::Failed)
    }
}

/// What a row does at the vendor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// A message in a conversation.
    Reply(Outgoing),
    /// A new conversation.
    Create(NewConversation),
    /// Close or reopen there (`closed` / `in_progress`, `ARCHIVED` / `READ`).
    Status {
        /// Whether it is to be closed; otherwise it is reopened.
        close: bool,
    },
    /// Mark read there.
    Read,
    /// Mark unread there.
    Unread,
    /// Set reference id, title or due date there (Dsco).
    Set(SetFields),
}

impl Action {
    /// The word in the outbox's JSON: `reply`, `create`, `status`, `read`, `unread`, `set`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Reply(_) => "reply",
            Self::Create(_) => "create",
            Self::Status { .. } => "status",
            Self::Read => "read",
            Self::Unread => "unread",
            Self::Set(_) => "set",
        }
    }

    /// Whether doing it twice does no harm: such a row is simply repeated, never uncertain.
    pub fn repeatable(&self) -> bool {
        matches!(self, Self::Status { .. } | Self::Read | Self::Unread | Self::Set(_))
    }

    /// The message that it carries, if it carries one.
    pub fn outgoing(&self) -> Option<&Outgoing> {
        match self {
            Self::Reply(outgoing) => Some(outgoing),
            Self::Create(new) => Some(&new.first),
            _ => None,
        }
    }
}

/// One message to one reader: at most one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The text as the agent wrote it; may be empty where there is a file.
    pub text: String,
    /// The file, in the store already.
    pub file: Option<StoredFile>,
    /// The message it quotes.
    pub quote: Option<MessageId>,
    /// A template in place of free text.
    pub template: Option<TemplateUse>,
    /// Catalogue items to show (`catalog_id`, `product_id`).
    pub products: Vec<CatalogItem>,
    /// The vendor's closed conversation is to be reopened first (the agent's own key).
    pub reopen: bool,
    /// The date that it promises its reader; nothing of it leaves but the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
}

/// A template with its parameters filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateUse {
    /// Its name.
    pub name: String,
    /// Its language code at the vendor.
    pub language: String,
    /// The values, in the order of the placeholders.
    pub parameters: Vec<String>,
}

/// A product in a vendor's catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogItem {
    /// The catalogue.
    pub catalog_id: String,
    /// The product in it.
    pub product_id: String,
}

/// A conversation to start. Which fields are needed is the channel's to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NewConversation {
    /// The partner (Dsco) or the number (WhatsApp, E.164 with `+`).
    pub to: Option<String>,
    /// The consumer (Dsco customer care).
    pub consumer: Option<String>,
    /// THG.
    pub category: Option<String>,
    /// Dsco, 50 characters.
    pub title: Option<String>,
    /// The order number (THG) or poNumber (Dsco).
    pub order: Option<String>,
    /// THG: products of that order.
    pub skus: Vec<String>,
    /// Dsco: our reference id; also the key that makes a create safe to repeat.
    pub reference: Option<String>,
    /// Dsco.
    pub due: Option<Time>,
    /// Dsco.
    pub is_test: bool,
    /// Its first message.
    pub first: Outgoing,
}

/// Fields that the vendor keeps for us (Dsco).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetFields {
    /// Our reference id.
    pub reference: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The due date.
    pub due: Option<Time>,
}

/// A row as screens and JSON show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Its number.
    pub n: RowNumber,
    /// Where; a `create` has its conversation from the start (a local one until the vendor names it).
    pub conversation: ConversationId,
    /// By which account.
    pub channel: ChannelName,
    /// What it does.
    pub action: Action,
    /// Where it stands.
    pub state: RowState,
    /// The Unix account that committed it.
    pub author: String,
    /// Tries so far.
    pub attempts: u32,
    /// Not before.
    pub not_before: Option<Time>,
    /// Why it stands there, in our words.
    pub reason: Option<String>,
    /// The vendor's own words.
    pub error: Option<String>,
    /// When it was committed.
    pub created_at: Time,
    /// When its first byte may have left.
    pub sent_at: Option<Time>,
    /// Its message in the thread, for replies and creates.
    pub message: Option<MessageId>,
    /// The name of this send, unique, on disk before the first byte (WhatsApp's `biz_opaque_callback_data`).
    pub send_id: String,
    /// The `rev` that its author had seen, where it is held against that.
    pub seen_rev: Option<i64>,
    /// The newest message (here) that its author had seen.
    pub seen_message: Option<MessageId>,
    /// The row that has to succeed before this one.
    pub after: Option<RowNumber>,
    /// What the channel noted before it sent, for its read-back. `Null` until then.
    pub evidence: serde_json::Value,
    /// The vendor's name of an uploaded file, once there is one.
    pub upload: Option<String>,
    /// Read-backs done so far, with what was looked for and when.
    pub lookups: Vec<Lookup>,
}

/// One look at the vendor's side for an uncertain send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// When.
    pub at: Time,
    /// What was looked for and what came of it, in a sentence.
    pub found: String,
}

/// What a local action changes; nothing here touches a vendor by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalChange {
    /// Set our status. The store adds the row for the vendor where the channel's capabilities say so.
    Status(Status),
    /// The unanswered run needs no reply: open → pending.
    Settle,
    /// Takes a settling back: what was settled before it, and the rest waits again.
    Unsettle(Option<Time>),
    /// A shift ends: another one has it, with a note and the drafts of who had it.
    HandOver {
        /// Whose it was.
        from: String,
        /// Whose it is now; `None`: the team's.
        to: Option<String>,
        /// For the team; none where it is taken back.
        note: Option<String>,
        /// Whether drafts go with it.
        drafts: bool,
    },
    /// A hand-over is taken back: the note goes that came with it, and what was unread by it for somebody.
    TakeNote {
        /// The note.
        note: MessageId,
        /// For whom it was something new.
        unread_by: Option<String>,
    },
    /// Assign to a Unix account, or to nobody.
    Assign(Option<String>),
    /// Add and remove labels.
    Label {
        /// To add.
        add: Vec<String>,
        /// To remove.
        remove: Vec<String>,
    },
    /// Set or clear the priority.
    Priority(Option<Priority>),
    /// Asleep until; `None` wakes it.
    Snooze {
        /// When it wakes.
        until: Option<Time>,
        /// Whether a customer's message wakes it too.
        breaks: bool,
    },
    /// Until when it is on hold.
    HoldUntil(Time),
    /// A note for the team.
    Note {
        /// Its text.
        text: String,
    },
    /// What is promised to the other side; `None`: kept, or not promised after all.
    Promise(Option<Promise>),
    /// The agent's own read cursor: everything drawn on this agent's screen up to this message.
    SeenUpTo(MessageId),
    /// The agent's own mark: unread from the newest inbound message on.
    Unseen,
}

/// The far end of a sleep that only the customer's message (or a deadline) ends: no moment that is waited for.
pub const UNTIL_THEY_WRITE: Time =
    DateTime::from_timestamp_millis(253_402_300_799_000).expect("the last second of the year 9999 exists");

impl LocalChange {
    /// Asleep until the customer writes.
    pub fn until_they_write() -> Self {
        Self::Snooze { until: Some(UNTIL_THEY_WRITE), breaks: true }
    }
}

/// A fact about a past action, for `show --history`, undo and the audit trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Order of the log.
    pub seq: i64,
    /// When.
    pub at: Time,
    /// The Unix account, or `None` for the vendor and the engine.
    pub actor: Option<String>,
    /// `in`, `out`, `note`, `state`, `assign`, `gate`, `label`, `send`, …
    pub what: String,
    /// Its details.
    pub details: Facts,
}

/// Something that happened in a conversation, as hooks are told.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// One of [`HAPPENINGS`].
    pub word: String,
    /// When.
    pub at: Time,
    /// The Unix account, or `None` for the vendor and the engine.
    pub actor: Option<String>,
    /// Where.
    pub conversation: super::ConversationId,
    /// The message, for `message`.
    pub message: Option<MessageId>,
    /// Its details.
    pub details: Facts,
}

/// What a hook can be told of.
pub const HAPPENINGS: [&str; 8] =
    ["message", "sent", "failed", "uncertain", "parked", "status", "assign", "note"];

/// A place in the log: everything up to it has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogPlace {
    /// The newest event.
    pub event: i64,
    /// The newest message.
    pub message: i64,
}
