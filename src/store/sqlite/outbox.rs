//! The outbox's own rules: how rows end, and what goes with them.
//!
//! A row that has succeeded stays on disk as `sent`, out of sight, for the failure that a vendor may report later.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    conversations::log,
    promises,
    rows::{details, from_json},
    uploads,
};
use crate::domain::{Action, RowState, Status};

/// As much of a row as its rules need.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) n: i64,
    pub(super) conversation: i64,
    pub(super) word: String,
    pub(super) repeatable: bool,
    /// `None`: sent.
    pub(super) state: Option<RowState>,
    pub(super) author: String,
    pub(super) message: Option<i64>,
    pub(super) status_with: Option<Status>,
    pub(super) status_before: Option<Status>,
    pub(super) assigned: bool,
    pub(super) created_at: i64,
    pub(super) epoch: Option<i64>,
    pub(super) action: Option<Action>,
    pub(super) send_id: String,
    /// What was promised before; `None`: it has not taken the place of that yet.
    pub(super) promise_before: Option<String>,
}

const ROW: &str = "n, conversation, word, repeatable, state, author, message, status_with, status_before, assigned, \
    created_at, epoch, action, send_id, promise_before";

fn read(r: &rusqlite::Row<'_>) -> Result<Row> {
    let status = |word: Option<String>| word.as_deref().and_then(Status::parse);
    Ok(Row {
        n: r.get(0)?,
        conversation: r.get(1)?,
        word: r.get(2)?,
        repeatable: r.get(3)?,
        state: RowState::parse(r.get_ref(4)?.as_str()?),
        author: r.get(5)?,
        message: r.get(6)?,
        status_with: status(r.get(7)?),
        status_before: status(r.get(8)?),
        assigned: r.get(9)?,
        created_at: r.get(10)?,
        epoch: r.get(11)?,
        action: from_json(&r.get::<_, String>(12)?),
        send_id: r.get(13)?,
        promise_before: r.get(14)?,
    })
}

/// A row that is in the outbox, or was sent.
pub(super) fn row(db: &Connection, n: i64) -> Result<Option<Row>> {
    db.prepare_cached(&format!("SELECT {ROW} FROM outbox WHERE n = ?1"))?.query_row([n], read).optional()
}

pub(super) fn followers(db: &Connection, n: i64) -> Result<Vec<Row>> {
    db.prepare_cached(&format!(
        "SELECT {ROW} FROM outbox WHERE after_row = ?1 AND state <> 'sent' ORDER BY n"
    ))?
    .query_map([n], read)?
    .collect()
}

/// Moves a row and its message.
pub(super) fn set_state(
    db: &Connection,
    row: &Row,
    state: RowState,
    reason: Option<&str>,
    error: Option<&str>,
) -> Result<()> {
    db.prepare_cached(
        "UPDATE outbox SET state = ?2, reason = ?3, error = ?4, epoch = NULL, claimed_at = NULL WHERE n = ?1",
    )?
    .execute(params![row.n, state.as_str(), reason, error])?;
    if let Some(message) = row.message {
        db.prepare_cached("UPDATE message SET delivery = ?2, error = ?3, outbox_row = ?4 WHERE id = ?1")?
            .execute(params![message, state.as_str(), error.or(reason), row.n])?;
    }
    Ok(())
}

/// The vendor has it.
pub(super) fn sent(db: &Connection, row: &Row, actor: Option<&str>, now: i64) -> Result<()> {
    db.prepare_cached(
        "UPDATE outbox SET state = 'sent', reason = NULL, error = NULL, look_at = NULL, epoch = NULL, \
         claimed_at = NULL WHERE n = ?1",
    )?
    .execute([row.n])?;
    uploads::forget(db, row.n)?;
    if let Some(message) = row.message {
        db.prepare_cached(
            "UPDATE message SET delivery = iif(delivery IN ('delivered', 'read'), delivery, 'sent'), error = NULL, \
             outbox_row = NULL WHERE id = ?1",
        )?
        .execute([message])?;
        db.prepare_cached("UPDATE attachment SET state = 'uploaded' WHERE message = ?1 AND state IN ('stored', 'uploading')")?
            .execute([message])?;
        db.prepare_cached("UPDATE conversation SET answered = 1 WHERE id = ?1")?
            .execute([row.conversation])?;
        move_with(db, row, now)?;
        if row.promise_before.is_none() {
            promises::made_now(db, row, now)?;
        }
    }
    db.prepare_cached("UPDATE outbox SET after_row = NULL WHERE after_row = ?1 AND state <> 'sent'")?
        .execute([row.n])?;
    let facts = details([("row", row.n.into()), ("action", row.word.clone().into())]);
    log(db, now, Some(row.conversation), actor, "sent", &facts)
}

/// The status that a message of a later hour takes with it, unless something came or was decided since.
fn move_with(db: &Connection, row: &Row, now: i64) -> Result<()> {
    let Some(to) = row.status_with.filter(|_| row.status_before.is_none()) else { return Ok(()) };
    let (status, wrote_since): (String, bool) = db
        .prepare_cached(
            "SELECT status, EXISTS (SELECT 1 FROM message m WHERE m.conversation = c.id AND direction = 'inbound' \
             AND m.id > ?2 AND m.kind NOT IN ('system', 'reaction') AND m.role <> 'system') \
             FROM conversation c WHERE c.id = ?1",
        )?
        .query_row(params![row.conversation, row.message], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let open = matches!(Status::parse(&status), Some(Status::New | Status::Open));
    if wrote_since || !open || to.as_str() == status {
        return Ok(());
    }
    set_status(db, row.conversation, to, Some(&row.author), now)?;
    let facts = details([("from", status.into()), ("to", to.as_str().into()), ("why", "sent".into())]);
    log(db, now, Some(row.conversation), Some(&row.author), "state", &facts)
}

/// The vendor said no, or a person is asked: what waited for the row goes with it, and the conversation is open again.
pub(super) fn stopped(
    db: &Connection,
    row: &Row,
    state: RowState,
    reason: Option<&str>,
    error: Option<&str>,
    now: i64,
) -> Result<()> {
    set_state(db, row, state, reason, error)?;
    let mut facts = details([("row", row.n.into()), ("action", row.word.clone().into())]);
    if let Some(words) = error.or(reason) {
        facts.insert("why".into(), words.into());
    }
    log(db, now, Some(row.conversation), None, state.as_str(), &facts)?;
    if row.message.is_some() {
        release_followers(db, row, "the message before it was not sent")?;
        open_again(db, row, now)?;
        promises::unmade(db, row, None, now)?;
    }
    Ok(())
}

/// Status rows go with the reply they belong to; further messages wait for a person.
pub(super) fn release_followers(db: &Connection, row: &Row, why: &str) -> Result<()> {
    for follower in followers(db, row.n)? {
        if follower.message.is_some() {
            db.execute("UPDATE outbox SET after_row = NULL WHERE n = ?1", [follower.n])?;
            set_state(db, &follower, RowState::Parked, Some(why), None)?;
        } else {
            remove(db, &follower)?;
        }
        release_followers(db, &follower, why)?;
    }
    Ok(())
}

/// Takes a row, and the message that only it knows, out of the store.
pub(super) fn remove(db: &Connection, row: &Row) -> Result<()> {
    uploads::give_back(db, row.n)?;
    db.execute("DELETE FROM outbox WHERE n = ?1", [row.n])?;
    if let Some(message) = row.message {
        db.execute("DELETE FROM attachment WHERE message = ?1", [message])?;
        db.execute("DELETE FROM message WHERE id = ?1", [message])?;
    }
    Ok(())
}

/// The reply did not leave: open, and unread for its author and its assignee.
pub(super) fn open_again(db: &Connection, row: &Row, now: i64) -> Result<()> {
    let (status, assignee): (String, Option<String>) =
        db.query_row("SELECT status, assignee FROM conversation WHERE id = ?1", [row.conversation], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })?;
    let to = if row.status_before == Some(Status::New) { Status::New } else { Status::Open };
    if !matches!(Status::parse(&status), Some(Status::New | Status::Open)) {
        set_status(db, row.conversation, to, None, now)?;
        let facts =
            details([("from", status.into()), ("to", to.as_str().into()), ("why", "not sent".into())]);
        log(db, now, Some(row.conversation), None, "state", &facts)?;
    }
    for agent in [Some(row.author.as_str()), assignee.as_deref()].into_iter().flatten() {
        db.execute(
            "INSERT INTO cursor SELECT ?1, ?2, 0, 0, 0, 1 WHERE NOT EXISTS \
             (SELECT 1 FROM cursor WHERE conversation = ?1 AND agent = ?2)",
            params![row.conversation, agent],
        )?;
        db.execute(
            "UPDATE cursor SET unread = max(unread, 1) WHERE conversation = ?1 AND agent = ?2",
            params![row.conversation, agent],
        )?;
    }
    Ok(())
}

/// Sets our status by hand; the rest of the row follows when the transaction finishes the conversation.
pub(super) fn set_status(db: &Connection, id: i64, to: Status, by: Option<&str>, now: i64) -> Result<()> {
    let resolved = matches!(to, Status::Resolved | Status::Closed);
    db.execute(
        "UPDATE conversation SET status = ?2, resolved_at = iif(?3, ?4, NULL), resolved_by = iif(?3, ?5, NULL), \
         thanked = 0, touched_at = ?4 WHERE id = ?1",
        params![id, to.as_str(), resolved, now, by],
    )?;
    Ok(())
}

/// A failure that came after the vendor had taken it: the row comes back for a person to settle.
pub(super) fn failed_later(
    db: &Connection,
    message: i64,
    row_of: Option<i64>,
    words: &str,
    now: i64,
) -> Result<()> {
    let n = match row_of {
        Some(n) => Some(n),
        None => {
            db.query_row("SELECT n FROM outbox WHERE message = ?1", [message], |r| r.get(0)).optional()?
        }
    };
    if let Some(row) = n.map(|n| row(db, n)).transpose()?.flatten() {
        uploads::forget(db, row.n)?;
        return stopped(db, &row, RowState::Failed, None, Some(words), now);
    }
    db.execute("UPDATE message SET delivery = 'failed', error = ?2 WHERE id = ?1", params![message, words])?;
    Ok(())
}

/// The vendor shows what nobody was sure of.
pub(super) fn there_after_all(db: &Connection, n: i64, now: i64) -> Result<()> {
    match row(db, n)? {
        // One that is being sent is settled by the engine that sends it, in a moment.
        Some(row) if row.state == Some(RowState::Uncertain) => sent(db, &row, None, now),
        _ => Ok(()),
    }
}
