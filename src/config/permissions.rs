//! Who owns our own files and who else may touch them. Only what deskline made is looked at: the store's files, its
//! attachments, the log, and the folders of those; never the XDG folders above them.

use std::{
    fmt,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use nix::unistd::{Gid, Group, Uid, User};

use super::{environment::Environment, error::Problem, model::StoreConfig};

/// The number of an account.
pub fn user_id(name: &str) -> Option<u32> {
    User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
}

/// The number of a group.
pub fn group_id(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

/// The name of an account, its number where the box knows none.
pub fn user_name(uid: u32) -> String {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

fn group_name(gid: u32) -> String {
    Group::from_gid(Gid::from_raw(gid)).ok().flatten().map_or_else(|| gid.to_string(), |group| group.name)
}

/// Something about a file that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which file or folder.
    pub path: PathBuf,
    /// What is wrong, in a sentence without the path.
    pub message: String,
    /// The command that mends it, ready to be pasted; `None` where a person must look first.
    pub fix: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path.display(), self.message)?;
        match &self.fix {
            Some(fix) => write!(f, "; run: {fix}"),
            None => Ok(()),
        }
    }
}

/// How our own files must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Who owns them.
    pub owner: u32,
    /// The group that shares them, `None`: nobody.
    pub group: Option<u32>,
}

impl Rules {
    /// The rules for a store's files: `[store] owner` and `group`, else the process's own account and no group.
    ///
    /// # Errors
    /// When the box does not know the account or the group.
    pub fn of_store(store: &StoreConfig, environment: &Environment) -> Result<Self, Problem> {
        let unknown =
            |what: &str, name: &str| Problem::new(format!("[store] {what}: this box knows no \"{name}\""));
        let owner = match store.owner.as_deref() {
            Some(name) => user_id(name).ok_or_else(|| unknown("owner", name))?,
            None => environment.account.uid,
        };
        let group = match store.group.as_deref() {
            Some(name) => Some(group_id(name).ok_or_else(|| unknown("group", name))?),
            None => None,
        };
        Ok(Self { owner, group })
    }

    /// The rules for what belongs to one account alone: log, session tokens.
    pub fn private(environment: &Environment) -> Self {
        Self { owner: environment.account.uid, group: None }
    }

    /// The mode of a file that is made.
    pub fn file_mode(self) -> u32 {
        if self.group.is_some() { 0o660 } else { 0o600 }
    }

    /// The mode of a folder that is made; a group's folder hands its group down.
    pub fn folder_mode(self) -> u32 {
        if self.group.is_some() { 0o2770 } else { 0o700 }
    }

    /// The umask under which files come out so.
    pub fn umask(self) -> u32 {
        if self.group.is_some() { 0o007 } else { 0o077 }
    }

    /// What is wrong with a file. One that is not there is not wrong.
    pub fn check_file(self, path: &Path) -> Vec<Finding> {
        self.check(path, false, true)
    }

    /// The same for a file that any member of the group may have made (SQLite's `-wal`, an attachment).
    pub fn check_shared_file(self, path: &Path) -> Vec<Finding> {
        self.check(path, false, self.group.is_none())
    }

    /// What is wrong with a folder. One that is not there is not wrong.
    pub fn check_folder(self, path: &Path) -> Vec<Finding> {
        self.check(path, true, true)
    }

    fn check(self, path: &Path, folder: bool, owned: bool) -> Vec<Finding> {
        let finding = |message: String, fix: Option<String>| Finding { path: path.to_owned(), message, fix };
        // Not followed: a link in place of a file of ours is somebody's trick or somebody's mistake.
        let metadata = match std::fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => return vec![finding(format!("cannot be looked at: {error}"), None)],
        };
        let kind = metadata.file_type();
        if if folder { !kind.is_dir() } else { !kind.is_file() } {
            let is = if kind.is_symlink() { "is a link" } else { "is something else" };
            let message = format!("{is}, where deskline keeps a {}", if folder { "folder" } else { "file" });
            return vec![finding(message, None)];
        }
        let quoted = quoted(path);
        let mut found = Vec::new();
        if owned && metadata.uid() != self.owner {
            let (is, must) = (user_name(metadata.uid()), user_name(self.owner));
            found.push(finding(
                format!("belongs to {is}, not to {must}"),
                Some(format!("chown {must} {quoted}")),
            ));
        }
        if let Some(group) = self.group
            && metadata.gid() != group
        {
            let (is, must) = (group_name(metadata.gid()), group_name(group));
            found.push(finding(
                format!("has the group {is}, not {must}"),
                Some(format!("chgrp {must} {quoted}")),
            ));
        }
        let mode = metadata.mode() & 0o7777;
        let must = if folder { self.folder_mode() } else { self.file_mode() };
        // Less for others than allowed is fine, but what a group's members need must be there.
        let too_open = mode & 0o777 & !must != 0;
        let too_shut = mode & must != must;
        if too_open || too_shut {
            let message = format!("has mode {mode:04o}, not {must:04o}");
            found.push(finding(message, Some(format!("chmod {must:04o} {quoted}"))));
        }
        found
    }
}

/// Looks at everything that deskline keeps: the store with `-wal` and `-shm`, the attachments, the log. Reads no file;
/// looks one level into the folders.
///
/// # Errors
/// As [`Rules::of_store`].
pub fn check_all(store: &StoreConfig, environment: &Environment) -> Result<Vec<Finding>, Problem> {
    let rules = Rules::of_store(store, environment)?;
    let mut found = check_store(store, rules, environment);
    let private = Rules::private(environment);
    for folder in [environment.state_folder(), environment.log_folder()] {
        found.extend(private.check_folder(&folder));
    }
    for file in files_in(&environment.log_folder()) {
        found.extend(private.check_file(&file));
    }
    Ok(found)
}

/// The store's part of [`check_all`], cheap enough for every start: attachments are not looked at one by one.
pub fn check_store(store: &StoreConfig, rules: Rules, environment: &Environment) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(file) = store.file() {
        found.extend(rules.check_file(file));
        for end in ["-wal", "-shm"] {
            let mut name = file.as_os_str().to_owned();
            name.push(end);
            found.extend(rules.check_shared_file(Path::new(&name)));
        }
        // A folder elsewhere is the admin's; only this one is made by us.
        if file.parent() == Some(&environment.data_folder()) {
            found.extend(rules.check_folder(&environment.data_folder()));
        }
    }
    found.extend(rules.check_folder(&store.attachments));
    found
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c)) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The name of the network file system that a path is on, `None` on a local one. A store there has neither WAL nor
/// doorbell.
pub fn network_file_system(path: &Path) -> Option<&'static str> {
    // From statfs(2); what the kernel calls f_type differs in width between platforms.
    let kind = rustix::fs::statfs(path).ok()?.f_type;
    Some(match u64::try_from(kind).ok()? & 0xffff_ffff {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x0102_1997 => "9P",
        0x5346_414f => "AFS",
        0x7375_7245 => "Coda",
        0x00c3_6400 => "Ceph",
        0x0bd0_0bd0 => "Lustre",
        0x0116_1970 => "GFS2",
        _ => return None,
    })
}
