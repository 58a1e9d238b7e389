//! Looking for what we sent, and where it stands (contract 1.8).

use std::{collections::HashSet, sync::PoisonError};

use chrono::TimeDelta;
use serde_json::json;

use super::{MOST_PAGES, SLACK, Thg, Uncounted, gone, page_of};
use crate::{
    channels::{
        ChannelError, Found, Prepared, Sending, Sent, Sink,
        thg::map::{self, Seen},
    },
    domain::{
        Action, Direction, Time,
        change::{Change, MessageSeen, Page},
        outbox::NewConversation,
    },
};

impl Thg {
    /// Goes through all discussions until `wanted` takes one.
    async fn find(
        &self,
        sink: &mut dyn Sink,
        mut wanted: impl FnMut(&Seen) -> bool + Send,
    ) -> Result<Option<Seen>, ChannelError> {
        let mut offset = 0;
        for _ in 0..MOST_PAGES {
            let page = self.list(None, offset, 0, sink).await?;
            offset += page.given;
            let over = !page.has_more || page.given == 0;
            // A thread that has just begun has no second page of messages.
            let found = page.seen.into_iter().find(|seen| wanted(seen));
            if found.is_some() || over {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Where a new discussion stands: its id may be its own or its first message's (contract 1.3).
    pub(super) async fn locate(
        &self,
        id: &str,
        new: &NewConversation,
        send: &Sending<'_>,
    ) -> Result<Option<Seen>, ChannelError> {
        let named = |seen: &Seen| seen.id == id || seen.messages.iter().any(|it| it.key == id);
        if let Some(seen) = self.find(&mut Uncounted, named).await? {
            return Ok(Some(seen));
        }
        self.find_created(new, send).await
    }

    async fn find_created(
        &self,
        new: &NewConversation,
        send: &Sending<'_>,
    ) -> Result<Option<Seen>, ChannelError> {
        let (known, since) = self.evidence(send);
        let text = map::comparable(&new.first.text);
        self.find(&mut Uncounted, |seen| {
            !known.contains(&seen.id)
                && !self.is_taken(&seen.id)
                && seen.category() == new.category.as_deref()
                && seen.created_at().is_none_or(|at| at >= since)
                && seen.first_query().is_some_and(|it| map::comparable(&it.body) == text)
        })
        .await
    }

    /// The ids that were there before a send, and the vendor's time from which on it may be.
    fn evidence(&self, send: &Sending<'_>) -> (HashSet<String>, Time) {
        let known = send.evidence["known"]
            .as_array()
            .map(|ids| ids.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect::<HashSet<_>>());
        let skew = send.evidence["skew_ms"]
            .as_i64()
            .map(TimeDelta::milliseconds)
            .or_else(|| self.skew())
            .unwrap_or_default();
        let since = send.started_at + skew - SLACK;
        let known = known.unwrap_or_else(|| {
            // Without a look before the send: what was stored and is older than it.
            let stored = send.target.map(|it| it.known.as_slice()).unwrap_or_default();
            stored.iter().filter(|it| it.at < since).map(|it| it.key.clone()).collect()
        });
        (known, since)
    }

    /// What is there before a send.
    pub(super) async fn look_before(&self, send: &Sending<'_>) -> Result<Prepared, ChannelError> {
        let (mut known, mut page) = (Vec::new(), Page::default());
        match (send.action, send.target) {
            (Action::Reply(_), Some(target)) => {
                let seen =
                    self.whole(&target.remote_id, &mut Uncounted).await?.ok_or_else(|| gone(target))?;
                known.extend(seen.messages.iter().map(|it| it.key.clone()));
                page = page_of(&seen);
            }
            (Action::Create(_), _) => {
                self.find(&mut Uncounted, |seen| {
                    known.push(seen.id.clone());
                    false
                })
                .await?;
            }
            _ => {}
        }
        let skew_ms = self.skew().map(|it| it.num_milliseconds());
        Ok(Prepared { evidence: json!({"known": known, "skew_ms": skew_ms}), page })
    }

    /// A discussion that we have just made, as the outcome of its send.
    pub(super) fn created(&self, seen: &Seen) -> Sent {
        self.created.lock().unwrap_or_else(PoisonError::into_inner).insert(seen.id.clone());
        let first = seen.first_query();
        Sent {
            key: first.map(|it| it.key.clone()),
            remote_id: first.and_then(|it| it.remote_id.clone()),
            conversation: Some(seen.id.clone()),
            at: first.and_then(|it| it.sent_at),
            changes: besides(seen, first.map(|it| it.key.as_str())),
        }
    }

    fn is_taken(&self, id: &str) -> bool {
        self.created.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// Whether a send is there.
    pub(super) async fn read_back(&self, send: &Sending<'_>) -> Result<Found, ChannelError> {
        if let Action::Create(new) = send.action {
            return Ok(match self.find_created(new, send).await? {
                Some(seen) => Found::There(self.created(&seen)),
                None => Found::Absent(
                    "no new discussion of this category begins with this text in the account's list".into(),
                ),
            });
        }
        let (Some(target), outgoing) = (send.target, send.outgoing()?) else {
            return Err(ChannelError::ours("a reply without its conversation cannot be looked up"));
        };
        let Some(seen) = self.whole(&target.remote_id, &mut Uncounted).await? else {
            return Ok(Found::Absent("the vendor no longer lists this discussion".into()));
        };
        let (known, since) = self.evidence(send);
        let text = map::comparable(&outgoing.text);
        let ours = |it: &&MessageSeen| {
            it.direction == Direction::Outbound
                && !known.contains(&it.key)
                && it.sent_at.is_none_or(|at| at >= since)
                && map::comparable(&it.body) == text
        };
        Ok(match seen.messages.iter().filter(ours).min_by_key(|it| it.sent_at) {
            Some(message) => Found::There(Sent {
                key: Some(message.key.clone()),
                remote_id: message.remote_id.clone(),
                conversation: None,
                at: message.sent_at,
                changes: besides(&seen, Some(&message.key)),
            }),
            None => Found::Absent(format!(
                "none of the {} messages of this discussion is a new one of ours with this text",
                seen.messages.len()
            )),
        })
    }
}

/// What a discussion shows beside the message that was sent: that one is in the thread already.
fn besides(seen: &Seen, key: Option<&str>) -> Vec<Change> {
    let ours = |it: &Change| matches!(it, Change::Message(it) if Some(it.key.as_str()) == key);
    seen.changes().into_iter().filter(|it| !ours(it)).collect()
}
