//! The audit of the keys: what is listed does something that the agent can see, where it is listed.

use super::picture;
use crate::{
    app::{
        Input, Msg,
        actions::place,
        keymap::{Keymap, PLACES, show},
        tests::{fixture::Desk, keys::at, writing::outbox_row},
    },
    ui::Theme,
};

/// What an agent or the world could notice: the picture, what is said, and what was asked for.
fn noticed(desk: &Desk) -> impl PartialEq + use<> {
    let cursors = (
        desk.model.composer.as_ref().map(|it| it.text.cursor()),
        desk.model.picker.as_ref().map(|it| it.input.cursor()),
    );
    (picture(desk, &Theme::mono()), cursors, desk.wished.len(), desk.others.len(), desk.asked.len())
}

/// What is typed before, so that a key has something to act on: each is tried until one lets it be seen.
fn before(of: u16) -> &'static [&'static str] {
    match of {
        place::LIST => &["", "j", "x"],
        place::THREAD => &["", "k", "g g", "G"],
        place::COMPOSER => &["", "Left", "Enter x Up", "Enter x", "Ctrl-w", "x Ctrl-_", "PgUp"],
        place::FORM | place::PICKER => &["", "s e t", "s e t Left", "s e t Ctrl-w", "Down", "PgDn"],
        place::OUTBOX | place::PANEL | place::REPORT => &["", "j"],
        _ => &[""],
    }
}

/// What has nothing to show, and why.
const QUIET: &[(&str, &str)] = &[
    ("locked: Ctrl-c", "a locked screen is left by its word alone"),
    ("picker: Shift-Tab", "the values of a template only"),
    ("question: D", "the question about a row that was not sent only"),
    ("question: e", "the question about a row that was not sent only"),
];

#[test]
fn every_listed_key_does_something_where_it_is_listed() {
    audit("default");
}

#[test]
fn every_key_of_gmail_s_does_something_where_it_is_listed() {
    audit("gmail");
}

#[test]
fn every_key_of_mutt_s_does_something_where_it_is_listed() {
    audit("mutt");
}

#[test]
fn every_key_of_the_arrows_does_something_where_it_is_listed() {
    audit("arrows");
}

/// Each place is come to by the default keys, then the preset's are in force.
fn audit(preset: &str) {
    let map = Keymap::with(preset, &[]);
    let mut idle = Vec::new();
    for (of, keys, act) in map.all() {
        let seen = before(of).iter().any(|first| {
            let mut desk = at(of);
            if matches!(of, place::THREAD | place::COMPOSER) {
                // Few lines, so that there is more than a page.
                desk.send(Msg::Input(Input::Resize(80, 10)));
                desk.draw();
            }
            if of == place::OUTBOX {
                desk.model.outbox.rows = (0..40).map(|n| outbox_row(n, 17)).collect();
            }
            if !first.is_empty() {
                desk.keys(first);
            }
            desk.model.keymap = Keymap::with(preset, &[]);
            desk.draw();
            let before = noticed(&desk);
            desk.keys(&show(keys));
            noticed(&desk) != before
        });
        let name = PLACES.iter().find(|(it, _)| *it == of).map_or("", |(_, name)| *name);
        let what = format!("{name}: {}", show(keys));
        let quiet = QUIET.iter().any(|(it, _)| *it == what);
        if seen == quiet {
            idle.push(format!(
                "{what} ({}): {}",
                act.row().name,
                if seen { "is seen after all" } else { "nothing" }
            ));
        }
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}
