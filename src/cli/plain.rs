//! Plain printing. The one place of the command line that writes to standard output and error; every text of a
//! vendor goes through the safe-text type here.

use std::io::{self, Write};

use chrono::TimeDelta;
use chrono_tz::Tz;
use serde::Serialize;

use super::error::{CliError, Code};
use crate::domain::{
    Conversation, Delivery, Direction, Message, OutboxRow, Time,
    attachment::{AttachmentState, Progress},
    outbox::Event,
    text::{SafeText, first_line, fit, to_json_line},
};

/// Prints a line of text that may hold anything.
pub fn line(text: &str) -> Result<(), CliError> {
    write(&shown(text))
}

/// A text as it is printed.
fn shown(text: &str) -> SafeText<'_> {
    SafeText::block(text)
}

/// A part of a line: with a line end in it, a name could write lines that look like ours.
fn part(text: &str) -> SafeText<'_> {
    SafeText::line(text)
}

/// Prints one JSON value on one line, every control and format character written as an escape.
pub fn json_line(value: &impl Serialize) -> Result<(), CliError> {
    write(to_json_line(value).trim_end_matches('\n'))
}

/// Prints text of our own making as it is (completions, the manual page).
pub fn raw(bytes: &[u8]) -> Result<(), CliError> {
    closed(io::stdout().lock().write_all(bytes))
}

/// Tells the person something, on standard error.
pub fn note(text: &str) {
    // Nobody left to tell is no reason to fail.
    let _ = writeln!(io::stderr().lock(), "{}", shown(text));
}

fn write(text: &str) -> Result<(), CliError> {
    closed(writeln!(io::stdout().lock(), "{text}"))
}

/// A reader that has gone (`| head`) ends the program quietly.
fn closed(result: io::Result<()>) -> Result<(), CliError> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => CliError::new(Code::Failed, ""),
        _ => CliError::new(Code::Failed, format!("standard output: {error}")),
    })
}

/// A conversation on one line, in words.
pub fn conversation_line(it: &Conversation, now: Time) -> String {
    let subject = it.subject.as_deref().or(it.last_line.as_deref()).unwrap_or_default();
    let waiting = it.waiting_since.map(|since| age(now - since)).unwrap_or_default();
    let unread = if it.unread > 0 { "*" } else { " " };
    format!(
        "{:>5} {unread} {} {} {} {} {} {waiting}",
        it.id,
        fit(&it.channel.0, 14, "…").as_str(),
        fit(&it.status.as_str().replace('_', "-"), 8, "…").as_str(),
        fit(&it.counterpart.name, 20, "…").as_str(),
        fit(subject, 40, "…").as_str(),
        fit(it.assignee.as_deref().unwrap_or("--"), 8, "…").as_str(),
    )
    .trim_end()
    .to_owned()
}

/// The head of a conversation, in words.
pub fn conversation_head(it: &Conversation, now: Time) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{}  {}  {}",
            it.id,
            part(&it.counterpart.name),
            part(it.subject.as_deref().unwrap_or("(no subject)"))
        ),
        format!(
            "channel {}  status {}  gate {}  assignee {}  rev {}",
            part(&it.channel.0),
            it.status.as_str(),
            it.gate.at(now).as_str(),
            part(it.assignee.as_deref().unwrap_or("nobody")),
            it.rev
        ),
    ];
    let facts = |facts: &crate::domain::Facts| {
        facts
            .iter()
            .map(|(key, value)| match value {
                serde_json::Value::String(text) => format!("{} {}", part(key), part(text)),
                other => format!("{} {other}", part(key)),
            })
            .collect::<Vec<_>>()
            .join("  ")
    };
    if let Some(order) = &it.order {
        lines.push(format!("order {}", facts(order)));
    }
    if let Some(remote) = &it.remote_status {
        lines.push(format!("at the vendor {}", facts(remote)));
    }
    for product in &it.products {
        let title = product.title.as_deref().unwrap_or("(no name)");
        lines.push(format!("product {}  {}", part(&product.sku), part(title)));
    }
    if let Some(drift) = &it.drift {
        lines.push(format!("drift {}", part(drift)));
    }
    lines
}

/// A message, in words.
pub fn message_lines(it: &Message, zone: Tz) -> Vec<String> {
    let author = part(it.author.name.as_deref().unwrap_or(it.author.role.as_str()));
    let word = match it.direction {
        Direction::Inbound => "from",
        Direction::Outbound => "to them, by",
        Direction::Note => "NOTE by",
    };
    let state = match it.delivery {
        Some(Delivery::Sent) | None => String::new(),
        Some(delivery) => format!("  [{}]", delivery.as_str()),
    };
    let mut lines = vec![format!("-- {} {word} {author}{state}  #{}", moment(it.created_at, zone), it.id)];
    if let Some(error) = &it.error {
        lines.push(format!("   {}", part(error)));
    }
    if it.removed_at.is_some() {
        lines.push("   (taken back by its author)".to_owned());
    }
    lines.extend(it.body.lines().map(|text| format!("   {text}")));
    for file in &it.attachments {
        lines.push(format!(
            "   [file {}: {}, {}, {}]",
            file.n,
            part(file.name.as_deref().unwrap_or("no name")),
            part(file.mime.as_deref().unwrap_or("unknown type")),
            match file.progress() {
                Some(Progress::Percent(percent)) if file.state == AttachmentState::Uploading => {
                    format!("{percent}% uploaded")
                }
                Some(Progress::Percent(percent)) => format!("{percent}% fetched"),
                Some(Progress::Bytes(bytes)) => format!("{bytes} bytes fetched"),
                None => file.state.as_str().to_owned(),
            }
        ));
    }
    lines
}

/// An event, in words.
pub fn event_line(it: &Event, zone: Tz) -> String {
    let details = serde_json::Value::Object(it.details.clone());
    format!(
        ".. {} {} {} by {} {details}",
        it.seq,
        moment(it.at, zone),
        part(&it.what),
        part(it.actor.as_deref().unwrap_or("the engine"))
    )
}

/// A row of the outbox, in words.
pub fn row_line(it: &OutboxRow, now: Time) -> String {
    let text = it.action.outgoing().map(|outgoing| first_line(&outgoing.text, 40)).unwrap_or_default();
    let due =
        it.not_before.filter(|at| *at > now).map(|at| format!("in {}", age(at - now))).unwrap_or_default();
    let why = it.reason.as_deref().or(it.error.as_deref()).unwrap_or_default();
    format!(
        "{:>4} {} conversation {} via {} by {} {due} {} {}",
        it.n,
        fit(&format!("{} {}", it.state.as_str(), it.action.word()), 16, "…").as_str(),
        it.conversation,
        part(&it.channel.0),
        part(&it.author),
        part(text),
        part(why)
    )
    .trim_end()
    .to_owned()
}

/// A moment, in the screen's zone.
pub fn moment(at: Time, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M").to_string()
}

/// A length of time: `2m`, `3h`, `5d`.
pub fn age(length: TimeDelta) -> String {
    let minutes = length.num_minutes();
    match minutes {
        i64::MIN..=0 => "0m".to_owned(),
        1..60 => format!("{minutes}m"),
        60..2880 => format!("{}h", minutes / 60),
        _ => format!("{}d", minutes / 1440),
    }
}

#[cfg(test)]
mod tests;
