//! What agents feel: the held order, the read cursor, undo, marks, refusals, quitting.

use super::fixture::{Desk, conversation, message};
use crate::{
    app::{Effect, EngineState, Input, Msg, Outcome, Request, Screen, Wish},
    domain::{ConversationId, Direction, Status, desk::Refusal, outbox::LocalChange},
};

const SIZE: (u16, u16) = (80, 24);

#[test]
fn the_order_is_held_until_the_agent_asks() {
    let mut desk = Desk::open(SIZE);
    desk.keys("j");
    desk.store.insert(0, conversation(40, "wa-br", "whatsapp", "Sheena", "ORDER"));
    desk.send(Msg::StoreChanged);
    desk.answer();
    assert_eq!(desk.model.list.rows[0].id.0, 17);
    assert_eq!(desk.model.list.selected, Some(ConversationId(19)));
    assert_eq!(desk.model.list.arrived.len(), 1);
    desk.keys(".");
    desk.answer();
    assert_eq!(desk.model.list.rows[0].id.0, 40);
    assert_eq!(desk.model.list.selected, Some(ConversationId(19)), "the selection is a conversation");
}

#[test]
fn a_resolved_row_stays_with_its_letter_and_says_so_the_second_time() {
    let mut desk = Desk::open(SIZE);
    desk.keys("j e");
    assert_eq!(desk.model.list.rows[1].status, Status::Resolved);
    desk.all_done();
    assert!(
        desk.model.safety().unwrap().starts_with("resolved 19 consumer 12345; Dsco is told closed in 5 s")
    );
    desk.keys("e");
    assert!(desk.notice().starts_with("already resolved"));
}

#[test]
fn undo_goes_strictly_from_the_last_action_back() {
    let mut desk = Desk::open(SIZE);
    desk.keys("a m");
    desk.all_done();
    desk.keys("p h");
    desk.all_done();
    desk.keys("u");
    assert!(matches!(desk.changes()[..], [LocalChange::Priority(_)]));
    assert!(desk.notice().starts_with("undone: priority high: 17"));
    desk.all_done();
    desk.keys("u");
    assert!(matches!(desk.changes()[..], [LocalChange::Assign(_)]));
    desk.all_done();
    desk.keys("Ctrl-r");
    assert!(matches!(desk.changes()[..], [LocalChange::Assign(_)]));
}

#[test]
fn the_read_cursor_moves_after_a_quarter_second_of_focus_with_the_newest_message_drawn() {
    let mut desk = Desk::opened(SIZE);
    assert!(desk.changes().is_empty());
    desk.wait(250);
    assert!(matches!(desk.changes()[..], [LocalChange::SeenUpTo(id)] if id.0 == 2));
}

#[test]
fn the_preview_comes_after_rest_and_moves_no_read_cursor() {
    let mut desk = Desk::open((120, 40));
    desk.wait(250);
    desk.answer();
    assert_eq!(desk.model.thread.as_ref().unwrap().id.0, 17);
    desk.keys("j j");
    assert_eq!(desk.model.thread.as_ref().unwrap().id.0, 17, "holding j flies");
    desk.wait(250);
    desk.answer();
    assert_eq!(desk.model.thread.as_ref().unwrap().id.0, 21);
    desk.wait(2000);
    assert!(desk.changes().is_empty());
}

#[test]
fn something_new_is_shown_before_it_is_resolved_away() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("e");
    let arrived = vec![message(9, 17, Direction::Inbound, "João", "Ainda nada")];
    desk.done(Outcome::Refused(Refusal::Changed { arrived, rev: 14 }));
    let ask = desk.model.ask.clone().unwrap();
    assert!(ask.question.contains("Ainda nada"));
    desk.send(Msg::Input(Input::Key(Desk::stroke("Y"))));
    assert!(desk.model.ask.is_some(), "not before it was drawn");
    desk.draw();
    desk.keys("Enter Y");
    assert!(desk.changes().iter().any(|it| **it == LocalChange::Status(Status::Resolved)));
}

#[test]
fn an_old_picture_alone_is_no_reason_to_ask() {
    let mut desk = Desk::open(SIZE);
    desk.keys("j s p");
    desk.done(Outcome::Refused(Refusal::Changed { arrived: Vec::new(), rev: 14 }));
    desk.store[1].rev = 14;
    desk.answer();
    assert!(desk.model.ask.is_none());
    let Some((_, Wish::Change { seen, .. })) = desk.wished.last() else { unreachable!("tried again") };
    assert_eq!(seen.rev, Some(14));
}

#[test]
fn from_the_list_too_a_new_message_is_shown_before_it_is_hidden() {
    let mut desk = Desk::open(SIZE);
    desk.keys("j s p");
    // The list hears of it before the answer does.
    desk.store[1].rev = 14;
    desk.store[1].unread = 2;
    desk.store[1].last_line = Some("Ainda nada".into());
    desk.send(Msg::StoreChanged);
    desk.answer();
    desk.done(Outcome::Refused(Refusal::Changed { arrived: Vec::new(), rev: 14 }));
    desk.answer();
    assert!(desk.model.ask.as_ref().unwrap().question.contains("Ainda nada"));
    assert!(desk.changes().is_empty());
}

#[test]
fn marked_rows_with_something_new_are_left_out_stay_marked_and_are_counted() {
    let mut desk = Desk::open(SIZE);
    desk.keys("x x a m");
    desk.all_done();
    desk.keys("g g x x s p");
    let tickets: Vec<_> = std::mem::take(&mut desk.wished).into_iter().map(|(ticket, _)| ticket).collect();
    desk.store[0].unread = 5;
    for ticket in tickets {
        desk.send(Msg::Done(ticket, Outcome::Refused(Refusal::Changed { arrived: Vec::new(), rev: 14 })));
    }
    desk.answer();
    assert!(desk.model.ask.is_none());
    assert_eq!(desk.model.list.marks.len(), 1);
    assert!(desk.notice().starts_with("1 conversation left out"), "{}", desk.notice());
    assert_eq!(desk.changes().len(), 1, "the other is done");
}

#[test]
fn undo_waits_for_what_it_undoes() {
    let mut desk = Desk::open(SIZE);
    desk.keys("a m j a m u");
    desk.all_done();
    assert_eq!(desk.changes().len(), 1, "the second, whose answer had not come yet");
    assert_eq!(desk.model.undo.done.len(), 1);
}

#[test]
fn what_was_undone_is_done_again_step_by_step() {
    let mut desk = Desk::open(SIZE);
    desk.keys("p h");
    desk.all_done();
    desk.keys("a m");
    desk.all_done();
    for _ in 0..2 {
        desk.keys("u");
        desk.all_done();
    }
    for left in [1, 0] {
        desk.keys("Ctrl-r");
        desk.all_done();
        assert_eq!(desk.model.undo.undone.len(), left);
    }
    assert_eq!(desk.model.undo.done.len(), 2);
}

#[test]
fn a_query_marks_what_it_matches_wherever_it_stands() {
    let mut desk = Desk::open(SIZE);
    desk.keys("*");
    desk.type_in("channel:americanas");
    desk.store.push(super::fixture::conversation(77, "americanas", "skyhub", "Rosa", "x"));
    desk.keys("Enter");
    assert!(
        desk.asked
            .iter()
            .any(|(_, it)| matches!(it, Request::List(wish) if wish.query.ends_with(" channel:americanas")))
    );
    desk.answer();
    assert_eq!(desk.model.list.marks.len(), 6);
    assert_eq!(desk.notice(), "", "the footer counts them, and names the key that unmarks");
    desk.keys("s r");
    assert!(
        desk.model.ask.as_ref().unwrap().question.contains("6 marked conversations"),
        "Rosa's vendor is asked for too"
    );
    desk.keys("Esc X *");
    desk.type_in("stat:open");
    assert!(desk.model.picker.as_ref().unwrap().note.starts_with("stat:open: there is no key"));
}

#[test]
fn what_vendors_see_on_marked_rows_asks_first() {
    let mut desk = Desk::open(SIZE);
    desk.model.list.rows[0].unread = 0;
    desk.keys("x x e");
    assert_eq!(
        desk.model.ask.as_ref().unwrap().question,
        "Resolve 2 marked conversations?  Dsco is told closed (1).  SkyHub is told ARCHIVED (1)."
    );
    assert!(desk.changes().is_empty());
    desk.keys("Enter e y");
    assert!(desk.changes().is_empty(), "only its own key answers");
    desk.keys("Y");
    assert_eq!(desk.changes().len(), 2);
    assert!(desk.model.list.marks.is_empty(), "marks end when they are used");
}

#[test]
fn a_read_mark_at_the_vendor_is_held_and_said() {
    let mut desk = Desk::open(SIZE);
    desk.keys("j j M");
    assert!(desk.commits().is_empty(), "its message was not on the screen");
    desk.keys("Y");
    assert_eq!(desk.commits().len(), 1);
    desk.all_done();
    assert_eq!(desk.model.safety().unwrap(), "Kerry Fisher will see blue ticks on 1 message, in 5 s");
    desk.keys("u");
    assert!(desk.wished.iter().any(|(_, wish)| matches!(wish, Wish::TakeBack(_))));
}

#[test]
fn late_answers_die_by_their_number() {
    let mut desk = Desk::open(SIZE);
    desk.keys("Enter");
    let old = std::mem::take(&mut desk.asked);
    desk.keys("q j Enter");
    desk.answer();
    let id = desk.model.thread.as_ref().unwrap().conversation.as_ref().unwrap().id;
    for (ticket, request) in old {
        if matches!(request, crate::app::Request::Conversation(_)) {
            let row = desk.store[0].clone();
            desk.send(Msg::Loaded(ticket, crate::app::Loaded::Conversation(Some(Box::new(row)))));
        }
    }
    assert_eq!(desk.model.thread.as_ref().unwrap().conversation.as_ref().unwrap().id, id);
}

#[test]
fn nothing_acts_on_a_conversation_before_it_was_drawn() {
    let mut desk = Desk::open(SIZE);
    for key in ["Enter", "e"] {
        desk.send(Msg::Input(Input::Key(Desk::stroke(key))));
    }
    assert!(desk.changes().is_empty());
    assert!(desk.notice().contains("not on the screen yet"));
}

#[test]
fn a_paste_outside_text_is_never_keys() {
    let mut desk = Desk::open(SIZE);
    desk.send(Msg::Input(Input::Paste("eEq\n".into())));
    let burst = "resolve".chars().map(|it| Desk::stroke(&it.to_string())).collect();
    desk.send(Msg::Input(Input::Burst(burst)));
    assert!(desk.changes().is_empty() && desk.model.composer.is_none());
    let run = vec![Desk::stroke("j"); 3];
    desk.send(Msg::Input(Input::Burst(run)));
    assert_eq!(desk.model.list.selected, Some(ConversationId(23)), "a run of one key is typing");
}

#[test]
fn a_prefix_waits_and_swallows_one_key() {
    let mut desk = Desk::open(SIZE);
    desk.keys("s");
    desk.wait(60_000);
    assert!(desk.model.prefix_shown);
    desk.keys("e");
    assert!(desk.notice().contains("s e: no such key"));
    assert!(desk.changes().is_empty());
}

#[test]
fn quitting_asks_only_where_nobody_else_will_send() {
    let mut desk = Desk::open(SIZE);
    desk.model.outbox.rows = vec![super::writing::outbox_row(31, 17)];
    desk.keys("q");
    assert!(desk.model.ask.is_some() && !desk.others.contains(&Effect::Quit));
    desk.keys("Esc");
    desk.send(Msg::Engine(EngineState::Elsewhere("deskline@desk1".into())));
    desk.keys("q");
    assert!(desk.others.contains(&Effect::Quit));
}

#[test]
fn control_c_twice_leaves_and_keeps_the_draft() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("half a");
    desk.keys("Ctrl-c");
    assert!(!desk.others.contains(&Effect::Quit));
    desk.keys("Ctrl-c");
    assert!(desk.others.contains(&Effect::Quit));
    assert!(desk.wished.iter().any(|(_, wish)| matches!(wish, Wish::SaveDraft(it) if it.body == "half a")));
}

#[test]
fn the_demo_starts_on_a_portuguese_customer_and_quits_without_a_question() {
    let mut options = super::fixture::options(SIZE);
    options.demo = true;
    let mut desk = Desk::with(options);
    assert_eq!(desk.model.list.selected, Some(ConversationId(17)));
    desk.model.outbox.rows = vec![super::writing::outbox_row(31, 17)];
    desk.keys("q");
    assert!(desk.others.contains(&Effect::Quit));
}

#[test]
fn the_palette_runs_actions_by_name_and_opens_numbers() {
    let mut desk = Desk::open(SIZE);
    desk.keys(":");
    desk.type_in("priority-high");
    desk.keys("Enter");
    assert!(matches!(desk.changes()[..], [LocalChange::Priority(_)]));
    desk.keys(":");
    desk.type_in("19");
    desk.keys("Enter");
    assert_eq!((desk.model.screen, desk.model.thread.as_ref().unwrap().id.0), (Screen::Thread, 19));
}
