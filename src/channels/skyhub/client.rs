//! SkyHub's account as a [`Channel`].

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    error,
    map::{self, Merging, WholeChat},
    request,
    wire::{self, SacPage, Ticket},
};
use crate::{
    channels::{
        Channel, ChannelError, Checked, ErrorKind, Found, Memory, Prepared, Retry, Sending, Sent, Set, Sink,
        Sweep, Target,
        http::{Answer, Http},
        lenient,
        pace::Pace,
        tokens::Tokens,
    },
    domain::{Descriptor, Facts, Gate, Time, change::Page, time::Clock},
};

/// The vendor's documented limit of one method, requests a second (contract A.7).
const VENDOR_RATE: u32 = 9;
/// Writes a second: the older guide's limit, never wrong.
const WRITE_RATE: u32 = 1;
/// The bucket of replies; the vendor counts each method for itself.
const POST: &str = "POST";
/// Pages after which a list that does not end is a fault of the vendor's.
const MAX_PAGES: usize = 2000;
/// Nothing that was read waits longer than this for the next ticket, nor for more tickets than this.
const STORED_EVERY: TimeDelta = TimeDelta::milliseconds(300);
const STORED_TOGETHER: usize = 20;
/// Tickets in a row whose chats could not be had: the vendor is out, not the ticket.
const MAX_BAD_TICKETS: usize = 3;

/// What an account is made of.
pub struct Settings {
    /// What screens need.
    pub descriptor: Descriptor,
    /// The host's root.
    pub url: String,
    /// `X-User-Email`.
    pub user_email: String,
    /// `X-Api-Key`.
    pub api_key: SecretString,
    /// `X-Accountmanager-Key`.
    pub account_manager_key: SecretString,
    /// The seller's CNPJ.
    pub identity_id: String,
    /// Requests a second; 0: no limit of ours.
    pub max_rate: u32,
    /// Where the pace is kept.
    pub tokens: Tokens,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// An account.
pub struct SkyHub {
    settings: Settings,
    http: Http,
    headers: HeaderMap,
    /// Tickets whose chats were refused (404), with the change that was listed then: permanent for that ticket
    /// (contract A.8), so the fast loop does not ask again; the sweep does.
    refused: Mutex<HashMap<String, Option<String>>>,
}

impl SkyHub {
    /// An account, ready to talk.
    ///
    /// # Errors
    /// `ours` where a key can be no header or TLS cannot be set up.
    pub fn new(settings: Settings) -> Result<Self, ChannelError> {
        let mut headers = HeaderMap::new();
        headers.insert("x-user-email", header("user_email", &settings.user_email, false)?);
        headers.insert("x-api-key", header("api_key", settings.api_key.expose_secret(), true)?);
        headers.insert(
            "x-accountmanager-key",
            header("account_manager_key", settings.account_manager_key.expose_secret(), true)?,
        );
        let json = HeaderValue::from_static("application/json");
        headers.insert(reqwest::header::ACCEPT, json.clone());
        // On every call, GET too: the vendor says so.
        headers.insert(reqwest::header::CONTENT_TYPE, json);
        let account = format!("{} {}", settings.user_email, settings.url);
        let pace = Pace::beside(&settings.tokens, &account, settings.clock.clone());
        Ok(Self { http: Http::new(pace)?, headers, settings, refused: Mutex::default() })
    }

    async fn ask(&self, method: Method, url: &str, body: Option<Vec<u8>>) -> Result<Answer, ChannelError> {
        let max = self.settings.max_rate;
        let (bucket, rate) = match method {
            Method::GET => ("GET", max.min(VENDOR_RATE)),
            Method::POST => (POST, max.min(WRITE_RATE)),
            _ => ("PATCH", max.min(WRITE_RATE)),
        };
        self.http.free(bucket)?;
        self.http.place(bucket, rate).await;
        let mut asked = self.http.request(method, url).headers(self.headers.clone());
        if let Some(body) = body {
            asked = asked.body(body);
        }
        let answer = self.http.send(asked).await?;
        self.http.obey(bucket, &answer, self.settings.clock.now());
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(error::refusal(&answer, self.settings.clock.now()))
    }

    async fn get(&self, url: &str) -> Result<Answer, ChannelError> {
        self.ask(Method::GET, url, None).await
    }

    /// One page of tickets and the address of the next.
    async fn list_page(&self, url: &str) -> Result<(Vec<Ticket>, Option<String>), ChannelError> {
        let answer = self.get(url).await?;
        let page = answer.json().and_then(|text| wire::sac_page(&text));
        let Some(SacPage { sacs: Some(sacs), next_page }) = page else {
            return Err(error::not_the_contract(&answer, "a list of tickets"));
        };
        let mut tickets = Vec::with_capacity(sacs.len());
        for raw in &sacs {
            match lenient::decode::<Ticket>(raw) {
                Ok((ticket, _)) if ticket.code.is_some() => tickets.push(ticket),
                _ => {
                    tracing::warn!(
                        shape = lenient::shape(raw),
                        "a SkyHub ticket without a code was left out"
                    );
                }
            }
        }
        // A page without tickets ends the list whatever it calls its next page.
        let next_page = if sacs.is_empty() { None } else { next_page };
        Ok((tickets, next_page))
    }

    /// All chats of a ticket, its pages merged.
    async fn chats(
        &self,
        code: &str,
        mut asked: impl FnMut() + Send,
    ) -> Result<Vec<WholeChat>, ChannelError> {
        let mut walk = Walk::new(&self.settings.url, request::chats(&self.settings.url, code));
        let mut merging = Merging::default();
        while let Some(url) = walk.next()? {
            asked();
            let answer = self.get(&url).await?;
            let Some(page) = answer.json().and_then(|text| wire::chats_page(&text)) else {
                return Err(error::not_the_contract(&answer, "a list of chats"));
            };
            let items = page.chats.unwrap_or_default();
            let unread = merging.page(code, &items);
            if merging.cut_short {
                return Err(error::not_the_contract(&answer, "a list of chats with their messages"));
            }
            if unread > 0 {
                tracing::warn!(unread, "SkyHub chats without parts were left out");
            }
            if !items.is_empty() {
                let next = page.next_page.filter(|it| !it.trim().is_empty());
                let next = next.map(|it| request::next_chats(&self.settings.url, code, &it)).transpose()?;
                walk.follow(next.as_deref())?;
            }
        }
        Ok(merging.done())
    }

    /// Reads one ticket's chats: a page with the note that says so.
    async fn read_ticket(&self, ticket: &Ticket, sink: &mut dyn Sink) -> Result<Page, ChannelError> {
        let Some(code) = ticket.code.as_deref() else { return Ok(Page::default()) };
        let mut ticket = ticket.clone();
        let chats = self.chats(code, || sink.requested()).await?;
        if ticket.order_code.is_none() {
            // A reply will need it; the list always has it in the vendor's samples.
            sink.requested();
            ticket.order_code = self.order_code(code).await.ok().flatten();
        }
        let changes = map::changes(code, &ticket, &chats, self.settings.clock.now());
        let note = serde_json::to_value(&ticket).unwrap_or_default();
        Ok(Page { changes, memory: vec![(note_key(code), note)] })
    }

    /// What was asked for beside the talk; `None` where the vendor does not say.
    async fn instances(&self, code: &str) -> Result<Option<Vec<String>>, ChannelError> {
        match self.get(&request::instances(&self.settings.url, code)).await {
            Ok(answer) => Ok(answer.json().and_then(|text| wire::instances(&text))),
            // It is beside the talk: without it the chats are read all the same.
            Err(error) if matches!(error.kind, ErrorKind::Refused | ErrorKind::Outage) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn order_code(&self, code: &str) -> Result<Option<String>, ChannelError> {
        let answer = self.get(&request::ticket(&self.settings.url, code)).await?;
        Ok(answer.json().and_then(|text| wire::one_ticket(&text)).and_then(|ticket| ticket.order_code))
    }

    /// Reads the tickets of a list that changed, each page's before the next page is asked for.
    async fn listed(
        &self,
        status: Option<&str>,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
        tickets: &mut Tickets,
    ) -> Result<(), ChannelError> {
        let mut walk = Walk::new(&self.settings.url, request::list(&self.settings.url, status));
        while let Some(url) = walk.next()? {
            sink.requested();
            let (page, next) = self.list_page(&url).await?;
            for ticket in &page {
                if status.is_some() && self.was_refused(ticket) {
                    continue;
                }
                if let Some(ticket) = changed(memory, ticket).await? {
                    tickets.read(self, &ticket, sink).await?;
                }
            }
            tickets.store(sink).await?;
            walk.follow(next.as_deref())?;
        }
        Ok(())
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<String>>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn was_refused(&self, ticket: &Ticket) -> bool {
        let code = ticket.code.as_deref().unwrap_or_default();
        self.refused().get(code).is_some_and(|updated_at| *updated_at == ticket.updated_at)
    }

    /// The full sweep: every open ticket first, whether it changed or not (whether `updated_at` moves with every
    /// message is not documented, contract A.6.8), then every listed one that changed. What was just read keeps its
    /// old triple, so that a change between the two readings is never missed.
    async fn full(
        &self,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
        tickets: &mut Tickets,
    ) -> Result<(), ChannelError> {
        self.refused().clear();
        let mut done = HashSet::new();
        for remote_id in memory.open_conversations().await? {
            let Ok((code, _)) = request::split(&remote_id) else { continue };
            if done.insert(code.to_owned()) {
                let mut ticket = noted(memory, code).await?;
                sink.requested();
                ticket.instances = self.instances(code).await?.or(ticket.instances);
                tickets.read(self, &ticket, sink).await?;
            }
        }
        tickets.store(sink).await?;
        self.listed(None, memory, sink, tickets).await?;
        // Listed and not found does not agree: it may have been a moment's, so each is looked at once more.
        for ticket in std::mem::take(&mut tickets.not_found) {
            if let Some(code) = &ticket.code {
                self.refused().remove(code);
            }
            tickets.read(self, &ticket, sink).await?;
        }
        tickets.store(sink).await
    }

    /// Reads the chat of a conversation; the page holds all chats of its ticket.
    async fn read_chat(&self, target: &Target) -> Result<(Option<WholeChat>, Page), ChannelError> {
        let (code, parts) = request::split(&target.remote_id)?;
        let mut chats = self.chats(code, || {}).await?;
        let ticket = map::ticket_of(&target.facts);
        let changes = map::changes(code, &ticket, &chats, self.settings.clock.now());
        let chat = chats.iter().position(|it| it.parts == parts).map(|at| chats.swap_remove(at));
        Ok((chat, Page { changes, memory: Vec::new() }))
    }
}

#[async_trait]
impl Channel for SkyHub {
    fn descriptor(&self) -> &Descriptor {
        &self.settings.descriptor
    }

    async fn check(&self) -> Result<Checked, ChannelError> {
        let answer = self.get(&request::list(&self.settings.url, Some("UNREAD"))).await?;
        let page = answer.json().and_then(|text| wire::sac_page(&text));
        let Some(sacs) = page.and_then(|page| page.sacs) else {
            return Err(error::not_the_contract(&answer, "a list of tickets"));
        };
        let skew = answer.date().map(|date| date - self.settings.clock.now());
        let said =
            format!("keys accepted for {}, {} unread tickets listed", self.settings.user_email, sacs.len());
        Ok(Checked { said, skew })
    }

    async fn scan(&self, sweep: Sweep, memory: &dyn Memory, sink: &mut dyn Sink) -> Result<(), ChannelError> {
        let mut tickets = Tickets::begun_at(self.settings.clock.now());
        let end = match sweep {
            Sweep::Fast => self.listed(Some("UNREAD"), memory, sink, &mut tickets).await,
            Sweep::Full => self.full(memory, sink, &mut tickets).await,
        };
        // What was read before something went wrong is kept.
        tickets.store(sink).await?;
        end.and_then(|()| tickets.end())
    }

    async fn prepare(&self, send: &Sending<'_>) -> Result<Prepared, ChannelError> {
        let (target, parts) = writable(send)?;
        let text = &send.outgoing()?.text;
        let (chat, page) = self.read_chat(target).await?;
        let gate = chat.as_ref().map_or(Gate::Unknown, |chat| map::gate(parts, chat.status.as_deref()));
        if gate == Gate::Paused {
            let mut error = ChannelError::new(
                ErrorKind::GateClosed,
                Retry::Never,
                "Americanas mediates this chat (PAUSED): nothing was sent",
            );
            error.page = Some(Box::new(page));
            return Err(error);
        }
        let count = chat.as_ref().map_or(0, |chat| map::ours_with(chat, text).len());
        let mut evidence = json!({ "count": count });
        if !target.facts.contains_key("order_code") {
            let (code, _) = request::split(&target.remote_id)?;
            evidence["order_code"] = json!(self.order_code(code).await?);
        }
        self.http.keep_place(POST, self.settings.max_rate.min(WRITE_RATE)).await;
        Ok(Prepared { evidence, page })
    }

    async fn send(&self, send: &Sending<'_>) -> Result<Sent, ChannelError> {
        let (target, parts) = writable(send)?;
        let outgoing = send.outgoing()?;
        let (code, _) = request::split(&target.remote_id)?;
        if outgoing.file.is_some() || send.upload.is_some() {
            return Err(ChannelError::ours("SkyHub takes no files: the text alone can be sent"));
        }
        let order_code = order_code_of(&target.facts, send.evidence).ok_or_else(|| {
            ChannelError::ours(
                "the order's number is not known, and SkyHub takes no reply without it: sync first",
            )
        })?;
        let body = request::reply(code, parts, order_code, &self.settings.identity_id, &outgoing.text)?;
        let body = serde_json::to_vec(&body).map_err(|error| ChannelError::ours(error.to_string()))?;
        match self.ask(Method::POST, &request::chat(&self.settings.url, code, parts), Some(body)).await {
            // SkyHub names no id.
            Ok(answer) => error::taken(&answer).map(|()| Sent::default()),
            Err(mut error) if error.status == Some(StatusCode::UNPROCESSABLE_ENTITY.as_u16()) => {
                // Mostly PAUSED, not always: what the chat shows now decides what the agent is told.
                error.kind = ErrorKind::GateClosed;
                if let Ok((chat, page)) = self.read_chat(target).await {
                    if chat.is_some_and(|chat| map::gate(parts, chat.status.as_deref()) == Gate::Open) {
                        error.kind = ErrorKind::Refused;
                    }
                    error.page = Some(Box::new(page));
                }
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn look_up(&self, send: &Sending<'_>) -> Result<Found, ChannelError> {
        let (target, _) = writable(send)?;
        let text = &send.outgoing()?.text;
        let Some(before) = send.evidence.get("count").and_then(Value::as_u64) else {
            return Ok(Found::CannotLook("how often this text stood there before was not noted".into()));
        };
        let (chat, page) = self.read_chat(target).await?;
        let ours = chat.as_ref().map(|chat| map::ours_with(chat, text)).unwrap_or_default();
        if ours.len() as u64 > before {
            let key = ours.last().map(|said| said.key.clone());
            return Ok(Found::There(Sent { key, changes: page.changes, ..Sent::default() }));
        }
        Ok(Found::Absent(format!(
            "looked for this text among the seller's messages of {}: it stands there {}, as often as before the send",
            target.remote_id,
            times(before)
        )))
    }

    async fn set(&self, target: &Target, what: &Set) -> Result<Page, ChannelError> {
        let (code, parts) = request::split(&target.remote_id)?;
        let status = match what {
            Set::Close => "ARCHIVED",
            Set::Reopen | Set::Read => "READ",
            Set::Unread => "UNREAD",
            Set::Fields(_) => return Err(ChannelError::ours("SkyHub keeps no such fields")),
        };
        if request::message_to(parts).is_none() {
            return Err(request::not_writable(parts));
        }
        let body = json!({ "status": status }).to_string().into_bytes();
        let answer =
            self.ask(Method::PATCH, &request::chat(&self.settings.url, code, parts), Some(body)).await?;
        error::done(&answer)?;
        // What the vendor shows now; not being able to look does not undo what was done.
        Ok(self.read_chat(target).await.map(|(_, page)| page).unwrap_or_default())
    }
}

/// The conversation of a reply, where it may be written to.
fn writable<'a>(send: &'a Sending<'_>) -> Result<(&'a Target, &'a str), ChannelError> {
    let target =
        send.target.ok_or_else(|| ChannelError::ours("SkyHub starts no conversations: customers do"))?;
    let (_, parts) = request::split(&target.remote_id)?;
    if request::message_to(parts).is_none() {
        return Err(request::not_writable(parts));
    }
    Ok((target, parts))
}

fn order_code_of<'a>(facts: &'a Facts, evidence: &'a Value) -> Option<&'a str> {
    facts.get("order_code").or_else(|| evidence.get("order_code")).and_then(Value::as_str)
}

fn times(count: u64) -> String {
    match count {
        0 => "not once".into(),
        1 => "once".into(),
        more => format!("{more} times"),
    }
}

fn header(key: &str, value: &str, secret: bool) -> Result<HeaderValue, ChannelError> {
    let mut value = HeaderValue::from_str(value.trim())
        .map_err(|_| ChannelError::ours(format!("{key} holds characters that no HTTP header may have")))?;
    value.set_sensitive(secret);
    Ok(value)
}

fn note_key(code: &str) -> String {
    format!("ticket:{code}")
}

async fn noted(memory: &dyn Memory, code: &str) -> Result<Ticket, ChannelError> {
    let note = memory.note(&note_key(code)).await?.unwrap_or_default();
    let ticket: Ticket = serde_json::from_value(note).unwrap_or_default();
    Ok(Ticket { code: Some(code.to_owned()), ..ticket })
}

/// The ticket, where its triple differs from the stored one.
async fn changed(memory: &dyn Memory, ticket: &Ticket) -> Result<Option<Ticket>, ChannelError> {
    let before = noted(memory, ticket.code.as_deref().unwrap_or_default()).await?;
    let same = ticket.updated_at.is_some()
        && (&before.updated_at, &before.status, before.mediation)
            == (&ticket.updated_at, &ticket.status, ticket.mediation);
    if same {
        return Ok(None);
    }
    Ok(Some(Ticket {
        order_code: ticket.order_code.clone().or(before.order_code),
        instances: before.instances,
        ..ticket.clone()
    }))
}

/// The reading of many tickets: one that cannot be had never costs the others. They are stored together as long as the
/// vendor answers quickly, since each page that is stored waits for the disk.
struct Tickets {
    bad_in_a_row: usize,
    first: Option<ChannelError>,
    /// Refused by their vendor in this scan.
    not_found: Vec<Ticket>,
    read: Page,
    stored_at: Time,
}

impl Tickets {
    fn begun_at(now: Time) -> Self {
        Self { bad_in_a_row: 0, first: None, not_found: Vec::new(), read: Page::default(), stored_at: now }
    }

    /// Stores what has been read since the last time.
    async fn store(&mut self, sink: &mut dyn Sink) -> Result<(), ChannelError> {
        let read = std::mem::take(&mut self.read);
        if read == Page::default() { Ok(()) } else { sink.page(read).await }
    }

    async fn read(
        &mut self,
        skyhub: &SkyHub,
        ticket: &Ticket,
        sink: &mut dyn Sink,
    ) -> Result<(), ChannelError> {
        let error = match skyhub.read_ticket(ticket, sink).await {
            Ok(page) => {
                self.bad_in_a_row = 0;
                self.read.changes.extend(page.changes);
                self.read.memory.extend(page.memory);
                let now = skyhub.settings.clock.now();
                let late = (now - self.stored_at).abs() >= STORED_EVERY;
                if late || self.read.memory.len() >= STORED_TOGETHER {
                    self.stored_at = now;
                    self.store(sink).await?;
                }
                return Ok(());
            }
            Err(error) => error,
        };
        match error.kind {
            // Permanent for that ticket: it is asked for again when the list shows it changed, or next time.
            ErrorKind::Refused => {
                tracing::warn!(status = error.status, "the chats of a SkyHub ticket cannot be had");
                if let Some(code) = &ticket.code {
                    skyhub.refused().insert(code.clone(), ticket.updated_at.clone());
                }
                self.not_found.push(ticket.clone());
                Ok(())
            }
            ErrorKind::Outage if self.bad_in_a_row + 1 < MAX_BAD_TICKETS => {
                self.bad_in_a_row += 1;
                self.first.get_or_insert(error);
                Ok(())
            }
            _ => Err(error),
        }
    }

    fn end(self) -> Result<(), ChannelError> {
        self.first.map_or(Ok(()), Err)
    }
}

/// The way through a list's pages, with the stop rules of contract A.6.2.
struct Walk<'a> {
    base: &'a str,
    next: Option<String>,
    followed: HashSet<String>,
}

impl<'a> Walk<'a> {
    fn new(base: &'a str, first: String) -> Self {
        Self { base, next: Some(first), followed: HashSet::new() }
    }

    /// The next address to ask for; `None` at the end.
    fn next(&mut self) -> Result<Option<String>, ChannelError> {
        let Some(url) = self.next.take() else { return Ok(None) };
        if self.followed.len() >= MAX_PAGES {
            return Err(ChannelError::new(
                ErrorKind::Outage,
                Retry::Unclear,
                format!("SkyHub's list does not end after {MAX_PAGES} pages; what was read is kept"),
            ));
        }
        self.followed.insert(url.clone());
        Ok(Some(url))
    }

    /// Notes the address that a page names as its next.
    fn follow(&mut self, next_page: Option<&str>) -> Result<(), ChannelError> {
        let Some(text) = next_page.filter(|text| !text.trim().is_empty()) else { return Ok(()) };
        let url = request::next_page(self.base, text)?;
        if !self.followed.contains(&url) {
            self.next = Some(url);
        }
        Ok(())
    }
}
