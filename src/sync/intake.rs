//! Reads stored webhooks, oldest first, in one process at a time. What cannot be read stays, flagged, and holds nothing
//! up.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;

use super::{
    engine::EngineOptions,
    leader::{try_lock, wait_for_lock},
};
use crate::{
    channels::{Channel, Parsed},
    domain::time::Clock,
    store::{RawWebhook, SharedStore, StoreError},
};

/// The lock of the one process that reads webhooks. Whoever receives them only stores them.
const READER: &str = "webhooks.lead";
/// So many are read at a time.
const AT_ONCE: usize = 64;
/// A webhook that lies unread for so long is read by another process.
const OVERDUE: Duration = Duration::from_secs(5);
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// The reader of webhooks.
pub(super) struct Intake {
    channels: Vec<Arc<dyn Channel>>,
    store: SharedStore,
    clock: Arc<dyn Clock>,
    lock: std::path::PathBuf,
}

impl Intake {
    /// `None` where no channel lives by webhooks.
    pub(super) fn new(options: &EngineOptions) -> Option<Self> {
        let channels: Vec<_> = options.channels.iter().filter(|it| it.webhook().is_some()).cloned().collect();
        (!channels.is_empty()).then(|| Self {
            channels,
            store: options.store.clone(),
            clock: options.clock.clone(),
            lock: options.lock_dir.join(READER),
        })
    }

    /// Reads for ever, once this process is the one that reads.
    pub(super) async fn run(self) {
        let _lock = match try_lock(&self.lock) {
            Ok(Some(file)) => Some(file),
            Ok(None) => {
                let waiting = wait_for_lock(self.lock.clone());
                tokio::select! {
                    locked = waiting => match locked {
                        Ok(locked) => locked.ok(),
                        Err(_) => return,
                    },
                    // Never ends.
                    () = self.stand_in() => return,
                }
            }
            Err(error) => {
                // Reading one twice changes nothing.
                tracing::warn!(%error, "no lock for reading webhooks");
                None
            }
        };
        let mut seen = 0;
        loop {
            if let Err(error) = self.read_all().await {
                tracing::error!(%error, "webhooks could not be read; tried again");
                self.clock.sleep_until(self.clock.now() + TRY_AGAIN).await;
                continue;
            }
            seen = self.store.changed(seen).await;
        }
    }

    /// Reads what the process that has the lock has left unread: one that was stopped holds it for ever.
    async fn stand_in(&self) {
        let mut seen = 0;
        loop {
            seen = self.store.changed(seen).await;
            self.clock.sleep_until(self.clock.now() + OVERDUE).await;
            let read = async {
                let oldest = self.store.next_webhook().await?;
                if oldest.is_some_and(|it| it.received_at + OVERDUE <= self.clock.now()) {
                    tracing::warn!("whoever reads webhooks has stopped; read here");
                    self.read_all().await?;
                }
                Ok::<_, StoreError>(())
            };
            if let Err(error) = read.await {
                tracing::error!(%error, "webhooks could not be read");
            }
        }
    }

    /// Reads what is there, unless another process does.
    pub(super) async fn run_once(&self) -> Result<(), StoreError> {
        match try_lock(&self.lock) {
            Ok(Some(_lock)) => self.read_all().await,
            Ok(None) => Ok(()),
            Err(_) => self.read_all().await,
        }
    }

    async fn read_all(&self) -> Result<(), StoreError> {
        loop {
            let raw = self.store.unread_webhooks(AT_ONCE).await?;
            if raw.is_empty() {
                return Ok(());
            }
            // All wait for the store together, in their order: what waits together is written together.
            for read in join_all(raw.into_iter().map(|raw| self.read(raw))).await {
                read?;
            }
        }
    }

    async fn read(&self, raw: RawWebhook) -> Result<(), StoreError> {
        let mut pages = Vec::new();
        let mut flags = Vec::new();
        let mut others = usize::MAX;
        let alone = raw.channels.len() == 1
            && self.channels.iter().filter(|it| it.webhook().is_some_and(|it| it.path() == raw.path)).count()
                <= 1;
        for name in &raw.channels {
            let Some(channel) = self.channels.iter().find(|it| it.descriptor().name == *name) else {
                flags.push(format!("no channel {name} here to read it"));
                continue;
            };
            let Parsed { page, unread, others: foreign } = parse(channel, &raw, alone);
            flags.extend(unread);
            others = others.min(foreign);
            pages.push((name.clone(), page));
        }
        // Named an account that none of those on this path is.
        if others != usize::MAX && others > 0 && pages.iter().all(|(_, page)| page.changes.is_empty()) {
            flags.push(format!("{others} parts name an account that is not configured here"));
        }
        if !flags.is_empty() {
            tracing::warn!(webhook = raw.n, parts = flags.len(), "kept unread");
        }
        let applied = self.store.webhook_done(raw.n, pages, flags, self.clock.now()).await?;
        tracing::debug!(webhook = raw.n, messages = applied.messages_new, "read");
        Ok(())
    }
}

/// A webhook that a channel chokes on must not stop those behind it.
fn parse(channel: &Arc<dyn Channel>, raw: &RawWebhook, alone: bool) -> Parsed {
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        channel.webhook().map(|it| it.parse(&raw.body, raw.received_at, alone)).unwrap_or_default()
    }));
    read.unwrap_or_else(|_| Parsed {
        unread: vec!["reading it failed by a mistake of deskline's".to_owned()],
        ..Parsed::default()
    })
}
