//! Who is in a conversation, as other windows see it.

use super::store;
use crate::{
    domain::{ConversationId, Draft, DraftKind, DraftSave, DraftWindow},
    store::{Desk, Reading, sqlite::SqliteStore, story::at},
};

const HERE: ConversationId = ConversationId(17);

/// A window on another box: only its lease tells whether it lives.
fn window(agent: &str) -> DraftWindow {
    DraftWindow { name: format!("{agent}@elsewhere:4"), place: "pts/4".into() }
}

async fn is_in(store: &SqliteStore, agent: &str, of: Option<ConversationId>, seconds: i64) {
    store.be_present(agent.into(), window(agent), of, at(seconds)).await.unwrap();
}

async fn seen(store: &SqliteStore, by: &str, seconds: i64) -> Vec<(String, bool, bool)> {
    let seen = store.present(HERE, window(by).name, at(seconds)).await.unwrap();
    seen.into_iter().map(|it| (it.agent, it.since.is_some(), it.writing.is_some())).collect()
}

#[tokio::test]
async fn a_window_is_in_one_conversation_until_it_leaves_or_its_lease_ends() {
    let store = store().await;
    is_in(&store, "jon", Some(HERE), 0).await;
    assert_eq!(seen(&store, "ana", 1).await, [("jon".to_owned(), true, false)]);
    assert!(seen(&store, "jon", 1).await.is_empty(), "its own window is no news to it");
    assert!(seen(&store, "ana", 15 * 60).await.is_empty(), "dead for a quarter of an hour");
    is_in(&store, "jon", Some(HERE), 10 * 60).await;
    let [jon] = &store.present(HERE, window("ana").name, at(16 * 60)).await.unwrap()[..] else {
        unreachable!("renewed")
    };
    assert_eq!(jon.since, Some(at(0)), "since it was opened");
    is_in(&store, "jon", Some(ConversationId(18)), 11 * 60).await;
    assert!(seen(&store, "ana", 11 * 60).await.is_empty());
    is_in(&store, "jon", Some(HERE), 12 * 60).await;
    is_in(&store, "jon", None, 13 * 60).await;
    assert!(seen(&store, "ana", 13 * 60).await.is_empty());
}

#[tokio::test]
async fn who_writes_stands_first_and_the_bell_rings_for_coming_writing_and_going_only() {
    let store = store().await;
    is_in(&store, "eva", Some(HERE), 0).await;
    is_in(&store, "jon", Some(HERE), 1).await;
    let draft = Draft {
        conversation: Some(HERE),
        agent: "eva".into(),
        kind: DraftKind::Reply,
        body: "Olá".into(),
        cursor: (0, 3),
        files: Vec::new(),
        quote: None,
        form: serde_json::Value::Null,
        saved_at: at(2),
    };
    let write = |seconds| store.write_draft(draft.clone(), window("eva"), DraftSave::Replace, at(seconds));
    write(2).await.unwrap().unwrap();
    assert_eq!(
        seen(&store, "ana", 3).await,
        [("eva".to_owned(), true, true), ("jon".to_owned(), true, false)]
    );
    // A write is answered a moment before its bell: the next one comes after that.
    write(3).await.unwrap().unwrap();
    let mark = store.changed(0).await;
    write(4).await.unwrap().unwrap();
    is_in(&store, "jon", Some(HERE), 5).await;
    is_in(&store, "jon", Some(HERE), 5).await;
    let quiet = tokio::time::timeout(std::time::Duration::ZERO, store.changed(mark)).await;
    assert!(quiet.is_err(), "a key more and a lease renewed change nobody's screen");
    store.close_draft(Some(HERE), "eva".into(), DraftKind::Reply, window("eva")).await.unwrap();
    assert!(store.changed(mark).await > mark);
    assert_eq!(seen(&store, "ana", 6).await[0], ("jon".to_owned(), true, false), "the newest first");
}

#[tokio::test]
async fn a_dead_window_of_this_box_is_not_believed_and_goes_with_the_next_that_comes() {
    let store = store().await;
    let host = nix::unistd::gethostname().unwrap().to_string_lossy().into_owned();
    for (agent, number) in [("jon", 1), ("eva", i32::MAX)] {
        let window = DraftWindow { name: format!("{agent}@{host}:{number}"), place: "pts/1".into() };
        store.be_present(agent.into(), window, Some(HERE), at(0)).await.unwrap();
    }
    // No process has the highest number; number 1 lives, however long no key was pressed.
    assert_eq!(seen(&store, "ana", 100_000).await, [("jon".to_owned(), true, false)]);
    is_in(&store, "ana", Some(HERE), 100_001).await;
    let kept: i64 = store
        .reader
        .read(|db| db.query_row("SELECT count(*) FROM presence", [], |r| r.get(0)))
        .await
        .unwrap();
    assert_eq!(kept, 2);
}
