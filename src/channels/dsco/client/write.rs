//! What is written: messages, new conversations, changes.

use serde_json::Value;

use super::{
    Call, Dsco, Uncounted,
    read_back::{created, reference},
};
use crate::{
    channels::{
        ChannelError, ErrorKind, Retry, Sending, Sent, Target,
        dsco::{dates, error, map, request, wire},
        json,
    },
    domain::{
        change::{Change, Page},
        outbox::NewConversation,
    },
};

impl Dsco {
    /// Changes something that may be changed twice; the answer is the conversation.
    pub(super) async fn update(&self, id: &str, body: &Value) -> Result<Vec<Change>, ChannelError> {
        let answer = self.call(Call::Update, Some(body), &mut Uncounted).await?;
        let seen =
            error::object(&answer).and_then(|raw| map::conversation(&raw, self.role(), self.clock.now()));
        if let Some(seen) = seen.filter(|it| it.id == id) {
            return Ok(seen.changes);
        }
        // What it looks like now is read for itself. A page of somebody else's (HTML, half an answer) is no answer.
        let bare = answer.body.trim_ascii().is_empty();
        if !bare && error::object(&answer).is_none() {
            return Err(error::unreadable(&answer));
        }
        match self.conversation_by_id(id, &mut Uncounted).await {
            Ok(Some(seen)) => Ok(seen.changes),
            // Neither the answer nor the look names it: the change is repeated, which does no harm.
            _ if !bare => Err(error::unreadable(&answer)),
            // It is done; the next scan shows it.
            Ok(None) => Ok(Vec::new()),
            Err(error) => {
                tracing::warn!(%error, "a changed conversation could not be read back");
                Ok(Vec::new())
            }
        }
    }

    pub(super) async fn reply(
        &self,
        target: &Target,
        text: &str,
        reopen: bool,
    ) -> Result<Sent, ChannelError> {
        let mut changes = Vec::new();
        if reopen {
            // The message has not left yet: an unclear reopening is simply repeated.
            let reopened = self.update(&target.remote_id, &request::status(&target.remote_id, false)).await;
            changes = reopened.map_err(|error| match error.retry {
                Retry::Unclear => ChannelError { retry: Retry::Safe(None), ..error },
                _ => error,
            })?;
        }
        let answer = match self
            .call(Call::Say, Some(&request::message(&target.remote_id, text)), &mut Uncounted)
            .await
        {
            Ok(answer) => answer,
            Err(error) if error::says_closed(&error) => {
                let seen = self.conversation_by_id(&target.remote_id, &mut Uncounted).await.ok().flatten();
                let page = seen.map(|it| Box::new(Page { changes: it.changes, memory: Vec::new() }));
                return Err(ChannelError { kind: ErrorKind::GateClosed, page, ..error });
            }
            Err(error) => return Err(error),
        };
        let mut message: wire::Message = error::read(&answer)?;
        // Without the id of the message nobody has said that there is one.
        let id =
            json::name(message.dsco_message_id.take()).ok_or_else(|| error::no_id(&answer, "message"))?;
        if let Some(text) = map::misfiled(&message, self.role()) {
            changes.push(Change::Account { text, at: self.clock.now(), key: None });
        }
        let at = message.create_date.as_deref().and_then(dates::read);
        Ok(Sent { key: Some(id.clone()), remote_id: Some(id), conversation: None, at, changes })
    }

    pub(super) async fn create(
        &self,
        new: &NewConversation,
        send: &Sending<'_>,
    ) -> Result<Sent, ChannelError> {
        let reference = reference(new, send);
        let body = request::create(self.role(), new, &reference)?;
        match self.call(Call::Create, Some(&body), &mut Uncounted).await {
            Ok(answer) => {
                let raw = error::object(&answer).ok_or_else(|| error::unreadable(&answer))?;
                let seen = map::conversation(&raw, self.role(), self.clock.now());
                let seen = seen.filter(|it| json::name(Some(it.id.clone())).is_some());
                seen.map(created).ok_or_else(|| error::no_id(&answer, "conversation"))
            }
            // The reference id is ours alone. Taken already by just this: an earlier try of the same create landed. With
            // which status that is refused is inferred (contract 2.11).
            Err(error) if error.kind == ErrorKind::Refused => {
                Ok(self.created_earlier(new, &reference).await.ok().flatten().map(created).ok_or(error)?)
            }
            Err(error) => Err(error),
        }
    }
}
