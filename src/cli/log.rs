//! The log: daily files, seven kept, 0600. Ids only, never texts, addresses or secrets.

use std::path::Path;

use tracing::Level;
use tracing_appender::{
    non_blocking::{NonBlockingBuilder, WorkerGuard},
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Lines that may wait for the disk.
const LINES_WAITING: usize = 1024;

/// Starts the log in `folder`. `level` is `DESKLINE_LOG`. `None` where no file can be had: the program goes on.
pub fn start(folder: &Path, level: Option<&str>) -> Option<WorkerGuard> {
    std::fs::create_dir_all(folder).ok()?;
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("deskline")
        .filename_suffix("log")
        .max_log_files(7)
        .build(folder)
        .ok()?;
    // Lossy: a slow disk never holds up a key. The queue takes its whole memory at once, so that it is a short one.
    let (writer, guard) =
        NonBlockingBuilder::default().lossy(true).buffered_lines_limit(LINES_WAITING).finish(files);
    let filter = level
        .and_then(|level| level.parse::<Targets>().ok())
        .unwrap_or_else(|| Targets::new().with_default(Level::WARN).with_target("deskline", Level::INFO));
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
    tracing_subscriber::registry().with(lines).with(filter).try_init().ok()?;
    Some(guard)
}
