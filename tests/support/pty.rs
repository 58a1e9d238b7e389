//! The real program in a real pseudo-terminal, with a model of its screen.

#![allow(dead_code, reason = "every test program uses its own part of this")]

use std::{
    io::{Read, Write},
    num::NonZeroU16,
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long anything may take before a test fails. Generous: CI's machines are shared, and nothing waits for it that comes.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long the terminal may take to give what the program wrote before its end.
const LAST_WORDS: Duration = Duration::from_secs(20);

/// A terminal with the program in it.
pub struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    writer: Option<Box<dyn Write + Send>>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// Everything that the program has written.
    pub raw: Vec<u8>,
}

impl Pty {
    /// Starts `deskline` with `args` in a terminal of this size; `home` is its whole world of files.
    pub fn start(args: &[&str], size: (u16, u16), home: &Path) -> Self {
        Self::start_program(env!("CARGO_BIN_EXE_deskline"), args, size, home)
    }

    /// Starts any program in the same way.
    pub fn start_program(program: &str, args: &[&str], size: (u16, u16), home: &Path) -> Self {
        let (columns, rows) = size;
        let pair = native_pty_system()
            .openpty(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 })
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        for (name, value) in
            [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")]
        {
            command.env(name, value);
        }
        command.env("HOME", home);
        command.cwd(home);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let writer = pair.master.take_writer().expect("a writer");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        let size = |n: u16| NonZeroU16::new(n).expect("a size above zero");
        let screen = vt100::Parser::new(size(rows), size(columns), 0);
        Self { master: Some(pair.master), child, writer: Some(writer), output, screen, raw: Vec::new() }
    }

    /// The screen's text.
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits until the screen's text holds `what`.
    pub fn wait_for(&mut self, what: &str) {
        self.wait_until(what, |text| text.contains(what));
    }

    /// Waits until the screen's text is as `holds` says.
    pub fn wait_until(&mut self, what: &str, holds: impl Fn(&str) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(&self.text()) {
            assert!(
                self.read_until(end),
                "the screen never showed {what:?}; it shows:\n{}\n(the program {})",
                self.text(),
                if matches!(self.child.try_wait(), Ok(None)) { "runs" } else { "has ended" },
            );
        }
    }

    /// Waits until the program has given the terminal back.
    pub fn wait_until_restored(&mut self) {
        let end = Instant::now() + PATIENCE;
        while !self.is_restored() {
            assert!(self.read_until(end), "the terminal is not restored; it shows:\n{}", self.text());
        }
    }

    /// Reads until nothing has been written for so long.
    pub fn settle(&mut self, quiet: Duration) {
        while self.read_until(Instant::now() + quiet) {}
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(keys.as_bytes()).expect("the terminal takes keys");
        writer.flush().expect("the terminal takes keys");
    }

    /// Types, and says how long the first answer took; a picture may come in several.
    pub fn answered_in(&mut self, keys: &str) -> Duration {
        let began = Instant::now();
        self.keys(keys);
        let bytes = self.output.recv_timeout(PATIENCE).expect("an answer");
        let took = began.elapsed();
        self.screen.process(&bytes);
        self.raw.extend_from_slice(&bytes);
        took
    }

    /// Changes the window's size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let master = self.master.as_ref().expect("the terminal is open");
        master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).expect("a new size");
        let size = |n: u16| NonZeroU16::new(n).expect("a size above zero");
        self.screen.screen_mut().set_size(size(rows), size(columns));
    }

    /// The program's process id.
    pub fn id(&self) -> u32 {
        self.child.process_id().expect("a process id")
    }

    /// Closes the terminal as a dropped line does.
    pub fn hang_up(&mut self) {
        // The reading thread holds the terminal too; it lets go at the program's next byte, which the writer's
        // farewell (a line end and an end of file, by portable-pty) brings about.
        self.output = channel().1;
        self.writer = None;
        self.master = None;
    }

    /// Ends the program at once, as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().expect("the program can be killed");
        self.child.wait().expect("the program has ended");
    }

    /// Waits for the program's end; what it still wrote is on the screen.
    pub fn wait_exit(&mut self) -> ExitStatus {
        self.wait_exit_within(PATIENCE)
    }

    /// The same, where the time is what is promised.
    pub fn wait_exit_within(&mut self, limit: Duration) -> ExitStatus {
        let end = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                // Up to the end of what it wrote, which is the end of the terminal where nobody else has it open.
                let end = Instant::now() + LAST_WORDS;
                while self.read_until(end) {}
                return status;
            }
            assert!(Instant::now() < end, "the program did not end; its screen:\n{}", self.text());
            self.read_until(Instant::now() + Duration::from_millis(20));
        }
    }

    /// Whether the program left the alternate screen, showed the cursor and ended bracketed paste.
    pub fn is_restored(&self) -> bool {
        let screen = self.screen.screen();
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
    }

    /// Reads once; `false` when `end` came first, or the terminal is closed.
    fn read_until(&mut self, end: Instant) -> bool {
        match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(bytes) => {
                self.screen.process(&bytes);
                self.raw.extend_from_slice(&bytes);
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
