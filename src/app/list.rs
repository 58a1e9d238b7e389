//! The list: its rows and the order in which they are held, motions, search and filter; what is marked stands in `marks`, how
//! views are changed in `views`.
//!
//! The selection is a conversation, not a row. The order of a view never changes by itself: what arrives waits until
//! [`ShowNew`](Act::ShowNew), a change of view or a new search.

use std::collections::{BTreeSet, HashMap};

use chrono::Duration;
use nucleo_matcher::{
    Config, Matcher,
    pattern::{AtomKind, CaseMatching, Normalization, Pattern},
};

use super::{
    actions::Act,
    keymap::Key,
    model::{Model, Screen, Timer},
    options::AppOptions,
};
use crate::domain::{
    Conversation, ConversationId, Delivery, Status, Time,
    desk::{Count, Sort},
    promise,
    query::BUILT_IN,
};

/// A page that is asked for at a time; more come when the cursor nears the end.
pub(super) const PAGE: usize = 100;
/// Rows that are kept: a list of a hundred thousand that somebody pages through is a window all the same.
pub(super) const KEPT: usize = 400;

/// A view: a tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: String,
    /// Its name in the screen's language.
    pub title: String,
    /// What it shows.
    pub query: String,
    /// The key that goes there, drawn in its tab; Fix has none.
    pub number: Option<u8>,
    /// How many conversations, once that is known.
    pub count: Option<Count>,
}

/// What narrows the view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// Words of a search, sent to the store.
    pub search: Option<String>,
    /// Whether the search is over everything, not this view.
    pub everything: bool,
    /// A fuzzy filter over what is here.
    pub filter: Option<String>,
}

/// The list of conversations.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug)]
pub struct List {
    /// The tabs.
    pub views: Vec<View>,
    /// Which one is shown.
    pub view: usize,
    /// The rows of the view in the order that is held.
    pub rows: Vec<Conversation>,
    /// The conversation that the cursor is on.
    pub selected: Option<ConversationId>,
    /// The first row on the screen, among those the filter lets through.
    pub top: usize,
    /// Marked conversations.
    pub marks: BTreeSet<ConversationId>,
    /// Those of them that a query marked and whose rows have not been read as part of the list.
    pub(super) elsewhere: Vec<Conversation>,
    /// Why a text for many did not go to marked ones.
    pub left: HashMap<ConversationId, String>,
    /// Where a range of marks began.
    pub range: Option<ConversationId>,
    /// What narrows the view.
    pub narrowed: Narrowed,
    /// What arrived while the order was held.
    pub arrived: BTreeSet<ConversationId>,
    /// What the words of the search were found in.
    pub hits: HashMap<ConversationId, String>,
    /// Whether the first page is on its way.
    pub loading: bool,
    /// Whether the store has no further rows below.
    pub complete: bool,
    /// Whether the store has rows above: the list is a window, and this one was come by from the end.
    pub above: bool,
    /// A query of its own in place of the view's (`g c`), with its title.
    pub special: Option<(String, String)>,
    /// The open conversation that it was asked for in.
    pub(super) special_from: Option<ConversationId>,
    /// How many conversations that query matches.
    pub special_count: Option<Count>,
    /// The rows are replaced by what comes next; else what comes next is held against the order.
    pub(super) fresh: bool,
    /// The cursor goes to the top with what comes next, unless a key was pressed until then.
    pub(super) filling: bool,
    /// Something was committed while the first page was on its way: it may be from before that.
    pub(super) changed_meanwhile: bool,
    /// Where the rows belong that were asked for.
    pub(super) more: More,
    /// Steps of the cursor that wait for rows.
    pub(super) owed: isize,
}

/// Where further rows belong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum More {
    /// Below those that are here.
    #[default]
    Below,
    /// Above them.
    Above,
    /// In their place: they are the last ones.
    Last,
}

impl List {
    pub(super) fn new(options: &AppOptions) -> Self {
        let mut views: Vec<View> = BUILT_IN
            .iter()
            .map(|(name, query)| (*name, options.lang.word("view", name), *query))
            .chain(options.views.iter().map(|(name, query)| (name.as_str(), name.as_str(), query.as_str())))
            .enumerate()
            .map(|(at, (name, title, query))| View {
                name: name.to_owned(),
                title: title.to_owned(),
                query: query.to_owned(),
                number: u8::try_from(at).ok().filter(|n| *n <= 9),
                count: None,
            })
            .collect();
        views[0].number = None;
        // What is assigned to my teams is mine to take: the same key twice is one or the other.
        if !options.my_teams.is_empty() {
            let whose = std::iter::once(&options.me).chain(&options.my_teams);
            let whose: Vec<String> = whose.map(|it| format!("assignee:{it}")).collect();
            views[1].query = views[1].query.replacen("is:mine", &whose.join(" "), 1);
        }
        if let Some(channel) = &options.channel {
            for view in &mut views {
                view.query = format!("channel:{channel} {}", view.query);
            }
        }
        Self {
            views,
            view: 1,
            rows: Vec::new(),
            selected: None,
            top: 0,
            marks: BTreeSet::new(),
            elsewhere: Vec::new(),
            hits: HashMap::new(),
            left: HashMap::new(),
            range: None,
            narrowed: Narrowed::default(),
            arrived: BTreeSet::new(),
            loading: true,
            complete: false,
            above: false,
            special: None,
            special_from: None,
            special_count: None,
            fresh: true,
            filling: false,
            changed_meanwhile: false,
            more: More::Below,
            owed: 0,
        }
    }

    /// The row of a conversation.
    pub fn row(&self, id: ConversationId) -> Option<&Conversation> {
        self.rows.iter().chain(&self.elsewhere).find(|row| row.id == id)
    }

    /// The selected row.
    pub fn selected_row(&self) -> Option<&Conversation> {
        self.selected.and_then(|id| self.row(id))
    }

    /// The rows that the filter lets through, in the order that is held.
    pub fn shown(&self) -> Vec<&Conversation> {
        let Some(filter) = self.narrowed.filter.as_deref().filter(|words| !words.is_empty()) else {
            return self.rows.iter().collect();
        };
        let (inverted, words) = match filter.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, filter),
        };
        let lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                format!(
                    "{} {} {} {} {}",
                    row.counterpart.name,
                    row.subject.as_deref().unwrap_or_default(),
                    row.last_line.as_deref().unwrap_or_default(),
                    row.channel,
                    row.assignee.as_deref().unwrap_or_default()
                )
            })
            .collect();
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut hits = |pattern: &Pattern| -> Vec<bool> {
            let mut buffer = Vec::new();
            let mut hit = |line| {
                pattern.score(nucleo_matcher::Utf32Str::new(line, &mut buffer), &mut matcher).is_some()
            };
            lines.iter().map(|line| hit(line)).collect()
        };
        // Rows that hold the words as they stand come alone; letters that are strewn over a row are a guess, made where
        // nothing else is found.
        let (case, accents) = (CaseMatching::Ignore, Normalization::Smart);
        let whole = hits(&Pattern::new(words, case, accents, AtomKind::Substring));
        let found = if whole.contains(&true) { whole } else { hits(&Pattern::parse(words, case, accents)) };
        self.rows.iter().zip(found).filter(|(_, hit)| *hit != inverted).map(|(row, _)| row).collect()
    }

    /// What is asked of the store for this list.
    pub fn query(&self) -> String {
        let base = match &self.special {
            Some((_, query)) => query.as_str(),
            None => self.views[self.view].query.as_str(),
        };
        match (&self.narrowed.search, self.narrowed.everything) {
            (Some(words), true) => words.clone(),
            (Some(words), false) => format!("{base} {words}"),
            (None, _) => base.to_owned(),
        }
    }

    pub(super) fn sort(&self) -> Sort {
        if self.narrowed.search.is_some() || self.special.is_some() { Sort::Updated } else { Sort::Due }
    }

    /// What the tab or the header says of what is shown.
    pub fn title(&self) -> &str {
        self.special.as_ref().map_or(self.views[self.view].title.as_str(), |(title, _)| title.as_str())
    }

    /// The letter of a row's fourth mark column.
    pub fn letter(row: &Conversation) -> char {
        match row.outbox {
            Some(Delivery::Failed) => return 'F',
            Some(Delivery::Uncertain) => return '?',
            Some(Delivery::Parked) => return 'P',
            Some(Delivery::Held | Delivery::Later | Delivery::Queued | Delivery::Sending) => return '^',
            _ => {}
        }
        if row.has_draft {
            'd'
        } else if row.unread > 0 {
            '*'
        } else {
            match row.status {
                Status::Pending => 'p',
                Status::OnHold => 'h',
                Status::Resolved | Status::Closed => 'r',
                Status::New | Status::Open => ' ',
            }
        }
    }

    /// Whether the deadline of a row is at risk: past, or within half an hour.
    pub fn at_risk(row: &Conversation, now: Time) -> bool {
        let promised = row.promise.as_ref().is_some_and(|it| it.at - now < promise::WARNED_BEFORE);
        promised || row.due_at.is_some_and(|due| due - now < Duration::minutes(30))
    }
}

impl Model {
    /// Rows of the list that fit on the screen.
    pub fn list_height(&self) -> usize {
        let rows = usize::from(self.size.1);
        if self.size.0 < 60 || rows < 16 { rows.saturating_sub(3).max(1) } else { rows.saturating_sub(7) }
    }

    pub(super) fn list_act(&mut self, act: Act, keys: &[Key]) {
        if !matches!(act, Act::Next | Act::Previous | Act::HalfDown | Act::HalfUp) {
            self.list.owed = 0;
        }
        match act {
            Act::Next => self.step(1),
            Act::Previous => self.step(-1),
            Act::Top => self.top(),
            Act::Bottom => self.bottom(),
            Act::HalfDown => self.step(self.half()),
            Act::HalfUp => self.step(-self.half()),
            Act::PageDown => self.page(1),
            Act::PageUp => self.page(-1),
            Act::Open | Act::OpenItem => {
                if let Some(id) = self.list.selected {
                    self.open_conversation(id);
                }
            }
            Act::Escape => self.list_escape(),
            Act::View1 => self.view_number(1),
            Act::View2 => self.view_number(2),
            Act::View3 => self.view_number(3),
            Act::View4 => self.view_number(4),
            Act::View5 => self.view_number(5),
            Act::View6 => self.view_number(6),
            Act::View7 => self.view_number(7),
            Act::View8 => self.view_number(8),
            Act::View9 => self.view_number(9),
            Act::NextView => self.turn_view(1),
            Act::PreviousView => self.turn_view(-1),
            Act::NextUnread => self.unread(true),
            Act::PreviousUnread => self.unread(false),
            Act::Mark => {
                if let Some(id) = self.list.selected {
                    if !self.list.marks.remove(&id) {
                        self.list.marks.insert(id);
                    }
                    self.step(1);
                }
            }
            Act::MarkRange => self.mark_range(),
            Act::InvertMarks => {
                let shown: BTreeSet<ConversationId> = self.list.shown().iter().map(|row| row.id).collect();
                self.list.marks = shown.symmetric_difference(&self.list.marks).copied().collect();
            }
            Act::MarkSimilar => self.mark_similar(),
            Act::Unmark if self.list.marks.is_empty() => self.say(self.lang.tr("nothing is marked")),
            Act::Unmark => self.list.unmark(),
            Act::Quit if self.list.special.is_some() => self.leave_special(),
            _ => self.common_act(act, keys),
        }
    }

    #[expect(clippy::cast_possible_wrap, reason = "a screen has fewer rows than that")]
    fn half(&self) -> isize {
        (self.list_height() / 2).max(1) as isize
    }

    fn list_escape(&mut self) {
        let list = &mut self.list;
        if list.range.take().is_some() {
        } else if !list.marks.is_empty() {
            list.unmark();
        } else if list.narrowed.search.is_some() {
            list.narrowed.search = None;
            list.narrowed.everything = false;
            self.reload_list();
        } else if list.narrowed.filter.take().is_some() {
            self.settle_top();
        } else if list.special.take().is_some() {
            self.reload_list();
        }
    }

    /// Moves the cursor. What lies beyond the rows that are here is owed until they come: a burst of keys is quicker than
    /// any page, and none of them is lost.
    #[expect(clippy::cast_possible_wrap, reason = "a window has fewer rows than that")]
    pub(super) fn step(&mut self, by: isize) {
        let by = by + std::mem::take(&mut self.list.owed);
        let shown = self.list.shown();
        let at = shown.iter().position(|row| Some(row.id) == self.list.selected).unwrap_or(0) as isize;
        let last = shown.len() as isize - 1;
        let to = at.saturating_add(by);
        let whole = self.list.narrowed.filter.is_none();
        if whole && to > last && !self.list.complete && last >= 0 {
            self.list.owed = to - last;
        } else if whole && to < 0 && self.list.above {
            self.list.owed = to;
        }
        self.select_at(to.clamp(0, last.max(0)).unsigned_abs());
    }

    fn page(&mut self, by: isize) {
        let height = self.list_height();
        let rows = self.list.shown().len();
        let top = if by > 0 { self.list.top + height } else { self.list.top.saturating_sub(height) };
        if top < rows {
            self.list.top = top;
            self.select_at(if by > 0 { top } else { (top + height - 1).min(rows.saturating_sub(1)) });
        } else {
            self.select_at(rows.saturating_sub(1));
        }
    }

    fn top(&mut self) {
        if self.list.above {
            let marks = std::mem::take(&mut self.list.marks);
            self.list.selected = None;
            self.reload_list();
            self.list.marks = marks;
        } else {
            self.select_at(0);
        }
    }

    fn bottom(&mut self) {
        if self.list.complete {
            let rows = self.list.shown().len();
            self.select_at(rows.saturating_sub(1));
        } else {
            self.load_last();
        }
    }

    pub(super) fn select_at(&mut self, at: usize) {
        let shown = self.list.shown();
        let Some(id) = shown.get(at).map(|row| row.id) else { return };
        let near = 2 * self.list_height();
        let (near_the_end, near_the_top) = (at + near >= shown.len(), at < near);
        self.select(id);
        if near_the_end && !self.list.complete && !self.list.rows.is_empty() {
            self.load_more();
        } else if near_the_top && self.list.above {
            self.load_above();
        }
    }

    /// Puts the cursor on a conversation; the list turns a page where it has to.
    pub(super) fn select(&mut self, id: ConversationId) {
        let changed = self.list.selected != Some(id);
        self.list.selected = Some(id);
        self.settle_top();
        if changed && self.side_by_side() && self.screen == Screen::List {
            self.start_preview();
        }
    }

    /// The page that the cursor is on: pages, not lines, so that most keys move one mark only.
    pub(super) fn settle_top(&mut self) {
        let height = self.list_height();
        let shown = self.list.shown();
        let rows = shown.len();
        let at = shown.iter().position(|row| Some(row.id) == self.list.selected).unwrap_or(0);
        let mut top = self.list.top.min(rows.saturating_sub(1));
        if at >= top + height {
            top = if at < top + 2 * height { top + height } else { at - at % height };
        } else if at < top {
            top = if at + height >= top { top.saturating_sub(height) } else { at - at % height };
        }
        self.list.top = top;
    }

    fn unread(&mut self, forward: bool) {
        if self.list.narrowed.search.is_some() {
            self.step(if forward { 1 } else { -1 });
            return;
        }
        let shown = self.list.shown();
        let at = shown.iter().position(|row| Some(row.id) == self.list.selected).unwrap_or(0);
        let found = if forward {
            (at + 1..shown.len()).find(|at| shown[*at].unread > 0)
        } else {
            (0..at).rev().find(|at| shown[*at].unread > 0)
        };
        match found {
            Some(at) => self.select_at(at),
            None => self.say(if forward {
                self.lang.tr("nothing unread below")
            } else {
                self.lang.tr("nothing unread above")
            }),
        }
    }

    /// The preview comes with a rest: holding `j` flies. Over a slow line it has to be a real one.
    pub(super) fn start_preview(&mut self) {
        let rest = if self.slow_line { 600 } else { 250 };
        self.start_timer(Timer::Preview, self.now + Duration::milliseconds(rest));
    }

    pub(super) fn resized(&mut self) {
        self.settle_top();
        self.thread_resized();
        if self.side_by_side() && self.thread.is_none() && self.list.selected.is_some() {
            self.start_preview();
        }
    }

    /// The focus goes round: list, conversation, and the details where they have a pane of their own.
    pub(super) fn switch_pane(&mut self, act: Act) {
        if !self.side_by_side() {
            self.say(self.lang.tr("one pane only at this width"));
            return;
        }
        let (forth, beside) = (act == Act::NextPane, self.details_beside());
        if self.details.is_some() {
            self.close_details();
            if self.composer.is_none() && beside {
                self.focus(if forth { Screen::List } else { Screen::Thread });
            }
        } else if beside && (self.screen == Screen::Thread) == forth {
            self.common_act(Act::Details, &[]);
        } else if self.screen == Screen::List {
            self.focus(Screen::Thread);
        } else {
            self.focus(Screen::List);
        }
    }

    fn focus(&mut self, pane: Screen) {
        match (pane, self.list.selected) {
            (Screen::Thread, Some(id)) if self.screen == Screen::List => self.open_conversation(id),
            (Screen::Thread, _) => {}
            _ => self.screen = Screen::List,
        }
    }
}
