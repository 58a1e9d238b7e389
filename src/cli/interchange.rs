//! The shape of import and export: one conversation a line.

use chrono::Utc;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        Author, Conversation, Counterpart, Customer, Direction, Facts, Gate, GateEvidence, Message,
        MessageKind, Role, Status, Time,
        change::{Change, ConversationSeen, MessageSeen, Page},
        time::rfc3339,
    },
    store::Imported,
};

/// A line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    /// The conversation's id in its file: our remote id.
    pub id: String,
    /// The channel's name in the file.
    pub channel: String,
    /// Who wrote.
    #[serde(default)]
    pub customer: LineCustomer,
    /// What about.
    #[serde(default)]
    pub subject: Option<String>,
    /// Ours, or `snoozed`.
    pub status: String,
    /// Whose.
    #[serde(default)]
    pub assignee: Option<String>,
    /// Labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// RFC 3339.
    pub created_at: chrono::DateTime<chrono::FixedOffset>,
    /// RFC 3339.
    pub updated_at: chrono::DateTime<chrono::FixedOffset>,
    /// The thread.
    #[serde(default)]
    pub messages: Vec<LineMessage>,
}

/// The customer of a line.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct LineCustomer {
    /// Name.
    #[serde(default)]
    pub name: Option<String>,
    /// E-mail: the customer's id.
    #[serde(default)]
    pub email: Option<String>,
    /// Language.
    #[serde(default)]
    pub lang: Option<String>,
}

/// A message of a line.
#[derive(Debug, Serialize, Deserialize)]
pub struct LineMessage {
    /// Its id in the file.
    pub id: String,
    /// An address.
    #[serde(default)]
    pub from: Option<String>,
    /// A name.
    #[serde(default)]
    pub author: Option<String>,
    /// `customer`, `agent` or `note`.
    pub author_kind: String,
    /// RFC 3339.
    pub at: chrono::DateTime<chrono::FixedOffset>,
    /// The text.
    pub body: String,
}

/// A line as the store takes it.
///
/// # Errors
/// A sentence that names the field that cannot be understood.
pub fn imported(line: Line) -> Result<Imported, String> {
    let status = match line.status.as_str() {
        "snoozed" => Status::Pending,
        word => Status::parse(word).ok_or_else(|| format!("status {word:?} is not known"))?,
    };
    let updated_at = line.updated_at.with_timezone(&Utc);
    let name = line.customer.name.clone().or_else(|| line.customer.email.clone()).unwrap_or_default();
    let mut facts = Facts::new();
    if let Some(lang) = line.customer.lang {
        facts.insert("lang".into(), lang.into());
    }
    let head = ConversationSeen {
        subject: line.subject,
        customer: Customer {
            id: line.customer.email.clone(),
            name: line.customer.name,
            email: line.customer.email,
            phone: None,
        },
        counterpart: Some(Counterpart { addressee: format!("CUSTOMER {name}"), name, note: None }),
        gate: Some(GateEvidence::said(Gate::ReadOnly)),
        facts,
        created_at: Some(line.created_at.with_timezone(&Utc)),
        updated_at: Some(updated_at),
        ..ConversationSeen::named(line.id.clone(), Role::Customer, updated_at)
    };
    let mut changes = vec![Change::Conversation(Box::new(head))];
    for message in line.messages {
        let (direction, role) = match message.author_kind.as_str() {
            "customer" => (Direction::Inbound, Role::Customer),
            "agent" => (Direction::Outbound, Role::Agent),
            "note" => (Direction::Note, Role::Agent),
            other => return Err(format!("author_kind {other:?} is not known")),
        };
        changes.push(Change::Message(Box::new(MessageSeen {
            conversation: line.id.clone(),
            key: format!("{}/{}", line.id, message.id),
            remote_id: Some(message.id),
            direction,
            author: Author { role, name: message.author.or(message.from.clone()) },
            author_id: message.from,
            body: message.body,
            raw: None,
            kind: MessageKind::Text,
            attachments: Vec::new(),
            context: None,
            sent_at: Some(message.at.with_timezone(&Utc)),
            send_id: None,
            provisional: false,
        })));
    }
    Ok(Imported {
        page: Page { changes, memory: Vec::new() },
        remote_id: line.id,
        status,
        assignee: line.assignee,
        tags: line.tags,
    })
}

/// A conversation as a line.
pub fn exported(conversation: &Conversation, thread: &[Message]) -> Line {
    let fixed = |at: Time| at.fixed_offset();
    Line {
        id: conversation.remote_id.clone(),
        channel: conversation.channel.0.clone(),
        customer: LineCustomer {
            name: conversation.customer.name.clone(),
            email: conversation.customer.email.clone(),
            lang: conversation.lang.clone(),
        },
        subject: conversation.subject.clone(),
        status: conversation.status.as_str().to_owned(),
        assignee: conversation.assignee.clone(),
        tags: conversation.labels.clone(),
        created_at: fixed(conversation.created_at),
        updated_at: fixed(conversation.updated_at),
        messages: thread
            .iter()
            .map(|message| LineMessage {
                id: message.remote_id.clone().unwrap_or_else(|| message.id.to_string()),
                from: match message.direction {
                    Direction::Inbound => conversation.customer.email.clone(),
                    _ => None,
                },
                author: message.author.name.clone(),
                author_kind: match message.direction {
                    Direction::Inbound => "customer",
                    Direction::Outbound => "agent",
                    Direction::Note => "note",
                }
                .to_owned(),
                at: fixed(message.created_at),
                body: message.body.clone(),
            })
            .collect(),
    }
}

/// A conversation to read, as Markdown. Vendors' text is made safe by the caller.
pub fn markdown(conversation: &Conversation, thread: &[Message], safe: impl Fn(&str) -> String) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let subject = conversation.subject.as_deref().unwrap_or("(no subject)");
    // Writing into a String cannot fail.
    let _ = writeln!(text, "# {} {}\n", conversation.id, safe(subject));
    let _ = writeln!(
        text,
        "{} via {}, {}\n",
        safe(conversation.customer.name.as_deref().unwrap_or(&conversation.counterpart.name)),
        conversation.channel,
        conversation.status.as_str()
    );
    for message in thread {
        let author = message.author.name.as_deref().unwrap_or(message.author.role.as_str());
        let _ = writeln!(
            text,
            "## {} {} ({})\n",
            rfc3339(message.created_at),
            safe(author),
            message.direction.as_str()
        );
        for line in safe(&message.body).lines() {
            let _ = writeln!(text, "> {line}");
        }
        text.push('\n');
    }
    text
}
