//! Keys as other programs have them, over the action table's own: `[keys] preset`. A preset names what it moves; what it
//! does not name stays. A test holds that no preset leaves an action without a key.

use super::{
    actions::place::{BOTH, LIST, OUTBOX, PANEL, SCREENS, THREAD},
    keymap::{Binding, PLACES},
};

/// The places, the action's name, its keys there.
type Row = (u16, &'static str, &'static str);

/// The names that `[keys] preset` takes.
pub const PRESETS: [&str; 4] = ["default", "gmail", "mutt", "arrows"];

/// Gmail's shortcuts.
const GMAIL: &[Row] = &[
    // In a conversation Gmail's n and p go by message, j and k by conversation.
    (THREAD, "next", "n, Down"),
    (THREAD, "previous", "p, Up"),
    (THREAD, "next-conversation", "j, J"),
    (THREAD, "previous-conversation", "k, K"),
    (BOTH, "next-unread", "N"),
    (BOTH, "previous-unread", "P"),
    (LIST, "open", "Enter, o, Right"),
    (LIST, "open-item", "O"),
    (THREAD, "back", "u, q, Left"),
    (BOTH, "undo", "z"),
    (BOTH, "resolve", "e, y"),
    (BOTH, "resolve-next", "], E"),
    (BOTH, "labels", "l"),
    (BOTH, "copy", "Y"),
    (BOTH, "vendor-read", "I"),
    (BOTH, "snooze-tomorrow", "b t"),
    (BOTH, "snooze-week", "b w"),
    (BOTH, "snooze-reply", "b c"),
    (BOTH, "promise", "b p"),
    (BOTH, "snooze-until", "b Enter, b 0, b 1, b 2, b 3, b 4, b 5, b 6, b 7, b 8, b 9"),
    (BOTH, "priority-low", "-, ! l"),
    (BOTH, "priority-normal", "! n"),
    (BOTH, "priority-high", "=, ! h"),
    (LIST, "mark-similar", "g ="),
    (BOTH, "priority-urgent", "! u"),
    (BOTH, "priority-none", "! 0"),
];

/// mutt's.
const MUTT: &[Row] = &[
    (BOTH | OUTBOX, "top", "=, Home"),
    (BOTH | OUTBOX, "bottom", "G, End"),
    (BOTH, "half-page-down", "], Ctrl-d"),
    (BOTH, "half-page-up", "[, Ctrl-u"),
    (BOTH | OUTBOX, "page-down", "Space, z, PgDn"),
    (BOTH | OUTBOX, "page-up", "-, Z, PgUp"),
    (LIST, "open", "Enter, Right"),
    (THREAD, "back", "q, x, Left"),
    (BOTH, "next-unread", "Tab, n"),
    (BOTH, "previous-unread", "N"),
    (BOTH, "next-pane", "w"),
    (BOTH, "details", "h"),
    (PANEL, "close-details", "Esc, q, h"),
    (LIST, "next-view", "J"),
    (LIST, "previous-view", "K"),
    (BOTH, "new-conversation", "m"),
    (BOTH, "canned", "c"),
    (BOTH, "resolve", "d, e"),
    (LIST, "mark", "t"),
    (LIST, "filter", "l"),
    (BOTH, "labels", "Y"),
    (BOTH, "snooze-tomorrow", "b t"),
    (BOTH, "snooze-week", "b w"),
    (LIST, "mark-similar", "g ="),
    (BOTH, "snooze-reply", "b c"),
    (BOTH, "promise", "b p"),
    (BOTH, "snooze-until", "b Enter, b 0, b 1, b 2, b 3, b 4, b 5, b 6, b 7, b 8, b 9"),
];

/// Arrows and function keys, for who does not move by letters.
const ARROWS: &[Row] = &[
    (BOTH | OUTBOX, "next", "Down"),
    (BOTH | OUTBOX, "previous", "Up"),
    (BOTH | OUTBOX, "top", "Home"),
    (BOTH | OUTBOX, "bottom", "End"),
    (BOTH | OUTBOX, "page-down", "PgDn, Space"),
    (BOTH | OUTBOX, "page-up", "PgUp"),
    (LIST, "open", "Enter, Right"),
    (THREAD, "back", "Left, q"),
    (OUTBOX, "back", "Left, q"),
    (THREAD, "next-conversation", "Right, Ctrl-Down"),
    (THREAD, "previous-conversation", "Ctrl-Up, K"),
    (LIST, "next-view", "], Ctrl-Right"),
    (LIST, "previous-view", "[, Ctrl-Left"),
    (LIST, "mark", "Insert, x"),
    (BOTH, "details", "F3, d"),
    (PANEL, "panel-down", "Down, PgDn, Space"),
    (PANEL, "panel-up", "Up, PgUp"),
    (PANEL, "close-details", "Esc, Left, F3, q, d"),
    (BOTH, "reply", "F4, r"),
    (BOTH, "search", "F7, /"),
    (SCREENS, "palette", "F9, :"),
    (LIST, "quit", "F10, q"),
];

/// The bindings of a preset; none for `default` and for names that are not known (the configuration refuses those).
pub fn bindings(preset: &str) -> Vec<Binding> {
    let rows = match preset {
        "gmail" => GMAIL,
        "mutt" => MUTT,
        "arrows" => ARROWS,
        _ => &[],
    };
    let mut bindings = Vec::new();
    for (places, action, keys) in rows {
        for (_, name) in PLACES.iter().filter(|(place, _)| places & place != 0) {
            bindings.push(Binding {
                place: Some((*name).to_owned()),
                action: (*action).to_owned(),
                keys: keys.split(", ").map(str::to_owned).collect(),
                source: format!("preset {preset}"),
            });
        }
    }
    bindings
}
