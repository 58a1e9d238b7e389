//! A file on its way in: what has come is kept, and a later try goes on from there where the vendor lets it.
//!
//! A part is never spliced of two versions: it goes on only where the vendor says that it is the same one (`If-Range`
//! with its `ETag` or `Last-Modified`), or where the whole is checked against an announced hash afterwards. A vendor that
//! does not know ranges answers with the whole file, which replaces the part.

use std::{io::SeekFrom, path::Path};

use reqwest::{
    RequestBuilder, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, IF_RANGE,
        LAST_MODIFIED, RANGE,
    },
};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::{ChannelError, Downloaded, ErrorKind, Retry, files::too_large};

/// Hears how much has come, and how much there will be where that is known.
pub type Told<'a> = &'a (dyn Fn(u64, Option<u64>) + Send + Sync);

/// A file that is being fetched. One process at a time has it.
pub struct Part<'a> {
    file: tokio::fs::File,
    /// The vendor's name for this version, beside the part, as it is sent back.
    tag_path: std::path::PathBuf,
    tag: Option<String>,
    have: u64,
    max_bytes: u64,
    told: Told<'a>,
    announced: Option<String>,
    /// Whether a further range is asked for: one that the vendor mistook is not.
    ranges: bool,
}

/// What an answer to a request for (the rest of) a file came to.
#[derive(Debug)]
pub enum Poured {
    /// All of it is here.
    Whole(Downloaded),
    /// The vendor does not take the range: ask again for the whole.
    AskAgain,
}

impl<'a> Part<'a> {
    /// Opens the part at `path`, with what an earlier try left there. `None`: another process fetches it just now.
    ///
    /// # Errors
    /// `ours` where the file cannot be opened.
    pub fn open(path: &Path, max_bytes: u64, told: Told<'a>) -> Result<Option<Self>, ChannelError> {
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        std::os::unix::fs::OpenOptionsExt::custom_flags(
            &mut options,
            rustix::fs::OFlags::NOFOLLOW.bits().cast_signed(),
        );
        let opened = options.open(path).or_else(|error| match error.kind() {
            // Another account of the team has begun it: this one begins anew.
            std::io::ErrorKind::PermissionDenied => {
                std::fs::remove_file(path)?;
                options.open(path)
            }
            _ => Err(error),
        });
        let file = opened.map_err(|error| unwritten(&error))?;
        if file.try_lock().is_err() {
            return Ok(None);
        }
        let tag_path = tag_of(path);
        let tag = std::fs::read_to_string(&tag_path).ok().filter(|it| is_tag(it));
        let mut have = file.metadata().map_err(|error| unwritten(&error))?.len();
        if have > max_bytes {
            file.set_len(0).map_err(|error| unwritten(&error))?;
            have = 0;
        }
        let file = tokio::fs::File::from_std(file);
        Ok(Some(Self { file, tag_path, tag, have, max_bytes, told, ranges: true, announced: None }))
    }

    /// The same with the hash that the message announced.
    #[must_use]
    pub fn announced_as(mut self, sha256: Option<&str>) -> Self {
        self.announced = sha256.map(str::to_ascii_lowercase);
        self
    }

    /// The SHA-256 that the whole must have, in lower-case hex, where the message said so.
    pub fn announced(&self) -> Option<&str> {
        self.announced.as_deref()
    }

    /// How many bytes may come.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Whether what is here is the beginning of a file.
    pub fn is_begun(&self) -> bool {
        self.have > 0
    }

    /// Throws away what has come: the next request asks for the whole.
    ///
    /// # Errors
    /// `ours` where the file cannot be written.
    pub async fn empty(&mut self) -> Result<(), ChannelError> {
        self.have = 0;
        self.tag = None;
        // Without it the part is begun anew; where it cannot be removed it is written over or found not to fit.
        let _ = tokio::fs::remove_file(&self.tag_path).await;
        self.file.set_len(0).await.map_err(|error| unwritten(&error))
    }

    /// Asks for what is missing. `hashed`: the whole will be checked against an announced hash.
    pub fn ask(&self, request: RequestBuilder, hashed: bool) -> RequestBuilder {
        // Bytes are counted as they are stored.
        let request = request.header(ACCEPT_ENCODING, "identity");
        if self.have == 0 || !self.ranges || (self.tag.is_none() && !hashed) {
            return request;
        }
        let request = request.header(RANGE, format!("bytes={}-", self.have));
        match &self.tag {
            Some(tag) => request.header(IF_RANGE, tag),
            None => request,
        }
    }

    /// Writes an answer's body behind what is here, or in place of it where the vendor sends the whole.
    ///
    /// # Errors
    /// `NoAnswer` (`Safe`) where the line breaks: what has come is kept. `ours` where it is too large.
    pub async fn pour(&mut self, mut response: Response) -> Result<Poured, ChannelError> {
        let headers = response.headers();
        let text =
            |headers: &HeaderMap, name| headers.get(name).and_then(|it| it.to_str().ok()).map(str::to_owned);
        let mime = text(headers, CONTENT_TYPE);
        let total = match response.status() {
            StatusCode::PARTIAL_CONTENT => match range(text(headers, CONTENT_RANGE).as_deref()) {
                Some((from, total)) if from == self.have && self.have > 0 => total,
                // Another part than the one that was asked for: no good to anybody.
                _ => {
                    self.ranges = false;
                    self.empty().await?;
                    return Ok(Poured::AskAgain);
                }
            },
            StatusCode::RANGE_NOT_SATISFIABLE => {
                let size =
                    text(headers, CONTENT_RANGE).and_then(|it| it.strip_prefix("bytes */")?.parse().ok());
                if size == Some(self.have) && self.have > 0 {
                    return Ok(Poured::Whole(Downloaded { size: self.have, mime: None }));
                }
                self.ranges = false;
                self.empty().await?;
                return Ok(Poured::AskAgain);
            }
            _ => {
                self.empty().await?;
                // What is unpacked on the way has another length, and no range of it can be asked for.
                let plain = !headers.contains_key(CONTENT_ENCODING);
                self.remember(headers, plain).await;
                response.content_length().filter(|_| plain)
            }
        };
        if let Some(total) = total.filter(|total| *total > self.max_bytes) {
            self.empty().await?;
            return Err(too_large("the file", total, self.max_bytes));
        }
        self.file.seek(SeekFrom::Start(self.have)).await.map_err(|error| unwritten(&error))?;
        (self.told)(self.have, total);
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => {
                    // What has come is on disk before anybody counts on it.
                    self.file.flush().await.map_err(|error| unwritten(&error))?;
                    return Err(broken(error.is_timeout(), self.have, total));
                }
            };
            if self.have + chunk.len() as u64 > self.max_bytes {
                self.empty().await?;
                return Err(too_large("the file", self.have + chunk.len() as u64, self.max_bytes));
            }
            self.file.write_all(&chunk).await.map_err(|error| unwritten(&error))?;
            self.have += chunk.len() as u64;
            (self.told)(self.have, total);
        }
        self.file.flush().await.map_err(|error| unwritten(&error))?;
        if let Some(total) = total.filter(|total| *total > self.have) {
            return Err(broken(false, self.have, Some(total)));
        }
        Ok(Poured::Whole(Downloaded { size: self.have, mime }))
    }

    /// Takes bytes that did not come by HTTP, all at once.
    ///
    /// # Errors
    /// `ours` where they are too many or cannot be written.
    pub async fn put(&mut self, bytes: &[u8]) -> Result<Downloaded, ChannelError> {
        self.empty().await?;
        if bytes.len() as u64 > self.max_bytes {
            return Err(too_large("the file", bytes.len() as u64, self.max_bytes));
        }
        self.file.rewind().await.map_err(|error| unwritten(&error))?;
        self.file.write_all(bytes).await.map_err(|error| unwritten(&error))?;
        self.file.flush().await.map_err(|error| unwritten(&error))?;
        self.have = bytes.len() as u64;
        (self.told)(self.have, Some(self.have));
        Ok(Downloaded { size: self.have, mime: None })
    }

    /// Forces what has come onto the disk.
    ///
    /// # Errors
    /// `ours` where that fails.
    pub async fn sync(&mut self) -> Result<(), ChannelError> {
        self.file.sync_all().await.map_err(|error| unwritten(&error))
    }

    /// The SHA-256 of what is here, in lower-case hex.
    ///
    /// # Errors
    /// `ours` where the file cannot be read.
    pub async fn sha256(&mut self) -> Result<String, ChannelError> {
        self.file.rewind().await.map_err(|error| unwritten(&error))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.file.read(&mut buffer).await.map_err(|error| unwritten(&error))? {
                0 => return Ok(hex::encode(hash.finalize())),
                read => hash.update(&buffer[..read]),
            }
        }
    }

    /// Notes which version this is. Only a name that says "byte for byte" will do: a weak `ETag` does not.
    async fn remember(&mut self, headers: &HeaderMap, plain: bool) {
        let text = |name| headers.get(name).and_then(|it| it.to_str().ok());
        let tag = text(ETAG).or_else(|| text(LAST_MODIFIED)).filter(|it| plain && is_tag(it));
        self.tag = tag.map(str::to_owned);
        if let Some(tag) = &self.tag {
            // Without it the next try begins anew.
            let _ = tokio::fs::write(&self.tag_path, tag).await;
        }
    }
}

/// Where the vendor's name for the version of a part is kept.
pub fn tag_of(part: &Path) -> std::path::PathBuf {
    part.with_extension("tag")
}

/// Whether a later try may send it back: one line, and no weak `ETag`.
fn is_tag(tag: &str) -> bool {
    !tag.is_empty()
        && tag.len() <= 200
        && !tag.starts_with("W/")
        && tag.bytes().all(|it| (b' '..=b'~').contains(&it))
}

/// `bytes 5-9/10`: where the part begins, and how large the whole is.
fn range(text: Option<&str>) -> Option<(u64, Option<u64>)> {
    let (range, total) = text?.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (from, _) = range.split_once('-')?;
    Some((from.trim().parse().ok()?, total.trim().parse().ok()))
}

fn broken(time_ran_out: bool, have: u64, total: Option<u64>) -> ChannelError {
    let words = if time_ran_out { "time ran out" } else { "the connection broke" };
    let of = total.map_or_else(String::new, |total| format!(" of {total}"));
    ChannelError::new(
        ErrorKind::NoAnswer,
        Retry::Safe(None),
        format!(
            "the file did not come whole: {words}; {have}{of} bytes are kept, the next try goes on from there"
        ),
    )
}

fn unwritten(error: &std::io::Error) -> ChannelError {
    ChannelError::new(ErrorKind::Ours, Retry::Unclear, format!("the file cannot be kept: {error}"))
}

#[cfg(test)]
mod tests;
