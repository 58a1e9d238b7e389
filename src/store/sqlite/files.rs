//! Files of messages: beside the store, under the hash of their bytes.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::open::Modes;
use crate::{domain::attachment::StoredFile, store::StoreError};

/// Where the bytes of a hash are.
pub(super) fn path_of(folder: &Path, sha256: &str) -> PathBuf {
    // A hash is ours to make, but an announced one comes from outside: nothing but its digits may reach a path.
    let safe: String = sha256.chars().filter(char::is_ascii_hexdigit).take(64).collect();
    folder.join(safe.get(..2).unwrap_or("00")).join(safe)
}

/// Copies a file into the folder; MIME by content.
pub(super) fn add(
    folder: &Path,
    modes: Modes,
    from: &Path,
    max_bytes: u64,
) -> Result<StoredFile, StoreError> {
    let shown = from.display();
    let refused =
        |error: io::Error| StoreError::File(format!("{shown} cannot be read: {error}; the text is kept"));
    let source = File::open(from).map_err(refused)?;
    let about = source.metadata().map_err(refused)?;
    if !about.is_file() {
        return Err(StoreError::File(format!("{shown} is not a file; the text is kept")));
    }
    if about.len() > max_bytes {
        return Err(StoreError::File(format!(
            "{shown} has {} bytes and at most {max_bytes} are taken; the text is kept",
            about.len()
        )));
    }
    let temporary = temporary(folder);
    let copied = copy(source, &temporary, modes, max_bytes);
    let (sha256, size, head) = match copied {
        Ok(copied) => copied,
        Err(error) => {
            let _ = fs::remove_file(&temporary);
            return Err(match error.kind() {
                io::ErrorKind::StorageFull => {
                    StoreError::Full(format!("{shown} was not attached; the text is kept"))
                }
                io::ErrorKind::FileTooLarge => {
                    StoreError::File(format!("{shown} grew over {max_bytes} bytes; the text is kept"))
                }
                _ => StoreError::File(format!("{shown} cannot be copied: {error}; the text is kept")),
            });
        }
    };
    keep(folder, modes, &temporary, &sha256)
        .map_err(|error| StoreError::File(format!("{shown} cannot be kept: {error}; the text is kept")))?;
    let name = from.file_name().map_or_else(|| sha256.clone(), |name| name.to_string_lossy().into_owned());
    let mime = mime(&head, &name);
    Ok(StoredFile { sha256, name, mime, size })
}

/// A name in the folder that nobody else has.
pub(super) fn temporary(folder: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    folder.join(format!(".part-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)))
}

/// How the parts of files begin that are on their way.
pub(super) const FETCHING: &str = ".fetch-";

/// Where what has come of a file waits for the rest.
pub(super) fn part(folder: &Path, message: i64, n: u32) -> PathBuf {
    folder.join(format!("{FETCHING}{message}-{n}.part"))
}

/// Makes a part so long without writing into it: how much of a file has left.
pub(super) fn set_part(path: &Path, modes: Modes, bytes: u64) {
    let mut options = fs::OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(modes.file)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits());
    // Where it cannot be made nobody sees how far it has come; the file goes all the same.
    let _ = options.open(path).and_then(|part| part.set_len(bytes));
}

/// Removes what has come of a file that will not come whole any more.
pub(super) fn drop_part(path: &Path) {
    // What cannot be removed is in nobody's way: it is written over, or swept out with the next erasure.
    let _ = fs::remove_file(path);
    let _ = fs::remove_file(path.with_extension("tag"));
}

/// Hash, size and first bytes of a file that came; it is moved to its place.
pub(super) fn take(folder: &Path, modes: Modes, path: &Path) -> io::Result<(String, u64, Vec<u8>)> {
    let mut source = File::open(path)?;
    let mut hash = Sha256::new();
    let (mut size, mut head, mut buffer) = (0u64, Vec::new(), vec![0; 64 << 10]);
    loop {
        let n = source.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        size += n as u64;
        if head.len() < 8192 {
            head.extend_from_slice(&buffer[..n.min(8192)]);
        }
    }
    source.sync_all()?;
    let sha256 = hex::encode(hash.finalize());
    keep(folder, modes, path, &sha256)?;
    Ok((sha256, size, head))
}

fn copy(mut from: File, to: &Path, modes: Modes, max: u64) -> io::Result<(String, u64, Vec<u8>)> {
    let mut out = File::options().write(true).create_new(true).mode(modes.file).open(to)?;
    let mut hash = Sha256::new();
    let (mut size, mut head, mut buffer) = (0u64, Vec::new(), vec![0; 64 << 10]);
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        size += n as u64;
        if size > max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if head.len() < 8192 {
            head.extend_from_slice(&buffer[..n.min(8192)]);
        }
        hash.update(&buffer[..n]);
        out.write_all(&buffer[..n])?;
    }
    out.sync_all()?;
    Ok((hex::encode(hash.finalize()), size, head))
}

fn keep(folder: &Path, modes: Modes, temporary: &Path, sha256: &str) -> io::Result<()> {
    let path = path_of(folder, sha256);
    let shelf = path.parent().unwrap_or(folder);
    modes.make_folder(shelf)?;
    modes.settle(temporary, modes.file)?;
    fs::rename(temporary, &path)?;
    File::open(shelf)?.sync_all()
}

/// The name of a file: its sender's, else one that says what it is.
pub(super) fn name(given: Option<String>, mime: &str, path: &Path) -> String {
    if let Some(name) = given.filter(|name| !name.trim().is_empty()) {
        return name;
    }
    let found = infer::get_from_path(path).ok().flatten();
    let mime = match &found {
        Some(found) if mime == "application/octet-stream" => found.mime_type(),
        _ => mime.split(';').next().unwrap_or(mime).trim(),
    };
    let (kind, subtype) = mime.split_once('/').unwrap_or((mime, ""));
    let stem = match kind {
        "image" => "photo",
        "video" => "video",
        "audio" => "audio",
        _ => "document",
    };
    let plain = |it: &str| it.chars().all(|c| c.is_ascii_alphanumeric()) && (2..=5).contains(&it.len());
    let extension = match (mime, &found) {
        ("image/jpeg", _) => "jpg",
        ("audio/ogg" | "audio/opus", _) => "ogg",
        ("audio/mpeg", _) => "mp3",
        ("audio/mp4", _) => "m4a",
        ("video/quicktime", _) => "mov",
        ("text/plain", _) => "txt",
        (_, Some(found)) => found.extension(),
        ("application/octet-stream", None) => "bin",
        (_, None) if plain(subtype) => subtype,
        _ => "bin",
    };
    format!("{stem}.{extension}")
}

/// What the bytes are; text is told by its name.
pub(super) fn mime(head: &[u8], name: &str) -> String {
    if let Some(kind) = infer::get(head) {
        return kind.mime_type().to_owned();
    }
    let text = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && !head.is_empty(),
    };
    let extension = Path::new(name).extension().and_then(|it| it.to_str()).unwrap_or("").to_lowercase();
    match (text && !head.contains(&0), extension.as_str()) {
        (false, _) => "application/octet-stream",
        (true, "csv") => "text/csv",
        (true, "json") => "application/json",
        (true, "xml") => "text/xml",
        (true, "html" | "htm") => "text/html",
        _ => "text/plain",
    }
    .to_owned()
}
