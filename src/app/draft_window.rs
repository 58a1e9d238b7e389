//! A draft is written in one window at a time: what a second window of the same agent shows, and taking it over.

use chrono::Duration;

use super::{
    actions::Act,
    keymap::Key,
    model::{Model, Timer},
    msg::Wish,
    undo::Intent,
};
use crate::domain::{Draft, DraftHeld, lang::tr};

/// A letter that nothing follows for so long is a key, and no beginning of a word.
const ALONE: Duration = Duration::milliseconds(500);
/// A letter this soon after another is one of a word.
const WORD: Duration = Duration::seconds(1);

impl Model {
    /// `you are writing this in pts/4, 3 min ago: t take over`, where another window has the draft.
    pub fn written_elsewhere(&self) -> Option<String> {
        let held = self.composer.as_ref()?.held.as_ref()?;
        let ago = match (self.now - held.at).num_minutes() {
            ..=0 => self.lang.tr("just now").to_owned(),
            minutes @ 1..=59 => tr!(self.lang, "{minutes} min ago", minutes),
            minutes => tr!(self.lang, "{minutes} h ago", minutes = minutes / 60),
        };
        Some(tr!(self.lang, "you are writing this in {place}, {ago}: t take over", place = held.place, ago))
    }

    /// Another window has the draft: it is shown, and nothing can be typed or sent here.
    pub(super) fn draft_held(&mut self, draft: Option<Draft>, held: DraftHeld) {
        if let Some(draft) = draft {
            // What was typed meanwhile goes into a version when it is taken over.
            self.draft_loaded(Some(draft));
        }
        if let Some(composer) = &mut self.composer {
            composer.loaded = true;
            composer.held = Some(held);
        }
        self.timers.remove(&Timer::SaveDraft);
        self.review = None;
        self.picker = None;
        self.thread_resized();
    }

    /// Answers whether a letter went to a draft that is another window's. `t` takes it over where it stands alone: who
    /// begins to write types on.
    pub(super) fn typed_elsewhere(&mut self, key: Key) -> bool {
        if self.written_elsewhere().is_none() {
            return false;
        }
        let types = self.timers.contains_key(&Timer::TypedElsewhere);
        let alone = self.timers.remove(&Timer::TakeDraft).is_none() && !types;
        if key.text() == Some('t') && alone {
            self.start_timer(Timer::TakeDraft, self.now + ALONE);
        } else {
            self.start_timer(Timer::TypedElsewhere, self.now + WORD);
            self.say_elsewhere();
        }
        true
    }

    /// Answers whether an action is none for a draft that is another window's.
    pub(super) fn acted_elsewhere(&mut self, act: Act) -> bool {
        if self.written_elsewhere().is_none() {
            return false;
        }
        self.timers.remove(&Timer::TakeDraft);
        match act {
            Act::ThreadUp
            | Act::ThreadDown
            | Act::Details
            | Act::Help
            | Act::Palette
            | Act::Repaint
            | Act::Suspend
            | Act::Cancel
            | Act::Quit => return false,
            // Esc: there is nothing to review here.
            Act::ReviewBar => self.park_composer(),
            _ => self.say_elsewhere(),
        }
        true
    }

    pub(super) fn say_elsewhere(&mut self) {
        if let Some(sentence) = self.written_elsewhere() {
            self.say(sentence);
        }
    }

    /// Nothing followed the `t`.
    pub(super) fn take_over_draft(&mut self) {
        if let Some(mine) = self.draft_here().filter(|_| self.written_elsewhere().is_some()) {
            self.perform_wish(Wish::TakeDraft(Box::new(mine)), Intent::TakeDraft);
        }
    }

    /// The draft is this window's now, with the text that the other one had saved.
    pub(super) fn draft_taken(&mut self, draft: Option<Draft>) {
        let Some(composer) = self.composer.as_mut().filter(|composer| composer.held.is_some()) else {
            return;
        };
        composer.held = None;
        let mine = composer.body();
        let form =
            draft.as_ref().filter(|draft| draft.conversation.is_none()).map(|draft| draft.form.clone());
        composer.replace(draft);
        let kept = !mine.trim().is_empty() && composer.body() != mine;
        if let Some(form) = form {
            self.form_restored(&form);
        }
        self.say(if kept {
            self.lang.tr("yours from here on; what stood here before is kept as a version")
        } else {
            self.lang.tr("yours from here on")
        });
        self.thread_resized();
    }

    /// The window's composer closes: whoever opens the draft next may write it.
    pub(super) fn close_draft(&mut self) {
        if let Some(composer) = self.composer.as_ref().filter(|composer| composer.held.is_none()) {
            let wish = Wish::CloseDraft { of: composer.to, kind: composer.kind };
            self.perform_wish(wish, Intent::Quiet);
        }
    }

    /// What was typed before the stored draft was read goes into it, not over it.
    pub(super) fn add_to_draft(&mut self) {
        let unread = self.composer.as_ref().is_some_and(|composer| !composer.loaded && !composer.is_empty());
        if let Some(draft) = self.draft_here().filter(|_| unread) {
            self.timers.remove(&Timer::SaveDraft);
            self.perform_wish(Wish::AddToDraft(Box::new(draft)), Intent::SaveDraft { at: self.now });
            if let Some(composer) = &mut self.composer {
                composer.dirty = false;
            }
        }
    }
}
