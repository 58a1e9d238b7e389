//! From what the terminal says to actions: strokes, prefixes, counts, bursts, pastes.

use chrono::Duration;
use crossterm::event::KeyModifiers;

use super::{
    actions::{Act, Category, place},
    keymap::{Key, Meaning},
    model::{Load, Model, Timer},
    msg::{Input, Stroke},
};
use crate::domain::lang::tr;

impl Model {
    pub(super) fn input(&mut self, input: Input) {
        self.dirty |= !matches!(input, Input::Focus(_));
        self.touched |= matches!(input, Input::Key(_) | Input::Burst(_) | Input::Paste(_));
        if self.touched && !self.list.rows.is_empty() && std::mem::take(&mut self.session.view_open) {
            // Who acts on what is drawn is not given another view in its place.
            self.refresh_list();
        }
        match input {
            Input::Act(act) => self.named(act),
            Input::Point(pointer) => self.point(pointer),
            Input::Key(stroke) => self.stroke(stroke),
            Input::Burst(strokes) => self.burst(&strokes),
            Input::Paste(text) => self.paste(&text),
            Input::Resize(columns, rows) => {
                self.size = self.without_tutor((columns, rows));
                self.resized();
            }
            Input::Focus(focused) => self.focused = focused,
        }
        self.check_review();
    }

    /// An action by its name, as the palette runs it.
    fn named(&mut self, act: Act) {
        self.notice = None;
        self.end_prefix();
        if act.acts() && !self.target_drawn(self.place()) {
            self.say(self.lang.tr("not on the screen yet: nothing was done"));
        } else {
            self.run(act);
        }
    }

    /// Keys of one read. Outside a text field they are a paste if they hold a line end or more than three different
    /// printable keys; a run of one key or of motions is typing at any speed.
    fn burst(&mut self, strokes: &[Stroke]) {
        for (at, stroke) in strokes.iter().enumerate() {
            let rest = &strokes[at..];
            if rest.len() > 1 && !self.in_text() && is_paste(rest) {
                self.say(self.lang.tr("pasted outside a text field: nothing was done"));
                return;
            }
            self.stroke(*stroke);
        }
    }

    fn paste(&mut self, text: &str) {
        if self.locked.is_some() || !self.insert_paste(text) {
            self.say(self.lang.tr("pasted outside a text field: nothing was done"));
        }
    }

    fn stroke(&mut self, stroke: Stroke) {
        // Nothing lies on Alt: a terminal that joins Esc and a letter must not make a key of them.
        if stroke.key.modifiers.contains(KeyModifiers::ALT) {
            return;
        }
        let key = Key::from(stroke.key);
        if self.waits() && !key.is_cancel() {
            self.ahead.push(stroke);
            return;
        }
        if self.too_small() && !self.works_unseen(key) {
            return;
        }
        if self.ask.as_ref().is_some_and(super::popup::Ask::is_sentence) && !key.is_cancel() {
            if key.is_escape() {
                self.ask = None;
            }
            return;
        }
        let place = self.place();
        let after_escape = stroke.after_escape && !matches!(place, place::COMPOSER | place::REVIEW);
        if self.prefix.is_empty() {
            self.notice = None;
            if place == place::THREAD && self.counted(key) {
                return;
            }
        } else if key.is_escape() {
            self.end_prefix();
            return;
        }
        let cancelled = std::mem::take(&mut self.cancelled);
        let mut keys = std::mem::take(&mut self.prefix);
        keys.push(key);
        match self.keymap.meaning(place, &keys) {
            Meaning::Do(act) => {
                self.end_prefix();
                if act == Act::Cancel {
                    self.cancelled = !cancelled;
                    if cancelled {
                        self.leave();
                    } else {
                        self.cancel();
                    }
                } else if act.acts() && (after_escape || !self.target_drawn(place)) {
                    self.say(if after_escape {
                        tr!(
                            self.lang,
                            "{keys} came with an Esc: nothing was done",
                            keys = super::keymap::show(&keys)
                        )
                    } else {
                        self.lang.tr("not on the screen yet: nothing was done").to_owned()
                    });
                } else {
                    self.perform(act, &keys);
                }
                if !matches!(act, Act::Next | Act::Previous) {
                    self.count = None;
                }
            }
            Meaning::Prefix => {
                self.prefix = keys;
                self.prefix_shown = false;
                // Keys that the bar does not offer are swallowed all the same, without a pop-up that would offer them.
                let following = self.keymap.following(place, &self.prefix);
                if let Some((_, act)) = following.first().filter(|_| place == place::REVIEW)
                    && !following.iter().any(|(_, act)| self.offered(*act))
                {
                    self.say(self.not_offered(*act));
                    return;
                }
                self.start_timer(Timer::Prefix, self.now + Duration::milliseconds(400));
            }
            Meaning::Nothing => {
                let sequence = keys.len() > 1;
                self.end_prefix();
                // The composer's prefix in the bar or in a pop-up: what follows it was meant for the text below.
                if matches!(place, place::REVIEW | place::PICKER)
                    && !sequence
                    && matches!(self.keymap.meaning(place::COMPOSER, &keys), Meaning::Prefix)
                {
                    self.prefix = keys;
                    return;
                }
                if place == place::LOCKED {
                    self.locked_key(key);
                } else if sequence {
                    self.say(tr!(self.lang, "{keys}: no such key here", keys = super::keymap::show(&keys)));
                } else if !self.type_text(key) && !matches!(place, place::REVIEW | place::ASK) {
                    self.unknown_key(key);
                }
            }
        }
    }

    /// Whether a key may be taken while there is no room to draw anything: what is typed as text, and what leads out.
    fn works_unseen(&self, key: Key) -> bool {
        match self.keymap.meaning(self.place(), &[key]) {
            Meaning::Do(act) => {
                matches!(act, Act::Cancel | Act::Suspend | Act::Repaint | Act::Unlock)
                    || (act.row().category == Category::Text && act != Act::ReviewBar)
            }
            Meaning::Prefix => false,
            Meaning::Nothing => self.in_text(),
        }
    }

    /// Whether keys have to wait: what they would act on has been asked for and is not on the screen yet. Only pop-up and
    /// review bar wait, for a text must not be sent before its reader, nor a reply be taken from a list that is not here.
    pub(super) fn waits(&self) -> bool {
        let picking = self.picker.as_ref().is_some_and(|it| it.kind == super::popup::PickerKind::Canned);
        let reading = |load: &Load| self.loads.contains_key(load);
        reading(&Load::MarkQuery)
            || (self.begun.is_some() && reading(&Load::Open))
            || (picking && reading(&Load::Canned))
            || (self.review.is_some() && self.review_waits())
    }

    /// Takes the keys that waited.
    pub(super) fn take_ahead(&mut self) {
        if let Some((id, act)) = self.begun.take() {
            if self.target().is_some_and(|row| row.id == id) {
                self.write(act);
            } else {
                // They were text: without their composer they must not become commands.
                self.ahead.clear();
                self.tell(tr!(self.lang, "There is no conversation {id} here: nobody to write to.", id));
            }
        }
        for stroke in std::mem::take(&mut self.ahead) {
            self.input(Input::Key(stroke));
        }
    }

    pub(super) fn end_prefix(&mut self) {
        self.prefix.clear();
        self.prefix_shown = false;
        self.timers.remove(&Timer::Prefix);
    }

    fn unknown_key(&mut self, key: Key) {
        let help = self.keymap.key_of(self.place(), Act::Help).unwrap_or_default();
        self.say(tr!(self.lang, "{key}: no such key here   {help} shows what works", key, help));
    }

    fn counted(&mut self, key: Key) -> bool {
        let Some(digit) = key.digit() else { return false };
        if digit == 0 && self.count.is_none() {
            return false;
        }
        self.count = Some((self.count.unwrap_or(0) * 10 + digit as usize).min(9999));
        true
    }

    /// Whether what an action of this place would be for stands on the screen.
    fn target_drawn(&self, place: u16) -> bool {
        match place {
            place::LIST => self.list.owed == 0,
            place::THREAD => self.thread.as_ref().is_some_and(|thread| thread.drawn),
            _ => true,
        }
    }
}

fn is_paste(strokes: &[Stroke]) -> bool {
    let keys: Vec<Key> = strokes.iter().map(|stroke| Key::from(stroke.key)).collect();
    if keys.iter().any(|key| key.ends_line()) {
        return true;
    }
    let mut printable: Vec<char> = keys.iter().filter_map(|key| key.text()).collect();
    // j and k, Space and the rest of the motions at any speed are typing.
    printable
        .retain(|letter| !matches!(letter, 'j' | 'k' | 'J' | 'K' | ' ' | 'n' | 'N' | 'g' | 'G' | 'h' | 'l'));
    printable.sort_unstable();
    printable.dedup();
    printable.len() > 3
}
