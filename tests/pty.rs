//! The program as its users meet it: in a terminal, by keys.

#[path = "support/pty.rs"]
mod pty;
#[path = "support/vendors.rs"]
mod vendors;

use std::time::{Duration, Instant};

use pty::Pty;
use rustix::process::{Pid, Signal, kill_process};
use vendors::{JOAO, Vendors};

/// Two seconds is the promise; the third is for the machine that CI shares. One that is so busy that a bare start and end
/// of the program takes long is given twenty of those more.
fn soon(home: &std::path::Path) -> Duration {
    let began = Instant::now();
    let mut bare = Pty::start(&["--version"], (80, 24), home);
    assert!(bare.wait_exit().success());
    Duration::from_secs(3) + 20 * began.elapsed()
}

fn a_newcomer_replies(size: (u16, u16)) {
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = Pty::start(&["demo", "--seed", "1"], size, home.path());
    terminal.wait_for("João dos Santos");
    assert!(terminal.text().contains("DEMO"), "{}", terminal.text());
    terminal.keys("\r");
    terminal.wait_for("q back");
    terminal.keys("r");
    terminal.wait_for("TO CUSTOMER João dos Santos");
    terminal.keys("Olá João, sai hoje.");
    terminal.wait_for("sai hoje");
    terminal.keys("\x1b");
    terminal.wait_for("Send to CUSTOMER João dos Santos");
    terminal.keys("y");
    // Held for its ten seconds; a machine may be so busy that they are over before anything is drawn.
    terminal.wait_until("the reply", |text| text.contains("Held") || text.contains("## sent #"));
    terminal.wait_until("the reply as sent", |text| !text.contains("Held ") && text.contains("sai hoje"));
    terminal.keys("q");
    terminal.wait_until("the list", |text| !text.contains("sai hoje") || text.contains("Enter open"));
    terminal.keys("q");
    let status = terminal.wait_exit();
    assert!(status.success(), "{status:?}");
    assert!(terminal.is_restored());
}

#[test]
fn a_newcomer_replies_in_the_demo_at_80x24() {
    a_newcomer_replies((80, 24));
}

#[test]
fn a_newcomer_replies_in_the_demo_at_120x40() {
    a_newcomer_replies((120, 40));
}

#[test]
fn a_newcomer_replies_in_the_demo_at_200x60() {
    a_newcomer_replies((200, 60));
}

#[test]
fn signals_and_a_dropped_line_end_the_program_and_restore_the_terminal() {
    for (signal, code) in [Some(Signal::TERM), Some(Signal::QUIT), Some(Signal::HUP)]
        .map(|signal| (signal, 0))
        .into_iter()
        .chain([(Some(Signal::INT), 130), (None, 0)])
    {
        let home = tempfile::tempdir().expect("a folder");
        let mut terminal = Pty::start(&["demo"], (80, 24), home.path());
        terminal.wait_for("João dos Santos");
        let soon = soon(home.path());
        match signal {
            Some(signal) => {
                let id = Pid::from_raw(terminal.id().cast_signed()).expect("a process id");
                kill_process(id, signal).expect("the signal is sent");
            }
            None => terminal.hang_up(),
        }
        let status = terminal.wait_exit_within(soon);
        assert_eq!(status.exit_code(), code, "{signal:?}");
        assert!(signal.is_none() || terminal.is_restored(), "{signal:?}");
    }
}

/// A window with a reply in an editor, which ends at Enter; the program itself is started by `$0`'s line of shell.
fn in_the_editor(home: &std::path::Path, shell: &str) -> Pty {
    let editor = home.join("editor");
    // A shell's `read` may end at a signal that it has caught: only Enter ends this one.
    let script = "#!/bin/sh\ntrap 'echo interrupted' INT\necho editing\nuntil read x; do [ -t 0 ] || exit 1; done\n\
                  echo ' sai hoje' >> \"$1\"\n";
    std::fs::write(&editor, script).expect("an editor");
    std::fs::set_permissions(&editor, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .expect("an editor");
    let line = format!("EDITOR=\"'{}'\"; export EDITOR; {shell}", editor.display());
    let args = ["-c", &line, env!("CARGO_BIN_EXE_deskline")];
    let mut terminal = Pty::start_program("/bin/sh", &args, (80, 24), home);
    terminal.wait_for("João dos Santos");
    terminal.keys("\r");
    terminal.wait_for("q back");
    terminal.keys("r");
    terminal.wait_for("TO CUSTOMER João dos Santos");
    terminal.keys("\x18e");
    terminal.wait_for("editing");
    terminal
}

#[test]
fn ctrl_c_in_the_editor_is_the_editors() {
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = in_the_editor(home.path(), "exec \"$0\" demo");
    terminal.keys("\x03");
    terminal.wait_for("interrupted");
    terminal.keys("\r");
    terminal.wait_for("#  sai hoje");
    terminal.keys("\x03\x03");
    let status = terminal.wait_exit();
    assert!(status.success(), "{status:?}: {}", terminal.text());
    assert!(terminal.is_restored());
}

#[test]
fn ctrl_z_in_the_editor_suspends_once_and_not_again_after_it() {
    let home = tempfile::tempdir().expect("a folder");
    let shell = "set -m; \"$0\" demo; echo \"stopped by $?\"; read x; fg >&2; echo \"ended with $?\"";
    let mut terminal = in_the_editor(home.path(), shell);
    terminal.keys("\x1a");
    terminal.wait_for("stopped by");
    terminal.keys("\r");
    terminal.wait_for("demo");
    terminal.keys("\r");
    terminal.wait_for("#  sai hoje");
    terminal.keys("!");
    terminal.wait_for("#  sai hoje!");
    terminal.keys("\x03\x03");
    terminal.wait_for("ended with");
    assert!(terminal.text().contains("ended with 0"), "{}", terminal.text());
    assert!(terminal.is_restored());
}

#[test]
fn a_window_whose_editor_is_suspended_leads_nobody() {
    let vendors = Vendors::start();
    let config = vendors.config("config.toml", &vendors.channels(&["americanas"], |_, value| value));
    assert!(vendors.run(&config, &["sync", "--once"]).status.success());
    let led = || {
        let listed = vendors.run(&config, &["list"]);
        !String::from_utf8_lossy(&listed.stderr).contains("NO ENGINE for americanas")
    };
    assert!(!led());
    let shell = format!("set -m; \"$0\" --config '{}'; echo \"stopped by $?\"; read x; fg", config.display());
    let mut terminal = in_the_editor(vendors.folder(), &shell);
    comes_true("an engine", led);
    terminal.keys("\x1a");
    terminal.wait_for("stopped by");
    assert!(!led(), "it sleeps, and others may send");
    terminal.keys("\r");
    comes_true("an engine", led);
}

#[test]
fn answers_that_are_late_do_not_end_up_in_the_shell() {
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = Pty::start(&["demo"], (80, 24), home.path());
    // Asked, and left before a line of 300 ms can have brought the answers.
    terminal.wait_for("Enter open");
    terminal.keys("q");
    terminal.wait_until_restored();
    terminal.keys("\x1b[?2026;2$y\x1b[?0u\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62c");
    assert!(terminal.wait_exit().success());
}

#[test]
fn it_survives_every_size_and_comes_back() {
    let home = tempfile::tempdir().expect("a folder");
    let mut terminal = Pty::start(&["demo"], (80, 24), home.path());
    terminal.wait_for("João dos Santos");
    for (columns, rows) in [(20, 5), (1, 1), (19, 4), (250, 80), (61, 18), (120, 40), (80, 24)] {
        terminal.resize(columns, rows);
    }
    terminal.wait_for("João dos Santos");
    terminal.keys("q");
    assert!(terminal.wait_exit().success());
    assert!(terminal.is_restored());
}

#[test]
fn a_half_sentence_survives_a_power_cut() {
    let vendors = Vendors::start();
    let config = vendors.config("config.toml", &vendors.channels(&["americanas"], |_, value| value));
    assert!(vendors.run(&config, &["sync", "--once"]).status.success());
    let config = config.to_str().expect("a path in UTF-8");
    let mut terminal = Pty::start(&["--config", config], (80, 24), vendors.folder());
    terminal.wait_for("João dos Santos");
    open_joao(&vendors, config, &mut terminal);
    terminal.keys("r");
    terminal.wait_for("TO CUSTOMER João dos Santos");
    terminal.keys("pedimos desc");
    // The border says so only once it is on disk.
    terminal.wait_for("saved ");
    terminal.kill();
    let mut again = Pty::start(&["--config", config], (80, 24), vendors.folder());
    again.wait_for("# pedimos desc");
    again.keys("\x03\x03");
    assert!(again.wait_exit().success());
}

#[test]
fn a_customers_control_characters_never_reach_the_terminal() {
    let vendors = Vendors::start();
    let evil = "fim \x1b]0;pwned\x07 \x1b[31mred \u{9b}2J \x1bc \u{202e}abc ok?";
    vendors.control().customer_says("skyhub", JOAO, evil).expect("João's chat");
    let config = vendors.config("config.toml", &vendors.channels(&["americanas"], |_, value| value));
    assert!(vendors.run(&config, &["sync", "--once"]).status.success());
    let listed = vendors.run(&config, &["show", &format!("americanas:{JOAO}")]);
    assert!(!listed.stdout.contains(&0x1b), "{}", String::from_utf8_lossy(&listed.stdout).escape_debug());
    let config = config.to_str().expect("a path in UTF-8");
    let mut terminal = Pty::start(&["--config", config], (80, 24), vendors.folder());
    terminal.wait_for("João dos Santos");
    open_joao(&vendors, config, &mut terminal);
    terminal.wait_for("pwned");
    terminal.keys("\x03\x03");
    assert!(terminal.wait_exit().success());
    assert!(terminal.is_restored());
    let raw = String::from_utf8_lossy(&terminal.raw).into_owned();
    for theirs in ["\x1b]0;", "\x1b[31mred", "\u{9b}", "\x1bc", "\u{202e}", "\x07"] {
        assert!(!raw.contains(theirs), "{theirs:?} is in the output");
    }
}

#[test]
fn a_window_still_sends_after_many_changes_by_others() {
    let vendors = Vendors::start();
    let channels = vendors.channels(&["americanas"], |_, value| value);
    let config = vendors.config("config.toml", &format!("{channels}undo_window = \"1s\"\n"));
    let name = format!("americanas:{JOAO}");
    let path = config.to_str().expect("a path in UTF-8");
    // Its own engine, as where no service runs.
    let mut terminal = Pty::start(&["--config", path], (80, 24), vendors.folder());
    terminal.wait_for("João dos Santos");
    for n in 0..40 {
        let noted = vendors.run(&config, &["reply", &name, "--note", "--text", &format!("note {n}")]);
        assert!(noted.status.success(), "{}", String::from_utf8_lossy(&noted.stderr));
    }
    open_joao(&vendors, path, &mut terminal);
    terminal.keys("r");
    terminal.wait_for("TO CUSTOMER João dos Santos");
    terminal.keys("Sai hoje.");
    terminal.wait_for("# Sai hoje.");
    terminal.keys("\x1b");
    terminal.wait_for("Send to CUSTOMER João dos Santos");
    terminal.keys("y");
    terminal.wait_until("the reply as sent", |text| text.contains("## sent #"));
    assert_eq!(vendors.book().copies("skyhub", JOAO, "Sai hoje."), 1);
    terminal.keys("\x03\x03");
    assert!(terminal.wait_exit().success());
}

fn open_joao(vendors: &Vendors, config: &str, terminal: &mut Pty) {
    let shown = vendors.run(config.as_ref(), &["show", &format!("americanas:{JOAO}"), "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("a conversation");
    terminal.keys(":");
    // In one read with it, the rest would be a paste outside a text field.
    terminal.wait_for("Enter take");
    terminal.keys(&shown["id"].to_string());
    terminal.keys("\r");
    terminal.wait_for("q back");
}

/// Looks until it is so. Each look is a command of its own; nothing sleeps in between.
fn comes_true(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(2);
    while !holds() {
        assert!(Instant::now() < end, "never came true: {what}");
    }
}

/// A store that holds a webhook with a file of 3 MB, which is still at the vendor.
fn a_file_at_the_vendor(vendors: &Vendors) -> (std::path::PathBuf, Vec<u8>) {
    use deskline::{
        simulator::{Fault, What},
        store::{
            EngineSide as _,
            sqlite::{OpenOptions, SqliteStore},
        },
    };
    let path = vendors.folder().join("store").join("deskline.db");
    let channels = vendors.channels(&["whatsapp"], |_, value| value);
    let config =
        vendors.config("config.toml", &format!("[store]\nurl = \"sqlite:{}\"\n{channels}", path.display()));
    let bytes: Vec<u8> =
        b"%PDF-1.4 ".iter().copied().chain((0..3_000_000_u32).map(|n| n.to_le_bytes()[1])).collect();
    vendors.control().whatsapp_file("whatsapp", "5511987654321", "document", "application/pdf", &bytes);
    let theirs = vendors.book().attachments();
    let media = theirs.iter().rfind(|it| !it.from_us && it.size == bytes.len()).expect("it is there");
    let body = serde_json::json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages",
        "value": {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "106540352242922"},
            "messages": [{"from": "5511987654321", "id": "wamid.file", "timestamp": "1772452800", "type": "document",
                "document": {"id": media.id, "mime_type": "application/pdf", "sha256": media.sha256, "filename": "a.pdf"}}]}}]}]});
    assert!(vendors.run(&config, &["list"]).status.success());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = SqliteStore::open(OpenOptions::at(&path)).expect("the store opens");
        let hook = ("/webhook/whatsapp".to_owned(), vec!["whatsapp".into()]);
        store
            .put_webhook(hook.0, hook.1, body.to_string().into_bytes(), chrono::Utc::now())
            .await
            .expect("stored");
    });
    // Read, but not fetched.
    vendors.control().fault(Fault::always(
        "whatsapp",
        "media_get",
        What::Status { code: 503, body: String::new(), content_type: String::new(), retry_after: None },
    ));
    vendors.run(&config, &["sync", "--once"]);
    vendors.control().set_faults(vec![Fault::always(
        "whatsapp",
        "media_get",
        What::Drip { bytes: 50_000, every_ms: 150 },
    )]);
    (config, bytes)
}

#[test]
fn a_file_is_saved_under_a_bar_and_goes_on_where_it_was_broken_off() {
    let vendors = Vendors::start();
    let (config, bytes) = a_file_at_the_vendor(&vendors);
    let config = config.to_str().expect("UTF-8");
    let args = ["--config", config, "attachment", "save", "whatsapp:5511987654321", "1"];
    let percent = |text: &str| -> Option<u32> {
        let (head, _) = text.split_once('%')?;
        head.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let mut terminal = Pty::start(&args, (80, 24), vendors.folder());
    terminal.wait_until("a part of it", |text| percent(text).is_some_and(|it| (20..90).contains(&it)));
    assert!(terminal.text().contains("MiB") && terminal.text().contains("left"), "{}", terminal.text());
    terminal.keys("\x03");
    terminal.wait_for("goes on from there");
    assert_eq!(terminal.wait_exit().exit_code(), 130);
    assert!(!vendors.folder().join("a.pdf").exists(), "no half file under a whole one's name");

    let mut terminal = Pty::start(&args, (80, 24), vendors.folder());
    terminal.wait_until("it goes on, not anew", |text| percent(text).is_some_and(|it| it >= 15));
    terminal.wait_for("sha256");
    assert!(terminal.wait_exit().success());
    assert!(!terminal.text().contains('%'), "the bar is gone: {}", terminal.text());
    assert_eq!(std::fs::read(vendors.folder().join("a.pdf")).expect("it is saved"), bytes);
    let last = vendors.book().requests("whatsapp", "media_get").pop().expect("it was asked for");
    assert!(last.header("range").is_some(), "the rest was asked for");
}
