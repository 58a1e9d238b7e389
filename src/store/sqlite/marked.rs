//! An uncertain row that a person has found at the vendor, and how that is taken back.

use rusqlite::{OptionalExtension, Result, params};
use serde_json::Value;

use super::{
    actor::Tx,
    commit::Answered,
    conversations::{self, Touch},
    outbox,
    rows::{details, from_json},
};
use crate::{
    domain::{RowState, Status},
    store::Refusal,
};

/// The log's word for it.
const MARKED: &str = "mark sent";
/// Its word for the way back.
pub(super) const UNMARKED: &str = "unmark sent";

/// An agent looked: the vendor has it. What it was before is logged, so that it can be taken back.
pub(super) fn mark_sent(tx: &Tx<'_>, row: &outbox::Row, agent: &str, now: i64) -> Result<()> {
    let db = tx.db;
    let (reason, error, look_at): (Option<String>, Option<String>, Option<i64>) =
        db.query_row("SELECT reason, error, look_at FROM outbox WHERE n = ?1", [row.n], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?))
        })?;
    let conversation = || {
        db.query_row("SELECT status, answered FROM conversation WHERE id = ?1", [row.conversation], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, bool>(1)?))
        })
    };
    let (status, answered) = conversation()?;
    let followers: Vec<i64> = outbox::followers(db, row.n)?.iter().map(|it| it.n).collect();
    outbox::sent(db, row, Some(agent), now)?;
    conversations::finish(tx, row.conversation, &Touch::default(), now)?;
    let facts = details([
        ("row", row.n.into()),
        ("reason", reason.into()),
        ("error", error.into()),
        ("look_at", look_at.into()),
        ("status", status.into()),
        ("then", conversation()?.0.into()),
        ("answered", answered.into()),
        ("followers", followers.into()),
    ]);
    conversations::log(db, now, Some(row.conversation), Some(agent), MARKED, &facts)
}

/// Takes it back.
pub(super) fn unmark_sent(tx: &Tx<'_>, n: i64, agent: &str, now: i64) -> Answered<()> {
    let db = tx.db;
    let Some(row) = outbox::row(db, n)? else { return Ok(Err(Refusal::Unknown)) };
    let marked: Option<String> = db
        .query_row(
            "SELECT details FROM event WHERE conversation = ?1 AND what = ?2 AND json_extract(details, '$.row') = ?3 \
             ORDER BY seq DESC LIMIT 1",
            params![row.conversation, MARKED, n],
            |r| r.get(0),
        )
        .optional()?;
    let Some(was) = marked.filter(|_| row.state.is_none()) else {
        return Ok(Err(Refusal::NotNow("nobody marked it as sent".into())));
    };
    let shown: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM message WHERE id = ?1 AND (remote_id IS NOT NULL OR delivery <> 'sent'))",
        [row.message],
        |r| r.get(0),
    )?;
    if shown {
        return Ok(Err(Refusal::NotNow("the vendor has shown it since: it is there".into())));
    }
    let was: Value = from_json(&was);
    outbox::set_state(db, &row, RowState::Uncertain, was["reason"].as_str(), was["error"].as_str())?;
    db.execute("UPDATE outbox SET look_at = ?2 WHERE n = ?1", params![n, was["look_at"].as_i64()])?;
    for follower in was["followers"].as_array().into_iter().flatten() {
        db.execute(
            "UPDATE outbox SET after_row = ?1 WHERE n = ?2 AND state IN ('held', 'later', 'queued', 'parked')",
            params![n, follower.as_i64()],
        )?;
    }
    db.execute(
        "UPDATE conversation SET answered = ?2 WHERE id = ?1",
        params![row.conversation, was["answered"].as_bool()],
    )?;
    let status: String =
        db.query_row("SELECT status FROM conversation WHERE id = ?1", [row.conversation], |r| r.get(0))?;
    let before = was["status"].as_str().and_then(Status::parse).filter(|it| it.as_str() != status);
    if let Some(before) = before.filter(|_| was["then"].as_str() == Some(&status)) {
        outbox::set_status(db, row.conversation, before, Some(agent), now)?;
        let facts =
            details([("from", status.into()), ("to", before.as_str().into()), ("why", "undone".into())]);
        conversations::log(db, now, Some(row.conversation), Some(agent), "state", &facts)?;
    }
    let why = was["error"].as_str().or(was["reason"].as_str());
    let facts = details([("row", n.into()), ("action", row.word.clone().into()), ("why", why.into())]);
    conversations::log(db, now, Some(row.conversation), Some(agent), UNMARKED, &facts)?;
    conversations::finish(tx, row.conversation, &Touch::default(), now)?;
    Ok(Ok(()))
}
