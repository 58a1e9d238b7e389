//! A store in memory with the engine's rules and nothing else.

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    domain::{
        Action, ChannelHealth, ChannelName, Conversation, ConversationId, Customer, Descriptor, Draft,
        DraftHeld, DraftKind, DraftSave, DraftWindow, Gate, GateEvidence, Message, MessageId, OutboxRow,
        Outgoing, Role, RowNumber, RowState, Status, Time,
        attachment::StoredFile,
        change::{Change, Page},
        outbox::{Event, LocalChange},
        query::Query,
    },
    store::{
        Answer, Applied, Changed, Claimed, Commit, Committed, Count, Desk, EngineSide, Imported, LOCKED_OUT,
        Lease, ListRequest, PendingDownload, RawWebhook, Reading, Seen, Settlement, StoreError, TargetFacts,
    },
};

/// Bytes, or why not and whether for good.
pub(crate) type Came = Result<Vec<u8>, (String, bool)>;

#[derive(Default)]
pub(crate) struct State {
    pub notes: HashMap<(ChannelName, String), Value>,
    pub rows: Vec<OutboxRow>,
    pub gates: HashMap<ConversationId, GateEvidence>,
    pub files: HashMap<RowNumber, (StoredFile, PathBuf)>,
    pub sent: Vec<(RowNumber, Option<String>)>,
    pub pages: Vec<(ChannelName, Page)>,
    /// Pages wait as long as this is on; so many of them then find a full disk.
    pub busy: bool,
    pub pages_fail: u32,
    pub leases: HashMap<ChannelName, (String, i64, Time, bool)>,
    /// How often somebody asked what is due.
    pub asked_due: u32,
    /// How often somebody rang for its own sake.
    pub rung: u32,
    pub health: HashMap<ChannelName, Option<(String, String)>>,
    pub webhooks: VecDeque<RawWebhook>,
    pub read: Vec<(i64, Vec<String>)>,
    pub downloads: Vec<PendingDownload>,
    pub downloading: Vec<(MessageId, Option<u64>)>,
    pub downloaded: Vec<(MessageId, Came)>,
    /// So many settlements fail with a full disk.
    pub settle_fails: u32,
    /// Storing a webhook fails.
    pub full: bool,
    pub tended: u32,
    pub numbers: i64,
}

pub(crate) struct MemoryStore {
    state: Mutex<State>,
    mark: watch::Sender<u64>,
    folder: PathBuf,
}

impl MemoryStore {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { state: Mutex::default(), mark: watch::Sender::new(1), folder }
    }

    /// Hears of every write.
    pub(crate) fn marks(&self) -> watch::Receiver<u64> {
        self.mark.subscribe()
    }

    /// Reads.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes, and rings.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let done = change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.mark.send_modify(|mark| *mark += 1);
        done
    }

    /// Commits a row.
    pub(crate) fn queue(
        &self,
        channel: &str,
        conversation: i64,
        action: Action,
        state: RowState,
        at: Time,
    ) -> RowNumber {
        self.write(|it| {
            let n = RowNumber(it.next());
            it.rows.push(OutboxRow {
                n,
                conversation: ConversationId(conversation),
                channel: ChannelName::from(channel),
                action,
                state,
                author: "ana".into(),
                attempts: 0,
                not_before: Some(at),
                reason: None,
                error: None,
                created_at: at,
                sent_at: None,
                message: None,
                send_id: format!("S{n}"),
                seen_rev: None,
                seen_message: None,
                after: None,
                evidence: Value::Null,
                upload: None,
                lookups: Vec::new(),
            });
            n
        })
    }

    pub(crate) fn reply(&self, channel: &str, conversation: i64, text: &str, at: Time) -> RowNumber {
        let outgoing = Outgoing { text: text.into(), ..Outgoing::default() };
        self.queue(channel, conversation, Action::Reply(outgoing), RowState::Queued, at)
    }

    /// A row as it stands, if it is still in the outbox.
    pub(crate) fn now(&self, n: RowNumber) -> Option<OutboxRow> {
        self.read(|it| it.rows.iter().find(|row| row.n == n).cloned())
    }
}

fn conversation(id: ConversationId, channel: &ChannelName, gate: GateEvidence) -> Conversation {
    let then = Time::default();
    Conversation {
        id,
        channel: channel.clone(),
        kind: crate::domain::ChannelKind::IMPORT,
        remote_id: format!("remote-{id}"),
        subject: None,
        customer: Customer::default(),
        counterpart: crate::domain::Counterpart::default(),
        their_role: Role::Customer,
        status: Status::Open,
        remote_status: None,
        remote_read_at: None,
        gate,
        turn: None,
        unread: 0,
        remote_unread: false,
        assignee: None,
        labels: Vec::new(),
        priority: None,
        snoozed_until: None,
        held_until: None,
        order: None,
        products: Vec::new(),
        category: None,
        messages: 0,
        lang: None,
        rev: 1,
        due_clock: None,
        waiting_since: None,
        due_at: None,
        created_at: then,
        updated_at: then,
        last_line: None,
        last_direction: None,
        outbox: None,
        has_draft: false,
        drift: None,
        thanked: false,
        promise: None,
    }
}

impl State {
    fn next(&mut self) -> i64 {
        self.numbers += 1;
        self.numbers
    }

    fn ours(&self, lease: &Lease) -> bool {
        self.leases.get(&lease.channel).is_some_and(|it| it.1 == lease.epoch)
    }

    fn gate(&self, id: ConversationId) -> GateEvidence {
        self.gates.get(&id).copied().unwrap_or(GateEvidence::said(Gate::Open))
    }

    fn blocked(&self, row: &OutboxRow) -> bool {
        self.rows.iter().any(|it| it.conversation == row.conversation && it.n < row.n)
    }

    fn claimable<'a>(&'a self, channel: &'a ChannelName) -> impl Iterator<Item = &'a OutboxRow> {
        self.rows.iter().filter(move |row| {
            row.channel == *channel
                && matches!(row.state, RowState::Held | RowState::Later | RowState::Queued)
                && !self.blocked(row)
        })
    }

    fn claimed(&self, row: &OutboxRow) -> Claimed {
        let create = matches!(row.action, Action::Create(_));
        Claimed {
            row: row.clone(),
            target: (!create).then(|| TargetFacts {
                conversation: conversation(row.conversation, &row.channel, self.gate(row.conversation)),
                aliases: Vec::new(),
                facts: crate::domain::Facts::new(),
                composing: false,
                known: Vec::new(),
            }),
            quote: None,
            file: self.files.get(&row.n).cloned(),
        }
    }

    fn apply(&mut self, channel: &ChannelName, page: Page) -> Applied {
        for (key, value) in &page.memory {
            self.notes.insert((channel.clone(), key.clone()), value.clone());
        }
        let mut applied = Applied::default();
        for change in &page.changes {
            match change {
                Change::Conversation(seen) => {
                    let id = seen.remote_id.trim_start_matches("remote-").parse().ok().map(ConversationId);
                    if let (Some(id), Some(gate)) = (id, seen.gate) {
                        self.gates.insert(id, gate);
                    }
                    applied.conversations.extend(id);
                }
                Change::Message(_) | Change::Earlier(_) => applied.messages_new += 1,
                _ => {}
            }
        }
        if !page.changes.is_empty() {
            self.pages.push((channel.clone(), page));
        }
        applied
    }
}

#[async_trait]
impl Reading for MemoryStore {
    async fn list(&self, _: ListRequest) -> Result<Vec<Conversation>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn counts(&self, _: Vec<Query>, _: String, _: Time) -> Result<Vec<Count>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn conversation(
        &self,
        id: ConversationId,
        _: String,
        _: Time,
    ) -> Result<Option<Conversation>, StoreError> {
        Ok(Some(self.read(|it| conversation(id, &ChannelName::from("any"), it.gate(id)))))
    }
    async fn find(&self, _: ChannelName, _: String) -> Result<Option<ConversationId>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn thread(
        &self,
        _: ConversationId,
        _: Option<MessageId>,
        _: usize,
    ) -> Result<Vec<Message>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn history(&self, _: ConversationId) -> Result<Vec<Event>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn outbox(&self, _: Option<ConversationId>) -> Result<Vec<OutboxRow>, StoreError> {
        Ok(self.read(|it| it.rows.clone()))
    }
    async fn row(&self, n: RowNumber) -> Result<Option<OutboxRow>, StoreError> {
        Ok(self.now(n))
    }
    async fn message(&self, _: MessageId) -> Result<Option<Message>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn draft(
        &self,
        _: Option<ConversationId>,
        _: String,
        _: DraftKind,
    ) -> Result<Option<Draft>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn drafts(&self, _: String) -> Result<Vec<Draft>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn health(&self) -> Result<Vec<ChannelHealth>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn imported_channels(&self) -> Result<Vec<ChannelName>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn session(&self, _: String) -> Result<Option<Value>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn members(&self) -> Result<Vec<String>, StoreError> {
        Err(StoreError::Closed)
    }
    fn file_path(&self, sha256: &str) -> PathBuf {
        self.folder.join(sha256)
    }
    async fn attachment_file(&self, _: MessageId, _: u32) -> Result<Option<StoredFile>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn changed(&self, seen: u64) -> u64 {
        let mut mark = self.mark.subscribe();
        mark.wait_for(|mark| *mark > seen).await.map_or(seen, |mark| *mark)
    }
}

#[async_trait]
impl Desk for MemoryStore {
    async fn open_as(&self, _: String, _: Vec<Descriptor>, _: Time) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn commit(&self, _: Commit, _: Time) -> Answer<Committed> {
        Err(StoreError::Closed)
    }
    async fn change(
        &self,
        _: ConversationId,
        _: LocalChange,
        _: Vec<(Action, String)>,
        _: Option<Time>,
        _: String,
        _: Seen,
        _: Time,
    ) -> Answer<Changed> {
        Err(StoreError::Closed)
    }
    async fn take_back(&self, _: RowNumber, _: String, _: Time) -> Answer<Option<Draft>> {
        Err(StoreError::Closed)
    }
    async fn retry(&self, _: RowNumber, _: String, _: Time) -> Answer<()> {
        Err(StoreError::Closed)
    }
    async fn mark_sent(&self, _: RowNumber, _: String, _: Time) -> Answer<()> {
        Err(StoreError::Closed)
    }
    async fn unmark_sent(&self, _: RowNumber, _: String, _: Time) -> Answer<()> {
        Err(StoreError::Closed)
    }
    async fn discard(&self, _: RowNumber, _: String, _: Time) -> Answer<()> {
        Err(StoreError::Closed)
    }
    async fn save_draft(&self, _: Draft) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn open_draft(
        &self,
        _: Option<ConversationId>,
        _: String,
        _: DraftKind,
        _: DraftWindow,
        _: Time,
    ) -> Result<(Option<Draft>, Option<DraftHeld>), StoreError> {
        Err(StoreError::Closed)
    }
    async fn write_draft(
        &self,
        _: Draft,
        _: DraftWindow,
        _: DraftSave,
        _: Time,
    ) -> Result<Result<(), DraftHeld>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn take_draft(&self, _: Draft, _: DraftWindow, _: Time) -> Result<Option<Draft>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn close_draft(
        &self,
        _: Option<ConversationId>,
        _: String,
        _: DraftKind,
        _: DraftWindow,
    ) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn save_session(&self, _: String, _: Value) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn add_file(&self, _: PathBuf, _: u64) -> Result<StoredFile, StoreError> {
        Err(StoreError::Closed)
    }
    async fn import(&self, _: ChannelName, _: Vec<Imported>, _: Time) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn ring(&self) -> Result<(), StoreError> {
        self.write(|it| it.rung += 1);
        Ok(())
    }
}

#[async_trait]
impl EngineSide for MemoryStore {
    async fn apply(&self, channel: ChannelName, page: Page, _: Time) -> Result<Applied, StoreError> {
        let _ = self.mark.subscribe().wait_for(|_| !self.read(|it| it.busy)).await;
        self.write(|it| {
            if it.pages_fail > 0 {
                it.pages_fail -= 1;
                return Err(StoreError::Full("nothing was kept".into()));
            }
            Ok(it.apply(&channel, page))
        })
    }
    async fn note(&self, channel: ChannelName, key: String) -> Result<Option<Value>, StoreError> {
        Ok(self.read(|it| it.notes.get(&(channel, key)).filter(|it| !it.is_null()).cloned()))
    }
    async fn open_conversations(&self, _: ChannelName) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
    async fn knows(&self, _: ChannelName, _: String) -> Result<bool, StoreError> {
        Ok(false)
    }
    async fn lead(
        &self,
        channel: ChannelName,
        holder: String,
        service: bool,
        until: Time,
        now: Time,
    ) -> Result<Option<Lease>, StoreError> {
        Ok(self.write(|it| {
            let (held_by, epoch, held_until, by_service) =
                it.leases.get(&channel).cloned().unwrap_or((String::new(), 0, now, false));
            let epoch = if held_by == holder {
                epoch
            } else if held_until <= now || (service && !by_service) {
                epoch + 1
            } else {
                return None;
            };
            it.leases.insert(channel.clone(), (holder, epoch, until, service));
            Some(Lease { channel, epoch })
        }))
    }
    async fn yield_lead(&self, lease: Lease) -> Result<(), StoreError> {
        self.write(|it| {
            if let Some(held) = it.leases.get_mut(&lease.channel).filter(|it| it.1 == lease.epoch) {
                held.0.clear();
                held.2 = Time::default();
            }
        });
        Ok(())
    }
    async fn note_health(
        &self,
        channel: ChannelName,
        trouble: Option<(String, String)>,
        _: Time,
    ) -> Result<(), StoreError> {
        self.write(|it| it.health.insert(channel, trouble));
        Ok(())
    }
    async fn release_locked_out(&self, lease: Lease, now: Time) -> Result<usize, StoreError> {
        let locked_out = |row: &OutboxRow| {
            row.channel == lease.channel
                && row.state == RowState::Queued
                && row.error.as_ref().is_some_and(|error| error.starts_with(LOCKED_OUT))
                && row.not_before > Some(now)
        };
        if !self.read(|it| it.ours(&lease) && it.rows.iter().any(locked_out)) {
            return Ok(0);
        }
        Ok(self.write(|it| {
            let rows = it.rows.iter_mut().filter(|row| locked_out(row));
            rows.map(|row| row.not_before = Some(now)).count()
        }))
    }
    async fn claim(&self, lease: Lease, now: Time) -> Result<Option<Claimed>, StoreError> {
        Ok(self.read(|it| {
            if !it.ours(&lease) {
                return None;
            }
            let row = it.claimable(&lease.channel).find(|row| row.not_before.is_none_or(|at| at <= now))?;
            Some(it.claimed(row))
        }))
    }
    async fn uploaded(&self, _: Lease, n: RowNumber, upload: String) -> Result<(), StoreError> {
        self.write(|it| {
            for row in it.rows.iter_mut().filter(|row| row.n == n) {
                row.upload = Some(upload.clone());
            }
        });
        Ok(())
    }
    async fn begin(
        &self,
        lease: Lease,
        n: RowNumber,
        evidence: Value,
        now: Time,
    ) -> Result<bool, StoreError> {
        Ok(self.write(|it| {
            let ours = it.ours(&lease);
            match it.rows.iter_mut().find(|row| row.n == n) {
                Some(row) if ours && row.state != RowState::Sending => {
                    row.state = RowState::Sending;
                    row.attempts += 1;
                    row.sent_at = Some(now);
                    row.evidence = evidence;
                    true
                }
                _ => false,
            }
        }))
    }
    async fn settle(&self, lease: Lease, n: RowNumber, how: Settlement, _: Time) -> Result<bool, StoreError> {
        self.write(|it| {
            if it.settle_fails > 0 {
                it.settle_fails -= 1;
                return Err(StoreError::Full("no room".into()));
            }
            if !it.ours(&lease) {
                return Ok(false);
            }
            let Some(at) = it.rows.iter().position(|row| row.n == n) else { return Ok(false) };
            let row = &mut it.rows[at];
            match how {
                Settlement::Sent { remote_id, .. } => {
                    it.rows.remove(at);
                    it.sent.push((n, remote_id));
                }
                Settlement::Again { at, error } => {
                    row.state = RowState::Queued;
                    row.not_before = Some(at);
                    row.error = Some(error);
                }
                Settlement::Failed { error } => {
                    row.state = RowState::Failed;
                    row.error = Some(error);
                }
                Settlement::Uncertain { error, look_at, lookup } => {
                    row.state = RowState::Uncertain;
                    row.error = Some(error);
                    row.not_before = look_at;
                    row.lookups.extend(lookup);
                }
                Settlement::Parked { reason } => {
                    row.state = RowState::Parked;
                    row.reason = Some(reason);
                }
            }
            Ok(true)
        })
    }
    async fn adopt(&self, lease: Lease, now: Time) -> Result<usize, StoreError> {
        Ok(self.write(|it| {
            let left = it
                .rows
                .iter_mut()
                .filter(|row| row.channel == lease.channel && row.state == RowState::Sending);
            left.map(|row| {
                row.state = if row.action.repeatable() { RowState::Queued } else { RowState::Uncertain };
                row.not_before = Some(now);
            })
            .count()
        }))
    }
    async fn claim_look(&self, lease: Lease, now: Time) -> Result<Option<Claimed>, StoreError> {
        Ok(self.read(|it| {
            let row = it.rows.iter().find(|row| {
                row.channel == lease.channel
                    && row.state == RowState::Uncertain
                    && row.not_before.is_some_and(|at| at <= now)
            })?;
            it.ours(&lease).then(|| it.claimed(row))
        }))
    }
    async fn next_due(&self, channel: ChannelName) -> Result<Option<Time>, StoreError> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).asked_due += 1;
        Ok(self.read(|it| {
            let rows = it.claimable(&channel).map(|row| row.not_before.unwrap_or(row.created_at));
            let looks =
                it.rows.iter().filter(|row| row.channel == channel && row.state == RowState::Uncertain);
            rows.chain(looks.filter_map(|row| row.not_before)).min()
        }))
    }
    async fn put_webhook(
        &self,
        path: String,
        channels: Vec<ChannelName>,
        body: Vec<u8>,
        now: Time,
    ) -> Result<i64, StoreError> {
        self.write(|it| {
            if it.full {
                return Err(StoreError::Full("no room".into()));
            }
            let n = it.next();
            it.webhooks.push_back(RawWebhook { n, path, channels, body, received_at: now });
            Ok(n)
        })
    }
    async fn next_webhook(&self) -> Result<Option<RawWebhook>, StoreError> {
        Ok(self.read(|it| it.webhooks.front().cloned()))
    }
    async fn webhook_done(
        &self,
        n: i64,
        pages: Vec<(ChannelName, Page)>,
        flags: Vec<String>,
        _: Time,
    ) -> Result<Applied, StoreError> {
        Ok(self.write(|it| {
            it.webhooks.retain(|raw| raw.n != n);
            it.read.push((n, flags));
            for (channel, page) in pages {
                it.apply(&channel, page);
            }
            Applied::default()
        }))
    }
    async fn pending_downloads(
        &self,
        _: ChannelName,
        limit: usize,
    ) -> Result<Vec<PendingDownload>, StoreError> {
        Ok(self.read(|it| it.downloads.iter().take(limit).cloned().collect()))
    }
    async fn download_path(&self, message: MessageId, n: u32) -> Result<PathBuf, StoreError> {
        Ok(self.folder.join(format!("download-{}-{n}.part", message.0)))
    }
    async fn downloading(&self, message: MessageId, _: u32, size: Option<u64>) -> Result<(), StoreError> {
        self.write(|it| it.downloading.push((message, size)));
        Ok(())
    }
    async fn downloaded(
        &self,
        message: MessageId,
        n: u32,
        result: Result<PathBuf, (String, bool)>,
        _: Time,
    ) -> Result<(), StoreError> {
        let result = result.map(|path| std::fs::read(path).unwrap_or_default());
        self.write(|it| {
            let last = !matches!(result, Err((_, false)));
            it.downloads.retain_mut(|file| {
                let this = file.message == message && file.n == n;
                file.attempts += u32::from(this);
                !(this && last)
            });
            it.downloaded.push((message, result));
        });
        Ok(())
    }
    async fn tend(&self, _: Time) -> Result<Option<Time>, StoreError> {
        // Does not ring: nothing was changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner).tended += 1;
        Ok(None)
    }
}
