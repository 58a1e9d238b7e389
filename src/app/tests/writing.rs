//! From `r` to the vendor and back.

use chrono::Duration;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::fixture::{Desk, message, options};
use crate::{
    app::{
        Effect, Input, Loaded, Msg, Outcome, Request, Screen, Stroke, Wish, review::Verdict, split::split,
    },
    domain::{
        Action, Direction, Draft, DraftKind, Gate, GateEvidence, Status, attachment::StoredFile,
        desk::Refusal, outbox::LocalChange,
    },
};

const SIZE: (u16, u16) = (80, 24);

#[test]
fn a_reply_is_one_commit_held_for_its_undo_window() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("Tudo bem!");
    desk.keys("Esc");
    assert_eq!(desk.model.review.as_ref().unwrap().verdict(), Verdict::Clean);
    desk.wished.clear();
    desk.keys("y");
    let [commit] = desk.commits()[..] else { unreachable!("one commit") };
    // The vendor's unread flag moves with the reply, as a row of its own after it.
    assert!(
        matches!(&commit.actions[..], [Action::Reply(out), Action::Read] if out.text == "Tudo bem!"),
        "{:?}",
        commit.actions
    );
    assert_eq!(commit.held_until, Some(desk.now + Duration::seconds(10)));
    assert_eq!(commit.status, Some(Status::Pending));
    assert_eq!(commit.ends_draft, Some((Some(crate::domain::ConversationId(17)), DraftKind::Reply)));
    assert_eq!(commit.seen.message, Some(crate::domain::MessageId(2)));
    assert!(desk.model.composer.is_none(), "the composer closes before the store has answered");
    desk.all_done();
    assert_eq!(desk.model.safety().unwrap(), "Held 10 s, then to João dos Santos (17) via americanas");
    desk.wait(2000);
    assert_eq!(desk.model.safety().unwrap(), "Held 8 s, then to João dos Santos (17) via americanas");
}

#[test]
fn undo_takes_the_held_reply_back_into_the_composer() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("oi");
    desk.keys("Esc y");
    desk.all_done();
    desk.keys("u");
    assert!(matches!(desk.wished.last(), Some((_, Wish::TakeBack(row))) if row.0 == 31));
    desk.done(taken_back(&desk));
    assert_eq!(desk.body(), "oi");
}

/// A reply that was `oi`.
fn taken_back(desk: &Desk) -> Outcome {
    Outcome::TakenBack(Some(Box::new(Draft {
        conversation: Some(crate::domain::ConversationId(17)),
        agent: "ana".into(),
        kind: DraftKind::Reply,
        body: "oi".into(),
        cursor: (0, 2),
        files: Vec::new(),
        quote: None,
        form: serde_json::Value::Null,
        saved_at: desk.now,
    })))
}

#[test]
fn letters_are_text_from_the_key_that_opened_the_composer() {
    let mut desk = Desk::open(SIZE);
    // Nothing of the conversation has been read: `r` and what follows in one breath are text all the same.
    desk.send(Msg::Input(Input::Key(Desk::stroke("r"))));
    for letter in ["e", "E", "q", "D"] {
        desk.send(Msg::Input(Input::Key(Desk::stroke(letter))));
    }
    assert_eq!(desk.body(), "eEqD");
    assert!(desk.commits().is_empty());
}

#[test]
fn a_draft_that_comes_late_keeps_what_was_typed_before_it() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    let (ticket, _) =
        *desk.asked.iter().find(|(_, it)| matches!(it, Request::Draft { .. })).as_ref().unwrap();
    let ticket = *ticket;
    desk.type_in("X");
    let draft = Draft {
        conversation: Some(crate::domain::ConversationId(17)),
        agent: "ana".into(),
        kind: DraftKind::Reply,
        body: "Olá João, ".into(),
        cursor: (0, 10),
        files: Vec::new(),
        quote: None,
        form: serde_json::Value::Null,
        saved_at: desk.now,
    };
    desk.send(Msg::Loaded(ticket, Loaded::Draft(Some(draft))));
    assert_eq!(desk.body(), "Olá João, X");
}

#[test]
fn words_are_on_their_way_to_disk_within_a_quarter_of_a_second() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("abc");
    desk.wait(250);
    let saved =
        desk.wished.iter().any(|(_, wish)| matches!(wish, Wish::SaveDraft(draft) if draft.body == "abc"));
    assert!(saved);
}

#[test]
fn escape_and_y_in_one_read_send() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("oi");
    let y = Stroke { key: KeyEvent::new(KeyCode::Char('y'), KeyModifiers::NONE), after_escape: true };
    desk.send(Msg::Input(Input::Burst(vec![Desk::stroke("Esc"), y])));
    assert_eq!(desk.commits().len(), 1);
}

#[test]
fn outside_text_a_key_that_came_with_an_escape_never_acts() {
    let mut desk = Desk::opened(SIZE);
    let e = Stroke { key: KeyEvent::new(KeyCode::Char('e'), KeyModifiers::NONE), after_escape: true };
    desk.send(Msg::Input(Input::Key(e)));
    assert!(desk.changes().iter().all(|change| !matches!(change, LocalChange::Status(_))));
    let k = Stroke { key: KeyEvent::new(KeyCode::Char('k'), KeyModifiers::NONE), after_escape: true };
    desk.send(Msg::Input(Input::Key(k)));
    assert_eq!(desk.model.thread.as_ref().unwrap().selected, 0, "it may move");
}

#[test]
fn a_note_has_no_key_that_sends_and_a_reply_none_that_saves_a_note() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("i");
    desk.answer();
    desk.type_in("nur intern");
    desk.keys("Esc y Y E Enter");
    assert!(desk.commits().is_empty());
    desk.keys("n");
    assert!(desk.changes().iter().any(|it| matches!(it, LocalChange::Note { text } if text == "nur intern")));
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("oi");
    desk.keys("Esc n Enter");
    assert!(desk.commits().is_empty());
    assert!(desk.changes().is_empty());
}

#[test]
fn what_is_red_offers_nothing_that_sends() {
    let mut desk = Desk::open(SIZE);
    desk.keys("G Enter");
    desk.answer();
    desk.keys("r");
    desk.answer();
    desk.type_in("oi");
    desk.keys("Esc");
    assert_eq!(desk.model.review.as_ref().unwrap().verdict(), Verdict::Red);
    desk.keys("y Y E l");
    assert!(desk.commits().is_empty() && desk.model.picker.is_none());
    desk.keys("k");
    assert!(desk.model.composer.is_none());
}

#[test]
fn an_amber_finding_is_taken_only_after_it_was_drawn() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("ligue para 11 98765-4321");
    for key in ["Esc", "Y"] {
        desk.send(Msg::Input(Input::Key(Desk::stroke(key))));
    }
    assert!(desk.commits().is_empty(), "the finding has not been on the screen");
    desk.answer();
    desk.keys("y E");
    assert!(desk.commits().is_empty());
    desk.keys("Y");
    assert_eq!(desk.commits().len(), 1);
}

#[test]
fn a_finding_under_a_pop_up_has_not_been_read() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("ligue para 11 98765-4321");
    for key in ["Esc", "D"] {
        desk.send(Msg::Input(Input::Key(Desk::stroke(key))));
    }
    desk.draw();
    for key in ["Esc", "Y"] {
        desk.send(Msg::Input(Input::Key(Desk::stroke(key))));
    }
    assert!(desk.commits().is_empty());
}

#[test]
fn a_refused_reply_is_back_with_what_arrived() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("oi");
    desk.keys("Esc y");
    let arrived = vec![message(9, 17, Direction::Inbound, "João", "Já chegou!")];
    let at = desk.wished.iter().position(|(_, wish)| matches!(wish, Wish::Commit(_))).unwrap();
    let commit = desk.wished.remove(at);
    desk.wished.push(commit);
    desk.done(Outcome::Refused(Refusal::Changed { arrived, rev: 13 }));
    assert_eq!(desk.body(), "oi");
    assert_eq!(desk.model.review.as_ref().unwrap().verdict(), Verdict::Amber);
    assert!(desk.notice().starts_with("NOT SENT to João dos Santos: 1 message came"));
    desk.draw();
    desk.keys("Y");
    let commit = desk.commits()[0];
    assert_eq!(commit.seen.message, None, "sent all the same");
}

#[test]
fn the_border_and_the_bar_follow_the_gate_without_a_key() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("oi");
    desk.keys("Esc");
    desk.store[0].gate = GateEvidence::Said { gate: Gate::Paused, since: Some(desk.now) };
    desk.send(Msg::StoreChanged);
    desk.answer();
    assert!(desk.others.contains(&Effect::Bell));
    assert_eq!(desk.model.review.as_ref().unwrap().verdict(), Verdict::Red);
    let row = desk.model.known(crate::domain::ConversationId(17)).unwrap();
    let (_, parts) = desk.model.border(row, DraftKind::Reply, false);
    assert!(parts[0].starts_with("CANNOT SEND: Americanas mediates since"));
}

#[test]
fn where_we_may_only_read_a_note_opens_and_says_so() {
    let mut desk = Desk::open(SIZE);
    desk.store[0].gate = GateEvidence::said(Gate::ReadOnly);
    desk.send(Msg::StoreChanged);
    desk.answer();
    desk.keys("r");
    assert_eq!(desk.model.composer.as_ref().unwrap().kind, DraftKind::Note);
    assert!(desk.notice().contains("only read"));
}

#[test]
fn a_closed_conversation_is_reopened_only_by_the_agents_own_key() {
    let mut desk = Desk::open(SIZE);
    desk.store[1].gate = GateEvidence::said(Gate::RemoteClosed);
    desk.send(Msg::StoreChanged);
    desk.answer();
    desk.keys("j r");
    desk.answer();
    desk.type_in("hello");
    desk.keys("Esc y");
    assert!(desk.commits().is_empty());
    desk.keys("Y");
    assert!(matches!(&desk.commits()[0].actions[0], Action::Reply(out) if out.reopen));
}

#[test]
fn resolving_with_a_reply_is_the_next_row_and_the_next_conversation_opens() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("pronto");
    desk.keys("Esc E");
    let commit = desk.commits()[0];
    assert!(matches!(commit.actions[..], [Action::Reply(_), Action::Status { close: true }]));
    assert_eq!(commit.status, Some(Status::Resolved));
    assert_eq!(desk.model.thread.as_ref().unwrap().id.0, 19);
}

#[test]
fn files_become_messages_of_one_file_each() {
    let file = |name: &str| StoredFile {
        sha256: name.into(),
        name: name.into(),
        mime: "image/jpeg".into(),
        size: 10,
    };
    let files = [file("photo1.jpg"), file("photo2.jpg"), file("photo3.jpg")];
    let capabilities = super::fixture::descriptor("myprotein", "thg", "THG", None).capabilities;
    let texts: Vec<String> =
        split("see these", &files, None, None, false, &capabilities).into_iter().map(|it| it.text).collect();
    assert_eq!(texts, ["see these", "(2/3) photo2.jpg", "(3/3) photo3.jpg"]);
    let long = "x".repeat(2000);
    let capabilities = super::fixture::descriptor("wa", "whatsapp", "WAPP", None).capabilities;
    let apart = split(&long, &files[..1], None, None, false, &capabilities);
    assert_eq!((apart.len(), apart[0].file.is_none(), apart[1].file.is_some()), (2, true, true));
}

#[test]
fn a_failed_reply_is_taken_back_by_opening_the_composer() {
    let mut desk = Desk::opened(SIZE);
    let mut row = outbox_row(31, 17);
    row.state = crate::domain::RowState::Failed;
    desk.model.thread.as_mut().unwrap().rows = vec![row];
    desk.keys("r");
    let asked = |desk: &Desk| {
        let all = desk.wished.iter().filter(|(_, wish)| matches!(wish, Wish::TakeBack(n) if n.0 == 31));
        all.map(|(ticket, _)| *ticket).collect::<Vec<_>>()
    };
    let first = asked(&desk);
    assert_eq!(first.len(), 1);
    // Left before the text is there: it comes all the same, and is asked for once.
    desk.answer();
    desk.keys("Esc");
    assert!(desk.model.composer.is_none());
    let outcome = taken_back(&desk);
    desk.send(Msg::Done(first[0], outcome));
    assert_eq!(desk.body(), "oi");
    assert_eq!(asked(&desk), first);
}

#[test]
fn a_failed_reply_comes_back_however_late_its_row_is_read() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    let mut row = outbox_row(31, 17);
    row.state = crate::domain::RowState::Failed;
    desk.send(Msg::StoreChanged);
    let asked = std::mem::take(&mut desk.asked);
    let rows = asked.iter().find(|(_, request)| matches!(request, Request::Outbox(Some(_))));
    let (ticket, _) = rows.expect("the rows of the conversation");
    desk.send(Msg::Loaded(*ticket, Loaded::Outbox(vec![row])));
    assert!(desk.wished.iter().any(|(_, wish)| matches!(wish, Wish::TakeBack(n) if n.0 == 31)));
}

pub(crate) fn outbox_row(n: i64, of: i64) -> crate::domain::OutboxRow {
    crate::domain::OutboxRow {
        n: crate::domain::RowNumber(n),
        conversation: crate::domain::ConversationId(of),
        channel: "americanas".into(),
        action: Action::Reply(crate::domain::Outgoing { text: "oi".into(), ..Default::default() }),
        state: crate::domain::RowState::Queued,
        author: "ana".into(),
        attempts: 1,
        not_before: None,
        reason: None,
        error: None,
        created_at: super::fixture::now(),
        sent_at: None,
        message: None,
        send_id: "s".into(),
        seen_rev: None,
        seen_message: None,
        after: None,
        evidence: serde_json::Value::Null,
        upload: None,
        lookups: Vec::new(),
    }
}

#[test]
fn the_form_asks_for_what_its_channel_needs() {
    let mut desk = Desk::open(SIZE);
    desk.keys("c");
    desk.answer();
    assert_eq!(desk.model.screen, Screen::Form);
    assert_eq!(desk.model.form.as_ref().unwrap().descriptor().name.0, "dsco-supplier");
    desk.keys("Right Right Tab");
    desk.type_in("webs");
    desk.keys("Tab Tab");
    desk.type_in("I cannot log in");
    desk.keys("Esc y");
    let commit = desk.commits()[0];
    let Action::Create(new) = &commit.actions[0] else { unreachable!("a create") };
    assert_eq!(new.category.as_deref(), Some("WEBSITE_ISSUES"));
    assert_eq!(new.first.text, "I cannot log in");
    assert_eq!(commit.conversation, None);
}

#[test]
fn the_session_restores_the_half_sentence() {
    let mut desk = Desk::unread(options(SIZE));
    let asked = std::mem::take(&mut desk.asked);
    for (ticket, request) in asked {
        if matches!(request, Request::Session) {
            let session =
                serde_json::json!({ "view": "All", "selected": 17, "open": 17, "composer": "reply" });
            desk.send(Msg::Loaded(ticket, Loaded::Session(Some(session))));
        }
    }
    desk.answer();
    assert_eq!(desk.model.screen, Screen::Thread);
    assert_eq!(desk.model.composer.as_ref().unwrap().to.unwrap().0, 17);
}

#[test]
fn the_bar_says_why_a_key_of_its_is_not_offered_now() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("write to joao@example.com");
    desk.keys("Esc y");
    assert_eq!(desk.notice(), "look at what was found: Y sends all the same");
    // The pop-up of statuses would offer nothing that can be done; the next key is swallowed all the same.
    desk.keys("s");
    assert_eq!(desk.notice(), "look at what was found: Y sends all the same");
    desk.wait(400);
    assert!(!desk.model.prefix_shown);
    desk.keys("p");
    assert!(desk.model.review.is_some() && desk.commits().is_empty());
    desk.keys("n");
    assert_eq!(desk.notice(), "this is a reply, not a note: nothing was saved");
    desk.keys("e Ctrl-u Esc");
    let mut desk = Desk::open(SIZE);
    desk.keys("G r");
    desk.answer();
    desk.type_in("oi");
    desk.keys("Esc Y");
    assert_eq!(desk.notice(), "cannot be sent: the marketplace mediates: replies are refused until it ends");
}

#[test]
fn who_closed_it_is_the_partner_that_the_consumer_is_reached_through() {
    let mut row = super::fixture::conversation(40, "dsco-supplier", "dsco", "consumer 55512", "Late");
    row.counterpart.addressee = "CONSUMER 55512 through Big Retailer".into();
    let since = Some(super::fixture::at("00:10"));
    row.gate = crate::domain::GateEvidence::Said { gate: crate::domain::Gate::RemoteClosed, since };
    let desk = Desk::open(SIZE);
    let (_, parts) = desk.model.border(&row, DraftKind::Reply, false);
    assert!(parts[0].starts_with("CLOSED by Big Retailer "), "{}", parts[0]);
}
