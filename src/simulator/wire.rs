//! A request and an answer as all four vendors see them: raw, complete, and without a framework.

use axum::http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{agenda::Agenda, book::Book, faults::What, options::Switches};
use crate::domain::time::Time;

/// One request, its body read to the end.
pub(super) struct Call {
    /// The vendor by the prefix of the path.
    pub vendor: &'static str,
    /// What is asked for, in the simulator's own words (faults name it).
    pub operation: &'static str,
    /// The method.
    pub method: Method,
    /// Path and query as they came.
    pub target: String,
    /// The path behind the vendor's prefix, split at `/` and decoded.
    pub segments: Vec<String>,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// The parts of a multipart body.
    pub parts: Vec<Part>,
    /// The book's number of this request.
    pub number: u64,
}

/// One part of a multipart body.
pub(super) struct Part {
    /// The form field.
    pub name: String,
    /// The file's name.
    pub file: Option<String>,
    /// The part's own content type.
    pub mime: Option<String>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Call {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first value of a query parameter.
    pub fn asks(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The decoded segments, to be matched.
    pub fn path(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// The part of a form field.
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// The media type of the body without its parameters, in lower case.
    pub fn content_type(&self) -> String {
        let whole = self.header("content-type").unwrap_or_default();
        whole.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether the body says that it is in another charset than UTF-8.
    pub fn foreign_charset(&self) -> bool {
        let whole = self.header("content-type").unwrap_or_default().to_ascii_lowercase();
        whole.split(';').skip(1).any(|parameter| {
            parameter.trim().strip_prefix("charset=").is_some_and(|charset| {
                charset.trim_matches('"') != "utf-8" && charset.trim_matches('"') != "utf8"
            })
        })
    }
}

/// One answer, before faults touch it.
pub(super) struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Headers beside length and date.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or_default(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        let mut reply = Self::empty(status);
        reply.headers.push(("content-type", "application/json".into()));
        reply.body = body.to_string().into_bytes();
        reply
    }

    /// A plain text answer.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        let mut reply = Self::empty(status);
        reply.headers.push(("content-type", "text/plain; charset=utf-8".into()));
        reply.body = body.into().into_bytes();
        reply
    }

    /// Bytes of a given type.
    pub fn bytes(mime: &str, body: Vec<u8>) -> Self {
        Self { status: StatusCode::OK, headers: vec![("content-type", mime.into())], body }
    }

    /// The part that was asked for, as HTTP has it (RFC 9110, 14): one range from a byte to the end, of this version alone
    /// where the caller names one.
    pub fn ranged(self, call: &Call) -> Self {
        let tag = format!("\"{}\"", &sha256_hex(&self.body)[..16]);
        let whole = self.with("accept-ranges", "bytes").with("etag", tag.clone());
        let other = call.header("if-range").is_some_and(|it| it != tag);
        let from = call
            .header("range")
            .and_then(|it| it.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        let Some(from) = from.filter(|_| !other) else { return whole };
        let length = whole.body.len();
        if from >= length {
            return Self::empty(416).with("content-range", format!("bytes */{length}"));
        }
        let mut part = whole.with("content-range", format!("bytes {from}-{}/{length}", length - 1));
        part.status = StatusCode::PARTIAL_CONTENT;
        part.body.drain(..from);
        part
    }

    /// The same with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What a vendor may look at and write to while it answers one call or lives through one event.
pub(super) struct Turn<'a> {
    /// Now.
    pub now: Time,
    /// What is recorded.
    pub book: &'a Book,
    /// The open points.
    pub switches: &'a Switches,
    /// `http://host:port`.
    pub origin: &'a str,
    /// The faults of this call that change what the vendor says rather than how it is carried.
    pub quirks: &'a [What],
    /// What happens later.
    pub agenda: &'a mut Agenda,
    /// Chance.
    pub rng: &'a mut fastrand::Rng,
    /// The request that is being answered.
    pub request: Option<u64>,
}

impl Turn<'_> {
    /// Whether a quirk is on.
    pub fn quirk(&self, wanted: &What) -> bool {
        self.quirks.iter().any(|quirk| std::mem::discriminant(quirk) == std::mem::discriminant(wanted))
    }

    /// The extra time in which a write stays invisible.
    pub fn late_ms(&self) -> i64 {
        self.quirks.iter().map(|quirk| if let What::Late { ms } = quirk { *ms } else { 0 }).max().unwrap_or(0)
    }
}

/// Decodes one path segment; a `+` stays a plus.
pub(super) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Decodes `a=b&c=d`; here a `+` is a space.
pub(super) fn form(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

/// Lower-case hex of the SHA-256 of `bytes`.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The media type of a file by its first bytes.
pub(super) fn sniff(bytes: &[u8]) -> &'static str {
    if let Some(kind) = infer::get(bytes) {
        return kind.mime_type();
    }
    if std::str::from_utf8(bytes).is_ok() { "text/plain" } else { "application/octet-stream" }
}

/// Strings of a JSON object, absent or of another kind = `None`.
pub(super) fn text_of<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// `{key: value}` where there is a value, else nothing.
pub(super) fn put(object: &mut Value, key: &str, value: Option<impl Into<Value>>) {
    if let (Some(map), Some(value)) = (object.as_object_mut(), value) {
        map.insert(key.into(), value.into());
    }
}

/// A window of one second in which calls are counted.
#[derive(Default)]
pub(super) struct Bucket {
    times: std::collections::VecDeque<i64>,
}

impl Bucket {
    /// Counts a call; false when more than `limit` came within the second before `now`.
    pub fn admit(&mut self, now: Time, limit: usize) -> bool {
        let now = now.timestamp_millis();
        // What a clock that was set back has counted ahead of now is over too.
        self.times.retain(|at| (0..1000).contains(&(now - at)));
        if self.times.len() >= limit {
            return false;
        }
        self.times.push_back(now);
        true
    }
}

/// An object with one key, the commonest error body.
pub(super) fn one(key: &str, value: impl Into<Value>) -> Value {
    let mut object = json!({});
    put(&mut object, key, Some(value));
    object
}
