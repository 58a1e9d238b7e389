//! What runs out when, as the store keeps it.

use chrono::TimeDelta;

use super::{store, told};
use crate::{
    domain::{
        Descriptor, Gate, GateEvidence, Status,
        change::{Change, ConversationSeen},
        clock::{Marketplace, Policy},
        outbox::LocalChange,
    },
    store::{
        Desk, EngineSide, ListRequest, Reading, Seen, Sort,
        story::{at, channels, conversation, ids, listing, says, seen, we_said},
    },
};

const DAY: i64 = 86_400;
const CHAT: &str = "Lojas Americanas-200/CUSTOMER_SELLER";

fn with(clocks: &Policy) -> Vec<Descriptor> {
    let with = |it: Descriptor| Policy { vendor: it.clocks.vendor.clone(), ..clocks.clone() };
    channels().into_iter().map(|it| Descriptor { clocks: with(it.clone()), ..it }).collect()
}

fn gate(remote_id: &str, gate: GateEvidence, seconds: i64) -> Change {
    seen(ConversationSeen { gate: Some(gate), ..conversation(remote_id, Gate::Open, at(seconds)) })
}

async fn due(store: &impl Reading, id: crate::domain::ConversationId) -> Option<(String, i64)> {
    let it = store.conversation(id, "ana".into(), at(0)).await.unwrap().unwrap();
    it.due_clock.zip(it.due_at.map(|due| (due - at(0)).num_seconds()))
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what may be none")]
fn marketplace(seconds: i64) -> Option<(String, i64)> {
    Some(("marketplace".into(), seconds))
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what may be none")]
fn company(seconds: i64) -> Option<(String, i64)> {
    Some(("company".into(), seconds))
}

#[tokio::test]
async fn a_run_counts_from_its_first_message_and_ends_with_our_reply() {
    let store = store().await;
    let id =
        told(&store, "americanas", 10, vec![says(CHAT, "1", "Oi?", at(0)), says(CHAT, "2", "Oi?", at(2040))])
            .await;
    assert_eq!(due(&store, id).await, marketplace(DAY));
    assert_eq!(ids(&store, "is:breaching due:<1h", "ana", at(DAY - 600)).await, [id.0]);
    told(&store, "americanas", 60_000, vec![we_said(CHAT, "3", "Olá!", at(53_400))]).await;
    assert_eq!(due(&store, id).await, None);
    // A thanks after it was resolved begins no run.
    let resolved = LocalChange::Status(Status::Resolved);
    store
        .change(id, resolved, vec![], None, "ana".into(), Seen::default(), at(61_000))
        .await
        .unwrap()
        .unwrap();
    told(&store, "americanas", 62_000, vec![says(CHAT, "4", "obrigado", at(62_000))]).await;
    assert_eq!(due(&store, id).await, None);
}

#[tokio::test]
async fn what_takes_back_that_no_reply_is_needed_brings_deadline_and_waiting_back() {
    let store = store().await;
    let id = told(&store, "americanas", 10, vec![says(CHAT, "1", "Oi?", at(0))]).await;
    let change = async |change| {
        store.change(id, change, vec![], None, "ana".into(), Seen::default(), at(20)).await.unwrap().unwrap()
    };
    let settled = change(LocalChange::Settle).await;
    assert_eq!(due(&store, id).await, None);
    for inverse in settled.inverse {
        change(inverse).await;
    }
    assert_eq!(due(&store, id).await, marketplace(DAY));
    let it = store.conversation(id, "ana".into(), at(20)).await.unwrap().unwrap();
    assert_eq!((it.status, it.waiting_since), (Status::New, Some(at(0))));
}

#[tokio::test]
async fn another_policy_moves_future_deadlines_only() {
    let store = store().await;
    let old = told(&store, "americanas", 10, vec![says("1/CUSTOMER_SELLER", "1", "Oi?", at(0))]).await;
    let new =
        told(&store, "americanas", 2 * DAY, vec![says("2/CUSTOMER_SELLER", "2", "Oi?", at(2 * DAY))]).await;
    let policy = Policy { marketplace: Marketplace::Running(3 * DAY * 1000), ..Policy::default() };
    store.open_as("ana".into(), with(&policy), at(2 * DAY)).await.unwrap();
    assert_eq!((due(&store, old).await, due(&store, new).await), (marketplace(DAY), marketplace(5 * DAY)));
    // Nor does anything else undo a breach.
    told(&store, "americanas", 2 * DAY, vec![says("1/CUSTOMER_SELLER", "3", "Alô?", at(2 * DAY))]).await;
    assert_eq!(due(&store, old).await, marketplace(DAY));
}

#[tokio::test]
async fn the_company_waits_while_somebody_else_has_to_move() {
    let store = store().await;
    let policy = Policy {
        marketplace: Marketplace::None,
        first_response_ms: Some(3_600_000),
        next_response_ms: Some(7_200_000),
        ..Policy::default()
    };
    store.open_as("ana".into(), with(&policy), at(0)).await.unwrap();
    let id = told(
        &store,
        "americanas",
        10,
        vec![gate(CHAT, GateEvidence::said(Gate::Open), 0), says(CHAT, "1", "Oi?", at(0))],
    )
    .await;
    assert_eq!(due(&store, id).await, company(3600));
    let status = async |status, seconds| {
        let change = LocalChange::Status(status);
        store
            .change(id, change, vec![], None, "ana".into(), Seen::default(), at(seconds))
            .await
            .unwrap()
            .unwrap();
    };
    status(Status::OnHold, 600).await;
    assert_eq!(due(&store, id).await, None);
    status(Status::Open, 1600).await;
    assert_eq!(due(&store, id).await, company(4600));
    told(&store, "americanas", 2000, vec![gate(CHAT, GateEvidence::said(Gate::Paused), 2000)]).await;
    assert_eq!(due(&store, id).await, None);
    told(&store, "americanas", 2500, vec![gate(CHAT, GateEvidence::said(Gate::Open), 2500)]).await;
    assert_eq!(due(&store, id).await, company(5100));
    told(
        &store,
        "americanas",
        3000,
        vec![we_said(CHAT, "2", "Olá!", at(3000)), says(CHAT, "3", "E?", at(3100))],
    )
    .await;
    assert_eq!(due(&store, id).await, company(3100 + 7200));
}

#[tokio::test]
async fn the_earliest_consequence_is_first_and_what_cannot_be_answered_last() {
    let store = store().await;
    let window = |until| GateEvidence::Window { until: at(until) };
    let late = told(&store, "dsco", 100, vec![says("none", "1", "Hello?", at(50))]).await;
    let longer = told(&store, "dsco", 100, vec![says("older", "2", "Hello?", at(40))]).await;
    let shuts =
        told(&store, "whatsapp", 100, vec![gate("55", window(1000), 0), says("55", "3", "Oi?", at(60))])
            .await;
    let paused = GateEvidence::said(Gate::Paused);
    let paused = told(
        &store,
        "americanas",
        100,
        vec![gate("1/CUSTOMER_SELLER", paused, 0), says("1/CUSTOMER_SELLER", "4", "Oi?", at(1))],
    )
    .await;
    let joao = told(&store, "americanas", 100, vec![says(CHAT, "5", "Oi?", at(30))]).await;
    let order = async |seconds| {
        let request = ListRequest { sort: Sort::Due, ..listing("", "ana", at(seconds)) };
        store.list(request).await.unwrap().into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(order(100).await, [shuts, joao, longer, late, paused]);
    // When the window shuts, a template is all that is left: nothing is due there, and it sorts after the others.
    let rev = store.conversation(shuts, "ana".into(), at(100)).await.unwrap().unwrap().rev;
    assert_eq!(store.tend(at(900)).await.unwrap(), Some(at(1000)));
    store.tend(at(1000) + TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(order(1001).await, [joao, longer, late, paused, shuts]);
    assert_eq!(due(&store, shuts).await, None);
    assert_eq!(store.conversation(shuts, "ana".into(), at(1001)).await.unwrap().unwrap().rev, rev);
    // The next word opens it again.
    told(&store, "whatsapp", 1100, vec![gate("55", window(DAY), 1100), says("55", "6", "Oi?", at(1100))])
        .await;
    assert_eq!(order(1100).await, [shuts, joao, longer, late, paused]);
}

#[tokio::test]
async fn a_gate_that_shuts_under_our_eyes_is_dated_and_one_that_was_shut_before_is_not() {
    let store = store().await;
    let paused = || GateEvidence::said(Gate::Paused);
    told(&store, "americanas", 100, vec![gate("found shut", paused(), 100)]).await;
    told(&store, "americanas", 100, vec![gate(CHAT, GateEvidence::said(Gate::Open), 100)]).await;
    told(&store, "americanas", 200, vec![gate(CHAT, paused(), 200)]).await;
    let again = vec![gate(CHAT, paused(), 300), gate("found shut", paused(), 300)];
    store.apply("americanas".into(), super::page(again), at(300)).await.unwrap();
    let rows = store.list(listing("", "ana", at(400))).await.unwrap();
    let since = |remote: &str| rows.iter().find(|it| it.remote_id == remote).map(|it| it.gate);
    assert_eq!(since(CHAT), Some(GateEvidence::Said { gate: Gate::Paused, since: Some(at(200)) }));
    assert_eq!(since("found shut"), Some(paused()));
}

#[tokio::test]
async fn what_is_on_hold_without_a_date_comes_back_after_two_business_days() {
    let store = store().await;
    let id = told(&store, "americanas", 10, vec![says(CHAT, "1", "Onde?", at(0))]).await;
    let hold = |change| store.change(id, change, Vec::new(), None, "ana".into(), Seen::default(), at(20));
    hold(LocalChange::Status(Status::OnHold)).await.unwrap().unwrap();
    let row = store.conversation(id, "ana".into(), at(20)).await.unwrap().unwrap();
    let until = row.held_until.expect("nothing waits without an end");
    assert!(until > at(20) + TimeDelta::days(1) && until < at(20) + TimeDelta::days(7), "{until}");
    store.tend(until).await.unwrap();
    let row = store.conversation(id, "ana".into(), until).await.unwrap().unwrap();
    assert_eq!((row.status, row.held_until), (Status::Open, None));
}
