//! What happened in one conversation, as items of figures that name the events they are made of.

use chrono::TimeDelta;

use super::{
    Figure,
    track::{Source, Step, Track, What, steps},
};
use crate::domain::{
    ConversationId, Gate, GateEvidence, Status, Time,
    clock::{self, Calendar, Due, Facts, Policy, Whose},
};

/// One item of a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Of which figure.
    pub figure: Figure,
    /// In which conversation.
    pub conversation: ConversationId,
    /// When it began.
    pub from: Time,
    /// When it was over, which is the moment it belongs to.
    pub to: Time,
    /// How long, where it is a length of time.
    pub length: Option<TimeDelta>,
    /// To whom it is credited.
    pub who: Option<String>,
    /// The deadline, for a breach.
    pub due: Option<Due>,
    /// The events that it is made of.
    pub sources: Vec<Source>,
}

/// A run of unanswered messages.
#[derive(Clone, Debug)]
struct Run {
    since: Time,
    source: Source,
    /// Whether a reply had been given in its episode.
    replied: bool,
}

#[derive(Clone, Debug, Default)]
struct Episode {
    /// Its first message, where the other side began it.
    first_in: Option<(Time, Source)>,
    ours: bool,
    replied: bool,
    resolved_once: bool,
    /// Resolved, and not opened since.
    resolved: Option<(Time, Source, Option<String>)>,
    share: Vec<Item>,
}

struct Story<'a> {
    track: &'a Track,
    versions: &'a [(Time, Policy)],
    items: Vec<Item>,
    status: Status,
    gate: GateEvidence,
    assignee: Option<String>,
    asleep: Option<Time>,
    episode: Episode,
    run: Option<Run>,
    begun: Option<(Time, Source)>,
}

/// Everything that happened in a conversation until `t`, by the policies that were in force.
pub fn tell(track: &Track, versions: &[(Time, Policy)], t: Time) -> Vec<Item> {
    if track.mute {
        return Vec::new();
    }
    let mut story = Story {
        track,
        versions,
        items: Vec::new(),
        status: Status::New,
        gate: GateEvidence::Said { gate: Gate::Unknown, since: None },
        assignee: None,
        asleep: None,
        episode: Episode::default(),
        run: None,
        begun: None,
    };
    for step in steps(track, t) {
        story.take(&step);
    }
    story.end(t)
}

impl Story<'_> {
    fn take(&mut self, step: &Step) {
        let (at, source) = (step.at, step.source);
        match &step.what {
            What::In { thanks } => {
                self.count(Figure::MessagesIn, step, self.assignee.clone());
                self.begins(step, false);
                self.heard(at, source, *thanks);
            }
            What::Out => {
                self.count(Figure::MessagesOut, step, step.actor.clone());
                self.begins(step, true);
                self.replied(step);
                self.asleep = None;
            }
            What::Auto => self.count(Figure::Auto, step, None),
            What::Note => self.count(Figure::Notes, step, step.actor.clone()),
            What::State { to, as_it_stands } => self.moved(*to, *as_it_stands, step),
            What::Gate(gate) => self.gate = GateEvidence::Said { gate: *gate, since: Some(at) },
            What::Episode => {
                self.episode_ends();
                self.begun = None;
            }
            What::Settled => {
                if let Some(run) = self.run.take() {
                    self.breaches(&run, at, None);
                    self.unanswered(Figure::NoReplyNeeded, &run, step);
                }
            }
            What::Assign(who) => self.assignee.clone_from(who),
            What::Snooze(until) => self.asleep = *until,
            What::Handled(ms) => {
                let length = TimeDelta::milliseconds(*ms);
                let item = self.item(Figure::HandleTime, at - length, at, vec![source]);
                self.items.push(Item { length: Some(length), who: step.actor.clone(), ..item });
            }
        }
    }

    fn begins(&mut self, step: &Step, ours: bool) {
        if self.begun.is_some() {
            return;
        }
        self.begun = Some((step.at, step.source));
        self.episode.ours = ours;
        self.count(Figure::Episodes, step, self.assignee.clone());
    }

    fn heard(&mut self, at: Time, source: Source, thanks: bool) {
        if thanks && matches!(self.status, Status::Resolved) {
            let item = self.item(Figure::NoReplyNeeded, at, at, vec![source]);
            self.items.push(item);
            return;
        }
        if self.episode.first_in.is_none() {
            self.episode.first_in = Some((at, source));
        }
        if self.run.is_none() {
            self.run = Some(Run { since: at, source, replied: self.episode.replied });
        }
    }

    fn replied(&mut self, step: &Step) {
        let (at, source) = (step.at, step.source);
        if let Some((first, began)) = self.episode.first_in
            && !self.episode.ours
            && !self.episode.replied
        {
            let sources = vec![began, source];
            let figures = [Figure::FirstResponse, Figure::FirstResponseBusiness];
            let items = self.lengths(figures, first, at, &sources, step.actor.as_ref());
            self.items.extend(items);
        }
        self.episode.replied = true;
        if let Some(run) = self.run.take() {
            self.breaches(&run, at, Some(source));
            let sources = vec![run.source, source];
            let figures = [Figure::NextResponse, Figure::NextResponseBusiness];
            let items = self.lengths(figures, run.since, at, &sources, step.actor.as_ref());
            self.episode.share.extend(items.iter().cloned());
            self.items.extend(items);
        }
    }

    fn moved(&mut self, to: Status, as_it_stands: bool, step: &Step) {
        let was_done = matches!(self.status, Status::Resolved | Status::Closed);
        self.status = to;
        match to {
            Status::Resolved | Status::Closed => {
                if let Some(run) = self.run.take() {
                    self.breaches(&run, step.at, None);
                    self.unanswered(Figure::ResolvedUnanswered, &run, step);
                }
                if !was_done && !as_it_stands {
                    self.resolved(step);
                }
            }
            _ => self.episode.resolved = None,
        }
    }

    fn resolved(&mut self, step: &Step) {
        self.episode.resolved = Some((step.at, step.source, step.actor.clone()));
        let Some((first, began)) = self.episode.first_in else { return };
        if !self.episode.resolved_once {
            self.episode.resolved_once = true;
            let sources = vec![began, step.source];
            let figures = [Figure::FirstResolution, Figure::FirstResolutionBusiness];
            let items = self.lengths(figures, first, step.at, &sources, step.actor.as_ref());
            self.items.extend(items);
        }
    }

    /// What can be said of an episode only when nothing more of it comes.
    fn episode_ends(&mut self) {
        let episode = std::mem::take(&mut self.episode);
        let (Some((first, began)), Some((at, source, who))) = (episode.first_in, episode.resolved) else {
            return;
        };
        let figures = [Figure::FullResolution, Figure::FullResolutionBusiness];
        let items = self.lengths(figures, first, at, &[began, source], who.as_ref());
        let business = items.iter().any(|it| it.figure == Figure::FullResolutionBusiness);
        self.items.extend(items);
        for (figure, of, known) in [
            (Figure::OurShare, Figure::NextResponse, true),
            (Figure::OurShareBusiness, Figure::NextResponseBusiness, business),
        ] {
            let runs = || episode.share.iter().filter(|item| item.figure == of);
            let length = runs().filter_map(|it| it.length).fold(TimeDelta::zero(), |sum, it| sum + it);
            let sources = runs().flat_map(|it| it.sources.iter().copied()).collect();
            if known {
                let item = self.item(figure, first, at, sources);
                self.items.push(Item { length: Some(length), who: who.clone(), ..item });
            }
        }
    }

    fn end(mut self, t: Time) -> Vec<Item> {
        if let Some(run) = self.run.clone() {
            self.breaches(&run, t, None);
        }
        if let Some((since, source)) = self.begun
            && !matches!(self.status, Status::Resolved | Status::Closed)
        {
            let asleep = self.asleep.is_some_and(|until| until > t);
            let ours = matches!(self.status, Status::New | Status::Open);
            let figures = if asleep {
                vec![Figure::BacklogSnoozed]
            } else if ours {
                vec![Figure::Backlog, Figure::BacklogActionable]
            } else {
                vec![Figure::Backlog]
            };
            for figure in figures {
                let item = self.item(figure, since, t, vec![source]);
                self.items.push(item);
            }
        }
        self.episode_ends();
        self.items
    }

    /// An item without a length, credited to whoever has the conversation.
    fn item(&self, figure: Figure, from: Time, to: Time, sources: Vec<Source>) -> Item {
        let who = self.assignee.clone();
        Item {
            figure,
            conversation: self.track.conversation,
            from,
            to,
            length: None,
            who,
            due: None,
            sources,
        }
    }

    fn count(&mut self, figure: Figure, step: &Step, who: Option<String>) {
        let item = self.item(figure, step.at, step.at, vec![step.source]);
        self.items.push(Item { who, ..item });
    }

    fn unanswered(&mut self, figure: Figure, run: &Run, step: &Step) {
        let item = self.item(figure, run.since, step.at, vec![run.source, step.source]);
        self.items.push(Item { who: step.actor.clone().or(item.who.clone()), ..item });
    }

    /// A length by every hour, and by business hours where there are any.
    fn lengths(
        &self,
        [every, business]: [Figure; 2],
        from: Time,
        to: Time,
        sources: &[Source],
        who: Option<&String>,
    ) -> Vec<Item> {
        let item = |figure, length: TimeDelta| Item {
            length: Some(length.max(TimeDelta::zero())),
            who: who.cloned(),
            ..self.item(figure, from, to, sources.to_vec())
        };
        let mut items = vec![item(every, to - from)];
        items.extend(self.calendar(to).map(|calendar| item(business, calendar.between(from, to))));
        items
    }

    fn calendar(&self, at: Time) -> Option<&Calendar> {
        let in_force = self.versions.iter().rev().find(|(since, _)| *since <= at).or(self.versions.first());
        in_force.and_then(|(_, policy)| policy.calendar.as_ref())
    }

    /// Deadlines that passed while a run stood unanswered, each by the policy in force when it did.
    fn breaches(&mut self, run: &Run, end: Time, answer: Option<Source>) {
        let log: Vec<_> = self.track.events.iter().filter(|it| it.at < end).cloned().collect();
        let pauses = clock::logged(&log).pauses;
        let facts = Facts {
            remote_id: &self.track.remote_id,
            waiting_since: Some(run.since),
            replied: run.replied,
            status: self.status,
            gate: self.gate,
            pauses: &pauses,
        };
        let mut found: Vec<Item> = Vec::new();
        for (i, (since, policy)) in self.versions.iter().enumerate() {
            let until = self.versions.get(i + 1).map_or(end, |(next, _)| end.min(*next));
            let begins = if i == 0 { run.since } else { run.since.max(*since) };
            if until <= begins {
                continue;
            }
            for due in clock::deadlines(policy, &facts, until) {
                let figure = match due.clock {
                    Whose::Marketplace => Figure::BreachesMarketplace,
                    Whose::Company => Figure::BreachesCompany,
                    Whose::Window => continue,
                };
                // A stricter policy cannot have been broken before it was made.
                let at = due.at.max(begins);
                if due.at < until && !found.iter().any(|it| it.figure == figure) {
                    let sources = std::iter::once(run.source).chain(answer).collect();
                    found.push(Item { due: Some(due), ..self.item(figure, run.since, at, sources) });
                }
            }
        }
        let late = found.clone().into_iter().filter(|_| answer.is_some());
        let late = late.map(|it| Item { figure: Figure::BreachesAnswered, to: end, ..it });
        let late: Vec<Item> = late.collect();
        self.items.append(&mut found);
        self.items.extend(late);
    }
}
