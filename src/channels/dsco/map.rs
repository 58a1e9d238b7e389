//! What Dsco shows, in the domain's words. Pure.

use serde_json::{Value, json, value::RawValue};
use sha2::{Digest, Sha256};

use super::{Role, dates, wire};
use crate::{
    channels::json as wire_json,
    domain::{
        self, Counterpart, Customer, Direction, Facts, Gate, GateEvidence, MessageKind, Product, Time,
        change::{Change, ConversationSeen, MessageSeen, RemoteClosed},
        message::Author,
    },
};

/// What the channel notes of a conversation, under the vendor's own names.
const FACTS: [&str; 14] = [
    "type",
    "initiatedBy",
    "retailerReferenceId",
    "supplierReferenceId",
    "dscoRetailerId",
    "dscoRetailerTradingPartnerId",
    "dscoRetailerTradingPartnerName",
    "dscoSupplierId",
    "dscoSupplierTradingPartnerId",
    "dscoSupplierTradingPartnerName",
    "context",
    "dueDate",
    "isTest",
    "testType",
];

/// A conversation that was read.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// The text of its first message.
    pub first: Option<String>,
    /// The other party's name.
    pub partner: Option<String>,
    /// Itself, then its first message (provisional).
    pub changes: Vec<Change>,
}

/// Reads a conversation; `None` where it has no id.
pub fn conversation(raw: &RawValue, role: Role, read_at: Time) -> Option<Seen> {
    let item: wire::Conversation = wire_json::read(raw)?;
    let id = item.id.clone().or_else(|| item.dsco_conversation_id.clone()).filter(|id| !id.is_empty())?;
    let care = is_care(item.r#type.as_ref());
    let consumer =
        item.r#type.as_ref().and_then(|it| it.consumer_id.clone()).filter(|it| care && !it.is_empty());
    let (partner_name, partner_id, partner_account) = match role {
        Role::Supplier => (
            item.dsco_retailer_trading_partner_name.clone(),
            item.dsco_retailer_trading_partner_id.clone(),
            item.dsco_retailer_id.clone(),
        ),
        Role::Retailer => (
            item.dsco_supplier_trading_partner_name.clone(),
            item.dsco_supplier_trading_partner_id.clone(),
            item.dsco_supplier_id.clone(),
        ),
    };
    let partner_name = partner_name.filter(|it| !it.is_empty());
    let partner_known = partner_name.clone();

    let mut seen = ConversationSeen::named(&id, their_role(role, care), read_at);
    seen.subject.clone_from(&item.title);
    seen.customer = Customer {
        id: consumer.clone().or_else(|| partner_account.clone()),
        // The vendor has no name for a consumer.
        name: if consumer.is_some() { None } else { partner_name.clone() },
        ..Customer::default()
    };
    let partner = partner_name.or(partner_id).or(partner_account);
    seen.counterpart = Some(counterpart(role, care, consumer.as_deref(), partner.as_deref()));
    seen.created_at = item.create_date.as_deref().and_then(dates::read);
    seen.updated_at = item.last_update.as_deref().and_then(dates::read);
    status(&mut seen, &item);
    seen.facts = facts(raw);
    let about = seen.facts.get("context").cloned().unwrap_or_default();
    remarks(&mut seen, &item, &about);

    if let Some(context) = &item.context {
        let order: Facts = [("number", &context.po_number), ("dsco_order_id", &context.dsco_order_id)]
            .into_iter()
            .filter(|(_, value)| value.is_some())
            .map(|(key, value)| (key.to_owned(), json!(value)))
            .collect();
        seen.order = (!order.is_empty()).then(|| {
            Facts::from_iter([
                ("number".to_owned(), json!(context.po_number)),
                ("dsco_order_id".to_owned(), json!(context.dsco_order_id)),
            ])
        });
        let line = context.line_item.as_ref();
        // A catalog or inventory context names its item itself, an order's in its line.
        let sku = named(&about["lineItem"], &ITEM).or_else(|| named(&about, &ITEM)).map(|(_, sku)| sku);
        seen.products = sku.map(|sku| vec![Product { sku, ..Product::default() }]);
        seen.numbers.extend(
            [
                &context.po_number,
                &context.dsco_order_id,
                &context.supplier_order_number,
                &context.consumer_order_number,
            ]
            .into_iter()
            .flatten()
            .cloned(),
        );
        seen.numbers.extend(
            line.into_iter()
                .flat_map(|it| [&it.sku, &it.partner_sku, &it.dsco_item_id, &it.upc, &it.ean])
                .flatten()
                .cloned(),
        );
        seen.numbers.extend(seen.products.iter().flatten().map(|it| it.sku.clone()));
    }
    seen.numbers
        .extend([&item.retailer_reference_id, &item.supplier_reference_id].into_iter().flatten().cloned());
    seen.numbers.extend(consumer.clone());
    seen.numbers.retain(|it| !it.is_empty());
    if item.is_test == Some(true) {
        seen.labels.push("test".into());
    }

    let first = item.initial_message.as_ref().and_then(|it| it.message.clone());
    let mut changes = Vec::with_capacity(2);
    if let Some(body) = first.clone().filter(|it| !it.is_empty()) {
        let author = item.initiated_by.as_deref().and_then(Role::of);
        changes.push(Change::Message(Box::new(initial(&seen, role, care, author, body, raw))));
    }
    changes.insert(0, Change::Conversation(Box::new(seen)));
    Some(Seen { id, title: item.title, first, partner: partner_known, changes })
}

/// What an item is known by, the surest first (contract 2.3).
const ITEM: [&str; 8] = ["sku", "partnerSku", "dscoItemId", "upc", "ean", "gtin", "mpn", "isbn"];
/// What a context is known by that is no order.
const SUBJECTS: [&str; 6] = [
    "dscoContractId",
    "invoiceId",
    "dscoInvoiceId",
    "retailerReturnNumber",
    "supplierReturnNumber",
    "dscoReturnId",
];
/// What an order is known by where it has no number of the retailer's or Dsco's.
const FURTHER_NUMBERS: [&str; 2] = ["supplierOrderNumber", "consumerOrderNumber"];

/// The first of these fields that says something, with its name.
fn named(of: &Value, fields: &[&'static str]) -> Option<(&'static str, String)> {
    fields.iter().find_map(|field| {
        let text = match &of[*field] {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some((*field, text))
    })
}

/// What stands beside the status: both sides' reference ids, the due date, what it is about where that is no order.
fn remarks(seen: &mut ConversationSeen, item: &wire::Conversation, about: &Value) {
    let mut said = seen.remote_status.take().unwrap_or_default();
    let references = [
        ("retailer_reference", &item.retailer_reference_id),
        ("supplier_reference", &item.supplier_reference_id),
    ];
    for (key, reference) in references {
        if let Some(reference) = reference.as_ref().filter(|it| !it.is_empty()) {
            said.insert(key.into(), json!(reference));
        }
    }
    if let Some(due) = seen.facts.get("dueDate").and_then(Value::as_str) {
        // As everywhere in our JSON, where it can be read.
        let due = dates::read(due).map_or_else(|| due.to_owned(), dates::write);
        said.insert("due_date".into(), json!(due));
    }
    match about["type"].as_str() {
        None | Some("account") => {}
        Some("order") => {
            if named(about, &["poNumber", "dscoOrderId"]).is_none()
                && let Some((field, number)) = named(about, &FURTHER_NUMBERS)
            {
                said.insert("about".into(), json!(format!("order {field} {number}")));
            }
        }
        Some(kind) => {
            let name = named(about, &SUBJECTS).or_else(|| named(about, &ITEM));
            let name = name.map_or_else(String::new, |(_, name)| format!(" {name}"));
            said.insert("about".into(), json!(format!("{kind}{name}")));
            seen.numbers.extend(SUBJECTS.iter().filter_map(|field| named(about, &[field])).map(|(_, it)| it));
        }
    }
    seen.remote_status = (!said.is_empty()).then_some(said);
}

/// Status, gate and whether it is over.
fn status(seen: &mut ConversationSeen, item: &wire::Conversation) {
    let Some(word) = &item.status else { return };
    seen.remote_status = Some(Facts::from_iter([("status".to_owned(), json!(word))]));
    let closed_at = item.closed_date.as_deref().and_then(dates::read);
    // The prose writes `Closed`, the schema `closed` (contract C10).
    match word.to_ascii_lowercase().as_str() {
        "closed" => {
            seen.gate = Some(GateEvidence::Said { gate: Gate::RemoteClosed, since: closed_at });
            let at = closed_at.or(seen.updated_at);
            seen.remote_closed = Some(RemoteClosed { closed: true, at, unanswered: false });
        }
        "new" | "in_progress" => {
            seen.gate = Some(GateEvidence::said(Gate::Open));
            seen.remote_closed = Some(RemoteClosed { closed: false, at: None, unanswered: false });
        }
        _ => seen.gate = Some(GateEvidence::said(Gate::Unknown)),
    }
}

/// `initialMessage`: it has no id, and comes again as a message with one (contract 2.7).
fn initial(
    seen: &ConversationSeen,
    role: Role,
    care: bool,
    author: Option<Role>,
    body: String,
    raw: &RawValue,
) -> MessageSeen {
    let direction = direction(role, author);
    MessageSeen {
        conversation: seen.remote_id.clone(),
        key: format!("initial:{}", seen.remote_id),
        remote_id: None,
        direction,
        author: match direction {
            Direction::Outbound => Author { role: domain::Role::Agent, name: None },
            _ => Author { role: their_role(role, care), name: seen.customer.name.clone() },
        },
        author_id: None,
        raw: if body.contains('\u{FFFD}') { wire_json::altered(raw) } else { None },
        body,
        kind: MessageKind::Text,
        attachments: Vec::new(),
        context: None,
        sent_at: seen.created_at,
        send_id: None,
        provisional: true,
    }
}

/// Reads a message; `None` where its conversation cannot be told.
pub fn message(raw: &RawValue, role: Role) -> Option<MessageSeen> {
    let item: wire::Message = wire_json::read(raw)?;
    let conversation = item.dsco_conversation_id.clone().filter(|id| !id.is_empty())?;
    let direction = direction(role, author_of(&item, role));
    let remote_id = item.dsco_message_id.clone().filter(|id| !id.is_empty());
    let body = item.message.unwrap_or_default();
    let key = remote_id.clone().unwrap_or_else(|| {
        let parts = format!("{conversation}\n{:?}\n{:?}\n{body}", item.account_type, item.create_date);
        format!("~{}", hex::encode(&Sha256::digest(parts)[..16]))
    });
    let author = match direction {
        Direction::Outbound => Author { role: domain::Role::Agent, name: None },
        _ => Author {
            role: their_role(role, is_care(item.r#type.as_ref())),
            name: item.dsco_trading_partner_name.clone().filter(|it| !it.is_empty()),
        },
    };
    Some(MessageSeen {
        conversation,
        key,
        remote_id,
        direction,
        author,
        author_id: item.dsco_account_id,
        body,
        raw: wire_json::altered(raw),
        kind: MessageKind::Text,
        attachments: Vec::new(),
        context: None,
        sent_at: item.create_date.as_deref().and_then(dates::read),
        send_id: None,
        provisional: false,
    })
}

/// What the answer to our message says that contradicts us (contract C2): Dsco itself decides whether words go to the
/// consumer or come from one.
pub fn misfiled(message: &wire::Message, role: Role) -> Option<String> {
    let word = message.r#type.as_ref()?.customer_care_type.as_deref()?;
    let expected = match role {
        Role::Supplier => "response_to_consumer",
        Role::Retailer => "message_from_consumer",
    };
    (word != expected)
        .then(|| format!("Dsco filed our message as {word}, not as {expected}: is `role` right?"))
}

/// Whose side wrote it: by `accountType`, else by what the other fields give away.
fn author_of(item: &wire::Message, role: Role) -> Option<Role> {
    let named = item.account_type.as_deref().and_then(Role::of);
    let filed = || match item.r#type.as_ref()?.customer_care_type.as_deref()? {
        "message_from_consumer" => Some(Role::Retailer),
        "response_to_consumer" => Some(Role::Supplier),
        _ => None,
    };
    // A recipient is named only where it is not we.
    let addressed = || item.recipient_dsco_trading_partner_name.as_ref().map(|_| role);
    named.or_else(filed).or_else(addressed)
}

/// An author who cannot be told is the other side: what is shown as theirs is at least read.
fn direction(role: Role, author: Option<Role>) -> Direction {
    if author == Some(role) { Direction::Outbound } else { Direction::Inbound }
}

/// In customer care, all that a retailer writes are the consumer's words (contract 2.3).
fn their_role(role: Role, care: bool) -> domain::Role {
    if care && role == Role::Supplier { domain::Role::Customer } else { domain::Role::Partner }
}

fn is_care(kind: Option<&wire::Type>) -> bool {
    kind.and_then(|it| it.r#type.as_deref()).is_some_and(|it| it.eq_ignore_ascii_case("customer_care"))
}

/// The words of the borders (tui.md).
fn counterpart(role: Role, care: bool, consumer: Option<&str>, partner: Option<&str>) -> Counterpart {
    let (name, addressee) = match (role, care) {
        (Role::Supplier, true) => {
            let who = consumer.map_or_else(|| "consumer".to_owned(), |it| format!("consumer {it}"));
            let loud = consumer.map_or_else(|| "CONSUMER".to_owned(), |it| format!("CONSUMER {it}"));
            let through = partner.map(|it| format!(" through {it}")).unwrap_or_default();
            (who, format!("{loud}{through}"))
        }
        (Role::Retailer, true) => {
            let partner = partner.unwrap_or("supplier");
            let words = consumer
                .map_or_else(|| "a consumer's words".to_owned(), |it| format!("consumer {it}'s words"));
            (partner.to_owned(), format!("SUPPLIER {partner} as {words}"))
        }
        (Role::Supplier, false) => loud("RETAILER", partner.unwrap_or_default(), "retailer"),
        (Role::Retailer, false) => loud("SUPPLIER", partner.unwrap_or_default(), "supplier"),
    };
    Counterpart { name, addressee, note: None }
}

fn loud(word: &str, partner: &str, nobody: &str) -> (String, String) {
    if partner.is_empty() {
        (nobody.to_owned(), word.to_owned())
    } else {
        (partner.to_owned(), format!("{word} {partner}"))
    }
}

/// The named fields of an item, as they came.
fn facts(raw: &RawValue) -> Facts {
    let text = crate::channels::lenient::mend_text(raw.get());
    let Ok(Value::Object(mut item)) = serde_json::from_str::<Value>(&text) else { return Facts::new() };
    FACTS
        .iter()
        .filter_map(|key| item.remove(*key).filter(|it| !it.is_null()).map(|it| ((*key).to_owned(), it)))
        .collect()
}
