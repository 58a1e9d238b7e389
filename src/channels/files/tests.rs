use std::sync::Mutex;

use super::*;
use crate::channels::{
    http::Http,
    pace::Pace,
    stand_in::{HandClock, StandIn, answer},
    tokens::Tokens,
};

#[tokio::test]
async fn whoever_listens_hears_how_many_bytes_have_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a");
    std::fs::write(&path, vec![7; 100_000]).expect("a file");
    let vendor = StandIn::start(|_, _| answer(200, "")).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = heard.clone();
    let told: Told = Arc::new(move |left| hears.lock().unwrap().push(left));
    let body = body(&path, told).await.expect("it is there");
    let clock = HandClock::at("2026-03-01T12:00:00Z");
    let http = Http::new(Pace::beside(&Tokens::in_memory(), "account", clock)).expect("a client");
    let sent = http.send(http.request(reqwest::Method::POST, &vendor.url).body(body)).await;
    assert!(sent.expect("an answer").status.is_success());
    assert_eq!(vendor.asked()[0].body.len(), 100_000);
    let heard = heard.lock().unwrap().clone();
    assert!(heard.len() > 1 && heard.is_sorted() && heard.last() == Some(&100_000), "{heard:?}");
    assert!(super::body(&folder.path().join("b"), unheard()).await.is_err());
}
