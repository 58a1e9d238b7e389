//! What a channel's scan is given: the store behind [`Memory`] and [`Sink`].

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::{
    channels::{ChannelError, ErrorKind, Memory, Retry, Sink, Sweep},
    domain::{ConversationId, Time, change::Page, time::to_millis},
    store::{Applied, SCANS, StoreError},
};

use super::{dispatch::Post, unsent};

#[cfg(test)]
mod tests;

/// How often a long scan notes that it comes forward.
const SIGN_OF_LIFE: chrono::TimeDelta = chrono::TimeDelta::seconds(30);
/// So many changes wait at most for those that are being stored, or a page of more: a transaction of some 10 ms.
const TOGETHER: u32 = 200;

/// Whoever waits is told by `store` why it ended.
const OVER: &str = "an earlier page could not be stored";

/// What scans have done so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Two pages may touch the same one.
    conversations: Mutex<HashSet<ConversationId>>,
    pub messages_new: AtomicUsize,
    pub requests: AtomicUsize,
}

impl Tally {
    fn count(&self, applied: Applied) {
        self.conversations.lock().unwrap_or_else(PoisonError::into_inner).extend(applied.conversations);
        self.messages_new.fetch_add(applied.messages_new, Ordering::Relaxed);
    }

    /// How many conversations changed.
    pub(super) fn conversations(&self) -> usize {
        self.conversations.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Trouble of the store, as a scan hands it back.
pub(super) fn ours(error: &StoreError) -> ChannelError {
    // `Unclear`: reading again does no harm, and may find the disk with room.
    ChannelError::new(ErrorKind::Ours, Retry::Unclear, error.to_string())
}

/// Runs one scan to its end.
pub(super) async fn scan(post: &Post, sweep: Sweep, tally: &Arc<Tally>) -> Result<(), ChannelError> {
    let (shelf, shelved) = Shelf::new(post, tally);
    let scanned = async {
        let end = post.channel.scan(sweep, &Notes(&shelf), &mut Pages::new(&shelf)).await;
        // What was read before something went wrong is kept.
        shelf.stored().await.and(end)
    };
    let end = tokio::select! {
        end = scanned => end,
        error = shelf.store(shelved) => Err(error),
    };
    match &end {
        Ok(()) => {
            tracing::debug!(channel = %post.name(), ?sweep, "scanned");
            unsent::round(post).await.map_err(|error| ours(&error))?;
        }
        Err(error) => {
            tracing::warn!(channel = %post.name(), ?sweep, kind = ?error.kind, status = error.status, "scan failed");
        }
    }
    end
}

/// Between a scan and the store: the vendor is asked for the next pages while the store writes the ones before. What comes
/// meanwhile is written together, in order, in one transaction with its notes.
pub(super) struct Shelf<'a> {
    post: &'a Post,
    tally: &'a Arc<Tally>,
    put: mpsc::UnboundedSender<Shelved>,
    /// How many changes more may wait.
    room: Arc<Semaphore>,
    /// The notes of what is not stored yet.
    noting: Mutex<Vec<String>>,
}

/// What is handed to the store.
pub(super) enum Shelved {
    Page(Page, OwnedSemaphorePermit),
    /// Somebody waits until all that came before is stored.
    Mark(oneshot::Sender<()>),
}

impl<'a> Shelf<'a> {
    pub(super) fn new(post: &'a Post, tally: &'a Arc<Tally>) -> (Self, mpsc::UnboundedReceiver<Shelved>) {
        let (put, shelved) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(TOGETHER as usize));
        (Self { post, tally, put, room, noting: Mutex::default() }, shelved)
    }

    fn noting(&self) -> MutexGuard<'_, Vec<String>> {
        self.noting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room only.
    async fn put(&self, page: Page) -> Result<(), ChannelError> {
        let changes = u32::try_from(page.changes.len()).unwrap_or(TOGETHER).min(TOGETHER);
        let room = Arc::clone(&self.room).acquire_many_owned(changes).await;
        self.noting().extend(page.memory.iter().map(|(key, _)| key.clone()));
        let put = room.ok().and_then(|room| self.put.send(Shelved::Page(page, room)).ok());
        put.ok_or_else(|| ChannelError::ours(OVER))
    }

    /// Waits until all that has come is stored.
    async fn stored(&self) -> Result<(), ChannelError> {
        let (mark, stored) = oneshot::channel();
        // Where nobody takes it, it is dropped, and nobody answers.
        let _ = self.put.send(Shelved::Mark(mark));
        stored.await.map_err(|_| ChannelError::ours(OVER))
    }

    /// Stores what comes, until a page cannot be stored. What came after that may hold the cursor beyond it, and is dropped.
    pub(super) async fn store(&self, mut shelved: mpsc::UnboundedReceiver<Shelved>) -> ChannelError {
        loop {
            let (mut page, mut marks) = (Page::default(), Vec::new());
            let mut next = shelved.recv().await;
            while let Some(it) = next {
                match it {
                    Shelved::Page(mut more, _room) => {
                        page.changes.append(&mut more.changes);
                        page.memory.append(&mut more.memory);
                    }
                    Shelved::Mark(mark) => marks.push(mark),
                }
                next = shelved.try_recv().ok();
            }
            if page != Page::default() {
                let noted = page.memory.len();
                match self.post.store.apply(self.post.name(), page, self.post.clock.now()).await {
                    Ok(applied) => self.tally.count(applied),
                    Err(error) => return ours(&error),
                }
                self.noting().drain(..noted);
            }
            for mark in marks {
                let _ = mark.send(());
            }
        }
    }
}

/// What is stored, and what is about to be: the latter is stored before anything is said of it.
struct Notes<'s, 'a>(&'s Shelf<'a>);

#[async_trait]
impl Memory for Notes<'_, '_> {
    async fn note(&self, key: &str) -> Result<Option<Value>, ChannelError> {
        if self.0.noting().iter().any(|it| it == key) {
            self.0.stored().await?;
        }
        let post = self.0.post;
        post.store.note(post.name(), key.to_owned()).await.map_err(|error| ours(&error))
    }

    async fn open_conversations(&self) -> Result<Vec<String>, ChannelError> {
        self.0.stored().await?;
        let post = self.0.post;
        post.store.open_conversations(post.name()).await.map_err(|error| ours(&error))
    }

    async fn knows(&self, remote_id: &str) -> Result<bool, ChannelError> {
        self.0.stored().await?;
        let post = self.0.post;
        post.store.knows(post.name(), remote_id.to_owned()).await.map_err(|error| ours(&error))
    }

    async fn unreported(
        &self,
        from: Time,
        to: Time,
        limit: usize,
    ) -> Result<Vec<(String, Time)>, ChannelError> {
        self.0.stored().await?;
        let post = self.0.post;
        post.store.unreported(post.name(), from, to, limit).await.map_err(|error| ours(&error))
    }
}

pub(super) struct Pages<'s, 'a> {
    shelf: &'s Shelf<'a>,
    /// When it was last noted that the scan comes forward.
    told: Option<Time>,
}

impl<'s, 'a> Pages<'s, 'a> {
    pub(super) fn new(shelf: &'s Shelf<'a>) -> Self {
        Self { shelf, told: None }
    }
}

#[async_trait]
impl Sink for Pages<'_, '_> {
    async fn page(&mut self, mut page: Page) -> Result<(), ChannelError> {
        let now = self.shelf.post.clock.now();
        // A first scan may read for hours: it is not to look like an engine that hangs.
        if (now - *self.told.get_or_insert(now)).abs() >= SIGN_OF_LIFE {
            self.told = Some(now);
            page.memory.push((SCANS.to_owned(), json!(to_millis(now))));
        }
        if page.changes.is_empty() && page.memory.is_empty() {
            return Ok(());
        }
        self.shelf.put(page).await
    }

    fn requested(&mut self) {
        self.shelf.tally.requests.fetch_add(1, Ordering::Relaxed);
    }
}
