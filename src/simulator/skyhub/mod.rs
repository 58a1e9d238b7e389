//! SkyHub SAC: tickets per delivery with up to three chats each, by pull only.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::HashMap;

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::America::Sao_Paulo;
use serde_json::{Value, json};

use super::{
    agenda::Event,
    book::{BookMessage, Writer},
    faults::What,
    options::Switches,
    shelf::Shelf,
    wire::{Bucket, Call, Reply, Turn, one},
};
use crate::domain::time::Time;

/// What the demo's channel is configured with.
pub(super) const ACCOUNT: [(&str, &str); 5] = [
    ("url", "{origin}/skyhub"),
    ("user_email", "loja@example.com"),
    ("api_key", "sky-key-5b1f"),
    ("account_manager_key", "am-key-90c2"),
    ("identity_id", CNPJ),
];

/// The seller's registration number.
const CNPJ: &str = "12345678901234";

/// A ticket.
pub(super) struct Ticket {
    /// `<sales channel>-<delivery>`.
    pub code: String,
    /// The order.
    pub order_code: String,
    /// Whether the marketplace mediates.
    pub mediation: bool,
    /// When it was opened.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// A status of its own, until somebody writes or marks.
    own_status: Option<String>,
    /// Its chats.
    pub chats: Vec<Chat>,
    /// Cancel, return and exchange requests.
    pub instances: Vec<Value>,
}

/// A chat of a ticket.
pub(super) struct Chat {
    /// Who talks with whom.
    pub parts: &'static str,
    /// `ACTIVE` or `PAUSED`.
    pub status: &'static str,
    /// `UNREAD`, `READ`, `ARCHIVED`.
    pub seller_status: String,
    /// The messages, oldest first.
    pub messages: Vec<Line>,
}

/// A message of a chat.
pub(super) struct Line {
    content: String,
    created_at: Time,
    visible_at: Time,
    person: Person,
    replyed_at: Option<Time>,
}

/// Who wrote.
#[derive(Clone)]
pub(super) struct Person {
    /// The marketplace's number of the person.
    pub code: u64,
    /// E-mail.
    pub email: String,
    /// Name.
    pub name: String,
    /// `CUSTOMER`, `SELLER`, `EMPLOYEE`.
    pub role: &'static str,
}

/// The store's side of SkyHub.
#[derive(Default)]
pub(super) struct Store {
    /// All tickets.
    pub tickets: Shelf<Ticket>,
    buckets: HashMap<String, Bucket>,
    next: u64,
}

/// What is asked for.
pub(super) fn operation(call: &Call) -> &'static str {
    match (call.method.as_str(), call.path().as_slice()) {
        ("GET", ["sac"]) => "sacs",
        ("GET", ["sac", _]) => "sac",
        ("GET", ["sac", _, "chats"]) => "chats",
        ("POST", ["sac", _, "chats", _]) => "reply",
        ("PATCH", ["sac", _, "chats", _]) => "patch",
        (_, ["sac", _, "instances"]) => "instances",
        _ => "unknown",
    }
}

impl Ticket {
    /// What the seller may answer is what counts: `CUSTOMER_B2W` cannot be marked by him.
    fn status(&self) -> &str {
        if let Some(own) = &self.own_status {
            return own;
        }
        let has = |status: &str| {
            self.chats.iter().any(|chat| chat.parts != "CUSTOMER_B2W" && chat.seller_status == status)
        };
        if has("UNREAD") {
            "UNREAD"
        } else if has("READ") {
            "READ"
        } else {
            "ARCHIVED"
        }
    }

    /// The chat of these parts.
    pub fn chat(&mut self, parts: &str) -> Option<&mut Chat> {
        self.chats.iter_mut().find(|chat| chat.parts == parts)
    }

    fn json(&self, switches: &Switches) -> Value {
        let status = match self.status() {
            "READ" => switches.skyhub_read_status.as_str(),
            other => other,
        };
        json!({
            "code": self.code, "created_at": with_offset(self.created_at),
            "mediation": self.mediation && switches.skyhub_mediation_shown,
            "order_code": self.order_code, "platform": "B2w", "status": status,
            "updated_at": with_offset(self.updated_at), "warehouse": "98",
        })
    }
}

impl Chat {
    /// An empty chat that may be written to.
    pub fn new(parts: &'static str) -> Self {
        Self { parts, status: "ACTIVE", seller_status: "READ".into(), messages: Vec::new() }
    }
}

impl Store {
    /// Answers one call.
    pub fn answer(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        if let Some(refusal) = refuse_headers(call, turn) {
            return refusal;
        }
        let counted = if turn.switches.skyhub_shared_bucket { "" } else { call.operation };
        let bucket = self.buckets.entry(format!("{} {counted}", call.method)).or_default();
        if turn.quirk(&What::RateLimited)
            || (turn.switches.rate_limits && !bucket.admit(turn.now, turn.switches.skyhub_per_second))
        {
            turn.book.limit("skyhub");
            let body = turn.switches.skyhub_limit_body.as_str();
            let mime = if body.starts_with('{') { "application/json" } else { "text/html" };
            let reply = Reply { status: StatusCode::TOO_MANY_REQUESTS, ..Reply::bytes(mime, body.into()) };
            return match turn.switches.skyhub_retry_after_s {
                0 => reply,
                seconds => reply.with("retry-after", seconds.to_string()),
            };
        }
        match (call.method.as_str(), call.path().as_slice()) {
            ("GET", ["sac"]) => self.list(call, turn),
            ("GET", ["sac", code]) => match self.find(code) {
                Some(ticket) if turn.switches.skyhub_wrap_sac => {
                    Reply::json(200, &one("sac", ticket.json(turn.switches)))
                }
                Some(ticket) => Reply::json(200, &ticket.json(turn.switches)),
                None => not_found(),
            },
            ("GET", ["sac", code, "chats"]) => self.chats(code, call, turn),
            ("POST", ["sac", code, "chats", parts]) => self.reply(code, parts, call, turn),
            ("PATCH", ["sac", code, "chats", parts]) => self.patch(code, parts, call, turn),
            ("GET", ["sac", code, "instances"]) => match self.find(code) {
                Some(ticket) => Reply::json(200, &one("instances", ticket.instances.clone())),
                None => not_found(),
            },
            ("POST" | "PUT", ["sac", _, "instances"]) => {
                turn.book.breach("skyhub: writing an instance moves money and is out of scope");
                Reply::json(422, &detail("instances are read only here"))
            }
            _ => {
                turn.book.breach(format!("skyhub: no operation {} {}", call.method, call.target));
                not_found()
            }
        }
    }

    /// The ticket of this code.
    pub fn find(&mut self, code: &str) -> Option<&mut Ticket> {
        self.tickets.named_mut(code)
    }

    /// Opens a ticket with the chats of these parts.
    pub fn open(&mut self, code: &str, order_code: &str, parts: &[&'static str], at: Time) {
        let ticket = Ticket {
            code: code.into(),
            order_code: order_code.into(),
            mediation: false,
            created_at: at,
            updated_at: at,
            own_status: None,
            chats: parts.iter().map(|parts| Chat::new(parts)).collect(),
            instances: Vec::new(),
        };
        self.tickets.put(code, ticket);
    }

    /// Writes into a chat as somebody who is not the client; false where there is no such chat.
    pub fn say(
        &mut self,
        code: &str,
        parts: &str,
        person: &Person,
        text: &str,
        at: Time,
        turn: &mut Turn<'_>,
    ) -> bool {
        self.next += 1;
        let id = format!("sky-{}", self.next);
        let Some(ticket) = self.find(code) else { return false };
        if turn.switches.skyhub_message_moves_updated {
            ticket.updated_at = ticket.updated_at.max(at);
        }
        ticket.own_status = None;
        let Some(chat) = ticket.chat(parts) else { return false };
        let switches = turn.switches;
        let rises = match chat.seller_status.as_str() {
            "ARCHIVED" => switches.skyhub_archived_reopens,
            _ => switches.skyhub_message_marks_unread,
        };
        if person.role != "SELLER" && rises {
            chat.seller_status = "UNREAD".into();
        }
        chat.messages.push(Line {
            content: text.into(),
            created_at: at,
            visible_at: at,
            person: person.clone(),
            replyed_at: None,
        });
        turn.book.wrote(BookMessage {
            vendor: "skyhub".into(),
            conversation: format!("{code}/{parts}"),
            id,
            writer: match person.role {
                "CUSTOMER" => Writer::Customer,
                "SELLER" => Writer::Us,
                _ => Writer::Other,
            },
            text: text.into(),
            kind: "text".into(),
            at,
            attachments: Vec::new(),
            reference: None,
            request: None,
            statuses: Vec::new(),
        });
        true
    }

    /// Who last wrote in a chat and is not the seller.
    pub fn partner(&mut self, code: &str, parts: &str) -> Option<Person> {
        let chat = self.find(code)?.chat(parts)?;
        let role = if parts == "B2W_SELLER" { "EMPLOYEE" } else { "CUSTOMER" };
        chat.messages.iter().rev().map(|line| &line.person).find(|person| person.role == role).cloned()
    }

    /// The marketplace gives a ticket a status of its list.
    pub fn set_ticket_status(&mut self, code: &str, status: &str, turn: &Turn<'_>) -> bool {
        let known = turn.switches.skyhub_ticket_statuses.iter().any(|it| it == status);
        let Some(ticket) = self.find(code).filter(|_| known) else { return false };
        ticket.own_status = Some(status.into());
        ticket.updated_at = turn.now;
        true
    }

    /// The marketplace takes a ticket over or hands it back.
    pub fn mediate(&mut self, code: &str, on: bool, now: Time) -> bool {
        let Some(ticket) = self.find(code) else { return false };
        ticket.mediation = on;
        ticket.updated_at = now;
        for chat in &mut ticket.chats {
            if chat.parts == "CUSTOMER_SELLER" {
                chat.status = if on { "PAUSED" } else { "ACTIVE" };
            }
        }
        true
    }
}

fn refuse_headers(call: &Call, turn: &Turn<'_>) -> Option<Reply> {
    let wanted =
        [("x-user-email", ACCOUNT[1].1), ("x-api-key", ACCOUNT[2].1), ("x-accountmanager-key", ACCOUNT[3].1)];
    for (header, value) in wanted {
        match call.header(header) {
            None => {
                turn.book.breach(format!("skyhub {}: no {header}", call.operation));
                return Some(Reply::json(401, &one("error", "Token inválido")));
            }
            Some(given) if given != value => return Some(Reply::json(401, &one("error", "Token inválido"))),
            Some(_) => {}
        }
    }
    if turn.quirk(&What::SessionExpired) {
        return Some(Reply::json(401, &one("error", "Token inválido")));
    }
    if call.header("x-user-token").is_some() {
        turn.book.breach("skyhub: X-User-Token is of another API");
    }
    let accepts = call.header("accept").unwrap_or_default().to_ascii_lowercase();
    if !accepts.contains("application/json") {
        turn.book.breach(format!("skyhub {}: Accept is {accepts:?}", call.operation));
        return Some(Reply::json(406, &one("error", "Not acceptable")));
    }
    if call.content_type() != "application/json" || call.foreign_charset() {
        turn.book.breach(format!(
            "skyhub {}: Content-Type is {:?}",
            call.operation,
            call.header("content-type")
        ));
        return Some(Reply::json(415, &one("error", "Unsupported media type")));
    }
    if call.method != "GET" && call.body.is_empty() {
        turn.book.breach(format!("skyhub {}: empty body", call.operation));
        return Some(Reply::json(400, &one("error", "Body obrigatório")));
    }
    None
}

fn detail(text: &str) -> Value {
    json!({"errors": {"detail": text}})
}

fn not_found() -> Reply {
    Reply::json(404, &detail("Not Found"))
}

/// `2023-06-06T21:41:57-03:00`, as the list writes times.
fn with_offset(at: Time) -> String {
    at.with_timezone(&Sao_Paulo).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// `2023-06-06T21:41:57`, as chats write them.
fn naive(at: DateTime<Utc>, switches: &Switches) -> String {
    if switches.skyhub_naive_utc {
        return at.format("%Y-%m-%dT%H:%M:%S").to_string();
    }
    at.with_timezone(&Sao_Paulo).format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// A reply of ours that a living customer will answer.
fn answer_later(turn: &mut Turn<'_>, code: &str, parts: &str) {
    if turn.agenda.live {
        let wait = TimeDelta::milliseconds(turn.rng.i64(5_000..15_000));
        let conversation = format!("{code}/{parts}");
        turn.agenda.push(turn.now + wait, Event::Answer { vendor: "skyhub", conversation });
    }
}
