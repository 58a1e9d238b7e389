//! What the keys of the review bar commit, and what comes back when it is refused.

use chrono::Duration;

use super::{How, Review, Verdict};
use crate::{
    app::{
        actions::{Act, place},
        composer::Composer,
        model::{Model, Screen},
        msg::Wish,
        preflight::Finding,
        split::{reads, split},
        undo::{Intent, Step},
        words,
    },
    domain::{
        Action, ConversationId, Delivery, Draft, DraftKind, Gate, Reach, Status, Time,
        desk::{Commit, Seen},
        lang::tr,
        outbox::LocalChange,
    },
};

impl Model {
    /// Ctrl-Enter: sends where the bar would be clean, else opens the bar.
    pub(in crate::app) fn send_if_clean(&mut self) {
        self.open_review();
        match self.composer.as_ref().map(|composer| composer.kind) {
            Some(DraftKind::Note) => self.review_act(Act::SaveNote),
            Some(DraftKind::Reply) => self.review_act(Act::Send),
            // Rows are ticked first.
            Some(DraftKind::Once) | None => {}
        }
    }

    pub(in crate::app) fn save_note(&mut self) {
        let Some((composer, id)) = self.composer.take().and_then(|it| it.to.map(|id| (it, id))) else {
            return;
        };
        self.review = None;
        let text = composer.body();
        let wish = Wish::Change {
            id,
            change: LocalChange::Note { text },
            vendor: Vec::new(),
            held_until: None,
            seen: Seen::default(),
        };
        // The note first: a crash between the two leaves it in both places rather than in none.
        let draft = composer.clone();
        self.perform_wish(wish, Intent::Note { composer: Box::new(composer) });
        self.forget_draft(&draft);
        self.thread_resized();
        self.session_changed();
    }

    /// The draft of a composer that is gone.
    pub(in crate::app) fn forget_draft(&mut self, composer: &Composer) {
        let draft =
            crate::domain::Draft::empty(composer.to, self.options.me.clone(), composer.kind, self.now);
        for row in self.list.rows.iter_mut().filter(|row| Some(row.id) == composer.to) {
            row.has_draft = false;
        }
        self.perform_wish(Wish::SaveDraft(Box::new(draft)), Intent::Quiet);
    }

    pub(in crate::app) fn send_later(&mut self, at: Time) {
        let anyway =
            self.review.as_ref().is_some_and(|review| review.verdict() == Verdict::Amber && review.shown);
        // "Tomorrow" is meant from where it is read.
        let promise = self.found_promise(at);
        if let Some(review) = self.review.as_mut().filter(|review| !review.promise_by_hand) {
            review.promise = promise;
        }
        self.send(How { status: self.status_after(), anyway, later: Some(at), ..How::default() });
    }

    /// The status that a reply takes with it: a macro's, else what the configuration says.
    pub(in crate::app) fn status_after(&self) -> Option<Status> {
        let macros = self.composer.as_ref().and_then(|composer| composer.then.status);
        macros.or_else(|| (!self.options.keep_status).then_some(Status::Pending))
    }

    /// Commits what stands in the composer. The composer closes at once; a refusal brings it back as it was.
    pub(in crate::app) fn send(&mut self, how: How) {
        let Some(composer) = self.composer.take() else { return };
        let review = self.review.take();
        let capabilities = self.capabilities(&composer.channel);
        let window = self.descriptor(&composer.channel).map_or(0, |it| it.undo_window_ms);
        let held_until =
            (window > 0 && how.later.is_none()).then(|| self.now + Duration::milliseconds(window));
        let row = composer.to.and_then(|id| self.known(id)).cloned();
        let closed = row.as_ref().is_some_and(|row| row.gate.at(self.now) == Gate::RemoteClosed);
        let mut outgoing = split(
            &composer.body(),
            &composer.files,
            composer.quote,
            composer.template.as_ref(),
            composer.reopen || (how.anyway && closed),
            &capabilities,
        );
        if let Some(first) = outgoing.first_mut() {
            first.products.clone_from(&composer.products);
            first.promise = review.as_ref().and_then(|review| review.promise.clone());
            if let Some(text) = composer.template.as_ref().and_then(|it| self.template_words(&composer, it)) {
                first.text = text;
            }
        }
        let mut actions: Vec<Action> = Vec::new();
        if composer.to.is_none() {
            let first = outgoing.remove(0);
            actions.push(Action::Create(self.form_conversation(first)));
        }
        let messages = outgoing.len() + actions.len();
        actions.extend(outgoing.into_iter().map(Action::Reply));
        let closes = how.status == Some(Status::Resolved) && capabilities.resolve == Reach::Remote;
        if row.as_ref().is_some_and(|row| reads(row, &capabilities, closes)) {
            actions.push(Action::Read);
        }
        if closes {
            actions.push(Action::Status { close: true });
        }
        let to = row.as_ref().map_or_else(|| self.form_recipient(), Self::recipient);
        let seen = if how.anyway {
            Seen::default()
        } else {
            let thread = self.thread.as_ref().filter(|thread| Some(thread.id) == composer.to);
            Seen { rev: None, message: thread.and_then(|thread| thread.seen) }
        };
        let kind = self.descriptor(&composer.channel).map(|it| it.kind.clone());
        let kind = kind.or_else(|| row.as_ref().map(|row| row.kind.clone()));
        let commit = Commit {
            conversation: composer.to,
            channel: composer.channel.clone(),
            kind: kind.unwrap_or(crate::domain::ChannelKind::IMPORT),
            actions,
            held_until,
            later: how.later,
            author: self.options.me.clone(),
            author_name: Some(self.options.name.clone()),
            seen,
            status: how.status,
            ends_draft: (!composer.keeps_text()).then_some((composer.to, composer.kind)),
            send_ids: Vec::new(),
        };
        let unassigned = row.as_ref().filter(|row| row.assignee.is_none());
        let unassigned = unassigned.map(|row| format!("{} {}", row.id, row.counterpart.name));
        if let Some(id) = composer.to {
            // A status goes with its message: until a later one leaves, the deadline stands.
            self.show_sent(id, how.status.filter(|_| how.later.is_none()));
            if how.later.is_none() {
                let promise = review.as_ref().and_then(|review| review.promise.clone());
                self.apply_here(id, &LocalChange::Promise(promise));
            }
        }
        let intent = Intent::Send {
            composer: Box::new(composer.clone()),
            review: review.map(Box::new),
            to: to.clone(),
            until: held_until,
            group: self.undo.group(),
        };
        self.perform_wish(Wish::Commit(Box::new(commit)), intent);
        if composer.keeps_text() {
            self.keep_text(&composer);
        }
        self.timers.remove(&crate::app::model::Timer::SaveDraft);
        let files = if messages > 1 {
            tr!(self.lang, ", {messages} messages in order", messages)
        } else {
            String::new()
        };
        if let Some(at) = how.later {
            let at = words::weekday(self.lang, at, self.options.zone);
            let key = self.key(place::LIST, Act::GoOutbox);
            self.say(tr!(
                self.lang,
                "will be sent {at} to {to}{files}   {key} takes it back",
                at,
                to,
                files,
                key
            ));
        } else if let Some(to) = unassigned {
            self.say(tr!(self.lang, "{to} is yours now: it was nobody's{files}", to, files));
        } else if messages > 1 {
            self.say(tr!(
                self.lang,
                "{messages} messages in order; the first that fails parks the rest",
                messages
            ));
        }
        if composer.to.is_none() {
            self.form = None;
            self.screen = Screen::List;
        }
        self.start_count_down(held_until);
        self.thread_resized();
        if how.next {
            self.neighbour(1);
        }
        self.session_changed();
    }

    /// A template went: the words that stood beside it wait as the draft that they are.
    fn keep_text(&mut self, composer: &Composer) {
        let cursor = composer.text.cursor();
        let draft = Draft {
            conversation: composer.to,
            agent: self.options.me.clone(),
            kind: composer.kind,
            body: composer.body(),
            cursor: (cursor.0, cursor.1),
            files: Vec::new(),
            quote: None,
            form: serde_json::Value::Null,
            saved_at: self.now,
        };
        for row in self.list.rows.iter_mut().filter(|row| Some(row.id) == composer.to) {
            row.has_draft = true;
        }
        self.perform_wish(Wish::SaveDraft(Box::new(draft)), Intent::Quiet);
        self.perform_wish(Wish::CloseDraft { of: composer.to, kind: composer.kind }, Intent::Quiet);
    }

    /// What the screen shows of a send before the store has answered.
    pub(in crate::app) fn show_sent(&mut self, id: ConversationId, status: Option<Status>) {
        let open = self.thread.as_mut().and_then(|thread| thread.conversation.as_mut());
        for row in self.list.rows.iter_mut().chain(open).filter(|row| row.id == id) {
            row.has_draft = false;
            row.outbox = row.outbox.or(Some(Delivery::Held));
            if let Some(status) = status {
                row.status = status;
                row.turn = status.turn();
            }
        }
    }

    pub(in crate::app) fn committed(
        &mut self,
        committed: &crate::domain::desk::Committed,
        to: String,
        until: Option<Time>,
        group: u64,
    ) {
        self.undo.push(Step::Sent {
            with: Vec::new(),
            group,
            rows: committed.rows.clone(),
            conversation: committed.conversation,
            to,
            until,
        });
        self.refresh_thread();
    }

    /// A send was refused or failed: everything is back where it was, with the reason.
    pub(in crate::app) fn bring_back(
        &mut self,
        composer: Composer,
        review: Option<Review>,
        finding: Option<Finding>,
        sentence: &str,
    ) {
        let to = composer.to;
        let name = to
            .and_then(|id| self.known(id))
            .map_or_else(String::new, |row| tr!(self.lang, " to {name}", name = row.counterpart.name));
        if let Some(id) = to {
            self.load(crate::app::model::Load::Row(id), crate::app::msg::Request::Conversation(id));
        }
        if self.composer.is_some() {
            // Something else is being written: the text waits as the draft it still is.
            self.say(tr!(
                self.lang,
                "NOT SENT{name}: {sentence}; the text is kept as your draft",
                name,
                sentence
            ));
            return;
        }
        if let Some(id) = to
            && (self.screen != Screen::Thread || self.thread.as_ref().is_none_or(|thread| thread.id != id))
        {
            self.open_conversation(id);
        }
        if to.is_none() {
            self.screen = Screen::Form;
            self.form_reopened(&composer);
        }
        self.composer = Some(composer);
        let mut review = review.unwrap_or_default();
        review.shown = false;
        review.refused = finding;
        self.review = Some(review);
        self.say(tr!(self.lang, "NOT SENT{name}: {sentence}", name, sentence));
        self.refresh_thread();
    }
}
