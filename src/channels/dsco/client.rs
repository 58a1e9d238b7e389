//! The account at Dsco.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::{SubsecRound, TimeDelta};
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    Role, Settings, dates, error,
    map::{self, Seen},
    request::{self, Window},
    wire,
};
use crate::{
    channels::{
        Channel, ChannelError, Checked, ErrorKind, Found, Memory, Prepared, Retry, Sending, Sent, Set, Sink,
        Sweep, Target,
        http::{Answer, Http},
        lenient::Raw,
        tokens::{Session, Token, Tokens},
    },
    domain::{
        Action, Descriptor, Direction, Time,
        change::{Change, MessageSeen, Page},
        outbox::NewConversation,
        time::Clock,
    },
};

/// The vendor refuses an `until` that is less than five seconds past; five more for the network (contract 2.7).
const UNTIL_MARGIN: TimeDelta = TimeDelta::seconds(10);
/// Messages become searchable seconds, rarely minutes, after their date.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// A full sweep looks back for stragglers and for statuses that changed without a sign.
const FULL_OVERLAP: TimeDelta = TimeDelta::hours(24);
const DEFAULT_START: TimeDelta = TimeDelta::days(30);
/// Both clocks may be off by so much when a send is looked for (contract 2.9).
const SLACK: TimeDelta = TimeDelta::minutes(2);
/// How often a window whose scrollId was lost is begun anew.
const RERUNS: usize = 3;
/// So many pages in a row with nothing new on them, and the vendor goes round in circles.
const BARREN: usize = 5;

/// A kind of call: its rate bucket, its method, its path. Five a second each at the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Hello,
    Create,
    Update,
    Conversations,
    Say,
    Messages,
}

impl Call {
    fn parts(self) -> (&'static str, Method, &'static str) {
        match self {
            Self::Hello => ("hello", Method::GET, "/hello"),
            Self::Create => ("create", Method::POST, "/conversation"),
            Self::Update => ("update", Method::PUT, "/conversation"),
            // POST, not GET (contract C12).
            Self::Conversations => ("conversations", Method::POST, "/conversation/list"),
            Self::Say => ("say", Method::POST, "/conversation/message"),
            Self::Messages => ("messages", Method::POST, "/conversation/message/list"),
        }
    }
}

/// A configured account.
pub struct Dsco {
    settings: Settings,
    descriptor: Descriptor,
    http: Http,
    clock: Arc<dyn Clock>,
    session: Session,
    max_rate: u32,
    /// The vendor's clock minus ours, from the last `Date`.
    skew: Mutex<Option<TimeDelta>>,
}

/// Requests outside of scans are nobody's count.
struct Uncounted;

#[async_trait]
impl Sink for Uncounted {
    async fn page(&mut self, _page: Page) -> Result<(), ChannelError> {
        Ok(())
    }
}

/// One of the two loops of a scan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loop {
    Conversations,
    Messages,
}

impl Loop {
    /// The note that keeps the `until` of its last complete scan.
    fn note(self) -> &'static str {
        match self {
            Self::Conversations => "conversations_until",
            Self::Messages => "messages_until",
        }
    }
}

/// A page of a search.
struct Listed {
    items: Vec<Raw>,
    scroll_id: Option<String>,
}

impl Dsco {
    /// The account, ready to talk.
    ///
    /// # Errors
    /// `ours` where no HTTPS client can be made.
    pub fn new(
        mut settings: Settings,
        descriptor: Descriptor,
        clock: Arc<dyn Clock>,
        tokens: Tokens,
        max_rate: u32,
    ) -> Result<Self, ChannelError> {
        settings.url.truncate(settings.url.trim_end_matches('/').len());
        let session = Session::new(tokens, format!("{} {}", settings.client_id, settings.url));
        Ok(Self {
            settings,
            descriptor,
            http: Http::new()?,
            clock,
            session,
            max_rate,
            skew: Mutex::default(),
        })
    }

    fn role(&self) -> Role {
        self.settings.role
    }

    fn skew(&self) -> Option<TimeDelta> {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The vendor's time, as far as it is known. `Date` has whole seconds and is behind by the way here: never ahead.
    fn server_now(&self) -> Time {
        self.clock.now() + self.skew().unwrap_or_default()
    }

    fn note_date(&self, answer: &Answer) {
        if let Some(date) = answer.date() {
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(date - self.clock.now());
        }
    }

    /// Asks for a token. What needs it has not left yet, so nothing here is unclear.
    async fn new_token(&self, sink: &mut dyn Sink) -> Result<Token, ChannelError> {
        self.http.place("token", self.max_rate).await;
        sink.requested();
        let request = self
            .http
            .request(Method::POST, &format!("{}/oauth2/token", self.settings.url))
            .header(ACCEPT, "application/json")
            .form(&[
                ("grant_type", "client_credentials"),
                ("client_id", &self.settings.client_id),
                ("client_secret", self.settings.client_secret.expose_secret()),
            ]);
        let answer = self.http.send(request).await.map_err(|error| match error.retry {
            Retry::Unclear => ChannelError { retry: Retry::Safe(None), ..error },
            _ => error,
        })?;
        let now = self.clock.now();
        let (value, expires_in) = error::token(&answer, now)?;
        let lifetime = expires_in.filter(|it| it.is_finite() && *it > 0.0).map(|seconds| {
            // Whole seconds, and at most a year: a lifetime beyond that is no lifetime.
            #[expect(clippy::cast_possible_truncation, reason = "bounded by the line above it")]
            TimeDelta::seconds(seconds.min(31_536_000.0) as i64)
        });
        Ok(Token { value: value.into(), until: lifetime.map(|it| now + it) })
    }

    async fn once(
        &self,
        call: Call,
        body: Option<&Value>,
        token: &SecretString,
        sink: &mut dyn Sink,
    ) -> Result<Answer, ChannelError> {
        let (bucket, method, path) = call.parts();
        self.http.place(bucket, self.max_rate).await;
        sink.requested();
        let mut header = reqwest::header::HeaderValue::from_str(&format!("bearer {}", token.expose_secret()))
            .map_err(|_| ChannelError::ours("the session token holds characters that no header can carry"))?;
        header.set_sensitive(true);
        let mut request = self
            .http
            .request(method, &format!("{}{path}", self.settings.url))
            .header(AUTHORIZATION, header)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json");
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = self.http.send(request).await?;
        self.note_date(&answer);
        Ok(answer)
    }

    /// Asks with a token that serves; on 401 once more with a new one (contract 2.8: a 401 was not executed).
    async fn call(
        &self,
        call: Call,
        body: Option<&Value>,
        sink: &mut dyn Sink,
    ) -> Result<Answer, ChannelError> {
        let token = self.session.token(self.clock.now(), None, self.new_token(sink)).await?;
        let mut answer = self.once(call, body, &token, sink).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            tracing::info!(call = ?call, "the token is no longer taken; asking for another");
            let token = self.session.token(self.clock.now(), Some(&token), self.new_token(sink)).await?;
            answer = self.once(call, body, &token, sink).await?;
        }
        if let Err(error) = error::check(&answer, self.clock.now()) {
            tracing::debug!(call = ?call, status = answer.status.as_u16(), content = ?answer.headers.get(CONTENT_TYPE), "refused");
            return Err(error);
        }
        Ok(answer)
    }

    async fn list(&self, what: Loop, body: &Value, sink: &mut dyn Sink) -> Result<Listed, ChannelError> {
        let call = if what == Loop::Messages { Call::Messages } else { Call::Conversations };
        let answer = self.call(call, Some(body), sink).await?;
        let found: wire::Found = error::read(&answer)?;
        let items = if what == Loop::Messages { found.messages } else { found.conversations };
        // `null` where a list belongs is an outage, not an empty inbox.
        let items = items.ok_or_else(|| error::unreadable(&answer))?;
        Ok(Listed { items, scroll_id: found.scroll_id.filter(|it| !it.is_empty()) })
    }

    /// All pages of a search that fits into memory (one conversation's).
    async fn list_all(
        &self,
        what: Loop,
        body: &Value,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Raw>, ChannelError> {
        let mut page = self.list(what, body, sink).await?;
        let (mut items, mut seen, mut barren) = (Vec::new(), HashSet::new(), 0);
        loop {
            let over = page.items.is_empty();
            barren = if fresh(&mut seen, &page.items) { 0 } else { barren + 1 };
            items.append(&mut page.items);
            match page.scroll_id {
                Some(id) if !over && barren < BARREN => {
                    page = self.list(what, &request::next_page(&id), sink).await?;
                }
                _ => return Ok(items),
            }
        }
    }

    async fn conversation(&self, body: &Value, sink: &mut dyn Sink) -> Result<Option<Seen>, ChannelError> {
        let items = self.list_all(Loop::Conversations, body, sink).await?;
        Ok(items.iter().find_map(|raw| map::conversation(raw, self.role(), self.clock.now())))
    }

    async fn conversation_by_id(&self, id: &str, sink: &mut dyn Sink) -> Result<Option<Seen>, ChannelError> {
        let seen = self.conversation(&request::conversation(id), sink).await?;
        // A search that ignores what it was asked for must not lend one conversation the state of another.
        Ok(seen.filter(|it| it.id == id))
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
        let until = (self.server_now() - UNTIL_MARGIN).trunc_subsecs(3);
        let last = memory.note(what.note()).await?.and_then(|it| dates::read(it.as_str()?));
        let since = match last {
            // An `until` of a clock that was ahead must not leave a window upside down.
            Some(last) => last.min(until) - overlap,
            None => self.settings.start.unwrap_or_else(|| self.server_now() - DEFAULT_START).min(until),
        };
        let window = Window { since, until };
        let first = match what {
            Loop::Messages => request::messages_in(window),
            Loop::Conversations => request::conversations_in(window),
        };
        let mut reruns = 0;
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
                        fetched.insert(seen.id);
                        changes.extend(seen.changes);
                    }
                    None => unread += 1,
                }
            }
        } else {
            for raw in items {
                let Some(message) = map::message(raw, self.role()) else {
                    unread += 1;
                    continue;
                };
                changes.extend(self.unknown(&message.conversation, fetched, memory, sink).await?);
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
            Ok(seen) => Ok(seen.map(|it| it.changes).unwrap_or_default()),
            // Its messages are not held back by a refusal; the next sweep asks again.
            Err(error) if error.kind == ErrorKind::Refused => {
                tracing::warn!(%error, "a conversation cannot be read");
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
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

    /// Changes something that may be changed twice; the answer is the conversation.
    async fn update(&self, id: &str, body: &Value) -> Result<Vec<Change>, ChannelError> {
        let answer = self.call(Call::Update, Some(body), &mut Uncounted).await?;
        let seen =
            error::object(&answer).and_then(|raw| map::conversation(&raw, self.role(), self.clock.now()));
        let seen = match seen.filter(|it| it.id == id) {
            Some(seen) => Some(seen),
            // It is done; what it looks like now is read for itself, and by the next scan at the latest.
            None => self.conversation_by_id(id, &mut Uncounted).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a changed conversation could not be read back");
                None
            }),
        };
        Ok(seen.map(|it| it.changes).unwrap_or_default())
    }

    async fn reply(&self, target: &Target, text: &str, reopen: bool) -> Result<Sent, ChannelError> {
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
        let message: wire::Message = error::read(&answer)?;
        if let Some(text) = map::misfiled(&message, self.role()) {
            changes.push(Change::Account { text, at: self.clock.now() });
        }
        let id = message.dsco_message_id.filter(|it| !it.is_empty());
        Ok(Sent { key: id.clone(), remote_id: id, conversation: None, changes })
    }

    async fn create(&self, new: &NewConversation, send: &Sending<'_>) -> Result<Sent, ChannelError> {
        let reference = reference(new, send);
        let body = request::create(self.role(), new, &reference)?;
        match self.call(Call::Create, Some(&body), &mut Uncounted).await {
            Ok(answer) => {
                let raw = error::object(&answer).ok_or_else(|| error::unreadable(&answer))?;
                let seen = map::conversation(&raw, self.role(), self.clock.now());
                seen.map(created).ok_or_else(|| error::unreadable(&answer))
            }
            // The reference id is ours alone. Taken already by just this: an earlier try of the same create landed.
            Err(error) if error.status == Some(400) => {
                Ok(self.created_earlier(new, &reference).await.ok().flatten().map(created).ok_or(error)?)
            }
            Err(error) => Err(error),
        }
    }

    /// The conversation under our reference id, where it is this one.
    async fn created_earlier(
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

    fn since(&self, send: &Sending<'_>) -> Time {
        let skew = send.evidence["skew_ms"].as_i64().map(TimeDelta::milliseconds).or_else(|| self.skew());
        send.started_at + skew.unwrap_or_default() - SLACK
    }
}

#[async_trait]
impl Channel for Dsco {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    async fn check(&self) -> Result<Checked, ChannelError> {
        self.call(Call::Hello, None, &mut Uncounted).await?;
        // `hello` may greet anybody: a read that needs the account, of the smallest window there is.
        let until = (self.server_now() - UNTIL_MARGIN).trunc_subsecs(3);
        let window = Window { since: until - TimeDelta::minutes(1), until };
        self.list(Loop::Conversations, &request::conversations_in(window), &mut Uncounted).await?;
        Ok(Checked {
            said: format!("signed in as {}, conversations can be read", self.role().word()),
            skew: self.skew(),
        })
    }

    async fn scan(&self, sweep: Sweep, memory: &dyn Memory, sink: &mut dyn Sink) -> Result<(), ChannelError> {
        if self.skew().is_none() {
            self.call(Call::Hello, None, sink).await?;
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

    async fn prepare(&self, send: &Sending<'_>) -> Result<Prepared, ChannelError> {
        let (Action::Reply(_), Some(target)) = (send.action, send.target) else {
            // A create is found by its reference id alone.
            return Ok(Prepared { evidence: json!({"skew_ms": self.skew_ms()}), page: Page::default() });
        };
        if self.skew().is_none() {
            self.call(Call::Hello, None, &mut Uncounted).await?;
        }
        let mut changes = Vec::new();
        if let Some(seen) = self.conversation_by_id(&target.remote_id, &mut Uncounted).await? {
            changes.extend(seen.changes);
        }
        // Our own of the last minutes may not be searchable yet, but are stored here.
        let since = self.server_now() - OVERLAP;
        let messages = self.messages_since(&target.remote_id, since).await?;
        let stored = target.known.iter().filter(|it| it.at >= since - SLACK).map(|it| it.key.clone());
        let known: HashSet<String> = messages.iter().map(|it| it.key.clone()).chain(stored).collect();
        changes.extend(messages.into_iter().map(|it| Change::Message(Box::new(it))));
        Ok(Prepared {
            evidence: json!({"known": known, "skew_ms": self.skew_ms()}),
            page: Page { changes, memory: Vec::new() },
        })
    }

    async fn send(&self, send: &Sending<'_>) -> Result<Sent, ChannelError> {
        if send.upload.is_some() || send.outgoing()?.file.is_some() {
            return Err(ChannelError::ours("Dsco takes no files; nothing was sent"));
        }
        match (send.action, send.target) {
            (Action::Create(new), _) => self.create(new, send).await,
            (Action::Reply(outgoing), Some(target)) => {
                self.reply(target, &outgoing.text, outgoing.reopen).await
            }
            _ => Err(ChannelError::ours("this action is no message to Dsco")),
        }
    }

    async fn look_up(&self, send: &Sending<'_>) -> Result<Found, ChannelError> {
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
                ..Sent::default()
            }),
            None => Found::Absent(format!(
                "none of the {looked_at} messages of this conversation since {} is a new one of ours with this text",
                dates::write(since)
            )),
        })
    }

    async fn set(&self, target: &Target, what: &Set) -> Result<Page, ChannelError> {
        let id = &target.remote_id;
        let body = match what {
            Set::Close => request::status(id, true),
            Set::Reopen => request::status(id, false),
            Set::Fields(fields) => request::fields(self.role(), id, fields)?,
            Set::Read | Set::Unread => {
                return Err(ChannelError::ours("Dsco knows no read mark; it is kept here only"));
            }
        };
        Ok(Page { changes: self.update(id, &body).await?, memory: Vec::new() })
    }
}

impl Dsco {
    fn skew_ms(&self) -> Option<i64> {
        self.skew().map(|it| it.num_milliseconds())
    }
}

/// The reference id of a create: the agent's, else the send's own name.
fn reference(new: &NewConversation, send: &Sending<'_>) -> String {
    new.reference.clone().filter(|it| !it.trim().is_empty()).unwrap_or_else(|| send.send_id.to_owned())
}

fn created(seen: Seen) -> Sent {
    // Its first message is ours and in the thread already; the vendor's id of it comes with the next scan.
    let changes = seen.changes.into_iter().filter(|it| matches!(it, Change::Conversation(_))).collect();
    Sent { key: None, remote_id: None, conversation: Some(seen.id), changes }
}

/// Whether a conversation carries this reference id (a search that ignores its criterion gives others).
fn named(change: &Change, reference: &str) -> bool {
    matches!(change, Change::Conversation(seen) if seen.numbers.iter().any(|it| it == reference))
}

/// "Identical text" (contract 2.9), but for line ends and white space around it.
fn comparable(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

/// Whether a page holds anything that no page before it held.
fn fresh(seen: &mut HashSet<u64>, items: &[Raw]) -> bool {
    let mut any = items.is_empty();
    for raw in items {
        let mut hasher = DefaultHasher::new();
        raw.get().hash(&mut hasher);
        any |= seen.insert(hasher.finish());
    }
    any
}
