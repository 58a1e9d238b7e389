//! One cycle without a service: `sync --once`, and `reply --wait` where no engine runs.

use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::{
    StreamExt,
    future::{OptionFuture, join_all},
    stream::FuturesUnordered,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    chance::Chance,
    dispatch::{Dispatched, LOOKS, Post, Stopped, Try},
    driver::{ASKED, CYCLE, SWEPT},
    engine::EngineOptions,
    fetch,
    intake::Intake,
    leader::{Candidate, Seat},
    machine::SENDS_AT_ONCE,
    patience::Patience,
    scan::{Tally, ours},
};
use crate::{
    channels::{Channel, ChannelError, ErrorKind, Retry, Sweep},
    domain::{ChannelName, OutboxRow, RowNumber, RowState, Time, change::Page, time::to_millis},
    store::{Lease, Settlement, StoreError},
};

#[cfg(test)]
mod tests;

/// How long a send that is under way is waited for when the time is up.
const MOMENT: Duration = Duration::from_secs(2);

/// What a one-shot needs is what an engine needs.
pub type OnceOptions = EngineOptions;

/// How a channel's cycle went.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelReport {
    /// Which.
    pub channel: ChannelName,
    /// Whether both loops came to their end and nothing was refused.
    pub ok: bool,
    /// Conversations that changed.
    pub conversations: usize,
    /// Messages that are new.
    pub messages_new: usize,
    /// Requests to the vendor.
    pub requests: usize,
    /// How long it took.
    pub seconds: f64,
    /// What went wrong.
    pub error: Option<ChannelError>,
}

impl ChannelReport {
    /// The form in the leader's note for whoever asked.
    pub(super) fn to_note(&self) -> Value {
        json!({
            "conversations": self.conversations,
            "messages_new": self.messages_new,
            "requests": self.requests,
            "seconds": self.seconds,
            "error": self.error.as_ref().map(|error| json!({
                "kind": word(error.kind), "status": error.status, "words": error.words,
            })),
        })
    }

    fn from_note(channel: ChannelName, note: &Value) -> Self {
        let count =
            |key: &str| note[key].as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or_default();
        let error = note["error"].as_object().map(|error| {
            let kind = error.get("kind").and_then(Value::as_str).map_or(ErrorKind::Refused, kind);
            let words = error.get("words").and_then(Value::as_str).unwrap_or_default();
            let status = error.get("status").and_then(Value::as_u64).and_then(|it| u16::try_from(it).ok());
            ChannelError { status, ..ChannelError::new(kind, Retry::Unclear, words) }
        });
        Self {
            channel,
            ok: error.is_none(),
            conversations: count("conversations"),
            messages_new: count("messages_new"),
            requests: count("requests"),
            seconds: note["seconds"].as_f64().unwrap_or_default(),
            error,
        }
    }
}

const KINDS: [(ErrorKind, &str); 9] = [
    (ErrorKind::Credentials, "credentials"),
    (ErrorKind::Refused, "refused"),
    (ErrorKind::WindowClosed, "window_closed"),
    (ErrorKind::GateClosed, "gate_closed"),
    (ErrorKind::RateLimited, "rate_limited"),
    (ErrorKind::Unreachable, "unreachable"),
    (ErrorKind::Outage, "outage"),
    (ErrorKind::NoAnswer, "no_answer"),
    (ErrorKind::Ours, "ours"),
];

fn word(kind: ErrorKind) -> &'static str {
    KINDS.iter().find(|(it, _)| *it == kind).map_or("refused", |(_, word)| word)
}

fn kind(word: &str) -> ErrorKind {
    KINDS.iter().find(|(_, it)| *it == word).map_or(ErrorKind::Refused, |(kind, _)| *kind)
}

/// Runs each channel's fast loop and full sweep to the end, fetches files, delivers what is due and waits for it. All
/// channels at once; one that fails does not keep the others. Where another engine leads a channel, that one is asked
/// and its cycle waited for. Binds no port.
pub async fn sync_once(options: OnceOptions) -> Vec<ChannelReport> {
    let mut chance = Chance::seeded(options.seed);
    if let Some(intake) = Intake::new(&options)
        && let Err(error) = intake.run_once().await
    {
        tracing::error!(%error, "webhooks could not be read");
    }
    if let Err(error) = options.store.tend(options.clock.now()).await {
        tracing::error!(%error, "tending failed");
    }
    let cycles = options.channels.iter().map(|channel| {
        let post = options.post(channel, &mut chance);
        let candidate = options.candidate(&post.name());
        let max = options.max_attachment;
        async move {
            let began_at = post.clock.now();
            let tally = Arc::<Tally>::default();
            let error = match cycle(&post, &candidate, max, &tally).await {
                Ok(Ended::Theirs(report)) => return report,
                Ok(Ended::Ours(error)) => error,
                Err(error) => Some(ours(&error)),
            };
            ChannelReport {
                channel: post.name(),
                ok: error.is_none(),
                conversations: tally.conversations(),
                messages_new: tally.messages_new.load(Ordering::Relaxed),
                requests: tally.requests.load(Ordering::Relaxed),
                seconds: (post.clock.now() - began_at).as_seconds_f64(),
                error,
            }
        }
    });
    join_all(cycles.collect::<Vec<_>>()).await
}

enum Ended {
    /// Done here.
    Ours(Option<ChannelError>),
    /// Done by the channel's leader.
    Theirs(ChannelReport),
}

async fn cycle(
    post: &Post,
    candidate: &Candidate,
    max: u64,
    tally: &Arc<Tally>,
) -> Result<Ended, StoreError> {
    let seat = match lead_or_ask(post, candidate).await? {
        Turn::Lead(seat) => seat,
        Turn::Served(report) => return Ok(Ended::Theirs(report)),
    };
    let mut first = None;
    let mut keep = |error: Option<ChannelError>| {
        // Refused credentials decide the exit code; else the first trouble does.
        let graver = error.as_ref().is_some_and(|it| it.kind == ErrorKind::Credentials);
        if first.is_none() || graver {
            first = error.or(first.take());
        }
    };
    let mut patience = Patience::default();
    let work = async {
        seat.rest(&*post.clock).await;
        post.store.adopt(seat.lease.clone(), post.clock.now()).await?;
        let swept = post.store.note(post.name(), SWEPT.to_owned()).await?.is_some();
        // A first full sweep reads everything once; after a fast loop it would read all of that again.
        let sweeps = if swept { [Sweep::Fast, Sweep::Full] } else { [Sweep::Full, Sweep::Fast] };
        for sweep in sweeps {
            let end = patience.scan(post, sweep, tally).await;
            let trouble = end.as_ref().err().map(|error| (error.short(), error.words.clone()));
            post.store.note_health(post.name(), trouble, post.clock.now()).await?;
            let failed = end.is_err();
            keep(end.err());
            if failed {
                break;
            }
            if sweep == Sweep::Full && !swept {
                let memory = vec![(SWEPT.to_owned(), json!(to_millis(post.clock.now())))];
                let page = Page { changes: Vec::new(), memory };
                post.store.apply(post.name(), page, post.clock.now()).await?;
            }
            post.let_in(&seat.lease).await?;
        }
        let waits = fetch::Waits::default();
        while fetch::round(post, &waits, max).await? > 0 {}
        for error in deliver_due(post, &seat.lease, &CancellationToken::new()).await? {
            keep(Some(error));
        }
        Ok::<_, StoreError>(())
    };
    let end = tokio::select! {
        end = work => end,
        // Never ends.
        () = candidate.answer_all() => Ok(()),
    };
    post.store.yield_lead(seat.lease.clone()).await?;
    drop(seat);
    end?;
    Ok(Ended::Ours(first))
}

enum Turn {
    Lead(Seat),
    Served(ChannelReport),
}

/// Takes the lead, or asks whoever has it for a cycle and waits for that. A leader that dies meanwhile is replaced.
async fn lead_or_ask(post: &Post, candidate: &Candidate) -> Result<Turn, StoreError> {
    match candidate.win_now().await {
        Ok(Some(seat)) => return Ok(Turn::Lead(seat)),
        Ok(None) => {}
        Err(super::leader::LeadError::Store(error)) => return Err(error),
        Err(error) => return Err(StoreError::Unusable(error.to_string())),
    }
    let asked = to_millis(post.clock.now());
    let page = Page { changes: Vec::new(), memory: vec![(ASKED.to_owned(), json!(asked))] };
    post.store.apply(post.name(), page, post.clock.now()).await?;
    post.store.ring().await?;
    // Not as a service: whoever leads is to go on leading.
    let follower = Candidate { service: false, ..candidate.clone() };
    let served = async {
        let mut seen = 0;
        loop {
            seen = post.store.changed(seen).await;
            let note = post.store.note(post.name(), CYCLE.to_owned()).await?;
            if let Some(note) = note.filter(|it| it["asked"].as_i64().is_some_and(|it| it >= asked)) {
                return Ok(ChannelReport::from_note(post.name(), &note["report"]));
            }
        }
    };
    tokio::select! {
        report = served => report.map(Turn::Served),
        seat = follower.win_soon() => Ok(Turn::Lead(seat)),
    }
}

/// Delivers what is due until nothing is, starting nothing new once it is `enough`; answers what went wrong.
async fn deliver_due(
    post: &Post,
    lease: &Lease,
    enough: &CancellationToken,
) -> Result<Vec<ChannelError>, StoreError> {
    let mut errors = Vec::new();
    let mut busy = HashMap::new();
    // Claimed for their next try after they were settled and before that was heard of here.
    let mut next = HashMap::new();
    let mut running = FuturesUnordered::new();
    let run = async |n, claimed, looks| {
        let end = if looks { post.look_up(lease, claimed).await } else { post.deliver(lease, claimed).await };
        (n, end)
    };
    let mut held = false;
    loop {
        let over = held || enough.is_cancelled();
        while !over && running.len() < SENDS_AT_ONCE {
            let now = post.clock.now();
            let (claimed, looks) = match post.store.claim(lease.clone(), now).await? {
                Some(claimed) => (claimed, false),
                None => match post.store.claim_look(lease.clone(), now).await? {
                    Some(claimed) => (claimed, true),
                    None => break,
                },
            };
            let n = claimed.row.n;
            let this = Try::of(&claimed.row);
            if let Some(running) = busy.get(&n) {
                if *running != this {
                    next.insert(n, (claimed, looks));
                }
                break;
            }
            busy.insert(n, this);
            running.push(run(n, claimed, looks));
        }
        let Some((n, end)) = running.next().await else { return Ok(errors) };
        busy.remove(&n);
        if let (Some((claimed, looks)), Ok(_)) = (next.remove(&n), &end) {
            busy.insert(n, Try::of(&claimed.row));
            running.push(run(n, claimed, looks));
        }
        match end {
            Ok(Dispatched { fault, error }) => {
                errors.extend(error);
                // A limit or a dead line meets the next row too.
                held |= fault.is_some();
            }
            Err(Stopped::Fenced) => return Ok(errors),
            Err(Stopped::Store(error)) => return Err(error),
        }
    }
}

/// How a row stands that somebody waited for.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// Which.
    pub n: RowNumber,
    /// The row as it stands; `None`: it has left the outbox, because the vendor has it (or somebody took it back).
    pub row: Option<OutboxRow>,
    /// What the vendor said, where this process heard it. `Credentials`: waiting longer is of no use.
    pub error: Option<ChannelError>,
}

impl Delivered {
    /// Whether waiting is over: sent, failed, uncertain or parked.
    pub fn settled(&self) -> bool {
        self.row.as_ref().is_none_or(|row| row.state.needs_a_person())
    }
}

/// Waits until these rows are settled or `deadline` has come, delivering them itself where no engine leads their
/// channels. Refused credentials end the wait: the rows stay queued.
pub async fn deliver(
    options: OnceOptions,
    rows: Vec<RowNumber>,
    deadline: Time,
) -> Result<Vec<Delivered>, StoreError> {
    let mut chance = Chance::seeded(options.seed);
    let posts: Vec<(Arc<Post>, Candidate)> = options
        .channels
        .iter()
        .map(|channel: &Arc<dyn Channel>| {
            let post = options.post(channel, &mut chance);
            let candidate = Candidate { service: false, ..options.candidate(&post.name()) };
            (post, candidate)
        })
        .collect();
    let store = options.store.clone();
    let mut names = HashSet::new();
    for n in &rows {
        if let Some(row) = store.row(*n).await? {
            names.insert(row.channel);
        }
    }
    let heard = std::sync::Mutex::new(None::<ChannelError>);
    let enough = CancellationToken::new();
    let cut = CancellationToken::new();
    let helpers = names.iter().map(|name| {
        let (heard, rows, enough, cut) = (&heard, &rows, &enough, &cut);
        let own = posts.iter().find(|(post, _)| post.name() == *name);
        async move {
            // Without its secrets only another engine can deliver.
            let Some((post, candidate)) = own else { return enough.cancelled().await };
            // Blocks while another engine leads and answers: then that one delivers.
            let Some(seat) = enough.run_until_cancelled(candidate.win_soon()).await else { return };
            let end = tokio::select! {
                biased;
                end = deliver_rows(post, &seat, rows, enough, heard) => end,
                () = cut.cancelled() => cut_short(post, &seat.lease).await,
                // Never ends.
                () = candidate.answer_all() => Ok(()),
            };
            if let Err(error) = post.store.yield_lead(seat.lease.clone()).await {
                tracing::warn!(%error, "the lease could not be given back");
            }
            if let Err(error) = end {
                tracing::error!(%error, "rows could not be delivered");
            }
        }
    });
    {
        let mut help = pin!(async { drop(join_all(helpers.collect::<Vec<_>>()).await) });
        let watched = async {
            let mut seen = 0;
            while !settled(&options, &rows).await? {
                seen = store.changed(seen).await;
            }
            Ok::<_, StoreError>(())
        };
        let over = tokio::select! {
            biased;
            () = &mut help => Ok(true),
            watched = watched => watched.map(|()| false),
            () = options.clock.sleep_until(deadline) => Ok(false),
        };
        enough.cancel();
        for (post, _) in &posts {
            post.closing.cancel();
        }
        // What is being sent by then gets its time, and when that is up a moment more: the truth is worth it.
        if !over? {
            tokio::select! {
                biased;
                () = &mut help => {}
                () = options.clock.sleep_until(deadline.max(options.clock.now() + MOMENT)) => {
                    cut.cancel();
                    help.await;
                }
            }
        }
    }
    let heard = heard.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut delivered = Vec::new();
    for n in rows {
        let row = store.row(n).await?;
        let error = heard.clone().filter(|_| row.is_some());
        delivered.push(Delivered { n, row, error });
    }
    Ok(delivered)
}

/// Ends the wait for answers that did not come in time: nobody knows, and whoever leads next looks.
async fn cut_short(post: &Post, lease: &Lease) -> Result<(), StoreError> {
    let now = post.clock.now();
    for row in post.store.outbox(None).await? {
        if row.channel != post.name() || row.state != RowState::Sending {
            continue;
        }
        let how = Settlement::Uncertain {
            error: "no answer came while it was waited for".to_owned(),
            look_at: Some((row.sent_at.unwrap_or(now) + LOOKS[0]).max(now)),
            lookup: None,
        };
        post.store.settle(lease.clone(), row.n, how, now).await?;
    }
    Ok(())
}

async fn settled(options: &OnceOptions, rows: &[RowNumber]) -> Result<bool, StoreError> {
    for n in rows {
        let waits = options.store.row(*n).await?.is_some_and(|row| !row.state.needs_a_person());
        if waits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Delivers what is due until these rows are settled, credentials are refused, or it is enough.
async fn deliver_rows(
    post: &Post,
    seat: &Seat,
    rows: &[RowNumber],
    enough: &CancellationToken,
    heard: &std::sync::Mutex<Option<ChannelError>>,
) -> Result<(), StoreError> {
    let clock = &post.clock;
    if enough.run_until_cancelled(seat.rest(&**clock)).await.is_none() {
        return Ok(());
    }
    post.store.adopt(seat.lease.clone(), clock.now()).await?;
    let mut seen = 0;
    while !enough.is_cancelled() {
        let errors = deliver_due(post, &seat.lease, enough).await?;
        let locked_out = errors.iter().any(|error| error.kind == ErrorKind::Credentials);
        if let Some(error) = errors.into_iter().last() {
            *heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
        }
        let mut waits = false;
        for n in rows {
            let row = post.store.row(*n).await?;
            waits |= row.is_some_and(|row| row.channel == post.name() && !row.state.needs_a_person());
        }
        if !waits || locked_out {
            return Ok(());
        }
        let next = post.store.next_due(post.name()).await?;
        let next = next.map(|at| clock.sleep_until(at.max(clock.now() + Duration::from_millis(200))));
        let next: OptionFuture<_> = next.into();
        tokio::select! {
            () = enough.cancelled() => {}
            Some(()) = next => {}
            mark = post.store.changed(seen) => seen = mark,
        }
    }
    Ok(())
}
