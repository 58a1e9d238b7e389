//! For tests: a vendor's place on a loopback port, written out by the test; a store that only remembers; a clock that
//! is moved by hand.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use serde_json::Value;

use super::{ChannelError, Memory, Sink};
use crate::domain::{
    Time,
    change::{Change, ConversationSeen, MessageSeen, Page},
    time::Clock,
};

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Path and query, as on the wire.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asked {
    /// `GET /sac?status=UNREAD`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's text, empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
    }
}

/// What is answered. `None` as status: the connection breaks instead.
#[derive(Clone, Debug, Default)]
pub struct Says {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub breaks: bool,
}

impl Says {
    pub fn json(value: &Value) -> Self {
        Self::new(200, value.to_string()).with("content-type", "application/json")
    }

    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), ..Self::default() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The request is read and no answer comes.
    pub fn nothing() -> Self {
        Self { breaks: true, ..Self::default() }
    }
}

/// An answer.
pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Says {
    Says::new(status, body)
}

/// An answer of JSON.
pub fn json(status: u16, value: &Value) -> Says {
    Says::new(status, value.to_string())
}

/// The place.
pub struct StandIn {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl StandIn {
    /// Serves what `answer` says. Its `Date` is the clock's, unless it names one.
    pub async fn new(clock: Arc<HandClock>, answer: impl Fn(&Asked) -> Says + Send + Sync + 'static) -> Self {
        Self::serve(Some(clock), move |_, asked| answer(asked)).await
    }

    /// Serves what `answer` says, which is given its own address; nobody says what time it is.
    pub async fn start(answer: impl Fn(&str, &Asked) -> Says + Send + Sync + 'static) -> Self {
        Self::serve(None, answer).await
    }

    async fn serve(
        clock: Option<Arc<HandClock>>,
        answer: impl Fn(&str, &Asked) -> Says + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (log, answer, own) = (asked.clone(), Arc::new(answer), url.clone());
        let router = Router::new().fallback(move |request: Request| {
            let (log, answer, clock, own) = (log.clone(), answer.clone(), clock.clone(), own.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await.expect("the body comes");
                let asked = Asked {
                    method: head.method.to_string(),
                    path: head.uri.path().to_owned(),
                    target: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
                    headers: head.headers,
                    body,
                };
                log.lock().expect("no test panics in here").push(asked.clone());
                let says = answer(&own, &asked);
                let mut response = Response::builder().status(
                    StatusCode::from_u16(if says.breaks { 200 } else { says.status }).expect("a status"),
                );
                if let Some(clock) = clock.filter(|_| !says.headers.iter().any(|it| it.0 == "date")) {
                    response = response.header(header::DATE, httpdate::fmt_http_date(clock.now().into()));
                }
                let short = says.headers.iter().any(|(name, value)| {
                    *name == "content-length" && value.parse::<usize>().is_ok_and(|it| it > says.body.len())
                });
                for (name, value) in says.headers {
                    response = response.header(name, value);
                }
                let body = if short {
                    // What is there comes, then the connection breaks.
                    let begun = futures_util::stream::iter([Ok(Bytes::from(says.body))]);
                    let end = futures_util::stream::once(async {
                        tokio::task::yield_now().await;
                        Err::<Bytes, _>(std::io::Error::other("broken"))
                    });
                    Body::from_stream(futures_util::StreamExt::chain(begun, end))
                } else if says.breaks {
                    // A body that ends in an error resets the connection.
                    Body::from_stream(futures_util::stream::once(async {
                        Err::<Bytes, _>(std::io::Error::other("broken"))
                    }))
                } else {
                    Body::from(says.body)
                };
                response.body(body).expect("an answer")
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, asked, task }
    }

    /// What came so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics in there").clone()
    }

    /// As request lines.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }

    /// Forgets what came.
    pub fn forget(&self) {
        self.asked.lock().expect("no test panics in there").clear();
    }
}

/// A clock that stands still.
pub struct HandClock(Mutex<Time>);

impl HandClock {
    pub fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(text.parse().expect("the test writes a time"))))
    }

    pub fn advance(&self, by: std::time::Duration) {
        *self.0.lock().expect("no panic") += by;
    }

    pub fn set(&self, text: &str) {
        *self.0.lock().expect("no panic") = text.parse().expect("the test writes a time");
    }
}

impl Clock for HandClock {
    fn now(&self) -> Time {
        *self.0.lock().expect("no panic")
    }

    fn sleep_until(&self, _at: Time) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// What a scan stored.
#[derive(Default)]
pub struct Kept {
    pub notes: Mutex<HashMap<String, Value>>,
    pub known: Mutex<HashSet<String>>,
    pub open: Mutex<Vec<String>>,
    pub pages: Mutex<Vec<Page>>,
    pub requests: Mutex<usize>,
    pub unreported: Mutex<Vec<(String, Time)>>,
}

impl Kept {
    pub fn conversations(&self) -> Vec<ConversationSeen> {
        self.changes()
            .into_iter()
            .filter_map(|it| match it {
                Change::Conversation(it) => Some(*it),
                _ => None,
            })
            .collect()
    }

    /// Each message once, in the order of arrival.
    pub fn messages(&self) -> Vec<MessageSeen> {
        let mut keys = HashSet::new();
        self.changes()
            .into_iter()
            .filter_map(|it| match it {
                Change::Message(it) if keys.insert(it.key.clone()) => Some(*it),
                _ => None,
            })
            .collect()
    }

    pub fn changes(&self) -> Vec<Change> {
        self.pages.lock().expect("no panic").iter().flat_map(|it| it.changes.clone()).collect()
    }

    pub fn noted(&self, key: &str) -> Option<Value> {
        self.notes.lock().expect("no panic").get(key).cloned()
    }

    pub fn requests(&self) -> usize {
        std::mem::take(&mut *self.requests.lock().expect("no panic"))
    }

    pub fn sink(&self) -> Pages<'_> {
        Pages(self)
    }
}

#[async_trait]
impl Memory for Kept {
    async fn note(&self, key: &str) -> Result<Option<Value>, ChannelError> {
        Ok(self.noted(key))
    }

    async fn open_conversations(&self) -> Result<Vec<String>, ChannelError> {
        Ok(self.open.lock().expect("no panic").clone())
    }

    async fn knows(&self, remote_id: &str) -> Result<bool, ChannelError> {
        Ok(self.known.lock().expect("no panic").contains(remote_id))
    }

    async fn unreported(
        &self,
        from: Time,
        to: Time,
        limit: usize,
    ) -> Result<Vec<(String, Time)>, ChannelError> {
        let all = self.unreported.lock().expect("no panic").clone();
        Ok(all.into_iter().filter(|(_, at)| (from..=to).contains(at)).take(limit).collect())
    }
}

/// The way into it.
pub struct Pages<'a>(&'a Kept);

#[async_trait]
impl Sink for Pages<'_> {
    async fn page(&mut self, page: Page) -> Result<(), ChannelError> {
        for (key, value) in &page.memory {
            self.0.notes.lock().expect("no panic").insert(key.clone(), value.clone());
        }
        for change in &page.changes {
            if let Change::Conversation(it) = change {
                self.0.known.lock().expect("no panic").insert(it.remote_id.clone());
            }
        }
        self.0.pages.lock().expect("no panic").push(page);
        Ok(())
    }

    fn requested(&mut self) {
        *self.0.requests.lock().expect("no panic") += 1;
    }
}
