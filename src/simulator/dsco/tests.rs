use reqwest::Method;
use serde_json::{Value, json};

use crate::simulator::{
    Fault, What,
    testing::{Stage, read},
};

async fn token(stage: &Stage, account: &str) -> String {
    let form = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", stage.setting(account, "client_id")),
        ("client_secret", stage.setting(account, "client_secret")),
    ];
    let answer = stage.http.post(stage.url("/dsco/api/v3/oauth2/token")).form(&form).send().await.unwrap();
    let (status, body) = read(answer).await;
    assert_eq!(status, 200);
    assert_eq!(body["token_type"], "Bearer");
    body["access_token"].as_str().unwrap().to_owned()
}

async fn call(stage: &Stage, token: &str, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = stage
        .http
        .request(method, stage.url(&format!("/dsco/api/v3{path}")))
        .header("Authorization", format!("bearer {token}"))
        .header("Accept", "application/json")
        .json(body);
    read(request.send().await.unwrap()).await
}

const CASE: &str = "sfs09fsf09s8fsfs9009";
const WINDOW: (&str, &str) = ("2026-02-01T00:00:00.000Z", "2026-03-02T11:59:50.000Z");

#[tokio::test]
async fn tokens_are_given_checked_and_run_out() {
    let stage = Stage::new().await;
    let form =
        [("grant_type", "client_credentials"), ("client_id", "supplier-client"), ("client_secret", "x")];
    let answer = stage.http.post(stage.url("/dsco/api/v3/oauth2/token")).form(&form).send().await.unwrap();
    let (status, body) = read(answer).await;
    assert_eq!((status, body["error"].as_str()), (401, Some("invalid_client")));
    let token = token(&stage, "dsco-supplier").await;
    let (status, body) = call(&stage, &token, Method::GET, "/hello", &json!({})).await;
    assert_eq!((status, &body["hello"]), (200, &json!("World!")));
    stage.clock.forward_ms(3_600_000);
    let (status, _) = call(&stage, &token, Method::GET, "/hello", &json!({})).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn the_supplier_reads_answers_and_closes() {
    let stage = Stage::new().await;
    let token = token(&stage, "dsco-supplier").await;
    let (since, until) = WINDOW;
    let query = json!({"createdSince": since, "until": until, "test": "all"});
    let (status, page) = call(&stage, &token, Method::POST, "/conversation/message/list", &query).await;
    assert_eq!(status, 200);
    assert!(page.get("scrollId").is_none());
    let message =
        page["messages"].as_array().unwrap().iter().find(|one| one["dscoConversationId"] == CASE).unwrap();
    assert_eq!(message["message"], "Why is my order late?");
    assert_eq!(message["type"]["customerCareType"], "message_from_consumer");
    assert_eq!(message["dscoTradingPartnerName"], "Big Retailer");
    let control = stage.simulator.control();
    control.switches(|it| it.dsco_basic_plane = true);
    let smiles = json!({"dscoConversationId": CASE, "message": "We're sorry. 😀"});
    assert_eq!(call(&stage, &token, Method::POST, "/conversation/message", &smiles).await.0, 400);
    control.switches(|it| it.dsco_basic_plane = false);
    let body = json!({"dscoConversationId": CASE, "message": "We're sorry."});
    let (status, sent) = call(&stage, &token, Method::POST, "/conversation/message", &body).await;
    assert_eq!(status, 201);
    assert_eq!(sent["type"]["customerCareType"], "response_to_consumer");
    assert_eq!(stage.simulator.control().status("dsco", CASE).as_deref(), Some("in_progress"));
    let close = json!({"dscoConversationId": CASE, "status": "closed", "supplierReferenceId": "ticket-42"});
    let (status, closed) = call(&stage, &token, Method::PUT, "/conversation", &close).await;
    assert_eq!((status, &closed["status"]), (200, &json!("closed")));
    assert!(closed["closedDate"].is_string());
    let (status, text) = call(&stage, &token, Method::POST, "/conversation/message", &body).await;
    assert_eq!(status, 400);
    assert!(text.as_str().unwrap().contains("closed"));
    let open = json!({"findBySupplierReferenceId": "ticket-42", "status": "in_progress"});
    let (status, _) = call(&stage, &token, Method::PUT, "/conversation", &open).await;
    assert_eq!(status, 200);
    assert_eq!(stage.breaches(), Vec::<String>::new());
}

#[tokio::test]
async fn searches_keep_their_rules() {
    let stage = Stage::with(|options| options.switches.rate_limits = false).await;
    let token = token(&stage, "dsco-supplier").await;
    let bad = [
        json!({}),
        json!({"test": "all"}),
        json!({"until": "2026-03-02T11:59:56.000Z"}),
        json!({"createdSince": "2023:05:01T9:29:55.0000Z"}),
        json!({"type": {"type": "standard"}}),
        json!({"dscoConversationId": "nobody's"}),
        json!({"dscoSupplierId": "1", "dscoSupplierTradingPartnerId": "2"}),
    ];
    for query in bad {
        let (status, text) = call(&stage, &token, Method::POST, "/conversation/message/list", &query).await;
        assert_eq!(status, 400, "{query}");
        assert!(text.is_string(), "{query}");
    }
    let ok = json!({"until": "2026-03-02T11:59:55.000Z"});
    let (status, legit) = call(&stage, &token, Method::POST, "/conversation/list", &ok).await;
    assert_eq!(status, 200);
    let all = json!({"until": "2026-03-02T11:59:55.000Z", "test": "all"});
    let (_, all) = call(&stage, &token, Method::POST, "/conversation/list", &all).await;
    let count = |page: &Value| page["conversations"].as_array().unwrap().len();
    assert_eq!(count(&all), count(&legit) + 1);
    let (status, _) = call(&stage, &token, Method::GET, "/conversation/list", &json!({})).await;
    assert_eq!(status, 405);
}

#[tokio::test]
async fn scrolling_goes_to_the_end_and_expires() {
    let stage = Stage::with(|options| {
        options.conversations = 220;
        options.switches.rate_limits = false;
    })
    .await;
    let token = token(&stage, "dsco-retailer").await;
    let list = "/conversation/message/list";
    let query = json!({"createdSince": "2026-01-01T00:00:00.000Z", "until": WINDOW.1, "test": "all"});
    let (_, mut page) = call(&stage, &token, Method::POST, list, &query).await;
    let mut ids = Vec::new();
    let mut pages = 1;
    loop {
        ids.extend(page["messages"].as_array().unwrap().iter().map(|one| one["dscoMessageId"].clone()));
        let Some(scroll) = page.get("scrollId").cloned() else { break };
        let (status, next) = call(&stage, &token, Method::POST, list, &json!({"scrollId": scroll})).await;
        assert_eq!(status, 200);
        page = next;
        pages += 1;
    }
    let total = ids.len();
    ids.sort_by_key(ToString::to_string);
    ids.dedup();
    assert_eq!(ids.len(), total);
    assert!(pages > 4, "{pages}");
    let (_, page) = call(&stage, &token, Method::POST, list, &query).await;
    stage.clock.forward_ms(300_001);
    let (status, _) = call(&stage, &token, Method::POST, list, &json!({"scrollId": page["scrollId"]})).await;
    assert_eq!(status, 404);
    assert_eq!(stage.breaches(), Vec::<String>::new());
}

#[tokio::test]
async fn the_retailer_creates_once_per_reference() {
    let stage = Stage::new().await;
    let token = token(&stage, "dsco-retailer").await;
    let create = json!({
        "otherPartyTradingPartnerId": "aaa-bbb-ccc", "referenceId": "case-1", "title": "Late order complaint",
        "type": {"type": "customer_care", "consumerId": "777"}, "context": {"type": "order", "poNumber": "123-456-789"},
        "initialMessage": {"message": "Where is it?"},
    });
    let (status, made) = call(&stage, &token, Method::POST, "/conversation", &create).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!((&made["status"], &made["context"]["dscoOrderId"]), (&json!("new"), &json!("9900001")));
    let (status, _) = call(&stage, &token, Method::POST, "/conversation", &create).await;
    assert_eq!(status, 400);
    let find = json!({"retailerReferenceId": "case-1"});
    let (_, early) = call(&stage, &token, Method::POST, "/conversation/list", &find).await;
    assert_eq!(early["conversations"], json!([]));
    stage.clock.forward_ms(2_000);
    let (_, later) = call(&stage, &token, Method::POST, "/conversation/list", &find).await;
    assert_eq!(later["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(stage.breaches(), Vec::<String>::new());
    for (field, value) in [
        ("title", json!("Late order complaint from end consumer on Order 123")),
        ("otherPartyTradingPartnerId", json!("zzz")),
        ("context", json!({"type": "order"})),
        ("initialMessage", json!({"message": "x", "originatesFromExternal": true})),
    ] {
        let mut wrong = create.clone();
        wrong["referenceId"] = json!("case-2");
        wrong[field] = value;
        stage.clock.forward_ms(1_000);
        let (status, _) = call(&stage, &token, Method::POST, "/conversation", &wrong).await;
        assert_eq!(status, 400, "{field}");
    }
}

#[tokio::test]
async fn the_sixth_call_of_a_second_is_told_to_wait() {
    let stage = Stage::new().await;
    let token = token(&stage, "dsco-supplier").await;
    let query = json!({"until": WINDOW.1});
    for _ in 0..5 {
        assert_eq!(call(&stage, &token, Method::POST, "/conversation/list", &query).await.0, 200);
    }
    assert_eq!(call(&stage, &token, Method::POST, "/conversation/message/list", &query).await.0, 200);
    assert_eq!(call(&stage, &token, Method::POST, "/conversation/list", &query).await.0, 429);
}

#[tokio::test]
async fn faults_bend_pages_and_clocks() {
    let stage = Stage::with(|options| options.switches.rate_limits = false).await;
    let token = token(&stage, "dsco-supplier").await;
    let control = stage.simulator.control();
    let query = json!({"until": WINDOW.1});
    control.fault(Fault::next("dsco", "list", What::EmptyLastPage));
    let (_, page) = call(&stage, &token, Method::POST, "/conversation/list", &query).await;
    let scroll = json!({"scrollId": page["scrollId"].as_str().expect("a further page")});
    let (_, page) = call(&stage, &token, Method::POST, "/conversation/list", &scroll).await;
    assert_eq!(page, json!({"conversations": []}));
    control.fault(Fault::next("dsco", "hello", What::ClockSkew { seconds: 600 }));
    let hello =
        stage.http.get(stage.url("/dsco/api/v3/hello")).header("Authorization", format!("Bearer {token}"));
    let answer = hello.send().await.unwrap();
    assert_eq!(answer.headers()["date"], "Mon, 02 Mar 2026 12:10:00 GMT");
    control.fault(Fault::next("dsco", "list", What::SessionExpired));
    assert_eq!(call(&stage, &token, Method::POST, "/conversation/list", &query).await.0, 401);
}
