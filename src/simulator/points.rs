//! What a vendor may do where its contract leaves more than a yes or a number open.

use serde::{Deserialize, Serialize};

/// How SkyHub says that there is no further page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndOfPages {
    /// `next_page` is missing.
    Absent,
    /// `next_page` is null.
    Null,
    /// `next_page` is an empty string.
    Empty,
    /// `next_page` repeats the URL just read.
    SameUrl,
    /// There is always a next page, and the one after the last is empty.
    EmptyPage,
}

/// When a send outside of WhatsApp's customer service window is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowError {
    /// In the answer of the send.
    Sync,
    /// Later, as a `failed` status.
    Async,
}

/// What WhatsApp does with a quote of a message that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownContext {
    /// The message goes without its quote.
    DropBubble,
    /// 131009.
    Refuse,
}

/// How THG tells that a query was too heavy. Its `weight` is above its `maxWeight` in the first and the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeavyError {
    /// In words.
    Words,
    /// By a code in `extensions`, with no weight beside it.
    Code,
    /// By nothing but the weight.
    Weight,
}

/// What Dsco's errors say that are documented by their status alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorBody {
    /// Nothing.
    Empty,
    /// Plain text, as the conversation calls' 400.
    Text,
    /// `{status, requestId, eventDate, messages}`, as elsewhere in v3.
    Json,
    /// `{type, success, message}`, as in V2.
    OldJson,
}

/// What SkyHub's 201 to a reply holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyBody {
    /// Nothing.
    Empty,
    /// `null`.
    Null,
    /// An object with an id, which is no message's.
    Json,
    /// A word.
    Text,
}
