//! WhatsApp's webhooks: the check of our address, the signature, and the walk through a body. Pure.
//!
//! Either API's shape is read on either path. Every entry, change, message, status and error is walked; what cannot
//! be read is counted in a sentence and never costs its siblings.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{
    map,
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

    fn verifies(&self, signature: Option<&str>, body: &[u8]) -> bool {
        let app_secret = match &self.trust {
            Trust::SecretPath => return true,
            Trust::Signed { app_secret, .. } => app_secret.expose_secret(),
        };
        let Some(given) = signature
            .and_then(|it| it.trim().strip_prefix("sha256="))
            .and_then(|it| hex::decode(it).ok())
            .filter(|_| !app_secret.is_empty())
        else {
            return false;
        };
        // Over the bytes as they came: parsed and written again they would differ (contract B.5).
        Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).is_ok_and(|mut mac| {
            mac.update(body);
            mac.verify_slice(&given).is_ok()
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
            None => self.events(raw, false, received_at, alone, &mut parsed),
        }
        parsed
    }
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
            // Every other field (account_update, history, calls, …) is for consoles, not for agents.
            let echoes = match happening.field.as_deref() {
                None | Some("messages") => false,
                Some("smb_message_echoes" | "message_echoes") => true,
                Some(_) => continue,
            };
            if let Some(value) = &happening.value {
                self.events(value, echoes, received_at, alone, parsed);
            }
        }
    }

    fn events(&self, raw: &RawValue, echoes: bool, received_at: Time, alone: bool, parsed: &mut Parsed) {
        let Ok(mut events) = lenient::split::<Events>(raw) else {
            parsed.unread.push(format!("a value is {}", lenient::shape(raw)));
            return;
        };
        let named = events.metadata.take().and_then(|it| it.phone_number_id);
        let ours = named.is_some() && named == self.phone_number_id;
        if !ours && !alone {
            parsed.others += 1;
            return;
        }
        if echoes {
            // An echo's field name is the surer sign of who wrote it.
            events.message_echoes.append(&mut events.messages);
        }
        map::events(&events, received_at, parsed);
    }
}
