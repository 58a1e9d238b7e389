//! The configuration as the rooms use it: plain data.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::NaiveDate;

use super::{
    error::{Origin, Problem},
    layers::LayerFile,
    secret::SecretRef,
    settings::Settings,
    value::{MarketplaceClock, OpenHours, StoreUrl},
};
use crate::domain::{ChannelKind, ChannelName, Time};

/// Everything that is configured, defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who sits here.
    pub agent: AgentConfig,
    /// Where conversations are kept.
    pub store: StoreConfig,
    /// How often vendors are asked.
    pub sync: SyncConfig,
    /// The listener for webhooks, `None` where none is wanted.
    pub webhook: Option<WebhookConfig>,
    /// The accounts, in the order of the files. May be empty: everything works but sending.
    pub channels: Vec<ChannelConfig>,
    /// Who can be assigned. Empty: every account that has opened the store.
    pub members: Vec<MemberConfig>,
    /// Tabs after the built-in ones. Their queries are not parsed here.
    pub views: Vec<ViewConfig>,
    /// Programs that are told what happens.
    pub hooks: Vec<HookConfig>,
    /// Business hours.
    pub calendars: Vec<CalendarConfig>,
    /// Writing and sending.
    pub compose: ComposeConfig,
    /// What SKUs are called: a CSV file `sku,title,url`.
    pub products_file: Option<PathBuf>,
    /// The screen.
    pub ui: UiConfig,
    /// Keys.
    pub keys: KeysConfig,
    /// What is odd but does not stop anything.
    pub warnings: Vec<Problem>,
    /// The files that were looked for, the lowest layer first.
    pub files: Vec<LayerFile>,
    /// Every effective value with its origin, secrets masked: what `config show` prints.
    pub effective: Vec<EffectiveValue>,
}

impl Config {
    /// The channel of that name.
    pub fn channel(&self, name: &str) -> Option<&ChannelConfig> {
        self.channels.iter().find(|channel| channel.name.0 == name)
    }

    /// The calendar that a channel refers to.
    pub fn calendar_of(&self, channel: &ChannelConfig) -> Option<&CalendarConfig> {
        let name = channel.calendar.as_deref()?;
        self.calendars.iter().find(|calendar| calendar.name == name)
    }
}

/// `[agent]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentConfig {
    /// The Unix account: what stands in assignee and log.
    pub login: String,
    /// How it is shown. Default: the account's full name, else its login.
    pub name: String,
    /// Languages that the agent answers in. Default: none named.
    pub languages: Vec<String>,
}

/// `[store]`
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Where it is. Default: `$XDG_DATA_HOME/deskline/deskline.db`.
    pub url: StoreUrl,
    /// The password of a PostgreSQL store, where it is not in the url.
    pub password: Option<SecretRef>,
    /// The group that shares it: files 0660, folders 2770. Default: nobody (0600, 0700).
    pub group: Option<String>,
    /// The account that owns it. Default: whoever runs this.
    pub owner: Option<String>,
    /// Where the url was said.
    pub origin: Origin,
    /// Where attachments are: beside a SQLite store, in the user's data folder otherwise.
    pub attachments: PathBuf,
}

impl StoreConfig {
    /// The file of a SQLite store.
    pub fn file(&self) -> Option<&Path> {
        match &self.url {
            StoreUrl::Sqlite(path) => Some(path),
            StoreUrl::Postgres(_) => None,
        }
    }
}

/// `[sync]`. Channels carry their own copy of all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncConfig {
    /// Between two looks for news, at least a second. Default 60 s.
    pub poll_interval: Duration,
    /// The time over which everything is looked at again. Default 15 min.
    pub sweep_interval: Duration,
    /// Requests a second and vendor bucket; 0 is no limit of ours. Default 4.
    pub max_rate: u32,
    /// The largest file that is fetched, in bytes. Default 25 MB.
    pub max_attachment_bytes: u64,
}

/// `[webhook]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// Where to listen. Plain HTTP.
    pub listen: SocketAddr,
}

/// `[[channel]]`
#[derive(Clone, Debug)]
pub struct ChannelConfig {
    /// Its name.
    pub name: ChannelName,
    /// Its kind.
    pub kind: ChannelKind,
    /// Its letters in the list, unlike every other channel's unless somebody wrote so.
    pub short: String,
    /// Languages of its customers. Default: none named.
    pub languages: Vec<String>,
    /// The business hours of its company clock; names one of [`Config::calendars`]. Default: every hour.
    pub calendar: Option<String>,
    /// The company's target for the first answer, in business hours. Default: none.
    pub first_response: Option<Duration>,
    /// The company's target for every later answer. Default: none.
    pub next_response: Option<Duration>,
    /// The vendor's own deadline.
    pub marketplace_clock: MarketplaceClock,
    /// How long a reply is held for undo. Default: by kind, 10 s or 3 s.
    pub undo_window: Duration,
    /// What the pre-flight does about findings.
    pub lint: LintConfig,
    /// Between two looks for news. Default: [`SyncConfig`]'s.
    pub poll_interval: Duration,
    /// The time of a full look. Default: [`SyncConfig`]'s.
    pub sweep_interval: Duration,
    /// Requests a second and bucket; 0 is no limit of ours. Default: [`SyncConfig`]'s.
    pub max_rate: u32,
    /// The largest file that is fetched, in bytes. Default: [`SyncConfig`]'s.
    pub max_attachment_bytes: u64,
    /// Whether plain http:// is taken beyond loopback. Default no.
    pub allow_http: bool,
    /// All of its keys, those of its kind too, by name.
    pub settings: Settings,
}

/// What the pre-flight does about findings in a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LintConfig {
    /// E-mail addresses and telephone numbers.
    pub contact: Lint,
    /// Links.
    pub links: Lint,
}

/// What is done about a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lint {
    /// Nothing sends.
    Block,
    /// It is shown and may be sent all the same.
    #[default]
    Warn,
    /// It is not looked for.
    Off,
}

/// `[[member]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberConfig {
    /// The Unix account, or the role of PostgreSQL.
    pub login: String,
    /// How it is shown. Default: the login.
    pub name: String,
    /// Languages that this person answers in.
    pub languages: Vec<String>,
    /// Teams.
    pub teams: Vec<String>,
    /// What this person may do. Default: agent.
    pub role: MemberRole,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberRole {
    /// Answers.
    Agent,
    /// Also settles others' rows and erases.
    Lead,
    /// Everything.
    Admin,
}

/// `[[view]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewConfig {
    /// What the tab says.
    pub name: String,
    /// What it holds, in the query language; checked by whoever parses it.
    pub query: String,
    /// Where the query was said.
    pub origin: Origin,
}

/// `[[hook]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookConfig {
    /// What the log calls it.
    pub name: String,
    /// What it is told of: words of [`crate::domain::outbox::HAPPENINGS`].
    pub on: Vec<String>,
    /// The program and its arguments.
    pub command: Vec<String>,
}

/// `[[calendar]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarConfig {
    /// What channels call it.
    pub name: String,
    /// The zone of its hours and days.
    pub zone: chrono_tz::Tz,
    /// When it is open; spans of one day do not overlap.
    pub hours: Vec<OpenHours>,
    /// Days on which it is shut.
    pub holidays: Vec<NaiveDate>,
}

/// `[compose]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeConfig {
    /// What a reply does to new and open conversations. Default: pending.
    pub after_send: AfterSend,
    /// Folders of canned replies, the later wins. They need not exist.
    pub canned: Vec<PathBuf>,
    /// Programs that a text can go through, by name, with their arguments.
    pub filters: Vec<(String, Vec<String>)>,
    /// The program of Ctrl-x e. `None`: `$VISUAL`, `$EDITOR`, vi.
    pub editor: Option<Vec<String>>,
}

/// What a reply does to the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterSend {
    /// new and open become pending.
    Pending,
    /// The status stays.
    Keep,
}

/// `[ui]`
#[derive(Clone, Debug)]
pub struct UiConfig {
    /// The zone of times on the screen. Default: `TZ`, else the box's, else UTC.
    pub zone: chrono_tz::Tz,
    /// The screen's language. Default English.
    pub lang: crate::domain::Lang,
    /// auto, dark, light, mono. Default auto.
    pub theme: String,
    /// Whether the mouse is ours from the start. Default no.
    pub mouse: bool,
    /// bel, osc9, osc777, none. Default bel.
    pub bell: String,
    /// Whether the window's title says how much waits. Default no.
    pub title: bool,
    /// The word that opens the locked screen. `None`: Enter twice.
    pub pin: Option<super::SecretRef>,
    /// How long an Esc waits for the rest of a key. Default 50 ms, over SSH 150 ms.
    pub esc_timeout: Duration,
    /// What opens an attachment. Default xdg-open.
    pub opener: Vec<String>,
}

/// `[keys]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysConfig {
    /// default, gmail, mutt, arrows. Default: default.
    pub preset: String,
    /// What is bound over the preset, in the order of the file. Actions and keys are checked by whoever knows them.
    pub bindings: Vec<KeyBinding>,
}

/// An entry of `[keys]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBinding {
    /// The action; in a table of its own (`[keys.composer]`) with that in front: `composer.send-reply`.
    pub action: String,
    /// Its keys; empty unbinds it.
    pub keys: Vec<String>,
    /// Where it was said.
    pub origin: Origin,
}

/// A value and where it came from, as `config show` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveValue {
    /// `sync.poll_interval`, `channel.americanas.url`.
    pub key: String,
    /// As one would write it in a file, secrets masked.
    pub value: String,
    /// Where it was said.
    pub origin: Origin,
}

/// How far back a channel's first scan goes where its `start` does not say: 30 days before `now`.
pub fn default_start(now: Time) -> Time {
    now - chrono::TimeDelta::days(30)
}
