//! WhatsApp, by the Cloud API and its webhooks.

use deskline::domain::{Delivery, Direction, attachment::AttachmentState};

use crate::support::World;

const KERRY: &str = "16315551234";
const SHEENA: &str = "16505551234";
const PAULO: &str = "5511987654321";
const AMELIA: &str = "447700900123";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_about_a_product_is_answered_and_its_ticks_come_in() {
    let world = World::with(&["whatsapp"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let kerry = world.id("whatsapp", KERRY).await;
    ana.open(kerry, "Is it waterproof?").await;
    assert!(ana.shows("[SKU di9ozbzfi4]"), "{}", ana.text());
    ana.keys("r");
    ana.sees(&format!("TO CUSTOMER Kerry ({kerry})")).await;
    ana.sees("window till").await;
    ana.read("Yes, to 30 m.");
    ana.read("\x1b");
    ana.sees("Send to CUSTOMER Kerry").await;
    ana.keys("y");
    ana.sees("Held 3 s").await;
    ana.pass("the text at WhatsApp", |_| world.book().copies("whatsapp", KERRY, "Yes, to 30 m.") == 1).await;
    let mut ticks = Vec::new();
    world
        .pass("the last tick", async |it| {
            let sent =
                it.thread(kerry).await.into_iter().find(|message| message.direction == Direction::Outbound);
            let tick = sent.and_then(|message| message.delivery).expect("a delivery");
            if ticks.last() != Some(&tick) {
                ticks.push(tick);
            }
            tick == Delivery::Read
        })
        .await;
    // Each may be passed unseen, none may go backwards.
    let order = [Delivery::Queued, Delivery::Sending, Delivery::Sent, Delivery::Delivered, Delivery::Read];
    assert!(ticks.is_sorted_by_key(|tick| order.iter().position(|it| it == tick)), "{ticks:?}");
    assert!(ticks.contains(&Delivery::Delivered) || ticks.contains(&Delivery::Sent), "{ticks:?}");
    ana.sees("read").await;
    world.control().customer_says("whatsapp", KERRY, "Great, thank you both").expect("Kerry");
    ana.pass("the answer", |it| it.shows("Great, thank you both")).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_a_card_with_its_sums() {
    let world = World::with(&["whatsapp"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    ana.open(world.id("whatsapp", SHEENA).await, "Could you ship by Friday?").await;
    for line in [
        "1 x 599.9 = 599.9 BRL",
        "2 x 7.99 = 15.98 BRL",
        "3 x 2399 = 7197 BRL",
        "total 7812.88 BRL (added up here)",
    ] {
        assert!(ana.shows(line), "{line} is not in\n{}", ana.text());
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_stored_with_the_vendors_bytes() {
    let world = World::with(&["whatsapp"]).await;
    world.pass("Paulo's message", async |it| it.find("whatsapp", PAULO).await.is_some()).await;
    let paulo = world.id("whatsapp", PAULO).await;
    world
        .pass("Paulo's picture", async |it| {
            it.thread(paulo).await[0]
                .attachments
                .first()
                .is_some_and(|file| file.state == AttachmentState::Stored)
        })
        .await;
    let stored = world.thread(paulo).await[0].attachments[0].sha256.clone().expect("a hash");
    let theirs = world.book().attachments();
    assert!(theirs.iter().any(|file| !file.from_us && file.sha256 == stored), "{theirs:?}");
    assert!(world.store.file_path(&stored).exists());
    let mut ana = world.window("ana", (80, 24)).await;
    ana.open(paulo, "A caixa chegou assim").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_shut_window_only_a_template_goes_out() {
    let world = World::with(&["whatsapp"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let amelia = world.id("whatsapp", AMELIA).await;
    ana.open(amelia, "Jersey").await;
    ana.keys("r");
    ana.sees("WINDOW SHUT since").await;
    ana.read("Yes, we do.");
    ana.read("\x1b");
    ana.sees("cannot be sent now").await;
    ana.keys("yYE");
    assert!(world.outbox().await.is_empty());
    ana.keys("e");
    ana.keys("\x18m");
    ana.sees("we_are_back").await;
    ana.keys("\r");
    ana.sees("template we_are_back (en_US)").await;
    ana.read("\x1b");
    ana.sees("only the template goes; the text stays as your draft").await;
    ana.keys("y");
    ana.pass("the template at WhatsApp", |_| world.book().posts("whatsapp", "send", "we_are_back") == 1)
        .await;
    assert_eq!(world.book().copies("whatsapp", AMELIA, "Yes, we do."), 0);
    ana.keys("r");
    ana.sees("# Yes, we do.").await;
    world.end().await;
}
