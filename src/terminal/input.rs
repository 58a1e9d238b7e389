//! What comes from the tty: bytes in, [`InputEvent`]s out.
//!
//! [`Reader`] is a thread that sleeps until there are bytes; [`Decoder`] is pure and splits them into complete
//! sequences; termina's parser says what a complete sequence means.

mod burst;
mod decoder;
mod reader;
mod sequence;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};

pub use self::{
    burst::{PasteGuard, classify_burst},
    decoder::{Decoder, Timing},
    reader::Reader,
};

/// Time since the reader began: steady, whatever the wall clock does.
pub type Moment = Duration;

/// A key, and whether an Esc stands right before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Which key. Ctrl with a letter is `Char` and `CONTROL`, always a press or a repeat.
    pub event: KeyEvent,
    /// It came with an Esc before it, so it may have been meant as Alt or as two keys: outside of composer and review
    /// bar it may move, never act on a customer.
    pub after_escape: bool,
}

/// Something that the tty said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputEvent {
    /// The keys of one read, in order, never empty. More than one may be a paste: see [`PasteGuard`].
    Keys(Vec<Key>),
    /// A bracketed paste, its line ends as `\n`.
    Paste {
        /// What was pasted; foreign text.
        text: String,
        /// It was longer than [`Decoder::MAX_PASTE`] bytes and the rest is left out.
        truncated: bool,
    },
    /// The window has the focus.
    FocusGained,
    /// The window has lost the focus.
    FocusLost,
    /// A click or the wheel.
    Mouse(MouseEvent),
    /// The terminal answered a query.
    Answer(TerminalAnswer),
    /// The terminal is gone. Comes once, as the last event.
    Hangup,
}

/// A colour that no terminal draws with by itself: red, green, blue.
pub const PROBE: [u8; 3] = [17, 34, 51];

/// What a terminal said about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalAnswer {
    /// DA1: the last answer of a batch of queries.
    Device {
        /// It says that it draws sixels.
        sixel: bool,
    },
    /// DECRPM: the state of a private mode.
    Mode {
        /// The mode's number, 2026 for synchronized output.
        mode: u16,
        /// 0 not recognised, 1 set, 2 reset, 3 permanently set, 4 permanently reset.
        state: u8,
    },
    /// The kitty keyboard flags that are on: it speaks the protocol.
    KittyFlags(u8),
    /// OSC 10: the default foreground.
    Foreground(u8, u8, u8),
    /// OSC 11: the default background.
    Background(u8, u8, u8),
    /// It draws pictures by kitty's graphics protocol.
    KittyPictures,
    /// How large a cell is, in points.
    Cell {
        /// Points in a row.
        width: u16,
        /// Rows of points.
        height: u16,
    },
    /// It was given a colour of 24 bits and says that it draws with that one.
    Truecolor,
    /// Where the cursor is, from 1: row, column.
    Cursor(u16, u16),
    /// An answer to something that was not asked.
    Other,
}

impl TerminalAnswer {
    /// Whether this proves that frames may be wrapped in synchronized output.
    pub fn proves_synchronized_output(self) -> bool {
        matches!(self, Self::Mode { mode: 2026, state: 1..=3 })
    }
}
