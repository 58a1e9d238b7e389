//! How the program behaves: `Model::update(now, Msg) -> Vec<Effect>`.
//!
//! Pure: no IO, no clock, no chance, no layout of a terminal. `terminal` feeds it and performs what it asks for, `ui`
//! draws it. Features have a file each; the hub ([`model`]) only routes.

pub mod actions;
mod answers;
pub mod canned;
pub mod composer;
pub mod form;
pub mod keymap;
pub mod list;
mod list_rows;
pub mod model;
pub mod msg;
pub mod outbox;
pub mod popup;
pub mod preflight;
pub mod review;
pub mod session;
pub mod split;
pub mod thread;
pub mod thread_lines;
pub mod triage;
mod typing;
pub mod undo;
pub mod words;

#[cfg(test)]
pub(crate) mod tests;

pub use model::{AppOptions, Model, Screen};
pub use msg::{
    Effect, EngineState, Input, ListWish, Loaded, Msg, Outcome, Request, Signal, Stroke, Ticket, Wish,
};
