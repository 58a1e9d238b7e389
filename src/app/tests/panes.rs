//! Panes: the details beside the rest, the focus that goes round, the zoom.

use crate::app::{Screen, actions::place, tests::fixture::Desk};

fn wide() -> Desk {
    let mut desk = Desk::open((200, 60));
    desk.wait(250);
    desk.answer();
    desk
}

#[test]
fn details_in_a_pane_of_their_own_know_all_after_a_rest() {
    let desk = wide();
    assert_eq!(desk.model.thread.as_ref().unwrap().siblings.len(), 4);
}

#[test]
fn details_beside_the_list_wait_for_a_rest_from_the_first_key_on() {
    let mut desk = Desk::open((200, 60));
    desk.keys("j");
    assert!(desk.model.detailed().is_none());
    desk.wait(250);
    desk.answer();
    assert_eq!(desk.model.detailed().map(|it| it.id), desk.model.list.selected);
}

#[test]
fn the_focus_goes_round_the_panes() {
    let mut desk = wide();
    let seen = |desk: &Desk| (desk.model.screen, desk.model.place() == place::PANEL);
    let mut at = vec![seen(&desk)];
    for key in ["Tab", "Tab", "Tab", "Shift-Tab", "Shift-Tab", "Shift-Tab"] {
        desk.keys(key);
        desk.answer();
        at.push(seen(&desk));
    }
    let (list, thread) = ((Screen::List, false), (Screen::Thread, false));
    let panel = |screen| (screen, true);
    let (from_thread, from_list) = (panel(Screen::Thread), panel(Screen::List));
    assert_eq!(at, [list, thread, from_thread, list, from_list, thread, list]);
}

#[test]
fn a_zoom_of_the_details_ends_with_its_key_and_with_them() {
    let mut desk = wide();
    desk.keys("d +");
    assert!(desk.model.zoomed && desk.model.place() == place::PANEL);
    desk.keys("_");
    assert!(!desk.model.zoomed && desk.model.details.is_some());
    desk.keys("+ Esc");
    assert!(!desk.model.zoomed && desk.model.details.is_none());
    assert_eq!(desk.model.place(), place::LIST);
    desk.keys("+ d Esc");
    assert!(desk.model.zoomed, "a list that was zoomed before stays so");
}

#[test]
fn the_menu_in_the_details_is_of_their_keys() {
    let mut desk = Desk::open((80, 24));
    desk.keys("d F1");
    let picker = desk.model.picker.as_ref().unwrap();
    let acts: Vec<_> = picker.choices.iter().filter_map(crate::app::popup::Choice::act).collect();
    assert!(acts.contains(&crate::app::actions::Act::ClosePanel), "{acts:?}");
    assert!(!acts.contains(&crate::app::actions::Act::Reply), "{acts:?}");
}
