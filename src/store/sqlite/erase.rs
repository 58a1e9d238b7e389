//! Everything of one customer, gone from tables, indexes, free pages and the write-ahead log; a record that it was done
//! stays, and a mark by which what he wrote until then is not taken again when his vendor shows it once more.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Result, params};
use sha2::{Digest, Sha256};

use super::{
    SqliteStore,
    actor::Tx,
    commit,
    conversations::log,
    files, open,
    rows::{Columns, details, from_json},
    uploads,
};
use crate::{
    domain::{attachment::StoredFile, change::Change, desk::Erased, time::to_millis},
    store::{Refusal, StoreError},
};

/// How the marks begin among the notes of a channel.
const MARK: &str = "erased:";

/// What an erasure takes.
pub(super) struct Found {
    pub(super) erased: Erased,
    /// Hashes of files that nobody else's message shares.
    pub(super) files: Vec<String>,
}

/// Erases the customer of a conversation, or (`only_look`) counts what that would take.
pub(super) fn erase(tx: &Tx<'_>, id: i64, agent: &str, only_look: bool, now: i64) -> commit::Answered<Found> {
    let db = tx.db;
    let Some(id) = commit::number_of(db, id)? else { return Ok(Err(Refusal::Unknown)) };
    let ids: Vec<i64> = db
        .prepare(
            "SELECT id FROM conversation WHERE id = ?1 UNION SELECT c.id FROM conversation o JOIN conversation c \
             ON c.channel = o.channel AND c.customer_id = o.customer_id WHERE o.id = ?1",
        )?
        .query_map([id], |r| Columns::of(r).next())?
        .collect::<Result<_>>()?;
    let mut erased = Erased { conversations: ids.len(), ..Erased::default() };
    let mut hashes = Vec::new();
    for id in &ids {
        let leaving: bool = db.query_row(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE conversation = ?1 AND state IN ('sending', 'uncertain'))",
            [id],
            |r| r.get(0),
        )?;
        if leaving {
            return Ok(Err(Refusal::NotNow(format!(
                "something of conversation {id} is on its way to the vendor, and nobody knows yet whether it arrived; \
                 nothing was erased; settle it first: deskline outbox"
            ))));
        }
        let count = |sql: &str| db.query_row(sql, [id], |r| r.get::<_, i64>(0));
        let add = |to: &mut usize, n: i64| *to += usize::try_from(n).unwrap_or(0);
        add(&mut erased.messages, count("SELECT count(*) FROM message WHERE conversation = ?1")?);
        add(&mut erased.drafts, count("SELECT count(*) FROM draft WHERE conversation = ?1")?);
        add(
            &mut erased.unsent,
            count("SELECT count(*) FROM outbox WHERE conversation = ?1 AND state <> 'sent'")?,
        );
        hashes.extend(files_of(db, *id)?);
    }
    if !only_look {
        remove(tx, &ids, agent, erased, now)?;
    }
    hashes.sort();
    hashes.dedup();
    let mut alone = Vec::new();
    for sha256 in hashes {
        // Bytes that somebody else's message or draft shares stay.
        let shared: bool = db.query_row(
            "SELECT EXISTS (SELECT 1 FROM attachment a JOIN message m ON m.id = a.message WHERE a.sha256 = ?1 \
             AND m.conversation NOT IN (SELECT value FROM json_each(?3))) \
             OR EXISTS (SELECT 1 FROM draft WHERE files LIKE ?2 \
             AND conversation NOT IN (SELECT value FROM json_each(?3))) \
             OR EXISTS (SELECT 1 FROM draft_version WHERE files LIKE ?2 \
             AND conversation NOT IN (SELECT value FROM json_each(?3)))",
            params![sha256, format!("%{sha256}%"), super::rows::to_json(&ids)],
            |r| r.get(0),
        )?;
        if !shared {
            alone.push(sha256);
        }
    }
    erased.files = alone.len();
    Ok(Ok(Found { erased, files: alone }))
}

fn files_of(db: &Connection, id: i64) -> Result<Vec<String>> {
    let mut hashes = db
        .prepare(
            "SELECT a.sha256 FROM attachment a JOIN message m ON m.id = a.message \
             WHERE m.conversation = ?1 AND a.sha256 IS NOT NULL",
        )?
        .query_map([id], |r| r.get::<_, String>(0))?
        .collect::<Result<Vec<_>>>()?;
    let drafts = db
        .prepare(
            "SELECT files FROM draft WHERE conversation = ?1 UNION SELECT files FROM draft_version WHERE conversation = ?1",
        )?
        .query_map([id], |r| r.get::<_, String>(0))?
        .collect::<Result<Vec<_>>>()?;
    hashes.extend(drafts.iter().flat_map(|it| from_json::<Vec<StoredFile>>(it)).map(|file| file.sha256));
    Ok(hashes)
}

fn remove(tx: &Tx<'_>, ids: &[i64], agent: &str, erased: Erased, now: i64) -> Result<()> {
    let db = tx.db;
    // What is deleted is overwritten, in the indexes of words too.
    db.execute_batch("PRAGMA secure_delete = ON")?;
    for index in ["message_text", "conversation_text"] {
        db.execute(&format!("INSERT INTO {index} ({index}, rank) VALUES ('secure-delete', 1)"), [])?;
    }
    for id in ids {
        let (channel, names) = names_of(db, *id)?;
        for name in &names {
            db.execute(
                "INSERT INTO memory VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = excluded.value",
                params![channel, mark(&channel, name), now.to_string()],
            )?;
            // Whole bodies are kept only where something in them could not be read.
            db.execute(
                "DELETE FROM webhook WHERE read_at IS NOT NULL AND instr(body, CAST(?1 AS BLOB)) > 0",
                [name],
            )?;
            db.execute(
                "DELETE FROM orphan WHERE channel = ?1 AND instr(change, json_quote(?2)) > 0",
                params![channel, name],
            )?;
        }
        for table in ["attachment", "reaction"] {
            db.execute(
                &format!(
                    "DELETE FROM {table} WHERE message IN (SELECT id FROM message WHERE conversation = ?1)"
                ),
                [id],
            )?;
        }
        // The log keeps who did what and when; the words go.
        db.execute("UPDATE event SET details = '{}' WHERE conversation = ?1", [id])?;
        let unsent = "SELECT n FROM outbox WHERE conversation = ?1 AND upload IS NOT NULL";
        let unsent: Vec<i64> = db.prepare(unsent)?.query_map([id], |r| r.get(0))?.collect::<Result<_>>()?;
        unsent.into_iter().try_for_each(|n| uploads::give_back(db, n))?;
        let tables = [
            "message",
            "outbox",
            "draft",
            "draft_version",
            "presence",
            "cursor",
            "number",
            "label",
            "alias",
            "former",
        ];
        for table in tables {
            db.execute(&format!("DELETE FROM {table} WHERE conversation = ?1"), [id])?;
        }
        db.execute("DELETE FROM conversation WHERE id = ?1", [id])?;
        let facts = details([
            ("conversations", erased.conversations.into()),
            ("messages", erased.messages.into()),
            ("drafts", erased.drafts.into()),
            ("unsent", erased.unsent.into()),
        ]);
        log(db, now, Some(*id), Some(agent), "erased", &facts)?;
    }
    for index in ["message_text", "conversation_text"] {
        db.execute(&format!("INSERT INTO {index} ({index}, rank) VALUES ('secure-delete', 0)"), [])?;
    }
    tx.rings();
    Ok(())
}

/// What a vendor calls a conversation and its customer.
fn names_of(db: &Connection, id: i64) -> Result<(String, Vec<String>)> {
    let (channel, remote_id, customer): (String, Option<String>, Option<String>) =
        db.query_row("SELECT channel, remote_id, customer_id FROM conversation WHERE id = ?1", [id], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?))
        })?;
    let mut names: Vec<String> = db
        .prepare("SELECT alias FROM alias WHERE conversation = ?1")?
        .query_map([id], |r| r.get(0))?
        .collect::<Result<_>>()?;
    names.extend(remote_id);
    // A customer's id names his conversations only where it is long enough to name nobody else.
    names.extend(customer.filter(|it| it.len() >= 6));
    Ok((channel, names))
}

/// The mark of a name: says nothing to whoever does not know the name already.
fn mark(channel: &str, name: &str) -> String {
    format!("{MARK}{}", hex::encode(Sha256::digest(format!("{channel}\0{name}"))))
}

/// The marks of a channel.
pub(super) struct Marks {
    channel: String,
    marks: std::collections::BTreeMap<String, i64>,
}

impl Marks {
    /// Reads them.
    pub(super) fn of(db: &Connection, channel: &str) -> Result<Self> {
        let marks = db
            .prepare_cached(
                "SELECT key, CAST(value AS INTEGER) FROM memory WHERE channel = ?1 AND key >= 'erased:' AND key < 'erased;'",
            )?
            .query_map([channel], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<_>>()?;
        Ok(Self { channel: channel.to_owned(), marks })
    }

    /// When the customer of a conversation was erased.
    fn at(&self, conversation: &str) -> Option<i64> {
        if self.marks.is_empty() {
            return None;
        }
        self.marks.get(&mark(&self.channel, conversation)).copied()
    }

    /// Whether a change tells only of what was erased. A conversation comes back with a message that is newer.
    pub(super) fn cover(&self, change: &Change, page: &[Change]) -> bool {
        let old = |conversation: &str, at: i64| self.at(conversation).is_some_and(|erased| at <= erased);
        match change {
            Change::Message(seen) | Change::Earlier(seen) => {
                old(&seen.conversation, seen.sent_at.map_or(i64::MAX, to_millis))
            }
            Change::Conversation(seen) => self.at(&seen.remote_id).is_some_and(|erased| {
                !page.iter().any(|other| matches!(other, Change::Message(it) | Change::Earlier(it)
                    if it.conversation == seen.remote_id && it.sent_at.is_none_or(|at| to_millis(at) > erased)))
            }),
            Change::Edited { conversation, at, .. } | Change::Removed { conversation, at, .. } => {
                old(conversation, to_millis(*at))
            }
            Change::Reaction { conversation, at, .. } => old(conversation, to_millis(*at)),
            Change::Alias { conversation, .. } => self.at(conversation).is_some(),
            Change::Delivery(seen) => seen.recipient.as_deref().is_some_and(|it| self.at(it).is_some()),
            Change::Account { .. } => false,
        }
    }
}

impl SqliteStore {
    /// Removes files, and what tables and log still hold of deleted rows between their pages.
    pub(super) async fn sweep(&self, hashes: Vec<String>) -> std::result::Result<(), StoreError> {
        let folder = self.writer.house().attachments.clone();
        let path = self.path.clone();
        let swept = tokio::task::spawn_blocking(move || {
            // Parts of files that are on their way: whose they are is forgotten, and all others are fetched anew.
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(files::FETCHING) {
                    let _ = std::fs::remove_file(entry.path());
                }
            }
            for sha256 in hashes {
                let file = files::path_of(&folder, &sha256);
                match std::fs::remove_file(&file) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(StoreError::File(format!(
                            "{} could not be removed: {error}; everything else is erased, remove it by hand",
                            file.display()
                        )));
                    }
                    _ => {}
                }
            }
            vacuum(&path)
        });
        swept.await.map_err(|_| StoreError::Closed)?
    }

    /// Copies of the store that were made beside it, which an erasure does not reach.
    pub(super) fn copies(&self) -> Vec<PathBuf> {
        let Some((folder, name)) = self.path.parent().zip(self.path.file_name()) else { return Vec::new() };
        let name = name.to_string_lossy().into_owned();
        let ours = ["-wal", "-shm", ".bell", "-journal"].map(|end| format!("{name}{end}"));
        let mut copies: Vec<PathBuf> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|it| {
                let it = it.file_name().to_string_lossy().into_owned();
                it.starts_with(&name) && it != name && !ours.contains(&it)
            })
            .map(|it| it.path())
            .filter(|it| it.is_file())
            .collect();
        copies.sort();
        copies
    }
}

/// Writes the file anew without what was deleted, and empties the write-ahead log.
fn vacuum(path: &Path) -> std::result::Result<(), StoreError> {
    let unfinished = |why: String| {
        StoreError::File(format!(
            "all rows are erased, but the file could not be written anew: {why}; traces may stay between its pages \
             until that is done; free some space, or end other windows, then erase again"
        ))
    };
    let run = || -> Result<bool> {
        let db = open::maintenance(path)?;
        db.execute_batch("VACUUM")?;
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| Ok(r.get::<_, i64>(0)? == 0))
    };
    match run() {
        Ok(true) => Ok(()),
        Ok(false) => Err(unfinished("others are reading it".into())),
        Err(error) => Err(unfinished(error.to_string())),
    }
}
