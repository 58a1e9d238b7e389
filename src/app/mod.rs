//! How the program behaves: `Model::update(now, Msg) -> Vec<Effect>`.
//!
//! Pure: no IO, no clock, no chance, no layout of a terminal. `terminal` feeds it and performs what it asks for, `ui`
//! draws it. Features have a file each; the hub only routes.

pub mod msg;

pub use msg::{Effect, EngineState, Input, ListWish, Loaded, Msg, Outcome, Request, Signal, Stroke, Ticket, Wish};
