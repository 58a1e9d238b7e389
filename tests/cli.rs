//! The commands as scripts meet them: shapes, exit codes, and what stands on which stream.

#[path = "support/vendors.rs"]
mod vendors;

use std::{path::PathBuf, process::Output};

use deskline::simulator::{Fault, What};
use serde_json::Value;
use vendors::{JOAO, Vendors};

const CONVERSATION: [&str; 26] = [
    "id",
    "channel",
    "kind",
    "remote_id",
    "subject",
    "customer",
    "status",
    "remote_status",
    "gate",
    "turn",
    "unread",
    "remote_unread",
    "assignee",
    "labels",
    "priority",
    "snoozed_until",
    "order",
    "products",
    "category",
    "messages",
    "lang",
    "rev",
    "due_clock",
    "waiting_since",
    "due_at",
    "created_at",
];
const MESSAGE: [&str; 11] = [
    "id",
    "remote_id",
    "direction",
    "author",
    "body",
    "kind",
    "delivery",
    "error",
    "attachments",
    "context",
    "created_at",
];
const ROW: [&str; 11] = [
    "n",
    "conversation",
    "channel",
    "action",
    "state",
    "author",
    "attempts",
    "not_before",
    "reason",
    "error",
    "created_at",
];

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

fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("nothing but JSON on standard output"))
        .collect()
}

fn has_keys(value: &Value, keys: &[&str]) {
    for key in keys {
        assert!(value.get(key).is_some(), "{key} is missing in {value:#}");
    }
}

fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == 24 && text.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

fn joao() -> String {
    format!("americanas:{JOAO}")
}

#[test]
fn a_cycle_ends_with_a_line_per_channel_and_lists_have_the_promised_keys() {
    let vendors = Vendors::start();
    let all = ["myprotein", "dsco-supplier", "americanas"];
    let config = vendors.config("config.toml", &vendors.channels(&all, |_, value| value));
    let once = vendors.run(&config, &["sync", "--once", "--json"]);
    assert_eq!(code(&once), 0, "{}", said(&once));
    let reports = lines(&once);
    assert_eq!(reports.len(), all.len());
    for report in &reports {
        has_keys(report, &["channel", "ok", "conversations", "messages_new", "requests", "seconds", "error"]);
        assert_eq!(report["ok"], true, "{report}");
        assert!(report["conversations"].as_u64() > Some(0), "{report}");
    }
    let list = lines(&vendors.run(&config, &["list", "--json", "--limit", "500"]));
    for conversation in &list {
        has_keys(conversation, &CONVERSATION);
        has_keys(&conversation["customer"], &["id", "name", "email", "phone"]);
        assert!(
            is_time(&conversation["created_at"]) && is_time(&conversation["updated_at"]),
            "{conversation}"
        );
    }
    let newest_first =
        list.windows(2).all(|pair| pair[0]["updated_at"].as_str() >= pair[1]["updated_at"].as_str());
    assert!(newest_first);
    assert!(["thg", "dsco", "skyhub"].iter().all(|kind| list.iter().any(|it| it["kind"] == *kind)));
    let show = lines(&vendors.run(&config, &["show", &joao(), "--json"])).remove(0);
    has_keys(&show, &CONVERSATION);
    assert_eq!(show["remote_id"], JOAO);
    assert_eq!(show["subject"], "Olá! Produto ainda não foi entregue.");
    assert_eq!(show["customer"]["id"], "12345678");
    assert_eq!(show["remote_status"]["seller_status"], "UNREAD");
    assert_eq!(show["remote_status"]["status"], "ACTIVE");
    assert_eq!(show["order"]["number"], "02-123456789");
    assert_eq!(show["order"]["delivery"], "200123456789001");
    assert_eq!(
        (&show["gate"], &show["turn"], &show["status"]),
        (&"open".into(), &"us".into(), &"new".into())
    );
    let message = &show["thread"][0];
    has_keys(message, &MESSAGE);
    assert_eq!(message["direction"], "inbound");
    assert_eq!(message["author"]["role"], "customer");
    assert_eq!(message["author"]["name"], "João dos Santos");
    assert_eq!(message["kind"], "text");
    assert!(is_time(&message["created_at"]));
    assert_eq!(vendors.book().breaches(), Vec::<String>::new());
}

#[test]
fn a_reply_is_queued_shown_in_the_outbox_and_delivered_once() {
    let (vendors, config) = desk();
    let queued = vendors.run(&config, &["reply", &joao(), "--text", "Sai hoje.", "--json"]);
    assert_eq!(code(&queued), 0, "{}", said(&queued));
    assert!(said(&queued).contains("no engine runs on this store"), "{}", said(&queued));
    let message = lines(&queued).remove(0);
    has_keys(&message, &MESSAGE);
    assert_eq!((&message["direction"], &message["delivery"]), (&"outbound".into(), &"queued".into()));
    let rows = lines(&vendors.run(&config, &["outbox", "--json"]));
    assert!(!rows.is_empty());
    for row in &rows {
        has_keys(row, &ROW);
    }
    assert_eq!((&rows[0]["action"], &rows[0]["state"]), (&"reply".into(), &"queued".into()));
    assert_eq!(code(&vendors.run(&config, &["sync", "--once"])), 0);
    assert_eq!(vendors.book().copies("skyhub", JOAO, "Sai hoje."), 1);
    assert_eq!(lines(&vendors.run(&config, &["outbox", "--json"])), Vec::<Value>::new());

    let waited = vendors.run(&config, &["reply", &joao(), "--text", "Boa tarde.", "--wait", "--json"]);
    assert_eq!(code(&waited), 0, "{}", said(&waited));
    assert_eq!(lines(&waited)[0]["delivery"], "sent");
    assert_eq!(vendors.book().copies("skyhub", JOAO, "Boa tarde."), 1);
    let show = lines(&vendors.run(&config, &["show", &joao(), "--json"])).remove(0);
    assert_eq!((&show["status"], &show["turn"]), (&"pending".into(), &"them".into()));
    assert_eq!(vendors.book().breaches(), Vec::<String>::new());
}

#[test]
fn what_we_begin_waits_for_them_and_a_row_that_is_not_there_is_named() {
    let vendors = Vendors::start();
    let config = vendors.config("config.toml", &vendors.channels(&["myprotein"], |_, value| value));
    let begin =
        ["new", "--channel", "myprotein", "--category", "WEBSITE_ISSUES", "--text", "We cannot log in."];
    let begun = vendors.run(&config, &[&begin[..], &["--wait"]].concat());
    assert_eq!(code(&begun), 0, "{}", said(&begun));
    let list = lines(&vendors.run(&config, &["list", "is:mine", "--json"]));
    assert_eq!((&list[0]["status"], &list[0]["turn"]), (&"pending".into(), &"them".into()));
    for verb in ["retry", "mark-sent", "take-back", "discard"] {
        let refused = vendors.run(&config, &["outbox", verb, "99"]);
        assert_eq!(code(&refused), 1, "{verb}");
        assert!(said(&refused).contains("there is no row 99; nothing was changed"), "{}", said(&refused));
    }
}

#[test]
fn status_and_read_marks_reach_the_vendor_and_notes_do_not() {
    let (vendors, config) = desk();
    let state = || vendors.control().status("skyhub", JOAO);
    for (args, then) in [
        (vec!["read", "ID", "--wait"], "READ"),
        (vec!["unread", "ID", "--wait"], "UNREAD"),
        (vec!["status", "ID", "resolved", "--wait"], "ARCHIVED"),
        (vec!["status", "ID", "on-hold", "--wait"], "READ"),
    ] {
        let name = joao();
        let args: Vec<&str> =
            args.into_iter().map(|word| if word == "ID" { name.as_str() } else { word }).collect();
        let done = vendors.run(&config, &args);
        assert_eq!(code(&done), 0, "{args:?}: {}", said(&done));
        assert_eq!(state().as_deref(), Some(then), "{args:?}");
    }
    let note = vendors.run(&config, &["reply", &joao(), "--note", "--text", "só para nós", "--json"]);
    assert_eq!(code(&note), 0, "{}", said(&note));
    assert_eq!(lines(&note)[0]["direction"], "note");
    assert_eq!(code(&vendors.run(&config, &["sync", "--once"])), 0);
    assert!(
        vendors.book().messages("skyhub", JOAO).iter().all(|message| !message.text.contains("só para nós"))
    );
    assert_eq!(vendors.book().breaches(), Vec::<String>::new());
}

#[test]
fn exit_codes_say_what_went_wrong() {
    let (vendors, config) = desk();
    let run = |args: &[&str]| vendors.run(&config, args);
    assert_eq!(code(&run(&["frobnicate"])), 2);
    assert_eq!(code(&run(&["show", "americanas:nobody"])), 1);
    assert_eq!(code(&run(&[])), 2, "no terminal, no inbox");

    let name = joao();
    let empty = run(&["reply", &name, "--text", "Olá {nome},"]);
    assert_eq!(code(&empty), 1);
    assert_eq!(said(&empty).matches("{nome}").count(), 1, "said once: {}", said(&empty));
    vendors.control().fault(Fault::next(
        "skyhub",
        "reply",
        What::Status {
            code: 422,
            body: "{\"error\":\"não\"}".into(),
            content_type: String::new(),
            retry_after: None,
        },
    ));
    let refused = run(&["reply", &name, "--text", "primeira", "--wait", "20"]);
    assert_eq!(code(&refused), 5, "{}", said(&refused));
    let rows = lines(&run(&["outbox", "--json"]));
    assert_eq!(rows[0]["state"], "failed", "{rows:?}");
    assert_eq!(code(&run(&["outbox", "discard", &rows[0]["n"].to_string()])), 0);

    vendors.control().fault(Fault::next("skyhub", "reply", What::ResetBefore));
    let lost = run(&["reply", &name, "--text", "segunda", "--wait", "4"]);
    assert_eq!(code(&lost), 6, "{}", said(&lost));
    let rows = lines(&run(&["outbox", "--json"]));
    assert_eq!(rows[0]["state"], "uncertain", "{rows:?}");
    assert_eq!(code(&run(&["outbox", "mark-sent", &rows[0]["n"].to_string()])), 0);

    vendors.control().unreachable(true);
    let late = run(&["reply", &name, "--text", "terceira", "--wait", "2"]);
    assert_eq!(code(&late), 8, "{}", said(&late));
    vendors.control().unreachable(false);
    assert_eq!(vendors.book().posts("skyhub", "reply", "terceira"), 0);
}

#[test]
fn wrong_credentials_end_with_four_and_an_open_store_with_seven() {
    use std::os::unix::fs::PermissionsExt as _;
    let (vendors, config) = desk();
    let wrong = |key: &str, value: String| if key == "api_key" { "\"not-the-key\"".into() } else { value };
    let other = vendors.config("wrong.toml", &vendors.channels(&["americanas"], wrong));
    let refused = vendors.run(&other, &["sync", "--once"]);
    assert_eq!(code(&refused), 4, "{}", said(&refused));
    assert!(!said(&refused).contains("not-the-key"), "{}", said(&refused));

    let store = vendors.folder().join(".local/share/deskline/deskline.db");
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o644)).expect("ours");
    let open = vendors.run(&config, &["list"]);
    assert_eq!(code(&open), 7, "{}", said(&open));
    assert!(said(&open).contains("chmod"), "{}", said(&open));
}

#[test]
fn a_misspelt_key_is_named_with_its_file_its_line_and_its_neighbour() {
    let vendors = Vendors::start();
    let config = vendors.config("config.toml", "[sync]\npoll_intervall = \"5s\"\n");
    let wrong = vendors.run(&config, &["list"]);
    assert_eq!(code(&wrong), 3);
    let words = said(&wrong);
    for word in ["poll_intervall", "config.toml:2", "poll_interval"] {
        assert!(words.contains(word), "{word} is not in {words}");
    }
}

#[test]
fn keys_that_name_what_there_is_not_are_refused_by_check_and_start() {
    let vendors = Vendors::start();
    for (line, words) in [
        ("resolv = \"B\"", ["no action is called \"resolv\"", "\"resolve\""]),
        ("\"lists.resolve\" = \"B\"", ["does not work in \"lists\"", "list, conversation"]),
        ("resolve = \"Blah\"", ["no key is called \"Blah\"", "Ctrl-e"]),
    ] {
        let config = vendors.config("config.toml", &format!("[keys]\n{line}\n"));
        for arguments in [["config", "check"].as_slice(), &["list"], &["demo", "--print"]] {
            let wrong = vendors.run(&config, arguments);
            assert_eq!(code(&wrong), 3, "{line} {arguments:?}");
            let said = said(&wrong);
            for word in words.iter().chain(&["config.toml:2"]) {
                assert!(said.contains(word), "{word} is not in {said}");
            }
        }
    }
    let config = vendors.config("config.toml", "[keys]\nresolve = \"B\"\n");
    let demo = vendors.run(&config, &["demo", "--print"]);
    assert_eq!(code(&demo), 0, "{}", said(&demo));
}

#[test]
fn the_effective_configuration_is_shown_without_its_secrets() {
    let vendors = Vendors::start();
    let all = ["myprotein", "dsco-supplier", "americanas", "whatsapp"];
    let config = vendors.config("config.toml", &vendors.channels(&all, |_, value| value));
    let shown = vendors.run(&config, &["config", "show"]);
    assert_eq!(code(&shown), 0, "{}", said(&shown));
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    for secret in
        ["sky-key-5b1f", "am-key-90c2", "EAAsim-5f2c90", "app-secret-8d1e", "verify-3b77", "thg-password-18"]
    {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    assert!(text.contains("loja@example.com") && text.contains("config.toml"), "{text}");
}

/// The demo as plain lines, on a terminal that cannot draw and a pipe that is none.
fn linear(arguments: &[&str], lines: &str) -> Output {
    use std::{io::Write, process::Stdio};
    let home = tempfile::tempdir().expect("a folder");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_deskline"))
        .args(arguments)
        .env_clear()
        .envs([("TERM", "dumb"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")])
        .env("HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("lines");
    child.wait_with_output().expect("the program ends")
}

#[test]
fn a_reader_that_has_gone_is_no_trouble_worth_words() {
    let home = tempfile::tempdir().expect("a folder");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_deskline"));
    command.args(["demo", "--print"]).env_clear().env("HOME", home.path()).env("TERM", "dumb");
    let ended = command.stdout(writer).output().expect("it starts");
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[test]
fn plain_lines_show_a_page_and_take_the_same_actions() {
    let printed = linear(&["demo", "--print"], "");
    let text = String::from_utf8(printed.stdout).expect("text");
    assert!(printed.status.success() && text.starts_with("DEMO. List, view Unassigned, "), "{text}");
    let joao = text.lines().find(|line| line.contains("João dos Santos")).expect("João's line");
    assert!(joao.contains("1 unread, status new, AT RISK, due in"), "{joao}");
    assert!(!text.contains('\u{1b}'));

    // Who has nothing drawn opens by number; the end of the input keeps what was typed and ends.
    let lines = "open\nreply\nOlá João,\nsai hoje.\n.\nsend\nresolvx\nnote\nfor us\n.\n";
    let talked = linear(&["demo", "--linear"], lines);
    let text = String::from_utf8(talked.stdout).expect("text");
    assert!(talked.status.success(), "{text}");
    for said in [
        "Writing. TO CUSTOMER João dos Santos",
        "text: sai hoje.",
        "y send, then pending",
        "Held 10 s, then to João dos Santos",
        "No action is called resolvx",
        "Writing. TEAM ONLY about João dos Santos",
        "Save for the TEAM ONLY",
    ] {
        assert!(text.contains(said), "{said} is not in:\n{text}");
    }
}

#[test]
fn a_report_prints_its_formulas_and_every_figure_names_its_events() {
    let (vendors, config) = desk();
    let sent = vendors.run(&config, &["reply", &joao(), "--text", "Sai hoje.", "--wait"]);
    assert_eq!(code(&sent), 0, "{}", said(&sent));
    let rows = lines(&vendors.run(&config, &["report", "--from", "2020-01-01", "--json"]));
    for row in &rows {
        has_keys(
            row,
            &["from", "to", "group", "figure", "n", "median_ms", "p90_ms", "mean_ms", "sum_ms", "formula"],
        );
    }
    let row = |figure: &str| rows.iter().find(|row| row["figure"] == figure).expect("every figure is there");
    let n = row("first_response")["n"].as_u64().expect("a count");
    assert!(row("first_response")["median_ms"].as_i64() > Some(0));
    assert_eq!(row("handle_time")["median_ms"], Value::Null, "nothing was measured: no guess");

    let events = lines(
        &vendors.run(&config, &["report", "--from", "2020-01-01", "--events", "first_response", "--json"]),
    );
    let show = lines(&vendors.run(&config, &["show", &joao(), "--json"])).remove(0);
    assert_eq!(events.len() as u64, n);
    let event = events.iter().find(|it| it["conversation"] == show["id"]).expect("João was answered");
    assert_eq!(event["messages"][0], show["thread"][0]["id"]);

    let by = lines(&vendors.run(&config, &["report", "--from", "2020-01-01", "--by", "channel", "--json"]));
    assert!(by.iter().all(|row| row["group"] == "americanas"));
    let words = vendors.run(&config, &["report"]);
    let words = String::from_utf8_lossy(&words.stdout).into_owned();
    for text in ["first_response: first reply after", "n/a", "measured in this terminal"] {
        assert!(words.contains(text), "{text} is not in {words}");
    }
    let csv = vendors.run(&config, &["report", "--csv"]);
    assert!(String::from_utf8_lossy(&csv.stdout).starts_with("from,to,group,figure,n,median_ms"));
    assert_eq!(code(&vendors.run(&config, &["report", "--events", "mood"])), 2);
    assert_eq!(code(&vendors.run(&config, &["report", "--from", "soon"])), 2);
}

#[test]
fn an_erased_customer_does_not_come_back_with_the_next_cycle() {
    let (vendors, config) = desk();
    assert_eq!(code(&vendors.run(&config, &["erase", &joao()])), 2, "a customer, not a conversation");
    assert_eq!(code(&vendors.run(&config, &["erase", &joao(), "--customer"])), 2, "nobody is there to ask");
    let erased = vendors.run(&config, &["erase", &joao(), "--customer", "--yes"]);
    assert_eq!(code(&erased), 0, "{}", said(&erased));
    assert_eq!(code(&vendors.run(&config, &["sync", "--once"])), 0);
    assert_eq!(code(&vendors.run(&config, &["show", &joao()])), 1);

    let text = std::fs::read_to_string(&config).expect("ours");
    let team = format!("{text}\n[[member]]\nlogin = \"somebody\"\nrole = \"lead\"\n");
    let team = vendors.config("team.toml", &team);
    let other = lines(&vendors.run(&config, &["list", "--json"]))[0]["id"].to_string();
    let refused = vendors.run(&team, &["erase", &other, "--customer", "--yes"]);
    assert_eq!(code(&refused), 1);
    assert!(said(&refused).contains("lead or an admin"), "{}", said(&refused));
}

#[test]
fn a_hook_is_told_what_happens_and_not_what_was_replayed() {
    let vendors = Vendors::start();
    let told = vendors.folder().join("told");
    let program = vendors.folder().join("hook");
    std::fs::write(&program, format!("#!/bin/sh\ncat >> '{}'\n", told.display())).expect("a file");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("ours");
    let hook = format!(
        "\n[[hook]]\nname = \"pager\"\non = [\"message\", \"sent\", \"status\", \"note\"]\ncommand = [\"{}\"]\n",
        program.display()
    );
    let config = vendors.config(
        "config.toml",
        &(vendors.channels(&["americanas"], |_, value| value) + "\n[sync]\npoll_interval = \"1s\"\n" + &hook),
    );
    let mut service = vendors.program(&config, &["sync"]).spawn().expect("the program starts");
    // The first cycle brings two years of chats: no news. A note from another process is.
    let joao = joao();
    let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let mut noted = false;
    let text = loop {
        let text = std::fs::read_to_string(&told).unwrap_or_default();
        if text.contains("\"sent\"") || std::time::Instant::now() > until {
            break text;
        }
        if !noted {
            noted = code(&vendors.run(&config, &["reply", &joao, "--note", "--text", "só para nós"])) == 0;
        } else if !text.contains("\"sent\"") && text.contains("\"note\"") {
            vendors.run(&config, &["reply", &joao, "--text", "Sai hoje.", "--wait"]);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    service.kill().expect("ours");
    service.wait().expect("it ends");
    let told: Vec<Value> = serde_json::Deserializer::from_str(&text)
        .into_iter::<Value>()
        .map(|line| line.expect("one object after the other"))
        .collect();
    let events: Vec<&str> = told.iter().filter_map(|it| it["event"].as_str()).collect();
    assert_eq!(events.iter().filter(|it| **it == "note").count(), 1, "{events:?}");
    assert!(events.contains(&"status") && events.contains(&"sent"), "{events:?}");
    assert!(told.iter().all(|it| it["hook"] == "pager" && has_conversation(it, JOAO)), "{text}");
}

fn has_conversation(told: &Value, remote: &str) -> bool {
    told["conversation"]["remote_id"] == remote && is_time(&told["at"])
}

#[test]
fn what_an_argument_holds_never_controls_the_terminal() {
    let vendors = Vendors::start();
    let config = vendors.config("config.toml", "");
    for arguments in [
        &["\u{1b}[31mred\u{202e}"][..],
        &["show", "\u{1b}]0;x\u{7}"],
        &["list", "status:\u{9b}2J"],
        &["list", "--no\u{1b}c"],
        &["reply", "1", "--kind", "\u{1b}[2J"],
    ] {
        let output = vendors.run(&config, arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let bad = |it: char| (it.is_control() && it != '\n') || it == '\u{202e}';
        assert!(!said.contains(bad) && !said.is_empty(), "{arguments:?}: {}", said.escape_debug());
    }
}

#[test]
fn config_check_says_that_there_is_no_database_server_yet() {
    let vendors = Vendors::start();
    let file = vendors.folder().join("server.toml");
    std::fs::write(&file, "[store]\nurl = \"postgres://desk@db/desk\"\n").expect("a file");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file");
    let output = vendors.run(&file, &["config", "check"]);
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SQLite only"));
}
