//! THG and Dsco against the simulator, which was written from the contracts without a look at the channels.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use deskline::{
    channels::{
        Channel, ChannelError, ErrorKind, Found, KnownMessage, Memory, Retry, Sending, Set, Sink, Sweep,
        Target, dsco, thg, tokens::Tokens,
    },
    config,
    domain::{
        Action, ChannelKind, ChannelName, Customer, Descriptor, Direction, Facts, Gate, Time,
        attachment::StoredFile,
        change::{Change, Page},
        outbox::{NewConversation, Outgoing},
        time::Clock,
    },
    simulator::{Fault, Options, Simulator, Switches, What},
};
use serde_json::Value;

struct HandClock(Mutex<Time>);

impl Clock for HandClock {
    fn now(&self) -> Time {
        *self.0.lock().expect("no panic")
    }

    fn sleep_until(&self, _at: Time) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

impl HandClock {
    fn forward(&self, seconds: i64) {
        *self.0.lock().expect("no panic") += chrono::TimeDelta::seconds(seconds);
    }
}

#[derive(Default)]
struct Kept {
    notes: Mutex<HashMap<String, Value>>,
    pages: Mutex<Vec<Page>>,
}

impl Kept {
    fn changes(&self) -> Vec<Change> {
        self.pages.lock().expect("no panic").iter().flat_map(|it| it.changes.clone()).collect()
    }

    fn knows(&self, id: &str) -> bool {
        self.changes().iter().any(|it| matches!(it, Change::Conversation(it) if it.remote_id == id))
    }

    /// Key and text of every message that is there for good.
    fn messages(&self) -> BTreeSet<(String, String)> {
        self.changes()
            .into_iter()
            .filter_map(|it| match it {
                Change::Message(it) if !it.provisional => Some((it.key, it.body)),
                _ => None,
            })
            .collect()
    }
}

#[async_trait]
impl Memory for Kept {
    async fn note(&self, key: &str) -> Result<Option<Value>, ChannelError> {
        Ok(self.notes.lock().expect("no panic").get(key).cloned())
    }

    async fn open_conversations(&self) -> Result<Vec<String>, ChannelError> {
        Ok(Vec::new())
    }

    async fn knows(&self, remote_id: &str) -> Result<bool, ChannelError> {
        Ok(Self::knows(self, remote_id))
    }
}

struct Pages<'a>(&'a Kept);

#[async_trait]
impl Sink for Pages<'_> {
    async fn page(&mut self, page: Page) -> Result<(), ChannelError> {
        self.0.notes.lock().expect("no panic").extend(page.memory.iter().cloned());
        self.0.pages.lock().expect("no panic").push(page);
        Ok(())
    }
}

struct Stage {
    clock: Arc<HandClock>,
    simulator: Simulator,
}

impl Stage {
    async fn new(switches: Switches) -> Self {
        let start = "2026-03-02T12:00:00Z".parse().expect("a time");
        let clock = Arc::new(HandClock(Mutex::new(start)));
        let options = Options {
            listen: ([127, 0, 0, 1], 0).into(),
            seed: 7,
            conversations: 14,
            lang: None,
            live: false,
            clock: clock.clone(),
            switches: Switches { rate_limits: false, ..switches },
        };
        Self { clock, simulator: Simulator::start(options).await.expect("a port") }
    }

    fn settings(&self, name: &str) -> HashMap<&'static str, String> {
        let mut accounts = self.simulator.accounts();
        accounts.push(self.simulator.thg_web_account());
        let account = accounts.into_iter().find(|it| it.name == name).expect("it has that account");
        account.settings.into_iter().collect()
    }

    fn channel(&self, name: &str) -> Box<dyn Channel> {
        let mut keys = self.settings(name);
        let mut key = |key: &str| keys.remove(key).expect("the account has it");
        if name.starts_with("dsco") {
            let settings = dsco::Settings {
                name: ChannelName::from(name),
                url: key("url"),
                role: dsco::Role::of(&key("role")).expect("a role"),
                client_id: key("client_id"),
                client_secret: key("client_secret").into(),
                start: Some("2020-01-01T00:00:00Z".parse().expect("a time")),
            };
            let descriptor = descriptor(name, ChannelKind::of("dsco"), dsco::capabilities());
            let channel = dsco::Dsco::new(settings, descriptor, self.clock.clone(), Tokens::in_memory(), 0);
            return Box::new(channel.expect("a client"));
        }
        let settings = thg::Settings {
            name: ChannelName::from(name),
            url: key("url"),
            api: if key("api") == "web" { thg::Api::Web } else { thg::Api::App },
            site_url: Some(key("site_url")),
            username: key("username"),
            password: key("password").into(),
            upload_auth_token: true,
        };
        let descriptor = descriptor(
            name,
            ChannelKind::of("thg"),
            thg::capabilities(Some((5 << 20, &["image/jpeg".to_owned(), "image/png".to_owned()]))),
        );
        let channel = thg::Thg::new(settings, descriptor, self.clock.clone(), Tokens::in_memory(), 0);
        Box::new(channel.expect("a client"))
    }

    /// What exists there: ids and texts.
    fn there(&self, vendor: &str) -> BTreeSet<(String, String)> {
        let all = self.simulator.book().all_messages();
        all.into_iter().filter(|it| it.vendor == vendor).map(|it| (it.id, it.text)).collect()
    }

    fn assert_no_breach(&self) {
        let breaches = self.simulator.book().breaches();
        assert!(breaches.is_empty(), "{breaches:#?}");
    }
}

fn descriptor(name: &str, kind: ChannelKind, capabilities: deskline::domain::Capabilities) -> Descriptor {
    Descriptor {
        name: ChannelName::from(name),
        kind,
        short: "X".into(),
        vendor: None,
        capabilities,
        languages: Vec::new(),
        undo_window_ms: 0,
        account: None,
        categories: Vec::new(),
        templates: Vec::new(),
        clocks: deskline::domain::clock::Policy::default(),
        manner: deskline::domain::channel::Manner::default(),
    }
}

async fn scan(channel: &dyn Channel, sweep: Sweep, kept: &Kept) -> Result<(), ChannelError> {
    channel.scan(sweep, kept, &mut Pages(kept)).await
}

fn target(id: &str, known: &[(&str, Time)]) -> Target {
    Target {
        remote_id: id.into(),
        aliases: Vec::new(),
        facts: Facts::new(),
        customer: Customer::default(),
        gate: Gate::Open,
        composing: false,
        known: known
            .iter()
            .map(|it| KnownMessage { key: it.0.into(), direction: Direction::Inbound, at: it.1 })
            .collect(),
    }
}

fn reply(text: &str, reopen: bool) -> Action {
    Action::Reply(Outgoing { text: text.into(), reopen, ..Outgoing::default() })
}

fn sending<'a>(action: &'a Action, target: Option<&'a Target>, evidence: &'a Value, at: Time) -> Sending<'a> {
    Sending { action, target, send_id: "01J0000000SEND", started_at: at, quote: None, upload: None, evidence }
}

#[tokio::test]
async fn everything_that_exists_is_read_once() {
    for (name, vendor) in
        [("myprotein", "thg"), ("myprotein-web", "thg"), ("dsco-supplier", "dsco"), ("dsco-retailer", "dsco")]
    {
        let stage = Stage::new(Switches { dsco_page_size: 7, ..Switches::default() }).await;
        let (channel, kept) = (stage.channel(name), Kept::default());
        let checked = channel.check().await.expect("it is there");
        assert!(checked.skew.is_some(), "{checked:?}");
        for sweep in [Sweep::Fast, Sweep::Full, Sweep::Fast] {
            scan(channel.as_ref(), sweep, &kept).await.expect("it scans");
        }
        assert_eq!(kept.messages(), stage.there(vendor), "{name}");
        stage.assert_no_breach();
    }
}

#[tokio::test]
async fn what_comes_in_later_is_found_by_the_fast_loop() {
    for shuffle in [false, true] {
        let stage = Stage::new(Switches { thg_shuffle: shuffle, ..Switches::default() }).await;
        let control = stage.simulator.control();
        for (name, vendor) in [("myprotein", "thg"), ("dsco-supplier", "dsco")] {
            let (channel, kept) = (stage.channel(name), Kept::default());
            scan(channel.as_ref(), Sweep::Full, &kept).await.expect("it scans");
            stage.clock.forward(60);
            let id = control.conversations(vendor).pop().expect("there are some");
            if vendor == "thg" {
                control.agent_answers(vendor, &id, "An answer").expect("it is there");
            } else {
                control.customer_says(vendor, &id, "A question").expect("it is there");
            }
            stage.clock.forward(60);
            for _ in 0..8 {
                scan(channel.as_ref(), Sweep::Fast, &kept).await.expect("it scans");
            }
            scan(channel.as_ref(), Sweep::Full, &kept).await.expect("it scans");
            assert_eq!(kept.messages(), stage.there(vendor), "{name}");
        }
        stage.assert_no_breach();
    }
}

#[tokio::test]
async fn no_fault_loses_a_message_or_moves_a_cursor_past_it() {
    let skew = |seconds| What::ClockSkew { seconds };
    let faults = [
        What::Status { code: 500, body: "boom".into(), content_type: "text/plain".into(), retry_after: None },
        What::Status { code: 401, body: String::new(), content_type: String::new(), retry_after: None },
        What::Status { code: 404, body: "gone".into(), content_type: "text/plain".into(), retry_after: None },
        What::Html,
        What::TruncatedJson,
        What::CutBody,
        What::GzipBomb { bytes: 33 << 20 },
        What::ResetBefore,
        What::ResetAfter,
        What::Redirect { to: "http://127.0.0.1:1/".into() },
        What::ContentType { value: "text/html".into() },
        What::Garbage,
        What::DuplicatePage,
        What::ShiftedPage { by: -2 },
        What::EmptyLastPage,
        What::ExpiredScroll,
        What::UnknownEnum { field: "status".into() },
        What::UnknownEnum { field: "type".into() },
        What::MissingField { field: "status".into() },
        What::MissingField { field: "createDate".into() },
        What::MissingField { field: "createdAt".into() },
        What::ExtraFields,
        What::LoneSurrogate,
        What::Nul,
        What::InvalidUtf8,
        skew(600),
        skew(-600),
        What::DiscussionsNull,
        What::SessionExpired,
        What::RateLimited,
        What::TooHeavy,
    ];
    for (name, vendor) in [("myprotein", "thg"), ("dsco-supplier", "dsco")] {
        for fault in &faults {
            for nth in [1, 2, 4] {
                let stage = Stage::new(Switches { dsco_page_size: 9, ..Switches::default() }).await;
                let control = stage.simulator.control();
                control.fault(Fault::next(vendor, "*", fault.clone()).on_call(nth));
                let (channel, kept) = (stage.channel(name), Kept::default());
                let first = scan(channel.as_ref(), Sweep::Fast, &kept).await;
                control.clear_faults();
                stage.clock.forward(30);
                // A clock that was ten minutes off is right again with the next answer.
                let _ = scan(channel.as_ref(), Sweep::Fast, &kept).await;
                scan(channel.as_ref(), Sweep::Fast, &kept).await.unwrap_or_else(|error| {
                    unreachable!("{name} {fault:?} {nth}: {error} (first {first:?})")
                });
                scan(channel.as_ref(), Sweep::Full, &kept).await.expect("it scans");
                let (there, mut here) = (stage.there(vendor), kept.messages());
                // Texts that the fault itself changed were kept as they came, beside the true ones.
                here.retain(|it| there.contains(it) || !there.iter().any(|that| that.0 == it.0));
                assert_eq!(here, there, "{name} {fault:?} {nth} (first {first:?})");
            }
        }
    }
}

#[tokio::test]
async fn a_reply_that_may_have_landed_is_found_or_known_to_be_absent() {
    for (name, vendor) in [("myprotein", "thg"), ("dsco-supplier", "dsco")] {
        for (fault, landed) in [
            (What::ResetAfter, true),
            (What::ResetBefore, false),
            (What::StatusAfter { code: 503, body: String::new() }, true),
            (What::TruncatedJson, true),
            (What::Garbage, true),
        ] {
            let stage = Stage::new(Switches { thg_html_entities: true, ..Switches::default() }).await;
            let control = stage.simulator.control();
            let channel = stage.channel(name);
            let id = control
                .conversations(vendor)
                .into_iter()
                .find(|it| control.status(vendor, it).as_deref() != Some("closed"))
                .expect("there are some");
            let (to, action) = (target(&id, &[]), reply("Sorry: 1 < 2 & \"so\"\non", false));
            // Once before, so that an older equal text is there.
            let now = stage.clock.now();
            channel.send(&sending(&action, Some(&to), &Value::Null, now)).await.expect("sent");
            stage.clock.forward(20);
            let now = stage.clock.now();
            let before = sending(&action, Some(&to), &Value::Null, now);
            let evidence = channel.prepare(&before).await.expect("looked").evidence;
            let write = if vendor == "thg" { "reply" } else { "message" };
            control.fault(Fault::next(vendor, write, fault.clone()));
            let send = sending(&action, Some(&to), &evidence, now);
            let error = channel.send(&send).await.expect_err("no clear answer");
            assert_eq!(error.retry, Retry::Unclear, "{name} {fault:?}: {error}");
            control.clear_faults();
            stage.clock.forward(10);
            let found = channel.look_up(&send).await.expect("it can look");
            assert_eq!(matches!(found, Found::There(_)), landed, "{name} {fault:?} {found:?}");
            stage.assert_no_breach();
        }
    }
}

#[tokio::test]
async fn thg_does_what_its_table_says() {
    for name in ["myprotein", "myprotein-web"] {
        let stage = Stage::new(Switches::default()).await;
        let control = stage.simulator.control();
        let channel = stage.channel(name);
        let id = control.new_discussion("DELIVERY_PROBLEM", "Where is it?");
        stage.clock.forward(5);
        control.agent_answers("thg", &id, "On its way.").expect("it is there");
        let answer = stage.simulator.book().messages("thg", &id).pop().expect("there");

        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a"), b"\x89PNG\r\n\x1a\n0000").expect("written");
        let file =
            StoredFile { sha256: String::new(), name: "a.png".into(), mime: "image/png".into(), size: 12 };
        let token = channel
            .upload(&file, &folder.path().join("a"), deskline::channels::files::unheard())
            .await
            .expect("uploaded");

        let (to, action) = (target(&id, &[(&answer.id, answer.at)]), reply("Thanks", false));
        let now = stage.clock.now();
        let send = Sending { upload: Some(token), ..sending(&action, Some(&to), &Value::Null, now) };
        let took = channel.send(&send).await.expect("sent");
        let last = stage.simulator.book().messages("thg", &id).pop().expect("there");
        assert_eq!((took.key, last.attachments.len()), (Some(last.id), 1));

        channel.set(&to, &Set::Read).await.expect("marked");
        assert_eq!(control.thg_read(&id), Some(true));

        let action = Action::Create(NewConversation {
            category: Some("WEBSITE_ISSUES".into()),
            first: Outgoing { text: "I cannot log in".into(), ..Outgoing::default() },
            ..NewConversation::default()
        });
        let made = channel.send(&sending(&action, None, &Value::Null, now)).await.expect("made");
        assert!(control.conversations("thg").contains(&made.conversation.expect("found")));

        control.expire_sessions("thg");
        scan(channel.as_ref(), Sweep::Full, &Kept::default()).await.expect("it logs in again");
        stage.assert_no_breach();
    }
}

#[tokio::test]
async fn dsco_does_what_its_table_says() {
    let stage = Stage::new(Switches { dsco_strict_attributes: true, ..Switches::default() }).await;
    let control = stage.simulator.control();
    let (supplier, retailer) = (stage.channel("dsco-supplier"), stage.channel("dsco-retailer"));
    let id = control.new_thread("Late order", Some("12345"), "Why?");
    stage.clock.forward(10);
    let to = target(&id, &[]);
    let now = stage.clock.now();
    supplier.set(&to, &Set::Close).await.expect("closed");
    assert_eq!(control.status("dsco", &id).as_deref(), Some("closed"));

    let action = reply("Sorry", false);
    let error =
        supplier.send(&sending(&action, Some(&to), &Value::Null, now)).await.expect_err("it is closed");
    assert_eq!(error.kind, ErrorKind::GateClosed, "{error}");
    let action = reply("Sorry", true);
    supplier.send(&sending(&action, Some(&to), &Value::Null, now)).await.expect("reopened and sent");
    assert_eq!(control.status("dsco", &id).as_deref(), Some("in_progress"));
    assert_eq!(stage.simulator.book().copies("dsco", &id, "Sorry"), 1);

    let fields = deskline::domain::outbox::SetFields {
        reference: Some("ticket-42".into()),
        title: Some("ä".repeat(60)),
        due: Some(now),
    };
    supplier.set(&to, &Set::Fields(fields)).await.expect("set");

    // The partner's id, as its own conversations name it.
    let kept = Kept::default();
    scan(retailer.as_ref(), Sweep::Fast, &kept).await.expect("it scans");
    let known = kept.changes().into_iter().find_map(|it| match it {
        Change::Conversation(it) if it.remote_id != id => {
            let partner = it.facts.get("dscoSupplierTradingPartnerId")?.as_str()?.to_owned();
            let order = it.order?.get("number")?.as_str()?.to_owned();
            Some((partner, order))
        }
        _ => None,
    });
    let (partner, order) = known.expect("the cast has one about an order");
    let action = Action::Create(NewConversation {
        to: Some(partner),
        order: Some(order),
        consumer: Some("777".into()),
        title: Some("Broken".into()),
        first: Outgoing { text: "It broke".into(), ..Outgoing::default() },
        ..NewConversation::default()
    });
    let send = sending(&action, None, &Value::Null, now);
    let made = retailer.send(&send).await.expect("made").conversation.expect("named");
    stage.clock.forward(10);
    let Ok(Found::There(found)) = retailer.look_up(&send).await else { unreachable!("it is there") };
    assert_eq!(found.conversation.as_deref(), Some(made.as_str()));
    // The same create again is the same conversation.
    assert_eq!(retailer.send(&send).await.expect("it is there").conversation.as_deref(), Some(made.as_str()));
    control.expire_sessions("dsco");
    scan(supplier.as_ref(), Sweep::Full, &Kept::default()).await.expect("it asks for a token again");
    stage.assert_no_breach();
}

#[tokio::test]
async fn the_configuration_builds_them() {
    let stage = Stage::new(Switches::default()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = String::new();
    for name in ["myprotein", "dsco-supplier"] {
        let kind = name.split('-').next().filter(|it| *it == "dsco").unwrap_or("thg");
        let _ = writeln!(text, "[[channel]]\nname = \"{name}\"\nkind = \"{kind}\"");
        for (key, value) in stage.settings(name) {
            let _ = writeln!(text, "{key} = \"{value}\"");
        }
    }
    let file = folder.path().join("config.toml");
    std::fs::write(&file, text).expect("written");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("ours");
    let environment = config::Environment::new([], config::Account::current());
    let sources = config::Sources { environment: &environment, file: Some(file), arguments: Vec::new() };
    let config = config::load(&sources, &deskline::channels::registry::schemas()).expect("it loads");
    for (kind, channel) in [thg::KIND, dsco::KIND].into_iter().zip(&config.channels) {
        let descriptor = (kind.describe)(channel);
        assert_eq!((descriptor.kind.as_str(), &descriptor.name), (kind.schema.kind, &channel.name));
        assert_eq!(descriptor.capabilities.files.is_some(), kind.schema.kind == "thg");
        let means = deskline::channels::registry::Means {
            clock: stage.clock.clone(),
            secrets: channel.settings.resolve_secrets(&environment).await.expect("literals"),
            tokens: Tokens::in_folder(folder.path(), kind.schema.kind),
            max_rate: 0,
        };
        let built = (kind.build)(channel, means).expect("it builds");
        built.check().await.expect("it talks");
    }
    stage.assert_no_breach();
}
