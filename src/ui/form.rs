//! The form of a new conversation.

use ratatui::layout::{Position, Rect};

use super::paint::Paint;
use crate::app::{Model, form::Field};
use crate::domain::{channel::Ask, lang::tr};

/// Draws the fields; answers where the cursor stands and how many rows they took.
pub fn draw(paint: &mut Paint<'_>, model: &Model, area: Rect) -> (Option<Position>, u16) {
    let theme = paint.theme.clone();
    let Some(form) = &model.form else { return (None, 0) };
    let demo = if model.options.demo { " DEMO" } else { "" };
    paint.pieces(
        area.x,
        area.y,
        area.width,
        &[(demo, theme.alarm), (model.lang.tr(" New conversation"), theme.strong)],
    );
    paint.rule(area.x, area.y + 1, area.width, theme.line(), theme.rule);
    let mut cursor = None;
    let mut y = area.y + 2;
    for (field, name) in form.fields() {
        if field == Field::Text {
            continue;
        }
        let active = form.field == field;
        paint.text(area.x, y, 1, if active { ">" } else { " " }, theme.cursor);
        paint.text(area.x + 2, y, 10, model.lang.word("field", name), theme.dim);
        let (value, beside) = value(model, field);
        paint.text(area.x + 13, y, area.width.saturating_sub(13), &value, theme.plain);
        let x = area.x + 13 + super::paint::cells(&value).min(area.width.saturating_sub(14));
        paint.text(x + 2, y, (area.x + area.width).saturating_sub(x + 2), &beside, theme.dim);
        if active {
            let at = u16::try_from(form.cursor()).unwrap_or(0);
            cursor = Some(Position { x: area.x + 13 + at, y });
        }
        y += 1;
        // Who reads it where nobody is to be named.
        if field == Field::Channel
            && let Some(reader) = &form.descriptor().manner.addressee
        {
            paint.text(area.x + 2, y, 10, model.lang.word("field", "to"), theme.dim);
            paint.text(area.x + 13, y, area.width.saturating_sub(13), model.lang.tr(reader), theme.plain);
            y += 1;
        }
        if active
            && model.review.is_none()
            && let Some(choices) = model.form_choices()
        {
            let width = usize::from(area.width.saturating_sub(13)).max(8);
            for line in textwrap::wrap(&choices, width).iter().take(if area.height > 18 { 6 } else { 3 }) {
                paint.text(area.x + 13, y, area.width.saturating_sub(13), line, theme.dim);
                y += 1;
            }
        }
    }
    (cursor, y - area.y)
}

fn value(model: &Model, field: Field) -> (String, String) {
    let Some(form) = &model.form else { return Default::default() };
    let typed = form.value(field).to_owned();
    match field {
        Field::Channel => {
            let via = model.via(&form.descriptor().name);
            let place =
                tr!(model.lang, "{channel} of {n}", channel = form.channel + 1, n = form.channels.len());
            match form.channel_missing(model.lang) {
                Some(missing) => (typed, missing),
                None if !typed.is_empty() => (typed, format!("= {via}")),
                None if form.field == field => {
                    (via, tr!(model.lang, "{place}: type to choose, or Left Right", place))
                }
                None => (via, String::new()),
            }
        }
        Field::Category => {
            let beside = match model.form_category() {
                Some(category) if category != typed => format!("= {category}"),
                Some(_) => String::new(),
                None if typed.is_empty() => model.lang.tr("type to choose").into(),
                None => model.lang.tr("no category is called so").into(),
            };
            (typed, beside)
        }
        Field::Title => {
            let most = form.descriptor().capabilities.max_title.unwrap_or(50);
            let beside = format!("{}/{most}", typed.chars().count());
            (typed, beside)
        }
        Field::To if form.asks(Ask::Number) && typed.is_empty() => {
            (typed, model.lang.tr("with its country: 5511987654321").into())
        }
        Field::Template => match model.composer.as_ref().and_then(|it| it.template.as_ref()) {
            Some(used) => (format!("{} {}", used.name, used.language), used.parameters.join(" | ")),
            None => (typed, model.template_missing(form.descriptor())),
        },
        _ => (typed, String::new()),
    }
}
