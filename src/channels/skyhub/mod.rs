//! SkyHub / Americanas "SAC": a ticket per delivery, up to three chats each.
//!
//! Pull only. Messages have no ids and sends get none: see [`map`] for what messages are known by, and
//! [`client`] for how an uncertain reply is looked for.

pub mod client;
pub mod error;
pub mod map;
pub mod request;
pub mod time;
pub mod wire;

#[cfg(test)]
mod tests;

pub use client::{Settings, SkyHub};

use super::registry::Kind;
use crate::domain::{Capabilities, ChannelKind, ChannelName, Descriptor, Reach};

/// The kind `skyhub`.
pub const KIND: Kind = Kind {
    name: "skyhub",
    describe: |_| unreachable!(),
    build: |_, _| Err(super::ChannelError::ours("to be written")),
};

/// What an account can do, with the defaults of its kind.
pub fn descriptor(name: &str) -> Descriptor {
    Descriptor {
        name: ChannelName::from(name),
        kind: ChannelKind::SKYHUB,
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
    }
}
