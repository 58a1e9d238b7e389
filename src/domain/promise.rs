//! What a reply promised its customer: a date, found in our own words in English, Portuguese and German.
//!
//! Found is what names an end by itself (`by Friday`, `bis Freitag`, `até sexta`, `amanhã`, `in 2 Tagen`). A question, a
//! quoted line, a condition, a wish to the customer and what lies in the past are no promises: rather none than a wrong
//! one, for the agent can set a date with a key.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Time, when};

/// A dated commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// By when.
    pub at: Time,
    /// In which words: `bis Freitag`; empty where the agent set the date by hand.
    pub words: String,
    /// Who promised it: the Unix account.
    pub by: String,
}

/// A promise is at risk so long before it.
pub const WARNED_BEFORE: TimeDelta = TimeDelta::hours(4);

/// A day without an hour is kept until then.
const EVENING: NaiveTime = NaiveTime::from_hms_opt(18, 0, 0).expect("six o'clock exists");
/// Nobody promises further ahead than that.
const FAR: i64 = 366;

/// The earliest date that the text promises, seen from `now` in the agent's zone, with the words that say so.
pub fn find(text: &str, now: Time, zone: Tz) -> Option<(Time, String)> {
    let ours = text.lines().filter(|line| !line.trim_start().starts_with(['>', '|']));
    ours.flat_map(clauses).filter_map(|clause| in_clause(clause, now, zone)).min_by_key(|(at, _)| *at)
}

/// The clauses of a line that are no part of a question. A full stop behind a figure ends nothing: `27.11.`
fn clauses(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        let rest = &line[at + letter.len_utf8()..];
        let ends = match letter {
            '?' | '!' | ';' | '。' | '？' | '…' => true,
            '.' => !before.is_ascii_digit() && rest.chars().next().is_none_or(char::is_whitespace),
            _ => false,
        };
        if ends {
            if !matches!(letter, '?' | '？') {
                parts(&line[start..at], &mut found);
            }
            start = at + letter.len_utf8();
        }
        before = letter;
    }
    // A line that goes on into a question was cut by its writer, not by its meaning: what ends nowhere counts.
    parts(&line[start..], &mut found);
    found
}

/// A sentence by its commas; the colon of an hour and the dash of a span are none.
fn parts<'a>(sentence: &'a str, found: &mut Vec<&'a str>) {
    let mut start = 0;
    for (at, letter) in sentence.char_indices() {
        let after = at + letter.len_utf8();
        let apart = sentence[after..].chars().next().is_none_or(char::is_whitespace);
        if matches!(letter, '(' | ')') || (apart && matches!(letter, ',' | ':' | '\u{2013}' | '\u{2014}')) {
            found.push(&sentence[start..at]);
            start = after;
        }
    }
    found.push(&sentence[start..]);
}

/// Words with which a clause is a condition, a wish to the customer, or tells of the past.
const NOT_OURS: [&str; 66] = [
    "if",
    "unless",
    "when",
    "whether",
    "please",
    "kindly",
    "since",
    "was",
    "were",
    "had",
    "did",
    "last",
    "yesterday",
    "ago",
    "you",
    "not",
    "cannot",
    "until",
    "your",
    "falls",
    "wenn",
    "sollte",
    "sollten",
    "ob",
    "bitte",
    "seit",
    "war",
    "waren",
    "wurde",
    "wurden",
    "gestern",
    "letzten",
    "letzte",
    "vor",
    "sie",
    "ihr",
    "nicht",
    "kein",
    "keine",
    "hatte",
    "hatten",
    "konnen",
    "se",
    "caso",
    "quando",
    "favor",
    "desde",
    "foi",
    "foram",
    "ontem",
    "passado",
    "passada",
    "tinha",
    "havia",
    "voce",
    "senhor",
    "senhora",
    "nao",
    "estava",
    "era",
    "atras",
    "pode",
    "podem",
    "favor,",
    "should",
    "dann",
];

/// Words of those that may stand beside our own verb: `we will send it to you`, `wir melden uns bei Ihnen`.
const OURS: [&str; 40] = [
    "we",
    "we'll",
    "i",
    "i'll",
    "wir",
    "ich",
    "nos",
    "eu",
    "enviaremos",
    "enviamos",
    "vamos",
    "vou",
    "retornaremos",
    "retornamos",
    "retorno",
    "responderemos",
    "respondo",
    "resolveremos",
    "entregaremos",
    "reembolsaremos",
    "verificaremos",
    "teremos",
    "daremos",
    "mandaremos",
    "faremos",
    "informaremos",
    "avisaremos",
    "receberas",
    "recebera",
    "chegara",
    "sera",
    "shall",
    "arrives",
    "arrive",
    "kommt",
    "geht",
    "erhalten",
    "bekommen",
    "receive",
    "werden",
];

struct Word<'a> {
    /// As it stands.
    whole: &'a str,
    /// Bare, in small letters without accents.
    plain: String,
    start: usize,
}

fn words(clause: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    for whole in clause.split(char::is_whitespace) {
        let start = at;
        at += whole.len() + 1;
        let bare = whole.trim_matches(|it: char| !it.is_alphanumeric());
        if !bare.is_empty() {
            found.push(Word { whole, plain: folded(bare), start });
        }
    }
    found
}

fn folded(text: &str) -> String {
    use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
    text.nfd()
        .filter(|it| !is_combining_mark(*it))
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .replace('ß', "ss")
        .replace('\u{2019}', "'")
}

fn in_clause(clause: &str, now: Time, zone: Tz) -> Option<(Time, String)> {
    let words = words(clause);
    let is = |list: &[&str], word: &Word<'_>| list.contains(&word.plain.as_str());
    // "you will have it by Friday" is ours all the same: who acts stands first.
    let ours = words.iter().take(4).any(|word| is(&OURS, word));
    let hard = |word: &Word<'_>| {
        is(&NOT_OURS, word)
            && !(ours && matches!(word.plain.as_str(), "you" | "your" | "sie" | "ihr" | "voce" | "until"))
    };
    if words.iter().any(hard) {
        return None;
    }
    let local = now.with_timezone(&zone);
    for at in 0..words.len() {
        let Some((day, time, used)) = phrase(&words[at..], local, at == 0) else { continue };
        // Alone it is a farewell: "Até amanhã!", "Bis morgen!", "See you tomorrow".
        let rest = words.len() - used;
        let farewell = words.iter().take(at).any(|word| matches!(word.plain.as_str(), "see" | "entao"));
        if rest == 0 || farewell {
            return None;
        }
        let end = resolve(day, time, now, zone)?;
        let last = &words[at + used - 1];
        let said = &clause[words[at].start..last.start + last.whole.len()];
        return Some((end, said.trim_matches(|it: char| !it.is_alphanumeric()).to_owned()));
    }
    None
}

/// When a phrase ends.
#[derive(Clone, Copy)]
enum End {
    Day(NaiveDate),
    Moment(Time),
}

fn resolve(end: End, time: Option<NaiveTime>, now: Time, zone: Tz) -> Option<Time> {
    let at = match end {
        End::Moment(at) => at,
        End::Day(day) => when::wall(day, time.unwrap_or(EVENING), zone)?,
    };
    (at > now && at - now < TimeDelta::days(FAR)).then_some(at)
}

/// A phrase at the head of these words: its end, its hour, and how many words it takes.
fn phrase(words: &[Word<'_>], now: DateTime<Tz>, first: bool) -> Option<(End, Option<NaiveTime>, usize)> {
    let plain = |at: usize| words.get(at).map_or("", |word| word.plain.as_str());
    let today = now.date_naive();
    // Words that name an end, and what may stand between them and the date.
    let by: usize = match (plain(0), plain(1)) {
        ("ate", "o" | "a" | "ao" | "dia") if plain(2) == "dia" || plain(1) != "dia" => 2,
        ("ate", "dia") | ("bis", "zum" | "spatestens" | "zu") | ("spatestens", "am" | "bis" | "zum") => 2,
        ("by" | "before" | "ate" | "bis", _) => 1,
        ("no", "later") if plain(2) == "than" => 3,
        _ => 0,
    };
    let between = matches!(
        plain(by),
        "the" | "next" | "this" | "proxima" | "proximo" | "dia" | "nachsten" | "kommenden" | "diesen"
    );
    let skip = by + usize::from(by > 0 && between);
    if by > 0 {
        if let Some((day, used)) = date(words, skip, today) {
            let (time, more) = hour(words, skip + used);
            return Some((End::Day(day), time, skip + used + more));
        }
        // "by the end of the day", "até o fim do dia", "bis Ende des Tages", "bis heute Abend".
        let tail: Vec<&str> = (by..by + 6).map(plain).collect();
        for (said, used, days) in [
            (&["the", "end", "of", "the", "day"][..], 5, 0),
            (&["the", "end", "of", "day"][..], 4, 0),
            (&["end", "of", "day"][..], 3, 0),
            (&["end", "of", "the", "day"][..], 4, 0),
            (&["today"][..], 1, 0),
            (&["tonight"][..], 1, 0),
            (&["fim", "do", "dia"][..], 3, 0),
            (&["final", "do", "dia"][..], 3, 0),
            (&["heute", "abend"][..], 2, 0),
            (&["ende", "des", "tages"][..], 3, 0),
        ] {
            if tail.starts_with(said) {
                return Some((End::Day(today + Days::new(days)), None, by + used));
            }
        }
        for (said, used) in [
            (&["the", "end", "of", "the", "week"][..], 5),
            (&["end", "of", "the", "week"][..], 4),
            (&["end", "of", "week"][..], 3),
            (&["fim", "da", "semana"][..], 3),
            (&["final", "da", "semana"][..], 3),
            (&["ende", "der", "woche"][..], 3),
            (&["wochenende"][..], 1),
        ] {
            if tail.starts_with(said) {
                return Some((End::Day(next(Weekday::Fri, today)), None, by + used));
            }
        }
        return None;
    }
    // A day that needs no word before it.
    match plain(0) {
        "tomorrow" | "amanha" => {
            let (time, more) = hour(words, 1);
            return Some((End::Day(today.succ_opt()?), time, 1 + more));
        }
        // "Guten Morgen", "am Morgen", "heute Morgen" are times of a day.
        "morgen" if first || words[0].whole.starts_with('m') => {
            let (time, more) = hour(words, 1);
            return Some((End::Day(today.succ_opt()?), time, 1 + more));
        }
        "ubermorgen" => return Some((End::Day(today + Days::new(2)), None, 1)),
        _ => {}
    }
    // "in 2 days", "within 48 hours", "em até 2 dias úteis", "in 2 Tagen", "innerhalb von 24 Stunden".
    let lead = match (plain(0), plain(1), plain(2)) {
        ("within", "the", "next")
        | ("in" | "innerhalb", "den" | "der" | "von", "nachsten")
        | ("em" | "dentro", "ate" | "de", "ate") => 3,
        ("em", "ate", _) | ("dentro", "de", _) | ("innerhalb", "von", _) | ("in", "about" | "etwa", _) => 2,
        ("in" | "within" | "em" | "innerhalb" | "binnen", ..) => 1,
        _ => return None,
    };
    let count = match plain(lead) {
        "one" | "a" | "um" | "uma" | "einem" | "einer" | "eines" | "an" => 1,
        "two" | "dois" | "duas" | "zwei" => 2,
        "three" | "tres" | "drei" => 3,
        "five" | "cinco" | "funf" => 5,
        figure => span(figure)?,
    };
    let count = u64::try_from(count).ok().filter(|count| (1..=90).contains(count))?;
    let mut used = lead + 1;
    let mut working = false;
    while matches!(plain(used), "business" | "working" | "uteis" | "util" | "calendar" | "full") {
        working |= !matches!(plain(used), "calendar" | "full");
        used += 1;
    }
    let unit = plain(used);
    used += 1;
    if matches!(plain(used), "uteis" | "util") {
        working = true;
        used += 1;
    }
    let moment = |ahead: TimeDelta| Some(End::Moment(now.to_utc() + ahead));
    let end = match unit {
        "hour" | "hours" | "hora" | "horas" | "stunde" | "stunden" => {
            moment(TimeDelta::hours(i64::try_from(count).ok()?))?
        }
        "minute" | "minutes" | "minuto" | "minutos" | "minuten" => {
            moment(TimeDelta::minutes(i64::try_from(count).ok()?))?
        }
        "day" | "days" | "dia" | "dias" | "tag" | "tage" | "tagen" | "tages" if !working => {
            End::Day(today + Days::new(count))
        }
        "day" | "days" | "dia" | "dias" | "werktag" | "werktage" | "werktagen" | "arbeitstage"
        | "arbeitstagen" => End::Day(working_days(today, count)),
        "week" | "weeks" | "semana" | "semanas" | "woche" | "wochen" => {
            End::Day(today + Days::new(7 * count))
        }
        _ => return None,
    };
    Some((end, None, used))
}

/// `2`, or the longer end of `2-3`.
fn span(figure: &str) -> Option<i64> {
    let last = figure.rsplit(['-', '\u{2013}']).next()?;
    last.parse().ok()
}

fn working_days(from: NaiveDate, count: u64) -> NaiveDate {
    let mut day = from;
    let mut left = count;
    while left > 0 {
        day = day + Days::new(1);
        left -= u64::from(!matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
    }
    day
}

/// The next such day, today among them.
fn next(wanted: Weekday, today: NaiveDate) -> NaiveDate {
    let ahead = (wanted.num_days_from_monday() + 7 - today.weekday().num_days_from_monday()) % 7;
    today + Days::new(ahead.into())
}

/// A day at the head of the words from `at` on, and how many of them it takes.
fn date(words: &[Word<'_>], at: usize, today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let plain = |at: usize| words.get(at).map_or("", |word| word.plain.as_str());
    let word = plain(at);
    match word {
        "tomorrow" | "amanha" | "morgen" => return Some((today.succ_opt()?, 1)),
        "ubermorgen" => return Some((today + Days::new(2), 1)),
        _ => {}
    }
    if let Some(weekday) = weekday(word) {
        // "segunda via" is no Monday; "sexta-feira" and "sexta feira" are Fridays.
        let feira = usize::from(plain(at + 1) == "feira");
        if word == "segunda" && feira == 0 && matches!(plain(at + 1), "via" | "opcao" | "compra" | "vez") {
            return None;
        }
        return Some((next(weekday, today), 1 + feira));
    }
    // 2026-11-27, 27.11.2026, 27/11: where day and month could be each other's only the order of the day first is meant.
    if let Ok(day) = NaiveDate::parse_from_str(word, "%Y-%m-%d") {
        return (day >= today).then_some((day, 1));
    }
    let parts: Vec<&str> = word.split(['/', '.']).filter(|it| !it.is_empty()).collect();
    if let [day, month, rest @ ..] = parts.as_slice()
        && rest.len() < 2
        && let (Ok(day), Ok(month)) = (day.parse(), month.parse())
    {
        let plain_slash = word.contains('/') && plain(at.wrapping_sub(1)) == "by" && day <= 12;
        let year = rest.first().and_then(|year| year.parse::<i32>().ok());
        let year = year.map(|year| if year < 100 { 2000 + year } else { year });
        return (!plain_slash).then(|| dated(day, month, year, today)).flatten().map(|day| (day, 1));
    }
    // 27 de novembro, 27. November, 27th November, November 27.
    let figure = |word: &str| -> Option<u32> {
        word.trim_end_matches(|it: char| it.is_alphabetic() || it == '.')
            .parse()
            .ok()
            .filter(|day| *day <= 31)
    };
    if let Some(day) = figure(word) {
        let between = usize::from(matches!(plain(at + 1), "de" | "of"));
        if let Some(month) = month(plain(at + 1 + between)) {
            return Some((dated(day, month, None, today)?, 2 + between));
        }
        // "até o dia 27": this month's, or the next one's.
        if plain(at.wrapping_sub(1)) == "dia" && word.chars().all(|it| it.is_ascii_digit()) {
            let this = today.with_day(day).filter(|it| *it >= today);
            let following = || (today.with_day(1)? + Days::new(31)).with_day(day);
            return Some((this.or_else(following)?, 1));
        }
        return None;
    }
    let month = month(word)?;
    Some((dated(figure(plain(at + 1))?, month, None, today)?, 2))
}

/// A day of this year, or of the next where it has passed and lies near there.
fn dated(day: u32, month: u32, year: Option<i32>, today: NaiveDate) -> Option<NaiveDate> {
    if let Some(year) = year {
        return NaiveDate::from_ymd_opt(year, month, day).filter(|it| *it >= today);
    }
    let this = NaiveDate::from_ymd_opt(today.year(), month, day)?;
    if this >= today {
        return Some(this);
    }
    let following = NaiveDate::from_ymd_opt(today.year() + 1, month, day)?;
    ((following - today).num_days() < 120).then_some(following)
}

/// An hour behind a day: `at 14:30`, `às 14h`, `um 14 Uhr`, `até 14h`.
fn hour(words: &[Word<'_>], at: usize) -> (Option<NaiveTime>, usize) {
    let plain = |at: usize| words.get(at).map_or("", |word| word.plain.as_str());
    let lead = usize::from(matches!(plain(at), "at" | "as" | "um" | "gegen" | "ate" | "bis" | "by"));
    let word = plain(at + lead);
    let next = plain(at + lead + 1);
    let (text, used) = match next {
        "uhr" | "pm" | "am" | "h" => (word, 2),
        _ => (word, 1),
    };
    let afternoon = next == "pm" || text.ends_with("pm");
    let text = text.trim_end_matches("pm").trim_end_matches("am").trim_end_matches("uhr");
    let marked = lead > 0 || used == 2 || text.contains([':', 'h']) || text.len() < word.len();
    let (hour, minute) = match text.split_once([':', 'h']) {
        Some((hour, "")) => (hour, "0"),
        Some(parts) => parts,
        None => (text, "0"),
    };
    let parsed = hour.parse::<u32>().ok().zip(minute.parse::<u32>().ok()).filter(|_| marked);
    let hour = |hour: u32| if afternoon && hour < 12 { hour + 12 } else { hour };
    match parsed.and_then(|(h, m)| NaiveTime::from_hms_opt(hour(h), m, 0)) {
        Some(time) => (Some(time), lead + used),
        None => (None, 0),
    }
}

fn weekday(word: &str) -> Option<Weekday> {
    let word = word.strip_suffix("-feira").unwrap_or(word);
    Some(match word {
        "monday" | "segunda" | "montag" => Weekday::Mon,
        "tuesday" | "terca" | "dienstag" => Weekday::Tue,
        "wednesday" | "quarta" | "mittwoch" => Weekday::Wed,
        "thursday" | "quinta" | "donnerstag" => Weekday::Thu,
        "friday" | "sexta" | "freitag" => Weekday::Fri,
        "saturday" | "sabado" | "samstag" | "sonnabend" => Weekday::Sat,
        "sunday" | "domingo" | "sonntag" => Weekday::Sun,
        _ => return None,
    })
}

fn month(word: &str) -> Option<u32> {
    const MONTHS: [&[&str]; 12] = [
        &["january", "jan", "janeiro", "januar"],
        &["february", "feb", "fevereiro", "februar"],
        &["march", "mar", "marco", "marz"],
        &["april", "apr", "abril"],
        &["may", "maio", "mai"],
        &["june", "jun", "junho", "juni"],
        &["july", "jul", "julho", "juli"],
        &["august", "aug", "agosto"],
        &["september", "sep", "setembro"],
        &["october", "oct", "outubro", "oktober"],
        &["november", "nov", "novembro"],
        &["december", "dec", "dezembro", "dezember"],
    ];
    let found = MONTHS.iter().position(|names| names.contains(&word))?;
    u32::try_from(found + 1).ok()
}

#[cfg(test)]
mod tests;
