//! Deciding: status, assignment, snooze, priority, labels, read marks. For the open conversation, or the marked ones.

use chrono::{DateTime, Datelike, Days, Duration, NaiveTime, TimeZone};
use chrono_tz::Tz;

use super::{
    actions::{Act, place},
    model::{Model, Screen},
    msg::Wish,
    popup::{Ask, AskThen},
    undo::{Intent, apply},
    words,
};
use crate::domain::{
    Action, ChannelName, Conversation, ConversationId, Lang, Priority, Reach, Status, Time,
    clock::WARNED_BEFORE,
    desk::{Commit, Seen},
    lang::tr,
    outbox::LocalChange,
};

/// How long a status or a read mark is held before the vendor sees it.
pub(super) const HOLD_SECONDS: i64 = 5;

impl Model {
    /// The conversations that an action is for: in an opened one it alone, else the marked ones, else the selected row.
    pub(super) fn targets(&self) -> Vec<ConversationId> {
        if self.screen != Screen::Thread && !self.list.marks.is_empty() {
            return self.list.marks.iter().copied().collect();
        }
        self.target().map(|row| row.id).into_iter().collect()
    }

    pub(super) fn triage(&mut self, act: Act) {
        let now = self.now;
        let zone = self.options.zone;
        match act {
            Act::Resolve | Act::StatusResolved => self.status(Status::Resolved, false),
            Act::ResolveNext => self.status(Status::Resolved, true),
            Act::StatusNew => self.status(Status::New, false),
            Act::StatusOpen => self.status(Status::Open, false),
            Act::StatusPending => self.status(Status::Pending, false),
            Act::StatusOnHold => self.status(Status::OnHold, false),
            Act::Settle => self.change(self.lang.tr("no reply needed"), &LocalChange::Settle),
            Act::Unread => self.change(self.lang.tr("unread here"), &LocalChange::Unseen),
            Act::AssignMe => {
                let me = self.options.me.clone();
                self.change(self.lang.tr("assigned to you"), &LocalChange::Assign(Some(me)));
            }
            Act::AssignTeam => self.assign_team(),
            Act::AssignNobody => {
                self.change(self.lang.tr("assigned to nobody"), &LocalChange::Assign(None));
            }
            Act::SnoozeTomorrow => self.snooze(at_nine(now, zone, 1)),
            Act::SnoozeWeek => {
                let today = now.with_timezone(&zone).weekday().num_days_from_monday();
                self.snooze(at_nine(now, zone, u64::from(7 - today)));
            }
            Act::SnoozeReply => {
                let label = self.wakes_early(Time::MAX_UTC);
                let label =
                    label.unwrap_or_else(|| self.lang.tr("asleep until the customer writes").to_owned());
                self.change(&label, &LocalChange::until_they_write());
            }
            Act::PriorityLow => {
                self.change(self.lang.tr("priority low"), &LocalChange::Priority(Some(Priority::Low)));
            }
            Act::PriorityNormal => {
                self.change(self.lang.tr("priority normal"), &LocalChange::Priority(Some(Priority::Normal)));
            }
            Act::PriorityHigh => {
                self.change(self.lang.tr("priority high"), &LocalChange::Priority(Some(Priority::High)));
            }
            Act::PriorityUrgent => {
                self.change(self.lang.tr("priority urgent"), &LocalChange::Priority(Some(Priority::Urgent)));
            }
            Act::PriorityNone => self.change(self.lang.tr("no priority"), &LocalChange::Priority(None)),
            Act::VendorRead => self.vendor_mark(true),
            Act::VendorUnread => self.vendor_mark(false),
            _ => {}
        }
    }

    /// To the only team, or to one that is picked.
    fn assign_team(&mut self) {
        match self.options.teams.as_slice() {
            [] => {
                let nobody = self.key(place::LIST, Act::AssignNobody);
                self.say(tr!(
                    self.lang,
                    "no team is configured (teams = [\"returns\"] in [[member]])   {nobody} assigns to nobody",
                    nobody
                ));
            }
            [only] => self.assign_to_team(only.clone()),
            _ if self.targets().is_empty() => self.say(self.lang.tr("no conversation is selected")),
            _ => self.open_picker(super::popup::PickerKind::Team),
        }
    }

    pub(super) fn assign_to_team(&mut self, team: String) {
        let label = tr!(self.lang, "assigned to {title}", title = team);
        self.change(&label, &LocalChange::Assign(Some(team)));
    }

    pub(super) fn snooze(&mut self, until: Time) {
        let label = self.wakes_early(until).unwrap_or_else(|| {
            tr!(self.lang, "asleep until {at}", at = words::weekday(self.lang, until, self.options.zone))
        });
        self.change(&label, &LocalChange::Snooze { until: Some(until), breaks: true });
    }

    /// What a snooze comes to where a deadline is near before its end: that wakes it, whatever was typed.
    fn wakes_early(&self, until: Time) -> Option<String> {
        let [only] = self.targets()[..] else { return None };
        let warned = self.known(only)?.due_at? - WARNED_BEFORE;
        if warned <= self.now {
            return Some(self.lang.tr("asleep only till its deadline is near: it wakes at once").to_owned());
        }
        let at = words::weekday(self.lang, warned, self.options.zone);
        (warned < until).then(|| tr!(self.lang, "asleep until {at}, when its deadline is near", at))
    }

    pub(super) fn hold_until(&mut self, until: Time) {
        let at = words::weekday(self.lang, until, self.options.zone);
        let changes = [LocalChange::Status(Status::OnHold), LocalChange::HoldUntil(until)];
        self.change_with(&tr!(self.lang, "on hold until {at}", at), &changes);
    }

    fn status(&mut self, status: Status, next: bool) {
        let targets = self.targets();
        if let [only] = targets.as_slice()
            && let Some(row) = self.known(*only)
            && (row.status == status || (status == Status::Resolved && row.status == Status::Closed))
        {
            let name = row.counterpart.name.clone();
            self.say(tr!(
                self.lang,
                "already {status}: {only} {name}",
                status = word(self.lang, status),
                only,
                name
            ));
            if next {
                self.next_after_resolve();
            }
            return;
        }
        self.change(word(self.lang, status), &LocalChange::Status(status));
        // A question is about the conversation that it was asked in.
        if next && self.ask.is_none() {
            self.next_after_resolve();
        }
    }

    fn next_after_resolve(&mut self) {
        if self.screen == Screen::Thread {
            self.neighbour(1);
        } else {
            let shown = self.list.shown();
            let at = shown.iter().position(|row| Some(row.id) == self.list.selected).unwrap_or(0);
            if let Some(id) = shown.get(at + 1).map(|row| row.id) {
                self.open_conversation(id);
            }
        }
    }

    pub(super) fn change(&mut self, label: &str, change: &LocalChange) {
        self.change_with(label, std::slice::from_ref(change));
    }

    /// Whether an action is for marked rows: what a vendor or a customer can see then asks, be it one row only.
    pub(super) fn on_marks(&self) -> bool {
        self.screen != Screen::Thread && !self.list.marks.is_empty()
    }

    /// Changes to all that they are for, as one action. What a vendor would see asks first, where rows are marked.
    pub(super) fn change_with(&mut self, label: &str, changes: &[LocalChange]) {
        let targets = self.targets();
        if targets.is_empty() {
            self.say(self.lang.tr("no conversation is selected"));
            return;
        }
        let marked = self.on_marks();
        let drafts: Vec<ConversationId> = targets
            .iter()
            .copied()
            .filter(|id| changes.iter().any(over_draft) && self.my_draft(*id))
            .collect();
        // What was never shown is left out, and not asked about.
        let shown: Vec<ConversationId> = if marked && targets.len() > 1 && changes.iter().any(hides) {
            targets.iter().copied().filter(|id| !self.never_shown(*id)).collect()
        } else {
            targets.clone()
        };
        if shown.is_empty() {
            self.change_targets(&targets, label, changes);
            return;
        }
        let told = if marked { self.told_of(&shown, changes) } else { String::new() };
        if drafts.is_empty() && told.is_empty() {
            self.change_targets(&targets, label, changes);
            return;
        }
        let what = match changes {
            [LocalChange::Status(Status::Resolved)] => self.lang.tr("Resolve").to_owned(),
            [LocalChange::Status(status)] => {
                tr!(self.lang, "Set to {status}:", status = word(self.lang, *status))
            }
            _ => tr!(self.lang, "Set \"{label}\":", label),
        };
        let whom = match targets.as_slice() {
            [only] => {
                let name = self.known(*only).map_or("", |row| row.counterpart.name.as_str());
                if marked {
                    tr!(self.lang, "the marked {only}", only = format!("{only} {name}"))
                } else {
                    format!("{only} {name}")
                }
            }
            many if shown.len() < many.len() => {
                tr!(
                    self.lang,
                    "{n} of {all} marked conversations (the others have messages that you have not seen)",
                    n = shown.len(),
                    all = many.len()
                )
            }
            many => tr!(self.lang, "{n} marked conversations", n = many.len()),
        };
        let unsent = match (drafts.len(), targets.len()) {
            (0, _) => String::new(),
            (_, 1) => self.lang.tr("  It has your unsent draft.").to_owned(),
            (n, _) => tr!(self.lang, "  {n} of them with your unsent draft.", n),
        };
        let yes =
            if drafts.is_empty() { self.lang.tr("do it") } else { self.lang.tr("do it; the draft is kept") };
        self.ask = Some(Ask::new(
            format!("{what} {whom}?{unsent}{told}"),
            yes,
            AskThen::Marked { targets, changes: changes.to_vec(), label: label.to_owned() },
        ));
    }

    /// What vendors are told of all that, and of how many: `  Dsco is told closed (2).`
    fn told_of(&self, targets: &[ConversationId], changes: &[LocalChange]) -> String {
        let mut told: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
        for (id, change) in targets.iter().flat_map(|id| changes.iter().map(move |change| (*id, change))) {
            if !self.vendor_side(id, change).is_empty() {
                *told
                    .entry(self.told(id, change).unwrap_or_else(|| self.lang.tr("a vendor is told").into()))
                    .or_default() += 1;
            }
        }
        let one = targets.len() == 1;
        told.iter().fold(String::new(), |all, (words, n)| {
            all + "  " + words + &if one { ".".to_owned() } else { format!(" ({n}).") }
        })
    }

    /// Whether I have an unsent draft there.
    fn my_draft(&self, id: ConversationId) -> bool {
        self.known(id).is_some_and(|row| row.has_draft)
            || self.composer.as_ref().is_some_and(|it| it.to == Some(id) && !it.is_empty())
    }

    /// Whether something unread is there that was never on this screen.
    fn never_shown(&self, id: ConversationId) -> bool {
        !self.shown.contains_key(&id) && self.known(id).is_some_and(|row| row.unread > 0)
    }

    pub(super) fn change_targets(
        &mut self,
        targets: &[ConversationId],
        label: &str,
        changes: &[LocalChange],
    ) {
        let group = self.undo.group();
        let colon = if label == word(self.lang, Status::Resolved) { "" } else { ":" };
        let named = match targets {
            [only] => {
                let name = self.known(*only).map_or_else(String::new, |row| row.counterpart.name.clone());
                format!("{label}{colon} {only} {name}")
            }
            many => format!(
                "{label}{colon} {}",
                words::count(self.lang, many.len(), "conversation", "conversations")
            ),
        };
        let hide = changes.iter().any(hides);
        if let [only] = targets
            && hide
            && self.never_shown(*only)
        {
            self.show_first(
                *only,
                label,
                AskThen::Change { id: *only, changes: changes.to_vec(), label: named },
            );
            return;
        }
        let (left, done): (Vec<ConversationId>, Vec<ConversationId>) =
            targets.iter().partition(|id| hide && self.never_shown(**id));
        self.undo.left_out = left.len();
        self.undo.bulk = (group, targets.len());
        let all = done.iter().flat_map(|id| changes.iter().map(|change| (*id, change.clone())));
        self.change_all(all.collect(), &named, group, true);
        if self.screen != Screen::Thread {
            self.list.unmark_but(&left);
        }
        if changes == [LocalChange::Unseen] {
            self.say(&named);
        }
        self.say_left_out(self.lang.tr("open them first, what is new there was never on this screen"));
    }

    /// How many marked rows the last action left out.
    pub(super) fn say_left_out(&mut self, why: &str) {
        if self.undo.left_out > 0 {
            let left = words::count(self.lang, self.undo.left_out, "conversation", "conversations");
            self.say(tr!(self.lang, "{left} left out and still marked: {why}", left, why));
        }
    }

    /// What would be hidden and was never drawn is shown; another key does it all the same.
    fn show_first(&mut self, id: ConversationId, label: &str, then: AskThen) {
        let Some(row) = self.known(id) else { return };
        let line = row.last_line.clone().or_else(|| row.subject.clone()).unwrap_or_default();
        let more = match row.unread {
            0 | 1 => String::new(),
            n => tr!(self.lang, ", the last of {n} unread ones", n),
        };
        let mut ask = Ask::new(
            tr!(
                self.lang,
                "You have not seen this message of {name}{more}: \"{line}\"   {label} all the same?",
                name = self.called(id),
                more,
                line,
                label
            ),
            self.lang.tr("do it all the same"),
            then,
        );
        ask.needs_drawing = true;
        self.ask = Some(ask);
    }

    pub(super) fn change_all(
        &mut self,
        changes: Vec<(ConversationId, LocalChange)>,
        label: &str,
        group: u64,
        guarded: bool,
    ) {
        for (id, change) in changes {
            let seen = if guarded { self.seen_of(id, &change) } else { Seen::default() };
            self.change_held(id, change, label, group, seen);
        }
    }

    pub(super) fn change_held(
        &mut self,
        id: ConversationId,
        change: LocalChange,
        label: &str,
        group: u64,
        seen: Seen,
    ) {
        let vendor = self.vendor_side(id, &change);
        self.change_telling(id, change, vendor, label, group, seen);
    }

    pub(super) fn change_telling(
        &mut self,
        id: ConversationId,
        change: LocalChange,
        vendor: Vec<Action>,
        label: &str,
        group: u64,
        seen: Seen,
    ) {
        let shown = self.known(id).map(|row| (row.unread, row.updated_at));
        let held_until = (!vendor.is_empty()).then(|| self.now + Duration::seconds(HOLD_SECONDS));
        self.apply_here(id, &change);
        let wish = Wish::Change { id, change: change.clone(), vendor, held_until, seen };
        self.perform_wish(
            wish,
            Intent::Change { group, id, change, label: label.to_owned(), shown, held_until },
        );
    }

    /// What hides a message is held against what this screen has shown.
    fn seen_of(&self, id: ConversationId, change: &LocalChange) -> Seen {
        if !hides(change) {
            return Seen::default();
        }
        match self.shown.get(&id) {
            Some(message) => Seen { rev: None, message: Some(*message) },
            None => Seen { rev: self.list.row(id).map(|row| row.rev), message: None },
        }
    }

    pub(super) fn apply_here(&mut self, id: ConversationId, change: &LocalChange) {
        let open = self.thread.as_mut().and_then(|thread| thread.conversation.as_mut());
        for row in self.list.rows.iter_mut().chain(open).filter(|row| row.id == id) {
            apply(row, change);
        }
    }

    /// What the vendor is to be told of a local change, by what its channel can do.
    pub(super) fn vendor_side(&self, id: ConversationId, change: &LocalChange) -> Vec<Action> {
        let Some(row) = self.known(id) else { return Vec::new() };
        match change {
            LocalChange::Status(to) if done(*to) != done(row.status) => self.vendor_side_of(id, *to),
            _ => Vec::new(),
        }
    }

    /// What tells the vendor of a status, whatever stands here.
    pub(super) fn vendor_side_of(&self, id: ConversationId, to: Status) -> Vec<Action> {
        let Some(row) = self.known(id) else { return Vec::new() };
        let can = self.capabilities(&row.channel);
        let close = done(to);
        let reach = if close { can.resolve } else { can.reopen };
        if reach == Reach::Remote { vec![Action::Status { close }] } else { Vec::new() }
    }

    /// What the vendor will be told, in its own words: `SkyHub: ARCHIVED`.
    pub fn told(&self, id: ConversationId, change: &LocalChange) -> Option<String> {
        let row = self.known(id)?;
        let can = self.capabilities(&row.channel);
        let word = match change {
            LocalChange::Status(Status::Resolved | Status::Closed) => &can.resolve_word,
            LocalChange::Status(_) => &can.reopen_word,
            _ => return None,
        };
        Some(tr!(self.lang, "{vendor} is told {word}", vendor = self.vendor_name(&row.channel, row), word))
    }

    /// The vendor's name as the footer uses it.
    pub fn vendor_name(&self, channel: &ChannelName, row: &Conversation) -> String {
        self.descriptor(channel)
            .and_then(|it| it.vendor.clone())
            .unwrap_or_else(|| self.manner(&row.channel).vendor().to_owned())
    }

    /// What the status pop-up says beside a status: what the vendor will be told of it.
    pub fn status_note(&self, status: Status) -> String {
        let targets = self.targets();
        let told = self.told_of(&targets, &[LocalChange::Status(status)]);
        match told.trim().strip_suffix('.') {
            None if status == Status::OnHold => self.lang.tr("here only, for two business days").into(),
            None => self.lang.tr("here only").into(),
            Some(told) => told.to_owned(),
        }
    }

    fn vendor_mark(&mut self, read: bool) {
        let targets = self.targets();
        let reach = |model: &Self, id: ConversationId| {
            model.known(id).map_or(Reach::Forbidden, |row| {
                let can = model.capabilities(&row.channel);
                if read { can.mark_read } else { can.mark_unread }
            })
        };
        let remote: Vec<ConversationId> =
            targets.iter().copied().filter(|id| reach(self, *id) == Reach::Remote).collect();
        if remote.is_empty() {
            self.say(if read {
                self.lang.tr("this vendor keeps no read mark that can be set").to_owned()
            } else {
                tr!(
                    self.lang,
                    "this vendor keeps no unread mark that can be set: {key} marks it here",
                    key = self.key(place::LIST, Act::Unread)
                )
            });
            return;
        }
        let named = |model: &Self, id: ConversationId| {
            model.known(id).map_or_else(|| id.to_string(), |row| format!("{id} {}", row.counterpart.name))
        };
        if !self.on_marks() {
            if let [only] = remote.as_slice()
                && read
                && self.never_shown(*only)
            {
                let label = tr!(self.lang, "Mark {only} read at the vendor", only = named(self, *only));
                let then = AskThen::VendorMark { ids: remote.clone(), read, left: Vec::new() };
                self.show_first(*only, &label, then);
                return;
            }
            self.vendor_mark_all(&remote, read);
            return;
        }
        let (left, ids): (Vec<ConversationId>, Vec<ConversationId>) =
            remote.into_iter().partition(|id| read && self.never_shown(*id));
        if ids.is_empty() {
            self.undo.left_out = left.len();
            self.say_left_out(self.lang.tr("open them first, what is new there was never on this screen"));
            return;
        }
        let whom = match ids.as_slice() {
            [only] => tr!(self.lang, "the marked {only}", only = named(self, *only)),
            many => tr!(self.lang, "{n} marked conversations", n = many.len()),
        };
        self.ask = Some(Ask::new(
            if read {
                tr!(self.lang, "Mark {whom} read at the vendor?", whom)
            } else {
                tr!(self.lang, "Mark {whom} unread at the vendor?", whom)
            },
            self.lang.tr("do it"),
            AskThen::VendorMark { ids, read, left },
        ));
    }

    pub(super) fn vendor_mark_all(&mut self, ids: &[ConversationId], read: bool) {
        let until = self.now + Duration::seconds(HOLD_SECONDS);
        for id in ids {
            let Some(row) = self.known(*id).cloned() else { continue };
            let what = match (self.manner(&row.channel).customer_sees_read, read) {
                (true, _) => tr!(
                    self.lang,
                    "{name} will see blue ticks on {messages}",
                    name = row.counterpart.name,
                    messages = match row.unread {
                        0 => self.lang.tr("the messages so far").to_owned(),
                        n => words::count(self.lang, n as usize, "message", "messages"),
                    }
                ),
                (false, true) => tr!(
                    self.lang,
                    "{vendor} will show {id} {name} as read",
                    vendor = self.vendor_name(&row.channel, &row),
                    id,
                    name = row.counterpart.name
                ),
                (false, false) => tr!(
                    self.lang,
                    "{vendor} will show {id} {name} as unread",
                    vendor = self.vendor_name(&row.channel, &row),
                    id,
                    name = row.counterpart.name
                ),
            };
            let seen =
                if read { Seen { rev: None, message: self.shown.get(id).copied() } } else { Seen::default() };
            let commit = Commit {
                conversation: Some(*id),
                channel: row.channel.clone(),
                kind: row.kind.clone(),
                actions: vec![if read { Action::Read } else { Action::Unread }],
                held_until: Some(until),
                later: None,
                author: self.options.me.clone(),
                author_name: Some(self.options.name.clone()),
                seen,
                status: None,
                ends_draft: None,
                send_ids: Vec::new(),
            };
            self.perform_wish(Wish::Commit(Box::new(commit)), Intent::Tell { what, until: Some(until) });
        }
        self.start_count_down(Some(until));
    }
}

/// Whether a change takes a conversation out of sight.
fn hides(change: &LocalChange) -> bool {
    matches!(
        change,
        LocalChange::Status(Status::Resolved | Status::Pending | Status::OnHold)
            | LocalChange::Settle
            | LocalChange::Snooze { until: Some(_), .. }
    )
}

/// Whether a change asks where a draft of mine waits.
fn over_draft(change: &LocalChange) -> bool {
    matches!(change, LocalChange::Status(Status::Resolved) | LocalChange::Snooze { until: Some(_), .. })
}

/// The word of a status as sentences use it.
pub fn word(lang: Lang, status: Status) -> &'static str {
    let english = match status {
        Status::OnHold => "on hold",
        other => other.as_str(),
    };
    lang.word("status", english)
}

/// Nine o'clock, so many days from now, on the agent's clock.
pub(super) fn at_nine(now: Time, zone: Tz, days: u64) -> Time {
    let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default();
    let day = now.with_timezone(&zone).date_naive() + Days::new(days);
    local(zone, day.and_time(nine))
}

fn local(zone: Tz, at: chrono::NaiveDateTime) -> Time {
    // An hour that a change of the clocks leaves out is taken as the one after it.
    zone.from_local_datetime(&at)
        .earliest()
        .or_else(|| zone.from_local_datetime(&(at + Duration::hours(1))).earliest())
        .map_or_else(|| at.and_utc(), |at: DateTime<Tz>| at.to_utc())
}

fn done(status: Status) -> bool {
    matches!(status, Status::Resolved | Status::Closed)
}
