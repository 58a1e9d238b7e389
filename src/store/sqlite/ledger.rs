//! The log as figures read it.

use std::collections::BTreeMap;

use rusqlite::{Connection, Result, params};

use super::{
    marked::UNMARKED,
    rows::{Columns, from_json},
};
use crate::domain::{
    ChannelKind, ChannelName, ConversationId, Direction, Facts, MessageId, Role, Time,
    clock::Policy,
    lifecycle::thanks_alone,
    outbox::{Event, Happened, LogPlace},
    report::{Policies, Said, Track},
    time::from_millis,
};

/// The conversations after that number, with all that the log holds of them.
pub(super) fn tracks(db: &Connection, after: i64, limit: usize) -> Result<Vec<Track>> {
    let mut tracks: BTreeMap<i64, Track> = db
        .prepare_cached(
            "SELECT id, channel, kind, ifnull(remote_id, ''), labels, mute FROM conversation WHERE id > ?1 \
             ORDER BY id LIMIT ?2",
        )?
        .query_map(params![after, i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
            let mut c = Columns::of(r);
            let id = c.next()?;
            let track = Track {
                conversation: ConversationId(id),
                channel: ChannelName(c.next()?),
                kind: ChannelKind(c.next::<String>()?.into()),
                remote_id: c.next()?,
                labels: from_json(&c.next::<String>()?),
                mute: c.next()?,
                messages: Vec::new(),
                events: Vec::new(),
            };
            Ok((id, track))
        })?
        .collect::<Result<_>>()?;
    let Some(last) = tracks.keys().next_back().copied() else { return Ok(Vec::new()) };
    let mut find = db.prepare_cached(
        "SELECT m.conversation, m.id, m.at, m.received_at, m.direction, m.role, ifnull(m.account, m.author), \
         m.account IS NOT NULL, iif(m.direction = 'inbound' AND length(m.body) < 400, m.body, ''), \
         EXISTS (SELECT 1 FROM attachment a WHERE a.message = m.id) FROM message m \
         WHERE m.conversation > ?1 AND m.conversation <= ?2 AND m.kind NOT IN ('system', 'reaction') \
         AND m.removed_at IS NULL AND ifnull(m.delivery, 'sent') IN ('sent', 'delivered', 'read') \
         ORDER BY m.conversation, m.id",
    )?;
    let mut rows = find.query(params![after, last])?;
    while let Some(row) = rows.next()? {
        let mut c = Columns::of(row);
        let Some(track) = tracks.get_mut(&c.next()?) else { continue };
        let (id, at, received_at) = (c.next()?, from_millis(c.next()?), from_millis(c.next()?));
        let direction = Direction::parse(&c.next::<String>()?).unwrap_or(Direction::Inbound);
        let role = Role::parse(&c.next::<String>()?).unwrap_or(Role::Customer);
        let (by, here) = (c.next()?, c.next()?);
        let words: String = c.next()?;
        let thanks = thanks_alone(&words) && !c.next::<bool>()?;
        track.messages.push(Said { id, at, received_at, direction, role, by, here, thanks });
    }
    let mut find = db.prepare_cached(
        "SELECT conversation, seq, at, actor, what, details FROM event WHERE conversation > ?1 AND conversation <= ?2 \
         AND what IN ('state', 'gate', 'episode', 'no reply needed', 'assign', 'snooze', 'woke', 'handled') \
         ORDER BY conversation, seq",
    )?;
    let mut rows = find.query(params![after, last])?;
    while let Some(row) = rows.next()? {
        let mut c = Columns::of(row);
        let Some(track) = tracks.get_mut(&c.next()?) else { continue };
        track.events.push(Event {
            seq: c.next()?,
            at: from_millis(c.next()?),
            actor: c.next()?,
            what: c.next()?,
            details: from_json(&c.next::<String>()?),
        });
    }
    Ok(tracks.into_values().collect())
}

/// What the channels promised, and from when on.
pub(super) fn policies(db: &Connection) -> Result<Policies> {
    let mut policies = Policies::new();
    let mut find = db.prepare_cached(
        "SELECT channel, at, details FROM event WHERE conversation IS NULL AND what = 'policy' ORDER BY seq",
    )?;
    let mut rows = find.query([])?;
    while let Some(row) = rows.next()? {
        let version: (Time, Policy) = (from_millis(row.get(1)?), from_json(&row.get::<_, String>(2)?));
        policies.entry(ChannelName(row.get(0)?)).or_default().push(version);
    }
    Ok(policies)
}

/// What a channel promised last. Without a conversation, so that the log of all conversations is not gone through.
pub(super) const NEWEST_POLICY: &str = "SELECT details FROM event WHERE conversation IS NULL AND what = 'policy' \
    AND channel = ?1 ORDER BY seq DESC LIMIT 1";

/// Notes what a channel promises from now on, where that is news.
pub(super) fn promise(db: &Connection, channel: &str, clocks: &str, now: i64) -> Result<()> {
    db.prepare_cached(&format!(
        "INSERT INTO event (at, channel, what, details) SELECT ?2, ?1, 'policy', ?3 WHERE ?3 IS NOT ({NEWEST_POLICY})"
    ))?
    .execute(params![channel, now, clocks])?;
    Ok(())
}

/// Where the log ends.
pub(super) fn end(db: &Connection) -> Result<LogPlace> {
    db.query_row(
        "SELECT ifnull((SELECT max(seq) FROM event), 0), ifnull((SELECT max(id) FROM message), 0)",
        [],
        |r| Ok(LogPlace { event: r.get(0)?, message: r.get(1)? }),
    )
}

/// What happened after a place: messages first, then the rest, each in its order.
pub(super) fn happened(db: &Connection, after: LogPlace, limit: usize) -> Result<(Vec<Happened>, LogPlace)> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (mut all, mut place) = (Vec::new(), after);
    let mut find = db.prepare_cached(
        "SELECT id, at, conversation, direction = 'inbound' AND role <> 'system' AND kind NOT IN ('system', 'reaction') \
         AND provisional = 0 FROM message WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut rows = find.query(params![after.message, limit])?;
    while let Some(row) = rows.next()? {
        place.message = row.get(0)?;
        if row.get(3)? {
            all.push(Happened {
                word: "message".into(),
                at: from_millis(row.get(1)?),
                actor: None,
                conversation: ConversationId(row.get(2)?),
                message: Some(MessageId(place.message)),
                details: Facts::new(),
            });
        }
    }
    let room = limit - i64::try_from(all.len()).unwrap_or(0);
    let mut find = db.prepare_cached(
        "SELECT seq, at, actor, what, details, conversation FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut rows = find.query(params![after.event, room])?;
    while let Some(row) = rows.next()? {
        place.event = row.get(0)?;
        let what: String = row.get(3)?;
        let word = match what.as_str() {
            "state" => "status",
            // Whoever was told that it is there hears that nobody knows.
            UNMARKED => "uncertain",
            "sent" | "failed" | "uncertain" | "parked" | "assign" | "note" => what.as_str(),
            _ => continue,
        };
        let details: Facts = from_json(&row.get::<_, String>(4)?);
        let told_before = ["replayed", "as_it_stands"].iter().any(|key| details.contains_key(*key));
        if let Some(conversation) = row.get::<_, Option<i64>>(5)?.filter(|_| !told_before) {
            all.push(Happened {
                word: word.to_owned(),
                at: from_millis(row.get(1)?),
                actor: row.get(2)?,
                conversation: ConversationId(conversation),
                message: None,
                details,
            });
        }
    }
    Ok((all, place))
}
