//! THG Horizon customer services (GraphQL): we are the shopper who asks. Contract part 1.
//!
//! Pure but for [`client`].

mod client;
mod error;
mod map;
mod request;
mod schema;
mod wire;

use std::sync::Arc;

use secrecy::SecretString;

pub use client::Thg;

use super::{
    Channel, ChannelError,
    registry::{Kind, Means},
};
use crate::config::ChannelConfig;
use crate::domain::{
    Capabilities, ChannelKind, ChannelName, Descriptor, Reach,
    capability::{Caption, FileLimit, FileRules},
    channel::{Ask, Manner},
    outbox::NewConversation,
};

/// The categories of contract 1.2. The vendor may know more: unknown ones are passed on.
pub const CATEGORIES: [&str; 17] = [
    "CANCELLATION",
    "CHECKOUT",
    "DELIVERY_PROBLEM",
    "FEEDBACK",
    "FREE_GIFT",
    "I_WANT_TO_CREATE_AN_ACCOUNT",
    "NUTRITIONAL_ADVICE",
    "OFFERS_AND_PROMOTIONS",
    "PAYMENT",
    "PLACING_AN_ORDER",
    "PRICEBEATER_REQUEST",
    "PROBLEM_WITH_MY_ORDER",
    "PRODUCT_INFORMATION",
    "RETURNS_AND_REFUNDS",
    "STOCK_AVAILABILITY",
    "WEBSITE_ISSUES",
    "WHERE_IS_MY_ORDER",
];

/// Which of the two APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `Authorization: Opaque <token>`.
    App,
    /// The cookie `Opaque_<site>_<subsite>`.
    Web,
}

/// An account as the client needs it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The channel's name, for the log.
    pub name: ChannelName,
    /// The GraphQL endpoint itself.
    pub url: String,
    /// Which API it is.
    pub api: Api,
    /// The shop, where uploads go.
    pub site_url: Option<String>,
    /// The login's e-mail.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// Whether uploads carry their token as `authToken` too.
    pub upload_auth_token: bool,
}

/// What an account can do; files of these types up to so many bytes, where there is a shop to bring them to.
pub fn capabilities(files: Option<(u64, &[String])>) -> Capabilities {
    let limits = |max_bytes: u64, mimes: &[String]| {
        let (images, documents): (Vec<_>, Vec<_>) =
            mimes.iter().cloned().partition(|it| it.starts_with("image/"));
        [("image", images), ("document", documents)]
            .into_iter()
            .filter(|(_, mimes)| !mimes.is_empty())
            .map(|(kind, mimes)| FileLimit { kind: kind.into(), mimes, max_bytes, caption: true })
            .collect()
    };
    Capabilities {
        create: Reach::Remote,
        reply: Reach::Remote,
        mark_read: Reach::Remote,
        mark_unread: Reach::Local,
        resolve: Reach::Local,
        reopen: Reach::Local,
        files: files.map(|(max, mimes)| FileRules { limits: limits(max, mimes), caption: Caption::Always }),
        ..Capabilities::read_only()
    }
}

/// The kind `thg`.
pub const KIND: Kind = Kind { schema: &schema::SCHEMA, describe, build, may_create, read_any };

fn describe(config: &ChannelConfig) -> Descriptor {
    let settings = &config.settings;
    let max_upload = settings.size("max_upload").unwrap_or(5 << 20);
    let files = settings.text("site_url").map(|_| (max_upload, settings.list("upload_types")));
    Descriptor {
        name: config.name.clone(),
        kind: ChannelKind::of(schema::SCHEMA.kind),
        short: config.short.clone(),
        vendor: None,
        capabilities: capabilities(files),
        languages: config.languages.clone(),
        undo_window_ms: i64::try_from(config.undo_window.as_millis()).unwrap_or(i64::MAX),
        account: settings.text("username").map(str::to_owned),
        categories: CATEGORIES.map(str::to_owned).to_vec(),
        templates: Vec::new(),
        clocks: crate::domain::clock::Policy::default(),
        manner: manner(),
    }
}

fn may_create(_: &ChannelConfig, new: &NewConversation) -> Result<(), ChannelError> {
    request::create(new, None).map(drop)
}

fn build(config: &ChannelConfig, mut means: Means) -> Result<Arc<dyn Channel>, ChannelError> {
    let required =
        |key| config.settings.required(key).map_err(|problem| ChannelError::ours(problem.to_string()));
    let settings = Settings {
        name: config.name.clone(),
        url: required("url")?.to_owned(),
        api: if config.settings.text("api") == Some("web") { Api::Web } else { Api::App },
        site_url: config.settings.text("site_url").map(str::to_owned),
        username: required("username")?.to_owned(),
        password: means
            .secrets
            .remove("password")
            .ok_or_else(|| ChannelError::ours(format!("channel {} lacks its password", config.name)))?,
        upload_auth_token: config.settings.flag("send_auth_token"),
    };
    Ok(Arc::new(Thg::new(settings, describe(config), means.clock, means.tokens, means.max_rate)?))
}

/// How screens speak of it.
pub fn manner() -> Manner {
    Manner {
        vendor: "THG".into(),
        asks: vec![Ask::Category, Ask::Order, Ask::SkusOfOrder],
        addressee: Some("THG CUSTOMER SERVICES".into()),
        subject_is_category: true,
        ..Manner::default()
    }
}

/// Any answer, read as this vendor's: for fuzzing.
fn read_any(answer: &super::http::Answer) {
    let now = crate::domain::Time::default();
    let _ = error::uploaded(answer, now);
    let error::Outcome::Good(envelope) = error::outcome(answer, false, false, now) else { return };
    let discussions = envelope.data.and_then(|it| it.customer).and_then(|it| it.discussions);
    for raw in discussions.and_then(|it| it.discussions).iter().flatten() {
        if let Some(seen) = map::discussion(raw, "care@example.com", now) {
            let _ = seen.changes();
        }
    }
}

#[cfg(test)]
mod tests;
