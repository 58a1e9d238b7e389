//! The list: four mark columns, then what a row is about.

use ratatui::layout::Rect;

use super::paint::{Paint, cells};
use crate::{
    app::{
        Model, Screen,
        actions::{Act, place},
        list::List,
        words,
    },
    domain::{Conversation, Direction, Gate, GateEvidence, Lang, Time, lang::tr, preview},
};

/// Where the columns stand at a width.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    lang: bool,
    who: bool,
    wait: bool,
    due: bool,
    customer: u16,
    subject: u16,
}

impl Columns {
    fn at(width: u16) -> Self {
        let (due, lang, who, wait) = (width >= 40, width >= 53, width >= 50, width >= 46);
        // Marks, then each column with the blank that ends it.
        let fixed = 4
            + if due { 7 } else { 0 }
            + 6
            + if lang { 3 } else { 0 }
            + if who { 5 } else { 0 }
            + if wait { 5 } else { 0 };
        let rest = width.saturating_sub(fixed);
        let customer = match width {
            100.. => (rest * 30 / 100).clamp(16, 28),
            72.. => 16,
            // Enough to know a customer by, the rest for the words.
            _ => (rest * 45 / 100).clamp(rest.min(10), 16),
        };
        Self { lang, who, wait, due, customer, subject: rest.saturating_sub(customer + 1) }
    }
}

/// The heads of the columns.
pub fn heads(paint: &mut Paint<'_>, lang: Lang, area: Rect) {
    let columns = Columns::at(area.width);
    let style = paint.theme.dim;
    let mut x = area.x + 4;
    if columns.due {
        paint.right(x, area.y, 6, lang.word("column", "DUE"), style);
        x += 7;
    }
    paint.text(x, area.y, 5, lang.word("column", "CH"), style);
    x += 6;
    if columns.lang {
        paint.text(x, area.y, 2, lang.word("column", "LG"), style);
        x += 3;
    }
    paint.text(x, area.y, columns.customer, lang.word("column", "CUSTOMER"), style);
    x += columns.customer + 1;
    let whole = lang.word("column", "SUBJECT / LAST MESSAGE");
    // Where both do not fit, the first one stands for both rather than a piece of a word.
    let fits = cells(whole) <= columns.subject;
    let head = if fits { whole } else { whole.split(" / ").next().unwrap_or(whole) };
    paint.text(x, area.y, columns.subject, head, style);
    x += columns.subject + 1;
    if columns.who {
        paint.text(x, area.y, 4, lang.word("column", "WHO"), style);
        x += 5;
    }
    if columns.wait {
        paint.right(x, area.y, 4, lang.word("column", "WAIT"), style);
    }
}

/// The rows of the page.
pub fn rows(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) {
    let shown = model.list.shown();
    if model.is_first_start() {
        let width = usize::from(area.width.saturating_sub(3)).max(1);
        let lines = model.welcome_lines();
        // A line of the example's kind keeps its beginning.
        let lines = lines.iter().flat_map(|line| {
            let indent = &line[..line.len() - line.trim_start().len()];
            textwrap::wrap(line, textwrap::Options::new(width).subsequent_indent(indent))
        });
        for (line, y) in lines.zip(area.y..area.bottom()) {
            paint.text(area.x + 2, y, area.width.saturating_sub(2), &line, paint.theme.plain);
        }
        return;
    }
    if shown.is_empty() {
        let text = if model.list.loading {
            model.lang.tr("reading the store ...").to_owned()
        } else if model.list.narrowed.search.is_some() || model.list.narrowed.filter.is_some() {
            tr!(
                model.lang,
                "nothing found   {key} ends the search",
                key = model.key(place::LIST, Act::Escape)
            )
        } else {
            tr!(model.lang, "nothing in {title}", title = model.list.title())
        };
        paint.text(area.x + 2, area.y, area.width.saturating_sub(2), &text, paint.theme.dim);
        return;
    }
    let page = shown.iter().skip(model.list.top).take(usize::from(area.height));
    for (row, y) in page.zip(area.y..) {
        one(paint, model, row, now, Rect { y, height: 1, ..area });
    }
}

fn one(paint: &mut Paint<'_>, model: &Model, row: &Conversation, now: Time, area: Rect) {
    let theme = paint.theme.clone();
    let columns = Columns::at(area.width);
    let selected = model.list.selected == Some(row.id);
    let letter = List::letter(row);
    let risk = List::at_risk(row, now);
    // A mark in the gutter moves a few bytes; a row in other colours would move a hundred.
    if selected {
        let cursor = if model.screen == Screen::List { theme.cursor } else { theme.dim };
        paint.text(area.x, area.y, 1, ">", cursor);
    }
    if model.list.marks.contains(&row.id) {
        paint.text(area.x + 1, area.y, 1, "x", theme.strong);
    }
    if risk {
        paint.text(area.x + 2, area.y, 1, "!", theme.alarm);
    }
    let letter_style = match letter {
        'F' | '?' | 'P' => theme.alarm,
        '*' => theme.unread,
        _ => theme.plain,
    };
    paint.text(area.x + 3, area.y, 1, letter.encode_utf8(&mut [0; 4]), letter_style);
    let mut x = area.x + 4;
    if columns.due {
        let due =
            row.next_due().map_or_else(|| "--".into(), |(at, clock)| words::due(model.lang, at, clock, now));
        paint.right(x, area.y, 6, &due, if risk { theme.alarm } else { theme.plain });
        x += 7;
    }
    paint.text(x, area.y, 4, model.short(&row.channel), theme.dim);
    paint.text(x + 4, area.y, 1, side(row, now), theme.plain);
    x += 6;
    if columns.lang {
        let lang = row.lang.as_deref().and_then(|lang| lang.get(..2)).unwrap_or("");
        paint.text(x, area.y, 2, lang, theme.dim);
        x += 3;
    }
    let name_style = if row.unread > 0 { theme.unread } else { theme.plain };
    paint.text(x, area.y, columns.customer, customer(row), name_style);
    x += columns.customer + 1;
    paint.text(x, area.y, columns.subject, &subject(model, row, now), theme.plain);
    x += columns.subject + 1;
    if columns.who {
        let who = match row.assignee.as_deref() {
            None => "--",
            Some(who) if who == model.options.me => model.lang.tr("me"),
            Some(who) => who,
        };
        paint.text(x, area.y, 4, who, theme.plain);
        x += 5;
    }
    if columns.wait {
        let wait = row.waiting_since.map_or_else(|| "--".into(), |at| words::age(model.lang, now - at));
        paint.right(x, area.y, 4, &wait, theme.plain);
    }
}

/// `<` they spoke last, `>` we did, `=` cannot send now.
fn side(row: &Conversation, now: Time) -> &'static str {
    if matches!(row.gate.at(now), Gate::Paused | Gate::ReadOnly | Gate::TemplateOnly) {
        return "=";
    }
    match row.last_direction {
        Some(Direction::Inbound) => "<",
        Some(Direction::Outbound) => ">",
        _ => " ",
    }
}

/// Who reads us there.
pub fn customer(row: &Conversation) -> &str {
    if !row.counterpart.name.is_empty() {
        return &row.counterpart.name;
    }
    row.customer.name.as_deref().or(row.customer.id.as_deref()).unwrap_or("unknown")
}

fn subject(model: &Model, row: &Conversation, now: Time) -> String {
    if row.gate.at(now) == Gate::Paused {
        let since = match row.gate {
            GateEvidence::Said { since: Some(at), .. } => {
                tr!(model.lang, " since {at}", at = words::clock(model.lang, at, model.options.zone, now))
            }
            _ => String::new(),
        };
        return tr!(model.lang, "PAUSED by Americanas{since}", since);
    }
    if let Some(why) = model.list.left.get(&row.id).filter(|_| model.list.marks.contains(&row.id)) {
        return why.clone();
    }
    let subject = row.subject.as_deref().unwrap_or_default();
    if let Some(hit) = model.list.hits.get(&row.id) {
        return hit.clone();
    }
    // Where drift is what is looked for, it is what the row says.
    if let (Some((_, query)), Some(drift)) = (&model.list.special, &row.drift)
        && query == "is:drift"
    {
        return drift.clone();
    }
    if row.thanked {
        let words = row.last_line.as_deref().unwrap_or(subject);
        return tr!(model.lang, "THANKS only: {words}", words);
    }
    match row.last_line.as_deref() {
        Some(line) if subject.is_empty() => preview::shown(model.lang, line),
        // What the vendor opened and nobody has written in.
        None if subject.is_empty() => model.lang.tr("no message yet").to_owned(),
        Some(line) if !line.is_empty() && !says_the_same(subject, line) => {
            // A category says little alone: the words follow at once.
            let between = if model.manner(&row.channel).subject_is_category { " " } else { " / " };
            format!("{subject}{between}{}", preview::shown(model.lang, line))
        }
        // The longer of the two says what the other one says.
        Some(line) if line.chars().count() > subject.chars().count() => line.to_owned(),
        _ => subject.to_owned(),
    }
}

/// Whether one of them begins with the other, but for capitals and blanks: a subject is often the first line, cut.
fn says_the_same(subject: &str, line: &str) -> bool {
    let (mut one, mut other) = (letters(subject), letters(line));
    loop {
        match (one.next(), other.next()) {
            (None | Some('…'), _) | (_, None | Some('…')) => return true,
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|it| !it.is_whitespace()).flat_map(char::to_lowercase)
}
