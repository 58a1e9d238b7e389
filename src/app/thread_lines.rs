//! The lines of a conversation at a width: what `ui` draws and what scrolling counts. Pure text, no styles.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::words;
use crate::domain::{
    Delivery, Direction, Lang, Message, MessageId, MessageKind, Role, Time,
    attachment::{AttachmentState, Progress},
    lang::tr,
    text::{SafeText, wrap},
};

/// What a line is, for colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// The head of a message; it is filled up to the width with this character.
    Head(char),
    /// The other side's words.
    Theirs,
    /// Our words to them.
    Ours,
    /// The team's.
    Note,
    /// Quoted words.
    Quote,
    /// A file, a reaction, something about the message.
    Aside,
    /// What went wrong.
    Trouble,
    /// Nothing.
    Blank,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadLine {
    /// What it is.
    pub kind: LineKind,
    /// Its text, safe for a terminal, without the fill.
    pub text: String,
    /// Which message it belongs to, by its place in the thread.
    pub message: usize,
    /// Whether the message is new to this agent.
    pub new: bool,
}

/// What is folded away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folds {
    /// Quoted lines.
    pub quotes: bool,
    /// Messages of machines.
    pub events: bool,
    /// What was read before.
    pub old: bool,
}

/// What the lines are made of beside the messages.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Cells.
    pub width: usize,
    /// The screen's language.
    pub lang: Lang,
    /// For times.
    pub zone: Tz,
    /// For what counts down.
    pub now: Time,
    /// Messages that are new to this agent.
    pub new: &'a BTreeSet<MessageId>,
    /// What is folded away.
    pub folds: Folds,
    /// The name of the other side, for messages without an author's name.
    pub name: &'a str,
    /// Ends of undo windows, by message.
    pub held: &'a [(MessageId, Time)],
    /// The key of undo.
    pub undo: &'a str,
}

/// The lines of a thread, oldest first.
pub fn lines(messages: &[Message], frame: &Frame<'_>) -> Vec<ThreadLine> {
    let mut out = Vec::new();
    let first_new = messages.iter().position(|message| frame.new.contains(&message.id));
    let mut folded = 0_usize;
    for (at, message) in messages.iter().enumerate() {
        let old = frame.folds.old && at + 1 < messages.len() && first_new.is_none_or(|new| at < new);
        let event = frame.folds.events && message.author.role == Role::System;
        if old || event {
            folded += 1;
            continue;
        }
        if folded > 0 {
            out.push(line(
                LineKind::Aside,
                format!("  ({})", words::count(frame.lang, folded, "message folded", "messages folded")),
                at,
            ));
            folded = 0;
        }
        one(message, at, frame, &mut out);
    }
    if folded > 0 {
        out.push(line(
            LineKind::Aside,
            format!("  ({})", words::count(frame.lang, folded, "message folded", "messages folded")),
            messages.len().saturating_sub(1),
        ));
    }
    out
}

fn line(kind: LineKind, text: String, message: usize) -> ThreadLine {
    ThreadLine { kind, text, message, new: false }
}

fn one(message: &Message, at: usize, frame: &Frame<'_>, out: &mut Vec<ThreadLine>) {
    let new = frame.new.contains(&message.id);
    let when = words::moment(frame.lang, message.created_at, frame.zone, frame.now);
    let author = message.author.name.as_deref().map_or_else(|| SafeText::line(frame.name), SafeText::name);
    let (fill, mut head) = match message.direction {
        Direction::Inbound => {
            let role = match message.author.role {
                Role::Marketplace => frame.lang.tr(" (marketplace)"),
                Role::Partner => frame.lang.tr(" (partner)"),
                Role::System => frame.lang.tr(" (system)"),
                Role::Customer | Role::Agent => "",
            };
            ('-', format!("-- {when} -- {author}{role} --"))
        }
        Direction::Outbound => {
            let author = message
                .author
                .name
                .as_deref()
                .map_or_else(|| SafeText::line(frame.lang.tr("us")), SafeText::name);
            let state = message.delivery.map(|delivery| delivery_word(delivery, message, frame));
            (
                '#',
                format!(
                    "## {when} ## {author} ##{}",
                    state.map_or_else(String::new, |state| format!(" {state} ##"))
                ),
            )
        }
        Direction::Note => ('=', tr!(frame.lang, "== {when} == INTERNAL NOTE by {author} ==", when, author)),
    };
    if new {
        head.push_str(frame.lang.tr(" NEW --"));
    }
    out.push(ThreadLine { kind: LineKind::Head(fill), text: head, message: at, new });
    let (kind, gutter) = match message.direction {
        Direction::Inbound => (LineKind::Theirs, "  "),
        Direction::Outbound => (LineKind::Ours, "  # "),
        Direction::Note => (LineKind::Note, "  | "),
    };
    if message.removed_at.is_some() {
        out.push(line(LineKind::Aside, frame.lang.tr("  (taken back by its author)").into(), at));
    } else {
        body(&message.body, kind, gutter, at, frame, out);
    }
    if message.edited_at.is_some() {
        out.push(line(LineKind::Aside, frame.lang.tr("  (edited by its author)").into(), at));
    }
    context(message, at, frame, out);
    for file in &message.attachments {
        let name =
            SafeText::name(file.name.as_deref().unwrap_or_else(|| frame.lang.tr("file"))).into_string();
        let size = file.size.map_or_else(String::new, |size| format!("  {}", words::bytes(size)));
        let mime =
            file.mime.as_deref().map_or_else(String::new, |mime| format!("  {}", SafeText::line(mime)));
        let state = match file.progress() {
            Some(Progress::Percent(percent)) if file.state == AttachmentState::Uploading => {
                tr!(frame.lang, "{percent}% uploaded", percent)
            }
            Some(Progress::Percent(percent)) => tr!(frame.lang, "{percent}% fetched", percent),
            Some(Progress::Bytes(bytes)) => {
                tr!(frame.lang, "{bytes} fetched", bytes = words::bytes(bytes))
            }
            None => frame.lang.word("file", file.state.as_str()).to_owned(),
        };
        wrapped(
            &SafeText::line(&format!("[{}] {name}{mime}{size}  {state}", file.n)),
            LineKind::Aside,
            "  ",
            at,
            frame.width,
            out,
        );
    }
    if !message.reactions.is_empty() {
        let all =
            message.reactions.iter().map(|emoji| SafeText::line(emoji).into_string()).collect::<Vec<_>>();
        out.push(line(LineKind::Aside, tr!(frame.lang, "  reactions: {all}", all = all.join(" ")), at));
    }
    if let Some(error) = &message.error {
        wrapped(&SafeText::line(error), LineKind::Trouble, "  ! ", at, frame.width, out);
    }
}

fn delivery_word(delivery: Delivery, message: &Message, frame: &Frame<'_>) -> String {
    let until = frame.held.iter().find(|(id, _)| *id == message.id).map(|(_, until)| *until);
    match (delivery, until) {
        (Delivery::Held, Some(until)) if until > frame.now => {
            let left = words::seconds_left(until, frame.now);
            tr!(frame.lang, "held {left} s, {undo} takes it back", left, undo = frame.undo)
        }
        (Delivery::Held, Some(_)) => frame.lang.tr("on its way out").into(),
        (Delivery::Later, Some(until)) => {
            tr!(frame.lang, "later: {at}", at = words::moment(frame.lang, until, frame.zone, frame.now))
        }
        (Delivery::Failed, _) => frame.lang.tr("FAILED").into(),
        (Delivery::Uncertain, _) => frame.lang.tr("UNCERTAIN").into(),
        (Delivery::Parked, _) => frame.lang.tr("PARKED, not sent").into(),
        (delivery, _) => frame.lang.word("state", delivery.as_str()).into(),
    }
}

fn body(text: &str, kind: LineKind, gutter: &str, at: usize, frame: &Frame<'_>, out: &mut Vec<ThreadLine>) {
    if text.is_empty() {
        return;
    }
    let safe = SafeText::block(text);
    let mut quoted = 0;
    for safe_line in safe.lines() {
        let quote = safe_line.starts_with('>');
        if quote && frame.folds.quotes {
            quoted += 1;
            continue;
        }
        if quoted > 0 {
            out.push(line(
                LineKind::Quote,
                format!("{gutter}({})", words::count(frame.lang, quoted, "quoted line", "quoted lines")),
                at,
            ));
            quoted = 0;
        }
        wrapped(&safe_line, if quote { LineKind::Quote } else { kind }, gutter, at, frame.width, out);
    }
    if quoted > 0 {
        out.push(line(
            LineKind::Quote,
            format!("{gutter}({})", words::count(frame.lang, quoted, "quoted line", "quoted lines")),
            at,
        ));
    }
}

fn wrapped(
    text: &SafeText<'_>,
    kind: LineKind,
    gutter: &str,
    at: usize,
    width: usize,
    out: &mut Vec<ThreadLine>,
) {
    let room = width.saturating_sub(gutter.len()).max(4);
    for piece in wrap(text, room) {
        out.push(line(kind, format!("{gutter}{piece}"), at));
    }
}

/// Orders and product questions, as lines of the thread.
fn context(message: &Message, at: usize, frame: &Frame<'_>, out: &mut Vec<ThreadLine>) {
    for words in context_words(frame.lang, message) {
        wrapped(&SafeText::line(&words), LineKind::Aside, "  ", at, frame.width, out);
    }
}

/// Orders and product questions: quantity x price = sum, with a total that says it was added up here.
pub(super) fn context_words(lang: Lang, message: &Message) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(context) = &message.context else { return lines };
    if message.kind == MessageKind::ProductQuestion
        && let Some(product) = context.get("product_id").and_then(serde_json::Value::as_str)
    {
        lines.push(format!("[SKU {product}]"));
    }
    let Some(items) = context.get("items").and_then(serde_json::Value::as_array) else { return lines };
    let mut total = Some(Decimal::ZERO);
    let mut currency = String::new();
    for item in items {
        let word = |key: &str| {
            item.get(key)
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .unwrap_or_default()
        };
        let (quantity, price) = (word("quantity").parse::<Decimal>(), word("price").parse::<Decimal>());
        let sum = quantity.as_ref().ok().zip(price.as_ref().ok()).and_then(|(a, b)| a.checked_mul(*b));
        total = total.zip(sum).and_then(|(a, b)| a.checked_add(b));
        let code = word("currency");
        if !currency.is_empty() && currency != code {
            total = None;
        }
        currency.clone_from(&code);
        lines.push(format!(
            "{} x {} = {} {code}  SKU {}",
            word("quantity"),
            word("price"),
            sum.map_or_else(|| "?".into(), |sum| sum.to_string()),
            word("product_id")
        ));
    }
    if let Some(total) = total.filter(|_| !items.is_empty()) {
        lines.push(tr!(lang, "total {total} {currency} (added up here)", total, currency));
    }
    lines
}
