//! The simulator with everybody's accounts, and what plays on it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt::{self, Write as _},
    future::Future,
    os::unix::fs::PermissionsExt,
    pin::Pin,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use deskline::{
    channels::{
        Channel, ChannelError, Found, KnownMessage, Memory, Prepared, Sending, Sent, Sink, Sweep, Target,
        registry::{self, Means},
        tokens::Tokens,
    },
    config::{self, ChannelConfig},
    domain::{
        Action, Gate, Outgoing, Time,
        change::{AttachmentSeen, Change, ConversationSeen, Page},
        outbox::NewConversation,
        time::Clock,
    },
    simulator::{Account, Fault, Options, Simulator, Switches},
};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// A secret that no vendor knows.
pub const WRONG: &str = "wr0ng-s3cret";

/// A clock that is moved by hand.
pub struct HandClock {
    now: Mutex<Time>,
    moved: Notify,
}

impl HandClock {
    pub fn forward(&self, by: TimeDelta) {
        *self.now.lock().unwrap() += by;
        self.moved.notify_waiters();
    }
}

impl Clock for HandClock {
    fn now(&self) -> Time {
        *self.now.lock().unwrap()
    }

    fn sleep_until(&self, at: Time) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            loop {
                let moved = self.moved.notified();
                if self.now() >= at {
                    return;
                }
                moved.await;
            }
        })
    }
}

type Bodies = Arc<Mutex<Vec<(Option<String>, Vec<u8>)>>>;

/// The simulator, its clock, and what its webhooks brought.
pub struct Stage {
    pub clock: Arc<HandClock>,
    simulator: Simulator,
    /// By the listener's path.
    heard: HashMap<&'static str, Bodies>,
    forgotten: Mutex<HashMap<String, usize>>,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With the vendors' open points decided otherwise.
    pub async fn with(decide: impl FnOnce(&mut Switches)) -> Self {
        let mut switches = Switches {
            rate_limits: false,
            dsco_visibility_ms: 0,
            dsco_page_size: 5,
            skyhub_page_size: 5,
            ..Switches::default()
        };
        decide(&mut switches);
        let clock = Arc::new(HandClock {
            now: Mutex::new("2026-03-02T12:00:00Z".parse().unwrap()),
            moved: Notify::new(),
        });
        let simulator = Simulator::start(Options {
            listen: ([127, 0, 0, 1], 0).into(),
            seed: 7,
            conversations: 14,
            lang: None,
            live: false,
            clock: clock.clone(),
            switches,
        })
        .await
        .unwrap();
        let heard: HashMap<&str, Bodies> =
            [("cloud", Bodies::default()), ("on-premises", Bodies::default())].into();
        let cloud = listener(heard["cloud"].clone()).await;
        let on_premises = listener(heard["on-premises"].clone()).await;
        simulator.set_webhooks(Some(cloud), Some(on_premises));
        simulator.control().settled().await;
        Self { clock, simulator, heard, forgotten: Mutex::default() }
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Everybody.
    pub async fn players(&self) -> Vec<Player> {
        let mut accounts = self.simulator.accounts();
        accounts.push(self.simulator.thg_web_account());
        let mut players = Vec::new();
        for account in accounts {
            players.push(self.build(&account, None).await);
        }
        players
    }

    /// Those who ask their vendor.
    pub async fn pulled(&self) -> Vec<Player> {
        self.players().await.into_iter().filter(|it| !it.listens()).collect()
    }

    /// One of them, as if newly started.
    pub async fn player(&self, name: &str) -> Player {
        self.build(&self.account(name), None).await
    }

    /// The same with secrets that nobody knows.
    pub async fn stranger(&self, name: &str) -> Player {
        self.build(&self.account(name), Some(WRONG)).await
    }

    fn account(&self, name: &str) -> Account {
        let mut accounts = self.simulator.accounts();
        accounts.push(self.simulator.thg_web_account());
        accounts.into_iter().find(|it| it.name == name).unwrap()
    }

    async fn build(&self, account: &Account, secret: Option<&str>) -> Player {
        let schema = registry::kind(account.kind).unwrap().schema;
        let folder = tempfile::tempdir().unwrap();
        let mut text = format!(
            "[webhook]\nlisten = \"127.0.0.1:0\"\n[[channel]]\nname = \"{}\"\nkind = \"{}\"\n",
            account.name, account.kind
        );
        for (key, value) in &account.settings {
            let secrets = schema.keys.iter().filter(|it| it.what == config::KeyKind::Secret);
            let value = match secret.filter(|_| secrets.clone().any(|it| it.name == *key)) {
                Some(wrong) => wrong.to_owned(),
                None => value.clone(),
            };
            let _ = writeln!(text, "{key} = {}", toml::Value::String(value));
        }
        // From the beginning of the simulator's world on, where a kind would look back only so far.
        if schema.keys.iter().any(|it| it.name == "start") {
            text.push_str("start = \"2020-01-01T00:00:00Z\"\n");
        }
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let environment = config::Environment::new([], config::Account::current());
        let sources = config::Sources { environment: &environment, file: Some(file), arguments: Vec::new() };
        let config = config::load(&sources, &registry::schemas()).unwrap().channels.remove(0);
        let means = Means {
            clock: self.clock.clone(),
            secrets: config.settings.resolve_secrets(&environment).await.unwrap(),
            tokens: Tokens::in_memory(),
            max_rate: 0,
        };
        let channel = (registry::kind(account.kind).unwrap().build)(&config, means).unwrap();
        Player { name: account.name.clone(), channel, config }
    }

    pub fn control(&self) -> deskline::simulator::Control {
        self.simulator.control()
    }

    /// Something goes wrong from now on.
    pub fn strike(&self, fault: Fault) {
        self.simulator.control().fault(fault);
    }

    /// Nothing goes wrong any more.
    pub fn fair_weather(&self) {
        self.simulator.control().clear_faults();
    }

    /// How many requests have come to any vendor.
    pub fn requests(&self) -> usize {
        self.simulator.book().to_json()["requests"].as_array().unwrap().len()
    }

    /// How often this text of ours exists at the vendors, not counting what was forgotten.
    pub fn copies(&self, text: &str) -> usize {
        self.all_copies(text) - self.forgotten.lock().unwrap().get(text).copied().unwrap_or_default()
    }

    /// From now on these copies do not count.
    pub fn forget(&self, text: &str) {
        self.forgotten.lock().unwrap().insert(text.to_owned(), self.all_copies(text));
    }

    fn all_copies(&self, text: &str) -> usize {
        self.simulator.book().all_messages().iter().filter(|it| it.text == text).count()
    }

    pub fn assert_no_breach(&self) {
        let breaches = self.simulator.book().breaches();
        assert!(breaches.is_empty(), "{breaches:#?}");
    }
}

async fn listener(bodies: Bodies) -> String {
    let app = axum::Router::new().fallback(
        move |headers: axum::http::HeaderMap, body: axum::body::Bytes| async move {
            let signature =
                headers.get("x-hub-signature-256").and_then(|it| it.to_str().ok()).map(str::to_owned);
            bodies.lock().unwrap().push((signature, body.to_vec()));
            ""
        },
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/hook")
}

/// A channel that plays.
pub struct Player {
    pub name: String,
    pub channel: Arc<dyn Channel>,
    config: ChannelConfig,
}

impl fmt::Display for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A send on its way: what it needs, in one piece.
pub struct OnItsWay<'a> {
    player: &'a Player,
    target: Target,
    action: Action,
    prepared: Prepared,
    started_at: Time,
}

impl OnItsWay<'_> {
    fn sending(&self) -> Sending<'_> {
        Sending {
            action: &self.action,
            target: Some(&self.target),
            send_id: "01J8Z6ABCDEF",
            started_at: self.started_at,
            quote: None,
            upload: None,
            evidence: &self.prepared.evidence,
        }
    }

    pub async fn leaves(&self) -> Result<Sent, ChannelError> {
        self.player.channel.send(&self.sending()).await
    }

    pub async fn look_up(&self) -> Result<Found, ChannelError> {
        self.player.channel.look_up(&self.sending()).await
    }
}

impl Player {
    pub fn kind(&self) -> String {
        self.channel.descriptor().kind.as_str().to_owned()
    }

    /// Whether its messages come by webhook.
    pub fn listens(&self) -> bool {
        self.channel.webhook().is_some()
    }

    pub async fn scan(&self, sweep: Sweep, kept: &Kept) -> Result<(), ChannelError> {
        self.channel.scan(sweep, kept, &mut Pages(kept)).await
    }

    /// Reads all there is, by whichever way it comes.
    pub async fn read(&self, stage: &Stage, kept: &Kept) {
        if self.listens() {
            self.heard(stage, kept, |body| body).await;
        } else {
            self.scan(Sweep::Full, kept).await.unwrap_or_else(|error| panic!("{self}: {error}"));
        }
    }

    /// Reads what the webhooks brought, each body changed by `change` after its signature was looked at.
    pub async fn heard(&self, stage: &Stage, kept: &Kept, change: impl Fn(Value) -> Value) {
        stage.simulator.control().settled().await;
        let hook = self.channel.webhook().unwrap();
        let way = self.config.settings.text("api").unwrap_or("cloud");
        let bodies = stage.heard[way].lock().unwrap().clone();
        assert!(!bodies.is_empty(), "{self} hears something");
        for (signature, body) in bodies {
            assert!(hook.verifies(signature.as_deref(), &body), "{self}");
            let body = change(serde_json::from_slice(&body).unwrap());
            let parsed = hook.parse(body.to_string().as_bytes(), stage.now(), true);
            assert_eq!(parsed.unread, Vec::<String>::new(), "{self}");
            kept.add(parsed.page);
        }
    }

    /// A conversation that may be written to.
    pub async fn somebody(&self, stage: &Stage) -> Target {
        let kept = Kept::default();
        self.read(stage, &kept).await;
        let mut open: Vec<_> = kept.conversations();
        open.retain(|it| it.gate.as_ref().is_some_and(|gate| gate.at(stage.now()) == Gate::Open));
        let seen = open.first().unwrap_or_else(|| panic!("{self}: somebody may be written to"));
        Target {
            remote_id: seen.remote_id.clone(),
            aliases: Vec::new(),
            facts: seen.facts.clone(),
            customer: seen.customer.clone(),
            gate: Gate::Open,
            composing: false,
            known: kept.known(&seen.remote_id),
        }
    }

    pub async fn begin(&self, target: &Target, text: &str) -> Result<OnItsWay<'_>, ChannelError> {
        let action = Action::Reply(Outgoing { text: text.into(), ..Outgoing::default() });
        let mut send = OnItsWay {
            player: self,
            target: target.clone(),
            action,
            prepared: Prepared::default(),
            started_at: "2026-03-02T12:00:00Z".parse().unwrap(),
        };
        send.prepared = self.channel.prepare(&send.sending()).await?;
        Ok(send)
    }

    pub async fn reply(&self, target: &Target, text: &str) -> Result<Sent, ChannelError> {
        self.begin(target, text).await?.leaves().await
    }

    pub async fn say(
        &self,
        target: &Target,
        outgoing: Outgoing,
        upload: Option<String>,
    ) -> Result<Sent, ChannelError> {
        let action = Action::Reply(outgoing);
        let sending = Sending {
            action: &action,
            target: Some(target),
            send_id: "01J8Z6FILE",
            started_at: "2026-03-02T12:00:00Z".parse().unwrap(),
            quote: None,
            upload,
            evidence: &Value::Null,
        };
        let prepared = self.channel.prepare(&sending).await?;
        self.channel.send(&Sending { evidence: &prepared.evidence, ..sending }).await
    }

    pub async fn act(&self, action: &Action, target: Option<&Target>) -> Result<Sent, ChannelError> {
        let sending = Sending {
            action,
            target,
            send_id: "01J8Z6ACT",
            started_at: "2026-03-02T12:00:00Z".parse().unwrap(),
            quote: None,
            upload: None,
            evidence: &Value::Null,
        };
        self.channel.send(&sending).await
    }

    pub fn may_create(&self, new: &NewConversation) -> Result<(), ChannelError> {
        (registry::kind(&self.kind()).unwrap().may_create)(&self.config, new)
    }
}

/// A store that only remembers.
#[derive(Default)]
pub struct Kept {
    notes: Mutex<HashMap<String, Value>>,
    pages: Mutex<Vec<Page>>,
}

impl Kept {
    fn add(&self, page: Page) {
        self.notes.lock().unwrap().extend(page.memory.iter().cloned());
        self.pages.lock().unwrap().push(page);
    }

    pub fn pages(&self) -> Vec<Page> {
        self.pages.lock().unwrap().clone()
    }

    fn changes(&self) -> Vec<Change> {
        self.pages().into_iter().flat_map(|it| it.changes).collect()
    }

    /// Each conversation as it was last shown.
    pub fn conversations(&self) -> Vec<ConversationSeen> {
        let mut known = HashSet::new();
        let mut found: Vec<_> = self
            .changes()
            .into_iter()
            .rev()
            .filter_map(|it| match it {
                Change::Conversation(it) if known.insert(it.remote_id.clone()) => Some(*it),
                _ => None,
            })
            .collect();
        found.sort_by(|a, b| a.remote_id.cmp(&b.remote_id));
        found
    }

    /// Key and text of every message that is there for good.
    pub fn messages(&self) -> BTreeSet<(String, String)> {
        let messages = self.changes().into_iter().filter_map(|it| match it {
            Change::Message(it) if !it.provisional => Some((it.key, it.body)),
            _ => None,
        });
        messages.collect()
    }

    /// The texts of all messages.
    pub fn texts(&self) -> BTreeSet<String> {
        self.messages().into_iter().map(|it| it.1).collect()
    }

    pub fn attachments(&self) -> Vec<AttachmentSeen> {
        let messages = self.changes().into_iter().filter_map(|it| match it {
            Change::Message(it) => Some(it.attachments),
            _ => None,
        });
        messages.flatten().collect()
    }

    fn known(&self, conversation: &str) -> Vec<KnownMessage> {
        let messages = self.changes().into_iter().filter_map(|it| match it {
            Change::Message(it) if it.conversation == conversation && !it.provisional => Some(KnownMessage {
                key: it.key,
                direction: it.direction,
                at: it.sent_at.unwrap_or_default(),
            }),
            _ => None,
        });
        let mut known: Vec<_> = messages.collect();
        known.sort_by_key(|it| it.at);
        known
    }
}

#[async_trait]
impl Memory for Kept {
    async fn note(&self, key: &str) -> Result<Option<Value>, ChannelError> {
        Ok(self.notes.lock().unwrap().get(key).cloned())
    }

    async fn open_conversations(&self) -> Result<Vec<String>, ChannelError> {
        Ok(Vec::new())
    }

    async fn knows(&self, remote_id: &str) -> Result<bool, ChannelError> {
        Ok(self.conversations().iter().any(|it| it.remote_id == remote_id))
    }
}

struct Pages<'a>(&'a Kept);

#[async_trait]
impl Sink for Pages<'_> {
    async fn page(&mut self, page: Page) -> Result<(), ChannelError> {
        self.0.add(page);
        Ok(())
    }
}

/// The same JSON with fields that nobody has heard of, in every object of it.
pub fn decorated(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: serde_json::Map<String, Value> =
                fields.into_iter().map(|(key, value)| (key, decorated(value))).collect();
            fields.insert("x_new_field".into(), json!({"deep": [1, "two", null]}));
            Value::Object(fields)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(decorated).collect()),
        other => other,
    }
}
