//! What a pop-up offers for what is typed in it, and what it understands of it.

use nucleo_matcher::{
    Config, Matcher,
    pattern::{CaseMatching, Normalization, Pattern},
};

use super::{Choice, PickerKind, What};
use crate::{
    app::{
        actions::{ACTIONS, Act, Action, Category},
        keymap::PLACES,
        model::{Load, Model, Screen},
        msg::Effect,
        words,
    },
    domain::{
        Conversation, Lang,
        channel::Template,
        lang::tr,
        query::{Query, What as Asked},
        when::parse as parse_time,
    },
};

impl Model {
    /// The text changed: other choices, another meaning, other hits.
    pub(in crate::app) fn picker_changed(&mut self) {
        let Some(picker) = &self.picker else { return };
        let (kind, text) = (picker.kind.clone(), picker.text().to_owned());
        let place = self.place_below();
        let (choices, note) = match &kind {
            PickerKind::Palette | PickerKind::Help => {
                let all = kind == PickerKind::Palette;
                (
                    self.action_choices(&text, place, all),
                    number(&text).map_or_else(String::new, |n| tr!(self.lang, "open {n}", n)),
                )
            }
            PickerKind::Agent => (fuzzy(&text, self.members.iter().map(|it| plain(it, ""))), String::new()),
            PickerKind::Team => {
                let mine = self.lang.tr("yours");
                let teams = self.options.teams.iter();
                let beside = |it| if self.options.my_teams.contains(it) { mine } else { "" };
                (fuzzy(&text, teams.map(|it| plain(it, beside(it)))), String::new())
            }
            PickerKind::Labels => {
                let labels = self.target().map(|row| row.labels.join(" ")).unwrap_or_default();
                let note = tr!(
                    self.lang,
                    "now: {labels}",
                    labels = if labels.is_empty() { self.lang.tr("none") } else { &labels }
                );
                (self.label_choices(&text), note)
            }
            PickerKind::VendorFields => (self.field_choices(), self.fields_note()),
            PickerKind::HandOver => (fuzzy(&text, self.handover_choices().into_iter()), self.handover_note()),
            PickerKind::HandNote(_) => {
                (Vec::new(), self.lang.tr("Enter goes on; nothing typed: no word").to_owned())
            }
            PickerKind::Promise => (Vec::new(), self.promise_note(&text)),
            PickerKind::Snooze | PickerKind::Hold | PickerKind::Later => (Vec::new(), self.time_note(&text)),
            PickerKind::Canned => (self.canned_choices(&text), self.canned_note()),
            PickerKind::Variables(template) => (Vec::new(), template_note(self.lang, template, picker.field)),
            PickerKind::Versions(versions) => {
                let rows = versions.as_deref().unwrap_or_default();
                (self.version_choices(&text, rows), self.versions_note(versions.as_deref()))
            }
            PickerKind::TextFilter => {
                let filters = self.options.filters.iter();
                (fuzzy(&text, filters.map(|(name, command)| plain(name, &command.join(" ")))), String::new())
            }
            PickerKind::Files(_) => (fuzzy(&text, self.file_choices().into_iter()), String::new()),
            PickerKind::MarkQuery if text.trim().is_empty() => (
                Vec::new(),
                self.lang
                    .tr("words, or kind:dsco status:open is:unread waiting:>4h label:vip -label:spam")
                    .into(),
            ),
            PickerKind::MarkQuery => {
                let note = query_note(&text).or_else(|| self.unknown_channel(&text));
                (Vec::new(), note.unwrap_or_default())
            }
            PickerKind::Attach => {
                let ticket = self.ticket();
                self.loads.insert(Load::Path, ticket);
                self.fx.push(Effect::CompletePath(ticket, text.clone()));
                (self.picker.as_ref().map(|it| it.choices.clone()).unwrap_or_default(), String::new())
            }
            PickerKind::Search | PickerKind::SearchAll | PickerKind::Filter => {
                let wrong = match kind {
                    PickerKind::Filter => None,
                    PickerKind::Search if self.screen == Screen::Thread => None,
                    _ => query_note(&text),
                };
                // What cannot be read yet leaves the hits as they are.
                if wrong.is_none() {
                    self.narrow(&kind, &text);
                }
                (Vec::new(), wrong.unwrap_or_default())
            }
        };
        if let Some(picker) = &mut self.picker {
            picker.choices = choices;
            picker.note = note;
            picker.refused = false;
            let chosen = if kind == PickerKind::VendorFields { picker.field } else { picker.chosen };
            picker.chosen = chosen.min(picker.choices.len().saturating_sub(1));
        }
        self.dirty = true;
    }

    /// The place under the pop-up.
    pub(in crate::app) fn place_below(&self) -> u16 {
        use crate::app::actions::place;
        match self.screen {
            _ if self.preview.is_some() || self.details.is_some() => place::PANEL,
            _ if self.review.is_some() => place::REVIEW,
            Screen::Thread if self.composer.is_some() => place::COMPOSER,
            Screen::Once => place::COMPOSER,
            Screen::List => self.place_of_list(),
            Screen::Thread => place::THREAD,
            Screen::Outbox => place::OUTBOX,
            Screen::Report => place::REPORT,
            Screen::Form => place::FORM,
        }
    }

    /// Labels that are used here: what was typed comes first, so that Enter takes it; the last word is what is completed.
    fn label_choices(&self, text: &str) -> Vec<Choice> {
        let mine = self.target().map(|row| row.labels.clone()).unwrap_or_default();
        let mut used: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        for label in self.list.rows.iter().chain(self.target()).flat_map(|row| &row.labels) {
            *used.entry(label.as_str()).or_default() += 1;
        }
        let mut used: Vec<(&str, usize)> = used.into_iter().collect();
        used.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let typed = text.trim();
        let (before, last) = text.rsplit_once(' ').map_or(("", text), |(before, last)| (before, last));
        let sign: String = last.chars().take_while(|it| matches!(it, '+' | '-')).take(1).collect();
        let space = if before.is_empty() { "" } else { " " };
        let known = used.iter().filter(|(label, _)| !before.split(' ').any(|it| it == *label));
        let known = known.map(|(label, n)| {
            let has = mine.iter().any(|it| it == label);
            let state = if has {
                self.lang.tr("set: takes it off").to_owned()
            } else {
                tr!(self.lang, "on {n} here", n)
            };
            plain(label, if sign.is_empty() { &state } else { "" })
        });
        let found = fuzzy(last.trim_start_matches(['+', '-']), known);
        let whole = |mut choice: Choice| {
            choice.title = format!("{before}{space}{sign}{}", choice.title);
            choice
        };
        let mut choices: Vec<Choice> = found.into_iter().map(whole).collect();
        if let Some(at) = choices.iter().position(|choice| choice.title == typed) {
            choices[..=at].rotate_right(1);
        } else if !typed.is_empty() {
            let beside =
                if typed.contains(' ') || !sign.is_empty() { "" } else { self.lang.word("label", "new") };
            choices.insert(0, plain(typed, beside));
        }
        choices
    }

    /// Actions by their names; in the menu only those of this place, in plain words and by what they are about.
    fn action_choices(&self, text: &str, place: u16, all: bool) -> Vec<Choice> {
        let mut rows: Vec<_> = ACTIONS.iter().filter(|row| all || Self::in_menu(row, place)).collect();
        if !all {
            rows.sort_by_key(|row| row.category.rank());
        }
        let rows = rows.into_iter().map(|row| {
            let grey = self.grey(row, place);
            let (title, help) = match row.act {
                _ if all => self.by_name(row),
                Act::View1 => (self.lang.tr("view 1 to 9").to_owned(), self.lang.tr(row.help).to_owned()),
                _ => (row.plain_title(self.lang), self.menu_help(row)),
            };
            let keys = self.keymap.keys_of(place, row.act);
            Choice {
                title: format!("{title}  {help}"),
                enabled: grey.is_none(),
                beside: grey.unwrap_or_else(|| short_keys(&keys)),
                digit: None,
                what: What::Act(row.act),
            }
        });
        fuzzy(text, rows)
    }

    /// The keys that the menu names an action by.
    pub fn menu_keys(&self, act: Act) -> String {
        short_keys(&self.keymap.keys_of(self.place_below(), act))
    }

    /// Why an action cannot be taken now: its place is another one, or who it would be for rules it out.
    fn grey(&self, row: &Action, place: u16) -> Option<String> {
        if row.places() & place == 0 {
            return Some(self.elsewhere(row));
        }
        let decides = row.category == Category::Triage && row.act != Act::HandOver;
        if decides && self.target().is_none() {
            return Some(self.lang.tr("no conversation is selected").to_owned());
        }
        self.not_here(row.act)
    }

    /// Where an action works that does not work here.
    fn elsewhere(&self, row: &Action) -> String {
        let place = PLACES.iter().find(|(place, _)| row.places() & place != 0);
        tr!(self.lang, "in: {place}", place = self.lang.word("place", place.map_or("", |(_, name)| *name)))
    }

    /// An action in the palette: its name, which stays, and in another language what it is called there; both are found.
    fn by_name(&self, row: &Action) -> (String, String) {
        let help = self.lang.tr(row.help).to_owned();
        let title = row.plain_title(self.lang);
        let told = self.lang == Lang::En && title.replace(['-', ','], " ") == row.name.replace('-', " ");
        let called = if told { String::new() } else { format!("  {title}.") };
        (format!("{}{called}", row.name), help)
    }

    /// One row stands for the views by number.
    fn in_menu(row: &Action, place: u16) -> bool {
        let view = row.name.strip_prefix("view-").and_then(|n| n.parse::<usize>().ok());
        row.places() & place != 0 && view.is_none_or(|n| n == 1)
    }

    /// What a newcomer asks next, with the keys as they are bound.
    fn menu_help(&self, row: &Action) -> String {
        use crate::app::actions::place;
        let review = self.key(place::COMPOSER, Act::ReviewBar);
        match row.act {
            Act::Reply => {
                tr!(
                    self.lang,
                    "{help} {review}, then {key} sends.",
                    help = self.lang.tr(row.help),
                    review,
                    key = self.key(place::REVIEW, Act::Send)
                )
            }
            Act::Note => tr!(
                self.lang,
                "{help} {review}, {key} saves.",
                help = self.lang.tr(row.help),
                review,
                key = self.key(place::REVIEW, Act::SaveNote)
            ),
            _ => self.lang.tr(row.help).to_owned(),
        }
    }

    /// A channel that a query names and that there is not.
    fn unknown_channel(&self, text: &str) -> Option<String> {
        let query = Query::parse(text).ok()?;
        let name = query.terms.into_iter().find_map(|term| match term.what {
            Asked::Channel(name) => Some(name),
            _ => None,
        })?;
        let known: Vec<&str> = self.options.descriptors.iter().map(|it| it.name.0.as_str()).collect();
        (!known.contains(&name.as_str()))
            .then(|| tr!(self.lang, "no channel {name} here: {known}", name, known = known.join(", ")))
    }

    fn time_note(&self, text: &str) -> String {
        if text.trim().is_empty() {
            return self.lang.tr("3d, 14:30, fri 9, tomorrow").into();
        }
        match parse_time(text, self.now, self.options.zone) {
            Some(at) => {
                let due = self
                    .target()
                    .and_then(Conversation::next_due)
                    .map(|(due, _)| due)
                    .filter(|due| *due < at);
                let earlier = due.map_or_else(String::new, |due| {
                    tr!(
                        self.lang,
                        "   the deadline is earlier: {at}",
                        at = words::weekday(self.lang, due, self.options.zone)
                    )
                });
                format!("{}{earlier}", words::weekday(self.lang, at, self.options.zone))
            }
            None => self.lang.tr("not understood: 3d, 14:30, fri 9, sex, Fr, tomorrow 10:00").into(),
        }
    }

    /// Searches and filters as they are typed.
    fn narrow(&mut self, kind: &PickerKind, text: &str) {
        if self.screen == Screen::Thread && *kind == PickerKind::Search {
            self.search_thread(text);
            return;
        }
        if *kind == PickerKind::Filter {
            self.list.narrowed.filter = (!text.is_empty()).then(|| text.to_owned());
            self.list.unmark();
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

    pub(in crate::app) fn paths(&mut self, paths: &[String]) {
        if let Some(picker) = self.picker.as_mut().filter(|picker| picker.kind == PickerKind::Attach) {
            picker.choices = paths.iter().map(|path| plain(path, "")).collect();
            picker.chosen = 0;
            self.dirty = true;
            self.picker_has_read();
        }
    }
}

/// The first keys of an action, as many as a column takes.
fn short_keys(keys: &[String]) -> String {
    let mut short = keys.first().cloned().unwrap_or_default();
    for key in keys.iter().skip(1) {
        if short.len() + key.len() + 2 <= KEYS {
            short.push_str(", ");
            short.push_str(key);
        }
    }
    short
}

/// The column of keys.
const KEYS: usize = 11;

pub(super) fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

pub(in crate::app) fn plain(title: &str, beside: &str) -> Choice {
    Choice {
        title: title.to_owned(),
        beside: beside.to_owned(),
        enabled: true,
        digit: None,
        what: What::Title,
    }
}

/// The choices that a text is found in, the best first; all of them for no text.
pub(in crate::app) fn fuzzy(text: &str, choices: impl Iterator<Item = Choice>) -> Vec<Choice> {
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
            // An action is found by its name and title letter by letter, by its help only by whole words: what is lit
            // first is what was meant, or Enter would do something else.
            let head = choice.title.rsplit_once("  ").filter(|_| choice.act().is_some());
            let head = head.map_or(choice.title.as_str(), |(head, _)| head);
            let score = pattern
                .score(nucleo_matcher::Utf32Str::new(head, &mut buffer), &mut matcher)
                .or_else(|| (choice.act().is_some() && has_words(&choice.title, text)).then_some(1))?;
            // Of two that fit alike, the one that can be done.
            Some((score + exact + u32::from(choice.enabled) * 30, choice))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, choice)| choice).collect()
}

/// Whether all words of a text stand somewhere in another.
fn has_words(within: &str, text: &str) -> bool {
    let within = words::folded(within);
    words::folded(text).split_whitespace().all(|word| within.contains(word))
}

/// What is wrong with a query, under the term that it is about.
fn query_note(text: &str) -> Option<String> {
    let error = Query::parse(text).err()?;
    Some(format!("{}: {}", error.term, error.problem))
}

/// Where a query goes wrong, in characters from 0, for the mark under it.
pub(in crate::app) fn query_mark(text: &str) -> Option<usize> {
    Query::parse(text).err().map(|error| error.position - 1)
}

/// Which value is asked for.
fn template_note(lang: Lang, template: &Template, field: usize) -> String {
    let name = template.parameters.get(field).map_or("", String::as_str);
    tr!(
        lang,
        "{name}   {at} of {n}   Tab goes on, Enter takes it",
        name,
        at = field + 1,
        n = template.parameters.len()
    )
}
