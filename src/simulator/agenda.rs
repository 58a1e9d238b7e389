//! What is going to happen, in the order of its time. One list for statuses, webhooks and living customers.

use crate::domain::time::Time;

/// Something that happens at a time of its own.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A WhatsApp status of one of our messages.
    Status {
        /// Whether it is the On-Premises number.
        on_premises: bool,
        /// The message.
        id: String,
        /// `sent`, `delivered`, `read`, `failed`.
        status: &'static str,
    },
    /// A webhook is due (again).
    Deliver {
        /// The webhook's number.
        number: u64,
    },
    /// Live: somebody writes who was silent.
    Arrival,
    /// Live: the other side answers our reply.
    Answer {
        /// The vendor.
        vendor: &'static str,
        /// The conversation, by its remote id.
        conversation: String,
    },
    /// Live: a THG agent takes a discussion up.
    PickUp {
        /// The discussion.
        discussion: String,
    },
    /// Live: a marketplace hands a mediated ticket over or back.
    Mediation,
}

/// The list.
#[derive(Default)]
pub(super) struct Agenda {
    entries: Vec<(Time, u64, Event)>,
    next: u64,
    /// Whether customers live by themselves.
    pub live: bool,
}

impl Agenda {
    /// An empty list.
    pub fn new(live: bool) -> Self {
        Self { live, ..Self::default() }
    }

    /// Adds an event.
    pub fn push(&mut self, at: Time, event: Event) {
        self.next += 1;
        self.entries.push((at, self.next, event));
    }

    /// The time of the first event.
    pub fn first(&self) -> Option<Time> {
        self.entries.iter().map(|entry| entry.0).min()
    }

    /// Takes the first event that is due.
    pub fn take(&mut self, now: Time) -> Option<Event> {
        let place = (0..self.entries.len())
            .filter(|place| self.entries[*place].0 <= now)
            .min_by_key(|place| (self.entries[*place].0, self.entries[*place].1))?;
        Some(self.entries.swap_remove(place).2)
    }
}
