//! How quick the line to the terminal is, and what is not drawn because it is slow.
//!
//! What is written waits where nobody can see it: the kernel takes 64 kB, a connection more. So a slow line is told by
//! the time that the terminal's answers take. On a quick one nothing is ever asked again. On a slow one a question goes out
//! behind each frame, and frames wait while more than a few kilobytes lie before the answers: what is drawn then is what
//! is true then, and the frames between are never written.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// A round trip from which on the line is slow.
const SLOW: Duration = Duration::from_millis(120);
/// Bytes that may be on their way over a slow line.
const ON_THE_WAY: u64 = 4096;
/// An answer that has not come after so long is not waited for.
const LOST: Duration = Duration::from_secs(3);

/// Questions that may be out at a time.
const QUESTIONS: usize = 8;

/// The line to the terminal.
#[derive(Debug, Default)]
pub struct Line {
    /// The questions that are out, oldest first: when, and the bytes written before each and after the one before it.
    out: VecDeque<(Instant, u64)>,
    round_trip: Option<Duration>,
    /// Bytes written since the last question.
    since: u64,
}

impl Line {
    /// The terminal was asked something that it always answers.
    pub fn asked(&mut self, at: Instant) {
        while self.out.front().is_some_and(|(asked, _)| *asked + LOST <= at) {
            self.out.pop_front();
        }
        self.out.push_back((at, std::mem::take(&mut self.since)));
    }

    /// It answered the oldest question: what was written before that has arrived.
    pub fn answered(&mut self, at: Instant) {
        if let Some((asked, _)) = self.out.pop_front() {
            self.round_trip = Some(at.saturating_duration_since(asked));
        }
    }

    /// Bytes were written. `true`: ask behind them.
    pub fn wrote(&mut self, bytes: u64) -> bool {
        self.since += bytes;
        bytes > 0 && self.is_slow() && self.out.len() < QUESTIONS
    }

    /// Until when frames wait, unless an answer comes before.
    pub fn full_until(&self, now: Instant) -> Option<Instant> {
        let lost = self.out.front()?.0 + LOST;
        let unseen = self.since + self.out.iter().map(|(_, bytes)| bytes).sum::<u64>();
        (self.is_slow() && unseen > ON_THE_WAY && lost > now).then_some(lost)
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
