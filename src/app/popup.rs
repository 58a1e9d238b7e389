//! Pop-ups: questions, and pickers with a text field. They swallow every key that they do not name.

mod about;
mod accept;
mod choices;

use tui_textarea::{CursorMove, TextArea};

use super::{
    actions::Act,
    composer::edit,
    handover::HandOver,
    keymap::Key,
    list::Narrowed,
    model::{Load, Model, Screen},
    msg::{Effect, Request, Wish},
    undo::{Intent, Settled},
};
use crate::domain::{
    ConversationId, Draft, DraftKind, Lang, RowNumber,
    channel::Template,
    lang::tr,
    outbox::{CatalogItem, LocalChange},
    text::SafeText,
};

pub(super) use self::choices::{fuzzy, plain};

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
    Nothing,
    Change { id: ConversationId, changes: Vec<LocalChange>, label: String },
    Marked { targets: Vec<ConversationId>, changes: Vec<LocalChange>, label: String },
    VendorMark { ids: Vec<ConversationId>, read: bool, left: Vec<ConversationId> },
    DiscardRow(RowNumber),
    SendAgain(RowNumber),
    HandOver { handover: HandOver, note: String },
    Parked { n: RowNumber, conversation: ConversationId },
}

impl Ask {
    pub(super) fn new(question: String, yes: &str, then: AskThen) -> Self {
        Self { question, yes: yes.to_owned(), drawn: false, needs_drawing: false, then }
    }

    /// Whether it asks nothing: a sentence that swallows every key but Esc, where a text or a choice was expected.
    pub fn is_sentence(&self) -> bool {
        self.then == AskThen::Nothing
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
    /// A team of the configuration.
    Team,
    /// Labels: `+x -y`, or one to switch.
    Labels,
    /// A reference id, title or due date at the vendor.
    VendorFields,
    /// A time to wake at.
    Snooze,
    /// A time to send at.
    Later,
    /// A time by which something is promised.
    Promise,
    /// Who has all of mine from now on.
    HandOver,
    /// A word for them.
    HandNote(HandOver),
    /// Words.
    Search,
    /// Words over everything.
    SearchAll,
    /// A fuzzy filter.
    Filter,
    /// A time that ends the status on hold.
    Hold,
    /// A path.
    Attach,
    /// A canned reply, a macro, a template, a product.
    Canned,
    /// The values of a template's variables, a field each.
    Variables(Template),
    /// Older texts of the draft, once they have been read.
    Versions(Option<Vec<Draft>>),
    /// A program that the text goes through.
    TextFilter,
    /// A query that marks what it matches.
    MarkQuery,
    /// A file of the selected message, to be opened, saved or looked at.
    Files(Act),
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
    /// What was typed could not be taken: it stands here still, and the note says why.
    pub refused: bool,
    /// The fields of a template or of the vendor: what stands in each, and which one the text field is.
    pub fields: Vec<String>,
    /// See `fields`.
    pub field: usize,
    /// Keys that wait for the paths that the text can become.
    waiting: Vec<Act>,
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
    /// The digit that takes it.
    pub digit: Option<u32>,
    pub(super) what: What,
}

/// What a choice stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Its title.
    Title,
    Act(Act),
    /// By its place on the shelf.
    Canned(usize),
    Template(Template),
    Product(CatalogItem),
    Version(Box<Draft>),
}

impl Choice {
    /// The action that it stands for.
    pub fn act(&self) -> Option<Act> {
        match self.what {
            What::Act(act) => Some(act),
            _ => None,
        }
    }
}

impl Picker {
    /// Whether its rows stand under headings: the menu, until something is typed in it.
    pub fn headed(&self) -> bool {
        self.kind == PickerKind::Help && self.text().is_empty()
    }

    /// The text of the field.
    pub fn text(&self) -> &str {
        self.input.lines().first().map_or("", String::as_str)
    }

    /// Where the text goes wrong, in characters, where it is a query that cannot be read.
    pub fn wrong_at(&self) -> Option<usize> {
        let query = matches!(self.kind, PickerKind::Search | PickerKind::SearchAll | PickerKind::MarkQuery);
        choices::query_mark(self.text()).filter(|_| query && !self.note.is_empty())
    }

    /// What stands before the field.
    pub fn prompt(&self, lang: Lang) -> &'static str {
        match self.kind {
            PickerKind::Palette => ":",
            PickerKind::Help => lang.word("prompt", "what works here"),
            PickerKind::Agent | PickerKind::Team => lang.word("prompt", "assign to"),
            PickerKind::Labels => lang.word("prompt", "labels (+x -y)"),
            PickerKind::VendorFields => {
                lang.word("field", super::vendor_fields::FIELDS.get(self.field).unwrap_or(&""))
            }
            PickerKind::Snooze => lang.word("prompt", "asleep until"),
            PickerKind::Hold => lang.word("prompt", "on hold until"),
            PickerKind::Later => lang.word("prompt", "send at"),
            PickerKind::Promise => lang.word("prompt", "promised by"),
            PickerKind::HandOver => lang.word("prompt", "hand all of mine to"),
            PickerKind::HandNote(_) => lang.word("prompt", "a word for them"),
            PickerKind::Search => "/",
            PickerKind::SearchAll => lang.word("prompt", "search everything"),
            PickerKind::Filter => lang.word("prompt", "filter (! inverts)"),
            PickerKind::Attach => lang.word("prompt", "attach"),
            PickerKind::Canned => lang.word("prompt", "canned reply"),
            PickerKind::Variables(_) => lang.word("prompt", "value"),
            PickerKind::Versions(_) => lang.word("prompt", "older texts"),
            PickerKind::TextFilter => lang.word("prompt", "through"),
            PickerKind::MarkQuery => lang.word("prompt", "mark what matches"),
            PickerKind::Files(act) => act.row().title_in(lang),
        }
    }
}

impl Model {
    /// Says why no text field came where one was expected. What is typed on must not become commands.
    pub(super) fn tell(&mut self, sentence: impl Into<String>) {
        self.ask = Some(Ask::new(sentence.into(), "", AskThen::Nothing));
        self.dirty = true;
    }

    /// The lines of the question, as wide as the screen.
    pub fn question_lines(&self) -> Vec<String> {
        let Some(ask) = &self.ask else { return Vec::new() };
        let width = usize::from(self.size.0).saturating_sub(2).max(10);
        let safe = SafeText::line(&ask.question).into_string();
        textwrap::wrap(&safe, width).into_iter().map(std::borrow::Cow::into_owned).collect()
    }

    /// How many of them there is room for, with the line of the answers and a rule above.
    pub fn question_room(&self) -> usize {
        let small = self.size.0 < 60 || self.size.1 < 16;
        usize::from(self.size.1).saturating_sub(if small { 4 } else { 5 })
    }

    /// Whether the question is drawn whole.
    pub(super) fn question_whole(&self) -> bool {
        let drawable = self.locked.is_none() && self.size.0 >= 20 && self.size.1 >= 5;
        drawable && self.question_lines().len() <= self.question_room()
    }

    pub(super) fn ask_act(&mut self, act: Act) {
        if self.ask.as_ref().is_some_and(Ask::is_sentence) {
            if matches!(act, Act::Confirm | Act::Decline) {
                self.ask = None;
            }
            return;
        }
        match act {
            Act::Confirm => {
                if self.ask.as_ref().is_some_and(|ask| ask.needs_drawing && !ask.drawn) {
                    if !self.question_whole() {
                        self.say(self.lang.tr("no room to show what is asked: nothing was done"));
                    }
                    return;
                }
                if let Some(ask) = self.ask.take() {
                    self.confirmed(ask.then);
                }
            }
            Act::Edit | Act::DiscardRow => {
                let drawn = self.ask.as_ref().filter(|ask| ask.drawn).map(|ask| ask.then.clone());
                if let Some(AskThen::Parked { n, conversation }) = drawn {
                    self.ask = None;
                    self.settle_parked(act, n, conversation);
                }
            }
            Act::Decline => {
                self.ask = None;
                self.say(self.lang.tr("nothing was done"));
                self.ask_parked();
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
                self.end_once();
                if self.screen == Screen::Form {
                    self.form = None;
                    self.screen = Screen::List;
                }
                let key = self.key(super::actions::place::COMPOSER, super::actions::Act::DraftVersions);
                self.say(tr!(self.lang, "thrown away; in a new text {key} has it still", key));
                self.thread_resized();
            }
            AskThen::MakePublic => self.change_kind(DraftKind::Reply),
            AskThen::Quit => self.leave(),
            AskThen::Nothing => {}
            AskThen::Change { id, changes, label } => {
                let group = self.undo.group();
                let all = changes.into_iter().map(|change| (id, change)).collect();
                self.change_all(all, &label, group, false);
                self.list.unmark();
            }
            AskThen::Marked { targets, changes, label } => self.change_targets(&targets, &label, &changes),
            AskThen::VendorMark { ids, read, left } => {
                self.vendor_mark_all(&ids, read);
                self.list.unmark_but(&left);
                self.undo.left_out = left.len();
                self.say_left_out(
                    self.lang.tr("open them first, what is new there was never on this screen"),
                );
            }
            AskThen::DiscardRow(n) => {
                self.perform_wish(
                    Wish::Discard(n),
                    Intent::Settle {
                        label: tr!(self.lang, "row {n} is gone", n),
                        of: Some((n, Settled::Gone)),
                    },
                );
            }
            AskThen::Parked { n, conversation } => self.settle_parked(Act::Confirm, n, conversation),
            AskThen::HandOver { handover, note } => self.hand_over(&handover, &note),
            AskThen::SendAgain(n) => {
                self.perform_wish(
                    Wish::Retry(n),
                    Intent::Settle {
                        label: tr!(self.lang, "row {n} is sent again", n),
                        of: Some((n, Settled::Leaves)),
                    },
                );
            }
        }
    }

    pub(super) fn ask_public(&mut self) {
        match self.composer.as_ref().map(|composer| (composer.kind, composer.to)) {
            Some((DraftKind::Note, Some(id))) => {
                let reader = self.known(id).map_or_else(String::new, |row| self.addressee(row));
                self.ask = Some(Ask::new(
                    tr!(self.lang, "Make this note a reply TO {reader}?", reader),
                    self.lang.tr("make it public"),
                    AskThen::MakePublic,
                ));
            }
            _ => self.say(self.lang.tr("it is public already")),
        }
    }

    pub(super) fn open_picker(&mut self, kind: PickerKind) {
        self.picker = Some(Picker {
            kind,
            input: TextArea::default(),
            choices: Vec::new(),
            chosen: 0,
            note: String::new(),
            refused: false,
            fields: Vec::new(),
            field: 0,
            waiting: Vec::new(),
            before: self.list.narrowed.clone(),
        });
        self.picker_changed();
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
            self.say(self.lang.tr("no conversation is selected"));
            return;
        }
        match act {
            Act::Labels => self.open_picker(PickerKind::Labels),
            Act::VendorFields if !self.keeps_fields() => {
                self.say(self.lang.tr("this vendor keeps no reference id, title or due date of ours"));
            }
            // Their values differ: they are set one conversation at a time.
            Act::VendorFields if self.on_marks() => {
                let key = self.key(super::actions::place::LIST, Act::Unmark);
                self.say(tr!(self.lang, "these are set one conversation at a time   {key} unmarks", key));
            }
            Act::VendorFields => self.open_fields(),
            Act::AssignAgent => {
                self.load(Load::Members, Request::Members);
                self.open_picker(PickerKind::Agent);
            }
            Act::HoldUntil => self.open_picker(PickerKind::Hold),
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
        self.picker_has_read();
    }

    /// Whether what a key is to take has been asked for and is not here yet.
    fn picker_reads(&self, act: Act) -> bool {
        let Some(picker) = &self.picker else { return false };
        matches!(act, Act::Complete | Act::Accept)
            && match picker.kind {
                // A path that was typed out needs no list.
                PickerKind::Attach => {
                    self.loads.contains_key(&Load::Path)
                        && (act == Act::Complete || !picker.waiting.is_empty())
                }
                PickerKind::Agent => self.loads.contains_key(&Load::Members),
                PickerKind::HandOver => self.held.is_none() || self.loads.contains_key(&Load::Members),
                PickerKind::Versions(None) => true,
                _ => false,
            }
    }

    /// What was waited for is here: the keys that came before it are done now.
    pub(super) fn picker_has_read(&mut self) {
        let Some(picker) = &mut self.picker else { return };
        for act in std::mem::take(&mut picker.waiting) {
            self.picker_act(act);
        }
    }

    pub(super) fn picker_typed(&mut self, text: &str) {
        if let Some(picker) = &mut self.picker {
            picker.input.insert_str(text);
            picker.chosen = 0;
            picker.waiting.clear();
        }
        self.picker_changed();
    }

    pub(super) fn picker_act(&mut self, act: Act) {
        let page = usize::from(self.size.1).saturating_sub(8).max(1);
        let reads = self.picker_reads(act);
        let Some(picker) = &mut self.picker else { return };
        if reads {
            picker.waiting.push(act);
            return;
        }
        // At the end of the text already, its keys go on to the ends of the choices.
        let (at, end) = (picker.input.cursor().1, picker.text().chars().count());
        let last = picker.choices.len().saturating_sub(1);
        let to = match act {
            Act::LineEnd if at == end && last > 0 => Some(last),
            Act::LineHead if at == 0 && last > 0 => Some(0),
            Act::ChoicePageDown => Some((picker.chosen + page).min(last)),
            Act::ChoicePageUp => Some(picker.chosen.saturating_sub(page)),
            _ => None,
        };
        if let Some(to) = to {
            picker.chosen = to;
            return;
        }
        if edit(&mut picker.input, act) {
            self.picker_changed();
            return;
        }
        match act {
            Act::ChoiceDown | Act::ChoiceUp if picker.kind == PickerKind::VendorFields => {
                self.template_field(if act == Act::ChoiceDown { 1 } else { -1 });
            }
            Act::ChoiceDown => {
                picker.chosen = (picker.chosen + 1).min(picker.choices.len().saturating_sub(1));
            }
            Act::ChoiceUp => picker.chosen = picker.chosen.saturating_sub(1),
            Act::ClosePicker => self.close_picker(),
            Act::Complete | Act::CompleteBack
                if matches!(picker.kind, PickerKind::Variables(_) | PickerKind::VendorFields) =>
            {
                self.template_field(if act == Act::Complete { 1 } else { -1 });
            }
            Act::Complete => {
                let chosen = picker.choices.get(picker.chosen);
                // An action by its name, without what it is called and what it does.
                let name = |choice: &Choice| choice.act().map(|act| act.row().name.to_owned());
                let title = chosen.map(|choice| name(choice).unwrap_or_else(|| choice.title.clone()));
                let plain = matches!(
                    picker.kind,
                    PickerKind::Attach
                        | PickerKind::Agent
                        | PickerKind::HandOver
                        | PickerKind::Palette
                        | PickerKind::Team
                        | PickerKind::TextFilter
                        | PickerKind::Labels
                );
                if let Some(title) = title.filter(|_| plain) {
                    picker.input = TextArea::new(vec![title]);
                    picker.input.move_cursor(CursorMove::End);
                    self.picker_changed();
                }
            }
            Act::Accept if picker.field + 1 < picker.fields.len() => self.template_field(1),
            Act::Accept => match self.not_taken() {
                Some(why) => self.refuse_picked(why),
                None => self.accept(),
            },
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

    pub(super) fn panel_act(&mut self, act: Act) {
        if act == Act::ClosePanel && self.preview.take().is_some() {
            return;
        }
        let top = match &mut self.preview {
            Some(preview) => Some(&mut preview.top),
            None => self.details.as_mut(),
        };
        match (act, top) {
            (Act::PanelDown, Some(top)) => *top += 1,
            (Act::PanelUp, Some(top)) => *top = top.saturating_sub(1),
            (Act::ClosePanel, _) => self.close_details(),
            (Act::NextPane | Act::PreviousPane, _) => self.switch_pane(act),
            (other, _) => self.common_act(other, &[]),
        }
    }
}
