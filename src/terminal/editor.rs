//! `$EDITOR`: the terminal handed over and taken back.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    process::Command,
};

use rustix::{
    fs::OFlags,
    process::{Pid, Signal, WaitOptions, kill_process, waitpid},
};

use super::{
    guard::{Guard, stop_this_process},
    input::Reader,
};
use crate::domain::{Lang, lang::tr};

/// The longest text that is read back, in bytes.
const MAX_TEXT: u64 = 4 << 20;

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

/// Stops `reader`, gives the terminal to the editor with `text` in a private file, and takes it back.
///
/// `command` is split at spaces and run without a shell. Blocks until the editor is done; if it is suspended, so is
/// this process. Afterwards the caller starts a new reader and repaints, whatever the result. A line end that the
/// editor added at the end is taken off again.
///
/// # Errors
///
/// See [`EditorError`]. The terminal is ours again in every case, unless it is gone.
pub fn edit(text: &str, command: &str, guard: &Guard, reader: Reader) -> Result<String, EditorError> {
    reader.stop();
    guard.leave();
    let edited = edit_file(text, command);
    guard.reenter()?;
    edited
}

/// The part that needs no terminal.
pub(super) fn edit_file(text: &str, command: &str) -> Result<String, EditorError> {
    let mut words = command.split_whitespace();
    let program = words.next().ok_or(EditorError::Unnamed)?;
    let folder =
        tempfile::Builder::new().prefix("deskline-").permissions(Permissions::from_mode(0o700)).tempdir()?;
    let path = folder.path().join("reply.txt");
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?.write_all(text.as_bytes())?;

    let child = Command::new(program).args(words).arg(&path).spawn();
    let child = child.map_err(|source| EditorError::Start { command: program.to_owned(), source })?;
    if !wait(child.id())? {
        return Err(EditorError::Refused { command: program.to_owned() });
    }
    let mut edited = read_back(&path)?;
    if edited.ends_with('\n') && !text.ends_with('\n') {
        edited.pop();
    }
    Ok(edited)
}

/// Waits for the editor; true if it ended well. While it is stopped, so are we: the shell sees one job.
fn wait(id: u32) -> io::Result<bool> {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
    loop {
        match waitpid(Some(pid), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) if status.stopped() => {
                stop_this_process();
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
