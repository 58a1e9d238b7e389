//! The clipboard of the person at the other end of the line.

use std::{
    io::{self, Write},
    process::{Command, Stdio},
};

use base64::{Engine, prelude::BASE64_STANDARD};

use super::tty::Tty;
use crate::domain::{Lang, lang::tr};

/// The most that is copied: xterm takes 100,000 bytes of OSC 52, its base64 and frame included.
pub const MAX_COPY: usize = 74_000;

/// What was done with a text to be copied. Nobody can know whether the terminal took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// Handed to tmux, which hands it on where `set-clipboard` allows.
    Tmux {
        /// Bytes of text.
        bytes: usize,
    },
    /// Sent to the terminal as OSC 52.
    Terminal {
        /// Bytes of text.
        bytes: usize,
    },
    /// Nothing: it is longer than [`MAX_COPY`].
    TooLong {
        /// Bytes of text.
        bytes: usize,
    },
}

impl Copied {
    /// It in a sentence.
    pub fn said(self, lang: Lang) -> String {
        match self {
            Self::Tmux { bytes } => tr!(lang, "copied {bytes} bytes through tmux", bytes),
            Self::Terminal { bytes } => tr!(lang, "sent {bytes} bytes to the terminal's clipboard", bytes),
            Self::TooLong { bytes } => {
                tr!(lang, "not copied: {bytes} bytes, the clipboard takes {most}", bytes, most = MAX_COPY)
            }
        }
    }
}

/// Copies `text` as it is. Inside tmux (`in_tmux`: `TMUX` is set) through `tmux load-buffer -w -`, and by OSC 52 where
/// that fails.
///
/// # Errors
///
/// The terminal is gone.
pub fn copy(text: &str, in_tmux: bool, tty: &Tty) -> io::Result<Copied> {
    let bytes = text.len();
    if bytes > MAX_COPY {
        return Ok(Copied::TooLong { bytes });
    }
    if in_tmux && load_tmux_buffer(text).is_ok() {
        return Ok(Copied::Tmux { bytes });
    }
    tty.write_all(osc52(text).as_bytes())?;
    Ok(Copied::Terminal { bytes })
}

pub(super) fn osc52(text: &str) -> String {
    format!("\x1b]52;c;{}\x07", BASE64_STANDARD.encode(text))
}

fn load_tmux_buffer(text: &str) -> io::Result<()> {
    let mut tmux = Command::new("tmux")
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let written = tmux.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(text.as_bytes()));
    let status = tmux.wait()?;
    written?;
    if status.success() { Ok(()) } else { Err(io::Error::other("tmux did not take it")) }
}
