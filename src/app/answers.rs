//! What the store and the timers answer, and to which feature it goes. A late answer dies by its number.

use crate::domain::{ChannelHealth, ChannelName};

use super::{
    model::{Load, Model, Timer},
    msg::{Loaded, Outcome, Request, Ticket},
};

impl Model {
    pub(super) fn loaded(&mut self, ticket: Ticket, mut loaded: Loaded) {
        let Some(load) = self.loads.iter().find(|(_, newest)| **newest == ticket).map(|(load, _)| *load)
        else {
            return;
        };
        self.loads.remove(&load);
        self.dirty = true;
        match &mut loaded {
            Loaded::List(rows) => rows.iter_mut().for_each(|row| self.lay_over(row, ticket)),
            Loaded::Conversation(Some(row)) => self.lay_over(row, ticket),
            _ => {}
        }
        match (load, loaded) {
            (_, Loaded::Failed(words)) => {
                self.list.loading = false;
                if let Load::Row(id) = load {
                    self.again.remove(&id);
                }
                if load == Load::Canned {
                    self.shelf_loaded(super::canned::Shelf::default());
                }
                self.say(words);
            }
            (Load::Session, Loaded::Session(session)) => self.session_loaded(session),
            (Load::Counts, Loaded::Counts(counts)) => self.counts_loaded(&counts),
            (Load::Chats, Loaded::Counts(counts)) => self.chats_loaded(&counts),
            (Load::Health, Loaded::Health(health)) => self.health_loaded(health),
            (Load::Canned, Loaded::Canned(shelf)) => self.shelf_loaded(*shelf),
            (Load::Owners, Loaded::Owners(owners)) => self.owners_loaded(owners),
            (Load::Hits, Loaded::Hits(hits)) => self.hits_loaded(hits),
            (Load::OnceRow(_), Loaded::Conversation(Some(row))) => self.once_conversation(*row),
            (Load::OnceThread(id), Loaded::Thread(messages)) => self.once_messages(id, messages),
            (Load::OnceOwners, Loaded::Owners(owners)) => self.once_owners(owners),
            (Load::HandOver, Loaded::List(rows)) => self.held_loaded(rows),
            (Load::HandOverDrafts, Loaded::List(rows)) => self.drafted_loaded(&rows),
            (Load::MarkQuery, Loaded::List(rows)) => self.mark_rows(rows),
            (Load::Members, Loaded::Members(members)) => self.members_loaded(members),
            (Load::List, Loaded::List(rows)) => self.list_loaded(rows),
            (Load::More, Loaded::List(rows)) => self.more_loaded(rows),
            (Load::Siblings, Loaded::List(rows)) => self.siblings_loaded(rows),
            (Load::Row(_), Loaded::Conversation(Some(row))) => {
                self.report_named(&row);
                self.looked_again(&row);
                self.row_loaded(*row);
            }
            (Load::Preview, Loaded::Preview(body)) => self.preview_loaded(body),
            (Load::Report, Loaded::Report(report)) => self.report_loaded(report),
            (Load::Open, Loaded::Conversation(conversation)) => {
                self.conversation_loaded(conversation.map(|it| *it));
            }
            (Load::Messages, Loaded::Thread(messages)) => self.messages_loaded(messages),
            (Load::History, Loaded::History(events)) => {
                if let Some(thread) = &mut self.thread {
                    thread.history = events;
                }
            }
            (Load::Rows, Loaded::Outbox(rows)) => {
                if let Some(thread) = &mut self.thread {
                    thread.rows = rows;
                }
                self.rows_taken_back();
            }
            (Load::Versions, Loaded::Versions(versions)) => self.versions_loaded(versions),
            (Load::Present, Loaded::Present(others)) => self.present_loaded(others),
            (Load::Draft, Loaded::Draft(draft)) => self.draft_loaded(draft),
            (Load::Draft, Loaded::DraftHeld(draft, held)) => self.draft_held(draft, held),
            (Load::Outbox, Loaded::Outbox(rows)) => self.outbox_loaded(rows),
            _ => {}
        }
        self.check_review();
    }

    /// What a vendor says of an account as a whole stands in no conversation: it is said once, when it comes.
    fn health_loaded(&mut self, health: Vec<ChannelHealth>) {
        if !self.health.is_empty() {
            let said = |of: &[ChannelHealth], name: &ChannelName| {
                of.iter().find(|it| it.channel == *name).and_then(|it| it.notice.clone())
            };
            let new = health.iter().find_map(|it| {
                let (_, text) = said(&health, &it.channel)
                    .filter(|now| said(&self.health, &it.channel).as_ref() != Some(now))?;
                Some(format!("{}: {text}", it.channel))
            });
            if let Some(new) = new {
                self.say(new);
            }
        }
        self.health = health;
        self.health_at = self.now;
    }

    pub(super) fn done(&mut self, ticket: Ticket, outcome: Outcome) {
        if let Some(intent) = self.wishes.remove(&ticket) {
            self.dirty = true;
            if matches!(outcome, Outcome::Changed(_)) {
                self.change_answered(&intent);
            }
            self.answered(intent, outcome);
            self.check_review();
        }
    }

    pub(super) fn timer(&mut self, ticket: Ticket) {
        let Some(timer) =
            self.timers.iter().find(|(_, (newest, _))| *newest == ticket).map(|(timer, _)| *timer)
        else {
            return;
        };
        self.timers.remove(&timer);
        match timer {
            Timer::Prefix => {
                self.prefix_shown = true;
                self.dirty = true;
            }
            Timer::Preview => self.preview(),
            Timer::ReadCursor => self.move_read_cursor(),
            Timer::SaveDraft => self.save_draft(),
            Timer::Presence => self.tell_presence(),
            Timer::Once => self.dirty = true,
            Timer::TakeDraft => self.take_over_draft(),
            Timer::TypedElsewhere => {}
            Timer::Second => {
                self.dirty = true;
                self.count_down();
            }
            Timer::Minute => {
                self.dirty = true;
                self.start_minute();
                if let Some(thread) = &mut self.thread {
                    thread.aged = Some(self.now);
                }
                self.presence_minute();
                // A quiet poll rings nobody: before one is missed in the header, the store is asked.
                if self.health.iter().any(|it| it.no_poll_since(self.now, None).is_some()) {
                    self.load(Load::Health, Request::Health);
                }
            }
            Timer::Gate => {
                self.dirty = true;
                self.check_gate();
            }
        }
        self.check_review();
    }

    /// Somebody committed something: everything on the screen is asked for again; only what differs is drawn.
    pub(super) fn refresh(&mut self) {
        self.refresh_counts();
        self.load(Load::Health, Request::Health);
        self.load(Load::Outbox, Request::Outbox(None));
        if self.touched {
            self.refresh_list();
        } else {
            self.fill_list();
        }
        self.refresh_thread();
        self.refresh_once();
        self.refresh_handover();
    }
}
