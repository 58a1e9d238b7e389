//! Stories of the whole desk: an agent's keys go in, what stands on the screen and at the vendor comes out. The simulator
//! plays the vendors; everything else is what runs in the program.

mod canned;
mod day;
mod dsco;
mod gates;
mod keys;
mod outbox;
mod skyhub;
mod support;
mod team;
mod thg;
mod whatsapp;
