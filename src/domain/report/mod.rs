//! Figures, exactly as they are defined: each is a projection of the append-only log, rebuilt for any moment.
//!
//! | file | what |
//! |---|---|
//! | [`track`] | one conversation's log in an order in which it can be told |
//! | [`story`] | what happened in it: runs, episodes, breaches, as items that name their events |
//! | [`figure`] | the figures: their words, formulas and what is counted |
//! | this one | items added up: by channel, agent or label |

mod figure;
mod story;
mod track;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

pub use self::{
    figure::{Figure, Table, length},
    story::{Item, tell},
    track::{Said, Source, Track},
};
use super::{ChannelName, Time, clock::Policy};

/// The policies of the channels, each with the moment from which on it was in force, oldest first. What lies before
/// the first is judged by the first.
pub type Policies = BTreeMap<ChannelName, Vec<(Time, Policy)>>;

/// What the lines of a report are by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// One line for all.
    #[default]
    All,
    /// A line for each channel.
    Channel,
    /// A line for each person: who wrote, who resolved, who had it.
    Agent,
    /// A line for each label; a conversation with two is in two lines.
    Label,
}

/// Which part of the log, and how it is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// What ended at this moment or later.
    pub from: Time,
    /// The log up to this moment, as if nothing had come after it.
    pub to: Time,
    /// The lines.
    pub by: By,
}

/// A figure of one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// How many items.
    pub n: usize,
    /// Of those that are lengths of time; `None`: there are none.
    pub median: Option<TimeDelta>,
    /// The smallest that nine of ten do not exceed.
    pub p90: Option<TimeDelta>,
    /// The arithmetic mean.
    pub mean: Option<TimeDelta>,
    /// Their sum.
    pub sum: Option<TimeDelta>,
}

/// Items on their way into figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What was asked.
    pub scope: Scope,
    items: BTreeMap<(String, Figure), Vec<Item>>,
    groups: BTreeSet<String>,
}

impl Report {
    /// An empty one.
    pub fn new(scope: Scope) -> Self {
        Self { scope, items: BTreeMap::new(), groups: BTreeSet::new() }
    }

    /// Adds what happened in one conversation.
    pub fn add(&mut self, track: &Track, policies: &Policies) {
        let none = Vec::new();
        let versions = policies.get(&track.channel).unwrap_or(&none);
        for item in tell(track, versions, self.scope.to) {
            // A state is that of the end; everything else belongs to the moment at which it was over.
            if !item.figure.is_state() && item.to < self.scope.from {
                continue;
            }
            for group in self.groups_of(track, &item) {
                self.groups.insert(group.clone());
                self.items.entry((group, item.figure)).or_default().push(item.clone());
            }
        }
    }

    fn groups_of(&self, track: &Track, item: &Item) -> Vec<String> {
        match self.scope.by {
            By::All => vec!["all".to_owned()],
            By::Channel => vec![track.channel.0.clone()],
            By::Agent => vec![item.who.clone().unwrap_or_else(|| "nobody".to_owned())],
            By::Label if track.labels.is_empty() => vec!["no label".to_owned()],
            By::Label => track.labels.clone(),
        }
    }

    /// The lines, in order; one even where nothing happened.
    pub fn groups(&self) -> Vec<&str> {
        if self.groups.is_empty() && self.scope.by == By::All {
            return vec!["all"];
        }
        self.groups.iter().map(String::as_str).collect()
    }

    /// A figure of one line.
    pub fn value(&self, group: &str, figure: Figure) -> Value {
        let items = self.items(group, figure);
        let mut lengths: Vec<TimeDelta> = items.iter().filter_map(|item| item.length).collect();
        lengths.sort_unstable();
        if lengths.is_empty() {
            return Value { n: if figure.is_length() { 0 } else { items.len() }, ..Value::default() };
        }
        let sum = lengths.iter().fold(TimeDelta::zero(), |sum, length| sum + *length);
        let n = lengths.len();
        let middle = (lengths[(n - 1) / 2] + lengths[n / 2]) / 2;
        Value {
            n,
            median: Some(middle),
            // The nearest rank: a length that somebody waited.
            p90: Some(lengths[(n * 9).div_ceil(10) - 1]),
            mean: Some(sum / i32::try_from(n).unwrap_or(i32::MAX)),
            sum: Some(sum),
        }
    }

    /// The items behind a figure of one line, in the order of their conversations.
    pub fn items(&self, group: &str, figure: Figure) -> &[Item] {
        self.items.get(&(group.to_owned(), figure)).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests;
