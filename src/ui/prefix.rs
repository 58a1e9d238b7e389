//! The pop-up after a prefix key: what can follow it, and what that would tell.

use std::{borrow::Cow, fmt::Write as _};

use ratatui::layout::Rect;

use super::{
    paint::{Paint, cells},
    popup::band,
};
use crate::{
    app::{Model, actions::Act, keymap},
    domain::Status,
};

/// Ten keys that do the same.
const DIGITS: &str = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9";

/// What can follow a prefix key; a status says what the vendor will be told.
pub(super) fn draw(paint: &mut Paint<'_>, model: &Model, above: Rect) {
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
    let keys = keymap::show(&model.prefix);
    let title = model.prefix_about().map_or_else(|| keys.clone(), |about| format!("{keys}  {about}"));
    if seen.len() >= usize::from(above.height) {
        return beside(paint, model, above, &title, &seen);
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

/// What can follow, where that is more than there are rows: beside one another, and below what a vendor will be told.
fn beside(paint: &mut Paint<'_>, model: &Model, above: Rect, title: &str, seen: &[(Act, String)]) {
    let theme = paint.theme.clone();
    let most = usize::from(above.height.saturating_sub(1)).max(1);
    let wide = usize::from(above.width) / seen.len().div_ceil(most);
    let high = seen.len().div_ceil(usize::from(above.width) / wide);
    let here = model.lang.tr("here only");
    let told: Vec<String> = seen
        .iter()
        .filter(|(act, _)| is_status(*act) && !told_of(model, *act).starts_with(here))
        .map(|(act, keys)| format!("{keys}: {}", told_of(model, *act)))
        .take(most - high)
        .collect();
    let rows = u16::try_from(high + told.len()).unwrap_or(u16::MAX);
    let area = band(paint, above, rows, title);
    let wide = u16::try_from(wide).unwrap_or(u16::MAX);
    for (column, x) in seen.chunks(high).zip((area.x..).step_by(usize::from(wide))) {
        let keys_wide = column.iter().map(|(_, keys)| cells(keys)).max().unwrap_or(0).min(9);
        for ((act, keys), y) in column.iter().zip(area.y..) {
            let style = if model.not_here(*act).is_some() { theme.dim } else { theme.plain };
            paint.text(x + 1, y, keys_wide, keys, theme.key);
            let title = act.row().title_in(model.lang);
            paint.text(x + 2 + keys_wide, y, wide.saturating_sub(3 + keys_wide), title, style);
        }
    }
    for (line, y) in told.iter().rev().zip((area.y..area.bottom()).rev()) {
        paint.text(area.x + 1, y, area.width.saturating_sub(1), line, theme.dim);
    }
}

fn is_status(act: Act) -> bool {
    use Act::{StatusNew, StatusOnHold, StatusOpen, StatusPending, StatusResolved};
    matches!(act, StatusNew | StatusOpen | StatusPending | StatusOnHold | StatusResolved)
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
