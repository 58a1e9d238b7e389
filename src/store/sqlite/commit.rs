//! An agent commits: rows, their messages, the draft's end and the new status, in one transaction.

use rusqlite::{Connection, OptionalExtension, Result, named_params, params};
use serde_json::json;

use super::{
    actor::Tx,
    apply,
    conversations::{self, Touch, log},
    messages, outbox, promises, rows,
    rows::{details, to_json},
};
use crate::{
    domain::{
        Action, ConversationId, Gate, Message, MessageId, Outgoing, Role, RowNumber, RowState, Status,
        outbox::NewConversation, time::to_millis,
    },
    store::{Commit, Committed, Refusal, Seen},
};

/// What may be refused.
pub(super) type Answered<T> = Result<std::result::Result<T, Refusal>>;

/// Whether anything has come that the author had not seen.
pub(super) fn unseen(db: &Connection, id: i64, seen: Seen, author: &str) -> Result<Option<Refusal>> {
    let rev: i64 = db.query_row("SELECT rev FROM conversation WHERE id = ?1", [id], |r| r.get(0))?;
    // What was there when his cursor was set counts as drawn, whatever its number.
    let drawn: i64 = db
        .query_row(
            "SELECT newest FROM cursor WHERE conversation = ?1 AND agent = ?2",
            params![id, author],
            |r| r.get(0),
        )
        .optional()?
        .unwrap_or(0);
    let arrived = match seen.message {
        None => Vec::new(),
        Some(message) => {
            let mut arrived = db
                .prepare_cached(&format!(
                    "SELECT {} FROM message m WHERE m.conversation = ?1 AND m.id > ?2 \
                     AND (m.direction = 'inbound' OR m.account IS NULL OR m.account <> ?3) ORDER BY m.id",
                    rows::MESSAGE
                ))?
                .query_map(params![id, message.0.max(drawn), author], rows::message)?
                .collect::<Result<Vec<Message>>>()?;
            rows::complete(db, &mut arrived)?;
            arrived
        }
    };
    let changed = seen.rev.is_some_and(|it| it != rev) || !arrived.is_empty();
    Ok(changed.then_some(Refusal::Changed { arrived, rev }))
}

/// The conversation of a number, or of a number that has become another.
pub(super) fn number_of(db: &Connection, id: i64) -> Result<Option<i64>> {
    db.prepare_cached(
        "SELECT id FROM conversation WHERE id = ?1 UNION ALL SELECT conversation FROM former WHERE id = ?1 LIMIT 1",
    )?
    .query_row([id], |r| r.get(0))
    .optional()
}

/// Commits.
pub(super) fn commit(tx: &Tx<'_>, commit: &Commit, now: i64) -> Answered<Committed> {
    let db = tx.db;
    if commit.actions.is_empty() || commit.actions.len() != commit.send_ids.len() {
        return Ok(Err(Refusal::NotNow("there is nothing to send".into())));
    }
    let id = match commit.conversation {
        Some(id) => match number_of(db, id.0)? {
            Some(id) => id,
            None => return Ok(Err(Refusal::Unknown)),
        },
        None => match commit.actions.first() {
            Some(Action::Create(new)) => begin_conversation(tx, commit, new, now)?,
            _ => return Ok(Err(Refusal::Unknown)),
        },
    };
    if let Some(refusal) = unseen(db, id, commit.seen, &commit.author)? {
        return Ok(Err(refusal));
    }
    let (before, assignee): (String, Option<String>) =
        db.query_row("SELECT status, assignee FROM conversation WHERE id = ?1", [id], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })?;
    let before = Status::parse(&before).unwrap_or(Status::Open);
    let speaks = commit.actions.iter().any(|action| action.outgoing().is_some());
    // `new` says that no reply ever left: a reply ends it, whatever the configuration keeps.
    let status = commit.status.or((speaks && before == Status::New).then_some(Status::Open));
    // It goes with the message: until one of a later hour leaves, its customer waits and the deadline stands.
    let moves = commit.later.is_none();
    let assigns = speaks && assignee.is_none();

    let mut committed =
        Committed { conversation: ConversationId(id), rows: Vec::new(), messages: Vec::new() };
    let mut after = None;
    for (action, send_id) in commit.actions.iter().zip(&commit.send_ids) {
        let new = NewRow {
            conversation: id,
            channel: &commit.channel.0,
            action,
            send_id,
            held_until: commit.held_until.map(to_millis),
            later: commit.later.map(to_millis),
            author: &commit.author,
            author_name: commit.author_name.as_deref(),
            seen: commit.seen,
            after,
            status_with: status,
            status_before: moves.then_some(before),
            assigned: assigns,
        };
        let (n, message) = insert(db, &new, now)?;
        after = Some(n);
        committed.rows.push(RowNumber(n));
        committed.messages.push(message.map(MessageId));
    }
    if speaks && moves {
        let carrying =
            committed.rows.iter().zip(&committed.messages).filter(|(_, message)| message.is_some());
        let carrying: Vec<i64> = carrying.map(|(row, _)| row.0).collect();
        let promise = commit.actions.iter().find_map(|action| action.outgoing()?.promise.as_ref());
        promises::made(db, id, &carrying, promise, &commit.author, now)?;
    }
    if let Some(to) = status.filter(|to| moves && *to != before) {
        outbox::set_status(db, id, to, Some(&commit.author), now)?;
        let facts = details([("from", before.as_str().into()), ("to", to.as_str().into())]);
        log(db, now, Some(id), Some(&commit.author), "state", &facts)?;
    }
    if assigns {
        db.execute("UPDATE conversation SET assignee = ?2 WHERE id = ?1", params![id, commit.author])?;
        let facts = details([("to", commit.author.clone().into()), ("why", "replied".into())]);
        log(db, now, Some(id), Some(&commit.author), "assign", &facts)?;
    }
    if let Some((draft_of, kind)) = commit.ends_draft {
        db.execute(
            "DELETE FROM draft WHERE conversation = ?1 AND agent = ?2 AND kind = ?3",
            params![draft_of.map_or(0, |it| it.0), commit.author, kind.as_str()],
        )?;
    }
    if speaks {
        move_cursor(db, id, &commit.author, None)?;
        // What one reads and answers is no longer on one's list of what woke up.
        let asleep =
            "UPDATE conversation SET snoozed_until = NULL WHERE id = ?1 AND snoozed_until IS NOT NULL";
        if db.execute(asleep, [id])? > 0 {
            let facts = details([("to", serde_json::Value::Null), ("why", "replied".into())]);
            log(db, now, Some(id), Some(&commit.author), "snooze", &facts)?;
        }
    }
    conversations::finish(tx, id, &Touch::default(), now)?;
    Ok(Ok(committed))
}

/// A row to insert.
pub(super) struct NewRow<'a> {
    pub(super) conversation: i64,
    pub(super) channel: &'a str,
    pub(super) action: &'a Action,
    pub(super) send_id: &'a str,
    pub(super) held_until: Option<i64>,
    pub(super) later: Option<i64>,
    pub(super) author: &'a str,
    pub(super) author_name: Option<&'a str>,
    pub(super) seen: Seen,
    pub(super) after: Option<i64>,
    pub(super) status_with: Option<Status>,
    /// `None`: the status moves when the message leaves.
    pub(super) status_before: Option<Status>,
    pub(super) assigned: bool,
}

/// Inserts a row and its message; answers their numbers.
pub(super) fn insert(db: &Connection, new: &NewRow<'_>, now: i64) -> Result<(i64, Option<i64>)> {
    let state = match (new.later, new.held_until) {
        (Some(_), _) => RowState::Later,
        (None, Some(_)) => RowState::Held,
        (None, None) => RowState::Queued,
    };
    let not_before = new.later.or(new.held_until);
    let guarded = not_before.is_some() || new.seen.rev.is_some() || new.seen.message.is_some();
    let newest: i64 = db.query_row(
        "SELECT ifnull(max(id), 0) FROM message WHERE conversation = ?1",
        [new.conversation],
        |r| r.get(0),
    )?;
    db.prepare_cached(
        "INSERT INTO outbox (conversation, channel, action, word, repeatable, state, author, not_before, hold_end, \
         guarded, created_at, send_id, seen_rev, seen_message, newest, after_row, status_with, status_before, assigned) \
         VALUES (:conversation, :channel, :action, :word, :repeatable, :state, :author, :not_before, :not_before, \
         :guarded, :now, :send_id, :seen_rev, :seen_message, :newest, :after, :status_with, :status_before, :assigned)",
    )?
    .execute(named_params! {
        ":conversation": new.conversation,
        ":channel": new.channel,
        ":action": to_json(new.action),
        ":word": new.action.word(),
        ":repeatable": new.action.repeatable(),
        ":state": state.as_str(),
        ":author": new.author,
        ":not_before": not_before,
        ":guarded": guarded,
        ":now": now,
        ":send_id": new.send_id,
        ":seen_rev": new.seen.rev,
        ":seen_message": new.seen.message.map(|it| it.0),
        ":newest": newest,
        ":after": new.after,
        ":status_with": new.status_with.map(Status::as_str),
        ":status_before": new.status_before.map(Status::as_str),
        ":assigned": new.assigned,
    })?;
    let n = db.last_insert_rowid();
    let message = match new.action.outgoing() {
        Some(outgoing) => Some(message(db, new, outgoing, n, state, now)?),
        None => None,
    };
    if message.is_some() {
        db.execute("UPDATE outbox SET message = ?2 WHERE n = ?1", params![n, message])?;
    }
    let facts = details([("row", n.into()), ("action", new.action.word().into())]);
    log(db, now, Some(new.conversation), Some(new.author), "commit", &facts)?;
    Ok((n, message))
}

fn message(
    db: &Connection,
    new: &NewRow<'_>,
    outgoing: &Outgoing,
    n: i64,
    state: RowState,
    now: i64,
) -> Result<i64> {
    let quoted: Option<String> = match outgoing.quote {
        Some(quote) => db
            .query_row("SELECT remote_id FROM message WHERE id = ?1", [quote.0], |r| r.get(0))
            .optional()?
            .flatten(),
        None => None,
    };
    let context = match (&quoted, outgoing.products.first()) {
        (Some(id), _) => Some(json!({ "reply_to": id })),
        (None, Some(item)) => Some(json!({ "catalog_id": item.catalog_id, "product_id": item.product_id })),
        _ => None,
    };
    let kind = if outgoing.file.is_some() { "media" } else { "text" };
    db.prepare_cached(
        "INSERT INTO message (conversation, channel, direction, role, author, account, body, kind, delivery, context, \
         at, vendor_time, received_at, outbox_row, send_id) \
         VALUES (?1, ?2, 'outbound', 'agent', ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?9, ?10, ?11)",
    )?
    .execute(params![
        new.conversation,
        new.channel,
        new.author_name.unwrap_or(new.author),
        new.author,
        outgoing.text,
        kind,
        state.as_str(),
        context.as_ref().map(to_json),
        now,
        n,
        new.send_id,
    ])?;
    let id = db.last_insert_rowid();
    if let Some(file) = &outgoing.file {
        let n = messages::next_attachment(db, new.conversation)?;
        db.execute(
            "INSERT INTO attachment (message, n, name, mime, size, sha256, state) VALUES (?1, ?6, ?2, ?3, ?4, ?5, 'stored')",
            params![id, file.name, file.mime, i64::try_from(file.size).unwrap_or(i64::MAX), file.sha256, n],
        )?;
    }
    Ok(id)
}

/// Moves an agent's cursor to a message, or to the newest there is, and counts what is unread after it.
pub(super) fn move_cursor(db: &Connection, id: i64, agent: &str, to: Option<i64>) -> Result<bool> {
    let place = match to {
        Some(message) => db
            .query_row(
                "SELECT at, id FROM message WHERE id = ?1 AND conversation = ?2",
                params![message, id],
                |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)),
            )
            .optional()?,
        None => db
            .query_row(
                "SELECT at, id FROM message WHERE conversation = ?1 ORDER BY at DESC, id DESC LIMIT 1",
                [id],
                |r| Ok((r.get(0)?, r.get(1)?)),
            )
            .optional()?,
    };
    let Some((at, message)) = place else { return Ok(false) };
    let newest: i64 = db.query_row(
        "SELECT ifnull(max(id), 0) FROM message WHERE conversation = ?1 AND (at, id) <= (?2, ?3)",
        params![id, at, message],
        |r| r.get(0),
    )?;
    let unread: i64 = db.query_row(
        "SELECT count(*) FROM message WHERE conversation = ?1 AND direction = 'inbound' AND (at, id) > (?2, ?3) \
         AND kind NOT IN ('system', 'reaction') AND role <> 'system'",
        params![id, at, message],
        |r| r.get(0),
    )?;
    let changed = db
        .prepare_cached(
            "INSERT INTO cursor VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET message = excluded.message, \
             at = excluded.at, newest = max(newest, excluded.newest), unread = excluded.unread \
             WHERE message <> excluded.message OR unread <> excluded.unread",
        )?
        .execute(params![id, agent, message, at, newest, unread])?;
    Ok(changed > 0)
}

/// The local conversation of a create: it has its number from the start.
fn begin_conversation(tx: &Tx<'_>, commit: &Commit, new: &NewConversation, now: i64) -> Result<i64> {
    let db = tx.db;
    let phone = new.to.as_ref().filter(|to| to.starts_with('+'));
    if let Some(phone) = phone {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        if let Some(known) = apply::find(db, &commit.channel.0, &digits)? {
            // The same person: his thread goes on.
            return Ok(known);
        }
    }
    // Until the vendor says who reads it, whoever it is to says so: a consumer, a number, a partner; else the marketplace.
    let (their_role, reader) = match (&new.consumer, &new.to) {
        (Some(consumer), _) => (Role::Customer, format!("consumer {consumer}")),
        (None, Some(to)) => (if phone.is_some() { Role::Customer } else { Role::Partner }, to.clone()),
        (None, None) => {
            let short: Option<String> = db
                .query_row("SELECT short FROM channel WHERE name = ?1", [&commit.channel.0], |r| r.get(0))
                .optional()?;
            (Role::Marketplace, format!("{} support", short.as_deref().unwrap_or(&commit.channel.0)))
        }
    };
    let templates: bool = db
        .query_row(
            "SELECT ifnull(json_extract(descriptor, '$.capabilities.templates'), 0) FROM channel WHERE name = ?1",
            [&commit.channel.0],
            |r| r.get(0),
        )
        .optional()?
        .unwrap_or(false);
    let order = new.order.as_ref().map(|number| to_json(&json!({ "number": number })));
    let products: Vec<_> = new
        .skus
        .iter()
        .map(|sku| crate::domain::Product { sku: sku.clone(), ..Default::default() })
        .collect();
    db.execute(
        "INSERT INTO conversation (channel, kind, subject, customer_id, customer_phone, counterpart, addressee, \
         their_role, order_facts, products, category, created_at, updated_at, rev, gate) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?11, 0, ?12)",
        params![
            commit.channel.0,
            commit.kind.as_str(),
            new.title.as_ref().or(new.category.as_ref()),
            new.consumer,
            phone,
            reader,
            their_role.as_str(),
            order,
            to_json(&products),
            new.category,
            now,
            // Where there are templates nobody is written to in other words before he wrote.
            if templates { Gate::TemplateOnly } else { Gate::Unknown }.as_str(),
        ],
    )?;
    let id = db.last_insert_rowid();
    for number in [&new.order, &new.reference, &new.consumer, &new.to].into_iter().flatten() {
        apply::number(db, id, "number", number)?;
    }
    for sku in &new.skus {
        apply::number(db, id, "sku", sku)?;
    }
    Ok(id)
}
