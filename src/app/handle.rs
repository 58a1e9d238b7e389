//! Handle time: a conversation with the composer open in front, cut at two minutes without a key.

use chrono::Duration;

use super::{
    model::{Model, Screen},
    msg::Wish,
    undo::Intent,
};
use crate::domain::{ConversationId, Time};

/// Longer without a key is no work.
const CUT: Duration = Duration::seconds(120);
/// Less than that is no work either.
const LEAST: Duration = Duration::seconds(1);

/// What is being measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handling {
    of: ConversationId,
    last: Time,
    worked: Duration,
}

impl Model {
    /// Looks at the clock; `key`: because of one.
    pub(super) fn measure(&mut self, key: bool) {
        let in_front = self.screen == Screen::Thread && self.locked.is_none();
        let open = self.composer.as_ref().filter(|_| in_front).and_then(|composer| composer.to);
        if let Some(it) = &mut self.handling {
            if key || Some(it.of) != open {
                it.worked += (self.now - it.last).clamp(Duration::zero(), CUT);
                it.last = self.now;
            }
            if Some(it.of) == open {
                return;
            }
            let (id, worked) = (it.of, it.worked);
            self.handling = None;
            if worked >= LEAST {
                self.perform_wish(Wish::Handled { id, ms: worked.num_milliseconds() }, Intent::Quiet);
            }
        }
        self.handling = open.map(|of| Handling { of, last: self.now, worked: Duration::zero() });
    }
}
