use std::time::Duration;

use crate::{
    channels::{ChannelError, ErrorKind, Retry},
    domain::{RowState, time::Clock},
    sync::{
        deliver, sync_once,
        testing::world::{World, idle, until},
    },
};

fn error(kind: ErrorKind, retry: Retry) -> ChannelError {
    ChannelError::new(kind, retry, "the vendor's words")
}

#[tokio::test]
async fn one_cycle_runs_both_loops_and_delivers_what_is_due() {
    let world = World::new();
    let due = world.store.reply("fake", 1, "due", world.clock.now());
    let later = world.store.reply("fake", 2, "later", world.clock.now() + Duration::from_mins(1));
    let reports = sync_once(world.options("once")).await;
    assert!(reports[0].ok, "{reports:?}");
    assert_eq!(reports[0].requests, 2);
    assert_eq!(
        world.channel.script(|it| it.asked.clone()),
        ["scan Fast", "scan Full", "prepare S1", "send S1: due"]
    );
    assert!(world.store.now(due).is_none() && world.store.now(later).is_some());
    assert!(world.store.read(|it| it.leases[&"fake".into()].0.is_empty()), "nobody leads afterwards");
}

#[tokio::test]
async fn the_gravest_trouble_is_reported() {
    let world = World::new();
    world.store.reply("fake", 1, "hello", world.clock.now());
    world.channel.script(|it| {
        it.scans.push_back(Err(error(ErrorKind::Outage, Retry::Unclear)));
        it.sends.push_back(Err(error(ErrorKind::Credentials, Retry::Never)));
    });
    let reports = sync_once(world.options("once")).await;
    assert_eq!(reports[0].error.as_ref().map(|it| it.kind), Some(ErrorKind::Credentials));
}

#[tokio::test]
async fn where_an_engine_leads_its_cycle_is_asked_for_and_waited_for() {
    let world = World::new();
    let _engine = world.engine("leader");
    until("swept", || world.channel.count("scan Full") == 1).await;
    idle().await;
    world.later(5);
    world
        .channel
        .script(|it| it.scans.push_back(Err(error(ErrorKind::Credentials, Retry::Never).with_status(401))));
    let reports = sync_once(world.options("once")).await;
    let told = reports[0].error.as_ref().expect("the leader's trouble");
    assert_eq!(
        (told.kind, told.status, told.words.as_str()),
        (ErrorKind::Credentials, Some(401), "the vendor's words")
    );
    world.later(5);
    let reports = sync_once(world.options("once")).await;
    assert!(reports[0].ok);
    assert_eq!(reports[0].requests, 2);
}

#[tokio::test]
async fn a_leader_that_dies_while_it_is_waited_for_is_replaced() {
    let world = World::new();
    let seat = world.candidate("leader").win().await;
    let once = tokio::spawn(sync_once(world.options("once")));
    idle().await;
    assert!(!once.is_finished());
    drop(seat);
    assert!(once.await.expect("ends")[0].ok);
}

#[tokio::test]
async fn waiting_for_a_reply_delivers_it_where_no_engine_runs() {
    let world = World::new();
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    let until = world.clock.now() + Duration::from_mins(1);
    let delivered = deliver(world.options("reply"), vec![n], until).await.expect("a store that works");
    assert!(delivered[0].settled() && delivered[0].row.is_none());
}

#[tokio::test]
async fn waiting_ends_when_the_row_is_settled_by_another_engine() {
    let world = World::new();
    let _engine = world.engine("leader");
    until("swept", || world.channel.count("scan Full") == 1).await;
    world.channel.script(|it| it.sends.push_back(Err(error(ErrorKind::Refused, Retry::Never))));
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    let until = world.clock.now() + Duration::from_mins(1);
    let delivered = deliver(world.options("reply"), vec![n], until).await.expect("a store that works");
    assert_eq!(delivered[0].row.as_ref().map(|row| row.state), Some(RowState::Failed));
}

#[tokio::test]
async fn waiting_ends_when_the_time_is_up_and_what_is_queued_stays_queued() {
    let world = World::new();
    let leader = world.candidate("stuck").win().await;
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    let end = world.clock.now() + Duration::from_mins(1);
    let waits = tokio::spawn(deliver(world.options("reply"), vec![n], end));
    idle().await;
    world.later(60);
    let delivered = waits.await.expect("ends").expect("a store that works");
    assert!(!delivered[0].settled());
    drop(leader);
}

#[tokio::test]
async fn refused_credentials_end_the_wait_at_once() {
    let world = World::new();
    world.channel.script(|it| it.sends.push_back(Err(error(ErrorKind::Credentials, Retry::Never))));
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    let until = world.clock.now() + Duration::from_mins(1);
    let delivered = deliver(world.options("reply"), vec![n], until).await.expect("a store that works");
    assert_eq!(delivered[0].error.as_ref().map(|it| it.kind), Some(ErrorKind::Credentials));
    assert_eq!(delivered[0].row.as_ref().map(|row| row.state), Some(RowState::Queued));
}
