//! `deskline demo`: the inbox against the built-in simulator. The real engine, the real connectors, a store that
//! vanishes at the end; of the user's files only `[ui]` and `[keys]` are read, and none is written.

use std::{
    fs,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    args::Demo,
    clock::SystemClock,
    context::{Desk, World},
    error::{CliError, Code},
    inbox::{self, Face, OwnEngine, Show},
    plain, simulate,
};
use crate::{
    config::Environment,
    domain::query::Query,
    simulator::{Options, Simulator, Switches},
    sync::Engine,
};

/// How long the first picture may wait for the first sync.
const FIRST_SYNC: Duration = Duration::from_secs(2);

/// Templates to try where the window is shut.
const TEMPLATES: &str = include_str!("../../assets/demo/templates.toml");

/// Canned replies to try `m` with.
const CANNED: [(&str, &str); 9] = [
    ("late.pt-BR.md", include_str!("../../assets/demo/canned/late.pt-BR.md")),
    ("late.de.md", include_str!("../../assets/demo/canned/late.de.md")),
    ("late.en.md", include_str!("../../assets/demo/canned/late.en.md")),
    ("wait-carrier.pt-BR.md", include_str!("../../assets/demo/canned/wait-carrier.pt-BR.md")),
    ("wait-carrier.en.md", include_str!("../../assets/demo/canned/wait-carrier.en.md")),
    ("refund.pt-BR.md", include_str!("../../assets/demo/canned/refund.pt-BR.md")),
    ("refund.de.md", include_str!("../../assets/demo/canned/refund.de.md")),
    ("refund.en.md", include_str!("../../assets/demo/canned/refund.en.md")),
    ("wait.md", include_str!("../../assets/demo/canned/wait.md")),
];

/// The user's own file, or the one of `--config`, with every line blank that is not of `[ui]` or `[keys]`: what is wrong
/// in them keeps its line.
fn yours(environment: &Environment, named: Option<&Path>) -> Result<Option<(PathBuf, String)>, CliError> {
    let path = named.map_or_else(|| environment.user_file(), Path::to_owned);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(_) if named.is_none() => return Ok(None),
        Err(error) => {
            return Err(CliError::new(Code::Config, format!("{} cannot be read: {error}", path.display())));
        }
    };
    let mut ours = false;
    let kept = text.lines().map(|line| {
        let head = line.trim_start();
        if head.starts_with('[') {
            let table = head.trim_start_matches('[').split([']', '.']).next().unwrap_or_default().trim();
            ours = matches!(table, "ui" | "keys");
        }
        // Nobody is locked out of a demo, and its secrets are not the user's.
        if ours && !head.starts_with("pin") { line } else { "" }
    });
    let kept = kept.collect::<Vec<_>>().join("\n");
    Ok(Some((path, kept)))
}

/// Runs it.
pub async fn run(
    mut environment: Environment,
    named: Option<PathBuf>,
    args: Demo,
    tutor: bool,
) -> Result<(), CliError> {
    // The tutor's lessons name the default keys.
    let yours = if tutor { None } else { yours(&environment, named.as_deref())? };

    // Before anything is started: without a terminal there is nothing to show.
    let face = Face::open(&environment, args.linear, args.print)?;
    let folder = tempfile::Builder::new().prefix("deskline-demo-").tempdir()?;
    let simulator = Simulator::start(Options {
        listen: ([127, 0, 0, 1], 0).into(),
        seed: args.seed,
        conversations: 0,
        lang: args.lang,
        live: true,
        clock: Arc::new(SystemClock),
        // Nobody waits in a demo: without limits the whole cast is there before the first picture.
        switches: Switches { rate_limits: false, ..Switches::default() },
    })
    .await
    .map_err(|error| {
        CliError::new(Code::Failed, format!("the simulator cannot listen on loopback: {error}"))
    })?;

    let file = folder.path().join("config.toml");
    let canned = toml::Value::String(folder.path().join("canned").display().to_string());
    let accounts = simulate::toml_of(&simulator.accounts(), "127.0.0.1:0", 0);
    // Where the window is shut there is something to send.
    let templates = folder.path().join("templates.toml");
    fs::write(&templates, TEMPLATES)?;
    let templates = toml::Value::String(templates.display().to_string());
    let whatsapp = "kind = \"whatsapp\"\n";
    let accounts = accounts.replace(whatsapp, &format!("{whatsapp}templates = {templates}\n"));
    let config = format!("{accounts}\n[compose]\ncanned = [{canned}]\n");
    let mut options = fs::OpenOptions::new();
    std::io::Write::write_all(
        &mut options.write(true).create_new(true).mode(0o600).open(&file)?,
        config.as_bytes(),
    )?;
    for (name, text) in CANNED {
        let canned = folder.path().join("canned");
        fs::create_dir_all(&canned)?;
        fs::write(canned.join(name), text)?;
    }
    environment.system_file = file;
    let environment = environment.confined_to(folder.path());
    if let Some((path, text)) = yours {
        let copy = environment.user_file();
        if let Some(parent) = copy.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&copy, text)?;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o600))?;
        if let Err(error) = World::load(environment.clone(), None) {
            let text = error.text.replace(&copy.display().to_string(), &path.display().to_string());
            if named.is_some() {
                return Err(CliError { text, ..error });
            }
            plain::note(&format!("the demo goes on without your [ui] and [keys]: {text}"));
            fs::remove_file(&copy)?;
        }
    }
    let desk = Arc::new(Desk::open(World::load(environment, None)?).await?);
    let built = desk.world.channels(None).await?;
    if let Some((name, why)) = built.without.first() {
        return Err(CliError::new(Code::Failed, format!("the demo's channel {name} cannot be built: {why}")));
    }
    let engine = Engine::start(desk.engine_options(built.channels, true));
    if let Some(address) = engine.webhook_address() {
        let url = |wanted: &str| {
            let channel =
                desk.world.config.channels.iter().find(|it| it.settings.text("api") == Some(wanted))?;
            Some(format!("http://{address}{}", channel.settings.text("webhook_path")?))
        };
        simulator.set_webhooks(url("cloud"), url("on-premises"));
    }
    let vendors = ["thg", "dsco", "dsco", "skyhub", "whatsapp", "onprem"];
    let cast = vendors.iter().map(|vendor| simulator.control().conversations(vendor).len()).sum();
    let _ = tokio::time::timeout(FIRST_SYNC, filled(&desk, cast)).await;
    let switch = Arc::new(OwnEngine::with(desk.clone(), Some(engine)));
    let outcome =
        Box::pin(inbox::show(&desk, face, Show { channel: None, demo: true, tutor, switch: switch.clone() }))
            .await;
    switch.close().await;
    simulator.stop().await;
    drop(folder);
    outcome.map(|_| ())
}

/// The demo as it is started without a word.
pub fn tutor() -> Demo {
    Demo { seed: 1, lang: None, linear: false, print: false }
}

/// Resolves when the store holds so many conversations.
async fn filled(desk: &Desk, conversations: usize) {
    let mut seen = 0;
    loop {
        let counts = desk.store.counts(vec![Query::default()], desk.me.clone(), desk.clock.now()).await;
        if counts.is_ok_and(|counts| counts.first().is_some_and(|count| count.total >= conversations)) {
            return;
        }
        seen = desk.store.changed(seen).await;
    }
}
