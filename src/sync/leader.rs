//! Who runs a channel's engine.
//!
//! On one box the truth is a lock file, held for life: death is noticed by the kernel, and followers wait blocked for
//! the lock on a thread of their own, so nobody wakes up in between. The lease's row in the store carries the epoch
//! that fences late sleepers. Whoever wins the lock is the heir: the holder before it is dead, and its lease is given
//! up in its name. A service that meets a window asks it to make way; one that does not answer within 10 s is passed
//! over (its epoch is no longer good).

use std::{
    fs::{File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::machine::LEASE;
use crate::{
    domain::{
        ChannelName,
        change::Page,
        time::{Clock, from_millis, to_millis},
    },
    store::{Lease, SharedStore, StoreError},
};

#[cfg(test)]
mod tests;

/// The channel's note in which its leader writes the epoch, for its heir.
const EPOCH: &str = "sync.epoch";
/// The channel's note in which a service asks a window to make way.
const WANTED: &str = "sync.wanted";

/// A lease of a leader that has not yet written its epoch down: its heir waits so long at most.
const FIRST_LEASE: Duration = Duration::from_secs(10);
/// How long a service waits for a window to make way, and how old its wish may be.
const PATIENCE: Duration = Duration::from_secs(10);
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// The lock file of a channel.
pub fn lock_file(folder: &Path, channel: &ChannelName) -> PathBuf {
    folder.join(format!("{channel}.lead"))
}

/// Whether an engine leads the channel on this box. Looks once, waits for nothing.
pub fn leads(folder: &Path, channel: &ChannelName) -> bool {
    let Ok(file) = File::open(lock_file(folder, channel)) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// The lead of a channel, for as long as this is kept.
#[derive(Debug)]
pub(super) struct Seat {
    /// The fence.
    pub lease: Lease,
    /// Held for life. A service that passed over a window that does not answer has to do without at first.
    _lock: Lock,
}

#[derive(Debug)]
enum Lock {
    Held { _file: File },
    Awaited { _waiting: oneshot::Receiver<io::Result<File>> },
}

/// One candidate for one channel.
#[derive(Clone)]
pub(super) struct Candidate {
    pub store: SharedStore,
    pub clock: Arc<dyn Clock>,
    pub channel: ChannelName,
    /// Unlike any other process's.
    pub holder: String,
    pub service: bool,
    pub folder: PathBuf,
}

impl Candidate {
    /// Waits until this candidate leads.
    pub(super) async fn win(&self) -> Seat {
        loop {
            match self.try_to_win().await {
                Ok(seat) => return seat,
                Err(error) => {
                    tracing::error!(channel = %self.channel, %error, "the lead could not be taken; tried again");
                    self.pause().await;
                }
            }
        }
    }

    /// The lead at once, or `None` where another engine has it.
    pub(super) async fn win_now(&self) -> Result<Option<Seat>, LeadError> {
        match try_lock(&lock_file(&self.folder, &self.channel))? {
            Some(file) => Ok(Some(self.inherit(file).await?)),
            None => Ok(None),
        }
    }

    /// Renews the lease. `false`: it is somebody else's.
    pub(super) async fn renew(&self, lease: &Lease) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let renewed = self
            .store
            .lead(self.channel.clone(), self.holder.clone(), self.service, now + LEASE, now)
            .await?;
        Ok(renewed.is_some_and(|renewed| renewed.epoch == lease.epoch))
    }

    /// Whether a service waits for this window to make way.
    pub(super) async fn wanted(&self) -> Result<bool, StoreError> {
        if self.service {
            return Ok(false);
        }
        let wish = self.store.note(self.channel.clone(), WANTED.to_owned()).await?;
        let at = wish.as_ref().and_then(Value::as_i64).map(from_millis);
        Ok(at.is_some_and(|at| (self.clock.now() - at).abs() < chrono::TimeDelta::seconds(15)))
    }

    /// A short wait before competing again, so that whoever asked for the lead gets it.
    pub(super) async fn pause(&self) {
        self.clock.sleep_until(self.clock.now() + TRY_AGAIN).await;
    }

    async fn try_to_win(&self) -> Result<Seat, LeadError> {
        let path = lock_file(&self.folder, &self.channel);
        if let Some(file) = try_lock(&path)? {
            return self.inherit(file).await;
        }
        let mut waiting = wait_for_lock(path);
        if self.service {
            self.notes(vec![(WANTED.to_owned(), json!(to_millis(self.clock.now())))]).await?;
            // A note is nobody's news; this one is.
            self.store.ring().await?;
            let patience = self.clock.sleep_until(self.clock.now() + PATIENCE);
            tokio::select! {
                locked = &mut waiting => return self.inherit(received(locked)?).await,
                () = patience => {}
            }
            // It does not answer, or is a service itself; only the former can be passed over.
            let now = self.clock.now();
            let taken =
                self.store.lead(self.channel.clone(), self.holder.clone(), true, now + LEASE, now).await?;
            if let Some(lease) = taken {
                tracing::warn!(channel = %self.channel, "passed over a window that does not answer");
                self.settle_in(&lease).await?;
                return Ok(Seat { lease, _lock: Lock::Awaited { _waiting: waiting } });
            }
        }
        self.inherit(received(waiting.await)?).await
    }

    /// Takes the lead with the lock in hand.
    async fn inherit(&self, file: File) -> Result<Seat, LeadError> {
        let take = async || {
            let now = self.clock.now();
            let (channel, holder) = (self.channel.clone(), self.holder.clone());
            self.store.lead(channel, holder, self.service, now + FIRST_LEASE, now).await
        };
        loop {
            if let Some(lease) = take().await?
                && self.settles_in(&lease).await?
            {
                return Ok(Seat { lease, _lock: Lock::Held { _file: file } });
            }
            // Whoever had it died with its lease still good: the heir gives it up in its name.
            let epoch =
                self.store.note(self.channel.clone(), EPOCH.to_owned()).await?.and_then(|it| it.as_i64());
            if let Some(epoch) = epoch {
                self.store.yield_lead(Lease { channel: self.channel.clone(), epoch }).await?;
            }
            if let Some(lease) = take().await?
                && self.settles_in(&lease).await?
            {
                return Ok(Seat { lease, _lock: Lock::Held { _file: file } });
            }
            self.pause().await;
        }
    }

    /// Writes the epoch down and makes a long lease of the first one. `false`: that was over by then (the machine slept,
    /// the disk stood still); with it, nothing could be claimed.
    async fn settles_in(&self, lease: &Lease) -> Result<bool, StoreError> {
        self.settle_in(lease).await?;
        let ours = self.renew(lease).await?;
        if ours {
            tracing::info!(channel = %self.channel, epoch = lease.epoch, "leads");
        }
        Ok(ours)
    }

    async fn settle_in(&self, lease: &Lease) -> Result<(), StoreError> {
        let memory = if self.service {
            vec![(EPOCH.to_owned(), json!(lease.epoch)), (WANTED.to_owned(), Value::Null)]
        } else {
            vec![(EPOCH.to_owned(), json!(lease.epoch))]
        };
        self.notes(memory).await
    }

    async fn notes(&self, memory: Vec<(String, Value)>) -> Result<(), StoreError> {
        let page = Page { changes: Vec::new(), memory };
        self.store.apply(self.channel.clone(), page, self.clock.now()).await.map(drop)
    }
}

/// Why the lead could not be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum LeadError {
    #[error("the lock file: {0}")]
    Lock(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn received(locked: Result<io::Result<File>, oneshot::error::RecvError>) -> Result<File, LeadError> {
    match locked {
        Ok(locked) => Ok(locked?),
        Err(_) => Err(LeadError::Lock(io::Error::other("the thread that waited for it is gone"))),
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    // 0660: where the store has no group the process's umask takes the group's part away.
    match OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o660)
        .custom_flags(flags)
        .open(path)
    {
        // A colleague's file can be locked by whoever can read it.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            OpenOptions::new().read(true).custom_flags(flags).open(path)
        }
        opened => {
            let file = opened?;
            share(path, &file);
            Ok(file)
        }
    }
}

/// In a team's folder everybody must be able to see who leads, whatever this process's umask is.
fn share(path: &Path, file: &File) {
    let team =
        path.parent().and_then(|folder| folder.metadata().ok()).is_some_and(|it| it.mode() & 0o070 == 0o070);
    let ours = file.metadata().is_ok_and(|it| it.mode() & 0o777 != 0o660);
    if team && ours {
        // Another account's file cannot be changed, and need not be.
        let _ = file.set_permissions(Permissions::from_mode(0o660));
    }
}

pub(super) fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let file = open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Waits for a lock on a thread of its own. Where nobody wants it any more, it is let go as soon as it is got.
pub(super) fn wait_for_lock(path: PathBuf) -> oneshot::Receiver<io::Result<File>> {
    let (tell, told) = oneshot::channel();
    let waits = move || {
        let locked = open(&path).and_then(|file| file.lock().map(|()| file));
        // Dropping an unwanted file unlocks it.
        drop(tell.send(locked));
    };
    // Not one of the runtime's threads: those are waited for at the end of the program.
    let started = std::thread::Builder::new().name("deskline-lock".into()).stack_size(128 << 10).spawn(waits);
    if let Err(error) = started {
        tracing::error!(%error, "no thread to wait for the lock");
    }
    told
}
