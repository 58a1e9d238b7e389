//! SkyHub's refusals (contract A.8), in the vendor's own words.

use reqwest::StatusCode;
use serde_json::Value;

use crate::{
    channels::{ChannelError, ErrorKind, Retry, http::Answer},
    domain::Time,
};

/// What an answer that is no success means. SkyHub has no error codes, so the status alone decides:
/// a 5xx says nothing about whether a POST was carried out.
pub fn refusal(answer: &Answer, now: Time) -> ChannelError {
    if let Some(error) = answer.redirected() {
        return error;
    }
    let status = answer.status;
    let (kind, retry) = match status.as_u16() {
        // 403 is "not allowed": the account is to be looked at as with 401.
        401 | 403 => (ErrorKind::Credentials, Retry::Never),
        // Wrong Accept, Content-Type or charset: our mistake, not the agent's.
        406 | 415 => (ErrorKind::Ours, Retry::Never),
        408 => (ErrorKind::NoAnswer, Retry::Unclear),
        429 => (ErrorKind::RateLimited, Retry::Safe(answer.retry_after(now))),
        // "É comum": mostly PAUSED, not always. Whoever sends reads the chat again.
        400..=499 => (ErrorKind::Refused, Retry::Never),
        _ => (ErrorKind::Outage, Retry::Unclear),
    };
    ChannelError::new(kind, retry, words(answer)).with_status(status.as_u16())
}

/// What a 2xx to a reply means: 201 alone says that it was taken, whatever its body, which the contract leaves open
/// (A2.4), but for a web page.
///
/// # Errors
/// An outage, `Unclear`: a maintenance page or half an answer says nothing about whether the reply is there.
pub fn taken(answer: &Answer) -> Result<(), ChannelError> {
    if answer.status == StatusCode::CREATED && !is_page(answer) { Ok(()) } else { clear(answer, false) }
}

/// What a 2xx to a change of state means: 204, or what amounts to it (contract A2.5).
///
/// # Errors
/// An outage, `Unclear`: the change may be repeated.
pub fn done(answer: &Answer) -> Result<(), ChannelError> {
    clear(answer, matches!(answer.status.as_u16(), 200..=202 | 204))
}

fn clear(answer: &Answer, says_so: bool) -> Result<(), ChannelError> {
    if says_so && answer.is_bare_or_json() {
        return Ok(());
    }
    let page = if is_page(answer) { " with a web page" } else { "" };
    let words =
        format!("SkyHub answered {}{page}, which does not say whether it was done", named(answer.status));
    Err(ChannelError::new(ErrorKind::Outage, Retry::Unclear, words))
}

fn is_page(answer: &Answer) -> bool {
    answer.text().trim_start().starts_with('<')
}

/// An answer that says success and holds something else.
pub fn not_the_contract(answer: &Answer, what: &str) -> ChannelError {
    ChannelError::new(ErrorKind::Outage, Retry::Unclear, format!("SkyHub's answer is not {what}"))
        .with_status(answer.status.as_u16())
}

/// The vendor's words: `{"error":"text"}` (the general guide), `{"errors":{"detail":"text"}}` (SAC chats), lists and
/// objects under either, plain text; a web page is named as such.
fn words(answer: &Answer) -> String {
    let status = answer.status;
    let named = || format!("SkyHub answered {}", named(status));
    let text = answer.text();
    let text = text.trim();
    if text.is_empty() {
        return format!("{} without a word", named());
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let mut said = Vec::new();
        collect(&value, &mut said, 0);
        return if said.is_empty() { named() } else { said.join("; ") };
    }
    if text.starts_with('<') {
        return format!("{} with a web page", named());
    }
    text.chars().take(300).collect()
}

fn collect(value: &Value, said: &mut Vec<String>, depth: usize) {
    if depth > 6 || said.len() >= 5 {
        return;
    }
    match value {
        Value::String(text) if !text.trim().is_empty() => said.push(text.trim().chars().take(300).collect()),
        Value::Array(values) => values.iter().for_each(|it| collect(it, said, depth + 1)),
        Value::Object(fields) => {
            let told: Vec<_> = ["error", "errors", "detail", "message", "messages", "title"]
                .iter()
                .filter_map(|key| fields.get(*key))
                .collect();
            if told.is_empty() {
                // `{"errors":{"identityId":["is invalid"]}}`: the field's name belongs to the words.
                for (key, value) in fields {
                    let from = said.len();
                    collect(value, said, depth + 1);
                    if let Some(first) = said.get_mut(from) {
                        *first = format!("{key}: {first}");
                    }
                }
            } else {
                for it in told {
                    collect(it, said, depth + 1);
                }
            }
        }
        _ => {}
    }
}

fn named(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}
