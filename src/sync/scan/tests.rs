use std::sync::Arc;

use serde_json::json;

use super::{Notes, Pages, Shelf, Tally};
use crate::{
    channels::{Channel, Memory, Sink},
    domain::{
        Time,
        change::{Change, Page},
    },
    sync::{chance::Chance, dispatch::Post, testing::world::World},
};

fn post(world: &World) -> Arc<Post> {
    world.options("a").post(&(world.channel.clone() as Arc<dyn Channel>), &mut Chance::seeded(1))
}

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

#[tokio::test]
async fn what_comes_while_the_store_writes_waits_for_nobody_and_is_written_together() {
    let world = World::new();
    let (post, tally) = (post(&world), Arc::<Tally>::default());
    let shelf = Shelf::new(&post, &tally);
    let mut pages = Pages::new(&shelf);
    world.store.write(|it| it.busy = true);
    for key in ["a", "b", "c"] {
        pages.page(noting(key)).await.expect("taken");
    }
    assert_eq!(stored(&world), Vec::<Vec<String>>::new());
    world.store.write(|it| it.busy = false);
    shelf.clear().await.expect("stored");
    assert_eq!(stored(&world), [vec!["a"], vec!["b", "c"]]);
}

#[tokio::test]
async fn what_is_read_is_stored_while_the_vendor_keeps_the_scan_waiting() {
    let world = World::new();
    let (post, tally) = (post(&world), Arc::<Tally>::default());
    let shelf = Shelf::new(&post, &tally);
    let mut pages = Pages::new(&shelf);
    world.store.write(|it| it.busy = true);
    for key in ["a", "b"] {
        pages.page(noting(key)).await.expect("taken");
    }
    world.store.write(|it| it.busy = false);
    let mut mark = world.store.marks();
    tokio::select! {
        () = shelf.go_on() => {}
        _ = mark.wait_for(|_| stored(&world).len() == 2) => {}
    }
    assert_eq!(stored(&world), [["a"], ["b"]]);
}

#[tokio::test]
async fn a_note_that_is_about_to_be_stored_is_read_when_it_is() {
    let world = World::new();
    let (post, tally) = (post(&world), Arc::<Tally>::default());
    let shelf = Shelf::new(&post, &tally);
    let mut pages = Pages::new(&shelf);
    world.store.write(|it| it.busy = true);
    for key in ["a", "b"] {
        pages.page(noting(key)).await.expect("taken");
    }
    // What nothing on its way bears on is answered at once.
    assert_eq!(Notes(&shelf).note("c").await.expect("read"), None);
    let notes = Notes(&shelf);
    let (note, ()) = tokio::join!(notes.note("b"), async { world.store.write(|it| it.busy = false) });
    assert_eq!(note.expect("read"), Some(json!(1)));
}

#[tokio::test]
async fn nothing_is_stored_that_came_after_a_page_that_could_not_be() {
    let world = World::new();
    let (post, tally) = (post(&world), Arc::<Tally>::default());
    let shelf = Shelf::new(&post, &tally);
    let mut pages = Pages::new(&shelf);
    world.store.write(|it| (it.busy, it.pages_fail) = (true, 1));
    for key in ["a", "the cursor"] {
        pages.page(noting(key)).await.expect("taken");
    }
    world.store.write(|it| it.busy = false);
    shelf.clear().await.expect_err("the disk is full");
    assert_eq!(stored(&world), Vec::<Vec<String>>::new());
}
