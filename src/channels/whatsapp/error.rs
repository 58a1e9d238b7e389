//! WhatsApp's refusals. The vendor's code decides, not the HTTP status (contract B.9): throttling alone has been seen
//! with 400, 403 and 429.

use std::time::Duration;

use super::{answers::Answered, wire::Trouble};
use crate::{
    channels::{ChannelError, ErrorKind, Retry, http::Answer, lenient},
    domain::Time,
};

/// The pair rate: one person was written to too often.
const PAIR_RATE: i64 = 131_056;
/// Beyond this the pair rate's quota is whole again.
const LONGEST_PAIR_WAIT: Duration = Duration::from_mins(10);

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Auth,
    Throttled,
    Transient,
    Window,
    Refused,
}

/// Cloud's codes (contract B.9). `None`: not documented.
fn cloud(code: i64) -> Option<Class> {
    Some(match code {
        // An account that is blocked (368, 130497, 131031) stops in the same way as one whose token is refused.
        0 | 3 | 10 | 190 | 200..=299 | 368 | 130_497 | 131_005 | 131_031 => Class::Auth,
        4 | 80_007 | 130_429 | 131_048 | PAIR_RATE | 133_016 => Class::Throttled,
        1 | 2 | 131_000 | 131_016 | 131_057 | 133_000 | 133_004 => Class::Transient,
        131_047 => Class::Window,
        33 | 100 | 130_472 | 131_008..=131_062 | 132_000..=132_099 | 133_001..=133_099 | 135_000 => {
            Class::Refused
        }
        _ => return None,
    })
}

/// On-Premises' codes (contract B.1). `None`: not documented.
fn on_premises(code: i64) -> Option<Class> {
    Some(match code {
        1005 => Class::Auth,
        429 | 471 | 503 | 1015 | 1016 => Class::Throttled,
        500 | 1000 | 1011 | 1014 => Class::Transient,
        470 => Class::Window,
        400 | 402 | 408 | 410 | 1001 | 1006 | 1008..=1010 | 1013 | 2000..=2003 | 2061 | 2062 => {
            Class::Refused
        }
        _ => return None,
    })
}

/// The trouble that an answer tells of, if it does; On-Premises does so with 200 at times.
pub fn trouble(answer: &Answer) -> Option<Told> {
    let answered: Answered = super::client::read(answer)?;
    if let Some(trouble) = answered.error {
        return Some(Told { trouble, class: cloud });
    }
    let (trouble, _) = lenient::decode::<Trouble>(answered.errors.first()?).ok()?;
    Some(Told { trouble, class: |code| on_premises(code).or_else(|| cloud(code)) })
}

/// What an answer told.
pub struct Told {
    trouble: Trouble,
    class: fn(i64) -> Option<Class>,
}

impl Told {
    /// The vendor's code.
    pub fn code(&self) -> Option<i64> {
        code(&self.trouble)
    }
}

/// What an answer that is no success means: the table of codes first, the HTTP status where there is no code. A 5xx
/// without a documented code says nothing about whether the message went.
pub fn refusal(answer: &Answer, now: Time) -> ChannelError {
    let status = answer.status.as_u16();
    let told = trouble(answer);
    let code = told.as_ref().and_then(Told::code);
    let class = told.as_ref().and_then(|told| (told.class)(code?));
    if let (None, Some(error)) = (class, answer.redirected()) {
        return error;
    }
    let later = answer.retry_after(now);
    let (kind, retry) = match (class, status) {
        (Some(Class::Auth), _) | (None, 401 | 403) => (ErrorKind::Credentials, Retry::Never),
        (Some(Class::Throttled), _) | (None, 429) => (ErrorKind::RateLimited, Retry::Safe(later)),
        (Some(Class::Transient), _) => (ErrorKind::Outage, Retry::Safe(later)),
        (Some(Class::Window), _) => (ErrorKind::WindowClosed, Retry::Never),
        (None, 408) => (ErrorKind::NoAnswer, Retry::Unclear),
        (Some(Class::Refused), _) | (None, 400..=499) => (ErrorKind::Refused, Retry::Never),
        // A 200 that holds `errors` with a code nobody knows: the vendor said no.
        (None, 200..=299) if told.is_some() => (ErrorKind::Refused, Retry::Never),
        (None, _) => (ErrorKind::Outage, Retry::Unclear),
    };
    let words = told.map(|told| words(&told.trouble)).filter(|words| !words.is_empty());
    ChannelError::new(kind, retry, words.unwrap_or_else(|| bare(answer))).with_status(status)
}

/// A success that does not say what a success has to say: whether the message went is not known.
pub fn unreadable(answer: &Answer, what: &str) -> ChannelError {
    ChannelError::new(ErrorKind::Outage, Retry::Unclear, format!("WhatsApp's answer holds no {what}"))
        .with_status(answer.status.as_u16())
}

/// On-Premises: the first login of an installation must bring a new password (contract B1.1). deskline never chooses one;
/// it says how it is done.
pub fn wants_new_password(refusal: ChannelError, url: &str, username: &str) -> ChannelError {
    let words = refusal.words.to_lowercase();
    let wants = words.contains("new_password")
        || (words.contains("password")
            && ["new", "change", "first", "default", "expired"].iter().any(|it| words.contains(it)));
    if !wants {
        return refusal;
    }
    let words = format!(
        "{}. The first login must set a new password (8 to 64 characters with a digit, an upper-case and a lower-case \
         letter and a special character): curl -u {username} -H 'Content-Type: application/json' \
         -d '{{\"new_password\":\"…\"}}' {url}, then write it where `password` is kept",
        refusal.words
    );
    ChannelError { kind: ErrorKind::Credentials, retry: Retry::Never, words, ..refusal }
}

/// Whether an answer says that this one person was written to too often.
pub fn is_pair_rate(told: Option<&Told>) -> bool {
    told.and_then(Told::code) == Some(PAIR_RATE)
}

/// The refusal of a send to a person who was written to too often, for the `tried`th time in a row: again after
/// 4^X seconds (contract B.10). Nobody else is affected, so it has no status, which would hold back the channel.
pub fn pair_rate(refusal: ChannelError, tried: u32) -> ChannelError {
    let wait = Duration::from_secs(4_u64.saturating_pow(tried)).min(LONGEST_PAIR_WAIT);
    let asked = match refusal.retry {
        Retry::Safe(asked) => asked.unwrap_or_default(),
        Retry::Never | Retry::Unclear => Duration::ZERO,
    };
    ChannelError { status: None, retry: Retry::Safe(Some(wait.max(asked))), ..refusal }
}

/// The vendor's code as a number.
pub fn code(trouble: &Trouble) -> Option<i64> {
    trouble.code.as_deref()?.trim().parse().ok()
}

/// Whether a code says that the window is shut.
pub fn says_window_closed(code: i64) -> bool {
    matches!(code, 131_047 | 470)
}

/// The vendor's own words: its title or message, its details, its code.
pub fn words(trouble: &Trouble) -> String {
    let details = trouble.details.clone().or_else(|| {
        let raw = trouble.error_data.as_deref()?;
        let inner = lenient::decode::<Trouble>(raw).ok().and_then(|(inner, _)| inner.details);
        inner.or_else(|| lenient::as_text(raw))
    });
    let mut said: Vec<String> = Vec::new();
    for words in [trouble.title.clone().or_else(|| trouble.message.clone()), details].into_iter().flatten() {
        if !words.trim().is_empty() && !said.iter().any(|it| it.contains(words.trim())) {
            said.push(words.trim().chars().take(400).collect());
        }
    }
    let mut said = said.join(": ");
    if let Some(code) = &trouble.code
        && !said.contains(code.as_str())
    {
        said = format!("{said} ({code})");
    }
    said.trim().to_owned()
}

fn bare(answer: &Answer) -> String {
    let status = answer.status;
    let named = status
        .canonical_reason()
        .map_or_else(|| status.as_u16().to_string(), |it| format!("{} {it}", status.as_u16()));
    let text = answer.text();
    match text.trim() {
        "" => format!("WhatsApp answered {named} without a word"),
        page if page.starts_with('<') => format!("WhatsApp answered {named} with a web page"),
        _ => format!("WhatsApp answered {named}"),
    }
}
