//! A conversation: two lines about it, then its messages.

use std::fmt::Write as _;

use ratatui::{layout::Rect, style::Style};
use serde_json::Value;

use super::{
    list::customer,
    paint::{Paint, cells},
};
use crate::{
    app::{
        Model, Screen,
        actions::{Act, place},
        thread_lines::LineKind,
        triage, words,
    },
    domain::{
        Conversation, Facts, Gate, GateEvidence, RowState, Time,
        clock::{self, Named},
        lang::tr,
        text::columns,
    },
};

/// A name that is longer gives way to which clock the deadline is of.
const NAME: u16 = 24;

/// The two lines about the conversation.
pub fn head(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) {
    let theme = paint.theme.clone();
    let Some(thread) = &model.thread else { return };
    let Some(row) = &thread.conversation else {
        paint.text(
            area.x,
            area.y,
            area.width,
            &tr!(model.lang, " {id}  reading the store ...", id = thread.id),
            theme.dim,
        );
        return;
    };
    let place = tr!(
        model.lang,
        "msg {at}/{n}",
        at = (thread.selected + 1).min(thread.messages.len()),
        n = thread.messages.len()
    );
    let demo = if model.options.demo { " DEMO" } else { "" };
    let who = match row.assignee.as_deref() {
        None => "--",
        Some(who) if who == model.options.me => model.lang.tr("me"),
        Some(who) => who,
    };
    let lang = row.lang.as_deref().and_then(|lang| lang.get(..2)).unwrap_or("--");
    let room = area.width.saturating_sub(cells(&place) + 1);
    let mut status = triage::word(model.lang, row.status).to_uppercase();
    if row.thanked {
        status.push_str(model.lang.tr(", THANKS only"));
    }
    let snoozed = row.snoozed_until.filter(|at| *at > now).map_or_else(String::new, |at| {
        tr!(model.lang, "   asleep till {at}", at = words::clock(model.lang, at, model.options.zone, now))
    });
    let first = format!(" {}  {} ", row.id, model.short(&row.channel));
    let taken = cells(demo) + cells(&first);
    // Which clock it is gives way first, then the gaps, then the end of a long name.
    let rest = |gap: &str, which| {
        format!("{gap}{status}{gap}{who}{gap}{lang}{gap}{}{snoozed}", due(model, row, now, which))
    };
    let ways = [
        rest("   ", Clock::Whole),
        rest("  ", Clock::Whole),
        rest("   ", Clock::Whose),
        rest("  ", Clock::Whose),
        rest("   ", Clock::Nothing),
        rest("  ", Clock::Nothing),
        rest(" ", Clock::Nothing),
    ];
    let whole = cells(customer(row)).min(NAME);
    let rest = ways.iter().find(|rest| taken + whole + cells(rest) <= room).unwrap_or(&ways[6]);
    let name = room.saturating_sub(taken + cells(rest)).max(1);
    let mut x = paint.pieces(area.x, area.y, room, &[(demo, theme.alarm), (&first, theme.dim)]);
    let end = (area.x + room).saturating_sub(x);
    x = paint.pieces(x, area.y, name.min(end), &[(customer(row), theme.strong)]);
    paint.pieces(x, area.y, (area.x + room).saturating_sub(x), &[(rest, theme.plain)]);
    paint.right(area.x, area.y, area.width, &place, theme.dim);
    let (gate, open) = gate(model, row, now);
    let mut line = String::new();
    if let Some(order) = row.order.as_ref().filter(|order| !order.is_empty()) {
        line += &tr!(model.lang, "order {number}   ", number = first_fact(order));
    }
    if let Some(product) = row.products.first() {
        let more =
            if row.products.len() > 1 { format!(" +{}", row.products.len() - 1) } else { String::new() };
        _ = write!(line, "{}{more}   ", product.title.as_deref().unwrap_or(&product.sku));
    }
    if let Some(remote) = &row.remote_status {
        let age = row.remote_read_at.map_or_else(String::new, |at| {
            format!(" ({})", words::lately(model.lang, thread.aged.unwrap_or(now) - at))
        });
        _ = write!(line, "{}: {}{age}   ", model.vendor_name(&row.channel, row), facts(remote));
    }
    let key = model.key(place::THREAD, Act::GoTicket);
    let chats = match thread.chats {
        0 => String::new(),
        1 => tr!(model.lang, "   +1 chat {key}", key),
        n => tr!(model.lang, "   +{n} chats {key}", n, key),
    };
    // The gate is what decides: it never gives way to the rest of the line.
    let line = line.trim_end();
    let room = area.width.saturating_sub(cells(&gate) + 1 + cells(&chats));
    let x = paint.pieces(area.x, area.y + 1, room, &[(" ", theme.plain), (line, theme.plain)]);
    // What was cut ends in a mark; a blank keeps the gate apart from it.
    let free = (area.x + room).saturating_sub(x) + 1;
    let gap = if line.is_empty() { "" } else { "   ".get(..usize::from(free.min(3))).unwrap_or(" ") };
    let gate_style = if open { theme.public } else { theme.shut };
    paint.pieces(
        x,
        area.y + 1,
        (area.x + area.width).saturating_sub(x),
        &[(gap, theme.plain), (&gate, gate_style), (&chats, theme.dim)],
    );
}

fn first_fact(facts: &Facts) -> String {
    let found = facts.get("number").or_else(|| facts.get("delivery")).or_else(|| facts.values().next());
    found.map_or_else(String::new, fact)
}

fn fact(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a vendor says, its words as they are; a flag is named where it is set, and so is what is no status.
pub fn facts(facts: &Facts) -> String {
    let said = facts.iter().filter_map(|(key, value)| match value {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some(key.clone()),
        other if key.contains("status") => Some(fact(other)),
        Value::Array(list) => Some(list.iter().map(fact).collect::<Vec<_>>().join(", ")),
        other => Some(format!("{} {}", key.replace('_', " "), fact(other))),
    });
    said.collect::<Vec<_>>().join(", ")
}

/// How much is said of the clock that a deadline is by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// `Americanas 24 h`.
    Whole,
    /// `Americanas`.
    Whose,
    Nothing,
}

/// The clock that a deadline is by: whose it is, and how it counts.
fn clock_name(model: &Model, row: &Conversation, whose: Option<&str>, how: Clock) -> String {
    let lang = model.lang;
    let Some(word) = whose else { return lang.tr("deadline").into() };
    let owner = match word {
        "marketplace" => words::mediator(model, row),
        other => lang.word("clock", other).to_owned(),
    };
    let clock = clock::Whose::of(word).filter(|it| *it != clock::Whose::Window && how == Clock::Whole);
    let rule = clock
        .zip(row.due_at)
        .zip(model.descriptor(&row.channel))
        .and_then(|((clock, at), it)| clock::named(&it.clocks, &row.remote_id, row.waiting_since, clock, at));
    match rule {
        Some(Named::Minutes(n)) if n % 60 == 0 => format!("{owner} {} h", n / 60),
        Some(Named::Minutes(n)) => format!("{owner} {n} min"),
        Some(Named::BusinessHours(n)) => tr!(lang, "{owner} {n} business h", owner, n),
        Some(Named::BusinessDays(1)) => tr!(lang, "{owner} 1 business day", owner),
        Some(Named::BusinessDays(n)) => tr!(lang, "{owner} {n} business days", owner, n),
        None => owner,
    }
}

/// When what is held here leaves.
fn held(model: &Model, now: Time) -> Option<Time> {
    let rows = model.thread.iter().flat_map(|thread| &thread.rows);
    let held = rows.filter(|row| row.state == RowState::Held && row.message.is_some());
    held.filter_map(|row| row.not_before).filter(|at| *at > now).max()
}

fn due(model: &Model, row: &Conversation, now: Time, how: Clock) -> String {
    let lang = model.lang;
    let which = how != Clock::Nothing;
    // Nothing is due any more, but nothing has left yet either.
    if let (None, Some(at)) = (row.next_due(), held(model, now)) {
        let at = at.with_timezone(&model.options.zone).format("%H:%M:%S");
        return tr!(lang, "held till {at}", at);
    }
    row.next_due().map_or_else(
        || if which { lang.tr("no deadline").into() } else { lang.tr("due --").into() },
        |(at, whose)| {
            let clock = clock_name(model, row, whose, how);
            let due = words::due(lang, at, whose, now);
            if which { tr!(lang, "due {due} ({clock})", due, clock) } else { tr!(lang, "due {due}", due) }
        },
    )
}

/// May we send, in words, and whether we may.
pub fn gate(model: &Model, row: &Conversation, now: Time) -> (String, bool) {
    let since = |at: Option<Time>| {
        at.map_or_else(String::new, |at| {
            tr!(model.lang, " since {at}", at = words::clock(model.lang, at, model.options.zone, now))
        })
    };
    match (row.gate.at(now), row.gate) {
        (Gate::Open, GateEvidence::Window { until }) => (
            tr!(
                model.lang,
                "CAN SEND till {at}",
                at = words::clock(model.lang, until, model.options.zone, now)
            ),
            true,
        ),
        (Gate::Open, _) => (model.lang.tr("CAN SEND").into(), true),
        (Gate::TemplateOnly, GateEvidence::Window { until }) => {
            (tr!(model.lang, "TEMPLATE ONLY{until}", until = since(Some(until))), false)
        }
        (Gate::Paused, GateEvidence::Said { since: at, .. }) => {
            (tr!(model.lang, "PAUSED{at}", at = since(at)), false)
        }
        (Gate::RemoteClosed, GateEvidence::Said { since: at, .. }) => {
            (tr!(model.lang, "CLOSED there{at}", at = since(at)), false)
        }
        (Gate::Unknown, _) => (model.lang.tr("CAN SEND? not known").into(), true),
        (Gate::ReadOnly, _) => (model.lang.tr("READ ONLY").into(), false),
        (other, _) => (other.as_str().to_uppercase(), false),
    }
}

/// The lines of the messages.
pub fn messages(paint: &mut Paint<'_>, model: &Model, area: Rect) {
    let theme = paint.theme.clone();
    let Some(thread) = &model.thread else { return };
    if !thread.loaded {
        paint.text(
            area.x + 2,
            area.y,
            area.width.saturating_sub(2),
            model.lang.tr("reading the store ..."),
            theme.dim,
        );
        return;
    }
    let lines = model.thread_lines();
    if lines.is_empty() {
        paint.text(
            area.x + 2,
            area.y,
            area.width.saturating_sub(2),
            model.lang.tr("no messages here yet"),
            theme.dim,
        );
        return;
    }
    for (line, y) in lines.iter().skip(thread.top).take(usize::from(area.height)).zip(area.y..) {
        let style = style(&theme, line.kind, line.new);
        if let LineKind::Head(fill) = line.kind {
            let selected = thread.selected == line.message && model.screen == Screen::Thread;
            paint.text(area.x, y, 1, if selected { ">" } else { " " }, theme.cursor);
            let width = area.width.saturating_sub(1);
            paint.text(area.x + 1, y, width, &line.text, style);
            let used = u16::try_from(columns(&line.text)).unwrap_or(width).min(width);
            if used + 1 < width {
                paint.rule(area.x + 1 + used, y, width - used, &fill.to_string(), style);
            }
        } else {
            let words = thread.search.as_deref().map(words::folded);
            let found = words.is_some_and(|words| words::folded(&line.text).contains(&words));
            paint.body(area.x, y, area.width, &line.text, if found { theme.cursor } else { style });
        }
    }
}

fn style(theme: &super::Theme, kind: LineKind, new: bool) -> Style {
    match kind {
        LineKind::Head('#') | LineKind::Ours => theme.public,
        LineKind::Head('=') | LineKind::Note => theme.note,
        LineKind::Head(_) if new => theme.unread,
        LineKind::Head(_) => theme.strong,
        LineKind::Theirs | LineKind::Blank => theme.plain,
        LineKind::Quote | LineKind::Aside => theme.dim,
        LineKind::Trouble => theme.alarm,
    }
}
