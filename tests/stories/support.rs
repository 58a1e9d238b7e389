//! A desk as an agent has it: the simulator's vendors on loopback, the real connectors, engine and store, and windows
//! whose keys are bytes and whose screens are text. Time is moved by hand, or by [`World::pass`], which lets it run while
//! nothing else happens.

use std::{
    fmt::Write as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{TimeZone, Utc};
use deskline::{
    app::{AppOptions, Effect, EngineState, Input, Model, Msg, Screen, Signal, Stroke, Ticket},
    channels::{
        Channel,
        registry::{self, Means},
        tokens::Tokens,
    },
    config::{self, Account, Environment, Sources},
    domain::{ConversationId, Descriptor, DraftWindow, Message, OutboxRow, Time, time::Clock},
    simulator::{Book, Control, Options, Simulator, Switches},
    store::{
        SharedStore,
        sqlite::{OpenOptions, SqliteStore},
    },
    sync::{Engine, EngineHandle, EngineOptions, Pace, testing::TestClock},
    terminal::{
        canned::Files,
        hands::Hands,
        input::{Decoder, InputEvent, Timing},
        perform::Performer,
    },
    ui::{self, Theme},
};
use ratatui::{Terminal, backend::TestBackend};
use tokio::sync::mpsc;

/// How long anything may take in real time before a story fails. Only a guard: nothing waits for it.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// How long it must be quiet before the clock is moved on.
const QUIET: Duration = Duration::from_millis(10);
/// How far it is moved then.
const STEP: Duration = Duration::from_millis(500);

/// What may be sent at any time.
const TEMPLATES: &str =
    "[[template]]\nname = \"we_are_back\"\nlanguage = \"en_US\"\ntext = \"We are back.\"\n";

/// João's chat, which can be answered.
pub const JOAO: &str = "Lojas Americanas-200123456789001/CUSTOMER_SELLER";
/// Maria's chat, which the marketplace mediates.
pub const MARIA: &str = "Lojas Americanas-200123456790001/CUSTOMER_SELLER";
/// The consumer whose order is late.
pub const LATE: &str = "sfs09fsf09s8fsfs9009";

/// Vendors, clock, store and engine.
pub struct World {
    pub clock: Arc<TestClock>,
    pub simulator: Simulator,
    pub store: SharedStore,
    pub descriptors: Vec<Descriptor>,
    channels: Vec<Arc<dyn Channel>>,
    folder: tempfile::TempDir,
    engine: Option<EngineHandle>,
}

impl World {
    /// A desk with these channels, once everything that the vendors have is in the store.
    pub async fn with(names: &[&str]) -> Self {
        let start = Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).single().expect("a valid date");
        let clock = Arc::new(TestClock::at(start));
        // Limits are counted by a clock that stands still here; they have tests of their own.
        let switches = Switches { rate_limits: false, ..Switches::default() };
        let simulator = Simulator::start(Options {
            listen: ([127, 0, 0, 1], 0).into(),
            seed: 7,
            conversations: 0,
            lang: None,
            live: false,
            clock: clock.clone(),
            switches,
        })
        .await
        .expect("a free port");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        let mut text = String::from(
            "[sync]\npoll_interval = \"5s\"\nmax_rate = 0\n\n[webhook]\nlisten = \"127.0.0.1:0\"\n",
        );
        for account in simulator.accounts().iter().filter(|it| names.contains(&it.name.as_str())) {
            let _ = write!(text, "\n[[channel]]\nname = \"{}\"\nkind = \"{}\"\n", account.name, account.kind);
            for (key, value) in &account.settings {
                let _ = writeln!(text, "{key} = {}", toml::Value::String(value.clone()));
            }
            if account.kind == "whatsapp" {
                let templates = folder.path().join("templates.toml");
                std::fs::write(&templates, TEMPLATES).expect("a file");
                let _ = writeln!(text, "templates = \"{}\"", templates.display());
            }
        }
        std::fs::write(&file, text).expect("a file");
        private(&file);
        let account = Account {
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            login: "ana".into(),
            full_name: Some("Ana Souza".into()),
            home: folder.path().into(),
        };
        let environment = Environment::new([], account).confined_to(folder.path());
        let mut sources = Sources::new(&environment);
        sources.file = Some(file);
        let config = config::load(&sources, &registry::schemas()).expect("a configuration");
        let mut channels = Vec::new();
        let mut descriptors = Vec::new();
        for channel in &config.channels {
            let kind = registry::kind(channel.kind.as_str()).expect("a kind");
            let secrets = channel.settings.resolve_secrets(&environment).await.expect("literal secrets");
            let means = Means {
                clock: clock.clone(),
                secrets,
                tokens: Tokens::in_memory(),
                max_rate: channel.max_rate,
            };
            descriptors.push((kind.describe)(channel));
            channels.push((kind.build)(channel, means).expect("a channel"));
        }
        let store = SqliteStore::open(OpenOptions {
            path: folder.path().join("deskline.db"),
            group: None,
            owner: None,
            keep_status_after_send: false,
            clock: Some(clock.clone()),
        })
        .expect("a store");
        let store: SharedStore = Arc::new(store);
        store.open_as("ana".into(), descriptors.clone(), clock.now()).await.expect("opens");
        let mut world = Self { clock, simulator, store, descriptors, channels, folder, engine: None };
        world.start_engine();
        let whole = world.vendors_have(names);
        world
            .pass("the first sync", async |it: &World| {
                for (channel, remote) in &whole {
                    if it.find(channel, remote).await.is_none() {
                        return false;
                    }
                }
                true
            })
            .await;
        world
    }

    fn vendors_have(&self, names: &[&str]) -> Vec<(String, String)> {
        let all = [
            ("myprotein", self.control().conversations("thg")),
            ("dsco-supplier", vec![LATE.to_owned()]),
            ("americanas", self.control().conversations("skyhub")),
            ("whatsapp", vec!["16315551234".to_owned(), "16505551234".into(), "447700900123".into()]),
        ];
        all.into_iter()
            .filter(|(name, _)| names.contains(name))
            .flat_map(|(name, ids)| ids.into_iter().map(move |id| (name.to_owned(), id)))
            .collect()
    }

    /// Starts the engine, and tells WhatsApp where it listens.
    pub fn start_engine(&mut self) {
        let pace = Pace { fast: Duration::from_secs(5), sweep: Duration::from_mins(15) };
        let engine = Engine::start(EngineOptions {
            store: self.store.clone(),
            channels: self.channels.clone(),
            clock: self.clock.clone(),
            seed: 1,
            service: true,
            holder: "ana@desk1:1".into(),
            lock_dir: self.folder.path().into(),
            paces: self.descriptors.iter().map(|it| (it.name.clone(), pace)).collect(),
            webhook: Some(([127, 0, 0, 1], 0).into()),
            max_attachment: 25_000_000,
        });
        let address = engine.webhook_address().expect("a free port");
        let url = |path: &str| Some(format!("http://{address}{path}"));
        self.simulator.set_webhooks(url("/webhook/whatsapp"), url("/webhook/onprem-6f1d20c4"));
        self.engine = Some(engine);
    }

    /// Stops the engine.
    pub async fn stop_engine(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.stop().await;
        }
    }

    pub fn control(&self) -> Control {
        self.simulator.control()
    }

    pub fn book(&self) -> &Book {
        self.simulator.book()
    }

    pub async fn find(&self, channel: &str, remote: &str) -> Option<ConversationId> {
        self.store.find(channel.into(), remote.into()).await.expect("a store that works")
    }

    pub async fn id(&self, channel: &str, remote: &str) -> ConversationId {
        self.find(channel, remote).await.expect("a conversation that is stored")
    }

    pub async fn thread(&self, id: ConversationId) -> Vec<Message> {
        self.store.thread(id, None, 1000).await.expect("a store that works")
    }

    pub async fn outbox(&self) -> Vec<OutboxRow> {
        self.store.outbox(None).await.expect("a store that works")
    }

    /// The vendor's name of the conversation in which this was said.
    pub fn said(&self, vendor: &str, text: &str) -> String {
        let all = self.book().all_messages();
        let found = all.iter().find(|message| message.vendor == vendor && message.text.contains(text));
        found.expect("somebody said so").conversation.clone()
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// A canned reply of the agent's.
    pub fn canned(&self, name: &str, text: &str) {
        let folder = self.folder.path().join("canned");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(name), text).expect("a file");
    }

    /// A file of the agent's.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// Lets time run while nothing else happens, until `holds`.
    pub async fn pass(&self, what: &str, mut holds: impl AsyncFnMut(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self).await {
            assert!(Instant::now() < end, "never came true: {what}\noutbox: {:#?}", self.outbox().await);
            self.tick().await;
        }
    }

    async fn tick(&self) {
        let seen = self.store.changed(0).await;
        if tokio::time::timeout(QUIET, self.store.changed(seen)).await.is_err() {
            self.clock.advance(STEP);
        }
    }

    /// Ends a story: no client that keeps the vendors' contracts would have done anything else.
    pub async fn end(mut self) {
        self.stop_engine().await;
        assert_eq!(self.book().breaches(), Vec::<String>::new());
        self.simulator.stop().await;
    }

    /// A window of an agent, as it stands once its list has been drawn.
    pub async fn window(&self, me: &str, size: (u16, u16)) -> Window {
        self.window_with(me, size, |_| {}).await
    }

    /// A window whose configuration says more.
    pub async fn window_with(
        &self,
        me: &str,
        size: (u16, u16),
        configure: impl FnOnce(&mut AppOptions),
    ) -> Window {
        self.store.open_as(me.into(), self.descriptors.clone(), self.clock.now()).await.expect("opens");
        let mut options = AppOptions {
            me: me.into(),
            name: me.into(),
            descriptors: self.descriptors.clone(),
            views: Vec::new(),
            channel: None,
            keep_status: false,
            lint: std::collections::HashMap::new(),
            canned: vec![self.folder.path().join("canned")],
            filters: Vec::new(),
            preset: "default".into(),
            bindings: Vec::new(),
            pin: None,
            mouse: false,
            members: Vec::new(),
            teams: Vec::new(),
            my_teams: Vec::new(),
            zone: chrono_tz::UTC,
            lang: deskline::domain::Lang::En,
            demo: false,
            tutor: false,
            config_file: None,
            size,
        };
        configure(&mut options);
        let named = AtomicU64::new(0);
        let (prefix, clock) = (format!("{me}{}", fastrand::u64(..)), self.clock.clone());
        let performer = Performer {
            store: self.store.clone(),
            me: me.into(),
            window: DraftWindow { name: prefix.clone(), place: "pts/4".into() },
            clock: clock.clone(),
            send_ids: Arc::new(move || format!("{prefix}-{}", named.fetch_add(1, Ordering::Relaxed))),
            home: self.folder.path().into(),
            files: Files { folders: vec![self.folder.path().join("canned")], products: None },
        };
        let (hands, inbox) =
            Hands::new(performer, vec!["/bin/true".into()], self.folder.path().join("downloads"));
        let mut window = Window {
            model: Model::new(options, clock.now()),
            terminal: Terminal::new(TestBackend::new(size.0, size.1)).expect("a screen in memory"),
            decoder: Decoder::new(Timing::LOCAL),
            moment: Duration::ZERO,
            clock,
            hands,
            inbox,
            timers: Vec::new(),
            quit: false,
            copied: None,
            editor: None,
            bells: 0,
        };
        let effects = window.model.start(window.clock.now());
        window.perform(effects);
        window.tell(Msg::Engine(EngineState::Here));
        window.until("the first list", |it| !it.model.list.loading && !it.model.list.rows.is_empty()).await;
        window
    }
}

/// A window: keys in, screen out.
pub struct Window {
    pub model: Model,
    terminal: Terminal<TestBackend>,
    decoder: Decoder,
    moment: Duration,
    clock: Arc<TestClock>,
    hands: Hands,
    inbox: mpsc::UnboundedReceiver<Msg>,
    timers: Vec<(Time, Ticket)>,
    pub quit: bool,
    /// What is on the clipboard.
    pub copied: Option<String>,
    /// What `$EDITOR` leaves in the file.
    pub editor: Option<String>,
    pub bells: usize,
}

impl Window {
    /// Bytes of one read of the tty. An Esc at their end is given its time to be no sequence.
    pub fn read(&mut self, bytes: &str) {
        self.moment += Duration::from_secs(1);
        let mut events = self.decoder.feed(self.moment, bytes.as_bytes());
        self.moment += Duration::from_secs(1);
        events.extend(self.decoder.timeout(self.moment));
        for event in events {
            let input = match event {
                InputEvent::Keys(keys) => {
                    let mut strokes: Vec<Stroke> = keys
                        .into_iter()
                        .map(|key| Stroke { key: key.event, after_escape: key.after_escape })
                        .collect();
                    if strokes.len() == 1 { Input::Key(strokes.remove(0)) } else { Input::Burst(strokes) }
                }
                InputEvent::Paste { text, .. } => Input::Paste(text),
                _ => continue,
            };
            self.tell(Msg::Input(input));
        }
        self.step();
    }

    /// Keys one by one, as a hand types them.
    pub fn keys(&mut self, keys: &str) {
        let mut letter = [0; 4];
        for key in keys.chars() {
            self.read(key.encode_utf8(&mut letter));
        }
    }

    /// The screen's text, a line each.
    pub fn text(&self) -> String {
        let buffer = self.terminal.backend().buffer();
        let width = usize::from(buffer.area.width);
        buffer
            .content()
            .chunks(width)
            .map(|row| {
                row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned() + "\n"
            })
            .collect()
    }

    pub fn shows(&self, what: &str) -> bool {
        self.text().contains(what)
    }

    /// Opens a conversation by its number, as `:17` does.
    pub async fn open(&mut self, id: ConversationId, shows: &str) {
        self.keys(&format!(":{id}\r"));
        // Keys typed before it was drawn would not act on it.
        self.until(shows, |window| {
            window.model.screen == Screen::Thread
                && window.model.thread.as_ref().is_some_and(|thread| thread.id == id && thread.loaded)
                && window.shows(shows)
        })
        .await;
    }

    /// Waits, without moving the clock, until the screen shows this.
    pub async fn sees(&mut self, what: &str) {
        self.until(what, |window| window.shows(what)).await;
    }

    /// Waits, without moving the clock.
    pub async fn until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        self.step();
        while !holds(self) {
            assert!(Instant::now() < end, "never came true: {what}\n{}", self.text());
            self.wait(false).await;
        }
    }

    /// Lets time run while nothing else happens, until `holds`.
    pub async fn pass(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        self.step();
        while !holds(self) {
            assert!(Instant::now() < end, "never came true: {what}\n{}", self.text());
            self.wait(true).await;
        }
    }

    /// What comes in, or a rest: then time is moved on, where it may.
    pub async fn wait(&mut self, moves: bool) {
        match tokio::time::timeout(QUIET, self.inbox.recv()).await {
            Ok(Some(msg)) => self.tell(msg),
            Err(_) if moves => self.clock.advance(STEP),
            Ok(None) | Err(_) => {}
        }
        self.step();
    }

    /// Everything that waits, then a picture: the loop of `terminal::run`.
    pub fn step(&mut self) {
        let now = self.clock.now();
        let mut due: Vec<(Time, Ticket)> = self.timers.iter().filter(|(at, _)| *at <= now).copied().collect();
        self.timers.retain(|(at, _)| *at > now);
        due.sort();
        for (_, ticket) in due {
            self.tell(Msg::TimerFired(ticket));
        }
        while let Ok(msg) = self.inbox.try_recv() {
            self.tell(msg);
        }
        if self.model.take_dirty() {
            let (model, theme) = (&self.model, Theme::dark());
            self.terminal.draw(|frame| ui::render(model, &theme, now, frame)).expect("memory takes it");
            let effects = self.model.drawn(now);
            self.perform(effects);
        }
    }

    pub fn tell(&mut self, msg: Msg) {
        let effects = self.model.update(self.clock.now(), msg);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::StartTimer { ticket, at } => {
                    self.timers.retain(|(_, other)| *other != ticket);
                    self.timers.push((at, ticket));
                }
                Effect::Quit => self.quit = true,
                Effect::Bell => self.bells += 1,
                Effect::Copy(ticket, text) => {
                    self.copied = Some(text);
                    let _ = self.hands.messages.send(Msg::Said(ticket, "copied".into()));
                }
                Effect::OpenEditor(ticket, text, _) => {
                    let edited = self.editor.clone().unwrap_or(text);
                    let _ = self.hands.messages.send(Msg::Edited(ticket, Ok(edited)));
                }
                effect => drop(self.hands.perform(effect)),
            }
        }
    }

    /// The line drops: the program saves what it has and is gone.
    pub async fn hang_up(mut self) {
        self.tell(Msg::Signal(Signal::Hangup));
        assert!(self.quit);
        self.hands.rest().await;
    }
}

fn private(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("ours");
}
