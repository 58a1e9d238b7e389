use std::time::Duration;

use crate::{
    channels::{ChannelError, ErrorKind, Retry},
    domain::{
        Role, RowState,
        change::{Change, ConversationSeen, Page},
        time::Clock,
    },
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
        ["scan Full", "scan Fast", "prepare S1", "send S1: due"],
        "the first full sweep reads everything: what the fast loop finds is what came meanwhile"
    );
    assert!(world.store.now(due).is_none() && world.store.now(later).is_some());
    assert!(world.store.read(|it| it.leases[&"fake".into()].0.is_empty()), "nobody leads afterwards");
    assert!(sync_once(world.options("once")).await[0].ok);
    assert_eq!(world.channel.script(|it| it.asked[4..6].to_vec()), ["scan Fast", "scan Full"]);
}

#[tokio::test]
async fn the_gravest_trouble_is_reported() {
    let world = World::new();
    world.store.reply("fake", 1, "hello", world.clock.now());
    world.channel.script(|it| {
        it.scans.push_back(Err(error(ErrorKind::Outage, Retry::Never)));
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
    until("ends", || {
        world.later(1);
        once.is_finished()
    })
    .await;
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

#[tokio::test]
async fn a_stumbling_vendor_is_read_again_and_its_wish_to_be_left_alone_is_kept() {
    let world = World::new();
    let limited = error(ErrorKind::RateLimited, Retry::Safe(Some(Duration::from_secs(5)))).with_status(429);
    world.channel.script(|it| {
        it.scans.push_back(Err(limited));
        it.scans.push_back(Ok(Vec::new()));
        it.scans.push_back(Err(error(ErrorKind::Outage, Retry::Unclear).with_status(503)));
    });
    let once = tokio::spawn(sync_once(world.options("once")));
    until("refused", || world.channel.count("scan Full") == 1).await;
    world.later(4);
    idle().await;
    assert_eq!(world.channel.count("scan"), 1, "Retry-After is obeyed");
    until("ends", || {
        world.later(1);
        once.is_finished()
    })
    .await;
    let reports = once.await.expect("ends");
    assert!(reports[0].ok, "{reports:?}");
    assert_eq!((world.channel.count("scan Fast"), world.channel.count("scan Full")), (2, 2));
}

#[tokio::test]
async fn an_outage_inside_of_an_answer_is_read_again_within_the_cycle() {
    for (retry, scans) in [(Retry::Safe(None), 3), (Retry::Unclear, 3), (Retry::Never, 1)] {
        let world = World::new();
        // HTTP 200 with errors: there is no status to tell it by.
        world.channel.script(|it| it.scans.push_back(Err(error(ErrorKind::Outage, retry))));
        let once = tokio::spawn(sync_once(world.options("once")));
        until("ends", || {
            world.later(u64::from(!once.is_finished()));
            once.is_finished()
        })
        .await;
        let reports = once.await.expect("ends");
        assert_eq!(reports[0].ok, retry != Retry::Never, "{retry:?}: {reports:?}");
        assert_eq!(world.channel.count("scan"), scans, "{retry:?}");
    }
}

#[tokio::test]
async fn a_vendor_that_stays_away_is_given_up() {
    for (kind, status, tries) in
        [(ErrorKind::Outage, 503, 5), (ErrorKind::Unreachable, 0, 2), (ErrorKind::Credentials, 401, 1)]
    {
        let world = World::new();
        world.channel.script(|it| {
            it.scans.extend((0..9).map(|_| Err(error(kind, Retry::Unclear).with_status(status))));
        });
        let once = tokio::spawn(sync_once(world.options("once")));
        let began = world.clock.now();
        until("ends", || {
            world.later(u64::from(!once.is_finished()));
            once.is_finished()
        })
        .await;
        let reports = once.await.expect("ends");
        assert_eq!(reports[0].error.as_ref().map(|it| it.kind), Some(kind));
        assert_eq!(world.channel.count("scan"), tries, "{kind:?}");
        assert!(kind == ErrorKind::Credentials || world.clock.now() > began);
    }
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_no_wait() {
    let world = World::new();
    let limited = error(ErrorKind::RateLimited, Retry::Safe(Some(Duration::from_mins(10)))).with_status(429);
    world.channel.script(|it| it.scans.push_back(Err(limited)));
    let reports = sync_once(world.options("once")).await;
    assert_eq!(reports[0].error.as_ref().map(|it| it.kind), Some(ErrorKind::RateLimited));
}

#[tokio::test]
async fn a_conversation_on_two_pages_is_one_conversation() {
    let world = World::new();
    let page = || {
        let seen = ConversationSeen::named("remote-1", Role::Customer, world.clock.now());
        Page { changes: vec![Change::Conversation(Box::new(seen))], memory: Vec::new() }
    };
    world.channel.script(|it| it.scans.push_back(Ok(vec![page(), page()])));
    let reports = sync_once(world.options("once")).await;
    assert_eq!(reports[0].conversations, 1);
}

#[tokio::test]
async fn a_cycle_that_is_let_in_sends_what_refused_credentials_kept() {
    let world = World::new();
    world.channel.script(|it| it.sends.push_back(Err(error(ErrorKind::Credentials, Retry::Never))));
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    assert!(!sync_once(world.options("once")).await[0].ok);
    assert!(world.store.now(n).is_some_and(|row| row.not_before > Some(world.clock.now())));
    assert!(sync_once(world.options("again")).await[0].ok);
    assert!(world.store.now(n).is_none());
}

#[tokio::test]
async fn a_vendor_that_hangs_keeps_nobody_waiting_long_after_his_time_is_up() {
    let world = World::new();
    world.channel.hold_sends(true);
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    let end = world.clock.now() + Duration::from_secs(5);
    let waits = tokio::spawn(deliver(world.options("reply"), vec![n], end));
    until("under way", || world.channel.count("send") == 1).await;
    world.later(5);
    idle().await;
    assert!(!waits.is_finished(), "the send gets a moment more");
    world.later(2);
    idle().await;
    assert!(waits.is_finished());
    let delivered = waits.await.expect("ends").expect("a store that works");
    let row = delivered[0].row.as_ref().expect("nobody knows");
    assert_eq!(row.state, RowState::Uncertain);
    assert!(row.not_before > Some(world.clock.now()), "looked for soon");
    assert!(world.store.read(|it| it.leases[&"fake".into()].0.is_empty()), "the lead is given back");
}

#[tokio::test]
async fn a_stopped_leader_does_not_keep_a_reply_from_being_delivered() {
    let world = World::new();
    let stopped = world.candidate("stopped").win().await;
    let n = world.store.reply("fake", 1, "hello", world.clock.now());
    let end = world.clock.now() + Duration::from_mins(1);
    let waits = tokio::spawn(deliver(world.options("reply"), vec![n], end));
    until("delivered", || {
        world.later(1);
        waits.is_finished()
    })
    .await;
    let delivered = waits.await.expect("ends").expect("a store that works");
    assert!(delivered[0].row.is_none(), "{delivered:?}");
    drop(stopped);
}
