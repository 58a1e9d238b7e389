//! Frames: one write each, wrapped only where the terminal said it can, counted.

use std::io;

use ratatui::{Frame, Terminal};

use super::{
    backend::{FrameBackend, WideCells},
    tty::Tty,
};

const BEGIN_SYNCHRONIZED: &str = "\x1b[?2026h";
const END_SYNCHRONIZED: &str = "\x1b[?2026l";

/// What drawing has cost, for `:stats`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Frames that changed something.
    pub frames: u64,
    /// Bytes written, all frames together.
    pub bytes: u64,
    /// Bytes of the last frame.
    pub last_frame_bytes: usize,
}

/// The screen of a [`Tty`]: ratatui over [`FrameBackend`].
///
/// It never clears but before the first frame, after a resize and on [`Screen::repaint`].
#[derive(Debug)]
pub struct Screen {
    tty: Tty,
    terminal: Terminal<FrameBackend>,
    wide: WideCells,
    synchronized: bool,
    stats: Stats,
}

impl Screen {
    /// A screen of the size that the terminal has now. Writes nothing.
    pub fn new(tty: Tty, utf8: bool) -> Self {
        let (columns, rows) = tty.size();
        let Ok(mut terminal) = Terminal::new(FrameBackend::new(columns, rows, utf8));
        // Not every alternate screen begins empty.
        let Ok(()) = terminal.clear();
        Self { tty, terminal, wide: WideCells::default(), synchronized: false, stats: Stats::default() }
    }

    /// The terminal has proved synchronized output (mode 2026): frames are wrapped from now on.
    pub fn synchronize(&mut self) {
        self.synchronized = true;
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let size = self.terminal.size().unwrap_or_default();
        (size.width, size.height)
    }

    /// Asks the terminal for its size. The next frame repaints if it is another.
    pub fn resize(&mut self) -> (u16, u16) {
        let (columns, rows) = self.tty.size();
        if self.size() != (columns, rows) {
            self.terminal.backend_mut().resize(columns, rows);
        }
        (columns, rows)
    }

    /// The next frame is drawn from nothing: after suspend, after an editor, on Ctrl-l.
    pub fn repaint(&mut self) {
        self.terminal.backend_mut().forget();
        let Ok(()) = self.terminal.clear();
    }

    /// Draws a frame and writes what it changed in one call; nothing where nothing changed.
    ///
    /// # Errors
    ///
    /// The terminal is gone or the program is leaving: see [`Tty::write_all`].
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let wide = &mut self.wide;
        let Ok(_) = self.terminal.draw(|frame| {
            render(frame);
            wide.refresh(frame.buffer_mut());
        });
        let backend = self.terminal.backend_mut();
        if backend.collected().is_empty() {
            return Ok(());
        }
        let bytes = if self.synchronized {
            [BEGIN_SYNCHRONIZED, backend.collected(), END_SYNCHRONIZED].concat()
        } else {
            backend.collected().to_owned()
        };
        backend.written();
        self.stats.frames += 1;
        self.stats.bytes += bytes.len() as u64;
        self.stats.last_frame_bytes = bytes.len();
        self.tty.write_all(bytes.as_bytes())
    }

    /// Writes what is no part of a frame and moves no cursor: a bell.
    ///
    /// # Errors
    ///
    /// As for [`Screen::draw`].
    pub fn say(&mut self, bytes: &str) -> io::Result<()> {
        self.stats.bytes += bytes.len() as u64;
        self.tty.write_all(bytes.as_bytes())
    }

    /// What drawing has cost so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }
}
