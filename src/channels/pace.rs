//! How fast an account's vendor is asked: one pace for all processes of the box.
//!
//! A vendor counts by account, not by process. So the next free moment of each bucket stands in a small locked file
//! beside the session token: whoever asks takes that moment, moves it on by one interval, and sleeps until his own.
//! Beside it stands the end of the pause that the vendor last asked for: nobody asks before it, whichever process heard it.
//! Where the files cannot be had (a state folder that is read only), each process keeps its own pace.

use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    io::{self, Read, Seek, Write},
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::tokens::{Tokens, open_private};
use crate::domain::{
    Time,
    time::{Clock, from_millis, to_millis},
};

/// A moment further off than this was written by a clock that was ahead: it counts for nothing.
const FURTHEST: TimeDelta = TimeDelta::minutes(5);
/// How long a place that was waited for ahead is good for.
const KEPT_SERVES: TimeDelta = TimeDelta::seconds(2);
/// A vendor who asks for a longer pause is asked again after this one.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// The first pause after a limit whose end the vendor does not tell; each further one is twice as long.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(1);
const LONGEST_GUESS: TimeDelta = TimeDelta::minutes(1);
/// So soon after a pause, another limit is of the same kind.
const SOON: TimeDelta = TimeDelta::seconds(10);
/// The lock is held for one short write; a process that was stopped in the middle of it must not stop the others.
const LOCK_TRIES: u32 = 20;
const LOCK_WAIT: Duration = Duration::from_millis(10);

/// The pace of one account.
pub struct Pace {
    clock: Arc<dyn Clock>,
    /// Where the moments stand, each bucket in a file of its own; `None`: this process only.
    files: Option<PathBuf>,
    own: Mutex<HashMap<&'static str, Time>>,
    /// Buckets in which the vendor has asked for a pause (`Retry-After`).
    paused: Mutex<HashMap<&'static str, Pause>>,
    /// Places that were waited for ahead of their request, with their moments.
    kept: Mutex<Vec<(&'static str, Time)>>,
}

/// A pause that a vendor asked for.
#[derive(Clone, Copy, Debug)]
struct Pause {
    until: Time,
    length: TimeDelta,
}

impl Pause {
    fn read(path: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path).ok()?;
        let (until, length) = text.trim().split_once(' ')?;
        let length = length.parse().ok().filter(|it| (0..=LONGEST_PAUSE.num_milliseconds()).contains(it))?;
        Some(Self { until: from_millis(until.parse().ok()?), length: TimeDelta::milliseconds(length) })
    }

    fn write(self, path: &Path) -> io::Result<()> {
        // Always of one length, and written at once: whoever reads meanwhile has the old one or the new one.
        let text = format!("{:020} {:010}\n", to_millis(self.until), self.length.num_milliseconds());
        let mut file = open_private(path)?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)
    }
}

impl Pace {
    /// The pace of `account` (its public name with its address), shared by all processes that keep their session
    /// tokens in the same folder.
    pub fn beside(tokens: &Tokens, account: &str, clock: Arc<dyn Clock>) -> Self {
        // The account's name holds addresses; a file name must not.
        let name = hex::encode(&Sha256::digest(account)[..8]);
        Self {
            clock,
            files: tokens.folder().map(|folder| folder.join(name)),
            own: Mutex::default(),
            paused: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// The vendor wants nothing of this bucket for so long (`None`: it does not say for how long).
    pub fn pause(&self, bucket: &'static str, wait: Option<Duration>) {
        let now = self.clock.now();
        let last = self.last_pause(bucket, now);
        let wait = match wait {
            Some(wait) => TimeDelta::from_std(wait).map_or(LONGEST_PAUSE, |wait| wait.min(LONGEST_PAUSE)),
            // Limited again soon after the last one was over: that was too short.
            None => match last.filter(|last| now - last.until <= (last.length * 2).max(SOON)) {
                // Two requests that were under way heard of the same limit.
                Some(last) if last.until > now => last.until - now,
                Some(last) => (last.length * 2).clamp(FIRST_PAUSE, LONGEST_GUESS),
                None => FIRST_PAUSE,
            },
        };
        let pause = Pause { until: now + wait, length: wait };
        if last.is_some_and(|last| last.until >= pause.until) {
            return;
        }
        self.pauses().insert(bucket, pause);
        if let Some(path) = self.pause_file(bucket)
            && let Err(error) = pause.write(&path)
        {
            tracing::debug!(%error, "the vendor's pause is not shared with other processes");
        }
    }

    /// What is left of the pause that the vendor asked for, of this process or any other.
    pub fn paused(&self, bucket: &'static str) -> Option<Duration> {
        let now = self.clock.now();
        (self.last_pause(bucket, now)?.until - now).to_std().ok().filter(|it| !it.is_zero())
    }

    /// The last pause that anybody was asked for, over or not.
    fn last_pause(&self, bucket: &'static str, now: Time) -> Option<Pause> {
        let own = self.pauses().get(bucket).copied().map(|own| {
            // A clock that went back must not make it longer than it ever was.
            Pause { until: own.until.min(now + LONGEST_PAUSE), ..own }
        });
        let shared = self.pause_file(bucket).and_then(|path| Pause::read(&path));
        // What ends later than any pause was written by a clock that was ahead.
        let shared = shared.filter(|it| it.until <= now + LONGEST_PAUSE);
        own.into_iter().chain(shared).max_by_key(|it| it.until)
    }

    fn pause_file(&self, bucket: &str) -> Option<PathBuf> {
        Some(self.files.as_ref()?.with_extension(format!("{bucket}.pause")))
    }

    fn pauses(&self) -> MutexGuard<'_, HashMap<&'static str, Pause>> {
        self.paused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place that the bucket's next request will have: a send is `sending` on disk only once nothing is
    /// in its way any more.
    pub async fn keep(&self, bucket: &'static str, per_second: u32) {
        if per_second == 0 {
            return;
        }
        self.place(bucket, per_second).await;
        self.kept().push((bucket, self.clock.now()));
    }

    /// Waits for a place in a bucket of `per_second` requests (0: no limit of ours).
    pub async fn place(&self, bucket: &'static str, per_second: u32) {
        let Some(rate) = NonZeroU32::new(per_second) else { return };
        if self.takes_kept(bucket) {
            return;
        }
        // A twentieth longer: two requests that left in time still arrive in time.
        let interval = TimeDelta::milliseconds(1_050 / i64::from(rate.get()) + 1);
        let now = self.clock.now();
        let mine = {
            let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            let (mine, next) = take(own.get(bucket).copied(), now, interval);
            own.insert(bucket, next);
            mine
        };
        let at = match self.shared(bucket, now, interval).await {
            Some(shared) => shared.max(mine),
            None => mine,
        };
        if at > now {
            self.clock.sleep_until(at).await;
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(&'static str, Time)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn takes_kept(&self, bucket: &str) -> bool {
        let now = self.clock.now();
        let mut kept = self.kept();
        // A place whose request never came has been passed by.
        kept.retain(|(_, at)| (now - *at).abs() < KEPT_SERVES);
        let place = kept.iter().position(|(it, _)| *it == bucket);
        place.map(|at| kept.swap_remove(at)).is_some()
    }

    /// The moment that the file gives; `None` where it cannot be had.
    async fn shared(&self, bucket: &str, now: Time, interval: TimeDelta) -> Option<Time> {
        let path = self.files.as_ref()?.with_extension(format!("{bucket}.pace"));
        let taken = tokio::task::spawn_blocking(move || take_shared(&path, now, interval)).await.ok()?;
        taken.inspect_err(|error| tracing::debug!(%error, "no pace is shared with other processes")).ok()
    }
}

/// The moment that is free now, and the one after it.
fn take(free: Option<Time>, now: Time, interval: TimeDelta) -> (Time, Time) {
    let mine = free.filter(|free| *free <= now + FURTHEST).map_or(now, |free| free.max(now));
    (mine, mine + interval)
}

fn take_shared(path: &Path, now: Time, interval: TimeDelta) -> io::Result<Time> {
    let mut file = open_private(path)?;
    lock(&file)?;
    let mut text = String::new();
    // What cannot be read is written anew.
    let free = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok()).map(from_millis);
    let (mine, next) = take(free, now, interval);
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(to_millis(next).to_string().as_bytes())?;
    Ok(mine)
}

fn lock(file: &File) -> io::Result<()> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("another process holds the lock and does not let go"))
}

#[cfg(test)]
mod tests;
