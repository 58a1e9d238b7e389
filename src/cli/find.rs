//! Conversations by what people type: the short number, or `CHANNEL:REMOTE-ID`.

use crate::{
    cli::{
        context::Desk,
        error::{CliError, Code},
    },
    domain::{ChannelName, Conversation, ConversationId},
};

/// The conversation that `id` names.
///
/// # Errors
/// `Failed` where there is none.
pub async fn conversation(desk: &Desk, id: &str) -> Result<Conversation, CliError> {
    let unknown = || {
        CliError::new(Code::Failed, format!("there is no conversation {id}"))
            .hint("deskline list shows the numbers; CHANNEL:REMOTE-ID names one by its vendor's id")
    };
    let number = match id.split_once(':') {
        // Splits at the first colon: remote ids may hold more.
        Some((channel, remote_id)) => desk
            .store
            .find(ChannelName(channel.to_owned()), remote_id.to_owned())
            .await?
            .ok_or_else(unknown)?,
        None => ConversationId(id.parse().map_err(|_| unknown())?),
    };
    desk.store.conversation(number, desk.me.clone(), desk.clock.now()).await?.ok_or_else(unknown)
}
