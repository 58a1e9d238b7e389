//! The composer: letters are text from the same update as the key that opened it.

mod keys;

use chrono::Duration;
use tui_textarea::{CursorMove, TextArea, WrapMode};

pub(super) use self::keys::edit;
use super::{
    actions::{Act, place},
    canned::Macro,
    model::{Load, Model, Screen, Timer},
    msg::{Request, Wish},
    split::split,
    undo::Intent,
    words,
};
use crate::domain::{
    ChannelName, ConversationId, Draft, DraftHeld, DraftKind, Gate, MessageId, Reach, RowState, Time,
    attachment::StoredFile,
    lang::tr,
    outbox::{CatalogItem, TemplateUse},
};

/// Words typed are on disk within 250 ms: the save starts a little earlier.
const SAVE_AFTER_MS: i64 = 150;

/// Messages of a text with several files that have a line each.
const FILE_LINES: usize = 5;

/// What is being written.
#[derive(Clone, Debug)]
pub struct Composer {
    /// Where; `None`: a new conversation.
    pub to: Option<ConversationId>,
    /// By which account.
    pub channel: ChannelName,
    /// For whom.
    pub kind: DraftKind,
    /// The text.
    pub text: TextArea<'static>,
    /// Its files.
    pub files: Vec<StoredFile>,
    /// The message it quotes.
    pub quote: Option<MessageId>,
    /// A template in place of free text.
    pub template: Option<TemplateUse>,
    /// Catalogue items that go with it.
    pub products: Vec<CatalogItem>,
    /// What a macro does with it.
    pub then: Macro,
    /// The agent's own key said that a closed conversation may be reopened.
    pub reopen: bool,
    /// When the text was last saved.
    pub saved_at: Option<Time>,
    /// Whether something is not saved.
    pub dirty: bool,
    /// Texts that came whole in place of another: one undo leads behind each.
    pub(super) replaced: Vec<String>,
    /// Whether the draft has been read.
    pub(super) loaded: bool,
    /// Another window of this agent has the draft: it can only be read here.
    pub(crate) held: Option<DraftHeld>,
}

impl Composer {
    /// An empty one.
    pub fn new(to: Option<ConversationId>, channel: ChannelName, kind: DraftKind) -> Self {
        Self {
            to,
            channel,
            kind,
            text: area(""),
            files: Vec::new(),
            quote: None,
            template: None,
            products: Vec::new(),
            then: Macro::default(),
            reopen: false,
            saved_at: None,
            dirty: false,
            replaced: Vec::new(),
            loaded: false,
            held: None,
        }
    }

    /// The text as it would be sent.
    pub fn body(&self) -> String {
        self.text.lines().join("\n")
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.body().trim().is_empty()
            && self.files.is_empty()
            && self.template.is_none()
            && self.products.is_empty()
    }

    /// Whether a template goes in place of a text that is there: the text is no part of what is sent.
    pub(super) fn keeps_text(&self) -> bool {
        self.to.is_some() && self.template.is_some() && !self.body().trim().is_empty()
    }

    /// Whether it may go though the gate is not open: it reopens what is closed, or is a template, which goes when the
    /// window is shut too.
    pub fn goes_anyway(&self) -> bool {
        self.reopen || self.template.is_some()
    }

    /// Whether anything goes with the text: it has a line of its own.
    pub fn carries(&self) -> bool {
        !self.files.is_empty() || self.quote.is_some() || self.template.is_some() || !self.products.is_empty()
    }

    fn set(&mut self, body: &str, cursor: (usize, usize)) {
        self.text = area(body);
        let jump = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        self.text.move_cursor(CursorMove::Jump(jump(cursor.0), jump(cursor.1)));
    }

    /// Another text in place of this one; Ctrl-_ brings it back.
    pub(super) fn swap(&mut self, body: &str) {
        if !self.body().is_empty() && !body.is_empty() {
            self.replaced.push(body.to_owned());
        }
        self.text.select_all();
        self.text.insert_str(body);
    }

    /// Undo and redo in the text. The widget takes a text that came in place of another for two edits, with nothing
    /// between them: nobody has written that.
    pub(super) fn undo_text(&mut self, redo: bool) {
        let step = |text: &mut TextArea<'static>| if redo { text.redo() } else { text.undo() };
        let before = self.body();
        step(&mut self.text);
        let whole = |body: &String| self.replaced.contains(body);
        if !self.body().is_empty() {
            return;
        }
        if !redo && whole(&before) {
            step(&mut self.text);
        } else if redo && step(&mut self.text) && !whole(&self.body()) {
            self.text.undo();
        }
    }

    /// The cursor goes to the first place that is still to be filled in.
    pub(super) fn go_to(&mut self, hole: Option<&str>) {
        let Some(hole) = hole else { return };
        let found = self
            .text
            .lines()
            .iter()
            .enumerate()
            .find_map(|(row, line)| line.find(hole).map(|at| (row, line[..at].chars().count())));
        if let Some((row, column)) = found {
            let jump = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
            self.text.move_cursor(CursorMove::Jump(jump(row), jump(column)));
        }
    }

    /// What a draft keeps beside its text: `fields` of the form, template, products, what a macro does.
    fn form(&self, fields: serde_json::Value) -> serde_json::Value {
        if self.template.is_none() && self.products.is_empty() && self.then.is_empty() {
            return fields;
        }
        serde_json::json!({
            "template": self.template,
            "products": self.products,
            "then": self.then,
            "fields": fields,
        })
    }

    /// Shows a draft and nothing else.
    pub(super) fn replace(&mut self, draft: Option<Draft>) {
        self.set("", (0, 0));
        (self.files, self.quote, self.template, self.dirty) = (Vec::new(), None, None, false);
        (self.products, self.then) = (Vec::new(), Macro::default());
        if let Some(draft) = draft {
            self.take(draft);
        }
    }

    /// Takes a draft in. What was typed before it came stands at its cursor.
    pub(super) fn take(&mut self, draft: Draft) {
        let typed = self.body();
        let typed_cursor = self.text.cursor();
        self.set(&draft.body, draft.cursor);
        if typed.is_empty() {
            self.dirty = false;
        } else {
            self.text.insert_str(typed);
            let _ = typed_cursor;
        }
        for file in draft.files {
            if !self.files.contains(&file) {
                self.files.push(file);
            }
        }
        self.quote = self.quote.or(draft.quote);
        let kept = |key: &str| draft.form.get(key).cloned().unwrap_or_default();
        self.template = self.template.take().or_else(|| serde_json::from_value(kept("template")).ok());
        if self.products.is_empty() {
            self.products = serde_json::from_value(kept("products")).unwrap_or_default();
        }
        if self.then.is_empty() {
            self.then = serde_json::from_value(kept("then")).unwrap_or_default();
        }
        self.saved_at = Some(draft.saved_at);
    }
}

fn area(body: &str) -> TextArea<'static> {
    let mut text = TextArea::new(body.split('\n').map(str::to_owned).collect());
    text.set_wrap_mode(WrapMode::WordOrGlyph);
    text.set_cursor_line_style(tui_textarea::TextArea::default().style());
    text.set_cursor_style(tui_textarea::TextArea::default().style());
    text.set_max_histories(200);
    text
}

/// A paste without what could not be seen: control characters but line ends, bidi overrides, invisible joiners.
pub(super) fn clean_paste(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\t', "    ")
        .chars()
        .filter(|it| *it == '\n' || !it.is_control())
        .filter(
            |it| !matches!(it, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200B}' | '\u{FEFF}'),
        )
        .collect()
}

impl Model {
    /// Lines that the composer, with its borders and the review bar, takes from the conversation.
    pub fn composer_height(&self) -> usize {
        if self.composer.is_none() || (self.screen == Screen::List && !self.side_by_side()) {
            return 0;
        }
        let review = self.review_height();
        let half = usize::from(self.size.1) / 2;
        let files = self.carried().len();
        let most = half.saturating_sub(2 + files + review).max(1);
        self.composer_rows().clamp(if review > 0 { 1 } else { 3.min(most) }, most) + 2 + files + review
    }

    /// What goes with the text, a line each; several messages in the order in which they will go.
    pub fn carried(&self) -> Vec<String> {
        let Some(composer) = &self.composer else { return Vec::new() };
        let mut items: Vec<String> = Vec::new();
        if let Some(template) = &composer.template {
            let values = template.parameters.join(" | ");
            items.push(tr!(
                self.lang,
                "template {name} ({language}) {values}",
                name = template.name,
                language = template.language,
                values
            ));
        }
        items.extend(
            composer
                .products
                .iter()
                .map(|item| tr!(self.lang, "product {product_id}", product_id = item.product_id)),
        );
        if composer.quote.is_some() {
            items.push(self.lang.tr("quotes the selected message").into());
        }
        let named = |file: &StoredFile| format!("{} ({}, {})", file.name, file.mime, words::bytes(file.size));
        let can = self.capabilities(&composer.channel);
        let messages =
            split(&composer.body(), &composer.files, None, composer.template.as_ref(), false, &can);
        if composer.files.is_empty() || messages.len() < 2 {
            items.extend(composer.files.iter().map(|file| format!("[{}]", named(file))));
            return if items.is_empty() { Vec::new() } else { vec![items.join("  ")] };
        }
        let mut lines = if items.is_empty() { Vec::new() } else { vec![items.join("  ")] };
        let of = messages.len();
        for (n, message) in messages.iter().enumerate().take(FILE_LINES) {
            let text = (n == 0 && (!message.text.is_empty() || message.template.is_some())).then(|| {
                if message.template.is_some() {
                    self.lang.tr("template").to_owned()
                } else {
                    self.lang.tr("text").to_owned()
                }
            });
            let parts: Vec<String> = text.into_iter().chain(message.file.as_ref().map(named)).collect();
            lines.push(format!("{}/{of} {}", n + 1, parts.join(" + ")));
        }
        if of > FILE_LINES {
            lines.push(tr!(self.lang, "and {n} more", n = of - FILE_LINES));
        }
        lines
    }

    /// Lines of the composer's text as they are wrapped.
    pub fn composer_rows(&self) -> usize {
        let width = usize::from(self.composer_columns().1).saturating_sub(2).max(4);
        self.composer.as_ref().map_or(0, |composer| {
            let lines = composer.text.lines();
            lines.iter().map(|line| textwrap::wrap(line, width).len().max(1)).sum()
        })
    }

    /// `r`, `R`, `i`, `c`: ends where letters are text, before draft, gate or thread have been read.
    pub(super) fn write(&mut self, act: Act) {
        if act == Act::NewConversation {
            self.open_form();
            return;
        }
        if act == Act::Reply && self.on_marks() && self.screen == Screen::List {
            self.open_once();
            return;
        }
        if !self.list.marks.is_empty() && self.screen == Screen::List && act != Act::Note {
            let key = |act| self.key(place::LIST, act);
            let (unmark, all) = (key(Act::Unmark), key(Act::Reply));
            self.tell(tr!(
                self.lang,
                "A quote is of one message, and rows are marked: {unmark} unmarks, {all} writes one text for all of them.",
                unmark,
                all
            ));
            return;
        }
        let Some((id, channel, forever)) =
            self.target().map(|row| (row.id, row.channel.clone(), row.gate.at(self.now) == Gate::ReadOnly))
        else {
            let read = self.thread.as_ref().filter(|_| self.screen == Screen::Thread);
            match read.filter(|_| self.loads.contains_key(&Load::Open)).map(|thread| thread.id) {
                Some(id) => self.begun = Some((id, act)),
                None => {
                    self.tell(self.lang.tr("No conversation is selected: there is nobody to write to here."));
                }
            }
            return;
        };
        let quote = (act == Act::ReplyQuoting).then(|| {
            self.thread.as_ref().filter(|_| self.screen == Screen::Thread).and_then(|thread| {
                thread.selected_message().map(|message| (message.id, message.body.clone()))
            })
        });
        let kind = if act == Act::Note || forever { DraftKind::Note } else { DraftKind::Reply };
        if self.screen != Screen::Thread {
            self.open_conversation(id);
        }
        self.open_composer(id, channel, kind);
        if forever && act != Act::Note {
            self.say(self.lang.tr("we may only read here: this is a note for the team"));
        }
        if let Some(Some((message, body))) = quote {
            self.quote(message, &body);
        }
    }

    /// Opens the composer; the draft comes into it when it has been read.
    pub(super) fn open_composer(&mut self, id: ConversationId, channel: ChannelName, kind: DraftKind) {
        if self.composer.as_ref().is_some_and(|composer| composer.to == Some(id) && composer.kind == kind) {
            return;
        }
        self.park_composer();
        self.details = None;
        self.composer = Some(Composer::new(Some(id), channel, kind));
        self.load(Load::Draft, Request::Draft { of: Some(id), kind });
        self.watch_gate();
        self.thread_resized();
        self.rows_taken_back();
        self.session_changed();
    }

    /// A failed reply is the only owner of its text: opening the composer takes it back.
    pub(super) fn rows_taken_back(&mut self) {
        let Some(composer) =
            self.composer.as_ref().filter(|it| it.kind == DraftKind::Reply && it.to.is_some())
        else {
            return;
        };
        let Some(thread) = self.thread.as_ref().filter(|thread| Some(thread.id) == composer.to) else {
            return;
        };
        let failed = thread.rows.iter().find(|row| {
            row.state == RowState::Failed && row.author == self.options.me && row.action.outgoing().is_some()
        });
        if let Some(n) = failed.map(|row| row.n) {
            let pending = self
                .wishes
                .values()
                .any(|intent| matches!(intent, Intent::TakeBack { row, .. } if *row == n));
            if !pending {
                let id = thread.id;
                self.perform_wish(
                    Wish::TakeBack(n),
                    Intent::TakeBack {
                        row: n,
                        conversation: Some(id),
                        label: self.lang.tr("the failed reply").into(),
                    },
                );
            }
        }
    }

    /// Enter in a conversation: on with my draft.
    pub(super) fn continue_draft(&mut self) {
        let target = self.target().map(|row| (row.has_draft, row.id, row.channel.clone()));
        if let Some((true, id, channel)) = target {
            self.open_composer(id, channel, DraftKind::Reply);
        } else {
            let key = self.key(place::THREAD, Act::Reply);
            self.say(tr!(self.lang, "no draft of yours here   {key} replies", key));
        }
    }

    pub(super) fn draft_loaded(&mut self, draft: Option<Draft>) {
        let Some(composer) = &mut self.composer else { return };
        let first = !std::mem::replace(&mut composer.loaded, true);
        if let Some(draft) = draft
            && first
            && draft.conversation == composer.to
            && draft.kind == composer.kind
        {
            if draft.conversation.is_none() && draft.kind != DraftKind::Once {
                self.form_restored(&draft.form);
            }
            if let Some(composer) = &mut self.composer {
                composer.take(draft);
            }
            self.thread_resized();
        }
    }

    /// Something was typed: saved within 250 ms.
    pub(super) fn typed(&mut self) {
        if let Some(composer) = &mut self.composer {
            composer.dirty = true;
            if !self.timers.contains_key(&Timer::SaveDraft) {
                self.start_timer(Timer::SaveDraft, self.now + Duration::milliseconds(SAVE_AFTER_MS));
            }
        }
        self.thread_resized();
    }

    /// Saves what is not saved. An empty draft is removed by the store.
    pub(super) fn save_draft(&mut self) {
        let Some(composer) = self.composer.as_mut().filter(|composer| composer.dirty) else { return };
        // Until the stored draft has been read, saving could write half a text over a whole one.
        if !composer.loaded {
            let (of, kind) = (composer.to, composer.kind);
            if !self.loads.contains_key(&Load::Draft) {
                self.load(Load::Draft, Request::Draft { of, kind });
            }
            self.start_timer(Timer::SaveDraft, self.now + Duration::milliseconds(SAVE_AFTER_MS));
            return;
        }
        composer.dirty = false;
        let Some(draft) = self.draft_here() else { return };
        self.timers.remove(&Timer::SaveDraft);
        self.perform_wish(Wish::SaveDraft(Box::new(draft)), Intent::SaveDraft { at: self.now });
    }

    /// What stands in the composer, as a draft.
    pub(super) fn draft_here(&self) -> Option<Draft> {
        let form = self.form_value();
        let composer = self.composer.as_ref()?;
        let cursor = composer.text.cursor();
        Some(Draft {
            conversation: composer.to,
            agent: self.options.me.clone(),
            kind: composer.kind,
            body: composer.body(),
            cursor: (cursor.0, cursor.1),
            files: composer.files.clone(),
            quote: composer.quote,
            form: composer.form(form),
            saved_at: self.now,
        })
    }

    /// Puts the composer away; what was written is kept as a draft.
    pub(super) fn park_composer(&mut self) {
        if self.composer.is_none() {
            return;
        }
        self.add_to_draft();
        self.save_draft();
        self.note_draft();
        self.close_draft();
        self.composer = None;
        self.review = None;
        self.end_once();
        self.thread_resized();
    }

    /// A text for many ends with its composer; the marks stay.
    pub(super) fn end_once(&mut self) {
        if self.once.take().is_some() && self.screen == Screen::Once {
            self.screen = Screen::List;
        }
    }

    /// The row's letter tells of the draft at once.
    fn note_draft(&mut self) {
        let Some(composer) = &self.composer else { return };
        let (to, has) = (composer.to, !composer.is_empty());
        let row = self.list.rows.iter_mut().find(|row| Some(row.id) == to);
        let open = self.thread.as_mut().and_then(|thread| thread.conversation.as_mut());
        for row in row.into_iter().chain(open.filter(|row| Some(row.id) == to)) {
            row.has_draft = has;
        }
    }

    /// The largest file that the channel takes.
    pub(super) fn largest_file(&self, channel: &ChannelName) -> u64 {
        let rules = self.capabilities(channel).files;
        rules.and_then(|rules| rules.limits.iter().map(|limit| limit.max_bytes).max()).unwrap_or(0)
    }

    /// Whether a reply can go out at all on a channel.
    pub fn can_reply(&self, channel: &ChannelName) -> bool {
        self.capabilities(channel).reply != Reach::Forbidden
    }
}
