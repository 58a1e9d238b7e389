use std::time::Instant;

use fastrand::Rng;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{REPLY_FOLLOWS, UNDER_WAY, WAITING, next, next_due};
use crate::store::sqlite::{open, settle::CLAIM_LASTS_MS};

/// What it means, row against row.
const WAITS_FOR: &str = "((b.n < o.n AND b.state IN ('held', 'queued') \
    AND NOT (b.word = 'read' AND o.message IS NOT NULL)) \
    OR (b.n > o.n AND b.state IN ('held', 'queued') AND b.message IS NOT NULL AND o.word = 'read' \
    AND NOT EXISTS (SELECT 1 FROM outbox s WHERE s.conversation = o.conversation AND s.n > o.n \
    AND s.state IN ('held', 'queued') AND s.message IS NULL AND s.word <> 'read')))";

fn meant_next(db: &Connection, epoch: i64, now: i64) -> Result<Option<i64>> {
    db.prepare_cached(&format!(
        "SELECT n FROM outbox o WHERE channel = 'c' \
         AND state IN ('held', 'later', 'queued') AND ifnull(not_before, 0) <= ?1 AND after_row IS NULL \
         AND (epoch IS NULL OR epoch <> ?2 OR claimed_at < ?3) AND NOT EXISTS (SELECT 1 FROM outbox b \
         WHERE b.conversation = o.conversation AND b.state <> 'sent' AND b.n <> o.n AND (b.state = 'sending' \
         OR (b.epoch = ?2 AND b.claimed_at >= ?3) OR (b.state = 'uncertain' AND b.look_at IS NOT NULL) \
         OR {WAITS_FOR} OR (b.n < o.n AND b.state = 'later' AND b.not_before <= ?1))) ORDER BY n LIMIT 1"
    ))?
    .query_row(params![now, epoch, now - CLAIM_LASTS_MS], |r| r.get(0))
    .optional()
}

fn meant_next_due(db: &Connection) -> Result<Option<i64>> {
    db.prepare_cached(&format!(
        "WITH led AS (SELECT ifnull(max(epoch), -1) AS epoch FROM lease WHERE channel = 'c') \
         SELECT min(due) FROM (SELECT iif(o.epoch = led.epoch, o.claimed_at + ?1, ifnull(o.not_before, 0)) AS due \
         FROM outbox o, led WHERE o.channel = 'c' AND o.state IN ('held', 'later', 'queued') \
         AND o.after_row IS NULL AND NOT EXISTS (SELECT 1 FROM outbox b \
         WHERE b.conversation = o.conversation AND b.state <> 'sent' AND b.n <> o.n \
         AND (b.state = 'sending' OR (b.state = 'uncertain' AND b.look_at IS NOT NULL) \
         OR (b.epoch = led.epoch AND b.state IN ('held', 'later', 'queued')) OR {WAITS_FOR} \
         OR (b.n < o.n AND b.state = 'later' AND b.not_before <= ifnull(o.not_before, 0)))) \
         UNION ALL SELECT look_at FROM outbox WHERE channel = 'c' AND state = 'uncertain' AND look_at IS NOT NULL)"
    ))?
    .query_row([CLAIM_LASTS_MS], |r| r.get(0))
}

fn empty() -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    open::bring(&mut db, open::SCHEMA).unwrap();
    db
}

#[derive(Clone, Copy, Default)]
struct New<'a> {
    conversation: i64,
    channel: &'a str,
    word: &'a str,
    state: &'a str,
    not_before: Option<i64>,
    after: Option<i64>,
    look_at: Option<i64>,
    claim: Option<(i64, i64)>,
}

fn insert(db: &Connection, n: i64, new: New<'_>) {
    let says = matches!(new.word, "reply" | "create");
    db.prepare_cached(
        "INSERT INTO outbox (n, conversation, channel, action, word, repeatable, state, author, created_at, send_id, \
         message, not_before, after_row, look_at, epoch, claimed_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, 'ana', 0, ?1, ?7, ?8, ?9, ?10, ?11, ?12)",
    )
    .unwrap()
    .execute(params![
        n,
        new.conversation,
        new.channel,
        "a text of some length ".repeat(9),
        new.word,
        new.state,
        says.then_some(n),
        new.not_before,
        new.after,
        new.look_at,
        new.claim.map(|it| it.0),
        new.claim.map(|it| it.1),
    ])
    .unwrap();
}

/// An outbox of up to 12 rows as none should ever be, and as any may.
fn any_outbox(db: &Connection, random: &mut Rng) {
    const WORDS: [&str; 7] = ["reply", "reply", "create", "read", "read", "status", "unread"];
    const STATES: [&str; 12] = [
        "queued",
        "queued",
        "queued",
        "held",
        "held",
        "later",
        "later",
        "sending",
        "uncertain",
        "failed",
        "parked",
        "sent",
    ];
    const TIMES: [i64; 6] = [0, 400, 999, 1000, 1001, 5000];
    // A claim of that age is, or was until a moment ago, good.
    const CLAIMED: [i64; 4] = [1000, 400, 1000 - CLAIM_LASTS_MS, 999 - CLAIM_LASTS_MS];
    db.execute_batch("DELETE FROM outbox; DELETE FROM lease").unwrap();
    if random.u8(..10) > 0 {
        let epoch = random.i64(1..3);
        db.execute("INSERT INTO lease VALUES ('c', 'ana', 0, ?1, 9999, 0)", [epoch]).unwrap();
    }
    let rare = |random: &mut Rng| random.u8(..6) == 0;
    for n in 1..=random.i64(1..=12) {
        // The fourth one is another channel's.
        let conversation = random.i64(1..=4);
        let state = *random.choice(&STATES).unwrap();
        let time = |random: &mut Rng| *random.choice(&TIMES).unwrap();
        let new = New {
            conversation,
            channel: if conversation == 4 { "d" } else { "c" },
            word: random.choice(&WORDS).unwrap(),
            state,
            not_before: (state == "later" || random.bool()).then(|| time(random)),
            after: (n > 1 && rare(random)).then(|| random.i64(1..n)),
            look_at: (state == "uncertain" && random.bool() || rare(random)).then(|| time(random)),
            claim: (state == "sending" || rare(random))
                .then(|| (random.i64(1..3), *random.choice(&CLAIMED).unwrap())),
        };
        insert(db, n, new);
    }
}

#[test]
fn the_next_row_and_its_time_are_what_each_row_against_each_other_says() {
    let (db, mut random) = (empty(), Rng::with_seed(1));
    let (mut rows, mut times) = (0, 0);
    for round in 0..6000 {
        any_outbox(&db, &mut random);
        for (epoch, now) in [(1, 1000), (2, 1000), (2, 400)] {
            let row = next(&db, "c", epoch, now).unwrap();
            assert_eq!(row, meant_next(&db, epoch, now).unwrap(), "round {round}, epoch {epoch} at {now}");
            rows += usize::from(row.is_some());
        }
        let due = next_due(&db, "c").unwrap();
        assert_eq!(due, meant_next_due(&db).unwrap(), "round {round}");
        times += usize::from(due.is_some_and(|it| it > 0));
    }
    assert!(rows > 3000 && times > 1000, "{rows} rows, {times} times: hardly anything was compared");
}

#[test]
fn what_goes_next_is_read_off_indexes_that_know_no_sent_row() {
    let db = empty();
    for (sql, index) in [
        (WAITING, "COVERING INDEX outbox_waiting (channel=?)"),
        (UNDER_WAY, "COVERING INDEX outbox_under_way (channel=?)"),
        (REPLY_FOLLOWS, "COVERING INDEX outbox_conversation (conversation=? AND n>?)"),
    ] {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let binds: Vec<i64> = (1..=sql.matches('?').count().min(2)).map(|_| 1).collect();
        let binds = rusqlite::params_from_iter(binds.iter().take(statement.parameter_count()));
        let plan = statement.query_map(binds, |r| r.get::<_, String>(3)).unwrap();
        let plan = plan.collect::<Result<Vec<_>>>().unwrap().join("\n");
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{plan}");
        assert!(!plan.contains("SCAN outbox") && !plan.contains("USING INDEX"), "{plan}");
    }
}

/// 10,000 rows that wait behind 30,000 that were sent: in few conversations or in many, each of which is free or held up.
#[test]
#[ignore = "measures"]
fn how_long_ten_thousand_rows_take() {
    let first =
        |conversation, state| New { conversation, channel: "c", word: "reply", state, ..New::default() };
    for conversations in [10, 10_000] {
        let looked_for = New { look_at: Some(1 << 40), ..first(0, "uncertain") };
        let tried_again = New { not_before: Some(1 << 40), ..first(0, "queued") };
        for (what, head) in
            [("free", None), ("looked for", Some(looked_for)), ("tried again later", Some(tried_again))]
        {
            let db = empty();
            db.execute_batch("BEGIN").unwrap();
            let mut n = 0;
            let mut add = |conversation, new: New<'_>| {
                n += 1;
                insert(&db, n, New { conversation, ..new });
            };
            (0..30_000).for_each(|i| add(i % conversations, first(0, "sent")));
            let heads = if head.is_some() { conversations.min(5000) } else { 0 };
            (0..heads).for_each(|i| add(i, head.unwrap_or_default()));
            // Replies, and read marks that wait for them.
            let mark = New { word: "read", ..first(0, "queued") };
            (heads..10_000).for_each(|i| {
                add(i % conversations.min(5000), if i % 3 == 0 { mark } else { first(0, "queued") });
            });
            db.execute_batch("COMMIT").unwrap();
            let took = |ask: &dyn Fn()| {
                let from = Instant::now();
                ask();
                from.elapsed()
            };
            let row = took(&|| _ = next(&db, "c", 1, 1000).unwrap());
            let due = took(&|| _ = next_due(&db, "c").unwrap());
            let meant = took(&|| _ = meant_next_due(&db).unwrap());
            println!(
                "{conversations} conversations, {what}: next {row:?}, due {due:?}; row against row {meant:?}"
            );
        }
    }
}
