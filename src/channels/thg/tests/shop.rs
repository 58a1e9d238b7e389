//! A Horizon by hand, from contract part 1: what the client tests talk to.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use crate::channels::stand_in::{Asked, HandClock, Says, StandIn};

/// What it holds, and how it misbehaves.
#[derive(Default)]
pub struct State {
    pub discussions: Vec<Value>,
    pub logins: usize,
    /// Tokens of logins before this one are not taken.
    pub valid_from: usize,
    pub next_id: u64,
    /// Answers that come before anything else, the first one first; the write is still carried out where `true`.
    pub instead: Vec<(&'static str, Says, bool)>,
    pub max_weight: u64,
    /// The id that `createDiscussion` answers is the discussion's.
    pub answers_discussion_id: bool,
    /// A message that comes in right before the next mark-read.
    pub late: Option<Value>,
    pub web: bool,
    pub uploads: String,
}

pub struct Shop {
    pub at: StandIn,
    state: Arc<Mutex<State>>,
}

pub fn message(id: u64, kind: &str, at: u64, text: &str) -> Value {
    json!({"id": id.to_string(), "type": kind, "createdAt": at, "message": text})
}

pub fn discussion(id: u64, updated: u64, messages: &[Value]) -> Value {
    json!({"id": id.to_string(), "category": "WEBSITE_ISSUES", "status": "OUTSTANDING", "createdAt": 1_000,
           "updatedAt": updated, "read": false, "selection": null, "messages": messages})
}

impl Shop {
    pub async fn open(clock: &Arc<HandClock>, state: State) -> Self {
        let state = Arc::new(Mutex::new(State { next_id: 35_100_001, ..state }));
        let inner = state.clone();
        let at =
            StandIn::new(clock.clone(), move |came| answer(&mut inner.lock().expect("no panic"), came)).await;
        Self { at, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    /// How many requests of this operation came.
    pub fn asked(&self, operation: &str) -> usize {
        self.at.asked().iter().filter(|it| it.json()["operationName"] == operation).count()
    }
}

fn answer(state: &mut State, came: &Asked) -> Says {
    if came.path.contains("/upload/") {
        return Says::json(
            &json!({"successful": true, "token": "up-1", "mimeType": "image/png", "errorCode": 0}),
        );
    }
    let body = came.json();
    let operation = body["operationName"].as_str().unwrap_or_default().to_owned();
    // `Filtered`: a list of one discussion.
    let filtered = !body["variables"]["filter"].is_null();
    let position = state.instead.iter().position(|it| it.0 == operation || (filtered && it.0 == "Filtered"));
    let instead = position.map(|at| state.instead.remove(at));
    if let Some((_, says, false)) = instead {
        return says;
    }
    let says = act(state, came, &operation, &body["variables"]);
    match instead {
        Some((_, instead, _)) => instead,
        None => says,
    }
}

fn act(state: &mut State, came: &Asked, operation: &str, variables: &Value) -> Says {
    if operation == "Login" {
        state.logins += 1;
        if variables["input"]["password"] != "pw" {
            return Says::json(&json!({"data": {"login": {"error": "FAILED_LOGIN", "token": null}}}));
        }
        let token = format!("opq-{}", state.logins);
        return if state.web {
            good(&json!({"login": {"error": null, "customer": {"email": "a"}}}))
                .with("set-cookie", "chumewe_sess=1; Path=/")
                .with("set-cookie", format!("Opaque_myprotein_en={token}; HttpOnly; Secure"))
        } else {
            good(&json!({"login": {"error": null, "token": token}}))
        };
    }
    let presented = if state.web {
        came.header("cookie").strip_prefix("Opaque_myprotein_en=opq-")
    } else {
        came.header("authorization").strip_prefix("Opaque opq-")
    };
    let logged_in =
        presented.and_then(|it| it.parse::<usize>().ok()).is_some_and(|it| it >= state.valid_from);
    if !logged_in {
        return if operation == "Discussions" {
            Says::json(&json!({"data": {"customer": null}, "extensions": {"flags": []}}))
        } else {
            Says::json(&json!({"errors": [{"message": "Not authenticated"}], "data": null}))
        };
    }
    match operation {
        "Discussions" => list(state, variables),
        "Reply" => {
            let id = state.next_id;
            state.next_id += 1;
            let text = variables["input"]["message"].as_str().unwrap_or_default().replace('&', "&amp;");
            let found = state.discussions.iter_mut().find(|it| it["id"] == variables["discussionId"]);
            let Some(found) = found else {
                return flagged(&json!({"errors": [{"message": "No such discussion"}], "data": null}));
            };
            found["messages"].as_array_mut().expect("a list").push(message(
                id,
                "QUERY",
                1_682_935_200_000,
                &text,
            ));
            good(&json!({"replyToDiscussion": id.to_string()}))
        }
        "Create" => {
            let id = state.next_id;
            state.next_id += 2;
            let text = variables["input"]["message"]["message"].as_str().unwrap_or_default();
            let mut new = discussion(id - 20_000_000, 9, &[message(id, "QUERY", 1_682_935_200_000, text)]);
            new["category"] = variables["input"]["category"].clone();
            new["createdAt"] = json!(1_682_935_200_000_u64);
            state.discussions.push(new);
            let named = if state.answers_discussion_id { id - 20_000_000 } else { id };
            good(&json!({"createDiscussion": named.to_string()}))
        }
        "MarkRead" => {
            let late = state.late.take();
            let found =
                state.discussions.iter_mut().find(|it| it["id"] == variables["input"]["discussionId"]);
            let found = found.expect("the test marks one that is there");
            let messages = found["messages"].as_array_mut().expect("a list");
            messages.extend(late);
            let newest =
                messages.iter().max_by_key(|it| it["createdAt"].as_u64()).expect("not empty")["id"].clone();
            found["read"] = json!(newest == variables["input"]["upToMessageId"]);
            good(&json!({"markDiscussionMessagesAsRead": null}))
        }
        "UploaderConfig" => {
            good(&json!({"attachmentUploaderConfig": {"uploadUrl": state.uploads, "authToken": "145D"}}))
        }
        _ => Says::new(400, "unknown operation"),
    }
}

fn list(state: &State, variables: &Value) -> Says {
    let number = |key: &str| usize::try_from(variables[key].as_u64().expect("explicit")).expect("small");
    let (offset, limit) = (number("offset"), number("limit"));
    let (message_offset, message_limit) = (number("messageOffset"), number("messageLimit"));
    let weight = (limit * message_limit) as u64;
    if state.max_weight > 0 && weight > state.max_weight {
        return flagged(&json!({"errors": [{"message": "Query is too heavy"}], "data": null}));
    }
    let id = &variables["filter"]["id"];
    let all: Vec<_> = state.discussions.iter().filter(|it| id.is_null() || it["id"] == *id).collect();
    let page: Vec<_> = all
        .iter()
        .skip(offset)
        .take(limit)
        .map(|it| {
            let mut item = (*it).clone();
            let messages = item["messages"].take();
            let messages = messages.as_array().expect("a list");
            let some: Vec<_> = messages.iter().skip(message_offset).take(message_limit).collect();
            item["messages"] = json!({"messages": some, "total": messages.len(),
                                      "hasMore": message_offset + some.len() < messages.len()});
            item
        })
        .collect();
    let more = offset + page.len() < all.len();
    good(&json!({"customer": {"discussions": {"discussions": page, "total": all.len(), "hasMore": more}}}))
}

fn good(data: &Value) -> Says {
    flagged(&json!({"data": data}))
}

pub fn flagged(body: &Value) -> Says {
    let mut body = body.clone();
    body["extensions"] = json!({"flags": ["LOGGED_IN"], "weight": {"weight": 1, "maxWeight": 1000}});
    Says::json(&body)
}
