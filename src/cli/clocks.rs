//! The deadlines of a channel as the configuration writes them, in the domain's terms.

use std::time::Duration;

use crate::{
    config::{CalendarConfig, ChannelConfig, Config, MarketplaceClock},
    domain::clock::{Calendar, Marketplace, Policy, Span, VendorClock},
};

/// What a channel promises, and what its vendor is known to demand.
pub fn policy(config: &Config, channel: &ChannelConfig, vendor: VendorClock) -> Policy {
    Policy {
        marketplace: match channel.marketplace_clock {
            MarketplaceClock::Default => Marketplace::Default,
            MarketplaceClock::None => Marketplace::None,
            MarketplaceClock::Running(span) => Marketplace::Running(millis(span)),
            MarketplaceClock::BusinessHours(hours) => Marketplace::BusinessHours(hours),
            MarketplaceClock::BusinessDays(days) => Marketplace::BusinessDays(days),
        },
        calendar: config.calendar_of(channel).map(calendar),
        first_response_ms: channel.first_response.map(millis),
        next_response_ms: channel.next_response.map(millis),
        vendor,
    }
}

fn calendar(config: &CalendarConfig) -> Calendar {
    let spans = config.hours.iter().flat_map(|hours| {
        let span = Span { from_minute: hours.from_minute, to_minute: hours.to_minute };
        hours.days.iter().map(move |day| (*day, span))
    });
    Calendar::new(config.name.clone(), config.zone, spans, config.holidays.iter().copied())
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
