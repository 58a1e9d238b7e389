//! What vendors, webhooks and disks do to the real program, one test for each fault of `assets/docs/faults.md`.
//!
//! A vendor's fault meets a reply and a whole cycle at each of the four vendors; then the vendor is well again, the
//! program is started once more, and the promise is checked against the simulator's book: the reply is there exactly
//! once or stands in the outbox with its text, and what customers wrote is in the store exactly once.

#[path = "support/vendors.rs"]
mod vendors;

use std::{path::PathBuf, process::Output};

use deskline::{
    domain::{Conversation, Delivery, RowState, desk::ListRequest, query::Query},
    simulator::{Fault, What, Writer},
    store::{
        EngineSide as _, Reading as _, Sort, Way,
        sqlite::{OpenOptions, SqliteStore},
    },
};
use serde_json::{Value, json};
use vendors::{JOAO, Vendors};

const CHANNELS: [(&str, &str); 4] =
    [("skyhub", "americanas"), ("dsco", "dsco-supplier"), ("thg", "myprotein"), ("whatsapp", "whatsapp")];
const PERSON: &str = "5511988887777";

struct Desk {
    vendors: Vendors,
    config: PathBuf,
    path: PathBuf,
}

impl Desk {
    /// A store that has read all four vendors, with a conversation of each.
    fn new() -> Self {
        let vendors = Vendors::start();
        vendors.control().switches(|switches| {
            switches.rate_limits = false;
            switches.dsco_visibility_ms = 0;
        });
        let path = vendors.folder().join("store").join("deskline.db");
        let names = CHANNELS.map(|(_, name)| name);
        let text = format!(
            "[store]\nurl = \"sqlite:{}\"\n[sync]\nmax_rate = 0\n{}",
            path.display(),
            vendors.channels(&names, |_, value| value)
        );
        let config = vendors.config("config.toml", &text);
        let desk = Self { vendors, config, path };
        desk.receives(&[texts(&[("wamid-hello", "Is it waterproof?")])]);
        let synced = desk.run(&["sync", "--once"]);
        assert!(synced.status.success(), "{}", said(&synced));
        desk
    }

    fn run(&self, args: &[&str]) -> Output {
        self.vendors.run(&self.config, args)
    }

    fn stored<T>(&self, look: impl AsyncFnOnce(&SqliteStore) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let store = SqliteStore::open(OpenOptions::at(&self.path)).expect("the store opens");
            look(&store).await
        })
    }

    /// Webhooks that were verified, stored and answered, and not read yet.
    fn receives(&self, bodies: &[Value]) {
        self.stored(async |store| {
            for body in bodies {
                let body = body.to_string().into_bytes();
                let path = "/webhook/whatsapp".to_owned();
                store
                    .put_webhook(path, vec!["whatsapp".into()], body, chrono::Utc::now())
                    .await
                    .expect("stored");
            }
        });
    }

    fn conversations(&self, query: &str) -> Vec<Conversation> {
        let query = Query::parse(query).expect("a query");
        let now = chrono::Utc::now();
        let request = ListRequest {
            query,
            me: "root".into(),
            sort: Sort::Updated,
            way: Way::Down,
            limit: 1000,
            after: None,
            now,
        };
        self.stored(async |store| store.list(request).await.expect("a list"))
    }

    /// One that can be answered.
    fn target(&self, channel: &str) -> String {
        match channel {
            "americanas" => JOAO.to_owned(),
            "whatsapp" => PERSON.to_owned(),
            _ => {
                let open = self.conversations(&format!("channel:{channel} gate:open"));
                open.first().expect("a conversation that can be answered").remote_id.clone()
            }
        }
    }

    /// How often a text of the other side is in the store.
    fn copies(&self, text: &str) -> usize {
        let all = self.conversations("");
        self.stored(async |store| {
            let mut n = 0;
            for conversation in all {
                let thread = store.thread(conversation.id, None, 5000).await.expect("a thread");
                n += thread.iter().filter(|message| message.body == text).count();
            }
            n
        })
    }

    /// The promise for one reply.
    fn judge(&self, vendor: &str, text: &str) {
        let book = self.vendors.book().all_messages();
        let there = book.iter().filter(|it| it.writer == Writer::Us && it.text == text).count();
        let row = self.stored(async |store| {
            let rows = store.outbox(None).await.expect("an outbox");
            rows.into_iter().find(|row| row.action.outgoing().is_some_and(|it| it.text == text))
        });
        assert!(there <= 1, "{vendor}: {there} times at the vendor");
        match row.map(|row| row.state) {
            None => assert_eq!(there, 1, "{vendor}: gone, and not at the vendor"),
            Some(RowState::Uncertain) => {}
            Some(state) => assert_eq!(there, 0, "{vendor}: {} although it is at the vendor", state.as_str()),
        }
        assert_eq!(self.copies(text), 1, "{vendor}: in the thread");
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A webhook with texts of one person: their ids and words.
fn texts(messages: &[(&str, &str)]) -> Value {
    let at = chrono::Utc::now().timestamp();
    let messages: Vec<Value> = messages
        .iter()
        .map(|(id, text)| {
            json!({"from": PERSON, "id": id, "timestamp": at.to_string(), "type": "text", "text": {"body": text}})
        })
        .collect();
    of_whatsapp(&json!({"contacts": [{"profile": {"name": "Rita"}, "wa_id": PERSON}], "messages": messages}))
}

/// A webhook with a status.
fn status(id: &str, status: &str) -> Value {
    let at = chrono::Utc::now().timestamp().to_string();
    of_whatsapp(&json!({"statuses": [{"id": id, "status": status, "timestamp": at, "recipient_id": PERSON}]}))
}

fn of_whatsapp(what: &Value) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
    });
    if let (Some(value), Some(what)) = (value.as_object_mut(), what.as_object()) {
        value.extend(what.clone());
    }
    json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [
        {"field": "messages", "value": value}]}]})
}

/// A fault at the send itself, then at the first request of a cycle, at each vendor. `cycles`: whether a cycle comes
/// back from it within a test's time.
fn survives(what: &What, cycles: bool) {
    let desk = Desk::new();
    let control = desk.vendors.control();
    for (vendor, channel) in CHANNELS {
        let text = format!("our answer at {vendor}");
        control.fault(Fault::next(vendor, "*", what.clone()).where_it_says(&text));
        let id = format!("{channel}:{}", desk.target(channel));
        let replied = desk.run(&["reply", &id, "--text", &text, "--wait", "2"]);
        assert!(replied.status.code().is_some(), "{vendor}: no exit code");
        control.clear_faults();
        if cycles {
            control.fault(Fault::next(vendor, "*", what.clone()));
        }
    }
    control.customer_says("skyhub", JOAO, "and now?").expect("a chat");
    desk.run(&["sync", "--once"]);
    control.clear_faults();
    let healed = desk.run(&["sync", "--once"]);
    assert!(matches!(healed.status.code(), Some(0 | 5)), "{:?} {}", healed.status, said(&healed));
    for (vendor, _) in CHANNELS {
        desk.judge(vendor, &format!("our answer at {vendor}"));
    }
    assert_eq!(desk.copies("and now?"), 1, "the customer's line");
}

fn http(code: u16, retry_after: Option<&str>) -> What {
    What::Status {
        code,
        body: "{\"message\":\"no\"}".into(),
        content_type: String::new(),
        retry_after: retry_after.map(str::to_owned),
    }
}

macro_rules! survived {
    ($($name:ident: $what:expr;)*) => {
        $(
            #[test]
            fn $name() {
                survives(&$what, true);
            }
        )*
    };
}

survived! {
    a_401_in_the_middle_of_a_run: http(401, None);
    a_403: http(403, None);
    a_404: http(404, None);
    a_408: http(408, None);
    a_422: http(422, None);
    a_429_with_retry_after: http(429, Some("1"));
    a_429_without_retry_after: http(429, None);
    a_500: http(500, None);
    a_503_after_the_vendor_acted: What::StatusAfter { code: 503, body: String::new() };
    html_instead_of_json: What::Html;
    truncated_json: What::TruncatedJson;
    a_body_that_is_cut: What::CutBody;
    a_body_of_50_megabytes: What::Huge { bytes: 50_000_000 };
    a_gzip_bomb: What::GzipBomb { bytes: 200_000_000 };
    a_reset_before_the_write: What::ResetBefore;
    a_reset_after_the_write: What::ResetAfter;
    a_redirect_to_another_host: What::Redirect { to: "http://127.0.0.1:9/".into() };
    a_redirect_that_keeps_the_method: What::RedirectKeeping { to: "http://127.0.0.1:9/".into() };
    a_wrong_content_type: What::ContentType { value: "text/plain".into() };
    garbage_after_the_write: What::Garbage;
    a_duplicate_page: What::DuplicatePage;
    a_shifted_page: What::ShiftedPage { by: 1 };
    an_empty_last_page_with_a_scroll_id: What::EmptyLastPage;
    an_expired_scroll_id: What::ExpiredScroll;
    an_unknown_enum: What::UnknownEnum { field: "status".into() };
    a_missing_field: What::MissingField { field: "id".into() };
    fields_that_nobody_knows: What::ExtraFields;
    a_lone_surrogate: What::LoneSurrogate;
    a_nul: What::Nul;
    invalid_utf8: What::InvalidUtf8;
    a_clock_that_is_off_by_ten_minutes: What::ClockSkew { seconds: 600 };
}

#[test]
fn a_vendor_that_hangs_for_ever() {
    survives(&What::Hang, false);
}

#[test]
fn a_vendor_that_hangs_after_it_acted() {
    survives(&What::HangAfter, false);
}

#[test]
fn a_slow_drip() {
    survives(&What::Drip { bytes: 3, every_ms: 400 }, false);
}

#[test]
fn connections_that_are_refused() {
    let desk = Desk::new();
    let names = CHANNELS.map(|(_, name)| name);
    // Nobody listens there.
    let nowhere =
        |key: &str, value: String| if key == "url" { "\"http://127.0.0.1:9\"".to_owned() } else { value };
    let channels = desk.vendors.channels(&names, nowhere);
    let text = format!("[store]\nurl = \"sqlite:{}\"\n{channels}", desk.path.display());
    let config = desk.vendors.config("nowhere.toml", &text);
    for (vendor, channel) in CHANNELS {
        let id = format!("{channel}:{}", desk.target(channel));
        let text = format!("our answer at {vendor}");
        let replied = desk.vendors.run(&config, &["reply", &id, "--text", &text, "--wait", "1"]);
        assert_eq!(replied.status.code(), Some(8), "{vendor}: {}", said(&replied));
    }
    assert_eq!(desk.vendors.run(&config, &["sync", "--once"]).status.code(), Some(5));
    // What waits for its next try goes at it; nobody has to ask.
    std::thread::sleep(std::time::Duration::from_secs(5));
    desk.run(&["sync", "--once"]);
    for (vendor, _) in CHANNELS {
        desk.judge(vendor, &format!("our answer at {vendor}"));
    }
}

#[test]
fn a_webhook_that_is_replayed_is_one_message() {
    let desk = Desk::new();
    desk.receives(&[texts(&[("wamid-1", "once")]), texts(&[("wamid-1", "once")])]);
    desk.run(&["sync", "--once"]);
    desk.receives(&[texts(&[("wamid-1", "once")])]);
    desk.run(&["sync", "--once"]);
    assert_eq!(desk.copies("once"), 1);
}

#[test]
fn webhooks_out_of_order_are_all_read() {
    let desk = Desk::new();
    desk.receives(&[
        status("wamid-echo", "read"),
        status("wamid-echo", "sent"),
        texts(&[("wamid-2", "second")]),
        texts(&[("wamid-1", "first")]),
    ]);
    let synced = desk.run(&["sync", "--once"]);
    assert!(synced.status.success(), "{}", said(&synced));
    assert_eq!((desk.copies("first"), desk.copies("second")), (1, 1));
}

#[test]
fn a_status_before_the_answer_of_its_own_send() {
    let desk = Desk::new();
    let control = desk.vendors.control();
    control.fault(Fault::next("whatsapp", "*", What::EarlyStatus).where_it_says("early"));
    let replied = desk.run(&["reply", &format!("whatsapp:{PERSON}"), "--text", "early", "--wait", "10"]);
    assert!(replied.status.success(), "{}", said(&replied));
    let id = desk.vendors.book().all_messages().into_iter().find(|it| it.text == "early").expect("sent").id;
    desk.receives(&[status(&id, "delivered"), status(&id, "sent")]);
    desk.run(&["sync", "--once"]);
    desk.judge("whatsapp", "early");
    let shown = desk.stored(async |store| {
        let of = store.find("whatsapp".into(), PERSON.into()).await.expect("a store").expect("a person");
        store.thread(of, None, 10).await.expect("a thread").into_iter().find(|it| it.body == "early")
    });
    assert_eq!(shown.and_then(|it| it.delivery), Some(Delivery::Delivered));
}

#[test]
fn reports_that_no_webhook_brought_are_caught_up_with() {
    let desk = Desk::new();
    let control = desk.vendors.control();
    control.switches(|it| {
        (it.whatsapp_sent_ms, it.whatsapp_delivered_ms, it.whatsapp_read_ms) = (0, 0, 0);
    });
    control.customer_says("whatsapp", PERSON, "Hello?").expect("she writes");
    let replied = desk.run(&["reply", &format!("whatsapp:{PERSON}"), "--text", "unreported", "--wait", "10"]);
    assert!(replied.status.success(), "{}", said(&replied));
    let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let come = || desk.vendors.book().all_messages().into_iter().find(|it| it.text == "unreported");
    while !come().is_some_and(|it| it.statuses.iter().any(|(status, _)| status == "read")) {
        assert!(std::time::Instant::now() < end, "she reads it");
        std::thread::yield_now();
    }
    let shown = || {
        desk.stored(async |store| {
            let of = store.find("whatsapp".into(), PERSON.into()).await.expect("a store").expect("a person");
            let thread = store.thread(of, None, 10).await.expect("a thread");
            thread.into_iter().find(|it| it.body == "unreported").and_then(|it| it.delivery)
        })
    };
    let synced = desk.run(&["sync", "--once"]);
    assert!(synced.status.success(), "{}", said(&synced));
    assert_eq!(shown(), Some(Delivery::Sent), "a webhook may yet bring it");
    assert_eq!(desk.vendors.book().count("whatsapp", "history"), 0);
    let store = rusqlite::Connection::open(&desk.path).expect("a store");
    store.execute("UPDATE message SET at = at - 3600000 WHERE body = 'unreported'", []).expect("older");
    drop(store);
    for _ in 0..2 {
        let synced = desk.run(&["sync", "--once"]);
        assert!(synced.status.success(), "{}", said(&synced));
        assert_eq!(shown(), Some(Delivery::Read));
        assert_eq!(
            desk.vendors.book().count("whatsapp", "history"),
            1,
            "what is known is not asked for again"
        );
    }
    assert_eq!(desk.vendors.book().breaches(), Vec::<String>::new());
}

#[test]
fn the_file_of_a_reply_that_was_refused_is_deleted_at_the_vendor_and_that_of_an_uncertain_one_is_not() {
    let desk = Desk::new();
    let control = desk.vendors.control();
    let file = desk.vendors.folder().join("a.txt");
    std::fs::write(&file, "the terms").expect("a file");
    let person = format!("whatsapp:{PERSON}");
    for (what, code, deleted) in [(What::VendorError { code: 131_053 }, 5, 1), (What::ResetAfter, 6, 1)] {
        control.fault(Fault::next("whatsapp", "send", what));
        let path = file.to_string_lossy().into_owned();
        let replied = desk.run(&["reply", &person, "--text", "see this", "--attach", &path, "--wait", "10"]);
        assert_eq!(replied.status.code(), Some(code), "{}", said(&replied));
        let synced = desk.run(&["sync", "--once"]);
        assert!(synced.status.success(), "{}", said(&synced));
        assert_eq!(desk.vendors.book().count("whatsapp", "media_delete"), deleted);
    }
    assert_eq!(desk.vendors.book().count("whatsapp", "media_upload"), 2);
    assert_eq!(desk.vendors.book().breaches(), Vec::<String>::new());
}

#[test]
fn a_file_on_its_way_to_the_vendor_is_shown_as_such() {
    let desk = Desk::new();
    desk.vendors.control().fault(Fault::next("whatsapp", "media_upload", What::Hang));
    let file = desk.vendors.folder().join("a.txt");
    std::fs::write(&file, "the terms").expect("a file");
    let path = file.to_string_lossy().into_owned();
    let person = format!("whatsapp:{PERSON}");
    let args = ["reply", &person, "--text", "see this", "--attach", &path, "--wait", "60"];
    let mut replies = desk.vendors.program(&desk.config, &args).spawn().expect("it starts");
    let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let shown = || {
        let shown = desk.run(&["show", &person, "--json"]);
        let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
        let thread = shown["thread"].as_array().expect("a thread").clone();
        thread.iter().find_map(|it| it["attachments"][0]["state"].as_str().map(str::to_owned))
    };
    while shown().as_deref() != Some("uploading") {
        assert!(std::time::Instant::now() < end, "{:?}", shown());
    }
    let plain = desk.run(&["show", &person]);
    assert!(String::from_utf8_lossy(&plain.stdout).contains("99% uploaded"), "{plain:?}");
    replies.kill().expect("it runs");
    replies.wait().expect("it ends");
    desk.run(&["sync", "--once"]);
    desk.judge("whatsapp", "see this");
    assert_eq!(shown().as_deref(), Some("uploaded"));
}

#[test]
fn a_thousand_updates_in_one_body() {
    let desk = Desk::new();
    let ids: Vec<(String, String)> = (0..1000).map(|n| (format!("wamid-{n}"), format!("line {n}"))).collect();
    let lines: Vec<(&str, &str)> = ids.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    desk.receives(&[texts(&lines)]);
    desk.run(&["sync", "--once"]);
    assert_eq!((desk.copies("line 0"), desk.copies("line 500"), desk.copies("line 999")), (1, 1, 1));
}

#[test]
fn a_bad_part_of_a_webhook_costs_none_of_its_siblings() {
    let desk = Desk::new();
    let mut body = texts(&[("wamid-1", "before"), ("wamid-2", "after")]);
    let messages = body.pointer_mut("/entry/0/changes/0/value/messages").and_then(Value::as_array_mut);
    messages.expect("messages").insert(1, json!({"from": 7, "id": null, "type": ["?"]}));
    desk.receives(&[body, texts(&[("wamid-3", "the next one")])]);
    desk.run(&["sync", "--once"]);
    assert_eq!((desk.copies("before"), desk.copies("after"), desk.copies("the next one")), (1, 1, 1));
}
