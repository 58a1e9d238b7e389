//! The outbox: one line for each row, and above it what was looked for where a row is uncertain.

use ratatui::layout::Rect;

use super::paint::Paint;
use crate::{
    app::{Model, words},
    domain::{OutboxRow, RowState, Time, lang::tr, text::SafeText},
};

/// Draws it.
pub fn draw(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) {
    let theme = paint.theme.clone();
    let demo = if model.options.demo { " DEMO" } else { "" };
    paint.pieces(
        area.x,
        area.y,
        area.width,
        &[(demo, theme.alarm), (&tr!(model.lang, " Outbox {n}", n = model.outbox.rows.len()), theme.strong)],
    );
    paint.rule(area.x, area.y + 1, area.width, theme.line(), theme.rule);
    if model.outbox.rows.is_empty() {
        paint.text(
            area.x + 2,
            area.y + 2,
            area.width.saturating_sub(2),
            model.lang.tr("nothing waits here to be sent"),
            theme.dim,
        );
        return;
    }
    let width = usize::from(area.width.saturating_sub(6)).max(10);
    let rows = usize::from(area.bottom().saturating_sub(area.y + 2));
    let (above, below) = match model.outbox.row() {
        Some(row) => {
            // What was looked for is read whole before anybody says that it is there, or not.
            let mut above = looks(model, row, now, width + 2);
            above.truncate(rows.saturating_sub(1));
            let below = details(row, width, rows.saturating_sub(1 + above.len()));
            (above, below)
        }
        None => (Vec::new(), Vec::new()),
    };
    let mut y = area.y + 2;
    // The selected row may be the last of its page: its details have room all the same.
    let room = if area.height > 16 { 10 } else { 2 };
    let height = rows.saturating_sub(room.max(above.len() + below.len() + 1)).max(1);
    let first = model.outbox.selected - model.outbox.selected % height;
    for (at, row) in model.outbox.rows.iter().enumerate().skip(first) {
        let selected = at == model.outbox.selected;
        for look in above.iter().filter(|_| selected) {
            paint.text(area.x + 4, y, area.width.saturating_sub(4), look, theme.dim);
            y += 1;
        }
        if y >= area.bottom() {
            break;
        }
        let style = if row.state.needs_a_person() { theme.alarm } else { theme.plain };
        paint.text(area.x, y, 1, if selected { ">" } else { " " }, theme.cursor);
        paint.text(area.x + 2, y, area.width.saturating_sub(2), &line(model, row, now), style);
        y += 1;
        for detail in below.iter().filter(|_| selected) {
            if y < area.bottom() {
                paint.text(area.x + 6, y, area.width.saturating_sub(6), detail, theme.dim);
                y += 1;
            }
        }
    }
}

/// What was looked for, where and when, where a row is uncertain.
fn looks(model: &Model, row: &OutboxRow, now: Time, width: usize) -> Vec<String> {
    let looks = row.lookups.iter().filter(|_| row.state == RowState::Uncertain);
    let wrapped = looks.flat_map(|look| {
        let at = words::moment(model.lang, look.at, model.options.zone, now);
        let text = format!("{at}  {}", SafeText::line(&look.found).into_string());
        let options = textwrap::Options::new(width).subsequent_indent("  ");
        textwrap::wrap(&text, options).into_iter().map(std::borrow::Cow::into_owned).collect::<Vec<_>>()
    });
    wrapped.collect()
}

/// The selected row's reason and text in full, as far as a few lines go.
fn details(row: &OutboxRow, width: usize, room: usize) -> Vec<String> {
    let wrapped = |text: &str, most: usize| {
        let text = SafeText::block(text).into_string();
        let lines = text.lines().flat_map(|line| textwrap::wrap(line, width));
        lines.take(most).map(std::borrow::Cow::into_owned).collect::<Vec<_>>()
    };
    let why = row.error.as_deref().or(row.reason.as_deref()).unwrap_or_default();
    let mut lines = wrapped(why, if room > 8 { 5 } else { 3 });
    if let Some(outgoing) = row.action.outgoing() {
        lines.extend(wrapped(&outgoing.text, 4));
        lines.extend(outgoing.file.as_ref().map(|file| format!("[{}]", file.name)));
    }
    lines.truncate(room);
    lines
}

/// A row in a line.
pub fn line(model: &Model, row: &OutboxRow, now: Time) -> String {
    let when = match (row.state, row.not_before) {
        (RowState::Held, Some(at)) if at > now => format!(" {} s", words::seconds_left(at, now)),
        (RowState::Later | RowState::Queued, Some(at)) if at > now => {
            format!(" {}", words::clock(model.lang, at, model.options.zone, now))
        }
        _ => String::new(),
    };
    let (what, to) = (model.row_what(row), model.row_to(row));
    let why =
        row.error.as_deref().or(row.reason.as_deref()).map_or_else(String::new, |why| format!("  {why}"));
    let text =
        row.action.outgoing().map_or("", |outgoing| crate::domain::text::first_line(&outgoing.text, 60));
    format!(
        "{:>4} {:<9}{when} {what:<6} {to}{why}  {text}",
        row.n.0,
        model.lang.word("state", row.state.as_str())
    )
}
