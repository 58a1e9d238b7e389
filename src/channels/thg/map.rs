//! What Horizon shows, in the domain's words. Pure.

use serde_json::{Value, json, value::RawValue};
use sha2::{Digest, Sha256};

use super::wire;
use crate::{
    channels::json as wire_json,
    domain::{
        Counterpart, Customer, Direction, Facts, Gate, GateEvidence, MessageKind, Product, Role, Time,
        change::{Change, ConversationSeen, MessageSeen, RemoteClosed},
        message::Author,
    },
};

/// A discussion with the page of its messages that came along.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its id.
    pub id: String,
    /// Itself; `remote_closed` still open (see [`Seen::changes`]).
    conversation: ConversationSeen,
    /// Those of the page, and those added since, each once.
    pub messages: Vec<MessageSeen>,
    /// How many messages the vendor has given so far, unreadable ones too: the next offset.
    pub given: u64,
    /// How many there are, where the vendor says so.
    pub total: Option<u64>,
    /// Whether the vendor has more.
    pub has_more: bool,
    /// What changes when anything of it does (contract 1.7, step 3).
    pub fingerprint: Value,
    /// `updatedAt`, for the order of the list.
    pub updated_at: Option<Time>,
    closed: bool,
}

/// A page of messages.
#[derive(Clone, Debug, Default)]
pub struct MessagePage {
    /// The readable ones.
    pub messages: Vec<MessageSeen>,
    /// How many came, unreadable ones too.
    pub given: u64,
    /// How many there are, where the vendor says so.
    pub total: Option<u64>,
    /// Whether the vendor has more.
    pub has_more: bool,
}

/// Reads a discussion; `None` where it has no id.
pub fn discussion(raw: &RawValue, account: &str, read_at: Time) -> Option<Seen> {
    let item: wire::Discussion = wire_json::read(raw)?;
    let id = item.id.filter(|id| !id.is_empty())?;
    let page = messages(&id, account, item.messages.as_ref(), 0);
    let updated_at = item.updated_at.as_deref().and_then(time);
    let order = item
        .selection
        .as_ref()
        .and_then(|it| it.selected_order.as_ref()?.order_number.clone())
        .filter(|number| !number.is_empty());
    let products: Option<Vec<_>> = item
        .selection
        .as_ref()
        .map(|it| it.selected_products.iter().flatten().filter_map(|it| product(it)).collect());

    let mut conversation = ConversationSeen::named(&id, Role::Marketplace, read_at);
    conversation.subject.clone_from(&item.category);
    conversation.category.clone_from(&item.category);
    conversation.customer =
        Customer { id: Some(account.to_owned()), email: Some(account.to_owned()), ..Customer::default() };
    conversation.counterpart = Some(Counterpart {
        name: "THG support".into(),
        addressee: "THG CUSTOMER SERVICES".into(),
        note: Some(format!("as {account}")),
    });
    conversation.remote_status = Some(Facts::from_iter([
        ("status".to_owned(), json!(item.status)),
        ("read".to_owned(), json!(item.read)),
    ]));
    conversation.remote_unread = item.read.map(|read| !read);
    // One good read of the account is all that it takes to be allowed to write (product.md).
    conversation.gate = Some(GateEvidence::said(Gate::Open));
    conversation.numbers.push(id.clone());
    conversation.numbers.extend(order.clone());
    conversation.numbers.extend(products.iter().flatten().map(|it| it.sku.clone()));
    conversation.order = order.map(|number| Facts::from_iter([("number".to_owned(), Value::String(number))]));
    conversation.products = products;
    conversation.created_at = item.created_at.as_deref().and_then(time);
    conversation.updated_at = updated_at;

    // The seed's prose says "Complete", the schema COMPLETED (contract T2). Unknown words are open.
    let closed = item
        .status
        .as_deref()
        .is_some_and(|it| it.eq_ignore_ascii_case("COMPLETED") || it.eq_ignore_ascii_case("COMPLETE"));
    let fingerprint = json!([item.updated_at, item.status, item.read, page.total.unwrap_or(page.given)]);
    Some(Seen {
        id,
        conversation,
        messages: page.messages,
        given: page.given,
        total: page.total,
        has_more: page.has_more || item.messages.is_none(),
        fingerprint,
        updated_at,
        closed,
    })
}

/// Reads a page of messages of the discussion `id`.
pub fn messages(id: &str, account: &str, page: Option<&wire::Messages>, offset: u64) -> MessagePage {
    let Some(page) = page else { return MessagePage::default() };
    let items = page.messages.as_deref().unwrap_or_default();
    let given = items.len() as u64;
    let messages = items.iter().filter_map(|raw| message(raw, id, account)).collect();
    // A vendor who leaves `hasMore` out still says how many there are.
    let has_more =
        given > 0 && page.has_more.unwrap_or_else(|| page.total.is_some_and(|it| it > offset + given));
    MessagePage { messages, given, total: page.total, has_more }
}

impl Seen {
    /// Adds a further page.
    pub fn add(&mut self, page: MessagePage) {
        self.given += page.given;
        self.has_more = page.has_more;
        self.total = page.total.or(self.total);
        for message in page.messages {
            if !self.messages.iter().any(|it| it.key == message.key) {
                self.messages.push(message);
            }
        }
    }

    /// Whether the vendor says it is unread.
    pub fn unread(&self) -> bool {
        self.conversation.remote_unread == Some(true)
    }

    /// Its category.
    pub fn category(&self) -> Option<&str> {
        self.conversation.category.as_deref()
    }

    /// When it began.
    pub fn created_at(&self) -> Option<Time> {
        self.conversation.created_at
    }

    /// Our first message in it.
    pub fn first_query(&self) -> Option<&MessageSeen> {
        self.messages.iter().filter(|it| it.direction == Direction::Outbound).min_by_key(|it| it.sent_at)
    }

    /// The newest message by the vendor's order: by its time, then by its place (contract 1.5).
    pub fn newest(&self) -> Option<&MessageSeen> {
        self.messages.iter().filter(|it| it.remote_id.is_some()).max_by_key(|it| it.sent_at)
    }

    /// As changes. Whether it was completed without an answer can only be said of a whole thread.
    pub fn changes(&self) -> Vec<Change> {
        let mut conversation = self.conversation.clone();
        let whole = !self.has_more;
        if !self.closed || whole {
            conversation.remote_closed = Some(RemoteClosed {
                closed: self.closed,
                // The last change is the nearest that the vendor has to a time of closing.
                at: if self.closed { self.updated_at } else { None },
                unanswered: self.closed && unanswered(&self.messages),
            });
        }
        std::iter::once(Change::Conversation(Box::new(conversation)))
            .chain(self.messages.iter().cloned().map(|it| Change::Message(Box::new(it))))
            .collect()
    }
}

/// No RESPONSE after our last QUERY.
fn unanswered(messages: &[MessageSeen]) -> bool {
    // `max_by_key` gives the last of equal ones: by time, then by place.
    messages.iter().max_by_key(|it| it.sent_at).is_some_and(|last| last.direction == Direction::Outbound)
}

fn message(raw: &RawValue, conversation: &str, account: &str) -> Option<MessageSeen> {
    let Some(item) = wire_json::read::<wire::Message>(raw) else {
        tracing::warn!(conversation, "a message of THG is no object; it was left out");
        return None;
    };
    let direction = match item.r#type.as_deref() {
        Some("QUERY") => Direction::Outbound,
        // A new kind of message is shown rather than lost.
        _ => Direction::Inbound,
    };
    let author = match direction {
        Direction::Outbound => Author { role: Role::Agent, name: Some(account.to_owned()) },
        _ => Author { role: Role::Marketplace, name: None },
    };
    let remote_id = item.id.filter(|id| !id.is_empty());
    let body = item.message.unwrap_or_default();
    let key = remote_id.clone().unwrap_or_else(|| {
        let parts = format!("{conversation}\n{:?}\n{:?}\n{body}", item.r#type, item.created_at);
        format!("~{}", hex::encode(&Sha256::digest(parts)[..16]))
    });
    Some(MessageSeen {
        conversation: conversation.to_owned(),
        key,
        remote_id,
        direction,
        author,
        author_id: None,
        body,
        raw: wire_json::altered(raw),
        kind: MessageKind::Text,
        attachments: Vec::new(),
        context: None,
        sent_at: item.created_at.as_deref().and_then(time),
        send_id: None,
        provisional: false,
    })
}

fn product(raw: &RawValue) -> Option<Product> {
    let item: wire::OrderProduct = wire_json::read(raw)?;
    Some(Product {
        sku: item.sku?,
        title: item.product_variant.and_then(|it| it.title),
        ..Product::default()
    })
}

/// A `Timestamp`: milliseconds since 1970, as a number or its digits.
pub fn time(text: &str) -> Option<Time> {
    let text = text.trim();
    let millis = text.parse::<i64>().ok().or_else(|| {
        // A server that counts in floats writes `1682935200000.0` or `1.6829352E12`; both are exact there.
        let millis = text.parse::<f64>().ok().filter(|it| it.is_finite() && it.abs() < 1e15)?;
        #[expect(clippy::cast_possible_truncation, reason = "bounded by the line above it")]
        Some(millis as i64)
    })?;
    Time::from_timestamp_millis(millis)
}

/// A text as it is compared with another: entities resolved, white space and line ends as one space each. The vendor
/// gives a `DisplayString`, which may differ from what was typed (contract 1.8).
pub fn comparable(text: &str) -> String {
    let text = html_escape::decode_html_entities(text);
    text.replace("<br>", " ")
        .replace("<br/>", " ")
        .replace("<br />", " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
