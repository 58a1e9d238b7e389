//! Who has a conversation open, a row for each window. A row ends when its window leaves, and is not believed where the
//! window's process is dead.

use rusqlite::{Connection, Result, params};

use super::{actor::Tx, drafts::runs};
use crate::domain::{DraftKind, DraftWindow, presence::Present, time::from_millis};

/// A window on another box that no key was pressed in for so long is not there any more.
const LEASE_MS: i64 = 15 * 60_000;

/// Notes where a window is now; `None`: in no conversation.
pub(super) fn note(tx: &Tx<'_>, agent: &str, window: &DraftWindow, of: Option<i64>, now: i64) -> Result<()> {
    let all: Vec<(String, i64)> = tx
        .db
        .prepare_cached("SELECT window, until FROM presence")?
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<_>>()?;
    for (other, until) in &all {
        if *other != window.name && !runs(other, *until > now) {
            tx.db.prepare_cached("DELETE FROM presence WHERE window = ?1")?.execute([other])?;
        }
    }
    let changed = match of {
        Some(id) => {
            // The same conversation once more renews the lease; nobody's screen changes by that.
            let renewed = tx
                .db
                .prepare_cached("UPDATE presence SET until = ?3 WHERE window = ?1 AND conversation = ?2")?
                .execute(params![window.name, id, now + LEASE_MS])?;
            renewed == 0
                && tx
                    .db
                    .prepare_cached("INSERT OR REPLACE INTO presence VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                    .execute(params![window.name, agent, window.place, id, now, now + LEASE_MS])?
                    > 0
        }
        None => tx.db.prepare_cached("DELETE FROM presence WHERE window = ?1")?.execute([&window.name])? > 0,
    };
    if changed {
        tx.rings();
    }
    Ok(())
}

/// The other windows in a conversation: those that write first, then those that came last.
pub(super) fn others(db: &Connection, id: i64, window: &str, now: i64) -> Result<Vec<Present>> {
    struct Found {
        window: String,
        agent: String,
        place: String,
        until: i64,
        since: Option<i64>,
        writing: Option<DraftKind>,
    }
    let mut found: Vec<Found> = db
        .prepare_cached("SELECT window, agent, place, until, since FROM presence WHERE conversation = ?1")?
        .query_map([id], |r| {
            let (window, agent, place) = (r.get(0)?, r.get(1)?, r.get(2)?);
            Ok(Found { window, agent, place, until: r.get(3)?, since: r.get(4)?, writing: None })
        })?
        .collect::<Result<_>>()?;
    let writers = db
        .prepare_cached(
            "SELECT window, agent, ifnull(place, ''), until, kind FROM draft WHERE conversation = ?1 AND until <> 0 \
             AND window IS NOT NULL",
        )?
        .query_map([id], |r| {
            let kind = DraftKind::parse(r.get_ref(4)?.as_str()?);
            let (window, agent, place) = (r.get(0)?, r.get(1)?, r.get(2)?);
            Ok(Found { window, agent, place, until: r.get(3)?, since: None, writing: Some(kind) })
        })?
        .collect::<Result<Vec<_>>>()?;
    for writer in writers.into_iter().filter(|it| runs(&it.window, it.until > now)) {
        match found.iter_mut().find(|it| it.window == writer.window) {
            Some(open) => open.writing = writer.writing,
            None => found.push(writer),
        }
    }
    found.retain(|it| it.window != window && runs(&it.window, it.until > now));
    found.sort_by_key(|it| (it.writing.is_none(), std::cmp::Reverse(it.since), it.window.clone()));
    Ok(found
        .into_iter()
        .map(|Found { agent, place, since, writing, .. }| Present {
            agent,
            place,
            since: since.map(from_millis),
            writing,
        })
        .collect())
}
