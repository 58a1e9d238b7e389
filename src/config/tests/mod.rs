//! A folder for a box: its files, its home, its variables.

mod example;
mod files;
mod layers;
mod secrets;
mod values;

use crate::channels::registry::schemas;
use std::{ffi::OsString, os::unix::fs::PermissionsExt, path::PathBuf};

use super::{Account, Config, ConfigError, Environment, Sources, load};

pub(super) struct Desk {
    pub folder: tempfile::TempDir,
    pub environment: Environment,
}

impl Desk {
    pub fn new() -> Self {
        Self::with(&[])
    }

    pub fn with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut account = Account::current();
        account.home = folder.path().to_owned();
        account.login = "ana".into();
        account.full_name = Some("Ana Souza".into());
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let path = std::iter::once((OsString::from("PATH"), OsString::from("/usr/bin:/bin")));
        let mut environment = Environment::new(variables.chain(path), account);
        environment.system_file = folder.path().join("etc.toml");
        Self { folder, environment }
    }

    /// Writes a file, and the folders above it; hands its path back.
    pub fn write(path: PathBuf, text: &str, mode: u32) -> PathBuf {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path
    }

    pub fn user(&self, text: &str) -> PathBuf {
        Self::write(self.environment.user_file(), text, 0o600)
    }

    pub fn system(&self, text: &str) -> PathBuf {
        Self::write(self.environment.system_file.clone(), text, 0o644)
    }

    pub fn load(&self) -> Result<Config, ConfigError> {
        load(&Sources::new(&self.environment), &schemas())
    }

    pub fn errors(&self) -> String {
        self.load().expect_err("a configuration that is refused").to_string()
    }
}

/// Loads a user's file that must be fine.
pub(super) fn good(text: &str) -> Config {
    let desk = Desk::new();
    desk.user(text);
    desk.load().unwrap_or_else(|error| panic!("{error}"))
}

/// What is said about a user's file that must be refused.
pub(super) fn bad(text: &str) -> String {
    let desk = Desk::new();
    desk.user(text);
    desk.errors()
}

pub(super) const SKYHUB: &str = r#"
[[channel]]
name = "americanas"
kind = "skyhub"
url = "https://api.skyhub.com.br"
user_email = "loja@example.com"
api_key = "k3y-in-clear"
account_manager_key = { env = "SKYHUB_AM" }
identity_id = "12.345.678/9012-34"
"#;
