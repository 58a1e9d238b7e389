//! What a command says when it ends: outcomes, exit codes, and what stands on standard error of engine and outbox.

#[path = "support/vendors.rs"]
mod vendors;

use std::{fs::File, path::PathBuf, process::Output};

use vendors::Vendors;

/// A desk with SkyHub alone, its ticket's chats already read.
fn desk() -> (Vendors, PathBuf) {
    let vendors = Vendors::start();
    let config = vendors.config("config.toml", &vendors.channels(&["americanas"], |_, value| value));
    let first = vendors.run(&config, &["sync", "--once"]);
    assert_eq!(code(&first), 0, "{}", said(&first));
    (vendors, config)
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A file of the store's folder.
fn beside_the_store(vendors: &Vendors, name: &str) -> PathBuf {
    let found = walk(vendors.folder()).into_iter().find(|it| it.ends_with("deskline.db"));
    found.expect("a store").with_file_name(name)
}

fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry").path());
    entries.flat_map(|it| if it.is_dir() { walk(&it) } else { vec![it] }).collect()
}

#[test]
fn an_engine_that_lives_and_does_not_poll_is_named_by_every_command_that_would_name_none() {
    let (vendors, config) = desk();
    let nobody = said(&vendors.run(&config, &["list"]));
    assert!(nobody.contains("NO ENGINE for americanas"), "{nobody}");
    // Somebody holds the lead for life, and does nothing with it.
    let lock =
        File::options().write(true).open(beside_the_store(&vendors, "americanas.lead")).expect("a lock file");
    lock.lock().expect("free");
    let led = said(&vendors.run(&config, &["list"]));
    assert_eq!(led, "", "it may be about to ask");
    let store = rusqlite::Connection::open(beside_the_store(&vendors, "deskline.db")).expect("a store");
    store.execute("UPDATE health SET ok_at = ok_at - 720000", []).expect("older");
    store.execute("UPDATE lease SET up_since = up_since - 720000", []).expect("older");
    drop(store);
    let joao = format!("americanas:{}", vendors::JOAO);
    for args in [&["list"][..], &["outbox"], &["reply", &joao, "--text", "Olá"]] {
        let words = said(&vendors.run(&config, args));
        assert!(words.contains("americanas NO POLL for 12m"), "{args:?}: {words}");
    }
    let doctor = vendors.run(&config, &["doctor"]);
    let text = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(text.contains("americanas NO POLL for 12m"), "{text}");
}
