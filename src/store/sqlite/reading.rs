//! What screens and commands ask.

use std::path::PathBuf;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Result, named_params, params};
use serde_json::Value;

use super::{
    SqliteStore, apply, commit, drafts, files, ledger, presence, query, rows,
    rows::{Columns, from_json},
};
use crate::{
    domain::{
        ChannelHealth, ChannelName, Conversation, ConversationId, Draft, DraftKind, Message, MessageId,
        OutboxRow, RowNumber, Time,
        attachment::StoredFile,
        outbox::{Event, Happened, LogPlace},
        presence::Present,
        query::Query,
        report::{Policies, Track},
        time::{from_millis, to_millis},
    },
    store::{Count, ListRequest, NEXT_POLL, Reading, SCANS, StoreError},
};

#[async_trait]
impl Reading for SqliteStore {
    async fn list(&self, request: ListRequest) -> Result<Vec<Conversation>, StoreError> {
        self.writer.house().told(to_millis(request.now));
        let reader = if request.query.has_words() { self.searcher()? } else { &self.reader };
        reader.read(move |db| query::list(db, &request)).await
    }

    async fn counts(&self, queries: Vec<Query>, me: String, now: Time) -> Result<Vec<Count>, StoreError> {
        let searches = queries.iter().any(Query::has_words);
        let reader = if searches { self.searcher()? } else { &self.reader };
        reader.read(move |db| queries.iter().map(|query| query::count(db, query, &me, now)).collect()).await
    }

    async fn conversation(
        &self,
        id: ConversationId,
        me: String,
        _now: Time,
    ) -> Result<Option<Conversation>, StoreError> {
        self.reader
            .read(move |db| {
                let Some(id) = commit::number_of(db, id.0)? else { return Ok(None) };
                db.prepare_cached(&format!(
                    "SELECT {} FROM conversation c {} WHERE c.id = :id",
                    rows::CONVERSATION,
                    rows::CURSOR
                ))?
                .query_row(named_params! {":id": id, ":me": me}, rows::conversation)
                .optional()
            })
            .await
    }

    async fn find(
        &self,
        channel: ChannelName,
        remote_id: String,
    ) -> Result<Option<ConversationId>, StoreError> {
        self.reader.read(move |db| Ok(apply::find(db, &channel.0, &remote_id)?.map(ConversationId))).await
    }

    async fn thread(
        &self,
        id: ConversationId,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let folder = self.writer.house().attachments.clone();
        self.reader
            .read(move |db| {
                let mut thread = thread(db, id.0, before.map(|it| it.0), limit)?;
                come_so_far(&folder, &mut thread);
                Ok(thread)
            })
            .await
    }

    async fn history(&self, id: ConversationId) -> Result<Vec<Event>, StoreError> {
        self.reader
            .read(move |db| {
                let Some(id) = commit::number_of(db, id.0)? else { return Ok(Vec::new()) };
                db.prepare_cached(
                    "SELECT seq, at, actor, what, details FROM event WHERE conversation = ?1 ORDER BY at, seq",
                )?
                .query_map([id], |r| {
                    Ok(Event {
                        seq: r.get(0)?,
                        at: from_millis(r.get(1)?),
                        actor: r.get(2)?,
                        what: r.get(3)?,
                        details: from_json(&r.get::<_, String>(4)?),
                    })
                })?
                .collect()
            })
            .await
    }

    async fn outbox(&self, of: Option<ConversationId>) -> Result<Vec<OutboxRow>, StoreError> {
        self.reader
            .read(move |db| {
                let of = match of {
                    Some(id) => Some(commit::number_of(db, id.0)?.unwrap_or(id.0)),
                    None => None,
                };
                let (condition, bound) = match &of {
                    Some(id) => ("AND o.conversation = ?1", vec![id]),
                    None => ("", Vec::new()),
                };
                db.prepare_cached(&format!(
                    "SELECT {} FROM outbox o WHERE o.state <> 'sent' {condition} ORDER BY o.n",
                    rows::OUTBOX
                ))?
                .query_map(rusqlite::params_from_iter(bound), rows::outbox)?
                .collect()
            })
            .await
    }

    async fn row(&self, n: RowNumber) -> Result<Option<OutboxRow>, StoreError> {
        self.reader
            .read(move |db| {
                db.prepare_cached(&format!(
                    "SELECT {} FROM outbox o WHERE o.n = ?1 AND o.state <> 'sent'",
                    rows::OUTBOX
                ))?
                .query_row([n.0], rows::outbox)
                .optional()
            })
            .await
    }

    async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let folder = self.writer.house().attachments.clone();
        self.reader
            .read(move |db| {
                let found = db
                    .prepare_cached(&format!("SELECT {} FROM message m WHERE m.id = ?1", rows::MESSAGE))?
                    .query_row([id.0], rows::message)
                    .optional()?;
                let mut found: Vec<Message> = found.into_iter().collect();
                rows::complete(db, &mut found)?;
                come_so_far(&folder, &mut found);
                Ok(found.pop())
            })
            .await
    }

    async fn draft(
        &self,
        of: Option<ConversationId>,
        agent: String,
        kind: DraftKind,
    ) -> Result<Option<Draft>, StoreError> {
        self.reader.read(move |db| draft(db, of.map_or(0, |it| it.0), &agent, kind)).await
    }

    async fn drafts(&self, agent: String) -> Result<Vec<Draft>, StoreError> {
        self.reader
            .read(move |db| {
                db.prepare_cached(&format!(
                    "SELECT {DRAFT} FROM draft WHERE agent = ?1 ORDER BY saved_at DESC"
                ))?
                .query_map([agent], read_draft)?
                .collect()
            })
            .await
    }

    async fn draft_versions(
        &self,
        of: Option<ConversationId>,
        agent: String,
        kind: DraftKind,
    ) -> Result<Vec<Draft>, StoreError> {
        self.reader.read(move |db| drafts::versions(db, (of.map_or(0, |it| it.0), &agent, kind))).await
    }

    async fn present(
        &self,
        id: ConversationId,
        window: String,
        now: Time,
    ) -> Result<Vec<Present>, StoreError> {
        self.reader.read(move |db| presence::others(db, id.0, &window, to_millis(now))).await
    }

    async fn check(&self) -> Result<Vec<String>, StoreError> {
        let found: Vec<String> = self
            .searcher()?
            .read(|db| db.prepare("PRAGMA integrity_check(5)")?.query_map([], |r| r.get(0))?.collect())
            .await?;
        if found == ["ok"] {
            return Ok(Vec::new());
        }
        self.writer.house().note_damage();
        Ok(found)
    }

    async fn health(&self) -> Result<Vec<ChannelHealth>, StoreError> {
        let now = self.now();
        self.reader
            .read(move |db| {
                db.prepare_cached(
                    "SELECT c.name, c.short, h.ok_at, h.failing_since, h.trouble, h.error, \
                     iif(l.until > ?1, l.holder, NULL), h.last_webhook, \
                     (SELECT json_array(e.at, json_extract(e.details, '$.text')) FROM event e \
                      WHERE e.conversation IS NULL AND e.channel = c.name AND e.what = 'account' \
                      ORDER BY e.seq DESC LIMIT 1), \
                     max(ifnull(h.ok_at, 0), ifnull(l.up_since, 0), ifnull((SELECT max(m.value + 0) FROM memory m \
                      WHERE m.channel = c.name AND m.key IN (?2, ?3)), 0)) FROM channel c \
                     LEFT JOIN health h ON h.channel = c.name LEFT JOIN lease l ON l.channel = c.name \
                     WHERE c.kind <> 'import' ORDER BY c.name",
                )?
                .query_map(params![now, NEXT_POLL, SCANS], |r| {
                    let time = |i| Ok::<_, rusqlite::Error>(r.get::<_, Option<i64>>(i)?.map(from_millis));
                    Ok(ChannelHealth {
                        channel: ChannelName(r.get(0)?),
                        short: r.get(1)?,
                        ok_at: time(2)?,
                        failing_since: time(3)?,
                        trouble: r.get(4)?,
                        error: r.get(5)?,
                        engine: r.get(6)?,
                        last_webhook: time(7)?,
                        poll_due: time(9)?.filter(|at| to_millis(*at) > 0),
                        notice: r
                            .get::<_, Option<String>>(8)?
                            .map(|it| from_json::<(i64, String)>(&it))
                            .filter(|(_, text)| !text.is_empty())
                            .map(|(at, text)| (from_millis(at), text)),
                    })
                })?
                .collect()
            })
            .await
    }

    async fn imported_channels(&self) -> Result<Vec<ChannelName>, StoreError> {
        self.reader
            .read(|db| {
                db.prepare_cached("SELECT name FROM channel WHERE kind = 'import' ORDER BY name")?
                    .query_map([], |r| Ok(ChannelName(r.get(0)?)))?
                    .collect()
            })
            .await
    }

    async fn session(&self, agent: String) -> Result<Option<Value>, StoreError> {
        self.reader
            .read(move |db| {
                Ok(db
                    .prepare_cached("SELECT session FROM session WHERE agent = ?1")?
                    .query_row([agent], |r| r.get::<_, String>(0))
                    .optional()?
                    .map(|text| from_json(&text)))
            })
            .await
    }

    async fn members(&self) -> Result<Vec<String>, StoreError> {
        self.reader
            .read(|db| {
                db.prepare_cached("SELECT login FROM member ORDER BY login")?
                    .query_map([], |r| r.get(0))?
                    .collect()
            })
            .await
    }

    async fn hits(
        &self,
        query: Query,
        of: Vec<ConversationId>,
    ) -> Result<Vec<(ConversationId, String)>, StoreError> {
        self.searcher()?.read(move |db| query::hits(db, &query, &of)).await
    }

    async fn canned_uses(&self, channel: ChannelName) -> Result<Vec<(String, String, u64)>, StoreError> {
        self.reader
            .read(move |db| {
                db.prepare_cached("SELECT name, lang, uses FROM canned_use WHERE channel = ?1")?
                    .query_map([&channel.0], |r| {
                        Ok((r.get(0)?, r.get(1)?, r.get::<_, i64>(2)?.unsigned_abs()))
                    })?
                    .collect()
            })
            .await
    }

    fn file_path(&self, sha256: &str) -> PathBuf {
        files::path_of(&self.writer.house().attachments, sha256)
    }

    async fn attachment_file(&self, message: MessageId, n: u32) -> Result<Option<StoredFile>, StoreError> {
        let folder = self.writer.house().attachments.clone();
        self.reader
            .read(move |db| {
                db.prepare_cached(
                    "SELECT sha256, name, mime, size FROM attachment WHERE message = ?1 AND n = ?2 \
                     AND state IN ('stored', 'uploading', 'uploaded') AND sha256 IS NOT NULL",
                )?
                .query_row(params![message.0, n], |r| {
                    let sha256: String = r.get(0)?;
                    let mime =
                        r.get::<_, Option<String>>(2)?.unwrap_or_else(|| "application/octet-stream".into());
                    Ok(StoredFile {
                        name: files::name(r.get(1)?, &mime, &files::path_of(&folder, &sha256)),
                        sha256,
                        mime,
                        size: r.get::<_, Option<i64>>(3)?.and_then(|it| it.try_into().ok()).unwrap_or(0),
                    })
                })
                .optional()
            })
            .await
    }

    async fn tracks(&self, after: ConversationId, limit: usize) -> Result<Vec<Track>, StoreError> {
        // As slow as a search, and as little in the list's way.
        self.searcher()?.read(move |db| ledger::tracks(db, after.0, limit)).await
    }

    async fn log_end(&self) -> Result<LogPlace, StoreError> {
        self.reader.read(ledger::end).await
    }

    async fn happened(&self, after: LogPlace, limit: usize) -> Result<(Vec<Happened>, LogPlace), StoreError> {
        self.reader.read(move |db| ledger::happened(db, after, limit)).await
    }

    async fn policies(&self) -> Result<Policies, StoreError> {
        self.reader.read(ledger::policies).await
    }

    async fn changed(&self, seen: u64) -> u64 {
        let mut mark = self.mark.clone();
        // The sender lives as long as the store, which we borrow.
        let found = mark.wait_for(|mark| *mark > seen).await.map(|mark| *mark);
        match found {
            Ok(mark) => mark,
            Err(_) => std::future::pending().await,
        }
    }
}

/// How much has come of the files that are being fetched, or has left of those that go: as large as their parts are.
fn come_so_far(folder: &std::path::Path, messages: &mut [Message]) {
    for message in messages {
        let of = message.id.0;
        for file in message.attachments.iter_mut().filter(|it| it.state.is_on_its_way()) {
            file.fetched = std::fs::metadata(files::part(folder, of, file.n)).ok().map(|it| it.len());
        }
    }
}

fn thread(db: &Connection, id: i64, before: Option<i64>, limit: usize) -> Result<Vec<Message>> {
    let Some(id) = commit::number_of(db, id)? else { return Ok(Vec::new()) };
    let place: Option<(i64, i64)> = match before {
        Some(message) => db
            .query_row("SELECT at, id FROM message WHERE id = ?1", [message], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?,
        None => None,
    };
    let (at, before) = place.unwrap_or((i64::MAX, i64::MAX));
    let mut messages = db
        .prepare_cached(&thread_statement())?
        .query_map(params![id, at, before, i64::try_from(limit).unwrap_or(i64::MAX)], rows::message)?
        .collect::<Result<Vec<_>>>()?;
    messages.reverse();
    rows::complete(db, &mut messages)?;
    Ok(messages)
}

/// The newest messages of a conversation before one of them.
pub(super) fn thread_statement() -> String {
    format!(
        "SELECT {} FROM message m WHERE m.conversation = ?1 AND (m.at, m.id) < (?2, ?3) \
         ORDER BY m.at DESC, m.id DESC LIMIT ?4",
        rows::MESSAGE
    )
}

const DRAFT: &str = "conversation, agent, kind, body, line, column_, files, quote, form, saved_at";

/// The draft of an agent; `of` 0: of a new conversation.
pub(super) fn draft(db: &Connection, of: i64, agent: &str, kind: DraftKind) -> Result<Option<Draft>> {
    db.prepare_cached(&format!(
        "SELECT {DRAFT} FROM draft WHERE conversation = ?1 AND agent = ?2 AND kind = ?3"
    ))?
    .query_row(params![of, agent, kind.as_str()], read_draft)
    .optional()
}

fn read_draft(row: &rusqlite::Row<'_>) -> Result<Draft> {
    let mut c = Columns::of(row);
    let place = |n: i64| usize::try_from(n).unwrap_or(0);
    Ok(Draft {
        conversation: Some(c.next::<i64>()?).filter(|id| *id != 0).map(ConversationId),
        agent: c.next()?,
        kind: DraftKind::parse(&c.next::<String>()?),
        body: c.next()?,
        cursor: (place(c.next()?), place(c.next()?)),
        files: from_json(&c.next::<String>()?),
        quote: c.next::<Option<i64>>()?.map(MessageId),
        form: from_json(&c.next::<String>()?),
        saved_at: from_millis(c.next()?),
    })
}
