//! The details: customer, order and products, the vendor's status, the clocks, what happened.

use ratatui::layout::Rect;

use super::{list::customer, paint::Paint};
use crate::{
    app::{Model, words},
    domain::{
        Conversation, Facts, Lang, Time,
        clock::{self, logged},
        lang::tr,
        text::SafeText,
    },
};

/// Draws them into a pane.
pub fn draw(paint: &mut Paint<'_>, model: &Model, now: Time, area: Rect) {
    let theme = paint.theme.clone();
    let lines = lines(model, now, usize::from(area.width).saturating_sub(2));
    let top = model.details.unwrap_or(0).min(lines.len().saturating_sub(1));
    for ((title, line), y) in lines.iter().skip(top).take(usize::from(area.height)).zip(area.y..) {
        let style = if *title { theme.strong } else { theme.plain };
        paint.text(area.x + 1, y, area.width.saturating_sub(1), line, style);
    }
}

/// The same as plain lines.
pub fn words(model: &Model, now: Time) -> Vec<String> {
    lines(model, now, 1000).into_iter().map(|(_, line)| line).collect()
}

fn facts(out: &mut Vec<(bool, String)>, facts: &Facts) {
    for (key, value) in facts.iter().filter(|(_, value)| !value.is_null()) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        out.push((false, format!("  {key}: {value}")));
    }
}

fn lines(model: &Model, now: Time, width: usize) -> Vec<(bool, String)> {
    let mut out: Vec<(bool, String)> = Vec::new();
    let Some(row) = model.detailed() else {
        // The selected one comes with a rest.
        let none = model.list.selected.is_none();
        return none
            .then(|| (false, model.lang.tr("no conversation is selected").into()))
            .into_iter()
            .collect();
    };
    let zone = model.options.zone;
    out.push((true, customer(row).to_owned()));
    let person = [&row.customer.id, &row.customer.email, &row.customer.phone];
    out.extend(person.into_iter().flatten().map(|it| (false, format!("  {it}"))));
    out.push((
        false,
        tr!(model.lang, "  {channel} as {id}", channel = model.via(&row.channel), id = row.remote_id),
    ));
    if !row.labels.is_empty() {
        out.push((false, tr!(model.lang, "  labels: {labels}", labels = row.labels.join(" "))));
    }
    if let Some(priority) = row.priority {
        out.push((
            false,
            tr!(
                model.lang,
                "  priority {priority}",
                priority = model.lang.word("priority", priority.as_str())
            ),
        ));
    }
    if let Some(promise) = &row.promise {
        let words = if promise.words.is_empty() { String::new() } else { format!(": \"{}\"", promise.words) };
        let by = words::weekday(model.lang, promise.at, zone);
        out.push((
            false,
            tr!(model.lang, "  promised by {who} for {by}{words}", who = promise.by, by, words),
        ));
    }
    if row.thanked {
        out.push((
            false,
            model.lang.tr("  thanks alone came after it was resolved: it stays so, no answer is due").into(),
        ));
    }
    if let Some(until) = row.snoozed_until.filter(|until| *until > now) {
        out.push((
            false,
            tr!(model.lang, "  asleep until {at}", at = words::weekday(model.lang, until, zone)),
        ));
    }
    if let Some(until) = row.held_until {
        let at = words::weekday(model.lang, until, zone);
        out.push((false, tr!(model.lang, "  on hold until {at}, then open again", at)));
    }
    if let Some(thread) = model.thread.as_ref().filter(|thread| thread.id == row.id) {
        if thread.siblings.len() > 5 {
            let all = model.key(crate::app::actions::place::LIST, crate::app::actions::Act::GoCustomer);
            out.push((
                false,
                tr!(
                    model.lang,
                    "  {n} other conversations, {all} lists them:",
                    n = thread.siblings.len(),
                    all
                ),
            ));
        }
        for other in thread.siblings.iter().take(5) {
            let subject =
                other.subject.as_deref().filter(|it| !it.is_empty()).unwrap_or_else(|| {
                    match &other.last_line {
                        Some(line) => line,
                        None => model.lang.tr("no message yet"),
                    }
                });
            out.push((
                false,
                tr!(
                    model.lang,
                    "  also {id}, {status}: {subject}",
                    id = other.id,
                    status = crate::app::triage::word(model.lang, other.status),
                    subject
                ),
            ));
        }
    }
    if row.order.is_some() || !row.products.is_empty() {
        out.push((true, model.lang.tr("Order").into()));
        if let Some(order) = &row.order {
            facts(&mut out, order);
        }
        products(model.lang, &mut out, row);
    }
    if let Some(remote) = &row.remote_status {
        let age = row.remote_read_at.map_or_else(String::new, |at| {
            tr!(model.lang, ", read {at}", at = words::ago(model.lang, now - at))
        });
        out.push((true, format!("{}{age}", model.vendor_name(&row.channel, row))));
        facts(&mut out, remote);
        if let Some(drift) = &row.drift {
            out.push((false, tr!(model.lang, "  drift: {drift}", drift)));
        }
    }
    files(&mut out, model, row);
    out.push((true, model.lang.tr("Clocks").into()));
    out.extend(clocks(model, row, now).into_iter().map(|line| (false, format!("  {line}"))));
    let history =
        model.thread.as_ref().filter(|thread| thread.id == row.id).map_or(&[][..], |thread| &thread.history);
    if !history.is_empty() {
        out.push((true, model.lang.tr("What happened").into()));
    }
    for event in history.iter().rev().take(50) {
        let who = event.actor.as_deref().unwrap_or_else(|| model.lang.tr("the vendor"));
        let what: Vec<String> =
            event.details.values().filter_map(|it| it.as_str().map(str::to_owned)).collect();
        out.push((
            false,
            format!(
                "  {} {} {who} {}",
                words::moment(model.lang, event.at, zone, now),
                model.lang.word("event", &event.what),
                what.join(" ")
            ),
        ));
    }
    // Long facts go on in the next line rather than out of sight.
    out.into_iter()
        .flat_map(|(title, line)| {
            let safe = SafeText::line(&line).into_string();
            let options = textwrap::Options::new(width.max(10)).subsequent_indent("    ");
            textwrap::wrap(&safe, options)
                .into_iter()
                .map(|line| (title, line.into_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// How each deadline came about.
fn clocks(model: &Model, row: &Conversation, now: Time) -> Vec<String> {
    let zone = model.options.zone;
    let thread = model.thread.as_ref().filter(|thread| thread.id == row.id);
    let log = logged(thread.map_or(&[], |thread| thread.history.as_slice()));
    let facts = clock::Facts {
        remote_id: &row.remote_id,
        waiting_since: row.waiting_since,
        replied: thread.is_some_and(|thread| log.replied(&thread.messages)),
        status: row.status,
        gate: row.gate,
        pauses: &log.pauses,
    };
    let none = clock::Policy::default();
    let policy = model.descriptor(&row.channel).map_or(&none, |it| &it.clocks);
    let mut lines = clock::explain(model.lang, policy, &facts, now, zone);
    if let (Some(at), Some(kept)) = (row.due_at, &row.due_clock)
        && clock::due(policy, &facts, now).is_none_or(|due| due.at > at)
    {
        lines.push(tr!(
            model.lang,
            "breached: {clock}, {at}",
            clock = model.lang.word("clock", kept),
            at = clock::moment(model.lang, at, zone)
        ));
    }
    lines
}

/// Files of the messages that have been read, the newest first.
fn files(out: &mut Vec<(bool, String)>, model: &Model, row: &Conversation) {
    let Some(thread) = model.thread.as_ref().filter(|thread| thread.id == row.id) else { return };
    let all: Vec<_> = thread.messages.iter().flat_map(|message| &message.attachments).collect();
    if all.is_empty() {
        return;
    }
    out.push((true, tr!(model.lang, "Files {n}", n = all.len())));
    for file in all.iter().rev().take(20) {
        let size = file.size.map_or_else(|| model.lang.tr("size unknown").to_owned(), words::bytes);
        let name = file.name.as_deref().map(|it| SafeText::name(it).into_string());
        out.push((
            false,
            format!(
                "  {}  {}  {size}  {}  {}",
                file.n,
                name.as_deref().unwrap_or_else(|| model.lang.tr("no name")),
                file.mime.as_deref().unwrap_or_else(|| model.lang.tr("type unknown")),
                model.lang.word("file", file.state.as_str())
            ),
        ));
    }
}

/// Quantity x price = sum, and a total that says it was added up here.
fn products(lang: Lang, out: &mut Vec<(bool, String)>, row: &Conversation) {
    use rust_decimal::Decimal;
    let mut total = Some(Decimal::ZERO);
    let currency = row.products.first().and_then(|product| product.currency.clone()).unwrap_or_default();
    for product in &row.products {
        let name = product.title.clone().unwrap_or_else(|| format!("SKU {}", product.sku));
        let price = product.price.as_deref().and_then(|price| price.parse::<Decimal>().ok());
        let sum = price.zip(product.quantity).and_then(|(price, n)| price.checked_mul(Decimal::from(n)));
        let same = product.currency.as_deref().unwrap_or_default() == currency;
        total = total.zip(sum).filter(|_| same).and_then(|(a, b)| a.checked_add(b));
        let line = match (product.quantity, &product.price, sum) {
            (Some(n), Some(price), Some(sum)) => {
                format!("  {n} x {price} = {sum} {}  {name}", product.currency.as_deref().unwrap_or_default())
            }
            (Some(n), _, _) => format!("  {n} x {name}"),
            _ => format!("  {name}"),
        };
        out.push((false, line));
    }
    if let Some(total) = total.filter(|_| row.products.len() > 1) {
        out.push((false, tr!(lang, "  total {total} {currency} (added up here)", total, currency)));
    }
}
