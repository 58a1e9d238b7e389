//! When something has a real consequence: what `due_at`, `due_clock` and the warning before it are made of.
//!
//! Today that is the window of `WhatsApp`. The marketplace's and the company's clocks belong here: each gives a
//! [`Deadline`], and the earliest wins.

/// The end of the window of `WhatsApp` is warned of so long before.
const WINDOW_WARNING_MS: i64 = 30 * 60_000;

/// A consequence in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    /// Whose clock: `window`.
    pub(super) clock: &'static str,
    /// When.
    pub(super) at: i64,
    /// From when on it is at risk.
    pub(super) warn_at: i64,
}

/// The earliest consequence for a conversation that has waited since then.
pub(super) fn of(gate: &str, gate_until: Option<i64>, waiting_since: Option<i64>) -> Option<Deadline> {
    waiting_since?;
    let window = gate_until.filter(|_| gate == "window").map(|until| Deadline {
        clock: "window",
        at: until,
        warn_at: until - WINDOW_WARNING_MS,
    });
    window.into_iter().min_by_key(|deadline| deadline.at)
}
