//! The writing side of Dsco: create, update, add a message.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Platform, Side, Thread, bad, date, strict, string};
use crate::simulator::wire::{Reply, Turn, put, text_of};

/// The orders that both partners know: purchase order, Dsco's id, supplier's number, consumer's number.
const ORDERS: [(&str, &str, &str, &str); 6] = [
    ("123-456-789", "9900001", "S-5001", "C-881"),
    ("123-456-790", "9900002", "S-5002", "C-882"),
    ("123-456-791", "9900003", "S-5003", "C-883"),
    ("123-456-792", "9900004", "S-5004", "C-884"),
    ("987-654-321", "9900005", "S-5005", "C-885"),
    ("PO-1001", "9900006", "S-5006", "C-886"),
];

impl Platform {
    /// `POST /conversation`.
    pub(super) fn create(&mut self, side: Side, body: &Value, turn: &mut Turn<'_>) -> Reply {
        match self.created(side, body, turn) {
            Ok(value) => Reply::json(201, &value),
            Err(refusal) => refusal,
        }
    }

    fn created(&mut self, side: Side, body: &Value, turn: &mut Turn<'_>) -> Result<Value, Reply> {
        const KNOWN: [&str; 10] = [
            "title",
            "type",
            "otherPartyTradingPartnerId",
            "otherPartyDscoAccountId",
            "context",
            "initialMessage",
            "referenceId",
            "dueDate",
            "isTest",
            "originatesFromExternal",
        ];
        strict(body, &KNOWN, turn)?;
        let breach = |text: &str| {
            turn.book.breach(format!("dsco create: {text}"));
            bad(text.to_owned())
        };
        let title = string(body, "title", turn)?.ok_or_else(|| breach("title is required"))?;
        check_title(title, turn)?;
        let consumer = match body.get("type").map(|kind| (text_of(kind, "type"), text_of(kind, "consumerId")))
        {
            None | Some((Some("standard"), _)) => None,
            Some((Some("customer_care"), Some(consumer))) if !consumer.is_empty() => {
                Some(consumer.to_owned())
            }
            Some((Some("customer_care"), _)) => return Err(breach("customer_care needs a consumerId")),
            Some(_) => return Err(breach("type is unknown")),
        };
        if consumer.is_some() && side == Side::Supplier {
            return Err(breach("only the retailer begins a customer_care conversation"));
        }
        if body.get("dscoSupplierTradingPartnerId").is_some() {
            return Err(breach("dscoSupplierTradingPartnerId is no input"));
        }
        let other = side.other();
        match (
            string(body, "otherPartyTradingPartnerId", turn)?,
            string(body, "otherPartyDscoAccountId", turn)?,
        ) {
            (None, None) => return Err(breach("one of otherParty… is required")),
            (partner, account)
                if partner.is_some_and(|id| id != other.partner_id())
                    || account.is_some_and(|id| id != other.account()) =>
            {
                return Err(bad("The other party is not a trading partner of yours"));
            }
            _ => {}
        }
        let context = read_context(body, consumer.is_some(), turn)?;
        let initial = match body.get("initialMessage") {
            None | Some(Value::Null) => None,
            Some(message) => {
                match (text_of(message, "message"), message.as_object().map(serde_json::Map::len)) {
                    (Some(text), Some(1)) if !text.is_empty() => Some(text.to_owned()),
                    _ => return Err(breach("initialMessage holds message and nothing else")),
                }
            }
        };
        let reference = string(body, "referenceId", turn)?.map(str::to_owned);
        self.check_reference(side, reference.as_deref(), None, turn)?;
        let due = date(body, "dueDate", turn)?;
        let visible_at =
            turn.now + TimeDelta::milliseconds(turn.switches.dsco_visibility_ms + turn.late_ms());
        let mut references = [None, None];
        references[usize::from(side == Side::Supplier)] = reference;
        let thread = Thread {
            id: String::new(),
            title: title.into(),
            consumer,
            begun_by: side,
            status: if turn.switches.dsco_created_in_progress { "in_progress" } else { "new" },
            references,
            context,
            initial,
            due,
            is_test: body.get("isTest").and_then(Value::as_bool).unwrap_or(false),
            closed_at: None,
            created_at: turn.now,
            updated_at: turn.now,
            visible_at,
        };
        let id = self.begin(thread, turn);
        Ok(self.find(&id).map(|thread| thread.json(side, turn.switches)).unwrap_or_default())
    }

    fn check_reference(
        &self,
        side: Side,
        reference: Option<&str>,
        but: Option<&str>,
        turn: &Turn<'_>,
    ) -> Result<(), Reply> {
        let place = usize::from(side == Side::Supplier);
        let taken = |thread: &&Thread| {
            reference.is_some_and(|it| !it.is_empty())
                && thread.references[place].as_deref() == reference
                && Some(thread.id.as_str()) != but
        };
        if self.threads.iter().any(|thread| taken(&thread)) {
            let switches = turn.switches;
            let text = switches.dsco_duplicate_reference_text.as_str();
            return Err(Reply::text(switches.dsco_duplicate_reference_status, text));
        }
        Ok(())
    }

    /// `PUT /conversation`.
    pub(super) fn update(&mut self, side: Side, body: &Value, turn: &mut Turn<'_>) -> Reply {
        match self.updated(side, body, turn) {
            Ok(value) => Reply::json(200, &value),
            Err(refusal) => refusal,
        }
    }

    fn updated(&mut self, side: Side, body: &Value, turn: &mut Turn<'_>) -> Result<Value, Reply> {
        const IDS: [&str; 3] =
            ["dscoConversationId", "findByRetailerReferenceId", "findBySupplierReferenceId"];
        const CHANGES: [&str; 6] =
            ["title", "status", "dueDate", "retailerReferenceId", "supplierReferenceId", "type"];
        strict(body, &[&IDS[..], &CHANGES[..]].concat(), turn)?;
        let id = self.identify(body, IDS, turn)?;
        let breach = |text: &str| {
            turn.book.breach(format!("dsco update: {text}"));
            bad(text.to_owned())
        };
        if !CHANGES.iter().any(|change| body.get(change).is_some()) {
            return Err(breach("nothing to change"));
        }
        let status = string(body, "status", turn)?;
        if let Some(status) = status
            && !matches!(status, "in_progress" | "closed")
        {
            return Err(breach("status may be set to in_progress or closed only"));
        }
        let title = string(body, "title", turn)?;
        if let Some(title) = title {
            check_title(title, turn)?;
        }
        let due = date(body, "dueDate", turn)?;
        let own = if side == Side::Retailer { CHANGES[3] } else { CHANGES[4] };
        let foreign = if side == Side::Retailer { CHANGES[4] } else { CHANGES[3] };
        if body.get(foreign).is_some() {
            return Err(breach("that reference id is the partner's"));
        }
        let reference = string(body, own, turn)?;
        self.check_reference(side, reference, Some(&id), turn)?;
        if reference == Some("") && !turn.switches.dsco_empty_reference_clears {
            return Err(bad("A reference id must not be empty"));
        }
        let consumer = body.get("type").map(|kind| (text_of(kind, "type"), text_of(kind, "consumerId")));
        let Some(thread) = self.find(&id) else { return Err(bad("Conversation not found")) };
        match (consumer, &thread.consumer) {
            (Some((Some("customer_care"), Some(consumer))), Some(_)) => {
                thread.consumer = Some(consumer.into());
            }
            (Some((Some("standard"), _)), None) | (None, _) => {}
            _ => return Err(breach("the type of a conversation cannot be changed")),
        }
        if let Some(title) = title {
            thread.title = title.into();
        }
        if due.is_some() {
            thread.due = due;
        }
        if let Some(reference) = reference {
            thread.references[usize::from(side == Side::Supplier)] =
                Some(reference.to_owned()).filter(|it| !it.is_empty());
        }
        thread.updated_at = turn.now;
        if let Some(status) = status {
            self.set_status(&id, status, turn);
        }
        Ok(self.find(&id).map(|thread| thread.json(side, turn.switches)).unwrap_or_default())
    }

    /// `POST /conversation/message`.
    pub(super) fn add(&mut self, side: Side, body: &Value, turn: &mut Turn<'_>) -> Reply {
        match self.added(side, body, turn) {
            Ok(value) => Reply::json(201, &value),
            Err(refusal) => refusal,
        }
    }

    fn added(&mut self, side: Side, body: &Value, turn: &mut Turn<'_>) -> Result<Value, Reply> {
        const IDS: [&str; 3] = ["dscoConversationId", "retailerReferenceId", "supplierReferenceId"];
        strict(body, &[&IDS[..], &["message"][..]].concat(), turn)?;
        let id = self.identify(body, IDS, turn)?;
        let text = string(body, "message", turn)?.filter(|text| !text.is_empty()).ok_or_else(|| {
            turn.book.breach("dsco message: message is required");
            bad("message is required")
        })?;
        let Some(thread) = self.find(&id) else { return Err(bad("Conversation not found")) };
        if let Some(kind) = body.get("type") {
            // Not an input by the reference, requisite by the seed's prose: accepted where it says what is true.
            let own = if side == Side::Retailer { "message_from_consumer" } else { "response_to_consumer" };
            let agrees = text_of(kind, "customerCareType").is_none_or(|given| given == own)
                && (text_of(kind, "type") == Some("customer_care")) == thread.consumer.is_some();
            if !agrees {
                turn.book.breach("dsco message: type contradicts the conversation");
                return Err(bad("type contradicts the conversation"));
            }
        }
        if thread.status == "closed" {
            let text = "The conversation is closed; no message may be added";
            return Err(Reply::text(turn.switches.dsco_closed_status, text));
        }
        let most = turn.switches.dsco_max_message;
        if most > 0 && text.chars().count() > most {
            return Err(bad(format!("message must not exceed {most} characters")));
        }
        if turn.switches.dsco_basic_plane && text.chars().any(|letter| letter > '\u{ffff}') {
            return Err(bad("message holds characters that are not supported"));
        }
        let visible_at =
            turn.now + TimeDelta::milliseconds(turn.switches.dsco_visibility_ms + turn.late_ms());
        let window = TimeDelta::seconds(turn.switches.dsco_dedupe_equal_message_s);
        let first = self
            .notes
            .iter()
            .rev()
            .find(|it| it.thread == id && it.from == side && it.text == text && turn.now - it.at < window)
            .map(|it| it.id.clone());
        let note = match first {
            Some(first) => first,
            None => self.note(&id, side, text, turn.now, visible_at, turn),
        };
        let thread = self.threads.named(&id);
        let note = self.notes.named(&note);
        Ok(thread.zip(note).map(|(thread, note)| note.json(thread, side, turn.switches)).unwrap_or_default())
    }

    /// The conversation that exactly one of three fields names.
    fn identify(&self, body: &Value, fields: [&str; 3], turn: &Turn<'_>) -> Result<String, Reply> {
        let mut found = Vec::new();
        for field in fields {
            if let Some(value) = string(body, field, turn)? {
                found.push((field, value));
            }
        }
        let [(field, value)] = found.as_slice() else {
            turn.book.breach("dsco: exactly one id of the conversation is needed");
            return Err(bad(format!("Exactly one of {} is required", fields.join(", "))));
        };
        let thread = self.threads.iter().find(|thread| match *field {
            "dscoConversationId" => thread.id == *value,
            field if field.to_ascii_lowercase().contains("retailer") => {
                thread.references[0].as_deref() == Some(value)
            }
            _ => thread.references[1].as_deref() == Some(value),
        });
        thread
            .map(|thread| thread.id.clone())
            .ok_or_else(|| bad(format!("No conversation with {field} {value}")))
    }
}

fn check_title(title: &str, turn: &Turn<'_>) -> Result<(), Reply> {
    let length = title.chars().count();
    if length == 0 || length > turn.switches.dsco_max_title {
        turn.book.breach(format!("dsco: a title of {length} characters"));
        return Err(bad(format!("title must have 1 to {} characters", turn.switches.dsco_max_title)));
    }
    Ok(())
}

fn read_context(body: &Value, care: bool, turn: &Turn<'_>) -> Result<Value, Reply> {
    let Some(context) = body.get("context").filter(|context| !context.is_null()) else {
        if care && turn.switches.dsco_care_needs_context {
            turn.book.breach("dsco create: customer_care needs an order context");
            return Err(bad("context is required for customer_care"));
        }
        return Ok(json!({"type": "account"}));
    };
    let refuse = |text: &str| {
        turn.book.breach(format!("dsco create: {text}"));
        bad(text.to_owned())
    };
    let has = |fields: &[&str]| fields.iter().any(|field| text_of(context, field).is_some());
    let mut context = context.clone();
    match text_of(&context, "type") {
        Some("account") => Ok(context),
        Some("order") => {
            let wanted = ["poNumber", "dscoOrderId", "supplierOrderNumber", "consumerOrderNumber"];
            let Some((field, number)) =
                wanted.iter().find_map(|field| text_of(&context, field).map(|number| (*field, number)))
            else {
                return Err(refuse("an order context needs a number of the order"));
            };
            let order = ORDERS.iter().find(|order| match field {
                "poNumber" => order.0 == number,
                "dscoOrderId" => order.1 == number,
                "supplierOrderNumber" => order.2 == number,
                _ => order.3 == number,
            });
            let Some(order) = order else { return Err(bad(format!("No order with {field} {number}"))) };
            put(&mut context, "poNumber", Some(order.0));
            put(&mut context, "dscoOrderId", Some(order.1));
            Ok(context)
        }
        Some("catalog" | "inventory")
            if has(&["sku", "dscoItemId", "upc", "ean", "mpn", "isbn", "gtin", "partnerSku"]) =>
        {
            Ok(context)
        }
        Some("contract") if has(&["dscoContractId"]) => Ok(context),
        Some("invoice") if has(&["invoiceId", "dscoInvoiceId"]) => Ok(context),
        Some("return") if has(&["dscoReturnId", "supplierReturnNumber", "retailerReturnNumber"]) => {
            Ok(context)
        }
        _ => Err(refuse("the context is unknown or lacks its id")),
    }
}
