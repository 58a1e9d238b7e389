//! A list of any length is a window.

use super::fixture::{Desk, conversation, options};
use crate::{
    app::{Msg, actions::place},
    domain::ConversationId,
};

fn desk_of(n: i64) -> Desk {
    let mut desk = Desk::unread(options((80, 24)));
    desk.store = (1..=n).map(|id| conversation(id, "americanas", "skyhub", "João", "Produto")).collect();
    desk.answer();
    desk
}

fn press(desk: &mut Desk, keys: &str, times: usize) {
    for _ in 0..times {
        desk.keys(keys);
        desk.answer();
    }
}

#[test]
fn a_long_list_is_come_by_from_either_end_and_pages_join_without_a_gap() {
    let mut desk = desk_of(100_000);
    desk.keys("G");
    desk.answer();
    assert_eq!(desk.model.list.selected, Some(ConversationId(100_000)));
    for below in 1..=2000 {
        press(&mut desk, "k", 1);
        assert_eq!(desk.model.list.selected, Some(ConversationId(100_000 - below)));
    }
    assert!(desk.model.list.rows.len() <= 400 && !desk.model.list.complete, "{}", desk.model.list.rows.len());
    for above in 1..=2000 {
        press(&mut desk, "j", 1);
        assert_eq!(desk.model.list.selected, Some(ConversationId(98_000 + above)));
    }
    desk.keys("g g");
    desk.answer();
    assert_eq!(desk.model.list.selected, Some(ConversationId(1)));
    press(&mut desk, "Space", 100);
    let page = i64::try_from(desk.model.list_height()).unwrap();
    assert_eq!(desk.model.list.selected, Some(ConversationId(1 + 100 * page)));
    assert!(desk.model.list.rows.len() <= 400);
}

#[test]
fn a_burst_that_is_quicker_than_the_pages_loses_no_key_and_acts_on_nothing_meanwhile() {
    let mut desk = desk_of(1000);
    for _ in 0..350 {
        desk.keys("j");
    }
    assert!(desk.model.list.selected < Some(ConversationId(351)));
    let wished = desk.wished.len();
    desk.keys("e");
    assert_eq!(desk.wished.len(), wished);
    desk.answer();
    assert_eq!(desk.model.list.selected, Some(ConversationId(351)));
    desk.keys("G");
    desk.answer();
    for _ in 0..350 {
        desk.keys("k");
    }
    desk.answer();
    assert_eq!(desk.model.list.selected, Some(ConversationId(650)));
}

#[test]
fn a_list_that_still_fills_takes_the_first_key_for_the_row_that_is_drawn() {
    for (key, text) in [("r", "abc"), ("t", "vip")] {
        let mut desk = Desk::open((80, 24));
        let (view, first) = (desk.model.list.view, desk.model.list.selected);
        assert!(first.is_some());
        // The first sync goes on, and nothing of it has been answered yet.
        desk.send(crate::app::Msg::StoreChanged);
        assert_eq!(desk.model.list.selected, first, "{key}");
        desk.keys(key);
        desk.type_in(text);
        desk.answer();
        let typed = match &desk.model.picker {
            Some(picker) => picker.text().to_owned(),
            None => desk.body(),
        };
        assert_eq!(typed, text, "{key}: letters are text from the key on");
        assert_eq!((desk.model.list.view, desk.model.list.selected), (view, first), "{key}");
    }
}

#[test]
fn a_first_key_acts_on_the_row_that_it_sees_also_while_the_first_sync_fills_the_list() {
    let mut desk = Desk::open((80, 24));
    let first = desk.model.list.rows[0].id;
    desk.store.insert(0, conversation(90, "americanas", "skyhub", "Rita", "Chegou quebrado"));
    desk.send(Msg::StoreChanged);
    desk.keys("Enter");
    desk.answer();
    assert_eq!(desk.model.place(), place::THREAD);
    assert_eq!(desk.model.thread.as_ref().map(|thread| thread.id), Some(first));
}

#[test]
fn until_the_first_key_the_cursor_stays_at_the_top_of_what_comes() {
    let mut desk = Desk::open((80, 24));
    desk.store.insert(0, conversation(90, "americanas", "skyhub", "Rita", "Chegou quebrado"));
    desk.send(Msg::StoreChanged);
    desk.answer();
    assert_eq!(desk.model.list.selected, Some(ConversationId(90)));
}

#[test]
fn what_came_while_a_list_was_on_its_way_is_not_missed() {
    let mut desk = Desk::open((80, 24));
    desk.keys("3");
    // Read, then something comes, then what was read is told.
    let read: Vec<_> = std::mem::take(&mut desk.asked);
    let told: Vec<_> = read.into_iter().map(|(ticket, request)| (ticket, desk.reads(request))).collect();
    desk.store.insert(0, conversation(90, "americanas", "skyhub", "Rita", "Chegou quebrado"));
    desk.send(Msg::StoreChanged);
    for (ticket, loaded) in told {
        desk.send(Msg::Loaded(ticket, loaded));
    }
    desk.answer();
    let list = &desk.model.list;
    assert!(list.arrived.contains(&ConversationId(90)) || list.row(ConversationId(90)).is_some());
}
