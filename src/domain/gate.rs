//! May we send now? Stored as evidence, evaluated when read.

use serde::{Deserialize, Serialize};

use super::Time;

/// The answer to "may we send now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Yes.
    Open,
    /// WhatsApp's window is shut: templates only.
    TemplateOnly,
    /// The marketplace mediates.
    Paused,
    /// The vendor's conversation is closed; sending needs it reopened.
    RemoteClosed,
    /// Never: we may only read.
    ReadOnly,
    /// Not known. Forbids nothing; it warns.
    Unknown,
}

impl Gate {
    /// The word in JSON, in the store and in `gate:` queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::TemplateOnly => "template_only",
            Self::Paused => "paused",
            Self::RemoteClosed => "remote_closed",
            Self::ReadOnly => "read_only",
            Self::Unknown => "unknown",
        }
    }

    /// The gate of a word; unknown words give `None`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::TemplateOnly, Self::Paused, Self::RemoteClosed, Self::ReadOnly, Self::Unknown]
            .into_iter()
            .find(|gate| gate.as_str() == word)
    }
}

/// What a gate is derived from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateEvidence {
    /// The vendor said so (`since`: when that state began, where it is known).
    Said {
        /// The state.
        gate: Gate,
        /// Since when.
        since: Option<Time>,
    },
    /// Open before `until`, template only from then on (WhatsApp's window of 24 hours).
    Window {
        /// The end of the window.
        until: Time,
    },
}

impl GateEvidence {
    /// Evidence without a date.
    pub fn said(gate: Gate) -> Self {
        Self::Said { gate, since: None }
    }

    /// The gate at `now`.
    pub fn at(&self, now: Time) -> Gate {
        match *self {
            Self::Said { gate, .. } => gate,
            Self::Window { until } if now < until => Gate::Open,
            Self::Window { .. } => Gate::TemplateOnly,
        }
    }

    /// When the answer changes by itself, where it does.
    pub fn changes_at(&self) -> Option<Time> {
        match *self {
            Self::Said { .. } => None,
            Self::Window { until } => Some(until),
        }
    }
}
