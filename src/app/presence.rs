//! Who else is in a conversation: this window tells where it is, and shows who else is there. Told by the store and its
//! bell, never asked for but with a minute's picture that shows somebody.

use chrono::Duration;

use super::{
    model::{Load, Model, Screen, Timer},
    msg::{Request, Wish},
    undo::Intent,
};
use crate::domain::{ConversationId, DraftKind, Time, presence::Present};

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
        let mut sentence = match (first.writing, first.since) {
            (Some(kind), _) => {
                let what = if kind == DraftKind::Note { "a note" } else { "a reply" };
                match mine {
                    true => format!("you are writing {what} here in {}", first.place),
                    false => format!("{} is writing {what} here", first.agent),
                }
            }
            (None, since) => {
                let ago = since.map_or_else(String::new, |since| format!(" {}", since_when(now - since)));
                match mine {
                    true => format!("you opened this conversation in {} too,{ago}", first.place),
                    false => format!("{} opened this conversation{ago}", first.agent),
                }
            }
        };
        let mut others: Vec<&str> = Vec::new();
        for other in thread.present.iter().skip(1).filter(|it| it.agent != first.agent) {
            let name =
                if other.agent == self.options.me { "your other window" } else { other.agent.as_str() };
            if !others.contains(&name) {
                others.push(name);
            }
        }
        if !others.is_empty() {
            sentence.push_str("; here too: ");
            sentence.push_str(&others.join(", "));
        }
        Some(sentence)
    }
}

/// `20 s ago`, `3 min ago`: in steps that a glance needs.
fn since_when(span: Duration) -> String {
    match (span.num_seconds(), span.num_minutes()) {
        (..10, _) => "just now".to_owned(),
        (seconds @ ..60, _) => format!("{} s ago", seconds / 10 * 10),
        (_, minutes @ ..60) => format!("{minutes} min ago"),
        (_, minutes) => format!("{} h ago", minutes / 60),
    }
}
