//! Rows of the tables as the domain's nouns.

use rusqlite::{Connection, Result, Row, types::FromSql};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::{
    Action, Attachment, AttachmentState, Author, ChannelKind, ChannelName, Conversation, ConversationId,
    Counterpart, Customer, Delivery, Direction, Facts, Gate, GateEvidence, Message, MessageId, MessageKind,
    OutboxRow, Priority, Promise, Role, RowNumber, RowState, Status, Time, Turn, time::from_millis,
};

/// Reads the columns of a row one after the other, in the order of its SELECT.
pub(super) struct Columns<'a> {
    row: &'a Row<'a>,
    at: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(row: &'a Row<'a>) -> Self {
        Self { row, at: 0 }
    }

    pub(super) fn next<T: FromSql>(&mut self) -> Result<T> {
        self.at += 1;
        self.row.get(self.at - 1)
    }

    fn time(&mut self) -> Result<Time> {
        Ok(from_millis(self.next()?))
    }

    fn maybe_time(&mut self) -> Result<Option<Time>> {
        Ok(self.next::<Option<i64>>()?.map(from_millis))
    }

    /// A word of ours; one that this program does not know reads as `None`.
    fn word<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        Ok(self.next::<Option<String>>()?.as_deref().and_then(parse))
    }

    /// JSON of ours; what cannot be read is the default.
    fn json<T: DeserializeOwned + Default>(&mut self) -> Result<T> {
        Ok(self.next::<Option<String>>()?.map(|text| from_json(&text)).unwrap_or_default())
    }

    fn count(&mut self) -> Result<u32> {
        Ok(u32::try_from(self.next::<i64>()?.max(0)).unwrap_or(u32::MAX))
    }
}

/// JSON of ours; what cannot be read is the default.
pub(super) fn from_json<T: DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

/// JSON of ours, as text.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types have string keys and no failing serializers")
}

/// The columns of [`conversation`], from `conversation c` and what [`CONVERSATION_FROM`] joins.
pub(super) const CONVERSATION: &str = "c.id, c.channel, c.kind, c.remote_id, c.subject, c.customer_id, \
    c.customer_name, c.customer_email, c.customer_phone, c.counterpart, c.addressee, c.addressee_note, c.their_role, \
    c.status, c.remote_status, c.remote_read_at, c.gate, c.gate_since, c.gate_until, c.turn, \
    iif(c.mute, 0, ifnull(u.unread, c.unanswered)), c.remote_unread, c.assignee, c.labels, c.priority, \
    c.snoozed_until, c.held_until, c.order_facts, c.products, c.category, c.messages, c.lang, c.rev, c.due_clock, \
    c.waiting_since, c.due_at, c.created_at, c.updated_at, c.last_line, c.last_direction, c.outbox, \
    EXISTS (SELECT 1 FROM draft d WHERE d.conversation = c.id AND d.agent = :me), c.drift, \
    c.thanked, c.promised_at, c.promise, c.promised_by";

/// What joins the agent's own cursor to `conversation c`; binds `:me`.
pub(super) const CURSOR: &str = "LEFT JOIN cursor u ON u.conversation = c.id AND u.agent = :me";

/// A row of [`CONVERSATION`].
pub(super) fn conversation(row: &Row<'_>) -> Result<Conversation> {
    let mut c = Columns::of(row);
    Ok(Conversation {
        id: ConversationId(c.next()?),
        channel: ChannelName(c.next()?),
        kind: ChannelKind(c.next::<String>()?.into()),
        remote_id: c.next::<Option<String>>()?.unwrap_or_default(),
        subject: c.next()?,
        customer: Customer { id: c.next()?, name: c.next()?, email: c.next()?, phone: c.next()? },
        counterpart: Counterpart { name: c.next()?, addressee: c.next()?, note: c.next()? },
        their_role: c.word(Role::parse)?.unwrap_or(Role::Customer),
        status: c.word(Status::parse)?.unwrap_or(Status::Open),
        remote_status: c.next::<Option<String>>()?.map(|text| from_json(&text)),
        remote_read_at: c.maybe_time()?,
        gate: gate(&c.next::<String>()?, c.maybe_time()?, c.maybe_time()?),
        turn: c.word(turn)?,
        unread: c.count()?,
        remote_unread: c.next()?,
        assignee: c.next()?,
        labels: c.json()?,
        priority: c.word(Priority::parse)?,
        snoozed_until: c.maybe_time()?,
        held_until: c.maybe_time()?,
        order: c.next::<Option<String>>()?.map(|text| from_json(&text)),
        products: c.json()?,
        category: c.next()?,
        messages: c.count()?,
        lang: c.next()?,
        rev: c.next()?,
        due_clock: c.next()?,
        waiting_since: c.maybe_time()?,
        due_at: c.maybe_time()?,
        created_at: c.time()?,
        updated_at: c.time()?,
        last_line: c.next()?,
        last_direction: c.word(Direction::parse)?,
        outbox: c.word(Delivery::parse)?,
        has_draft: c.next()?,
        drift: c.next()?,
        thanked: c.next()?,
        promise: promise(c.maybe_time()?, c.next()?, c.next()?),
    })
}

/// What the columns `promised_at`, `promise`, `promised_by` hold.
pub(super) fn promise(at: Option<Time>, words: Option<String>, by: Option<String>) -> Option<Promise> {
    Some(Promise { at: at?, words: words.unwrap_or_default(), by: by.unwrap_or_default() })
}

fn turn(word: &str) -> Option<Turn> {
    [Turn::Us, Turn::Them, Turn::ThirdParty].into_iter().find(|it| it.as_str() == word)
}

/// The evidence that the columns `gate`, `gate_since`, `gate_until` hold.
pub(super) fn gate(word: &str, since: Option<Time>, until: Option<Time>) -> GateEvidence {
    match (word, until) {
        ("window", Some(until)) => GateEvidence::Window { until },
        _ => GateEvidence::Said { gate: Gate::parse(word).unwrap_or(Gate::Unknown), since },
    }
}

/// The columns of [`message`], from `message m`.
pub(super) const MESSAGE: &str = "m.id, m.conversation, m.remote_id, m.direction, m.role, m.author, m.body, m.kind, \
    m.delivery, m.error, m.context, m.at, m.outbox_row, m.edited_at, m.removed_at";

/// A row of [`MESSAGE`], without its files and reactions: see [`complete`].
pub(super) fn message(row: &Row<'_>) -> Result<Message> {
    let mut c = Columns::of(row);
    Ok(Message {
        id: MessageId(c.next()?),
        conversation: ConversationId(c.next()?),
        remote_id: c.next()?,
        direction: c.word(Direction::parse)?.unwrap_or(Direction::Inbound),
        author: Author { role: c.word(Role::parse)?.unwrap_or(Role::Customer), name: c.next()? },
        body: c.next()?,
        kind: c.word(MessageKind::parse)?.unwrap_or(MessageKind::Unsupported),
        delivery: c.word(Delivery::parse)?,
        error: c.next()?,
        context: c.next::<Option<String>>()?.map(|text| from_json::<Value>(&text)),
        created_at: c.time()?,
        row: c.next::<Option<i64>>()?.map(RowNumber),
        edited_at: c.maybe_time()?,
        removed_at: c.maybe_time()?,
        attachments: Vec::new(),
        reactions: Vec::new(),
    })
}

/// Adds files and reactions.
pub(super) fn complete(db: &Connection, messages: &mut [Message]) -> Result<()> {
    let mut files = db.prepare_cached(
        "SELECT n, name, mime, size, sha256, state FROM attachment WHERE message = ?1 ORDER BY n",
    )?;
    let mut reactions = db.prepare_cached("SELECT emoji FROM reaction WHERE message = ?1 ORDER BY at, by")?;
    for message in messages {
        message.attachments = files
            .query_map([message.id.0], |row| {
                let mut c = Columns::of(row);
                Ok(Attachment {
                    n: c.next()?,
                    name: c.next()?,
                    mime: c.next()?,
                    size: c.next::<Option<i64>>()?.and_then(|size| size.try_into().ok()),
                    sha256: c.next()?,
                    state: c.word(AttachmentState::parse)?.unwrap_or(AttachmentState::Failed),
                    fetched: None,
                })
            })?
            .collect::<Result<_>>()?;
        message.reactions = reactions.query_map([message.id.0], |row| row.get(0))?.collect::<Result<_>>()?;
    }
    Ok(())
}

/// The columns of [`outbox`], from `outbox o`.
pub(super) const OUTBOX: &str = "o.n, o.conversation, o.channel, o.action, o.state, o.author, o.attempts, \
    o.not_before, o.reason, o.error, o.created_at, o.sent_at, o.message, o.send_id, o.seen_rev, o.seen_message, \
    o.after_row, o.evidence, o.upload, o.lookups";

/// A row of [`OUTBOX`].
pub(super) fn outbox(row: &Row<'_>) -> Result<OutboxRow> {
    let mut c = Columns::of(row);
    Ok(OutboxRow {
        n: RowNumber(c.next()?),
        conversation: ConversationId(c.next()?),
        channel: ChannelName(c.next()?),
        action: serde_json::from_str::<Action>(&c.next::<String>()?).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, Box::new(error))
        })?,
        state: c.word(RowState::parse)?.unwrap_or(RowState::Parked),
        author: c.next()?,
        attempts: c.count()?,
        not_before: c.maybe_time()?,
        reason: c.next()?,
        error: c.next()?,
        created_at: c.time()?,
        sent_at: c.maybe_time()?,
        message: c.next::<Option<i64>>()?.map(MessageId),
        send_id: c.next()?,
        seen_rev: c.next()?,
        seen_message: c.next::<Option<i64>>()?.map(MessageId),
        after: c.next::<Option<i64>>()?.map(RowNumber),
        evidence: c.json()?,
        upload: c.next()?,
        lookups: c.json()?,
    })
}

/// An object with one key, for the log.
pub(super) fn details<const N: usize>(pairs: [(&str, Value); N]) -> Facts {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
