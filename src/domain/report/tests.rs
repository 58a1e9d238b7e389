use chrono::{TimeDelta, Weekday};
use chrono_tz::{America::Sao_Paulo, Europe::Berlin, Tz};
use serde_json::json;

use super::*;
use crate::domain::{
    ChannelKind, ConversationId, Direction, Role,
    clock::{Calendar, Marketplace, Span},
    outbox::Event,
};

fn at(text: &str, zone: Tz) -> Time {
    let wall = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    wall.and_local_timezone(zone).unwrap().to_utc()
}

/// July 2026; the third is a Friday.
fn july(day: u32, time: &str) -> Time {
    at(&format!("2026-07-{day:02} {time}"), Berlin)
}

fn office() -> Calendar {
    Calendar::weekdays("office", Berlin, 9, 17)
}

fn split() -> Calendar {
    let days = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let spans = [(480, 720), (810, 1080)].map(|(from_minute, to_minute)| Span { from_minute, to_minute });
    let all = days.iter().flat_map(|day| spans.iter().map(move |span| (*day, *span)));
    Calendar::new("split", Sao_Paulo, all, [])
}

/// A conversation of a channel called `shop`, told step by step.
struct Log(Track);

impl Log {
    fn new() -> Self {
        Self(Track {
            conversation: ConversationId(17),
            channel: "shop".into(),
            kind: ChannelKind::DSCO,
            remote_id: "1".into(),
            labels: vec!["vip".into()],
            mute: false,
            messages: Vec::new(),
            events: Vec::new(),
        })
    }

    fn message(mut self, at: Time, direction: Direction, by: &str, thanks: bool) -> Self {
        let id = i64::try_from(self.0.messages.len()).unwrap() + 1;
        let role = if direction == Direction::Inbound { Role::Customer } else { Role::Agent };
        let here = direction == Direction::Outbound && by != "portal";
        let by = Some(by.to_owned());
        self.0.messages.push(Said { id, at, received_at: at, direction, role, by, here, thanks });
        self
    }

    fn hears(self, at: Time) -> Self {
        self.message(at, Direction::Inbound, "João", false)
    }

    fn thanked(self, at: Time) -> Self {
        self.message(at, Direction::Inbound, "João", true)
    }

    fn says(self, at: Time, by: &str) -> Self {
        self.message(at, Direction::Outbound, by, false)
    }

    fn event(mut self, at: Time, what: &str, details: &serde_json::Value) -> Self {
        let seq = i64::try_from(self.0.events.len()).unwrap() + 100;
        let details = details.as_object().unwrap().clone();
        self.0.events.push(Event { seq, at, actor: Some("ana".into()), what: what.into(), details });
        self
    }

    fn state(self, at: Time, from: &str, to: &str) -> Self {
        self.event(at, "state", &json!({ "from": from, "to": to }))
    }

    fn report(&self, policies: Vec<(Time, Policy)>, until: Time) -> Report {
        self.by(By::All, policies, until)
    }

    fn by(&self, by: By, policies: Vec<(Time, Policy)>, until: Time) -> Report {
        let mut report = Report::new(Scope { from: Time::UNIX_EPOCH, to: until, by });
        report.add(&self.0, &Policies::from([("shop".into(), policies)]));
        report
    }
}

fn with(calendar: Calendar) -> Vec<(Time, Policy)> {
    vec![(Time::UNIX_EPOCH, Policy { calendar: Some(calendar), ..Policy::default() })]
}

fn next_response(hours: i64) -> Policy {
    let ms = Some(TimeDelta::hours(hours).num_milliseconds());
    Policy { first_response_ms: ms, next_response_ms: ms, ..Policy::default() }
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what may be none")]
fn minutes(n: i64) -> Option<TimeDelta> {
    Some(TimeDelta::minutes(n))
}

#[test]
fn a_run_counts_from_its_first_message() {
    let log = Log::new().hears(july(1, "18:10")).hears(july(1, "18:44")).says(july(2, "09:00"), "jon");
    let report = log.report(with(office()), july(10, "00:00"));
    assert_eq!(report.value("all", Figure::NextResponse).median, minutes(14 * 60 + 50));
    assert_eq!(report.value("all", Figure::NextResponseBusiness).median, minutes(0));
    assert_eq!(report.value("all", Figure::MessagesIn).n, 2);
    let item = &report.items("all", Figure::NextResponse)[0];
    assert_eq!(item.from, july(1, "18:10"));
    assert_eq!(item.sources, [Source::Message(1), Source::Message(3)]);
}

#[test]
fn a_reply_within_the_break_at_noon_took_no_business_time() {
    let sp = |time: &str| at(&format!("2026-07-01 {time}"), Sao_Paulo);
    let log = Log::new().hears(sp("12:30")).says(sp("13:00"), "jon");
    let report = log.report(with(split()), sp("18:00"));
    assert_eq!(report.value("all", Figure::FirstResponse).median, minutes(30));
    assert_eq!(report.value("all", Figure::FirstResponseBusiness).median, minutes(0));
}

#[test]
fn the_first_response_is_credited_to_its_sender_whoever_has_the_conversation() {
    let log = Log::new()
        .hears(july(1, "10:00"))
        .event(july(1, "10:01"), "assign", &json!({"to": "ana"}))
        .says(july(1, "11:00"), "jon")
        .hears(july(1, "12:00"))
        .says(july(1, "12:10"), "portal");
    let report = log.by(By::Agent, with(office()), july(2, "00:00"));
    assert_eq!(report.value("jon", Figure::FirstResponse).median, minutes(60));
    assert_eq!(report.value("ana", Figure::FirstResponse).n, 0);
    assert_eq!(report.value("portal", Figure::NextResponse).median, minutes(10));
    assert_eq!(report.value("ana", Figure::MessagesIn).n, 1);
    assert_eq!(report.value("nobody", Figure::MessagesIn).n, 1);
}

#[test]
fn an_episode_that_we_began_has_no_first_response() {
    let log = Log::new().says(july(1, "10:00"), "jon").hears(july(1, "11:00")).says(july(1, "11:30"), "jon");
    let report = log.report(with(office()), july(2, "00:00"));
    assert_eq!(report.value("all", Figure::FirstResponse), Value::default());
    assert_eq!(report.value("all", Figure::NextResponse).median, minutes(30));
}

#[test]
fn a_thanks_after_it_was_resolved_is_a_run_that_needs_no_reply_and_breaks_nothing() {
    let log = Log::new()
        .hears(july(1, "10:00"))
        .says(july(1, "10:30"), "jon")
        .state(july(1, "10:30"), "new", "resolved")
        .thanked(july(1, "11:00"));
    let report = log.report(vec![(Time::UNIX_EPOCH, next_response(1))], july(10, "00:00"));
    assert_eq!(report.value("all", Figure::NoReplyNeeded).n, 1);
    assert_eq!(report.value("all", Figure::NextResponse).n, 1);
    assert_eq!(report.value("all", Figure::BreachesCompany).n, 0);
    assert_eq!(report.value("all", Figure::Backlog).n, 0);
    assert_eq!(report.value("all", Figure::FirstResolution).median, minutes(30));
}

#[test]
fn no_reply_needed_closes_a_run_without_a_length() {
    let log = Log::new().hears(july(1, "10:00")).state(july(1, "10:20"), "new", "pending").event(
        july(1, "10:20"),
        "no reply needed",
        &json!({}),
    );
    let report = log.report(vec![(Time::UNIX_EPOCH, next_response(1))], july(10, "00:00"));
    assert_eq!(report.value("all", Figure::NoReplyNeeded).n, 1);
    assert_eq!(report.value("all", Figure::NextResponse), Value::default());
    assert_eq!(report.value("all", Figure::BreachesCompany).n, 0);
}

#[test]
fn a_late_answer_stays_a_breach_and_another_policy_frees_later_ones_only() {
    let log = Log::new()
        .hears(july(1, "10:00"))
        .says(july(1, "14:00"), "jon")
        .hears(july(2, "10:00"))
        .says(july(2, "14:00"), "jon");
    let strict = (Time::UNIX_EPOCH, next_response(1));
    let report = log.report(vec![strict.clone()], july(3, "00:00"));
    assert_eq!(report.value("all", Figure::BreachesCompany).n, 2);
    assert_eq!(report.value("all", Figure::BreachesAnswered).n, 2);
    let item = &report.items("all", Figure::BreachesCompany)[0];
    assert_eq!(item.due.unwrap().at, july(1, "11:00"));
    // A generous policy since the second morning, before the second deadline.
    let generous = (july(2, "10:30"), next_response(8));
    let report = log.report(vec![strict.clone(), generous], july(3, "00:00"));
    assert_eq!(report.value("all", Figure::BreachesCompany).n, 1);
    // One that comes after the deadline was missed frees nothing.
    let late = (july(2, "11:30"), next_response(8));
    let report = log.report(vec![strict, late], july(3, "00:00"));
    assert_eq!(report.value("all", Figure::BreachesCompany).n, 2);
}

#[test]
fn the_company_clock_stands_still_on_hold_and_the_marketplaces_does_not() {
    let log = Log::new()
        .hears(july(1, "10:00"))
        .state(july(1, "10:30"), "new", "on_hold")
        .state(july(1, "16:00"), "on_hold", "open")
        .says(july(1, "16:15"), "jon");
    let both = Policy {
        marketplace: Marketplace::Running(TimeDelta::hours(2).num_milliseconds()),
        ..next_response(1)
    };
    let report = log.report(vec![(Time::UNIX_EPOCH, both)], july(3, "00:00"));
    assert_eq!(report.value("all", Figure::BreachesCompany).n, 0);
    assert_eq!(report.value("all", Figure::BreachesMarketplace).n, 1);
}

#[test]
fn the_backlog_is_rebuilt_for_any_moment() {
    let log = Log::new()
        .hears(july(1, "10:00"))
        .says(july(1, "11:00"), "jon")
        .state(july(1, "11:00"), "new", "pending")
        .event(july(1, "12:00"), "snooze", &json!({"to": july(2, "09:00").timestamp_millis()}))
        .event(july(2, "09:00"), "woke", &json!({}))
        .hears(july(2, "10:00"))
        .state(july(2, "10:00"), "pending", "open")
        .state(july(3, "10:00"), "open", "resolved");
    let backlog = |day, time| {
        let report = log.report(with(office()), july(day, time));
        [Figure::Backlog, Figure::BacklogActionable, Figure::BacklogSnoozed]
            .map(|figure| report.value("all", figure).n)
    };
    assert_eq!(backlog(1, "09:00"), [0, 0, 0]);
    assert_eq!(backlog(1, "10:30"), [1, 1, 0]);
    assert_eq!(backlog(1, "11:30"), [1, 0, 0]);
    assert_eq!(backlog(1, "13:00"), [0, 0, 1]);
    assert_eq!(backlog(2, "09:30"), [1, 0, 0]);
    assert_eq!(backlog(2, "11:00"), [1, 1, 0]);
    assert_eq!(backlog(4, "00:00"), [0, 0, 0]);
}

#[test]
fn resolution_is_three_numbers() {
    let log = Log::new()
        .hears(july(1, "10:00"))
        .says(july(1, "11:00"), "jon")
        .state(july(1, "12:00"), "new", "resolved")
        .hears(july(1, "13:00"))
        .state(july(1, "13:00"), "resolved", "open")
        .says(july(1, "13:20"), "jon")
        .state(july(1, "14:00"), "open", "resolved");
    let report = log.report(with(office()), july(2, "00:00"));
    assert_eq!(report.value("all", Figure::FirstResolution).median, minutes(120));
    assert_eq!(report.value("all", Figure::FullResolution).median, minutes(240));
    assert_eq!(report.value("all", Figure::FullResolutionBusiness).median, minutes(240));
    assert_eq!(report.value("all", Figure::OurShare).median, minutes(80));
    // As it was while it was open again: nothing is resolved for good.
    let earlier = log.report(with(office()), july(1, "13:10"));
    assert_eq!(earlier.value("all", Figure::FullResolution), Value::default());
    assert_eq!(earlier.value("all", Figure::FirstResolution).n, 1);
}

#[test]
fn a_message_after_it_was_closed_begins_another_episode() {
    let log = Log::new()
        .hears(july(1, "10:00"))
        .says(july(1, "11:00"), "jon")
        .state(july(1, "11:00"), "new", "resolved")
        .hears(july(8, "10:00"))
        .state(july(8, "10:00"), "resolved", "closed")
        .event(july(8, "10:00"), "episode", &json!({"n": 2}))
        .state(july(8, "10:00"), "closed", "open")
        .says(july(8, "10:30"), "ana");
    let report = log.report(with(office()), july(9, "00:00"));
    assert_eq!(report.value("all", Figure::Episodes).n, 2);
    assert_eq!(report.value("all", Figure::FirstResponse).n, 2);
    assert_eq!(report.value("all", Figure::FirstResponse).median, minutes(45));
    assert_eq!(report.value("all", Figure::FirstResponse).p90, minutes(60));
    assert_eq!(report.value("all", Figure::FullResolution).median, minutes(60));
    assert_eq!(report.value("all", Figure::Backlog).n, 1);
}

#[test]
fn a_reply_answers_what_was_here_when_it_was_written_whatever_the_vendors_clock_says() {
    // Their clock is ten minutes ahead of ours.
    let log = Log::new().hears(july(1, "10:10")).says(july(1, "10:05"), "jon");
    let report = log.report(with(office()), july(10, "00:00"));
    assert_eq!(report.value("all", Figure::NextResponse).median, minutes(0));
    assert_eq!(report.value("all", Figure::NextResponse).n, 1);
}

#[test]
fn what_may_only_be_read_is_in_no_figure_and_what_never_was_is_not_a_nought() {
    let mut log = Log::new().hears(july(1, "10:00"));
    log.0.mute = true;
    let report = log.report(with(office()), july(2, "00:00"));
    assert!(Figure::all().all(|figure| report.value("all", figure) == Value::default()));
    // No calendar, no business hours.
    let plain = Log::new().hears(july(1, "10:00")).says(july(1, "11:00"), "jon");
    let report = plain.report(vec![(Time::UNIX_EPOCH, Policy::default())], july(2, "00:00"));
    assert_eq!(report.value("all", Figure::FirstResponseBusiness), Value::default());
    assert_eq!(plain.by(By::Label, Vec::new(), july(2, "00:00")).groups(), ["vip"]);
}

#[test]
fn every_figure_has_a_word_of_its_own_and_a_formula() {
    let words: BTreeSet<_> = Figure::all().map(Figure::as_str).collect();
    assert_eq!(words.len(), Figure::all().count());
    for figure in Figure::all() {
        assert_eq!(Figure::parse(figure.as_str()), Some(figure));
        assert!(!figure.formula().is_empty());
    }
}

#[test]
fn lengths_are_written_as_people_say_them() {
    let text = |seconds| length(TimeDelta::seconds(seconds));
    assert_eq!([text(45), text(750), text(11_100), text(187_200)], ["45 s", "12 min", "3 h 05", "2 d 4 h"]);
}
