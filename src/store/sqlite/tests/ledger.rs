use super::{store, told};
use crate::{
    domain::{
        Status,
        clock::Policy,
        outbox::LocalChange,
        report::{By, Figure, Scope},
    },
    store::{
        self, Commit, Desk, EngineSide, Reading, Seen, Settlement,
        story::{at, channels, commit, says},
    },
};

const CHAT: &str = "Lojas Americanas-200/CUSTOMER_SELLER";

fn week(to: i64) -> Scope {
    Scope { from: at(-604_800), to: at(to), by: By::All }
}

#[tokio::test]
async fn figures_are_made_of_the_log_as_agents_and_vendors_write_it() {
    let store = store().await;
    let id = told(&store, "americanas", 5, vec![says(CHAT, "1", "Oi?", at(0))]).await;
    let change =
        |change, seconds| store.change(id, change, vec![], None, "ana".into(), Seen::default(), at(seconds));
    change(LocalChange::Snooze { until: Some(at(9000)), breaks: true }, 10).await.unwrap().unwrap();
    let asleep = store::report(&store, week(20)).await.unwrap();
    assert_eq!(asleep.value("all", Figure::BacklogSnoozed).n, 1);
    // A reply wakes it, and counts once the vendor has it.
    let row = store.commit(commit(id, "americanas", "Olá!", None), at(600)).await.unwrap().unwrap().rows[0];
    let waiting = store::report(&store, week(700)).await.unwrap();
    assert_eq!(waiting.value("all", Figure::FirstResponse).n, 0);
    assert_eq!(waiting.value("all", Figure::Backlog).n, 1);
    let lease = store.lead("americanas".into(), "e".into(), true, at(900), at(601)).await.unwrap().unwrap();
    store.claim(lease.clone(), at(601)).await.unwrap().unwrap();
    assert!(store.begin(lease.clone(), row, serde_json::Value::Null, at(602)).await.unwrap());
    let sent =
        Settlement::Sent { key: Some("2".into()), remote_id: None, conversation: None, at: Some(at(605)) };
    assert!(store.settle(lease, row, sent, at(606)).await.unwrap());
    change(LocalChange::Status(Status::Resolved), 1200).await.unwrap().unwrap();
    told(&store, "americanas", 1300, vec![says(CHAT, "3", "obrigado", at(1300))]).await;
    let report = store::report(&store, week(2000)).await.unwrap();
    let seconds = |figure| report.value("all", figure).median.map(|it| it.num_seconds());
    assert_eq!(seconds(Figure::FirstResponse), Some(605));
    assert_eq!(seconds(Figure::FullResolution), Some(1200));
    assert_eq!(report.items("all", Figure::FirstResponse)[0].who.as_deref(), Some("ana"));
    assert_eq!(report.value("all", Figure::NoReplyNeeded).n, 1);
    assert_eq!(report.value("all", Figure::Backlog).n, 0);
}

#[tokio::test]
async fn what_a_channel_promised_stays_in_the_log_from_when_to_when() {
    let store = store().await;
    let policies = store.policies().await.unwrap();
    let before = channels()[0].clocks.clone();
    assert_eq!(policies[&"americanas".into()], [(at(0), before.clone())]);
    store.open_as("ana".into(), channels(), at(50)).await.unwrap();
    let strict = Policy { first_response_ms: Some(3_600_000), ..Policy::default() };
    let mut changed = channels();
    changed[0].clocks = strict.clone();
    store.open_as("ana".into(), changed, at(100)).await.unwrap();
    let policies = store.policies().await.unwrap();
    assert_eq!(policies[&"americanas".into()], [(at(0), before), (at(100), strict)]);
}

#[tokio::test]
async fn a_reply_marked_as_sent_and_unmarked_is_in_no_figure_and_whoever_is_told_hears_of_both() {
    let store = store().await;
    let id = told(&store, "americanas", 5, vec![says(CHAT, "1", "Oi?", at(0))]).await;
    // Of a later hour: the status moves when it leaves.
    let later = Commit {
        status: Some(Status::Resolved),
        later: Some(at(600)),
        ..commit(id, "americanas", "Olá!", None)
    };
    let row = store.commit(later, at(500)).await.unwrap().unwrap().rows[0];
    let lease = store.lead("americanas".into(), "e".into(), true, at(900), at(601)).await.unwrap().unwrap();
    store.claim(lease.clone(), at(601)).await.unwrap().unwrap();
    assert!(store.begin(lease.clone(), row, serde_json::Value::Null, at(602)).await.unwrap());
    let lost = Settlement::Uncertain { error: "timeout".into(), look_at: None, lookup: None };
    assert!(store.settle(lease, row, lost, at(603)).await.unwrap());
    let figures =
        [Figure::MessagesOut, Figure::FirstResponse, Figure::FirstResolution, Figure::ResolvedUnanswered];
    let counted = async |to| {
        let report = store::report(&store, week(to)).await.unwrap();
        (figures.map(|it| report.value("all", it).n), report.value("all", Figure::Backlog).n)
    };
    assert_eq!(counted(700).await, ([0, 0, 0, 0], 1), "nobody knows whether it is there");
    let place = store.log_end().await.unwrap();
    store.mark_sent(row, "ana".into(), at(700)).await.unwrap().unwrap();
    assert_eq!(counted(710).await.0[..2], [1, 1]);
    store.unmark_sent(row, "ana".into(), at(720)).await.unwrap().unwrap();
    assert_eq!(counted(730).await, ([0, 0, 0, 0], 1));
    let (happened, _) = store.happened(place, 99).await.unwrap();
    let words: Vec<&str> = happened.iter().map(|it| it.word.as_str()).filter(|it| *it != "status").collect();
    assert_eq!(words, ["sent", "uncertain"]);
    assert_eq!(happened.last().unwrap().details["action"], "reply");
}

#[tokio::test]
async fn a_move_that_was_taken_back_with_its_reply_is_in_no_figure() {
    let store = store().await;
    let id = told(&store, "americanas", 5, vec![says(CHAT, "1", "Oi?", at(0))]).await;
    let resolves =
        || Commit { status: Some(Status::Resolved), ..commit(id, "americanas", "Olá!", Some(at(610))) };
    let row = store.commit(resolves(), at(600)).await.unwrap().unwrap().rows[0];
    store.take_back(row, "ana".into(), at(605)).await.unwrap().unwrap();
    let report = store::report(&store, week(700)).await.unwrap();
    let counted = |figure| report.value("all", figure).n;
    assert_eq!(counted(Figure::FirstResolution), 0);
    assert_eq!(counted(Figure::ResolvedUnanswered), 0);
    assert_eq!(counted(Figure::Backlog), 1);
}
