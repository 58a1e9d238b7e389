//! A channel that does as it is told, and writes down what it was asked.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use tokio::sync::{Notify, Semaphore};

use crate::{
    channels::{
        Channel, ChannelError, Checked, Downloaded, Found, Memory, Parsed, Prepared, Sending, Sent, Set,
        Sink, Sweep, Target, Webhook, download::Part, files::Told,
    },
    domain::{
        Capabilities, ChannelKind, ChannelName, Descriptor, Time, attachment::StoredFile, change::Page,
    },
};

/// What a [`FakeChannel`] answers, in order; where nothing is left, it does what a healthy vendor with nothing new does.
#[derive(Debug, Default)]
pub struct Script {
    /// Answers to scans: pages, then their end.
    pub scans: VecDeque<Result<Vec<Page>, ChannelError>>,
    /// Answers to sends.
    pub sends: VecDeque<Result<Sent, ChannelError>>,
    /// Answers to look-ups.
    pub looks: VecDeque<Result<Found, ChannelError>>,
    /// Answers to repeatable actions.
    pub sets: VecDeque<Result<Page, ChannelError>>,
    /// Answers to `prepare`.
    pub prepares: VecDeque<Result<Prepared, ChannelError>>,
    /// Answers to uploads.
    pub uploads: VecDeque<Result<String, ChannelError>>,
    /// Answers to downloads.
    pub downloads: VecDeque<Result<Vec<u8>, ChannelError>>,
    /// So many scans panic.
    pub panics: u32,
    /// Everything that was asked, a line each: `scan Fast`, `send 01A: text`, `look 01A`, `set Read`, …
    pub asked: Vec<String>,
}

/// The channel.
pub struct FakeChannel {
    descriptor: Descriptor,
    script: Mutex<Script>,
    /// Sends wait for a permit while this is on.
    hold_sends: AtomicBool,
    /// Permits for held sends.
    pub gate: Arc<Semaphore>,
    webhook: Option<FakeWebhook>,
    heard: Notify,
}

/// Verifies what is signed with its word; parses nothing but `bad` and `panic`.
struct FakeWebhook {
    path: String,
    word: String,
}

impl FakeChannel {
    /// A healthy channel without files or webhooks.
    pub fn new(name: &str) -> Self {
        let descriptor = Descriptor {
            name: ChannelName::from(name),
            kind: ChannelKind(name.to_owned().into()),
            short: "FAKE".into(),
            vendor: None,
            capabilities: Capabilities::read_only(),
            languages: Vec::new(),
            undo_window_ms: 0,
            account: None,
            categories: Vec::new(),
            templates: Vec::new(),
            clocks: crate::domain::clock::Policy::default(),
            manner: crate::domain::channel::Manner::default(),
        };
        Self {
            descriptor,
            script: Mutex::default(),
            hold_sends: AtomicBool::new(false),
            gate: Arc::new(Semaphore::new(0)),
            webhook: None,
            heard: Notify::new(),
        }
    }

    /// With a webhook at `path` whose signatures are `word`.
    #[must_use]
    pub fn with_webhook(mut self, path: &str, word: &str) -> Self {
        self.webhook = Some(FakeWebhook { path: path.into(), word: word.into() });
        self
    }

    /// Changes the script.
    pub fn script<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets sends wait for permits of [`gate`](Self::gate).
    pub fn hold_sends(&self, hold: bool) {
        self.hold_sends.store(hold, Ordering::SeqCst);
    }

    /// How often it was asked for something that begins with `head`.
    pub fn count(&self, head: &str) -> usize {
        self.script(|script| script.asked.iter().filter(|line| line.starts_with(head)).count())
    }

    /// Waits until it was asked so often for something that begins with `head`.
    pub async fn asked(&self, head: &str, count: usize) {
        loop {
            let mut heard = std::pin::pin!(self.heard.notified());
            // From here on nothing is missed.
            heard.as_mut().enable();
            if self.count(head) >= count {
                return;
            }
            heard.await;
        }
    }

    fn note(&self, line: String) {
        self.script(|script| script.asked.push(line));
        self.heard.notify_waiters();
    }
}

#[async_trait]
impl Channel for FakeChannel {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    async fn check(&self) -> Result<Checked, ChannelError> {
        Ok(Checked { said: "fine".into(), skew: None })
    }

    async fn scan(
        &self,
        sweep: Sweep,
        _memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<(), ChannelError> {
        self.note(format!("scan {sweep:?}"));
        sink.requested();
        let panics = self.script(|script| {
            let panics = script.panics > 0;
            script.panics = script.panics.saturating_sub(1);
            panics
        });
        assert!(!panics, "a mistake in a channel");
        match self.script(|script| script.scans.pop_front()) {
            Some(Ok(pages)) => {
                for page in pages {
                    sink.page(page).await?;
                }
                Ok(())
            }
            Some(Err(error)) => Err(error),
            None => Ok(()),
        }
    }

    async fn upload(&self, file: &StoredFile, _path: &Path, told: Told) -> Result<String, ChannelError> {
        told(file.size / 2);
        self.note(format!("upload {}", file.name));
        self.script(|script| script.uploads.pop_front()).unwrap_or_else(|| Ok("uploaded-1".into()))
    }

    async fn prepare(&self, send: &Sending<'_>) -> Result<Prepared, ChannelError> {
        self.note(format!("prepare {}", send.send_id));
        self.script(|script| script.prepares.pop_front()).unwrap_or_else(|| Ok(Prepared::default()))
    }

    async fn send(&self, send: &Sending<'_>) -> Result<Sent, ChannelError> {
        self.note(format!("send {}: {}", send.send_id, send.outgoing()?.text));
        if self.hold_sends.load(Ordering::SeqCst)
            && let Ok(permit) = self.gate.acquire().await
        {
            permit.forget();
        }
        let otherwise = || {
            let id = format!("remote-{}", send.send_id);
            Ok(Sent { key: Some(id.clone()), remote_id: Some(id), ..Sent::default() })
        };
        self.script(|script| script.sends.pop_front()).unwrap_or_else(otherwise)
    }

    async fn look_up(&self, send: &Sending<'_>) -> Result<Found, ChannelError> {
        self.note(format!("look {}", send.send_id));
        self.script(|script| script.looks.pop_front())
            .unwrap_or_else(|| Ok(Found::Absent("not there".into())))
    }

    async fn set(&self, target: &Target, what: &Set) -> Result<Page, ChannelError> {
        self.note(format!("set {} {what:?}", target.remote_id));
        self.script(|script| script.sets.pop_front()).unwrap_or_else(|| Ok(Page::default()))
    }

    async fn download(&self, remote_ref: &str, part: &mut Part<'_>) -> Result<Downloaded, ChannelError> {
        self.note(format!("download {remote_ref}"));
        let bytes =
            self.script(|script| script.downloads.pop_front()).unwrap_or_else(|| Ok(b"bytes".to_vec()))?;
        part.put(&bytes).await
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        self.webhook.as_ref().map(|it| it as &dyn Webhook)
    }
}

impl Webhook for FakeWebhook {
    fn path(&self) -> &str {
        &self.path
    }

    fn challenge(&self, query: &[(String, String)]) -> Option<String> {
        let find = |key: &str| query.iter().find(|(it, _)| it == key).map(|(_, value)| value.clone());
        (find("hub.verify_token")? == self.word).then(|| find("hub.challenge")).flatten()
    }

    fn verifies(&self, signature: Option<&str>, _body: &[u8]) -> bool {
        signature == Some(&self.word)
    }

    fn parse(&self, body: &[u8], _received_at: Time, _alone: bool) -> Parsed {
        match body {
            b"bad" => Parsed { unread: vec!["no JSON".into()], ..Parsed::default() },
            b"other" => Parsed { others: 1, ..Parsed::default() },
            #[expect(clippy::panic, reason = "what a mistake in a channel looks like")]
            b"panic" => panic!("a mistake"),
            _ => Parsed::default(),
        }
    }
}
