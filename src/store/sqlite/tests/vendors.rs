//! What vendors tell, in any order and twice.

use chrono::TimeDelta;

use super::{store, told};
use crate::{
    domain::{
        Delivery, Direction, Gate, GateEvidence, MessageKind, Role, RowState, Status, Turn,
        change::{AttachmentSeen, Change, ConversationSeen, DeliverySeen, MessageSeen, RemoteClosed},
    },
    store::{
        Applied, Commit, Desk, EngineSide, LocalChange, Reading, Seen, Settlement,
        story::{at, commit, conversation, ids, message, page, says, seen, send, sent, we_said},
    },
};

fn window(remote_id: &str, until: i64) -> Change {
    seen(ConversationSeen {
        gate: Some(GateEvidence::Window { until: at(until) }),
        ..conversation(remote_id, Gate::Open, at(0))
    })
}

fn came(key: &str, delivery: Delivery, error: Option<&str>) -> Change {
    Change::Delivery(DeliverySeen {
        key: key.into(),
        send_id: None,
        recipient: None,
        delivery,
        error: error.map(str::to_owned),
        window_closed: error.is_some(),
        at: Some(at(100)),
    })
}

#[tokio::test]
async fn a_window_shuts_by_itself_and_queries_know() {
    let store = store().await;
    let id = told(
        &store,
        "whatsapp",
        10,
        vec![window("5511", 86_400), says("5511", "w1", "Oi, tudo bem?", at(0))],
    )
    .await;
    let now = store.conversation(id, "ana".into(), at(20)).await.unwrap().unwrap();
    assert_eq!((now.due_clock.as_deref(), now.due_at), (Some("window"), Some(at(86_400))));
    assert_eq!(ids(&store, "gate:open window:>2h", "ana", at(20)).await, [id.0]);
    assert!(ids(&store, "window:<2h", "ana", at(20)).await.is_empty());
    assert_eq!(ids(&store, "is:breaching window:<30m due:<1h", "ana", at(86_400 - 60)).await, [id.0]);
    assert_eq!(ids(&store, "gate:template_only", "ana", at(86_401)).await, [id.0]);
    let counts = store
        .counts(vec!["turn:us".parse_query(), "is:snoozed".parse_query()], "ana".into(), at(86_390))
        .await;
    let counts = counts.unwrap();
    assert_eq!((counts[0].total, counts[0].at_risk, counts[1].total), (1, 1, 0));
}

trait ParseQuery {
    fn parse_query(&self) -> crate::domain::query::Query;
}

impl ParseQuery for &str {
    fn parse_query(&self) -> crate::domain::query::Query {
        crate::domain::query::Query::parse(self).unwrap()
    }
}

#[tokio::test]
async fn delivery_only_moves_up_and_waits_for_its_message() {
    let store = store().await;
    let id = told(&store, "whatsapp", 1, vec![window("5511", 86_400), says("5511", "w1", "Oi", at(0))]).await;
    store.commit(commit(id, "whatsapp", "Olá", None), at(2)).await.unwrap().unwrap();
    // The vendor's `read` is here before its own answer to the send.
    store.apply("whatsapp".into(), page(vec![came("wamid", Delivery::Read, None)]), at(3)).await.unwrap();
    let how = Settlement::Sent {
        key: Some("wamid".into()),
        remote_id: Some("wamid".into()),
        conversation: None,
        at: None,
    };
    send(&store, "whatsapp", how, at(4)).await.unwrap();
    let ours = store.thread(id, None, 9).await.unwrap().pop().unwrap();
    assert_eq!((ours.delivery, ours.remote_id.as_deref()), (Some(Delivery::Read), Some("wamid")));
    let again =
        store.apply("whatsapp".into(), page(vec![came("wamid", Delivery::Delivered, None)]), at(5)).await;
    assert_eq!(again.unwrap(), Applied::default());
}

#[tokio::test]
async fn a_failure_that_comes_later_brings_the_row_back_and_shuts_the_window() {
    let store = store().await;
    let id = told(&store, "whatsapp", 1, vec![window("5511", 86_400), says("5511", "w1", "Oi", at(0))]).await;
    let row = store.commit(commit(id, "whatsapp", "Olá", None), at(2)).await.unwrap().unwrap().rows[0];
    let how = Settlement::Sent { key: Some("wamid".into()), remote_id: None, conversation: None, at: None };
    send(&store, "whatsapp", how, at(4)).await.unwrap();
    let failed = page(vec![came("wamid", Delivery::Failed, Some("131047 re-engagement"))]);
    store.apply("whatsapp".into(), failed.clone(), at(101)).await.unwrap();
    let back = store.row(row).await.unwrap().unwrap();
    assert_eq!((back.state, back.error.as_deref()), (RowState::Failed, Some("131047 re-engagement")));
    let now = store.conversation(id, "ana".into(), at(101)).await.unwrap().unwrap();
    assert_eq!((now.gate.at(at(101)), now.status), (Gate::TemplateOnly, Status::New));
    assert_eq!(store.apply("whatsapp".into(), failed, at(102)).await.unwrap(), Applied::default());
}

#[tokio::test]
async fn what_is_first_seen_is_replayed_in_the_order_of_the_vendors_times() {
    let store = store().await;
    let closed = |remote_id: &str, day: i64| {
        seen(ConversationSeen {
            remote_closed: Some(RemoteClosed { closed: true, at: Some(at(day * 86_400)), unanswered: false }),
            ..conversation(remote_id, Gate::RemoteClosed, at(900_000))
        })
    };
    let now = 10 * 86_400;
    let (first, reply) = (says("old", "a1", "Where is it?", at(10)), we_said("old", "a2", "Sent", at(20)));
    let old = told(&store, "dsco", now, vec![closed("old", 1), reply, first]).await;
    let fresh =
        told(&store, "dsco", now, vec![closed("fresh", 9), we_said("fresh", "b2", "Sent", at(20))]).await;
    let asked =
        told(&store, "dsco", now, vec![closed("asked", 9), says("asked", "c1", "Hello?", at(20))]).await;
    let mut found = Vec::new();
    for id in [old, fresh, asked] {
        let it = store.conversation(id, "ana".into(), at(now)).await.unwrap().unwrap();
        found.push((it.status, it.drift.is_some()));
    }
    assert_eq!(found, [(Status::Closed, false), (Status::Resolved, false), (Status::New, true)]);
    assert_eq!(ids(&store, "is:drift", "ana", at(now)).await, [asked.0]);
}

#[tokio::test]
async fn edits_removals_and_reactions_are_kept_even_before_their_message() {
    let store = store().await;
    let reaction = Change::Reaction {
        conversation: "5511".into(),
        on: "w1".into(),
        by: "5511".into(),
        emoji: Some("👍".into()),
        at: at(5),
    };
    let edited = Change::Edited {
        conversation: "5511".into(),
        key: "w1".into(),
        body: "Oi, João aqui".into(),
        at: at(6),
    };
    store.apply("whatsapp".into(), page(vec![reaction.clone(), edited.clone()]), at(7)).await.unwrap();
    let id = told(&store, "whatsapp", 8, vec![says("5511", "w1", "Oi", at(0))]).await;
    let message = store.thread(id, None, 9).await.unwrap().pop().unwrap();
    assert_eq!((message.body.as_str(), message.edited_at), ("Oi, João aqui", Some(at(6))));
    assert_eq!(message.reactions, ["👍"]);
    let twice = page(vec![reaction, edited, says("5511", "w1", "Oi", at(0))]);
    assert_eq!(store.apply("whatsapp".into(), twice, at(9)).await.unwrap(), Applied::default());
    let removed = Change::Removed { conversation: "5511".into(), key: "w1".into(), at: at(10) };
    told(&store, "whatsapp", 10, vec![removed]).await;
    let message = store.thread(id, None, 9).await.unwrap().pop().unwrap();
    assert_eq!((message.body.as_str(), message.removed_at), ("", Some(at(10))));
    let copy = store.history(id).await.unwrap().into_iter().find(|it| it.what == "removed").unwrap();
    assert_eq!(copy.details["before"], "Oi, João aqui");
}

#[tokio::test]
async fn a_stand_in_gives_way_to_the_message_itself() {
    let store = store().await;
    let stand_in = |key: &str| {
        let mut it = message("d1", key, Direction::Inbound, "First words", at(1));
        it.provisional = true;
        Change::Message(Box::new(it))
    };
    let id = told(&store, "dsco", 2, vec![stand_in("initial")]).await;
    told(&store, "dsco", 3, vec![says("d1", "k1", "First words", at(1))]).await;
    assert_eq!(store.thread(id, None, 9).await.unwrap().len(), 1);
    assert_eq!(
        store.apply("dsco".into(), page(vec![stand_in("initial")]), at(4)).await.unwrap(),
        Applied::default()
    );
}

#[tokio::test]
async fn an_alias_leads_to_the_same_person() {
    let store = store().await;
    let id = told(&store, "whatsapp", 1, vec![says("5511", "w1", "Oi", at(0))]).await;
    let other = told(&store, "whatsapp", 2, vec![says("BR.9", "w2", "Oi de novo", at(1))]).await;
    told(&store, "whatsapp", 3, vec![Change::Alias { conversation: "5511".into(), alias: "BR.9".into() }])
        .await;
    assert_eq!(store.find("whatsapp".into(), "BR.9".into()).await.unwrap(), Some(id));
    assert_eq!(store.thread(other, None, 9).await.unwrap().len(), 2);
    assert_eq!(told(&store, "whatsapp", 4, vec![says("BR.9", "w3", "?", at(4))]).await, id);
    assert_eq!(store.conversation(other, "ana".into(), at(5)).await.unwrap().unwrap().id, id);
}

#[tokio::test]
async fn a_person_known_by_his_id_keeps_his_conversation_when_his_number_comes() {
    let store = store().await;
    let alias = |id: &str| Change::Alias { conversation: format!("55{id}"), alias: format!("BR.{id}") };
    // Told before the conversation is, after it, and both.
    for (n, order) in [(1, vec![0, 1]), (2, vec![1, 0]), (3, vec![0, 1, 0])] {
        let n = n.to_string();
        let id =
            told(&store, "whatsapp", 1, vec![says(&format!("BR.{n}"), &format!("a{n}"), "Oi", at(0))]).await;
        let both = [alias(&n), window(&format!("55{n}"), 86_400)];
        let changes = order.into_iter().map(|it: usize| both[it].clone()).collect();
        told(&store, "whatsapp", 2, changes).await;
        let by_number = says(&format!("55{n}"), &format!("b{n}"), "De novo", at(3));
        assert_eq!(told(&store, "whatsapp", 3, vec![by_number]).await, id);
        assert_eq!(store.thread(id, None, 9).await.unwrap().len(), 2);
        for name in [format!("BR.{n}"), format!("55{n}")] {
            assert_eq!(store.find("whatsapp".into(), name).await.unwrap(), Some(id));
        }
        let it = store.conversation(id, "ana".into(), at(4)).await.unwrap().unwrap();
        assert_eq!((it.id, it.gate.at(at(4))), (id, Gate::Open));
    }
    assert_eq!(ids(&store, "gate:open", "ana", at(4)).await.len(), 3);
}

/// WhatsApp tells a changed number of people who have never written.
#[tokio::test]
async fn the_machines_word_alone_asks_nobody_for_an_answer() {
    let store = store().await;
    let mut word = message("5511", "s1", Direction::Note, "changed from 5511 to 5522", at(1));
    word.author.role = Role::System;
    word.kind = MessageKind::System;
    let id = told(&store, "whatsapp", 1, vec![window("5511", 1), Change::Message(Box::new(word))]).await;
    let turn = async || store.conversation(id, "ana".into(), at(9)).await.unwrap().unwrap().turn;
    assert_eq!(turn().await, None);
    assert!(ids(&store, "turn:us", "ana", at(9)).await.is_empty());
    let note = LocalChange::Note { text: "who is that?".into() };
    store.change(id, note, vec![], None, "ana".into(), Seen::default(), at(2)).await.unwrap().unwrap();
    assert_eq!(turn().await, None, "nor does a note of ours");
    told(&store, "whatsapp", 3, vec![says("5511", "w1", "Oi", at(3))]).await;
    assert_eq!(turn().await, Some(Turn::Us));
}

#[tokio::test]
async fn files_are_numbered_through_a_conversation() {
    let store = store().await;
    let files = |conversation: &str, key: &str, count: usize| {
        let file = |n| AttachmentSeen { remote_ref: Some(format!("{key}-{n}")), ..AttachmentSeen::default() };
        let attachments = (1..=count).map(file).collect();
        let it = message(conversation, key, Direction::Inbound, key, at(5));
        Change::Message(Box::new(MessageSeen { attachments, ..it }))
    };
    let id = told(&store, "whatsapp", 1, vec![files("5511", "w1", 2), files("5511", "w2", 1)]).await;
    told(&store, "whatsapp", 2, vec![files("BR.9", "v1", 2)]).await;
    told(&store, "whatsapp", 2, vec![files("5511", "w2", 1), files("5511", "w3", 1)]).await;
    told(&store, "whatsapp", 3, vec![Change::Alias { conversation: "5511".into(), alias: "BR.9".into() }])
        .await;
    let thread = store.thread(id, None, 9).await.unwrap();
    let numbers = |key: &str| {
        let of = thread.iter().find(|it| it.body == key).unwrap();
        of.attachments.iter().map(|it| it.n).collect::<Vec<_>>()
    };
    assert_eq!((numbers("w1"), numbers("w2"), numbers("w3")), (vec![1, 2], vec![3], vec![4]));
    assert_eq!(numbers("v1"), [5, 6], "counted on where two conversations became one");
    let pending = store.pending_downloads("whatsapp".into(), 9).await.unwrap();
    let third = pending.iter().find(|it| it.remote_ref == "w2-1").unwrap().clone();
    assert_eq!(third.n, 3);
    for _ in 0..20 {
        let lost = Err(("no line".to_owned(), false));
        store.downloaded(third.message, third.n, lost, at(4)).await.unwrap();
    }
    let pending = store.pending_downloads("whatsapp".into(), 9).await.unwrap();
    assert_eq!(pending.iter().find(|it| it.n == 3).unwrap().attempts, 20, "a line that is down is no answer");
    let path = store.download_path(third.message, third.n).await.unwrap();
    std::fs::write(&path, "bytes").unwrap();
    store.downloaded(third.message, third.n, Ok(path), at(5)).await.unwrap();
    assert!(store.attachment_file(third.message, 3).await.unwrap().is_some());
}

#[tokio::test]
async fn a_reply_from_the_phone_moves_the_status_and_a_colleagues_does_too() {
    let store = store().await;
    let id = told(&store, "whatsapp", 1, vec![window("5511", 86_400), says("5511", "w1", "Oi", at(0))]).await;
    told(&store, "whatsapp", 3, vec![we_said("5511", "w2", "Olá!", at(2))]).await;
    let now = store.conversation(id, "ana".into(), at(3)).await.unwrap().unwrap();
    assert_eq!((now.status, now.waiting_since, now.unread), (Status::Pending, None, 0));
}

#[tokio::test]
async fn a_line_that_crossed_with_our_reply_is_not_lost() {
    let store = store().await;
    let id = told(
        &store,
        "americanas",
        1,
        vec![seen(conversation("c", Gate::Open, at(1))), says("c", "m1", "Oi", at(0))],
    )
    .await;
    store.commit(commit(id, "americanas", "Olá", None), at(60)).await.unwrap().unwrap();
    send(&store, "americanas", sent(), at(61)).await.unwrap();
    // Written before our reply, told to us after it.
    told(&store, "americanas", 120, vec![says("c", "m2", "Cancelem!", at(55))]).await;
    let now = store.conversation(id, "ana".into(), at(121)).await.unwrap().unwrap();
    assert_eq!((now.status, now.waiting_since), (Status::Open, Some(at(55))));
}

#[tokio::test]
async fn snooze_wakes_by_a_word_of_theirs_by_time_and_by_a_deadline() {
    let store = store().await;
    let id = told(&store, "whatsapp", 1, vec![window("5511", 86_400), says("5511", "w1", "Oi", at(0))]).await;
    let snooze =
        |until: i64| crate::domain::outbox::LocalChange::Snooze { until: Some(at(until)), breaks: true };
    let asleep = async |until: i64| {
        store
            .change(id, snooze(until), vec![], None, "ana".into(), crate::store::Seen::default(), at(2))
            .await
            .unwrap()
            .unwrap();
        ids(&store, "is:snoozed", "ana", at(2)).await.len()
    };
    assert_eq!(asleep(200_000).await, 1);
    assert_eq!(
        store.tend(at(3)).await.unwrap(),
        Some(at(86_400 - 1800)),
        "the warning before the window shuts"
    );
    told(&store, "whatsapp", 4, vec![says("5511", "w2", "Oi?", at(4))]).await;
    assert!(ids(&store, "is:snoozed", "ana", at(4)).await.is_empty());
    assert_eq!(asleep(500).await, 1);
    store.tend(at(500)).await.unwrap();
    assert!(ids(&store, "is:snoozed", "ana", at(500)).await.is_empty());
    assert_eq!(asleep(200_000).await, 1);
    store.tend(at(86_400 - 1800)).await.unwrap();
    assert!(ids(&store, "is:snoozed", "ana", at(86_400)).await.is_empty());
}

#[tokio::test]
async fn webhooks_are_stored_whole_and_read_once() {
    let store = store().await;
    let n = store.put_webhook("/w".into(), vec!["whatsapp".into()], b"{}".to_vec(), at(1)).await.unwrap();
    assert_eq!(store.next_webhook().await.unwrap().unwrap().n, n);
    let pages = vec![("whatsapp".into(), page(vec![says("5511", "w1", "Oi", at(0))]))];
    let applied = store.webhook_done(n, pages.clone(), vec![], at(2)).await.unwrap();
    assert_eq!(applied.messages_new, 1);
    assert_eq!(store.webhook_done(n, pages, vec![], at(2)).await.unwrap(), Applied::default());
    assert_eq!(store.next_webhook().await.unwrap(), None);
    let wish = Commit { later: Some(at(50)), ..commit(applied.conversations[0], "whatsapp", "x", None) };
    store.commit(wish, at(3)).await.unwrap().unwrap();
    assert_eq!(store.next_due("whatsapp".into()).await.unwrap(), Some(at(3) + TimeDelta::seconds(47)));
}

#[tokio::test]
async fn a_refusal_that_says_the_window_is_shut_shuts_it_though_it_was_counted_open() {
    let store = store().await;
    let id = told(&store, "whatsapp", 1, vec![window("5511", 86_400), says("5511", "w1", "Oi", at(0))]).await;
    let shut = |since| {
        let gate = Some(GateEvidence::Said { gate: Gate::TemplateOnly, since });
        seen(ConversationSeen { gate, ..conversation("5511", Gate::Open, at(50)) })
    };
    let gate = async |now| store.conversation(id, "ana".into(), now).await.unwrap().unwrap().gate.at(now);
    store.apply("whatsapp".into(), page(vec![shut(None)]), at(50)).await.unwrap();
    assert_eq!(gate(at(51)).await, Gate::Open, "a page that did not see the window");
    told(&store, "whatsapp", 60, vec![shut(Some(at(60)))]).await;
    assert_eq!(gate(at(61)).await, Gate::TemplateOnly, "the vendor's refusal");
    told(&store, "whatsapp", 70, vec![window("5511", 90_000)]).await;
    assert_eq!(gate(at(71)).await, Gate::Open, "the customer has written again");
}

#[tokio::test]
async fn what_a_vendor_hands_over_of_the_past_is_unread_for_nobody() {
    let store = store().await;
    let id = told(&store, "whatsapp", 1_000, vec![says("5511", "w9", "Oi", at(1_000))]).await;
    let newest = store.thread(id, None, 9).await.unwrap()[0].id;
    let drawn = LocalChange::SeenUpTo(newest);
    store
        .change(id, drawn, Vec::new(), None, "ana".into(), Seen::default(), at(1_001))
        .await
        .unwrap()
        .unwrap();
    let past = message("5511", "w1", Direction::Inbound, "Long ago", at(5));
    let ours = message("5511", "w2", Direction::Outbound, "Answered", at(6));
    let past = [past, ours].map(|it| Change::Earlier(Box::new(it))).to_vec();
    told(&store, "whatsapp", 1_002, past.clone()).await;
    store.apply("whatsapp".into(), page(past), at(1_003)).await.unwrap();
    let now = store.conversation(id, "ana".into(), at(1_004)).await.unwrap().unwrap();
    assert_eq!((now.messages, now.unread, now.waiting_since), (3, 0, Some(at(1_000))));
}

#[tokio::test]
async fn two_names_of_somebody_unheard_of_make_no_conversation() {
    let store = store().await;
    let both = Change::Alias { conversation: "5511".into(), alias: "BR.9".into() };
    store.apply("whatsapp".into(), page(vec![both.clone()]), at(1)).await.unwrap();
    assert_eq!(store.find("whatsapp".into(), "5511".into()).await.unwrap(), None);
    let id = told(&store, "whatsapp", 2, vec![says("5511", "w1", "Oi", at(2)), both]).await;
    assert_eq!(store.find("whatsapp".into(), "BR.9".into()).await.unwrap(), Some(id));
}

#[tokio::test]
async fn what_is_said_of_an_account_stands_beside_its_health_once() {
    let store = store().await;
    let says = |text: &str, seconds| Change::Account { text: text.into(), at: at(seconds), key: None };
    for _ in 0..2 {
        store.apply("whatsapp".into(), page(vec![says("first", 1), says("second", 2)]), at(3)).await.unwrap();
    }
    let health = store.health().await.unwrap();
    let of = |name: &str| health.iter().find(|it| it.channel.0 == name).unwrap().notice.clone();
    assert_eq!((of("whatsapp"), of("dsco")), (Some((at(2), "second".to_owned())), None));
}

#[tokio::test]
async fn what_has_no_time_of_its_own_is_one_event_however_often_it_comes() {
    let store = store().await;
    let says = |seconds, key: &str| Change::Account {
        text: "template order_update: PAUSED".into(),
        at: at(seconds),
        key: Some(key.into()),
    };
    let day = 86_400;
    for (seconds, key) in [(1, "a"), (60, "a"), (7 * day, "a"), (61, "b")] {
        store.apply("whatsapp".into(), page(vec![says(seconds, key)]), at(seconds)).await.unwrap();
    }
    let count = || async {
        let sql = "SELECT count(*) FROM event WHERE what = 'account'";
        store.reader.read(|db| db.query_row(sql, [], |r| r.get::<_, i64>(0))).await.unwrap()
    };
    assert_eq!(count().await, 2);
    store.apply("whatsapp".into(), page(vec![says(20 * day, "a")]), at(20 * day)).await.unwrap();
    assert_eq!(count().await, 3, "after so long it is another one");
}

#[tokio::test]
async fn the_file_of_a_placeholder_completes_it_in_either_order() {
    let store = store().await;
    let Change::Message(stand_in) = says("5511", "w1", "[media_placeholder] cannot be shown here", at(2))
    else {
        panic!("a message")
    };
    let stand_in = MessageSeen { kind: MessageKind::Unsupported, ..*stand_in };
    let file = MessageSeen {
        kind: MessageKind::Media,
        body: "the receipt".into(),
        attachments: vec![AttachmentSeen { remote_ref: Some("m-1".into()), ..AttachmentSeen::default() }],
        ..stand_in.clone()
    };
    let id = told(&store, "whatsapp", 3, vec![Change::Earlier(Box::new(stand_in.clone()))]).await;
    for again in [file.clone(), file, stand_in] {
        store.apply("whatsapp".into(), page(vec![Change::Earlier(Box::new(again))]), at(4)).await.unwrap();
    }
    let thread = store.thread(id, None, 10).await.unwrap();
    let message = thread.first().unwrap();
    assert_eq!((thread.len(), message.body.as_str(), message.kind), (1, "the receipt", MessageKind::Media));
    assert_eq!((message.attachments.len(), message.edited_at), (1, None));
    assert_eq!(store.pending_downloads("whatsapp".into(), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_of_ours_that_names_nobody_finds_its_message_in_either_order() {
    for file_first in [false, true] {
        let store = store().await;
        let Change::Message(message) = says("5511", "w1", "[media_placeholder] cannot be shown here", at(2))
        else {
            panic!("a message")
        };
        let stand_in =
            MessageSeen { kind: MessageKind::Unsupported, direction: Direction::Outbound, ..*message };
        let file = MessageSeen {
            conversation: String::new(),
            kind: MessageKind::Media,
            body: "the receipt".into(),
            attachments: vec![AttachmentSeen { remote_ref: Some("m-1".into()), ..AttachmentSeen::default() }],
            ..stand_in.clone()
        };
        let pages = [stand_in, file].map(|it| page(vec![Change::Earlier(Box::new(it))]));
        let order = if file_first { [1, 0, 1] } else { [0, 1, 1] };
        for n in order {
            store.apply("whatsapp".into(), pages[n].clone(), at(4)).await.unwrap();
        }
        assert_eq!(store.find("whatsapp".into(), String::new()).await.unwrap(), None);
        let id = store.find("whatsapp".into(), "5511".into()).await.unwrap().unwrap();
        let thread = store.thread(id, None, 10).await.unwrap();
        let message = thread.first().unwrap();
        assert_eq!((thread.len(), message.body.as_str(), message.attachments.len()), (1, "the receipt", 1));
    }
}

#[tokio::test]
async fn a_name_that_somebody_else_uses_too_changes_no_message() {
    let store = store().await;
    let id = told(&store, "whatsapp", 1, vec![says("5511", "w1", "mine", at(1))]).await;
    store.apply("whatsapp".into(), page(vec![says("5522", "w1", "yours", at(2))]), at(2)).await.unwrap();
    let thread = store.thread(id, None, 10).await.unwrap();
    assert_eq!((thread.len(), thread[0].body.as_str(), thread[0].edited_at), (1, "mine", None));
}

#[tokio::test]
async fn a_poll_is_due_when_the_engine_says_or_after_its_last_sign_of_life() {
    let store = store().await;
    let due = async || {
        store.health().await.unwrap().into_iter().find(|it| it.channel.0 == "dsco").unwrap().poll_due
    };
    let note = async |key: &str, seconds| {
        let memory = vec![(key.to_owned(), crate::domain::time::to_millis(at(seconds)).into())];
        let page = crate::domain::change::Page { changes: Vec::new(), memory };
        store.apply("dsco".into(), page, at(seconds)).await.unwrap();
    };
    assert_eq!(due().await, None);
    let lease = store.lead("dsco".into(), "a".into(), true, at(600), at(1)).await.unwrap();
    assert!(lease.is_some());
    assert_eq!(due().await, Some(at(1)), "whoever takes the lead means to ask");
    note(crate::store::NEXT_POLL, 60).await;
    assert_eq!(due().await, Some(at(60)));
    note(crate::store::SCANS, 90).await;
    assert_eq!(due().await, Some(at(90)), "a long scan comes forward");
    store.note_health("dsco".into(), None, at(100)).await.unwrap();
    assert_eq!(due().await, Some(at(100)));
    note(crate::store::NEXT_POLL, 160).await;
    assert_eq!(due().await, Some(at(160)));
}
