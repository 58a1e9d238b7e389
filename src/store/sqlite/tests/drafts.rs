//! Drafts in two windows, and the texts that gave way.

use super::store;
use crate::{
    domain::{ConversationId, Draft, DraftKind, DraftSave, DraftWindow},
    store::{Desk, Reading, sqlite::SqliteStore, story::at},
};

const HERE: Option<ConversationId> = Some(ConversationId(17));

fn draft(body: &str, seconds: i64) -> Draft {
    Draft {
        conversation: HERE,
        agent: "ana".into(),
        kind: DraftKind::Reply,
        body: body.into(),
        cursor: (0, body.chars().count()),
        files: vec![],
        quote: None,
        form: serde_json::Value::Null,
        saved_at: at(seconds),
    }
}

/// A window on another box: only its lease tells whether it lives.
fn window(n: u32) -> DraftWindow {
    DraftWindow { name: format!("ana@elsewhere:{n}"), place: format!("pts/{n}") }
}

async fn opens(store: &SqliteStore, n: u32, seconds: i64) -> (Option<String>, Option<String>) {
    let (draft, held) =
        store.open_draft(HERE, "ana".into(), DraftKind::Reply, window(n), at(seconds)).await.unwrap();
    (draft.map(|it| it.body), held.map(|it| it.place))
}

/// Whether it was saved.
async fn writes(store: &SqliteStore, n: u32, body: &str, seconds: i64, how: DraftSave) -> bool {
    store.write_draft(draft(body, seconds), window(n), how, at(seconds)).await.unwrap().is_ok()
}

async fn body(store: &SqliteStore) -> Option<String> {
    store.draft(HERE, "ana".into(), DraftKind::Reply).await.unwrap().map(|it| it.body)
}

async fn versions(store: &SqliteStore) -> Vec<String> {
    let versions = store.draft_versions(HERE, "ana".into(), DraftKind::Reply).await.unwrap();
    versions.into_iter().map(|it| it.body).collect()
}

#[tokio::test]
async fn a_draft_is_written_in_one_window_and_the_others_text_stays_as_a_version() {
    let store = store().await;
    assert!(writes(&store, 4, "Olá", 0, DraftSave::Replace).await);
    assert_eq!(opens(&store, 7, 5).await, (Some("Olá".into()), Some("pts/4".into())));
    assert!(!writes(&store, 7, "Bom dia", 6, DraftSave::Replace).await);
    assert_eq!(body(&store).await.as_deref(), Some("Olá"));
    assert_eq!(versions(&store).await, ["Bom dia"]);
    assert!(writes(&store, 4, "Olá João", 7, DraftSave::Replace).await);
}

#[tokio::test]
async fn a_draft_that_was_taken_over_is_read_only_where_it_was_written() {
    let store = store().await;
    assert!(writes(&store, 4, "Olá", 0, DraftSave::Replace).await);
    let theirs = store.take_draft(draft("mine", 1), window(7), at(1)).await.unwrap().unwrap();
    assert_eq!(theirs.body, "Olá");
    assert!(writes(&store, 7, "Olá João", 2, DraftSave::Replace).await);
    // Closed there, and long ago: the first window has never read that text.
    store.close_draft(HERE, "ana".into(), DraftKind::Reply, window(7)).await.unwrap();
    assert!(!writes(&store, 4, "Olá Maria", 500, DraftSave::Replace).await);
    assert_eq!(body(&store).await.as_deref(), Some("Olá João"));
    assert_eq!(versions(&store).await, ["Olá Maria", "Olá", "mine"]);
    assert_eq!(opens(&store, 4, 501).await, (Some("Olá João".into()), None));
}

#[tokio::test]
async fn a_window_that_died_or_was_closed_holds_no_draft() {
    let store = store().await;
    assert!(writes(&store, 4, "Olá", 0, DraftSave::Replace).await);
    assert_eq!(opens(&store, 7, 9).await.1.as_deref(), Some("pts/4"));
    assert_eq!(opens(&store, 7, 10).await, (Some("Olá".into()), None));
    // On this box the system knows: number 1 lives, and no process has the highest number.
    let host = nix::unistd::gethostname().unwrap().to_string_lossy().into_owned();
    for (number, held) in [(1, true), (i32::MAX, false)] {
        let there = DraftWindow { name: format!("ana@{host}:{number}"), place: "pts/9".into() };
        store.take_draft(draft("", 20), there, at(20)).await.unwrap();
        assert_eq!(opens(&store, 7, 300).await.1.is_some(), held, "{number}");
    }
}

#[tokio::test]
async fn what_was_typed_before_the_stored_draft_was_read_goes_into_it() {
    let store = store().await;
    assert!(writes(&store, 4, "Olá, tudo", 0, DraftSave::Replace).await);
    store.close_draft(HERE, "ana".into(), DraftKind::Reply, window(4)).await.unwrap();
    assert!(writes(&store, 7, " bem?\nAté", 1, DraftSave::Add).await);
    assert_eq!(body(&store).await.as_deref(), Some("Olá, tudo bem?\nAté"));
    let stored = store.draft(HERE, "ana".into(), DraftKind::Reply).await.unwrap().unwrap();
    assert_eq!(stored.cursor, (1, 3));
}

#[tokio::test]
async fn a_draft_that_is_thrown_away_stays_as_a_version_and_only_the_newest_do() {
    let store = store().await;
    for n in 0..30 {
        assert!(writes(&store, 4, &format!("text {n}"), n, DraftSave::Replace).await);
        assert!(writes(&store, 4, "", n, DraftSave::Replace).await);
    }
    assert_eq!(body(&store).await, None);
    let kept = versions(&store).await;
    assert_eq!((kept.len(), kept[0].as_str()), (20, "text 29"));
}
