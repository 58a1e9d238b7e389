//! Messages as vendors show them: new ones, ours coming back, how far they have come, and what their authors changed.

use rusqlite::{Connection, OptionalExtension, Result, named_params, params};

use super::{
    apply::Applying,
    conversations::log,
    join, outbox,
    rows::{details, from_json, to_json},
    words,
};
use crate::domain::{
    Delivery, Direction, MessageKind, Role,
    change::{Change, DeliverySeen, MessageSeen},
    lifecycle::{Fact, thanks_alone},
    time::to_millis,
};

/// A message exists. One that names no conversation (the file of a message of ours in the past) is about a message that
/// is here, or waits for it.
pub(super) fn seen(to: &mut Applying<'_, '_>, seen: &MessageSeen, change: &Change) -> Result<()> {
    if seen.conversation.is_empty() {
        return match by_key(to.db, to.channel, &seen.key)? {
            Some(known) => known_again(to, &known, known.conversation, seen),
            None => keep_orphan(to, &seen.key, None, change),
        };
    }
    let their_role = if seen.direction == Direction::Inbound { seen.author.role } else { Role::Customer };
    let conversation = to.place(&seen.conversation, their_role)?;
    if let Some(known) = by_key(to.db, to.channel, &seen.key)? {
        return known_again(to, &known, conversation, seen);
    }
    // What this page has made holds nothing that was written here, unless the vendor gives our own name of a send.
    if (seen.send_id.is_some() || !to.is_fresh(conversation))
        && let Some(message) = join::ours(to, conversation, seen)?
    {
        return join::joined(to, message, seen);
    }
    if seen.provisional && same_words(to.db, conversation, seen, false)?.is_some() {
        return Ok(());
    }
    if !seen.provisional
        && let Some(stand_in) = same_words(to.db, conversation, seen, true)?
    {
        return replace_stand_in(to, conversation, stand_in, seen);
    }
    insert(to, conversation, seen)
}

struct Known {
    id: i64,
    conversation: i64,
    body: String,
    untouched: bool,
    ours: bool,
    /// Of a kind that could not be shown: what it stands for may still come.
    opaque: bool,
}

fn by_key(db: &Connection, channel: &str, key: &str) -> Result<Option<Known>> {
    db.prepare_cached(
        "SELECT id, conversation, body, edited_at IS NULL AND removed_at IS NULL, account IS NOT NULL, kind = 'unsupported' \
         FROM message WHERE channel = ?1 AND key = ?2",
    )?
    .query_row(params![channel, key], |r| {
        Ok(Known {
            id: r.get(0)?,
            conversation: r.get(1)?,
            body: r.get(2)?,
            untouched: r.get(3)?,
            ours: r.get(4)?,
            opaque: r.get(5)?,
        })
    })
    .optional()
}

/// A message written here has our own time until its vendor's is known. Answers whether that was so until now.
pub(super) fn adopt_time(db: &Connection, message: i64, at: i64) -> Result<bool> {
    let adopted = db
        .prepare_cached("UPDATE message SET at = ?2, vendor_time = 1 WHERE id = ?1 AND vendor_time = 0")?
        .execute([message, at])?;
    if adopted > 0 {
        db.prepare_cached("UPDATE cursor SET at = ?2 WHERE message = ?1")?.execute([message, at])?;
    }
    Ok(adopted > 0)
}

/// The vendor shows a message again; another text means that it was edited elsewhere. Under the same name in another
/// conversation it is none of its author's: it changes nothing.
fn known_again(
    to: &mut Applying<'_, '_>,
    known: &Known,
    conversation: i64,
    seen: &MessageSeen,
) -> Result<()> {
    if conversation != known.conversation {
        return Ok(());
    }
    if known.ours
        && let Some(at) = seen.sent_at
        && adopt_time(to.db, known.id, to_millis(at))?
    {
        to.touch(known.conversation);
    }
    let opaque = seen.kind == MessageKind::Unsupported;
    if known.opaque && !opaque && known.untouched && !known.ours {
        return complete(to, known, seen);
    }
    // A stand-in that comes after what it stands for says nothing new.
    if opaque && !known.opaque {
        return Ok(());
    }
    if known.untouched
        && !known.ours
        && !seen.body.is_empty()
        && known.body != seen.body
        && words::comparable(&known.body) != words::comparable(&seen.body)
    {
        let now = to.now;
        change_body(to, known.id, known.conversation, &known.body, &seen.body, now)?;
    }
    Ok(())
}

/// What a message stood for has come (the file of a `media_placeholder`): no edit, but the message itself.
fn complete(to: &mut Applying<'_, '_>, known: &Known, seen: &MessageSeen) -> Result<()> {
    to.db
        .prepare_cached(
            "UPDATE message SET kind = ?2, body = ?3, raw = ?4, context = ifnull(?5, context) WHERE id = ?1",
        )?
        .execute(params![
            known.id,
            seen.kind.as_str(),
            seen.body,
            seen.raw,
            seen.context.as_ref().map(to_json)
        ])?;
    attach(to, known.conversation, known.id, seen)?;
    to.touch(known.conversation).words = true;
    Ok(())
}

fn insert(to: &mut Applying<'_, '_>, conversation: i64, seen: &MessageSeen) -> Result<()> {
    let at = seen.sent_at.map_or(to.now, to_millis);
    let delivery = (seen.direction == Direction::Outbound).then_some("sent");
    to.db
        .prepare_cached(
            "INSERT INTO message (conversation, channel, key, remote_id, direction, role, author, author_id, body, \
             raw, kind, delivery, context, at, vendor_time, received_at, send_id, provisional) \
             VALUES (:conversation, :channel, :key, :remote_id, :direction, :role, :author, :author_id, :body, \
             :raw, :kind, :delivery, :context, :at, :vendor_time, :now, :send_id, :provisional)",
        )?
        .execute(named_params! {
            ":conversation": conversation,
            ":channel": to.channel,
            ":key": seen.key,
            ":remote_id": seen.remote_id,
            ":direction": seen.direction.as_str(),
            ":role": seen.author.role.as_str(),
            ":author": seen.author.name,
            ":author_id": seen.author_id,
            ":body": seen.body,
            ":raw": seen.raw,
            ":kind": seen.kind.as_str(),
            ":delivery": delivery,
            ":context": seen.context.as_ref().map(to_json),
            ":at": at,
            ":vendor_time": seen.sent_at.is_some(),
            ":now": to.now,
            ":send_id": seen.send_id,
            ":provisional": seen.provisional,
        })?;
    let id = to.db.last_insert_rowid();
    attach(to, conversation, id, seen)?;
    to.messages_new += 1;
    let speaks = !matches!(seen.kind, MessageKind::System | MessageKind::Reaction)
        && seen.author.role != Role::System
        && seen.direction != Direction::Note;
    let thanks = || seen.attachments.is_empty() && thanks_alone(&seen.body);
    let inbound = seen.direction == Direction::Inbound;
    if speaks {
        let fact = if inbound { Fact::In { thanks: thanks() } } else { Fact::Out { keep: false } };
        to.touch(conversation).facts.push((at, id, fact));
    }
    to.touch(conversation).words |= inbound && speaks;
    if inbound && speaks && !to.past && !to.is_fresh(conversation) {
        to.db
            .prepare_cached("UPDATE cursor SET unread = unread + 1 WHERE conversation = ?1")?
            .execute([conversation])?;
    }
    orphans(to, &seen.key, seen.send_id.as_deref())
}

fn attach(to: &Applying<'_, '_>, conversation: i64, id: i64, seen: &MessageSeen) -> Result<()> {
    let first = if seen.attachments.is_empty() { 1 } else { next_attachment(to.db, conversation)? };
    for (n, file) in (first..).zip(&seen.attachments) {
        to.db
            .prepare_cached(
                "INSERT INTO attachment (message, n, name, mime, size, sha256, state, remote_ref) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'remote', ?7)",
            )?
            .execute(params![
                id,
                n,
                file.name,
                file.mime,
                file.size.and_then(|size| i64::try_from(size).ok()),
                file.sha256,
                file.remote_ref
            ])?;
    }
    Ok(())
}

/// The number of a conversation's next attachment: they are counted in the order in which they came.
pub(super) fn next_attachment(db: &Connection, conversation: i64) -> Result<i64> {
    db.prepare_cached(
        "SELECT ifnull(max(a.n), 0) + 1 FROM message m JOIN attachment a ON a.message = m.id WHERE m.conversation = ?1",
    )?
    .query_row([conversation], |r| r.get(0))
}

/// Another message here with the same words from the same side: a stand-in, or one that needs none.
fn same_words(db: &Connection, conversation: i64, seen: &MessageSeen, stand_in: bool) -> Result<Option<i64>> {
    // Two statements: stand-ins have an index of their own.
    let which = if stand_in { "AND provisional" } else { "" };
    let mut find = db.prepare_cached(&format!(
        "SELECT id, body FROM message WHERE conversation = ?1 AND direction = ?2 {which} ORDER BY at DESC LIMIT 200"
    ))?;
    let mut rows = find.query(params![conversation, seen.direction.as_str()])?;
    let mut wanted = None;
    while let Some(row) = rows.next()? {
        let wanted = wanted.get_or_insert_with(|| words::comparable(&seen.body));
        if words::comparable(row.get_ref(1)?.as_str()?) == *wanted {
            return row.get(0).map(Some);
        }
    }
    Ok(None)
}

fn replace_stand_in(to: &mut Applying<'_, '_>, conversation: i64, id: i64, seen: &MessageSeen) -> Result<()> {
    to.db
        .prepare_cached(
            "UPDATE message SET key = ?2, remote_id = ?3, body = ?4, at = ifnull(?5, at), author = ifnull(?6, author), \
             role = ?7, provisional = 0, vendor_time = vendor_time OR ?5 IS NOT NULL WHERE id = ?1",
        )?
        .execute(params![
            id,
            seen.key,
            seen.remote_id,
            seen.body,
            seen.sent_at.map(to_millis),
            seen.author.name,
            seen.author.role.as_str()
        ])?;
    to.touch(conversation);
    Ok(())
}

/// How far a message of ours has come. States only move up; what is not here yet waits.
pub(super) fn delivery(to: &mut Applying<'_, '_>, seen: &DeliverySeen, change: &Change) -> Result<()> {
    let found = to
        .db
        .prepare_cached(
            "SELECT id, conversation, delivery, error, outbox_row, key FROM message WHERE channel = ?1 AND key = ?2 \
             UNION ALL SELECT id, conversation, delivery, error, outbox_row, key FROM message \
             WHERE send_id = ?3 AND channel = ?1 LIMIT 1",
        )?
        .query_row(params![to.channel, seen.key, seen.send_id], |r| {
            Ok((
                r.get::<_, i64>(0)?,
                r.get::<_, i64>(1)?,
                r.get::<_, Option<String>>(2)?.as_deref().and_then(Delivery::parse),
                r.get::<_, Option<String>>(3)?,
                r.get::<_, Option<i64>>(4)?,
                r.get::<_, Option<String>>(5)?,
            ))
        })
        .optional()?;
    let Some((id, conversation, old, old_error, row, key)) = found else {
        if seen.window_closed
            && let Some(recipient) = &seen.recipient
            && let Some(conversation) = super::apply::find(to.db, to.channel, recipient)?
        {
            to.shut_window(conversation, seen.at.map_or(to.now, to_millis))?;
        }
        return keep_orphan(to, &seen.key, seen.send_id.as_deref(), change);
    };
    if key.is_none() {
        to.db
            .prepare_cached("UPDATE message SET key = ?2, remote_id = ifnull(remote_id, ?2) WHERE id = ?1")?
            .execute(params![id, seen.key])?;
        to.touch(conversation);
    }
    let at = seen.at.map_or(to.now, to_millis);
    if seen.window_closed {
        to.shut_window(conversation, at)?;
    }
    let old_rank = old.and_then(Delivery::rank).unwrap_or(0);
    if seen.delivery == Delivery::Failed {
        if old_rank < 2 && !(old == Some(Delivery::Failed) && old_error == seen.error) {
            let words = seen.error.clone().unwrap_or_else(|| "the vendor could not deliver it".into());
            outbox::failed_later(to.db, id, row, &words, to.now)?;
            to.touch(conversation);
        }
        return Ok(());
    }
    let Some(rank) = seen.delivery.rank().filter(|rank| *rank > old_rank) else { return Ok(()) };
    if old == Some(Delivery::Failed) && rank < 2 {
        return Ok(());
    }
    if old != Some(Delivery::Sent) || rank > 1 {
        to.db
            .prepare_cached("UPDATE message SET delivery = ?2, error = NULL WHERE id = ?1")?
            .execute(params![id, seen.delivery.as_str()])?;
        if let Some(row) = row {
            outbox::there_after_all(to.db, row, to.now)?;
        }
        to.touch(conversation);
    }
    Ok(())
}

/// A message was changed by its author.
pub(super) fn edited(
    to: &mut Applying<'_, '_>,
    key: &str,
    body: &str,
    at: i64,
    change: &Change,
) -> Result<()> {
    let Some(known) = by_key(to.db, to.channel, key)? else { return keep_orphan(to, key, None, change) };
    let newer: bool = to
        .db
        .prepare_cached(
            "SELECT removed_at IS NULL AND ifnull(edited_at, ?2 - 1) < ?2 FROM message WHERE id = ?1",
        )?
        .query_row(params![known.id, at], |r| r.get(0))?;
    if newer {
        change_body(to, known.id, known.conversation, &known.body, body, at)?;
    }
    Ok(())
}

fn change_body(
    to: &mut Applying<'_, '_>,
    id: i64,
    conversation: i64,
    old: &str,
    new: &str,
    at: i64,
) -> Result<()> {
    to.db
        .prepare_cached("UPDATE message SET body = ?2, edited_at = ?3 WHERE id = ?1")?
        .execute(params![id, new, at])?;
    let facts = details([("message", id.into()), ("before", old.into())]);
    log(to.db, at, Some(conversation), None, "edited", &facts)?;
    to.touch(conversation).words = true;
    Ok(())
}

/// A message was taken back by its author: a tombstone stays, the log keeps a copy.
pub(super) fn removed(to: &mut Applying<'_, '_>, key: &str, at: i64, change: &Change) -> Result<()> {
    let Some(known) = by_key(to.db, to.channel, key)? else { return keep_orphan(to, key, None, change) };
    let changed = to
        .db
        .prepare_cached("UPDATE message SET body = '', removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL")?
        .execute(params![known.id, at])?;
    if changed > 0 {
        let facts = details([("message", known.id.into()), ("before", known.body.into())]);
        log(to.db, at, Some(known.conversation), None, "removed", &facts)?;
        to.touch(known.conversation);
    }
    Ok(())
}

/// An emoji on a message, or none any more.
pub(super) fn reaction(
    to: &mut Applying<'_, '_>,
    on: &str,
    by: &str,
    emoji: Option<&str>,
    at: i64,
    change: &Change,
) -> Result<()> {
    let Some(known) = by_key(to.db, to.channel, on)? else { return keep_orphan(to, on, None, change) };
    let changed = match emoji.filter(|it| !it.is_empty()) {
        Some(emoji) => to
            .db
            .prepare_cached(
                "INSERT INTO reaction VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET emoji = excluded.emoji, \
                 at = excluded.at WHERE excluded.at >= at AND emoji <> excluded.emoji",
            )?
            .execute(params![known.id, by, emoji, at])?,
        None => to
            .db
            .prepare_cached("DELETE FROM reaction WHERE message = ?1 AND by = ?2 AND at <= ?3")?
            .execute(params![known.id, by, at])?,
    };
    if changed > 0 {
        to.touch(known.conversation);
    }
    Ok(())
}

fn keep_orphan(to: &mut Applying<'_, '_>, key: &str, send_id: Option<&str>, change: &Change) -> Result<()> {
    to.orphans = true;
    to.db
        .prepare_cached(
            "INSERT OR IGNORE INTO orphan (channel, key, send_id, change, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![to.channel, key, send_id, to_json(change), to.now])?;
    Ok(())
}

/// What was said of a message before it was here.
pub(super) fn orphans(to: &mut Applying<'_, '_>, key: &str, send_id: Option<&str>) -> Result<()> {
    if !to.orphans {
        return Ok(());
    }
    let waiting = to
        .db
        .prepare_cached(
            "SELECT n, change FROM orphan WHERE channel = ?1 AND key = ?2 UNION SELECT n, change FROM orphan \
             WHERE send_id = ?3 ORDER BY n",
        )?
        .query_map(params![to.channel, key, send_id], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)))?
        .collect::<Result<Vec<_>>>()?;
    for (n, change) in waiting {
        to.db.prepare_cached("DELETE FROM orphan WHERE n = ?1")?.execute([n])?;
        let Some(change) = from_json::<Option<Change>>(&change) else { continue };
        match &change {
            Change::Delivery(seen) => delivery(to, seen, &change)?,
            Change::Edited { key, body, at, .. } => edited(to, key, body, to_millis(*at), &change)?,
            Change::Removed { key, at, .. } => removed(to, key, to_millis(*at), &change)?,
            Change::Reaction { on, by, emoji, at, .. } => {
                reaction(to, on, by, emoji.as_deref(), to_millis(*at), &change)?;
            }
            Change::Earlier(file) => seen(to, file, &change)?,
            _ => {}
        }
    }
    Ok(())
}
