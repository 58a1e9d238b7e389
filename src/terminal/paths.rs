//! Paths as agents type them.

use std::path::{Path, PathBuf};

/// A typed path, `~` being `home`.
pub fn expand(typed: &str, home: &Path) -> PathBuf {
    match typed.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(rest) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(typed),
    }
}

/// At most this many completions.
const MOST: usize = 50;

/// The paths that begin as `typed`, folders with a `/` at the end, sorted; at most fifty. Hidden ones only where the
/// name was begun with a dot.
pub fn complete(typed: &str, home: &Path) -> Vec<String> {
    let (folder_typed, begun) = match typed.rfind('/') {
        Some(at) => typed.split_at(at + 1),
        None => ("", typed),
    };
    let folder = if folder_typed.is_empty() { PathBuf::from(".") } else { expand(folder_typed, home) };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            if !name.starts_with(begun) || (name.starts_with('.') && !begun.starts_with('.')) {
                return None;
            }
            let end = if entry.path().is_dir() { "/" } else { "" };
            Some(format!("{folder_typed}{name}{end}"))
        })
        .collect();
    found.sort();
    found.truncate(MOST);
    found
}
