//! Rithum Dsco: conversations between one retailer and one supplier, by windowed polling.

mod list;
#[cfg(test)]
mod tests;
mod write;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};

use super::{
    agenda::Event,
    book::{BookMark, BookMessage, Writer},
    faults::What,
    options::Switches,
    points::ErrorBody,
    shelf::Shelf,
    wire::{Bucket, Call, Reply, Turn, form, put, text_of},
};
use crate::domain::time::{Time, rfc3339};

/// What the demo's supplier channel is configured with.
pub(super) const SUPPLIER_ACCOUNT: [(&str, &str); 4] = [
    ("role", "supplier"),
    ("url", "{origin}/dsco/api/v3"),
    ("client_id", "supplier-client"),
    ("client_secret", "supplier-secret-77"),
];

/// What the demo's retailer channel is configured with.
pub(super) const RETAILER_ACCOUNT: [(&str, &str); 4] = [
    ("role", "retailer"),
    ("url", "{origin}/dsco/api/v3"),
    ("client_id", "retailer-client"),
    ("client_secret", "retailer-secret-31"),
];

/// A trading partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Big Retailer.
    Retailer,
    /// The supplier.
    Supplier,
}

impl Side {
    /// `retailer` or `supplier`.
    pub fn word(self) -> &'static str {
        if self == Self::Retailer { "retailer" } else { "supplier" }
    }

    fn account(self) -> &'static str {
        if self == Self::Retailer { "1000010" } else { "1000020" }
    }

    fn partner_id(self) -> &'static str {
        if self == Self::Retailer { "big-retailer" } else { "aaa-bbb-ccc" }
    }

    fn name(self) -> &'static str {
        if self == Self::Retailer { "Big Retailer" } else { "Alpine Outfitters" }
    }

    /// The other one.
    pub fn other(self) -> Self {
        if self == Self::Retailer { Self::Supplier } else { Self::Retailer }
    }
}

/// A conversation.
#[derive(Clone)]
pub(super) struct Thread {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `Some(consumer)` in customer care.
    pub consumer: Option<String>,
    /// Who began it.
    pub begun_by: Side,
    /// `new`, `in_progress`, `closed`.
    pub status: &'static str,
    /// Reference ids of retailer and supplier.
    pub references: [Option<String>; 2],
    /// What it is about.
    pub context: Value,
    /// The first message.
    pub initial: Option<String>,
    /// When an answer is due.
    pub due: Option<Time>,
    /// Whether it is a test.
    pub is_test: bool,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// When it was created.
    pub created_at: Time,
    /// When it was changed.
    pub updated_at: Time,
    /// From when searches find it.
    pub visible_at: Time,
}

/// A message.
#[derive(Clone)]
pub(super) struct Note {
    id: String,
    thread: String,
    text: String,
    from: Side,
    at: Time,
    visible_at: Time,
}

struct Token {
    side: Side,
    until: Time,
}

/// The platform.
#[derive(Default)]
pub(super) struct Platform {
    /// All conversations.
    pub threads: Shelf<Thread>,
    notes: Shelf<Note>,
    tokens: HashMap<String, Token>,
    scrolls: HashMap<String, list::Scroll>,
    buckets: HashMap<(String, &'static str), Bucket>,
    next: u64,
}

/// What is asked for.
pub(super) fn operation(call: &Call) -> &'static str {
    match (call.method.as_str(), call.path().as_slice()) {
        ("POST", ["oauth2", "token"]) => "token",
        ("GET", ["hello"]) => "hello",
        ("POST", ["conversation"]) => "create",
        ("PUT", ["conversation"]) => "update",
        ("POST", ["conversation", "list"]) => "list",
        ("POST", ["conversation", "message"]) => "message",
        ("POST", ["conversation", "message", "list"]) => "messages",
        _ => "unknown",
    }
}

/// A refusal as the conversation calls give it.
fn bad(text: impl Into<String>) -> Reply {
    Reply::text(400, text)
}

/// The refusal with what the vendor says beside its status, where only the status is documented.
fn worded(reply: Reply, turn: &Turn<'_>) -> Reply {
    let status = reply.status.as_u16();
    if status < 400 || !reply.body.is_empty() {
        return reply;
    }
    let text = reply.status.canonical_reason().unwrap_or("Refused");
    let said = match turn.switches.dsco_error_body {
        ErrorBody::Empty => return reply,
        ErrorBody::Text => Reply::text(status, text),
        ErrorBody::Json => Reply::json(
            status,
            &json!({
                "status": "failure", "requestId": "r-1", "eventDate": rfc3339(turn.now),
                "messages": [{"code": status.to_string(), "severity": "error", "description": [text]}],
            }),
        ),
        ErrorBody::OldJson => {
            Reply::json(status, &json!({"type": "error", "success": false, "message": text}))
        }
    };
    Reply { headers: [reply.headers, said.headers].concat(), ..said }
}

impl Platform {
    /// Answers one call.
    pub fn answer(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        if call.operation == "token" {
            return self.token(call, turn);
        }
        let reply = self.answered(call, turn);
        worded(reply, turn)
    }

    fn answered(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        let side = match self.who(call, turn) {
            Ok(side) => side,
            Err(refusal) => return refusal,
        };
        if call.operation == "hello" {
            return Reply::json(200, &json!({"hello": "World!"}));
        }
        if call.operation == "unknown" {
            turn.book.breach(format!("dsco: no operation {} {}", call.method, call.target));
            let known = call.segments.first().is_some_and(|first| first == "conversation");
            return Reply::empty(if known { 405 } else { 404 });
        }
        if !call.header("accept").unwrap_or_default().contains("application/json") {
            turn.book.breach(format!("dsco {}: Accept is {:?}", call.operation, call.header("accept")));
        }
        if call.content_type() != "application/json" {
            turn.book.breach(format!(
                "dsco {}: Content-Type is {:?}",
                call.operation,
                call.header("content-type")
            ));
            return Reply::empty(415);
        }
        let counted = match call.header("authorization") {
            Some(token) if turn.switches.dsco_rate_by_token => token,
            _ => side.word(),
        };
        let bucket = self.buckets.entry((counted.into(), call.operation)).or_default();
        if turn.quirk(&What::RateLimited)
            || (turn.switches.rate_limits && !bucket.admit(turn.now, turn.switches.dsco_per_second))
        {
            turn.book.limit("dsco");
            let reply = Reply::empty(429);
            return if turn.switches.dsco_retry_after { reply.with("retry-after", "1") } else { reply };
        }
        let Ok(body @ Value::Object(_)) = serde_json::from_slice::<Value>(&call.body) else {
            turn.book.breach(format!("dsco {}: the body is no JSON object", call.operation));
            return bad("Unable to parse the request body as JSON");
        };
        match call.operation {
            "create" => self.create(side, &body, turn),
            "update" => self.update(side, &body, turn),
            "message" => self.add(side, &body, turn),
            "list" => self.search(side, &body, list::Kind::Threads, turn),
            _ => self.search(side, &body, list::Kind::Notes, turn),
        }
    }

    fn token(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        if call.content_type() != "application/x-www-form-urlencoded" {
            turn.book.breach("dsco token: the body is no form");
            return Reply::json(400, &json!({"error": "invalid_request", "error_description": "not a form"}));
        }
        if call.header("authorization").is_some() {
            turn.book.breach("dsco token: Authorization is not asked for");
        }
        let fields = form(&String::from_utf8_lossy(&call.body));
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if field("grant_type") != Some("client_credentials")
            || field("client_id").is_none()
            || field("client_secret").is_none()
        {
            turn.book.breach("dsco token: grant_type, client_id and client_secret are required");
            return Reply::json(
                400,
                &json!({"error": "invalid_request", "error_description": "missing parameter"}),
            );
        }
        let side = [(Side::Supplier, SUPPLIER_ACCOUNT), (Side::Retailer, RETAILER_ACCOUNT)].into_iter().find(
            |(_, account)| {
                field("client_id") == Some(account[2].1) && field("client_secret") == Some(account[3].1)
            },
        );
        let Some((side, _)) = side else {
            return Reply::json(
                401,
                &json!({"error": "invalid_client", "error_description": "unknown client"}),
            );
        };
        let token = format!("dsco-{:016x}", turn.rng.u64(..));
        let life = turn.switches.dsco_token_s;
        self.tokens.retain(|_, token| token.until > turn.now);
        self.tokens.insert(token.clone(), Token { side, until: turn.now + TimeDelta::seconds(life) });
        Reply::json(200, &json!({"access_token": token, "token_type": "Bearer", "expires_in": life}))
    }

    fn who(&mut self, call: &Call, turn: &Turn<'_>) -> Result<Side, Reply> {
        if turn.quirk(&What::SessionExpired) {
            self.tokens.clear();
        }
        let Some(given) = call.header("authorization") else {
            turn.book.breach(format!("dsco {}: no Authorization", call.operation));
            return Err(Reply::empty(401));
        };
        let (scheme, token) = given.split_once(' ').unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("bearer") {
            turn.book.breach(format!("dsco {}: Authorization is no bearer", call.operation));
            return Err(Reply::empty(401));
        }
        match self.tokens.get(token.trim()) {
            Some(token) if token.until > turn.now => Ok(token.side),
            _ => Err(Reply::empty(401)),
        }
    }

    /// Forgets all tokens.
    pub fn expire(&mut self) {
        self.tokens.clear();
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// The conversation of this id.
    pub fn find(&mut self, id: &str) -> Option<&mut Thread> {
        self.threads.named_mut(id)
    }

    /// Begins a conversation as somebody who need not be the client.
    pub fn begin(&mut self, mut thread: Thread, turn: &mut Turn<'_>) -> String {
        if thread.id.is_empty() {
            thread.id = format!("cv{:06}{:06x}", self.number(), turn.rng.u32(..0x0100_0000));
        }
        let (id, from, text, at) =
            (thread.id.clone(), thread.begun_by, thread.initial.clone(), thread.created_at);
        let visible_at = thread.visible_at;
        self.threads.put(&id, thread);
        if let Some(text) = text.filter(|_| turn.switches.dsco_initial_is_message) {
            self.note(&id, from, &text, at, visible_at, turn);
        }
        id
    }

    /// Adds a message; the status follows. The caller has checked that it may be added.
    pub fn note(
        &mut self,
        id: &str,
        from: Side,
        text: &str,
        at: Time,
        visible_at: Time,
        turn: &mut Turn<'_>,
    ) -> String {
        let number = self.number();
        let note =
            Note { id: format!("m{number:08}"), thread: id.into(), text: text.into(), from, at, visible_at };
        let bumps = turn.switches.dsco_message_bumps_update;
        let mut care = false;
        if let Some(thread) = self.threads.named_mut(id) {
            care = thread.consumer.is_some();
            let follows = || {
                let mut newest_first = self.notes.iter().rev();
                turn.switches.dsco_follow_up_progresses && newest_first.any(|note| note.thread == id)
            };
            if thread.status == "new" && (thread.begun_by != from || follows()) {
                thread.status = "in_progress";
                thread.updated_at = thread.updated_at.max(at);
            }
            if bumps {
                thread.updated_at = thread.updated_at.max(at);
            }
        }
        turn.book.wrote(BookMessage {
            vendor: "dsco".into(),
            conversation: id.into(),
            id: note.id.clone(),
            writer: match (turn.request, from, care) {
                (Some(_), ..) => Writer::Us,
                (None, Side::Retailer, true) => Writer::Customer,
                _ => Writer::Other,
            },
            text: text.into(),
            kind: "text".into(),
            at,
            attachments: Vec::new(),
            reference: None,
            request: turn.request,
            statuses: Vec::new(),
        });
        if turn.request.is_some() && turn.agenda.live {
            let wait = TimeDelta::milliseconds(turn.rng.i64(5_000..15_000));
            turn.agenda.push(turn.now + wait, Event::Answer { vendor: "dsco", conversation: id.into() });
        }
        let id = note.id.clone();
        self.notes.put(&id, note);
        id
    }

    /// Sets a status as somebody.
    pub fn set_status(&mut self, id: &str, status: &str, turn: &Turn<'_>) -> bool {
        let now = turn.now;
        let Some(thread) = self.find(id) else { return false };
        let Some(status) = ["new", "in_progress", "closed"].into_iter().find(|known| *known == status) else {
            return false;
        };
        thread.status = status;
        thread.closed_at = (status == "closed").then_some(now);
        thread.updated_at = now;
        turn.book.mark(BookMark {
            at: now,
            vendor: "dsco".into(),
            conversation: id.into(),
            what: format!("status {status}"),
            by_us: turn.request.is_some(),
        });
        true
    }

    /// Who last wrote in a conversation.
    pub fn last_writer(&self, id: &str) -> Option<Side> {
        self.notes.iter().rev().find(|note| note.thread == id).map(|note| note.from)
    }
}

/// The reference ids that `viewer` is shown.
fn references(value: &mut Value, thread: &Thread, viewer: Side, switches: &Switches) {
    let sides = [(Side::Retailer, "retailerReferenceId"), (Side::Supplier, "supplierReferenceId")];
    for ((side, field), reference) in sides.into_iter().zip(&thread.references) {
        if side == viewer || switches.dsco_shows_partner_reference {
            put(value, field, reference.clone());
        }
    }
}

impl Thread {
    /// The conversation as `viewer` sees it.
    fn json(&self, viewer: Side, switches: &Switches) -> Value {
        let mut value = json!({"id": self.id});
        references(&mut value, self, viewer, switches);
        put(&mut value, "title", Some(self.title.clone()));
        put(
            &mut value,
            "type",
            Some(match &self.consumer {
                Some(consumer) => json!({"type": "customer_care", "consumerId": consumer}),
                None => json!({"type": "standard"}),
            }),
        );
        put(&mut value, "initiatedBy", Some(self.begun_by.word()));
        put(&mut value, "dscoRetailerId", Some(Side::Retailer.account()));
        put(&mut value, "dscoSupplierId", Some(Side::Supplier.account()));
        let other = viewer.other();
        let prefix = if other == Side::Retailer { "dscoRetailer" } else { "dscoSupplier" };
        put(&mut value, &format!("{prefix}TradingPartnerId"), Some(other.partner_id()));
        put(&mut value, &format!("{prefix}TradingPartnerName"), Some(other.name()));
        put(&mut value, "status", Some(self.status));
        put(&mut value, "context", Some(self.context.clone()));
        put(
            &mut value,
            "initialMessage",
            self.initial.as_ref().map(|text| json!({"message": written(text, switches)})),
        );
        put(&mut value, "dueDate", self.due.map(rfc3339));
        put(&mut value, "isTest", Some(self.is_test));
        put(&mut value, "closedDate", self.closed_at.map(rfc3339));
        put(&mut value, "createDate", Some(rfc3339(self.created_at)));
        put(&mut value, "lastUpdate", Some(rfc3339(self.updated_at)));
        value
    }
}

impl Note {
    /// The message as `viewer` sees it.
    fn json(&self, thread: &Thread, viewer: Side, switches: &Switches) -> Value {
        let mut value = json!({});
        if let Some(consumer) = &thread.consumer {
            let kind =
                if self.from == Side::Retailer { "message_from_consumer" } else { "response_to_consumer" };
            let kind = json!({"type": "customer_care", "customerCareType": kind, "consumerId": consumer});
            put(&mut value, "type", Some(kind));
        }
        put(&mut value, "dscoConversationId", Some(self.thread.clone()));
        put(&mut value, "dscoMessageId", Some(self.id.clone()));
        references(&mut value, thread, viewer, switches);
        put(&mut value, "message", Some(written(&self.text, switches)));
        put(&mut value, "accountType", Some(self.from.word()));
        put(&mut value, "dscoAccountId", Some(self.from.account()));
        let to = self.from.other();
        if self.from != viewer {
            put(&mut value, "dscoTradingPartnerId", Some(self.from.partner_id()));
            put(&mut value, "dscoTradingPartnerName", Some(self.from.name()));
        }
        put(&mut value, "recipientDscoAccountId", Some(to.account()));
        if to != viewer {
            put(&mut value, "recipientDscoTradingPartnerId", Some(to.partner_id()));
            put(&mut value, "recipientDscoTradingPartnerName", Some(to.name()));
        }
        put(&mut value, "isTest", Some(thread.is_test));
        put(&mut value, "createDate", Some(rfc3339(self.at)));
        put(&mut value, "lastUpdate", Some(rfc3339(self.at)));
        value
    }
}

/// A text as the API gives it back.
fn written(text: &str, switches: &Switches) -> String {
    if !switches.dsco_html_entities {
        return text.to_owned();
    }
    html_escape::encode_text(text).into_owned()
}

/// Reads a date as the API does; the seed's malformed ones only where the switch says so.
fn date(body: &Value, field: &str, turn: &Turn<'_>) -> Result<Option<Time>, Reply> {
    let Some(value) = body.get(field) else { return Ok(None) };
    let text = value.as_str().unwrap_or_default();
    let read = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .map(|at| at.to_utc());
    if let Ok(at) = read {
        return Ok(Some(at));
    }
    if turn.switches.dsco_lenient_dates
        && let Ok(at) =
            chrono::NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), "%Y:%m:%dT%H:%M:%S%.f")
    {
        return Ok(Some(at.and_utc()));
    }
    turn.book.breach(format!("dsco: {field} {value} is no date"));
    Err(bad(format!("{field} is not a valid ISO 8601 date-time")))
}

/// A string field; another kind is an error.
fn string<'a>(body: &'a Value, field: &str, turn: &Turn<'_>) -> Result<Option<&'a str>, Reply> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(_)) => Ok(text_of(body, field)),
        Some(_) => {
            turn.book.breach(format!("dsco: {field} is no string"));
            Err(bad(format!("{field} must be a string")))
        }
    }
}

/// Unknown attributes, where the switch refuses them.
fn strict(body: &Value, known: &[&str], turn: &Turn<'_>) -> Result<(), Reply> {
    let unknown = body.as_object().and_then(|map| map.keys().find(|key| !known.contains(&key.as_str())));
    match unknown {
        Some(unknown) if turn.switches.dsco_strict_attributes => {
            Err(bad(format!("Unrecognized attribute {unknown}")))
        }
        _ => Ok(()),
    }
}
