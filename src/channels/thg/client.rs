//! The account at Horizon: its session and its questions.

mod read_back;
mod sweep;
mod write;

use std::{
    collections::HashSet,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use chrono::TimeDelta;
use reqwest::{
    Method,
    header::{ACCEPT, AUTHORIZATION, COOKIE, SET_COOKIE},
};
use secrecy::{ExposeSecret, SecretString};

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
        files::Told,
        http::{Answer, Http},
        json,
        pace::Pace,
        tokens::{Session, Token, Tokens},
    },
    domain::{Action, Descriptor, Time, attachment::StoredFile, change::Page, time::Clock},
};

/// Discussions and messages that are asked for at once (contract 1.3, 1.7).
const LIMIT: u64 = 10;
const MESSAGE_LIMIT: u64 = 20;
/// All operations share one address.
const BUCKET: &str = "graphql";
/// Both clocks may be off by so much when a send is looked for (contract 1.8).
const SLACK: TimeDelta = TimeDelta::minutes(2);
/// A fast sweep trusts the list's first page only so long after a full one.
const FULL_SERVES: TimeDelta = TimeDelta::hours(2);
/// More pages than any account has: a vendor whose pages never end is not followed for ever.
const MOST_PAGES: usize = 10_000;

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
    /// The vendor's clock minus ours, from the last `Date`.
    skew: Mutex<Option<TimeDelta>>,
    /// One create at a time, so that what is new at the vendor is this one (contract 1.8).
    creating: tokio::sync::Mutex<()>,
    /// Discussions that were found to be the outcome of a create: none is the outcome of two.
    created: Mutex<HashSet<String>>,
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
        let account = format!("{} {} {:?}", settings.username, settings.url, settings.api);
        let pace = Pace::beside(&tokens, &account, clock.clone());
        let session = Session::new(tokens, &account, &settings.password);
        Ok(Self {
            settings,
            descriptor,
            http: Http::new(pace)?,
            clock,
            session,
            max_rate,
            limit: AtomicU64::new(LIMIT),
            message_limit: AtomicU64::new(MESSAGE_LIMIT),
            skew: Mutex::default(),
            creating: tokio::sync::Mutex::default(),
            created: Mutex::default(),
        })
    }

    fn account(&self) -> &str {
        &self.settings.username
    }

    fn skew(&self) -> Option<TimeDelta> {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request with this token, or none.
    async fn post(
        &self,
        request: &Request,
        token: Option<&SecretString>,
        sink: &mut dyn Sink,
    ) -> Result<Answer, ChannelError> {
        self.http.free(BUCKET)?;
        self.http.place(BUCKET, self.max_rate).await;
        sink.requested();
        let mut builder = self
            .http
            .request(Method::POST, &self.settings.url)
            .header(ACCEPT, "application/json")
            .json(&request.body);
        if let Some(token) = token {
            builder = match self.settings.api {
                Api::App => {
                    builder.header(AUTHORIZATION, sensitive(&format!("Opaque {}", token.expose_secret()))?)
                }
                Api::Web => builder.header(COOKIE, sensitive(token.expose_secret())?),
            };
        }
        let answer = self.http.send(builder).await?;
        self.http.obey(BUCKET, &answer, self.clock.now());
        if let Some(date) = answer.date() {
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(date - self.clock.now());
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
        match &outcome {
            Outcome::Good(_) => self.note_cookie(&answer).await,
            Outcome::Fault(error) => self.http.limited(BUCKET, error),
            Outcome::Lost(_) | Outcome::TooHeavy(_) => {}
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
            Outcome::Fault(error) | Outcome::Lost(error) | Outcome::TooHeavy(error) => {
                self.http.limited(BUCKET, &error);
                return Err(error);
            }
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
                let Some(found) = page.seen.into_iter().find(|it| it.id == seen.id) else { break };
                // No list at all is an outage: what is there is not the whole thread.
                if found.given == 0 && found.has_more {
                    break;
                }
                seen.add(map::MessagePage {
                    // An empty page ends it, whatever `hasMore` says.
                    has_more: found.given > 0 && found.has_more,
                    messages: found.messages,
                    given: found.given,
                    total: found.total,
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
}

#[async_trait]
impl Channel for Thg {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    async fn check(&self) -> Result<Checked, ChannelError> {
        let page = self.list(None, 0, 0, &mut Uncounted).await?;
        let count = page.total.map_or_else(String::new, |total| format!(", {total} discussions"));
        Ok(Checked { said: format!("logged in as {}{count}", self.account()), skew: self.skew() })
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

    async fn upload(&self, file: &StoredFile, path: &Path, told: Told) -> Result<String, ChannelError> {
        self.bring(file, path, told).await
    }

    fn upload_serves(&self, upload: &str) -> bool {
        self.still_serves(upload)
    }

    async fn prepare(&self, send: &Sending<'_>) -> Result<Prepared, ChannelError> {
        let prepared = self.look_before(send).await?;
        self.http.keep_place(BUCKET, self.max_rate).await;
        Ok(prepared)
    }

    async fn send(&self, send: &Sending<'_>) -> Result<Sent, ChannelError> {
        match (send.action, send.target) {
            (Action::Create(new), _) => self.create(new, send).await,
            (Action::Reply(outgoing), Some(target)) => {
                let token = write::attachment_token(send);
                let request = request::reply(&target.remote_id, &outgoing.text, token);
                let data = self.ask(&request, true, &mut Uncounted).await?;
                let id = json::name(data.reply_to_discussion).ok_or_else(|| write::no_id("message"))?;
                Ok(Sent { key: Some(id.clone()), remote_id: Some(id), ..Sent::default() })
            }
            _ => Err(ChannelError::ours("this action is no message to THG")),
        }
    }

    async fn look_up(&self, send: &Sending<'_>) -> Result<Found, ChannelError> {
        self.read_back(send).await
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
