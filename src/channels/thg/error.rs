//! What an answer that is no success means. One function: the status first, then what the body says of itself.

use reqwest::StatusCode;

use super::wire::{Envelope, GraphError};
use crate::{
    channels::{ChannelError, ErrorKind, Retry, http::Answer, json, lenient::as_text},
    domain::Time,
};

/// What became of a request to Horizon.
#[derive(Debug)]
pub enum Outcome {
    /// Logged in, no errors.
    Good(Box<Envelope>),
    /// Not logged in (any more): log in once, ask once more. What it holds is what the answer means if
    /// that does not help.
    Lost(ChannelError),
    /// The query was too heavy: halve the limits and go on (contract 1.4).
    TooHeavy(ChannelError),
    /// A fault.
    Fault(ChannelError),
}

/// What an answer means. `protected`: the flag `LOGGED_IN` must be there. `write`: a mutation.
pub fn outcome(answer: &Answer, protected: bool, write: bool, now: Time) -> Outcome {
    let envelope = answer.json().and_then(|text| {
        // A list or a bare word is no GraphQL answer.
        let raw: Box<serde_json::value::RawValue> = serde_json::from_str(&text).ok()?;
        text.trim_start().starts_with('{').then(|| json::read::<Envelope>(&raw)).flatten()
    });
    let status = answer.status;
    let by_status = || by_status(answer, now);

    let Some(envelope) = envelope else {
        return match by_status() {
            Some(error) if protected && status == StatusCode::UNAUTHORIZED => Outcome::Lost(error),
            Some(error) => Outcome::Fault(error),
            // A 2xx that cannot be read may be a write that happened.
            None => Outcome::Fault(ChannelError::new(ErrorKind::Outage, Retry::Unclear, not_graphql(answer))),
        };
    };
    let errors: Vec<GraphError> =
        envelope.errors.iter().flatten().map(|raw| json::read(raw).unwrap_or_default()).collect();
    let words = words(&errors);
    let fault =
        |kind, retry| ChannelError { status: code(status), ..ChannelError::new(kind, retry, words.clone()) };

    // In-band, with HTTP 200 and often without flags (contract 1.4). Certainly not executed.
    if errors.iter().any(|it| it.extensions.as_ref().is_some_and(|it| it.rate_limited == Some(true))) {
        return Outcome::Fault(fault(ErrorKind::RateLimited, Retry::Safe(answer.retry_after(now))));
    }
    if !errors.is_empty() && too_heavy(&envelope, &errors) {
        return Outcome::TooHeavy(fault(ErrorKind::Refused, Retry::Never));
    }
    let logged_in = !protected
        || envelope
            .extensions
            .as_ref()
            .and_then(|it| it.flags.as_ref())
            .is_some_and(|flags| flags.iter().any(|flag| as_text(flag).as_deref() == Some("LOGGED_IN")));
    // A write whose id came back has happened, whatever the flags say: it must not be repeated.
    let written = envelope
        .data
        .as_ref()
        .is_some_and(|data| data.create_discussion.is_some() || data.reply_to_discussion.is_some());
    if status.is_success() && errors.is_empty() && (logged_in || written) {
        return Outcome::Good(Box::new(envelope));
    }
    if !errors.is_empty() {
        let internal = errors.iter().any(internal);
        let said = if internal {
            // Thrown half-way: whether a mutation had happened by then is unknown.
            fault(ErrorKind::Outage, Retry::Unclear)
        } else if errors.iter().any(about_login) || status == StatusCode::UNAUTHORIZED {
            fault(ErrorKind::Credentials, Retry::Never)
        } else if write || status.is_client_error() {
            fault(ErrorKind::Refused, Retry::Never)
        } else {
            fault(ErrorKind::Outage, Retry::Safe(None))
        };
        // HTTP statuses of GraphQL errors are not documented (contract 1.10): a 5xx stays what it is.
        if status.is_server_error() {
            return Outcome::Fault(
                ChannelError::new(ErrorKind::Outage, Retry::Unclear, words).with_status(status.as_u16()),
            );
        }
        return if logged_in || (internal && write) { Outcome::Fault(said) } else { Outcome::Lost(said) };
    }
    if let Some(error) = by_status() {
        return if protected && status == StatusCode::UNAUTHORIZED {
            Outcome::Lost(error)
        } else {
            Outcome::Fault(error)
        };
    }
    Outcome::Lost(ChannelError::new(
        ErrorKind::Credentials,
        Retry::Never,
        "the vendor does not take the login for one: its answers carry no LOGGED_IN",
    ))
}

/// What `login.error` means. Every value is a refusal of who we say we are.
pub fn login_refused(word: &str) -> ChannelError {
    ChannelError::new(ErrorKind::Credentials, Retry::Never, format!("the login was refused: {word}"))
}

/// The token of an upload: taken iff the status is 2xx, `successful` is true and there is a token. `errorCode` is logged
/// and never decides (contract 1.6).
pub fn uploaded(answer: &Answer, now: Time) -> Result<String, ChannelError> {
    let read = answer.json().and_then(|text| {
        let raw: Box<serde_json::value::RawValue> = serde_json::from_str(&text).ok()?;
        json::read::<super::wire::Uploaded>(&raw)
    });
    let code = read.as_ref().and_then(|it| it.error_code.clone()).unwrap_or_else(|| "none".into());
    if let Some(error) = by_status(answer, now) {
        tracing::warn!(status = answer.status.as_u16(), code, "an upload was not taken");
        // The shop's 401 is about the upload's own token, not about our login.
        let kind = if error.kind == ErrorKind::Credentials { ErrorKind::Refused } else { error.kind };
        return Err(ChannelError {
            kind,
            words: format!("the shop did not take the file: {}", error.words),
            ..error
        });
    }
    let Some(uploaded) = read else {
        return Err(ChannelError::new(
            ErrorKind::Outage,
            Retry::Safe(None),
            "the upload's answer is no JSON",
        ));
    };
    match uploaded.token.filter(|it| !it.is_empty()) {
        Some(token) if uploaded.successful == Some(true) => Ok(token),
        _ => {
            tracing::warn!(code, "an upload was refused");
            Err(ChannelError::new(
                ErrorKind::Refused,
                Retry::Never,
                format!("the shop refused the file (errorCode {code})"),
            ))
        }
    }
}

fn by_status(answer: &Answer, now: Time) -> Option<ChannelError> {
    if let Some(error) = answer.redirected() {
        return Some(error);
    }
    let (kind, retry, words) = match answer.status.as_u16() {
        200..=299 => return None,
        401 => (ErrorKind::Credentials, Retry::Never, "the vendor does not take our session".to_owned()),
        429 => (ErrorKind::RateLimited, Retry::Safe(answer.retry_after(now)), "too many requests".to_owned()),
        408 => (ErrorKind::Outage, Retry::Unclear, "the vendor gave up waiting".to_owned()),
        400..=499 => {
            (ErrorKind::Refused, Retry::Never, format!("the vendor refused the request ({})", answer.status))
        }
        _ => (ErrorKind::Outage, Retry::Unclear, format!("the vendor is in trouble ({})", answer.status)),
    };
    Some(ChannelError::new(kind, retry, words).with_status(answer.status.as_u16()))
}

/// The status, where it says more than that an answer came.
fn code(status: StatusCode) -> Option<u16> {
    (!status.is_success()).then(|| status.as_u16())
}

fn not_graphql(answer: &Answer) -> String {
    let content = answer
        .headers
        .get(reqwest::header::CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
        .unwrap_or("no content type");
    format!("the vendor's answer is no GraphQL ({content}, {} bytes): check `url`", answer.body.len())
}

fn words(errors: &[GraphError]) -> String {
    let words: Vec<_> =
        errors.iter().filter_map(|it| it.message.as_deref()).filter(|it| !it.is_empty()).collect();
    if words.is_empty() { "the vendor answered with an error without words".into() } else { words.join("; ") }
}

/// The shape of a weight rejection is unknown (contract 1.4): its words, its code, or a weight above the limit.
fn too_heavy(envelope: &Envelope, errors: &[GraphError]) -> bool {
    let above =
        envelope.extensions.as_ref().and_then(|it| it.weight.as_ref()).is_some_and(
            |it| matches!((it.weight, it.max_weight), (Some(weight), Some(max)) if weight > max),
        );
    above
        || errors
            .iter()
            .any(|it| mentions(it, &["weight", "too heavy", "too complex", "complexity", "too expensive"]))
}

/// A fault inside of the vendor's house.
fn internal(error: &GraphError) -> bool {
    mentions(
        error,
        &[
            "internal",
            "timeout",
            "timed out",
            "time out",
            "unavailable",
            "upstream",
            "downstream",
            "datafetching",
        ],
    )
}

/// The text for a caller who is not logged in is not documented (contract 1.10).
fn about_login(error: &GraphError) -> bool {
    mentions(
        error,
        &[
            "authenticat",
            "logged in",
            "log in",
            "login",
            "unauthori",
            "not authori",
            "session",
            "access denied",
        ],
    )
}

fn mentions(error: &GraphError, needles: &[&str]) -> bool {
    let extensions = error.extensions.as_ref();
    [
        error.message.as_deref(),
        extensions.and_then(|it| it.classification.as_deref()),
        extensions.and_then(|it| it.code.as_deref()),
    ]
    .into_iter()
    .flatten()
    .map(str::to_lowercase)
    .any(|text| needles.iter().any(|needle| text.contains(needle)))
}
