use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use super::OwnEngine;
use crate::{
    cli::context::{Desk, World},
    config::{Account, Environment},
    store::story::at,
    sync::testing::TestClock,
    terminal::run::EngineSwitch as _,
};

/// A desk in a folder, with one channel whose vendor nobody is.
pub(in crate::cli) async fn desk(folder: &Path, more: &str) -> Desk {
    let file = folder.join("config.toml");
    let channel = "[[channel]]\nname = \"americanas\"\nkind = \"skyhub\"\nurl = \"http://127.0.0.1:9\"\n\
        user_email = \"loja@example.com\"\napi_key = { env = \"KEY\" }\naccount_manager_key = { env = \"KEY\" }\n\
        identity_id = \"12345678901234\"\n";
    fs::write(&file, format!("{channel}{more}")).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("ours");
    let variables = [("KEY", "word")].map(|(name, value)| (name.into(), value.into()));
    let environment = Environment::new(variables, Account::current()).confined_to(folder);
    let mut world = World::load(environment, Some(file)).unwrap_or_else(|error| panic!("{}", error.text));
    world.clock = Arc::new(TestClock::at(at(9)));
    Desk::open(world).await.unwrap_or_else(|error| panic!("{}", error.text))
}

#[tokio::test]
async fn no_engine_starts_in_a_shut_window() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Arc::new(desk(folder.path(), "").await);
    let window = OwnEngine::with(desk, None);
    let runs = async || window.running.lock().await.engine.is_some();
    window.on().await;
    assert!(runs().await);
    window.off().await;
    window.on().await;
    assert!(runs().await, "switched off, not shut");
    window.close().await;
    // Its start took longer than the person did.
    window.on().await;
    assert!(!runs().await);
}
