//! Signals as events.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: out, drafts kept, exit code 0.
    Terminate,
    /// SIGQUIT, from outside: the same.
    Quit,
    /// SIGHUP: the same, and the terminal is probably gone.
    Hangup,
    /// SIGINT, from outside: in raw mode Ctrl-c is a key.
    Interrupt,
    /// SIGTSTP, from outside: suspend.
    Suspend,
    /// SIGCONT: the shell has had the terminal; take it again and repaint.
    Continue,
    /// SIGWINCH: the terminal has another size.
    Resize,
}

/// The seven signals that the program answers. None of them does what it would by default any more.
#[derive(Debug)]
pub struct Signals {
    terminate: Stream,
    quit: Stream,
    hangup: Stream,
    interrupt: Stream,
    suspend: Stream,
    proceed: Stream,
    resize: Stream,
}

impl Signals {
    /// Starts to listen. Must run in a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system refuses a handler.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            suspend: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            proceed: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// The next signal, the most urgent first. Dropping the future loses none.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.quit.recv() => Signal::Quit,
            _ = self.hangup.recv() => Signal::Hangup,
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.suspend.recv() => Signal::Suspend,
            _ = self.proceed.recv() => Signal::Continue,
            _ = self.resize.recv() => Signal::Resize,
        }
    }
}
