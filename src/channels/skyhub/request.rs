//! What is asked of SkyHub. Pure.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use serde::Serialize;

use crate::channels::{ChannelError, http::same_origin};

/// What a path segment keeps (RFC 3986's unreserved); `-` stays, a space is `%20`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What a whole URL must not hold raw; what is encoded already and the cursor's `=` stay as they came.
const URL: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'\\');

/// The chats that a seller may write to, with the reader that must agree with each.
const WRITABLE: [(&str, &str); 2] = [("CUSTOMER_SELLER", "TO_CUSTOMER"), ("B2W_SELLER", "TO_B2W")];

/// The chat of the marketplace's own talk with the customer: never to be written to.
pub const CUSTOMER_B2W: &str = "CUSTOMER_B2W";
/// The seller and the customer.
pub const CUSTOMER_SELLER: &str = "CUSTOMER_SELLER";
/// The seller and the marketplace.
pub const B2W_SELLER: &str = "B2W_SELLER";

/// `GET /sac`, of one status or of all.
pub fn list(base: &str, status: Option<&str>) -> String {
    let base = base.trim_end_matches('/');
    match status {
        Some(status) => format!("{base}/sac?status={status}"),
        None => format!("{base}/sac"),
    }
}

/// `GET /sac/{code}`.
pub fn ticket(base: &str, code: &str) -> String {
    format!("{}/sac/{}", base.trim_end_matches('/'), utf8_percent_encode(code, SEGMENT))
}

/// `GET /sac/{code}/chats`, without a slash at its end.
pub fn chats(base: &str, code: &str) -> String {
    format!("{}/chats", ticket(base, code))
}

/// `GET /sac/{code}/instances`: read only, for writing there moves money.
pub fn instances(base: &str, code: &str) -> String {
    format!("{}/instances", ticket(base, code))
}

/// `POST` and `PATCH /sac/{code}/chats/{parts}`.
pub fn chat(base: &str, code: &str, parts: &str) -> String {
    format!("{}/{}", chats(base, code), utf8_percent_encode(parts, SEGMENT))
}

/// A ticket's `next_page` as it can be asked for. The vendor writes the code into it as it is, and a code may hold any
/// character: the path is made anew, only the query is the vendor's.
///
/// # Errors
/// As [`next_page`].
pub fn next_chats(base: &str, code: &str, text: &str) -> Result<String, ChannelError> {
    let text = text.trim();
    let raw = format!("/sac/{code}/chats");
    match text.rsplit_once(&raw) {
        Some((before, query)) if query.trim_start_matches('/').starts_with('?') => {
            let query = query.trim_start_matches('/');
            next_page(base, &format!("{before}/sac/{}/chats{query}", utf8_percent_encode(code, SEGMENT)))
        }
        _ => next_page(base, text),
    }
}

/// The text with each `%` that begins no escape as `%25`.
fn escaped(text: &str) -> String {
    let mut parts = text.split('%');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escape = part.as_bytes().get(..2).is_some_and(|it| it.iter().all(u8::is_ascii_hexdigit));
        whole.push_str(if escape { "%" } else { "%25" });
        whole.push_str(part);
    }
    whole
}

/// A `next_page` as it can be asked for: it arrives with raw spaces, and its host is only trusted where it is ours.
///
/// # Errors
/// `Refused` where it leads elsewhere: the keys go to the configured host only.
pub fn next_page(base: &str, text: &str) -> Result<String, ChannelError> {
    let text = percent_encode(escaped(text.trim()).as_bytes(), URL).to_string();
    let url = if text.starts_with('/') && !text.starts_with("//") {
        let mut url = reqwest::Url::parse(base)
            .map_err(|_| ChannelError::ours("the channel's url is no address"))?
            .origin()
            .ascii_serialization();
        url.push_str(&text);
        url
    } else {
        text
    };
    if same_origin(base, &url) {
        return Ok(url);
    }
    Err(ChannelError::new(
        crate::channels::ErrorKind::Outage,
        crate::channels::Retry::Never,
        "the vendor's next_page leads to another host; the keys were not sent there",
    ))
}

/// The delivery number: what stands after the last `-` of a code.
pub fn delivery(code: &str) -> &str {
    code.rsplit_once('-').map_or(code, |(_, tail)| tail)
}

/// Our name of a chat.
pub fn remote_id(code: &str, parts: &str) -> String {
    format!("{code}/{parts}")
}

/// The code and the parts of our name of a chat.
///
/// # Errors
/// `ours` where it is none.
pub fn split(remote_id: &str) -> Result<(&str, &str), ChannelError> {
    match remote_id.rsplit_once('/') {
        Some((code, parts)) if !matches!(code, "" | "." | "..") && !parts.is_empty() => Ok((code, parts)),
        _ => Err(ChannelError::ours(format!("{remote_id:?} names no SkyHub chat"))),
    }
}

/// Who reads what is written to a chat; `None` where it may not be written to.
pub fn message_to(parts: &str) -> Option<&'static str> {
    WRITABLE.iter().find(|(known, _)| *known == parts).map(|(_, to)| *to)
}

/// The body of a reply.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Reply<'a> {
    /// The delivery's number.
    pub delivery_id: &'a str,
    /// The seller's CNPJ, digits only.
    pub identity_id: String,
    /// Who reads it.
    pub message_to: &'static str,
    /// Always text.
    pub message_type: &'static str,
    /// The order's number, which is not the delivery's.
    pub order_id: &'a str,
    /// The text to the letter.
    pub message: &'a str,
}

/// A reply to the chat `parts` of the ticket `code`.
///
/// # Errors
/// `ours` where the chat may not be written to or the text is empty.
pub fn reply<'a>(
    code: &'a str,
    parts: &str,
    order_code: &'a str,
    identity_id: &str,
    text: &'a str,
) -> Result<Reply<'a>, ChannelError> {
    let message_to = message_to(parts).ok_or_else(|| not_writable(parts))?;
    if text.trim().is_empty() {
        return Err(ChannelError::ours("SkyHub takes no empty message"));
    }
    Ok(Reply {
        delivery_id: delivery(code),
        // A CNPJ is often written with points; the contract shows digits.
        identity_id: identity_id.chars().filter(char::is_ascii_digit).collect(),
        message_to,
        message_type: "TEXT_MESSAGE",
        order_id: order_code,
        message: text,
    })
}

/// The refusal of a chat that we may only read.
pub fn not_writable(parts: &str) -> ChannelError {
    ChannelError::ours(format!("{parts} can only be read: SkyHub takes no message and no status there"))
}

/// A text as it is compared with what the vendor shows: the vendor may trim (contract A.9).
pub fn normalised(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.replace("\r\n", "\n").nfc().collect::<String>().trim().to_owned()
}
