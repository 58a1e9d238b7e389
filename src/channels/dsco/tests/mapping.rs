use proptest::prelude::*;
use serde_json::{Value, json, value::RawValue};

use super::super::{Role, dates, error, map, request};
use crate::{
    channels::http::Answer,
    domain::{
        self, Direction, Gate, GateEvidence, Time,
        change::{Change, ConversationSeen, MessageSeen},
        outbox::{NewConversation, Outgoing, SetFields},
    },
};

fn at(text: &str) -> Time {
    text.parse().expect("the test writes a time")
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("the test writes JSON")
}

fn conversation(text: &str, role: Role) -> (ConversationSeen, Option<MessageSeen>) {
    let seen = map::conversation(&raw(text), role, at("2023-05-01T10:00:00Z")).expect("it has an id");
    let (mut conversation, mut message) = (None, None);
    for change in seen.changes {
        match change {
            Change::Conversation(it) => conversation = Some(*it),
            Change::Message(it) => message = Some(*it),
            _ => {}
        }
    }
    (conversation.expect("there is one"), message)
}

const CREATED: &str = r#"{"id":"sfs09fsf09s8fsfs9009","retailerReferenceId":"case-7781","title":"Late order",
    "type":{"type":"customer_care","consumerId":"12345"},"initiatedBy":"retailer","dscoRetailerId":"1000010",
    "dscoRetailerTradingPartnerName":"Big Retailer","dscoSupplierId":"1000020","dscoSupplierTradingPartnerId":"aaa-bbb-ccc",
    "dscoSupplierTradingPartnerName":"Acme Ltd","status":"new","context":{"type":"order","poNumber":"123-456-789",
    "dscoOrderId":9900001,"lineItem":{"sku":"S-1"}},"initialMessage":{"message":"Why is my order late?"},"isTest":true,
    "createDate":"2023-05-01T09:40:00.000Z","lastUpdate":"2023-05-01T09:40:00.000Z"}"#;

#[test]
fn the_contracts_sample_reads_as_a_supplier() {
    let (seen, first) = conversation(CREATED, Role::Supplier);
    assert_eq!(seen.remote_id, "sfs09fsf09s8fsfs9009");
    assert_eq!(seen.subject.as_deref(), Some("Late order"));
    assert_eq!(seen.customer.id.as_deref(), Some("12345"));
    assert_eq!(seen.their_role, domain::Role::Customer);
    let counterpart = seen.counterpart.expect("always");
    assert_eq!(counterpart.name, "consumer 12345");
    assert_eq!(counterpart.addressee, "CONSUMER 12345 through Big Retailer");
    assert_eq!(
        Value::Object(seen.order.expect("there")),
        json!({"number": "123-456-789", "dsco_order_id": "9900001"})
    );
    assert_eq!(
        Value::Object(seen.remote_status.expect("there")),
        json!({"status": "new", "retailer_reference": "case-7781"})
    );
    assert_eq!(seen.gate, Some(GateEvidence::said(Gate::Open)));
    assert_eq!(seen.labels, ["test"]);
    assert_eq!(seen.products.expect("there")[0].sku, "S-1");
    for number in ["123-456-789", "9900001", "case-7781", "S-1"] {
        assert!(seen.numbers.iter().any(|it| it == number), "{number}");
    }
    let first = first.expect("there");
    assert!(first.provisional && first.remote_id.is_none());
    assert_eq!((first.direction, first.author.role), (Direction::Inbound, domain::Role::Customer));
    assert_eq!(first.sent_at, Some(at("2023-05-01T09:40:00Z")));
}

#[test]
fn the_contracts_sample_reads_as_a_retailer() {
    let (seen, first) = conversation(CREATED, Role::Retailer);
    let counterpart = seen.counterpart.expect("always");
    assert_eq!(counterpart.name, "Acme Ltd");
    assert_eq!(counterpart.addressee, "SUPPLIER Acme Ltd as consumer 12345's words");
    assert_eq!(seen.their_role, domain::Role::Partner);
    let first = first.expect("there");
    assert_eq!((first.direction, first.author.role), (Direction::Outbound, domain::Role::Agent));
}

#[test]
fn a_standard_conversation_is_with_the_partner() {
    let text = r#"{"id":"1","title":"t","type":{"type":"standard"},"dscoRetailerId":"1000010","status":"in_progress",
        "dscoRetailerTradingPartnerName":"Big Retailer","initiatedBy":"supplier"}"#;
    let (seen, _) = conversation(text, Role::Supplier);
    assert_eq!(seen.customer.id.as_deref(), Some("1000010"));
    assert_eq!(seen.customer.name.as_deref(), Some("Big Retailer"));
    assert_eq!(seen.their_role, domain::Role::Partner);
    assert_eq!(seen.counterpart.expect("always").addressee, "RETAILER Big Retailer");
    assert_eq!(seen.order, None);
}

#[test]
fn a_closed_conversation_says_since_when_and_an_unknown_status_says_nothing() {
    let text = r#"{"id":"1","title":"t","status":"Closed","closedDate":"2023-05-01T12:00:00.000+0200"}"#;
    let (seen, _) = conversation(text, Role::Supplier);
    let closed = at("2023-05-01T10:00:00Z");
    assert_eq!(seen.gate, Some(GateEvidence::Said { gate: Gate::RemoteClosed, since: Some(closed) }));
    let over = seen.remote_closed.expect("said");
    assert_eq!((over.closed, over.at), (true, Some(closed)));

    let (seen, _) = conversation(r#"{"id":"1","status":"escalated"}"#, Role::Supplier);
    assert_eq!((seen.gate, seen.remote_closed), (Some(GateEvidence::said(Gate::Unknown)), None));
    let (seen, _) = conversation(r#"{"id":"1"}"#, Role::Supplier);
    assert_eq!((seen.gate, seen.remote_status), (None, None));
}

#[test]
fn reference_ids_due_date_and_every_context_are_shown() {
    for (context, about, sku) in [
        (r#"{"type":"account"}"#, None, None),
        (r#"{"type":"order","poNumber":"P","lineItem":{"lineNumber":1,"gtin":"g"}}"#, None, Some("g")),
        (r#"{"type":"order","supplierOrderNumber":"S-5"}"#, Some("order supplierOrderNumber S-5"), None),
        (r#"{"type":"catalog","partnerSku":"p-1"}"#, Some("catalog p-1"), Some("p-1")),
        (r#"{"type":"inventory","dscoItemId":77}"#, Some("inventory 77"), Some("77")),
        (r#"{"type":"contract","dscoContractId":"c-1"}"#, Some("contract c-1"), None),
        (r#"{"type":"invoice","invoiceId":"i-1"}"#, Some("invoice i-1"), None),
        (r#"{"type":"invoice","dscoInvoiceId":"i-2"}"#, Some("invoice i-2"), None),
        (r#"{"type":"return","supplierReturnNumber":"r-1"}"#, Some("return r-1"), None),
        (r#"{"type":"moonshot","x":[1]}"#, Some("moonshot"), None),
    ] {
        let text = format!(
            r#"{{"id":"1","title":"t","status":"new","supplierReferenceId":"ticket-42","retailerReferenceId":"",
            "dueDate":"2023-05-02T10:00:00+0200","context":{context}}}"#
        );
        let (seen, _) = conversation(&text, Role::Supplier);
        let said = seen.remote_status.expect("there");
        assert_eq!(said["supplier_reference"], "ticket-42");
        assert_eq!(
            (said.get("retailer_reference"), &said["due_date"]),
            (None, &json!("2023-05-02T08:00:00.000Z"))
        );
        assert_eq!(said.get("about").and_then(Value::as_str), about, "{context}");
        let product = seen.products.as_ref().and_then(|it| it.first()).map(|it| it.sku.as_str());
        assert_eq!(product, sku, "{context}");
        for number in about.iter().filter_map(|it| it.split_once(' ')).map(|(_, it)| it) {
            let number = number.rsplit(' ').next().expect("a word");
            assert!(seen.numbers.iter().any(|it| it == number), "{context}: {number} is found by `order:`");
        }
    }
}

#[test]
fn a_message_is_ours_or_theirs_by_its_account_type() {
    let text = |account: &str| {
        format!(
            r#"{{"type":{{"type":"customer_care","customerCareType":"message_from_consumer","consumerId":"12345"}},
            "dscoConversationId":"c","dscoMessageId":"m-1","message":"Why\u0000 \udc00?",{account}
            "dscoTradingPartnerName":"Big Retailer","createDate":"2023-05-01T09:40:00.000Z"}}"#
        )
    };
    let read = |account: &str, role| map::message(&raw(&text(account)), role).expect("it reads");
    let inbound = read(r#""accountType":"retailer","#, Role::Supplier);
    assert_eq!((inbound.key.as_str(), inbound.direction), ("m-1", Direction::Inbound));
    assert_eq!(
        (inbound.author.role, inbound.author.name.as_deref()),
        (domain::Role::Customer, Some("Big Retailer"))
    );
    assert_eq!(inbound.body, "Why\0 \u{FFFD}?");
    assert!(inbound.raw.is_some());
    assert_eq!(read(r#""accountType":"RETAILER","#, Role::Retailer).direction, Direction::Outbound);
    // Without it, by how Dsco filed it.
    assert_eq!(read("", Role::Supplier).direction, Direction::Inbound);
    assert_eq!(read("", Role::Retailer).direction, Direction::Outbound);
    // Only the text is required: it still has a key, always the same.
    let bare = raw(r#"{"dscoConversationId":"c","message":"x"}"#);
    let (one, two) = (map::message(&bare, Role::Supplier), map::message(&bare, Role::Supplier));
    assert_eq!(one.expect("it reads").key, two.expect("it reads").key);
    assert!(map::message(&raw(r#"{"message":"nowhere"}"#), Role::Supplier).is_none());
}

#[test]
fn dates_are_read_in_every_form_of_the_documents() {
    let expected = at("2023-05-01T09:29:55Z");
    for text in [
        "2023-05-01T09:29:55.000Z",
        "2023:05:01T9:29:55.0000Z",
        "2023-05-01T09:29:55Z",
        "2023-05-01T10:29:55.000+01:00",
        "2023-05-01T10:29:55.000+0100",
        "2023-05-01T04:29:55-05",
        "2023-05-01 09:29:55",
    ] {
        assert_eq!(dates::read(text), Some(expected), "{text}");
    }
    assert_eq!(dates::read("2023-05-01T09:29:55.5Z"), Some(at("2023-05-01T09:29:55.5Z")));
    assert_eq!(dates::read("2023-05-01T09:29:55.123456789Z"), Some(at("2023-05-01T09:29:55.123Z")));
    for text in [
        "",
        "yesterday",
        "2023-13-01T00:00:00Z",
        "2023-05-01T25:00:00Z",
        "2023-05-01",
        "T",
        "2023-05-01T1:2Z",
    ] {
        assert_eq!(dates::read(text), None, "{text}");
    }
    assert_eq!(dates::write(expected), "2023-05-01T09:29:55.000Z");
}

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status: reqwest::StatusCode::from_u16(status).expect("a status"),
        headers: reqwest::header::HeaderMap::new(),
        body: body.to_owned().into(),
    }
}

#[test]
fn the_vendors_words_are_found_wherever_it_puts_them() {
    for (body, words) in [
        ("Conversation is closed", "Conversation is closed"),
        (
            r#"{"status":"failure","messages":[{"code":"x","severity":"error","description":"bad title"}]}"#,
            "bad title",
        ),
        (
            r#"{"messages":[{"code":"x","description":["a","b"]},{"code":"y","description":{"k":1}}]}"#,
            r#"a, b; {"k":1}"#,
        ),
        (r#"{"messages":[{"code":"only_code"}]}"#, "only_code"),
        (r#"{"type":"t","success":false,"message":"old"}"#, "old"),
        (r#"{"error":"invalid_client","error_description":"who?"}"#, "who?"),
        (r#"{"error":"invalid_client"}"#, "invalid_client"),
        (r#""quoted""#, "quoted"),
        ("<html>x</html>", "an HTML page instead of an answer (no content type)"),
    ] {
        assert_eq!(error::words(&answer(400, body)), words, "{body}");
    }
    assert!(error::words(&answer(400, &"ü".repeat(5_000))).chars().count() <= 1_001);
}

#[test]
fn titles_are_cut_at_fifty_characters() {
    let long = "ä".repeat(51);
    assert_eq!(request::cut(&long).chars().count(), 50);
    let set = SetFields { title: Some(long), due: Some(at("2023-05-02T00:00:00Z")), ..SetFields::default() };
    let body = request::fields(Role::Supplier, "c", &set).expect("something is set");
    assert_eq!(body["title"].as_str().expect("a text").chars().count(), 50);
    assert_eq!(body["dueDate"], "2023-05-02T00:00:00.000Z");
    let set = SetFields { reference: Some("ticket-42".into()), ..SetFields::default() };
    let fields = |role| request::fields(role, "c", &set).expect("something is set");
    assert_eq!(
        fields(Role::Supplier),
        json!({"dscoConversationId": "c", "supplierReferenceId": "ticket-42"})
    );
    assert_eq!(
        fields(Role::Retailer),
        json!({"dscoConversationId": "c", "retailerReferenceId": "ticket-42"})
    );
    assert!(request::fields(Role::Supplier, "c", &SetFields::default()).is_err());
}

#[test]
fn a_new_conversation_is_what_the_contract_shows() {
    let new = NewConversation {
        to: Some("aaa-bbb-ccc".into()),
        consumer: Some("12345".into()),
        title: Some("Late order complaint from consumer on Order 123".into()),
        order: Some("123-456-789".into()),
        first: Outgoing { text: "Why is my order late?".into(), ..Outgoing::default() },
        ..NewConversation::default()
    };
    assert_eq!(
        request::create(Role::Retailer, &new, "case-7781"),
        Ok(json!({"otherPartyTradingPartnerId":"aaa-bbb-ccc","referenceId":"case-7781",
            "title":"Late order complaint from consumer on Order 123",
            "type":{"type":"customer_care","consumerId":"12345"},
            "context":{"type":"order","poNumber":"123-456-789"},
            "initialMessage":{"message":"Why is my order late?"}}))
    );
    assert!(request::create(Role::Supplier, &new, "r").is_err());
    let standard = NewConversation { consumer: None, title: None, order: None, ..new };
    assert_eq!(
        request::create(Role::Supplier, &standard, "r"),
        Ok(
            json!({"otherPartyTradingPartnerId":"aaa-bbb-ccc","referenceId":"r","title":"Why is my order late?",
            "type":{"type":"standard"},"initialMessage":{"message":"Why is my order late?"}})
        )
    );
    assert!(request::create(Role::Supplier, &NewConversation { to: None, ..standard }, "r").is_err());
}

#[test]
fn a_new_conversation_names_its_order_and_partner_as_the_vendor_does() {
    let body = |to: &str, order: Option<&str>, skus: &[&str]| {
        let new = NewConversation {
            to: Some(to.into()),
            title: Some("Late".into()),
            order: order.map(str::to_owned),
            skus: skus.iter().map(|it| (*it).to_owned()).collect(),
            ..NewConversation::default()
        };
        request::create(Role::Supplier, &new, "r")
    };
    for (written, context) in [
        ("PO-1", json!({"type": "order", "poNumber": "PO-1"})),
        ("PO:1", json!({"type": "order", "poNumber": "PO:1"})),
        ("dscoOrderId:9900001", json!({"type": "order", "dscoOrderId": "9900001"})),
        ("consumerOrderNumber: 7", json!({"type": "order", "consumerOrderNumber": "7"})),
    ] {
        assert_eq!(body("a", Some(written), &[]).expect("fine")["context"], context);
    }
    let line = body("a", Some("PO-1"), &["S-1"]).expect("fine");
    assert_eq!(line["context"]["lineItem"], json!({"sku": "S-1"}));
    assert!(body("a", Some("PO-1"), &["S-1", "S-2"]).is_err(), "one line of an order at most");
    assert!(body("a", None, &["S-1"]).is_err(), "no product without its order");
    let by_account = body("dscoAccountId:1000020", None, &[]).expect("fine");
    assert_eq!(by_account["otherPartyDscoAccountId"], "1000020");
    assert!(by_account.get("otherPartyTradingPartnerId").is_none());
}

fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!({"type": 7, "message": [], "poNumber": {}, "lineItem": "x"})),
        Just(json!([1, null, "a"])),
        Just(json!("2023-05-01T9:29:55.0Z")),
    ]
}

proptest! {
    #[test]
    fn no_field_of_any_shape_stops_an_item(fields in prop::collection::vec(odd(), 12)) {
        let text = json!({"id": "1", "title": fields[0], "type": fields[1], "status": fields[2], "context": fields[3],
            "initialMessage": fields[4], "closedDate": fields[5], "createDate": fields[6], "isTest": fields[7],
            "initiatedBy": fields[8], "dscoRetailerId": fields[9], "dscoRetailerTradingPartnerName": fields[10],
            "supplierReferenceId": fields[11]}).to_string();
        prop_assert!(map::conversation(&raw(&text), Role::Supplier, Time::default()).is_some());
        let text = json!({"dscoConversationId": "1", "message": fields[0], "type": fields[1], "accountType": fields[2],
            "createDate": fields[3], "dscoMessageId": fields[4], "dscoTradingPartnerName": fields[5]}).to_string();
        prop_assert!(map::message(&raw(&text), Role::Supplier).is_some());
    }

    #[test]
    fn no_text_stops_the_reading_of_dates(text in "[0-9TZ:.+ -]{0,30}|.{0,20}") {
        let _ = dates::read(&text);
    }

    #[test]
    fn what_is_written_is_read(millis in 0_i64..4_102_444_800_000) {
        let at = domain::time::from_millis(millis);
        prop_assert_eq!(dates::read(&dates::write(at)), Some(at));
    }
}
