//! Deadlines: the marketplace's clock, the company's clock, and the window of `WhatsApp`.
//!
//! The marketplace's runs every hour and never pauses. The company's runs in business hours and pauses while somebody
//! else has to move. Both count from the oldest unanswered message, the second one does not begin them anew.

mod calendar;
mod explain;
mod logged;
mod named;

use std::borrow::Cow;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

pub use self::{
    calendar::{Calendar, Span},
    explain::{explain, moment},
    logged::{EVENTS, Logged, logged},
    named::{Named, named},
};
use super::{Gate, GateEvidence, Status, Time};

/// A deadline is warned of so long before.
pub const WARNED_BEFORE: TimeDelta = TimeDelta::minutes(30);

/// What a channel promises, and what its vendor demands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The vendor's own deadline.
    pub marketplace: Marketplace,
    /// Business hours. Without: every hour for the company's clock, what the vendor counts in for the marketplace's.
    pub calendar: Option<Calendar>,
    /// The company's target for the first answer of an episode, in milliseconds of business time.
    pub first_response_ms: Option<i64>,
    /// The same for every later one.
    pub next_response_ms: Option<i64>,
    /// What is known of the vendor.
    #[serde(default)]
    pub vendor: VendorClock,
}

/// What a kind of channel is known to demand where the configuration says `default`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VendorClock {
    /// The business hours that it counts in where the channel names no calendar.
    pub hours: Option<Calendar>,
    /// Its deadlines; the first that fits a conversation counts.
    pub demands: Vec<VendorDemand>,
    /// The last parts of the names of conversations that are between others: nobody waits for us there.
    pub others: Vec<String>,
    /// Why there is none, where there is none.
    pub none: Option<String>,
}

/// A deadline of a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorDemand {
    /// For conversations whose name ends in this part; `None`: for all.
    pub part: Option<String>,
    /// The earliest of these.
    pub counts: Vec<Marketplace>,
    /// Where that is from.
    pub source: String,
}

/// A vendor's deadline as the configuration writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marketplace {
    /// What is known of the kind of channel.
    #[default]
    Default,
    /// None.
    None,
    /// Milliseconds, weekends too.
    Running(i64),
    /// Business hours.
    BusinessHours(u32),
    /// Business days.
    BusinessDays(u32),
}

/// Whose clock a deadline is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// The marketplace's.
    Marketplace,
    /// The company's.
    Company,
    /// The window of `WhatsApp`.
    Window,
}

impl Whose {
    /// The clock of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Marketplace, Self::Company, Self::Window].into_iter().find(|it| it.as_str() == word)
    }

    /// The word in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Marketplace => "marketplace",
            Self::Company => "company",
            Self::Window => "window",
        }
    }
}

/// A span in which somebody else had to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub from: Time,
    /// Until when, `None`: it still holds.
    pub to: Option<Time>,
    /// `pending`, `on hold`, `mediation`.
    pub why: &'static str,
}

/// As much of a conversation as its deadlines depend on.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Its vendor's name; some end in a part that says which chat it is.
    pub remote_id: &'a str,
    /// The oldest unanswered inbound message. `None`: nobody waits and no clock runs.
    pub waiting_since: Option<Time>,
    /// Whether a reply of ours exists in this episode.
    pub replied: bool,
    /// Ours.
    pub status: Status,
    /// The gate's evidence.
    pub gate: GateEvidence,
    /// Pauses since `waiting_since`, in any order.
    pub pauses: &'a [Pause],
}

/// The earliest real consequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Time,
    /// Of which clock.
    pub clock: Whose,
    /// From when on it is at risk.
    pub warned_at: Time,
}

/// The deadlines that run, the earliest first.
pub fn deadlines(policy: &Policy, facts: &Facts<'_>, now: Time) -> Vec<Due> {
    let clock = |clock: Whose, at: Option<Time>| Some(Due { at: at?, clock, warned_at: at? - WARNED_BEFORE });
    let company = match company(policy, facts, now) {
        Some(Company { outcome: Outcome::Due(at), .. }) => Some(at),
        _ => None,
    };
    let mut all: Vec<Due> = [
        clock(Whose::Marketplace, marketplace(policy, facts).and_then(|it| it.at())),
        clock(Whose::Company, company),
        clock(Whose::Window, window(facts).filter(|until| now < *until)),
    ]
    .into_iter()
    .flatten()
    .collect();
    all.sort_by_key(|due| (due.at, due.clock));
    all
}

/// The earliest real consequence, if any clock runs.
pub fn due(policy: &Policy, facts: &Facts<'_>, now: Time) -> Option<Due> {
    deadlines(policy, facts, now).into_iter().next()
}

/// Whether a conversation cannot be answered now, so that it sorts after those that can.
pub fn blocked(gate: &GateEvidence, now: Time) -> bool {
    matches!(gate.at(now), Gate::Paused | Gate::ReadOnly | Gate::TemplateOnly)
}

/// One way in which a marketplace's deadline is counted.
#[derive(Debug)]
struct Count {
    /// How it is counted.
    rule: Rule,
    /// Its end.
    at: Option<Time>,
}

/// A marketplace's deadline: the earliest of its counts.
#[derive(Debug)]
struct Demand {
    counts: Vec<Count>,
    /// The business hours, where it counts in them.
    calendar: Option<Calendar>,
    /// Where the rule is from.
    source: String,
}

impl Demand {
    fn at(&self) -> Option<Time> {
        self.counts.iter().filter_map(|count| count.at).min()
    }
}

/// What a vendor demands of one conversation.
#[derive(Clone, Copy, Debug)]
enum Rule {
    Running(TimeDelta),
    Hours(u32),
    Days(u32),
}

fn rules<'a>(policy: &'a Policy, facts: &Facts<'_>) -> (Vec<Rule>, &'a str) {
    let part = facts.remote_id.rsplit('/').next().unwrap_or_default();
    let vendor = &policy.vendor;
    // What may only be read is between others.
    if vendor.others.iter().any(|other| other == part) {
        return (Vec::new(), "this chat is between others");
    }
    if policy.marketplace != Marketplace::Default {
        return (policy.marketplace.rule().into_iter().collect(), "marketplace_clock of the channel");
    }
    let fits = |demand: &&VendorDemand| demand.part.as_deref().is_none_or(|wanted| wanted == part);
    match vendor.demands.iter().find(fits) {
        Some(demand) => (demand.counts.iter().filter_map(|count| count.rule()).collect(), &demand.source),
        None => (Vec::new(), vendor.none.as_deref().unwrap_or("none is known of this kind of channel")),
    }
}

impl Marketplace {
    fn rule(self) -> Option<Rule> {
        Some(match self {
            Self::Default | Self::None => return None,
            Self::Running(ms) => Rule::Running(TimeDelta::milliseconds(ms)),
            Self::BusinessHours(n) => Rule::Hours(n),
            Self::BusinessDays(n) => Rule::Days(n),
        })
    }
}

fn marketplace(policy: &Policy, facts: &Facts<'_>) -> Option<Demand> {
    let since = facts.waiting_since?;
    let (rules, source) = rules(policy, facts);
    if rules.is_empty() {
        return None;
    }
    let calendar = business_hours(policy);
    let in_business = rules.iter().any(|rule| !matches!(rule, Rule::Running(_)));
    let counts = rules
        .into_iter()
        .map(|rule| {
            let at = match rule {
                Rule::Running(span) => since.checked_add_signed(span),
                Rule::Hours(n) => calendar.add(since, TimeDelta::hours(i64::from(n))),
                Rule::Days(n) => calendar.business_days(since, n),
            };
            Count { rule, at }
        })
        .collect();
    Some(Demand { counts, calendar: in_business.then(|| calendar.into_owned()), source: source.to_owned() })
}

fn business_hours(policy: &Policy) -> Cow<'_, Calendar> {
    match policy.calendar.as_ref().or(policy.vendor.hours.as_ref()) {
        Some(calendar) => Cow::Borrowed(calendar),
        None => Cow::Owned(Calendar::always()),
    }
}

/// The company's clock on one conversation.
#[derive(Debug)]
struct Company {
    target: TimeDelta,
    first: bool,
    calendar: Calendar,
    /// Pauses as they were counted: in order, none over another.
    pauses: Vec<Pause>,
    outcome: Outcome,
}

/// Where the company's clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It runs, or has run out.
    Due(Time),
    /// It stands still with so much business time left.
    Paused(TimeDelta),
    /// The calendar does not open often enough.
    Never,
}

fn company(policy: &Policy, facts: &Facts<'_>, now: Time) -> Option<Company> {
    let since = facts.waiting_since?;
    if facts.gate.at(now) == Gate::ReadOnly {
        return None;
    }
    let first = !facts.replied;
    let target =
        TimeDelta::milliseconds(if first { policy.first_response_ms } else { policy.next_response_ms }?);
    let calendar = policy.calendar.clone().unwrap_or_else(Calendar::always);
    let pauses = pauses(facts, since, now);
    let outcome = run(&calendar, since, target, &pauses);
    Some(Company { target, first, calendar, pauses, outcome })
}

fn run(calendar: &Calendar, since: Time, target: TimeDelta, pauses: &[Pause]) -> Outcome {
    let (mut from, mut left) = (since, target);
    for pause in pauses {
        let worked = calendar.between(from, pause.from);
        if left <= worked {
            break;
        }
        left -= worked;
        match pause.to {
            Some(to) => from = to,
            None => return Outcome::Paused(left),
        }
    }
    calendar.add(from, left).map_or(Outcome::Never, Outcome::Due)
}

/// The pauses since then, ordered, those that overlap as one; with the one that holds now even where nobody noted
/// when it began.
fn pauses(facts: &Facts<'_>, since: Time, now: Time) -> Vec<Pause> {
    let mut all: Vec<Pause> = facts
        .pauses
        .iter()
        .filter(|pause| pause.to.is_none_or(|to| to > since && to > pause.from))
        .map(|pause| Pause { from: pause.from.max(since), ..*pause })
        .collect();
    let holds = match facts.status {
        Status::Pending => Some("pending"),
        Status::OnHold => Some("on hold"),
        _ => (facts.gate.at(now) == Gate::Paused).then_some("mediation"),
    };
    if let Some(why) = holds
        && !all.iter().any(|pause| pause.to.is_none())
    {
        let from = match facts.gate {
            GateEvidence::Said { gate: Gate::Paused, since: Some(at) } => at.min(now),
            // It was so when it was first seen: in doubt nobody was late meanwhile.
            _ => since,
        };
        all.push(Pause { from: from.max(since), to: None, why });
    }
    all.sort_by_key(|pause| pause.from);
    let mut merged: Vec<Pause> = Vec::new();
    for pause in all {
        match merged.last_mut() {
            Some(last) if last.to.is_none_or(|to| pause.from <= to) => {
                last.to = last.to.zip(pause.to).map(|(one, other)| one.max(other));
            }
            _ => merged.push(pause),
        }
    }
    merged
}

/// The end of the window, where somebody waits in one.
fn window(facts: &Facts<'_>) -> Option<Time> {
    facts.waiting_since?;
    facts.gate.changes_at()
}

#[cfg(test)]
mod tests;
