//! What the sync engine does.

use std::path::PathBuf;

use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::{
    SqliteStore,
    actor::Tx,
    apply,
    conversations::{self, Touch, log},
    files, queue,
    rows::{details, from_json, to_json},
    settle, tend, uploads,
};
use crate::{
    domain::{
        ChannelName, MessageId, RowNumber, Time,
        change::Page,
        time::{from_millis, to_millis},
    },
    store::{Applied, Claimed, Desk, EngineSide, Lease, PendingDownload, RawWebhook, Settlement, StoreError},
};

#[async_trait]
impl EngineSide for SqliteStore {
    async fn apply(&self, channel: ChannelName, page: Page, now: Time) -> Result<Applied, StoreError> {
        let much = page.changes.len() >= apply::MANY;
        let work = move |tx: &Tx<'_>| apply::page(tx, &channel.0, &page, to_millis(now));
        if much {
            self.writer.write_much("apply", work).await
        } else {
            self.writer.write("apply", work).await
        }
    }

    async fn note(&self, channel: ChannelName, key: String) -> Result<Option<Value>, StoreError> {
        self.reader
            .read(move |db| {
                Ok(db
                    .prepare_cached("SELECT value FROM memory WHERE channel = ?1 AND key = ?2")?
                    .query_row(params![channel.0, key], |r| r.get::<_, String>(0))
                    .optional()?
                    .map(|text| from_json(&text)))
            })
            .await
    }

    async fn open_conversations(&self, channel: ChannelName) -> Result<Vec<String>, StoreError> {
        self.reader
            .read(move |db| {
                db.prepare_cached(
                    "SELECT remote_id FROM conversation WHERE channel = ?1 AND remote_id IS NOT NULL \
                     AND status NOT IN ('resolved', 'closed') ORDER BY id",
                )?
                .query_map([channel.0], |r| r.get(0))?
                .collect()
            })
            .await
    }

    async fn knows(&self, channel: ChannelName, remote_id: String) -> Result<bool, StoreError> {
        self.reader
            .read(move |db| {
                let Some(id) = apply::find(db, &channel.0, &remote_id)? else { return Ok(false) };
                db.query_row("SELECT named FROM conversation WHERE id = ?1", [id], |r| r.get(0))
            })
            .await
    }

    async fn lead(
        &self,
        channel: ChannelName,
        holder: String,
        service: bool,
        until: Time,
        now: Time,
    ) -> Result<Option<Lease>, StoreError> {
        let (until, now) = (to_millis(until), to_millis(now));
        self.writer.house().told(now);
        let folder = self.writer.house().attachments.clone();
        self.writer
            .write("lead", move |tx| {
                let old = tx
                    .db
                    .prepare_cached(
                        "SELECT holder, service, epoch, until, up_since FROM lease WHERE channel = ?1",
                    )?
                    .query_row([&channel.0], |r| {
                        Ok((
                            r.get::<_, String>(0)?,
                            r.get::<_, bool>(1)?,
                            r.get::<_, i64>(2)?,
                            r.get::<_, i64>(3)?,
                            r.get::<_, i64>(4)?,
                        ))
                    })
                    .optional()?;
                let (epoch, up_since, same) = match old {
                    None => (1, now, false),
                    Some((led_by, led_by_service, epoch, led_until, up_since)) => {
                        let alive = led_until > now;
                        let same = led_by == holder;
                        if alive && !same && (!service || led_by_service) {
                            return Ok(None);
                        }
                        let renews = alive && same;
                        (if renews { epoch } else { epoch + 1 }, if alive { up_since } else { now }, renews)
                    }
                };
                tx.db
                    .prepare_cached("INSERT OR REPLACE INTO lease VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                    .execute(params![channel.0, holder, service, epoch, until, up_since])?;
                // A renewal is nobody's news.
                if !same {
                    uploads::wait_again(tx.db, &folder, &channel.0)?;
                    tx.rings();
                }
                Ok(Some(Lease { channel, epoch }))
            })
            .await
    }

    async fn yield_lead(&self, lease: Lease) -> Result<(), StoreError> {
        self.writer
            .write("yield_lead", move |tx| {
                let given = tx.db.execute(
                    "UPDATE lease SET until = 0 WHERE channel = ?1 AND epoch = ?2",
                    params![lease.channel.0, lease.epoch],
                )?;
                if given > 0 {
                    tx.rings();
                }
                Ok(())
            })
            .await
    }

    async fn note_health(
        &self,
        channel: ChannelName,
        trouble: Option<(String, String)>,
        now: Time,
    ) -> Result<(), StoreError> {
        let now = to_millis(now);
        self.writer.house().told(now);
        self.writer
            .write("note_health", move |tx| {
                let (word, words) = trouble.unzip();
                let before = tx
                    .db
                    .prepare_cached("SELECT trouble, ok_at FROM health WHERE channel = ?1")?
                    .query_row([&channel.0], |r| {
                        Ok((r.get::<_, Option<String>>(0)?, r.get::<_, Option<i64>>(1)?))
                    })
                    .optional()?;
                tx.db
                    .prepare_cached(
                        "INSERT INTO health (channel, ok_at, failing_since, trouble, error) \
                         VALUES (?1, iif(?2 IS NULL, ?4, NULL), iif(?2 IS NULL, NULL, ?4), ?2, ?3) \
                         ON CONFLICT DO UPDATE SET ok_at = ifnull(excluded.ok_at, ok_at), \
                         failing_since = iif(excluded.trouble IS NULL, NULL, ifnull(failing_since, excluded.failing_since)), \
                         trouble = excluded.trouble, error = excluded.error",
                    )?
                    .execute(params![channel.0, word, words, now])?;
                if before.as_ref().is_none_or(|(trouble, _)| *trouble != word) {
                    tx.rings();
                }
                Ok(())
            })
            .await
    }

    async fn claim(&self, lease: Lease, now: Time) -> Result<Option<Claimed>, StoreError> {
        let folder = self.writer.house().attachments.clone();
        let now = to_millis(now);
        self.writer.write("claim", move |tx| settle::claim(tx, &lease, &folder, now)).await
    }

    async fn uploaded(&self, lease: Lease, n: RowNumber, upload: String) -> Result<(), StoreError> {
        self.writer
            .write("uploaded", move |tx| {
                let noted = settle::leads(tx.db, &lease, None)?
                    && tx.db.execute(
                        "UPDATE outbox SET upload = ?2 WHERE n = ?1 AND channel = ?3",
                        params![n.0, upload, lease.channel.0],
                    )? > 0;
                if !noted {
                    uploads::nobodys(tx.db, &lease.channel.0, &upload)?;
                }
                Ok(())
            })
            .await
    }

    async fn uploading(&self, lease: Lease, n: RowNumber, left: Option<u64>) -> Result<(), StoreError> {
        let (folder, modes) = (self.writer.house().attachments.clone(), self.modes);
        self.writer
            .write("uploading", move |tx| {
                if settle::leads(tx.db, &lease, None)? {
                    uploads::on_its_way(tx.db, (&folder, modes), n.0, left)?;
                    tx.rings();
                }
                Ok(())
            })
            .await
    }

    async fn unsent_uploads(&self, channel: ChannelName, limit: usize) -> Result<Vec<String>, StoreError> {
        self.reader.read(move |db| uploads::unsent(db, &channel.0, limit)).await
    }

    async fn upload_asked(&self, channel: ChannelName, upload: String, gone: bool) -> Result<(), StoreError> {
        self.writer.write("upload_asked", move |tx| uploads::asked(tx.db, &channel.0, &upload, gone)).await
    }

    async fn unreported(
        &self,
        channel: ChannelName,
        from: Time,
        to: Time,
        limit: usize,
    ) -> Result<Vec<(String, Time)>, StoreError> {
        self.searcher()?
            .read(move |db| {
                // Only what was touched since then is walked through, not all that the channel ever said.
                db.prepare_cached(
                    "SELECT m.key, m.at FROM conversation c INDEXED BY conversation_updated \
                     CROSS JOIN message m ON m.conversation = c.id AND m.at BETWEEN ?2 AND ?3 \
                     WHERE c.updated_at >= ?2 AND c.channel = ?1 AND m.channel = ?1 AND m.direction = 'outbound' \
                     AND m.delivery = 'sent' AND m.account IS NOT NULL AND m.key IS NOT NULL \
                     ORDER BY m.at DESC LIMIT ?4",
                )?
                .query_map(
                    params![
                        channel.0,
                        to_millis(from),
                        to_millis(to),
                        i64::try_from(limit).unwrap_or(i64::MAX)
                    ],
                    |r| Ok((r.get(0)?, from_millis(r.get(1)?))),
                )?
                .collect()
            })
            .await
    }

    async fn begin(
        &self,
        lease: Lease,
        n: RowNumber,
        evidence: Value,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.writer.write("begin", move |tx| settle::begin(tx, &lease, n.0, &evidence, to_millis(now))).await
    }

    async fn settle(
        &self,
        lease: Lease,
        n: RowNumber,
        how: Settlement,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.writer.write("settle", move |tx| settle::settle(tx, &lease, n.0, how, to_millis(now))).await
    }

    async fn adopt(&self, lease: Lease, now: Time) -> Result<usize, StoreError> {
        self.writer.write("adopt", move |tx| settle::adopt(tx, &lease, to_millis(now))).await
    }

    async fn release_locked_out(&self, lease: Lease, now: Time) -> Result<usize, StoreError> {
        self.writer
            .write("release_locked_out", move |tx| settle::release_locked_out(tx, &lease, to_millis(now)))
            .await
    }

    async fn claim_look(&self, lease: Lease, now: Time) -> Result<Option<Claimed>, StoreError> {
        let folder = self.writer.house().attachments.clone();
        self.writer
            .write("claim_look", move |tx| settle::claim_look(tx, &lease, &folder, to_millis(now)))
            .await
    }

    async fn next_due(&self, channel: ChannelName) -> Result<Option<Time>, StoreError> {
        self.reader.read(move |db| Ok(queue::next_due(db, &channel.0)?.map(from_millis))).await
    }

    async fn put_webhook(
        &self,
        path: String,
        channels: Vec<ChannelName>,
        body: Vec<u8>,
        now: Time,
    ) -> Result<i64, StoreError> {
        let now = to_millis(now);
        self.writer
            .write("put_webhook", move |tx| {
                tx.db
                    .prepare_cached(
                        "INSERT INTO webhook (path, channels, body, received_at) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![path, to_json(&channels), body, now])?;
                let n = tx.db.last_insert_rowid();
                for channel in &channels {
                    tx.db
                        .prepare_cached(
                            "INSERT INTO health (channel, last_webhook) VALUES (?1, ?2) \
                             ON CONFLICT DO UPDATE SET last_webhook = excluded.last_webhook",
                        )?
                        .execute(params![channel.0, now])?;
                }
                tx.rings();
                Ok(n)
            })
            .await
    }

    async fn next_webhook(&self) -> Result<Option<RawWebhook>, StoreError> {
        Ok(self.unread_webhooks(1).await?.pop())
    }

    async fn unread_webhooks(&self, limit: usize) -> Result<Vec<RawWebhook>, StoreError> {
        self.reader
            .read(move |db| {
                db.prepare_cached(
                    "SELECT n, path, channels, body, received_at FROM webhook WHERE read_at IS NULL ORDER BY n LIMIT ?1",
                )?
                .query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
                    Ok(RawWebhook {
                        n: r.get(0)?,
                        path: r.get(1)?,
                        channels: from_json(&r.get::<_, String>(2)?),
                        body: r.get(3)?,
                        received_at: from_millis(r.get(4)?),
                    })
                })?
                .collect()
            })
            .await
    }

    async fn webhook_done(
        &self,
        n: i64,
        pages: Vec<(ChannelName, Page)>,
        flags: Vec<String>,
        now: Time,
    ) -> Result<Applied, StoreError> {
        let now = to_millis(now);
        self.writer
            .write("webhook_done", move |tx| {
                let mut all = Applied::default();
                let waits: bool = tx.db.query_row(
                    "SELECT EXISTS (SELECT 1 FROM webhook WHERE n = ?1 AND read_at IS NULL)",
                    [n],
                    |r| r.get(0),
                )?;
                if !waits {
                    return Ok(all);
                }
                for (channel, page) in &pages {
                    let applied = apply::page(tx, &channel.0, page, now)?;
                    all.conversations.extend(applied.conversations);
                    all.messages_new += applied.messages_new;
                }
                if flags.is_empty() {
                    // Everything in it is stored as messages now.
                    tx.db.prepare_cached("DELETE FROM webhook WHERE n = ?1")?.execute([n])?;
                } else {
                    tx.db.execute(
                        "UPDATE webhook SET read_at = ?2, flags = ?3 WHERE n = ?1",
                        params![n, now, to_json(&flags)],
                    )?;
                    let facts = details([("webhook", n.into()), ("unread", to_json(&flags).into())]);
                    log(tx.db, now, None, None, "webhook", &facts)?;
                }
                Ok(all)
            })
            .await
    }

    async fn pending_downloads(
        &self,
        channel: ChannelName,
        limit: usize,
    ) -> Result<Vec<PendingDownload>, StoreError> {
        self.reader
            .read(move |db| {
                db.prepare_cached(
                    "SELECT a.message, a.n, a.remote_ref, a.sha256, a.attempts FROM attachment a \
                     JOIN message m ON m.id = a.message WHERE a.state = 'remote' AND a.remote_ref IS NOT NULL \
                     AND m.channel = ?1 ORDER BY a.attempts, a.message, a.n LIMIT ?2",
                )?
                .query_map(params![channel.0, i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
                    Ok(PendingDownload {
                        message: MessageId(r.get(0)?),
                        n: r.get(1)?,
                        remote_ref: r.get(2)?,
                        sha256: r.get(3)?,
                        attempts: r.get(4)?,
                    })
                })?
                .collect()
            })
            .await
    }

    async fn download_path(&self, message: MessageId, n: u32) -> Result<PathBuf, StoreError> {
        Ok(files::part(&self.writer.house().attachments, message.0, n))
    }

    async fn downloading(&self, message: MessageId, n: u32, size: Option<u64>) -> Result<(), StoreError> {
        let Some(size) = size.and_then(|size| i64::try_from(size).ok()) else {
            return Desk::ring(self).await;
        };
        self.writer
            .write("downloading", move |tx| {
                tx.db.execute(
                    "UPDATE attachment SET size = ?3 WHERE message = ?1 AND n = ?2 AND size IS NOT ?3",
                    params![message.0, n, size],
                )?;
                tx.rings();
                Ok(())
            })
            .await
    }

    async fn downloaded(
        &self,
        message: MessageId,
        n: u32,
        result: Result<PathBuf, (String, bool)>,
        now: Time,
    ) -> Result<(), StoreError> {
        let (folder, modes, now) = (self.writer.house().attachments.clone(), self.modes, to_millis(now));
        let part = files::part(&folder, message.0, n);
        if !matches!(result, Err((_, false))) {
            // Its bytes move, or are of no use; its version has no meaning any more.
            let _ = std::fs::remove_file(part.with_extension("tag"));
        }
        if matches!(result, Err((_, true))) {
            files::drop_part(&part);
        }
        let taken = match result {
            Ok(path) => Ok(tokio::task::spawn_blocking(move || files::take(&folder, modes, &path))
                .await
                .map_err(|_| StoreError::Closed)?
                .map_err(|error| match error.kind() {
                    std::io::ErrorKind::StorageFull => StoreError::Full("an attachment was not kept".into()),
                    _ => StoreError::File(format!("a downloaded file cannot be kept: {error}")),
                })?),
            Err(failed) => Err(failed),
        };
        self.writer
            .write("downloaded", move |tx| {
                let name: Option<String> = tx
                    .db
                    .query_row("SELECT name FROM attachment WHERE message = ?1 AND n = ?2", params![message.0, n], |r| {
                        r.get(0)
                    })
                    .optional()?
                    .flatten();
                match taken {
                    Ok((sha256, size, head)) => tx.db.execute(
                        "UPDATE attachment SET state = 'stored', sha256 = ?3, size = ?4, mime = ?5, error = NULL \
                         WHERE message = ?1 AND n = ?2",
                        params![
                            message.0,
                            n,
                            sha256,
                            i64::try_from(size).unwrap_or(i64::MAX),
                            files::mime(&head, name.as_deref().unwrap_or(""))
                        ],
                    )?,
                    Err((words, finally)) => tx.db.execute(
                        "UPDATE attachment SET attempts = attempts + 1, error = ?3, \
                         state = iif(?4, 'failed', state) WHERE message = ?1 AND n = ?2",
                        params![message.0, n, words, finally],
                    )?,
                };
                let conversation: Option<i64> = tx
                    .db
                    .query_row("SELECT conversation FROM message WHERE id = ?1", [message.0], |r| r.get(0))
                    .optional()?;
                match conversation {
                    Some(id) => conversations::finish(tx, id, &Touch::default(), now),
                    None => Ok(()),
                }
            })
            .await
    }

    async fn tend(&self, now: Time) -> Result<Option<Time>, StoreError> {
        let now = to_millis(now);
        self.writer.house().told(now);
        self.writer.write("tend", move |tx| Ok(tend::tend(tx, now)?.map(from_millis))).await
    }
}
