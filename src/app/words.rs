//! Small wordings that screens share: times, ages, sizes, who reads what we write.

use chrono::{Datelike, Duration};
use chrono_tz::Tz;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::model::Model;
use crate::domain::{
    ChannelName, Conversation, DraftKind, Gate, GateEvidence, Lang, Time, channel::Mediator, lang::tr,
};

/// A text without accents, in small letters: how words are compared.
pub fn folded(text: &str) -> String {
    text.nfd()
        .filter(|it| !is_combining_mark(*it))
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .replace('ß', "ss")
}

/// `1 message`, `2 messages`.
pub fn count(lang: Lang, n: usize, one: &'static str, many: &'static str) -> String {
    if n == 1 { format!("1 {}", lang.tr(one)) } else { format!("{n} {}", lang.tr(many)) }
}

/// An age in at most four cells: `2m`, `5h`, `3d`; `now` below a minute.
pub fn age(lang: Lang, span: Duration) -> String {
    if span.num_minutes() < 1 { lang.word("age", "now").into() } else { minutes(lang, span) }
}

/// Whole minutes, hours or days, in at most four cells.
fn minutes(lang: Lang, span: Duration) -> String {
    let minutes = span.num_minutes().max(0);
    match minutes {
        0..60 => format!("{minutes}m"),
        60..2880 => format!("{}h", minutes / 60),
        2880..1_440_000 => format!("{}{}", minutes / 1440, lang.word("days", "d")),
        _ => lang.word("age", "old").into(),
    }
}

/// `just now`, `5m ago`.
pub fn ago(lang: Lang, span: Duration) -> String {
    if span.num_minutes() < 1 {
        lang.tr("just now").into()
    } else {
        tr!(lang, "{age} ago", age = minutes(lang, span))
    }
}

/// `just now`, `40 s ago` in steps that a glance needs, `5m ago`.
pub fn lately(lang: Lang, span: Duration) -> String {
    match span.num_seconds() {
        seconds @ 10..60 => tr!(lang, "{n} s ago", n = seconds / 10 * 10),
        _ => ago(lang, span),
    }
}

/// A deadline in at most six cells: `4m`, `-12m` overdue, `w40m` for a window.
pub fn due(lang: Lang, at: Time, clock: Option<&str>, now: Time) -> String {
    let mark = match clock {
        Some("window") => "w",
        Some("promise") => "p",
        _ => "",
    };
    let span = at - now;
    if span < Duration::zero() {
        format!("-{}", minutes(lang, -span))
    } else {
        format!("{mark}{}", minutes(lang, span))
    }
}

/// Whole seconds until a time, counted up so that the last one is `1`.
pub fn seconds_left(until: Time, now: Time) -> i64 {
    ((until - now).num_milliseconds().max(0) + 999) / 1000
}

/// `06 Jun 21:41`, with the year where it is another one.
pub fn moment(lang: Lang, at: Time, zone: Tz, now: Time) -> String {
    let (local, today) = (at.with_timezone(&zone), now.with_timezone(&zone));
    let year = if local.year() == today.year() { "" } else { " %Y" };
    local.format(&format!("%d {}{year} %H:%M", lang.month(local.month0()))).to_string()
}

/// `21:41` today, else with its date.
pub fn clock(lang: Lang, at: Time, zone: Tz, now: Time) -> String {
    let (local, today) = (at.with_timezone(&zone), now.with_timezone(&zone));
    if local.date_naive() == today.date_naive() {
        local.format("%H:%M").to_string()
    } else {
        moment(lang, at, zone, now)
    }
}

/// `Fri 28 Nov 09:00`.
pub fn weekday(lang: Lang, at: Time, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    let day = lang.weekday(local.weekday());
    local.format(&format!("{day} %d {} %H:%M", lang.month(local.month0()))).to_string()
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
        let note = noted(self.lang, row);
        let addressee = if row.counterpart.addressee.is_empty() {
            row.counterpart.name.clone()
        } else {
            addressed(self.lang, row)
        };
        format!("{addressee} ({}){note} via {}", row.id, self.via(&row.channel))
    }

    /// `João dos Santos (17) via americanas`, as the footer names whom a held row goes to.
    pub fn recipient(row: &Conversation) -> String {
        format!("{} ({}) via {}", row.counterpart.name, row.id, row.channel)
    }

    /// The words of the composer's upper border: who reads it, or why nobody may, as it is now. `anyway`: what is
    /// written may go though the gate is not open, see [`Composer::goes_anyway`](super::composer::Composer::goes_anyway).
    pub fn border(&self, row: &Conversation, kind: DraftKind, anyway: bool) -> (char, Vec<String>) {
        let lang = self.lang;
        if kind == DraftKind::Note {
            return (
                '|',
                vec![tr!(lang, "TEAM ONLY about {name} ({id})", name = row.counterpart.name, id = row.id)],
            );
        }
        let at = match row.gate {
            GateEvidence::Said { since, .. } => since,
            GateEvidence::Window { until } => Some(until),
        }
        .map(|at| clock(lang, at, self.options.zone, self.now));
        let since = at.as_ref().map_or_else(String::new, |at| tr!(lang, " since {at}", at));
        let at = at.map_or_else(String::new, |at| format!(" {at}"));
        let parts = match row.gate.at(self.now) {
            Gate::Open | Gate::Unknown => {
                let mut parts = vec![tr!(lang, "TO {reader}", reader = self.addressee(row))];
                if let GateEvidence::Window { .. } = row.gate {
                    parts.push(tr!(lang, "window till{at}", at));
                } else if row.gate.at(self.now) == Gate::Unknown {
                    parts.push(lang.tr("not known whether it may be sent").into());
                }
                parts
            }
            Gate::Paused => vec![
                tr!(lang, "CANNOT SEND: {who} mediates{since}", who = mediator(self, row), since),
                lang.tr("draft kept").into(),
                lang.tr("^X n note").into(),
            ],
            Gate::RemoteClosed if anyway => {
                vec![
                    tr!(lang, "TO {reader}", reader = self.addressee(row)),
                    lang.tr("sending reopens it").into(),
                ]
            }
            Gate::RemoteClosed => vec![
                tr!(lang, "CLOSED by {who}{at}", who = mediator(self, row), at),
                tr!(
                    lang,
                    "sending would reopen it at {vendor}",
                    vendor = self.vendor_name(&row.channel, row)
                ),
            ],
            Gate::TemplateOnly if anyway => vec![
                tr!(lang, "TO {reader}", reader = self.addressee(row)),
                tr!(lang, "template: the window is shut{since}", since),
            ],
            Gate::TemplateOnly => vec![
                tr!(lang, "WINDOW SHUT{since}: template only", since),
                lang.tr("^X m picks one").into(),
                lang.tr("draft kept").into(),
            ],
            Gate::ReadOnly => {
                vec![
                    lang.tr("CANNOT SEND: we may only read here").into(),
                    lang.tr("draft kept").into(),
                    lang.tr("^X n note").into(),
                ]
            }
        };
        ('#', parts)
    }
}

/// The reader as its channel names him, in the screen's language: the channels' words are English, the rest is names.
fn addressed(lang: Lang, row: &Conversation) -> String {
    let words = row.counterpart.addressee.as_str();
    if words == "THG CUSTOMER SERVICES" {
        return lang.tr("THG CUSTOMER SERVICES").into();
    }
    if let Some((name, number)) = words
        .strip_prefix("SUPPLIER ")
        .and_then(|it| it.strip_suffix("'s words"))
        .and_then(|it| it.rsplit_once(" as consumer "))
    {
        return tr!(lang, "SUPPLIER {name} as consumer {number}'s words", name, number);
    }
    if let Some((number, name)) = words.strip_prefix("CONSUMER ").and_then(|it| it.split_once(" through ")) {
        return tr!(lang, "CONSUMER {number} through {name}", number, name);
    }
    match words.split_once(' ') {
        Some(("CUSTOMER", name)) => tr!(lang, "CUSTOMER {name}", name),
        Some(("CONSUMER", name)) => tr!(lang, "CONSUMER {name}", name),
        Some(("SUPPLIER", name)) => tr!(lang, "SUPPLIER {name}", name),
        Some(("RETAILER", name)) => tr!(lang, "RETAILER {name}", name),
        Some(("GROUP", name)) => tr!(lang, "GROUP {name}", name),
        Some(("AMERICANAS", what)) => match what.strip_prefix("about order ") {
            Some(order) => tr!(lang, "AMERICANAS about order {order}", order),
            None => words.to_owned(),
        },
        _ => words.to_owned(),
    }
}

/// What the channel adds about the way: through whom, or as whom.
fn noted(lang: Lang, row: &Conversation) -> String {
    let Some(note) = row.counterpart.note.as_deref() else { return String::new() };
    match note.split_once(' ') {
        Some(("through", name)) => tr!(lang, " through {name}", name),
        Some(("as", name)) => tr!(lang, " as {name}", name),
        _ => format!(" {note}"),
    }
}

/// Who stands between us and the customer there.
pub fn mediator(model: &Model, row: &Conversation) -> String {
    match &model.manner(&row.channel).mediator {
        Mediator::Named(name) => name.clone(),
        Mediator::Partner => {
            let words = [Some(row.counterpart.addressee.as_str()), row.counterpart.note.as_deref()];
            let through = words.into_iter().flatten().find_map(|it| {
                it.split_once(" through ").map(|(_, name)| name).or_else(|| it.strip_prefix("through "))
            });
            through.unwrap_or(&row.counterpart.name).to_owned()
        }
        Mediator::Vendor => model
            .descriptor(&row.channel)
            .and_then(|it| it.vendor.clone())
            .unwrap_or_else(|| row.channel.to_string()),
    }
}
