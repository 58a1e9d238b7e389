//! The listener for webhooks: verified over the raw bytes, stored whole and durable, then 200.
//!
//! Belongs to no lease: every service tries to have the port, first of all and again every 5 s. Reads nothing of a
//! body but its signature; what it says is read later, see [`super::intake`]. Errors tell a stranger nothing.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header::CONTENT_LENGTH},
    response::{IntoResponse, Response},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    sync::{Semaphore, TryAcquireError},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::engine::EngineOptions;
use crate::{
    channels::Channel,
    domain::{ChannelName, time::Clock},
    store::SharedStore,
};

#[cfg(test)]
mod tests;

/// Vendors send up to 3 MB.
const MAX_BODY: usize = 4 << 20;
/// From the head of a request to the end of its body.
const READ_TIME: Duration = Duration::from_secs(30);
/// Requests at a time; the next is told to come again.
const AT_ONCE: usize = 1024;
/// Connections at a time; further ones wait to be taken.
const CONNECTIONS: usize = 2048;
/// Bodies in memory at a time, in KiB; the next waits for its turn.
const BODIES_KIB: usize = 64 << 10;
const BIND_AGAIN: Duration = Duration::from_secs(5);

/// The listener.
pub(super) struct Listener {
    address: Arc<Mutex<Option<SocketAddr>>>,
}

impl Listener {
    /// Binds at once if the port is free, else again and again, and serves until `stop`.
    pub(super) fn start(
        at: SocketAddr,
        options: &EngineOptions,
        stop: CancellationToken,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let address = Arc::new(Mutex::new(None));
        let desk = Arc::new(Reception {
            channels: options.channels.iter().filter(|it| it.webhook().is_some()).cloned().collect(),
            store: options.store.clone(),
            clock: options.clock.clone(),
            places: Semaphore::new(AT_ONCE),
            bodies: Arc::new(Semaphore::new(BODIES_KIB)),
        });
        // Before anything else, and without waiting: a vendor may be knocking already.
        let mut bound = bind(at);
        let said = address.clone();
        let say = move |now: Option<SocketAddr>| *said.lock().unwrap_or_else(PoisonError::into_inner) = now;
        say(bound.as_ref().ok().and_then(|it| it.local_addr().ok()));
        let works = async move {
            let clock = desk.clock.clone();
            loop {
                match bound {
                    Ok(listener) => {
                        say(listener.local_addr().ok());
                        tracing::info!(%at, "listens for webhooks");
                        let app = Router::new().fallback(receive).with_state(desk.clone());
                        let error = serve(listener, app, clock.as_ref()).await;
                        tracing::error!(%at, %error, "the webhook listener ended");
                        say(None);
                    }
                    Err(error) => tracing::warn!(%at, %error, "the webhook's port cannot be had yet"),
                }
                clock.sleep_until(clock.now() + BIND_AGAIN).await;
                bound = bind(at);
            }
        };
        tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = works => {}
            }
        });
        Self { address }
    }

    /// Where it listens, while it does.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bind(at: SocketAddr) -> std::io::Result<tokio::net::TcpListener> {
    let listener = TcpListener::bind(at)?;
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

/// Answers connections until the listener fails. axum's own loop knows neither limit.
async fn serve(listener: tokio::net::TcpListener, app: Router, clock: &dyn Clock) -> std::io::Error {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(READ_TIME);
    let mut failures = 0;
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return std::io::Error::other("no place for connections");
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                failures = 0;
                let connection =
                    http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app.clone()));
                tokio::spawn(async move {
                    // A peer that breaks off has had its say: what was stored is stored.
                    let _ = connection.await;
                    drop(place);
                });
            }
            // Out of file descriptors, or a connection that was gone before it was taken.
            Err(error) => {
                failures += 1;
                if failures > 100 {
                    return error;
                }
                clock.sleep_until(clock.now() + Duration::from_millis(100)).await;
            }
        }
    }
}

/// What a request is answered with.
struct Reception {
    channels: Vec<Arc<dyn Channel>>,
    store: SharedStore,
    clock: Arc<dyn Clock>,
    places: Semaphore,
    bodies: Arc<Semaphore>,
}

async fn receive(State(desk): State<Arc<Reception>>, request: Request) -> Response {
    match desk.answer(request).await {
        Ok(text) => text.into_response(),
        Err(status) => status.into_response(),
    }
}

impl Reception {
    async fn answer(&self, request: Request) -> Result<String, StatusCode> {
        let path = request.uri().path().to_owned();
        let here: Vec<&Arc<dyn Channel>> =
            self.channels.iter().filter(|it| it.webhook().is_some_and(|it| it.path() == path)).collect();
        if here.is_empty() {
            return Err(StatusCode::NOT_FOUND);
        }
        match *request.method() {
            Method::GET => {
                let query = pairs(request.uri().query().unwrap_or_default());
                here.iter()
                    .filter_map(|it| it.webhook())
                    .find_map(|it| it.challenge(&query))
                    .ok_or(StatusCode::FORBIDDEN)
            }
            Method::POST => self.take(path, &here, request).await.map(|()| String::new()),
            _ => Err(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    async fn take(
        &self,
        path: String,
        here: &[&Arc<dyn Channel>],
        request: Request,
    ) -> Result<(), StatusCode> {
        let _place = match self.places.try_acquire() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                return Err(StatusCode::SERVICE_UNAVAILABLE);
            }
        };
        let (head, body) = request.into_parts();
        let announced =
            head.headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|bytes| bytes > MAX_BODY) {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let too_slow = self.clock.sleep_until(self.clock.now() + READ_TIME);
        let read = tokio::select! {
            read = self.read(body, announced) => read,
            () = too_slow => Err(StatusCode::REQUEST_TIMEOUT),
        };
        let (body, _room) = read?;
        let signature = head.headers.get("x-hub-signature-256").and_then(|it| it.to_str().ok());
        // Every one of them is asked, whatever the first one said: the time taken tells nothing.
        let channels: Vec<ChannelName> = here
            .iter()
            .filter(|it| it.webhook().is_some_and(|it| it.verifies(signature, &body)))
            .map(|it| it.descriptor().name.clone())
            .collect();
        if channels.is_empty() {
            tracing::warn!(
                bytes = body.len(),
                signed = signature.is_some(),
                "a webhook that nobody signed was refused"
            );
            return Err(StatusCode::BAD_REQUEST);
        }
        match self.store.put_webhook(path, channels, body, self.clock.now()).await {
            Ok(n) => {
                tracing::debug!(webhook = n, "stored");
                Ok(())
            }
            Err(error) => {
                // The vendor sends it again.
                tracing::error!(%error, "a webhook could not be stored");
                Err(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }

    async fn read(
        &self,
        body: Body,
        announced: Option<usize>,
    ) -> Result<(Vec<u8>, tokio::sync::OwnedSemaphorePermit), StatusCode> {
        let kib = u32::try_from(announced.unwrap_or(MAX_BODY).div_ceil(1024).max(1)).unwrap_or(u32::MAX);
        let room =
            self.bodies.clone().acquire_many_owned(kib).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        let limit = announced.unwrap_or(MAX_BODY);
        let bytes = to_bytes(body, limit).await.map_err(|_| StatusCode::BAD_REQUEST)?;
        Ok((bytes.into(), room))
    }
}

/// The parameters of a query, decoded.
fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}
