//! Pop-ups: whom they act on, what they keep, what they take.

use super::fixture::{Desk, options};
use crate::domain::{Status, outbox::LocalChange};

#[test]
fn the_vendors_fields_begin_with_what_stands_there() {
    let mut desk = Desk::open((80, 24));
    desk.store[1].remote_status = serde_json::json!({
        "status": "new", "supplier_reference": "case-7", "retailer_reference": "theirs",
        "due_date": "2023-06-09T15:00:00.000Z"
    })
    .as_object()
    .cloned();
    desk.send(crate::app::Msg::StoreChanged);
    desk.answer();
    desk.keys("j s f");
    let now: Vec<String> =
        desk.model.picker.as_ref().unwrap().choices.iter().map(|it| it.title.clone()).collect();
    assert_eq!(
        now,
        ["reference  case-7", "title      Late order complaint on Order 1", "due        2023-06-09 12:00"]
    );
    assert_eq!(desk.model.picker.as_ref().unwrap().text(), "case-7");
    desk.keys("Enter Enter Enter");
    assert!(desk.commits().is_empty() && desk.notice().contains("19 consumer 12345"), "{}", desk.notice());
}

#[test]
fn every_pop_up_that_acts_says_for_whom() {
    let mut desk = Desk::open((80, 24));
    for keys in ["a", "s", "z", "p"] {
        desk.keys(keys);
        desk.wait(400);
        assert_eq!(desk.model.prefix_about().as_deref(), Some("17 João dos Santos"), "{keys}");
        desk.keys("Esc");
    }
    desk.keys("g");
    assert_eq!(desk.model.prefix_about(), None, "it goes elsewhere");
    desk.keys("Esc");
    for keys in ["t", "a a", "z 3", "z p", "m"] {
        desk.keys(keys);
        desk.answer();
        assert_eq!(desk.model.picker_about().as_deref(), Some("17 João dos Santos"), "{keys}");
        desk.keys("Esc");
    }
    desk.keys("x x s");
    assert_eq!(desk.model.prefix_about().as_deref(), Some("2 marked conversations"));
    desk.keys("Esc z Enter");
    assert_eq!(desk.model.picker_about().as_deref(), Some("2 marked conversations"));
    let mut desk = Desk::opened((80, 24));
    desk.keys("r");
    desk.answer();
    desk.type_in("oi");
    desk.keys("Ctrl-x");
    assert_eq!(desk.model.prefix_about().as_deref(), Some("17 João dos Santos"));
    desk.keys("m");
    desk.answer();
    assert_eq!(desk.model.picker_about().as_deref(), Some("17 João dos Santos"));
    desk.keys("Esc Esc l");
    assert_eq!(desk.model.picker_about().as_deref(), Some("17 João dos Santos"));
    desk.type_in("soon");
    desk.keys("Enter");
    let picker = desk.model.picker.as_ref().expect("what was typed stays");
    assert!(picker.refused && picker.text() == "soon");
    desk.keys("Esc D");
    assert_eq!(desk.model.ask.as_ref().unwrap().question, "Throw this text for 17 João dos Santos away?");
}

#[test]
fn an_older_text_and_one_from_the_editor_are_undone_in_one_step() {
    let mut desk = Desk::opened((80, 24));
    desk.keys("r");
    desk.answer();
    desk.type_in("new words");
    let composer = desk.model.composer.as_mut().unwrap();
    composer.swap("an older text");
    desk.keys("Ctrl-_");
    assert_eq!(desk.body(), "new words");
    desk.keys("Ctrl-x r");
    assert_eq!(desk.body(), "an older text");
    desk.keys("Ctrl-_ Ctrl-_");
    assert_eq!(desk.body(), "new word", "and on from there, letter by letter");
}

#[test]
fn a_team_is_one_of_the_configuration_and_what_is_theirs_stands_in_mine() {
    let mut desk = Desk::open((80, 24));
    desk.keys("a t");
    assert!(desk.notice().starts_with("no team is configured") && desk.changes().is_empty());
    let mut options = options((80, 24));
    options.teams = vec!["@returns".into()];
    options.my_teams = vec!["@returns".into()];
    let mut desk = Desk::with(options.clone());
    assert_eq!(desk.model.list.views[1].query, "assignee:ana assignee:@returns turn:us -is:snoozed");
    assert!(crate::domain::query::Query::parse(&desk.model.list.views[1].query).is_ok());
    desk.keys("a t");
    assert_eq!(desk.changes(), [&LocalChange::Assign(Some("@returns".into()))]);
    desk.all_done();
    assert!(
        desk.model.safety().is_some_and(|it| it.contains("@returns: 17 João")),
        "{:?}",
        desk.model.safety()
    );
    // Nobody is another thing.
    desk.wished.clear();
    desk.keys("a u");
    assert_eq!(desk.changes(), [&LocalChange::Assign(None)]);
    options.teams.push("@wholesale".into());
    let mut desk = Desk::with(options);
    desk.keys("a t");
    assert_eq!(desk.model.picker_about().as_deref(), Some("17 João dos Santos"));
    desk.type_in("xyz");
    desk.keys("Enter");
    assert!(desk.model.picker.as_ref().unwrap().refused);
    desk.keys("Ctrl-u");
    desk.type_in("whole");
    desk.keys("Enter");
    assert_eq!(desk.changes(), [&LocalChange::Assign(Some("@wholesale".into()))]);
}

#[test]
fn the_status_pop_up_says_what_is_told_of_all_marked_rows() {
    let mut desk = Desk::open((80, 24));
    // SkyHub's and Dsco's, then one that nobody is told of.
    desk.keys("x x x");
    assert_eq!(
        desk.model.status_note(Status::Resolved),
        "Dsco is told closed (1).  SkyHub is told ARCHIVED (1)"
    );
    assert_eq!(desk.model.status_note(Status::Pending), "here only");
    desk.keys("X");
}
