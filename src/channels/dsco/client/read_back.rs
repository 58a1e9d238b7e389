//! Looking for what we sent (contract 2.9).

use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Dsco, Loop, Uncounted};
use crate::{
    channels::{
        ChannelError, Found, Prepared, Sending, Sent,
        dsco::{
            dates,
            map::{self, Seen},
            request,
        },
    },
    domain::{
        Action, Direction, Time,
        change::{Change, MessageSeen, Page},
        outbox::NewConversation,
    },
};

/// Both clocks may be off by so much when a send is looked for.
const SLACK: TimeDelta = TimeDelta::minutes(2);
/// Our own messages of so long ago may not be searchable yet.
const LAG: TimeDelta = TimeDelta::minutes(10);

impl Dsco {
    /// The conversation under our reference id, where it is this one.
    pub(super) async fn created_earlier(
        &self,
        new: &NewConversation,
        reference: &str,
    ) -> Result<Option<Seen>, ChannelError> {
        let body = request::by_reference(self.role(), reference);
        let seen = self.conversation(&body, &mut Uncounted).await?;
        let text = Some(new.first.text.as_str()).filter(|it| !it.is_empty());
        Ok(seen.filter(|it| {
            it.title == request::title(new)
                && (it.first.is_none() || it.first.as_deref().map(comparable) == text.map(comparable))
                && it.changes.iter().any(|it| named(it, reference))
        }))
    }

    /// Messages of a conversation from shortly before `since` on.
    async fn messages_since(&self, id: &str, since: Time) -> Result<Vec<MessageSeen>, ChannelError> {
        let items = self.list_all(Loop::Messages, &request::messages_of(id, since), &mut Uncounted).await?;
        Ok(items
            .iter()
            .filter_map(|raw| map::message(raw, self.role()))
            .filter(|it| it.conversation == id)
            .collect())
    }

    fn since(&self, send: &Sending<'_>) -> Time {
        let skew = send.evidence["skew_ms"].as_i64().map(TimeDelta::milliseconds).or_else(|| self.skew());
        send.started_at + skew.unwrap_or_default() - SLACK
    }

    /// What is there before a send.
    pub(super) async fn look_before(&self, send: &Sending<'_>) -> Result<Prepared, ChannelError> {
        let (Action::Reply(_), Some(target)) = (send.action, send.target) else {
            // A create is found by its reference id alone.
            return Ok(Prepared { evidence: json!({"skew_ms": self.skew_ms()}), page: Page::default() });
        };
        if !self.knows_skew() {
            self.hello(&mut Uncounted).await?;
        }
        let mut changes = Vec::new();
        if let Some(seen) = self.conversation_by_id(&target.remote_id, &mut Uncounted).await? {
            changes.extend(seen.changes);
        }
        // Our own of the last minutes may not be searchable yet, but are stored here.
        let since = self.server_now() - LAG;
        let messages = self.messages_since(&target.remote_id, since).await?;
        let stored = target.known.iter().filter(|it| it.at >= since - SLACK).map(|it| it.key.clone());
        let known: HashSet<String> = messages.iter().map(|it| it.key.clone()).chain(stored).collect();
        changes.extend(messages.into_iter().map(|it| Change::Message(Box::new(it))));
        Ok(Prepared {
            evidence: json!({"known": known, "skew_ms": self.skew_ms()}),
            page: Page { changes, memory: Vec::new() },
        })
    }

    /// Whether a send is there.
    pub(super) async fn read_back(&self, send: &Sending<'_>) -> Result<Found, ChannelError> {
        if let Action::Create(new) = send.action {
            let reference = reference(new, send);
            return Ok(match self.created_earlier(new, &reference).await? {
                Some(seen) => Found::There(created(seen)),
                None => Found::Absent(format!("no conversation of ours has the reference id {reference}")),
            });
        }
        let (Some(target), outgoing) = (send.target, send.outgoing()?) else {
            return Err(ChannelError::ours("a reply without its conversation cannot be looked up"));
        };
        let since = self.since(send);
        let known: HashSet<&str> = match send.evidence["known"].as_array() {
            Some(ids) => ids.iter().filter_map(Value::as_str).collect(),
            // Without a look before the send: what was stored and is older than it.
            None => target.known.iter().filter(|it| it.at < since).map(|it| it.key.as_str()).collect(),
        };
        let messages = self.messages_since(&target.remote_id, since).await?;
        let looked_at = messages.len();
        let ours = messages.into_iter().find(|it| {
            it.direction == Direction::Outbound
                && !known.contains(it.key.as_str())
                && comparable(&it.body) == comparable(&outgoing.text)
        });
        Ok(match ours {
            Some(message) => Found::There(Sent {
                key: Some(message.key.clone()),
                remote_id: message.remote_id.clone(),
                at: message.sent_at,
                ..Sent::default()
            }),
            None => Found::Absent(format!(
                "none of the {looked_at} messages of this conversation since {} is a new one of ours with this text",
                dates::write(since)
            )),
        })
    }

    fn skew_ms(&self) -> Option<i64> {
        self.skew().map(|it| it.num_milliseconds())
    }
}

/// The reference id of a create: the agent's, else the send's own name.
pub(super) fn reference(new: &NewConversation, send: &Sending<'_>) -> String {
    new.reference.clone().filter(|it| !it.trim().is_empty()).unwrap_or_else(|| send.send_id.to_owned())
}

pub(super) fn created(seen: Seen) -> Sent {
    // Its first message is ours and in the thread already; the vendor's id of it comes with the next scan.
    let changes: Vec<_> =
        seen.changes.into_iter().filter(|it| matches!(it, Change::Conversation(_))).collect();
    let at = changes.iter().find_map(|it| match it {
        Change::Conversation(seen) => seen.created_at,
        _ => None,
    });
    Sent { key: None, remote_id: None, conversation: Some(seen.id), at, changes }
}

/// Whether a conversation carries this reference id (a search that ignores its criterion gives others).
fn named(change: &Change, reference: &str) -> bool {
    matches!(change, Change::Conversation(seen) if seen.numbers.iter().any(|it| it == reference))
}

/// "Identical text" (contract 2.9), but for line ends and white space around it.
fn comparable(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}
