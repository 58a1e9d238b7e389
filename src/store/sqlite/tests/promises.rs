//! What was promised: with a reply, kept by the next one, back before its date.

use super::{store, told};
use crate::{
    domain::{Action, ConversationId, Gate, Promise, RowNumber, Status, outbox::LocalChange},
    store::{
        Desk, EngineSide, Reading, Seen, Settlement,
        sqlite::SqliteStore,
        story::{at, commit, conversation, ids, says, seen, send, we_said},
    },
};

const HOUR: i64 = 3600;

fn promise(hours: i64) -> Promise {
    Promise { at: at(hours * HOUR), words: "by Friday".into(), by: "ana".into() }
}

async fn asked(store: &SqliteStore) -> ConversationId {
    let changes = vec![seen(conversation("c", Gate::Open, at(1))), says("c", "m1", "Oi, onde está?", at(0))];
    told(store, "americanas", 1, changes).await
}

async fn reply(store: &SqliteStore, id: ConversationId, promise: Option<Promise>, seconds: i64) -> RowNumber {
    reply_with(store, id, promise, seconds, Status::Pending).await
}

async fn reply_with(
    store: &SqliteStore,
    id: ConversationId,
    promise: Option<Promise>,
    seconds: i64,
    status: Status,
) -> RowNumber {
    let mut commit = commit(id, "americanas", &seconds.to_string(), Some(at(seconds + 10)));
    commit.status = Some(status);
    if let Action::Reply(outgoing) = &mut commit.actions[0] {
        outgoing.promise = promise;
    }
    store.commit(commit, at(seconds)).await.unwrap().unwrap().rows[0]
}

async fn stands(store: &SqliteStore, id: ConversationId) -> Option<Promise> {
    store.conversation(id, "ana".into(), at(0)).await.unwrap().unwrap().promise
}

async fn found(store: &SqliteStore, query: &str, hours: i64) -> usize {
    ids(store, query, "ana", at(hours * HOUR)).await.len()
}

#[tokio::test]
async fn a_promise_goes_with_its_reply_and_the_next_reply_keeps_it() {
    let store = store().await;
    let id = asked(&store).await;
    let first = reply(&store, id, Some(promise(72)), 10).await;
    assert_eq!(stands(&store, id).await, Some(promise(72)));
    // Taken back: nothing was promised. Said again: it stands.
    store.take_back(first, "ana".into(), at(11)).await.unwrap().unwrap();
    assert_eq!(stands(&store, id).await, None);
    reply(&store, id, Some(promise(72)), 12).await;
    let second = reply(&store, id, None, 20).await;
    assert_eq!(stands(&store, id).await, None, "kept");
    store.take_back(second, "ana".into(), at(21)).await.unwrap().unwrap();
    assert_eq!(stands(&store, id).await, Some(promise(72)), "what was promised before stands again");
    let log = store.history(id).await.unwrap();
    assert!(log.iter().filter(|event| event.what == "promise").count() >= 5);
}

#[tokio::test]
async fn a_reply_that_failed_promised_nothing_until_it_is_sent_again() {
    let store = store().await;
    let id = asked(&store).await;
    let row = reply(&store, id, Some(promise(72)), 10).await;
    let no = Settlement::Failed { error: "422".into() };
    assert_eq!(send(&store, "americanas", no, at(20)).await, Some(row));
    assert_eq!(stands(&store, id).await, None);
    store.retry(row, "ana".into(), at(30)).await.unwrap().unwrap();
    assert_eq!(stands(&store, id).await, Some(promise(72)));
}

#[tokio::test]
async fn resolved_it_is_kept_and_open_again_it_is_not() {
    let store = store().await;
    let id = asked(&store).await;
    reply(&store, id, Some(promise(72)), 10).await;
    let change = LocalChange::Status(Status::Resolved);
    let changed = store
        .change(id, change, Vec::new(), None, "ana".into(), Seen::default(), at(20))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stands(&store, id).await, None);
    for inverse in changed.inverse {
        store
            .change(id, inverse, Vec::new(), None, "ana".into(), Seen::default(), at(21))
            .await
            .unwrap()
            .unwrap();
    }
    assert_eq!(stands(&store, id).await, Some(promise(72)));
    // A reply that resolves promises nothing that anybody would wait for here.
    reply_with(&store, id, Some(promise(80)), 30, Status::Resolved).await;
    assert_eq!(stands(&store, id).await, None);
}

#[tokio::test]
async fn it_is_a_deadline_of_ours_in_order_queries_and_risk_and_in_nothing_else() {
    let store = store().await;
    let id = asked(&store).await;
    reply(&store, id, Some(promise(72)), 10).await;
    for (query, hours, hits) in [
        ("is:promised", 0, 1),
        ("is:breaching", 67, 0),
        ("is:promised", 69, 1),
        ("due:<2h", 69, 0),
        ("due:<2h", 71, 1),
        ("-is:promised", 0, 0),
    ] {
        assert_eq!(found(&store, query, hours).await, hits, "{query} at {hours} h");
    }
    assert_eq!(found(&store, "is:breaching", 69).await, 1);
    let row = store.conversation(id, "ana".into(), at(0)).await.unwrap().unwrap();
    assert_eq!(
        (row.due_at, row.due_clock),
        (None, None),
        "what JSON tells is the vendor's and the company's"
    );
}

#[tokio::test]
async fn it_comes_back_from_pending_once_before_its_date_and_once_at_it() {
    let store = store().await;
    let id = asked(&store).await;
    reply(&store, id, Some(promise(72)), 10).await;
    let status = async || store.conversation(id, "ana".into(), at(0)).await.unwrap().unwrap().status;
    let next = store.tend(at(HOUR)).await.unwrap();
    assert_eq!((next, status().await), (Some(at(68 * HOUR)), Status::Pending));
    assert_eq!(store.tend(at(68 * HOUR)).await.unwrap(), Some(at(72 * HOUR)));
    assert_eq!(status().await, Status::Open);
    let pending = || {
        let change = LocalChange::Status(Status::Pending);
        store.change(id, change, Vec::new(), None, "ana".into(), Seen::default(), at(69 * HOUR))
    };
    pending().await.unwrap().unwrap();
    store.tend(at(70 * HOUR)).await.unwrap();
    assert_eq!(status().await, Status::Pending, "whoever put it back knows");
    store.tend(at(72 * HOUR)).await.unwrap();
    assert_eq!(status().await, Status::Open);
}

#[tokio::test]
async fn a_reply_from_elsewhere_keeps_it() {
    let store = store().await;
    let id = asked(&store).await;
    let change = LocalChange::Promise(Some(promise(72)));
    store.change(id, change, Vec::new(), None, "ana".into(), Seen::default(), at(5)).await.unwrap().unwrap();
    assert_eq!(stands(&store, id).await, Some(promise(72)));
    told(&store, "americanas", 20, vec![we_said("c", "m2", "Chegou?", at(15))]).await;
    assert_eq!(stands(&store, id).await, None);
}

#[tokio::test]
async fn a_hand_over_takes_the_drafts_along_and_tells_the_next_one() {
    use crate::domain::{Draft, DraftKind};
    let store = store().await;
    let id = asked(&store).await;
    let draft = |agent: &str, body: &str| Draft {
        conversation: Some(id),
        agent: agent.into(),
        kind: DraftKind::Reply,
        body: body.into(),
        cursor: (0, 0),
        files: Vec::new(),
        quote: None,
        form: serde_json::Value::Null,
        saved_at: at(3),
    };
    let reply = async |agent: &str| {
        store.draft(Some(id), agent.into(), DraftKind::Reply).await.unwrap().map(|it| it.body)
    };
    let change = async |change: LocalChange, by: &str, seconds: i64| {
        let seen = Seen::default();
        store.change(id, change, Vec::new(), None, by.into(), seen, at(seconds)).await.unwrap().unwrap()
    };
    let hand_over = || LocalChange::HandOver {
        from: "ana".into(),
        to: Some("jon".into()),
        note: Some("Handed over by ana to jon.".into()),
        drafts: true,
    };
    change(LocalChange::Assign(Some("ana".into())), "ana", 2).await;
    store.save_draft(draft("ana", "Olá")).await.unwrap();
    let before = store.conversation(id, "jon".into(), at(9)).await.unwrap().unwrap();
    let changed = change(hand_over(), "ana", 10).await;
    let row = store.conversation(id, "jon".into(), at(11)).await.unwrap().unwrap();
    assert_eq!((row.assignee.as_deref(), row.has_draft), (Some("jon"), true));
    assert!(row.unread > 0, "something new to jon");
    assert_eq!((reply("jon").await.as_deref(), reply("ana").await), (Some("Olá"), None));
    let notes = async || {
        let thread = store.thread(id, None, 10).await.unwrap();
        thread.into_iter().filter(|it| it.direction == crate::domain::Direction::Note).count()
    };
    assert_eq!(notes().await, 1);
    for inverse in changed.inverse {
        change(inverse, "ana", 12).await;
    }
    assert_eq!(notes().await, 0, "one undo takes everything back");
    let row = store.conversation(id, "jon".into(), at(13)).await.unwrap().unwrap();
    assert_eq!(row.unread, before.unread, "nothing is new to jon by it");
    let row = store.conversation(id, "ana".into(), at(13)).await.unwrap().unwrap();
    assert_eq!((row.assignee.as_deref(), reply("ana").await.as_deref()), (Some("ana"), Some("Olá")));
    // He has words of his own there: mine stay mine, and stand in the note.
    store.save_draft(draft("jon", "Guten Tag")).await.unwrap();
    let changed = change(hand_over(), "ana", 20).await;
    assert_eq!(reply("jon").await.as_deref(), Some("Guten Tag"));
    let note = store.thread(id, None, 10).await.unwrap().pop().unwrap();
    assert_eq!(note.body, "Handed over by ana to jon.\n--\nOlá");
    for inverse in changed.inverse {
        change(inverse, "ana", 21).await;
    }
    assert_eq!(reply("jon").await.as_deref(), Some("Guten Tag"), "his own stay his");
}
