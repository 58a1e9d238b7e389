//! Answer once: one text for many conversations, sent one by one. Each row has its own words, its own pre-flight, its own
//! tick; nobody is written to whose line has not been drawn.

mod act;
mod send;
mod similar;

use std::collections::HashMap;

use super::{
    canned::{Values, fill},
    composer::Composer,
    model::{Load, Model, Screen, Timer},
    msg::Request,
    preflight::{Finding, Level, Preflight, others},
    review::{Review, Verdict},
    words,
};
use crate::domain::{
    Conversation, ConversationId, Direction, DraftKind, Lang, Message, MessageId,
    lang::tr,
    text::{SafeText, columns},
};

/// As many as are answered with one text.
const MOST: usize = 50;
/// Messages of each that its pre-flight looks at.
const MESSAGES: usize = 20;

/// A text for many.
#[derive(Clone, Debug, Default)]
pub struct Once {
    /// Whom it is for.
    pub rows: Vec<OnceRow>,
    /// The row whose words are shown in full.
    pub chosen: usize,
    /// Whose the numbers in the text are.
    owners: Vec<(String, Conversation)>,
    asked: Vec<String>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct OnceRow {
    /// As it is known.
    pub conversation: Conversation,
    /// What speaks against sending it there, the worst first.
    pub findings: Vec<Finding>,
    /// The text as it goes there.
    pub text: String,
    messages: Option<Vec<Message>>,
    /// What the agent said with the key.
    tick: Option<bool>,
    /// Whether its line has been drawn with these findings.
    drawn: bool,
    /// Whether the words that it answers have been shown in full.
    read: bool,
}

impl OnceRow {
    fn new(conversation: Conversation) -> Self {
        Self {
            conversation,
            findings: Vec::new(),
            text: String::new(),
            messages: None,
            tick: None,
            drawn: false,
            read: false,
        }
    }

    /// The worst of its findings.
    pub fn verdict(&self) -> Verdict {
        match self.findings.first().map(|finding| finding.level) {
            None => Verdict::Clean,
            Some(Level::Amber) => Verdict::Amber,
            Some(Level::Red) => Verdict::Red,
        }
    }

    /// Whether it is sent there: what is clean, and what was ticked in spite of what was found; never what is red.
    pub fn ticked(&self) -> bool {
        match self.verdict() {
            Verdict::Red => false,
            Verdict::Clean => self.tick.unwrap_or(true),
            Verdict::Amber => self.tick == Some(true),
        }
    }

    /// `clean`, or the worst that was found.
    pub fn verdict_words(&self, lang: Lang) -> String {
        match self.findings.as_slice() {
            [] => lang.tr("clean").to_owned(),
            [only] => only.text.clone(),
            [worst, more @ ..] => format!("{} (+{})", worst.text, more.len()),
        }
    }

    /// What the other side wrote since our last word.
    pub fn asks(&self, lang: Lang) -> String {
        let Some(messages) = &self.messages else { return lang.tr("reading the store ...").to_owned() };
        let ours = messages.iter().rposition(|it| it.direction == Direction::Outbound).map_or(0, |at| at + 1);
        let theirs = |from: usize| {
            let said = messages[from..].iter().filter(|it| it.direction == Direction::Inbound);
            said.map(|it| it.body.trim()).collect::<Vec<_>>().join(" / ")
        };
        let new = theirs(ours);
        if new.is_empty() { theirs(0) } else { new }
    }

    fn newest(&self) -> Option<MessageId> {
        self.messages.as_ref()?.iter().map(|message| message.id).max()
    }
}

impl Model {
    /// `r` on marked rows: ends where letters are text, in the same update.
    pub(super) fn open_once(&mut self) {
        let targets = self.targets();
        if targets.len() > MOST {
            self.tell(format!(
                "{} rows are marked: one text answers {MOST} at most. Unmark some first.",
                targets.len()
            ));
            return;
        }
        let rows: Vec<Conversation> = targets.iter().filter_map(|id| self.known(*id).cloned()).collect();
        self.once_with(rows);
    }

    /// The composer of a text for these.
    fn once_with(&mut self, rows: Vec<Conversation>) {
        let Some(channel) = rows.first().map(|row| row.channel.clone()) else {
            self.tell("No conversation is selected: there is nobody to write to here.");
            return;
        };
        self.park_composer();
        self.details = None;
        self.once = Some(Once { rows: rows.into_iter().map(OnceRow::new).collect(), ..Once::default() });
        self.screen = Screen::Once;
        self.composer = Some(Composer::new(None, channel, DraftKind::Once));
        self.load(Load::Draft, Request::Draft { of: None, kind: DraftKind::Once });
        self.refresh_once();
        self.session_changed();
    }

    /// Everything about its rows is asked for again.
    pub(super) fn refresh_once(&mut self) {
        let ids: Vec<ConversationId> =
            self.once.iter().flat_map(|once| &once.rows).map(|row| row.conversation.id).collect();
        for id in ids {
            self.load(Load::OnceRow(id), Request::Conversation(id));
            self.load(Load::OnceThread(id), Request::Thread { id, before: None, limit: MESSAGES });
        }
    }

    fn once_row(&mut self, id: ConversationId) -> Option<&mut OnceRow> {
        self.once.as_mut()?.rows.iter_mut().find(|row| row.conversation.id == id)
    }

    pub(super) fn once_conversation(&mut self, conversation: Conversation) {
        if let Some(row) = self.once_row(conversation.id) {
            row.conversation = conversation;
        }
        self.check_once();
    }

    pub(super) fn once_messages(&mut self, id: ConversationId, messages: Vec<Message>) {
        if let Some(row) = self.once_row(id) {
            // What has come since it was shown has not been read.
            let newest = messages.iter().map(|message| message.id).max();
            row.read &= row.messages.is_some() && row.newest() >= newest;
            row.messages = Some(messages);
        }
        self.check_once();
    }

    pub(super) fn once_owners(&mut self, owners: Vec<(String, Conversation)>) {
        if let Some(once) = &mut self.once {
            once.owners = owners;
        }
        self.check_once();
    }

    /// Whether what its verdicts are made of is still on its way.
    pub(super) fn once_reads(&self) -> bool {
        self.once.as_ref().is_some_and(|once| {
            self.loads.contains_key(&Load::OnceOwners) || once.rows.iter().any(|row| row.messages.is_none())
        })
    }

    /// The bar: each row with its own verdict.
    pub(super) fn open_once_review(&mut self) {
        let empty = self.composer.as_ref().is_none_or(Composer::is_empty);
        if empty {
            self.park_composer();
            return;
        }
        self.save_draft();
        let promise = self.found_promise(self.now);
        self.review = Some(Review { promise, ..Review::default() });
        self.check_once();
        let mut numbers: Vec<String> = Vec::new();
        for row in self.once.iter().flat_map(|once| &once.rows) {
            let found = self.once_preflight(row, &[], |it| it.numbers());
            numbers.extend(found.into_iter().filter(|it| !numbers.contains(it)).collect::<Vec<_>>());
        }
        numbers.truncate(10);
        if !numbers.is_empty()
            && let Some(once) = self.once.as_mut().filter(|once| once.asked != numbers)
        {
            once.asked.clone_from(&numbers);
            self.load(Load::OnceOwners, Request::Owners(numbers));
        }
        self.thread_resized();
    }

    fn once_preflight<T>(
        &self,
        row: &OnceRow,
        owners: &[(String, ConversationId, String)],
        ask: impl FnOnce(Preflight<'_>) -> T,
    ) -> T {
        let capabilities = self.capabilities(&row.conversation.channel);
        ask(Preflight {
            lang: self.lang,
            conversation: Some(&row.conversation),
            kind: DraftKind::Reply,
            capabilities: &capabilities,
            lint: self.options.lint.get(&row.conversation.channel).copied().unwrap_or_default(),
            text: &row.text,
            files: &[],
            template: None,
            products: 0,
            reopen: false,
            messenger: self.manner(&row.conversation.channel).messenger,
            messages: row.messages.as_deref().unwrap_or_default(),
            owners,
            seen: None,
            me: &self.options.me,
            now: self.now,
        })
    }

    /// Text and verdict of each row, as they are now. They change without a key when a gate does.
    pub(super) fn check_once(&mut self) {
        let Some(mut once) = self.once.take() else { return };
        let body = self.composer.as_ref().map(Composer::body).unwrap_or_default();
        let none = HashMap::new();
        let products = self.shelf.as_ref().map_or(&none, |shelf| &shelf.products);
        for row in &mut once.rows {
            let channel = self.descriptor(&row.conversation.channel);
            let values = Values {
                conversation: Some(&row.conversation),
                channel,
                agent: &self.options.name,
                products,
            };
            row.text = fill(&body, &values);
            let owners = others(once.owners.clone(), Some(&row.conversation));
            let mut findings = self.once_preflight(row, &owners, |it| it.findings());
            let amber =
                |text: &str| Finding { level: Level::Amber, text: text.into(), detail: String::new() };
            if row.messages.is_none() {
                let reading = self.lang.tr("reading the store ...").to_owned();
                findings.push(Finding { level: Level::Red, text: reading, detail: String::new() });
            }
            let shown = self.shown.get(&row.conversation.id).copied();
            if row.conversation.unread > 0 && !row.read && shown < row.newest() {
                findings.push(amber(self.lang.tr("its words were not shown to you in full")));
            }
            if row.conversation.has_draft {
                findings.push(amber(self.lang.tr("your unsent draft is there, and stays")));
            }
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
            if findings != row.findings {
                // A tick was for what had been found then.
                if !findings.is_empty() && findings.iter().any(|it| !row.findings.contains(it)) {
                    row.tick = row.tick.filter(|tick| !tick);
                }
                row.drawn = false;
                row.findings = findings;
                self.dirty = true;
            }
        }
        self.once = Some(once);
    }

    /// How many rows there is room for, and how many lines for the words of the chosen one.
    pub fn once_room(&self) -> (usize, usize) {
        let rows = usize::from(self.size.1);
        let footer = if self.size.0 < 60 || rows < 16 { 2 } else { 3 };
        let room = rows.saturating_sub(footer + 2 + self.composer_height());
        let words = match room {
            9.. => 4,
            6..9 => 2,
            4..6 => 1,
            _ => 0,
        };
        (room.saturating_sub(words + usize::from(words > 0)).max(1), words)
    }

    /// The first row on the screen.
    pub fn once_top(&self) -> usize {
        let (rows, _) = self.once_room();
        self.once.as_ref().map_or(0, |once| once.chosen / rows * rows)
    }

    /// The words of the chosen row, and what it gets where that differs: lines as wide as the screen. Answers also
    /// whether all of its words are there.
    pub fn once_words(&self) -> (Vec<String>, bool) {
        let Some(row) = self.once.as_ref().and_then(|once| once.rows.get(once.chosen)) else {
            return (Vec::new(), false);
        };
        let (_, room) = self.once_room();
        let width = usize::from(self.size.0).saturating_sub(2).max(10);
        let wrapped = |text: &str| -> Vec<String> {
            let safe = SafeText::block(text).into_string();
            let lines = safe.lines().flat_map(|line| textwrap::wrap(line, width));
            lines.map(std::borrow::Cow::into_owned).filter(|line| !line.trim().is_empty()).collect()
        };
        let name = &row.conversation.counterpart.name;
        let mut lines = wrapped(&format!("{name} ({}): {}", row.conversation.id, row.asks(self.lang)));
        let body = self.composer.as_ref().map(Composer::body).unwrap_or_default();
        let gets = if row.text == body {
            Vec::new()
        } else {
            wrapped(&tr!(self.lang, "gets: {text}", text = row.text))
        };
        let whole = lines.len() <= room;
        let most = room.saturating_sub(usize::from(!gets.is_empty() && whole && lines.len() < room));
        lines.truncate(most.max(1).min(room));
        let left = room.saturating_sub(lines.len());
        lines.extend(gets.into_iter().take(left));
        (lines, whole && row.messages.is_some())
    }

    /// What stands on the screen has been seen.
    pub(super) fn once_drawn(&mut self) {
        let covered = self.locked.is_some()
            || self.ask.is_some()
            || self.picker.is_some()
            || self.prefix_shown
            || self.details.is_some();
        if self.screen != Screen::Once || covered || self.too_small() {
            return;
        }
        let ((rows, _), top, (_, whole)) = (self.once_room(), self.once_top(), self.once_words());
        let reviewing = self.review.is_some();
        let Some(once) = &mut self.once else { return };
        let chosen = once.chosen;
        for (at, row) in once.rows.iter_mut().enumerate().skip(top).take(rows) {
            row.drawn |= reviewing;
            row.read |= at == chosen && whole;
        }
        let before = std::mem::take(&mut self.dirty);
        self.check_once();
        // The picture has changed by having been looked at: it is drawn once more.
        if self.dirty {
            self.start_timer(Timer::Once, self.now);
        }
        self.dirty |= before;
    }

    /// `TO 5 CUSTOMERS, one by one: João dos Santos (17), Kerry Fisher (21), +3`, in so many columns.
    pub fn once_border(&self, width: usize) -> String {
        let rows = self.once.as_ref().map_or(&[][..], |once| &once.rows);
        let customers = words::count(self.lang, rows.len(), "CUSTOMER", "CUSTOMERS");
        let mut text = tr!(self.lang, "TO {customers}, one by one:", customers);
        for (at, row) in rows.iter().enumerate() {
            let name = SafeText::line(&row.conversation.counterpart.name).into_string();
            let next =
                format!(" {name} ({}){}", row.conversation.id, if at + 1 < rows.len() { "," } else { "" });
            let rest = if at + 1 < rows.len() { 5 } else { 0 };
            if columns(&SafeText::line(&text)) + columns(&SafeText::line(&next)) + rest > width {
                text.push_str(" +");
                text.push_str(&(rows.len() - at).to_string());
                break;
            }
            text.push_str(&next);
        }
        text
    }
}
