use std::{fs::File, time::Duration};

use futures_util::FutureExt;

use super::*;

#[test]
fn waiting_for_an_engines_end_takes_no_thread_from_whoever_sends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("americanas.lead");
    let held = File::create(&path).unwrap();
    held.lock().unwrap();
    let runtime =
        tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut end = LeadEnd::of(path);
        // The store changes: the waiting is broken off and begins again.
        for _ in 0..40 {
            assert!(end.comes().now_or_never().is_none());
        }
        let reads = tokio::task::spawn_blocking(|| 17);
        assert_eq!(tokio::time::timeout(Duration::from_secs(10), reads).await.unwrap().unwrap(), 17);
        held.unlock().unwrap();
        tokio::time::timeout(Duration::from_secs(10), end.comes()).await.unwrap();
    });
    runtime.shutdown_background();
}

#[test]
fn waiting_again_and_again_for_the_same_end_is_one_thread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("americanas.lead");
    let held = File::create(&path).unwrap();
    held.lock().unwrap();
    let mut end = LeadEnd::of(path);
    assert!(end.comes().now_or_never().is_none());
    // Another wait would be another thread; this one is the same.
    end.lock = folder.path().join("none");
    for _ in 0..40 {
        assert!(end.comes().now_or_never().is_none());
    }
}
