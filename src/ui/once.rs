//! One text for many: whom it is for, a line each with its tick and its verdict; then the chosen one's own words.

use ratatui::layout::Rect;

use super::{
    list::customer,
    paint::{Paint, cells},
};
use crate::{
    app::{Model, once::OnceRow, review::Verdict, words},
    domain::{lang::tr, text::first_line},
};

/// Draws them above the composer.
pub fn draw(paint: &mut Paint<'_>, model: &Model, area: Rect) {
    let Some(once) = &model.once else { return };
    let theme = paint.theme.clone();
    let (rows, _) = model.once_room();
    let top = model.once_top();
    let count = words::count(model.lang, once.rows.len(), "conversation", "conversations");
    let ticked = once.rows.iter().filter(|row| row.ticked()).count();
    let demo = if model.options.demo { " DEMO" } else { "" };
    let of =
        if model.review.is_some() { tr!(model.lang, "   {ticked} ticked", ticked) } else { String::new() };
    paint.pieces(
        area.x,
        area.y,
        area.width,
        &[
            (demo, theme.alarm),
            (&tr!(model.lang, " One text for {count}, sent one by one{of}", count, of), theme.strong),
        ],
    );
    let last = (top + rows).min(once.rows.len());
    if once.rows.len() > rows {
        let page = tr!(model.lang, "{from}-{to} of {n}", from = top + 1, to = last, n = once.rows.len());
        paint.right(area.x, area.y, area.width, &page, theme.dim);
    }
    paint.rule(area.x, area.y + 1, area.width, theme.line(), theme.rule);
    let mut y = area.y + 2;
    for (at, row) in once.rows.iter().enumerate().take(last).skip(top) {
        if y >= area.bottom() {
            return;
        }
        if at == once.chosen {
            paint.text(area.x, y, 1, ">", theme.cursor);
        }
        line(paint, model, row, Rect { x: area.x + 1, y, width: area.width.saturating_sub(1), height: 1 });
        y += 1;
    }
    let (lines, _) = model.once_words();
    let room = area.bottom().saturating_sub(y);
    if lines.is_empty() || room < 2 {
        return;
    }
    let taken = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(room - 1);
    let y = area.bottom() - taken;
    paint.rule(area.x, y - 1, area.width, theme.line(), theme.rule);
    for (line, y) in lines.iter().zip(y..area.bottom()) {
        paint.text(area.x + 1, y, area.width.saturating_sub(1), line, theme.plain);
    }
}

/// `[x]   17 SKYH João dos Santos    clean`.
fn line(paint: &mut Paint<'_>, model: &Model, row: &OnceRow, area: Rect) {
    let theme = paint.theme.clone();
    let it = &row.conversation;
    let reviewing = model.review.is_some();
    let (tick, style) = match (row.verdict(), row.ticked()) {
        _ if !reviewing => ("   ", theme.plain),
        (Verdict::Red, _) => (" ! ", theme.alarm),
        (_, true) => ("[x]", theme.public),
        (_, false) => ("[ ]", theme.notice),
    };
    let name = if area.width >= 72 { 20 } else { 14 };
    let number = format!(" {:>5} ", it.id.0);
    let mut x = paint.pieces(
        area.x,
        area.y,
        area.width,
        &[(tick, style), (&number, theme.dim), (model.short(&it.channel), theme.dim)],
    );
    x = x.max(area.x + 3 + cells(&number) + 5);
    paint.text(x, area.y, name, customer(it), theme.plain);
    x += name + 1;
    let rest = area.right().saturating_sub(x);
    if reviewing {
        let style = match row.verdict() {
            Verdict::Clean => theme.public,
            Verdict::Amber => theme.notice,
            Verdict::Red => theme.alarm,
        };
        paint.text(x, area.y, rest, &row.verdict_words(model.lang), style);
    } else {
        paint.text(x, area.y, rest, first_line(&row.asks(model.lang), 200), theme.plain);
    }
}
