//! Undo and redo, strictly the last action first; and what the store's answers mean for what was asked of it.

mod outcome;
mod settled;

use std::collections::BTreeSet;

use chrono::Duration;

pub(super) use self::settled::Settled;
use super::{
    composer::Composer,
    model::{Model, Timer},
    msg::{Ticket, Wish},
    review::Review,
    words,
};
use crate::domain::{
    Conversation, ConversationId, Lang, RowNumber, Time,
    desk::{Refusal, Seen},
    lang::tr,
    outbox::LocalChange,
};

/// Steps that are kept.
const STEPS: usize = 50;

/// Something that can be undone.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A send.
    Sent {
        /// Its rows.
        rows: Vec<RowNumber>,
        /// Where.
        conversation: ConversationId,
        /// `João dos Santos (17) via americanas`.
        to: String,
        /// The end of the undo window.
        until: Option<Time>,
        /// What a macro did with it.
        with: Vec<LocalStep>,
        /// Its number, for the answers that are still to come.
        group: u64,
    },
    /// One text that went to many, each by itself.
    Once {
        /// Its number, for the answers that are still to come.
        group: u64,
        /// The text as it was written.
        template: String,
        /// To whom.
        sends: Vec<OnceSent>,
    },
    /// Something that the vendor is told of: a read mark.
    Told {
        /// Its rows.
        rows: Vec<RowNumber>,
        /// What the vendor or the customer will see.
        what: String,
        /// The end of the undo window.
        until: Option<Time>,
    },
    /// An uncertain row that counts as sent, because somebody looked.
    Marked {
        /// Which.
        row: RowNumber,
        /// `row 31, João dos Santos (17) via americanas`.
        named: String,
    },
    /// Local changes, one or many.
    Local {
        /// What was done: `resolved 17 João`.
        label: String,
        /// Where, what, and what takes it back.
        changes: Vec<LocalStep>,
        /// Until when the vendor has not been told.
        until: Option<Time>,
        /// What the vendor will be told.
        told: Option<String>,
        /// Its number, for the answers that are still to come.
        group: u64,
    },
}

/// One of many that a text went to.
#[derive(Clone, Debug, PartialEq)]
pub struct OnceSent {
    /// Where.
    pub id: ConversationId,
    /// Its rows.
    pub rows: Vec<RowNumber>,
    /// `João dos Santos (17) via americanas`.
    pub to: String,
    /// The text as it went there.
    pub text: String,
    /// The end of its undo window.
    pub until: Option<Time>,
}

/// One local change.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalStep {
    /// Where.
    pub id: ConversationId,
    /// What was done.
    pub change: LocalChange,
    /// What takes it back.
    pub inverse: Vec<LocalChange>,
    /// The vendor's side of it.
    pub rows: Vec<RowNumber>,
    /// Until when that has not been told.
    pub until: Option<Time>,
}

/// What was done and what was undone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Undo {
    /// Done, the last one last.
    pub done: Vec<Step>,
    /// Undone, the last one last.
    pub undone: Vec<Step>,
    groups: u64,
    /// Undos that wait for the answer to what they undo.
    waiting: usize,
    /// Groups that do again what was undone.
    redoing: BTreeSet<u64>,
    /// Marked conversations that the last action left out, because something new had come.
    pub(super) left_out: usize,
    /// The text for many that was sent last.
    once: Option<(u64, String)>,
    /// Changes that older questions to the store may not know of, and since when they are done.
    answered: Vec<(Ticket, ConversationId, LocalChange)>,
    /// The last action on marks: its group, and how many it was for.
    pub(super) bulk: (u64, usize),
}

impl Undo {
    pub(super) fn push(&mut self, step: Step) {
        if !matches!(&step, Step::Local { group, .. } if self.redoing.remove(group)) {
            self.undone.clear();
        }
        self.done.push(step);
        if self.done.len() > STEPS {
            self.done.remove(0);
        }
    }

    pub(super) fn group(&mut self) -> u64 {
        self.groups += 1;
        self.groups
    }

    pub(super) fn begin_once(&mut self, group: u64, text: String) {
        self.once = Some((group, text));
    }

    pub(super) fn once_text(&self, group: u64) -> String {
        self.once
            .as_ref()
            .filter(|(last, _)| *last == group)
            .map(|(_, text)| text.clone())
            .unwrap_or_default()
    }

    /// The end of the newest hold that is not over.
    fn holding(&self, now: Time) -> Option<Time> {
        self.done.iter().filter_map(Step::until).filter(|until| *until > now).max()
    }
}

impl Step {
    fn until(&self) -> Option<Time> {
        match self {
            Self::Sent { until, .. } | Self::Told { until, .. } | Self::Local { until, .. } => *until,
            Self::Once { sends, .. } => sends.iter().filter_map(|sent| sent.until).max(),
            Self::Marked { .. } => None,
        }
    }
}

/// A change that was refused because something is new where it was to be done.
#[derive(Clone, Debug)]
pub(super) struct Again {
    group: u64,
    change: LocalChange,
    label: String,
    shown: Option<(u32, Time)>,
}

/// What an answer of the store is for.
#[derive(Clone, Debug)]
pub(super) enum Intent {
    /// Nothing has to be said when it went well.
    Quiet,
    Session,
    SaveDraft {
        at: Time,
    },
    TakeDraft,
    Send {
        composer: Box<Composer>,
        review: Option<Box<Review>>,
        to: String,
        until: Option<Time>,
        group: u64,
    },
    /// One row of a text for many.
    Once {
        group: u64,
        id: ConversationId,
        to: String,
        text: String,
        until: Option<Time>,
    },
    /// It is taken back.
    OnceBack {
        id: ConversationId,
        to: String,
        text: String,
    },
    Tell {
        what: String,
        until: Option<Time>,
    },
    Note {
        composer: Box<Composer>,
    },
    Change {
        group: u64,
        id: ConversationId,
        change: LocalChange,
        label: String,
        /// Unread messages and newest activity as the screen had them.
        shown: Option<(u32, Time)>,
        /// Until when the vendor's side of it is held.
        held_until: Option<Time>,
    },
    /// A change that takes another one back.
    Back {
        id: ConversationId,
        change: LocalChange,
    },
    /// The vendor's side of a change that was taken back here: where it comes too late, the vendor is told again.
    BackThere {
        id: ConversationId,
        inverse: Vec<LocalChange>,
    },
    TakeBack {
        row: RowNumber,
        conversation: Option<ConversationId>,
        label: String,
    },
    Settle {
        label: String,
        /// Which row, and what became of it, where that ends its hold.
        of: Option<(RowNumber, Settled)>,
    },
    Mark {
        row: RowNumber,
        named: String,
    },
    File,
}

impl Intent {
    /// The local change that it asks for.
    fn changes(&self) -> Option<(ConversationId, &LocalChange)> {
        match self {
            Self::Change { id, change, .. } | Self::Back { id, change } => Some((*id, change)),
            _ => None,
        }
    }
}

impl Model {
    /// The footer's safety line: what is held, else what `u` would undo.
    pub fn safety(&self) -> Option<String> {
        let last = self.undo.done.last()?;
        let left =
            last.until().filter(|until| *until > self.now).map(|until| words::seconds_left(until, self.now));
        match (last, left) {
            (Step::Sent { to, .. }, Some(left)) => {
                Some(tr!(self.lang, "Held {left} s, then to {to}", left, to))
            }
            (Step::Once { sends, .. }, Some(_)) => {
                // The first that leaves ends the time in which undo takes back all of them.
                let held = sends.iter().filter(|sent| sent.until.is_some_and(|until| until > self.now));
                let first = held.clone().filter_map(|sent| sent.until).min()?;
                let left = words::seconds_left(first, self.now);
                let customers = words::count(self.lang, held.count(), "customer", "customers");
                Some(tr!(self.lang, "Held {left} s, then one by one to {customers}", left, customers))
            }
            (Step::Told { what, .. }, Some(left)) => Some(tr!(self.lang, "{what}, in {left} s", what, left)),
            (Step::Local { label, told: Some(told), .. }, Some(left)) => {
                Some(tr!(self.lang, "{label}; {told} in {left} s", label, told, left))
            }
            (Step::Local { label, .. }, _) => Some(label.clone()),
            (Step::Marked { named, .. }, _) => Some(tr!(self.lang, "row {n}: it is there", n = named)),
            (Step::Sent { .. } | Step::Told { .. } | Step::Once { .. }, None) => None,
        }
    }

    /// Whether the last thing done is a message that has not left yet.
    pub(super) fn holds_a_message(&self) -> bool {
        matches!(self.undo.done.last(), Some(Step::Sent { until: Some(until), .. }) if *until > self.now)
    }

    pub(super) fn start_count_down(&mut self, until: Option<Time>) {
        if until.is_some_and(|until| until > self.now) && !self.timers.contains_key(&Timer::Second) {
            self.start_timer(Timer::Second, self.now + Duration::seconds(1));
        }
    }

    /// A held row counts its seconds; nothing else on the screen does.
    pub(super) fn count_down(&mut self) {
        if let Some(until) = self.undo.holding(self.now) {
            self.start_timer(Timer::Second, (self.now + Duration::seconds(1)).min(until));
        }
    }

    /// Undoes the last action, once it is known what came of it.
    pub(super) fn undo_last(&mut self) {
        let pending = self.wishes.values().any(|intent| {
            matches!(
                intent,
                Intent::Send { .. }
                    | Intent::Once { .. }
                    | Intent::Tell { .. }
                    | Intent::Change { .. }
                    | Intent::Back { .. }
                    | Intent::BackThere { .. }
                    | Intent::Mark { .. }
            )
        });
        if pending || !self.again.is_empty() {
            self.undo.waiting += 1;
            return;
        }
        let Some(step) = self.undo.done.pop() else {
            self.say(self.lang.tr("nothing to undo"));
            return;
        };
        let over = step.until().is_none_or(|until| until <= self.now);
        match step {
            Step::Sent { to, .. } if over => {
                self.say(tr!(self.lang, "the message to {to} is on its way: it cannot be undone", to));
            }
            Step::Told { what, .. } if over => {
                self.say(tr!(self.lang, "{what}: done, it cannot be undone", what));
            }
            Step::Sent { rows, conversation, to, with, .. } => {
                self.take_steps_back(&with);
                // Rows wait for the one before: the first takes all of them with it.
                if let Some(first) = rows.first() {
                    self.perform_wish(
                        Wish::TakeBack(*first),
                        Intent::TakeBack {
                            row: *first,
                            conversation: Some(conversation),
                            label: tr!(self.lang, "the message to {to}", to),
                        },
                    );
                }
            }
            Step::Once { template, sends, .. } => self.once_undo(&template, sends),
            Step::Marked { row, named } => {
                let label = tr!(self.lang, "row {n} is uncertain again", n = named);
                self.perform_wish(Wish::UnmarkSent(row), Intent::Settle { label, of: None });
            }
            Step::Told { rows, what, .. } => {
                for row in rows {
                    self.perform_wish(
                        Wish::TakeBack(row),
                        Intent::TakeBack { row, conversation: None, label: what.clone() },
                    );
                }
            }
            Step::Local { label, changes, until, told, group } => {
                let told_already = self.take_steps_back(&changes);
                let seen = if told_already {
                    self.lang.tr("; the vendor has seen it and is told again")
                } else {
                    ""
                };
                let redo = self.key(super::actions::place::LIST, super::actions::Act::Redo);
                self.say(tr!(self.lang, "undone: {label}{seen}   {redo} does it again", label, seen, redo));
                self.undo.undone.push(Step::Local { label, changes, until, told, group });
            }
        }
    }

    /// Takes local changes back, the last one first. Answers whether a vendor had been told of one.
    fn take_steps_back(&mut self, steps: &[LocalStep]) -> bool {
        let mut told_already = false;
        for step in steps.iter().rev() {
            // Each by its own hold: of many marked rows only some have a vendor's side.
            let over = !step.rows.is_empty() && step.until.is_none_or(|until| until <= self.now);
            told_already |= over;
            for row in step.rows.iter().filter(|_| !over) {
                let intent = Intent::BackThere { id: step.id, inverse: step.inverse.clone() };
                self.perform_wish(Wish::TakeBack(*row), intent);
            }
            for inverse in step.inverse.clone() {
                // Once the vendor knows, taking it back is a call of its own.
                let vendor = if over { self.vendor_side(step.id, &inverse) } else { Vec::new() };
                self.apply_here(step.id, &inverse);
                let intent = Intent::Back { id: step.id, change: inverse.clone() };
                let wish = Wish::Change {
                    id: step.id,
                    change: inverse,
                    vendor,
                    held_until: None,
                    seen: Seen::default(),
                };
                self.perform_wish(wish, intent);
            }
        }
        told_already
    }

    pub(super) fn redo_last(&mut self) {
        match self.undo.undone.pop() {
            Some(Step::Local { label, changes, .. }) => {
                let group = self.undo.group();
                self.undo.redoing.insert(group);
                for LocalStep { id, change, rows, .. } in changes {
                    // What was told, or would have been, is told again, whatever our picture of the row is by now.
                    let vendor = match &change {
                        LocalChange::Status(to) if !rows.is_empty() => self.vendor_side_of(id, *to),
                        _ => self.vendor_side(id, &change),
                    };
                    self.change_telling(id, change, vendor, &label, group, Seen::default());
                }
            }
            _ => self.say(self.lang.tr("nothing to do again")),
        }
    }
}

impl Model {
    /// What was asked for stands over what the store said before it had done it: `asked` is the question's number.
    pub(super) fn lay_over(&self, row: &mut Conversation, asked: Ticket) {
        let done = self.undo.answered.iter().filter(|(at, ..)| *at > asked);
        let done = done.map(|(_, id, change)| (*id, change));
        for (id, change) in done.chain(self.wishes.values().filter_map(Intent::changes)) {
            if id == row.id {
                apply(row, change);
            }
        }
    }

    /// A change has been answered: questions that are older than this may not know of it.
    pub(super) fn change_answered(&mut self, intent: &Intent) {
        let at = self.ticket();
        if let Some((id, change)) = intent.changes() {
            self.undo.answered.push((at, id, change.clone()));
        }
        let oldest = self.loads.values().min().copied().unwrap_or(at);
        self.undo.answered.retain(|(at, ..)| *at > oldest);
    }
}

/// A refusal in a sentence.
pub(super) fn refused(lang: Lang, refusal: &Refusal) -> String {
    match refusal {
        Refusal::Unknown => lang.tr("it is gone: nothing was changed").to_owned(),
        Refusal::Changed { .. } => {
            lang.tr("something arrived since you looked: nothing was changed").to_owned()
        }
        Refusal::TooLate(Some(state)) => {
            tr!(lang, "too late: it is {state}", state = lang.word("state", state.as_str()))
        }
        Refusal::TooLate(None) => lang.tr("too late: it is sent").to_owned(),
        Refusal::NotNow(why) => why.clone(),
    }
}

/// A change as the screen shows it before the store has answered.
pub(super) fn apply(row: &mut Conversation, change: &LocalChange) {
    match change {
        LocalChange::Status(status) => {
            row.status = *status;
            row.turn = status.turn();
            if matches!(status, crate::domain::Status::Resolved | crate::domain::Status::Closed) {
                row.promise = None;
            }
        }
        LocalChange::Settle => {
            if row.status.turn() == Some(crate::domain::Turn::Us) {
                row.status = crate::domain::Status::Pending;
                row.turn = row.status.turn();
            }
        }
        LocalChange::Assign(who) | LocalChange::HandOver { to: who, .. } => row.assignee.clone_from(who),
        LocalChange::Label { add, remove } => {
            row.labels.retain(|label| !remove.contains(label));
            for label in add {
                if !row.labels.contains(label) {
                    row.labels.push(label.clone());
                }
            }
        }
        LocalChange::Priority(priority) => row.priority = *priority,
        LocalChange::Snooze { until, .. } => row.snoozed_until = *until,
        LocalChange::HoldUntil(until) => row.held_until = Some(*until),
        LocalChange::Unseen => row.unread = row.unread.max(1),
        LocalChange::SeenUpTo(_) => row.unread = 0,
        LocalChange::Promise(promise) => row.promise.clone_from(promise),
        LocalChange::Note { .. } | LocalChange::TakeNote { .. } | LocalChange::Unsettle(_) => {}
    }
}
