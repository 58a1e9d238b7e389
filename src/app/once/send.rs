//! What the bar over many rows commits, and taking all of it back.

use chrono::Duration;

use super::OnceRow;
use crate::{
    app::{
        model::{Model, Screen},
        msg::Wish,
        split::{reads, split},
        undo::{Intent, OnceSent, Step, refused},
        words,
    },
    domain::{
        Action, ConversationId, Draft, DraftKind, RowNumber, Time,
        desk::{Commit, Refusal, Seen},
        lang::tr,
    },
};

impl Model {
    /// Sends each ticked row by itself: its own gate check, its own hold; one undo for all of them.
    pub(super) fn once_send(&mut self) {
        self.check_once();
        let unseen = self.once.iter().flat_map(|once| &once.rows).filter(|row| row.ticked() && !row.drawn);
        let unseen = unseen.count();
        if unseen > 0 {
            let rows = words::count(self.lang, unseen, "line has", "lines have");
            let down = self.key(crate::app::actions::place::REVIEW, crate::app::actions::Act::OnceDown);
            self.say(tr!(
                self.lang,
                "{rows} not been shown yet: nothing was sent   {down} shows them",
                rows,
                down
            ));
            return;
        }
        let (Some(once), Some(composer)) = (self.once.take(), self.composer.take()) else { return };
        let review = self.review.take();
        let promise = review.and_then(|review| review.promise);
        let (sent, left): (Vec<OnceRow>, Vec<OnceRow>) = once.rows.into_iter().partition(OnceRow::ticked);
        let group = self.undo.group();
        self.undo.begin_once(group, composer.body());
        let last = sent.len().saturating_sub(1);
        let mut latest: Option<Time> = None;
        for (at, row) in sent.iter().enumerate() {
            let mut commit = self.once_commit(row, (at == last).then_some(DraftKind::Once));
            if let Some(Action::Reply(outgoing)) = commit.actions.first_mut() {
                outgoing.promise.clone_from(&promise);
            }
            latest = latest.max(commit.held_until);
            let until = commit.held_until;
            let id = row.conversation.id;
            let to = Self::recipient(&row.conversation);
            self.show_sent(id, commit.status);
            let intent = Intent::Once { group, id, to, text: row.text.clone(), until };
            self.perform_wish(Wish::Commit(Box::new(commit)), intent);
        }
        self.timers.remove(&crate::app::model::Timer::SaveDraft);
        self.screen = Screen::List;
        let ids: Vec<ConversationId> = left.iter().map(|row| row.conversation.id).collect();
        self.list.unmark_but(&ids);
        for row in &left {
            let lang = self.lang;
            let none = row.findings.is_empty();
            let why = if none { lang.tr("not ticked").to_owned() } else { row.verdict_words(lang) };
            self.list.left.insert(row.conversation.id, tr!(self.lang, "NOT SENT: {why}", why));
        }
        let count = words::count(self.lang, sent.len(), "customer", "customers");
        self.say(match left.len() {
            0 => tr!(self.lang, "one text, one by one, to {count}", count),
            n => tr!(
                self.lang,
                "to {count}; {n} left out and still marked, with the reason in the row",
                count,
                n
            ),
        });
        self.start_count_down(latest);
        self.session_changed();
    }

    fn once_commit(&self, row: &OnceRow, ends: Option<DraftKind>) -> Commit {
        let conversation = &row.conversation;
        let capabilities = self.capabilities(&conversation.channel);
        let outgoing = split(&row.text, &[], None, None, false, &capabilities);
        let mut actions: Vec<Action> = outgoing.into_iter().map(Action::Reply).collect();
        if reads(conversation, &capabilities, false) {
            actions.push(Action::Read);
        }
        let window = self.descriptor(&conversation.channel).map_or(0, |it| it.undo_window_ms);
        // Ticked in spite of what was found is held against nothing that was found.
        let seen = if row.findings.is_empty() {
            Seen { rev: None, message: row.newest() }
        } else {
            Seen { rev: Some(conversation.rev), message: None }
        };
        Commit {
            conversation: Some(conversation.id),
            channel: conversation.channel.clone(),
            kind: conversation.kind.clone(),
            actions,
            held_until: (window > 0).then(|| self.now + Duration::milliseconds(window)),
            later: None,
            author: self.options.me.clone(),
            author_name: Some(self.options.name.clone()),
            seen,
            status: (!self.options.keep_status).then_some(crate::domain::Status::Pending),
            ends_draft: ends.map(|kind| (None, kind)),
            send_ids: Vec::new(),
        }
    }

    /// One of them is in the outbox.
    pub(in crate::app) fn once_committed(&mut self, group: u64, sent: OnceSent) {
        match self.undo.done.last_mut() {
            Some(Step::Once { group: last, sends, .. }) if *last == group => sends.push(sent),
            _ => {
                let template = self.undo.once_text(group);
                self.undo.push(Step::Once { group, template, sends: vec![sent] });
            }
        }
    }

    /// One of them was refused: it is marked again, with the reason.
    pub(in crate::app) fn once_refused(&mut self, id: ConversationId, why: &str) {
        self.list.marks.insert(id);
        self.list.left.insert(id, tr!(self.lang, "NOT SENT: {why}", why));
        let name = self.known(id).map_or_else(|| id.to_string(), |row| row.counterpart.name.clone());
        self.load(crate::app::model::Load::Row(id), crate::app::msg::Request::Conversation(id));
        self.say(tr!(self.lang, "NOT SENT to {name}: {why}; it is marked again, the others went", name, why));
    }

    /// Takes back what has not left yet; the text is one text again, for those.
    pub(in crate::app) fn once_undo(&mut self, template: &str, sends: Vec<OnceSent>) {
        let (held, gone): (Vec<OnceSent>, Vec<OnceSent>) =
            sends.into_iter().partition(|sent| sent.until.is_some_and(|until| until > self.now));
        if held.is_empty() {
            self.say(self.lang.tr("the messages are on their way: they cannot be undone"));
            return;
        }
        let rows = held.iter().filter_map(|sent| self.known(sent.id).cloned()).collect();
        self.once_with(rows);
        self.loads.remove(&crate::app::model::Load::Draft);
        if let Some(composer) = &mut self.composer {
            composer.text.insert_str(template);
            composer.loaded = true;
            composer.dirty = true;
        }
        // On disk as one text before the rows give theirs back: nothing is in no place.
        self.save_draft();
        let (back, away) = (held.len(), gone.len());
        for sent in held {
            if let Some(first) = sent.rows.first().copied() {
                self.once_take_back(first, sent);
            }
        }
        let away = if away > 0 { tr!(self.lang, "; {away} are on their way", away) } else { String::new() };
        let messages = words::count(self.lang, back, "message", "messages");
        self.say(tr!(self.lang, "taken back: {messages}{away}", messages, away));
    }

    fn once_take_back(&mut self, row: RowNumber, sent: OnceSent) {
        self.perform_wish(
            Wish::TakeBack(row),
            Intent::OnceBack { id: sent.id, to: sent.to, text: sent.text },
        );
    }

    /// A row gave its text back as a draft of its conversation: it is part of the one text again.
    pub(in crate::app) fn once_taken_back(&mut self, id: ConversationId, text: &str, draft: Option<Draft>) {
        if draft.is_some_and(|draft| draft.body == text && draft.files.is_empty()) {
            let empty = Draft::empty(Some(id), self.options.me.clone(), DraftKind::Reply, self.now);
            self.perform_wish(Wish::SaveDraft(Box::new(empty)), Intent::Quiet);
        }
        self.refresh_once();
    }

    /// Why one of them could not be taken back.
    pub(in crate::app) fn once_not_back(&mut self, id: ConversationId, to: &str, why: &Refusal) {
        if let Some(once) = &mut self.once {
            once.rows.retain(|row| row.conversation.id != id);
            once.chosen = once.chosen.min(once.rows.len().saturating_sub(1));
        }
        self.say(tr!(self.lang, "not taken back: {to}: {why}", to, why = refused(self.lang, why)));
    }
}
