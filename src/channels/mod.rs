//! The vendors: one trait, one folder each.
//!
//! A channel speaks its vendor's protocol and nothing else: no retries over time, no store, no clock of its own. It
//! turns polls and webhooks into [`Page`]s of changes and carries out one action at a time. What it cannot do is in
//! its [`Descriptor`]'s capabilities, so that screens and commands say so before the wire is touched.
//!
//! # A fifth vendor
//!
//! 1. A folder here, `toy/`: its `mod.rs` has a `pub const KIND: `[`registry::Kind`]: the schema of its tables (with an
//!    example, which the configuration's checks read), its descriptor (how screens speak of it, what it can do), the
//!    builder of its [`Channel`], and a reader of any bytes for the fuzzers.
//! 2. One line in the registry below: `toy,` in `kinds!`.
//! 3. A file in the simulator, `toy.rs` (or a folder), with a `vendor()`, and one line in its registry: `toy,` in
//!    `further!` of `simulator/mod.rs`.
//!
//! Nothing else: configuration, `doctor`, screens, `simulate --write-config`, fuzz targets and `tests/conformance` go by
//! the two registries (`tests/architecture.rs` holds that nobody else names a kind).

pub mod download;
pub mod files;
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod json;
pub mod lenient;
pub mod pace;
pub mod registry;
pub mod tokens;

#[cfg(test)]
mod stand_in;

/// The registry: declares each kind's folder and puts its `KIND` into [`registry::KINDS`]. (`cargo fmt` does not follow a
/// module that a macro declares: `.ci/run` checks every file by its name.)
macro_rules! kinds {
    ($($kind:ident,)*) => {
        $(pub mod $kind;)*

        const ALL: &[registry::Kind] = &[$($kind::KIND),*];
    };
}

kinds! {
    thg,
    dsco,
    skyhub,
    whatsapp,
}

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use serde_json::Value;

use crate::domain::{
    Action, Customer, Descriptor, Facts, Gate, Outgoing, Time,
    attachment::StoredFile,
    change::{Change, Page},
    outbox::SetFields,
};

/// A configured account at a vendor, ready to talk.
#[async_trait]
pub trait Channel: Send + Sync {
    /// What it is and can do.
    fn descriptor(&self) -> &Descriptor;

    /// Logs in and does one cheap read, for `deskline doctor`. `skew`: the vendor's clock minus ours, where its answer
    /// carries a `Date`.
    async fn check(&self) -> Result<Checked, ChannelError>;

    /// Reads the vendor's side and hands it to `sink` page by page. Pages are stored in their order, each in one
    /// transaction with the notes that it carries, maybe together with the next ones, while the scan goes on; all of
    /// them before it counts as ended, and before `memory` answers what they bear on. A scan that fails half-way has
    /// moved no cursor. Dropping the future stops it.
    ///
    /// # Errors
    /// The first fault ends the scan. An outage is an error, never an empty inbox.
    async fn scan(&self, sweep: Sweep, memory: &dyn Memory, sink: &mut dyn Sink) -> Result<(), ChannelError>;

    /// Brings a file to the vendor ahead of its message; the answer is the vendor's name for it. Repeating it is
    /// harmless. Never called where `capabilities.files` is `None`. `told` hears how many bytes have left.
    async fn upload(
        &self,
        _file: &StoredFile,
        _path: &Path,
        _told: files::Told,
    ) -> Result<String, ChannelError> {
        Err(ChannelError::ours("this channel takes no files"))
    }

    /// Whether what [`upload`](Self::upload) answered is still good for a send; where it is not, the file is brought
    /// once more.
    fn upload_serves(&self, _upload: &str) -> bool {
        true
    }

    /// Tells the vendor to delete what [`upload`](Self::upload) brought there, for a message that does not go. That it is
    /// gone already is fine; repeating it is harmless.
    async fn forget_upload(&self, _upload: &str) -> Result<(), ChannelError> {
        Ok(())
    }

    /// Looks at the vendor's side right before a send whose outcome could become uncertain, and notes what
    /// [`look_up`](Self::look_up) will need. The note is on disk before the first byte of the send leaves.
    async fn prepare(&self, _send: &Sending<'_>) -> Result<Prepared, ChannelError> {
        Ok(Prepared::default())
    }

    /// Sends one message or starts one conversation. Exactly one write at the vendor (a token may be renewed and,
    /// where the vendor certainly did not act, the same write repeated once).
    ///
    /// # Errors
    /// `retry` says what is known: `Safe` the vendor certainly did not act, `Never` it said no, `Unclear` bytes left
    /// and no clear answer came.
    async fn send(&self, send: &Sending<'_>) -> Result<Sent, ChannelError>;

    /// Looks for an uncertain send at the vendor, by the vendor's own recipe.
    async fn look_up(&self, send: &Sending<'_>) -> Result<Found, ChannelError>;

    /// Carries out an action that may be repeated: status, read mark, fields. The answer holds what the vendor's side
    /// shows afterwards, where it was read again.
    async fn set(&self, target: &Target, what: &Set) -> Result<Page, ChannelError>;

    /// Fetches the bytes of an attachment into `part`, going on from what an earlier try left there where the vendor
    /// lets it, and checks the announced hash. What has come when it breaks off stays in the part.
    async fn download(
        &self,
        _remote_ref: &str,
        _part: &mut download::Part<'_>,
    ) -> Result<Downloaded, ChannelError> {
        Err(ChannelError::ours("this channel has no files"))
    }

    /// Its webhook side, where it has one.
    fn webhook(&self) -> Option<&dyn Webhook> {
        None
    }
}

/// How thorough a scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// The fast loop: what is likely to be new. At most a few requests where nothing is.
    Fast,
    /// Everything, leaving nothing out.
    Full,
}

/// The channel's private notes of earlier pages, and what is stored already.
#[async_trait]
pub trait Memory: Send + Sync {
    /// The note under `key`, as the last page left it.
    async fn note(&self, key: &str) -> Result<Option<Value>, ChannelError>;

    /// The remote ids of this channel's conversations that are neither resolved nor closed here.
    async fn open_conversations(&self) -> Result<Vec<String>, ChannelError>;

    /// Whether a conversation is stored with more than its name (it has been the subject of a `Conversation` change).
    async fn knows(&self, remote_id: &str) -> Result<bool, ChannelError>;

    /// Keys and times of messages sent from here between two moments that the vendor has taken and told nothing further
    /// of, newest first.
    async fn unreported(
        &self,
        _from: Time,
        _to: Time,
        _limit: usize,
    ) -> Result<Vec<(String, Time)>, ChannelError> {
        Ok(Vec::new())
    }
}

/// Where a scan's pages go.
#[async_trait]
pub trait Sink: Send {
    /// Takes a page to be stored in one transaction, with its notes. An error may be that of a page before.
    async fn page(&mut self, page: Page) -> Result<(), ChannelError>;

    /// Counts a request to the vendor (for `sync --json` and `:stats`).
    fn requested(&mut self) {}
}

/// A conversation as a request to its vendor needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The vendor's name for it.
    pub remote_id: String,
    /// Further names.
    pub aliases: Vec<String>,
    /// What the channel itself noted of it (`ConversationSeen::facts`).
    pub facts: Facts,
    /// The person.
    pub customer: Customer,
    /// The gate as last known.
    pub gate: Gate,
    /// Whether an agent writes a reply right now.
    pub composing: bool,
    /// The `key`s of the stored messages, oldest first, with their direction's word (`inbound`/`outbound`). At most the
    /// newest 500.
    pub known: Vec<KnownMessage>,
}

/// A stored message, as much as a request needs.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownMessage {
    /// Its key within the channel.
    pub key: String,
    /// Seen from us.
    pub direction: crate::domain::Direction,
    /// The vendor's time.
    pub at: Time,
}

/// One send: a reply or a create.
#[derive(Clone, Debug)]
pub struct Sending<'a> {
    /// `Reply` or `Create`.
    pub action: &'a Action,
    /// The conversation; `None` for a create.
    pub target: Option<&'a Target>,
    /// The name of this send, unique for ever.
    pub send_id: &'a str,
    /// When the row was marked as sending: the start for look-ups.
    pub started_at: Time,
    /// The vendor's id of the quoted message, resolved.
    pub quote: Option<String>,
    /// What [`Channel::upload`] answered, where there is a file.
    pub upload: Option<String>,
    /// What [`Channel::prepare`] noted (`Null` before).
    pub evidence: &'a Value,
}

impl Sending<'_> {
    /// The message that is sent.
    ///
    /// # Errors
    /// `ours` where the action carries none: a mistake of the caller.
    pub fn outgoing(&self) -> Result<&Outgoing, ChannelError> {
        self.action.outgoing().ok_or_else(|| ChannelError::ours("this action carries no message"))
    }
}

/// What [`Channel::prepare`] found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prepared {
    /// For the look-up; stored in the row.
    pub evidence: Value,
    /// What was read on the way; applied before the send, so that gate and thread are looked at once more.
    pub page: Page,
}

/// A send that the vendor took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sent {
    /// The `key` that the message will have when it comes back in a scan, where the vendor names it at once.
    pub key: Option<String>,
    /// The vendor's message id, where it has one.
    pub remote_id: Option<String>,
    /// For a create: the new conversation's remote id, where the vendor names it at once.
    pub conversation: Option<String>,
    /// The vendor's time of the message, where it names one.
    pub at: Option<Time>,
    /// What the answer showed besides.
    pub changes: Vec<Change>,
}

/// What a look-up came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// It is there.
    There(Sent),
    /// Not (yet). What was looked for, in a sentence for the agent.
    Absent(String),
    /// The vendor offers no way to look.
    CannotLook(String),
}

/// An action that may be repeated.
#[derive(Clone, Debug, PartialEq)]
pub enum Set {
    /// Close.
    Close,
    /// Reopen.
    Reopen,
    /// Mark read up to the newest message stored.
    Read,
    /// Mark unread.
    Unread,
    /// Reference id, title, due date.
    Fields(SetFields),
}

/// Bytes that were fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// How many.
    pub size: u64,
    /// What the vendor called them.
    pub mime: Option<String>,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// In a sentence: `logged in as care@example.com, 12 discussions`.
    pub said: String,
    /// The vendor's clock minus ours, where it is known.
    pub skew: Option<chrono::TimeDelta>,
}

/// The webhook side of a channel. Pure: no IO.
pub trait Webhook: Send + Sync {
    /// The path that the listener serves for it (`/webhook/whatsapp`). Several channels may share one.
    fn path(&self) -> &str;

    /// The answer to the vendor's check of the address (a GET), where its token is ours.
    fn challenge(&self, query: &[(String, String)]) -> Option<String>;

    /// What to look at where no webhook has come, in a sentence.
    fn advice(&self) -> String {
        "check the vendor's webhook address and the proxy".into()
    }

    /// Whether these bytes are the vendor's (signature over the raw body), in constant time.
    fn verifies(&self, signature: Option<&str>, body: &[u8]) -> bool;

    /// The parts of a body that are for this account. `alone`: no other channel shares the path, so what names no
    /// account, or an unknown one, is for this one. Never fails: what cannot be read is counted in `unread`.
    fn parse(&self, body: &[u8], received_at: Time, alone: bool) -> Parsed;
}

/// What a webhook's body held for one account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The changes.
    pub page: Page,
    /// Parts that could not be read, in a sentence each: the raw body stays, flagged.
    pub unread: Vec<String>,
    /// Parts that name another account.
    pub others: usize,
}

/// What is known after a request that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The vendor said no: asking again gives the same.
    Never,
    /// The vendor certainly did not act: ask again, no sooner than this.
    Safe(Option<Duration>),
    /// Bytes left and no clear answer came: a write may or may not have happened.
    Unclear,
}

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Our credentials were refused (exit 4).
    Credentials,
    /// The vendor refused the request (exit 5).
    Refused,
    /// The vendor refused because the window is shut: only a template may go.
    WindowClosed,
    /// The vendor refused because the conversation cannot be written to now (mediation, closed).
    GateClosed,
    /// Too many requests.
    RateLimited,
    /// No connection.
    Unreachable,
    /// The vendor answers, but not with what its contract says: 5xx, HTML, `null` where a list belongs.
    Outage,
    /// The answer could not be had after the request left.
    NoAnswer,
    /// Something of ours: a request that must not be made, a file that cannot be read, the store.
    Ours,
}

/// A request that did not succeed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{words}")]
pub struct ChannelError {
    /// What kind.
    pub kind: ErrorKind,
    /// What is known now.
    pub retry: Retry,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// The vendor's own words where it gave any, else ours. Hostile until made safe. Never a secret.
    pub words: String,
    /// What the vendor's side showed while refusing (a chat that is PAUSED now), to be applied.
    pub page: Option<Box<Page>>,
    /// The word for the list's header, where the kind's own says too little (`banned`).
    pub word: Option<String>,
}

impl ChannelError {
    /// An error with the vendor's (or our) words.
    pub fn new(kind: ErrorKind, retry: Retry, words: impl Into<String>) -> Self {
        Self { kind, retry, status: None, words: words.into(), page: None, word: None }
    }

    /// A mistake or trouble on our side; nothing left the house.
    pub fn ours(words: impl Into<String>) -> Self {
        Self::new(ErrorKind::Ours, Retry::Never, words)
    }

    /// With the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The word for the list's header: `401`, `unreachable`, `rate limit`.
    pub fn short(&self) -> String {
        match (self.status, self.kind) {
            _ if self.word.is_some() => self.word.clone().unwrap_or_default(),
            (Some(status), _) => status.to_string(),
            (None, ErrorKind::Credentials) => "login refused".into(),
            (None, ErrorKind::RateLimited) => "rate limit".into(),
            (None, ErrorKind::Unreachable) => "unreachable".into(),
            (None, ErrorKind::NoAnswer) => "no answer".into(),
            (None, ErrorKind::Outage) => "outage".into(),
            (None, _) => "refused".into(),
        }
    }
}
