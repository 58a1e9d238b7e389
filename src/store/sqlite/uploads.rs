//! Files on their way to a vendor, and such as were brought there for a message that does not go: the vendor is asked to
//! delete them.
//!
//! The rule: what a row holds of its file's upload was in no send that the vendor took or may have taken (both make the
//! row forget it, and its retry brings the file anew). So where such a row has failed, or is taken out of the outbox, its
//! upload is nobody's, and may be deleted.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{files, open::Modes};

/// How the notes of such uploads begin; their value counts the tries.
const UNSENT: &str = "upload.unsent:";
/// After so many tries the vendor is left to forget it by itself (it does after some weeks).
const TRIES: i64 = 8;

/// So much of a row's file has left; `None`: it is not on its way any more. How much is told as with files that come: by
/// the length of a part, which everybody may look at.
pub(super) fn on_its_way(
    db: &Connection,
    (folder, modes): (&Path, Modes),
    n: i64,
    left: Option<u64>,
) -> Result<()> {
    let file: Option<(i64, u32)> = db
        .prepare_cached(
            "SELECT a.message, a.n FROM outbox o JOIN attachment a ON a.message = o.message WHERE o.n = ?1 LIMIT 1",
        )?
        .query_row([n], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let Some((message, number)) = file else { return Ok(()) };
    let part = files::part(folder, message, number);
    let (from, to) = if let Some(left) = left {
        files::set_part(&part, modes, left);
        ("stored", "uploading")
    } else {
        files::drop_part(&part);
        ("uploading", "stored")
    };
    db.prepare_cached("UPDATE attachment SET state = ?4 WHERE message = ?1 AND n = ?2 AND state = ?3")?
        .execute(params![message, number, from, to])
        .map(drop)
}

/// Whoever has begun to bring a channel's files brings them no more (a crash, a lost lease): they wait as before.
pub(super) fn wait_again(db: &Connection, folder: &Path, channel: &str) -> Result<()> {
    let begun = db
        .prepare_cached(
            "SELECT a.message, a.n FROM outbox o JOIN attachment a ON a.message = o.message \
             WHERE o.channel = ?1 AND o.state <> 'sent' AND a.state = 'uploading'",
        )?
        .query_map([channel], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<Vec<(i64, u32)>>>()?;
    for (message, number) in begun {
        files::drop_part(&files::part(folder, message, number));
        db.prepare_cached("UPDATE attachment SET state = 'stored' WHERE message = ?1 AND n = ?2")?
            .execute(params![message, number])?;
    }
    Ok(())
}

/// A row has no more use for its upload: it is nobody's now.
pub(super) fn give_back(db: &Connection, n: i64) -> Result<()> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO memory SELECT channel, ?2 || upload, '0' FROM outbox WHERE n = ?1 AND upload IS NOT NULL",
    )?
    .execute(params![n, UNSENT])?;
    forget(db, n)
}

/// The vendor may have used up what it called the file, or use it yet: whoever sends the row again brings the file again.
pub(super) fn forget(db: &Connection, n: i64) -> Result<()> {
    db.prepare_cached("UPDATE outbox SET upload = NULL WHERE n = ?1 AND upload IS NOT NULL")?
        .execute([n])
        .map(drop)
}

/// A file was brought for a row that was gone, or somebody else's, by then.
pub(super) fn nobodys(db: &Connection, channel: &str, upload: &str) -> Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO memory VALUES (?1, ?2 || ?3, '0')")?
        .execute(params![channel, UNSENT, upload])
        .map(drop)
}

/// Uploads of a channel that are nobody's, least tried first.
pub(super) fn unsent(db: &Connection, channel: &str, limit: usize) -> Result<Vec<String>> {
    db.prepare_cached(
        "SELECT substr(key, length(?2) + 1) AS name FROM memory WHERE channel = ?1 \
         AND key >= ?2 AND key < ?2 || char(1114111) \
         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.channel = ?1 AND o.state <> 'sent' AND o.upload = name) \
         ORDER BY value + 0, key LIMIT ?3",
    )?
    .query_map(params![channel, UNSENT, i64::try_from(limit).unwrap_or(i64::MAX)], |r| r.get(0))?
    .collect()
}

/// The vendor was asked to delete one.
pub(super) fn asked(db: &Connection, channel: &str, upload: &str, gone: bool) -> Result<()> {
    db.prepare_cached("UPDATE memory SET value = value + 1 WHERE channel = ?1 AND key = ?2 || ?3")?
        .execute(params![channel, UNSENT, upload])?;
    db.prepare_cached("DELETE FROM memory WHERE channel = ?1 AND key = ?2 || ?3 AND (?4 OR value + 0 >= ?5)")?
        .execute(params![channel, UNSENT, upload, gone, TRIES])
        .map(drop)
}
