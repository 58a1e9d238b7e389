//! A damaged store is moved aside; what its outbox and drafts still hold is saved in a file that can be read.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, types::ValueRef};
use serde_json::{Map, Value};

use super::open::beside;
use crate::store::StoreError;

/// Moves the file and its companions aside; answers the sentence that says so.
pub(super) fn move_aside(path: &Path, why: &str) -> Result<String, StoreError> {
    let aside = (1..10_000)
        .map(|n| beside(path, &format!(".damaged-{n}")))
        .find(|it| !it.exists())
        .unwrap_or_else(|| beside(path, ".damaged-0"));
    let failed = |error: std::io::Error| {
        StoreError::Unusable(format!(
            "the store {} is damaged ({why}) and could not be moved aside: {error}; move it away by hand",
            path.display()
        ))
    };
    fs::rename(path, &aside).map_err(failed)?;
    for companion in ["-wal", "-shm"] {
        let _ = fs::rename(beside(path, companion), beside(&aside, companion));
    }
    let _ = fs::remove_file(beside(path, ".damaged"));
    let saved = save(&aside).unwrap_or_else(|error| {
        tracing::warn!(%error, "nothing of the damaged store's outbox could be read");
        None
    });
    let saved = match saved {
        Some((file, n)) => format!("{n} outbox rows and drafts were saved in {}", file.display()),
        None => "no outbox row or draft could be read from it".into(),
    };
    Ok(format!(
        "the store was damaged ({why}); it was moved to {}, {saved}, and a new one was begun: the next sync fills it",
        aside.display()
    ))
}

fn save(aside: &Path) -> Result<Option<(PathBuf, usize)>, Box<dyn std::error::Error>> {
    let db = Connection::open_with_flags(aside, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Without this, nothing at all is read of a file that is shorter than its head says.
    db.pragma_update(None, "writable_schema", true)?;
    let mut lines = Vec::new();
    // Row by row, from either end: what comes before the damage is kept, and what comes after it.
    for (table, order) in
        [("outbox", "n"), ("outbox", "n DESC"), ("draft", "conversation"), ("draft", "conversation DESC")]
    {
        let Ok(mut statement) = db.prepare(&format!("SELECT * FROM {table} ORDER BY {order}")) else {
            continue;
        };
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let Ok(mut rows) = statement.query([]) else { continue };
        while let Ok(Some(row)) = rows.next() {
            let mut line = Map::new();
            line.insert("from".into(), table.into());
            for (i, name) in names.iter().enumerate() {
                let value = match row.get_ref(i) {
                    Ok(ValueRef::Integer(n)) => n.into(),
                    Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).into_owned().into(),
                    _ => Value::Null,
                };
                line.insert(name.clone(), value);
            }
            let line = (line.get("state").and_then(Value::as_str) != Some("sent"))
                .then(|| Value::Object(line).to_string());
            lines.extend(line.filter(|line| !lines.contains(line)));
        }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let file = beside(aside, ".saved.jsonl");
    let mut out = fs::File::options().write(true).create_new(true).mode(0o600).open(&file)?;
    for line in &lines {
        writeln!(out, "{line}")?;
    }
    out.sync_all()?;
    Ok(Some((file, lines.len())))
}
