//! SkyHub's JSON as it is on the wire. Everything may be missing; what is unknown survives as text.

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::channels::lenient::{self, Raw};

/// `GET /sac`.
#[derive(Debug, Deserialize)]
pub struct SacPage {
    /// The next page's address, in full.
    #[serde(default, deserialize_with = "lenient::text")]
    pub next_page: Option<String>,
    /// The tickets; `None` where there is no list, which is an outage and not an empty inbox.
    #[serde(default, deserialize_with = "lenient::maybe_items")]
    pub sacs: Option<Vec<Raw>>,
}

/// A ticket: one delivery.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct Ticket {
    /// `<sales channel>-<delivery number>`; holds spaces.
    #[serde(default, deserialize_with = "lenient::text")]
    pub code: Option<String>,
    /// `02-1000000004`: the `orderId` of a reply.
    #[serde(default, deserialize_with = "lenient::text")]
    pub order_code: Option<String>,
    /// `UNREAD`, `READ`, `ARCHIVED`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// Whether the marketplace mediates.
    #[serde(default, deserialize_with = "lenient::truth")]
    pub mediation: Option<bool>,
    /// `B2w`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub platform: Option<String>,
    /// `98`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub warehouse: Option<String>,
    /// With an offset, unlike the chats' times.
    #[serde(default, deserialize_with = "lenient::text")]
    pub created_at: Option<String>,
    /// See `created_at`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub updated_at: Option<String>,
    /// What was asked for beside the talk (see [`instances`]), as it was last read; the list knows nothing of it.
    #[serde(default, deserialize_with = "lenient::maybe", skip_serializing_if = "Option::is_none")]
    pub instances: Option<Vec<String>>,
}

/// `GET /sac/{code}`, which no sample shows: the ticket bare or wrapped (contract A2.2).
#[derive(Debug, Deserialize)]
pub struct OneTicket {
    /// Where it is wrapped.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub sac: Option<Ticket>,
}

/// `GET /sac/{code}/chats`.
#[derive(Debug, Deserialize)]
pub struct ChatsPage {
    /// The next page's address, in full, with a raw space in it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub next_page: Option<String>,
    /// The chats.
    #[serde(default, deserialize_with = "lenient::maybe_items")]
    pub chats: Option<Vec<Raw>>,
}

/// One of a ticket's chats.
#[derive(Debug, Default, Deserialize)]
pub struct Chat {
    /// Who talks: `CUSTOMER_B2W`, `B2W_SELLER`, `CUSTOMER_SELLER`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub parts: Option<String>,
    /// `ACTIVE`, `PAUSED`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// `UNREAD`, `READ`, `ARCHIVED`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub seller_status: Option<String>,
    /// What was said; `None` where there is no list, which is an outage and not a silent chat.
    #[serde(default, deserialize_with = "lenient::maybe_items")]
    pub messages: Option<Vec<Raw>>,
}

/// One message. It has no id.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Message {
    /// The text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub content: Option<String>,
    /// Local time without an offset.
    #[serde(default, deserialize_with = "lenient::text")]
    pub created_at: Option<String>,
    /// Who wrote it.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub part: Option<Part>,
}

/// The author of a message.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Part {
    /// The vendor's number of the person.
    #[serde(default, deserialize_with = "lenient::text")]
    pub code: Option<String>,
    /// E-mail.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: Option<String>,
    /// Name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// `CUSTOMER`, `SELLER`, `EMPLOYEE`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub role: Option<String>,
}

/// A page of tickets; `None` where it is no object.
pub fn sac_page(body: &str) -> Option<SacPage> {
    let raw: &RawValue = serde_json::from_str(body).ok()?;
    raw.get().starts_with('{').then(|| lenient::split(raw).ok())?
}

/// A chats page in any of its forms: `{"chats":[…]}`, a bare chat (the page of 2019), a bare list. `None`: none of
/// them.
pub fn chats_page(body: &str) -> Option<ChatsPage> {
    let raw: &RawValue = serde_json::from_str(body).ok()?;
    if raw.get().starts_with('[') {
        let chats = serde_json::from_str(raw.get()).ok()?;
        return Some(ChatsPage { next_page: None, chats: Some(chats) });
    }
    let page: ChatsPage = lenient::split(raw).ok()?;
    if page.chats.is_some() {
        return Some(page);
    }
    let bare: Chat = lenient::split(raw).ok()?;
    bare.parts.is_some().then(|| ChatsPage { next_page: page.next_page, chats: Some(vec![raw.to_owned()]) })
}

/// The requests to cancel, return or exchange of `GET /sac/{code}/instances`, in a line each. No sample shows the
/// answer: a list or one, each bare or wrapped in `instance` as in the request (contract A2.6).
pub fn instances(body: &str) -> Option<Vec<String>> {
    let value: Value = serde_json::from_str(&lenient::mend_text(body)).ok()?;
    let list = match &value {
        Value::Object(fields) => fields.get("instances").or_else(|| fields.get("instance")).unwrap_or(&value),
        _ => &value,
    };
    let items = match list {
        Value::Array(items) => items.as_slice(),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    };
    Some(items.iter().map(|it| it.get("instance").unwrap_or(it)).filter_map(instance).collect())
}

fn instance(item: &Value) -> Option<String> {
    let named = |of: &Value| of["name"].as_str().or_else(|| of["id"].as_str()).map(str::to_owned);
    let action = item["action"]["id"].as_str().map(str::to_owned).or_else(|| named(&item["action"]))?;
    let why = [named(&item["cause"]), named(&item["cause"]["reason"])];
    let why: Vec<_> = why.into_iter().flatten().filter(|it| !it.is_empty()).collect();
    Some(if why.is_empty() { action } else { format!("{action}: {}", why.join(", ")) })
}

/// A ticket of `GET /sac/{code}`.
pub fn one_ticket(body: &str) -> Option<Ticket> {
    let raw: &RawValue = serde_json::from_str(body).ok()?;
    let (wrapped, _) = lenient::decode::<OneTicket>(raw).ok()?;
    match wrapped.sac {
        Some(ticket) => Some(ticket),
        None => lenient::decode(raw).ok().map(|(ticket, _)| ticket),
    }
}
