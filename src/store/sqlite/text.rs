//! The full-text index: written once, at the end of a transaction, for what is new in it. What changes later is kept by
//! triggers; the migration that made the mark says why not all of it is.

use rusqlite::{Connection, OptionalExtension, Result, types::ToSqlOutput};

/// Adds what was written since the mark, and moves the mark.
pub(super) fn index(db: &Connection) -> Result<()> {
    let (message, conversation) = db
        .prepare_cached("SELECT message, conversation FROM text_mark")?
        .query_row([], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)))?;
    let (last_message, last_conversation) = (last(db, "message")?, last(db, "conversation")?);
    if last_message == message && last_conversation == conversation {
        return Ok(());
    }
    // One row for one statement without SELECT and without triggers: nothing makes FTS5 write out what it holds back.
    copy(
        db,
        "SELECT id, body FROM message WHERE id > ?1 AND body <> '' ORDER BY id",
        message,
        "INSERT INTO message_text (rowid, body) VALUES (?1, ?2)",
    )?;
    copy(
        db,
        "SELECT id, subject, customer_name, customer_email, counterpart FROM conversation WHERE id > ?1 ORDER BY id",
        conversation,
        "INSERT INTO conversation_text (rowid, subject, customer_name, customer_email, counterpart) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    db.prepare_cached("UPDATE text_mark SET message = ?1, conversation = ?2")?
        .execute([last_message, last_conversation])?;
    Ok(())
}

fn copy(db: &Connection, from: &str, after: i64, to: &str) -> Result<()> {
    let mut add = db.prepare_cached(to)?;
    let mut read = db.prepare_cached(from)?;
    let columns = read.column_count();
    let mut rows = read.query([after])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            add.raw_bind_parameter(column + 1, ToSqlOutput::Borrowed(row.get_ref(column)?))?;
        }
        add.raw_execute()?;
    }
    Ok(())
}

/// The last number that a table has given.
fn last(db: &Connection, table: &str) -> Result<i64> {
    let mut last = db.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1")?;
    Ok(last.query_row([table], |r| r.get(0)).optional()?.unwrap_or(0))
}
