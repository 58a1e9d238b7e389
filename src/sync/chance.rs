//! Chance, brought in through the door, and the waits that are made with it.

use std::time::Duration;

/// No wait is longer: a `Retry-After` of a year is a mistake of the vendor's.
pub const LONGEST: Duration = Duration::from_hours(24);

/// A source of numbers in `0.0..1.0`.
pub struct Chance(Box<dyn FnMut() -> f64 + Send>);

impl Chance {
    /// The same numbers for the same seed.
    pub fn seeded(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        Self(Box::new(move || random.f64()))
    }

    /// Always the same number: 0.5 is the middle of every spread.
    pub fn fixed(number: f64) -> Self {
        Self(Box::new(move || number))
    }

    /// A seed for another source.
    pub fn seed(&mut self) -> u64 {
        self.0().to_bits()
    }

    /// `wait`, up to a tenth shorter or longer, so that many programs do not knock at the same moment.
    pub fn around(&mut self, wait: Duration) -> Duration {
        wait.mul_f64(0.9 + 0.2 * self.0())
    }

    /// The wait before try number `tried + 1`: doubled each time from `first` up to `longest`, spread by a quarter.
    pub fn backoff(&mut self, tried: u32, first: Duration, longest: Duration) -> Duration {
        let wait = first.saturating_mul(1 << tried.min(20)).min(longest);
        wait.mul_f64(0.75 + 0.5 * self.0())
    }

    /// What a vendor asked for (`Retry-After`), never shorter, a tenth longer at most.
    pub fn at_least(&mut self, wait: Duration) -> Duration {
        wait.min(LONGEST).mul_f64(1.0 + 0.1 * self.0())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_limit() {
        let mut chance = Chance::fixed(0.5);
        let second = Duration::from_secs(1);
        let waits: Vec<u64> =
            (0..5).map(|tried| chance.backoff(tried, second, Duration::from_secs(10)).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 10]);
    }

    #[test]
    fn what_a_vendor_asked_for_is_never_cut_short() {
        let mut chance = Chance::seeded(7);
        for _ in 0..100 {
            let wait = chance.at_least(Duration::from_mins(1));
            assert!((60.0..=66.0).contains(&wait.as_secs_f64()));
        }
        assert!(chance.at_least(Duration::from_secs(u64::MAX)) <= LONGEST.mul_f64(1.1));
    }
}
