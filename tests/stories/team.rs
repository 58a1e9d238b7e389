//! Two agents at one desk.

use crate::support::{JOAO, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_colleague_in_the_same_conversation_is_seen_coming_writing_and_going() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let mut jon = world.window("jon", (80, 24)).await;
    let joao = world.id("americanas", JOAO).await;
    ana.open(joao, "Produto ainda").await;
    jon.open(joao, "Produto ainda").await;
    // A quarter of a second of rest is told, and the bell tells the other window.
    jon.pass("the rest", |it| it.shows("Produto ainda")).await;
    world.clock.advance(std::time::Duration::from_millis(300));
    jon.step();
    ana.sees("jon opened this conversation just now").await;
    jon.keys("r");
    jon.sees("TO CUSTOMER João").await;
    jon.read("pedimos desculpas");
    jon.pass("the draft on disk", |it| it.shows("saved 12:")).await;
    ana.sees("jon is writing a reply here").await;
    jon.read("\x1b");
    jon.sees("Send to CUSTOMER João").await;
    jon.keys("k");
    jon.sees("kept as a draft").await;
    ana.sees("jon opened this conversation").await;
    jon.keys("q");
    ana.until("nobody", |it| !it.shows("jon opened")).await;
    world.end().await;
}
