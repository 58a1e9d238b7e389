//! The account at Dsco: its session and its questions.

mod read_back;
mod sweep;
mod write;

use std::{
    collections::{HashMap, HashSet},
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
use serde_json::Value;

use super::{
    Role, Settings, error,
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
        pace::Pace,
        tokens::{Session, Token, Tokens},
    },
    domain::{Action, Descriptor, Time, change::Page, time::Clock},
};

/// The vendor refuses an `until` that is less than five seconds past; five more for the network (contract 2.7).
const UNTIL_MARGIN: TimeDelta = TimeDelta::seconds(10);
/// The vendor's documented limit of each call, a second (contract 2.2).
const VENDOR_RATE: u32 = 5;
/// How long the difference of the two clocks is taken for granted: either may have been set since.
const SKEW_SERVES: TimeDelta = TimeDelta::minutes(10);
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
    /// The vendor's clock minus ours, from the last `Date`, and when by ours that was.
    skew: Mutex<Option<(TimeDelta, Time)>>,
    /// The other parties' names, by conversation, for messages that come without.
    names: Mutex<HashMap<String, String>>,
}

/// Requests outside of scans are nobody's count.
struct Uncounted;

#[async_trait]
impl Sink for Uncounted {
    async fn page(&mut self, _page: Page) -> Result<(), ChannelError> {
        Ok(())
    }
}

/// What is searched: the two loops of a scan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loop {
    Conversations,
    Messages,
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
        let account = format!("{} {}", settings.client_id, settings.url);
        let pace = Pace::beside(&tokens, &account, clock.clone());
        let session = Session::new(tokens, &account, &settings.client_secret);
        Ok(Self {
            settings,
            descriptor,
            http: Http::new(pace)?,
            clock,
            session,
            max_rate: max_rate.min(VENDOR_RATE),
            skew: Mutex::default(),
            names: Mutex::default(),
        })
    }

    fn role(&self) -> Role {
        self.settings.role
    }

    fn skew(&self) -> Option<TimeDelta> {
        self.skew.lock().unwrap_or_else(PoisonError::into_inner).map(|(skew, _)| skew)
    }

    /// Whether the difference of the clocks was looked at lately.
    fn knows_skew(&self) -> bool {
        let skew = *self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        skew.is_some_and(|(_, at)| (self.clock.now() - at).abs() < SKEW_SERVES)
    }

    /// The vendor's time, as far as it is known. `Date` has whole seconds and is behind by the way here: never ahead.
    fn server_now(&self) -> Time {
        self.clock.now() + self.skew().unwrap_or_default()
    }

    fn note_name(&self, seen: &Seen) {
        if let Some(name) = &seen.partner {
            let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            names.insert(seen.id.clone(), name.clone());
        }
    }

    fn name_in(&self, conversation: &str) -> Option<String> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).get(conversation).cloned()
    }

    fn note_date(&self, answer: &Answer) {
        if let Some(date) = answer.date() {
            let now = self.clock.now();
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some((date - now, now));
        }
    }

    /// Asks for a token. What needs it has not left yet, so nothing here is unclear.
    async fn new_token(&self, sink: &mut dyn Sink) -> Result<Token, ChannelError> {
        self.http.free("token")?;
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
        self.note_date(&answer);
        let now = self.clock.now();
        self.http.obey("token", &answer, now);
        let (value, expires_in) = error::token(&answer, now)?;
        let lifetime = expires_in.filter(|it| it.is_finite() && *it > 0.0).map(|seconds| {
            // Whole seconds, and at most a year: a lifetime beyond that is no lifetime.
            #[expect(clippy::cast_possible_truncation, reason = "bounded by the line above it")]
            let seconds = seconds.min(31_536_000.0) as i64;
            // A token is renewed a minute ahead of its end; a short one must not be renewed at each call for that.
            TimeDelta::seconds(if seconds < 120 { seconds / 2 + 60 } else { seconds })
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
        self.http.free(bucket)?;
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
        self.http.obey(bucket, &answer, self.clock.now());
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

    /// Asks for the time. A vendor who refuses to greet has said it all the same.
    async fn hello(&self, sink: &mut dyn Sink) -> Result<(), ChannelError> {
        match self.call(Call::Hello, None, sink).await {
            Err(error) if error.kind != ErrorKind::Refused => Err(error),
            _ => Ok(()),
        }
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
}

#[async_trait]
impl Channel for Dsco {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    async fn check(&self) -> Result<Checked, ChannelError> {
        self.hello(&mut Uncounted).await?;
        // `hello` may greet anybody: a read that needs the account, of the smallest window there is.
        let until = (self.server_now() - UNTIL_MARGIN).trunc_subsecs(3);
        let window = Window { since: until - TimeDelta::minutes(1), until };
        let read = self.list(Loop::Conversations, &request::conversations_in(window), &mut Uncounted).await;
        read.map_err(|mut error| {
            // A window that is refused for its time says so, and whose clock is off.
            let skew = self.skew().unwrap_or_default().num_seconds();
            if error.kind == ErrorKind::Refused && skew.abs() > 30 {
                error.words = format!("{} (the vendor's clock is {skew} s off ours)", error.words);
            }
            error
        })?;
        Ok(Checked {
            said: format!("signed in as {}, conversations can be read", self.role().word()),
            skew: self.skew(),
        })
    }

    async fn scan(&self, sweep: Sweep, memory: &dyn Memory, sink: &mut dyn Sink) -> Result<(), ChannelError> {
        self.go_through(sweep, memory, sink).await
    }

    async fn prepare(&self, send: &Sending<'_>) -> Result<Prepared, ChannelError> {
        let prepared = self.look_before(send).await?;
        let call = if matches!(send.action, Action::Create(_)) { Call::Create } else { Call::Say };
        self.http.keep_place(call.parts().0, self.max_rate).await;
        Ok(prepared)
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
        self.read_back(send).await
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
