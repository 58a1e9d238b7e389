//! What arrived and what exists: the witness that tests and people ask afterwards.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use crate::domain::time::Time;

/// How many requests and webhooks keep their headers and bodies: a simulator may run all day.
const KEPT: usize = 20_000;

/// One request as it arrived.
#[derive(Clone, Debug, Serialize)]
pub struct BookRequest {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub at: Time,
    /// `thg`, `dsco`, `skyhub`, `whatsapp` or `onprem`.
    pub vendor: String,
    /// The operation, in the simulator's words.
    pub operation: String,
    /// The method.
    pub method: String,
    /// Path and query as they came.
    pub path: String,
    /// All headers, names in lower case. Like the body, kept for the last 20,000 requests.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(serialize_with = "lossy")]
    pub body: Vec<u8>,
    /// The status that the vendor gave; `None` while open, or when the line was cut.
    pub status: Option<u16>,
}

impl BookRequest {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

fn lossy<S: serde::Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(body))
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Writer {
    /// The client under test.
    Us,
    /// A customer.
    Customer,
    /// The vendor's agent or the trading partner.
    Other,
}

/// A message that exists at a vendor.
#[derive(Clone, Debug, Serialize)]
pub struct BookMessage {
    /// The vendor.
    pub vendor: String,
    /// The conversation, named as interface.md names its remote id.
    pub conversation: String,
    /// The vendor's id; where it has none, one of the simulator's.
    pub id: String,
    /// Who wrote it.
    pub writer: Writer,
    /// Its text.
    pub text: String,
    /// `text`, `image`, `order`, …
    pub kind: String,
    /// The vendor's time.
    pub at: Time,
    /// Attachments, by the vendor's id or token.
    pub attachments: Vec<String>,
    /// The caller's own reference that came with it (`biz_opaque_callback_data`).
    pub reference: Option<String>,
    /// The request that made it.
    pub request: Option<u64>,
    /// What became of it (WhatsApp).
    pub statuses: Vec<(String, Time)>,
}

/// Bytes that exist at a vendor.
#[derive(Clone, Debug, Serialize)]
pub struct BookAttachment {
    /// The vendor.
    pub vendor: String,
    /// The vendor's id or token.
    pub id: String,
    /// The name that came with it.
    pub name: Option<String>,
    /// Its media type.
    pub mime: String,
    /// Its size in bytes.
    pub size: usize,
    /// Lower-case hex.
    pub sha256: String,
    /// Whether we uploaded it.
    pub from_us: bool,
    /// The message that carries it.
    pub message: Option<String>,
}

/// A read mark or a change of status.
#[derive(Clone, Debug, Serialize)]
pub struct BookMark {
    /// When.
    pub at: Time,
    /// The vendor.
    pub vendor: String,
    /// The conversation.
    pub conversation: String,
    /// `read M`, `status closed`, `READ`, …
    pub what: String,
    /// Whether the client did it.
    pub by_us: bool,
}

/// One attempt to deliver a webhook.
#[derive(Clone, Debug, Serialize)]
pub struct BookWebhook {
    /// The webhook's number; equal in repeated attempts.
    pub number: u64,
    /// `whatsapp` or `onprem`.
    pub vendor: String,
    /// When.
    pub at: Time,
    /// The attempt, from 1.
    pub attempt: u32,
    /// What the receiver answered.
    pub status: Option<u16>,
    /// The body.
    #[serde(serialize_with = "lossy")]
    pub body: Vec<u8>,
}

#[derive(Default, Serialize)]
struct Pages {
    requests: Vec<BookRequest>,
    breaches: Vec<String>,
    messages: Vec<BookMessage>,
    attachments: Vec<BookAttachment>,
    marks: Vec<BookMark>,
    webhooks: Vec<BookWebhook>,
    limited: BTreeMap<String, u64>,
}

/// The book. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Book(Arc<Mutex<Pages>>);

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All requests of a vendor; an empty `operation` means any.
    pub fn requests(&self, vendor: &str, operation: &str) -> Vec<BookRequest> {
        self.pages()
            .requests
            .iter()
            .filter(|request| {
                request.vendor == vendor && (operation.is_empty() || request.operation == operation)
            })
            .cloned()
            .collect()
    }

    /// How many requests of a vendor came; an empty `operation` means any.
    pub fn count(&self, vendor: &str, operation: &str) -> usize {
        self.pages()
            .requests
            .iter()
            .filter(|request| {
                request.vendor == vendor && (operation.is_empty() || request.operation == operation)
            })
            .count()
    }

    /// What no client that keeps the contract would have sent. Tests assert that it is empty.
    pub fn breaches(&self) -> Vec<String> {
        self.pages().breaches.clone()
    }

    /// The messages of a conversation, in the order in which they came into being.
    pub fn messages(&self, vendor: &str, conversation: &str) -> Vec<BookMessage> {
        self.pages()
            .messages
            .iter()
            .filter(|message| message.vendor == vendor && message.conversation == conversation)
            .cloned()
            .collect()
    }

    /// Every message of every vendor.
    pub fn all_messages(&self) -> Vec<BookMessage> {
        self.pages().messages.clone()
    }

    /// Our messages of a conversation with exactly this text: 1 means exactly once.
    pub fn copies(&self, vendor: &str, conversation: &str, text: &str) -> usize {
        self.messages(vendor, conversation)
            .iter()
            .filter(|message| message.writer == Writer::Us && message.text == text)
            .count()
    }

    /// How many POSTs carried this text or reference, whether or not they were accepted.
    pub fn posts(&self, vendor: &str, operation: &str, needle: &str) -> usize {
        let needle = serde_json::Value::from(needle).to_string();
        let needle = needle.trim_matches('"');
        self.pages()
            .requests
            .iter()
            .filter(|request| request.vendor == vendor && request.operation == operation)
            .filter(|request| {
                String::from_utf8_lossy(&request.body).contains(needle)
                    || request.json().is_some_and(|json| json.to_string().contains(needle))
            })
            .count()
    }

    /// All attachments.
    pub fn attachments(&self) -> Vec<BookAttachment> {
        self.pages().attachments.clone()
    }

    /// Read marks and status changes of a conversation.
    pub fn marks(&self, vendor: &str, conversation: &str) -> Vec<BookMark> {
        self.pages()
            .marks
            .iter()
            .filter(|mark| mark.vendor == vendor && mark.conversation == conversation)
            .cloned()
            .collect()
    }

    /// All attempts to deliver a webhook.
    pub fn webhooks(&self) -> Vec<BookWebhook> {
        self.pages().webhooks.clone()
    }

    /// How many calls of a vendor were refused by its rate limit.
    pub fn rate_limited(&self, vendor: &str) -> u64 {
        self.pages().limited.get(vendor).copied().unwrap_or(0)
    }

    /// Everything as one JSON object.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(&*self.pages()).unwrap_or_default()
    }

    pub(super) fn arrive(&self, mut request: BookRequest) -> u64 {
        let mut pages = self.pages();
        request.number = pages.requests.len() as u64 + 1;
        let number = request.number;
        pages.requests.push(request);
        if let Some(old) =
            pages.requests.len().checked_sub(KEPT).and_then(|place| pages.requests.get_mut(place))
        {
            old.headers = Vec::new();
            old.body = Vec::new();
        }
        number
    }

    pub(super) fn answered(&self, number: u64, operation: &str, status: Option<u16>) {
        let place = usize::try_from(number).unwrap_or(0).wrapping_sub(1);
        if let Some(request) = self.pages().requests.get_mut(place) {
            request.operation = operation.into();
            request.status = status;
        }
    }

    pub(super) fn breach(&self, what: impl Into<String>) {
        self.pages().breaches.push(what.into());
    }

    pub(super) fn limit(&self, vendor: &str) {
        *self.pages().limited.entry(vendor.into()).or_default() += 1;
    }

    pub(super) fn wrote(&self, message: BookMessage) {
        let mut pages = self.pages();
        for id in &message.attachments {
            for attachment in
                pages.attachments.iter_mut().filter(|one| one.vendor == message.vendor && one.id == *id)
            {
                attachment.message = Some(message.id.clone());
            }
        }
        pages.messages.push(message);
    }

    pub(super) fn attach(&self, attachment: BookAttachment) {
        self.pages().attachments.push(attachment);
    }

    pub(super) fn mark(&self, mark: BookMark) {
        self.pages().marks.push(mark);
    }

    pub(super) fn status(&self, vendor: &str, id: &str, status: &str, at: Time) {
        for message in self.pages().messages.iter_mut().filter(|one| one.vendor == vendor && one.id == id) {
            message.statuses.push((status.into(), at));
        }
    }

    pub(super) fn webhook(&self, webhook: BookWebhook) {
        let mut pages = self.pages();
        pages.webhooks.push(webhook);
        if let Some(old) =
            pages.webhooks.len().checked_sub(KEPT).and_then(|place| pages.webhooks.get_mut(place))
        {
            old.body = Vec::new();
        }
    }
}
