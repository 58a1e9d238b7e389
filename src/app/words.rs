//! Small wordings that screens share: times, ages, sizes, who reads what we write.

use chrono::{Datelike, Duration, Weekday};
use chrono_tz::Tz;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::model::Model;
use crate::domain::{ChannelName, Conversation, DraftKind, Gate, GateEvidence, Time};

/// A text without accents, in small letters: how words are compared.
pub fn folded(text: &str) -> String {
    text.nfd()
        .filter(|it| !is_combining_mark(*it))
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .replace('ß', "ss")
}

/// `1 message`, `2 messages`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// An age in at most four cells: `2m`, `5h`, `3d`; `now` below a minute.
pub fn age(span: Duration) -> String {
    let minutes = span.num_minutes().max(0);
    match minutes {
        0 => "now".into(),
        1..60 => format!("{minutes}m"),
        60..2880 => format!("{}h", minutes / 60),
        2880..1_440_000 => format!("{}d", minutes / 1440),
        _ => "old".into(),
    }
}

/// `just now`, `5m ago`.
pub fn ago(span: Duration) -> String {
    match age(span).as_str() {
        "now" => "just now".into(),
        age => format!("{age} ago"),
    }
}

/// A deadline in at most six cells: `4m`, `-12m` overdue, `w40m` for a window.
pub fn due(at: Time, clock: Option<&str>, now: Time) -> String {
    let mark = match clock {
        Some("window") => "w",
        Some("promise") => "p",
        _ => "",
    };
    let span = at - now;
    if span < Duration::zero() {
        let late = age(-span);
        if late == "now" { "-0m".into() } else { format!("-{late}") }
    } else {
        let left = age(span);
        if left == "now" { format!("{mark}0m") } else { format!("{mark}{left}") }
    }
}

/// Whole seconds until a time, counted up so that the last one is `1`.
pub fn seconds_left(until: Time, now: Time) -> i64 {
    ((until - now).num_milliseconds().max(0) + 999) / 1000
}

/// `06 Jun 21:41`, with the year where it is another one.
pub fn moment(at: Time, zone: Tz, now: Time) -> String {
    let (local, today) = (at.with_timezone(&zone), now.with_timezone(&zone));
    let form = if local.year() == today.year() { "%d %b %H:%M" } else { "%d %b %Y %H:%M" };
    local.format(form).to_string()
}

/// `21:41` today, else with its date.
pub fn clock(at: Time, zone: Tz, now: Time) -> String {
    let (local, today) = (at.with_timezone(&zone), now.with_timezone(&zone));
    if local.date_naive() == today.date_naive() {
        local.format("%H:%M").to_string()
    } else {
        moment(at, zone, now)
    }
}

/// `fri 28 Nov 09:00`.
pub fn weekday(at: Time, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    let day = match local.weekday() {
        Weekday::Mon => "Mon",
        Weekday::Tue => "Tue",
        Weekday::Wed => "Wed",
        Weekday::Thu => "Thu",
        Weekday::Fri => "Fri",
        Weekday::Sat => "Sat",
        Weekday::Sun => "Sun",
    };
    format!("{day} {}", local.format("%d %b %H:%M"))
}

/// `120 KB`.
pub fn bytes(size: u64) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{} KB", size / 1_000),
        _ => format!("{}.{} MB", size / 1_000_000, size % 1_000_000 / 100_000),
    }
}

impl Model {
    /// `americanas (SkyHub)`, as the borders name a channel.
    pub fn via(&self, channel: &ChannelName) -> String {
        match self.descriptor(channel).and_then(|descriptor| descriptor.vendor.as_deref()) {
            Some(vendor) => format!("{channel} ({vendor})"),
            None => channel.to_string(),
        }
    }

    /// `CUSTOMER João dos Santos (17) via americanas (SkyHub)`.
    pub fn addressee(&self, row: &Conversation) -> String {
        let note = row.counterpart.note.as_deref().map_or_else(String::new, |note| format!(" {note}"));
        let addressee = if row.counterpart.addressee.is_empty() {
            &row.counterpart.name
        } else {
            &row.counterpart.addressee
        };
        format!("{addressee} ({}){note} via {}", row.id, self.via(&row.channel))
    }

    /// `João dos Santos (17) via americanas`, as the footer names whom a held row goes to.
    pub fn recipient(row: &Conversation) -> String {
        format!("{} ({}) via {}", row.counterpart.name, row.id, row.channel)
    }

    /// The words of the composer's upper border: who reads it, or why nobody may, as it is now.
    pub fn border(&self, row: &Conversation, kind: DraftKind, reopen: bool) -> (char, Vec<String>) {
        if kind == DraftKind::Note {
            return ('|', vec![format!("TEAM ONLY about {} ({})", row.counterpart.name, row.id)]);
        }
        let since = match row.gate {
            GateEvidence::Said { since, .. } => since,
            GateEvidence::Window { until } => Some(until),
        }
        .map(|at| clock(at, self.options.zone, self.now));
        let said = |word: &str| since.as_ref().map_or_else(String::new, |at| format!(" {word} {at}"));
        let parts = match row.gate.at(self.now) {
            Gate::Open | Gate::Unknown => {
                let mut parts = vec![format!("TO {}", self.addressee(row))];
                if let GateEvidence::Window { .. } = row.gate {
                    parts.push(format!(
                        "window till{}",
                        since.map_or_else(String::new, |at| format!(" {at}"))
                    ));
                } else if row.gate.at(self.now) == Gate::Unknown {
                    parts.push("not known whether it may be sent".into());
                }
                parts
            }
            Gate::Paused => vec![
                format!("CANNOT SEND: {} mediates{}", mediator(self, row), said("since")),
                "draft kept".into(),
                "^X n note".into(),
            ],
            Gate::RemoteClosed if reopen => {
                vec![format!("TO {}", self.addressee(row)), "sending reopens it".into()]
            }
            Gate::RemoteClosed => vec![
                format!("CLOSED by {}{}", mediator(self, row), said("").replace("  ", " ")),
                format!(
                    "sending would reopen it at {}",
                    self.descriptor(&row.channel)
                        .and_then(|it| it.vendor.clone())
                        .unwrap_or_else(|| vendor(row).into())
                ),
            ],
            Gate::TemplateOnly => vec![
                format!("WINDOW SHUT{}: template only", said("since")),
                "^X m picks one".into(),
                "draft kept".into(),
            ],
            Gate::ReadOnly => {
                vec!["CANNOT SEND: we may only read here".into(), "draft kept".into(), "^X n note".into()]
            }
        };
        ('#', parts)
    }
}

/// Who stands between us and the customer there.
fn mediator(model: &Model, row: &Conversation) -> String {
    match row.kind.as_str() {
        "skyhub" => "Americanas".into(),
        // The partner that the consumer is reached through, else the partner itself.
        "dsco" => {
            let words = [Some(row.counterpart.addressee.as_str()), row.counterpart.note.as_deref()];
            let through = words.into_iter().flatten().find_map(|it| {
                it.split_once(" through ").map(|(_, name)| name).or_else(|| it.strip_prefix("through "))
            });
            through.unwrap_or(&row.counterpart.name).to_owned()
        }
        _ => model
            .descriptor(&row.channel)
            .and_then(|it| it.vendor.clone())
            .unwrap_or_else(|| row.channel.to_string()),
    }
}

/// The vendor's name by kind.
pub fn vendor(row: &Conversation) -> &'static str {
    match row.kind.as_str() {
        "skyhub" => "SkyHub",
        "dsco" => "Dsco",
        "thg" => "THG",
        "whatsapp" => "WhatsApp",
        _ => "the vendor",
    }
}
