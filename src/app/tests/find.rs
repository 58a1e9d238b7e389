//! Searching in a conversation and in the list.

use super::fixture::{Desk, message};
use crate::{
    app::Request,
    domain::{ConversationId, Direction},
};

const SIZE: (u16, u16) = (80, 24);

#[test]
fn a_search_in_a_conversation_is_over_all_of_it() {
    let mut desk = Desk::open(SIZE);
    let say = |n: i64| message(n, 17, Direction::Inbound, "João", &format!("mensagem {n}"));
    desk.threads.insert(17, (101..=200).map(say).collect());
    desk.keys("Enter");
    desk.answer();
    desk.keys("/");
    desk.type_in("MENSÁGEM 7");
    assert!(desk.asked.iter().any(|(_, it)| matches!(it, Request::Thread { limit, .. } if *limit > 1000)));
    desk.threads.insert(17, (1..=200).map(say).collect());
    desk.answer();
    let selected = |desk: &Desk| {
        let thread = desk.model.thread.as_ref().unwrap();
        thread.messages[thread.selected].body.clone()
    };
    assert_eq!(selected(&desk), "mensagem 79", "the newest hit");
    desk.keys("Enter N");
    assert_eq!(selected(&desk), "mensagem 78");
    desk.keys("n n");
    assert_eq!(desk.notice(), "no further hit in this conversation");
    desk.send(crate::app::Msg::StoreChanged);
    desk.answer();
    assert_eq!(desk.model.thread.as_ref().unwrap().messages.len(), 200, "and it stays whole");
}

#[test]
fn what_was_found_stands_in_its_row() {
    let mut desk = Desk::open(SIZE);
    desk.keys("/");
    desk.type_in("around");
    desk.answer();
    assert_eq!(desk.model.list.hits.get(&ConversationId(17)).unwrap(), "the words around it");
    desk.keys("Esc");
    desk.answer();
    assert!(desk.model.list.hits.is_empty());
}

#[test]
fn a_query_that_cannot_be_read_yet_points_at_its_term_and_leaves_the_hits() {
    let mut desk = Desk::open(SIZE);
    desk.keys("/");
    desk.type_in("João stat");
    desk.answer();
    desk.type_in(":open");
    assert!(desk.asked.is_empty(), "nothing is asked with it");
    let picker = desk.model.picker.as_ref().unwrap();
    assert_eq!(picker.wrong_at(), Some(5));
    assert!(picker.note.starts_with("stat:open: there is no key"));
    assert_eq!(desk.model.list.narrowed.search.as_deref(), Some("João stat"));
}
