//! `m`: from one key to a reply that has been read before it goes.

use super::fixture::{Desk, conversation, options};
use crate::{
    app::{
        Input, Msg, Outcome, Screen, Wish,
        canned::{Shelf, parse},
        review::Verdict,
    },
    domain::{
        Action, DraftKind, Gate, GateEvidence, Status,
        desk::Refusal,
        outbox::{LocalChange, UNTIL_THEY_WRITE},
    },
};

const SIZE: (u16, u16) = (80, 24);
const LATE: &str = "Olá {{customer.first_name}}, o pedido {{order.number}} está a caminho.";
const ON_HOLD: &str =
    "---\ntitle: Ask the carrier\nstatus: on-hold\nlabels: +shipping\nassign: me\n---\nPedimos notícias.\n";
const PARK: &str = "---\nstatus: pending\nlabels: +later\nsnooze: reply\n---\n";

fn shelf() -> Shelf {
    let reply = |name: &str, text: &str| parse(name, Some("pt-BR"), text).unwrap();
    Shelf {
        replies: vec![
            reply("a-late", LATE),
            reply("b-carrier", ON_HOLD),
            reply("c-park", PARK),
            reply("d-link", "Veja {{product.url}}"),
        ],
        broken: vec![("x.md".into(), "line 2: there is no key \"statsu\"".into())],
        ..Shelf::default()
    }
}

fn desk() -> Desk {
    let mut desk = Desk::open(SIZE);
    desk.shelf = shelf();
    desk
}

fn stroke(desk: &mut Desk, name: &str) {
    desk.send(Msg::Input(Input::Key(Desk::stroke(name))));
}

#[test]
fn the_daily_case_is_four_keys_from_the_list() {
    let mut desk = desk();
    desk.keys("m");
    desk.answer();
    desk.keys("1");
    desk.answer();
    assert_eq!(desk.body(), "Olá João, o pedido 02-123456789 está a caminho.");
    desk.keys("Esc");
    assert_eq!(desk.model.review.as_ref().unwrap().verdict(), Verdict::Clean);
    desk.keys("E");
    let commit = desk.commits()[0];
    assert!(matches!(&commit.actions[0], Action::Reply(out) if out.text.starts_with("Olá João")));
    assert_eq!(commit.status, Some(Status::Resolved));
    assert_eq!(commit.seen.message, Some(crate::domain::MessageId(2)), "held against what was drawn");
    assert_eq!(desk.model.thread.as_ref().unwrap().id.0, 19, "and the next one is open");
    assert!(
        desk.wished
            .iter()
            .any(|(_, wish)| matches!(wish, Wish::CountCanned { name, .. } if name == "a-late"))
    );
}

#[test]
fn four_keys_of_one_read_wait_for_what_they_act_on() {
    let mut desk = desk();
    let mut last = Desk::stroke("E");
    last.after_escape = true;
    let keys = vec![Desk::stroke("m"), Desk::stroke("1"), Desk::stroke("Esc"), last];
    desk.send(Msg::Input(Input::Burst(keys)));
    assert!(desk.commits().is_empty() && desk.model.composer.is_none(), "nothing is on the screen yet");
    for _ in 0..4 {
        desk.answer();
    }
    assert_eq!(desk.commits().len(), 1);
    assert_eq!(desk.commits()[0].seen.message, Some(crate::domain::MessageId(2)));
}

#[test]
fn keys_that_wait_never_send_what_has_a_finding() {
    let mut desk = desk();
    // Something new comes while the keys are on their way: the bar is amber, and E is no key of it.
    desk.threads
        .insert(17, vec![super::fixture::message(1, 17, crate::domain::Direction::Inbound, "João", "Oi")]);
    desk.store[0].gate = GateEvidence::said(Gate::Unknown);
    for key in ["m", "1", "Esc", "E", "e"] {
        stroke(&mut desk, key);
    }
    for _ in 0..4 {
        desk.answer();
    }
    assert!(desk.commits().is_empty() && desk.changes().is_empty());
    assert!(desk.body().starts_with("Olá João"), "the text is there");
}

#[test]
fn a_variable_without_a_value_is_never_sent() {
    let mut desk = desk();
    desk.keys("m");
    desk.answer();
    // The macro without a reply has no digit: the third that inserts is the fourth line.
    desk.keys("3");
    desk.answer();
    assert_eq!(desk.body(), "Veja {{product.url}}");
    assert_eq!(desk.model.composer.as_ref().unwrap().text.cursor(), (0, 5), "the cursor is at the hole");
    desk.keys("Esc y E Y");
    assert!(desk.commits().is_empty());
    assert_eq!(desk.model.review.as_ref().unwrap().verdict(), Verdict::Red);
}

#[test]
fn letters_filter_and_enter_takes() {
    let mut desk = desk();
    desk.keys("m");
    desk.answer();
    desk.type_in("carrier");
    let titles: Vec<&str> =
        desk.model.picker.as_ref().unwrap().choices.iter().map(|it| it.title.as_str()).collect();
    assert!(titles[0].starts_with("Ask the carrier"), "{titles:?}");
    assert_eq!(desk.model.picker_preview()[0], "-> on hold, +shipping, to me");
    desk.keys("Enter");
    desk.answer();
    assert_eq!(desk.body(), "Pedimos notícias.");
}

#[test]
fn a_macro_is_shown_whole_and_undone_at_once() {
    let mut desk = desk();
    desk.keys("m");
    desk.answer();
    desk.keys("2");
    desk.answer();
    desk.keys("Esc");
    assert_eq!(desk.model.review_then().unwrap(), "with it: +shipping, to me");
    assert!(desk.model.review_offers().0.starts_with("y send, then on hold"));
    desk.wished.clear();
    desk.keys("y");
    assert_eq!(desk.commits()[0].status, Some(Status::OnHold));
    assert!(desk.changes().is_empty(), "nothing is done before the reply is committed");
    desk.all_done();
    assert!(
        desk.changes().iter().any(|it| matches!(it, LocalChange::Label { add, .. } if add == &["shipping"]))
    );
    assert!(desk.changes().contains(&&LocalChange::Assign(Some("ana".into()))));
    desk.all_done();
    desk.keys("u");
    assert_eq!(desk.changes().len(), 2, "both are taken back");
    assert!(desk.wished.iter().any(|(_, wish)| matches!(wish, Wish::TakeBack(_))));
    assert!(desk.model.undo.done.is_empty());
}

#[test]
fn a_refused_reply_takes_its_macro_with_it() {
    let mut desk = desk();
    desk.keys("m");
    desk.answer();
    desk.keys("2");
    desk.answer();
    desk.keys("Esc");
    desk.wished.clear();
    desk.keys("y");
    let at = desk.wished.iter().position(|(_, wish)| matches!(wish, Wish::Commit(_))).unwrap();
    let (ticket, _) = desk.wished.remove(at);
    let refusal = Refusal::NotNow("the marketplace mediates".into());
    desk.send(Msg::Done(ticket, Outcome::Refused(refusal)));
    assert!(desk.changes().is_empty());
    assert_eq!(desk.model.review_then().unwrap(), "with it: +shipping, to me");
}

#[test]
fn a_macro_without_a_reply_works_on_marks_and_one_with_a_reply_never_does() {
    let mut desk = desk();
    desk.keys("x x m");
    desk.answer();
    desk.keys("1");
    assert!(desk.model.composer.is_none());
    assert!(desk.model.ask.as_ref().unwrap().question.starts_with("Macros that write nothing work on marks"));
    desk.model.list.rows[0].unread = 0;
    desk.keys("Esc m");
    desk.answer();
    desk.wished.clear();
    desk.keys("Down Down Enter");
    let snoozed = desk.changes().into_iter().filter(
        |it| matches!(it, LocalChange::Snooze { until: Some(until), .. } if *until == UNTIL_THEY_WRITE),
    );
    assert_eq!(snoozed.count(), 2);
    assert_eq!(desk.changes().len(), 6);
    assert!(desk.model.list.marks.is_empty());
    desk.all_done();
    assert_eq!(desk.model.undo.done.len(), 1, "one undo for all of it");
}

#[test]
fn where_the_window_is_shut_only_templates_can_be_taken() {
    let mut desk = desk();
    desk.store[2].gate = GateEvidence::said(Gate::TemplateOnly);
    desk.send(Msg::StoreChanged);
    desk.answer();
    desk.keys("j j m");
    desk.answer();
    let first = &desk.model.picker.as_ref().unwrap().choices[0];
    assert_eq!((first.title.as_str(), first.digit), ("template order_update en_US", Some(1)));
    assert!(
        desk.model.picker.as_ref().unwrap().choices[1..]
            .iter()
            .all(|it| !it.enabled || it.title.contains("c-park"))
    );
    desk.keys("1");
    desk.answer();
    desk.type_in("77");
    assert_eq!(desk.model.picker_preview(), ["Your order 77 is on its way"]);
    desk.keys("Enter");
    assert_eq!(desk.model.composer.as_ref().unwrap().template.as_ref().unwrap().parameters, ["77"]);
    let composer = desk.model.composer.as_ref().unwrap();
    let row = desk.model.known(composer.to.unwrap()).unwrap();
    let (_, border) = desk.model.border(row, composer.kind, composer.goes_anyway());
    assert!(border[0].starts_with("TO CUSTOMER Kerry Fisher (21)"), "{border:?}");
    assert_eq!(border[1..], ["template: the window is shut"]);
    desk.keys("Esc");
    assert_eq!(desk.model.review.as_ref().unwrap().verdict(), Verdict::Clean);
    desk.keys("y");
    let Action::Reply(out) = &desk.commits()[0].actions[0] else { unreachable!("a reply") };
    assert_eq!(out.text, "Your order 77 is on its way", "the thread shows what the customer reads");
    assert!(out.template.is_some());
}

#[test]
fn in_a_note_a_canned_reply_is_only_text() {
    let mut desk = desk();
    desk.keys("Enter");
    desk.answer();
    desk.keys("i");
    desk.answer();
    desk.keys("Ctrl-x m");
    desk.answer();
    desk.keys("2");
    let composer = desk.model.composer.as_ref().unwrap();
    assert_eq!(composer.kind, DraftKind::Note);
    assert!(composer.then.is_empty());
    assert_eq!(desk.body(), "Pedimos notícias.");
}

#[test]
fn another_customers_order_number_is_found_before_it_is_sent() {
    let mut desk = Desk::opened(SIZE);
    let mut other = conversation(18, "americanas", "skyhub", "Maria", "x");
    other.order = serde_json::json!({ "number": "02-987654321" }).as_object().cloned();
    desk.owners = vec![("02-987654321".into(), other)];
    desk.keys("r");
    desk.answer();
    desk.type_in("pedido 02-987654321");
    stroke(&mut desk, "Esc");
    stroke(&mut desk, "y");
    assert!(desk.commits().is_empty(), "y waits for the answer");
    desk.answer();
    assert!(desk.commits().is_empty());
    let findings = &desk.model.review.as_ref().unwrap().findings;
    assert!(
        findings.iter().any(|it| it.text.contains("order of another conversation: 18 Maria")),
        "{findings:?}"
    );
}

#[test]
fn before_the_list_has_been_read_there_is_nothing_to_answer() {
    let mut desk = Desk::unread(options(SIZE));
    desk.keys("m");
    assert!(desk.model.picker.is_none());
    assert_eq!(desk.model.screen, Screen::List);
}
