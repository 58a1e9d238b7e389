//! What only a process of its own can show: a panic, a suspend, a terminal that vanishes.
//!
//! The test binary starts itself again inside a pty and plays a small program there.

use std::{
    io::{Read, Write},
    sync::mpsc as channel,
    time::{Duration, Instant},
};

use crossterm::event::KeyCode;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::mpsc;

use super::tests::lines;
use super::{
    guard::{Guard, Modes, restore_on_panic},
    input::{InputEvent, Reader, Timing},
    screen::Screen,
    tty::Tty,
};

const CHILD: &str = "DESKLINE_TEST_CHILD";
/// Long enough for a busy machine; nothing waits that long where all is well.
const LIMIT: Duration = Duration::from_secs(20);

/// The small program: `p` panics, `t` panics in a task, `z` suspends, `q` quits; other keys are shown.
#[test]
fn the_small_program() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    restore_on_panic();
    let tty = Tty::open(Some("xterm")).expect("a terminal");
    let guard = Guard::enter(tty.clone(), Modes::default()).expect("a terminal");
    let mut screen = Screen::new(tty.clone(), true);
    let (send, mut events) = mpsc::channel(16);
    let began = Instant::now();
    let start = || Reader::start(tty.file(), Timing::LOCAL, began, send.clone()).expect("a thread");
    let mut reader = start();
    let mut text = "ready".to_owned();
    loop {
        if screen.draw(|next| lines(&text, next)).is_err() {
            return;
        }
        let (_, batch) = events.blocking_recv().expect("the reader says when it ends");
        for event in batch {
            match event {
                InputEvent::Hangup => return,
                InputEvent::Keys(keys) => {
                    for key in keys {
                        match key.event.code {
                            KeyCode::Char('q') => return,
                            KeyCode::Char('p') => unreachable!("a panic on purpose"),
                            KeyCode::Char('t') => {
                                assert!(std::thread::spawn(|| unreachable!("in a task")).join().is_err());
                                text = "survived".to_owned();
                            }
                            KeyCode::Char('z') => {
                                reader.stop();
                                guard.suspend().expect("a terminal");
                                screen.repaint();
                                text = "back".to_owned();
                                reader = start();
                            }
                            code => text = format!("{code:?}"),
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

struct Program {
    child: Box<dyn Child + Send + Sync>,
    typed: Box<dyn Write + Send>,
    shown: channel::Receiver<Vec<u8>>,
    seen: String,
    master: Box<dyn MasterPty + Send>,
}

fn start(with_sighup_ignored: bool) -> Program {
    let pair = native_pty_system()
        .openpty(PtySize { rows: 5, cols: 40, pixel_width: 0, pixel_height: 0 })
        .expect("a pty");
    let program = std::env::current_exe().expect("this binary");
    let mut command = CommandBuilder::new("sh");
    command.arg("-c");
    command.arg(if with_sighup_ignored { "trap '' HUP; exec \"$0\" \"$@\"" } else { "exec \"$0\" \"$@\"" });
    command.arg(program);
    command.args(["--exact", "terminal::process_tests::the_small_program", "--nocapture"]);
    command.env(CHILD, "1");
    // Not at home: an account of CI may have none.
    command.cwd("/");
    let child = pair.slave.spawn_command(command).expect("started");
    let mut output = pair.master.try_clone_reader().expect("a reader");
    let (send, shown) = channel::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut buffer) {
            if send.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let typed = pair.master.take_writer().expect("a writer");
    Program { child, typed, shown, seen: String::new(), master: pair.master }
}

impl Program {
    fn type_keys(&mut self, keys: &str) {
        self.typed.write_all(keys.as_bytes()).expect("typed");
    }

    /// Waits until `text` is shown; gives back everything up to and with it.
    fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            match self.shown.recv_timeout(LIMIT) {
                Ok(more) => self.seen.push_str(&String::from_utf8_lossy(&more)),
                Err(_) => unreachable!("{text:?} did not come; instead {:?}", self.seen),
            }
        }
    }

    fn pid(&self) -> Pid {
        let id = self.child.process_id().expect("it runs");
        Pid::from_raw(i32::try_from(id).expect("a pid")).expect("a pid")
    }

    /// Waits until the process is in `state` as `/proc` names it.
    fn until_state(&self, state: &str) {
        let path = format!("/proc/{}/stat", self.pid().as_raw_nonzero());
        let began = Instant::now();
        while began.elapsed() < LIMIT {
            let stat = std::fs::read_to_string(&path).expect("it runs");
            if stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(state)) {
                return;
            }
            std::thread::yield_now();
        }
        unreachable!("never in state {state}");
    }

    fn ends(&mut self) {
        let began = Instant::now();
        while self.child.try_wait().expect("a child").is_none() {
            assert!(began.elapsed() < LIMIT, "it does not end");
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_panic_restores_the_terminal_before_it_is_reported() {
    let mut program = start(false);
    program.until("ready");
    program.type_keys("p");
    program.until("\x1b[?1049l");
    program.until("a panic on purpose");
    program.ends();
}

#[test]
fn a_panic_in_a_task_leaves_the_screen_alone() {
    let mut program = start(false);
    program.until("ready");
    program.type_keys("t");
    let shown = program.until("survived");
    assert!(!shown.contains("in a task") && !shown.contains("1049l"), "{shown:?}");
    program.type_keys("q");
    program.until("\x1b[?1049l");
    program.ends();
}

#[test]
fn a_suspend_gives_the_terminal_back_and_comes_back_with_a_full_repaint() {
    let mut program = start(false);
    program.until("ready");
    program.type_keys("z");
    program.until("\x1b[?1049l");
    program.until_state("T");
    kill_process(program.pid(), Signal::CONT).expect("continued");
    let shown = program.until("back");
    assert!(shown.contains("\x1b[?1049h") && shown.contains("\x1b[2J"), "{shown:?}");
    program.type_keys("j");
    program.until("Char('j')");
    program.type_keys("q");
    program.ends();
}

#[test]
fn a_vanished_terminal_ends_the_program_even_where_sighup_is_ignored() {
    let mut program = start(true);
    program.until("ready");
    let Program { mut child, typed, shown, master, .. } = program;
    // The reading thread holds the terminal too. It lets go at the program's next byte, once nobody listens to it: the
    // writer's farewell (a line end and an end of file, by portable-pty) brings one about.
    drop(shown);
    drop(typed);
    drop(master);
    let began = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        assert!(began.elapsed() < LIMIT, "it does not end");
        std::thread::yield_now();
    }
}
