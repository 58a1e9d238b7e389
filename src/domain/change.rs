//! What a vendor told us, in the domain's words: what channels make of polls and webhooks, and stores apply.
//!
//! Applying is idempotent: the same change twice changes nothing. A change never deletes; absence means nothing.

use serde::{Deserialize, Serialize};

use super::{
    Counterpart, Customer, Delivery, Direction, Facts, GateEvidence, MessageKind, Product, Role, Time,
    message::Author,
};

/// A page of changes with the channel's own notes. Applied in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// In the vendor's order.
    pub changes: Vec<Change>,
    /// The channel's private notes (cursors, triples), by key, stored with the page; `Null` removes one.
    pub memory: Vec<(String, serde_json::Value)>,
}

/// One thing that the vendor said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A conversation exists and is so.
    Conversation(Box<ConversationSeen>),
    /// A message exists.
    Message(Box<MessageSeen>),
    /// A message of a past that the vendor hands over: as [`Message`](Self::Message), but it raises no alarm and is
    /// unread for nobody.
    Earlier(Box<MessageSeen>),
    /// A message of ours has come so far.
    Delivery(DeliverySeen),
    /// A message was changed by its author.
    Edited {
        /// Its conversation's remote id.
        conversation: String,
        /// The `key` of the message that was changed.
        key: String,
        /// The new text.
        body: String,
        /// When.
        at: Time,
    },
    /// A message was taken back by its author. It stays, as a tombstone with an audit copy.
    Removed {
        /// Its conversation's remote id.
        conversation: String,
        /// The `key` of the message.
        key: String,
        /// When.
        at: Time,
    },
    /// An emoji on a message; `None` takes it away.
    Reaction {
        /// Its conversation's remote id.
        conversation: String,
        /// The `key` of the message it is on.
        on: String,
        /// Who.
        by: String,
        /// The emoji.
        emoji: Option<String>,
        /// When.
        at: Time,
    },
    /// Another name for the same conversation (a person's new number): both address it from now on. Whichever of the
    /// two was known first is the conversation that stays.
    Alias {
        /// The vendor's name of the conversation.
        conversation: String,
        /// The further name.
        alias: String,
    },
    /// Something about the account as a whole (an error of the vendor's system, a signal to show).
    Account {
        /// In a sentence.
        text: String,
        /// When.
        at: Time,
        /// What it is known by where the vendor gives no time (a hash of its bytes): `at` is then ours, and another one at
        /// every delivery.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
}

/// A conversation as the vendor shows it. `None` means "the vendor did not say", and keeps what is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationSeen {
    /// The vendor's name for it. Never changes.
    pub remote_id: String,
    /// What it is about; stays `None` where it is the first line of the first customer message.
    pub subject: Option<String>,
    /// The person; fields that are `None` keep what is known.
    pub customer: Customer,
    /// Who reads us there.
    pub counterpart: Option<Counterpart>,
    /// What the other side's messages are by.
    pub their_role: Role,
    /// The vendor's status, verbatim.
    pub remote_status: Option<Facts>,
    /// When that was read.
    pub read_at: Time,
    /// The vendor's unread flag.
    pub remote_unread: Option<bool>,
    /// Whether the vendor calls it over, and since when where it says so.
    pub remote_closed: Option<RemoteClosed>,
    /// May we send.
    pub gate: Option<GateEvidence>,
    /// The order.
    pub order: Option<Facts>,
    /// The products; `None` keeps what is known.
    pub products: Option<Vec<Product>>,
    /// THG's category.
    pub category: Option<String>,
    /// Labels that the channel sets (`test`).
    pub labels: Vec<String>,
    /// Numbers to find it by (order, delivery, SKU, reference ids, phone).
    pub numbers: Vec<String>,
    /// The channel's facts for its own later requests (order code, other party, …), kept verbatim.
    pub facts: Facts,
    /// The vendor's time of its beginning.
    pub created_at: Option<Time>,
    /// The vendor's time of its last change.
    pub updated_at: Option<Time>,
}

impl ConversationSeen {
    /// A conversation of which nothing but its name is known.
    pub fn named(remote_id: impl Into<String>, their_role: Role, read_at: Time) -> Self {
        Self {
            remote_id: remote_id.into(),
            subject: None,
            customer: Customer::default(),
            counterpart: None,
            their_role,
            remote_status: None,
            read_at,
            remote_unread: None,
            remote_closed: None,
            gate: None,
            order: None,
            products: None,
            category: None,
            labels: Vec::new(),
            numbers: Vec::new(),
            facts: Facts::new(),
            created_at: None,
            updated_at: None,
        }
    }
}

/// Whether the vendor calls a conversation over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteClosed {
    /// Over (Dsco `closed`, SkyHub ARCHIVED, THG COMPLETED).
    pub closed: bool,
    /// Since when, where the vendor says so.
    pub at: Option<Time>,
    /// THG: COMPLETED with no RESPONSE to our last QUERY.
    pub unanswered: bool,
}

/// A message as the vendor shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageSeen {
    /// Its conversation's remote id (or an alias of it). Empty: nobody is named, and it is about the message of its `key`,
    /// which is here or comes.
    pub conversation: String,
    /// What it is known by within the channel, for ever: the vendor's id, or one made of its parts.
    pub key: String,
    /// The vendor's id, where the vendor has one.
    pub remote_id: Option<String>,
    /// Seen from us.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// The vendor's id of the author, where there is one.
    pub author_id: Option<String>,
    /// The vendor's text to the letter.
    pub body: String,
    /// The raw bytes of the item where the text could not be kept to the letter (a lone surrogate).
    pub raw: Option<Vec<u8>>,
    /// What it is made of.
    pub kind: MessageKind,
    /// Files.
    pub attachments: Vec<AttachmentSeen>,
    /// As `Message::context`.
    pub context: Option<serde_json::Value>,
    /// The vendor's time, `None` where it gives none.
    pub sent_at: Option<Time>,
    /// The sender's own name of the send, when the vendor gives it back.
    pub send_id: Option<String>,
    /// Only to be shown while no message of the same author and text is stored (Dsco's `initialMessage`).
    pub provisional: bool,
}

/// A file as the vendor shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentSeen {
    /// The vendor's name for its bytes; what `Channel::download` is given. `None`: the bytes cannot be had.
    pub remote_ref: Option<String>,
    /// File name.
    pub name: Option<String>,
    /// MIME type.
    pub mime: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// SHA-256 that the vendor announced, in lower-case hex.
    pub sha256: Option<String>,
}

/// How far a message of ours has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverySeen {
    /// The vendor's message id.
    pub key: String,
    /// Our name of the send, when the vendor gives it back.
    pub send_id: Option<String>,
    /// To whom, where the vendor says so.
    pub recipient: Option<String>,
    /// How far. `Failed` carries `error`.
    pub delivery: Delivery,
    /// The vendor's own words.
    pub error: Option<String>,
    /// Whether the failure says that the window is shut.
    pub window_closed: bool,
    /// When.
    pub at: Option<Time>,
}
