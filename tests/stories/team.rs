//! Two agents at one desk.

use crate::support::{JOAO, LATE, MARIA, World};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_reply_promises_comes_back_before_its_date() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let joao = world.id("americanas", JOAO).await;
    ana.open(joao, "Produto ainda").await;
    ana.keys("r");
    ana.sees("TO CUSTOMER João").await;
    ana.read("Olá João, retornamos em 5 horas.");
    ana.read("\x1b");
    ana.sees("promises: Mon 02 Mar 17:").await;
    ana.keys("y");
    ana.sees("Held 10 s").await;
    ana.pass("the reply", |_| world.book().copies("skyhub", JOAO, "Olá João, retornamos em 5 horas.") == 1)
        .await;
    ana.keys("gp");
    ana.sees("[Promised 1]").await;
    ana.sees("p4h").await;
    let status = async || {
        let row =
            world.store.conversation(joao, "ana".into(), world.now()).await.expect("works").expect("there");
        row.status.as_str()
    };
    assert_eq!(status().await, "pending");
    world.clock.advance(std::time::Duration::from_hours(1));
    world.pass("our move again", async |_: &World| status().await == "open").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_text_goes_to_each_by_itself_and_one_undo_has_all_of_them_back() {
    let world = World::with(&["americanas", "dsco-supplier"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    ana.keys("3");
    ana.sees("[3 All").await;
    let (joao, maria) = (world.id("americanas", JOAO).await, world.id("americanas", MARIA).await);
    let late = world.id("dsco-supplier", LATE).await;
    ana.keys("*");
    ana.sees("mark what matches").await;
    ana.read("turn:us");
    ana.read("\r");
    ana.sees("marked").await;
    ana.until("its rows", |it| it.model.list.marks.len() >= 3).await;
    let marked = ana.model.list.marks.clone();
    let all = marked.len();
    assert!([joao, maria, late].iter().all(|id| ana.model.list.marks.contains(id)), "{}", ana.text());
    ana.keys("r");
    ana.read("{{customer.name}}: sentimos muito");
    ana.sees("one by one:").await;
    ana.read("\x1b");
    ana.sees("one by one?").await;
    // Each row's own words are turned to; then what is clean is ticked by itself.
    for _ in 0..all {
        ana.read("\x1b[B");
        ana.step();
    }
    ana.until("verdicts", |it| !it.shows("reading the store")).await;
    // Where its row stands is up to which vendor was read first.
    for _ in 0..all {
        if !ana.shows("the marketplace mediates") {
            ana.read("\x1b[A");
            ana.step();
        }
    }
    ana.sees("the marketplace mediates").await;
    let ticked =
        ana.model.once.as_ref().map_or(0, |once| once.rows.iter().filter(|row| row.ticked()).count());
    assert!(ticked >= 1 && ticked < all, "{}", ana.text());
    ana.keys("y");
    ana.sees("then one by one to").await;
    ana.until("the rows", |_| true).await;
    ana.keys("u");
    ana.sees("# {{customer.name}}: sentimos muito").await;
    ana.until("what is on the vendors' side", |it| it.model.once.is_some()).await;
    world.pass("all taken back", async |it: &World| it.outbox().await.is_empty()).await;
    let free = async |it: &World| {
        for id in &marked {
            let row = it.store.conversation(*id, "ana".into(), it.now()).await.expect("works");
            if row.is_none_or(|row| row.has_draft) {
                return false;
            }
        }
        true
    };
    // The window puts the text back into one draft and takes it out of the rows.
    while !free(&world).await {
        ana.wait(true).await;
    }
    ana.until("that on the screen", |it| !it.model.list.rows.iter().any(|row| row.has_draft)).await;
    assert!(world.book().all_messages().iter().all(|message| !message.text.contains("sentimos muito")));
    ana.read("\x1b");
    ana.sees("one by one?").await;
    for _ in 0..all {
        ana.read("\x1b[B");
        ana.step();
    }
    ana.until("verdicts", |it| !it.shows("reading the store")).await;
    ana.keys("y");
    ana.sees("then one by one to").await;
    ana.pass("every one of them", |_| {
        world.book().all_messages().iter().filter(|it| it.text.ends_with(": sentimos muito")).count()
            == ticked
    })
    .await;
    assert_eq!(world.book().copies("skyhub", MARIA, "Maria: sentimos muito"), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shift_is_handed_over_with_its_drafts_and_one_undo_has_all_of_it_back() {
    let world = World::with(&["americanas"]).await;
    let mut jon = world.window("jon", (80, 24)).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let joao = world.id("americanas", JOAO).await;
    let maria = world.id("americanas", MARIA).await;
    let as_seen_by = async |who: &str| {
        let row =
            world.store.conversation(joao, who.into(), world.now()).await.expect("works").expect("there");
        (row.assignee.clone(), row.has_draft, row.unread)
    };
    let drafts = |ana: &mut crate::support::Window, text: &str| {
        ana.keys("r");
        ana.read(text);
        ana.read("\x1b");
    };
    ana.open(joao, "Produto ainda").await;
    ana.keys("am");
    world.pass("claimed", async |_: &World| as_seen_by("ana").await.0.as_deref() == Some("ana")).await;
    drafts(&mut ana, "Bom dia, João.");
    ana.sees("Send to CUSTOMER João").await;
    ana.keys("k");
    ana.sees("kept as a draft").await;
    ana.keys("q");
    // Maria's is nobody's; a draft of ana's stands there all the same.
    ana.open(maria, "Maria").await;
    drafts(&mut ana, "Bom dia, Maria.");
    ana.sees("keep").await;
    ana.keys("k");
    ana.sees("kept as a draft").await;
    ana.keys("q");
    let notes = async || {
        let thread = world.thread(joao).await;
        thread.into_iter().filter(|it| it.direction == deskline::domain::Direction::Note).count()
    };
    let (before, jons) = (as_seen_by("ana").await, as_seen_by("jon").await);
    assert_eq!((before.0.as_deref(), before.1), (Some("ana"), true));
    ana.keys("gh");
    ana.sees("1 yours: 1 our move").await;
    ana.sees("1 draft elsewhere stay yours: g d").await;
    ana.read("jon");
    ana.read("\r");
    ana.sees("nothing typed").await;
    ana.read("carrier strike");
    ana.read("\r");
    ana.sees("Hand 1 conversation over to jon? \"carrier strike\"").await;
    ana.keys("Y");
    ana.sees("handed over to jon").await;
    world.pass("handed over", async |_: &World| notes().await == 1).await;
    let handed = as_seen_by("jon").await;
    assert_eq!((handed.0.as_deref(), handed.1), (Some("jon"), true));
    assert!(handed.2 > 0, "something new to jon");
    assert!(!as_seen_by("ana").await.1, "her draft went with it");
    jon.open(joao, "Handed over by ana to jon.").await;
    jon.sees("carrier strike").await;
    jon.keys("r");
    jon.sees("# Bom dia, João.").await;
    jon.read("\x1b");
    jon.keys("k");
    jon.sees("kept as a draft").await;
    ana.keys("u");
    ana.sees("undone: handed over to jon").await;
    world.pass("taken back", async |_: &World| notes().await == 0).await;
    assert_eq!(as_seen_by("ana").await, before);
    let back = as_seen_by("jon").await;
    assert_eq!((back.1, back.2 <= jons.2), (false, true), "{back:?}");
    jon.until("the note has gone", |it| !it.shows("Handed over by")).await;
    ana.open(joao, "Produto ainda").await;
    ana.keys("r");
    ana.sees("# Bom dia, João.").await;
    world.end().await;
}
