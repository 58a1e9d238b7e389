//! WhatsApp Business: the Cloud API and the On-Premises API before it. One domain model, two codecs.
//!
//! Push only: everything inbound comes by [`webhook`]; neither API lists past messages. A send cannot be looked up: our
//! name of it travels in `biz_opaque_callback_data` (Cloud) and a status that brings it back settles it.

pub mod account;
pub mod answers;
mod besides;
pub mod client;
pub mod content;
pub mod error;
mod history;
pub mod map;
pub mod media;
pub mod request;
mod schema;
mod settings;
pub mod webhook;
pub mod wire;

#[cfg(test)]
mod tests;

pub use client::{Login, Settings, WhatsApp};
pub use request::Api;
pub use webhook::{Hook, Trust};

use std::sync::Arc;

use super::{
    Channel, ChannelError,
    registry::{Kind, Means},
};
use crate::{
    config::ChannelConfig,
    domain::{
        Capabilities, ChannelKind, ChannelName, Descriptor, Reach,
        capability::{Caption, FileLimit, FileRules},
        channel::Manner,
        clock::VendorClock,
        outbox::NewConversation,
    },
};

/// The kind `whatsapp`.
pub const KIND: Kind = Kind { schema: &schema::SCHEMA, describe, build, may_create, read_any };

/// Where the listener serves a Cloud account unless the configuration says otherwise.
const DEFAULT_PATH: &str = "/webhook/whatsapp";

fn api(config: &ChannelConfig) -> Api {
    if config.settings.text("api") == Some("on-premises") { Api::OnPremises } else { Api::Cloud }
}

fn describe(config: &ChannelConfig) -> Descriptor {
    Descriptor {
        name: config.name.clone(),
        short: config.short.clone(),
        languages: config.languages.clone(),
        undo_window_ms: i64::try_from(config.undo_window.as_millis()).unwrap_or(i64::MAX),
        templates: config.settings.templates("templates").to_vec(),
        ..descriptor(&config.name.0, api(config))
    }
}

fn may_create(_: &ChannelConfig, new: &NewConversation) -> Result<(), ChannelError> {
    request::Address::dialled(new.to.as_deref()).map(drop)
}

fn build(config: &ChannelConfig, mut means: Means) -> Result<Arc<dyn Channel>, ChannelError> {
    let settings = &config.settings;
    let text = |key| settings.required(key).map_err(|problem| ChannelError::ours(problem.to_string()));
    let mut secret = |key: &str| {
        means
            .secrets
            .remove(key)
            .ok_or_else(|| ChannelError::ours(format!("channel {} lacks its {key}", config.name)))
    };
    let (login, hook) = match api(config) {
        Api::Cloud => {
            let phone_number_id = text("phone_number_id")?.to_owned();
            let trust = Trust::Signed {
                app_secret: secret("app_secret")?,
                verify_token: secret("verify_token")?,
                rewritten: settings.flag("webhook_rewritten"),
            };
            let path = settings.text("webhook_path").unwrap_or(DEFAULT_PATH).to_owned();
            let hook = Hook { path, trust, phone_number_id: Some(phone_number_id.clone()), public_url: None };
            (Login::Cloud { phone_number_id, access_token: secret("access_token")? }, hook)
        }
        Api::OnPremises => {
            let login = Login::OnPremises {
                username: text("username")?.to_owned(),
                password: secret("password")?,
                namespace: settings.text("template_namespace").map(str::to_owned),
            };
            // Without a signature the path is the secret: there is no default for it.
            let path = text("webhook_path")?.to_owned();
            let public_url = settings.text("webhook_url").map(str::to_owned);
            (login, Hook { path, trust: Trust::SecretPath, phone_number_id: None, public_url })
        }
    };
    Ok(Arc::new(WhatsApp::new(Settings {
        descriptor: describe(config),
        url: text("url")?.to_owned(),
        login,
        hook,
        media_hosts: settings.list("media_hosts").to_vec(),
        typing: settings.flag("typing"),
        max_rate: means.max_rate,
        tokens: means.tokens,
        clock: means.clock,
    })?))
}

const KB: u64 = 1 << 10;
const MB: u64 = 1 << 20;

/// What an account can do, with the defaults of its kind.
pub fn descriptor(name: &str, api: Api) -> Descriptor {
    Descriptor {
        name: ChannelName::from(name),
        kind: ChannelKind::of(schema::SCHEMA.kind),
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
        clocks: crate::domain::clock::Policy {
            vendor: VendorClock {
                none: Some("the window is what the vendor demands".into()),
                ..VendorClock::default()
            },
            ..Default::default()
        },
        manner: manner(),
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

/// How screens speak of it.
pub fn manner() -> Manner {
    Manner {
        vendor: "WhatsApp".into(),
        customer_sees_read: true,
        messenger: true,
        by_webhook: true,
        ..Manner::default()
    }
}

/// Any answer, read as this vendor's: for fuzzing.
fn read_any(answer: &super::http::Answer) {
    let now = crate::domain::Time::default();
    let _ = error::refusal(answer, now);
    let trust = Trust::SecretPath;
    let hook = Hook { path: String::new(), trust, phone_number_id: None, public_url: None };
    let _ = super::Webhook::parse(&hook, &answer.body, now, true);
}
