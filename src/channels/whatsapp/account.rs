//! What WhatsApp tells of a business account as a whole: templates, quality, names, bans. Each is an event; what keeps
//! the account from working is its standing as well, which every scan says until WhatsApp takes it back. Pure.

use serde_json::{Value, json};

use super::map::moment;
use crate::domain::{Time, change::Change, time::to_millis};

/// The channel's note of a standing that is not good.
pub const STANDING: &str = "account.standing";

/// What is left of a vendor's words at most, in characters.
const LONGEST: usize = 600;

/// What to do about a ban or restriction, and what was kept.
const NEXT: &str = "What is written meanwhile stays in the outbox. Ask for a review in Meta's Business Support Home; \
                    this is taken back here when WhatsApp says so";

/// What keeps an account from working.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// In a word: `banned`.
    pub word: String,
    /// In the vendor's words, with the next step.
    pub words: String,
}

/// An account-level happening: what to log, and what becomes of the standing (`Null`: it is good again). `key`: what it is
/// known by where `at` is not the vendor's.
pub fn read(field: &str, value: &Value, at: Time, key: Option<String>) -> (Change, Option<Value>) {
    let text = said(field, value);
    let standing = match standing(field, value) {
        Turn::Stays => None,
        Turn::Good => Some(Value::Null),
        Turn::Bad(word, until) => Some(
            json!({ "word": word, "words": text, "until": until.map(to_millis), "since": to_millis(at) }),
        ),
    };
    (Change::Account { text, at, key }, standing)
}

/// The standing that a note tells of, while it lasts.
pub fn standing_of(note: &Value, now: Time) -> Option<Standing> {
    let until = note["until"].as_i64();
    if until.is_some_and(|until| until <= to_millis(now)) {
        return None;
    }
    let words = note["words"].as_str().unwrap_or("WhatsApp has put this account on hold");
    let word = note["word"].as_str().unwrap_or("on hold").to_owned();
    Some(Standing { word, words: format!("{words}. {NEXT}") })
}

enum Turn {
    Stays,
    Good,
    Bad(&'static str, Option<Time>),
}

fn standing(field: &str, value: &Value) -> Turn {
    let event = value["event"].as_str().unwrap_or_default();
    match field {
        "account_update" => {
            let state = words_of(&value["ban_info"]["waba_ban_state"]);
            match (event, state.as_str()) {
                (_, state) if state.contains("REINSTATE") => Turn::Good,
                ("VERIFIED_ACCOUNT" | "ACCOUNT_REINSTATED" | "ACCOUNT_RESTRICTION_LIFTED", _) => Turn::Good,
                (_, state) if state.contains("SCHEDULE") => Turn::Bad("ban ahead", None),
                ("DISABLED_UPDATE", _) => Turn::Bad("banned", None),
                (_, state) if !state.is_empty() => Turn::Bad("banned", None),
                ("ACCOUNT_RESTRICTION", _) => Turn::Bad("restricted", expiration(value)),
                ("ACCOUNT_DELETED", _) => Turn::Bad("deleted", None),
                ("PARTNER_REMOVED" | "PARTNER_APP_UNINSTALLED" | "ACCOUNT_OFFBOARDED", _) => {
                    Turn::Bad("removed", None)
                }
                ("PARTNER_ADDED" | "PARTNER_APP_INSTALLED" | "ACCOUNT_RECONNECTED", _) => Turn::Good,
                _ => Turn::Stays,
            }
        }
        "account_review_update" => match value["decision"].as_str().unwrap_or_default() {
            "REJECTED" => Turn::Bad("rejected", None),
            "APPROVED" => Turn::Good,
            _ => Turn::Stays,
        },
        _ => Turn::Stays,
    }
}

/// When the last of the restrictions ends; `None` where one does not say.
fn expiration(value: &Value) -> Option<Time> {
    let all = value["restriction_info"].as_array()?;
    let ends: Option<Vec<Time>> = all.iter().map(|it| moment(&words_of(&it["expiration"]))).collect();
    ends?.into_iter().max()
}

/// In a sentence: what it is about, then every value with its name.
fn said(field: &str, value: &Value) -> String {
    let mut values = Vec::new();
    gather(field, value, &mut values);
    let take = |values: &mut Vec<(String, String)>, key: &str| {
        let at = values.iter().position(|(it, _)| it == key)?;
        Some(values.remove(at).1)
    };
    let event = take(&mut values, "event");
    let template = take(&mut values, "message_template_name");
    let language = take(&mut values, "message_template_language");
    let mut text = match template {
        Some(name) => {
            format!("template {name}{}", language.map_or_else(String::new, |it| format!(" ({it})")))
        }
        None => field.replace('_', " "),
    };
    if let Some(event) = event {
        text = format!("{text}: {event}");
    }
    for (name, value) in values {
        text = format!("{text}, {} {value}", name.replace('_', " "));
    }
    format!("WhatsApp says {}", text.chars().take(LONGEST).collect::<String>())
}

/// Every text, number and flag with its own name; lists under the name of the list.
fn gather(name: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if !matches!(key.as_str(), "messaging_product" | "metadata") {
                    gather(key, value, into);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(name, item, into)),
        Value::Null => {}
        scalar => into.push((name.to_owned(), words_of(scalar))),
    }
}

fn words_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(words_of).collect::<Vec<_>>().join(" "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
