//! When something has a real consequence: what `due_at`, `due_clock` and the warning before it hold. The rules are the
//! domain's; here are the facts that they ask for.

use std::rc::Rc;

use rusqlite::{Connection, Result, named_params, params};
use serde_json::Value;

use super::{
    actor::Tx,
    rows::{self, from_json},
};
use crate::domain::{
    Status,
    clock::{self, Calendar, Due, EVENTS, Facts, Logged, Policy, Whose, logged},
    outbox::Event,
    promise::WARNED_BEFORE,
    time::{from_millis, to_millis},
};

/// Business days that something is on hold for where nobody said how long.
const HELD_DAYS: u32 = 2;

/// What a conversation's row holds of its clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    /// The earliest consequence: whose clock, when, and from when on it is at risk.
    pub(super) due: Option<(&'static str, i64, i64)>,
    /// Whether it cannot be answered now.
    pub(super) blocked: bool,
}

/// What a conversation waits for now that it has waited since then, in that status.
pub(super) fn of(tx: &Tx<'_>, id: i64, since: Option<i64>, status: Status, now: i64) -> Result<Deadline> {
    let db = tx.db;
    let at = from_millis(now);
    let (remote_id, channel, gate, before) = db
        .prepare_cached(
            "SELECT ifnull(remote_id, ''), channel, gate, gate_since, gate_until, waiting_since, due_clock, due_at \
             FROM conversation WHERE id = ?1",
        )?
        .query_row([id], |r| {
            let millis = |i| r.get::<_, Option<i64>>(i);
            let gate = rows::gate(
                r.get_ref(2)?.as_str()?,
                millis(3)?.map(from_millis),
                millis(4)?.map(from_millis),
            );
            let before = (millis(5)?, r.get::<_, Option<String>>(6)?, millis(7)?);
            Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, gate, before))
        })?;
    let blocked = clock::blocked(&gate, at);
    let Some(since) = since else { return Ok(Deadline { due: None, blocked }) };
    let policy = policy(tx, &channel)?;
    // The log is read only where the company's clock runs.
    let (log, replied) = if policy.first_response_ms.is_some() || policy.next_response_ms.is_some() {
        let log = log(db, id)?;
        let replied = replied(db, id, &log)?;
        (log, replied)
    } else {
        (Logged::default(), true)
    };
    let facts = Facts {
        remote_id: &remote_id,
        waiting_since: Some(from_millis(since)),
        replied,
        status,
        gate,
        pauses: &log.pauses,
    };
    let found = clock::due(&policy, &facts, at);
    let due = breach(before, since, now).filter(|old| found.is_none_or(|new| to_millis(new.at) > old.1));
    let due = due.or_else(|| {
        found.map(|Due { at, clock, warned_at }| (clock.as_str(), to_millis(at), to_millis(warned_at)))
    });
    Ok(Deadline { due, blocked })
}

/// A breach of the same run, which nothing undoes: another policy frees deadlines of the future only.
fn breach(
    (waited, clock, due): (Option<i64>, Option<String>, Option<i64>),
    since: i64,
    now: i64,
) -> Option<(&'static str, i64, i64)> {
    let due = due.filter(|due| *due <= now && waited == Some(since))?;
    let clock =
        [Whose::Marketplace, Whose::Company].into_iter().find(|it| clock.as_deref() == Some(it.as_str()))?;
    Some((clock.as_str(), due, due - clock::WARNED_BEFORE.num_milliseconds()))
}

/// When what is on hold without a date comes back: nothing waits without an end.
pub(super) fn hold_ends(tx: &Tx<'_>, channel: &str, now: i64) -> Result<Option<i64>> {
    let policy = policy(tx, channel)?;
    let weekdays = Calendar::weekdays("weekdays", chrono_tz::UTC, 0, 24);
    let calendar = policy.calendar.as_ref().or(policy.vendor.hours.as_ref()).unwrap_or(&weekdays);
    Ok(calendar.business_days(from_millis(now), HELD_DAYS).map(to_millis))
}

fn policy(tx: &Tx<'_>, channel: &str) -> Result<Rc<Policy>> {
    let mut read = tx.db.prepare_cached("SELECT descriptor FROM channel WHERE name = ?1")?;
    let mut rows = read.query([channel])?;
    let Some(row) = rows.next()? else { return Ok(Rc::default()) };
    let descriptor = row.get_ref(0)?.as_str()?;
    // Asked for at each conversation: read anew only where its text is another.
    let mut known = tx.policies.borrow_mut();
    match known.get(channel) {
        Some((text, policy)) if text == descriptor => Ok(Rc::clone(policy)),
        _ => {
            let mut clocks = from_json::<serde_json::Map<String, Value>>(descriptor).remove("clocks");
            let clocks = clocks.take().unwrap_or_default();
            let policy = Rc::new(serde_json::from_value(clocks).unwrap_or_default());
            known.insert(channel.to_owned(), (descriptor.to_owned(), Rc::clone(&policy)));
            Ok(policy)
        }
    }
}

fn log(db: &Connection, id: i64) -> Result<Logged> {
    let events = db
        .prepare_cached(
            "SELECT seq, at, what, details FROM event WHERE conversation = ?1 AND what IN (?2, ?3, ?4) ORDER BY at, seq",
        )?
        .query_map(params![id, EVENTS[0], EVENTS[1], EVENTS[2]], |r| {
            Ok(Event {
                seq: r.get(0)?,
                at: from_millis(r.get(1)?),
                actor: None,
                what: r.get(2)?,
                details: from_json(r.get_ref(3)?.as_str()?),
            })
        })?
        .collect::<Result<Vec<_>>>()?;
    Ok(logged(&events))
}

/// Whether a reply of ours exists in this episode.
fn replied(db: &Connection, id: i64, log: &Logged) -> Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM message WHERE conversation = ?1 AND direction = 'outbound' AND role <> 'system' \
         AND ifnull(delivery, 'sent') NOT IN ('failed', 'parked', 'later') AND at >= ?2)",
    )?
    .query_row(params![id, log.episode_since.map_or(i64::MIN, to_millis)], |r| r.get(0))
}

/// Looks at the clocks of a conversation again where nothing else of it has changed, so that its `rev` stays.
pub(super) fn renew(tx: &Tx<'_>, id: i64, now: i64) -> Result<()> {
    let (status, since, mute): (String, Option<i64>, bool) = tx
        .db
        .prepare_cached("SELECT status, waiting_since, mute FROM conversation WHERE id = ?1")?
        .query_row([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let status = Status::parse(&status).unwrap_or(Status::Open);
    let Deadline { due, blocked } = of(tx, id, since.filter(|_| !mute), status, now)?;
    let changed = tx
        .db
        .prepare_cached(
            "UPDATE conversation SET due_at = :at, due_key = min(ifnull(:at, :never), ifnull(promised_at, :never)), \
             due_clock = :clock, \
             warn_at = nullif(min(ifnull(:warn, :never), ifnull(promised_at - :before, :never)), :never), \
             blocked = :blocked WHERE id = :id AND (due_at IS NOT :at OR due_clock IS NOT :clock OR blocked <> :blocked)",
        )?
        .execute(named_params! {
            ":id": id,
            ":at": due.map(|it| it.1),
            ":never": i64::MAX,
            ":before": WARNED_BEFORE.num_milliseconds(),
            ":clock": due.map(|it| it.0),
            ":warn": due.map(|it| it.2),
            ":blocked": blocked,
        })?;
    if changed > 0 {
        tx.rings();
    }
    Ok(())
}

/// Looks at all clocks of a channel again: its policy is another now.
pub(super) fn renew_channel(tx: &Tx<'_>, channel: &str, now: i64) -> Result<()> {
    let ids = tx
        .db
        .prepare_cached("SELECT id FROM conversation WHERE channel = ?1 AND waiting_since IS NOT NULL")?
        .query_map([channel], |r| r.get(0))?
        .collect::<Result<Vec<i64>>>()?;
    ids.into_iter().try_for_each(|id| renew(tx, id, now))
}

/// Windows that have shut since anybody looked; answers when the next one does.
pub(super) fn shut_windows(tx: &Tx<'_>, now: i64) -> Result<Option<i64>> {
    let ids = tx
        .db
        .prepare_cached(
            "SELECT id FROM conversation WHERE gate = 'window' AND blocked = 0 AND gate_until <= ?1",
        )?
        .query_map([now], |r| r.get(0))?
        .collect::<Result<Vec<i64>>>()?;
    ids.into_iter().try_for_each(|id| renew(tx, id, now))?;
    tx.db
        .prepare_cached("SELECT min(gate_until) FROM conversation WHERE gate = 'window' AND blocked = 0")?
        .query_row([], |r| r.get(0))
}
