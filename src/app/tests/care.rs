//! What must not happen by a slip: told to a vendor, hidden unseen, taken for a command.

use super::fixture::{Desk, message};
use crate::{
    app::{Msg, Outcome, Screen, Wish, canned::parse},
    domain::{
        Action, ConversationId, Direction, RowNumber, Status,
        desk::{Changed, Refusal},
        outbox::LocalChange,
    },
};

const SIZE: (u16, u16) = (80, 24);

fn taken_back(desk: &Desk) -> usize {
    desk.wished.iter().filter(|(_, wish)| matches!(wish, Wish::TakeBack(_))).count()
}

/// Nothing unread: what is to be seen has been seen.
fn read(desk: &mut Desk) {
    for row in desk.store.iter_mut().chain(&mut desk.model.list.rows) {
        row.unread = 0;
    }
}

#[test]
fn an_undo_that_comes_too_late_tells_the_vendor_again_and_says_so() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("e");
    let inverse = vec![LocalChange::Status(Status::Open)];
    desk.done(Outcome::Changed(Changed { inverse, rows: vec![RowNumber(41)] }));
    desk.wished.clear();
    desk.keys("u");
    let (ticket, wish) = desk.wished.remove(0);
    assert!(matches!(wish, Wish::TakeBack(_)));
    desk.wished.clear();
    desk.send(Msg::Done(ticket, Outcome::Refused(Refusal::TooLate(None))));
    let again = desk.wished.iter().any(|(_, wish)| {
        matches!(wish, Wish::Change { vendor, .. } if matches!(vendor.as_slice(), [Action::Status { close: false }]))
    });
    assert!(again, "{:?}", desk.wished);
    assert!(desk.notice().contains("SkyHub is told READ"), "{}", desk.notice());
}

#[test]
fn undo_of_marked_rows_takes_back_what_the_vendor_was_to_be_told_of_any_of_them() {
    let mut desk = Desk::open(SIZE);
    read(&mut desk);
    // THG is told nothing, Dsco is: the answers come with the silent one first.
    desk.keys("j x j x e Y");
    assert_eq!(desk.changes().len(), 2);
    desk.wished.reverse();
    desk.all_done();
    assert!(desk.model.safety().unwrap().contains("Dsco is told closed in 5 s"), "{:?}", desk.model.safety());
    desk.wait(700);
    desk.keys("u");
    assert_eq!(taken_back(&desk), 1, "the row that is still held");
    assert!(
        desk.wished
            .iter()
            .all(|(_, wish)| !matches!(wish, Wish::Change { vendor, .. } if !vendor.is_empty()))
    );
    let mut desk = Desk::open(SIZE);
    read(&mut desk);
    desk.keys("j x j x e Y");
    desk.wished.reverse();
    desk.all_done();
    desk.wait(6000);
    desk.keys("u");
    assert_eq!(taken_back(&desk), 0, "the vendor knows");
    assert!(desk.notice().contains("is told again"), "{}", desk.notice());
}

#[test]
fn a_quoting_reply_with_marks_ends_in_a_sentence_that_swallows_what_is_typed() {
    let mut desk = Desk::open(SIZE);
    desk.keys("x x");
    desk.keys("R");
    desk.type_in("sa am zt Y n q e");
    assert!(desk.changes().is_empty() && desk.model.picker.is_none());
    assert!(desk.model.ask.as_ref().is_some_and(crate::app::popup::Ask::is_sentence));
    desk.keys("Enter Esc");
    assert!(desk.model.ask.is_none());
    assert_eq!(desk.model.list.marks.len(), 2, "Esc ended the sentence only");
}

#[test]
fn where_nobody_can_be_written_to_the_keys_that_write_swallow_the_text() {
    for opener in ["r", "R", "i", "m"] {
        let mut desk = Desk::open(SIZE);
        desk.store.clear();
        desk.keys("1");
        desk.answer();
        desk.keys(opener);
        desk.type_in("2e");
        assert_eq!(desk.model.list.view, 1, "{opener}");
        assert!(desk.changes().is_empty());
    }
}

#[test]
fn a_digit_inserts_and_never_acts() {
    let mut desk = Desk::open(SIZE);
    let canned = |name: &str, text: &str| parse(name, None, text).unwrap();
    desk.shelf.replies = vec![
        canned("a-park", "---\nstatus: pending\n---\n"),
        canned("b-late", "It is on its way."),
        canned("c-other", "Anything else?"),
    ];
    desk.shelf.uses.insert(("a-park".into(), String::new()), 9);
    desk.keys("m");
    desk.answer();
    let digits: Vec<_> = desk.model.picker.as_ref().unwrap().choices.iter().map(|it| it.digit).collect();
    assert_eq!(digits, [None, Some(1), Some(2)]);
    desk.keys("Esc");
    desk.shelf.uses.insert(("c-other".into(), String::new()), 1);
    desk.keys("m");
    desk.answer();
    desk.keys("1");
    desk.answer();
    assert_eq!(desk.body(), "It is on its way.", "one use moved no digit");
}

#[test]
fn a_digit_that_inserts_nothing_leaves_no_keys_for_the_list() {
    let mut desk = Desk::open(SIZE);
    desk.shelf.replies = vec![parse("a-park", None, "---\nstatus: pending\n---\n").unwrap()];
    desk.keys("m");
    desk.answer();
    desk.keys("1 Esc E");
    assert!(desk.changes().is_empty());
    assert!(desk.model.picker.is_some(), "E is a letter of its field");
}

#[test]
fn a_message_that_was_never_drawn_is_shown_before_it_is_hidden() {
    for keys in ["e", "s p", "s h", "s r", "z t", "z c"] {
        let mut desk = Desk::open(SIZE);
        desk.model.list.rows[0].last_line = Some("Ainda nada".into());
        desk.keys(keys);
        assert!(desk.changes().is_empty(), "{keys}");
        assert!(desk.model.ask.as_ref().unwrap().question.contains("Ainda nada"), "{keys}");
        desk.keys("Y");
        assert_eq!(desk.changes().len(), 1, "{keys}");
    }
    let mut desk = Desk::opened(SIZE);
    desk.keys("q e");
    assert_eq!(desk.changes(), [&LocalChange::Status(Status::Resolved)], "it was on the screen a moment ago");
}

#[test]
fn the_next_one_is_not_opened_under_a_question() {
    let mut desk = Desk::open(SIZE);
    desk.keys("E");
    assert!(desk.model.ask.is_some() && desk.model.screen == Screen::List);
    read(&mut desk);
    desk.keys("Esc x x E Y");
    assert_eq!(desk.changes().len(), 2, "the marked ones, wherever the screen is");
}

#[test]
fn marked_rows_that_were_never_drawn_are_left_out_stay_marked_and_are_counted() {
    let mut desk = Desk::open(SIZE);
    desk.keys("x x e");
    let question = &desk.model.ask.as_ref().unwrap().question;
    assert!(question.contains("Resolve 1 of 2 marked conversations"), "{question}");
    desk.keys("Y");
    assert_eq!(desk.changes().len(), 1);
    assert_eq!(desk.model.list.marks.iter().copied().collect::<Vec<_>>(), [ConversationId(17)]);
    assert!(desk.notice().starts_with("1 conversation left out and still marked"), "{}", desk.notice());
}

#[test]
fn where_none_of_the_marked_rows_was_shown_nothing_is_asked() {
    let mut desk = Desk::open(SIZE);
    for row in desk.store.iter_mut().chain(&mut desk.model.list.rows) {
        row.unread = 1;
    }
    desk.keys("x x e");
    assert!(desk.model.ask.is_none() && desk.changes().is_empty());
    assert_eq!(desk.model.list.marks.len(), 2);
    assert!(desk.notice().starts_with("2 conversations left out and still marked"), "{}", desk.notice());
}

#[test]
fn the_composers_prefix_in_the_bar_swallows_the_next_key() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("Olá João, pedimos desculpas");
    desk.keys("Esc");
    desk.wished.clear();
    desk.keys("Ctrl-x y");
    assert!(desk.commits().is_empty() && desk.model.review.is_some());
    assert!(desk.notice().contains("Ctrl-x y: no such key here"), "{}", desk.notice());
    desk.keys("Ctrl-x Esc y");
    assert_eq!(desk.commits().len(), 1);
}

#[test]
fn a_path_typed_where_no_file_is_taken_never_becomes_text() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.keys("Ctrl-x a");
    desk.type_in("/home/ana/photo.jpg");
    assert_eq!(desk.body(), "");
    desk.keys("Esc");
    desk.type_in("Olá");
    assert_eq!(desk.body(), "Olá");
}

#[test]
fn one_marked_row_asks_like_many() {
    let mut desk = Desk::open(SIZE);
    read(&mut desk);
    desk.keys("x e");
    assert!(desk.changes().is_empty(), "it is not even under the cursor");
    let question = desk.model.ask.as_ref().unwrap().question.clone();
    assert_eq!(question, "Resolve the marked 17 João dos Santos?  SkyHub is told ARCHIVED.");
    desk.keys("Y");
    assert_eq!(desk.changes().len(), 1);
    assert!(desk.model.list.marks.is_empty());
    let mut desk = Desk::open(SIZE);
    read(&mut desk);
    desk.keys("x M");
    assert!(desk.commits().is_empty());
    desk.keys("Y");
    assert_eq!(desk.commits().len(), 1);
    assert!(desk.model.list.marks.is_empty(), "marks end when they are used");
}

#[test]
fn what_came_after_it_was_drawn_is_held_against_the_action() {
    let mut desk = Desk::opened(SIZE);
    desk.threads.insert(17, vec![message(1, 17, Direction::Inbound, "João", "Oi")]);
    desk.keys("q s p");
    let Some((_, Wish::Change { seen, .. })) = desk.wished.last() else { unreachable!("it was done") };
    assert_eq!(seen.message.map(|it| it.0), Some(2));
}

#[test]
fn a_finding_that_no_screen_has_room_for_is_not_taken() {
    let mut desk = Desk::opened((20, 5));
    desk.keys("r");
    desk.answer();
    desk.type_in("Ligue 11 98765-4321");
    desk.keys("Esc");
    desk.answer();
    desk.keys("Y");
    assert!(desk.commits().is_empty());
    assert!(desk.notice().contains("no room"), "{}", desk.notice());
    desk.keys("l");
    assert!(desk.model.picker.is_none(), "nor is it sent later");
    desk.send(crate::app::Msg::Input(crate::app::Input::Resize(80, 24)));
    desk.draw();
    desk.keys("Y");
    assert_eq!(desk.commits().len(), 1);
}

#[test]
fn a_message_for_later_leaves_status_and_deadline_where_they_are() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("Amanhã");
    desk.keys("Esc l");
    desk.type_in("1h");
    desk.keys("Enter");
    assert_eq!(desk.commits()[0].status, Some(Status::Pending), "it goes with the message");
    assert_eq!(desk.model.target().unwrap().status, Status::Open);
    assert!(desk.model.target().unwrap().due_at.is_some());
}

#[test]
fn a_query_that_marks_nothing_leaves_no_key_for_the_row_under_the_cursor() {
    let mut desk = Desk::open(SIZE);
    read(&mut desk);
    desk.keys("*");
    assert!(desk.model.picker.as_ref().unwrap().note.contains("status:open"));
    desk.type_in("channel:dsco");
    assert!(desk.model.picker.as_ref().unwrap().note.contains("dsco-supplier"));
    desk.store.clear();
    desk.keys("Enter e");
    assert!(desk.changes().is_empty(), "not before it is known what is marked");
    desk.answer();
    assert!(desk.changes().is_empty());
    assert!(desk.model.ask.as_ref().is_some_and(crate::app::popup::Ask::is_sentence));
}

#[test]
fn a_conversation_that_was_opened_by_its_number_leaves_the_cursor_of_the_list() {
    let mut desk = Desk::open(SIZE);
    desk.keys("j :");
    desk.type_in("99");
    desk.keys("Enter q");
    assert_eq!(desk.model.list.selected, Some(ConversationId(19)));
    assert!(desk.model.target().is_some());
}

#[test]
fn local_unread_says_what_it_did() {
    let mut desk = Desk::open(SIZE);
    desk.keys("U");
    assert_eq!(desk.notice(), "unread here: 17 João dos Santos");
}

#[test]
fn a_reply_begun_before_its_conversation_was_read_gets_what_was_typed_after_it() {
    let mut desk = Desk::unread(super::fixture::options(SIZE));
    desk.keys(": 1 7 Enter r");
    desk.type_in("2e Y");
    assert!(desk.changes().is_empty() && desk.model.composer.is_none());
    desk.answer();
    desk.draw();
    let composer = desk.model.composer.as_ref().expect("the reply that was begun");
    assert_eq!((composer.to, composer.body().as_str()), (Some(ConversationId(17)), "2e Y"));

    // One that is not there: what was typed is nothing, not commands.
    let mut desk = Desk::unread(super::fixture::options(SIZE));
    desk.store.retain(|row| row.id != ConversationId(17));
    desk.keys(": 1 7 Enter i");
    desk.type_in("2e Y");
    desk.answer();
    desk.draw();
    assert!(desk.changes().is_empty() && desk.model.composer.is_none());
    assert!(desk.model.ask.as_ref().is_some_and(crate::app::popup::Ask::is_sentence));
}

#[test]
fn where_nothing_can_be_drawn_no_key_acts() {
    let mut desk = Desk::opened(SIZE);
    let resize = |desk: &mut Desk, size: (u16, u16)| {
        desk.send(Msg::Input(crate::app::Input::Resize(size.0, size.1)));
        desk.draw();
    };
    desk.wished.clear();
    resize(&mut desk, (19, 5));
    desk.keys("e a m r x q Enter : Esc");
    assert!(desk.wished.is_empty() && desk.model.composer.is_none() && desk.model.screen == Screen::Thread);
    resize(&mut desk, SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("Olá João");
    resize(&mut desk, (1, 1));
    desk.type_in(" oi");
    desk.keys("Backspace Esc y");
    assert!(desk.commits().is_empty());
    resize(&mut desk, SIZE);
    assert_eq!(desk.body(), "Olá João oy");
}
