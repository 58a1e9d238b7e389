//! The first line: views as tabs, and at its right end the channel that is worst.

use super::paint::{Paint, cells};
use crate::{
    app::{
        EngineState, Model,
        actions::{Act, place},
        list::View,
        words,
    },
    domain::{ChannelHealth, Time, desk::Count, lang::tr},
};

/// How long a channel that lives by webhooks may be silent before it is said.
const SILENCE: chrono::TimeDelta = chrono::TimeDelta::hours(3);

/// Tabs and health over the whole width.
pub fn draw(paint: &mut Paint<'_>, model: &Model, now: Time, width: u16) {
    let theme = paint.theme.clone();
    let (health, bad) = health(model, now, width);
    paint.right(0, 0, width, &health, if bad { theme.alarm } else { theme.dim });
    let (x, room) = room(model, &health, width);
    if model.options.demo {
        paint.pieces(0, 0, room, &[(DEMO, theme.alarm)]);
    }
    if let Some((title, _)) = &model.list.special {
        let count = model.list.special_count.map_or_else(String::new, |it| format!(" {}", total(it)));
        paint.pieces(
            x,
            0,
            room - x,
            &[
                ("[", theme.cursor),
                (title, theme.strong),
                (&count, theme.strong),
                ("]", theme.cursor),
                (
                    &tr!(model.lang, "  {key} back to the views", key = model.key(place::LIST, Act::Escape)),
                    theme.dim,
                ),
            ],
        );
        return;
    }
    for (at, x, label) in tabs(model, x, room) {
        let active = at == model.list.view;
        let style = if active { theme.strong } else { theme.dim };
        let (open, close) = if active { ("[", "]") } else { (" ", " ") };
        let pieces = [(open, theme.cursor), (&label, style), (close, theme.cursor)];
        paint.pieces(x, 0, room.saturating_sub(x), &pieces);
    }
}

const DEMO: &str = " DEMO";

/// Where the tabs begin, and where they end at the latest.
fn room(model: &Model, health: &str, width: u16) -> (u16, u16) {
    let taken = cells(health);
    let room = width.saturating_sub(taken + u16::from(taken > 0));
    (if model.options.demo { cells(DEMO).min(room) } else { 0 }, room)
}

/// The view whose tab stands at a column of the first line.
pub fn tab_at(model: &Model, now: Time, width: u16, column: u16) -> Option<usize> {
    if model.list.special.is_some() {
        return None;
    }
    let (x, room) = room(model, &health(model, now, width).0, width);
    let hit = |(_, x, label): &(usize, u16, String)| (*x..x + cells(label) + 2).contains(&column);
    tabs(model, x, room).into_iter().find(hit).map(|(view, ..)| view)
}

/// Views with the columns where their tabs begin, and what stands in them.
fn tabs(model: &Model, mut x: u16, room: u16) -> Vec<(usize, u16, String)> {
    // Names give way before figures do, the longest ones first; that of the view that is shown is the last one.
    let names = [usize::MAX].into_iter().chain((4..10).rev()).map(|name| (name, name));
    let names = names.chain([(usize::MAX, 0), (6, 0), (4, 0)]);
    let (active_name, other_names) = names
        .into_iter()
        .find(|(active, others)| tabs_width(model, *active, *others) + x <= room)
        .unwrap_or((0, 0));
    let mut tabs = Vec::new();
    for (at, view) in model.list.views.iter().enumerate() {
        let active = at == model.list.view;
        if at == 0 && !model.fix_shown() && !active {
            continue;
        }
        let label = tab(view, if active { active_name } else { other_names });
        let end = x + cells(&label) + 2;
        if end > room + 1 {
            break;
        }
        tabs.push((at, x, label));
        x = end;
    }
    tabs
}

fn tabs_width(model: &Model, active: usize, others: usize) -> u16 {
    let shown = model.list.views.iter().enumerate().filter(|(at, _)| *at != 0 || model.fix_shown());
    let name = |at| if at == model.list.view { active } else { others };
    shown.map(|(at, view)| cells(&tab(view, name(at))) + 2).sum::<u16>().saturating_sub(1)
}

/// `1 Mine 7!2`.
pub fn tab(view: &View, name: usize) -> String {
    let number = view.number.map_or_else(String::new, |n| n.to_string());
    // A word that was shortened says so.
    let short: String = match view.title.chars().count() {
        long if long > name && name > 2 => view.title.chars().take(name - 1).chain(['.']).collect(),
        _ => view.title.chars().take(name).collect(),
    };
    let count = view.count.map_or_else(String::new, |count| {
        let risk = if count.at_risk > 0 { format!("!{}", figure(count.at_risk)) } else { String::new() };
        format!("{}{risk}", total(count))
    });
    let parts = [number, short, count];
    parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn total(count: Count) -> String {
    let more = if count.more { "+" } else { "" };
    format!("{}{more}", figure(count.total))
}

fn figure(n: usize) -> String {
    if n >= 10_000 { format!("{}k", n / 1000) } else { n.to_string() }
}

/// The same in words, for plain lines.
pub fn health_words(model: &Model, now: Time) -> String {
    let (health, _) = health(model, now, u16::MAX);
    if health.is_empty() { model.lang.tr("not known yet").into() } else { health }
}

/// The worst channel, by name and since when; `ok` only when all are.
fn health(model: &Model, now: Time, width: u16) -> (String, bool) {
    if let EngineState::Nobody { .. } = model.engine {
        return (model.lang.tr("NO ENGINE").into(), true);
    }
    let told = |channel: &&ChannelHealth| model.descriptor(&channel.channel).is_some();
    let late = |channel: &ChannelHealth| channel.no_poll_since(model.health_at, model.awake);
    let failing =
        model.health.iter().filter(told).filter(|it| it.failing_since.is_some() && late(it).is_none());
    // A channel that is asked no more is worse than one that fails: what is known of it grows old.
    let stands = model.health.iter().filter(told).filter_map(|it| Some((late(it)?, it)));
    let worst =
        stands.chain(failing.clone().filter_map(|it| Some((it.failing_since?, it)))).min_by_key(|it| it.0);
    if let Some((since, channel)) = worst {
        let age = words::age(model.lang, now - since);
        let short = &channel.short;
        if late(channel).is_some() {
            return (tr!(model.lang, "{short} no poll {age}", short, age), true);
        }
        let trouble = channel.trouble.as_deref().unwrap_or("fails");
        // A channel that lives by webhooks alone asks its vendor nothing, and cannot tell.
        let asks = |it: &&ChannelHealth| {
            it.failing_since.is_some()
                || model.descriptor(&it.channel).is_some_and(|it| !it.manner.by_webhook)
        };
        let (failing, asking) = (failing.count(), model.health.iter().filter(told).filter(asks).count());
        if failing > 1 && failing == asking && trouble == "unreachable" {
            return (tr!(model.lang, "offline {age}", age), true);
        }
        let since = if width >= 100 {
            format!(" {}", words::clock(model.lang, since, model.options.zone, now))
        } else {
            String::new()
        };
        return (format!("{short} {}{since}", model.lang.word("trouble", trouble)), true);
    }
    if model.health.is_empty() {
        return (String::new(), false);
    }
    // A channel that lives by webhooks and hears none is not in error, but nobody else would notice.
    let silent = |channel: &&ChannelHealth| {
        let lives = model.descriptor(&channel.channel).is_some_and(|it| it.manner.by_webhook);
        lives && channel.last_webhook.is_some_and(|at| now - at >= SILENCE)
    };
    if let Some(channel) = model.health.iter().filter(silent).min_by_key(|channel| channel.last_webhook) {
        let age = words::age(model.lang, now - channel.last_webhook.unwrap_or(now));
        return (tr!(model.lang, "{short} no webhook {age}", short = channel.short, age), true);
    }
    match &model.engine {
        EngineState::Elsewhere(who) if width >= 100 => (tr!(model.lang, "ok, sync by {who}", who), false),
        _ => (model.lang.tr("ok").into(), false),
    }
}
