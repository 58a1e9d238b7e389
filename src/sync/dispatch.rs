//! One outbox row from claim to settlement, and one look for an uncertain one.
//!
//! Nothing leaves the house before the row is `sending` on disk. What is not known to have failed is never sent again:
//! it becomes uncertain and is looked up.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{chance::Chance, machine::Fault};
use crate::{
    channels::{
        Channel, ChannelError, ErrorKind, Found, KnownMessage, Retry, Sending, Sent, Set, Target, files::Told,
    },
    domain::{
        Action, ChannelName, Gate, OutboxRow, RowNumber, RowState, Time, attachment::StoredFile,
        change::Page, outbox::Lookup, time::Clock,
    },
    store::{
        Claimed, LOCKED_OUT, Lease, Settlement, SharedStore, StoreError, TargetFacts, crash::crash_point,
    },
};

/// When an uncertain send is looked up, counted from the moment it left.
pub const LOOKS: [Duration; 4] =
    [Duration::from_secs(10), Duration::from_mins(1), Duration::from_mins(5), Duration::from_mins(15)];

/// How often everybody is told how much of a file has left; a quick one is on its way for nobody.
const TELL_EVERY: Duration = Duration::from_millis(500);
const FIRST_RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_mins(5);
/// The engine holds the whole channel back longer; a restart with new credentials finds the row soon due.
const LOCKED_OUT_ROW: Duration = Duration::from_mins(1);
/// How often a settlement is tried where the store fails (a full disk): meanwhile the row says `sending`.
const SETTLE_TRIES: u32 = 6;

/// What sending needs: one channel, the store, the time, chance.
pub(super) struct Post {
    pub store: SharedStore,
    pub channel: Arc<dyn Channel>,
    pub clock: Arc<dyn Clock>,
    pub chance: Mutex<Chance>,
    /// From now on no message leaves any more: it is left to whoever leads next. What may be repeated still goes.
    pub closing: CancellationToken,
    /// Tries that ended before the row was `sending`, which its own count may not know.
    tries: Mutex<HashMap<RowNumber, u32>>,
}

/// How a row or a look ended.
#[derive(Debug, Default)]
pub(super) struct Dispatched {
    /// The fault, where it is the channel's rather than the row's.
    pub fault: Option<Fault>,
    /// What went wrong with this row.
    pub error: Option<ChannelError>,
}

/// Why a row could not be settled.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The lease is somebody else's now. Nothing was changed.
    Fenced,
    /// The store fails.
    Store(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Post {
    pub(super) fn new(
        store: SharedStore,
        channel: Arc<dyn Channel>,
        clock: Arc<dyn Clock>,
        chance: Chance,
    ) -> Self {
        let closing = CancellationToken::new();
        Self { store, channel, clock, chance: Mutex::new(chance), closing, tries: Mutex::default() }
    }

    pub(super) fn name(&self) -> ChannelName {
        self.channel.descriptor().name.clone()
    }

    /// Carries a claimed row out and settles it.
    pub(super) async fn deliver(&self, lease: &Lease, claimed: Claimed) -> Result<Dispatched, Stopped> {
        let n = claimed.row.n;
        let done = match as_set(&claimed.row.action) {
            Some(set) => self.set(lease, &claimed, &set).await,
            None => self.send(lease, &claimed).await,
        };
        match &done {
            Ok(Dispatched { error: None, .. }) => {
                tracing::debug!(channel = %lease.channel, row = n.0, "settled");
            }
            Ok(Dispatched { error: Some(error), .. }) => tracing::info!(
                channel = %lease.channel, row = n.0, kind = ?error.kind, retry = ?error.retry, status = error.status,
                "not sent"
            ),
            Err(Stopped::Fenced) => {
                tracing::warn!(channel = %lease.channel, row = n.0, "the lease is no longer ours");
            }
            Err(Stopped::Store(error)) => {
                tracing::error!(channel = %lease.channel, row = n.0, %error, "the row could not be settled");
            }
        }
        done
    }

    /// Looks for an uncertain send at the vendor and settles what it finds.
    pub(super) async fn look_up(&self, lease: &Lease, claimed: Claimed) -> Result<Dispatched, Stopped> {
        let row = &claimed.row;
        let left_at = row.sent_at.unwrap_or(row.created_at);
        let target = claimed.target.as_ref().map(|facts| target_of(facts, self.clock.now()));
        let sending = Sending {
            action: &row.action,
            target: target.as_ref(),
            send_id: &row.send_id,
            started_at: left_at,
            quote: claimed.quote.clone(),
            upload: row.upload.clone(),
            evidence: &row.evidence,
        };
        let found = self.channel.look_up(&sending).await;
        let now = self.clock.now();
        let was = row.error.clone().unwrap_or_else(|| "no clear answer came".to_owned());
        let lookup = |found: String| Some(Lookup { at: now, found });
        match found {
            Ok(Found::There(sent)) => {
                self.settle_sent(lease, row.n, sent).await?;
                Ok(Dispatched::default())
            }
            Ok(Found::Absent(what)) => {
                let how = Settlement::Uncertain {
                    error: was,
                    look_at: next_look(left_at, now),
                    lookup: lookup(what),
                };
                self.settle(lease, row.n, how).await?;
                Ok(Dispatched::default())
            }
            // The vendor's later word (a status) settles it, or a person.
            Ok(Found::CannotLook(why)) => {
                let how = Settlement::Uncertain { error: was, look_at: None, lookup: lookup(why) };
                self.settle(lease, row.n, how).await?;
                Ok(Dispatched::default())
            }
            // That was no look: it is done again until there is one.
            Err(error) => {
                self.apply_shown(&error).await?;
                let look_at = Some(now + self.wait(row.n, row.lookups.len(), &error));
                let how = Settlement::Uncertain { error: was, look_at, lookup: None };
                self.settle(lease, row.n, how).await?;
                Ok(Dispatched { fault: fault_of(&error), error: Some(error) })
            }
        }
    }

    /// An action that may be repeated.
    async fn set(&self, lease: &Lease, claimed: &Claimed, set: &Set) -> Result<Dispatched, Stopped> {
        let row = &claimed.row;
        let Some(facts) = &claimed.target else {
            return self.fail(lease, row, "the vendor does not know this conversation yet").await;
        };
        let now = self.clock.now();
        if !self.store.begin(lease.clone(), row.n, Value::Null, now).await? {
            return self.not_begun(row).await;
        }
        let answer = self.channel.set(&target_of(facts, now), set).await;
        crash_point("answer", "after");
        match answer {
            Ok(page) => {
                self.settle_sent(lease, row.n, Sent::default()).await?;
                self.apply(page).await?;
                Ok(Dispatched::default())
            }
            // Doing it twice does no harm, so "nobody knows" is simply done again.
            Err(error) => self.not_sent(lease, row, error, Unclear::Again).await,
        }
    }

    /// A reply or a create.
    async fn send(&self, lease: &Lease, claimed: &Claimed) -> Result<Dispatched, Stopped> {
        let row = &claimed.row;
        let creates = matches!(row.action, Action::Create(_));
        if claimed.target.is_none() && !creates {
            return self.fail(lease, row, "the vendor does not know this conversation yet").await;
        }
        let target = claimed.target.as_ref().map(|facts| target_of(facts, self.clock.now()));

        let upload = match self.uploaded(lease, claimed).await? {
            Ok(upload) => upload,
            Err(error) => return self.not_sent(lease, row, error, Unclear::Again).await,
        };

        let nothing = Value::Null;
        let sending = Sending {
            action: &row.action,
            target: target.as_ref(),
            send_id: &row.send_id,
            started_at: self.clock.now(),
            quote: claimed.quote.clone(),
            upload,
            evidence: &nothing,
        };
        let prepared = match self.channel.prepare(&sending).await {
            Ok(prepared) => prepared,
            Err(error) if matches!(error.kind, ErrorKind::GateClosed | ErrorKind::WindowClosed) => {
                self.apply_shown(&error).await?;
                let how = Settlement::Parked { reason: error.words.clone() };
                self.settle(lease, row.n, how).await?;
                return Ok(Dispatched { fault: None, error: Some(error) });
            }
            Err(error) => return self.not_sent(lease, row, error, Unclear::Again).await,
        };
        if !prepared.page.changes.is_empty() || !prepared.page.memory.is_empty() {
            self.apply(prepared.page).await?;
            if let Some(reason) = self.forbidden(row).await? {
                self.settle(lease, row.n, Settlement::Parked { reason }).await?;
                return Ok(Dispatched::default());
            }
        }

        if self.closing.is_cancelled() {
            return Ok(Dispatched::default());
        }
        let started_at = self.clock.now();
        if !self.store.begin(lease.clone(), row.n, prepared.evidence.clone(), started_at).await? {
            return self.not_begun(row).await;
        }
        let sending = Sending { started_at, evidence: &prepared.evidence, ..sending };
        let answer = self.channel.send(&sending).await;
        crash_point("answer", "after");
        match answer {
            Ok(sent) => {
                self.settle_sent(lease, row.n, sent).await?;
                Ok(Dispatched::default())
            }
            Err(error) => self.not_sent(lease, row, error, Unclear::Uncertain { left_at: started_at }).await,
        }
    }

    /// The row may not be sent: taken back, parked, or no longer ours to send.
    async fn not_begun(&self, row: &OutboxRow) -> Result<Dispatched, Stopped> {
        let still = self.store.row(row.n).await?;
        if still.is_some_and(|row| matches!(row.state, RowState::Held | RowState::Later | RowState::Queued)) {
            return Err(Stopped::Fenced);
        }
        Ok(Dispatched::default())
    }

    /// The vendor's name of the row's file, `None` where it has no file. Repeating an upload is harmless.
    async fn uploaded(
        &self,
        lease: &Lease,
        claimed: &Claimed,
    ) -> Result<Result<Option<String>, ChannelError>, Stopped> {
        let row = &claimed.row;
        let serves = row.upload.as_deref().is_some_and(|upload| self.channel.upload_serves(upload));
        if serves || row.action.outgoing().is_none_or(|outgoing| outgoing.file.is_none()) {
            return Ok(Ok(row.upload.clone()));
        }
        let Some((file, path)) = &claimed.file else {
            return Ok(Err(ChannelError::ours("the attached file is no longer in the store")));
        };
        let answer = self.brought(lease, row.n, file, path).await;
        crash_point("upload", "after");
        match answer {
            Ok(name) => {
                self.store.uploaded(lease.clone(), row.n, name.clone()).await?;
                Ok(Ok(Some(name)))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Uploads a file, and tells everybody now and then how much of it has left.
    async fn brought(
        &self,
        lease: &Lease,
        n: RowNumber,
        file: &StoredFile,
        path: &Path,
    ) -> Result<String, ChannelError> {
        let (tell, mut heard) = watch::channel(0);
        let told: Told = Arc::new(move |left| {
            tell.send_replace(left);
        });
        let said = AtomicBool::new(false);
        let spread = async {
            loop {
                self.clock.sleep_until(self.clock.now() + TELL_EVERY).await;
                if heard.changed().await.is_err() {
                    // All of it has left: the answer is on its way.
                    return std::future::pending().await;
                }
                let left = *heard.borrow_and_update();
                said.store(true, Ordering::Relaxed);
                if let Err(error) = self.store.uploading(lease.clone(), n, Some(left)).await {
                    tracing::warn!(channel = %lease.channel, row = n.0, %error, "how far a file is could not be said");
                }
            }
        };
        let answer = tokio::select! {
            answer = self.channel.upload(file, path, told) => answer,
            () = spread => Err(ChannelError::ours("an upload has no end")),
        };
        if said.into_inner()
            && let Err(error) = self.store.uploading(lease.clone(), n, None).await
        {
            tracing::warn!(channel = %lease.channel, row = n.0, %error, "that a file has left could not be said");
        }
        answer
    }

    /// Whether what was read on the way forbids the send after all, in a sentence.
    async fn forbidden(&self, row: &OutboxRow) -> Result<Option<String>, StoreError> {
        let now = self.clock.now();
        let Some(conversation) = self.store.conversation(row.conversation, row.author.clone(), now).await?
        else {
            return Ok(None);
        };
        let outgoing = row.action.outgoing();
        let templated = outgoing.is_some_and(|outgoing| outgoing.template.is_some());
        let reopens = outgoing.is_some_and(|outgoing| outgoing.reopen);
        Ok(match conversation.gate.at(now) {
            Gate::Paused => Some("the marketplace mediates now".to_owned()),
            Gate::ReadOnly => Some("this conversation can only be read".to_owned()),
            Gate::RemoteClosed if !reopens => Some("the other side has closed the conversation".to_owned()),
            Gate::TemplateOnly if !templated => Some("the window is shut: only a template may go".to_owned()),
            _ => None,
        })
    }

    /// Settles a row that the vendor did not (certainly) take.
    async fn not_sent(
        &self,
        lease: &Lease,
        row: &OutboxRow,
        error: ChannelError,
        unclear: Unclear,
    ) -> Result<Dispatched, Stopped> {
        let now = self.clock.now();
        let words = error.words.clone();
        let why = match error.kind {
            ErrorKind::Credentials => format!("{LOCKED_OUT}: {words}"),
            _ => words.clone(),
        };
        let again = |post: &Self| Settlement::Again {
            at: now + post.wait(row.n, row.attempts as usize, &error),
            error: why.clone(),
        };
        let how = match (error.retry, unclear) {
            (Retry::Safe(_), _) | (Retry::Unclear, Unclear::Again) => again(self),
            // A refused login is no refusal of the text.
            (Retry::Never, _) if error.kind == ErrorKind::Credentials => again(self),
            (Retry::Never, _) => Settlement::Failed { error: words.clone() },
            (Retry::Unclear, Unclear::Uncertain { left_at }) => Settlement::Uncertain {
                error: words.clone(),
                // A timeout may have outlasted the first look: then it is due at once.
                look_at: Some((left_at + LOOKS[0]).max(now)),
                lookup: None,
            },
        };
        // The settlement first: should the page not go in, the row is settled all the same.
        self.settle(lease, row.n, how).await?;
        self.apply_shown(&error).await?;
        Ok(Dispatched { fault: fault_of(&error), error: Some(error) })
    }

    async fn fail(&self, lease: &Lease, row: &OutboxRow, words: &str) -> Result<Dispatched, Stopped> {
        self.not_sent(lease, row, ChannelError::ours(words), Unclear::Again).await
    }

    async fn settle_sent(&self, lease: &Lease, n: RowNumber, sent: Sent) -> Result<(), Stopped> {
        let Sent { key, remote_id, conversation, at, changes } = sent;
        self.settle(lease, n, Settlement::Sent { key, remote_id, conversation, at }).await?;
        Ok(self.apply(Page { changes, memory: Vec::new() }).await?)
    }

    /// Settles; a store that fails is tried again for a while, because the vendor may have the text already.
    async fn settle(&self, lease: &Lease, n: RowNumber, how: Settlement) -> Result<(), Stopped> {
        if !matches!(how, Settlement::Again { .. }) {
            self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&n);
        }
        let mut tried = 0;
        loop {
            let now = self.clock.now();
            match self.store.settle(lease.clone(), n, how.clone(), now).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(Stopped::Fenced),
                Err(error) if tried + 1 < SETTLE_TRIES && !matches!(error, StoreError::Closed) => {
                    tracing::error!(channel = %lease.channel, row = n.0, %error, "settling is tried again");
                    self.clock.sleep_until(now + Duration::from_secs(1 << tried)).await;
                    tried += 1;
                }
                Err(error) => return Err(Stopped::Store(error)),
            }
        }
    }

    /// The vendor has let us in: what refused credentials kept is due at once.
    pub(super) async fn let_in(&self, lease: &Lease) -> Result<(), StoreError> {
        let released = self.store.release_locked_out(lease.clone(), self.clock.now()).await?;
        if released > 0 {
            tracing::info!(channel = %lease.channel, rows = released, "let in again; due at once");
        }
        Ok(())
    }

    async fn apply_shown(&self, error: &ChannelError) -> Result<(), StoreError> {
        match &error.page {
            Some(page) => self.apply((**page).clone()).await,
            None => Ok(()),
        }
    }

    async fn apply(&self, page: Page) -> Result<(), StoreError> {
        if page.changes.is_empty() && page.memory.is_empty() {
            return Ok(());
        }
        self.store.apply(self.name(), page, self.clock.now()).await.map(drop)
    }

    /// The wait before the next try of a row.
    fn wait(&self, n: RowNumber, before: usize, error: &ChannelError) -> Duration {
        let tried = {
            let mut counts = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(n).or_default();
            *count += 1;
            (*count - 1).max(u32::try_from(before).unwrap_or(u32::MAX))
        };
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        match error.retry {
            Retry::Safe(Some(after)) => chance.at_least(after.max(Duration::from_secs(1))),
            _ if error.kind == ErrorKind::Credentials => chance.around(LOCKED_OUT_ROW),
            _ => chance.backoff(tried, FIRST_RETRY, LONGEST_RETRY),
        }
    }
}

/// Which try of a row this is: a row that is offered again with the same one is still under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Try {
    looks: bool,
    attempts: u32,
    lookups: usize,
}

impl Try {
    pub(super) fn of(row: &OutboxRow) -> Self {
        Self { looks: row.state == RowState::Uncertain, attempts: row.attempts, lookups: row.lookups.len() }
    }
}

/// What an unclear answer means for a row.
#[derive(Clone, Copy)]
enum Unclear {
    /// It may be done twice.
    Again,
    /// It must not be.
    Uncertain { left_at: Time },
}

/// When a send that left at `left_at` is looked up after a look at `now` that did not find it.
pub(super) fn next_look(left_at: Time, now: Time) -> Option<Time> {
    LOOKS.iter().map(|wait| left_at + *wait).find(|at| *at > now)
}

/// Faults that would meet every other row of the channel as well.
fn fault_of(error: &ChannelError) -> Option<Fault> {
    let general = match error.kind {
        ErrorKind::Credentials | ErrorKind::Unreachable => true,
        // Without a status it is about this one operation or person.
        ErrorKind::RateLimited => error.status.is_some(),
        _ => false,
    };
    general.then(|| Fault::from(error))
}

fn as_set(action: &Action) -> Option<Set> {
    match action {
        Action::Status { close: true } => Some(Set::Close),
        Action::Status { close: false } => Some(Set::Reopen),
        Action::Read => Some(Set::Read),
        Action::Unread => Some(Set::Unread),
        Action::Set(fields) => Some(Set::Fields(fields.clone())),
        Action::Reply(_) | Action::Create(_) => None,
    }
}

/// A conversation as its channel needs it.
fn target_of(facts: &TargetFacts, now: Time) -> Target {
    Target {
        remote_id: facts.conversation.remote_id.clone(),
        aliases: facts.aliases.clone(),
        facts: facts.facts.clone(),
        customer: facts.conversation.customer.clone(),
        gate: facts.conversation.gate.at(now),
        composing: facts.composing,
        known: facts
            .known
            .iter()
            .map(|(key, direction, at)| KnownMessage { key: key.clone(), direction: *direction, at: *at })
            .collect(),
    }
}
