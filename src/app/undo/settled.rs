//! What was settled in the outbox is not held any more: the safety line and `u` must not speak of it.

use super::{LocalStep, Step, Undo};
use crate::domain::{RowNumber, Time};

/// What became of a row that somebody settled by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Settled {
    /// It is out of the outbox, with those that waited for it.
    Gone,
    /// It leaves now, whatever was left of its hold.
    Leaves,
}

impl Undo {
    /// A row was settled elsewhere than by undo.
    pub(super) fn settled(&mut self, row: RowNumber, how: Settled, now: Time) {
        match how {
            Settled::Gone => {
                let done = std::mem::take(&mut self.done);
                self.done = done.into_iter().filter_map(|step| without(step, row)).collect();
            }
            Settled::Leaves => self.done.iter_mut().for_each(|step| step.leaves(row, now)),
        }
    }
}

/// A step without a row and those behind it; nothing where nothing else was done by it.
fn without(step: Step, row: RowNumber) -> Option<Step> {
    let cut = |rows: &mut Vec<RowNumber>| {
        if let Some(at) = rows.iter().position(|it| *it == row) {
            rows.truncate(at);
        }
        !rows.is_empty()
    };
    match step {
        Step::Sent { mut rows, conversation, to, until, with, group } => {
            let had = rows.len();
            if cut(&mut rows) || had == 0 {
                return Some(Step::Sent { rows, conversation, to, until, with, group });
            }
            // What a macro did with it stands, and can still be undone.
            let until = with.iter().filter_map(|it| it.until).max();
            (!with.is_empty()).then_some(Step::Local { label: to, changes: with, until, told: None, group })
        }
        Step::Once { group, template, sends } => {
            let sends: Vec<_> =
                sends.into_iter().filter_map(|mut sent| cut(&mut sent.rows).then_some(sent)).collect();
            (!sends.is_empty()).then_some(Step::Once { group, template, sends })
        }
        Step::Told { mut rows, what, until } => {
            rows.retain(|it| *it != row);
            (!rows.is_empty()).then_some(Step::Told { rows, what, until })
        }
        Step::Local { label, mut changes, until, told, group } => {
            for change in &mut changes {
                let had = !change.rows.is_empty();
                change.rows.retain(|it| *it != row);
                if had && change.rows.is_empty() {
                    change.until = None;
                }
            }
            let held = changes.iter().any(|it| !it.rows.is_empty());
            Some(Step::Local {
                label,
                changes,
                until: until.filter(|_| held),
                told: told.filter(|_| held),
                group,
            })
        }
        marked @ Step::Marked { .. } => Some(marked),
    }
}

impl Step {
    /// The hold of a row ends now.
    fn leaves(&mut self, row: RowNumber, now: Time) {
        let ends = |change: &mut LocalStep| {
            let of_it = change.rows.contains(&row);
            if of_it {
                change.until = Some(now);
            }
            of_it
        };
        match self {
            Self::Sent { rows, until, .. } | Self::Told { rows, until, .. } if rows.contains(&row) => {
                *until = Some(now);
            }
            Self::Once { sends, .. } => {
                for sent in sends.iter_mut().filter(|sent| sent.rows.contains(&row)) {
                    sent.until = Some(now);
                }
            }
            Self::Local { changes, until, .. } => {
                if changes.iter_mut().map(ends).fold(false, |one, other| one | other) {
                    *until = changes.iter().filter_map(|it| it.until).max();
                }
            }
            Self::Sent { .. } | Self::Told { .. } | Self::Marked { .. } => {}
        }
    }
}
