//! What the store's answers mean for what was asked of it.

use super::{Again, Intent, LocalStep, OnceSent, Settled, Step, refused};
use crate::{
    app::{
        actions::{Act, place},
        composer::Composer,
        model::{Load, Model, Screen},
        msg::{Outcome, Request, Wish},
        popup::{Ask, AskThen},
        preflight::{Finding, Level},
        words,
    },
    domain::{
        Conversation, ConversationId, DraftKind,
        desk::{Changed, Refusal, Seen},
        lang::tr,
        outbox::LocalChange,
    },
};

impl Model {
    /// What became of a wish.
    pub(in crate::app) fn answered(&mut self, intent: Intent, outcome: Outcome) {
        if matches!(outcome, Outcome::Refused(_) | Outcome::Failed(_)) {
            // What was to be undone did not happen.
            self.undo.waiting = 0;
        }
        self.settled(intent, outcome);
        if self.undo.waiting > 0 {
            self.undo.waiting -= 1;
            self.undo_last();
        }
    }

    pub(in crate::app) fn settled(&mut self, intent: Intent, outcome: Outcome) {
        match (intent, outcome) {
            (Intent::Send { composer, to, until, group, .. }, Outcome::Committed(committed)) => {
                self.committed(&committed, to, until, group);
                let id = committed.conversation;
                let (now, zone) = (self.now, self.options.zone);
                for change in composer.then.changes(&self.options.me.clone(), now, zone) {
                    self.change_held(id, change, "", group, Seen::default());
                }
            }
            (Intent::Send { composer, review, .. }, Outcome::Refused(refusal)) => {
                let (sentence, finding) = match refusal {
                    Refusal::Changed { arrived, .. } => {
                        let newest = arrived.last();
                        let finding = Finding {
                            level: Level::Amber,
                            text: match newest {
                                Some(_) => tr!(
                                    self.lang,
                                    "{messages} since you last looked",
                                    messages = words::count(
                                        self.lang,
                                        arrived.len(),
                                        "message came",
                                        "messages came"
                                    )
                                ),
                                None => {
                                    self.lang.tr("the conversation changed since you last looked").to_owned()
                                }
                            },
                            detail: newest.map_or_else(String::new, |message| message.body.clone()),
                        };
                        (finding.text.clone(), Some(finding))
                    }
                    other => (refused(self.lang, &other), None),
                };
                self.bring_back(*composer, review.map(|it| *it), finding, &sentence);
            }
            (Intent::Send { composer, review, .. }, Outcome::Failed(words)) => {
                self.bring_back(*composer, review.map(|it| *it), None, &words);
            }
            (Intent::Once { group, id, to, text, until }, Outcome::Committed(committed)) => {
                self.once_committed(group, OnceSent { id, rows: committed.rows, to, text, until });
            }
            (Intent::Once { id, .. }, Outcome::Refused(refusal)) => {
                self.once_refused(id, &refused(self.lang, &refusal));
            }
            (Intent::Once { id, .. }, Outcome::Failed(words)) => self.once_refused(id, &words),
            (Intent::OnceBack { id, text, .. }, Outcome::TakenBack(draft)) => {
                self.once_taken_back(id, &text, draft.map(|it| *it));
            }
            (Intent::OnceBack { id, to, .. }, Outcome::Refused(refusal)) => {
                self.once_not_back(id, &to, &refusal);
            }
            (Intent::Tell { what, until }, Outcome::Committed(committed)) => {
                self.undo.push(Step::Told { rows: committed.rows, what, until });
            }
            (Intent::Note { composer }, Outcome::Failed(words)) => {
                self.composer.get_or_insert(*composer);
                self.typed();
                self.say(tr!(self.lang, "the note was not saved: {words}", words));
            }
            (Intent::Note { composer }, Outcome::Refused(refusal)) => {
                self.composer.get_or_insert(*composer);
                self.typed();
                self.say(tr!(
                    self.lang,
                    "the note was not saved: {refusal}",
                    refusal = refused(self.lang, &refusal)
                ));
            }
            (Intent::Note { .. }, _) => {
                self.say(self.lang.tr("note saved for the team"));
                self.refresh_thread();
            }
            (Intent::Change { group, id, change, label, held_until, .. }, Outcome::Changed(changed)) => {
                let Changed { inverse, rows } = changed;
                let until = held_until.filter(|_| !rows.is_empty());
                self.changed(group, &label, LocalStep { id, change, inverse, rows, until });
            }
            (
                Intent::Change { group, id, change, label, shown, .. },
                Outcome::Refused(Refusal::Changed { arrived, .. }),
            ) => {
                let again = Again { group, change, label, shown };
                self.load(Load::Row(id), Request::Conversation(id));
                if let Some(newest) = arrived.last() {
                    let line = crate::domain::text::first_line(&newest.body, 60);
                    self.ask_again(id, again, line);
                } else {
                    // Our picture of it was old: what is new about it is looked at before anything is done.
                    self.again.insert(id, again);
                }
            }
            (Intent::TakeBack { row, conversation, label }, Outcome::TakenBack(draft)) => {
                self.undo.settled(row, Settled::Gone, self.now);
                if let Some(thread) = &mut self.thread {
                    thread.rows.retain(|it| it.n != row);
                }
                self.taken_back(conversation, &label, draft.map(|it| *it));
            }
            (Intent::SaveDraft { at }, Outcome::Done) => {
                if let Some(composer) = &mut self.composer {
                    composer.saved_at = Some(at);
                }
                // The border shows minutes: nothing to draw for this alone.
                self.dirty = self.notice.is_some() || self.dirty;
            }
            (Intent::SaveDraft { .. }, Outcome::DraftHeld(held)) => {
                self.draft_held(None, held);
                self.say_elsewhere();
            }
            (Intent::TakeDraft, Outcome::DraftTaken(draft)) => self.draft_taken(draft.map(|it| *it)),
            (Intent::SaveDraft { .. }, Outcome::Failed(words)) => {
                if let Some(composer) = &mut self.composer {
                    composer.dirty = true;
                }
                self.say(tr!(self.lang, "NOT SAVED: {words}; the text is still here", words));
            }
            (Intent::File, Outcome::File(file)) => {
                let name = file.name.clone();
                let rules = self.composer.as_ref().and_then(|it| self.capabilities(&it.channel).files);
                if let Some(why) =
                    rules.and_then(|rules| crate::app::preflight::not_taken(self.lang, &rules, &file))
                {
                    self.say(tr!(self.lang, "not attached: {why}", why));
                    return;
                }
                if let Some(composer) = &mut self.composer {
                    composer.files.push(file);
                }
                self.typed();
                self.say(tr!(self.lang, "attached {name}", name));
            }
            (Intent::BackThere { id, inverse }, Outcome::Refused(Refusal::TooLate(_))) => {
                self.tell_again(id, &inverse);
            }
            (Intent::Settle { label, of }, Outcome::Done) => {
                if let Some((row, how)) = of {
                    self.undo.settled(row, how, self.now);
                }
                self.say(label);
                self.refresh_outbox();
            }
            (Intent::Mark { row, named }, Outcome::Done) => {
                let undo = self.key(place::OUTBOX, Act::TakeBack);
                self.say(tr!(self.lang, "row {n}: it is there   {key} undo", n = named, key = undo));
                self.undo.push(Step::Marked { row, named });
                self.outbox.just_marked = true;
                self.refresh_outbox();
            }
            (_, Outcome::Refused(refusal)) => {
                self.say(refused(self.lang, &refusal));
                self.refresh_after_refusal();
            }
            (_, Outcome::Failed(words)) => self.say(words),
            _ => {}
        }
    }

    /// The engine was quicker than an undo: what is here again is said to the vendor too, or it is said that it cannot be.
    fn tell_again(&mut self, id: ConversationId, inverse: &[LocalChange]) {
        let mut said = None;
        for change in inverse {
            let LocalChange::Status(to) = change else { continue };
            let vendor = self.vendor_side_of(id, *to);
            if vendor.is_empty() {
                continue;
            }
            said = self.told(id, change);
            let wish =
                Wish::Change { id, change: change.clone(), vendor, held_until: None, seen: Seen::default() };
            self.perform_wish(wish, Intent::Back { id, change: change.clone() });
        }
        let name =
            self.known(id).map_or_else(|| id.to_string(), |row| format!("{id} {}", row.counterpart.name));
        self.say(said.map_or_else(
            || {
                tr!(
                    self.lang,
                    "undone here only: {name}: the vendor knows already and cannot be told otherwise",
                    name
                )
            },
            |told| tr!(self.lang, "the vendor knew already: {name}: {told} now", name, told),
        ));
        self.refresh_after_refusal();
    }

    pub(in crate::app) fn refresh_after_refusal(&mut self) {
        self.refresh_list();
        self.refresh_thread();
        self.refresh_outbox();
    }

    pub(in crate::app) fn changed(&mut self, group: u64, label: &str, step: LocalStep) {
        if step.inverse.is_empty() && step.rows.is_empty() {
            return;
        }
        let until = step.until;
        let told = (!step.rows.is_empty()).then(|| self.told(step.id, &step.change)).flatten();
        self.start_count_down(until);
        match self.undo.done.last_mut() {
            Some(Step::Sent { with, group: last, .. }) if *last == group => with.push(step),
            Some(Step::Local { changes, until: all, told: so_far, group: last, .. }) if *last == group => {
                // The first of them that is told ends the time in which undo leaves no trace.
                *all = all.iter().copied().chain(until).min();
                match (so_far, told) {
                    (Some(words), Some(more)) if !words.contains(&more) => {
                        words.push_str(", ");
                        words.push_str(&more);
                    }
                    (so_far @ None, told) => *so_far = told,
                    _ => {}
                }
                changes.push(step);
            }
            _ => self.undo.push(Step::Local {
                label: label.to_owned(),
                changes: vec![step],
                until,
                told,
                group,
            }),
        }
    }

    /// The newest of a conversation whose change was refused because our picture of it was old.
    pub(in crate::app) fn looked_again(&mut self, row: &Conversation) {
        let Some(again) = self.again.remove(&row.id) else { return };
        let heard = row.last_direction == Some(crate::domain::Direction::Inbound);
        let new = again
            .shown
            .is_none_or(|(unread, updated)| row.unread > unread || (heard && row.updated_at > updated));
        if new {
            let line = row.last_line.clone().unwrap_or_default();
            self.ask_again(row.id, again, &line);
        } else {
            let seen = Seen { rev: Some(row.rev), message: None };
            self.change_held(row.id, again.change, &again.label, again.group, seen);
        }
    }

    /// Something arrived that this screen has not shown: alone, it is shown, and another key does it all the same; of
    /// marked ones it is left out and stays marked.
    pub(in crate::app) fn ask_again(&mut self, id: ConversationId, again: Again, line: &str) {
        let Again { group, change, label, .. } = again;
        if self.undo.bulk.0 == group && self.undo.bulk.1 > 1 {
            if self.list.marks.insert(id) {
                self.undo.left_out += 1;
            }
            self.say_left_out(self.lang.tr("something new came there"));
            return;
        }
        let name = self.known(id).map_or_else(|| id.to_string(), |row| row.counterpart.name.clone());
        let mut ask = Ask::new(
            tr!(
                self.lang,
                "{name} wrote since you looked: \"{line}\"   {label} all the same?",
                name,
                line,
                label
            ),
            self.lang.tr("do it all the same"),
            AskThen::Change { id, changes: vec![change], label },
        );
        ask.needs_drawing = true;
        self.ask = Some(ask);
        self.refresh_thread();
    }

    pub(in crate::app) fn taken_back(
        &mut self,
        conversation: Option<ConversationId>,
        label: &str,
        draft: Option<crate::domain::Draft>,
    ) {
        self.refresh_outbox();
        self.refresh_list();
        let Some(draft) = draft else {
            self.say(tr!(self.lang, "taken back: {label}", label));
            self.refresh_thread();
            return;
        };
        self.say(tr!(self.lang, "taken back: {label}; it is your draft", label));
        let here = conversation.is_some()
            && self.composer.as_ref().is_some_and(|it| it.to == conversation && it.kind == draft.kind);
        if here {
            if let Some(composer) = &mut self.composer {
                composer.loaded = true;
                self.loads.remove(&Load::Draft);
                composer.take(draft);
            }
        } else if self.composer.as_ref().is_none_or(Composer::is_empty) && self.screen != Screen::Form {
            if draft.conversation.is_none() && draft.kind == DraftKind::Reply {
                // What was to begin a conversation stands in its form again.
                self.open_form();
                self.draft_loaded(Some(draft));
                self.loads.remove(&Load::Draft);
                return;
            }
            let Some(id) = draft.conversation.or(conversation) else { return };
            if let Some(channel) = self.known(id).map(|row| row.channel.clone()) {
                self.open_conversation(id);
                self.composer = None;
                self.open_composer(id, channel, DraftKind::Reply);
                self.loads.remove(&Load::Draft);
                if let Some(composer) = &mut self.composer {
                    composer.loaded = true;
                    composer.take(draft);
                }
            }
        }
        self.refresh_thread();
        self.thread_resized();
    }
}
