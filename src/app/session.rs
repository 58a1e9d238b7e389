//! What the window shows, kept for the next start; leaving.

use serde_json::{Value, json};

use super::{
    layout::Layout,
    model::{Model, Screen},
    msg::{Effect, EngineState, Wish},
    popup::{Ask, AskThen},
    undo::Intent,
};
use crate::domain::lang::tr;
use crate::domain::{ConversationId, DraftKind};

/// What the last window showed and is not restored yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The first view is still to be chosen by what is not empty.
    pub view_open: bool,
    /// There was no last window.
    pub first_start: bool,
    /// The agent has asked for a view already.
    chosen: bool,
    open: Option<ConversationId>,
    pub kind: Option<DraftKind>,
    scroll: Option<usize>,
}

impl Wanted {
    /// What the agent asks for comes before what is restored.
    pub fn chosen(&mut self) {
        *self = Self { chosen: true, ..Self::default() };
    }
}

impl Model {
    pub(super) fn session_loaded(&mut self, session: Option<Value>) {
        let session = session.filter(|_| !self.options.demo).unwrap_or(Value::Null);
        let number = |key: &str| session.get(key).and_then(Value::as_i64);
        let view = session.get("view").and_then(Value::as_str);
        let chosen = self.session.chosen;
        self.session = Wanted {
            chosen,
            view_open: false,
            first_start: view.is_none(),
            open: number("open").map(ConversationId),
            kind: match session.get("composer").and_then(Value::as_str) {
                Some("reply") => Some(DraftKind::Reply),
                Some("note") => Some(DraftKind::Note),
                _ => None,
            },
            scroll: number("scroll").and_then(|top| usize::try_from(top).ok()),
        };
        let layout = session.get("layout").and_then(Value::as_str);
        self.layout = layout.and_then(Layout::named).unwrap_or_default();
        self.zoomed = session.get("zoom").and_then(Value::as_bool).unwrap_or_default();
        if chosen {
            self.session.chosen();
            return;
        }
        self.list.selected = number("selected").map(ConversationId);
        if let Some(view) = view.and_then(|name| self.list.views.iter().position(|view| view.name == name)) {
            self.list.view = view;
            let selected = self.list.selected;
            self.reload_list();
            self.list.selected = selected;
        } else {
            self.session.view_open = true;
            self.choose_first_view();
        }
    }

    /// The list is here: the conversation that was open is opened again, with its half sentence.
    pub(super) fn session_restored(&mut self) {
        let Some(id) = self.session.open.take() else { return };
        let (kind, scroll) = (self.session.kind.take(), self.session.scroll.take());
        if self.screen != Screen::List || self.place() != super::actions::place::LIST {
            return;
        }
        // Its row may stand in another view: the channel comes with the conversation.
        let channel = self.list.row(id).map(|row| row.channel.clone());
        self.open_conversation(id);
        if let Some(thread) = &mut self.thread {
            thread.scroll_to = scroll;
        }
        match (kind, channel) {
            (Some(kind), Some(channel)) => self.open_composer(id, channel, kind),
            (kind, _) => self.session.kind = kind,
        }
    }

    /// Notes what the window shows. Small, and at most once for each key.
    pub(super) fn session_changed(&mut self) {
        if self.options.demo {
            return;
        }
        let open = self.thread.as_ref().filter(|_| self.screen == Screen::Thread);
        let session = json!({
            "view": self.list.views[self.list.view].name,
            "layout": self.layout.name(),
            "zoom": self.zoomed && !self.zoomed_details,
            "selected": self.list.selected.map(|id| id.0),
            "open": open.map(|thread| thread.id.0),
            "scroll": open.map(|thread| thread.top).filter(|_| open.is_some_and(|thread| !thread.follow)),
            "composer": self.composer.as_ref().map(|composer| composer.kind.as_str()),
        });
        self.perform_wish(Wish::SaveSession(session), Intent::Session);
    }

    /// `q`: asks only where something would not be sent, or stands failed.
    pub(super) fn ask_quit(&mut self) {
        if self.options.demo {
            self.leave();
            return;
        }
        let me = &self.options.me;
        let alone = !matches!(self.engine, EngineState::Elsewhere(_));
        let waiting = self.outbox.rows.iter().filter(|row| !row.state.needs_a_person()).count();
        let held = self.holds_a_message();
        let unsettled = self.outbox.mine_to_settle(me);
        if alone && (waiting > 0 || held) {
            let n = waiting.max(1);
            self.ask = Some(Ask::new(
                if n == 1 {
                    self.lang
                        .tr("1 message is not sent yet, and no other engine will send it: quit all the same?")
                        .to_owned()
                } else {
                    tr!(
                        self.lang,
                        "{n} messages are not sent yet, and no other engine will send them: quit all the same?",
                        n
                    )
                },
                self.lang.tr("quit; they go out at the next start, or ask"),
                AskThen::Quit,
            ));
        } else if unsettled > 0 && self.notice.is_none() && !self.leaving {
            self.ask = Some(Ask::new(
                if unsettled == 1 {
                    tr!(
                        self.lang,
                        "1 row of yours is failed, parked or uncertain ({key}): quit all the same?",
                        key = self.key(super::actions::place::LIST, super::actions::Act::GoFix)
                    )
                } else {
                    tr!(
                        self.lang,
                        "{n} rows of yours are failed, parked or uncertain ({key}): quit all the same?",
                        n = unsettled,
                        key = self.key(super::actions::place::LIST, super::actions::Act::GoFix)
                    )
                },
                self.lang.tr("quit; they stay in Fix"),
                AskThen::Quit,
            ));
        } else {
            self.leave();
        }
    }

    /// Saves what is not saved and goes.
    pub(super) fn leave(&mut self) {
        self.add_to_draft();
        self.save_draft();
        self.close_draft();
        self.session_changed();
        self.leaving = true;
        self.fx.push(Effect::Quit);
    }
}
