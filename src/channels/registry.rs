//! The kinds of channels there are: one line each.

use std::sync::Arc;

use super::{Channel, ChannelError};
use crate::{
    config::ChannelConfig,
    domain::{Descriptor, time::Clock},
};

/// Makes an account ready to talk.
pub type Build = fn(&ChannelConfig, Means) -> Result<Arc<dyn Channel>, ChannelError>;

/// A kind of channel.
pub struct Kind {
    /// Its word in the configuration.
    pub name: &'static str,
    /// What screens need, from the configuration alone: no secret is read, no vendor asked.
    pub describe: fn(&ChannelConfig) -> Descriptor,
    /// The account, ready to talk.
    pub build: Build,
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
pub const KINDS: &[Kind] = &[super::thg::KIND, super::dsco::KIND, super::skyhub::KIND, super::whatsapp::KIND];
