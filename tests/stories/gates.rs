//! The border of an open composer while the vendor's side changes.

use crate::support::{JOAO, LATE, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_composer_follows_mediation_with_its_text_and_one_bell() {
    let world = World::with(&["americanas"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let joao = world.id("americanas", JOAO).await;
    ana.open(joao, "Produto ainda").await;
    ana.keys("r");
    ana.sees("TO CUSTOMER João").await;
    ana.read("Sai hoje");
    let code = JOAO.split('/').next().expect("a code");
    let bells = ana.bells;
    world.control().mediation(code, true).expect("a ticket");
    ana.pass("the mediation", |it| it.shows("CANNOT SEND: Americanas mediates since")).await;
    assert_eq!(ana.bells, bells + 1);
    ana.read(", sem falta");
    ana.sees("# Sai hoje, sem falta").await;
    world.control().mediation(code, false).expect("a ticket");
    ana.pass("its end", |it| it.shows("TO CUSTOMER João")).await;
    assert_eq!(ana.bells, bells + 2);
    assert!(ana.shows("# Sai hoje, sem falta"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_composer_follows_a_close_at_the_partner() {
    let world = World::with(&["dsco-supplier"]).await;
    let mut ana = world.window("ana", (80, 24)).await;
    let late = world.id("dsco-supplier", LATE).await;
    ana.open(late, "Why is my order late?").await;
    ana.keys("r");
    ana.sees("TO CONSUMER 12345 through Big Retailer").await;
    ana.read("It ships");
    let bells = ana.bells;
    world.control().set_status("dsco", LATE, "closed").expect("a conversation");
    ana.pass("the close", |it| it.shows("CLOSED by Big Retailer")).await;
    assert_eq!(ana.bells, bells + 1);
    ana.read(" tomorrow");
    ana.sees("# It ships tomorrow").await;
    assert!(ana.shows("sending would reopen it at Dsco") && ana.shows("Esc, then Y: reopen and send"));
    world.end().await;
}
