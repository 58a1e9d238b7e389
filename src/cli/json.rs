//! The JSON shapes of interface.md. Times are RFC 3339 in UTC with milliseconds; absent is `null`, never missing.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::{
    Conversation, ConversationId, Delivery, Facts, Gate, Message, MessageId, OutboxRow, Priority, Product,
    RowNumber, Time, Turn, outbox::Event, time::rfc3339,
};

/// A conversation, as `list` prints it.
#[derive(Debug, Serialize)]
pub struct ConversationJson {
    id: ConversationId,
    channel: String,
    kind: String,
    remote_id: String,
    subject: Option<String>,
    customer: Value,
    status: &'static str,
    remote_status: Option<Facts>,
    gate: &'static str,
    turn: Option<&'static str>,
    unread: u32,
    remote_unread: bool,
    assignee: Option<String>,
    labels: Vec<String>,
    priority: Option<&'static str>,
    snoozed_until: Option<String>,
    order: Option<Facts>,
    products: Vec<Product>,
    category: Option<String>,
    messages: u32,
    lang: Option<String>,
    rev: i64,
    due_clock: Option<String>,
    waiting_since: Option<String>,
    due_at: Option<String>,
    created_at: String,
    updated_at: String,
}

impl ConversationJson {
    /// The shape of a conversation at `now`.
    pub fn of(conversation: &Conversation, now: Time) -> Self {
        let it = conversation.clone();
        let mut remote_status = it.remote_status;
        if let (Some(facts), Some(at)) = (remote_status.as_mut(), it.remote_read_at) {
            facts.insert("read_at".into(), rfc3339(at).into());
        }
        let gate = it.gate.at(now);
        Self {
            id: it.id,
            channel: it.channel.0,
            kind: it.kind.as_str().to_owned(),
            remote_id: it.remote_id,
            subject: it.subject,
            customer: json!({
                "id": it.customer.id, "name": it.customer.name, "email": it.customer.email, "phone": it.customer.phone,
            }),
            status: it.status.as_str(),
            remote_status,
            gate: gate.as_str(),
            // What we may only read has no turn, no deadline and no unread count.
            turn: it
                .turn
                .filter(|_| gate != Gate::ReadOnly || it.kind.as_str() == "import")
                .map(Turn::as_str),
            unread: it.unread,
            remote_unread: it.remote_unread,
            assignee: it.assignee,
            labels: it.labels,
            priority: it.priority.map(Priority::as_str),
            snoozed_until: it.snoozed_until.map(rfc3339),
            order: it.order,
            products: it.products,
            category: it.category,
            messages: it.messages,
            lang: it.lang,
            rev: it.rev,
            due_clock: it.due_clock,
            waiting_since: it.waiting_since.map(rfc3339),
            due_at: it.due_at.map(rfc3339),
            created_at: rfc3339(it.created_at),
            updated_at: rfc3339(it.updated_at),
        }
    }
}

/// A message, as `show` prints it.
#[derive(Debug, Serialize)]
pub struct MessageJson {
    id: MessageId,
    remote_id: Option<String>,
    direction: &'static str,
    author: Value,
    body: String,
    kind: &'static str,
    delivery: Option<&'static str>,
    error: Option<String>,
    attachments: Vec<Value>,
    context: Option<Value>,
    created_at: String,
    row: Option<RowNumber>,
    edited_at: Option<String>,
    removed_at: Option<String>,
    reactions: Vec<String>,
}

impl MessageJson {
    /// The shape of a message.
    pub fn of(message: &Message) -> Self {
        let it = message.clone();
        Self {
            id: it.id,
            remote_id: it.remote_id,
            direction: it.direction.as_str(),
            author: json!({ "role": it.author.role.as_str(), "name": it.author.name }),
            body: it.body,
            kind: it.kind.as_str(),
            delivery: it.delivery.map(Delivery::as_str),
            error: it.error,
            attachments: it
                .attachments
                .iter()
                .map(|file| {
                    json!({
                        "n": file.n, "name": file.name, "mime": file.mime, "size": file.size, "sha256": file.sha256,
                        "state": file.state.as_str(),
                    })
                })
                .collect(),
            context: it.context,
            created_at: rfc3339(it.created_at),
            row: it.row,
            edited_at: it.edited_at.map(rfc3339),
            removed_at: it.removed_at.map(rfc3339),
            reactions: it.reactions,
        }
    }
}

/// A conversation with its thread, one flat object, as `show` prints it.
#[derive(Debug, Serialize)]
pub struct ShowJson {
    #[serde(flatten)]
    head: ConversationJson,
    thread: Vec<MessageJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<Value>>,
}

impl ShowJson {
    /// The shape of a conversation with its thread, and its history where asked.
    pub fn of(conversation: &Conversation, thread: &[Message], history: Option<&[Event]>, now: Time) -> Self {
        Self {
            head: ConversationJson::of(conversation, now),
            thread: thread.iter().map(MessageJson::of).collect(),
            history: history.map(|events| {
                events
                    .iter()
                    .map(|event| {
                        json!({
                            "seq": event.seq, "at": rfc3339(event.at), "actor": event.actor, "what": event.what, "details": event.details,
                        })
                    })
                    .collect()
            }),
        }
    }
}

/// An outbox row, as `outbox` prints it.
#[derive(Debug, Serialize)]
pub struct RowJson {
    n: RowNumber,
    conversation: ConversationId,
    channel: String,
    action: &'static str,
    state: &'static str,
    author: String,
    attempts: u32,
    not_before: Option<String>,
    reason: Option<String>,
    error: Option<String>,
    created_at: String,
    text: Option<String>,
}

impl RowJson {
    /// The shape of a row.
    pub fn of(row: &OutboxRow) -> Self {
        Self {
            n: row.n,
            conversation: row.conversation,
            channel: row.channel.0.clone(),
            action: row.action.word(),
            state: row.state.as_str(),
            author: row.author.clone(),
            attempts: row.attempts,
            not_before: row.not_before.map(rfc3339),
            reason: row.reason.clone(),
            error: row.error.clone(),
            created_at: rfc3339(row.created_at),
            text: row.action.outgoing().map(|outgoing| outgoing.text.clone()),
        }
    }
}
