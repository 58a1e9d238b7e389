//! SkyHub's chats in the domain's words. Pure.

use std::collections::HashMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    request::{self, B2W_SELLER, CUSTOMER_B2W, CUSTOMER_SELLER},
    time,
    wire::{Chat, Message, Ticket},
};
use crate::{
    channels::lenient::{self, Raw},
    domain::{
        Counterpart, Customer, Direction, Facts, Gate, GateEvidence, MessageKind, Role, Time,
        change::{Change, ConversationSeen, MessageSeen, RemoteClosed},
        message::Author,
    },
};

/// A chat with its messages decoded, merged from all pages that held some of it.
#[derive(Debug, Default)]
pub struct WholeChat {
    /// Who talks.
    pub parts: String,
    /// `ACTIVE`, `PAUSED`, …
    pub status: Option<String>,
    /// `UNREAD`, `READ`, `ARCHIVED`.
    pub seller_status: Option<String>,
    /// Its messages with their keys, by time.
    pub messages: Vec<Said>,
}

/// A message with what it is known by.
#[derive(Clone, Debug)]
pub struct Said {
    /// Made of its parts: SkyHub gives none.
    pub key: String,
    /// As on the wire.
    pub message: Message,
    /// Its bytes, where its text could not be kept to the letter.
    pub raw: Option<Vec<u8>>,
    /// Its moment.
    pub at: Option<Time>,
}

/// Puts the pages of one ticket's chats together.
///
/// Messages have no id, and pages may overlap when something arrives while they are read: a message counts as often as
/// the page that shows it most often (equal text, author and second on two pages are one message).
#[derive(Debug, Default)]
pub struct Merging {
    chats: Vec<WholeChat>,
    counts: HashMap<(String, String), usize>,
    /// A chat came without its messages.
    pub cut_short: bool,
}

impl Merging {
    /// Adds one page. The answer says how many items could not be read at all.
    pub fn page(&mut self, code: &str, items: &[Raw]) -> usize {
        let mut unread = 0;
        let mut on_this_page = HashMap::<(String, String), usize>::new();
        for item in items {
            let Ok(chat) = lenient::split::<Chat>(item) else {
                unread += 1;
                continue;
            };
            let Some(parts) = chat.parts else {
                unread += 1;
                continue;
            };
            let at = self.chats.iter().position(|it| it.parts == parts).unwrap_or_else(|| {
                self.chats.push(WholeChat { parts: parts.clone(), ..WholeChat::default() });
                self.chats.len() - 1
            });
            let whole = &mut self.chats[at];
            whole.status = chat.status.or(whole.status.take());
            whole.seller_status = chat.seller_status.or(whole.seller_status.take());
            self.cut_short |= chat.messages.is_none();
            for raw in chat.messages.iter().flatten() {
                let (message, kept) = match lenient::decode::<Message>(raw) {
                    Ok(read) => read,
                    // Not even an object: it stands in the thread as something that cannot be shown.
                    Err(_) => (Message::default(), Some(raw.get().as_bytes().to_vec())),
                };
                let at = message.created_at.as_deref().and_then(time::parse);
                let digest = digest(code, &parts, &message, at, kept.as_deref());
                let place = (parts.clone(), digest.clone());
                let here = on_this_page.entry(place.clone()).or_default();
                *here += 1;
                let known = self.counts.entry(place).or_default();
                if *here > *known {
                    *known = *here;
                    let key = format!("{digest}-{here}");
                    whole.messages.push(Said { key, message, raw: kept, at });
                }
            }
        }
        unread
    }

    /// All chats, their messages by time (the contract promises no order; equal times stay as they came).
    pub fn done(mut self) -> Vec<WholeChat> {
        for chat in &mut self.chats {
            chat.messages.sort_by_key(|said| said.at);
        }
        self.chats
    }
}

/// SHA-256 of what makes a message (contract A.6.5). Every part is led by its length, so that no two lists of parts
/// look alike; the time counts in whole seconds of UTC, so that another way to write it changes nothing.
fn digest(code: &str, parts: &str, message: &Message, at: Option<Time>, raw: Option<&[u8]>) -> String {
    let part = message.part.clone().unwrap_or_default();
    let time =
        at.map_or_else(|| message.created_at.clone().unwrap_or_default(), |at| at.timestamp().to_string());
    let mut hash = Sha256::new();
    let texts = [
        code,
        parts,
        part.role.as_deref().unwrap_or_default(),
        part.code.as_deref().unwrap_or_default(),
        &time,
        message.content.as_deref().unwrap_or_default(),
    ];
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    if message.content.is_none() {
        // Nothing to tell such items apart by but their bytes.
        hash.update(raw.unwrap_or_default());
    }
    hex::encode(hash.finalize())
}

/// Who a person is to us.
fn role(word: Option<&str>, theirs: Role) -> Role {
    match word {
        Some("CUSTOMER") => Role::Customer,
        Some("SELLER") => Role::Agent,
        Some("EMPLOYEE") => Role::Marketplace,
        _ => theirs,
    }
}

/// Who the other side of a chat is.
fn their_role(parts: &str) -> Role {
    if parts == B2W_SELLER { Role::Marketplace } else { Role::Customer }
}

/// May we send there: by the chat's own status, never by the ticket's `mediation`.
pub fn gate(parts: &str, status: Option<&str>) -> Gate {
    match (request::message_to(parts), status) {
        (None, _) => Gate::ReadOnly,
        (Some(_), Some("ACTIVE")) => Gate::Open,
        (Some(_), Some("PAUSED")) => Gate::Paused,
        (Some(_), _) => Gate::Unknown,
    }
}

/// The person of a ticket: the newest author with the role CUSTOMER in this chat, else in its siblings.
fn customer(chat: &WholeChat, all: &[WholeChat]) -> Customer {
    let newest = |chat: &WholeChat| {
        chat.messages
            .iter()
            .rev()
            .filter_map(|said| said.message.part.clone())
            .find(|part| part.role.as_deref() == Some("CUSTOMER"))
    };
    let part = newest(chat).or_else(|| all.iter().find_map(newest)).unwrap_or_default();
    Customer { id: part.code, name: part.name, email: part.email, phone: None }
}

/// All changes of one ticket's chats, conversations before their messages.
pub fn changes(code: &str, ticket: &Ticket, chats: &[WholeChat], read_at: Time) -> Vec<Change> {
    chats.iter().flat_map(|chat| chat_changes(code, ticket, chat, chats, read_at)).collect()
}

fn chat_changes(
    code: &str,
    ticket: &Ticket,
    chat: &WholeChat,
    all: &[WholeChat],
    read_at: Time,
) -> Vec<Change> {
    let seen = conversation(code, ticket, chat, all, read_at);
    let remote_id = seen.remote_id.clone();
    let mut changes = vec![Change::Conversation(Box::new(seen))];
    changes.extend(
        chat.messages.iter().map(|said| Change::Message(Box::new(message(&remote_id, &chat.parts, said)))),
    );
    changes
}

fn conversation(
    code: &str,
    ticket: &Ticket,
    chat: &WholeChat,
    all: &[WholeChat],
    read_at: Time,
) -> ConversationSeen {
    let parts = chat.parts.as_str();
    let delivery = request::delivery(code);
    let customer = customer(chat, all);
    let mut seen = ConversationSeen::named(request::remote_id(code, parts), their_role(parts), read_at);
    let mut status = Facts::new();
    status.insert("seller_status".into(), json!(chat.seller_status));
    status.insert("status".into(), json!(chat.status));
    if let Some(mediation) = ticket.mediation {
        status.insert("mediation".into(), json!(mediation));
    }
    if let Some(instances) = ticket.instances.as_ref().filter(|it| !it.is_empty()) {
        status.insert("instances".into(), json!(instances));
    }
    seen.remote_status = Some(status);
    seen.remote_unread = chat.seller_status.as_deref().map(|it| it == "UNREAD");
    seen.remote_closed = chat.seller_status.as_deref().map(|it| RemoteClosed {
        closed: it == "ARCHIVED",
        at: None,
        unanswered: false,
    });
    seen.gate = Some(GateEvidence::said(gate(parts, chat.status.as_deref())));
    seen.counterpart = Some(counterpart(parts, delivery, ticket, &customer));
    seen.customer = customer;
    let mut order = Facts::new();
    order.insert("number".into(), json!(ticket.order_code));
    order.insert("delivery".into(), json!(delivery));
    seen.order = Some(order);
    seen.numbers = ticket.order_code.iter().cloned().chain([delivery.to_owned()]).collect();
    seen.facts = facts(code, parts, ticket);
    seen.created_at = ticket.created_at.as_deref().and_then(time::parse);
    seen.updated_at = ticket.updated_at.as_deref().and_then(time::parse);
    seen
}

fn counterpart(parts: &str, delivery: &str, ticket: &Ticket, customer: &Customer) -> Counterpart {
    let about = match &ticket.order_code {
        Some(order) => format!("order {order}"),
        None => format!("delivery {delivery}"),
    };
    if parts == B2W_SELLER {
        return Counterpart {
            name: "Americanas".into(),
            addressee: format!("AMERICANAS about {about}"),
            note: None,
        };
    }
    let name = customer.name.clone().unwrap_or_else(|| format!("customer of {about}"));
    match parts {
        CUSTOMER_SELLER | CUSTOMER_B2W => {
            Counterpart { addressee: format!("CUSTOMER {name}"), name, note: None }
        }
        _ => Counterpart { addressee: format!("{parts} {name}"), name, note: None },
    }
}

/// What a reply will need again.
fn facts(code: &str, parts: &str, ticket: &Ticket) -> Facts {
    let mut facts = Facts::new();
    facts.insert("code".into(), json!(code));
    facts.insert("parts".into(), json!(parts));
    if let Ok(Value::Object(fields)) = serde_json::to_value(ticket) {
        facts.extend(fields.into_iter().filter(|(key, value)| key != "code" && !value.is_null()));
    }
    // The ticket's read state and last change are what a scan compares; they age too fast for a fact.
    facts.remove("status");
    facts.remove("updated_at");
    facts
}

/// The ticket as facts remember it.
pub fn ticket_of(facts: &Facts) -> Ticket {
    serde_json::from_value(Value::Object(facts.clone())).unwrap_or_default()
}

fn message(conversation: &str, parts: &str, said: &Said) -> MessageSeen {
    let part = said.message.part.clone().unwrap_or_default();
    let ours = part.role.as_deref() == Some("SELLER") && parts != CUSTOMER_B2W;
    MessageSeen {
        conversation: conversation.to_owned(),
        key: said.key.clone(),
        remote_id: None,
        direction: if ours { Direction::Outbound } else { Direction::Inbound },
        author: Author { role: role(part.role.as_deref(), their_role(parts)), name: part.name },
        author_id: part.code,
        body: said.message.content.clone().unwrap_or_default(),
        raw: said.raw.clone(),
        kind: if said.message.content.is_some() { MessageKind::Text } else { MessageKind::Unsupported },
        attachments: Vec::new(),
        context: None,
        sent_at: said.at,
        send_id: None,
        provisional: false,
    }
}

/// The messages of a chat that we wrote with this text, by time.
pub fn ours_with<'a>(chat: &'a WholeChat, text: &str) -> Vec<&'a Said> {
    let wanted = request::normalised(text);
    chat.messages
        .iter()
        .filter(|said| said.message.part.as_ref().and_then(|it| it.role.as_deref()) == Some("SELLER"))
        .filter(|said| said.message.content.as_deref().is_some_and(|it| request::normalised(it) == wanted))
        .collect()
}
