//! The terminal: reads the tty, guards its state, writes frames. The loop lives here too.
//!
//! Nothing outside this room touches the tty. crossterm gives key types and output sequences; its `event` module is
//! not used: it turns a terminal's answers into keys, says Alt-y for `ESC y`, and spins when the terminal is gone.

pub mod input;
