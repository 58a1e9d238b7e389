//! A channel: one configured account of one kind.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use super::{Capabilities, Time, clock::Policy};

/// The name of a configured account: `[a-z][a-z0-9-]*` (imported ones may be anything).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelName(pub String);

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for ChannelName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// The kind of a channel: a vendor's protocol. Open: a fifth vendor adds a word, not a variant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelKind(pub Cow<'static, str>);

impl ChannelKind {
    /// Imported conversations: read only.
    pub const IMPORT: Self = Self(Cow::Borrowed("import"));

    /// The kind of this word.
    pub const fn of(word: &'static str) -> Self {
        Self(Cow::Borrowed(word))
    }

    /// The word in the configuration and in JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What screens and commands need to know of a channel without talking to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Descriptor {
    /// Its name.
    pub name: ChannelName,
    /// Its kind.
    pub kind: ChannelKind,
    /// Two to four letters for the list's CH column.
    pub short: String,
    /// How the vendor is named beside the channel's name in borders, where it is (`SkyHub`).
    pub vendor: Option<String>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Languages of its customers (`pt-BR`), a limit for language detection.
    pub languages: Vec<String>,
    /// How long a reply is held for undo, in milliseconds.
    pub undo_window_ms: i64,
    /// The account's own name where borders show it (`care@example.com`).
    pub account: Option<String>,
    /// Categories that a new conversation may have (THG), empty where there are none.
    pub categories: Vec<String>,
    /// Templates for the window that is shut (WhatsApp).
    pub templates: Vec<Template>,
    /// Its deadlines.
    #[serde(default)]
    pub clocks: Policy,
    /// How screens speak of it.
    #[serde(default)]
    pub manner: Manner,
}

/// How screens speak of a kind of channel and what they ask for, so that no screen knows a kind.
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manner {
    /// The vendor's name: `SkyHub`. Empty: "the vendor".
    pub vendor: String,
    /// Who stands between us and the customer.
    pub mediator: Mediator,
    /// What a new conversation asks for, in this order. Empty: whom it is for.
    pub asks: Vec<Ask>,
    /// Who reads a new conversation that names nobody: `THG CUSTOMER SERVICES`.
    pub addressee: Option<String>,
    /// What borders call the partner that a new conversation is for: `SUPPLIER`, `RETAILER`. Empty: it is a customer.
    pub partner: String,
    /// Where the vendor's facts have our own reference: `supplier_reference`.
    pub reference_fact: String,
    /// The customer sees our read mark (blue ticks); else only the vendor's own pages show it.
    pub customer_sees_read: bool,
    /// Its subjects are categories, which say little alone.
    pub subject_is_category: bool,
    /// It is a messenger itself: to name another is no way around a marketplace.
    pub messenger: bool,
    /// Its messages come by webhook: silence is worth a word.
    pub by_webhook: bool,
}

/// Who stands between us and the customer, where a vendor mediates or closes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mediator {
    /// The vendor.
    #[default]
    Vendor,
    /// Somebody by name: `Americanas`.
    Named(String),
    /// The partner that the customer is reached through, else the partner itself.
    Partner,
}

/// What a new conversation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// One of the channel's categories; without it nothing goes.
    Category,
    /// An order.
    Order,
    /// SKUs of an order, once there is one.
    SkusOfOrder,
    /// A partner; without it nothing goes.
    Partner,
    /// A phone number; without it nothing goes.
    Number,
    /// A title.
    Title,
    /// The consumer behind the partner.
    Consumer,
    /// A reference of ours.
    Reference,
    /// A template, where the channel has them.
    Template,
}

/// How a channel is spoken of that nobody describes (imported, or configured no more).
pub static UNKNOWN: Manner = Manner {
    vendor: String::new(),
    mediator: Mediator::Vendor,
    asks: Vec::new(),
    addressee: None,
    partner: String::new(),
    reference_fact: String::new(),
    customer_sees_read: false,
    subject_is_category: false,
    messenger: false,
    by_webhook: false,
};

impl Manner {
    /// The vendor's name, or that there is one.
    pub fn vendor(&self) -> &str {
        if self.vendor.is_empty() { "the vendor" } else { &self.vendor }
    }

    /// What a new conversation asks for.
    pub fn asks(&self) -> &[Ask] {
        if self.asks.is_empty() { &[Ask::Number, Ask::Template] } else { &self.asks }
    }
}

#[cfg(test)]
mod tests;

/// A pre-approved message of WhatsApp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its name at the vendor.
    pub name: String,
    /// Its language code at the vendor (`en_US`).
    pub language: String,
    /// The names of its parameters, in the order of the vendor's placeholders.
    pub parameters: Vec<String>,
    /// Its text with `{1}`, `{2}` for preview, where the configuration gives it.
    pub text: Option<String>,
}

/// How a channel's last contacts with its vendor went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelHealth {
    /// Which channel.
    pub channel: ChannelName,
    /// Its letters.
    pub short: String,
    /// The last complete cycle that succeeded.
    pub ok_at: Option<Time>,
    /// Since when it fails, `None` while it does not.
    pub failing_since: Option<Time>,
    /// In a word for the header: `401`, `unreachable`, `rate limit`.
    pub trouble: Option<String>,
    /// The vendor's own words.
    pub error: Option<String>,
    /// Who runs its engine now (`deskline@desk1`), `None` while nobody does.
    pub engine: Option<String>,
    /// The last webhook, for channels that live by them.
    pub last_webhook: Option<Time>,
    /// By when its engine was to have asked its vendor again: the next poll that it announced, or its last sign that it
    /// asks, whichever is later. `None` while none ever ran here.
    #[serde(default)]
    pub poll_due: Option<Time>,
    /// The vendor's last word of the account as a whole (a template that was paused), and when it was said.
    #[serde(default)]
    pub notice: Option<(Time, String)>,
}

impl ChannelHealth {
    /// A poll that is overdue by more is one that does not come: backoff, the vendor's pauses and the pace are in the
    /// announced time already, and a long scan gives signs of life.
    pub const LATE: chrono::TimeDelta = chrono::TimeDelta::minutes(3);

    /// Since when its engine does not poll, seen at `now` by somebody who could see since `awake` (a laptop that was
    /// suspended has an engine that was, too).
    pub fn no_poll_since(&self, now: Time, awake: Option<Time>) -> Option<Time> {
        let due = self.poll_due?;
        (now - awake.map_or(due, |awake| awake.max(due)) > Self::LATE).then_some(due)
    }
}
