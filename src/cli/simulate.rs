//! `deskline simulate`: the simulator alone, for training and tests.

use std::{fmt::Write as _, fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt, sync::Arc};

use super::{
    args::Simulate,
    clock::SystemClock,
    error::{CliError, Code},
    plain, signals,
};
use crate::simulator::{Account, Options, Simulator, Switches};

/// Runs it until a signal.
pub async fn run(args: Simulate) -> Result<(), CliError> {
    let faults = match &args.faults {
        Some(path) => {
            let shown = path.display();
            let text = std::fs::read_to_string(path)
                .map_err(|error| CliError::new(Code::Failed, format!("{shown}: {error}")))?;
            Some((shown.to_string(), text))
        }
        None => None,
    };
    let simulator = Simulator::start(Options {
        listen: args.listen,
        seed: args.seed,
        conversations: args.conversations,
        lang: None,
        live: args.live,
        clock: Arc::new(SystemClock),
        switches: Switches::default(),
    })
    .await
    .map_err(|error| CliError::new(Code::Failed, format!("cannot listen on {}: {error}", args.listen)))?;
    if let Some((shown, faults)) = faults {
        simulator
            .control()
            .faults_from_json(&faults)
            .map_err(|error| CliError::new(Code::Failed, format!("{shown}: {error}")))?;
    }
    let config = toml_of(&simulator.accounts(), "127.0.0.1:8787", 4);
    match &args.write_config {
        Some(path) => {
            // 0600 from the first byte: it holds literal secrets, if only the simulator's.
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
            file.write_all(config.as_bytes())?;
            plain::note(&format!("configuration written to {}", path.display()));
        }
        None => plain::line(&config)?,
    }
    plain::note(&format!(
        "simulator of THG, Dsco, SkyHub and WhatsApp on http://{}; Ctrl-c ends it",
        simulator.address()
    ));
    signals::ended().await;
    simulator.stop().await;
    Ok(())
}

/// A configuration for the simulator's accounts.
pub fn toml_of(accounts: &[Account], listen: &str, max_rate: u32) -> String {
    let mut text = format!(
        "[sync]\npoll_interval = \"5s\"\nmax_rate = {max_rate}\n\n[webhook]\nlisten = \"{listen}\"\n"
    );
    for account in accounts {
        // Writing into a String cannot fail.
        let _ = write!(text, "\n[[channel]]\nname = \"{}\"\nkind = \"{}\"\n", account.name, account.kind);
        if !account.languages.is_empty() {
            let _ = writeln!(text, "languages = {:?}", account.languages);
        }
        for (key, value) in &account.settings {
            let _ = writeln!(text, "{key} = {}", toml::Value::String(value.clone()));
        }
    }
    text
}
