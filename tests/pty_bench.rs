//! Bytes, bursts and idling as the terminal sees them: budgets that do not depend on the machine's speed. Ignored by
//! default: `cargo test --profile ci --test pty_bench -- --ignored`.

#[path = "support/pty.rs"]
mod pty;

use std::{fmt::Write, fs, path::Path, process::Command, time::Duration};

use pty::Pty;

const CONVERSATIONS: usize = 2000;

/// Conversations of one to three messages, in the shape that import reads, newest last.
fn threads() -> String {
    let mut text = String::new();
    for n in 0..CONVERSATIONS {
        let at =
            |m: usize| format!("2025-{:02}-{:02}T{:02}:{:02}:00Z", n / 200 + 1, n / 8 % 25 + 1, n % 24, m);
        let mut messages = String::new();
        for m in 0..=n % 3 {
            let kind = if m == 1 { "agent" } else { "customer" };
            let body =
                format!("Hello {n}.{m}\\n\\nthe parcel of order 7{n:05} {}", "has not come yet ".repeat(12));
            let comma = if m == 0 { "" } else { "," };
            let _ = write!(
                messages,
                r#"{comma}{{"id":"{m}","author":"Person {n}","author_kind":"{kind}","at":"{}","body":"{body}"}}"#,
                at(m)
            );
        }
        let _ = writeln!(
            text,
            r#"{{"id":"c{n}","channel":"email","customer":{{"name":"Person {n}","email":"p{n}@mail.example","lang":"en"}},"subject":"Where is order 7{n:05}","status":"open","created_at":"{}","updated_at":"{}","messages":[{messages}]}}"#,
            at(0),
            at(n % 3)
        );
    }
    text
}

fn desk() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("threads.jsonl");
    fs::write(&file, threads()).expect("room for a file");
    let done = Command::new(env!("CARGO_BIN_EXE_deskline"))
        .args([Path::new("import"), &file])
        .env_clear()
        .env("HOME", home.path())
        .output()
        .expect("the program starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    home
}

/// The inbox with all of them, at rest.
fn inbox(home: &Path, size: (u16, u16)) -> Pty {
    let mut terminal = Pty::start(&[], size, home);
    terminal.wait_for("Person");
    terminal.keys("3");
    terminal.wait_for("3 All 2000");
    terminal.settle(Duration::from_millis(600));
    terminal
}

/// Presses a key, waits until the screen has changed by it, and answers the bytes that this took.
fn press(terminal: &mut Pty, key: &str) -> usize {
    let (before, written) = (terminal.text(), terminal.raw.len());
    terminal.keys(key);
    terminal.wait_until("a change", |text| text != before);
    terminal.settle(Duration::from_millis(15));
    terminal.raw.len() - written
}

#[test]
#[ignore = "measures: see the top of the file"]
fn keys_and_pages_stay_within_their_bytes() {
    let home = desk();
    for (size, budget) in [((80, 24), 170), ((120, 40), 150), ((200, 60), 150)] {
        let mut terminal = inbox(home.path(), size);
        let keys: usize = (0..200).map(|_| press(&mut terminal, "j")).sum();
        assert!(keys / 200 <= budget, "{size:?}: {} bytes for a key", keys / 200);
        terminal.settle(Duration::from_millis(600));
        let page = press(&mut terminal, " ");
        assert!(page <= 3000, "{size:?}: {page} bytes for a page");
        terminal.settle(Duration::from_millis(600));
        let opened = press(&mut terminal, "l");
        assert!(opened <= 5000, "{size:?}: {opened} bytes for a conversation");
        terminal.settle(Duration::from_millis(600));
        press(&mut terminal, "i");
        terminal.settle(Duration::from_millis(600));
        let typed: usize = "carrier-says-it-lost".chars().map(|c| press(&mut terminal, &c.to_string())).sum();
        assert!(typed / 20 <= 45, "{size:?}: {} bytes for a typed character", typed / 20);
        println!("{size:?}: j {} page {page} open {opened} typed {}", keys / 200, typed / 20);
    }
}

#[test]
#[ignore = "measures: see the top of the file"]
fn two_hundred_keys_in_one_write_are_one_picture_or_two_and_none_is_lost() {
    let home = desk();
    let mut one = inbox(home.path(), (80, 24));
    for _ in 0..200 {
        press(&mut one, "j");
    }
    one.settle(Duration::from_millis(600));
    let mut all = inbox(home.path(), (80, 24));
    let before = all.raw.len();
    all.keys(&"j".repeat(200));
    all.settle(Duration::from_secs(1));
    let selected =
        |terminal: &Pty| terminal.text().lines().find(|line| line.starts_with('>')).map(str::to_owned);
    assert_eq!(selected(&all), selected(&one));
    let bytes = all.raw.len() - before;
    assert!(bytes <= 8000, "{bytes} bytes for 200 keys in one write");
}

#[test]
#[ignore = "measures: see the top of the file"]
fn a_window_at_rest_does_nothing_and_takes_little_memory() {
    let home = desk();
    let mut terminal = inbox(home.path(), (120, 40));
    terminal.settle(Duration::from_secs(1));
    let (before, written) = (spent(terminal.id()), terminal.raw.len());
    terminal.settle(Duration::from_secs(5));
    let rests = |after: (u64, u64)| after == before && terminal.raw.len() == written;
    // The minute may have turned: once.
    if !rests(spent(terminal.id())) {
        let (before, written) = (spent(terminal.id()), terminal.raw.len());
        terminal.settle(Duration::from_secs(5));
        assert_eq!((spent(terminal.id()), terminal.raw.len()), (before, written));
    }
    // Its own memory: the pages of the program's file depend on how it was built, and are shared.
    let own = status(&format!("/proc/{}/status", terminal.id()), "RssAnon:");
    println!("own memory {own} kB");
    assert!(own <= 9000, "{own} kB");
}

/// Wake-ups and jiffies of all threads.
fn spent(id: u32) -> (u64, u64) {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).expect("the program runs");
    tasks.flatten().fold((0, 0), |(wakes, jiffies), task| {
        let path = task.path();
        let switches = status(&path.join("status").to_string_lossy(), "voluntary_ctxt_switches:");
        let stat = fs::read_to_string(path.join("stat")).unwrap_or_default();
        let times = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        (wakes + switches, jiffies + times.filter_map(|n| n.parse::<u64>().ok()).sum::<u64>())
    })
}

fn status(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
