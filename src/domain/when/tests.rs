use super::*;

fn at(text: &str) -> Time {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

#[test]
fn times_as_agents_type_them_are_understood() {
    // A Sunday, 10:00 in Berlin.
    let now = at("2026-11-22T09:00:00Z");
    let zone = chrono_tz::Europe::Berlin;
    for (text, expected) in [
        ("3d", "2026-11-25T09:00:00Z"),
        ("30m", "2026-11-22T09:30:00Z"),
        ("14:30", "2026-11-22T13:30:00Z"),
        ("9", "2026-11-23T08:00:00Z"),
        ("fri 9", "2026-11-27T08:00:00Z"),
        ("sex", "2026-11-27T08:00:00Z"),
        ("Fr", "2026-11-27T08:00:00Z"),
        ("sun 9", "2026-11-29T08:00:00Z"),
        ("sun 11", "2026-11-22T10:00:00Z"),
        ("tomorrow", "2026-11-23T08:00:00Z"),
        ("amanhã 14h30", "2026-11-23T13:30:00Z"),
        ("2026-12-24", "2026-12-24T08:00:00Z"),
        ("2026-12-24T18:00:00-03:00", "2026-12-24T21:00:00Z"),
    ] {
        assert_eq!(parse(text, now, zone), Some(at(expected)), "{text}");
    }
}

#[test]
fn what_is_past_or_no_time_is_refused() {
    let now = at("2026-11-22T09:00:00Z");
    for text in
        ["", "soon", "2020-01-01", "25:00", "3x", "fri nine", "today 9", "2026-11-22T08:00:00Z", "99999999d"]
    {
        assert_eq!(parse(text, now, chrono_tz::Europe::Berlin), None, "{text}");
    }
}

#[test]
fn an_hour_that_summer_time_skips_becomes_the_next_one() {
    let now = at("2026-03-28T11:00:00Z");
    assert_eq!(parse("tomorrow 2:30", now, chrono_tz::Europe::Berlin), Some(at("2026-03-29T01:30:00Z")));
}
