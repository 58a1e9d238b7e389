//! The report: figures with median and p90, the formula of the selected one beneath, and what it is made of.

use chrono::TimeDelta;
use ratatui::layout::Rect;

use super::paint::Paint;
use crate::{
    app::{
        Model,
        actions::{Act, place},
        report::ReportLine,
        words,
    },
    domain::{
        Time,
        lang::tr,
        report::{By, Item, Source, length},
        text::{SafeText, fit},
    },
};

/// Draws it.
pub fn draw(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) {
    let theme = paint.theme.clone();
    let demo = if model.options.demo { " DEMO" } else { "" };
    let screen = &model.report;
    let by = match screen.by {
        By::All => "",
        By::Channel => model.lang.tr(", by channel"),
        By::Agent => model.lang.tr(", by agent"),
        By::Label => model.lang.tr(", by label"),
    };
    let days = if screen.days == 1 {
        model.lang.tr("last day").to_owned()
    } else {
        tr!(model.lang, "last {days} days", days = screen.days)
    };
    let key = |act| model.key(place::REPORT, act);
    let hint = tr!(
        model.lang,
        "  {fewer} {more} days  {by} by",
        fewer = key(Act::ReportShorter),
        more = key(Act::ReportLonger),
        by = key(Act::ReportBy)
    );
    paint.pieces(
        area.x,
        area.y,
        area.width,
        &[
            (demo, theme.alarm),
            (&tr!(model.lang, " Report  {days}{by}", days, by), theme.strong),
            (&hint, theme.dim),
        ],
    );
    paint.rule(area.x, area.y + 1, area.width, theme.line(), theme.rule);
    let formula = formula(model, usize::from(area.width).saturating_sub(2));
    let beneath = u16::try_from(formula.len()).unwrap_or(0) + 1;
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2 + beneath), ..area };
    match screen.opened {
        Some(at) => items(paint, model, now, at, body),
        None if screen.figures.is_none() => {
            paint.text(
                area.x + 2,
                body.y,
                area.width.saturating_sub(2),
                model.lang.tr("reading the log ..."),
                theme.dim,
            );
        }
        None => figures(paint, model, body),
    }
    paint.rule(area.x, body.bottom(), area.width, theme.line(), theme.rule);
    for (line, y) in formula.iter().zip(body.bottom() + 1..area.bottom()) {
        paint.text(area.x + 1, y, area.width.saturating_sub(1), line, theme.dim);
    }
}

/// The formula of the selected figure.
fn formula(model: &Model, width: usize) -> Vec<String> {
    let Some((_, figure)) = model.report.figure() else { return Vec::new() };
    let text =
        format!("{} = {}", model.lang.word("figure", figure.as_str()), model.lang.tr(figure.formula()));
    textwrap::wrap(&text, width.max(20)).into_iter().map(std::borrow::Cow::into_owned).collect()
}

fn figures(paint: &mut Paint<'_>, model: &Model, area: Rect) {
    let theme = paint.theme.clone();
    let lines = model.report.lines();
    let selected = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| matches!(line, ReportLine::Figure { .. }))
        .nth(model.report.selected)
        .map_or(0, |(at, _)| at);
    let height = usize::from(area.height).max(1);
    // Page by page, as the list: a step redraws two lines, not all.
    let first = selected - selected % height;
    let name_width = usize::from(area.width).saturating_sub(32).clamp(16, 44);
    for ((at, line), y) in lines.iter().enumerate().skip(first).take(height).zip(area.y..) {
        let (text, style) = match line {
            ReportLine::Title { title, lengths } => {
                let columns = if *lengths {
                    format!(" {:>10} {:>10}", model.lang.tr("median"), "p90")
                } else {
                    String::new()
                };
                (
                    format!(
                        "{} {:>6}{columns}",
                        fit(model.lang.word("report", title), name_width, "…").as_str(),
                        "n"
                    ),
                    theme.strong,
                )
            }
            ReportLine::Figure { group, figure, value } => {
                let name = model.lang.word("figure", figure.as_str()).replace('_', " ");
                let name = if model.report.by == By::All {
                    name
                } else {
                    format!("{name}, {}", model.lang.word("group", group))
                };
                let name = fit(&format!("  {}", SafeText::line(&name)), name_width, "…");
                let shown = |it: Option<TimeDelta>| it.map_or_else(|| "n/a".to_owned(), length);
                let columns = if figure.is_length() {
                    format!(" {:>10} {:>10}", shown(value.median), shown(value.p90))
                } else {
                    String::new()
                };
                (format!("{} {:>6}{columns}", name.as_str(), value.n), theme.plain)
            }
        };
        paint.text(area.x, y, 1, if at == selected { ">" } else { " " }, theme.cursor);
        paint.text(area.x + 1, y, area.width.saturating_sub(1), &text, style);
    }
}

fn items(paint: &mut Paint<'_>, model: &Model, now: Time, selected: usize, area: Rect) {
    let theme = paint.theme.clone();
    let items = model.report.items();
    let height = usize::from(area.height).max(1);
    let first = selected - selected % height;
    for ((at, item), y) in items.iter().enumerate().skip(first).take(height).zip(area.y..) {
        paint.text(area.x, y, 1, if at == selected { ">" } else { " " }, theme.cursor);
        paint.text(area.x + 1, y, area.width.saturating_sub(1), &item_line(model, item, now), theme.plain);
    }
}

fn item_line(model: &Model, item: &Item, now: Time) -> String {
    let zone = model.options.zone;
    let mut parts =
        vec![format!("{:>5}", item.conversation.0), words::moment(model.lang, item.to, zone, now)];
    parts.extend(item.length.map(|it| format!("{:>9}", length(it))));
    parts.extend(
        item.due
            .map(|due| tr!(model.lang, "was due {at}", at = words::moment(model.lang, due.at, zone, now))),
    );
    parts.extend(item.who.clone());
    parts.push(model.report.name(item.conversation).to_owned());
    parts.extend(item.sources.iter().map(|source| match source {
        Source::Message(n) => format!("#{n}"),
        Source::Event(n) => tr!(model.lang, "event {n}", n),
    }));
    parts.join("  ")
}
