//! The state of the terminal: entered here, restored on every way out.

use std::{
    io::{self, Read},
    panic,
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak},
    thread::ThreadId,
    time::{Duration, Instant},
};

use rustix::{
    process::{Signal, getpid, kill_process},
    termios::{OptionalActions, Termios, tcgetattr, tcsetattr},
};

use super::{
    input::{Decoder, InputEvent, PROBE, TerminalAnswer, Timing},
    pictures,
    tty::Tty,
};

/// How long an answer may be on its way, over the worst line that people work at: one that comes after we have left
/// would end up in the shell.
const LAST_ANSWER: Duration = Duration::from_millis(1500);
/// The same where the program is told to end, which may take two seconds in all.
const LAST_ANSWER_IN_HASTE: Duration = Duration::from_millis(300);
/// An answer that is late for a terminal that never gave one is waited for no longer than this.
const LAST_LOOK: Duration = Duration::from_millis(100);

/// What is switched on besides raw mode, alternate screen and bracketed paste.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mode of its own of the terminal")]
pub struct Modes {
    /// Clicks and the wheel.
    pub mouse: bool,
    /// Focus events, so that the bell stays silent while somebody looks.
    pub focus: bool,
    /// The kitty keyboard protocol: only where proved.
    pub kitty: bool,
    /// A picture of ours is on the terminal, on a layer that outlives the text.
    pub picture: bool,
}

/// What the terminal is asked about pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Questions {
    /// Whether it draws with 24 bits.
    pub colours: bool,
    /// Whether it draws pictures, and how large a cell is.
    pub pictures: bool,
}

/// Holds the terminal in our state. Dropping it restores the terminal, as do [`Guard::leave`] and, after
/// [`restore_on_panic`], a panic.
///
/// Errors on the way out are ignored: the terminal may be gone.
#[derive(Debug)]
pub struct Guard {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    tty: Tty,
    state: Mutex<State>,
    asked: Mutex<Asked>,
    owner: ThreadId,
}

/// What the terminal was asked.
#[derive(Debug, Default)]
struct Asked {
    /// Since when a DA1 answer is still to come.
    since: Option<Instant>,
    /// How many are.
    due: usize,
    /// It has answered before: it does answer.
    answers: bool,
    /// The program was told to end.
    haste: bool,
}

impl Asked {
    /// How long leaving at `now` waits for what is still to come.
    fn patience(&self, now: Instant) -> Duration {
        let Some(since) = self.since else { return Duration::ZERO };
        let silent = if self.answers { Duration::ZERO } else { now.saturating_duration_since(since) };
        let most = if self.haste { LAST_ANSWER_IN_HASTE } else { LAST_ANSWER };
        LAST_ANSWER.saturating_sub(silent).clamp(LAST_LOOK, most)
    }
}

#[derive(Debug)]
struct State {
    /// How the terminal was before, while it is ours.
    before: Option<Termios>,
    modes: Modes,
    /// The window's title is ours.
    titled: bool,
}

static HOOK: Once = Once::new();
static CURRENT: Mutex<Weak<Inner>> = Mutex::new(Weak::new());

impl Guard {
    /// Raw mode, alternate screen, bracketed paste and `modes`. The calling thread is the screen's: see
    /// [`restore_on_panic`].
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn enter(tty: Tty, modes: Modes) -> io::Result<Self> {
        let inner = Arc::new(Inner {
            tty,
            state: Mutex::new(State { before: None, modes, titled: false }),
            asked: Mutex::default(),
            owner: std::thread::current().id(),
        });
        *lock(&CURRENT) = Arc::downgrade(&inner);
        inner.enter()?;
        Ok(Self { inner })
    }

    /// Sends the start-up queries in one batch that ends in DA1: synchronized output, kitty keyboard, and the
    /// background where a theme needs it. The answers are events, whenever they come.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn ask(&self, background: bool) -> io::Result<()> {
        let background = if background { "\x1b]11;?\x1b\\" } else { "" };
        self.asks(&format!("\x1b[?2026$p\x1b[?u{background}\x1b[c"))
    }

    /// Asks, in one batch that ends in DA1, how the terminal shows pictures: not before somebody wants to see one, and
    /// only where something has answered. These questions are strings, which the oldest terminals print: they go out from
    /// the first cell on, whose line is to be written again, as is everything that the pen does.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn ask_about_pictures(&self, questions: Questions) -> io::Result<()> {
        let [red, green, blue] = PROBE;
        let mut batch = "\x1b[H".to_owned();
        if questions.colours {
            // Given, asked for (DECRQSS), taken back.
            let given = format!("\x1b[38;2;{red};{green};{blue}m");
            batch += &(given + "\x1bP$qm\x1b\\\x1b[m");
        }
        if questions.pictures {
            // One point that is not shown, and the size of a cell.
            batch += "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t";
        }
        self.asks(&(batch + "\x1b[c"))
    }

    fn asks(&self, batch: &str) -> io::Result<()> {
        self.inner.asked_now();
        self.inner.tty.write_all(batch.as_bytes())
    }

    /// Whether the terminal has ever answered.
    pub fn answers(&self) -> bool {
        lock(&self.inner.asked).answers
    }

    /// Asks what every terminal answers, to learn when that has arrived.
    ///
    /// # Errors
    ///
    /// As for [`Tty::write_all`].
    pub fn ask_again(&self) -> io::Result<()> {
        self.asks("\x1b[c")
    }

    /// An answer has come. After the last one leaving need not wait for any.
    pub fn answered(&self, answer: TerminalAnswer) {
        if matches!(answer, TerminalAnswer::Device { .. }) {
            let mut asked = lock(&self.inner.asked);
            asked.answers = true;
            asked.due = asked.due.saturating_sub(1);
            if asked.due == 0 {
                asked.since = None;
            }
        }
    }

    /// The program was told to end: leaving must not take long.
    pub fn hurry(&self) {
        lock(&self.inner.asked).haste = true;
    }

    /// Switches `modes` on and off, now or when the terminal is ours again.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn set_modes(&self, modes: Modes) -> io::Result<()> {
        let mut state = lock(&self.inner.state);
        let change = mode_change(state.modes, modes);
        state.modes = modes;
        if state.before.is_some() { self.inner.tty.write_all(change.as_bytes()) } else { Ok(()) }
    }

    /// Sets the window's title; the one before is put aside and comes back on the way out (`XTWINOPS` 22 and 23).
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn title(&self, title: &str) -> io::Result<()> {
        let mut state = lock(&self.inner.state);
        if state.before.is_none() {
            return Ok(());
        }
        let aside = if std::mem::replace(&mut state.titled, true) { "" } else { "\x1b[22;2t" };
        self.inner.tty.write_all(format!("{aside}\x1b]2;{title}\x1b\\").as_bytes())
    }

    /// The modes that are, or will be, switched on.
    pub fn modes(&self) -> Modes {
        lock(&self.inner.state).modes
    }

    /// Gives the terminal back as it was. The reader must be stopped; a second call does nothing.
    pub fn leave(&self) {
        self.inner.leave();
    }

    /// Takes the terminal again after [`Guard::leave`], or after somebody else has had it. Repaint afterwards.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn reenter(&self) -> io::Result<()> {
        self.inner.enter()
    }

    /// Gives the terminal back, stops this process as the shell expects, and takes the terminal again when it is
    /// continued. The reader must be stopped. Repaint afterwards.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub fn suspend(&self) -> io::Result<()> {
        self.leave();
        stop_this_process();
        self.reenter()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Stops this process until somebody continues it.
pub(super) fn stop_this_process() {
    // It cannot fail for the process itself; if it did, not to stop is all that is left.
    let _ = kill_process(getpid(), Signal::STOP);
}

impl Inner {
    fn enter(&self) -> io::Result<()> {
        let mut state = lock(&self.state);
        let now = tcgetattr(&*self.tty.file())?;
        let mut raw = state.before.get_or_insert(now).clone();
        raw.make_raw();
        tcsetattr(&*self.tty.file(), OptionalActions::Now, &raw)?;
        let modes = mode_change(Modes::default(), state.modes);
        self.tty.write_all(format!("\x1b[?1049h\x1b[?2004h{modes}").as_bytes())
    }

    /// Whether the terminal is ours; where that cannot be known without waiting, it is.
    fn is_entered(&self) -> bool {
        self.state.try_lock().map_or(true, |state| state.before.is_some())
    }

    fn leave(&self) {
        let Some((before, modes, titled)) = ({
            let mut state = lock(&self.state);
            let modes = state.modes;
            let titled = std::mem::take(&mut state.titled);
            state.before.take().map(|before| (before, modes, titled))
        }) else {
            return;
        };
        // From here on a terminal that takes nothing must not hold us up.
        let undo = mode_change(modes, Modes::default());
        let title = if titled { "\x1b[23;2t" } else { "" };
        // Where there is no other screen to go back to (GNU screen's default), what customers wrote must not stay, nor the
        // prompt stand in the middle of it.
        let restore = format!("\x1b[?2026l{undo}{title}\x1b[?2004l\x1b[m\x1b[H\x1b[J\x1b[?25h\x1b[?1049l");
        let _ = self.write_without_waiting(restore.as_bytes());
        let (patience, due) = {
            let mut asked = lock(&self.asked);
            let patience = asked.patience(Instant::now());
            asked.since = None;
            (patience, std::mem::take(&mut asked.due))
        };
        self.swallow_answers(patience, due);
        let _ = tcsetattr(&*self.tty.file(), OptionalActions::Now, &before);
    }

    fn write_without_waiting(&self, bytes: &[u8]) -> io::Result<()> {
        let leaving = Tty::from_shared(self.tty.file());
        leaving.leave();
        if leaving.writable() { leaving.write_all(bytes) } else { Err(io::ErrorKind::TimedOut.into()) }
    }

    fn asked_now(&self) {
        let mut asked = lock(&self.asked);
        asked.since.get_or_insert_with(Instant::now);
        asked.due += 1;
    }

    /// Reads what is still to come up to the last DA1, so that no answer ends up in the shell.
    fn swallow_answers(&self, patience: Duration, mut due: usize) {
        let began = Instant::now();
        let mut decoder = Decoder::new(Timing::LOCAL);
        let mut buffer = [0; 1024];
        while let Some(left) = patience.checked_sub(began.elapsed()).filter(|left| !left.is_zero()) {
            if !self.tty.readable(left) {
                return;
            }
            let Ok(count @ 1..) = (&*self.tty.file()).read(&mut buffer) else { return };
            let events = decoder.feed(began.elapsed(), &buffer[..count]);
            let last =
                |event: &InputEvent| matches!(event, InputEvent::Answer(TerminalAnswer::Device { .. }));
            due = due.saturating_sub(events.iter().filter(|event| last(event)).count());
            if due == 0 {
                return;
            }
        }
    }
}

/// The sequences that lead from one set of modes to another.
fn mode_change(from: Modes, to: Modes) -> String {
    let mut out = String::new();
    let mut change = |was: bool, is: bool, on: &str, off: &str| {
        if was != is {
            out.push_str(if is { on } else { off });
        }
    };
    change(from.focus, to.focus, "\x1b[?1004h", "\x1b[?1004l");
    change(from.mouse, to.mouse, "\x1b[?1000h\x1b[?1006h", "\x1b[?1006l\x1b[?1000l");
    change(from.kitty, to.kitty, "\x1b[>1u", "\x1b[<u");
    change(from.picture, to.picture, "", &pictures::removal());
    out
}

/// From now on a panic in the thread of the screen restores the terminal before it is reported. Installed once,
/// however often it is called.
///
/// A panic in another thread is logged, not printed, while the terminal is ours: the screen lives on.
pub fn restore_on_panic() {
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let current = lock(&CURRENT).upgrade();
            match current {
                Some(inner) if inner.owner != std::thread::current().id() && inner.is_entered() => {
                    tracing::error!(at = info.location().map(ToString::to_string), "a task panicked");
                }
                Some(inner) => {
                    inner.leave();
                    report(info);
                }
                None => report(info),
            }
        }));
    });
}

/// A panic in another thread leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
