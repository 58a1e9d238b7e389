//! WhatsApp's JSON as it is on the wire, of both APIs. Everything may be missing; lists stay undecoded, so that one bad
//! item never costs its siblings.

use serde::Deserialize;

use crate::channels::lenient::{self, Raw};

/// A webhook's body: Cloud's `entry[]`, and On-Premises' lists at the top.
#[derive(Debug, Default, Deserialize)]
pub struct Body {
    /// Cloud: one per business account.
    #[serde(default, deserialize_with = "lenient::maybe_items")]
    pub entry: Option<Vec<Raw>>,
}

/// Cloud: what happened in one business account.
#[derive(Debug, Default, Deserialize)]
pub struct Entry {
    /// What happened.
    #[serde(default, deserialize_with = "lenient::items")]
    pub changes: Vec<Raw>,
    /// When, in Unix seconds, where it is said.
    #[serde(default, deserialize_with = "lenient::text")]
    pub time: Option<String>,
}

/// Cloud: one happening.
#[derive(Debug, Default, Deserialize)]
pub struct Happening {
    /// `messages`, `smb_message_echoes`, `account_update`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub field: Option<String>,
    /// What.
    #[serde(default)]
    pub value: Option<Raw>,
}

/// Cloud's `value` and On-Premises' whole body.
#[derive(Debug, Default, Deserialize)]
pub struct Events {
    /// Which number it is about (Cloud).
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub metadata: Option<Metadata>,
    /// Who wrote; often missing, never in the messages' order.
    #[serde(default, deserialize_with = "lenient::items")]
    pub contacts: Vec<Raw>,
    /// What came in.
    #[serde(default, deserialize_with = "lenient::items")]
    pub messages: Vec<Raw>,
    /// What the business wrote in the phone's app.
    #[serde(default, deserialize_with = "lenient::items")]
    pub message_echoes: Vec<Raw>,
    /// What was written before the account was joined: never on the wire, its field's name says so.
    #[serde(skip)]
    pub past_messages: Vec<Raw>,
    /// How far our messages have come.
    #[serde(default, deserialize_with = "lenient::items")]
    pub statuses: Vec<Raw>,
    /// Trouble of the account as a whole.
    #[serde(default, deserialize_with = "lenient::items")]
    pub errors: Vec<Raw>,
    /// What was said before the account was joined.
    #[serde(default, deserialize_with = "lenient::items")]
    pub history: Vec<Raw>,
    /// Who rang.
    #[serde(default, deserialize_with = "lenient::items")]
    pub calls: Vec<Raw>,
    /// What customers wish to hear of.
    #[serde(default, deserialize_with = "lenient::items")]
    pub user_preferences: Vec<Raw>,
    /// Who has a new user id.
    #[serde(default, deserialize_with = "lenient::items")]
    pub user_id_update: Vec<Raw>,
}

/// A part of the past.
#[derive(Debug, Default, Deserialize)]
pub struct Past {
    /// By person.
    #[serde(default, deserialize_with = "lenient::items")]
    pub threads: Vec<Raw>,
    /// Why there is none.
    #[serde(default, deserialize_with = "lenient::items")]
    pub errors: Vec<Raw>,
}

/// What was said with one person.
#[derive(Debug, Default, Deserialize)]
pub struct PastThread {
    /// The person.
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// In both directions.
    #[serde(default, deserialize_with = "lenient::items")]
    pub messages: Vec<Raw>,
}

/// What was known of a message of the past.
#[derive(Debug, Default, Deserialize)]
pub struct PastContext {
    /// `READ`, `DELIVERED`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
}

/// A call.
#[derive(Debug, Default, Deserialize)]
pub struct Call {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// Who rings.
    #[serde(default, deserialize_with = "lenient::text")]
    pub from: Option<String>,
    /// Who rings, as a user id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub from_user_id: Option<String>,
    /// Whom.
    #[serde(default, deserialize_with = "lenient::text")]
    pub to: Option<String>,
    /// `connect`, `terminate`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub event: Option<String>,
    /// Unix seconds.
    #[serde(default, deserialize_with = "lenient::text")]
    pub timestamp: Option<String>,
    /// Unix seconds, once it is over.
    #[serde(default, deserialize_with = "lenient::text")]
    pub start_time: Option<String>,
    /// `USER_INITIATED`, `BUSINESS_INITIATED`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub direction: Option<String>,
    /// How it ended: `COMPLETED`, `FAILED`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// Seconds.
    #[serde(default, deserialize_with = "lenient::text")]
    pub duration: Option<String>,
}

/// What a customer wishes to hear of.
#[derive(Debug, Default, Deserialize)]
pub struct Preference {
    /// The number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub wa_id: Option<String>,
    /// The user id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub user_id: Option<String>,
    /// In a sentence.
    #[serde(default, deserialize_with = "lenient::text")]
    pub detail: Option<String>,
    /// `marketing_messages`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub category: Option<String>,
    /// `stop`, `resume`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub value: Option<String>,
    /// Unix seconds.
    #[serde(default, deserialize_with = "lenient::text")]
    pub timestamp: Option<String>,
}

/// A person's new user id.
#[derive(Debug, Default, Deserialize)]
pub struct Renamed {
    /// The number, where it is shown.
    #[serde(default, deserialize_with = "lenient::text")]
    pub wa_id: Option<String>,
    /// Both ids.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub user_id: Option<UserIds>,
}

/// A user id that was changed.
#[derive(Debug, Default, Deserialize)]
pub struct UserIds {
    /// The old one.
    #[serde(default, deserialize_with = "lenient::text")]
    pub previous: Option<String>,
    /// The new one.
    #[serde(default, deserialize_with = "lenient::text")]
    pub current: Option<String>,
}

/// The business's number.
#[derive(Debug, Default, Deserialize)]
pub struct Metadata {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub phone_number_id: Option<String>,
    /// The number itself, as people dial it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub display_phone_number: Option<String>,
}

/// A person.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Contact {
    /// The number, without `+`; absent for people who hide it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub wa_id: Option<String>,
    /// The person's id towards this business (since 2026).
    #[serde(default, deserialize_with = "lenient::text")]
    pub user_id: Option<String>,
    /// What they call themselves.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub profile: Option<Profile>,
}

/// What a person calls themselves.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Profile {
    /// Name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// User name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub username: Option<String>,
}

/// A message, of any type.
#[derive(Debug, Default, Deserialize)]
pub struct Message {
    /// Who wrote it (a number).
    #[serde(default, deserialize_with = "lenient::text")]
    pub from: Option<String>,
    /// Who wrote it (a user id).
    #[serde(default, deserialize_with = "lenient::text")]
    pub from_user_id: Option<String>,
    /// Echoes: to whom.
    #[serde(default, deserialize_with = "lenient::text")]
    pub to: Option<String>,
    /// Echoes: to whom, as a user id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub to_user_id: Option<String>,
    /// Its id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// Unix seconds, quoted or not.
    #[serde(default, deserialize_with = "lenient::text")]
    pub timestamp: Option<String>,
    /// `text`, `image`, …
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// The group it was written in.
    #[serde(default, deserialize_with = "lenient::text")]
    pub group_id: Option<String>,
    /// What it answers or asks about.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub context: Option<Context>,
    /// The advertisement it came by.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub referral: Option<serde_json::Value>,
    /// Why it cannot be shown.
    #[serde(default, deserialize_with = "lenient::items")]
    pub errors: Vec<Raw>,
    /// `text`.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub text: Option<Text>,
    /// A picture.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub image: Option<Media>,
    /// A film.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub video: Option<Media>,
    /// Sound.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub audio: Option<Media>,
    /// On-Premises: a voice message.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub voice: Option<Media>,
    /// Any other file.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub document: Option<Media>,
    /// A sticker.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub sticker: Option<Media>,
    /// A place.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub location: Option<Location>,
    /// Address cards.
    #[serde(default, deserialize_with = "lenient::items")]
    pub contacts: Vec<Raw>,
    /// An answer to buttons, lists, forms.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub interactive: Option<Interactive>,
    /// A template's button.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub button: Option<Button>,
    /// An emoji on another message.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub reaction: Option<Reaction>,
    /// The vendor's machine.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub system: Option<System>,
    /// A cart.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub order: Option<Order>,
    /// A changed message.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub edit: Option<Edit>,
    /// A message taken back.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub revoke: Option<Revoke>,
    /// What cannot be passed on.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub unsupported: Option<Typed>,
    /// What was known of it, where it is of the past.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub history_context: Option<PastContext>,
}

/// What a message answers or asks about.
#[derive(Debug, Default, Deserialize)]
pub struct Context {
    /// The quoted message; with a product it need not be one of ours.
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// The product asked about.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub referred_product: Option<ReferredProduct>,
}

/// A product asked about.
#[derive(Debug, Default, Deserialize)]
pub struct ReferredProduct {
    /// The catalogue.
    #[serde(default, deserialize_with = "lenient::text")]
    pub catalog_id: Option<String>,
    /// The product in it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub product_retailer_id: Option<String>,
}

/// Words.
#[derive(Debug, Default, Deserialize)]
pub struct Text {
    /// The words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub body: Option<String>,
}

/// A file.
#[derive(Debug, Default, Deserialize)]
pub struct Media {
    /// Its id at the vendor.
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// MIME type.
    #[serde(default, deserialize_with = "lenient::text")]
    pub mime_type: Option<String>,
    /// In base64 or hex.
    #[serde(default, deserialize_with = "lenient::text")]
    pub sha256: Option<String>,
    /// The words under it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub caption: Option<String>,
    /// File name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub filename: Option<String>,
    /// Bytes, where it is said.
    #[serde(default, deserialize_with = "lenient::text")]
    pub file_size: Option<String>,
}

/// A place. Numbers stay text.
#[derive(Debug, Default, Deserialize)]
pub struct Location {
    /// Degrees.
    #[serde(default, deserialize_with = "lenient::text")]
    pub latitude: Option<String>,
    /// Degrees.
    #[serde(default, deserialize_with = "lenient::text")]
    pub longitude: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Its address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub address: Option<String>,
    /// A link.
    #[serde(default, deserialize_with = "lenient::text")]
    pub url: Option<String>,
}

/// An address card, as far as it is shown.
#[derive(Debug, Default, Deserialize)]
pub struct Card {
    /// Names.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub name: Option<CardName>,
    /// Numbers.
    #[serde(default, deserialize_with = "lenient::items")]
    pub phones: Vec<Raw>,
    /// Addresses of e-mail.
    #[serde(default, deserialize_with = "lenient::items")]
    pub emails: Vec<Raw>,
}

/// The name on a card.
#[derive(Debug, Default, Deserialize)]
pub struct CardName {
    /// In full.
    #[serde(default, deserialize_with = "lenient::text")]
    pub formatted_name: Option<String>,
    /// In part.
    #[serde(default, deserialize_with = "lenient::text")]
    pub first_name: Option<String>,
}

/// A number or address on a card.
#[derive(Debug, Default, Deserialize)]
pub struct CardLine {
    /// A number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub phone: Option<String>,
    /// An address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: Option<String>,
}

/// An answer to buttons, lists, forms.
#[derive(Debug, Default, Deserialize)]
pub struct Interactive {
    /// Which.
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// A button.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub button_reply: Option<Choice>,
    /// A line of a list.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub list_reply: Option<Choice>,
    /// A form.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub nfm_reply: Option<Form>,
}

/// What was chosen.
#[derive(Debug, Default, Deserialize)]
pub struct Choice {
    /// What the customer read.
    #[serde(default, deserialize_with = "lenient::text")]
    pub title: Option<String>,
    /// The smaller words under it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
}

/// A form that was filled in.
#[derive(Debug, Default, Deserialize)]
pub struct Form {
    /// What the customer sees of it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub body: Option<String>,
    /// The answers: JSON in a string.
    #[serde(default, deserialize_with = "lenient::text")]
    pub response_json: Option<String>,
}

/// A template's button.
#[derive(Debug, Default, Deserialize)]
pub struct Button {
    /// What the customer read.
    #[serde(default, deserialize_with = "lenient::text")]
    pub text: Option<String>,
    /// What was hung on it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub payload: Option<String>,
}

/// An emoji on another message.
#[derive(Debug, Default, Deserialize)]
pub struct Reaction {
    /// On which.
    #[serde(default, deserialize_with = "lenient::text")]
    pub message_id: Option<String>,
    /// Absent or empty: taken away.
    #[serde(default, deserialize_with = "lenient::text")]
    pub emoji: Option<String>,
}

/// The vendor's machine speaks.
#[derive(Debug, Default, Deserialize)]
pub struct System {
    /// In words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub body: Option<String>,
    /// `user_changed_number`, `customer_identity_changed`, …
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// The new number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub wa_id: Option<String>,
    /// The new number, in the old form.
    #[serde(default, deserialize_with = "lenient::text")]
    pub new_wa_id: Option<String>,
    /// The new user id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub user_id: Option<String>,
    /// The old number, where `from` is missing.
    #[serde(default, deserialize_with = "lenient::text")]
    pub customer: Option<String>,
    /// The old user id, where it is said (`user_changed_user_id`, which comes without `from`).
    #[serde(default, deserialize_with = "lenient::text")]
    pub previous_user_id: Option<String>,
}

/// A cart.
#[derive(Debug, Default, Deserialize)]
pub struct Order {
    /// The catalogue.
    #[serde(default, deserialize_with = "lenient::text")]
    pub catalog_id: Option<String>,
    /// The customer's words, often empty or missing.
    #[serde(default, deserialize_with = "lenient::text")]
    pub text: Option<String>,
    /// What is in it.
    #[serde(default, deserialize_with = "lenient::items")]
    pub product_items: Vec<Raw>,
    /// The same under the seed's name for it.
    #[serde(default, deserialize_with = "lenient::items")]
    pub product_item: Vec<Raw>,
}

/// A line of a cart. Numbers stay text: prices never go through a float.
#[derive(Debug, Default, Deserialize)]
pub struct OrderItem {
    /// The product.
    #[serde(default, deserialize_with = "lenient::text")]
    pub product_retailer_id: Option<String>,
    /// How many.
    #[serde(default, deserialize_with = "lenient::text")]
    pub quantity: Option<String>,
    /// Of one.
    #[serde(default, deserialize_with = "lenient::text")]
    pub item_price: Option<String>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: Option<String>,
}

/// A changed message.
#[derive(Debug, Default, Deserialize)]
pub struct Edit {
    /// Which.
    #[serde(default, deserialize_with = "lenient::text")]
    pub original_message_id: Option<String>,
    /// What it says now.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub message: Option<Box<Message>>,
}

/// A message taken back.
#[derive(Debug, Default, Deserialize)]
pub struct Revoke {
    /// Which.
    #[serde(default, deserialize_with = "lenient::text")]
    pub original_message_id: Option<String>,
}

/// Anything that has a type.
#[derive(Debug, Default, Deserialize)]
pub struct Typed {
    /// Which.
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
}

/// How far a message of ours has come.
#[derive(Debug, Default, Deserialize)]
pub struct Status {
    /// The message.
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// `call` where it is none of a message (On-Premises: `message`).
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// `sent`, `delivered`, `read`, `failed`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// Unix seconds.
    #[serde(default, deserialize_with = "lenient::text")]
    pub timestamp: Option<String>,
    /// To whom.
    #[serde(default, deserialize_with = "lenient::text")]
    pub recipient_id: Option<String>,
    /// To whom, as a user id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub recipient_user_id: Option<String>,
    /// On-Premises since 2.39.1: to whom.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub message: Option<StatusMessage>,
    /// What we hung on the send.
    #[serde(default, deserialize_with = "lenient::text")]
    pub biz_opaque_callback_data: Option<String>,
    /// Why not.
    #[serde(default, deserialize_with = "lenient::items")]
    pub errors: Vec<Raw>,
}

/// The message that a status is of.
#[derive(Debug, Default, Deserialize)]
pub struct StatusMessage {
    /// To whom.
    #[serde(default, deserialize_with = "lenient::text")]
    pub recipient_id: Option<String>,
}

/// Trouble, in either API's shape.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Trouble {
    /// The vendor's code: what everything is decided by.
    #[serde(default, deserialize_with = "lenient::text")]
    pub code: Option<String>,
    /// A few words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub title: Option<String>,
    /// A few words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: Option<String>,
    /// On-Premises: more words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub details: Option<String>,
    /// Cloud: more words; an object, or a text in plain Graph errors.
    #[serde(default)]
    pub error_data: Option<Raw>,
}
