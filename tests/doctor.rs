//! What `deskline doctor` finds: each finding made on purpose, with its advice, as people and as scripts read it.

#[path = "support/vendors.rs"]
mod vendors;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Output,
};

use deskline::simulator::{Fault, What};
use serde_json::Value;
use vendors::Vendors;

/// A healthy installation with its vendors.
struct Seat {
    vendors: Vendors,
    config: PathBuf,
}

impl Seat {
    fn new() -> Self {
        Self::with("", &["americanas"])
    }

    /// With these tables besides, and these accounts.
    fn with(tables: &str, accounts: &[&str]) -> Self {
        let vendors = Vendors::start();
        let text = format!("{tables}\n{}", vendors.channels(accounts, |_, value| value));
        let config = vendors.config("config.toml", &text);
        let desk = Self { vendors, config };
        let first = desk.vendors.run(&desk.config, &["list"]);
        assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
        desk
    }

    fn store(&self) -> PathBuf {
        self.vendors.folder().join(".local/share/deskline/deskline.db")
    }

    fn doctor(&self) -> Seen {
        self.doctor_of(&self.config, &[])
    }

    fn doctor_of(&self, config: &Path, variables: &[(&str, &str)]) -> Seen {
        let run = |args: &[&str]| {
            let mut program = self.vendors.program(config, args);
            program.env("TERM", "xterm-256color").envs(variables.iter().copied());
            program.output().expect("the program starts")
        };
        Seen::of(&run(&["doctor", "--json"]), &run(&["doctor"]))
    }
}

/// What was found.
struct Seen {
    code: i32,
    ok: bool,
    /// About, grade, text, advice.
    findings: Vec<(String, String, String, String)>,
}

impl Seen {
    /// Both faces of it, which say the same.
    fn of(json: &Output, plain: &Output) -> Self {
        let said: Value = serde_json::from_slice(&json.stdout).expect("one JSON object on standard output");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let findings: Vec<_> = said["findings"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| (text(&it["about"]), text(&it["grade"]), text(&it["text"]), text(&it["advice"])))
            .collect();
        let shown = String::from_utf8_lossy(&plain.stdout).into_owned();
        let mut lines = shown.lines();
        for (about, grade, _, advice) in &findings {
            let line = lines.next().unwrap_or_default();
            assert!(line.starts_with(&format!("{grade:<7} {about}: ")), "{line:?} in\n{shown}");
            if grade == "ok" {
                assert_eq!(advice, "", "{about}");
            } else {
                assert!(!advice.is_empty() && !advice.contains('\n'), "{about}: one line of advice");
                assert_eq!(lines.next().map(str::trim), Some(advice.as_str()), "{shown}");
            }
        }
        assert_eq!((lines.next(), plain.status.code()), (None, json.status.code()), "{shown}");
        Self { code: json.status.code().expect("it ended"), ok: said["ok"] == true, findings }
    }

    /// The finding whose text holds `words`: with its grade, its advice and the exit code.
    #[track_caller]
    fn finds(&self, about: &str, grade: &str, words: &str, advice: &str) {
        let found = self
            .findings
            .iter()
            .any(|it| it.0 == about && it.1 == grade && it.2.contains(words) && it.3.contains(advice));
        assert!(
            found,
            "no {grade} about {about} saying {words:?} and advising {advice:?}: {:#?}",
            self.findings
        );
    }

    #[track_caller]
    fn ends(&self, code: i32) {
        assert_eq!((self.code, self.ok), (code, code == 0), "{:#?}", self.findings);
    }
}

const SKYHUB: &str = "channel americanas";
const WHATSAPP: &str = "channel whatsapp";

#[test]
fn a_healthy_box_is_said_to_be_so() {
    let seen = Seat::new().doctor();
    seen.ends(0);
    assert!(seen.findings.iter().all(|it| it.1 == "ok"), "{:#?}", seen.findings);
    seen.finds("files", "ok", "owners and modes", "");
    seen.finds("store", "ok", "read from end to end", "");
    seen.finds(SKYHUB, "ok", "clocks agree", "");
}

#[test]
fn a_terminal_that_shows_nothing_and_one_that_holds_keys_back() {
    let desk = Seat::new();
    desk.doctor_of(&desk.config, &[("TERM", "dumb")]).finds("terminal", "warning", "dumb", "real terminal");
    desk.doctor_of(&desk.config, &[("TMUX", "/tmp/tmux-0/default,1,0")]).finds(
        "terminal",
        "warning",
        "tmux",
        "escape-time",
    );
}

#[test]
fn a_configuration_that_cannot_be_read() {
    let desk = Seat::new();
    let config = desk.vendors.config("broken.toml", "[sync]\npoll_intervall = \"5s\"\n");
    let seen = desk.doctor_of(&config, &[]);
    seen.finds("config", "error", "poll_intervall", "mend it");
    assert_ne!(seen.code, 0);
}

#[test]
fn modes_of_files_and_folders() {
    let desk = Seat::new();
    fs::set_permissions(desk.store(), fs::Permissions::from_mode(0o644)).expect("ours");
    let seen = desk.doctor();
    seen.finds("files", "error", "has mode 0644, not 0600", "chmod 0600");
    seen.ends(7);
    fs::set_permissions(desk.store(), fs::Permissions::from_mode(0o600)).expect("ours");
    let folder = desk.store().parent().expect("a folder").to_owned();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("ours");
    desk.doctor().finds("files", "error", "has mode 0777, not 0700", "chmod 0700");
}

#[test]
fn a_store_that_is_somebody_elses() {
    let desk = Seat::new();
    // Only root may give files away; elsewhere there is nothing to see.
    if fs::metadata(desk.store()).expect("a store").uid() != 0 {
        return;
    }
    std::os::unix::fs::chown(desk.store(), Some(65_534), None).expect("root may");
    let seen = desk.doctor();
    seen.finds("files", "error", "belongs to", "chown");
    seen.ends(7);
}

#[test]
fn a_store_that_is_no_store() {
    let desk = Seat::new();
    let path = desk.vendors.folder().join("letters.db");
    fs::write(&path, "Dear Ana, this is no database at all. ".repeat(200)).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
    let text = fs::read_to_string(&desk.config).expect("a file");
    let text = format!("[store]\nurl = \"sqlite:{}\"\n{text}", path.display());
    let config = desk.vendors.config("letters.toml", &text);
    let seen = desk.doctor_of(&config, &[]);
    assert!(
        seen.findings.iter().any(|it| it.0 == "store" && it.1 == "error") || !path.exists() || seen.ok,
        "{:#?}",
        seen.findings
    );
}

#[test]
fn a_secret_that_everybody_can_read_and_one_that_cannot_be_read() {
    let desk = Seat::new();
    let secret = desk.vendors.folder().join("key");
    fs::write(&secret, "sky-key-5b1f\n").expect("a file");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).expect("ours");
    let with =
        |value: String| move |key: &str, old: String| if key == "api_key" { value.clone() } else { old };
    let file = format!("{{ file = \"{}\" }}", secret.display());
    let config = desk.vendors.config("file.toml", &desk.vendors.channels(&["americanas"], with(file)));
    desk.doctor_of(&config, &[]).finds(SKYHUB, "warning", "everybody can read the file of api_key", "chmod");
    let none = "{ command = \"false\" }".to_owned();
    let config = desk.vendors.config("none.toml", &desk.vendors.channels(&["americanas"], with(none)));
    desk.doctor_of(&config, &[]).finds(SKYHUB, "warning", "secrets cannot be read", "mend the secret");
}

#[test]
fn a_login_that_is_refused() {
    let desk = Seat::new();
    let wrong = |key: &str, value: String| if key == "api_key" { "\"not-the-key\"".into() } else { value };
    let config = desk.vendors.config("wrong.toml", &desk.vendors.channels(&["americanas"], wrong));
    let seen = desk.doctor_of(&config, &[]);
    seen.finds(SKYHUB, "error", "Token inválido", "check the account's credentials");
    seen.ends(4);
    assert!(!format!("{:?}", seen.findings).contains("not-the-key"));
}

#[test]
fn clocks_that_disagree() {
    let desk = Seat::new();
    desk.vendors.control().set_switch("vendor_clock_ms", 600_000.into()).expect("a switch");
    let seen = desk.doctor();
    seen.finds(SKYHUB, "warning", "clock is ", "NTP");
    seen.ends(0);
}

#[test]
fn vendors_that_cannot_be_had() {
    let desk = Seat::new();
    let answers = |code: u16| {
        let what = What::Status { code, body: String::new(), content_type: String::new(), retry_after: None };
        desk.vendors.control().set_faults(vec![Fault::always("skyhub", "*", what)]);
        desk.doctor()
    };
    answers(503).finds(SKYHUB, "error", "503", "try again later");
    answers(404).finds(SKYHUB, "error", "404", "check url");
    desk.vendors.control().set_faults(vec![Fault::always("skyhub", "*", What::ResetBefore)]);
    desk.doctor().finds(SKYHUB, "error", "no answer", "check network and proxy");
    desk.vendors.control().clear_faults();
    let closed = SocketAddr::from(([127, 0, 0, 1], vendors::free_port()));
    let away = |key: &str, value: String| if key == "url" { format!("\"http://{closed}\"") } else { value };
    let config = desk.vendors.config("away.toml", &desk.vendors.channels(&["americanas"], away));
    let seen = desk.doctor_of(&config, &[]);
    seen.finds(SKYHUB, "error", "no connection", "check url, network and proxy");
    seen.ends(5);
    // Last, for the vendor is left alone for a while after it.
    let desk = Seat::new();
    let what =
        What::Status { code: 429, body: String::new(), content_type: String::new(), retry_after: None };
    desk.vendors.control().set_faults(vec![Fault::always("skyhub", "*", what)]);
    desk.doctor_of(&desk.config, &[]).finds(SKYHUB, "error", "429", "another program uses this account");
}

#[test]
fn a_channel_that_has_been_in_trouble() {
    let desk = Seat::new();
    let what =
        What::Status { code: 500, body: String::new(), content_type: String::new(), retry_after: None };
    desk.vendors.control().fault(Fault::always("skyhub", "*", what));
    assert!(!desk.vendors.run(&desk.config, &["sync", "--once"]).status.success());
    desk.vendors.control().clear_faults();
    desk.doctor().finds(SKYHUB, "warning", "in trouble since", "deskline sync --once");
}

/// Answers every request with this status, for as long as the test runs.
fn answering(status: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for line in listener.incoming().flatten() {
            let mut line = line;
            let _ = line.read(&mut [0; 4096]);
            let _ = write!(line, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    address
}

#[test]
fn a_listener_that_is_not_set_not_there_or_somebody_elses() {
    let desk = Seat::with("", &["whatsapp"]);
    let seen = desk.doctor();
    seen.finds(WHATSAPP, "error", "[webhook] is not set", "listen = ");
    seen.ends(3);
    let channels = desk.vendors.channels(&["whatsapp"], |_, value| value);
    let listening = |at: SocketAddr| {
        let text = format!("[webhook]\nlisten = \"{at}\"\n{channels}");
        desk.doctor_of(&desk.vendors.config("hook.toml", &text), &[])
    };
    let closed = SocketAddr::from(([127, 0, 0, 1], vendors::free_port()));
    let seen = listening(closed);
    seen.finds(WHATSAPP, "warning", "nobody takes webhooks on", "deskline sync as a service");
    seen.finds(WHATSAPP, "warning", "no webhook has come yet", "webhook address and the proxy");
    seen.ends(0);
    listening(answering("200 OK")).finds(WHATSAPP, "error", "another program than deskline", "another port");
    listening(answering("404 Not Found")).finds(WHATSAPP, "warning", "knows no webhook", "start it anew");
}

#[test]
fn a_listener_that_takes_webhooks_and_the_last_of_them() {
    let port = SocketAddr::from(([127, 0, 0, 1], vendors::free_port()));
    let desk = Seat::with(&format!("[webhook]\nlisten = \"{port}\"\n"), &["whatsapp"]);
    let mut service = desk.vendors.program(&desk.config, &["sync"]).spawn().expect("the program starts");
    desk.vendors.webhooks_to(&port.to_string());
    desk.vendors.control().customer_says("whatsapp", "16505551234", "Hello?").expect("a customer");
    // The simulator delivers until it is taken.
    let began = std::time::Instant::now();
    let taken = || desk.vendors.book().webhooks().iter().any(|it| it.status == Some(200));
    while !taken() && began.elapsed() < std::time::Duration::from_mins(1) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let seen = desk.doctor();
    service.kill().expect("ours");
    service.wait().expect("it ends");
    seen.finds(WHATSAPP, "ok", "webhooks are taken on", "");
    seen.finds(WHATSAPP, "ok", "last webhook 2", "");
    seen.ends(0);
}
