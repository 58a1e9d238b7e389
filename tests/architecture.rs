//! Holds the crate to the table in `src/lib.rs`: who may use whom, and who may ask the outside. Reads the sources of
//! the rooms; tests inside a room may use what they need.

// The lint's exception for tests does not reach the functions that they share.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Rooms that may ask the process and the clock: everywhere else both come in as arguments.
const ROOTS: &[&str] = &["cli", "terminal"];

/// Only the composition root names these, and the kinds of channels; everybody else knows the traits.
const CONCRETE: &[&str] = &["store::sqlite", "store::postgres", "config::load"];

/// The kinds of channels, by the registry.
fn kinds() -> Vec<String> {
    let room = fs::read_to_string("src/channels/mod.rs").unwrap();
    let list = room.split_once("\nkinds! {").unwrap().1.split_once('}').unwrap().0;
    let kinds: Vec<String> =
        list.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect();
    assert!(kinds.len() >= 4, "{kinds:?}");
    kinds
}

struct Source {
    /// From the top of the crate.
    path: PathBuf,
    room: String,
    /// How many modules deep it is: 1 for a room's `mod.rs`.
    depth: usize,
    /// Without comments and texts.
    code: String,
}

/// The table of the crate's docs: each room with the rooms that its third column names.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let docs = fs::read_to_string("src/lib.rs").unwrap();
    let rows: Vec<(String, String)> = docs
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("//! | [`")?.split('|').map(str::trim).collect();
            Some((cells[0].trim_end_matches("`]").to_owned(), cells[2].to_owned()))
        })
        .collect();
    let rooms: BTreeSet<String> = rows.iter().map(|(room, _)| room.clone()).collect();
    rows.iter()
        .map(|(room, may)| {
            let words = may.split(|c: char| !c.is_ascii_alphabetic());
            let mut allowed: BTreeSet<String> =
                words.filter(|word| rooms.contains(*word)).map(str::to_owned).collect();
            if may == "everything" {
                allowed.extend(rooms.iter().cloned());
            }
            allowed.insert(room.clone());
            (room.clone(), allowed)
        })
        .collect()
}

fn sources() -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(Path::new("src"), &mut files);
    let code: Vec<(PathBuf, String)> =
        files.into_iter().map(|path| (path.clone(), code_of(&fs::read_to_string(&path).unwrap()))).collect();
    let tests: Vec<PathBuf> = code.iter().flat_map(|(path, code)| test_modules(path, code)).collect();
    code.into_iter()
        .filter_map(|(path, code)| {
            let module = path.with_extension("");
            let parts: Vec<String> =
                module.iter().skip(1).map(|part| part.to_string_lossy().into_owned()).collect();
            if tests.iter().any(|test| module.starts_with(test)) || parts == ["lib"] {
                return None;
            }
            let depth = parts.iter().filter(|part| *part != "mod").count();
            Some(Source { room: parts[0].clone(), depth, code, path })
        })
        .collect()
}

/// The modules that a file declares for tests only, as paths without an ending.
fn test_modules(path: &Path, code: &str) -> Vec<PathBuf> {
    let tokens = tokens(code);
    let folder =
        if path.ends_with("mod.rs") { path.parent().unwrap().to_owned() } else { path.with_extension("") };
    tokens
        .windows(7)
        .enumerate()
        .filter(|(_, window)| *window == ["#", "[", "cfg", "(", "test", ")", "]"])
        .filter_map(|(at, _)| {
            // Past `pub`, `pub(crate)`, further attributes: the item is what comes before its `;` or `{`.
            let item: Vec<&String> =
                tokens[at + 7..].iter().take_while(|token| !matches!(token.as_str(), ";" | "{")).collect();
            let [.., word, name] = item.as_slice() else { return None };
            (*word == "mod").then(|| folder.join(name))
        })
        .collect()
}

/// The code without comments, texts and characters: what is left of them is a blank.
fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else {
            text_literal(rest, before).unwrap_or(0)
        };
        if skip > 0 {
            out.push(' ');
            at += skip;
        } else {
            let c = rest.chars().next().unwrap();
            out.push(c);
            at += c.len_utf8();
        }
    }
    out
}

/// The length of a block comment, those inside it included.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of the text or character that begins here, `None` where none does (`'a` is a lifetime).
fn text_literal(text: &str, before: Option<u8>) -> Option<usize> {
    let named = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let raw = text.strip_prefix('r').or_else(|| text.strip_prefix("br")).or_else(|| text.strip_prefix("cr"));
    if let Some(rest) = raw
        && !named
    {
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        if rest[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let from = text.len() - rest.len() + hashes + 1;
            return Some(text[from..].find(&end).map_or(text.len(), |found| from + found + end.len()));
        }
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = &text[1..];
    if quote == '\'' && !inner.starts_with('\\') {
        let first = inner.chars().next()?;
        return inner[first.len_utf8()..].starts_with('\'').then_some(first.len_utf8() + 2);
    }
    let mut escaped = false;
    for (n, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(n + 2),
            _ => {}
        }
    }
    Some(text.len())
}

/// Every path below `root` (`crate`, `std`) that the code names, in `use` trees and inline, as `a::b::c`.
fn paths(code: &str, root: &str) -> Vec<String> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if tokens[at] == root
            && tokens.get(at + 1).is_some_and(|token| token == "::")
            && (at == 0 || tokens[at - 1] != "::")
        {
            tree(&tokens, at + 2, "", &mut found);
        }
    }
    found
}

/// Follows one path from `at`, with its braces; returns where it ends.
fn tree(tokens: &[String], mut at: usize, prefix: &str, found: &mut Vec<String>) -> usize {
    let mut path = prefix.to_owned();
    let join =
        |path: &str, part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}::{part}") };
    while let Some(token) = tokens.get(at) {
        if token == "{" {
            at += 1;
            while tokens.get(at).is_some_and(|token| token != "}") {
                let next = tree(tokens, at, &path, found);
                at = next.max(at + 1);
                // `as name`, commas: nothing of ours.
                while tokens.get(at).is_some_and(|token| token != "}" && token != ",") {
                    at += 1;
                }
                if tokens.get(at).is_some_and(|token| token == ",") {
                    at += 1;
                }
            }
            return at + 1;
        }
        if token == "<" || !(token == "*" || token.chars().all(|c| c.is_alphanumeric() || c == '_')) {
            break;
        }
        path = join(&path, token);
        at += 1;
        if tokens.get(at).is_none_or(|token| token != "::") {
            break;
        }
        at += 1;
    }
    if !path.is_empty() {
        found.push(path);
    }
    at
}

fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        let mut token = String::from(c);
        if c.is_alphanumeric() || c == '_' {
            while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                token.push(c);
            }
        } else if c == ':' && chars.next_if_eq(&':').is_some() {
            token.push(':');
        }
        tokens.push(token);
    }
    tokens
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_room_is_in_the_table_and_in_its_place() {
    let table = table();
    let rooms: BTreeSet<String> = table.keys().cloned().collect();
    assert_eq!(rooms.len(), 10, "ten rooms: {rooms:?}");
    let mut folders = BTreeSet::new();
    for entry in fs::read_dir("src").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            assert!(path.join("mod.rs").is_file(), "{name} has no mod.rs");
            folders.insert(name);
        } else {
            assert!(matches!(name.as_str(), "lib" | "main"), "{} belongs into a room", path.display());
        }
    }
    assert_eq!(folders, rooms, "the folders are the rooms");
    let declared: BTreeSet<String> = fs::read_to_string("src/lib.rs")
        .unwrap()
        .lines()
        .filter_map(|line| Some(line.strip_prefix("pub mod ")?.trim_end_matches(';').to_owned()))
        .collect();
    assert_eq!(declared, rooms, "lib.rs declares the rooms");
}

#[test]
fn a_room_uses_only_what_the_table_allows() {
    let table = table();
    let mut concrete: Vec<String> = CONCRETE.iter().map(ToString::to_string).collect();
    concrete.extend(kinds().iter().map(|kind| format!("channels::{kind}")));
    let mut faults = Vec::new();
    for source in sources() {
        let file = source.path.display();
        if source.room == "main" {
            for path in paths(&source.code, "deskline") {
                if path.split("::").next() != Some("cli") {
                    faults.push(format!("{file}: names {path}; the program hands over to cli"));
                }
            }
            continue;
        }
        let Some(allowed) = table.get(&source.room) else {
            faults.push(format!("{file}: {} is in no row of the table", source.room));
            continue;
        };
        for path in paths(&source.code, "crate") {
            let room = path.split("::").next().unwrap_or_default();
            if !table.contains_key(room) {
                faults.push(format!("{file}: names crate::{path}, which is in no room"));
            } else if !allowed.contains(room) {
                faults.push(format!("{file}: {} may not use {path}", source.room));
            } else if room != source.room && source.room != "cli" {
                if let Some(concrete) = concrete.iter().find(|concrete| within(&path, concrete)) {
                    faults.push(format!("{file}: only cli names {concrete}"));
                }
                let helpers = ["domain::text", "domain::time", "domain::Time"];
                if source.room == "simulator" && !helpers.iter().any(|helper| within(&path, helper)) {
                    faults.push(format!(
                        "{file}: the simulator agrees with nobody's structs, so not with {path}"
                    ));
                }
            }
        }
        let tokens = tokens(&source.code);
        let mut supers = 0;
        for pair in tokens.windows(2) {
            match (pair[0].as_str(), pair[1].as_str()) {
                ("super", "::") => supers += 1,
                ("::", "super") => {}
                _ => supers = 0,
            }
            if supers >= source.depth {
                faults.push(format!("{file}: leaves its room by super; write crate::"));
                break;
            }
        }
    }
    report(&faults);
}

/// Whether `path` is `part` or below it.
fn within(path: &str, part: &str) -> bool {
    path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn rooms_form_no_circle() {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        let rooms = paths(&source.code, "crate")
            .into_iter()
            .filter_map(|path| Some(path.split("::").next()?.to_owned()));
        let others = rooms.filter(|room| *room != source.room);
        uses.entry(source.room.clone()).or_default().extend(others);
    }
    // Takes away what uses nothing that is left, until nothing goes any more.
    loop {
        let free: Vec<String> = uses
            .iter()
            .filter(|(_, used)| used.iter().all(|room| !uses.contains_key(room)))
            .map(|(room, _)| room.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        for room in free {
            uses.remove(&room);
        }
    }
    assert!(uses.is_empty(), "a circle among {uses:?}");
}

#[test]
fn only_the_roots_ask_the_process_and_the_clock() {
    let mut faults = Vec::new();
    for source in
        sources().iter().filter(|source| !ROOTS.contains(&source.room.as_str()) && source.room != "main")
    {
        let file = source.path.display();
        for path in paths(&source.code, "std").into_iter().filter(|path| within(path, "env")) {
            faults.push(format!("{file}: std::{path} comes in as an argument"));
        }
        let code: String = source.code.split_whitespace().collect();
        for clock in ["Utc::now(", "Local::now(", "SystemTime::now(", "Instant::now("] {
            if code.contains(clock) {
                faults.push(format!("{file}: {clock}) comes in through Clock or `now`"));
            }
        }
    }
    report(&faults);
}

#[test]
fn only_a_kinds_own_folders_name_it() {
    // What screens say and clocks count of a kind stands in its descriptor. Only the demo and the simulator play all
    // vendors by name: the cast of the demo is made of four. A fifth kind is a folder and a line in the registry.
    let demo = Path::new("src/cli/demo.rs");
    let kinds = kinds();
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.room != "simulator" && source.path != demo) {
        let text = fs::read_to_string(&source.path).unwrap();
        let others: Vec<&String> =
            kinds.iter().filter(|kind| !source.path.starts_with(format!("src/channels/{kind}"))).collect();
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (at, line) in lines {
            let by_text = others.iter().any(|kind| line.contains(&format!("\"{kind}\"")));
            let by_name =
                others.iter().any(|kind| line.contains(&format!("ChannelKind::{}", kind.to_uppercase())));
            let by_module = source.room == "channels" && others.iter().any(|kind| names(line, kind));
            if by_text || by_name || by_module {
                faults.push(format!("{}:{}: {}", source.path.display(), at + 1, line.trim()));
            }
        }
    }
    report(&faults);
}

/// Whether a line of code goes into this module or declares it.
fn names(line: &str, module: &str) -> bool {
    let tokens = tokens(&code_of(line));
    tokens
        .windows(2)
        .any(|pair| (pair[0] == module && pair[1] == "::") || (pair[0] == "mod" && pair[1] == module))
}

#[test]
fn only_cli_prints() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.room != "cli") {
        let tokens = tokens(&source.code);
        for pair in tokens.windows(2) {
            if pair[1] == "!" && matches!(pair[0].as_str(), "print" | "println" | "eprint" | "eprintln") {
                faults.push(format!("{}: {}! outside cli", source.path.display(), pair[0]));
            }
        }
    }
    report(&faults);
}

#[test]
fn the_reader_sees_paths_and_nothing_else() {
    let code = code_of(
        "use crate::{config::{ChannelConfig, Config as C}, domain::{self, time::Clock}, store};\n\
         // use crate::cli;\n/* crate::ui /* crate::app */ crate::x */\n\
         fn f<'a>(c: char) -> crate::sync::Handle<'a> { let _ = (\"crate::cli\", r#\"\"crate::cli\"#, '\"', '\\'', b\"\\\"\"); \
         crate::app::run::<crate::ui::Theme>(); std::env::var(\"X\"); }",
    );
    assert_eq!(
        paths(&code, "crate"),
        [
            "config::ChannelConfig",
            "config::Config",
            "domain::self",
            "domain::time::Clock",
            "store",
            "sync::Handle",
            "app::run",
            "ui::Theme",
        ]
    );
    assert_eq!(paths(&code, "std"), ["env::var"]);
    assert_eq!(paths(&code_of("use std::{env, path::Path};"), "std"), ["env", "path::Path"]);
    let file = "mod a; #[cfg(test)] pub(crate) mod testing; #[cfg(test)] mod tests; #[cfg(test)] fn f() { mod_(b); }";
    let found = test_modules(Path::new("src/sync/mod.rs"), file);
    assert_eq!(found, [Path::new("src/sync/testing"), Path::new("src/sync/tests")]);
    assert_eq!(
        test_modules(Path::new("src/sync/lease.rs"), "#[cfg(test)] mod tests;"),
        [Path::new("src/sync/lease/tests")]
    );
}

/// The faults to survive, as the specification lists them.
const FAULTS: &[&str] = &[
    "401",
    "403",
    "404",
    "408",
    "422",
    "429 with Retry-After",
    "429 without Retry-After",
    "5xx",
    "HTML",
    "truncated JSON",
    "50 MB",
    "gzip bomb",
    "slow drip",
    "connection refused",
    "reset before",
    "reset after",
    "hang for ever",
    "redirect to another host",
    "wrong content type",
    "duplicate and shifted pages",
    "empty last page",
    "expired scrollId",
    "unknown enum",
    "missing field",
    "lone surrogate",
    "NUL",
    "invalid UTF-8",
    "clock skew",
    "forged, unsigned",
    "replayed",
    "out of order",
    "status before",
    "1,000 updates",
    "3 MB",
    "100 webhooks at once",
    "kill -9",
    "power cut",
    "two windows and a service",
    "16 windows",
    "disk full",
    "read-only store",
    "corrupt store",
    "older schema",
    "newer schema",
    "file modes wrong",
    "clock jumping back",
    "suspended for a day",
];

#[test]
fn every_fault_has_its_tests() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(top.join("assets/docs/faults.md")).unwrap();
    let mut sources = String::new();
    let mut folders = vec![top.join("src"), top.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs")
                && path.file_name() != Some("architecture.rs".as_ref())
            {
                sources.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    let mut missing: Vec<String> = FAULTS
        .iter()
        .filter(|fault| !rows.iter().any(|row| row.split('|').nth(1).is_some_and(|it| it.contains(**fault))))
        .map(|fault| format!("{fault}: no row in assets/docs/faults.md"))
        .collect();
    for row in rows {
        // A name in backquotes in the second column; the first may quote a word too.
        let tests = row.split('|').nth(2).unwrap_or_default();
        for test in tests.split('`').skip(1).step_by(2) {
            if !sources.contains(&format!("fn {test}(")) && !sources.contains(&format!("    {test}: ")) {
                missing.push(format!("{test}: named in assets/docs/faults.md, and there is no such test"));
            }
        }
    }
    report(&missing);
}
