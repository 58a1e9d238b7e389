//! What customers send: built once, shaped for either API.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Api, Business, CATALOG, Written, words};
use crate::{
    domain::time::Time,
    simulator::{
        book::BookAttachment,
        wire::{Turn, put, sha256_hex},
    },
};

/// A message of a customer.
#[derive(Clone, Debug)]
pub(in crate::simulator) enum Inbound {
    /// Text.
    Text(String),
    /// A question about a product of the catalogue.
    Question {
        /// The question.
        text: String,
        /// The product.
        product: String,
    },
    /// A quote of one of our messages.
    Quote {
        /// The text.
        text: String,
        /// The message.
        id: String,
    },
    /// An order: product, quantity, price, currency.
    Order {
        /// A note with it.
        note: Option<String>,
        /// Its items; prices as they stand on the wire.
        items: Vec<(String, u32, String, String)>,
    },
    /// A file.
    File {
        /// `image`, `video`, `audio`, `voice`, `document`, `sticker`.
        kind: String,
        /// The bytes.
        bytes: Vec<u8>,
        /// The media type.
        mime: String,
        /// The caption.
        caption: Option<String>,
        /// The file's name.
        name: Option<String>,
    },
    /// A place.
    Location {
        /// Latitude.
        latitude: f64,
        /// Longitude.
        longitude: f64,
        /// Its name.
        name: String,
        /// Its address.
        address: String,
    },
    /// A reaction to one of our messages; empty = taken back.
    Reaction {
        /// The message.
        id: String,
        /// The emoji.
        emoji: String,
    },
    /// Anything else, under its type.
    Other(String, Value),
}

impl Business {
    /// A customer writes. Returns the id of the message.
    pub fn receive(
        &mut self,
        api: Api,
        person: &str,
        name: &str,
        what: &Inbound,
        at: Time,
        turn: &mut Turn<'_>,
    ) -> String {
        let id = api.id(turn.rng);
        // Who has no number to show has a business-scoped user id (`US.1349…`) instead.
        let by_user_id = person.contains('.');
        let mut message = json!({"from": person, "id": id, "timestamp": at.timestamp().to_string()});
        if by_user_id {
            message = json!({"from_user_id": person, "id": id, "timestamp": at.timestamp().to_string()});
        }
        let mut attachment = None;
        let kind = match what {
            Inbound::Text(text) => {
                message["text"] = json!({"body": text});
                "text"
            }
            Inbound::Question { text, product } => {
                let of = api.id(turn.rng);
                message["text"] = json!({"body": text});
                message["context"] = json!({
                    "from": api.number(), "id": of,
                    "referred_product": {"catalog_id": CATALOG, "product_retailer_id": product},
                });
                "text"
            }
            Inbound::Quote { text, id } => {
                message["text"] = json!({"body": text});
                message["context"] = json!({"from": api.number(), "id": id});
                "text"
            }
            Inbound::Order { note, items } => {
                let items: Vec<Value> = items
                    .iter()
                    .map(|(product, quantity, price, currency)| {
                        // The price is text until here, so that the wire shows the very digits.
                        let price: Value = serde_json::from_str(price).unwrap_or_default();
                        json!({"product_retailer_id": product, "quantity": quantity, "item_price": price, "currency": currency})
                    })
                    .collect();
                let mut order = json!({"catalog_id": CATALOG});
                put(&mut order, "text", note.clone());
                put(&mut order, "product_items", Some(items));
                message["order"] = order;
                "order"
            }
            Inbound::File { kind, bytes, mime, caption, name } => {
                let media = self.number(api).keep(bytes.clone(), mime, turn);
                let hash = if api == Api::Cloud {
                    BASE64_STANDARD.encode(Sha256::digest(bytes))
                } else {
                    sha256_hex(bytes)
                };
                let mut object = json!({"id": media, "mime_type": mime, "sha256": hash});
                put(&mut object, "caption", caption.clone());
                put(&mut object, "filename", name.clone());
                turn.book.attach(BookAttachment {
                    vendor: api.vendor().into(),
                    id: media.clone(),
                    name: name.clone(),
                    mime: mime.clone(),
                    size: bytes.len(),
                    sha256: sha256_hex(bytes),
                    from_us: false,
                    message: None,
                });
                attachment = Some(media);
                // Cloud calls a voice message an audio with a mark.
                let kind = match (api, kind.as_str()) {
                    (Api::Cloud, "voice") => {
                        object["voice"] = json!(true);
                        "audio"
                    }
                    (_, kind) => kind,
                };
                message[kind] = object;
                kind
            }
            Inbound::Location { latitude, longitude, name, address } => {
                message["location"] =
                    json!({"latitude": latitude, "longitude": longitude, "name": name, "address": address});
                "location"
            }
            Inbound::Reaction { id, emoji } => {
                let mut reaction = json!({"message_id": id});
                put(&mut reaction, "emoji", Some(emoji.clone()).filter(|emoji| !emoji.is_empty()));
                message["reaction"] = reaction;
                "reaction"
            }
            Inbound::Other(kind, _) if kind == "edit" && turn.switches.whatsapp_edits_unsupported => {
                message["errors"] = json!([{"code": 131_051, "title": "Message type unknown"}]);
                message["unsupported"] = json!({"type": "edit"});
                "unsupported"
            }
            Inbound::Other(kind, value) => {
                if let (Some(into), Some(from)) = (message.as_object_mut(), value.as_object()) {
                    into.extend(from.clone());
                }
                kind
            }
        };
        message["type"] = json!(kind);
        let number = self.number(api);
        let known = number.people.entry(person.into()).or_default();
        if known.name.is_empty() {
            known.name = name.into();
            known.receipts = true;
        }
        let name = known.name.clone();
        known.last_inbound = known.last_inbound.max(Some(at));
        number.received.push((id.clone(), person.into(), at));
        Self::write_down(
            api,
            Written {
                person,
                id: &id,
                ours: false,
                text: words(kind, &message),
                kind,
                at,
                attachment,
                reference: None,
            },
            turn,
        );
        let contacts = if by_user_id {
            let username = name.to_lowercase().replace(' ', ".");
            json!([{"profile": {"name": name, "username": username}, "user_id": person}])
        } else {
            json!([{"profile": {"name": name}, "wa_id": person}])
        };
        self.emit(api, &json!({"contacts": contacts, "messages": [message]}), turn);
        id
    }

    /// The profile name of a customer.
    pub fn name(&self, api: Api, person: &str) -> Option<String> {
        let number = if api == Api::Cloud { &self.cloud } else { &self.on_premises };
        number.people.get(person).map(|person| person.name.clone())
    }

    /// Makes a customer known without a message.
    pub fn know(&mut self, api: Api, person: &str, name: &str) {
        let person = self.number(api).people.entry(person.into()).or_default();
        person.name = name.into();
        person.receipts = true;
    }
}
