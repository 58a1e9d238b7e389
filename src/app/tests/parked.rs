//! What was not sent while nobody was there.

use chrono::Duration;

use super::fixture::{Desk, now, options};
use crate::{
    app::{Loaded, Msg, Request, Wish},
    domain::{Action, ConversationId, OutboxRow, Outgoing, RowNumber, RowState, outbox::NOBODY_UP},
};

fn row(n: i64, state: RowState, reason: &str) -> OutboxRow {
    OutboxRow {
        n: RowNumber(n),
        conversation: ConversationId(17),
        channel: "americanas".into(),
        action: Action::Reply(Outgoing { text: "Sai hoje".into(), ..Outgoing::default() }),
        state,
        author: "ana".into(),
        attempts: 0,
        not_before: None,
        reason: Some(reason.into()),
        error: None,
        // 00:52 UTC is 21:52 of the day before in São Paulo.
        created_at: now() - Duration::hours(20),
        sent_at: None,
        message: None,
        send_id: n.to_string(),
        seen_rev: None,
        seen_message: None,
        after: None,
        evidence: serde_json::Value::Null,
        upload: None,
        lookups: Vec::new(),
    }
}

fn reads(desk: &mut Desk, rows: &[OutboxRow]) {
    let at = desk.asked.iter().rposition(|(_, it)| matches!(it, Request::Outbox(None))).expect("asked");
    let (ticket, _) = desk.asked.remove(at);
    desk.answer();
    desk.send(Msg::Loaded(ticket, Loaded::Outbox(rows.to_vec())));
    desk.draw();
    desk.answer();
}

fn question(desk: &Desk) -> String {
    desk.model.ask.as_ref().map(|ask| format!("{} | {}", ask.question, ask.yes)).unwrap_or_default()
}

fn wishes(desk: &Desk) -> Vec<&Wish> {
    let settles = |wish: &&Wish| matches!(wish, Wish::Retry(_) | Wish::TakeBack(_) | Wish::Discard(_));
    desk.wished.iter().map(|(_, wish)| wish).filter(settles).collect()
}

#[test]
fn the_next_start_asks_first_of_all_what_to_do_with_a_parked_reply() {
    let mut desk = Desk::unread(options((80, 24)));
    reads(&mut desk, &[row(31, RowState::Parked, NOBODY_UP)]);
    assert_eq!(
        question(&desk),
        "Not sent: reply to João dos Santos, 01:52.  (no engine ran within 15 minutes of its time) | send   e edit   \
         D discard"
    );
    for (key, wish) in [
        ("Y", Wish::Retry(RowNumber(31))),
        ("e", Wish::TakeBack(RowNumber(31))),
        ("D", Wish::Discard(RowNumber(31))),
    ] {
        let mut desk = Desk::unread(options((80, 24)));
        reads(&mut desk, &[row(31, RowState::Parked, NOBODY_UP)]);
        desk.keys(key);
        assert_eq!(wishes(&desk), [&wish]);
        assert!(desk.model.ask.is_none());
    }
}

#[test]
fn each_parked_row_is_asked_about_once() {
    let mut desk = Desk::unread(options((80, 24)));
    let rows = [row(31, RowState::Parked, "jon has replied since"), row(32, RowState::Parked, NOBODY_UP)];
    reads(&mut desk, &rows);
    assert!(question(&desk).contains("jon has replied"));
    desk.keys("Esc");
    assert!(question(&desk).contains("no engine ran"));
    desk.keys("Esc");
    assert!(desk.model.ask.is_none() && wishes(&desk).is_empty());
}

#[test]
fn a_row_that_the_engine_parks_as_it_comes_up_is_asked_about_too_but_nothing_that_is_someone_elses() {
    let mut desk = Desk::unread(options((80, 24)));
    let foreign = OutboxRow { author: "jon".into(), ..row(30, RowState::Parked, NOBODY_UP) };
    reads(&mut desk, &[foreign, row(31, RowState::Held, "")]);
    assert!(desk.model.ask.is_none());
    desk.send(Msg::StoreChanged);
    reads(&mut desk, &[row(31, RowState::Parked, NOBODY_UP)]);
    assert!(question(&desk).starts_with("Not sent: reply to João"));
}

#[test]
fn nobody_is_asked_while_letters_are_text() {
    let mut desk = Desk::opened((80, 24));
    desk.keys("r");
    desk.send(Msg::StoreChanged);
    reads(&mut desk, &[row(31, RowState::Parked, NOBODY_UP)]);
    assert!(desk.model.ask.is_none());
}
