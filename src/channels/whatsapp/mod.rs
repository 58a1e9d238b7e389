//! WhatsApp Business: the Cloud API and the On-Premises API before it. One domain model, two codecs.
//!
//! Push only: everything inbound comes by [`webhook`]; neither API lists past messages. A send cannot be looked up: our
//! name of it travels in `biz_opaque_callback_data` (Cloud) and a status that brings it back settles it.

pub mod client;
pub mod content;
pub mod error;
pub mod map;
pub mod media;
pub mod request;
pub mod webhook;
pub mod wire;

#[cfg(test)]
mod tests;

pub use client::{Login, Settings, WhatsApp};
pub use request::Api;
pub use webhook::{Hook, Trust};

use super::registry::Kind;
use crate::domain::{
    Capabilities, ChannelKind, ChannelName, Descriptor, Reach,
    capability::{Caption, FileLimit, FileRules},
};

/// The kind `whatsapp`.
pub const KIND: Kind = Kind {
    name: "whatsapp",
    describe: |_| unreachable!(),
    build: |_, _| Err(super::ChannelError::ours("to be written")),
};

const KB: u64 = 1 << 10;
const MB: u64 = 1 << 20;

/// What an account can do, with the defaults of its kind.
pub fn descriptor(name: &str, api: Api) -> Descriptor {
    Descriptor {
        name: ChannelName::from(name),
        kind: ChannelKind::WHATSAPP,
        short: "WAPP".into(),
        vendor: None,
        capabilities: Capabilities {
            create: Reach::Remote,
            reply: Reach::Remote,
            mark_read: Reach::Remote,
            mark_unread: Reach::Local,
            resolve: Reach::Local,
            reopen: Reach::Local,
            resolve_word: String::new(),
            reopen_word: String::new(),
            files: Some(FileRules { limits: limits(api), caption: Caption::UpTo(request::MAX_CAPTION) }),
            // "Only used for Cloud API".
            quote: api == Api::Cloud,
            templates: true,
            products: true,
            max_text: Some(request::MAX_TEXT),
            max_title: None,
        },
        languages: Vec::new(),
        undo_window_ms: 3_000,
        account: None,
        categories: Vec::new(),
        templates: Vec::new(),
    }
}

/// What files are taken (contract B.8). The first that fits decides.
fn limits(api: Api) -> Vec<FileLimit> {
    let limit = |kind: &str, mimes: &[&str], max_bytes, caption| FileLimit {
        kind: kind.into(),
        mimes: mimes.iter().map(|it| (*it).to_owned()).collect(),
        max_bytes,
        caption,
    };
    let documents: &[&str] = match api {
        Api::Cloud => &[
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ],
        Api::OnPremises => &["*"],
    };
    // Cloud takes animated stickers, which are larger; which one a file is, only its bytes know.
    let sticker = if api == Api::Cloud { 500 * KB } else { 100 * KB };
    vec![
        limit("image", &["image/jpeg", "image/png"], 5 * MB, true),
        limit("sticker", &["image/webp"], sticker, false),
        limit("video", &["video/mp4", "video/3gpp"], 16 * MB, true),
        limit(
            "audio",
            &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/ogg"],
            16 * MB,
            false,
        ),
        limit("document", documents, 100 * MB, true),
    ]
}
