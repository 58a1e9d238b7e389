//! The account at Horizon.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::TimeDelta;
use reqwest::{
    Method,
    header::{AUTHORIZATION, COOKIE, SET_COOKIE},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    Api, Settings,
    error::{self, Outcome},
    map::{self, Seen},
    request::{self, Request, Window},
    wire,
};
use crate::{
    channels::{
        Channel, ChannelError, Checked, ErrorKind, Found, Memory, Prepared, Retry, Sending, Sent, Set, Sink,
        Sweep, Target,
        http::{Answer, Http},
        tokens::{Session, Token, Tokens},
    },
    domain::{
        Action, Descriptor, Direction, Time,
        attachment::StoredFile,
        change::{MessageSeen, Page},
        outbox::NewConversation,
        time::Clock,
    },
};

/// Discussions and messages that are asked for at once (contract 1.3, 1.7).
const LIMIT: u64 = 10;
const MESSAGE_LIMIT: u64 = 20;
/// Both clocks may be off by so much when a send is looked for (contract 1.8).
const SLACK: TimeDelta = TimeDelta::minutes(2);
/// A fast sweep trusts the list's first page only so long after a full one.
const FULL_SERVES: TimeDelta = TimeDelta::hours(2);
/// More pages than any account has: a vendor whose pages never end is not followed for ever.
const MOST_PAGES: usize = 10_000;
const UPLOAD_TIMEOUT: Duration = Duration::from_mins(5);

/// A configured account.
pub struct Thg {
    settings: Settings,
    descriptor: Descriptor,
    http: Http,
    clock: Arc<dyn Clock>,
    session: Session,
    max_rate: u32,
    /// What the vendor's weight limit has left of the two limits.
    limit: AtomicU64,
    message_limit: AtomicU64,
    /// The vendor's clock minus ours, in milliseconds, from the last `Date`.
    skew_ms: AtomicI64,
    skew_known: Mutex<bool>,
}

/// Requests outside of scans are nobody's count.
struct Uncounted;

#[async_trait]
impl Sink for Uncounted {
    async fn page(&mut self, _page: Page) -> Result<(), ChannelError> {
        Ok(())
    }
}

/// A page of the list.
struct Listed {
    seen: Vec<Seen>,
    given: u64,
    total: Option<u64>,
    has_more: bool,
}

impl Thg {
    /// The account, ready to talk.
    ///
    /// # Errors
    /// `ours` where no HTTPS client can be made.
    pub fn new(
        settings: Settings,
        descriptor: Descriptor,
        clock: Arc<dyn Clock>,
        tokens: Tokens,
        max_rate: u32,
    ) -> Result<Self, ChannelError> {
        let session =
            Session::new(tokens, format!("{} {} {:?}", settings.username, settings.url, settings.api));
        Ok(Self {
            settings,
            descriptor,
            http: Http::new()?,
            clock,
            session,
            max_rate,
            limit: AtomicU64::new(LIMIT),
            message_limit: AtomicU64::new(MESSAGE_LIMIT),
            skew_ms: AtomicI64::new(0),
            skew_known: Mutex::new(false),
        })
    }

    fn account(&self) -> &str {
        &self.settings.username
    }

    fn skew(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.skew_ms.load(Ordering::Relaxed))
    }

    /// Sends a request with this token, or none.
    async fn post(
        &self,
        request: &Request,
        token: Option<&SecretString>,
        sink: &mut dyn Sink,
    ) -> Result<Answer, ChannelError> {
        self.http.place("graphql", self.max_rate).await;
        sink.requested();
        let mut builder = self.http.request(Method::POST, &self.settings.url).json(&request.body);
        if let Some(token) = token {
            builder = match self.settings.api {
                Api::App => {
                    builder.header(AUTHORIZATION, sensitive(&format!("Opaque {}", token.expose_secret()))?)
                }
                Api::Web => builder.header(COOKIE, sensitive(token.expose_secret())?),
            };
        }
        let answer = self.http.send(builder).await?;
        if let Some(date) = answer.date() {
            self.skew_ms.store((date - self.clock.now()).num_milliseconds(), Ordering::Relaxed);
            *self.skew_known.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = true;
        }
        Ok(answer)
    }

    /// Asks something that only a logged-in caller may ask: logs in where needed, and once more where the vendor no
    /// longer knows us.
    async fn ask(
        &self,
        request: &Request,
        write: bool,
        sink: &mut dyn Sink,
    ) -> Result<wire::Data, ChannelError> {
        match self.outcome(request, write, sink).await? {
            Outcome::Good(envelope) => Ok(envelope.data.unwrap_or_default()),
            Outcome::Fault(error) | Outcome::Lost(error) | Outcome::TooHeavy(error) => Err(error),
        }
    }

    async fn outcome(
        &self,
        request: &Request,
        write: bool,
        sink: &mut dyn Sink,
    ) -> Result<Outcome, ChannelError> {
        let token = self.session.token(self.clock.now(), None, self.log_in(sink)).await?;
        let mut answer = self.post(request, Some(&token), sink).await?;
        let mut outcome = error::outcome(&answer, true, write, self.clock.now());
        if matches!(outcome, Outcome::Lost(_)) {
            tracing::info!(operation = request.name, "the session at THG is over; logging in");
            let token = self.session.token(self.clock.now(), Some(&token), self.log_in(sink)).await?;
            answer = self.post(request, Some(&token), sink).await?;
            outcome = error::outcome(&answer, true, write, self.clock.now());
        }
        if matches!(outcome, Outcome::Good(_)) {
            self.note_cookie(&answer).await;
        }
        Ok(outcome)
    }

    /// Logs in. Whatever fails here, the request that needed it has not left.
    async fn log_in(&self, sink: &mut dyn Sink) -> Result<Token, ChannelError> {
        let password = self.settings.password.expose_secret();
        let request = match self.settings.api {
            Api::App => request::login(self.account(), password),
            Api::Web => request::web_login(self.account(), password),
        };
        self.log_in_with(&request, sink).await.map_err(|error| match error.retry {
            Retry::Unclear => ChannelError { retry: Retry::Safe(None), ..error },
            _ => error,
        })
    }

    async fn log_in_with(&self, request: &Request, sink: &mut dyn Sink) -> Result<Token, ChannelError> {
        let answer = self.post(request, None, sink).await?;
        let envelope = match error::outcome(&answer, false, false, self.clock.now()) {
            Outcome::Good(envelope) => envelope,
            Outcome::Fault(error) | Outcome::Lost(error) | Outcome::TooHeavy(error) => return Err(error),
        };
        let outage = |words: &str| ChannelError::new(ErrorKind::Outage, Retry::Safe(None), words);
        let login =
            envelope.data.and_then(|it| it.login).ok_or_else(|| outage("the login came back empty"))?;
        if let Some(word) = login.error {
            return Err(error::login_refused(&word));
        }
        let value = match self.settings.api {
            Api::App => login.token.filter(|it| !it.is_empty()),
            Api::Web => cookie(&answer),
        };
        let value = value.ok_or_else(|| {
            outage(match self.settings.api {
                Api::App => "the login carries no token: is `api = \"web\"` meant?",
                Api::Web => "the login sets no Opaque cookie: is `api = \"app\"` meant?",
            })
        })?;
        Ok(Token { value: value.into(), until: None })
    }

    /// A web session's cookie may be renewed with any answer.
    async fn note_cookie(&self, answer: &Answer) {
        if self.settings.api == Api::Web
            && let Some(value) = cookie(answer)
            && let Err(error) = self.session.renewed(Token { value: value.into(), until: None }).await
        {
            tracing::warn!(%error, "a renewed session cookie could not be kept");
        }
    }

    /// A page of the list, or of one discussion; halves the limits where the vendor finds it too heavy.
    async fn list(
        &self,
        id: Option<&str>,
        offset: u64,
        message_offset: u64,
        sink: &mut dyn Sink,
    ) -> Result<Listed, ChannelError> {
        loop {
            let window = Window {
                offset,
                limit: self.limit.load(Ordering::Relaxed),
                message_offset,
                message_limit: self.message_limit.load(Ordering::Relaxed),
            };
            match self.outcome(&request::list(id, window), false, sink).await? {
                Outcome::Good(envelope) => return self.listed(envelope.data.unwrap_or_default()),
                Outcome::TooHeavy(_) if window.limit > 1 || window.message_limit > 1 => {
                    self.limit.store((window.limit / 2).max(1), Ordering::Relaxed);
                    self.message_limit.store((window.message_limit / 2).max(1), Ordering::Relaxed);
                }
                Outcome::Fault(error) | Outcome::Lost(error) | Outcome::TooHeavy(error) => return Err(error),
            }
        }
    }

    /// `customer` or `discussions` that are `null` although we are logged in are an outage, never an empty inbox.
    fn listed(&self, data: wire::Data) -> Result<Listed, ChannelError> {
        let outage = |what: &str| {
            ChannelError::new(
                ErrorKind::Outage,
                Retry::Safe(None),
                format!("the vendor's {what} came back empty-handed (null); nothing was changed here"),
            )
        };
        let customer = data.customer.ok_or_else(|| outage("customer"))?;
        let page = customer.discussions.ok_or_else(|| outage("discussions"))?;
        let items = page.discussions.ok_or_else(|| outage("list of discussions"))?;
        let read_at = self.clock.now();
        let seen: Vec<_> =
            items.iter().filter_map(|raw| map::discussion(raw, self.account(), read_at)).collect();
        if seen.len() < items.len() {
            tracing::warn!(
                channel = %self.settings.name,
                unread = items.len() - seen.len(),
                "discussions without an id were left out"
            );
        }
        Ok(Listed {
            seen,
            given: items.len() as u64,
            total: page.total,
            has_more: page.has_more.unwrap_or(true),
        })
    }

    /// Reads the rest of a discussion's messages, one page after the other.
    async fn rest(&self, seen: &mut Seen, sink: &mut dyn Sink) -> Result<(), ChannelError> {
        let mut again = true;
        loop {
            let total = seen.total;
            let mut pages = 0;
            while seen.has_more && pages < MOST_PAGES {
                let page = self.list(Some(&seen.id), 0, seen.given, sink).await?;
                let offset = seen.given;
                let Some(found) = page.seen.into_iter().find(|it| it.id == seen.id) else { break };
                let empty = found.given == 0;
                seen.add(map::MessagePage {
                    messages: found.messages,
                    given: found.given,
                    total: found.total,
                    // Counted from its own offset, `total` says more than a page that knows none.
                    has_more: !empty
                        && found.has_more
                        && found.total.is_none_or(|it| it > offset + found.given),
                });
                pages += 1;
            }
            // Offsets drift where a message came in between (contract 1.7, step 5): once more, from the top.
            if !again || total == seen.total {
                return Ok(());
            }
            again = false;
            seen.given = 0;
            seen.has_more = true;
        }
    }

    /// One discussion with all its messages.
    async fn whole(&self, id: &str, sink: &mut dyn Sink) -> Result<Option<Seen>, ChannelError> {
        let page = self.list(Some(id), 0, 0, sink).await?;
        let Some(mut seen) = page.seen.into_iter().find(|it| it.id == id) else { return Ok(None) };
        self.rest(&mut seen, sink).await?;
        Ok(Some(seen))
    }

    /// Stores a page of the list; whether anything on it was new.
    async fn store(
        &self,
        page: Vec<Seen>,
        done: &mut HashMap<String, Value>,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<bool, ChannelError> {
        let (mut stored, mut news) = (Page::default(), false);
        for mut seen in page {
            // Rows that drifted onto another page, and the second round: only what has changed since.
            if done.get(&seen.id) == Some(&seen.fingerprint) {
                continue;
            }
            let note = format!("discussion:{}", seen.id);
            if memory.note(&note).await?.as_ref() != Some(&seen.fingerprint) {
                news = true;
                if seen.has_more {
                    self.rest(&mut seen, sink).await?;
                }
                stored.memory.push((note, seen.fingerprint.clone()));
            }
            done.insert(seen.id.clone(), seen.fingerprint.clone());
            stored.changes.extend(seen.changes());
        }
        if !stored.changes.is_empty() {
            sink.page(stored).await?;
        }
        Ok(news)
    }

    async fn sweep_all(&self, memory: &dyn Memory, sink: &mut dyn Sink) -> Result<(), ChannelError> {
        let mut done = HashMap::new();
        for round in 0..2 {
            let (mut offset, mut first_total, mut drifted, mut newest_first) = (0, None, false, true);
            let (mut last_update, mut pages) = (None, 0);
            loop {
                let page = self.list(None, offset, 0, sink).await?;
                offset += page.given;
                pages += 1;
                first_total = first_total.or(page.total);
                drifted |= page.total != first_total;
                for seen in &page.seen {
                    newest_first &= last_update.is_none_or(|last| seen.updated_at <= last);
                    last_update = Some(seen.updated_at);
                }
                let over = !page.has_more || page.given == 0 || pages > MOST_PAGES;
                self.store(page.seen, &mut done, memory, sink).await?;
                if over {
                    break;
                }
            }
            if !drifted || round == 1 {
                let note =
                    json!({"at": self.clock.now(), "newest_first": newest_first, "total": first_total});
                sink.page(Page { changes: Vec::new(), memory: vec![("full".into(), note)] }).await?;
                break;
            }
        }
        Ok(())
    }

    /// The first page, on as long as there is news on it. Where the last full sweep found another order than newest
    /// first, the rest in turn, two pages at a time.
    async fn sweep_newest(
        &self,
        full: &Value,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<(), ChannelError> {
        let newest_first = full["newest_first"] == true;
        let mut done = HashMap::new();
        let page = self.list(None, 0, 0, sink).await?;
        let (first, mut more, total) = (page.given, page.has_more && page.given > 0, page.total);
        let news = self.store(page.seen, &mut done, memory, sink).await?;
        if !newest_first && total.map(|it| json!(it)) != full.get("total").cloned() {
            return self.sweep_all(memory, sink).await;
        }
        if newest_first {
            let (mut offset, mut news) = (first, news);
            while news && more {
                let page = self.list(None, offset, 0, sink).await?;
                offset += page.given;
                more = page.has_more && page.given > 0;
                news = self.store(page.seen, &mut done, memory, sink).await?;
            }
            return Ok(());
        }
        let turn = memory.note("turn").await?.and_then(|it| it.as_u64()).unwrap_or_default();
        let mut offset = turn.max(first);
        for _ in 0..2 {
            if !more {
                break;
            }
            let page = self.list(None, offset, 0, sink).await?;
            offset += page.given;
            more = page.has_more && page.given > 0;
            self.store(page.seen, &mut done, memory, sink).await?;
        }
        let next = if more { offset } else { 0 };
        sink.page(Page { changes: Vec::new(), memory: vec![("turn".into(), json!(next))] }).await
    }

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
    async fn locate(
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
        let skew = send.evidence["skew_ms"].as_i64().map_or_else(|| self.skew(), TimeDelta::milliseconds);
        let since = send.started_at + skew - SLACK;
        let known = known.unwrap_or_else(|| {
            // Without a look before the send: what was stored and is older than it.
            let stored = send.target.map(|it| it.known.as_slice()).unwrap_or_default();
            stored.iter().filter(|it| it.at < since).map(|it| it.key.clone()).collect()
        });
        (known, since)
    }

    async fn create(&self, new: &NewConversation, send: &Sending<'_>) -> Result<Sent, ChannelError> {
        let request = request::create(new, send.upload.as_deref())?;
        let data = self.ask(&request, true, &mut Uncounted).await?;
        let id = data.create_discussion.filter(|it| !it.is_empty()).ok_or_else(|| no_id("discussion"))?;
        // It is created, come what may of the look for it.
        match self.locate(&id, new, send).await {
            Ok(Some(seen)) => Ok(created(&seen)),
            Ok(None) => Ok(Sent { key: Some(id.clone()), remote_id: Some(id), ..Sent::default() }),
            Err(error) => {
                tracing::warn!(%error, "a new discussion could not be read back yet");
                Ok(Sent { key: Some(id.clone()), remote_id: Some(id), ..Sent::default() })
            }
        }
    }

    async fn mark_read(&self, target: &Target) -> Result<Page, ChannelError> {
        // Oldest first; of equal times the last one counts. Keys of our own making are no ids.
        let stored = target.known.iter().filter(|it| !it.key.starts_with('~')).max_by_key(|it| it.at);
        let mut up_to = if let Some(message) = stored {
            message.key.clone()
        } else {
            let seen = self.whole(&target.remote_id, &mut Uncounted).await?.ok_or_else(|| gone(target))?;
            seen.newest()
                .map(|it| it.key.clone())
                .ok_or_else(|| ChannelError::ours("there is no message to mark as read in this discussion"))?
        };
        let mut tries = 0;
        loop {
            // Success and failure both say `null`; only `errors` tells them apart, and those `ask` has looked at.
            self.ask(&request::mark_read(&target.remote_id, &up_to), true, &mut Uncounted).await?;
            let seen = self.whole(&target.remote_id, &mut Uncounted).await?.ok_or_else(|| gone(target))?;
            tries += 1;
            // A newer message than the one named keeps the whole discussion unread (contract 1.5).
            let newer = seen.newest().map(|it| it.key.clone()).filter(|it| *it != up_to);
            match newer {
                Some(newer) if seen.unread() && tries < 3 => up_to = newer,
                _ => return Ok(page_of(&seen)),
            }
        }
    }
}

#[async_trait]
impl Channel for Thg {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    async fn check(&self) -> Result<Checked, ChannelError> {
        let page = self.list(None, 0, 0, &mut Uncounted).await?;
        let count = page.total.map_or_else(String::new, |total| format!(", {total} discussions"));
        let known = *self.skew_known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(Checked {
            said: format!("logged in as {}{count}", self.account()),
            skew: known.then(|| self.skew()),
        })
    }

    async fn scan(&self, sweep: Sweep, memory: &dyn Memory, sink: &mut dyn Sink) -> Result<(), ChannelError> {
        let full = memory.note("full").await?.unwrap_or_default();
        let at = full["at"].as_str().and_then(|it| it.parse::<Time>().ok());
        let fresh = at.is_some_and(|at| (self.clock.now() - at).abs() < FULL_SERVES);
        match sweep {
            Sweep::Fast if fresh => self.sweep_newest(&full, memory, sink).await,
            _ => self.sweep_all(memory, sink).await,
        }
    }

    async fn upload(&self, file: &StoredFile, path: &Path) -> Result<String, ChannelError> {
        let site = self.settings.site_url.as_deref().ok_or_else(|| {
            ChannelError::ours("this channel has no `site_url`, so files cannot be attached")
        })?;
        let data = self.ask(&request::uploader_config(), false, &mut Uncounted).await?;
        let down = || {
            ChannelError::new(
                ErrorKind::Outage,
                Retry::Safe(None),
                "the vendor names no place for uploads now",
            )
        };
        let config = data.attachment_uploader_config.ok_or_else(down)?;
        let token = config.auth_token.filter(|it| !it.is_empty()).ok_or_else(down)?;
        let url =
            request::upload_url(site, &config.upload_url.filter(|it| !it.is_empty()).ok_or_else(down)?)?;

        let bytes = tokio::fs::File::open(path)
            .await
            .map_err(|error| ChannelError::ours(format!("the file cannot be read here: {error}")))?;
        let bytes = reqwest::Body::wrap_stream(tokio_util::io::ReaderStream::new(bytes));
        let part = reqwest::multipart::Part::stream_with_length(bytes, file.size)
            .file_name(file.name.clone())
            .mime_str("application/octet-stream")
            .map_err(|_| ChannelError::ours("the file's type cannot be written"))?;
        // The curl and the schema say `uploadToken`, the prose says `authToken` (contract T1).
        let mut form = reqwest::multipart::Form::new().text("uploadToken", token.clone());
        if self.settings.upload_auth_token {
            form = form.text("authToken", token);
        }
        self.http.place("upload", self.max_rate).await;
        // No Authorization and no cookie: neither document shows any.
        let request = self.http.request(Method::POST, &url).multipart(form.part("attachment", part));
        let answer = self.http.send(request.timeout(UPLOAD_TIMEOUT)).await.map_err(harmless)?;
        error::uploaded(&answer, self.clock.now()).map_err(harmless)
    }

    async fn prepare(&self, send: &Sending<'_>) -> Result<Prepared, ChannelError> {
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
        let skew_ms = self.skew().num_milliseconds();
        Ok(Prepared { evidence: json!({"known": known, "skew_ms": skew_ms}), page })
    }

    async fn send(&self, send: &Sending<'_>) -> Result<Sent, ChannelError> {
        match (send.action, send.target) {
            (Action::Create(new), _) => self.create(new, send).await,
            (Action::Reply(outgoing), Some(target)) => {
                let request = request::reply(&target.remote_id, &outgoing.text, send.upload.as_deref());
                let data = self.ask(&request, true, &mut Uncounted).await?;
                let id =
                    data.reply_to_discussion.filter(|it| !it.is_empty()).ok_or_else(|| no_id("message"))?;
                Ok(Sent { key: Some(id.clone()), remote_id: Some(id), ..Sent::default() })
            }
            _ => Err(ChannelError::ours("this action is no message to THG")),
        }
    }

    async fn look_up(&self, send: &Sending<'_>) -> Result<Found, ChannelError> {
        if let Action::Create(new) = send.action {
            return Ok(match self.find_created(new, send).await? {
                Some(seen) => Found::There(created(&seen)),
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
                changes: seen.changes(),
            }),
            None => Found::Absent(format!(
                "none of the {} messages of this discussion is a new one of ours with this text",
                seen.messages.len()
            )),
        })
    }

    async fn set(&self, target: &Target, what: &Set) -> Result<Page, ChannelError> {
        match what {
            Set::Read => self.mark_read(target).await,
            Set::Close | Set::Reopen | Set::Unread | Set::Fields(_) => {
                Err(ChannelError::ours("THG offers no such change; it is kept here only"))
            }
        }
    }
}

/// A discussion read in one go, as it is stored.
fn page_of(seen: &Seen) -> Page {
    let memory = vec![(format!("discussion:{}", seen.id), seen.fingerprint.clone())];
    Page { changes: seen.changes(), memory: if seen.has_more { Vec::new() } else { memory } }
}

/// A discussion that we have just made, as the outcome of its send.
fn created(seen: &Seen) -> Sent {
    let first = seen.first_query();
    Sent {
        key: first.map(|it| it.key.clone()),
        remote_id: first.and_then(|it| it.remote_id.clone()),
        conversation: Some(seen.id.clone()),
        changes: seen.changes(),
    }
}

/// Repeating an upload does no harm: an orphan file at most (contract 1.8).
fn harmless(error: ChannelError) -> ChannelError {
    match error.retry {
        Retry::Unclear => ChannelError { retry: Retry::Safe(None), ..error },
        _ => error,
    }
}

fn no_id(what: &str) -> ChannelError {
    ChannelError::new(
        ErrorKind::Outage,
        Retry::Unclear,
        format!("the vendor answered without the id of the new {what}: whether it exists is not known"),
    )
}

fn gone(target: &Target) -> ChannelError {
    ChannelError::new(
        ErrorKind::Refused,
        Retry::Never,
        format!("the vendor does not list discussion {} in this account", target.remote_id),
    )
}

/// A header whose value is never logged.
fn sensitive(value: &str) -> Result<reqwest::header::HeaderValue, ChannelError> {
    let mut header = reqwest::header::HeaderValue::from_str(value)
        .map_err(|_| ChannelError::ours("the session token holds characters that no header can carry"))?;
    header.set_sensitive(true);
    Ok(header)
}

/// The cookies `Opaque_<site>_<subsite>` that an answer sets, as a `Cookie` header; one that is emptied is none.
fn cookie(answer: &Answer) -> Option<String> {
    let set: Vec<_> = answer
        .headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|it| it.to_str().ok()?.split(';').next())
        .map(str::trim)
        .filter(|it| {
            it.starts_with("Opaque_") && it.split_once('=').is_some_and(|(_, value)| !value.is_empty())
        })
        .collect();
    (!set.is_empty()).then(|| set.join("; "))
}
