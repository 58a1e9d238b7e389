//! What was not sent while nobody was there is asked first of all, row by row.

use chrono::Days;

use super::{
    actions::{Act, place},
    model::{Load, Model},
    msg::{Request, Wish},
    popup::{Ask, AskThen},
    undo::{Intent, Settled},
    words,
};
use crate::domain::{
    Conversation, ConversationId, OutboxRow, RowNumber, RowState, lang::tr, outbox::NOBODY_UP,
};

/// Which parked rows are asked about.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parked {
    /// Parked when this window was opened.
    at_start: Vec<RowNumber>,
    /// Asked already.
    asked: Vec<RowNumber>,
}

impl Model {
    /// The outbox was read for the first time: every parked row of mine is asked about.
    pub(super) fn note_parked(&mut self) {
        self.parked.at_start = self.my_parked().map(|row| row.n).collect();
    }

    fn my_parked(&self) -> impl Iterator<Item = &OutboxRow> {
        let mine = |row: &&OutboxRow| row.state == RowState::Parked && row.author == self.options.me;
        self.outbox.rows.iter().filter(mine)
    }

    /// Asks about the next one, where a question stands in nobody's way.
    pub(super) fn ask_parked(&mut self) {
        let free =
            matches!(self.place(), place::LIST | place::THREAD | place::OUTBOX) && self.prefix.is_empty();
        // Parked by an engine that has just come up: nobody was asked before.
        let due = |row: &&OutboxRow| {
            !self.parked.asked.contains(&row.n)
                && (self.parked.at_start.contains(&row.n) || row.reason.as_deref() == Some(NOBODY_UP))
        };
        let Some((n, of)) = self.my_parked().find(due).filter(|_| free).map(|row| (row.n, row.conversation))
        else {
            return;
        };
        match self.known(of).cloned() {
            Some(row) => self.ask_about(n, &row),
            None => self.load(Load::Row(of), Request::Conversation(of)),
        }
    }

    /// The conversation of a parked row that no list shows.
    pub(super) fn parked_known(&mut self, conversation: &Conversation) {
        let row = self
            .my_parked()
            .find(|row| row.conversation == conversation.id && !self.parked.asked.contains(&row.n));
        if let (Some(n), None) = (row.map(|row| row.n), self.known(conversation.id))
            && matches!(self.place(), place::LIST | place::THREAD | place::OUTBOX)
        {
            self.ask_about(n, conversation);
        }
    }

    fn ask_about(&mut self, n: RowNumber, conversation: &Conversation) {
        let Some(row) = self.outbox.rows.iter().find(|row| row.n == n) else { return };
        let zone = self.options.zone;
        let (local, today) = (row.created_at.with_timezone(&zone), self.now.with_timezone(&zone));
        let when = if today.date_naive().checked_sub_days(Days::new(1)) == Some(local.date_naive()) {
            tr!(self.lang, "{at} yesterday", at = local.format("%H:%M"))
        } else {
            words::clock(self.lang, row.created_at, zone, self.now)
        };
        let why = row.reason.as_deref().map_or_else(String::new, |why| format!("  ({why})"));
        let question = tr!(
            self.lang,
            "Not sent: {what} to {name}, {when}.{why}",
            what = self.lang.word("outbox", row.action.word()),
            name = conversation.counterpart.name,
            when,
            why
        );
        let yes = tr!(
            self.lang,
            "send   {edit} edit   {discard} discard",
            edit = self.key(place::ASK, Act::Edit),
            discard = self.key(place::ASK, Act::DiscardRow)
        );
        let then = AskThen::Parked { n, conversation: conversation.id };
        self.ask = Some(Ask { needs_drawing: true, ..Ask::new(question, &yes, then) });
        self.parked.asked.push(n);
        self.dirty = true;
    }

    /// What became of a question about a parked row.
    pub(super) fn settle_parked(&mut self, act: Act, n: RowNumber, conversation: ConversationId) {
        match act {
            Act::Edit => self.perform_wish(
                Wish::TakeBack(n),
                Intent::TakeBack {
                    row: n,
                    conversation: Some(conversation),
                    label: tr!(self.lang, "row {n}", n),
                },
            ),
            Act::DiscardRow => {
                self.perform_wish(
                    Wish::Discard(n),
                    Intent::Settle {
                        label: tr!(self.lang, "row {n} is gone", n),
                        of: Some((n, Settled::Gone)),
                    },
                );
            }
            _ => {
                self.perform_wish(
                    Wish::Retry(n),
                    Intent::Settle {
                        label: tr!(self.lang, "row {n} is sent now", n),
                        of: Some((n, Settled::Leaves)),
                    },
                );
            }
        }
    }
}
