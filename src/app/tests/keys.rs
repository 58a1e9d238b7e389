//! The action table is the one source: what is listed works, what is not listed does nothing.

use std::collections::HashSet;

use super::fixture::Desk;
use crate::{
    app::{
        Effect,
        actions::{ACTIONS, Act, place},
        keymap::{Binding, Keymap, Meaning, PLACES, sequence, show},
        presets::{self, PRESETS},
    },
    domain::Status,
};

/// A desk with the focus in a place.
pub(crate) fn at(wanted: u16) -> Desk {
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
        place::REPORT => desk.keys("g r"),
        place::PICKER => desk.keys(":"),
        place::FORM => desk.keys("c"),
        place::ASK => {
            desk.keys("r");
            desk.answer();
            desk.type_in("oi");
            desk.keys("Esc D");
        }
        place::PANEL => desk.keys("d"),
        place::LOCKED => desk.keys("L"),
        place::WELCOME => desk = super::desk::first_start(),
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
    for preset in PRESETS {
        unlisted_keys_are_quiet(preset);
    }
}

fn unlisted_keys_are_quiet(preset: &str) {
    let map = Keymap::with(preset, &[]);
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
        desk.model.keymap = Keymap::with(preset, &[]);
        let digits = wanted == place::THREAD;
        for name in names.iter().filter(|name| {
            let shown = crate::app::keymap::Key::parse(name).unwrap().to_string();
            !(listed.contains(&shown) || digits && name.parse::<u8>().is_ok())
        }) {
            desk.keys(name);
            assert_eq!(desk.model.place(), wanted, "{preset}: {name} in {wanted}");
            let quiet = desk.wished.is_empty() && desk.others.is_empty();
            assert!(quiet, "{preset}: {name} in {wanted}");
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
        .map(|(places, keys)| {
            places.count_ones() as usize * keys.split(", ").filter(|keys| !keys.is_empty()).count()
        })
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

#[test]
fn a_preset_leaves_no_action_without_a_key() {
    let table = Keymap::new(&[]);
    for preset in PRESETS {
        for binding in presets::bindings(preset) {
            let act = Act::named(&binding.action).unwrap_or_else(|| panic!("{preset}: {}", binding.action));
            let place = PLACES.iter().find(|(_, name)| Some(*name) == binding.place.as_deref()).unwrap().0;
            assert!(act.row().places() & place != 0, "{preset}: {} in {:?}", binding.action, binding.place);
            assert!(binding.keys.iter().all(|keys| sequence(keys).is_some()), "{preset}: {:?}", binding.keys);
        }
        let map = Keymap::with(preset, &[]);
        for row in ACTIONS {
            for (place, name) in PLACES.iter().filter(|(place, _)| row.places() & place != 0) {
                let before = table.keys_of(*place, row.act).is_empty();
                let now = map.keys_of(*place, row.act).is_empty();
                assert!(before || !now, "{preset}: {} has no key in {name}", row.name);
            }
        }
        // What is bound can be reached: nothing shorter that it begins with does something.
        for (place, keys, act) in map.all() {
            for end in 1..keys.len() {
                let hidden = matches!(map.meaning(place, &keys[..end]), Meaning::Do(_));
                assert!(!hidden, "{preset}: {} ({}) is hidden", show(keys), act.row().name);
            }
        }
    }
}

fn complaints(bindings: &[(Option<&str>, &str, &[&str])]) -> Vec<String> {
    let bindings: Vec<Binding> = bindings
        .iter()
        .enumerate()
        .map(|(at, (place, action, keys))| Binding {
            place: place.map(str::to_owned),
            action: (*action).to_owned(),
            keys: keys.iter().map(|it| (*it).to_owned()).collect(),
            source: format!("config.toml:{}", at + 1),
        })
        .collect();
    Keymap::with("default", &bindings).complaints
}

#[test]
fn conflicts_name_both_sources() {
    assert!(complaints(&[(None, "resolve", &["e", "B"])]).is_empty());
    let lost = complaints(&[(None, "resolve", &["y"])]);
    assert!(
        lost[0].starts_with("config.toml:1: y is resolve now; copy (the default keys) has no key in list"),
        "{lost:?}"
    );
    assert!(complaints(&[(None, "resolve", &["y"]), (None, "copy", &[])]).is_empty());
    let twice = complaints(&[(Some("list"), "resolve", &["B"]), (Some("list"), "mark", &["B", "x"])]);
    assert_eq!(
        twice,
        ["B is bound twice in list: resolve (config.toml:1) and mark (config.toml:2); the later one counts"]
    );
    let hidden = complaints(&[(Some("list"), "resolve", &["e", "r r"])]);
    assert_eq!(hidden, ["config.toml:1: r r in list is never reached: r is reply (the default keys)"]);
    let text = complaints(&[(Some("composer"), "attach", &["a"])]);
    assert_eq!(text, ["config.toml:1: a cannot be attach in composer: letters are text there"]);
    let unknown = complaints(&[(None, "resolv", &["B"]), (Some("lists"), "resolve", &["B"])]);
    assert!(unknown[0].contains("the nearest is \"resolve\""), "{unknown:?}");
    assert!(unknown[1].contains("it works in list, conversation"), "{unknown:?}");
    let binding = |action: &str, key: &str| Binding {
        place: None,
        action: action.into(),
        keys: vec![key.into()],
        source: "config.toml:1".into(),
    };
    let errors = |action, key| Keymap::with("default", &[binding(action, key)]).errors.len();
    assert_eq!([errors("resolv", "B"), errors("resolve", "Bla"), errors("resolve", "y")], [1, 1, 0]);
}

#[test]
fn pop_ups_are_rebound_and_unbound_too() {
    let binding = |place: &str, action: &str, keys: &[&str]| Binding {
        place: Some(place.into()),
        action: action.into(),
        keys: keys.iter().map(|it| (*it).to_owned()).collect(),
        source: "config.toml:1".into(),
    };
    let mut options = super::fixture::options((80, 24));
    options.bindings = vec![
        binding("review", "send", &["!"]),
        binding("question", "confirm", &["J"]),
        binding("picker", "close", &["Ctrl-g"]),
    ];
    let mut desk = Desk::with(options);
    desk.keys("r");
    desk.answer();
    desk.type_in("oi tudo bem");
    desk.keys("Esc y");
    assert!(desk.commits().is_empty());
    assert!(desk.model.review_offers().0.starts_with("! send"));
    desk.keys("D Y");
    assert_eq!(desk.model.place(), place::ASK);
    desk.keys("J");
    assert!(desk.model.composer.is_none());
    desk.keys(": Esc");
    assert_eq!(desk.model.place(), place::PICKER);
    desk.keys("Ctrl-g");
    assert_ne!(desk.model.place(), place::PICKER);
}

#[test]
fn the_page_of_keys_is_made_from_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/docs/keys.md");
    let made = crate::app::manual::markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(made == kept, "assets/docs/keys.md is old: UPDATE_DOCS=1 cargo test page_of_keys");
    let roff = crate::app::manual::roff();
    for row in ACTIONS {
        assert!(roff.contains(&row.name.replace('-', "\\-")), "{}", row.name);
    }
}

#[test]
fn the_menu_begins_with_what_is_done_for_a_customer() {
    let mut desk = at(place::LIST);
    desk.keys("?");
    let titles = |desk: &Desk| -> Vec<String> {
        let choices = &desk.model.picker.as_ref().unwrap().choices;
        choices.iter().map(|it| it.title.split("  ").next().unwrap().to_owned()).collect()
    };
    let all = titles(&desk);
    let before =
        |name: &str| all.iter().position(|it| it == name).unwrap_or_else(|| panic!("{name}: {all:?}"));
    for name in ["reply", "internal note", "resolve", "status pending", "assign to me", "search"] {
        assert!(before(name) < before("next"), "{name}: {all:?}");
    }
    assert!(before("assign to me") < 17, "{all:?}");
    let reply = &desk.model.picker.as_ref().unwrap().choices[0];
    assert!(reply.title.contains("Esc, then y sends"), "{}", reply.title);
    // Its pages turn, its ends are reached, and what is typed narrows it.
    desk.keys("PgDn");
    let chosen = |desk: &Desk| desk.model.picker.as_ref().unwrap().chosen;
    assert_eq!(chosen(&desk), 16);
    desk.keys("PgUp End");
    assert_eq!(chosen(&desk), all.len() - 1);
    desk.keys("Home");
    assert_eq!(chosen(&desk), 0);
    desk.type_in("status");
    assert!(titles(&desk)[0].starts_with("status"), "{:?}", titles(&desk));
}

#[test]
fn a_conflict_of_keys_is_told_in_the_screens_language() {
    let bind = |action: &str, source: &str| Binding {
        place: Some("list".into()),
        action: action.into(),
        keys: vec!["B".into()],
        source: source.into(),
    };
    let bindings = [bind("resolve", "a.toml:1"), bind("mark", "a.toml:2")];
    let told = Keymap::told(crate::domain::Lang::De, "default", &bindings).complaints;
    assert!(
        told[0].contains("zweimal") && told[0].contains("a.toml:1") && told[0].contains("a.toml:2"),
        "{told:?}"
    );
    assert!(Keymap::with("default", &bindings).complaints[0].contains("bound twice"));
}
