use super::{store, told};
use crate::{
    domain::{
        ConversationId, Direction, Gate, RowState,
        change::{AttachmentSeen, Change},
        desk::Erased,
        query::Query,
    },
    store::{
        Desk, EngineSide, ListRequest, Reading, Refusal, Sort,
        story::{at, commit, conversation, message, page, says, seen},
    },
};

const CHAT: &str = "Lojas Americanas-200/CUSTOMER_SELLER";
const SECRET: &str = "Zwiebelrostbraten";

/// Everything that lies in the folder of a store, as bytes.
fn bytes(store: &crate::store::sqlite::SqliteStore) -> Vec<u8> {
    let folder = store.path().parent().unwrap();
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten().filter(|it| it.path().is_file()) {
        all.extend(std::fs::read(entry.path()).unwrap());
    }
    all
}

fn holds(all: &[u8], words: &str) -> bool {
    all.windows(words.len()).any(|it| it.eq_ignore_ascii_case(words.as_bytes()))
}

async fn all(store: &impl Reading) -> Vec<ConversationId> {
    let request = ListRequest {
        query: Query::default(),
        me: "ana".into(),
        sort: Sort::Updated,
        limit: 50,
        after: None,
        way: crate::store::Way::Down,
        now: at(100),
    };
    store.list(request).await.unwrap().iter().map(|it| it.id).collect()
}

#[tokio::test]
async fn an_erased_customer_leaves_no_byte_in_the_file_its_indexes_or_its_log() {
    let store = store().await;
    let mut others = message("d1", "d1", Direction::Inbound, "somebody else", at(1));
    others.author.name = Some("Kerry Fisher".into());
    let other = told(&store, "dsco", 1, vec![Change::Message(Box::new(others))]).await;
    let mut first = vec![seen(conversation(CHAT, Gate::Open, at(1)))];
    for n in 0..40 {
        first.push(says(CHAT, &n.to_string(), &format!("{SECRET} number {n}"), at(n)));
    }
    let id = told(&store, "americanas", 2, first).await;
    told(&store, "americanas", 3, vec![seen(conversation("2/CUSTOMER_SELLER", Gate::Open, at(3)))]).await;
    assert!(holds(&bytes(&store), SECRET) && holds(&bytes(&store), "dos Santos"));

    let looked = store.erase_customer(id, "ana".into(), true, at(50)).await.unwrap().unwrap();
    assert_eq!(looked, Erased { conversations: 2, messages: 40, ..Erased::default() });
    assert_eq!(all(&store).await.len(), 3, "looking takes nothing");
    assert_eq!(store.erase_customer(id, "ana".into(), false, at(50)).await.unwrap().unwrap(), looked);

    assert_eq!(all(&store).await, [other]);
    let left = bytes(&store);
    for words in [SECRET, "dos Santos", "12345678", CHAT] {
        assert!(!holds(&left, words), "{words} is still there");
    }
    assert!(holds(&left, "somebody else"));
    let log = store.history(id).await.unwrap();
    assert!(log.is_empty(), "its number names nobody any more");
}

#[tokio::test]
async fn what_was_erased_is_not_taken_again_and_what_is_new_is() {
    let store = store().await;
    let old = vec![seen(conversation(CHAT, Gate::Open, at(1))), says(CHAT, "1", SECRET, at(1))];
    let id = told(&store, "americanas", 2, old.clone()).await;
    store.erase_customer(id, "ana".into(), false, at(50)).await.unwrap().unwrap();
    let again = store.apply("americanas".into(), page(old.clone()), at(60)).await.unwrap();
    assert_eq!((again.conversations.len(), again.messages_new), (0, 0));
    let mut later = old;
    later.push(says(CHAT, "2", "Bom dia", at(70)));
    let id = told(&store, "americanas", 71, later).await;
    let thread = store.thread(id, None, 10).await.unwrap();
    assert_eq!(thread.iter().map(|it| it.body.as_str()).collect::<Vec<_>>(), ["Bom dia"]);
}

#[tokio::test]
async fn nothing_is_erased_while_nobody_knows_whether_a_reply_arrived() {
    let store = store().await;
    let id = told(&store, "americanas", 1, vec![seen(conversation(CHAT, Gate::Open, at(1)))]).await;
    told(&store, "americanas", 1, vec![says(CHAT, "1", SECRET, at(1))]).await;
    store.commit(commit(id, "americanas", "Sai hoje", None), at(2)).await.unwrap().unwrap();
    let lease = store.lead("americanas".into(), "e".into(), true, at(60), at(3)).await.unwrap().unwrap();
    let row = store.claim(lease.clone(), at(3)).await.unwrap().unwrap().row;
    assert!(store.begin(lease, row.n, serde_json::Value::Null, at(3)).await.unwrap());
    let refused = store.erase_customer(id, "ana".into(), false, at(4)).await.unwrap();
    assert!(matches!(refused, Err(Refusal::NotNow(_))), "{refused:?}");
    assert_eq!(store.outbox(None).await.unwrap()[0].state, RowState::Sending);
}

#[tokio::test]
async fn a_file_goes_unless_another_customer_has_sent_the_same() {
    let store = store().await;
    let with = |of: &str, key: &str, sha256: &str| {
        let mut it = message(of, key, Direction::Inbound, "", at(1));
        let file = AttachmentSeen {
            remote_ref: Some(key.into()),
            sha256: Some(sha256.into()),
            ..Default::default()
        };
        it.attachments.push(file);
        Change::Message(Box::new(it))
    };
    let (mine, shared) = ("a".repeat(64), "b".repeat(64));
    let id = told(
        &store,
        "americanas",
        1,
        vec![seen(conversation(CHAT, Gate::Open, at(1))), with(CHAT, "1", &mine), with(CHAT, "2", &shared)],
    )
    .await;
    told(&store, "dsco", 1, vec![with("d1", "3", &shared)]).await;
    for sha256 in [&mine, &shared] {
        let path = store.file_path(sha256);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"x").unwrap();
    }
    let erased = store.erase_customer(id, "ana".into(), false, at(50)).await.unwrap().unwrap();
    assert_eq!(erased.files, 1);
    assert!(!store.file_path(&mine).exists() && store.file_path(&shared).exists());
}
