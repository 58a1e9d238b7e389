//! A TOML file as a tree that knows its lines. Nothing here knows what a key means.

use std::{path::Path, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::error::{Origin, Problem};

/// A value as it stands in a file, or as an environment variable spelled it.
#[derive(Clone, PartialEq)]
pub(super) enum Raw {
    Text(String),
    Number(String),
    Flag(bool),
    /// An unquoted date or time of TOML, as it was written.
    Moment(String),
    List(Vec<Raw>),
    Table(Vec<Entry>),
}

/// A key with its value and its place.
#[derive(Clone, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub value: Raw,
    pub origin: Origin,
}

impl Raw {
    /// What it is, for messages: never the value itself.
    pub fn what(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Moment(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Reads a file's text. The message of a syntax error names the line and never quotes it: it may hold a secret.
pub(super) fn read(text: &str, path: &Arc<Path>) -> Result<Vec<Entry>, Problem> {
    let lines = Lines::of(text);
    let origin = |at: usize| Origin::File { path: Arc::clone(path), line: lines.number(at) };
    match DeTable::parse(text) {
        Ok(table) => Ok(entries(table.get_ref(), &origin)),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let message = format!("not valid TOML: {}", super::error::shown(error.message()));
            Err(Problem::at(&origin(at), message).hint("the line is not shown, it may hold a secret"))
        }
    }
}

/// Reads one value as TOML spells it (`{ env = "X" }`, `["a", "b"]`), said by `origin`.
pub(super) fn read_value(text: &str, origin: &Origin) -> Option<Raw> {
    let value = DeValue::parse(text).ok()?;
    Some(raw(value.get_ref(), &|_| origin.clone()))
}

fn entries(table: &DeTable<'_>, origin: &dyn Fn(usize) -> Origin) -> Vec<Entry> {
    let mut found: Vec<(usize, Entry)> = table
        .iter()
        .map(|(key, value)| {
            let at = key.span().start;
            (
                at,
                Entry {
                    key: key.get_ref().to_string(),
                    value: raw(value.get_ref(), origin),
                    origin: origin(at),
                },
            )
        })
        .collect();
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, entry)| entry).collect()
}

fn raw(value: &DeValue<'_>, origin: &dyn Fn(usize) -> Origin) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Raw::Number(number.to_string()),
            Err(_) => Raw::Number(number.as_str().to_owned()),
        },
        DeValue::Float(number) => Raw::Number(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Datetime(moment) => Raw::Moment(moment.to_string()),
        DeValue::Array(items) => {
            Raw::List(items.iter().map(|item: &Spanned<DeValue<'_>>| raw(item.get_ref(), origin)).collect())
        }
        DeValue::Table(table) => Raw::Table(entries(table, origin)),
    }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The line, counted from 1, in which the byte `at` stands.
    fn number(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at)
    }
}
