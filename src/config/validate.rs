//! Raw tables against their schema: every value read, every key known, every required one there.

use std::collections::BTreeMap;

use super::{
    document::{Entry, Raw},
    environment::Environment,
    error::{Origin, Problem},
    layers::{Table, unknown_key},
    schema::{KeyKind, KeySchema, KindSchema, Need, Shape},
    settings::{Setting, Settings},
    tables::CHANNEL,
    value::{self, Surroundings, Value},
};

/// The keys that a table may have: its own and, for a channel, those of its kind.
pub(super) fn keys_of<'a>(
    table: &Table,
    kinds: &'a [KindSchema],
) -> impl Iterator<Item = &'a KeySchema> + Clone {
    let kind = kind_of(table, kinds);
    table.schema.keys.iter().chain(kind.map_or(&[][..], |kind| kind.keys))
}

/// The kind of a channel's table, `None` where it is unknown or the table is another.
pub(super) fn kind_of<'a>(table: &Table, kinds: &'a [KindSchema]) -> Option<&'a KindSchema> {
    if table.schema.name != CHANNEL.name {
        return None;
    }
    table.entries.iter().find_map(|entry| match &entry.value {
        Raw::Text(word) if entry.key == "kind" => kinds.iter().find(|kind| kind.kind == word),
        _ => None,
    })
}

/// What messages call a table.
fn title(table: &Table) -> String {
    match &table.id {
        Some(id) => format!("{} {}", table.schema.name, super::error::shown(id)),
        None => format!("[{}]", table.schema.name),
    }
}

/// Reads a table. What is wrong with it goes to `problems`; what is right is in the result all the same.
pub(super) fn read(
    table: &Table,
    kinds: &[KindSchema],
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> Settings {
    let title = title(table);
    let mut settings =
        Settings { title: title.clone(), origin: table.origin.clone(), values: BTreeMap::new() };
    let kind = kind_of(table, kinds);
    // With an unknown kind every key of any kind would be one more false alarm.
    let blind = table.schema.name == CHANNEL.name && kind.is_none();
    // The schema's own slices are 'static; a kind's keys are behind a shorter borrow, so they are chained here.
    let keys: Vec<KeySchema> = keys_of(table, kinds).copied().collect();

    for entry in &table.entries {
        let Some(key) = keys.iter().find(|key| key.name == entry.key) else {
            if table.schema.shape != Shape::Open && !blind {
                let unknown = unknown_key(&entry.key, keys.iter().map(|key| key.name));
                let message = format!("{} in {title}", unknown.message);
                problems.push(Problem { origin: Some(entry.origin.clone()), message, ..unknown });
            }
            continue;
        };
        match value::read(key.what, &entry.value, &surroundings(entry, environment)) {
            Ok(value) => {
                let masked = matches!(key.what, KeyKind::WebPath | KeyKind::PublicUrl)
                    && !matches!(key.default, Some(default) if is(&value, default));
                settings.values.insert(key.name, Setting { value, origin: entry.origin.clone(), masked });
            }
            Err(why) => problems.push(Problem::at(&entry.origin, format!("`{}` of {title} {why}", key.name))),
        }
    }
    if blind {
        return settings;
    }
    let around = Surroundings { home: environment.home(), folder: None };
    for key in &keys {
        if let Some(default) = key.default
            && !table.entries.iter().any(|entry| entry.key == key.name)
        {
            let raw = value::from_text(key.what, default, &Origin::Default);
            match value::read(key.what, &raw, &around) {
                Ok(value) => settings.set_default(key.name, value),
                Err(why) => {
                    problems.push(Problem::new(format!("the default of `{}` of {title} {why}", key.name)));
                }
            }
        }
    }
    for key in &keys {
        let needed = match key.need {
            Need::Optional => false,
            Need::Always => true,
            Need::When(other, word) => settings.text(other) == Some(word),
        };
        if needed && !table.entries.iter().any(|entry| entry.key == key.name) {
            problems.push(Problem::at(&table.origin, format!("{title} lacks `{}`", key.name)).hint(key.doc));
        }
    }
    settings
}

fn is(value: &Value, text: &str) -> bool {
    matches!(value, Value::Text(known) if known == text)
}

fn surroundings<'a>(entry: &'a Entry, environment: &'a Environment) -> Surroundings<'a> {
    Surroundings { home: environment.home(), folder: entry.origin.file().and_then(std::path::Path::parent) }
}

/// The names and texts of an open table (`[keys]`), with the place of each.
pub(super) fn open_entries(table: &Table, problems: &mut Vec<Problem>) -> Vec<(String, Vec<String>, Origin)> {
    let mut found = Vec::new();
    for entry in &table.entries {
        if table.schema.keys.iter().any(|key| key.name == entry.key) {
            continue;
        }
        let texts = match &entry.value {
            Raw::Text(text) => Some(vec![text.clone()]),
            Raw::List(items) => items
                .iter()
                .map(|item| match item {
                    Raw::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        let Some(texts) = texts else {
            let (key, table) = (super::error::shown(&entry.key), table.schema.name);
            let message = format!("`{key}` of [{table}] must be a text or a list of texts");
            problems.push(Problem::at(&entry.origin, message));
            continue;
        };
        let texts = texts.into_iter().filter(|text| !text.is_empty()).collect();
        found.push((entry.key.clone(), texts, entry.origin.clone()));
    }
    found
}
