//! An opened (or previewed) conversation: its messages, what of them has been seen, scrolling, folding.

use std::{collections::BTreeSet, rc::Rc};

use chrono::Duration;

use super::{
    actions::{Act, place},
    keymap::Key,
    list::PAGE,
    model::{Load, Model, Screen, Timer},
    msg::{Effect, ListWish, Request, Wish},
    thread_kept::Kept,
    thread_lines::{Folds, Frame, ThreadLine},
    undo::Intent,
    views::{of_customer, of_ticket},
};
use crate::domain::{
    Conversation, ConversationId, Direction, Message, MessageId, OutboxRow, Time,
    desk::{Count, Seen, Sort, Way},
    lang::tr,
    outbox::{Event, LocalChange},
    presence::Present,
};

/// Messages that are read at a time.
const MESSAGES: usize = 100;

/// A conversation on the screen.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug)]
pub struct Thread {
    /// Which.
    pub id: ConversationId,
    /// As it is known.
    pub conversation: Option<Conversation>,
    /// The newest messages, oldest first.
    pub messages: Rc<[Message]>,
    /// Whether they have been read from the store.
    pub loaded: bool,
    /// Its part of the outbox.
    pub rows: Vec<OutboxRow>,
    /// Other windows in it.
    pub present: Vec<Present>,
    /// What happened in it, once the details asked for it.
    pub history: Vec<Event>,
    /// The customer's other conversations, once the details asked for them.
    pub siblings: Vec<Conversation>,
    /// How many other chats the vendor's ticket has.
    pub chats: usize,
    /// The selected message, by its place.
    pub selected: usize,
    /// The first line on the screen.
    pub top: usize,
    /// Keeps the newest line on the screen.
    pub follow: bool,
    /// Messages that were new when it was opened.
    pub new: BTreeSet<MessageId>,
    /// What is folded.
    pub folds: Folds,
    /// Words of a search in it.
    pub search: Option<String>,
    /// How many messages are asked for: more once somebody looks further back.
    pub(super) limit: usize,
    /// Whether it has been drawn: keys typed before may move on from it, never act on it.
    pub drawn: bool,
    /// The newest message that has been drawn on this agent's screen.
    pub seen: Option<MessageId>,
    /// From when the ages on the screen are told: they change with the minute, not with a key.
    pub aged: Option<Time>,
    /// Up to where the read cursor has been moved.
    pub(super) read: Option<MessageId>,
    at_newest: bool,
    pub(super) scroll_to: Option<usize>,
    kept: Kept,
}

impl Thread {
    fn new(id: ConversationId, conversation: Option<Conversation>) -> Self {
        Self {
            id,
            conversation,
            messages: Rc::default(),
            loaded: false,
            rows: Vec::new(),
            present: Vec::new(),
            history: Vec::new(),
            siblings: Vec::new(),
            chats: 0,
            selected: 0,
            top: 0,
            follow: true,
            new: BTreeSet::new(),
            folds: Folds::default(),
            search: None,
            limit: MESSAGES,
            drawn: false,
            seen: None,
            aged: None,
            read: None,
            at_newest: false,
            scroll_to: None,
            kept: Kept::default(),
        }
    }

    /// The selected message.
    pub fn selected_message(&self) -> Option<&Message> {
        self.messages.get(self.selected)
    }
}

impl Model {
    /// Lines of the conversation's messages that fit, with the composer as it is.
    pub fn thread_height(&self) -> usize {
        self.body_height().saturating_sub(self.composer_height()).max(1)
    }

    /// Whether the screen is too small to show anything.
    pub fn too_small(&self) -> bool {
        self.size.0 < 20 || self.size.1 < 5
    }

    /// The lines between the conversation's head and the footer.
    pub(super) fn body_height(&self) -> usize {
        let rows = usize::from(self.size.1);
        let small = self.size.0 < 60 || rows < 16;
        let around = if small {
            3
        } else if self.side_by_side() {
            9
        } else {
            6
        };
        rows.saturating_sub(around)
    }

    /// The lines of the conversation on the screen.
    pub fn thread_lines(&self) -> Rc<[ThreadLine]> {
        let Some(thread) = &self.thread else { return Rc::default() };
        let held: Vec<(MessageId, Time)> =
            thread.rows.iter().filter_map(|row| row.message.zip(row.not_before)).collect();
        let name = thread.conversation.as_ref().map_or("", |it| it.counterpart.name.as_str());
        thread.kept.lines(
            &thread.messages,
            &Frame {
                lang: self.lang,
                width: usize::from(self.panes().thread).saturating_sub(1),
                zone: self.options.zone,
                now: self.now,
                new: &thread.new,
                folds: thread.folds,
                name,
                held: &held,
                undo: &self.key(place::THREAD, Act::Undo),
            },
        )
    }

    /// Opens a conversation. Everything that is known of it is on the screen at once; the rest comes.
    pub(super) fn open_conversation(&mut self, id: ConversationId) {
        if self.thread.as_ref().is_none_or(|thread| thread.id != id) {
            self.park_composer();
            self.show_thread(id);
        }
        self.timers.remove(&Timer::Preview);
        if let Some(thread) = &mut self.thread {
            thread.drawn = false;
        }
        // Opened by its number it may stand in no row here: the cursor of the list keeps its place then.
        if self.list.rows.is_empty() || self.list.shown().iter().any(|row| row.id == id) {
            self.list.selected = Some(id);
            self.settle_top();
        }
        self.screen = Screen::Thread;
        self.load_details();
        self.session_changed();
    }

    fn show_thread(&mut self, id: ConversationId) {
        self.thread = Some(Thread::new(id, self.list.row(id).cloned()));
        self.load(Load::Open, Request::Conversation(id));
        self.load(Load::Messages, Request::Thread { id, before: None, limit: MESSAGES });
        self.load(Load::Rows, Request::Outbox(Some(id)));
        self.load(Load::Present, Request::Present(id));
        if let Some((channel, ticket)) = self.known(id).and_then(|row| {
            row.remote_id.split_once('/').map(|(ticket, _)| (row.channel.clone(), ticket.to_owned()))
        }) {
            self.load(Load::Chats, Request::Counts(vec![of_ticket(&channel, &ticket)]));
        }
    }

    pub(super) fn chats_loaded(&mut self, counts: &[Count]) {
        if let (Some(thread), Some(count)) = (&mut self.thread, counts.first()) {
            thread.chats = count.total.saturating_sub(1);
        }
    }

    /// The conversation beside the list, after 250 ms of rest. Never moves the read cursor.
    pub(super) fn preview(&mut self) {
        if !self.side_by_side() || self.screen != Screen::List || self.composer.is_some() {
            return;
        }
        if let Some(id) = self.list.selected
            && self.thread.as_ref().is_none_or(|thread| thread.id != id)
        {
            self.show_thread(id);
            self.load_details();
            self.dirty = true;
        }
    }

    pub(super) fn refresh_thread(&mut self) {
        let Some((id, limit)) = self.thread.as_ref().map(|thread| (thread.id, thread.limit)) else { return };
        self.load(Load::Open, Request::Conversation(id));
        self.load(Load::Messages, Request::Thread { id, before: None, limit });
        self.load(Load::Rows, Request::Outbox(Some(id)));
        self.load(Load::Present, Request::Present(id));
        if self.details.is_some() || self.details_beside() {
            self.load(Load::History, Request::History(id));
        }
    }

    /// What the details show and nothing else does.
    pub(super) fn load_details(&mut self) {
        if self.details.is_none() && !self.details_beside() {
            return;
        }
        let Some(target) = self.target() else { return };
        let (id, channel, customer) = (target.id, target.channel.clone(), target.customer.clone());
        if self.thread.as_ref().is_none_or(|thread| thread.id != id) {
            self.show_thread(id);
        }
        self.load(Load::History, Request::History(id));
        if customer.id.is_some() || customer.name.is_some() {
            let query = of_customer(&channel, &customer, "");
            let wish = ListWish { query, sort: Sort::Updated, limit: 10, after: None, way: Way::Down };
            self.load(Load::Siblings, Request::List(wish));
        }
    }

    pub(super) fn siblings_loaded(&mut self, rows: Vec<Conversation>) {
        if let Some(thread) = &mut self.thread {
            thread.siblings = rows.into_iter().filter(|row| row.id != thread.id).collect();
        }
    }

    pub(super) fn conversation_loaded(&mut self, conversation: Option<Conversation>) {
        let Some(conversation) = conversation else {
            if let Some(thread) = self.thread.take() {
                self.say(tr!(self.lang, "there is no conversation {id} here", id = thread.id));
                if self.screen == Screen::Thread {
                    self.screen = Screen::List;
                }
            }
            return;
        };
        self.row_loaded(conversation.clone());
        let before = self.thread.as_ref().and_then(|thread| thread.conversation.as_ref()).map(|it| it.gate);
        let gate = conversation.gate;
        if let Some(thread) = &mut self.thread
            && thread.id == conversation.id
        {
            let known = thread.conversation.as_ref().and_then(|it| it.remote_read_at);
            if thread.aged.is_none() || known != conversation.remote_read_at {
                thread.aged = Some(self.now);
            }
            thread.conversation = Some(conversation);
        }
        // The border of an open composer changes without a key; one bell says so.
        if self.composer.is_some() && before.is_some_and(|before| before.at(self.now) != gate.at(self.now)) {
            self.fx.push(Effect::Bell);
        }
        self.watch_gate();
        self.mark_new();
        let restored = self.thread.as_ref().and_then(|thread| thread.conversation.as_ref());
        if let Some((id, channel)) = restored.map(|row| (row.id, row.channel.clone()))
            && let Some(kind) = self.session.kind.take()
            && self.screen == Screen::Thread
            && self.composer.is_none()
        {
            self.open_composer(id, channel, kind);
        }
    }

    /// A timer for a gate that shuts by itself (WhatsApp's window).
    pub(super) fn watch_gate(&mut self) {
        let changes =
            self.thread.as_ref().and_then(|it| it.conversation.as_ref()).and_then(|it| it.gate.changes_at());
        if let Some(at) = changes.filter(|at| *at > self.now)
            && self.composer.is_some()
        {
            self.start_timer(Timer::Gate, at);
        }
    }

    pub(super) fn check_gate(&mut self) {
        if self.composer.is_some() {
            self.fx.push(Effect::Bell);
        }
    }

    pub(super) fn messages_loaded(&mut self, messages: Vec<Message>) {
        let Some(thread) = &mut self.thread else { return };
        let first = !thread.loaded;
        let newest = thread.messages.last().map(|message| message.id);
        let selected = thread.selected_message().map(|message| message.id);
        let at_end = thread.selected + 1 >= thread.messages.len();
        let older = !first && messages.len() > thread.messages.len() && thread.messages.len() >= MESSAGES;
        let before = older.then(|| self.thread_lines().len());
        let Some(thread) = &mut self.thread else { return };
        if !first {
            // What comes while it is open is new too.
            let came = messages.iter().filter(|it| newest.is_none_or(|newest| it.id > newest));
            thread.new.extend(came.filter(|it| it.direction == Direction::Inbound).map(|it| it.id));
        }
        thread.messages = messages.into();
        thread.loaded = true;
        let place = selected.and_then(|id| thread.messages.iter().position(|message| message.id == id));
        thread.selected = match place {
            Some(place) if !at_end => place,
            _ => thread.messages.len().saturating_sub(1),
        };
        if first {
            self.mark_new();
            if let Some(top) = self.thread.as_ref().and_then(|thread| thread.scroll_to) {
                self.scroll_lines(top);
            }
        }
        if let Some(before) = before {
            // What stood on the screen stays there: the older ones come above it.
            let more = self.thread_lines().len().saturating_sub(before);
            if let Some(thread) = self.thread.as_mut().filter(|thread| !thread.follow) {
                thread.top += more;
            }
            self.show_newest_hit();
        }
        self.thread_resized();
    }

    /// The newest unread inbound messages are marked until the conversation is left.
    fn mark_new(&mut self) {
        let Some(thread) = &mut self.thread else { return };
        let unread = thread.conversation.as_ref().map_or(0, |it| it.unread as usize);
        if thread.loaded && thread.new.is_empty() && thread.read.is_none() {
            thread.new = thread
                .messages
                .iter()
                .rev()
                .filter(|message| message.direction == Direction::Inbound)
                .take(unread)
                .map(|message| message.id)
                .collect();
        }
    }

    /// Keeps the view within the lines; at the end, the newest message from its head where it is longer than the view.
    pub(super) fn thread_resized(&mut self) {
        let lines = self.thread_lines();
        let height = self.thread_height();
        let Some(thread) = &mut self.thread else { return };
        let last = lines.len().saturating_sub(height);
        if thread.follow {
            let newest = thread.messages.len().saturating_sub(1);
            let head = lines.iter().position(|line| line.message == newest).unwrap_or(last);
            thread.top = last.min(head);
        } else {
            thread.top = thread.top.min(last);
        }
    }

    pub(super) fn scroll_lines(&mut self, top: usize) {
        let last = self.thread_lines().len().saturating_sub(self.thread_height());
        if let Some(thread) = &mut self.thread {
            thread.top = top.min(last);
            thread.follow = thread.top >= last;
        }
    }

    fn page_up(&mut self, half: bool) {
        if self.thread.as_ref().is_some_and(|thread| thread.top == 0) {
            self.load_older();
        }
        self.scroll_pages(-1, half);
    }

    /// What stands before the messages that are here.
    fn load_older(&mut self) {
        if let Some(thread) = self.thread.as_mut().filter(|thread| thread.messages.len() >= thread.limit) {
            thread.limit *= 4;
            self.refresh_thread();
        }
    }

    pub(super) fn scroll_pages(&mut self, by: isize, half: bool) {
        let height = self.thread_height();
        let step = if half { (height / 2).max(1) } else { height.saturating_sub(1).max(1) };
        let top = self.thread.as_ref().map_or(0, |thread| thread.top);
        self.scroll_lines(if by > 0 { top + step } else { top.saturating_sub(step) });
        // The selected message follows the view.
        let lines = self.thread_lines();
        if let Some(thread) = &mut self.thread {
            let shown = lines.iter().skip(thread.top).take(height);
            let (first, last) = (shown.clone().next(), shown.clone().next_back());
            if let (Some(first), Some(last)) = (first, last) {
                thread.selected = if thread.follow {
                    last.message
                } else {
                    thread.selected.clamp(first.message, last.message)
                };
            }
        }
    }

    pub(super) fn select_message(&mut self, at: usize) {
        let lines = self.thread_lines();
        let height = self.thread_height();
        let Some(thread) = &mut self.thread else { return };
        thread.selected = at.min(thread.messages.len().saturating_sub(1));
        let selected = thread.selected;
        let first = lines.iter().position(|line| line.message == selected).unwrap_or(0);
        let last = lines.iter().rposition(|line| line.message == selected).unwrap_or(0);
        let bottom = lines.len().saturating_sub(height);
        if first < thread.top || last >= thread.top + height {
            // The message's head goes to the top: few lines move twice.
            thread.top = first.min(bottom);
        }
        thread.follow = thread.top >= bottom;
    }

    pub(super) fn thread_act(&mut self, act: Act, keys: &[Key]) {
        let selected = self.thread.as_ref().map_or(0, |thread| thread.selected);
        let count = self.count.take().unwrap_or(1);
        match act {
            Act::Next => self.select_message(selected.saturating_add(count)),
            Act::Previous => {
                if selected < count {
                    self.load_older();
                }
                self.select_message(selected.saturating_sub(count));
            }
            Act::Top => {
                self.load_older();
                self.select_message(0);
            }
            Act::Bottom => {
                self.select_message(usize::MAX);
                if let Some(thread) = &mut self.thread {
                    thread.follow = true;
                }
                self.thread_resized();
            }
            Act::HalfDown => self.scroll_pages(1, true),
            Act::HalfUp => self.page_up(true),
            Act::PageDown => self.scroll_pages(1, false),
            Act::PageUp => self.page_up(false),
            Act::Open => self.continue_draft(),
            Act::Back => self.leave_thread(),
            Act::Escape => {
                let search = self.thread.as_mut().and_then(|thread| thread.search.take());
                if search.is_none() {
                    self.leave_thread();
                }
            }
            Act::NextConversation => self.neighbour(1),
            Act::PreviousConversation => self.neighbour(-1),
            Act::NextUnread => self.hit_or_unread(true),
            Act::PreviousUnread => self.hit_or_unread(false),
            Act::FoldQuotes | Act::FoldEvents | Act::FoldOld => {
                if let Some(thread) = &mut self.thread {
                    let fold = match act {
                        Act::FoldQuotes => &mut thread.folds.quotes,
                        Act::FoldEvents => &mut thread.folds.events,
                        _ => &mut thread.folds.old,
                    };
                    *fold = !*fold;
                    let what = match act {
                        Act::FoldQuotes => self.lang.tr("quoted lines"),
                        Act::FoldEvents => self.lang.tr("notes of machines"),
                        _ => self.lang.tr("what was read before"),
                    };
                    let said = if *fold {
                        tr!(self.lang, "{what}: hidden", what)
                    } else {
                        tr!(self.lang, "{what}: shown", what)
                    };
                    self.say(said);
                }
                self.thread_resized();
            }
            Act::OpenItem | Act::Save | Act::Preview => self.attachment(act),
            _ => self.common_act(act, keys),
        }
    }

    pub(super) fn copy(&mut self) {
        let text = match (self.screen, &self.thread) {
            (Screen::Thread, Some(thread)) => thread.selected_message().map(|message| {
                let order = || super::thread_lines::context_words(self.lang, message).join("\n");
                if message.body.trim().is_empty() { order() } else { message.body.clone() }
            }),
            _ => self.target().map(|row| row.remote_id.clone()),
        };
        match text.filter(|text| !text.is_empty()) {
            Some(text) => {
                let ticket = self.ticket();
                self.copying = Some((ticket, crate::domain::text::first_line(&text, 40).to_owned()));
                self.fx.push(Effect::Copy(ticket, text));
            }
            None => self.say(self.lang.tr("there is no text here to copy")),
        }
    }

    /// Back to the list; what was written is kept as a draft.
    pub(super) fn leave_thread(&mut self) {
        self.park_composer();
        self.screen = Screen::List;
        self.details = None;
        if !self.side_by_side() {
            self.thread = None;
        }
        self.session_changed();
    }

    pub(super) fn neighbour(&mut self, by: isize) {
        let Some(id) = self.thread.as_ref().map(|thread| thread.id) else { return };
        let shown = self.list.shown();
        let at = shown.iter().position(|row| row.id == id);
        let next = at.and_then(|at| at.checked_add_signed(by)).and_then(|at| shown.get(at)).map(|row| row.id);
        let near_the_end = at.is_some_and(|at| at + PAGE / 4 >= shown.len()) && !self.list.complete;
        match next {
            Some(id) => self.open_conversation(id),
            None => self.say(if by > 0 {
                self.lang.tr("this is the last one")
            } else {
                self.lang.tr("this is the first one")
            }),
        }
        if near_the_end && let Some(at) = at {
            let selected = self.list.selected;
            self.select_at(at);
            self.list.selected = selected;
            self.settle_top();
        }
    }

    /// What stands on the screen now has been seen.
    pub(super) fn thread_drawn(&mut self) {
        let beside = self.side_by_side();
        if self.screen != Screen::Thread && !beside {
            return;
        }
        let lines = self.thread_lines();
        let height = self.thread_height();
        let Some(thread) = &mut self.thread else { return };
        if thread.conversation.is_none() || !thread.loaded {
            return;
        }
        thread.drawn = true;
        let shown = lines.iter().skip(thread.top).take(height).map(|line| line.message);
        // Later numbers may stand between older ones: vendors' times decide the order, ours the number.
        thread.seen =
            thread.seen.max(shown.clone().filter_map(|at| thread.messages.get(at)).map(|it| it.id).max());
        if let Some(seen) = thread.seen {
            self.shown.insert(thread.id, seen);
        }
        let newest = thread.messages.last().map(|message| message.id);
        let complete = newest.is_some() && shown.max() == Some(thread.messages.len() - 1);
        thread.at_newest = complete;
        let unread = thread.conversation.as_ref().is_some_and(|it| it.unread > 0);
        if complete
            && unread
            && thread.read < newest
            && self.screen == Screen::Thread
            && !self.timers.contains_key(&Timer::ReadCursor)
        {
            self.start_timer(Timer::ReadCursor, self.now + Duration::milliseconds(250));
        }
    }

    /// The agent's own read cursor, after 250 ms of focus with the newest message on the screen.
    pub(super) fn move_read_cursor(&mut self) {
        if self.locked.is_some() {
            return;
        }
        let Some(thread) = &mut self.thread else { return };
        let newest = thread.messages.last().map(|message| message.id);
        let Some(message) = newest.filter(|_| self.screen == Screen::Thread && thread.at_newest) else {
            return;
        };
        thread.read = Some(message);
        let id = thread.id;
        let wish = Wish::Change {
            id,
            change: LocalChange::SeenUpTo(message),
            vendor: Vec::new(),
            held_until: None,
            seen: Seen::default(),
        };
        self.perform_wish(wish, Intent::Quiet);
    }
}
