//! The terminal: reads the tty, guards its state, writes frames. The loop lives here too.
//!
//! Nothing outside this room touches the tty. crossterm gives the key types; its `event` module is not used: it turns
//! a terminal's answers into keys, says Alt-y for `ESC y`, and spins when the terminal is gone.

pub mod canned;
pub mod clipboard;
pub mod editor;
pub mod filter;
pub mod guard;
pub mod hands;
pub mod input;
pub mod line;
pub mod linear;
pub mod locale;
pub mod painter;
pub mod paths;
pub mod perform;
pub mod pictures;
pub mod preview;
pub mod run;
pub mod screen;
pub mod signals;
pub mod tty;

#[cfg(test)]
mod process_tests;
#[cfg(test)]
mod tests;
