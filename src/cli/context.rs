//! What every command starts from: the configuration, the store, who sits here, and the channels.

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use chrono_tz::Tz;

use super::{
    clock::SystemClock,
    clocks,
    error::{CliError, Code},
    plain,
};
use crate::{
    channels::{
        Channel,
        registry::{self, Kind, Means},
        tokens::Tokens,
    },
    config::{self, AfterSend, ChannelConfig, Config, Environment, Readable, Sources, permissions::Rules},
    domain::{
        Action, Capabilities, ChannelHealth, ChannelName, Conversation, Descriptor, Reach, Status,
        outbox::NewConversation,
        time::{Clock, to_millis},
    },
    store::{
        SharedStore,
        sqlite::{OpenOptions, SqliteStore},
    },
    sync,
};

/// The configuration and the process's surroundings.
pub struct World {
    /// Variables, account, places.
    pub environment: Environment,
    /// The configuration.
    pub config: Config,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A world with its store open: what commands work on.
pub struct Desk {
    /// The configuration and the surroundings.
    pub world: World,
    /// The store.
    pub store: SharedStore,
    /// The Unix account of this process.
    pub me: String,
    /// How that is shown.
    pub name: String,
    /// The screen's zone.
    pub zone: Tz,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The configured channels.
    pub descriptors: Vec<Descriptor>,
}

impl World {
    /// Loads the configuration.
    ///
    /// # Errors
    /// `Config` with all that is wrong.
    pub fn load(environment: Environment, file: Option<PathBuf>) -> Result<Self, CliError> {
        let mut sources = Sources::new(&environment);
        sources.file = file;
        let config = config::load(&sources, &registry::schemas())
            .map_err(|error| CliError::new(Code::Config, error.to_string()).hint("deskline config check"))?;
        // Actions, places and keys are the screen's to know.
        let keys =
            crate::app::keymap::Keymap::with(&config.keys.preset, &super::inbox::bindings(&config.keys));
        if !keys.errors.is_empty() {
            return Err(CliError::new(Code::Config, keys.errors.join("\n")).hint("deskline config check"));
        }
        Ok(Self { environment, config, clock: Arc::new(SystemClock) })
    }

    /// The configured channels, as screens need them: no secret is read.
    ///
    /// # Errors
    /// `Config` for a kind that this program does not have.
    pub fn descriptors(&self) -> Result<Vec<Descriptor>, CliError> {
        let describe = |channel: &ChannelConfig| {
            let described = (kind_of(channel)?.describe)(channel);
            let clocks = clocks::policy(&self.config, channel, described.clocks.vendor.clone());
            Ok(Descriptor { clocks, ..described })
        };
        self.config.channels.iter().map(describe).collect()
    }

    /// The store's file.
    ///
    /// # Errors
    /// `Store` where the configuration asks for a server.
    pub fn store_file(&self) -> Result<&std::path::Path, CliError> {
        self.config.store.file().ok_or_else(|| {
            CliError::new(
                Code::Store,
                "[store] url names a PostgreSQL server; this version keeps its store in SQLite only",
            )
            .hint("url = \"sqlite:/path/deskline.db\", with a group for a team on one box")
        })
    }

    /// Opens the store.
    ///
    /// # Errors
    /// `Store` with a sentence and the next step.
    pub fn open_store(&self) -> Result<SharedStore, CliError> {
        let path = self.store_file()?;
        let rules = Rules::of_store(&self.config.store, &self.environment)
            .map_err(|problem| CliError::new(Code::Config, problem.to_string()))?;
        let found = config::permissions::check_store(&self.config.store, rules, &self.environment);
        if let Some(finding) = found.first() {
            return Err(CliError::new(Code::Store, finding.to_string())
                .hint("nobody else may read customers' words: mend it, then start again"));
        }
        let options = OpenOptions {
            path: path.to_owned(),
            group: self.config.store.group.clone(),
            owner: self.config.store.owner.clone(),
            keep_status_after_send: self.config.compose.after_send == AfterSend::Keep,
            clock: Some(self.clock.clone()),
        };
        let store = SqliteStore::open(options)?;
        for note in store.notes() {
            plain::note(note);
        }
        Ok(Arc::new(store))
    }

    /// The folder of a store's locks: one engine for each channel.
    pub fn lock_folder(&self) -> PathBuf {
        let file = self.config.store.file().map_or_else(|| self.environment.data_folder(), PathBuf::from);
        file.parent().map_or_else(|| PathBuf::from("."), PathBuf::from)
    }

    /// Builds the channels whose secrets this process can have; the others with the reason why not.
    ///
    /// # Errors
    /// `Config` for a kind that this program does not have.
    pub async fn channels(&self, only: Option<&str>) -> Result<Built, CliError> {
        let mut built = Built::default();
        if let Some(name) = only
            && self.config.channel(name).is_none()
        {
            let names: Vec<&str> = self.config.channels.iter().map(|it| it.name.0.as_str()).collect();
            return Err(CliError::new(Code::Usage, format!("no channel is called {name}"))
                .hint(format!("configured: {}", names.join(", "))));
        }
        for channel in &self.config.channels {
            if only.is_some_and(|name| name != channel.name.0) {
                continue;
            }
            match self.channel(channel).await {
                Ok(it) => built.channels.push(it),
                Err(why) => built.without.push((channel.name.clone(), why)),
            }
        }
        Ok(built)
    }

    /// Whether a conversation may be started like this, by the rules of the channel's vendor.
    ///
    /// # Errors
    /// `Failed`, with what is missing.
    pub fn may_create(&self, channel: &ChannelName, new: &NewConversation) -> Result<(), CliError> {
        let Some(config) = self.config.channel(&channel.0) else { return Ok(()) };
        (kind_of(config)?.may_create)(config, new).map_err(|error| CliError::new(Code::Failed, error.words))
    }

    async fn channel(&self, config: &ChannelConfig) -> Result<Arc<dyn Channel>, String> {
        if let Readable::No(why) = config.settings.can_read_secrets(&self.environment) {
            return Err(why);
        }
        let secrets = config
            .settings
            .resolve_secrets(&self.environment)
            .await
            .map_err(|(key, error)| format!("{key}: {error}"))?;
        let means = Means {
            clock: self.clock.clone(),
            secrets,
            tokens: Tokens::in_folder(&self.environment.state_folder().join("tokens"), &config.name.0),
            max_rate: config.max_rate,
        };
        let kind = kind_of(config).map_err(|error| error.text)?;
        (kind.build)(config, means).map_err(|error| error.words)
    }
}

/// The channels that could be built.
#[derive(Default)]
pub struct Built {
    /// Ready to talk.
    pub channels: Vec<Arc<dyn Channel>>,
    /// Those whose secrets are not for this process, and why.
    pub without: Vec<(ChannelName, String)>,
}

fn kind_of(channel: &ChannelConfig) -> Result<&'static Kind, CliError> {
    registry::kind(channel.kind.as_str()).ok_or_else(|| {
        CliError::new(
            Code::Config,
            format!("channel {}: this program has no kind {}", channel.name, channel.kind),
        )
    })
}

impl Desk {
    /// Opens the store of a world.
    ///
    /// # Errors
    /// As [`World::open_store`].
    pub async fn open(world: World) -> Result<Self, CliError> {
        let store = world.open_store()?;
        let descriptors = world.descriptors()?;
        let me = world.config.agent.login.clone();
        let clock = world.clock.clone();
        store.open_as(me.clone(), descriptors.clone(), clock.now()).await?;
        Ok(Self {
            name: world.config.agent.name.clone(),
            zone: world.config.ui.zone,
            clock,
            me,
            descriptors,
            store,
            world,
        })
    }

    /// A name for a send: unique for ever.
    pub fn send_id(&self) -> String {
        send_id(self.clock.as_ref())
    }

    /// What a conversation's channel can do; `None` for imports and channels that are no longer configured.
    pub fn capabilities(&self, conversation: &Conversation) -> Option<&Capabilities> {
        self.descriptor(&conversation.channel).map(|it| &it.capabilities)
    }

    /// The descriptor of a channel.
    pub fn descriptor(&self, channel: &ChannelName) -> Option<&Descriptor> {
        self.descriptors.iter().find(|it| it.name == *channel)
    }

    /// What the vendor has to be told when a conversation goes to `status`.
    pub fn vendor_side(&self, conversation: &Conversation, status: Status) -> Option<Action> {
        let capabilities = self.capabilities(conversation)?;
        let was_done = matches!(conversation.status, Status::Resolved | Status::Closed);
        match status {
            Status::Resolved if capabilities.resolve == Reach::Remote => Some(Action::Status { close: true }),
            Status::New | Status::Open | Status::Pending | Status::OnHold
                if was_done && capabilities.reopen == Reach::Remote =>
            {
                Some(Action::Status { close: false })
            }
            _ => None,
        }
    }

    /// Who a conversation is assigned by: a person's account, or a team of the configuration (`@returns`).
    ///
    /// # Errors
    /// `Failed` for who is neither.
    pub async fn assignable(&self, who: &str) -> Result<String, CliError> {
        let Some(team) = who.strip_prefix('@') else { return self.member(who).await };
        let mut teams: Vec<&str> =
            self.world.config.members.iter().flat_map(|it| &it.teams).map(String::as_str).collect();
        if teams.contains(&team) {
            return Ok(who.to_owned());
        }
        teams.sort_unstable();
        teams.dedup();
        let known: Vec<String> = teams.iter().map(|it| format!("@{it}")).collect();
        let known = if known.is_empty() {
            "none; teams = [\"returns\"] in [[member]]".to_owned()
        } else {
            known.join(", ")
        };
        Err(CliError::new(Code::Failed, format!("no team is called {who}; nothing was changed"))
            .hint(format!("known: {known}")))
    }

    /// The account that a person is assigned by: a configured member, or one that has opened this store.
    ///
    /// # Errors
    /// `Failed` for an account that is neither.
    pub async fn member(&self, login: &str) -> Result<String, CliError> {
        let mut known: Vec<String> =
            self.world.config.members.iter().map(|member| member.login.clone()).collect();
        if known.is_empty() {
            known = self.store.members().await?;
        }
        if known.iter().any(|it| it == login) {
            return Ok(login.to_owned());
        }
        Err(CliError::new(
            Code::Failed,
            format!("{login} is nobody who can be assigned; nothing was changed"),
        )
        .hint(format!("known: {}", known.join(", "))))
    }

    /// Says on standard error that nobody moves anything, where that is so.
    pub async fn say_if_no_engine(&self) {
        let idle: Vec<&str> = self
            .descriptors
            .iter()
            .filter(|it| !self.has_engine(&it.name))
            .map(|it| it.name.0.as_str())
            .collect();
        if !idle.is_empty() {
            plain::note(&format!("NO ENGINE for {}: nothing comes or goes (deskline sync)", idle.join(", ")));
        }
        for channel in self.stuck(None).await {
            plain::note(&channel);
        }
    }

    /// A sentence for each channel whose engine lives and yet does not ask its vendor.
    pub async fn stuck(&self, only: Option<&ChannelName>) -> Vec<String> {
        let now = self.clock.now();
        let stuck = |it: ChannelHealth| {
            let since = it.no_poll_since(now, None)?;
            self.descriptor(&it.channel).filter(|of| only.is_none_or(|only| of.name == *only))?;
            self.has_engine(&it.channel).then(|| {
                let who = it.engine.map_or_else(String::new, |who| format!(" ({who})"));
                let age = plain::age(now - since);
                let name = it.channel;
                format!("{name} NO POLL for {age}: its engine{who} lives and does not ask; start it anew (deskline sync)")
            })
        };
        // Only a word beside the command's own: a store that fails says so elsewhere.
        self.store.health().await.unwrap_or_default().into_iter().filter_map(stuck).collect()
    }

    /// Whether some process runs the engine of a channel.
    pub fn has_engine(&self, channel: &ChannelName) -> bool {
        sync::leader::leads(&self.world.lock_folder(), channel)
    }
}

/// A name for a send: unique for ever, sortable by time.
pub fn send_id(clock: &dyn Clock) -> String {
    let millis = u64::try_from(to_millis(clock.now())).unwrap_or_default();
    ulid::Ulid::from_parts(millis, fastrand::u128(..)).to_string()
}

/// The process's name in leases and headers, unlike any other's: `ana@desk1:4711`.
pub fn holder(account: &str) -> String {
    let host = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
    format!("{account}@{host}:{}", std::process::id())
}

/// The name under which a file's channel is kept: its own, or `NAME (import)` beside a configured one.
pub fn import_channel(name: &str, configured: &HashSet<ChannelName>) -> ChannelName {
    let own = ChannelName(name.to_owned());
    if configured.contains(&own) { ChannelName(format!("{name} (import)")) } else { own }
}
