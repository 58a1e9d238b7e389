//! Pop-ups: questions, and pickers with a text field. They swallow every key that they do not name.

use nucleo_matcher::{
    Config, Matcher,
    pattern::{CaseMatching, Normalization, Pattern},
};
use tui_textarea::{CursorMove, TextArea};

use super::{
    actions::{ACTIONS, Act},
    composer::edit,
    keymap::Key,
    list::Narrowed,
    model::{Load, Model, Screen},
    msg::{Effect, Request, Wish},
    undo::Intent,
    words,
};
use crate::domain::{
    ConversationId, DraftKind, RowNumber,
    outbox::{LocalChange, TemplateUse},
    when::parse as parse_time,
};

/// A question with one sentence and one key that says yes.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// What is asked.
    pub question: String,
    /// What the key does.
    pub yes: String,
    /// Whether it has been drawn.
    pub drawn: bool,
    /// Whether a key that was on its way before it was drawn must not answer it.
    pub needs_drawing: bool,
    pub(super) then: AskThen,
}

/// What yes means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum AskThen {
    DiscardDraft,
    MakePublic,
    Quit,
    Change { id: ConversationId, change: LocalChange, label: String },
    Marked { change: LocalChange, label: String },
    VendorMark { ids: Vec<ConversationId>, read: bool },
    DiscardRow(RowNumber),
    SendAgain(RowNumber),
}

impl Ask {
    pub(super) fn new(question: String, yes: &str, then: AskThen) -> Self {
        Self { question, yes: yes.to_owned(), drawn: false, needs_drawing: false, then }
    }
}

/// What is picked or typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickerKind {
    /// Any action by name, or a conversation's number.
    Palette,
    /// What works here.
    Help,
    /// An account.
    Agent,
    /// Labels: `+x -y`, or one to switch.
    Labels,
    /// A time to wake at.
    Snooze,
    /// A time to send at.
    Later,
    /// Words.
    Search,
    /// Words over everything.
    SearchAll,
    /// A fuzzy filter.
    Filter,
    /// A path.
    Attach,
    /// A template, then its variables.
    Template,
    /// The values of a template's variables, `|` between them.
    Variables(TemplateUse),
}

/// A pop-up with a text field and choices.
#[derive(Clone, Debug)]
pub struct Picker {
    /// What for.
    pub kind: PickerKind,
    /// The text field.
    pub input: TextArea<'static>,
    /// What can be chosen now: a title, and what stands beside it.
    pub choices: Vec<Choice>,
    /// Which one is chosen.
    pub chosen: usize,
    /// What the text is understood as, or what is wrong with it.
    pub note: String,
    before: Narrowed,
}

/// Something to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What it is called.
    pub title: String,
    /// Its keys, or what is known of it.
    pub beside: String,
    /// Whether it can be chosen now.
    pub enabled: bool,
    act: Option<Act>,
}

impl Picker {
    /// The text of the field.
    pub fn text(&self) -> &str {
        self.input.lines().first().map_or("", String::as_str)
    }

    /// What stands before the field.
    pub fn prompt(&self) -> &'static str {
        match self.kind {
            PickerKind::Palette => ":",
            PickerKind::Help => "what works here",
            PickerKind::Agent => "assign to",
            PickerKind::Labels => "labels (+x -y)",
            PickerKind::Snooze => "asleep until",
            PickerKind::Later => "send at",
            PickerKind::Search => "/",
            PickerKind::SearchAll => "search everything",
            PickerKind::Filter => "filter (! inverts)",
            PickerKind::Attach => "attach",
            PickerKind::Template => "template",
            PickerKind::Variables(_) => "variables, | between",
        }
    }
}

impl Model {
    pub(super) fn ask_act(&mut self, act: Act) {
        match act {
            Act::Confirm => {
                if self.ask.as_ref().is_some_and(|ask| ask.needs_drawing && !ask.drawn) {
                    return;
                }
                if let Some(ask) = self.ask.take() {
                    self.confirmed(ask.then);
                }
            }
            Act::Decline => {
                self.ask = None;
                self.say("nothing was done");
            }
            Act::Repaint => self.fx.push(Effect::Repaint),
            Act::Suspend => self.fx.push(Effect::Suspend),
            _ => {}
        }
    }

    fn confirmed(&mut self, then: AskThen) {
        match then {
            AskThen::DiscardDraft => {
                if let Some(composer) = self.composer.take() {
                    self.forget_draft(&composer);
                    self.timers.remove(&super::model::Timer::SaveDraft);
                }
                self.review = None;
                if self.screen == Screen::Form {
                    self.form = None;
                    self.screen = Screen::List;
                }
                self.say("thrown away");
                self.thread_resized();
            }
            AskThen::MakePublic => self.change_kind(DraftKind::Reply),
            AskThen::Quit => self.leave(),
            AskThen::Change { id, change, label } => {
                let group = self.undo.group();
                self.change_held(id, change, &label, group, crate::domain::desk::Seen::default());
                self.list.marks.clear();
            }
            AskThen::Marked { change, label } => {
                let targets = self.targets();
                self.change_targets(targets, &label, &change);
            }
            AskThen::VendorMark { ids, read } => {
                self.vendor_mark_all(&ids, read);
                self.list.marks.clear();
            }
            AskThen::DiscardRow(n) => {
                self.perform_wish(Wish::Discard(n), Intent::Settle { label: format!("row {n} is gone") });
            }
            AskThen::SendAgain(n) => {
                self.perform_wish(Wish::Retry(n), Intent::Settle { label: format!("row {n} is sent again") });
            }
        }
    }

    pub(super) fn ask_public(&mut self) {
        match self.composer.as_ref().map(|composer| (composer.kind, composer.to)) {
            Some((DraftKind::Note, Some(id))) => {
                let reader = self.known(id).map_or_else(String::new, |row| self.addressee(row));
                self.ask = Some(Ask::new(
                    format!("Make this note a reply TO {reader}?"),
                    "make it public",
                    AskThen::MakePublic,
                ));
            }
            _ => self.say("it is public already"),
        }
    }

    pub(super) fn open_picker(&mut self, kind: PickerKind) {
        self.end_old_picker();
        self.picker = Some(Picker {
            kind,
            input: TextArea::default(),
            choices: Vec::new(),
            chosen: 0,
            note: String::new(),
            before: self.list.narrowed.clone(),
        });
        self.picker_changed();
    }

    fn end_old_picker(&mut self) {
        self.picker = None;
    }

    pub(super) fn open_palette(&mut self) {
        self.open_picker(PickerKind::Palette);
    }

    pub(super) fn open_help(&mut self) {
        self.open_picker(PickerKind::Help);
    }

    pub(super) fn open_search(&mut self, act: Act) {
        let kind = match act {
            Act::Filter => PickerKind::Filter,
            Act::SearchAll => PickerKind::SearchAll,
            _ => PickerKind::Search,
        };
        self.open_picker(kind);
    }

    /// Labels, an agent, a time: a digit that opened the field is its first character.
    pub(super) fn open_choice(&mut self, act: Act, keys: &[Key]) {
        if self.targets().is_empty() {
            self.say("no conversation is selected");
            return;
        }
        match act {
            Act::Labels => self.open_picker(PickerKind::Labels),
            Act::AssignAgent => {
                self.load(Load::Members, Request::Members);
                self.open_picker(PickerKind::Agent);
            }
            _ => {
                self.open_picker(PickerKind::Snooze);
                if let Some(digit) = keys.last().and_then(|key| key.digit()) {
                    self.picker_typed(&digit.to_string());
                }
            }
        }
    }

    pub(super) fn members_loaded(&mut self, members: Vec<String>) {
        for member in members {
            if !self.members.contains(&member) {
                self.members.push(member);
            }
        }
        self.members.sort();
        self.picker_changed();
    }

    pub(super) fn picker_typed(&mut self, text: &str) {
        if let Some(picker) = &mut self.picker {
            picker.input.insert_str(text);
            picker.chosen = 0;
        }
        self.picker_changed();
    }

    /// The text changed: other choices, another meaning, other hits.
    fn picker_changed(&mut self) {
        let Some(picker) = &self.picker else { return };
        let (kind, text) = (picker.kind.clone(), picker.text().to_owned());
        let place = self.place_below();
        let (choices, note) = match &kind {
            PickerKind::Palette | PickerKind::Help => {
                let all = kind == PickerKind::Palette;
                (
                    self.action_choices(&text, place, all),
                    number(&text).map_or_else(String::new, |n| format!("open {n}")),
                )
            }
            PickerKind::Agent => (fuzzy(&text, self.members.iter().map(|it| plain(it, ""))), String::new()),
            PickerKind::Labels => {
                let labels = self.target().map(|row| row.labels.join(" ")).unwrap_or_default();
                (Vec::new(), format!("now: {}", if labels.is_empty() { "none" } else { &labels }))
            }
            PickerKind::Snooze | PickerKind::Later => (Vec::new(), self.time_note(&text)),
            PickerKind::Template => {
                let templates = self.composer.as_ref().and_then(|it| self.descriptor(&it.channel));
                let templates = templates.map(|it| it.templates.clone()).unwrap_or_default();
                let rows = templates.iter().map(|it| {
                    plain(&format!("{} {}", it.name, it.language), it.text.as_deref().unwrap_or_default())
                });
                (fuzzy(&text, rows), String::new())
            }
            PickerKind::Variables(template) => (
                Vec::new(),
                format!(
                    "{} of {} filled in",
                    text.split('|').filter(|it| !it.trim().is_empty()).count(),
                    template.parameters.len()
                ),
            ),
            PickerKind::Attach => {
                let ticket = self.ticket();
                self.loads.insert(Load::Path, ticket);
                self.fx.push(Effect::CompletePath(ticket, text.clone()));
                (self.picker.as_ref().map(|it| it.choices.clone()).unwrap_or_default(), String::new())
            }
            PickerKind::Search | PickerKind::SearchAll | PickerKind::Filter => {
                self.narrow(&kind, &text);
                (Vec::new(), String::new())
            }
        };
        if let Some(picker) = &mut self.picker {
            picker.choices = choices;
            picker.note = note;
            picker.chosen = picker.chosen.min(picker.choices.len().saturating_sub(1));
        }
        self.dirty = true;
    }

    /// The place under the pop-up.
    fn place_below(&self) -> u16 {
        use super::actions::place;
        match self.screen {
            _ if self.review.is_some() => place::REVIEW,
            Screen::Thread if self.composer.is_some() => place::COMPOSER,
            Screen::List => place::LIST,
            Screen::Thread => place::THREAD,
            Screen::Outbox => place::OUTBOX,
            Screen::Form => place::FORM,
        }
    }

    fn action_choices(&self, text: &str, place: u16, all: bool) -> Vec<Choice> {
        let rows = ACTIONS.iter().filter(|row| all || row.places() & place != 0).map(|row| {
            let keys = self.keymap.keys_of(place, row.act);
            let here = row.places() & place != 0;
            Choice {
                title: format!("{}  {}", row.name, row.help),
                beside: if here { keys.join(", ") } else { "not here".into() },
                enabled: here,
                act: Some(row.act),
            }
        });
        fuzzy(text, rows)
    }

    fn time_note(&self, text: &str) -> String {
        if text.trim().is_empty() {
            return "3d, 14:30, fri 9, tomorrow".into();
        }
        match parse_time(text, self.now, self.options.zone) {
            Some(at) => {
                let due = self.target().and_then(|row| row.due_at).filter(|due| *due < at);
                let earlier = due.map_or_else(String::new, |due| {
                    format!("   the deadline is earlier: {}", words::weekday(due, self.options.zone))
                });
                format!("{}{earlier}", words::weekday(at, self.options.zone))
            }
            None => "not understood: 3d, 14:30, fri 9, sex, Fr, tomorrow 10:00".into(),
        }
    }

    /// Searches and filters as they are typed.
    fn narrow(&mut self, kind: &PickerKind, text: &str) {
        if self.screen == Screen::Thread && *kind == PickerKind::Search {
            if let Some(thread) = &mut self.thread {
                thread.search = (!text.is_empty()).then(|| text.to_owned());
            }
            return;
        }
        if *kind == PickerKind::Filter {
            self.list.narrowed.filter = (!text.is_empty()).then(|| text.to_owned());
            let first = self.list.shown().first().map(|row| row.id);
            let kept = self.list.shown().iter().any(|row| Some(row.id) == self.list.selected);
            if let Some(first) = first.filter(|_| !kept) {
                self.list.selected = Some(first);
            }
            self.settle_top();
            return;
        }
        let search = (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let everything = *kind == PickerKind::SearchAll;
        if self.list.narrowed.search != search || self.list.narrowed.everything != everything {
            self.list.narrowed.search = search;
            self.list.narrowed.everything = everything;
            self.list.selected = None;
            self.reload_list();
        }
    }

    pub(super) fn paths(&mut self, paths: &[String]) {
        if let Some(picker) = self.picker.as_mut().filter(|picker| picker.kind == PickerKind::Attach) {
            picker.choices = paths.iter().map(|path| plain(path, "")).collect();
            picker.chosen = 0;
            self.dirty = true;
        }
    }

    pub(super) fn picker_act(&mut self, act: Act) {
        let Some(picker) = &mut self.picker else { return };
        if edit(&mut picker.input, act) {
            self.picker_changed();
            return;
        }
        match act {
            Act::ChoiceDown => {
                picker.chosen = (picker.chosen + 1).min(picker.choices.len().saturating_sub(1));
            }
            Act::ChoiceUp => picker.chosen = picker.chosen.saturating_sub(1),
            Act::ClosePicker => self.close_picker(),
            Act::Complete => {
                let title = picker.choices.get(picker.chosen).map(|choice| choice.title.clone());
                let plain = matches!(picker.kind, PickerKind::Attach | PickerKind::Agent);
                if let Some(title) = title.filter(|_| plain) {
                    picker.input = TextArea::new(vec![title]);
                    picker.input.move_cursor(CursorMove::End);
                    self.picker_changed();
                }
            }
            Act::Accept => self.accept(),
            Act::Repaint => self.fx.push(Effect::Repaint),
            Act::Suspend => self.fx.push(Effect::Suspend),
            _ => {}
        }
    }

    /// Esc: as it was before.
    fn close_picker(&mut self) {
        let Some(picker) = self.picker.take() else { return };
        match picker.kind {
            PickerKind::Search if self.screen == Screen::Thread => {
                if let Some(thread) = &mut self.thread {
                    thread.search = None;
                }
            }
            PickerKind::Search | PickerKind::SearchAll if self.list.narrowed != picker.before => {
                self.list.narrowed = picker.before;
                self.reload_list();
            }
            PickerKind::Filter => {
                self.list.narrowed = picker.before;
                self.settle_top();
            }
            _ => {}
        }
    }

    fn accept(&mut self) {
        let Some(picker) = self.picker.take() else { return };
        let text = picker.text().trim().to_owned();
        let choice = picker.choices.get(picker.chosen).cloned();
        match picker.kind {
            PickerKind::Palette | PickerKind::Help => {
                if let Some(n) = number(&text) {
                    self.open_conversation(ConversationId(n));
                } else if let Some(choice) = choice {
                    match choice.act {
                        Some(act) if choice.enabled => self.run(act),
                        _ => self.say(format!("{}: it does not work here", choice.title)),
                    }
                } else {
                    self.say(format!("no action is called \"{text}\""));
                }
            }
            PickerKind::Agent => match choice {
                Some(choice) => {
                    let label = format!("assigned to {}", choice.title);
                    self.change(&label, &LocalChange::Assign(Some(choice.title)));
                }
                None => self.say(format!("nobody is called \"{text}\" here")),
            },
            PickerKind::Labels => self.labels(&text),
            PickerKind::Snooze => match parse_time(&text, self.now, self.options.zone) {
                Some(at) => self.snooze(at),
                None => self.say(format!("\"{text}\" is no time: nothing was done")),
            },
            PickerKind::Later => match parse_time(&text, self.now, self.options.zone) {
                Some(at) => self.send_later(at),
                None => self.say(format!("\"{text}\" is no time: nothing was done")),
            },
            // What stood there while it was typed was made of the newest hits; taken, it is all of them.
            PickerKind::Search | PickerKind::SearchAll
                if self.screen == Screen::List && self.list.narrowed.search.is_some() =>
            {
                self.reload_list();
            }
            // The list or the thread is narrowed already.
            PickerKind::Search | PickerKind::SearchAll | PickerKind::Filter => {}
            PickerKind::Attach => {
                let path = if text.is_empty() { choice.map(|it| it.title).unwrap_or_default() } else { text };
                if path.ends_with('/') || path.is_empty() {
                    self.say("that is a folder: nothing was attached");
                } else if let Some(channel) = self.composer.as_ref().map(|it| it.channel.clone()) {
                    let max_bytes = self.largest_file(&channel);
                    self.perform_wish(Wish::AddFile { path, max_bytes }, Intent::File);
                }
            }
            PickerKind::Template => {
                let templates = self.composer.as_ref().and_then(|it| self.descriptor(&it.channel));
                let chosen = choice.and_then(|choice| {
                    let mut all = templates?.templates.iter();
                    all.find(|it| format!("{} {}", it.name, it.language) == choice.title).cloned()
                });
                let Some(found) = chosen else { return };
                let template = TemplateUse {
                    name: found.name,
                    language: found.language,
                    parameters: vec![String::new(); found.parameters.len()],
                };
                if template.parameters.is_empty() {
                    self.use_template(template);
                } else {
                    let names = found.parameters.join(" | ");
                    self.open_picker(PickerKind::Variables(template));
                    if let Some(picker) = &mut self.picker {
                        picker.note = names;
                    }
                }
            }
            PickerKind::Variables(mut template) => {
                for (slot, value) in template.parameters.iter_mut().zip(text.split('|')) {
                    value.trim().clone_into(slot);
                }
                self.use_template(template);
            }
        }
    }

    fn use_template(&mut self, template: TemplateUse) {
        if let Some(composer) = &mut self.composer {
            composer.template = Some(template);
        }
        self.typed();
    }

    fn labels(&mut self, text: &str) {
        let now = self.target().map(|row| row.labels.clone()).unwrap_or_default();
        let (mut add, mut remove) = (Vec::new(), Vec::new());
        for word in text.split_whitespace() {
            if let Some(label) = word.strip_prefix('-') {
                remove.push(label.to_owned());
            } else {
                let label = word.strip_prefix('+');
                // A bare word switches.
                if label.is_none() && now.iter().any(|it| it == word) {
                    remove.push(word.to_owned());
                } else {
                    add.push(label.unwrap_or(word).to_owned());
                }
            }
        }
        if add.is_empty() && remove.is_empty() {
            return;
        }
        self.change(&format!("labels {text}"), &LocalChange::Label { add, remove });
    }

    pub(super) fn panel_act(&mut self, act: Act) {
        match (act, &mut self.details) {
            (Act::PanelDown, Some(top)) => *top += 1,
            (Act::PanelUp, Some(top)) => *top = top.saturating_sub(1),
            (Act::ClosePanel, _) => self.details = None,
            (other, _) => self.common_act(other, &[]),
        }
    }
}

fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

fn plain(title: &str, beside: &str) -> Choice {
    Choice { title: title.to_owned(), beside: beside.to_owned(), enabled: true, act: None }
}

/// The choices that a text is found in, the best first; all of them for no text.
fn fuzzy(text: &str, choices: impl Iterator<Item = Choice>) -> Vec<Choice> {
    if text.trim().is_empty() {
        return choices.collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
    let mut scored: Vec<(u32, Choice)> = choices
        .filter_map(|choice| {
            let mut buffer = Vec::new();
            let name = choice.title.split("  ").next().unwrap_or_default();
            let exact =
                u32::from(name == text.trim()) * 10_000 + u32::from(name.starts_with(text.trim())) * 1_000;
            let score =
                pattern.score(nucleo_matcher::Utf32Str::new(&choice.title, &mut buffer), &mut matcher)?;
            Some((score + exact + u32::from(choice.enabled) * 100, choice))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, choice)| choice).collect()
}
