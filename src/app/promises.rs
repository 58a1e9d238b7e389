//! What a reply promises: found in its words, shown in the review bar, changed or dropped there with a key; later the
//! conversation's own date, set and kept by hand too.

use super::{
    model::{Model, Screen},
    popup::PickerKind,
    words,
};
use crate::domain::{DraftKind, Promise, Time, lang::tr, outbox::LocalChange, promise, when};

impl Model {
    /// What the text in the composer promises when it is sent at `at`.
    pub(super) fn found_promise(&self, at: Time) -> Option<Promise> {
        let composer = self.composer.as_ref().filter(|it| it.kind != DraftKind::Note)?;
        if composer.template.is_some() {
            return None;
        }
        let (at, words) = promise::find(&composer.body(), at, self.options.zone)?;
        Some(Promise { at, words, by: self.options.me.clone() })
    }

    /// `promises: Fri 27 Nov 18:00 "bis Freitag"`, in the review bar.
    pub fn review_promise(&self) -> Option<String> {
        use super::actions::{Act, place};
        let promise = self.review.as_ref()?.promise.as_ref()?;
        let words = if promise.words.is_empty() { String::new() } else { format!(" \"{}\"", promise.words) };
        let key = self.key(place::REVIEW, Act::ReviewPromise);
        let at = words::weekday(self.lang, promise.at, self.options.zone);
        Some(tr!(self.lang, "promises: {at}{words}   {key} changes or drops it", at, words, key))
    }

    /// A time field: for the text in the review bar, else for the conversations that an action is for.
    pub(super) fn open_promise(&mut self) {
        if self.review.is_none() && self.targets().is_empty() {
            self.say(self.lang.tr("no conversation is selected"));
            return;
        }
        self.open_picker(PickerKind::Promise);
    }

    pub(super) fn promise_note(&self, text: &str) -> String {
        if text.trim().is_empty() {
            return self.lang.tr("3d, fri 14:00, tomorrow, 2026-12-24; nothing: no date is promised").into();
        }
        match when::parse(text, self.now, self.options.zone) {
            Some(at) => {
                tr!(self.lang, "promised by {at}", at = words::weekday(self.lang, at, self.options.zone))
            }
            None => self.lang.tr("not understood: 3d, 14:30, fri 9, sex, Fr, tomorrow 10:00").into(),
        }
    }

    /// Enter in that field.
    pub(super) fn promise_typed(&mut self, text: &str) {
        let at = if text.is_empty() { None } else { when::parse(text, self.now, self.options.zone) };
        let by = self.options.me.clone();
        if let Some(review) = &mut self.review {
            let words = review.promise.take().map(|it| it.words).unwrap_or_default();
            review.promise = at.map(|at| Promise { at, words, by });
            review.promise_by_hand = true;
            self.thread_resized();
            return;
        }
        match at {
            Some(at) => {
                let day = words::weekday(self.lang, at, self.options.zone);
                let label = tr!(self.lang, "promised by {at}", at = day);
                self.change(&label, &LocalChange::Promise(Some(Promise { at, words: String::new(), by })));
            }
            None => self.promise_kept(),
        }
    }

    /// What was promised is kept.
    pub(super) fn promise_kept(&mut self) {
        let promised = |model: &Self| {
            model.targets().iter().any(|id| model.known(*id).is_some_and(|row| row.promise.is_some()))
        };
        if promised(self) {
            self.change(self.lang.tr("promise kept"), &LocalChange::Promise(None));
        } else {
            self.say(self.lang.tr("nothing is promised here"));
        }
    }

    pub(super) fn go_promised(&mut self) {
        if self.screen == Screen::Thread {
            self.park_composer();
        }
        self.show_special(self.lang.tr("Promised").into(), "is:promised".into());
    }
}
