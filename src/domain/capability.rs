//! What a channel can do at its vendor, keeps locally, or forbids.

use serde::{Deserialize, Serialize};

/// Where an action takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// At the vendor: an outbox row.
    Remote,
    /// Here only; the vendor is told nothing.
    Local,
    /// Not at all.
    Forbidden,
}

/// Which files a channel takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRules {
    /// Limits by kind; the first whose MIME patterns match decides. Empty: no files at all.
    pub limits: Vec<FileLimit>,
    /// Whether one message may carry text and a file; `max_caption` then bounds the text (characters).
    pub caption: Caption,
}

/// Whether text and file travel together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caption {
    /// Text and one file are one message, whatever the text's length (THG).
    Always,
    /// Text up to so many characters rides on the file where the file's kind takes a caption, else goes first.
    UpTo(usize),
}

/// One kind of file that a channel takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLimit {
    /// What the agent reads: `image`, `document`.
    pub kind: String,
    /// MIME types, `*` at the end matches any rest (`image/*`); `*` alone any type.
    pub mimes: Vec<String>,
    /// The largest size, in bytes.
    pub max_bytes: u64,
    /// Whether it takes a caption.
    pub caption: bool,
}

/// What a channel can do. Plain data: screens and commands decide by it before the wire is touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Start a conversation.
    pub create: Reach,
    /// Reply.
    pub reply: Reach,
    /// Mark read at the vendor.
    pub mark_read: Reach,
    /// Mark unread at the vendor.
    pub mark_unread: Reach,
    /// Close at the vendor on `resolved`; in a word what the vendor is told (`ARCHIVED`, `closed`).
    pub resolve: Reach,
    /// Reopen at the vendor when a resolved one becomes open again.
    pub reopen: Reach,
    /// What the vendor is told on resolve and on reopen, verbatim; empty where local.
    pub resolve_word: String,
    /// See `resolve_word`.
    pub reopen_word: String,
    /// Files, `None` where they are forbidden.
    pub files: Option<FileRules>,
    /// A reply may quote a message.
    pub quote: bool,
    /// Template messages exist.
    pub templates: bool,
    /// Product messages exist.
    pub products: bool,
    /// The vendor's limit on a text, in characters.
    pub max_text: Option<usize>,
    /// The vendor's limit on a title, in characters (Dsco 50); `None` where it keeps no title, and so neither a
    /// reference id nor a due date of ours.
    pub max_title: Option<usize>,
}

impl Capabilities {
    /// A channel that may only be read (imports).
    pub fn read_only() -> Self {
        Self {
            create: Reach::Forbidden,
            reply: Reach::Forbidden,
            mark_read: Reach::Local,
            mark_unread: Reach::Local,
            resolve: Reach::Local,
            reopen: Reach::Local,
            resolve_word: String::new(),
            reopen_word: String::new(),
            files: None,
            quote: false,
            templates: false,
            products: false,
            max_text: None,
            max_title: None,
        }
    }
}

impl FileRules {
    /// The limit that a file of this MIME type falls under, `None` where the channel does not take it.
    pub fn limit_for(&self, mime: &str) -> Option<&FileLimit> {
        self.limits.iter().find(|limit| {
            limit.mimes.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(head) => mime.starts_with(head),
                None => pattern == mime,
            })
        })
    }
}
