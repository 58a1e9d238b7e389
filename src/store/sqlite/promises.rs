//! What was promised to a customer: made with a reply, kept by the next one or when the conversation is resolved. It goes
//! with its reply: taken back, failed or discarded, what was promised before stands again.

use rusqlite::{Connection, Result, params};
use serde_json::Value;

use super::{
    actor::Tx,
    conversations::{self, Touch, log},
    outbox::{Row, set_status},
    rows::{self, details, from_json, to_json},
};
use crate::domain::{
    Action, Promise, Status,
    promise::WARNED_BEFORE,
    time::{from_millis, to_millis},
};

/// What is promised in a conversation.
pub(super) fn of(db: &Connection, id: i64) -> Result<Option<Promise>> {
    db.prepare_cached("SELECT promised_at, promise, promised_by FROM conversation WHERE id = ?1")?
        .query_row([id], |r| {
            Ok(rows::promise(r.get::<_, Option<i64>>(0)?.map(from_millis), r.get(1)?, r.get(2)?))
        })
}

/// Sets it, with a line in the log. Answers whether anything changed.
pub(super) fn set(
    db: &Connection,
    id: i64,
    to: Option<&Promise>,
    actor: Option<&str>,
    why: &str,
    now: i64,
) -> Result<bool> {
    let before = of(db, id)?;
    if before.as_ref() == to {
        return Ok(false);
    }
    db.prepare_cached(
        "UPDATE conversation SET promised_at = ?2, promise = ?3, promised_by = ?4 WHERE id = ?1",
    )?
    .execute(params![id, to.map(|it| to_millis(it.at)), to.map(|it| &it.words), to.map(|it| &it.by)])?;
    let date = |promise: Option<&Promise>| promise.map(|it| it.at.to_rfc3339());
    let facts = details([
        ("from", date(before.as_ref()).into()),
        ("to", date(to).into()),
        ("words", to.map(|it| it.words.clone()).into()),
        ("why", why.into()),
    ]);
    log(db, now, Some(id), actor, "promise", &facts)?;
    Ok(true)
}

/// A reply was committed: what it promises takes the place of what was promised before.
pub(super) fn made(
    db: &Connection,
    id: i64,
    rows: &[i64],
    to: Option<&Promise>,
    author: &str,
    now: i64,
) -> Result<()> {
    let before = of(db, id)?;
    if before.is_none() && to.is_none() {
        return Ok(());
    }
    for row in rows {
        db.prepare_cached("UPDATE outbox SET promise_before = ?2 WHERE n = ?1")?
            .execute(params![row, to_json(&before)])?;
    }
    set(db, id, to, Some(author), if to.is_some() { "replied" } else { "kept: replied" }, now).map(drop)
}

fn promised(row: &Row) -> Option<&Promise> {
    row.action.as_ref().and_then(Action::outgoing)?.promise.as_ref()
}

/// A reply did not leave: what was promised before it stands again, unless somebody has set another date since.
pub(super) fn unmade(db: &Connection, row: &Row, actor: Option<&str>, now: i64) -> Result<()> {
    let Some(before) = row.promise_before.as_deref() else { return Ok(()) };
    let stands = of(db, row.conversation)?;
    if stands.is_some() && stands.as_ref() != promised(row) {
        return Ok(());
    }
    let before: Option<Promise> = from_json(before);
    set(db, row.conversation, before.as_ref(), actor, "the reply was not sent", now).map(drop)
}

/// A reply leaves after all: one that was stopped before, or one of a later hour.
pub(super) fn made_now(db: &Connection, row: &Row, now: i64) -> Result<()> {
    if let Some(promise) = promised(row).filter(|promise| to_millis(promise.at) > now) {
        set(db, row.conversation, Some(promise), Some(&row.author), "replied", now)?;
    }
    Ok(())
}

/// A reply was seen that was written elsewhere: with it every promise here is kept or made anew in words that nobody
/// here has confirmed.
pub(super) fn kept_elsewhere(db: &Connection, id: i64, now: i64) -> Result<()> {
    let ours: bool = db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE conversation = ?1 AND state <> 'sent' AND message IS NOT NULL)",
        )?
        .query_row([id], |r| r.get(0))?;
    if ours {
        // It may be that very one, seen before its own answer came.
        return Ok(());
    }
    set(db, id, None, None, "kept: replied elsewhere", now).map(drop)
}

/// What is promised for soon is our move again: it comes back from pending, once before the date and once at it.
/// Answers when the next such thing is due.
pub(super) fn tend(tx: &Tx<'_>, now: i64) -> Result<Option<i64>> {
    let before = WARNED_BEFORE.num_milliseconds();
    let due = tx
        .db
        .prepare_cached(
            "SELECT id, promised_at FROM conversation WHERE promised_at IS NOT NULL AND promised_at <= ?1 + ?2 \
             AND status = 'pending' AND (ifnull(touched_at, 0) < promised_at - ?2 \
             OR (promised_at <= ?1 AND ifnull(touched_at, 0) < promised_at))",
        )?
        .query_map([now, before], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<Vec<(i64, i64)>>>()?;
    for (id, at) in due {
        set_status(tx.db, id, Status::Open, None, now)?;
        let facts = details([
            ("from", Status::Pending.as_str().into()),
            ("to", Status::Open.as_str().into()),
            ("why", "what we promised is due".into()),
            ("promised", Value::from(from_millis(at).to_rfc3339())),
        ]);
        log(tx.db, now, Some(id), None, "state", &facts)?;
        conversations::finish(tx, id, &Touch::default(), now)?;
    }
    tx.db
        .prepare_cached(
            "SELECT min(at) FROM (SELECT min(promised_at) - ?2 AS at FROM conversation WHERE promised_at > ?1 + ?2 \
             UNION ALL SELECT min(promised_at) FROM conversation WHERE promised_at > ?1)",
        )?
        .query_row([now, before], |r| r.get(0))
}
