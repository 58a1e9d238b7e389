//! The program's clock: the system's.

use std::{future::Future, pin::Pin};

use chrono::Utc;

use crate::domain::{Time, time::Clock};

/// Asks the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        Utc::now()
    }

    fn sleep_until(&self, at: Time) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            // Asked again after each sleep: the wall clock may have been set, the laptop may have slept.
            while let Ok(left) = (at - Utc::now()).to_std() {
                if left.is_zero() {
                    break;
                }
                tokio::time::sleep(left.min(std::time::Duration::from_hours(1))).await;
            }
        })
    }
}
