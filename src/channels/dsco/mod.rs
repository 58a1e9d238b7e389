//! Rithum Dsco conversations (REST v3): we are the supplier who answers or the retailer who forwards. Contract part 2.
//!
//! Pure but for [`client`].

mod client;
mod dates;
mod error;
mod map;
mod request;
mod schema;
mod wire;

use std::sync::Arc;

use secrecy::SecretString;

pub use client::Dsco;

use super::{
    Channel, ChannelError,
    registry::{Kind, Means},
};
use crate::{
    config::ChannelConfig,
    domain::{
        Capabilities, ChannelKind, ChannelName, Descriptor, Reach, Time,
        channel::{Ask, Manner, Mediator},
        outbox::NewConversation,
    },
};

/// Which side we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We answer the consumer.
    Supplier,
    /// We forward the consumer's words.
    Retailer,
}

impl Role {
    /// The role of a word, in any case.
    pub fn of(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "supplier" => Some(Self::Supplier),
            "retailer" => Some(Self::Retailer),
            _ => None,
        }
    }

    /// The word in the configuration and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Supplier => "supplier",
            Self::Retailer => "retailer",
        }
    }

    /// The field of our own reference ids; the other side's is not ours to set.
    fn reference_field(self) -> &'static str {
        match self {
            Self::Supplier => "supplierReferenceId",
            Self::Retailer => "retailerReferenceId",
        }
    }
}

/// An account as the client needs it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The channel's name, for the log.
    pub name: ChannelName,
    /// With `/api/v3`.
    pub url: String,
    /// Which side we are.
    pub role: Role,
    /// The OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// How far back the first scan goes; 30 days where it is not said.
    pub start: Option<Time>,
}

/// What an account can do.
pub fn capabilities() -> Capabilities {
    Capabilities {
        create: Reach::Remote,
        reply: Reach::Remote,
        mark_read: Reach::Local,
        mark_unread: Reach::Local,
        resolve: Reach::Remote,
        reopen: Reach::Remote,
        resolve_word: "closed".into(),
        reopen_word: "in_progress".into(),
        max_title: Some(request::MAX_TITLE),
        ..Capabilities::read_only()
    }
}

/// The kind `dsco`.
pub const KIND: Kind = Kind { schema: &schema::SCHEMA, describe, build, may_create, read_any };

fn describe(config: &ChannelConfig) -> Descriptor {
    Descriptor {
        name: config.name.clone(),
        kind: ChannelKind::of(schema::SCHEMA.kind),
        short: config.short.clone(),
        vendor: None,
        capabilities: capabilities(),
        languages: config.languages.clone(),
        undo_window_ms: i64::try_from(config.undo_window.as_millis()).unwrap_or(i64::MAX),
        account: None,
        categories: Vec::new(),
        templates: Vec::new(),
        clocks: crate::domain::clock::Policy::default(),
        manner: manner(role(config).unwrap_or(Role::Supplier)),
    }
}

fn role(config: &ChannelConfig) -> Result<Role, ChannelError> {
    config
        .settings
        .text("role")
        .and_then(Role::of)
        .ok_or_else(|| ChannelError::ours(format!("channel {}: `role` is supplier or retailer", config.name)))
}

fn may_create(config: &ChannelConfig, new: &NewConversation) -> Result<(), ChannelError> {
    request::create(role(config)?, new, "").map(drop)
}

fn build(config: &ChannelConfig, mut means: Means) -> Result<Arc<dyn Channel>, ChannelError> {
    let required =
        |key| config.settings.required(key).map_err(|problem| ChannelError::ours(problem.to_string()));
    let settings = Settings {
        name: config.name.clone(),
        url: required("url")?.to_owned(),
        role: role(config)?,
        client_id: required("client_id")?.to_owned(),
        client_secret: means
            .secrets
            .remove("client_secret")
            .ok_or_else(|| ChannelError::ours(format!("channel {} lacks its client_secret", config.name)))?,
        start: config.settings.moment("start"),
    };
    Ok(Arc::new(Dsco::new(settings, describe(config), means.clock, means.tokens, means.max_rate)?))
}

/// How screens speak of it.
pub fn manner(role: Role) -> Manner {
    let (partner, ours) = match role {
        Role::Supplier => ("RETAILER", "supplier_reference"),
        Role::Retailer => ("SUPPLIER", "retailer_reference"),
    };
    Manner {
        vendor: "Dsco".into(),
        partner: partner.into(),
        reference_fact: ours.into(),
        mediator: Mediator::Partner,
        asks: vec![Ask::Partner, Ask::Title, Ask::Order, Ask::Consumer, Ask::Reference],
        ..Manner::default()
    }
}

/// Any answer, read as this vendor's: for fuzzing.
fn read_any(answer: &super::http::Answer) {
    let now = Time::default();
    let _ = (error::token(answer, now), error::words(answer));
    let found = error::read::<wire::Found>(answer).unwrap_or_default();
    for role in [Role::Supplier, Role::Retailer] {
        for raw in found.conversations.iter().flatten() {
            let _ = map::conversation(raw, role, now);
        }
        for raw in found.messages.iter().flatten() {
            let _ = map::message(raw, role);
        }
    }
}

#[cfg(test)]
mod tests;
