//! What Dsco sends, by its schema's names (contract 2.3), every field optional: attributes may appear at any time and
//! one that is odd never costs its item.

use serde::Deserialize;

use crate::channels::{
    json::maybe,
    lenient::{Raw, maybe_items, text, truth},
};

/// A page of a search.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// Present: there may be more.
    #[serde(default, deserialize_with = "text")]
    pub scroll_id: Option<String>,
    /// Of `conversation/list`.
    #[serde(default, deserialize_with = "maybe_items")]
    pub conversations: Option<Vec<Raw>>,
    /// Of `conversation/message/list`.
    #[serde(default, deserialize_with = "maybe_items")]
    pub messages: Option<Vec<Raw>>,
}

/// A conversation. Its id is `id` here and `dscoConversationId` everywhere else (contract C14).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Opaque.
    #[serde(default, deserialize_with = "text")]
    pub id: Option<String>,
    /// In case somebody reconciles the two names.
    #[serde(default, deserialize_with = "text")]
    pub dsco_conversation_id: Option<String>,
    /// At most 50 characters.
    #[serde(default, deserialize_with = "text")]
    pub title: Option<String>,
    /// `retailer` or `supplier`.
    #[serde(default, deserialize_with = "text")]
    pub initiated_by: Option<String>,
    /// The retailer's own.
    #[serde(default, deserialize_with = "text")]
    pub retailer_reference_id: Option<String>,
    /// The supplier's own.
    #[serde(default, deserialize_with = "text")]
    pub supplier_reference_id: Option<String>,
    /// Standard or customer care.
    #[serde(default, deserialize_with = "maybe")]
    pub r#type: Option<Type>,
    /// Account id.
    #[serde(default, deserialize_with = "text")]
    pub dsco_retailer_id: Option<String>,
    /// For suppliers.
    #[serde(default, deserialize_with = "text")]
    pub dsco_retailer_trading_partner_id: Option<String>,
    /// For suppliers.
    #[serde(default, deserialize_with = "text")]
    pub dsco_retailer_trading_partner_name: Option<String>,
    /// Account id.
    #[serde(default, deserialize_with = "text")]
    pub dsco_supplier_id: Option<String>,
    /// For retailers.
    #[serde(default, deserialize_with = "text")]
    pub dsco_supplier_trading_partner_id: Option<String>,
    /// For retailers.
    #[serde(default, deserialize_with = "text")]
    pub dsco_supplier_trading_partner_name: Option<String>,
    /// `new`, `in_progress`, `closed`, or a newer word.
    #[serde(default, deserialize_with = "text")]
    pub status: Option<String>,
    /// What it is about.
    #[serde(default, deserialize_with = "maybe")]
    pub context: Option<Context>,
    /// The first message, without an id.
    #[serde(default, deserialize_with = "maybe")]
    pub initial_message: Option<InitialMessage>,
    /// Hidden from searches by default.
    #[serde(default, deserialize_with = "truth")]
    pub is_test: Option<bool>,
    /// Date.
    #[serde(default, deserialize_with = "text")]
    pub closed_date: Option<String>,
    /// Date.
    #[serde(default, deserialize_with = "text")]
    pub create_date: Option<String>,
    /// Date.
    #[serde(default, deserialize_with = "text")]
    pub last_update: Option<String>,
}

/// `type`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the vendor's names")]
pub struct Type {
    /// `standard` or `customer_care`.
    #[serde(default, deserialize_with = "text")]
    pub r#type: Option<String>,
    /// `message_from_consumer` or `response_to_consumer`; messages only.
    #[serde(default, deserialize_with = "text")]
    pub customer_care_type: Option<String>,
    /// The retailer's name for the person.
    #[serde(default, deserialize_with = "text")]
    pub consumer_id: Option<String>,
}

/// `context`, as far as an order goes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The retailer's number.
    #[serde(default, deserialize_with = "text")]
    pub po_number: Option<String>,
    /// Dsco's number.
    #[serde(default, deserialize_with = "text")]
    pub dsco_order_id: Option<String>,
    /// The supplier's number.
    #[serde(default, deserialize_with = "text")]
    pub supplier_order_number: Option<String>,
    /// The consumer's number.
    #[serde(default, deserialize_with = "text")]
    pub consumer_order_number: Option<String>,
    /// One line of the order.
    #[serde(default, deserialize_with = "maybe")]
    pub line_item: Option<LineItem>,
}

/// A line of an order.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineItem {
    /// The supplier's SKU.
    #[serde(default, deserialize_with = "text")]
    pub sku: Option<String>,
    /// The retailer's SKU.
    #[serde(default, deserialize_with = "text")]
    pub partner_sku: Option<String>,
    /// Dsco's number.
    #[serde(default, deserialize_with = "text")]
    pub dsco_item_id: Option<String>,
    /// Bar code.
    #[serde(default, deserialize_with = "text")]
    pub upc: Option<String>,
    /// Bar code.
    #[serde(default, deserialize_with = "text")]
    pub ean: Option<String>,
}

/// `initialMessage`.
#[derive(Debug, Default, Deserialize)]
pub struct InitialMessage {
    /// Its text.
    #[serde(default, deserialize_with = "text")]
    pub message: Option<String>,
}

/// A message. Only `message` is required.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the vendor's names")]
pub struct Message {
    /// Its text.
    #[serde(default, deserialize_with = "text")]
    pub message: Option<String>,
    /// Absent on standard conversations.
    #[serde(default, deserialize_with = "maybe")]
    pub r#type: Option<Type>,
    /// Its conversation.
    #[serde(default, deserialize_with = "text")]
    pub dsco_conversation_id: Option<String>,
    /// Its id.
    #[serde(default, deserialize_with = "text")]
    pub dsco_message_id: Option<String>,
    /// The author's side: `retailer` or `supplier`.
    #[serde(default, deserialize_with = "text")]
    pub account_type: Option<String>,
    /// The author's account.
    #[serde(default, deserialize_with = "text")]
    pub dsco_account_id: Option<String>,
    /// The author, if not we.
    #[serde(default, deserialize_with = "text")]
    pub dsco_trading_partner_name: Option<String>,
    /// The recipient, if not we.
    #[serde(default, deserialize_with = "text")]
    pub recipient_dsco_trading_partner_name: Option<String>,
    /// Date.
    #[serde(default, deserialize_with = "text")]
    pub create_date: Option<String>,
}

/// The answer of `oauth2/token`.
#[derive(Debug, Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the vendor's names")]
pub struct Token {
    /// The token.
    #[serde(default, deserialize_with = "text")]
    pub access_token: Option<String>,
    /// Seconds.
    #[serde(default, deserialize_with = "text")]
    pub expires_in: Option<String>,
    /// `invalid_client`, …
    #[serde(default, deserialize_with = "text")]
    pub error: Option<String>,
}
