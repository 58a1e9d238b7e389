//! The engine over the real store, with a vendor that does as it is told.

use std::{sync::Arc, time::Duration};

use deskline::{
    channels::{Channel, ChannelError, ErrorKind, Found, Retry, Sent},
    domain::{
        Action, Author, ChannelKind, ConversationId, Delivery, Direction, Gate, GateEvidence, MessageKind,
        OutboxRow, Outgoing, Role, RowNumber, RowState,
        change::{Change, ConversationSeen, MessageSeen, Page},
        time::Clock,
    },
    store::{Commit, Desk, EngineSide, Reading, Seen, sqlite::SqliteStore},
    sync::{
        Engine, EngineHandle, EngineOptions, deliver, sync_once,
        testing::{FakeChannel, TestClock},
    },
};

/// Nothing here waits for time; this is for what would otherwise wait for ever.
const PATIENCE: Duration = Duration::from_mins(1);

struct World {
    store: Arc<SqliteStore>,
    clock: Arc<TestClock>,
    channel: Arc<FakeChannel>,
    locks: tempfile::TempDir,
}

impl World {
    async fn new(channel: FakeChannel) -> Self {
        let clock = Arc::new(TestClock::default());
        let store = SqliteStore::temporary_with(Some(clock.clone())).expect("a store");
        let world = Self {
            store: Arc::new(store),
            clock,
            channel: Arc::new(channel),
            locks: tempfile::tempdir().expect("a folder"),
        };
        let descriptors = vec![world.channel.descriptor().clone()];
        world.store.open_as("ana".into(), descriptors, world.clock.now()).await.expect("opens");
        for n in 1..=3 {
            let page = world.arrives(&format!("c{n}"), &format!("m{n}"));
            world.store.apply("skyhub".into(), page, world.clock.now()).await.expect("applies");
        }
        world
    }

    fn options(&self, holder: &str) -> EngineOptions {
        EngineOptions {
            store: self.store.clone(),
            channels: vec![self.channel.clone()],
            clock: self.clock.clone(),
            seed: 1,
            service: false,
            holder: holder.into(),
            lock_dir: self.locks.path().into(),
            paces: Vec::new(),
            webhook: None,
            max_attachment: 1000,
        }
    }

    fn engine(&self, holder: &str) -> EngineHandle {
        Engine::start(self.options(holder))
    }

    fn arrives(&self, conversation: &str, key: &str) -> Page {
        let now = self.clock.now();
        let mut seen = ConversationSeen::named(conversation, Role::Customer, now);
        seen.gate = Some(GateEvidence::said(Gate::Open));
        let message = MessageSeen {
            conversation: conversation.into(),
            key: key.into(),
            remote_id: None,
            direction: Direction::Inbound,
            author: Author { role: Role::Customer, name: None },
            author_id: None,
            body: "where is it?".into(),
            raw: None,
            kind: MessageKind::Text,
            attachments: Vec::new(),
            context: None,
            sent_at: Some(now),
            send_id: None,
            provisional: false,
        };
        Page {
            changes: vec![Change::Conversation(Box::new(seen)), Change::Message(Box::new(message))],
            memory: Vec::new(),
        }
    }

    async fn commit(&self, conversation: i64, actions: Vec<Action>, hold: Option<u64>) -> Vec<RowNumber> {
        let now = self.clock.now();
        let send_ids = actions.iter().map(|_| format!("S{}", fastrand::u64(..))).collect();
        let commit = Commit {
            conversation: Some(ConversationId(conversation)),
            channel: "skyhub".into(),
            kind: ChannelKind::of("skyhub"),
            actions,
            held_until: hold.map(|seconds| now + Duration::from_secs(seconds)),
            later: None,
            author: "ana".into(),
            author_name: None,
            seen: Seen::default(),
            status: None,
            ends_draft: None,
            send_ids,
        };
        self.store.commit(commit, now).await.expect("a store that works").expect("taken").rows
    }

    async fn reply(&self, conversation: i64, text: &str) -> RowNumber {
        let outgoing = Outgoing { text: text.into(), ..Outgoing::default() };
        self.commit(conversation, vec![Action::Reply(outgoing)], None).await[0]
    }

    async fn state(&self, n: RowNumber) -> Option<RowState> {
        self.store.row(n).await.expect("a store that works").map(|row| row.state)
    }

    /// Waits until a row stands so: at every ring of the bell it is looked at.
    async fn until(&self, n: RowNumber, state: Option<RowState>) {
        let reached = self.until_it(n, |row| row.map(|row| row.state) == state);
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        assert!(reached.is_ok(), "row {n} is {:?}, not {state:?}", self.state(n).await);
    }

    async fn until_it(&self, n: RowNumber, stands: impl Fn(Option<&OutboxRow>) -> bool) {
        let mut seen = 0;
        loop {
            seen = self.store.changed(seen).await;
            if stands(self.store.row(n).await.expect("a store that works").as_ref()) {
                return;
            }
        }
    }

    async fn asked(&self, head: &str, count: usize) {
        let asked = tokio::time::timeout(PATIENCE, self.channel.asked(head, count)).await;
        assert!(asked.is_ok(), "{head} was not asked {count} times");
    }

    fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

async fn world() -> World {
    World::new(FakeChannel::new("skyhub")).await
}

fn lost() -> ChannelError {
    ChannelError::new(ErrorKind::NoAnswer, Retry::Unclear, "no answer")
}

#[tokio::test]
async fn a_held_reply_is_sent_once_and_stands_in_the_thread_as_sent() {
    let world = world().await;
    let _engine = world.engine("a");
    let reply = Action::Reply(Outgoing { text: "soon".into(), ..Outgoing::default() });
    let rows = world.commit(1, vec![reply, Action::Read], Some(10)).await;
    world.asked("scan Full", 1).await;
    assert_eq!(world.channel.count("send"), 0);
    world.later(10);
    world.until(rows[1], None).await;
    assert_eq!((world.channel.count("send"), world.channel.count("set c1 Read")), (1, 1));
    let thread = world.store.thread(ConversationId(1), None, 10).await.expect("a thread");
    assert_eq!(thread.last().and_then(|it| it.delivery), Some(Delivery::Sent));
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_found() {
    let world = world().await;
    world.channel.script(|it| {
        it.sends.push_back(Err(lost()));
        it.looks.push_back(Ok(Found::Absent("nothing yet".into())));
        it.looks.push_back(Ok(Found::There(Sent { key: Some("k".into()), ..Sent::default() })));
    });
    let _engine = world.engine("a");
    let n = world.reply(1, "hello").await;
    world.until(n, Some(RowState::Uncertain)).await;
    world.later(10);
    world.asked("look", 1).await;
    // The look is settled before the clock moves on.
    world.until_it(n, |row| row.is_none_or(|row| !row.lookups.is_empty())).await;
    world.later(50);
    world.until(n, None).await;
    assert_eq!(world.channel.count("send"), 1);
}

#[tokio::test]
async fn what_could_not_be_sent_is_sent_when_its_wait_is_over() {
    let world = world().await;
    world.channel.script(|it| {
        it.sends.push_back(Err(ChannelError::new(ErrorKind::Unreachable, Retry::Safe(None), "no line")));
    });
    let _engine = world.engine("a");
    let n = world.reply(1, "hello").await;
    world.asked("send", 1).await;
    world.until(n, Some(RowState::Queued)).await;
    // The waits begin when the engine hears of the failure, which may be after this clock has been moved: it goes on
    // until they are over, and after each second there is time to do something about it.
    while world.state(n).await.is_some() {
        world.later(1);
        for _ in 0..20 {
            world.state(n).await;
        }
    }
}

#[tokio::test]
async fn conversations_are_sent_side_by_side_and_each_in_its_order() {
    let world = world().await;
    world.channel.hold_sends(true);
    let _engine = world.engine("a");
    let first = world.reply(1, "first").await;
    let second = world.reply(1, "second").await;
    let other = world.reply(2, "other").await;
    world.asked("send", 2).await;
    world.until(first, Some(RowState::Sending)).await;
    world.until(other, Some(RowState::Sending)).await;
    assert_eq!(world.state(second).await, Some(RowState::Queued));
    world.channel.gate.add_permits(3);
    world.until(second, None).await;
}

#[tokio::test]
async fn what_a_dead_engine_was_sending_is_never_sent_again() {
    let world = world().await;
    world.channel.hold_sends(true);
    let engine = world.engine("a");
    let n = world.reply(1, "hello").await;
    world.asked("send", 1).await;
    drop(engine);
    world.channel.script(|it| it.looks.push_back(Ok(Found::There(Sent::default()))));
    let _heir = world.engine("b");
    world.until(n, None).await;
    assert_eq!((world.channel.count("send"), world.channel.count("look")), (1, 1));
}

#[tokio::test]
async fn a_row_that_a_dead_engine_had_only_claimed_is_sent_by_its_heir() {
    let world = world().await;
    let n = world.reply(1, "hello").await;
    let now = world.clock.now();
    let lease =
        world.store.lead("skyhub".into(), "dead".into(), false, now + Duration::from_secs(5), now).await;
    let lease = lease.expect("a store that works").expect("nobody leads");
    assert!(world.store.claim(lease, now).await.expect("a store that works").is_some());
    world.later(6);
    let _heir = world.engine("b");
    world.until(n, None).await;
}

#[tokio::test]
async fn one_cycle_brings_what_is_new_and_takes_what_is_due() {
    let world = world().await;
    let n = world.reply(1, "hello").await;
    let page = world.arrives("c9", "m9");
    world.channel.script(|it| it.scans.push_back(Ok(vec![page])));
    let reports = sync_once(world.options("once")).await;
    assert!(reports[0].ok, "{reports:?}");
    assert_eq!((reports[0].conversations, reports[0].messages_new), (1, 1));
    assert_eq!(world.state(n).await, None);
}

#[tokio::test]
async fn whoever_asks_a_leader_for_a_cycle_gets_its_report() {
    let world = world().await;
    let _engine = world.engine("leader");
    world.asked("scan Full", 1).await;
    world.later(1);
    let reports = sync_once(world.options("once")).await;
    assert!(reports[0].ok, "{reports:?}");
    assert_eq!((reports[0].requests, world.channel.count("scan Full")), (2, 2));
}

#[tokio::test]
async fn a_service_takes_over_from_a_window() {
    let world = world().await;
    let window = world.engine("window");
    world.asked("scan Full", 1).await;
    let service = Engine::start(EngineOptions { service: true, ..world.options("service") });
    while !service.status()[0].leads {
        tokio::task::yield_now().await;
    }
    // The vendor gets a moment of rest between two processes.
    world.later(1);
    world.asked("scan Full", 2).await;
    assert!(service.status()[0].leads && !window.status()[0].leads);
    let n = world.reply(1, "hello").await;
    world.until(n, None).await;
    let health = world.store.health().await.expect("health");
    assert!(health[0].engine.as_deref().is_some_and(|it| it.starts_with("service")), "{health:?}");
}

#[tokio::test]
async fn a_service_that_was_stopped_keeps_no_reply() {
    let world = world().await;
    let options = world.options("reply");
    // What a stopped process leaves: its lock, its lease, its epoch.
    let lock = std::fs::File::create(deskline::sync::leader::lock_file(&options.lock_dir, &"skyhub".into()));
    let lock = lock.expect("a lock file");
    lock.try_lock().expect("free");
    let now = world.clock.now();
    let lease = world.store.lead("skyhub".into(), "stopped".into(), true, now + Duration::from_mins(10), now);
    let lease = lease.await.expect("a store that works").expect("nobody leads");
    let memory = vec![("sync.epoch".to_owned(), lease.epoch.into())];
    let page = Page { changes: Vec::new(), memory };
    world.store.apply("skyhub".into(), page, now).await.expect("a store that works");
    let n = world.reply(1, "hello").await;
    let waits = tokio::spawn(deliver(options, vec![n], now + Duration::from_mins(1)));
    while !waits.is_finished() {
        world.later(1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let delivered = waits.await.expect("ends").expect("a store that works");
    assert!(delivered[0].row.is_none(), "{delivered:?}");
    assert!(!world.store.begin(lease, n, serde_json::Value::Null, now).await.expect("answers"));
    drop(lock);
}

#[tokio::test]
async fn waiting_for_a_reply_delivers_it() {
    let world = world().await;
    let n = world.reply(1, "hello").await;
    let until = world.clock.now() + Duration::from_mins(1);
    let delivered = deliver(world.options("reply"), vec![n], until).await.expect("a store that works");
    assert!(delivered[0].row.is_none());
}

#[tokio::test]
async fn webhooks_are_on_disk_before_they_are_answered_and_read_afterwards() {
    let world = World::new(FakeChannel::new("skyhub").with_webhook("/hook", "word")).await;
    let at = "127.0.0.1:0".parse().expect("an address");
    let engine = Engine::start(EngineOptions { webhook: Some(at), ..world.options("a") });
    let at = engine.webhook_address().expect("a port");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let posts = (0..200).map(|n| {
        let post = client
            .post(format!("http://{at}/hook"))
            .header("x-hub-signature-256", "word")
            .body(format!("{n}"));
        async move { post.send().await.expect("an answer").status().as_u16() }
    });
    let answers = futures_util::future::join_all(posts).await;
    assert!(answers.iter().all(|it| *it == 200), "{answers:?}");
    // Reading one that says nothing is no news: nobody rings.
    while world.store.next_webhook().await.expect("a store that works").is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn webhooks_are_read_although_the_process_that_reads_them_was_stopped() {
    let world = World::new(FakeChannel::new("skyhub").with_webhook("/hook", "word")).await;
    // What a stopped process leaves: its lock.
    let lock = std::fs::File::create(world.locks.path().join("webhooks.lead")).expect("a file");
    lock.lock().expect("the first one");
    let _engine = world.engine("a");
    let now = world.clock.now();
    world.store.put_webhook("/hook".into(), vec!["skyhub".into()], b"1".to_vec(), now).await.expect("stored");
    // Fourteen seconds go by, each with time for the engine to do something in it, and no more.
    let read = async {
        let mut left = 14;
        while world.store.next_webhook().await.expect("a store that works").is_some() {
            if left > 0 {
                world.later(1);
                left -= 1;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("read");
    assert!(world.clock.now() - now < chrono::TimeDelta::seconds(15));
}

#[tokio::test]
async fn replies_go_before_read_marks_and_one_mark_does_for_all_of_them() {
    let world = world().await;
    let mut rows = Vec::new();
    for n in 0..8 {
        let reply = Action::Reply(Outgoing { text: format!("reply {n}"), ..Outgoing::default() });
        rows.extend(world.commit(1, vec![reply, Action::Read], None).await);
    }
    let _engine = world.engine("a");
    for row in rows {
        world.until(row, None).await;
    }
    assert_eq!((world.channel.count("send"), world.channel.count("set c1 Read")), (8, 1));
}

#[tokio::test]
async fn no_read_mark_stays_behind_before_a_status() {
    let world = world().await;
    let reply = |text: &str| Action::Reply(Outgoing { text: text.into(), ..Outgoing::default() });
    let mut rows =
        world.commit(1, vec![reply("one"), Action::Read, Action::Status { close: true }], None).await;
    rows.extend(world.commit(1, vec![reply("two"), Action::Read], None).await);
    let _engine = world.engine("a");
    for row in rows {
        world.until(row, None).await;
    }
    assert_eq!((world.channel.count("set c1 Close"), world.channel.count("set c1 Read")), (1, 2));
}

#[tokio::test]
async fn a_row_says_sending_on_disk_before_the_vendor_hears_of_it() {
    let world = world().await;
    world.channel.hold_sends(true);
    let _engine = world.engine("a");
    let n = world.reply(1, "hello").await;
    world.asked("send", 1).await;
    // As another process reads the file, with none of this one's memory.
    let db = rusqlite::Connection::open(world.store.path()).expect("the file");
    let (state, sent_at): (String, Option<i64>) = db
        .query_row("SELECT state, sent_at FROM outbox WHERE n = ?1", [n.0], |r| Ok((r.get(0)?, r.get(1)?)))
        .expect("the row");
    assert_eq!((state.as_str(), sent_at.is_some()), ("sending", true));
}

#[tokio::test]
async fn a_day_asleep_loses_nothing_and_sends_nothing_twice() {
    let world = world().await;
    let _engine = world.engine("a");
    world.asked("scan Full", 1).await;
    let reply = Action::Reply(Outgoing { text: "soon".into(), ..Outgoing::default() });
    let held = world.commit(1, vec![reply], Some(10)).await[0];
    // Suspended within the undo window; nobody was up in the row's time.
    let scans = world.channel.count("scan");
    world.later(86_400);
    let parks = async {
        // Its lease ran out meanwhile: it is won anew a moment later.
        while world.state(held).await != Some(RowState::Parked) {
            world.later(1);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, parks).await.expect("parks");
    world.asked("scan", scans + 1).await;
    assert_eq!(world.channel.count("send"), 0);
    assert!(
        world.store.retry(held, "ana".into(), world.clock.now()).await.expect("a store that works").is_ok()
    );
    world.until(held, None).await;
    assert_eq!(world.channel.count("send"), 1);
}
