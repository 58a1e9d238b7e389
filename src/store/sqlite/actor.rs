//! The threads that own the connections. One writes: what is queued when it looks is one transaction, each caller's part
//! in its own savepoint (one alone needs none, and what changes much is alone), each answered after the commit. Others
//! read, each on its own read-only connection.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread::JoinHandle,
};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::{bell::Ringer, text};
use crate::{
    domain::clock::Policy,
    store::{StoreError, crash::crash_point},
};

/// How many calls may wait for a thread before their callers wait for room.
const QUEUE: usize = 256;
/// How many queued writes share a transaction.
const BATCH: usize = 64;

/// What a write works with.
pub(super) struct Tx<'a> {
    /// The connection, inside a transaction.
    pub(super) db: &'a Connection,
    /// Whether anything that others can see has changed.
    rings: Cell<bool>,
    /// One caller has the transaction for himself, and no savepoint: what he touches is not kept twice.
    alone: bool,
    /// That one's work failed: nothing of it is kept.
    failed: Cell<bool>,
    /// What the whole store is told once.
    pub(super) house: &'a House,
    /// The clocks of each channel, beside the descriptor they stand in.
    pub(super) policies: &'a Policies,
}

/// The clocks of each channel that was asked for, beside the descriptor that they were read from.
pub(super) type Policies = RefCell<HashMap<String, (String, Rc<Policy>)>>;

/// What every write may need to know.
#[derive(Debug)]
pub(super) struct House {
    /// The folder of attachments.
    pub(super) attachments: PathBuf,
    /// Made where the file is found damaged in use: the next start moves it aside.
    pub(super) damaged: PathBuf,
    /// `after_send = "keep"`.
    pub(super) keep_status_after_send: bool,
    /// The newest time that was told: for what is asked without one.
    pub(super) latest: AtomicI64,
    /// Whether the writing connection is set for many rows at once.
    pub(super) many: AtomicBool,
    /// The file that was opened, and which one it is: another process that finds it damaged moves it aside.
    pub(super) file: Option<(PathBuf, u64)>,
}

impl Tx<'_> {
    /// Something that a screen shows has changed: the bell is rung after the commit.
    pub(super) fn rings(&self) {
        self.rings.set(true);
    }

    /// Whether many rows come now, as an import or a first sync brings them. They add to every index at once: the indexes
    /// stay in memory as long as that goes on, or the disk is read for each row; and a page that many transactions change
    /// is written back to the file once in a while, not after each of them.
    pub(super) fn expects(&self, many: bool) -> rusqlite::Result<()> {
        if self.house.many.swap(many, Ordering::Relaxed) == many {
            return Ok(());
        }
        self.db.execute_batch(if many {
            "PRAGMA cache_size = -10000; PRAGMA wal_autocheckpoint = 12000"
        } else {
            super::open::FEW
        })
    }
}

type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// One caller's part. Given an error in place of a transaction, it answers its caller at once.
type Job = Box<dyn FnOnce(Result<&Tx<'_>, StoreError>) -> Option<Finish> + Send>;

enum Order {
    Write(Job),
    /// Much at once: it gets a transaction for itself. In a savepoint each page that it changes would be kept twice.
    Alone(Job),
    /// The bell was rung: has anybody else committed?
    Look,
}

/// The writing thread.
pub(super) struct Writer {
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
    house: Arc<House>,
}

/// Lets the bell's watcher ask the writing thread to look.
pub(super) struct Looker(mpsc::WeakSender<Order>);

impl Looker {
    /// Asks whether others have committed. `false`: the store is closed.
    pub(super) fn look(&self) -> bool {
        self.0.upgrade().is_some_and(|orders| orders.blocking_send(Order::Look).is_ok())
    }
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(db: Connection, house: Arc<House>, ringer: Ringer) -> std::io::Result<Self> {
        let (orders, queue) = mpsc::channel(QUEUE);
        let told = Arc::clone(&house);
        // Before anybody reads: what is committed from now on is heard, however late the thread begins.
        let seen = version(&db);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .stack_size(1 << 20)
            .spawn(move || run(&db, &told, &ringer, queue, seen))?;
        Ok(Self { orders: Some(orders), thread: Some(thread), house })
    }

    /// A handle for the bell's watcher.
    pub(super) fn looker(&self) -> Looker {
        Looker(self.orders.as_ref().expect("is taken only when it is dropped").downgrade())
    }

    /// What every write knows.
    pub(super) fn house(&self) -> &House {
        &self.house
    }

    /// The same, to keep.
    pub(super) fn shared_house(&self) -> Arc<House> {
        Arc::clone(&self.house)
    }

    /// Runs `work` in a transaction and answers when it is on disk. Dropping the future does not stop it. `step`: its
    /// name for the crash-point test.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        step: &'static str,
        work: impl FnOnce(&Tx<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.order(step, work, Order::Write).await
    }

    /// The same for work that changes much.
    pub(super) async fn write_much<T: Send + 'static>(
        &self,
        step: &'static str,
        work: impl FnOnce(&Tx<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.order(step, work, Order::Alone).await
    }

    async fn order<T: Send + 'static>(
        &self,
        step: &'static str,
        work: impl FnOnce(&Tx<'_>) -> rusqlite::Result<T> + Send + 'static,
        how: fn(Job) -> Order,
    ) -> Result<T, StoreError> {
        crash_point(step, "before");
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            let tx = match tx {
                Ok(tx) => tx,
                Err(error) => {
                    let _ = answer.send(Err(error));
                    return None;
                }
            };
            let done = part(tx, work);
            crash_point(step, "within");
            Some(Box::new(move |committed| {
                let _ = answer.send(match (done, committed) {
                    (Ok(value), Ok(())) => Ok(value),
                    (Err(error), _) => Err(trouble(&error)),
                    (Ok(_), Err(error)) => Err(error),
                });
            }))
        });
        let orders = self.orders.as_ref().ok_or(StoreError::Closed)?;
        orders.send(how(job)).await.map_err(|_| StoreError::Closed)?;
        let done = answered.await.map_err(|_| StoreError::Closed)?;
        crash_point(step, "after");
        done
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn part<T>(tx: &Tx<'_>, work: impl FnOnce(&Tx<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let rang = tx.rings.get();
    if !tx.alone {
        tx.db.execute_batch("SAVEPOINT part")?;
    }
    let done = work(tx);
    if done.is_ok() {
        if !tx.alone {
            tx.db.execute_batch("RELEASE part")?;
        }
    } else {
        if let Err(error) = &done
            && is_damage(error)
        {
            tx.house.note_damage();
        }
        tx.rings.set(rang);
        if tx.alone {
            tx.failed.set(true);
        } else if !tx.db.is_autocommit() {
            tx.db.execute_batch("ROLLBACK TO part; RELEASE part")?;
        }
    }
    done
}

/// Changes whenever another connection has committed.
fn version(db: &Connection) -> i64 {
    db.pragma_query_value(None, "data_version", |row| row.get(0)).unwrap_or(0)
}

fn run(db: &Connection, house: &House, ringer: &Ringer, mut queue: mpsc::Receiver<Order>, mut seen: i64) {
    let mut jobs = Vec::new();
    let policies = Policies::default();
    let mut put_off = None;
    while let Some(order) = put_off.take().or_else(|| queue.blocking_recv()) {
        let mut look = false;
        let mut next = Some(order);
        while let Some(order) = next {
            match order {
                Order::Write(job) => jobs.push(job),
                Order::Alone(job) if jobs.is_empty() => {
                    jobs.push(job);
                    break;
                }
                Order::Alone(_) => {
                    put_off = Some(order);
                    break;
                }
                Order::Look => look = true,
            }
            next = if jobs.len() < BATCH { queue.try_recv().ok() } else { None };
        }
        if !jobs.is_empty() && batch(db, house, &policies, std::mem::take(&mut jobs)) {
            ringer.ring();
        }
        if look {
            let now = version(db);
            // A file that was moved aside has no further commits: the screens are told by what they read next.
            if now != seen || house.moved() {
                seen = now;
                ringer.heard();
            }
        }
    }
    let _ = db.execute_batch("PRAGMA optimize");
}

/// Runs the jobs in one transaction; answers whether the bell is to be rung.
fn batch(db: &Connection, house: &House, policies: &Policies, jobs: Vec<Job>) -> bool {
    if let Err(words) = house.still_there().and_then(|()| begin(db).map_err(|error| trouble(&error))) {
        for job in jobs {
            job(Err(copy(&words)));
        }
        return false;
    }
    let tx =
        Tx { db, rings: Cell::new(false), alone: jobs.len() == 1, failed: Cell::new(false), house, policies };
    let mut finishes = Vec::with_capacity(jobs.len());
    let mut lost = None;
    for job in jobs {
        match &lost {
            Some(error) => drop(job(Err(copy(error)))),
            None => finishes.extend(job(Ok(&tx))),
        }
        if tx.failed.get() {
            break;
        }
        if lost.is_none() && db.is_autocommit() {
            // Disk full and a few others end the whole transaction: nothing of it was kept.
            lost = Some(StoreError::Full(FULL.into()));
        }
    }
    let committed = match lost {
        Some(error) => Err(error),
        None if tx.failed.get() => {
            // Its caller is told why; where SQLite has ended the transaction itself this says that there is none.
            let _ = db.execute_batch("ROLLBACK");
            Ok(())
        }
        None => text::index(db).and_then(|()| db.execute_batch("COMMIT")).map_err(|error| {
            let _ = db.execute_batch("ROLLBACK");
            trouble(&error)
        }),
    };
    for finish in finishes {
        finish(committed.as_ref().copied().map_err(copy));
    }
    committed.is_ok() && tx.rings.get()
}

const MOVED: &str = "the store's file is another one now: a deskline that found it damaged has moved it aside; nothing of \
                     this change was kept; start deskline again, drafts and outbox of the old one were saved beside it";

const FULL: &str = "nothing of this change was kept; free some space and do it again";

/// Waits for other processes as long as it takes a person to lose patience; each try waits by `busy_timeout`.
fn begin(db: &Connection) -> rusqlite::Result<()> {
    let mut tries = 0;
    loop {
        match db.execute_batch("BEGIN IMMEDIATE") {
            Err(error) if busy(&error) && tries < 5 => tries += 1,
            done => return done,
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn copy(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unusable(words) => StoreError::Unusable(words.clone()),
        StoreError::Full(words) => StoreError::Full(words.clone()),
        StoreError::File(words) => StoreError::File(words.clone()),
        StoreError::Engine(words) => StoreError::Engine(words.clone()),
        StoreError::Closed => StoreError::Closed,
    }
}

/// An error of `SQLite` in our words, with what to do next.
pub(super) fn trouble(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            StoreError::Full(FULL.into())
        }
        Some(ErrorCode::ReadOnly) => StoreError::Unusable(
            "the store can be read but not written; nothing of this change was kept; look at the modes and the mount \
             with: deskline doctor"
                .into(),
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Unusable(
            "the store is damaged; nothing of this change was kept; start deskline again: it moves the damaged file \
             aside and saves what can be read"
                .into(),
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unusable(
            "another process has held the store for half a minute; nothing of this change was kept; do it again, or \
             see who holds it with: deskline doctor"
                .into(),
        ),
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => StoreError::Unusable(format!(
            "the store's disk failed ({error}); nothing of this change was kept; look at the disk, then start again"
        )),
        _ => StoreError::Engine(error.to_string()),
    }
}

type Look = Box<dyn FnOnce(&Connection) + Send>;

/// A reading thread.
pub(super) struct Reader {
    house: Arc<House>,
    looks: Option<mpsc::Sender<Look>>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts the thread.
    pub(super) fn start(db: Connection, house: Arc<House>, name: &str) -> std::io::Result<Self> {
        let (looks, mut queue) = mpsc::channel::<Look>(QUEUE);
        let thread = std::thread::Builder::new().name(name.into()).stack_size(1 << 20).spawn(move || {
            while let Some(look) = queue.blocking_recv() {
                look(&db);
            }
        })?;
        Ok(Self { house, looks: Some(looks), thread: Some(thread) })
    }

    /// Runs `look` on the reading connection. One that nobody waits for any more is not begun.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Look = Box::new(move |db| {
            if !answer.is_closed() {
                let _ = answer.send(look(db));
            }
        });
        let looks = self.looks.as_ref().ok_or(StoreError::Closed)?;
        looks.send(job).await.map_err(|_| StoreError::Closed)?;
        self.house.still_there()?;
        answered.await.map_err(|_| StoreError::Closed)?.map_err(|error| {
            if is_damage(&error) {
                self.house.note_damage();
            }
            trouble(&error)
        })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.looks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl House {
    /// Which file stands at a path.
    pub(super) fn inode(path: &Path) -> Option<u64> {
        std::fs::metadata(path).ok().map(|about| about.ino())
    }

    /// Whether another file stands where the one that is open here stood: what is written to it is lost to all others.
    fn moved(&self) -> bool {
        self.file.as_ref().is_some_and(|(path, inode)| Self::inode(path) != Some(*inode))
    }

    fn still_there(&self) -> Result<(), StoreError> {
        if self.moved() { Err(StoreError::Unusable(MOVED.into())) } else { Ok(()) }
    }

    /// The file is damaged: the next start moves it aside.
    pub(super) fn note_damage(&self) {
        // The file at its place now is another one, and nothing is known against it.
        if self.moved() {
            return;
        }
        let _ = std::fs::write(&self.damaged, b"");
    }

    /// Notes a time that a caller told.
    pub(super) fn told(&self, now: i64) {
        self.latest.fetch_max(now, Ordering::Relaxed);
    }
}
