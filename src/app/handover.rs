//! A shift ends: what I hold is counted, handed to a colleague or the team after one question, and one undo has it back.

use super::{
    actions::{Act, place},
    model::{Load, Model, Screen},
    msg::{ListWish, Request},
    popup::{Ask, AskThen, Choice, PickerKind, plain},
    words,
};
use crate::domain::{
    Conversation, ConversationId, Turn,
    desk::{Sort, Way},
    lang::tr,
    outbox::LocalChange,
};

/// As many as are handed over at once.
const MOST: usize = 2000;

/// To whom, with which word, and what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandOver {
    /// A Unix account; `None`: the team.
    pub to: Option<String>,
    /// What is mine and not done.
    pub(super) ids: Vec<ConversationId>,
}

impl Model {
    /// Asks what I hold; to whom is typed meanwhile.
    pub(super) fn open_handover(&mut self) {
        self.held = None;
        self.drafted.clear();
        self.load(Load::Members, Request::Members);
        self.count_held();
        self.open_picker(PickerKind::HandOver);
    }

    /// Asks what I hold, again where somebody committed something meanwhile.
    pub(super) fn refresh_handover(&mut self) {
        if self.picker.as_ref().is_some_and(|picker| picker.kind == PickerKind::HandOver) {
            self.count_held();
        }
    }

    fn count_held(&mut self) {
        let asks = |query: &str| {
            let (query, sort) = (query.to_owned(), Sort::Due);
            Request::List(ListWish { query, sort, limit: MOST, after: None, way: Way::Down })
        };
        self.load(Load::HandOver, asks("is:mine turn:us turn:them turn:third_party"));
        self.load(Load::HandOverDrafts, asks("has:draft"));
    }

    pub(super) fn held_loaded(&mut self, rows: Vec<Conversation>) {
        self.held = Some(rows);
        self.picker_changed();
        self.picker_has_read();
    }

    pub(super) fn drafted_loaded(&mut self, rows: &[Conversation]) {
        self.drafted = rows.iter().map(|row| row.id).collect();
        self.picker_changed();
    }

    /// How many drafts of mine stand where the conversation is not mine to hand over: they stay.
    fn drafts_elsewhere(&self) -> usize {
        let goes = |id: &ConversationId| self.held.iter().flatten().any(|row| row.id == *id);
        self.drafted.iter().filter(|id| !goes(id)).count()
    }

    /// That in a sentence after `gap`; nothing where there are none.
    fn told_elsewhere(&self, gap: &str) -> String {
        match self.drafts_elsewhere() {
            0 => String::new(),
            n => {
                let drafts = words::count(self.lang, n, "draft", "drafts");
                let key = self.key(place::LIST, Act::GoDrafts);
                format!("{gap}{}", tr!(self.lang, "{drafts} elsewhere stay yours: {key}", drafts, key))
            }
        }
    }

    pub(super) fn handover_choices(&self) -> Vec<Choice> {
        let team = plain(self.lang.tr("the team: nobody's until somebody takes it"), "");
        let others = self.members.iter().filter(|it| **it != self.options.me).map(|it| plain(it, ""));
        std::iter::once(team).chain(others).collect()
    }

    /// `14 yours: 9 our move, 4 pending or on hold, 1 asleep; 2 drafts, 1 promised, 3 at risk`.
    pub(super) fn handover_note(&self) -> String {
        let Some(rows) = &self.held else { return self.lang.tr("reading …").to_owned() };
        if rows.is_empty() {
            let nothing = self.lang.tr("nothing of yours is open: there is nothing to hand over");
            return format!("{nothing}{}", self.told_elsewhere("   "));
        }
        let count = |of: &dyn Fn(&Conversation) -> bool| rows.iter().filter(|row| of(row)).count();
        let asleep = |row: &Conversation| row.snoozed_until.is_some_and(|at| at > self.now);
        let held = tr!(
            self.lang,
            "{n} yours: {ours} our move, {theirs} others', {asleep} asleep; {drafts} drafts, {promised} promised, {risk} at risk",
            n = rows.len(),
            ours = count(&|row| row.turn == Some(Turn::Us) && !asleep(row)),
            theirs = count(&|row| row.turn != Some(Turn::Us) && !asleep(row)),
            asleep = count(&asleep),
            drafts = count(&|row| row.has_draft),
            promised = count(&|row| row.promise.is_some()),
            risk = count(&|row| super::list::List::at_risk(row, self.now))
        );
        format!("{held}{}", self.told_elsewhere("\n"))
    }

    /// To whom has been chosen: a word for them, or none.
    pub(super) fn handover_to(&mut self, name: &str) {
        let ids: Vec<ConversationId> = self.held.iter().flatten().map(|row| row.id).collect();
        if ids.is_empty() {
            let why =
                if self.held.is_some() { self.handover_note() } else { self.lang.tr("reading …").into() };
            self.say(why);
            return;
        }
        let team = name == self.lang.tr("the team: nobody's until somebody takes it");
        let to = (!team).then(|| name.to_owned());
        self.open_picker(PickerKind::HandNote(HandOver { to, ids }));
    }

    pub(super) fn handover_ask(&mut self, handover: HandOver, note: &str) {
        self.save_draft();
        let to = handover.to.clone().unwrap_or_else(|| self.lang.tr("the team").to_owned());
        let n = words::count(self.lang, handover.ids.len(), "conversation", "conversations");
        let quoted = if note.is_empty() { String::new() } else { format!(" \"{note}\"") };
        let question = tr!(
            self.lang,
            "Hand {n} over to {to}?{quoted}   Drafts go with them, held messages stay yours.",
            n,
            to,
            quoted
        );
        let mut ask = Ask::new(
            format!("{question}{}", self.told_elsewhere("   ")),
            self.lang.tr("hand over"),
            AskThen::HandOver { handover, note: note.to_owned() },
        );
        ask.needs_drawing = true;
        self.ask = Some(ask);
    }

    /// Yes.
    pub(super) fn hand_over(&mut self, handover: &HandOver, note: &str) {
        let me = self.options.me.clone();
        let to = handover.to.clone().unwrap_or_else(|| self.lang.tr("the team").to_owned());
        // A composer of mine there would write on in what is another's.
        if self.composer.as_ref().is_some_and(|it| it.to.is_some_and(|id| handover.ids.contains(&id))) {
            self.park_composer();
        }
        let held = self.held.take().unwrap_or_default();
        let changes: Vec<(ConversationId, LocalChange)> = handover
            .ids
            .iter()
            .map(|id| {
                let mut text = tr!(self.lang, "Handed over by {who} to {to}.", who = self.options.name, to);
                if !note.is_empty() {
                    text.push('\n');
                    text.push_str(note);
                }
                let promise = held.iter().find(|row| row.id == *id).and_then(|row| row.promise.as_ref());
                if let Some(promise) = promise {
                    let at = words::weekday(self.lang, promise.at, self.options.zone);
                    text.push_str(&tr!(self.lang, "\nPromised by {at}.", at));
                }
                let change = LocalChange::HandOver {
                    from: me.clone(),
                    to: handover.to.clone(),
                    note: Some(text),
                    drafts: true,
                };
                (*id, change)
            })
            .collect();
        let group = self.undo.group();
        let n = words::count(self.lang, changes.len(), "conversation", "conversations");
        let label = tr!(self.lang, "handed over to {to}: {n}", to, n);
        self.change_all(changes, &label, group, false);
        let undo = self.key(place::LIST, Act::Undo);
        self.say(tr!(self.lang, "{label}   {undo} has it back", label, undo));
        if self.screen == Screen::List {
            self.list.unmark();
        }
    }
}
