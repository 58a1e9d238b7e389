//! What an agent does.

use std::path::PathBuf;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::{
    SqliteStore, actor, changes, commit,
    commit::Answered,
    conversations::{self, Touch, log},
    deadline, drafts, erase, files, import, ledger, marked, outbox, presence, promises, reading,
    rows::{details, to_json},
};
use crate::{
    domain::{
        Action, ChannelName, ConversationId, Descriptor, Draft, DraftHeld, DraftKind, DraftSave, DraftWindow,
        Outgoing, Reach, RowNumber, RowState, Status, Time,
        attachment::StoredFile,
        outbox::LocalChange,
        time::{from_millis, to_millis},
    },
    store::{Answer, Changed, Commit, Committed, Desk, Erased, Imported, Refusal, Seen, StoreError},
};

#[async_trait]
impl Desk for SqliteStore {
    async fn open_as(&self, agent: String, channels: Vec<Descriptor>, now: Time) -> Result<(), StoreError> {
        let now = to_millis(now);
        self.writer
            .write("open_as", move |tx| {
                let added = tx.db.execute("INSERT OR IGNORE INTO member VALUES (?1, ?2)", params![agent, now])?;
                let mut changed = added > 0;
                for channel in &channels {
                    let clocks = |db: &rusqlite::Connection| {
                        db.query_row(
                            "SELECT json_extract(descriptor, '$.clocks') FROM channel WHERE name = ?1",
                            [&channel.name.0],
                            |r| r.get::<_, Option<String>>(0),
                        )
                        .optional()
                    };
                    let before = clocks(tx.db)?;
                    let closes = channel.capabilities.resolve == Reach::Remote;
                    changed |= tx.db.execute(
                        "INSERT INTO channel VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET \
                         kind = excluded.kind, short = excluded.short, descriptor = excluded.descriptor, \
                         closes = excluded.closes, languages = excluded.languages, seen_at = excluded.seen_at \
                         WHERE descriptor <> excluded.descriptor",
                        params![
                            channel.name.0,
                            channel.kind.as_str(),
                            channel.short,
                            to_json(channel),
                            closes,
                            to_json(&channel.languages),
                            now
                        ],
                    )? > 0;
                    ledger::promise(tx.db, &channel.name.0, &to_json(&channel.clocks), now)?;
                    if before.is_some() && before != clocks(tx.db)? {
                        deadline::renew_channel(tx, &channel.name.0, now)?;
                    }
                }
                if changed {
                    tx.rings();
                }
                Ok(())
            })
            .await
    }

    async fn commit(&self, commit: Commit, now: Time) -> Answer<Committed> {
        self.writer.write("commit", move |tx| commit::commit(tx, &commit, to_millis(now))).await
    }

    async fn change(
        &self,
        id: ConversationId,
        change: LocalChange,
        vendor: Vec<(Action, String)>,
        held_until: Option<Time>,
        author: String,
        seen: Seen,
        now: Time,
    ) -> Answer<Changed> {
        let change =
            changes::Wish { id, change, vendor, held_until: held_until.map(to_millis), author, seen };
        self.writer.write("change", move |tx| changes::change(tx, &change, to_millis(now))).await
    }

    async fn take_back(&self, n: RowNumber, agent: String, now: Time) -> Answer<Option<Draft>> {
        self.writer.write("take_back", move |tx| take_back(tx, n.0, &agent, to_millis(now))).await
    }

    async fn retry(&self, n: RowNumber, agent: String, now: Time) -> Answer<()> {
        self.writer.write("retry", move |tx| retry(tx, n.0, &agent, to_millis(now))).await
    }

    async fn mark_sent(&self, n: RowNumber, agent: String, now: Time) -> Answer<()> {
        let now = to_millis(now);
        self.writer
            .write("mark_sent", move |tx| {
                let row = match settleable(tx, n.0)? {
                    Ok(row) => row,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                if row.state != Some(RowState::Uncertain) {
                    return Ok(Err(Refusal::NotNow("only an uncertain row can be marked as sent".into())));
                }
                marked::mark_sent(tx, &row, &agent, now)?;
                Ok(Ok(()))
            })
            .await
    }

    async fn unmark_sent(&self, n: RowNumber, agent: String, now: Time) -> Answer<()> {
        self.writer.write("unmark_sent", move |tx| marked::unmark_sent(tx, n.0, &agent, to_millis(now))).await
    }

    async fn discard(&self, n: RowNumber, agent: String, now: Time) -> Answer<()> {
        let now = to_millis(now);
        self.writer
            .write("discard", move |tx| {
                let row = match settleable(tx, n.0)? {
                    Ok(row) => row,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                withdraw(tx, &row, "discard", &agent, false, now)?;
                Ok(Ok(()))
            })
            .await
    }

    async fn save_draft(&self, draft: Draft) -> Result<(), StoreError> {
        self.writer.write("save_draft", move |tx| drafts::save(tx, &draft)).await
    }

    async fn open_draft(
        &self,
        of: Option<ConversationId>,
        agent: String,
        kind: DraftKind,
        window: DraftWindow,
        now: Time,
    ) -> Result<(Option<Draft>, Option<DraftHeld>), StoreError> {
        let of = of.map_or(0, |it| it.0);
        self.writer
            .write("open_draft", move |tx| drafts::open(tx, (of, &agent, kind), &window, to_millis(now)))
            .await
    }

    async fn write_draft(
        &self,
        draft: Draft,
        window: DraftWindow,
        how: DraftSave,
        now: Time,
    ) -> Result<Result<(), DraftHeld>, StoreError> {
        self.writer
            .write("write_draft", move |tx| drafts::write(tx, draft, &window, how, to_millis(now)))
            .await
    }

    async fn take_draft(
        &self,
        mine: Draft,
        window: DraftWindow,
        now: Time,
    ) -> Result<Option<Draft>, StoreError> {
        self.writer.write("take_draft", move |tx| drafts::take_over(tx, &mine, &window, to_millis(now))).await
    }

    async fn close_draft(
        &self,
        of: Option<ConversationId>,
        agent: String,
        kind: DraftKind,
        window: DraftWindow,
    ) -> Result<(), StoreError> {
        let of = of.map_or(0, |it| it.0);
        self.writer.write("close_draft", move |tx| drafts::close(tx, (of, &agent, kind), &window)).await
    }

    async fn be_present(
        &self,
        agent: String,
        window: DraftWindow,
        of: Option<ConversationId>,
        now: Time,
    ) -> Result<(), StoreError> {
        self.writer
            .write("be_present", move |tx| {
                presence::note(tx, &agent, &window, of.map(|it| it.0), to_millis(now))
            })
            .await
    }

    async fn save_session(&self, agent: String, session: Value) -> Result<(), StoreError> {
        self.writer
            .write("save_session", move |tx| {
                tx.db.execute(
                    "INSERT INTO session VALUES (?1, ?2) ON CONFLICT DO UPDATE SET session = excluded.session \
                     WHERE session <> excluded.session",
                    params![agent, to_json(&session)],
                )?;
                Ok(())
            })
            .await
    }

    async fn count_canned(&self, channel: ChannelName, name: String, lang: String) -> Result<(), StoreError> {
        self.writer
            .write("count_canned", move |tx| {
                tx.db.execute(
                    "INSERT INTO canned_use VALUES (?1, ?2, ?3, 1) ON CONFLICT DO UPDATE SET uses = uses + 1",
                    params![channel.0, name, lang],
                )?;
                Ok(())
            })
            .await
    }

    async fn add_file(&self, from: PathBuf, max_bytes: u64) -> Result<StoredFile, StoreError> {
        let (folder, modes) = (self.writer.house().attachments.clone(), self.modes);
        tokio::task::spawn_blocking(move || files::add(&folder, modes, &from, max_bytes))
            .await
            .map_err(|_| StoreError::Closed)?
    }

    async fn import(
        &self,
        channel: ChannelName,
        conversations: Vec<Imported>,
        now: Time,
    ) -> Result<(), StoreError> {
        self.writer
            .write("import", move |tx| import::import(tx, &channel.0, &conversations, to_millis(now)))
            .await
    }

    async fn erase_customer(
        &self,
        id: ConversationId,
        agent: String,
        only_look: bool,
        now: Time,
    ) -> Answer<Erased> {
        let now = to_millis(now);
        let found =
            self.writer.write("erase", move |tx| erase::erase(tx, id.0, &agent, only_look, now)).await?;
        match found {
            Ok(found) => {
                if !only_look {
                    self.sweep(found.files).await?;
                }
                Ok(Ok(found.erased))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    fn copies(&self) -> Vec<PathBuf> {
        self.copies()
    }

    async fn handled(&self, id: ConversationId, agent: String, ms: i64, now: Time) -> Result<(), StoreError> {
        let now = to_millis(now);
        let facts = details([("ms", ms.into())]);
        self.writer
            .write("handled", move |tx| log(tx.db, now, Some(id.0), Some(&agent), "handled", &facts))
            .await
    }

    async fn ring(&self) -> Result<(), StoreError> {
        self.writer
            .write("ring", |tx| {
                tx.db.execute("UPDATE bell SET rung = rung + 1", [])?;
                tx.rings();
                Ok(())
            })
            .await
    }
}

/// A row that a person may settle: in the outbox, and not on its way.
fn settleable(tx: &actor::Tx<'_>, n: i64) -> Answered<outbox::Row> {
    let Some(row) = outbox::row(tx.db, n)? else { return Ok(Err(Refusal::Unknown)) };
    Ok(match row.state {
        None => Err(Refusal::TooLate(None)),
        Some(RowState::Sending) => Err(Refusal::TooLate(Some(RowState::Sending))),
        Some(_) => Ok(row),
    })
}

/// Takes a row out of the outbox: what waited for it goes too, the conversation is as it was before.
fn withdraw(
    tx: &actor::Tx<'_>,
    row: &outbox::Row,
    what: &str,
    agent: &str,
    undo: bool,
    now: i64,
) -> rusqlite::Result<()> {
    let db = tx.db;
    if row.message.is_some() {
        outbox::release_followers(db, row, "the message before it was not sent")?;
    } else {
        db.execute("UPDATE outbox SET after_row = NULL WHERE after_row = ?1 AND state <> 'sent'", [row.n])?;
    }
    outbox::remove(db, row)?;
    if row.message.is_some() {
        let undone = undo && matches!(row.state, Some(RowState::Held | RowState::Later | RowState::Queued));
        if undone {
            if let Some(before) = row.status_before {
                let now_is: String =
                    db.query_row("SELECT status FROM conversation WHERE id = ?1", [row.conversation], |r| {
                        r.get(0)
                    })?;
                if row.status_with.is_some_and(|with| with.as_str() == now_is) {
                    outbox::set_status(db, row.conversation, before, Some(agent), now)?;
                    log_move(db, row.conversation, &now_is, before, "taken back", agent, now)?;
                }
            }
            if row.assigned {
                let freed = db.execute(
                    "UPDATE conversation SET assignee = NULL WHERE id = ?1 AND assignee = ?2",
                    params![row.conversation, row.author],
                )?;
                if freed > 0 {
                    let facts = details([("to", Value::Null), ("why", "taken back".into())]);
                    log(db, now, Some(row.conversation), Some(agent), "assign", &facts)?;
                }
            }
        } else {
            outbox::open_again(db, row, now)?;
        }
        promises::unmade(db, row, Some(agent), now)?;
    }
    let facts = details([("row", row.n.into()), ("action", row.word.clone().into())]);
    log(db, now, Some(row.conversation), Some(agent), what, &facts)?;
    if drop_if_empty(tx, row.conversation, now)? {
        tx.rings();
        return Ok(());
    }
    conversations::finish(tx, row.conversation, &Touch::default(), now)
}

/// The text of a row becomes a draft again; what stood in the draft follows it.
fn take_back(tx: &actor::Tx<'_>, n: i64, agent: &str, now: i64) -> Answered<Option<Draft>> {
    let row = match settleable(tx, n)? {
        Ok(row) => row,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if row.state == Some(RowState::Uncertain) {
        return Ok(Err(Refusal::NotNow(
            "nobody knows whether the vendor has it: look there first, then mark it as sent or send it again"
                .into(),
        )));
    }
    let Some(outgoing) = row.action.as_ref().and_then(Action::outgoing).cloned() else {
        withdraw(tx, &row, "take back", agent, true, now)?;
        return Ok(Ok(None));
    };
    // A create that never left ends with its conversation: it becomes the draft of a new one.
    let begins = matches!(row.action, Some(Action::Create(_)));
    let Outgoing { text, file, quote, template, products, .. } = outgoing;
    // A template's text is its vendor's: what comes back is the template, with its values.
    let text = if template.is_some() { String::new() } else { text };
    let kept = template.is_some() || !products.is_empty();
    let mut files: Vec<StoredFile> = file.into_iter().collect();
    let mut text = text;
    // One text with many files went out as many messages: it comes back as one, with all of them.
    for follower in unsent_followers(tx.db, &row)? {
        if let Some(Outgoing { text: words, file, .. }) = follower.action.as_ref().and_then(Action::outgoing)
        {
            let names =
                file.as_ref().is_some_and(|file| words.starts_with('(') && words.ends_with(&file.name));
            if !names && !words.is_empty() {
                text = if text.is_empty() { words.clone() } else { format!("{text}\n\n{words}") };
            }
            files.extend(file.clone());
        }
        // What waited for it waits for the first, and goes with that.
        tx.db.execute(
            "UPDATE outbox SET after_row = ?1 WHERE after_row = ?2 AND state <> 'sent'",
            params![row.n, follower.n],
        )?;
        outbox::remove(tx.db, &follower)?;
        let facts = details([("row", follower.n.into()), ("action", follower.word.clone().into())]);
        log(tx.db, now, Some(row.conversation), Some(agent), "take back", &facts)?;
    }
    withdraw(tx, &row, "take back", agent, true, now)?;
    let stays = commit::number_of(tx.db, row.conversation)?.is_some();
    let of = if begins || !stays { 0 } else { row.conversation };
    let old = reading::draft(tx.db, of, agent, DraftKind::Reply)?;
    let mut draft = Draft {
        conversation: (of != 0).then_some(ConversationId(of)),
        agent: agent.to_owned(),
        kind: DraftKind::Reply,
        cursor: (
            text.lines().count().saturating_sub(1),
            text.lines().last().map_or(0, |it| it.chars().count()),
        ),
        body: text,
        files,
        quote: quote.filter(|_| of != 0),
        form: match (begins, kept) {
            (_, true) => {
                serde_json::json!({ "template": template, "products": products, "fields": form(&row) })
            }
            (true, false) => form(&row),
            (false, false) => Value::Null,
        },
        saved_at: from_millis(now),
    };
    if let Some(old) = old {
        if draft.body.is_empty() {
            draft.body = old.body;
        } else if !old.body.is_empty() {
            draft.body = format!("{}\n\n{}", draft.body, old.body);
        }
        draft.files.extend(old.files);
    }
    drafts::keep_stored(tx.db, (of, agent, DraftKind::Reply))?;
    drafts::save(tx, &draft)?;
    tx.rings();
    Ok(Ok(Some(draft)))
}

/// The messages of the same send that wait for a row which has not left.
fn unsent_followers(db: &Connection, row: &outbox::Row) -> rusqlite::Result<Vec<outbox::Row>> {
    let waits = |row: &outbox::Row| {
        matches!(row.state, Some(RowState::Held | RowState::Later | RowState::Queued))
            && row.message.is_some()
    };
    let mut all = Vec::new();
    if !waits(row) {
        return Ok(all);
    }
    let mut at = row.n;
    while let Some(next) = outbox::followers(db, at)?.into_iter().find(|it| waits(it)) {
        at = next.n;
        all.push(next);
    }
    Ok(all)
}

fn form(row: &outbox::Row) -> Value {
    match &row.action {
        Some(Action::Create(new)) => serde_json::to_value(new).unwrap_or_default(),
        _ => Value::Null,
    }
}

/// A conversation that was begun here, that its vendor has never heard of, and of which nothing is left to be sent goes
/// out of the lists. Its log stays, with the notes in it; what an agent was writing there becomes the draft of a new one.
fn drop_if_empty(tx: &actor::Tx<'_>, id: i64, now: i64) -> rusqlite::Result<bool> {
    let db = tx.db;
    let empty: bool = db
        .query_row(
            "SELECT NOT EXISTS (SELECT 1 FROM message WHERE conversation = ?1 AND direction <> 'note') \
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE conversation = ?1 AND state <> 'sent') \
             FROM conversation WHERE id = ?1 AND remote_id IS NULL AND kind <> 'import'",
            [id],
            |r| r.get(0),
        )
        .optional()?
        .unwrap_or(false);
    if !empty {
        return Ok(false);
    }
    let notes = db
        .prepare_cached("SELECT id, body, account FROM message WHERE conversation = ?1 ORDER BY id")?
        .query_map([id], |r| {
            Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, Option<String>>(2)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (note, text, by) in notes {
        let facts = details([("message", note.into()), ("before", text.into()), ("by", by.into())]);
        log(db, now, Some(id), None, "removed", &facts)?;
    }
    db.execute(
        "UPDATE draft SET body = body || char(10) || char(10) || (SELECT g.body FROM draft g WHERE g.conversation = ?1 \
         AND g.agent = draft.agent AND g.kind = 'reply') WHERE conversation = 0 AND kind = 'reply' AND EXISTS \
         (SELECT 1 FROM draft g WHERE g.conversation = ?1 AND g.agent = draft.agent AND g.kind = 'reply')",
        [id],
    )?;
    db.execute(
        "UPDATE OR IGNORE draft SET conversation = 0 WHERE conversation = ?1 AND kind = 'reply'",
        [id],
    )?;
    db.execute("UPDATE draft_version SET conversation = 0 WHERE conversation = ?1", [id])?;
    for table in ["message", "outbox", "number", "label", "cursor", "draft", "alias"] {
        db.execute(&format!("DELETE FROM {table} WHERE conversation = ?1"), [id])?;
    }
    db.execute("DELETE FROM conversation WHERE id = ?1", [id])?;
    Ok(true)
}

fn retry(tx: &actor::Tx<'_>, n: i64, agent: &str, now: i64) -> Answered<()> {
    let row = match settleable(tx, n)? {
        Ok(row) => row,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let db = tx.db;
    let was_stopped = row.state.is_some_and(RowState::needs_a_person);
    outbox::set_state(db, &row, RowState::Queued, None, None)?;
    // The agent has looked: age and what came since hold it back no longer; the gate still does.
    db.execute(
        "UPDATE outbox SET not_before = NULL, hold_end = NULL, guarded = 0, look_at = NULL, sent_at = NULL WHERE n = ?1",
        [n],
    )?;
    let facts = details([("row", n.into()), ("action", row.word.clone().into())]);
    log(db, now, Some(row.conversation), Some(agent), "retry", &facts)?;
    if was_stopped && row.message.is_some() {
        promises::made_now(db, &row, now)?;
    }
    if was_stopped
        && row.message.is_some()
        && let Some(status) = row.status_with
    {
        let wrote_since: bool = db
            .query_row(
                "SELECT 1 FROM message WHERE conversation = ?1 AND direction = 'inbound' AND id > ?2 \
                 AND kind NOT IN ('system', 'reaction') AND role <> 'system' LIMIT 1",
                params![row.conversation, row.message],
                |_| Ok(true),
            )
            .optional()?
            .unwrap_or(false);
        if !wrote_since {
            let was: String =
                db.query_row("SELECT status FROM conversation WHERE id = ?1", [row.conversation], |r| {
                    r.get(0)
                })?;
            outbox::set_status(db, row.conversation, status, Some(agent), now)?;
            log_move(db, row.conversation, &was, status, "sent again", agent, now)?;
        }
    }
    conversations::finish(tx, row.conversation, &Touch::default(), now)?;
    Ok(Ok(()))
}

/// The log says every move of the status: figures are made of it.
fn log_move(
    db: &rusqlite::Connection,
    id: i64,
    from: &str,
    to: Status,
    why: &str,
    agent: &str,
    now: i64,
) -> rusqlite::Result<()> {
    if from == to.as_str() {
        return Ok(());
    }
    let facts = details([("from", from.into()), ("to", to.as_str().into()), ("why", why.into())]);
    log(db, now, Some(id), Some(agent), "state", &facts)
}
