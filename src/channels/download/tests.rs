use std::sync::Mutex;

use super::*;
use crate::channels::{
    http::Http,
    pace::Pace,
    stand_in::{Asked, HandClock, Says, StandIn, answer},
    tokens::Tokens,
};

const FILE: &[u8] = b"0123456789";

/// The whole, of a version.
fn whole(tag: &'static str) -> Says {
    let says = answer(200, FILE);
    if tag.is_empty() { says } else { says.with("etag", tag) }
}

/// The first `n` bytes of it; then the line breaks.
fn cut(n: usize, tag: &'static str) -> Says {
    let says = answer(200, &FILE[..n]).with("content-length", "10");
    if tag.is_empty() { says } else { says.with("etag", tag) }
}

/// What was asked for, from there on.
fn rest(asked: &Asked) -> Says {
    let from: usize =
        asked.header("range").strip_prefix("bytes=").unwrap().trim_end_matches('-').parse().unwrap();
    answer(206, &FILE[from..]).with("content-range", format!("bytes {from}-9/10"))
}

struct Desk {
    folder: tempfile::TempDir,
    told: Mutex<Vec<(u64, Option<u64>)>>,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), told: Mutex::default() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("x.part")
    }

    /// One try, as a process that has just started makes it.
    async fn fetch(&self, url: &str, hashed: bool) -> Result<Downloaded, ChannelError> {
        let told = |have, total| self.told.lock().unwrap().push((have, total));
        let mut part = Part::open(&self.path(), 100, &told)?.expect("nobody has it");
        let pace = Pace::beside(&Tokens::in_memory(), "a", HandClock::at("2026-03-01T12:00:00Z"));
        let http = Http::new(pace)?;
        loop {
            let request = http.request(reqwest::Method::GET, &format!("{url}/f"));
            let response = http.start(part.ask(request, hashed)).await?;
            if let Poured::Whole(got) = part.pour(response).await? {
                return Ok(got);
            }
        }
    }

    fn here(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }
}

fn ranges(vendor: &StandIn) -> Vec<(Option<String>, Option<String>)> {
    let text = |it: &Asked, name| Some(it.header(name).to_owned()).filter(|it| !it.is_empty());
    vendor.asked().iter().map(|it| (text(it, "range"), text(it, "if-range"))).collect()
}

#[tokio::test]
async fn a_download_that_broke_off_goes_on_where_it_was_though_the_process_is_another() {
    let vendor =
        StandIn::start(
            |_, asked| if asked.header("range").is_empty() { cut(4, "\"v1\"") } else { rest(asked) },
        )
        .await;
    let desk = Desk::new();
    let error = desk.fetch(&vendor.url, false).await.expect_err("the line broke");
    assert_eq!((error.kind, error.retry), (ErrorKind::NoAnswer, Retry::Safe(None)));
    assert!(error.words.contains("4 of 10 bytes are kept"), "{}", error.words);
    assert_eq!(desk.here(), b"0123");
    assert_eq!(desk.fetch(&vendor.url, false).await.unwrap().size, 10);
    assert_eq!(desk.here(), FILE);
    let again = (Some("bytes=4-".to_owned()), Some("\"v1\"".to_owned()));
    assert_eq!(ranges(&vendor), [(None, None), again]);
    let told = desk.told.lock().unwrap();
    assert!(told.contains(&(4, Some(10))) && told.last() == Some(&(10, Some(10))), "{told:?}");
}

#[tokio::test]
async fn a_vendor_that_knows_no_ranges_or_has_another_version_sends_the_whole() {
    for later in ["\"v1\"", "\"v2\"", ""] {
        let vendor =
            StandIn::start(
                move |_, asked| {
                    if asked.header("range").is_empty() { cut(4, "\"v1\"") } else { whole(later) }
                },
            )
            .await;
        let desk = Desk::new();
        desk.fetch(&vendor.url, false).await.expect_err("the line broke");
        desk.fetch(&vendor.url, false).await.unwrap();
        assert_eq!(desk.here(), FILE, "{later}");
    }
}

#[tokio::test]
async fn nothing_is_spliced_where_nobody_says_that_it_is_the_same_file() {
    for (tag, hashed, goes_on) in
        [("", false, false), ("W/\"weak\"", false, false), ("", true, true), ("\"v\"", false, true)]
    {
        let vendor = StandIn::start(
            move |_, asked| if asked.header("range").is_empty() { cut(6, tag) } else { rest(asked) },
        )
        .await;
        let desk = Desk::new();
        desk.fetch(&vendor.url, hashed).await.expect_err("the line broke");
        let second = desk.fetch(&vendor.url, hashed).await;
        assert_eq!(second.is_ok(), goes_on, "{tag} {hashed}");
        assert_eq!(ranges(&vendor)[1].0.is_some(), goes_on, "{tag} {hashed}");
    }
}

#[tokio::test]
async fn another_range_than_the_one_asked_for_is_no_good_and_the_whole_is_asked_for() {
    for odd in [
        answer(206, &FILE[2..]).with("content-range", "bytes 2-9/10"),
        answer(206, &FILE[4..]),
        answer(416, "").with("content-range", "bytes */3"),
        answer(416, ""),
    ] {
        let first = std::sync::atomic::AtomicBool::new(true);
        let vendor = StandIn::start(move |_, asked| match asked.header("range") {
            it if !it.is_empty() => odd.clone(),
            _ if first.swap(false, std::sync::atomic::Ordering::SeqCst) => cut(4, "\"v1\""),
            _ => whole("\"v1\""),
        })
        .await;
        let desk = Desk::new();
        desk.fetch(&vendor.url, false).await.expect_err("the line broke");
        desk.fetch(&vendor.url, false).await.unwrap();
        assert_eq!(desk.here(), FILE);
    }
}

#[tokio::test]
async fn what_is_here_whole_already_is_not_fetched_again() {
    let vendor = StandIn::start(|_, _| answer(416, "").with("content-range", "bytes */10")).await;
    let desk = Desk::new();
    std::fs::write(desk.path(), FILE).unwrap();
    assert_eq!(desk.fetch(&vendor.url, true).await.unwrap().size, 10);
    assert_eq!(desk.here(), FILE);
}

#[tokio::test]
async fn what_is_too_large_leaves_nothing_behind() {
    let vendor = StandIn::start(|_, _| answer(200, vec![b'x'; 101])).await;
    let desk = Desk::new();
    let error = desk.fetch(&vendor.url, false).await.expect_err("too large");
    assert_eq!((error.kind, error.retry), (ErrorKind::Ours, Retry::Never));
    assert_eq!(desk.here(), b"");
    std::fs::write(desk.path(), vec![b'x'; 200]).unwrap();
    let part = Part::open(&desk.path(), 100, &|_, _| {}).unwrap().unwrap();
    assert!(!part.is_begun(), "nor is what an earlier limit let in a beginning");
}

#[tokio::test]
async fn one_process_at_a_time_has_a_file() {
    let desk = Desk::new();
    let first = Part::open(&desk.path(), 100, &|_, _| {}).unwrap();
    assert!(Part::open(&desk.path(), 100, &|_, _| {}).unwrap().is_none());
    drop(first);
    assert!(Part::open(&desk.path(), 100, &|_, _| {}).unwrap().is_some());
}

#[tokio::test]
async fn a_part_is_never_written_through_a_link() {
    let desk = Desk::new();
    let elsewhere = desk.folder.path().join("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, desk.path()).unwrap();
    assert!(Part::open(&desk.path(), 100, &|_, _| {}).is_err());
    assert!(!elsewhere.exists());
}
