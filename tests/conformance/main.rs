//! What every channel must do, whatever its vendor: one suite, run by its declared capabilities against the simulator.
//! A new kind gets it by being in the registry, with an account in the simulator.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod stage;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use deskline::{
    channels::{ErrorKind, Found, Retry, Set, Sweep, download::Part, registry},
    domain::{Action, Outgoing, Reach, attachment::StoredFile, capability::Caption, outbox::NewConversation},
    simulator::{Fault, Switches, What},
    store::{Desk, EngineSide, Reading, sqlite::SqliteStore},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stage::{Kept, Player, Stage, decorated};

fn status(code: u16, retry_after: Option<&str>) -> What {
    What::Status {
        code,
        body: String::new(),
        content_type: String::new(),
        retry_after: retry_after.map(str::to_owned),
    }
}

#[tokio::test]
async fn every_kind_of_the_registry_plays_here() {
    let stage = Stage::new().await;
    let playing: BTreeSet<String> = stage.players().await.iter().map(Player::kind).collect();
    let kinds: BTreeSet<String> = registry::KINDS.iter().map(|it| it.schema.kind.to_owned()).collect();
    assert_eq!(playing, kinds, "a kind without an account in the simulator is tested by nobody");
}

#[tokio::test]
async fn a_check_logs_in_reads_and_knows_the_vendors_clock() {
    let stage = Stage::new().await;
    for player in stage.players().await {
        let checked = player.channel.check().await.unwrap_or_else(|error| panic!("{player}: {error}"));
        assert!(!checked.said.is_empty(), "{player}");
    }
    stage.assert_no_breach();
}

#[tokio::test]
async fn paging_is_resumed_wherever_it_broke() {
    let stage = Stage::new().await;
    for player in stage.pulled().await {
        let whole = Kept::default();
        player.scan(Sweep::Full, &whole).await.unwrap();
        assert!(whole.conversations().len() >= 14, "{player} pages");
        let fast = Kept::default();
        stage.player(&player.name).await.scan(Sweep::Fast, &fast).await.unwrap();
        for broken in [2, 3, 5, 8, 13] {
            let kept = Kept::default();
            let player = stage.player(&player.name).await;
            stage.strike(Fault::next("*", "*", What::ResetBefore).on_call(broken));
            let first = player.scan(Sweep::Full, &kept).await;
            stage.fair_weather();
            assert!(first.is_ok() || kept.messages().len() <= whole.messages().len(), "{player}: {broken}");
            // The fast loop reads on from the cursor: one that was moved too early shows here.
            player.scan(Sweep::Fast, &kept).await.unwrap();
            assert!(kept.messages().is_superset(&fast.messages()), "{player}: broken at request {broken}");
            player.scan(Sweep::Full, &kept).await.unwrap();
            assert_eq!(kept.messages(), whole.messages(), "{player}: broken at request {broken}");
        }
    }
    stage.assert_no_breach();
}

/// What a switch takes away from what can be read: those of its vendor read fewer messages, or under other keys.
const READS_OTHERWISE: [&str; 3] = ["dsco_initial_is_message", "dsco_lists_own", "skyhub_naive_utc"];

#[tokio::test]
async fn no_open_point_of_a_vendors_costs_a_message_or_a_send() {
    let usual = Switches::default();
    let Value::Object(all) = serde_json::to_value(&usual).unwrap() else { panic!("an object") };
    // Each truth value the other way, and other words, statuses and numbers where those are the point.
    let mut otherwise: Vec<(String, Value)> = all
        .iter()
        .filter(|(name, _)| {
            *name != "rate_limits" && !name.starts_with("onprem_first") && !name.contains("contact")
        })
        .filter_map(|(name, value)| Some((name.clone(), Value::from(!value.as_bool()?))))
        .collect();
    for (name, value) in [
        ("vendor_clock_ms", json!(600_000)),
        ("vendor_clock_ms", json!(-600_000)),
        ("thg_error_status", json!(400)),
        ("thg_error_status", json!(500)),
        ("thg_max_weight", json!(60)),
        ("thg_session_ttl_ms", json!(1)),
        ("dsco_page_size", json!(1)),
        ("dsco_expired_scroll_status", json!(400)),
        ("dsco_closed_status", json!(409)),
        ("skyhub_end", json!("absent")),
        ("skyhub_end", json!("empty")),
        ("skyhub_end", json!("same_url")),
        ("skyhub_end", json!("empty_page")),
        ("skyhub_chat_page_size", json!(1)),
        ("skyhub_wrong_field_status", json!(400)),
        ("thg_default_limit", json!(1)),
        ("thg_unauthenticated_text", json!("Kein Zutritt")),
        ("thg_heavy_error", json!("code")),
        ("thg_heavy_error", json!("weight")),
        ("thg_retry_after_s", json!(9)),
        ("thg_dedupe_equal_reply_s", json!(60)),
        ("dsco_error_body", json!("text")),
        ("dsco_error_body", json!("json")),
        ("dsco_error_body", json!("old_json")),
        ("dsco_stranger_status", json!(403)),
        ("dsco_stranger_status", json!(404)),
        ("dsco_dedupe_equal_message_s", json!(60)),
        ("dsco_token_s", json!(1)),
        ("skyhub_read_status", json!("ANSWERED")),
        ("skyhub_paused_status", json!("IN_MEDIATION")),
        ("skyhub_reply_body", json!("null")),
        ("skyhub_reply_body", json!("json")),
        ("skyhub_reply_body", json!("text")),
    ] {
        otherwise.push((name.to_owned(), value));
    }
    let usually = read_all(&Stage::new().await).await;
    for (name, value) in otherwise {
        // A login that lives for a moment is renewed at each call: it needs a clock that goes on.
        let stage = Stage::with(|switches| {
            switches.set(&name, value.clone()).unwrap_or_else(|error| panic!("{error}"));
            if name == "thg_heavy_error" {
                switches.thg_max_weight = 60;
            }
        })
        .await;
        let vendor = name.split('_').next().unwrap();
        for (player, mut read) in read_all(&stage).await {
            let of = |it: &Vec<String>| it.iter().collect::<BTreeSet<_>>().len();
            let mut before = usually[&player].clone();
            if READS_OTHERWISE.contains(&name.as_str()) && player.starts_with(vendor) {
                assert!(of(&read) > 0, "{name} {value}: {player}");
                continue;
            }
            if name.ends_with("_html_entities") {
                let plain = |text: &String| map_entities(text);
                read = read.iter().map(plain).collect();
                before = before.iter().map(plain).collect();
            }
            let lost: Vec<_> = before.iter().filter(|it| !read.contains(it)).collect();
            assert!(lost.is_empty() && read.len() == before.len(), "{name} = {value}: {player}: {lost:?}");
        }
        for player in stage.pulled().await {
            let target = player.somebody(&stage).await;
            let text = format!("said to {player}");
            if name == "thg_completed_takes_replies" && player.kind() == "thg" {
                let error = player.reply(&target, &text).await.expect_err("the vendor refuses");
                assert_eq!((error.kind, stage.copies(&text)), (ErrorKind::Refused, 0), "{error}");
                continue;
            }
            player
                .reply(&target, &text)
                .await
                .unwrap_or_else(|error| panic!("{name} = {value}: {player}: {error}"));
            assert_eq!(stage.copies(&text), 1, "{name} = {value}: {player}");
        }
        stage.assert_no_breach();
    }
}

#[tokio::test]
async fn no_open_point_of_whatsapps_costs_a_message_or_a_send() {
    let usual = Stage::new().await;
    for (name, value) in [
        ("whatsapp_context_unknown", json!("refuse")),
        ("whatsapp_window_error", json!("sync")),
        ("whatsapp_failed_carries_callback", json!(false)),
        ("whatsapp_fails_after_delivered", json!(true)),
        ("whatsapp_read_before_delivered", json!(true)),
        ("whatsapp_duplicate_ms", json!(1)),
        ("whatsapp_give_up_ms", json!(129_600_000)),
        ("whatsapp_user_id_sends", json!(false)),
        ("onprem_refuse_context", json!(true)),
        ("onprem_contact_check", json!(true)),
        ("onprem_sent_status", json!(true)),
        ("onprem_errors_with_200", json!(true)),
        ("onprem_recipient_in_message", json!(true)),
        ("onprem_webhook_basic", json!(true)),
    ] {
        let stage = Stage::with(|switches| {
            switches.set(name, value.clone()).unwrap_or_else(|error| panic!("{error}"));
        })
        .await;
        for player in stage.players().await.into_iter().filter(Player::listens) {
            let target = player.somebody(&stage).await;
            let text = format!("said to {player}");
            player.reply(&target, &text).await.unwrap_or_else(|error| panic!("{name}: {player}: {error}"));
            assert_eq!(stage.copies(&text), 1, "{name}: {player}");
            stage.clock.forward(TimeDelta::minutes(1));
            let (kept, before) = (Kept::default(), Kept::default());
            player.read(&stage, &kept).await;
            usual.player(&player.name).await.read(&usual, &before).await;
            assert_eq!(kept.texts(), before.texts(), "{name} = {value}: {player}");
        }
        stage.assert_no_breach();
    }
}

#[tokio::test]
async fn a_user_id_that_may_not_be_written_to_is_said_so() {
    let stage = Stage::with(|switches| switches.whatsapp_user_id_sends = false).await;
    for player in stage.players().await.into_iter().filter(Player::listens) {
        let mut target = player.somebody(&stage).await;
        target.remote_id = "US.1349000000001".into();
        target.customer.phone = None;
        let error = player.reply(&target, "to nobody's number").await.expect_err("not allowed");
        assert_eq!(error.retry, Retry::Never, "{player}: {error}");
        assert_eq!(stage.copies("to nobody's number"), 0, "{player}");
    }
}

#[tokio::test]
async fn an_upload_is_taken_or_refused_in_words_whatever_the_uploader_decides() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pdf");
    let bytes = b"%PDF-1.4 a file".to_vec();
    std::fs::write(&path, &bytes).unwrap();
    let file = StoredFile {
        sha256: hex::encode(Sha256::digest(&bytes)),
        name: "a.pdf".into(),
        mime: "application/pdf".into(),
        size: bytes.len() as u64,
    };
    for (switches, says) in [
        (json!({"thg_upload_strict_fields": true}), Some("send_auth_token")),
        (json!({"thg_upload_needs_login": true}), Some("did not take the file")),
        (json!({"thg_upload_types": ["image/png"]}), Some("errorCode 3")),
        (json!({"thg_upload_types": [], "thg_upload_error_codes": [0, 0, 0, 0]}), Some("refused the file")),
        (json!({"thg_upload_types": [], "thg_upload_error_status": 400}), Some("did not take the file")),
        (json!({"thg_max_upload": 3}), Some("errorCode 2")),
        (json!({"thg_attachment_once": false}), None),
        (json!({"thg_auth_token_field": true}), None),
    ] {
        let stage = Stage::with(|all| {
            for (name, value) in switches.as_object().unwrap() {
                all.set(name, value.clone()).unwrap_or_else(|error| panic!("{error}"));
            }
        })
        .await;
        for player in stage.pulled().await.into_iter().filter(|it| it.kind() == "thg") {
            match (player.channel.upload(&file, &path, deskline::channels::files::unheard()).await, says) {
                (Ok(_), None) => {}
                (Err(error), Some(says)) => {
                    assert_eq!(
                        (error.kind, error.retry),
                        (ErrorKind::Refused, Retry::Never),
                        "{switches}: {error}"
                    );
                    assert!(error.words.contains(says), "{switches}: {error}");
                }
                (outcome, _) => panic!("{player}: {switches}: {outcome:?}"),
            }
        }
        stage.assert_no_breach();
    }
}

#[tokio::test]
async fn what_thg_lists_no_more_is_kept_and_what_its_agents_begin_is_read() {
    let stage = Stage::with(|switches| switches.thg_agents_start = true).await;
    for player in stage.pulled().await.into_iter().filter(|it| it.kind() == "thg") {
        let begun = stage.control().agent_answers("thg", "", "We noticed a problem with your order").unwrap();
        let kept = Kept::default();
        player.read(&stage, &kept).await;
        assert!(kept.conversations().iter().any(|it| it.remote_id == begun), "{player}");
        let before = kept.conversations().len();
        stage.control().set_switch("thg_retention_days", json!(1)).unwrap();
        player.read(&stage, &kept).await;
        assert_eq!(kept.conversations().len(), before, "{player}: what is not listed is not gone");
    }
    stage.assert_no_breach();
}

#[tokio::test]
async fn a_limit_by_the_minute_is_waited_for() {
    let stage = Stage::with(|switches| {
        (switches.rate_limits, switches.thg_per_minute, switches.thg_retry_after_s) = (true, 1, 30);
    })
    .await;
    for player in stage.pulled().await.into_iter().filter(|it| it.kind() == "thg") {
        let error = player.scan(Sweep::Full, &Kept::default()).await.expect_err("one call a minute");
        let wait = Some(std::time::Duration::from_secs(30));
        assert_eq!(
            (error.kind, error.retry),
            (ErrorKind::RateLimited, Retry::Safe(wait)),
            "{player}: {error}"
        );
        stage.clock.forward(TimeDelta::minutes(2));
    }
    stage.assert_no_breach();
}

#[tokio::test]
async fn a_reference_id_that_is_taken_starts_no_second_conversation() {
    for (status, text) in [(400, "already in use"), (409, "duplicate"), (422, "x")] {
        let stage = Stage::with(|switches| {
            switches.dsco_duplicate_reference_status = status;
            switches.dsco_duplicate_reference_text = text.into();
        })
        .await;
        for player in stage.pulled().await.into_iter().filter(|it| it.name == "dsco-retailer") {
            let new = NewConversation {
                title: Some("About order 1".into()),
                to: Some("aaa-bbb-ccc".into()),
                reference: Some("case-1".into()),
                first: Outgoing { text: "Where is it?".into(), ..Outgoing::default() },
                ..NewConversation::default()
            };
            let action = Action::Create(new);
            let first = player.act(&action, None).await.unwrap_or_else(|error| panic!("{player}: {error}"));
            // Refused as one that exists: it is looked for, and it is the one.
            let again = player.act(&action, None).await;
            let again = again.unwrap_or_else(|error| panic!("{player}: {status}: {error}"));
            assert_eq!(again.conversation, first.conversation, "{status}");
            assert_eq!(stage.copies("Where is it?"), 1, "{status}");
        }
        stage.assert_no_breach();
    }
}

/// The texts that everybody reads, sorted, by player.
async fn read_all(stage: &Stage) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for player in stage.pulled().await {
        let kept = Kept::default();
        player.read(stage, &kept).await;
        // What comes late to one sweep comes to the next.
        player.read(stage, &kept).await;
        let mut texts: Vec<String> = kept.messages().into_iter().map(|it| it.1).collect();
        texts.sort();
        all.insert(player.kind() + " " + &player.name, texts);
    }
    all
}

fn map_entities(text: &str) -> String {
    html_escape::decode_html_entities(text).into_owned()
}

#[tokio::test]
async fn reading_twice_changes_nothing() {
    let stage = Stage::new().await;
    for player in stage.players().await {
        let kept = Kept::default();
        player.read(&stage, &kept).await;
        let store = SqliteStore::temporary().unwrap();
        let descriptor = player.channel.descriptor().clone();
        let name = descriptor.name.clone();
        store.open_as("ana".into(), vec![descriptor], stage.now()).await.unwrap();
        let mut pictures = Vec::new();
        for round in 0..2 {
            for page in kept.pages() {
                let applied = store.apply(name.clone(), page, stage.now()).await.unwrap();
                assert!(round == 0 || applied.messages_new == 0, "{player}");
            }
            let mut picture = Vec::new();
            for seen in kept.conversations() {
                let id =
                    store.find(name.clone(), seen.remote_id.clone()).await.unwrap().expect("it is there");
                picture.push((
                    store.conversation(id, "ana".into(), stage.now()).await.unwrap(),
                    store.thread(id, None, 500).await.unwrap(),
                ));
            }
            pictures.push(picture);
        }
        assert!(!pictures[0].is_empty(), "{player}");
        assert_eq!(pictures[0], pictures[1], "{player}");
    }
    stage.assert_no_breach();
}

#[tokio::test]
async fn refused_credentials_are_told_from_refused_requests() {
    let stage = Stage::new().await;
    for player in stage.players().await {
        let stranger = stage.stranger(&player.name).await;
        let error = stranger.channel.check().await.expect_err("nobody knows these secrets");
        assert_eq!((error.kind, error.retry), (ErrorKind::Credentials, Retry::Never), "{player}");
        assert!(!error.words.contains(stage::WRONG), "{player} says its secrets: {error}");

        let target = player.somebody(&stage).await;
        stage.strike(Fault::always("*", "*", status(400, None)));
        let error = player.reply(&target, "a bad request").await.expect_err("refused");
        stage.fair_weather();
        assert_eq!((error.kind, error.retry), (ErrorKind::Refused, Retry::Never), "{player}");
    }
}

#[tokio::test]
async fn a_limit_of_the_vendors_is_obeyed() {
    let stage = Stage::new().await;
    for player in stage.players().await {
        let target = player.somebody(&stage).await;
        for (said, wait) in [(Some("7"), Some(std::time::Duration::from_secs(7))), (None, None)] {
            stage.strike(Fault::always("*", "*", status(429, said)));
            let error = player.reply(&target, "too much").await.expect_err("limited");
            assert_eq!((error.kind, error.retry), (ErrorKind::RateLimited, Retry::Safe(wait)), "{player}");
            if !player.listens() {
                let error = player.scan(Sweep::Full, &Kept::default()).await.expect_err("limited");
                assert_eq!(error.kind, ErrorKind::RateLimited, "{player}");
                // Where the vendor says nothing, the pause is ours.
                let Retry::Safe(told) = error.retry else { panic!("{player}: {error}") };
                assert!(wait.is_none() || told == wait, "{player}: {told:?}");
            }
            stage.fair_weather();
            if said.is_some() {
                // Before the pause is over nothing leaves at all.
                let before = stage.requests();
                let error = player.reply(&target, "too much").await;
                assert!(error.is_err() || player.listens(), "{player} does not wait");
                assert!(stage.requests() == before || player.listens(), "{player} asks during the pause");
                stage.forget("too much");
            }
            stage.clock.forward(TimeDelta::seconds(10));
        }
        assert_eq!(stage.copies("too much"), 0, "{player}");
    }
}

#[tokio::test]
async fn what_nobody_has_heard_of_survives() {
    let stage = Stage::new().await;
    for player in stage.players().await {
        let plain = Kept::default();
        player.read(&stage, &plain).await;
        let odd = Kept::default();
        if player.listens() {
            // What an answer may hold, a webhook may too.
            player.heard(&stage, &odd, decorated).await;
        } else {
            stage.strike(Fault::always("*", "*", What::ExtraFields));
            stage.strike(Fault::always("*", "*", What::UnknownEnum { field: "status".into() }));
            stage.player(&player.name).await.scan(Sweep::Full, &odd).await.unwrap();
            stage.fair_weather();
        }
        assert_eq!(odd.messages(), plain.messages(), "{player}");
        assert_eq!(odd.conversations().len(), plain.conversations().len(), "{player}");
        if player.listens() {
            continue;
        }
        let texts = |kept: &Kept| -> Vec<String> {
            let mut texts: Vec<_> = kept.messages().into_iter().map(|it| it.1).collect();
            texts.sort();
            texts
        };
        for field in
            ["type", "category", "customerCareType", "accountType", "initiatedBy", "seller_status", "role"]
        {
            let odd = Kept::default();
            stage.strike(Fault::always("*", "*", What::UnknownEnum { field: field.into() }));
            stage.player(&player.name).await.scan(Sweep::Full, &odd).await.unwrap();
            stage.fair_weather();
            assert_eq!(texts(&odd), texts(&plain), "{player}: {field}");
            assert_eq!(odd.conversations().len(), plain.conversations().len(), "{player}: {field}");
        }
    }
    stage.assert_no_breach();
}

#[tokio::test]
async fn an_outage_is_never_an_empty_inbox() {
    let stage = Stage::new().await;
    for player in stage.pulled().await {
        for what in [status(500, None), status(503, None), What::Html, What::TruncatedJson, What::Garbage] {
            let kept = Kept::default();
            stage.strike(Fault::always("*", "*", what.clone()));
            let error = player.scan(Sweep::Full, &kept).await.expect_err("an outage");
            stage.fair_weather();
            assert_eq!(error.kind, ErrorKind::Outage, "{player}: {what:?}: {error}");
            assert!(kept.pages().is_empty(), "{player}: {what:?} moved a cursor");
        }
    }
}

#[tokio::test]
async fn what_is_missing_where_a_list_belongs_is_never_taken_for_silence() {
    let stage = Stage::new().await;
    for player in stage.pulled().await {
        let whole = Kept::default();
        player.scan(Sweep::Full, &whole).await.unwrap();
        for field in ["data", "customer", "discussions", "conversations", "messages", "sacs", "chats"] {
            let kept = Kept::default();
            let player = stage.player(&player.name).await;
            stage.strike(Fault::always("*", "*", What::MissingField { field: field.into() }));
            let seen = player.scan(Sweep::Full, &kept).await;
            stage.fair_weather();
            let needed: &[&str] = match player.kind().as_str() {
                "thg" => &["data", "customer", "discussions"],
                "dsco" => &["conversations", "messages"],
                "skyhub" => &["sacs", "chats", "messages"],
                _ => &[],
            };
            match seen {
                Err(error) => assert_eq!(error.kind, ErrorKind::Outage, "{player}: {field}: {error}"),
                // Elsewhere what could not be seen is left for the next sweep.
                Ok(()) => assert!(!needed.contains(&field), "{player} takes a missing {field} for silence"),
            }
            player
                .scan(Sweep::Full, &kept)
                .await
                .unwrap_or_else(|error| panic!("{player}: {field}: {error}"));
            assert_eq!(kept.messages(), whole.messages(), "{player}: {field} was missing");
        }
    }
}

#[tokio::test]
async fn pages_that_repeat_or_slip_or_never_end_cost_nothing() {
    let stage = Stage::new().await;
    for player in stage.pulled().await {
        let whole = Kept::default();
        player.scan(Sweep::Full, &whole).await.unwrap();
        for what in [
            What::DuplicatePage,
            What::ShiftedPage { by: -1 },
            What::EmptyLastPage,
            What::ExpiredScroll,
            What::SessionExpired,
        ] {
            let kept = Kept::default();
            let player = stage.player(&player.name).await;
            stage.strike(Fault::next("*", "*", what.clone()).on_call(3));
            let first = player.scan(Sweep::Full, &kept).await;
            stage.fair_weather();
            assert!(first.is_ok() || kept.messages().len() <= whole.messages().len(), "{player}: {what:?}");
            player
                .scan(Sweep::Full, &kept)
                .await
                .unwrap_or_else(|error| panic!("{player}: {what:?}: {error}"));
            assert_eq!(kept.messages(), whole.messages(), "{player}: {what:?}");
        }
    }
}

#[tokio::test]
async fn files_make_the_round_trip() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    for player in stage.players().await {
        let rules = player.channel.descriptor().capabilities.files.clone();
        let bytes = b"%PDF-1.4 a file".to_vec();
        let path = folder.path().join("a.pdf");
        std::fs::write(&path, &bytes).unwrap();
        let file = StoredFile {
            sha256: hex::encode(Sha256::digest(&bytes)),
            name: "a.pdf".into(),
            mime: "application/pdf".into(),
            size: bytes.len() as u64,
        };
        let before = stage.requests();
        let Some(rules) = rules else {
            let error = player
                .channel
                .upload(&file, &path, deskline::channels::files::unheard())
                .await
                .expect_err("no files here");
            assert_eq!((error.kind, stage.requests()), (ErrorKind::Ours, before), "{player}: {error}");
            continue;
        };
        let limit = rules.limit_for(&file.mime).unwrap_or_else(|| panic!("{player} takes PDF")).clone();
        let large = StoredFile { size: limit.max_bytes + 1, ..file.clone() };
        let error = player
            .channel
            .upload(&large, &path, deskline::channels::files::unheard())
            .await
            .expect_err("too large");
        assert_eq!((error.kind, stage.requests()), (ErrorKind::Ours, before), "{player}: {error}");

        let name = player
            .channel
            .upload(&file, &path, deskline::channels::files::unheard())
            .await
            .unwrap_or_else(|error| panic!("{player}: {error}"));
        let target = player.somebody(&stage).await;
        let text = if rules.caption == Caption::Always || limit.caption { "with a file" } else { "" };
        let outgoing = Outgoing { text: text.into(), file: Some(file), ..Outgoing::default() };
        player.say(&target, outgoing, Some(name)).await.unwrap_or_else(|error| panic!("{player}: {error}"));
        assert_eq!(stage.copies("with a file"), 1, "{player}");
        stage.forget("with a file");

        let kept = Kept::default();
        player.read(&stage, &kept).await;
        for seen in kept.attachments() {
            let Some(remote_ref) = seen.remote_ref else { continue };
            let here = folder.path().join("fetched");
            let mut part = Part::open(&here, 1 << 20, &|_, _| {}).unwrap().unwrap();
            let fetched = player.channel.download(&remote_ref, &mut part).await;
            drop(part);
            let fetched = fetched.unwrap_or_else(|error| panic!("{player}: {error}"));
            let bytes = std::fs::read(&here).unwrap();
            assert_eq!(fetched.size, bytes.len() as u64, "{player}");
            if let Some(sha256) = seen.sha256 {
                assert_eq!(hex::encode(Sha256::digest(&bytes)), sha256, "{player}");
            }
            let mut part = Part::open(&here, 1, &|_, _| {}).unwrap().unwrap();
            let error = player.channel.download(&remote_ref, &mut part).await.expect_err("too large");
            assert_eq!(error.kind, ErrorKind::Ours, "{player}: {error}");
        }
    }
    stage.assert_no_breach();
}

#[tokio::test]
async fn what_is_forbidden_is_refused_before_the_wire() {
    let stage = Stage::new().await;
    for player in stage.players().await {
        let can = player.channel.descriptor().capabilities.clone();
        let target = player.somebody(&stage).await;
        let before = stage.requests();
        let sets = [
            (can.resolve, Set::Close),
            (can.reopen, Set::Reopen),
            (can.mark_read, Set::Read),
            (can.mark_unread, Set::Unread),
        ];
        for (_, set) in sets.iter().filter(|(reach, _)| *reach != Reach::Remote) {
            let error = player.channel.set(&target, set).await.expect_err("not at the vendor");
            assert_eq!(error.kind, ErrorKind::Ours, "{player}: {set:?}");
            assert!(error.words.split_whitespace().count() > 3, "{player}: {set:?}: {error}");
        }
        let new = NewConversation::default();
        let error = player.may_create(&new).expect_err("nothing is said of it");
        assert!(error.words.split_whitespace().count() > 3, "{player}: {error}");
        if can.create == Reach::Forbidden {
            let error = player.act(&Action::Create(new), None).await.expect_err("never");
            assert_eq!(error.kind, ErrorKind::Ours, "{player}");
        }
        assert_eq!(stage.requests(), before, "{player} asked the vendor");
    }
}

#[tokio::test]
async fn a_state_may_be_set_twice() {
    let stage = Stage::new().await;
    for player in stage.players().await {
        let can = player.channel.descriptor().capabilities.clone();
        let target = player.somebody(&stage).await;
        for (reach, set) in [
            (can.mark_read, Set::Read),
            (can.mark_unread, Set::Unread),
            (can.resolve, Set::Close),
            (can.reopen, Set::Reopen),
        ] {
            for _ in 0..2 {
                if reach == Reach::Remote {
                    let done = player.channel.set(&target, &set).await;
                    done.unwrap_or_else(|error| panic!("{player}: {set:?}: {error}"));
                }
            }
        }
    }
    stage.assert_no_breach();
}

#[tokio::test]
async fn a_send_is_there_once_and_never_called_failed_where_nobody_knows() {
    let stage = Stage::new().await;
    for player in stage.players().await {
        let target = player.somebody(&stage).await;
        // Several of them see the same conversations.
        let plain = format!("a plain one of {player}");
        let sent = player.reply(&target, &plain).await.unwrap_or_else(|error| panic!("{player}: {error}"));
        assert_eq!(stage.copies(&plain), 1, "{player}");
        stage.clock.forward(TimeDelta::minutes(1));
        let kept = Kept::default();
        player.read(&stage, &kept).await;
        if let (Some(key), false) = (&sent.key, player.listens()) {
            let back = kept.messages().into_iter().find(|it| it.1 == plain).map(|it| it.0);
            assert_eq!(back.as_ref(), Some(key), "{player} knows its own message again");
        }

        for (text, what, lands) in [
            ("answer lost", What::ResetAfter, 1),
            ("answer unreadable", What::StatusAfter { code: 502, body: String::new() }, 1),
            ("line cut", What::ResetBefore, 0),
        ] {
            let target = player.somebody(&stage).await;
            stage.strike(Fault::always("*", "*", what).where_it_says(text));
            let send = player.begin(&target, text).await.unwrap_or_else(|error| panic!("{player}: {error}"));
            let error = send.leaves().await.expect_err("no clear answer");
            stage.fair_weather();
            assert_eq!(error.retry, Retry::Unclear, "{player}: {text}: {error}");
            assert_eq!(stage.copies(text), lands, "{player}: {text}");
            stage.clock.forward(TimeDelta::minutes(1));
            match (send.look_up().await.unwrap(), lands) {
                (Found::There(_), 1) | (Found::Absent(_), 0) | (Found::CannotLook(_), _) => {}
                (found, _) => panic!("{player}: {text}: {found:?}"),
            }
            assert_eq!(stage.copies(text), lands, "{player}: looking sends nothing");
            stage.forget(text);
        }
    }
    stage.assert_no_breach();
}

#[tokio::test]
async fn a_webhook_that_nobody_signed_is_nobodys_and_nonsense_is_counted() {
    let stage = Stage::new().await;
    for player in stage.players().await {
        let Some(hook) = player.channel.webhook() else { continue };
        let signed = !hook.verifies(None, b"{}");
        if signed {
            assert!(!hook.verifies(Some("sha256=00"), b"{}"), "{player}");
        }
        assert_eq!(hook.challenge(&[]), None, "{player}");
        for body in ["", "null", "[]", "{", "\u{feff}{}", r#"{"entry":[1,{"changes":[null,{"value":7}]}]}"#] {
            let parsed = hook.parse(body.as_bytes(), stage.now(), true);
            assert!(parsed.page.changes.is_empty(), "{player}: {body}");
        }
    }
}
