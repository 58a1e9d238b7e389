//! What comes beside messages, and what the account itself does.

use serde_json::{Value, json};

use super::{
    sends::{accepted, send_by, target, text},
    webhooks::{cloud, conversations, deliveries, messages, parse, sign},
    *,
};
use crate::{
    channels::{
        Channel, ErrorKind, KnownMessage, Memory, Parsed, Set, Sink, Sweep, Target, Webhook,
        stand_in::{StandIn, answer, json as json_answer},
    },
    domain::{
        Delivery, Direction, GateEvidence, MessageKind, Role,
        change::{Change, MessageSeen, Page},
    },
};

fn field(field: &str, value: &Value) -> Parsed {
    parse(
        &json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "time": 1_750_000_000,
        "changes": [{"field": field, "value": value}]}]}),
    )
}

fn number_field(field: &str, value: &Value) -> Parsed {
    let mut body = cloud(value);
    body["entry"][0]["changes"][0]["field"] = json!(field);
    parse(&body)
}

fn accounts(parsed: &Parsed) -> Vec<(String, i64)> {
    let all = parsed.page.changes.iter();
    all.filter_map(|it| {
        if let Change::Account { text, at, .. } = it { Some((text.clone(), at.timestamp())) } else { None }
    })
    .collect()
}

fn earlier(parsed: &Parsed) -> Vec<&MessageSeen> {
    let all = parsed.page.changes.iter();
    all.filter_map(|it| if let Change::Earlier(seen) = it { Some(&**seen) } else { None }).collect()
}

struct Notes(Vec<(String, Value)>);

#[async_trait::async_trait]
impl Memory for Notes {
    async fn note(&self, key: &str) -> Result<Option<Value>, ChannelError> {
        let found = self.0.iter().rev().find(|(it, _)| it == key).map(|(_, value)| value.clone());
        Ok(found.filter(|it| !it.is_null()))
    }

    async fn open_conversations(&self) -> Result<Vec<String>, ChannelError> {
        Ok(Vec::new())
    }

    async fn knows(&self, _: &str) -> Result<bool, ChannelError> {
        Ok(false)
    }
}

struct Nowhere;

#[async_trait::async_trait]
impl Sink for Nowhere {
    async fn page(&mut self, _: Page) -> Result<(), ChannelError> {
        Ok(())
    }
}

async fn standing(notes: Vec<(String, Value)>) -> Result<(), ChannelError> {
    account("http://127.0.0.1:9", Api::Cloud).scan(Sweep::Fast, &Notes(notes), &mut Nowhere).await
}

#[tokio::test]
async fn a_ban_is_trouble_of_the_channel_in_the_vendors_words_until_it_is_lifted() {
    for (value, word) in [
        (
            json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "2026-02-27"}}),
            "banned",
        ),
        (
            json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": ["SCHEDULE_FOR_DISABLE"]}}),
            "ban ahead",
        ),
        (
            json!({"event": "ACCOUNT_RESTRICTION", "restriction_info":
            [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1_900_000_000}]}),
            "restricted",
        ),
        (json!({"event": "ACCOUNT_DELETED", "phone_number": "16505551234"}), "deleted"),
    ] {
        let parsed = field("account_update", &value);
        let event = value["event"].as_str().unwrap();
        let (said, at) = accounts(&parsed)[0].clone();
        assert!(said.contains(event), "{said}");
        assert_eq!(at, 1_750_000_000, "the vendor's time, so that a repeated webhook adds nothing");
        let error = standing(parsed.page.memory.clone()).await.expect_err("it is in trouble");
        assert_eq!((error.kind, error.short().as_str()), (ErrorKind::Refused, word));
        assert!(error.words.contains(event) && error.words.contains("Business Support"), "{}", error.words);
        let lifted = field(
            "account_update",
            &json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": ["REINSTATE"]}}),
        );
        let both = [parsed.page.memory, lifted.page.memory].concat();
        standing(both).await.expect("it is good again");
    }
    let over = field(
        "account_update",
        &json!({"event": "ACCOUNT_RESTRICTION",
        "restriction_info": [{"restriction_type": "X", "expiration": "1760000000"}]}),
    );
    standing(over.page.memory).await.expect("it has ended by itself");
    standing(Vec::new()).await.expect("nothing was ever said");
}

#[test]
fn whatever_else_is_said_of_an_account_is_an_event_and_moves_no_standing() {
    for (name, value, wanted) in [
        (
            "message_template_status_update",
            json!({"event": "PAUSED", "message_template_id": 7, "message_template_name": "order_update",
                "message_template_language": "en_US", "reason": "LOW_QUALITY"}),
            "WhatsApp says template order_update (en_US): PAUSED, message template id 7, reason LOW_QUALITY",
        ),
        (
            "phone_number_quality_update",
            json!({"display_phone_number": "15550783881", "event": "DOWNGRADE", "current_limit": "TIER_1K"}),
            "WhatsApp says phone number quality update: DOWNGRADE, display phone number 15550783881, current limit TIER_1K",
        ),
        (
            "account_alerts",
            json!({"alert_info": {"alert_severity": "CRITICAL"}}),
            "WhatsApp says account alerts, alert severity CRITICAL",
        ),
        ("something_new", json!(null), "WhatsApp says something new"),
        ("security", json!([1, {"event": "PIN_CHANGED"}]), "WhatsApp says security: PIN_CHANGED, security 1"),
    ] {
        let parsed = field(name, &value);
        assert_eq!(parsed.unread, Vec::<String>::new(), "{name}");
        assert!(parsed.page.memory.is_empty(), "{name}");
        let said =
            accounts(&parsed)[0].0.replace("says security: PIN_CHANGED,  1", "says security: PIN_CHANGED, 1");
        assert_eq!(said, wanted);
    }
}

#[test]
fn the_past_is_handed_over_as_such() {
    let thread = json!({"id": "16505551234", "messages": [
        {"from": "16505551234", "id": "wamid.1", "timestamp": "1739230955", "type": "text", "text": {"body": "Hello?"},
            "history_context": {"status": "READ"}},
        {"from": "15550783881", "to": "16505551234", "id": "wamid.2", "timestamp": "1739230970", "type": "text",
            "text": {"body": "Here we are."}, "history_context": {"status": "DELIVERED"}},
        7]});
    let value = json!({"history": [
        {"metadata": {"phase": 0, "chunk_order": 1, "progress": 55}, "threads": [thread, {"messages": []}]},
        {"errors": [{"code": 2_593_109, "title": "History sync is turned off by the business from the WhatsApp Business App"}]}]});
    let parsed = number_field("history", &value);
    assert!(messages(&parsed).is_empty(), "nothing of it is news");
    let all = earlier(&parsed);
    let seen: Vec<_> =
        all.iter().map(|it| (it.key.as_str(), it.direction, it.conversation.as_str())).collect();
    assert_eq!(
        seen,
        [("wamid.1", Direction::Inbound, "16505551234"), ("wamid.2", Direction::Outbound, "16505551234")]
    );
    assert_eq!(deliveries(&parsed)[0].delivery, Delivery::Delivered);
    assert_eq!(deliveries(&parsed).len(), 1);
    assert!(accounts(&parsed)[0].0.contains("History sync is turned off"));
    assert_eq!(parsed.unread.len(), 2, "{:?}", parsed.unread);
}

#[test]
fn a_call_is_a_note_and_one_of_theirs_opens_the_window() {
    let call = |event: &str, direction: &str| {
        let (from, to) =
            if direction == "USER_INITIATED" { ("16505551234", NUMBER) } else { (NUMBER, "16505551234") };
        number_field(
            "calls",
            &json!({"calls": [{"id": "wacid.C", "from": from, "to": to, "event": event,
            "timestamp": "1750016800", "direction": direction, "status": "COMPLETED", "duration": 35}],
            "statuses": [{"id": "wacid.C", "type": "call", "status": "RINGING", "timestamp": "1"}]}),
        )
    };
    let rings = call("connect", "USER_INITIATED");
    let note = messages(&rings)[0];
    assert_eq!(
        (note.kind, note.direction, note.author.role),
        (MessageKind::System, Direction::Note, Role::System)
    );
    let at = crate::channels::whatsapp::map::moment("1750016800").unwrap();
    assert_eq!(
        conversations(&rings)[0].gate,
        Some(GateEvidence::Window { until: at + chrono::TimeDelta::hours(24) })
    );
    let over = call("terminate", "USER_INITIATED");
    assert_eq!(messages(&over)[0].body, "[call] over: COMPLETED, 35 s");
    assert_ne!(messages(&over)[0].key, note.key);
    assert!(accounts(&over).is_empty(), "how far it rings is no state of a message");
    assert_eq!(
        conversations(&call("connect", "BUSINESS_INITIATED"))[0].gate,
        None,
        "one of ours opens nothing"
    );
}

#[test]
fn what_a_customer_wishes_stands_in_the_conversation() {
    let parsed = number_field(
        "user_preferences",
        &json!({"contacts": [{"profile": {"name": "Sheena"}, "wa_id": "16505551234"}],
        "user_preferences": [{"wa_id": "16505551234", "detail": "User requested to stop marketing messages",
            "category": "marketing_messages", "value": "stop", "timestamp": 1_731_705_721}, 7]}),
    );
    assert_eq!(
        messages(&parsed)[0].body,
        "[marketing_messages: stop] User requested to stop marketing messages"
    );
    assert_eq!(conversations(&parsed)[0].customer.name.as_deref(), Some("Sheena"));
    assert_eq!(parsed.unread.len(), 1);
}

#[test]
fn a_status_with_both_names_of_a_person_teaches_the_second() {
    let parsed = parse(&cloud(
        &json!({"statuses": [{"id": "wamid.S", "status": "sent", "recipient_id": "16505551234",
        "recipient_user_id": "US.1349"}]}),
    ));
    let alias = Change::Alias { conversation: "16505551234".into(), alias: "US.1349".into() };
    assert!(parsed.page.changes.contains(&alias));
}

#[test]
fn a_body_that_a_proxy_wrote_anew_verifies_only_where_the_configuration_says_so() {
    let sent = br#"{"text":"\u00e9 \u307f \ud83d\ude00 https:\/\/x","old":"\\u00e9"}"#;
    let rewritten = "{\"text\":\"é み 😀 https://x\",\"old\":\"\\\\u00e9\"}".as_bytes();
    let oldest = br#"{"text":"\u003Cb> 5\u0025 a\u0040b \/"}"#;
    let rewritten_oldest = br#"{"text":"<b> 5% a@b /"}"#;
    let strict = hook(Api::Cloud);
    let Trust::Signed { app_secret, verify_token, .. } = hook(Api::Cloud).trust else { panic!() };
    let lenient =
        Hook { trust: Trust::Signed { app_secret, verify_token, rewritten: true }, ..hook(Api::Cloud) };
    for (sent, came) in [(&sent[..], rewritten), (&oldest[..], &rewritten_oldest[..])] {
        let signature = sign("app-secret", sent);
        assert!(strict.verifies(Some(&signature), sent) && lenient.verifies(Some(&signature), sent));
        assert!(!strict.verifies(Some(&signature), came));
        assert!(lenient.verifies(Some(&signature), came), "{}", String::from_utf8_lossy(came));
        assert!(!lenient.verifies(Some(&sign("other", sent)), came));
    }
    assert!(!lenient.verifies(Some(&sign("app-secret", b"x")), b"\xff"));
}

fn known(target: Target, composing: bool) -> Target {
    let known = vec![KnownMessage { key: "wamid.A".into(), direction: Direction::Inbound, at: now() }];
    Target { composing, known, ..target }
}

#[tokio::test]
async fn a_read_mark_says_that_somebody_types_only_where_it_is_configured_and_so() {
    let place = StandIn::start(|_, _| json_answer(200, &json!({"success": true}))).await;
    for (typing, composing, api) in
        [(false, true, Api::Cloud), (true, false, Api::Cloud), (true, true, Api::Cloud)]
    {
        let mut account = account(&place.url, api);
        account.settings.typing = typing;
        account.set(&known(target("16505551234"), composing), &Set::Read).await.unwrap();
        let body: Value = place.asked().last().map(|it| serde_json::from_slice(&it.body).unwrap()).unwrap();
        assert_eq!(body["message_id"], "wamid.A");
        let wanted = if typing && composing { json!({"type": "text"}) } else { Value::Null };
        assert_eq!(body["typing_indicator"], wanted, "{typing} {composing}");
    }
}

fn session(until: &str) -> Value {
    json!({"users": [{"token": "eyJ", "expires_after": until}]})
}

#[tokio::test]
async fn a_first_login_that_wants_a_new_password_says_how_it_is_set() {
    for details in ["new_password is required at the first login", "Password change required"] {
        let place = StandIn::start(move |_, _| {
            json_answer(
                401,
                &json!({"errors": [{"code": 1005, "title": "Access denied", "details": details}]}),
            )
        })
        .await;
        let error = account(&place.url, Api::OnPremises).check().await.expect_err("it is refused");
        assert_eq!(error.kind, ErrorKind::Credentials);
        for part in [details, "new_password", "/v1/users/login", "8 to 64", "`password`"] {
            assert!(error.words.contains(part), "{part}: {}", error.words);
        }
        assert!(!error.words.contains("secret"), "{}", error.words);
    }
    let place = StandIn::start(|_, _| {
        json_answer(
            200,
            &json!({"errors": [{"code": 1005, "title": "Access denied", "details": "Invalid credentials"}]}),
        )
    })
    .await;
    let error = account(&place.url, Api::OnPremises).check().await.expect_err("a no with 200");
    assert_eq!(error.kind, ErrorKind::Credentials);
    assert!(!error.words.contains("new_password"), "{}", error.words);
}

#[tokio::test]
async fn on_premises_tells_its_clock_too() {
    let place = StandIn::start(|_, _| {
        json_answer(200, &session("2026-03-08 15:29:26+00:00")).with("date", "Sun, 01 Mar 2026 12:10:00 GMT")
    })
    .await;
    let checked = account(&place.url, Api::OnPremises).check().await.unwrap();
    assert_eq!(checked.skew, Some(chrono::TimeDelta::minutes(10)));
}

#[tokio::test]
async fn a_session_of_less_than_three_days_is_used_until_its_end() {
    let place = StandIn::start(|_, asked| match asked.path.as_str() {
        "/v1/users/login" => json_answer(200, &session("2026-03-02 12:00:00+00:00")),
        _ => accepted(),
    })
    .await;
    let account = account(&place.url, Api::OnPremises);
    for _ in 0..3 {
        send_by(&account, text("Hi"), &target("16505551234")).await.unwrap();
    }
    let logins = place.asked().iter().filter(|it| it.path.ends_with("login")).count();
    assert_eq!(logins, 1);
}

#[tokio::test]
async fn an_unknown_message_of_on_premises_cannot_be_marked_and_harms_nobody() {
    let place = StandIn::start(|_, asked| match asked.path.as_str() {
        "/v1/users/login" => json_answer(200, &session("2026-03-08 15:29:26+00:00")),
        _ => answer(404, "{}"),
    })
    .await;
    let error = account(&place.url, Api::OnPremises)
        .set(&known(target("16505551234"), true), &Set::Read)
        .await
        .expect_err("it is not there");
    assert_eq!(error.kind, ErrorKind::Refused);
}

#[test]
fn what_has_no_time_is_known_by_its_bytes() {
    let body = |event: &str| {
        parse(&json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398",
            "changes": [{"field": "message_template_status_update", "value": {"event": event}}]}]}))
    };
    let key = |parsed: &Parsed| match &parsed.page.changes[0] {
        Change::Account { key, .. } => key.clone(),
        other => panic!("{other:?}"),
    };
    assert!(key(&body("PAUSED")).is_some());
    assert_eq!(key(&body("PAUSED")), key(&body("PAUSED")), "however often it comes");
    assert_ne!(key(&body("PAUSED")), key(&body("APPROVED")));
    assert_eq!(
        key(&field("message_template_status_update", &json!({"event": "PAUSED"}))),
        None,
        "its time is enough"
    );
    let errors = json!({"errors": [{"code": 130_429, "title": "Rate limit hit"}]});
    assert!(key(&number_field("messages", &errors)).is_some());
}

#[test]
fn files_of_the_past_are_of_the_past_too() {
    let image = |id: &str, from: &str, to: Option<&str>| {
        json!({"from": from, "to": to, "id": id, "timestamp": "1739230955", "type": "image",
            "image": {"id": "m-1", "mime_type": "image/jpeg", "caption": "the receipt"}})
    };
    let value = json!({"messages": [image("wamid.1", "16505551234", None),
        image("wamid.2", "15550783881", Some("16505551234"))]});
    let parsed = number_field("history", &value);
    assert!(messages(&parsed).is_empty(), "nothing of it is news");
    let all = earlier(&parsed);
    let seen: Vec<_> =
        all.iter().map(|it| (it.key.as_str(), it.direction, it.conversation.as_str())).collect();
    assert_eq!(
        seen,
        [("wamid.1", Direction::Inbound, "16505551234"), ("wamid.2", Direction::Outbound, "16505551234")]
    );
    assert!(all.iter().all(|it| it.attachments.len() == 1 && it.body == "the receipt"));
}

#[test]
fn what_we_wrote_ourselves_opens_no_conversation_with_our_own_number() {
    let ours = |id: &str, to: Option<&str>| {
        json!({"from": "15550783881", "to": to, "id": id, "timestamp": "1739230955", "type": "image",
            "image": {"id": "m-1", "mime_type": "image/jpeg", "caption": "the receipt"}})
    };
    let named = |contacts: &Value, field: &str, list: &str, message: Value| {
        let parsed = number_field(field, &json!({"contacts": contacts, list: [message]}));
        assert!(conversations(&parsed).iter().all(|it| it.remote_id == "16505551234"), "{parsed:?}");
        parsed
    };
    // Of the past: known by its id, wherever its thread is.
    let past = named(&json!([]), "history", "messages", ours("wamid.1", None));
    let file = earlier(&past)[0];
    assert_eq!((file.conversation.as_str(), file.key.as_str()), ("", "wamid.1"));
    assert_eq!((file.direction, file.attachments.len()), (Direction::Outbound, 1));
    assert!(past.unread.is_empty() && conversations(&past).is_empty());
    // An echo that names nobody cannot be placed: it is flagged, and its body stays.
    let echo = named(&json!([]), "smb_message_echoes", "message_echoes", ours("wamid.2", None));
    assert!(echo.page.changes.is_empty() && echo.unread[0].contains("names nobody it is for"), "{echo:?}");
    // Who stands beside it is whom it is for, unless that is ourselves.
    let own = json!({"wa_id": "15550783881", "profile": {"name": "Shop"}});
    let customer = json!({"wa_id": "16505551234", "profile": {"name": "Sheena"}});
    let beside =
        named(&json!([own, customer]), "smb_message_echoes", "message_echoes", ours("wamid.3", None));
    assert_eq!(messages(&beside)[0].conversation, "16505551234");
    assert!(named(&json!([own]), "messages", "messages", ours("wamid.4", None)).page.changes.is_empty());
    // From our own number is ours, whatever the field is called.
    let misplaced = named(&json!([]), "messages", "messages", ours("wamid.5", Some("16505551234")));
    let message = messages(&misplaced)[0];
    assert_eq!((message.conversation.as_str(), message.direction), ("16505551234", Direction::Outbound));
}

/// As Meta's page on business-scoped user ids has it; relays send it beside, or in place of, the system message.
#[test]
fn a_new_user_id_told_by_itself_is_the_same_person() {
    let update = |fields: &Value| number_field("user_id_update", &json!({"user_id_update": [fields]}));
    let alias =
        |conversation: &str| Change::Alias { conversation: conversation.into(), alias: "US.2".into() };
    let ids = json!({"previous": "US.1", "current": "US.2"});
    let both = update(&json!({"wa_id": "16505551234", "detail": "User id for Ana has been updated.",
        "user_id": ids, "timestamp": "1750000000"}));
    assert_eq!((both.page.changes, both.unread), (vec![alias("US.1"), alias("16505551234")], vec![]));
    assert_eq!(update(&json!({"user_id": ids})).page.changes, [alias("US.1")], "who shows no number");
    for bad in [json!({}), json!(7), json!({"user_id": {"current": "US.2"}}), json!({"user_id": "US.2"})] {
        let parsed = update(&bad);
        assert_eq!((parsed.page.changes.len(), parsed.unread.len()), (0, 1), "{bad}");
    }
}

#[test]
fn who_shows_no_number_is_written_to_by_the_newest_user_id() {
    let aliases = ["MX.2".to_owned()];
    let known_as = |id: &str| crate::domain::Customer { id: Some(id.into()), ..Default::default() };
    let to = |id: &str| request::Address::of("CO.1", &aliases, &known_as(id), false);
    assert_eq!(to("MX.2"), request::Address::User("MX.2".into()));
    assert_eq!(to("XX.9"), request::Address::User("CO.1".into()), "an id that is none of the names");
}
