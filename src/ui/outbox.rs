//! The outbox: one line for each row, and above it what was looked for where a row is uncertain.

use ratatui::layout::Rect;

use super::paint::Paint;
use crate::{
    app::{Model, words},
    domain::{OutboxRow, RowState, Time},
};

/// Draws it.
pub fn draw(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) {
    let theme = paint.theme.clone();
    let demo = if model.options.demo { " DEMO" } else { "" };
    paint.pieces(
        area.x,
        area.y,
        area.width,
        &[(demo, theme.alarm), (&format!(" Outbox {}", model.outbox.rows.len()), theme.strong)],
    );
    paint.rule(area.x, area.y + 1, area.width, theme.line(), theme.rule);
    if model.outbox.rows.is_empty() {
        paint.text(
            area.x + 2,
            area.y + 2,
            area.width.saturating_sub(2),
            "everything has been sent",
            theme.dim,
        );
        return;
    }
    let mut y = area.y + 2;
    let height = usize::from(area.height.saturating_sub(2)).max(1);
    let first = model.outbox.selected - model.outbox.selected % height;
    for (at, row) in model.outbox.rows.iter().enumerate().skip(first) {
        let selected = at == model.outbox.selected;
        if selected && row.state == RowState::Uncertain {
            for lookup in &row.lookups {
                if y < area.bottom() {
                    let at = words::moment(lookup.at, model.options.zone, now);
                    paint.text(
                        area.x + 4,
                        y,
                        area.width.saturating_sub(4),
                        &format!("{at}  {}", lookup.found),
                        theme.dim,
                    );
                    y += 1;
                }
            }
        }
        if y >= area.bottom() {
            break;
        }
        let style = if row.state.needs_a_person() { theme.alarm } else { theme.plain };
        paint.text(area.x, y, 1, if selected { ">" } else { " " }, theme.cursor);
        paint.text(area.x + 2, y, area.width.saturating_sub(2), &line(model, row, now), style);
        y += 1;
    }
}

/// A row in a line.
pub fn line(model: &Model, row: &OutboxRow, now: Time) -> String {
    let when = match (row.state, row.not_before) {
        (RowState::Held, Some(at)) if at > now => format!(" {} s", words::seconds_left(at, now)),
        (RowState::Later | RowState::Queued, Some(at)) if at > now => {
            format!(" {}", words::clock(at, model.options.zone, now))
        }
        _ => String::new(),
    };
    let to =
        model.known(row.conversation).map_or_else(|| format!("({})", row.conversation), Model::recipient);
    let why =
        row.error.as_deref().or(row.reason.as_deref()).map_or_else(String::new, |why| format!("  {why}"));
    let text =
        row.action.outgoing().map_or("", |outgoing| crate::domain::text::first_line(&outgoing.text, 60));
    format!("{:>4} {:<9}{when} {:<6} {to}{why}  {text}", row.n.0, row.state.as_str(), row.action.word())
}
