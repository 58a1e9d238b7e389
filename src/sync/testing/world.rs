//! A store, a clock, channels and the engines on them.

use std::{sync::Arc, time::Duration};

use super::{FakeChannel, TestClock, memory::MemoryStore};
use crate::{
    channels::Channel,
    sync::{Engine, EngineHandle, EngineOptions, Pace, leader::Candidate},
};

pub(crate) struct World {
    pub store: Arc<MemoryStore>,
    pub clock: Arc<TestClock>,
    pub channel: Arc<FakeChannel>,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(FakeChannel::new("fake"))
    }

    pub(crate) fn with(channel: FakeChannel) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Arc::new(MemoryStore::new(folder.path().to_owned()));
        Self { store, clock: Arc::default(), channel: Arc::new(channel), folder }
    }

    pub(crate) fn options(&self, holder: &str) -> EngineOptions {
        EngineOptions {
            store: self.store.clone(),
            channels: vec![self.channel.clone() as Arc<dyn Channel>],
            clock: self.clock.clone(),
            seed: 1,
            service: false,
            holder: holder.into(),
            lock_dir: self.folder.path().to_owned(),
            paces: vec![("fake".into(), Pace::default())],
            webhook: None,
            max_attachment: 1000,
        }
    }

    pub(crate) fn engine(&self, holder: &str) -> EngineHandle {
        Engine::start(self.options(holder))
    }

    pub(in crate::sync) fn candidate(&self, holder: &str) -> Candidate {
        self.options(holder).candidate(&"fake".into())
    }

    pub(crate) fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Lets everything run until `holds`; gives up after ten seconds of real time.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(10), "never came true: {what}");
        tokio::task::yield_now().await;
    }
}

/// Lets everything run that can run without the clock.
pub(crate) async fn idle() {
    for _ in 0..2000 {
        tokio::task::yield_now().await;
    }
}
