//! Windows of time, one after the other, without a hole (contract 2.7).

use std::collections::HashSet;

use chrono::{SubsecRound, TimeDelta};
use serde_json::json;

use super::{BARREN, Dsco, Loop, UNTIL_MARGIN, fresh};
use crate::{
    channels::{
        ChannelError, ErrorKind, Memory, Retry, Sink, Sweep,
        dsco::{
            dates, map,
            request::{self, Window},
        },
        lenient::Raw,
    },
    domain::{
        Direction,
        change::{Change, Page},
    },
};

/// Messages become searchable seconds, rarely minutes, after their date.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// A full sweep looks back for stragglers and for statuses that changed without a sign.
const FULL_OVERLAP: TimeDelta = TimeDelta::hours(24);
/// What the vendor insists on between its own time and `until`.
const UNTIL_LEAST: TimeDelta = TimeDelta::seconds(5);
const DEFAULT_START: TimeDelta = TimeDelta::days(30);
/// How often a window whose scrollId was lost is begun anew.
const RERUNS: usize = 3;

impl Loop {
    /// The note that keeps the `until` of its last complete scan.
    fn note(self) -> &'static str {
        match self {
            Self::Conversations => "conversations_until",
            Self::Messages => "messages_until",
        }
    }
}

impl Dsco {
    /// Both loops.
    pub(super) async fn go_through(
        &self,
        sweep: Sweep,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<(), ChannelError> {
        if !self.knows_skew() {
            self.hello(sink).await?;
        }
        let overlap = if sweep == Sweep::Full { FULL_OVERLAP } else { OVERLAP };
        let mut fetched = HashSet::new();
        // Conversations first, so that those of most messages are known when these come.
        self.sweep(Loop::Conversations, overlap, &mut fetched, memory, sink).await?;
        self.sweep(Loop::Messages, overlap, &mut fetched, memory, sink).await?;
        if sweep == Sweep::Full {
            for id in memory.open_conversations().await? {
                let changes = self.unknown(&id, &mut fetched, memory, sink).await?;
                if !changes.is_empty() {
                    sink.page(Page { changes, memory: Vec::new() }).await?;
                }
            }
        }
        Ok(())
    }

    /// One loop over one fixed window. The window's end is noted with its last page and not before.
    async fn sweep(
        &self,
        what: Loop,
        overlap: TimeDelta,
        fetched: &mut HashSet<String>,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<(), ChannelError> {
        let last = memory.note(what.note()).await?.and_then(|it| dates::read(it.as_str()?));
        let window = || {
            let until = (self.server_now() - UNTIL_MARGIN).trunc_subsecs(3);
            let since = match last {
                // An `until` of a clock that was ahead must not leave a window upside down.
                Some(last) => last.min(until) - overlap,
                None => self.settings.start.unwrap_or_else(|| self.server_now() - DEFAULT_START).min(until),
            };
            let window = Window { since, until };
            let body = match what {
                Loop::Messages => request::messages_in(window),
                Loop::Conversations => request::conversations_in(window),
            };
            (until, body)
        };
        let (mut until, mut first) = window();
        let (mut reruns, mut moved) = (0, false);
        'window: loop {
            let (mut body, mut seen, mut barren) = (first.clone(), HashSet::new(), 0);
            loop {
                let scrolled = body.get("scrollId").is_some();
                let page = match self.list(what, &body, sink).await {
                    Ok(page) => page,
                    // The scrollId is no longer known: the same window once more, from its beginning.
                    Err(error) if scrolled && matches!(error.status, Some(400 | 404)) && reruns < RERUNS => {
                        reruns += 1;
                        continue 'window;
                    }
                    // A clock was set since its time was last seen: the refusal says what it is now.
                    Err(error)
                        if !scrolled
                            && error.status == Some(400)
                            && !moved
                            && until > self.server_now() - UNTIL_LEAST =>
                    {
                        moved = true;
                        (until, first) = window();
                        continue 'window;
                    }
                    Err(error) => return Err(error),
                };
                barren = if fresh(&mut seen, &page.items) { 0 } else { barren + 1 };
                if barren >= BARREN {
                    return Err(ChannelError::new(
                        ErrorKind::Outage,
                        Retry::Safe(None),
                        "the vendor gives the same page again and again; the window was left for the next scan",
                    ));
                }
                let next = page.scroll_id.filter(|_| !page.items.is_empty());
                let mut stored = Page {
                    changes: self.changes(what, &page.items, fetched, memory, sink).await?,
                    ..Page::default()
                };
                if next.is_none() {
                    stored.memory.push((what.note().into(), json!(dates::write(until))));
                }
                sink.page(stored).await?;
                match next {
                    Some(id) => body = request::next_page(&id),
                    None => return Ok(()),
                }
            }
        }
    }

    async fn changes(
        &self,
        what: Loop,
        items: &[Raw],
        fetched: &mut HashSet<String>,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Change>, ChannelError> {
        let mut changes = Vec::new();
        let mut unread = 0;
        if what == Loop::Conversations {
            for raw in items {
                match map::conversation(raw, self.role(), self.clock.now()) {
                    Some(seen) => {
                        self.note_name(&seen);
                        fetched.insert(seen.id);
                        changes.extend(seen.changes);
                    }
                    None => unread += 1,
                }
            }
        } else {
            for raw in items {
                let Some(mut message) = map::message(raw, self.role()) else {
                    unread += 1;
                    continue;
                };
                changes.extend(self.unknown(&message.conversation, fetched, memory, sink).await?);
                if message.author.name.is_none() && message.direction == Direction::Inbound {
                    message.author.name = self.name_in(&message.conversation);
                }
                changes.push(Change::Message(Box::new(message)));
            }
        }
        if unread > 0 {
            tracing::warn!(channel = %self.settings.name, unread, "items that name no conversation were left out");
        }
        Ok(changes)
    }

    /// A conversation that is known by name only is fetched at once; until it is found its gate stays unknown.
    async fn unknown(
        &self,
        id: &str,
        fetched: &mut HashSet<String>,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Change>, ChannelError> {
        if !fetched.insert(id.to_owned()) || memory.knows(id).await? {
            return Ok(Vec::new());
        }
        match self.conversation_by_id(id, sink).await {
            Ok(seen) => Ok(seen.map_or_else(Vec::new, |seen| {
                self.note_name(&seen);
                seen.changes
            })),
            // Its messages are not held back by a refusal; the next sweep asks again.
            Err(error) if error.kind == ErrorKind::Refused => {
                tracing::warn!(%error, "a conversation cannot be read");
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }
}
