//! How each deadline came about, in plain sentences.

use chrono::{Datelike, TimeDelta};
use chrono_tz::Tz;

use super::{Facts, Outcome, Pause, Policy, Rule, Whose, company, due, marketplace, rules, window};
use crate::domain::{Gate, Lang, Time, lang::tr};

/// A line for each fact that a deadline is made of: all clocks, pauses, calendars, and which comes first. Moments are
/// written in `zone`.
pub fn explain(lang: Lang, policy: &Policy, facts: &Facts<'_>, now: Time, zone: Tz) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(since) = facts.waiting_since else {
        lines.push(lang.tr("nobody waits for an answer: no clock runs").to_owned());
        return lines;
    };
    lines.push(tr!(
        lang,
        "waiting since {at} (the oldest unanswered message)",
        at = moment(lang, since, zone)
    ));
    explain_marketplace(lang, policy, facts, now, zone, &mut lines);
    explain_company(lang, policy, facts, now, zone, &mut lines);
    if let Some(until) = window(facts) {
        if now < until {
            lines.push(tr!(lang, "window: due {when}", when = when(lang, until, now, zone)));
            lines.push(
                lang.tr("  WhatsApp: 24 h after the customer's last message, then templates only").to_owned(),
            );
        } else {
            lines.push(tr!(lang, "window: shut since {at}, templates only", at = moment(lang, until, zone)));
        }
    }
    match due(policy, facts, now) {
        Some(due) => lines.push(tr!(
            lang,
            "earliest: {clock}, {when} (at risk from {at})",
            clock = lang.word("clock", due.clock.as_str()),
            when = when(lang, due.at, now, zone),
            at = moment(lang, due.warned_at, zone)
        )),
        None => lines.push(lang.tr("earliest: none, so it sorts by how long it has waited").to_owned()),
    }
    let why = match facts.gate.at(now) {
        Gate::Paused => lang.tr("the marketplace mediates"),
        Gate::ReadOnly => lang.tr("it may only be read"),
        Gate::TemplateOnly => lang.tr("the window is shut"),
        _ => return lines,
    };
    lines.push(tr!(lang, "cannot be answered now ({why}): sorts after those that can", why));
    lines
}

fn explain_marketplace(
    lang: Lang,
    policy: &Policy,
    facts: &Facts<'_>,
    now: Time,
    zone: Tz,
    lines: &mut Vec<String>,
) {
    let whose = lang.word("clock", Whose::Marketplace.as_str());
    let Some(demand) = marketplace(policy, facts) else {
        let (_, why) = rules(policy, facts);
        lines.push(tr!(lang, "{whose}: none ({why})", whose, why = lang.tr(why)));
        return;
    };
    match demand.at() {
        Some(at) => lines.push(tr!(lang, "{whose}: due {when}", whose, when = when(lang, at, now, zone))),
        None => lines.push(tr!(lang, "{whose}: none, its calendar does not open", whose)),
    }
    lines.push(tr!(lang, "  rule: {rule}", rule = lang.tr(&demand.source)));
    for count in &demand.counts {
        let at = count.at.map_or_else(|| lang.tr("never").to_owned(), |at| moment(lang, at, zone));
        lines.push(format!("  {}: {at}", counted(lang, count.rule)));
    }
    if let Some(calendar) = &demand.calendar {
        lines.push(tr!(lang, "  calendar {calendar}", calendar));
    }
    lines.push(lang.tr("  runs every hour and never pauses").to_owned());
}

fn explain_company(
    lang: Lang,
    policy: &Policy,
    facts: &Facts<'_>,
    now: Time,
    zone: Tz,
    lines: &mut Vec<String>,
) {
    let whose = lang.word("clock", Whose::Company.as_str());
    let Some(clock) = company(policy, facts, now) else {
        let key = if facts.replied { "next_response" } else { "first_response" };
        lines.push(tr!(lang, "{whose}: none (the channel sets no {key})", whose, key));
        return;
    };
    match clock.outcome {
        Outcome::Due(at) => {
            lines.push(tr!(lang, "{whose}: due {when}", whose, when = when(lang, at, now, zone)));
        }
        Outcome::Paused(left) => {
            lines.push(tr!(lang, "{whose}: stands still with {left} left", whose, left = span(left)));
        }
        Outcome::Never => lines.push(tr!(lang, "{whose}: none, its calendar does not open", whose)),
    }
    let key = if clock.first { "first_response" } else { "next_response" };
    lines.push(tr!(lang, "  rule: {key} within {span} of business time", key, span = span(clock.target)));
    lines.push(tr!(lang, "  calendar {calendar}", calendar = clock.calendar));
    for Pause { from, to, why } in &clock.pauses {
        let counted = span(clock.calendar.between(*from, to.unwrap_or(now)));
        let to = to.map_or_else(|| lang.tr("now").to_owned(), |to| moment(lang, to, zone));
        lines.push(tr!(
            lang,
            "  paused ({why}) {from} to {to}: {counted} of business time not counted",
            why = lang.word("status", why),
            from = moment(lang, *from, zone),
            to,
            counted
        ));
    }
}

/// `24 h running`, `12 business hours`.
fn counted(lang: Lang, rule: Rule) -> String {
    match rule {
        Rule::Running(length) => tr!(lang, "{span} running", span = span(length)),
        Rule::Hours(1) => lang.tr("1 business hour").to_owned(),
        Rule::Hours(n) => tr!(lang, "{n} business hours", n),
        Rule::Days(1) => lang.tr("1 business day").to_owned(),
        Rule::Days(n) => tr!(lang, "{n} business days", n),
    }
}

/// A moment as explanations write it: `Fri 2026-07-03 16:30 -03`.
pub fn moment(lang: Lang, at: Time, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    local.format(&format!("{} %Y-%m-%d %H:%M %Z", lang.weekday(local.weekday()))).to_string()
}

fn when(lang: Lang, at: Time, now: Time, zone: Tz) -> String {
    if at < now {
        tr!(lang, "{at}, {span} overdue", at = moment(lang, at, zone), span = span(now - at))
    } else {
        tr!(lang, "{at}, in {span}", at = moment(lang, at, zone), span = span(at - now))
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
