//! SkyHub / Americanas "SAC": a ticket per delivery, up to three chats each.
//!
//! Pull only. Messages have no ids and sends get none: see [`map`] for what messages are known by, and
//! [`client`] for how an uncertain reply is looked for.

pub mod client;
pub mod error;
pub mod map;
pub mod request;
mod schema;
pub mod time;
pub mod wire;

#[cfg(test)]
mod tests;

pub use client::{Settings, SkyHub};

use std::sync::Arc;

use super::{
    Channel, ChannelError,
    registry::{Kind, Means},
};
use crate::{
    config::ChannelConfig,
    domain::{
        Capabilities, ChannelKind, ChannelName, Descriptor, Reach,
        channel::{Manner, Mediator},
        clock::{Calendar, Marketplace, VendorClock, VendorDemand},
        outbox::NewConversation,
    },
};

/// The kind `skyhub`.
pub const KIND: Kind = Kind { schema: &schema::SCHEMA, describe, build, may_create, read_any };

fn describe(config: &ChannelConfig) -> Descriptor {
    Descriptor {
        name: config.name.clone(),
        short: config.short.clone(),
        languages: config.languages.clone(),
        undo_window_ms: i64::try_from(config.undo_window.as_millis()).unwrap_or(i64::MAX),
        ..descriptor(&config.name.0)
    }
}

fn may_create(_: &ChannelConfig, _: &NewConversation) -> Result<(), ChannelError> {
    Err(ChannelError::ours("SkyHub starts no conversations: customers do"))
}

fn build(config: &ChannelConfig, mut means: Means) -> Result<Arc<dyn Channel>, ChannelError> {
    let text = |key| config.settings.required(key).map_err(|problem| ChannelError::ours(problem.to_string()));
    let mut secret = |key: &str| {
        means
            .secrets
            .remove(key)
            .ok_or_else(|| ChannelError::ours(format!("channel {} lacks its {key}", config.name)))
    };
    Ok(Arc::new(SkyHub::new(Settings {
        descriptor: describe(config),
        url: text("url")?.to_owned(),
        user_email: text("user_email")?.to_owned(),
        api_key: secret("api_key")?,
        account_manager_key: secret("account_manager_key")?,
        identity_id: text("identity_id")?.to_owned(),
        max_rate: means.max_rate,
        tokens: means.tokens,
        clock: means.clock,
    })?))
}

/// What an account can do, with the defaults of its kind.
pub fn descriptor(name: &str) -> Descriptor {
    Descriptor {
        name: ChannelName::from(name),
        kind: ChannelKind::of(schema::SCHEMA.kind),
        short: "SKYH".into(),
        vendor: Some("SkyHub".into()),
        capabilities: Capabilities {
            create: Reach::Forbidden,
            reply: Reach::Remote,
            mark_read: Reach::Remote,
            mark_unread: Reach::Remote,
            resolve: Reach::Remote,
            reopen: Reach::Remote,
            resolve_word: "ARCHIVED".into(),
            reopen_word: "READ".into(),
            // No field for files in the API.
            files: None,
            quote: false,
            templates: false,
            products: false,
            // None is documented; the soft cap of contract A.12.8 is a warning, not a limit.
            max_text: None,
            max_title: None,
        },
        languages: Vec::new(),
        undo_window_ms: 10_000,
        account: None,
        categories: Vec::new(),
        templates: Vec::new(),
        clocks: crate::domain::clock::Policy { vendor: clock(), ..Default::default() },
        manner: manner(),
    }
}

/// How screens speak of it.
pub fn manner() -> Manner {
    Manner { vendor: "SkyHub".into(), mediator: Mediator::Named("Americanas".into()), ..Manner::default() }
}

/// What Americanas' pages for sellers demand, in its hours.
pub fn clock() -> VendorClock {
    let demand = |part: Option<&str>, counts: &[Marketplace], source: &str| VendorDemand {
        part: part.map(str::to_owned),
        counts: counts.to_vec(),
        source: source.to_owned(),
    };
    VendorClock {
        hours: Some(Calendar::weekdays("Americanas", chrono_tz::America::Sao_Paulo, 8, 18)),
        demands: vec![
            demand(
                Some("B2W_SELLER"),
                &[Marketplace::BusinessDays(1)],
                "Americanas seller pages, chats with the marketplace",
            ),
            demand(
                None,
                &[Marketplace::BusinessHours(12), Marketplace::Running(24 * 3_600_000)],
                "Americanas seller pages, chats with customers: the earlier of both",
            ),
        ],
        others: vec!["CUSTOMER_B2W".to_owned()],
        none: None,
    }
}

/// Any answer, read as this vendor's: for fuzzing.
fn read_any(answer: &super::http::Answer) {
    let now = crate::domain::Time::default();
    let _ = error::refusal(answer, now);
    let Some(text) = answer.json() else { return };
    let _ = (wire::sac_page(&text), wire::instances(&text));
    let ticket = wire::one_ticket(&text).unwrap_or_default();
    let mut merging = map::Merging::default();
    merging.page("Shop-1", &wire::chats_page(&text).and_then(|it| it.chats).unwrap_or_default());
    let _ = map::changes("Shop-1", &ticket, &merging.done(), now);
}
