//! A clock moved by hand.

use std::{future::Future, pin::Pin, time::Duration};

use tokio::sync::watch;

use crate::domain::time::{Clock, Time, from_millis};

/// Stands still until it is moved; sleepers wake when it has come far enough.
#[derive(Debug)]
pub struct TestClock(watch::Sender<Time>);

impl Default for TestClock {
    /// 2026-01-01, 00:00 UTC.
    fn default() -> Self {
        Self::at(from_millis(1_767_225_600_000))
    }
}

impl TestClock {
    /// A clock that shows `now`.
    pub fn at(now: Time) -> Self {
        Self(watch::Sender::new(now))
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now += by);
    }

    /// Sets it, backwards too.
    pub fn set(&self, now: Time) {
        self.0.send_replace(now);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Time {
        *self.0.borrow()
    }

    fn sleep_until(&self, at: Time) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            // The sender lives as long as the borrow of `self`.
            let _ = now.wait_for(|now| *now >= at).await;
        })
    }
}
