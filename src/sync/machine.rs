//! What one channel's engine does next: a pure machine, `(now, Input) -> Vec<Do>`.
//!
//! It knows no vendor, no store and no clock. [`Machine::next_wake`] is the earliest moment at which it wants to hear
//! [`Input::Woke`]; before that nothing needs to run.

use std::time::Duration;

use chrono::TimeDelta;

use super::chance::Chance;
use crate::{
    channels::{ChannelError, ErrorKind, Retry, Sweep},
    domain::Time,
};

#[cfg(test)]
mod tests;

/// How long the lease's row is good for. Death is noticed by the lock file at once; the row is for the record, from
/// which a later engine learns whether anybody was up within 15 minutes of a row's time: so it must be shorter than
/// that.
pub const LEASE: Duration = Duration::from_mins(10);
/// After refused credentials nothing is asked of the vendor for so long.
pub const LOCKED_OUT: Duration = Duration::from_mins(15);
/// Sends of one channel that are under way at a time, each in another conversation.
pub const SENDS_AT_ONCE: usize = 4;

const FIRST_RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_mins(5);
const FIRST_RECHECK: Duration = Duration::from_secs(1);
const LONGEST_RECHECK: Duration = Duration::from_mins(1);
/// Clocks are set by a little all the time; a jump back by more moves all deadlines along.
const JUMP: TimeDelta = TimeDelta::seconds(5);

/// How often a channel is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The fast loop.
    pub fast: Duration,
    /// The full sweep.
    pub sweep: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { fast: Duration::from_mins(1), sweep: Duration::from_mins(15) }
    }
}

/// What the machine needs to know of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub kind: ErrorKind,
    /// The wait that the vendor asked for.
    pub after: Option<Duration>,
}

impl From<&ChannelError> for Fault {
    fn from(error: &ChannelError) -> Self {
        let after = match error.retry {
            Retry::Safe(after) => after,
            Retry::Never | Retry::Unclear => None,
        };
        Self { kind: error.kind, after }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    /// This engine leads the channel now. `swept`: a full sweep has once come to its end, by whomever.
    Led {
        /// See above.
        swept: bool,
    },
    /// A deadline has come.
    Woke,
    /// Somebody committed something.
    Rung,
    /// Somebody wants a whole cycle now: the fast loop, then the full sweep.
    Asked,
    /// What the store holds for this channel.
    Looked {
        /// The next row or look-up.
        due: Option<Time>,
        /// The next file to fetch.
        files: Option<Time>,
        /// A service waits for this window to make way.
        wanted: bool,
    },
    /// A scan came to its end.
    Scanned {
        /// Which.
        sweep: Sweep,
        /// How.
        end: Result<(), Fault>,
    },
    /// The store was asked for a row (or a look-up) that is due.
    Claimed {
        /// Whether there was one; it is under way now.
        found: bool,
    },
    /// A row (or look-up) that was under way is settled.
    Settled {
        /// Where the fault is the channel's rather than the row's.
        fault: Option<Fault>,
    },
    /// A round of fetching is over.
    Fetched,
    /// The lease was renewed (`false`: it is no longer ours, or the store fails).
    Renewed(bool),
    /// A row could not be settled: the lease is no longer ours, or the store fails.
    Fenced,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// Scan; answer with [`Input::Scanned`].
    Scan(Sweep),
    /// Ask the store what is due; answer with [`Input::Looked`].
    Look,
    /// Claim one row or look-up and start it; answer with [`Input::Claimed`], later [`Input::Settled`].
    Claim,
    /// Fetch files; answer with [`Input::Fetched`].
    Fetch,
    /// Renew the lease; answer with [`Input::Renewed`].
    Renew,
    /// The cycle that was asked for is over.
    CycleEnded,
    /// Stop leading. Nothing more comes from this machine.
    StepDown,
}

/// How far a cycle that was asked for has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cycle {
    Idle,
    Wanted,
    Fast,
    Full,
}

/// One channel's engine.
#[expect(clippy::struct_excessive_bools, reason = "each says whether one kind of work is under way")]
pub struct Machine {
    pace: Pace,
    chance: Chance,
    /// The time of the last step.
    last: Option<Time>,
    leads: bool,
    making_way: bool,
    swept: bool,
    renew_at: Option<Time>,

    fast_at: Option<Time>,
    sweep_at: Option<Time>,
    fast_runs: bool,
    full_runs: bool,
    faults: u32,
    scans_held: Option<Time>,
    cycle: Cycle,
    asked_again: bool,

    looks: bool,
    look_again: bool,
    look_at: Option<Time>,
    /// The first look is followed by a claim whatever it says: a dead engine may have left rows half claimed.
    first_claim: bool,
    barren: u32,
    due: Option<Time>,
    claims: bool,
    /// The store was looked at while a claim was on its way: the claim's answer may be older than that look's.
    looked_since: bool,
    under_way: usize,
    sends_held: Option<Time>,
    sends_held_for: Option<ErrorKind>,
    send_faults: u32,

    files_at: Option<Time>,
    fetches: bool,
}

impl Machine {
    /// A machine that does not lead yet.
    pub fn new(pace: Pace, chance: Chance) -> Self {
        Self {
            pace,
            chance,
            last: None,
            leads: false,
            making_way: false,
            swept: false,
            renew_at: None,
            fast_at: None,
            sweep_at: None,
            fast_runs: false,
            full_runs: false,
            faults: 0,
            scans_held: None,
            cycle: Cycle::Idle,
            asked_again: false,
            looks: false,
            look_again: false,
            look_at: None,
            first_claim: false,
            barren: 0,
            due: None,
            claims: false,
            looked_since: false,
            under_way: 0,
            sends_held: None,
            sends_held_for: None,
            send_faults: 0,
            files_at: None,
            fetches: false,
        }
    }

    /// Takes what happened and says what to do.
    pub fn step(&mut self, now: Time, input: Input) -> Vec<Do> {
        let mut todo = Vec::new();
        if let Some(last) = self.last.replace(now)
            && now + JUMP < last
        {
            self.jump(last - now, &mut todo);
        }
        if !self.leads && !matches!(input, Input::Led { .. }) {
            return todo;
        }
        match input {
            Input::Led { swept } => {
                self.leads = true;
                self.first_claim = true;
                self.swept = swept;
                self.renew_at = Some(now + LEASE / 2);
                self.sweep_at = Some(now);
                self.fast_at = Some(now + self.chance.around(self.pace.fast));
                self.look(&mut todo);
            }
            Input::Woke => {}
            Input::Rung => {
                self.barren = 0;
                self.look(&mut todo);
            }
            Input::Asked => match self.cycle {
                // A person asks: whatever was held back by earlier faults is tried now.
                Cycle::Idle => {
                    self.cycle = Cycle::Wanted;
                    self.scans_held = None;
                    self.sends_held = None;
                }
                Cycle::Wanted => {}
                // What changed at the vendor since the running cycle began would be missed.
                Cycle::Fast | Cycle::Full => self.asked_again = true,
            },
            Input::Looked { due, files, wanted } => {
                self.looks = false;
                self.looked_since = self.claims;
                self.due = if std::mem::take(&mut self.first_claim) { Some(now) } else { due };
                self.files_at = files;
                self.making_way = wanted;
                self.look_at = None;
                if std::mem::take(&mut self.look_again) {
                    self.look(&mut todo);
                }
            }
            Input::Scanned { sweep, end } => self.scanned(now, sweep, end, &mut todo),
            Input::Claimed { found } => {
                self.claims = false;
                if found {
                    self.under_way += 1;
                    self.barren = 0;
                } else if std::mem::take(&mut self.looked_since) {
                    self.due = None;
                    self.look(&mut todo);
                } else {
                    // Due, and yet not to be had: it waits for another row. That row's end rings; should the store
                    // have meant something else, a look now and then does no harm.
                    self.due = None;
                    let wait = self.chance.backoff(self.barren, FIRST_RECHECK, LONGEST_RECHECK);
                    self.look_at = Some(now + wait);
                    self.barren += 1;
                }
            }
            Input::Settled { fault } => {
                self.under_way = self.under_way.saturating_sub(1);
                match fault {
                    None => self.send_faults = 0,
                    Some(fault) => {
                        self.sends_held = Some(now + self.hold_back(self.send_faults, fault));
                        self.sends_held_for = Some(fault.kind);
                        self.send_faults += 1;
                    }
                }
                self.barren = 0;
                self.look(&mut todo);
            }
            Input::Fetched => {
                self.fetches = false;
                self.files_at = None;
                self.look(&mut todo);
            }
            Input::Renewed(true) => self.renew_at = Some(now + LEASE / 2),
            Input::Renewed(false) | Input::Fenced => {
                self.leads = false;
                todo.push(Do::StepDown);
                return todo;
            }
        }
        self.go(now, &mut todo);
        todo
    }

    /// The earliest moment at which something is to be done; `None`: when somebody rings.
    pub fn next_wake(&self) -> Option<Time> {
        if !self.leads || self.making_way {
            return None;
        }
        let not_before =
            |at: Option<Time>, held: Option<Time>| at.map(|at| held.map_or(at, |held| at.max(held)));
        let free = |runs: bool, at: Option<Time>| if runs { None } else { at };
        let alone = self.faults > 0 && (self.fast_runs || self.full_runs);
        let (fast, full) = if self.cycle == Cycle::Idle && !alone {
            (
                free(self.fast_runs || (self.full_runs && !self.swept), self.fast_at),
                free(self.full_runs, self.sweep_at),
            )
        } else {
            (None, None)
        };
        [
            self.renew_at,
            not_before(fast, self.scans_held),
            not_before(full, self.scans_held),
            not_before(free(self.claims || self.under_way >= SENDS_AT_ONCE, self.due), self.sends_held),
            free(self.looks, self.look_at),
            free(self.fetches, self.files_at),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether a scan runs, and when the next one is to, for whoever asks how it goes.
    pub fn next_poll(&self) -> Option<Time> {
        [self.fast_at, self.sweep_at].into_iter().flatten().min().map(|at| match self.scans_held {
            Some(held) => at.max(held),
            None => at,
        })
    }

    /// The clock was set back: nothing is to wait for the time that comes twice.
    fn jump(&mut self, back: TimeDelta, todo: &mut Vec<Do>) {
        let deadlines = [
            &mut self.renew_at,
            &mut self.fast_at,
            &mut self.sweep_at,
            &mut self.scans_held,
            &mut self.sends_held,
            &mut self.look_at,
            &mut self.files_at,
        ];
        for deadline in deadlines.into_iter().flatten() {
            *deadline -= back;
        }
        if self.leads {
            self.look(todo);
        }
    }

    fn look(&mut self, todo: &mut Vec<Do>) {
        if self.looks {
            self.look_again = true;
        } else {
            self.looks = true;
            self.look_at = None;
            todo.push(Do::Look);
        }
    }

    fn scanned(&mut self, now: Time, sweep: Sweep, end: Result<(), Fault>, todo: &mut Vec<Do>) {
        match sweep {
            Sweep::Fast => self.fast_runs = false,
            Sweep::Full => self.full_runs = false,
        }
        match end {
            Ok(()) => {
                self.faults = 0;
                self.scans_held = None;
                // The vendor answers and lets us in: what could not be sent while it did not is worth a try. A limit is
                // another matter.
                if matches!(self.sends_held_for, Some(ErrorKind::Unreachable | ErrorKind::Credentials)) {
                    self.sends_held = None;
                }
                self.fast_at = Some(now + self.chance.around(self.pace.fast));
                if sweep == Sweep::Full {
                    self.swept = true;
                    self.sweep_at = Some(now + self.chance.around(self.pace.sweep));
                }
            }
            Err(fault) => {
                self.scans_held = Some(now + self.hold_back(self.faults, fault));
                self.faults += 1;
                match sweep {
                    Sweep::Fast => self.fast_at = Some(now),
                    Sweep::Full => self.sweep_at = Some(now),
                }
            }
        }
        match (self.cycle, sweep, end.is_ok()) {
            (Cycle::Fast, Sweep::Fast, true) => {
                self.cycle = Cycle::Full;
                self.full_runs = true;
                todo.push(Do::Scan(Sweep::Full));
            }
            (Cycle::Fast, Sweep::Fast, false) | (Cycle::Full, Sweep::Full, _) => {
                self.cycle = if std::mem::take(&mut self.asked_again) { Cycle::Wanted } else { Cycle::Idle };
                todo.push(Do::CycleEnded);
            }
            _ => {}
        }
        self.look(todo);
    }

    fn hold_back(&mut self, faults: u32, fault: Fault) -> Duration {
        let own = if fault.kind == ErrorKind::Credentials {
            self.chance.around(LOCKED_OUT)
        } else {
            self.chance.backoff(faults, FIRST_RETRY, LONGEST_RETRY)
        };
        match fault.after {
            Some(after) if fault.kind == ErrorKind::Credentials => own.max(self.chance.at_least(after)),
            Some(after) => self.chance.at_least(after),
            None => own,
        }
    }

    /// Starts whatever is due.
    fn go(&mut self, now: Time, todo: &mut Vec<Do>) {
        let past = |at: Option<Time>| at.is_some_and(|at| at <= now);
        let held = |until: Option<Time>| until.is_some_and(|until| until > now);
        if self.making_way {
            if self.under_way == 0 && !self.claims {
                self.leads = false;
                todo.push(Do::StepDown);
            }
            return;
        }
        if past(self.renew_at) {
            // Its answer sets the next one.
            self.renew_at = None;
            todo.push(Do::Renew);
        }
        let runs = self.fast_runs || self.full_runs;
        match self.cycle {
            Cycle::Wanted if !runs => {
                self.cycle = Cycle::Fast;
                self.fast_runs = true;
                todo.push(Do::Scan(Sweep::Fast));
            }
            Cycle::Idle if !held(self.scans_held) => {
                // A long sweep does not hold the fast loop up; only the very first one does, because until it has ended
                // the fast loop would read the same years over again. After a fault one scan probes alone.
                let fast_may = !(self.full_runs && (!self.swept || self.faults > 0));
                if past(self.fast_at) && !self.fast_runs && fast_may && (self.swept || !past(self.sweep_at)) {
                    self.fast_runs = true;
                    todo.push(Do::Scan(Sweep::Fast));
                }
                if past(self.sweep_at)
                    && !self.full_runs
                    && !(self.fast_runs && (!self.swept || self.faults > 0))
                {
                    self.full_runs = true;
                    todo.push(Do::Scan(Sweep::Full));
                }
            }
            _ => {}
        }
        if past(self.due) && !self.claims && self.under_way < SENDS_AT_ONCE && !held(self.sends_held) {
            self.claims = true;
            self.looked_since = false;
            todo.push(Do::Claim);
        }
        if past(self.look_at) {
            self.look(todo);
        }
        if past(self.files_at) && !self.fetches {
            self.fetches = true;
            todo.push(Do::Fetch);
        }
    }
}
