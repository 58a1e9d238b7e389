//! What tests of the engine stand on: a clock moved by hand, and a channel that does as it is told.
//!
//! Public for the stories in `tests/`; no part of the program.

mod channel;
mod clock;

pub use channel::{FakeChannel, Script};
pub use clock::TestClock;

#[cfg(test)]
pub(crate) mod memory;
#[cfg(test)]
pub(crate) mod world;
