//! A vendor for tests: a loopback server that answers by a closure and remembers what it was asked; and a memory and
//! a sink that keep pages as a store would.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{body::Bytes, extract::Request, http::HeaderMap, response::Response};
use serde_json::Value;

use super::{ChannelError, Memory, Sink};
use crate::domain::{
    Time,
    change::{Change, Page},
    time::Clock,
};

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET`.
    pub method: String,
    /// Path and query, as on the wire.
    pub target: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Asked {
    /// `GET /sac?status=UNREAD`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
    }
}

/// A vendor on a loopback port.
pub struct StandIn {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl StandIn {
    /// Starts one. The closure is given its own address and the request.
    pub async fn start(answer: impl Fn(&str, &Asked) -> Response + Clone + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (own, log) = (url.clone(), asked.clone());
        let app = axum::Router::new().fallback(move |request: Request| {
            let (own, log, answer) = (own.clone(), log.clone(), answer.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
                let target = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
                let asked = Asked { method: head.method.to_string(), target, headers: head.headers, body };
                log.lock().expect("no test panics while it holds this").push(asked.clone());
                answer(&own, &asked)
            }
        });
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Self { url, asked, task }
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics while it holds this").clone()
    }

    /// As request lines.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        self.asked.lock().expect("no test panics while it holds this").clear();
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer.
pub fn answer(status: u16, body: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = axum::http::StatusCode::from_u16(status).expect("a status");
    response
}

/// An answer of JSON.
pub fn json(status: u16, value: &Value) -> Response {
    answer(status, value.to_string())
}

/// A time that stands still.
pub struct Stopped(pub Time);

impl Clock for Stopped {
    fn now(&self) -> Time {
        self.0
    }

    fn sleep_until(&self, _: Time) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// Pages and notes, kept.
#[derive(Default)]
pub struct Kept {
    /// The pages.
    pub pages: Vec<Page>,
    /// The notes.
    pub notes: HashMap<String, Value>,
    /// What is open here.
    pub open: Vec<String>,
    /// Requests counted.
    pub requests: usize,
}

impl Kept {
    /// All changes so far.
    pub fn changes(&self) -> Vec<&Change> {
        self.pages.iter().flat_map(|page| &page.changes).collect()
    }

    /// The reading side, as it is now.
    pub fn memory(&self) -> Remembered {
        Remembered { notes: self.notes.clone(), open: self.open.clone() }
    }
}

/// See [`Kept::memory`].
pub struct Remembered {
    notes: HashMap<String, Value>,
    open: Vec<String>,
}

#[async_trait]
impl Memory for Remembered {
    async fn note(&self, key: &str) -> Result<Option<Value>, ChannelError> {
        Ok(self.notes.get(key).cloned())
    }

    async fn open_conversations(&self) -> Result<Vec<String>, ChannelError> {
        Ok(self.open.clone())
    }

    async fn knows(&self, _: &str) -> Result<bool, ChannelError> {
        Ok(false)
    }
}

#[async_trait]
impl Sink for Kept {
    async fn page(&mut self, page: Page) -> Result<(), ChannelError> {
        self.notes.extend(page.memory.iter().cloned());
        self.pages.push(page);
        Ok(())
    }

    fn requested(&mut self) {
        self.requests += 1;
    }
}
