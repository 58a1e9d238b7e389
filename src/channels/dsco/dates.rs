//! Dates in all the forms that Dsco's documents show (contract C6).

use chrono::{NaiveDate, SecondsFormat, TimeDelta};

use crate::domain::Time;

/// The one form that we send: `2023-05-01T10:00:00.000Z`.
pub fn write(at: Time) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads `2023-05-01T10:00:00.000Z`, any fraction, `+01:00`, `+0100`, and the seed's `2023:05:01T9:29:55.0000Z`.
pub fn read(text: &str) -> Option<Time> {
    let text = text.trim();
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let (time, offset) = match rest.find(['Z', 'z', '+', '-']) {
        Some(at) => rest.split_at(at),
        None => (rest, "Z"),
    };
    let [year, month, day] = numbers(date.split(['-', ':']))?;
    let (clock, fraction) = time.split_once(['.', ',']).unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(clock.split(':'))?;
    if !fraction.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let millis = format!("{fraction:0<3}").get(..3)?.parse::<u32>().ok()?;
    let local = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?
        // A leap second is read as the last one before it.
        .and_hms_milli_opt(hour, minute, second.min(59), millis)?;
    local.checked_sub_signed(offset_of(offset.trim())?).map(|it| it.and_utc())
}

fn numbers<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<[u32; 3]> {
    let mut next = || parts.next()?.parse::<u32>().ok();
    let found = [next()?, next()?, next()?];
    parts.next().is_none().then_some(found)
}

fn offset_of(text: &str) -> Option<TimeDelta> {
    if matches!(text, "Z" | "z") {
        return Some(TimeDelta::zero());
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.get(1..)?.replace(':', "");
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "0"),
        4 => digits.split_at(2),
        _ => return None,
    };
    TimeDelta::try_minutes(sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?))
}
