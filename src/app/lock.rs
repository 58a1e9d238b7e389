//! The locked screen: nothing of any customer is drawn and no key does anything, until it is opened.
//!
//! It hides the desk from whoever walks by; it is no guard against who sits down at an open terminal for longer than a
//! glance. That is the session's lock (`vlock`, the multiplexer's own). With `[ui] pin` a word opens it, else Enter twice.

use super::{actions::Act, keymap::Key, model::Model, msg::Effect, options::AppOptions};
use crate::domain::Time;

/// A screen that is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// Since when.
    pub since: Time,
    /// What was typed of the word, never drawn.
    typed: String,
    /// One Enter has been pressed, or the word was wrong.
    pub again: bool,
}

impl AppOptions {
    /// Whether a word opens a locked screen.
    pub fn has_pin(&self) -> bool {
        self.pin.as_deref().is_some_and(|pin| !pin.is_empty())
    }
}

impl Model {
    /// `L`.
    pub(super) fn lock(&mut self) {
        self.locked = Some(Locked { since: self.now, typed: String::new(), again: false });
        self.notice = None;
        self.fx.push(Effect::Repaint);
        self.dirty = true;
    }

    pub(super) fn locked_act(&mut self, act: Act) {
        match act {
            Act::Unlock => self.unlock(),
            Act::Repaint => self.fx.push(Effect::Repaint),
            _ => {}
        }
    }

    /// A key that opens nothing by itself.
    pub(super) fn locked_key(&mut self, key: Key) {
        let has_pin = self.options.has_pin();
        let Some(locked) = &mut self.locked else { return };
        locked.again = false;
        match key.text() {
            Some(letter) if has_pin && locked.typed.len() < 256 => locked.typed.push(letter),
            _ => locked.typed.clear(),
        }
    }

    fn unlock(&mut self) {
        let Some(locked) = &mut self.locked else { return };
        let open = match self.options.pin.as_deref().filter(|pin| !pin.is_empty()) {
            Some(pin) => locked.typed == pin,
            None => locked.again,
        };
        if open {
            self.locked = None;
            self.fx.push(Effect::Repaint);
        } else {
            locked.typed.clear();
            locked.again = true;
        }
        self.dirty = true;
    }
}
