//! Asks the vendor to delete files that were brought there for messages that do not go.

use crate::{channels::ErrorKind, store::StoreError};

use super::dispatch::Post;

/// So many at a time.
const AT_ONCE: usize = 20;

/// One round; what cannot be had now is asked for in the next one.
pub(super) async fn round(post: &Post) -> Result<(), StoreError> {
    let channel = post.name();
    for upload in post.store.unsent_uploads(channel.clone(), AT_ONCE).await? {
        let gone = match post.channel.forget_upload(&upload).await {
            Ok(()) => true,
            Err(error) => {
                tracing::info!(%channel, kind = ?error.kind, status = error.status, "a file was not deleted");
                let later = [ErrorKind::Credentials, ErrorKind::RateLimited, ErrorKind::Unreachable];
                if later.contains(&error.kind) {
                    return Ok(());
                }
                false
            }
        };
        post.store.upload_asked(channel.clone(), upload, gone).await?;
    }
    Ok(())
}
