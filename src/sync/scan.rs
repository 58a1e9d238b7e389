//! What a channel's scan is given: the store behind [`Memory`] and [`Sink`].

use std::{
    collections::HashSet,
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

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
/// So many changes wait at most for those that are being stored: a transaction of some 10 ms.
const TOGETHER: usize = 200;

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
    let shelf = Shelf::new(post, tally);
    let (notes, mut pages) = (Notes(&shelf), Pages::new(&shelf));
    let end = tokio::select! {
        biased;
        end = post.channel.scan(sweep, &notes, &mut pages) => end,
        // Never ends.
        () = shelf.go_on() => Ok(()),
    };
    // What was read before something went wrong is kept.
    let end = end.and(shelf.clear().await);
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

/// Between a scan and the store: the vendor is asked for the next page while the store writes the one before. What comes
/// meanwhile is written together, in one transaction, each page with its notes.
pub(super) struct Shelf<'a> {
    post: &'a Post,
    tally: &'a Arc<Tally>,
    pages: Mutex<Shelved<'a>>,
}

#[derive(Default)]
struct Shelved<'a> {
    /// What the store writes now.
    under_way: Option<BoxFuture<'a, Result<Applied, StoreError>>>,
    /// The notes of that.
    noting: Vec<String>,
    /// What has come since.
    next: Page,
    /// Why a page could not be stored: for whoever comes next.
    failed: Option<ChannelError>,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(post: &'a Post, tally: &'a Arc<Tally>) -> Self {
        Self { post, tally, pages: Mutex::default() }
    }

    fn pages(&self) -> MutexGuard<'_, Shelved<'a>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a page as soon as the one before is; waits where much has come since.
    async fn put(&self, mut page: Page) -> Result<(), ChannelError> {
        {
            let mut pages = self.pages();
            pages.next.changes.append(&mut page.changes);
            pages.next.memory.append(&mut page.memory);
        }
        self.until(|pages| pages.next.changes.len() < TOGETHER).await
    }

    /// Stores all that has come.
    async fn clear(&self) -> Result<(), ChannelError> {
        self.until(|pages| pages.under_way.is_none()).await
    }

    /// Goes on storing while the vendor is waited for.
    async fn go_on(&self) {
        poll_fn(|cx| {
            self.pages().store(self, cx);
            Poll::<()>::Pending
        })
        .await;
    }

    async fn until(&self, enough: impl Fn(&Shelved<'a>) -> bool) -> Result<(), ChannelError> {
        poll_fn(|cx| {
            let mut pages = self.pages();
            pages.store(self, cx);
            match pages.failed.take() {
                Some(error) => Poll::Ready(Err(error)),
                None if enough(&pages) => Poll::Ready(Ok(())),
                None => Poll::Pending,
            }
        })
        .await
    }
}

impl<'a> Shelved<'a> {
    fn store(&mut self, shelf: &Shelf<'a>, cx: &mut Context<'_>) {
        loop {
            if let Some(work) = &mut self.under_way {
                let Poll::Ready(end) = work.as_mut().poll(cx) else { return };
                self.under_way = None;
                match end {
                    Ok(applied) => shelf.tally.count(applied),
                    Err(error) => {
                        self.failed = Some(ours(&error));
                        // What came after it may hold the cursor beyond it.
                        self.next = Page::default();
                    }
                }
            }
            let page = std::mem::take(&mut self.next);
            if page == Page::default() {
                return;
            }
            self.noting = page.memory.iter().map(|(key, _)| key.clone()).collect();
            let post = shelf.post;
            self.under_way = Some(post.store.apply(post.name(), page, post.clock.now()));
        }
    }
}

/// What is stored, and what is about to be: the latter is stored before anything is said of it.
struct Notes<'s, 'a>(&'s Shelf<'a>);

#[async_trait]
impl Memory for Notes<'_, '_> {
    async fn note(&self, key: &str) -> Result<Option<Value>, ChannelError> {
        let waits = {
            let pages = self.0.pages();
            let next = pages.next.memory.iter().map(|(key, _)| key);
            pages.noting.iter().chain(next).any(|it| it == key)
        };
        if waits {
            self.0.clear().await?;
        }
        let post = self.0.post;
        post.store.note(post.name(), key.to_owned()).await.map_err(|error| ours(&error))
    }

    async fn open_conversations(&self) -> Result<Vec<String>, ChannelError> {
        self.0.clear().await?;
        let post = self.0.post;
        post.store.open_conversations(post.name()).await.map_err(|error| ours(&error))
    }

    async fn knows(&self, remote_id: &str) -> Result<bool, ChannelError> {
        self.0.clear().await?;
        let post = self.0.post;
        post.store.knows(post.name(), remote_id.to_owned()).await.map_err(|error| ours(&error))
    }

    async fn unreported(
        &self,
        from: Time,
        to: Time,
        limit: usize,
    ) -> Result<Vec<(String, Time)>, ChannelError> {
        self.0.clear().await?;
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
