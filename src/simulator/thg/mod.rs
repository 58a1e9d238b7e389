//! THG Horizon: a shopper's discussions with customer services over GraphQL, and the shop's uploader.

mod execute;
mod graphql;
mod schema;
#[cfg(test)]
mod tests;
mod upload;
mod write;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use self::execute::{Run, weigh};
use super::{
    agenda::Event,
    book::{BookMark, BookMessage, Writer},
    faults::What,
    points::HeavyError,
    shelf::Shelf,
    wire::{Call, Reply, Turn},
};
use crate::domain::time::Time;

/// What the demo's channel is configured with.
pub(super) const APP_ACCOUNT: [(&str, &str); 5] = [
    ("url", "{origin}/thg/myprotein/en/graphql"),
    ("api", "app"),
    ("site_url", "{origin}/thg-shop"),
    ("username", EMAIL),
    ("password", PASSWORD),
];

/// The same shopper by the web API.
pub(super) const WEB_ACCOUNT: [(&str, &str); 5] = [
    ("url", "{origin}/thg-web/graphql"),
    ("api", "web"),
    ("site_url", "{origin}/thg-shop"),
    ("username", EMAIL),
    ("password", PASSWORD),
];

const EMAIL: &str = "care@example.com";
const PASSWORD: &str = "thg-password-18";
const FULL_NAME: &str = "Robin Care";
/// The web API's cookie.
const COOKIE: &str = "Opaque_myprotein_en";
/// What the uploader takes, by default.
pub(super) const UPLOAD_TYPES: [&str; 5] =
    ["image/jpeg", "image/png", "image/gif", "application/pdf", "text/plain"];
/// The uploader of this shopper, on the shop's host.
const UPLOAD_PATH: &str = "/account/documentupload/uploader/upload/38779254";

/// What a discussion can be about.
pub(super) const CATEGORIES: [&str; 17] = [
    "CANCELLATION",
    "CHECKOUT",
    "DELIVERY_PROBLEM",
    "FEEDBACK",
    "FREE_GIFT",
    "I_WANT_TO_CREATE_AN_ACCOUNT",
    "NUTRITIONAL_ADVICE",
    "OFFERS_AND_PROMOTIONS",
    "PAYMENT",
    "PLACING_AN_ORDER",
    "PRICEBEATER_REQUEST",
    "PROBLEM_WITH_MY_ORDER",
    "PRODUCT_INFORMATION",
    "RETURNS_AND_REFUNDS",
    "STOCK_AVAILABILITY",
    "WEBSITE_ISSUES",
    "WHERE_IS_MY_ORDER",
];

/// The shopper's orders with their products.
pub(super) const ORDERS: [(&str, &[u64]); 4] = [
    ("152050629", &[10_530_943, 11_151_333]),
    ("152050774", &[10_852_500]),
    ("152051190", &[10_530_943, 10_529_800, 12_000_001]),
    ("152051201", &[11_151_333]),
];

/// What is still on sale; a product that is not has no variant.
const PRODUCTS: [(u64, &str); 4] = [
    (10_530_943, "Impact Whey Protein - 1kg - Chocolate Smooth"),
    (11_151_333, "Essential Omega-3 - 90 Capsules"),
    (10_852_500, "Creatine Monohydrate Powder - 500g"),
    (10_529_800, "Shaker Bottle - 600ml"),
];

/// A discussion.
pub(super) struct Discussion {
    /// Its id, from a range in which no message id lies.
    pub id: String,
    /// Its category.
    pub category: String,
    /// Its status.
    pub status: &'static str,
    /// When it was created.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// From when lists show it.
    pub visible_at: Time,
    /// Whether the shopper has read it.
    pub read: bool,
    /// Order and products.
    pub selection: Option<(String, Vec<u64>)>,
    /// Its messages, oldest first.
    pub messages: Vec<Line>,
}

/// A message of a discussion.
pub(super) struct Line {
    id: String,
    ours: bool,
    created_at: Time,
    visible_at: Time,
    text: String,
}

struct Token {
    text: String,
    used: bool,
    at: Time,
}

/// The shop.
#[derive(Default)]
pub(super) struct Shop {
    /// All discussions of the shopper.
    pub discussions: Shelf<Discussion>,
    sessions: Vec<(String, Time)>,
    upload_token: String,
    uploads: Vec<Token>,
    next_discussion: u64,
    next_message: u64,
    next_upload: u64,
    /// When the calls of the last minute came.
    calls: Vec<Time>,
}

/// What is asked for.
pub(super) fn operation(call: &Call) -> &'static str {
    if call.target.starts_with("/thg-shop") {
        return "upload";
    }
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let query = body.get("query").and_then(Value::as_str).unwrap_or_default();
    for (field, operation) in [
        ("createDiscussion", "create"),
        ("replyToDiscussion", "reply"),
        ("markDiscussionMessagesAsRead", "mark_read"),
        ("impersonateLogin", "impersonate"),
        ("attachmentUploaderConfig", "upload_config"),
        ("login", "login"),
        ("logout", "logout"),
        ("discussions", "list"),
        ("customer", "customer"),
    ] {
        if query.contains(field) {
            return operation;
        }
    }
    "graphql"
}

impl Shop {
    /// Answers one call.
    pub fn answer(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        if call.operation == "upload" {
            return self.upload(call, turn);
        }
        let web = call.target.starts_with("/thg-web");
        let place = if web { &["graphql"][..] } else { &["myprotein", "en", "graphql"][..] };
        if call.path() != place {
            turn.book.breach(format!("thg: nothing at {}", call.target));
            return Reply::text(404, "Not Found");
        }
        if call.method != "POST" {
            turn.book.breach(format!("thg: {} instead of POST", call.method));
            return Reply::text(405, "Method Not Allowed").with("allow", "POST");
        }
        if call.content_type() != "application/json" || call.foreign_charset() {
            turn.book.breach(format!(
                "thg {}: Content-Type is {:?}",
                call.operation,
                call.header("content-type")
            ));
            return Reply::text(415, "Unsupported Media Type");
        }
        let Ok(body @ Value::Object(_)) = serde_json::from_slice::<Value>(&call.body) else {
            turn.book.breach("thg: the body is no JSON object");
            return errors(&[graphql::error("Request body is not valid JSON")]);
        };
        if turn.quirk(&What::SessionExpired) {
            self.sessions.clear();
        }
        let logged_in = self.session(call, web, turn);
        let mut cookie = None;
        let mut answer = self.run(&body, web, logged_in, &mut cookie, turn);
        let logged_in = cookie.is_some() || (logged_in && call.operation != "logout");
        extend(&mut answer, logged_in);
        let status = if answer.get("errors").is_some() { turn.switches.thg_error_status } else { 200 };
        let mut reply = Reply::json(status, &answer);
        let limited = answer.pointer("/errors/0/extensions/rateLimited").is_some();
        if limited && turn.switches.thg_retry_after_s > 0 {
            reply = reply.with("retry-after", turn.switches.thg_retry_after_s.to_string());
        }
        match cookie.filter(|_| web) {
            Some(token) => {
                reply.with("set-cookie", format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax"))
            }
            None => reply,
        }
    }

    fn run(
        &mut self,
        body: &Value,
        web: bool,
        logged_in: bool,
        new_session: &mut Option<String>,
        turn: &mut Turn<'_>,
    ) -> Value {
        let refuse = |message: String, breach: bool, turn: &Turn<'_>| {
            if breach {
                turn.book.breach(format!("thg: {message}"));
            }
            json!({"errors": [graphql::error(message)], "data": null})
        };
        let Some(source) = body.get("query").and_then(Value::as_str) else {
            return refuse("Must provide query string.".into(), true, turn);
        };
        let given = body.get("variables").cloned().unwrap_or_default();
        let name = body.get("operationName").and_then(Value::as_str);
        let operation = match graphql::read(source, name, &given) {
            Ok(operation) => operation,
            Err(message) => return refuse(message, true, turn),
        };
        if turn.quirk(&What::RateLimited) || self.too_many(turn) {
            turn.book.limit("thg");
            let nullable = !operation.fields.iter().any(|field| field.name.ends_with("Discussion"));
            let data: Map<String, Value> =
                operation.fields.iter().map(|field| (field.alias.clone(), Value::Null)).collect();
            return rate_limited(&if nullable { Value::Object(data) } else { Value::Null });
        }
        if let Err(message) = schema::check(&operation) {
            return refuse(message, true, turn);
        }
        let variables = match schema::variables(&operation, &given) {
            Ok(variables) => variables,
            Err(message) => return refuse(message, true, turn),
        };
        let root = if operation.kind == "mutation" { "Mutation" } else { "Query" };
        let weight = weigh(root, &operation.fields, &variables);
        let most = turn.switches.thg_max_weight;
        if weight > most || turn.quirk(&What::TooHeavy) {
            return too_heavy(weight, most, turn.switches.thg_heavy_error);
        }
        let mut answer = if operation.kind == "mutation" {
            let mut data = Map::new();
            let mut errors = Vec::new();
            let mut lost = false;
            for field in &operation.fields {
                match self.mutate(field, &variables, logged_in, web, new_session, turn) {
                    Ok(value) => {
                        data.insert(field.alias.clone(), value);
                    }
                    Err(error) => {
                        errors.push(error);
                        // A root field that may not be null takes all data with it.
                        lost |= field.name.ends_with("Discussion") && !turn.switches.thg_null_fields;
                        data.insert(field.alias.clone(), Value::Null);
                    }
                }
            }
            let mut answer = json!({"data": if lost { Value::Null } else { Value::Object(data) }});
            if !errors.is_empty() {
                answer["errors"] = Value::Array(errors);
            }
            answer
        } else {
            let mut run =
                Run { shop: self, turn, variables: &variables, logged_in, errors: Vec::new(), login: None };
            let data = run.query(&operation.fields);
            let errors = run.errors;
            if turn.switches.thg_list_marks_read && logged_in {
                self.discussions.iter_mut().for_each(|one| one.read = true);
            }
            let mut answer = json!({"data": data});
            if !errors.is_empty() {
                answer["errors"] = Value::Array(errors);
            }
            answer
        };
        answer["extensions"] = json!({"weight": {"weight": weight, "maxWeight": most}});
        answer
    }

    /// Counts a call against the limit of a minute.
    fn too_many(&mut self, turn: &Turn<'_>) -> bool {
        let most = turn.switches.thg_per_minute;
        if most == 0 || !turn.switches.rate_limits {
            return false;
        }
        self.calls.retain(|at| turn.now - *at < TimeDelta::minutes(1) && *at <= turn.now);
        if self.calls.len() >= most {
            return true;
        }
        self.calls.push(turn.now);
        false
    }

    fn session(&self, call: &Call, web: bool, turn: &Turn<'_>) -> bool {
        let life = turn.switches.thg_session_ttl_ms;
        let lives = |token: &str| {
            self.sessions.iter().any(|(known, since)| {
                known == token && (life == 0 || turn.now - *since < TimeDelta::milliseconds(life))
            })
        };
        if web {
            let cookies = call.header("cookie").unwrap_or_default();
            let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
            return pairs.any(|(name, value)| name == COOKIE && lives(value));
        }
        let Some(given) = call.header("authorization") else { return false };
        if let Some(token) = given.strip_prefix("Opaque ") {
            return lives(token);
        }
        turn.book.breach(format!("thg {}: Authorization is no Opaque", call.operation));
        false
    }

    /// Ends all sessions.
    pub fn expire(&mut self) {
        self.sessions.clear();
    }

    fn message_id(&mut self) -> String {
        self.next_message += 1;
        (35_100_000 + self.next_message).to_string()
    }

    /// Begins a discussion; the shopper's text is its first message.
    pub fn open(&mut self, category: &str, selection: Option<(String, Vec<u64>)>, at: Time) -> String {
        self.next_discussion += 1;
        let id = (13_183_369 + self.next_discussion).to_string();
        let discussion = Discussion {
            id: id.clone(),
            category: category.into(),
            status: "OUTSTANDING",
            created_at: at,
            updated_at: at,
            visible_at: at,
            read: true,
            selection,
            messages: Vec::new(),
        };
        self.discussions.put(&id, discussion);
        id
    }

    /// The discussion of this id.
    pub fn find(&mut self, id: &str) -> Option<&mut Discussion> {
        self.discussions.named_mut(id)
    }

    /// Adds a message; `None` where there is no such discussion.
    pub fn add(
        &mut self,
        id: &str,
        ours: bool,
        text: &str,
        at: Time,
        attachment: Option<String>,
        turn: &mut Turn<'_>,
    ) -> Option<String> {
        let message = self.message_id();
        let late = TimeDelta::milliseconds(turn.late_ms());
        let marks = turn.switches.thg_query_marks_read;
        let (reopens, unreads) = (turn.switches.thg_query_reopens, turn.switches.thg_response_marks_unread);
        let one = self.find(id)?;
        one.messages.push(Line {
            id: message.clone(),
            ours,
            created_at: at,
            visible_at: at + late,
            text: text.into(),
        });
        if one.messages.len() == 1 {
            one.visible_at = at + late;
        }
        one.updated_at = one.updated_at.max(at);
        if ours {
            if reopens {
                one.status = "OUTSTANDING";
            }
            one.read |= marks;
        } else {
            one.read &= !unreads;
        }
        turn.book.wrote(BookMessage {
            vendor: "thg".into(),
            conversation: id.into(),
            id: message.clone(),
            writer: if ours { Writer::Us } else { Writer::Other },
            text: text.into(),
            kind: "text".into(),
            at,
            attachments: attachment.into_iter().collect(),
            reference: None,
            request: turn.request,
            statuses: Vec::new(),
        });
        if ours && turn.request.is_some() && turn.agenda.live {
            let wait = TimeDelta::milliseconds(turn.rng.i64(2_000..5_000));
            turn.agenda.push(turn.now + wait, Event::PickUp { discussion: id.into() });
            let wait = TimeDelta::milliseconds(turn.rng.i64(6_000..15_000));
            turn.agenda.push(turn.now + wait, Event::Answer { vendor: "thg", conversation: id.into() });
        }
        Some(message)
    }

    /// An agent answers; where agents may begin discussions, also in one that does not exist yet.
    pub fn answered_by_agent(&mut self, id: &str, text: &str, turn: &mut Turn<'_>) -> Option<String> {
        let now = turn.now;
        if self.find(id).is_some() || !turn.switches.thg_agents_start {
            return self.add(id, false, text, now, None, turn);
        }
        let id = self.open("PROBLEM_WITH_MY_ORDER", None, now);
        self.add(&id, false, text, now, None, turn)?;
        self.set_status(&id, "COMPLETED", turn);
        Some(id)
    }

    /// A THG agent sets a status.
    pub fn set_status(&mut self, id: &str, status: &str, turn: &Turn<'_>) -> bool {
        let known =
            ["OUTSTANDING", "IN_PROGRESS", "PENDING", "COMPLETED"].into_iter().find(|known| *known == status);
        let (Some(one), Some(status)) = (self.find(id), known) else { return false };
        one.status = status;
        one.updated_at = turn.now;
        turn.book.mark(BookMark {
            at: turn.now,
            vendor: "thg".into(),
            conversation: id.into(),
            what: format!("status {status}"),
            by_us: false,
        });
        true
    }
}

fn errors(list: &[Value]) -> Reply {
    Reply::json(200, &json!({"errors": list, "data": null}))
}

fn too_heavy(weight: u64, most: u64, how: HeavyError) -> Value {
    let weighed = json!({"weight": {"weight": weight.max(most + 1), "maxWeight": most}});
    let error = match how {
        HeavyError::Words => graphql::error(format!("Query is too heavy: {weight} of {most}")),
        HeavyError::Code => {
            json!({"message": "Query refused", "extensions": {"code": "QUERY_TOO_COMPLEX_WEIGHT"}})
        }
        HeavyError::Weight => graphql::error("Query refused"),
    };
    let extensions = if how == HeavyError::Code { json!({}) } else { weighed };
    json!({"errors": [error], "data": null, "extensions": extensions})
}

fn rate_limited(data: &Value) -> Value {
    json!({
        "errors": [{
            "message": "Rate limited: Please try again later", "locations": [{"line": 1, "column": 3}],
            "extensions": {
                "rateLimited": true, "rateLimitingBucket": "LOGIN",
                "captchaBypassAvailable": [{"type": "V2_INVISIBLE", "siteKey": "sim"}],
            },
        }],
        "data": data,
        "extensions": {
            "weight": {"weight": 600, "maxWeight": 1000},
            "rateLimitersFiring": [{"rateLimitingBucket": "LOGIN", "captchaBypassAvailable": []}],
        },
    })
}

/// The flags that every answer carries.
fn extend(answer: &mut Value, logged_in: bool) {
    let flags = if logged_in { json!(["LOGGED_IN"]) } else { json!([]) };
    if let Some(extensions) = answer.get_mut("extensions").and_then(Value::as_object_mut) {
        extensions.insert("flags".into(), flags);
    } else {
        answer["extensions"] = json!({ "flags": flags });
    }
}
