//! Files on their way out: limits before the first byte leaves, and how many have left.

use std::{path::Path, sync::Arc};

use futures_util::TryStreamExt;

use super::ChannelError;
use crate::domain::{Descriptor, attachment::StoredFile, capability::FileLimit};

/// Hears how many bytes of a file have left so far.
pub type Told = Arc<dyn Fn(u64) + Send + Sync>;

/// Nobody hears it.
pub fn unheard() -> Told {
    Arc::new(|_| {})
}

/// A file as (a part of) a request's body.
///
/// # Errors
/// `ours` where it cannot be opened.
pub async fn body(path: &Path, told: Told) -> Result<reqwest::Body, ChannelError> {
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| ChannelError::ours(format!("the attachment cannot be read: {error}")))?;
    let mut left = 0;
    let bytes = tokio_util::io::ReaderStream::new(file).inspect_ok(move |bytes| {
        left += bytes.len() as u64;
        told(left);
    });
    Ok(reqwest::Body::wrap_stream(bytes))
}

/// The limit that a file falls under, where the channel takes it.
///
/// # Errors
/// `ours` where it takes none of its type or none so large.
pub fn taken<'a>(descriptor: &'a Descriptor, file: &StoredFile) -> Result<&'a FileLimit, ChannelError> {
    let limit = descriptor.capabilities.files.as_ref().and_then(|rules| rules.limit_for(&file.mime));
    let limit = limit.ok_or_else(|| {
        ChannelError::ours(format!(
            "{} takes no files of the type {}; {} was not sent",
            descriptor.name, file.mime, file.name
        ))
    })?;
    if file.size > limit.max_bytes {
        return Err(too_large(&file.name, file.size, limit.max_bytes));
    }
    Ok(limit)
}

/// The refusal of something larger than its limit.
pub fn too_large(what: &str, size: u64, max: u64) -> ChannelError {
    ChannelError::ours(format!("{what} has {:.1} MB; {:.1} MB is the limit", mb(size), mb(max)))
}

#[expect(clippy::cast_precision_loss, reason = "a size for reading, with one decimal")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests;
