//! A message: inbound, outbound or a note.

use serde::{Deserialize, Serialize};

use super::{Attachment, ConversationId, MessageId, RowNumber, Time};

/// Seen from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The other side wrote.
    Inbound,
    /// We did, here or elsewhere.
    Outbound,
    /// For the team only; never leaves.
    Note,
}

impl Direction {
    /// The word in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Note => "note",
        }
    }

    /// The direction of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Inbound, Self::Outbound, Self::Note].into_iter().find(|it| it.as_str() == word)
    }
}

/// Who a message is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person who bought.
    Customer,
    /// Us.
    Agent,
    /// The marketplace's staff.
    Marketplace,
    /// Dsco's other party in a standard conversation.
    Partner,
    /// A machine.
    System,
}

impl Role {
    /// The word in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
            Self::Marketplace => "marketplace",
            Self::Partner => "partner",
            Self::System => "system",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Customer, Self::Agent, Self::Marketplace, Self::Partner, Self::System]
            .into_iter()
            .find(|it| it.as_str() == word)
    }
}

/// The author of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// What they are to us.
    pub role: Role,
    /// Their name as the vendor gives it; for ours, the account or the agent's display name.
    pub name: Option<String>,
}

/// What a message is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Words.
    Text,
    /// A cart sent to us.
    Order,
    /// A question about a product.
    ProductQuestion,
    /// A file.
    Media,
    /// A place.
    Location,
    /// Address cards.
    Contacts,
    /// An emoji on another message.
    Reaction,
    /// The vendor's machine.
    System,
    /// Something the vendor cannot pass on.
    Unsupported,
}

impl MessageKind {
    const ALL: [Self; 9] = [
        Self::Text,
        Self::Order,
        Self::ProductQuestion,
        Self::Media,
        Self::Location,
        Self::Contacts,
        Self::Reaction,
        Self::System,
        Self::Unsupported,
    ];

    /// The word in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Order => "order",
            Self::ProductQuestion => "product_question",
            Self::Media => "media",
            Self::Location => "location",
            Self::Contacts => "contacts",
            Self::Reaction => "reaction",
            Self::System => "system",
            Self::Unsupported => "unsupported",
        }
    }

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// How far an outbound message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Committed; can still be undone.
    Held,
    /// Committed for a later time.
    Later,
    /// Waits for its turn.
    Queued,
    /// Bytes may have left.
    Sending,
    /// Waits for a person, nothing was sent.
    Parked,
    /// The vendor has it.
    Sent,
    /// The reader's device has it.
    Delivered,
    /// The reader has read it.
    Read,
    /// The vendor refused it.
    Failed,
    /// Nobody knows yet whether the vendor has it.
    Uncertain,
}

impl Delivery {
    const ALL: [Self; 10] = [
        Self::Held,
        Self::Later,
        Self::Queued,
        Self::Sending,
        Self::Parked,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Failed,
        Self::Uncertain,
    ];

    /// The word in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Later => "later",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Parked => "parked",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
        }
    }

    /// The state of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// How far a delivered message is; states only move up. `None` for the states before the vendor has it.
    pub fn rank(self) -> Option<u8> {
        match self {
            Self::Sent => Some(1),
            Self::Delivered => Some(2),
            Self::Read => Some(3),
            _ => None,
        }
    }
}

/// A message as screens and JSON show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its number here.
    pub id: MessageId,
    /// Whose it is.
    pub conversation: ConversationId,
    /// The vendor's id, where the vendor has one.
    pub remote_id: Option<String>,
    /// Seen from us.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// The vendor's text to the letter; hostile until made safe.
    pub body: String,
    /// What it is made of.
    pub kind: MessageKind,
    /// How far it has come (outbound only).
    pub delivery: Option<Delivery>,
    /// The vendor's own words on a failure, or why it is parked or uncertain.
    pub error: Option<String>,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// `{"catalog_id","product_id"}`, `{"reply_to":…}` or a cart, as interface.md writes it.
    pub context: Option<serde_json::Value>,
    /// The vendor's time where it gives one, else when it came to us.
    pub created_at: Time,
    /// The outbox row that carries it, while there is one.
    pub row: Option<RowNumber>,
    /// When the customer changed it, if they did.
    pub edited_at: Option<Time>,
    /// When the customer took it back, if they did.
    pub removed_at: Option<Time>,
    /// Emoji by others on it, in the order of their arrival.
    pub reactions: Vec<String>,
}
