//! From view to view: tabs, and lists of a query of their own.

use super::{
    actions::Act,
    list::Narrowed,
    model::{Model, Screen},
};
use crate::domain::{ChannelName, Customer, lang::tr};

impl Model {
    pub(super) fn view_number(&mut self, number: u8) {
        match self.list.views.iter().position(|view| view.number == Some(number)) {
            Some(view) => self.show_view(view),
            None => self.say(tr!(self.lang, "there is no view {number}", number)),
        }
    }

    pub(super) fn turn_view(&mut self, by: isize) {
        let views: Vec<usize> = (0..self.list.views.len())
            .filter(|view| *view != 0 || self.fix_shown() || self.list.view == 0)
            .collect();
        let at = views.iter().position(|view| *view == self.list.view).unwrap_or(0);
        let to = at.saturating_add_signed(by).min(views.len() - 1);
        if to != at {
            self.show_view(views[to]);
        }
    }

    /// Whether the view Fix has a tab: first, and only while not empty.
    pub fn fix_shown(&self) -> bool {
        self.list.views[0].count.is_some_and(|count| count.total > 0)
    }

    /// Shows a view from its top. Marks, search and filter end with the view they belong to.
    pub(super) fn show_view(&mut self, view: usize) {
        self.screen = Screen::List;
        self.list.view = view;
        // What the agent asks for comes before what a first start would open.
        self.session.chosen();
        self.list.special = None;
        self.list.narrowed = Narrowed::default();
        self.list.selected = None;
        self.reload_list();
        self.session_changed();
    }

    /// Shows the conversations of a query of its own.
    pub(super) fn show_special(&mut self, title: String, query: String) {
        let open = self.thread.as_ref().filter(|_| self.screen == Screen::Thread);
        self.session.chosen();
        self.list.special_from = open.map(|thread| thread.id);
        self.screen = Screen::List;
        self.list.special = Some((title, query));
        self.list.special_count = None;
        self.refresh_counts();
        self.list.narrowed = Narrowed::default();
        self.list.selected = None;
        self.reload_list();
    }

    /// `q` in a list of its own query is back: to the conversation that it was asked for in, else to the views.
    pub(super) fn leave_special(&mut self) {
        self.list.special = None;
        self.list.narrowed = Narrowed::default();
        self.list.unmark();
        self.reload_list();
        if let Some(id) = self.list.special_from.take() {
            self.open_conversation(id);
        }
    }

    pub(super) fn go(&mut self, act: Act) {
        if act == Act::GoInbox {
            self.leave_thread();
            let list = &self.list;
            let narrowed = list.narrowed.search.is_some() || list.narrowed.filter.is_some();
            if narrowed || list.special.is_some() || list.view == 0 {
                let filled = |view: &usize| list.views[*view].count.is_some_and(|count| count.total > 0);
                // Fix, a search and a list of its own are left for where they were called from, else for what is mine.
                let to = if list.view == 0 { (1..4).find(filled).unwrap_or(1) } else { list.view };
                self.show_view(to);
            }
            return;
        }
        let customer = self.target().map(|it| {
            (it.customer.clone(), it.channel.clone(), it.remote_id.clone(), it.counterpart.name.clone())
        });
        match (act, customer) {
            (Act::GoUnread, _) => self.show_special(self.lang.tr("Unread").into(), "is:unread".into()),
            (Act::GoDrafts, _) => self.show_special(self.lang.tr("Drafts").into(), "has:draft".into()),
            (Act::GoFix, _) if self.list.views[0].count.is_some_and(|count| count.total == 0) => {
                self.say(self.lang.tr("nothing has to be settled: Fix is empty"));
            }
            (Act::GoFix, _) => self.show_view(0),
            (Act::GoDrift, _) => self.show_special(self.lang.tr("Drift").into(), "is:drift".into()),
            (_, None) => self.say(self.lang.tr("no conversation is selected")),
            (Act::GoTicket, Some((_, channel, remote_id, name))) => match remote_id.split_once('/') {
                Some((ticket, _)) => {
                    self.show_special(tr!(self.lang, "Ticket of {name}", name), of_ticket(&channel, ticket));
                }
                None => self.say(self.lang.tr("this channel has one chat for each conversation")),
            },
            (_, Some((customer, channel, _, name))) => {
                self.show_special(
                    tr!(self.lang, "All of {name}", name),
                    of_customer(&channel, &customer, &name),
                );
            }
        }
    }
}

/// All chats of a vendor's ticket.
pub(super) fn of_ticket(channel: &ChannelName, ticket: &str) -> String {
    format!("channel:{channel} remote:\"{}\"", ticket.replace('"', ""))
}

/// The conversations of a person in a channel. The vendor's number says who it is; a name may be another's too.
pub(super) fn of_customer(channel: &ChannelName, customer: &Customer, name: &str) -> String {
    let words = customer.id.as_deref().or(customer.name.as_deref()).unwrap_or(name).replace('"', "");
    format!("channel:{channel} customer:\"{words}\"")
}
