//! How quick the line to the terminal is, and what is not drawn because it is slow.
//!
//! What is written waits where nobody can see it: the kernel takes 64 kB, a connection more. So a slow line is told by
//! the time that the terminal's answers take. On a quick one nothing is ever asked again. On a slow one a question goes out
//! behind a frame, and frames wait while more than a few kilobytes lie before its answer: what is drawn then is what is
//! true then, and the frames between are never written.

use std::time::{Duration, Instant};

/// A round trip from which on the line is slow.
const SLOW: Duration = Duration::from_millis(120);
/// Bytes that may be on their way over a slow line.
const ON_THE_WAY: u64 = 4096;
/// An answer that has not come after so long is not waited for.
const LOST: Duration = Duration::from_secs(3);

/// The line to the terminal.
#[derive(Debug, Default)]
pub struct Line {
    asked: Option<Instant>,
    round_trip: Option<Duration>,
    /// Bytes written since the last question that was answered, and before the one that is out.
    unseen: u64,
    before: u64,
}

impl Line {
    /// The terminal was asked something that it always answers.
    pub fn asked(&mut self, at: Instant) {
        self.asked = Some(at);
        self.before = self.unseen;
    }

    /// It answered: what was written before the question has arrived.
    pub fn answered(&mut self, at: Instant) {
        if let Some(asked) = self.asked.take() {
            self.round_trip = Some(at.saturating_duration_since(asked));
            self.unseen -= self.before;
        }
    }

    /// Bytes were written. `true`: ask behind them.
    pub fn wrote(&mut self, bytes: u64) -> bool {
        self.unseen += bytes;
        bytes > 0 && self.is_slow() && self.asked.is_none()
    }

    /// Until when frames wait, unless an answer comes before.
    pub fn full_until(&self, now: Instant) -> Option<Instant> {
        let lost = self.asked? + LOST;
        (self.is_slow() && self.unseen > ON_THE_WAY && lost > now).then_some(lost)
    }

    /// The last round trip.
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Whether each byte is felt.
    pub fn is_slow(&self) -> bool {
        self.round_trip.is_some_and(|it| it >= SLOW)
    }
}

#[cfg(test)]
mod tests;
