//! Errors turned once into what the person at the terminal reads: what happened, what was kept, what to do next.

use std::process::ExitCode;

use crate::{
    channels::{ChannelError, ErrorKind},
    store::StoreError,
};

/// Exit codes, as interface.md has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// Failed.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// Configuration.
    Config = 3,
    /// A vendor refused our credentials.
    Credentials = 4,
    /// A vendor refused the request, or is unreachable.
    Vendor = 5,
    /// Outcome uncertain.
    Uncertain = 6,
    /// The store is not usable.
    Store = 7,
    /// Time up while waiting.
    TimeUp = 8,
    /// Interrupted.
    Interrupted = 130,
}

/// An error with its exit code. The text may hold vendors' words: it is made safe where it is printed.
#[derive(Debug)]
pub struct CliError {
    /// How the program ends.
    pub code: Code,
    /// What happened, and what was kept.
    pub text: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl CliError {
    /// An error.
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), hint: None }
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code for the shell.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code as u8)
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::File(text) => Self::new(Code::Failed, text),
            other => Self::new(Code::Store, other.to_string()).hint("deskline doctor looks at the store"),
        }
    }
}

impl From<ChannelError> for CliError {
    fn from(error: ChannelError) -> Self {
        Self::new(code_of(&error), error.words)
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::new(Code::Failed, error.to_string())
    }
}

/// The exit code of a vendor's error.
pub fn code_of(error: &ChannelError) -> Code {
    match error.kind {
        ErrorKind::Credentials => Code::Credentials,
        ErrorKind::Ours => Code::Failed,
        _ => Code::Vendor,
    }
}
