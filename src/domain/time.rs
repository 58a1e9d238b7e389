//! Moments and the door through which the time comes in.

use std::{future::Future, pin::Pin};

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};

/// A moment, in UTC. Stored with milliseconds.
pub type Time = DateTime<Utc>;

/// Where the time comes from. The program has one that asks the system; tests have one that they move by hand.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Time;

    /// Resolves at `at`, or at once when that is past. Dropping the future forgets the wish.
    fn sleep_until(&self, at: Time) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Milliseconds since 1970, the form in which moments are stored.
pub fn to_millis(at: Time) -> i64 {
    at.timestamp_millis()
}

/// The moment that is `millis` milliseconds after 1970; values out of range become 1970.
pub fn from_millis(millis: i64) -> Time {
    Utc.timestamp_millis_opt(millis).single().unwrap_or_default()
}

/// RFC 3339 in UTC with milliseconds, as every JSON of ours writes it: `2023-06-07T00:41:56.000Z`.
pub fn rfc3339(at: Time) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
