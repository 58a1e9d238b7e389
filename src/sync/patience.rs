//! What one cycle bears of a vendor that stumbles. An engine needs none: its machine comes back later.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;

use super::{
    dispatch::Post,
    scan::{self, Tally},
};
use crate::channels::{ChannelError, ErrorKind, Retry, Sweep};

/// How often a scan that the vendor could not answer just then is done again.
const SCAN_AGAIN: u32 = 4;
/// How long a channel's cycle bears with its vendor, in all.
const SCAN_PATIENCE: Duration = Duration::from_secs(30);
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// What a cycle bears of a vendor that stumbles: nobody comes after it to try again.
#[derive(Default)]
pub(super) struct Patience {
    /// From a scan's fault to the end of the next try.
    spent: TimeDelta,
}

impl Patience {
    /// Scans, again from the last stored page where the vendor could not answer just then.
    pub(super) async fn scan(
        &mut self,
        post: &Post,
        sweep: Sweep,
        tally: &Arc<Tally>,
    ) -> Result<(), ChannelError> {
        let mut tried = 0;
        let mut end = scan::scan(post, sweep, tally).await;
        while let Err(error) = &end {
            let failed_at = post.clock.now();
            let Some(wait) = self.wait(post, error, tried) else { break };
            tracing::info!(channel = %post.name(), ?sweep, tried, "the scan is done again");
            post.clock.sleep_until(failed_at + wait).await;
            end = scan::scan(post, sweep, tally).await;
            self.spent += post.clock.now() - failed_at;
            tried += 1;
        }
        end
    }

    /// The wait before the next try; `None` where there is none.
    fn wait(&self, post: &Post, error: &ChannelError, tried: u32) -> Option<Duration> {
        let tries = match error.kind {
            ErrorKind::RateLimited | ErrorKind::NoAnswer => SCAN_AGAIN,
            // Those too that the vendor tells of inside of an answer (200 with errors, `null` where a list belongs, a
            // web page): reading again does no harm. Only an address that sends us elsewhere does so again.
            ErrorKind::Outage if error.retry != Retry::Never => SCAN_AGAIN,
            // A vendor that is being restarted; one that is away is said to be so soon.
            ErrorKind::Unreachable => 1,
            _ => 0,
        };
        let wait = {
            let mut chance = post.chance.lock().unwrap_or_else(PoisonError::into_inner);
            match error.retry {
                Retry::Safe(Some(after)) => chance.at_least(after),
                _ => chance.backoff(tried, FIRST_WAIT, LONGEST_WAIT),
            }
        };
        let spent = self.spent.to_std().unwrap_or_default();
        (tried < tries && spent + wait <= SCAN_PATIENCE).then_some(wait)
    }
}
