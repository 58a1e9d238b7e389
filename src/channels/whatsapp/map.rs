//! WhatsApp's events in the domain's words. Pure.
//!
//! A message's key is the vendor's id of it, whatever it came as: a text after an echo of the same id is the same
//! message, a status finds what it is about, a quote finds what it quotes. Edits, take-backs and reactions are changes
//! *of* a message, known by the key of that one; so (id, kind) never meets twice. A message without an id is known by
//! the SHA-256 of its bytes.

use std::collections::HashMap;

use base64::Engine;
use chrono::{TimeDelta, TimeZone, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    content, error,
    request::{digits, is_phone, send_id},
    wire::{Contact, Events, Media, Message, Status, System, Trouble},
};
use crate::{
    channels::{
        Parsed,
        lenient::{self, Raw},
    },
    domain::{
        Counterpart, Delivery, Direction, Facts, GateEvidence, MessageKind, Product, Role, Time,
        change::{AttachmentSeen, Change, ConversationSeen, DeliverySeen, MessageSeen},
        message::Author,
    },
};

/// How long the window stays open after a customer's message.
pub(super) const WINDOW: TimeDelta = TimeDelta::hours(24);

/// Who a message is by, as far as the event says.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    wa_id: Option<String>,
    user_id: Option<String>,
    pub(super) name: Option<String>,
    group: Option<String>,
}

impl Person {
    /// The conversation's name: the group, else the number, else the user id.
    pub(super) fn conversation(&self) -> Option<&str> {
        self.group.as_deref().or(self.wa_id.as_deref()).or(self.user_id.as_deref())
    }

    /// The second name, where the person has both.
    fn alias(&self) -> Option<&str> {
        if self.group.is_some() {
            return None;
        }
        self.wa_id.as_ref().and(self.user_id.as_deref())
    }

    fn id(&self) -> Option<&str> {
        self.wa_id.as_deref().or(self.user_id.as_deref())
    }
}

/// Turns one value's events into changes.
pub fn events(events: &Events, received_at: Time, parsed: &mut Parsed) {
    let own = events.metadata.as_ref().and_then(|it| it.display_phone_number.as_deref()).map(digits);
    let contacts: Vec<Contact> = events
        .contacts
        .iter()
        .filter_map(|raw| lenient::decode(raw).ok())
        .map(|(contact, _)| contact)
        .collect();
    let mut walk = Walk {
        own: own.filter(|it| !it.is_empty()),
        contacts,
        received_at,
        seen: Vec::new(),
        by_name: HashMap::new(),
        after: Vec::new(),
    };
    walk.contacts.retain(|it| walk.own.is_none() || it.wa_id != walk.own);
    for (raws, by) in [(&events.messages, By::Them), (&events.message_echoes, By::Us)] {
        for raw in raws {
            if let Err(why) = walk.message(raw, by) {
                parsed.unread.push(why);
            }
        }
    }
    for raw in &events.past_messages {
        let with = lenient::decode::<Message>(raw).ok().and_then(|(it, _)| it.to.or(it.from));
        let with = with.filter(|it| !walk.is_own(it));
        if let Err(why) = walk.message(raw, By::Past(with.as_deref().unwrap_or_default())) {
            parsed.unread.push(why);
        }
    }
    walk.besides(events, &mut parsed.unread);
    for raw in &events.statuses {
        if let Err(why) = walk.status(raw) {
            parsed.unread.push(why);
        }
    }
    walk.errors(&events.errors, &mut parsed.unread);
    walk.into_changes(&mut parsed.page.changes);
}

/// Whose a message is.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    /// A customer's.
    Them,
    /// The business's own, from the phone's app.
    Us,
    /// Somebody's in a thread of the past, with this person.
    Past(&'a str),
}

pub(super) struct Walk {
    /// The business's own number, where the event says it: nobody to talk with.
    own: Option<String>,
    contacts: Vec<Contact>,
    pub(super) received_at: Time,
    seen: Vec<(ConversationSeen, Option<String>)>,
    by_name: HashMap<String, usize>,
    pub(super) after: Vec<Change>,
}

impl Walk {
    /// Conversations with their further names first, then what happened in them, in the vendor's order.
    ///
    /// The further name stands before and after: before, so that a conversation known by it is not begun a second
    /// time under the number; after, so that a new one gets it.
    fn into_changes(self, changes: &mut Vec<Change>) {
        for (seen, alias) in self.seen {
            let alias = alias.map(|alias| Change::Alias { conversation: seen.remote_id.clone(), alias });
            changes.extend(alias.clone());
            changes.push(Change::Conversation(Box::new(seen)));
            changes.extend(alias);
        }
        changes.extend(self.after);
    }

    /// Whether a number is the business's own.
    pub(super) fn is_own(&self, number: &str) -> bool {
        let dialled = number.chars().all(|it| it.is_ascii_digit() || "+ -().".contains(it));
        self.own.as_deref().is_some_and(|own| dialled && digits(number) == own)
    }

    pub(super) fn person(&self, wa_id: Option<&str>, user_id: Option<&str>, group: Option<&str>) -> Person {
        let wa_id = wa_id.filter(|it| !it.is_empty() && !self.is_own(it));
        let user_id = user_id.filter(|it| !it.is_empty());
        let contact = match (wa_id, user_id, self.contacts.as_slice()) {
            // Nobody is named: it can only be the one who stands beside it.
            (None, None, [only]) => Some(only),
            (None, None, _) => None,
            _ => self.contacts.iter().find(|contact| {
                (wa_id.is_some() && contact.wa_id.as_deref() == wa_id)
                    || (user_id.is_some() && contact.user_id.as_deref() == user_id)
            }),
        };
        let profile = contact.and_then(|it| it.profile.clone()).unwrap_or_default();
        let given = |text: Option<String>| text.filter(|it| !it.is_empty());
        Person {
            wa_id: given(wa_id.map(str::to_owned).or_else(|| contact.and_then(|it| it.wa_id.clone()))),
            user_id: given(user_id.map(str::to_owned).or_else(|| contact.and_then(|it| it.user_id.clone()))),
            name: given(profile.name).or(given(profile.username)),
            group: given(group.map(str::to_owned)),
        }
    }

    /// The conversation of a person, begun where this body has not shown it yet.
    pub(super) fn conversation(&mut self, person: &Person) -> Option<&mut ConversationSeen> {
        let name = person.conversation()?.to_owned();
        let at = self.by_name.get(&name).copied().unwrap_or(self.seen.len());
        if at == self.seen.len() {
            self.seen.push((ConversationSeen::named(&name, Role::Customer, self.received_at), None));
            self.by_name.insert(name, at);
        }
        let (seen, alias) = &mut self.seen[at];
        describe(seen, person);
        *alias = person.alias().map(str::to_owned).or(alias.take());
        Some(seen)
    }

    pub(super) fn message(&mut self, raw: &Raw, by: By<'_>) -> Result<(), String> {
        let (message, kept) = lenient::decode::<Message>(raw)
            .map_err(|_| format!("a message is {}, not an object", lenient::shape(raw)))?;
        let system = message.system.as_ref().filter(|_| message.kind.as_deref() == Some("system"));
        let customer = message.system.as_ref().and_then(|it| it.customer.as_deref());
        let from = message.from.as_deref().or(customer).filter(|it| !it.is_empty());
        let former = system.and_then(former_user_id);
        let theirs = match (from, former.or(message.from_user_id.as_deref()), system) {
            // Only the new names are said: better than none.
            (None, None, Some(system)) => {
                (system.wa_id.as_deref().or(system.new_wa_id.as_deref()), system.user_id.as_deref())
            }
            (from, user_id, _) => (from, user_id),
        };
        let ours = (message.to.as_deref(), message.to_user_id.as_deref());
        let by_us = message.from.as_deref().is_some_and(|it| self.is_own(it));
        let (echo, (wa_id, user_id)) = match by {
            By::Them if by_us => (true, ours),
            By::Them => (false, theirs),
            By::Us => (true, ours),
            By::Past(thread) => {
                let other = |from: &str| digits(from) != digits(thread);
                let echo = by_us
                    || message.to.is_some()
                    || theirs.0.is_some_and(|from| is_phone(thread) && other(from));
                (echo, if is_phone(thread) { (Some(thread), None) } else { (None, Some(thread)) })
            }
        };
        let person = self.person(wa_id, user_id, message.group_id.as_deref());
        let key = message.id.clone().unwrap_or_else(|| known_by(raw));
        let conversation = match person.conversation() {
            Some(conversation) => conversation.to_owned(),
            // The file of a message of ours that came, or comes, with its thread: it is known by its id.
            None if echo && matches!(by, By::Past(_)) && message.id.is_some() => String::new(),
            None if echo => return Err(format!("message {key} of ours names nobody it is for")),
            None => return Err(format!("message {key} names nobody it is from")),
        };
        let received_at = self.received_at;
        let said_at = message.timestamp.as_deref().and_then(moment);
        let at = said_at.unwrap_or(self.received_at);
        if let Some(change) = about_another(&message, &conversation, &person, echo, at) {
            self.after.push(change);
            return Ok(());
        }
        let read = content::read(&message);
        let system = message.system.as_ref().filter(|_| read.kind == MessageKind::System);
        let direction = match (echo, system) {
            (true, _) => Direction::Outbound,
            // A word of the machine's moves nothing: no window, no turn, no unread count.
            (false, Some(_)) => Direction::Note,
            (false, None) => Direction::Inbound,
        };
        if let Some(seen) = self.conversation(&person) {
            let gate = match direction {
                // The window ends 24 hours after the customer's message by the vendor's time.
                Direction::Inbound => GateEvidence::Window { until: at + WINDOW },
                Direction::Outbound | Direction::Note => no_window(at.min(received_at)),
            };
            window(seen, gate);
            for product in &read.products {
                seen.numbers.push(product.sku.clone());
            }
            if !read.products.is_empty() {
                seen.products = Some(read.products.clone());
            }
            if let Some(system) = system {
                let new_names = rekey(seen, system);
                self.after.extend(
                    new_names
                        .into_iter()
                        .map(|alias| Change::Alias { conversation: conversation.clone(), alias }),
                );
            }
        }
        let author = match direction {
            Direction::Outbound => Author { role: Role::Agent, name: None },
            Direction::Note => Author { role: Role::System, name: None },
            Direction::Inbound => Author { role: Role::Customer, name: person.name.clone() },
        };
        let author_id = (direction == Direction::Inbound).then(|| person.id().map(str::to_owned)).flatten();
        let seen = Box::new(MessageSeen {
            conversation,
            key,
            remote_id: message.id.clone(),
            direction,
            author,
            author_id,
            body: read.body,
            raw: kept,
            kind: read.kind,
            attachments: read.attachments,
            context: read.context,
            sent_at: said_at,
            send_id: None,
            provisional: false,
        });
        let past = matches!(by, By::Past(_));
        self.after.push(if past { Change::Earlier(seen) } else { Change::Message(seen) });
        let come = message.history_context.and_then(|it| it.status).filter(|_| echo);
        if let (Some(key), Some(delivery)) = (message.id, come.as_deref().and_then(come_so_far)) {
            self.after.push(Change::Delivery(DeliverySeen {
                key,
                send_id: None,
                recipient: None,
                delivery,
                error: (delivery == Delivery::Failed).then(|| "WhatsApp says ERROR, without a word".into()),
                window_closed: false,
                at: said_at,
            }));
        }
        Ok(())
    }

    fn status(&mut self, raw: &Raw) -> Result<(), String> {
        let (status, _) = lenient::decode::<Status>(raw)
            .map_err(|_| format!("a status is {}, not an object", lenient::shape(raw)))?;
        // How far a call of ours rings is no state of a message.
        if status.kind.as_deref() == Some("call") {
            return Ok(());
        }
        // A person whom a number of ours was told of by both names answers under either.
        if let (Some(number), Some(user)) = (&status.recipient_id, &status.recipient_user_id)
            && is_phone(number)
            && !user.is_empty()
        {
            self.after.push(Change::Alias { conversation: number.clone(), alias: user.clone() });
        }
        self.after.push(self.come(&status, raw)?);
        Ok(())
    }

    fn come(&self, status: &Status, raw: &Raw) -> Result<Change, String> {
        let key = status.id.clone().ok_or("a status names no message")?;
        let word = status.status.as_deref().unwrap_or_default();
        let at = status.timestamp.as_deref().and_then(moment);
        let recipient = status
            .recipient_id
            .clone()
            .or_else(|| status.message.as_ref().and_then(|it| it.recipient_id.clone()))
            .or_else(|| status.recipient_user_id.clone());
        let troubles: Vec<Trouble> =
            status.errors.iter().filter_map(|raw| lenient::decode(raw).ok()).map(|(it, _)| it).collect();
        let words =
            troubles.iter().map(error::words).filter(|it| !it.is_empty()).collect::<Vec<_>>().join("; ");
        let delivery = match word {
            "sent" => Delivery::Sent,
            "delivered" => Delivery::Delivered,
            // Played is read, for ears.
            "read" | "played" => Delivery::Read,
            "failed" => Delivery::Failed,
            // The *customer* took back a message of theirs (On-Premises' way to say revoke).
            "deleted" => {
                let conversation = recipient.unwrap_or_default();
                return Ok(Change::Removed { conversation, key, at: at.unwrap_or(self.received_at) });
            }
            // `warning` (an item that is not in the catalogue) and whatever comes next: shown, moves nothing.
            other => {
                let mut text = format!(
                    "message {key}: {}",
                    if other.is_empty() { "a status without a word" } else { other }
                );
                if !words.is_empty() {
                    text = format!("{text}: {words}");
                }
                let by = at.is_none().then(|| known_by(raw));
                return Ok(Change::Account { text, at: at.unwrap_or(self.received_at), key: by });
            }
        };
        let failed = delivery == Delivery::Failed;
        let error = failed
            .then(|| if words.is_empty() { "WhatsApp says failed, without a word".into() } else { words });
        Ok(Change::Delivery(DeliverySeen {
            key,
            send_id: status.biz_opaque_callback_data.as_deref().and_then(send_id).map(str::to_owned),
            recipient,
            delivery,
            error,
            window_closed: failed && troubles.iter().filter_map(error::code).any(error::says_window_closed),
            at,
        }))
    }
}

/// What something without an id or a time of its own is known by: its bytes.
pub(super) fn known_by(raw: &serde_json::value::RawValue) -> String {
    format!("raw:{}", hex::encode(Sha256::digest(raw.get())))
}

/// How far a message of ours had come, in the words of the past.
pub(super) fn come_so_far(word: &str) -> Option<Delivery> {
    Some(match word.to_ascii_uppercase().as_str() {
        "SENT" => Delivery::Sent,
        "DELIVERED" => Delivery::Delivered,
        "READ" | "PLAYED" => Delivery::Read,
        "ERROR" | "FAILED" => Delivery::Failed,
        _ => return None,
    })
}

/// A reaction, an edit, a take-back: what is about another message and no message itself.
fn about_another(
    message: &Message,
    conversation: &str,
    person: &Person,
    echo: bool,
    at: Time,
) -> Option<Change> {
    let conversation = conversation.to_owned();
    match message.kind.as_deref()? {
        "reaction" => {
            let reaction = message.reaction.as_ref()?;
            let by = if echo { "us" } else { person.id()? };
            Some(Change::Reaction {
                conversation,
                on: reaction.message_id.clone()?,
                by: by.to_owned(),
                emoji: reaction.emoji.clone().filter(|it| !it.is_empty()),
                at,
            })
        }
        "edit" => {
            let edit = message.edit.as_ref()?;
            let body = content::read(edit.message.as_deref()?).body;
            Some(Change::Edited { conversation, key: edit.original_message_id.clone()?, body, at })
        }
        "revoke" => {
            let key = message.revoke.as_ref()?.original_message_id.clone()?;
            Some(Change::Removed { conversation, key, at })
        }
        _ => None,
    }
}

/// Notes what an event says of a person; what it does not say stays as it is known.
fn describe(seen: &mut ConversationSeen, person: &Person) {
    if let Some(group) = &person.group {
        seen.facts.insert("group_id".into(), json!(group));
        seen.counterpart = Some(Counterpart {
            name: format!("group {group}"),
            addressee: format!("GROUP {group}"),
            note: None,
        });
        return;
    }
    let customer = &mut seen.customer;
    customer.id = person.id().map(str::to_owned).or(customer.id.take());
    if let Some(name) = &person.name {
        customer.name = Some(name.clone());
        seen.counterpart =
            Some(Counterpart { name: name.clone(), addressee: format!("CUSTOMER {name}"), note: None });
    }
    for (key, value) in [("wa_id", &person.wa_id), ("user_id", &person.user_id)] {
        if let Some(value) = value {
            seen.facts.insert(key.into(), json!(value));
        }
    }
    if let Some(phone) = person.wa_id.as_deref().filter(|it| is_phone(it)) {
        customer.phone = Some(format!("+{phone}"));
        if !seen.numbers.iter().any(|it| it == phone) {
            seen.numbers.push(phone.to_owned());
        }
    }
}

/// What a word of ours (or of the machine's) shows of the window: that it was open till now at best. Where the customer
/// has never written, only a template may go. It is told as a window's end and not as a gate that was said, so that it
/// never shuts a window that is open: of two ends the later one counts, here and in the store.
pub fn no_window(at: Time) -> GateEvidence {
    GateEvidence::Window { until: at }
}

/// The window ends by the *newest* customer message; bodies come in no order.
pub(super) fn window(seen: &mut ConversationSeen, told: GateEvidence) {
    seen.gate = match (seen.gate, told) {
        (Some(GateEvidence::Window { until: known }), GateEvidence::Window { until }) => {
            Some(GateEvidence::Window { until: known.max(until) })
        }
        _ => Some(told),
    };
}

/// The user id that a person had before: said, or in the machine's sentence ("… changed from US.1 to US.2").
fn former_user_id(system: &System) -> Option<&str> {
    let told = || {
        let (before, now) = system.body.as_deref()?.trim().rsplit_once(" to ")?;
        let (_, former) = before.rsplit_once(" from ")?;
        let country = former.split_once('.').map(|(country, _)| country)?;
        let is_id = country.len() == 2 && country.bytes().all(|it| it.is_ascii_uppercase());
        (is_id && Some(now) == system.user_id.as_deref()).then_some(former)
    };
    system.previous_user_id.as_deref().filter(|it| !it.is_empty()).or_else(told)
}

/// The person's new names; both the old and the new one address the conversation from now on.
fn rekey(seen: &mut ConversationSeen, system: &System) -> Vec<String> {
    let number = system.wa_id.clone().or_else(|| system.new_wa_id.clone()).filter(|it| !it.is_empty());
    if let Some(number) = number.as_deref().filter(|it| is_phone(it)) {
        seen.customer.phone = Some(format!("+{number}"));
        seen.numbers.push(number.to_owned());
    }
    let user_id = system.user_id.clone().filter(|it| !it.is_empty());
    if let Some(user_id) = user_id.clone().filter(|_| seen.customer.phone.is_none()) {
        // Who shows no number is written to by the newest id.
        seen.facts.insert("user_id".into(), json!(user_id));
        seen.customer.id = Some(user_id);
    }
    number.into_iter().chain(user_id).filter(|name| *name != seen.remote_id).collect()
}

/// The moment of a timestamp: Unix seconds as text or number; milliseconds are told by their size.
pub fn moment(text: &str) -> Option<Time> {
    let text = text.trim();
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    match whole.parse::<i64>() {
        Ok(millis) if millis.unsigned_abs() > 100_000_000_000 => Utc.timestamp_millis_opt(millis).single(),
        Ok(seconds) => Utc.timestamp_opt(seconds, 0).single(),
        Err(_) => chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()),
    }
}

/// A hash in lower-case hex, from base64 or hex; `None` where it is neither.
pub fn sha256_hex(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() == 64 && text.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Some(text.to_ascii_lowercase());
    }
    let engines = [&base64::engine::general_purpose::STANDARD, &base64::engine::general_purpose::URL_SAFE];
    let bytes = engines.iter().find_map(|engine| engine.decode(text).ok())?;
    (bytes.len() == 32).then(|| hex::encode(bytes))
}

/// A file as the event announces it.
pub fn attachment(media: &Media) -> AttachmentSeen {
    AttachmentSeen {
        remote_ref: media.id.clone().filter(|it| !it.is_empty()),
        name: media.filename.clone(),
        mime: media.mime_type.clone(),
        size: media.file_size.as_deref().and_then(|it| it.parse().ok()),
        sha256: media.sha256.as_deref().and_then(sha256_hex),
    }
}

/// What a message holds.
#[derive(Debug)]
pub struct Read {
    /// Its text.
    pub body: String,
    /// Its kind.
    pub kind: MessageKind,
    /// Its files.
    pub attachments: Vec<AttachmentSeen>,
    /// As interface.md writes it.
    pub context: Option<Value>,
    /// The products it is about.
    pub products: Vec<Product>,
}

/// Facts for a conversation that we start.
pub fn facts_of(wa_id: Option<&str>, user_id: Option<&str>) -> Facts {
    let mut facts = Facts::new();
    for (key, value) in [("wa_id", wa_id), ("user_id", user_id)] {
        if let Some(value) = value {
            facts.insert(key.into(), json!(value));
        }
    }
    facts
}
