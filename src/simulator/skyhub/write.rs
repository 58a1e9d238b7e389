//! The writing side of SkyHub: replies and read states, and all that is refused.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{CNPJ, Line, Person, Store, answer_later, detail, not_found};
use crate::simulator::{
    book::{BookMark, BookMessage, Writer},
    points::ReplyBody,
    wire::{Call, Reply, Turn, one, text_of},
};

impl Store {
    /// `POST /sac/{code}/chats/{parts}`.
    pub(super) fn reply(&mut self, code: &str, parts: &str, call: &Call, turn: &mut Turn<'_>) -> Reply {
        let Ok(body @ Value::Object(_)) = serde_json::from_slice::<Value>(&call.body) else {
            turn.book.breach("skyhub reply: the body is no JSON object");
            return Reply::json(400, &one("error", "JSON inválido"));
        };
        self.next += 1;
        let id = format!("sky-{}", self.next);
        let Some(ticket) = self.find(code) else { return not_found() };
        let refuse = |status: u16, breach: bool, text: &str| {
            if breach {
                turn.book.breach(format!("skyhub reply: {text}"));
            }
            Reply::json(status, &detail(text))
        };
        if parts == "CUSTOMER_B2W" {
            return refuse(turn.switches.skyhub_wrong_field_status, true, "CUSTOMER_B2W is read only");
        }
        let order_code = ticket.order_code.clone();
        let Some(chat) = ticket.chat(parts) else { return not_found() };
        for field in ["deliveryId", "identityId", "messageTo", "messageType", "orderId", "message"] {
            if text_of(&body, field).is_none() {
                return refuse(400, true, &format!("{field} is missing or no string"));
            }
        }
        let wrong = turn.switches.skyhub_wrong_field_status;
        let given = |field| text_of(&body, field).unwrap_or_default();
        if given("message").trim().is_empty() && turn.switches.skyhub_refuses_empty {
            return refuse(422, true, "message is empty");
        }
        if given("messageType") != "TEXT_MESSAGE" {
            return refuse(wrong, true, "messageType is not TEXT_MESSAGE");
        }
        let to = if parts == "B2W_SELLER" { "TO_B2W" } else { "TO_CUSTOMER" };
        if given("messageTo") != to {
            return refuse(wrong, true, &format!("messageTo of {parts} is {to}"));
        }
        if Some(given("deliveryId")) != code.rsplit_once('-').map(|(_, delivery)| delivery) {
            return refuse(wrong, true, "deliveryId is not the ticket's");
        }
        if given("orderId") != order_code {
            return refuse(wrong, true, "orderId is not the ticket's");
        }
        let identity: String = if turn.switches.skyhub_punctuated_cnpj {
            given("identityId").chars().filter(char::is_ascii_digit).collect()
        } else {
            given("identityId").into()
        };
        if identity != CNPJ {
            return refuse(wrong, true, "identityId is not the seller's");
        }
        let most = turn.switches.skyhub_max_message;
        if most > 0 && given("message").chars().count() > most {
            return refuse(422, false, "message is too long");
        }
        if chat.status == "PAUSED" {
            return refuse(422, false, "Chat pausado: atendimento em mediação pelo marketplace");
        }
        let text = given("message");
        let text = if turn.switches.skyhub_trims { text.trim() } else { text }.to_owned();
        let window = TimeDelta::seconds(turn.switches.skyhub_dedupe_equal_reply_s);
        let repeated = window > TimeDelta::zero()
            && chat.messages.iter().any(|line| {
                line.person.role == "SELLER" && line.content == text && turn.now - line.created_at < window
            });
        if repeated {
            return created(turn);
        }
        let late = TimeDelta::milliseconds(turn.switches.skyhub_visibility_ms + turn.late_ms());
        for line in
            chat.messages.iter_mut().filter(|line| line.person.role != "SELLER" && line.replyed_at.is_none())
        {
            line.replyed_at = Some(turn.now);
        }
        chat.messages.push(Line {
            content: text.clone(),
            created_at: turn.now,
            visible_at: turn.now + late,
            person: Person {
                code: 901,
                email: "loja@example.com".into(),
                name: "Loja Exemplo".into(),
                role: "SELLER",
            },
            replyed_at: None,
        });
        if turn.switches.skyhub_reply_marks_read && chat.seller_status == "UNREAD" {
            chat.seller_status = "READ".into();
        }
        if turn.switches.skyhub_message_moves_updated {
            ticket.updated_at = turn.now;
        }
        turn.book.wrote(BookMessage {
            vendor: "skyhub".into(),
            conversation: format!("{code}/{parts}"),
            id,
            writer: Writer::Us,
            text,
            kind: "text".into(),
            at: turn.now,
            attachments: Vec::new(),
            reference: None,
            request: turn.request,
            statuses: Vec::new(),
        });
        answer_later(turn, code, parts);
        created(turn)
    }

    /// `PATCH /sac/{code}/chats/{parts}`.
    pub(super) fn patch(&mut self, code: &str, parts: &str, call: &Call, turn: &mut Turn<'_>) -> Reply {
        let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let Some(ticket) = self.find(code) else { return not_found() };
        let status = text_of(&body, "status").unwrap_or_default();
        if !matches!(status, "READ" | "UNREAD" | "ARCHIVED") {
            turn.book.breach(format!("skyhub patch: status {status:?}"));
            return Reply::json(422, &detail("status inválido"));
        }
        if parts == "CUSTOMER_B2W" && !turn.switches.skyhub_patch_customer_b2w {
            turn.book.breach("skyhub patch: CUSTOMER_B2W is read only");
            return Reply::json(422, &detail("CUSTOMER_B2W is read only"));
        }
        let moves = turn.switches.skyhub_patch_moves_updated;
        let Some(chat) = ticket.chat(parts) else { return not_found() };
        if chat.status == "PAUSED" && !turn.switches.skyhub_patch_paused {
            return Reply::json(422, &detail("Chat pausado"));
        }
        chat.seller_status = status.into();
        ticket.own_status = None;
        if turn.switches.skyhub_patch_sets_ticket {
            ticket.chats.iter_mut().for_each(|chat| chat.seller_status = status.into());
        }
        if moves {
            ticket.updated_at = turn.now;
        }
        turn.book.mark(BookMark {
            at: turn.now,
            vendor: "skyhub".into(),
            conversation: format!("{code}/{parts}"),
            what: status.into(),
            by_us: true,
        });
        Reply::empty(204)
    }
}

/// The 201 to a reply, whose body the vendor leaves open.
fn created(turn: &Turn<'_>) -> Reply {
    match turn.switches.skyhub_reply_body {
        ReplyBody::Empty => Reply::empty(201),
        ReplyBody::Null => Reply::json(201, &Value::Null),
        ReplyBody::Json => Reply::json(201, &json!({"id": 7, "status": "ok"})),
        ReplyBody::Text => Reply::text(201, "Created"),
    }
}
