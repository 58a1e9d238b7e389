//! Rows that wait, park and are settled.

use chrono::TimeDelta;
use serde_json::Value;

use super::{store, told};
use crate::{
    domain::{
        Action, ConversationId, DraftKind, Gate, Outgoing, RowState, Status,
        attachment::StoredFile,
        outbox::{LocalChange, TemplateUse},
    },
    store::{
        Commit, Desk, EngineSide, LOCKED_OUT, Lease, Reading, Refusal, Seen, Settlement, Store,
        story::{at, commit, conversation, lead, page, reply, says, seen, send, sent, we_said},
    },
};

async fn begun(store: &super::SqliteStore) -> ConversationId {
    told(
        store,
        "americanas",
        1,
        vec![seen(conversation("c", Gate::Open, at(1))), says("c", "m1", "Oi, onde está?", at(0))],
    )
    .await
}

async fn claimed(store: &impl Store, seconds: i64) -> Option<i64> {
    let lease = lead(store, "americanas", at(seconds)).await;
    store.claim(lease, at(seconds)).await.unwrap().map(|it| it.row.n.0)
}

async fn reason(store: &impl Store, id: ConversationId) -> String {
    let row = store.outbox(Some(id)).await.unwrap().pop().unwrap();
    assert_eq!(row.state, RowState::Parked);
    row.reason.unwrap()
}

#[tokio::test]
async fn a_row_parks_when_no_engine_was_up_in_time() {
    let store = store().await;
    let id = begun(&store).await;
    store.commit(commit(id, "americanas", "Olá", Some(at(10))), at(2)).await.unwrap().unwrap();
    assert_eq!(claimed(&store, 10 + 16 * 60).await, None);
    assert!(reason(&store, id).await.contains("15 minutes"));
    let row = store.outbox(Some(id)).await.unwrap()[0].n;
    store.retry(row, "jon".into(), at(1000)).await.unwrap().unwrap();
    assert_eq!(claimed(&store, 1001).await, Some(row.0));
}

#[tokio::test]
async fn a_row_does_not_park_for_age_while_an_engine_was_up() {
    let store = store().await;
    let id = begun(&store).await;
    let up = store.lead("americanas".into(), "deskline@desk1".into(), true, at(9000), at(3)).await.unwrap();
    assert!(up.is_some());
    store.commit(commit(id, "americanas", "Olá", Some(at(10))), at(4)).await.unwrap().unwrap();
    let lease =
        store.lead("americanas".into(), "deskline@desk1".into(), true, at(9000), at(5000)).await.unwrap();
    assert!(store.claim(lease.unwrap(), at(5000)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_paused_gate_parks_and_its_opening_releases_nothing() {
    let store = store().await;
    let id = begun(&store).await;
    store.commit(commit(id, "americanas", "Olá", Some(at(10))), at(2)).await.unwrap().unwrap();
    told(&store, "americanas", 5, vec![seen(conversation("c", Gate::Paused, at(5)))]).await;
    assert_eq!(claimed(&store, 11).await, None);
    assert!(reason(&store, id).await.contains("mediates"));
    let now = store.conversation(id, "ana".into(), at(12)).await.unwrap().unwrap();
    assert_eq!(now.status, Status::New);
    told(&store, "americanas", 20, vec![seen(conversation("c", Gate::Open, at(20)))]).await;
    assert_eq!(claimed(&store, 21).await, None);
}

#[tokio::test]
async fn a_colleagues_reply_parks_and_the_customers_line_in_the_hold_does_not() {
    let store = store().await;
    let id = begun(&store).await;
    store.commit(commit(id, "americanas", "Olá", Some(at(20))), at(2)).await.unwrap().unwrap();
    told(&store, "americanas", 6, vec![says("c", "m2", "Ainda aí?", at(5))]).await;
    told(&store, "americanas", 8, vec![we_said("c", "m3", "Oi, aqui é o Jon", at(7))]).await;
    assert_eq!(claimed(&store, 21).await, None);
    assert!(reason(&store, id).await.contains("replied since"));

    let other = told(&store, "americanas", 30, vec![says("e", "e1", "Oi", at(30))]).await;
    store.commit(commit(other, "americanas", "Tudo bem", Some(at(50))), at(40)).await.unwrap().unwrap();
    told(&store, "americanas", 46, vec![says("e", "e2", "Alô", at(45))]).await;
    assert!(claimed(&store, 51).await.is_some());
}

#[tokio::test]
async fn what_waited_longer_than_its_hold_is_held_against_what_arrived() {
    let store = store().await;
    let id = begun(&store).await;
    lead(&store, "americanas", at(3)).await;
    store.commit(commit(id, "americanas", "Olá", Some(at(10))), at(4)).await.unwrap().unwrap();
    told(&store, "americanas", 200, vec![says("c", "m2", "Achei, obrigado", at(190))]).await;
    assert_eq!(claimed(&store, 210).await, None);
    assert!(reason(&store, id).await.contains("while it waited"));
    // A command is not held against what arrived.
    let row = store
        .commit(Commit { send_ids: vec!["c2".into()], ..commit(id, "americanas", "Certo", None) }, at(300));
    let row = row.await.unwrap().unwrap().rows[0];
    told(&store, "americanas", 301, vec![says("c", "m9", "E agora?", at(301))]).await;
    assert_eq!(claimed(&store, 900).await, Some(row.0));
}

#[tokio::test]
async fn a_colleague_who_resolves_parks_it() {
    let store = store().await;
    let id = begun(&store).await;
    store.commit(commit(id, "americanas", "Olá", Some(at(20))), at(2)).await.unwrap().unwrap();
    store
        .change(id, LocalChange::Status(Status::Resolved), vec![], None, "jon".into(), Seen::default(), at(5))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(claimed(&store, 21).await, None);
    assert!(reason(&store, id).await.contains("jon has resolved"));
}

#[tokio::test]
async fn the_order_within_a_conversation_is_kept_and_others_are_not_held_up() {
    let store = store().await;
    let id = begun(&store).await;
    let other = told(&store, "americanas", 2, vec![says("d", "n1", "Oi", at(2))]).await;
    let wish = |text: &str| commit(id, "americanas", text, None);
    let first = store.commit(wish("1"), at(3)).await.unwrap().unwrap().rows[0];
    let second = store.commit(wish("2"), at(3)).await.unwrap().unwrap().rows[0];
    let third = store.commit(commit(other, "americanas", "3", None), at(3)).await.unwrap().unwrap().rows[0];
    let lease = lead(&store, "americanas", at(4)).await;
    assert_eq!(store.claim(lease.clone(), at(4)).await.unwrap().unwrap().row.n, first);
    assert_eq!(store.claim(lease.clone(), at(4)).await.unwrap().unwrap().row.n, third);
    assert_eq!(store.claim(lease.clone(), at(4)).await.unwrap(), None);
    assert!(store.begin(lease.clone(), first, Value::Null, at(4)).await.unwrap());
    let again = Settlement::Again { at: at(60), error: "429".into() };
    assert!(store.settle(lease.clone(), first, again, at(5)).await.unwrap());
    assert_eq!(store.claim(lease.clone(), at(6)).await.unwrap(), None);
    let lease = lead(&store, "americanas", at(61)).await;
    assert_eq!(store.claim(lease, at(61)).await.unwrap().unwrap().row.n, first);
    assert_eq!(store.row(second).await.unwrap().unwrap().state, RowState::Queued);
}

#[tokio::test]
async fn the_first_failure_parks_the_rest_of_a_commit() {
    let store = store().await;
    let id = begun(&store).await;
    let mut wish = commit(id, "americanas", "1/2", None);
    wish.actions.extend([reply("2/2"), Action::Status { close: true }]);
    wish.send_ids.extend(["b".into(), "c".into()]);
    let rows = store.commit(wish, at(3)).await.unwrap().unwrap().rows;
    send(&store, "americanas", Settlement::Failed { error: "no".into() }, at(4)).await.unwrap();
    let left: Vec<_> = store.outbox(Some(id)).await.unwrap().into_iter().map(|it| (it.n, it.state)).collect();
    assert_eq!(left, [(rows[0], RowState::Failed), (rows[1], RowState::Parked)]);
}

#[tokio::test]
async fn a_dead_engines_rows_are_adopted_and_the_sleeper_settles_nothing() {
    let store = store().await;
    let id = begun(&store).await;
    let row = store.commit(commit(id, "americanas", "Olá", None), at(2)).await.unwrap().unwrap().rows[0];
    let lease = lead(&store, "americanas", at(3)).await;
    store.claim(lease.clone(), at(3)).await.unwrap().unwrap();
    assert!(store.begin(lease.clone(), row, Value::Null, at(3)).await.unwrap());
    let window = |now| store.lead("americanas".into(), "jon@desk2".into(), false, at(now + 15), at(now));
    assert_eq!(window(4).await.unwrap(), None);
    let next = window(30).await.unwrap().unwrap();
    assert!(!store.settle(lease, row, sent(), at(31)).await.unwrap());
    assert_eq!(store.adopt(next.clone(), at(31)).await.unwrap(), 1);
    assert_eq!(store.row(row).await.unwrap().unwrap().state, RowState::Uncertain);
    assert!(matches!(store.take_back(row, "ana".into(), at(32)).await.unwrap(), Err(Refusal::NotNow(_))));
    store.mark_sent(row, "ana".into(), at(33)).await.unwrap().unwrap();
    assert_eq!(store.row(row).await.unwrap(), None);
    store.unmark_sent(row, "ana".into(), at(34)).await.unwrap().unwrap();
    assert_eq!(store.row(row).await.unwrap().unwrap().state, RowState::Uncertain);
    assert!(matches!(store.unmark_sent(row, "ana".into(), at(34)).await.unwrap(), Err(Refusal::NotNow(_))));
    store.mark_sent(row, "ana".into(), at(34)).await.unwrap().unwrap();
    // A service goes before a window.
    let service =
        store.lead("americanas".into(), "s@desk1".into(), true, at(50), at(35)).await.unwrap().unwrap();
    assert!(service.epoch > next.epoch);
}

#[tokio::test]
async fn an_action_that_may_be_repeated_is_never_uncertain() {
    let store = store().await;
    let id = begun(&store).await;
    let wish = LocalChange::Status(Status::Resolved);
    let vendor = vec![(Action::Status { close: true }, "s1".into())];
    let changed =
        store.change(id, wish, vendor, None, "ana".into(), Seen::default(), at(2)).await.unwrap().unwrap();
    let lost = Settlement::Uncertain { error: "timeout".into(), look_at: None, lookup: None };
    send(&store, "americanas", lost, at(3)).await.unwrap();
    assert_eq!(store.row(changed.rows[0]).await.unwrap().unwrap().state, RowState::Queued);
    let due = store.next_due("americanas".into()).await.unwrap().unwrap();
    assert!(due > at(3) && due < at(3) + TimeDelta::minutes(1));
    store.discard(changed.rows[0], "ana".into(), at(4)).await.unwrap().unwrap();
    assert!(store.outbox(None).await.unwrap().is_empty());
    assert_eq!(store.conversation(id, "ana".into(), at(4)).await.unwrap().unwrap().status, Status::Resolved);
}

#[tokio::test]
async fn seen_by_rev_refuses_any_change_and_notes_of_colleagues_count() {
    let store = store().await;
    let id = begun(&store).await;
    let rev = store.conversation(id, "ana".into(), at(2)).await.unwrap().unwrap().rev;
    let drawn = store.thread(id, None, 9).await.unwrap()[0].id;
    let note = LocalChange::Note { text: "carrier says lost".into() };
    store.change(id, note, vec![], None, "jon".into(), Seen::default(), at(3)).await.unwrap().unwrap();
    for seen in [Seen { rev: Some(rev), message: None }, Seen { rev: None, message: Some(drawn) }] {
        let refused =
            store.commit(Commit { seen, ..commit(id, "americanas", "Olá", None) }, at(4)).await.unwrap();
        assert!(matches!(refused, Err(Refusal::Changed { .. })), "{seen:?}");
    }
    assert!(store.outbox(None).await.unwrap().is_empty());
    store.apply("americanas".into(), page(vec![]), at(5)).await.unwrap();
}

#[tokio::test]
async fn what_comes_while_a_row_is_prepared_stops_it() {
    let store = store().await;
    let id = begun(&store).await;
    let mut n =
        store.commit(commit(id, "americanas", "Olá", Some(at(10))), at(2)).await.unwrap().unwrap().rows[0];
    let stops = [
        (page(vec![we_said("c", "m2", "Já enviado", at(11))]), "replied"),
        (page(vec![seen(conversation("c", Gate::Paused, at(12)))]), "mediates"),
    ];
    for (told, why) in stops {
        let lease = lead(&store, "americanas", at(11)).await;
        assert_eq!(store.claim(lease.clone(), at(11)).await.unwrap().map(|it| it.row.n), Some(n));
        store.apply("americanas".into(), told, at(12)).await.unwrap();
        assert!(!store.begin(lease, n, Value::Null, at(12)).await.unwrap());
        assert!(reason(&store, id).await.contains(why));
        store.discard(n, "ana".into(), at(13)).await.unwrap().unwrap();
        n = store.commit(commit(id, "americanas", "Pois", None), at(13)).await.unwrap().unwrap().rows[0];
    }
}

#[tokio::test]
async fn the_next_due_row_is_one_that_can_be_had() {
    let store = store().await;
    let id = begun(&store).await;
    let due = async || store.next_due("americanas".into()).await.unwrap();
    let at_once = async || due().await.is_some_and(|it| it <= at(5));
    let dead = lead(&store, "americanas", at(3)).await;
    store.commit(commit(id, "americanas", "um", None), at(3)).await.unwrap().unwrap();
    let first = store.claim(dead.clone(), at(3)).await.unwrap().unwrap().row.n;
    store.commit(commit(id, "americanas", "dois", None), at(3)).await.unwrap().unwrap();
    assert_eq!(due().await, Some(at(3 + 600)), "claimed, and the second waits for it");
    // Its engine dies before it has begun.
    store.yield_lead(dead).await.unwrap();
    let lease = store.lead("americanas".into(), "heir".into(), true, at(5000), at(4)).await.unwrap().unwrap();
    assert!(at_once().await);
    assert_eq!(store.claim(lease.clone(), at(4)).await.unwrap().map(|it| it.row.n), Some(first));
    assert!(store.begin(lease.clone(), first, Value::Null, at(4)).await.unwrap());
    assert_eq!(due().await, None, "the second waits until the first is settled");
    store.settle(lease, first, sent(), at(5)).await.unwrap();
    assert!(at_once().await);
}

#[tokio::test]
async fn credentials_that_are_taken_again_make_due_what_they_held_up() {
    let store = store().await;
    let id = begun(&store).await;
    store.commit(commit(id, "americanas", "Olá", None), at(2)).await.unwrap().unwrap();
    let other = told(&store, "americanas", 3, vec![says("d", "n1", "Oi", at(3))]).await;
    let again = |error: &str| Settlement::Again { at: at(900), error: error.into() };
    send(&store, "americanas", again(&format!("{LOCKED_OUT}: 401")), at(4)).await.unwrap();
    store.commit(commit(other, "americanas", "Sim", None), at(5)).await.unwrap().unwrap();
    send(&store, "americanas", again("503"), at(6)).await.unwrap();
    assert_eq!(claimed(&store, 7).await, None);
    let lease = lead(&store, "americanas", at(8)).await;
    let dead = Lease { epoch: lease.epoch - 1, ..lease.clone() };
    assert_eq!(store.release_locked_out(dead, at(8)).await.unwrap(), 0);
    assert_eq!(store.release_locked_out(lease.clone(), at(8)).await.unwrap(), 1);
    assert_eq!(store.next_due("americanas".into()).await.unwrap(), Some(at(8)));
    let row = store.claim(lease.clone(), at(8)).await.unwrap().unwrap().row;
    assert_eq!((row.conversation, row.reason.as_deref()), (id, Some(LOCKED_OUT)));
    assert_eq!(store.claim(lease, at(8)).await.unwrap(), None, "another trouble has its own time");
}

#[tokio::test]
async fn a_template_that_is_taken_back_is_a_template_again() {
    let store = store().await;
    let id = begun(&store).await;
    let template =
        TemplateUse { name: "order_update".into(), language: "pt_BR".into(), parameters: vec!["77".into()] };
    let outgoing = Outgoing {
        text: "Temos novidades sobre o pedido 77.".into(),
        template: Some(template.clone()),
        ..Outgoing::default()
    };
    let wish = Commit { actions: vec![Action::Reply(outgoing)], ..commit(id, "americanas", "", None) };
    let row = store.commit(wish, at(2)).await.unwrap().unwrap().rows[0];
    let draft = store.take_back(row, "ana".into(), at(3)).await.unwrap().unwrap().unwrap();
    assert_eq!(draft.body, "");
    assert_eq!(draft.form["template"], serde_json::to_value(&template).unwrap());
    let kept = store.draft(Some(id), "ana".into(), DraftKind::Reply).await.unwrap().unwrap();
    assert_eq!(kept.form, draft.form);
}

#[tokio::test]
async fn a_text_with_many_files_is_taken_back_as_one() {
    let store = store().await;
    let id = begun(&store).await;
    let file = |name: &str| StoredFile {
        sha256: "0".repeat(64),
        name: name.into(),
        mime: "image/jpeg".into(),
        size: 643,
    };
    let say = |text: &str, name: &str| {
        Action::Reply(Outgoing { text: text.into(), file: Some(file(name)), ..Outgoing::default() })
    };
    let wish = Commit {
        actions: vec![
            say("Que pena", "a.jpg"),
            say("(2/3) b.jpg", "b.jpg"),
            say("mais", "c.jpg"),
            Action::Read,
        ],
        send_ids: ["1", "2", "3", "4"].map(str::to_owned).to_vec(),
        ..commit(id, "americanas", "", Some(at(10)))
    };
    let rows = store.commit(wish, at(2)).await.unwrap().unwrap().rows;
    let draft = store.take_back(rows[0], "ana".into(), at(3)).await.unwrap().unwrap().unwrap();
    assert_eq!(draft.body, "Que pena\n\nmais");
    let names: Vec<&str> = draft.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["a.jpg", "b.jpg", "c.jpg"]);
    assert!(store.outbox(Some(id)).await.unwrap().is_empty(), "nothing is parked, no read mark is left");
    assert_eq!(store.thread(id, None, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_status_goes_with_its_message_when_that_leaves_at_a_later_hour() {
    let store = store().await;
    let id = begun(&store).await;
    let wish = Commit {
        later: Some(at(50)),
        status: Some(Status::Pending),
        ..commit(id, "americanas", "Amanhã", None)
    };
    let row = store.commit(wish, at(3)).await.unwrap().unwrap().rows[0];
    let now = async || store.conversation(id, "ana".into(), at(4)).await.unwrap().unwrap();
    assert_eq!(now().await.status, Status::New);
    assert!(now().await.waiting_since.is_some(), "the customer waits");
    assert_eq!(claimed(&store, 51).await, Some(row.0));
    let lease = lead(&store, "americanas", at(52)).await;
    store.settle(lease, row, sent(), at(52)).await.unwrap();
    assert_eq!(now().await.status, Status::Pending);
    assert!(now().await.waiting_since.is_none());
}

#[tokio::test]
async fn what_was_marked_as_sent_is_as_it_was_before_where_that_is_taken_back() {
    let store = store().await;
    let id = begun(&store).await;
    let mut wish = commit(id, "americanas", "Olá", None);
    wish.actions.push(Action::Status { close: true });
    wish.send_ids.push("b".into());
    let rows = store.commit(wish, at(3)).await.unwrap().unwrap().rows;
    let look_at = Some(at(14));
    let lost = Settlement::Uncertain { error: "timeout".into(), look_at, lookup: None };
    send(&store, "americanas", lost, at(4)).await.unwrap();
    let before = store.row(rows[0]).await.unwrap().unwrap();
    let follower = store.row(rows[1]).await.unwrap().unwrap();
    assert_eq!(follower.after, Some(rows[0]));
    let thread = async || store.thread(id, None, 10).await.unwrap().pop().unwrap();
    store.mark_sent(rows[0], "jon".into(), at(5)).await.unwrap().unwrap();
    assert_eq!(thread().await.delivery, Some(crate::domain::Delivery::Sent));
    assert_eq!(store.row(rows[1]).await.unwrap().unwrap().after, None);
    store.unmark_sent(rows[0], "jon".into(), at(6)).await.unwrap().unwrap();
    assert_eq!(store.row(rows[0]).await.unwrap().unwrap(), before);
    assert_eq!(store.row(rows[1]).await.unwrap().unwrap(), follower);
    assert_eq!(thread().await.delivery, Some(crate::domain::Delivery::Uncertain));
    let lease = lead(&store, "americanas", at(20)).await;
    assert!(store.claim_look(lease, at(20)).await.unwrap().is_some(), "it is looked for as before");
}
