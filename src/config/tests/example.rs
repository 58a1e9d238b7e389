//! `config.example.toml` against the code, both ways.

use crate::channels::registry::schemas;
use std::collections::BTreeSet;

use super::Desk;
use crate::config::{Shape, json_schema, tables};

const EXAMPLE: &str = include_str!("../../../config.example.toml");

/// The example, with those of kinds that bring their own.
fn example() -> String {
    let theirs = schemas().into_iter().map(|kind| kind.example).filter(|it| !it.is_empty());
    std::iter::once(EXAMPLE).chain(theirs).collect::<Vec<_>>().join("\n")
}

/// The example with its commented keys switched on; group and owner are such as every box knows.
fn everything() -> String {
    let mut text = String::new();
    for line in example().lines() {
        let key = line.strip_prefix("# ").filter(|rest| {
            rest.split_once(" = ")
                .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || "_-".contains(c)))
        });
        let line = key.unwrap_or(line).replace("\"support\"", "\"root\"").replace("\"deskline\"", "\"root\"");
        // A file that every box has, and that says nothing.
        text += &line.replace("/etc/deskline/templates.toml", "/dev/null");
        text.push('\n');
    }
    text
}

#[test]
fn the_example_loads_as_it_stands() {
    let desk = Desk::new();
    desk.user(&example());
    let config = desk.load().unwrap_or_else(|error| panic!("{error}"));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert_eq!(config.channels.len(), schemas().len(), "a channel of every kind");
}

#[test]
fn the_example_loads_with_every_comment_taken_away() {
    let desk = Desk::new();
    desk.user(&everything());
    desk.load().unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn every_key_is_in_the_example() {
    let text = everything();
    let document: toml::Table = text.parse().unwrap();
    let keys = |value: &toml::Value| -> BTreeSet<String> {
        let tables = match value {
            toml::Value::Array(tables) => tables.clone(),
            table => vec![table.clone()],
        };
        tables.iter().filter_map(|table| table.as_table()).flat_map(|table| table.keys().cloned()).collect()
    };
    for table in tables::TABLES {
        let mut value = &toml::Value::Table(document.clone());
        for part in table.name.split('.') {
            value = value.get(part).unwrap_or_else(|| panic!("[{}] is not in the example", table.name));
        }
        let present = keys(value);
        for key in table.keys {
            assert!(present.contains(key.name), "`{}` of [{}] is not in the example", key.name, table.name);
        }
        assert!(
            table.shape != Shape::Open || present.len() > table.keys.len(),
            "[{}] shows no entry",
            table.name
        );
    }
    let channels = document["channel"].as_array().unwrap();
    let common = keys(&document["channel"]);
    for key in tables::CHANNEL.keys {
        assert!(common.contains(key.name), "`{}` of [[channel]] is not in the example", key.name);
    }
    for kind in &schemas() {
        let present =
            channels.iter().find(|channel| channel["kind"].as_str() == Some(kind.kind)).map(keys).unwrap();
        for key in kind.keys {
            assert!(present.contains(key.name), "`{}` of kind {} is not in the example", key.name, kind.kind);
        }
    }
}

#[test]
fn the_commented_defaults_are_the_defaults() {
    let desk = Desk::new();
    desk.user(&example());
    let plain = desk.load().unwrap();
    desk.user(&everything());
    let full = desk.load().unwrap();
    // Keys whose comment is an example rather than the default, because the default is nothing or the box's.
    let keys = tables::TABLES.iter().filter(|table| table.shape == Shape::One).flat_map(|table| {
        table
            .keys
            .iter()
            .filter(|key| key.default.is_some())
            .map(|key| format!("{}.{}", table.name, key.name))
    });
    let of_kinds = plain.channels.iter().flat_map(|channel| {
        let kind = schemas().into_iter().find(|kind| kind.kind == channel.kind.as_str()).unwrap();
        let keys = tables::CHANNEL
            .keys
            .iter()
            .chain(kind.keys)
            .filter(|key| key.default.is_some() && key.name != "lint");
        keys.map(|key| format!("channel.{}.{}", channel.name, key.name)).collect::<Vec<_>>()
    });
    for key in keys.chain(of_kinds) {
        let value = |config: &crate::config::Config| {
            config.effective.iter().find(|value| value.key == key).map(|value| value.value.clone())
        };
        assert_eq!(value(&plain), value(&full), "{key}");
    }
}

#[test]
fn the_schema_names_every_key() {
    let schema = json_schema(&schemas());
    for table in tables::TABLES.iter().filter(|table| table.shape == Shape::One) {
        for key in table.keys {
            assert!(schema["properties"][table.name]["properties"][key.name].is_object(), "{}", key.name);
        }
    }
    let channels = schema["properties"]["channel"]["items"]["oneOf"].as_array().unwrap();
    assert_eq!(channels.len(), schemas().len());
    assert_eq!(channels[0]["properties"]["kind"]["const"], "thg");
    assert_eq!(schema["properties"]["sync"]["properties"]["max_rate"]["default"], 4);
}
