//! `/_control`: the same handle for another process. `GET` gives the book and the accounts, `POST` acts.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    Control, Sim,
    wire::{Reply, text_of},
};

/// Answers one control request.
///
/// `GET /_control/accounts`, `/_control/book`, `/_control/breaches`, `/_control/switches`; `POST /_control` with one action or a list:
/// `{"do":"customer_says","vendor":…,"conversation":…,"text":…}`, `agent_answers`, `we_write_elsewhere`,
/// `{"do":"set_status","status":…}`, `{"do":"mediation","conversation":CODE,"on":true}`, `{"do":"faults","faults":[…]}`,
/// `{"do":"clear_faults"}`, `{"do":"switch","name":…,"value":…}`, `{"do":"expire","vendor":…}`,
/// `{"do":"webhooks","cloud":URL,"on_premises":URL}`, `{"do":"unreachable","ms":10000}`,
/// `{"do":"message","vendor":…,"conversation":…,"kind":…,"fields":{…}}`.
pub(super) fn answer(sim: &Arc<Sim>, method: &Method, path: &str, body: &[u8]) -> Reply {
    if *method == Method::GET {
        return match path {
            "/_control" | "/_control/book" => Reply::json(200, &sim.book.to_json()),
            "/_control/accounts" => {
                let accounts = sim.accounts().into_iter().map(|account| {
                    let mut json = json!({"name": account.name, "kind": account.kind});
                    for (key, value) in account.settings {
                        json[key] = json!(value);
                    }
                    json
                });
                Reply::json(200, &accounts.collect())
            }
            "/_control/breaches" => Reply::json(200, &json!(sim.book.breaches())),
            "/_control/switches" => {
                Reply::json(200, &serde_json::to_value(sim.switches()).unwrap_or_default())
            }
            _ => Reply::json(404, &json!({"error": "accounts, book, breaches or switches"})),
        };
    }
    let body: Value = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(error) => return Reply::json(400, &json!({"error": error.to_string()})),
    };
    let actions = match body {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut results = Vec::new();
    for action in &actions {
        match act(sim, action) {
            Ok(id) => results.push(json!({"ok": true, "id": id})),
            Err(error) => return Reply::json(400, &json!({"error": error, "done": results})),
        }
    }
    Reply::json(200, &json!({"done": results}))
}

/// Does one action.
pub(super) fn act(sim: &Arc<Sim>, action: &Value) -> Result<String, String> {
    let control = Control::new(Arc::clone(sim));
    let text = |key: &str| text_of(action, key).unwrap_or_default();
    let on = action.get("on").and_then(Value::as_bool).unwrap_or(true);
    let (vendor, conversation) = (text("vendor"), text("conversation"));
    match text("do") {
        "customer_says" => control.customer_says(vendor, conversation, text("text")),
        "agent_answers" => control.agent_answers(vendor, conversation, text("text")),
        "we_write_elsewhere" => control.we_write_elsewhere(vendor, conversation, text("text")),
        "set_status" => control.set_status(vendor, conversation, text("status")),
        "mediation" => control.mediation(conversation, on),
        "message" => {
            let fields = action.get("fields").cloned().unwrap_or_default();
            Ok(control.whatsapp_message(vendor, conversation, text("name"), text("kind"), &fields, None))
        }
        "faults" => control.faults_from_json(&action.get("faults").cloned().unwrap_or_default().to_string()),
        "clear_faults" => {
            control.clear_faults();
            Ok(String::new())
        }
        "switch" => {
            let value = action.get("value").cloned().unwrap_or_default();
            control.set_switch(text("name"), value).map(|()| String::new())
        }
        "expire" => {
            control.expire_sessions(vendor);
            Ok(String::new())
        }
        "unreachable" => {
            control.unreachable(on);
            // Whoever asks over this very port gets through no more to end it.
            let ms = action.get("ms").and_then(Value::as_i64).unwrap_or(10_000);
            if let (true, Ok(runtime)) = (on, tokio::runtime::Handle::try_current()) {
                let sim = Arc::clone(sim);
                runtime.spawn(async move {
                    sim.pause(ms).await;
                    Control::new(sim).unreachable(false);
                });
            }
            Ok(String::new())
        }
        "webhooks" => {
            let url = |key: &str| text_of(action, key).map(str::to_owned);
            sim.turn(None, &[], |scene| {
                scene.whatsapp.set_webhooks(url("cloud"), url("on_premises"), &mut scene.turn);
            });
            Ok(String::new())
        }
        other => Err(format!("unknown action {other:?}")),
    }
}
