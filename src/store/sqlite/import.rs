//! Imported conversations: applied as a vendor's would be, then set as their file says, once.

use rusqlite::{OptionalExtension, Result, params};

use super::{
    actor::Tx,
    apply,
    conversations::log,
    rows::{details, to_json},
};
use crate::{
    domain::{Capabilities, ChannelKind, ChannelName, Descriptor, Status},
    store::Imported,
};

/// Imports; repeating it changes nothing, and what was changed here since stays.
pub(super) fn import(tx: &Tx<'_>, channel: &str, conversations: &[Imported], now: i64) -> Result<()> {
    tx.expects(true)?;
    // Nothing waits for the store beside an import, as a sync's next pages do: it has that room too.
    tx.db.pragma_update(None, "cache_size", -16_000)?;
    register(tx, channel, now)?;
    for imported in conversations {
        let known = apply::find(tx.db, channel, &imported.remote_id)?;
        apply::page_then(tx, channel, &imported.page, now, |id| match known {
            Some(_) => Ok(()),
            None => as_it_stands(tx, id, imported),
        })?;
    }
    Ok(())
}

/// Status, assignee and tags of the file: taken once, so that what was changed here since stays.
fn as_it_stands(tx: &Tx<'_>, id: i64, imported: &Imported) -> Result<()> {
    let resolved = matches!(imported.status, Status::Resolved | Status::Closed);
    tx.db
        .prepare_cached(
            "UPDATE conversation SET status = ?2, resolved_at = iif(?3, ifnull(vendor_updated_at, updated_at), NULL), \
             assignee = ?4, labels = ?5, gate = 'read_only', named = 1 WHERE id = ?1",
        )?
        .execute(params![id, imported.status.as_str(), resolved, imported.assignee, to_json(&imported.tags)])?;
    // The file says what it is, not when it became so.
    let facts = details([("to", imported.status.as_str().into()), ("as_it_stands", true.into())]);
    let updated: i64 = tx.db.query_row(
        "SELECT max(ifnull(vendor_updated_at, 0), ifnull((SELECT max(at) FROM message \
         WHERE conversation = ?1), 0)) FROM conversation WHERE id = ?1",
        [id],
        |r| r.get(0),
    )?;
    log(tx.db, updated, Some(id), None, "state", &facts)?;
    if let Some(assignee) = &imported.assignee {
        log(tx.db, updated, Some(id), None, "assign", &details([("to", assignee.clone().into())]))?;
    }
    for tag in &imported.tags {
        tx.db.prepare_cached("INSERT OR IGNORE INTO label VALUES (?1, ?2)")?.execute(params![tag, id])?;
    }
    Ok(())
}

fn register(tx: &Tx<'_>, channel: &str, now: i64) -> Result<()> {
    let known =
        tx.db.query_row("SELECT 1 FROM channel WHERE name = ?1", [channel], |_| Ok(())).optional()?.is_some();
    if known {
        return Ok(());
    }
    let short: String =
        channel.chars().filter(|c| c.is_alphanumeric()).take(4).flat_map(char::to_uppercase).collect();
    let descriptor = Descriptor {
        name: ChannelName(channel.to_owned()),
        kind: ChannelKind::IMPORT,
        short: short.clone(),
        vendor: None,
        capabilities: Capabilities::read_only(),
        languages: Vec::new(),
        undo_window_ms: 0,
        account: None,
        categories: Vec::new(),
        templates: Vec::new(),
        clocks: crate::domain::clock::Policy::default(),
        manner: crate::domain::channel::Manner::default(),
    };
    tx.db.execute(
        "INSERT INTO channel VALUES (?1, 'import', ?2, ?3, 0, '[]', ?4)",
        params![channel, short, to_json(&descriptor), now],
    )?;
    tx.rings();
    Ok(())
}
