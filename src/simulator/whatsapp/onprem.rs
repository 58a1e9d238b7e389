//! The On-Premises API: login by basic auth, `/v1`, errors as a list.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Api, Business, ON_PREMISES_ACCOUNT, meaning, outbound::Refusal};
use crate::simulator::{
    book::BookAttachment,
    faults::What,
    wire::{Call, Reply, Turn, sha256_hex, text_of},
};

/// What is asked for.
pub(super) fn operation(call: &Call) -> &'static str {
    match (call.method.as_str(), call.path().as_slice()) {
        ("POST", ["v1", "users", "login"]) => "login",
        ("POST", ["v1", "messages"]) => "send",
        ("PUT", ["v1", "messages", _]) => "mark_read",
        ("POST", ["v1", "contacts"]) => "contacts",
        ("POST", ["v1", "media"]) => "media_upload",
        ("GET", ["v1", "media", _]) => "media_get",
        ("DELETE", ["v1", "media", _]) => "media_delete",
        ("PATCH", ["v1", "settings", "application"]) => "settings",
        ("GET", ["v1", "health"]) => "health",
        _ => "unknown",
    }
}

fn meta() -> Value {
    json!({"api_status": "stable", "version": "2.53.1"})
}

fn fail(code: i64, details: &str, turn: &Turn<'_>) -> Reply {
    let status = match code {
        _ if turn.switches.onprem_errors_with_200 => 200,
        1005 => 401,
        1006 => 404,
        429 | 1015 | 471 => 429,
        1016 | 1011 | 503 => 503,
        500 | 1000 | 1014 => 500,
        _ => 400,
    };
    let title = match code {
        429 | 1015 => "Too many requests",
        1005 => "Access denied",
        1006 => "Resource not found",
        1001 => "Message too long",
        1008 => "Required parameter is missing",
        1009 => "Parameter value is not valid",
        1010 => "Parameter is not required",
        400 => "Media error",
        code => meaning(code).0,
    };
    Reply::json(
        status,
        &json!({"meta": meta(), "errors": [{"code": code, "title": title, "details": details}]}),
    )
}

impl Business {
    /// Answers a call of the On-Premises API.
    pub(super) fn on_premises(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        if call.operation == "login" {
            return self.login(call, turn);
        }
        if turn.quirk(&What::SessionExpired) {
            self.on_premises.tokens.clear();
        }
        let token = call.header("authorization").and_then(|given| given.strip_prefix("Bearer "));
        let Some(token) = token else {
            turn.book.breach(format!("onprem {}: no bearer token", call.operation));
            return fail(1005, "no token", turn);
        };
        if !self.on_premises.tokens.iter().any(|(known, until)| known == token && turn.now < *until) {
            return fail(1005, "Invalid credentials", turn);
        }
        if let Some(code) = turn
            .quirks
            .iter()
            .find_map(|what| if let What::VendorError { code } = what { Some(*code) } else { None })
        {
            return fail(code, meaning(code).1, turn);
        }
        let path = call.path();
        match call.operation {
            "send" => self.on_premises_send(call, turn),
            "mark_read" => {
                let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
                if text_of(&body, "status") != Some("read") {
                    turn.book.breach("onprem mark_read: status is not read");
                    return fail(1009, "status", turn);
                }
                if self.read(Api::OnPremises, path[2], turn) {
                    Reply::json(200, &json!({}))
                } else {
                    fail(1006, "unknown message", turn)
                }
            }
            "contacts" => self.contacts(call, turn),
            "media_upload" => {
                let mime = call.header("content-type").unwrap_or_default().to_owned();
                if mime.is_empty() || mime.starts_with("multipart/") || call.body.is_empty() {
                    turn.book.breach(format!(
                        "onprem media_upload: Content-Type {mime:?}, {} bytes",
                        call.body.len()
                    ));
                    return fail(400, "raw bytes with their media type expected", turn);
                }
                let id = self.on_premises.keep(call.body.clone(), &mime, turn);
                turn.book.attach(BookAttachment {
                    vendor: "onprem".into(),
                    id: id.clone(),
                    name: None,
                    mime,
                    size: call.body.len(),
                    sha256: sha256_hex(&call.body),
                    from_us: true,
                    message: None,
                });
                Reply::json(200, &json!({"media": [{"id": id}]}))
            }
            "media_get" => match self.on_premises.media.get(path[2]) {
                Some(media) if turn.switches.whatsapp_media_ranges => {
                    Reply::bytes(&media.mime, media.bytes.clone()).ranged(call)
                }
                Some(media) => Reply::bytes(&media.mime, media.bytes.clone()),
                None => Reply::empty(404),
            },
            "media_delete" => {
                Reply::empty(if self.on_premises.media.remove(path[2]).is_some() { 200 } else { 404 })
            }
            "settings" => self.settings(call, turn),
            "health" => Reply::json(200, &json!({"health": {"gateway_status": "connected"}, "meta": meta()})),
            _ => {
                turn.book.breach(format!("onprem: no operation {} {}", call.method, call.target));
                fail(1006, "unknown path", turn)
            }
        }
    }

    fn login(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        let given = call.header("authorization").and_then(|given| given.strip_prefix("Basic "));
        let Some(given) = given else {
            turn.book.breach("onprem login: no basic auth");
            return fail(1005, "no credentials", turn);
        };
        let wanted = format!("{}:{}", ON_PREMISES_ACCOUNT[2].1, ON_PREMISES_ACCOUNT[3].1);
        if given != BASE64_STANDARD.encode(wanted) {
            return fail(1005, "Invalid credentials", turn);
        }
        let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        if text_of(&body, "new_password").is_some() {
            self.on_premises.new_password_set = true;
        } else if turn.switches.onprem_first_login && !self.on_premises.new_password_set {
            return fail(1005, "new_password is required at the first login", turn);
        }
        let token = format!("eyJ{:032x}", turn.rng.u128(..));
        let until = turn.now + TimeDelta::days(7);
        self.on_premises.tokens.push((token.clone(), until));
        let until = until.format("%Y-%m-%d %H:%M:%S+00:00").to_string();
        Reply::json(200, &json!({"users": [{"token": token, "expires_after": until}], "meta": meta()}))
    }

    /// Ends all sessions of the On-Premises number.
    pub fn expire(&mut self) {
        self.on_premises.tokens.clear();
    }

    fn on_premises_send(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        if call.content_type() != "application/json" {
            turn.book.breach(format!("onprem send: Content-Type is {:?}", call.header("content-type")));
            return fail(1009, "JSON expected", turn);
        }
        let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        if body.get("messaging_product").is_some() {
            turn.book.breach("onprem send: messaging_product is Cloud's");
            return fail(1010, "messaging_product", turn);
        }
        match self.send(Api::OnPremises, &body, turn) {
            Ok((input, wa_id, id)) => Reply::json(
                201,
                &json!({"contacts": [{"input": input, "wa_id": wa_id}], "messages": [{"id": id}], "meta": meta()}),
            ),
            Err(Refusal(_, code, details, breach)) => {
                if breach {
                    turn.book.breach(format!("onprem send: {details}"));
                }
                fail(code, &details, turn)
            }
        }
    }

    fn contacts(&mut self, call: &Call, turn: &Turn<'_>) -> Reply {
        let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let Some(list) = body.get("contacts").and_then(Value::as_array) else {
            turn.book.breach("onprem contacts: no list");
            return fail(1008, "contacts", turn);
        };
        let mut answer = Vec::new();
        for input in list.iter().filter_map(Value::as_str) {
            let digits: String = input.chars().filter(char::is_ascii_digit).collect();
            if digits.len() < 8 {
                answer.push(json!({"input": input, "status": "invalid"}));
            } else {
                self.on_premises.people.entry(digits.clone()).or_default().checked = true;
                answer.push(json!({"input": input, "status": "valid", "wa_id": digits}));
            }
        }
        Reply::json(200, &json!({"contacts": answer, "meta": meta()}))
    }

    fn settings(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        let Ok(body @ Value::Object(_)) = serde_json::from_slice::<Value>(&call.body) else {
            turn.book.breach("onprem settings: the body is no JSON object");
            return fail(1009, "JSON expected", turn);
        };
        if let Some(why) = wrong_settings(&body) {
            turn.book.breach(format!("onprem settings: {why}"));
            return fail(1009, &why, turn);
        }
        let flag = |pointer: &str| body.pointer(pointer).and_then(Value::as_bool);
        if let Some(asked) = flag("/sent_status").or_else(|| flag("/webhooks/message/sent")) {
            self.on_premises.sent_status = asked;
        }
        let told = &mut self.on_premises.told;
        told.delivered = flag("/webhooks/message/delivered").unwrap_or(told.delivered);
        told.read = flag("/webhooks/message/read").unwrap_or(told.read);
        told.callback_persist = flag("/callback_persist").unwrap_or(told.callback_persist);
        if let Some(url) = body.pointer("/webhooks/url").and_then(Value::as_str) {
            let cloud = self.webhook_url(Api::Cloud);
            self.set_webhooks(cloud, Some(url.into()), turn);
        }
        Reply::json(200, &json!({}))
    }
}

/// What is wrong with settings: an unknown key, a flag that is none, an address that is not https (but on this box).
fn wrong_settings(body: &Value) -> Option<String> {
    fn unknown(object: &Value, known: &[&str]) -> Option<String> {
        match object {
            Value::Object(map) => map.keys().find(|key| !known.contains(&key.as_str())).cloned(),
            _ => Some(object.to_string()),
        }
    }
    if let Some(key) = unknown(body, &["webhooks", "callback_persist", "sent_status"]) {
        return Some(format!("{key} is no setting"));
    }
    if let Some(webhooks) = body.get("webhooks") {
        if let Some(key) = unknown(webhooks, &["url", "message"]) {
            return Some(format!("webhooks.{key} is no setting"));
        }
        if let Some(url) = webhooks.get("url") {
            let url = url.as_str().unwrap_or_default();
            let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
            if !url.starts_with("https://") && !local.iter().any(|it| url.starts_with(it)) {
                return Some(format!("webhooks.url {url:?} is no https address"));
            }
        }
        if let Some(key) = webhooks.get("message").and_then(|it| unknown(it, &["sent", "delivered", "read"]))
        {
            return Some(format!("webhooks.message.{key} is no setting"));
        }
    }
    let flags = [
        "/callback_persist",
        "/sent_status",
        "/webhooks/message/sent",
        "/webhooks/message/delivered",
        "/webhooks/message/read",
    ];
    let wrong = flags.iter().find(|it| body.pointer(it).is_some_and(|value| !value.is_boolean()))?;
    Some(format!("{wrong} is no flag"))
}
