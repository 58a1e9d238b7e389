//! From a connection to a vendor and back: reads the call, lets faults strike, asks the vendor, keeps the book.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, FromRequest, Multipart, Request, State},
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use chrono::TimeDelta;
use futures_util::{StreamExt, stream};

use super::{
    Sim, control_http, dsco,
    faults::What,
    line::Scissors,
    mangle::mangle,
    skyhub, thg, whatsapp,
    wire::{Call, Part, Reply, decode, form},
};
use crate::simulator::book::BookRequest;

/// The largest body that is read.
const LARGEST: usize = 128 * 1024 * 1024;

/// Answers one request.
pub(super) async fn serve(
    State(sim): State<Arc<Sim>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response<Body> {
    tokio::select! {
        response = answer(&sim, &scissors, request) => response,
        () = sim.stopped.cancelled() => {
            scissors.cut();
            Response::new(Body::empty())
        }
    }
}

async fn answer(sim: &Arc<Sim>, scissors: &Scissors, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return finish(sim, Reply::empty(413), &[]);
    };
    let target = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let path = parts.uri.path().to_owned();
    if path.starts_with("/_control") {
        return finish(sim, control_http::answer(sim, &parts.method, &path, &body), &[]);
    }
    let Some((vendor, rest)) = vendor_of(sim, &path) else {
        sim.book.breach(format!("no vendor lives at {target}"));
        return finish(sim, Reply::text(404, "no vendor lives here"), &[]);
    };
    let mut call = Call {
        vendor,
        operation: "",
        method: parts.method.clone(),
        target,
        segments: rest.split('/').filter(|part| !part.is_empty()).map(decode).collect(),
        query: form(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body: body.to_vec(),
        parts: Vec::new(),
        number: 0,
    };
    call.operation = match vendor {
        "thg" => thg::operation(&call),
        "dsco" => dsco::operation(&call),
        "skyhub" => skyhub::operation(&call),
        "whatsapp" | "onprem" => whatsapp::operation(&call),
        other => {
            let further = &sim.world().further;
            further.iter().find(|it| it.name() == other).map_or("", |it| it.operation(&call))
        }
    };
    if call.content_type() == "multipart/form-data" {
        call.parts = multipart(&call, body).await;
    }
    call.number = sim.book.arrive(BookRequest {
        number: 0,
        at: sim.clock.now(),
        vendor: vendor.into(),
        operation: call.operation.into(),
        method: call.method.to_string(),
        path: call.target.clone(),
        headers: call
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: call.body.clone(),
        status: None,
    });
    let strikes = sim.faults.strike(vendor, call.operation, &call.target, &call.body);
    let response = struck(sim, scissors, &call, &strikes).await;
    sim.book.answered(
        call.number,
        call.operation,
        response.as_ref().map(|response| response.status().as_u16()),
    );
    sim.wake.notify_waiters();
    if let Some(response) = response {
        response
    } else {
        scissors.cut();
        Response::new(Body::empty())
    }
}

/// Lets the faults strike around the vendor's answer; `None` = the line is cut.
async fn struck(
    sim: &Arc<Sim>,
    scissors: &Scissors,
    call: &Call,
    strikes: &[What],
) -> Option<Response<Body>> {
    for strike in strikes {
        match strike {
            What::Delay { ms } => sim.pause(*ms).await,
            What::ResetBefore => return None,
            What::Hang => std::future::pending().await,
            What::Status { code, body, content_type, retry_after } => {
                let mut reply = Reply::text(*code, body.clone());
                let mime = if content_type.is_empty() { "application/json" } else { content_type };
                reply.headers = vec![("content-type", mime.into())];
                if let Some(after) = retry_after {
                    reply.headers.push(("retry-after", after.clone()));
                }
                return Some(finish(sim, reply, strikes));
            }
            What::Redirect { to } => {
                return Some(finish(sim, Reply::empty(302).with("location", to.clone()), strikes));
            }
            What::RedirectKeeping { to } => {
                return Some(finish(sim, Reply::empty(307).with("location", to.clone()), strikes));
            }
            _ => {}
        }
    }
    for strike in strikes {
        if let What::Before { action } = strike {
            meanwhile(sim, action);
        }
    }
    let mut reply = sim.ask(call, strikes);
    for strike in strikes {
        if let What::After { action } = strike {
            meanwhile(sim, action);
        }
    }
    if strikes.contains(&What::EarlyStatus) {
        // The status is on its way before the answer: wait until the receiver has had it.
        sim.deliver_due().await;
    }
    for strike in strikes {
        match strike {
            What::ResetAfter => return None,
            What::HangAfter => std::future::pending().await,
            other => mangle(&mut reply, other),
        }
    }
    if let Some(What::Drip { bytes, every_ms }) =
        strikes.iter().find(|what| matches!(what, What::Drip { .. }))
    {
        return Some(drip(sim, &reply, (*bytes).max(1), *every_ms));
    }
    if strikes.contains(&What::CutBody) {
        return Some(cut(sim, scissors, &reply));
    }
    Some(finish(sim, reply, strikes))
}

/// Something else happens around a call. An action that fails is a mistake of the script, and said so in the book.
fn meanwhile(sim: &Arc<Sim>, action: &serde_json::Value) {
    if let Err(error) = control_http::act(sim, action) {
        sim.book.breach(format!("script: {error}"));
    }
}

fn vendor_of<'a>(sim: &Sim, path: &'a str) -> Option<(&'static str, &'a str)> {
    let further: Vec<_> = sim.world().further.iter().map(|it| (it.prefix(), it.name())).collect();
    let known = [
        ("/thg-shop", "thg"),
        ("/thg-web", "thg"),
        ("/thg", "thg"),
        ("/dsco/api/v3", "dsco"),
        ("/skyhub", "skyhub"),
        ("/graph", "whatsapp"),
        ("/lookaside", "whatsapp"),
        ("/onprem", "onprem"),
    ];
    for (prefix, vendor) in known.into_iter().chain(further) {
        if let Some(rest) = path.strip_prefix(prefix)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return Some((vendor, rest));
        }
    }
    None
}

async fn multipart(call: &Call, body: Bytes) -> Vec<Part> {
    let mut request = Request::new(Body::from(body));
    *request.headers_mut() = call.headers.clone();
    request.extensions_mut().insert(axum::extract::DefaultBodyLimit::max(LARGEST));
    let mut parts = Vec::new();
    let Ok(mut fields) = Multipart::from_request(request, &()).await else { return parts };
    while let Ok(Some(field)) = fields.next_field().await {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let mime = field.content_type().map(str::to_owned);
        let Ok(bytes) = field.bytes().await else { break };
        parts.push(Part { name, file, mime, bytes: bytes.to_vec() });
    }
    parts
}

fn head(sim: &Sim, reply: &Reply, strikes: &[What]) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = reply.status;
    for (name, value) in &reply.headers {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    let skew: i64 =
        strikes.iter().map(|what| if let What::ClockSkew { seconds } = what { *seconds } else { 0 }).sum();
    let date = httpdate::fmt_http_date((sim.now() + TimeDelta::seconds(skew)).into());
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

fn finish(sim: &Sim, reply: Reply, strikes: &[What]) -> Response<Body> {
    let head = head(sim, &reply, strikes);
    let body = if reply.status == StatusCode::NO_CONTENT { Body::empty() } else { Body::from(reply.body) };
    head.map(|()| body)
}

/// A body in small pieces with pauses between them.
fn drip(sim: &Arc<Sim>, reply: &Reply, bytes: usize, every_ms: i64) -> Response<Body> {
    let mut head = head(sim, reply, &[]);
    head.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(reply.body.len()));
    let pieces: Vec<Vec<u8>> = reply.body.chunks(bytes).map(<[u8]>::to_vec).collect();
    let sim = Arc::clone(sim);
    let body = stream::iter(pieces).then(move |piece| {
        let sim = Arc::clone(&sim);
        async move {
            tokio::select! { () = sim.pause(every_ms) => {}, () = sim.stopped.cancelled() => {} }
            Ok::<_, Infallible>(Bytes::from(piece))
        }
    });
    head.map(|()| Body::from_stream(body))
}

/// A body that announces more than it brings.
fn cut(sim: &Sim, scissors: &Scissors, reply: &Reply) -> Response<Body> {
    let mut head = head(sim, reply, &[]);
    let length = reply.body.len() + 1000;
    head.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let half = Bytes::from(reply.body[..reply.body.len() / 2].to_vec());
    let scissors = scissors.clone();
    let body = stream::iter([half]).map(Ok::<_, std::io::Error>).chain(stream::once(async move {
        // The first half has to leave before the line is cut.
        tokio::task::yield_now().await;
        scissors.cut();
        Err(std::io::ErrorKind::ConnectionReset.into())
    }));
    head.map(|()| Body::from_stream(body))
}
