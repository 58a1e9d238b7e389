//! Times as agents type them: `3d`, `14:30`, `fri 9`, `sex`, `Fr`, `tomorrow`.

use chrono::{
    DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday,
};
use chrono_tz::Tz;

use super::Time;

/// The hour that a day without a time means.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).expect("nine o'clock exists");

/// The moment that `text` names, seen from `now` in `zone`; always in the future. `None`: not understood.
///
/// Taken: ages ahead (`30m`, `4h`, `3d`, `2w`), times of day (`14:30`, `9`: the next such), days (`tomorrow`,
/// `amanhã`, `morgen`, weekdays in English, Portuguese and German, 9:00 unless a time follows), dates
/// (`2026-12-24`, with a time or without) and RFC 3339.
pub fn parse(text: &str, now: Time, zone: Tz) -> Option<Time> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc)).filter(|at| *at > now);
    }
    let lower = text.to_lowercase();
    let mut words = lower.split_whitespace();
    let first = words.next()?;
    let time = match words.next() {
        Some(word) => Some(time_of_day(word)?),
        None => None,
    };
    if words.next().is_some() {
        return None;
    }
    if time.is_none()
        && let Some(ahead) = span(first)
    {
        return now.checked_add_signed(ahead).filter(|at| *at > now);
    }
    let local = now.with_timezone(&zone);
    let today = local.date_naive();
    if let Some(day) = day(first, today) {
        let at = wall(day, time.unwrap_or(MORNING), zone)?;
        // A weekday that is today, at a time already past, means next week's.
        let weekly = weekday(first).is_some();
        let at =
            if at <= now && weekly { wall(day + Days::new(7), time.unwrap_or(MORNING), zone)? } else { at };
        return Some(at).filter(|at| *at > now);
    }
    if time.is_some() {
        return None;
    }
    let time = time_of_day(first)?;
    let at = wall(today, time, zone)?;
    if at > now { Some(at) } else { wall(today + Days::new(1), time, zone) }
}

fn span(word: &str) -> Option<TimeDelta> {
    let unit = word.chars().last()?;
    let count: i64 = word.strip_suffix(unit)?.parse().ok().filter(|count| (1..=10_000).contains(count))?;
    match unit {
        'm' => TimeDelta::try_minutes(count),
        'h' => TimeDelta::try_hours(count),
        'd' => TimeDelta::try_days(count),
        'w' => TimeDelta::try_weeks(count),
        _ => None,
    }
}

fn time_of_day(word: &str) -> Option<NaiveTime> {
    let word = word.strip_suffix("uhr").unwrap_or(word);
    let (hour, minute) = match word.split_once([':', 'h']) {
        Some((hour, "")) => (hour, "0"),
        Some(parts) => parts,
        None => (word, "0"),
    };
    NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, 0)
}

fn day(word: &str, today: NaiveDate) -> Option<NaiveDate> {
    match word {
        "today" | "hoje" | "heute" => return Some(today),
        "tomorrow" | "amanhã" | "amanha" | "morgen" => return today.succ_opt(),
        _ => {}
    }
    if let Ok(date) = NaiveDate::parse_from_str(word, "%Y-%m-%d") {
        return Some(date);
    }
    let wanted = weekday(word)?;
    let ahead = (wanted.num_days_from_monday() + 7 - today.weekday().num_days_from_monday()) % 7;
    Some(today + Days::new(ahead.into()))
}

fn weekday(word: &str) -> Option<Weekday> {
    // Long and short names; "sex" is Portuguese for Friday, "mi" German for Wednesday.
    Some(match word {
        "mon" | "monday" | "seg" | "segunda" | "mo" | "montag" => Weekday::Mon,
        "tue" | "tuesday" | "ter" | "terça" | "terca" | "di" | "dienstag" => Weekday::Tue,
        "wed" | "wednesday" | "qua" | "quarta" | "mi" | "mittwoch" => Weekday::Wed,
        "thu" | "thursday" | "qui" | "quinta" | "do" | "donnerstag" => Weekday::Thu,
        "fri" | "friday" | "sex" | "sexta" | "fr" | "freitag" => Weekday::Fri,
        "sat" | "saturday" | "sáb" | "sab" | "sábado" | "sabado" | "sa" | "samstag" => Weekday::Sat,
        "sun" | "sunday" | "dom" | "domingo" | "so" | "sonntag" => Weekday::Sun,
        _ => return None,
    })
}

/// A wall-clock time in `zone`; one that summer time skips becomes the first one after it, one that comes twice the
/// earlier.
pub(crate) fn wall(day: NaiveDate, time: NaiveTime, zone: Tz) -> Option<Time> {
    let wall = day.and_time(time);
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.with_timezone(&Utc)),
        LocalResult::None => zone
            .from_local_datetime(&(wall + TimeDelta::hours(1)))
            .earliest()
            .map(|at| at.with_timezone(&Utc)),
    }
}

#[cfg(test)]
mod tests;
