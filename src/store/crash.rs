//! Places at which a test has the program killed: before, within and after every durable step. Debug builds only; in a
//! release build nothing of it is left.

#[cfg(debug_assertions)]
mod armed {
    use std::{
        io::Write as _,
        sync::{
            OnceLock,
            atomic::{AtomicU32, Ordering},
        },
    };

    static ARMED: OnceLock<(String, AtomicU32)> = OnceLock::new();

    /// Has the process killed at the `count`th time (from 1) that it comes to a place: `settle.within:2`.
    /// Armed with `list`, it says on standard error which places it comes to.
    pub fn arm(place: &str) {
        let (place, count) = place.split_once(':').unwrap_or((place, "1"));
        let count = AtomicU32::new(count.parse().unwrap_or(1));
        let _ = ARMED.set((place.to_owned(), count));
    }

    /// Kills the process where a test wants it to.
    pub fn crash_point(step: &str, moment: &str) {
        let Some((place, left)) = ARMED.get() else { return };
        if place == "list" {
            let _ = writeln!(std::io::stderr(), "crash point {step}.{moment}");
        }
        let here = place.split_once('.').is_some_and(|armed| armed == (step, moment));
        if here && left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            // The signal comes before the call returns to this thread, but for others this may take a moment.
            loop {
                std::thread::park();
            }
        }
    }
}

#[cfg(debug_assertions)]
pub use armed::{arm, crash_point};

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub(crate) const fn crash_point(_step: &str, _moment: &str) {}
