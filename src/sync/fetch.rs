//! Files of messages, fetched at once after they are known: vendors keep them for days only.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tokio::sync::watch;

use super::dispatch::Post;
use crate::{
    channels::{
        Channel, ChannelError, ErrorKind, Retry,
        download::{Part, Told},
    },
    domain::{MessageId, Time, time::Clock},
    store::{PendingDownload, SharedStore, StoreError},
};

const AT_ONCE: usize = 2;
const LOOK_AT: usize = 500;
/// How often it is said how far a file has come.
const SPREAD_EVERY: Duration = Duration::from_secs(1);
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_hours(1);
/// A week of tries at the longest wait: the vendor has forgotten the file by then.
const TRIES: u32 = 170;

/// When files that could not be had are tried again. Kept in memory: a restart tries them at once.
#[derive(Default)]
pub(super) struct Waits(Mutex<HashMap<(MessageId, u32), Time>>);

impl Waits {
    fn until(&self, file: &PendingDownload) -> Option<Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(file.message, file.n)).copied()
    }
}

/// When the next file is to be fetched: `now` or before where there is one, `None` where none is missing.
pub(super) async fn next(post: &Post, waits: &Waits) -> Result<Option<Time>, StoreError> {
    let now = post.clock.now();
    let pending = post.store.pending_downloads(post.name(), LOOK_AT).await?;
    Ok(pending.iter().map(|file| waits.until(file).unwrap_or(now)).min())
}

/// Fetches what is due; answers how many came.
pub(super) async fn round(post: &Post, waits: &Waits, max_bytes: u64) -> Result<usize, StoreError> {
    let now = post.clock.now();
    let pending = post.store.pending_downloads(post.name(), LOOK_AT).await?;
    let due = pending.into_iter().filter(|file| waits.until(file).is_none_or(|at| at <= now));
    let results: Vec<Result<bool, StoreError>> = stream::iter(due)
        .map(|file| one(post, waits, max_bytes, file))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    results.into_iter().try_fold(0, |came, result| Ok(came + usize::from(result?)))
}

async fn one(post: &Post, waits: &Waits, max_bytes: u64, file: PendingDownload) -> Result<bool, StoreError> {
    let now = post.clock.now();
    let wait_until = |until| {
        waits.0.lock().unwrap_or_else(PoisonError::into_inner).insert((file.message, file.n), until);
    };
    let error = match fetch(&post.store, &post.channel, &post.clock, &file, max_bytes, &|_, _| {}).await? {
        Fetched::Came => return Ok(true),
        // It will be there, or be free, soon.
        Fetched::Elsewhere => {
            wait_until(now + FIRST_RETRY);
            return Ok(false);
        }
        Fetched::Failed { error, over } => {
            tracing::info!(
                channel = %post.name(), message = file.message.0, n = file.n, kind = ?error.kind,
                status = error.status, over, "a file could not be fetched"
            );
            (!over).then_some(error)
        }
    };
    let now = post.clock.now();
    match error {
        None => {
            waits.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(file.message, file.n));
        }
        Some(error) => {
            let wait = {
                let mut chance = post.chance.lock().unwrap_or_else(PoisonError::into_inner);
                match error.retry {
                    Retry::Safe(Some(after)) => chance.at_least(after),
                    _ => chance.backoff(file.attempts, FIRST_RETRY, LONGEST_RETRY),
                }
            };
            wait_until(now + wait);
        }
    }
    Ok(false)
}

/// How a file's fetching ended.
#[derive(Debug)]
pub enum Fetched {
    /// It is in the store.
    Came,
    /// Another process fetches it just now.
    Elsewhere,
    /// It did not come (whole); what has come waits for the next try, unless it is over.
    Failed {
        /// Why not.
        error: ChannelError,
        /// Whether nobody tries again.
        over: bool,
    },
}

/// Fetches one file, going on from what an earlier try left, and stores it. `told` hears how much has come; everybody
/// else is told now and then.
///
/// # Errors
/// Those of the store.
pub async fn fetch(
    store: &SharedStore,
    channel: &Arc<dyn Channel>,
    clock: &Arc<dyn Clock>,
    file: &PendingDownload,
    max_bytes: u64,
    told: Told<'_>,
) -> Result<Fetched, StoreError> {
    let path = store.download_path(file.message, file.n).await?;
    let (tell, heard) = watch::channel((0, None));
    let both = |have: u64, total: Option<u64>| {
        told(have, total);
        tell.send_replace((have, total));
    };
    let end = tokio::select! {
        end = bytes(channel, file, max_bytes, &path, &both) => end,
        end = spread(store, clock, file, heard) => return Err(end),
    };
    let now = clock.now();
    let result = match end {
        Ok(Some(())) => Ok(path),
        Ok(None) => return Ok(Fetched::Elsewhere),
        Err(error) => {
            let over = file.attempts + 1 >= TRIES
                || (error.retry == Retry::Never && error.kind != ErrorKind::Credentials);
            store.downloaded(file.message, file.n, Err((error.words.clone(), over)), now).await?;
            return Ok(Fetched::Failed { error, over });
        }
    };
    store.downloaded(file.message, file.n, result, now).await?;
    Ok(Fetched::Came)
}

/// Says now and then how far a file has come, to whoever looks at it: nothing where it comes at once.
async fn spread(
    store: &SharedStore,
    clock: &Arc<dyn Clock>,
    file: &PendingDownload,
    mut heard: watch::Receiver<(u64, Option<u64>)>,
) -> StoreError {
    let mut size = None;
    loop {
        clock.sleep_until(clock.now() + SPREAD_EVERY).await;
        if heard.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        let (_, total) = *heard.borrow_and_update();
        let new = total.filter(|_| total != size);
        size = total.or(size);
        if let Err(error) = store.downloading(file.message, file.n, new).await {
            return error;
        }
    }
}

/// `None`: another process has it.
async fn bytes(
    channel: &Arc<dyn Channel>,
    file: &PendingDownload,
    max_bytes: u64,
    path: &Path,
    told: Told<'_>,
) -> Result<Option<()>, ChannelError> {
    let Some(part) = Part::open(path, max_bytes, told)? else { return Ok(None) };
    let mut part = part.announced_as(file.sha256.as_deref());
    channel.download(&file.remote_ref, &mut part).await?;
    part.sync().await?;
    if let Some(announced) = &file.sha256
        && !part.sha256().await?.eq_ignore_ascii_case(announced)
    {
        part.empty().await?;
        // Never shown under a name that it does not deserve.
        return Err(ChannelError::ours("the bytes that came are not those that the vendor announced"));
    }
    Ok(Some(()))
}
