use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::super::{Dsco, Role, Settings, capabilities};
use crate::{
    channels::{
        Channel, ErrorKind, Found, KnownMessage, Retry, Sending, Set, Sweep, Target,
        stand_in::{Asked, HandClock, Kept, Says, StandIn},
        tokens::Tokens,
    },
    domain::{
        Action, ChannelKind, ChannelName, Customer, Descriptor, Direction, Facts, Gate, GateEvidence,
        change::Change,
        outbox::{NewConversation, Outgoing},
        time::Clock,
    },
};

const NOW: &str = "2023-05-01T10:00:00Z";

/// A Dsco by hand: answers come from the test's own list, the first that fits first; otherwise lists are empty.
struct Office {
    at: StandIn,
    script: Arc<Mutex<Vec<(String, String, Says)>>>,
}

impl Office {
    async fn open(clock: &Arc<HandClock>) -> Self {
        let script: Arc<Mutex<Vec<(String, String, Says)>>> = Arc::default();
        let inner = script.clone();
        let at = StandIn::new(clock.clone(), move |came| {
            let mut script = inner.lock().expect("no panic");
            let fits = |it: &(String, String, Says)| operation(came) == it.0 && came.text().contains(&it.1);
            if let Some(found) = script.iter().position(fits) {
                return script.remove(found).2;
            }
            match operation(came).as_str() {
                "POST /oauth2/token" => token("t-1"),
                "GET /hello" => Says::json(&json!({"hello": "World!"})),
                "POST /conversation/list" => Says::json(&json!({"conversations": []})),
                "POST /conversation/message/list" => Says::json(&json!({"messages": []})),
                other => Says::new(400, format!("nothing was said of {other}")),
            }
        })
        .await;
        Self { at, script }
    }

    /// The next request of this operation whose body holds `part` is answered so.
    fn says(&self, operation: &str, part: &str, says: Says) {
        self.script.lock().expect("no panic").push((operation.into(), part.into(), says));
    }

    fn bodies(&self, wanted: &str) -> Vec<Value> {
        self.at.asked().iter().filter(|it| operation(it) == wanted).map(Asked::json).collect()
    }
}

fn operation(came: &Asked) -> String {
    format!("{} {}", came.method, came.path.trim_start_matches("/api/v3"))
}

fn token(value: &str) -> Says {
    Says::json(&json!({"access_token": value, "token_type": "Bearer", "expires_in": 3600}))
}

const LIST: &str = "POST /conversation/list";
const MESSAGES: &str = "POST /conversation/message/list";
const SAY: &str = "POST /conversation/message";

fn account_with(office: &Office, clock: &Arc<HandClock>, role: Role, tokens: Tokens) -> Dsco {
    let descriptor = Descriptor {
        name: ChannelName::from("dsco"),
        kind: ChannelKind::DSCO,
        short: "DSCO".into(),
        vendor: None,
        capabilities: capabilities(),
        languages: Vec::new(),
        undo_window_ms: 10_000,
        account: None,
        categories: Vec::new(),
        templates: Vec::new(),
        clocks: crate::domain::clock::Policy::default(),
        manner: crate::domain::channel::Manner::default(),
    };
    let settings = Settings {
        name: ChannelName::from("dsco"),
        url: format!("{}/api/v3/", office.at.url),
        role,
        client_id: "id".into(),
        client_secret: "s&cret".to_owned().into(),
        start: Some("2023-04-01T00:00:00Z".parse().expect("a time")),
    };
    Dsco::new(settings, descriptor, clock.clone(), tokens, 0).expect("a client")
}

fn account(office: &Office, clock: &Arc<HandClock>) -> Dsco {
    account_with(office, clock, Role::Supplier, Tokens::in_memory())
}

fn message(id: &str, conversation: &str, from: &str, text: &str) -> Value {
    json!({"dscoConversationId": conversation, "dscoMessageId": id, "message": text, "accountType": from,
           "createDate": "2023-05-01T09:59:00.000Z"})
}

fn conversation(id: &str, status: &str) -> Value {
    json!({"id": id, "title": "t", "status": status, "type": {"type": "customer_care", "consumerId": "12345"}})
}

fn target(known: &[&str]) -> Target {
    Target {
        remote_id: "c".into(),
        aliases: Vec::new(),
        facts: Facts::new(),
        customer: Customer::default(),
        gate: Gate::Open,
        composing: false,
        known: known
            .iter()
            .map(|it| KnownMessage {
                key: (*it).to_owned(),
                direction: Direction::Outbound,
                at: "2023-05-01T09:59:30Z".parse().expect("a time"),
            })
            .collect(),
    }
}

fn sending<'a>(
    action: &'a Action,
    target: Option<&'a Target>,
    evidence: &'a Value,
    clock: &HandClock,
) -> Sending<'a> {
    Sending {
        action,
        target,
        send_id: "01HSEND",
        started_at: clock.now(),
        quote: None,
        upload: None,
        evidence,
    }
}

fn reply(text: &str, reopen: bool) -> Action {
    Action::Reply(Outgoing { text: text.into(), reopen, ..Outgoing::default() })
}

#[tokio::test]
async fn windows_overlap_leave_no_hole_and_never_reach_into_the_vendors_last_seconds() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    // The vendor's clock is half a minute behind ours.
    let date = || "Mon, 01 May 2023 09:59:30 GMT";
    office.says("GET /hello", "", Says::json(&json!({})).with("date", date()));
    for list in [LIST, LIST, MESSAGES, MESSAGES] {
        let key = if list == LIST { "conversations" } else { "messages" };
        office.says(list, "", Says::json(&json!({key: []})).with("date", date()));
    }
    let (channel, kept) = (account(&office, &clock), Kept::default());
    channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("it scans");
    let first = json!({"createdSince": "2023-04-01T00:00:00.000Z", "until": "2023-05-01T09:59:20.000Z", "test": "all"});
    assert_eq!(office.bodies(MESSAGES), [first]);
    let first = json!({"updatedSince": "2023-04-01T00:00:00.000Z", "until": "2023-05-01T09:59:20.000Z", "test": "all"});
    assert_eq!(office.bodies(LIST), [first]);
    assert_eq!(kept.noted("messages_until"), Some(json!("2023-05-01T09:59:20.000Z")));

    channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("it scans");
    assert_eq!(office.bodies(MESSAGES)[1]["createdSince"], "2023-05-01T09:49:20.000Z");

    // A note from a clock that was ahead never turns the window upside down.
    kept.notes.lock().expect("no panic").insert("messages_until".into(), json!("2024-01-01T00:00:00.000Z"));
    channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("it scans");
    let last = office.bodies(MESSAGES).pop().expect("asked");
    assert!(last["createdSince"].as_str() < last["until"].as_str(), "{last}");
}

#[tokio::test]
async fn pages_are_followed_by_the_latest_scroll_id_alone_to_the_empty_one() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    office.says(
        MESSAGES,
        "createdSince",
        Says::json(&json!({"scrollId": "s1", "messages": [message("1", "c", "retailer", "a")]})),
    );
    office.says(
        MESSAGES,
        "s1",
        Says::json(&json!({"scrollId": "s2", "messages": [message("2", "c", "retailer", "b"), "bad"]})),
    );
    office.says(MESSAGES, "s2", Says::json(&json!({"scrollId": "s2", "messages": []})));
    let (channel, kept) = (account(&office, &clock), Kept::default());
    channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("it scans");
    let bodies = office.bodies(MESSAGES);
    assert_eq!(&bodies[1..], [json!({"scrollId": "s1"}), json!({"scrollId": "s2"})]);
    assert_eq!(kept.messages().len(), 2);
    assert!(kept.noted("messages_until").is_some());
}

#[tokio::test]
async fn a_lost_scroll_id_reruns_the_same_window_and_a_broken_scan_moves_no_cursor() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    let page = || Says::json(&json!({"scrollId": "s1", "messages": [message("1", "c", "retailer", "a")]}));
    office.says(MESSAGES, "createdSince", page());
    office.says(MESSAGES, "s1", Says::new(404, ""));
    office.says(MESSAGES, "createdSince", page());
    office.says(MESSAGES, "s1", Says::new(500, "boom"));
    let (channel, kept) = (account(&office, &clock), Kept::default());
    let error = channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect_err("it breaks");
    assert_eq!(error.kind, ErrorKind::Outage);
    let bodies = office.bodies(MESSAGES);
    assert_eq!(bodies[0], bodies[2]);
    assert_eq!((kept.messages().len(), kept.noted("messages_until")), (1, None));

    // `null` where a list belongs, and pages without end, are outages too.
    office.says(MESSAGES, "createdSince", Says::json(&json!({"messages": null})));
    assert!(channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.is_err());
    for _ in 0..9 {
        office.says(MESSAGES, "", page());
    }
    assert!(channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.is_err());
    assert_eq!(kept.noted("messages_until"), None);
}

#[tokio::test]
async fn a_conversation_known_by_name_only_is_fetched_at_once_and_again_by_a_full_sweep() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    let two = json!({"messages": [message("1", "c", "retailer", "a"), message("2", "d", "retailer", "b"),
                                  message("3", "c", "supplier", "c")]});
    office.says(MESSAGES, "", Says::json(&two));
    office.says(LIST, "\"c\"", Says::json(&json!({"conversations": [conversation("c", "closed")]})));
    let (channel, kept) = (account(&office, &clock), Kept::default());
    channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("it scans");
    let fetched: Vec<_> = office.bodies(LIST).into_iter().skip(1).collect();
    assert_eq!(
        fetched,
        [
            json!({"dscoConversationId": "c", "test": "all"}),
            json!({"dscoConversationId": "d", "test": "all"})
        ]
    );
    assert_eq!(kept.conversations().len(), 1);
    assert_eq!(kept.messages().len(), 3);

    *kept.open.lock().expect("no panic") = vec!["c".into(), "d".into()];
    office.says(LIST, "\"d\"", Says::json(&json!({"conversations": [conversation("d", "new")]})));
    channel.scan(Sweep::Full, &kept, &mut kept.sink()).await.expect("it scans");
    assert_eq!(kept.conversations().len(), 2);
}

#[tokio::test]
async fn a_token_that_is_no_longer_taken_is_renewed_once() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    let folder = tempfile::tempdir().expect("a folder");
    let tokens = || Tokens::in_folder(folder.path(), "dsco");
    let channel = account_with(&office, &clock, Role::Supplier, tokens());
    channel.check().await.expect("signed in");
    account_with(&office, &clock, Role::Supplier, tokens()).check().await.expect("signed in");
    assert_eq!(office.bodies("POST /oauth2/token").len(), 1);
    let came = office.at.asked();
    assert!(
        came[0].text().contains("grant_type=client_credentials")
            && came[0].text().contains("client_secret=s%26cret")
    );
    let last = came.last().expect("asked");
    assert_eq!(last.header("authorization"), "bearer t-1");
    assert_eq!(
        (last.header("accept"), last.header("content-type")),
        ("application/json", "application/json")
    );

    office.says(SAY, "", Says::new(401, ""));
    office.says("POST /oauth2/token", "", token("t-2"));
    office.says(SAY, "", Says::new(201, message("m", "c", "supplier", "x").to_string()));
    let (action, to) = (reply("x", false), target(&[]));
    let sent = channel.send(&sending(&action, Some(&to), &Value::Null, &clock)).await.expect("sent");
    assert_eq!(sent.key.as_deref(), Some("m"));
    assert_eq!(sent.at, "2023-05-01T09:59:00Z".parse().ok(), "the vendor's time of it");
    assert_eq!(office.bodies(SAY).len(), 2);

    // Ahead of its end it is renewed without being asked.
    clock.set("2023-05-01T10:59:30Z");
    channel.check().await.expect("signed in");
    assert_eq!(office.bodies("POST /oauth2/token").len(), 3);

    office.says("GET /hello", "", Says::new(401, ""));
    office.says("POST /oauth2/token", "", Says::new(401, r#"{"error":"invalid_client"}"#));
    let error = channel.check().await.expect_err("refused");
    assert_eq!((error.kind, error.retry), (ErrorKind::Credentials, Retry::Never));
}

#[tokio::test]
async fn a_reply_is_what_the_contract_shows_and_its_failures_say_what_is_known() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    let (channel, action, to) = (account(&office, &clock), reply("We're sorry", false), target(&[]));
    let send = sending(&action, Some(&to), &Value::Null, &clock);
    for (says, kind, retry) in [
        (Says::new(400, "Message is empty"), ErrorKind::Refused, Retry::Never),
        (Says::new(403, ""), ErrorKind::Refused, Retry::Never),
        (
            Says::new(429, "").with("retry-after", "7"),
            ErrorKind::RateLimited,
            Retry::Safe(Some(std::time::Duration::from_secs(7))),
        ),
        (Says::new(408, ""), ErrorKind::Outage, Retry::Unclear),
        (Says::new(503, "<html>"), ErrorKind::Outage, Retry::Unclear),
        (Says::new(201, "<html>"), ErrorKind::Outage, Retry::Unclear),
        (Says::new(201, "{}"), ErrorKind::Outage, Retry::Unclear),
        (Says::new(200, b"{\"x\":\"\xff\"}".to_vec()), ErrorKind::Outage, Retry::Unclear),
        (Says::new(201, b"{\"dscoMessageId\":\"\xff\"}".to_vec()), ErrorKind::Outage, Retry::Unclear),
        (Says::new(201, r#"{"dscoMessageId":" ","message":"x"}"#), ErrorKind::Outage, Retry::Unclear),
        (Says::new(204, ""), ErrorKind::Outage, Retry::Unclear),
        (Says::new(302, "").with("location", "http://127.0.0.1:1/"), ErrorKind::Outage, Retry::Never),
        (Says::nothing(), ErrorKind::NoAnswer, Retry::Unclear),
    ] {
        office.says(SAY, "", says.clone());
        let error = channel.send(&send).await.expect_err("it fails");
        assert_eq!((error.kind, error.retry), (kind, retry), "{says:?}");
        if kind == ErrorKind::RateLimited {
            // The pause that it asks for is over.
            clock.set("2023-05-01T10:00:08Z");
        }
    }
    assert_eq!(
        office.bodies(SAY).last(),
        Some(&json!({"dscoConversationId": "c", "message": "We're sorry"}))
    );

    office.says(SAY, "", Says::new(400, "The conversation is closed."));
    office.says(LIST, "\"c\"", Says::json(&json!({"conversations": [conversation("c", "closed")]})));
    let error = channel.send(&send).await.expect_err("closed");
    assert_eq!((error.kind, error.retry), (ErrorKind::GateClosed, Retry::Never));
    assert_eq!(error.page.expect("it is looked at").changes.len(), 1);
}

#[tokio::test]
async fn a_closed_conversation_is_reopened_before_the_message_goes() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    let (channel, action, to) = (account(&office, &clock), reply("x", true), target(&[]));
    office.says("PUT /conversation", "", Says::new(502, ""));
    let error =
        channel.send(&sending(&action, Some(&to), &Value::Null, &clock)).await.expect_err("not reopened");
    assert_eq!(error.retry, Retry::Safe(None));
    assert!(office.bodies(SAY).is_empty());

    office.says("PUT /conversation", "", Says::json(&conversation("c", "in_progress")));
    let mut filed = message("m", "c", "supplier", "x");
    filed["type"] = json!({"type": "customer_care", "customerCareType": "message_from_consumer"});
    office.says(SAY, "", Says::new(201, filed.to_string()));
    let sent = channel.send(&sending(&action, Some(&to), &Value::Null, &clock)).await.expect("sent");
    assert_eq!(
        office.bodies("PUT /conversation")[1],
        json!({"dscoConversationId": "c", "status": "in_progress"})
    );
    assert!(
        matches!(&sent.changes[0], Change::Conversation(it) if it.gate == Some(GateEvidence::said(Gate::Open)))
    );
    assert!(matches!(&sent.changes[1], Change::Account { .. }), "filed as the consumer's words");
}

#[tokio::test]
async fn closing_is_told_and_read_back() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    let channel = account(&office, &clock);
    office.says("PUT /conversation", "", Says::new(200, ""));
    office.says(LIST, "\"c\"", Says::json(&json!({"conversations": [conversation("c", "closed")]})));
    let page = channel.set(&target(&[]), &Set::Close).await.expect("closed");
    assert_eq!(office.bodies("PUT /conversation"), [json!({"dscoConversationId": "c", "status": "closed"})]);
    assert!(matches!(&page.changes[0], Change::Conversation(it) if it.remote_closed.expect("said").closed));
    assert!(channel.set(&target(&[]), &Set::Read).await.is_err());
}

#[tokio::test]
async fn a_change_is_done_where_the_answer_or_the_look_after_it_shows_the_conversation() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    let channel = account(&office, &clock);
    for says in [
        Says::new(200, "<html>maintenance</html>"),
        Says::new(200, "[]"),
        Says::new(200, b"{\"x\":\"\xff\"}".to_vec()),
        Says::json(&conversation("other", "closed")),
    ] {
        office.says("PUT /conversation", "", says.clone());
        let error = channel.set(&target(&[]), &Set::Close).await.expect_err("not known");
        assert_eq!((error.kind, error.retry), (ErrorKind::Outage, Retry::Unclear), "{says:?}");
    }
    office.says("PUT /conversation", "", Says::json(&json!({})));
    office.says(LIST, "\"c\"", Says::json(&json!({"conversations": [conversation("c", "closed")]})));
    assert_eq!(channel.set(&target(&[]), &Set::Close).await.expect("closed").changes.len(), 1);
}

#[tokio::test]
async fn a_reply_without_an_answer_is_looked_for_among_the_new_ones_of_ours() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    let (channel, action, to) = (account(&office, &clock), reply("sorry", false), target(&["stored"]));
    let before = json!({"messages": [message("listed", "c", "supplier", "sorry")]});
    office.says(MESSAGES, "", Says::json(&before));
    let prepared = channel.prepare(&sending(&action, Some(&to), &Value::Null, &clock)).await.expect("looked");
    let send = sending(&action, Some(&to), &prepared.evidence, &clock);
    let mut all = vec![
        message("listed", "c", "supplier", "sorry"),
        message("stored", "c", "supplier", "sorry"),
        message("theirs", "c", "retailer", "sorry"),
        message("other", "c", "supplier", "other"),
        message("elsewhere", "z", "supplier", "sorry"),
    ];
    office.says(MESSAGES, "", Says::json(&json!({"messages": all})));
    assert!(matches!(channel.look_up(&send).await, Ok(Found::Absent(_))));
    assert_eq!(office.bodies(MESSAGES).last().expect("asked")["createdSince"], "2023-05-01T09:58:00.000Z");
    all.push(message("new", "c", "supplier", "sorry"));
    office.says(MESSAGES, "", Says::json(&json!({"messages": all})));
    let Ok(Found::There(landed)) = channel.look_up(&send).await else { unreachable!("it landed") };
    assert_eq!(landed.key.as_deref(), Some("new"));
}

#[tokio::test]
async fn a_create_is_found_by_its_reference_and_never_made_twice() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    let channel = account_with(&office, &clock, Role::Retailer, Tokens::in_memory());
    let action = Action::Create(NewConversation {
        to: Some("aaa".into()),
        title: Some("Late".into()),
        first: Outgoing { text: "Why?".into(), ..Outgoing::default() },
        ..NewConversation::default()
    });
    let send = sending(&action, None, &Value::Null, &clock);
    let made = json!({"id": "n", "title": "Late", "retailerReferenceId": "01HSEND", "status": "new",
                      "initialMessage": {"message": "Why?"}});
    office.says("POST /conversation", "", Says::new(201, made.to_string()));
    assert_eq!(channel.send(&send).await.expect("made").conversation.as_deref(), Some("n"));

    let bare: [&[u8]; 4] = [b"<html>", b"{}", b"{\"id\":\"\xff\"}", b"{\"id\":\"\"}"];
    for body in bare {
        office.says("POST /conversation", "", Says::new(201, body.to_vec()));
        let error = channel.send(&send).await.expect_err("no id");
        assert_eq!((error.kind, error.retry), (ErrorKind::Outage, Retry::Unclear), "{body:?}");
    }
    office.says("POST /conversation", "", Says::nothing());
    assert_eq!(channel.send(&send).await.expect_err("no answer").retry, Retry::Unclear);
    assert!(matches!(channel.look_up(&send).await, Ok(Found::Absent(_))));
    assert_eq!(office.bodies(LIST)[0], json!({"retailerReferenceId": "01HSEND", "test": "all"}));
    let found = json!({"conversations": [made]});
    office.says(LIST, "01HSEND", Says::json(&found));
    assert!(
        matches!(channel.look_up(&send).await, Ok(Found::There(landed)) if landed.conversation.as_deref() == Some("n"))
    );

    // A second try that is refused for its reference id was the first one's success.
    office.says("POST /conversation", "", Says::new(400, "referenceId must be unique"));
    office.says(LIST, "01HSEND", Says::json(&found));
    assert_eq!(channel.send(&send).await.expect("it is there").conversation.as_deref(), Some("n"));
    // Somebody else's conversation under that reference id is not it.
    office.says("POST /conversation", "", Says::new(400, "referenceId must be unique"));
    let other = json!({"conversations": [{"id": "o", "title": "Other", "retailerReferenceId": "01HSEND"}]});
    office.says(LIST, "01HSEND", Says::json(&other));
    assert_eq!(channel.send(&send).await.expect_err("refused").words, "referenceId must be unique");
}

#[tokio::test]
async fn a_clock_that_was_set_costs_no_scan() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    let (channel, kept) = (account(&office, &clock), Kept::default());
    channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("it scans");
    // The vendor's clock goes back half a minute: what was fine by the old one is refused, and says the new time.
    let back = "Mon, 01 May 2023 09:59:30 GMT";
    office.says(LIST, "", Says::new(400, "until must be at least 5 seconds in the past").with("date", back));
    office.says(LIST, "", Says::json(&json!({"conversations": []})).with("date", back));
    office.says(MESSAGES, "", Says::json(&json!({"messages": []})).with("date", back));
    channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("the window is made anew");
    assert_eq!(office.bodies(LIST)[2]["until"], "2023-05-01T09:59:20.000Z");
    assert_eq!(kept.noted("messages_until"), Some(json!("2023-05-01T09:59:20.000Z")));
    // Another refusal is one.
    office.says(LIST, "", Says::new(400, "no").with("date", back));
    channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect_err("refused");

    // Ours jumps by an hour: the vendor's time is asked for first.
    clock.set("2023-05-01T11:00:00Z");
    let before = office.bodies("GET /hello").len();
    office.says("GET /hello", "", Says::json(&json!({})).with("date", back));
    office.says(LIST, "", Says::json(&json!({"conversations": []})).with("date", back));
    channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("it scans");
    assert_eq!(office.bodies("GET /hello").len(), before + 1);
    assert_eq!(office.bodies(LIST).last().expect("asked")["until"], "2023-05-01T09:59:20.000Z");
}

#[tokio::test]
async fn a_short_token_is_not_renewed_at_every_call_and_a_pause_is_kept() {
    let clock = HandClock::at(NOW);
    let office = Office::open(&clock).await;
    let channel = account(&office, &clock);
    let short = json!({"access_token": "t-s", "expires_in": "60"});
    office.says("POST /oauth2/token", "", Says::json(&short));
    for _ in 0..3 {
        channel.check().await.expect("signed in");
    }
    assert_eq!(office.bodies("POST /oauth2/token").len(), 1);
    clock.set("2023-05-01T10:00:31Z");
    channel.check().await.expect("signed in");
    assert_eq!(office.bodies("POST /oauth2/token").len(), 2, "ahead of its end");

    // What a scan is told, the look before a reply keeps too: both ask the same call.
    office.says(MESSAGES, "", Says::new(429, "").with("retry-after", "30"));
    let kept = Kept::default();
    let error = channel.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect_err("limited");
    assert_eq!(error.kind, ErrorKind::RateLimited);
    let before = office.bodies(MESSAGES).len();
    let (action, to) = (reply("x", false), target(&[]));
    let error =
        channel.prepare(&sending(&action, Some(&to), &Value::Null, &clock)).await.expect_err("paused");
    let rest = std::time::Duration::from_secs(30);
    assert_eq!((error.kind, error.retry), (ErrorKind::RateLimited, Retry::Safe(Some(rest))));
    assert_eq!(office.bodies(MESSAGES).len(), before);
    clock.set("2023-05-01T10:01:02Z");
    channel.prepare(&sending(&action, Some(&to), &Value::Null, &clock)).await.expect("it is over");
}
