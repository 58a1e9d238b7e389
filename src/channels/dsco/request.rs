//! The bodies of our requests. Pure.

use serde_json::{Map, Value, json};

use super::{Role, dates};
use crate::{
    channels::ChannelError,
    domain::{
        Time,
        outbox::{NewConversation, SetFields},
    },
};

/// The longest title that Dsco takes (contract C9: its own sample is longer).
pub const MAX_TITLE: usize = 50;

/// What an order is known by (contract 2.3).
const ORDER_FIELDS: [&str; 4] = ["poNumber", "dscoOrderId", "supplierOrderNumber", "consumerOrderNumber"];

/// A window of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From.
    pub since: Time,
    /// To; at least five seconds past.
    pub until: Time,
}

/// Messages of a window: without `type`, which knows no standard ones, and with the tests (contract 2.7, step 3).
pub fn messages_in(window: Window) -> Value {
    json!({"createdSince": dates::write(window.since), "until": dates::write(window.until), "test": "all"})
}

/// Conversations changed in a window.
pub fn conversations_in(window: Window) -> Value {
    json!({"updatedSince": dates::write(window.since), "until": dates::write(window.until), "test": "all"})
}

/// The next page: nothing goes along.
pub fn next_page(scroll_id: &str) -> Value {
    json!({"scrollId": scroll_id})
}

/// One conversation.
pub fn conversation(id: &str) -> Value {
    json!({"dscoConversationId": id, "test": "all"})
}

/// The conversation under our own reference id.
pub fn by_reference(role: Role, reference: &str) -> Value {
    json!({role.reference_field(): reference, "test": "all"})
}

/// Messages of one conversation since then.
pub fn messages_of(id: &str, since: Time) -> Value {
    json!({"dscoConversationId": id, "createdSince": dates::write(since), "test": "all"})
}

/// A message. Nothing else is taken: Dsco itself adds the type (contract C2, C3).
pub fn message(id: &str, text: &str) -> Value {
    json!({"dscoConversationId": id, "message": text})
}

/// Closes or reopens.
pub fn status(id: &str, closed: bool) -> Value {
    json!({"dscoConversationId": id, "status": if closed { "closed" } else { "in_progress" }})
}

/// Sets reference id, title, due date.
///
/// # Errors
/// `ours` where nothing is set: Dsco refuses an empty change.
pub fn fields(role: Role, id: &str, fields: &SetFields) -> Result<Value, ChannelError> {
    let mut body = Map::new();
    body.insert("dscoConversationId".into(), json!(id));
    if let Some(reference) = &fields.reference {
        body.insert(role.reference_field().into(), json!(reference));
    }
    if let Some(title) = &fields.title {
        body.insert("title".into(), json!(cut(title)));
    }
    if let Some(due) = fields.due {
        body.insert("dueDate".into(), json!(dates::write(due)));
    }
    if body.len() == 1 {
        return Err(ChannelError::ours("there is nothing to set; nothing was sent"));
    }
    Ok(Value::Object(body))
}

/// A new conversation. `reference` makes it safe to look for: it is unique among ours at the vendor.
///
/// # Errors
/// `ours` where partner or title are missing, or a supplier names a consumer.
pub fn create(role: Role, new: &NewConversation, reference: &str) -> Result<Value, ChannelError> {
    let to = new.to.as_deref().map(str::trim).filter(|it| !it.is_empty()).ok_or_else(|| {
        ChannelError::ours("a new Dsco conversation needs the trading partner's id; nothing was sent")
    })?;
    let title = title(new)
        .ok_or_else(|| ChannelError::ours("a new Dsco conversation needs a title; nothing was sent"))?;
    let kind = match new.consumer.as_deref().filter(|it| !it.is_empty()) {
        None => json!({"type": "standard"}),
        Some(consumer) if role == Role::Retailer => json!({"type": "customer_care", "consumerId": consumer}),
        Some(_) => {
            return Err(ChannelError::ours(
                "only the retailer starts customer care; leave the consumer out for a standard conversation",
            ));
        }
    };
    let mut body = Map::new();
    // The partner by its trading partner id, or, said so, by its account.
    let (party, to) = match to.split_once(':') {
        Some(("dscoAccountId", id)) => ("otherPartyDscoAccountId", id),
        _ => ("otherPartyTradingPartnerId", to),
    };
    body.insert(party.into(), json!(to));
    body.insert("referenceId".into(), json!(reference));
    body.insert("title".into(), json!(title));
    body.insert("type".into(), kind);
    if let Some(context) = context(new)? {
        body.insert("context".into(), context);
    }
    if !new.first.text.is_empty() {
        body.insert("initialMessage".into(), json!({"message": new.first.text}));
    }
    if let Some(due) = new.due {
        body.insert("dueDate".into(), json!(dates::write(due)));
    }
    if new.is_test {
        body.insert("isTest".into(), json!(true));
    }
    Ok(Value::Object(body))
}

/// The order that a new conversation is about. A bare number is the retailer's `poNumber`; the vendor's other numbers are
/// written with their names, as `dscoOrderId:9900001`, which is the surest where an order was split.
fn context(new: &NewConversation) -> Result<Option<Value>, ChannelError> {
    let Some(order) = new.order.as_deref().map(str::trim).filter(|it| !it.is_empty()) else {
        return if new.skus.is_empty() {
            Ok(None)
        } else {
            Err(ChannelError::ours("Dsco takes no product without its order; nothing was sent"))
        };
    };
    let (field, number) = match order.split_once(':') {
        Some((field, number)) if ORDER_FIELDS.contains(&field) => (field, number.trim()),
        _ => ("poNumber", order),
    };
    let mut context = json!({"type": "order", field: number});
    match new.skus.as_slice() {
        [] => {}
        [sku] => context["lineItem"] = json!({"sku": sku}),
        _ => return Err(ChannelError::ours("Dsco takes one line of an order; nothing was sent")),
    }
    Ok(Some(context))
}

/// The title of a new conversation, as it is sent.
pub fn title(new: &NewConversation) -> Option<String> {
    let title = new.title.as_deref().filter(|it| !it.trim().is_empty());
    let title = title.or_else(|| new.first.text.lines().find(|it| !it.trim().is_empty()))?;
    Some(cut(title.trim()).to_owned())
}

/// At most 50 characters.
pub fn cut(title: &str) -> &str {
    title.char_indices().nth(MAX_TITLE).map_or(title, |(end, _)| title[..end].trim_end())
}
