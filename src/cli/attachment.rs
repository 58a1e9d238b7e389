//! `deskline attachment`.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{
    args::Attachment,
    context::Desk,
    error::{CliError, Code},
    find, plain,
};
use crate::domain::{AttachmentState, attachment::safe_file_name};

/// Messages in which the file is looked for.
const ALL: usize = 100_000;

/// Saves a file of a conversation, never over another one.
pub async fn run(desk: &Desk, command: Attachment) -> Result<(), CliError> {
    let Attachment::Save { id, n, to } = command;
    let conversation = find::conversation(desk, &id).await?;
    let thread = desk.store.thread(conversation.id, None, ALL).await?;
    let found = thread.iter().find_map(|message| {
        message.attachments.iter().find(|file| file.n == n).map(|file| (message.id, file))
    });
    let Some((message, file)) = found else {
        return Err(CliError::new(Code::Failed, format!("conversation {} has no file {n}", conversation.id))
            .hint("deskline show numbers them"));
    };
    let Some(stored) = desk.store.attachment_file(message, n).await? else {
        let text = match file.state {
            AttachmentState::Failed => "the vendor no longer has this file, or refused it",
            _ => "this file is at the vendor only so far",
        };
        return Err(CliError::new(Code::Failed, text).hint("deskline sync fetches what can be had"));
    };
    let wanted = to.unwrap_or_else(|| PathBuf::from("."));
    let target = if wanted.is_dir() { wanted.join(safe_file_name(&stored.name)) } else { wanted };
    copy_new(&desk.store.file_path(&stored.sha256), &target).map_err(|error| {
        CliError::new(Code::Failed, format!("{}: {error}; nothing was saved", target.display()))
    })?;
    plain::line(&format!("{}  {} bytes  sha256 {}", target.display(), stored.size, stored.sha256))
}

/// Copies into a file that does not exist yet; a link there is not followed.
fn copy_new(from: &Path, to: &Path) -> io::Result<u64> {
    let mut from = std::fs::File::open(from)?;
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let bytes = io::copy(&mut from, &mut to)?;
    to.sync_all()?;
    Ok(bytes)
}
