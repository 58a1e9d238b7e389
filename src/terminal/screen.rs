//! Frames: one write each, wrapped only where the terminal said it can, counted.

use std::io;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    painter::Painter,
    pictures::{self, Protocol},
    tty::Tty,
};
use crate::ui::{Drawn, Placed};

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

/// The screen of a [`Tty`]: the picture that it shows, and the next one.
///
/// It never clears but before the first frame, after a resize and on [`Screen::repaint`].
#[derive(Debug)]
pub struct Screen {
    tty: Tty,
    painter: Painter,
    drawn: Buffer,
    next: Buffer,
    synchronized: bool,
    /// How the terminal takes pictures, the size of its cells, and the most bytes for one.
    pictures: Option<(Protocol, (u16, u16), usize)>,
    /// The picture that stands on the terminal.
    shown: Option<Placed>,
    stats: Stats,
}

impl Screen {
    /// A screen of the size that the terminal has now. Writes nothing.
    pub fn new(tty: Tty, utf8: bool) -> Self {
        let mut screen = Self {
            tty,
            painter: Painter::new(utf8),
            drawn: Buffer::default(),
            next: Buffer::default(),
            synchronized: false,
            pictures: None,
            shown: None,
            stats: Stats::default(),
        };
        // Not every alternate screen begins empty.
        screen.resize();
        screen
    }

    /// The terminal has proved synchronized output (mode 2026): frames are wrapped from now on.
    pub fn synchronize(&mut self) {
        self.synchronized = true;
    }

    /// The terminal has proved that it draws pictures: in this way, with cells of this size; each may cost `most` bytes.
    pub fn draw_pictures(&mut self, protocol: Protocol, cell: (u16, u16), most: usize) {
        self.pictures = Some((protocol, cell, most));
    }

    /// Whether a picture stands on the terminal.
    pub fn shows_picture(&self) -> bool {
        self.shown.is_some()
    }

    /// The size of a cell in points, where the terminal's driver knows it.
    pub fn cell(&self) -> Option<(u16, u16)> {
        self.tty.cell()
    }

    /// Something else was written on the first `rows` lines; where the cursor and how the pen is, is not known.
    pub fn forget_lines(&mut self, rows: u16) {
        self.painter.lose_the_pen();
        let lines = Rect { height: rows, ..self.drawn.area };
        self.forget_cells(lines);
    }

    fn forget_cells(&mut self, area: Rect) {
        for at in area.intersection(self.drawn.area).positions() {
            self.drawn[at].set_symbol("\0");
        }
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        (self.next.area.width, self.next.area.height)
    }

    /// Asks the terminal for its size. The next frame repaints if it is another.
    pub fn resize(&mut self) -> (u16, u16) {
        let (columns, rows) = self.tty.size();
        if self.size() != (columns, rows) {
            let area = Rect::new(0, 0, columns, rows);
            (self.drawn, self.next) = (Buffer::empty(area), Buffer::empty(area));
            self.repaint();
        }
        (columns, rows)
    }

    /// The next frame is drawn from nothing: after suspend, after an editor, on Ctrl-l.
    pub fn repaint(&mut self) {
        // Asked for twice before a frame: one is enough.
        self.painter.written();
        self.painter.forget();
        if self.shown.take().is_some() {
            self.painter.say(&pictures::removal());
        }
        self.painter.clear();
        self.drawn.reset();
    }

    /// Draws a frame and writes what it changed in one call; nothing where nothing changed.
    ///
    /// # Errors
    ///
    /// The terminal is gone or the program is leaving: see [`Tty::write_all`].
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer) -> Drawn) -> io::Result<()> {
        self.next.reset();
        let Drawn { cursor, picture } = paint(&mut self.next);
        let other = picture != self.shown;
        if other && let Some(gone) = self.shown.take() {
            self.take_off(&gone);
        }
        self.painter.paint(&self.drawn, &self.next, cursor);
        if other
            && let Some(placed) = picture
            && let Some((protocol, cell, most)) = self.pictures
        {
            let at = placed.area.as_position();
            // One that cannot be made small enough is as good as shown: it is not tried again at each frame.
            if let Some(bytes) = pictures::drawn(protocol, &placed, cell, most) {
                self.painter.picture(at, &bytes);
            }
            self.shown = Some(placed);
        }
        std::mem::swap(&mut self.drawn, &mut self.next);
        let painter = &mut self.painter;
        if painter.collected().is_empty() {
            return Ok(());
        }
        let bytes = if self.synchronized {
            [BEGIN_SYNCHRONIZED, painter.collected(), END_SYNCHRONIZED].concat()
        } else {
            painter.collected().to_owned()
        };
        painter.written();
        self.stats.frames += 1;
        self.stats.bytes += bytes.len() as u64;
        self.stats.last_frame_bytes = bytes.len();
        self.tty.write_all(bytes.as_bytes())
    }

    fn take_off(&mut self, gone: &Placed) {
        match self.pictures {
            Some((Protocol::Kitty, ..)) => self.painter.say(&pictures::removal()),
            // It stands in the cells: they are written again, whatever they were.
            _ => self.forget_cells(gone.area),
        }
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
