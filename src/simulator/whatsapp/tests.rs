use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::any};
use reqwest::Method;
use serde_json::{Value, json};

use super::webhook::{escape, sign};
use crate::simulator::{
    Fault, What, WindowError,
    testing::{Stage, read},
};

/// Signature and body of one webhook.
type Hook = (Option<String>, Vec<u8>);

#[derive(Clone, Default)]
struct Inbox {
    got: Arc<Mutex<Vec<Hook>>>,
    answer: Arc<Mutex<u16>>,
}

impl Inbox {
    /// A receiver of webhooks; returns it and its URL.
    async fn open() -> (Self, String) {
        let inbox = Self { answer: Arc::new(Mutex::new(200)), ..Self::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let take = |State(inbox): State<Self>, headers: HeaderMap, body: Bytes| async move {
            let signature =
                headers.get("x-hub-signature-256").map(|value| value.to_str().unwrap().to_owned());
            inbox.got.lock().unwrap().push((signature, body.to_vec()));
            axum::http::StatusCode::from_u16(*inbox.answer.lock().unwrap()).unwrap()
        };
        let app = Router::new().route("/hook", any(take)).with_state(inbox.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (inbox, url)
    }

    fn bodies(&self) -> Vec<Value> {
        self.got.lock().unwrap().iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect()
    }

    fn values(&self) -> Vec<Value> {
        self.bodies()
            .iter()
            .flat_map(|body| body["entry"].as_array().cloned().unwrap_or_default())
            .map(|entry| entry["changes"][0]["value"].clone())
            .collect()
    }

    fn statuses(&self) -> Vec<String> {
        let statuses = |value: &Value| value["statuses"][0]["status"].as_str().map(str::to_owned);
        self.values().iter().filter_map(statuses).collect()
    }

    fn clear(&self) {
        self.got.lock().unwrap().clear();
    }
}

async fn cloud(stage: &Stage, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}{path}", stage.setting("whatsapp", "url"));
    let request = stage.http.request(method, url).bearer_auth(stage.setting("whatsapp", "access_token"));
    read(request.json(body).send().await.unwrap()).await
}

fn text(to: &str, body: &str) -> Value {
    json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "text", "text": {"body": body},
        "biz_opaque_callback_data": "dl:01J8Z6",
    })
}

const SEND: &str = "/106540352242922/messages";

#[test]
fn bodies_are_escaped_as_meta_escapes_them() {
    let escaped = escape("{\"a\":\"é み 😀 /x\\/ \\\\/\"}".as_bytes());
    let escaped = String::from_utf8(escaped).unwrap();
    assert_eq!(escaped, "{\"a\":\"\\u00e9 \\u307f \\ud83d\\ude00 \\/x\\/ \\\\\\/\"}");
    let value: Value = serde_json::from_str(&escaped).unwrap();
    assert_eq!(value["a"], "é み 😀 /x/ \\/");
    let known = sign(b"what do ya want for nothing?", "Jefe");
    assert_eq!(known, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[tokio::test]
async fn what_happened_before_waits_for_its_url_and_comes_signed() {
    let stage = Stage::new().await;
    let (inbox, url) = Inbox::open().await;
    let (old, old_url) = Inbox::open().await;
    stage.simulator.set_webhooks(Some(url), Some(old_url));
    let control = stage.simulator.control();
    control.settled().await;
    assert_eq!(control.webhooks_outstanding(), 0);
    let values = inbox.values();
    let find = |person: &str| -> Vec<Value> {
        values.iter().filter(|value| value["messages"][0]["from"] == person).cloned().collect()
    };
    let kerry = &find("16315551234")[0]["messages"][0];
    assert_eq!(kerry["context"]["referred_product"]["product_retailer_id"], "di9ozbzfi4");
    let sheena = &find("16505551234")[0]["messages"][0]["order"];
    assert_eq!(sheena["product_items"].as_array().unwrap().len(), 3);
    assert_eq!(sheena["product_items"][1]["item_price"].to_string(), "7.99");
    assert_eq!(find("4915112345678").len(), 2);
    for (signature, body) in inbox.got.lock().unwrap().iter() {
        assert!(body.is_ascii());
        assert_eq!(signature.as_deref(), Some(sign(body, &stage.setting("whatsapp", "app_secret")).as_str()));
    }
    assert!(old.bodies().iter().any(|body| body["messages"][0]["from"] == "250788123123"));
    assert!(old.got.lock().unwrap().iter().all(|(signature, _)| signature.is_none()));
    let (status, body) = control.verify_webhook(None, "1158201444").await.unwrap();
    assert_eq!((status, body.as_str()), (200, ""));
}

#[tokio::test]
async fn a_send_is_accepted_then_sent_delivered_and_read() {
    let stage = Stage::new().await;
    let (inbox, url) = Inbox::open().await;
    stage.simulator.set_webhooks(Some(url), None);
    let control = stage.simulator.control();
    control.settled().await;
    inbox.clear();
    let (status, sent) = cloud(&stage, Method::POST, SEND, &text("+16315551234", "Yes, it is.")).await;
    assert_eq!(status, 200, "{sent}");
    assert_eq!(sent["contacts"][0]["wa_id"], "16315551234");
    for ms in [300, 600, 4_000] {
        stage.clock.forward_ms(ms);
        control.settled().await;
    }
    assert_eq!(inbox.statuses(), ["sent", "delivered", "read"]);
    assert_eq!(inbox.values()[0]["statuses"][0]["biz_opaque_callback_data"], "dl:01J8Z6");
    let book = stage.simulator.book();
    assert_eq!(book.copies("whatsapp", "16315551234", "Yes, it is."), 1);
    assert_eq!(book.posts("whatsapp", "send", "dl:01J8Z6"), 1);
    let first = book.messages("whatsapp", "16315551234")[0].id.clone();
    let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": first});
    assert_eq!(cloud(&stage, Method::POST, SEND, &read).await, (200, json!({"success": true})));
    assert_eq!(book.marks("whatsapp", "16315551234").len(), 1);
    assert_eq!(stage.breaches(), Vec::<String>::new());
}

#[tokio::test]
async fn a_shut_window_takes_templates_only() {
    let stage = Stage::new().await;
    let (inbox, url) = Inbox::open().await;
    stage.simulator.set_webhooks(Some(url), None);
    let control = stage.simulator.control();
    control.settled().await;
    inbox.clear();
    assert_eq!(cloud(&stage, Method::POST, SEND, &text("+447700900123", "Yes")).await.0, 200);
    stage.clock.forward_ms(300);
    control.settled().await;
    assert_eq!(inbox.statuses(), ["failed"]);
    assert_eq!(inbox.values()[0]["statuses"][0]["errors"][0]["code"], 131_047);
    control.switches(|switches| switches.whatsapp_window_error = WindowError::Sync);
    let (status, body) = cloud(&stage, Method::POST, SEND, &text("+447700900123", "Yes")).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(131_047)));
    let template = |language: &str, parameters: Value| {
        json!({
            "messaging_product": "whatsapp", "to": "+447700900123", "type": "template", "template": {"name": "order_update",
            "language": {"code": language}, "components": [{"type": "body", "parameters": parameters}]},
        })
    };
    let right = template("en_US", json!([{"type": "text", "text": "A-1001"}]));
    assert_eq!(cloud(&stage, Method::POST, SEND, &right).await.0, 200);
    assert_eq!(
        cloud(&stage, Method::POST, SEND, &template("fr", json!([]))).await.1["error"]["code"],
        132_001
    );
    assert_eq!(
        cloud(&stage, Method::POST, SEND, &template("de", json!([]))).await.1["error"]["code"],
        132_000
    );
}

#[tokio::test]
async fn the_forty_sixth_quick_message_to_one_person_is_refused() {
    let stage = Stage::new().await;
    for number in 0..45 {
        let (status, _) = cloud(&stage, Method::POST, SEND, &text("+16315551234", &number.to_string())).await;
        assert_eq!(status, 200);
    }
    let (_, body) = cloud(&stage, Method::POST, SEND, &text("+16315551234", "46")).await;
    assert_eq!(body["error"]["code"], 131_056);
    assert_eq!(cloud(&stage, Method::POST, SEND, &text("+16505551234", "1")).await.0, 200);
}

#[tokio::test]
async fn media_goes_in_and_out_in_two_steps() {
    let stage = Stage::new().await;
    let file = |mime: &str| {
        let part = reqwest::multipart::Part::bytes(b"%PDF-1.7".to_vec())
            .file_name("order.pdf")
            .mime_str(mime)
            .unwrap();
        reqwest::multipart::Form::new().text("messaging_product", "whatsapp").part("file", part)
    };
    let upload = |form| {
        let url = format!("{}/106540352242922/media", stage.setting("whatsapp", "url"));
        stage.http.post(url).bearer_auth("EAAsim-5f2c90").multipart(form).send()
    };
    let (_, body) = read(upload(file("application/pdf")).await.unwrap()).await;
    let id = body["id"].as_str().unwrap().to_owned();
    let (_, refused) = read(upload(file("application/x-tar")).await.unwrap()).await;
    assert_eq!(refused["error"]["code"], 131_053);
    let (_, meta) = cloud(&stage, Method::GET, &format!("/{id}"), &json!({})).await;
    assert_eq!(meta["file_size"], "8");
    let url = meta["url"].as_str().unwrap();
    let get = || stage.http.get(url).bearer_auth("EAAsim-5f2c90").send();
    assert_eq!(get().await.unwrap().bytes().await.unwrap().as_ref(), b"%PDF-1.7");
    assert_eq!(stage.http.get(url).send().await.unwrap().status(), 401);
    stage.clock.forward_ms(300_000);
    assert_eq!(get().await.unwrap().status(), 404);
    let send = |kind: &str| json!({"messaging_product": "whatsapp", "to": "+16315551234", "type": kind, kind: {"id": id}});
    assert_eq!(cloud(&stage, Method::POST, SEND, &send("document")).await.0, 200);
    assert_eq!(cloud(&stage, Method::POST, SEND, &send("image")).await.1["error"]["code"], 131_053);
    assert_eq!(cloud(&stage, Method::DELETE, &format!("/{id}"), &json!({})).await.0, 200);
    assert_eq!(cloud(&stage, Method::GET, &format!("/{id}"), &json!({})).await.0, 400);
}

#[tokio::test]
async fn webhooks_come_again_until_somebody_says_200() {
    let stage = Stage::new().await;
    let (inbox, url) = Inbox::open().await;
    stage.simulator.set_webhooks(Some(url), None);
    let control = stage.simulator.control();
    control.settled().await;
    inbox.clear();
    *inbox.answer.lock().unwrap() = 503;
    control.customer_says("whatsapp", "16315551234", "Hello?").unwrap();
    control.settled().await;
    stage.clock.forward_ms(1_000);
    control.settled().await;
    *inbox.answer.lock().unwrap() = 200;
    stage.clock.forward_ms(1_999);
    control.settled().await;
    assert_eq!(inbox.bodies().len(), 2);
    stage.clock.forward_ms(1);
    control.settled().await;
    assert_eq!(inbox.bodies().len(), 3);
    stage.clock.forward_ms(60_000);
    control.settled().await;
    assert_eq!(inbox.bodies().len(), 3);
    assert_eq!(stage.simulator.book().webhooks().last().unwrap().attempt, 3);
}

#[tokio::test]
async fn webhooks_are_doubled_reordered_batched_and_early_by_fault() {
    let stage = Stage::new().await;
    let (inbox, url) = Inbox::open().await;
    stage.simulator.set_webhooks(Some(url), None);
    let control = stage.simulator.control();
    control.settled().await;
    let says = |text: &'static str| control.customer_says("whatsapp", "16315551234", text).unwrap();
    let texts = || -> Vec<String> {
        let values = inbox.values();
        values.iter().map(|value| value["messages"][0]["text"]["body"].as_str().unwrap().to_owned()).collect()
    };
    inbox.clear();
    control.fault(Fault::next("whatsapp", "webhook", What::DuplicateWebhook));
    says("twice");
    control.settled().await;
    assert_eq!(texts(), ["twice", "twice"]);
    inbox.clear();
    control.fault(Fault::next("whatsapp", "webhook", What::ReorderWebhook));
    says("first");
    control.settled().await;
    says("second");
    control.settled().await;
    assert_eq!(texts(), ["second", "first"]);
    inbox.clear();
    control.fault(Fault::next("whatsapp", "webhook", What::BatchWebhook { size: 3 }).repeated(3));
    for text in ["a", "b", "c"] {
        says(text);
        control.settled().await;
    }
    assert_eq!((inbox.bodies().len(), texts().len()), (1, 3));
    inbox.clear();
    control.fault(Fault::next("whatsapp", "send", What::EarlyStatus));
    control.fault(Fault::next("whatsapp", "send", What::ResetAfter));
    let request =
        stage.http.post(format!("{}{SEND}", stage.setting("whatsapp", "url"))).bearer_auth("EAAsim-5f2c90");
    assert!(request.json(&text("+16315551234", "x")).send().await.is_err());
    assert_eq!(inbox.statuses(), ["sent"]);
}

#[tokio::test]
async fn cloud_refuses_what_graph_refuses() {
    let stage = Stage::new().await;
    let (status, number) = cloud(&stage, Method::GET, "/106540352242922", &json!({})).await;
    assert_eq!((status, &number["display_phone_number"]), (200, &json!("15550783881")));
    let mut bare = text("+16315551234", "x");
    bare.as_object_mut().unwrap().remove("messaging_product");
    assert_eq!(cloud(&stage, Method::POST, SEND, &bare).await.1["error"]["code"], 100);
    assert_eq!(cloud(&stage, Method::POST, SEND, &text("+16315551234", &"x".repeat(4097))).await.0, 400);
    assert_eq!(cloud(&stage, Method::POST, "/999/messages", &text("+16315551234", "x")).await.0, 400);
    let url = format!("{}{SEND}", stage.setting("whatsapp", "url"));
    let answer = stage.http.post(url).bearer_auth("old").json(&text("+1", "x")).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    stage.simulator.control().fault(Fault::next("whatsapp", "send", What::VendorError { code: 131_016 }));
    let (status, body) = cloud(&stage, Method::POST, SEND, &text("+16315551234", "x")).await;
    assert_eq!((status, &body["error"]["code"]), (500, &json!(131_016)));
}

#[tokio::test]
async fn on_premises_logs_in_sends_and_refuses_clouds_marker() {
    let stage = Stage::new().await;
    let at = |path: &str| format!("{}/v1{path}", stage.setting("whatsapp-onprem", "url"));
    let (user, password) =
        (stage.setting("whatsapp-onprem", "username"), stage.setting("whatsapp-onprem", "password"));
    let wrong = stage.http.post(at("/users/login")).basic_auth(&user, Some("no")).send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    let (_, body) =
        read(stage.http.post(at("/users/login")).basic_auth(&user, Some(password)).send().await.unwrap())
            .await;
    assert_eq!(body["users"][0]["expires_after"], "2026-03-09 12:00:00+00:00");
    let token = body["users"][0]["token"].as_str().unwrap().to_owned();
    let send = |body: Value| stage.http.post(at("/messages")).bearer_auth(&token).json(&body).send();
    let right = json!({"recipient_type": "individual", "to": "250788123123", "type": "text", "text": {"body": "Yes"}});
    let (status, accepted) = read(send(right.clone()).await.unwrap()).await;
    assert_eq!(status, 201);
    assert!(accepted["messages"][0]["id"].as_str().unwrap().starts_with("gBEG"));
    assert_eq!(stage.breaches(), Vec::<String>::new());
    let mut marked = right;
    marked["messaging_product"] = json!("whatsapp");
    let (status, refused) = read(send(marked).await.unwrap()).await;
    assert_eq!((status, &refused["errors"][0]["code"]), (400, &json!(1010)));
    let upload =
        stage.http.post(at("/media")).bearer_auth(&token).header("content-type", "image/jpeg").body("jpeg");
    let (_, media) = read(upload.send().await.unwrap()).await;
    let id = media["media"][0]["id"].as_str().unwrap().to_owned();
    let get = stage.http.get(at(&format!("/media/{id}"))).bearer_auth(&token).send().await.unwrap();
    assert_eq!((get.headers()["content-type"].to_str().unwrap(), get.status().as_u16()), ("image/jpeg", 200));
    let first = stage.simulator.book().messages("onprem", "250788123123")[0].id.clone();
    let read_it = stage
        .http
        .put(at(&format!("/messages/{first}")))
        .bearer_auth(&token)
        .json(&json!({"status": "read"}));
    assert_eq!(read_it.send().await.unwrap().status(), 200);
    stage.simulator.control().expire_sessions("onprem");
    let right = json!({"to": "250788123123", "type": "text", "text": {"body": "Yes"}});
    assert_eq!(send(right).await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_customer_without_a_number_is_answered_by_user_id() {
    let stage = Stage::new().await;
    let (inbox, url) = Inbox::open().await;
    stage.simulator.set_webhooks(Some(url), None);
    let control = stage.simulator.control();
    control.settled().await;
    inbox.clear();
    control.customer_says("whatsapp", "US.13491208655302741918", "Hi").unwrap();
    control.settled().await;
    let value = inbox.values().remove(0);
    assert_eq!(value["contacts"][0]["user_id"], "US.13491208655302741918");
    assert!(value["messages"][0].get("from").is_none());
    let mut body = text("", "Hello!");
    body.as_object_mut().unwrap().remove("to");
    body["recipient"] = json!("US.13491208655302741918");
    let (status, sent) = cloud(&stage, Method::POST, SEND, &body).await;
    assert_eq!((status, &sent["contacts"][0]["user_id"]), (200, &json!("US.13491208655302741918")));
    body["recipient"] = json!("US.1");
    assert_eq!(cloud(&stage, Method::POST, SEND, &body).await.1["error"]["code"], 131_062);
    stage.clock.forward_ms(300);
    control.settled().await;
    let status = inbox.values().pop().unwrap()["statuses"][0].clone();
    assert_eq!(status["recipient_user_id"], "US.13491208655302741918");
    assert!(status.get("recipient_id").is_none());
}

#[tokio::test]
async fn a_history_is_found_by_the_message_and_paged_by_cursor() {
    let stage = Stage::new().await;
    let (_inbox, url) = Inbox::open().await;
    stage.simulator.set_webhooks(Some(url), None);
    let control = stage.simulator.control();
    control.customer_says("whatsapp", "16315551234", "Hi").unwrap();
    let (_, body) = cloud(&stage, Method::POST, SEND, &text("+16315551234", "Hello")).await;
    let id = body["messages"][0]["id"].as_str().unwrap().replace('/', "%2F").replace('+', "%2B");
    for ms in [300, 600, 4_000] {
        stage.clock.forward_ms(ms);
        control.settled().await;
    }
    let get = async |path: String| {
        let url = format!("{}{path}", stage.setting("whatsapp", "url"));
        let request = stage.http.get(url).bearer_auth(stage.setting("whatsapp", "access_token"));
        read(request.send().await.unwrap()).await
    };
    let (status, page) = get(format!("/{id}/events?limit=3")).await;
    assert_eq!((status, page["data"].as_array().unwrap().len()), (200, 3));
    assert_eq!(page["data"][0]["node"]["delivery_status"], "ACCEPTED");
    let after = page["paging"]["cursors"]["after"].as_str().unwrap().replace('=', "%3D");
    assert!(page["paging"]["next"].is_string());
    let (_, page) = get(format!("/{id}/events?limit=3&after={after}")).await;
    assert_eq!(page["data"][0]["node"]["delivery_status"], "READ");
    assert!(page["paging"].get("next").is_none());
    let lookup = format!("/106540352242922/message_history?message_id={id}&limit=1");
    assert_eq!(get(lookup.clone()).await.1["error"]["code"], 100, "nothing finds a history without its id");
    assert_eq!(get("/wamid.unknown/events?limit=100".into()).await.1["error"]["code"], 100);
    assert_eq!(stage.breaches(), Vec::<String>::new());
    control.switches(|it| (it.whatsapp_history_by_message, it.whatsapp_history_lookup) = (false, true));
    assert_eq!(get(format!("/{id}/events")).await.0, 400);
    let (_, found) = get(lookup).await;
    let own = found["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(get(format!("/{own}/events")).await.1["data"].as_array().unwrap().len(), 4);
    assert_eq!(get(format!("/{own}/events?limit=101")).await.0, 400);
    assert_eq!(get(format!("/{own}/events?after=nonsense")).await.0, 400);
    assert_eq!(stage.breaches().len(), 2);
}

#[tokio::test]
async fn on_premises_settings_are_heeded_and_wrong_ones_refused() {
    let stage = Stage::new().await;
    let at = |path: &str| format!("{}/v1{path}", stage.setting("whatsapp-onprem", "url"));
    let (user, password) =
        (stage.setting("whatsapp-onprem", "username"), stage.setting("whatsapp-onprem", "password"));
    let login = stage.http.post(at("/users/login")).basic_auth(&user, Some(password)).send().await.unwrap();
    let token = read(login).await.1["users"][0]["token"].as_str().unwrap().to_owned();
    let patch = async |body: Value| {
        let request = stage.http.patch(at("/settings/application")).bearer_auth(&token).json(&body);
        read(request.send().await.unwrap()).await.0
    };
    let (inbox, url) = Inbox::open().await;
    let right = json!({"webhooks": {"url": url, "message": {"sent": true, "delivered": true, "read": false}},
        "callback_persist": true, "sent_status": true});
    assert_eq!(patch(right).await, 200);
    let control = stage.simulator.control();
    control.settled().await;
    inbox.clear();
    let body = json!({"to": "250788123123", "type": "text", "text": {"body": "Yes"}});
    let sent = stage.http.post(at("/messages")).bearer_auth(&token).json(&body).send().await.unwrap();
    assert_eq!(sent.status(), 201);
    for ms in [300, 600, 4_000] {
        stage.clock.forward_ms(ms);
        control.settled().await;
    }
    let statuses: Vec<_> = inbox.bodies().iter().map(|it| it["statuses"][0]["status"].clone()).collect();
    assert_eq!(statuses, ["sent", "delivered"], "reports of reading were not asked for");
    assert_eq!(stage.breaches(), Vec::<String>::new());
    for wrong in [
        json!({"webhooks": {"url": "http://desk.example/wa"}}),
        json!({"webhook": {"url": "https://desk.example/wa"}}),
        json!({"sent_status": "yes"}),
        json!({"webhooks": {"message": {"seen": true}}}),
    ] {
        assert_eq!(patch(wrong).await, 400);
    }
    assert_eq!(stage.breaches().len(), 4);
    // Without `callback_persist` what was not taken does not come again.
    assert_eq!(patch(json!({"callback_persist": false})).await, 200);
    inbox.clear();
    *inbox.answer.lock().unwrap() = 500;
    let before = control.webhooks_outstanding();
    control.customer_says("onprem", "250788123123", "Hello?").unwrap();
    control.settled().await;
    assert_eq!((inbox.bodies().len(), control.webhooks_outstanding()), (1, before));
}

#[tokio::test]
async fn a_number_without_the_phones_app_gets_edits_as_unsupported() {
    let stage = Stage::new().await;
    let (inbox, url) = Inbox::open().await;
    stage.simulator.set_webhooks(Some(url), None);
    let control = stage.simulator.control();
    let edit = json!({"edit": {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "x"}}}});
    control.settled().await;
    let mut types = Vec::new();
    for unsupported in [false, true] {
        control.switches(|it| it.whatsapp_edits_unsupported = unsupported);
        inbox.clear();
        control.whatsapp_message("whatsapp", "16315551234", "Kerry", "edit", &edit, None);
        control.settled().await;
        types.push(inbox.values().remove(0)["messages"][0].clone());
    }
    assert_eq!((&types[0]["type"], &types[1]["type"]), (&json!("edit"), &json!("unsupported")));
    assert_eq!(types[1]["unsupported"]["type"], "edit");
    assert!(types[1].get("edit").is_none());
}
