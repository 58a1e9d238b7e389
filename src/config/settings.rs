//! The values of one table, by key, each with its origin.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};

use super::{
    environment::Environment,
    error::{Origin, Problem},
    secret::{Readable, SecretError, SecretRef},
    value::{MarketplaceClock, StoreUrl, Value, without_password, written_span},
};
use crate::domain::{Time, channel::Template, time::rfc3339};

/// A value and where it was said.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The value.
    pub value: Value,
    /// Where it was said.
    pub origin: Origin,
    /// Whether it is shown only in part ([`super::schema::KeyKind::WebPath`], [`super::schema::KeyKind::PublicUrl`]).
    pub(super) masked: bool,
}

/// The values of one table. Defaults are in it; what has neither value nor default is not.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What messages call the table: `channel americanas`, `[sync]`.
    pub title: String,
    /// Where the table begins.
    pub origin: Origin,
    pub(super) values: BTreeMap<&'static str, Setting>,
}

impl Settings {
    /// The setting of a key, `None` where there is neither value nor default.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.values.get(key)
    }

    /// Where a key's value was said; the table's beginning where nobody said any.
    pub fn origin(&self, key: &str) -> &Origin {
        self.get(key).map_or(&self.origin, |setting| &setting.origin)
    }

    /// A text, address, choice or run of digits.
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same, where it must be there.
    ///
    /// # Errors
    /// When it isn't. Loading has refused that already for keys which the schema requires.
    pub fn required(&self, key: &str) -> Result<&str, Problem> {
        self.text(key).ok_or_else(|| Problem::at(&self.origin, format!("{} lacks `{key}`", self.title)))
    }

    /// Where a secret is.
    pub fn secret(&self, key: &str) -> Option<&SecretRef> {
        match &self.get(key)?.value {
            Value::Secret(secret) => Some(secret),
            _ => None,
        }
    }

    /// Every secret of the table, by key.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &SecretRef)> {
        self.values.iter().filter_map(|(key, setting)| match &setting.value {
            Value::Secret(secret) => Some((*key, secret)),
            _ => None,
        })
    }

    /// Texts; empty where there are none.
    pub fn list(&self, key: &str) -> &[String] {
        match self.get(key).map(|setting| &setting.value) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// A path.
    pub fn path(&self, key: &str) -> Option<&Path> {
        match &self.get(key)?.value {
            Value::Path(path) => Some(path),
            _ => None,
        }
    }

    /// Paths, in their order; empty where there are none.
    pub fn paths(&self, key: &str) -> &[PathBuf] {
        match self.get(key).map(|setting| &setting.value) {
            Some(Value::Paths(paths)) => paths,
            _ => &[],
        }
    }

    /// Templates, in the order of their file; empty where there are none.
    pub fn templates(&self, key: &str) -> &[Template] {
        match self.get(key).map(|setting| &setting.value) {
            Some(Value::Templates(_, templates)) => templates,
            _ => &[],
        }
    }

    /// Programs by name; empty where there are none.
    pub fn programs(&self, key: &str) -> Vec<(String, Vec<String>)> {
        match self.get(key).map(|setting| &setting.value) {
            Some(Value::Programs(programs)) => {
                programs.iter().map(|(name, words)| (name.clone(), words.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A span of time.
    pub fn span(&self, key: &str) -> Option<Duration> {
        match self.get(key)?.value {
            Value::Span(span) => Some(span),
            _ => None,
        }
    }

    /// A size in bytes.
    pub fn size(&self, key: &str) -> Option<u64> {
        match self.get(key)?.value {
            Value::Size(size) => Some(size),
            _ => None,
        }
    }

    /// A moment.
    pub fn moment(&self, key: &str) -> Option<Time> {
        match self.get(key)?.value {
            Value::Moment(moment) => Some(moment),
            _ => None,
        }
    }

    /// A number.
    pub fn count(&self, key: &str) -> Option<u64> {
        match self.get(key)?.value {
            Value::Count(count) => Some(count),
            _ => None,
        }
    }

    /// Whether a flag is set; `false` where nothing says so.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Setting { value: Value::Flag(true), .. }))
    }

    pub(super) fn set_default(&mut self, key: &'static str, value: Value) {
        self.values.entry(key).or_insert(Setting { value, origin: Origin::Default, masked: false });
    }
}

/// The secrets of a table, resolved.
pub type Secrets = std::collections::HashMap<String, SecretString>;

impl Settings {
    /// Resolves every secret of the table, one after the other (a command may ask a key agent).
    ///
    /// # Errors
    /// The first that can't be had, with its key.
    pub async fn resolve_secrets(&self, environment: &Environment) -> Result<Secrets, (String, SecretError)> {
        let mut secrets = Secrets::new();
        for (key, secret) in self.secrets() {
            let secret = secret.resolve(environment).await.map_err(|error| (key.to_owned(), error))?;
            secrets.insert(key.to_owned(), secret);
        }
        Ok(secrets)
    }

    /// Whether this process could have all of the table's secrets: decides who may run a channel's engine.
    pub fn can_read_secrets(&self, environment: &Environment) -> Readable {
        let mut all = Readable::Yes;
        for (key, secret) in self.secrets() {
            match secret.can_read(environment) {
                Readable::Yes => {}
                Readable::Perhaps => all = Readable::Perhaps,
                Readable::No(why) => return Readable::No(format!("{key}: {why}")),
            }
        }
        all
    }
}

impl Setting {
    /// The value as one would write it in a file, secrets masked.
    pub fn shown(&self) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let list = |items: Vec<String>| format!("[{}]", items.join(", "));
        match &self.value {
            Value::Text(text) if self.masked && text.contains("://") => {
                let host = text.match_indices('/').nth(2).map_or(text.len(), |(at, _)| at);
                quoted(&format!("{}/***", &text[..host]))
            }
            Value::Text(text) if self.masked => {
                let end = text[1..].find('/').map_or(text.len(), |at| at + 1);
                // A path of one part is all secret.
                quoted(&if end == text.len() { "/***".to_owned() } else { format!("{}/***", &text[..end]) })
            }
            Value::Text(text) => quoted(text),
            Value::List(items) => list(items.iter().map(|item| quoted(item)).collect()),
            Value::Path(path) | Value::Templates(path, _) => quoted(&path.to_string_lossy()),
            Value::Paths(paths) => list(paths.iter().map(|path| quoted(&path.to_string_lossy())).collect()),
            Value::Store(StoreUrl::Sqlite(path)) => quoted(&format!("sqlite:{}", path.display())),
            Value::Store(StoreUrl::Postgres(url)) => quoted(&without_password(url.expose_secret())),
            Value::Address(address) => quoted(&address.to_string()),
            Value::Secret(secret) => secret.to_string(),
            Value::Span(span) => quoted(&written_span(*span)),
            Value::Size(size) => quoted(&written_size(*size)),
            Value::Moment(moment) => quoted(&rfc3339(*moment)),
            Value::Count(count) => count.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Zone(zone) => quoted(zone.name()),
            Value::Hours(hours) => list(hours.iter().map(|hours| quoted(&hours.to_string())).collect()),
            Value::Days(days) => list(days.iter().map(|day| quoted(&day.to_string())).collect()),
            Value::Marketplace(clock) => quoted(&match clock {
                MarketplaceClock::Default => "default".to_owned(),
                MarketplaceClock::None => "none".to_owned(),
                MarketplaceClock::Running(span) => written_span(*span),
                MarketplaceClock::BusinessHours(hours) => format!("{hours} business hours"),
                MarketplaceClock::BusinessDays(days) => format!("{days} business days"),
            }),
            Value::Programs(programs) => {
                let programs: Vec<String> = programs
                    .iter()
                    .map(|(name, words)| {
                        format!("{name} = {}", list(words.iter().map(|word| quoted(word)).collect()))
                    })
                    .collect();
                format!("{{ {} }}", programs.join(", "))
            }
            Value::Words(words) => {
                let words: Vec<String> =
                    words.iter().map(|(key, word)| format!("{key} = {}", quoted(word))).collect();
                format!("{{ {} }}", words.join(", "))
            }
        }
    }
}

fn written_size(bytes: u64) -> String {
    for (unit, unit_bytes) in [
        ("GB", 1_000_000_000),
        ("GiB", 1 << 30),
        ("MB", 1_000_000),
        ("MiB", 1 << 20),
        ("kB", 1000),
        ("KiB", 1 << 10),
    ] {
        if bytes > 0 && bytes.is_multiple_of(unit_bytes) {
            return format!("{}{unit}", bytes / unit_bytes);
        }
    }
    format!("{bytes}B")
}

impl std::fmt::Display for super::value::OpenHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        for (n, day) in self.days.iter().enumerate() {
            write!(f, "{}{}", if n > 0 { "," } else { "" }, day.to_string().to_lowercase())?;
        }
        write!(f, " {}-{}", clock(self.from_minute), clock(self.to_minute))
    }
}
