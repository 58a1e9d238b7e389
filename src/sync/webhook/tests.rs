use std::{net::SocketAddr, sync::Arc};

use crate::sync::{
    Engine, EngineHandle, EngineOptions,
    testing::{
        FakeChannel,
        world::{World, until},
    },
};

fn world() -> World {
    World::with(FakeChannel::new("fake").with_webhook("/hook", "word"))
}

fn listening(world: &World, at: &str) -> (EngineHandle, SocketAddr) {
    let at = at.parse().expect("an address");
    let engine = Engine::start(EngineOptions { webhook: Some(at), ..world.options("a") });
    let address = engine.webhook_address().expect("the port is free");
    (engine, address)
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

async fn post(
    client: &reqwest::Client,
    at: SocketAddr,
    path: &str,
    word: Option<&str>,
    body: &[u8],
) -> (u16, String) {
    let mut request = client.post(format!("http://{at}{path}")).body(body.to_vec());
    if let Some(word) = word {
        request = request.header("X-Hub-Signature-256", word);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

#[tokio::test]
async fn a_signed_body_is_stored_answered_with_an_empty_200_and_read_later() {
    let world = world();
    let (_engine, at) = listening(&world, "127.0.0.1:0");
    let big = vec![b'x'; 3 << 20];
    assert_eq!(post(&client(), at, "/hook", Some("word"), &big).await, (200, String::new()));
    until("read", || world.store.read(|it| it.read.clone()) == [(1, Vec::new())]).await;
}

#[tokio::test]
async fn what_nobody_signed_is_refused_and_not_kept() {
    let world = world();
    let (_engine, at) = listening(&world, "127.0.0.1:0");
    let client = client();
    assert_eq!(post(&client, at, "/hook", Some("forged"), b"{}").await, (400, String::new()));
    assert_eq!(post(&client, at, "/hook", None, b"{}").await, (400, String::new()));
    assert_eq!(post(&client, at, "/elsewhere", Some("word"), b"{}").await, (404, String::new()));
    assert_eq!(post(&client, at, "/hook", Some("word"), &vec![0; 5 << 20]).await.0, 413);
    assert!(world.store.read(|it| it.webhooks.is_empty() && it.read.is_empty()));
}

#[tokio::test]
async fn the_vendors_check_of_the_address_is_answered() {
    let world = world();
    let (_engine, at) = listening(&world, "127.0.0.1:0");
    let client = client();
    let ask = async |token: &str| {
        let url =
            format!("http://{at}/hook?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=a%20b%2B1");
        let answer = client.get(url).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    };
    assert_eq!(ask("word").await, (200, "a b+1".into()));
    assert_eq!(ask("wrong").await, (403, String::new()));
}

#[tokio::test]
async fn a_hundred_at_once_are_all_kept() {
    let world = world();
    let (_engine, at) = listening(&world, "127.0.0.1:0");
    let client = client();
    let posts: Vec<_> = (0..100)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move {
                post(&client, at, "/hook", Some("word"), format!("{n}").as_bytes()).await.0
            })
        })
        .collect();
    for post in posts {
        assert_eq!(post.await.expect("an answer"), 200);
    }
    until("all read", || world.store.read(|it| it.read.len() == 100)).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_flagged_and_holds_nothing_up() {
    let world = world();
    let (_engine, at) = listening(&world, "127.0.0.1:0");
    let client = client();
    for body in ["bad", "panic", "other", "good"] {
        assert_eq!(post(&client, at, "/hook", Some("word"), body.as_bytes()).await.0, 200);
    }
    until("all read", || world.store.read(|it| it.read.len() == 4)).await;
    let flags: Vec<usize> = world.store.read(|it| it.read.iter().map(|(_, flags)| flags.len()).collect());
    assert_eq!(flags, [1, 1, 1, 0]);
}

#[tokio::test]
async fn what_is_not_on_disk_is_not_answered_with_200() {
    let world = world();
    let (_engine, at) = listening(&world, "127.0.0.1:0");
    world.store.write(|it| it.full = true);
    assert_eq!(post(&client(), at, "/hook", Some("word"), b"{}").await, (503, String::new()));
}

#[tokio::test]
async fn a_taken_port_is_tried_again_until_it_is_free() {
    let world = world();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = taken.local_addr().expect("an address");
    let engine = Arc::new(Engine::start(EngineOptions { webhook: Some(at), ..world.options("a") }));
    assert_eq!(engine.webhook_address(), None);
    drop(taken);
    until("bound", || {
        world.later(5);
        engine.webhook_address() == Some(at)
    })
    .await;
    assert_eq!(post(&client(), at, "/hook", Some("word"), b"{}").await.0, 200);
}

#[tokio::test]
async fn webhooks_are_read_while_another_process_leads_the_channel() {
    let world = world();
    let seat = world.candidate("leader").win().await;
    let (_engine, at) = listening(&world, "127.0.0.1:0");
    assert_eq!(post(&client(), at, "/hook", Some("word"), b"{}").await.0, 200);
    until("read", || world.store.read(|it| it.read.len() == 1)).await;
    drop(seat);
}
