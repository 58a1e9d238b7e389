//! The thread that waits for the tty.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    pipe::{PipeFlags, pipe_with},
};
use tokio::sync::mpsc::{Sender, error::TrySendError};

use super::{Decoder, InputEvent, Moment, Timing};

/// The kernel's line buffer of a tty is 4 KB; a paste drains in few calls.
const READ: usize = 16 << 10;
/// How long a full queue is given before it is tried again; only a paste of megabytes ever fills one.
const QUEUE_FULL: Duration = Duration::from_millis(5);

/// A thread that sleeps in `poll` until the tty has bytes, a sequence is due, or it is told to stop.
///
/// It wakes up for nothing else. It ends by itself when the terminal is gone, after one [`InputEvent::Hangup`].
/// Dropping it stops it; bytes that nobody has read stay in the tty.
#[derive(Debug)]
pub struct Reader {
    stop: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts reading `tty`. Each item on `events` is what one read, or one wait that ended, gave, with its moment.
    ///
    /// # Errors
    ///
    /// No pipe or no thread to be had.
    pub fn start(
        tty: Arc<File>,
        timing: Timing,
        began: Instant,
        events: Sender<(Moment, Vec<InputEvent>)>,
    ) -> io::Result<Self> {
        let (wake, stop) = pipe_with(PipeFlags::CLOEXEC)?;
        let thread =
            std::thread::Builder::new().name("tty".to_owned()).stack_size(256 << 10).spawn(move || {
                Loop { tty: &tty, wake: &wake, began, events }.run(Decoder::new(timing));
            })?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Stops the thread and waits for it: nothing reads the tty afterwards.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // An error means that the thread has ended and closed its side.
        let _ = rustix::io::write(&self.stop, b"!");
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end();
        }
    }
}

struct Loop<'a> {
    tty: &'a File,
    wake: &'a OwnedFd,
    began: Instant,
    events: Sender<(Moment, Vec<InputEvent>)>,
}

/// Why a wait ended.
enum Woken {
    Bytes,
    Time,
    Stop,
    Gone,
}

impl Loop<'_> {
    fn run(&self, mut decoder: Decoder) {
        let mut buffer = vec![0; READ];
        loop {
            let wait = decoder.deadline().map(|at| at.saturating_sub(self.began.elapsed()));
            let events = match self.wait(wait) {
                Woken::Stop => return,
                Woken::Gone => return self.hang_up(),
                Woken::Time => decoder.timeout(self.began.elapsed()),
                Woken::Bytes => match (&*self.tty).read(&mut buffer) {
                    Ok(0) => return self.hang_up(),
                    Ok(count) => decoder.feed(self.began.elapsed(), &buffer[..count]),
                    Err(error)
                        if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) =>
                    {
                        continue;
                    }
                    // EIO: the line was dropped. Nothing better comes from any other error either.
                    Err(_) => return self.hang_up(),
                },
            };
            if !events.is_empty() && !self.send(events) {
                return;
            }
        }
    }

    fn wait(&self, wait: Option<Duration>) -> Woken {
        let mut fds = [PollFd::new(self.wake, PollFlags::IN), PollFd::new(&self.tty, PollFlags::IN)];
        let wait = wait.and_then(|wait| Timespec::try_from(wait).ok());
        match poll(&mut fds, wait.as_ref()) {
            Ok(0) | Err(Errno::INTR | Errno::AGAIN) => return Woken::Time,
            Ok(_) => {}
            Err(_) => return Woken::Gone,
        }
        if !fds[0].revents().is_empty() {
            return Woken::Stop;
        }
        let tty = fds[1].revents();
        if tty.contains(PollFlags::IN) {
            Woken::Bytes
        } else if tty.is_empty() {
            Woken::Time
        } else {
            // HUP, ERR or NVAL without bytes. To wait on would be to spin.
            Woken::Gone
        }
    }

    fn hang_up(&self) {
        self.send(vec![InputEvent::Hangup]);
    }

    /// False when nobody listens any more or the reader is to stop.
    fn send(&self, events: Vec<InputEvent>) -> bool {
        let mut item = (self.began.elapsed(), events);
        loop {
            match self.events.try_send(item) {
                Ok(()) => return true,
                Err(TrySendError::Closed(_)) => return false,
                Err(TrySendError::Full(back)) => item = back,
            }
            let mut fds = [PollFd::new(self.wake, PollFlags::IN)];
            let wait = Timespec::try_from(QUEUE_FULL).ok();
            if matches!(poll(&mut fds, wait.as_ref()), Ok(count) if count > 0) {
                return false;
            }
        }
    }
}
