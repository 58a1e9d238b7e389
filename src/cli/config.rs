//! `deskline config`.

use serde_json::json;

use super::{args::ConfigCommand, context::World, error::CliError, plain};
use crate::{
    app::keymap::Keymap,
    channels::registry,
    config::{self, Environment},
    domain::query::Query,
};

/// Paths and schema need no valid configuration; check and show load it.
pub fn run(
    environment: Environment,
    file: Option<std::path::PathBuf>,
    command: &ConfigCommand,
) -> Result<(), CliError> {
    match command {
        ConfigCommand::Path => {
            let usual = || vec![environment.system_file.clone(), environment.user_file()];
            for path in file.map_or_else(usual, |only| vec![only]) {
                let state = if path.exists() { "" } else { "  (not there)" };
                plain::line(&format!("{}{state}", path.display()))?;
            }
            Ok(())
        }
        ConfigCommand::Schema => plain::json_line(&config::json_schema(&registry::schemas())),
        ConfigCommand::Check => {
            let world = World::load(environment, file)?;
            world.descriptors()?;
            views(&world)?;
            world.store_file()?;
            for warning in &world.config.warnings {
                plain::note(&warning.to_string());
            }
            let keys = &world.config.keys;
            for complaint in Keymap::with(&keys.preset, &super::inbox::bindings(keys)).complaints {
                plain::note(&complaint);
            }
            plain::line(&format!("good: {} channel(s)", world.config.channels.len()))
        }
        ConfigCommand::Show { json } => {
            let world = World::load(environment, file)?;
            for value in &world.config.effective {
                if *json {
                    plain::json_line(&json!({
                        "key": value.key, "value": value.value, "origin": value.origin.to_string(),
                    }))?;
                } else {
                    plain::line(&format!("{} = {}    # {}", value.key, value.value, value.origin))?;
                }
            }
            Ok(())
        }
    }
}

/// Views hold queries, which the configuration itself does not know.
pub fn views(world: &World) -> Result<(), CliError> {
    for view in &world.config.views {
        if let Err(error) = Query::parse(&view.query) {
            return Err(CliError::new(
                super::error::Code::Config,
                format!("{}: view \"{}\": {error}", view.origin, view.name),
            ));
        }
    }
    Ok(())
}
