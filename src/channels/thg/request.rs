//! The bodies of our requests. Pure.

use serde_json::{Value, json};

use crate::{channels::ChannelError, domain::outbox::NewConversation};

/// Discussions with a page of their messages. Both levels always carry their page: without, the vendor silently gives
/// the first 10 (contract 1.7).
const LIST: &str = "query Discussions($filter: DiscussionsFilterInput, $offset: Int!, $limit: Int!, \
    $messageOffset: Int!, $messageLimit: Int!) { customer { discussions(filter: $filter, offset: $offset, limit: $limit) \
    { discussions { id category status createdAt updatedAt read selection { selectedOrder { orderNumber } \
    selectedProducts { sku productVariant { title } } } messages(offset: $messageOffset, limit: $messageLimit) \
    { messages { id type createdAt message } total hasMore } } total hasMore } } }";

/// How much of the list to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Discussions to skip.
    pub offset: u64,
    /// Discussions.
    pub limit: u64,
    /// Messages of each to skip.
    pub message_offset: u64,
    /// Messages of each.
    pub message_limit: u64,
}

/// A request: its operation's name and its body.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// For `operationName` and the log.
    pub name: &'static str,
    /// The whole body.
    pub body: Value,
}

fn request(name: &'static str, query: &str, variables: &Value) -> Request {
    Request { name, body: json!({"query": query, "variables": variables, "operationName": name}) }
}

/// `login`.
pub fn login(username: &str, password: &str) -> Request {
    request(
        "Login",
        "mutation Login($input: LoginInput!) { login(input: $input) { error newCustomer token customer { email } } }",
        &json!({"input": {"username": username, "password": password}}),
    )
}

/// As [`login`], for the web API, whose answer has no `token` field to ask for.
pub fn web_login(username: &str, password: &str) -> Request {
    request(
        "Login",
        "mutation Login($input: LoginInput!) { login(input: $input) { error newCustomer customer { email } } }",
        &json!({"input": {"username": username, "password": password}}),
    )
}

/// A page of discussions; of one, where `id` is given.
pub fn list(id: Option<&str>, window: Window) -> Request {
    let filter = id.map_or(Value::Null, |id| json!({"id": id}));
    request(
        "Discussions",
        LIST,
        &json!({"filter": filter, "offset": window.offset, "limit": window.limit,
                "messageOffset": window.message_offset, "messageLimit": window.message_limit}),
    )
}

/// `replyToDiscussion`.
pub fn reply(discussion: &str, text: &str, attachment_token: Option<&str>) -> Request {
    request(
        "Reply",
        "mutation Reply($discussionId: ID!, $input: AddDiscussionMessageInput!) { replyToDiscussion(discussionId: \
         $discussionId, input: $input) }",
        &json!({"discussionId": discussion, "input": message(text, attachment_token)}),
    )
}

/// `createDiscussion`.
///
/// # Errors
/// `ours` where the category is missing, products come without an order, or a product's number is no number.
pub fn create(new: &NewConversation, attachment_token: Option<&str>) -> Result<Request, ChannelError> {
    let category = new
        .category
        .as_deref()
        .filter(|it| !it.is_empty())
        .ok_or_else(|| ChannelError::ours("a new THG discussion needs a category; nothing was sent"))?;
    let selection = match new.order.as_deref().filter(|it| !it.is_empty()) {
        None if new.skus.is_empty() => Value::Null,
        None => {
            return Err(ChannelError::ours("THG takes no products without their order; nothing was sent"));
        }
        // The schema wants both fields: an order alone has an empty list (contract T4). SKU is a numeric scalar.
        Some(order) => {
            let skus = new.skus.iter().map(|sku| number(sku)).collect::<Result<Vec<_>, _>>()?;
            json!({"selectedOrderId": order, "selectedProductSkus": skus})
        }
    };
    Ok(request(
        "Create",
        "mutation Create($input: CreateDiscussionInput!) { createDiscussion(input: $input) }",
        &json!({"input": {"category": category, "message": message(&new.first.text, attachment_token),
                          "selection": selection}}),
    ))
}

/// `markDiscussionMessagesAsRead`.
pub fn mark_read(discussion: &str, up_to: &str) -> Request {
    request(
        "MarkRead",
        "mutation MarkRead($input: MarkDiscussionMessagesAsReadInput) { markDiscussionMessagesAsRead(input: $input) }",
        &json!({"input": {"discussionId": discussion, "upToMessageId": up_to}}),
    )
}

/// `attachmentUploaderConfig`.
pub fn uploader_config() -> Request {
    request(
        "UploaderConfig",
        "query UploaderConfig { attachmentUploaderConfig { uploadUrl authToken } }",
        &json!({}),
    )
}

/// The address of an upload: `path` at the shop, its host whatever the vendor says (contract 1.6). A path in `site` is
/// kept.
///
/// # Errors
/// `ours` where the vendor names another host.
pub fn upload_url(site: &str, path: &str) -> Result<String, ChannelError> {
    let refused = || {
        ChannelError::ours(
            "the vendor named an upload address outside of `site_url`; the file was not sent there",
        )
    };
    let url = if path.contains("://") && !path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{}", site.trim_end_matches('/'), path.trim_start_matches('/'))
    };
    if crate::channels::http::same_origin(site, &url) { Ok(url) } else { Err(refused()) }
}

fn message(text: &str, attachment_token: Option<&str>) -> Value {
    match attachment_token {
        Some(token) => json!({"message": text, "attachmentToken": token}),
        None => json!({"message": text}),
    }
}

fn number(sku: &str) -> Result<Value, ChannelError> {
    sku.trim().parse::<u64>().map(Value::from).map_err(|_| {
        ChannelError::ours(format!("`{sku}` is no THG product number (digits only); nothing was sent"))
    })
}
