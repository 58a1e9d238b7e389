//! One text for many, one by one.

use chrono::Duration;

use super::fixture::{Desk, conversation, message};
use crate::{
    app::{Outcome, Screen, Wish, actions::place, once::OnceRow, review::Verdict},
    domain::{
        Action, ConversationId, Direction, Draft, DraftKind, Gate, GateEvidence, Status, desk::Refusal,
    },
};

const SIZE: (u16, u16) = (80, 24);

/// Kerry, two more who ask the same, and one whose marketplace mediates, all marked.
fn desk(size: (u16, u16)) -> Desk {
    let mut desk = Desk::open(size);
    let mut more = Vec::new();
    for (id, name) in [(31, "Maria Silva"), (32, "Rosa Lima")] {
        let mut row = conversation(id, "americanas", "skyhub", name, "Produto ainda não chegou");
        row.lang = Some("pt".into());
        row.unread = 1;
        desk.threads.insert(id, vec![message(id * 10, id, Direction::Inbound, name, "Cadê meu produto?")]);
        more.push(row);
    }
    let mut paused = conversation(33, "americanas", "skyhub", "Jonas Reis", "Produto ainda não chegou");
    paused.gate = GateEvidence::Said { gate: Gate::Paused, since: None };
    more.push(paused);
    desk.store = more;
    desk.send(crate::app::Msg::StoreChanged);
    desk.answer();
    desk.keys(".");
    desk.answer();
    desk.keys("g g x x x");
    assert_eq!(desk.model.list.marks.len(), 3);
    desk
}

fn row(desk: &Desk, id: i64) -> OnceRow {
    let once = desk.model.once.as_ref().expect("a text for many");
    once.rows.iter().find(|row| row.conversation.id.0 == id).expect("a row").clone()
}

fn sent_to(desk: &Desk) -> Vec<i64> {
    desk.commits().iter().filter_map(|commit| commit.conversation).map(|id| id.0).collect()
}

/// Written, reviewed, every row's words drawn.
fn reviewed(text: &str) -> Desk {
    let mut desk = desk(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in(text);
    desk.keys("Esc");
    desk.answer();
    desk.keys("Down Down Up Up");
    desk.wished.clear();
    desk
}

#[test]
fn r_on_marks_is_text_at_once_and_says_to_whom() {
    let mut desk = desk(SIZE);
    desk.keys("r e E q D");
    assert_eq!(desk.body(), "eEqD");
    assert_eq!(desk.model.place(), place::COMPOSER);
    assert_eq!(
        desk.model.once_border(70),
        "TO 3 CUSTOMERS, one by one: Maria Silva (31), Rosa Lima (32), +1"
    );
    // Kept on disk under a name of its own, in nobody's conversation.
    desk.answer();
    desk.wait(250);
    let saved = desk.wished.iter().find_map(|(_, wish)| match wish {
        Wish::SaveDraft(draft) => Some((draft.conversation, draft.kind, draft.body.clone())),
        _ => None,
    });
    assert_eq!(saved, Some((None, DraftKind::Once, "eEqD".into())));
    desk.keys("Esc k");
    assert_eq!((desk.model.screen, desk.model.list.marks.len()), (Screen::List, 3), "the marks stay");
}

#[test]
fn quotes_and_macros_still_act_on_one_only() {
    let mut desk = desk(SIZE);
    desk.keys("R");
    assert!(desk.model.ask.as_ref().unwrap().is_sentence() && desk.model.once.is_none());
}

#[test]
fn each_row_has_its_own_words_and_verdict_and_only_what_is_clean_goes() {
    let mut desk = reviewed("Olá {{customer.first_name}}, pedimos desculpas pelo atraso.");
    assert_eq!(row(&desk, 31).text, "Olá Maria, pedimos desculpas pelo atraso.");
    assert_eq!(row(&desk, 32).verdict(), Verdict::Clean);
    assert_eq!(row(&desk, 33).verdict(), Verdict::Red);
    assert_eq!(desk.model.review_question(), "Send to 2 of 3 customers, one by one?");
    desk.keys("y");
    assert_eq!(sent_to(&desk), [31, 32]);
    let texts: Vec<String> = desk
        .commits()
        .iter()
        .map(|commit| match &commit.actions[0] {
            Action::Reply(outgoing) => outgoing.text.clone(),
            other => unreachable!("{other:?}"),
        })
        .collect();
    assert!(texts[0].starts_with("Olá Maria,") && texts[1].starts_with("Olá Rosa,"), "{texts:?}");
    let ends: Vec<_> = desk.commits().iter().map(|commit| commit.ends_draft).collect();
    assert_eq!(ends, [None, Some((None, DraftKind::Once))], "the text ends with the last of them");
    assert!(desk.commits().iter().all(|commit| commit.held_until == Some(desk.now + Duration::seconds(10))
        && commit.status == Some(Status::Pending)));
    // What was left out is still marked, and says why.
    assert_eq!(desk.model.list.marks.iter().map(|id| id.0).collect::<Vec<_>>(), [33]);
    assert!(desk.model.list.left[&ConversationId(33)].contains("mediates"));
    desk.keys("X");
    assert!(desk.model.list.left.is_empty());
}

#[test]
fn nobody_is_written_to_whose_line_or_words_have_not_been_drawn() {
    let mut desk = desk(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("Pedimos desculpas.");
    desk.keys("Esc");
    desk.answer();
    // Only the first row's words stand on the screen: the others are not clean yet.
    assert_eq!(row(&desk, 31).verdict(), Verdict::Clean);
    assert_eq!(row(&desk, 32).verdict(), Verdict::Amber);
    desk.keys("y");
    assert_eq!(sent_to(&desk), [31]);

    // More rows than there is room for: those below must be turned to first.
    let mut desk = Desk::open(SIZE);
    desk.store = (1..=40)
        .map(|id| conversation(id, "americanas", "skyhub", &format!("Customer {id}"), "Where is it?"))
        .collect();
    desk.send(crate::app::Msg::StoreChanged);
    desk.answer();
    desk.keys(".");
    desk.answer();
    desk.keys("V r");
    desk.answer();
    desk.type_in("Soon.");
    desk.keys("Esc");
    desk.answer();
    desk.wished.clear();
    desk.keys("y");
    assert!(sent_to(&desk).is_empty(), "{}", desk.notice());
    assert!(desk.notice().contains("not been shown yet: nothing was sent"), "{}", desk.notice());
    for _ in 0..40 {
        desk.keys("Down");
    }
    desk.keys("y");
    assert_eq!(sent_to(&desk).len(), 40);
}

#[test]
fn a_row_is_ticked_by_itself_and_amber_needs_a_key_of_its_own() {
    let mut desk = reviewed("Pedimos desculpas, escreva para loja@example.com");
    assert_eq!(row(&desk, 31).verdict(), Verdict::Amber);
    desk.keys("y Y");
    assert!(sent_to(&desk).is_empty() && desk.notice().contains("nobody is ticked"), "{}", desk.notice());
    desk.keys("x");
    assert!(row(&desk, 31).ticked() && !row(&desk, 32).ticked());
    desk.keys("y");
    assert!(sent_to(&desk).is_empty(), "{}", desk.notice());
    assert!(desk.model.review_offers().0.starts_with("Y send to 1, 1 of them all the same"));
    desk.keys("Y");
    assert_eq!(sent_to(&desk), [31]);
    // Red is never ticked, clean is unticked with the same key.
    let mut desk = reviewed("Pedimos desculpas.");
    desk.keys("Down Down x");
    assert!(!row(&desk, 33).ticked() && desk.notice().contains("never sent there"), "{}", desk.notice());
    desk.keys("Up Up x y");
    assert_eq!(sent_to(&desk), [32]);
    assert_eq!(desk.model.list.left[&ConversationId(31)], "NOT SENT: not ticked");
}

#[test]
fn a_hole_in_one_rows_words_stops_that_row_only() {
    let mut desk = reviewed("Pedido {{order.number}} sai hoje.");
    assert_eq!(row(&desk, 31).verdict(), Verdict::Red);
    assert!(row(&desk, 31).verdict_words(crate::domain::Lang::En).contains("{{order.number}}"));
    desk.keys("y");
    assert!(sent_to(&desk).is_empty());
}

#[test]
fn what_comes_while_the_bar_is_open_has_to_be_shown_first() {
    let mut desk = reviewed("Pedimos desculpas.");
    desk.threads.get_mut(&32).unwrap().push(message(999, 32, Direction::Inbound, "Rosa", "Já chegou!"));
    desk.store[1].unread = 2;
    desk.send(crate::app::Msg::StoreChanged);
    desk.answer();
    assert_eq!(row(&desk, 32).verdict(), Verdict::Amber);
    desk.keys("y");
    assert_eq!(sent_to(&desk), [31]);
}

#[test]
fn one_undo_takes_all_of_them_back_into_one_text() {
    let mut desk = reviewed("Olá {{customer.first_name}}, pedimos desculpas.");
    desk.keys("y");
    desk.all_done();
    assert_eq!(desk.model.safety().as_deref(), Some("Held 10 s, then one by one to 2 customers"));
    desk.keys("u");
    let back = desk.wished.iter().filter(|(_, wish)| matches!(wish, Wish::TakeBack(_))).count();
    assert_eq!(back, 2);
    assert_eq!(desk.body(), "Olá {{customer.first_name}}, pedimos desculpas.");
    assert_eq!(desk.model.once.as_ref().unwrap().rows.len(), 2);
    // The text that a row gave back is part of the one text again, and no draft of its conversation.
    let wishes = std::mem::take(&mut desk.wished);
    for (ticket, wish) in wishes {
        let id = if matches!(&wish, Wish::TakeBack(_)) { 31 } else { 0 };
        let body = "Olá Maria, pedimos desculpas.".to_owned();
        let draft = Draft {
            conversation: Some(ConversationId(id)),
            agent: "ana".into(),
            kind: DraftKind::Reply,
            body,
            cursor: (0, 0),
            files: Vec::new(),
            quote: None,
            form: serde_json::Value::Null,
            saved_at: desk.now,
        };
        let outcome = if id == 31 { Outcome::TakenBack(Some(Box::new(draft))) } else { Outcome::Done };
        desk.send(crate::app::Msg::Done(ticket, outcome));
    }
    let emptied: Vec<_> = desk
        .wished
        .iter()
        .filter_map(|(_, wish)| match wish {
            Wish::SaveDraft(draft) if draft.body.is_empty() => draft.conversation,
            _ => None,
        })
        .collect();
    assert_eq!(emptied, [ConversationId(31)], "the other's was joined with words of its own and stays");
}

#[test]
fn one_that_is_refused_is_marked_again_with_its_reason() {
    let mut desk = reviewed("Pedimos desculpas.");
    desk.keys("y");
    let (ticket, _) = desk
        .wished
        .iter()
        .find(|(_, wish)| matches!(wish, Wish::Commit(it) if it.conversation == Some(ConversationId(32))))
        .cloned()
        .unwrap();
    desk.send(crate::app::Msg::Done(
        ticket,
        Outcome::Refused(Refusal::Changed { arrived: Vec::new(), rev: 14 }),
    ));
    assert!(desk.model.list.marks.contains(&ConversationId(32)));
    assert!(desk.notice().starts_with("NOT SENT to Rosa Lima"), "{}", desk.notice());
}

#[test]
fn what_asks_the_same_and_waits_for_us_is_marked_with_a_key() {
    let mut desk = desk(SIZE);
    let mut other = conversation(34, "wa-br", "whatsapp", "Kerry", "Is it waterproof?");
    other.unread = 1;
    let mut answered = conversation(35, "americanas", "skyhub", "Lia", "Produto ainda não chegou");
    answered.status = Status::Pending;
    answered.turn = Status::Pending.turn();
    answered.waiting_since = None;
    desk.store.extend([other, answered]);
    desk.keys("X");
    desk.send(crate::app::Msg::StoreChanged);
    desk.answer();
    desk.keys(".");
    desk.answer();
    desk.keys("g g =");
    assert_eq!(desk.model.list.marks.iter().map(|id| id.0).collect::<Vec<_>>(), [31, 32, 33]);
    desk.keys("X G k =");
    assert_eq!(desk.notice(), "nothing else in this view asks the same");
    assert!(desk.model.list.marks.is_empty(), "the next action is for the row under the cursor");
}

#[test]
fn what_a_look_changes_is_drawn_once_more_and_then_it_is_quiet() {
    let mut desk = desk(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("Pedimos desculpas.");
    desk.keys("Esc");
    desk.answer();
    desk.keys("Down");
    desk.model.take_dirty();
    desk.wait(0);
    assert!(desk.model.take_dirty(), "its words are read now: the verdict is another one");
    desk.draw();
    desk.wait(0);
    assert!(!desk.model.take_dirty());
    desk.keys("y");
    assert_eq!(sent_to(&desk), [31, 32]);
}

#[test]
fn a_canned_reply_comes_with_its_variables_for_each_row_to_fill_in() {
    let mut desk = desk(SIZE);
    desk.shelf = crate::app::canned::Shelf {
        replies: vec![
            crate::app::canned::parse("late", None, "Olá {{customer.first_name}}, sai hoje.").unwrap(),
        ],
        ..crate::app::canned::Shelf::default()
    };
    desk.keys("r");
    desk.answer();
    desk.keys("Ctrl-x m");
    desk.answer();
    desk.keys("1");
    assert_eq!(desk.body(), "Olá {{customer.first_name}}, sai hoje.");
    desk.keys("Ctrl-x a");
    assert!(desk.notice().contains("carries no files"), "{}", desk.notice());
    desk.keys("Esc");
    desk.answer();
    assert_eq!(row(&desk, 31).text, "Olá Maria, sai hoje.");
}
