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

/// Copies a file into a folder under its name, with a number where the name is taken: nothing is overwritten, no link
/// followed.
///
/// # Errors
/// The folder cannot be written, or a hundred such names are taken.
pub fn save_new(from: &Path, folder: &Path, name: &str) -> std::io::Result<PathBuf> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::create_dir_all(folder)?;
    let (stem, end) =
        name.rsplit_once('.').map_or((name, String::new()), |(stem, end)| (stem, format!(".{end}")));
    for n in 1..100 {
        let path = folder.join(if n == 1 { name.to_owned() } else { format!("{stem}-{n}{end}") });
        let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let mut to = match opened {
            Ok(to) => to,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        };
        std::io::copy(&mut std::fs::File::open(from)?, &mut to)?;
        to.sync_all()?;
        return Ok(path);
    }
    Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, format!("{name} is there a hundred times")))
}

/// Writes a file of the agent's own, its folders with it; never over another one.
///
/// # Errors
/// It is there already, or cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
