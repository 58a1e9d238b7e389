//! What a conversation's row holds of its messages and rows: recomputed once for each transaction that touched it.

use rusqlite::{Connection, OptionalExtension, Result, named_params, params};
use serde_json::{Value, json};

use super::{
    actor::Tx,
    deadline, promises,
    rows::{details, from_json, to_json},
    words,
};
use crate::domain::{
    ChannelKind, Facts, Status,
    lifecycle::{self, Fact, Life, Step},
    preview::order_line,
    promise::WARNED_BEFORE,
    time::{from_millis, to_millis},
};

/// How far the vendor's clock may be before ours.
const SKEW_MS: i64 = 15 * 60_000;

/// What happened to a conversation in a transaction.
#[derive(Debug, Default)]
pub(super) struct Touch {
    /// It was not here before: its messages are replayed.
    pub(super) fresh: bool,
    /// New messages: vendor's time, number, what they mean.
    pub(super) facts: Vec<(i64, i64, Fact)>,
    /// The vendor has just called it over: when, and whether without an answer.
    pub(super) closed: Option<(Option<i64>, bool)>,
    /// A customer's text is new: the language is looked at again.
    pub(super) words: bool,
}

/// Adds a line to the log.
pub(super) fn log(
    db: &Connection,
    at: i64,
    conversation: Option<i64>,
    actor: Option<&str>,
    what: &str,
    details: &Facts,
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO event (at, conversation, actor, what, details) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![at, conversation, actor, what, to_json(details)])?;
    Ok(())
}

struct Row {
    channel: String,
    kind: String,
    life: Life,
    settled_at: Option<i64>,
    touched_at: Option<i64>,
    gate: String,
    remote_closed: Option<bool>,
    remote_closed_at: Option<i64>,
    remote_status: Option<String>,
    subject: Option<String>,
    subject_given: bool,
    facts: String,
    lang: Option<String>,
    snoozed_until: Option<i64>,
    snooze_breaks: bool,
    held_until: Option<i64>,
    vendor_created_at: Option<i64>,
    vendor_updated_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

fn load(db: &Connection, id: i64) -> Result<Row> {
    db.prepare_cached(
        "SELECT channel, kind, status, answered, thanked, episode, resolved_at, settled_at, touched_at, gate, \
         remote_closed, remote_closed_at, remote_status, subject, subject_given, facts, lang, \
         snoozed_until, snooze_breaks, held_until, vendor_created_at, vendor_updated_at, created_at, updated_at \
         FROM conversation WHERE id = ?1",
    )?
    .query_row([id], |r| {
        Ok(Row {
            channel: r.get(0)?,
            kind: r.get(1)?,
            life: Life {
                status: Status::parse(&r.get::<_, String>(2)?).unwrap_or(Status::Open),
                answered: r.get(3)?,
                unanswered: false,
                thanked: r.get(4)?,
                episode: r.get(5)?,
                resolved_at: r.get::<_, Option<i64>>(6)?.map(from_millis),
            },
            settled_at: r.get(7)?,
            touched_at: r.get(8)?,
            gate: r.get(9)?,
            remote_closed: r.get(10)?,
            remote_closed_at: r.get(11)?,
            remote_status: r.get(12)?,
            subject: r.get(13)?,
            subject_given: r.get(14)?,
            facts: r.get(15)?,
            lang: r.get(16)?,
            snoozed_until: r.get(17)?,
            snooze_breaks: r.get(18)?,
            held_until: r.get(19)?,
            vendor_created_at: r.get(20)?,
            vendor_updated_at: r.get(21)?,
            created_at: r.get(22)?,
            updated_at: r.get(23)?,
        })
    })
}

/// A reply of ours that the other side has, or will have at once.
const REPLY: &str = "direction = 'outbound' AND role <> 'system' AND ifnull(delivery, 'sent') NOT IN ('failed', 'parked', 'later')";

/// Our last replies. One that was written here answers what was here when it was committed, whatever the clocks say; one
/// that was written elsewhere answers what lies before it by the vendor's own clock.
#[derive(Clone, Copy)]
struct Replies {
    here: i64,
    elsewhere: (i64, i64),
}

impl Replies {
    fn of(db: &Connection, id: i64) -> Result<Self> {
        let here = db
            .prepare_cached(&format!(
                "SELECT ifnull(max(id), 0) FROM message WHERE conversation = ?1 AND account IS NOT NULL AND {REPLY}"
            ))?
            .query_row([id], |r| r.get(0))?;
        let elsewhere = db
            .prepare_cached(&format!(
                "SELECT at, id FROM message WHERE conversation = ?1 AND account IS NULL AND {REPLY} \
                 ORDER BY at DESC, id DESC LIMIT 1"
            ))?
            .query_row([id], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?
            .unwrap_or((i64::MIN, 0));
        Ok(Self { here, elsewhere })
    }

    /// Whether a message of the other side stands unanswered.
    fn leave(self, at: i64, id: i64) -> bool {
        id > self.here && (at, id) > self.elsewhere
    }
}

/// How many messages stand unanswered, and since when.
fn run(db: &Connection, id: i64, settled_at: Option<i64>) -> Result<(i64, Option<i64>)> {
    let Replies { here, elsewhere } = Replies::of(db, id)?;
    db.prepare_cached(
        "SELECT count(*), min(at) FROM message WHERE conversation = :id AND direction = 'inbound' \
         AND kind NOT IN ('system', 'reaction') AND role <> 'system' AND removed_at IS NULL AND at > :settled \
         AND id > :here AND at >= :at AND (at, id) > (:at, :out)",
    )?
    .query_row(
        named_params! {
            ":id": id,
            ":settled": settled_at.unwrap_or(i64::MIN),
            ":here": here,
            ":at": elsewhere.0,
            ":out": elsewhere.1,
        },
        |r| Ok((r.get(0)?, r.get(1)?)),
    )
}

/// Recomputes what the row holds of its messages and rows, moves its status by what is new, and counts the change.
pub(super) fn finish(tx: &Tx<'_>, id: i64, touch: &Touch, now: i64) -> Result<()> {
    let db = tx.db;
    let mut row = load(db, id)?;
    let keep = tx.house.keep_status_after_send;
    if row.kind != "import" {
        if touch.fresh || (row.touched_at.is_none() && out_of_order(db, id, touch)?) {
            replay(db, id, &mut row, touch.fresh, now, keep)?;
        } else {
            advance(db, id, &mut row, touch, now, keep)?;
        }
    }
    let (unanswered, since) = run(db, id, row.settled_at)?;
    let done = matches!(row.life.status, Status::Resolved | Status::Closed);
    let mute = row.gate == "read_only" && row.kind != "import";
    let (unanswered, since) = if done || mute { (0, None) } else { (unanswered, since) };

    let (count, first_at, last_at, machine_alone) = db
        .prepare_cached(
            "SELECT count(*) FILTER (WHERE direction <> 'note'), min(at), max(at), \
             ifnull(max(role = 'system' OR kind = 'system'), 0) AND NOT max(direction <> 'note' AND role <> 'system' \
             AND kind NOT IN ('system', 'reaction')) FROM message WHERE conversation = ?1",
        )?
        .query_row([id], |r| {
            let time = |at| r.get::<_, Option<i64>>(at);
            Ok((r.get::<_, i64>(0)?, time(1)?, time(2)?, r.get::<_, bool>(3)?))
        })?;
    let last = db
        .prepare_cached(
            "SELECT body, direction, kind, context FROM message WHERE conversation = ?1 AND direction <> 'note' \
             AND kind <> 'reaction' ORDER BY at DESC, id DESC LIMIT 1",
        )?
        .query_row([id], |r| {
            let context = r.get::<_, Option<String>>(3)?;
            Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?, context))
        })
        .optional()?;
    let last_line = last.as_ref().and_then(|(body, _, kind, context)| {
        let context = context.as_deref().map(from_json::<Value>).unwrap_or_default();
        let product = context.get("product_id").and_then(Value::as_str);
        match (words::first_line(body, 120), kind.as_str()) {
            (line, "order") => line.or_else(|| order_line(&context)).or_else(|| Some("[order]".to_owned())),
            (Some(line), "product_question") => {
                Some(product.map_or(line.clone(), |sku| format!("{line}  [SKU {sku}]")))
            }
            (Some(line), _) => Some(line),
            (None, "text") => None,
            (None, kind) => Some(format!("[{}]", kind.replace('_', " "))),
        }
    });
    if touch.fresh || touch.words {
        retell(db, id, &mut row)?;
    }
    let outbox = worst(db, id)?;
    let drift = drift(db, id, &row)?;
    let status = row.life.status;
    // Where only the machine has said something (a changed number), nobody waits for an answer.
    let asked = !(mute || machine_alone && status == Status::New);
    let turn = status.turn().filter(|_| asked);
    let deadline::Deadline { due, blocked } = deadline::of(tx, id, since, status, now)?;
    if done {
        promises::set(db, id, None, None, "kept: resolved", now)?;
    }
    let promised = promises::of(db, id)?.map(|promise| to_millis(promise.at));
    let warned = promised.map(|at| at - WARNED_BEFORE.num_milliseconds());
    if status != Status::OnHold {
        row.held_until = None;
    } else if row.held_until.is_none() {
        row.held_until = deadline::hold_ends(tx, &row.channel, now)?;
    }
    let updated_at = last_at.into_iter().chain(row.vendor_updated_at).max().unwrap_or(row.updated_at);
    let created_at = row.vendor_created_at.or(first_at).unwrap_or(row.created_at);
    db.prepare_cached(
        "UPDATE conversation SET status = :status, turn = :turn, mute = :mute, answered = :answered, \
         thanked = :thanked, episode = :episode, resolved_at = :resolved_at, settled_at = :settled_at, \
         subject = :subject, lang = :lang, snoozed_until = :snoozed_until, held_until = :held_until, \
         messages = :messages, unanswered = :unanswered, waiting_since = :since, waiting_key = :waiting_key, \
         due_at = :due_at, due_key = :due_key, due_clock = :due_clock, warn_at = :warn_at, blocked = :blocked, \
         created_at = :created_at, updated_at = :updated_at, last_line = :last_line, \
         last_direction = :last_direction, outbox = :outbox, drift = :drift, rev = rev + 1 WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": id,
        ":status": status.as_str(),
        ":turn": turn.map(crate::domain::Turn::as_str),
        ":mute": mute,
        ":answered": row.life.answered,
        ":thanked": row.life.thanked,
        ":episode": row.life.episode,
        ":resolved_at": row.life.resolved_at.map(to_millis),
        ":settled_at": row.settled_at,
        ":subject": row.subject,
        ":lang": row.lang,
        ":snoozed_until": row.snoozed_until,
        ":held_until": row.held_until,
        ":messages": count,
        ":unanswered": unanswered,
        ":since": since,
        ":waiting_key": since.unwrap_or(i64::MAX),
        ":due_at": due.map(|it| it.1),
        ":due_key": due.map(|it| it.1).into_iter().chain(promised).min().unwrap_or(i64::MAX),
        ":due_clock": due.map(|it| it.0),
        ":warn_at": due.map(|it| it.2).into_iter().chain(warned).min(),
        ":blocked": blocked,
        ":created_at": created_at,
        ":updated_at": updated_at,
        ":last_line": last_line,
        ":last_direction": last.as_ref().map(|(_, direction, ..)| direction),
        ":outbox": outbox,
        ":drift": drift,
    })?;
    tx.rings();
    Ok(())
}

/// Whether new messages lie before others that were here already, and the vendor's clock alone can tell what that means.
fn out_of_order(db: &Connection, id: i64, touch: &Touch) -> Result<bool> {
    let Some((at, first)) = touch.facts.iter().map(|(at, id, _)| (*at, *id)).min() else { return Ok(false) };
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM message WHERE conversation = ?1 AND at > ?2 AND id < ?3 AND direction <> 'note') \
         AND NOT EXISTS (SELECT 1 FROM message WHERE conversation = ?1 AND direction = 'outbound' AND account IS NOT NULL)",
    )?
    .query_row(params![id, at, first], |r| r.get(0))
}

/// All messages and the vendor's state, in the order of the vendor's times.
fn replay(db: &Connection, id: i64, row: &mut Row, fresh: bool, now: i64, keep: bool) -> Result<()> {
    let before = row.life.clone();
    let mut facts = db
        .prepare_cached(
            "SELECT at, id, direction, body, EXISTS (SELECT 1 FROM attachment a WHERE a.message = m.id) \
             FROM message m WHERE conversation = ?1 AND direction <> 'note' AND kind NOT IN ('system', 'reaction') \
             AND role <> 'system' AND ifnull(delivery, 'sent') NOT IN ('failed', 'parked', 'later') ORDER BY at, id",
        )?
        .query_map([id], |r| {
            let fact = if r.get_ref(2)?.as_str() == Ok("inbound") {
                Fact::In { thanks: !r.get::<_, bool>(4)? && lifecycle::thanks_alone(r.get_ref(3)?.as_str()?) }
            } else {
                Fact::Out { keep }
            };
            Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, fact))
        })?
        .collect::<Result<Vec<_>>>()?;
    if row.remote_closed == Some(true) {
        let last = facts.last().map(|(at, ..)| *at);
        let at = row.remote_closed_at.or(row.vendor_updated_at).or(last).unwrap_or(now);
        let unanswered = completed_unanswered(db, id)?;
        facts.push((at, i64::MAX, Fact::Closed { unanswered }));
        facts.sort_by_key(|(at, id, _)| (*at, *id));
    }
    row.life = Life::default();
    row.settled_at = None;
    let mut steps = Vec::new();
    for (at, _, fact) in facts {
        for step in row.life.take(from_millis(at), fact) {
            settle_floor(row, step, at);
            steps.push((at, step));
        }
    }
    steps.extend(row.life.pass(from_millis(now)).into_iter().map(|step| (now, step)));
    if fresh {
        for (at, step) in steps {
            log_step(db, id, at.min(now), step, true)?;
        }
    } else if before.status != row.life.status {
        let step = Step::Moved { from: before.status, to: row.life.status, why: "earlier messages came" };
        log_step(db, id, now, step, true)?;
    }
    Ok(())
}

/// What has come since, one after the other.
fn advance(db: &Connection, id: i64, row: &mut Row, touch: &Touch, now: i64, keep: bool) -> Result<()> {
    let mut facts = touch.facts.clone();
    facts.sort_by_key(|(at, id, _)| (*at, *id));
    let replies = Replies::of(db, id)?;
    for (at, message, fact) in facts {
        let fact = match fact {
            Fact::In { .. } if !replies.leave(at, message) => continue,
            Fact::Out { .. } => {
                row.life.answered = true;
                promises::kept_elsewhere(db, id, now)?;
                // One that leaves something unanswered, or that another followed, moves nothing.
                if run(db, id, row.settled_at)?.0 > 0 || followed(db, id, at, message)? {
                    continue;
                }
                Fact::Out { keep }
            }
            fact => fact,
        };
        // What came after "no reply needed" waits, whatever its time.
        if matches!(fact, Fact::In { .. }) {
            row.settled_at = row.settled_at.map(|settled| settled.min(at - 1));
        }
        // A message that came late may not be taken for one before the five days were over, or after.
        for step in row.life.take(from_millis(at), fact) {
            settle_floor(row, step, at);
            log_step(db, id, at.min(now), step, false)?;
        }
        if matches!(fact, Fact::In { .. }) && row.snoozed_until.is_some() && row.snooze_breaks {
            row.snoozed_until = None;
            log(
                db,
                now,
                Some(id),
                None,
                "snooze",
                &details([("until", Value::Null), ("why", "they wrote".into())]),
            )?;
        }
    }
    if let Some((at, unanswered)) = touch.closed {
        row.life.unanswered = run(db, id, row.settled_at)?.0 > 0;
        let at = at.unwrap_or(now);
        for step in row.life.take(from_millis(at), Fact::Closed { unanswered }) {
            log_step(db, id, at.min(now), step, false)?;
        }
    }
    Ok(())
}

/// Whether a reply of ours exists that is certainly later.
fn followed(db: &Connection, id: i64, at: i64, message: i64) -> Result<bool> {
    db.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM message WHERE conversation = ?1 AND id <> ?3 AND {REPLY} \
         AND (iif(vendor_time, at, at - ?4), id) > (?2, ?3))"
    ))?
    .query_row(params![id, at, message, SKEW_MS], |r| r.get(0))
}

/// A run that was open when the conversation was resolved ended with that.
fn settle_floor(row: &mut Row, step: Step, at: i64) {
    if let Step::Moved { from: Status::Resolved | Status::Closed, to: Status::Open, .. } = step {
        row.settled_at = Some(at - 1);
    }
}

fn completed_unanswered(db: &Connection, id: i64) -> Result<bool> {
    db.prepare_cached("SELECT remote_unanswered FROM conversation WHERE id = ?1")?
        .query_row([id], |r| r.get(0))
}

fn log_step(db: &Connection, id: i64, at: i64, step: Step, replayed: bool) -> Result<()> {
    let (what, mut facts) = match step {
        Step::Moved { from, to, why } => (
            "state",
            details([("from", from.as_str().into()), ("to", to.as_str().into()), ("why", why.into())]),
        ),
        Step::Episode(n) => ("episode", details([("n", n.into())])),
        Step::Thanked => ("thanks", Facts::new()),
        Step::CompletedWithoutAnswer => ("completed without an answer", Facts::new()),
    };
    if replayed {
        facts.insert("replayed".into(), json!(true));
    }
    log(db, at, Some(id), None, what, &facts)
}

/// Subject and language, from the customer's words.
fn retell(db: &Connection, id: i64, row: &mut Row) -> Result<()> {
    // What was imported stands as it was.
    if !row.subject_given && row.kind != ChannelKind::IMPORT.as_str() {
        let first = db
            .prepare_cached(
                "SELECT body FROM message WHERE conversation = ?1 AND direction = 'inbound' AND body <> '' \
                 AND kind NOT IN ('system', 'reaction') ORDER BY at, id LIMIT 1",
            )?
            .query_row([id], |r| r.get::<_, String>(0))
            .optional()?;
        if let Some(line) = first.and_then(|body| words::first_line(&body, 80)) {
            row.subject = Some(line);
        }
    }
    let told = from_json::<Facts>(&row.facts).get("lang").and_then(Value::as_str).map(str::to_owned);
    if told.is_some() {
        row.lang = told;
        return Ok(());
    }
    let bodies = db
        .prepare_cached(
            "SELECT body FROM message WHERE conversation = ?1 AND direction = 'inbound' AND body <> '' \
             AND kind NOT IN ('system', 'reaction') AND removed_at IS NULL ORDER BY at DESC, id DESC LIMIT 3",
        )?
        .query_map([id], |r| r.get::<_, String>(0))?
        .collect::<Result<Vec<_>>>()?;
    let tags = db
        .prepare_cached("SELECT languages FROM channel WHERE name = ?1")?
        .query_row([&row.channel], |r| r.get::<_, String>(0))
        .optional()?
        .map(|text| from_json::<Vec<String>>(&text))
        .unwrap_or_default();
    // Unsure: what was known stays.
    if let Some(lang) = words::language(&bodies.join("\n"), &tags) {
        row.lang = Some(lang);
    }
    Ok(())
}

/// What an outbox row may be in, the most troubled first.
const TROUBLES: &str = "failed uncertain parked sending queued held later";

/// The most troubled row's state. Its place is sought rather than the rows sorted: a sorter costs more than the rest.
fn worst(db: &Connection, id: i64) -> Result<Option<String>> {
    let place: Option<u8> = db
        .prepare_cached(
            "SELECT min(CASE state WHEN 'failed' THEN 0 WHEN 'uncertain' THEN 1 WHEN 'parked' THEN 2 \
             WHEN 'sending' THEN 3 WHEN 'queued' THEN 4 WHEN 'held' THEN 5 ELSE 6 END) FROM outbox \
             WHERE conversation = ?1 AND state <> 'sent'",
        )?
        .query_row([id], |r| r.get(0))?;
    Ok(place.and_then(|at| TROUBLES.split(' ').nth(at.into())).map(str::to_owned))
}

fn drift(db: &Connection, id: i64, row: &Row) -> Result<Option<String>> {
    if row.remote_closed.is_none() {
        return Ok(None);
    }
    let on_its_way: bool = db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE conversation = ?1 AND word = 'status' \
             AND state <> 'sent' AND state IN ('held', 'later', 'queued', 'sending'))",
        )?
        .query_row([id], |r| r.get(0))?;
    if on_its_way {
        return Ok(None);
    }
    let closes: bool = db
        .prepare_cached("SELECT closes FROM channel WHERE name = ?1")?
        .query_row([&row.channel], |r| r.get(0))
        .optional()?
        .unwrap_or(false);
    let facts = row.remote_status.as_deref().map(from_json::<Facts>).unwrap_or_default();
    let word = ["seller_status", "status"].iter().find_map(|key| facts.get(*key).and_then(Value::as_str));
    Ok(lifecycle::drift(row.life.status, row.remote_closed, closes, word))
}
