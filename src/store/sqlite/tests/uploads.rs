//! Files that were brought to a vendor for messages that do not go, and reports that never came.

use super::{store, told};
use crate::{
    domain::{
        Action, Delivery, Gate, Outgoing, RowNumber,
        attachment::{AttachmentState, Progress, StoredFile},
        change::Change,
    },
    store::{
        Commit, Desk, EngineSide, Reading, Settlement, Store,
        story::{at, commit, conversation, lead, page, says, seen, sent},
    },
};

async fn desk() -> (super::SqliteStore, Commit) {
    let store = store().await;
    let begins = vec![seen(conversation("c", Gate::Open, at(1))), says("c", "m1", "Oi", at(0))];
    let id = told(&store, "whatsapp", 1, begins).await;
    let file =
        StoredFile { sha256: "0".repeat(64), name: "a.pdf".into(), mime: "application/pdf".into(), size: 3 };
    let reply = Action::Reply(Outgoing { text: "here".into(), file: Some(file), ..Outgoing::default() });
    let mut commit = commit(id, "whatsapp", "here", None);
    commit.actions = vec![reply];
    (store, commit)
}

/// The same reply once more, under a name of its own.
fn again(commit: &Commit, name: &str) -> Commit {
    Commit { send_ids: vec![name.into()], ..commit.clone() }
}

/// Claims the row and notes its upload.
async fn uploaded(store: &impl Store, name: &str, seconds: i64) -> RowNumber {
    let lease = lead(store, "whatsapp", at(seconds)).await;
    let claimed = store.claim(lease.clone(), at(seconds)).await.unwrap().expect("a row that is due");
    store.uploaded(lease, claimed.row.n, name.into()).await.unwrap();
    claimed.row.n
}

async fn leaves(store: &impl Store, n: RowNumber, how: Settlement, seconds: i64) {
    let lease = lead(store, "whatsapp", at(seconds)).await;
    assert!(store.begin(lease.clone(), n, serde_json::Value::Null, at(seconds)).await.unwrap());
    assert!(store.settle(lease, n, how, at(seconds)).await.unwrap());
}

async fn unsent(store: &impl Store) -> Vec<String> {
    store.unsent_uploads("whatsapp".into(), 10).await.unwrap()
}

fn refused() -> Settlement {
    Settlement::Failed { error: "no".into() }
}

#[tokio::test]
async fn how_much_of_a_file_has_left_is_there_for_everybody_until_it_is_not_on_its_way() {
    let (store, commit) = desk().await;
    let id = commit.conversation.expect("a reply's");
    store.commit(commit, at(2)).await.unwrap().unwrap();
    let lease = lead(&store, "whatsapp", at(3)).await;
    let n = store.claim(lease.clone(), at(3)).await.unwrap().expect("a row").row.n;
    let file = async || store.thread(id, None, 10).await.unwrap().pop().unwrap().attachments.remove(0);
    let left = |file: &crate::domain::attachment::Attachment| (file.state, file.progress());
    assert_eq!(left(&file().await), (AttachmentState::Stored, None));
    for (bytes, percent) in [(1, 33), (2, 66), (3, 99)] {
        store.uploading(lease.clone(), n, Some(bytes)).await.unwrap();
        let wanted = (AttachmentState::Uploading, Some(Progress::Percent(percent)));
        assert_eq!(left(&file().await), wanted);
    }
    store.uploading(lease.clone(), n, None).await.unwrap();
    assert_eq!(left(&file().await), (AttachmentState::Stored, None));
    let late = crate::store::Lease { epoch: lease.epoch - 1, ..lease };
    store.uploading(late, n, Some(1)).await.unwrap();
    assert_eq!(file().await.state, AttachmentState::Stored, "a late sleeper says nothing");
}

#[tokio::test]
async fn a_file_that_was_on_its_way_in_a_crash_waits_from_the_next_start_on() {
    let (store, commit) = desk().await;
    let id = commit.conversation.expect("a reply's");
    store.commit(commit, at(2)).await.unwrap().unwrap();
    let lease = lead(&store, "whatsapp", at(3)).await;
    let n = store.claim(lease.clone(), at(3)).await.unwrap().expect("a row").row.n;
    store.uploading(lease, n, Some(2)).await.unwrap();
    let file = async || store.thread(id, None, 10).await.unwrap().pop().unwrap().attachments.remove(0);
    lead(&store, "whatsapp", at(4)).await;
    assert_eq!(file().await.state, AttachmentState::Uploading, "the same engine goes on");
    let crashed = at(4 + 60);
    lead(&store, "whatsapp", crashed).await;
    assert_eq!((file().await.state, file().await.progress()), (AttachmentState::Stored, None));
}

#[tokio::test]
async fn the_file_of_a_refused_or_discarded_reply_is_nobodys() {
    let (store, commit) = desk().await;
    for discarded in [false, true] {
        store.commit(again(&commit, &format!("{discarded}")), at(2)).await.unwrap().unwrap();
        let n = uploaded(&store, "1037", 3).await;
        assert!(unsent(&store).await.is_empty(), "it is to be sent yet");
        if discarded {
            // Waiting for another try, and taken out of the outbox.
            leaves(&store, n, Settlement::Again { at: at(99), error: "429".into() }, 4).await;
            assert!(unsent(&store).await.is_empty(), "the next try uses it");
        } else {
            leaves(&store, n, refused(), 4).await;
        }
        store.discard(n, "jon".into(), at(5)).await.unwrap().unwrap();
        assert_eq!(unsent(&store).await, ["1037"]);
        store.upload_asked("whatsapp".into(), "1037".into(), true).await.unwrap();
        assert!(unsent(&store).await.is_empty());
    }
}

#[tokio::test]
async fn the_file_of_a_send_that_may_have_gone_is_never_given_back() {
    let (store, commit) = desk().await;
    let unclear = Settlement::Uncertain { error: "reset".into(), look_at: None, lookup: None };
    // Uncertain, then refused when it was sent once more with a file of its own: only that one is nobody's.
    store.commit(commit.clone(), at(2)).await.unwrap().unwrap();
    let n = uploaded(&store, "first", 3).await;
    leaves(&store, n, unclear, 4).await;
    assert!(unsent(&store).await.is_empty());
    store.retry(n, "jon".into(), at(5)).await.unwrap().unwrap();
    assert_eq!(uploaded(&store, "second", 6).await, n);
    leaves(&store, n, refused(), 7).await;
    assert_eq!(unsent(&store).await, ["second"]);
    store.upload_asked("whatsapp".into(), "second".into(), true).await.unwrap();
    store.discard(n, "jon".into(), at(8)).await.unwrap().unwrap();
    // Taken by the vendor, which failed to deliver it: the vendor has used it.
    store.commit(again(&commit, "second"), at(9)).await.unwrap().unwrap();
    let n = uploaded(&store, "third", 10).await;
    let taken =
        Settlement::Sent { key: Some("wamid.1".into()), remote_id: None, conversation: None, at: None };
    leaves(&store, n, taken, 11).await;
    let failed = crate::domain::change::DeliverySeen {
        key: "wamid.1".into(),
        send_id: None,
        recipient: None,
        delivery: Delivery::Failed,
        error: Some("131026".into()),
        window_closed: false,
        at: Some(at(12)),
    };
    store.apply("whatsapp".into(), page(vec![Change::Delivery(failed)]), at(12)).await.unwrap();
    let row = store.row(n).await.unwrap().expect("it is back");
    assert_eq!(row.upload, None, "its next try brings the file anew");
    store.discard(n, "jon".into(), at(13)).await.unwrap().unwrap();
    assert!(unsent(&store).await.is_empty());
}

#[tokio::test]
async fn a_file_that_was_brought_for_a_row_that_is_gone_is_nobodys() {
    let (store, commit) = desk().await;
    store.commit(commit, at(2)).await.unwrap().unwrap();
    let lease = lead(&store, "whatsapp", at(3)).await;
    let n = store.claim(lease.clone(), at(3)).await.unwrap().expect("a row").row.n;
    store.discard(n, "jon".into(), at(4)).await.unwrap().unwrap();
    store.uploaded(lease, n, "late".into()).await.unwrap();
    assert_eq!(unsent(&store).await, ["late"]);
}

#[tokio::test]
async fn a_vendor_that_never_deletes_is_left_alone_at_last() {
    let (store, commit) = desk().await;
    store.commit(commit, at(2)).await.unwrap().unwrap();
    let n = uploaded(&store, "1037", 3).await;
    leaves(&store, n, refused(), 4).await;
    let mut asked = 0;
    while !unsent(&store).await.is_empty() {
        store.upload_asked("whatsapp".into(), "1037".into(), false).await.unwrap();
        asked += 1;
    }
    assert_eq!(asked, 8);
}

#[tokio::test]
async fn who_is_erased_leaves_no_file_at_the_vendor_either() {
    let (store, commit) = desk().await;
    let id = commit.conversation.expect("a reply's");
    store.commit(commit, at(2)).await.unwrap().unwrap();
    let n = uploaded(&store, "1037", 3).await;
    let parked = Settlement::Parked { reason: "the window is shut".into() };
    let lease = lead(&store, "whatsapp", at(4)).await;
    assert!(store.settle(lease, n, parked, at(4)).await.unwrap());
    store.erase_customer(id, "jon".into(), false, at(5)).await.unwrap().unwrap();
    assert_eq!(unsent(&store).await, ["1037"]);
}

#[tokio::test]
async fn unreported_is_what_was_sent_from_here_and_of_which_nothing_was_heard() {
    let (store, commit) = desk().await;
    for (key, seconds) in [("w1", 10), ("w2", 20), ("w3", 30)] {
        store.commit(again(&commit, key), at(seconds)).await.unwrap().unwrap();
        let n = uploaded(&store, key, seconds).await;
        let Settlement::Sent { conversation, .. } = sent() else { panic!("sent") };
        let taken =
            Settlement::Sent { key: Some(key.into()), remote_id: None, conversation, at: Some(at(seconds)) };
        leaves(&store, n, taken, seconds).await;
    }
    let read = crate::domain::change::DeliverySeen {
        key: "w2".into(),
        send_id: None,
        recipient: None,
        delivery: Delivery::Read,
        error: None,
        window_closed: false,
        at: Some(at(25)),
    };
    // One of the phone's is nobody's here.
    let phone = crate::store::story::we_said("c", "phone", "hi", at(15));
    store.apply("whatsapp".into(), page(vec![Change::Delivery(read), phone]), at(25)).await.unwrap();
    let found = store.unreported("whatsapp".into(), at(0), at(29), 10).await.unwrap();
    assert_eq!(found, [("w1".to_owned(), at(10))]);
    let all = store.unreported("whatsapp".into(), at(0), at(99), 10).await.unwrap();
    assert_eq!(all.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["w3", "w1"]);
}
