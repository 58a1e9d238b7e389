//! The configuration: layers, provenance, secrets by reference; plain data out.
//!
//! Built-in default < `/etc/deskline/config.toml` < the user's file < `DESKLINE_…` < arguments. What may be said stands
//! in [`tables`], and for each kind of channel with that kind, as data; [`load`] reads every layer against them and returns [`Config`], or all that is
//! wrong at once. Nothing here asks the process for variables or a home: they come in as an [`Environment`].

mod build;
mod document;
pub mod environment;
pub mod error;
mod json_schema;
mod layers;
pub mod model;
pub mod permissions;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod tables;
mod templates;
mod validate;
pub mod value;

use std::path::PathBuf;

pub use build::load;
pub use environment::{Account, Environment};
pub use error::{ConfigError, Origin, Problem};
pub use json_schema::json_schema;
pub use layers::LayerFile;
pub use model::{
    AfterSend, AgentConfig, CalendarConfig, ChannelConfig, ComposeConfig, Config, EffectiveValue, HookConfig,
    KeyBinding, KeysConfig, Lint, LintConfig, MemberConfig, MemberRole, StoreConfig, SyncConfig, UiConfig,
    ViewConfig, WebhookConfig,
};
pub use schema::{KeyKind, KeySchema, KindSchema, Need, Shape, TableSchema};
pub use secret::{Readable, SecretError, SecretRef};
pub use settings::{Secrets, Setting, Settings};
pub use value::{MarketplaceClock, OpenHours, StoreUrl, Value};

/// Where a configuration comes from.
#[derive(Clone, Debug)]
pub struct Sources<'a> {
    /// Variables, account, places.
    pub environment: &'a Environment,
    /// `--config FILE`: this file only, and it must be there.
    pub file: Option<PathBuf>,
    /// Keys that arguments set.
    pub arguments: Vec<Argument>,
}

impl<'a> Sources<'a> {
    /// The usual files, no arguments.
    pub fn new(environment: &'a Environment) -> Self {
        Self { environment, file: None, arguments: Vec::new() }
    }
}

/// An argument of the command line that sets a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The key: `ui.lang`.
    pub key: String,
    /// Its value, as text.
    pub value: String,
    /// How the argument is spelled, for messages: `--lang`.
    pub flag: String,
}

#[cfg(test)]
mod tests;
