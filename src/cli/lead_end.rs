//! The end of an engine, as the kernel tells it: its lock is free.

use std::{fs::File, path::PathBuf};

use tokio::sync::oneshot;

/// Waits for one lock, on one thread, however often the waiting is broken off and taken up again.
///
/// The thread is none of the runtime's: those are few and do everybody's reading, and a wait that lasts as long as the
/// engine lives would keep one of them for good.
pub struct LeadEnd {
    lock: PathBuf,
    told: Option<oneshot::Receiver<()>>,
}

impl LeadEnd {
    /// Of whoever holds this lock.
    pub fn of(lock: PathBuf) -> Self {
        Self { lock, told: None }
    }

    /// Resolves when nobody holds the lock. May be dropped and asked again.
    pub async fn comes(&mut self) {
        let lock = &self.lock;
        let told = self.told.get_or_insert_with(|| wait(lock.clone()));
        let came = told.await.is_ok();
        self.told = None;
        if !came {
            // No thread was to be had: the next change in the store looks again.
            std::future::pending::<()>().await;
        }
    }
}

fn wait(lock: PathBuf) -> oneshot::Receiver<()> {
    let (tell, told) = oneshot::channel();
    let waits = move || {
        // A lock that cannot be opened is held by nobody either.
        drop(File::open(lock).and_then(|file| file.lock_shared()));
        let _ = tell.send(());
    };
    let started =
        std::thread::Builder::new().name("deskline-watch".into()).stack_size(128 << 10).spawn(waits);
    if let Err(error) = started {
        tracing::error!(%error, "no thread to wait for the engine's end");
    }
    told
}

#[cfg(test)]
mod tests;
