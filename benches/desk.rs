//! What a key, a page, a search and an import cost, at several sizes of the store. `cargo bench` measures at 1,000 and
//! 10,000 conversations; `DESKLINE_BENCH_SIZES=1000,100000,333000 cargo bench` makes stores of those sizes once and keeps
//! them in the target folder. A figure that grows with the size is a fault.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use deskline::{
    app::{AppOptions, Effect, Input, Loaded, Model, Msg, Request, Stroke},
    domain::{
        Author, Customer, Direction, Facts, Gate, GateEvidence, MessageKind, Role, Status, Time,
        change::{Change, ConversationSeen, MessageSeen, Page},
        query::Query,
        text::{SafeText, wrap},
    },
    store::{
        Desk, EngineSide, Imported, ListRequest, Reading, Sort, Way,
        sqlite::{OpenOptions, SqliteStore},
    },
    ui::{self, Theme},
};
use divan::{Bencher, black_box};
use ratatui::{Terminal, backend::TestBackend};
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

fn sizes() -> Vec<usize> {
    let named = std::env::var("DESKLINE_BENCH_SIZES").unwrap_or_else(|_| "1000,10000".into());
    named.split(',').filter_map(|n| n.trim().parse().ok()).collect()
}

fn now() -> Time {
    DateTime::<Utc>::from_timestamp_millis(1_700_000_000_000).unwrap()
}

const WORDS: [&str; 12] = [
    "parcel",
    "refund",
    "encomenda",
    "ainda",
    "order",
    "broken",
    "Lieferung",
    "danke",
    "invoice",
    "chegou",
    "screen",
    "colour",
];

fn body(seed: usize) -> String {
    let words: Vec<&str> = (0..60).map(|n| WORDS[(seed * 7 + n * n) % WORDS.len()]).collect();
    let rare = if seed.is_multiple_of(997) { " zephyrine" } else { "" };
    format!("Hello,\n{}{rare}\nKind regards", words.join(" "))
}

fn page(n: usize) -> Page {
    let id = format!("c{n:07}");
    let begun = now() - TimeDelta::minutes(i64::try_from(n % 500_000).unwrap());
    let head = ConversationSeen {
        subject: Some(format!("About {} {}", WORDS[n % WORDS.len()], n)),
        customer: Customer {
            id: Some(format!("p{n}")),
            name: Some(format!("Person {n}")),
            ..Customer::default()
        },
        gate: Some(GateEvidence::said(Gate::Open)),
        facts: Facts::from_iter([("lang".to_owned(), "en".into())]),
        ..ConversationSeen::named(id.clone(), Role::Customer, begun)
    };
    let message = |at: usize| {
        Change::Message(Box::new(MessageSeen {
            conversation: id.clone(),
            key: format!("{id}/{at}"),
            remote_id: None,
            direction: if at == 1 { Direction::Outbound } else { Direction::Inbound },
            author: Author { role: if at == 1 { Role::Agent } else { Role::Customer }, name: None },
            author_id: None,
            body: body(n * 3 + at),
            raw: None,
            kind: MessageKind::Text,
            attachments: Vec::new(),
            context: None,
            sent_at: Some(begun + TimeDelta::seconds(i64::try_from(at).unwrap())),
            send_id: None,
            provisional: false,
        }))
    };
    let changes = std::iter::once(Change::Conversation(Box::new(head))).chain((0..3).map(message)).collect();
    Page { changes, memory: Vec::new() }
}

fn imported(n: usize) -> Imported {
    let status = [Status::Open, Status::Pending, Status::Resolved, Status::New][n % 4];
    Imported { remote_id: format!("c{n:07}"), page: page(n), status, assignee: None, tags: Vec::new() }
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap())
}

/// A store of so many conversations: made once, found again by its name. One that was not finished is gone on with.
fn store(size: usize) -> SqliteStore {
    let folder: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{size}"));
    std::fs::create_dir_all(&folder).unwrap();
    let store = SqliteStore::open(OpenOptions::at(folder.join("deskline.db"))).unwrap();
    let made = folder.join("made");
    if !made.exists() {
        for from in (0..size).step_by(1000) {
            let batch = (from..size.min(from + 1000)).map(imported).collect();
            runtime().block_on(store.import("bench".into(), batch, now())).unwrap();
        }
        std::fs::write(made, "").unwrap();
    }
    store
}

fn asking(query: &str, sort: Sort) -> ListRequest {
    ListRequest {
        query: Query::parse(query).unwrap(),
        me: "ana".into(),
        sort,
        limit: 100,
        after: None,
        way: Way::Down,
        now: now(),
    }
}

/// A window over a store: what the terminal's loop does, without a terminal.
struct Window {
    model: Model,
    store: SqliteStore,
    screen: Terminal<TestBackend>,
}

impl Window {
    fn open(size: usize) -> Self {
        let mut window = Self {
            model: Model::new(AppOptions::plain("ana", (120, 40)), now()),
            store: store(size),
            screen: Terminal::new(TestBackend::new(120, 40)).unwrap(),
        };
        let effects = window.model.start(now());
        window.take(effects);
        window.key('3');
        window.draw();
        window
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let Effect::Load(ticket, request) = effect else { continue };
            let loaded = match request {
                Request::List(wish) => {
                    let asked = ListRequest {
                        limit: wish.limit,
                        after: wish.after,
                        way: wish.way,
                        ..asking(&wish.query, wish.sort)
                    };
                    Loaded::List(runtime().block_on(self.store.list(asked)).unwrap())
                }
                Request::Counts(queries) => {
                    let queries = queries.iter().map(|it| Query::parse(it).unwrap()).collect();
                    Loaded::Counts(
                        runtime().block_on(self.store.counts(queries, "ana".into(), now())).unwrap(),
                    )
                }
                _ => continue,
            };
            let effects = self.model.update(now(), Msg::Loaded(ticket, loaded));
            self.take(effects);
        }
    }

    fn key(&mut self, key: char) {
        let event = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
        let stroke = Stroke { key: event, after_escape: false };
        let effects = self.model.update(now(), Msg::Input(Input::Key(stroke)));
        self.take(effects);
    }

    fn draw(&mut self) {
        let (model, theme) = (&self.model, Theme::dark());
        self.screen.draw(|frame| ui::render(model, &theme, now(), frame)).unwrap();
    }
}

#[divan::bench(args = sizes())]
fn key_update_and_render(bencher: Bencher, size: usize) {
    let mut window = Window::open(size);
    bencher.bench_local(|| {
        window.key('j');
        window.draw();
    });
}

#[divan::bench(args = sizes())]
fn to_the_end_and_back(bencher: Bencher, size: usize) {
    let mut window = Window::open(size);
    bencher.bench_local(|| {
        window.key('G');
        window.key('g');
        window.key('g');
        window.draw();
    });
}

#[divan::bench(args = sizes())]
fn keyset_page(bencher: Bencher, size: usize) {
    let store = store(size);
    let rows = runtime().block_on(store.list(asking("turn:us", Sort::Due))).unwrap();
    let after = rows.last().map(|row| row.id);
    bencher.bench_local(|| {
        let asked = ListRequest { after, ..asking("turn:us", Sort::Due) };
        black_box(runtime().block_on(store.list(asked)).unwrap())
    });
}

#[divan::bench(args = sizes())]
fn search_as_it_is_typed(bencher: Bencher, size: usize) {
    let store = store(size);
    let mut typed = ["r", "re", "ref", "refu", "refund", "z", "ze", "zep", "zeph"].iter().cycle();
    bencher.bench_local(|| {
        let asked = ListRequest { way: Way::Typed, ..asking(typed.next().unwrap_or(&"r"), Sort::Updated) };
        black_box(runtime().block_on(store.list(asked)).unwrap())
    });
}

#[divan::bench(args = sizes())]
fn counts_of_the_tabs(bencher: Bencher, size: usize) {
    let store = store(size);
    bencher.bench_local(|| {
        let queries =
            ["is:fix", "is:mine turn:us -is:snoozed", "is:unassigned turn:us -is:snoozed", "is:snoozed"];
        let queries = queries.iter().map(|it| Query::parse(it).unwrap()).collect();
        black_box(runtime().block_on(store.counts(queries, "ana".into(), now())).unwrap())
    });
}

/// A hundred conversations of three messages, none of them known, in one transaction.
#[divan::bench(sample_count = 20)]
fn apply_a_page(bencher: Bencher) {
    let store = SqliteStore::temporary().unwrap();
    let mut from = 0;
    bencher.bench_local(|| {
        let changes = (from..from + 100).flat_map(|n| page(n).changes).collect();
        from += 100;
        let page = Page { changes, memory: Vec::new() };
        runtime().block_on(store.apply("whatsapp".into(), page, now())).unwrap()
    });
}

#[divan::bench(sample_count = 20)]
fn import_five_hundred(bencher: Bencher) {
    let store = SqliteStore::temporary().unwrap();
    let mut from = 0;
    bencher.bench_local(|| {
        let batch = (from..from + 500).map(imported).collect();
        from += 500;
        runtime().block_on(store.import("bench".into(), batch, now())).unwrap();
    });
}

#[divan::bench]
fn sanitise_hostile_text(bencher: Bencher) {
    let text = "Olá \u{1b}[31mJoão\u{1b}[0m, e\u{301} \u{202e}abc\u{202c} \u{200b}👩‍👩‍👧 ok\n".repeat(200);
    bencher.bench(|| SafeText::block(black_box(&text)).as_str().len());
}

#[divan::bench]
fn wrap_cjk(bencher: Bencher) {
    let text = "商品がまだ届いていません。確認をお願いします。".repeat(100);
    let safe = SafeText::block(&text);
    bencher.bench(|| wrap(black_box(&safe), 58).len());
}
