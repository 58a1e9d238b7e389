//! `config schema`: the tables as a JSON Schema, for editors that complete TOML.

use serde_json::{Map, Value, json};

use super::{
    layers::schemas,
    schema::{KeyKind, KeySchema, KindSchema, Need, Shape},
    tables::CHANNEL,
    value::{self, Surroundings},
};

/// The JSON Schema (2020-12) of a configuration file.
pub fn json_schema(kinds: &[KindSchema]) -> Value {
    let mut properties = Map::new();
    let mut below = Map::new();
    for table in schemas() {
        if table.name == CHANNEL.name {
            continue;
        }
        let mut schema = object(table.keys.iter(), table.doc);
        if table.shape == Shape::Open {
            let texts = json!({ "type": ["string", "array"], "items": { "type": "string" } });
            // [keys.composer] is a table of the same.
            schema["additionalProperties"] =
                json!({ "anyOf": [texts, { "type": "object", "additionalProperties": texts }] });
        }
        match (table.name.split_once('.'), table.shape) {
            (Some((parent, name)), _) => {
                below.insert(format!("{parent}/{name}"), schema);
            }
            (None, Shape::Many(_)) => {
                properties.insert(table.name.to_owned(), json!({ "type": "array", "items": schema }));
            }
            (None, _) => {
                properties.insert(table.name.to_owned(), schema);
            }
        }
    }
    for (path, schema) in below {
        if let Some((parent, name)) = path.split_once('/') {
            properties[parent]["properties"][name] = schema;
        }
    }
    let channels: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            let mut schema = object(CHANNEL.keys.iter().chain(kind.keys), CHANNEL.doc);
            schema["properties"]["kind"] = json!({ "const": kind.kind });
            schema["properties"]["undo_window"]["default"] = json!(kind.undo_window);
            schema["title"] = json!(kind.kind);
            schema
        })
        .collect();
    properties.insert(CHANNEL.name.to_owned(), json!({ "type": "array", "items": { "oneOf": channels } }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "deskline's config.toml",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn object<'a>(keys: impl Iterator<Item = &'a KeySchema> + Clone, doc: &str) -> Value {
    let properties: Map<String, Value> =
        keys.clone().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> =
        keys.clone().filter(|key| key.need == Need::Always).map(|key| key.name).collect();
    let conditions: Vec<Value> = keys
        .filter_map(|key| match key.need {
            Need::When(other, word) => {
                let default =
                    properties.get(other).and_then(|other| other.get("default")) == Some(&json!(word));
                // Without its key the condition holds only where the word is that key's default.
                let present = if default { json!([]) } else { json!([other]) };
                Some(json!({
                    "if": { "properties": { other: { "const": word } }, "required": present },
                    "then": { "required": [key.name] },
                }))
            }
            _ => None,
        })
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": doc,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if !conditions.is_empty() {
        schema["allOf"] = json!(conditions);
    }
    schema
}

fn property(key: &KeySchema) -> Value {
    let text = || json!({ "type": "string", "minLength": 1 });
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let mut schema = match key.what {
        KeyKind::Text
        | KeyKind::Path
        | KeyKind::Templates
        | KeyKind::Address
        | KeyKind::Zone
        | KeyKind::Marketplace => text(),
        KeyKind::Moment => json!({ "type": "string", "format": "date-time" }),
        KeyKind::Digits => pattern("^[0-9./ -]+$"),
        KeyKind::Short => pattern("^[A-Za-z0-9]{2,4}$"),
        KeyKind::Url | KeyKind::PublicUrl => {
            json!({ "type": "string", "format": "uri", "pattern": "^https?://" })
        }
        KeyKind::WebPath => pattern("^/."),
        KeyKind::StoreUrl => pattern("^(sqlite:|postgres(ql)?://)"),
        KeyKind::Span(_) => pattern("^[0-9]+ *(ms|s|m|min|h|d)$"),
        KeyKind::Size => pattern("^[0-9]+ *(B|kB|KB|MB|GB|KiB|MiB|GiB)$"),
        KeyKind::Count(from, to) => json!({ "type": "integer", "minimum": from, "maximum": to }),
        KeyKind::Flag => json!({ "type": "boolean" }),
        KeyKind::Choice(words) => json!({ "enum": words }),
        KeyKind::List
        | KeyKind::Languages
        | KeyKind::Paths
        | KeyKind::Hours
        | KeyKind::Days
        | KeyKind::Program => {
            json!({ "type": ["array", "string"], "items": { "type": "string" } })
        }
        KeyKind::Programs => json!({
            "type": "object",
            "additionalProperties": { "type": ["array", "string"], "items": { "type": "string" } },
        }),
        KeyKind::Words(keys, values) => {
            let properties: Map<String, Value> =
                keys.iter().map(|key| ((*key).to_owned(), json!({ "enum": values }))).collect();
            json!({ "type": "object", "properties": properties, "additionalProperties": false })
        }
        KeyKind::Secret => {
            let way = |name: &str| {
                json!({
                    "type": "object",
                    "properties": { name: { "type": "string", "minLength": 1 } },
                    "required": [name],
                    "additionalProperties": false,
                })
            };
            json!({ "anyOf": [way("env"), way("file"), way("command"), text()] })
        }
    };
    schema["description"] = json!(key.doc);
    if let Some(default) = key.default {
        schema["default"] = default_of(key.what, default);
    }
    schema
}

fn default_of(what: KeyKind, default: &str) -> Value {
    match what {
        KeyKind::Count(..) => default.parse::<u64>().map_or(Value::Null, |number| json!(number)),
        KeyKind::Flag => json!(default == "true"),
        KeyKind::List | KeyKind::Languages | KeyKind::Paths | KeyKind::Hours | KeyKind::Days => {
            json!(default.split(',').collect::<Vec<_>>())
        }
        KeyKind::Program => json!(default.split_whitespace().collect::<Vec<_>>()),
        _ => {
            let around = Surroundings { home: std::path::Path::new("/"), folder: None };
            let raw = value::from_text(what, default, &super::Origin::Default);
            debug_assert!(value::read(what, &raw, &around).is_ok());
            json!(default)
        }
    }
}
