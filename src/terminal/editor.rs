//! `$EDITOR`: the terminal handed over and taken back.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    process::Command,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::{
    fs::OFlags,
    process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid},
};

use super::{guard::Guard, input::Reader};
use crate::domain::{Lang, lang::tr};

/// The longest text that is read back, in bytes.
const MAX_TEXT: u64 = 4 << 20;

/// How long an editor has to save what it holds when the program is told to end.
const TO_SAVE: Duration = Duration::from_millis(800);
/// How often it is looked at meanwhile.
const LOOKS: u32 = 16;

/// The editor that has the terminal, for whoever hears the signals meanwhile.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The terminal is not ours: from before it is given away until it is taken back.
    away: bool,
    /// It is ours again, but a key of that time may still be on its way to us as a signal.
    unheard: bool,
    editor: Option<Pid>,
    /// The program was told to end.
    ending: bool,
}

impl Running {
    /// Whether one has it: Ctrl-c, Ctrl-z and Ctrl-\\ are its keys then, and come to both of us as signals.
    pub fn has_terminal(&self) -> bool {
        let state = self.lock();
        state.away || state.unheard
    }

    /// The window's size was signalled: whatever was signalled before the terminal was ours again has been heard by now.
    pub fn heard_resize(&self) {
        let mut state = self.lock();
        state.unheard &= state.away;
    }

    /// Ends it, as a terminal that hangs up does; one that does not care is not asked a second time.
    pub async fn end(&self) {
        let Some(editor) = ({
            let mut state = self.lock();
            state.ending = true;
            state.editor
        }) else {
            return;
        };
        // Stopped ones hear it only then. It may have ended by itself.
        let _ = kill_process(editor, Signal::HUP);
        let _ = kill_process(editor, Signal::CONT);
        for _ in 0..LOOKS {
            tokio::time::sleep(TO_SAVE / LOOKS).await;
            if self.lock().editor.is_none() {
                return;
            }
        }
        let still = self.lock();
        if still.editor == Some(editor) {
            let _ = kill_process(editor, Signal::KILL);
        }
    }

    /// From now on the terminal's keys are not ours.
    pub(super) fn gives_away(&self) -> Away<'_> {
        let mut state = self.lock();
        (state.away, state.unheard) = (true, true);
        Away(self)
    }

    fn during<T>(&self, id: u32, wait: impl FnOnce() -> T) -> T {
        let editor = i32::try_from(id).ok().and_then(Pid::from_raw);
        let late = {
            let mut state = self.lock();
            state.editor = editor;
            state.ending
        };
        // Whoever told us to end looked before it was there. It has nothing yet that the draft has not.
        if let Some(editor) = editor.filter(|_| late) {
            let _ = kill_process(editor, Signal::KILL);
        }
        let ended = wait();
        self.lock().editor = None;
        ended
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it is held, the terminal is somebody else's.
pub(super) struct Away<'a>(&'a Running);

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.0.lock().away = false;
        // Signals are heard in order, and on another thread, perhaps late: this one comes after all of that time.
        let _ = kill_process(getpid(), Signal::WINCH);
    }
}

/// Why the text is as it was. The draft is untouched in every case.
#[derive(Debug, thiserror::Error)]
pub enum EditorError {
    /// No editor is named.
    #[error("no editor: set EDITOR or `editor` in the config")]
    Unnamed,
    /// It could not be started.
    #[error("{command} could not be started: {source}; the draft is as it was")]
    Start {
        /// The program.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// It ended with an error (`:cq` in vim): what it wrote is not taken.
    #[error("{command} ended with an error: the draft is as it was")]
    Refused {
        /// The program.
        command: String,
    },
    /// The file around it failed.
    #[error("the file for the editor failed: {0}; the draft is as it was")]
    File(#[from] io::Error),
}

impl EditorError {
    /// It on the screen.
    pub fn said(&self, lang: Lang) -> String {
        match self {
            Self::Unnamed => lang.tr("no editor: set EDITOR or `editor` in the config").to_owned(),
            Self::Start { command, source } => {
                let why = source;
                tr!(lang, "{command} could not be started: {why}; the draft is as it was", command, why)
            }
            Self::Refused { command } => {
                tr!(lang, "{command} ended with an error: the draft is as it was", command)
            }
            Self::File(why) => {
                tr!(lang, "the file for the editor failed: {why}; the draft is as it was", why)
            }
        }
    }
}

/// A program and its arguments, from a line as `$EDITOR` has it: quoted as for a shell.
pub fn words_of(line: &str) -> Vec<String> {
    let plain = |_| line.split_whitespace().map(str::to_owned).collect();
    shell_words::split(line).unwrap_or_else(plain)
}

/// Stops `reader`, gives the terminal to the editor with `text` in a private file, and takes it back.
///
/// `command`, a program and its arguments, is run without a shell. Blocks until the editor is done; if it is suspended, `suspend`
/// suspends this process. Afterwards the caller starts a new reader and repaints, whatever the result. A line end that the
/// editor added at the end is taken off again.
///
/// # Errors
///
/// See [`EditorError`]. The terminal is ours again in every case, unless it is gone.
pub fn edit(
    text: &str,
    command: &[String],
    guard: &Guard,
    reader: Reader,
    running: &Running,
    suspend: &dyn Fn(),
) -> Result<String, EditorError> {
    reader.stop();
    let _away = running.gives_away();
    guard.leave();
    let edited = edit_file(text, command, running, suspend);
    guard.reenter()?;
    edited
}

/// The part that needs no terminal.
pub(super) fn edit_file(
    text: &str,
    command: &[String],
    running: &Running,
    suspend: &dyn Fn(),
) -> Result<String, EditorError> {
    let (program, arguments) = command.split_first().ok_or(EditorError::Unnamed)?;
    let folder =
        tempfile::Builder::new().prefix("deskline-").permissions(Permissions::from_mode(0o700)).tempdir()?;
    let path = folder.path().join("reply.txt");
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?.write_all(text.as_bytes())?;

    let child = Command::new(program).args(arguments).arg(&path).spawn();
    let child = child.map_err(|source| EditorError::Start { command: program.clone(), source })?;
    let ended = running.during(child.id(), || wait(child.id(), suspend))?;
    if !ended {
        return Err(EditorError::Refused { command: program.clone() });
    }
    let mut edited = read_back(&path)?;
    if edited.ends_with('\n') && !text.ends_with('\n') {
        edited.pop();
    }
    Ok(edited)
}

/// Waits for the editor; true if it ended well. While it is stopped, so are we: the shell sees one job.
fn wait(id: u32, suspend: &dyn Fn()) -> io::Result<bool> {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
    loop {
        match waitpid(Some(pid), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) if status.stopped() => {
                suspend();
                // Continued by name rather than by the shell: the editor is still stopped.
                let _ = kill_process(pid, Signal::CONT);
            }
            Ok(Some((_, status))) => return Ok(status.exit_status() == Some(0)),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn read_back(path: &Path) -> io::Result<String> {
    let file =
        OpenOptions::new().read(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)?;
    let mut bytes = Vec::new();
    file.take(MAX_TEXT).read_to_end(&mut bytes)?;
    fs::remove_file(path)?;
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
