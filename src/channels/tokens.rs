//! Session tokens between processes: kept in the state folder (0600), read under a lock before any login, so that
//! many processes log in once.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::ChannelError;
use crate::domain::Time;

/// Where one account's token is.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// `None`: in memory only, for tests and one-shot commands without a state folder.
    file: Option<PathBuf>,
}

/// A session token.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token.
    pub value: SecretString,
    /// When it ends, where the vendor says so.
    pub until: Option<Time>,
}

/// The form in the file. `account` ties it to the credentials it was got with.
#[derive(Serialize, Deserialize)]
struct Kept {
    account: String,
    value: String,
    until: Option<Time>,
}

/// The lock over one account's token, held while somebody logs in.
pub struct Locked {
    file: Option<File>,
    account: String,
}

impl Tokens {
    /// Tokens of the channel `name` in `folder` (made by whoever composes the program, 0700).
    pub fn in_folder(folder: &std::path::Path, name: &str) -> Self {
        Self { file: Some(folder.join(format!("{name}.token"))) }
    }

    /// No file: each process logs in for itself.
    pub fn in_memory() -> Self {
        Self { file: None }
    }

    /// Waits for the lock. `account` names the account and its address, so that a changed configuration never meets
    /// an old token. The lock ends with the value.
    ///
    /// # Errors
    /// `ours` where the file cannot be opened or locked.
    pub async fn lock(&self, account: &str) -> Result<Locked, ChannelError> {
        let account = account.to_owned();
        let Some(path) = self.file.clone() else { return Ok(Locked { file: None, account }) };
        let file = tokio::task::spawn_blocking(move || open_locked(&path))
            .await
            .map_err(|error| ChannelError::ours(format!("the token's lock was lost: {error}")))?
            .map_err(|error| ChannelError::ours(format!("the token file cannot be used: {error}")))?;
        Ok(Locked { file: Some(file), account })
    }
}

impl Locked {
    /// The token that was kept, where it is of this account.
    pub fn read(&mut self) -> Option<Token> {
        let file = self.file.as_mut()?;
        let mut text = String::new();
        io::Seek::rewind(file).ok()?;
        file.read_to_string(&mut text).ok()?;
        let kept: Kept = serde_json::from_str(&text).ok()?;
        (kept.account == self.account).then(|| Token { value: kept.value.into(), until: kept.until })
    }

    /// Keeps a token. Failing to is not fatal: the next process logs in again.
    pub fn keep(&mut self, token: &Token) {
        let account = self.account.clone();
        let Some(file) = self.file.as_mut() else { return };
        let kept = Kept { account, value: token.value.expose_secret().to_owned(), until: token.until };
        let written = serde_json::to_vec(&kept).map_err(io::Error::other).and_then(|bytes| {
            io::Seek::rewind(file)?;
            file.set_len(0)?;
            file.write_all(&bytes)
        });
        if let Err(error) = written {
            tracing::warn!(%error, "a session token could not be kept");
        }
    }
}

fn open_locked(path: &std::path::Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)?;
    file.lock()?;
    Ok(file)
}
