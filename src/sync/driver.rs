//! Does what one channel's machine says, and tells it how it went.

use std::{
    collections::HashMap,
    future::Future,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use futures_util::{FutureExt, future::OptionFuture};
use serde_json::{Value, json};
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    chance::Chance,
    dispatch::{Dispatched, Post, Stopped, Try},
    engine::ChannelStatus,
    fetch,
    leader::{Candidate, Seat},
    machine::{Do, Fault, Input, Machine, Pace},
    once::ChannelReport,
    scan::{self, Tally},
};
use crate::{
    channels::{ChannelError, ErrorKind, Retry, Sweep},
    domain::{
        RowNumber, Time,
        change::Page,
        time::{from_millis, to_millis},
    },
    store::{Claimed, Lease, StoreError},
};

/// The channel's note in which somebody asks its leader for a whole cycle: when he asked.
pub(super) const ASKED: &str = "sync.asked";
/// The channel's note in which its leader says how the cycle went that was asked for.
pub(super) const CYCLE: &str = "sync.cycle";
/// The channel's note of its first full sweep's end.
pub(super) const SWEPT: &str = "sync.swept";

/// A wish for a cycle that is older is nobody's any more.
const WISH_LASTS: chrono::TimeDelta = chrono::TimeDelta::minutes(10);

/// What is under way gets so long when the engine stops; what then has no answer is looked up by the next one.
const GRACE: Duration = Duration::from_millis(1500);

/// One channel's engine.
pub(super) struct Driver {
    pub post: Arc<Post>,
    pub candidate: Candidate,
    pub pace: Pace,
    pub max_attachment: u64,
    pub asked: Arc<Notify>,
    pub status: Arc<Mutex<ChannelStatus>>,
}

/// A cycle that was asked for.
struct Cycle {
    asked_at: Time,
    began_at: Time,
    tally: Arc<Tally>,
    error: Option<ChannelError>,
}

/// What a task brings back.
enum Back {
    Looked { due: Option<Time>, files: Option<Time>, wanted: bool, asked: Option<Time>, fenced: bool },
    Claimed(Option<(Box<Claimed>, Kind)>),
    Scanned(Sweep, Result<(), ChannelError>),
    Settled(RowNumber, Result<Dispatched, Stopped>),
    Plain(Input),
}

/// What a claim is for.
#[derive(Clone, Copy)]
enum Kind {
    Send,
    Look,
}

impl Driver {
    /// Competes for the lead, leads, and competes again, until `stop`.
    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            let seat = tokio::select! {
                () = stop.cancelled() => return,
                seat = self.candidate.win() => seat,
            };
            self.say(|status| {
                status.leads = true;
                status.epoch = Some(seat.lease.epoch);
            });
            let end = self.lead(&seat, &stop).await;
            self.say(|status| {
                status.leads = false;
                status.under_way = 0;
                status.next_poll = None;
            });
            if let Err(error) = end {
                tracing::error!(channel = %self.post.name(), %error, "the lead is given up");
            }
            if let Err(error) = self.post.store.yield_lead(seat.lease.clone()).await {
                tracing::warn!(channel = %self.post.name(), %error, "the lease could not be given back");
            }
            drop(seat);
            if stop.is_cancelled() {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.candidate.pause() => {}
            }
        }
    }

    async fn lead(&self, seat: &Seat, stop: &CancellationToken) -> Result<(), StoreError> {
        let (store, clock, channel) = (&self.post.store, &self.post.clock, self.post.name());
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = seat.rest(&**clock) => {}
        }
        let adopted = store.adopt(seat.lease.clone(), clock.now()).await?;
        if adopted > 0 {
            tracing::warn!(%channel, rows = adopted, "adopted rows that a dead engine left as sending");
        }
        let cycle = store.note(channel.clone(), CYCLE.to_owned()).await?;
        // A wish that is older than this was for a leader before, and its asker has had his answer or has gone.
        let stale = clock.now() - WISH_LASTS;
        let served = cycle.and_then(|it| it["asked"].as_i64()).map(from_millis).filter(|it| *it > stale);
        let served = Some(served.unwrap_or(stale));
        let swept = store.note(channel.clone(), SWEPT.to_owned()).await?.is_some();
        let chance = {
            let mut own = self.post.chance.lock().unwrap_or_else(PoisonError::into_inner);
            Chance::seeded(own.seed())
        };
        let mut machine = Machine::new(self.pace, chance);
        let mut run = Run {
            driver: self,
            lease: seat.lease.clone(),
            works: JoinSet::new(),
            sends: JoinSet::new(),
            busy: HashMap::new(),
            next: HashMap::new(),
            waits: Arc::default(),
            cycle: None,
            served,
            swept,
        };
        let mut todo = machine.step(clock.now(), Input::Led { swept });
        let mut seen = 0;
        let mut told = None;
        loop {
            let next = machine.next_poll().filter(|next| told != Some(*next));
            if let Some(next) = next {
                told = Some(next);
                self.candidate.will_poll(next).await?;
            }
            for what in std::mem::take(&mut todo) {
                if what == Do::StepDown {
                    run.wind_up(false).await;
                    return Ok(());
                }
                run.perform(what).await;
            }
            self.say(|status| {
                status.under_way = run.sends.len();
                status.next_poll = machine.next_poll();
            });
            let wake: OptionFuture<_> = machine.next_wake().map(|at| clock.sleep_until(at)).into();
            tokio::select! {
                biased;
                () = stop.cancelled() => {
                    run.wind_up(true).await;
                    return Ok(());
                }
                Some(back) = run.works.join_next() => {
                    for input in run.back(back).await {
                        todo.extend(machine.step(clock.now(), input));
                    }
                }
                Some(back) = run.sends.join_next() => {
                    for input in run.back(back).await {
                        todo.extend(machine.step(clock.now(), input));
                    }
                }
                () = self.asked.notified() => {
                    run.ask(clock.now());
                    todo = machine.step(clock.now(), Input::Asked);
                }
                mark = store.changed(seen) => {
                    seen = mark;
                    todo = machine.step(clock.now(), Input::Rung);
                }
                Some(()) = wake => todo = machine.step(clock.now(), Input::Woke),
            }
        }
    }

    fn say(&self, change: impl FnOnce(&mut ChannelStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What is under way while a channel is led.
struct Run<'a> {
    driver: &'a Driver,
    lease: Lease,
    /// May be dropped at any time.
    works: JoinSet<Back>,
    /// Get a little time at the end.
    sends: JoinSet<Back>,
    /// Rows that are under way: the store may offer one again until it is `sending`.
    busy: HashMap<RowNumber, Try>,
    /// Rows that were claimed for their next try after they were settled and before that was heard of here: they follow
    /// at once, since the store will not offer them again for a long time.
    next: HashMap<RowNumber, (Box<Claimed>, Kind)>,
    waits: Arc<fetch::Waits>,
    cycle: Option<Cycle>,
    /// The newest wish for a cycle that has been taken up.
    served: Option<Time>,
    swept: bool,
}

impl Run<'_> {
    async fn perform(&mut self, what: Do) {
        let post = self.driver.post.clone();
        let lease = self.lease.clone();
        match what {
            Do::Look => {
                let candidate = self.driver.candidate.clone();
                let waits = self.waits.clone();
                let look = async move { look(&post, &candidate, &lease, &waits).await };
                self.works.spawn(guarded(look, || Back::Looked {
                    due: None,
                    files: None,
                    wanted: false,
                    asked: None,
                    fenced: false,
                }));
            }
            Do::Claim => {
                let claim = async move { claim(&post, lease).await };
                self.works.spawn(guarded(claim, || Back::Claimed(None)));
            }
            Do::Scan(sweep) => {
                let tally = self.cycle.as_ref().map_or_else(Arc::default, |cycle| cycle.tally.clone());
                let scan = async move { Back::Scanned(sweep, scan::scan(&post, sweep, &tally).await) };
                self.works.spawn(guarded(scan, move || Back::Scanned(sweep, Err(broken()))));
            }
            Do::Fetch => {
                let waits = self.waits.clone();
                let max = self.driver.max_attachment;
                let fetch = async move {
                    if let Err(error) = fetch::round(&post, &waits, max).await {
                        tracing::error!(channel = %post.name(), %error, "files could not be stored");
                        post.clock.sleep_until(post.clock.now() + Duration::from_secs(10)).await;
                    }
                    Back::Plain(Input::Fetched)
                };
                self.works.spawn(guarded(fetch, || Back::Plain(Input::Fetched)));
            }
            Do::Renew => {
                let candidate = self.driver.candidate.clone();
                let renew = async move {
                    let renewed = candidate.renew(&lease).await;
                    Back::Plain(Input::Renewed(renewed.unwrap_or(false)))
                };
                self.works.spawn(guarded(renew, || Back::Plain(Input::Renewed(false))));
            }
            Do::CycleEnded => self.end_cycle().await,
            // Seen to by the loop.
            Do::StepDown => {}
        }
    }

    /// What a finished task means to the machine.
    async fn back(&mut self, back: Result<Back, tokio::task::JoinError>) -> Vec<Input> {
        let back = match back {
            Ok(back) => back,
            Err(error) => {
                tracing::error!(channel = %self.lease.channel, %error, "a task ended without an answer");
                return Vec::new();
            }
        };
        match back {
            // Stopped for a while and passed over: nothing of this one's counts any more.
            Back::Looked { fenced: true, .. } => vec![Input::Fenced],
            Back::Looked { due, files, wanted, asked, fenced: false } => {
                let mut inputs = vec![Input::Looked { due, files, wanted }];
                if let Some(asked) = asked.filter(|asked| self.served.is_none_or(|served| *asked > served)) {
                    self.ask(asked);
                    inputs.push(Input::Asked);
                }
                inputs
            }
            Back::Claimed(claimed) => vec![Input::Claimed { found: self.start(claimed) }],
            Back::Scanned(sweep, end) => {
                self.note_scan(sweep, &end).await;
                let end = end.map_err(|error| {
                    let fault = Fault::from(&error);
                    if let Some(cycle) = &mut self.cycle {
                        cycle.error = Some(error);
                    }
                    fault
                });
                vec![Input::Scanned { sweep, end }]
            }
            Back::Settled(n, end) => {
                self.busy.remove(&n);
                if let (Ok(_), Some((claimed, kind))) = (&end, self.next.remove(&n)) {
                    self.begin(claimed, kind);
                }
                match end {
                    Ok(Dispatched { fault, error }) => {
                        if let (Some(_), Some(error)) = (fault, error) {
                            self.tell(Some(&error)).await;
                        }
                        vec![Input::Settled { fault }]
                    }
                    Err(Stopped::Fenced | Stopped::Store(_)) => vec![Input::Fenced],
                }
            }
            Back::Plain(input) => vec![input],
        }
    }

    /// Starts what was claimed; `false` where there was nothing.
    fn start(&mut self, claimed: Option<(Box<Claimed>, Kind)>) -> bool {
        let Some((claimed, kind)) = claimed else { return false };
        let n = claimed.row.n;
        match self.busy.get(&n) {
            None => self.begin(claimed, kind),
            Some(running) if *running == Try::of(&claimed.row) => return false,
            Some(_) => return self.next.insert(n, (claimed, kind)).is_none(),
        }
        true
    }

    fn begin(&mut self, claimed: Box<Claimed>, kind: Kind) {
        let n = claimed.row.n;
        self.busy.insert(n, Try::of(&claimed.row));
        let post = self.driver.post.clone();
        let lease = self.lease.clone();
        let work = async move {
            let end = match kind {
                Kind::Send => post.deliver(&lease, *claimed).await,
                Kind::Look => post.look_up(&lease, *claimed).await,
            };
            Back::Settled(n, end)
        };
        // A panic leaves the row as it stands on disk: `sending`, if it got so far. Stepping down has it adopted.
        self.sends.spawn(guarded(work, move || Back::Settled(n, Err(Stopped::Fenced))));
    }

    fn ask(&mut self, asked_at: Time) {
        self.served = Some(asked_at);
        let cycle =
            Cycle { asked_at, began_at: self.driver.post.clock.now(), tally: Arc::default(), error: None };
        match &mut self.cycle {
            // The machine runs a second one after the first; its report is for both.
            Some(running) => running.asked_at = asked_at,
            none => *none = Some(cycle),
        }
    }

    async fn end_cycle(&mut self) {
        let Some(cycle) = self.cycle.take() else { return };
        let post = &self.driver.post;
        let count = |of: &std::sync::atomic::AtomicUsize| of.load(Ordering::Relaxed);
        let report = ChannelReport {
            channel: post.name(),
            ok: cycle.error.is_none(),
            conversations: cycle.tally.conversations(),
            messages_new: count(&cycle.tally.messages_new),
            requests: count(&cycle.tally.requests),
            seconds: (post.clock.now() - cycle.began_at).as_seconds_f64(),
            error: cycle.error,
        };
        let note = json!({"asked": to_millis(cycle.asked_at), "report": report.to_note()});
        self.note(CYCLE, note).await;
        // Whoever asked waits for this note.
        if let Err(error) = self.driver.post.store.ring().await {
            tracing::error!(channel = %self.driver.post.name(), %error, "the bell could not be rung");
        }
    }

    async fn note_scan(&mut self, sweep: Sweep, end: &Result<(), ChannelError>) {
        self.tell(end.as_ref().err()).await;
        if end.is_ok()
            && let Err(error) = self.driver.post.let_in(&self.lease).await
        {
            tracing::error!(channel = %self.lease.channel, %error, "rows could not be released");
        }
        if end.is_ok() && sweep == Sweep::Full && !self.swept {
            self.swept = true;
            let now = self.driver.post.clock.now();
            self.note(SWEPT, json!(to_millis(now))).await;
        }
    }

    /// Notes how the last contact went, for every window's header.
    async fn tell(&self, error: Option<&ChannelError>) {
        let post = &self.driver.post;
        let trouble = error.map(|error| (error.short(), error.words.clone()));
        self.driver.say(|status| status.trouble = trouble.as_ref().map(|(short, _)| short.clone()));
        if let Err(error) = post.store.note_health(post.name(), trouble, post.clock.now()).await {
            tracing::error!(channel = %post.name(), %error, "the channel's health could not be noted");
        }
    }

    async fn note(&self, key: &str, value: Value) {
        let post = &self.driver.post;
        let page = Page { changes: Vec::new(), memory: vec![(key.to_owned(), value)] };
        if let Err(error) = post.store.apply(post.name(), page, post.clock.now()).await {
            tracing::error!(channel = %post.name(), %error, "a note could not be kept");
        }
    }

    /// Ends what may be ended, and gives what is being sent a little time.
    async fn wind_up(&mut self, stopping: bool) {
        self.works.abort_all();
        if stopping {
            self.driver.post.closing.cancel();
        }
        let clock = &self.driver.post.clock;
        let mut grace = pin!(clock.sleep_until(clock.now() + GRACE));
        while !self.sends.is_empty() {
            tokio::select! {
                _ = self.sends.join_next() => {}
                () = &mut grace => break,
            }
        }
        if !self.sends.is_empty() {
            tracing::warn!(
                channel = %self.lease.channel, rows = self.sends.len(), stopping,
                "left without an answer; the next start looks them up"
            );
        }
        self.sends.abort_all();
    }
}

async fn look(post: &Post, candidate: &Candidate, lease: &Lease, waits: &fetch::Waits) -> Back {
    let read = async {
        let fenced = candidate.epoch().await?.is_some_and(|epoch| epoch > lease.epoch);
        if !fenced {
            candidate.answer().await?;
        }
        let due = post.store.next_due(post.name()).await?;
        let files = fetch::next(post, waits).await?;
        let wanted = candidate.wanted().await?;
        let asked = post.store.note(post.name(), ASKED.to_owned()).await?;
        Ok::<_, StoreError>(Back::Looked {
            due,
            files,
            wanted,
            asked: asked.as_ref().and_then(Value::as_i64).map(from_millis),
            fenced,
        })
    };
    match read.await {
        Ok(back) => back,
        Err(error) => {
            tracing::error!(channel = %post.name(), %error, "the store could not be read");
            // Nobody would ring: the look is its own alarm.
            let again = post.clock.now() + Duration::from_secs(5);
            Back::Looked { due: Some(again), files: None, wanted: false, asked: None, fenced: false }
        }
    }
}

async fn claim(post: &Post, lease: Lease) -> Back {
    let claimed = async {
        let now = post.clock.now();
        if let Some(row) = post.store.claim(lease.clone(), now).await? {
            return Ok(Some((Box::new(row), Kind::Send)));
        }
        let look = post.store.claim_look(lease, now).await?;
        Ok::<_, StoreError>(look.map(|row| (Box::new(row), Kind::Look)))
    };
    match claimed.await {
        Ok(claimed) => Back::Claimed(claimed),
        Err(error) => {
            tracing::error!(channel = %post.name(), %error, "no row could be claimed");
            Back::Claimed(None)
        }
    }
}

fn broken() -> ChannelError {
    ChannelError::new(ErrorKind::Ours, Retry::Unclear, "deskline made a mistake here; its log says where")
}

/// A task whose panic is an answer like any other: one bad page must not end the engine.
async fn guarded<B>(work: impl Future<Output = B>, fallback: impl FnOnce() -> B) -> B {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a task of the engine panicked");
        fallback()
    })
}
