use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::simulator::{
    EndOfPages, Fault, What, Writer,
    cast::JOAO,
    testing::{Stage, read},
};

fn call(stage: &Stage, method: Method, path: &str) -> RequestBuilder {
    stage
        .http
        .request(method, stage.url(&format!("/skyhub{path}")))
        .header("X-User-Email", stage.setting("americanas", "user_email"))
        .header("X-Api-Key", stage.setting("americanas", "api_key"))
        .header("X-Accountmanager-Key", stage.setting("americanas", "account_manager_key"))
        .header("Accept", "application/json")
        .header("Content-Type", "application/json")
}

fn chat_path(code: &str, parts: &str) -> String {
    format!("/sac/{}/chats{parts}", code.replace(' ', "%20"))
}

fn reply(text: &str) -> Value {
    json!({
        "deliveryId": "200123456789001", "identityId": "12345678901234", "messageTo": "TO_CUSTOMER",
        "messageType": "TEXT_MESSAGE", "orderId": "02-123456789", "message": text,
    })
}

#[tokio::test]
async fn the_list_of_a_tickets_statuses_is_the_switchs() {
    let stage = Stage::new().await;
    let control = stage.simulator.control();
    control.new_ticket("Loja-9", "02-9", "Ana", "Oi");
    let list = async |status: &str| {
        let answer = call(&stage, Method::GET, &format!("/sac?status={status}")).send().await.unwrap();
        read(answer).await
    };
    assert_eq!(list("UNREAD").await.0, 200);
    assert_eq!(list("CLOSED").await.0, 400);
    control.set_status("skyhub", "Loja-9", "CLOSED").expect_err("not in the list yet");
    let all = json!(["UNREAD", "READ", "ARCHIVED", "CLOSED"]);
    control.set_switch("skyhub_ticket_statuses", all).unwrap();
    control.set_status("skyhub", "Loja-9", "CLOSED").unwrap();
    let (status, body) = list("CLOSED").await;
    assert_eq!((status, body["sacs"].as_array().unwrap().len()), (200, 1));
    assert_eq!(body["sacs"][0]["status"], "CLOSED");
    control.customer_says("skyhub", "Loja-9/CUSTOMER_SELLER", "Alo?").unwrap();
    assert!(list("CLOSED").await.1["sacs"].as_array().unwrap().is_empty(), "who writes opens it again");
}

#[tokio::test]
async fn joao_waits_for_an_answer_and_gets_exactly_one() {
    let stage = Stage::new().await;
    let (status, sacs) = read(call(&stage, Method::GET, "/sac?status=UNREAD").send().await.unwrap()).await;
    assert_eq!(status, 200);
    let joao = sacs["sacs"].as_array().unwrap().iter().find(|sac| sac["code"] == JOAO).unwrap();
    assert_eq!(joao["order_code"], "02-123456789");
    assert_eq!(joao["updated_at"], "2026-03-02T08:00:00-03:00");
    let (_, chats) = read(call(&stage, Method::GET, &chat_path(JOAO, "")).send().await.unwrap()).await;
    assert_eq!(chats["chats"].as_array().unwrap().len(), 3);
    let chat = &chats["chats"][0];
    assert_eq!(chat["messages"][0]["content"], "Olá! Produto ainda não foi entregue.");
    assert_eq!(chat["messages"][0]["created_at"], "2026-03-01T09:04:00");
    assert_eq!(chat["seller_status"], "UNREAD");
    let path = chat_path(JOAO, "/CUSTOMER_SELLER");
    let answer = call(&stage, Method::POST, &path).json(&reply("Olá, João!")).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.text().await.unwrap(), "");
    let answer = call(&stage, Method::PATCH, &path).json(&json!({"status": "READ"})).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let conversation = format!("{JOAO}/CUSTOMER_SELLER");
    assert_eq!(stage.simulator.book().copies("skyhub", &conversation, "Olá, João!"), 1);
    assert_eq!(stage.simulator.control().status("skyhub", &conversation).as_deref(), Some("READ"));
    assert_eq!(stage.breaches(), Vec::<String>::new());
}

#[tokio::test]
async fn headers_are_checked_on_every_call() {
    let stage = Stage::new().await;
    let bare = stage.http.get(stage.url("/skyhub/sac")).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let wrong = call(&stage, Method::GET, "/sac")
        .headers([("x-api-key".parse().unwrap(), "other".parse().unwrap())].into_iter().collect());
    assert_eq!(wrong.send().await.unwrap().status(), 401);
    let html = call(&stage, Method::GET, "/sac")
        .headers([("accept".parse().unwrap(), "text/html".parse().unwrap())].into_iter().collect());
    assert_eq!(html.send().await.unwrap().status(), 406);
    let latin = call(&stage, Method::PATCH, &chat_path(JOAO, "/CUSTOMER_SELLER"))
        .headers(
            [("content-type".parse().unwrap(), "application/json; charset=iso-8859-1".parse().unwrap())]
                .into_iter()
                .collect(),
        )
        .body("{}");
    assert_eq!(latin.send().await.unwrap().status(), 415);
    let empty = call(&stage, Method::PATCH, &chat_path(JOAO, "/CUSTOMER_SELLER")).send().await.unwrap();
    assert_eq!(empty.status(), 400);
    assert_eq!(stage.breaches().len(), 4);
}

#[tokio::test]
async fn replies_that_break_a_rule_are_refused() {
    let stage = Stage::new().await;
    for (field, value) in [
        ("messageTo", "TO_B2W"),
        ("deliveryId", "1"),
        ("orderId", "200123456789001"),
        ("identityId", "12.345.678/9012-34"),
        ("messageType", "IMAGE"),
        ("message", " "),
    ] {
        let mut body = reply("x");
        body[field] = json!(value);
        let answer = call(&stage, Method::POST, &chat_path(JOAO, "/CUSTOMER_SELLER"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 422, "{field}");
    }
    let path = chat_path(JOAO, "/CUSTOMER_B2W");
    assert_eq!(call(&stage, Method::POST, &path).json(&reply("x")).send().await.unwrap().status(), 422);
    assert_eq!(stage.breaches().len(), 7);
    let plus = "/sac/Lojas+Americanas-200123456789001/chats";
    assert_eq!(call(&stage, Method::GET, plus).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_paused_chat_refuses_replies_until_it_is_handed_back() {
    let stage = Stage::new().await;
    let control = stage.simulator.control();
    let path = chat_path(JOAO, "/CUSTOMER_SELLER");
    control.mediation(JOAO, true).unwrap();
    let (status, body) =
        read(call(&stage, Method::POST, &path).json(&reply("a")).send().await.unwrap()).await;
    assert_eq!(status, 422);
    assert!(body["errors"]["detail"].as_str().unwrap().contains("pausado"));
    control.mediation(JOAO, false).unwrap();
    assert_eq!(call(&stage, Method::POST, &path).json(&reply("a")).send().await.unwrap().status(), 201);
    assert_eq!(stage.breaches(), Vec::<String>::new());
}

#[tokio::test]
async fn pages_follow_a_cursor_that_carries_the_filters() {
    for end in [EndOfPages::Null, EndOfPages::Absent, EndOfPages::EmptyPage, EndOfPages::SameUrl] {
        let stage = Stage::with(|options| {
            options.conversations = 45;
            options.switches.skyhub_end = end;
            options.switches.rate_limits = false;
        })
        .await;
        let mut url = "/sac?status=UNREAD".to_owned();
        let mut codes = Vec::new();
        let mut followed = Vec::new();
        loop {
            let (_, page) = read(call(&stage, Method::GET, &url).send().await.unwrap()).await;
            let sacs = page["sacs"].as_array().unwrap();
            assert!(sacs.len() <= 20);
            codes.extend(sacs.iter().map(|sac| sac["code"].as_str().unwrap().to_owned()));
            let next = page["next_page"].as_str().unwrap_or_default().to_owned();
            if sacs.is_empty() || next.is_empty() || followed.contains(&next) {
                break;
            }
            followed.push(next.clone());
            url = next.strip_prefix(&stage.url("/skyhub")).expect("scheme, host and prefix").to_owned();
        }
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), 48, "{end:?}");
        assert_eq!(stage.breaches(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn chats_are_split_over_pages_whose_url_has_the_raw_space() {
    let stage = Stage::with(|options| options.switches.skyhub_chat_page_size = 2).await;
    let (_, first) = read(call(&stage, Method::GET, &chat_path(JOAO, "")).send().await.unwrap()).await;
    let next = first["next_page"].as_str().unwrap();
    assert!(next.contains("/sac/Lojas Americanas-200123456789001/chats?cursor="), "{next}");
    let next = next.strip_prefix(&stage.url("/skyhub")).unwrap().replace(' ', "%20");
    let (_, second) = read(call(&stage, Method::GET, &next).send().await.unwrap()).await;
    let count = |page: &Value| -> usize {
        page["chats"].as_array().unwrap().iter().map(|chat| chat["messages"].as_array().unwrap().len()).sum()
    };
    assert_eq!((count(&first), count(&second)), (2, 2));
}

#[tokio::test]
async fn the_tenth_get_of_a_second_is_refused() {
    let stage = Stage::new().await;
    for _ in 0..9 {
        assert_eq!(call(&stage, Method::GET, "/sac").send().await.unwrap().status(), 200);
    }
    assert_eq!(call(&stage, Method::GET, "/sac").send().await.unwrap().status(), 429);
    stage.clock.forward_ms(1000);
    assert_eq!(call(&stage, Method::GET, "/sac").send().await.unwrap().status(), 200);
    assert_eq!(stage.simulator.book().rate_limited("skyhub"), 1);
}

#[tokio::test]
async fn a_reply_can_land_though_its_answer_is_lost() {
    let stage = Stage::new().await;
    stage.simulator.control().fault(Fault::next("skyhub", "reply", What::ResetAfter));
    let path = chat_path(JOAO, "/CUSTOMER_SELLER");
    assert!(call(&stage, Method::POST, &path).json(&reply("só uma vez")).send().await.is_err());
    let conversation = format!("{JOAO}/CUSTOMER_SELLER");
    let ours: Vec<_> = stage
        .simulator
        .book()
        .messages("skyhub", &conversation)
        .into_iter()
        .filter(|message| message.writer == Writer::Us)
        .collect();
    assert_eq!(ours.len(), 1);
    stage.simulator.control().fault(Fault::next("skyhub", "reply", What::ResetBefore));
    assert!(call(&stage, Method::POST, &path).json(&reply("nie")).send().await.is_err());
    assert_eq!(stage.simulator.book().copies("skyhub", &conversation, "nie"), 0);
    assert_eq!(stage.simulator.book().posts("skyhub", "reply", "só uma vez"), 1);
}

#[tokio::test]
async fn a_clock_that_is_set_back_lets_calls_in_again() {
    let stage = Stage::new().await;
    for _ in 0..9 {
        assert_eq!(call(&stage, Method::GET, "/sac").send().await.unwrap().status(), 200);
    }
    stage.simulator.control().set_switch("vendor_clock_ms", json!(-600_000)).unwrap();
    assert_eq!(call(&stage, Method::GET, "/sac").send().await.unwrap().status(), 200);
    assert_eq!(stage.breaches(), Vec::<String>::new());
}
