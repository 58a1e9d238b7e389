//! Searching: in an opened conversation all of it, in the list with what was found shown in its rows.

use super::{
    model::{Load, Model},
    msg::Request,
    words::folded,
};
use crate::domain::{ConversationId, query::Query};

/// More messages than any conversation has that an agent would search.
const ALL: usize = 20_000;

impl Model {
    /// The search in an opened conversation is over all of its messages: those that are not here yet are read now.
    pub(super) fn search_thread(&mut self, text: &str) {
        let Some(thread) = &mut self.thread else { return };
        thread.search = (!text.is_empty()).then(|| text.to_owned());
        let whole = thread.messages.len() < thread.limit;
        if !whole && thread.limit < ALL {
            thread.limit = ALL;
            self.refresh_thread();
        }
        self.show_newest_hit();
    }

    /// As it is typed, the newest hit comes onto the screen.
    pub(super) fn show_newest_hit(&mut self) {
        let Some(thread) = &self.thread else { return };
        let Some(words) = thread.search.as_deref().map(folded) else { return };
        let hit = thread.messages.iter().rposition(|message| folded(&message.body).contains(&words));
        if let Some(at) = hit {
            self.select_message(at);
        }
    }

    /// `n` and `N` in a conversation.
    pub(super) fn hit_or_unread(&mut self, forward: bool) {
        let Some(thread) = &self.thread else { return };
        let Some(words) = thread.search.as_deref().map(folded) else {
            let shown = self.list.shown();
            let at = shown.iter().position(|row| row.id == thread.id).unwrap_or(0);
            let found = if forward {
                (at + 1..shown.len()).find(|at| shown[*at].unread > 0)
            } else {
                (0..at).rev().find(|at| shown[*at].unread > 0)
            };
            match found.map(|at| shown[at].id) {
                Some(id) => self.open_conversation(id),
                None => self.say(self.lang.tr("nothing else is unread in this view")),
            }
            return;
        };
        let hit = |at: &usize| folded(&thread.messages[*at].body).contains(&words);
        let found = if forward {
            (thread.selected + 1..thread.messages.len()).find(hit)
        } else {
            (0..thread.selected.min(thread.messages.len())).rev().find(hit)
        };
        match found {
            Some(at) => self.select_message(at),
            None => self.say(self.lang.tr("no further hit in this conversation")),
        }
    }

    /// Where the words of a search stand in what was found, for the rows that are here.
    pub(super) fn ask_hits(&mut self) {
        self.list.hits.clear();
        let Some(search) = self.list.narrowed.search.clone() else { return };
        if Query::parse(&search).is_ok_and(|query| query.has_words()) {
            let ids = self.list.rows.iter().map(|row| row.id).collect();
            self.load(Load::Hits, Request::Hits(search, ids));
        }
    }

    pub(super) fn hits_loaded(&mut self, hits: Vec<(ConversationId, String)>) {
        self.list.hits = hits.into_iter().collect();
    }
}
