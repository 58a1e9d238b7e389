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
    /// THG Horizon customer services.
    pub const THG: Self = Self(Cow::Borrowed("thg"));
    /// Rithum Dsco customer care.
    pub const DSCO: Self = Self(Cow::Borrowed("dsco"));
    /// SkyHub / Americanas SAC.
    pub const SKYHUB: Self = Self(Cow::Borrowed("skyhub"));
    /// WhatsApp Business.
    pub const WHATSAPP: Self = Self(Cow::Borrowed("whatsapp"));
    /// Imported conversations: read only.
    pub const IMPORT: Self = Self(Cow::Borrowed("import"));

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
}

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
    /// The vendor's last word of the account as a whole (a template that was paused), and when it was said.
    #[serde(default)]
    pub notice: Option<(Time, String)>,
}
