//! THG's customer services.

use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_takes_a_file_with_it_and_the_answer_comes_back() {
    let world = World::with(&["myprotein"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let parcel = world.said("thg", "has not moved since");
    let photo = world.file("parcel.png", b"\x89PNG\r\n\x1a\n a photo of the parcel");
    ana.open(world.id("myprotein", &parcel).await, "has not moved since").await;
    ana.keys("r");
    ana.sees("TO THG CUSTOMER SERVICES").await;
    ana.read("Here is the label.");
    ana.keys("\x18a");
    ana.read(photo.to_str().expect("a path in UTF-8"));
    ana.keys("\r");
    ana.sees("[parcel.png").await;
    ana.read("\x1b");
    ana.sees("Send to THG CUSTOMER SERVICES").await;
    ana.keys("y");
    ana.pass("the reply at THG", |_| world.book().copies("thg", &parcel, "Here is the label.") == 1).await;
    let uploads: Vec<_> = world.book().attachments().into_iter().filter(|it| it.from_us).collect();
    assert_eq!(uploads.len(), 1);
    assert_eq!(uploads[0].sha256, sha256(&photo));
    assert!(uploads[0].message.is_some(), "the second step hangs it on the message");
    world.control().agent_answers("thg", &parcel, "Thank you, we found it.").expect("a discussion");
    ana.pass("the answer", |it| it.shows("Thank you, we found it.")).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_discussion_is_begun_by_its_form() {
    let world = World::with(&["myprotein"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let before = world.control().conversations("thg").len();
    ana.keys("c");
    ana.sees("category").await;
    ana.keys("\t");
    ana.read("website");
    ana.keys("\t\t");
    ana.read("The basket forgets its contents.");
    ana.read("\x1b");
    ana.sees("Start with THG CUSTOMER SERVICES (new) as ").await;
    ana.keys("y");
    ana.pass("the discussion at THG", |_| world.control().conversations("thg").len() == before + 1).await;
    let new = world.said("thg", "The basket forgets");
    assert_eq!(world.book().copies("thg", &new, "The basket forgets its contents."), 1);
    world.pass("an empty outbox", async |it| it.outbox().await.is_empty()).await;
    world.control().agent_answers("thg", &new, "Which browser is it?").expect("a discussion");
    world.pass("it under the vendor's name", async |it| it.find("myprotein", &new).await.is_some()).await;
    ana.open(world.id("myprotein", &new).await, "The basket forgets").await;
    ana.pass("the answer", |it| it.shows("Which browser is it?")).await;
    world.end().await;
}

fn sha256(path: &std::path::Path) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(std::fs::read(path).expect("a file")))
}
