//! Local changes: status, assignee, labels, notes, cursors. Each says how to have it back.

use rusqlite::{Connection, OptionalExtension, Result, params};
use serde_json::Value;

use super::{
    actor::Tx,
    commit::{self, Answered, NewRow},
    conversations::{self, Touch, log},
    outbox, promises,
    rows::{details, from_json, to_json},
};
use crate::{
    domain::{
        Action, ConversationId, MessageId, Priority, RowNumber, Status,
        outbox::LocalChange,
        time::{from_millis, to_millis},
    },
    store::{Changed, Refusal, Seen},
};

/// A change that an agent wishes.
pub(super) struct Wish {
    pub(super) id: ConversationId,
    pub(super) change: LocalChange,
    pub(super) vendor: Vec<(Action, String)>,
    pub(super) held_until: Option<i64>,
    pub(super) author: String,
    pub(super) seen: Seen,
}

struct Before {
    channel: String,
    status: Status,
    assignee: Option<String>,
    labels: Vec<String>,
    priority: Option<String>,
    snoozed_until: Option<i64>,
    snooze_breaks: bool,
    held_until: Option<i64>,
    settled_at: Option<i64>,
}

/// Carries a change out; answers what undoes it.
pub(super) fn change(tx: &Tx<'_>, wish: &Wish, now: i64) -> Answered<Changed> {
    let db = tx.db;
    let Some(id) = commit::number_of(db, wish.id.0)? else { return Ok(Err(Refusal::Unknown)) };
    if let Some(refusal) = commit::unseen(db, id, wish.seen, &wish.author)? {
        return Ok(Err(refusal));
    }
    let before = before(tx, id)?;
    let Some(inverse) = apply(tx, id, wish, &before, now)? else {
        return Ok(Ok(Changed { inverse: Vec::new(), rows: Vec::new() }));
    };
    let mut rows = Vec::new();
    for (action, send_id) in &wish.vendor {
        let new = NewRow {
            conversation: id,
            channel: &before.channel,
            action,
            send_id,
            held_until: wish.held_until,
            later: None,
            author: &wish.author,
            author_name: None,
            seen: wish.seen,
            after: None,
            status_with: None,
            status_before: Some(before.status),
            assigned: false,
        };
        rows.push(RowNumber(commit::insert(db, &new, now)?.0));
    }
    conversations::finish(tx, id, &Touch::default(), now)?;
    Ok(Ok(Changed { inverse, rows }))
}

fn before(tx: &Tx<'_>, id: i64) -> Result<Before> {
    tx.db
        .prepare_cached(
            "SELECT channel, status, assignee, labels, priority, snoozed_until, snooze_breaks, held_until, settled_at \
             FROM conversation WHERE id = ?1",
        )?
        .query_row([id], |r| {
            Ok(Before {
                channel: r.get(0)?,
                status: Status::parse(r.get_ref(1)?.as_str()?).unwrap_or(Status::Open),
                assignee: r.get(2)?,
                labels: from_json(&r.get::<_, String>(3)?),
                priority: r.get(4)?,
                snoozed_until: r.get(5)?,
                snooze_breaks: r.get(6)?,
                held_until: r.get(7)?,
                settled_at: r.get(8)?,
            })
        })
}

/// `None`: nothing changes (and nothing is told to the vendor), unless rows come with it.
fn apply(tx: &Tx<'_>, id: i64, wish: &Wish, before: &Before, now: i64) -> Result<Option<Vec<LocalChange>>> {
    let db = tx.db;
    let note = |what: &str, from: Value, to: Value| {
        log(db, now, Some(id), Some(&wish.author), what, &details([("from", from), ("to", to)]))
    };
    let tells = !wish.vendor.is_empty();
    let inverse = match &wish.change {
        LocalChange::Status(to) => {
            if *to == before.status {
                return Ok(tells.then(Vec::new));
            }
            outbox::set_status(db, id, *to, Some(&wish.author), now)?;
            note("state", before.status.as_str().into(), to.as_str().into())?;
            let mut inverse = vec![LocalChange::Status(before.status)];
            // Resolved, what was promised is kept; open again, it is not.
            if matches!(to, Status::Resolved | Status::Closed) {
                inverse.extend(promises::of(db, id)?.map(|promise| LocalChange::Promise(Some(promise))));
            }
            inverse.extend(before.held_until.map(|until| LocalChange::HoldUntil(from_millis(until))));
            inverse
        }
        LocalChange::Settle => {
            let newest: Option<i64> = db
                .query_row(
                    "SELECT at FROM message WHERE conversation = ?1 AND direction = 'inbound' ORDER BY at DESC LIMIT 1",
                    [id],
                    |r| r.get(0),
                )
                .optional()?;
            db.execute(
                "UPDATE conversation SET settled_at = ?2 WHERE id = ?1 AND ?2 IS NOT NULL",
                params![id, newest],
            )?;
            if matches!(before.status, Status::New | Status::Open) {
                outbox::set_status(db, id, Status::Pending, Some(&wish.author), now)?;
                note("state", before.status.as_str().into(), Status::Pending.as_str().into())?;
            }
            log(db, now, Some(id), Some(&wish.author), "no reply needed", &details([]))?;
            vec![
                LocalChange::Unsettle(before.settled_at.map(from_millis)),
                LocalChange::Status(before.status),
            ]
        }
        LocalChange::Unsettle(settled) => {
            let settled = settled.map(to_millis);
            if settled == before.settled_at {
                return Ok(tells.then(Vec::new));
            }
            db.execute("UPDATE conversation SET settled_at = ?2 WHERE id = ?1", params![id, settled])?;
            log(db, now, Some(id), Some(&wish.author), "reply needed again", &details([]))?;
            vec![LocalChange::Unsettle(before.settled_at.map(from_millis))]
        }
        LocalChange::Assign(who) => {
            if *who == before.assignee {
                return Ok(tells.then(Vec::new));
            }
            db.execute("UPDATE conversation SET assignee = ?2 WHERE id = ?1", params![id, who])?;
            note("assign", before.assignee.clone().into(), who.clone().into())?;
            vec![LocalChange::Assign(before.assignee.clone())]
        }
        LocalChange::HandOver { from, to, note: words, drafts } => {
            let moved = *drafts && hand_drafts(tx, id, from, to.as_deref(), now)?;
            if *to == before.assignee && !moved && words.is_none() {
                return Ok(tells.then(Vec::new));
            }
            db.execute("UPDATE conversation SET assignee = ?2 WHERE id = ?1", params![id, to])?;
            note("assign", before.assignee.clone().into(), to.clone().into())?;
            let mut inverse = vec![LocalChange::HandOver {
                from: to.clone().unwrap_or_else(|| from.clone()),
                to: before.assignee.clone(),
                note: None,
                drafts: moved,
            }];
            if let Some(words) = words {
                let left = if moved { None } else { unsent(db, id, from)? };
                let left = left.map_or_else(String::new, |text| format!("\n--\n{text}"));
                db.execute(
                    "INSERT INTO message (conversation, channel, direction, role, author, account, body, kind, at, \
                     vendor_time, received_at) VALUES (?1, ?2, 'note', 'agent', ?3, ?3, ?4, 'text', ?5, 0, ?5)",
                    params![id, before.channel, wish.author, format!("{words}{left}"), now],
                )?;
                let message = db.last_insert_rowid();
                log(db, now, Some(id), Some(&wish.author), "note", &details([("message", message.into())]))?;
                // Whoever has it now finds it as something new.
                if let Some(to) = to {
                    unread_for(db, id, to)?;
                }
                inverse.push(LocalChange::TakeNote { note: MessageId(message), unread_by: to.clone() });
            }
            inverse
        }
        LocalChange::TakeNote { note, unread_by } => {
            take_note(tx, id, note.0, &wish.author, unread_by.as_deref(), now)?;
            Vec::new()
        }
        LocalChange::Label { add, remove } => return label(tx, id, wish, before, add, remove, now),
        LocalChange::Priority(to) => {
            let to = to.map(Priority::as_str);
            if to == before.priority.as_deref() {
                return Ok(tells.then(Vec::new));
            }
            db.execute("UPDATE conversation SET priority = ?2 WHERE id = ?1", params![id, to])?;
            note("priority", before.priority.clone().into(), to.into())?;
            vec![LocalChange::Priority(before.priority.as_deref().and_then(Priority::parse))]
        }
        LocalChange::Snooze { until, breaks } => {
            let until = until.map(to_millis);
            if until == before.snoozed_until && (until.is_none() || *breaks == before.snooze_breaks) {
                return Ok(tells.then(Vec::new));
            }
            db.execute(
                "UPDATE conversation SET snoozed_until = ?2, snooze_breaks = ?3 WHERE id = ?1",
                params![id, until, breaks],
            )?;
            note("snooze", before.snoozed_until.into(), until.into())?;
            vec![LocalChange::Snooze {
                until: before.snoozed_until.map(from_millis),
                breaks: before.snooze_breaks,
            }]
        }
        LocalChange::HoldUntil(until) => {
            let until = to_millis(*until);
            if before.status != Status::OnHold {
                outbox::set_status(db, id, Status::OnHold, Some(&wish.author), now)?;
                note("state", before.status.as_str().into(), Status::OnHold.as_str().into())?;
            }
            db.execute("UPDATE conversation SET held_until = ?2 WHERE id = ?1", params![id, until])?;
            note("hold", before.held_until.into(), until.into())?;
            match before.held_until {
                Some(until) => vec![LocalChange::HoldUntil(from_millis(until))],
                None => vec![LocalChange::Status(before.status)],
            }
        }
        LocalChange::Note { text } => {
            db.execute(
                "INSERT INTO message (conversation, channel, direction, role, author, account, body, kind, at, \
                 vendor_time, received_at) VALUES (?1, ?2, 'note', 'agent', ?3, ?3, ?4, 'text', ?5, 0, ?5)",
                params![id, before.channel, wish.author, text, now],
            )?;
            let message = db.last_insert_rowid();
            log(db, now, Some(id), Some(&wish.author), "note", &details([("message", message.into())]))?;
            Vec::new()
        }
        LocalChange::Promise(to) => {
            let from = promises::of(db, id)?;
            let why = if to.is_some() { "set by hand" } else { "kept or dropped by hand" };
            if !promises::set(db, id, to.as_ref(), Some(&wish.author), why, now)? {
                return Ok(tells.then(Vec::new));
            }
            vec![LocalChange::Promise(from)]
        }
        LocalChange::SeenUpTo(MessageId(message)) => {
            if !commit::move_cursor(db, id, &wish.author, Some(*message))? {
                return Ok(tells.then(Vec::new));
            }
            // Nobody else's screen changes by it, and nothing that `--seen` compares.
            tx.rings();
            return Ok(tells.then(Vec::new));
        }
        LocalChange::Unseen => {
            unsee(tx, id, &wish.author)?;
            return Ok(tells.then(Vec::new));
        }
    };
    Ok(Some(inverse))
}

/// Drafts go to who has the conversation now and has none there. Answers whether any did.
fn hand_drafts(tx: &Tx<'_>, id: i64, from: &str, to: Option<&str>, now: i64) -> Result<bool> {
    let Some(to) = to.filter(|to| *to != from) else { return Ok(false) };
    let moved = tx.db.execute(
        "UPDATE OR IGNORE draft SET agent = ?3, window = NULL, place = NULL, until = 0, saved_at = ?4 \
         WHERE conversation = ?1 AND agent = ?2",
        params![id, from, to, now],
    )?;
    Ok(moved > 0)
}

/// The reply that somebody has not sent there.
fn unsent(db: &Connection, id: i64, agent: &str) -> Result<Option<String>> {
    db.query_row(
        "SELECT body FROM draft WHERE conversation = ?1 AND agent = ?2 AND kind = 'reply' AND body <> ''",
        params![id, agent],
        |r| r.get(0),
    )
    .optional()
}

fn unread_for(db: &Connection, id: i64, agent: &str) -> Result<()> {
    db.execute(
        "INSERT INTO cursor SELECT ?1, ?2, 0, 0, 0, 1 WHERE NOT EXISTS \
         (SELECT 1 FROM cursor WHERE conversation = ?1 AND agent = ?2)",
        params![id, agent],
    )?;
    db.execute(
        "UPDATE cursor SET unread = max(unread, 1) WHERE conversation = ?1 AND agent = ?2",
        params![id, agent],
    )?;
    Ok(())
}

/// A note that this account wrote goes again; the log keeps that it was there.
fn take_note(tx: &Tx<'_>, id: i64, note: i64, author: &str, unread_by: Option<&str>, now: i64) -> Result<()> {
    let db = tx.db;
    let gone = db.execute(
        "DELETE FROM message WHERE id = ?1 AND conversation = ?2 AND direction = 'note' AND account = ?3",
        params![note, id, author],
    )?;
    if gone == 0 {
        return Ok(());
    }
    log(db, now, Some(id), Some(author), "note taken back", &details([("message", note.into())]))?;
    let Some(agent) = unread_by else { return Ok(()) };
    // Whoever never was there has everything unread, as before; else what came after his cursor.
    db.execute(
        "DELETE FROM cursor WHERE conversation = ?1 AND agent = ?2 AND message = 0 AND at = 0 AND newest = 0",
        params![id, agent],
    )?;
    db.execute(
        "UPDATE cursor SET unread = (SELECT count(*) FROM message m WHERE m.conversation = ?1 \
         AND m.direction = 'inbound' AND (m.at, m.id) > (cursor.at, cursor.message) \
         AND m.kind NOT IN ('system', 'reaction') AND m.role <> 'system') WHERE conversation = ?1 AND agent = ?2",
        params![id, agent],
    )?;
    tx.rings();
    Ok(())
}

fn label(
    tx: &Tx<'_>,
    id: i64,
    wish: &Wish,
    before: &Before,
    add: &[String],
    remove: &[String],
    now: i64,
) -> Result<Option<Vec<LocalChange>>> {
    let added: Vec<String> = add.iter().filter(|it| !before.labels.contains(it)).cloned().collect();
    let removed: Vec<String> = remove.iter().filter(|it| before.labels.contains(it)).cloned().collect();
    if added.is_empty() && removed.is_empty() {
        return Ok((!wish.vendor.is_empty()).then(Vec::new));
    }
    let mut labels: Vec<String> =
        before.labels.iter().filter(|it| !removed.contains(it)).chain(&added).cloned().collect();
    labels.dedup();
    tx.db.execute("UPDATE conversation SET labels = ?2 WHERE id = ?1", params![id, to_json(&labels)])?;
    for label in &added {
        tx.db.execute("INSERT OR IGNORE INTO label VALUES (?1, ?2)", params![label, id])?;
    }
    for label in &removed {
        tx.db.execute("DELETE FROM label WHERE label = ?1 AND conversation = ?2", params![label, id])?;
    }
    let facts = details([("add", added.clone().into()), ("remove", removed.clone().into())]);
    log(tx.db, now, Some(id), Some(&wish.author), "label", &facts)?;
    Ok(Some(vec![LocalChange::Label { add: removed, remove: added }]))
}

/// The cursor goes before the newest message of the other side.
fn unsee(tx: &Tx<'_>, id: i64, agent: &str) -> Result<()> {
    let newest: Option<(i64, i64)> = tx
        .db
        .query_row(
            "SELECT at, id FROM message WHERE conversation = ?1 AND direction = 'inbound' \
             AND kind NOT IN ('system', 'reaction') AND role <> 'system' ORDER BY at DESC, id DESC LIMIT 1",
            [id],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
        .optional()?;
    let Some((at, message)) = newest else { return Ok(()) };
    let prior: (i64, i64) = tx
        .db
        .query_row(
            "SELECT at, id FROM message WHERE conversation = ?1 AND (at, id) < (?2, ?3) ORDER BY at DESC, id DESC LIMIT 1",
            params![id, at, message],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
        .optional()?
        .unwrap_or((0, 0));
    tx.db.execute(
        "INSERT INTO cursor VALUES (?1, ?2, ?3, ?4, ?3, 1) ON CONFLICT DO UPDATE SET message = excluded.message, \
         at = excluded.at, unread = 1",
        params![id, agent, prior.1, prior.0],
    )?;
    tx.rings();
    Ok(())
}
