//! A file in a pane. A picture is drawn by the terminal where it can, else of half blocks: two points in a cell, in
//! colours that the terminal has proved.

use ratatui::{
    layout::Rect,
    style::{Color, Style},
};

use super::{
    paint::{Paint, Placed},
    theme::Pictures,
};
use crate::{
    app::{Model, preview::PreviewBody},
    domain::text::SafeText,
};

/// Draws it over `area`.
pub fn draw(paint: &mut Paint<'_>, model: &Model, area: Rect) {
    let theme = paint.theme.clone();
    let Some(preview) = &model.preview else { return };
    paint.clear(area);
    paint.text(area.x + 1, area.y, area.width.saturating_sub(1), &preview.title, theme.strong);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let width = usize::from(body.width.saturating_sub(2)).max(1);
    if let (Some(PreviewBody::Picture { width, height, points }), Pictures::Terminal { cell }) =
        (&preview.body, theme.pictures)
    {
        let area = fitting(body, cell, (*width, *height));
        paint.placed = Some(Placed { area, width: *width, height: *height, points: points.clone() });
        return;
    }
    let lines: Vec<String> = match &preview.body {
        None => vec![model.lang.tr("reading the file ...").into()],
        Some(PreviewBody::Nothing(why)) => wrapped(why, width),
        Some(PreviewBody::Text(text)) => wrapped(SafeText::block(text).as_str(), width),
        Some(PreviewBody::Picture { width: across, height: down, points })
            if theme.truecolor && theme.utf8 =>
        {
            return picture(paint, body, *across, *down, points);
        }
        Some(PreviewBody::Picture { .. }) => wrapped(
            model.lang.tr(
                "a picture: this terminal has proved neither pictures nor all colours (COLORTERM=truecolor)",
            ),
            width,
        ),
    };
    let top = preview.top.min(lines.len().saturating_sub(1));
    for (line, y) in lines.iter().skip(top).zip(body.y..body.bottom()) {
        paint.text(body.x + 1, y, body.width.saturating_sub(1), line, theme.plain);
    }
}

/// The cells of a picture that is as large as it fits, its proportions kept.
fn fitting(room: Rect, cell: (u16, u16), of: (u32, u32)) -> Rect {
    let (cell_x, cell_y) = (u64::from(cell.0.max(1)), u64::from(cell.1.max(1)));
    let (across, down) = (u64::from(of.0.max(1)), u64::from(of.1.max(1)));
    let (most_x, most_y) = (u64::from(room.width) * cell_x, u64::from(room.height) * cell_y);
    // Whichever side is the tighter one decides.
    let (x, y) = if across * most_y > down * most_x {
        (most_x, down * most_x / across)
    } else {
        (across * most_y / down, most_y)
    };
    let cells = |points: u64, cell: u64, most: u16| {
        u16::try_from(points.div_ceil(cell)).unwrap_or(most).clamp(1, most.max(1))
    };
    Rect { width: cells(x, cell_x, room.width), height: cells(y, cell_y, room.height), ..room }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    text.lines().flat_map(|line| textwrap::wrap(line, width)).map(std::borrow::Cow::into_owned).collect()
}

/// As large as it fits, its proportions kept.
fn picture(paint: &mut Paint<'_>, area: Rect, across: u32, down: u32, points: &[u8]) {
    let (room_x, room_y) = (u32::from(area.width), u32::from(area.height) * 2);
    if across == 0 || down == 0 || room_x == 0 || room_y == 0 {
        return;
    }
    // Whichever side is the tighter one decides.
    let (columns, rows) = if across * room_y > down * room_x {
        (room_x, (down * room_x / across).max(1))
    } else {
        ((across * room_y / down).max(1), room_y)
    };
    let point = |x: u32, y: u32| {
        let (x, y) = ((x * across / columns).min(across - 1), (y * down / rows).min(down - 1));
        let at = ((y * across + x) * 3) as usize;
        points.get(at..at + 3).map_or(Color::Reset, |rgb| Color::Rgb(rgb[0], rgb[1], rgb[2]))
    };
    for row in 0..rows.div_ceil(2) {
        for column in 0..columns {
            let below = if row * 2 + 1 < rows { point(column, row * 2 + 1) } else { Color::Reset };
            let style = Style::new().fg(point(column, row * 2)).bg(below);
            let place = (u16::try_from(column).ok(), u16::try_from(row).ok());
            if let (Some(x), Some(y)) = place {
                paint.text(area.x + x, area.y + y, 1, "▀", style);
            }
        }
    }
}
