//! What is had without a webhook: how far messages have come, files that go again, where the vendor is to call us.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use super::*;
use crate::{
    channels::{
        Channel, ChannelError, ErrorKind, Retry, Sweep, Webhook,
        stand_in::{Kept, Says, StandIn, answer, json as json_answer},
    },
    domain::{
        Delivery,
        change::{Change, DeliverySeen},
    },
};

/// What came since the last look.
fn took(vendor: &StandIn) -> Vec<String> {
    let lines = vendor.lines();
    vendor.forget();
    lines
}

fn waiting(keys: &[&str]) -> Kept {
    let kept = Kept::default();
    let at = now() - chrono::TimeDelta::hours(1);
    *kept.unreported.lock().unwrap() = keys.iter().map(|key| ((*key).to_owned(), at)).collect();
    kept
}

async fn sweep(account: &WhatsApp, kept: &Kept) -> Result<(), ChannelError> {
    account.scan(Sweep::Full, kept, &mut kept.sink()).await
}

fn event(n: usize, status: &str, at: i64) -> Value {
    json!({"cursor": format!("c{n}"), "node": {"id": format!("e{n}"), "delivery_status": status, "occurrence_timestamp": at}})
}

fn history(events: &[Value]) -> Says {
    json_answer(200, &json!({ "data": events, "paging": {} }))
}

fn graph(status: u16, code: i64) -> Says {
    json_answer(status, &json!({"error": {"message": "no", "type": "OAuthException", "code": code}}))
}

fn come(kept: &Kept) -> Vec<DeliverySeen> {
    let all = kept.changes().into_iter();
    all.filter_map(|it| if let Change::Delivery(seen) = it { Some(seen) } else { None }).collect()
}

#[tokio::test]
async fn what_no_webhook_told_is_read_from_the_history_of_the_message() {
    let vendor = StandIn::start(|_, asked| match asked.target.split_once("&after=").map(|it| it.1) {
        // Out of order, with a word that nobody knows, an event of no shape, and one that says no more than we know.
        None => json_answer(
            200,
            &json!({"data": [event(1, "READ", 1_772_366_300), event(2, "SENT", 1_772_366_100), 7,
                event(3, "SEEN_TWICE", 1_772_366_400), event(4, "ACCEPTED", 1_772_366_000)],
                "paging": {"cursors": {"after": "c/4=="}, "next": "https://elsewhere.example/steal"}}),
        ),
        Some("c%2F4%3D%3D") => history(&[event(5, "delivered", 1_772_366_200)]),
        Some(other) => panic!("{other}"),
    })
    .await;
    let kept = waiting(&["wamid.HBgL/x+y="]);
    sweep(&account(&format!("{}/v24.0", vendor.url), Api::Cloud), &kept).await.expect("caught up");
    let first = "GET /v24.0/wamid.HBgL%2Fx%2By%3D/events?limit=100";
    assert_eq!(vendor.asked()[0].header("authorization"), "Bearer token");
    assert_eq!(took(&vendor), [first.to_owned(), format!("{first}&after=c%2F4%3D%3D")]);
    let seen = come(&kept);
    let states: Vec<_> = seen.iter().map(|it| (it.delivery, it.at.unwrap().timestamp())).collect();
    assert_eq!(
        states,
        [
            (Delivery::Sent, 1_772_366_100),
            (Delivery::Delivered, 1_772_366_200),
            (Delivery::Read, 1_772_366_300)
        ]
    );
    assert!(seen.iter().all(|it| it.key == "wamid.HBgL/x+y="));
    let said = kept.changes().into_iter().find_map(|it| match it {
        Change::Account { text, at, .. } => Some((text, at.timestamp())),
        _ => None,
    });
    assert_eq!(said, Some(("message wamid.HBgL/x+y=: SEEN_TWICE".into(), 1_772_366_400)));
    assert_eq!(kept.requests(), 2);
}

#[tokio::test]
async fn a_failure_is_one_only_where_nothing_has_arrived() {
    let failed = |late: bool| {
        let mut events = vec![json!({"cursor": "c", "node": {"id": "e", "delivery_status": "ERROR",
            "occurrence_timestamp": "1772366100", "error_description": "Message undeliverable"}})];
        events.extend(late.then(|| event(2, "DELIVERED", 1_772_366_050)));
        events
    };
    for late in [false, true] {
        let vendor = StandIn::start(move |_, _| history(&failed(late))).await;
        let kept = waiting(&["wamid.1"]);
        sweep(&account(&vendor.url, Api::Cloud), &kept).await.expect("caught up");
        let seen: Vec<_> = come(&kept).into_iter().map(|it| (it.delivery, it.error)).collect();
        let wanted = if late {
            (Delivery::Delivered, None)
        } else {
            (Delivery::Failed, Some("Message undeliverable".to_owned()))
        };
        assert_eq!(seen, [wanted]);
    }
}

#[tokio::test]
async fn a_message_is_asked_for_less_and_less_often_and_a_fast_loop_asks_for_none() {
    let vendor = StandIn::start(|_, _| history(&[])).await;
    let clock = HandClock::at(&now().to_rfc3339());
    let account =
        WhatsApp::new(Settings { clock: clock.clone(), ..settings(&vendor.url, Api::Cloud) }).unwrap();
    let kept = waiting(&["wamid.1"]);
    account.scan(Sweep::Fast, &kept, &mut kept.sink()).await.expect("nothing to do");
    assert!(took(&vendor).is_empty());
    let mut asked = Vec::new();
    for quarter in 0..24 * 4 {
        sweep(&account, &kept).await.expect("nothing new");
        asked.extend(took(&vendor).iter().map(|_| quarter));
        clock.advance(Duration::from_mins(15));
    }
    assert_eq!(asked, [0, 1, 5, 21, 85]);
    kept.unreported.lock().unwrap().clear();
    sweep(&account, &kept).await.expect("nothing waits");
    assert_eq!(kept.noted(history::ASKED), Some(Value::Null), "what is done with is forgotten");
}

#[tokio::test]
async fn of_many_all_get_their_turn() {
    let vendor = StandIn::start(|_, _| history(&[])).await;
    let account = account(&vendor.url, Api::Cloud);
    let names: Vec<String> = (0..45).map(|n| format!("wamid.{n}")).collect();
    let kept = waiting(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut asked = std::collections::BTreeSet::new();
    for most in [20, 20, 5, 0] {
        sweep(&account, &kept).await.expect("asked");
        let lines = took(&vendor);
        assert_eq!(lines.len(), most);
        asked.extend(lines);
    }
    assert_eq!(asked.len(), 45);
}

#[tokio::test]
async fn where_histories_have_ids_of_their_own_the_number_tells_them() {
    let vendor = StandIn::start(|_, asked| match asked.path.as_str() {
        "/106540352242922/message_history" => {
            json_answer(200, &json!({"data": [{"id": "77", "message_id": "wamid.1"}], "paging": {}}))
        }
        "/77/events" => history(&[event(1, "DELIVERED", 1_772_366_100)]),
        _ => graph(400, 100),
    })
    .await;
    let account = account(&vendor.url, Api::Cloud);
    let kept = waiting(&["wamid.1"]);
    sweep(&account, &kept).await.expect("found");
    let looked = "GET /106540352242922/message_history?message_id=wamid.1&limit=1";
    let read = "GET /77/events?limit=100";
    assert_eq!(took(&vendor), ["GET /wamid.1/events?limit=100", looked, read]);
    assert_eq!(come(&kept)[0].delivery, Delivery::Delivered);
    let kept = waiting(&["wamid.1"]);
    sweep(&account, &kept).await.expect("found");
    assert_eq!(took(&vendor), [looked, read], "the way is known now");
}

#[tokio::test]
async fn graph_errors_of_histories_are_told_apart() {
    // Nothing of that name: asked once, and again later; nothing is said.
    let vendor = StandIn::start(|_, _| graph(400, 100)).await;
    let kept = waiting(&["wamid.1", "wamid.2"]);
    sweep(&account(&vendor.url, Api::Cloud), &kept).await.expect("no trouble of the account");
    assert!(kept.changes().is_empty());
    // A token that may not read them is not bothered again for a day, and the account works all the same.
    let vendor = StandIn::start(|_, _| graph(403, 10)).await;
    let account_of = account(&vendor.url, Api::Cloud);
    let kept = waiting(&["wamid.1", "wamid.2"]);
    sweep(&account_of, &kept).await.expect("not the account's trouble");
    sweep(&account_of, &kept).await.expect("not the account's trouble");
    assert_eq!(took(&vendor).len(), 1);
    // One that is not taken at all is the account's.
    let vendor = StandIn::start(|_, _| graph(401, 190)).await;
    let error = sweep(&account(&vendor.url, Api::Cloud), &waiting(&["wamid.1"])).await.expect_err("refused");
    assert_eq!((error.kind, error.retry), (ErrorKind::Credentials, Retry::Never));
    // A limit ends the walk, and is heeded.
    let vendor = StandIn::start(|_, _| graph(400, 80_007)).await;
    sweep(&account(&vendor.url, Api::Cloud), &waiting(&["wamid.1", "wamid.2"])).await.expect("later");
    assert_eq!(took(&vendor).len(), 1);
    // An outage of it moves nothing.
    let vendor = StandIn::start(|_, _| answer(500, "<html>")).await;
    let kept = waiting(&["wamid.1"]);
    sweep(&account(&vendor.url, Api::Cloud), &kept).await.expect("later");
    assert!(kept.changes().is_empty() && kept.noted(history::ASKED).is_none());
}

#[tokio::test]
async fn a_file_of_ours_that_is_not_sent_is_deleted() {
    for (api, line) in [(Api::Cloud, "DELETE /1037/"), (Api::OnPremises, "DELETE /v1/media/1037/")] {
        let say = move |says: fn() -> Says| async move {
            let vendor = StandIn::start(move |_, asked| {
                if asked.target == "/v1/users/login" {
                    let session = json!({"token": "session", "expires_after": "2026-03-08 11:59:00+00:00"});
                    return json_answer(200, &json!({ "users": [session] }));
                }
                says()
            })
            .await;
            let gone = account(&vendor.url, api).forget_upload("1037").await;
            assert_eq!(format!("{}/", took(&vendor).last().unwrap()), line);
            gone
        };
        say(|| json_answer(200, &json!({"success": true}))).await.expect("deleted");
        say(|| answer(200, "")).await.expect("deleted");
        say(|| answer(404, "")).await.expect("gone already");
        say(|| graph(400, 100)).await.expect("gone already");
        let missing =
            || json_answer(200, &json!({"errors": [{"code": 1006, "title": "Resource not found"}]}));
        say(missing).await.expect("gone already");
        let error = say(|| graph(400, 130_429)).await.expect_err("later");
        assert_eq!(error.kind, ErrorKind::RateLimited);
        say(|| answer(500, "")).await.expect_err("not known");
    }
}

#[tokio::test]
async fn on_premises_is_told_our_address_once_and_only_where_it_is_configured() {
    let refuses = Arc::new(AtomicUsize::new(0));
    let counted = refuses.clone();
    let vendor = StandIn::start(move |_, asked| match (asked.method.as_str(), asked.target.as_str()) {
        ("POST", "/v1/users/login") => {
            let session = json!({"token": "session", "expires_after": "2026-03-08 11:59:00+00:00"});
            json_answer(200, &json!({ "users": [session] }))
        }
        ("PATCH", "/v1/settings/application") if counted.load(Ordering::SeqCst) > 0 => {
            json_answer(400, &json!({"errors": [{"code": 1009, "title": "Parameter value is not valid"}]}))
        }
        ("PATCH", "/v1/settings/application") => json_answer(200, &json!({})),
        _ => panic!("{}", asked.line()),
    })
    .await;
    let told = |kept: Kept, public_url: Option<&str>| {
        let mut settings = settings(&vendor.url, Api::OnPremises);
        settings.hook.public_url = public_url.map(str::to_owned);
        async move {
            sweep(&WhatsApp::new(settings).unwrap(), &kept).await.expect("a sweep");
            kept
        }
    };
    let patches = || {
        let asked: Vec<_> = vendor.asked().into_iter().filter(|it| it.method == "PATCH").collect();
        vendor.forget();
        asked
    };
    let kept = told(Kept::default(), None).await;
    assert!(took(&vendor).is_empty(), "nobody asked for it");
    let kept = told(kept, Some("https://desk.example/wa/3f")).await;
    let body = json!({
        "webhooks": {"url": "https://desk.example/wa/3f", "message": {"sent": true, "delivered": true, "read": true}},
        "callback_persist": true, "sent_status": true,
    });
    let asked = patches();
    assert_eq!((asked.len(), asked[0].json()), (1, body));
    let kept = told(kept, Some("https://desk.example/wa/3f")).await;
    assert!(patches().is_empty(), "it is told once");
    let kept = told(kept, Some("https://desk.example/wa/4e")).await;
    assert_eq!(patches().len(), 1, "and again when it has changed");
    // A refusal is said, and tried again; messages go all the same.
    refuses.store(1, Ordering::SeqCst);
    let kept = told(kept, Some("https://desk.example/wa/5d")).await;
    let kept = told(kept, Some("https://desk.example/wa/5d")).await;
    assert_eq!(patches().len(), 2);
    let said = kept.changes().into_iter().any(|it| {
        matches!(it, Change::Account { text, .. }
            if text.contains("the webhook settings were refused: Parameter value is not valid"))
    });
    assert!(said);
}

#[test]
fn what_to_look_at_without_webhooks_depends_on_the_api() {
    let on_premises = |public_url: Option<&str>| Hook {
        public_url: public_url.map(str::to_owned),
        ..hook(Api::OnPremises)
    };
    assert!(hook(Api::Cloud).advice().contains("the vendor's webhook address"));
    assert!(on_premises(None).advice().contains("set `webhook_url`"));
    assert!(on_premises(Some("https://desk.example/wa")).advice().contains("`webhook_url` leads here"));
}
