//! THG Horizon customer services (GraphQL): we are the shopper who asks. Contract part 1.
//!
//! Pure but for [`client`].

mod client;
mod error;
mod map;
mod request;
mod wire;

use secrecy::SecretString;

pub use client::Thg;

use super::registry::Kind;
use crate::domain::{
    Capabilities, ChannelKind, ChannelName, Descriptor, Reach,
    capability::{Caption, FileLimit, FileRules},
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

/// What an account can do; files up to `max_upload` bytes of `types`, where there is a shop to bring them to.
pub fn capabilities(files: Option<(u64, &[String])>) -> Capabilities {
    Capabilities {
        create: Reach::Remote,
        reply: Reach::Remote,
        mark_read: Reach::Remote,
        mark_unread: Reach::Local,
        resolve: Reach::Local,
        reopen: Reach::Local,
        files: files.map(|(max_bytes, mimes)| FileRules {
            limits: vec![FileLimit { kind: "file".into(), mimes: mimes.to_vec(), max_bytes, caption: true }],
            caption: Caption::Always,
        }),
        ..Capabilities::read_only()
    }
}

/// The kind `thg`.
pub const KIND: Kind = Kind {
    name: "thg",
    describe: |_| unreachable!(),
    build: |_, _| Err(super::ChannelError::ours("to be written")),
};

#[cfg(test)]
mod tests;
