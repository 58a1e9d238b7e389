//! `deskline attachment`.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use indicatif::ProgressBar;

use super::{
    args::Attachment,
    context::Desk,
    error::{CliError, Code},
    find, plain,
    signals::{self, Ended},
    transfer,
};
use crate::{
    channels::Channel,
    domain::{
        AttachmentState, Conversation, MessageId,
        attachment::{StoredFile, safe_file_name},
    },
    store::PendingDownload,
    sync::{Fetched, fetch},
};

/// Messages in which the file is looked for.
const ALL: usize = 100_000;

/// Saves a file of a conversation, never over another one. One that is at the vendor only is fetched first.
pub async fn run(desk: &Desk, command: Attachment) -> Result<(), CliError> {
    let Attachment::Save { id, n, to } = command;
    let conversation = find::conversation(desk, &id).await?;
    let (message, state) = find_file(desk, &conversation, n).await?;
    let stored = match desk.store.attachment_file(message, n).await? {
        Some(stored) => stored,
        None if state == AttachmentState::Failed => {
            return Err(CliError::new(Code::Failed, "the vendor no longer has this file, or refused it")
                .hint("deskline show says which files there are"));
        }
        None => match had(desk, &conversation, message, n).await? {
            Some(stored) => stored,
            None => return Ok(()),
        },
    };
    let wanted = to.unwrap_or_else(|| PathBuf::from("."));
    let target = if wanted.is_dir() { wanted.join(safe_file_name(&stored.name)) } else { wanted };
    copy_new(&desk.store.file_path(&stored.sha256), &target).map_err(|error| {
        CliError::new(Code::Failed, format!("{}: {error}; nothing was saved", target.display()))
    })?;
    plain::line(&format!("{}  {} bytes  sha256 {}", target.display(), stored.size, stored.sha256))
}

async fn find_file(
    desk: &Desk,
    conversation: &Conversation,
    n: u32,
) -> Result<(MessageId, AttachmentState), CliError> {
    let thread = desk.store.thread(conversation.id, None, ALL).await?;
    let found = thread.iter().find_map(|message| {
        message.attachments.iter().find(|file| file.n == n).map(|file| (message.id, file.state))
    });
    found.ok_or_else(|| {
        CliError::new(Code::Failed, format!("conversation {} has no file {n}", conversation.id))
            .hint("deskline show numbers them")
    })
}

/// Fetches a file, or waits for whoever fetches it just now. A bar shows how far it is where somebody looks. `None`: told
/// to end.
async fn had(
    desk: &Desk,
    conversation: &Conversation,
    message: MessageId,
    n: u32,
) -> Result<Option<StoredFile>, CliError> {
    let elsewhere = || {
        CliError::new(Code::Failed, "this file is at the vendor only so far")
            .hint("deskline sync fetches what can be had")
    };
    let pending = desk.store.pending_downloads(conversation.channel.clone(), ALL).await?;
    let Some(file) = pending.into_iter().find(|it| it.message == message && it.n == n) else {
        return Err(elsewhere());
    };
    let built = desk.world.channels(Some(&conversation.channel.0)).await.map_err(|_| elsewhere())?;
    // Without the channel's secrets only the service can ask for it.
    let Some(channel) = built.channels.into_iter().next() else { return Err(elsewhere()) };
    let bar = transfer::bar(0);
    let ended = tokio::select! {
        biased;
        ended = signals::ended() => ended,
        end = came(desk, &channel, &file, &bar) => {
            bar.finish_and_clear();
            end?;
            return desk.store.attachment_file(message, n).await?.map(Some).ok_or_else(elsewhere);
        }
    };
    bar.abandon();
    plain::note("what has come is kept: saving it again, or deskline sync, goes on from there");
    match ended {
        Ended::Interrupted => Err(CliError::new(Code::Interrupted, "")),
        Ended::Told => Ok(None),
    }
}

async fn came(
    desk: &Desk,
    channel: &Arc<dyn Channel>,
    file: &PendingDownload,
    bar: &ProgressBar,
) -> Result<(), CliError> {
    let max = desk.world.config.sync.max_attachment_bytes;
    let told = |have, total: Option<u64>| {
        // Where the vendor does not say how long it is, there is no share of it to be shown.
        match total {
            Some(total) => bar.set_length(total),
            None => bar.unset_length(),
        }
        bar.set_position(have);
    };
    let mut seen = 0;
    loop {
        match fetch(&desk.store, channel, &desk.clock, file, max, &told).await? {
            Fetched::Came => return Ok(()),
            Fetched::Failed { error, .. } => {
                return Err(CliError::from(error).hint("deskline attachment save tries again"));
            }
            Fetched::Elsewhere => {}
        }
        // Another process has it: it says when there is more.
        let message = desk.store.message(file.message).await?;
        let Some(it) = message.iter().flat_map(|it| &it.attachments).find(|it| it.n == file.n) else {
            return Err(CliError::new(Code::Failed, "this file is gone: its message was erased"));
        };
        match it.state {
            AttachmentState::Remote => told(it.fetched.unwrap_or(0), it.size),
            _ => return Ok(()),
        }
        seen = desk.store.changed(seen).await;
    }
}

/// Copies into a file that does not exist yet; a link there is not followed. One that could not be copied whole is
/// removed again.
fn copy_new(from: &Path, to: &Path) -> io::Result<u64> {
    let mut from = std::fs::File::open(from)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let copied = io::copy(&mut from, &mut file).and_then(|bytes| file.sync_all().map(|()| bytes));
    if copied.is_err() {
        // Never half a file under a whole one's name.
        let _ = std::fs::remove_file(to);
    }
    copied
}
