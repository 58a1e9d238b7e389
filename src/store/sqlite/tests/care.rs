//! A store that is cut off, bent, full, read-only or old: each is said, and nothing that can be read is lost.

use std::{fs, path::Path};

use super::told;
use crate::{
    domain::{Draft, DraftKind},
    store::{
        Desk, Reading, StoreError,
        sqlite::{OpenOptions, SqliteStore, open},
        story::{at, channels, commit, says},
    },
};

/// A store that was closed in good order, with a queued reply and a draft in it.
async fn kept(path: &Path) {
    let store = SqliteStore::open(OpenOptions::at(path)).unwrap();
    store.open_as("ana".into(), channels(), at(0)).await.unwrap();
    let id = told(&store, "americanas", 1, vec![says("c", "m1", "Oi", at(0))]).await;
    store.commit(commit(id, "americanas", "our reply", None), at(2)).await.unwrap().unwrap();
    store.save_draft(draft("half a sentence")).await.unwrap();
    drop(store);
    assert!(!path.with_file_name("deskline.db-wal").exists(), "closing writes everything back");
}

fn draft(body: &str) -> Draft {
    Draft {
        conversation: None,
        agent: "ana".into(),
        kind: DraftKind::Reply,
        body: body.into(),
        cursor: (0, 0),
        files: vec![],
        quote: None,
        form: serde_json::Value::Null,
        saved_at: at(0),
    }
}

/// Opens a damaged file; answers whether it was moved aside, and what was saved of it.
fn opened(path: &Path) -> (SqliteStore, bool, String) {
    let store = SqliteStore::open(OpenOptions::at(path)).unwrap();
    let moved = !store.notes().is_empty();
    let saved =
        fs::read_to_string(path.with_file_name("deskline.db.damaged-1.saved.jsonl")).unwrap_or_default();
    (store, moved, saved)
}

#[tokio::test]
async fn a_store_that_is_cut_off_anywhere_is_moved_aside_with_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline.db");
    kept(&path).await;
    let whole = fs::read(&path).unwrap();
    let mut random = fastrand::Rng::with_seed(5);
    let mut saved_some = 0;
    for _ in 0..40 {
        let length = random.usize(1..whole.len());
        let cut = tempfile::tempdir().unwrap();
        let path = cut.path().join("deskline.db");
        fs::write(&path, &whole[..length]).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let (store, moved, saved) = opened(&path);
        assert!(moved, "{length} of {}", whole.len());
        assert!(store.notes()[0].contains("damaged-1"), "{:?}", store.notes());
        assert_eq!(fs::read(cut.path().join("deskline.db.damaged-1")).unwrap().len(), length);
        saved_some += usize::from(saved.contains("our reply"));
        store.open_as("ana".into(), channels(), at(0)).await.unwrap();
    }
    assert!(saved_some > 0, "nothing was ever saved");
}

#[tokio::test]
async fn bytes_that_are_bent_anywhere_end_no_start_and_no_reply_is_lost_unsaid() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline.db");
    kept(&path).await;
    let whole = fs::read(&path).unwrap();
    let mut random = fastrand::Rng::with_seed(6);
    for _ in 0..40 {
        let bent = tempfile::tempdir().unwrap();
        let path = bent.path().join("deskline.db");
        let mut bytes = whole.clone();
        let from = random.usize(0..bytes.len());
        for at in (from..bytes.len()).take(600) {
            bytes[at] ^= random.u8(1..);
        }
        fs::write(&path, &bytes).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let store = match SqliteStore::open(OpenOptions::at(&path)) {
            Ok(store) => store,
            // The version itself was bent: a sentence, and the file is left as it is.
            Err(error) => {
                assert!(matches!(error, StoreError::Unusable(_)), "{error}");
                continue;
            }
        };
        let found = store.check().await;
        let there = match store.outbox(None).await {
            Ok(rows) => rows.iter().any(|row| row.action.outgoing().is_some_and(|it| it.text == "our reply")),
            Err(error) => {
                assert!(error.to_string().contains("damaged"), "{error}");
                false
            }
        };
        let said = !store.notes().is_empty() || !matches!(&found, Ok(found) if found.is_empty());
        assert!(there || said, "lost and not said");
        if store.notes().is_empty() && said {
            drop(store);
            let (_, moved, _) = opened(&path);
            assert!(moved, "what was found in use is moved aside by the next start: {found:?}");
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_said_keeps_what_was_there_and_takes_the_next_change_when_there_is_room() {
    let store = super::store().await;
    let id = told(&store, "americanas", 1, vec![says("c", "m1", "Oi", at(0))]).await;
    let pages = "PRAGMA max_page_count = ";
    store.writer.write("fill", move |tx| tx.db.execute_batch(&format!("{pages}1"))).await.unwrap();
    let long = "x".repeat(200_000);
    let error = store.save_draft(draft(&long)).await.unwrap_err();
    assert!(matches!(error, StoreError::Full(_)) && error.to_string().contains("free some space"), "{error}");
    let error = store.commit(commit(id, "americanas", &long, None), at(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert_eq!(
        (store.outbox(None).await.unwrap().len(), store.thread(id, None, 9).await.unwrap().len()),
        (0, 1)
    );
    store.writer.write("room", move |tx| tx.db.execute_batch(&format!("{pages}1000000"))).await.unwrap();
    store.commit(commit(id, "americanas", &long, None), at(3)).await.unwrap().unwrap();
    assert_eq!(store.outbox(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_read_and_says_so() {
    let store = super::store().await;
    let id = told(&store, "americanas", 1, vec![says("c", "m1", "Oi", at(0))]).await;
    store.writer.write("mount", |tx| tx.db.execute_batch("PRAGMA query_only = 1")).await.unwrap();
    let error = store.commit(commit(id, "americanas", "Olá", None), at(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unusable(_)) && error.to_string().contains("not written"), "{error}");
    assert_eq!(store.thread(id, None, 9).await.unwrap().len(), 1);
}

#[test]
fn no_migration_of_the_folder_is_left_out() {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/migrations")).unwrap().count();
    assert_eq!(i64::try_from(files).unwrap(), open::SCHEMA);
}

#[tokio::test]
async fn an_older_store_is_brought_up_to_date_with_a_copy_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline.db");
    let mut db = rusqlite::Connection::open(&path).unwrap();
    open::bring(&mut db, 1).unwrap();
    db.execute_batch(
        "INSERT INTO draft VALUES (0, 'ana', 'reply', 'half a sentence', 0, 0, '[]', NULL, 'null', 0)",
    )
    .unwrap();
    drop(db);
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let store = SqliteStore::open(OpenOptions::at(&path)).unwrap();
    assert_eq!(store.drafts("ana".into()).await.unwrap()[0].body, "half a sentence");
    let copy = path.with_file_name(format!("deskline.db.before-schema-{}", open::SCHEMA));
    let version: i64 = rusqlite::Connection::open(copy)
        .unwrap()
        .pragma_query_value(None, "user_version", |r| r.get(0))
        .unwrap();
    assert_eq!(version, 1);
}
