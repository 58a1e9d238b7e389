//! The inbox: a window over the store, and the engine in it where this account can run one.

use std::{collections::HashMap, io::ErrorKind, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use futures_util::future::select_all;
use secrecy::ExposeSecret;
use tokio::sync::{Mutex, watch};

use super::{
    config::views,
    context::{self, Desk},
    error::{CliError, Code},
    lead_end::LeadEnd,
};
use crate::{
    app::{AppOptions, EngineState, Model, Start, keymap::Binding, preflight},
    config::{self, AfterSend, Environment},
    domain::{ChannelName, DraftWindow, Lang, Time},
    sync::{
        Engine, EngineHandle,
        leader::{leads, lock_file},
    },
    terminal::{
        canned::Files,
        editor,
        input::Timing,
        linear::{self, Lines},
        locale::utf8_proved,
        perform::Performer,
        run::{self, Asks, Bell, Ended, EngineSwitch, Window},
        tty::{NoTerminal, Tty},
    },
    ui::Theme,
};

#[cfg(test)]
pub(in crate::cli) mod tests;

/// Whether there is a terminal to draw on.
///
/// # Errors
/// `Usage` (2) with one clear line.
pub fn check_terminal(environment: &Environment) -> Result<Tty, CliError> {
    Tty::open(environment.get("TERM")).map_err(|error: NoTerminal| {
        CliError::new(Code::Usage, error.to_string())
            .hint("every list and action is a command too: deskline --help")
    })
}

/// A page of plain lines, as the model counts it: one pane, lines that most windows hold.
const LINES: (u16, u16) = (99, 30);

/// How the inbox is shown.
pub enum Face {
    /// On a screen.
    Screen(Tty),
    /// As plain lines: on any terminal, to a pipe.
    Lines {
        /// One screenful, then the end.
        once: bool,
    },
}

impl Face {
    /// A screen, unless plain lines are asked for.
    ///
    /// # Errors
    /// As [`check_terminal`].
    pub fn open(environment: &Environment, linear: bool, once: bool) -> Result<Self, CliError> {
        if linear || once { Ok(Self::Lines { once }) } else { check_terminal(environment).map(Self::Screen) }
    }
}

/// Opens the inbox.
pub async fn run(desk: Desk, channel: Option<String>, face: Face) -> Result<Option<Start>, CliError> {
    views(&desk.world)?;
    if let Some(name) = &channel
        && desk.descriptor(&ChannelName(name.clone())).is_none()
    {
        return Err(CliError::new(Code::Usage, format!("no channel is called {name}")));
    }
    let desk = Arc::new(desk);
    let switch = Arc::new(OwnEngine::with(desk.clone(), None));
    // Beside the first picture: a secret's command may take its time. Who only prints what is stored needs no engine.
    let engine = !matches!(face, Face::Lines { once: true });
    let starting = tokio::spawn({
        let switch = switch.clone();
        async move {
            if engine {
                switch.on().await;
            }
        }
    });
    let outcome =
        Box::pin(show(&desk, face, Show { channel, demo: false, tutor: false, switch: switch.clone() }))
            .await;
    starting.abort();
    switch.close().await;
    outcome
}

/// How a window is shown.
pub struct Show {
    /// Only this channel.
    pub channel: Option<String>,
    /// The demo.
    pub demo: bool,
    /// The tutor in it.
    pub tutor: bool,
    /// The engine of this process.
    pub switch: Arc<dyn EngineSwitch>,
}

/// Shows the window until it ends.
pub async fn show(desk: &Arc<Desk>, face: Face, show: Show) -> Result<Option<Start>, CliError> {
    let config = &desk.world.config;
    let environment = &desk.world.environment;
    let (engine, engine_state) = watch::channel(EngineState::Unknown);
    let watching = tokio::spawn(watch_engine(desk.clone(), engine));
    let clock = desk.clock.clone();
    let place = match &face {
        Face::Screen(tty) => tty.name(),
        Face::Lines { .. } => "plain lines".to_owned(),
    };
    let performer = Performer {
        store: desk.store.clone(),
        me: desk.me.clone(),
        clock: desk.clock.clone(),
        window: DraftWindow { name: context::holder(&desk.me), place },
        send_ids: Arc::new(move || context::send_id(clock.as_ref())),
        home: environment.home().to_owned(),
        files: Files { folders: config.compose.canned.clone(), products: config.products_file.clone() },
    };
    let utf8 = utf8_proved(environment.get("LC_ALL"), environment.get("LC_CTYPE"), environment.get("LANG"));
    let size = match &face {
        Face::Screen(tty) => tty.size(),
        Face::Lines { .. } => LINES,
    };
    let mut options = options(desk, show.channel, show.demo, size);
    options.tutor = show.tutor;
    if let Some(pin) = &config.ui.pin {
        let pin = pin.resolve(environment).await.map_err(|error| {
            CliError::new(Code::Config, format!("[ui] pin: {error}"))
                .hint("without it the screen cannot be locked")
        })?;
        options.pin = Some(pin.expose_secret().to_owned());
    }
    // Lines are read by scripts and typed against: their words stay.
    if matches!(face, Face::Lines { .. }) {
        options.lang = Lang::En;
    }
    let model = Model::new(options, desk.clock.now());
    let tty = match face {
        Face::Screen(tty) => tty,
        Face::Lines { once } => {
            let lines = Lines {
                performer,
                utf8,
                opener: config.ui.opener.clone(),
                downloads: downloads(environment),
                engine: engine_state,
                switch: show.switch,
                once,
            };
            let ended = linear::run(lines, model).await;
            watching.abort();
            return outcome(ended);
        }
    };
    let no_colour = environment.get("NO_COLOR").is_some();
    let theme = match config.ui.theme.as_str() {
        _ if no_colour => Theme::mono(),
        "light" => Theme::light(),
        "mono" => Theme::mono(),
        _ => Theme::dark(),
    };
    let (term, in_tmux) = (environment.get("TERM").unwrap_or_default(), environment.get("TMUX").is_some());
    let in_screen = environment.get("STY").is_some();
    // GNU screen lets through what its terminal said of itself, and takes such colours apart.
    let proved = matches!(environment.get("COLORTERM"), Some("truecolor" | "24bit")) && !in_screen;
    let mono = theme == Theme::mono();
    let theme = Theme { truecolor: proved && !mono, ..theme };
    let editor = config.compose.editor.clone().unwrap_or_else(|| {
        let named = environment.get("VISUAL").or_else(|| environment.get("EDITOR"));
        editor::words_of(named.unwrap_or("vi"))
    });
    let window = Window {
        tty,
        performer,
        theme,
        mono,
        theme_by_background: config.ui.theme == "auto" && !no_colour,
        utf8,
        timing: Timing::of(environment.get("SSH_TTY"), Some(config.ui.esc_timeout)),
        in_tmux,
        asks: Asks::of(term, in_tmux, in_screen),
        editor,
        opener: config.ui.opener.clone(),
        downloads: downloads(environment),
        mouse: config.ui.mouse,
        bell: Bell::named(&config.ui.bell),
        title: config.ui.title,
        engine: engine_state,
        switch: show.switch,
    };
    let ended = run::run(window, model).await;
    watching.abort();
    outcome(ended)
}

fn outcome(ended: std::io::Result<Ended>) -> Result<Option<Start>, CliError> {
    match ended {
        Ok(Ended::Quit) => Ok(None),
        Ok(Ended::Start(start)) => Ok(Some(start)),
        Ok(Ended::Interrupted) => Err(CliError::new(Code::Interrupted, "")),
        // A reader of plain lines that has gone (`| head`) ends the program quietly.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(CliError::new(Code::Failed, "")),
        Err(error) => Err(CliError::new(
            Code::Failed,
            format!("the terminal failed: {error}; everything typed is kept"),
        )),
    }
}

fn options(desk: &Desk, channel: Option<String>, demo: bool, size: (u16, u16)) -> AppOptions {
    let config = &desk.world.config;
    let (teams, my_teams) = teams(&config.members, &desk.me);
    AppOptions {
        teams,
        my_teams,
        me: desk.me.clone(),
        name: desk.name.clone(),
        descriptors: desk.descriptors.clone(),
        views: config.views.iter().map(|view| (view.name.clone(), view.query.clone())).collect(),
        channel: channel.map(ChannelName),
        keep_status: config.compose.after_send == AfterSend::Keep,
        canned: config.compose.canned.clone(),
        filters: config.compose.filters.clone(),
        lint: config.channels.iter().map(|it| (it.name.clone(), lint(it.lint))).collect::<HashMap<_, _>>(),
        preset: config.keys.preset.clone(),
        bindings: bindings(&config.keys),
        pin: None,
        mouse: config.ui.mouse,
        members: config.members.iter().map(|it| it.login.clone()).collect(),
        zone: desk.zone,
        lang: config.ui.lang,
        demo,
        tutor: false,
        config_file: Some(desk.world.environment.user_file()),
        size,
    }
}

/// All teams, and those that an account is in.
fn teams(members: &[config::MemberConfig], me: &str) -> (Vec<String>, Vec<String>) {
    let named = |mut teams: Vec<String>| {
        teams.sort();
        teams.dedup();
        teams.iter().map(|team| format!("@{team}")).collect()
    };
    let all = members.iter().flat_map(|it| it.teams.clone()).collect();
    let mine = members.iter().filter(|it| it.login == me).flat_map(|it| it.teams.clone()).collect();
    (named(all), named(mine))
}

/// `[keys]` in the keymap's words.
pub fn bindings(keys: &config::KeysConfig) -> Vec<Binding> {
    let binding = |it: &config::KeyBinding| {
        let (place, action) = match it.action.rsplit_once('.') {
            Some((place, action)) => (Some(place.to_owned()), action.to_owned()),
            None => (None, it.action.clone()),
        };
        Binding { place, action, keys: it.keys.clone(), source: it.origin.to_string() }
    };
    keys.bindings.iter().map(binding).collect()
}

/// What a channel's configuration says of findings, in the pre-flight's words.
pub fn lint(config: config::LintConfig) -> preflight::Lint {
    let level = |lint| match lint {
        config::Lint::Block => Some(preflight::Level::Red),
        config::Lint::Warn => Some(preflight::Level::Amber),
        config::Lint::Off => None,
    };
    preflight::Lint { contact: level(config.contact), links: level(config.links) }
}

fn downloads(environment: &Environment) -> PathBuf {
    let named = directories::UserDirs::new().and_then(|folders| folders.download_dir().map(PathBuf::from));
    named.unwrap_or_else(|| environment.home().join("Downloads"))
}

/// The engine of this process, for the channels whose secrets it can read.
pub struct OwnEngine {
    desk: Arc<Desk>,
    running: Mutex<Running>,
}

/// The engine of this process, if any.
struct Running {
    engine: Option<EngineHandle>,
    /// The window is shut: whoever is only about to start one starts none.
    shut: bool,
}

impl OwnEngine {
    /// The one of a desk, which may run already.
    pub fn with(desk: Arc<Desk>, engine: Option<EngineHandle>) -> Self {
        Self { desk, running: Mutex::new(Running { engine, shut: false }) }
    }

    /// Stops it for good.
    pub async fn close(&self) {
        let mut running = self.running.lock().await;
        running.shut = true;
        if let Some(engine) = running.engine.take() {
            engine.stop().await;
        }
    }
}

#[async_trait]
impl EngineSwitch for OwnEngine {
    async fn off(&self) {
        let mut running = self.running.lock().await;
        if let Some(engine) = running.engine.take() {
            engine.stop().await;
        }
    }

    async fn on(&self) {
        let mut running = self.running.lock().await;
        if running.engine.is_some() || running.shut {
            return;
        }
        // What cannot be built here is another account's; the header says who does it, or that nobody does.
        match self.desk.world.channels(None).await {
            Ok(built) if !built.channels.is_empty() => {
                running.engine = Some(Engine::start(self.desk.engine_options(built.channels, false)));
            }
            Ok(_) => {}
            Err(error) => tracing::error!(error = error.text, "no engine could be started"),
        }
    }
}

/// Tells who runs the engine, as it changes. Sleeps in between: a death is told by the kernel (the lock is free), a
/// beginning by the store's doorbell.
async fn watch_engine(desk: Arc<Desk>, state: watch::Sender<EngineState>) {
    if desk.descriptors.is_empty() {
        return;
    }
    let folder = desk.world.lock_folder();
    let mut seen = 0;
    let mut alone_since: Option<Time> = None;
    let mut ends: Vec<_> =
        desk.descriptors.iter().map(|it| LeadEnd::of(lock_file(&folder, &it.name))).collect();
    loop {
        let idle = desk.descriptors.iter().find(|it| !leads(&folder, &it.name));
        let now = if let Some(idle) = idle {
            let since = match alone_since {
                Some(since) => since,
                // What was up before this window is for the store to tell.
                None if seen == 0 => last_sign(&desk, &idle.name).await,
                None => desk.clock.now(),
            };
            EngineState::Nobody { since: *alone_since.insert(since) }
        } else {
            alone_since = None;
            led_by(&desk).await
        };
        state.send_if_modified(|old| {
            let changed = *old != now;
            *old = now;
            changed
        });
        let death = async {
            if idle.is_some() {
                std::future::pending::<()>().await;
            }
            select_all(ends.iter_mut().map(|end| Box::pin(end.comes()))).await;
        };
        tokio::select! {
            mark = desk.store.changed(seen) => seen = mark,
            () = death => {}
        }
    }
}

/// When an engine last showed itself on this channel: now, where none ever did.
async fn last_sign(desk: &Desk, channel: &ChannelName) -> Time {
    let now = desk.clock.now();
    let health = desk.store.health().await.unwrap_or_default();
    let due = health.into_iter().find(|it| it.channel == *channel).and_then(|it| it.poll_due);
    due.map_or(now, |due| due.min(now))
}

async fn led_by(desk: &Desk) -> EngineState {
    let health = desk.store.health().await.unwrap_or_default();
    match health.into_iter().find_map(|row| row.engine) {
        Some(holder) if holder == context::holder(&desk.me) => EngineState::Here,
        // The process's number says nothing to an agent.
        Some(holder) => EngineState::Elsewhere(
            holder.rsplit_once(':').map_or(holder.clone(), |(name, _)| name.to_owned()),
        ),
        None => EngineState::Unknown,
    }
}
