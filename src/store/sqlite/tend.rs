//! What time alone does: wakes what slept, ends what was on hold, closes what was resolved for five days.

use rusqlite::{Result, params};

use super::{
    actor::Tx,
    conversations::{self, Touch, log},
    deadline, outbox, promises,
    rows::details,
};
use crate::domain::{Status, lifecycle::CLOSES_AFTER};

/// Does what is due; answers when the next such thing is.
pub(super) fn tend(tx: &Tx<'_>, now: i64) -> Result<Option<i64>> {
    let db = tx.db;
    let closes_after = CLOSES_AFTER.num_milliseconds();
    // It always wakes at the warning time of a deadline.
    let sleepers = ids(
        tx,
        "SELECT id FROM conversation WHERE snoozed_until IS NOT NULL \
         AND (snoozed_until <= ?1 OR (warn_at IS NOT NULL AND warn_at <= ?1))",
        now,
    )?;
    for id in sleepers {
        db.execute("UPDATE conversation SET snoozed_until = NULL WHERE id = ?1", [id])?;
        log(db, now, Some(id), None, "woke", &details([]))?;
        conversations::finish(tx, id, &Touch::default(), now)?;
    }
    let held = ids(
        tx,
        "SELECT id FROM conversation WHERE held_until IS NOT NULL AND held_until <= ?1 AND status = 'on_hold'",
        now,
    )?;
    for id in held {
        outbox::set_status(db, id, Status::Open, None, now)?;
        db.execute("UPDATE conversation SET held_until = NULL WHERE id = ?1", [id])?;
        moved(tx, id, "on_hold", "open", "its time is over", now)?;
    }
    let resolved = ids(
        tx,
        "SELECT id FROM conversation WHERE status = 'resolved' AND resolved_at <= ?1",
        now - closes_after,
    )?;
    for id in resolved {
        db.execute("UPDATE conversation SET status = 'closed' WHERE id = ?1", [id])?;
        moved(tx, id, "resolved", "closed", "resolved for five days", now)?;
    }
    let promised = promises::tend(tx, now)?;
    let window = deadline::shut_windows(tx, now)?;
    db.query_row(
        "SELECT min(due) FROM (SELECT min(snoozed_until) AS due FROM conversation WHERE snoozed_until IS NOT NULL \
         UNION ALL SELECT min(warn_at) FROM conversation WHERE snoozed_until IS NOT NULL AND warn_at IS NOT NULL \
         UNION ALL SELECT min(held_until) FROM conversation WHERE held_until IS NOT NULL \
         UNION ALL SELECT min(resolved_at) + ?1 FROM conversation WHERE status = 'resolved' UNION ALL SELECT ?2 \
         UNION ALL SELECT ?3)",
        params![closes_after, window, promised],
        |r| r.get(0),
    )
}

fn ids(tx: &Tx<'_>, sql: &str, at: i64) -> Result<Vec<i64>> {
    tx.db.prepare_cached(sql)?.query_map([at], |r| r.get(0))?.collect()
}

fn moved(tx: &Tx<'_>, id: i64, from: &str, to: &str, why: &str, now: i64) -> Result<()> {
    let facts = details([("from", from.into()), ("to", to.into()), ("why", why.into())]);
    log(tx.db, now, Some(id), None, "state", &facts)?;
    conversations::finish(tx, id, &Touch::default(), now)
}
