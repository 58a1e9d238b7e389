//! Everything of one customer, gone; a record that it was done stays.

use rusqlite::{Result, params};

use super::{
    SqliteStore,
    actor::Tx,
    commit,
    conversations::log,
    rows::{Columns, details},
};
use crate::{
    domain::{ConversationId, Time, time::to_millis},
    store::{Answer, Refusal, StoreError},
};

impl SqliteStore {
    /// Erases the customer of a conversation: all conversations with the same customer of the same channel, with their
    /// messages, files, drafts and the words in their log. Answers how many conversations went.
    ///
    /// Refused while something of them is on its way to the vendor.
    ///
    /// # Errors
    /// As every write.
    pub async fn erase_customer(&self, id: ConversationId, agent: String, now: Time) -> Answer<usize> {
        let now = to_millis(now);
        let erased = self.writer.write("erase_customer", move |tx| erase(tx, id.0, &agent, now)).await?;
        Ok(match erased {
            Ok((n, files)) => {
                for sha256 in files {
                    let path = super::files::path_of(&self.writer.house().attachments, &sha256);
                    match std::fs::remove_file(&path) {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            return Err(StoreError::File(format!(
                                "{} could not be removed: {error}; everything else is erased, remove it by hand",
                                path.display()
                            )));
                        }
                        _ => {}
                    }
                }
                Ok(n)
            }
            Err(refusal) => Err(refusal),
        })
    }
}

fn erase(tx: &Tx<'_>, id: i64, agent: &str, now: i64) -> commit::Answered<(usize, Vec<String>)> {
    let db = tx.db;
    let Some(id) = commit::number_of(db, id)? else { return Ok(Err(Refusal::Unknown)) };
    let ids: Vec<i64> = db
        .prepare(
            "SELECT id FROM conversation WHERE id = ?1 UNION SELECT c.id FROM conversation o JOIN conversation c \
             ON c.channel = o.channel AND c.customer_id = o.customer_id WHERE o.id = ?1",
        )?
        .query_map([id], |r| Columns::of(r).next())?
        .collect::<Result<_>>()?;
    let mut files = Vec::new();
    for id in &ids {
        let leaving: bool = db.query_row(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE conversation = ?1 AND state IN ('sending', 'uncertain'))",
            [id],
            |r| r.get(0),
        )?;
        if leaving {
            return Ok(Err(Refusal::NotNow(format!(
                "something of conversation {id} is on its way to the vendor: settle it in the outbox first"
            ))));
        }
    }
    for id in &ids {
        files.extend(
            db.prepare(
                "SELECT a.sha256 FROM attachment a JOIN message m ON m.id = a.message \
                 WHERE m.conversation = ?1 AND a.sha256 IS NOT NULL",
            )?
            .query_map([id], |r| r.get::<_, String>(0))?
            .collect::<Result<Vec<_>>>()?,
        );
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
        for table in ["message", "outbox", "draft", "draft_version", "cursor", "number", "label", "alias"] {
            db.execute(&format!("DELETE FROM {table} WHERE conversation = ?1"), [id])?;
        }
        db.execute("DELETE FROM conversation WHERE id = ?1", [id])?;
        log(db, now, Some(*id), Some(agent), "erased", &details([("conversations", ids.len().into())]))?;
    }
    // Bytes that somebody else's message shares stay.
    files.sort();
    files.dedup();
    let mut alone = Vec::new();
    for sha256 in files {
        let shared: bool = db.query_row(
            "SELECT EXISTS (SELECT 1 FROM attachment WHERE sha256 = ?1) OR EXISTS (SELECT 1 FROM draft WHERE files LIKE ?2) \
             OR EXISTS (SELECT 1 FROM draft_version WHERE files LIKE ?2)",
            params![sha256, format!("%{sha256}%")],
            |r| r.get(0),
        )?;
        if !shared {
            alone.push(sha256);
        }
    }
    tx.rings();
    Ok(Ok((ids.len(), alone)))
}
