use proptest::prelude::*;
use serde_json::{Value, json, value::RawValue};

use super::super::{map, request};
use crate::domain::{
    Direction, Gate, Role, Time,
    change::{Change, ConversationSeen, MessageSeen},
    outbox::{NewConversation, Outgoing},
};

const ME: &str = "care@example.com";

fn at() -> Time {
    "2023-05-01T13:00:00Z".parse().expect("a time")
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("the test writes JSON")
}

fn read(text: &str) -> (ConversationSeen, Vec<MessageSeen>) {
    let seen = map::discussion(&raw(text), ME, at()).expect("it has an id");
    let (mut conversation, mut messages) = (None, Vec::new());
    for change in seen.changes() {
        match change {
            Change::Conversation(it) => conversation = Some(*it),
            Change::Message(it) => messages.push(*it),
            _ => {}
        }
    }
    (conversation.expect("a conversation"), messages)
}

const SAMPLE: &str = r#"{"id":"13183370","category":"WEBSITE_ISSUES","status":"COMPLETED","createdAt":1682935200000,
    "updatedAt":1682938800000,"read":false,"selection":{"selectedOrder":{"orderNumber":"152050629"},
    "selectedProducts":[{"sku":10530943,"productVariant":{"title":"Impact Whey"}},{"sku":7,"productVariant":null}]},
    "messages":{"messages":[{"id":"35099990","type":"QUERY","createdAt":1682935200000,"message":"Hi, I cannot log in."},
    {"id":35100000,"type":"RESPONSE","createdAt":"1682938800000","message":"Please try again now."}],
    "total":2,"hasMore":false}}"#;

#[test]
fn the_contracts_sample_becomes_a_conversation_of_ours() {
    let (conversation, messages) = read(SAMPLE);
    assert_eq!(conversation.remote_id, "13183370");
    assert_eq!(conversation.subject.as_deref(), Some("WEBSITE_ISSUES"));
    assert_eq!(conversation.customer.id.as_deref(), Some(ME));
    let counterpart = conversation.counterpart.expect("always");
    assert_eq!(
        (counterpart.name.as_str(), counterpart.addressee.as_str(), counterpart.note.as_deref()),
        ("THG support", "THG CUSTOMER SERVICES", Some("as care@example.com"))
    );
    assert_eq!(
        Value::Object(conversation.remote_status.expect("said")),
        json!({"status": "COMPLETED", "read": false})
    );
    assert_eq!(conversation.remote_unread, Some(true));
    assert_eq!(conversation.gate.expect("said").at(at()), Gate::Open);
    assert_eq!(Value::Object(conversation.order.expect("there")), json!({"number": "152050629"}));
    let products = conversation.products.expect("there");
    assert_eq!((products[0].sku.as_str(), products[0].title.as_deref()), ("10530943", Some("Impact Whey")));
    assert_eq!(
        (products[1].sku.as_str(), products[1].title.as_deref(), products[1].quantity),
        ("7", None, None)
    );
    for number in ["152050629", "10530943"] {
        assert!(conversation.numbers.iter().any(|it| it == number), "{number}");
    }
    let closed = conversation.remote_closed.expect("said");
    assert!(closed.closed && !closed.unanswered);

    assert_eq!((messages[0].key.as_str(), messages[0].direction), ("35099990", Direction::Outbound));
    assert_eq!(messages[0].author.role, Role::Agent);
    assert_eq!((messages[1].key.as_str(), messages[1].direction), ("35100000", Direction::Inbound));
    assert_eq!(messages[1].author.role, Role::Marketplace);
    assert_eq!(messages[1].sent_at, Some("2023-05-01T11:00:00Z".parse().expect("a time")));
}

#[test]
fn completed_with_no_response_to_the_last_query_is_unanswered() {
    for (status, completed) in
        [("COMPLETED", true), ("Complete", true), ("PENDING", false), ("SOMETHING_NEW", false)]
    {
        let text = format!(
            r#"{{"id":1,"status":"{status}","messages":{{"messages":[
                {{"id":"3","type":"QUERY","createdAt":3,"message":"?"}},
                {{"id":"2","type":"RESPONSE","createdAt":2,"message":"!"}}],"total":2,"hasMore":false}}}}"#
        );
        let closed = read(&text).0.remote_closed.expect("said");
        assert_eq!((closed.closed, closed.unanswered), (completed, completed), "{status}");
    }
}

#[test]
fn a_thread_that_is_not_read_to_its_end_says_nothing_of_its_answer() {
    let text = r#"{"id":1,"status":"COMPLETED","messages":{"messages":[{"id":"3","type":"QUERY","createdAt":3,
        "message":"?"}],"total":2,"hasMore":true}}"#;
    assert_eq!(read(text).0.remote_closed, None);
}

#[test]
fn one_bad_message_costs_nobody_else() {
    let text = r#"{"id":"1","status":"NEW_WORD","read":null,"selection":null,"extra":{"deep":[1e999]},
        "messages":{"messages":[7,null,{"id":"a","type":"QUERY","createdAt":1e400,"message":"x\u0000\ud800y"},
        {"type":"RESPONSE","message":"no id"},{"id":"b","type":"SYSTEM","createdAt":5,"message":null},
        {"id":"c","id":"d","type":"RESPONSE","createdAt":6,"message":"&amp; <b>"}],"total":6,"hasMore":false}}"#;
    let (conversation, messages) = read(text);
    assert_eq!(conversation.remote_unread, None);
    let keys: Vec<_> = messages.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(messages.len(), 4, "{keys:?}");
    assert_eq!(messages[0].body, "x\0\u{FFFD}y");
    assert!(messages[0].raw.as_deref().is_some_and(|it| it.windows(6).any(|it| it == b"\\ud800")));
    assert!(messages[1].key.starts_with('~') && messages[1].remote_id.is_none());
    assert_eq!((messages[2].direction, messages[2].body.as_str()), (Direction::Inbound, ""));
    assert_eq!(
        (messages[3].key.as_str(), messages[3].body.as_str(), &messages[3].raw),
        ("d", "&amp; <b>", &None)
    );
}

#[test]
fn texts_are_compared_as_the_vendor_may_have_changed_them() {
    assert_eq!(map::comparable("a  &amp; b\r\nc &#39;d&#x27; "), map::comparable("a & b\nc 'd'"));
    assert_ne!(map::comparable("a"), map::comparable("b"));
}

#[test]
fn a_new_discussion_has_products_only_with_their_order_and_as_numbers() {
    let new = |order: Option<&str>, skus: &[&str]| NewConversation {
        category: Some("RETURNS_AND_REFUNDS".into()),
        order: order.map(Into::into),
        skus: skus.iter().map(|it| (*it).to_owned()).collect(),
        first: Outgoing { text: "Hi".into(), ..Outgoing::default() },
        ..NewConversation::default()
    };
    let selection = |new: &NewConversation| {
        request::create(new, None).map(|it| it.body["variables"]["input"]["selection"].clone())
    };
    assert_eq!(selection(&new(None, &[])), Ok(Value::Null));
    assert_eq!(
        selection(&new(Some("152050629"), &[])),
        Ok(json!({"selectedOrderId": "152050629", "selectedProductSkus": []}))
    );
    assert_eq!(
        selection(&new(Some("152050629"), &["10530943"])),
        Ok(json!({"selectedOrderId": "152050629", "selectedProductSkus": [10_530_943]}))
    );
    assert!(selection(&new(None, &["1"])).is_err());
    assert!(selection(&new(Some("1"), &["x"])).is_err());
    assert!(request::create(&NewConversation::default(), None).is_err());
}

#[test]
fn uploads_go_to_the_shop_and_nowhere_else() {
    let site = "https://www.myprotein.com";
    for path in ["/account/upload/1", "account/upload/1", "https://www.myprotein.com/account/upload/1"] {
        assert_eq!(request::upload_url(site, path), Ok(format!("{site}/account/upload/1")), "{path}");
    }
    assert_eq!(request::upload_url("https://s.com/x/", "/u"), Ok("https://s.com/x/u".into()));
    for path in [
        "https://evil.com/u",
        "http://www.myprotein.com/u",
        "https://www.myprotein.com@evil.com/u",
        "ftp://a/b",
    ] {
        assert!(request::upload_url(site, path).is_err(), "{path}");
    }
    for path in ["//evil.com/u", "@evil.com/u", ".evil.com/u", ":80@evil.com"] {
        let url = request::upload_url(site, path).expect("it stays at the shop");
        assert!(url.starts_with("https://www.myprotein.com/"), "{url}");
    }
}

fn odd() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z]{1,4}", inner), 0..4)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_field_of_any_shape_stops_a_discussion_or_its_other_messages(
        fields in prop::collection::vec(odd(), 8), message in prop::collection::vec(odd(), 4),
    ) {
        let text = json!({"id": "1", "category": fields[0], "status": fields[1], "createdAt": fields[2],
            "updatedAt": fields[3], "read": fields[4], "selection": fields[5],
            "messages": {"messages": [
                {"id": "a", "type": "QUERY", "createdAt": 1, "message": "first"}, fields[6],
                {"id": message[0], "type": message[1], "createdAt": message[2], "message": message[3]},
                {"id": "z", "type": "RESPONSE", "createdAt": 2, "message": "last"}],
                "total": fields[7], "hasMore": false}}).to_string();
        let (_, messages) = read(&text);
        prop_assert!(messages.iter().any(|it| it.key == "a" && it.body == "first"));
        prop_assert!(messages.iter().any(|it| it.key == "z" && it.body == "last"));
    }
}
