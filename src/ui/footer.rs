//! The last three lines: what was said, what can be taken back, which keys there are.

use ratatui::layout::Rect;

use super::{
    composer::squeeze,
    paint::{Paint, cells},
};
use crate::{
    app::{
        EngineState, Model, Screen,
        actions::{Act, place},
        words,
    },
    domain::{DraftKind, Gate, lang::tr},
};

/// Draws them; a footer of two lines leaves out the first where there is nothing to say.
pub fn draw(paint: &mut Paint<'_>, model: &Model, area: Rect) {
    let theme = paint.theme.clone();
    let said = said(model);
    let safety = model.safety();
    let mut y = area.y;
    let rows = if area.height >= 3 { area.height - u16::from(safety.is_some()) } else { 1 };
    if area.height >= 3 || (area.height == 2 && safety.is_none()) {
        // A sentence that one line does not hold takes the hints' line too, never the safety line.
        let width = usize::from(area.width).saturating_sub(1).max(1);
        let safe = crate::domain::text::SafeText::line(said.as_deref().unwrap_or_default()).into_string();
        let lines = textwrap::wrap(&safe, width);
        for line in lines.iter().take(usize::from(rows)) {
            paint.text(area.x + 1, y, area.width.saturating_sub(1), line, theme.notice);
            y += 1;
        }
        y = y.max(area.y + 1);
        if safety.is_none() && area.height >= 3 {
            y = y.max(area.y + 2);
        }
    }
    if let Some(safety) = safety.as_ref().filter(|_| area.height >= 2) {
        let key = undo_key(model);
        let room = area.width.saturating_sub(cells(&key) + 2);
        paint.text(area.x + 1, y, room, &squeeze(safety, room), theme.safety);
        paint.right(area.x, y, area.width, &key, theme.key);
        y += 1;
    }
    if y < area.bottom() {
        paint.text(area.x + 1, y, area.width.saturating_sub(1), &hints(model, area.width), theme.dim);
    }
}

fn undo_key(model: &Model) -> String {
    let place = model.place();
    let spelled = |key: String| key.replace("Ctrl-", "^");
    model
        .keymap
        .key_of(place, Act::Undo)
        .map_or_else(String::new, |key| tr!(model.lang, "{key} undo", key = spelled(key)))
}

/// What is said: the newest sentence, else what does not go away by itself.
fn said(model: &Model) -> Option<String> {
    model.notice.clone().or_else(|| standing(model))
}

/// What does not go away by itself.
pub fn standing(model: &Model) -> Option<String> {
    if let EngineState::Nobody { since } = model.engine {
        let since = words::clock(model.lang, since, model.options.zone, model.now);
        return Some(tr!(model.lang, "NO ENGINE since {since}: nothing comes or goes", since));
    }
    let at = if model.screen == Screen::Thread { place::THREAD } else { place::LIST };
    let key = |act| model.key(at, act);
    let (marks, hidden) = model.marks();
    if model.list.range.is_some() && model.screen == Screen::List {
        return Some(tr!(
            model.lang,
            "a range begins here: move, then {key} again",
            key = key(Act::MarkRange)
        ));
    }
    if marks > 0 && model.screen == Screen::List {
        let hidden =
            if hidden > 0 { tr!(model.lang, " ({hidden} not on screen)", hidden) } else { String::new() };
        return Some(tr!(
            model.lang,
            "{marks} marked{hidden}  {key} unmark",
            marks,
            hidden,
            key = key(Act::Unmark)
        ));
    }
    if !model.prefix.is_empty() && !model.prefix_shown {
        return Some(format!("{} ...", crate::app::keymap::show(&model.prefix)));
    }
    if model.screen == Screen::List {
        if let Some(search) = &model.list.narrowed.search {
            let scope = if model.list.narrowed.everything {
                model.lang.tr("everything")
            } else {
                model.lang.tr("this view")
            };
            if model.picker.is_some() {
                return Some(tr!(model.lang, "search in {scope}: {search}", scope, search));
            }
            if model.list.rows.is_empty() {
                let end = key(Act::Escape);
                return Some(tr!(
                    model.lang,
                    "search in {scope}: {search}   {end} ends it",
                    scope,
                    search,
                    end
                ));
            }
            return Some(tr!(
                model.lang,
                "search in {scope}: {search}   {next} {previous} next, previous   {end} ends it",
                scope,
                search,
                next = key(Act::NextUnread),
                previous = key(Act::PreviousUnread),
                end = key(Act::Escape)
            ));
        }
        if let Some(filter) = &model.list.narrowed.filter {
            return Some(tr!(model.lang, "filter: {filter}   {key} ends it", filter, key = key(Act::Escape)));
        }
        let arrived = model.list.arrived.len();
        if arrived > 0 {
            let key = model.keymap.key_of(place::LIST, Act::ShowNew).unwrap_or_default();
            return Some(tr!(
                model.lang,
                "{arrived} new: the order is held until you press {key}",
                arrived,
                key
            ));
        }
    }
    if let Some(search) = model.thread.as_ref().and_then(|thread| thread.search.as_ref())
        && model.screen == Screen::Thread
    {
        if model.picker.is_some() {
            return Some(tr!(model.lang, "search: {search}", search));
        }
        return Some(tr!(
            model.lang,
            "search: {search}   {next} {previous} next, previous hit   {end} ends it",
            search,
            next = key(Act::NextUnread),
            previous = key(Act::PreviousUnread),
            end = key(Act::Escape)
        ));
    }
    if let Some(sentence) = model.presence() {
        return Some(sentence);
    }
    model
        .descriptor(&model.composer.as_ref()?.channel)
        .filter(|_| model.review.is_none() && model.composer.as_ref().is_some_and(|it| it.files.len() > 1))
        .map(|_| model.lang.tr("each file is a message of its own, in this order").to_owned())
}

/// The keys of a place that are worth a word, in that order.
fn wanted(place: u16) -> &'static [(Act, &'static str)] {
    match place {
        place::LIST => &[
            (Act::Open, "open"),
            (Act::Reply, "reply"),
            (Act::Note, "note"),
            (Act::Resolve, "resolve"),
            (Act::StatusPending, "status"),
            (Act::AssignMe, "assign"),
            (Act::Search, "search"),
            (Act::Help, "all"),
        ],
        place::THREAD => &[
            (Act::Reply, "reply"),
            (Act::Note, "note"),
            (Act::Resolve, "resolve"),
            (Act::StatusPending, "status"),
            (Act::AssignMe, "assign"),
            (Act::NextConversation, "next"),
            (Act::Back, "back"),
            (Act::Help, "all"),
        ],
        place::WELCOME => &[
            (Act::StartDemo, "demo"),
            (Act::StartTutor, "tutor"),
            (Act::WriteExample, "write an example"),
            (Act::Quit, "leave"),
            (Act::Help, "all"),
        ],
        place::OUTBOX => &[
            (Act::Open, "open"),
            (Act::TakeBack, "take back"),
            (Act::Retry, "try now"),
            (Act::DiscardRow, "discard"),
            (Act::ItIsThere, "it is there"),
            (Act::NotThere, "not there, again"),
            (Act::Back, "back"),
            (Act::Help, "all"),
        ],
        place::REPORT => &[
            (Act::Open, "what it is made of"),
            (Act::ReportShorter, "fewer days"),
            (Act::ReportLonger, "more"),
            (Act::ReportBy, "by"),
            (Act::Back, "back"),
            (Act::Help, "all"),
        ],
        place::PICKER => &[(Act::Accept, "take"), (Act::ChoiceDown, "next"), (Act::ClosePicker, "close")],
        place::FORM => &[
            (Act::NextField, "next field"),
            (Act::PreviousField, "previous"),
            (Act::ReviewBar, "review"),
            (Act::Attach, "attach"),
        ],
        place::ASK => &[(Act::Confirm, "yes"), (Act::Decline, "no")],
        place::PANEL => {
            &[(Act::PanelDown, "down"), (Act::PanelUp, "up"), (Act::ClosePanel, "close"), (Act::Help, "all")]
        }
        _ => &[],
    }
}

/// What the open composer's text can do now.
enum Sending {
    Now,
    /// With a key of its own: it reopens what is closed there.
    Anyway,
    Never,
}

fn sending(model: &Model) -> Sending {
    let Some(composer) = model.composer.as_ref().filter(|it| it.kind == DraftKind::Reply) else {
        return Sending::Now;
    };
    let Some(row) = composer.to.and_then(|id| model.known(id)) else { return Sending::Now };
    match row.gate.at(model.now) {
        Gate::Open | Gate::Unknown => Sending::Now,
        Gate::RemoteClosed if composer.reopen => Sending::Now,
        Gate::RemoteClosed => Sending::Anyway,
        Gate::TemplateOnly if composer.template.is_some() => Sending::Now,
        Gate::TemplateOnly | Gate::Paused | Gate::ReadOnly => Sending::Never,
    }
}

/// Whether the open composer's channel takes files at all.
fn takes_files(model: &Model) -> bool {
    let channel = model.composer.as_ref().and_then(|it| model.descriptor(&it.channel));
    channel.is_some_and(|it| it.capabilities.files.is_some())
}

fn hints(model: &Model, width: u16) -> String {
    let at = model.place();
    if model.ask.as_ref().is_some_and(crate::app::popup::Ask::is_sentence) {
        return model.lang.tr("Esc close").to_owned();
    }
    if at == place::COMPOSER {
        let review = model.key(at, Act::ReviewBar);
        if model.written_elsewhere().is_some() {
            return tr!(model.lang, "t take over   {review} back", review);
        }
        if model.form.is_some() && model.form_is_empty() {
            let back = model.key(at, Act::PreviousField);
            return tr!(model.lang, "{review} close   {back}: fields", review, back);
        }
        let keep = model.key(place::REVIEW, Act::Keep);
        let (act, word) = match model.composer.as_ref().map(|composer| composer.kind) {
            Some(DraftKind::Note) => (Act::SaveNote, "save note"),
            _ => (Act::Send, "send"),
        };
        let word = model.lang.word("hint", word);
        let done = model.key(place::REVIEW, act);
        let mut line = tr!(
            model.lang,
            "{review}, then {done}: {word}   {review}, then {keep}: keep",
            review,
            done,
            word,
            keep
        );
        let note = model.composer.as_ref().is_some_and(|it| it.kind == DraftKind::Note);
        match sending(model) {
            Sending::Now => {}
            Sending::Never => line = tr!(model.lang, "{review}, then {keep}: keep", review, keep),
            Sending::Anyway => {
                let anyway = model.key(place::REVIEW, Act::SendAnyway);
                line = tr!(
                    model.lang,
                    "{review}, then {anyway}: reopen and send   {review}, then {keep}: keep",
                    review,
                    anyway,
                    keep
                );
            }
        }
        if model.form.is_some() {
            let back = model.key(at, Act::PreviousField);
            line += &tr!(model.lang, "   {back}: fields", back);
        }
        let alone = !note && model.once.is_none();
        let files = alone && takes_files(model);
        // What ends the text stands apart from what is done with it.
        let mut gap = "   ";
        for (act, word, works) in [
            (Act::Canned, "canned", true),
            (Act::Attach, "attach", files),
            (Act::MakeNote, "internal", alone && model.form.is_none()),
            (Act::MakePublic, "public", note),
            (Act::Editor, "editor", true),
            (Act::DraftVersions, "older", true),
        ] {
            let spelled = |act, word| {
                let key = model.keymap.key_of(at, act)?;
                Some(format!("{} {}", key.replace("Ctrl-x", "^X"), model.lang.word("hint", word)))
            };
            let (hint, room) = if works {
                let Some(hint) = spelled(act, word) else { continue };
                (format!("{gap}{hint}"), width)
            } else if act == Act::Attach && alone && model.form.is_none() {
                // It is said before it is tried, and takes no key's place.
                let next = spelled(Act::MakeNote, "internal").map_or(0, |it| cells(&it) + 2);
                (format!("{gap}{}", model.lang.word("hint", "no files")), width.saturating_sub(next))
            } else {
                continue;
            };
            if cells(&line) + cells(&hint) < room {
                line.push_str(&hint);
                gap = "  ";
            }
        }
        return line;
    }
    if at == place::REVIEW {
        return model.lang.tr("Enter does nothing here").into();
    }
    let mut hints = Vec::new();
    for (act, word) in wanted(at) {
        let Some(key) = model.keymap.key_of(at, *act) else { continue };
        let works = match act {
            Act::Attach => takes_files(model),
            _ if at == place::OUTBOX => model.outbox.offers(*act),
            _ => possible(model, *act),
        };
        if !works {
            continue;
        }
        // The first key of a sequence stands for its pop-up; where letters are text there is none.
        let key = match key.split_once(' ') {
            Some((prefix, _)) if !model.in_text() => prefix.to_owned(),
            _ => key.replace("Ctrl-x", "^X"),
        };
        let empty = *act == Act::ReviewBar && model.form_is_empty();
        let item = *act == Act::Open && at == place::REPORT && model.report.opened.is_some();
        let word = match word {
            _ if empty => "close",
            _ if item => "open",
            word => word,
        };
        let word = model.lang.word("hint", word);
        hints.push((*act, format!("{key} {word}")));
    }
    // The way to all keys gives way to none of them.
    let all = hints.pop_if(|(act, _)| *act == Act::Help);
    let room = width.saturating_sub(all.as_ref().map_or(0, |(_, hint)| cells(hint) + 2));
    let mut line = String::new();
    for (act, hint) in hints.into_iter().chain(all) {
        let hint = format!("{}{hint}", if line.is_empty() { "" } else { "  " });
        if cells(&line) + cells(&hint) < if act == Act::Help { width } else { room } {
            line.push_str(&hint);
        }
    }
    line
}

/// Whether a hint says what can be done: nothing is opened or decided where nothing is selected, and a pop-up without
/// rows has no next one.
fn possible(model: &Model, act: Act) -> bool {
    match act {
        Act::ChoiceDown => model.picker.as_ref().is_some_and(|picker| picker.choices.len() > 1),
        Act::Open | Act::Reply | Act::Note | Act::Resolve | Act::StatusPending | Act::AssignMe => {
            model.screen != Screen::List || model.list.selected_row().is_some()
        }
        _ => true,
    }
}
