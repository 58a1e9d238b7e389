//! A conversation: the unit in the list.

use serde::{Deserialize, Serialize};

use super::{
    ChannelKind, ChannelName, ConversationId, Delivery, Direction, Facts, GateEvidence, Promise, Role, Time,
};

/// Ours, always local truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No reply of ours ever.
    New,
    /// Our move.
    Open,
    /// Their move.
    Pending,
    /// A third party's move.
    OnHold,
    /// Done.
    Resolved,
    /// Resolved and five days past.
    Closed,
}

impl Status {
    /// All of them, in the order of their life.
    pub const ALL: [Self; 6] =
        [Self::New, Self::Open, Self::Pending, Self::OnHold, Self::Resolved, Self::Closed];

    /// The word in JSON, in the store and in `status:` queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Pending => "pending",
            Self::OnHold => "on_hold",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// The status of a word; `on-hold` and `on_hold` are both taken.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.replace('-', "_");
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// Whose move it is.
    pub fn turn(self) -> Option<Turn> {
        match self {
            Self::New | Self::Open => Some(Turn::Us),
            Self::Pending => Some(Turn::Them),
            Self::OnHold => Some(Turn::ThirdParty),
            Self::Resolved | Self::Closed => None,
        }
    }
}

/// Whose move it is. Derived from status; none where it is done or where we may only read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Ours.
    Us,
    /// The other side's.
    Them,
    /// Somebody else's.
    ThirdParty,
}

impl Turn {
    /// The word in JSON and in `turn:` queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Them => "them",
            Self::ThirdParty => "third_party",
        }
    }
}

/// How urgent the team says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// As usual.
    Normal,
    /// Soon.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    /// The word in JSON and in `priority:` queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// The priority of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Low, Self::Normal, Self::High, Self::Urgent].into_iter().find(|it| it.as_str() == word)
    }
}

/// The person at the other end, as the vendor names them. Never merged across channels by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The vendor's customer id.
    pub id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
}

/// Who reads what we write there, in the words of the borders.
///
/// `TO {addressee} ({id}) {note} via {channel}`: `CONSUMER 12345 through Big Retailer (19) via dsco-supplier`,
/// `THG CUSTOMER SERVICES (23) as care@example.com via myprotein`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counterpart {
    /// In the list's CUSTOMER column: `João dos Santos`, `Americanas`, `THG support`, `consumer 12345`.
    pub name: String,
    /// In borders, before the number: `CUSTOMER João dos Santos`.
    pub addressee: String,
    /// In borders, after the number: `as care@example.com`.
    pub note: Option<String>,
}

/// A product that a conversation is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The vendor's product number.
    pub sku: String,
    /// Its name, where it is known.
    pub title: Option<String>,
    /// How many.
    pub quantity: Option<i64>,
    /// Price per unit, a decimal as text.
    pub price: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
}

/// A conversation as screens and JSON show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its short number.
    pub id: ConversationId,
    /// The account it came by.
    pub channel: ChannelName,
    /// That account's kind.
    pub kind: ChannelKind,
    /// The vendor's name for it.
    pub remote_id: String,
    /// What it is about.
    pub subject: Option<String>,
    /// The person.
    pub customer: Customer,
    /// Who reads us there.
    pub counterpart: Counterpart,
    /// What the other side's messages are by.
    pub their_role: Role,
    /// Ours.
    pub status: Status,
    /// The vendor's, verbatim.
    pub remote_status: Option<Facts>,
    /// When that was read.
    pub remote_read_at: Option<Time>,
    /// What the gate is derived from.
    pub gate: GateEvidence,
    /// Whose move.
    pub turn: Option<Turn>,
    /// Inbound messages that this agent has not seen.
    pub unread: u32,
    /// The vendor's unread flag.
    pub remote_unread: bool,
    /// The Unix account it is assigned to.
    pub assignee: Option<String>,
    /// The team's labels.
    pub labels: Vec<String>,
    /// The team's priority.
    pub priority: Option<Priority>,
    /// Asleep until.
    pub snoozed_until: Option<Time>,
    /// On hold until.
    pub held_until: Option<Time>,
    /// The order it is about; keys differ by kind (`number`, `delivery`, `dsco_order_id`).
    pub order: Option<Facts>,
    /// The products it is about.
    pub products: Vec<Product>,
    /// THG's category.
    pub category: Option<String>,
    /// Messages in the thread, notes not counted.
    pub messages: u32,
    /// The customer's language, `None` when unsure.
    pub lang: Option<String>,
    /// Counts every change; what `--seen` compares.
    pub rev: i64,
    /// Which clock `due_at` is of: `marketplace`, `company`, `window`.
    pub due_clock: Option<String>,
    /// The oldest unanswered customer message.
    pub waiting_since: Option<Time>,
    /// The earliest real consequence.
    pub due_at: Option<Time>,
    /// The first sign of it.
    pub created_at: Time,
    /// The newest activity.
    pub updated_at: Time,
    /// The newest message's first line, for lists.
    pub last_line: Option<String>,
    /// Who spoke last (notes not counted).
    pub last_direction: Option<Direction>,
    /// The state of its most troubled outbox row: failed before uncertain before parked before the rest.
    pub outbox: Option<Delivery>,
    /// Whether this agent has a draft here.
    pub has_draft: bool,
    /// Where ours and the vendor's status differ, in a sentence.
    pub drift: Option<String>,
    /// What the other side wrote last after it was resolved was a thanks alone: it stays resolved.
    pub thanked: bool,
    /// What we promised and have not kept yet.
    pub promise: Option<Promise>,
}

impl Conversation {
    /// The next thing with a consequence, and whose clock it is of: a deadline, or a `promise` of ours where that is
    /// earlier.
    pub fn next_due(&self) -> Option<(Time, Option<&str>)> {
        let deadline = self.due_at.map(|at| (at, self.due_clock.as_deref()));
        let promised = self.promise.as_ref().map(|promise| (promise.at, Some("promise")));
        deadline.into_iter().chain(promised).min_by_key(|(at, _)| *at)
    }
}
