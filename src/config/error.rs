//! What is wrong with a configuration: everything at once, each with its place and a way out.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where a value was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: deskline's own default.
    Default,
    /// A line of a file, counted from 1.
    File {
        /// The file.
        path: Arc<Path>,
        /// The line.
        line: usize,
    },
    /// An environment variable, by its name.
    Environment(String),
    /// An argument of the command line, as it is spelled there (`--lang`).
    Argument(String),
}

impl Origin {
    /// The file that said it, `None` where no file did.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => Some(path),
            _ => None,
        }
    }

    /// Whether somebody said it, in a file or elsewhere.
    pub fn is_written(&self) -> bool {
        *self != Self::Default
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Argument(flag) => write!(f, "argument {flag}"),
        }
    }
}

/// One thing that is wrong, or (in [`super::Config::warnings`]) only odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, `None` where it is about the whole.
    pub origin: Option<Origin>,
    /// What. Never holds a secret, never a line of the file.
    pub message: String,
    /// What to do about it, where that can be said.
    pub hint: Option<String>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { origin: None, message: message.into(), hint: None }
    }

    pub(super) fn at(origin: &Origin, message: impl Into<String>) -> Self {
        let origin = (*origin != Origin::Default).then(|| origin.clone());
        Self { origin, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// A configuration that cannot be used. Holds every problem that was found, in the order of the files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// The program's exit code for it.
    pub const EXIT_CODE: u8 = 3;

    /// The files in which the problems stand, each once.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = Vec::new();
        for path in self.problems.iter().filter_map(|problem| problem.origin.as_ref()?.file()) {
            if files.iter().all(|known| known != path) {
                files.push(path.to_owned());
            }
        }
        files
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// Text of a file as it may stand in a message: one short line without control characters.
pub(super) fn shown(text: &str) -> String {
    let mut out: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        out.push('…');
    }
    // escape_debug also escapes quotes, which are harmless here and ugly.
    out.replace("\\'", "'").replace("\\\"", "\"")
}

/// `did you mean X?`, where something near enough is known; else the list of what there is.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let best = known
        .clone()
        .map(|candidate| {
            // A word cut short (`env` for `environment`) is near, however many letters it lacks.
            let cut = word.len() >= 3
                && candidate.len() >= 3
                && (word.starts_with(candidate) || candidate.starts_with(word));
            let near = strsim::normalized_damerau_levenshtein(word, candidate);
            (if cut { near.max(0.5) } else { near }, candidate)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    // Always names one: the reader may judge whether it is what he meant; far ones come with the whole list.
    if best.0 >= 0.4 {
        return Some(format!("did you mean `{}`?", best.1));
    }
    let all: Vec<&str> = known.collect();
    Some(format!("nearest is `{}`; known are {}", best.1, all.join(", ")))
}
