//! Typed text is never a command, and never lost.

use crate::support::{JOAO, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_escape_and_a_letter_in_one_read_send_from_the_review_bar() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let joao = world.id("americanas", JOAO).await;
    ana.open(joao, "Produto ainda").await;
    // The reply key and the first words in one read: the words are text.
    ana.read("r");
    ana.read("yes e u Q");
    ana.sees("# yes e u Q").await;
    ana.read("\x1by");
    ana.sees("Held 10 s").await;
    ana.pass("the reply", |_| world.book().copies("skyhub", JOAO, "yes e u Q") == 1).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_outside_a_text_field_does_nothing() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let joao = world.id("americanas", JOAO).await;
    ana.open(joao, "Produto ainda").await;
    let before = ana.model.screen;
    ana.read("e\rsry\n");
    ana.sees("pasted outside a text field: nothing was done").await;
    ana.read("\x1b[200~e\nsr\n\x1b[201~");
    ana.sees("pasted outside a text field: nothing was done").await;
    assert_eq!(ana.model.screen, before);
    ana.read("\x1be");
    ana.step();
    assert!(world.outbox().await.is_empty(), "{}", ana.text());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_sentence_survives_a_dropped_line() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let joao = world.id("americanas", JOAO).await;
    ana.open(joao, "Produto ainda").await;
    ana.keys("r");
    ana.sees("TO CUSTOMER João").await;
    ana.read("pedimos desc");
    ana.hang_up().await;
    let mut again = world.window("ana", (80, 24)).await;
    again.sees("# pedimos desc").await;
    again.read("ulpas");
    again.sees("# pedimos desculpas").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_windows_see_each_others_changes() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let mut jon = world.window("jon", (120, 40)).await;
    let joao = world.id("americanas", JOAO).await;
    ana.open(joao, "Produto ainda").await;
    jon.open(joao, "Produto ainda").await;
    jon.keys("i");
    jon.sees("TEAM ONLY about João dos Santos").await;
    jon.read("carrier says lost");
    jon.read("\x1b");
    jon.sees("Save for the TEAM ONLY").await;
    jon.keys("n");
    jon.until("the note", |it| it.text().contains("INTERNAL NOTE")).await;
    ana.sees("carrier says lost").await;
    ana.keys("am");
    jon.until("ana's name", |it| it.text().contains("ana")).await;
    assert!(world.book().messages("skyhub", JOAO).iter().all(|message| !message.text.contains("carrier")));
    world.end().await;
}
