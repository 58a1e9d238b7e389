//! What a kind of channel is, and the kinds there are (`kinds!` in the room's `mod.rs`: one line each).

use std::sync::Arc;

use super::{Channel, ChannelError};
use crate::{
    config::{ChannelConfig, KindSchema},
    domain::{Descriptor, outbox::NewConversation, time::Clock},
};

/// Makes an account ready to talk.
pub type Build = fn(&ChannelConfig, Means) -> Result<Arc<dyn Channel>, ChannelError>;

/// A kind of channel.
pub struct Kind {
    /// Its word in the configuration, and what its tables take there.
    pub schema: &'static KindSchema,
    /// What screens need, from the configuration alone: no secret is read, no vendor asked.
    pub describe: fn(&ChannelConfig) -> Descriptor,
    /// The account, ready to talk.
    pub build: Build,
    /// Whether a conversation may be started like this: what the vendor's rules say without asking the vendor.
    ///
    /// # Errors
    /// `ours`, in a sentence.
    pub may_create: fn(&ChannelConfig, &NewConversation) -> Result<(), ChannelError>,
    /// Reads any answer as this vendor's, for the fuzzers: nothing panics.
    pub read_any: fn(&super::http::Answer),
}

/// What a channel is built with.
pub struct Means {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The account's secrets, resolved, by their key in the configuration.
    pub secrets: std::collections::HashMap<String, secrecy::SecretString>,
    /// Where session tokens are kept.
    pub tokens: super::tokens::Tokens,
    /// The most requests a second and bucket that the configuration allows; 0 is no limit of ours.
    pub max_rate: u32,
}

/// All kinds.
pub const KINDS: &[Kind] = super::ALL;

/// The kind of this word.
pub fn kind(word: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.schema.kind == word)
}

/// What the configuration of each kind takes.
pub fn schemas() -> Vec<KindSchema> {
    KINDS.iter().map(|kind| *kind.schema).collect()
}
