use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;
use crate::{
    channels::{Parsed, Webhook},
    domain::{
        Delivery, Direction, Gate, GateEvidence, MessageKind, Role,
        change::{Change, ConversationSeen, DeliverySeen, MessageSeen},
    },
};

pub(super) fn cloud(value: &Value) -> Value {
    let mut value = value.clone();
    value["metadata"] = json!({"display_phone_number": "15550783881", "phone_number_id": NUMBER});
    json!({"object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}]})
}

pub(super) fn parse(body: &Value) -> Parsed {
    hook(Api::Cloud).parse(body.to_string().as_bytes(), now(), true)
}

fn message(fields: &Value) -> Parsed {
    let mut message = json!({"from": "16505551234", "id": "wamid.A", "timestamp": "1750016800"});
    for (key, value) in fields.as_object().expect("fields") {
        message[key] = value.clone();
    }
    let contact = json!({"profile": {"name": "Sheena Nelson"}, "wa_id": "16505551234"});
    parse(&cloud(&json!({"contacts": [contact], "messages": [message]})))
}

pub(super) fn messages(parsed: &Parsed) -> Vec<&MessageSeen> {
    let all = parsed.page.changes.iter();
    all.filter_map(|it| if let Change::Message(seen) = it { Some(&**seen) } else { None }).collect()
}

fn only(fields: &Value) -> MessageSeen {
    let parsed = message(fields);
    assert_eq!(parsed.unread, Vec::<String>::new());
    let all = messages(&parsed);
    assert_eq!(all.len(), 1, "{fields}");
    all[0].clone()
}

pub(super) fn conversations(parsed: &Parsed) -> Vec<&ConversationSeen> {
    let all = parsed.page.changes.iter();
    all.filter_map(|it| if let Change::Conversation(seen) = it { Some(&**seen) } else { None }).collect()
}

pub(super) fn deliveries(parsed: &Parsed) -> Vec<&DeliverySeen> {
    let all = parsed.page.changes.iter();
    all.filter_map(|it| if let Change::Delivery(seen) = it { Some(seen) } else { None }).collect()
}

pub(super) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key fits");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn query(token: &str) -> Vec<(String, String)> {
    [("hub.mode", "subscribe"), ("hub.challenge", "1158201444"), ("hub.verify_token", token)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

#[test]
fn the_check_of_the_address_is_answered_where_the_token_is_ours() {
    let hook = hook(Api::Cloud);
    assert_eq!(hook.challenge(&query("verify")).as_deref(), Some("1158201444"));
    for wrong in ["", "verif", "verify ", "x"] {
        assert_eq!(hook.challenge(&query(wrong)), None);
    }
    assert_eq!(hook.challenge(&query("verify")[1..]), None, "without its mode");
    assert_eq!(super::hook(Api::OnPremises).challenge(&query("verify")), None);
}

#[test]
fn only_the_vendors_own_bytes_verify() {
    let hook = hook(Api::Cloud);
    // As Meta writes it: é, み and an emoji escaped, the slash too.
    let body = br#"{"text":"\u00e9 \u307f \ud83d\ude00 https:\/\/x"}"#;
    let good = sign("app-secret", body);
    assert!(hook.verifies(Some(&good), body));
    assert!(!hook.verifies(Some(&good), br#"{"text":"\u00e9 \u307f \ud83d\ude00 https://x"}"#));
    assert!(!hook.verifies(Some(&sign("other", body)), body));
    for forged in [None, Some(""), Some("sha256="), Some("sha256=zz"), Some(&good[7..]), Some("sha1=00")] {
        assert!(!hook.verifies(forged, body), "{forged:?}");
    }
}

#[test]
fn a_product_question_is_one_with_its_product() {
    let parsed = message(&json!({"type": "text", "text": {"body": "Is this still available?"},
        "context": {"from": "15550783881", "id": "wamid.P",
            "referred_product": {"catalog_id": "194836987003835", "product_retailer_id": "di9ozbzfi4"}}}));
    let seen = messages(&parsed)[0];
    assert_eq!(seen.kind, MessageKind::ProductQuestion);
    assert_eq!(seen.context, Some(json!({"catalog_id": "194836987003835", "product_id": "di9ozbzfi4"})));
    assert_eq!((seen.key.as_str(), seen.remote_id.as_deref()), ("wamid.A", Some("wamid.A")));
    assert_eq!((seen.direction, seen.author.role), (Direction::Inbound, Role::Customer));
    assert_eq!(seen.author.name.as_deref(), Some("Sheena Nelson"));
    assert_eq!(seen.sent_at, Utc.timestamp_opt(1_750_016_800, 0).single());
    let conversation = conversations(&parsed)[0];
    assert_eq!(conversation.remote_id, "16505551234");
    assert_eq!(conversation.customer.phone.as_deref(), Some("+16505551234"));
    assert_eq!(conversation.numbers, ["16505551234", "di9ozbzfi4"]);
    assert_eq!(
        conversation.gate.and_then(|it| it.changes_at()),
        Utc.timestamp_opt(1_750_016_800 + 24 * 3600, 0).single()
    );
}

#[test]
fn a_cart_keeps_its_prices_to_the_digit() {
    // A real fixture of On-Premises: no contacts, no text; prices that no float may touch.
    let body = br#"{"messages":[{"from":"250788123123","id":"41","order":{"catalog_id":"800683284849775","product_items":[
        {"product_retailer_id":"1031","quantity":1,"item_price":599.90,"currency":"BRL"},
        {"product_retailer_id":"1032","quantity":"2","item_price":"2399","currency":"BRL"},
        {"product_retailer_id":"1033","item_price":12345678901234567.89}, 7]},"timestamp":"1454119029","type":"order"}]}"#;
    let parsed = hook(Api::OnPremises).parse(body, now(), true);
    let seen = messages(&parsed)[0];
    assert_eq!(seen.kind, MessageKind::Order);
    assert_eq!(
        seen.context,
        Some(json!({"catalog_id": "800683284849775", "text": null, "items": [
            {"product_id": "1031", "quantity": 1, "price": "599.90", "currency": "BRL"},
            {"product_id": "1032", "quantity": 2, "price": "2399", "currency": "BRL"},
            {"product_id": "1033", "quantity": null, "price": "12345678901234567.89", "currency": null}]}))
    );
    let products = conversations(&parsed)[0].products.clone().expect("products");
    assert_eq!(products[1].quantity, Some(2));
    assert_eq!(conversations(&parsed)[0].remote_id, "250788123123");
}

#[test]
fn the_seeds_name_of_a_cart_is_read_too() {
    let seen = only(&json!({"type": "order",
        "order": {"catalog_id": "C", "text": "rápido", "product_item": [{"product_retailer_id": "S", "quantity": 1}]}}));
    assert_eq!(seen.body, "rápido");
    assert_eq!(seen.context.expect("a cart")["items"][0]["product_id"], "S");
}

#[test]
fn files_carry_their_id_and_their_hash_in_hex() {
    let hash = "bVoZyIy7iw0AHfEpb7Ihk4jJGvvOPEpZHGhVOoN1k5c=";
    let seen = only(&json!({"type": "document",
        "document": {"id": "1037", "mime_type": "application/pdf", "sha256": hash, "filename": "nota.pdf",
            "caption": "a nota"}}));
    assert_eq!((seen.kind, seen.body.as_str()), (MessageKind::Media, "a nota"));
    let file = &seen.attachments[0];
    assert_eq!((file.remote_ref.as_deref(), file.name.as_deref()), (Some("1037"), Some("nota.pdf")));
    let in_hex = file.sha256.clone().expect("a hash");
    assert_eq!(in_hex.len(), 64);
    assert_eq!(map::sha256_hex(&in_hex.to_uppercase()), Some(in_hex));
    for kind in ["image", "video", "audio", "voice", "sticker"] {
        let seen = only(&json!({"type": kind, kind: {"id": "9"}}));
        assert_eq!((seen.kind, seen.attachments.len()), (MessageKind::Media, 1), "{kind}");
    }
}

#[test]
fn places_cards_and_choices_are_words() {
    let place = only(&json!({"type": "location",
        "location": {"latitude": 37.48, "longitude": -122.14, "name": "Meta", "address": "1 Hacker Way"}}));
    assert_eq!(place.kind, MessageKind::Location);
    assert!(place.body.starts_with("Meta\n1 Hacker Way\n37.48, -122.14\nhttps://"), "{}", place.body);
    let card = only(&json!({"type": "contacts",
        "contacts": [{"name": {"formatted_name": "Ana"}, "phones": [{"phone": "+55 11"}], "emails": [{"email": "a@b"}]}]}));
    assert_eq!((card.kind, card.body.as_str()), (MessageKind::Contacts, "Ana, +55 11, a@b"));
    for (fields, body) in [
        (json!({"type": "button", "button": {"text": "Sim"}}), "Sim"),
        (
            json!({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "Yes"}}}),
            "Yes",
        ),
        (
            json!({"type": "interactive",
                "interactive": {"type": "list_reply", "list_reply": {"id": "1", "title": "L", "description": "d"}}}),
            "L\nd",
        ),
        (
            json!({"type": "interactive",
                "interactive": {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": "{\"a\":1}"}}}),
            "Sent\n{\"a\":1}",
        ),
    ] {
        let seen = only(&fields);
        assert_eq!((seen.kind, seen.body.as_str()), (MessageKind::Text, body));
    }
}

#[test]
fn what_nobody_knows_yet_is_kept_and_said_to_be_on_the_phone() {
    for fields in [
        json!({"type": "unsupported", "errors": [{"code": 131_051, "title": "Message type unknown"}]}),
        json!({"type": "unknown"}),
        json!({"type": "ephemeral"}),
        json!({"type": "request_welcome"}),
        json!({"type": "interactive", "interactive": {"type": "call_permission_reply"}}),
        json!({"type": "text"}),
        json!({"type": "image", "image": "no object"}),
        json!({"type": 7}),
        json!({}),
    ] {
        let seen = only(&fields);
        assert_eq!(seen.kind, MessageKind::Unsupported, "{fields}");
        assert!(seen.body.contains("open it on the phone"), "{}", seen.body);
    }
}

#[test]
fn reactions_edits_and_take_backs_are_about_another_message_and_begin_nothing() {
    for (fields, wanted) in [
        (
            json!({"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": "\u{1F44D}"}}),
            Change::Reaction {
                conversation: "16505551234".into(),
                on: "wamid.X".into(),
                by: "16505551234".into(),
                emoji: Some("\u{1F44D}".into()),
                at: Utc.timestamp_opt(1_750_016_800, 0).unwrap(),
            },
        ),
        (
            json!({"type": "edit", "edit": {"original_message_id": "wamid.X",
                "message": {"type": "text", "text": {"body": "novo"}}}}),
            Change::Edited {
                conversation: "16505551234".into(),
                key: "wamid.X".into(),
                body: "novo".into(),
                at: Utc.timestamp_opt(1_750_016_800, 0).unwrap(),
            },
        ),
        (
            json!({"type": "revoke", "revoke": {"original_message_id": "wamid.X"}}),
            Change::Removed {
                conversation: "16505551234".into(),
                key: "wamid.X".into(),
                at: Utc.timestamp_opt(1_750_016_800, 0).unwrap(),
            },
        ),
    ] {
        assert_eq!(message(&fields).page.changes, [wanted]);
    }
    let gone = message(&json!({"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": ""}}));
    assert!(matches!(&gone.page.changes[0], Change::Reaction { emoji: None, .. }));
}

#[test]
fn a_person_who_changes_number_keeps_the_conversation() {
    for key in ["wa_id", "new_wa_id"] {
        let parsed = parse(&cloud(
            &json!({"messages": [{"from": "16505551234", "id": "wamid.S", "timestamp": 1_750_016_800,
            "type": "system", "system": {"body": "changed", "type": "user_changed_number", key: "16505559999"}}]}),
        ));
        let alias = Change::Alias { conversation: "16505551234".into(), alias: "16505559999".into() };
        assert!(parsed.page.changes.contains(&alias));
        let seen = messages(&parsed)[0];
        assert_eq!((seen.kind, seen.direction), (MessageKind::System, Direction::Note));
        let conversation = conversations(&parsed)[0];
        let gate = conversation.gate.expect("nobody has written to us");
        assert_eq!(gate.at(now()), Gate::TemplateOnly, "the machine's word opens no window");
        assert_eq!(conversation.customer.phone.as_deref(), Some("+16505559999"));
    }
}

/// Real bodies (pywa `system.json`, WhatsApp's Java SDK): a new user id comes without `from` and without `contacts`.
#[test]
fn a_new_user_id_is_the_same_person() {
    let body = "User changed from CO.1234567890 to MX.0987654321";
    let said = json!({"body": body, "user_id": "MX.0987654321", "previous_user_id": "CO.1234567890",
        "type": "user_changed_user_id"});
    let told = json!({"body": body, "user_id": "MX.0987654321", "type": "user_changed_user_id"});
    for system in [said, told] {
        let parsed = parse(&cloud(&json!({"messages": [
            {"id": "wamid.S", "timestamp": "1753851315", "type": "system", "system": system}]})));
        assert!(parsed.unread.is_empty(), "{:?}", parsed.unread);
        let alias = Change::Alias { conversation: "CO.1234567890".into(), alias: "MX.0987654321".into() };
        assert!(parsed.page.changes.contains(&alias));
        let seen = messages(&parsed)[0];
        assert_eq!((seen.body.as_str(), seen.direction), (body, Direction::Note));
    }
    let bare = parse(&cloud(&json!({"messages": [{"id": "wamid.S", "timestamp": "1", "type": "system",
        "system": {"body": "?", "user_id": "MX.1", "type": "user_changed_user_id"}}]})));
    assert_eq!(conversations(&bare)[0].remote_id, "MX.1");
}

#[test]
fn people_without_a_number_are_people() {
    let by_id = parse(&cloud(&json!({
        "contacts": [{"user_id": "US.1349", "profile": {"username": "sheena"}}],
        "messages": [{"from_user_id": "US.1349", "id": "1", "timestamp": "1", "type": "text", "text": {"body": "a"}}]})));
    let seen = conversations(&by_id)[0];
    assert_eq!((seen.remote_id.as_str(), seen.customer.name.as_deref()), ("US.1349", Some("sheena")));
    assert_eq!(seen.customer.phone, None);
    let both = parse(&cloud(
        &json!({"messages": [{"from": "1650", "from_user_id": "US.1349", "id": "1", "timestamp": "1",
        "type": "text", "text": {"body": "a"}}]}),
    ));
    let alias = Change::Alias { conversation: "1650".into(), alias: "US.1349".into() };
    assert_eq!(both.page.changes.iter().filter(|it| **it == alias).count(), 2);
    assert_eq!(both.page.changes[0], alias, "before the conversation, which may be known by it");
    // Neither: the one who stands beside it.
    let beside = parse(&cloud(&json!({"contacts": [{"wa_id": "1650"}],
        "messages": [{"id": "1", "timestamp": "1", "type": "text", "text": {"body": "a"}}]})));
    assert_eq!(messages(&beside)[0].conversation, "1650");
    let nobody = parse(&cloud(
        &json!({"messages": [{"id": "1", "type": "text", "text": {"body": "a"}}, {"from": "2", "id": "2"}]}),
    ));
    assert_eq!((nobody.unread.len(), messages(&nobody).len()), (1, 1));
}

#[test]
fn contacts_are_joined_by_name_and_not_by_place() {
    let parsed = parse(&cloud(&json!({
        "contacts": [{"wa_id": "2", "profile": {"name": "Two"}}, {"wa_id": "1", "profile": {}}, 7],
        "messages": [{"from": "1", "id": "a", "timestamp": 5, "type": "text", "text": {"body": "x"}},
            {"from": "2", "id": "b", "timestamp": 9, "type": "text", "text": {"body": "y"}},
            {"from": "2", "id": "c", "timestamp": 7, "type": "text", "text": {"body": "z"}}]})));
    let names: Vec<_> = messages(&parsed).iter().map(|it| it.author.name.clone()).collect();
    assert_eq!(names, [None, Some("Two".into()), Some("Two".into())]);
    assert_eq!(conversations(&parsed).len(), 2);
    let until = conversations(&parsed)[1].gate.and_then(|it| it.changes_at());
    assert_eq!(until, Utc.timestamp_opt(9 + 24 * 3600, 0).single(), "the newest, not the last");
}

#[test]
fn what_the_business_wrote_on_the_phone_is_ours() {
    let body = json!({"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "smb_message_echoes",
        "value": {"metadata": {"phone_number_id": NUMBER}, "message_echoes": [{"from": "15550783881", "to": "16505551234",
            "id": "wamid.E", "timestamp": "1750016800", "type": "text", "text": {"body": "Sim"}}]}}]}]});
    let parsed = parse(&body);
    let seen = messages(&parsed)[0];
    assert_eq!((seen.direction, seen.author.role), (Direction::Outbound, Role::Agent));
    assert_eq!((seen.conversation.as_str(), seen.key.as_str()), ("16505551234", "wamid.E"));
    // It opens no window, and shuts none that is open: of two ends the store keeps the later one.
    let ours_at = Utc.timestamp_opt(1_750_016_800, 0).unwrap();
    assert_eq!(conversations(&parsed)[0].gate, Some(GateEvidence::Window { until: ours_at }));
    assert_eq!(GateEvidence::Window { until: ours_at }.at(now()), Gate::TemplateOnly);
}

#[test]
fn our_own_words_never_shorten_the_window_of_theirs_in_the_same_body() {
    let at = |seconds: i64| (1_750_016_800 + seconds).to_string();
    let theirs = |seconds| json!({"from": "16505551234", "id": "wamid.T", "timestamp": at(seconds), "type": "text", "text": {"body": "x"}});
    let echo = |seconds| json!({"from": "15550783881", "to": "16505551234", "id": "wamid.E", "timestamp": at(seconds), "type": "text", "text": {"body": "y"}});
    for echoed in [-60, 60, 90_000_000] {
        let parsed = parse(&cloud(&json!({"messages": [theirs(0)], "message_echoes": [echo(echoed)]})));
        let until = Utc.timestamp_opt(1_750_016_800 + 24 * 3600, 0).unwrap();
        let gate = conversations(&parsed)[0].gate.expect("said");
        assert_eq!(gate.at(until - chrono::TimeDelta::seconds(1)), Gate::Open);
    }
    // A phone whose clock is ahead opens nothing.
    let parsed = parse(&cloud(&json!({"message_echoes": [echo(90_000_000)]})));
    assert_eq!(conversations(&parsed)[0].gate, Some(GateEvidence::Window { until: now() }));
}

#[test]
fn the_seeds_status_is_read_and_all_the_others() {
    let sample = br#"{"statuses":[{"id":"message-ID","recipient_id":"16315555555","status":"sent","timestamp":"1518694700"}]}"#;
    let parsed = hook(Api::OnPremises).parse(sample, now(), true);
    let seen = deliveries(&parsed)[0];
    assert_eq!((seen.key.as_str(), seen.delivery), ("message-ID", Delivery::Sent));
    assert_eq!(seen.recipient.as_deref(), Some("16315555555"));
    let status = |status: Value| parse(&cloud(&json!({ "statuses": [status] })));
    for (word, delivery) in
        [("delivered", Delivery::Delivered), ("read", Delivery::Read), ("played", Delivery::Read)]
    {
        let parsed = status(json!({"id": "m", "status": word, "message": {"recipient_id": "1"}}));
        assert_eq!(deliveries(&parsed)[0].delivery, delivery);
        assert_eq!(deliveries(&parsed)[0].recipient.as_deref(), Some("1"));
    }
    let ours = status(json!({"id": "m", "status": "sent", "biz_opaque_callback_data": "deskline:01J8Z6"}));
    assert_eq!(deliveries(&ours)[0].send_id.as_deref(), Some("01J8Z6"));
    let theirs = status(json!({"id": "m", "status": "sent", "biz_opaque_callback_data": "01J8Z6"}));
    assert_eq!(deliveries(&theirs)[0].send_id, None);
    assert!(matches!(
        &status(json!({"id": "m", "status": "deleted"})).page.changes[0],
        Change::Removed { .. }
    ));
    for word in [json!("warning"), json!("something_new"), Value::Null] {
        let parsed = status(json!({"id": "m", "status": word, "errors": [{"code": 1, "title": "item"}]}));
        assert!(matches!(&parsed.page.changes[0], Change::Account { .. }), "{word}");
    }
    assert_eq!(status(json!({"status": "sent"})).unread.len(), 1);
}

#[test]
fn a_failure_is_told_in_the_vendors_words_and_says_when_the_window_is_shut() {
    for (error, window) in [
        (
            json!({"code": 131_047, "title": "Re-engagement message", "message": "Re-engagement message",
                "error_data": {"details": "More than 24 hours have passed"}}),
            true,
        ),
        (
            json!({"code": 470, "title": "Re-engagement message", "details": "More than 24 hours have passed"}),
            true,
        ),
        (
            json!({"code": "131026", "title": "Re-engagement message", "details": "More than 24 hours have passed"}),
            false,
        ),
    ] {
        let parsed =
            parse(&cloud(&json!({"statuses": [{"id": "m", "status": "failed", "errors": [error]}]})));
        let seen = deliveries(&parsed)[0];
        assert_eq!((seen.delivery, seen.window_closed), (Delivery::Failed, window));
        let words = seen.error.clone().expect("words");
        assert!(words.starts_with("Re-engagement message: More than 24 hours have passed"), "{words}");
    }
}

#[test]
fn every_entry_change_message_and_status_is_walked() {
    let value = |from: &str, id: &str| {
        json!({"metadata": {"phone_number_id": NUMBER}, "errors": [{"code": 130_429, "title": "Rate limit hit"}],
            "messages": [{"from": from, "id": id, "timestamp": "1", "type": "text", "text": {"body": "x"}}, null],
            "statuses": [{"id": "s", "status": "sent"}, 3]})
    };
    let body = json!({"entry": [
        {"changes": [{"field": "messages", "value": value("1", "a")}, {"field": "messages", "value": value("2", "b")}, 5,
            {"field": "account_update", "value": {"event": "X"}}, {"field": "smb_app_state_sync", "value": {}}]},
        "no entry",
        {"changes": [{"value": value("3", "c")}]}]});
    let parsed = parse(&body);
    assert_eq!(messages(&parsed).iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(deliveries(&parsed).len(), 3);
    assert_eq!(parsed.page.changes.iter().filter(|it| matches!(it, Change::Account { .. })).count(), 4);
    assert_eq!(parsed.unread.len(), 8);
}

#[test]
fn what_names_another_number_is_left_to_it_unless_nobody_else_is_there() {
    let hook = hook(Api::Cloud);
    let body = json!({"entry": [{"changes": [
        {"field": "messages", "value": {"metadata": {"phone_number_id": "other"},
            "messages": [{"from": "1", "id": "a", "type": "text", "text": {"body": "x"}}]}},
        {"field": "messages", "value": {"messages": [{"from": "1", "id": "b", "type": "text", "text": {"body": "x"}}]}}]}]})
    .to_string();
    let parsed = hook.parse(body.as_bytes(), now(), false);
    assert_eq!((parsed.others, messages(&parsed).len()), (2, 0));
    assert_eq!(messages(&hook.parse(body.as_bytes(), now(), true)).len(), 2);
}

#[test]
fn a_groups_event_is_noted_for_the_number_that_it_names() {
    for (number, alone, wanted) in
        [("other", false, (1, 0)), ("other", true, (0, 1)), (NUMBER, false, (0, 1)), (NUMBER, true, (0, 1))]
    {
        let value = json!({"metadata": {"phone_number_id": number}, "groups": [{"type": "group_create"}]});
        let body = json!({"entry": [{"changes": [{"field": "group_lifecycle_update", "value": value}]}]});
        let parsed = hook(Api::Cloud).parse(body.to_string().as_bytes(), now(), alone);
        assert_eq!((parsed.others, parsed.page.changes.len()), wanted, "{number} {alone}");
    }
}

#[test]
fn one_bad_text_never_costs_its_siblings_and_keeps_its_bytes() {
    let body = br#"{"messages":[
        {"from":"1","id":"a","timestamp":"1","type":"text","text":{"body":"x\ud83d"}},
        {"from":"1","id":"b","timestamp":1.5,"type":"text","text":{"body":"nul\u0000"}},
        {"from":1,"id":2,"id":3,"timestamp":"soon","type":"text","text":{"body":"n"}}]}"#;
    let parsed = hook(Api::OnPremises).parse(body, now(), true);
    let all = messages(&parsed);
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].body, "x\u{FFFD}");
    assert!(String::from_utf8_lossy(all[0].raw.as_deref().expect("its bytes")).contains("\\ud83d"));
    assert_eq!(all[1].body, "nul\0");
    assert_eq!((all[2].key.as_str(), all[2].sent_at), ("3", None));
    for body in [b"".as_slice(), b"{", b"[]", b"null", b"\xff\xfe"] {
        assert_eq!(hook(Api::Cloud).parse(body, now(), true).unread.len(), 1);
    }
    assert_eq!(hook(Api::Cloud).parse(b"{}", now(), true), Parsed::default());
}

#[test]
fn a_group_is_a_conversation_of_its_own() {
    let parsed = message(&json!({"type": "text", "text": {"body": "x"}, "group_id": "G1"}));
    assert_eq!(conversations(&parsed)[0].remote_id, "G1");
    assert_eq!(messages(&parsed)[0].author.name.as_deref(), Some("Sheena Nelson"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("text"),
        Just("order"),
        Just("image"),
        Just("system"),
        Just("reaction"),
        Just("edit"),
        Just("contacts"),
        Just("16505551234"),
        Just("1750016800"),
        Just("sent"),
        Just(""),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|it| json!(it)),
        word.prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("type"),
        Just("from"),
        Just("from_user_id"),
        Just("id"),
        Just("timestamp"),
        Just("text"),
        Just("body"),
        Just("order"),
        Just("product_items"),
        Just("item_price"),
        Just("contacts"),
        Just("context"),
        Just("image"),
        Just("referred_product"),
        Just("system"),
        Just("reaction"),
        Just("edit"),
        Just("message"),
        Just("errors"),
        Just("statuses"),
        Just("messages"),
        Just("value"),
        Just("changes"),
        Just("entry"),
        Just("metadata"),
        Just("phone_number_id"),
        Just("interactive"),
        Just("profile"),
        Just("group_id"),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..8).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(key, it)| (key.to_owned(), it)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_stands_beside_a_good_message_it_comes_through(noise in any_json(), first in any::<bool>()) {
        let good = json!({"from": "777", "id": "good", "timestamp": "1", "type": "text", "text": {"body": "here"}});
        let list = if first { json!([good, noise]) } else { json!([noise, good]) };
        for body in [cloud(&json!({"messages": list, "contacts": noise, "statuses": [noise], "errors": noise})),
            json!({"messages": list, "contacts": [noise], "statuses": noise, "metadata": noise})] {
            let parsed = hook(Api::Cloud).parse(body.to_string().as_bytes(), now(), true);
            prop_assert!(messages(&parsed).iter().any(|it| it.key == "good" && it.body == "here"));
        }
        hook(Api::Cloud).parse(noise.to_string().as_bytes(), now(), false);
    }
}
