//! Marks: by key, by range and by query; bound to the view in which they were set.

use std::collections::BTreeSet;

use super::{
    list::List,
    model::{Load, Model},
    msg::{ListWish, Request},
};
use crate::domain::{
    Conversation, ConversationId,
    desk::{Sort, Way},
    lang::tr,
    query::Query,
};

/// As many as a query marks at most.
const MARKS: usize = 2000;

impl List {
    /// Ends all marks.
    pub(super) fn unmark(&mut self) {
        self.marks.clear();
        self.left.clear();
        self.range = None;
        self.elsewhere.clear();
    }

    /// Ends all marks but those of what an action left out.
    pub(super) fn unmark_but(&mut self, left: &[ConversationId]) {
        self.range = None;
        self.left.clear();
        self.marks = left.iter().copied().collect();
        self.elsewhere.retain(|row| left.contains(&row.id));
    }
}

impl Model {
    pub(super) fn mark_range(&mut self) {
        let Some(selected) = self.list.selected else { return };
        let Some(from) = self.list.range.take() else {
            self.list.range = Some(selected);
            self.list.marks.insert(selected);
            return;
        };
        let ids: Vec<ConversationId> = self.list.shown().iter().map(|row| row.id).collect();
        let end = |id| ids.iter().position(|it| *it == id);
        if let (Some(a), Some(b)) = (end(from), end(selected)) {
            self.list.marks.extend(&ids[a.min(b)..=a.max(b)]);
        }
    }

    /// Marks everything of this view that a query matches, on the screen or not.
    pub(super) fn mark_query(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Err(error) = Query::parse(text) {
            self.tell(tr!(self.lang, "{error}: nothing was marked.", error));
            return;
        }
        let query = format!("{} {text}", self.list.query());
        self.load(
            Load::MarkQuery,
            Request::List(ListWish { query, sort: Sort::Updated, limit: MARKS, after: None, way: Way::Down }),
        );
    }

    pub(super) fn mark_rows(&mut self, rows: Vec<Conversation>) {
        let shown: Option<BTreeSet<ConversationId>> =
            self.list.narrowed.filter.is_some().then(|| self.list.shown().iter().map(|row| row.id).collect());
        let rows: Vec<Conversation> = rows
            .into_iter()
            .filter(|row| shown.as_ref().is_none_or(|shown| shown.contains(&row.id)))
            .collect();
        // How many there are stands in the footer as long as they do. What was to be done with them is not done with
        // the row under the cursor where there are none.
        match rows.len() {
            0 => self.tell(self.lang.tr("Nothing in this view matches: nothing was marked.")),
            MARKS => self.say(tr!(self.lang, "the newest {n} are marked: more match", n = MARKS)),
            _ => {}
        }
        for row in rows {
            self.list.marks.insert(row.id);
            if self.list.row(row.id).is_none() {
                self.list.elsewhere.push(row);
            }
        }
    }

    /// How many marks there are, and how many of them are not on the screen.
    pub fn marks(&self) -> (usize, usize) {
        let on_screen = self
            .list
            .shown()
            .iter()
            .skip(self.list.top)
            .take(self.list_height())
            .filter(|row| self.list.marks.contains(&row.id))
            .count();
        (self.list.marks.len(), self.list.marks.len() - on_screen)
    }
}
