//! One story that every storage engine has to tell: a customer writes, agents answer, vendors lose their voice.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Commit, Lease, ListRequest, Refusal, Seen, Settlement, Sort, Store};
use crate::domain::{
    Action, Author, Capabilities, ChannelKind, ConversationId, Customer, Delivery, Descriptor, Direction,
    Draft, DraftKind, Gate, GateEvidence, MessageKind, Outgoing, Reach, Role, RowNumber, RowState, Status,
    Time,
    change::{Change, ConversationSeen, MessageSeen, Page},
    clock::{Policy, VendorClock},
    outbox::{LocalChange, NewConversation},
    query::Query,
    time::from_millis,
};

/// A moment of the story, in seconds from its beginning.
pub(crate) fn at(seconds: i64) -> Time {
    from_millis(1_760_000_000_000) + TimeDelta::seconds(seconds)
}

pub(crate) fn channel(name: &str, kind: ChannelKind, languages: &[&str]) -> Descriptor {
    let market = kind == ChannelKind::SKYHUB;
    Descriptor {
        name: name.into(),
        short: name.chars().take(4).collect::<String>().to_uppercase(),
        vendor: None,
        capabilities: Capabilities {
            reply: Reach::Remote,
            create: Reach::Remote,
            resolve: if kind == ChannelKind::WHATSAPP { Reach::Local } else { Reach::Remote },
            ..Capabilities::read_only()
        },
        kind,
        languages: languages.iter().map(|it| (*it).to_owned()).collect(),
        undo_window_ms: 10_000,
        account: None,
        categories: Vec::new(),
        templates: Vec::new(),
        clocks: Policy {
            vendor: if market { crate::channels::skyhub::clock() } else { VendorClock::default() },
            ..Policy::default()
        },
        manner: crate::domain::channel::Manner::default(),
    }
}

pub(crate) fn channels() -> Vec<Descriptor> {
    vec![
        channel("americanas", ChannelKind::SKYHUB, &["pt-BR"]),
        channel("whatsapp", ChannelKind::WHATSAPP, &["pt-BR", "de", "en"]),
        channel("dsco", ChannelKind::DSCO, &["en"]),
    ]
}

pub(crate) fn conversation(remote_id: &str, gate: Gate, read_at: Time) -> ConversationSeen {
    ConversationSeen {
        customer: Customer {
            id: Some("12345678".into()),
            name: Some("João dos Santos".into()),
            ..Default::default()
        },
        gate: Some(GateEvidence::said(gate)),
        remote_unread: Some(true),
        ..ConversationSeen::named(remote_id, Role::Customer, read_at)
    }
}

pub(crate) fn message(
    conversation: &str,
    key: &str,
    direction: Direction,
    body: &str,
    sent_at: Time,
) -> MessageSeen {
    let role = if direction == Direction::Inbound { Role::Customer } else { Role::Agent };
    MessageSeen {
        conversation: conversation.into(),
        key: key.into(),
        remote_id: None,
        direction,
        author: Author { role, name: Some("João dos Santos".into()) },
        author_id: None,
        body: body.into(),
        raw: None,
        kind: MessageKind::Text,
        attachments: Vec::new(),
        context: None,
        sent_at: Some(sent_at),
        send_id: None,
        provisional: false,
    }
}

pub(crate) fn page(changes: Vec<Change>) -> Page {
    Page { changes, memory: Vec::new() }
}

pub(crate) fn seen(conversation: ConversationSeen) -> Change {
    Change::Conversation(Box::new(conversation))
}

pub(crate) fn says(conversation: &str, key: &str, body: &str, sent_at: Time) -> Change {
    Change::Message(Box::new(message(conversation, key, Direction::Inbound, body, sent_at)))
}

pub(crate) fn we_said(conversation: &str, key: &str, body: &str, sent_at: Time) -> Change {
    Change::Message(Box::new(message(conversation, key, Direction::Outbound, body, sent_at)))
}

pub(crate) fn reply(text: &str) -> Action {
    Action::Reply(Outgoing { text: text.into(), ..Default::default() })
}

pub(crate) fn commit(id: ConversationId, channel: &str, text: &str, held_until: Option<Time>) -> Commit {
    Commit {
        conversation: Some(id),
        channel: channel.into(),
        kind: ChannelKind::SKYHUB,
        actions: vec![reply(text)],
        held_until,
        later: None,
        author: "ana".into(),
        author_name: Some("Ana Souza".into()),
        seen: Seen::default(),
        status: Some(Status::Pending),
        ends_draft: None,
        send_ids: vec![format!("send-{text}")],
    }
}

pub(crate) fn listing(query: &str, me: &str, now: Time) -> ListRequest {
    ListRequest {
        query: Query::parse(query).expect("a query of the test"),
        me: me.into(),
        sort: Sort::Updated,
        limit: 50,
        after: None,
        way: crate::store::Way::Down,
        now,
    }
}

pub(crate) async fn ids(store: &impl Store, query: &str, me: &str, now: Time) -> Vec<i64> {
    store.list(listing(query, me, now)).await.unwrap().into_iter().map(|it| it.id.0).collect()
}

pub(crate) async fn lead(store: &impl Store, channel: &str, now: Time) -> Lease {
    store
        .lead(channel.into(), "deskline@desk1".into(), true, now + TimeDelta::seconds(15), now)
        .await
        .unwrap()
        .expect("nobody else leads")
}

/// Sends the next row of a channel, as an engine would.
pub(crate) async fn send(store: &impl Store, channel: &str, how: Settlement, now: Time) -> Option<RowNumber> {
    let lease = lead(store, channel, now).await;
    let claimed = store.claim(lease.clone(), now).await.unwrap()?;
    assert!(store.begin(lease.clone(), claimed.row.n, json!({"seen": 1}), now).await.unwrap());
    assert!(store.settle(lease, claimed.row.n, how, now).await.unwrap());
    Some(claimed.row.n)
}

pub(crate) fn sent() -> Settlement {
    Settlement::Sent { key: None, remote_id: None, conversation: None, at: None }
}

const CHAT: &str = "Lojas Americanas-200/CUSTOMER_SELLER";

/// The story. `store` is empty.
pub(crate) async fn story(store: &impl Store) {
    let (ana, jon) = ("ana".to_owned(), "jon".to_owned());
    store.open_as(ana.clone(), channels(), at(0)).await.unwrap();
    store.open_as(jon.clone(), channels(), at(0)).await.unwrap();
    assert_eq!(store.members().await.unwrap(), ["ana", "jon"]);

    // A customer writes; the same page twice changes nothing.
    let mark = store.changed(0).await;
    let first = Page {
        changes: vec![
            seen(conversation(CHAT, Gate::Open, at(10))),
            says(CHAT, "m1", "Olá! Produto ainda não foi entregue.\nPedido 02-123456789", at(5)),
        ],
        memory: vec![("cursor".into(), json!({"page": 1}))],
    };
    let applied = store.apply("americanas".into(), first.clone(), at(10)).await.unwrap();
    assert_eq!((applied.conversations.len(), applied.messages_new), (1, 1));
    let id = applied.conversations[0];
    let heard = store.changed(mark).await;
    assert!(heard > mark);
    let before = store.conversation(id, ana.clone(), at(11)).await.unwrap().unwrap();
    assert_eq!(store.apply("americanas".into(), first, at(10)).await.unwrap(), super::Applied::default());
    assert_eq!(store.conversation(id, ana.clone(), at(11)).await.unwrap().unwrap(), before);
    assert_eq!(
        (before.status, before.unread, before.messages, before.lang.as_deref()),
        (Status::New, 1, 1, Some("pt-BR"))
    );
    assert_eq!(before.subject.as_deref(), Some("Olá! Produto ainda não foi entregue."));
    assert_eq!(before.waiting_since, Some(at(5)));
    assert_eq!(store.note("americanas".into(), "cursor".into()).await.unwrap(), Some(json!({"page": 1})));
    assert!(store.knows("americanas".into(), CHAT.into()).await.unwrap());
    assert_eq!(store.find("americanas".into(), CHAT.into()).await.unwrap(), Some(id));

    // Ana reads, writes a draft, is overtaken, looks again, and commits.
    let drawn = store.thread(id, None, 50).await.unwrap().last().unwrap().id;
    store
        .change(id, LocalChange::SeenUpTo(drawn), vec![], None, ana.clone(), Seen::default(), at(20))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.conversation(id, ana.clone(), at(20)).await.unwrap().unwrap().unread, 0);
    assert_eq!(store.conversation(id, jon.clone(), at(20)).await.unwrap().unwrap().unread, 1);
    store.save_draft(draft(id, "Olá João, pedimos desculpas")).await.unwrap();
    assert_eq!(ids(store, "has:draft", "ana", at(20)).await, [id.0]);
    assert!(ids(store, "has:draft", "jon", at(20)).await.is_empty());
    let again = page(vec![says(CHAT, "m2", "Alguém?", at(25))]);
    store.apply("americanas".into(), again, at(26)).await.unwrap();
    let wish = Commit {
        seen: Seen { rev: None, message: Some(drawn) },
        ends_draft: Some((Some(id), DraftKind::Reply)),
        ..commit(id, "americanas", "Olá João, pedimos desculpas", Some(at(40)))
    };
    let refused = store.commit(wish.clone(), at(30)).await.unwrap().unwrap_err();
    let Refusal::Changed { arrived, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(arrived.last().unwrap().body, "Alguém?");
    let newest = arrived.last().unwrap().id;
    let committed = store
        .commit(Commit { seen: Seen { rev: None, message: Some(newest) }, ..wish }, at(30))
        .await
        .unwrap()
        .unwrap();
    let row = committed.rows[0];
    let now = store.conversation(id, ana.clone(), at(30)).await.unwrap().unwrap();
    assert_eq!((now.status, now.assignee.as_deref(), now.has_draft), (Status::Pending, Some("ana"), false));
    assert_eq!((now.outbox, now.waiting_since), (Some(Delivery::Held), None));

    // Undone, the text is the draft again and everything as it was; then she commits once more.
    let back = store.take_back(row, ana.clone(), at(31)).await.unwrap().unwrap().unwrap();
    assert_eq!(back.body, "Olá João, pedimos desculpas");
    let now = store.conversation(id, ana.clone(), at(31)).await.unwrap().unwrap();
    assert_eq!((now.status, now.assignee, now.outbox, now.messages), (Status::New, None, None, 2));
    assert_eq!(now.waiting_since, Some(at(5)));
    let mut wish = commit(id, "americanas", "Olá João, pedimos desculpas", Some(at(42)));
    wish.send_ids = vec!["send-2".into()];
    let row = store.commit(wish, at(32)).await.unwrap().unwrap().rows[0];

    // Nothing goes before its time; then it goes once, and comes back without being shown twice.
    let lease = lead(store, "americanas", at(35)).await;
    assert_eq!(store.claim(lease.clone(), at(35)).await.unwrap(), None);
    assert_eq!(store.next_due("americanas".into()).await.unwrap(), Some(at(42)));
    let claimed = store.claim(lease.clone(), at(43)).await.unwrap().unwrap();
    assert_eq!((claimed.row.n, claimed.target.as_ref().unwrap().known.len()), (row, 2));
    assert_eq!(store.claim(lease.clone(), at(43)).await.unwrap(), None, "one at a time");
    assert!(store.begin(lease.clone(), row, json!(["m1", "m2"]), at(43)).await.unwrap());
    assert_eq!(store.row(row).await.unwrap().unwrap().state, RowState::Sending);
    assert!(matches!(
        store.take_back(row, ana.clone(), at(43)).await.unwrap(),
        Err(Refusal::TooLate(Some(RowState::Sending)))
    ));
    let stale = Lease { epoch: lease.epoch - 1, ..lease.clone() };
    assert!(!store.settle(stale, row, sent(), at(44)).await.unwrap(), "fenced");
    assert!(store.settle(lease.clone(), row, sent(), at(44)).await.unwrap());
    assert_eq!(store.row(row).await.unwrap(), None);
    let echo = page(vec![we_said(CHAT, "m3", " Olá João, pedimos desculpas\r\n", at(41))]);
    assert_eq!(store.apply("americanas".into(), echo, at(60)).await.unwrap().messages_new, 0);
    let thread = store.thread(id, None, 50).await.unwrap();
    assert_eq!(thread.len(), 3);
    assert_eq!(thread[2].delivery, Some(Delivery::Sent));

    // The customer answers, jon resolves and tells the vendor, the customer thanks: it stays resolved.
    store
        .apply("americanas".into(), page(vec![says(CHAT, "m4", "Chegou hoje", at(70))]), at(71))
        .await
        .unwrap();
    assert_eq!(store.conversation(id, ana.clone(), at(71)).await.unwrap().unwrap().status, Status::Open);
    let changed = store
        .change(
            id,
            LocalChange::Status(Status::Resolved),
            vec![(Action::Status { close: true }, "close-1".into())],
            Some(at(85)),
            jon.clone(),
            Seen::default(),
            at(80),
        )
        .await
        .unwrap()
        .unwrap();
    assert_eq!(changed.inverse, [LocalChange::Status(Status::Open)]);
    assert_eq!(send(store, "americanas", sent(), at(90)).await, Some(changed.rows[0]));
    store
        .apply("americanas".into(), page(vec![says(CHAT, "m5", "Obrigado!", at(95))]), at(96))
        .await
        .unwrap();
    let now = store.conversation(id, ana.clone(), at(96)).await.unwrap().unwrap();
    assert_eq!((now.status, now.waiting_since), (Status::Resolved, None));
    let five_days = at(80) + TimeDelta::days(5);
    store.tend(five_days).await.unwrap();
    assert_eq!(store.conversation(id, ana.clone(), five_days).await.unwrap().unwrap().status, Status::Closed);
    let what: Vec<String> = store.history(id).await.unwrap().into_iter().map(|it| it.what).collect();
    for event in ["state", "assign", "commit", "take back", "sent", "thanks"] {
        assert!(what.iter().any(|it| it == event), "{event} in {what:?}");
    }
    fails_and_comes_back(store).await;
    is_uncertain(store).await;
    begins(store).await;
}

fn draft(id: ConversationId, body: &str) -> Draft {
    Draft {
        conversation: Some(id),
        agent: "ana".into(),
        kind: DraftKind::Reply,
        body: body.into(),
        cursor: (0, 4),
        files: vec![],
        quote: None,
        form: Value::Null,
        saved_at: at(21),
    }
}

/// A refused reply takes its status with it and opens the conversation; taken back, its text is a draft.
async fn fails_and_comes_back(store: &impl Store) {
    let changes =
        vec![seen(conversation("c2", Gate::Open, at(100))), says("c2", "m10", "Onde está?", at(100))];
    let id = store.apply("americanas".into(), page(changes), at(100)).await.unwrap().conversations[0];
    let mut wish = commit(id, "americanas", "Aqui", None);
    wish.actions.push(Action::Status { close: true });
    wish.send_ids.push("close-2".into());
    wish.status = Some(Status::Resolved);
    let rows = store.commit(wish, at(101)).await.unwrap().unwrap().rows;
    let failed = Settlement::Failed { error: "422 chat pausado".into() };
    assert_eq!(send(store, "americanas", failed, at(102)).await, Some(rows[0]));
    let outbox = store.outbox(Some(id)).await.unwrap();
    assert_eq!(
        outbox.iter().map(|row| (row.n, row.state)).collect::<Vec<_>>(),
        [(rows[0], RowState::Failed)]
    );
    let now = store.conversation(id, "ana".into(), at(102)).await.unwrap().unwrap();
    assert_eq!((now.status, now.outbox), (Status::New, Some(Delivery::Failed)));
    assert!(now.unread > 0 && now.waiting_since == Some(at(100)));
    assert_eq!(ids(store, "is:fix", "jon", at(102)).await, [id.0]);
    let text = store.thread(id, None, 9).await.unwrap().pop().unwrap();
    assert_eq!((text.delivery, text.error.as_deref()), (Some(Delivery::Failed), Some("422 chat pausado")));
    let draft = store.take_back(rows[0], "ana".into(), at(103)).await.unwrap().unwrap().unwrap();
    assert_eq!(draft.body, "Aqui");
    assert!(store.outbox(Some(id)).await.unwrap().is_empty());
}

/// Nobody knows: it is looked for, never sent again by itself, and found when the vendor shows it.
async fn is_uncertain(store: &impl Store) {
    let changes = vec![seen(conversation("c3", Gate::Open, at(200))), says("c3", "m20", "E o meu?", at(200))];
    let id = store.apply("americanas".into(), page(changes), at(200)).await.unwrap().conversations[0];
    let row =
        store.commit(commit(id, "americanas", "Chega amanhã", None), at(201)).await.unwrap().unwrap().rows[0];
    let lost = |look_at| Settlement::Uncertain { error: "timeout".into(), look_at, lookup: None };
    send(store, "americanas", lost(Some(at(212))), at(202)).await.unwrap();
    let lease = lead(store, "americanas", at(212)).await;
    assert_eq!(store.claim(lease.clone(), at(212)).await.unwrap(), None);
    let look = store.claim_look(lease.clone(), at(212)).await.unwrap().unwrap();
    assert_eq!((look.row.n, look.row.evidence), (row, json!({"seen": 1})));
    assert!(store.settle(lease, row, lost(None), at(213)).await.unwrap());
    assert_eq!(ids(store, "is:uncertain", "ana", at(213)).await, [id.0]);
    let echo = page(vec![we_said("c3", "m21", "Chega amanhã", at(202))]);
    assert_eq!(store.apply("americanas".into(), echo, at(220)).await.unwrap().messages_new, 0);
    assert_eq!(store.row(row).await.unwrap(), None);
    assert!(ids(store, "is:fix", "ana", at(220)).await.is_empty());
}

/// A conversation begun here has its number from the start, and keeps it when a scan was quicker than the answer.
async fn begins(store: &impl Store) {
    let new = NewConversation {
        to: Some("acme".into()),
        title: Some("Late".into()),
        first: Outgoing { text: "Where is order 7?".into(), ..Default::default() },
        ..Default::default()
    };
    let wish = Commit {
        conversation: None,
        kind: ChannelKind::DSCO,
        actions: vec![Action::Create(new)],
        send_ids: vec!["create-1".into()],
        ..commit(ConversationId(0), "dsco", "", None)
    };
    let committed = store.commit(wish, at(300)).await.unwrap().unwrap();
    let lease = lead(store, "dsco", at(301)).await;
    let claimed = store.claim(lease.clone(), at(301)).await.unwrap().unwrap();
    assert!(claimed.target.is_none());
    assert!(store.begin(lease.clone(), claimed.row.n, Value::Null, at(301)).await.unwrap());
    let scan = vec![
        seen(ConversationSeen { subject: Some("Late".into()), ..conversation("d-77", Gate::Open, at(302)) }),
        we_said("d-77", "k1", "Where is order 7?", at(301)),
        says("d-77", "k2", "On its way", at(302)),
    ];
    store.apply("dsco".into(), page(scan), at(302)).await.unwrap();
    let answer = Settlement::Sent {
        key: Some("k1".into()),
        remote_id: None,
        conversation: Some("d-77".into()),
        at: None,
    };
    assert!(store.settle(lease, claimed.row.n, answer, at(303)).await.unwrap());
    assert_eq!(store.find("dsco".into(), "d-77".into()).await.unwrap(), Some(committed.conversation));
    let thread = store.thread(committed.conversation, None, 9).await.unwrap();
    assert_eq!(
        thread.iter().map(|it| it.body.as_str()).collect::<Vec<_>>(),
        ["Where is order 7?", "On its way"]
    );
    assert_eq!(ids(store, "channel:dsco", "ana", at(303)).await.len(), 1);
}
