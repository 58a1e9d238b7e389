//! The file itself: modes, versions, damage, other processes.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    sync::Arc,
    time::Duration,
};

use super::told;
use crate::{
    domain::{
        ConversationId, Direction, Draft, DraftKind,
        change::{AttachmentSeen, Change, MessageSeen},
    },
    store::{
        Desk, EngineSide, LocalChange, Reading, Seen, StoreError,
        sqlite::{OpenOptions, SqliteStore},
        story::{at, channels, commit, message, page, says},
    },
};

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(OpenOptions::at(path))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn many_that_start_at_once_on_a_new_store_all_open_it() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deskline.db");
        std::thread::scope(|scope| {
            let opening: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&path).map(drop))).collect();
            for one in opening {
                one.join().unwrap().unwrap();
            }
        });
    }
}

#[test]
fn nobody_but_its_owner_makes_a_store() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline.db");
    let refused = SqliteStore::open(OpenOptions { owner: Some("daemon".into()), ..OpenOptions::at(&path) });
    assert!(refused.err().is_some_and(|error| error.to_string().contains("daemon's service")));
    assert!(!path.exists());

    // Nor the folder beside it, which its owner's service would then refuse.
    drop(open(&path).unwrap());
    std::os::unix::fs::chown(&path, Some(1), None).unwrap();
    let attachments = path.with_file_name("attachments");
    fs::remove_dir(&attachments).unwrap();
    let refused = SqliteStore::open(OpenOptions { owner: Some("daemon".into()), ..OpenOptions::at(&path) });
    assert!(refused.err().is_some_and(|error| error.to_string().contains("attachments does not exist yet")));
    assert!(!attachments.exists());
}

#[test]
fn whoever_finds_a_store_finds_its_folder_for_attachments() {
    let folder = tempfile::tempdir().unwrap();
    // The file cannot be made where a folder is: what comes before it is there all the same.
    let path = folder.path().join("deskline.db");
    fs::create_dir(&path).unwrap();
    assert!(open(&path).is_err());
    assert!(path.with_file_name("attachments").is_dir());
}

#[tokio::test]
async fn everything_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline").join("deskline.db");
    let store = open(&path).unwrap();
    store.open_as("ana".into(), channels(), at(0)).await.unwrap();
    for name in ["deskline.db", "deskline.db-wal", "deskline.db-shm", "deskline.db.bell"] {
        assert_eq!(mode(&path.with_file_name(name)), 0o600, "{name}");
    }
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&path.with_file_name("attachments")), 0o700);
    drop(store);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = open(&path).err().unwrap().to_string();
    assert!(error.contains("chmod 0600"), "{error}");
}

#[tokio::test]
async fn what_was_written_is_there_after_a_drop_without_a_goodbye() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline.db");
    let store = open(&path).unwrap();
    store.open_as("ana".into(), channels(), at(0)).await.unwrap();
    let id = told(&store, "americanas", 1, vec![says("c", "m1", "Oi", at(0))]).await;
    store.commit(commit(id, "americanas", "Olá", Some(at(10))), at(2)).await.unwrap().unwrap();
    // As a crash leaves it: the files as they are, without a checkpoint.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["deskline.db", "deskline.db-wal"] {
        fs::copy(path.with_file_name(name), crashed.path().join(name)).unwrap();
    }
    let again = open(&crashed.path().join("deskline.db")).unwrap();
    assert_eq!(again.outbox(None).await.unwrap().len(), 1);
    assert_eq!(again.thread(id, None, 9).await.unwrap().len(), 2);
    drop(store);
    let again = open(&path).unwrap();
    assert_eq!(again.thread(id, None, 9).await.unwrap().len(), 2);
    assert!(again.notes().is_empty());
}

#[tokio::test]
async fn a_newer_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline.db");
    drop(open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = open(&path).err().unwrap();
    assert!(
        matches!(error, StoreError::Unusable(_)) && error.to_string().contains("newer deskline"),
        "{error}"
    );
}

#[tokio::test]
async fn a_damaged_store_is_moved_aside_and_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline.db");
    drop(open(&path).unwrap());
    fs::write(&path, vec![7; 9000]).unwrap();
    let store = open(&path).unwrap();
    assert!(store.notes()[0].contains("deskline.db.damaged-1"), "{:?}", store.notes());
    store.open_as("ana".into(), channels(), at(0)).await.unwrap();
    assert_eq!(fs::read(folder.path().join("deskline.db.damaged-1")).unwrap().len(), 9000);
}

#[tokio::test]
async fn drafts_of_a_store_that_was_found_damaged_in_use_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline.db");
    let store = open(&path).unwrap();
    let draft = Draft {
        conversation: Some(ConversationId(1)),
        agent: "ana".into(),
        kind: DraftKind::Reply,
        body: "half a sent".into(),
        cursor: (0, 0),
        files: vec![],
        quote: None,
        form: serde_json::Value::Null,
        saved_at: at(0),
    };
    store.save_draft(draft).await.unwrap();
    drop(store);
    fs::write(folder.path().join("deskline.db.damaged"), "").unwrap();
    let store = open(&path).unwrap();
    assert!(store.notes()[0].contains("1 outbox rows and drafts"), "{:?}", store.notes());
    let saved = fs::read_to_string(folder.path().join("deskline.db.damaged-1.saved.jsonl")).unwrap();
    assert!(saved.contains("half a sent"));
}

#[tokio::test]
async fn a_window_whose_store_another_process_moved_aside_says_so_and_keeps_nothing_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline.db");
    let window = open(&path).unwrap();
    window.open_as("ana".into(), channels(), at(0)).await.unwrap();
    fs::write(folder.path().join("deskline.db.damaged"), "").unwrap();
    let other = open(&path).unwrap();
    assert!(other.notes()[0].contains("damaged-1"), "{:?}", other.notes());
    let note = || LocalChange::Priority(None);
    let id = ConversationId(1);
    for error in [
        window.change(id, note(), vec![], None, "ana".into(), Seen::default(), at(1)).await.err().unwrap(),
        window.conversation(id, "ana".into(), at(1)).await.err().unwrap(),
    ] {
        assert!(error.to_string().contains("moved it aside"), "{error}");
    }
    assert!(!folder.path().join("deskline.db.damaged").exists(), "nothing is said against the new one");
    other.open_as("ana".into(), channels(), at(2)).await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_a_sentence() {
    let error = open(Path::new("/proc/deskline/deskline.db")).err().unwrap();
    assert!(
        matches!(error, StoreError::Unusable(_)) && error.to_string().contains("/proc/deskline"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_without_a_name_is_saved_under_one_that_says_what_it_is() {
    let store = super::store().await;
    let ogg = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0OpusHead".as_slice();
    let files = [
        (None, b"\xFF\xD8\xFF\xE0\0\x10JFIF".as_slice(), "photo.jpg"),
        (None, b"\x89PNG\r\n\x1a\n".as_slice(), "photo.png"),
        (None, b"%PDF-1.7".as_slice(), "document.pdf"),
        (Some(" "), ogg, "audio.ogg"),
        (None, b"just words".as_slice(), "document.txt"),
        (None, b"\0\x01\x02".as_slice(), "document.bin"),
        (Some("bill.pdf"), b"%PDF-1.4".as_slice(), "bill.pdf"),
    ];
    let attachments = (0..files.len())
        .map(|n| AttachmentSeen {
            remote_ref: Some(n.to_string()),
            name: files[n].0.map(str::to_owned),
            ..AttachmentSeen::default()
        })
        .collect();
    let it = message("c", "m1", Direction::Inbound, "Here", at(0));
    let it = Change::Message(Box::new(MessageSeen { attachments, ..it }));
    told(&store, "whatsapp", 1, vec![it]).await;
    for pending in store.pending_downloads("whatsapp".into(), 99).await.unwrap() {
        let (_, bytes, name) = files[pending.remote_ref.parse::<usize>().unwrap()];
        let path = store.download_path(pending.message, pending.n).await.unwrap();
        fs::write(&path, bytes).unwrap();
        store.downloaded(pending.message, pending.n, Ok(path), at(2)).await.unwrap();
        let file = store.attachment_file(pending.message, pending.n).await.unwrap().unwrap();
        assert_eq!(file.name, name, "{}", file.mime);
    }
}

#[tokio::test]
async fn another_process_hears_the_bell() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline.db");
    let (one, two) = (open(&path).unwrap(), open(&path).unwrap());
    one.open_as("ana".into(), channels(), at(0)).await.unwrap();
    let hears = async |store: &SqliteStore, seen: u64| {
        tokio::time::timeout(Duration::from_secs(20), store.changed(seen)).await.expect("the bell was rung")
    };
    let mark = hears(&two, 1).await;
    told(&one, "americanas", 1, vec![says("c", "m1", "Oi", at(0))]).await;
    hears(&two, mark).await;
    assert!(two.find("americanas".into(), "c".into()).await.unwrap().is_some());
    let mark = two.changed(0).await;
    one.ring().await.unwrap();
    hears(&two, mark).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_in_two_processes_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskline.db");
    let stores = [Arc::new(open(&path).unwrap()), Arc::new(open(&path).unwrap())];
    stores[0].open_as("ana".into(), channels(), at(0)).await.unwrap();
    let mut tasks = Vec::new();
    for n in 0..60 {
        let store = Arc::clone(&stores[n % 2]);
        tasks.push(tokio::spawn(async move {
            let says = vec![says("c", &format!("m{n}"), "Oi", at(i64::try_from(n).unwrap()))];
            store.apply("americanas".into(), page(says), at(100)).await.unwrap()
        }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap().messages_new, 1);
    }
    let id = stores[1].find("americanas".into(), "c".into()).await.unwrap().unwrap();
    assert_eq!(stores[1].thread(id, None, 100).await.unwrap().len(), 60);
}
