//! One draft, two windows.

use super::fixture::Desk;
use crate::{
    app::{Loaded, Msg, Outcome, Request, Wish, actions::place},
    domain::{ConversationId, Draft, DraftHeld, DraftKind},
};

fn draft(desk: &Desk, body: &str) -> Draft {
    Draft {
        conversation: Some(ConversationId(17)),
        agent: "ana".into(),
        kind: DraftKind::Reply,
        body: body.into(),
        cursor: (0, body.chars().count()),
        files: Vec::new(),
        quote: None,
        form: serde_json::Value::Null,
        saved_at: desk.now,
    }
}

/// The composer open, its draft asked for and not read.
fn writing() -> Desk {
    let mut desk = Desk::opened((80, 24));
    desk.keys("r");
    desk
}

fn read(desk: &mut Desk, loaded: Loaded) {
    let at = desk.asked.iter().position(|(_, it)| matches!(it, Request::Draft { .. })).expect("asked");
    let (ticket, _) = desk.asked.remove(at);
    desk.send(Msg::Loaded(ticket, loaded));
    desk.draw();
}

fn held_three_minutes_ago(desk: &mut Desk, body: &str) {
    let held = DraftHeld { place: "pts/4".into(), at: desk.now - chrono::Duration::minutes(3) };
    let loaded = Loaded::DraftHeld(Some(draft(desk, body)), held);
    read(desk, loaded);
}

fn saved(desk: &Desk) -> Vec<(&'static str, String)> {
    let named = |wish: &Wish| match wish {
        Wish::SaveDraft(draft) => Some(("save", draft.body.clone())),
        Wish::AddToDraft(draft) => Some(("add", draft.body.clone())),
        Wish::TakeDraft(draft) => Some(("take", draft.body.clone())),
        Wish::CloseDraft { .. } => Some(("close", String::new())),
        _ => None,
    };
    desk.wished.iter().filter_map(|(_, wish)| named(wish)).collect()
}

#[test]
fn a_second_window_shows_the_draft_read_only_and_says_where_it_is_written() {
    let mut desk = writing();
    held_three_minutes_ago(&mut desk, "Olá");
    assert_eq!(
        desk.model.written_elsewhere().as_deref(),
        Some("you are writing this in pts/4, 3 min ago: t take over")
    );
    desk.type_in("xyz");
    desk.keys("Backspace Ctrl-u Enter");
    assert_eq!(desk.body(), "Olá");
    assert!(desk.notice().contains("t take over"));
    desk.wait(1000);
    assert!(saved(&desk).is_empty(), "{:?}", saved(&desk));
    // There is nothing to review: Esc leaves, and takes nothing with it.
    desk.keys("Esc");
    assert!(desk.model.composer.is_none() && desk.model.review.is_none());
    assert!(saved(&desk).is_empty(), "{:?}", saved(&desk));
}

#[test]
fn t_takes_the_draft_over_with_the_newest_text() {
    let mut desk = writing();
    held_three_minutes_ago(&mut desk, "Olá");
    desk.type_in("t");
    desk.wait(500);
    assert_eq!(saved(&desk), [("take", "Olá".to_owned())]);
    let newest = draft(&desk, "Olá João");
    desk.done(Outcome::DraftTaken(Some(Box::new(newest))));
    assert_eq!((desk.body().as_str(), desk.model.written_elsewhere()), ("Olá João", None));
    desk.type_in("!");
    desk.wait(250);
    assert_eq!(saved(&desk), [("save", "Olá João!".to_owned())]);
}

#[test]
fn a_word_typed_at_the_draft_of_another_window_takes_nothing() {
    for word in ["tudo bem", "tt", "Sent", "t\u{e9}"] {
        let mut desk = writing();
        held_three_minutes_ago(&mut desk, "Olá");
        desk.type_in(word);
        desk.wait(2000);
        assert!(saved(&desk).is_empty(), "{word}: {:?}", saved(&desk));
        assert_eq!(desk.body(), "Olá");
        assert!(desk.notice().contains("t take over"));
        // After a rest the key is a key again.
        desk.type_in("t");
        desk.wait(500);
        assert_eq!(saved(&desk), [("take", "Olá".to_owned())]);
    }
    let mut desk = writing();
    held_three_minutes_ago(&mut desk, "Olá");
    desk.type_in("t");
    desk.keys("Esc");
    desk.wait(1000);
    assert!(saved(&desk).is_empty(), "{:?}", saved(&desk));
}

#[test]
fn the_window_that_lost_its_draft_hears_it_at_its_next_key() {
    let mut desk = writing();
    read(&mut desk, Loaded::Draft(None));
    desk.type_in("a");
    desk.wait(250);
    let at = desk.wished.iter().position(|(_, wish)| matches!(wish, Wish::SaveDraft(_))).expect("saved");
    let (ticket, _) = desk.wished.remove(at);
    desk.send(Msg::Done(ticket, Outcome::DraftHeld(DraftHeld { place: "pts/7".into(), at: desk.now })));
    desk.type_in("b");
    assert_eq!(desk.body(), "a");
    assert!(desk.notice().contains("pts/7, just now"), "{}", desk.notice());
}

#[test]
fn leaving_before_the_stored_draft_was_read_adds_to_it_and_never_replaces_it() {
    let mut desk = writing();
    desk.type_in("half");
    desk.wait(400);
    assert!(saved(&desk).is_empty());
    desk.send(Msg::Signal(crate::app::Signal::Hangup));
    assert_eq!(saved(&desk), [("add", "half".to_owned()), ("close", String::new())]);
    let mut desk = writing();
    desk.type_in("half");
    desk.model.park_composer();
    desk.keys("j");
    assert_eq!(saved(&desk)[0], ("add", "half".to_owned()));
}

#[test]
fn a_draft_that_could_not_be_read_is_asked_for_again() {
    let mut desk = writing();
    desk.type_in("half");
    read(&mut desk, Loaded::Failed("the disk".into()));
    desk.wait(200);
    assert!(saved(&desk).is_empty());
    let stored = draft(&desk, "Olá ");
    read(&mut desk, Loaded::Draft(Some(stored)));
    assert_eq!(desk.body(), "Olá half");
    desk.wait(250);
    assert_eq!(saved(&desk), [("save", "Olá half".to_owned())]);
    assert_eq!(desk.model.place(), place::COMPOSER);
}
