//! What happens between the key and the vendor.

use deskline::{
    domain::RowState,
    simulator::{Fault, What},
};

use crate::support::{JOAO, Window, World};

/// Writes and commits a reply to João.
async fn reply(world: &World, window: &mut Window, text: &str) {
    let joao = world.id("americanas", JOAO).await;
    window.open(joao, "Produto ainda").await;
    window.keys("r");
    window.sees("TO CUSTOMER João").await;
    window.read(text);
    window.read("\x1b");
    window.sees("Send to CUSTOMER João").await;
    window.keys("y");
    window.sees("Held 10 s").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undo_within_the_hold_leaves_nothing_at_the_vendor() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    reply(&world, &mut ana, "um momento").await;
    ana.keys("u");
    ana.sees("it is your draft").await;
    ana.sees("# um momento").await;
    world.pass("an empty outbox", async |it| it.outbox().await.is_empty()).await;
    let later = deskline::domain::time::Clock::now(world.clock.as_ref()) + chrono::TimeDelta::seconds(30);
    ana.pass("half a minute", |_| deskline::domain::time::Clock::now(world.clock.as_ref()) > later).await;
    assert_eq!(world.book().posts("skyhub", "reply", "um momento"), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_shown_in_fix_read_back_and_sent_once() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (120, 40)).await;
    world.control().fault(Fault::next("skyhub", "reply", What::ResetAfter));
    reply(&world, &mut ana, "sai amanhã").await;
    world
        .pass("an uncertain row", async |it| {
            it.outbox().await.iter().any(|row| row.state == RowState::Uncertain)
        })
        .await;
    ana.until("the view Fix", |it| it.text().lines().next().is_some_and(|line| line.contains("Fix 1"))).await;
    world.pass("the row settled", async |it| it.outbox().await.is_empty()).await;
    assert_eq!(world.book().copies("skyhub", JOAO, "sai amanhã"), 1);
    assert_eq!(world.book().posts("skyhub", "reply", "sai amanhã"), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_customers_next_line_does_not_stop_a_held_reply() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    reply(&world, &mut ana, "já verifico").await;
    world.control().customer_says("skyhub", JOAO, "e então?").expect("João's chat");
    ana.pass("both", |it| it.shows("e então?") && world.book().copies("skyhub", JOAO, "já verifico") == 1)
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_colleagues_reply_during_the_hold_parks_ours() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    reply(&world, &mut ana, "sai hoje").await;
    // What was written later than ours, by the vendor's clock of whole seconds.
    world.clock.advance(std::time::Duration::from_secs(2));
    world.control().we_write_elsewhere("skyhub", JOAO, "Enviamos ontem.").expect("João's chat");
    world
        .pass("a parked row", async |it| it.outbox().await.iter().any(|row| row.state == RowState::Parked))
        .await;
    ana.sees("Enviamos ontem.").await;
    assert_eq!(world.book().posts("skyhub", "reply", "sai hoje"), 0);
    world.end().await;
}
