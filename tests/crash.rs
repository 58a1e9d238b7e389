//! The promise under `kill -9`: the real program is killed before, within and after every durable step of a send, an
//! upload, a create, a page, a webhook, a look-up, a status, a note and a migration, and started again. Afterwards
//! every reply is at the vendor exactly once or stands in the outbox with its text, and every inbound message is in the
//! store exactly once.
//!
//! The places are found by running each story once without a kill. `DESKLINE_CRASH_RUNS` says how many of them are
//! walked (all of them and further rounds, if it is larger), `DESKLINE_CRASH_SEED` in which order, and
//! `DESKLINE_CRASH_CASE='story@step.moment:n'` walks one alone.

#[path = "support/vendors.rs"]
mod vendors;

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::PathBuf,
    process::{Output, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use deskline::{
    domain::{ConversationId, Delivery, Direction, RowState, desk::ListRequest},
    simulator::Writer,
    store::{
        Reading as _, Sort,
        sqlite::{OpenOptions, SqliteStore},
    },
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use vendors::Vendors;

/// Without a wish: more than the 500 that are promised.
const RUNS: usize = 560;
/// Cases that share a store; each has a conversation of its own, and each start finds what the kill before it left.
const BATCH: usize = 8;
/// Of a place that a story comes to often, so many times are walked.
const OFTEN: usize = 5;

/// Dsco's windows end so long before now.
const SHOWN_AFTER: Duration = Duration::from_secs(12);

/// What the program does when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    /// A reply at a vendor; with a file or without one.
    Reply { vendor: &'static str, channel: &'static str, file: bool },
    /// A conversation that we start.
    Create { vendor: &'static str, channel: &'static str },
    /// The vendor has the reply, and the program is killed while it looks for it.
    Look { vendor: &'static str, channel: &'static str },
    /// A new message of the other side is read.
    Page { vendor: &'static str, channel: &'static str },
    /// A status that the vendor is told of.
    Status,
    /// A note for the team.
    Note,
    /// A webhook is received and read.
    Webhook,
    /// A store of the schema before is brought up to date.
    Migration,
}

const STORIES: [(&str, Story); 15] = [
    ("skyhub-reply", Story::Reply { vendor: "skyhub", channel: "americanas", file: false }),
    ("dsco-reply", Story::Reply { vendor: "dsco", channel: "dsco-supplier", file: false }),
    ("thg-reply", Story::Reply { vendor: "thg", channel: "myprotein", file: false }),
    ("thg-file", Story::Reply { vendor: "thg", channel: "myprotein", file: true }),
    ("whatsapp-reply", Story::Reply { vendor: "whatsapp", channel: "whatsapp", file: false }),
    ("whatsapp-file", Story::Reply { vendor: "whatsapp", channel: "whatsapp", file: true }),
    ("thg-create", Story::Create { vendor: "thg", channel: "myprotein" }),
    ("skyhub-look", Story::Look { vendor: "skyhub", channel: "americanas" }),
    ("dsco-look", Story::Look { vendor: "dsco", channel: "dsco-supplier" }),
    ("thg-page", Story::Page { vendor: "thg", channel: "myprotein" }),
    ("skyhub-page", Story::Page { vendor: "skyhub", channel: "americanas" }),
    ("dsco-page", Story::Page { vendor: "dsco", channel: "dsco-supplier" }),
    ("skyhub-status", Story::Status),
    ("note", Story::Note),
    ("webhook", Story::Webhook),
];
const MIGRATION: (&str, Story) = ("migration", Story::Migration);

fn story(name: &str) -> Option<(&'static str, Story)> {
    STORIES.into_iter().chain([MIGRATION]).find(|(it, _)| *it == name)
}

/// One kill.
#[derive(Clone, Debug)]
struct Case {
    name: &'static str,
    story: Story,
    /// `settle.within:1`.
    place: String,
}

struct Stage {
    vendors: Vendors,
    /// Stores as `sync --once` left them: of this schema, and of the one before.
    template: PathBuf,
    /// The conversations of each vendor, by the vendor's name for them.
    pools: BTreeMap<&'static str, Vec<String>>,
    named: AtomicUsize,
}

/// A copy of the template's store.
struct Copied {
    config: PathBuf,
    store: PathBuf,
    webhook: u16,
    folder: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let vendors = Vendors::start();
        let control = vendors.control();
        control.switches(|switches| {
            switches.rate_limits = false;
            switches.dsco_visibility_ms = 0;
        });
        let mut pools = BTreeMap::<_, Vec<String>>::new();
        for n in 0..BATCH {
            let code = format!("Lojas Americanas-9001{n:04}");
            let ticket = control.new_ticket(&code, &format!("02-9{n:04}"), "Rita", "Cadê o pedido?");
            pools.entry("skyhub").or_default().push(ticket);
            let thread = control.new_thread(&format!("Order {n}"), Some("77"), "Where is it?");
            pools.entry("dsco").or_default().push(thread);
            let discussion = control.new_discussion("WEBSITE_ISSUES", "It fails.");
            control.agent_answers("thg", &discussion, "What do you see?").expect("a discussion");
            pools.entry("thg").or_default().push(discussion);
            pools.entry("whatsapp").or_default().push(format!("5511900000{n:03}"));
        }
        let template = vendors.folder().join("template");
        fs::create_dir_all(&template).expect("a folder");
        fs::write(vendors.folder().join("photo.jpg"), b"\xFF\xD8\xFF\xE0\0\x10JFIF\0 a photo")
            .expect("a file");
        let stage = Self { vendors, template, pools, named: AtomicUsize::new(0) };
        let first = stage.configured(&stage.template.clone());
        let told = Instant::now();
        stage.vendors.webhooks_to(&format!("127.0.0.1:{}", first.webhook));
        stage.served(&first, |_| {
            for person in &stage.pools["whatsapp"] {
                let control = stage.vendors.control();
                control.customer_says("whatsapp", person, "Is it waterproof?").expect("a person");
            }
            let known = "SELECT count(*) >= 8 FROM conversation WHERE remote_id LIKE '5511900000%'";
            wait_until(|| count(&first, known) == 1);
        });
        std::thread::sleep(SHOWN_AFTER.saturating_sub(told.elapsed()));
        let synced = stage.run(&first, &["sync", "--once"], None);
        assert!(synced.status.success(), "{}", String::from_utf8_lossy(&synced.stderr));
        stage
    }

    fn configured(&self, folder: &std::path::Path) -> Copied {
        let n = self.named.fetch_add(1, Ordering::Relaxed);
        let webhook = vendors::free_port();
        let store = folder.join("deskline.db");
        let channels = self
            .vendors
            .channels(&["americanas", "dsco-supplier", "myprotein", "whatsapp"], |_, value| value);
        let text = format!(
            "[store]\nurl = \"sqlite:{}\"\n[sync]\nmax_rate = 0\n[webhook]\nlisten = \"127.0.0.1:{webhook}\"\n{channels}",
            store.display()
        );
        let config = self.vendors.config(&format!("config-{n}.toml"), &text);
        Copied { config, store, webhook, folder: folder.to_owned() }
    }

    fn copy(&self) -> Copied {
        let n = self.named.fetch_add(1, Ordering::Relaxed);
        let folder = self.vendors.folder().join(format!("store-{n}"));
        copy_all(&self.template, &folder);
        self.configured(&folder)
    }

    fn run(&self, copied: &Copied, args: &[&str], crash_at: Option<&str>) -> Output {
        let mut program = self.vendors.program(&copied.config, args);
        if let Some(place) = crash_at {
            program.env("DESKLINE_CRASH_AT", place);
        }
        program.output().expect("the program starts")
    }

    /// Runs the service for as long as `work` takes.
    fn served(&self, copied: &Copied, work: impl FnOnce(u16)) {
        let mut service = self.service(copied, None);
        work(copied.webhook);
        wait_until(|| count(copied, UNREAD) == 0);
        let _ = rustix::process::kill_process(pid(&service), rustix::process::Signal::TERM);
        service.wait().expect("a child");
    }

    fn service(&self, copied: &Copied, crash_at: Option<&str>) -> std::process::Child {
        let mut program = self.vendors.program(&copied.config, &["sync", "--channel", "whatsapp"]);
        if let Some(place) = crash_at {
            program.env("DESKLINE_CRASH_AT", place);
        }
        let mut service =
            program.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        wait_until(|| {
            TcpStream::connect(("127.0.0.1", copied.webhook)).is_ok()
                || service.try_wait().is_ok_and(|ended| ended.is_some())
        });
        service
    }

    /// What the story types, for its `n`th conversation.
    fn arguments(&self, case: &Case, n: usize, text: &str) -> Vec<String> {
        let photo = self.vendors.folder().join("photo.jpg").display().to_string();
        let id = |vendor: &str, channel: &str| format!("{channel}:{}", self.pools[vendor][n]);
        let words: Vec<String> = match case.story {
            Story::Reply { vendor, channel, file } => {
                let mut words = vec!["reply".into(), id(vendor, channel), "--text".into(), text.into()];
                if file {
                    words.extend(["--attach".into(), photo]);
                }
                words.extend(["--wait".into(), "20".into()]);
                words
            }
            Story::Create { channel, .. } => {
                ["new", "--channel", channel, "--category", "WEBSITE_ISSUES", "--text", text, "--wait", "20"]
                    .map(str::to_owned)
                    .into()
            }
            Story::Look { channel, .. } | Story::Page { channel, .. } => {
                ["sync", "--once", "--channel", channel].map(str::to_owned).into()
            }
            Story::Status => vec![
                "status".into(),
                id("skyhub", "americanas"),
                "resolved".into(),
                "--wait".into(),
                "20".into(),
            ],
            Story::Note => {
                vec![
                    "reply".into(),
                    id("skyhub", "americanas"),
                    "--note".into(),
                    "--text".into(),
                    text.into(),
                ]
            }
            Story::Webhook => Vec::new(),
            Story::Migration => vec!["list".into()],
        };
        words
    }

    /// The other side writes what a case is to read.
    fn written(&self, case: &Case, n: usize, text: &str) {
        let control = self.vendors.control();
        match case.story {
            Story::Page { vendor: "thg", .. } => {
                control.agent_answers("thg", &self.pools["thg"][n], text).expect("a discussion");
            }
            Story::Page { vendor, .. } => {
                control.customer_says(vendor, &self.pools[vendor][n], text).expect("a chat");
            }
            _ => {}
        }
    }

    /// Plays a case up to its kill; answers what standard error said.
    fn play(&self, copied: &Copied, case: &Case, n: usize, text: &str) -> Output {
        match case.story {
            Story::Look { vendor, channel } => {
                let reply = Case {
                    story: Story::Reply { vendor, channel, file: false },
                    place: "answer.after:1".into(),
                    ..case.clone()
                };
                let killed = self.play(copied, &reply, n, text);
                assert_eq!(killed.status.signal(), Some(9), "{}", String::from_utf8_lossy(&killed.stderr));
            }
            Story::Webhook => return self.play_webhook(copied, case, n, text),
            _ => {}
        }
        let arguments = self.arguments(case, n, text);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.run(copied, &arguments, Some(&case.place))
    }

    fn play_webhook(&self, copied: &Copied, case: &Case, n: usize, text: &str) -> Output {
        let mut service = self.service(copied, Some(&case.place));
        let body = hook(&self.pools["whatsapp"][n], &format!("wamid-{text}"), text);
        let taken = posted(copied.webhook, &body);
        // Read after it was answered: the kill may come then.
        let until = Instant::now() + Duration::from_secs(30);
        while taken && case.place != "list" && Instant::now() < until {
            if service.try_wait().is_ok_and(|ended| ended.is_some()) {
                break;
            }
            if count(copied, UNREAD) == 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        if case.place == "list" {
            wait_until(|| count(copied, UNREAD) == 0);
        }
        let _ = rustix::process::kill_process(pid(&service), rustix::process::Signal::TERM);
        let mut stderr = Vec::new();
        let _ = service.stderr.take().map(|mut it| it.read_to_end(&mut stderr));
        let status = service.wait().expect("a child");
        if !taken {
            // The vendor sends again what was not answered.
            self.served(copied, |port| wait_until(|| posted(port, &body)));
        }
        Output { status, stdout: Vec::new(), stderr }
    }

    /// The places that a story comes to, each as often as it does.
    fn places(&self, name: &'static str, story: Story) -> Vec<Case> {
        let copied = self.copy();
        if story == Story::Migration {
            first_schema(&copied);
        }
        let case = Case { name, story, place: "list".into() };
        let text = format!("listed-{name}");
        self.written(&case, 0, &text);
        if is_late(story) {
            std::thread::sleep(SHOWN_AFTER);
        }
        let told = self.play(&copied, &case, 0, &text);
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        let mut counts = BTreeMap::<&str, usize>::new();
        let mut cases = Vec::new();
        for place in told.lines().filter_map(|line| line.strip_prefix("crash point ")) {
            let count = counts.entry(place).or_default();
            *count += 1;
            if *count <= OFTEN {
                cases.push(Case { name, story, place: format!("{place}:{count}") });
            }
        }
        assert!(!cases.is_empty(), "{name} comes to no place: {told}");
        cases
    }

    /// Plays cases one after the other over one store, then starts the program again and looks at both sides.
    fn batch(&self, cases: &[Case], round: usize) -> Vec<String> {
        let copied = self.copy();
        let migrates = cases.iter().any(|case| case.story == Story::Migration);
        let mut killed = Vec::new();
        let texts: Vec<String> =
            (0..cases.len()).map(|n| format!("T{round}-{n}-{}", fastrand::u64(..))).collect();
        for (n, (case, text)) in cases.iter().zip(&texts).enumerate() {
            self.written(case, n, text);
        }
        if cases.iter().any(|case| is_late(case.story)) {
            std::thread::sleep(SHOWN_AFTER);
        }
        for (n, (case, text)) in cases.iter().zip(texts).enumerate() {
            if migrates {
                first_schema(&copied);
            }
            let output = self.play(&copied, case, n, &text);
            killed.push((case, n, text, output));
        }
        let healed = self.run(&copied, &["sync", "--once"], None);
        if !healed.status.success() {
            let said = String::from_utf8_lossy(&healed.stderr).into_owned();
            return vec![format!("the start after {cases:?} failed: {said}")];
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut faults = Vec::new();
        runtime.block_on(async {
            let store = SqliteStore::open(OpenOptions::at(&copied.store)).expect("the store opens");
            for note in store.notes() {
                faults.push(format!("{cases:?}: {note}"));
            }
            for (case, n, text, output) in &killed {
                for fault in self.judged(&store, case, *n, text, output).await {
                    let (name, place) = (case.name, &case.place);
                    faults.push(format!(
                        "{name}@{place} ({text}): {fault}\n  again: DESKLINE_CRASH_CASE='{name}@{place}' cargo test \
                         --test crash; killed: {:?}; it said: {}",
                        output.status.signal(),
                        String::from_utf8_lossy(&output.stderr)
                    ));
                }
            }
        });
        let _ = fs::remove_dir_all(&copied.folder);
        faults
    }

    /// What is wrong after a case, if anything is.
    async fn judged(
        &self,
        store: &SqliteStore,
        case: &Case,
        n: usize,
        text: &str,
        output: &Output,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        let conversations = store.list(everything()).await.expect("a list");
        let mut stored = Vec::new();
        for conversation in &conversations {
            let thread = store.thread(conversation.id, None, 1000).await.expect("a thread");
            stored.extend(thread.into_iter().filter(|message| message.body == text));
        }
        let rows = store.outbox(None).await.expect("an outbox");
        let row = rows.iter().find(|row| row.action.outgoing().is_some_and(|it| it.text == text));
        let copies = |vendor: &str| {
            let all = self.vendors.book().all_messages();
            all.iter().filter(|it| it.vendor == vendor && it.writer == Writer::Us && it.text == text).count()
        };
        match case.story {
            Story::Reply { vendor, .. } | Story::Create { vendor, .. } | Story::Look { vendor, .. } => {
                let there = copies(vendor);
                if there > 1 {
                    faults.push(format!("{there} times at the vendor"));
                }
                if stored.len() > 1 {
                    faults.push(format!("{} times in the thread", stored.len()));
                }
                match (stored.first(), row) {
                    (None, _) if there > 0 => faults.push("at the vendor and in no thread".into()),
                    (None, _) if output.status.success() => faults.push("taken, and it is gone".into()),
                    (Some(message), None) => {
                        let sent = matches!(
                            message.delivery,
                            Some(Delivery::Sent | Delivery::Delivered | Delivery::Read)
                        );
                        if !sent || there != 1 {
                            faults.push(format!("{:?}, not in the outbox, {there} there", message.delivery));
                        }
                    }
                    (_, Some(row)) => {
                        let can_be_there = row.state == RowState::Uncertain;
                        if there > 0 && (!can_be_there || vendor != "whatsapp") {
                            faults.push(format!("{} although it is at the vendor", row.state.as_str()));
                        }
                        if matches!(row.state, RowState::Queued | RowState::Held | RowState::Sending) {
                            faults.push(format!("still {} after a whole cycle", row.state.as_str()));
                        }
                    }
                    _ => {}
                }
            }
            Story::Page { .. } | Story::Webhook => {
                if stored.len() != 1 || stored[0].direction != Direction::Inbound {
                    faults.push(format!("{} times in the store", stored.len()));
                }
            }
            Story::Status => {
                let remote = &self.pools["skyhub"][n];
                let found = conversations.iter().find(|it| it.remote_id == *remote);
                let here = found.is_some_and(|it| it.status.as_str() == "resolved");
                let waits = rows.iter().any(|row| row.action.word() == "status");
                let marks = self.vendors.book().marks("skyhub", remote);
                let told = marks.iter().any(|it| it.by_us && it.what.contains("ARCHIVED"));
                if here && !told && !waits {
                    faults.push("resolved here, and the vendor is never told".into());
                }
            }
            Story::Note => {
                if stored.len() > 1 || (output.status.success() && stored.is_empty()) {
                    faults.push(format!("{} times in the thread", stored.len()));
                }
            }
            Story::Migration => {
                let drafts = store.drafts("root".into()).await.expect("drafts").len();
                let old = conversations.iter().filter(|it| it.channel.0 == "old").count();
                if (old, drafts) != (BATCH, BATCH) {
                    faults.push(format!("{old} conversations and {drafts} drafts are left"));
                }
            }
        }
        faults
    }
}

/// Whether what is to be read shows only after a while.
fn is_late(story: Story) -> bool {
    matches!(story, Story::Page { vendor: "dsco", .. })
}

fn everything() -> ListRequest {
    ListRequest {
        query: deskline::domain::query::Query::default(),
        me: "root".into(),
        sort: Sort::Updated,
        limit: 10_000,
        after: None::<ConversationId>,
        way: deskline::store::Way::Down,
        now: chrono::Utc::now(),
    }
}

/// A store as the first deskline left it.
fn first_schema(copied: &Copied) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", copied.store.display()));
    }
    let db = rusqlite::Connection::open(&copied.store).expect("a store");
    db.execute_batch(include_str!("../assets/migrations/V1__the_store.sql")).expect("a schema");
    for n in 0..BATCH {
        db.execute(
            "INSERT INTO conversation (channel, kind, remote_id, their_role, created_at, updated_at) \
             VALUES ('old', 'import', ?1, 'customer', 0, 0)",
            [format!("old-{n}")],
        )
        .expect("a row");
        db.execute(
            "INSERT INTO draft VALUES (?1, 'root', 'reply', 'half a sentence', 0, 0, '[]', NULL, 'null', 0)",
            [i64::try_from(n).expect("few")],
        )
        .expect("a draft");
    }
    drop(db);
    fs::set_permissions(&copied.store, fs::Permissions::from_mode(0o600)).expect("ours");
}

/// Webhooks that were answered and not read yet.
const UNREAD: &str = "SELECT count(*) FROM webhook WHERE read_at IS NULL";

fn count(copied: &Copied, sql: &str) -> i64 {
    let db = rusqlite::Connection::open(&copied.store).expect("a store");
    db.query_row(sql, [], |r| r.get(0)).expect("a count")
}

fn copy_all(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a folder");
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("ours");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_all(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

fn pid(child: &std::process::Child) -> rustix::process::Pid {
    rustix::process::Pid::from_child(child)
}

fn wait_until(mut there: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !there() {
        assert!(Instant::now() < until, "waited for 30 s");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A text of a person, as WhatsApp posts it.
fn hook(person: &str, id: &str, text: &str) -> String {
    let at = chrono::Utc::now().timestamp();
    serde_json::json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
            "contacts": [{"profile": {"name": "Rita"}, "wa_id": person}],
            "messages": [{"from": person, "id": id, "timestamp": at.to_string(), "type": "text", "text": {"body": text}}],
        }}]}],
    })
    .to_string()
}

/// Posts a signed webhook; whether it was answered with 200.
fn posted(port: u16, body: &str) -> bool {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"app-secret-8d1e").expect("any key");
    mac.update(body.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let ask = || -> std::io::Result<String> {
        let mut line = TcpStream::connect(("127.0.0.1", port))?;
        line.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            line,
            "POST /webhook/whatsapp HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Hub-Signature-256: sha256={signature}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        line.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn killed_at_every_step_nothing_is_lost_and_nothing_doubled() {
    let stage = Stage::new();
    let mut cases: Vec<Case> = Vec::new();
    if let Ok(wish) = std::env::var("DESKLINE_CRASH_CASE") {
        let (name, place) = wish.split_once('@').expect("story@step.moment:n");
        let (name, story) = story(name).expect("a story");
        cases.push(Case { name, story, place: place.into() });
    } else {
        let found = Mutex::new(Vec::new());
        in_parallel(STORIES.into_iter().chain([MIGRATION]).collect(), |(name, story)| {
            let places = stage.places(name, story);
            found.lock().expect("no panic").push((name, places));
        });
        let mut found = found.into_inner().expect("no panic");
        found.sort_by_key(|(name, _)| *name);
        for (name, places) in &found {
            println!("{name}: {} places", places.len());
        }
        cases.extend(found.into_iter().flat_map(|(_, places)| places));
    }
    let seed = number("DESKLINE_CRASH_SEED").unwrap_or(1);
    let runs = number("DESKLINE_CRASH_RUNS").and_then(|it| usize::try_from(it).ok()).unwrap_or(RUNS);
    let mut random = fastrand::Rng::with_seed(seed);
    let distinct = cases.len();
    let mut walked = Vec::new();
    while walked.len() < runs.min(if distinct == 1 { 1 } else { runs }) {
        random.shuffle(&mut cases);
        walked.extend(cases.iter().take(runs - walked.len()).cloned());
    }
    let (late, walked): (Vec<Case>, Vec<Case>) = walked.into_iter().partition(|case| is_late(case.story));
    let (migrations, walked): (Vec<Case>, Vec<Case>) =
        walked.into_iter().partition(|case| case.story == Story::Migration);
    let kills = late.len() + walked.len() + migrations.len();
    let batches = [late, migrations, walked];
    let batches = batches.iter().flat_map(|cases| cases.chunks(BATCH)).map(<[Case]>::to_vec);
    let batches: Vec<(usize, Vec<Case>)> = batches.enumerate().collect();
    let faults = Mutex::new(Vec::new());
    in_parallel(batches, |(round, batch)| {
        let found = stage.batch(&batch, round);
        faults.lock().expect("no panic").extend(found);
    });
    let faults = faults.into_inner().expect("no panic");
    println!("{} kills at {} places, seed {seed}", kills, distinct.min(runs));
    assert!(faults.is_empty(), "{} faults with seed {seed}:\n{}", faults.len(), faults.join("\n"));
}

fn in_parallel<T: Send>(work: Vec<T>, each: impl Fn(T) + Sync) {
    let work = Mutex::new(work.into_iter());
    // Most of the time is spent waiting for disks and look-ups, not computing.
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get) * 4;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = work.lock().expect("no panic").next();
                    let Some(next) = next else { return };
                    each(next);
                }
            });
        }
    });
}
