//! The store in one file of `SQLite`: one connection that writes, others that read, a bell that tells other processes.
//!
//! | file | what |
//! |---|---|
//! | [`open`] | folders, modes, pragmas, migrations; [`rescue`]: damaged files |
//! | [`actor`] | the threads that own the connections; [`bell`]: who is told of a commit |
//! | [`reading`], [`desk`], [`engine`] | the three traits |
//! | [`apply`], [`messages`], [`join`] | what vendors tell |
//! | [`conversations`], [`deadline`] | what a conversation's row holds of its messages and rows |
//! | [`commit`], [`changes`], [`drafts`], [`presence`], [`promises`], [`outbox`], [`settle`], [`tend`], [`import`], [`erase`] | what agents and the engine do |
//! | [`queue`] | which row goes next |
//! | [`query`], [`excerpt`] | the query language as SQL; the words around a hit |
//! | [`ledger`] | the log as figures read it |
//! | [`text`] | the full-text index |
//! | [`rows`], [`words`], [`files`] | rows as nouns, texts, attachments |

mod actor;
mod apply;
mod bell;
mod changes;
mod commit;
mod conversations;
mod deadline;
mod desk;
mod drafts;
mod engine;
mod erase;
mod excerpt;
mod files;
mod import;
mod join;
mod ledger;
mod lexicon;
mod marked;
mod messages;
mod narrow;
mod open;
mod outbox;
mod presence;
mod promises;
mod query;
mod queue;
mod reading;
mod rescue;
mod rows;
mod settle;
mod tend;
mod text;
mod uploads;
mod words;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use tokio::sync::watch;

pub use self::open::OpenOptions;
use self::{
    actor::{House, Reader, Writer},
    bell::{Ringer, Watcher},
    open::Modes,
};
use super::StoreError;
use crate::domain::time::{Clock, to_millis};

/// A store in a file. Cheap to share behind an `Arc`; dropping it waits for what is being written.
pub struct SqliteStore {
    // Dropped in this order: nobody may ask the writing thread to look when it is gone.
    _watcher: Watcher,
    writer: Writer,
    reader: Reader,
    searcher: OnceLock<Reader>,
    mark: watch::Receiver<u64>,
    path: PathBuf,
    modes: Modes,
    clock: Option<Arc<dyn Clock>>,
    notes: Vec<String>,
    _temporary: Option<tempfile::TempDir>,
}

impl SqliteStore {
    /// Opens a store, makes it where there is none, brings an older one up to date (with a copy beside it).
    ///
    /// # Errors
    /// `Unusable` with a sentence and the next step: wrong owner or mode, a newer schema, a disk that cannot be written.
    pub fn open(options: OpenOptions) -> Result<Self, StoreError> {
        Self::open_in(options, None)
    }

    /// A store of its own that vanishes with it: for the demo and for tests. `clock` as in [`OpenOptions`].
    ///
    /// # Errors
    /// No room for temporary files.
    pub fn temporary_with(clock: Option<Arc<dyn Clock>>) -> Result<Self, StoreError> {
        let folder = tempfile::Builder::new()
            .prefix("deskline-")
            .tempdir()
            .map_err(|error| StoreError::Unusable(format!("no temporary folder can be made: {error}")))?;
        let options = OpenOptions { clock, ..OpenOptions::at(folder.path().join("deskline.db")) };
        Self::open_in(options, Some(folder))
    }

    /// The same without a clock.
    ///
    /// # Errors
    /// See [`temporary_with`](Self::temporary_with).
    pub fn temporary() -> Result<Self, StoreError> {
        Self::temporary_with(None)
    }

    fn open_in(options: OpenOptions, temporary: Option<tempfile::TempDir>) -> Result<Self, StoreError> {
        let modes = Modes::of(&options)?;
        let mut opened = open::open(&options)?;
        if temporary.is_some() {
            // It ends with this process: waiting for the disk would keep nothing, and a busy one takes seconds.
            opened
                .writer
                .pragma_update(None, "synchronous", "OFF")
                .map_err(|error| actor::trouble(&error))?;
        }
        let reading = open::reading(&options.path)?;
        let folder = options.path.parent().unwrap_or(Path::new(".")).to_owned();
        let house = Arc::new(House {
            attachments: folder.join("attachments"),
            damaged: open::beside(&options.path, ".damaged"),
            keep_status_after_send: options.keep_status_after_send,
            latest: AtomicI64::new(0),
            many: AtomicBool::new(false),
            // Network file systems may number a file anew.
            file: House::inode(&options.path)
                .filter(|_| !opened.network)
                .map(|inode| (options.path.clone(), inode)),
        });
        let (mark, marked) = watch::channel(1);
        let thread = |error: std::io::Error| {
            StoreError::Unusable(format!("the store's threads cannot be started: {error}; end some programs"))
        };
        let ringer = Ringer::new(opened.bell, mark);
        let writer = Writer::start(opened.writer, Arc::clone(&house), ringer).map_err(thread)?;
        let watcher = Watcher::start(&opened.bell_path, opened.network, writer.looker()).map_err(thread)?;
        opened.notes.extend(watcher.note());
        let reader = Reader::start(reading, house, "store-reader").map_err(thread)?;
        Ok(Self {
            _watcher: watcher,
            writer,
            reader,
            searcher: OnceLock::new(),
            mark: marked,
            path: options.path,
            modes,
            clock: options.clock,
            notes: opened.notes,
            _temporary: temporary,
        })
    }

    /// What opening it has to say: that a damaged file was moved aside, and where to.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn now(&self) -> i64 {
        match &self.clock {
            Some(clock) => to_millis(clock.now()),
            None => self.writer.house().latest.load(Ordering::Relaxed),
        }
    }

    /// The connection for searches, so that a slow one never delays the list; opened at the first one.
    fn searcher(&self) -> Result<&Reader, StoreError> {
        if let Some(searcher) = self.searcher.get() {
            return Ok(searcher);
        }
        let searching = open::searching(&self.path)?;
        let started = Reader::start(searching, self.writer.shared_house(), "store-searcher")
            .map_err(|error| StoreError::Unusable(format!("a search cannot be started: {error}")))?;
        Ok(self.searcher.get_or_init(|| started))
    }
}

#[cfg(test)]
mod tests;
