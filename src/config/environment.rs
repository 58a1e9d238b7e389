//! What the process was started with, as a value: nothing deeper asks the system for variables, home or account.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use nix::unistd::{Gid, Uid, User};

/// The Unix account of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub uid: u32,
    /// Its first group's number.
    pub gid: u32,
    /// Its name.
    pub login: String,
    /// The person's name, where the box knows one.
    pub full_name: Option<String>,
    /// Its home folder.
    pub home: PathBuf,
}

impl Account {
    /// The account that this process acts as. An account without an entry in the box's list is named by its number.
    pub fn current() -> Self {
        let (uid, gid) = (Uid::effective(), Gid::effective());
        match User::from_uid(uid).ok().flatten() {
            Some(user) => {
                // GECOS: the name, then room, telephones; `&` stands for the login.
                let gecos = user.gecos.to_string_lossy().into_owned();
                let name = gecos.split(',').next().unwrap_or_default().trim().replace('&', &user.name);
                Self {
                    uid: uid.as_raw(),
                    gid: gid.as_raw(),
                    full_name: (!name.is_empty()).then_some(name),
                    login: user.name,
                    home: user.dir,
                }
            }
            None => Self {
                uid: uid.as_raw(),
                gid: gid.as_raw(),
                login: uid.to_string(),
                full_name: None,
                home: PathBuf::from("/"),
            },
        }
    }
}

/// Variables, account and the places that follow from them.
#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// The account.
    pub account: Account,
    /// The file of the whole box: `/etc/deskline/config.toml`.
    pub system_file: PathBuf,
}

impl Environment {
    /// Takes the variables of a process. Those that are not UTF-8 are left out.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>, account: Account) -> Self {
        let variables = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables, account, system_file: PathBuf::from("/etc/deskline/config.toml") }
    }

    /// A variable; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Every variable.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The user's home: `HOME`, else what the box's list says.
    pub fn home(&self) -> &Path {
        self.get("HOME").map_or(self.account.home.as_path(), Path::new)
    }

    /// The user's own file, `$XDG_CONFIG_HOME/deskline/config.toml`.
    pub fn user_file(&self) -> PathBuf {
        self.base("XDG_CONFIG_HOME", ".config").join("config.toml")
    }

    /// Where the user's stores are, `$XDG_DATA_HOME/deskline`.
    pub fn data_folder(&self) -> PathBuf {
        self.base("XDG_DATA_HOME", ".local/share")
    }

    /// Where logs and session tokens are, `$XDG_STATE_HOME/deskline`.
    pub fn state_folder(&self) -> PathBuf {
        self.base("XDG_STATE_HOME", ".local/state")
    }

    /// Where the logs are, `$XDG_STATE_HOME/deskline/log`.
    pub fn log_folder(&self) -> PathBuf {
        self.state_folder().join("log")
    }

    /// The same process with every folder of ours below `base`: nothing of the user's is read or written.
    #[must_use]
    pub fn confined_to(mut self, base: &Path) -> Self {
        for (variable, folder) in
            [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state")]
        {
            self.variables.insert(variable.to_owned(), base.join(folder).to_string_lossy().into_owned());
        }
        self
    }

    /// The XDG rule: the variable where it is an absolute path, else below home.
    fn base(&self, variable: &str, fallback: &str) -> PathBuf {
        let base = self.get(variable).map(Path::new).filter(|path| path.is_absolute());
        base.map_or_else(|| self.home().join(fallback), Path::to_owned).join("deskline")
    }
}

/// The names of the variables only: a value may be a secret.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
