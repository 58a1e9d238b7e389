//! The tty itself: found or not, its size, and writes that cannot hang for ever.

use std::{
    fs::File,
    io,
    os::fd::AsFd,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags},
    io::Errno,
    termios::{isatty, tcgetwinsize},
};

/// How often a write that the terminal does not take looks whether the program is leaving.
const STALLED: Duration = Duration::from_millis(100);

/// Why there is no screen to draw on. Displays as one line; exit code [`NoTerminal::EXIT_CODE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoTerminal {
    /// `TERM=dumb`, or none at all.
    #[error(
        "TERM is dumb or not set: deskline cannot draw here. `deskline list` and `deskline --linear` print plain lines."
    )]
    Dumb,
    /// Standard input or output is a file or a pipe.
    #[error(
        "no terminal: standard input and output must be one. `deskline list` and `deskline show` print to a pipe."
    )]
    NoTty,
}

impl NoTerminal {
    /// The exit code that goes with it.
    pub const EXIT_CODE: u8 = 2;
}

/// An open terminal. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tty {
    file: Arc<File>,
    leaving: Arc<AtomicBool>,
    /// One writes at a time: a frame in the middle of a copied text would be part of it.
    turn: Arc<Mutex<()>>,
}

impl Tty {
    /// Opens the terminal that the program was started on; `term` is the value of `TERM`.
    ///
    /// # Errors
    ///
    /// [`NoTerminal`] where nothing can be drawn.
    pub fn open(term: Option<&str>) -> Result<Self, NoTerminal> {
        let (stdin, stdout) = (rustix::stdio::stdin(), rustix::stdio::stdout());
        if !isatty(stdin) || !isatty(stdout) {
            return Err(NoTerminal::NoTty);
        }
        if term.is_none_or(|term| term.is_empty() || term == "dumb") {
            return Err(NoTerminal::Dumb);
        }
        // The same terminal opened anew, so that O_NONBLOCK is not shared with the shell. Not /dev/tty: that is the
        // session's terminal, which need not be the one we were given. After `su` it may be refused.
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let own = rustix::fs::open("/proc/self/fd/1", flags, Mode::empty());
        let file = match own {
            Ok(own) if isatty(&own) => own,
            _ => rustix::io::fcntl_dupfd_cloexec(stdin, 3).map_err(|_| NoTerminal::NoTty)?,
        };
        Ok(Self::from_file(File::from(file)))
    }

    /// A terminal that is already open.
    pub fn from_file(file: File) -> Self {
        Self::from_shared(Arc::new(file))
    }

    /// The same open file, leaving or not on its own account.
    pub(super) fn from_shared(file: Arc<File>) -> Self {
        Self { file, leaving: Arc::default(), turn: Arc::default() }
    }

    /// The open file, for [`super::input::Reader`].
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Columns and rows. A terminal that does not know its size has 80 and 24.
    pub fn size(&self) -> (u16, u16) {
        match tcgetwinsize(&*self.file) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
            _ => (80, 24),
        }
    }

    /// Points of a cell, width and height, where the terminal said so when it was opened.
    pub fn cell(&self) -> Option<(u16, u16)> {
        let size = tcgetwinsize(&*self.file).ok()?;
        let width = size.ws_xpixel.checked_div(size.ws_col)?;
        let height = size.ws_ypixel.checked_div(size.ws_row)?;
        (width > 0 && height > 0).then_some((width, height))
    }

    /// The terminal's name as a person knows it: `pts/4`.
    pub fn name(&self) -> String {
        let path = rustix::termios::ttyname(&*self.file, Vec::new());
        let path = path.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        path.strip_prefix("/dev/").filter(|name| !name.is_empty()).unwrap_or("another window").to_owned()
    }

    /// From now on a write that the terminal does not take fails at once, here and in every clone: the program leaves.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Writes all of `bytes`, in one call of the system where the terminal takes it.
    ///
    /// # Errors
    ///
    /// The terminal is gone, or it is stalled and [`Tty::leave`] was called.
    pub fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        while !bytes.is_empty() {
            match rustix::io::write(&*self.file, bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => self.wait_until_writable()?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn wait_until_writable(&self) -> io::Result<()> {
        loop {
            if wait(&*self.file, PollFlags::OUT, STALLED) {
                return Ok(());
            }
            if self.leaving.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    /// Whether the terminal takes bytes, soon.
    pub(super) fn writable(&self) -> bool {
        wait(&*self.file, PollFlags::OUT, STALLED)
    }

    /// Whether there are bytes to read, waiting at most `limit`.
    pub(super) fn readable(&self, limit: Duration) -> bool {
        wait(&*self.file, PollFlags::IN, limit)
    }
}

fn wait(fd: impl AsFd, flags: PollFlags, limit: Duration) -> bool {
    let mut fds = [PollFd::new(&fd, flags)];
    let limit = Timespec::try_from(limit).ok();
    matches!(poll(&mut fds, limit.as_ref()), Ok(count) if count > 0)
}
