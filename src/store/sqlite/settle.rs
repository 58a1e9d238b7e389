//! What the engine does with rows: claims them, marks them as being sent, settles them. Everything under its lease.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Result, params};
use serde_json::Value;

use super::{
    actor::Tx,
    apply::Applying,
    conversations::{self, Touch},
    join, messages, outbox, queue, rows,
    rows::{details, from_json, to_json},
    uploads,
};
use crate::{
    domain::{
        Action, Direction, Gate, RowState,
        outbox::{Lookup, NOBODY_UP},
        time::{from_millis, to_millis},
    },
    store::{Claimed, LOCKED_OUT, Lease, Settlement, TargetFacts},
};

/// A held row that no engine was up for so long after its hold is not sent without asking.
const PARK_AFTER_MS: i64 = 15 * 60_000;
/// How long after its hold a row has still not waited.
const SLACK_MS: i64 = 60_000;
/// A claim that came to nothing, without a word, is forgotten.
pub(super) const CLAIM_LASTS_MS: i64 = 10 * 60_000;
/// A look that came to nothing is due again.
const LOOK_LASTS_MS: i64 = 2 * 60_000;

/// Whether the lease is still ours.
pub(super) fn leads(db: &Connection, lease: &Lease, now: Option<i64>) -> Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM lease WHERE channel = ?1 AND epoch = ?2 AND until > ?3)")?
        .query_row(params![lease.channel.0, lease.epoch, now.unwrap_or(i64::MIN)], |r| r.get(0))
}

struct Candidate {
    n: i64,
    state: RowState,
    hold_end: Option<i64>,
    guarded: bool,
    attempts: i64,
    newest: i64,
}

const CANDIDATE: &str = "n, state, hold_end, guarded, attempts, newest";

fn candidate(r: &rusqlite::Row<'_>) -> Result<Candidate> {
    Ok(Candidate {
        n: r.get(0)?,
        state: RowState::parse(r.get_ref(1)?.as_str()?).unwrap_or(RowState::Queued),
        hold_end: r.get(2)?,
        guarded: r.get(3)?,
        attempts: r.get(4)?,
        newest: r.get(5)?,
    })
}

/// Claims the next row that may go; parks on the way what may not.
pub(super) fn claim(tx: &Tx<'_>, lease: &Lease, folder: &Path, now: i64) -> Result<Option<Claimed>> {
    let db = tx.db;
    if !leads(db, lease, Some(now))? {
        return Ok(None);
    }
    let up_since: i64 =
        db.query_row("SELECT up_since FROM lease WHERE channel = ?1", [&lease.channel.0], |r| r.get(0))?;
    loop {
        let Some(n) = queue::next(db, &lease.channel.0, lease.epoch, now)? else { return Ok(None) };
        let candidate = db
            .prepare_cached(&format!("SELECT {CANDIDATE} FROM outbox WHERE n = ?1"))?
            .query_row([n], candidate)?;
        let Some(row) = outbox::row(db, candidate.n)? else { return Ok(None) };
        let reason = match too_late(db, &row, &candidate, up_since, now)? {
            None => forbidden(db, &row, &candidate, now)?,
            reason => reason,
        };
        if let Some(reason) = reason {
            outbox::stopped(db, &row, RowState::Parked, Some(&reason), None, now)?;
            conversations::finish(tx, row.conversation, &Touch::default(), now)?;
            continue;
        }
        if row.word == "read" {
            merge_reads(db, &row, now)?;
        }
        db.prepare_cached("UPDATE outbox SET epoch = ?2, claimed_at = ?3 WHERE n = ?1")?.execute(params![
            row.n,
            lease.epoch,
            now
        ])?;
        return claimed(db, row.n, folder, now).map(Some);
    }
}

/// One read mark does for all that are due in its conversation.
fn merge_reads(db: &Connection, row: &outbox::Row, now: i64) -> Result<()> {
    let others = db
        .prepare_cached(
            "SELECT n FROM outbox WHERE conversation = ?1 AND n <> ?2 AND word = 'read' AND after_row IS NULL \
             AND state <> 'sent' AND state IN ('held', 'queued') AND ifnull(not_before, 0) <= ?3",
        )?
        .query_map(params![row.conversation, row.n, now], |r| r.get(0))?
        .collect::<Result<Vec<i64>>>()?;
    for other in others {
        db.execute(
            "UPDATE outbox SET after_row = ?2 WHERE after_row = ?1 AND state <> 'sent'",
            params![other, row.n],
        )?;
        db.execute("DELETE FROM outbox WHERE n = ?1", [other])?;
    }
    Ok(())
}

/// Why a row that waited for its time may not go now: nobody was up then, or the other side wrote while it waited on.
fn too_late(
    db: &Connection,
    row: &outbox::Row,
    candidate: &Candidate,
    up_since: i64,
    now: i64,
) -> Result<Option<String>> {
    let waits = matches!(candidate.state, RowState::Held | RowState::Later);
    if waits
        && candidate.attempts == 0
        && row.message.is_some()
        && candidate.hold_end.is_some_and(|end| up_since > end + PARK_AFTER_MS)
    {
        return Ok(Some(NOBODY_UP.into()));
    }
    let late = candidate.hold_end.is_some_and(|end| now > end + SLACK_MS);
    if !late || !candidate.guarded || !matches!(row.action, Some(Action::Reply(_))) {
        return Ok(None);
    }
    let wrote: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM message WHERE conversation = ?1 AND id > ?2 \
         AND direction = 'inbound' AND kind NOT IN ('system', 'reaction') AND role <> 'system')",
        params![row.conversation, candidate.newest],
        |r| r.get(0),
    )?;
    Ok(wrote.then(|| "the other side wrote while it waited".into()))
}

/// Why a row may not go: the gate, the thread.
fn forbidden(db: &Connection, row: &outbox::Row, candidate: &Candidate, now: i64) -> Result<Option<String>> {
    let Some(outgoing) = row.action.as_ref().and_then(Action::outgoing) else { return Ok(None) };
    let creates = matches!(row.action, Some(Action::Create(_)));
    let (word, since, until, resolved_by, resolved_at): (String, _, _, Option<String>, Option<i64>) = db
        .query_row(
            "SELECT gate, gate_since, gate_until, resolved_by, resolved_at FROM conversation WHERE id = ?1",
            [row.conversation],
            |r| {
                Ok((
                    r.get(0)?,
                    r.get::<_, Option<i64>>(1)?,
                    r.get::<_, Option<i64>>(2)?,
                    r.get(3)?,
                    r.get(4)?,
                ))
            },
        )?;
    let gate = rows::gate(&word, since.map(from_millis), until.map(from_millis)).at(from_millis(now));
    let shut = match gate {
        Gate::TemplateOnly if outgoing.template.is_none() => Some("the window is shut: a template only"),
        _ if creates => return Ok(None),
        Gate::Paused => Some("the marketplace mediates: replies are paused"),
        Gate::ReadOnly => Some("this conversation may only be read"),
        Gate::RemoteClosed if !outgoing.reopen => Some("the conversation was closed at the vendor"),
        _ => None,
    };
    if shut.is_some() || creates || !candidate.guarded {
        return Ok(shut.map(str::to_owned));
    }
    if let Some(by) = resolved_by.filter(|by| *by != row.author)
        && resolved_at.is_some_and(|at| at > row.created_at)
    {
        return Ok(Some(format!("{by} has resolved the conversation since")));
    }
    let colleague: Option<String> = db
        .query_row(
            "SELECT ifnull(author, 'somebody') FROM message WHERE conversation = ?1 AND id > ?2 AND at > ?3 \
             AND direction = 'outbound' AND role <> 'system' AND ifnull(account, '') <> ?4 \
             AND ifnull(delivery, 'sent') IN ('sent', 'delivered', 'read') LIMIT 1",
            params![row.conversation, candidate.newest, row.created_at, row.author],
            |r| r.get(0),
        )
        .optional()?;
    Ok(colleague.map(|by| format!("{by} has replied since")))
}

/// A row with what its channel needs.
fn claimed(db: &Connection, n: i64, folder: &Path, now: i64) -> Result<Claimed> {
    let row = db
        .prepare_cached(&format!("SELECT {} FROM outbox o WHERE o.n = ?1", rows::OUTBOX))?
        .query_row([n], rows::outbox)?;
    let target = match row.action {
        Action::Create(_) => None,
        _ => Some(target(db, row.conversation.0, now)?),
    };
    let outgoing = row.action.outgoing();
    let quote = match outgoing.and_then(|it| it.quote) {
        Some(quote) => db
            .query_row("SELECT remote_id FROM message WHERE id = ?1", [quote.0], |r| r.get(0))
            .optional()?
            .flatten(),
        None => None,
    };
    let file = outgoing
        .and_then(|it| it.file.clone())
        .map(|file| (file.clone(), super::files::path_of(folder, &file.sha256)));
    Ok(Claimed { row, target, quote, file })
}

fn target(db: &Connection, id: i64, now: i64) -> Result<TargetFacts> {
    let conversation = db
        .prepare_cached(&format!(
            "SELECT {} FROM conversation c {} WHERE c.id = :id",
            rows::CONVERSATION,
            rows::CURSOR
        ))?
        .query_row(rusqlite::named_params! {":id": id, ":me": ""}, rows::conversation)?;
    let facts: String = db.query_row("SELECT facts FROM conversation WHERE id = ?1", [id], |r| r.get(0))?;
    let aliases = db
        .prepare_cached("SELECT alias FROM alias WHERE conversation = ?1 ORDER BY alias")?
        .query_map([id], |r| r.get(0))?
        .collect::<Result<_>>()?;
    let mut known = db
        .prepare_cached(
            "SELECT key, direction, at FROM message WHERE conversation = ?1 AND key IS NOT NULL AND provisional = 0 \
             ORDER BY at DESC, id DESC LIMIT 500",
        )?
        .query_map([id], |r| {
            let direction = Direction::parse(r.get_ref(1)?.as_str()?).unwrap_or(Direction::Inbound);
            Ok((r.get(0)?, direction, from_millis(r.get(2)?)))
        })?
        .collect::<Result<Vec<_>>>()?;
    known.reverse();
    let composing = db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM draft WHERE conversation = ?1 AND kind = 'reply' AND until > ?2)",
        )?
        .query_row([id, now], |r| r.get(0))?;
    Ok(TargetFacts { conversation, aliases, facts: from_json(&facts), composing, known })
}

/// Marks a claimed row as being sent. `false`: it is gone, or the lease is, or what came since it was claimed forbids it.
pub(super) fn begin(tx: &Tx<'_>, lease: &Lease, n: i64, evidence: &Value, now: i64) -> Result<bool> {
    let db = tx.db;
    if !leads(db, lease, Some(now))? {
        return Ok(false);
    }
    let claimed = db
        .prepare_cached(&format!(
            "SELECT {CANDIDATE} FROM outbox WHERE n = ?1 AND epoch = ?2 AND state IN ('held', 'later', 'queued')"
        ))?
        .query_row(params![n, lease.epoch], candidate)
        .optional()?;
    let (Some(claimed), Some(row)) = (claimed, outbox::row(db, n)?) else { return Ok(false) };
    if let Some(reason) = forbidden(db, &row, &claimed, now)? {
        outbox::stopped(db, &row, RowState::Parked, Some(&reason), None, now)?;
        conversations::finish(tx, row.conversation, &Touch::default(), now)?;
        return Ok(false);
    }
    db.execute(
        "UPDATE outbox SET state = 'sending', sent_at = ?2, attempts = attempts + 1, evidence = ?3, reason = NULL, \
         error = NULL WHERE n = ?1",
        params![n, now, to_json(evidence)],
    )?;
    if let Some(message) = row.message {
        db.execute("UPDATE message SET delivery = 'sending', error = NULL WHERE id = ?1", [message])?;
    }
    conversations::finish(tx, row.conversation, &Touch::default(), now)?;
    Ok(true)
}

/// Settles a row. `false`: nothing was changed.
pub(super) fn settle(tx: &Tx<'_>, lease: &Lease, n: i64, how: Settlement, now: i64) -> Result<bool> {
    let db = tx.db;
    if !leads(db, lease, Some(now))? {
        return Ok(false);
    }
    let Some(row) = outbox::row(db, n)? else { return Ok(false) };
    let ours = row.epoch == Some(lease.epoch);
    match row.state {
        // It came back in a scan before its own answer did.
        None => return Ok(true),
        Some(RowState::Uncertain) => {}
        _ if !ours => return Ok(false),
        _ => {}
    }
    let joined: bool = match row.message {
        Some(message) => {
            // Under a stand-in's name it has no key yet.
            let shown = "SELECT key IS NOT NULL OR delivery IN ('sent', 'delivered', 'read') FROM message WHERE id = ?1";
            db.query_row(shown, [message], |r| r.get(0))?
        }
        None => false,
    };
    let how = match how {
        Settlement::Uncertain { .. } if joined => {
            Settlement::Sent { key: None, remote_id: None, conversation: None, at: None }
        }
        Settlement::Uncertain { error, look_at, .. } if row.repeatable => {
            Settlement::Again { at: look_at.unwrap_or_else(|| from_millis(now + 10_000)), error }
        }
        how => how,
    };
    let mut conversation = row.conversation;
    match how {
        Settlement::Sent { key, remote_id, conversation: named, at } => {
            let taken = Taken { key, remote_id, named, at: at.map(to_millis) };
            conversation = is_sent(tx, lease, &row, &taken, now)?;
        }
        Settlement::Again { at, error } => {
            let attempts = i64::from(row.state != Some(RowState::Sending));
            let reason = if error.starts_with(LOCKED_OUT) { LOCKED_OUT } else { "tried again later" };
            outbox::set_state(db, &row, RowState::Queued, Some(reason), Some(&error))?;
            db.execute(
                "UPDATE outbox SET not_before = ?2, attempts = attempts + ?3, look_at = NULL WHERE n = ?1",
                params![n, to_millis(at), attempts],
            )?;
        }
        Settlement::Failed { error } => {
            outbox::stopped(db, &row, RowState::Failed, None, Some(&error), now)?;
            uploads::give_back(db, row.n)?;
        }
        Settlement::Parked { reason } => {
            outbox::stopped(db, &row, RowState::Parked, Some(&reason), None, now)?;
        }
        Settlement::Uncertain { error, look_at, lookup } => {
            uncertain(db, &row, &error, look_at.map(to_millis), lookup, now)?;
        }
    }
    conversations::finish(tx, conversation, &Touch::default(), now)?;
    Ok(true)
}

fn uncertain(
    db: &Connection,
    row: &outbox::Row,
    error: &str,
    look_at: Option<i64>,
    lookup: Option<Lookup>,
    now: i64,
) -> Result<()> {
    if row.state != Some(RowState::Uncertain) {
        let facts =
            details([("row", row.n.into()), ("action", row.word.clone().into()), ("why", error.into())]);
        conversations::log(db, now, Some(row.conversation), None, "uncertain", &facts)?;
    }
    let reason = if look_at.is_some() { "being looked for at the vendor" } else { "a person has to look" };
    outbox::set_state(db, row, RowState::Uncertain, Some(reason), Some(error))?;
    let lookups: String = db.query_row("SELECT lookups FROM outbox WHERE n = ?1", [row.n], |r| r.get(0))?;
    let mut lookups: Vec<Lookup> = from_json(&lookups);
    lookups.extend(lookup);
    db.execute(
        "UPDATE outbox SET look_at = ?2, lookups = ?3 WHERE n = ?1",
        params![row.n, look_at, to_json(&lookups)],
    )?;
    uploads::forget(db, row.n)
}

/// What the vendor's answer to a send says.
struct Taken {
    key: Option<String>,
    remote_id: Option<String>,
    named: Option<String>,
    at: Option<i64>,
}

/// The vendor has it; answers its conversation, which may have become another.
fn is_sent(tx: &Tx<'_>, lease: &Lease, row: &outbox::Row, taken: &Taken, now: i64) -> Result<i64> {
    let db = tx.db;
    let key = taken.key.as_deref();
    let kind =
        db.query_row("SELECT kind FROM conversation WHERE id = ?1", [row.conversation], |r| r.get(0))?;
    let mut applying = Applying::new(tx, &lease.channel.0, kind, now)?;
    let conversation = match &taken.named {
        Some(remote_id) => join::name(&mut applying, row.conversation, remote_id)?,
        None => row.conversation,
    };
    outbox::sent(db, row, None, now)?;
    if let Some(message) = row.message {
        if let Some(key) = key {
            // A scan that was quicker has stored it as another message: that one goes, its number with it.
            let double: Option<i64> = db
                .query_row(
                    "SELECT id FROM message WHERE channel = ?1 AND key = ?2 AND id <> ?3",
                    params![lease.channel.0, key, message],
                    |r| r.get(0),
                )
                .optional()?;
            if let Some(double) = double {
                join::absorb(db, message, double)?;
            }
        }
        db.execute(
            "UPDATE message SET key = ifnull(key, ?2), remote_id = ifnull(remote_id, ?3) WHERE id = ?1",
            params![message, key, taken.remote_id],
        )?;
        if let Some(at) = taken.at {
            messages::adopt_time(db, message, at)?;
        }
        if let Some(key) = key {
            messages::orphans(&mut applying, key, Some(&row.send_id))?;
        }
    }
    for (id, touch) in std::mem::take(&mut applying.touched) {
        if id != conversation {
            conversations::finish(tx, id, &touch, now)?;
        }
    }
    Ok(conversation)
}

/// Rows that a dead engine left behind.
pub(super) fn adopt(tx: &Tx<'_>, lease: &Lease, now: i64) -> Result<usize> {
    let db = tx.db;
    if !leads(db, lease, Some(now))? {
        return Ok(0);
    }
    let left = db
        .prepare_cached(
            "SELECT n FROM outbox WHERE channel = ?1 AND state <> 'sent' AND state = 'sending' \
             AND ifnull(epoch, -1) <> ?2 ORDER BY n",
        )?
        .query_map(params![lease.channel.0, lease.epoch], |r| r.get::<_, i64>(0))?
        .collect::<Result<Vec<_>>>()?;
    let found = left.len();
    // A look that it had begun and did not end.
    db.prepare_cached(
        "UPDATE outbox SET look_at = min(look_at, ?3), epoch = NULL, claimed_at = NULL WHERE channel = ?1 \
         AND state <> 'sent' AND state = 'uncertain' AND look_at IS NOT NULL AND epoch <> ?2",
    )?
    .execute(params![lease.channel.0, lease.epoch, now])?;
    for n in left {
        let Some(row) = outbox::row(db, n)? else { continue };
        if row.repeatable {
            outbox::set_state(db, &row, RowState::Queued, Some("its engine ended while it was sent"), None)?;
            db.execute("UPDATE outbox SET not_before = ?2 WHERE n = ?1", params![n, now])?;
        } else {
            uncertain(db, &row, "the engine ended while it was being sent", Some(now), None, now)?;
        }
        conversations::finish(tx, row.conversation, &Touch::default(), now)?;
    }
    Ok(found)
}

/// Rows that wait because the vendor had refused our credentials, which it takes now, are due.
pub(super) fn release_locked_out(tx: &Tx<'_>, lease: &Lease, now: i64) -> Result<usize> {
    let db = tx.db;
    if !leads(db, lease, Some(now))? {
        return Ok(0);
    }
    let waiting = db
        .prepare_cached(
            "SELECT n, conversation FROM outbox WHERE channel = ?1 AND state <> 'sent' AND state = 'queued' AND attempts > 0 \
             AND reason = ?2 AND not_before > ?3",
        )?
        .query_map(params![lease.channel.0, LOCKED_OUT, now], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<Vec<(i64, i64)>>>()?;
    for (n, conversation) in &waiting {
        db.prepare_cached("UPDATE outbox SET not_before = ?2 WHERE n = ?1")?.execute([*n, now])?;
        conversations::finish(tx, *conversation, &Touch::default(), now)?;
    }
    Ok(waiting.len())
}

/// The next uncertain row whose look is due.
pub(super) fn claim_look(tx: &Tx<'_>, lease: &Lease, folder: &Path, now: i64) -> Result<Option<Claimed>> {
    let db = tx.db;
    if !leads(db, lease, Some(now))? {
        return Ok(None);
    }
    let n = queue::next_look(db, &lease.channel.0, now)?;
    let Some(n) = n else { return Ok(None) };
    db.execute(
        "UPDATE outbox SET look_at = ?2, epoch = ?3, claimed_at = ?4 WHERE n = ?1",
        params![n, now + LOOK_LASTS_MS, lease.epoch, now],
    )?;
    let mut claimed = claimed(db, n, folder, now)?;
    if matches!(claimed.row.action, Action::Create(_)) {
        claimed.target = None;
    }
    Ok(Some(claimed))
}
