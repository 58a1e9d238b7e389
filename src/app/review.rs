//! The review bar: who reads it, what speaks against it, and only what may be done now.

mod send;

use std::fmt::Write as _;

use super::{
    actions::{Act, place},
    composer::Composer,
    model::{Load, Model, Screen},
    msg::Request,
    popup::{Ask, AskThen, PickerKind},
    preflight::{Finding, Level, Preflight, others},
};
use crate::domain::{
    Conversation, ConversationId, DraftKind, Promise, Status, Time,
    lang::tr,
    text::{SafeText, columns},
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
    /// The date that the text promises.
    pub promise: Option<Promise>,
    /// Whether the agent has set (or dropped) it.
    pub(super) promise_by_hand: bool,
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
            self.say(self.lang.tr("nothing is being written"));
            return;
        };
        if self.once.is_some() {
            self.open_once_review();
            return;
        }
        if composer.is_empty() && self.screen != Screen::Form {
            // Nothing was written: Esc is the way out.
            self.park_composer();
            return;
        }
        self.save_draft();
        let promise = self.found_promise(self.now);
        self.review = Some(Review { findings: self.findings(), promise, ..Review::default() });
        self.ask_owners();
        self.thread_resized();
    }

    /// The findings as they are now. They change without a key when the gate does.
    pub(super) fn check_review(&mut self) {
        self.check_once();
        if self.review.is_none() {
            return;
        }
        if self.composer.is_none() {
            self.review = None;
            return;
        }
        let mut findings = self.findings();
        let came =
            self.composer.as_ref().is_some_and(|it| self.with_preflight(it, |preflight| preflight.unseen()));
        if let Some(review) = &mut self.review {
            if let Some(refused) = &review.refused
                && !came
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
        let Some(composer) = self.composer.as_ref().filter(|_| self.once.is_none()) else {
            return Vec::new();
        };
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
            lang: self.lang,
            conversation: composer.to.and_then(|id| self.known(id)),
            kind: composer.kind,
            capabilities: &capabilities,
            messenger: self.manner(&composer.channel).messenger,
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

    /// Whether sending opens a conversation again that its vendor has closed.
    fn reopens(&self) -> bool {
        let row = self.composer.as_ref().and_then(|it| it.to).and_then(|id| self.known(id));
        row.is_some_and(|row| row.gate.at(self.now) == crate::domain::Gate::RemoteClosed)
    }

    /// Whether a key of the bar is offered now.
    pub fn offered(&self, act: Act) -> bool {
        if self.once.is_some() && self.review.is_some() {
            return self.once_offered(act);
        }
        let (Some(review), Some(composer)) = (&self.review, &self.composer) else { return false };
        let verdict = review.verdict();
        let note = composer.kind == DraftKind::Note;
        match act {
            Act::Edit | Act::Keep | Act::DiscardDraft => true,
            Act::ViewFinding => !review.findings.is_empty(),
            Act::ReviewPromise => !note,
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

    /// Why a key of the bar is not offered now.
    pub(super) fn not_offered(&self, act: Act) -> String {
        if self.once.is_some() {
            return self.once_not_offered(act);
        }
        if matches!(act, Act::OnceTick | Act::OnceDown | Act::OnceUp) {
            return self.lang.tr("there is one reader here: nothing to tick").into();
        }
        let (Some(review), Some(composer)) = (&self.review, &self.composer) else { return String::new() };
        let note = composer.kind == DraftKind::Note;
        let key = |act| self.key(place::REVIEW, act);
        let worst = review.findings.first().map_or("", |finding| finding.text.as_str());
        match review.verdict() {
            _ if act == Act::ViewFinding => self.lang.tr("nothing was found").into(),
            _ if act == Act::ReviewPromise => self.lang.tr("a note promises nobody anything").into(),
            _ if act == Act::Later && note => self.lang.tr("a note goes nowhere: it is saved at once").into(),
            _ if act == Act::SaveNote && !note => {
                self.lang.tr("this is a reply, not a note: nothing was saved").into()
            }
            _ if act != Act::SaveNote && note => {
                self.lang.tr("this is a note, not a reply: nothing was sent").into()
            }
            Verdict::Red => tr!(self.lang, "cannot be sent: {worst}", worst),
            Verdict::Amber => {
                tr!(self.lang, "look at what was found: {key} sends all the same", key = key(Act::SendAnyway))
            }
            Verdict::Clean if composer.to.is_none() => {
                self.lang.tr("a new conversation is sent without a status").into()
            }
            Verdict::Clean => tr!(self.lang, "nothing speaks against it: {key} sends", key = key(Act::Send)),
        }
    }

    pub(super) fn review_act(&mut self, act: Act) {
        if matches!(act, Act::Repaint | Act::Suspend | Act::Cancel | Act::Help) {
            self.common_act(act, &[]);
            return;
        }
        if !self.offered(act) {
            self.say(self.not_offered(act));
            return;
        }
        if self.once.is_some() && self.once_act(act) {
            return;
        }
        if matches!(act, Act::SendAnyway | Act::Later) && !self.finding_shown() {
            return;
        }
        let keep = self.status_after();
        match act {
            Act::Send => self.send(How { status: keep, ..How::default() }),
            Act::SendAnyway => self.send(How { status: keep, anyway: true, ..How::default() }),
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
                self.form_to_trouble();
                self.thread_resized();
            }
            Act::ViewFinding => {
                if let Some(review) = &mut self.review {
                    review.viewing = !review.viewing;
                }
                self.thread_resized();
            }
            Act::Later => self.open_picker(PickerKind::Later),
            Act::ReviewPromise => self.open_promise(),
            Act::Keep => {
                let (form, once) = (self.screen == Screen::Form, self.once.is_some());
                self.park_composer();
                if form {
                    self.form = None;
                    self.screen = Screen::List;
                }
                self.say(if once {
                    self.lang
                        .tr("the text is kept: it comes back with the next text for marked rows")
                        .to_owned()
                } else {
                    tr!(
                        self.lang,
                        "kept as a draft   {key} lists your drafts",
                        key = self.key(place::LIST, Act::GoDrafts)
                    )
                });
            }
            Act::DiscardDraft => {
                let to = self.composer.as_ref().and_then(|it| it.to);
                let question = to.map_or_else(
                    || self.lang.tr("Throw this text away?").to_owned(),
                    |to| tr!(self.lang, "Throw this text for {whom} away?", whom = self.called(to)),
                );
                self.ask = Some(Ask::new(question, self.lang.tr("discard"), AskThen::DiscardDraft));
            }
            _ => {}
        }
    }

    /// Whether everything that speaks against sending has been on the screen; says so where it has not.
    fn finding_shown(&mut self) -> bool {
        let Some(review) = &self.review else { return false };
        let shown = review.shown || review.verdict() == Verdict::Clean;
        if !shown {
            self.say(if self.bar_whole() {
                self.lang.tr("read first what was found: nothing was sent")
            } else {
                self.lang.tr("no room to show what was found: nothing was sent; a larger window shows it")
            });
        }
        shown
    }

    /// Whether the review bar is drawn whole, with nothing over it.
    pub(super) fn bar_whole(&self) -> bool {
        let (columns, rows) = (self.size.0, usize::from(self.size.1));
        let covered = self.locked.is_some()
            || self.ask.is_some()
            || self.picker.is_some()
            || self.prefix_shown
            || (self.details.is_some() && !self.details_beside());
        if covered || columns < 20 || rows < 5 {
            return false;
        }
        let room = match &self.form {
            // A heading, a rule, a line for each field but the text, and the footer.
            Some(form) if self.screen == Screen::Form => rows.saturating_sub(form.fields().len() + 4),
            _ => self.body_height(),
        };
        self.composer_height() <= room
    }

    /// Lines that the review bar takes.
    pub fn review_height(&self) -> usize {
        let Some(review) = &self.review else { return 0 };
        let lines = |finding: &Finding| {
            let detail = if review.viewing { self.finding_lines(finding).len() } else { 0 };
            self.finding_text(finding).len() + detail
        };
        let findings: usize = review.findings.iter().map(lines).sum();
        let offers = self.review_offer_lines().len();
        let promise = usize::from(self.review_promise().is_some());
        1 + offers + findings + promise + usize::from(self.review_then().is_some())
    }

    /// The sentence of a finding, in as many lines as the width asks for.
    pub fn finding_text(&self, finding: &Finding) -> Vec<String> {
        let width = usize::from(self.composer_columns().1).saturating_sub(4).max(10);
        let safe = SafeText::line(&finding.text).into_string();
        textwrap::wrap(&safe, width).into_iter().map(std::borrow::Cow::into_owned).collect()
    }

    /// What may be done, in as many lines as the width asks for.
    pub fn review_offer_lines(&self) -> Vec<String> {
        let width = usize::from(self.composer_columns().1).saturating_sub(2).max(10);
        let (first, second) = self.review_offers();
        let mut lines: Vec<String> = Vec::new();
        for offers in [first, second] {
            lines.push(String::new());
            for offer in offers.split("   ") {
                let line = lines.last().map_or("", String::as_str);
                if line.is_empty() {
                    lines.pop();
                    lines.push(offer.to_owned());
                } else if columns(line) + columns(offer) + 3 <= width {
                    let line = format!("{line}   {offer}");
                    lines.pop();
                    lines.push(line);
                } else {
                    lines.push(offer.to_owned());
                }
            }
        }
        lines
    }

    /// A finding in full, as wide as the bar.
    pub fn finding_lines(&self, finding: &Finding) -> Vec<String> {
        let width = usize::from(self.composer_columns().1).saturating_sub(6).max(10);
        if finding.detail == finding.text {
            return Vec::new();
        }
        let safe = SafeText::block(&finding.detail).into_string();
        let lines = safe.lines().flat_map(|line| textwrap::wrap(line, width));
        lines.take(4).map(std::borrow::Cow::into_owned).collect()
    }

    /// What a macro does with the reply, in a line.
    pub fn review_then(&self) -> Option<String> {
        let composer = self.composer.as_ref()?;
        if composer.keeps_text() {
            return Some(self.lang.tr("only the template goes; the text stays as your draft").into());
        }
        // The status stands beside the key that sets it; the keys beside that one set another.
        let then = Some(composer.then.beside_status()).filter(|then| !then.is_empty())?;
        Some(tr!(self.lang, "with it: {what}", what = then.sentence(self.lang, self.now, self.options.zone)))
    }

    /// Whether what the bar decides by is still on its way: the conversation, its draft, whose numbers are in the text.
    pub(super) fn review_waits(&self) -> bool {
        let reading = |load: Load| self.loads.contains_key(&load);
        let Some(composer) = &self.composer else { return false };
        if self.once.is_some() {
            return reading(Load::Draft) || self.once_reads();
        }
        let drawn = self.thread.as_ref().is_none_or(|it| Some(it.id) != composer.to || it.drawn);
        reading(Load::Draft)
            || reading(Load::Owners)
            || (!drawn && (reading(Load::Open) || reading(Load::Messages)))
    }

    /// The line that offers what may be done, in the words of the bar.
    pub fn review_offers(&self) -> (String, String) {
        if self.once.is_some() {
            return self.once_offers();
        }
        let (Some(review), Some(composer)) = (&self.review, &self.composer) else {
            return Default::default();
        };
        let key = |act| self.key(place::REVIEW, act);
        let after = self.status_after().filter(|_| composer.to.is_some());
        let after = after.map_or_else(String::new, |status| {
            tr!(self.lang, ", then {status}", status = super::triage::word(self.lang, status))
        });
        let then = tr!(self.lang, "{key} send{after}", key = key(Act::Send), after);
        let offers = match (composer.kind, review.verdict()) {
            (DraftKind::Note, Verdict::Clean) => tr!(self.lang, "{key} save note", key = key(Act::SaveNote)),
            (_, Verdict::Clean) if composer.to.is_none() => then,
            (_, Verdict::Clean) => {
                let status = key(Act::SendNew);
                let status = status.split(' ').next().unwrap_or_default();
                let next = key(Act::SendResolveNext);
                tr!(
                    self.lang,
                    "{then}   {next} send, resolve, next   {status}.. send and set a status",
                    then,
                    next,
                    status
                )
            }
            (_, Verdict::Amber) if self.reopens() => {
                let row = composer.to.and_then(|id| self.known(id));
                let vendor = row.map_or_else(String::new, |row| self.vendor_name(&row.channel, row));
                tr!(self.lang, "{key} reopen at {vendor} and send", key = key(Act::SendAnyway), vendor)
            }
            (_, Verdict::Amber) => tr!(self.lang, "{key} send all the same", key = key(Act::SendAnyway)),
            (_, Verdict::Red) => self.lang.tr("cannot be sent now").to_owned(),
        };
        let mut others = tr!(self.lang, "{key} edit   ", key = key(Act::Edit));
        for (act, word) in [(Act::ViewFinding, "view"), (Act::Later, "later")] {
            if self.offered(act) {
                let _ = write!(others, "{} {}   ", key(act), self.lang.word("hint", word));
            }
        }
        others += &tr!(
            self.lang,
            "{keep} keep draft   {discard} discard (asks)",
            keep = key(Act::Keep),
            discard = key(Act::DiscardDraft)
        );
        (offers, others)
    }

    /// The question of the bar: recipient, number and channel.
    pub fn review_question(&self) -> String {
        if self.once.is_some() {
            return self.once_question();
        }
        let Some(composer) = &self.composer else { return String::new() };
        let row = composer.to.and_then(|id| self.known(id));
        match (composer.kind, row) {
            (DraftKind::Note, Some(row)) => {
                tr!(
                    self.lang,
                    "Save for the TEAM ONLY, about {name} ({id})?",
                    name = row.counterpart.name,
                    id = row.id
                )
            }
            (_, Some(row)) => tr!(self.lang, "Send to {reader}?", reader = self.addressee(row)),
            (_, None) => {
                tr!(self.lang, "Start with {reader}?", reader = self.form_recipient())
            }
        }
    }
}
