//! The keys as pages: `assets/docs/keys.md` and the manual's section, both made from the action table.

use std::fmt::Write as _;

use super::{
    actions::{ACTIONS, Action},
    keymap::{Keymap, PLACES},
    presets::PRESETS,
};

/// An action's keys, place by place where they differ: `r`; `Enter` (list), `Ctrl-x d` (composer).
fn keys(map: &Keymap, row: &Action) -> Vec<(String, Vec<&'static str>)> {
    let mut found: Vec<(String, Vec<&'static str>)> = Vec::new();
    for (place, name) in PLACES.iter().filter(|(place, _)| row.places() & place != 0) {
        let keys = map.keys_of(*place, row.act).join("  ");
        match found.iter_mut().find(|(known, _)| *known == keys) {
            Some((_, places)) => places.push(name),
            None => found.push((keys, vec![name])),
        }
    }
    found
}

/// `assets/docs/keys.md`: every action with its name, keys in every preset, and where it works.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Keys\n\nMade from the action table (`src/app/actions.rs`); a test holds this page to it. In `[keys]` an action \
         is rebound by its\nname (`resolve = [\"e\", \"y\"]`), in one place with that in front (`[keys.composer]`), and unbound \
         with `\"\"`. Places: ",
    );
    out.push_str(&PLACES.map(|(_, name)| name).join(", "));
    out.push_str(".\n\nWhere a column is blank the preset leaves the key as it is.\n");
    let maps = PRESETS.map(|preset| Keymap::with(preset, &[]));
    let mut category = None;
    for row in ACTIONS {
        if category != Some(row.category) {
            category = Some(row.category);
            let _ = write!(
                out,
                "\n## {}\n\n| action | where | keys | gmail | mutt | arrows | |\n|---|---|---|---|---|---|---|\n",
                row.category.title()
            );
        }
        for (default, places) in keys(&maps[0], row) {
            let place = PLACES.iter().find(|(_, name)| *name == places[0]).map_or(0, |(place, _)| *place);
            let _ = write!(out, "| `{}` | {} | {} ", row.name, places.join(", "), cell(&default));
            for map in &maps[1..] {
                let other = map.keys_of(place, row.act).join("  ");
                let _ = write!(out, "| {} ", if other == default { String::new() } else { cell(&other) });
            }
            let _ = writeln!(out, "| {} |", row.help);
        }
    }
    out
}

fn cell(keys: &str) -> String {
    if keys.is_empty() {
        return "`:`".to_owned();
    }
    keys.split("  ").map(|key| format!("`{}`", key.replace('|', "\\|"))).collect::<Vec<_>>().join(" ")
}

/// The manual page's section, in roff.
pub fn roff() -> String {
    let map = Keymap::new(&[]);
    let safe = |text: &str| text.replace('\\', "\\\\").replace('-', "\\-").replace('\'', "\\(aq");
    let mut out = String::from(".SH KEYS\nEvery one can be rebound in [keys] of the configuration.\n");
    let mut category = None;
    for row in ACTIONS {
        if category != Some(row.category) {
            category = Some(row.category);
            let _ = writeln!(out, ".SS {}", safe(row.category.title()));
        }
        let spelled: Vec<String> = keys(&map, row)
            .into_iter()
            .map(|(keys, places)| {
                let keys = if keys.is_empty() { format!(":{}", row.name) } else { keys.replace("  ", ", ") };
                format!("{keys} ({})", places.join(", "))
            })
            .collect();
        let _ =
            writeln!(out, ".TP\n\\&{}\n{}: {}", safe(&spelled.join("; ")), safe(row.name), safe(row.help));
    }
    out
}
