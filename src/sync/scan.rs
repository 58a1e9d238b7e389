//! What a channel's scan is given: the store behind [`Memory`] and [`Sink`].

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{
    channels::{ChannelError, ErrorKind, Memory, Retry, Sink, Sweep},
    domain::{ChannelName, ConversationId, Time, change::Page, time::to_millis},
    store::{SCANS, SharedStore, StoreError},
};

use super::{dispatch::Post, unsent};

/// How often a long scan notes that it comes forward.
const SIGN_OF_LIFE: chrono::TimeDelta = chrono::TimeDelta::seconds(30);

/// What scans have done so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Two pages may touch the same one.
    conversations: Mutex<HashSet<ConversationId>>,
    pub messages_new: AtomicUsize,
    pub requests: AtomicUsize,
}

impl Tally {
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
    let notes = Notes { store: post.store.clone(), channel: post.name() };
    let mut pages = Pages::new(post, tally);
    let end = post.channel.scan(sweep, &notes, &mut pages).await;
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

struct Notes {
    store: SharedStore,
    channel: ChannelName,
}

#[async_trait]
impl Memory for Notes {
    async fn note(&self, key: &str) -> Result<Option<Value>, ChannelError> {
        self.store.note(self.channel.clone(), key.to_owned()).await.map_err(|error| ours(&error))
    }

    async fn open_conversations(&self) -> Result<Vec<String>, ChannelError> {
        self.store.open_conversations(self.channel.clone()).await.map_err(|error| ours(&error))
    }

    async fn knows(&self, remote_id: &str) -> Result<bool, ChannelError> {
        self.store.knows(self.channel.clone(), remote_id.to_owned()).await.map_err(|error| ours(&error))
    }

    async fn unreported(
        &self,
        from: Time,
        to: Time,
        limit: usize,
    ) -> Result<Vec<(String, Time)>, ChannelError> {
        let found = self.store.unreported(self.channel.clone(), from, to, limit).await;
        found.map_err(|error| ours(&error))
    }
}

pub(super) struct Pages<'a> {
    post: &'a Post,
    tally: &'a Arc<Tally>,
    /// When it was last noted that the scan comes forward.
    told: Option<Time>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(post: &'a Post, tally: &'a Arc<Tally>) -> Self {
        Self { post, tally, told: None }
    }
}

#[async_trait]
impl Sink for Pages<'_> {
    async fn page(&mut self, mut page: Page) -> Result<(), ChannelError> {
        let now = self.post.clock.now();
        // A first scan may read for hours: it is not to look like an engine that hangs.
        if (now - *self.told.get_or_insert(now)).abs() >= SIGN_OF_LIFE {
            self.told = Some(now);
            page.memory.push((SCANS.to_owned(), json!(to_millis(now))));
        }
        if page.changes.is_empty() && page.memory.is_empty() {
            return Ok(());
        }
        let applied =
            self.post.store.apply(self.post.name(), page, now).await.map_err(|error| ours(&error))?;
        self.tally.conversations.lock().unwrap_or_else(PoisonError::into_inner).extend(applied.conversations);
        self.tally.messages_new.fetch_add(applied.messages_new, Ordering::Relaxed);
        Ok(())
    }

    fn requested(&mut self) {
        self.tally.requests.fetch_add(1, Ordering::Relaxed);
    }
}
