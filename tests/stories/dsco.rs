//! Dsco, as the supplier.

use crate::support::{LATE, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_a_close_and_a_reopen_reach_the_retailer() {
    let world = World::with(&["dsco-supplier"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let late = world.id("dsco-supplier", LATE).await;
    ana.open(late, "Why is my order late?").await;
    ana.keys("r");
    ana.sees("TO CONSUMER 12345").await;
    ana.read("It ships tomorrow.");
    ana.read("\x1b");
    ana.sees("Send to CONSUMER 12345").await;
    ana.keys("y");
    ana.pass("the reply at Dsco", |_| world.book().copies("dsco", LATE, "It ships tomorrow.") == 1).await;
    world.pass("an empty outbox", async |it| it.outbox().await.is_empty()).await;
    ana.sees("It ships tomorrow.").await;
    ana.keys("e");
    ana.pass("closed at Dsco", |_| world.control().status("dsco", LATE).as_deref() == Some("closed")).await;
    world.pass("an empty outbox", async |it| it.outbox().await.is_empty()).await;
    ana.keys("so");
    ana.pass("open at Dsco", |_| world.control().status("dsco", LATE).as_deref() == Some("in_progress"))
        .await;
    world.control().customer_says("dsco", LATE, "Thanks, and the number?").expect("a conversation");
    ana.pass("the consumer's words", |it| it.shows("and the number?")).await;
    world.end().await;
}
