//! How each deadline came about, in plain sentences.

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::{Facts, Outcome, Pause, Policy, Whose, company, due, marketplace, rules, window};
use crate::domain::{Gate, Time};

/// A line for each fact that a deadline is made of: all clocks, pauses, calendars, and which comes first. Moments are
/// written in `zone`.
pub fn explain(policy: &Policy, facts: &Facts<'_>, now: Time, zone: Tz) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(since) = facts.waiting_since else {
        lines.push("nobody waits for an answer: no clock runs".to_owned());
        return lines;
    };
    lines.push(format!("waiting since {} (the oldest unanswered message)", moment(since, zone)));
    explain_marketplace(policy, facts, now, zone, &mut lines);
    explain_company(policy, facts, now, zone, &mut lines);
    if let Some(until) = window(facts) {
        if now < until {
            lines.push(format!("window: due {}", when(until, now, zone)));
            lines.push("  WhatsApp: 24 h after the customer's last message, then templates only".to_owned());
        } else {
            lines.push(format!("window: shut since {}, templates only", moment(until, zone)));
        }
    }
    match due(policy, facts, now) {
        Some(due) => lines.push(format!(
            "earliest: {}, {} (at risk from {})",
            due.clock.as_str(),
            when(due.at, now, zone),
            moment(due.warned_at, zone)
        )),
        None => lines.push("earliest: none, so it sorts by how long it has waited".to_owned()),
    }
    let why = match facts.gate.at(now) {
        Gate::Paused => "the marketplace mediates",
        Gate::ReadOnly => "it may only be read",
        Gate::TemplateOnly => "the window is shut",
        _ => return lines,
    };
    lines.push(format!("cannot be answered now ({why}): sorts after those that can"));
    lines
}

fn explain_marketplace(policy: &Policy, facts: &Facts<'_>, now: Time, zone: Tz, lines: &mut Vec<String>) {
    let whose = Whose::Marketplace.as_str();
    let Some(demand) = marketplace(policy, facts) else {
        let (_, why) = rules(policy, facts);
        lines.push(format!("{whose}: none ({why})"));
        return;
    };
    match demand.at() {
        Some(at) => lines.push(format!("{whose}: due {}", when(at, now, zone))),
        None => lines.push(format!("{whose}: none, its calendar does not open")),
    }
    lines.push(format!("  rule: {}", demand.source));
    for count in &demand.counts {
        let at = count.at.map_or_else(|| "never".to_owned(), |at| moment(at, zone));
        lines.push(format!("  {}: {at}", count.words));
    }
    if let Some(calendar) = &demand.calendar {
        lines.push(format!("  calendar {calendar}"));
    }
    lines.push("  runs every hour and never pauses".to_owned());
}

fn explain_company(policy: &Policy, facts: &Facts<'_>, now: Time, zone: Tz, lines: &mut Vec<String>) {
    let whose = Whose::Company.as_str();
    let Some(clock) = company(policy, facts, now) else {
        let key = if facts.replied { "next_response" } else { "first_response" };
        lines.push(format!("{whose}: none (the channel sets no {key})"));
        return;
    };
    match clock.outcome {
        Outcome::Due(at) => lines.push(format!("{whose}: due {}", when(at, now, zone))),
        Outcome::Paused(left) => lines.push(format!("{whose}: stands still with {} left", span(left))),
        Outcome::Never => lines.push(format!("{whose}: none, its calendar does not open")),
    }
    let key = if clock.first { "first_response" } else { "next_response" };
    lines.push(format!("  rule: {key} within {} of business time", span(clock.target)));
    lines.push(format!("  calendar {}", clock.calendar));
    for Pause { from, to, why } in &clock.pauses {
        let counted = span(clock.calendar.between(*from, to.unwrap_or(now)));
        let to = to.map_or_else(|| "now".to_owned(), |to| moment(to, zone));
        lines.push(format!(
            "  paused ({why}) {} to {to}: {counted} of business time not counted",
            moment(*from, zone)
        ));
    }
}

/// A moment as explanations write it: `Fri 2026-07-03 16:30 -03`.
pub fn moment(at: Time, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z").to_string()
}

fn when(at: Time, now: Time, zone: Tz) -> String {
    if at < now {
        format!("{}, {} overdue", moment(at, zone), span(now - at))
    } else {
        format!("{}, in {}", moment(at, zone), span(at - now))
    }
}

/// `24 h`, `1 h 30 min`, `45 s`.
pub(super) fn span(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min"),
        (_, 0) => format!("{hours} h"),
        _ => format!("{hours} h {minutes} min"),
    }
}
