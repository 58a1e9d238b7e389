//! Pop-ups: a band over the lines above the footer, with a rule on top.

use std::{borrow::Cow, fmt::Write as _};

use ratatui::layout::{Position, Rect};

use super::paint::{Paint, cells};
use crate::{
    app::{
        Model,
        actions::{Act, place},
        popup::{Choice, Picker, PickerKind},
    },
    domain::{
        lang::tr,
        text::{SafeText, columns, fit},
    },
};

/// Draws the topmost pop-up; answers where the cursor stands in its text field.
pub fn draw(paint: &mut Paint<'_>, model: &Model, above: Rect) -> Option<Position> {
    if let Some(ask) = &model.ask {
        let question: Vec<_> =
            model.question_lines().into_iter().take(model.question_room().max(1)).collect();
        let rows = u16::try_from(question.len()).unwrap_or(1);
        let area = band(paint, above, rows + 1, "");
        let room = area.width.saturating_sub(1);
        for (line, y) in question.iter().zip(area.y..) {
            paint.text(area.x + 1, y, room, line, paint.theme.notice);
        }
        let key = |act| model.key(place::ASK, act);
        let answers = if ask.is_sentence() {
            model.lang.tr("Esc closes this").to_owned()
        } else {
            tr!(
                model.lang,
                "{key} {yes}   {no} leave it",
                key = key(Act::Confirm),
                yes = ask.yes,
                no = key(Act::Decline)
            )
        };
        paint.text(area.x + 1, area.bottom() - 1, room, &answers, paint.theme.key);
        return None;
    }
    if let Some(picker) = &model.picker {
        return Some(self::picker(paint, model, picker, above));
    }
    if model.prefix_shown {
        super::prefix::draw(paint, model, above);
    }
    None
}

/// Rows of their own above the footer.
pub(super) fn band(paint: &mut Paint<'_>, above: Rect, rows: u16, title: &str) -> Rect {
    let rows = rows.min(above.height.saturating_sub(1)).max(1);
    let y = above.bottom().saturating_sub(rows);
    let theme = paint.theme.clone();
    if y > above.y {
        paint.clear(Rect { y: y - 1, height: rows + 1, ..above });
        paint.rule(above.x, y - 1, above.width, theme.line(), theme.rule);
        if !title.is_empty() {
            // Who it is for is cut rather than the bracket that ends it.
            let room = above.width.saturating_sub(6);
            let title = fit(title, usize::from(room), if theme.utf8 { "…" } else { "." });
            let shown = format!("[{}]", title.trim_end());
            paint.text(above.x + 2, y - 1, cells(&shown), &shown, theme.strong);
        }
    } else {
        paint.clear(Rect { y, height: rows, ..above });
    }
    Rect { y, height: rows, ..above }
}

fn picker(paint: &mut Paint<'_>, model: &Model, picker: &Picker, above: Rect) -> Position {
    let theme = paint.theme.clone();
    let helps = helps(picker, above.width);
    let in_full = !helps.is_empty() && above.width >= IN_FULL;
    // What is chosen is told in full where its row may be cut.
    let told_in_full =
        |choice: &Choice| choice.title.split_once("  ").map_or("", |(_, help)| help).to_owned();
    let told = match picker.choices.get(picker.chosen) {
        Some(choice) if picker.note.is_empty() && choice.act().is_some() && !in_full => told_in_full(choice),
        _ => picker.note.clone(),
    };
    let prompt = format!(" {} ", picker.prompt(model.lang));
    // What is wrong stands under the term that it is about, where it fits there.
    let mark = picker.wrong_at().and_then(|at| u16::try_from(at).ok()).map(|at| cells(&prompt) + at);
    let mark = mark.filter(|mark| *mark + MARKED < above.width);
    let width = usize::from(above.width.saturating_sub(2 + mark.map_or(0, |mark| mark + 1))).max(10);
    let told_lines = textwrap::wrap(&told, width);
    let note = if told.is_empty() {
        0
    } else if picker.note.is_empty() {
        // As high as the longest one needs, so that the rows below stand still while the choice moves.
        picker.choices.iter().map(|it| textwrap::wrap(&told_in_full(it), width).len()).max().unwrap_or(1)
    } else {
        told_lines.len()
    };
    // In a small window the choices have the room.
    let note = u16::try_from(note.min(if above.height < 14 { 1 } else { 3 })).unwrap_or(1);
    let menu = matches!(picker.kind, PickerKind::Help | PickerKind::Palette);
    let lines = lines(picker, &helps);
    let high = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let room =
        above.height.saturating_sub(if above.height < 14 { 2 } else { 3 } + note.max(u16::from(!in_full)));
    // A text that is shown below them leaves the choices a third of the room.
    let mut preview = model.picker_preview();
    preview.truncate(usize::from(room.saturating_sub(1 + high.min((room / 3).max(2)))));
    let below_choices = if preview.is_empty() { 0 } else { u16::try_from(preview.len()).unwrap_or(0) + 1 };
    let most = room.saturating_sub(below_choices).clamp(1, if menu { u16::MAX } else { 12 });
    let rows = high.min(most);
    let about = model.picker_about().unwrap_or_default();
    let area = band(paint, above, 1 + note + rows + below_choices, &about);
    let x = paint.pieces(area.x, area.y, area.width, &[(&prompt, theme.key)]);
    let room = (area.x + area.width).saturating_sub(x + 1);
    let before: String = picker.text().chars().take(picker.input.cursor().1).collect();
    let at = u16::try_from(columns(&SafeText::line(&before))).unwrap_or(0);
    let skip = at.saturating_sub(room.saturating_sub(1));
    let shown: String = picker.text().chars().skip(usize::from(skip)).collect();
    paint.text(x, area.y, room, &shown, theme.plain);
    let at_line = lines.iter().position(|line| *line == Line::Choice(picker.chosen)).unwrap_or(0);
    let page = usize::from(rows.max(1));
    let shown = page_of(&lines, at_line, page).iter();
    let mut hint = String::new();
    if picker.kind == PickerKind::Help && picker.text().is_empty() {
        hint.push_str(model.lang.tr("type to filter"));
    }
    if lines.len() > page {
        let named: Vec<usize> = shown.clone().filter_map(|line| line.choice()).collect();
        if let (Some(from), Some(to)) = (named.first(), named.last()) {
            let gap = if hint.is_empty() { "" } else { "   " };
            let (from, to, n) = (from + 1, to + 1, picker.choices.len());
            _ = write!(hint, "{gap}{}", tr!(model.lang, "{from}-{to} of {n}", from, to, n));
        }
    }
    if room > at + cells(&hint) + 2 {
        paint.right(area.x, area.y, area.width - 1, &hint, theme.dim);
    }
    if note > 0 {
        if let Some(mark) = mark.filter(|_| skip == 0) {
            paint.text(area.x + mark, area.y + 1, 1, "^", theme.alarm);
            for (line, y) in told_lines.iter().zip(area.y + 1..area.y + 1 + note) {
                paint.text(area.x + mark + 2, y, area.width.saturating_sub(mark + 2), line, theme.alarm);
            }
        } else {
            let style = if picker.refused { theme.alarm } else { theme.dim };
            for (line, y) in told_lines.iter().zip(area.y + 1..area.y + 1 + note) {
                paint.text(area.x + 1, y, area.width.saturating_sub(1), line, style);
            }
        }
    }
    let digits = picker.choices.iter().any(|choice| choice.digit.is_some());
    let inner = Rect { x: area.x, width: area.width, y: area.y + 1 + note, height: rows };
    for (line, y) in shown.zip(inner.y..) {
        let row = Rect { y, height: 1, ..inner };
        match line {
            Line::Heading(name) => {
                paint.text(row.x + 1, y, row.width - 1, model.lang.word("heading", name), theme.strong);
            }
            Line::Choice(at) => choice(paint, model, picker, *at, digits, row, &helps),
            Line::Rest(at, part) => help(paint, &helps, *at, *part, row),
        }
    }
    let below = area.y + 1 + note + rows;
    if below_choices > 0 && below < area.bottom() {
        paint.rule(area.x, below, area.width, theme.line(), theme.rule);
        for (line, y) in preview.iter().zip(below + 1..area.bottom()) {
            paint.text(area.x + 2, y, area.width.saturating_sub(2), line, theme.plain);
        }
    }
    Position { x: (x + at - skip).min(area.right().saturating_sub(1)), y: area.y }
}

/// The room that a sentence under a term needs.
const MARKED: u16 = 30;

/// A line of a pop-up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Heading(&'static str),
    Choice(usize),
    /// A further line of a choice's help.
    Rest(usize, usize),
}

impl Line {
    fn choice(self) -> Option<usize> {
        match self {
            Self::Choice(at) => Some(at),
            Self::Heading(_) | Self::Rest(..) => None,
        }
    }
}

/// The columns that the menu's helps need to be told in full, over several lines.
const IN_FULL: u16 = 72;

/// Where the helps of the menu stand, and their lines.
fn helps(picker: &Picker, width: u16) -> Vec<(u16, Vec<String>)> {
    if picker.kind != PickerKind::Help {
        return Vec::new();
    }
    // Where there is room, they stand below one another.
    let titles = picker.choices.iter().map(|it| cells(it.title.split("  ").next().unwrap_or_default()));
    let wide = if width < 100 { 21 } else { titles.max().unwrap_or(0).clamp(21, 40) };
    let told = picker.choices.iter().map(|choice| {
        let (title, help) = choice.title.split_once("  ").unwrap_or((&choice.title, ""));
        // What does not work says why where its help would stand.
        let help = if choice.enabled { help } else { &choice.beside };
        let x = 15 + cells(title).max(wide);
        if width < IN_FULL {
            return (x, vec![help.to_owned()]);
        }
        let room = usize::from(width.saturating_sub(x)).max(10);
        (x, textwrap::wrap(help, room).into_iter().map(Cow::into_owned).collect())
    });
    told.collect()
}

/// The choices, under headings where there are any.
fn lines(picker: &Picker, helps: &[(u16, Vec<String>)]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut category = None;
    for (at, choice) in picker.choices.iter().enumerate() {
        let about = choice.act().map(|act| act.row().category).filter(|_| picker.headed());
        if let Some(about) = about.filter(|it| category != Some(*it)) {
            lines.push(Line::Heading(about.title()));
            category = Some(about);
        }
        lines.push(Line::Choice(at));
        let parts = helps.get(at).map_or(1, |(_, parts)| parts.len());
        lines.extend((1..parts).map(|part| Line::Rest(at, part)));
    }
    lines
}

/// The page that holds a line. It turns as a whole, so that few cells change; none ends within a choice, and the last one
/// is full.
fn page_of(lines: &[Line], at: usize, page: usize) -> &[Line] {
    let rest = |line: usize| matches!(lines.get(line), Some(Line::Rest(..)));
    let mut first = 0;
    while first + page < lines.len() {
        let end = (first + 1..=first + page).rev().find(|end| !rest(*end)).unwrap_or(first + page);
        if at < end {
            return &lines[first..end];
        }
        first = end;
    }
    let full = lines.len().saturating_sub(page);
    &lines[(full..=first).find(|line| !rest(*line)).unwrap_or(first)..]
}

/// A choice; in the menu its keys stand before it, where the eye looks for them.
fn choice(
    paint: &mut Paint<'_>,
    model: &Model,
    picker: &Picker,
    at: usize,
    digits: bool,
    row: Rect,
    helps: &[(u16, Vec<String>)],
) {
    let theme = paint.theme.clone();
    let choice = &picker.choices[at];
    let style = if choice.enabled { theme.plain } else { theme.dim };
    if at == picker.chosen {
        paint.text(row.x, row.y, 1, ">", theme.cursor);
    }
    if picker.kind == PickerKind::Help {
        let title = choice.title.split("  ").next().unwrap_or_default();
        // What does not work keeps its key, as the key that it would be.
        let keys_style = if choice.enabled { theme.key } else { theme.dim };
        let shut_keys = choice.act().filter(|_| !choice.enabled).map(|act| model.menu_keys(act));
        paint.text(row.x + 2, row.y, 11, shut_keys.as_deref().unwrap_or(&choice.beside), keys_style);
        paint.text(row.x + 14, row.y, row.width.saturating_sub(14), title, style);
        help(paint, helps, at, 0, row);
        return;
    }
    let beside = cells(&choice.beside).min(row.width / 2);
    let indent = if digits { 4 } else { 2 };
    if let Some(digit) = choice.digit {
        paint.text(row.x + 2, row.y, 1, &digit.to_string(), theme.key);
    }
    let room = row.width.saturating_sub(beside + indent + 1);
    paint.text(row.x + indent, row.y, room, &choice.title, style);
    paint.right(row.x + row.width - beside, row.y, beside, &choice.beside, theme.key);
}

/// A line of a choice's help.
fn help(paint: &mut Paint<'_>, helps: &[(u16, Vec<String>)], at: usize, part: usize, row: Rect) {
    let Some((x, parts)) = helps.get(at) else { return };
    let line = parts.get(part).map_or("", String::as_str);
    let style = paint.theme.dim;
    paint.text(*x, row.y, row.right().saturating_sub(*x), line, style);
}
