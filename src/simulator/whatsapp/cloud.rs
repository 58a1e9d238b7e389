//! The Cloud API: Graph paths, Graph errors.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Api, Business, CLOUD_ACCOUNT, CLOUD_NUMBER, meaning, media::cloud_takes, outbound::Refusal};
use crate::simulator::{
    book::{BookAttachment, BookMark},
    faults::What,
    wire::{Call, Reply, Turn, sha256_hex, text_of},
};

/// What is asked for.
pub(super) fn operation(call: &Call) -> &'static str {
    if call.target.starts_with("/lookaside") {
        return "media_get";
    }
    match (call.method.as_str(), call.path().as_slice()) {
        ("POST", [_, _, "messages"]) => {
            let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
            if text_of(&body, "status").is_some() { "mark_read" } else { "send" }
        }
        ("POST", [_, _, "media"]) => "media_upload",
        ("GET", [_, _, "events" | "message_history"]) => "history",
        ("GET", [_, id]) if *id == CLOUD_ACCOUNT[2].1 => "number",
        ("GET", [_, _]) => "media_url",
        ("DELETE", [_, _]) => "media_delete",
        _ => "unknown",
    }
}

/// An error in Graph's shape.
fn graph(code: i64, details: &str, turn: &mut Turn<'_>) -> Reply {
    let status = match code {
        0 | 190 => 401,
        3 | 131_000 | 131_016 | 131_057 | 133_000 | 131_045 => 500,
        10 | 200..=299 | 131_005 | 368 | 130_497 | 131_031 => 403,
        2 | 133_004 => 503,
        132_001 => 404,
        4 | 80_007 | 130_429 | 131_048 | 131_056 | 133_016 => turn.switches.whatsapp_throttle_status,
        _ => 400,
    };
    let (title, _) = meaning(code);
    let mut error = json!({
        "message": format!("(#{code}) {title}"), "type": "OAuthException", "code": code,
        "fbtrace_id": format!("A{:016x}", turn.rng.u64(..)),
    });
    if code != 190 {
        error["error_data"] = json!({"messaging_product": "whatsapp", "details": details});
    }
    let reply = Reply::json(status, &json!({ "error": error }));
    if status == 401 {
        return reply.with("www-authenticate", "OAuth \"Facebook Platform\" \"invalid_token\" \"expired\"");
    }
    reply
}

impl Business {
    /// Answers a call of the Cloud API.
    pub(super) fn cloud(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        let wanted = format!("Bearer {}", CLOUD_ACCOUNT[3].1);
        match call.header("authorization") {
            None => {
                turn.book.breach(format!("whatsapp {}: no Authorization", call.operation));
                return graph(190, "no token", turn);
            }
            Some(given) if given != wanted => return graph(190, "bad token", turn),
            Some(_) => {}
        }
        if turn.quirk(&What::SessionExpired) {
            return graph(190, "expired", turn);
        }
        if let Some(code) = turn
            .quirks
            .iter()
            .find_map(|what| if let What::VendorError { code } = what { Some(*code) } else { None })
        {
            return graph(code, meaning(code).1, turn);
        }
        if call.operation == "media_get" {
            return self.media_bytes(call, turn);
        }
        let path = call.path();
        if path.first().is_none_or(|version| !version.starts_with('v')) {
            turn.book.breach(format!("whatsapp: no version in {}", call.target));
            return graph(100, "unknown path", turn);
        }
        if matches!(call.operation, "send" | "mark_read" | "media_upload") && path[1] != CLOUD_ACCOUNT[2].1 {
            turn.book.breach(format!("whatsapp: phone number {}", path[1]));
            return graph(100, "Object with ID does not exist", turn);
        }
        match call.operation {
            "send" | "mark_read" => {
                if call.content_type() != "application/json" {
                    turn.book.breach(format!(
                        "whatsapp {}: Content-Type is {:?}",
                        call.operation,
                        call.header("content-type")
                    ));
                    return graph(100, "JSON expected", turn);
                }
                let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
                if text_of(&body, "messaging_product") != Some("whatsapp") {
                    turn.book.breach(format!("whatsapp {}: no messaging_product", call.operation));
                    return graph(100, "The parameter messaging_product is required.", turn);
                }
                if call.operation == "mark_read" {
                    self.cloud_read(&body, turn)
                } else {
                    self.cloud_send(&body, turn)
                }
            }
            "media_upload" => self.cloud_upload(call, turn),
            // Graph's node of the number itself: what the docs call for a cheap check of a token.
            "number" => Reply::json(
                200,
                &json!({
                    "verified_name": "Loja Exemplo", "display_phone_number": CLOUD_NUMBER, "quality_rating": "GREEN",
                    "id": CLOUD_ACCOUNT[2].1,
                }),
            ),
            "media_url" => self.media_url(path[1], turn),
            "media_delete" => {
                let known = self.cloud.media.remove(path[1]).is_some();
                if known {
                    Reply::json(200, &json!({"success": true}))
                } else {
                    graph(100, "no such media", turn)
                }
            }
            "history" => self.history(call, turn),
            _ => {
                turn.book.breach(format!("whatsapp: no operation {} {}", call.method, call.target));
                graph(100, "Unsupported request", turn)
            }
        }
    }

    /// `GET /{message_history_id}/events`, and, where the switch says so, `GET /{phone_number_id}/message_history`.
    fn history(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        let path = call.path();
        let asked: &[&str] = if path[2] == "events" {
            &["limit", "after", "before", "fields", "status_filter"]
        } else {
            &["limit", "after", "before", "fields", "message_id", "start_time", "end_time"]
        };
        if let Some(unknown) =
            call.query.iter().map(|(key, _)| key).find(|key| !asked.contains(&key.as_str()))
        {
            turn.book.breach(format!("whatsapp history: {unknown} is no parameter"));
            return graph(100, "Unknown parameter", turn);
        }
        let limit = match call.asks("limit").map(str::parse::<usize>) {
            None => 25,
            Some(Ok(limit)) if (1..=100).contains(&limit) => limit,
            Some(_) => {
                turn.book.breach(format!("whatsapp history: limit {:?}", call.asks("limit")));
                return graph(100, "limit must be between 1 and 100", turn);
            }
        };
        let switches = turn.switches;
        let none = "Unsupported get request. Object with ID does not exist";
        let edges: Vec<Value> = if path[2] == "message_history" {
            if path[1] != CLOUD_ACCOUNT[2].1 {
                turn.book.breach(format!("whatsapp: phone number {}", path[1]));
                return graph(100, none, turn);
            }
            if !switches.whatsapp_history_lookup {
                return graph(100, "Unsupported get request", turn);
            }
            let wanted = call.asks("message_id");
            let mut all: Vec<_> =
                self.cloud.sent.iter().filter(|(id, _)| wanted.is_none_or(|wanted| wanted == *id)).collect();
            all.sort_by_key(|(id, sent)| (sent.history.first().map(|it| it.1), *id));
            all.iter().map(|(id, sent)| json!({"id": sent.history_id, "message_id": id})).collect()
        } else {
            let known = self.cloud.sent.iter().find(|(id, sent)| {
                sent.history_id == path[1] || (switches.whatsapp_history_by_message && *id == path[1])
            });
            let Some((_, sent)) = known else { return graph(100, none, turn) };
            let events = sent.history.iter().enumerate();
            let node = |(n, (status, at)): (usize, &(&str, _))| {
                let at: &crate::domain::Time = at;
                let word = if *status == "failed" { "ERROR".to_owned() } else { status.to_uppercase() };
                json!({"id": format!("{}{n}", sent.history_id), "delivery_status": word,
                    "occurrence_timestamp": at.timestamp()})
            };
            events.map(node).map(|node| json!({ "node": node })).collect()
        };
        let cursor = |place: usize| BASE64_STANDARD.encode(format!("at {place}"));
        let from = call
            .asks("after")
            .map_or(Some(0), |after| (0..=edges.len()).find(|place| cursor(*place) == after));
        let Some(from) = from else {
            turn.book.breach(format!("whatsapp history: cursor {:?} is none of ours", call.asks("after")));
            return graph(100, "Invalid cursor", turn);
        };
        let to = (from + limit).min(edges.len());
        let mut data = edges[from..to].to_vec();
        for (place, edge) in data.iter_mut().enumerate() {
            if edge.get("node").is_some() {
                edge["cursor"] = json!(cursor(from + place + 1));
            }
        }
        let mut paging = json!({});
        if !data.is_empty() {
            paging["cursors"] = json!({"before": cursor(from), "after": cursor(to)});
        }
        if to < edges.len() {
            paging["next"] =
                json!(format!("{}/graph{}?after={}", turn.origin, call.path().join("/"), cursor(to)));
        }
        Reply::json(200, &json!({ "data": data, "paging": paging }))
    }

    fn cloud_send(&mut self, body: &Value, turn: &mut Turn<'_>) -> Reply {
        match self.send(Api::Cloud, body, turn) {
            Ok((input, to, id)) => {
                let key = if to.contains('.') { "user_id" } else { "wa_id" };
                let messages = json!([{"id": id}]);
                let contacts = json!([{"input": input, key: to}]);
                Reply::json(
                    200,
                    &json!({"messaging_product": "whatsapp", "contacts": contacts, "messages": messages}),
                )
            }
            Err(Refusal(code, _, details, breach)) => {
                if breach {
                    turn.book.breach(format!("whatsapp send: {details}"));
                }
                graph(code, &details, turn)
            }
        }
    }

    fn cloud_read(&mut self, body: &Value, turn: &mut Turn<'_>) -> Reply {
        let id = text_of(body, "message_id").unwrap_or_default();
        if text_of(body, "status") != Some("read") {
            turn.book.breach("whatsapp mark_read: status is not read");
            return graph(100, "status must be read", turn);
        }
        if !self.read(Api::Cloud, id, turn) {
            return graph(131_009, "message_id is not a message of a customer", turn);
        }
        Reply::json(200, &json!({"success": true}))
    }

    /// Marks a customer's message and all earlier ones of that customer as read.
    pub(super) fn read(&mut self, api: Api, id: &str, turn: &Turn<'_>) -> bool {
        let Some((_, person, _)) = self.number(api).received.iter().find(|(known, ..)| known == id) else {
            return false;
        };
        turn.book.mark(BookMark {
            at: turn.now,
            vendor: api.vendor().into(),
            conversation: person.clone(),
            what: format!("read {id}"),
            by_us: true,
        });
        true
    }

    fn cloud_upload(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        if call.content_type() != "multipart/form-data" {
            turn.book.breach("whatsapp media_upload: no multipart");
            return graph(100, "multipart/form-data expected", turn);
        }
        if call.part("messaging_product").is_none_or(|part| part.bytes != b"whatsapp") {
            turn.book.breach("whatsapp media_upload: no messaging_product");
            return graph(100, "The parameter messaging_product is required.", turn);
        }
        let Some(file) = call.part("file") else {
            turn.book.breach("whatsapp media_upload: no file");
            return graph(100, "The parameter file is required.", turn);
        };
        let typed = call.part("type").map(|part| String::from_utf8_lossy(&part.bytes).into_owned());
        let Some(mime) = typed.or_else(|| file.mime.clone()) else {
            turn.book.breach("whatsapp media_upload: no type");
            return graph(100, "The parameter type is required.", turn);
        };
        if let Err(why) = cloud_takes(&mime, file.bytes.len()) {
            return graph(131_053, &why, turn);
        }
        let id = self.cloud.keep(file.bytes.clone(), &mime, turn);
        turn.book.attach(BookAttachment {
            vendor: "whatsapp".into(),
            id: id.clone(),
            name: file.file.clone(),
            mime,
            size: file.bytes.len(),
            sha256: sha256_hex(&file.bytes),
            from_us: true,
            message: None,
        });
        Reply::json(200, &json!({ "id": id }))
    }

    fn media_url(&mut self, id: &str, turn: &mut Turn<'_>) -> Reply {
        let Some(media) = self.cloud.media.get(id) else {
            return graph(100, "Unsupported get request. Object with ID does not exist", turn);
        };
        let secret = format!("{:016x}", turn.rng.u64(..));
        let until = turn.now + TimeDelta::milliseconds(turn.switches.whatsapp_media_url_ms);
        self.cloud.urls.retain(|(_, _, until)| turn.now < *until);
        self.cloud.urls.push((secret.clone(), id.into(), until));
        let url = format!("{}/lookaside/whatsapp_business/attachments/?mid={id}&hash={secret}", turn.origin);
        Reply::json(
            200,
            &json!({
                "messaging_product": "whatsapp", "url": url, "mime_type": media.mime, "sha256": sha256_hex(&media.bytes),
                "file_size": media.bytes.len().to_string(), "id": id,
            }),
        )
    }

    fn media_bytes(&mut self, call: &Call, turn: &Turn<'_>) -> Reply {
        let hash = call.asks("hash").unwrap_or_default();
        let known = self.cloud.urls.iter().find(|(secret, _, until)| secret == hash && turn.now < *until);
        let media = known.and_then(|(_, id, _)| self.cloud.media.get(id));
        let Some(media) = media else { return Reply::empty(404) };
        let reply = Reply::bytes(&media.mime, media.bytes.clone());
        if turn.switches.whatsapp_media_ranges { reply.ranged(call) } else { reply }
    }
}
