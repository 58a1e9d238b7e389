//! deskline: a helpdesk inbox for the terminal.
//!
//! One library and a thin binary. Ten rooms, each with one reason to exist. Data moves one way; effects are
//! values; time, chance and the outside come in through the door. `tests/architecture.rs` holds who may use whom:
//!
//! | room | what | may use |
//! |---|---|---|
//! | [`domain`] | the field's nouns and rules, pure | nothing of ours |
//! | [`config`] | layers, provenance, secrets by reference; plain data out | domain |
//! | [`channels`] | the vendors: one trait, one folder each | domain, config's data |
//! | [`store`] | what is on disk, in the domain's terms | domain, config's data |
//! | [`sync`] | the engine: polls, webhooks, the outbox, leases | domain, the traits of channels and store |
//! | [`app`] | how the program behaves: `update(now, Msg) -> Vec<Effect>`; pure | domain, config's data |
//! | [`ui`] | how it looks: reads the model, never writes | domain, app |
//! | [`terminal`] | the loop: tty in, update, run effects, draw | domain, app, ui, sync's handle, store's reading side |
//! | [`simulator`] | the four vendors on a loopback port, by hand from their contracts | domain's text and time helpers |
//! | [`cli`] | one file per command; the composition root | everything |

pub mod domain;

pub mod config;

pub mod channels;
pub mod store;

pub mod sync;

pub mod app;
pub mod ui;

pub mod simulator;
pub mod terminal;

pub mod cli;
