//! Colleagues: who is here, whose words were kept.

use chrono::Duration;

use super::fixture::Desk;
use crate::{
    app::{Msg, Wish},
    domain::{ConversationId, Draft, DraftKind, presence::Present},
};

const SIZE: (u16, u16) = (80, 24);

fn told(desk: &Desk) -> Vec<Option<i64>> {
    let told = |wish: &Wish| match wish {
        Wish::Present(of) => Some(of.map(|id| id.0)),
        _ => None,
    };
    desk.wished.iter().filter_map(|(_, wish)| told(wish)).collect()
}

fn present(desk: &Desk, agent: &str, seconds: Option<i64>, writing: Option<DraftKind>) -> Present {
    Present {
        agent: agent.into(),
        place: "pts/9".into(),
        since: seconds.map(|seconds| desk.now - Duration::seconds(seconds)),
        writing,
    }
}

#[test]
fn a_window_tells_where_it_rests_and_when_it_leaves() {
    let mut desk = Desk::opened(SIZE);
    assert!(told(&desk).is_empty());
    desk.wait(250);
    assert_eq!(told(&desk), [Some(17)]);
    // Who flies through conversations is in none of them.
    desk.keys("J J");
    desk.wait(200);
    desk.keys("K");
    assert_eq!(told(&desk), [Some(17)]);
    desk.wait(250);
    assert_eq!(told(&desk), [Some(17), Some(19)]);
    desk.keys("q");
    assert_eq!(told(&desk), [Some(17), Some(19), None]);
    desk.keys("Enter");
    desk.wait(250);
    desk.send(Msg::Signal(crate::app::Signal::Hangup));
    assert_eq!(told(&desk).last(), Some(&None), "a row ends when its window leaves");
}

#[test]
fn a_preview_is_no_presence_and_a_long_stay_renews_its_lease_with_a_key() {
    let mut desk = Desk::open((120, 40));
    desk.wait(2000);
    desk.answer();
    assert!(told(&desk).is_empty());
    desk.keys("Enter");
    desk.wait(250);
    desk.wait(400_000);
    assert_eq!(told(&desk), [Some(17)], "nothing is told at rest");
    desk.keys("k");
    assert_eq!(told(&desk), [Some(17), Some(17)]);
}

#[test]
fn the_footer_says_who_else_is_here_and_changes_with_the_minute() {
    let mut desk = Desk::opened(SIZE);
    let said = |desk: &mut Desk, others: Vec<Present>| {
        desk.present = others;
        desk.send(Msg::StoreChanged);
        desk.answer();
        desk.model.presence()
    };
    assert_eq!(said(&mut desk, Vec::new()), None);
    let jon = present(&desk, "jon", Some(21), None);
    assert_eq!(said(&mut desk, vec![jon]).as_deref(), Some("jon opened this conversation 20 s ago"));
    desk.now += Duration::seconds(20);
    desk.keys("k");
    assert_eq!(desk.model.presence().as_deref(), Some("jon opened this conversation 20 s ago"));
    desk.wait(60_000);
    assert_eq!(desk.model.presence().as_deref(), Some("jon opened this conversation 1 min ago"));
    let others = vec![
        present(&desk, "jon", Some(5), Some(DraftKind::Reply)),
        present(&desk, "ana", Some(300), None),
        present(&desk, "eva", Some(300), None),
    ];
    assert_eq!(
        said(&mut desk, others).as_deref(),
        Some("jon is writing a reply here; here too: your other window, eva")
    );
    let mine = present(&desk, "ana", Some(300), None);
    assert_eq!(
        said(&mut desk, vec![mine]).as_deref(),
        Some("you opened this conversation in pts/9 too, 5 min ago")
    );
    let mine = present(&desk, "ana", None, Some(DraftKind::Note));
    assert_eq!(said(&mut desk, vec![mine]).as_deref(), Some("you are writing a note here in pts/9"));
    desk.keys("q");
    assert_eq!(desk.model.presence(), None, "in the list it is no news");
}

#[test]
fn a_window_that_died_is_found_out_with_the_minute() {
    let mut desk = Desk::opened(SIZE);
    desk.present = vec![present(&desk, "jon", Some(5), None)];
    desk.send(Msg::StoreChanged);
    desk.answer();
    desk.present.clear();
    desk.wait(60_000);
    desk.answer();
    assert_eq!(desk.model.presence(), None);
    desk.wait(120_000);
    assert!(desk.asked.is_empty(), "nothing is asked while nobody is shown");
}

#[test]
fn an_older_text_is_looked_at_and_taken_back_and_the_one_it_replaces_is_kept() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("new words");
    let version = |body: &str| Draft {
        conversation: Some(ConversationId(17)),
        agent: "ana".into(),
        kind: DraftKind::Reply,
        body: body.into(),
        cursor: (0, 0),
        files: Vec::new(),
        quote: None,
        form: serde_json::Value::Null,
        saved_at: desk.now - Duration::minutes(9),
    };
    desk.versions = vec![version("thrown away"), version("Olá João\nlonger")];
    desk.keys("Ctrl-x v");
    assert_eq!(desk.model.picker.as_ref().unwrap().note, "reading …");
    desk.answer();
    desk.keys("Down");
    assert_eq!(desk.model.picker_preview(), ["Olá João", "longer"]);
    desk.wished.clear();
    desk.keys("Enter");
    assert_eq!(desk.body(), "Olá João\nlonger");
    let saved: Vec<String> = desk
        .wished
        .iter()
        .filter_map(|(_, wish)| match wish {
            Wish::SaveDraft(draft) => Some(draft.body.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(saved, ["new words", ""], "emptied, the text that stood there becomes a version");
    desk.wait(250);
    let saved = |wish: &Wish| matches!(wish, Wish::SaveDraft(it) if it.body.starts_with("Olá"));
    assert!(desk.wished.iter().any(|(_, wish)| saved(wish)));
    desk.versions.clear();
    desk.keys("Ctrl-x v");
    desk.answer();
    desk.keys("Enter");
    assert_eq!(desk.body(), "Olá João\nlonger");
}

/// A reply with these words, in the review bar.
fn reviewed(text: &str) -> Desk {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in(text);
    desk.keys("Esc");
    desk
}

fn promised(desk: &Desk) -> Option<crate::domain::Promise> {
    match &desk.commits().last().unwrap().actions[0] {
        crate::domain::Action::Reply(outgoing) => outgoing.promise.clone(),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn what_a_reply_promises_stands_in_the_bar_and_goes_with_it() {
    let mut desk = reviewed("Enviaremos um novo até sexta-feira.");
    assert_eq!(
        desk.model.review_promise().as_deref(),
        Some("promises: Fri 09 Jun 18:00 \"até sexta-feira\"   t changes or drops it")
    );
    assert!(desk.model.offered(crate::app::actions::Act::Send), "it is no finding: the bar is clean");
    desk.keys("y");
    let promise = promised(&desk).unwrap();
    assert_eq!((promise.by.as_str(), promise.words.as_str()), ("ana", "até sexta-feira"));
    assert_eq!(desk.model.known(ConversationId(17)).unwrap().promise, Some(promise), "shown at once");
    let mut desk = reviewed("Vocês podem esperar até sexta-feira?");
    assert_eq!(desk.model.review_promise(), None);
    desk.keys("t");
    assert_eq!(desk.model.picker.as_ref().unwrap().prompt(crate::domain::Lang::En), "promised by");
}

#[test]
fn the_date_is_changed_or_dropped_with_a_key() {
    let mut desk = reviewed("Enviaremos um novo até sexta-feira.");
    desk.keys("t");
    desk.type_in("3d");
    desk.keys("Enter");
    assert!(desk.model.review_promise().unwrap().starts_with("promises: Fri 09 Jun 21:52"));
    desk.keys("y");
    assert_eq!(promised(&desk).unwrap().at, desk.now + Duration::days(3));
    let mut desk = reviewed("Enviaremos um novo até sexta-feira.");
    desk.keys("t Enter");
    assert_eq!(desk.model.review_promise(), None);
    desk.keys("y");
    assert_eq!(promised(&desk), None);
    // A time that is none changes nothing.
    let mut desk = reviewed("Enviaremos um novo até sexta-feira.");
    desk.keys("t");
    desk.type_in("soon");
    desk.keys("Enter");
    let picker = desk.model.picker.as_ref().expect("what was typed stands there still");
    assert!(picker.refused && picker.text() == "soon" && picker.note.contains("no time"));
    desk.keys("Esc");
    assert!(desk.model.review_promise().is_some());
}

#[test]
fn tomorrow_in_a_reply_of_a_later_hour_is_meant_from_where_it_is_read() {
    let mut desk = reviewed("Amanhã enviamos um novo.");
    let today = desk.model.review.as_ref().unwrap().promise.clone().unwrap();
    desk.keys("l");
    desk.type_in("3d");
    desk.keys("Enter");
    assert_eq!(promised(&desk).unwrap().at, today.at + Duration::days(3));
    assert_eq!(desk.model.known(ConversationId(17)).unwrap().promise, None, "not before it leaves");
}

#[test]
fn a_promise_is_set_and_kept_by_hand_and_warned_of() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("s k");
    assert_eq!(desk.notice(), "nothing is promised here");
    desk.keys("z p");
    desk.type_in("3h");
    desk.keys("Enter");
    assert!(matches!(desk.changes()[..], [crate::domain::outbox::LocalChange::Promise(Some(_))]));
    let row = desk.model.known(ConversationId(17)).unwrap().clone();
    assert!(crate::app::list::List::at_risk(&row, desk.now), "four hours before");
    desk.all_done();
    desk.keys("s k");
    assert!(matches!(desk.changes()[..], [crate::domain::outbox::LocalChange::Promise(None)]));
    desk.all_done();
    assert!(desk.model.safety().unwrap().starts_with("promise kept"));
    desk.keys("g p");
    assert_eq!(desk.model.list.title(), "Promised");
}

#[test]
fn a_shift_is_handed_over_with_a_word_after_one_question() {
    let mut desk = Desk::open(SIZE);
    desk.store.retain(|row| row.assignee.as_deref() == Some("ana"));
    desk.store[0].has_draft = true;
    desk.store[1].status = crate::domain::Status::Pending;
    desk.store[1].turn = crate::domain::Status::Pending.turn();
    desk.keys("g h");
    assert_eq!(desk.model.picker.as_ref().unwrap().note, "reading …");
    desk.answer();
    assert_eq!(
        desk.model.picker.as_ref().unwrap().note,
        "2 yours: 1 our move, 1 others', 0 asleep; 1 drafts, 0 promised, 1 at risk"
    );
    desk.type_in("jon");
    desk.keys("Enter");
    desk.type_in("carrier strike");
    desk.keys("Enter");
    let question = desk.model.ask.as_ref().unwrap().question.clone();
    assert!(question.starts_with("Hand 2 conversations over to jon? \"carrier strike\""), "{question}");
    desk.keys("Enter y");
    assert!(desk.changes().is_empty(), "only the other key does it");
    desk.keys("Y");
    let handed: Vec<_> = desk
        .changes()
        .into_iter()
        .map(|change| match change {
            crate::domain::outbox::LocalChange::HandOver { from, to, note, drafts } => {
                (from.clone(), to.clone(), note.clone().unwrap_or_default(), *drafts)
            }
            other => unreachable!("{other:?}"),
        })
        .collect();
    assert_eq!(handed.len(), 2);
    assert_eq!((handed[0].0.as_str(), handed[0].1.as_deref(), handed[0].3), ("ana", Some("jon"), true));
    assert!(handed[0].2.starts_with("Handed over by Ana Souza to jon.\ncarrier strike"), "{}", handed[0].2);
    desk.all_done();
    assert!(desk.model.safety().unwrap().starts_with("handed over to jon: 2 conversations"));
    desk.keys("u");
    assert_eq!(desk.changes().len(), 2, "one undo");
}

#[test]
fn who_holds_nothing_hands_nothing_over() {
    let mut desk = Desk::open(SIZE);
    desk.keys("g h");
    desk.store.clear();
    desk.answer();
    desk.keys("Enter");
    assert_eq!(desk.notice(), "nothing of yours is open: there is nothing to hand over");
    assert!(desk.model.picker.is_none() && desk.model.ask.is_none());
}
