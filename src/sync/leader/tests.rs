use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::Value;

use crate::{
    domain::{
        RowState, Time,
        time::{Clock, from_millis},
    },
    store::{Desk, EngineSide, Settlement},
    sync::testing::world::{World, idle, until},
};

#[tokio::test]
async fn a_follower_waits_for_the_lock_and_leads_at_once_when_it_is_free() {
    let world = World::new();
    let seat = world.candidate("a").win().await;
    assert!(super::leads(world.options("x").lock_dir.as_path(), &"fake".into()));
    let follower = world.candidate("b");
    assert!(follower.win_now().await.expect("a store that works").is_none());
    let next = tokio::spawn(async move { follower.win().await });
    drop(seat);
    // Not a second has passed, and the dead leader's lease is good for an hour: its heir gives it up.
    let next = next.await.expect("wins");
    assert_eq!(next.lease.epoch, 2);
}

#[tokio::test]
async fn a_late_sleeper_settles_nothing() {
    let world = World::new();
    let asleep = world.candidate("a").win().await;
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    let now = world.clock.now();
    assert!(world.store.begin(asleep.lease.clone(), n, Value::Null, now).await.expect("begins"));
    let old = asleep.lease.clone();
    drop(asleep);
    let heir = world.candidate("b").win().await;
    assert_eq!(world.store.adopt(heir.lease.clone(), now).await.expect("adopts"), 1);
    let sent = Settlement::Sent { key: None, remote_id: None, conversation: None, at: None };
    assert!(!world.store.settle(old, n, sent, now).await.expect("answers"));
    assert_eq!(world.store.now(n).map(|row| row.state), Some(RowState::Uncertain));
}

#[tokio::test]
async fn a_service_passes_over_a_window_that_does_not_answer() {
    let world = World::new();
    let frozen = world.candidate("frozen").win().await;
    let mut service = world.candidate("service");
    service.service = true;
    let wins = tokio::spawn(async move { service.win().await });
    until("asked", || world.store.read(|it| it.notes.contains_key(&("fake".into(), super::WANTED.into()))))
        .await;
    until("patience", || {
        world.later(1);
        wins.is_finished()
    })
    .await;
    let seat = wins.await.expect("wins");
    assert!(seat.lease.epoch > frozen.lease.epoch);
    assert!(!world.candidate("frozen").renew(&frozen.lease).await.expect("answers"));
}

#[tokio::test]
async fn of_all_that_wait_for_a_window_that_makes_way_the_service_gets_the_lead_at_once() {
    let world = World::new();
    let leader = world.candidate("a").win().await;
    let windows: Vec<_> = (0..8)
        .map(|n| world.candidate(&format!("window {n}")))
        .map(|window| tokio::spawn(async move { window.win().await }))
        .collect();
    idle().await;
    let mut service = world.candidate("service");
    service.service = true;
    let wins = tokio::spawn(async move { service.win().await });
    until("asked", || world.store.read(|it| it.notes.contains_key(&("fake".into(), super::WANTED.into()))))
        .await;
    // Nobody's patience has an end: the clock stands still.
    drop(leader);
    let seat = wins.await.expect("wins");
    assert_eq!(seat.lease.epoch, 2);
    for window in windows {
        assert!(!window.is_finished());
        window.abort();
    }
}

#[tokio::test]
async fn nobody_leads_a_channel_that_has_never_had_an_engine() {
    let world = World::new();
    assert!(!super::leads(world.options("x").lock_dir.as_path(), &"fake".into()));
}

/// A machine that sleeps for a minute as soon as somebody has looked at its clock.
#[derive(Default)]
struct Sleepy(AtomicBool);

impl Clock for Sleepy {
    fn now(&self) -> Time {
        from_millis(if self.0.swap(true, Ordering::Relaxed) { 60_000 } else { 0 })
    }

    fn sleep_until(&self, _: Time) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn a_lease_that_was_over_before_its_leader_had_settled_in_is_taken_anew() {
    let world = World::new();
    let store = Arc::new(crate::store::sqlite::SqliteStore::temporary().expect("a store"));
    let mut candidate = world.candidate("a");
    candidate.store = store.clone();
    candidate.clock = Arc::new(Sleepy::default());
    let seat = candidate.win().await;
    let later = from_millis(60_000) + Duration::from_mins(1);
    let renewed = store.lead("fake".into(), "a".into(), false, later, from_millis(60_000)).await;
    assert_eq!(
        renewed.expect("a store that works"),
        Some(seat.lease.clone()),
        "good for more than its first seconds"
    );
}

#[test]
fn in_a_teams_folder_everybody_can_see_who_leads() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o770)).unwrap();
    let path = folder.path().join("thg.lead");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let held = super::try_lock(&path).unwrap();
    assert!(held.is_some());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
}

#[tokio::test]
async fn a_stopped_leader_is_passed_over_when_a_row_is_long_due_and_sends_nothing_when_it_wakes() {
    let world = World::new();
    let mut options = world.options("stopped");
    options.service = true;
    let stopped = options.candidate(&"fake".into()).win().await;
    let follower = world.engine("follower");
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    until("taken over", || {
        world.later(1);
        follower.status()[0].leads
    })
    .await;
    until("sent", || {
        world.later(1);
        world.store.now(n).is_none()
    })
    .await;
    let second = world.store.reply("fake", 1, "second", world.clock.now());
    let now = world.clock.now();
    assert!(!world.store.begin(stopped.lease.clone(), second, Value::Null, now).await.expect("answers"));
    // The lock comes free, and goes to whoever leads without it.
    drop(stopped);
    let other = world.engine("other");
    until("sent too", || {
        world.later(1);
        world.store.now(second).is_none()
    })
    .await;
    for _ in 0..60 {
        world.later(1);
        idle().await;
    }
    assert!(follower.status()[0].leads && !other.status()[0].leads);
    assert_eq!(world.channel.count("send"), 2);
}

#[tokio::test]
async fn a_stopped_leader_is_passed_over_in_time_though_the_bell_never_rests() {
    let world = World::new();
    let stopped = world.candidate("stopped").win().await;
    let follower = world.engine("follower");
    idle().await;
    world.store.reply("fake", 1, "hello", world.clock.now());
    let due = world.clock.now();
    while !follower.status()[0].leads {
        idle().await;
        world.later(1);
        world.store.ring().await.expect("rings");
        assert!(world.clock.now() < due + Duration::from_mins(1), "webhooks put the doubt off for ever");
    }
    let late = (world.clock.now() - due).num_seconds();
    assert!(late <= 16, "{late} s after the row was due");
    drop(stopped);
}

#[tokio::test]
async fn a_follower_asks_what_is_due_once_a_second_at_most_and_never_without_cause() {
    let world = World::new();
    let _leader = world.candidate("leader").win().await;
    let _follower = world.engine("follower");
    idle().await;
    let asked = || world.store.read(|it| it.asked_due);
    let before = asked();
    for _ in 0..100 {
        world.store.ring().await.expect("rings");
        tokio::task::yield_now().await;
    }
    idle().await;
    assert!(asked() <= before + 1, "{} times in no time", asked() - before);
    // What was rung meanwhile is not missed.
    world.later(1);
    idle().await;
    let then = asked();
    assert!(then > before && then <= before + 2);
    for _ in 0..50 {
        world.later(1);
        idle().await;
    }
    assert_eq!(asked(), then, "nothing has changed since");
}

#[tokio::test]
async fn whoever_was_passed_over_steps_down_as_soon_as_it_wakes() {
    let world = World::new();
    let engine = world.engine("sleeper");
    until("leads", || engine.status()[0].leads).await;
    idle().await;
    let epoch = world.store.read(|it| it.leases[&"fake".into()].1);
    world.store.write(|it| {
        it.leases.insert("fake".into(), ("other".into(), epoch + 1, world.clock.now() + super::LEASE, false));
        it.notes.insert(("fake".into(), super::EPOCH.into()), (epoch + 1).into());
    });
    until("steps down", || !engine.status()[0].leads).await;
}

#[tokio::test]
async fn a_leader_that_answers_is_not_passed_over() {
    let world = World::new();
    let leader = world.engine("leader");
    until("leads", || leader.status()[0].leads).await;
    let follower = world.candidate("follower");
    let wins = tokio::spawn(async move { follower.win_soon().await });
    for _ in 0..120 {
        world.later(10);
        idle().await;
    }
    assert!(leader.status()[0].leads && !wins.is_finished());
    wins.abort();
}

#[tokio::test]
async fn after_a_leader_that_was_waited_for_the_vendor_gets_a_second_of_rest() {
    let world = World::new();
    let seat = world.candidate("a").win().await;
    let next = world.engine("b");
    idle().await;
    drop(seat);
    until("leads", || next.status()[0].leads).await;
    idle().await;
    assert_eq!(world.channel.count("scan"), 0);
    world.later(1);
    until("scans", || world.channel.count("scan") == 1).await;
}

#[tokio::test]
async fn a_stopped_leader_with_nothing_to_send_is_passed_over_15_seconds_after_its_poll_was_due() {
    let world = World::new();
    let stopped = world.candidate("stopped").win().await;
    let poll = world.clock.now() + Duration::from_mins(1);
    world.candidate("stopped").will_poll(poll).await.expect("a store that works");
    let follower = world.engine("follower");
    until("taken over", || {
        world.later(1);
        follower.status()[0].leads
    })
    .await;
    let late = (world.clock.now() - poll).num_seconds();
    assert!(late <= 16, "{late} s after the poll was due");
    drop(stopped);
}

#[tokio::test]
async fn a_poll_that_comes_after_all_is_everybodys_news_and_one_in_time_nobodys() {
    let world = World::new();
    let leader = world.candidate("a");
    let _seat = leader.win().await;
    let after = |seconds| world.clock.now() + Duration::from_secs(seconds);
    leader.will_poll(after(60)).await.expect("noted");
    world.later(61);
    let rung = world.store.read(|it| it.rung);
    leader.will_poll(after(60)).await.expect("noted");
    assert_eq!(world.store.read(|it| it.rung), rung);
    world.later(600);
    leader.will_poll(after(60)).await.expect("noted");
    assert_eq!(world.store.read(|it| it.rung), rung + 1);
}
