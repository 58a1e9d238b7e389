use chrono::{TimeDelta, TimeZone, Utc};

use super::{Named, named};
use crate::domain::clock::{Facts, Policy, Whose, due};
use crate::domain::{Gate, GateEvidence, Status};

#[test]
fn a_deadline_is_named_by_the_rule_that_made_it() {
    let policy = Policy {
        vendor: crate::channels::skyhub::clock(),
        first_response_ms: Some(7_200_000),
        ..Policy::default()
    };
    let facts = |since, part| Facts {
        remote_id: part,
        waiting_since: Some(since),
        replied: true,
        status: Status::Open,
        gate: GateEvidence::said(Gate::Open),
        pauses: &[],
    };
    // A Saturday's question: the running hours end before the business hours do.
    for (day, part, wanted) in [
        (21, "Shop-1/CUSTOMER_SELLER", Named::Minutes(24 * 60)),
        (16, "Shop-1/CUSTOMER_SELLER", Named::Minutes(24 * 60)),
        (16, "Shop-1/B2W_SELLER", Named::BusinessDays(1)),
    ] {
        let since = Utc.with_ymd_and_hms(2026, 11, day, 15, 0, 0).unwrap();
        let due = due(&policy, &facts(since, part), since).unwrap();
        assert_eq!(named(&policy, part, Some(since), due.clock, due.at), Some(wanted), "{day} {part}");
    }
    let since = Utc.with_ymd_and_hms(2026, 11, 16, 15, 0, 0).unwrap();
    let at = since + TimeDelta::hours(2);
    assert_eq!(named(&policy, "x", Some(since), Whose::Company, at), Some(Named::Minutes(120)));
    assert_eq!(named(&policy, "x", Some(since), Whose::Company, at + TimeDelta::hours(1)), None);
}
