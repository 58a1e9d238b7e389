//! `m 1 Esc E`: claim, canned reply, send, resolve, next.

use crate::support::{JOAO, World};

const LATE: &str = "---\ntitle: A caminho\n---\nOlá {{customer.first_name}}, o pedido está a caminho.\n";
const CARRIER: &str =
    "---\nstatus: on-hold\nlabels: +shipping\nassign: me\n---\nPedimos notícias à transportadora.\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_keys_answer_resolve_and_go_on() {
    let world = World::with(&["americanas"]).await;
    world.canned("late.pt-BR.md", LATE);
    let mut ana = world.window("ana", (80, 24)).await;
    let joao = world.id("americanas", JOAO).await;
    ana.open(joao, "Produto ainda").await;
    ana.keys("q");
    // All four in one read, as a slow line brings them: each waits for what it acts on.
    ana.read("m1\x1bE");
    ana.sees("Held 10 s").await;
    ana.pass("the reply", |_| world.book().copies("skyhub", JOAO, "Olá João, o pedido está a caminho.") == 1)
        .await;
    world
        .pass("the vendor's archive", async |it: &World| {
            let row =
                it.store.conversation(joao, "ana".into(), it.now()).await.expect("works").expect("there");
            row.status.as_str() == "resolved" && row.assignee.as_deref() == Some("ana")
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_macro_is_one_action_and_one_undo() {
    let world = World::with(&["americanas"]).await;
    world.canned("carrier.pt-BR.md", CARRIER);
    let mut ana = world.window("ana", (80, 24)).await;
    let joao = world.id("americanas", JOAO).await;
    ana.open(joao, "Produto ainda").await;
    ana.keys("m");
    ana.sees("-> on hold, +shipping, to me").await;
    ana.keys("1");
    ana.sees("# Pedimos").await;
    ana.read("\x1b");
    ana.sees("with it: +shipping, to me").await;
    ana.keys("y");
    ana.sees("Held 10 s").await;
    let state = async || {
        let row =
            world.store.conversation(joao, "ana".into(), world.now()).await.expect("works").expect("there");
        (row.status.as_str(), row.labels.clone(), row.assignee.clone())
    };
    while state().await != ("on_hold", vec!["shipping".to_owned()], Some("ana".to_owned())) {
        ana.sees("Held 10 s").await;
    }
    ana.keys("u");
    ana.sees("# Pedimos").await;
    while !matches!(state().await, ("new", labels, None) if labels.is_empty()) {
        ana.sees("# Pedimos").await;
    }
    assert_eq!(world.book().copies("skyhub", JOAO, "Pedimos notícias à transportadora."), 0);
    world.end().await;
}
