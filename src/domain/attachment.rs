//! Files of messages.

use serde::{Deserialize, Serialize};

use super::text::SafeText;

/// Where the bytes of an attachment are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentState {
    /// At the vendor only.
    Remote,
    /// In our store, under its hash.
    Stored,
    /// On its way out.
    Uploading,
    /// In our store and at the vendor.
    Uploaded,
    /// Could not be had or sent.
    Failed,
}

impl AttachmentState {
    /// Whether a part of it may be on the one side and not yet on the other.
    pub fn is_on_its_way(self) -> bool {
        matches!(self, Self::Remote | Self::Uploading)
    }

    /// The word in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Remote => "remote",
            Self::Stored => "stored",
            Self::Uploading => "uploading",
            Self::Uploaded => "uploaded",
            Self::Failed => "failed",
        }
    }

    /// The state of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Remote, Self::Stored, Self::Uploading, Self::Uploaded, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A file of a message, as screens and JSON show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its number within the conversation, from 1 in the order of arrival. Never changes.
    pub n: u32,
    /// The name that the sender gave it; hostile until made safe.
    pub name: Option<String>,
    /// MIME type, by content where the bytes are here, else as the vendor says.
    pub mime: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// SHA-256 in lower-case hex.
    pub sha256: Option<String>,
    /// Where the bytes are.
    pub state: AttachmentState,
    /// How many bytes have come of one that is being fetched, or whose fetching broke off; or have left of one that is
    /// being uploaded.
    #[serde(default)]
    pub fetched: Option<u64>,
}

impl Attachment {
    /// How much of it has come (or has left), where it has not done so whole: `42%`, or so many bytes where the size is not known.
    pub fn progress(&self) -> Option<Progress> {
        let fetched = self.fetched.filter(|it| *it > 0 && self.state.is_on_its_way())?;
        match self.size.filter(|size| *size > 0) {
            Some(size) => Some(Progress::Percent((fetched.saturating_mul(100) / size).min(99))),
            None => Some(Progress::Bytes(fetched)),
        }
    }
}

/// How much of a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Of a hundred; never a hundred while it has not come whole.
    Percent(u64),
    /// Where nobody knows how many there will be.
    Bytes(u64),
}

/// A file that is in the store already, by its hash: what drafts and outbox rows point to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// SHA-256 in lower-case hex: its name in the attachments folder.
    pub sha256: String,
    /// The name to send it under.
    pub name: String,
    /// MIME type by content.
    pub mime: String,
    /// Bytes.
    pub size: u64,
}

/// The longest file name that is saved, in bytes; most file systems take 255.
const LONGEST_NAME: usize = 150;

/// A name under which a sender's file may be saved: its last part alone, without what a shell, a terminal or a path
/// would read into it. Never empty, never hidden, never a way out of its folder.
pub fn safe_file_name(theirs: &str) -> String {
    let last = theirs.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = SafeText::line(last)
        .as_str()
        .chars()
        .map(|it| {
            if it.is_alphanumeric() || matches!(it, '.' | '-' | '_' | ' ' | '(' | ')' | '+' | ',') {
                it
            } else {
                '_'
            }
        })
        .collect();
    let kept = kept.trim().trim_start_matches(['.', '-']).trim_end_matches(['.', ' ']);
    if kept.is_empty() {
        return "file".to_owned();
    }
    if kept.len() <= LONGEST_NAME {
        return kept.to_owned();
    }
    // The ending says what it is: it outlives the middle.
    let ending = kept.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.len() <= 10);
    let room = LONGEST_NAME - ending.map_or(0, |ending| ending.len() + 1);
    let cut = kept.char_indices().map(|(at, _)| at).take_while(|at| *at <= room).last().unwrap_or_default();
    match ending {
        Some(ending) => format!("{}.{ending}", &kept[..cut]),
        None => kept[..cut].to_owned(),
    }
}

#[cfg(test)]
mod tests;
