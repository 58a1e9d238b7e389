//! Secrets by reference. A [`SecretRef`] says where a secret is; what it is, only [`SecretRef::resolve`] finds out.
//!
//! A `command` is one string and is given to `/bin/sh -c`, as every mail program does: `pass show thg | head -1` is
//! what people have. It runs without a terminal, in a session of its own, and has ten seconds.

use std::{
    fmt,
    io::Read,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop, ProcessSession};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroize};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{
    document::Raw,
    environment::Environment,
    error::{nearest, shown},
    value::Surroundings,
};

/// How long a command may take.
const COMMAND_TIME: Duration = Duration::from_secs(10);

/// The longest secret: more is somebody's log, not a key.
const MAX_SECRET_BYTES: usize = 64 * 1024;

/// Where a secret is. Neither `Debug` nor `Display` shows it, and it can't be serialised.
#[derive(Clone)]
pub enum SecretRef {
    /// In an environment variable.
    Env(String),
    /// In a file that only its readers can read; a line end at its end does not count.
    File(PathBuf),
    /// What a command prints; a line end at its end does not count.
    Command(String),
    /// Here.
    Literal(SecretString),
}

/// Whether this process could have a secret, as far as can be seen without running anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readable {
    /// It could.
    Yes,
    /// It has to be tried: a command decides that itself.
    Perhaps,
    /// It could not; why, without the secret.
    No(String),
}

/// Why a secret could not be had. Holds nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or empty.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// The file can't be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Others of the box may change the file.
    #[error("{} may be changed by everybody (mode {mode:04o}); run: chmod 600 {}", path.display(), path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The command can't be started.
    #[error("cannot run the secret's command: {0}")]
    NotRun(std::io::Error),
    /// The command took longer than ten seconds and was ended.
    #[error("the secret's command did not end within {} s", COMMAND_TIME.as_secs())]
    Slow,
    /// The command failed.
    #[error("the secret's command failed ({status}){}", said.as_ref().map(|said| format!(": {said}")).unwrap_or_default())]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The beginning of the first line of its standard error.
        said: Option<String>,
    },
    /// It is there, and empty, or no text, or far too long.
    #[error("the secret in {0} is empty, no text, or longer than 64 KiB")]
    NoText(String),
}

impl SecretRef {
    /// Gets the secret. Dropping the future ends a command that runs for it, with all that it started.
    ///
    /// # Errors
    /// When it is not there, may be changed by everybody, or its command fails. No error holds any of it.
    pub async fn resolve(&self, environment: &Environment) -> Result<SecretString, SecretError> {
        match self {
            Self::Literal(secret) => Ok(secret.clone()),
            Self::Env(name) => match environment.get(name) {
                Some(value) => Ok(SecretString::from(value)),
                None => Err(SecretError::Unset(name.clone())),
            },
            Self::File(path) => {
                let mut bytes = Vec::new();
                open_private(path)?
                    .take(MAX_SECRET_BYTES as u64 + 2)
                    .read_to_end(&mut bytes)
                    .map_err(|cause| SecretError::Unreadable { path: path.clone(), cause })?;
                text(bytes, || path.display().to_string())
            }
            Self::Command(command) => run(command, environment).await,
        }
    }

    /// Whether this process could have it. Cheap: opens files, runs nothing.
    pub fn can_read(&self, environment: &Environment) -> Readable {
        match self {
            Self::Literal(_) => Readable::Yes,
            Self::Command(_) => Readable::Perhaps,
            Self::Env(name) if environment.get(name).is_some() => Readable::Yes,
            Self::Env(name) => Readable::No(SecretError::Unset(name.clone()).to_string()),
            Self::File(path) => match open_private(path) {
                Ok(_) => Readable::Yes,
                Err(error) => Readable::No(error.to_string()),
            },
        }
    }

    /// Whether everybody on the box can read it, with the command that mends that.
    pub fn exposed(&self) -> Option<String> {
        let Self::File(path) = self else { return None };
        let mode = std::fs::metadata(path).ok()?.mode();
        (mode & 0o004 != 0).then(|| format!("chmod o-r {}", path.display()))
    }

    /// Whether it stands in the configuration itself.
    pub fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }
}

/// The reference, masked as `config show` prints it: a command's arguments and literals do not appear.
impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "{{ env = \"{}\" }}", shown(name)),
            Self::File(path) => write!(f, "{{ file = \"{}\" }}", path.display()),
            Self::Command(command) => {
                let program = command.split_whitespace().next().unwrap_or_default();
                write!(f, "{{ command = \"{} …\" }}", shown(program))
            }
            Self::Literal(_) => f.write_str("***"),
        }
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads a reference as it stands in a file. No message quotes any of it.
pub(super) fn read(raw: &Raw, around: &Surroundings<'_>) -> Result<SecretRef, String> {
    const WAYS: &[&str] = &["env", "file", "command"];
    let entries = match raw {
        Raw::Text(text) if text.is_empty() => return Err("must not be empty".to_owned()),
        Raw::Text(text) => return Ok(SecretRef::Literal(SecretString::from(text.as_str()))),
        Raw::Table(entries) => entries,
        other => {
            return Err(format!(
                "must be {{ env = \"X\" }}, {{ file = \"F\" }}, {{ command = \"C\" }} or a text, not {}",
                other.what()
            ));
        }
    };
    let [entry] = entries.as_slice() else {
        return Err("must name exactly one of env, file, command".to_owned());
    };
    if !WAYS.contains(&entry.key.as_str()) {
        let hint = nearest(&entry.key, WAYS.iter().copied()).unwrap_or_default();
        return Err(format!("has no `{}`: {hint}", shown(&entry.key)));
    }
    let Raw::Text(text) = &entry.value else {
        return Err(format!("`{}` must be a text, not {}", entry.key, entry.value.what()));
    };
    if text.trim().is_empty() {
        return Err(format!("`{}` must not be empty", entry.key));
    }
    Ok(match entry.key.as_str() {
        "env" => SecretRef::Env(text.clone()),
        "file" => SecretRef::File(super::value::path(text, around)?),
        _ => SecretRef::Command(text.clone()),
    })
}

/// Opens a file of secrets, refusing one that everybody may change. Who may read it is the admin's to decide (a group's
/// 0640, a container's 0444); doctor names what everybody can read. What is looked at is the open file, not its name.
fn open_private(path: &Path) -> Result<std::fs::File, SecretError> {
    let unreadable = |cause| SecretError::Unreadable { path: path.to_owned(), cause };
    let file = std::fs::OpenOptions::new()
        .read(true)
        // A FIFO without a writer would hang for ever.
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(std::io::ErrorKind::IsADirectory.into()));
    }
    let mode = metadata.mode() & 0o7777;
    if metadata.is_file() && mode & 0o002 != 0 {
        return Err(SecretError::Open { path: path.to_owned(), mode });
    }
    Ok(file)
}

async fn run(command: &str, environment: &Environment) -> Result<SecretString, SecretError> {
    let mut shell = CommandWrap::with_new("/bin/sh", |shell| {
        shell
            .arg("-c")
            .arg(command)
            .env_clear()
            .envs(environment.variables())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    });
    shell.wrap(ProcessSession).wrap(KillOnDrop);
    let mut session = Session { child: shell.spawn().map_err(SecretError::NotRun)?, runs: true };
    let (stdout, stderr) = (session.child.stdout().take(), session.child.stderr().take());
    let both = async {
        let (out, err) = tokio::join!(drain(stdout, MAX_SECRET_BYTES + 2), drain(stderr, 4096));
        (session.child.wait().await, out, err)
    };
    let Ok((status, mut out, err)) = tokio::time::timeout(COMMAND_TIME, both).await else {
        return Err(SecretError::Slow);
    };
    session.runs = false;
    let status = status.map_err(SecretError::NotRun)?;
    if !status.success() {
        out.zeroize();
        let said = String::from_utf8_lossy(&err).lines().find(|line| !line.trim().is_empty()).map(shown);
        return Err(SecretError::Failed { status, said });
    }
    text(out, || "what the command printed".to_owned())
}

/// A running command. Ends with all that it has started when nobody waits for it any more.
struct Session {
    child: Box<dyn ChildWrapper>,
    runs: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.runs {
            // Fails only where it has ended meanwhile.
            let _ = self.child.start_kill();
        }
    }
}

/// Reads to the end and keeps at most `limit` bytes, so that a talkative command neither blocks nor fills memory.
async fn drain(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else { return kept };
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = pipe.read(&mut part).await {
        kept.extend_from_slice(&part[..read.min(limit.saturating_sub(kept.len()))]);
    }
    part.zeroize();
    kept
}

fn text(mut bytes: Vec<u8>, place: impl Fn() -> String) -> Result<SecretString, SecretError> {
    while bytes.last().is_some_and(|last| matches!(last, b'\n' | b'\r')) {
        bytes.pop();
    }
    let secret = match std::str::from_utf8(&bytes) {
        Ok(text) if !text.is_empty() && text.len() <= MAX_SECRET_BYTES => Ok(SecretString::from(text)),
        _ => Err(SecretError::NoText(place())),
    };
    bytes.zeroize();
    secret
}

/// Whether two secrets are the same text; for tests and for finding an account that is configured twice.
impl PartialEq for SecretRef {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Env(a), Self::Env(b)) | (Self::Command(a), Self::Command(b)) => a == b,
            (Self::File(a), Self::File(b)) => a == b,
            (Self::Literal(a), Self::Literal(b)) => a.expose_secret() == b.expose_secret(),
            _ => false,
        }
    }
}
