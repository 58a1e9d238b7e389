//! From settings to [`Config`]: what one table alone cannot know.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::ExposeSecret;

use super::{
    Sources,
    error::{ConfigError, Origin, Problem, nearest, shown},
    layers::{self, LayerFile, Table},
    model::{
        AfterSend, AgentConfig, CalendarConfig, ChannelConfig, ComposeConfig, Config, EffectiveValue,
        HookConfig, KeyBinding, KeysConfig, Lint, LintConfig, MemberConfig, MemberRole, StoreConfig,
        SyncConfig, UiConfig, ViewConfig, WebhookConfig,
    },
    schema::{KeyKind, KindSchema, Need, Shape},
    settings::Settings,
    tables::CHANNEL,
    validate,
    value::{self, MarketplaceClock, StoreUrl, Value, holds_password, is_clear_text},
};
use crate::domain::{ChannelKind, ChannelName, outbox::HAPPENINGS};

/// Loads the configuration: files, environment, arguments, checked against the tables and `kinds`.
///
/// # Errors
/// When anything is wrong: with all of it at once.
pub fn load(sources: &Sources<'_>, kinds: &[KindSchema]) -> Result<Config, ConfigError> {
    let mut problems = Vec::new();
    let layers = layers::read(sources, kinds, &mut problems);
    let mut loader = Loader { sources, kinds, problems, tables: layers.tables, effective: Vec::new() };
    let config = loader.build(layers.files);
    let mut problems = loader.problems;
    if problems.is_empty() {
        return Ok(config);
    }
    let layer = |path: &Path| config.files.iter().position(|file| file.path == path);
    problems.sort_by_key(|problem| match &problem.origin {
        Some(Origin::File { path, line }) => (layer(path).unwrap_or(usize::MAX), *line),
        Some(_) => (usize::MAX, 0),
        None => (0, 0),
    });
    Err(ConfigError { problems })
}

struct Loader<'a> {
    sources: &'a Sources<'a>,
    kinds: &'a [KindSchema],
    problems: Vec<Problem>,
    tables: Vec<Table>,
    effective: Vec<EffectiveValue>,
}

impl Loader<'_> {
    fn build(&mut self, files: Vec<LayerFile>) -> Config {
        let environment = self.sources.environment;
        let account = &environment.account;

        let mut agent = self.one("agent");
        let full_name = account.full_name.clone().unwrap_or_else(|| account.login.clone());
        agent.set_default("name", Value::Text(full_name));
        let mut store = self.one("store");
        store.set_default(
            "url",
            Value::Store(StoreUrl::Sqlite(environment.data_folder().join("deskline.db"))),
        );
        let sync = self.one("sync");
        let mut ui = self.one("ui");
        ui.set_default("zone", Value::Zone(self.zone()));
        let esc_ms = if environment.get("SSH_TTY").is_some() { 150 } else { 50 };
        ui.set_default("esc_timeout", Value::Span(Duration::from_millis(esc_ms)));
        let (compose, products, keys) = (self.one("compose"), self.one("products"), self.one("keys"));
        let webhook =
            self.tables.iter().any(|table| table.schema.name == "webhook").then(|| self.one("webhook"));

        let mut sections = vec![("agent", &agent), ("store", &store), ("sync", &sync)];
        sections.extend(webhook.as_ref().map(|webhook| ("webhook", webhook)));
        sections.extend([("compose", &compose), ("products", &products), ("ui", &ui), ("keys", &keys)]);
        for (name, settings) in &sections {
            self.show(name, settings);
        }
        let bindings = self.open("keys");

        let members = self.many("member");
        let views = self.many("view");
        let hooks = self.hooks();
        let calendars = self.many("calendar");
        let calendars: Vec<CalendarConfig> = calendars.iter().filter_map(calendar).collect();
        let channels = self.channels(&sync);
        let store = self.store(&store);

        let mut config = Config {
            agent: AgentConfig {
                login: account.login.clone(),
                name: text(&agent, "name"),
                languages: agent.list("languages").to_vec(),
            },
            sync: SyncConfig {
                poll_interval: sync.span("poll_interval").unwrap_or_default(),
                sweep_interval: sync.span("sweep_interval").unwrap_or_default(),
                max_rate: rate(&sync),
                max_attachment_bytes: sync.size("max_attachment").unwrap_or_default(),
            },
            webhook: webhook.as_ref().and_then(listener),
            members: members.iter().map(member).collect(),
            views: views
                .iter()
                .map(|view| ViewConfig {
                    name: text(view, "name"),
                    query: text(view, "query"),
                    origin: view.origin("query").clone(),
                })
                .collect(),
            hooks,
            calendars,
            compose: ComposeConfig {
                after_send: if compose.text("after_send") == Some("keep") {
                    AfterSend::Keep
                } else {
                    AfterSend::Pending
                },
                canned: compose.paths("canned").to_vec(),
                filters: compose.programs("filters"),
                editor: compose.get("editor").map(|_| compose.list("editor").to_vec()),
            },
            products_file: products.path("file").map(PathBuf::from),
            ui: screen(&ui),
            keys: KeysConfig {
                preset: text(&keys, "preset"),
                bindings: bindings
                    .into_iter()
                    .map(|(action, keys, origin)| KeyBinding { action, keys, origin })
                    .collect(),
            },
            warnings: Vec::new(),
            files,
            effective: std::mem::take(&mut self.effective),
            store,
            channels,
        };
        config.warnings = warnings(&config, self.kinds);
        self.check_files(&mut config);
        config
    }

    /// The settings of a table that stands once; all defaults where nobody wrote it.
    fn one(&mut self, name: &'static str) -> Settings {
        let unwritten;
        let table = if let Some(table) = self.tables.iter().find(|table| table.schema.name == name) {
            table
        } else {
            let schema = layers::schemas().find(|schema| schema.name == name);
            let schema =
                schema.expect("the names here are those of the tables; every load asks for all of them");
            unwritten = Table { schema, id: None, entries: Vec::new(), origin: Origin::Default };
            &unwritten
        };
        validate::read(table, self.kinds, self.sources.environment, &mut self.problems)
    }

    fn many(&mut self, name: &'static str) -> Vec<Settings> {
        let mut all = Vec::new();
        for table in self.tables.iter().filter(|table| table.schema.name == name) {
            let settings = validate::read(table, self.kinds, self.sources.environment, &mut self.problems);
            let id = table.id.clone().unwrap_or_default();
            all.push((id, settings));
        }
        for (id, settings) in &all {
            self.show(&format!("{name}.{}", shown(id)), settings);
        }
        all.into_iter().map(|(_, settings)| settings).collect()
    }

    fn hooks(&mut self) -> Vec<HookConfig> {
        let hooks = self.many("hook");
        for hook in &hooks {
            for word in hook.list("on").iter().filter(|word| !HAPPENINGS.contains(&word.as_str())) {
                let problem = Problem::new(format!("{}: nothing is called \"{word}\"", hook.title));
                self.problems.push(problem.hint(format!("known are {}", HAPPENINGS.join(", "))));
            }
        }
        hooks
            .iter()
            .map(|hook| HookConfig {
                name: hook.text("name").unwrap_or_default().to_owned(),
                on: hook.list("on").to_vec(),
                command: hook.list("command").to_vec(),
            })
            .collect()
    }

    fn open(&mut self, name: &'static str) -> Vec<(String, Vec<String>, Origin)> {
        let Some(table) = self.tables.iter().find(|table| table.schema.name == name) else {
            return Vec::new();
        };
        debug_assert_eq!(table.schema.shape, Shape::Open);
        let found = validate::open_entries(table, &mut self.problems);
        for (key, texts, origin) in &found {
            let value = toml::Value::from(texts.clone()).to_string();
            self.effective.push(EffectiveValue {
                key: format!("{name}.{}", shown(key)),
                value,
                origin: origin.clone(),
            });
        }
        found
    }

    fn show(&mut self, prefix: &str, settings: &Settings) {
        for (key, setting) in &settings.values {
            self.effective.push(EffectiveValue {
                key: format!("{prefix}.{key}"),
                value: setting.shown(),
                origin: setting.origin.clone(),
            });
        }
    }

    fn store(&mut self, settings: &Settings) -> StoreConfig {
        let url = match settings.get("url").map(|setting| &setting.value) {
            Some(Value::Store(url)) => url.clone(),
            // The url was wrong, and that is a problem already.
            _ => StoreUrl::Sqlite(PathBuf::new()),
        };
        let data = self.sources.environment.data_folder();
        let attachments = match &url {
            StoreUrl::Sqlite(path) => path.parent().map_or(data, PathBuf::from),
            StoreUrl::Postgres(_) => data,
        }
        .join("attachments");
        for key in ["group", "owner"] {
            let Some(name) = settings.text(key) else { continue };
            let known = match key {
                "group" => super::permissions::group_id(name).is_some(),
                _ => super::permissions::user_id(name).is_some(),
            };
            if !known {
                let message = format!("`{key}` of [store]: this box knows no \"{}\"", shown(name));
                let hint =
                    if key == "group" { "getent group lists them" } else { "getent passwd lists them" };
                self.problems.push(Problem::at(settings.origin(key), message).hint(hint));
            }
        }
        StoreConfig {
            url,
            password: settings.secret("password").cloned(),
            group: settings.text("group").map(str::to_owned),
            owner: settings.text("owner").map(str::to_owned),
            origin: settings.origin("url").clone(),
            attachments,
        }
    }

    fn channels(&mut self, sync: &Settings) -> Vec<ChannelConfig> {
        let mut found = Vec::new();
        let tables = std::mem::take(&mut self.tables);
        // From the tables: a calendar with a mistake in it is there all the same.
        let calendars: Vec<&str> = tables
            .iter()
            .filter(|table| table.schema.name == "calendar")
            .filter_map(|table| table.id.as_deref())
            .collect();
        for table in tables.iter().filter(|table| table.schema.name == CHANNEL.name) {
            let mut settings =
                validate::read(table, self.kinds, self.sources.environment, &mut self.problems);
            let name = table.id.clone().unwrap_or_default();
            let fine = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if !fine {
                let message = format!("\"{}\" is no name for a channel", shown(&name));
                let hint = "small letters, digits and hyphens, a letter first: [a-z][a-z0-9-]*";
                self.problems.push(Problem::at(settings.origin("name"), message).hint(hint));
            }
            let Some(kind) = validate::kind_of(table, self.kinds) else {
                self.unknown_kind(table, &settings);
                continue;
            };
            for key in ["poll_interval", "sweep_interval", "max_rate", "max_attachment"] {
                if let Some(setting) = sync.get(key)
                    && let Some(key) = CHANNEL.keys.iter().map(|known| known.name).find(|known| *known == key)
                {
                    settings.values.entry(key).or_insert_with(|| setting.clone());
                }
            }
            settings
                .set_default("undo_window", Value::Span(value::span(kind.undo_window).unwrap_or_default()));
            self.check_addresses(kind, &settings);
            if let Some(calendar) = settings.text("calendar")
                && !calendars.contains(&calendar)
            {
                let hint = nearest(calendar, calendars.iter().copied())
                    .unwrap_or_else(|| "there is no [[calendar]]".to_owned());
                let message = format!(
                    "`calendar` of {}: no [[calendar]] is called \"{}\"",
                    settings.title,
                    shown(calendar)
                );
                self.problems.push(Problem::at(settings.origin("calendar"), message).hint(hint));
            }
            found.push((kind, name, settings));
        }
        self.tables = tables;
        self.check_paths(&found);
        self.name_shorts(&mut found);
        found
            .into_iter()
            .map(|(kind, name, settings)| {
                self.show(&format!("channel.{name}"), &settings);
                channel(kind, name, settings)
            })
            .collect()
    }

    /// A path that is the only proof of its channel cannot be another's too.
    fn check_paths(&mut self, found: &[(&KindSchema, String, Settings)]) {
        let path = |kind: &KindSchema, settings: &Settings| {
            let key = kind.keys.iter().find(|key| key.what == KeyKind::WebPath)?;
            let secret = matches!(key.need, Need::When(other, word) if settings.text(other) == Some(word));
            Some((key.name, settings.text(key.name)?.to_owned(), secret))
        };
        for (at, (kind, _, settings)) in found.iter().enumerate() {
            let Some((key, mine, secret)) = path(kind, settings) else { continue };
            let other = found[..at].iter().find(|(kind, _, settings)| {
                path(kind, settings).is_some_and(|(_, theirs, also)| theirs == mine && (secret || also))
            });
            if let Some((_, name, _)) = other {
                let message = format!("`{key}` of {} is that of channel {name} too", settings.title);
                let hint = "where the vendor signs nothing, the path alone says whose webhook it is: give each channel its own";
                self.problems.push(Problem::at(settings.origin(key), message).hint(hint));
            }
        }
    }

    fn unknown_kind(&mut self, table: &Table, settings: &Settings) {
        let known = self.kinds.iter().map(|kind| kind.kind);
        let problem = match settings.text("kind") {
            Some(kind) => {
                let message = format!("{} has the unknown kind \"{}\"", settings.title, shown(kind));
                let problem = Problem::at(settings.origin("kind"), message);
                match nearest(kind, known) {
                    Some(hint) => problem.hint(hint),
                    None => problem,
                }
            }
            None if table.entries.iter().any(|entry| entry.key == "kind") => return,
            None => Problem::at(&settings.origin, format!("{} lacks `kind`", settings.title))
                .hint(format!("one of {}", known.collect::<Vec<_>>().join(", "))),
        };
        self.problems.push(problem);
    }

    /// Credentials go over TLS, or stay on the box, or somebody said that they need not.
    fn check_addresses(&mut self, kind: &KindSchema, settings: &Settings) {
        if settings.flag("allow_http") {
            return;
        }
        for key in kind.keys.iter().filter(|key| key.what == KeyKind::Url) {
            if settings.text(key.name).is_some_and(is_clear_text) {
                let message = format!("`{}` of {} is plain http://", key.name, settings.title);
                let hint = "credentials would travel in clear: use https://, or say allow_http = true";
                self.problems.push(Problem::at(settings.origin(key.name), message).hint(hint));
            }
        }
    }

    /// Written letters stand; two equal written ones are an error; defaults go around what is taken.
    fn name_shorts(&mut self, channels: &mut [(&KindSchema, String, Settings)]) {
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        for (_, name, settings) in channels.iter() {
            if let Some(short) = settings.text("short") {
                if let Some(other) = taken.get(short) {
                    let message = format!("channels {other} and {name} both have short = \"{short}\"");
                    self.problems.push(Problem::at(settings.origin("short"), message));
                }
                taken.insert(short.to_owned(), name.clone());
            }
        }
        for (kind, name, settings) in channels.iter_mut() {
            if settings.get("short").is_none() {
                let mut short = kind.short.to_owned();
                for n in 2.. {
                    if !taken.contains_key(&short) {
                        break;
                    }
                    let number = n.to_string();
                    short = kind.short.chars().take(4_usize.saturating_sub(number.len())).collect::<String>()
                        + &number;
                }
                taken.insert(short.clone(), name.clone());
                settings.set_default("short", Value::Text(short));
            }
        }
    }

    /// Modes and owners of the files themselves: a secret in clear is for its owner's eyes, and a default file is
    /// ours, root's, or the store's owner's.
    fn check_files(&mut self, config: &mut Config) {
        let me = self.sources.environment.account.uid;
        let owner = config.store.owner.as_deref().and_then(super::permissions::user_id);
        let mut secrets: BTreeMap<PathBuf, (Origin, String)> = BTreeMap::new();
        let mut note = |origin: &Origin, key: String| {
            if let Some(file) = origin.file() {
                secrets.entry(file.to_owned()).or_insert_with(|| (origin.clone(), key));
            }
        };
        if let StoreUrl::Postgres(url) = &config.store.url
            && holds_password(url.expose_secret())
        {
            note(&config.store.origin, "url".to_owned());
        }
        for (table, key, secret) in
            [("store", "password", &config.store.password), ("ui", "pin", &config.ui.pin)]
        {
            if secret.as_ref().is_some_and(super::SecretRef::is_literal)
                && let Some(table) = self.tables.iter().find(|it| it.schema.name == table)
                && let Some(entry) = table.entries.iter().find(|entry| entry.key == key)
            {
                note(&entry.origin, key.to_owned());
            }
        }
        for channel in &config.channels {
            for (key, _) in channel.settings.secrets().filter(|(_, secret)| secret.is_literal()) {
                note(channel.settings.origin(key), key.to_owned());
            }
        }
        for file in &config.files {
            let Some((mode, uid)) = file.mode_and_owner else { continue };
            let path = file.path.display();
            if let Some((origin, key)) = secrets.get(&file.path)
                && mode & 0o077 != 0
            {
                let message =
                    format!("`{key}` is a secret in clear, and others may read the file (mode {mode:04o})");
                self.problems.push(Problem::at(origin, message).hint(format!("run: chmod 600 {path}")));
            }
            if uid != me && uid != 0 && Some(uid) != owner {
                let name = super::permissions::user_name(uid);
                let problem =
                    Problem::new(format!("{path} belongs to {name}, who could change what runs here as you"));
                // Only root can put a file into /etc, and who names a file means it.
                if self.sources.file.is_some() || file.path == self.sources.environment.system_file {
                    config.warnings.push(problem);
                } else {
                    self.problems.push(problem.hint(format!(
                        "run: chown {} {path}, or name it with --config",
                        self.sources.environment.account.login
                    )));
                }
            }
            if mode & 0o022 != 0 {
                let problem = Problem::new(format!("{path} can be changed by others (mode {mode:04o})"));
                config.warnings.push(problem.hint(format!("run: chmod go-w {path}")));
            }
        }
    }

    /// `TZ`, else the box's zone, else UTC.
    fn zone(&self) -> chrono_tz::Tz {
        if let Some(zone) = self.sources.environment.get("TZ").map(|zone| zone.trim_start_matches(':'))
            && zone != "/etc/localtime"
        {
            let name = zone.rsplit_once("zoneinfo/").map_or(zone, |(_, name)| name);
            // As the C library does with what it does not know.
            return name.parse().unwrap_or(chrono_tz::UTC);
        }
        iana_time_zone::get_timezone().ok().and_then(|name| name.parse().ok()).unwrap_or(chrono_tz::UTC)
    }
}

fn warnings(config: &Config, kinds: &[KindSchema]) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for channel in &config.channels {
        let kind = kinds.iter().find(|kind| kind.kind == channel.kind.as_str());
        if kind.is_some_and(|kind| kind.webhook) && config.webhook.is_none() {
            let message = format!("{} receives nothing without [webhook] listen", channel.settings.title);
            warnings.push(Problem::at(&channel.settings.origin, message));
        }
    }
    if let Some(webhook) = &config.webhook
        && !webhook.listen.ip().is_loopback()
    {
        let message = format!("[webhook] listens on {} in plain HTTP", webhook.listen);
        warnings.push(Problem::new(message).hint("listen on 127.0.0.1 and put a TLS proxy in front"));
    }
    warnings
}

fn text(settings: &Settings, key: &str) -> String {
    settings.text(key).unwrap_or_default().to_owned()
}

fn rate(settings: &Settings) -> u32 {
    settings.count("max_rate").and_then(|rate| u32::try_from(rate).ok()).unwrap_or_default()
}

fn listener(settings: &Settings) -> Option<WebhookConfig> {
    match settings.get("listen")?.value {
        Value::Address(listen) => Some(WebhookConfig { listen }),
        _ => None,
    }
}

fn member(settings: &Settings) -> MemberConfig {
    MemberConfig {
        login: text(settings, "login"),
        name: settings.text("name").map_or_else(|| text(settings, "login"), str::to_owned),
        languages: settings.list("languages").to_vec(),
        teams: settings.list("teams").to_vec(),
        role: match settings.text("role") {
            Some("lead") => MemberRole::Lead,
            Some("admin") => MemberRole::Admin,
            _ => MemberRole::Agent,
        },
    }
}

fn calendar(settings: &Settings) -> Option<CalendarConfig> {
    let value = |key| settings.get(key).map(|setting| setting.value.clone());
    let (Value::Zone(zone), Value::Hours(hours)) = (value("zone")?, value("hours")?) else { return None };
    let holidays = match value("holidays") {
        Some(Value::Days(days)) => days,
        _ => Vec::new(),
    };
    Some(CalendarConfig { name: text(settings, "name"), zone, hours, holidays })
}

fn screen(settings: &Settings) -> UiConfig {
    UiConfig {
        zone: match settings.get("zone").map(|setting| &setting.value) {
            Some(Value::Zone(zone)) => *zone,
            _ => chrono_tz::UTC,
        },
        lang: crate::domain::Lang::named(&text(settings, "lang")).unwrap_or_default(),
        theme: text(settings, "theme"),
        mouse: settings.flag("mouse"),
        bell: text(settings, "bell"),
        title: settings.flag("title"),
        pin: settings.secret("pin").cloned(),
        esc_timeout: settings.span("esc_timeout").unwrap_or_default(),
        opener: settings.list("opener").to_vec(),
    }
}

fn channel(kind: &KindSchema, name: String, settings: Settings) -> ChannelConfig {
    let words = match settings.get("lint").map(|setting| &setting.value) {
        Some(Value::Words(words)) => words.clone(),
        _ => BTreeMap::new(),
    };
    let lint = |key: &str| match words.get(key).map(String::as_str) {
        Some("block") => Lint::Block,
        Some("off") => Lint::Off,
        _ => Lint::Warn,
    };
    ChannelConfig {
        name: ChannelName(name),
        kind: ChannelKind(kind.kind.to_owned().into()),
        short: text(&settings, "short"),
        languages: settings.list("languages").to_vec(),
        calendar: settings.text("calendar").map(str::to_owned),
        first_response: settings.span("first_response"),
        next_response: settings.span("next_response"),
        marketplace_clock: match settings.get("marketplace_clock").map(|setting| &setting.value) {
            Some(Value::Marketplace(clock)) => *clock,
            _ => MarketplaceClock::Default,
        },
        undo_window: settings.span("undo_window").unwrap_or_default(),
        lint: LintConfig { contact: lint("contact"), links: lint("links") },
        poll_interval: settings.span("poll_interval").unwrap_or_default(),
        sweep_interval: settings.span("sweep_interval").unwrap_or_default(),
        max_rate: rate(&settings),
        max_attachment_bytes: settings.size("max_attachment").unwrap_or_default(),
        allow_http: settings.flag("allow_http"),
        settings,
    }
}
