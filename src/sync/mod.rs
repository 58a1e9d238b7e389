//! The engine: polls, webhooks, the outbox, leases.
//!
//! One pure [`machine`] per channel says what to do next; a driver does it and tells the machine how it went. Whoever
//! holds a channel's lock file leads that channel: it alone polls and sends, and the lease's epoch keeps a late
//! sleeper from settling anything. Nothing ticks: every wait ends at the machine's earliest deadline, at a commit in
//! the store, or at an answer from a vendor.
//!
//! ```text
//! engine ─┬─ driver (one per channel): leader → machine ⇄ scan, dispatch, fetch
//!         ├─ webhook (listener: verified, durable, 200) → intake (read later, by one process)
//!         └─ tender (what has been resolved for five days, what slept long enough)
//! ```
//!
//! Knows channels and store by their traits only.

pub mod chance;
pub mod engine;
pub mod leader;
pub mod machine;
pub mod once;
#[doc(hidden)]
pub mod testing;

mod dispatch;
mod driver;
mod fetch;
mod intake;
mod patience;
mod scan;
mod unsent;
mod webhook;

pub use chance::Chance;
pub use engine::{ChannelStatus, Engine, EngineHandle, EngineOptions};
pub use fetch::{Fetched, fetch};
pub use machine::Pace;
pub use once::{ChannelReport, Delivered, OnceOptions, deliver, sync_once};
