//! Americanas by SkyHub.

use crate::support::{JOAO, MARIA, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_reaches_the_customer_once_and_its_ticket_is_archived() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let joao = world.id("americanas", JOAO).await;
    ana.open(joao, "Produto ainda não foi entregue").await;
    ana.keys("r");
    ana.sees(&format!("TO CUSTOMER João dos Santos ({joao}) via americanas (SkyHub)")).await;
    ana.read("Olá João, o pedido sai hoje.");
    ana.read("\x1b");
    ana.sees("Send to CUSTOMER João dos Santos").await;
    ana.keys("sr");
    ana.sees("Held 10 s, then to João dos Santos").await;
    assert_eq!(world.book().copies("skyhub", JOAO, "Olá João, o pedido sai hoje."), 0);
    ana.pass("the reply at the vendor", |_| {
        world.book().copies("skyhub", JOAO, "Olá João, o pedido sai hoje.") == 1
    })
    .await;
    ana.pass("the ticket archived", |_| {
        world.control().status("skyhub", JOAO).as_deref() == Some("ARCHIVED")
    })
    .await;
    world.pass("an empty outbox", async |it| it.outbox().await.is_empty()).await;
    assert_eq!(world.book().posts("skyhub", "reply", "sai hoje"), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_read_mark_is_held_and_then_set_at_the_vendor() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (120, 40)).await;
    let joao = world.id("americanas", JOAO).await;
    ana.open(joao, "Produto ainda").await;
    assert_eq!(world.control().status("skyhub", JOAO).as_deref(), Some("UNREAD"));
    ana.keys("M");
    ana.sees("u undo").await;
    ana.pass("READ at the vendor", |_| world.control().status("skyhub", JOAO).as_deref() == Some("READ"))
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mediated_chat_takes_no_reply_and_says_so_while_the_draft_is_kept() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let maria = world.id("americanas", MARIA).await;
    ana.open(maria, "Quero meu dinheiro").await;
    ana.keys("r");
    ana.sees("CANNOT SEND: Americanas mediates").await;
    ana.read("Vamos resolver.");
    ana.read("\x1b");
    ana.sees("cannot be sent now").await;
    ana.keys("yYE");
    ana.keys("k");
    ana.sees("kept as a draft").await;
    assert!(world.outbox().await.is_empty());
    assert_eq!(world.book().posts("skyhub", "reply", ""), 0);
    world.end().await;
}
