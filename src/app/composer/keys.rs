//! What the keys of the composer do: readline's, Ctrl-x and a letter, pastes, what editor and programs give back.

use tui_textarea::{CursorMove, TextArea};

use super::{Composer, clean_paste};
use crate::{
    app::{
        actions::{Act, place},
        canned::Macro,
        keymap::Key,
        model::{Load, Model},
        msg::{Effect, Request, Wish},
        popup::PickerKind,
        undo::Intent,
    },
    domain::{Draft, DraftKind, MessageId, lang::tr},
};

impl Model {
    pub(in crate::app) fn quote(&mut self, message: MessageId, body: &str) {
        let Some(composer) = &mut self.composer else { return };
        let native =
            self.options.descriptors.iter().any(|it| it.name == composer.channel && it.capabilities.quote);
        if native && composer.kind == DraftKind::Reply {
            composer.quote = Some(message);
        } else {
            let quoted: Vec<String> = clean_paste(body).lines().map(|line| format!("> {line}")).collect();
            // A quote begins a line.
            let start = if composer.text.cursor().1 == 0 { "" } else { "\n" };
            composer.text.insert_str(format!("{start}{}\n", quoted.join("\n")));
        }
        self.typed();
    }

    /// A key that no action names. Answers whether it was text.
    pub(in crate::app) fn type_text(&mut self, key: Key) -> bool {
        let Some(letter) = key.text() else { return false };
        match self.place() {
            place::COMPOSER if self.typed_elsewhere(key) => true,
            place::COMPOSER => {
                if let Some(composer) = &mut self.composer {
                    composer.text.insert_char(letter);
                }
                self.typed();
                true
            }
            place::PICKER => {
                let digit = letter.to_digit(10).filter(|digit| *digit > 0);
                if !digit.is_some_and(|digit| self.canned_digit(digit)) {
                    self.picker_typed(&letter.to_string());
                }
                true
            }
            place::FORM => {
                self.form_typed(&letter.to_string());
                true
            }
            _ => false,
        }
    }

    /// A paste goes where letters are text; answers whether it went anywhere.
    pub(in crate::app) fn insert_paste(&mut self, text: &str) -> bool {
        let clean = clean_paste(text);
        match self.place() {
            place::COMPOSER if self.written_elsewhere().is_some() => {
                self.say_elsewhere();
                true
            }
            place::COMPOSER => {
                if let Some(composer) = &mut self.composer {
                    composer.text.insert_str(&clean);
                }
                self.typed();
                true
            }
            place::PICKER => {
                self.picker_typed(&clean.replace('\n', " "));
                true
            }
            place::FORM => {
                self.form_typed(&clean.replace('\n', " "));
                true
            }
            _ => false,
        }
    }

    pub(in crate::app) fn composer_act(&mut self, act: Act) {
        if self.acted_elsewhere(act) {
            return;
        }
        if let Some(composer) =
            self.composer.as_mut().filter(|_| matches!(act, Act::UndoText | Act::RedoText))
        {
            composer.undo_text(act == Act::RedoText);
            self.typed();
            return;
        }
        if let Some(composer) = &mut self.composer
            && edit(&mut composer.text, act)
        {
            if !matches!(
                act,
                Act::LineHead | Act::LineEnd | Act::CharBack | Act::CharForward | Act::LineUp | Act::LineDown
            ) {
                self.typed();
            }
            return;
        }
        match act {
            Act::ReviewBar | Act::NextField | Act::PreviousField if self.form.is_some() => self.form_act(act),
            Act::ReviewBar => self.open_review(),
            Act::NextField | Act::PreviousField => {
                self.say(self.lang.tr("only a new conversation has fields"));
            }
            Act::SendClean => self.send_if_clean(),
            Act::ThreadUp if self.once.is_some() => self.once_step(-1),
            Act::ThreadDown if self.once.is_some() => self.once_step(1),
            Act::Attach | Act::Quote | Act::MakeNote | Act::MakePublic if self.once.is_some() => {
                self.say(self.lang.tr("one text for many carries no files, no quote, and is no note"));
            }
            Act::ThreadUp => self.scroll_pages(-1, false),
            Act::ThreadDown => self.scroll_pages(1, false),
            Act::Editor => {
                let ticket = self.ticket();
                if let Some(composer) = &self.composer {
                    self.fx.push(Effect::OpenEditor(ticket, composer.body(), composer.text.cursor().0));
                }
            }
            Act::Attach => self.open_attach(),
            Act::Canned => self.open_canned(),
            Act::TextFilter => self.open_filters(),
            Act::DraftVersions => self.open_versions(),
            Act::Quote => {
                let selected = self.thread.as_ref().and_then(|thread| thread.selected_message());
                match selected.map(|message| (message.id, message.body.clone())) {
                    Some((id, body)) => self.quote(id, &body),
                    None => self.say(self.lang.tr("there is no message to quote")),
                }
            }
            Act::MakeNote => self.change_kind(DraftKind::Note),
            Act::MakePublic => self.ask_public(),
            other => self.common_act(other, &[]),
        }
    }

    /// Where files are forbidden it is said before a path is typed.
    pub(in crate::app) fn open_attach(&mut self) {
        let Some(composer) = &self.composer else { return };
        if composer.kind == DraftKind::Note {
            self.tell(self.lang.tr("a note carries no files"));
        } else if self.capabilities(&composer.channel).files.is_none() {
            let via = self.via(&composer.channel);
            self.tell(tr!(self.lang, "{via} takes no files", via));
        } else {
            self.open_picker(PickerKind::Attach);
        }
    }

    /// Programs that the text can go through.
    pub(in crate::app) fn open_filters(&mut self) {
        if self.options.filters.is_empty() {
            self.tell(self.lang.tr("no program is configured: [compose] filters"));
        } else {
            self.open_picker(PickerKind::TextFilter);
        }
    }

    pub(in crate::app) fn filter_text(&mut self, name: &str) {
        let filter = self.options.filters.iter().find(|(it, _)| it == name);
        if let (Some(command), Some(body)) =
            (filter.map(|(_, command)| command.clone()), self.composer.as_ref().map(Composer::body))
        {
            let ticket = self.ticket();
            self.fx.push(Effect::FilterText(ticket, command, body));
        }
    }

    /// Turns a reply into a note or a note into a reply; the text goes with it.
    pub(in crate::app) fn change_kind(&mut self, kind: DraftKind) {
        let Some(composer) = self.composer.as_mut().filter(|composer| composer.kind != kind) else {
            self.say(self.lang.tr("it is one already"));
            return;
        };
        let Some(to) = composer.to else {
            self.say(self.lang.tr("the first message of a conversation is for its reader"));
            return;
        };
        let (old, body, cursor) = (composer.kind, composer.body(), composer.text.cursor());
        let emptied = Draft::empty(composer.to, self.options.me.clone(), old, self.now);
        composer.kind = kind;
        composer.set(&body, (cursor.0, cursor.1));
        if kind == DraftKind::Note {
            composer.template = None;
            composer.quote = None;
            composer.products.clear();
            composer.then = Macro::default();
        }
        composer.dirty = true;
        composer.loaded = false;
        // A text is in exactly one place: the old draft ends as the new one begins.
        self.perform_wish(Wish::SaveDraft(Box::new(emptied)), Intent::Quiet);
        self.load(Load::Draft, Request::Draft { of: Some(to), kind });
        self.typed();
        self.session_changed();
    }

    pub(in crate::app) fn edited(&mut self, text: &str) {
        if let Some(composer) = &mut self.composer {
            let text = text.strip_suffix('\n').unwrap_or(text);
            composer.swap(&clean_paste(text));
            composer.text.move_cursor(CursorMove::Bottom);
            composer.text.move_cursor(CursorMove::End);
            self.typed();
        }
        self.dirty = true;
    }
}

/// Readline's keys on a text. Answers whether the action was one of them.
pub(in crate::app) fn edit(text: &mut TextArea<'static>, act: Act) -> bool {
    match act {
        Act::Newline => text.insert_newline(),
        Act::LineHead => text.move_cursor(CursorMove::Head),
        Act::LineEnd => text.move_cursor(CursorMove::End),
        Act::CharBack => text.move_cursor(CursorMove::Back),
        Act::CharForward => text.move_cursor(CursorMove::Forward),
        Act::LineUp => text.move_cursor(CursorMove::Up),
        Act::LineDown => text.move_cursor(CursorMove::Down),
        Act::DeleteNext => _ = text.delete_next_char(),
        Act::DeleteBack => _ = text.delete_char(),
        Act::KillEnd => _ = text.delete_line_by_end(),
        Act::KillHead => _ = text.delete_line_by_head(),
        Act::KillWord => _ = text.delete_word(),
        Act::Yank => _ = text.paste(),
        // A text that was replaced as a whole was empty for a moment, which nobody has seen.
        Act::UndoText => _ = text.undo() && text.is_empty() && text.undo(),
        Act::RedoText => _ = text.redo() && text.is_empty() && text.redo(),
        _ => return false,
    }
    true
}
