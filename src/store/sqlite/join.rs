//! Our own messages coming back, conversations that we began being named by their vendor, two that are one.

use rusqlite::{OptionalExtension, Result, params};

use super::{
    apply::{self, Applying},
    conversations::log,
    messages, outbox,
    rows::details,
    words,
};
use crate::domain::{
    Direction,
    change::{Change, MessageSeen, Page},
    time::to_millis,
};

/// How far the vendor's clock may be before ours.
const SKEW_MS: i64 = 15 * 60_000;
/// How long after it was sent a message of ours is still looked for.
const LOOK_FOR_MS: i64 = 48 * 3_600_000;

/// The message written here that this one is: by the name of its send, by the vendor's id, else (vendors without ids) by
/// its words, where it went out lately and has not been seen there yet.
pub(super) fn ours(to: &Applying<'_, '_>, conversation: i64, seen: &MessageSeen) -> Result<Option<i64>> {
    if seen.direction != Direction::Outbound {
        return Ok(None);
    }
    if let Some(send_id) = &seen.send_id {
        let found = to
            .db
            .prepare_cached(
                "SELECT id FROM message WHERE send_id = ?1 AND channel = ?2 AND account IS NOT NULL",
            )?
            .query_row(params![send_id, to.channel], |r| r.get(0))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    if let Some(remote_id) = &seen.remote_id {
        let found = to
            .db
            .prepare_cached(
                "SELECT id FROM message WHERE conversation = ?1 AND remote_id = ?2 AND account IS NOT NULL AND key IS NULL",
            )?
            .query_row(params![conversation, remote_id], |r| r.get(0))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let mut candidates = to.db.prepare_cached(
        "SELECT m.id, m.body, ifnull(o.sent_at, m.at) FROM message m LEFT JOIN outbox o ON o.message = m.id \
         WHERE m.conversation = ?1 AND m.key IS NULL AND m.direction = 'outbound' AND m.account IS NOT NULL \
         AND m.delivery IN ('sending', 'sent', 'uncertain') ORDER BY m.at, m.id",
    )?;
    let mut wanted = None;
    let at = seen.sent_at.map_or(to.now, to_millis);
    let mut rows = candidates.query([conversation])?;
    while let Some(row) = rows.next()? {
        let sent_at: i64 = row.get(2)?;
        if !(sent_at - SKEW_MS..=sent_at + LOOK_FOR_MS).contains(&at) {
            continue;
        }
        let wanted = wanted.get_or_insert_with(|| words::comparable(&seen.body));
        if words::comparable(row.get_ref(1)?.as_str()?) == *wanted {
            return row.get(0).map(Some);
        }
    }
    Ok(None)
}

/// The vendor shows a message that was written here.
pub(super) fn joined(to: &mut Applying<'_, '_>, id: i64, seen: &MessageSeen) -> Result<()> {
    let (conversation, row) = to
        .db
        .prepare_cached("SELECT conversation, outbox_row FROM message WHERE id = ?1")?
        .query_row([id], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, Option<i64>>(1)?)))?;
    // A stand-in's key is not what the message will be known by.
    let key = (!seen.provisional).then_some(&seen.key);
    let changed = to
        .db
        .prepare_cached(
            "UPDATE message SET key = ifnull(?2, key), remote_id = ifnull(?3, remote_id), error = NULL, \
             delivery = iif(delivery IN ('delivered', 'read'), delivery, 'sent') WHERE id = ?1 \
             AND (ifnull(?2, key) IS NOT key OR ifnull(?3, remote_id) IS NOT remote_id OR error IS NOT NULL \
             OR delivery NOT IN ('sent', 'delivered', 'read'))",
        )?
        .execute(params![id, key, seen.remote_id])?;
    let timed = match seen.sent_at {
        Some(at) if !seen.provisional => messages::adopt_time(to.db, id, to_millis(at))?,
        _ => false,
    };
    if let Some(row) = row {
        outbox::there_after_all(to.db, row, to.now)?;
    }
    if changed == 0 && !timed && row.is_none() {
        return Ok(());
    }
    to.touch(conversation);
    messages::orphans(to, &seen.key, seen.send_id.as_deref())
}

/// Conversations that we began and that this page names: they keep their numbers.
pub(super) fn adopt_creates(to: &mut Applying<'_, '_>, page: &Page) -> Result<()> {
    let local = to
        .db
        .prepare_cached("SELECT id FROM conversation WHERE channel = ?1 AND remote_id IS NULL")?
        .query_map([to.channel], |r| r.get::<_, i64>(0))?
        .collect::<Result<Vec<_>>>()?;
    for id in local {
        for change in &page.changes {
            let Change::Message(seen) = change else { continue };
            if apply::find(to.db, to.channel, &seen.conversation)?.is_none() && ours(to, id, seen)?.is_some()
            {
                name(to, id, &seen.conversation)?;
                break;
            }
        }
    }
    Ok(())
}

/// The vendor's name of a conversation that we began. Where another has that name already, the two become one; answers
/// the number that stays.
pub(super) fn name(to: &mut Applying<'_, '_>, id: i64, remote_id: &str) -> Result<i64> {
    match apply::find(to.db, to.channel, remote_id)? {
        Some(other) if other == id => Ok(id),
        Some(other) => merge(to, id.min(other), id.max(other)),
        None => {
            to.db
                .prepare_cached("UPDATE conversation SET remote_id = ?2 WHERE id = ?1")?
                .execute(params![id, remote_id])?;
            to.touch(id);
            Ok(id)
        }
    }
}

/// Makes two conversations one: the first number stays, the other leads to it from now on.
pub(super) fn merge(to: &mut Applying<'_, '_>, stays: i64, goes: i64) -> Result<i64> {
    // The attachments of the one that stays keep their numbers; those of the other are counted on.
    let (kept, moved) = (messages::next_attachment(to.db, stays)?, messages::next_attachment(to.db, goes)?);
    if kept > 1 && moved > 1 {
        to.db.execute(
            "UPDATE attachment SET n = n + ?2 WHERE message IN (SELECT id FROM message WHERE conversation = ?1)",
            params![goes, kept.max(moved) - 1],
        )?;
    }
    for table in ["message", "outbox", "event", "alias", "former"] {
        to.db
            .prepare_cached(&format!("UPDATE {table} SET conversation = ?1 WHERE conversation = ?2"))?
            .execute(params![stays, goes])?;
    }
    for table in ["label", "number", "draft", "cursor"] {
        to.db
            .prepare_cached(&format!(
                "UPDATE OR IGNORE {table} SET conversation = ?1 WHERE conversation = ?2"
            ))?
            .execute(params![stays, goes])?;
    }
    for table in ["label", "number", "cursor"] {
        to.db.prepare_cached(&format!("DELETE FROM {table} WHERE conversation = ?1"))?.execute([goes])?;
    }
    join_drafts(to, stays, goes)?;
    let (channel, remote_id) =
        to.db.query_row("SELECT channel, remote_id FROM conversation WHERE id = ?1", [goes], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, Option<String>>(1)?))
        })?;
    to.db.execute(
        "UPDATE conversation SET (customer_id, customer_name, customer_email, customer_phone, subject, order_facts, \
         category, facts, gate, gate_until, gate_since, remote_status, remote_closed, named, their_role) = \
         (SELECT ifnull(s.customer_id, g.customer_id), ifnull(s.customer_name, g.customer_name), \
          ifnull(s.customer_email, g.customer_email), ifnull(s.customer_phone, g.customer_phone), \
          ifnull(s.subject, g.subject), ifnull(s.order_facts, g.order_facts), ifnull(s.category, g.category), \
          json_patch(g.facts, s.facts), iif((s.named OR NOT g.named) AND NOT later, s.gate, g.gate), \
          iif((s.named OR NOT g.named) AND NOT later, s.gate_until, g.gate_until), \
          iif((s.named OR NOT g.named) AND NOT later, s.gate_since, g.gate_since), ifnull(s.remote_status, g.remote_status), \
          ifnull(s.remote_closed, g.remote_closed), s.named OR g.named, iif(s.named, s.their_role, g.their_role) \
          FROM (SELECT s.gate_until IS NOT NULL AND g.gate_until IS NOT NULL AND s.gate_until < g.gate_until AS later \
          FROM conversation s, conversation g WHERE s.id = ?1 AND g.id = ?2), conversation s, conversation g \
          WHERE s.id = ?1 AND g.id = ?2), \
         counterpart = iif(named, counterpart, ifnull((SELECT nullif(counterpart, '') FROM conversation WHERE id = ?2), counterpart)), \
         addressee = iif(named, addressee, ifnull((SELECT nullif(addressee, '') FROM conversation WHERE id = ?2), addressee)) \
         WHERE id = ?1",
        params![stays, goes],
    )?;
    to.db.execute("DELETE FROM conversation WHERE id = ?1", [goes])?;
    if let Some(remote_id) = remote_id {
        let named = to.db.execute(
            "UPDATE conversation SET remote_id = ?2 WHERE id = ?1 AND remote_id IS NULL",
            params![stays, remote_id],
        )?;
        if named == 0 {
            to.db.execute(
                "INSERT OR REPLACE INTO alias VALUES (?1, ?2, ?3)",
                params![channel, remote_id, stays],
            )?;
        }
    }
    to.db.execute("INSERT OR REPLACE INTO former VALUES (?1, ?2)", params![goes, stays])?;
    join_doubles(to, stays)?;
    log(to.db, to.now, Some(stays), None, "merged", &details([("number", goes.into())]))?;
    if let Some(touch) = to.touched.remove(&goes) {
        let kept = to.touch(stays);
        kept.facts.extend(touch.facts);
        kept.words |= touch.words;
        kept.closed = kept.closed.or(touch.closed);
    }
    to.touch(stays);
    Ok(stays)
}

/// What was written here and what the vendor showed of it, in two conversations until now.
fn join_doubles(to: &Applying<'_, '_>, id: i64) -> Result<()> {
    let ours = to
        .db
        .prepare_cached(
            "SELECT id, body FROM message WHERE conversation = ?1 AND key IS NULL AND direction = 'outbound' \
             AND account IS NOT NULL AND delivery IN ('sending', 'sent', 'uncertain') ORDER BY at, id",
        )?
        .query_map([id], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)))?
        .collect::<Result<Vec<_>>>()?;
    for (message, body) in ours {
        let theirs = to
            .db
            .prepare_cached(
                "SELECT id, body FROM message WHERE conversation = ?1 AND key IS NOT NULL \
                 AND direction = 'outbound' AND account IS NULL ORDER BY at, id",
            )?
            .query_map([id], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)))?
            .collect::<Result<Vec<_>>>()?;
        let same = theirs.into_iter().find(|(_, it)| words::comparable(it) == words::comparable(&body));
        if let Some((double, _)) = same {
            absorb(to.db, message, double)?;
        }
    }
    Ok(())
}

fn join_drafts(to: &Applying<'_, '_>, stays: i64, goes: i64) -> Result<()> {
    to.db.execute(
        "UPDATE draft SET body = body || char(10) || char(10) || (SELECT g.body FROM draft g \
         WHERE g.conversation = ?2 AND g.agent = draft.agent AND g.kind = draft.kind) WHERE conversation = ?1 \
         AND EXISTS (SELECT 1 FROM draft g WHERE g.conversation = ?2 AND g.agent = draft.agent AND g.kind = draft.kind)",
        params![stays, goes],
    )?;
    to.db.execute("DELETE FROM draft WHERE conversation = ?1", [goes])?;
    to.db.execute(
        "UPDATE draft_version SET conversation = ?1 WHERE conversation = ?2",
        params![stays, goes],
    )?;
    Ok(())
}

/// Two rows for one message: the one written here stays, with what the vendor's had.
pub(super) fn absorb(db: &rusqlite::Connection, stays: i64, goes: i64) -> Result<()> {
    let (key, remote_id, at, delivery): (Option<String>, Option<String>, Option<i64>, Option<String>) = db
        .query_row(
            "SELECT iif(provisional, NULL, key), remote_id, iif(vendor_time AND NOT provisional, at, NULL), delivery \
             FROM message WHERE id = ?1",
            [goes],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
        )?;
    db.execute("UPDATE OR IGNORE reaction SET message = ?1 WHERE message = ?2", params![stays, goes])?;
    db.execute("DELETE FROM reaction WHERE message = ?1", [goes])?;
    db.execute("DELETE FROM attachment WHERE message = ?1", [goes])?;
    db.execute("DELETE FROM message WHERE id = ?1", [goes])?;
    db.execute(
        "UPDATE message SET key = ifnull(?2, key), remote_id = ifnull(remote_id, ?3), \
         delivery = iif(?4 IN ('delivered', 'read'), ?4, delivery) WHERE id = ?1",
        params![stays, key, remote_id, delivery],
    )?;
    if let Some(at) = at {
        messages::adopt_time(db, stays, at)?;
    }
    Ok(())
}
