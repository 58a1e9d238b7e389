use std::os::unix::fs::{PermissionsExt, symlink};

use super::{Desk, SKYHUB};
use crate::channels::registry::schemas;
use crate::config::{
    Sources, load,
    permissions::{Rules, check_all, check_store},
};

fn chmod(path: &std::path::Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn a_literal_secret_needs_a_private_file() {
    let desk = Desk::new();
    let path = desk.user(SKYHUB);
    assert!(desk.load().is_ok());
    chmod(&path, 0o640);
    let error = desk.errors();
    assert!(error.contains(":7: `api_key` is a secret in clear") && error.contains("mode 0640"), "{error}");
    assert!(error.contains(&format!("chmod 600 {}", path.display())) && !error.contains("k3y"), "{error}");

    Desk::write(path.clone(), &SKYHUB.replace("\"k3y-in-clear\"", "{ env = \"K\" }"), 0o644);
    assert!(desk.load().unwrap().warnings.is_empty());
    chmod(&path, 0o666);
    assert!(desk.load().unwrap().warnings[0].to_string().contains("chmod go-w"));
    Desk::write(path, "[store]\nurl = \"postgres://a:b@c/d\"\n", 0o644);
    assert!(desk.errors().contains("`url` is a secret in clear"));
}

#[test]
fn a_users_file_is_the_users_or_the_roots() {
    let mut desk = Desk::new();
    let path = desk.user("[ui]\ntheme = \"mono\"\n");
    // Root can give files away; anybody else takes another number himself.
    if std::os::unix::fs::chown(&path, Some(4242), None).is_err() || desk.environment.account.uid == 4242 {
        desk.environment.account.uid += 1;
    }
    let error = desk.errors();
    assert!(
        error.contains("who could change what runs here as you") && error.contains("chown ana "),
        "{error}"
    );

    let sources = Sources { file: Some(path), ..Sources::new(&desk.environment) };
    let config = load(&sources, &schemas()).unwrap();
    assert!(config.warnings[0].to_string().contains("belongs to"), "who names a file means it");
}

#[test]
fn a_file_that_cannot_be_read_is_not_taken_for_a_missing_one() {
    let desk = Desk::new();
    std::fs::create_dir(&desk.environment.system_file).unwrap();
    assert!(desk.errors().contains("cannot read"));
}

#[test]
fn private_files_are_for_their_owner_only() {
    let desk = Desk::new();
    let config = desk.load().unwrap();
    assert!(
        check_all(&config.store, &desk.environment).unwrap().is_empty(),
        "nothing there is nothing wrong"
    );

    let rules = Rules::of_store(&config.store, &desk.environment).unwrap();
    assert_eq!((rules.file_mode(), rules.folder_mode(), rules.umask()), (0o600, 0o700, 0o077));
    let store = Desk::write(config.store.file().unwrap().to_owned(), "", 0o644);
    chmod(store.parent().unwrap(), 0o755);
    let wal = Desk::write(store.with_extension("db-wal"), "", 0o600);
    std::fs::create_dir(&config.store.attachments).unwrap();
    chmod(&config.store.attachments, 0o700);
    let log = Desk::write(desk.environment.log_folder().join("it's.log"), "", 0o660);
    chmod(&desk.environment.log_folder(), 0o700);
    chmod(&desk.environment.state_folder(), 0o700);
    let found: Vec<String> =
        check_all(&config.store, &desk.environment).unwrap().iter().map(ToString::to_string).collect();
    let wrong = |path: &std::path::Path, mode: &str, not: &str| {
        format!("{} has mode {mode}, not {not}; run: chmod {not} {}", path.display(), quoted(path))
    };
    assert_eq!(
        found,
        [
            wrong(&store, "0644", "0600"),
            wrong(store.parent().unwrap(), "0755", "0700"),
            wrong(&log, "0660", "0600")
        ]
    );
    assert!(quoted(&log).starts_with('\'') && quoted(&log).contains("it'\\''s.log"));

    std::fs::remove_file(&wal).unwrap();
    symlink("/etc/passwd", &wal).unwrap();
    let found = check_store(&config.store, rules, &desk.environment);
    assert!(found.iter().any(|finding| finding.message.contains("is a link") && finding.fix.is_none()));
}

/// A path as a shell takes it.
fn quoted(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    let plain = !text.contains([' ', '\'']);
    if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[test]
fn a_group_needs_what_its_members_need() {
    let desk = Desk::new();
    let config = desk.load().unwrap();
    let gid = desk.environment.account.gid;
    let rules = Rules { owner: desk.environment.account.uid, group: Some(gid) };
    assert_eq!((rules.file_mode(), rules.folder_mode(), rules.umask()), (0o660, 0o2770, 0o007));
    let store = Desk::write(config.store.file().unwrap().to_owned(), "", 0o600);
    let found = rules.check_file(&store);
    assert_eq!(found[0].fix.as_deref(), Some(format!("chmod 0660 {}", quoted(&store)).as_str()));
    chmod(&store, 0o660);
    assert!(rules.check_file(&store).is_empty());
    let folder = store.parent().unwrap();
    chmod(folder, 0o770);
    assert!(rules.check_folder(folder)[0].message.contains("mode 0770, not 2770"));

    let foreign = Rules { owner: rules.owner + 12345, group: Some(gid + 12345) };
    let found = foreign.check_file(&store);
    assert!(
        found[0].fix.as_ref().unwrap().starts_with("chown ")
            && found[1].fix.as_ref().unwrap().starts_with("chgrp ")
    );
    let anybody = Rules { owner: rules.owner + 12345, group: Some(gid) };
    assert!(anybody.check_shared_file(&store).is_empty(), "any member may have made it");
}
