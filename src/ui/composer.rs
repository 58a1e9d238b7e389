//! The composer between its borders, which say who will read it; the review bar under it.

use ratatui::{
    layout::{Position, Rect},
    widgets::Widget,
};

use super::paint::{Paint, cells};
use crate::{
    app::{Model, preflight::Level, review::Verdict, words},
    domain::{Conversation, DraftKind, Gate, Time, lang::tr, text::SafeText},
};

/// A name that is longer gives way at its end for what stands beside it; `TO CUSTOMER Maximiliana F…` is left of it.
const NAME: u16 = 24;

/// Draws it into the last rows of `area`; answers where the cursor stands.
pub fn draw(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) -> Option<Position> {
    let composer = model.composer.as_ref()?;
    let theme = paint.theme.clone();
    let height = u16::try_from(model.composer_height()).unwrap_or(u16::MAX).min(area.height);
    let top = area.bottom() - height;
    let row = composer.to.and_then(|id| model.known(id));
    let (fill, mut parts) = row.map_or_else(
        || match model.once {
            Some(_) => {
                let taken = if model.options.demo { 14 } else { 6 };
                ('#', vec![model.once_border(usize::from(area.width).saturating_sub(taken))])
            }
            None => ('#', vec![tr!(model.lang, "TO {reader}", reader = model.form_recipient())]),
        },
        |row| model.border(row, composer.kind, composer.goes_anyway()),
    );
    let elsewhere = model.written_elsewhere();
    let goes = |row: &Conversation| match row.gate.at(now) {
        Gate::Open | Gate::Unknown => true,
        Gate::TemplateOnly => composer.template.is_some(),
        _ => false,
    };
    let shut = elsewhere.is_some() || row.is_some_and(|row| !goes(row));
    let style = match composer.kind {
        DraftKind::Note => theme.note,
        DraftKind::Reply if shut => theme.shut,
        DraftKind::Reply | DraftKind::Once => theme.public,
    };
    // Who reads it is named by a text that cannot be written here, too.
    if elsewhere.is_some() {
        parts.truncate(1);
    }
    // Right after the reader, so that nothing takes its place.
    if model.options.demo {
        parts.insert(1, "DEMO".into());
    }
    if composer.kind == DraftKind::Reply && !shut && composer.template.is_none() {
        let most = model.descriptor(&composer.channel).and_then(|it| it.capabilities.max_text);
        if let Some(most) = most {
            parts.push(format!("{}/{most}", composer.body().chars().count()));
        }
    }
    if let Some(elsewhere) = elsewhere {
        parts.push(elsewhere);
    } else if let Some(at) = composer.saved_at {
        parts.push(tr!(
            model.lang,
            "saved {at}",
            at = at.with_timezone(&model.options.zone).format("%H:%M:%S")
        ));
    }
    let long = row.is_some_and(|row| cells(&row.counterpart.name) > NAME);
    let rest = border(paint, Rect { y: top, height: 1, ..area }, fill, &parts, long, style);

    let review = u16::try_from(model.review_height()).unwrap_or(0);
    let carried = model.carried();
    let extra = u16::try_from(carried.len()).unwrap_or(u16::MAX);
    let rows = height.saturating_sub(2 + extra + review).max(1);
    let gutter = fill.to_string();
    for y in top + 1..top + 1 + rows {
        paint.text(area.x, y, 1, &gutter, style);
    }
    let field = Rect { x: area.x + 2, y: top + 1, width: area.width.saturating_sub(2), height: rows };
    let field_shown = field.intersection(paint.buf.area);
    (&composer.text).render(field_shown, paint.buf);
    marks(paint, field_shown);
    let at = composer.text.screen_cursor();
    let (scrolled, _) = composer.text.scroll_offset();
    let column = u16::try_from(at.col).unwrap_or(u16::MAX).min(field.width.saturating_sub(1));
    let line = u16::try_from(at.row).unwrap_or(u16::MAX).saturating_sub(scrolled).min(rows - 1);
    let cursor = Position { x: field.x + column, y: field.y + line };
    let mut y = top + 1 + rows;
    for line in &carried {
        paint.text(area.x, y, 1, &gutter, style);
        paint.text(area.x + 2, y, area.width.saturating_sub(2), line, theme.plain);
        y += 1;
    }
    if y < area.bottom() {
        paint.rule(area.x, y, area.width, &gutter, style);
    }
    if !rest.is_empty() && y < area.bottom() {
        let line = format!("{gutter}{gutter}{gutter} {} ", rest.join(&format!(" {gutter}{gutter} ")));
        let used = cells(&line).min(area.width);
        paint.clear(Rect { y, width: used, height: 1, ..area });
        paint.text(area.x, y, used, &line, style);
    }
    if model.review.is_some() {
        self::review(paint, model, Rect { y: y + 1, height: review, ..area });
        return None;
    }
    Some(cursor)
}

/// The widget draws its text as it is; what could not be seen, or would turn the line round, shows as a mark. The text
/// itself stays: it may be the customer's own words in a quote.
fn marks(paint: &mut Paint<'_>, area: Rect) {
    let mark = if paint.theme.utf8 { "\u{fffd}" } else { "?" };
    for position in area.positions() {
        let cell = &mut paint.buf[position];
        if SafeText::line(cell.symbol()).as_str() != cell.symbol() {
            cell.set_symbol(mark);
        }
    }
}

/// `### TO … ## saved 21:52:02 #`, filled up. What has no room there is given back: the lower border has it.
fn border(
    paint: &mut Paint<'_>,
    Rect { x, y, width, .. }: Rect,
    fill: char,
    parts: &[String],
    long: bool,
    style: ratatui::style::Style,
) -> Vec<String> {
    let between = format!(" {fill}{fill} ");
    // As much as has room beside the reader: the vendor's name gives way for it, and so does the end of a long name.
    let room = |kept: usize| {
        let beside: u16 = parts[1..kept].iter().map(|part| cells(part) + cells(&between)).sum();
        width.saturating_sub(5 + beside)
    };
    let fits = |kept: &usize| {
        let head = squeeze(&parts[0], room(*kept));
        let whole = head.split_once('\u{2026}').is_none_or(|(name, _)| long && cells(name) >= NAME);
        cells(&head) <= room(*kept) && whole
    };
    let least = if parts.get(1).is_some_and(|part| part == "DEMO") { 2 } else { 1 };
    let kept = (least..=parts.len()).rev().find(fits).unwrap_or(least);
    let mut text = format!("{fill}{fill}{fill} {}", squeeze(&parts[0], room(kept)));
    for part in &parts[1..kept] {
        text.push_str(&between);
        text.push_str(part);
    }
    text.push(' ');
    let rest = parts[kept..].to_vec();
    paint.text(x, y, width, &text, style);
    let used = cells(&text).min(width);
    paint.rule(x + used, y, width - used, &fill.to_string(), style);
    rest
}

/// A sentence that names reader, number and channel in fewer columns: first the vendor's name goes, then the middle of
/// the reader's.
pub(super) fn squeeze(text: &str, width: u16) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    let Some((reader, way)) = text.rsplit_once(" via ") else { return text.to_owned() };
    let end = if way.ends_with('?') { "?" } else { "" };
    let way = format!(" via {}{end}", way.trim_end_matches('?').split(" (").next().unwrap_or_default());
    let number = reader.rfind(" (").map_or("", |at| &reader[at..]);
    let name = reader.strip_suffix(number).unwrap_or(reader);
    let room = width.saturating_sub(cells(number) + cells(&way));
    let mut name = SafeText::line(name).into_string();
    if cells(&name) > room && room > 1 {
        while cells(&name) >= room {
            name.pop();
        }
        name.push('\u{2026}');
    }
    format!("{name}{number}{way}")
}

/// The bar where there is room for little else: what was found, what may be done, who reads it.
pub fn tight_review(paint: &mut Paint<'_>, model: &Model, area: Rect) {
    let Some(review) = &model.review else { return };
    let theme = paint.theme.clone();
    let mut y = area.y;
    for finding in review.findings.iter().take(usize::from(area.height)) {
        let style = if finding.level == Level::Red { theme.alarm } else { theme.notice };
        paint.text(area.x, y, area.width, &finding.text, style);
        y += 1;
    }
    let rest = area.bottom().saturating_sub(y);
    if rest > u16::try_from(model.review_offer_lines().len()).unwrap_or(u16::MAX) {
        paint.text(area.x, y, area.width, &squeeze(&model.review_question(), area.width), theme.strong);
        y += 1;
    }
    offers(paint, model, Rect { y, height: area.bottom().saturating_sub(y), ..area });
}

/// What may be done; the first line is what sends.
fn offers(paint: &mut Paint<'_>, model: &Model, area: Rect) {
    let theme = paint.theme.clone();
    for (at, (line, y)) in model.review_offer_lines().iter().zip(area.y..area.bottom()).enumerate() {
        let style = if at == 0 { theme.key } else { theme.plain };
        paint.text(area.x + 1, y, area.width.saturating_sub(1), line, style);
    }
}

/// The review bar.
fn review(paint: &mut Paint<'_>, model: &Model, area: Rect) {
    let (Some(review), Some(composer)) = (&model.review, &model.composer) else { return };
    let theme = paint.theme.clone();
    // A template's words are the vendor's.
    let text = composer.template.is_none().then(|| composer.body());
    let words = text.map(|text| words::count(model.lang, text.split_whitespace().count(), "word", "words"));
    let lang = composer.to.and_then(|id| model.known(id)).and_then(|row| row.lang.as_deref());
    let lang = lang.map(|lang| lang.get(..2).unwrap_or(lang).to_owned()).filter(|_| words.is_some());
    let beside = words.into_iter().chain(lang).collect::<Vec<_>>().join(", ");
    let style = match review.verdict() {
        Verdict::Clean => theme.strong,
        Verdict::Amber => theme.notice,
        Verdict::Red => theme.alarm,
    };
    // The reader, the number and the channel come before the count of words.
    let question = squeeze(&model.review_question(), area.width.saturating_sub(2));
    paint.text(area.x + 1, area.y, area.width.saturating_sub(1), &question, style);
    if cells(&question) + cells(&beside) + 3 <= area.width {
        paint.right(area.x, area.y, area.width, &beside, theme.dim);
    }
    let mut y = area.y + 1;
    for finding in &review.findings {
        let (mark, style) = match finding.level {
            Level::Amber => (" ? ", theme.notice),
            Level::Red => (" ! ", theme.alarm),
        };
        for (at, line) in model.finding_text(finding).iter().enumerate() {
            let mark = if at == 0 { mark } else { "   " };
            paint.pieces(area.x, y, area.width, &[(mark, style), (line, style)]);
            y += 1;
        }
        if review.viewing {
            for line in model.finding_lines(finding) {
                paint.pieces(area.x, y, area.width, &[("     ", theme.plain), (&line, theme.plain)]);
                y += 1;
            }
        }
    }
    if let Some(promise) = model.review_promise() {
        paint.pieces(area.x, y, area.width, &[(" + ", theme.public), (&promise, theme.public)]);
        y += 1;
    }
    if let Some(then) = model.review_then() {
        paint.text(area.x + 1, y, area.width - 1, &then, theme.strong);
        y += 1;
    }
    offers(paint, model, Rect { y, height: area.bottom().saturating_sub(y), ..area });
}
