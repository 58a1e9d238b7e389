//! The engine as a whole: its channels, its listener, and the handle that the rest of the program holds.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    chance::Chance,
    dispatch::Post,
    driver::Driver,
    intake::Intake,
    leader::{Candidate, try_lock, wait_for_lock},
    machine::Pace,
    webhook::Listener,
};
use crate::{
    channels::Channel,
    domain::{ChannelName, Time, time::Clock},
    store::SharedStore,
};

#[cfg(test)]
mod tests;

/// The lock of the one process that closes and wakes what is due.
const TENDER: &str = "tender.lead";
/// At most so often, however much is committed.
const TEND_EVERY: Duration = Duration::from_secs(1);
/// After a fault of the store.
const TEND_AGAIN: Duration = Duration::from_mins(1);

/// What an engine is started with.
#[derive(Clone)]
pub struct EngineOptions {
    /// The store.
    pub store: SharedStore,
    /// The accounts whose secrets this process could read.
    pub channels: Vec<Arc<dyn Channel>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For jitter.
    pub seed: u64,
    /// Whether this is `deskline sync`: windows make way for it.
    pub service: bool,
    /// Who this is, unlike any other process: `deskline@desk1:4711`.
    pub holder: String,
    /// Where the lock files are: beside the store.
    pub lock_dir: PathBuf,
    /// How often each channel is polled; what is not in it has the default.
    pub paces: Vec<(ChannelName, Pace)>,
    /// Where webhooks are received.
    pub webhook: Option<SocketAddr>,
    /// The largest file that is fetched, in bytes.
    pub max_attachment: u64,
}

/// How one channel's engine is.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelStatus {
    /// Which.
    pub channel: ChannelName,
    /// Whether this process leads it.
    pub leads: bool,
    /// The epoch under which it does, or last did.
    pub epoch: Option<i64>,
    /// Sends and look-ups under way.
    pub under_way: usize,
    /// When it is polled next.
    pub next_poll: Option<Time>,
    /// What its vendor last had to complain of, in a word.
    pub trouble: Option<String>,
}

/// Polls, sends and listens until it is told to stop.
pub struct Engine;

impl Engine {
    /// Starts an engine; the webhook's port is bound before anything else. Needs a tokio runtime around it.
    pub fn start(options: EngineOptions) -> EngineHandle {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let listener =
            options.webhook.map(|address| Listener::start(address, &options, stop.clone(), &mut tasks));
        let mut chance = Chance::seeded(options.seed);
        let asked = options.channels.iter().map(|_| Arc::new(Notify::new())).collect::<Vec<_>>();
        let mut statuses = Vec::new();
        for (channel, asked) in options.channels.iter().zip(&asked) {
            let name = channel.descriptor().name.clone();
            let status = Arc::new(Mutex::new(ChannelStatus {
                channel: name.clone(),
                leads: false,
                epoch: None,
                under_way: 0,
                next_poll: None,
                trouble: None,
            }));
            statuses.push(status.clone());
            let driver = Driver {
                post: options.post(channel, &mut chance),
                candidate: options.candidate(&name),
                pace: options.pace(&name),
                max_attachment: options.max_attachment,
                asked: asked.clone(),
                status,
            };
            tasks.spawn(driver.run(stop.clone()));
        }
        if let Some(intake) = Intake::new(&options) {
            let stop = stop.clone();
            tasks
                .spawn(async move { stop.run_until_cancelled_owned(intake.run()).await.unwrap_or_default() });
        }
        tasks.spawn(tend(options, stop.clone()));
        EngineHandle { stop, tasks, asked, statuses, listener }
    }
}

impl EngineOptions {
    pub(super) fn post(&self, channel: &Arc<dyn Channel>, chance: &mut Chance) -> Arc<Post> {
        let own = Chance::seeded(chance.seed());
        Arc::new(Post::new(self.store.clone(), channel.clone(), self.clock.clone(), own))
    }

    pub(super) fn candidate(&self, channel: &ChannelName) -> Candidate {
        Candidate {
            store: self.store.clone(),
            clock: self.clock.clone(),
            channel: channel.clone(),
            holder: self.holder.clone(),
            service: self.service,
            folder: self.lock_dir.clone(),
        }
    }

    fn pace(&self, channel: &ChannelName) -> Pace {
        self.paces.iter().find(|(name, _)| name == channel).map(|(_, pace)| *pace).unwrap_or_default()
    }
}

/// A running engine. Dropping it stops it without grace: what was being sent is looked up by the next one.
pub struct EngineHandle {
    stop: CancellationToken,
    tasks: JoinSet<()>,
    asked: Vec<Arc<Notify>>,
    statuses: Vec<Arc<Mutex<ChannelStatus>>>,
    listener: Option<Listener>,
}

impl EngineHandle {
    /// Where webhooks are received, once the port is ours.
    pub fn webhook_address(&self) -> Option<SocketAddr> {
        self.listener.as_ref().and_then(Listener::address)
    }

    /// Asks for a whole cycle of every channel that this process leads, now.
    pub fn sync_now(&self) {
        for asked in &self.asked {
            asked.notify_one();
        }
    }

    /// How the channels are.
    pub fn status(&self) -> Vec<ChannelStatus> {
        self.statuses
            .iter()
            .map(|status| status.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .collect()
    }

    /// Stops within 2 s. Everything is on disk; a send without an answer by then is looked up by the next engine.
    /// Before a process is suspended (Ctrl-z), stop its engine, and start a new one when it goes on: a sleeping leader
    /// would hold everybody up.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Drop for EngineHandle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Closes what has been resolved for five days and wakes what slept long enough, in one process at a time.
async fn tend(options: EngineOptions, stop: CancellationToken) {
    let path = options.lock_dir.join(TENDER);
    let works = async {
        let locked = match try_lock(&path) {
            Ok(Some(file)) => Ok(file),
            Ok(None) => match wait_for_lock(path).await {
                Ok(locked) => locked,
                Err(_) => return,
            },
            Err(error) => Err(error),
        };
        // Without a lock it is done all the same: doing it twice changes nothing.
        if let Err(error) = &locked {
            tracing::warn!(%error, "no lock for tending");
        }
        let (store, clock) = (&options.store, &options.clock);
        let mut seen = 0;
        loop {
            let next = match store.tend(clock.now()).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "tending failed");
                    Some(clock.now() + TEND_AGAIN)
                }
            };
            clock.sleep_until(clock.now() + TEND_EVERY).await;
            let wake: futures_util::future::OptionFuture<_> = next.map(|at| clock.sleep_until(at)).into();
            tokio::select! {
                Some(()) = wake => {}
                mark = store.changed(seen) => seen = mark,
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = works => {}
    }
}
