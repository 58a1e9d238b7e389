//! WhatsApp's webhooks: the check of our address, the signature, and the walk through a body. Pure.
//!
//! Either API's shape is read on either path. Every entry, change, message, status and error is walked; what cannot
//! be read is counted in a sentence and never costs its siblings.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, value::RawValue};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{
    account, map,
    wire::{Body, Entry, Events, Happening},
};
use crate::{
    channels::{Parsed, Webhook, json, lenient},
    domain::Time,
};

/// How an account's webhooks are told from forged ones.
pub enum Trust {
    /// Cloud.
    Signed {
        /// Signs the bodies.
        app_secret: SecretString,
        /// Stands in the check of the address.
        verify_token: SecretString,
        /// A proxy in front writes bodies anew: what does not verify as it came is tried as Meta had written it.
        rewritten: bool,
    },
    /// On-Premises: the vendor signs nothing; the path is the secret.
    SecretPath,
}

/// The webhook side of an account.
pub struct Hook {
    /// Where the listener serves it.
    pub path: String,
    /// How forged bodies are told.
    pub trust: Trust,
    /// The number it is for, where the configuration names one.
    pub phone_number_id: Option<String>,
    /// On-Premises: the address under which the vendor reaches it, where deskline is to tell it.
    pub public_url: Option<String>,
}

impl Webhook for Hook {
    fn path(&self) -> &str {
        &self.path
    }

    fn challenge(&self, query: &[(String, String)]) -> Option<String> {
        let Trust::Signed { verify_token, .. } = &self.trust else { return None };
        let value = |key: &str| query.iter().find(|(it, _)| it == key).map(|(_, value)| value.as_str());
        let wanted = verify_token.expose_secret().as_bytes();
        let given = value("hub.verify_token")?.as_bytes();
        let ours = !wanted.is_empty() && bool::from(wanted.ct_eq(given));
        (ours && value("hub.mode")? == "subscribe").then(|| value("hub.challenge").map(str::to_owned))?
    }

    fn advice(&self) -> String {
        match (&self.trust, &self.public_url) {
            (Trust::Signed { .. }, _) => "check the vendor's webhook address and the proxy".into(),
            (Trust::SecretPath, Some(_)) => "check that `webhook_url` leads here through the proxy; deskline sync \
                                             gives it to the vendor"
                .into(),
            (Trust::SecretPath, None) => "the vendor may not know our address: set `webhook_url` (https, with \
                                          `webhook_path`), and deskline sync gives it to the vendor (PATCH \
                                          /v1/settings/application); or set it there by hand, with callback_persist \
                                          and sent_status"
                .into(),
        }
    }

    fn verifies(&self, signature: Option<&str>, body: &[u8]) -> bool {
        let (app_secret, rewritten) = match &self.trust {
            Trust::SecretPath => return true,
            Trust::Signed { app_secret, rewritten, .. } => (app_secret.expose_secret(), *rewritten),
        };
        let Some(given) = signature
            .and_then(|it| it.trim().strip_prefix("sha256="))
            .and_then(|it| hex::decode(it).ok())
            .filter(|_| !app_secret.is_empty())
        else {
            return false;
        };
        // Over the bytes as they came: parsed and written again they would differ (contract B.5).
        signed(app_secret, body, &given)
            || rewritten
                && std::str::from_utf8(body).is_ok_and(|text| {
                    ["", "/", "/<%@"].iter().any(|also| signed(app_secret, &escaped(text, also), &given))
                })
    }

    fn parse(&self, body: &[u8], received_at: Time, alone: bool) -> Parsed {
        let mut parsed = Parsed::default();
        let mut text = json::text(body);
        if !json::is_json(&text) {
            text = json::without_controls(&text);
        }
        let Ok(raw) = serde_json::from_str::<&RawValue>(&text) else {
            parsed.unread.push("the body is no JSON".into());
            return parsed;
        };
        if !raw.get().starts_with('{') {
            parsed.unread.push(format!("the body is {}, not an object", lenient::shape(raw)));
            return parsed;
        }
        let entries = lenient::split::<Body>(raw).ok().and_then(|body| body.entry);
        match entries {
            Some(entries) => {
                for entry in &entries {
                    self.entry(entry, received_at, alone, &mut parsed);
                }
            }
            None => self.events(raw, Whose::Theirs, received_at, alone, &mut parsed),
        }
        parsed
    }
}

/// Whether `given` is the signature of these bytes; in constant time.
fn signed(app_secret: &str, body: &[u8], given: &[u8]) -> bool {
    Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).is_ok_and(|mut mac| {
        mac.update(body);
        mac.verify_slice(given).is_ok()
    })
}

/// A body as Meta writes it (contract B.5): letters beyond ASCII as `\uXXXX`, of `also` the slash as `\/` and the others
/// as their escapes. What is escaped already stays.
fn escaped(text: &str, also: &str) -> Vec<u8> {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut after_backslash = false;
    for letter in text.chars() {
        match letter {
            '/' if also.contains('/') && !after_backslash => out.push_str("\\/"),
            '<' | '%' | '@' if also.contains(letter) => {
                let case =
                    if letter == '<' { "\\u003C".to_owned() } else { format!("\\u{:04x}", letter as u32) };
                out.push_str(&case);
            }
            letter if letter.is_ascii() => out.push(letter),
            letter => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    // Writing into a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
        after_backslash = letter == '\\' && !after_backslash;
    }
    out.into_bytes()
}

/// Whose the messages of a value are, by the name of its field.
#[derive(Clone, Copy)]
enum Whose {
    Theirs,
    Ours,
    /// Of the past: files of threads that came before, without them.
    Past,
}

impl Hook {
    fn entry(&self, raw: &RawValue, received_at: Time, alone: bool, parsed: &mut Parsed) {
        let Ok(entry) = lenient::split::<Entry>(raw) else {
            parsed.unread.push(format!("an entry is {}", lenient::shape(raw)));
            return;
        };
        for change in &entry.changes {
            let Ok(happening) = lenient::split::<Happening>(change) else {
                parsed.unread.push(format!("a change is {}", lenient::shape(change)));
                continue;
            };
            match (happening.field.as_deref(), &happening.value) {
                (None | Some("messages" | "calls" | "user_preferences" | "user_id_update"), Some(value)) => {
                    self.events(value, Whose::Theirs, received_at, alone, parsed);
                }
                (Some("history"), Some(value)) => {
                    self.events(value, Whose::Past, received_at, alone, parsed);
                }
                (Some("smb_message_echoes" | "message_echoes"), Some(value)) => {
                    self.events(value, Whose::Ours, received_at, alone, parsed);
                }
                // The phone's own address book: names that people there gave, no word of the customer's.
                (Some("smb_app_state_sync"), _) | (None, None) => {}
                // Of another number that shares the path.
                (Some(_), Some(value)) if !alone && self.is_another(value) => parsed.others += 1,
                // Of the business account, whose numbers all are concerned; or of this number (its groups).
                (Some(field), value) => {
                    let said_at = entry.time.as_deref().and_then(map::moment);
                    let (at, key) = match said_at {
                        Some(at) => (at, None),
                        None => (received_at, Some(map::known_by(change))),
                    };
                    let value = value.as_ref().and_then(|it| lenient::decode::<Value>(it).ok());
                    let (value, _) = value.unwrap_or_default();
                    let (change, standing) = account::read(field, &value, at, key);
                    parsed.page.changes.push(change);
                    parsed.page.memory.extend(standing.map(|it| (account::STANDING.to_owned(), it)));
                }
            }
        }
    }

    /// Whether a value names a number, and not this one.
    fn is_another(&self, value: &RawValue) -> bool {
        let metadata = lenient::split::<Events>(value).ok().and_then(|it| it.metadata);
        let named = metadata.and_then(|it| it.phone_number_id);
        named.is_some() && named != self.phone_number_id
    }

    fn events(&self, raw: &RawValue, whose: Whose, received_at: Time, alone: bool, parsed: &mut Parsed) {
        let Ok(mut events) = lenient::split::<Events>(raw) else {
            parsed.unread.push(format!("a value is {}", lenient::shape(raw)));
            return;
        };
        let named = events.metadata.as_ref().and_then(|it| it.phone_number_id.as_ref());
        let ours = named.is_some() && named == self.phone_number_id.as_ref();
        if !ours && !alone {
            parsed.others += 1;
            return;
        }
        match whose {
            Whose::Theirs => {}
            // An echo's field name is the surer sign of who wrote it.
            Whose::Ours => events.message_echoes.append(&mut events.messages),
            Whose::Past => events.past_messages.append(&mut events.messages),
        }
        map::events(&events, received_at, parsed);
    }
}
