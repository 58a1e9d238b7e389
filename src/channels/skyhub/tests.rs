use chrono::{TimeZone, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{map::Merging, *};
use crate::{
    channels::{
        Channel, ErrorKind, Found, Retry, Sending, Set, Sweep, Target,
        lenient::Raw,
        stand_in::{Asked, HandClock, Kept, Says, StandIn, answer, json as json_answer},
    },
    domain::{
        Action, Customer, Direction, Facts, Gate, MessageKind, Outgoing, Role, Time,
        change::{Change, ConversationSeen, MessageSeen, Page},
    },
};

const CODE: &str = "Lojas Americanas-200123456789001";
const CHAT: &str = "Lojas Americanas-200123456789001/CUSTOMER_SELLER";

fn now() -> Time {
    Utc.with_ymd_and_hms(2023, 6, 7, 12, 0, 0).unwrap()
}

fn account(url: &str) -> SkyHub {
    SkyHub::new(Settings {
        descriptor: descriptor("americanas"),
        url: url.into(),
        user_email: "loja@example.com".into(),
        api_key: "key".into(),
        account_manager_key: "manager".into(),
        identity_id: "12.345.678/9012-34".into(),
        max_rate: 0,
        tokens: crate::channels::tokens::Tokens::in_memory(),
        clock: HandClock::at(&now().to_rfc3339()),
    })
    .expect("an account")
}

fn ticket(status: &str, updated_at: &str) -> Value {
    json!({"code": CODE, "created_at": "2023-06-06T21:41:57-03:00", "mediation": false,
        "order_code": "02-123456789", "platform": "B2w", "status": status, "updated_at": updated_at,
        "warehouse": "98"})
}

fn said(content: &str, role: &str, at: &str) -> Value {
    json!({"content": content, "created_at": at, "replyed_at": null,
        "part": {"code": 12_345_678, "email": "john@exemploskyhub.com.br", "name": "João dos Santos", "role": role}})
}

fn chat(parts: &str, status: &str, messages: &[Value]) -> Value {
    json!({"last_message": "2023-06-06T21:44:44", "messages": messages, "parts": parts,
        "seller_status": "UNREAD", "status": status})
}

fn question() -> Value {
    said("Olá! Produto ainda não foi entregue.", "CUSTOMER", "2023-06-06T21:41:56")
}

fn target(remote_id: &str) -> Target {
    let mut facts = Facts::new();
    facts.insert("order_code".into(), json!("02-123456789"));
    Target {
        remote_id: remote_id.into(),
        aliases: Vec::new(),
        facts,
        customer: Customer::default(),
        gate: Gate::Open,
        composing: false,
        known: Vec::new(),
    }
}

fn reply(text: &str) -> Action {
    Action::Reply(Outgoing { text: text.into(), ..Outgoing::default() })
}

fn sending<'a>(action: &'a Action, target: &'a Target, evidence: &'a Value) -> Sending<'a> {
    Sending {
        action,
        target: Some(target),
        send_id: "01J",
        started_at: now(),
        quote: None,
        upload: None,
        evidence,
    }
}

fn conversations(changes: &[&Change]) -> Vec<ConversationSeen> {
    changes
        .iter()
        .filter_map(|it| if let Change::Conversation(seen) = it { Some((**seen).clone()) } else { None })
        .collect()
}

fn messages(changes: &[&Change]) -> Vec<MessageSeen> {
    changes
        .iter()
        .filter_map(|it| if let Change::Message(seen) = it { Some((**seen).clone()) } else { None })
        .collect()
}

/// A vendor with one ticket whose chats are `chats`.
async fn vendor(chats: Value) -> StandIn {
    StandIn::start(move |_, asked| match asked.line().as_str() {
        line if line.contains("/chats") && asked.method == "GET" => {
            json_answer(200, &json!({"chats": chats}))
        }
        line if line.starts_with("GET /sac") => json_answer(
            200,
            &json!({"next_page": null, "sacs": [ticket("UNREAD", "2023-06-06T21:44:44-03:00")]}),
        ),
        line if line.starts_with("POST") => answer(201, ""),
        _ => answer(204, ""),
    })
    .await
}

#[tokio::test]
async fn a_scan_reads_the_sample_of_the_contract() {
    let vendor = vendor(json!([chat("CUSTOMER_SELLER", "ACTIVE", &[question()])])).await;
    let kept = Kept::default();
    let account = account(&vendor.url);
    account.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("a scan");
    assert_eq!(
        vendor.lines(),
        ["GET /sac?status=UNREAD", "GET /sac/Lojas%20Americanas-200123456789001/chats"]
    );
    for asked in vendor.asked() {
        assert_eq!(asked.header("x-user-email"), "loja@example.com");
        assert_eq!(asked.header("x-api-key"), "key");
        assert_eq!(asked.header("x-accountmanager-key"), "manager");
        assert_eq!(asked.header("accept"), "application/json");
        assert_eq!(asked.header("content-type"), "application/json");
    }
    let seen = &kept.conversations()[0];
    assert_eq!(seen.remote_id, CHAT);
    assert_eq!(seen.customer.id.as_deref(), Some("12345678"));
    assert_eq!(seen.counterpart.as_ref().map(|it| it.addressee.as_str()), Some("CUSTOMER João dos Santos"));
    assert_eq!(
        serde_json::to_value(&seen.order).expect("JSON"),
        json!({"number": "02-123456789", "delivery": "200123456789001"})
    );
    assert_eq!(
        serde_json::to_value(&seen.remote_status).expect("JSON"),
        json!({"seller_status": "UNREAD", "status": "ACTIVE", "mediation": false})
    );
    assert_eq!(seen.remote_unread, Some(true));
    assert_eq!(seen.gate.map(|it| it.at(now())), Some(Gate::Open));
    assert_eq!(seen.created_at, Utc.with_ymd_and_hms(2023, 6, 7, 0, 41, 57).single());
    let message = &kept.messages()[0];
    assert_eq!(message.body, "Olá! Produto ainda não foi entregue.");
    assert_eq!((message.direction, message.author.role), (Direction::Inbound, Role::Customer));
    assert_eq!(message.sent_at, Utc.with_ymd_and_hms(2023, 6, 7, 0, 41, 56).single());
    assert_eq!((message.remote_id.as_deref(), kept.requests()), (None, 2));
}

#[tokio::test]
async fn a_ticket_that_did_not_change_costs_no_request_in_the_fast_loop() {
    let vendor = vendor(json!([chat("CUSTOMER_SELLER", "ACTIVE", &[question()])])).await;
    let kept = Kept::default();
    let account = account(&vendor.url);
    account.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("a scan");
    vendor.forget();
    account.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("a scan");
    assert_eq!(vendor.lines(), ["GET /sac?status=UNREAD"]);
    // The sweep reads what is open again, though nothing seems to have changed.
    *kept.open.lock().expect("no panic") = vec![CHAT.into()];
    vendor.forget();
    account.scan(Sweep::Full, &kept, &mut kept.sink()).await.expect("a scan");
    assert_eq!(
        vendor.lines(),
        [
            "GET /sac/Lojas%20Americanas-200123456789001/instances",
            "GET /sac/Lojas%20Americanas-200123456789001/chats",
            "GET /sac",
        ]
    );
    let keys: std::collections::HashSet<_> = kept.messages().into_iter().map(|message| message.key).collect();
    assert_eq!(keys.len(), 1, "the same message keeps its key");
}

#[tokio::test]
async fn a_chat_split_over_pages_is_one_chat_and_the_cursor_stays_as_it_came() {
    let vendor = StandIn::start(|own, asked| {
        let first = said("um", "CUSTOMER", "2023-06-06T21:41:56");
        let second = said("dois", "CUSTOMER", "2023-06-06T21:42:56");
        match asked.target.as_str() {
            "/sac/Lojas%20Americanas-200123456789001/chats" => json_answer(
                200,
                &json!({"chats": [chat("CUSTOMER_SELLER", "ACTIVE", std::slice::from_ref(&first))],
                    "next_page": format!("{own}/sac/{CODE}/chats?cursor=eyJ=In0=")}),
            ),
            // Shifted: the first one stands here too; and the page names itself as its next.
            "/sac/Lojas%20Americanas-200123456789001/chats?cursor=eyJ=In0=" => json_answer(
                200,
                &json!({"chats": [chat("CUSTOMER_SELLER", "ACTIVE", &[second, first])],
                    "next_page": format!("{own}/sac/{CODE}/chats?cursor=eyJ=In0=")}),
            ),
            _ => json_answer(200, &json!({"sacs": [ticket("UNREAD", "x")], "next_page": ""})),
        }
    })
    .await;
    let kept = Kept::default();
    account(&vendor.url).scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("a scan");
    assert_eq!(vendor.lines().len(), 3);
    assert_eq!(kept.conversations().len(), 1);
    let bodies: Vec<_> = kept.messages().into_iter().map(|message| message.body).collect();
    assert_eq!(bodies, ["um", "dois"]);
}

#[tokio::test]
async fn the_keys_never_go_to_another_host() {
    let vendor = StandIn::start(|_, _| {
        json_answer(200, &json!({"sacs": [{"x": 1}], "next_page": "http://127.0.0.1:1/sac?cursor=x"}))
    })
    .await;
    let kept = Kept::default();
    let error = account(&vendor.url).scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect_err("refused");
    assert!(error.words.contains("another host"), "{error}");
    assert_eq!(vendor.lines().len(), 1);
}

#[tokio::test]
async fn an_outage_is_no_empty_inbox() {
    for body in ["", "null", "[]", "<html>", r#"{"sacs":null}"#, r#"{"sacs":[{"#] {
        let vendor = StandIn::start(move |_, _| answer(200, body)).await;
        let kept = Kept::default();
        let error = account(&vendor.url).scan(Sweep::Full, &kept, &mut kept.sink()).await.expect_err(body);
        assert_eq!(error.kind, ErrorKind::Outage, "{body}");
        assert!(kept.pages.lock().expect("no panic").is_empty());
    }
}

#[tokio::test]
async fn one_ticket_that_cannot_be_had_costs_no_other() {
    let vendor = StandIn::start(|_, asked| match asked.target.as_str() {
        "/sac/gone-1/chats" => json_answer(404, &json!({"errors": {"detail": "Not Found"}})),
        "/sac/bad-2/chats" => json_answer(500, &json!({"errors": {"detail": "Internal"}})),
        "/sac/good-3/chats" => json_answer(200, &chat("CUSTOMER_SELLER", "ACTIVE", &[question()])),
        _ => {
            let listed = |code: &str| json!({"code": code, "order_code": "02", "updated_at": "x"});
            json_answer(200, &json!({"sacs": [listed("gone-1"), 7, listed("bad-2"), listed("good-3")]}))
        }
    })
    .await;
    let kept = Kept::default();
    let error = account(&vendor.url).scan(Sweep::Full, &kept, &mut kept.sink()).await.expect_err("the 500");
    assert_eq!((error.kind, error.words.as_str()), (ErrorKind::Outage, "Internal"));
    assert_eq!(kept.messages().len(), 1);
    assert_eq!(
        kept.notes.lock().expect("no panic").keys().collect::<Vec<_>>(),
        ["ticket:good-3"],
        "no triple without its messages"
    );
}

#[tokio::test]
async fn an_order_number_that_the_list_lacks_is_asked_for() {
    let vendor = StandIn::start(|_, asked| match asked.target.as_str() {
        "/sac?status=UNREAD" => json_answer(200, &json!({"sacs": [{"code": "A-1", "updated_at": "x"}]})),
        "/sac/A-1" => json_answer(200, &json!({"sac": {"code": "A-1", "order_code": "02-9"}})),
        _ => json_answer(200, &json!({"chats": [chat("B2W_SELLER", "ACTIVE", &[])]})),
    })
    .await;
    let kept = Kept::default();
    account(&vendor.url).scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("a scan");
    let seen = &kept.conversations()[0];
    assert_eq!(seen.facts["order_code"], json!("02-9"));
    let counterpart = seen.counterpart.clone().expect("a counterpart");
    assert_eq!(
        (counterpart.name.as_str(), counterpart.addressee.as_str()),
        ("Americanas", "AMERICANAS about order 02-9")
    );
    assert_eq!(seen.their_role, Role::Marketplace);
}

#[tokio::test]
async fn a_reply_is_the_body_of_the_contract() {
    let vendor = vendor(json!([])).await;
    let (action, target) = (reply("Olá! Seu pedido sai hoje."), target(CHAT));
    account(&vendor.url).send(&sending(&action, &target, &Value::Null)).await.expect("sent");
    let asked = &vendor.asked()[0];
    assert_eq!(asked.line(), "POST /sac/Lojas%20Americanas-200123456789001/chats/CUSTOMER_SELLER");
    assert_eq!(
        asked.json(),
        json!({"deliveryId": "200123456789001", "identityId": "12345678901234", "messageTo": "TO_CUSTOMER",
            "messageType": "TEXT_MESSAGE", "orderId": "02-123456789", "message": "Olá! Seu pedido sai hoje."})
    );
}

#[tokio::test]
async fn what_may_not_be_written_to_is_never_asked() {
    let vendor = vendor(json!([])).await;
    let account = account(&vendor.url);
    let action = reply("x");
    for parts in ["CUSTOMER_B2W", "SOMETHING_NEW"] {
        let target = target(&format!("{CODE}/{parts}"));
        let error = account.send(&sending(&action, &target, &Value::Null)).await.expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Ours);
        account.set(&target, &Set::Read).await.expect_err("refused");
    }
    let mut nowhere = target(CHAT);
    nowhere.facts.clear();
    account.send(&sending(&action, &nowhere, &Value::Null)).await.expect_err("no order number");
    assert!(vendor.lines().is_empty());
}

#[tokio::test]
async fn paused_is_found_before_anything_is_sent() {
    let vendor = vendor(json!([chat("CUSTOMER_SELLER", "PAUSED", &[question()])])).await;
    let (action, target) = (reply("x"), target(CHAT));
    let error =
        account(&vendor.url).prepare(&sending(&action, &target, &Value::Null)).await.expect_err("paused");
    assert_eq!((error.kind, error.retry), (ErrorKind::GateClosed, Retry::Never));
    let page = error.page.expect("what the chat shows");
    let seen = conversations(&page.changes.iter().collect::<Vec<_>>());
    assert_eq!(seen[0].gate.map(|it| it.at(now())), Some(Gate::Paused));
    assert!(vendor.lines().iter().all(|line| line.starts_with("GET")));
}

#[tokio::test]
async fn a_422_reads_the_chat_again_and_does_not_assume_paused() {
    for (status, kind) in [("PAUSED", ErrorKind::GateClosed), ("ACTIVE", ErrorKind::Refused)] {
        let vendor = StandIn::start(move |_, asked| match asked.method.as_str() {
            "POST" => json_answer(422, &json!({"errors": {"identityId": ["is invalid"]}})),
            _ => json_answer(200, &json!({"chats": [chat("CUSTOMER_SELLER", status, &[])]})),
        })
        .await;
        let (action, target) = (reply("x"), target(CHAT));
        let error =
            account(&vendor.url).send(&sending(&action, &target, &Value::Null)).await.expect_err("422");
        assert_eq!((error.kind, error.retry, error.status), (kind, Retry::Never, Some(422)));
        assert_eq!(error.words, "identityId: is invalid");
        assert!(error.page.is_some());
    }
}

#[tokio::test]
async fn an_uncertain_reply_is_found_when_its_text_stands_there_once_more() {
    let ours = |content: &str, at: &str| said(content, "SELLER", at);
    let before = [question(), ours("Bom dia", "2023-06-06T22:00:00")];
    let vendor = vendor(json!([chat("CUSTOMER_SELLER", "ACTIVE", &before)])).await;
    let (action, target) = (reply(" Bom dia\r\n"), target(CHAT));
    let prepared =
        account(&vendor.url).prepare(&sending(&action, &target, &Value::Null)).await.expect("prepared");
    assert_eq!(prepared.evidence, json!({"count": 1}));
    assert_eq!(messages(&prepared.page.changes.iter().collect::<Vec<_>>()).len(), 2);
    let sent = sending(&action, &target, &prepared.evidence);
    let Ok(Found::Absent(words)) = account(&vendor.url).look_up(&sent).await else { unreachable!("absent") };
    assert!(words.contains("once"), "{words}");
    let after = [question(), ours("Bom dia", "2023-06-06T22:00:00"), ours("Bom dia", "2023-06-07T08:59:59")];
    let vendor = self::vendor(json!([chat("CUSTOMER_SELLER", "ACTIVE", &after)])).await;
    let Ok(Found::There(there)) = account(&vendor.url).look_up(&sent).await else { unreachable!("there") };
    let all = messages(&there.changes.iter().collect::<Vec<_>>());
    assert_eq!(there.key.as_ref(), Some(&all[2].key));
}

#[tokio::test]
async fn a_server_error_after_a_reply_leaves_it_unclear_and_a_429_does_not() {
    let outcome = async |status: u16, headers: &'static [(&'static str, &'static str)]| {
        let vendor = StandIn::start(move |_, _: &Asked| -> Says {
            headers
                .iter()
                .fold(answer(status, "{\"error\":\"no\"}"), |says, (key, value)| says.with(key, *value))
        })
        .await;
        let (action, target) = (reply("x"), target(CHAT));
        account(&vendor.url).send(&sending(&action, &target, &Value::Null)).await.expect_err("refused")
    };
    assert_eq!(outcome(500, &[]).await.retry, Retry::Unclear);
    assert_eq!(outcome(429, &[]).await.retry, Retry::Safe(None));
    let seconds = std::time::Duration::from_secs(7);
    assert_eq!(outcome(429, &[("retry-after", "7")]).await.retry, Retry::Safe(Some(seconds)));
    let error = outcome(401, &[]).await;
    assert_eq!((error.kind, error.words.as_str()), (ErrorKind::Credentials, "no"));
}

#[tokio::test]
async fn a_reply_is_sent_by_a_201_alone_and_any_other_success_leaves_it_unclear() {
    let outcome = async |status: u16, body: &'static str| {
        let vendor = StandIn::start(move |_, _| answer(status, body)).await;
        let (action, target) = (reply("x"), target(CHAT));
        account(&vendor.url).send(&sending(&action, &target, &Value::Null)).await
    };
    for body in ["", " \r\n", "null", "{}", r#"{"id":7}"#, "[]", "\"ok\"", "Created", "{\"id\":"] {
        outcome(201, body).await.expect(body);
    }
    for (status, body) in [
        (200, "<html>Em manuten\u{e7}\u{e3}o</html>"),
        (200, ""),
        (200, "{}"),
        (202, "null"),
        (204, ""),
        (201, "<html>Em manuten\u{e7}\u{e3}o</html>"),
    ] {
        let error = outcome(status, body).await.expect_err(body);
        assert_eq!((error.kind, error.retry), (ErrorKind::Outage, Retry::Unclear), "{status} {body}");
    }
}

#[tokio::test]
async fn a_redirect_is_never_followed_and_so_the_reply_has_failed() {
    let (action, target) = (reply("x"), target(CHAT));
    for status in [300, 301, 302, 304, 307, 308] {
        let vendor = StandIn::start(move |_, _| {
            answer(status, "<html>moved</html>").with("location", "http://127.0.0.1:1/")
        })
        .await;
        let error =
            account(&vendor.url).send(&sending(&action, &target, &Value::Null)).await.expect_err("moved");
        assert_eq!((error.kind, error.retry), (ErrorKind::Outage, Retry::Never), "{status}");
        assert!(error.words.contains("never followed: check `url`"), "{error}");
    }
    // 303 says "done, look there": whether it was is not known.
    let vendor = StandIn::start(|_, _| answer(303, "")).await;
    let error =
        account(&vendor.url).send(&sending(&action, &target, &Value::Null)).await.expect_err("elsewhere");
    assert_eq!((error.kind, error.retry), (ErrorKind::Outage, Retry::Unclear));
}

#[tokio::test]
async fn a_web_page_is_no_answer_to_a_change_of_state() {
    let outcome = async |status: u16, body: &'static str| {
        let vendor = StandIn::start(move |_, _| answer(status, body)).await;
        account(&vendor.url).set(&target(CHAT), &Set::Read).await
    };
    for (status, body) in [(204, ""), (200, ""), (200, "{}"), (201, "null"), (202, "")] {
        outcome(status, body).await.expect(body);
    }
    for (status, body) in [(200, "<html>"), (203, ""), (206, "{}")] {
        let error = outcome(status, body).await.expect_err(body);
        assert_eq!((error.kind, error.retry), (ErrorKind::Outage, Retry::Unclear), "{status} {body}");
    }
}

#[tokio::test]
async fn states_are_set_in_the_vendors_words_and_read_again() {
    let vendor = vendor(json!([chat("CUSTOMER_SELLER", "ACTIVE", &[])])).await;
    let (account, target) = (account(&vendor.url), target(CHAT));
    for (what, word) in
        [(Set::Close, "ARCHIVED"), (Set::Reopen, "READ"), (Set::Read, "READ"), (Set::Unread, "UNREAD")]
    {
        vendor.forget();
        let page: Page = account.set(&target, &what).await.expect("set");
        assert_eq!(vendor.asked()[0].method, "PATCH");
        assert_eq!(vendor.asked()[0].json(), json!({"status": word}));
        assert_eq!(page.changes.len(), 1);
    }
}

#[test]
fn times_without_an_offset_are_sao_paulos_and_all_other_forms_are_read() {
    let wanted = Utc.with_ymd_and_hms(2023, 6, 7, 0, 41, 56).single();
    for text in [
        "2023-06-06T21:41:56",
        "2023-06-06 21:41:56",
        "2023-06-06T21:41:56-03:00",
        "2023-06-06T21:41:56-0300",
        "2023-06-07T00:41:56Z",
        "2023-06-07T00:41:56+00:00",
    ] {
        assert_eq!(time::parse(text), wanted, "{text}");
    }
    assert_eq!(time::parse("2023-06-06T21:41:56.250").map(|at| at.timestamp_subsec_millis()), Some(250));
    // Summer time, and the hour that it skipped (4 November 2018, 00:00).
    assert_eq!(time::parse("2018-12-24T10:00:00"), Utc.with_ymd_and_hms(2018, 12, 24, 12, 0, 0).single());
    assert_eq!(time::parse("2018-11-04T00:30:00"), Utc.with_ymd_and_hms(2018, 11, 4, 3, 30, 0).single());
    assert_eq!(time::parse("ontem à noite às 10"), None);
}

#[test]
fn everything_in_the_marketplaces_own_chat_is_inbound_and_read_only() {
    let mut merging = Merging::default();
    let item = chat(
        "CUSTOMER_B2W",
        "ACTIVE",
        &[said("a", "SELLER", "2023-06-06T21:41:56"), said("b", "EMPLOYEE", "2023-06-06T21:41:57")],
    );
    merging.page(CODE, &[serde_json::value::to_raw_value(&item).expect("JSON")]);
    let changes = map::changes(CODE, &wire::Ticket::default(), &merging.done(), now());
    let changes: Vec<_> = changes.iter().collect();
    let roles: Vec<_> = messages(&changes).iter().map(|it| (it.direction, it.author.role)).collect();
    assert_eq!(roles, [(Direction::Inbound, Role::Agent), (Direction::Inbound, Role::Marketplace)]);
    assert_eq!(conversations(&changes)[0].gate.map(|it| it.at(now())), Some(Gate::ReadOnly));
}

#[test]
fn one_bad_message_never_costs_its_siblings() {
    let item = r#"{"parts":"CUSTOMER_SELLER","status":"NEW_ONE","messages":[
        {"content":"a\ud83d","created_at":"2023-06-06T21:41:56","part":{"role":"CUSTOMER"}},
        {"created_at":"2023-06-06T21:41:57"}, 7,
        {"content":"b\u0000","created_at":12,"part":"nobody"},
        {"content":"b\u0000","created_at":12,"part":"nobody"}]}"#;
    let mut merging = Merging::default();
    let items: Vec<Raw> =
        vec![serde_json::from_str(item).expect("JSON"), serde_json::from_str("7").expect("JSON")];
    assert_eq!(merging.page(CODE, &items), 1);
    let changes = map::changes(CODE, &wire::Ticket::default(), &merging.done(), now());
    let changes: Vec<_> = changes.iter().collect();
    assert_eq!(conversations(&changes)[0].gate.map(|it| it.at(now())), Some(Gate::Unknown));
    let all = messages(&changes);
    assert_eq!(all.len(), 5);
    let mended = all.iter().find(|it| it.body == "a\u{FFFD}").expect("the mended one");
    assert!(String::from_utf8_lossy(mended.raw.as_deref().expect("its bytes")).contains("\\ud83d"));
    assert_eq!(all.iter().filter(|it| it.kind == MessageKind::Unsupported).count(), 2);
    let equal: Vec<_> = all.iter().filter(|it| it.body == "b\u{0}").map(|it| it.key.clone()).collect();
    assert_eq!(equal.len(), 2);
    assert_ne!(equal[0], equal[1], "equal ones in server order are told apart");
}

proptest! {
    #[test]
    fn any_answer_is_read_without_a_panic(body in "[{}\\[\\]\",:a-z0-9\\\\u]{0,80}") {
        if let Some(page) = wire::chats_page(&body) {
            let mut merging = Merging::default();
            merging.page(CODE, &page.chats.unwrap_or_default());
            map::changes(CODE, &wire::Ticket::default(), &merging.done(), now());
        }
        let _ = wire::one_ticket(&body);
    }

    #[test]
    fn any_text_is_no_time_or_a_time(text in "\\PC{0,24}") {
        let _ = time::parse(&text);
    }

    #[test]
    fn a_code_comes_back_from_its_address(code in "[^/]{1,20}", parts in "[A-Z_]{1,12}") {
        prop_assume!(code != "." && code != "..");
        let url = reqwest::Url::parse(&request::chat("https://api.skyhub.com.br/x/", &code, &parts)).expect("a URL");
        let segment = url.path_segments().and_then(|mut it| it.nth(2).map(str::to_owned)).expect("a segment");
        let decoded = percent_encoding::percent_decode_str(&segment).decode_utf8().expect("UTF-8").into_owned();
        prop_assert_eq!(decoded, code.clone());
        let remote_id = request::remote_id(&code, &parts);
        prop_assert_eq!(request::split(&remote_id).expect("ours"), (code.as_str(), parts.as_str()));
    }
}

#[test]
fn what_was_asked_for_beside_the_talk_is_read_in_any_shape() {
    let one = r#"{"action":{"id":"CANCEL","name":"cancelamento"},"cause":{"id":"ARP","name":"Arrependimento",
        "reason":{"id":"183","name":"Comprei errado"}}}"#;
    let line = "CANCEL: Arrependimento, Comprei errado";
    for body in [
        format!("[{one}]"),
        format!(r#"{{"instance":{one}}}"#),
        format!(r#"{{"instances":[{one}]}}"#),
        format!(r#"{{"instances":[{{"instance":{one}}}, 7, {{}}]}}"#),
    ] {
        assert_eq!(wire::instances(&body), Some(vec![line.to_owned()]), "{body}");
    }
    assert_eq!(wire::instances(r#"{"instances":[]}"#), Some(Vec::new()));
    assert_eq!(wire::instances("<html>"), None);
}

#[test]
fn an_open_request_stands_in_the_remote_status() {
    let ticket = wire::Ticket { instances: Some(vec!["RETURN: Defeito".into()]), ..wire::Ticket::default() };
    let mut merging = map::Merging::default();
    let page =
        wire::chats_page(r#"{"chats":[{"parts":"CUSTOMER_SELLER","status":"ACTIVE"}]}"#).expect("chats");
    merging.page("Shop-1", &page.chats.unwrap_or_default());
    let changes = map::changes("Shop-1", &ticket, &merging.done(), now());
    let Some(Change::Conversation(seen)) = changes.first() else { unreachable!("the chat") };
    let status = seen.remote_status.as_ref().expect("a status");
    assert_eq!(status["instances"], json!(["RETURN: Defeito"]));
}

#[tokio::test]
async fn a_ticket_that_is_not_found_is_not_asked_for_at_every_poll() {
    let vendor = StandIn::start(|_, asked| match asked.path.as_str() {
        "/sac" => json_answer(200, &json!({"sacs": [ticket("UNREAD", "2023-06-06T21:41:57-03:00")]})),
        _ => json_answer(404, &json!({"errors": {"detail": "Not Found"}})),
    })
    .await;
    let (account, kept) = (account(&vendor.url), Kept::default());
    for asked in [2, 1, 1] {
        vendor.forget();
        account.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("it costs no other");
        assert_eq!(vendor.lines().len(), asked);
    }
    // The sweep looks again, and once more at its end: it may have been a moment's.
    vendor.forget();
    account.scan(Sweep::Full, &kept, &mut kept.sink()).await.expect("it costs no other");
    assert_eq!(vendor.lines().len(), 3);
}

#[tokio::test]
async fn a_ticket_that_was_not_found_for_a_moment_is_read_by_the_same_sweep() {
    let asked_for = std::sync::atomic::AtomicUsize::new(0);
    let vendor = StandIn::start(move |_, asked| match asked.path.as_str() {
        "/sac" => json_answer(200, &json!({"sacs": [ticket("UNREAD", "2023-06-06T21:41:57-03:00")]})),
        _ if asked_for.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 => answer(404, ""),
        _ => json_answer(200, &json!({"chats": [chat("CUSTOMER_SELLER", "ACTIVE", &[question()])]})),
    })
    .await;
    let (account, kept) = (account(&vendor.url), Kept::default());
    account.scan(Sweep::Full, &kept, &mut kept.sink()).await.expect("read");
    assert_eq!(kept.messages().len(), 1);
}

#[test]
fn the_address_of_a_tickets_next_page_is_legal_whatever_its_code_holds() {
    let base = "https://api.skyhub.com.br";
    for code in ["Lojas Americanas-1", "Shop+Time 50%-2", "a%20b-3", "Ação & Cia?#-4", "x/sac/y-5"] {
        let text = format!("{base}/sac/{code}/chats?cursor=...In0=");
        let url = request::next_chats(base, code, &text).expect("ours");
        assert_eq!(url, format!("{}?cursor=...In0=", request::chats(base, code)), "{code}");
    }
    let other =
        request::next_chats(base, "A-1", "https://api.skyhub.com.br/v2?cursor=50%&x=%2B").expect("ours");
    assert_eq!(other, "https://api.skyhub.com.br/v2?cursor=50%25&x=%2B");
    request::next_chats(base, "A-1", "https://evil.example/sac/A-1/chats?cursor=x")
        .expect_err("another host");
    request::next_chats(base, "A-1", "https://api.skyhub.com.br@evil.example/sac/A-1/chats?cursor=x")
        .expect_err("no");
}

#[tokio::test]
async fn a_chat_without_its_messages_is_an_outage_of_its_ticket() {
    for messages in [Value::Null, json!("x")] {
        let mut bare = chat("CUSTOMER_SELLER", "ACTIVE", &[]);
        bare["messages"] = messages;
        let vendor = vendor(json!([bare])).await;
        let kept = Kept::default();
        let error =
            account(&vendor.url).scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect_err("an outage");
        assert_eq!(error.kind, ErrorKind::Outage);
        assert!(kept.notes.lock().expect("no panic").is_empty(), "no triple without its messages");
    }
}
