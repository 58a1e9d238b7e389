//! The log: daily files, seven kept, 0600. Ids only, never texts, addresses or secrets.

use std::path::Path;

use tracing_appender::{
    non_blocking::{NonBlockingBuilder, WorkerGuard},
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::EnvFilter;

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
        .and_then(|level| EnvFilter::try_new(level).ok())
        .unwrap_or_else(|| EnvFilter::new("warn,deskline=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(writer).try_init().ok()?;
    Some(guard)
}
