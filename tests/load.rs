//! Many windows and a service over one store file, under load, with the system's clock.
//!
//! `DESKLINE_LOAD_SECONDS` says for how long; `cargo test --release --test load -- --ignored --nocapture` measures how
//! many webhooks a second are durable.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    path::Path,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use deskline::{
    channels::Channel as _,
    domain::{
        Action, Author, ChannelKind, ConversationId, Direction, Draft, DraftKind, DraftSave, DraftWindow,
        MessageKind, Outgoing, Role, Time,
        change::{Change, ConversationSeen, MessageSeen, Page},
        desk::ListRequest,
        query::Query,
        time::Clock,
    },
    store::{
        Commit, Desk as _, EngineSide as _, Reading as _, Seen, Sort, Way,
        sqlite::{OpenOptions, SqliteStore},
    },
    sync::{Engine, EngineHandle, EngineOptions, Pace, testing::FakeChannel},
};

/// Notes in the store itself, at every row that anybody writes, who led and what was done by whom no longer did.
const WITNESS: &str = "
    CREATE TABLE reign (epoch INTEGER PRIMARY KEY, holder TEXT NOT NULL);
    CREATE TABLE breach (what TEXT NOT NULL);
    CREATE TRIGGER begins AFTER INSERT ON lease BEGIN
        INSERT INTO breach SELECT 'an epoch came back' WHERE NEW.epoch < (SELECT max(epoch) FROM reign);
        INSERT INTO breach SELECT 'two had one epoch' FROM reign WHERE epoch = NEW.epoch AND holder <> NEW.holder;
        INSERT OR IGNORE INTO reign VALUES (NEW.epoch, NEW.holder);
    END;
    CREATE TRIGGER writes AFTER UPDATE OF epoch, state ON outbox BEGIN
        INSERT INTO breach SELECT 'claimed or begun by one that was overtaken' FROM lease
            WHERE channel = NEW.channel AND epoch IS NOT NEW.epoch AND ((NEW.epoch IS NOT NULL
            AND NEW.epoch IS NOT OLD.epoch) OR (NEW.state = 'sending' AND OLD.state <> 'sending'));
        INSERT INTO breach SELECT 'settled by one that was overtaken' FROM lease
            WHERE channel = NEW.channel AND epoch IS NOT OLD.epoch AND NEW.state = 'sent' AND OLD.state = 'sending';
    END;";

const WINDOWS: usize = 16;
const CONVERSATIONS: i64 = 40;

struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Time {
        chrono::Utc::now()
    }

    fn sleep_until(&self, at: Time) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move { tokio::time::sleep((at - self.now()).to_std().unwrap_or_default()).await })
    }
}

fn open(path: &Path) -> Arc<SqliteStore> {
    let options = OpenOptions { clock: Some(Arc::new(RealClock)), ..OpenOptions::at(path) };
    Arc::new(SqliteStore::open(options).expect("the store opens"))
}

fn engine(store: &Arc<SqliteStore>, channel: &Arc<FakeChannel>, folder: &Path, n: usize) -> EngineHandle {
    Engine::start(EngineOptions {
        store: store.clone(),
        channels: vec![channel.clone()],
        clock: Arc::new(RealClock),
        seed: u64::try_from(n).unwrap_or(0),
        service: n == 0,
        holder: format!("ana@elsewhere:{n}"),
        lock_dir: folder.into(),
        paces: vec![("skyhub".into(), Pace { fast: Duration::from_secs(1), sweep: Duration::from_secs(3) })],
        webhook: (n == 0).then(|| ([127, 0, 0, 1], 0).into()),
        max_attachment: 1000,
    })
}

fn says(conversation: &str, key: &str) -> Page {
    let now = chrono::Utc::now();
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
    let seen = ConversationSeen::named(conversation, Role::Customer, now);
    Page {
        changes: vec![Change::Conversation(Box::new(seen)), Change::Message(Box::new(message))],
        memory: Vec::new(),
    }
}

/// What one agent does: writes, sends, reads lists. Answers what he sent; every error would be one that he sees.
async fn works(store: Arc<SqliteStore>, n: usize, until: Instant) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(u64::try_from(n).unwrap_or(0));
    let me = format!("agent{n}");
    let window = DraftWindow { name: format!("{me}@elsewhere:1"), place: format!("pts/{n}") };
    let mut sent = Vec::new();
    while Instant::now() < until {
        let of = ConversationId(random.i64(1..=CONVERSATIONS));
        let text = format!("{me}-{}", sent.len());
        let now = chrono::Utc::now();
        let draft = Draft {
            conversation: Some(of),
            agent: me.clone(),
            kind: DraftKind::Reply,
            body: text.clone(),
            cursor: (0, 0),
            files: Vec::new(),
            quote: None,
            form: serde_json::Value::Null,
            saved_at: now,
        };
        let written = store.write_draft(draft, window.clone(), DraftSave::Replace, now).await;
        assert!(written.expect("no lock error").is_ok());
        let commit = Commit {
            conversation: Some(of),
            channel: "skyhub".into(),
            kind: ChannelKind::of("skyhub"),
            actions: vec![
                Action::Reply(Outgoing { text: text.clone(), ..Outgoing::default() }),
                Action::Read,
            ],
            held_until: random.bool().then(|| now + Duration::from_millis(random.u64(0..800))),
            later: None,
            author: me.clone(),
            author_name: None,
            seen: Seen::default(),
            status: None,
            ends_draft: Some((Some(of), DraftKind::Reply)),
            send_ids: vec![format!("{text}-a"), format!("{text}-b")],
        };
        store.commit(commit, now).await.expect("no lock error").expect("taken");
        sent.push(text);
        let request = ListRequest {
            query: Query::default(),
            me: me.clone(),
            sort: Sort::Updated,
            way: Way::Down,
            limit: 50,
            after: None,
            now: chrono::Utc::now(),
        };
        assert!(!store.list(request).await.expect("no lock error").is_empty());
        tokio::time::sleep(Duration::from_millis(random.u64(20..200))).await;
    }
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_windows_and_a_service_send_each_reply_once() {
    let seconds = std::env::var("DESKLINE_LOAD_SECONDS").ok().and_then(|it| it.parse().ok()).unwrap_or(6);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deskline.db");
    let channel = Arc::new(FakeChannel::new("skyhub"));
    let stores: Vec<Arc<SqliteStore>> = (0..=WINDOWS).map(|_| open(&path)).collect();
    let now = chrono::Utc::now();
    let witness = rusqlite::Connection::open(&path).expect("the store's file");
    for n in 1..=CONVERSATIONS {
        let store = &stores[0];
        if n == 1 {
            store.open_as("ana".into(), vec![channel.descriptor().clone()], now).await.expect("opens");
            witness.execute_batch(WITNESS).expect("a witness");
        }
        store.apply("skyhub".into(), says(&format!("c{n}"), &format!("m{n}")), now).await.expect("applies");
    }
    let engines: Vec<EngineHandle> = stores
        .iter()
        .enumerate()
        // The service comes last: a window has to make way for it under load.
        .rev()
        .map(|(n, store)| engine(store, &channel, folder.path(), n))
        .collect();
    let until = Instant::now() + Duration::from_secs(seconds);
    let agents: Vec<_> = stores
        .iter()
        .skip(1)
        .enumerate()
        .map(|(n, store)| tokio::spawn(works(store.clone(), n, until)))
        .collect();
    // A change by one window shows in the others as soon as it is there: until then it waits for its turn with all the
    // others' writes, which is the disk's affair.
    let (mut waited, mut shown, mut overtaken) = (Vec::new(), Vec::new(), Vec::new());
    while Instant::now() < until {
        let seen = stores[WINDOWS].changed(0).await;
        let from = Instant::now();
        stores[1].ring().await.expect("rings");
        let there = Instant::now();
        stores[WINDOWS].changed(seen).await;
        waited.push(there - from);
        shown.push(there.elapsed());
        // One that was passed over, because it got no turn for long, learns of it when it next looks. Until then it
        // believes that it leads, under an epoch with which it can claim, begin and settle nothing; it is told at once.
        let led: i64 =
            witness.query_row("SELECT ifnull(max(epoch), 0) FROM lease", [], |r| r.get(0)).expect("an epoch");
        let leads = |n: usize| Some(engines[n].status().swap_remove(0)).filter(|it| it.leads)?.epoch;
        let leaders: Vec<(usize, i64)> = (0..engines.len()).filter_map(|n| Some((n, leads(n)?))).collect();
        let epochs: BTreeSet<i64> = leaders.iter().map(|(_, epoch)| *epoch).collect();
        assert_eq!(epochs.len(), leaders.len(), "two lead under one epoch: {leaders:?}");
        let from = Instant::now();
        for (n, epoch) in leaders.into_iter().filter(|(_, epoch)| *epoch < led) {
            while leads(n) == Some(epoch) {
                assert!(from.elapsed() < Duration::from_mins(1), "{n} leads on under {epoch}, which is over");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            overtaken.push(from.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let mut sent = Vec::new();
    for agent in agents {
        sent.extend(agent.await.expect("no agent sees an error"));
    }
    let done = tokio::time::timeout(Duration::from_secs(60 + seconds), async {
        while !stores[1].outbox(None).await.expect("an outbox").is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let in_time = done.await.is_ok();
    let rows = stores[1].outbox(None).await.expect("an outbox");
    assert!(in_time, "left: {:?}", rows.iter().take(5).collect::<Vec<_>>());
    let mut asked = BTreeMap::<String, usize>::new();
    for line in channel.script(|script| script.asked.clone()) {
        if let Some(text) = line.strip_prefix("send ").and_then(|it| it.split_once(": ")) {
            *asked.entry(text.1.to_owned()).or_default() += 1;
        }
    }
    for text in &sent {
        assert_eq!(asked.get(text), Some(&1), "{text}");
    }
    let told = |sql: &str| -> Vec<String> {
        let mut told = witness.prepare(sql).expect("a witness");
        told.query_map([], |r| r.get(0)).and_then(Iterator::collect).expect("words")
    };
    assert_eq!(told("SELECT what FROM breach"), Vec::<String>::new());
    let reigns = told("SELECT epoch || ' ' || holder FROM reign ORDER BY epoch");
    let median = |mut all: Vec<Duration>| {
        all.sort();
        all[all.len() / 2]
    };
    let (waited, shown) = (median(waited), median(shown));
    println!(
        "{} replies of {WINDOWS} windows, each once; a change is there after {waited:?} and shown {shown:?} later \
         (medians); overtaken and told after {overtaken:?}; led by {reigns:?}",
        sent.len(),
    );
    assert!(shown < Duration::from_millis(300), "{shown:?}");
    for engine in engines {
        engine.stop().await;
    }
}

/// Webhooks a second that are on disk before their 200, over 64 lines.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn webhooks_a_second() {
    const LINES: usize = 64;
    const EACH: usize = 100;
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder.path().join("deskline.db"));
    let channel = Arc::new(FakeChannel::new("skyhub").with_webhook("/hook", "word"));
    store.open_as("ana".into(), vec![channel.descriptor().clone()], chrono::Utc::now()).await.expect("opens");
    let engine = engine(&store, &channel, folder.path(), 0);
    let at = engine.webhook_address().expect("a port");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client =
        reqwest::Client::builder().no_proxy().pool_max_idle_per_host(LINES).build().expect("a client");
    let body = "x".repeat(900);
    let began = Instant::now();
    let lines: Vec<_> = (0..LINES)
        .map(|_| {
            let (client, body) = (client.clone(), body.clone());
            tokio::spawn(async move {
                let mut took = Vec::new();
                for _ in 0..EACH {
                    let from = Instant::now();
                    let post = client.post(format!("http://{at}/hook")).header("x-hub-signature-256", "word");
                    let answer = post.body(body.clone()).send().await.expect("an answer");
                    assert_eq!(answer.status().as_u16(), 200);
                    took.push(from.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for line in lines {
        took.extend(line.await.expect("a line"));
    }
    let seconds = began.elapsed().as_secs_f64();
    took.sort();
    let count = f64::from(u32::try_from(took.len()).unwrap_or(u32::MAX));
    println!(
        "{:.0} webhooks a second, p50 {:?}, p99 {:?}",
        count / seconds,
        took[took.len() / 2],
        took[took.len() * 99 / 100]
    );
    engine.stop().await;
}
