//! Files of messages, fetched at once after they are known: vendors keep them for days only.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

use super::dispatch::Post;
use crate::{
    channels::{ChannelError, ErrorKind, Retry},
    domain::{MessageId, Time},
    store::{PendingDownload, StoreError},
};

const AT_ONCE: usize = 2;
const LOOK_AT: usize = 500;
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
    let path = post.store.download_path().await?;
    let fetched = fetch(post, &file, max_bytes, &path).await;
    let now = post.clock.now();
    let result = match fetched {
        Ok(()) => Ok(path),
        Err(error) => {
            // What is left of it is of no use; if it cannot be removed, the store tidies its folder.
            let _ = tokio::fs::remove_file(&path).await;
            let over = file.attempts + 1 >= TRIES
                || (error.retry == Retry::Never && error.kind != ErrorKind::Credentials);
            tracing::info!(
                channel = %post.name(), message = file.message.0, n = file.n, kind = ?error.kind,
                status = error.status, over, "a file could not be fetched"
            );
            let mut until = waits.0.lock().unwrap_or_else(PoisonError::into_inner);
            if over {
                until.remove(&(file.message, file.n));
            } else {
                let mut chance = post.chance.lock().unwrap_or_else(PoisonError::into_inner);
                let wait = match error.retry {
                    Retry::Safe(Some(after)) => chance.at_least(after),
                    _ => chance.backoff(file.attempts, FIRST_RETRY, LONGEST_RETRY),
                };
                until.insert((file.message, file.n), now + wait);
            }
            Err((error.words, over))
        }
    };
    let came = result.is_ok();
    post.store.downloaded(file.message, file.n, result, now).await?;
    Ok(came)
}

async fn fetch(post: &Post, file: &PendingDownload, max_bytes: u64, path: &Path) -> Result<(), ChannelError> {
    let trouble = |error: std::io::Error| {
        ChannelError::new(ErrorKind::Ours, Retry::Unclear, format!("the file could not be written: {error}"))
    };
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut to = options.open(path).await.map_err(trouble)?;
    post.channel.download(&file.remote_ref, max_bytes, &mut to).await?;
    to.sync_all().await.map_err(trouble)?;
    drop(to);
    if let Some(announced) = &file.sha256 {
        let path = path.to_owned();
        let hash = tokio::task::spawn_blocking(move || sha256(&path))
            .await
            .map_err(|error| trouble(std::io::Error::other(error)))?
            .map_err(trouble)?;
        if !hash.eq_ignore_ascii_case(announced) {
            // Never shown under a name that it does not deserve.
            return Err(ChannelError::ours("the bytes that came are not those that the vendor announced"));
        }
    }
    Ok(())
}

fn sha256(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut from = std::fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}
