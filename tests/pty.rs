//! The program as its users meet it: in a terminal, by keys.

#[path = "support/pty.rs"]
mod pty;

use std::time::Duration;

use pty::Pty;
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn a_newcomer_replies_in_the_demo_at_every_size() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let home = tempfile::tempdir().expect("a folder");
        let mut terminal = Pty::start(&["demo", "--seed", "1"], size, home.path());
        terminal.wait_for("João dos Santos");
        assert!(terminal.text().contains("DEMO"), "{}", terminal.text());
        terminal.keys("\r");
        terminal.wait_for("Produto ainda");
        terminal.keys("r");
        terminal.wait_for("TO CUSTOMER João dos Santos");
        terminal.keys("Olá João, sai hoje.");
        terminal.wait_for("sai hoje");
        terminal.keys("\x1b");
        terminal.wait_for("Send to CUSTOMER João dos Santos");
        terminal.keys("y");
        terminal.wait_for("Held");
        terminal.wait_until("the reply as sent", |text| !text.contains("Held ") && text.contains("sai hoje"));
        terminal.keys("qq");
        let status = terminal.wait_exit(Duration::from_secs(5));
        assert!(status.success(), "{status:?}");
        assert!(terminal.is_restored());
    }
}

#[test]
fn signals_and_a_dropped_line_end_the_program_and_restore_the_terminal() {
    for signal in [Some(Signal::TERM), Some(Signal::HUP), Some(Signal::INT), None] {
        let home = tempfile::tempdir().expect("a folder");
        let mut terminal = Pty::start(&["demo"], (80, 24), home.path());
        terminal.wait_for("João dos Santos");
        match signal {
            Some(signal) => {
                let id = Pid::from_raw(terminal.id().cast_signed()).expect("a process id");
                kill_process(id, signal).expect("the signal is sent");
            }
            None => terminal.hang_up(),
        }
        terminal.wait_exit(Duration::from_secs(3));
        assert!(signal.is_none() || terminal.is_restored(), "{signal:?}");
    }
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
    assert!(terminal.wait_exit(Duration::from_secs(5)).success());
}
