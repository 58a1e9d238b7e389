//! How it looks: `render` reads the model and never writes to it.
//!
//! Few bytes for a key: a mark in the gutter rather than a reversed row, page turns rather than line scrolls, and
//! nothing on the screen that moves by itself but the seconds of a held message.

pub mod theme;

mod composer;
mod details;
mod footer;
mod form;
mod header;
pub mod linear;
mod list;
mod lock;
mod once;
mod outbox;
mod paint;
mod popup;
mod prefix;
mod preview;
mod report;
mod thread;

#[cfg(test)]
mod tests;

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Position, Rect},
};

use self::paint::Paint;
pub use self::{
    paint::Placed,
    theme::{Pictures, Theme},
};
use crate::{
    app::{Model, Screen},
    domain::{Time, lang::tr, text::SafeText},
};

/// Draws everything as it is at `now`.
pub fn render(model: &Model, theme: &Theme, now: Time, frame: &mut Frame<'_>) {
    if let Some(cursor) = paint(model, theme, now, frame.buffer_mut()).cursor {
        frame.set_cursor_position(cursor);
    }
}

/// What is no cell of the screen.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// Where the cursor stands, where it is seen.
    pub cursor: Option<Position>,
    /// What the terminal draws itself, where it can.
    pub picture: Option<Placed>,
}

/// The same into a blank picture.
pub fn paint(model: &Model, theme: &Theme, now: Time, blank: &mut Buffer) -> Drawn {
    let whole = blank.area;
    // The tutor takes rows of its own, below.
    let area = Rect { height: whole.height.min(model.size.1), ..whole };
    let mut paint = Paint { buf: blank, theme, placed: None };
    let cursor = if model.too_small() {
        paint.text(0, 0, area.width, model.lang.tr("too small"), theme.plain);
        paint.text(0, 1, area.width, model.lang.tr("20x5 needed"), theme.plain);
        None
    } else if model.locked.is_some() {
        lock::draw(&mut paint, model, area);
        None
    } else if area.width < 60 || area.height < 16 {
        small(&mut paint, model, now, area)
    } else if model.side_by_side() {
        panes(&mut paint, model, now, area)
    } else {
        full(&mut paint, model, now, area)
    };
    if let Some((title, text)) = model.lesson()
        && whole.height > area.height
        && model.locked.is_none()
    {
        lesson(
            &mut paint,
            &title,
            &text,
            Rect { y: area.bottom(), height: whole.height - area.height, ..whole },
        );
    }
    // It would stand over a pop-up's letters, or under them.
    let picture = paint.placed.filter(|_| no_popup(model));
    Drawn { cursor, picture }
}

/// The view whose tab stands at a column of the first line, where the views are drawn there.
pub fn tab_at(model: &Model, now: Time, column: u16) -> Option<usize> {
    let drawn = model.locked.is_none() && !model.too_small();
    let shown = drawn && (model.screen == Screen::List || model.side_by_side());
    shown.then(|| header::tab_at(model, now, model.size.0, column)).flatten()
}

/// The tutor's lesson under the screen.
fn lesson(paint: &mut Paint<'_>, title: &str, text: &str, area: Rect) {
    let theme = paint.theme.clone();
    paint.rule(area.x, area.y, area.width, "=", theme.public);
    paint.clear(Rect { x: area.x + 2, width: paint::cells(title) + 2, height: 1, ..area });
    paint.text(area.x + 2, area.y, paint::cells(title) + 2, &format!(" {title} "), theme.strong);
    let width = usize::from(area.width).saturating_sub(2).max(10);
    for (line, y) in textwrap::wrap(text, width).iter().zip(area.y + 1..area.bottom()) {
        paint.text(area.x + 1, y, area.width.saturating_sub(1), line, theme.public);
    }
}

/// What the window's title says where it may: figures, no name and no text.
pub fn window_title(model: &Model) -> String {
    if model.locked.is_some() {
        return "deskline".into();
    }
    let figures = model.list.views.iter().take(3).filter_map(|view| {
        let count = view.count.unwrap_or_default();
        let more = if count.more { "+" } else { "" };
        (count.total > 0).then(|| format!("{}{more} {}", count.total, view.title.to_lowercase()))
    });
    let figures: Vec<String> = figures.collect();
    if figures.is_empty() {
        return "deskline".into();
    }
    SafeText::line(&format!("deskline: {}", figures.join(", "))).into_string()
}

/// One screen at a time.
fn full(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) -> Option<Position> {
    let theme = paint.theme.clone();
    let footer = Rect { y: area.bottom() - 3, height: 3, ..area };
    let above = Rect { height: area.height - 3, ..area };
    let mut cursor = None;
    match model.screen {
        Screen::List => {
            header::draw(paint, model, now, area.width);
            paint.rule(0, 1, area.width, theme.line(), theme.rule);
            list::heads(paint, model.lang, Rect { y: 2, height: 1, ..area });
            list::rows(paint, model, now, Rect { y: 3, height: above.height - 4, ..area });
            paint.rule(0, above.bottom() - 1, area.width, theme.line(), theme.rule);
        }
        Screen::Thread => {
            thread::head(paint, model, now, Rect { height: 2, ..area });
            paint.rule(0, 2, area.width, theme.line(), theme.rule);
            let body = Rect { y: 3, height: above.height - 3, ..area };
            cursor = conversation(paint, model, now, body);
        }
        Screen::Once => cursor = many(paint, model, now, above),
        Screen::Outbox => outbox::draw(paint, model, now, above),
        Screen::Report => report::draw(paint, model, now, above),
        Screen::Form => cursor = begun(paint, model, now, above),
    }
    if model.details.is_some() {
        let rule = if model.screen == Screen::List { 1 } else { 2 };
        details_over(paint, model, now, Rect { y: rule, height: above.height.saturating_sub(rule), ..area });
        cursor = None;
    }
    if model.preview.is_some() {
        preview::draw(paint, model, Rect { y: 3, height: above.height.saturating_sub(3), ..area });
        cursor = None;
    }
    footer::draw(paint, model, footer);
    popup::draw(paint, model, above).or(cursor.filter(|_| no_popup(model)))
}

/// A new conversation: its fields, and the text under them. Where both have no room, the text and what is asked about it
/// are drawn in place of the fields, while they have the keys.
fn begun(paint: &mut Paint<'_>, model: &Model, now: Time, above: Rect) -> Option<Position> {
    let in_text = model.form.as_ref().is_some_and(crate::app::form::Form::in_text);
    let (field, rows) = form::draw(paint, model, above);
    let mut rest = Rect { y: above.y + rows, height: above.height.saturating_sub(rows), ..above };
    let high = u16::try_from(model.composer_height()).unwrap_or(u16::MAX);
    if high > rest.height && (in_text || model.review.is_some()) {
        rest = Rect { y: above.y + 1, height: above.height - 1, ..above };
        paint.clear(rest);
    }
    if model.review.is_some() && high > rest.height {
        composer::tight_review(paint, model, rest);
        return None;
    }
    let text = (in_text || high <= rest.height || rest.height > 3)
        .then(|| composer::draw(paint, model, now, rest))
        .flatten();
    if in_text { text } else { field }
}

/// One text for many: its rows, and the composer under them.
fn many(paint: &mut Paint<'_>, model: &Model, now: Time, above: Rect) -> Option<Position> {
    let composer = u16::try_from(model.composer_height()).unwrap_or(u16::MAX).min(above.height);
    once::draw(paint, model, Rect { height: above.height - composer, ..above });
    composer::draw(paint, model, now, above)
}

fn no_popup(model: &Model) -> bool {
    model.ask.is_none() && model.picker.is_none() && !model.prefix_shown
}

/// Messages, and the composer under them.
fn conversation(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) -> Option<Position> {
    // The review bar is drawn whole before a message is.
    let most = if model.review.is_some() { area.height } else { area.height.saturating_sub(1) };
    let composer = u16::try_from(model.composer_height()).unwrap_or(u16::MAX).min(most);
    thread::messages(paint, model, Rect { height: area.height - composer, ..area });
    if composer == 0 {
        return None;
    }
    let (x, width) = model.composer_columns();
    let area = Rect { x, width, ..area };
    // A bar that has no room under the text is drawn in place of it.
    if model.review.is_some() && model.composer_height() > usize::from(area.height) {
        paint.clear(area);
        composer::tight_review(paint, model, area);
        return None;
    }
    let area = Rect { y: area.bottom() - composer, height: composer, ..area };
    paint.clear(area);
    composer::draw(paint, model, now, area)
}

/// List and conversation side by side; from 160 columns on views and details too.
fn panes(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) -> Option<Position> {
    let theme = paint.theme.clone();
    let panes = model.panes();
    let footer = Rect { y: area.bottom() - 3, height: 3, ..area };
    let above = Rect { height: area.height - 3, ..area };
    let rows = above.height - 3;
    header::draw(paint, model, now, area.width);
    paint.rule(0, 1, area.width, theme.line(), theme.rule);
    paint.rule(0, above.bottom() - 1, area.width, theme.line(), theme.rule);
    let mut x = 0;
    if panes.views > 0 {
        views(paint, model, Rect { x, y: 2, width: panes.views, height: rows });
        x = divide(paint, panes.views, rows) + 1;
    }
    let list = Rect { x, y: 2, width: panes.list, height: rows };
    let focused = |screen| model.screen == screen && model.details.is_none();
    title(paint, x, model.list.title(), focused(Screen::List), panes.list);
    if !model.is_first_start() {
        list::heads(paint, model.lang, Rect { height: 1, ..list });
    }
    list::rows(paint, model, now, Rect { y: 3, height: rows - 1, ..list });
    x = divide(paint, x + panes.list, rows) + 1;
    let pane = Rect { x, y: 2, width: panes.thread, height: rows };
    let name = model.thread.as_ref().and_then(|it| it.conversation.as_ref());
    let name = name.map_or_else(String::new, |row| format!("{} ({})", list::customer(row), row.id));
    title(paint, x, &name, focused(Screen::Thread), panes.thread);
    let mut cursor = None;
    if model.thread.is_some() {
        thread::head(paint, model, now, Rect { height: 2, ..pane });
        paint.rule(pane.x, 4, pane.width, theme.line(), theme.rule);
        cursor = conversation(paint, model, now, Rect { y: 5, height: rows.saturating_sub(3), ..pane });
    }
    if panes.details > 0 {
        x = divide(paint, x + panes.thread, rows) + 1;
        title(paint, x, model.lang.tr("details"), model.details.is_some(), panes.details);
        details::draw(paint, model, now, Rect { x, y: 2, width: panes.details, height: rows });
    } else if model.details.is_some() {
        details_over(paint, model, now, Rect { y: 1, height: rows + 1, ..area });
        cursor = None;
    }
    if model.preview.is_some() {
        preview::draw(paint, model, Rect { y: 2, height: rows, ..area });
        cursor = None;
    }
    footer::draw(paint, model, footer);
    let focus = cursor.filter(|_| model.screen == Screen::Thread && no_popup(model));
    popup::draw(paint, model, above).or(focus)
}

/// The details over the rest, under a rule that says of whom they are.
fn details_over(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) {
    let theme = paint.theme.clone();
    paint.clear(area);
    paint.rule(area.x, area.y, area.width, theme.line(), theme.rule);
    let of = model
        .detailed()
        .map(|row| tr!(model.lang, "details of {name} ({id})", name = list::customer(row), id = row.id));
    named(paint, area.x, area.y, &of.unwrap_or_else(|| model.lang.tr("details").into()), true, area.width);
    details::draw(paint, model, now, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area });
}

/// The title of a pane in the upper rule; the focused one in brackets.
fn title(paint: &mut Paint<'_>, x: u16, name: &str, focused: bool, width: u16) {
    if !name.is_empty() {
        named(paint, x, 1, name, focused, width);
    }
}

fn named(paint: &mut Paint<'_>, x: u16, y: u16, name: &str, focused: bool, width: u16) {
    let theme = paint.theme.clone();
    let room = width.saturating_sub(6);
    let name_cells = paint::cells(name).min(room);
    let (open, close, style) = if focused { ("[", "]", theme.strong) } else { (" ", " ", theme.dim) };
    // The rule's colour would stay in what is bold only.
    paint.clear(Rect { x: x + 2, y, width: (name_cells + 2).min(width.saturating_sub(2)), height: 1 });
    paint.text(x + 2, y, 1, open, theme.cursor);
    paint.text(x + 3, y, name_cells, name, style);
    paint.text(x + 3 + name_cells, y, 1, close, theme.cursor);
}

fn divide(paint: &mut Paint<'_>, x: u16, rows: u16) -> u16 {
    let theme = paint.theme.clone();
    for y in 2..2 + rows {
        paint.text(x, y, 1, theme.bar(), theme.rule);
    }
    x
}

/// The views one under the other.
fn views(paint: &mut Paint<'_>, model: &Model, area: Rect) {
    let theme = paint.theme.clone();
    let shown = model.list.views.iter().enumerate().filter(|(at, _)| *at != 0 || model.fix_shown());
    for ((at, view), y) in shown.zip(area.y..area.bottom()) {
        let active = at == model.list.view && model.list.special.is_none();
        paint.text(area.x, y, 1, if active { ">" } else { " " }, theme.cursor);
        let style = if active { theme.strong } else { theme.plain };
        paint.text(area.x + 1, y, area.width.saturating_sub(1), &header::tab(view, usize::MAX), style);
    }
}

/// Below 60x16: one column, no frames.
fn small(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) -> Option<Position> {
    let theme = paint.theme.clone();
    let footer = Rect { y: area.bottom() - 2, height: 2, ..area };
    let above = Rect { height: area.height - 2, ..area };
    let mut cursor = None;
    match model.screen {
        Screen::List => {
            header::draw(paint, model, now, area.width);
            list::rows(paint, model, now, Rect { y: 1, height: above.height - 1, ..area });
        }
        Screen::Thread => {
            let name = model.thread.as_ref().and_then(|it| it.conversation.as_ref());
            let line = name.map_or_else(
                || model.lang.tr("reading the store ...").to_owned(),
                |row| format!("{} {} {}", row.id, list::customer(row), thread::gate(model, row, now).0),
            );
            paint.text(0, 0, area.width, &line, theme.strong);
            cursor = conversation(paint, model, now, Rect { y: 1, height: above.height - 1, ..area });
        }
        Screen::Once => cursor = many(paint, model, now, above),
        Screen::Outbox => outbox::draw(paint, model, now, above),
        Screen::Report => report::draw(paint, model, now, above),
        Screen::Form => cursor = begun(paint, model, now, above),
    }
    if model.details.is_some() {
        details_over(paint, model, now, above);
        cursor = None;
    }
    if model.preview.is_some() {
        preview::draw(paint, model, Rect { y: 1, height: above.height - 1, ..area });
        cursor = None;
    }
    footer::draw(paint, model, footer);
    popup::draw(paint, model, above).or(cursor.filter(|_| no_popup(model)))
}
