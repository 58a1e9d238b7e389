//! What Horizon sends, to the letter of its schema (contract 1.2), every field optional: a schema that grows or an
//! answer that is half there never fails as a whole.

use serde::Deserialize;

use crate::channels::{
    json::maybe,
    lenient::{Raw, maybe_items, text, truth},
};

/// A GraphQL answer.
#[derive(Debug, Default, Deserialize)]
pub struct Envelope {
    /// `null`, or absent, where everything failed.
    #[serde(default, deserialize_with = "maybe")]
    pub data: Option<Data>,
    /// What went wrong.
    #[serde(default, deserialize_with = "maybe_items")]
    pub errors: Option<Vec<Raw>>,
    /// Flags, weight, rate limits.
    #[serde(default, deserialize_with = "maybe")]
    pub extensions: Option<Extensions>,
}

/// The root fields that we ask for. The id of a mutation is a bare text.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Data {
    /// `null`: not logged in.
    #[serde(default, deserialize_with = "maybe")]
    pub customer: Option<Customer>,
    /// `null`: not logged in, or the service is down.
    #[serde(default, deserialize_with = "maybe")]
    pub attachment_uploader_config: Option<UploaderConfig>,
    /// Nullable.
    #[serde(default, deserialize_with = "maybe")]
    pub login: Option<Authentication>,
    /// The new discussion's or message's id: the reference says "message" (contract 1.3).
    #[serde(default, deserialize_with = "text")]
    pub create_discussion: Option<String>,
    /// The new message's id.
    #[serde(default, deserialize_with = "text")]
    pub reply_to_discussion: Option<String>,
}

/// `customer`.
#[derive(Debug, Default, Deserialize)]
pub struct Customer {
    /// `null`: an outage, not an empty inbox.
    #[serde(default, deserialize_with = "maybe")]
    pub discussions: Option<Discussions>,
}

/// A page of discussions.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the vendor's names")]
pub struct Discussions {
    /// `None` where there is no list at all.
    #[serde(default, deserialize_with = "maybe_items")]
    pub discussions: Option<Vec<Raw>>,
    /// All there are.
    #[serde(default, deserialize_with = "maybe")]
    pub total: Option<u64>,
    /// Whether another page follows.
    #[serde(default, deserialize_with = "truth")]
    pub has_more: Option<bool>,
}

/// A discussion.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discussion {
    /// Opaque.
    #[serde(default, deserialize_with = "text")]
    pub id: Option<String>,
    /// One of 17 words, or a newer one.
    #[serde(default, deserialize_with = "text")]
    pub category: Option<String>,
    /// One of 4 words, or a newer one.
    #[serde(default, deserialize_with = "text")]
    pub status: Option<String>,
    /// Milliseconds since 1970, a number or its digits.
    #[serde(default, deserialize_with = "text")]
    pub created_at: Option<String>,
    /// As `created_at`.
    #[serde(default, deserialize_with = "text")]
    pub updated_at: Option<String>,
    /// Per discussion, not per message.
    #[serde(default, deserialize_with = "truth")]
    pub read: Option<bool>,
    /// What it is about.
    #[serde(default, deserialize_with = "maybe")]
    pub selection: Option<Selection>,
    /// The page of messages that was asked for.
    #[serde(default, deserialize_with = "maybe")]
    pub messages: Option<Messages>,
}

/// The order and products of a discussion.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// Nullable.
    #[serde(default, deserialize_with = "maybe")]
    pub selected_order: Option<Order>,
    /// May be empty.
    #[serde(default, deserialize_with = "maybe_items")]
    pub selected_products: Option<Vec<Raw>>,
}

/// An order.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Digits.
    #[serde(default, deserialize_with = "text")]
    pub order_number: Option<String>,
}

/// A product of an order.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderProduct {
    /// A number.
    #[serde(default, deserialize_with = "text")]
    pub sku: Option<String>,
    /// `null` when it is no longer visible.
    #[serde(default, deserialize_with = "maybe")]
    pub product_variant: Option<ProductVariant>,
}

/// A product's name.
#[derive(Debug, Default, Deserialize)]
pub struct ProductVariant {
    /// Its title.
    #[serde(default, deserialize_with = "text")]
    pub title: Option<String>,
}

/// A page of messages.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the vendor's names")]
pub struct Messages {
    /// `None` where there is no list at all.
    #[serde(default, deserialize_with = "maybe_items")]
    pub messages: Option<Vec<Raw>>,
    /// All there are.
    #[serde(default, deserialize_with = "maybe")]
    pub total: Option<u64>,
    /// Whether another page follows.
    #[serde(default, deserialize_with = "truth")]
    pub has_more: Option<bool>,
}

/// A message.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the vendor's names")]
pub struct Message {
    /// Opaque.
    #[serde(default, deserialize_with = "text")]
    pub id: Option<String>,
    /// `QUERY` or `RESPONSE`, or a newer word.
    #[serde(default, deserialize_with = "text")]
    pub r#type: Option<String>,
    /// As `Discussion::created_at`.
    #[serde(default, deserialize_with = "text")]
    pub created_at: Option<String>,
    /// Already localised: may differ from what was typed.
    #[serde(default, deserialize_with = "text")]
    pub message: Option<String>,
}

/// Where uploads go.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploaderConfig {
    /// A path at the shop's host.
    #[serde(default, deserialize_with = "text")]
    pub upload_url: Option<String>,
    /// Goes along as `uploadToken`.
    #[serde(default, deserialize_with = "text")]
    pub auth_token: Option<String>,
}

/// The answer of `login`.
#[derive(Debug, Default, Deserialize)]
pub struct Authentication {
    /// `null` on success.
    #[serde(default, deserialize_with = "text")]
    pub error: Option<String>,
    /// App API only.
    #[serde(default, deserialize_with = "text")]
    pub token: Option<String>,
}

/// `extensions` of an answer.
#[derive(Debug, Default, Deserialize)]
pub struct Extensions {
    /// Holds `LOGGED_IN` on every answer to a logged-in caller.
    #[serde(default, deserialize_with = "maybe_items")]
    pub flags: Option<Vec<Raw>>,
    /// How heavy the query was.
    #[serde(default, deserialize_with = "maybe")]
    pub weight: Option<Weight>,
}

/// `extensions.weight`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Weight {
    /// This query.
    #[serde(default, deserialize_with = "maybe")]
    pub weight: Option<f64>,
    /// The most that is taken.
    #[serde(default, deserialize_with = "maybe")]
    pub max_weight: Option<f64>,
}

/// One of `errors`.
#[derive(Debug, Default, Deserialize)]
pub struct GraphError {
    /// In words.
    #[serde(default, deserialize_with = "text")]
    pub message: Option<String>,
    /// Codes.
    #[serde(default, deserialize_with = "maybe")]
    pub extensions: Option<ErrorExtensions>,
}

/// `errors[].extensions`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorExtensions {
    /// This call was refused for its rate.
    #[serde(default, deserialize_with = "truth")]
    pub rate_limited: Option<bool>,
    /// GraphQL servers in Java name the class of an error here.
    #[serde(default, deserialize_with = "text")]
    pub classification: Option<String>,
    /// Others do it here.
    #[serde(default, deserialize_with = "text")]
    pub code: Option<String>,
}

/// The uploader's answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    /// Whether it was taken.
    #[serde(default, deserialize_with = "truth")]
    pub successful: Option<bool>,
    /// What the message carries as `attachmentToken`. Opaque.
    #[serde(default, deserialize_with = "text")]
    pub token: Option<String>,
    /// Only 0 is documented; logged, never decided by.
    #[serde(default, deserialize_with = "text")]
    pub error_code: Option<String>,
}
