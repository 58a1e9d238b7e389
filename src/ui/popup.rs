//! Pop-ups: a band over the lines above the footer, with a rule on top.

use std::{borrow::Cow, fmt::Write as _};

use ratatui::layout::{Position, Rect};

use super::paint::{Paint, cells};
use crate::{
    app::{
        Model,
        actions::{Act, place},
        keymap,
        popup::{Choice, Picker, PickerKind},
    },
    domain::{
        Status,
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
        prefix(paint, model, above);
    }
    None
}

/// Rows of their own above the footer.
fn band(paint: &mut Paint<'_>, above: Rect, rows: u16, title: &str) -> Rect {
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
    let preview = model.picker_preview();
    let below_choices = if preview.is_empty() { 0 } else { u16::try_from(preview.len()).unwrap_or(0) + 1 };
    // What is chosen is told in full where its row may be cut.
    let help = |choice: &Choice| choice.title.split_once("  ").map_or("", |(_, help)| help).to_owned();
    let told = match picker.choices.get(picker.chosen) {
        Some(choice) if picker.note.is_empty() && choice.act().is_some() => help(choice),
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
        picker.choices.iter().map(|it| textwrap::wrap(&help(it), width).len()).max().unwrap_or(1)
    } else {
        told_lines.len()
    };
    // In a small window the choices have the room.
    let note = u16::try_from(note.min(if above.height < 14 { 1 } else { 3 })).unwrap_or(1);
    let menu = matches!(picker.kind, PickerKind::Help | PickerKind::Palette);
    let most = above
        .height
        .saturating_sub(3 + note.max(1) + below_choices)
        .clamp(1, if menu { u16::MAX } else { 12 });
    let lines = lines(picker);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(most);
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
    // A page turns as a whole, so that few cells change.
    let page = usize::from(rows.max(1));
    let first = (at_line / page * page).min(lines.len().saturating_sub(page));
    let shown = lines.iter().skip(first).take(page);
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
            Line::Choice(at) => choice(paint, model, picker, *at, digits, row),
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
}

impl Line {
    fn choice(self) -> Option<usize> {
        match self {
            Self::Choice(at) => Some(at),
            Self::Heading(_) => None,
        }
    }
}

/// The choices, under headings where there are any.
fn lines(picker: &Picker) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut category = None;
    for (at, choice) in picker.choices.iter().enumerate() {
        let about = choice.act().map(|act| act.row().category).filter(|_| picker.headed());
        if let Some(about) = about.filter(|it| category != Some(*it)) {
            lines.push(Line::Heading(about.title()));
            category = Some(about);
        }
        lines.push(Line::Choice(at));
    }
    lines
}

/// A choice; in the menu its keys stand before it, where the eye looks for them.
fn choice(paint: &mut Paint<'_>, model: &Model, picker: &Picker, at: usize, digits: bool, row: Rect) {
    let theme = paint.theme.clone();
    let choice = &picker.choices[at];
    let style = if choice.enabled { theme.plain } else { theme.dim };
    if at == picker.chosen {
        paint.text(row.x, row.y, 1, ">", theme.cursor);
    }
    if picker.kind == PickerKind::Help {
        let (title, help) = choice.title.split_once("  ").unwrap_or((&choice.title, ""));
        // What does not work says why where its help would stand; its key stays, as the key that it would be.
        let help = if choice.enabled { help } else { &choice.beside };
        let keys_style = if choice.enabled { theme.key } else { theme.dim };
        let shut_keys = choice.act().filter(|_| !choice.enabled).map(|act| model.menu_keys(act));
        paint.text(row.x + 2, row.y, 11, shut_keys.as_deref().unwrap_or(&choice.beside), keys_style);
        paint.text(row.x + 14, row.y, row.width.saturating_sub(14), title, style);
        // Where there is room, the helps stand below one another.
        let titles = picker.choices.iter().map(|it| cells(it.title.split("  ").next().unwrap_or_default()));
        let wide = if row.width < 100 { 21 } else { titles.max().unwrap_or(0).clamp(21, 40) };
        let x = row.x + 14 + cells(title).max(wide) + 1;
        paint.text(x, row.y, row.right().saturating_sub(x), help, theme.dim);
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

/// Ten keys that do the same.
const DIGITS: &str = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9";

/// What can follow a prefix key; a status says what the vendor will be told.
fn prefix(paint: &mut Paint<'_>, model: &Model, above: Rect) {
    let theme = paint.theme.clone();
    let follow = model.keymap.following(model.place(), &model.prefix);
    let mut seen: Vec<(Act, String)> = Vec::new();
    for (keys, act) in follow {
        let spelled = keymap::show(&keys);
        match seen.iter_mut().find(|(known, _)| *known == act) {
            Some((_, all)) => _ = write!(all, ", {spelled}"),
            None => seen.push((act, spelled)),
        }
    }
    for (_, keys) in &mut seen {
        *keys = keys.replace(DIGITS, "0-9");
    }
    // As wide as they are: what is told of them has the rest.
    let keys_wide = seen.iter().map(|(_, keys)| cells(keys)).max().unwrap_or(0).min(14);
    let titles_wide =
        seen.iter().map(|(act, _)| cells(act.row().title_in(model.lang))).max().unwrap_or(0).min(30);
    let notes_at = 6 + keys_wide + titles_wide;
    let room = usize::from(above.width.saturating_sub(notes_at));
    let mut notes: Vec<Vec<String>> = seen
        .iter()
        .map(|(act, _)| {
            let note = told_of(model, *act);
            textwrap::wrap(&note, room.max(10)).into_iter().map(Cow::into_owned).collect()
        })
        .collect();
    // What is long is told in full where there are rows for it.
    let high: usize = notes.iter().map(|lines| lines.len().max(1)).sum();
    if room < 10 || high > usize::from(above.height.saturating_sub(2)) {
        notes = seen.iter().map(|(act, _)| vec![told_of(model, *act)]).collect();
    }
    let rows = u16::try_from(notes.iter().map(|lines| lines.len().max(1)).sum::<usize>()).unwrap_or(u16::MAX);
    let keys = keymap::show(&model.prefix);
    let title = model.prefix_about().map_or_else(|| keys.clone(), |about| format!("{keys}  {about}"));
    let area = band(paint, above, rows, &title);
    let mut y = area.y;
    for ((act, keys), lines) in seen.iter().zip(&notes) {
        if y >= area.bottom() {
            break;
        }
        paint.text(area.x + 2, y, keys_wide, keys, theme.key);
        let title = act.row().title_in(model.lang);
        paint.text(area.x + 4 + keys_wide, y, titles_wide, title, theme.plain);
        let x = area.x + notes_at;
        for (line, y) in lines.iter().zip(y..area.bottom()) {
            paint.text(x, y, area.right().saturating_sub(x), line, theme.dim);
        }
        y += u16::try_from(lines.len().max(1)).unwrap_or(1);
    }
}

/// What is said of an action behind a prefix: of a status, what the vendor will be told.
fn told_of(model: &Model, act: Act) -> String {
    match act {
        Act::StatusNew => model.status_note(Status::New),
        Act::StatusOpen => model.status_note(Status::Open),
        Act::StatusPending => model.status_note(Status::Pending),
        Act::StatusOnHold => model.status_note(Status::OnHold),
        Act::StatusResolved => model.status_note(Status::Resolved),
        _ => model.not_here(act).unwrap_or_else(|| model.lang.tr(act.row().help).to_owned()),
    }
}
