//! What a day of sixty tasks has found: keys that come faster than the store answers, and texts that are replaced.

use super::fixture::{Desk, conversation};
use crate::{
    app::{Effect, Msg, Outcome, Ticket, Wish},
    domain::{Status, desk::Changed, outbox::LocalChange},
};

const SIZE: (u16, u16) = (80, 24);

fn told(desk: &Desk) -> Vec<usize> {
    let vendor = |wish: &Wish| match wish {
        Wish::Change { vendor, .. } => Some(vendor.len()),
        _ => None,
    };
    desk.wished.iter().filter_map(|(_, wish)| vendor(wish)).collect()
}

#[test]
fn what_the_store_said_before_a_change_does_not_take_it_away() {
    let mut desk = Desk::open(SIZE);
    desk.keys("j e");
    desk.send(Msg::StoreChanged);
    desk.answer();
    assert_eq!(desk.model.list.rows[1].status, Status::Resolved, "asked for, not done yet");
    desk.send(Msg::StoreChanged);
    desk.all_done();
    desk.answer();
    assert_eq!(desk.model.list.rows[1].status, Status::Resolved, "done, answered from before");
    desk.send(Msg::StoreChanged);
    desk.answer();
    assert_eq!(desk.model.list.rows[1].status, Status::Open, "what was asked since then holds");
}

#[test]
fn what_is_done_again_is_told_again_whatever_the_list_shows_by_then() {
    let mut desk = Desk::open(SIZE);
    desk.keys("j e");
    assert_eq!(told(&desk), [1]);
    let (ticket, _) = desk.wished.pop().expect("a change");
    let rows = vec![crate::domain::RowNumber(41)];
    let inverse = vec![LocalChange::Status(Status::Open)];
    desk.send(Msg::Done(ticket, Outcome::Changed(Changed { inverse, rows })));
    desk.keys("u");
    desk.all_done();
    // A picture from between the two.
    let mut resolved = conversation(19, "dsco-supplier", "dsco", "consumer 12345", "Late");
    resolved.status = Status::Resolved;
    desk.model.list.rows[1] = resolved;
    desk.keys("Ctrl-r");
    assert_eq!(told(&desk), [1], "Dsco has to hear of it");
}

#[test]
fn a_text_that_a_program_has_replaced_can_be_had_back() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.type_in("sai hoje");
    desk.send(Msg::Edited(Ticket(0), Ok("SAI\nHOJE\n".into())));
    assert_eq!(desk.body(), "SAI\nHOJE");
    desk.keys("Ctrl-_");
    assert_eq!(desk.body(), "sai hoje");
    desk.keys("Ctrl-x r");
    assert_eq!(desk.body(), "SAI\nHOJE");
}

#[test]
fn the_lit_path_is_taken_and_a_tab_waits_for_the_paths() {
    let mut desk = Desk::open(SIZE);
    desk.keys("j j Enter");
    desk.answer();
    desk.keys("r");
    desk.keys("Ctrl-x a");
    let asked = |desk: &Desk| {
        let all = desk.others.iter();
        all.filter_map(|it| {
            if let Effect::CompletePath(ticket, text) = it { Some((*ticket, text.clone())) } else { None }
        })
        .next_back()
        .expect("paths were asked for")
    };
    desk.type_in("~/pa");
    desk.keys("Tab Enter");
    let (ticket, text) = asked(&desk);
    assert_eq!(text, "~/pa");
    desk.send(Msg::PathCompletions(ticket, vec!["~/parcels/".into()]));
    let (ticket, text) = asked(&desk);
    assert_eq!(text, "~/parcels/", "{}", desk.notice());
    desk.send(Msg::PathCompletions(ticket, vec!["~/parcels/one.png".into()]));
    desk.keys("Enter");
    assert!(
        desk.wished
            .iter()
            .any(|(_, wish)| matches!(wish, Wish::AddFile { path, .. } if path == "~/parcels/one.png"))
    );
}

#[test]
fn on_hold_takes_a_time() {
    let mut desk = Desk::open(SIZE);
    desk.keys("j s H");
    desk.type_in("3d");
    desk.keys("Enter");
    assert!(matches!(desk.changes()[..], [LocalChange::Status(Status::OnHold), LocalChange::HoldUntil(_)]));
    desk.all_done();
    assert!(desk.model.safety().is_some_and(|it| it.starts_with("on hold until")));
}

#[test]
fn the_palette_lights_what_was_typed_and_says_where_else_it_works() {
    let mut desk = Desk::open(SIZE);
    for (typed, name, beside) in [
        ("save file", "save", "in: conversation"),
        ("save", "save", "in: conversation"),
        ("on hold", "status-on-hold", "s h"),
        ("assign-team", "assign-team", "not here: no team is configured"),
    ] {
        desk.keys(":");
        desk.type_in(typed);
        let picker = desk.model.picker.as_ref().expect("the palette");
        let first = &picker.choices[picker.chosen];
        assert!(first.title.starts_with(name), "{typed}: {}", first.title);
        assert_eq!(first.beside, beside, "{typed}");
        desk.keys("Esc");
    }
    desk.keys(":");
    desk.type_in("save");
    desk.keys("Enter");
    assert_eq!(desk.notice(), "save does not work here   in: conversation");
}

#[test]
fn a_name_that_is_typed_before_the_team_is_read_is_taken_when_it_is() {
    let mut desk = Desk::open(SIZE);
    desk.store.retain(|row| row.assignee.as_deref() == Some("ana"));
    desk.keys("g h");
    desk.type_in("jon");
    desk.keys("Enter");
    assert!(desk.model.picker.is_some(), "{}", desk.notice());
    desk.answer();
    desk.type_in("strike");
    desk.keys("Enter");
    assert!(desk.model.ask.as_ref().is_some_and(|ask| ask.question.contains("to jon? \"strike\"")));
}

#[test]
fn a_view_that_is_asked_for_before_the_counts_are_read_stays() {
    let mut desk = Desk::unread(super::fixture::options(SIZE));
    desk.keys("5");
    desk.answer();
    assert_eq!(desk.model.list.title(), "Snoozed");
}
