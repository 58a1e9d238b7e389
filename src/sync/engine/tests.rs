use std::{sync::Arc, time::Duration};

use crate::{
    channels::{ChannelError, ErrorKind, Found, Prepared, Retry, Sent},
    domain::{
        Action, Gate, GateEvidence, MessageId, Outgoing, Role, RowState,
        attachment::StoredFile,
        change::{Change, ConversationSeen, Page},
        time::Clock,
    },
    store::PendingDownload,
    sync::testing::world::{World, idle, until},
};

fn error(kind: ErrorKind, retry: Retry) -> ChannelError {
    ChannelError::new(kind, retry, "the vendor's words")
}

fn lost() -> ChannelError {
    error(ErrorKind::NoAnswer, Retry::Unclear)
}

/// A page that shows another gate of conversation 1.
fn gate(world: &World, gate: Gate) -> Page {
    let mut seen = ConversationSeen::named("remote-1", Role::Customer, world.clock.now());
    seen.gate = Some(GateEvidence::said(gate));
    Page { changes: vec![Change::Conversation(Box::new(seen))], memory: Vec::new() }
}

#[tokio::test]
async fn a_reply_is_sent_exactly_once() {
    let world = World::new();
    let _engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("sent", || world.store.now(n).is_none()).await;
    world.later(3600);
    idle().await;
    assert_eq!(world.channel.count("send"), 1);
    assert_eq!(world.store.read(|it| it.sent.clone()), [(n, Some("remote-S1".into()))]);
}

#[tokio::test]
async fn a_held_reply_goes_when_its_window_is_past() {
    let world = World::new();
    let _engine = world.engine("a");
    let reply = Action::Reply(Outgoing { text: "hello".into(), ..Outgoing::default() });
    let n = world.store.queue("fake", 1, reply, RowState::Held, world.clock.now() + Duration::from_secs(10));
    idle().await;
    assert_eq!(world.channel.count("send"), 0);
    world.later(10);
    until("sent", || world.store.now(n).is_none()).await;
}

#[tokio::test]
async fn a_lost_answer_is_uncertain_until_it_is_found() {
    let world = World::new();
    world.channel.script(|it| {
        it.sends.push_back(Err(lost()));
        it.looks.push_back(Ok(Found::There(Sent { remote_id: Some("R9".into()), ..Sent::default() })));
    });
    let _engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("uncertain", || world.store.now(n).is_some_and(|row| row.state == RowState::Uncertain)).await;
    world.later(9);
    idle().await;
    assert_eq!(world.channel.count("look"), 0, "not before ten seconds");
    world.later(1);
    until("found", || world.store.now(n).is_none()).await;
    assert_eq!(world.channel.count("send"), 1);
    assert_eq!(world.store.read(|it| it.sent.clone()), [(n, Some("R9".into()))]);
}

#[tokio::test]
async fn what_is_never_found_is_looked_for_four_times_and_left_to_a_person() {
    let world = World::new();
    world.channel.script(|it| it.sends.push_back(Err(lost())));
    let _engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    for (seconds, looks) in [(10, 1), (50, 2), (240, 3), (600, 4)] {
        idle().await;
        world.later(seconds);
        until("looked", || world.store.now(n).is_some_and(|row| row.lookups.len() == looks)).await;
    }
    world.later(86400);
    idle().await;
    let row = world.store.now(n).expect("still there");
    assert_eq!((row.state, row.not_before, row.lookups.len()), (RowState::Uncertain, None, 4));
    assert_eq!((world.channel.count("send"), world.channel.count("look")), (1, 4));
}

#[tokio::test]
async fn a_look_that_fails_is_no_look() {
    let world = World::new();
    world.channel.script(|it| {
        it.sends.push_back(Err(lost()));
        it.looks.push_back(Err(lost()));
    });
    let _engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("uncertain", || world.store.now(n).is_some_and(|row| row.state == RowState::Uncertain)).await;
    world.later(10);
    until("tried", || world.channel.count("look") == 1).await;
    idle().await;
    assert!(world.store.now(n).is_some_and(|row| row.lookups.is_empty() && row.not_before.is_some()));
    world.later(5);
    until("looked", || world.store.now(n).is_some_and(|row| row.lookups.len() == 1)).await;
}

#[tokio::test]
async fn a_vendor_that_cannot_be_looked_at_leaves_it_to_statuses_and_people() {
    let world = World::new();
    world.channel.script(|it| {
        it.sends.push_back(Err(lost()));
        it.looks.push_back(Ok(Found::CannotLook("no way".into())));
    });
    let _engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("uncertain", || world.store.now(n).is_some_and(|row| row.state == RowState::Uncertain)).await;
    world.later(10);
    until("looked", || world.store.now(n).is_some_and(|row| row.lookups.len() == 1)).await;
    assert_eq!(world.store.now(n).and_then(|row| row.not_before), None);
}

#[tokio::test]
async fn what_certainly_did_not_arrive_is_sent_again_after_a_wait() {
    let world = World::new();
    let limited = error(ErrorKind::RateLimited, Retry::Safe(Some(Duration::from_secs(30))));
    world.channel.script(|it| {
        it.sends.push_back(Err(error(ErrorKind::Unreachable, Retry::Safe(None))));
        it.sends.push_back(Err(limited));
    });
    let _engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("tried", || {
        world.store.now(n).is_some_and(|row| row.attempts == 1 && row.state == RowState::Queued)
    })
    .await;
    world.later(15);
    until("again", || {
        world.store.now(n).is_some_and(|row| row.attempts == 2 && row.state == RowState::Queued)
    })
    .await;
    world.later(29);
    idle().await;
    assert_eq!(world.channel.count("send"), 2, "Retry-After is obeyed");
    world.later(5);
    until("sent", || world.store.now(n).is_none()).await;
    assert_eq!(world.channel.count("send"), 3);
}

#[tokio::test]
async fn a_refusal_is_final_and_shows_what_the_vendor_showed() {
    let world = World::new();
    let mut refused = error(ErrorKind::GateClosed, Retry::Never);
    refused.page = Some(Box::new(gate(&world, Gate::Paused)));
    world.channel.script(|it| it.sends.push_back(Err(refused)));
    let _engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("failed", || world.store.now(n).is_some_and(|row| row.state == RowState::Failed)).await;
    until("shown", || world.store.read(|it| !it.gates.is_empty())).await;
    assert_eq!(world.store.now(n).and_then(|row| row.error).as_deref(), Some("the vendor's words"));
    world.later(3600);
    idle().await;
    assert_eq!(world.channel.count("send"), 1);
}

#[tokio::test]
async fn refused_credentials_keep_the_text_in_the_queue() {
    let world = World::new();
    world
        .channel
        .script(|it| it.sends.push_back(Err(error(ErrorKind::Credentials, Retry::Never).with_status(401))));
    let _engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("queued", || world.store.now(n).is_some_and(|row| row.error.is_some())).await;
    assert_eq!(world.store.now(n).map(|row| row.state), Some(RowState::Queued));
    until("told", || world.store.read(|it| it.health.get(&"fake".into()).is_some_and(Option::is_some))).await;
    let error = world.store.now(n).and_then(|row| row.error).unwrap_or_default();
    assert!(error.starts_with(crate::store::LOCKED_OUT) && error.ends_with("the vendor's words"), "{error}");
    let refused = error_of_login();
    world.channel.script(|it| it.scans.push_back(Err(refused)));
    world.later(70);
    until("polled", || world.channel.count("scan Fast") == 1).await;
    world.later(300);
    idle().await;
    assert_eq!(world.channel.count("send"), 1, "the channel is left alone for a while");
    world.later(900);
    until("sent", || world.store.now(n).is_none()).await;
}

fn error_of_login() -> ChannelError {
    error(ErrorKind::Credentials, Retry::Never).with_status(401)
}

#[tokio::test]
async fn what_refused_credentials_kept_goes_as_soon_as_the_vendor_lets_us_in() {
    let world = World::new();
    world.channel.script(|it| it.sends.push_back(Err(error_of_login())));
    let _engine = world.engine("a");
    until("swept", || world.channel.count("scan Full") == 1).await;
    idle().await;
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("queued", || world.store.now(n).is_some_and(|row| row.error.is_some())).await;
    world.later(55);
    idle().await;
    assert_eq!((world.channel.count("scan Fast"), world.channel.count("send")), (0, 1));
    // The row's own wait is longer than what is left to the next poll.
    world.store.write(|it| it.rows[0].not_before = Some(world.clock.now() + Duration::from_hours(1)));
    world.later(15);
    until("sent", || world.store.now(n).is_none()).await;
}

#[tokio::test]
async fn what_the_last_look_shows_parks_the_row_before_a_byte_leaves() {
    let world = World::new();
    let page = gate(&world, Gate::Paused);
    world.channel.script(|it| it.prepares.push_back(Ok(Prepared { page, ..Prepared::default() })));
    let _engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("parked", || world.store.now(n).is_some_and(|row| row.state == RowState::Parked)).await;
    assert_eq!(world.channel.count("send"), 0);
}

#[tokio::test]
async fn a_row_that_an_engine_left_behind_is_looked_up_and_never_sent_again() {
    let world = World::new();
    world.channel.hold_sends(true);
    let engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    let read = world.store.queue("fake", 2, Action::Read, RowState::Sending, world.clock.now());
    until("under way", || world.channel.count("send") == 1).await;
    drop(engine);
    let next = world.engine("b");
    world.channel.script(|it| it.looks.push_back(Ok(Found::There(Sent::default()))));
    until("leads", || next.status()[0].leads).await;
    world.later(1);
    until("looked up", || world.store.now(n).is_none()).await;
    until("repeated", || world.store.now(read).is_none()).await;
    assert_eq!(
        (world.channel.count("send"), world.channel.count("look"), world.channel.count("set")),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn one_conversation_keeps_its_order_and_holds_up_no_other() {
    let world = World::new();
    world.channel.hold_sends(true);
    let _engine = world.engine("a");
    let first = world.store.reply("fake", 1, "first", world.clock.now());
    let second = world.store.reply("fake", 1, "second", world.clock.now());
    let other = world.store.reply("fake", 2, "other", world.clock.now());
    until("two under way", || world.channel.count("send") == 2).await;
    assert_eq!(world.store.now(first).map(|row| row.state), Some(RowState::Sending));
    assert_eq!(world.store.now(second).map(|row| row.state), Some(RowState::Queued));
    assert_eq!(world.store.now(other).map(|row| row.state), Some(RowState::Sending));
    world.channel.gate.add_permits(3);
    until("all sent", || world.store.read(|it| it.sent.len() == 3)).await;
    assert_eq!(world.channel.script(|it| it.asked.iter().filter(|it| it.starts_with("send")).count()), 3);
}

#[tokio::test]
async fn a_status_without_an_answer_is_simply_set_again() {
    let world = World::new();
    world.channel.script(|it| it.sets.push_back(Err(lost())));
    let _engine = world.engine("a");
    let n = world.store.queue("fake", 1, Action::Status { close: true }, RowState::Queued, world.clock.now());
    until("again", || world.store.now(n).is_some_and(|row| row.error.is_some())).await;
    world.later(5);
    until("set", || world.store.now(n).is_none()).await;
    assert_eq!(world.channel.count("set remote-1 Close"), 2);
}

#[tokio::test]
async fn a_closed_conversation_is_written_to_only_where_the_agent_said_so() {
    let world = World::new();
    let page = gate(&world, Gate::RemoteClosed);
    for _ in 0..2 {
        let page = page.clone();
        world.channel.script(|it| it.prepares.push_back(Ok(Prepared { page, ..Prepared::default() })));
    }
    let _engine = world.engine("a");
    let reply = |reopen| Action::Reply(Outgoing { text: "hello".into(), reopen, ..Outgoing::default() });
    let parks = world.store.queue("fake", 1, reply(false), RowState::Queued, world.clock.now());
    until("parked", || world.store.now(parks).is_some_and(|row| row.state == RowState::Parked)).await;
    world.store.write(|it| it.rows.clear());
    let goes = world.store.queue("fake", 1, reply(true), RowState::Queued, world.clock.now());
    until("sent", || world.store.now(goes).is_none() && world.channel.count("send") == 1).await;
}

#[tokio::test]
async fn a_file_is_uploaded_once_however_often_its_message_is_tried() {
    let world = World::new();
    world.channel.script(|it| {
        it.uploads.push_back(Err(lost()));
        it.sends.push_back(Err(error(ErrorKind::RateLimited, Retry::Safe(None))));
    });
    let file = StoredFile { sha256: "ab".into(), name: "a.jpg".into(), mime: "image/jpeg".into(), size: 3 };
    let reply = Outgoing { file: Some(file.clone()), ..Outgoing::default() };
    let n = world.store.queue("fake", 1, Action::Reply(reply), RowState::Queued, world.clock.now());
    world.store.write(|it| it.files.insert(n, (file, "ab".into())));
    let _engine = world.engine("a");
    for _ in 0..2 {
        until("tried", || world.store.now(n).is_some_and(|row| row.not_before > Some(world.clock.now())))
            .await;
        world.later(10);
    }
    until("sent", || world.store.now(n).is_none()).await;
    assert_eq!((world.channel.count("upload"), world.channel.count("send")), (2, 2));
}

#[tokio::test]
async fn a_full_disk_does_not_make_a_sent_reply_uncertain() {
    let world = World::new();
    world.store.write(|it| it.settle_fails = 2);
    let _engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    for left in [1, 0] {
        until("tried", || world.store.read(|it| it.settle_fails == left)).await;
        idle().await;
        world.later(4);
    }
    until("sent", || world.store.now(n).is_none()).await;
    assert_eq!(world.channel.count("send"), 1);
}

#[tokio::test]
async fn a_row_that_can_never_be_settled_is_looked_up_by_whoever_leads_next() {
    let world = World::new();
    let _engine = world.engine("a");
    world.store.write(|it| it.settle_fails = 6);
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    for left in (0..6).rev() {
        until("tried", || world.store.read(|it| it.settle_fails == left)).await;
        idle().await;
        world.later(40);
    }
    world.channel.script(|it| it.looks.push_back(Ok(Found::There(Sent::default()))));
    until("looked up", || {
        world.later(1);
        world.store.now(n).is_none()
    })
    .await;
    assert_eq!(world.channel.count("send"), 1);
}

#[tokio::test]
async fn stopping_waits_for_an_answer_that_comes_in_time() {
    let world = World::new();
    world.channel.hold_sends(true);
    let engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("under way", || world.channel.count("send") == 1).await;
    let stop = tokio::spawn(engine.stop());
    idle().await;
    world.channel.gate.add_permits(1);
    stop.await.expect("stops");
    assert!(world.store.now(n).is_none());
}

#[tokio::test]
async fn stopping_takes_two_seconds_at_most_and_loses_nothing() {
    let world = World::new();
    world.channel.hold_sends(true);
    let engine = world.engine("a");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("under way", || world.channel.count("send") == 1).await;
    let stop = tokio::spawn(engine.stop());
    idle().await;
    assert!(!stop.is_finished());
    world.later(2);
    stop.await.expect("stops");
    assert_eq!(world.store.now(n).map(|row| row.state), Some(RowState::Sending));
    assert!(world.store.read(|it| it.leases[&"fake".into()].0.is_empty()), "the lead is given back");
}

#[tokio::test]
async fn trouble_is_told_and_forgotten_even_where_a_channel_panics() {
    let world = World::new();
    world.channel.script(|it| {
        it.panics = 1;
        it.scans.push_back(Err(lost()));
    });
    let engine = world.engine("a");
    let trouble = || engine.status()[0].trouble.clone();
    until("told", || trouble().as_deref() == Some("refused")).await;
    idle().await;
    world.later(10);
    until("told", || trouble().as_deref() == Some("no answer")).await;
    idle().await;
    world.later(20);
    until("well again", || trouble().is_none()).await;
    assert_eq!(world.store.read(|it| it.health.get(&"fake".into()).cloned()), Some(None));
}

#[tokio::test]
async fn files_are_fetched_at_once_and_wrong_bytes_are_never_kept() {
    let world = World::new();
    world.channel.script(|it| {
        it.downloads.push_back(Err(lost()));
        it.downloads.push_back(Ok(b"other bytes".to_vec()));
        it.downloads.push_back(Ok(b"bytes".to_vec()));
    });
    let pending = |n, sha256: Option<&str>| PendingDownload {
        message: MessageId(n),
        n: 1,
        remote_ref: format!("ref-{n}"),
        sha256: sha256.map(Into::into),
        attempts: 0,
    };
    world.store.write(|it| it.downloads.push(pending(1, Some("00"))));
    let _engine = world.engine("a");
    until("tried", || world.store.read(|it| it.downloaded.len() == 1)).await;
    world.later(10);
    until("refused", || world.store.read(|it| it.downloads.is_empty())).await;
    world.store.write(|it| it.downloads.push(pending(2, None)));
    until("fetched", || world.store.read(|it| it.downloads.is_empty())).await;
    let results = world.store.read(|it| it.downloaded.clone());
    let finals: Vec<bool> = results.iter().filter_map(|it| it.1.as_ref().err().map(|it| it.1)).collect();
    assert_eq!(finals, [false, true]);
    assert_eq!(results[2], (MessageId(2), Ok(b"bytes".to_vec())));
}

#[tokio::test]
async fn nothing_runs_while_nothing_is_due() {
    let world = World::new();
    let _engine = world.engine("a");
    until("swept", || world.channel.count("scan Full") == 1).await;
    idle().await;
    world.later(30);
    idle().await;
    assert_eq!(world.channel.count("scan"), 1);
    world.later(40);
    until("polled", || world.channel.count("scan Fast") == 1).await;
}

#[tokio::test]
async fn asking_runs_both_loops_now() {
    let world = World::new();
    let engine = world.engine("a");
    until("swept", || world.channel.count("scan Full") == 1).await;
    idle().await;
    engine.sync_now();
    until("asked for", || world.channel.count("scan Full") == 2 && world.channel.count("scan Fast") == 1)
        .await;
}

#[tokio::test]
async fn a_second_engine_takes_over_when_the_first_is_gone() {
    let world = World::new();
    let first = world.engine("a");
    until("leads", || first.status()[0].leads).await;
    let second = world.engine("b");
    idle().await;
    assert!(!second.status()[0].leads);
    drop(first);
    until("takes over", || second.status()[0].leads).await;
    assert_eq!(world.store.read(|it| it.leases[&"fake".into()].1), 2, "a new epoch");
}

#[tokio::test]
async fn a_service_takes_over_from_a_window() {
    let world = World::new();
    let window = world.engine("window");
    until("leads", || window.status()[0].leads).await;
    let options = super::EngineOptions { service: true, ..world.options("service") };
    let service = super::Engine::start(options);
    until("leads", || service.status()[0].leads).await;
    until("made way", || !window.status()[0].leads).await;
    world.later(1);
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("sent", || world.store.now(n).is_none()).await;
    world.later(60);
    idle().await;
    assert!(service.status()[0].leads && !window.status()[0].leads);
    let store: Arc<_> = world.store.clone();
    assert_eq!(store.read(|it| it.leases[&"fake".into()].0.clone()), "service");
}
