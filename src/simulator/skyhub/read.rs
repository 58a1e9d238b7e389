//! The reading side of SkyHub: lists of tickets and the chats of one, both by cursor.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{Store, naive, not_found};
use crate::simulator::{
    faults::What,
    points::EndOfPages,
    wire::{Call, Reply, Turn, one, put},
};

/// What a cursor holds: everything that the first query said, so that the rest of the query is ignored.
struct Cursor {
    from: usize,
    status: Option<String>,
    platform: Option<String>,
}

impl Cursor {
    fn of(call: &Call, turn: &Turn<'_>) -> Result<Self, Reply> {
        let Some(text) = call.asks("cursor") else {
            let ask = |name| call.asks(name).filter(|value: &&str| !value.is_empty()).map(str::to_owned);
            return Ok(Self { from: 0, status: ask("status"), platform: ask("platform") });
        };
        if turn.quirk(&What::ExpiredScroll) {
            return Err(Reply::json(400, &one("error", "cursor inválido")));
        }
        let read: Option<Value> =
            BASE64_STANDARD.decode(text).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some(read) = read else {
            turn.book.breach(format!("skyhub: cursor {text:?} is none of ours"));
            return Err(Reply::json(400, &one("error", "cursor inválido")));
        };
        let text = |key| read.get(key).and_then(Value::as_str).map(str::to_owned);
        let from = read["from"].as_u64().and_then(|from| usize::try_from(from).ok()).unwrap_or(0);
        Ok(Self { from, status: text("status"), platform: text("platform") })
    }

    fn at(&self, from: usize) -> String {
        let mut value = json!({ "from": from });
        put(&mut value, "status", self.status.clone());
        put(&mut value, "platform", self.platform.clone());
        BASE64_STANDARD.encode(value.to_string())
    }
}

/// Where this page begins, and what its `next_page` says.
fn page(
    cursor: &Cursor,
    total: usize,
    size: usize,
    url: &str,
    turn: &Turn<'_>,
) -> (usize, usize, Option<Value>) {
    let mut from = cursor.from.min(total);
    for quirk in turn.quirks {
        match quirk {
            What::DuplicatePage => from = from.saturating_sub(size),
            What::ShiftedPage { by } => {
                from = from.saturating_add_signed(isize::try_from(*by).unwrap_or(0)).min(total);
            }
            _ => {}
        }
    }
    let to = (cursor.from + size).min(total);
    let next = |from: usize| Some(Value::from(format!("{url}?cursor={}", cursor.at(from))));
    let end = match turn.switches.skyhub_end {
        _ if turn.quirk(&What::EmptyLastPage) => EndOfPages::EmptyPage,
        end => end,
    };
    let next = if to < total {
        next(to)
    } else {
        match end {
            EndOfPages::Absent => None,
            EndOfPages::Empty => Some(Value::from("")),
            EndOfPages::SameUrl => next(cursor.from),
            EndOfPages::EmptyPage if cursor.from < total => next(total),
            EndOfPages::EmptyPage | EndOfPages::Null => Some(Value::Null),
        }
    };
    (from, to.max(from), next)
}

impl Store {
    /// `GET /sac`.
    pub(super) fn list(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        let cursor = match Cursor::of(call, turn) {
            Ok(cursor) => cursor,
            Err(refusal) => return refusal,
        };
        if let Some(status) = &cursor.status
            && !turn.switches.skyhub_ticket_statuses.contains(status)
        {
            turn.book.breach(format!("skyhub sacs: status {status:?}"));
            return Reply::json(400, &one("error", "status inválido"));
        }
        let mut tickets: Vec<_> = self
            .tickets
            .iter()
            .filter(|ticket| ticket.chats.iter().any(|chat| !chat.messages.is_empty()))
            .filter(|ticket| cursor.status.as_deref().is_none_or(|status| ticket.status() == status))
            .filter(|_| {
                cursor.platform.as_deref().is_none_or(|platform| platform.eq_ignore_ascii_case("b2w"))
            })
            .collect();
        tickets.sort_by(|one, other| {
            other.updated_at.cmp(&one.updated_at).then_with(|| one.code.cmp(&other.code))
        });
        let url = format!("{}/skyhub/sac", turn.origin);
        let (from, to, next) =
            page(&cursor, tickets.len(), turn.switches.skyhub_page_size.max(1), &url, turn);
        let rows: Vec<Value> = tickets[from..to].iter().map(|ticket| ticket.json(turn.switches)).collect();
        let mut body = json!({});
        put(&mut body, "next_page", next);
        put(&mut body, "sacs", Some(rows));
        Reply::json(200, &body)
    }

    /// `GET /sac/{code}/chats`.
    pub(super) fn chats(&mut self, code: &str, call: &Call, turn: &mut Turn<'_>) -> Reply {
        let cursor = match Cursor::of(call, turn) {
            Ok(cursor) => cursor,
            Err(refusal) => return refusal,
        };
        let Some(ticket) = self.find(code) else { return not_found() };
        let (now, switches) = (turn.now, turn.switches);
        let mut lines: Vec<(usize, Value)> = ticket
            .chats
            .iter()
            .enumerate()
            .flat_map(|(place, chat)| {
                let seen = chat.messages.iter().filter(move |line| line.visible_at <= now);
                seen.map(move |line| {
                    let person = &line.person;
                    let message = json!({
                        "content": line.content, "created_at": naive(line.created_at, switches),
                        "part": {"code": person.code, "email": person.email, "name": person.name, "role": person.role},
                        "replyed_at": line.replyed_at.map(|at| naive(at, switches)),
                    });
                    (place, message)
                })
            })
            .collect();
        if turn.switches.skyhub_reverse {
            lines.reverse();
        }
        // The raw space of the code stands in the URL, as the vendor writes it.
        let url = format!("{}/skyhub/sac/{code}/chats", turn.origin);
        let (from, to, next) =
            page(&cursor, lines.len(), turn.switches.skyhub_chat_page_size.max(1), &url, turn);
        let mut chats = Vec::new();
        for (place, chat) in ticket.chats.iter().enumerate() {
            let here: Vec<Value> =
                lines[from..to].iter().filter(|(of, _)| *of == place).map(|(_, line)| line.clone()).collect();
            let silent = chat.messages.is_empty() && cursor.from == 0 && switches.skyhub_silent_chats;
            if here.is_empty() && !silent {
                continue;
            }
            let last = chat.messages.iter().map(|line| line.created_at).max().map(|at| naive(at, switches));
            chats.push(json!({
                "last_message": last, "messages": here, "parts": chat.parts, "seller_status": chat.seller_status,
                "status": if chat.status == "PAUSED" { switches.skyhub_paused_status.as_str() } else { chat.status },
            }));
        }
        if turn.switches.skyhub_reverse {
            chats.reverse();
        }
        if turn.switches.skyhub_read_has_side_effect {
            for chat in ticket.chats.iter_mut().filter(|chat| chat.seller_status == "UNREAD") {
                chat.seller_status = "READ".into();
            }
        }
        if turn.switches.skyhub_bare_chat && chats.len() == 1 {
            return Reply::json(200, &chats.remove(0));
        }
        let mut body = one("chats", chats);
        put(&mut body, "next_page", next);
        Reply::json(200, &body)
    }
}
