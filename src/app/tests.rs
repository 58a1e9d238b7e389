//! Stories as tables: keys in, effects out. No IO, no clock, no screen.

pub(crate) mod fixture;
mod form;

mod canned;
mod care;
mod day;
mod desk;
mod find;
pub(crate) mod keys;
mod list;
mod once;
mod outbox;
mod panes;
mod parked;
mod popups;
mod rules;
mod team;
mod windows;
pub(crate) mod writing;
