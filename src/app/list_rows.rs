//! The rows of the list as the store gives them: pages, and the order that is held against what comes.

use std::collections::BTreeSet;

use super::{
    list::{KEPT, More, PAGE},
    model::{Load, Model, Screen},
    msg::{ListWish, Request},
    popup::PickerKind,
};
use crate::domain::{
    Conversation, ConversationId,
    desk::{Count, Way},
};

impl Model {
    /// Asks for the list anew; its order is renewed with the answer.
    pub(super) fn reload_list(&mut self) {
        self.list.unmark();
        self.list.range = None;
        self.list.arrived.clear();
        self.list.fresh = true;
        self.list.loading = true;
        self.list.changed_meanwhile = false;
        self.loads.remove(&Load::More);
        self.list.owed = 0;
        self.ask_list(PAGE, None);
    }

    fn ask_list(&mut self, limit: usize, after: Option<ConversationId>) {
        let typing =
            matches!(&self.picker, Some(it) if matches!(it.kind, PickerKind::Search | PickerKind::SearchAll));
        let way = if typing { Way::Typed } else { Way::Down };
        let wish = ListWish { query: self.list.query(), sort: self.list.sort(), limit, after, way };
        self.load(Load::List, Request::List(wish));
    }

    /// Asks again for what is shown, to be held against the order.
    pub(super) fn refresh_list(&mut self) {
        if self.list.loading {
            self.list.changed_meanwhile = true;
            return;
        }
        self.list.fresh = false;
        let limit = self.list.rows.len().clamp(PAGE, KEPT);
        let after = self.list.rows.first().filter(|_| self.list.above).map(|row| row.id);
        self.ask_list(limit, after);
    }

    /// Before the first key the list fills as the first sync does: nothing is held that nobody has looked at.
    pub(super) fn fill_list(&mut self) {
        if self.session.first_start {
            self.session.view_open = true;
            // Until it is there, a first key acts on the row that it sees.
            self.list.filling = true;
        } else {
            self.list.fresh = true;
            self.ask_list(PAGE, None);
        }
    }

    pub(super) fn show_new(&mut self) {
        if self.list.arrived.is_empty() {
            self.say(self.lang.tr("nothing new was held back"));
        }
        let (selected, marks) = (self.list.selected, std::mem::take(&mut self.list.marks));
        self.reload_list();
        self.list.selected = selected;
        self.list.marks = marks;
        self.list.top = 0;
    }

    pub(super) fn load_more(&mut self) {
        if self.loads.contains_key(&Load::More) || self.list.complete {
            return;
        }
        let Some(last) = self.list.rows.last().map(|row| row.id) else { return };
        self.ask_more(More::Below, Some(last), Way::Down);
    }

    /// Rows above those that are here.
    pub(super) fn load_above(&mut self) {
        if self.loads.contains_key(&Load::More) {
            return;
        }
        let Some(first) = self.list.rows.first().map(|row| row.id) else { return };
        self.ask_more(More::Above, Some(first), Way::Up);
    }

    /// The end of the list, in place of what is here.
    pub(super) fn load_last(&mut self) {
        self.ask_more(More::Last, None, Way::Up);
    }

    fn ask_more(&mut self, more: More, after: Option<ConversationId>, way: Way) {
        self.list.more = more;
        let wish = ListWish { query: self.list.query(), sort: self.list.sort(), limit: PAGE, after, way };
        self.load(Load::More, Request::List(wish));
    }

    pub(super) fn list_loaded(&mut self, rows: Vec<Conversation>) {
        if self.list.fresh || self.list.rows.is_empty() {
            self.list.fresh = false;
            self.list.loading = false;
            self.list.complete = rows.len() < PAGE;
            self.list.above = false;
            self.list.rows = rows;
            self.list.arrived.clear();
            self.list.top = 0;
            let to_the_top = std::mem::take(&mut self.list.filling) && !self.touched;
            let keep = !to_the_top && self.list.selected.is_some_and(|id| self.list.row(id).is_some());
            if !keep {
                self.list.selected = self.list.rows.first().map(|row| row.id);
                if self.side_by_side() && self.screen == Screen::List {
                    self.start_preview();
                }
            }
            self.settle_top();
            self.ask_hits();
            self.session_restored();
            if std::mem::take(&mut self.list.changed_meanwhile) {
                self.refresh_list();
            }
            return;
        }
        self.hold_order(rows);
    }

    /// What is here keeps its place and takes its new letters; what is new waits; what left the view stays and is read
    /// again, where it stands on the screen.
    fn hold_order(&mut self, mut fresh: Vec<Conversation>) {
        let height = self.list_height();
        let on_screen: BTreeSet<ConversationId> =
            self.list.shown().iter().skip(self.list.top).take(height).map(|row| row.id).collect();
        let complete = self.list.complete;
        let mut gone = Vec::new();
        for row in &mut self.list.rows {
            match fresh.iter().position(|new| new.id == row.id) {
                Some(at) => *row = fresh.swap_remove(at),
                None if on_screen.contains(&row.id) => gone.push(row.id),
                None => {}
            }
        }
        // Without the whole list here, what is not known may just be the next page's.
        let last = self.list.rows.last().map(|row| (row.due_at, row.updated_at));
        self.list.arrived = fresh
            .into_iter()
            .filter(|row| complete || last.is_none_or(|(_, updated)| row.updated_at >= updated))
            .map(|row| row.id)
            .collect();
        for id in gone {
            self.load(Load::Row(id), Request::Conversation(id));
        }
    }

    pub(super) fn more_loaded(&mut self, rows: Vec<Conversation>) {
        let full = rows.len() >= PAGE;
        let mut new: Vec<Conversation> = match self.list.more {
            More::Last => rows,
            _ => rows.into_iter().filter(|row| self.list.row(row.id).is_none()).collect(),
        };
        match self.list.more {
            More::Below => {
                self.list.complete = !full;
                if self.list.rows.capacity() < KEPT + PAGE {
                    // Once, as many as are ever here: what grows by doubling leaves its former selves behind in memory.
                    self.list.rows.reserve_exact(KEPT + PAGE - self.list.rows.len());
                }
                self.list.rows.append(&mut new);
                let over = self.list.rows.len().saturating_sub(KEPT);
                if over > 0 {
                    self.list.rows.drain(..over);
                    self.list.above = true;
                    self.list.top = self.list.top.saturating_sub(over);
                }
            }
            More::Above => {
                self.list.above = full;
                self.list.top += new.len();
                self.list.rows.splice(0..0, new);
                if self.list.rows.len() > KEPT {
                    self.list.rows.truncate(KEPT);
                    self.list.complete = false;
                }
            }
            More::Last => {
                self.list.above = full;
                self.list.complete = true;
                self.list.rows = new;
                self.list.top = 0;
                self.select_at(self.list.shown().len().saturating_sub(1));
            }
        }
        // With a filter the rows that are shown are others than those that are here.
        self.settle_top();
        if self.list.owed != 0 {
            self.step(0);
        }
    }

    pub(super) fn row_loaded(&mut self, row: Conversation) {
        self.parked_known(&row);
        if let Some(old) = self.list.rows.iter_mut().find(|old| old.id == row.id) {
            *old = row;
        }
    }

    pub(super) fn refresh_counts(&mut self) {
        let views = self.list.views.iter().map(|view| view.query.clone());
        let queries = views.chain(self.list.special.as_ref().map(|(_, query)| query.clone())).collect();
        self.load(Load::Counts, Request::Counts(queries));
    }

    pub(super) fn counts_loaded(&mut self, counts: &[Count]) {
        for (view, count) in self.list.views.iter_mut().zip(counts) {
            view.count = Some(*count);
        }
        if self.list.special.is_some() {
            self.list.special_count = counts.get(self.list.views.len()).copied();
        }
        if self.session.view_open {
            self.choose_first_view();
        }
    }

    /// The first start opens the first of Fix, Mine, Unassigned, All that is not empty.
    pub(super) fn choose_first_view(&mut self) {
        if self.list.views.iter().any(|view| view.count.is_none()) {
            return;
        }
        self.session.view_open = false;
        let filled = |view: &usize| self.list.views[*view].count.is_some_and(|count| count.total > 0);
        let first = (0..4).find(filled).unwrap_or(3);
        self.list.view = first;
        self.reload_list();
    }
}
