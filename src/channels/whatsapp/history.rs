//! How far our messages have come, asked for where no report has come (contract B2.9): reports go to a webhook, and one
//! that was down for longer than WhatsApp repeats them has missed them for good.
//!
//! A history is found by the id of a message that is known; it cannot find what is not (contract B.11). Meta's reference
//! also knows ids of histories, which `message_history` of the number tells: asked for where the first way is refused.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    answers::{HistoryEdge, HistoryPage, Named},
    client::{Load, WhatsApp, read},
    error,
    map::{come_so_far, known_by, moment},
    request,
};
use crate::{
    channels::{ChannelError, ErrorKind, Memory, Sink, lenient},
    domain::{
        Delivery, Time,
        change::{Change, DeliverySeen, Page},
        time::{from_millis, to_millis},
    },
};

/// The channel's note of what was asked for: by message how often, and when last.
pub const ASKED: &str = "history.asked";

/// A report that comes by itself has come by then.
const PATIENCE: TimeDelta = TimeDelta::minutes(15);
/// WhatsApp tries to deliver for so long.
const LASTS: TimeDelta = TimeDelta::days(30);
/// Messages that are asked for in one sweep: management calls are few (contract B.10).
const AT_ONCE: usize = 20;
/// Of so many it is known which were asked for.
const KNOWN: usize = 500;
/// How often a message is asked for; each time the wait is four times as long.
const TIMES: u32 = 7;
/// Events of a page, the most there may be.
const PAGE: usize = 100;
/// Pages of one message.
const PAGES: usize = 20;
/// A token that may not read histories is tried again after so long.
const REFUSED_FOR: TimeDelta = TimeDelta::days(1);

/// How histories are had.
#[derive(Debug, Default)]
pub(super) struct Way {
    told: Mutex<Told>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// By an id of their own rather than by the message's.
    by_own_id: bool,
    /// Not at all, before then.
    not_before: Option<Time>,
}

impl Way {
    fn now(&self) -> Told {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, told: Told) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }
}

/// What became of asking for one message.
enum Asked {
    /// This is known.
    Known(Vec<Change>),
    /// There is no history of that name.
    Nothing,
    /// Not by this token.
    Forbidden,
    /// Not now.
    Later,
}

impl WhatsApp {
    /// Asks for messages that nothing has been heard of for a while.
    pub(super) async fn catch_up(
        &self,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<(), ChannelError> {
        let now = self.now();
        if self.way.now().not_before.is_some_and(|at| now < at) {
            return Ok(());
        }
        let waiting = memory.unreported(now - LASTS, now - PATIENCE, KNOWN).await?;
        let old = memory.note(ASKED).await?.unwrap_or(Value::Null);
        let mut asked = BTreeMap::new();
        let mut due = Vec::new();
        for (key, _) in &waiting {
            let times = old[key][0].as_u64().and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
            let last = old[key][1].as_i64().map(from_millis);
            let wait = PATIENCE * 4_i32.pow(times.clamp(1, TIMES) - 1);
            if times < TIMES && last.is_none_or(|last| last + wait <= now) {
                due.push((key.clone(), times));
            }
            if let Some(last) = last {
                asked.insert(key.clone(), json!([times, to_millis(last)]));
            }
        }
        // Whoever was asked for least often first, so that none of many is left out.
        due.sort_by_key(|(_, times)| *times);
        for (key, times) in due.into_iter().take(AT_ONCE) {
            let changes = match self.history(&key, sink).await? {
                Asked::Known(changes) => changes,
                Asked::Nothing => Vec::new(),
                Asked::Forbidden => {
                    self.way.is(Told { not_before: Some(now + REFUSED_FOR), ..self.way.now() });
                    break;
                }
                Asked::Later => break,
            };
            asked.insert(key, json!([times + 1, to_millis(now)]));
            sink.page(Page { changes, memory: vec![(ASKED.to_owned(), json!(asked))] }).await?;
        }
        if asked.is_empty() && !old.is_null() {
            sink.page(Page { changes: Vec::new(), memory: vec![(ASKED.to_owned(), Value::Null)] }).await?;
        }
        Ok(())
    }

    async fn history(&self, key: &str, sink: &mut dyn Sink) -> Result<Asked, ChannelError> {
        if !self.way.now().by_own_id {
            match self.events(key, key, sink).await? {
                Asked::Nothing => {}
                other => return Ok(other),
            }
        }
        let base = request::cloud_thing(&self.settings.url, self.phone_number_id());
        let url = format!("{base}/message_history?message_id={}&limit=1", request::segment(key));
        let own_id = match self.page(&url, sink).await? {
            Ok(page) => page.data.first().and_then(|raw| lenient::decode::<Named>(raw).ok()?.0.id),
            Err(asked) => return Ok(asked),
        };
        let Some(own_id) = own_id else { return Ok(Asked::Nothing) };
        self.way.is(Told { by_own_id: true, ..self.way.now() });
        self.events(key, &own_id, sink).await
    }

    /// All events of a history.
    async fn events(&self, key: &str, id: &str, sink: &mut dyn Sink) -> Result<Asked, ChannelError> {
        let base = format!("{}/events?limit={PAGE}", request::cloud_thing(&self.settings.url, id));
        let mut edges = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let url = match &after {
                Some(after) => format!("{base}&after={}", request::segment(after)),
                None => base.clone(),
            };
            let page = match self.page(&url, sink).await? {
                Ok(page) => page,
                Err(asked) => return Ok(asked),
            };
            let count = page.data.len();
            edges.extend(page.data);
            let last = edges.last().and_then(|raw| lenient::decode::<HistoryEdge>(raw).ok()?.0.cursor);
            let paging = page.paging.unwrap_or_default();
            let next = paging.cursors.and_then(|it| it.after).or(last).filter(|it| !it.is_empty());
            // A full page may be the last one; a cursor alone says nothing, the last page has one too.
            let more = count > 0 && (paging.next.is_some() || count >= PAGE);
            if !more || next.is_none() || next == after {
                break;
            }
            after = next;
        }
        Ok(Asked::Known(changes(key, &edges, self.now())))
    }

    async fn page(&self, url: &str, sink: &mut dyn Sink) -> Result<Result<HistoryPage, Asked>, ChannelError> {
        sink.requested();
        let answer = self.ask(Method::GET, url, Load::Nothing).await?;
        if answer.status.is_success() && error::trouble(&answer).is_none() {
            return Ok(read::<HistoryPage>(&answer).ok_or(Asked::Later));
        }
        let refusal = error::refusal(&answer, self.now());
        let code = error::trouble(&answer).and_then(|told| told.code());
        Ok(Err(match (code, refusal.kind) {
            // The token is not taken at all: that is the account's trouble.
            (Some(0 | 190), _) | (None, ErrorKind::Credentials) if refusal.status == Some(401) => {
                return Err(refusal);
            }
            (Some(33 | 100), _) => Asked::Nothing,
            _ if refusal.status == Some(404) => Asked::Nothing,
            (_, ErrorKind::Credentials | ErrorKind::Refused) => Asked::Forbidden,
            // What is caught up with can wait: a limit that was told is heeded by now.
            _ => Asked::Later,
        }))
    }
}

/// What a history tells, in the order in which it happened; the page's own order is not said.
fn changes(key: &str, edges: &[lenient::Raw], now: Time) -> Vec<Change> {
    let mut events = Vec::new();
    for raw in edges {
        let Some(event) = lenient::decode::<HistoryEdge>(raw).ok().and_then(|(edge, _)| edge.node) else {
            continue;
        };
        let at = event.occurrence_timestamp.as_deref().and_then(moment);
        events.push((at, event, known_by(raw)));
    }
    events.sort_by_key(|(at, ..)| *at);
    let come = |word: &str| come_so_far(word).filter(|it| *it != Delivery::Failed);
    let arrived = events
        .iter()
        .filter_map(|(_, event, _)| come(event.delivery_status.as_deref()?)?.rank())
        .any(|rank| rank > 1);
    let mut changes = Vec::new();
    for (at, event, hash) in events {
        let word = event.delivery_status.unwrap_or_default();
        if word.eq_ignore_ascii_case("accepted") {
            continue;
        }
        let Some(delivery) = come_so_far(&word) else {
            // Whatever comes next: shown, moves nothing.
            let said = if word.is_empty() { "a status without a word" } else { &word };
            let text = format!("message {key}: {said}");
            changes.push(Change::Account {
                text,
                at: at.unwrap_or(now),
                key: at.is_none().then(|| event.id.unwrap_or(hash)),
            });
            continue;
        };
        let failed = delivery == Delivery::Failed;
        if failed && arrived {
            continue;
        }
        let words = event.error_description.filter(|it| !it.trim().is_empty());
        changes.push(Change::Delivery(DeliverySeen {
            key: key.to_owned(),
            send_id: None,
            recipient: None,
            delivery,
            error: failed.then(|| words.unwrap_or_else(|| "WhatsApp says ERROR, without a word".into())),
            window_closed: false,
            at,
        }));
    }
    changes
}
