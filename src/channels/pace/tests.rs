use std::fs;
use std::{future::Future, pin::Pin};

use super::*;
use crate::channels::stand_in::HandClock;

/// A clock that jumps to whatever is waited for.
struct Jumping(Mutex<Time>);

impl Jumping {
    fn at(ms: i64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(from_millis(ms))))
    }
}

impl Clock for Jumping {
    fn now(&self) -> Time {
        *self.0.lock().expect("no panic")
    }

    fn sleep_until(&self, at: Time) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut now = self.0.lock().expect("no panic");
        *now = at.max(*now);
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn processes_of_one_box_share_an_accounts_pace() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Jumping::at(0);
    let process = || Pace::beside(&Tokens::in_folder(folder.path(), "dsco"), "id url", clock.clone());
    for _ in 0..10 {
        // Each has never asked before.
        process().place("say", 5).await;
    }
    assert_eq!(to_millis(clock.now()), 9 * 211);
    process().place("messages", 5).await;
    assert_eq!(to_millis(clock.now()), 9 * 211, "another bucket waits for nobody");
    process().place("say", 0).await;
    let other = Pace::beside(&Tokens::in_folder(folder.path(), "dsco"), "another url", clock.clone());
    other.place("say", 5).await;
    assert_eq!(to_millis(clock.now()), 9 * 211, "nor does another account");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_leaves_each_process_its_own_pace() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a-file");
    fs::write(&file, "").expect("written");
    let clock = Jumping::at(0);
    let pace = Pace::beside(&Tokens::in_folder(&file, "dsco"), "id url", clock.clone());
    for _ in 0..3 {
        pace.place("say", 1).await;
    }
    assert_eq!(to_millis(clock.now()), 2 * 1_051);
}

#[tokio::test]
async fn what_is_written_there_by_mistake_holds_nobody_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Jumping::at(1_000);
    let process = || Pace::beside(&Tokens::in_folder(folder.path(), "x"), "a", clock.clone());
    process().place("say", 1).await;
    let file = fs::read_dir(folder.path()).expect("read").next().expect("a file").expect("read").path();
    for text in ["99999999999999", "nonsense", "", "-5"] {
        fs::write(&file, text).expect("written");
        process().place("say", 1).await;
        assert_eq!(to_millis(clock.now()), 1_000, "{text:?}");
    }
}

#[tokio::test]
async fn a_place_that_was_kept_is_the_next_requests_and_not_for_long() {
    let clock = Jumping::at(0);
    let pace = Pace::beside(&Tokens::in_memory(), "a", clock.clone());
    pace.place("say", 1).await;
    pace.keep("say", 1).await;
    assert_eq!(to_millis(clock.now()), 1_051);
    pace.place("say", 1).await;
    assert_eq!(to_millis(clock.now()), 1_051, "it was waited for already");
    pace.keep("say", 1).await;
    clock.sleep_until(clock.now() + TimeDelta::seconds(5)).await;
    let late = to_millis(clock.now());
    pace.place("say", 1).await;
    pace.place("say", 1).await;
    assert_eq!(to_millis(clock.now()), late + 1_051, "nobody came for it");
}

#[tokio::test]
async fn a_pause_that_the_vendor_asks_for_is_its_buckets_alone_and_ends() {
    let clock = HandClock::at("2023-05-01T10:00:00Z");
    let pace = Pace::beside(&Tokens::in_memory(), "a", clock.clone());
    pace.pause("GET", Some(Duration::from_secs(30)));
    assert_eq!((pace.paused("GET"), pace.paused("POST")), (Some(Duration::from_secs(30)), None));
    clock.set("2023-05-01T10:00:29Z");
    assert_eq!(pace.paused("GET"), Some(Duration::from_secs(1)));
    clock.set("2023-05-01T10:00:30Z");
    assert_eq!(pace.paused("GET"), None);
    // Neither a vendor's mistake nor a clock that goes back stops us for ever.
    pace.pause("GET", Some(Duration::from_secs(u64::MAX)));
    clock.set("2023-05-01T09:00:00Z");
    assert_eq!(pace.paused("GET"), Some(Duration::from_hours(1)));
}

#[test]
fn a_pause_that_one_process_was_asked_for_is_kept_by_all_of_the_box() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = HandClock::at("2023-05-01T10:00:00Z");
    let process = |account| Pace::beside(&Tokens::in_folder(folder.path(), "thg"), account, clock.clone());
    let (one, other) = (process("a"), process("a"));
    one.pause("all", Some(Duration::from_secs(30)));
    assert_eq!(other.paused("all"), Some(Duration::from_secs(30)));
    assert_eq!(process("a").paused("all"), Some(Duration::from_secs(30)), "one that starts only now, too");
    assert_eq!((other.paused("upload"), process("b").paused("all")), (None, None));
    other.pause("all", Some(Duration::from_secs(5)));
    assert_eq!(one.paused("all"), Some(Duration::from_secs(30)), "the longer one counts");
    clock.set("2023-05-01T10:00:31Z");
    assert_eq!((one.paused("all"), other.paused("all")), (None, None));
}

#[test]
fn a_limit_without_a_time_is_a_pause_that_grows_over_all_processes() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = HandClock::at("2023-05-01T10:00:00Z");
    // A process for each request, as with a command in a loop.
    let process = || Pace::beside(&Tokens::in_folder(folder.path(), "thg"), "a", clock.clone());
    let mut waits = Vec::new();
    for _ in 0..8 {
        process().pause("all", None);
        process().pause("all", None);
        let wait = process().paused("all").expect("paused");
        waits.push(wait.as_secs());
        clock.advance(wait);
        assert_eq!(process().paused("all"), None);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    clock.advance(Duration::from_mins(3));
    process().pause("all", None);
    assert_eq!(process().paused("all"), Some(Duration::from_secs(1)), "a quiet while starts anew");
}

#[test]
fn nonsense_in_a_file_of_pauses_stops_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = HandClock::at("2023-05-01T10:00:00Z");
    let process = || Pace::beside(&Tokens::in_folder(folder.path(), "x"), "a", clock.clone());
    process().pause("all", Some(Duration::from_secs(30)));
    let file = fs::read_dir(folder.path()).expect("read").next().expect("a file").expect("read").path();
    assert!(process().paused("all").is_some());
    for text in ["99999999999999 1000", "nonsense", "", "-5 -5", "1682935200000", "\u{0}\u{0}"] {
        fs::write(&file, text).expect("written");
        assert_eq!(process().paused("all"), None, "{text:?}");
    }
    process().pause("all", Some(Duration::from_secs(30)));
    assert!(process().paused("all").is_some(), "it is written anew");
}
