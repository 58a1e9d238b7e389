//! `deskline report`: the figures, with their formulas and the events behind them.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::Value as Json;

use super::{
    args::{self, ReportBy},
    context::Desk,
    error::{CliError, Code},
    plain,
};
use crate::{
    domain::{
        Time,
        report::{self, By, Figure, Item, Report, Scope, Source, Table, Value},
        text::fit,
        time::rfc3339,
    },
    store,
};

/// The days that are meant where nobody says any.
const WEEK: TimeDelta = TimeDelta::days(7);

/// Prints the figures of a part of the log.
pub async fn run(desk: &Desk, args: args::Report) -> Result<(), CliError> {
    let now = desk.clock.now();
    let to = match &args.to {
        Some(text) => moment(text, "--to", Edge::End, now, desk.zone)?.min(now),
        None => now,
    };
    let from = match &args.from {
        Some(text) => moment(text, "--from", Edge::Begin, now, desk.zone)?,
        None => to - WEEK,
    };
    if from > to {
        return Err(CliError::new(Code::Usage, "--from is later than --to, or than now"));
    }
    let by = match args.by {
        None => By::All,
        Some(ReportBy::Channel) => By::Channel,
        Some(ReportBy::Agent) => By::Agent,
        Some(ReportBy::Label) => By::Label,
    };
    let events = args.events.as_deref().map(figure).transpose()?;
    let report = store::report(desk.store.as_ref(), Scope { from, to, by }).await?;
    match (events, args.json, args.csv) {
        (Some(figure), true, _) => {
            items(&report, figure, |group, item| plain::json_line(&event(group, item)))
        }
        (Some(figure), _, true) => {
            plain::line("group,figure,conversation,from,to,ms,who,due_at,messages,events")?;
            items(&report, figure, |group, item| plain::line(&csv_of(&event(group, item))))
        }
        (Some(figure), ..) => events_in_words(&report, figure, desk.zone),
        (None, true, _) => rows(&report, plain::json_line),
        (None, _, true) => {
            plain::line("from,to,group,figure,n,median_ms,p90_ms,mean_ms,sum_ms,formula")?;
            rows(&report, |row| plain::line(&csv_of(row)))
        }
        _ => tables(&report, args.mean, desk.zone),
    }
}

fn figure(word: &str) -> Result<Figure, CliError> {
    Figure::parse(word).ok_or_else(|| {
        let known: Vec<&str> = Figure::all().map(Figure::as_str).collect();
        CliError::new(Code::Usage, format!("there is no figure {word}"))
            .hint(format!("figures: {}", known.join(" ")))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Begin,
    End,
}

/// A date (from its beginning, to its end), an age back (`-7d`), or RFC 3339.
fn moment(text: &str, option: &str, edge: Edge, now: Time, zone: Tz) -> Result<Time, CliError> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    if let Some(back) = text.strip_prefix('-').and_then(age) {
        return Ok(now - back);
    }
    let midnight = |date: NaiveDate| {
        let wall = date.and_time(NaiveTime::MIN);
        let at = zone.from_local_datetime(&wall).earliest();
        at.map_or_else(|| Utc.from_utc_datetime(&wall), |at| at.with_timezone(&Utc))
    };
    let date = match text {
        "today" => Some(now.with_timezone(&zone).date_naive()),
        "yesterday" => now.with_timezone(&zone).date_naive().pred_opt(),
        _ => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
    };
    match date {
        Some(date) if edge == Edge::Begin => Ok(midnight(date)),
        Some(date) => Ok(midnight(date + Days::new(1)) - TimeDelta::milliseconds(1)),
        None => Err(CliError::new(Code::Usage, format!("{option} {text}: no date"))
            .hint("2026-11-01 (the whole day), today, yesterday, -7d, or an RFC 3339 time")),
    }
}

fn age(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().last()?;
    let n: i64 = text.strip_suffix(unit)?.parse().ok().filter(|n| (0..=100_000).contains(n))?;
    match unit {
        'm' => TimeDelta::try_minutes(n),
        'h' => TimeDelta::try_hours(n),
        'd' => TimeDelta::try_days(n),
        _ => None,
    }
}

/// One figure of one line.
#[derive(Serialize)]
struct Row {
    from: String,
    to: String,
    group: String,
    figure: &'static str,
    n: usize,
    median_ms: Option<i64>,
    p90_ms: Option<i64>,
    mean_ms: Option<i64>,
    sum_ms: Option<i64>,
    formula: &'static str,
}

fn rows(report: &Report, print: impl Fn(&Row) -> Result<(), CliError>) -> Result<(), CliError> {
    let ms = |length: Option<TimeDelta>| length.map(|it| it.num_milliseconds());
    for group in report.groups() {
        for figure in Figure::all() {
            let value = report.value(group, figure);
            print(&Row {
                from: rfc3339(report.scope.from),
                to: rfc3339(report.scope.to),
                group: group.to_owned(),
                figure: figure.as_str(),
                n: value.n,
                median_ms: ms(value.median),
                p90_ms: ms(value.p90),
                mean_ms: ms(value.mean),
                sum_ms: ms(value.sum),
                formula: figure.formula(),
            })?;
        }
    }
    Ok(())
}

/// One item behind a figure. `messages` are numbers of `show`, `events` those of `show --history`.
#[derive(Serialize)]
struct Event<'a> {
    group: &'a str,
    figure: &'static str,
    conversation: i64,
    from: String,
    to: String,
    ms: Option<i64>,
    who: Option<&'a str>,
    due_at: Option<String>,
    messages: Vec<i64>,
    events: Vec<i64>,
}

fn event<'a>(group: &'a str, item: &'a Item) -> Event<'a> {
    let message = |it: &Source| match it {
        Source::Message(n) => Some(*n),
        Source::Event(_) => None,
    };
    let other = |it: &Source| match it {
        Source::Event(n) => Some(*n),
        Source::Message(_) => None,
    };
    Event {
        group,
        figure: item.figure.as_str(),
        conversation: item.conversation.0,
        from: rfc3339(item.from),
        to: rfc3339(item.to),
        ms: item.length.map(|it| it.num_milliseconds()),
        who: item.who.as_deref(),
        due_at: item.due.map(|due| rfc3339(due.at)),
        messages: item.sources.iter().filter_map(message).collect(),
        events: item.sources.iter().filter_map(other).collect(),
    }
}

fn items(
    report: &Report,
    figure: Figure,
    print: impl Fn(&str, &Item) -> Result<(), CliError>,
) -> Result<(), CliError> {
    for group in report.groups() {
        for item in report.items(group, figure) {
            print(group, item)?;
        }
    }
    Ok(())
}

/// The values of a row in the order of its keys, as RFC 4180 has it.
fn csv_of(row: &impl Serialize) -> String {
    let Ok(Json::Object(row)) = serde_json::to_value(row) else { return String::new() };
    let field = |value: &Json| match value {
        Json::Null => String::new(),
        Json::Array(items) => items.iter().map(Json::to_string).collect::<Vec<_>>().join(" "),
        Json::String(text) if text.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        // A spreadsheet would take it for a formula.
        Json::String(text) if text.starts_with(['=', '+', '-', '@']) => format!("'{text}"),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    row.values().map(field).collect::<Vec<_>>().join(",")
}

fn tables(report: &Report, mean: bool, zone: Tz) -> Result<(), CliError> {
    plain::line(&format!(
        "{} to {} ({}); times end within it, states are those at its end",
        plain::moment(report.scope.from, zone),
        plain::moment(report.scope.to, zone),
        zone.name()
    ))?;
    let groups = report.groups();
    for table in Table::ALL {
        let lengths = table.figures.iter().any(|it| it.is_length());
        let mut head = vec![fit(table.title, 44, "…").as_str().to_owned(), format!("{:>6}", "n")];
        if lengths {
            let columns = if mean { &["median", "p90", "mean"][..] } else { &["median", "p90"] };
            head.extend(columns.iter().map(|it| format!("{it:>10}")));
        }
        plain::line("")?;
        plain::line(&head.join(" "))?;
        for group in &groups {
            for figure in table.figures {
                let name = figure.as_str().replace('_', " ");
                let name = if groups.len() == 1 { name } else { format!("{name}, {group}") };
                plain::line(&line(&name, *figure, report.value(group, *figure), mean))?;
            }
        }
        let mut business = false;
        for figure in table.figures {
            let word = figure.as_str();
            if !word.ends_with("_business") {
                plain::line(&format!("  {word}: {}", figure.formula()))?;
            } else if !std::mem::replace(&mut business, true) {
                plain::line(&format!("  _business: {}", figure.formula()))?;
            }
        }
        if lengths {
            plain::line(
                "  median: the middle, or the mean of both; p90: the smallest that nine of ten do not exceed",
            )?;
        }
    }
    plain::line("")?;
    plain::line("--events FIGURE lists what a figure is made of; labels are those of now")
}

fn line(name: &str, figure: Figure, value: Value, mean: bool) -> String {
    let name = fit(&format!("  {name}"), 44, "…");
    if !figure.is_length() {
        return format!("{} {:>6}", name.as_str(), value.n);
    }
    let shown = |length: Option<TimeDelta>| length.map_or_else(|| "n/a".to_owned(), report::length);
    let mut lengths = vec![value.median, value.p90];
    lengths.extend(mean.then_some(value.mean));
    let lengths: Vec<String> = lengths.into_iter().map(|it| format!("{:>10}", shown(it))).collect();
    format!("{} {:>6} {}", name.as_str(), value.n, lengths.join(" "))
}

fn events_in_words(figures: &Report, figure: Figure, zone: Tz) -> Result<(), CliError> {
    items(figures, figure, |group, item| {
        let mut parts = vec![format!("{:>6}", item.conversation), plain::moment(item.from, zone)];
        parts.extend((item.to != item.from).then(|| format!("to {}", plain::moment(item.to, zone))));
        parts.extend(item.length.map(report::length));
        parts.extend(item.due.map(|due| format!("was due {}", plain::moment(due.at, zone))));
        parts.extend(item.who.clone());
        parts.extend(item.sources.iter().map(|source| match source {
            Source::Message(n) => format!("#{n}"),
            Source::Event(n) => format!("event {n}"),
        }));
        parts.extend((figures.scope.by != By::All).then(|| format!("({group})")));
        plain::line(&parts.join("  "))
    })?;
    plain::line(&format!("{}: {}", figure.as_str(), figure.formula()))
}

#[cfg(test)]
mod tests;
