//! The clients of SkyHub and WhatsApp against the simulator, which was written from the contracts alone.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::{
    collections::HashMap,
    io::Write,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use chrono::Utc;
use deskline::{
    channels::{
        Channel, ChannelError, ErrorKind, Found, KnownMessage, Memory, Retry, Sending, Set, Sink, Sweep,
        Target,
        download::Part,
        skyhub::{self, SkyHub},
        tokens::Tokens,
        whatsapp::{self, Api, Hook, Login, Trust, WhatsApp},
    },
    domain::{
        Action, AttachmentState, Customer, Delivery, Direction, Gate, Outgoing, Time,
        attachment::StoredFile,
        change::{AttachmentSeen, Change, ConversationSeen, DeliverySeen, MessageSeen, Page},
        time::Clock,
    },
    simulator::{EndOfPages, Fault, Options, Simulator, Switches, What},
    store::{Desk, EngineSide, PendingDownload, Reading, sqlite::SqliteStore},
};
use serde_json::Value;

struct Real;

impl Clock for Real {
    fn now(&self) -> Time {
        Utc::now()
    }

    fn sleep_until(&self, at: Time) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let wait = (at - self.now()).to_std().unwrap_or_default();
        Box::pin(tokio::time::sleep(wait))
    }
}

async fn simulator(switches: Switches) -> Simulator {
    let clock = Arc::new(Real);
    let listen = ([127, 0, 0, 1], 0).into();
    Simulator::start(Options { listen, seed: 7, conversations: 30, lang: None, live: false, clock, switches })
        .await
        .unwrap()
}

fn quick() -> Switches {
    Switches {
        rate_limits: false,
        whatsapp_sent_ms: 0,
        whatsapp_delivered_ms: 0,
        whatsapp_read_ms: 0,
        ..Switches::default()
    }
}

fn setting(simulator: &Simulator, account: &str, key: &str) -> String {
    let accounts = simulator.accounts();
    let account = accounts.iter().find(|it| it.name == account).unwrap();
    account.settings.iter().find(|(it, _)| *it == key).unwrap().1.clone()
}

#[derive(Default)]
struct Kept {
    changes: Vec<Change>,
    notes: HashMap<String, Value>,
}

#[async_trait]
impl Sink for Kept {
    async fn page(&mut self, page: Page) -> Result<(), ChannelError> {
        self.changes.extend(page.changes);
        self.notes.extend(page.memory);
        Ok(())
    }
}

struct Notes(HashMap<String, Value>, Vec<String>);

#[async_trait]
impl Memory for Notes {
    async fn note(&self, key: &str) -> Result<Option<Value>, ChannelError> {
        Ok(self.0.get(key).cloned())
    }

    async fn open_conversations(&self) -> Result<Vec<String>, ChannelError> {
        Ok(self.1.clone())
    }

    async fn knows(&self, _: &str) -> Result<bool, ChannelError> {
        Ok(true)
    }
}

fn messages(changes: &[Change]) -> Vec<&MessageSeen> {
    changes
        .iter()
        .filter_map(|it| if let Change::Message(seen) = it { Some(&**seen) } else { None })
        .collect()
}

fn conversations(changes: &[Change]) -> Vec<&ConversationSeen> {
    changes
        .iter()
        .filter_map(|it| if let Change::Conversation(seen) = it { Some(&**seen) } else { None })
        .collect()
}

fn deliveries(changes: &[Change]) -> Vec<&DeliverySeen> {
    changes.iter().filter_map(|it| if let Change::Delivery(seen) = it { Some(seen) } else { None }).collect()
}

fn target(seen: &ConversationSeen) -> Target {
    Target {
        remote_id: seen.remote_id.clone(),
        aliases: Vec::new(),
        facts: seen.facts.clone(),
        customer: seen.customer.clone(),
        gate: Gate::Open,
        composing: false,
        known: Vec::new(),
    }
}

fn reply(text: &str) -> Action {
    Action::Reply(Outgoing { text: text.into(), ..Outgoing::default() })
}

fn sending<'a>(action: &'a Action, target: &'a Target, evidence: &'a Value) -> Sending<'a> {
    Sending {
        action,
        target: Some(target),
        send_id: "01J8Z6",
        started_at: Utc::now(),
        quote: None,
        upload: None,
        evidence,
    }
}

fn americanas(simulator: &Simulator) -> SkyHub {
    let key = |key| setting(simulator, "americanas", key);
    SkyHub::new(skyhub::Settings {
        descriptor: skyhub::descriptor("americanas"),
        url: key("url"),
        user_email: key("user_email"),
        api_key: key("api_key").into(),
        account_manager_key: key("account_manager_key").into(),
        identity_id: key("identity_id"),
        max_rate: 0,
        tokens: Tokens::in_memory(),
        clock: Arc::new(Real),
    })
    .unwrap()
}

async fn swept(skyhub: &SkyHub) -> Kept {
    let mut kept = Kept::default();
    skyhub.scan(Sweep::Full, &Notes(HashMap::new(), Vec::new()), &mut kept).await.unwrap();
    kept
}

#[tokio::test]
async fn a_sweep_finds_every_skyhub_message_once_however_pages_end() {
    for end in
        [EndOfPages::Absent, EndOfPages::Null, EndOfPages::Empty, EndOfPages::SameUrl, EndOfPages::EmptyPage]
    {
        for bare in [false, true] {
            let simulator = simulator(Switches {
                skyhub_end: end,
                skyhub_bare_chat: bare,
                skyhub_page_size: 4,
                // The shape of 2019 has no next page.
                skyhub_chat_page_size: if bare { 500 } else { 2 },
                ..quick()
            })
            .await;
            let kept = swept(&americanas(&simulator)).await;
            let wanted = simulator.book().all_messages().into_iter().filter(|it| it.vendor == "skyhub");
            let mut wanted: Vec<_> = wanted.map(|it| (it.conversation, it.text)).collect();
            let mut found: Vec<_> =
                messages(&kept.changes).iter().map(|it| (it.conversation.clone(), it.body.clone())).collect();
            let keys: std::collections::HashSet<_> =
                messages(&kept.changes).iter().map(|it| &it.key).collect();
            assert_eq!(keys.len(), found.len(), "{end:?}");
            wanted.sort();
            found.sort();
            assert_eq!(found, wanted, "{end:?} bare {bare}");
            assert_eq!(simulator.book().breaches(), Vec::<String>::new());
            simulator.stop().await;
        }
    }
}

#[tokio::test]
async fn a_skyhub_reply_lands_once_and_a_lost_answer_is_looked_up() {
    let simulator = simulator(quick()).await;
    let account = americanas(&simulator);
    let control = simulator.control();
    control.new_ticket("Lojas Americanas-999000111222001", "02-777", "Ana", "Cadê?");
    let kept = swept(&account).await;
    let chat = "Lojas Americanas-999000111222001/CUSTOMER_SELLER";
    let seen = conversations(&kept.changes).into_iter().find(|it| it.remote_id == chat).unwrap();
    let target = target(seen);
    let action = reply("Sai hoje.");
    let prepared = account.prepare(&sending(&action, &target, &Value::Null)).await.unwrap();
    account.send(&sending(&action, &target, &prepared.evidence)).await.unwrap();
    assert_eq!(simulator.book().copies("skyhub", chat, "Sai hoje."), 1);
    // The same text once more, and the line breaks after the vendor took it.
    let prepared = account.prepare(&sending(&action, &target, &Value::Null)).await.unwrap();
    control.fault(Fault::next("skyhub", "*", What::ResetAfter));
    let error = account.send(&sending(&action, &target, &prepared.evidence)).await.unwrap_err();
    assert_eq!(error.retry, Retry::Unclear, "{error}");
    let Found::There(sent) = account.look_up(&sending(&action, &target, &prepared.evidence)).await.unwrap()
    else {
        panic!("it is there")
    };
    assert!(messages(&sent.changes).iter().any(|it| Some(&it.key) == sent.key.as_ref()));
    // Mediation: found before anything leaves; and refused where it comes in between.
    control.mediation("Lojas Americanas-999000111222001", true).unwrap();
    let error = account.prepare(&sending(&action, &target, &Value::Null)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::GateClosed);
    let error = account.send(&sending(&action, &target, &Value::Null)).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::GateClosed, Some(422)));
    account.set(&target, &Set::Close).await.unwrap();
    assert_eq!(simulator.book().marks("skyhub", chat).last().unwrap().what, "ARCHIVED");
    assert_eq!(simulator.book().breaches(), Vec::<String>::new());
}

#[tokio::test]
async fn a_fault_of_skyhubs_is_never_an_empty_inbox() {
    let simulator = simulator(quick()).await;
    let account = americanas(&simulator);
    for what in [
        What::Html,
        What::TruncatedJson,
        What::CutBody,
        What::Huge { bytes: 50 << 20 },
        What::GzipBomb { bytes: 200 << 20 },
        What::ResetBefore,
        What::Redirect { to: "http://127.0.0.1:1/".into() },
        What::Status { code: 500, body: String::new(), content_type: String::new(), retry_after: None },
    ] {
        simulator.control().fault(Fault::next("skyhub", "*", what.clone()));
        let mut kept = Kept::default();
        let outcome = account.scan(Sweep::Full, &Notes(HashMap::new(), Vec::new()), &mut kept).await;
        outcome.expect_err(&format!("{what:?}"));
        assert!(kept.notes.is_empty(), "{what:?}");
    }
}

/// Everything that the listener took, as it came.
type Bodies = Arc<Mutex<Vec<(Option<String>, Vec<u8>)>>>;

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

fn whatsapp(simulator: &Simulator, api: Api) -> WhatsApp {
    let name = if api == Api::Cloud { "whatsapp" } else { "whatsapp-onprem" };
    let key = |key| setting(simulator, name, key);
    let (login, trust, number) = match api {
        Api::Cloud => (
            Login::Cloud {
                phone_number_id: key("phone_number_id"),
                access_token: key("access_token").into(),
            },
            Trust::Signed {
                app_secret: key("app_secret").into(),
                verify_token: key("verify_token").into(),
                rewritten: false,
            },
            Some(key("phone_number_id")),
        ),
        Api::OnPremises => (
            Login::OnPremises {
                username: key("username"),
                password: key("password").into(),
                namespace: None,
            },
            Trust::SecretPath,
            None,
        ),
    };
    WhatsApp::new(whatsapp::Settings {
        descriptor: whatsapp::descriptor(name, api),
        url: key("url"),
        login,
        hook: Hook { path: "/hook".into(), trust, phone_number_id: number, public_url: None },
        media_hosts: vec!["127.0.0.1".into(), "localhost".into()],
        typing: false,
        max_rate: 0,
        tokens: Tokens::in_memory(),
        clock: Arc::new(Real),
    })
    .unwrap()
}

/// All changes of what came so far; every body has to verify and to be read whole.
fn taken(account: &WhatsApp, bodies: &Bodies) -> Vec<Change> {
    let hook = account.webhook().unwrap();
    let mut changes = Vec::new();
    for (signature, body) in bodies.lock().unwrap().iter() {
        assert!(hook.verifies(signature.as_deref(), body));
        let parsed = hook.parse(body, Utc::now(), true);
        assert_eq!(parsed.unread, Vec::<String>::new(), "{}", String::from_utf8_lossy(body));
        changes.extend(parsed.page.changes);
    }
    changes
}

#[tokio::test]
async fn whatsapp_takes_webhooks_and_sends_by_both_apis() {
    for (api, vendor) in [(Api::Cloud, "whatsapp"), (Api::OnPremises, "onprem")] {
        let simulator = simulator(quick()).await;
        let account = whatsapp(&simulator, api);
        let control = simulator.control();
        let bodies = Bodies::default();
        let url = listener(bodies.clone()).await;
        simulator.set_webhooks(Some(url.clone()), None);
        if api == Api::OnPremises {
            simulator.set_webhooks(None, Some(url));
        }
        account.check().await.unwrap();
        control.customer_says(vendor, "16505551234", "é み \u{1F600} / <b>").unwrap();
        let bytes = b"\xff\xd8\xff\xe0 not really a picture";
        control.whatsapp_file(vendor, "16505551234", "image", "image/jpeg", bytes);
        control.settled().await;
        let changes = taken(&account, &bodies);
        let texts: Vec<_> = messages(&changes).iter().map(|it| it.body.clone()).collect();
        assert!(texts.contains(&"é み \u{1F600} / <b>".to_owned()), "{texts:?}");
        let mine = messages(&changes).into_iter().filter(|it| it.conversation == "16505551234");
        let file = mine.clone().find_map(|it| it.attachments.first()).unwrap().clone();
        let seen = conversations(&changes).into_iter().find(|it| it.remote_id == "16505551234").unwrap();
        let mut target = target(seen);
        // The file comes down.
        let to = tempfile::tempdir().unwrap().path().join("part");
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let mut part = Part::open(&to, 1 << 20, &|_, _| {}).unwrap().unwrap();
        account.download(&file.remote_ref.unwrap(), &mut part).await.unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), bytes);
        // A reply lands once and its statuses find it.
        let action = reply("It ships today.");
        let sent = account.send(&sending(&action, &target, &Value::Null)).await.unwrap();
        assert_eq!(simulator.book().copies(vendor, "16505551234", "It ships today."), 1);
        control.settled().await;
        let changes = taken(&account, &bodies);
        let ours: Vec<_> = deliveries(&changes)
            .into_iter()
            .filter(|it| Some(&it.key) == sent.key.as_ref())
            .cloned()
            .collect();
        assert!(ours.iter().any(|it| it.delivery == Delivery::Delivered), "{ours:?}");
        if api == Api::Cloud {
            assert!(ours.iter().all(|it| it.send_id.as_deref() == Some("01J8Z6")));
        }
        // A file goes up and is sent.
        let mut local = tempfile::NamedTempFile::new().unwrap();
        local.write_all(b"%PDF-1.7").unwrap();
        let stored = StoredFile {
            sha256: "0".into(),
            name: "nota.pdf".into(),
            mime: "application/pdf".into(),
            size: 8,
        };
        let upload =
            account.upload(&stored, local.path(), deskline::channels::files::unheard()).await.unwrap();
        let action =
            Action::Reply(Outgoing { text: "a nota".into(), file: Some(stored), ..Outgoing::default() });
        let with_file = Sending { upload: Some(upload), ..sending(&action, &target, &Value::Null) };
        account.send(&with_file).await.unwrap();
        // The customer's newest message is marked read.
        let known = mine.map(|it| KnownMessage {
            key: it.key.clone(),
            direction: Direction::Inbound,
            at: it.sent_at.unwrap(),
        });
        target.known = known.collect();
        account.set(&target, &Set::Read).await.unwrap();
        assert!(!simulator.book().marks(vendor, "16505551234").is_empty());
        // A session that ended is renewed, and the message goes once.
        control.expire_sessions(vendor);
        if api == Api::OnPremises {
            let action = reply("after the session");
            account.send(&sending(&action, &target, &Value::Null)).await.unwrap();
            assert_eq!(simulator.book().copies(vendor, "16505551234", "after the session"), 1);
        }
        assert_eq!(simulator.book().breaches(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_stranger_is_written_to_by_template_only() {
    let simulator =
        simulator(Switches { whatsapp_window_error: deskline::simulator::WindowError::Sync, ..quick() })
            .await;
    let account = whatsapp(&simulator, Api::Cloud);
    let stranger = Target {
        remote_id: "5511987650000".into(),
        aliases: Vec::new(),
        facts: deskline::domain::Facts::new(),
        customer: Customer::default(),
        gate: Gate::TemplateOnly,
        composing: false,
        known: Vec::new(),
    };
    let action = reply("Olá");
    let error = account.send(&sending(&action, &stranger, &Value::Null)).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::WindowClosed, Retry::Never));
}

#[tokio::test]
async fn the_configuration_builds_the_accounts() {
    use std::fmt::Write as _;

    use deskline::{
        channels::registry::{self, Means},
        config::{self, Account, Environment, Sources},
    };
    let simulator = simulator(quick()).await;
    let folder = tempfile::tempdir().unwrap();
    let mut account = Account::current();
    account.home = folder.path().to_owned();
    let mut environment = Environment::new(std::iter::empty(), account);
    environment.system_file = folder.path().join("none.toml");
    let mut text = String::new();
    for account in simulator.accounts().iter().filter(|it| matches!(it.kind, "skyhub" | "whatsapp")) {
        writeln!(text, "[[channel]]\nname = {:?}\nkind = {:?}", account.name, account.kind).unwrap();
        for (key, value) in &account.settings {
            writeln!(text, "{key} = {value:?}").unwrap();
        }
    }
    let file = folder.path().join("config.toml");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let sources = Sources { file: Some(file), ..Sources::new(&environment) };
    let config = config::load(&sources, &registry::schemas()).unwrap();
    assert_eq!(config.channels.len(), 3);
    for channel in &config.channels {
        let kind = registry::kind(channel.kind.as_str()).unwrap();
        let secrets = channel.settings.resolve_secrets(&environment).await.unwrap();
        let means =
            Means { clock: Arc::new(Real), secrets, tokens: Tokens::in_memory(), max_rate: channel.max_rate };
        let built = (kind.build)(channel, means).unwrap();
        assert_eq!(built.descriptor(), &(kind.describe)(channel));
        assert_eq!(built.descriptor().name, channel.name);
        built.check().await.unwrap();
        let path = built.webhook().map(|it| it.path().to_owned());
        assert_eq!(path.as_deref(), channel.settings.text("webhook_path"));
    }
    assert_eq!(simulator.book().breaches(), Vec::<String>::new());
}

/// A store with one message of the vendor's that has a file, and what is to be fetched of it.
async fn with_file(
    account: &WhatsApp,
    remote_ref: &str,
    sha256: Option<&str>,
) -> (Arc<SqliteStore>, PendingDownload) {
    let store = Arc::new(SqliteStore::temporary().unwrap());
    let descriptor = account.descriptor().clone();
    let name = descriptor.name.clone();
    store.open_as("ana".into(), vec![descriptor], Utc::now()).await.unwrap();
    let seen = MessageSeen {
        conversation: "16505551234".into(),
        key: "wamid.F".into(),
        remote_id: None,
        direction: Direction::Inbound,
        author: deskline::domain::Author { role: deskline::domain::Role::Customer, name: None },
        author_id: None,
        body: String::new(),
        raw: None,
        kind: deskline::domain::MessageKind::Media,
        attachments: vec![AttachmentSeen {
            remote_ref: Some(remote_ref.into()),
            sha256: sha256.map(str::to_owned),
            ..AttachmentSeen::default()
        }],
        context: None,
        sent_at: Some(Utc::now()),
        send_id: None,
        provisional: false,
    };
    let page = Page { changes: vec![Change::Message(Box::new(seen))], memory: Vec::new() };
    store.apply(name.clone(), page, Utc::now()).await.unwrap();
    let file = store.pending_downloads(name, 9).await.unwrap().pop().unwrap();
    (store, file)
}

#[tokio::test]
async fn a_file_whose_line_is_cut_goes_on_from_there_or_begins_anew_and_is_never_there_half() {
    use deskline::sync::{Fetched, fetch};
    let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes));
    for (api, vendor) in [(Api::Cloud, "whatsapp"), (Api::OnPremises, "onprem")] {
        for ranges in [true, false] {
            let simulator = simulator(Switches { whatsapp_media_ranges: ranges, ..quick() }).await;
            let bodies = Bodies::default();
            let url = listener(bodies.clone()).await;
            match api {
                Api::Cloud => simulator.set_webhooks(Some(url), None),
                Api::OnPremises => simulator.set_webhooks(None, Some(url)),
            }
            let control = simulator.control();
            control.whatsapp_file(vendor, "16505551234", "document", "application/pdf", &bytes);
            control.settled().await;
            let account = whatsapp(&simulator, api);
            let changes = taken(&account, &bodies);
            let mut files = messages(&changes).into_iter().flat_map(|it| it.attachments.clone());
            let seen = files.find(|it| it.sha256.as_deref() == Some(hash.as_str())).unwrap();
            let (store, file) = with_file(&account, &seen.remote_ref.unwrap(), seen.sha256.as_deref()).await;
            let shared: deskline::store::SharedStore = store.clone();
            let channel: Arc<dyn Channel> = Arc::new(account);
            let clock: Arc<dyn Clock> = Arc::new(Real);
            let told = Mutex::new(Vec::new());
            let tell = |have, total| told.lock().unwrap().push((have, total));
            control.fault(Fault::next(vendor, "media_get", What::CutBody));
            let cut = fetch(&shared, &channel, &clock, &file, 1 << 30, &tell).await.unwrap();
            let Fetched::Failed { error, over: false } = cut else { panic!("{cut:?}") };
            assert!(error.words.contains("are kept"), "{error}");
            // What has come is shown and stands under no name of its own.
            let show = async || store.message(file.message).await.unwrap().unwrap().attachments.remove(0);
            let half = show().await;
            assert_eq!(half.state, AttachmentState::Remote);
            assert!(half.fetched.is_some_and(|it| it > 0 && it < bytes.len() as u64), "{half:?}");
            assert!(store.attachment_file(file.message, file.n).await.unwrap().is_none());
            // As after a restart: nothing is known but what is on disk.
            let channel: Arc<dyn Channel> = Arc::new(whatsapp(&simulator, api));
            let came = fetch(&shared, &channel, &clock, &file, 1 << 30, &tell).await.unwrap();
            assert!(matches!(came, Fetched::Came), "{came:?}");
            let stored = store.attachment_file(file.message, file.n).await.unwrap().unwrap();
            assert_eq!((stored.sha256.as_str(), stored.size), (hash.as_str(), bytes.len() as u64));
            assert_eq!(std::fs::read(store.file_path(&hash)).unwrap(), bytes);
            let asked = simulator.book().requests(vendor, "media_get");
            let last = &asked.last().unwrap().headers;
            assert!(last.iter().any(|(name, _)| name == "range"), "{api:?}: the rest was asked for");
            let begun_anew = told.lock().unwrap().iter().filter(|(have, _)| *have == 0).count();
            assert_eq!(begun_anew, if ranges { 1 } else { 2 }, "{api:?} {ranges}");
            assert_eq!(told.lock().unwrap().last(), Some(&(bytes.len() as u64, Some(bytes.len() as u64))));
            assert_eq!(simulator.book().breaches(), Vec::<String>::new());
            simulator.stop().await;
        }
    }
}
