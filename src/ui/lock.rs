//! The locked screen: since when, and how it opens. Nothing else.

use ratatui::layout::Rect;

use super::paint::{Paint, cells};
use crate::app::{
    Model,
    actions::{Act, place},
    words,
};
use crate::domain::lang::tr;

/// Draws it over everything.
pub fn draw(paint: &mut Paint<'_>, model: &Model, area: Rect) {
    let theme = paint.theme.clone();
    let Some(locked) = &model.locked else { return };
    let since = words::clock(model.lang, locked.since, model.options.zone, model.now);
    let key = model.keymap.key_of(place::LOCKED, Act::Unlock).unwrap_or_default();
    let how = match (model.options.has_pin(), locked.again) {
        (true, false) => tr!(model.lang, "your word, then {key}, opens it", key),
        (true, true) => tr!(model.lang, "that was not the word   your word, then {key}, opens it", key),
        (false, false) => tr!(model.lang, "{key} twice opens it", key),
        (false, true) => tr!(model.lang, "{key} once more opens it", key),
    };
    let y = area.height / 2;
    for (text, y, style) in [
        (tr!(model.lang, "deskline is locked since {since}", since), y - 1, theme.strong),
        (how, y + 1, theme.dim),
    ] {
        let width = cells(&text).min(area.width);
        paint.text((area.width - width) / 2, y, width, &text, style);
    }
}
