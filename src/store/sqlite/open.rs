//! Opening a store: folders and files with their modes, pragmas, migrations, and what to do with a damaged file.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::rescue;
use crate::{
    domain::time::Clock,
    store::{StoreError, crash::crash_point},
};

/// What each schema adds to the one before it, from the first on.
const MIGRATIONS: [&str; 8] = [
    include_str!("../../../assets/migrations/V1__the_store.sql"),
    include_str!("../../../assets/migrations/V2__draft_windows.sql"),
    include_str!("../../../assets/migrations/V3__words_at_the_end.sql"),
    include_str!("../../../assets/migrations/V4__canned_replies.sql"),
    include_str!("../../../assets/migrations/V5__the_team.sql"),
    include_str!("../../../assets/migrations/V6__figures_of_views.sql"),
    include_str!("../../../assets/migrations/V7__few_of_many.sql"),
    include_str!("../../../assets/migrations/V8__the_next_row.sql"),
];

/// The schema that this program writes; `PRAGMA user_version` says which one a store has.
#[expect(clippy::cast_possible_wrap, reason = "a handful")]
pub(super) const SCHEMA: i64 = MIGRATIONS.len() as i64;

/// How to open a store.
#[derive(Clone)]
pub struct OpenOptions {
    /// The file. Its folder is made where it does not exist.
    pub path: PathBuf,
    /// The Unix group of a team on one box: 0660 and 2770 in place of 0600 and 0700.
    pub group: Option<String>,
    /// The account that owns it; `None`: the one that runs this process.
    pub owner: Option<String>,
    /// `after_send = "keep"`: a reply seen at the vendor leaves the status.
    pub keep_status_after_send: bool,
    /// The time, for what is asked without one; `None`: the newest that was told.
    pub clock: Option<Arc<dyn Clock>>,
}

impl OpenOptions {
    /// A store of one person in this file.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), group: None, owner: None, keep_status_after_send: false, clock: None }
    }
}

/// What opening came to.
pub(super) struct Opened {
    pub(super) writer: Connection,
    pub(super) bell: File,
    pub(super) bell_path: PathBuf,
    pub(super) network: bool,
    pub(super) notes: Vec<String>,
}

/// Modes of files and folders.
#[derive(Clone, Copy)]
pub(super) struct Modes {
    pub(super) file: u32,
    pub(super) folder: u32,
    gid: Option<u32>,
}

impl Modes {
    pub(super) fn of(options: &OpenOptions) -> Result<Self, StoreError> {
        let Some(group) = &options.group else { return Ok(Self { file: 0o600, folder: 0o700, gid: None }) };
        let gid = nix::unistd::Group::from_name(group)
            .ok()
            .flatten()
            .ok_or_else(|| {
                StoreError::Unusable(format!(
                    "[store] group names \"{group}\", and there is no such group on this box; make it (groupadd \
                     {group}) or take the line out"
                ))
            })?
            .gid
            .as_raw();
        Ok(Self { file: 0o660, folder: 0o2770, gid: Some(gid) })
    }

    /// Makes a folder, and those above it, where it does not exist.
    pub(super) fn make_folder(self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(above) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(above)?;
        }
        match fs::DirBuilder::new().mode(self.folder).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            made => made?,
        }
        self.settle(path, self.folder)
    }

    /// Gives what this process has just made its group and mode, whatever the umask.
    pub(super) fn settle(self, path: &Path, mode: u32) -> io::Result<()> {
        if let Some(gid) = self.gid {
            std::os::unix::fs::chown(path, None, Some(gid))?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    }

    fn make_file(self, path: &Path) -> io::Result<File> {
        let made = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(self.file)
            .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
            .open(path);
        match made {
            Ok(file) => {
                self.settle(path, self.file)?;
                Ok(file)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => File::options()
                .read(true)
                .write(true)
                .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
                .open(path),
            Err(error) => Err(error),
        }
    }

    /// Makes the store's file where there is none. One that exists is not opened: closing it again would drop the locks
    /// that another connection of this process holds on it.
    fn make_store(self, path: &Path) -> Result<(), StoreError> {
        match fs::symlink_metadata(path) {
            Ok(about) if about.is_file() => Ok(()),
            Ok(_) => Err(StoreError::Unusable(format!(
                "{} is not a file (a link or a folder); name the file itself in [store] url",
                path.display()
            ))),
            Err(_) => self.make_file(path).map(drop).map_err(|error| cannot("make the store", path, &error)),
        }
    }
}

/// A file beside the store: `deskline.db` + `.bell`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Opens the writing connection; makes what does not exist.
pub(super) fn open(options: &OpenOptions) -> Result<Opened, StoreError> {
    let path = &options.path;
    let modes = Modes::of(options)?;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    modes.make_folder(folder).map_err(|error| cannot("make the folder", folder, &error))?;
    let attachments = folder.join("attachments");
    if let Some(owner) = &options.owner
        && account(owner)? != nix::unistd::geteuid().as_raw()
    {
        // Made by anybody else they would belong to them, and their owner's service could not use them.
        if let Some(missing) = [path.as_path(), &attachments].into_iter().find(|it| !it.exists()) {
            return Err(StoreError::Unusable(format!(
                "{} does not exist yet, and [store] owner says that {owner} makes it; start {owner}'s service \
                 (deskline sync) first",
                missing.display()
            )));
        }
    }
    // Before the file: whoever sees that finds this too.
    modes.make_folder(&attachments).map_err(|error| cannot("make the folder", &attachments, &error))?;
    modes.make_store(path)?;
    check_owner(options, path, modes)?;
    let network = on_network(folder);
    let bell_path = beside(path, ".bell");
    let bell = modes.make_file(&bell_path).map_err(|error| cannot("open the bell", &bell_path, &error))?;
    // Others that start at the same moment wait here, then find the work done: SQLite does not wait while a new file
    // gets its write-ahead log.
    bell.lock().map_err(|error| cannot("lock", path, &error))?;
    let opened = open_locked(path, modes, network);
    bell.unlock().map_err(|error| cannot("unlock", path, &error))?;
    let (writer, notes) = opened?;
    Ok(Opened { writer, bell, bell_path, network, notes })
}

fn open_locked(path: &Path, modes: Modes, network: bool) -> Result<(Connection, Vec<String>), StoreError> {
    let mut notes = Vec::new();
    if beside(path, ".damaged").exists() {
        notes.push(rescue::move_aside(path, "it was found damaged while it was used")?);
        modes.make_store(path)?;
    }
    let writer = match connect(path, network) {
        Err(error) if damaged(&error) => {
            notes.push(rescue::move_aside(path, &error.to_string())?);
            modes.make_store(path)?;
            connect(path, network)
        }
        opened => opened,
    };
    let mut writer = writer.map_err(|error| unusable(path, &error))?;
    migrate(&mut writer, path, modes)?;
    Ok((writer, notes))
}

/// How the writing connection is set while little is written at a time.
pub(super) const FEW: &str = "PRAGMA cache_size = -2000; PRAGMA wal_autocheckpoint = 2000";

fn connect(path: &Path, network: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    settings(&db)?;
    // Write-ahead logs need shared memory, which network file systems do not have.
    let journal = if network { "TRUNCATE" } else { "WAL" };
    db.pragma_update(None, "journal_mode", journal)?;
    // What a part of a transaction has changed is kept until that part is done, for its undoing: in memory in pieces of a
    // kilobyte, which SQLite walks through at the end of every statement.
    db.execute_batch(
        "PRAGMA temp_store = FILE; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864",
    )?;
    db.execute_batch(FEW)?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(db)
}

fn settings(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(Duration::from_secs(5))?;
    db.execute_batch("PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = ON")?;
    // One plan for each statement, whatever is bound to it: else statements are made anew for each value.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(256);
    Ok(())
}

/// A connection that can only read, for searches: what all hits of a common word take goes to disk.
pub(super) fn searching(path: &Path) -> Result<Connection, StoreError> {
    let db = reading(path)?;
    // The words' tables are this connection's own; to make them is a write all the same.
    let words = super::lexicon::TABLES;
    db.execute_batch(&format!(
        "PRAGMA temp_store = FILE; PRAGMA query_only = OFF; {words}; PRAGMA query_only = ON"
    ))
    .map_err(|error| unusable(path, &error))?;
    Ok(db)
}

/// A connection for work on the whole file: what it cannot hold in little memory goes to disk.
pub(super) fn maintenance(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    settings(&db)?;
    db.execute_batch("PRAGMA temp_store = FILE; PRAGMA cache_size = -2000; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL")?;
    Ok(db)
}

/// A connection that can only read.
pub(super) fn reading(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let db = Connection::open_with_flags(path, flags)?;
        settings(&db)?;
        // A third of the writer's: what a screen shows is a few hundred pages, and the kernel keeps the rest for everybody.
        db.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -600")?;
        Ok(db)
    };
    open().map_err(|error| unusable(path, &error))
}

fn migrate(db: &mut Connection, path: &Path, modes: Modes) -> Result<(), StoreError> {
    let found: i64 = db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| unusable(path, &error))?;
    if found == SCHEMA {
        return Ok(());
    }
    if found > SCHEMA {
        return Err(StoreError::Unusable(format!(
            "the store {} was written by a newer deskline (schema {found}, this one knows {SCHEMA}); nothing was \
             changed; install the newer deskline, or name another file in [store] url",
            path.display()
        )));
    }
    crash_point("migrate", "before");
    if found > 0 {
        let backup = beside(path, &format!(".before-schema-{SCHEMA}"));
        let _ = fs::remove_file(&backup);
        db.backup("main", &backup, None::<fn(rusqlite::backup::Progress)>)
            .map_err(|error| unusable(&backup, &error))?;
        modes.settle(&backup, modes.file).map_err(|error| cannot("write", &backup, &error))?;
    }
    crash_point("migrate", "within");
    bring(db, SCHEMA).map_err(|error| {
        StoreError::Unusable(format!(
            "the store {} could not be brought to schema {SCHEMA}: {error}; what was in it is kept{}",
            path.display(),
            if found > 0 { " (and a copy lies beside it)" } else { "" }
        ))
    })?;
    crash_point("migrate", "after");
    Ok(())
}

/// Brings a store to a schema: each step is one transaction, with the number that says that it is done.
pub(super) fn bring(db: &mut Connection, schema: i64) -> rusqlite::Result<()> {
    let done: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (version, step) in (1..=schema).zip(MIGRATIONS).filter(|(version, _)| *version > done) {
        let transaction = db.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The number of the account that `[store] owner` names.
fn account(name: &str) -> Result<u32, StoreError> {
    let found = nix::unistd::User::from_name(name).ok().flatten().ok_or_else(|| {
        StoreError::Unusable(format!(
            "[store] owner names \"{name}\", and there is no such account on this box; correct the line"
        ))
    })?;
    Ok(found.uid.as_raw())
}

fn check_owner(options: &OpenOptions, path: &Path, modes: Modes) -> Result<(), StoreError> {
    let about = fs::symlink_metadata(path).map_err(|error| cannot("look at", path, &error))?;
    let owner = match &options.owner {
        None => nix::unistd::geteuid().as_raw(),
        Some(name) => account(name)?,
    };
    let shown = path.display();
    if about.uid() != owner {
        return Err(StoreError::Unusable(format!(
            "the store {shown} belongs to account {}, not to {owner}; give it back with: chown {owner} {shown}, or \
             name its owner in [store] owner",
            about.uid()
        )));
    }
    let mode = about.mode() & 0o777;
    if mode & !modes.file != 0 {
        return Err(StoreError::Unusable(format!(
            "the store {shown} has mode {mode:04o}, so that others may read it; close it with: chmod {:04o} {shown}",
            modes.file
        )));
    }
    Ok(())
}

/// File systems that live on another box.
fn on_network(folder: &Path) -> bool {
    const NETWORK: [i64; 8] = [
        0x6969,      // NFS
        0x517B,      // SMB
        0xFF53_4D42, // CIFS
        0xFE53_4D42, // SMB2
        0x0102_1997, // 9p
        0x6573_5546, // FUSE (sshfs and its kin)
        0x00C3_6400, // Ceph
        0x5346_414F, // AFS
    ];
    rustix::fs::statfs(folder).is_ok_and(|about| NETWORK.contains(&(about.f_type & 0xFFFF_FFFF)))
}

fn damaged(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

pub(super) fn unusable(path: &Path, error: &rusqlite::Error) -> StoreError {
    match super::actor::trouble(error) {
        StoreError::Engine(words) => StoreError::Unusable(format!(
            "the store {} cannot be used: {words}; nothing was changed; see: deskline doctor",
            path.display()
        )),
        StoreError::Unusable(words) => StoreError::Unusable(format!("{}: {words}", path.display())),
        other => other,
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::StorageFull {
        return StoreError::Full(format!("cannot {what} {}; free some space", path.display()));
    }
    let next = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "ask for access to it, or name another file in [store] url".to_owned()
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "name a file on a disk that can be written in [store] url".to_owned()
        }
        _ => "see: deskline doctor".to_owned(),
    };
    StoreError::Unusable(format!("cannot {what} {}: {error}; {next}", path.display()))
}
