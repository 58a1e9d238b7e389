//! Who else is in a conversation: this window tells where it is, and shows who else is there. Told by the store and its
//! bell, never asked for but with a minute's picture that shows somebody.

use chrono::Duration;

use super::{
    model::{Load, Model, Screen, Timer},
    msg::{Request, Wish},
    undo::Intent,
};
use crate::domain::{ConversationId, DraftKind, Lang, Time, lang::tr, presence::Present};

/// Who flies through conversations is in none of them.
const REST: Duration = Duration::milliseconds(250);
/// How often a key renews what was told.
const RENEWED: Duration = Duration::minutes(5);

/// What this window has told of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Presence {
    /// Where it is.
    here: Option<ConversationId>,
    /// What the store was told, and when.
    told: Option<(ConversationId, Time)>,
    /// From when the ages on the screen are told: they change with the minute, not with a key.
    at: Option<Time>,
}

impl Model {
    /// Looks where the window is now.
    pub(super) fn attend(&mut self, key: bool) {
        let open = self.thread.as_ref().filter(|_| self.screen == Screen::Thread && !self.leaving);
        let here = open.map(|thread| thread.id);
        let moved = self.presence.here != here;
        self.presence.here = here;
        match (here, self.presence.told) {
            (None, Some(_)) => {
                self.timers.remove(&Timer::Presence);
                self.presence.told = None;
                self.perform_wish(Wish::Present(None), Intent::Quiet);
            }
            (Some(here), Some((told, at))) if here == told => {
                self.timers.remove(&Timer::Presence);
                if key && self.now - at > RENEWED {
                    self.tell_presence();
                }
            }
            (Some(_), _) if moved => self.start_timer(Timer::Presence, self.now + REST),
            _ => {}
        }
    }

    /// The window has rested in a conversation.
    pub(super) fn tell_presence(&mut self) {
        if let Some(here) = self.presence.here {
            self.presence.told = Some((here, self.now));
            self.perform_wish(Wish::Present(Some(here)), Intent::Quiet);
        }
    }

    pub(super) fn present_loaded(&mut self, others: Vec<Present>) {
        self.presence.at = Some(self.now);
        if let Some(thread) = &mut self.thread {
            thread.present = others;
        }
    }

    /// A window that died tells nobody: with the minute it is looked whether those that are shown still live.
    pub(super) fn presence_minute(&mut self) {
        self.presence.at = Some(self.now);
        if let Some(id) = self.thread.as_ref().filter(|thread| !thread.present.is_empty()).map(|it| it.id) {
            self.load(Load::Present, Request::Present(id));
        }
    }

    /// `jon opened this conversation 20 s ago`, in the open conversation.
    pub fn presence(&self) -> Option<String> {
        let thread = self.thread.as_ref().filter(|_| self.screen == Screen::Thread)?;
        let first = thread.present.first()?;
        let now = self.presence.at.unwrap_or(self.now);
        let mine = first.agent == self.options.me;
        let (lang, who, place) = (self.lang, &first.agent, &first.place);
        let ago = first.since.map_or_else(String::new, |since| since_when(lang, now - since));
        let mut sentence = match (first.writing, mine) {
            (Some(DraftKind::Note), true) => tr!(lang, "you are writing a note here in {place}", place),
            (Some(_), true) => tr!(lang, "you are writing a reply here in {place}", place),
            (Some(DraftKind::Note), false) => tr!(lang, "{who} is writing a note here", who),
            (Some(_), false) => tr!(lang, "{who} is writing a reply here", who),
            (None, true) => tr!(lang, "you opened this conversation in {place} too, {ago}", place, ago),
            (None, false) => tr!(lang, "{who} opened this conversation {ago}", who, ago),
        };
        let mut others: Vec<&str> = Vec::new();
        for other in thread.present.iter().skip(1).filter(|it| it.agent != first.agent) {
            let name = if other.agent == self.options.me {
                lang.tr("your other window")
            } else {
                other.agent.as_str()
            };
            if !others.contains(&name) {
                others.push(name);
            }
        }
        if !others.is_empty() {
            sentence.push_str(&tr!(lang, "; here too: {others}", others = others.join(", ")));
        }
        Some(sentence)
    }
}

/// `20 s ago`, `3 min ago`: in steps that a glance needs.
fn since_when(lang: Lang, span: Duration) -> String {
    match (span.num_seconds(), span.num_minutes()) {
        (..10, _) => lang.tr("just now").to_owned(),
        (seconds @ ..60, _) => tr!(lang, "{n} s ago", n = seconds / 10 * 10),
        (_, minutes @ ..60) => tr!(lang, "{n} min ago", n = minutes),
        (_, minutes) => tr!(lang, "{n} h ago", n = minutes / 60),
    }
}
