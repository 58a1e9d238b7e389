//! One HTTP client for all vendors: timeouts, size limits, no redirects, the account's pace, and one answer to the question
//! that matters: did bytes leave?
//!
//! Never retries. Never follows a redirect. Never logs a URL's query, a header's value or a body.

use std::time::Duration;

use reqwest::{Method, StatusCode, header::HeaderMap};

use super::{ChannelError, ErrorKind, Retry, pace::Pace};
use crate::domain::Time;

/// How long a request may take as a whole.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is read, after decompression; attachments are streamed past this.
pub const MAX_BODY: usize = 32 << 20;

/// The client of one account.
pub struct Http {
    client: reqwest::Client,
    pace: Pace,
}

/// An answer that was read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: bytes::Bytes,
}

impl Answer {
    /// The vendor's clock, from `Date`.
    pub fn date(&self) -> Option<Time> {
        let text = self.headers.get(reqwest::header::DATE)?.to_str().ok()?;
        httpdate::parse_http_date(text).ok().map(Time::from)
    }

    /// `Retry-After`, in seconds or as a date (then counted from `now`).
    pub fn retry_after(&self, now: Time) -> Option<Duration> {
        let text = self.headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let at = Time::from(httpdate::parse_http_date(text).ok()?);
        Some((at - now).to_std().unwrap_or_default())
    }

    /// The body as the text of JSON, where it is that: each byte that is no UTF-8 as the escape of a lone surrogate
    /// (`\udc80` + …, so that nothing is lost and every reader of items mends it), control characters as escapes, no
    /// byte order mark.
    pub fn json(&self) -> Option<String> {
        let text = super::json::text(&self.body);
        if super::json::is_json(&text) {
            return Some(text);
        }
        let text = super::json::without_controls(&text);
        super::json::is_json(&text).then_some(text)
    }

    /// What an address means that sends us elsewhere. No redirect is ever followed, so nothing was done; 303 alone says
    /// that something was, and where to read what.
    pub fn redirected(&self) -> Option<ChannelError> {
        let (retry, words) = match self.status.as_u16() {
            303 => (Retry::Unclear, "the address answers with a redirect to something else: check `url`"),
            300..=399 => {
                (Retry::Never, "the address answers with a redirect, which is never followed: check `url`")
            }
            _ => return None,
        };
        // Of kind an outage: a scan that is sent elsewhere has found nothing out about any conversation.
        Some(ChannelError::new(ErrorKind::Outage, retry, words).with_status(self.status.as_u16()))
    }

    /// Whether the body is empty or JSON: anything else (a maintenance page, half an answer) is not the vendor's word.
    pub fn is_bare_or_json(&self) -> bool {
        self.body.trim_ascii().is_empty() || self.json().is_some()
    }

    /// The body as text, with the bytes that are no UTF-8 replaced: for error texts, never for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Http {
    /// A client with the house's limits and the account's pace.
    ///
    /// # Errors
    /// `ours` where TLS cannot be set up (a box without CA certificates).
    pub fn new(pace: Pace) -> Result<Self, ChannelError> {
        // Installing a second time is refused and harmless: the first one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(50))
            .user_agent(concat!("deskline/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                ChannelError::ours(format!(
                    "no HTTPS client could be made ({}): are CA certificates installed?",
                    error.without_url()
                ))
            })?;
        Ok(Self { client, pace })
    }

    /// A request to be filled in.
    pub fn request(&self, method: Method, url: &str) -> reqwest::RequestBuilder {
        self.client.request(method, url)
    }

    /// Waits for a place in a bucket of `per_second` requests (0: no limit of ours).
    pub async fn place(&self, bucket: &'static str, per_second: u32) {
        self.pace.place(bucket, per_second).await;
    }

    /// Whether the vendor's wish for a pause (`Retry-After`) lets anything of this bucket leave.
    ///
    /// # Errors
    /// `RateLimited` with the rest of the pause: nothing has left.
    pub fn free(&self, bucket: &'static str) -> Result<(), ChannelError> {
        let Some(rest) = self.pace.paused(bucket) else { return Ok(()) };
        let words =
            format!("the vendor wants to be left alone for {} s more; nothing was sent", rest.as_secs() + 1);
        Err(ChannelError::new(ErrorKind::RateLimited, Retry::Safe(Some(rest)), words).with_status(429))
    }

    /// Takes note of a pause that an answer asks for.
    pub fn obey(&self, bucket: &'static str, answer: &Answer, now: Time) {
        let wait = answer.retry_after(now);
        if answer.status.as_u16() == 429 || (answer.status.as_u16() == 503 && wait.is_some()) {
            self.pace.pause(bucket, wait);
        }
    }

    /// Takes note of a limit that an answer tells of in its body alone.
    pub fn limited(&self, bucket: &'static str, error: &ChannelError) {
        let by_status = matches!(error.status, Some(429 | 503));
        if let (ErrorKind::RateLimited, Retry::Safe(wait), false) = (error.kind, error.retry, by_status) {
            self.pace.pause(bucket, wait);
        }
    }

    /// As [`place`](Self::place), for the bucket's next request.
    pub async fn keep_place(&self, bucket: &'static str, per_second: u32) {
        self.pace.keep(bucket, per_second).await;
    }

    /// Sends a request and reads its answer, whatever its status.
    ///
    /// # Errors
    /// `Unreachable` (`Safe`) where no connection came about; `NoAnswer` (`Unclear`) where bytes may have left.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, ChannelError> {
        self.send_up_to(request, MAX_BODY).await
    }

    /// As [`send`](Self::send), with another limit of the answer's size.
    pub async fn send_up_to(
        &self,
        request: reqwest::RequestBuilder,
        max_body: usize,
    ) -> Result<Answer, ChannelError> {
        let mut response = self.start(request).await?;
        let status = response.status();
        let headers = response.headers().clone();
        let mut body = bytes::BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > max_body => {
                    let words = format!("the answer is larger than {} MB; it was not read", max_body >> 20);
                    return Err(of(ChannelError::new(ErrorKind::Outage, Retry::Unclear, words), status));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Err(of(no_answer(&error), status)),
            }
        }
        Ok(Answer { status, headers, body: body.freeze() })
    }

    /// Sends a request and gives the answer as soon as its head is there; for downloads.
    pub async fn start(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, ChannelError> {
        request.send().await.map_err(|error| {
            if error.is_builder() {
                ChannelError::ours(format!("the request could not be made: {}", plain(&error)))
            } else if error.is_connect() {
                ChannelError::new(
                    ErrorKind::Unreachable,
                    Retry::Safe(None),
                    format!("no connection: {}", plain(&error)),
                )
            } else {
                no_answer(&error)
            }
        })
    }
}

/// Whether `url` has the scheme, host and port of `base`: only then may credentials go along.
pub fn same_origin(base: &str, url: &str) -> bool {
    match (reqwest::Url::parse(base), reqwest::Url::parse(url)) {
        (Ok(base), Ok(url)) => base.origin() == url.origin(),
        _ => false,
    }
}

/// With the status, where it says more than that an answer began: `200` is no word for a trouble.
fn of(error: ChannelError, status: StatusCode) -> ChannelError {
    if status.is_success() { error } else { error.with_status(status.as_u16()) }
}

fn no_answer(error: &reqwest::Error) -> ChannelError {
    ChannelError::new(ErrorKind::NoAnswer, Retry::Unclear, format!("no answer came: {}", plain(error)))
}

/// The innermost cause, which never holds the URL.
fn plain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "time ran out".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if std::ptr::eq(cause, error as &dyn std::error::Error) {
        "the connection broke".into()
    } else {
        cause.to_string()
    }
}

#[cfg(test)]
mod tests;
