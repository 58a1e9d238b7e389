//! Lists, searches, counts, and what they cost.

use serde_json::json;

use super::{store, told};
use crate::{
    domain::{
        ChannelKind, ConversationId, Direction, Facts, Gate, Product, Status,
        attachment::StoredFile,
        change::{AttachmentSeen, Change, ConversationSeen},
        outbox::LocalChange,
        query::{BUILT_IN, Query},
    },
    store::{
        Desk, EngineSide, Imported, ListRequest, Reading, Seen, Sort, Way,
        sqlite::{
            SqliteStore,
            excerpt::NEWEST,
            ledger::NEWEST_POLICY,
            lexicon::Lexicon,
            narrow,
            query::{self, Condition},
            reading::thread_statement,
        },
        story::{at, commit, conversation, ids, listing, message, page, says, seen, we_said},
    },
};

async fn shelf() -> SqliteStore {
    let store = store().await;
    let mut order = Facts::new();
    order.insert("number".into(), json!("02-123456789"));
    let first = ConversationSeen {
        order: Some(order),
        products: Some(vec![Product { sku: "B000123".into(), ..Default::default() }]),
        labels: vec!["test".into()],
        ..conversation("1", Gate::Open, at(1))
    };
    told(&store, "americanas", 1, vec![seen(first), says("1", "a", "Onde está minha encomenda?", at(1))])
        .await;
    told(&store, "whatsapp", 2, vec![says("4915112345", "b", "Wo bleibt mein Päckchen, bitte?", at(2))])
        .await;
    let mut picture = message("3", "c", Direction::Inbound, "The parcel is broken", at(3));
    picture.attachments.push(AttachmentSeen { remote_ref: Some("r".into()), ..Default::default() });
    let retailer = seen(conversation("3", Gate::Paused, at(3)));
    told(&store, "dsco", 3, vec![retailer, Change::Message(Box::new(picture))]).await;
    store
}

#[tokio::test]
async fn every_key_finds_what_it_says() {
    let store = shelf().await;
    let change = async |id: i64, change| {
        let id = crate::domain::ConversationId(id);
        store.change(id, change, vec![], None, "ana".into(), Seen::default(), at(4)).await.unwrap().unwrap();
    };
    change(1, LocalChange::Assign(Some("ana".into()))).await;
    change(2, LocalChange::Label { add: vec!["vip".into()], remove: vec![] }).await;
    change(3, LocalChange::Priority(crate::domain::Priority::parse("high"))).await;
    let table: &[(&str, &[i64])] = &[
        ("", &[3, 2, 1]),
        ("status:new", &[3, 2, 1]),
        ("status:open status:pending", &[]),
        ("channel:whatsapp", &[2]),
        ("kind:dsco kind:skyhub", &[3, 1]),
        ("is:mine", &[1]),
        ("remote:1", &[1]),
        ("remote:4915112345", &[2]),
        ("remote:49", &[]),
        ("is:unassigned", &[3, 2]),
        ("is:unread turn:us", &[3, 2, 1]),
        ("lang:pt", &[1]),
        ("lang:pt-br", &[1]),
        ("priority:high", &[3]),
        ("waiting:>1h", &[3, 2, 1]),
        ("waiting:<1h", &[]),
        ("assignee:ana", &[1]),
        ("label:vip", &[2]),
        ("label:test -label:vip", &[1]),
        ("order:02-1234", &[1]),
        ("order:6789", &[1]),
        ("order:3456", &[]),
        ("sku:b0001", &[1]),
        ("customer:joao", &[3, 1]),
        ("customer:\"dos santos\"", &[3, 1]),
        ("customer:\"dos sant\"", &[]),
        ("customer:sant", &[3, 1]),
        ("after:-7d", &[3, 2, 1]),
        ("before:2020-01-01", &[]),
        ("gate:paused", &[3]),
        ("gate:unknown", &[2]),
        ("has:attachment", &[3]),
        ("packchen", &[2]),
        ("PÄCK", &[2]),
        ("encomenda onde", &[1]),
        ("\"minha encomenda\"", &[1]),
        ("\"encomenda minha\"", &[]),
        ("-encomenda", &[3, 2]),
        ("123456789", &[1]),
        ("12345", &[3, 1]),
        ("\"'); DROP TABLE message; --", &[]),
        ("NEAR( OR *", &[]),
    ];
    for (text, expected) in table {
        let Ok(_) = Query::parse(text) else { continue };
        assert_eq!(ids(&store, text, "ana", at(86_400)).await, *expected, "{text}");
    }
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended_in_every_order() {
    let store = shelf().await;
    told(&store, "dsco", 9, vec![we_said("9", "z", "hello", at(9))]).await;
    for (sort, expected) in
        [(Sort::Updated, [4, 3, 2, 1]), (Sort::Due, [1, 2, 4, 3]), (Sort::Waiting, [1, 2, 3, 4])]
    {
        let mut request = ListRequest { sort, limit: 1, ..listing("", "ana", at(10)) };
        let mut found = Vec::new();
        while let Some(next) = store.list(request.clone()).await.unwrap().pop() {
            request.after = Some(next.id);
            found.push(next.id.0);
        }
        assert_eq!(found, expected, "{sort:?}");
        let mut request = ListRequest { way: Way::Up, after: None, ..request };
        while let Some(next) = store.list(request.clone()).await.unwrap().pop() {
            request.after = Some(next.id);
            assert_eq!(found.pop(), Some(next.id.0), "{sort:?} from the end");
        }
        assert!(found.is_empty(), "{sort:?} from the end");
    }
}

#[tokio::test]
async fn a_page_from_the_end_stands_in_the_order_of_the_list() {
    let store = shelf().await;
    let request = ListRequest { way: Way::Up, limit: 2, ..listing("", "ana", at(10)) };
    let page = store.list(request).await.unwrap();
    assert_eq!(page.iter().map(|it| it.id.0).collect::<Vec<_>>(), [2, 1]);
}

/// What is written and changed in one transaction reaches the index once, as it stands in the end.
#[tokio::test]
async fn words_are_found_as_they_stand_when_their_transaction_ends() {
    let store = store().await;
    let edited = Change::Edited {
        conversation: "e".into(),
        key: "e1".into(),
        body: "the lantern is green".into(),
        at: at(3),
    };
    told(&store, "whatsapp", 3, vec![says("e", "e1", "the lantern is blue", at(2)), edited]).await;
    assert_eq!(ids(&store, "blue", "ana", at(4)).await, [0_i64; 0]);
    assert_eq!(ids(&store, "green", "ana", at(4)).await, [1]);
    let removed = Change::Removed { conversation: "e".into(), key: "e1".into(), at: at(5) };
    told(&store, "whatsapp", 5, vec![removed, says("e", "e2", "and another one", at(5))]).await;
    assert_eq!(ids(&store, "green", "ana", at(6)).await, [0_i64; 0]);
    assert_eq!(ids(&store, "another", "ana", at(6)).await, [1]);
    let found = store
        .reader
        .read(|db| {
            db.execute_batch("PRAGMA query_only = false")?;
            // FTS5 compares its index with the texts that it was made of.
            db.execute_batch("INSERT INTO message_text (message_text, rank) VALUES ('integrity-check', 1)")?;
            db.execute_batch(
                "INSERT INTO conversation_text (conversation_text, rank) VALUES ('integrity-check', 1)",
            )
        })
        .await;
    assert!(found.is_ok(), "{found:?}");
}

#[tokio::test]
async fn a_search_that_is_typed_finds_what_it_finds_when_it_is_taken() {
    let store = shelf().await;
    for text in ["encomenda", "turn:us enc", "is:unassigned broken parcel", "-encomenda", "e"] {
        let typed = ListRequest { way: Way::Typed, ..listing(text, "ana", at(10)) };
        let typed: Vec<i64> = store.list(typed).await.unwrap().iter().map(|it| it.id.0).collect();
        assert_eq!(typed, ids(&store, text, "ana", at(10)).await, "{text}");
    }
}

/// A beginning of four letters or more is looked for as the words that begin so, and as it is typed where those are many.
#[tokio::test]
async fn a_long_beginning_finds_every_word_that_begins_so() {
    let store = store().await;
    for (n, text) in
        ["Order", "ordered twice", "Ordnung", "récorder", "ORDÉR-FORM 7", "reorder"].iter().enumerate()
    {
        let name = n.to_string();
        told(&store, "dsco", 10, vec![says(&name, &name, text, at(1))]).await;
    }
    for (text, found) in [
        ("orde", vec![5, 2, 1]),
        ("ORDER", vec![5, 2, 1]),
        ("ordé", vec![5, 2, 1]),
        ("order-form", vec![5]),
        ("-orde", vec![6, 4, 3]),
        ("ordering", vec![]),
        ("order twice", vec![2]),
        ("form customer:nobody", vec![]),
    ] {
        for way in [Way::Typed, Way::Down] {
            let request = ListRequest { way, ..listing(text, "ana", at(10)) };
            let ids: Vec<i64> = store.list(request).await.unwrap().iter().map(|it| it.id.0).collect();
            assert_eq!(ids, found, "{text} {way:?}");
        }
        let counted = store.counts(vec![Query::parse(text).unwrap()], "ana".into(), at(10)).await.unwrap();
        assert_eq!((counted[0].total, counted[0].more), (found.len(), false), "{text}");
    }
    let many: Vec<String> = (0..40).map(|n| format!("ordeal{n}")).collect();
    told(&store, "dsco", 20, vec![says("many", "many", &many.join(" "), at(2))]).await;
    assert_eq!(ids(&store, "orde", "ana", at(20)).await, [7, 5, 2, 1]);
    assert_eq!(ids(&store, "ordeal39", "ana", at(20)).await, [7]);
}

#[tokio::test]
async fn the_tabs_figures_are_kept_as_they_are_written() {
    let store = shelf().await;
    let queries = |texts: &[&str]| texts.iter().map(|it| Query::parse(it).unwrap()).collect::<Vec<_>>();
    let views: Vec<&str> = BUILT_IN.iter().map(|(_, query)| *query).collect();
    store
        .commit(commit(crate::domain::ConversationId(1), "americanas", "Olá", None), at(5))
        .await
        .unwrap()
        .unwrap();
    let counts = store.counts(queries(&views), "ana".into(), at(6)).await.unwrap();
    let totals: Vec<usize> = counts.iter().map(|it| it.total).collect();
    assert_eq!(totals, [0, 0, 2, 3, 1, 0]);
    for (view, total) in views.iter().zip(totals) {
        assert_eq!(ids(&store, view, "ana", at(6)).await.len(), total, "{view}");
    }
}

#[tokio::test]
async fn a_chat_that_may_only_be_read_has_no_turn_and_imports_have() {
    let store = store().await;
    let watched = vec![
        seen(conversation("x/CUSTOMER_B2W", Gate::ReadOnly, at(1))),
        says("x/CUSTOMER_B2W", "q", "Oi", at(1)),
    ];
    let id = told(&store, "americanas", 1, watched).await;
    let it = store.conversation(id, "ana".into(), at(2)).await.unwrap().unwrap();
    assert_eq!((it.turn, it.unread, it.due_at), (None, 0, None));
    assert!(ids(&store, "turn:us turn:them turn:third_party", "ana", at(2)).await.is_empty());
    let imported = |status| Imported {
        page: page(vec![
            seen(conversation("t1", Gate::ReadOnly, at(3))),
            says("t1", "t1/1", "Hello there", at(3)),
        ]),
        remote_id: "t1".into(),
        status,
        assignee: Some("jon".into()),
        tags: vec!["refund".into()],
    };
    store.import("old-desk".into(), vec![imported(Status::Open)], at(4)).await.unwrap();
    store.import("old-desk".into(), vec![imported(Status::Resolved)], at(5)).await.unwrap();
    let found = store.list(listing("turn:us label:refund", "ana", at(5))).await.unwrap();
    assert_eq!((found.len(), found[0].status, found[0].kind.clone()), (1, Status::Open, ChannelKind::IMPORT));
    assert_eq!(store.imported_channels().await.unwrap(), ["old-desk".into()]);
    assert!(store.health().await.unwrap().iter().all(|it| it.channel.0 != "old-desk"));
}

/// The cost of a page follows the window, never the mailbox: no scan of the table, no sorting of what was found.
#[tokio::test]
async fn no_view_scans_or_sorts_the_mailbox() {
    let store = shelf().await;
    let mut requests = vec![listing("", "ana", at(1))];
    requests.extend(BUILT_IN.iter().skip(1).take(4).map(|(_, text)| listing(text, "ana", at(1))));
    for sort in [Sort::Updated, Sort::Due, Sort::Waiting] {
        for request in requests.clone() {
            for (after, way) in [
                (None, Way::Down),
                (Some(crate::domain::ConversationId(1)), Way::Down),
                (None, Way::Up),
                (Some(crate::domain::ConversationId(1)), Way::Up),
            ] {
                let request = ListRequest { sort, after, way, ..request.clone() };
                let plan = plan(&store, request.clone()).await;
                let asked = &request.query;
                assert!(!plan.contains("TEMP B-TREE"), "{asked:?} {sort:?}\n{plan}");
                assert!(!plan.contains("SCAN c\n"), "{asked:?} {sort:?}\n{plan}");
                assert!(plan.contains("USING INDEX"), "{asked:?} {sort:?}\n{plan}");
            }
        }
    }
}

/// The figures beside the tabs and saved views, a search, and what opening a conversation reads.
#[tokio::test]
async fn no_figure_no_search_and_no_opening_scans_the_mailbox() {
    let store = shelf().await;
    let saved = [
        "status:pending channel:americanas",
        "lang:pt -is:snoozed",
        "priority:high is:unassigned",
        "assignee:bo",
    ];
    for text in BUILT_IN.iter().map(|(_, text)| *text).chain(saved) {
        let [total, at_risk] =
            query::count_statements(&Query::parse(text).unwrap(), "ana", at(1), None, &Lexicon::default());
        let plan = explain(&store, total).await;
        assert!(plan.contains("SCAN tally\n") && !plan.contains("conversation"), "{text}\n{plan}");
        let plan = explain(&store, at_risk).await;
        assert!(plan.contains("SEARCH c USING") && !plan.contains("SCAN c\n"), "{text}\n{plan}");
    }
    for way in [Way::Typed, Way::Down] {
        for text in ["encomenda", "encomenda parcel is:mine", "\"in order\"", "order:12345"] {
            let plan = plan(&store, ListRequest { way, ..listing(text, "ana", at(1)) }).await;
            assert!(!plan.contains("SCAN c\n"), "{text}\n{plan}");
        }
    }
    let numbers = |sql: &str| Condition {
        sql: sql.to_owned(),
        binds: (1..=sql.matches('?').count()).map(|n| (format!("?{n}"), 1.into())).collect(),
    };
    let plan = explain(&store, numbers(NEWEST_POLICY)).await;
    assert!(plan.contains("USING INDEX event_of (conversation=?"), "every start asks for it\n{plan}");
    for sql in [thread_statement().as_str(), NEWEST] {
        let plan = explain(&store, numbers(sql)).await;
        assert!(plan.contains("USING INDEX message_thread (conversation=?"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}

/// Where hardly anything matches, the way through a list in its order would be one through the mailbox.
#[tokio::test]
async fn a_list_of_few_begins_with_those_and_a_figure_that_no_tally_knows_is_bounded() {
    let store = shelf().await;
    let terms = "is:unread is:thanked label:vip waiting:>4h waiting:<1h due:<2h due:>2h window:<2h window:>2h gate:open \
        gate:paused priority:high assignee:bo status:pending channel:dsco kind:thg has:attachment has:draft";
    for text in terms.split_whitespace() {
        let query = Query::parse(text).unwrap();
        let few = narrow::source_of(&query.terms[0].what, "ana", at(1)).expect("has a source");
        let found = explain(&store, Condition { sql: few.sql.clone(), binds: few.binds.clone() }).await;
        // Attachments, drafts and the index of the thanked are few themselves.
        let small = ["SCAN a", "SCAN ch", "SCAN draft", "INDEX conversation_thanked"]
            .iter()
            .any(|it| found.contains(it));
        assert!(small || !found.contains("SCAN"), "{text}\n{found}");
        let request = listing(text, "ana", at(1));
        let statement = store
            .reader
            .read(move |db| query::list_statement(db, &request, Some(few), &Lexicon::default()))
            .await
            .unwrap();
        let plan = explain(&store, statement).await;
        assert!(
            !plan.contains("SCAN c\n") && plan.contains("SEARCH c USING INTEGER PRIMARY KEY"),
            "{text}\n{plan}"
        );
    }
    for n in 0..1005_i64 {
        let name = format!("m{n}");
        told(&store, "dsco", 10 + n, vec![says(&name, &name, "a common word", at(10))]).await;
    }
    let counted = async |text: &str| {
        let counts = store.counts(vec![Query::parse(text).unwrap()], "ana".into(), at(9999)).await.unwrap();
        (counts[0].total, counts[0].more)
    };
    assert_eq!(counted("is:unread").await, (999, true));
    assert_eq!(counted("common").await, (999, true));
    assert_eq!(counted("common label:test").await, (0, true), "of a common word its newest hits are counted");
    assert_eq!(counted("label:test").await, (1, false));
    assert_eq!(counted("is:unread channel:whatsapp").await, (1, false));
    assert_eq!(counted("status:new channel:dsco").await, (1006, false), "what the tally knows is exact");
}

async fn plan(store: &SqliteStore, request: ListRequest) -> String {
    let statement = store
        .reader
        .read(move |db| query::list_statement(db, &request, None, &Lexicon::default()))
        .await
        .unwrap();
    explain(store, statement).await
}

async fn explain(store: &SqliteStore, statement: Condition) -> String {
    store
        .reader
        .read(move |db| {
            let Condition { sql, binds } = statement;
            let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let bound: Vec<(&str, &dyn rusqlite::ToSql)> =
                binds.iter().map(|(name, value)| (name.as_str(), value as _)).collect();
            let lines = statement
                .query_map(bound.as_slice(), |row| row.get::<_, String>(3))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(lines.join("\n") + "\n")
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn files_are_kept_under_the_hash_of_their_bytes() {
    let store = shelf().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nota fiscal.csv");
    std::fs::write(&file, "a;b\n1;2\n").unwrap();
    let stored: StoredFile = store.add_file(file.clone(), 100).await.unwrap();
    assert_eq!((stored.name.as_str(), stored.mime.as_str(), stored.size), ("nota fiscal.csv", "text/csv", 8));
    assert_eq!(std::fs::read(store.file_path(&stored.sha256)).unwrap(), b"a;b\n1;2\n");
    assert!(store.add_file(file, 3).await.is_err());
    assert!(store.add_file(folder.path().join("none"), 3).await.is_err());

    let pending = store.pending_downloads("dsco".into(), 10).await.unwrap();
    assert_eq!((pending.len(), pending[0].remote_ref.as_str()), (1, "r"));
    let path = store.download_path(pending[0].message, 1).await.unwrap();
    std::fs::write(&path, b"\x89PNG\r\n\x1a\n0000").unwrap();
    store.downloaded(pending[0].message, 1, Ok(path.clone()), at(9)).await.unwrap();
    let got = store.attachment_file(pending[0].message, 1).await.unwrap().unwrap();
    assert_eq!((got.mime.as_str(), path.exists()), ("image/png", false));
    assert!(store.file_path(&got.sha256).exists());
}

#[tokio::test]
async fn a_new_store_has_the_newest_schema_and_is_not_copied_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let options = || crate::store::sqlite::OpenOptions::at(folder.path().join("deskline.db"));
    drop(SqliteStore::open(options()).unwrap());
    drop(SqliteStore::open(options()).unwrap());
    let names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|it| it.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(names.iter().all(|name| !name.contains("before-schema")), "{names:?}");
}

#[tokio::test]
async fn a_hit_is_shown_with_the_words_around_it() {
    let store = shelf().await;
    let all: Vec<ConversationId> = (1..=3).map(ConversationId).collect();
    let hits = |text: &str| store.hits(Query::parse(text).unwrap(), all.clone());
    let [(id, words)] = &hits("pack").await.unwrap()[..] else { unreachable!("one hit") };
    assert_eq!((id.0, words.as_str()), (2, "…bleibt mein Päckchen, bitte?"));
    assert_eq!(hits("encomenda parcel").await.unwrap().len(), 2, "either word is enough to show where it is");
    assert!(hits("is:unread").await.unwrap().is_empty());
    for _ in 0..3 {
        store.count_canned("americanas".into(), "late".into(), "pt-BR".into()).await.unwrap();
    }
    let uses = store.canned_uses("americanas".into()).await.unwrap();
    assert_eq!(uses, [("late".to_owned(), "pt-BR".to_owned(), 3)]);
}
