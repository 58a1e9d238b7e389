use std::sync::Arc;

use serde_json::json;

use super::{Notes, Pages, Shelf, TOGETHER, Tally};
use crate::{
    channels::{Channel, ChannelError, Memory, Sink},
    domain::{
        Time,
        change::{Change, Page},
        time::{Clock, to_millis},
    },
    store::SCANS,
    sync::{chance::Chance, testing::world::World},
};

fn noting(key: &str) -> Page {
    let change = Change::Account { text: key.into(), at: Time::default(), key: None };
    Page { changes: vec![change], memory: vec![(key.into(), json!(1))] }
}

/// The notes of each transaction.
fn stored(world: &World) -> Vec<Vec<String>> {
    world.store.read(|it| {
        it.pages.iter().map(|(_, page)| page.memory.iter().map(|(key, _)| key.clone()).collect()).collect()
    })
}

/// Runs `work` beside the storing; answers with what the store failed with, if it did before `work` ended.
async fn beside(
    world: &World,
    work: impl AsyncFnOnce(&Shelf<'_>, &mut Pages<'_, '_>),
) -> Option<ChannelError> {
    let post = world.options("a").post(&(world.channel.clone() as Arc<dyn Channel>), &mut Chance::seeded(1));
    let tally = Arc::<Tally>::default();
    let (shelf, shelved) = Shelf::new(&post, &tally);
    let mut pages = Pages::new(&shelf);
    tokio::select! {
        biased;
        () = work(&shelf, &mut pages) => None,
        error = shelf.store(shelved) => Some(error),
    }
}

#[tokio::test]
async fn what_comes_while_the_store_writes_waits_for_nobody_and_is_written_together() {
    let world = World::new();
    world.store.write(|it| it.busy = true);
    let work = async |shelf: &Shelf<'_>, pages: &mut Pages<'_, '_>| {
        pages.page(noting("a")).await.expect("taken");
        tokio::task::yield_now().await;
        pages.page(noting("b")).await.expect("taken");
        pages.page(noting("c")).await.expect("taken");
        assert_eq!(stored(&world), Vec::<Vec<String>>::new());
        world.store.write(|it| it.busy = false);
        shelf.stored().await.expect("stored");
    };
    assert!(beside(&world, work).await.is_none());
    assert_eq!(stored(&world), [vec!["a"], vec!["b", "c"]]);
}

#[tokio::test]
async fn what_is_read_is_stored_while_the_vendor_keeps_the_scan_waiting() {
    let world = World::new();
    let mut mark = world.store.marks();
    let work = async |_: &Shelf<'_>, pages: &mut Pages<'_, '_>| {
        for key in ["a", "b"] {
            pages.page(noting(key)).await.expect("taken");
        }
        mark.wait_for(|_| stored(&world).concat().len() == 2).await.expect("a store");
    };
    assert!(beside(&world, work).await.is_none());
    assert_eq!(stored(&world).concat(), ["a", "b"]);
}

#[tokio::test]
async fn no_more_waits_than_a_transaction_takes() {
    let world = World::new();
    let many = Page { changes: vec![noting("").changes.remove(0); TOGETHER as usize - 1], memory: vec![] };
    // The store has its first turn when this waits.
    let work = async |_: &Shelf<'_>, pages: &mut Pages<'_, '_>| {
        pages.page(many).await.expect("taken");
        pages.page(noting("a")).await.expect("taken");
        assert!(futures_util::poll!(pages.page(noting("b"))).is_pending());
    };
    assert!(beside(&world, work).await.is_none());
}

#[tokio::test]
async fn a_note_that_is_about_to_be_stored_is_read_when_it_is() {
    let world = World::new();
    world.store.write(|it| it.busy = true);
    let work = async |shelf: &Shelf<'_>, pages: &mut Pages<'_, '_>| {
        for key in ["a", "b"] {
            pages.page(noting(key)).await.expect("taken");
        }
        let notes = Notes(shelf);
        // What nothing on its way bears on is answered at once.
        assert_eq!(notes.note("c").await.expect("read"), None);
        let (note, ()) = tokio::join!(notes.note("b"), async { world.store.write(|it| it.busy = false) });
        assert_eq!(note.expect("read"), Some(json!(1)));
    };
    assert!(beside(&world, work).await.is_none());
}

#[tokio::test]
async fn nothing_is_stored_that_came_after_a_page_that_could_not_be() {
    let world = World::new();
    world.store.write(|it| (it.busy, it.pages_fail) = (true, 1));
    let work = async |shelf: &Shelf<'_>, pages: &mut Pages<'_, '_>| {
        pages.page(noting("a")).await.expect("taken");
        tokio::task::yield_now().await;
        pages.page(noting("the cursor")).await.expect("taken");
        world.store.write(|it| it.busy = false);
        let _ = shelf.stored().await;
        panic!("the disk is full");
    };
    assert!(beside(&world, work).await.is_some());
    assert_eq!(stored(&world), Vec::<Vec<String>>::new());
}

#[tokio::test]
async fn a_long_scan_shows_that_it_comes_forward() {
    let world = World::new();
    let noted = || world.store.read(|it| it.notes.get(&("fake".into(), SCANS.into())).cloned());
    let work = async |shelf: &Shelf<'_>, pages: &mut Pages<'_, '_>| {
        pages.page(Page::default()).await.expect("taken");
        shelf.stored().await.expect("stored");
        assert_eq!(noted(), None);
        world.later(31);
        pages.page(Page::default()).await.expect("taken");
        shelf.stored().await.expect("stored");
        assert_eq!(noted().and_then(|it| it.as_i64()), Some(to_millis(world.clock.now())));
    };
    assert!(beside(&world, work).await.is_none());
}
