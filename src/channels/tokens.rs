//! Session tokens between processes: kept in the state folder (0600), read under a lock before any login, so that
//! many processes log in once.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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

impl Token {
    /// Whether it still serves at `now`, a minute ahead of its end.
    pub fn serves(&self, now: Time) -> bool {
        self.until.is_none_or(|until| until - chrono::TimeDelta::seconds(60) > now)
    }

    fn is(&self, other: Option<&SecretString>) -> bool {
        other.is_some_and(|other| other.expose_secret() == self.value.expose_secret())
    }
}

/// The session of one account in this process: its token, in memory and kept between processes.
pub struct Session {
    tokens: Tokens,
    account: String,
    held: tokio::sync::Mutex<Option<Token>>,
}

impl Session {
    /// A session of `account` (the account's name with its address), which is got with `secret`: another secret never
    /// lives on a token of the one before, or a mistake in it would come to light an hour later.
    pub fn new(tokens: Tokens, account: &str, secret: &SecretString) -> Self {
        let digest = Sha256::new_with_prefix(account).chain_update([0]).chain_update(secret.expose_secret());
        // Enough of it to tell two apart, too little to try passwords against.
        let account = format!("{account} {}", hex::encode(&digest.finalize()[..2]));
        Self { tokens, account, held: tokio::sync::Mutex::default() }
    }

    /// A token that serves at `now` and is not `stale` (one that the vendor has just refused): the one in memory, else
    /// the one that another process kept, else what `login` brings. `login` is polled only where there is no other,
    /// and under the lock.
    ///
    /// # Errors
    /// Those of `login` and of the lock.
    pub async fn token(
        &self,
        now: Time,
        stale: Option<&SecretString>,
        login: impl Future<Output = Result<Token, ChannelError>> + Send,
    ) -> Result<SecretString, ChannelError> {
        let mut held = self.held.lock().await;
        let serves = |token: &Token| token.serves(now) && !token.is(stale);
        if let Some(token) = held.as_ref().filter(|token| serves(token)) {
            return Ok(token.value.clone());
        }
        let mut locked = self.tokens.lock(&self.account).await?;
        let token = if let Some(token) = locked.read().filter(|token| serves(token)) {
            token
        } else {
            let token = login.await?;
            locked.keep(&token);
            token
        };
        let value = token.value.clone();
        *held = Some(token);
        Ok(value)
    }

    /// Takes a token that the vendor handed out by itself (a renewed cookie).
    ///
    /// # Errors
    /// Those of the lock.
    pub async fn renewed(&self, token: Token) -> Result<(), ChannelError> {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| held.is(Some(&token.value))) {
            return Ok(());
        }
        self.tokens.lock(&self.account).await?.keep(&token);
        *held = Some(token);
        Ok(())
    }
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

    /// The folder that they are kept in.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.file.as_deref()?.parent()
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

fn open_locked(path: &Path) -> io::Result<File> {
    let file = open_private(path)?;
    file.lock()?;
    Ok(file)
}

/// Opens a file of ours alone, made where it is not there; never through a link.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}

#[cfg(test)]
mod tests;
