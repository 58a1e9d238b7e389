use std::io::Write;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::{
    channels::{
        Channel, ChannelError, ErrorKind, Found, KnownMessage, Retry, Sending, Sent, Set, Target,
        download::Part,
        stand_in::{Asked, Says, StandIn, answer, json as json_answer},
    },
    domain::{
        Action, Customer, Direction, Facts, Gate, GateEvidence, Outgoing,
        attachment::StoredFile,
        change::Change,
        outbox::{CatalogItem, NewConversation, TemplateUse},
    },
};

pub(super) fn target(remote_id: &str) -> Target {
    Target {
        remote_id: remote_id.into(),
        aliases: Vec::new(),
        facts: Facts::new(),
        customer: Customer::default(),
        gate: Gate::Open,
        composing: false,
        known: Vec::new(),
    }
}

pub(super) fn text(text: &str) -> Outgoing {
    Outgoing { text: text.into(), ..Outgoing::default() }
}

async fn send_to(url: &str, api: Api, outgoing: Outgoing, target: &Target) -> Result<Sent, ChannelError> {
    send_by(&account(url, api), outgoing, target).await
}

pub(super) async fn send_by(
    account: &WhatsApp,
    outgoing: Outgoing,
    target: &Target,
) -> Result<Sent, ChannelError> {
    let upload = outgoing.file.is_some().then(|| "1037".to_owned());
    let action = Action::Reply(outgoing);
    let sending = Sending {
        action: &action,
        target: Some(target),
        send_id: "01J8Z6",
        started_at: now(),
        quote: Some("wamid.Q".into()),
        upload,
        evidence: &Value::Null,
    };
    account.send(&sending).await
}

pub(super) fn accepted() -> Says {
    json_answer(
        200,
        &json!({"messaging_product": "whatsapp", "contacts": [{"input": "+16505551234", "wa_id": "16505551234"}],
            "messages": [{"id": "wamid.S"}]}),
    )
}

/// A relay of On-Premises: logs in, then answers by `then`.
async fn relay(then: impl Fn(&str) -> Says + Clone + Send + Sync + 'static) -> StandIn {
    StandIn::start(move |_, asked| {
        if asked.target == "/v1/users/login" {
            let session = json!({"token": "session", "expires_after": "2026-03-08 11:59:00+00:00"});
            return json_answer(200, &json!({ "users": [session], "meta": {} }));
        }
        then(&asked.line())
    })
    .await
}

fn stored(mime: &str, name: &str, size: u64) -> StoredFile {
    StoredFile { sha256: "0".into(), name: name.into(), mime: mime.into(), size }
}

#[tokio::test]
async fn a_reply_by_cloud_is_the_body_of_the_contract() {
    let vendor = StandIn::start(|_, _| accepted()).await;
    let url = format!("{}/v24.0", vendor.url);
    let sent =
        send_to(&url, Api::Cloud, text("Yes, also in blue."), &target("16505551234")).await.expect("sent");
    assert_eq!((sent.key.as_deref(), sent.remote_id.as_deref()), (Some("wamid.S"), Some("wamid.S")));
    let asked = &vendor.asked()[0];
    assert_eq!(asked.line(), "POST /v24.0/106540352242922/messages");
    assert_eq!(asked.header("authorization"), "Bearer token");
    assert_eq!(
        asked.json(),
        json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+16505551234",
            "context": {"message_id": "wamid.Q"}, "type": "text",
            "text": {"preview_url": false, "body": "Yes, also in blue."}, "biz_opaque_callback_data": "deskline:01J8Z6"})
    );
}

#[tokio::test]
async fn free_text_never_leaves_where_no_window_is_open() {
    let vendor = StandIn::start(|_, _| accepted()).await;
    let shut = Target { gate: Gate::TemplateOnly, ..target("1650") };
    let error = send_to(&vendor.url, Api::Cloud, text("x"), &shut).await.expect_err("shut");
    assert_eq!((error.kind, error.retry), (ErrorKind::WindowClosed, Retry::Never));
    let action = Action::Reply(text("x"));
    let sending = Sending {
        action: &action,
        target: Some(&shut),
        send_id: "01J",
        started_at: now(),
        quote: None,
        upload: None,
        evidence: &Value::Null,
    };
    let error = account(&vendor.url, Api::Cloud).prepare(&sending).await.expect_err("shut");
    assert_eq!(error.kind, ErrorKind::WindowClosed, "the row parks before it is marked as sending");
    assert!(vendor.lines().is_empty());
    let template = TemplateUse { name: "hello".into(), language: "en_US".into(), parameters: Vec::new() };
    let templated = Outgoing { template: Some(template), ..Outgoing::default() };
    send_to(&vendor.url, Api::Cloud, templated, &shut).await.expect("sent");
}

#[tokio::test]
async fn a_reply_by_on_premises_carries_nothing_of_clouds() {
    let vendor = relay(|_| json_answer(201, &json!({"messages": [{"id": "gBEG"}], "meta": {}}))).await;
    let sent = send_to(&vendor.url, Api::OnPremises, text("It ships today."), &target("16315555555")).await;
    assert_eq!(sent.expect("sent").key.as_deref(), Some("gBEG"));
    assert_eq!(vendor.lines(), ["POST /v1/users/login", "POST /v1/messages"]);
    assert_eq!(vendor.asked()[0].header("authorization"), "Basic YWRtaW46c2VjcmV0");
    assert_eq!(vendor.asked()[1].header("authorization"), "Bearer session");
    assert_eq!(
        vendor.asked()[1].json(),
        json!({"recipient_type": "individual", "to": "16315555555", "type": "text", "text": {"body": "It ships today."}})
    );
}

#[tokio::test]
async fn the_address_is_the_newest_number_that_is_known() {
    let vendor = StandIn::start(|_, _| accepted()).await;
    let mut by_id = target("US.1349");
    let mut moved = target("16505551234");
    moved.aliases = vec!["16505559999".into()];
    moved.customer.phone = Some("+16505559999".into());
    send_to(&vendor.url, Api::Cloud, text("a"), &by_id).await.expect("sent");
    send_to(&vendor.url, Api::Cloud, text("a"), &moved).await.expect("sent");
    by_id.aliases = vec!["1650".into()];
    send_to(&vendor.url, Api::Cloud, text("a"), &by_id).await.expect("sent");
    let mut group = target("G1");
    group.facts.insert("group_id".into(), json!("G1"));
    send_to(&vendor.url, Api::Cloud, text("a"), &group).await.expect("sent");
    let bodies: Vec<_> = vendor.asked().iter().map(Asked::json).collect();
    assert_eq!((&bodies[0]["recipient"], &bodies[0]["to"]), (&json!("US.1349"), &Value::Null));
    assert_eq!((&bodies[1]["to"], &bodies[2]["to"]), (&json!("+16505559999"), &json!("+1650")));
    assert_eq!((&bodies[3]["to"], &bodies[3]["recipient_type"]), (&json!("G1"), &json!("group")));
}

#[tokio::test]
async fn templates_products_and_files_have_their_bodies() {
    let vendor = StandIn::start(|_, _| accepted()).await;
    let to = target("1650");
    let item = |id: &str| CatalogItem { catalog_id: "C".into(), product_id: id.into() };
    let template = TemplateUse {
        name: "order_update".into(),
        language: "en_US".into(),
        parameters: vec!["A-1001".into()],
    };
    let sends = [
        Outgoing { template: Some(template), ..Outgoing::default() },
        Outgoing { products: vec![item("A1")], ..text("Look") },
        Outgoing { products: vec![item("A1"), item("A2")], ..text("Summer\nfor you") },
        Outgoing { file: Some(stored("application/pdf", "nota.pdf", 3)), ..text("a nota") },
        Outgoing { file: Some(stored("audio/ogg", "voz.ogg", 3)), ..Outgoing::default() },
    ];
    for outgoing in sends {
        send_to(&vendor.url, Api::Cloud, outgoing, &to).await.expect("sent");
    }
    let bodies: Vec<_> = vendor.asked().iter().map(Asked::json).collect();
    assert_eq!(
        bodies[0]["template"],
        json!({"name": "order_update", "language": {"code": "en_US"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "A-1001"}]}]})
    );
    assert_eq!(bodies[0]["context"], Value::Null, "a template quotes nothing");
    assert_eq!(
        bodies[1]["interactive"],
        json!({"type": "product", "body": {"text": "Look"},
            "action": {"catalog_id": "C", "product_retailer_id": "A1"}})
    );
    assert_eq!(
        bodies[2]["interactive"],
        json!({"type": "product_list", "header": {"type": "text", "text": "Summer"}, "body": {"text": "for you"},
            "action": {"catalog_id": "C", "sections": [{"title": "Summer",
                "product_items": [{"product_retailer_id": "A1"}, {"product_retailer_id": "A2"}]}]}})
    );
    assert_eq!(bodies[3]["document"], json!({"id": "1037", "caption": "a nota", "filename": "nota.pdf"}));
    assert_eq!((&bodies[4]["type"], &bodies[4]["audio"]), (&json!("audio"), &json!({"id": "1037"})));
}

#[tokio::test]
async fn what_the_vendor_would_refuse_never_leaves() {
    let vendor = StandIn::start(|_, _| accepted()).await;
    let to = target("1650");
    let item = |catalog: &str| CatalogItem { catalog_id: catalog.into(), product_id: "A".into() };
    for outgoing in [
        text(""),
        text(&"x".repeat(4097)),
        Outgoing { file: Some(stored("audio/ogg", "voz.ogg", 3)), ..text("no caption there") },
        Outgoing { file: Some(stored("image/png", "a.png", 3)), ..text(&"x".repeat(1025)) },
        Outgoing { file: Some(stored("application/zip", "a.zip", 3)), ..Outgoing::default() },
        Outgoing { products: vec![item("C"), item("D")], ..text("x") },
        Outgoing { products: vec![item("C"), item("C")], ..Outgoing::default() },
        Outgoing { products: vec![item("C"); 31], ..text("x") },
    ] {
        let error = send_to(&vendor.url, Api::Cloud, outgoing, &to).await.expect_err("refused");
        assert_eq!((error.kind, error.retry), (ErrorKind::Ours, Retry::Never));
    }
    assert!(vendor.lines().is_empty());
}

#[tokio::test]
async fn a_started_conversation_is_called_as_whatsapp_calls_the_person() {
    let vendor = StandIn::start(|_, _| {
        let contact = json!({"input": "+5511987654321", "wa_id": "551187654321"});
        json_answer(200, &json!({"contacts": [contact], "messages": [{"id": "wamid.S"}]}))
    })
    .await;
    let new = |to: &str| {
        Action::Create(NewConversation {
            to: Some(to.into()),
            first: text("Olá"),
            ..NewConversation::default()
        })
    };
    let start = async |to: &str| {
        let action = new(to);
        let sending = Sending {
            action: &action,
            target: None,
            send_id: "01J",
            started_at: now(),
            quote: None,
            upload: None,
            evidence: &Value::Null,
        };
        account(&vendor.url, Api::Cloud).send(&sending).await
    };
    let sent = start("+55 11 98765-4321").await.expect("sent");
    assert_eq!(vendor.asked()[0].json()["to"], "+5511987654321");
    assert_eq!(sent.conversation.as_deref(), Some("551187654321"));
    let alias = Change::Alias { conversation: "551187654321".into(), alias: "5511987654321".into() };
    assert!(sent.changes.contains(&alias));
    let begun =
        sent.changes.iter().find_map(|it| if let Change::Conversation(it) = it { it.gate } else { None });
    assert_eq!(begun, Some(GateEvidence::Window { until: now() }), "a template is no message of theirs");
    assert_eq!(begun.map(|it| it.at(now())), Some(Gate::TemplateOnly));
    for wrong in ["", "ana@example.com", "12", "+55 11 abc 98765432"] {
        assert_eq!(start(wrong).await.expect_err(wrong).kind, ErrorKind::Ours);
    }
}

#[tokio::test]
async fn refusals_are_classed_by_the_vendors_code() {
    for (status, code, kind, retry) in [
        (400, 131_047, ErrorKind::WindowClosed, Retry::Never),
        (400, 130_429, ErrorKind::RateLimited, Retry::Safe(None)),
        (403, 80_007, ErrorKind::RateLimited, Retry::Safe(None)),
        (401, 190, ErrorKind::Credentials, Retry::Never),
        (400, 131_005, ErrorKind::Credentials, Retry::Never),
        (400, 131_026, ErrorKind::Refused, Retry::Never),
        (403, 368, ErrorKind::Credentials, Retry::Never),
        (500, 131_045, ErrorKind::Refused, Retry::Never),
        (404, 132_001, ErrorKind::Refused, Retry::Never),
        (500, 131_000, ErrorKind::Outage, Retry::Safe(None)),
        (503, 2, ErrorKind::Outage, Retry::Safe(None)),
        (400, 999_999, ErrorKind::Refused, Retry::Never),
        (500, 999_999, ErrorKind::Outage, Retry::Unclear),
    ] {
        let vendor = StandIn::start(move |_, _| {
            json_answer(
                status,
                &json!({"error": {"message": format!("(#{code}) Words"), "code": code,
                    "error_data": {"messaging_product": "whatsapp", "details": "More words."}}}),
            )
        })
        .await;
        let error = send_to(&vendor.url, Api::Cloud, text("x"), &target("1650")).await.expect_err("refused");
        assert_eq!((error.kind, error.retry, error.status), (kind, retry, Some(status)), "{code}");
        assert_eq!(error.page.is_some(), kind == ErrorKind::WindowClosed, "{code}");
        assert_eq!(error.words, format!("(#{code}) Words: More words."));
    }
}

#[tokio::test]
async fn somebody_written_to_too_often_waits_longer_each_time_and_nobody_else_does() {
    let vendor = StandIn::start(|_, asked| {
        let refused = asked.json()["to"] == "+1650";
        let busy = json!({"error": {"message": "(#131056) Pair rate", "code": 131_056}});
        if refused { json_answer(429, &busy) } else { accepted() }
    })
    .await;
    let account = account(&vendor.url, Api::Cloud);
    for wait in [1, 4, 16, 64, 256, 600] {
        let error = send_by(&account, text("x"), &target("1650")).await.expect_err("refused");
        let wait = Retry::Safe(Some(std::time::Duration::from_secs(wait)));
        // Without a status: it is this person's limit, not the channel's.
        assert_eq!((error.kind, error.retry, error.status), (ErrorKind::RateLimited, wait, None));
    }
    send_by(&account, text("x"), &target("1651")).await.expect("others are written to");
}

#[tokio::test]
async fn an_answer_that_is_not_clear_is_said_to_be_so() {
    for (status, body) in [
        (500, ""),
        (502, "<html>"),
        (200, ""),
        (200, "<html>"),
        (200, "{}"),
        (200, r#"{"messages":[{}]}"#),
        (200, r#"{"messages":[{"id":" "}]}"#),
        (202, r#"{"messages":[{"id":"\ud83d"}]}"#),
    ] {
        let vendor = StandIn::start(move |_, _| answer(status, body)).await;
        let error = send_to(&vendor.url, Api::Cloud, text("x"), &target("1650")).await.expect_err("unclear");
        assert_eq!((error.kind, error.retry), (ErrorKind::Outage, Retry::Unclear), "{status} {body}");
    }
    // Nobody listens there: nothing left.
    let error =
        send_to("http://127.0.0.1:1", Api::Cloud, text("x"), &target("1650")).await.expect_err("closed");
    assert_eq!((error.kind, error.retry), (ErrorKind::Unreachable, Retry::Safe(None)));
}

#[tokio::test]
async fn a_redirect_is_never_followed_and_so_the_reply_has_failed() {
    for status in [300, 301, 302, 304, 307, 308] {
        let vendor = StandIn::start(move |_, _| {
            answer(status, "<html>moved</html>").with("location", "http://127.0.0.1:1/")
        })
        .await;
        let error = send_to(&vendor.url, Api::Cloud, text("x"), &target("1650")).await.expect_err("moved");
        assert_eq!((error.kind, error.retry), (ErrorKind::Outage, Retry::Never), "{status}");
        assert!(error.words.contains("never followed: check `url`"), "{error}");
    }
    // 303 says "done, look there": whether it was is not known.
    let vendor = StandIn::start(|_, _| answer(303, "")).await;
    let error = send_to(&vendor.url, Api::Cloud, text("x"), &target("1650")).await.expect_err("elsewhere");
    assert_eq!((error.kind, error.retry), (ErrorKind::Outage, Retry::Unclear));
}

#[tokio::test]
async fn a_web_page_is_no_answer_to_a_read_mark_or_a_check() {
    for status in [200, 302] {
        let vendor = StandIn::start(move |_, _| answer(status, "<html>")).await;
        let account = account(&vendor.url, Api::Cloud);
        let mut known = target("1");
        known.known = vec![KnownMessage { key: "A".into(), direction: Direction::Inbound, at: now() }];
        let error = account.set(&known, &Set::Read).await.expect_err("not known");
        assert_eq!(error.kind, ErrorKind::Outage, "{status}");
        let error = account.check().await.expect_err("not known");
        assert_eq!(error.kind, ErrorKind::Outage, "{status}");
    }
}

#[tokio::test]
async fn on_premises_tells_errors_inside_a_200() {
    for (code, kind, retry) in [
        (470, ErrorKind::WindowClosed, Retry::Never),
        (1015, ErrorKind::RateLimited, Retry::Safe(None)),
        (1013, ErrorKind::Refused, Retry::Never),
        (1014, ErrorKind::Outage, Retry::Safe(None)),
    ] {
        let vendor = relay(move |_| {
            json_answer(
                200,
                &json!({"errors": [{"code": code, "title": "Title", "details": "details"}], "meta": {}}),
            )
        })
        .await;
        let error =
            send_to(&vendor.url, Api::OnPremises, text("x"), &target("1650")).await.expect_err("told");
        assert_eq!((error.kind, error.retry), (kind, retry), "{code}");
        assert_eq!(error.words, format!("Title: details ({code})"));
    }
}

#[tokio::test]
async fn a_contact_that_a_relay_does_not_know_is_checked_and_sent_to_once_more() {
    let first = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let vendor = relay(move |line| match line {
        "POST /v1/contacts" => json_answer(
            200,
            &json!({"contacts": [{"input": "+16315555555", "status": "valid", "wa_id": "16315555556"}]}),
        ),
        _ if first.swap(false, std::sync::atomic::Ordering::SeqCst) => json_answer(
            404,
            &json!({"errors": [{"code": 1006, "title": "Resource not found", "details": "unknown contact"}]}),
        ),
        _ => json_answer(200, &json!({"messages": [{"id": "g"}]})),
    })
    .await;
    send_to(&vendor.url, Api::OnPremises, text("x"), &target("16315555555")).await.expect("sent");
    assert_eq!(
        vendor.lines(),
        ["POST /v1/users/login", "POST /v1/messages", "POST /v1/contacts", "POST /v1/messages"]
    );
    assert_eq!(
        vendor.asked()[2].json(),
        json!({"blocking": "wait", "contacts": ["+16315555555"], "force_check": true})
    );
    assert_eq!(vendor.asked()[3].json()["to"], "16315555556");
    let vendor = relay(|line| match line {
        "POST /v1/contacts" => json_answer(200, &json!({"contacts": [{"status": "invalid"}]})),
        _ => json_answer(404, &json!({"errors": [{"code": 1006, "title": "Resource not found"}]})),
    })
    .await;
    let error = send_to(&vendor.url, Api::OnPremises, text("x"), &target("1631")).await.expect_err("nobody");
    assert_eq!((error.kind, error.retry), (ErrorKind::Refused, Retry::Never));
    assert!(error.words.contains("not on WhatsApp"), "{}", error.words);
}

#[tokio::test]
async fn a_session_is_kept_and_renewed_when_it_is_refused() {
    let refuse = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let vendor = StandIn::start(move |_, asked| match asked.target.as_str() {
        "/v1/users/login" => {
            json_answer(200, &json!({"users": [{"token": format!("t{}", asked.headers.len())}]}))
        }
        _ if refuse.swap(false, std::sync::atomic::Ordering::SeqCst) => answer(401, ""),
        _ => json_answer(200, &json!({"messages": [{"id": "g"}]})),
    })
    .await;
    let account = account(&vendor.url, Api::OnPremises);
    let mut known = target("1");
    known.known = vec![KnownMessage { key: "ABGG/x".into(), direction: Direction::Inbound, at: now() }];
    account.set(&known, &Set::Read).await.expect("read");
    account.set(&known, &Set::Read).await.expect("read");
    let login = "POST /v1/users/login";
    let read = "PUT /v1/messages/ABGG%2Fx";
    assert_eq!(vendor.lines(), [login, read, login, read, read]);
}

#[tokio::test]
async fn a_session_with_less_than_three_days_left_is_renewed() {
    let vendor = StandIn::start(|_, asked| match asked.target.as_str() {
        "/v1/users/login" => json_answer(
            200,
            &json!({"users": [{"token": "short", "expires_after": "2026-03-08 11:59:59+00:00"}]}),
        ),
        _ => json_answer(200, &json!({"messages": [{"id": "g"}]})),
    })
    .await;
    let mut account = account(&vendor.url, Api::OnPremises);
    let mut known = target("1");
    known.known = vec![KnownMessage { key: "A".into(), direction: Direction::Inbound, at: now() }];
    account.set(&known, &Set::Read).await.expect("read");
    account.settings.clock = HandClock::at("2026-03-05T12:00:00Z");
    account.set(&known, &Set::Read).await.expect("read");
    let login = "POST /v1/users/login";
    assert_eq!(vendor.lines(), [login, "PUT /v1/messages/A", login, "PUT /v1/messages/A"]);
}

#[tokio::test]
async fn a_login_that_fails_leaves_the_message_unsent() {
    for (status, kind, retry) in
        [(401, ErrorKind::Credentials, Retry::Never), (500, ErrorKind::Outage, Retry::Safe(None))]
    {
        let vendor = StandIn::start(move |_, _| answer(status, "")).await;
        let error =
            send_to(&vendor.url, Api::OnPremises, text("x"), &target("1")).await.expect_err("refused");
        assert_eq!((error.kind, error.retry), (kind, retry));
    }
}

#[tokio::test]
async fn the_newest_message_of_the_customer_is_marked_read() {
    let vendor = StandIn::start(|_, _| json_answer(200, &json!({"success": true}))).await;
    let account = account(&vendor.url, Api::Cloud);
    let mut to = target("1");
    account.set(&to, &Set::Read).await.expect("nothing to mark");
    assert!(vendor.lines().is_empty());
    let known = |key: &str, direction, seconds| KnownMessage {
        key: key.into(),
        direction,
        at: now() + chrono::TimeDelta::seconds(seconds),
    };
    to.known = vec![
        known("wamid.2", Direction::Inbound, 2),
        known("wamid.1", Direction::Inbound, 1),
        known("wamid.3", Direction::Outbound, 3),
        known("raw:00", Direction::Inbound, 4),
    ];
    account.set(&to, &Set::Read).await.expect("read");
    assert_eq!(
        vendor.asked()[0].json(),
        json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.2"})
    );
    for local in [Set::Close, Set::Reopen, Set::Unread] {
        account.set(&to, &local).await.expect_err("kept here only");
    }
}

#[tokio::test]
async fn whether_a_send_is_there_cannot_be_looked_up() {
    let action = Action::Reply(text("x"));
    let sending = Sending {
        action: &action,
        target: None,
        send_id: "01J",
        started_at: now(),
        quote: None,
        upload: None,
        evidence: &Value::Null,
    };
    for api in [Api::Cloud, Api::OnPremises] {
        let found = account("http://127.0.0.1:1", api).look_up(&sending).await.expect("an answer");
        assert!(matches!(found, Found::CannotLook(_)));
    }
}

#[tokio::test]
async fn a_file_goes_up_as_each_api_wants_it() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b"%PDF").expect("written");
    let stored = stored("application/pdf", "nota.pdf", 4);
    let vendor = StandIn::start(|_, _| json_answer(200, &json!({"id": 1_037_543_291_543_636_u64}))).await;
    let id = account(&vendor.url, Api::Cloud)
        .upload(&stored, file.path(), crate::channels::files::unheard())
        .await
        .expect("uploaded");
    assert_eq!(id, "1037543291543636");
    let asked = &vendor.asked()[0];
    assert_eq!(asked.line(), "POST /106540352242922/media");
    let form = String::from_utf8_lossy(&asked.body).into_owned();
    for part in [
        "name=\"messaging_product\"\r\n\r\nwhatsapp",
        "filename=\"nota.pdf\"",
        "Content-Type: application/pdf",
        "%PDF",
    ] {
        assert!(form.contains(part), "{part} in {form}");
    }
    let vendor = relay(|_| json_answer(200, &json!({"media": [{"id": "f043"}]}))).await;
    let id = account(&vendor.url, Api::OnPremises)
        .upload(&stored, file.path(), crate::channels::files::unheard())
        .await
        .expect("uploaded");
    let asked = &vendor.asked()[1];
    assert_eq!((id.as_str(), asked.line().as_str()), ("f043", "POST /v1/media"));
    assert_eq!((asked.header("content-type"), asked.body.as_ref()), ("application/pdf", b"%PDF".as_slice()));
    let large = StoredFile { size: 101 << 20, ..stored };
    account(&vendor.url, Api::OnPremises)
        .upload(&large, file.path(), crate::channels::files::unheard())
        .await
        .expect_err("too large");
}

async fn fetched(
    url: &str,
    api: Api,
    max: u64,
) -> (Result<crate::channels::Downloaded, ChannelError>, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file.part");
    let mut part = Part::open(&path, max, &|_, _| {}).expect("open").expect("nobody has it");
    let got = account(url, api).download("1037", &mut part).await;
    (got, std::fs::read(path).expect("bytes"))
}

#[tokio::test]
async fn a_name_of_a_file_that_is_more_than_a_name_is_never_asked_for() {
    let vendor = StandIn::start(|_, _| answer(200, "")).await;
    let folder = tempfile::tempdir().expect("a folder");
    for (n, id) in ["../../v24.0/me?x=1#", "a/b", "..", "a\u{0}b", "%2e%2e"].iter().enumerate() {
        let path = folder.path().join(format!("{n}.part"));
        let mut part = Part::open(&path, 100, &|_, _| {}).expect("open").expect("nobody has it");
        for api in [Api::Cloud, Api::OnPremises] {
            let error = account(&vendor.url, api).download(id, &mut part).await.expect_err("no name");
            assert_eq!((error.kind, error.retry), (ErrorKind::Ours, Retry::Never));
        }
    }
    assert!(vendor.lines().is_empty());
}

#[tokio::test]
async fn a_file_comes_down_and_its_hash_is_checked() {
    let hash = hex::encode(Sha256::digest(b"bytes"));
    let place = move |own: &str, hash: &str| json!({"url": format!("{own}/file"), "mime_type": "image/jpeg", "sha256": hash, "file_size": "5", "id": "1037"});
    let good = hash.clone();
    let vendor = StandIn::start(move |own, asked| match asked.target.as_str() {
        "/file" => answer(200, "bytes"),
        _ => json_answer(200, &place(own, &good)),
    })
    .await;
    let (got, bytes) = fetched(&vendor.url, Api::Cloud, 100).await;
    let got = got.expect("fetched");
    assert_eq!(
        (got.size, got.mime.as_deref(), bytes.as_slice()),
        (5, Some("image/jpeg"), b"bytes".as_slice())
    );
    assert_eq!(vendor.lines(), ["GET /1037?phone_number_id=106540352242922", "GET /file"]);
    assert!(vendor.asked().iter().all(|asked| asked.header("authorization") == "Bearer token"));
    let (got, _) = fetched(&vendor.url, Api::Cloud, 4).await;
    assert!(got.expect_err("too large").words.contains("limit"));
    let vendor = StandIn::start(move |own, asked| match asked.target.as_str() {
        "/file" => answer(200, "other bytes"),
        _ => json_answer(200, &place(own, &hash)),
    })
    .await;
    let (got, _) = fetched(&vendor.url, Api::Cloud, 100).await;
    assert!(got.expect_err("another file").words.contains("SHA-256"));
}

#[tokio::test]
async fn an_address_that_has_expired_is_asked_for_once_more() {
    let tries = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let vendor = StandIn::start(move |own, asked| match asked.target.as_str() {
        "/old" => answer(404, ""),
        "/new" => answer(200, "bytes"),
        _ => {
            let age =
                if tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 { "old" } else { "new" };
            json_answer(200, &json!({ "url": format!("{own}/{age}") }))
        }
    })
    .await;
    let (got, bytes) = fetched(&vendor.url, Api::Cloud, 100).await;
    assert_eq!((got.expect("fetched").size, bytes.as_slice()), (5, b"bytes".as_slice()));
    let vendor =
        relay(|line| if line == "GET /v1/media/1037" { answer(200, "bytes") } else { answer(404, "") }).await;
    let (got, _) = fetched(&vendor.url, Api::OnPremises, 100).await;
    assert_eq!(got.expect("fetched").size, 5);
}

#[tokio::test]
async fn the_token_is_shown_to_no_host_that_is_not_named() {
    let elsewhere = StandIn::start(|_, _| answer(200, "bytes")).await;
    let url = elsewhere.url.clone();
    let vendor = StandIn::start(move |_, _| json_answer(200, &json!({ "url": format!("{url}/file") }))).await;
    let (got, _) = fetched(&vendor.url, Api::Cloud, 100).await;
    assert!(got.expect_err("refused").words.contains("media_hosts"));
    assert!(elsewhere.lines().is_empty());
}

#[test]
fn media_hosts_are_patterns_of_whole_labels() {
    let base = "https://graph.facebook.com/v24.0";
    let hosts = ["*.fbsbx.com".to_owned(), "cdn.example".to_owned()];
    for (url, may) in [
        ("https://graph.facebook.com/x", true),
        ("https://lookaside.fbsbx.com/whatsapp?mid=1", true),
        ("https://LOOKASIDE.FBSBX.COM/", true),
        ("https://cdn.example/", true),
        ("https://fbsbx.com/", false),
        ("https://evilfbsbx.com/", false),
        ("https://x.fbsbx.com.evil.example/", false),
        ("http://lookaside.fbsbx.com/", false),
        ("https://a@lookaside.fbsbx.com/", false),
        ("https://graph.facebook.com:8443/", false),
        ("file:///etc/passwd", false),
        ("", false),
    ] {
        assert_eq!(request::may_have_token(base, &hosts, url), may, "{url}");
    }
}

#[tokio::test]
async fn a_check_reads_the_business_number() {
    let vendor = StandIn::start(|_, _| {
        json_answer(200, &json!({"display_phone_number": "+1 555", "verified_name": "Shop", "id": NUMBER}))
    })
    .await;
    let checked = account(&vendor.url, Api::Cloud).check().await.expect("checked");
    assert_eq!(checked.said, "token accepted for +1 555, Shop");
    assert!(checked.skew.is_some());
    assert_eq!(vendor.lines(), ["GET /106540352242922"]);
}
