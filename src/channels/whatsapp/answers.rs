//! What WhatsApp answers to our requests, in both APIs' shapes.

use serde::Deserialize;

use super::wire::Trouble;
use crate::channels::lenient::{self, Raw};

/// An answer to a send or to any other request, of both APIs.
#[derive(Debug, Default, Deserialize)]
pub struct Answered {
    /// What was sent.
    #[serde(default, deserialize_with = "lenient::items")]
    pub messages: Vec<Raw>,
    /// To whom.
    #[serde(default, deserialize_with = "lenient::items")]
    pub contacts: Vec<Raw>,
    /// What was uploaded (On-Premises).
    #[serde(default, deserialize_with = "lenient::items")]
    pub media: Vec<Raw>,
    /// What was logged in (On-Premises).
    #[serde(default, deserialize_with = "lenient::items")]
    pub users: Vec<Raw>,
    /// What was uploaded (Cloud).
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// Cloud.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub error: Option<Trouble>,
    /// On-Premises, sometimes with 200.
    #[serde(default, deserialize_with = "lenient::items")]
    pub errors: Vec<Raw>,
}

/// Anything that has an id.
#[derive(Debug, Default, Deserialize)]
pub struct Named {
    /// It.
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
}

/// On-Premises: a contact that was checked; both: the contact that a send went to.
#[derive(Debug, Default, Deserialize)]
pub struct Checked {
    /// `valid` or `invalid`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// The number as WhatsApp writes it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub wa_id: Option<String>,
    /// The user id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub user_id: Option<String>,
}

/// On-Premises: a session.
#[derive(Debug, Default, Deserialize)]
pub struct Session {
    /// The token.
    #[serde(default, deserialize_with = "lenient::text")]
    pub token: Option<String>,
    /// `2018-03-01 15:29:26+00:00`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub expires_after: Option<String>,
}

/// Cloud: where a file is for the next five minutes.
#[derive(Debug, Default, Deserialize)]
pub struct MediaPlace {
    /// Its address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub url: Option<String>,
    /// MIME type.
    #[serde(default, deserialize_with = "lenient::text")]
    pub mime_type: Option<String>,
    /// In base64 or hex.
    #[serde(default, deserialize_with = "lenient::text")]
    pub sha256: Option<String>,
    /// Bytes; quoted in the newer reference.
    #[serde(default, deserialize_with = "lenient::text")]
    pub file_size: Option<String>,
}

/// Cloud: a page of a message's history, or of a number's.
#[derive(Debug, Default, Deserialize)]
pub struct HistoryPage {
    /// What is on it.
    #[serde(default, deserialize_with = "lenient::items")]
    pub data: Vec<Raw>,
    /// Where it goes on.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub paging: Option<Paging>,
}

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
pub struct Paging {
    /// By cursor.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub cursors: Option<Cursors>,
    /// As an address, on all pages but the last one.
    #[serde(default, deserialize_with = "lenient::text")]
    pub next: Option<String>,
}

/// The ends of a page.
#[derive(Debug, Default, Deserialize)]
pub struct Cursors {
    /// What the next page begins after.
    #[serde(default, deserialize_with = "lenient::text")]
    pub after: Option<String>,
}

/// One event of a history, with its place.
#[derive(Debug, Default, Deserialize)]
pub struct HistoryEdge {
    /// Its place.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cursor: Option<String>,
    /// The event.
    #[serde(default, deserialize_with = "lenient::maybe")]
    pub node: Option<HistoryEvent>,
}

/// How far a message of ours had come.
#[derive(Debug, Default, Deserialize)]
pub struct HistoryEvent {
    /// The event's own id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// `ACCEPTED`, `SENT`, `DELIVERED`, `READ`, `ERROR`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub delivery_status: Option<String>,
    /// Unix seconds.
    #[serde(default, deserialize_with = "lenient::text")]
    pub occurrence_timestamp: Option<String>,
    /// Why not, where it is said.
    #[serde(default, deserialize_with = "lenient::text")]
    pub error_description: Option<String>,
}

/// Cloud: the business's number.
#[derive(Debug, Default, Deserialize)]
pub struct BusinessNumber {
    /// As people dial it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub display_phone_number: Option<String>,
    /// The business's name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub verified_name: Option<String>,
}
