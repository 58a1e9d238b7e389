//! Values with their units: what a [`KeyKind`] makes of what was written.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, NaiveDate, Utc, Weekday};
use secrecy::SecretString;

use super::{
    document::Raw,
    error::{nearest, shown},
    schema::KeyKind,
    secret::SecretRef,
};
use crate::domain::{Time, channel::Template};

/// A value that fits its key.
#[derive(Clone, Debug)]
pub enum Value {
    /// A text of any sort.
    Text(String),
    /// Texts.
    List(Vec<String>),
    /// A path, absolute unless the environment gave a relative one.
    Path(PathBuf),
    /// Paths.
    Paths(Vec<PathBuf>),
    /// A file of templates and what is in it.
    Templates(PathBuf, Vec<Template>),
    /// Where the store is.
    Store(StoreUrl),
    /// Address and port.
    Address(SocketAddr),
    /// Where a secret is.
    Secret(SecretRef),
    /// A span of time.
    Span(Duration),
    /// A size in bytes.
    Size(u64),
    /// A moment.
    Moment(Time),
    /// A number.
    Count(u64),
    /// Yes or no.
    Flag(bool),
    /// A time zone.
    Zone(chrono_tz::Tz),
    /// Opening hours.
    Hours(Vec<OpenHours>),
    /// Days.
    Days(Vec<NaiveDate>),
    /// A marketplace clock.
    Marketplace(MarketplaceClock),
    /// Programs by name.
    Programs(BTreeMap<String, Vec<String>>),
    /// Words by word.
    Words(BTreeMap<String, String>),
}

/// Where the store is.
#[derive(Clone, Debug)]
pub enum StoreUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database; a secret because it may hold a password.
    Postgres(SecretString),
}

/// A span of opening hours on some days of the week, in the calendar's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenHours {
    /// The days, in the order written.
    pub days: Vec<Weekday>,
    /// When it opens: minutes since midnight, 0 to 1439.
    pub from_minute: u16,
    /// When it closes: minutes since midnight, later than `from_minute`, at most 1440.
    pub to_minute: u16,
}

/// A vendor's own deadline for an answer. Never pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketplaceClock {
    /// What the kind of channel knows of its vendor.
    Default,
    /// None.
    None,
    /// Running hours, weekends too.
    Running(Duration),
    /// Business hours of the channel's calendar.
    BusinessHours(u32),
    /// Business days of the channel's calendar.
    BusinessDays(u32),
}

/// What reading a value needs to know besides the value.
pub(super) struct Surroundings<'a> {
    /// What `~` stands for.
    pub home: &'a Path,
    /// What relative paths start from, `None`: they stay as they are.
    pub folder: Option<&'a Path>,
}

/// Reads a value, or says in a few words why not. The words hold the value only where it can't be a secret.
pub(super) fn read(kind: KeyKind, raw: &Raw, around: &Surroundings<'_>) -> Result<Value, String> {
    match (kind, raw) {
        (KeyKind::Secret, _) => super::secret::read(raw, around).map(Value::Secret),
        (KeyKind::Count(from, to), Raw::Number(number)) => match number.parse() {
            Ok(count) if (from..=to).contains(&count) => Ok(Value::Count(count)),
            _ => Err(format!("must be a whole number from {from} to {to}, not {}", shown(number))),
        },
        (KeyKind::Count(from, to), other) => {
            Err(format!("must be a number from {from} to {to}, not {}", other.what()))
        }
        (KeyKind::Flag, Raw::Flag(flag)) => Ok(Value::Flag(*flag)),
        (KeyKind::Flag, other) => Err(format!("must be true or false, not {}", other.what())),
        (KeyKind::Moment, Raw::Text(text) | Raw::Moment(text)) => moment(text).map(Value::Moment),
        (KeyKind::Words(keys, values), Raw::Table(entries)) => {
            let mut words = BTreeMap::new();
            for entry in entries {
                let known = keys.iter().copied();
                if !keys.contains(&entry.key.as_str()) {
                    let hint = nearest(&entry.key, known).unwrap_or_default();
                    return Err(format!("has no `{}`: {hint}", shown(&entry.key)));
                }
                match &entry.value {
                    Raw::Text(word) if values.contains(&word.as_str()) => {
                        words.insert(entry.key.clone(), word.clone());
                    }
                    _ => return Err(format!("`{}` must be one of {}", entry.key, values.join(", "))),
                }
            }
            Ok(Value::Words(words))
        }
        (KeyKind::Programs, Raw::Table(entries)) => {
            let mut programs = BTreeMap::new();
            for entry in entries {
                let words: Vec<String> = match &entry.value {
                    Raw::Text(line) => line.split_whitespace().map(str::to_owned).collect(),
                    list => texts(list)?.into_iter().map(str::to_owned).collect(),
                };
                if words.first().is_none_or(|program| program.trim().is_empty()) {
                    return Err(format!("`{}` must name a program", shown(&entry.key)));
                }
                programs.insert(entry.key.clone(), words);
            }
            Ok(Value::Programs(programs))
        }
        (KeyKind::Programs, other) => {
            Err(format!("must be a table such as {{ spell = [\"aspell\", \"list\"] }}, not {}", other.what()))
        }
        (KeyKind::Words(keys, _), other) => {
            Err(format!("must be a table such as {{ {} = \"block\" }}, not {}", keys[0], other.what()))
        }
        (
            KeyKind::Paths
            | KeyKind::List
            | KeyKind::Languages
            | KeyKind::Hours
            | KeyKind::Days
            | KeyKind::Program,
            _,
        ) => several(kind, &texts(raw)?, around),
        (_, Raw::Text(text)) => single(kind, text, around),
        // A bare number where a unit belongs is the usual slip: say what is missing.
        (KeyKind::Span(_), Raw::Number(number)) => {
            Err(format!("needs a unit: \"{0}s\", \"{0}m\" or \"{0}h\"", shown(number)))
        }
        (KeyKind::Size, Raw::Number(number)) => Err(format!("needs a unit: \"{}MB\"", shown(number))),
        (KeyKind::Digits, Raw::Number(_)) => Err("must stand in quotes: leading zeros count".to_owned()),
        (_, other) => Err(format!("must be a text, not {}", other.what())),
    }
}

/// What an environment variable or an argument says, in the form that the key's kind expects.
pub(super) fn from_text(kind: KeyKind, text: &str, origin: &super::Origin) -> Raw {
    let structured = match kind {
        KeyKind::Secret | KeyKind::Words(..) | KeyKind::Programs => text.starts_with('{'),
        KeyKind::Paths
        | KeyKind::List
        | KeyKind::Languages
        | KeyKind::Hours
        | KeyKind::Days
        | KeyKind::Program => text.starts_with('['),
        _ => false,
    };
    if structured && let Some(raw) = super::document::read_value(text, origin) {
        return raw;
    }
    match kind {
        KeyKind::Count(..) => Raw::Number(text.to_owned()),
        KeyKind::Flag => match text {
            "true" | "1" | "yes" | "on" => Raw::Flag(true),
            "false" | "0" | "no" | "off" => Raw::Flag(false),
            _ => Raw::Text(text.to_owned()),
        },
        KeyKind::Program => {
            Raw::List(text.split_whitespace().map(|word| Raw::Text(word.to_owned())).collect())
        }
        KeyKind::Paths | KeyKind::List | KeyKind::Languages | KeyKind::Hours | KeyKind::Days => Raw::List(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Raw::Text(item.to_owned()))
                .collect(),
        ),
        _ => Raw::Text(text.to_owned()),
    }
}

fn texts(raw: &Raw) -> Result<Vec<&str>, String> {
    let one = |raw: &'_ Raw| match raw {
        Raw::Text(_) | Raw::Moment(_) => Ok(()),
        other => Err(format!("must be a list of texts, not with {} in it", other.what())),
    };
    let items = match raw {
        Raw::List(items) => items.as_slice(),
        Raw::Text(_) | Raw::Moment(_) => std::slice::from_ref(raw),
        other => return Err(format!("must be a list of texts, not {}", other.what())),
    };
    items
        .iter()
        .map(|item| {
            one(item)?;
            match item {
                Raw::Text(text) | Raw::Moment(text) => Ok(text.as_str()),
                _ => Err(String::new()),
            }
        })
        .collect()
}

fn several(kind: KeyKind, items: &[&str], around: &Surroundings<'_>) -> Result<Value, String> {
    match kind {
        KeyKind::Paths => {
            items.iter().map(|item| path(item, around)).collect::<Result<_, _>>().map(Value::Paths)
        }
        KeyKind::Hours => {
            let hours = items.iter().map(|item| open_hours(item)).collect::<Result<Vec<_>, _>>()?;
            match overlap(&hours) {
                Some(day) => Err(format!("has two spans on {day} that overlap")),
                None if hours.is_empty() => Err("must not be empty".to_owned()),
                None => Ok(Value::Hours(hours)),
            }
        }
        KeyKind::Days => items
            .iter()
            .map(|item| {
                NaiveDate::parse_from_str(item, "%Y-%m-%d")
                    .map_err(|_| format!("\"{}\" is not a day such as \"2026-12-25\"", shown(item)))
            })
            .collect::<Result<_, _>>()
            .map(Value::Days),
        KeyKind::Program if items.first().is_none_or(|program| program.trim().is_empty()) => {
            Err("must name a program".to_owned())
        }
        KeyKind::Languages => {
            for item in items {
                let mut parts = item.split('-');
                let head = parts.next().unwrap_or_default();
                let fine = (2..=3).contains(&head.len())
                    && head.chars().all(|c| c.is_ascii_lowercase())
                    && parts.all(|part| {
                        (2..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
                    });
                if !fine {
                    return Err(format!("\"{}\" is not a language such as \"pt-BR\" or \"en\"", shown(item)));
                }
            }
            Ok(Value::List(items.iter().map(|item| (*item).to_owned()).collect()))
        }
        _ if items.iter().any(|item| item.is_empty()) => Err("has an empty text in it".to_owned()),
        _ => Ok(Value::List(items.iter().map(|item| (*item).to_owned()).collect())),
    }
}

fn single(kind: KeyKind, text: &str, around: &Surroundings<'_>) -> Result<Value, String> {
    let quoted = || format!("\"{}\"", shown(text));
    if text.trim().is_empty() {
        return Err("must not be empty".to_owned());
    }
    match kind {
        KeyKind::Digits => {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let fine = !digits.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "./- ".contains(c));
            if fine { Ok(Value::Text(digits)) } else { Err(format!("must be digits, not {}", quoted())) }
        }
        KeyKind::Short => {
            let fine = (2..=4).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric());
            if fine {
                Ok(Value::Text(text.to_ascii_uppercase()))
            } else {
                Err(format!("must be 2 to 4 letters, not {}", quoted()))
            }
        }
        KeyKind::Path => path(text, around).map(Value::Path),
        KeyKind::Templates => {
            let path = path(text, around)?;
            super::templates::read(&path).map(|templates| Value::Templates(path, templates))
        }
        KeyKind::Url => url(text).map(|()| Value::Text(text.to_owned())),
        KeyKind::PublicUrl => {
            url(text)?;
            if is_clear_text(text) {
                return Err("must begin with https://".into());
            }
            Ok(Value::Text(text.to_owned()))
        }
        KeyKind::WebPath => {
            let fine = text.starts_with('/')
                && text.len() > 1
                && text.chars().all(|c| c.is_ascii_graphic() && !"?#%".contains(c));
            if fine {
                Ok(Value::Text(text.to_owned()))
            } else {
                Err("must be a path such as \"/webhook/whatsapp\"".into())
            }
        }
        KeyKind::StoreUrl => store_url(text, around).map(Value::Store),
        KeyKind::Address => match text
            .strip_prefix("localhost:")
            .map_or(text.parse(), |port| format!("127.0.0.1:{port}").parse())
        {
            Ok(address) => Ok(Value::Address(address)),
            Err(_) => {
                Err(format!("must be an address and a port such as \"127.0.0.1:8787\", not {}", quoted()))
            }
        },
        KeyKind::Span(least_ms) => {
            let span = span(text)
                .ok_or_else(|| format!("{} is not a time such as \"60s\", \"15m\" or \"2h\"", quoted()))?;
            if span < Duration::from_millis(least_ms) {
                return Err(format!(
                    "must be {} or more, not {}",
                    written_span(Duration::from_millis(least_ms)),
                    quoted()
                ));
            }
            Ok(Value::Span(span))
        }
        KeyKind::Size => {
            size(text).map(Value::Size).ok_or_else(|| format!("{} is not a size such as \"25MB\"", quoted()))
        }
        KeyKind::Choice(words) if !words.contains(&text) => {
            let hint = nearest(text, words.iter().copied()).unwrap_or_default();
            Err(format!("must be one of {}, not {}: {hint}", words.join(", "), quoted()))
        }
        KeyKind::Zone => text
            .parse()
            .map(Value::Zone)
            .map_err(|_| format!("{} is not a time zone such as \"America/Sao_Paulo\"", quoted())),
        KeyKind::Marketplace => marketplace(text).map(Value::Marketplace).ok_or_else(|| {
            format!(
                "{} is none of \"default\", \"none\", \"24h\", \"12 business hours\", \"1 business day\"",
                quoted()
            )
        }),
        _ => Ok(Value::Text(text.to_owned())),
    }
}

/// `10s`, `15m`, `2h`, `1d`, `50ms`; `None` for anything else and for more than 100 years.
pub(super) fn span(text: &str) -> Option<Duration> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = (text[..at].parse::<u64>().ok()?, text[at..].trim());
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let ms = number.checked_mul(unit_ms)?;
    (ms <= 100 * 366 * 86_400_000).then(|| Duration::from_millis(ms))
}

/// A span as one would write it.
pub(super) fn written_span(span: Duration) -> String {
    let ms = span.as_millis();
    for (unit, unit_ms) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
        if ms > 0 && ms.is_multiple_of(unit_ms) {
            return format!("{}{unit}", ms / unit_ms);
        }
    }
    if ms == 0 { "0s".to_owned() } else { format!("{ms}ms") }
}

fn size(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let unit: u64 = match text[at..].trim() {
        "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    text[..at].parse::<u64>().ok()?.checked_mul(unit)
}

fn moment(text: &str) -> Result<Time, String> {
    DateTime::parse_from_rfc3339(text).map(|moment| moment.with_timezone(&Utc)).map_err(|_| {
        format!("\"{}\" is not a moment with its zone such as \"2026-01-01T00:00:00Z\"", shown(text))
    })
}

fn marketplace(text: &str) -> Option<MarketplaceClock> {
    match text {
        "default" => return Some(MarketplaceClock::Default),
        "none" => return Some(MarketplaceClock::None),
        _ => {}
    }
    if let Some(span) = span(text) {
        return (!span.is_zero()).then_some(MarketplaceClock::Running(span));
    }
    let mut words = text.split_whitespace();
    let number = words.next()?.parse::<u32>().ok().filter(|n| *n > 0)?;
    let clock = match (words.next()?, words.next()?) {
        ("business", "day" | "days") => MarketplaceClock::BusinessDays(number),
        ("business", "hour" | "hours") => MarketplaceClock::BusinessHours(number),
        _ => return None,
    };
    words.next().is_none().then_some(clock)
}

fn open_hours(text: &str) -> Result<OpenHours, String> {
    let wrong = || format!("\"{}\" is not days and hours such as \"mon-fri 08:00-12:00\"", shown(text));
    let (days, hours) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let (from, to) = hours.trim().split_once('-').ok_or_else(wrong)?;
    let (from_minute, to_minute) = (minute(from).ok_or_else(wrong)?, minute(to).ok_or_else(wrong)?);
    if from_minute >= to_minute {
        return Err(format!("\"{}\" ends before it begins", shown(text)));
    }
    let mut found = Vec::new();
    for part in days.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (weekday(first).ok_or_else(wrong)?, weekday(last).ok_or_else(wrong)?);
        found.push(day);
        while day != last {
            day = day.succ();
            found.push(day);
        }
    }
    Ok(OpenHours { days: found, from_minute, to_minute })
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word.to_ascii_lowercase().as_str() {
        "mon" => Weekday::Mon,
        "tue" => Weekday::Tue,
        "wed" => Weekday::Wed,
        "thu" => Weekday::Thu,
        "fri" => Weekday::Fri,
        "sat" => Weekday::Sat,
        "sun" => Weekday::Sun,
        _ => return None,
    })
}

fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    if hours.is_empty() || hours.len() > 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
    let minute = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && minute <= 1440).then_some(minute)
}

fn overlap(hours: &[OpenHours]) -> Option<Weekday> {
    hours.iter().enumerate().find_map(|(n, one)| {
        hours[n + 1..].iter().find_map(|other| {
            let meet = one.from_minute < other.to_minute && other.from_minute < one.to_minute;
            one.days.iter().copied().find(|day| meet && other.days.contains(day))
        })
    })
}

pub(super) fn path(text: &str, around: &Surroundings<'_>) -> Result<PathBuf, String> {
    if text.trim().is_empty() || text.contains('\0') {
        return Err("must be a path".to_owned());
    }
    if text == "~" {
        return Ok(around.home.to_owned());
    }
    if let Some(rest) = text.strip_prefix("~/") {
        return Ok(around.home.join(rest));
    }
    if text.starts_with('~') {
        return Err(format!("\"{}\": only one's own home can be written with ~", shown(text)));
    }
    let path = Path::new(text);
    Ok(match around.folder {
        Some(folder) if path.is_relative() => folder.join(path),
        _ => path.to_owned(),
    })
}

fn store_url(text: &str, around: &Surroundings<'_>) -> Result<StoreUrl, String> {
    if let Some(file) = text.strip_prefix("sqlite:") {
        // sqlite:///var/lib/x is what other programs write.
        let file = file.strip_prefix("//").unwrap_or(file);
        if file.starts_with(':') || file.is_empty() || file.contains('?') {
            return Err("must name a file: \"sqlite:/path/to/deskline.db\"".to_owned());
        }
        return path(file, around).map(StoreUrl::Sqlite);
    }
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(StoreUrl::Postgres(SecretString::from(text)));
    }
    // The value itself is not quoted: a misspelled scheme may stand before a password.
    Err("must be \"sqlite:PATH\" or \"postgres://user@host/db\"".to_owned())
}

/// Whether the url of a PostgreSQL store holds a password.
pub(super) fn holds_password(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| {
        url.password().is_some() || url.query_pairs().any(|(key, _)| key.eq_ignore_ascii_case("password"))
    })
}

/// The url of a PostgreSQL store without its password.
pub(super) fn without_password(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(mut url) => {
            if url.password().is_some() {
                // Fails only where there is no host, and then there is no password either.
                let _ = url.set_password(Some("***"));
            }
            if url.query().is_some() {
                url.set_query(Some("***"));
            }
            url.to_string()
        }
        Err(_) => "postgres://***".to_owned(),
    }
}

fn url(text: &str) -> Result<(), String> {
    // Never quoted back: somebody may have put a token into it.
    let parsed = reqwest::Url::parse(text).map_err(|error| format!("is not an address: {error}"))?;
    if !matches!(parsed.scheme(), "https" | "http") || parsed.host_str().is_none() {
        return Err("must begin with https://".to_owned());
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("must not hold a login: it has keys of its own".to_owned());
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err("must not have a ? or #".to_owned());
    }
    Ok(())
}

/// Whether an address that [`url`] took would carry credentials in clear beyond this box.
pub(super) fn is_clear_text(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return true };
    if url.scheme() == "https" {
        return false;
    }
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let loopback = host.parse::<IpAddr>().map_or(host == "localhost", |ip| ip.is_loopback());
    !loopback
}
