//! Drafts: one for each conversation, agent and kind, written in one window at a time. A text that gives way to another
//! one stays as a version of the draft.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    actor::Tx,
    reading,
    rows::{from_json, to_json},
};
use crate::domain::{
    ConversationId, Draft, DraftHeld, DraftKind, DraftSave, DraftWindow,
    time::{from_millis, to_millis},
};

/// A window on another box that was not heard of for so long has let go.
const LEASE_MS: i64 = 10_000;
/// Versions of a draft that are kept.
const VERSIONS: i64 = 20;

/// Which window a stored draft belongs to.
struct Writer {
    window: Option<String>,
    place: Option<String>,
    until: i64,
    saved_at: i64,
}

impl Writer {
    fn is(&self, window: &DraftWindow) -> bool {
        self.window.as_ref().is_none_or(|it| *it == window.name)
    }

    /// Whether it is open in another window that still runs.
    fn holds(&self, window: &DraftWindow, now: i64) -> bool {
        !self.is(window)
            && self.until != 0
            && self.window.as_deref().is_some_and(|it| runs(it, self.until > now))
    }

    fn held(&self) -> DraftHeld {
        DraftHeld {
            place: self.place.clone().unwrap_or_else(|| "another window".into()),
            at: from_millis(self.saved_at),
        }
    }
}

/// Whether a window's process lives: on this box the system knows, of another box only the lease tells.
pub(super) fn runs(window: &str, leased: bool) -> bool {
    let here = nix::unistd::gethostname().unwrap_or_default();
    let process = window
        .rsplit_once(':')
        .filter(|(name, _)| name.rsplit_once('@').is_some_and(|(_, host)| *host == *here.to_string_lossy()))
        .and_then(|(_, number)| rustix::process::Pid::from_raw(number.parse().ok()?));
    match process {
        Some(process) => !matches!(rustix::process::test_kill_process(process), Err(rustix::io::Errno::SRCH)),
        None => leased,
    }
}

type Key<'a> = (i64, &'a str, DraftKind);

fn writer(db: &Connection, (of, agent, kind): Key<'_>) -> Result<Option<Writer>> {
    db.prepare_cached(
        "SELECT window, place, until, saved_at FROM draft WHERE conversation = ?1 AND agent = ?2 AND kind = ?3",
    )?
    .query_row(params![of, agent, kind.as_str()], |r| {
        Ok(Writer { window: r.get(0)?, place: r.get(1)?, until: r.get(2)?, saved_at: r.get(3)? })
    })
    .optional()
}

/// The draft, now this window's unless another one has it open.
pub(super) fn open(
    tx: &Tx<'_>,
    key: Key<'_>,
    window: &DraftWindow,
    now: i64,
) -> Result<(Option<Draft>, Option<DraftHeld>)> {
    let draft = reading::draft(tx.db, key.0, key.1, key.2)?;
    let Some(writer) = writer(tx.db, key)? else { return Ok((None, None)) };
    if writer.holds(window, now) {
        return Ok((draft, Some(writer.held())));
    }
    // Colleagues see that somebody writes here.
    if writer.until == 0 {
        tx.rings();
    }
    claim(tx.db, key, window, now)?;
    Ok((draft, None))
}

/// Saves what a window writes. A text that another window's stands in the way of stays as a version.
pub(super) fn write(
    tx: &Tx<'_>,
    draft: Draft,
    window: &DraftWindow,
    how: DraftSave,
    now: i64,
) -> Result<std::result::Result<(), DraftHeld>> {
    let agent = draft.agent.clone();
    let key = (draft.conversation.map_or(0, |it| it.0), agent.as_str(), draft.kind);
    let had = writer(tx.db, key)?;
    let foreign = had.as_ref().filter(|had| match how {
        // It has read the stored one only if that one became its own.
        DraftSave::Replace => !had.is(window),
        DraftSave::Add => had.holds(window, now),
    });
    if let Some(had) = foreign {
        keep(
            tx.db,
            key,
            &draft.body,
            &to_json(&draft.files),
            to_millis(draft.saved_at),
            Some(&window.place),
        )?;
        return Ok(Err(had.held()));
    }
    if had.as_ref().is_some_and(|had| had.until == 0) {
        tx.rings();
    }
    if had.is_some_and(|had| had.window.is_none()) {
        // Put back by the store while this window wrote: it may not have been read here.
        keep_stored(tx.db, key)?;
    }
    let draft = match (how, reading::draft(tx.db, key.0, key.1, key.2)?) {
        (DraftSave::Add, Some(stored)) => draft.added_to(stored),
        _ => draft,
    };
    save(tx, &draft)?;
    claim(tx.db, key, window, now)?;
    Ok(Ok(()))
}

/// Takes the draft from the window that has it. `mine`: what stood in this one's composer.
pub(super) fn take_over(tx: &Tx<'_>, mine: &Draft, window: &DraftWindow, now: i64) -> Result<Option<Draft>> {
    let key = (mine.conversation.map_or(0, |it| it.0), mine.agent.as_str(), mine.kind);
    let theirs = reading::draft(tx.db, key.0, key.1, key.2)?;
    if theirs.as_ref().is_none_or(|theirs| theirs.body != mine.body) {
        keep(tx.db, key, &mine.body, &to_json(&mine.files), to_millis(mine.saved_at), Some(&window.place))?;
    }
    keep_stored(tx.db, key)?;
    claim(tx.db, key, window, now)?;
    Ok(theirs)
}

/// The window's composer was closed.
pub(super) fn close(tx: &Tx<'_>, (of, agent, kind): Key<'_>, window: &DraftWindow) -> Result<()> {
    let closed = tx
        .db
        .prepare_cached(
            "UPDATE draft SET until = 0 WHERE conversation = ?1 AND agent = ?2 AND kind = ?3 AND window = ?4 \
             AND until <> 0",
        )?
        .execute(params![of, agent, kind.as_str(), window.name])?;
    if closed > 0 {
        tx.rings();
    }
    Ok(())
}

fn claim(db: &Connection, (of, agent, kind): Key<'_>, window: &DraftWindow, now: i64) -> Result<()> {
    db.prepare_cached(
        "UPDATE draft SET window = ?4, place = ?5, until = ?6 WHERE conversation = ?1 AND agent = ?2 AND kind = ?3",
    )?
    .execute(params![of, agent, kind.as_str(), window.name, window.place, now + LEASE_MS])?;
    Ok(())
}

/// Saves a draft as nobody's; an empty one (no text, no files) is removed, and what stood there stays as a version.
pub(super) fn save(tx: &Tx<'_>, draft: &Draft) -> Result<()> {
    let db = tx.db;
    let key = (draft.conversation.map_or(0, |it| it.0), draft.agent.as_str(), draft.kind);
    let has = !(draft.body.is_empty() && draft.files.is_empty() && draft.form.is_null());
    let had = writer(db, key)?.is_some();
    // The letters change with every key, the mark in the list does not.
    if had != has {
        tx.rings();
    }
    if !has {
        keep_stored(db, key)?;
        db.prepare_cached("DELETE FROM draft WHERE conversation = ?1 AND agent = ?2 AND kind = ?3")?
            .execute(params![key.0, key.1, key.2.as_str()])?;
        return Ok(());
    }
    let place = |n: usize| i64::try_from(n).unwrap_or(0);
    db.prepare_cached(
        "INSERT OR REPLACE INTO draft (conversation, agent, kind, body, line, column_, files, quote, form, saved_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        key.0,
        key.1,
        key.2.as_str(),
        draft.body,
        place(draft.cursor.0),
        place(draft.cursor.1),
        to_json(&draft.files),
        draft.quote.map(|it| it.0),
        to_json(&draft.form),
        to_millis(draft.saved_at)
    ])?;
    Ok(())
}

/// Keeps the stored text as a version.
pub(super) fn keep_stored(db: &Connection, key: Key<'_>) -> Result<()> {
    let stored: Option<(String, String, i64, Option<String>)> = db
        .prepare_cached(
            "SELECT body, files, saved_at, place FROM draft WHERE conversation = ?1 AND agent = ?2 AND kind = ?3",
        )?
        .query_row(params![key.0, key.1, key.2.as_str()], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
        })
        .optional()?;
    match stored {
        Some((body, files, saved_at, place)) => keep(db, key, &body, &files, saved_at, place.as_deref()),
        None => Ok(()),
    }
}

fn keep(
    db: &Connection,
    (of, agent, kind): Key<'_>,
    body: &str,
    files: &str,
    saved_at: i64,
    place: Option<&str>,
) -> Result<()> {
    if body.trim().is_empty() && files == "[]" {
        return Ok(());
    }
    let newest: Option<String> = db
        .prepare_cached(
            "SELECT body FROM draft_version WHERE conversation = ?1 AND agent = ?2 AND kind = ?3 ORDER BY n DESC LIMIT 1",
        )?
        .query_row(params![of, agent, kind.as_str()], |r| r.get(0))
        .optional()?;
    if newest.as_deref() == Some(body) {
        return Ok(());
    }
    db.execute(
        "INSERT INTO draft_version (conversation, agent, kind, body, files, saved_at, place) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![of, agent, kind.as_str(), body, files, saved_at, place],
    )?;
    db.execute(
        "DELETE FROM draft_version WHERE conversation = ?1 AND agent = ?2 AND kind = ?3 AND n <= (SELECT n FROM \
         draft_version WHERE conversation = ?1 AND agent = ?2 AND kind = ?3 ORDER BY n DESC LIMIT 1 OFFSET ?4)",
        params![of, agent, kind.as_str(), VERSIONS],
    )?;
    Ok(())
}

/// Texts that gave way, newest first.
pub(super) fn versions(db: &Connection, (of, agent, kind): Key<'_>) -> Result<Vec<Draft>> {
    db.prepare_cached(
        "SELECT body, files, saved_at FROM draft_version WHERE conversation = ?1 AND agent = ?2 AND kind = ?3 \
         ORDER BY n DESC",
    )?
    .query_map(params![of, agent, kind.as_str()], |r| {
        Ok(Draft {
            conversation: (of != 0).then_some(ConversationId(of)),
            agent: agent.to_owned(),
            kind,
            body: r.get(0)?,
            cursor: (0, 0),
            files: from_json(&r.get::<_, String>(1)?),
            quote: None,
            form: serde_json::Value::Null,
            saved_at: from_millis(r.get(2)?),
        })
    })?
    .collect()
}
