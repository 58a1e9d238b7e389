//! How the program behaves: `Model::update(now, Msg) -> Vec<Effect>`.
//!
//! Pure: no IO, no clock, no chance, no layout of a terminal. `terminal` feeds it and performs what it asks for, `ui`
//! draws it. Features have a file each; the hub ([`model`]) only routes.

pub mod actions;
mod answers;
pub mod canned;
pub mod composer;
mod draft_window;
pub mod find;
pub mod form;
mod handle;
pub mod handover;
pub mod keymap;
pub mod layout;
pub mod list;
mod list_rows;
pub mod lock;
pub mod manual;
mod marks;
pub mod model;
mod mouse;
pub mod msg;
pub mod once;
mod options;
pub mod outbox;
mod parked;
pub mod popup;
pub mod preflight;
pub mod presence;
pub mod presets;
pub mod preview;
mod promises;
pub mod report;
pub mod review;
pub mod session;
pub mod split;
pub mod thread;
mod thread_kept;
pub mod thread_lines;
pub mod triage;
pub mod tutor;
mod typing;
pub mod undo;
mod vendor_fields;
mod versions;
mod views;
mod welcome;
pub mod words;

#[cfg(test)]
pub(crate) mod tests;

pub use model::{Model, Screen};
pub use msg::{
    Effect, EngineState, Input, ListWish, Loaded, Msg, Outcome, Pointer, Request, Signal, Start, Stroke,
    Ticket, Wish,
};
pub use options::AppOptions;
pub use welcome::example;
