//! SkyHub's times: with and without an offset.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone};

use crate::domain::Time;

/// The moment of a vendor's time text. Without an offset it is the wall clock of São Paulo (contract A.4): the list's
/// times carry `-03:00`, the chats' none, and both name the same moment. Older data has summer time, hence the zone.
pub fn parse(text: &str) -> Option<Time> {
    let text = text.trim();
    let text = match text.as_bytes().get(10) {
        Some(b' ') => std::borrow::Cow::Owned(format!("{}T{}", &text[..10], &text[11..])),
        _ => std::borrow::Cow::Borrowed(text),
    };
    for format in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f %#z", "%Y-%m-%dT%H:%M%#z"] {
        if let Ok(at) = DateTime::parse_from_str(&text, format) {
            return Some(at.to_utc());
        }
    }
    let wall = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok())?;
    match chrono_tz::America::Sao_Paulo.from_local_datetime(&wall) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.to_utc()),
        // The hour that summer time skipped: read as if the clock had not been set yet.
        LocalResult::None => chrono_tz::America::Sao_Paulo
            .from_local_datetime(&(wall - TimeDelta::hours(1)))
            .earliest()
            .map(|at| at.to_utc() + TimeDelta::hours(1)),
    }
}
