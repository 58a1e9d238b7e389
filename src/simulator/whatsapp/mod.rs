//! WhatsApp Business: one business with a Cloud API number and an On-Premises number, its customers, its webhooks.

mod cloud;
mod inbound;
mod media;
mod onprem;
mod outbound;
#[cfg(test)]
mod tests;
mod webhook;

use std::collections::HashMap;

use serde_json::{Value, json};

pub(super) use self::{inbound::Inbound, webhook::deliver};
use super::{
    book::{BookMessage, Writer},
    wire::{Bucket, Call, Reply, Turn},
};
use crate::domain::time::Time;

/// What the demo's Cloud channel is configured with.
pub(super) const CLOUD_ACCOUNT: [(&str, &str); 7] = [
    ("api", "cloud"),
    ("url", "{origin}/graph/v24.0"),
    ("phone_number_id", "106540352242922"),
    ("access_token", "EAAsim-5f2c90"),
    ("app_secret", "app-secret-8d1e"),
    ("verify_token", "verify-3b77"),
    ("webhook_path", "/webhook/whatsapp"),
];

/// What the demo's On-Premises channel is configured with.
pub(super) const ON_PREMISES_ACCOUNT: [(&str, &str); 5] = [
    ("api", "on-premises"),
    ("url", "{origin}/onprem"),
    ("username", "admin"),
    ("password", "Str0ng!pass"),
    ("webhook_path", "/webhook/onprem-6f1d20c4"),
];

/// The business account that the Cloud number belongs to.
const WABA: &str = "102290129340398";
/// The Cloud number as people dial it.
const CLOUD_NUMBER: &str = "15550783881";
/// The On-Premises number.
const ON_PREMISES_NUMBER: &str = "16315558889";
/// The catalogue and what is in it.
pub(super) const CATALOG: &str = "194836987003835";
const CATALOG_ITEMS: [&str; 6] = ["di9ozbzfi4", "A1", "A2", "SKU-1", "SKU-2", "nqryix03ez"];
/// Approved templates: name, languages, parameters of the body.
const TEMPLATES: [(&str, &[&str], usize); 3] = [
    ("order_update", &["en_US", "pt_BR", "de"], 1),
    ("we_are_back", &["en_US", "pt_BR", "de"], 0),
    ("return_label", &["en_US"], 2),
];

/// Which of the two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    /// Cloud API.
    Cloud,
    /// On-Premises API.
    OnPremises,
}

impl Api {
    /// The vendor's name in book and faults.
    pub fn vendor(self) -> &'static str {
        if self == Self::Cloud { "whatsapp" } else { "onprem" }
    }

    fn number(self) -> &'static str {
        if self == Self::Cloud { CLOUD_NUMBER } else { ON_PREMISES_NUMBER }
    }

    fn id(self, rng: &mut fastrand::Rng) -> String {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let bytes: Vec<u8> = (0..28).map(|_| rng.u8(..)).collect();
        let text = BASE64_STANDARD.encode(bytes);
        if self == Self::Cloud {
            format!("wamid.HBgL{text}")
        } else {
            format!("gBEG{}", text.replace(['+', '/', '='], "x"))
        }
    }
}

/// A customer of one number.
#[derive(Clone, Default)]
pub(super) struct Person {
    /// Profile name.
    pub name: String,
    /// The last message in.
    pub last_inbound: Option<Time>,
    /// Whether the customer sends read receipts.
    pub receipts: bool,
    checked: bool,
    quota: Vec<Time>,
}

struct Sent {
    to: String,
    kind: String,
    callback: Option<String>,
    error: Option<i64>,
    skip_delivered: bool,
    /// How far it has come, and when.
    history: Vec<(&'static str, Time)>,
    history_id: String,
}

struct Media {
    bytes: Vec<u8>,
    mime: String,
}

/// One number.
#[derive(Default)]
struct Number {
    people: HashMap<String, Person>,
    sent: HashMap<String, Sent>,
    /// Messages of customers: id, person, time.
    received: Vec<(String, String, Time)>,
    media: HashMap<String, Media>,
    /// Media URLs: their secret, the media, until when.
    urls: Vec<(String, String, Time)>,
    bucket: Bucket,
    tokens: Vec<(String, Time)>,
    sent_status: bool,
    /// On-Premises: the application's settings, as they were told.
    told: Settings,
    new_password_set: bool,
    next_media: u64,
}

/// On-Premises: what `settings/application` says of webhooks.
#[derive(Clone, Copy)]
struct Settings {
    delivered: bool,
    read: bool,
    callback_persist: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { delivered: true, read: true, callback_persist: true }
    }
}

/// The business.
#[derive(Default)]
pub(super) struct Business {
    cloud: Number,
    on_premises: Number,
    hooks: webhook::Hooks,
}

/// What is asked for.
pub(super) fn operation(call: &Call) -> &'static str {
    if call.vendor == "onprem" {
        return onprem::operation(call);
    }
    cloud::operation(call)
}

impl Business {
    /// Answers one call.
    pub fn answer(&mut self, api: Api, call: &Call, turn: &mut Turn<'_>) -> Reply {
        if api == Api::Cloud { self.cloud(call, turn) } else { self.on_premises(call, turn) }
    }

    fn number(&mut self, api: Api) -> &mut Number {
        if api == Api::Cloud { &mut self.cloud } else { &mut self.on_premises }
    }

    /// The customers of a number.
    pub fn people(&self, api: Api) -> Vec<String> {
        let number = if api == Api::Cloud { &self.cloud } else { &self.on_premises };
        let mut people: Vec<String> = number.people.keys().cloned().collect();
        people.sort();
        people
    }

    /// Lives through a status of one of our messages.
    pub fn status(&mut self, api: Api, id: &str, status: &'static str, turn: &mut Turn<'_>) {
        let Some(sent) = self.number(api).sent.get(id) else { return };
        if status == "delivered" && sent.skip_delivered {
            return;
        }
        let now = turn.now;
        if let Some(sent) = self.number(api).sent.get_mut(id) {
            sent.history.push((status, now));
        }
        let told = self.number(api).told;
        if api == Api::OnPremises
            && matches!(
                (status, told),
                ("delivered", Settings { delivered: false, .. }) | ("read", Settings { read: false, .. })
            )
        {
            turn.book.status(api.vendor(), id, status, turn.now);
            return;
        }
        let Some(sent) = self.number(api).sent.get(id) else { return };
        let mut update = json!({
            "id": id, "status": status, "timestamp": turn.now.timestamp().to_string(), "recipient_id": sent.to,
        });
        if sent.to.contains('.') {
            update["recipient_user_id"] = json!(sent.to);
            update.as_object_mut().map(|map| map.shift_remove("recipient_id"));
        }
        if api == Api::OnPremises && turn.switches.onprem_recipient_in_message {
            update["message"] = json!({"recipient_id": sent.to});
            update.as_object_mut().map(|map| map.shift_remove("recipient_id"));
        }
        if let Some(callback) = &sent.callback
            && (status != "failed" || turn.switches.whatsapp_failed_carries_callback)
        {
            update["biz_opaque_callback_data"] = json!(callback);
        }
        if status == "failed" {
            let code = sent.error.unwrap_or(131_000);
            let (title, details) = meaning(code);
            update["errors"] = if api == Api::Cloud {
                json!([{"code": code, "title": title, "message": title, "error_data": {"details": details}}])
            } else {
                json!([{"code": code, "title": title, "details": details}])
            };
        } else if matches!(status, "sent" | "delivered") {
            update["pricing"] = if api == Api::Cloud {
                json!({"billable": false, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"})
            } else {
                json!({"pricing_model": "NBP", "billable": false})
            };
        }
        if api == Api::OnPremises {
            update["type"] = json!("message");
        }
        turn.book.status(api.vendor(), id, status, turn.now);
        self.emit(api, &json!({"statuses": [update]}), turn);
    }

    /// Takes webhooks' addresses; what waited for one goes now.
    pub fn set_webhooks(&mut self, cloud: Option<String>, on_premises: Option<String>, turn: &mut Turn<'_>) {
        self.hooks.set(cloud, on_premises, turn);
    }

    fn write_down(api: Api, message: Written<'_>, turn: &Turn<'_>) {
        turn.book.wrote(BookMessage {
            vendor: api.vendor().into(),
            conversation: message.person.into(),
            id: message.id.into(),
            writer: if message.ours { Writer::Us } else { Writer::Customer },
            text: message.text,
            kind: message.kind.into(),
            at: message.at,
            attachments: message.attachment.into_iter().collect(),
            reference: message.reference,
            request: turn.request.filter(|_| message.ours),
            statuses: Vec::new(),
        });
    }
}

struct Written<'a> {
    person: &'a str,
    id: &'a str,
    ours: bool,
    text: String,
    kind: &'a str,
    at: Time,
    attachment: Option<String>,
    reference: Option<String>,
}

/// Title and details of a code.
fn meaning(code: i64) -> (&'static str, &'static str) {
    match code {
        470 | 131_047 => (
            "Re-engagement message",
            "More than 24 hours have passed since the recipient last replied to the sender number.",
        ),
        131_026 => ("Message undeliverable", "Message undeliverable."),
        131_048 => {
            ("Spam rate limit hit", "Message failed to send because there are restrictions on this number.")
        }
        131_049 => (
            "Meta chose not to deliver",
            "This message was not delivered to maintain healthy ecosystem engagement.",
        ),
        131_053 => ("Media upload error", "The media could not be processed."),
        131_056 => {
            ("Pair rate limit hit", "Too many messages sent from this phone number to the same recipient.")
        }
        130_429 => ("Rate limit hit", "Cloud API message throughput has been reached."),
        131_016 | 2 => ("Service unavailable", "A service is temporarily unavailable."),
        190 => ("Access token has expired", "The access token has expired."),
        _ => ("Something went wrong", "Message failed to send due to an unknown error."),
    }
}

/// What the content of a message says, as far as people would read it.
fn words(kind: &str, message: &Value) -> String {
    let text =
        |pointer: &str| message.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    match kind {
        "text" => text("/text/body"),
        "template" => text("/template/name"),
        "reaction" => text("/reaction/emoji"),
        "interactive" => text("/interactive/body/text"),
        "order" => text("/order/text"),
        "location" => text("/location/name"),
        kind => text(&format!("/{kind}/caption")),
    }
}
