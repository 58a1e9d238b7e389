//! What the simulator's own tests share: a clock that is moved by hand, a started simulator, a client.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use chrono::{TimeDelta, TimeZone, Utc};
use serde_json::Value;
use tokio::sync::Notify;

use super::{Options, Simulator, Switches};
use crate::domain::time::{Clock, Time};

/// A clock that moves only by hand.
pub(super) struct HandClock {
    now: Mutex<Time>,
    moved: Notify,
}

impl HandClock {
    pub fn new() -> Arc<Self> {
        let start = Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).single().expect("a valid date");
        Arc::new(Self { now: Mutex::new(start), moved: Notify::new() })
    }

    pub fn forward_ms(&self, ms: i64) {
        *self.now.lock().unwrap() += TimeDelta::milliseconds(ms);
        self.moved.notify_waiters();
    }
}

impl Clock for HandClock {
    fn now(&self) -> Time {
        *self.now.lock().unwrap()
    }

    fn sleep_until(&self, at: Time) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            loop {
                let moved = self.moved.notified();
                if self.now() >= at {
                    return;
                }
                moved.await;
            }
        })
    }
}

/// A simulator with its clock and a client.
pub(super) struct Stage {
    pub clock: Arc<HandClock>,
    pub simulator: Simulator,
    pub http: reqwest::Client,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let clock = HandClock::new();
        let mut options = Options {
            listen: ([127, 0, 0, 1], 0).into(),
            seed: 7,
            conversations: 0,
            lang: None,
            live: false,
            clock: clock.clone(),
            switches: Switches::default(),
        };
        change(&mut options);
        let simulator = Simulator::start(options).await.expect("a free port");
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { clock, simulator, http }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.simulator.address())
    }

    /// A setting of an account.
    pub fn setting(&self, account: &str, key: &str) -> String {
        let accounts = self.simulator.accounts();
        let account = accounts.iter().find(|one| one.name == account).expect("an account");
        account.settings.iter().find(|(name, _)| *name == key).expect("a setting").1.clone()
    }

    pub fn breaches(&self) -> Vec<String> {
        self.simulator.book().breaches()
    }
}

/// Status and JSON of an answer; text becomes a JSON string.
pub(super) async fn read(answer: reqwest::Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
