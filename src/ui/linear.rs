//! The screen as plain lines, for screen readers and for terminals that cannot draw: numbered, one thing a line, a word
//! for every state that the picture shows by a letter, a place or a colour. The same model, the same actions.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Theme, footer, header, list::customer, paint::Paint, thread};
use crate::{
    app::{
        Model, Screen,
        actions::{ACTIONS, Act, place},
        composer::Composer,
        list::List,
        popup::PickerKind,
        thread_lines::LineKind,
        triage, words,
    },
    domain::{
        Conversation, Delivery, Direction, DraftKind, Gate, Time,
        text::{SafeText, ascii},
    },
};

/// A screenful of lines, all of them safe to print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Where this is: another one means that everything is new.
    pub head: String,
    /// What stands there.
    pub body: Vec<String>,
    /// What is worth saying when it comes by itself: messages, what was said.
    pub news: Vec<String>,
    /// What can be typed now.
    pub prompt: String,
}

impl Page {
    /// All of it, in its order.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.head).chain(&self.body).chain(&self.news).map(String::as_str)
    }

    fn safe(mut self, utf8: bool) -> Self {
        let clean = |line: &mut String| *line = safe(line, utf8);
        clean(&mut self.head);
        clean(&mut self.prompt);
        self.body.iter_mut().chain(&mut self.news).for_each(clean);
        self
    }
}

/// A line that may be printed.
pub fn safe(line: &str, utf8: bool) -> String {
    let safe = SafeText::line(line).into_string();
    if utf8 { safe } else { ascii(&safe).into_owned() }
}

/// What the screen would show now.
pub fn page(model: &Model, now: Time, utf8: bool) -> Page {
    let at = model.place();
    let mut page = match at {
        place::LOCKED => Page {
            head: "deskline is locked.".into(),
            prompt: if model.options.has_pin() {
                "your word".into()
            } else {
                "an empty line twice opens it".into()
            },
            ..Page::default()
        },
        _ => match model.screen {
            Screen::List => list(model, now),
            Screen::Thread => conversation(model, now),
            Screen::Outbox => outbox(model, now),
            Screen::Form => form(model),
            Screen::Once => Page::default(),
            Screen::Report => report(model, now),
        },
    };
    if at == place::LOCKED {
        return page.safe(utf8);
    }
    match at {
        place::PANEL => {
            page.head = "Details.".into();
            page.body = super::details::words(model, now);
            page.news.clear();
            page.prompt = "close-details goes back".into();
        }
        place::COMPOSER => composer(model, &mut page),
        place::REVIEW => review(model, &mut page),
        place::PICKER => picker(model, &mut page),
        place::ASK => {
            if let Some(ask) = &model.ask {
                let key = |act| model.key(place::ASK, act);
                page.head = format!("Question. {}", ask.question);
                page.body = vec![if ask.is_sentence() {
                    "decline closes this".to_owned()
                } else {
                    format!(
                        "{} or confirm: {}. {} or decline: nothing is done.",
                        key(Act::Confirm),
                        ask.yes,
                        key(Act::Decline)
                    )
                }];
                page.news.clear();
                page.prompt = "confirm, decline".into();
            }
        }
        _ => {}
    }
    if at == place::WELCOME {
        page.body = model.welcome_lines();
        page.prompt = "start-demo, start-tutor, write-example, quit".into();
    }
    page.news.extend(footer::standing(model));
    page.news.extend(model.lesson().map(|(title, text)| format!("{title}: {text}")));
    page.safe(utf8)
}

/// The actions that work now: keys, name, what they do.
pub fn help(model: &Model) -> Vec<String> {
    let at = model.place();
    let rows = ACTIONS.iter().filter(|row| row.places() & at != 0);
    rows.map(|row| {
        let keys = model.keymap.keys_of(at, row.act).join(", ");
        let keys = if keys.is_empty() { String::new() } else { format!(" ({keys})") };
        format!("{}{keys}: {}", row.name, row.help)
    })
    .collect()
}

fn list(model: &Model, now: Time) -> Page {
    let shown = model.list.shown();
    let height = model.list_height();
    let pages = shown.len().div_ceil(height).max(1);
    let at = model.list.top / height + 1;
    let demo = if model.options.demo { "DEMO. " } else { "" };
    let mut body: Vec<String> = Vec::new();
    let tabs = model.list.views.iter().enumerate().filter(|(at, _)| *at != 0 || model.fix_shown());
    let tabs: Vec<String> = tabs
        .map(|(_, view)| {
            let count = view.count.map_or_else(String::new, |count| {
                let risk =
                    if count.at_risk > 0 { format!(", {} at risk", count.at_risk) } else { String::new() };
                let more = if count.more { "+" } else { "" };
                format!(": {}{more}{risk}", count.total)
            });
            let number = view.number.map_or_else(|| "go-fix".to_owned(), |n| format!("view-{n}"));
            format!("{number} {}{count}", view.name)
        })
        .collect();
    body.push(format!("Views: {}.", tabs.join("; ")));
    body.push(format!("Channels: {}.", header::health_words(model, now)));
    if shown.is_empty() {
        body.push(if model.list.loading { "Reading the store.".into() } else { "Nothing here.".into() });
    }
    for row in shown.iter().skip(model.list.top).take(height) {
        body.push(conversation_words(model, row, now));
    }
    let more = if model.list.complete { String::new() } else { " at least".into() };
    Page {
        head: format!(
            "{demo}List, view {},{more} {}, page {at} of {pages}.",
            model.list.title(),
            words::count(model.lang, shown.len(), "conversation", "conversations"),
        ),
        body,
        news: Vec::new(),
        prompt: "a number opens, an empty line turns the page, help, look, quit".into(),
    }
}

/// A row: its number first, the person, then everything that its letters mean.
pub fn conversation_words(model: &Model, row: &Conversation, now: Time) -> String {
    let mut parts = vec![customer(row).to_owned()];
    if model.list.selected == Some(row.id) {
        parts.push("selected".into());
    }
    if model.list.marks.contains(&row.id) {
        parts.push("marked".into());
    }
    if let Some(state) =
        row.outbox.filter(|state| !matches!(state, Delivery::Sent | Delivery::Delivered | Delivery::Read))
    {
        parts.push(format!("a message is {}", state.as_str()));
    }
    if row.has_draft {
        parts.push("my draft".into());
    }
    if row.unread > 0 {
        parts.push(format!("{} unread", row.unread));
    }
    parts.push(format!("status {}", triage::word(model.lang, row.status)));
    if row.thanked {
        parts.push("thanks only, stays resolved".into());
    }
    if let Some((due, whose)) = row.next_due() {
        let risk = if List::at_risk(row, now) { "AT RISK, " } else { "" };
        let clock = match whose {
            Some("promise") => "promised",
            Some("window") => "the window shuts",
            _ => "due",
        };
        parts.push(if due < now {
            format!("{risk}overdue by {}", words::age(model.lang, now - due))
        } else {
            format!("{risk}{clock} in {}", words::age(model.lang, due - now))
        });
    }
    parts.push(match row.gate.at(now) {
        Gate::Open | Gate::Unknown => match row.last_direction {
            Some(Direction::Inbound) => "they spoke last".into(),
            Some(Direction::Outbound) => "we spoke last".into(),
            _ => "nobody has spoken".into(),
        },
        _ => format!("cannot send now: {}", quiet(&thread::gate(model, row, now).0)),
    });
    if let Some(since) = row.waiting_since {
        parts.push(format!("waiting for {}", words::age(model.lang, now - since)));
    }
    parts.push(match row.assignee.as_deref() {
        None => "nobody's".into(),
        Some(who) if who == model.options.me => "mine".into(),
        Some(who) => format!("{who}'s"),
    });
    parts.push(format!("channel {}", row.channel));
    if let Some(lang) = &row.lang {
        parts.push(format!("language {lang}"));
    }
    let subject = row.subject.as_deref().or(row.last_line.as_deref()).unwrap_or("no subject");
    format!("{}. {}. {subject}", row.id, parts.join(", "))
}

/// `WINDOW SHUT since 20 Nov` read out: the words in capitals are ordinary ones, the month keeps its own.
fn quiet(text: &str) -> String {
    let word = |word: &str| {
        if word.chars().any(char::is_lowercase) { word.to_owned() } else { word.to_lowercase() }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn conversation(model: &Model, now: Time) -> Page {
    let Some(thread) = &model.thread else { return Page::default() };
    let Some(row) = &thread.conversation else {
        return Page {
            head: format!("Conversation {}.", thread.id),
            body: vec!["Reading the store.".into()],
            ..Page::default()
        };
    };
    let (gate, _) = thread::gate(model, row, now);
    let mut body = vec![conversation_words(model, row, now), format!("Sending: {gate}.")];
    if let Some(remote) = &row.remote_status {
        body.push(format!("{} says: {}.", model.vendor_name(&row.channel, row), thread::facts(remote)));
    }
    let mut news = Vec::new();
    for line in &*model.thread_lines() {
        let text = line.text.trim();
        news.push(match line.kind {
            LineKind::Blank => continue,
            LineKind::Head(fill) => {
                let selected = if thread.selected == line.message { ", selected" } else { "" };
                format!("Message {}, {}{selected}.", line.message + 1, head_words(fill, text))
            }
            LineKind::Ours => text.strip_prefix("# ").unwrap_or(text).to_owned(),
            LineKind::Note => text.strip_prefix("| ").unwrap_or(text).to_owned(),
            _ => text.to_owned(),
        });
    }
    Page {
        head: format!("Conversation {} with {}.", row.id, customer(row)),
        body,
        news,
        prompt: "reply, note, resolve, assign-me; a number selects a message; back, help, look".into(),
    }
}

/// A message's head without its rules: `06 Jun 21:41, João dos Santos, NEW`. The seconds of a held one stand still: each
/// would be read out.
fn head_words(fill: char, text: &str) -> String {
    let rule = format!("{fill}{fill}");
    let parts: Vec<&str> = text.split(rule.as_str()).map(str::trim).filter(|part| !part.is_empty()).collect();
    let parts: Vec<&str> = parts
        .into_iter()
        .map(|part| if part.starts_with("held ") { "held, undo takes it back" } else { part })
        .collect();
    let ours = if fill == '#' { "from us, " } else { "" };
    format!("{ours}{}", parts.join(", "))
}

fn composer(model: &Model, page: &mut Page) {
    let Some(composer) = &model.composer else { return };
    let row = composer.to.and_then(|id| model.known(id));
    let who = row.map_or_else(
        || match model.once {
            Some(_) => model.once_border(usize::MAX),
            None => "TO a new conversation".to_owned(),
        },
        |row| model.border(row, composer.kind, composer.goes_anyway()).1.join(". "),
    );
    page.head = format!("Writing. {who}.");
    page.body = composer.body().lines().map(str::to_owned).collect();
    page.body.extend(composer.files.iter().map(|file| format!("attached: {}", file.name)));
    page.prompt = "your text; a full stop alone ends it, :attach and :name run actions".into();
}

fn review(model: &Model, page: &mut Page) {
    page.head = format!("Review. {}", model.review_question());
    let composer = model.composer.as_ref();
    let text = composer.map(Composer::body).unwrap_or_default();
    page.body = text.lines().map(|line| format!("text: {line}")).collect();
    for finding in model.review.iter().flat_map(|review| &review.findings) {
        let level = match finding.level {
            crate::app::preflight::Level::Amber => "warning",
            crate::app::preflight::Level::Red => "forbidden",
        };
        page.body.push(format!("{level}: {} {}", finding.text, finding.detail));
    }
    for (at, row) in model.once.iter().flat_map(|once| once.rows.iter().enumerate()) {
        let chosen =
            if model.once.as_ref().is_some_and(|once| once.chosen == at) { "selected, " } else { "" };
        let tick = if row.ticked() { "ticked" } else { "not ticked" };
        let (name, verdict) = (customer(&row.conversation), row.verdict_words(model.lang));
        page.body.push(format!(
            "{chosen}{tick}: {} {name}, {verdict}. {}",
            row.conversation.id,
            row.asks(model.lang)
        ));
    }
    page.body.extend(model.review_promise());
    let (first, second) = model.review_offers();
    page.body.extend([first, second]);
    page.news.clear();
    let send = if composer.is_some_and(|it| it.kind == DraftKind::Note) { "save-note" } else { "send" };
    page.prompt = format!("{send}, edit, keep, help");
}

fn picker(model: &Model, page: &mut Page) {
    let Some(picker) = &model.picker else { return };
    page.head = format!("Choose: {}.", picker.prompt(model.lang));
    page.body = picker
        .choices
        .iter()
        .take(40)
        .enumerate()
        .map(|(at, choice)| format!("{}. {} {}", at + 1, choice.title, choice.beside))
        .collect();
    if !picker.note.is_empty() {
        page.body.push(picker.note.clone());
    }
    page.news.clear();
    let numbered = if picker.kind == PickerKind::Help { "" } else { "a number or " };
    page.prompt = format!("{numbered}text; an empty line closes");
}

fn outbox(model: &Model, now: Time) -> Page {
    let rows = &model.outbox.rows;
    let body = rows.iter().enumerate().map(|(at, row)| {
        let selected = if at == model.outbox.selected { "selected, " } else { "" };
        format!("{selected}row {}", super::outbox::line(model, row, now).trim_start())
    });
    Page {
        head: format!("Outbox, {}.", words::count(model.lang, rows.len(), "row", "rows")),
        body: if rows.is_empty() { vec!["Everything has been sent.".into()] } else { body.collect() },
        news: Vec::new(),
        prompt: "a row's number selects; take-back, retry, discard-row, it-is-there, not-there, back".into(),
    }
}

/// The report is lines already: what would be drawn, without the rules.
fn report(model: &Model, now: Time) -> Page {
    let theme = Theme::mono();
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    let mut buf = Buffer::empty(area);
    super::report::draw(&mut Paint { buf: &mut buf, theme: &theme, placed: None }, model, now, area);
    let row = |y| (0..area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    let mut lines = (0..area.height).map(row).map(|line| line.trim().to_owned());
    Page {
        head: lines.next().unwrap_or_default(),
        body: lines.filter(|line| !line.chars().all(|it| it == '─')).collect(),
        news: Vec::new(),
        prompt: "next, previous, open, back, help".into(),
    }
}

fn form(model: &Model) -> Page {
    let Some(form) = &model.form else { return Page::default() };
    let body = form.fields().into_iter().map(|(field, name)| {
        let at = if field == form.field { "now: " } else { "" };
        let value = if field == crate::app::form::Field::Channel {
            form.descriptor().name.to_string()
        } else {
            form.value(field).to_owned()
        };
        format!("{at}{name}: {value}")
    });
    Page {
        head: "New conversation.".into(),
        body: body.collect(),
        news: Vec::new(),
        prompt: "what goes into the field; an empty line goes to the next; :review-bar ends".into(),
    }
}
