//! What is on disk, in the domain's terms.
//!
//! Three sides, one for each kind of caller: [`Reading`] (screens and commands), [`Desk`] (what an agent does) and
//! [`EngineSide`] (what the sync engine does). Every method is one transaction; a change is durable when it returns.
//! Engines of storage: [`sqlite`]; a second one would implement the same three traits.

pub mod crash;
pub mod sqlite;
#[cfg(test)]
pub(crate) mod story;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::domain::desk::{
    Changed, Commit, Committed, Count, Erased, ListRequest, Refusal, Seen, Sort, Way,
};
use crate::domain::{
    Action, ChannelHealth, ChannelName, Conversation, ConversationId, Delivery, Descriptor, Draft, DraftHeld,
    DraftKind, DraftSave, DraftWindow, Message, MessageId, OutboxRow, RowNumber, RowState, Time,
    attachment::StoredFile,
    change::Page,
    outbox::{Event, Happened, LocalChange, LogPlace, Lookup},
    presence::Present,
    query::Query,
    report::{Policies, Report, Scope, Track},
};

/// A store with all its sides.
pub trait Store: Reading + Desk + EngineSide {}

impl<T: Reading + Desk + EngineSide> Store for T {}

/// For screens and commands. Never writes.
#[async_trait]
pub trait Reading: Send + Sync {
    /// A page of a list.
    async fn list(&self, request: ListRequest) -> Result<Vec<Conversation>, StoreError>;
    /// How many conversations each query matches.
    async fn counts(&self, queries: Vec<Query>, me: String, now: Time) -> Result<Vec<Count>, StoreError>;
    /// One conversation.
    async fn conversation(
        &self,
        id: ConversationId,
        me: String,
        now: Time,
    ) -> Result<Option<Conversation>, StoreError>;
    /// The conversation of a vendor's name (or an alias of it).
    async fn find(
        &self,
        channel: ChannelName,
        remote_id: String,
    ) -> Result<Option<ConversationId>, StoreError>;
    /// The newest `limit` messages (before `before`, if given), oldest first. Deliverable order: vendor's time, then ours.
    async fn thread(
        &self,
        id: ConversationId,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError>;
    /// What happened in a conversation, oldest first.
    async fn history(&self, id: ConversationId) -> Result<Vec<Event>, StoreError>;
    /// The outbox, oldest first; of one conversation where given.
    async fn outbox(&self, of: Option<ConversationId>) -> Result<Vec<OutboxRow>, StoreError>;
    /// One row, while it is in the outbox.
    async fn row(&self, n: RowNumber) -> Result<Option<OutboxRow>, StoreError>;
    /// A message by its number.
    async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError>;
    /// The draft of an agent.
    async fn draft(
        &self,
        of: Option<ConversationId>,
        agent: String,
        kind: DraftKind,
    ) -> Result<Option<Draft>, StoreError>;
    /// All drafts of an agent, newest first.
    async fn drafts(&self, agent: String) -> Result<Vec<Draft>, StoreError>;
    /// Texts of a draft that gave way to others (another window's, or a draft thrown away), newest first.
    async fn draft_versions(
        &self,
        _of: Option<ConversationId>,
        _agent: String,
        _kind: DraftKind,
    ) -> Result<Vec<Draft>, StoreError> {
        Ok(Vec::new())
    }
    /// Other windows that have a conversation open or write in it; `window`: the one that asks.
    async fn present(
        &self,
        _id: ConversationId,
        _window: String,
        _now: Time,
    ) -> Result<Vec<Present>, StoreError> {
        Ok(Vec::new())
    }
    /// Reads the whole store and says what is damaged in it. Takes its time.
    async fn check(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
    /// How the channels are. Channels that no engine has ever led are in it too.
    async fn health(&self) -> Result<Vec<ChannelHealth>, StoreError>;
    /// Channels that are in the store only (imports).
    async fn imported_channels(&self) -> Result<Vec<ChannelName>, StoreError>;
    /// What a window of this agent noted when it last closed (view, conversation, scroll, …).
    async fn session(&self, agent: String) -> Result<Option<Value>, StoreError>;
    /// The words around the newest hit of a query's words in each of these conversations, in a line.
    async fn hits(
        &self,
        _query: Query,
        _of: Vec<ConversationId>,
    ) -> Result<Vec<(ConversationId, String)>, StoreError> {
        Ok(Vec::new())
    }
    /// Accounts that have opened this store.
    async fn members(&self) -> Result<Vec<String>, StoreError>;
    /// How often each canned reply was inserted on a channel: name, language (empty: every), uses.
    async fn canned_uses(&self, _channel: ChannelName) -> Result<Vec<(String, String, u64)>, StoreError> {
        Ok(Vec::new())
    }
    /// Where the bytes of a stored file are.
    fn file_path(&self, sha256: &str) -> PathBuf;
    /// The same, found by message and the attachment's number.
    async fn attachment_file(&self, message: MessageId, n: u32) -> Result<Option<StoredFile>, StoreError>;
    /// The log of the conversations after that number, in the order of their numbers, for figures.
    async fn tracks(&self, _after: ConversationId, _limit: usize) -> Result<Vec<Track>, StoreError> {
        Ok(Vec::new())
    }
    /// Where the log ends now.
    async fn log_end(&self) -> Result<LogPlace, StoreError> {
        Ok(LogPlace::default())
    }
    /// What happened after a place of the log, `limit` things at most, and the place after them. Nothing that was
    /// replayed: it happened long before.
    async fn happened(
        &self,
        after: LogPlace,
        _limit: usize,
    ) -> Result<(Vec<Happened>, LogPlace), StoreError> {
        Ok((Vec::new(), after))
    }
    /// What the channels have promised since when.
    async fn policies(&self) -> Result<Policies, StoreError> {
        Ok(Policies::new())
    }
    /// Resolves when anything was committed by anybody since `seen` (0: since never); answers the new mark. Never wakes
    /// up without cause.
    async fn changed(&self, seen: u64) -> u64;
}

/// Conversations whose log is in memory at a time.
const TRACKS: usize = 500;

/// The figures of a part of the log.
///
/// # Errors
/// Those of the store.
pub async fn report(store: &(impl Reading + ?Sized), scope: Scope) -> Result<Report, StoreError> {
    let policies = store.policies().await?;
    let mut report = Report::new(scope);
    let mut after = ConversationId(0);
    loop {
        let tracks = store.tracks(after, TRACKS).await?;
        for track in &tracks {
            report.add(track, &policies);
        }
        match tracks.last() {
            Some(last) if tracks.len() == TRACKS => after = last.conversation,
            _ => return Ok(report),
        }
    }
}

/// The answer to an agent's wish.
pub type Answer<T> = Result<Result<T, Refusal>, StoreError>;

/// What an agent does.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Notes that an account uses this store, and knows its channels.
    async fn open_as(&self, agent: String, channels: Vec<Descriptor>, now: Time) -> Result<(), StoreError>;
    /// Commits replies, creates and vendor-visible actions: outbox rows, their messages in the thread, the draft's end
    /// and the new status, in one transaction.
    async fn commit(&self, commit: Commit, now: Time) -> Answer<Committed>;
    /// A local change. `vendor`: the rows that the vendor's side of it needs (by the channel's capabilities), held
    /// until `held_until`.
    #[expect(clippy::too_many_arguments, reason = "each is a fact of its own")]
    async fn change(
        &self,
        id: ConversationId,
        change: LocalChange,
        vendor: Vec<(Action, String)>,
        held_until: Option<Time>,
        author: String,
        seen: Seen,
        now: Time,
    ) -> Answer<Changed>;
    /// Takes a row back that has not been sent (held, later, queued, parked, failed): its text becomes the author's
    /// draft, its row and message go, rows that waited for it go too.
    async fn take_back(&self, n: RowNumber, agent: String, now: Time) -> Answer<Option<Draft>>;
    /// Lets a parked or failed row (or, after the agent looked, an uncertain one) be sent now.
    async fn retry(&self, n: RowNumber, agent: String, now: Time) -> Answer<()>;
    /// The agent looked: an uncertain row is at the vendor.
    async fn mark_sent(&self, n: RowNumber, agent: String, now: Time) -> Answer<()>;
    /// Takes that back: the row is uncertain again, unless the vendor has shown it since.
    async fn unmark_sent(&self, n: RowNumber, agent: String, now: Time) -> Answer<()>;
    /// Drops a row that is not being sent, with its message.
    async fn discard(&self, n: RowNumber, agent: String, now: Time) -> Answer<()>;
    /// Saves a draft whoever wrote it; an empty one (no text, no files) is removed.
    async fn save_draft(&self, draft: Draft) -> Result<(), StoreError>;
    /// Reads a draft for a window that writes it: it is that window's from now on, unless another one has it open.
    async fn open_draft(
        &self,
        of: Option<ConversationId>,
        agent: String,
        kind: DraftKind,
        window: DraftWindow,
        now: Time,
    ) -> Result<(Option<Draft>, Option<DraftHeld>), StoreError>;
    /// Saves what a window writes and renews its lease. Refused where the draft is another window's; the text is then
    /// kept as a version of the draft.
    async fn write_draft(
        &self,
        draft: Draft,
        window: DraftWindow,
        how: DraftSave,
        now: Time,
    ) -> Result<Result<(), DraftHeld>, StoreError>;
    /// Takes a draft from the window that has it; both texts stay as versions. `mine`: what this window shows.
    async fn take_draft(
        &self,
        mine: Draft,
        window: DraftWindow,
        now: Time,
    ) -> Result<Option<Draft>, StoreError>;
    /// A window has closed its composer.
    async fn close_draft(
        &self,
        of: Option<ConversationId>,
        agent: String,
        kind: DraftKind,
        window: DraftWindow,
    ) -> Result<(), StoreError>;
    /// Notes which conversation a window has open; `None`: none any more.
    async fn be_present(
        &self,
        _agent: String,
        _window: DraftWindow,
        _of: Option<ConversationId>,
        _now: Time,
    ) -> Result<(), StoreError> {
        Ok(())
    }
    /// Notes what a window shows.
    async fn save_session(&self, agent: String, session: Value) -> Result<(), StoreError>;
    /// Counts that a canned reply was inserted on a channel.
    async fn count_canned(
        &self,
        _channel: ChannelName,
        _name: String,
        _lang: String,
    ) -> Result<(), StoreError> {
        Ok(())
    }
    /// Copies a file into the store; MIME by content.
    async fn add_file(&self, from: PathBuf, max_bytes: u64) -> Result<StoredFile, StoreError>;
    /// Imported conversations (kind `import`), safe to repeat; never sends.
    async fn import(
        &self,
        channel: ChannelName,
        conversations: Vec<Imported>,
        now: Time,
    ) -> Result<(), StoreError>;
    /// Erases everything of a conversation's customer in that channel, so that its bytes are gone; `only_look`: counts
    /// what that would take. Refused while something of them is on its way to the vendor.
    async fn erase_customer(
        &self,
        _id: ConversationId,
        _agent: String,
        _only_look: bool,
        _now: Time,
    ) -> Answer<Erased> {
        Ok(Err(Refusal::NotNow("this store erases nothing".into())))
    }
    /// Copies that the store made of itself, which an erasure does not reach.
    fn copies(&self) -> Vec<PathBuf> {
        Vec::new()
    }
    /// Notes how long an agent had a conversation's composer in front, for the report.
    async fn handled(
        &self,
        _id: ConversationId,
        _agent: String,
        _ms: i64,
        _now: Time,
    ) -> Result<(), StoreError> {
        Ok(())
    }
    /// Rings the doorbell without a change (wakes engines: `outbox retry`, `sync --once` beside a leader).
    async fn ring(&self) -> Result<(), StoreError>;
}

/// An imported conversation: what interface.md's import line says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// Conversation facts and messages, as a vendor would show them.
    pub page: Page,
    /// Its remote id.
    pub remote_id: String,
    /// Ours, as it stands in the file.
    pub status: crate::domain::Status,
    /// As it stands.
    pub assignee: Option<String>,
    /// As they stand.
    pub tags: Vec<String>,
}

/// What applying a page did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Conversations that changed.
    pub conversations: Vec<ConversationId>,
    /// Messages that are new.
    pub messages_new: usize,
}

/// Who leads a channel: the fence for everything that the engine settles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The channel.
    pub channel: ChannelName,
    /// Counts the leaders; an older epoch can settle nothing.
    pub epoch: i64,
}

/// A row that this engine may send, with what its channel needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// The row.
    pub row: OutboxRow,
    /// Its conversation as its vendor needs it; `None` for a create.
    pub target: Option<crate::store::TargetFacts>,
    /// The vendor's id of the quoted message.
    pub quote: Option<String>,
    /// The file's path, where it has one.
    pub file: Option<(StoredFile, PathBuf)>,
}

/// What the store knows of a conversation for a request to its vendor.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetFacts {
    /// The conversation, as this store has it now.
    pub conversation: Conversation,
    /// Further names.
    pub aliases: Vec<String>,
    /// The channel's own facts.
    pub facts: crate::domain::Facts,
    /// Whether an agent writes a reply right now: a reply's draft is held by a window.
    pub composing: bool,
    /// Keys, directions and times of the newest 500 messages that came from the vendor, oldest first.
    pub known: Vec<(String, crate::domain::Direction, Time)>,
}

/// How the error (and then the reason) of a row begins that waits because the vendor refused our credentials.
pub const LOCKED_OUT: &str = "credentials refused";

/// The channel's note of when its leader means to ask its vendor next, in milliseconds; [`Reading::health`] tells of it.
pub const NEXT_POLL: &str = "sync.next";
/// The channel's note of when a scan under way last had a page, in milliseconds.
pub const SCANS: &str = "sync.scans";

/// How a row ended, or goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// The vendor has it. `key`/`remote_id`: its message there; `conversation`: the new one's remote id.
    Sent {
        /// The key that the message will have when it comes back.
        key: Option<String>,
        /// The vendor's id.
        remote_id: Option<String>,
        /// For a create.
        conversation: Option<String>,
        /// The vendor's time of the message, where its answer says so.
        at: Option<Time>,
    },
    /// The vendor certainly did not act: again at `at`.
    Again {
        /// When.
        at: Time,
        /// Why; beginning with [`LOCKED_OUT`] where the vendor refused our credentials.
        error: String,
    },
    /// The vendor said no.
    Failed {
        /// Its words.
        error: String,
    },
    /// Nobody knows; look at `look_at`.
    Uncertain {
        /// What happened.
        error: String,
        /// The next look, `None`: no (further) look, a person decides.
        look_at: Option<Time>,
        /// What the last look found.
        lookup: Option<Lookup>,
    },
    /// Not sent: a person is asked.
    Parked {
        /// Why, in a sentence.
        reason: String,
    },
}

/// A webhook as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawWebhook {
    /// Its number.
    pub n: i64,
    /// The path it came by.
    pub path: String,
    /// The channels whose secret verified it.
    pub channels: Vec<ChannelName>,
    /// The body.
    pub body: Vec<u8>,
    /// When.
    pub received_at: Time,
}

/// A file that is at the vendor only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingDownload {
    /// Whose.
    pub message: MessageId,
    /// Its number within the conversation.
    pub n: u32,
    /// The vendor's name for its bytes.
    pub remote_ref: String,
    /// What the vendor announced.
    pub sha256: Option<String>,
    /// Tries so far.
    pub attempts: u32,
}

/// What the sync engine does.
#[async_trait]
pub trait EngineSide: Send + Sync {
    /// Applies a page with its notes, atomically. Idempotent.
    async fn apply(&self, channel: ChannelName, page: Page, now: Time) -> Result<Applied, StoreError>;
    /// A channel's note.
    async fn note(&self, channel: ChannelName, key: String) -> Result<Option<Value>, StoreError>;
    /// The remote ids of a channel's conversations that are neither resolved nor closed.
    async fn open_conversations(&self, channel: ChannelName) -> Result<Vec<String>, StoreError>;
    /// Whether a conversation is stored with more than its name.
    async fn knows(&self, channel: ChannelName, remote_id: String) -> Result<bool, StoreError>;

    /// Takes (or renews) the lead of a channel until `until`. `None`: somebody else has it. `service`: a service may
    /// take it from a window.
    async fn lead(
        &self,
        channel: ChannelName,
        holder: String,
        service: bool,
        until: Time,
        now: Time,
    ) -> Result<Option<Lease>, StoreError>;
    /// Gives the lead up.
    async fn yield_lead(&self, lease: Lease) -> Result<(), StoreError>;
    /// Notes how a contact with the vendor went (`None`: well).
    async fn note_health(
        &self,
        channel: ChannelName,
        trouble: Option<(String, String)>,
        now: Time,
    ) -> Result<(), StoreError>;

    /// Claims the next row of a channel that is due: `held` and `later` whose time is past, `queued`; not while another
    /// row of the same conversation is before it or on its way. Looks at gate and thread once more and parks instead
    /// where they forbid it. The row stays as it is on disk until [`begin`](Self::begin).
    async fn claim(&self, lease: Lease, now: Time) -> Result<Option<Claimed>, StoreError>;
    /// Notes an uploaded file of a claimed row.
    async fn uploaded(&self, lease: Lease, n: RowNumber, upload: String) -> Result<(), StoreError>;
    /// The file of a claimed row is on its way to the vendor: how many bytes have left (`None`: it is not any more).
    async fn uploading(&self, _lease: Lease, _n: RowNumber, _left: Option<u64>) -> Result<(), StoreError> {
        Ok(())
    }
    /// Uploads of a channel that were for messages which do not go, and which the vendor is to delete; `limit` at most.
    async fn unsent_uploads(&self, _channel: ChannelName, _limit: usize) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
    /// The vendor was asked to delete such an upload; `gone`: it is not there any more.
    async fn upload_asked(
        &self,
        _channel: ChannelName,
        _upload: String,
        _gone: bool,
    ) -> Result<(), StoreError> {
        Ok(())
    }
    /// Keys and times of messages sent from here between two moments that the vendor has taken and told nothing further
    /// of, newest first.
    async fn unreported(
        &self,
        _channel: ChannelName,
        _from: Time,
        _to: Time,
        _limit: usize,
    ) -> Result<Vec<(String, Time)>, StoreError> {
        Ok(Vec::new())
    }
    /// Marks a claimed row `sending`, durably, with what its look-up will need. `false`: it was taken back, or the lease is
    /// no longer ours; then nothing may be sent.
    async fn begin(&self, lease: Lease, n: RowNumber, evidence: Value, now: Time)
    -> Result<bool, StoreError>;
    /// Settles a row. `false`: the lease is no longer ours, nothing was changed.
    async fn settle(
        &self,
        lease: Lease,
        n: RowNumber,
        how: Settlement,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// Rows that a dead engine left in `sending` become uncertain (repeatable ones are queued again).
    async fn adopt(&self, lease: Lease, now: Time) -> Result<usize, StoreError>;
    /// The vendor took our credentials: rows that wait because it had refused them are due now. Answers how many.
    async fn release_locked_out(&self, _lease: Lease, _now: Time) -> Result<usize, StoreError> {
        Ok(0)
    }
    /// The next uncertain row whose look is due.
    async fn claim_look(&self, lease: Lease, now: Time) -> Result<Option<Claimed>, StoreError>;
    /// When the next row or look of a channel is due.
    async fn next_due(&self, channel: ChannelName) -> Result<Option<Time>, StoreError>;

    /// Stores a webhook whole. Durable when it returns.
    async fn put_webhook(
        &self,
        path: String,
        channels: Vec<ChannelName>,
        body: Vec<u8>,
        now: Time,
    ) -> Result<i64, StoreError>;
    /// The oldest webhook that has not been read.
    async fn next_webhook(&self) -> Result<Option<RawWebhook>, StoreError>;
    /// The oldest webhooks that have not been read, `limit` at most. Those whose [`webhook_done`](Self::webhook_done)
    /// is called for all at once, in their order, may share a transaction.
    async fn unread_webhooks(&self, limit: usize) -> Result<Vec<RawWebhook>, StoreError> {
        Ok(if limit == 0 { Vec::new() } else { Vec::from_iter(self.next_webhook().await?) })
    }
    /// A webhook has been read; `flags`: what could not be. Applies the pages in the same transaction.
    async fn webhook_done(
        &self,
        n: i64,
        pages: Vec<(ChannelName, Page)>,
        flags: Vec<String>,
        now: Time,
    ) -> Result<Applied, StoreError>;

    /// Files that are at the vendor only and are to be had, oldest first.
    async fn pending_downloads(
        &self,
        channel: ChannelName,
        limit: usize,
    ) -> Result<Vec<PendingDownload>, StoreError>;
    /// Where to write a file before its hash is known: always the same place, so that a later try finds what has come.
    async fn download_path(&self, message: MessageId, n: u32) -> Result<PathBuf, StoreError>;
    /// A file is on its way: how large it is, where that is known, and that everybody may look how much has come.
    async fn downloading(&self, message: MessageId, n: u32, size: Option<u64>) -> Result<(), StoreError>;
    /// A file came (`Ok(path)`: moved into the store under its hash) or did not (`Err(words, final)`; what has come of it
    /// stays where it is unless that is final).
    async fn downloaded(
        &self,
        message: MessageId,
        n: u32,
        result: Result<PathBuf, (String, bool)>,
        now: Time,
    ) -> Result<(), StoreError>;
    /// Closes what has been resolved for five days, wakes what slept long enough; answers when the next such thing is
    /// due.
    async fn tend(&self, now: Time) -> Result<Option<Time>, StoreError>;
}

/// What is wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened or used: a sentence with the next step (exit 7).
    #[error("{0}")]
    Unusable(String),
    /// The disk is full: nothing of this change was kept, everything before it was.
    #[error("the disk is full: {0}")]
    Full(String),
    /// A file to attach cannot be taken.
    #[error("{0}")]
    File(String),
    /// The storage engine's own words.
    #[error("the store failed: {0}")]
    Engine(String),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// The delivery state that a row's message shows.
pub fn delivery_of(state: RowState) -> Delivery {
    match state {
        RowState::Held => Delivery::Held,
        RowState::Later => Delivery::Later,
        RowState::Queued => Delivery::Queued,
        RowState::Sending => Delivery::Sending,
        RowState::Uncertain => Delivery::Uncertain,
        RowState::Parked => Delivery::Parked,
        RowState::Failed => Delivery::Failed,
    }
}

/// A store that is shared.
pub type SharedStore = Arc<dyn Store>;
