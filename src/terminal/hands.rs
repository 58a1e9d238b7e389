//! The hands of a window: they perform what the model asks for and what needs no screen, beside the loop. The screen and
//! the plain lines share them.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{sync::mpsc, task::JoinHandle};

use super::{paths, perform::Performer};
use crate::{
    app::{Effect, Msg, Ticket, Wish},
    domain::{Lang, MessageId, Time, attachment::safe_file_name, lang::tr},
};

/// How long leaving waits for wishes that are being carried out.
const LAST_WISHES: std::time::Duration = std::time::Duration::from_millis(1500);

/// What performs effects.
pub struct Hands {
    /// Asks and changes the store.
    pub performer: Performer,
    /// What opens a file or an address, with its arguments.
    pub opener: Vec<String>,
    /// Where files are saved.
    pub downloads: PathBuf,
    /// Where the answers go.
    pub messages: mpsc::UnboundedSender<Msg>,
    /// What is said here, is said in it.
    pub lang: Lang,
    /// What is due when.
    pub timers: Timers,
    wishes: Option<mpsc::UnboundedSender<(Ticket, Wish)>>,
    tasks: Vec<JoinHandle<()>>,
    /// A file is being fetched from the folder, an address opened: bounded, so that a held key starts no hundred.
    busy: Arc<Mutex<usize>>,
}

impl Hands {
    /// Hands, and where their answers come from.
    pub fn new(
        performer: Performer,
        opener: Vec<String>,
        downloads: PathBuf,
    ) -> (Self, mpsc::UnboundedReceiver<Msg>) {
        let (messages, inbox) = mpsc::unbounded_channel();
        let (wishes, wished) = mpsc::unbounded_channel();
        let tasks = vec![
            tokio::spawn(listen(performer.clone(), messages.clone())),
            tokio::spawn(carry_out(performer.clone(), wished, messages.clone())),
        ];
        let hands = Self {
            performer,
            opener,
            downloads,
            messages,
            lang: Lang::default(),
            timers: Timers::default(),
            wishes: Some(wishes),
            tasks,
            busy: Arc::default(),
        };
        (hands, inbox)
    }

    /// Performs it, or gives back what only a screen can do.
    pub fn perform(&mut self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Load(ticket, request) => {
                let (performer, messages) = (self.performer.clone(), self.messages.clone());
                tokio::spawn(async move {
                    let loaded = performer.load(request).await;
                    // Nobody listens any more only where the window has shut.
                    let _ = messages.send(Msg::Loaded(ticket, loaded));
                });
            }
            Effect::Perform(ticket, wish) => {
                if let Some(wishes) = &self.wishes {
                    let _ = wishes.send((ticket, wish));
                }
            }
            Effect::StartTimer { ticket, at } => self.timers.start(ticket, at),
            Effect::OpenFile(ticket, message, n) => self.open_file(ticket, message, n),
            Effect::OpenLink(ticket, address) => self.open(ticket, &address),
            Effect::SaveAttachment { ticket, message, n, to } => self.save(ticket, message, n, to),
            Effect::CompletePath(ticket, typed) => {
                let (messages, home) = (self.messages.clone(), self.performer.home.clone());
                tokio::task::spawn_blocking(move || {
                    let _ = messages.send(Msg::PathCompletions(ticket, paths::complete(&typed, &home)));
                });
            }
            Effect::WriteExample(ticket, file) => {
                let (messages, lang) = (self.messages.clone(), self.lang);
                tokio::task::spawn_blocking(move || {
                    let said = match paths::write_new(&file, crate::app::example().as_bytes()) {
                        Ok(()) => tr!(
                            lang,
                            "wrote {file}: take away the # of what you need, then start again",
                            file = file.display()
                        ),
                        Err(error) => {
                            tr!(lang, "{file} was not written: {why}", file = file.display(), why = error)
                        }
                    };
                    let _ = messages.send(Msg::Said(ticket, said));
                });
            }
            Effect::FilterText(ticket, command, text) => {
                let (messages, lang) = (self.messages.clone(), self.lang);
                tokio::spawn(async move {
                    let filtered = super::filter::run(&command, &text, lang).await;
                    let _ = messages.send(Msg::Edited(ticket, filtered));
                });
            }
            other => return Some(other),
        }
        None
    }

    /// What the agent has just done is carried out before the door shuts, for at most 1.5 s.
    pub async fn rest(mut self) {
        self.wishes = None;
        if let Some(wishing) = self.tasks.pop() {
            let _ = tokio::time::timeout(LAST_WISHES, wishing).await;
        }
        for task in self.tasks {
            task.abort();
        }
    }

    fn open_file(&self, ticket: Ticket, message: MessageId, n: u32) {
        let (performer, opener, messages) =
            (self.performer.clone(), self.opener.clone(), self.messages.clone());
        let lang = self.lang;
        tokio::spawn(async move {
            let said = match performer.store.attachment_file(message, n).await {
                Ok(Some(file)) => {
                    let path = performer.store.file_path(&file.sha256);
                    start(lang, &opener, path.as_os_str()).unwrap_or_else(|why| {
                        tr!(lang, "{why}; [ui] opener names a program, or save it", why)
                    })
                }
                Ok(None) => lang.tr("not here yet: the vendor has not given this file").to_owned(),
                Err(error) => error.to_string(),
            };
            let _ = messages.send(Msg::Said(ticket, said));
        });
    }

    fn open(&self, ticket: Ticket, address: &str) {
        let said = if address.starts_with("https://") || address.starts_with("http://") {
            start(self.lang, &self.opener, std::ffi::OsStr::new(address)).unwrap_or_else(|why| why)
        } else {
            self.lang.tr("only web addresses are opened").to_owned()
        };
        let _ = self.messages.send(Msg::Said(ticket, said));
    }

    fn save(&self, ticket: Ticket, message: MessageId, n: u32, to: Option<PathBuf>) {
        let (performer, messages, lang) = (self.performer.clone(), self.messages.clone(), self.lang);
        let folder = to.unwrap_or_else(|| self.downloads.clone());
        let busy = self.busy.clone();
        tokio::spawn(async move {
            {
                let mut busy = busy.lock().unwrap_or_else(PoisonError::into_inner);
                if *busy >= 4 {
                    let said = lang.tr("four files are being saved; one moment").to_owned();
                    let _ = messages.send(Msg::Said(ticket, said));
                    return;
                }
                *busy += 1;
            }
            let said = match performer.store.attachment_file(message, n).await {
                Ok(Some(file)) => {
                    let from = performer.store.file_path(&file.sha256);
                    let name = safe_file_name(&file.name);
                    let saved =
                        tokio::task::spawn_blocking(move || paths::save_new(&from, &folder, &name)).await;
                    match saved {
                        Ok(Ok(path)) => tr!(lang, "saved {path}", path = path.display()),
                        Ok(Err(error)) => tr!(lang, "not saved: {why}", why = error),
                        Err(error) => tr!(lang, "not saved: {why}", why = error),
                    }
                }
                Ok(None) => lang.tr("not here yet: the vendor has not given this file").to_owned(),
                Err(error) => error.to_string(),
            };
            *busy.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
            let _ = messages.send(Msg::Said(ticket, said));
        });
    }
}

/// Timers by ticket; a new one of the same ticket takes the old one's place.
#[derive(Debug, Default)]
pub struct Timers(Vec<(Time, Ticket)>);

impl Timers {
    fn start(&mut self, ticket: Ticket, at: Time) {
        self.0.retain(|(_, other)| *other != ticket);
        self.0.push((at, ticket));
    }

    /// When the next one is due.
    pub fn next(&self) -> Option<Time> {
        self.0.iter().map(|(at, _)| *at).min()
    }

    /// Those whose time has come, in their order.
    pub fn due(&mut self, now: Time) -> Vec<Ticket> {
        let mut due: Vec<(Time, Ticket)> = self.0.iter().filter(|(at, _)| *at <= now).copied().collect();
        self.0.retain(|(at, _)| *at > now);
        due.sort();
        due.into_iter().map(|(_, ticket)| ticket).collect()
    }
}

/// Starts a program of the agent's choice, without a shell and without our terminal: a Ctrl-c or Ctrl-z of an editor is
/// none of its business either.
pub(super) fn start(lang: Lang, opener: &[String], what: &std::ffi::OsStr) -> Result<String, String> {
    let Some((program, arguments)) = opener.split_first() else {
        return Err(lang.tr("no opener is configured").to_owned());
    };
    let null = std::process::Stdio::null;
    let child = tokio::process::Command::new(program)
        .args(arguments)
        .arg(what)
        .stdin(null())
        .stdout(null())
        .stderr(null())
        .process_group(0)
        .spawn();
    match child {
        Ok(mut child) => {
            tokio::spawn(async move { child.wait().await });
            Ok(tr!(lang, "opened with {program}", program))
        }
        Err(error) => Err(tr!(lang, "{program} could not be started: {why}", program, why = error)),
    }
}

/// Carries wishes out one after the other, as they were made.
async fn carry_out(
    performer: Performer,
    mut wished: mpsc::UnboundedReceiver<(Ticket, Wish)>,
    messages: mpsc::UnboundedSender<Msg>,
) {
    while let Some((ticket, wish)) = wished.recv().await {
        let outcome = performer.perform(wish).await;
        let _ = messages.send(Msg::Done(ticket, outcome));
    }
}

/// Tells of commits, by anybody. Sleeps in between.
async fn listen(performer: Performer, messages: mpsc::UnboundedSender<Msg>) {
    let mut seen = performer.store.changed(0).await;
    loop {
        if messages.send(Msg::StoreChanged).is_err() {
            return;
        }
        seen = performer.store.changed(seen).await;
    }
}
