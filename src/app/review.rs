//! The review bar: who reads it, what speaks against it, and only what may be done now.

use chrono::Duration;

use std::fmt::Write as _;

use super::{
    actions::{Act, place},
    composer::Composer,
    model::{Load, Model, Screen},
    msg::{Request, Wish},
    popup::{Ask, AskThen, PickerKind},
    preflight::{Finding, Level, Preflight, others},
    split::{reads, split},
    undo::{Intent, Step},
    words,
};
use crate::domain::{
    Action, Conversation, ConversationId, Delivery, DraftKind, Gate, Reach, Status, Time,
    desk::{Commit, Seen},
    outbox::LocalChange,
    text::SafeText,
};

/// The review bar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// What speaks against sending, the worst first.
    pub findings: Vec<Finding>,
    /// Whether these findings have been drawn.
    pub shown: bool,
    /// Whether the findings are shown in full.
    pub viewing: bool,
    /// Numbers in the text that belong to other conversations.
    pub(super) owners: Vec<(String, ConversationId, String)>,
    /// What the store refused the send over: sending all the same is then held against nothing.
    pub(super) refused: Option<Finding>,
}

/// How grave the findings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against it.
    Clean,
    /// Something may speak against it.
    Amber,
    /// Nothing can be sent.
    Red,
}

impl Review {
    pub(super) fn drawn(&mut self) {
        self.shown = true;
    }

    /// The worst of the findings.
    pub fn verdict(&self) -> Verdict {
        match self.findings.iter().map(|finding| finding.level).max() {
            None => Verdict::Clean,
            Some(Level::Amber) => Verdict::Amber,
            Some(Level::Red) => Verdict::Red,
        }
    }
}

/// How a text is to go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct How {
    pub status: Option<Status>,
    pub next: bool,
    pub anyway: bool,
    pub later: Option<Time>,
}

impl Model {
    pub(super) fn open_review(&mut self) {
        let Some(composer) = &self.composer else {
            self.say("nothing is being written");
            return;
        };
        if composer.is_empty() && self.screen != Screen::Form {
            // Nothing was written: Esc is the way out.
            self.park_composer();
            return;
        }
        self.save_draft();
        self.review = Some(Review { findings: self.findings(), ..Review::default() });
        self.ask_owners();
        self.thread_resized();
    }

    /// The findings as they are now. They change without a key when the gate does.
    pub(super) fn check_review(&mut self) {
        if self.review.is_none() {
            return;
        }
        if self.composer.is_none() {
            self.review = None;
            return;
        }
        let mut findings = self.findings();
        if let Some(review) = &mut self.review {
            if let Some(refused) = &review.refused
                && !findings.iter().any(|finding| finding.text.contains("since you last looked"))
            {
                findings.push(refused.clone());
            }
            if findings != review.findings {
                // A finding that has not been drawn is not taken by a key that was on its way.
                review.shown = false;
                review.findings = findings;
                self.dirty = true;
                self.thread_resized();
            }
        }
    }

    /// What speaks against sending what stands in the composer.
    pub fn findings(&self) -> Vec<Finding> {
        let Some(composer) = &self.composer else { return Vec::new() };
        let mut found = self.with_preflight(composer, |preflight| preflight.findings());
        if composer.to.is_none() {
            found.extend(self.form_findings());
            found.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        }
        found
    }

    fn with_preflight<T>(&self, composer: &Composer, ask: impl FnOnce(Preflight<'_>) -> T) -> T {
        let capabilities = self.capabilities(&composer.channel);
        let thread = self.thread.as_ref().filter(|thread| Some(thread.id) == composer.to);
        let body = composer.body();
        ask(Preflight {
            conversation: composer.to.and_then(|id| self.known(id)),
            kind: composer.kind,
            capabilities: &capabilities,
            lint: self.options.lint.get(&composer.channel).copied().unwrap_or_default(),
            text: &body,
            files: &composer.files,
            template: composer.template.as_ref(),
            products: composer.products.len(),
            reopen: composer.reopen,
            messages: thread.map_or(&[], |thread| &thread.messages),
            owners: self.review.as_ref().map_or(&[], |review| &review.owners),
            seen: thread.and_then(|thread| thread.seen),
            me: &self.options.me,
            now: self.now,
        })
    }

    /// Whose the numbers in the text are is the store's to say.
    fn ask_owners(&mut self) {
        let Some(composer) = self.composer.as_ref().filter(|it| it.kind == DraftKind::Reply) else { return };
        let numbers = self.with_preflight(composer, |preflight| preflight.numbers());
        if !numbers.is_empty() {
            self.load(Load::Owners, Request::Owners(numbers));
        }
    }

    pub(super) fn owners_loaded(&mut self, owners: Vec<(String, Conversation)>) {
        let here = self.composer.as_ref().and_then(|composer| composer.to).and_then(|to| self.known(to));
        let others = others(owners, here);
        if let Some(review) = &mut self.review {
            review.owners = others;
        }
    }

    /// Whether a key of the bar is offered now.
    pub fn offered(&self, act: Act) -> bool {
        let (Some(review), Some(composer)) = (&self.review, &self.composer) else { return false };
        let verdict = review.verdict();
        let note = composer.kind == DraftKind::Note;
        match act {
            Act::Edit | Act::Keep | Act::DiscardDraft => true,
            Act::ViewFinding => !review.findings.is_empty(),
            Act::SaveNote => note && verdict == Verdict::Clean,
            Act::Send | Act::SendResolveNext => !note && verdict == Verdict::Clean,
            Act::SendNew | Act::SendOpen | Act::SendPending | Act::SendOnHold | Act::SendResolved => {
                !note && verdict == Verdict::Clean && composer.to.is_some()
            }
            Act::SendAnyway => !note && verdict == Verdict::Amber,
            Act::Later => !note && verdict != Verdict::Red,
            _ => false,
        }
    }

    pub(super) fn review_act(&mut self, act: Act) {
        if matches!(act, Act::Repaint | Act::Suspend | Act::Cancel | Act::Help) {
            self.common_act(act, &[]);
            return;
        }
        if !self.offered(act) {
            return;
        }
        let keep = self.status_after();
        match act {
            Act::Send => self.send(How { status: keep, ..How::default() }),
            Act::SendAnyway => {
                if self.review.as_ref().is_some_and(|review| review.shown) {
                    self.send(How { status: keep, anyway: true, ..How::default() });
                } else {
                    self.say("read first what was found, then Y");
                }
            }
            Act::SendResolveNext => {
                self.send(How { status: Some(Status::Resolved), next: true, ..How::default() });
            }
            Act::SendNew => self.send(How { status: Some(Status::New), ..How::default() }),
            Act::SendOpen => self.send(How { status: Some(Status::Open), ..How::default() }),
            Act::SendPending => self.send(How { status: Some(Status::Pending), ..How::default() }),
            Act::SendOnHold => self.send(How { status: Some(Status::OnHold), ..How::default() }),
            Act::SendResolved => self.send(How { status: Some(Status::Resolved), ..How::default() }),
            Act::SaveNote => self.save_note(),
            Act::Edit => {
                self.review = None;
                self.thread_resized();
            }
            Act::ViewFinding => {
                if let Some(review) = &mut self.review {
                    review.viewing = !review.viewing;
                }
                self.thread_resized();
            }
            Act::Later => self.open_picker(PickerKind::Later),
            Act::Keep => {
                let form = self.screen == Screen::Form;
                self.park_composer();
                if form {
                    self.form = None;
                    self.screen = Screen::List;
                }
                self.say("kept as a draft   g d lists your drafts");
            }
            Act::DiscardDraft => {
                let question = "Throw this text away?".to_owned();
                self.ask = Some(Ask::new(question, "discard", AskThen::DiscardDraft));
            }
            _ => {}
        }
    }

    /// Ctrl-Enter: sends where the bar would be clean, else opens the bar.
    pub(super) fn send_if_clean(&mut self) {
        self.open_review();
        match self.composer.as_ref().map(|composer| composer.kind) {
            Some(DraftKind::Note) => self.review_act(Act::SaveNote),
            Some(DraftKind::Reply) => self.review_act(Act::Send),
            None => {}
        }
    }

    fn save_note(&mut self) {
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
    pub(super) fn forget_draft(&mut self, composer: &Composer) {
        let draft = crate::domain::Draft {
            conversation: composer.to,
            agent: self.options.me.clone(),
            kind: composer.kind,
            body: String::new(),
            cursor: (0, 0),
            files: Vec::new(),
            quote: None,
            form: serde_json::Value::Null,
            saved_at: self.now,
        };
        for row in self.list.rows.iter_mut().filter(|row| Some(row.id) == composer.to) {
            row.has_draft = false;
        }
        self.perform_wish(Wish::SaveDraft(Box::new(draft)), Intent::Quiet);
    }

    pub(super) fn send_later(&mut self, at: Time) {
        let anyway =
            self.review.as_ref().is_some_and(|review| review.verdict() == Verdict::Amber && review.shown);
        self.send(How { status: self.status_after(), anyway, later: Some(at), ..How::default() });
    }

    /// The status that a reply takes with it: a macro's, else what the configuration says.
    fn status_after(&self) -> Option<Status> {
        let macros = self.composer.as_ref().and_then(|composer| composer.then.status);
        macros.or_else(|| (!self.options.keep_status).then_some(Status::Pending))
    }

    /// Lines that the review bar takes.
    pub fn review_height(&self) -> usize {
        let Some(review) = &self.review else { return 0 };
        let details: usize = if review.viewing {
            review.findings.iter().map(|finding| self.finding_lines(finding).len()).sum()
        } else {
            0
        };
        3 + review.findings.len() + details + usize::from(self.review_then().is_some())
    }

    /// A finding in full, as wide as the bar.
    pub fn finding_lines(&self, finding: &Finding) -> Vec<String> {
        let width = usize::from(self.panes().thread).saturating_sub(6).max(10);
        let safe = SafeText::block(&finding.detail).into_string();
        let lines = safe.lines().flat_map(|line| textwrap::wrap(line, width));
        lines.take(4).map(std::borrow::Cow::into_owned).collect()
    }

    /// What a macro does with the reply, in a line.
    pub fn review_then(&self) -> Option<String> {
        let then = self.composer.as_ref().map(|it| &it.then).filter(|then| !then.is_empty())?;
        Some(format!("with it: {}", then.sentence(self.now, self.options.zone)))
    }

    /// Whether what the bar decides by is still on its way: the conversation, its draft, whose numbers are in the text.
    pub(super) fn review_waits(&self) -> bool {
        let reading = |load: Load| self.loads.contains_key(&load);
        let Some(composer) = &self.composer else { return false };
        let drawn = self.thread.as_ref().is_none_or(|it| Some(it.id) != composer.to || it.drawn);
        reading(Load::Draft)
            || reading(Load::Owners)
            || (!drawn && (reading(Load::Open) || reading(Load::Messages)))
    }

    /// Commits what stands in the composer. The composer closes at once; a refusal brings it back as it was.
    pub(super) fn send(&mut self, how: How) {
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
            ends_draft: Some((composer.to, composer.kind)),
            send_ids: Vec::new(),
        };
        let unassigned = row.as_ref().is_some_and(|row| row.assignee.is_none());
        if let Some(id) = composer.to {
            self.show_sent(id, how.status);
        }
        let intent = Intent::Send {
            composer: Box::new(composer.clone()),
            review: review.map(Box::new),
            to: to.clone(),
            until: held_until,
            group: self.undo.group(),
        };
        self.perform_wish(Wish::Commit(Box::new(commit)), intent);
        self.timers.remove(&super::model::Timer::SaveDraft);
        let files = if messages > 1 { format!(", {messages} messages in order") } else { String::new() };
        if let Some(at) = how.later {
            let at = words::weekday(at, self.options.zone);
            self.say(format!("will be sent {at} to {to}{files}   g o takes it back"));
        } else if unassigned {
            self.say(format!("it is yours now: it was nobody's{files}"));
        } else if messages > 1 {
            self.say(format!("{messages} messages in order; the first that fails parks the rest"));
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

    /// What the screen shows of a send before the store has answered.
    fn show_sent(&mut self, id: ConversationId, status: Option<Status>) {
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

    pub(super) fn committed(
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
    pub(super) fn bring_back(
        &mut self,
        composer: Composer,
        review: Option<Review>,
        finding: Option<Finding>,
        sentence: &str,
    ) {
        let to = composer.to;
        let name = to
            .and_then(|id| self.known(id))
            .map_or_else(String::new, |row| format!(" to {}", row.counterpart.name));
        if let Some(id) = to {
            self.load(super::model::Load::Row(id), super::msg::Request::Conversation(id));
        }
        if self.composer.is_some() {
            // Something else is being written: the text waits as the draft it still is.
            self.say(format!("NOT SENT{name}: {sentence}; the text is kept as your draft"));
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
        self.say(format!("NOT SENT{name}: {sentence}"));
        self.refresh_thread();
    }

    /// The line that offers what may be done, in the words of the bar.
    pub fn review_offers(&self) -> (String, String) {
        let (Some(review), Some(composer)) = (&self.review, &self.composer) else {
            return Default::default();
        };
        let key = |act| self.key(place::REVIEW, act);
        let after = self.status_after().filter(|_| composer.to.is_some());
        let after =
            after.map_or_else(String::new, |status| format!(", then {}", super::triage::word(status)));
        let then = format!("{} send{after}", key(Act::Send));
        let offers = match (composer.kind, review.verdict()) {
            (DraftKind::Note, Verdict::Clean) => format!("{} save note", key(Act::SaveNote)),
            (_, Verdict::Clean) if composer.to.is_none() => then,
            (_, Verdict::Clean) => {
                let status = key(Act::SendNew);
                let status = status.split(' ').next().unwrap_or_default();
                let next = key(Act::SendResolveNext);
                format!("{then}   {next} send, resolve, next   {status}.. send and set a status")
            }
            (_, Verdict::Amber) => format!("{} send all the same", key(Act::SendAnyway)),
            (_, Verdict::Red) => "cannot be sent now".to_owned(),
        };
        let mut others = format!("{} edit   ", key(Act::Edit));
        for (act, word) in [(Act::ViewFinding, "view"), (Act::Later, "later")] {
            if self.offered(act) {
                let _ = write!(others, "{} {word}   ", key(act));
            }
        }
        let _ = write!(others, "{} keep draft   {} discard (asks)", key(Act::Keep), key(Act::DiscardDraft));
        (offers, others)
    }

    /// The question of the bar: recipient, number and channel.
    pub fn review_question(&self) -> String {
        let Some(composer) = &self.composer else { return String::new() };
        let row = composer.to.and_then(|id| self.known(id));
        match (composer.kind, row) {
            (DraftKind::Note, Some(row)) => {
                format!("Save for the TEAM ONLY, about {} ({})?", row.counterpart.name, row.id)
            }
            (_, Some(row)) => format!("Send to {}?", self.addressee(row)),
            (_, None) => format!("Start with {}?", self.form_recipient()),
        }
    }
}
