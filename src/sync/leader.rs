//! Who runs a channel's engine.
//!
//! On one box the truth is a lock file, held for life: death is noticed by the kernel, and followers wait blocked for
//! the lock on a thread of their own, so nobody wakes up in between. The lease's row in the store carries the epoch
//! that fences late sleepers. Whoever wins the lock is the heir: the holder before it is dead, and its lease is given
//! up in its name. A service that meets a window asks it to make way; one that does not answer within 10 s is passed
//! over (its epoch is no longer good). So is any leader that was stopped and holds its lock for ever: a follower that
//! has cause to doubt (an overdue row, a person who waits, a long silence) asks it through a note.

use std::{
    fs::{File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::future::OptionFuture;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::machine::LEASE;
use crate::{
    domain::{
        ChannelHealth, ChannelName, Time,
        change::Page,
        time::{Clock, from_millis, to_millis},
    },
    store::{Lease, NEXT_POLL, SharedStore, StoreError},
};

#[cfg(test)]
mod tests;

/// The channel's note in which its leader writes the epoch, for its heir.
const EPOCH: &str = "sync.epoch";
/// The channel's note in which a service asks a window to make way.
const WANTED: &str = "sync.wanted";

/// The channel's note in which a follower asks whether its leader still runs: when. The leader takes it away.
const ALIVE: &str = "sync.alive";
/// The channel's note of the last epoch that was led without the lock.
const UNLOCKED: &str = "sync.unlocked";

/// A lease of a leader that has not yet written its epoch down: its heir waits so long at most.
const FIRST_LEASE: Duration = Duration::from_secs(10);
/// How long a service waits for a window to make way, and how old its wish may be.
const PATIENCE: Duration = Duration::from_secs(10);
/// A row or a poll that is due for so long makes a follower ask whether its leader still runs.
const OVERDUE: Duration = Duration::from_secs(5);
/// A follower looks what is due so often at most, however often the bell rings.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Not more often than that.
const ASK_AGAIN: Duration = Duration::from_mins(1);
/// A service asks so often although nothing is overdue, a window only when the lease should have been renewed.
const SERVICE_ASKS: Duration = Duration::from_mins(1);
/// After a leader that may have asked its vendor for something a moment ago: vendors count by the second.
const REST: Duration = Duration::from_secs(1);
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
    /// Before that nothing is to be asked of the vendor: another process has just done so.
    rest_until: Option<Time>,
    /// Held for life. Whoever passed over a leader that does not answer has to do without at first.
    _lock: Lock,
}

impl Seat {
    /// Waits until the vendor may be asked.
    pub(super) async fn rest(&self, clock: &dyn Clock) {
        if let Some(at) = self.rest_until {
            clock.sleep_until(at).await;
        }
    }
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
        self.wins(false).await
    }

    /// The same for somebody who waits for what a leader does: one that does not answer is passed over at once.
    pub(super) async fn win_soon(&self) -> Seat {
        self.wins(true).await
    }

    async fn wins(&self, soon: bool) -> Seat {
        loop {
            match self.try_to_win(soon).await {
                Ok(Some(seat)) => return seat,
                // Whoever leads without the lock is to get it, or a service.
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(channel = %self.channel, %error, "the lead could not be taken; tried again");
                }
            }
            self.pause().await;
        }
    }

    /// The lead at once, or `None` where another engine has it.
    pub(super) async fn win_now(&self) -> Result<Option<Seat>, LeadError> {
        match try_lock(&lock_file(&self.folder, &self.channel))? {
            Some(file) => self.inherit(file, None).await,
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

    async fn try_to_win(&self, soon: bool) -> Result<Option<Seat>, LeadError> {
        let path = lock_file(&self.folder, &self.channel);
        if let Some(file) = try_lock(&path)? {
            return self.inherit(file, None).await;
        }
        let mut waiting = wait_for_lock(path);
        if self.service {
            self.notes(vec![(WANTED.to_owned(), json!(to_millis(self.clock.now())))]).await?;
            // A note is nobody's news; this one is.
            self.store.ring().await?;
            let patience = self.clock.sleep_until(self.clock.now() + PATIENCE);
            tokio::select! {
                locked = &mut waiting => return self.inherit(received(locked)?, Some(REST)).await,
                () = patience => {}
            }
            // It does not answer, or is a service itself; only the former can be passed over like this.
            if let Some(lease) = self.take_without_lock().await? {
                return Ok(Some(self.seat(lease, Lock::Awaited { _waiting: waiting }, Some(REST))));
            }
        }
        let lease = tokio::select! {
            biased;
            // Should the lead just have been taken: the lock in hand renews it.
            locked = &mut waiting => {
                let file = received(locked)?;
                // Which of all that wait gets it is chance: a window leaves it to the service for which another made way.
                return if self.wanted().await? { Ok(None) } else { self.inherit(file, Some(REST)).await };
            }
            lease = self.outlast(soon) => lease?,
        };
        Ok(Some(self.seat(lease, Lock::Awaited { _waiting: waiting }, Some(REST))))
    }

    fn seat(&self, lease: Lease, lock: Lock, rest: Option<Duration>) -> Seat {
        Seat { lease, rest_until: rest.map(|rest| self.clock.now() + rest), _lock: lock }
    }

    /// Takes the lead with the lock in hand; `None` where somebody who is alive leads without it.
    async fn inherit(&self, file: File, rest: Option<Duration>) -> Result<Option<Seat>, LeadError> {
        let take = async || {
            let now = self.clock.now();
            let (channel, holder) = (self.channel.clone(), self.holder.clone());
            self.store.lead(channel, holder, self.service, now + FIRST_LEASE, now).await
        };
        loop {
            if let Some(lease) = take().await?
                && self.settles_in(&lease).await?
            {
                return Ok(Some(self.seat(lease, Lock::Held { _file: file }, rest)));
            }
            // Whoever had it died with its lease still good: the heir gives it up in its name.
            let epoch = self.epoch().await?;
            if epoch.is_some() && epoch == self.number(UNLOCKED).await? && self.answers().await? {
                return Ok(None);
            }
            self.give_up_for(epoch).await?;
            if let Some(lease) = take().await?
                && self.settles_in(&lease).await?
            {
                return Ok(Some(self.seat(lease, Lock::Held { _file: file }, rest)));
            }
            self.pause().await;
        }
    }

    /// Waits until the leader does not answer, and takes the lead from it: a stopped process holds its lock for ever.
    async fn outlast(&self, soon: bool) -> Result<Lease, LeadError> {
        if !soon {
            self.doubt(self.clock.now()).await?;
        }
        loop {
            // Read before it is asked: nobody else's lead is given up.
            let epoch = self.epoch().await?;
            if !self.answers().await? {
                self.give_up_for(epoch).await?;
                if let Some(lease) = self.take_without_lock().await? {
                    return Ok(lease);
                }
            }
            self.doubt(self.clock.now() + ASK_AGAIN).await?;
        }
    }

    async fn take_without_lock(&self) -> Result<Option<Lease>, StoreError> {
        let now = self.clock.now();
        let (channel, holder) = (self.channel.clone(), self.holder.clone());
        let taken = self.store.lead(channel, holder, self.service, now + LEASE, now).await?;
        if let Some(lease) = &taken {
            tracing::warn!(channel = %self.channel, epoch = lease.epoch, "passed over a leader that does not answer");
            self.notes(vec![(UNLOCKED.to_owned(), json!(lease.epoch))]).await?;
            self.settle_in(lease).await?;
        }
        Ok(taken)
    }

    /// Waits until there is cause to ask whether the leader still runs: a row is long overdue, or nothing was asked for
    /// long.
    async fn doubt(&self, not_before: Time) -> Result<(), StoreError> {
        let every = if self.service { SERVICE_ASKS } else { LEASE };
        let unpolled = async {
            loop {
                let Some(next) = self.number(NEXT_POLL).await?.map(from_millis) else {
                    return std::future::pending().await;
                };
                // One look for each of the leader's polls: it has gone on by then, or it is asked.
                self.clock.sleep_until((next + OVERDUE).max(not_before)).await;
                if self.number(NEXT_POLL).await?.map(from_millis) == Some(next) {
                    return Ok(());
                }
            }
        };
        let overdue = async {
            let mut seen = 0;
            // Since when something is due, one thing or another.
            let mut since: Option<Time> = None;
            loop {
                seen = self.store.changed(seen).await;
                let due = self.store.next_due(self.channel.clone()).await?;
                let now = self.clock.now();
                // It may have been so since the look before.
                since =
                    due.filter(|due| *due <= now).map(|_| since.map_or(now - LOOK_AGAIN, |it| it.min(now)));
                // Held back by the leader or not: it is asked, and answers.
                let doubt: OptionFuture<_> = since
                    .or(due)
                    .map(|since| self.clock.sleep_until((since + OVERDUE).max(not_before)))
                    .into();
                let changed = async {
                    self.store.changed(seen).await;
                    self.clock.sleep_until(now + LOOK_AGAIN).await;
                };
                tokio::select! {
                    biased;
                    Some(()) = doubt => return Ok(()),
                    () = changed => {}
                }
            }
        };
        tokio::select! {
            overdue = overdue => overdue,
            unpolled = unpolled => unpolled,
            () = self.clock.sleep_until(self.clock.now() + every) => Ok(()),
        }
    }

    /// Asks whether the leader still runs.
    async fn answers(&self) -> Result<bool, StoreError> {
        self.notes(vec![(ALIVE.to_owned(), json!(to_millis(self.clock.now())))]).await?;
        self.store.ring().await?;
        // In two halves: after a night's suspension the leader gets the second one.
        for _ in 0..2 {
            let answered = async {
                let mut seen = 0;
                loop {
                    seen = self.store.changed(seen).await;
                    if self.number(ALIVE).await?.is_none() {
                        return Ok(true);
                    }
                }
            };
            tokio::select! {
                biased;
                answered = answered => return answered,
                () = self.clock.sleep_until(self.clock.now() + PATIENCE / 2) => {}
            }
        }
        Ok(false)
    }

    /// Answers a follower that asks whether this leader still runs.
    pub(super) async fn answer(&self) -> Result<(), StoreError> {
        if self.number(ALIVE).await?.is_none() {
            return Ok(());
        }
        self.notes(vec![(ALIVE.to_owned(), Value::Null)]).await?;
        self.store.ring().await
    }

    /// Answers followers for as long as it is polled.
    pub(super) async fn answer_all(&self) {
        let mut seen = 0;
        loop {
            seen = self.store.changed(seen).await;
            if let Err(error) = self.answer().await {
                tracing::error!(channel = %self.channel, %error, "a follower could not be answered");
            }
        }
    }

    /// The epoch that the last leader wrote down.
    pub(super) async fn epoch(&self) -> Result<Option<i64>, StoreError> {
        self.number(EPOCH).await
    }

    /// Tells followers when this leader means to ask its vendor next.
    pub(super) async fn will_poll(&self, at: Time) -> Result<(), StoreError> {
        let before = self.number(NEXT_POLL).await?.map(from_millis);
        self.notes(vec![(NEXT_POLL.to_owned(), json!(to_millis(at)))]).await?;
        // Each poll as it should be is nobody's news. One that did not come for long stands in every header.
        if before.is_some_and(|before| self.clock.now() - before > ChannelHealth::LATE) {
            self.store.ring().await?;
        }
        Ok(())
    }

    async fn number(&self, key: &str) -> Result<Option<i64>, StoreError> {
        let note = self.store.note(self.channel.clone(), key.to_owned()).await?;
        Ok(note.as_ref().and_then(Value::as_i64))
    }

    async fn give_up_for(&self, epoch: Option<i64>) -> Result<(), StoreError> {
        match epoch {
            Some(epoch) => self.store.yield_lead(Lease { channel: self.channel.clone(), epoch }).await,
            None => Ok(()),
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
        let mut memory = vec![(EPOCH.to_owned(), json!(lease.epoch)), (ALIVE.to_owned(), Value::Null)];
        if self.service {
            memory.push((WANTED.to_owned(), Value::Null));
        }
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
