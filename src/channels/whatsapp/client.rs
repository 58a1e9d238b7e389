//! WhatsApp's account as a [`Channel`], for both APIs.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::TimeDelta;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::webhook::Hook;
use super::{
    account::{self, Standing},
    answers::{self, Answered, BusinessNumber, Named, Session},
    error, history, map, media,
    request::{self, Address, Api},
};
use crate::{
    channels::{
        Channel, ChannelError, Checked, Downloaded, ErrorKind, Found, Memory, Prepared, Retry, Sending, Sent,
        Set, Sink, Sweep, Target, Webhook,
        download::Part,
        files::Told,
        http::{Answer, Http},
        json, lenient,
        pace::Pace,
        tokens::{Token, Tokens},
    },
    domain::{
        Action, Descriptor, Direction, Gate, GateEvidence, Role, Time,
        attachment::StoredFile,
        change::{Change, ConversationSeen, Page},
        time::Clock,
    },
};

/// A session of On-Premises is renewed when it has less than this left (it lives about seven days).
const RENEW_BEFORE: TimeDelta = TimeDelta::days(3);
/// Everything is counted together.
const BUCKET: &str = "all";
/// How long a file may take.
const FILE_TIMEOUT: Duration = Duration::from_mins(5);

/// The API of an account, with what opens it.
pub enum Login {
    /// Meta's Cloud API.
    Cloud {
        /// The business number's id.
        phone_number_id: String,
        /// The system user's token.
        access_token: SecretString,
    },
    /// A relay that speaks the On-Premises API.
    OnPremises {
        /// The login.
        username: String,
        /// Its password.
        password: SecretString,
        /// The templates' namespace, where the relay still needs one.
        namespace: Option<String>,
    },
}

/// What an account is made of.
pub struct Settings {
    /// What screens need.
    pub descriptor: Descriptor,
    /// Cloud: with the version; On-Premises: without `/v1`.
    pub url: String,
    /// What opens it.
    pub login: Login,
    /// The webhook side.
    pub hook: Hook,
    /// Further hosts that may be asked for files with the token (`*.fbsbx.com`).
    pub media_hosts: Vec<String>,
    /// Whether a read mark says that somebody types, where somebody does.
    pub typing: bool,
    /// Requests a second; 0: no limit of ours.
    pub max_rate: u32,
    /// Where the session is kept (On-Premises).
    pub tokens: Tokens,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// An account.
pub struct WhatsApp {
    pub(super) settings: Settings,
    pub(super) http: Http,
    /// The session's token and when it was got.
    session: tokio::sync::Mutex<Option<(Token, Time)>>,
    /// How often in a row each person was written to too often.
    too_often: Mutex<HashMap<Address, u32>>,
    /// How histories of messages are had.
    pub(super) way: history::Way,
}

/// What goes along with a request.
pub(super) enum Load<'a> {
    Nothing,
    Json(&'a Value),
    /// On-Premises: the file's bytes as they are.
    Bytes(&'a StoredFile, &'a Path, Told),
    /// Cloud: a form with the file in it.
    Form(&'a StoredFile, &'a Path, Told),
}

impl WhatsApp {
    /// An account, ready to talk.
    ///
    /// # Errors
    /// `ours` where TLS cannot be set up.
    pub fn new(settings: Settings) -> Result<Self, ChannelError> {
        let account = match &settings.login {
            Login::Cloud { phone_number_id, .. } => phone_number_id,
            Login::OnPremises { username, .. } => username,
        };
        let account = format!("{account} {}", settings.url);
        let pace = Pace::beside(&settings.tokens, &account, settings.clock.clone());
        Ok(Self {
            http: Http::new(pace)?,
            settings,
            session: tokio::sync::Mutex::default(),
            too_often: Mutex::default(),
            way: history::Way::default(),
        })
    }

    pub(super) fn api(&self) -> Api {
        match self.settings.login {
            Login::Cloud { .. } => Api::Cloud,
            Login::OnPremises { .. } => Api::OnPremises,
        }
    }

    /// The head of the answer to a request for (the rest of) a file. Tokens as with [`ask`](Self::ask).
    pub(super) async fn head(
        &self,
        url: &str,
        part: &Part<'_>,
        hashed: bool,
    ) -> Result<reqwest::Response, ChannelError> {
        let ask = async |token: &SecretString| {
            let request = self.build(Method::GET, url, &Load::Nothing, token).await?;
            self.http.start(part.ask(request, hashed).timeout(FILE_TIMEOUT)).await
        };
        let token = self.token(None).await?;
        let response = ask(&token).await?;
        if self.api() == Api::OnPremises && response.status().as_u16() == 401 {
            let token = self.token(Some(&token)).await?;
            return ask(&token).await;
        }
        Ok(response)
    }

    /// Asks, and gives the answer back whatever it is. On-Premises: a token that is refused is renewed and the
    /// request repeated once; with 401 the vendor certainly did not act.
    pub(super) async fn ask(
        &self,
        method: Method,
        url: &str,
        load: Load<'_>,
    ) -> Result<Answer, ChannelError> {
        let token = self.token(None).await?;
        let answer = self.http.send(self.build(method.clone(), url, &load, &token).await?).await?;
        self.heed(&answer);
        if self.api() == Api::Cloud || answer.status.as_u16() != 401 {
            return Ok(answer);
        }
        let token = self.token(Some(&token)).await?;
        let answer = self.http.send(self.build(method, url, &load, &token).await?).await?;
        self.heed(&answer);
        Ok(answer)
    }

    /// Takes note of a limit of the account. One of a single person's holds nobody else up.
    fn heed(&self, answer: &Answer) {
        if answer.status.is_success() || error::is_pair_rate(error::trouble(answer).as_ref()) {
            return;
        }
        self.http.obey(BUCKET, answer, self.now());
        self.http.limited(BUCKET, &error::refusal(answer, self.now()));
    }

    /// As [`ask`](Self::ask), but only a success comes back.
    pub(super) async fn succeed(
        &self,
        method: Method,
        url: &str,
        load: Load<'_>,
    ) -> Result<Answer, ChannelError> {
        let answer = self.ask(method, url, load).await?;
        if answer.status.is_success() && error::trouble(&answer).is_none() {
            return Ok(answer);
        }
        Err(error::refusal(&answer, self.now()))
    }

    async fn build(
        &self,
        method: Method,
        url: &str,
        load: &Load<'_>,
        token: &SecretString,
    ) -> Result<RequestBuilder, ChannelError> {
        self.http.free(BUCKET)?;
        self.http.place(BUCKET, self.settings.max_rate).await;
        let request = self.http.request(method, url).bearer_auth(token.expose_secret());
        Ok(match load {
            Load::Nothing => request,
            Load::Json(value) => request.json(value),
            Load::Bytes(file, path, told) => {
                media::bytes(request, file, path, told.clone()).await?.timeout(FILE_TIMEOUT)
            }
            Load::Form(file, path, told) => {
                media::form(request, file, path, told.clone()).await?.timeout(FILE_TIMEOUT)
            }
        })
    }

    pub(super) fn now(&self) -> Time {
        self.settings.clock.now()
    }

    /// The token to go along. `refused`: the one that the vendor does not take any more.
    async fn token(&self, refused: Option<&SecretString>) -> Result<SecretString, ChannelError> {
        let (username, password) = match &self.settings.login {
            Login::Cloud { access_token, .. } => return Ok(access_token.clone()),
            Login::OnPremises { username, password, .. } => (username, password),
        };
        let good = |token: &Token| {
            let refused = refused.is_some_and(|it| it.expose_secret() == token.value.expose_secret());
            !refused && token.until.is_none_or(|until| until - self.now() >= RENEW_BEFORE)
        };
        let mut session = self.session.lock().await;
        // One that never had three days is good until its end: a relay may give less.
        let short = |token: &Token, got_at: Time| {
            let life = token.until.map(|until| until - got_at);
            let refused = refused.is_some_and(|it| it.expose_secret() == token.value.expose_secret());
            !refused && life.is_some_and(|life| life < RENEW_BEFORE) && token.serves(self.now())
        };
        let held = session.as_ref().filter(|(token, got_at)| good(token) || short(token, *got_at));
        if let Some((token, _)) = held {
            return Ok(token.value.clone());
        }
        // Another process may have logged in meanwhile: the file is read under its lock before any login.
        let mut kept = self.settings.tokens.lock(&format!("{username} {}", self.settings.url)).await?;
        let token = if let Some(token) = kept.read().filter(good) {
            token
        } else {
            let (token, _) = self.login(username, password).await?;
            kept.keep(&token);
            token
        };
        let value = token.value.clone();
        *session = Some((token, self.now()));
        Ok(value)
    }

    /// Logs in; the answer has the vendor's clock beside the token.
    async fn login(
        &self,
        username: &str,
        password: &SecretString,
    ) -> Result<(Token, Option<Time>), ChannelError> {
        let url = request::on_premises(&self.settings.url, &["users", "login"]);
        self.http.free(BUCKET)?;
        self.http.place(BUCKET, self.settings.max_rate).await;
        let request =
            self.http.request(Method::POST, &url).basic_auth(username, Some(password.expose_secret()));
        // A login may be repeated: whatever goes wrong here, the message itself has not left.
        let answer = self.http.send(request).await.map_err(|error| match error.retry {
            Retry::Unclear => ChannelError { retry: Retry::Safe(None), ..error },
            _ => error,
        })?;
        self.heed(&answer);
        if !answer.status.is_success() {
            let error = error::refusal(&answer, self.now());
            let retry = if error.retry == Retry::Unclear { Retry::Safe(None) } else { error.retry };
            return Err(error::wants_new_password(ChannelError { retry, ..error }, &url, username));
        }
        let session = read::<Answered>(&answer)
            .and_then(|it| it.users.into_iter().next())
            .and_then(|raw| lenient::decode::<Session>(&raw).ok())
            .map(|(session, _)| session)
            .unwrap_or_default();
        let Some(token) = session.token else {
            let error = match error::trouble(&answer) {
                // On-Premises says no with 200 at times.
                Some(_) => error::refusal(&answer, self.now()),
                None => ChannelError { retry: Retry::Safe(None), ..error::unreadable(&answer, "session") },
            };
            return Err(error::wants_new_password(error, &url, username));
        };
        let until = session.expires_after.as_deref().and_then(expiry);
        Ok((Token { value: token.into(), until }, answer.date()))
    }

    pub(super) fn phone_number_id(&self) -> &str {
        match &self.settings.login {
            Login::Cloud { phone_number_id, .. } => phone_number_id,
            Login::OnPremises { .. } => "",
        }
    }

    fn messages_url(&self) -> String {
        match self.api() {
            Api::Cloud => request::cloud_messages(&self.settings.url, self.phone_number_id()),
            Api::OnPremises => request::on_premises(&self.settings.url, &["messages"]),
        }
    }

    /// Sends a body. On-Premises: a contact that it does not know yet (1006) is checked first and the same message
    /// sent once more; the vendor certainly did not act.
    async fn post(&self, body: &Value, to: &Address) -> Result<Answer, ChannelError> {
        let url = self.messages_url();
        let answer = self.ask(Method::POST, &url, Load::Json(body)).await?;
        let told = error::trouble(&answer);
        let mut too_often = self.too_often.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.status.is_success() && told.is_none() {
            too_often.remove(to);
            return Ok(answer);
        }
        let refusal = error::refusal(&answer, self.now());
        if error::is_pair_rate(told.as_ref()) {
            let tried = too_often.entry(to.clone()).or_default();
            *tried += 1;
            return Err(error::pair_rate(refusal, *tried - 1));
        }
        drop(too_often);
        let (Api::OnPremises, Some(1006), Address::Phone(digits)) =
            (self.api(), told.and_then(|told| told.code()), to)
        else {
            return Err(refusal);
        };
        let check = json!({ "blocking": "wait", "contacts": [format!("+{digits}")], "force_check": true });
        let url_of_contacts = request::on_premises(&self.settings.url, &["contacts"]);
        let checked = match self.succeed(Method::POST, &url_of_contacts, Load::Json(&check)).await {
            Ok(checked) => checked,
            Err(error) => {
                let retry = if error.retry == Retry::Unclear { Retry::Safe(None) } else { error.retry };
                return Err(ChannelError { retry, ..error });
            }
        };
        let valid = read::<Answered>(&checked)
            .and_then(|it| it.contacts.into_iter().next())
            .and_then(|raw| lenient::decode::<answers::Checked>(&raw).ok())
            .filter(|(contact, _)| contact.status.as_deref() == Some("valid"));
        let Some((contact, _)) = valid else {
            return Err(ChannelError {
                words: format!("+{digits} is not on WhatsApp ({})", refusal.words),
                ..refusal
            });
        };
        let mut body = body.clone();
        body["to"] = json!(contact.wa_id.unwrap_or_else(|| digits.clone()));
        self.succeed(Method::POST, &url, Load::Json(&body)).await
    }
}

#[async_trait]
impl Channel for WhatsApp {
    fn descriptor(&self) -> &Descriptor {
        &self.settings.descriptor
    }

    async fn check(&self) -> Result<Checked, ChannelError> {
        if let Login::OnPremises { username, password, .. } = &self.settings.login {
            // Not the kept session: what is asked is whether the password still opens the door.
            let (_, date) = self.login(username, password).await?;
            let skew = date.map(|date| date - self.now());
            return Ok(Checked { said: format!("logged in as {username}"), skew });
        }
        let url = request::cloud_thing(&self.settings.url, self.phone_number_id());
        let answer = self.ask(Method::GET, &url, Load::Nothing).await?;
        let skew = answer.date().map(|date| date - self.now());
        if !answer.status.is_success() {
            let error = error::refusal(&answer, self.now());
            if error.kind != ErrorKind::Refused {
                return Err(error);
            }
            // Not every token may read the number's page; a wrong token would have been told first.
            let said = format!("token accepted; {} cannot be read: {}", self.phone_number_id(), error.words);
            return Ok(Checked { said, skew });
        }
        let number =
            read::<BusinessNumber>(&answer).ok_or_else(|| error::unreadable(&answer, "business number"))?;
        let said: Vec<_> =
            [number.display_phone_number, number.verified_name].into_iter().flatten().collect();
        let said = if said.is_empty() { self.phone_number_id().to_owned() } else { said.join(", ") };
        Ok(Checked { said: format!("token accepted for {said}"), skew })
    }

    /// Push only: neither API lists past messages (contract B.0). A full sweep asks how far messages have come that
    /// nothing was heard of (Cloud), and gives the vendor our address where it is configured (On-Premises).
    ///
    /// What is told all the same is what a webhook has told before: an account that is banned or restricted is a
    /// channel in trouble until WhatsApp takes it back.
    async fn scan(&self, sweep: Sweep, memory: &dyn Memory, sink: &mut dyn Sink) -> Result<(), ChannelError> {
        let note = memory.note(account::STANDING).await?;
        if let Some(Standing { word, words }) = note.and_then(|note| account::standing_of(&note, self.now()))
        {
            let error = ChannelError::new(ErrorKind::Refused, Retry::Never, words);
            return Err(ChannelError { word: Some(word), ..error });
        }
        match (sweep, self.api()) {
            (Sweep::Fast, _) => Ok(()),
            (Sweep::Full, Api::Cloud) => self.catch_up(memory, sink).await,
            (Sweep::Full, Api::OnPremises) => self.tell_address(memory, sink).await,
        }
    }

    async fn upload(&self, file: &StoredFile, path: &Path, told: Told) -> Result<String, ChannelError> {
        self.upload_file(file, path, told).await
    }

    async fn forget_upload(&self, upload: &str) -> Result<(), ChannelError> {
        self.delete_file(upload).await
    }

    async fn prepare(&self, send: &Sending<'_>) -> Result<Prepared, ChannelError> {
        // Here too: the row parks before it is marked as sending.
        window_allows(send)?;
        self.http.keep_place(BUCKET, self.settings.max_rate).await;
        Ok(Prepared::default())
    }

    async fn send(&self, send: &Sending<'_>) -> Result<Sent, ChannelError> {
        window_allows(send)?;
        let outgoing = send.outgoing()?;
        let to = match (send.action, send.target) {
            (Action::Create(new), _) => Address::dialled(new.to.as_deref())?,
            (_, Some(target)) => Address::of(
                &target.remote_id,
                &target.aliases,
                &target.customer,
                target.facts.contains_key("group_id"),
            ),
            (_, None) => return Err(ChannelError::ours("a reply without its conversation")),
        };
        let namespace = match &self.settings.login {
            Login::OnPremises { namespace, .. } => namespace.as_deref(),
            Login::Cloud { .. } => None,
        };
        let body = request::message(&request::Message {
            api: self.api(),
            to: &to,
            outgoing,
            quote: send.quote.as_deref(),
            upload: send.upload.as_deref(),
            send_id: send.send_id,
            capabilities: &self.settings.descriptor.capabilities,
            namespace,
        })?;
        let answer = self.post(&body, &to).await.map_err(|error| shut(error, send.target, self.now()))?;
        let answered = read::<Answered>(&answer).unwrap_or_default();
        let id = answered
            .messages
            .first()
            .and_then(|raw| lenient::decode::<Named>(raw).ok())
            .and_then(|(named, _)| json::name(named.id))
            .ok_or_else(|| error::unreadable(&answer, "message id"))?;
        let mut done = Sent { key: Some(id.clone()), remote_id: Some(id), ..Sent::default() };
        if let (Action::Create(_), Address::Phone(dialled)) = (send.action, &to) {
            let contact =
                answered.contacts.first().and_then(|raw| lenient::decode::<answers::Checked>(raw).ok());
            begun(&mut done, dialled, contact.map(|(contact, _)| contact).unwrap_or_default(), self.now());
        }
        Ok(done)
    }

    async fn look_up(&self, _: &Sending<'_>) -> Result<Found, ChannelError> {
        Ok(Found::CannotLook(match self.api() {
            Api::Cloud => {
                "WhatsApp cannot be asked what was sent. A status report that names this send settles it; \
                           none has come so far"
                    .into()
            }
            Api::OnPremises => {
                "WhatsApp On-Premises cannot be asked what was sent, and its reports do not name the \
                                send: look at the phone"
                    .into()
            }
        }))
    }

    async fn set(&self, target: &Target, what: &Set) -> Result<Page, ChannelError> {
        if *what != Set::Read {
            return Err(ChannelError::ours("WhatsApp has no such state: it is kept here only"));
        }
        // The newest one marks all before it. A key that was made here is no id of the vendor's.
        let newest = target
            .known
            .iter()
            .filter(|it| it.direction == Direction::Inbound && !it.key.starts_with("raw:"))
            .max_by_key(|it| it.at);
        let Some(newest) = newest else { return Ok(Page::default()) };
        let answer = match self.api() {
            Api::Cloud => {
                let typing = self.settings.typing && target.composing;
                let body = request::read_mark(&newest.key, typing);
                self.succeed(Method::POST, &self.messages_url(), Load::Json(&body)).await?
            }
            Api::OnPremises => {
                let url = request::on_premises(&self.settings.url, &["messages", &newest.key]);
                self.succeed(Method::PUT, &url, Load::Json(&json!({ "status": "read" }))).await?
            }
        };
        if !answer.is_bare_or_json() {
            return Err(error::unreadable(&answer, "JSON"));
        }
        Ok(Page::default())
    }

    async fn download(&self, remote_ref: &str, part: &mut Part<'_>) -> Result<Downloaded, ChannelError> {
        self.download_file(remote_ref, part).await
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        Some(&self.settings.hook)
    }
}

/// Free text goes only inside of a window, and only a message of theirs opens one.
fn window_allows(send: &Sending<'_>) -> Result<(), ChannelError> {
    let shut = send.target.is_some_and(|target| target.gate == Gate::TemplateOnly);
    if shut && send.outgoing()?.template.is_none() {
        return Err(ChannelError::new(
            ErrorKind::WindowClosed,
            Retry::Never,
            "no window is open: WhatsApp takes only a template now; nothing was sent",
        ));
    }
    Ok(())
}

/// With what a refusal shows: where the vendor says that the window is shut, it is, whatever was computed.
fn shut(mut error: ChannelError, target: Option<&Target>, now: Time) -> ChannelError {
    if let (ErrorKind::WindowClosed, Some(target)) = (error.kind, target) {
        let mut seen = ConversationSeen::named(&target.remote_id, Role::Customer, now);
        seen.gate = Some(GateEvidence::Said { gate: Gate::TemplateOnly, since: Some(now) });
        error.page =
            Some(Box::new(Page { changes: vec![Change::Conversation(Box::new(seen))], memory: Vec::new() }));
    }
    error
}

/// What a started conversation is called: by WhatsApp's own name of the person, which may differ from the number that
/// was dialled (Brazil's ninth digit); both address it.
fn begun(sent: &mut Sent, dialled: &str, contact: answers::Checked, now: Time) {
    let name =
        contact.wa_id.clone().or_else(|| contact.user_id.clone()).unwrap_or_else(|| dialled.to_owned());
    let mut seen = ConversationSeen::named(&name, Role::Customer, now);
    seen.customer.id = Some(name.clone());
    seen.customer.phone = Some(format!("+{}", contact.wa_id.as_deref().unwrap_or(dialled)));
    seen.numbers = vec![dialled.to_owned()];
    seen.gate = Some(map::no_window(now));
    seen.facts = map::facts_of(contact.wa_id.as_deref(), contact.user_id.as_deref());
    sent.changes.push(Change::Conversation(Box::new(seen)));
    let further = [Some(dialled.to_owned()), contact.user_id].into_iter().flatten().filter(|it| *it != name);
    sent.changes.extend(further.map(|alias| Change::Alias { conversation: name.clone(), alias }));
    sent.conversation = Some(name);
}

/// An answer's JSON, leniently.
pub(super) fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Option<T> {
    let text = answer.json()?;
    let raw: &serde_json::value::RawValue = serde_json::from_str(&text).ok()?;
    lenient::split(raw).ok()
}

/// `2018-03-01 15:29:26+00:00`: a space where RFC 3339 has a `T`.
fn expiry(text: &str) -> Option<Time> {
    chrono::DateTime::parse_from_rfc3339(&text.trim().replacen(' ', "T", 1)).ok().map(|at| at.to_utc())
}
