//! Business hours: several spans a day, holidays, a zone.

use std::{collections::BTreeSet, fmt};

use chrono::{
    DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::Time;

/// How far a deadline is looked for; a calendar that is not open within that has none.
const HORIZON_DAYS: u64 = 3660;
/// Minutes of a day.
const MIDNIGHT: u16 = 1440;

/// A span of one day of the week, in minutes since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// Opens: 0 to 1439.
    pub from_minute: u16,
    /// Closes: later than `from_minute`, at most 1440.
    pub to_minute: u16,
}

/// When somebody works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// How explanations call it.
    pub name: String,
    /// Where its hours are.
    #[serde(with = "zone")]
    pub zone: Tz,
    /// The spans of each day, Monday first; ordered, not overlapping.
    week: [Vec<Span>; 7],
    /// Days on which nobody works.
    holidays: BTreeSet<NaiveDate>,
}

impl Calendar {
    /// A calendar of spans; those that overlap become one.
    pub fn new(
        name: impl Into<String>,
        zone: Tz,
        spans: impl IntoIterator<Item = (Weekday, Span)>,
        holidays: impl IntoIterator<Item = NaiveDate>,
    ) -> Self {
        let mut week: [Vec<Span>; 7] = Default::default();
        for (day, span) in spans {
            week[day.num_days_from_monday() as usize].push(span);
        }
        for day in &mut week {
            day.retain(|span| span.from_minute < span.to_minute && span.to_minute <= MIDNIGHT);
            day.sort_unstable();
            day.dedup_by(|later, earlier| {
                let joined = later.from_minute <= earlier.to_minute;
                if joined {
                    earlier.to_minute = earlier.to_minute.max(later.to_minute);
                }
                joined
            });
        }
        Self { name: name.into(), zone, week, holidays: holidays.into_iter().collect() }
    }

    /// Monday to Friday between two full hours.
    pub fn weekdays(name: &str, zone: Tz, from_hour: u16, to_hour: u16) -> Self {
        let days = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        let span = Span { from_minute: from_hour * 60, to_minute: to_hour * 60 };
        Self::new(name, zone, days.map(|day| (day, span)), [])
    }

    /// Every hour of every day: what a channel without a calendar has.
    pub fn always() -> Self {
        let span = Span { from_minute: 0, to_minute: MIDNIGHT };
        let days: [(Weekday, Span); 7] = [0, 1, 2, 3, 4, 5, 6].map(|n| (weekday(n), span));
        Self::new("every hour", Tz::UTC, days, [])
    }

    /// When so much business time has passed since `start`. `None` where the calendar hardly ever opens.
    pub fn add(&self, start: Time, business: TimeDelta) -> Option<Time> {
        let mut left = business.max(TimeDelta::zero());
        for date in self.dates(start) {
            for (opens, closes) in self.open(date) {
                let opens = opens.max(start);
                if closes < opens || closes <= start {
                    continue;
                }
                if left <= closes - opens {
                    return Some(opens + left);
                }
                left -= closes - opens;
            }
        }
        None
    }

    /// The business time between two moments.
    pub fn between(&self, from: Time, to: Time) -> TimeDelta {
        let mut sum = TimeDelta::zero();
        if to <= from {
            return sum;
        }
        let last = self.date_of(to);
        for date in self.date_of(from).iter_days().take_while(|date| *date <= last) {
            for (opens, closes) in self.open(date) {
                sum += (closes.min(to) - opens.max(from)).max(TimeDelta::zero());
            }
        }
        sum
    }

    /// The same time of day, so many business days later. What comes while it is shut counts from the next opening;
    /// where the last day closes earlier, its closing is meant.
    pub fn business_days(&self, start: Time, days: u32) -> Option<Time> {
        let start = self.add(start, TimeDelta::zero())?;
        let begun = start.with_timezone(&self.zone);
        let date = begun
            .date_naive()
            .iter_days()
            .skip(1)
            .take(usize::try_from(HORIZON_DAYS).unwrap_or(usize::MAX))
            .filter(|date| !self.spans(*date).is_empty())
            .nth(usize::try_from(days).unwrap_or(usize::MAX).checked_sub(1)?)?;
        let same = at_wall(self.zone, date, begun.time(), false);
        self.open(date).last().map(|(_, closes)| same.min(closes))
    }

    /// Whether it is open at that moment.
    pub fn is_open(&self, at: Time) -> bool {
        self.open(self.date_of(at)).any(|(opens, closes)| opens <= at && at < closes)
    }

    fn date_of(&self, at: Time) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    fn dates(&self, start: Time) -> impl Iterator<Item = NaiveDate> {
        let first = self.date_of(start);
        first.iter_days().take(usize::try_from(HORIZON_DAYS).unwrap_or(usize::MAX))
    }

    fn spans(&self, date: NaiveDate) -> &[Span] {
        if self.holidays.contains(&date) {
            return &[];
        }
        &self.week[date.weekday().num_days_from_monday() as usize]
    }

    /// The opening hours of a day. Where a clock is set back over an end, both of its passes are inside.
    fn open(&self, date: NaiveDate) -> impl Iterator<Item = (Time, Time)> {
        self.spans(date).iter().map(move |span| {
            (self.wall(date, span.from_minute, false), self.wall(date, span.to_minute, true))
        })
    }

    fn wall(&self, date: NaiveDate, minute: u16, late: bool) -> Time {
        let (date, minute) =
            if minute >= MIDNIGHT { (date + Days::new(1), 0) } else { (date, u32::from(minute)) };
        let time = NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap_or_default();
        at_wall(self.zone, date, time, late)
    }
}

/// `Mon-Fri 08:00-12:00 13:30-18:00, America/Sao_Paulo`, holidays counted.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        let mut first = true;
        let mut day = 0;
        while day < 7 {
            let mut end = day;
            while end < 6 && self.week[end + 1] == self.week[day] {
                end += 1;
            }
            if !self.week[day].is_empty() {
                f.write_str(if first { "" } else { ", " })?;
                first = false;
                write!(f, "{}", weekday(day))?;
                if end > day {
                    write!(f, "-{}", weekday(end))?;
                }
                for span in &self.week[day] {
                    let (from, to) = (span.from_minute, span.to_minute);
                    write!(f, " {:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
                }
            }
            day = end + 1;
        }
        if first {
            f.write_str("never open")?;
        }
        write!(f, ", {}", self.zone.name())?;
        match self.holidays.len() {
            0 => Ok(()),
            1 => f.write_str(", 1 holiday"),
            many => write!(f, ", {many} holidays"),
        }
    }
}

fn weekday(day: usize) -> Weekday {
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun]
        [day % 7]
}

/// A moment of the wall clock; one that a clock skips over is an hour later.
fn at_wall(zone: Tz, date: NaiveDate, time: NaiveTime, late: bool) -> Time {
    let wall = date.and_time(time);
    let at = |at: DateTime<Tz>| at.with_timezone(&Utc);
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(only) => at(only),
        LocalResult::Ambiguous(early, later) => at(if late { later } else { early }),
        // A day that a zone skipped whole (Samoa's 30 December 2011) has no time of its own at all.
        LocalResult::None => zone
            .from_local_datetime(&(wall + TimeDelta::hours(1)))
            .earliest()
            .map_or_else(|| Utc.from_utc_datetime(&wall), at),
    }
}

/// Zones by their IANA name.
mod zone {
    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "so serde calls it")]
    pub(super) fn serialize<S: Serializer>(zone: &Tz, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(zone.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Tz, D::Error> {
        let name = String::deserialize(from)?;
        name.parse().map_err(|_| D::Error::custom(format!("no zone is called {name}")))
    }
}
