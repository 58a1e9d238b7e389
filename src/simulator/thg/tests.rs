use serde_json::{Value, json};

use crate::simulator::{
    Fault, What,
    testing::{Stage, read},
};

const LOGIN: &str =
    "mutation Login($i: LoginInput!){login(input:$i){error newCustomer token customer{email}}}";
const LIST: &str = "query L($o:Int!,$l:Int!,$mo:Int!,$ml:Int!){customer{discussions(offset:$o,limit:$l){discussions{
    id category status createdAt updatedAt read selection{selectedOrder{orderNumber} selectedProducts{sku productVariant{title}}}
    messages(offset:$mo,limit:$ml){messages{id type createdAt message} total hasMore}} total hasMore}}}";
const ONE: &str =
    "query One($id: ID!, $o: Int!) { customer { discussions(filter: {id: $id}) { discussions { read status
    messages(offset: $o, limit: 10) { messages { id type message } total hasMore } } } } }";

async fn ask(stage: &Stage, token: Option<&str>, query: &str, variables: Value) -> Value {
    let mut request = stage
        .http
        .post(stage.setting("myprotein", "url"))
        .json(&json!({"query": query, "variables": variables}));
    if let Some(token) = token {
        request = request.header("Authorization", format!("Opaque {token}"));
    }
    let (status, body) = read(request.send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    body
}

async fn login(stage: &Stage) -> String {
    let input = json!({"i": {
        "username": stage.setting("myprotein", "username"), "password": stage.setting("myprotein", "password"),
    }});
    let body = ask(stage, None, LOGIN, input).await;
    assert_eq!(body["extensions"]["flags"], json!(["LOGGED_IN"]));
    assert_eq!(body["data"]["login"]["customer"]["email"], "care@example.com");
    body["data"]["login"]["token"].as_str().unwrap().to_owned()
}

fn page(offset: u32) -> Value {
    json!({"o": offset, "l": 10, "mo": 0, "ml": 20})
}

#[tokio::test]
async fn login_is_refused_in_band_and_lasts_until_it_is_ended() {
    let stage = Stage::new().await;
    let wrong =
        ask(&stage, None, LOGIN, json!({"i": {"username": "care@example.com", "password": "no"}})).await;
    assert_eq!(wrong["data"]["login"]["error"], "FAILED_LOGIN");
    assert!(wrong.get("errors").is_none());
    let nobody = ask(&stage, None, LIST, page(0)).await;
    assert_eq!(nobody["data"]["customer"], Value::Null);
    assert_eq!(nobody["extensions"]["flags"], json!([]));
    let token = login(&stage).await;
    let body = ask(&stage, Some(&token), LIST, page(0)).await;
    assert_eq!(body["data"]["customer"]["discussions"]["total"], 5);
    stage.simulator.control().expire_sessions("thg");
    let body = ask(&stage, Some(&token), LIST, page(0)).await;
    assert_eq!(body["data"]["customer"], Value::Null);
    let reply =
        "mutation R($d: ID!,$i: AddDiscussionMessageInput!){replyToDiscussion(discussionId:$d,input:$i)}";
    let body = ask(&stage, Some(&token), reply, json!({"d": "13183370", "i": {"message": "x"}})).await;
    assert_eq!((&body["data"], &body["errors"][0]["message"]), (&Value::Null, &json!("Not authenticated")));
    assert_eq!(stage.breaches(), Vec::<String>::new());
}

#[tokio::test]
async fn the_web_api_keeps_its_token_in_a_cookie() {
    let stage = Stage::new().await;
    let account = stage.simulator.thg_web_account();
    let url = &account.settings[0].1;
    let input = json!({"i": {"username": account.settings[3].1, "password": account.settings[4].1}});
    let answer =
        stage.http.post(url).json(&json!({"query": LOGIN, "variables": input})).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("Opaque_myprotein_en="));
    let (_, body) = read(answer).await;
    assert_eq!(body["data"]["login"]["token"], Value::Null);
    let request = stage.http.post(url).header("Cookie", cookie).json(&json!({"query": "{customer{email}}"}));
    let (_, body) = read(request.send().await.unwrap()).await;
    assert_eq!(body["data"]["customer"]["email"], "care@example.com");
}

#[tokio::test]
async fn lists_page_at_both_levels() {
    let stage = Stage::with(|options| options.conversations = 30).await;
    let token = login(&stage).await;
    let mut ids = Vec::new();
    let mut long = None;
    let mut offset = 0;
    loop {
        let body = ask(&stage, Some(&token), LIST, page(offset)).await;
        let list = &body["data"]["customer"]["discussions"];
        let rows = list["discussions"].as_array().unwrap();
        for row in rows {
            ids.push(row["id"].as_str().unwrap().to_owned());
            if row["messages"]["total"].as_u64().unwrap() > 10 {
                long = Some(row["id"].clone());
            }
        }
        offset += u32::try_from(rows.len()).unwrap();
        if list["hasMore"] == false {
            break;
        }
    }
    assert_eq!(ids.len(), 35);
    let long = long.expect("a discussion with more than ten messages");
    let first = ask(&stage, Some(&token), ONE, json!({"id": long, "o": 0})).await;
    let messages = &first["data"]["customer"]["discussions"]["discussions"][0]["messages"];
    assert_eq!((messages["messages"].as_array().unwrap().len(), &messages["hasMore"]), (10, &json!(true)));
    let seed = "query GetMessages { customer { discussions { discussions { id # a comment
        messages { messages { id } total hasMore } } total hasMore } } }";
    let body = ask(&stage, Some(&token), seed, json!({})).await;
    assert_eq!(body["data"]["customer"]["discussions"]["discussions"].as_array().unwrap().len(), 10);
    let heavy = json!({"o": 0, "l": 50, "mo": 0, "ml": 50});
    let body = ask(&stage, Some(&token), LIST, heavy).await;
    assert_eq!(body["data"], Value::Null);
    assert!(body["extensions"]["weight"]["weight"].as_u64() > Some(1000));
    assert_eq!(stage.breaches(), Vec::<String>::new());
}

#[tokio::test]
async fn an_unread_response_is_read_only_up_to_its_newest_message() {
    let stage = Stage::new().await;
    let token = login(&stage).await;
    let body = ask(&stage, Some(&token), ONE, json!({"id": "13183370", "o": 0})).await;
    let one = &body["data"]["customer"]["discussions"]["discussions"][0];
    assert_eq!((&one["read"], &one["status"]), (&json!(false), &json!("COMPLETED")));
    let newest = one["messages"]["messages"][1]["id"].clone();
    stage.simulator.control().agent_answers("thg", "13183370", "One more thing.").unwrap();
    let mark = "mutation M($i: MarkDiscussionMessagesAsReadInput){markDiscussionMessagesAsRead(input:$i)}";
    let input = json!({"i": {"discussionId": "13183370", "upToMessageId": newest}});
    let body = ask(&stage, Some(&token), mark, input).await;
    assert!(body.get("errors").is_none());
    assert_eq!(stage.simulator.control().thg_read("13183370"), Some(false));
    let body = ask(&stage, Some(&token), ONE, json!({"id": "13183370", "o": 0})).await;
    let newest =
        body["data"]["customer"]["discussions"]["discussions"][0]["messages"]["messages"][2]["id"].clone();
    let inline = format!(
        "mutation MarkDiscussionAsRead {{ markDiscussionMessagesAsRead(input: {{discussionId: \"13183370\"
        upToMessageId: {newest}}}) }}"
    );
    ask(&stage, Some(&token), &inline, json!({})).await;
    assert_eq!(stage.simulator.control().thg_read("13183370"), Some(true));
}

#[tokio::test]
async fn a_file_is_uploaded_and_carried_once() {
    let stage = Stage::new().await;
    let token = login(&stage).await;
    let body = ask(
        &stage,
        Some(&token),
        "query Config { attachmentUploaderConfig { uploadUrl authToken } }",
        json!({}),
    )
    .await;
    let config = &body["data"]["attachmentUploaderConfig"];
    let url = format!("{}{}", stage.setting("myprotein", "site_url"), config["uploadUrl"].as_str().unwrap());
    let file = |bytes: &[u8]| {
        let part = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name("a.png");
        part.mime_str("application/octet-stream").unwrap()
    };
    let auth = config["authToken"].as_str().unwrap().to_owned();
    let form = reqwest::multipart::Form::new()
        .text("uploadToken", auth.clone())
        .part("attachment", file(crate::simulator::phrases::PICTURE));
    let (_, body) = read(stage.http.post(&url).multipart(form).send().await.unwrap()).await;
    assert_eq!(
        (&body["successful"], &body["mimeType"], &body["errorCode"]),
        (&json!(true), &json!("image/png"), &json!(0))
    );
    let create = "mutation C($i: CreateDiscussionInput!){createDiscussion(input:$i)}";
    let mut input = json!({"i": {
        "category": "PROBLEM_WITH_MY_ORDER", "message": {"message": "Broken, see photo.", "attachmentToken": body["token"]},
        "selection": {"selectedOrderId": "152050629", "selectedProductSkus": [10_530_943]},
    }});
    let made = ask(&stage, Some(&token), create, input.clone()).await;
    let id = made["data"]["createDiscussion"].as_str().unwrap();
    assert!(id.starts_with("351"), "a message's id: {id}");
    let kept = stage.simulator.book().attachments().into_iter().find(|one| one.vendor == "thg").unwrap();
    assert_eq!(kept.message.as_deref(), Some(id));
    let again = ask(&stage, Some(&token), create, input.clone()).await;
    assert_eq!(again["data"], Value::Null);
    assert_eq!(stage.breaches(), Vec::<String>::new());
    input["i"]["message"] = json!({"message": "x"});
    input["i"]["category"] = json!("COMPLAINT");
    let bad = ask(&stage, Some(&token), create, input.clone()).await;
    assert!(bad["errors"][0]["message"].as_str().unwrap().contains("DiscussionCategory"));
    let form = reqwest::multipart::Form::new().text("authToken", auth).part("attachment", file(b"x"));
    let (_, body) = read(stage.http.post(&url).multipart(form).send().await.unwrap()).await;
    assert_eq!((&body["successful"], &body["errorCode"]), (&json!(false), &json!(1)));
}

#[tokio::test]
async fn queries_that_the_schema_does_not_know_are_refused() {
    let stage = Stage::new().await;
    let token = login(&stage).await;
    for query in [
        "{ customer { discussion { id } } }",
        "{ customer { discussions { total(limit: 1) } } }",
        "{ customer { discussions } }",
        "{ customer { email { x } } }",
        "query Q($o: String) { customer { discussions(offset: $o) { total } } }",
        "mutation { replyToDiscussion(input: {message: \"x\"}) }",
        "mutation { createDiscussion(input: {category: \"FEEDBACK\", message: {message: \"x\"}}) }",
        "mutation { createDiscussion(input: {category: FEEDBACK, message: {message: \"x\", file: \"y\"}}) }",
        "{ customer { email ",
    ] {
        let body = ask(&stage, Some(&token), query, json!({})).await;
        assert!(body["errors"][0]["message"].is_string(), "{query}");
        assert!(body["data"].is_null() || body["data"]["createDiscussion"].is_null(), "{query}");
    }
    assert_eq!(stage.breaches().len(), 9);
    let fragments =
        "query($x: Boolean!) { me: customer { ...F total: discussions { n: total @skip(if: $x) hasMore } } }
        fragment F on Customer { email ... on Customer { fullName } }";
    let body = ask(&stage, Some(&token), fragments, json!({"x": true})).await;
    assert_eq!(
        body["data"]["me"],
        json!({"email": "care@example.com", "fullName": "Robin Care", "total": {"hasMore": false}})
    );
}

#[tokio::test]
async fn an_outage_and_a_rate_limit_come_in_band() {
    let stage = Stage::new().await;
    let token = login(&stage).await;
    let control = stage.simulator.control();
    control.fault(Fault::next("thg", "list", What::DiscussionsNull));
    let body = ask(&stage, Some(&token), LIST, page(0)).await;
    assert_eq!(body["data"]["customer"]["discussions"], Value::Null);
    assert!(body["errors"][0]["message"].is_string());
    control.fault(Fault::next("thg", "*", What::RateLimited));
    let body = ask(&stage, Some(&token), LIST, page(0)).await;
    assert_eq!(body["errors"][0]["extensions"]["rateLimited"], true);
    control.fault(Fault::next("thg", "list", What::UnknownEnum { field: "status".into() }));
    let body = ask(&stage, Some(&token), LIST, page(0)).await;
    assert_eq!(body["data"]["customer"]["discussions"]["discussions"][0]["status"], "SOMETHING_NEW");
    assert_eq!(stage.breaches(), Vec::<String>::new());
}
