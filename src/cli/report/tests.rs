use chrono_tz::Europe::Berlin;

use super::*;

fn at(text: &str) -> Time {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

#[test]
fn a_date_is_the_whole_day_of_the_screens_zone() {
    let now = at("2026-11-22T10:00:00Z");
    let read = |text, edge| moment(text, "--to", edge, now, Berlin).unwrap();
    assert_eq!(read("2026-11-01", Edge::Begin), at("2026-10-31T23:00:00Z"));
    assert_eq!(read("2026-11-01", Edge::End), at("2026-11-01T22:59:59.999Z"));
    assert_eq!(read("today", Edge::Begin), at("2026-11-21T23:00:00Z"));
    assert_eq!(read("-7d", Edge::Begin), at("2026-11-15T10:00:00Z"));
    assert!(moment("soon", "--to", Edge::End, now, Berlin).is_err());
}

#[test]
fn a_field_that_a_spreadsheet_would_take_for_more_is_quoted() {
    #[derive(Serialize)]
    struct Row {
        a: &'static str,
        b: &'static str,
        c: Option<i64>,
        d: Vec<i64>,
    }
    let row = Row { a: "one, \"two\"", b: "=SUM(A1)", c: None, d: vec![1, 2] };
    assert_eq!(csv_of(&row), "\"one, \"\"two\"\"\",'=SUM(A1),,1 2");
}
