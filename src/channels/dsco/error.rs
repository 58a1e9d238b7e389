//! What an answer that is no success means. One function: the status first, then what the body says of itself.

use serde_json::Value;

use super::wire;
use crate::{
    channels::{ChannelError, ErrorKind, Retry, http::Answer, json},
    domain::Time,
};

/// The most of a vendor's words that is kept.
const MOST_WORDS: usize = 1_000;

/// Whether an answer is a success (contract 2.8).
///
/// # Errors
/// By its status.
pub fn check(answer: &Answer, now: Time) -> Result<(), ChannelError> {
    if let Some(error) = answer.redirected() {
        return Err(error);
    }
    let (kind, retry) = match answer.status.as_u16() {
        200..=299 => return Ok(()),
        408 => (ErrorKind::Outage, Retry::Unclear),
        401 => (ErrorKind::Credentials, Retry::Never),
        // Not executed (contract 2.8, inferred).
        429 => (ErrorKind::RateLimited, Retry::Safe(answer.retry_after(now))),
        // 400 is documented and permanent; 403 and 404 are taken for the same.
        400..=499 => (ErrorKind::Refused, Retry::Never),
        _ => (ErrorKind::Outage, Retry::Unclear),
    };
    let said = words(answer);
    let words =
        if said.is_empty() { format!("the vendor answered {} without words", answer.status) } else { said };
    Err(ChannelError::new(kind, retry, words).with_status(answer.status.as_u16()))
}

/// What an answer of `oauth2/token` means. Asking again does no harm, and the request that needs the token has not
/// left.
///
/// # Errors
/// `Credentials` where the vendor refuses the client; otherwise by the status, always `Safe`.
pub fn token(answer: &Answer, now: Time) -> Result<(String, Option<f64>), ChannelError> {
    let read = answer.json().and_then(|text| {
        let raw: Box<serde_json::value::RawValue> = serde_json::from_str(&text).ok()?;
        json::read::<wire::Token>(&raw)
    });
    let read = read.unwrap_or_default();
    if let Err(error) = check(answer, now) {
        // 400 `invalid_request`, 401 `invalid_client` and their like: an OAuth word is about who we say we are.
        let refused = read.error.is_some() || matches!(answer.status.as_u16(), 400 | 401 | 403);
        return Err(if refused && answer.status.is_client_error() && answer.status.as_u16() != 429 {
            let words = format!("the vendor does not take client_id and client_secret: {}", error.words);
            ChannelError { kind: ErrorKind::Credentials, retry: Retry::Never, words, ..error }
        } else {
            match error.retry {
                Retry::Unclear => ChannelError { retry: Retry::Safe(None), ..error },
                _ => error,
            }
        });
    }
    match read.access_token.filter(|it| !it.is_empty()) {
        Some(token) => Ok((token, read.expires_in.and_then(|it| it.parse().ok()))),
        None => Err(ChannelError::new(
            ErrorKind::Outage,
            Retry::Safe(None),
            "the vendor's answer to the login carries no token: check `url`",
        )),
    }
}

/// An answer that was to be JSON of this shape.
///
/// # Errors
/// An outage, `Unclear`: a 2xx that cannot be read may be a write that happened.
pub fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, ChannelError> {
    object(answer).and_then(|raw| json::read(&raw)).ok_or_else(|| unreadable(answer))
}

/// The body, where it is a JSON object.
pub fn object(answer: &Answer) -> Option<Box<serde_json::value::RawValue>> {
    let text = answer.json()?;
    if !text.trim_start().starts_with('{') {
        return None;
    }
    serde_json::from_str(&text).ok()
}

/// A 2xx whose body is not what the contract says.
pub fn unreadable(answer: &Answer) -> ChannelError {
    let content = content_type(answer);
    ChannelError::new(
        ErrorKind::Outage,
        Retry::Unclear,
        format!("the vendor's answer cannot be read ({content}, {} bytes)", answer.body.len()),
    )
}

/// A 2xx to something new that does not name it: whether it exists is not known.
pub fn no_id(answer: &Answer, what: &str) -> ChannelError {
    ChannelError::new(
        ErrorKind::Outage,
        Retry::Unclear,
        format!(
            "the vendor answered {} without the id of the new {what}: whether it exists is not known",
            answer.status
        ),
    )
}

/// Whether a refusal says that the conversation is closed. There is no code for it, and its status is inferred (contract
/// 2.6).
pub fn says_closed(error: &ChannelError) -> bool {
    error.kind == ErrorKind::Refused && error.words.to_lowercase().contains("closed")
}

/// The vendor's own words (contract 2.8): `messages[].description`, `message`, `error_description`, `error`, else the
/// text as it is.
pub fn words(answer: &Answer) -> String {
    let text = answer.text();
    let text = text.trim();
    let said = serde_json::from_str::<Value>(text).ok().and_then(|value| words_of(&value));
    let said = match said {
        Some(said) => said,
        None if text.starts_with('<') => {
            format!("an HTML page instead of an answer ({})", content_type(answer))
        }
        None => text.to_owned(),
    };
    match said.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{}…", &said[..end]),
        None => said,
    }
}

fn words_of(value: &Value) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let described: Vec<_> =
        value["messages"].as_array().into_iter().flatten().filter_map(described).collect();
    if !described.is_empty() {
        return Some(described.join("; "));
    }
    ["message", "error_description", "error"]
        .iter()
        .find_map(|key| value[*key].as_str().filter(|it| !it.is_empty()).map(str::to_owned))
}

/// `{code, severity, description: string | object | string[]}`.
fn described(message: &Value) -> Option<String> {
    let description = match &message["description"] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Array(lines) => {
            let lines: Vec<_> =
                lines.iter().map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned)).collect();
            (!lines.is_empty()).then(|| lines.join(", "))
        }
        object @ Value::Object(_) => Some(object.to_string()),
        _ => None,
    };
    description.or_else(|| message["code"].as_str().map(str::to_owned))
}

fn content_type(answer: &Answer) -> &str {
    answer
        .headers
        .get(reqwest::header::CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
        .unwrap_or("no content type")
}
