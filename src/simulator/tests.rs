use serde_json::json;

use super::{
    Fault, Faults, Switches, What, Writer,
    cast::JOAO,
    testing::{Stage, read},
};

#[allow(clippy::needless_pass_by_value, reason = "every caller writes the value in place")]
fn fault(kind: serde_json::Value) -> Fault {
    serde_json::from_value(json!({"vendor": "dsco", "operation": "hello", "what": kind})).unwrap()
}

#[tokio::test]
async fn faults_of_the_line_reach_the_client() {
    let stage = Stage::new().await;
    let control = stage.simulator.control();
    let hello = || stage.http.get(stage.url("/dsco/api/v3/hello")).header("Authorization", "Bearer x").send();
    control.fault(fault(json!({"kind": "status", "code": 429, "retry_after": "7"})));
    let answer = hello().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    control.fault(fault(json!({"kind": "html"})));
    assert!(hello().await.unwrap().text().await.unwrap().starts_with("<!DOCTYPE html>"));
    control.fault(fault(json!({"kind": "huge", "bytes": 3_000_000})));
    assert!(hello().await.unwrap().bytes().await.unwrap().len() > 3_000_000);
    control.fault(fault(json!({"kind": "redirect", "to": "http://127.0.0.1:1/"})));
    assert_eq!(hello().await.unwrap().status(), 302);
    control.fault(fault(json!({"kind": "reset_before"})));
    assert!(hello().await.is_err());
    control.fault(fault(json!({"kind": "huge", "bytes": 100_000})));
    control.fault(fault(json!({"kind": "cut_body"})));
    let cut = match hello().await {
        Ok(answer) => answer.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(cut);
    control.unreachable(true);
    let fresh = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(fresh.get(stage.url("/dsco/api/v3/hello")).send().await.is_err());
    control.unreachable(false);
    assert!(fresh.get(stage.url("/dsco/api/v3/hello")).send().await.is_ok());
    assert!(control.faults().iter().all(|(_, used)| *used == 1));
}

#[tokio::test]
async fn a_gzip_bomb_is_small_until_it_is_opened() {
    let stage = Stage::new().await;
    stage.simulator.control().fault(fault(json!({"kind": "gzip_bomb", "bytes": 2_000_000})));
    let plain = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
    let get = |client: &reqwest::Client| {
        client.get(stage.url("/dsco/api/v3/hello")).header("Authorization", "Bearer x").send()
    };
    assert!(get(&plain).await.unwrap().bytes().await.unwrap().len() < 20_000);
    stage.simulator.control().fault(fault(json!({"kind": "gzip_bomb", "bytes": 2_000_000})));
    let mut answer = get(&stage.http).await.unwrap();
    let mut opened = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        opened += chunk.len();
    }
    assert!(opened > 1_900_000, "{opened}");
}

#[tokio::test]
async fn broken_texts_are_broken_on_the_wire_only() {
    let stage = Stage::new().await;
    let control = stage.simulator.control();
    let chats = || async {
        let request = stage
            .http
            .get(stage.url(&format!("/skyhub/sac/{}/chats", JOAO.replace(' ', "%20"))))
            .header("X-User-Email", "loja@example.com")
            .header("X-Api-Key", "sky-key-5b1f")
            .header("X-Accountmanager-Key", "am-key-90c2")
            .header("Accept", "application/json")
            .header("Content-Type", "application/json");
        request.send().await.unwrap().bytes().await.unwrap().to_vec()
    };
    let holds = |body: &[u8], needle: &[u8]| body.windows(needle.len()).any(|window| window == needle);
    control.fault(Fault::next("skyhub", "chats", What::LoneSurrogate));
    assert!(holds(&chats().await, b"\\ud83d\""));
    control.fault(Fault::next("skyhub", "chats", What::Nul));
    assert!(holds(&chats().await, b"\\u0000"));
    control.fault(Fault::next("skyhub", "chats", What::InvalidUtf8));
    assert!(String::from_utf8(chats().await).is_err());
    control.fault(Fault::next("skyhub", "chats", What::MissingField { field: "part".into() }));
    assert!(!holds(&chats().await, b"\"part\""));
    control.fault(Fault::next("skyhub", "chats", What::TruncatedJson));
    assert!(serde_json::from_slice::<serde_json::Value>(&chats().await).is_err());
    assert!(serde_json::from_slice::<serde_json::Value>(&chats().await).is_ok());
}

#[test]
fn faults_count_their_calls() {
    let faults = Faults::default();
    let script = r#"{"faults":[{"vendor":"thg","operation":"list","after":1,"times":2,"what":{"kind":"discussions_null"}}]}"#;
    for one in Faults::from_json(script).unwrap() {
        faults.add(one);
    }
    let struck: Vec<usize> = (0..5).map(|_| faults.strike("thg", "list", "/", b"").len()).collect();
    assert_eq!(struck, [0, 1, 1, 0, 0]);
    assert!(Faults::from_json(r#"[{"vendor":"thg","what":{"kind":"earthquake"}}]"#).is_err());
}

#[test]
fn switches_are_set_by_name() {
    let mut switches = Switches::default();
    switches.set("skyhub_end", json!("empty_page")).unwrap();
    assert!(switches.set("skyhub_end", json!(3)).is_err());
    assert!(switches.set("skyhub_and", json!(3)).unwrap_err().contains("skyhub_and"));
}

#[tokio::test]
async fn another_process_acts_by_http() {
    let stage = Stage::new().await;
    let actions = json!([
        {"do": "customer_says", "vendor": "skyhub", "conversation": format!("{JOAO}/CUSTOMER_SELLER"), "text": "E aí?"},
        {"do": "switch", "name": "skyhub_page_size", "value": 5},
        {"do": "faults", "faults": [{"vendor": "dsco", "what": {"kind": "hang"}}]},
    ]);
    let (status, body) =
        read(stage.http.post(stage.url("/_control")).json(&actions).send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    let (_, book) = read(stage.http.get(stage.url("/_control/book")).send().await.unwrap()).await;
    assert!(book["messages"].as_array().unwrap().iter().any(|message| message["text"] == "E aí?"));
    let wrong = stage.http.post(stage.url("/_control")).json(&json!({"do": "dance"})).send().await.unwrap();
    assert_eq!(wrong.status(), 400);
}

#[tokio::test]
async fn vendors_that_are_away_by_http_come_back_by_themselves() {
    let stage = Stage::new().await;
    let action = json!({"do": "unreachable", "ms": 5000});
    stage.http.post(stage.url("/_control")).json(&action).send().await.unwrap();
    let fresh =
        || reqwest::Client::builder().no_proxy().build().unwrap().get(stage.url("/_control/book")).send();
    assert!(fresh().await.is_err(), "the way to end it is shut too");
    stage.clock.forward_ms(5000);
    while fresh().await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_world() {
    let mut worlds = Vec::new();
    for seed in [3, 3, 4] {
        let stage = Stage::with(|options| {
            options.seed = seed;
            options.conversations = 20;
        })
        .await;
        let messages = stage.simulator.book().all_messages();
        worlds.push(serde_json::to_string(&messages).unwrap());
        let joao = messages.iter().position(|message| message.text == "Olá! Produto ainda não foi entregue.");
        assert_eq!(joao, Some(2));
        stage.simulator.stop().await;
    }
    assert_eq!(worlds[0], worlds[1]);
    assert_ne!(worlds[0], worlds[2]);
}

#[tokio::test]
async fn living_customers_write_and_answer() {
    let stage = Stage::with(|options| options.live = true).await;
    let control = stage.simulator.control();
    let before = stage.simulator.book().all_messages().len();
    for _ in 0..20 {
        stage.clock.forward_ms(30_000);
        control.settled().await;
    }
    assert!(stage.simulator.book().all_messages().len() > before + 5);
    let conversation = format!("{JOAO}/CUSTOMER_SELLER");
    assert_eq!(stage.simulator.book().messages("skyhub", &conversation).len(), 1);
    let body = json!({
        "deliveryId": "200123456789001", "identityId": "12345678901234", "messageTo": "TO_CUSTOMER",
        "messageType": "TEXT_MESSAGE", "orderId": "02-123456789", "message": "Sai hoje.",
    });
    let path = format!("/skyhub/sac/{}/chats/CUSTOMER_SELLER", JOAO.replace(' ', "%20"));
    let request = stage
        .http
        .post(stage.url(&path))
        .header("X-User-Email", "loja@example.com")
        .header("X-Api-Key", "sky-key-5b1f")
        .header("X-Accountmanager-Key", "am-key-90c2")
        .header("Accept", "application/json")
        .json(&body);
    assert_eq!(request.send().await.unwrap().status(), 201);
    for _ in 0..15 {
        stage.clock.forward_ms(1_000);
        control.settled().await;
    }
    let messages = stage.simulator.book().messages("skyhub", &conversation);
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[2].writer, Writer::Customer);
}

#[tokio::test]
async fn something_can_happen_around_a_call() {
    let stage = Stage::new().await;
    let control = stage.simulator.control();
    let conversation = format!("{JOAO}/CUSTOMER_SELLER");
    let action =
        json!({"do": "customer_says", "vendor": "skyhub", "conversation": conversation, "text": "Esqueça!"});
    control.set_faults(vec![Fault::next("dsco", "hello", What::After { action })]);
    let hello = stage.http.get(stage.url("/dsco/api/v3/hello")).header("Authorization", "Bearer x");
    assert_eq!(hello.send().await.unwrap().status(), 401);
    let messages = stage.simulator.book().messages("skyhub", &conversation);
    assert_eq!(messages.last().unwrap().text, "Esqueça!");
    assert_eq!(stage.breaches(), Vec::<String>::new());
}

#[tokio::test]
async fn a_drip_and_a_hang_take_the_simulators_time() {
    let stage = Stage::new().await;
    let control = stage.simulator.control();
    let hello = || stage.http.get(stage.url("/dsco/api/v3/hello")).header("Authorization", "Bearer x").send();
    control.fault(fault(json!({"kind": "html"})));
    control.fault(fault(json!({"kind": "drip", "bytes": 40, "every_ms": 1_000})));
    let mut answer = hello().await.unwrap();
    let mut pieces = 0;
    loop {
        let chunk = answer.chunk();
        tokio::pin!(chunk);
        let chunk = loop {
            tokio::select! {
                chunk = &mut chunk => break chunk.unwrap(),
                () = tokio::task::yield_now() => stage.clock.forward_ms(1_000),
            }
        };
        if chunk.is_none() {
            break;
        }
        pieces += 1;
    }
    assert!(pieces > 1, "{pieces}");
    control.fault(fault(json!({"kind": "hang"})));
    let hung = hello();
    tokio::pin!(hung);
    for _ in 0..50 {
        tokio::select! {
            _ = &mut hung => panic!("it answered"),
            () = tokio::task::yield_now() => stage.clock.forward_ms(60_000),
        }
    }
    stage.simulator.stop().await;
}

#[test]
fn every_switch_stands_in_the_docs_with_its_default() {
    let docs = include_str!("../../assets/docs/simulator.md");
    let switches = serde_json::to_value(Switches::default()).expect("plain data");
    for (name, default) in switches.as_object().expect("an object") {
        let row = format!("| `{name}` | `{default}` |");
        assert!(docs.contains(&row), "assets/docs/simulator.md lacks {row}");
    }
}

/// The switches that a part of the docs names.
fn named(part: &str) -> std::collections::BTreeSet<&str> {
    let prefixes = ["thg_", "dsco_", "skyhub_", "whatsapp_", "onprem_", "rate_limits", "vendor_clock"];
    part.split('`').skip(1).step_by(2).filter(|word| prefixes.iter().any(|it| word.starts_with(it))).collect()
}

#[test]
fn every_switch_of_the_docs_exists_and_every_inferred_point_has_one() {
    let docs = include_str!("../../assets/docs/simulator.md");
    let switches = serde_json::to_value(Switches::default()).expect("plain data");
    let known: std::collections::BTreeSet<&str> =
        switches.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(named(docs), known, "the docs name what there is");
    let points = docs.split_once("## Inferred points").expect("a table").1.split_once("## Faults").unwrap().0;
    assert_eq!(named(points), known, "each switch decides a point");
    for row in points.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| point")) {
        let last = row.rsplit('|').nth(1).expect("a column").trim();
        assert!(last.starts_with("none: ") || !named(last).is_empty(), "{row}");
    }
}
