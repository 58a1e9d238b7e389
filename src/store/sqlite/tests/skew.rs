//! Clocks of vendors that are off, and words that cross: whose move it is never depends on them.

use super::{store, told};
use crate::{
    domain::{ConversationId, Gate, Status, Turn, change::Change, outbox::LocalChange},
    store::{
        Commit, Desk, EngineSide, Reading, Seen, Settlement, Store,
        story::{at, commit, conversation, says, seen, send, we_said},
    },
};

const SKEWS: [i64; 7] = [-600, -599, -60, 0, 60, 599, 600];

async fn replies(store: &impl Store, id: ConversationId, text: &str, how: Settlement, seconds: i64) {
    store.commit(commit(id, "dsco", text, None), at(seconds)).await.unwrap().unwrap();
    send(store, "dsco", how, at(seconds + 1)).await.unwrap();
}

fn taken(key: Option<&str>, time: Option<i64>) -> Settlement {
    let key = key.map(str::to_owned);
    Settlement::Sent { remote_id: key.clone(), key, conversation: None, at: time.map(at) }
}

/// Status, turn, what is unread and since when somebody waits say the same; answers whether it is our move.
async fn our_move(store: &impl Store, id: ConversationId, told: &str) -> bool {
    let it = store.conversation(id, "jon".into(), at(9_000)).await.unwrap().unwrap();
    let ours = matches!(it.status, Status::New | Status::Open);
    assert_eq!(it.turn, if ours { Some(Turn::Us) } else { it.status.turn() }, "{told}");
    assert_eq!(it.waiting_since.is_some(), ours, "{told}: {:?} {:?}", it.status, it.waiting_since);
    // Jon has no cursor here: for him what is unanswered is unread.
    assert_eq!(it.unread > 0, ours, "{told}: {:?} {}", it.status, it.unread);
    ours
}

/// A day of one conversation, told in every order of scan and answer, by clocks that are off by so much.
#[tokio::test]
async fn whose_move_it_is_does_not_depend_on_the_vendors_clock() {
    for skew in SKEWS {
        // The vendor names our message at once; in a scan before their next line; with it; after it; and tells its time.
        for (way, how) in [(0, Some("r1")), (1, None), (2, None), (3, None), (4, Some("r1")), (5, Some("r1"))]
        {
            let told_as = format!("skew {skew}, way {way}");
            let store = store().await;
            let theirs = |key: &str, real: i64| says("c", key, key, at(real + skew));
            let ours = || we_said("c", "r1", "reply", at(1201 + skew));
            let first = vec![seen(conversation("c", Gate::Open, at(1001))), theirs("m1", 1000)];
            let id = told(&store, "dsco", 1001, first).await;
            assert!(our_move(&store, id, &told_as).await);
            let time = (way == 5).then_some(1201 + skew);
            replies(&store, id, "reply", taken(how, time), 1200).await;
            assert!(!our_move(&store, id, &told_as).await);
            let scans: Vec<Vec<Change>> = match way {
                0 | 5 => vec![vec![theirs("m2", 1260)]],
                1 | 4 => vec![vec![ours()], vec![theirs("m2", 1260)]],
                2 => vec![vec![ours(), theirs("m2", 1260)]],
                _ => vec![vec![theirs("m2", 1260)], vec![ours()]],
            };
            for scan in scans {
                told(&store, "dsco", 1300, scan).await;
            }
            assert!(our_move(&store, id, &told_as).await, "{told_as}: m2 came after our reply");
            replies(&store, id, "second", taken(Some("r2"), None), 1400).await;
            assert!(!our_move(&store, id, &told_as).await);
            let again = vec![ours(), theirs("m1", 1000), theirs("m2", 1260)];
            store.apply("dsco".into(), crate::store::story::page(again), at(1450)).await.unwrap();
            assert!(!our_move(&store, id, &told_as).await, "{told_as}: what is known moves nothing");
            // A colleague answers elsewhere: by the vendor's own clock, whatever that is.
            told(&store, "dsco", 1600, vec![theirs("m3", 1500)]).await;
            assert!(our_move(&store, id, &told_as).await);
            told(&store, "dsco", 1700, vec![we_said("c", "e1", "elsewhere", at(1550 + skew))]).await;
            assert!(!our_move(&store, id, &told_as).await, "{told_as}: answered elsewhere");
            told(&store, "dsco", 1800, vec![theirs("m4", 1780)]).await;
            assert!(our_move(&store, id, &told_as).await);
        }
    }
}

#[tokio::test]
async fn a_line_that_comes_late_reopens_whatever_its_time() {
    for (late, status) in [
        (600, Status::Pending),
        (5_000, Status::Pending),
        (600, Status::OnHold),
        (600, Status::Resolved),
        (86_400, Status::Resolved),
    ] {
        let store = store().await;
        let id = told(&store, "whatsapp", 0, vec![says("5511", "w1", "Oi", at(-90_000))]).await;
        store.commit(commit(id, "whatsapp", "Olá", None), at(10)).await.unwrap().unwrap();
        send(&store, "whatsapp", taken(Some("wamid"), None), at(11)).await.unwrap();
        if status != Status::Pending {
            let change = LocalChange::Status(status);
            store
                .change(id, change, vec![], None, "ana".into(), Seen::default(), at(20))
                .await
                .unwrap()
                .unwrap();
        }
        let line = || vec![says("5511", "w2", "E agora, onde está?", at(30 - late))];
        told(&store, "whatsapp", 30, line()).await;
        let it = store.conversation(id, "ana".into(), at(31)).await.unwrap().unwrap();
        assert_eq!((it.status, it.turn), (Status::Open, Some(Turn::Us)), "{late} {status:?}");
        assert_eq!((it.waiting_since, it.unread), (Some(at(30 - late)), 1), "{late} {status:?}");
        store.apply("whatsapp".into(), crate::store::story::page(line()), at(32)).await.unwrap();
    }
}

#[tokio::test]
async fn a_late_thanks_leaves_it_resolved() {
    let store = store().await;
    let id = told(&store, "whatsapp", 0, vec![says("5511", "w1", "Oi", at(0))]).await;
    store.commit(commit(id, "whatsapp", "Olá", None), at(1000)).await.unwrap().unwrap();
    send(&store, "whatsapp", taken(Some("wamid"), None), at(1001)).await.unwrap();
    let change = LocalChange::Status(Status::Resolved);
    store.change(id, change, vec![], None, "ana".into(), Seen::default(), at(1100)).await.unwrap().unwrap();
    told(&store, "whatsapp", 1200, vec![says("5511", "w2", "obrigado", at(500))]).await;
    let it = store.conversation(id, "ana".into(), at(1201)).await.unwrap().unwrap();
    assert_eq!((it.status, it.waiting_since), (Status::Resolved, None));
}

#[tokio::test]
async fn a_line_that_came_after_no_reply_needed_reopens_whatever_its_time() {
    let store = store().await;
    let id = told(&store, "dsco", 1000, vec![says("c", "m1", "Fine then", at(1000))]).await;
    store
        .change(id, LocalChange::Settle, vec![], None, "ana".into(), Seen::default(), at(1010))
        .await
        .unwrap()
        .unwrap();
    assert!(!our_move(&store, id, "settled").await);
    told(&store, "dsco", 1100, vec![says("c", "m2", "Wait, no", at(700))]).await;
    assert!(our_move(&store, id, "a late line").await);
}

#[tokio::test]
async fn the_vendors_time_of_our_message_is_taken_wherever_it_is_told() {
    let scan = || vec![we_said("c", "r1", "reply", at(612))];
    for (how, scans) in [
        (taken(Some("r1"), Some(612)), false),
        (taken(Some("r1"), None), true),
        (taken(None, Some(612)), false),
        (taken(None, None), true),
    ] {
        let store = store().await;
        let id = told(&store, "dsco", 1001, vec![says("c", "m1", "Hello?", at(400))]).await;
        replies(&store, id, "reply", how, 1200).await;
        if scans {
            told(&store, "dsco", 1300, scan()).await;
        }
        let rev = store.conversation(id, "ana".into(), at(1300)).await.unwrap().unwrap().rev;
        assert_eq!(store.thread(id, None, 9).await.unwrap().pop().unwrap().created_at, at(612));
        if scans {
            store.apply("dsco".into(), crate::store::story::page(scan()), at(1400)).await.unwrap();
            assert_eq!(store.conversation(id, "ana".into(), at(1400)).await.unwrap().unwrap().rev, rev);
        }
    }
}

#[tokio::test]
async fn a_slow_clock_hides_nothing_from_what_waits_or_is_sent_again() {
    let store = store().await;
    let id = told(&store, "dsco", 1000, vec![says("c", "m1", "Hello?", at(400))]).await;
    let wish = Commit { held_until: Some(at(1010)), ..commit(id, "dsco", "reply", None) };
    let row = store.commit(wish, at(1002)).await.unwrap().unwrap().rows[0];
    told(&store, "dsco", 1050, vec![says("c", "m2", "Found it", at(445))]).await;
    let lease = store.lead("dsco".into(), "e".into(), true, at(9000), at(1003)).await.unwrap().unwrap();
    assert_eq!(store.claim(lease, at(1200)).await.unwrap(), None);
    let parked = store.row(row).await.unwrap().unwrap();
    assert!(parked.reason.unwrap().contains("while it waited"));
    store.retry(row, "ana".into(), at(1300)).await.unwrap().unwrap();
    assert!(our_move(&store, id, "they wrote after it was written").await);
}
