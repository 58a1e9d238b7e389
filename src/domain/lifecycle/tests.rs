use super::*;
use crate::domain::time::from_millis;

fn day(n: i64) -> Time {
    from_millis(1_760_000_000_000) + TimeDelta::days(n)
}

const IN: Fact = Fact::In { thanks: false };
const THANKS_ONLY: Fact = Fact::In { thanks: true };
const OUT: Fact = Fact::Out { keep: false };
const CLOSED: Fact = Fact::Closed { unanswered: false };

#[test]
fn the_table_of_what_moves_a_status() {
    type Story<'a> = (&'a str, &'a [(i64, Fact)], Status);
    let table: &[Story<'_>] = &[
        ("a first message", &[(0, IN)], Status::New),
        ("a reply to it", &[(0, IN), (1, OUT)], Status::Pending),
        ("a reply that keeps", &[(0, IN), (1, Fact::Out { keep: true })], Status::Open),
        ("their answer", &[(0, IN), (1, OUT), (2, IN)], Status::Open),
        ("no reply needed", &[(0, IN), (1, Fact::Settled)], Status::Pending),
        ("we began", &[(0, OUT)], Status::Pending),
        ("closed there, nothing unanswered", &[(0, IN), (1, OUT), (2, CLOSED)], Status::Resolved),
        ("closed there, something unanswered", &[(0, IN), (2, CLOSED)], Status::New),
        ("closed without an answer", &[(0, OUT), (1, Fact::Closed { unanswered: true })], Status::Open),
        (
            "thanks after it was resolved",
            &[(0, IN), (1, OUT), (2, CLOSED), (3, THANKS_ONLY)],
            Status::Resolved,
        ),
        ("a question after it was resolved", &[(0, IN), (1, OUT), (2, CLOSED), (3, IN)], Status::Open),
        ("thanks while pending", &[(0, IN), (1, OUT), (2, THANKS_ONLY)], Status::Open),
        ("a word after five days", &[(0, IN), (1, OUT), (2, CLOSED), (8, THANKS_ONLY)], Status::Open),
    ];
    for (what, facts, expected) in table {
        let mut life = Life::default();
        for (at, fact) in *facts {
            life.take(day(*at), *fact);
        }
        assert_eq!(life.status, *expected, "{what}");
    }
}

#[test]
fn five_days_close_and_the_next_word_begins_an_episode() {
    let mut life = Life::default();
    life.take(day(0), IN);
    life.take(day(0), OUT);
    life.take(day(1), CLOSED);
    assert!(life.clone().pass(day(5)).is_empty());
    life.pass(day(6));
    assert_eq!(life.status, Status::Closed);
    let steps = life.take(day(7), IN);
    assert!(steps.contains(&Step::Episode(2)));
    assert_eq!((life.status, life.episode), (Status::Open, 2));
}

#[test]
fn thanks_alone_is_short_and_asks_nothing() {
    for yes in
        ["Obrigado!", "muito obrigada 🙏", "Vielen Dank", "thank you so much", "ok, obrigado", "Danke schön!"]
    {
        assert!(thanks_alone(yes), "{yes}");
    }
    for no in [
        "",
        "ok",
        "obrigado?",
        "thanks, but where is it",
        "Obrigado mas não chegou",
        "danke, aber kaputt",
        "👍",
    ] {
        assert!(!thanks_alone(no), "{no}");
    }
}

#[test]
fn drift_is_said_with_the_vendors_word() {
    assert_eq!(
        drift(Status::Open, Some(true), true, Some("ARCHIVED")).as_deref(),
        Some("ARCHIVED at the vendor, open here")
    );
    assert_eq!(
        drift(Status::Resolved, Some(false), true, Some("in_progress")).as_deref(),
        Some("resolved here, in_progress at the vendor")
    );
    assert_eq!(drift(Status::Resolved, Some(false), false, None), None);
    assert_eq!(drift(Status::Resolved, None, true, None), None);
}
