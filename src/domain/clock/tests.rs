//! The vectors of the specification, and what the rules say besides.

use chrono::{NaiveDate, TimeDelta, Weekday};
use chrono_tz::{
    America::Sao_Paulo,
    Europe::{Berlin, London},
    Tz,
};
use proptest::prelude::*;

use super::*;
use crate::domain::{outbox::Event, time::from_millis};

fn at(text: &str, zone: Tz) -> Time {
    let wall = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    wall.and_local_timezone(zone).unwrap().to_utc()
}

/// 2026-07-03 is a Friday.
fn berlin(text: &str) -> Time {
    at(text, Berlin)
}

fn office() -> Calendar {
    Calendar::weekdays("office", Berlin, 9, 17)
}

fn split() -> Calendar {
    let days = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let spans = [(480, 720), (810, 1080)].map(|(from_minute, to_minute)| Span { from_minute, to_minute });
    let all = days.iter().flat_map(|day| spans.iter().map(move |span| (*day, *span)));
    Calendar::new("split", Sao_Paulo, all, [NaiveDate::from_ymd_opt(2026, 12, 25).unwrap()])
}

fn hours(n: i64) -> TimeDelta {
    TimeDelta::hours(n)
}

#[test]
fn business_time_goes_on_at_the_next_opening() {
    assert_eq!(office().add(berlin("2026-07-03 16:30"), hours(1)), Some(berlin("2026-07-06 09:30")));
    assert_eq!(office().add(berlin("2026-07-01 07:00"), hours(2)), Some(berlin("2026-07-01 11:00")));
    assert_eq!(office().add(berlin("2026-07-03 16:00"), hours(1)), Some(berlin("2026-07-03 17:00")));
}

#[test]
fn a_break_at_noon_does_not_count() {
    let sp = |text: &str| at(text, Sao_Paulo);
    assert_eq!(split().add(sp("2026-07-01 11:30"), hours(1)), Some(sp("2026-07-01 14:00")));
    let (asked, answered) = (sp("2026-07-01 12:30"), sp("2026-07-01 13:00"));
    assert_eq!(split().between(asked, answered), TimeDelta::zero());
    assert_eq!(answered - asked, TimeDelta::minutes(30));
}

#[test]
fn running_hours_do_not_see_a_clock_that_is_set_forward() {
    let policy =
        Policy { marketplace: Marketplace::Running(hours(24).num_milliseconds()), ..Policy::default() };
    let facts = waiting("1", berlin("2026-03-28 12:00"));
    assert_eq!(due(&policy, &facts, facts.waiting_since.unwrap()).unwrap().at, berlin("2026-03-29 13:00"));
    assert_eq!(
        Calendar::always().add(berlin("2026-03-28 12:00"), hours(24)),
        Some(berlin("2026-03-29 13:00"))
    );
}

#[test]
fn nobody_works_on_a_holiday() {
    let sp = |text: &str| at(text, Sao_Paulo);
    // The 24th is a Thursday, the 25th a holiday: Monday comes next.
    assert_eq!(split().add(sp("2026-12-24 17:30"), hours(1)), Some(sp("2026-12-28 08:30")));
    assert_eq!(split().business_days(sp("2026-12-24 10:00"), 1), Some(sp("2026-12-28 10:00")));
    assert!(!split().is_open(sp("2026-12-25 10:00")));
}

#[test]
fn a_business_day_is_the_same_time_of_the_next_one() {
    let calendar = market().vendor.hours.unwrap();
    let sp = |text: &str| at(text, Sao_Paulo);
    assert_eq!(calendar.business_days(sp("2026-07-03 16:30"), 1), Some(sp("2026-07-06 16:30")));
    assert_eq!(calendar.business_days(sp("2026-07-04 10:00"), 1), Some(sp("2026-07-07 08:00")));
    assert_eq!(calendar.business_days(sp("2026-07-01 20:00"), 2), Some(sp("2026-07-06 08:00")));
}

#[test]
fn a_calendar_that_never_opens_has_no_deadline() {
    let never = Calendar::new("never", Berlin, [], []);
    assert_eq!(never.add(berlin("2026-07-03 16:30"), hours(1)), None);
    assert_eq!(never.business_days(berlin("2026-07-03 16:30"), 1), None);
    let policy = Policy { calendar: Some(never), first_response_ms: Some(1), ..Policy::default() };
    let facts = waiting("1", berlin("2026-07-03 16:30"));
    assert_eq!(due(&policy, &facts, berlin("2026-07-03 17:00")), None);
}

#[test]
fn hours_over_a_change_of_the_clock_count_as_they_pass() {
    let night = Span { from_minute: 0, to_minute: 360 };
    let calendar = Calendar::new("night", London, [(Weekday::Sun, night)], []);
    let day = |text: &str| at(text, London);
    // 2026-03-29 has five hours before six, 2026-10-25 seven.
    let of = |from: &str, to: &str| calendar.between(day(from), day(to));
    assert_eq!(of("2026-03-28 12:00", "2026-03-29 12:00"), hours(5));
    assert_eq!(of("2026-10-24 12:00", "2026-10-25 12:00"), hours(7));
}

/// A vendor that counts in hours of its own, otherwise in each kind of chat.
fn market() -> Policy {
    let demand = |part: Option<&str>, counts: &[Marketplace], source: &str| VendorDemand {
        part: part.map(str::to_owned),
        counts: counts.to_vec(),
        source: source.to_owned(),
    };
    let vendor = VendorClock {
        hours: Some(Calendar::weekdays("market", Sao_Paulo, 8, 18)),
        demands: vec![
            demand(Some("B2W_SELLER"), &[Marketplace::BusinessDays(1)], "chats with the marketplace"),
            demand(
                None,
                &[Marketplace::BusinessHours(12), Marketplace::Running(24 * 3_600_000)],
                "Americanas seller pages, chats with customers: the earlier of both",
            ),
        ],
        others: vec!["CUSTOMER_B2W".to_owned()],
        none: None,
    };
    Policy { vendor, ..Policy::default() }
}

fn waiting(remote_id: &str, since: Time) -> Facts<'_> {
    Facts {
        remote_id,
        waiting_since: Some(since),
        replied: false,
        status: Status::Open,
        gate: GateEvidence::said(Gate::Open),
        pauses: &[],
    }
}

#[test]
fn a_customer_of_americanas_waits_the_earlier_of_both() {
    let friday = at("2026-07-03 16:30", Sao_Paulo);
    let facts = waiting("Shop-1/CUSTOMER_SELLER", friday);
    let policy = market();
    let found = due(&policy, &facts, friday).unwrap();
    assert_eq!((found.clock, found.at), (Whose::Marketplace, friday + hours(24)));
    assert_eq!(found.warned_at, found.at - TimeDelta::minutes(30));
    // Business hours that are long come first.
    let policy = Policy { calendar: Some(Calendar::always()), ..market() };
    assert_eq!(due(&policy, &facts, friday).unwrap().at, friday + hours(12));
}

#[test]
fn the_marketplace_itself_waits_a_business_day_and_a_chat_of_others_for_nothing() {
    let friday = at("2026-07-03 16:30", Sao_Paulo);
    let facts = waiting("Shop-1/B2W_SELLER", friday);
    let policy = market();
    assert_eq!(due(&policy, &facts, friday).unwrap().at, at("2026-07-06 16:30", Sao_Paulo));
    let facts = Facts { remote_id: "Shop-1/CUSTOMER_B2W", gate: GateEvidence::said(Gate::ReadOnly), ..facts };
    let policy = Policy { first_response_ms: Some(1), ..policy };
    assert_eq!(deadlines(&policy, &facts, friday), []);
}

#[test]
fn other_marketplaces_have_what_the_configuration_says() {
    let friday = berlin("2026-07-03 16:30");
    let facts = waiting("1", friday);
    let with = |marketplace| {
        due(&Policy { marketplace, calendar: Some(office()), ..Policy::default() }, &facts, friday)
            .map(|it| it.at)
    };
    assert_eq!(with(Marketplace::Default), None);
    assert_eq!(with(Marketplace::None), None);
    assert_eq!(with(Marketplace::Running(3_600_000)), Some(friday + hours(1)));
    assert_eq!(with(Marketplace::BusinessHours(1)), Some(berlin("2026-07-06 09:30")));
    assert_eq!(with(Marketplace::BusinessDays(1)), Some(berlin("2026-07-06 16:30")));
    let facts = waiting("1/CUSTOMER_SELLER", friday);
    assert_eq!(due(&Policy { marketplace: Marketplace::None, ..market() }, &facts, friday), None);
}

fn company() -> Policy {
    Policy {
        calendar: Some(office()),
        first_response_ms: Some(3_600_000),
        next_response_ms: Some(2 * 3_600_000),
        ..Policy::default()
    }
}

#[test]
fn the_first_answer_and_the_later_ones_have_targets_of_their_own() {
    let since = berlin("2026-07-01 10:00");
    let facts = waiting("1", since);
    let first = due(&company(), &facts, since).unwrap();
    assert_eq!((first.clock, first.at), (Whose::Company, berlin("2026-07-01 11:00")));
    let later = Facts { replied: true, ..facts.clone() };
    assert_eq!(due(&company(), &later, since).unwrap().at, berlin("2026-07-01 12:00"));
    let policy = Policy { first_response_ms: None, ..company() };
    assert_eq!(due(&policy, &facts, since), None);
    assert_eq!(due(&company(), &Facts { waiting_since: None, ..facts }, since), None);
}

#[test]
fn the_company_pauses_and_the_marketplace_does_not() {
    let since = berlin("2026-07-01 10:00");
    let demand = Policy { marketplace: Marketplace::Running(5 * 3_600_000), ..company() };
    let pauses = [
        Pause { from: berlin("2026-07-01 10:30"), to: Some(berlin("2026-07-01 12:00")), why: "pending" },
        Pause { from: berlin("2026-07-01 11:00"), to: Some(berlin("2026-07-01 12:10")), why: "mediation" },
    ];
    let facts = Facts { pauses: &pauses, ..waiting("1", since) };
    let all = deadlines(&demand, &facts, berlin("2026-07-01 12:20"));
    let found: Vec<_> = all.iter().map(|due| (due.clock, due.at)).collect();
    assert_eq!(
        found,
        [(Whose::Company, berlin("2026-07-01 12:40")), (Whose::Marketplace, berlin("2026-07-01 15:00")),]
    );
    for paused in [
        Facts { status: Status::Pending, ..facts.clone() },
        Facts { status: Status::OnHold, ..facts.clone() },
        Facts { gate: GateEvidence::said(Gate::Paused), ..facts.clone() },
    ] {
        let found = due(&demand, &paused, berlin("2026-07-01 12:20")).unwrap();
        assert_eq!((found.clock, found.at), (Whose::Marketplace, berlin("2026-07-01 15:00")));
    }
}

#[test]
fn a_mediation_that_was_there_at_first_sight_never_runs_out() {
    let since = berlin("2026-07-01 10:00");
    let paused = Facts { gate: GateEvidence::said(Gate::Paused), ..waiting("1/B2W_SELLER", since) };
    let policy = Policy { marketplace: Marketplace::None, ..company() };
    assert_eq!(due(&policy, &paused, berlin("2026-07-03 10:00")), None);
}

#[test]
fn a_breach_before_a_pause_stays_one() {
    let since = berlin("2026-07-01 10:00");
    let pauses = [Pause { from: berlin("2026-07-01 11:30"), to: None, why: "pending" }];
    let facts = Facts { pauses: &pauses, status: Status::Pending, ..waiting("1", since) };
    assert_eq!(due(&company(), &facts, berlin("2026-07-02 10:00")).unwrap().at, berlin("2026-07-01 11:00"));
}

#[test]
fn the_window_is_a_deadline_until_it_is_shut() {
    let since = berlin("2026-07-01 10:00");
    let until = since + hours(24);
    let facts = Facts { gate: GateEvidence::Window { until }, ..waiting("1", since) };
    let found = due(&Policy::default(), &facts, since).unwrap();
    assert_eq!(
        (found.clock, found.at, found.warned_at),
        (Whose::Window, until, until - TimeDelta::minutes(30))
    );
    assert_eq!(due(&Policy::default(), &facts, until), None);
    assert!(!blocked(&facts.gate, since) && blocked(&facts.gate, until));
}

#[test]
fn what_cannot_be_answered_is_told_from_what_can() {
    let now = berlin("2026-07-01 10:00");
    let blocks = |gate| blocked(&GateEvidence::said(gate), now);
    assert!(blocks(Gate::Paused) && blocks(Gate::ReadOnly) && blocks(Gate::TemplateOnly));
    assert!(!blocks(Gate::Open) && !blocks(Gate::Unknown) && !blocks(Gate::RemoteClosed));
}

#[test]
fn an_explanation_names_every_clock_and_what_it_is_made_of() {
    let since = at("2026-07-03 16:30", Sao_Paulo);
    let pauses = [Pause { from: since + hours(1), to: Some(since + hours(2)), why: "pending" }];
    let facts = Facts { pauses: &pauses, ..waiting("Shop-1/CUSTOMER_SELLER", since) };
    let policy = Policy { calendar: Some(split()), first_response_ms: Some(7_200_000), ..market() };
    let text = explain(crate::domain::Lang::En, &policy, &facts, since + hours(3), Sao_Paulo).join("\n");
    let expected = "\
waiting since Fri 2026-07-03 16:30 -03 (the oldest unanswered message)
marketplace: due Sat 2026-07-04 16:30 -03, in 21 h
  rule: Americanas seller pages, chats with customers: the earlier of both
  12 business hours: Tue 2026-07-07 10:00 -03
  24 h running: Sat 2026-07-04 16:30 -03
  calendar split: Mon-Fri 08:00-12:00 13:30-18:00, America/Sao_Paulo, 1 holiday
  runs every hour and never pauses
company: due Mon 2026-07-06 09:00 -03, in 61 h 30 min
  rule: first_response within 2 h of business time
  calendar split: Mon-Fri 08:00-12:00 13:30-18:00, America/Sao_Paulo, 1 holiday
  paused (pending) Fri 2026-07-03 17:30 -03 to Fri 2026-07-03 18:30 -03: 30 min of business time not counted
earliest: marketplace, Sat 2026-07-04 16:30 -03, in 21 h (at risk from Sat 2026-07-04 16:00 -03)";
    assert_eq!(text, expected);
    let silent = Facts { waiting_since: None, ..facts };
    assert_eq!(
        explain(crate::domain::Lang::En, &policy, &silent, since, Sao_Paulo),
        ["nobody waits for an answer: no clock runs"]
    );
}

#[test]
fn the_log_tells_pauses_and_the_episode() {
    let event = |minute: i64, what: &str, from: &str, to: &str| Event {
        seq: minute,
        at: from_millis(minute * 60_000),
        actor: None,
        what: what.into(),
        details: [("from".to_owned(), from.into()), ("to".to_owned(), to.into())].into_iter().collect(),
    };
    let minute = |n: i64| from_millis(n * 60_000);
    let found = logged(&[
        event(1, "gate", "paused", "open"),
        event(2, "state", "open", "pending"),
        event(3, "state", "pending", "on_hold"),
        event(4, "assign", "ana", "jon"),
        event(5, "episode", "", ""),
        event(6, "gate", "open", "paused"),
        event(7, "state", "on_hold", "open"),
    ]);
    let pause = |from, to: Option<i64>, why| Pause { from: minute(from), to: to.map(minute), why };
    let expected = [
        pause(0, Some(1), "mediation"),
        pause(2, Some(3), "pending"),
        pause(3, Some(7), "on hold"),
        pause(6, None, "mediation"),
    ];
    assert_eq!(found, Logged { pauses: expected.to_vec(), episode_since: Some(minute(5)) });
}

#[test]
fn a_policy_comes_back_from_json_as_it_went() {
    let policy = Policy { calendar: Some(split()), first_response_ms: Some(1), ..market() };
    let text = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
}

proptest! {
    #[test]
    fn what_was_added_lies_between(start in 1_600_000_000_i64..2_000_000_000, minutes in 0_i64..20_000) {
        let start = Time::from_timestamp(start, 0).unwrap();
        for calendar in [office(), split(), Calendar::always()] {
            let end = calendar.add(start, TimeDelta::minutes(minutes)).unwrap();
            prop_assert!(end >= start);
            prop_assert_eq!(calendar.between(start, end), TimeDelta::minutes(minutes));
        }
    }
}
