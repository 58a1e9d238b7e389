//! Conversations that were begun here.

use serde_json::Value;

use super::{store, told};
use crate::{
    domain::{
        Action, Capabilities, ChannelKind, ConversationId, Descriptor, Direction, Gate, GateEvidence,
        Outgoing, RowState,
        change::{Change, ConversationSeen},
        outbox::{LocalChange, NewConversation, TemplateUse},
    },
    store::{
        Commit, Desk, EngineSide, Reading, Seen, Settlement, Store,
        story::{at, channels, commit, conversation, ids, lead, message, page, says, seen, send, we_said},
    },
};

const FIRST: &str = "Where is order 7?";

fn create(channel: &str, to: &str, first: Outgoing) -> Commit {
    let new = NewConversation { to: Some(to.into()), first, ..Default::default() };
    Commit {
        conversation: None,
        kind: if channel == "dsco" { ChannelKind::DSCO } else { ChannelKind::WHATSAPP },
        actions: vec![Action::Create(new)],
        send_ids: vec![format!("create-{to}")],
        ..commit(ConversationId(0), channel, "", None)
    }
}

fn text() -> Outgoing {
    Outgoing { text: FIRST.into(), ..Default::default() }
}

fn stand_in() -> Change {
    let mut it = message("d-77", "initial:d-77", Direction::Outbound, FIRST, at(290));
    it.provisional = true;
    Change::Message(Box::new(it))
}

/// What the vendor's scans show of it, first without the message's id and then with it.
async fn scans(store: &impl Store, id: ConversationId) {
    let shown = || vec![seen(conversation("d-77", Gate::Open, at(302))), stand_in()];
    store.apply("dsco".into(), page(shown()), at(310)).await.unwrap();
    let rev = store.conversation(id, "ana".into(), at(310)).await.unwrap().unwrap().rev;
    store.apply("dsco".into(), page(shown()), at(311)).await.unwrap();
    assert_eq!(store.conversation(id, "ana".into(), at(311)).await.unwrap().unwrap().rev, rev);
    store.apply("dsco".into(), page(vec![we_said("d-77", "k1", FIRST, at(291))]), at(320)).await.unwrap();
    store.apply("dsco".into(), page(shown()), at(330)).await.unwrap();
    let thread = store.thread(id, None, 9).await.unwrap();
    assert_eq!(thread.iter().map(|it| it.body.as_str()).collect::<Vec<_>>(), [FIRST]);
    assert_eq!((thread[0].created_at, thread[0].author.name.as_deref()), (at(291), Some("Ana Souza")));
    assert_eq!(store.find("dsco".into(), "d-77".into()).await.unwrap(), Some(id));
    assert!(store.outbox(None).await.unwrap().is_empty());
    assert_eq!(ids(store, "channel:dsco", "ana", at(330)).await, [id.0]);
}

#[tokio::test]
async fn the_first_message_is_shown_once_whichever_name_it_comes_under() {
    let store = store().await;
    let id = store.commit(create("dsco", "acme", text()), at(300)).await.unwrap().unwrap().conversation;
    let named = Some("d-77".into());
    let how = Settlement::Sent { key: None, remote_id: None, conversation: named, at: None };
    send(&store, "dsco", how, at(301)).await.unwrap();
    scans(&store, id).await;
}

#[tokio::test]
async fn a_scan_that_names_it_before_the_answer_does_shows_it_once() {
    let store = store().await;
    let id = store.commit(create("dsco", "acme", text()), at(300)).await.unwrap().unwrap().conversation;
    // The vendor has it, and nothing of it is on its way here as far as the store can tell.
    told(&store, "dsco", 300, vec![seen(conversation("d-77", Gate::Open, at(300))), stand_in()]).await;
    let named = Some("d-77".into());
    let how = Settlement::Sent { key: None, remote_id: None, conversation: named, at: None };
    send(&store, "dsco", how, at(301)).await.unwrap();
    scans(&store, id).await;
}

#[tokio::test]
async fn an_uncertain_create_that_is_read_back_is_shown_once() {
    for looked in [true, false] {
        let store = store().await;
        let made = store.commit(create("dsco", "acme", text()), at(300)).await.unwrap().unwrap();
        let lost = Settlement::Uncertain { error: "timeout".into(), look_at: Some(at(304)), lookup: None };
        send(&store, "dsco", lost, at(301)).await.unwrap();
        if looked {
            let lease = lead(&store, "dsco", at(305)).await;
            assert!(store.claim_look(lease.clone(), at(305)).await.unwrap().is_some());
            let named = Some("d-77".into());
            let how = Settlement::Sent { key: None, remote_id: None, conversation: named, at: None };
            assert!(store.settle(lease, made.rows[0], how, at(305)).await.unwrap());
        }
        scans(&store, made.conversation).await;
    }
}

#[tokio::test]
async fn a_create_that_never_left_leaves_nothing_in_the_lists() {
    let store = store().await;
    let made = store.commit(create("dsco", "acme", text()), at(1)).await.unwrap().unwrap();
    let (id, row) = (made.conversation, made.rows[0]);
    let note = LocalChange::Note { text: "call them".into() };
    store.change(id, note, vec![], None, "jon".into(), Seen::default(), at(2)).await.unwrap().unwrap();
    send(&store, "dsco", Settlement::Failed { error: "unknown partner".into() }, at(3)).await.unwrap();
    let second =
        store.commit(commit(id, "dsco", "And order 8?", None), at(4)).await.unwrap().unwrap().rows[0];
    store.discard(row, "ana".into(), at(5)).await.unwrap().unwrap();
    assert_eq!(ids(&store, "", "ana", at(5)).await, [id.0], "something is still to be sent");
    store.discard(second, "ana".into(), at(6)).await.unwrap().unwrap();
    assert!(ids(&store, "", "ana", at(6)).await.is_empty());
    assert_eq!(store.conversation(id, "ana".into(), at(6)).await.unwrap(), None);
    let again = store.commit(create("dsco", "acme2", text()), at(7)).await.unwrap().unwrap();
    assert!(again.conversation > id, "a number is never used again");
}

#[tokio::test]
async fn a_create_whose_vendor_has_it_stays_when_its_last_row_goes() {
    let store = store().await;
    let made = store.commit(create("dsco", "acme", text()), at(1)).await.unwrap().unwrap();
    let how = Settlement::Sent { key: None, remote_id: None, conversation: None, at: None };
    send(&store, "dsco", how, at(2)).await.unwrap();
    let next = store.commit(commit(made.conversation, "dsco", "Hm", None), at(3)).await.unwrap().unwrap();
    store.discard(next.rows[0], "ana".into(), at(4)).await.unwrap().unwrap();
    assert_eq!(ids(&store, "", "ana", at(4)).await, [made.conversation.0]);
}

fn with_templates() -> Vec<Descriptor> {
    let with = |it: Descriptor| {
        let templates = it.kind == ChannelKind::WHATSAPP;
        Descriptor { capabilities: Capabilities { templates, ..it.capabilities.clone() }, ..it }
    };
    channels().into_iter().map(with).collect()
}

#[tokio::test]
async fn a_first_message_outside_the_window_is_a_template_or_does_not_go() {
    let store = store().await;
    store.open_as("ana".into(), with_templates(), at(0)).await.unwrap();
    let made = store.commit(create("whatsapp", "+5511", text()), at(1)).await.unwrap().unwrap();
    let gate = async |id| {
        let it = store.conversation(id, "ana".into(), at(2)).await.unwrap().unwrap();
        it.gate.at(at(2))
    };
    assert_eq!(gate(made.conversation).await, Gate::TemplateOnly);
    let lease = lead(&store, "whatsapp", at(2)).await;
    assert_eq!(store.claim(lease.clone(), at(2)).await.unwrap(), None);
    let row = store.row(made.rows[0]).await.unwrap().unwrap();
    assert_eq!(row.state, RowState::Parked);
    assert!(row.reason.unwrap().contains("template"));
    // A person lets it go: the window is shut all the same.
    store.retry(made.rows[0], "ana".into(), at(3)).await.unwrap().unwrap();
    assert_eq!(store.claim(lease.clone(), at(3)).await.unwrap(), None);

    let template = TemplateUse { name: "hello".into(), language: "pt_BR".into(), parameters: vec![] };
    let first = Outgoing { template: Some(template), ..text() };
    let other = store.commit(create("whatsapp", "+5522", first), at(4)).await.unwrap().unwrap();
    let claimed = store.claim(lease.clone(), at(4)).await.unwrap().unwrap();
    assert_eq!(claimed.row.n, other.rows[0]);
    assert!(store.begin(lease, claimed.row.n, Value::Null, at(4)).await.unwrap());

    // Others say what they know: nothing.
    let dsco = store.commit(create("dsco", "acme", text()), at(5)).await.unwrap().unwrap();
    assert_eq!(gate(dsco.conversation).await, Gate::Unknown);
}

#[tokio::test]
async fn an_echo_never_shuts_a_window_that_stands_open() {
    let store = store().await;
    let gate = |gate, seconds| {
        seen(ConversationSeen { gate: Some(gate), ..conversation("5511", Gate::Open, at(seconds)) })
    };
    let only = GateEvidence::said(Gate::TemplateOnly);
    let id = told(&store, "whatsapp", 1, vec![gate(only, 1), we_said("5511", "e1", "Olá!", at(1))]).await;
    let shown = async |seconds| {
        let it = store.conversation(id, "ana".into(), at(seconds)).await.unwrap().unwrap();
        it.gate.at(at(seconds))
    };
    assert_eq!(shown(1).await, Gate::TemplateOnly);
    let window = GateEvidence::Window { until: at(86_400) };
    told(&store, "whatsapp", 2, vec![gate(window, 2), says("5511", "w1", "Oi", at(2))]).await;
    assert_eq!(shown(2).await, Gate::Open);
    told(&store, "whatsapp", 3, vec![gate(only, 3), we_said("5511", "e2", "Tudo bem?", at(3))]).await;
    assert_eq!((shown(4).await, shown(86_401).await), (Gate::Open, Gate::TemplateOnly));
}
