//! What is asked of WhatsApp, for both APIs. Pure.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::{
    channels::ChannelError,
    domain::{Capabilities, Customer, Outgoing, outbox::TemplateUse},
};

/// What a path segment keeps.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The longest text.
pub const MAX_TEXT: usize = 4096;
/// The longest text under a file, and of an interactive message.
pub const MAX_CAPTION: usize = 1024;
/// The most products in one message.
const MAX_PRODUCTS: usize = 30;
/// The longest header.
const MAX_HEADER: usize = 60;
/// What leads our own name of a send in `biz_opaque_callback_data`, so that another tool's is never taken for ours.
const OURS: &str = "deskline:";

/// Which of the two APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Meta's Cloud API.
    Cloud,
    /// The On-Premises API, shut down in 2025; relays still speak it.
    OnPremises,
}

/// Whom a message goes to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A number, digits only.
    Phone(String),
    /// A person who shows no number.
    User(String),
    /// A group.
    Group(String),
}

impl Address {
    /// The address of a conversation: the person's newest number that is one of the conversation's names, else any
    /// number among those, else the newest user id. A number always works; a user id only where sending to it is allowed.
    pub fn of(remote_id: &str, aliases: &[String], customer: &Customer, group: bool) -> Self {
        if group {
            return Self::Group(remote_id.to_owned());
        }
        let names = || aliases.iter().map(String::as_str).chain([remote_id]);
        let phone = customer.phone.as_deref().map(digits);
        if let Some(phone) = phone.filter(|phone| names().any(|name| name == phone)) {
            return Self::Phone(phone);
        }
        if let Some(phone) = [remote_id].into_iter().chain(names()).find(|name| is_phone(name)) {
            return Self::Phone(phone.to_owned());
        }
        let newest = customer.id.as_deref().filter(|id| names().any(|name| name == *id));
        Self::User(newest.unwrap_or(remote_id).to_owned())
    }

    /// The address of a conversation to be started.
    ///
    /// # Errors
    /// `ours` where it is no number.
    pub fn dialled(to: Option<&str>) -> Result<Self, ChannelError> {
        let to = to.unwrap_or_default().trim();
        let number = digits(to);
        let only_dialling = to.chars().all(|it| it.is_ascii_digit() || "+ -().".contains(it));
        if !only_dialling || !(7..=15).contains(&number.len()) {
            return Err(ChannelError::ours(format!("{to:?} is no phone number: write it as +5511912345678")));
        }
        Ok(Self::Phone(number))
    }
}

/// The digits of a text.
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Whether a name is a number (a `wa_id`) rather than a user id.
pub fn is_phone(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|it| it.is_ascii_digit())
}

/// Our name of a send, as it travels.
pub fn callback_data(send_id: &str) -> String {
    format!("{OURS}{send_id}")
}

/// Our name of a send, from what came back; `None` where another tool wrote it.
pub fn send_id(callback_data: &str) -> Option<&str> {
    callback_data.strip_prefix(OURS).filter(|it| !it.is_empty())
}

/// Everything that a message is made of.
pub struct Message<'a> {
    /// Which API.
    pub api: Api,
    /// Whom to.
    pub to: &'a Address,
    /// What.
    pub outgoing: &'a Outgoing,
    /// The quoted message's id.
    pub quote: Option<&'a str>,
    /// The uploaded file's id.
    pub upload: Option<&'a str>,
    /// Our name of the send.
    pub send_id: &'a str,
    /// The limits.
    pub capabilities: &'a Capabilities,
    /// On-Premises: the templates' namespace, where one is needed (before 2.41.2).
    pub namespace: Option<&'a str>,
}

/// The body of a send.
///
/// # Errors
/// `ours` where the vendor's limits forbid it; nothing has left then.
pub fn message(message: &Message<'_>) -> Result<Value, ChannelError> {
    let Message { api, to, outgoing, quote, send_id, .. } = *message;
    let mut body = serde_json::Map::new();
    if api == Api::Cloud {
        body.insert("messaging_product".into(), json!("whatsapp"));
    }
    let group = matches!(to, Address::Group(_));
    body.insert("recipient_type".into(), json!(if group { "group" } else { "individual" }));
    match (to, api) {
        // Without `+` the business's own country code may be put in front.
        (Address::Phone(digits), Api::Cloud) => body.insert("to".into(), json!(format!("+{digits}"))),
        (Address::Phone(id), Api::OnPremises) | (Address::Group(id), _) => {
            body.insert("to".into(), json!(id))
        }
        (Address::User(id), Api::Cloud) => body.insert("recipient".into(), json!(id)),
        (Address::User(_), Api::OnPremises) => {
            return Err(ChannelError::ours(
                "this person shows no number, and On-Premises sends to numbers only",
            ));
        }
    };
    if let (Some(id), Api::Cloud, None) = (quote, api, &outgoing.template) {
        body.insert("context".into(), json!({ "message_id": id }));
    }
    let (kind, content) = content(message)?;
    body.insert("type".into(), json!(kind));
    body.insert(kind.into(), content);
    if api == Api::Cloud {
        body.insert("biz_opaque_callback_data".into(), json!(callback_data(send_id)));
    }
    Ok(Value::Object(body))
}

fn content<'a>(message: &Message<'a>) -> Result<(&'a str, Value), ChannelError> {
    let outgoing = message.outgoing;
    let text = outgoing.text.as_str();
    let length = text.chars().count();
    if let Some(used) = &outgoing.template {
        return Ok(("template", template(used, message.api, message.namespace)));
    }
    if let Some(file) = &outgoing.file {
        let id = message.upload.ok_or_else(|| ChannelError::ours("the file was not uploaded"))?;
        let limit =
            message.capabilities.files.as_ref().and_then(|rules| rules.limit_for(&file.mime)).ok_or_else(
                || ChannelError::ours(format!("WhatsApp takes no files of the type {}", file.mime)),
            )?;
        let mut media = json!({ "id": id });
        if !text.is_empty() {
            if !limit.caption || length > MAX_CAPTION {
                return Err(ChannelError::ours(format!(
                    "this text cannot stand under a file of the kind {}: it goes first, as a message of its own",
                    limit.kind
                )));
            }
            media["caption"] = json!(text);
        }
        if limit.kind == "document" {
            media["filename"] = json!(file.name);
        }
        return Ok((limit.kind.as_str(), media));
    }
    if !outgoing.products.is_empty() {
        return Ok(("interactive", products(outgoing)?));
    }
    if text.trim().is_empty() {
        return Err(ChannelError::ours("WhatsApp takes no empty message"));
    }
    if length > MAX_TEXT {
        return Err(ChannelError::ours(format!(
            "the text has {length} characters; WhatsApp takes {MAX_TEXT}"
        )));
    }
    let text = match message.api {
        Api::Cloud => json!({ "preview_url": false, "body": text }),
        Api::OnPremises => json!({ "body": text }),
    };
    Ok(("text", text))
}

fn template(used: &TemplateUse, api: Api, namespace: Option<&str>) -> Value {
    let mut language = json!({ "code": used.language });
    let mut template = json!({ "name": used.name });
    if api == Api::OnPremises {
        language["policy"] = json!("deterministic");
        if let Some(namespace) = namespace {
            template["namespace"] = json!(namespace);
        }
    }
    template["language"] = language;
    if !used.parameters.is_empty() {
        let parameters: Vec<_> =
            used.parameters.iter().map(|text| json!({ "type": "text", "text": text })).collect();
        template["components"] = json!([{ "type": "body", "parameters": parameters }]);
    }
    template
}

/// One product alone, several as a list (contract B2.10).
fn products(outgoing: &Outgoing) -> Result<Value, ChannelError> {
    let text = outgoing.text.trim();
    let [first, rest @ ..] = outgoing.products.as_slice() else {
        return Err(ChannelError::ours("no product was chosen"));
    };
    if text.chars().count() > MAX_CAPTION {
        return Err(ChannelError::ours(format!(
            "the words of a product message have {MAX_CAPTION} characters at most"
        )));
    }
    if rest.iter().any(|it| it.catalog_id != first.catalog_id) {
        return Err(ChannelError::ours("one message shows products of one catalogue only"));
    }
    if rest.is_empty() {
        let mut product = json!({ "type": "product" });
        if !text.is_empty() {
            product["body"] = json!({ "text": text });
        }
        product["action"] =
            json!({ "catalog_id": first.catalog_id, "product_retailer_id": first.product_id });
        return Ok(product);
    }
    if outgoing.products.len() > MAX_PRODUCTS {
        return Err(ChannelError::ours(format!("a list shows {MAX_PRODUCTS} products at most")));
    }
    if text.is_empty() {
        return Err(ChannelError::ours("a list of products needs words of yours"));
    }
    // Header and body are both required; the agent wrote one text, whose first line leads.
    let (line, more) = text.split_once('\n').unwrap_or((text, text));
    let header: String = line.chars().take(MAX_HEADER).collect();
    let body = if more.trim().is_empty() || line.chars().count() > MAX_HEADER { text } else { more.trim() };
    let items: Vec<_> =
        outgoing.products.iter().map(|it| json!({ "product_retailer_id": it.product_id })).collect();
    Ok(json!({
        "type": "product_list",
        "header": { "type": "text", "text": header },
        "body": { "text": body },
        "action": { "catalog_id": first.catalog_id, "sections": [{ "title": title(&header), "product_items": items }] },
    }))
}

/// A section's title has 24 characters at most.
fn title(header: &str) -> String {
    header.chars().take(24).collect::<String>().trim().to_owned()
}

/// Cloud: the body of a read mark, which marks all before it too; `typing`: it says that somebody writes, until the reply
/// or 25 seconds later (contract B2.4).
pub fn read_mark(message_id: &str, typing: bool) -> Value {
    let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": message_id });
    if typing {
        body["typing_indicator"] = json!({ "type": "text" });
    }
    body
}

/// Cloud: the address of sends and of read marks.
pub fn cloud_messages(base: &str, phone_number_id: &str) -> String {
    format!("{}/{}/messages", base.trim_end_matches('/'), segment(phone_number_id))
}

/// Cloud: a thing by its id.
pub fn cloud_thing(base: &str, id: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), segment(id))
}

/// On-Premises: an address below `/v1`.
pub fn on_premises(base: &str, path: &[&str]) -> String {
    let mut url = format!("{}/v1", base.trim_end_matches('/'));
    for part in path {
        url.push('/');
        url.push_str(&segment(part));
    }
    url
}

pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Whether the token may be shown to a file's address: the configured host, or one that matches `media_hosts`
/// (`*.fbsbx.com`). A pattern never lowers the protection: `http` only where the configured address is `http` itself.
pub fn may_have_token(base: &str, media_hosts: &[String], url: &str) -> bool {
    if crate::channels::http::same_origin(base, url) {
        return true;
    }
    let (Ok(base), Ok(url)) = (reqwest::Url::parse(base), reqwest::Url::parse(url)) else { return false };
    let scheme_fits = url.scheme() == "https" || (url.scheme() == "http" && base.scheme() == "http");
    let Some(host) = url.host_str() else { return false };
    scheme_fits
        && url.username().is_empty()
        && media_hosts.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(domain) => {
                host.len() > domain.len() + 1
                    && host.to_ascii_lowercase().ends_with(&format!(".{}", domain.to_ascii_lowercase()))
            }
            None => host.eq_ignore_ascii_case(pattern),
        })
}
