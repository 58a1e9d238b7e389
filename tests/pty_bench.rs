//! Bytes, bursts and idling as the terminal sees them: budgets that do not depend on the machine's speed. Ignored by
//! default: `cargo test --profile ci --test pty_bench -- --ignored`.

#[path = "support/pty.rs"]
mod pty;

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use pty::Pty;

const CONVERSATIONS: usize = 2000;

/// A conversation in the shape that import reads, with so many messages.
fn thread(n: usize, count: usize) -> String {
    let at = |m: usize| format!("2025-{:02}-{:02}T{:02}:{:02}:00Z", n / 200 + 1, n / 8 % 25 + 1, n % 24, m);
    let mut messages = String::new();
    for m in 0..count {
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
    format!(
        r#"{{"id":"c{n}","channel":"email","customer":{{"name":"Person {n}","email":"p{n}@mail.example","lang":"en"}},"subject":"Where is order 7{n:05}","status":"open","created_at":"{}","updated_at":"{}","messages":[{messages}]}}
"#,
        at(0),
        at(count - 1)
    )
}

fn import(home: &Path, threads: &str) {
    let file = home.join("threads.jsonl");
    fs::write(&file, threads).expect("room for a file");
    beside(home, &["import", &file.display().to_string()]);
}

/// Another process, to its end.
fn beside(home: &Path, args: &[&str]) {
    let done = Command::new(env!("CARGO_BIN_EXE_deskline"))
        .args(args)
        .env_clear()
        .env("HOME", home)
        .output()
        .expect("the program starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Conversations of one to three messages, newest last.
fn desk() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    import(home.path(), &(0..CONVERSATIONS).map(|n| thread(n, n % 3 + 1)).collect::<String>());
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
    for (size, budget) in
        [((61, 18), 170), ((80, 24), 170), ((120, 40), 150), ((200, 60), 150), ((250, 70), 150)]
    {
        let home = desk();
        let mut terminal = inbox(home.path(), size);
        let keys: usize = (0..200).map(|_| press(&mut terminal, "j")).sum();
        assert!(keys / 200 <= budget, "{size:?}: {} bytes for a key", keys / 200);
        terminal.settle(Duration::from_millis(600));
        let page = press(&mut terminal, " ");
        // 120x40 and below; a larger screen costs in proportion, to what its letters take.
        let most = 3000.max(usize::from(size.0) * usize::from(size.1) * 2 / 5);
        assert!(page <= most, "{size:?}: {page} bytes for a page");
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

/// What a key costs where nothing is done with it: a read and a write of one byte, in the same terminal on the same
/// machine at the same time. The next test starts it; by itself it does nothing.
#[test]
#[ignore = "measures: see the top of the file"]
fn a_bare_program() {
    if !Path::new(BARE).exists() {
        return;
    }
    crossterm::terminal::enable_raw_mode().expect("a terminal");
    let mut tty = fs::File::options().read(true).write(true).open("/dev/tty").expect("a terminal");
    tty.write_all(b"ready").expect("a terminal");
    let mut key = [0];
    while tty.read(&mut key).is_ok_and(|read| read == 1) && tty.write(b"x").is_ok() {}
}

/// In the folder where it is started: this is the bare program.
const BARE: &str = "./this-is-the-bare-program";

/// Times depend on the machine and on what else it does: a key is measured against a bare program beside it.
#[test]
#[ignore = "measures: see the top of the file"]
fn a_key_takes_a_few_times_what_it_takes_a_bare_program() {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join(BARE), "").expect("room for a file");
    let this = std::env::current_exe().expect("it runs");
    let args = ["--exact", "a_bare_program", "--ignored", "--nocapture"];
    let mut bare = Pty::start_program(&this.to_string_lossy(), &args, (120, 40), place.path());
    bare.wait_for("ready");
    let home = desk();
    let mut desk = inbox(home.path(), (120, 40));
    let press = |terminal: &mut Pty, key: &str| {
        let took = terminal.answered_in(key);
        terminal.settle(Duration::from_millis(8));
        took
    };
    let median = |mut took: Vec<Duration>| {
        took.sort();
        took[took.len() / 2]
    };
    for (what, key, times, most) in [("j", "j", 200, 12.0), ("page", " ", 30, 30.0)] {
        // By turns: what else the machine does hits both.
        let pairs = (0..times).map(|_| (press(&mut bare, "j"), press(&mut desk, key)));
        let (floor, took): (Vec<_>, Vec<_>) = pairs.unzip();
        let (floor, took) = (median(floor), median(took));
        let ratio = took.as_secs_f64() / floor.as_secs_f64();
        println!("{what}: {took:?}, {ratio:.1} times the bare program's {floor:?}");
        assert!(ratio <= most, "{what}: {took:?} is {ratio:.1} times the bare program's {floor:?}");
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
    let selected = |text: &str| text.lines().find(|line| line.starts_with('>')).map(str::to_owned);
    let there = selected(&one.text()).expect("one is selected");
    all.wait_until(&there, |text| selected(text).as_ref() == Some(&there));
    all.settle(Duration::from_secs(1));
    let bytes = all.raw.len() - before;
    assert!(bytes <= 8000, "{bytes} bytes for 200 keys in one write");
}

#[test]
#[ignore = "measures: see the top of the file"]
fn three_visible_rows_that_change_are_a_few_bytes_in_every_window() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let home = desk();
        let mut terminals = [inbox(home.path(), size), inbox(home.path(), size)];
        let shown = terminals[0].text();
        let person =
            |line: &str| line.split_once("Person ")?.1.split_whitespace().next()?.parse::<usize>().ok();
        // The first row is the selected one: a change there would be the preview's too.
        let rows = shown.lines().filter(|line| line.contains("IMP") && !line.contains("CUSTOMER"));
        let rows: Vec<String> =
            rows.filter_map(person).skip(1).take(3).map(|n| (n + 1).to_string()).collect();
        let written = terminals.each_ref().map(|terminal| terminal.raw.len());
        for row in &rows {
            beside(home.path(), &["assign", row, "me"]);
        }
        for (terminal, written) in terminals.iter_mut().zip(written) {
            terminal.wait_until("the news", |text| text != shown);
            terminal.settle(Duration::from_millis(600));
            let bytes = terminal.raw.len() - written;
            println!("{size:?}: three rows {bytes}");
            assert!(bytes <= 500, "{size:?}: {bytes} bytes for three rows");
            // It was told, and asks nothing.
            at_rest(terminal, Duration::from_secs(3), 0);
        }
    }
}

#[test]
#[ignore = "measures: see the top of the file"]
fn a_window_at_rest_does_nothing_and_takes_little_memory() {
    let home = desk();
    let mut terminal = inbox(home.path(), (120, 40));
    terminal.settle(Duration::from_secs(1));
    at_rest(&mut terminal, Duration::from_secs(5), 0);
    // Its own memory: the pages of the program's file depend on how it was built, and are shared.
    let own = status(&format!("/proc/{}/status", terminal.id()), "RssAnon:");
    println!("own memory {own} kB");
    assert!(own <= 7000, "{own} kB");
}

#[test]
#[ignore = "measures: see the top of the file"]
fn an_engine_that_waits_for_its_next_look_and_for_webhooks_does_nothing() {
    let home = desk();
    let config = home.path().join("config.toml");
    let simulator = Command::new(env!("CARGO_BIN_EXE_deskline"))
        .args(["simulate", "--listen", "127.0.0.1:0", "--write-config"])
        .arg(&config)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut simulator = Ended(simulator);
    let said = simulator.0.stderr.take().expect("it is piped");
    assert!(BufReader::new(said).lines().map_while(Result::ok).any(|line| line.contains("Ctrl-c ends it")));
    let text = fs::read_to_string(&config).expect("it was written");
    let text = text.replace("\"5s\"", "\"10m\"").replace("127.0.0.1:8787", "127.0.0.1:0");
    fs::write(&config, text).expect("room for a file");
    let mut terminal = Pty::start(&["--config", &config.display().to_string()], (120, 40), home.path());
    terminal.wait_for("Person");
    // Threads that files were read on end after ten seconds.
    terminal.settle(Duration::from_secs(15));
    // Connections that nobody uses are looked for every 50 s, and tokio's wheel of timers comes up to three times for one.
    at_rest(&mut terminal, Duration::from_secs(20), 6);
}

/// A process that ends with its test, however that does.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// For so long: no processor, no byte, no more than so many wake-ups. The minute may turn, which takes up to four seconds
/// of a wheel of timers: of three looks one is without it.
fn at_rest(terminal: &mut Pty, time: Duration, wakes: u64) {
    let looks: Vec<_> = (0..3)
        .map(|_| {
            let ((woke, worked), written) = (spent(terminal.id()), terminal.raw.len());
            terminal.settle(time);
            let (woken, work) = spent(terminal.id());
            (woken.saturating_sub(woke), work.saturating_sub(worked), terminal.raw.len() - written)
        })
        .collect();
    let rests = looks.iter().any(|&(woke, work, bytes)| woke <= wakes && work == 0 && bytes == 0);
    assert!(rests, "it does something while nobody touches it: (wake-ups, jiffies, bytes) {looks:?}");
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
