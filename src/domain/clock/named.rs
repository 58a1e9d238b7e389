//! A stored deadline in a word: by which rule it came about.

use chrono::TimeDelta;

use super::{Calendar, Facts, Policy, Rule, Whose, marketplace, run};
use crate::domain::{Gate, GateEvidence, Status, Time};

/// The rule that a deadline is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// So many running minutes.
    Minutes(i64),
    /// So many business hours.
    BusinessHours(u32),
    /// So many business days.
    BusinessDays(u32),
}

impl Named {
    fn of(span: TimeDelta) -> Self {
        Self::Minutes(span.num_minutes())
    }
}

/// The rule by which `at` is the deadline of that clock, where the policy as it is now still says so.
pub fn named(
    policy: &Policy,
    remote_id: &str,
    waiting_since: Option<Time>,
    clock: Whose,
    at: Time,
) -> Option<Named> {
    let since = waiting_since?;
    match clock {
        Whose::Marketplace => {
            let facts = Facts {
                remote_id,
                waiting_since,
                replied: false,
                status: Status::Open,
                gate: GateEvidence::said(Gate::Open),
                pauses: &[],
            };
            let count = marketplace(policy, &facts)?.counts.into_iter().find(|it| it.at == Some(at))?;
            Some(match count.rule {
                Rule::Running(span) => Named::of(span),
                Rule::Hours(n) => Named::BusinessHours(n),
                Rule::Days(n) => Named::BusinessDays(n),
            })
        }
        Whose::Company => {
            let calendar = policy.calendar.clone().unwrap_or_else(Calendar::always);
            let targets = [policy.first_response_ms, policy.next_response_ms];
            let mut targets = targets.into_iter().flatten().map(TimeDelta::milliseconds);
            let span = targets.find(|it| run(&calendar, since, *it, &[]) == super::Outcome::Due(at))?;
            Some(match policy.calendar {
                Some(_) if span.num_minutes() % 60 == 0 => {
                    Named::BusinessHours(u32::try_from(span.num_hours()).unwrap_or(0))
                }
                _ => Named::of(span),
            })
        }
        Whose::Window => Some(Named::Minutes(24 * 60)),
    }
}

#[cfg(test)]
mod tests;
