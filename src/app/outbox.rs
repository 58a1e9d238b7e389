//! The outbox: what has not been sent, and what a person can do about it.

use super::{
    actions::{Act, place},
    keymap::Key,
    model::{Load, Model, Screen},
    msg::{Effect, Request, Wish},
    popup::{Ask, AskThen},
    undo::{Intent, Settled},
};
use crate::domain::{Action, OutboxRow, RowNumber, RowState, lang::tr};

/// The outbox's screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutboxScreen {
    /// Its rows, oldest first.
    pub rows: Vec<OutboxRow>,
    /// Which one is selected.
    pub selected: usize,
    pub(super) loaded: bool,
    /// The last thing done here was to say that a row is there: `u` takes that back, not the next row.
    pub(super) just_marked: bool,
}

impl OutboxScreen {
    /// The selected row.
    pub fn row(&self) -> Option<&OutboxRow> {
        self.rows.get(self.selected)
    }

    /// Whether a key of this screen can do anything about the selected row.
    pub fn offers(&self, act: Act) -> bool {
        let uncertain = RowState::Uncertain;
        match (act, self.row().map(|row| row.state)) {
            (Act::Open | Act::TakeBack | Act::Retry | Act::DiscardRow, None) => false,
            (Act::TakeBack | Act::Retry, Some(state)) => state != uncertain && state != RowState::Sending,
            (Act::DiscardRow, Some(state)) => state != RowState::Sending,
            (Act::ItIsThere | Act::NotThere, state) => state == Some(uncertain),
            _ => true,
        }
    }

    /// Rows of this account that a person has to settle.
    pub fn mine_to_settle(&self, me: &str) -> usize {
        self.rows.iter().filter(|row| row.state.needs_a_person() && row.author == me).count()
    }
}

impl Model {
    pub(super) fn open_outbox(&mut self) {
        self.park_composer();
        self.details = None;
        self.screen = Screen::Outbox;
        self.refresh_outbox();
    }

    pub(super) fn refresh_outbox(&mut self) {
        self.load(Load::Outbox, Request::Outbox(None));
    }

    pub(super) fn outbox_loaded(&mut self, rows: Vec<OutboxRow>) {
        let me = self.options.me.clone();
        let before = self.outbox.mine_to_settle(&me);
        let waiting = |row: &&OutboxRow| row.state.needs_a_person() && row.author == me;
        let known: Vec<RowNumber> = self.outbox.rows.iter().filter(waiting).map(|row| row.n).collect();
        let selected = self.outbox.row().map(|row| row.n);
        let first = !self.outbox.loaded;
        self.outbox.rows = rows;
        self.outbox.loaded = true;
        self.outbox.selected = selected
            .and_then(|n| self.outbox.rows.iter().position(|row| row.n == n))
            .unwrap_or(self.outbox.selected)
            .min(self.outbox.rows.len().saturating_sub(1));
        let now = self.outbox.mine_to_settle(&me);
        if now > before {
            self.fx.push(Effect::Bell);
        }
        if first {
            self.note_parked();
        }
        if first && now > 0 {
            let key = |act| self.key(place::LIST, act);
            let (fix, outbox) = (key(Act::GoFix), key(Act::GoOutbox));
            self.say(tr!(
                self.lang,
                "{n} of yours need you: {fix} lists them, {outbox} shows the outbox",
                n = now,
                fix,
                outbox
            ));
        }
        // A held row's line in the footer must not just vanish.
        let fresh = self.outbox.rows.iter().filter(waiting).find(|row| !known.contains(&row.n));
        if let Some(row) = fresh.filter(|_| !first) {
            let fix = self.key(place::LIST, Act::GoFix);
            let why = row
                .error
                .as_deref()
                .or(row.reason.as_deref())
                .unwrap_or_else(|| self.lang.tr("no reason was given"));
            let (what, to, state) = (
                self.row_what(row),
                self.row_to(row),
                self.lang.word("state", row.state.as_str()).to_uppercase(),
            );
            self.say(tr!(
                self.lang,
                "{state} {what} to {to}   {fix} lists it   {why}",
                state,
                what,
                to,
                fix,
                why
            ));
        }
        self.ask_parked();
    }

    /// What a row does, by name: `reply`, `status ARCHIVED`.
    pub fn row_what(&self, row: &OutboxRow) -> String {
        let can = self.capabilities(&row.channel);
        let word = match &row.action {
            Action::Status { close: true } => can.resolve_word,
            Action::Status { close: false } => can.reopen_word,
            _ => String::new(),
        };
        format!("{} {word}", self.lang.word("outbox", row.action.word())).trim_end().to_owned()
    }

    /// Whom a row is for.
    pub fn row_to(&self, row: &OutboxRow) -> String {
        let known = self.known(row.conversation).filter(|it| !it.counterpart.name.is_empty());
        match (&row.action, known) {
            (_, Some(known)) => Self::recipient(known),
            (Action::Create(new), None) => {
                let nobody = self.manner(&row.channel).addressee.as_deref();
                let nobody = self.lang.tr(nobody.unwrap_or("a new conversation"));
                format!("{} ({}) via {}", new.to.as_deref().unwrap_or(nobody), row.conversation, row.channel)
            }
            (_, None) => format!("({}) via {}", row.conversation, row.channel),
        }
    }

    pub(super) fn outbox_act(&mut self, act: Act) {
        let last = self.outbox.rows.len().saturating_sub(1);
        let row = self.outbox.row().cloned();
        let marked = std::mem::take(&mut self.outbox.just_marked);
        match act {
            Act::TakeBack if marked => self.undo_last(),
            Act::Next => self.outbox.selected = (self.outbox.selected + 1).min(last),
            Act::Previous => self.outbox.selected = self.outbox.selected.saturating_sub(1),
            Act::Top => self.outbox.selected = 0,
            Act::Bottom => self.outbox.selected = last,
            Act::PageDown => self.outbox.selected = (self.outbox.selected + self.list_height()).min(last),
            Act::PageUp => self.outbox.selected = self.outbox.selected.saturating_sub(self.list_height()),
            Act::Back | Act::Escape => self.screen = Screen::List,
            Act::Open | Act::TakeBack | Act::Retry | Act::DiscardRow | Act::ItIsThere | Act::NotThere => {
                match row {
                    Some(row) if act == Act::Open => self.open_conversation(row.conversation),
                    Some(row) => self.settle_row(act, &row),
                    None => self.say(self.lang.tr("the outbox is empty")),
                }
            }
            other => self.common_act(other, &[] as &[Key]),
        }
    }

    fn settle_row(&mut self, act: Act, row: &OutboxRow) {
        let (n, state) = (row.n, row.state);
        // Whom it is for, wherever the cursor goes while it is asked.
        let named = format!("{n}, {}", self.row_to(row));
        match act {
            Act::TakeBack => self.perform_wish(
                Wish::TakeBack(n),
                Intent::TakeBack {
                    row: n,
                    conversation: Some(row.conversation),
                    label: tr!(self.lang, "row {n}", n = named),
                },
            ),
            Act::Retry if state == RowState::Uncertain => {
                self.say(tr!(
                    self.lang,
                    "nobody knows whether it is there: look, then {yes} it is there, {no} not there",
                    yes = self.key(place::OUTBOX, Act::ItIsThere),
                    no = self.key(place::OUTBOX, Act::NotThere)
                ));
            }
            Act::Retry => {
                self.perform_wish(
                    Wish::Retry(n),
                    Intent::Settle {
                        label: tr!(self.lang, "row {n} is sent now", n = named),
                        of: Some((n, Settled::Leaves)),
                    },
                );
            }
            Act::DiscardRow => {
                self.ask = Some(Ask::new(
                    tr!(self.lang, "Drop row {n} with its text?", n = named),
                    self.lang.tr("drop it"),
                    AskThen::DiscardRow(n),
                ));
            }
            Act::ItIsThere | Act::NotThere if state != RowState::Uncertain => {
                self.say(self.lang.tr("this row is not uncertain"));
            }
            Act::ItIsThere => {
                self.perform_wish(Wish::MarkSent(n), Intent::Mark { row: n, named });
            }
            _ => {
                let mut ask = Ask::new(
                    tr!(
                        self.lang,
                        "Send row {n} again? If it is there after all, the customer reads it twice.",
                        n = named
                    ),
                    self.lang.tr("send it again"),
                    AskThen::SendAgain(n),
                );
                ask.needs_drawing = true;
                self.ask = Some(ask);
            }
        }
    }
}
