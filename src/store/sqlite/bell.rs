//! The doorbell: a file beside the store that a writer touches after its commit and that all others watch. Nothing wakes
//! up without cause; only on network file systems, which tell nobody, and on a box that has given out all its watches is
//! there a look every two seconds.

use std::{
    fs::File,
    io::ErrorKind,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use inotify::{EventMask, Inotify, WatchDescriptor, WatchMask, Watches};
use tokio::sync::watch;

use super::actor::Looker;

#[cfg(test)]
mod tests;

/// How often the store is looked at where nobody tells.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The writing thread's side.
pub(super) struct Ringer {
    file: File,
    mark: watch::Sender<u64>,
}

impl Ringer {
    /// A ringer of this file.
    pub(super) fn new(file: File, mark: watch::Sender<u64>) -> Self {
        Self { file, mark }
    }

    /// Tells everybody, here and in other processes.
    pub(super) fn ring(&self) {
        self.heard();
        if let Err(error) = self.file.write_at(b"!", 0) {
            tracing::warn!(%error, "the bell could not be rung; other processes will see the change later");
        }
    }

    /// Somebody else has committed: tells those in this process.
    pub(super) fn heard(&self) {
        self.mark.send_modify(|mark| *mark += 1);
    }
}

/// The watching thread. Dropping it ends the thread.
pub(super) struct Watcher {
    stop: Stop,
    thread: Option<JoinHandle<()>>,
    /// Why it looks now and then, where it could have been told.
    deaf: Option<std::io::Error>,
}

enum Stop {
    Inotify { ended: Arc<AtomicBool>, watches: Watches, current: Arc<Mutex<WatchDescriptor>> },
    Polling(Option<mpsc::Sender<()>>),
}

impl Watcher {
    /// Watches the file. `network`: by looking now and then.
    pub(super) fn start(path: &Path, network: bool, looker: Looker) -> std::io::Result<Self> {
        if network {
            return Self::looking(looker, None);
        }
        let watched = Inotify::init().and_then(|inotify| {
            let watch = inotify.watches().add(path, MASK)?;
            Ok((inotify, watch))
        });
        let (inotify, watch) = match watched {
            Ok(watched) => watched,
            Err(error) => return Self::looking(looker, Some(error)),
        };
        let watches = inotify.watches();
        let current = Arc::new(Mutex::new(watch));
        let ended = Arc::new(AtomicBool::new(false));
        let stop = Stop::Inotify { ended: Arc::clone(&ended), watches, current: Arc::clone(&current) };
        let path = path.to_owned();
        let thread = thread().spawn(move || listen(inotify, &path, &ended, &current, &looker))?;
        Ok(Self { stop, thread: Some(thread), deaf: None })
    }

    fn looking(looker: Looker, deaf: Option<std::io::Error>) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread().spawn(move || {
            while stopped.recv_timeout(LOOK_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) && looker.look() {}
        })?;
        Ok(Self { stop: Stop::Polling(Some(stop)), thread: Some(thread), deaf })
    }

    /// What to tell who opened the store.
    pub(super) fn note(&self) -> Option<String> {
        let error = self.deaf.as_ref()?;
        Some(format!(
            "this box watches no more files ({error}): what others change shows after up to {} s; raise \
             fs.inotify.max_user_watches and fs.inotify.max_user_instances",
            LOOK_EVERY.as_secs()
        ))
    }
}

fn thread() -> std::thread::Builder {
    std::thread::Builder::new().name("store-bell".into()).stack_size(256 << 10)
}

const MASK: WatchMask = WatchMask::MODIFY.union(WatchMask::DELETE_SELF).union(WatchMask::MOVE_SELF);

fn listen(
    mut inotify: Inotify,
    path: &PathBuf,
    ended: &AtomicBool,
    current: &Mutex<WatchDescriptor>,
    looker: &Looker,
) {
    let mut buffer = [0; 4096];
    while !ended.load(Ordering::Acquire) {
        let events = match inotify.read_events_blocking(&mut buffer) {
            Ok(events) => events,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                tracing::error!(%error, "the bell is no longer heard");
                return;
            }
        };
        let gone = events.into_iter().any(|event| event.mask.contains(EventMask::IGNORED));
        if ended.load(Ordering::Acquire) {
            return;
        }
        if gone {
            // Somebody removed the file: a new one, so that the next writer is heard again.
            let made = File::options().create(true).append(true).open(path);
            match made.and_then(|_| inotify.watches().add(path, MASK)) {
                Ok(watch) => *current.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = watch,
                Err(_) => return,
            }
        }
        if !looker.look() {
            return;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        match &mut self.stop {
            Stop::Polling(stop) => *stop = None,
            Stop::Inotify { ended, watches, current } => {
                ended.store(true, Ordering::Release);
                // Removing the watch is itself an event: it wakes the thread, which then sees that it has ended.
                let watch = current.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
                let _ = watches.remove(watch);
            }
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
