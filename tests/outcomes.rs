//! What a command says when it ends: outcomes, exit codes, and what stands on standard error of engine and outbox.

#[path = "support/vendors.rs"]
mod vendors;

use std::{
    fs::File,
    path::PathBuf,
    process::{Child, Output, Stdio},
    time::{Duration, Instant},
};

use deskline::simulator::{Fault, What};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use vendors::{JOAO, Vendors};

/// A chat that the marketplace mediates.
const MARIA: &str = "americanas:Lojas Americanas-200123456790001/CUSTOMER_SELLER";
/// A chat that we may only read.
const MUTE: &str = "americanas:Lojas Americanas-200123456789001/CUSTOMER_B2W";
/// A consumer's conversation at Dsco.
const LATE: &str = "sfs09fsf09s8fsfs9009";

/// A desk with SkyHub alone, its ticket's chats already read.
fn desk() -> (Vendors, PathBuf) {
    let vendors = Vendors::start();
    let config = vendors.config("config.toml", &vendors.channels(&["americanas"], |_, value| value));
    let first = vendors.run(&config, &["sync", "--once"]);
    assert_eq!(code(&first), 0, "{}", said(&first));
    (vendors, config)
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A file of the store's folder.
fn beside_the_store(vendors: &Vendors, name: &str) -> PathBuf {
    let found = walk(vendors.folder()).into_iter().find(|it| it.ends_with("deskline.db"));
    found.expect("a store").with_file_name(name)
}

fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry").path());
    entries.flat_map(|it| if it.is_dir() { walk(&it) } else { vec![it] }).collect()
}

#[test]
fn an_engine_that_lives_and_does_not_poll_is_named_by_every_command_that_would_name_none() {
    let (vendors, config) = desk();
    let nobody = said(&vendors.run(&config, &["list"]));
    assert!(nobody.contains("NO ENGINE for americanas"), "{nobody}");
    // Somebody holds the lead for life, and does nothing with it.
    let lock =
        File::options().write(true).open(beside_the_store(&vendors, "americanas.lead")).expect("a lock file");
    lock.lock().expect("free");
    let led = said(&vendors.run(&config, &["list"]));
    assert_eq!(led, "", "it may be about to ask");
    let store = rusqlite::Connection::open(beside_the_store(&vendors, "deskline.db")).expect("a store");
    store.execute("UPDATE health SET ok_at = ok_at - 720000", []).expect("older");
    store.execute("UPDATE lease SET up_since = up_since - 720000", []).expect("older");
    drop(store);
    let joao = joao();
    for args in [&["list"][..], &["outbox"], &["reply", &joao, "--text", "Olá"]] {
        let words = said(&vendors.run(&config, args));
        assert!(words.contains("americanas NO POLL for 12m"), "{args:?}: {words}");
    }
    let doctor = vendors.run(&config, &["doctor"]);
    let text = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(text.contains("americanas NO POLL for 12m"), "{text}");
}

fn joao() -> String {
    format!("americanas:{JOAO}")
}

fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn refusal(code: u16) -> What {
    What::Status { code, body: "{\"error\":\"não\"}".into(), content_type: String::new(), retry_after: None }
}

#[test]
fn a_reply_with_a_rev_is_refused_when_something_came_and_one_without_is_not() {
    let (vendors, config) = desk();
    let run = |args: &[&str]| vendors.run(&config, args);
    let rev = || lines(&run(&["show", &joao(), "--json"]))[0]["rev"].to_string();
    let before = rev();
    vendors.control().customer_says("skyhub", JOAO, "E aí, cadê?").expect("said");
    assert_eq!(code(&run(&["sync", "--once"])), 0);
    let refused = run(&["reply", &joao(), "--text", "um", "--seen", &before]);
    assert_eq!(code(&refused), 1, "{}", said(&refused));
    assert!(said(&refused).contains("has changed since"), "{}", said(&refused));
    let status = run(&["status", &joao(), "resolved", "--seen", &before]);
    assert_eq!(code(&status), 1, "{}", said(&status));
    assert!(lines(&run(&["outbox", "--json"])).is_empty(), "nothing was queued");
    let queued = run(&["reply", &joao(), "--text", "dois", "--seen", &rev()]);
    assert_eq!(code(&queued), 0, "{}", said(&queued));
    assert!(
        said(&queued).contains("no engine runs on this store: deskline sync, or --wait"),
        "{}",
        said(&queued)
    );
    // Without a rev: not held against what arrived, nor for undo.
    assert_eq!(code(&run(&["reply", &joao(), "--text", "três"])), 0);
    let rows = lines(&run(&["outbox", "--json"]));
    let states: Vec<_> = rows
        .iter()
        .filter(|row| row["action"] == "reply")
        .map(|row| row["state"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(states, ["queued", "queued"], "never held");
    vendors.control().customer_says("skyhub", JOAO, "Alô?").expect("said");
    assert_eq!(code(&run(&["sync", "--once"])), 0);
    let texts = ["um", "dois", "três"].map(|text| vendors.book().copies("skyhub", JOAO, text));
    assert_eq!(texts, [0, 1, 1]);
}

#[test]
fn red_stops_a_reply_and_amber_only_a_strict_one() {
    let (vendors, config) = desk();
    let run = |args: &[&str]| vendors.run(&config, args);
    for shut in [MARIA, MUTE] {
        let refused = run(&["reply", shut, "--text", "Bom dia", "--wait"]);
        assert_eq!(code(&refused), 1, "{}", said(&refused));
        assert!(said(&refused).contains("nothing was queued"), "{}", said(&refused));
    }
    let contact = "Me chame em loja@example.com";
    let strict = run(&["reply", &joao(), "--text", contact, "--strict"]);
    assert_eq!(code(&strict), 1, "{}", said(&strict));
    assert!(said(&strict).contains("nothing was queued"), "{}", said(&strict));
    assert!(lines(&run(&["outbox", "--json"])).is_empty());
    let goes = run(&["reply", &joao(), "--text", contact, "--wait"]);
    assert_eq!(code(&goes), 0, "{}", said(&goes));
    assert!(said(&goes).to_lowercase().contains("e-mail"), "amber is printed: {}", said(&goes));
    assert_eq!(vendors.book().copies("skyhub", JOAO, contact), 1);
}

#[test]
fn a_closed_conversation_is_answered_only_where_it_is_to_be_reopened() {
    let vendors = Vendors::start();
    let config = vendors.config("config.toml", &vendors.channels(&["dsco-supplier"], |_, value| value));
    let run = |args: &[&str]| vendors.run(&config, args);
    vendors.control().set_status("dsco", LATE, "closed").expect("closed");
    assert_eq!(code(&run(&["sync", "--once"])), 0);
    let late = format!("dsco-supplier:{LATE}");
    let refused = run(&["reply", &late, "--text", "It left today.", "--wait"]);
    assert_eq!(code(&refused), 1, "{}", said(&refused));
    assert!(lines(&run(&["outbox", "--json"])).is_empty(), "nothing was queued");
    let sent = run(&["reply", &late, "--text", "It left today.", "--reopen", "--wait"]);
    assert_eq!(code(&sent), 0, "{}", said(&sent));
    assert_eq!(vendors.book().copies("dsco", LATE, "It left today."), 1);
    assert_ne!(vendors.control().status("dsco", LATE).as_deref(), Some("closed"), "it stays reopened");
}

#[test]
fn each_row_of_the_outbox_can_be_settled_by_its_number() {
    let (vendors, config) = desk();
    let run = |args: &[&str]| vendors.run(&config, args);
    let rows = || lines(&run(&["outbox", "--json"]));
    let number = || rows()[0]["n"].to_string();
    // Taken back: the text is the draft again, and leaves no trace at the vendor.
    assert_eq!(code(&run(&["reply", &joao(), "--text", "volta"])), 0);
    let first = number();
    let back = run(&["outbox", "take-back", &first]);
    assert_eq!(code(&back), 0, "{}", said(&back));
    assert!(said(&back).contains("volta") && rows().is_empty(), "{}", said(&back));
    let again = run(&["outbox", "take-back", &first]);
    assert_eq!(code(&again), 1, "{}", said(&again));
    // Refused, then tried again.
    vendors.control().fault(Fault::next("skyhub", "reply", refusal(422)));
    assert_eq!(code(&run(&["reply", &joao(), "--text", "outra vez", "--wait"])), 5);
    let failed = number();
    assert_ne!(failed, first, "a number is never used again");
    assert_eq!(rows()[0]["state"], "failed");
    assert_eq!(code(&run(&["outbox", "retry", &failed])), 0);
    assert_eq!(rows()[0]["state"], "queued");
    assert_eq!(code(&run(&["sync", "--once"])), 0);
    assert_eq!(vendors.book().copies("skyhub", JOAO, "outra vez"), 1);
    // Only what is uncertain can be there already.
    assert_eq!(code(&run(&["reply", &joao(), "--text", "fora"])), 0);
    let queued = number();
    let there = run(&["outbox", "mark-sent", &queued]);
    assert_eq!(code(&there), 1, "{}", said(&there));
    assert!(said(&there).contains("only an uncertain row"), "{}", said(&there));
    assert_eq!(code(&run(&["outbox", "discard", &queued])), 0);
    assert!(rows().is_empty());
    // Uncertain: nobody takes it back; whoever looked may send it again.
    vendors.control().fault(Fault::next("skyhub", "reply", What::ResetBefore));
    assert_eq!(code(&run(&["reply", &joao(), "--text", "talvez", "--wait", "3"])), 6);
    let lost = number();
    let back = run(&["outbox", "take-back", &lost]);
    assert_eq!(code(&back), 1, "{}", said(&back));
    assert_eq!(code(&run(&["outbox", "retry", &lost])), 0);
    assert_eq!(code(&run(&["sync", "--once"])), 0);
    let copies = ["volta", "fora", "talvez"].map(|text| vendors.book().copies("skyhub", JOAO, text));
    assert_eq!((copies, rows().len()), ([0, 0, 1], 0));
    for command in ["retry", "mark-sent", "take-back", "discard"] {
        assert_eq!(code(&run(&["outbox", command, "4711"])), 1, "{command}");
        assert_eq!(code(&run(&["outbox", command, "one"])), 2, "{command}");
    }
}

#[test]
fn a_cycle_says_the_gravest_of_its_troubles_and_finishes_the_others() {
    let vendors = Vendors::start();
    let all = ["myprotein", "dsco-supplier", "americanas"];
    let config = vendors.config("config.toml", &vendors.channels(&all, |_, value| value));
    let always = |vendor: &str, what: What| Fault { times: 0, ..Fault::next(vendor, "*", what) };
    let dsco = || Fault { times: 0, ..Fault::next("dsco", "list", refusal(404)) };
    vendors.control().set_faults(vec![dsco()]);
    let once = vendors.run(&config, &["sync", "--once", "--json"]);
    assert_eq!(code(&once), 5, "{}", said(&once));
    let ok = |output: &Output| lines(output).iter().filter(|it| it["ok"] == true).count();
    assert_eq!(ok(&once), 2, "{}", said(&once));
    vendors.control().set_faults(vec![dsco(), always("skyhub", refusal(401))]);
    let once = vendors.run(&config, &["sync", "--once", "--json"]);
    assert_eq!((code(&once), ok(&once)), (4, 1), "{}", said(&once));
}

/// The end of a process that was told to end.
fn ended(mut child: Child, by: Signal) -> i32 {
    let pid = i32::try_from(child.id()).expect("a number of a process");
    kill_process(Pid::from_raw(pid).expect("not 0"), by).expect("it runs");
    let told = Instant::now();
    let status = child.wait().expect("it ends");
    assert!(told.elapsed() < Duration::from_secs(4), "{by:?}: {:?}", told.elapsed());
    status.code().expect("it ended by itself")
}

#[test]
fn a_service_and_a_wait_end_as_they_are_told_and_keep_what_is_queued() {
    use std::io::BufRead as _;
    let (vendors, config) = desk();
    let channels = vendors.channels(&["americanas"], |_, value| value);
    let listens = vendors.config("listens.toml", &format!("[webhook]\nlisten = \"127.0.0.1:0\"\n{channels}"));
    for (signal, code) in [(Signal::TERM, 0), (Signal::HUP, 0), (Signal::INT, 130)] {
        let mut service =
            vendors.program(&listens, &["sync"]).stderr(Stdio::piped()).spawn().expect("it starts");
        // Its first word is where it listens.
        let mut word = String::new();
        let mut said = std::io::BufReader::new(service.stderr.take().expect("a pipe"));
        said.read_line(&mut word).expect("a line");
        assert_eq!(ended(service, signal), code, "{signal:?}: {word}");
    }
    for (at, (signal, code)) in [(Signal::INT, 130), (Signal::TERM, 0)].into_iter().enumerate() {
        vendors.control().fault(Fault::next("skyhub", "reply", What::Hang));
        let text = format!("espera {at}");
        let args = ["reply", &joao(), "--text", &text, "--wait", "60"];
        let waits = vendors.program(&config, &args).stderr(Stdio::null()).spawn().expect("it starts");
        let began = Instant::now();
        while vendors.book().posts("skyhub", "reply", &text) == 0 {
            assert!(began.elapsed() < Duration::from_secs(30), "it is never sent");
            std::thread::yield_now();
        }
        assert_eq!(ended(waits, signal), code, "{signal:?}");
        let rows = lines(&vendors.run(&config, &["outbox", "--json"]));
        let row = rows.iter().find(|row| row["action"] == "reply").expect("its text is kept");
        assert_eq!(row["state"], "sending", "{row}");
        // Whoever leads next does not know what became of it, and says so.
        let n = row["n"].to_string();
        vendors.run(&config, &["sync", "--once"]);
        let rows = lines(&vendors.run(&config, &["outbox", "--json"]));
        assert_eq!(rows[0]["state"], "uncertain", "{rows:?}");
        assert_eq!(self::code(&vendors.run(&config, &["outbox", "discard", &n])), 0);
    }
}
