//! The layers, laid over each other: files, environment, arguments. Still raw; [`super::validate`] reads the values.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Argument, Sources,
    document::{self, Entry, Raw},
    error::{Origin, Problem, nearest, shown},
    schema::{KeyKind, KindSchema, Shape, TableSchema},
    tables::{CHANNEL, TABLES},
    value,
};

/// One table with what all layers said about it, a key once.
pub(super) struct Table {
    pub schema: &'static TableSchema,
    /// What tells tables of one sort apart (`name`), where there can be several.
    pub id: Option<String>,
    pub entries: Vec<Entry>,
    pub origin: Origin,
}

/// A file that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerFile {
    /// Where.
    pub path: PathBuf,
    /// Whether it was there.
    pub found: bool,
    /// Its mode and its owner's number, where it was there.
    pub(super) mode_and_owner: Option<(u32, u32)>,
}

/// Every table that there may be.
pub(super) fn schemas() -> impl Iterator<Item = &'static TableSchema> + Clone {
    TABLES.iter().chain(std::iter::once(&CHANNEL))
}

pub(super) struct Layers {
    pub tables: Vec<Table>,
    pub files: Vec<LayerFile>,
}

/// Reads all layers in their order.
pub(super) fn read(sources: &Sources<'_>, kinds: &[KindSchema], problems: &mut Vec<Problem>) -> Layers {
    let mut layers = Layers { tables: Vec::new(), files: Vec::new() };
    if let Some(path) = &sources.file {
        let entries = layers.read_file(path, problems).unwrap_or_else(|| {
            problems.push(Problem::new(format!("there is no file {}", path.display())));
            Vec::new()
        });
        layers.lay(entries, problems);
    } else {
        let system = layers.read_file(&sources.environment.system_file, problems).unwrap_or_default();
        let mut user = layers.read_file(&sources.environment.user_file(), problems).unwrap_or_default();
        if let Some(reason) = system.iter().find(|entry| matches!(entry.key.as_str(), "store" | "channel")) {
            user.retain(|entry| {
                let personal = schemas().any(|table| table.name == entry.key && table.personal);
                let unknown = schemas().all(|table| table.name != entry.key);
                if !personal && !unknown {
                    problems.push(
                        Problem::at(&entry.origin, format!("[{}] cannot be set here", entry.key)).hint(format!(
                            "{} configures this box; a user's own file may set [agent], [ui], [keys], [compose] and \
                             [[view]] only",
                            reason.origin
                        )),
                    );
                }
                personal || unknown
            });
        }
        layers.lay(system, problems);
        layers.lay(user, problems);
    }
    layers.lay_environment(sources, kinds, problems);
    for argument in &sources.arguments {
        layers.lay_argument(argument, problems);
    }
    layers
}

impl Layers {
    fn read_file(&mut self, path: &Path, problems: &mut Vec<Problem>) -> Option<Vec<Entry>> {
        use std::os::unix::fs::MetadataExt;
        let mut file = LayerFile { path: path.to_owned(), found: false, mode_and_owner: None };
        let shared: Arc<Path> = Arc::from(path);
        let entries = match std::fs::read(path) {
            Ok(bytes) => {
                file.found = true;
                file.mode_and_owner =
                    std::fs::metadata(path).ok().map(|metadata| (metadata.mode() & 0o7777, metadata.uid()));
                Some(match String::from_utf8(bytes) {
                    Ok(text) => document::read(&text, &shared),
                    Err(_) => Err(Problem::new(format!("{}: not UTF-8 text", path.display()))),
                })
            }
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                None
            }
            Err(error) => {
                file.found = true;
                let hint =
                    "a file that others need must be readable to them: keep secrets out of it, by reference";
                Some(Err(Problem::new(format!("cannot read {}: {error}", path.display())).hint(hint)))
            }
        };
        self.files.push(file);
        Some(match entries? {
            Ok(entries) => entries,
            Err(problem) => {
                problems.push(problem);
                Vec::new()
            }
        })
    }

    fn lay(&mut self, entries: Vec<Entry>, problems: &mut Vec<Problem>) {
        let mut seen = BTreeSet::new();
        for entry in entries {
            let Some(schema) = schemas().find(|table| table.name == entry.key) else {
                problems.push(unknown_table(&entry));
                continue;
            };
            match (schema.shape, entry.value) {
                (Shape::One | Shape::Open, Raw::Table(found)) => {
                    self.lay_one(schema, found, &entry.origin);
                }
                (Shape::Many(id), Raw::List(items)) => {
                    for item in items {
                        let Raw::Table(found) = item else {
                            problems.push(Problem::at(&entry.origin, format!("write [[{}]]", schema.name)));
                            continue;
                        };
                        self.lay_many(schema, id, found, &entry.origin, &mut seen, problems);
                    }
                }
                (Shape::Many(_), _) => {
                    let message = format!(
                        "`{}` must be written [[{}]]: there can be several",
                        schema.name, schema.name
                    );
                    problems.push(Problem::at(&entry.origin, message));
                }
                _ => {
                    let message =
                        format!("`{}` must be written [{}]: there is one", schema.name, schema.name);
                    problems.push(Problem::at(&entry.origin, message));
                }
            }
        }
    }

    fn lay_one(&mut self, schema: &'static TableSchema, found: Vec<Entry>, origin: &Origin) {
        for entry in found {
            // [compose.macros] is a table of its own.
            let below = schemas()
                .find(|table| table.name.strip_prefix(schema.name) == Some(&format!(".{}", entry.key)));
            match (below, entry.value) {
                (Some(below), Raw::Table(found)) => self.lay_one(below, found, &entry.origin),
                // [keys.composer] is the same as [keys] with "composer." before each action.
                (None, Raw::Table(found)) if schema.shape == Shape::Open => {
                    let found = found
                        .into_iter()
                        .map(|inner| Entry { key: format!("{}.{}", entry.key, inner.key), ..inner });
                    self.lay_one(schema, found.collect(), &entry.origin);
                }
                (_, value) => self.put(schema, None, Entry { value, ..entry }),
            }
        }
        // An empty table is one that somebody wrote: [webhook] without listen has to be told what it lacks.
        self.at(schema, None, origin);
    }

    fn lay_many(
        &mut self,
        schema: &'static TableSchema,
        id: &'static str,
        found: Vec<Entry>,
        origin: &Origin,
        seen: &mut BTreeSet<(&'static str, String)>,
        problems: &mut Vec<Problem>,
    ) {
        let origin = found.first().map_or(origin, |entry| &entry.origin).clone();
        let name = match found.iter().find(|entry| entry.key == id).map(|entry| &entry.value) {
            Some(Raw::Text(name)) if !name.trim().is_empty() => name.clone(),
            Some(_) => {
                problems.push(Problem::at(&origin, format!("`{id}` of [[{}]] must be a text", schema.name)));
                return;
            }
            None => {
                problems.push(Problem::at(&origin, format!("[[{}]] lacks `{id}`", schema.name)));
                return;
            }
        };
        if !seen.insert((schema.name, name.clone())) {
            let message = format!("there are two [[{}]] with {id} = \"{}\"", schema.name, shown(&name));
            problems.push(Problem::at(&origin, message));
            return;
        }
        self.at(schema, Some(&name), &origin);
        for entry in found {
            self.put(schema, Some(&name), entry);
        }
    }

    fn at(&mut self, schema: &'static TableSchema, id: Option<&str>, origin: &Origin) -> &mut Table {
        let at = self
            .tables
            .iter()
            .position(|table| table.schema.name == schema.name && table.id.as_deref() == id);
        let at = at.unwrap_or_else(|| {
            let id = id.map(str::to_owned);
            self.tables.push(Table { schema, id, entries: Vec::new(), origin: origin.clone() });
            self.tables.len() - 1
        });
        &mut self.tables[at]
    }

    fn put(&mut self, schema: &'static TableSchema, id: Option<&str>, entry: Entry) {
        let table = self.at(schema, id, &entry.origin);
        table.entries.retain(|known| known.key != entry.key);
        table.entries.push(entry);
    }

    fn lay_environment(&mut self, sources: &Sources<'_>, kinds: &[KindSchema], problems: &mut Vec<Problem>) {
        // A secret may well live in a variable whose name looks like one of ours.
        let mut secrets = BTreeSet::new();
        for table in &self.tables {
            for entry in &table.entries {
                if let Raw::Table(inner) = &entry.value
                    && let [Entry { key, value: Raw::Text(name), .. }] = inner.as_slice()
                    && key == "env"
                {
                    secrets.insert(name.clone());
                }
            }
        }
        for (variable, text) in sources.environment.variables() {
            let Some(path) = variable.strip_prefix("DESKLINE_") else { continue };
            // An empty variable is one that is not set.
            if text.is_empty() || !path.contains("__") || secrets.contains(variable) {
                continue;
            }
            let origin = Origin::Environment(variable.clone());
            match self.find(path, kinds) {
                Ok((schema, id, key, kind)) => {
                    let value = value::from_text(kind, text, &origin);
                    self.put(schema, id.as_deref(), Entry { key, value, origin });
                }
                Err(problem) => problems.push(Problem { origin: Some(origin), ..problem }),
            }
        }
    }

    /// Which key `SYNC__POLL_INTERVAL` means.
    fn find(
        &self,
        path: &str,
        kinds: &[KindSchema],
    ) -> Result<(&'static TableSchema, Option<String>, String, KeyKind), Problem> {
        if let Some(rest) = path.strip_prefix("CHANNEL__") {
            // The longest name first: `a--b` is A__B.
            let mut channels: Vec<(&Table, String)> = self
                .tables
                .iter()
                .filter(|table| table.schema.name == CHANNEL.name)
                .map(|table| (table, spelled(table.id.as_deref().unwrap_or_default()) + "__"))
                .collect();
            channels.sort_by_key(|(_, prefix)| std::cmp::Reverse(prefix.len()));
            let Some((table, key)) = channels
                .iter()
                .find_map(|(table, prefix)| Some((*table, rest.strip_prefix(prefix.as_str())?)))
            else {
                let names: Vec<&str> = channels.iter().filter_map(|(table, _)| table.id.as_deref()).collect();
                let names = if names.is_empty() { "there is none".to_owned() } else { names.join(", ") };
                return Err(
                    Problem::new("names a channel that is not configured").hint(format!("channels: {names}"))
                );
            };
            let key = key.to_ascii_lowercase();
            if matches!(key.as_str(), "name" | "kind") {
                return Err(Problem::new(format!("`{key}` of a channel cannot be changed from outside")));
            }
            let keys: Vec<_> = super::validate::keys_of(table, kinds).collect();
            return match keys.iter().find(|known| known.name == key) {
                Some(known) => Ok((&CHANNEL, table.id.clone(), key, known.what)),
                None => Err(unknown_key(&key, keys.iter().map(|known| known.name))),
            };
        }
        let mut tables: Vec<&'static TableSchema> = TABLES.iter().collect();
        tables.sort_by_key(|table| std::cmp::Reverse(table.name.len()));
        for schema in tables {
            let prefix = schema.name.replace('.', "__").to_ascii_uppercase() + "__";
            let Some(key) = path.strip_prefix(&prefix) else { continue };
            if matches!(schema.shape, Shape::Many(_)) {
                return Err(Problem::new(format!("[[{}]] can be set in a file only", schema.name)));
            }
            let key = key.to_ascii_lowercase();
            return match schema.keys.iter().find(|known| known.name == key) {
                Some(known) => Ok((schema, None, key, known.what)),
                None if schema.shape == Shape::Open => {
                    Ok((schema, None, key.replace('_', "-"), KeyKind::List))
                }
                None => Err(unknown_key(&key, schema.keys.iter().map(|known| known.name))),
            };
        }
        let table = path.split("__").next().unwrap_or_default().to_ascii_lowercase();
        Err(unknown_key(&table, schemas().map(|table| table.name)))
    }

    fn lay_argument(&mut self, argument: &Argument, problems: &mut Vec<Problem>) {
        let origin = Origin::Argument(argument.flag.clone());
        let found = argument.key.split_once('.').and_then(|(table, key)| {
            let schema = TABLES.iter().find(|schema| schema.name == table)?;
            Some((schema, schema.keys.iter().find(|known| known.name == key)?))
        });
        match found {
            Some((schema, key)) => {
                let value = value::from_text(key.what, &argument.value, &origin);
                self.put(schema, None, Entry { key: key.name.to_owned(), value, origin });
            }
            None => problems.push(Problem::at(&origin, format!("there is no key `{}`", argument.key))),
        }
    }
}

/// A channel's name in the name of a variable.
fn spelled(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}

pub(super) fn unknown_key<'a>(key: &str, known: impl Iterator<Item = &'a str> + Clone) -> Problem {
    let problem = Problem::new(format!("unknown key `{}`", shown(key)));
    match nearest(key, known) {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

fn unknown_table(entry: &Entry) -> Problem {
    let mut problem = unknown_key(&entry.key, schemas().map(|table| table.name));
    problem.origin = Some(entry.origin.clone());
    // `poll_interval = …` above the first table: say where it belongs.
    let home = schemas().find(|table| table.keys.iter().any(|key| key.name == entry.key));
    match home {
        Some(table) if !matches!(entry.value, Raw::Table(_) | Raw::List(_)) => {
            problem.hint(format!("it belongs below [{}]", table.name))
        }
        _ => problem,
    }
}
