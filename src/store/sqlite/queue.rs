//! Which row goes next.
//!
//! A channel's waiting rows are walked through once, in their order, until one is met that may go; what lies ahead of each
//! in its conversation is known by then. A query that holds each row against all others of its conversation says the same
//! (the tests keep it), and takes the square of the time.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::settle::CLAIM_LASTS_MS;

#[cfg(test)]
mod tests;

pub(super) const WAITING: &str = "SELECT n, conversation, state = 'later', word = 'read', message IS NOT NULL, not_before, \
    after_row IS NOT NULL, epoch, claimed_at FROM outbox INDEXED BY outbox_waiting \
    WHERE channel = ?1 AND state IN ('held', 'later', 'queued') ORDER BY n";

pub(super) const UNDER_WAY: &str = "SELECT conversation, n, state, epoch, claimed_at, look_at FROM outbox \
    INDEXED BY outbox_under_way WHERE channel = ?1 AND (state = 'sending' OR epoch IS NOT NULL OR look_at IS NOT NULL) AND state <> 'sent'";

pub(super) const REPLY_FOLLOWS: &str = "SELECT EXISTS (SELECT 1 FROM outbox INDEXED BY outbox_conversation \
    WHERE conversation = ?1 AND n > ?2 AND state <> 'sent' AND state IN ('held', 'queued') AND message IS NOT NULL) \
    AND NOT EXISTS (SELECT 1 FROM outbox INDEXED BY outbox_conversation \
    WHERE conversation = ?1 AND n > ?2 AND state <> 'sent' AND state IN ('held', 'queued') AND message IS NULL \
    AND word <> 'read')";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A message.
    Says,
    /// A read mark.
    Reads,
    /// A status and the like.
    Sets,
}

/// A row that waits, as far as the order of its conversation goes.
struct Waiting {
    n: i64,
    conversation: i64,
    /// For its own hour, which holds nothing up before it has come.
    later: bool,
    kind: Kind,
    not_before: Option<i64>,
    /// It belongs to a row that has not gone yet.
    follows: bool,
    claim: Option<(i64, i64)>,
}

fn waiting(r: &rusqlite::Row<'_>) -> Result<Waiting> {
    Ok(Waiting {
        n: r.get(0)?,
        conversation: r.get(1)?,
        later: r.get(2)?,
        kind: match (r.get(3)?, r.get(4)?) {
            (true, _) => Kind::Reads,
            (_, true) => Kind::Says,
            _ => Kind::Sets,
        },
        not_before: r.get(5)?,
        follows: r.get(6)?,
        claim: r.get::<_, Option<i64>>(7)?.zip(r.get(8)?),
    })
}

/// What lies ahead in a conversation.
#[derive(Default)]
struct Ahead {
    /// A read mark.
    reads: bool,
    /// Anything else.
    acts: bool,
    /// The first hour of those that wait for one.
    later: Option<i64>,
}

impl Ahead {
    /// Whether a row behind waits for them at that time. Replies go before read marks, which move the flag for all of
    /// them at once.
    fn holds(&self, row: &Waiting, at: i64) -> bool {
        self.acts || (self.reads && row.kind != Kind::Says) || self.later.is_some_and(|later| later <= at)
    }

    fn add(&mut self, row: &Waiting) {
        if row.later {
            self.later = self.later.into_iter().chain(row.not_before).min();
        } else if row.kind == Kind::Reads {
            self.reads = true;
        } else {
            self.acts = true;
        }
    }
}

/// Whether a read mark waits for replies behind it. None stays behind where a status follows it: at `SkyHub` reading opens
/// again what was archived.
fn reply_follows(db: &Connection, row: &Waiting) -> Result<bool> {
    if row.kind != Kind::Reads {
        return Ok(false);
    }
    db.prepare_cached(REPLY_FOLLOWS)?.query_row(params![row.conversation, row.n], |r| r.get(0))
}

/// A row that is being sent, looked for or claimed.
struct UnderWay {
    conversation: i64,
    n: i64,
    sending: bool,
    waits: bool,
    claim: Option<(i64, i64)>,
    look_at: Option<i64>,
}

fn under_way(db: &Connection, channel: &str) -> Result<Vec<UnderWay>> {
    db.prepare_cached(UNDER_WAY)?
        .query_map([channel], |r| {
            let state = r.get_ref(2)?.as_str()?;
            Ok(UnderWay {
                conversation: r.get(0)?,
                n: r.get(1)?,
                sending: state == "sending",
                waits: matches!(state, "held" | "later" | "queued"),
                claim: r.get::<_, Option<i64>>(3)?.zip(r.get(4)?),
                look_at: if state == "uncertain" { r.get(5)? } else { None },
            })
        })?
        .collect()
}

/// The uncertain row whose look is due first, if one is.
pub(super) fn next_look(db: &Connection, channel: &str, now: i64) -> Result<Option<i64>> {
    let looks = under_way(db, channel)?.into_iter().filter_map(|row| Some((row.look_at?, row.n)));
    Ok(looks.min().filter(|(at, _)| *at <= now).map(|(_, n)| n))
}

/// The conversations in which something is under way: a row of them has to wait, unless it is the only one itself.
#[derive(Default)]
struct Busy(HashMap<i64, Option<i64>>);

impl Busy {
    fn add(&mut self, row: &UnderWay) {
        self.0.entry(row.conversation).and_modify(|only| *only = None).or_insert(Some(row.n));
    }

    fn holds(&self, row: &Waiting) -> bool {
        self.0.get(&row.conversation).is_some_and(|only| *only != Some(row.n))
    }
}

/// The first row that an engine of this epoch may claim now.
pub(super) fn next(db: &Connection, channel: &str, epoch: i64, now: i64) -> Result<Option<i64>> {
    let claimed =
        |claim: Option<(i64, i64)>| claim.is_some_and(|(by, at)| by == epoch && at >= now - CLAIM_LASTS_MS);
    let mut busy = Busy::default();
    for row in under_way(db, channel)? {
        if row.sending || row.look_at.is_some() || claimed(row.claim) {
            busy.add(&row);
        }
    }
    let mut conversations = HashMap::<i64, Ahead>::new();
    let mut rows = db.prepare_cached(WAITING)?;
    for row in rows.query_map([channel], waiting)? {
        let row = row?;
        let ahead = conversations.entry(row.conversation).or_default();
        if !row.follows
            && row.not_before.unwrap_or(0) <= now
            && !claimed(row.claim)
            && !busy.holds(&row)
            && !ahead.holds(&row, now)
            && !reply_follows(db, &row)?
        {
            return Ok(Some(row.n));
        }
        ahead.add(&row);
    }
    Ok(None)
}

/// When the next row or look-up is due.
pub(super) fn next_due(db: &Connection, channel: &str) -> Result<Option<i64>> {
    let led: Option<i64> = db
        .prepare_cached("SELECT epoch FROM lease WHERE channel = ?1")?
        .query_row([channel], |r| r.get(0))
        .optional()?;
    let claimed = |claim: Option<(i64, i64)>| claim.filter(|(by, _)| Some(*by) == led).map(|(_, at)| at);
    let mut busy = Busy::default();
    let mut next = None;
    let mut sooner = |due: i64| {
        next = Some(next.map_or(due, |next: i64| next.min(due)));
        due <= 0
    };
    for row in under_way(db, channel)? {
        if row.sending || row.look_at.is_some() || (row.waits && claimed(row.claim).is_some()) {
            busy.add(&row);
        }
        row.look_at.map(&mut sooner);
    }
    let mut conversations = HashMap::<i64, Ahead>::new();
    let mut rows = db.prepare_cached(WAITING)?;
    for row in rows.query_map([channel], waiting)? {
        let row = row?;
        let not_before = row.not_before.unwrap_or(0);
        let ahead = conversations.entry(row.conversation).or_default();
        if !row.follows && !busy.holds(&row) && !ahead.holds(&row, not_before) && !reply_follows(db, &row)? {
            let due = claimed(row.claim).map_or(not_before, |at| at + CLAIM_LASTS_MS);
            // Nothing is sooner than at once.
            if sooner(due) {
                break;
            }
        }
        ahead.add(&row);
    }
    Ok(next)
}
