//! The action table is the one source: what is listed works, what is not listed does nothing.

use std::collections::HashSet;

use super::fixture::Desk;
use crate::{
    app::{
        Effect,
        actions::{ACTIONS, place},
        keymap::{Binding, Keymap, show},
    },
    domain::Status,
};

/// A desk with the focus in a place.
fn at(wanted: u16) -> Desk {
    let mut desk = Desk::opened((80, 24));
    match wanted {
        place::LIST => desk.keys("q"),
        place::COMPOSER => {
            desk.keys("r");
            desk.answer();
            desk.type_in("oi tudo bem");
        }
        place::REVIEW => {
            desk.keys("r");
            desk.answer();
            desk.type_in("oi");
            desk.keys("Esc");
        }
        place::OUTBOX => desk.keys("g o"),
        place::PICKER => desk.keys(":"),
        place::FORM => desk.keys("c"),
        place::ASK => {
            desk.keys("r");
            desk.answer();
            desk.type_in("oi");
            desk.keys("Esc D");
        }
        place::PANEL => desk.keys("d"),
        _ => {}
    }
    desk.answer();
    desk.wished.clear();
    desk.others.clear();
    desk.model.notice = None;
    assert_eq!(desk.model.place(), wanted);
    desk
}

#[test]
fn every_listed_key_is_known_where_it_is_listed() {
    let map = Keymap::new(&[]);
    for (place, keys, act) in map.all() {
        let mut desk = at(place);
        desk.keys(&show(keys));
        let said = desk.notice().to_owned();
        assert!(!said.contains("no such key"), "{} in {place}: {said}", show(keys));
        assert!(!said.contains("does not work here"), "{} in {place}", act.row().name);
    }
}

#[test]
fn a_key_that_is_not_listed_changes_nothing() {
    let map = Keymap::new(&[]);
    let mut names: Vec<String> =
        (' '..='~').map(|it| if it == ' ' { "Space".into() } else { it.to_string() }).collect();
    names.extend(('a'..='z').map(|it| format!("Ctrl-{it}")));
    names.extend(
        ["Enter", "Esc", "Tab", "BackTab", "Up", "Down", "Left", "Right", "PgUp", "PgDn"].map(str::to_owned),
    );
    for wanted in [place::LIST, place::THREAD, place::REVIEW, place::OUTBOX, place::ASK, place::PANEL] {
        let listed: HashSet<String> =
            map.all().filter(|(at, ..)| *at == wanted).map(|(_, keys, _)| keys[0].to_string()).collect();
        let mut desk = at(wanted);
        let digits = wanted == place::THREAD;
        for name in names.iter().filter(|name| {
            let shown = crate::app::keymap::Key::parse(name).unwrap().to_string();
            !(listed.contains(&shown) || digits && name.parse::<u8>().is_ok())
        }) {
            desk.keys(name);
            assert_eq!(desk.model.place(), wanted, "{name} in {wanted}");
            assert!(desk.wished.is_empty() && desk.others.is_empty(), "{name} in {wanted}");
        }
    }
}

#[test]
fn names_and_keys_are_unique_and_helped() {
    let mut names = HashSet::new();
    for row in ACTIONS {
        assert!(names.insert(row.name), "{}", row.name);
        assert!(!row.keys.is_empty() && !row.help.is_empty(), "{}", row.name);
        assert!(
            row.name
                .chars()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, '-' | '$'))
        );
    }
    // No key means two things in one place: the map would have fewer entries than the table.
    let listed: usize = ACTIONS
        .iter()
        .flat_map(|row| row.keys)
        .map(|(places, keys)| places.count_ones() as usize * keys.split(", ").count())
        .sum();
    let map = Keymap::new(&[]);
    // F1 is listed on the screens and everywhere by one action; nothing else may overlap.
    assert_eq!(map.all().count(), listed);
}

#[test]
fn no_control_letter_acts_on_a_customer() {
    for row in ACTIONS.iter().filter(|row| row.act.acts()) {
        for (places, keys) in row.keys {
            let letters = places & !(place::COMPOSER) != 0;
            let redo = row.name == "redo";
            assert!(!(letters && keys.contains("Ctrl-")) || redo, "{}", row.name);
        }
    }
}

#[test]
fn keys_are_rebound_and_conflicts_name_both_sources() {
    let bind = |place: Option<&str>, action: &str, key: &str, source: &str| Binding {
        place: place.map(str::to_owned),
        action: action.into(),
        keys: vec![key.into()],
        source: source.into(),
    };
    let map = Keymap::new(&[
        bind(None, "resolve", "Ctrl-e", "a.toml:1"),
        bind(None, "unread", "Ctrl-e", "a.toml:2"),
    ]);
    assert!(map.complaints[0].contains("a.toml:1") && map.complaints[0].contains("a.toml:2"));
    let map = Keymap::new(&[bind(Some("list"), "resolve", "Z", "a.toml:1")]);
    assert_eq!(map.key_of(place::LIST, crate::app::actions::Act::Resolve).as_deref(), Some("Z"));
    assert_eq!(map.key_of(place::THREAD, crate::app::actions::Act::Resolve).as_deref(), Some("e"));
    let map = Keymap::new(&[bind(None, "no-such", "Z", "a.toml:7")]);
    assert!(map.complaints[0].contains("a.toml:7"));
}

#[test]
fn counts_move_that_many_messages_and_digits_choose_views() {
    let mut desk = at(place::THREAD);
    desk.keys("k 5 j");
    assert_eq!(desk.model.thread.as_ref().unwrap().selected, 1);
    let mut desk = at(place::LIST);
    desk.keys("4");
    assert_eq!(desk.model.list.views[desk.model.list.view].name, "Pending");
    assert_eq!(desk.model.list.rows[0].status, Status::Open);
}

#[test]
fn escape_ends_one_thing_at_a_time_and_never_quits() {
    let mut desk = at(place::LIST);
    desk.keys("x /");
    desk.type_in("oi");
    desk.keys("Enter");
    desk.answer();
    desk.keys("Esc Esc Esc Esc Esc");
    assert_eq!(desk.model.list.narrowed.search, None);
    assert!(!desk.others.contains(&Effect::Quit));
}
