//! Pop-ups: a band over the lines above the footer, with a rule on top.

use std::fmt::Write as _;

use ratatui::layout::{Position, Rect};

use super::paint::{Paint, cells};
use crate::{
    app::{
        Model,
        actions::{Act, place},
        keymap,
    },
    domain::{
        Status,
        text::{SafeText, columns},
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
            "Esc closes this".to_owned()
        } else {
            format!("{} {}   {} leave it", key(Act::Confirm), ask.yes, key(Act::Decline))
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
            paint.text(above.x + 2, y - 1, cells(title) + 2, &format!("[{title}]"), theme.strong);
        }
    } else {
        paint.clear(Rect { y, height: rows, ..above });
    }
    Rect { y, height: rows, ..above }
}

fn picker(paint: &mut Paint<'_>, model: &Model, picker: &crate::app::popup::Picker, above: Rect) -> Position {
    let theme = paint.theme.clone();
    let preview = model.picker_preview();
    let below_choices = if preview.is_empty() { 0 } else { u16::try_from(preview.len()).unwrap_or(0) + 1 };
    let most = (above.height.saturating_sub(4 + below_choices)).clamp(1, 12);
    let note = u16::from(!picker.note.is_empty());
    let rows = u16::try_from(picker.choices.len()).unwrap_or(u16::MAX).min(most);
    let area = band(paint, above, 1 + note + rows + below_choices, "");
    let prompt = format!(" {} ", picker.prompt());
    let x = paint.pieces(area.x, area.y, area.width, &[(&prompt, theme.key)]);
    let room = (area.x + area.width).saturating_sub(x + 1);
    let before: String = picker.text().chars().take(picker.input.cursor().1).collect();
    let at = u16::try_from(columns(&SafeText::line(&before))).unwrap_or(0);
    let skip = at.saturating_sub(room.saturating_sub(1));
    let shown: String = picker.text().chars().skip(usize::from(skip)).collect();
    paint.text(x, area.y, room, &shown, theme.plain);
    if note > 0 {
        let mark = picker.wrong_at().map(|at| (x - area.x).saturating_add(u16::try_from(at).unwrap_or(0)));
        match mark.filter(|mark| *mark + 12 < area.width && skip == 0) {
            // What is wrong stands under the term that it is about, where it fits there.
            Some(mark) => {
                paint.text(area.x + mark, area.y + 1, 1, "^", theme.alarm);
                let note = format!(" {}", picker.note);
                paint.text(area.x + mark + 1, area.y + 1, area.width - mark - 2, &note, theme.alarm);
            }
            None => {
                paint.text(area.x + 1, area.y + 1, area.width.saturating_sub(1), &picker.note, theme.dim);
            }
        }
    }
    let first = picker.chosen.saturating_sub(usize::from(rows.saturating_sub(1)));
    for (at, choice) in picker.choices.iter().enumerate().skip(first).take(usize::from(rows)) {
        let y = area.y + 1 + note + u16::try_from(at - first).unwrap_or(0);
        let style = if choice.enabled { theme.plain } else { theme.dim };
        if at == picker.chosen {
            paint.text(area.x, y, 1, ">", theme.cursor);
        }
        let beside = cells(&choice.beside).min(area.width / 2);
        let digits = picker.choices.iter().any(|choice| choice.digit.is_some());
        let indent = if digits { 4 } else { 2 };
        if let Some(digit) = choice.digit {
            paint.text(area.x + 2, y, 1, &digit.to_string(), theme.key);
        }
        let room = area.width.saturating_sub(beside + indent + 1);
        paint.text(area.x + indent, y, room, &choice.title, style);
        paint.right(area.x + area.width - beside, y, beside, &choice.beside, theme.key);
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

/// What can follow a prefix key; a status says what the vendor will be told.
fn prefix(paint: &mut Paint<'_>, model: &Model, above: Rect) {
    let theme = paint.theme.clone();
    let follow = model.keymap.following(model.place(), &model.prefix);
    let mut seen: Vec<(Act, String)> = Vec::new();
    for (keys, act) in follow {
        let spelled = keymap::show(&keys);
        match seen.iter_mut().find(|(known, _)| *known == act) {
            Some((_, all)) if all.len() < 12 => _ = write!(all, ", {spelled}"),
            Some(_) => {}
            None => seen.push((act, spelled)),
        }
    }
    let rows = u16::try_from(seen.len()).unwrap_or(u16::MAX);
    let area = band(paint, above, rows, &keymap::show(&model.prefix));
    for ((act, keys), y) in seen.iter().zip(area.y..area.bottom()) {
        let row = act.row();
        let note = match act {
            Act::StatusNew => model.status_note(Status::New),
            Act::StatusOpen => model.status_note(Status::Open),
            Act::StatusPending => model.status_note(Status::Pending),
            Act::StatusOnHold => model.status_note(Status::OnHold),
            Act::StatusResolved => model.status_note(Status::Resolved),
            _ => row.help.to_owned(),
        };
        paint.text(area.x + 2, y, 14, keys, theme.key);
        paint.text(area.x + 16, y, 24, row.title, theme.plain);
        paint.text(area.x + 41, y, area.width.saturating_sub(42), &note, theme.dim);
    }
}
