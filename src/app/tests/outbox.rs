//! The outbox, going back, what is copied, several files.

use super::{
    fixture::{Desk, message, options},
    writing::outbox_row,
};
use crate::{
    app::{Effect, Loaded, Msg, Outcome, Request, Screen, actions::Act},
    domain::{
        Action, Direction, MessageKind, OutboxRow, RowState, attachment::StoredFile, desk::Count,
        outbox::NewConversation,
    },
};

const SIZE: (u16, u16) = (80, 24);

/// The store tells of its outbox.
fn outbox(desk: &mut Desk, rows: &[OutboxRow]) {
    desk.send(Msg::StoreChanged);
    for (ticket, request) in std::mem::take(&mut desk.asked) {
        if matches!(request, Request::Outbox(None)) {
            desk.send(Msg::Loaded(ticket, Loaded::Outbox(rows.to_vec())));
        } else {
            desk.asked.push((ticket, request));
        }
    }
}

fn row(n: i64, state: RowState) -> OutboxRow {
    OutboxRow { state, ..outbox_row(n, 17) }
}

#[test]
fn the_outbox_offers_what_its_row_can_do() {
    let mut desk = Desk::open(SIZE);
    let offered = |desk: &Desk| {
        [Act::Open, Act::TakeBack, Act::Retry, Act::DiscardRow, Act::ItIsThere, Act::NotThere, Act::Back]
            .map(|act| desk.model.outbox.offers(act))
    };
    assert_eq!(offered(&desk), [false, false, false, false, false, false, true]);
    desk.model.outbox.rows = vec![row(31, RowState::Held)];
    assert_eq!(offered(&desk), [true, true, true, true, false, false, true]);
    desk.model.outbox.rows = vec![row(31, RowState::Uncertain)];
    assert_eq!(offered(&desk), [true, false, false, true, true, true, true]);
}

#[test]
fn a_row_says_which_status_and_who_reads_a_new_conversation() {
    let desk = Desk::open(SIZE);
    let mut it = row(31, RowState::Held);
    it.action = Action::Status { close: true };
    assert_eq!(desk.model.row_what(&it), "status ARCHIVED");
    it.action = Action::Create(NewConversation { to: Some("5511987654321".into()), ..Default::default() });
    (it.channel, it.conversation.0) = ("wa-br".into(), 99);
    assert_eq!(desk.model.row_to(&it), "5511987654321 (99) via wa-br");
}

#[test]
fn what_is_settled_by_hand_names_its_reader() {
    let mut desk = Desk::open(SIZE);
    desk.keys("g o");
    desk.model.outbox.rows = vec![row(31, RowState::Uncertain)];
    desk.draw();
    desk.keys("N");
    let question = desk.model.ask.as_ref().map(|ask| ask.question.clone()).unwrap_or_default();
    assert!(question.starts_with("Send row 31, João dos Santos (17) via americanas again?"), "{question}");
}

#[test]
fn what_is_said_to_be_there_is_undone_by_the_key_that_would_take_another_row_back() {
    let mut desk = Desk::open(SIZE);
    desk.keys("g o");
    desk.answer();
    let rows = [row(31, RowState::Uncertain), row(32, RowState::Failed)];
    outbox(&mut desk, &rows);
    let wished = |desk: &Desk| desk.wished.last().map(|(_, wish)| format!("{wish:?}")).unwrap_or_default();
    desk.keys("Y");
    assert!(wished(&desk).starts_with("MarkSent"), "{}", wished(&desk));
    desk.all_done();
    outbox(&mut desk, &rows[1..]);
    assert_eq!(desk.notice(), "row 31, João dos Santos (17) via americanas: it is there   u undo");
    desk.keys("u");
    assert_eq!(wished(&desk), "UnmarkSent(RowNumber(31))");
    desk.all_done();
    outbox(&mut desk, &rows);
    assert!(desk.notice().starts_with("UNCERTAIN reply to João"), "{}", desk.notice());
    desk.keys("k Y");
    desk.all_done();
    outbox(&mut desk, &rows[1..]);
    desk.keys("q u");
    assert_eq!(wished(&desk), "UnmarkSent(RowNumber(31))");
    desk.all_done();
    outbox(&mut desk, &rows);
    desk.keys("g o k Y");
    desk.all_done();
    outbox(&mut desk, &rows[1..]);
    // Whoever has gone on means the row under the cursor.
    desk.keys("j u");
    assert_eq!(wished(&desk), "TakeBack(RowNumber(32))");
}

/// A held reply of one window, with the outbox open over it.
fn held_reply() -> Desk {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r");
    desk.answer();
    desk.type_in("oi");
    desk.keys("Esc y");
    desk.all_done();
    assert_eq!(desk.model.safety().unwrap(), "Held 10 s, then to João dos Santos (17) via americanas");
    desk.keys("g o");
    desk.answer();
    outbox(&mut desk, &[row(31, RowState::Held)]);
    desk
}

#[test]
fn what_was_settled_in_the_outbox_is_not_held_any_more() {
    for keys in ["u", "D Y"] {
        let mut desk = held_reply();
        desk.keys(keys);
        desk.all_done();
        assert_eq!(desk.model.safety(), None, "{keys}: nothing is held");
        assert!(desk.model.undo.done.is_empty(), "{keys}: nothing is left to undo");
    }
    let mut desk = held_reply();
    desk.keys("r");
    desk.all_done();
    assert_eq!(desk.model.safety(), None, "it has left");
    desk.keys("q u");
    assert!(desk.notice().ends_with("is on its way: it cannot be undone"), "{}", desk.notice());
}

#[test]
fn what_a_macro_did_with_a_reply_is_undone_after_the_reply_was_taken_back_in_the_outbox() {
    use crate::app::undo::{LocalStep, Step};
    let mut desk = held_reply();
    let label = crate::domain::outbox::LocalChange::Assign(None);
    if let Some(Step::Sent { with, .. }) = desk.model.undo.done.last_mut() {
        let id = crate::domain::ConversationId(17);
        with.push(LocalStep {
            id,
            change: label.clone(),
            inverse: vec![label],
            rows: Vec::new(),
            until: None,
        });
    }
    desk.keys("u");
    desk.all_done();
    assert!(matches!(&desk.model.undo.done[..], [Step::Local { changes, .. }] if changes.len() == 1));
}

#[test]
fn a_held_row_that_fails_says_so() {
    let mut desk = Desk::open(SIZE);
    outbox(&mut desk, &[row(31, RowState::Held)]);
    assert_eq!(desk.notice(), "");
    let failed = OutboxRow { error: Some("422 no such order".into()), ..row(31, RowState::Failed) };
    outbox(&mut desk, std::slice::from_ref(&failed));
    let said = "FAILED reply to João dos Santos (17) via americanas   g f lists it   422 no such order";
    assert_eq!(desk.notice(), said);
    desk.keys("j");
    outbox(&mut desk, &[failed]);
    assert_eq!(desk.notice(), "");
}

fn file(name: &str, mime: &str) -> StoredFile {
    StoredFile { sha256: name.into(), name: name.into(), mime: mime.into(), size: 120_000 }
}

#[test]
fn several_files_are_listed_as_the_messages_that_they_become() {
    let mut options = options(SIZE);
    options.descriptors.swap(0, 3);
    let mut desk = Desk::with(options);
    desk.keys("c");
    desk.answer();
    let composer = desk.model.composer.as_mut().unwrap();
    composer.channel = "myprotein".into();
    composer.files = vec![file("photo1.jpg", "image/jpeg"), file("photo2.jpg", "image/jpeg")];
    composer.text.insert_str("look");
    assert_eq!(
        desk.model.carried(),
        ["1/2 text + photo1.jpg (image/jpeg, 120 KB)", "2/2 photo2.jpg (image/jpeg, 120 KB)"]
    );
}

#[test]
fn a_file_that_the_channel_does_not_take_is_refused_when_it_is_attached() {
    let mut desk = Desk::open(SIZE);
    desk.keys("c");
    desk.answer();
    desk.type_in("wa");
    desk.keys("Tab Ctrl-x a");
    desk.type_in("setup.exe");
    desk.keys("Enter");
    desk.done(Outcome::File(file("setup.exe", "application/x-msdownload")));
    assert_eq!(
        desk.notice(),
        "not attached: setup.exe: application/x-msdownload is not taken here, only image"
    );
    assert!(desk.model.composer.as_ref().unwrap().files.is_empty());
}

#[test]
fn an_order_is_copied_as_its_lines_and_what_was_copied_is_said() {
    let mut desk = Desk::open(SIZE);
    let mut order = message(5, 17, Direction::Inbound, "João", "");
    order.kind = MessageKind::Order;
    let item = serde_json::json!({ "product_id": "a1", "quantity": 2, "price": "9.90", "currency": "BRL" });
    order.context = Some(serde_json::json!({ "items": [item] }));
    desk.threads.insert(17, vec![order]);
    desk.keys("Enter");
    desk.answer();
    desk.keys("y");
    let copied = desk.others.iter().find_map(|effect| match effect {
        Effect::Copy(ticket, text) => Some((*ticket, text.clone())),
        _ => None,
    });
    let (ticket, text) = copied.unwrap();
    assert_eq!(text, "2 x 9.90 = 19.80 BRL  SKU a1\ntotal 19.80 BRL (added up here)");
    desk.send(Msg::Said(ticket, "sent 60 bytes to the terminal's clipboard".into()));
    assert!(desk.notice().starts_with("\"2 x 9.90 = 19.80 BRL  SKU a1"), "{}", desk.notice());
    assert!(desk.notice().ends_with("\": sent 60 bytes to the terminal's clipboard"), "{}", desk.notice());
}

#[test]
fn q_in_a_list_of_its_own_query_is_back() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("g c");
    desk.answer();
    assert_eq!((desk.model.screen, desk.model.list.title()), (Screen::List, "All of João dos Santos"));
    desk.keys("q");
    desk.answer();
    assert!(!desk.model.leaving && desk.model.ask.is_none());
    assert_eq!((desk.model.screen, desk.model.list.special.is_some()), (Screen::Thread, false));
    desk.keys("q g d");
    desk.answer();
    desk.keys("q");
    desk.answer();
    assert_eq!((desk.model.screen, desk.model.list.special.is_some()), (Screen::List, false));
    assert!(!desk.model.leaving && desk.model.ask.is_none());
}

#[test]
fn the_inbox_leaves_a_search_and_fix_and_an_empty_fix_is_not_shown() {
    let mut desk = Desk::open(SIZE);
    let before = desk.model.list.view;
    desk.keys("g f");
    assert_eq!(desk.notice(), "nothing has to be settled: Fix is empty");
    assert_eq!(desk.model.list.view, before);
    desk.model.list.views[0].count = Some(Count { total: 2, at_risk: 0, more: false });
    desk.keys("g f");
    desk.answer();
    assert_eq!(desk.model.list.view, 0);
    desk.keys("g i");
    desk.answer();
    assert_eq!(desk.model.list.views[desk.model.list.view].name, "All");
    desk.keys("/");
    desk.type_in("stat");
    desk.keys("Enter");
    desk.answer();
    desk.keys("g i");
    desk.answer();
    assert_eq!(desk.model.list.narrowed.search, None);
}
