//! The catalogues against the sources, and both against each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex},
};

use super::*;

const CATALOGUES: [(&str, &str); 2] = [
    ("de.po", include_str!("../../../assets/lang/de.po")),
    ("pt-BR.po", include_str!("../../../assets/lang/pt-BR.po")),
];

/// A sentence whose letters say that it came through here: Cyrillic ones, a cell each. Its holes stay.
pub fn marked(english: &str) -> &'static str {
    static MARKED: LazyLock<Mutex<HashMap<String, &'static str>>> = LazyLock::new(Mutex::default);
    let mut known = MARKED.lock().unwrap();
    known.entry(english.to_owned()).or_insert_with(|| {
        let mut hole = false;
        let marked: String = english
            .chars()
            .map(|it| {
                hole = it == '{' || (hole && it != '}');
                match it {
                    _ if hole => it,
                    'a'..='z' => 'ж',
                    'A'..='Z' => 'Ж',
                    _ => it,
                }
            })
            .collect();
        Box::leak(marked.into_boxed_str())
    })
}

/// A sentence with what it is, as a catalogue has it.
type Key = (String, String);

/// The sentences that the sources give to `tr`, `tr!` and `word`, with where they stand.
fn used() -> BTreeMap<Key, String> {
    let mut used = BTreeMap::new();
    for path in sources(Path::new("src")) {
        let source = fs::read_to_string(&path).unwrap();
        let place = path.display().to_string();
        for (context, english) in said(&source) {
            used.entry((context, english)).or_insert_with(|| place.clone());
        }
    }
    for (context, english) in tables() {
        used.entry((context.to_owned(), english.to_owned())).or_insert_with(|| "a table".to_owned());
    }
    used
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() && name != "tests" && name != "snapshots" {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") && name != "tests.rs" {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The texts of a source's calls.
fn said(source: &str) -> Vec<Key> {
    let code: String = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut keys = Vec::new();
    for (call, context, plural) in [
        ("tr!(", false, false),
        (".tr(", false, false),
        (".word(", true, false),
        ("words::count(", false, true),
    ] {
        for (at, _) in code.match_indices(call) {
            // The arguments as far as they are texts; before them stand the language and, for a count, a number.
            let mut texts = Vec::new();
            let mut rest = &code[at + call.len()..];
            let skipped = match call {
                "tr!(" => rest.find(',').map(|it| it + 1),
                "words::count(" => rest.find('"'),
                _ => Some(0),
            };
            rest = skipped.map_or("", |it| &rest[it..]);
            while let Some((text, after)) = literal(rest) {
                texts.push(text);
                rest = after.trim_start().strip_prefix(',').unwrap_or("");
            }
            match (context, plural, texts.as_slice()) {
                (true, _, [context, english, ..]) => keys.push((context.clone(), english.clone())),
                (false, true, [one, many, ..]) => {
                    keys.push((String::new(), one.clone()));
                    keys.push((String::new(), many.clone()));
                }
                (false, false, [english, ..]) => keys.push((String::new(), english.clone())),
                _ => {}
            }
        }
    }
    // The tutor's lessons: `say: "..."`.
    keys.extend(code.split("say: ").skip(1).filter_map(literal).map(|(lesson, _)| (String::new(), lesson)));
    // Tables of hints: `(Act::Open, "open")`.
    for (at, _) in code.match_indices("(Act::") {
        let hint = code[at..]
            .split_once(", ")
            .map(|(act, rest)| (act.chars().all(|it| it.is_alphanumeric() || "(:".contains(it)), rest));
        if let Some((true, rest)) = hint
            && let Some((word, _)) = literal(rest)
        {
            keys.push(("hint".to_owned(), word));
        }
    }
    keys
}

/// A text in quotes at the beginning, without its escapes, and what follows it.
fn literal(code: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let code = code.trim_start().strip_prefix('"')?;
    let mut chars = code.char_indices();
    while let Some((at, it)) = chars.next() {
        match it {
            '"' => return Some((text, &code[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => text.push('\n'),
                '\n' => {
                    let rest = chars.as_str().trim_start();
                    let skipped = chars.as_str().len() - rest.len();
                    for _ in 0..chars.as_str()[..skipped].chars().count() {
                        chars.next();
                    }
                }
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    None
}

/// Words that tables of the program hold, given to `tr` and `word` by name.
fn tables() -> Vec<(&'static str, &'static str)> {
    use crate::{
        app::actions::{ACTIONS, FAMILIES},
        domain::{query::BUILT_IN, report::Table},
    };
    let mut words: Vec<(&str, &str)> = Vec::new();
    words.extend(ACTIONS.iter().map(|row| (row.name, row.title)));
    words.extend(ACTIONS.iter().map(|row| ("", row.help)));
    words.extend(ACTIONS.iter().map(|row| ("heading", row.category.title())));
    words.extend(FAMILIES.iter().map(|(_, word)| ("family", *word)));
    words.extend(BUILT_IN.iter().map(|(name, _)| ("view", *name)));
    words.extend(
        ["new", "open", "pending", "on hold", "resolved", "closed", "mediation"].map(|it| ("status", it)),
    );
    words.extend(["low", "normal", "high", "urgent"].map(|it| ("priority", it)));
    words.extend(
        ["held", "later", "queued", "sending", "parked", "sent", "delivered", "read", "failed", "uncertain"]
            .map(|it| ("state", it)),
    );
    words.extend(["reply", "create", "status", "read", "unread", "set"].map(|it| ("outbox", it)));
    words.extend(["remote", "stored", "uploading", "uploaded", "failed"].map(|it| ("file", it)));
    words.extend(["marketplace", "company", "window", "promise"].map(|it| ("clock", it)));
    words.extend(["fails", "unreachable"].map(|it| ("trouble", it)));
    words.extend(Table::ALL.iter().map(|table| ("report", table.title)));
    let figures = || Table::ALL.iter().flat_map(|table| table.figures);
    words.extend(figures().map(|figure| ("figure", figure.as_str())));
    words.extend(figures().map(|figure| ("", figure.formula())));
    words.extend(["all", "nobody", "no label"].map(|it| ("group", it)));
    words.extend(
        ["channel", "category", "order", "SKUs", "partner", "title", "consumer", "reference", "number"]
            .map(|it| ("field", it)),
    );
    words.push(("field", "template"));
    words.extend(crate::app::keymap::PLACES.iter().map(|(_, name)| ("place", *name)));
    words.extend(
        [
            "Americanas seller pages, chats with the marketplace",
            "Americanas seller pages, chats with customers: the earlier of both",
            "none is known of this kind of channel",
            "marketplace_clock of the channel",
        ]
        .map(|it| ("", it)),
    );
    // What the pre-flight names: languages, and what a marketplace does not want to read.
    words.extend(
        [
            "Portuguese",
            "German",
            "English",
            "Spanish",
            "French",
            "Italian",
            "Dutch",
            "an e-mail address",
            "an e-mail address in disguise",
            "a PIX key",
            "an IBAN",
            "a link",
            "a CNPJ",
            "a card number",
            "a number that may be a phone",
            "a way to pay",
            "outside the platform",
            "another way to talk",
            "a CPF, or a phone number",
        ]
        .map(|it| ("", it)),
    );
    // Why a key cannot be bound.
    words.extend(
        [
            "letters are text there",
            "digits are a count there",
            "most terminals cannot tell Ctrl-i from Tab",
            "most terminals cannot tell Ctrl-m from Enter",
        ]
        .map(|it| ("", it)),
    );
    // What channels' descriptors say.
    words.extend(
        ["THG CUSTOMER SERVICES", "the window is what the vendor demands", "this chat is between others"]
            .map(|it| ("", it)),
    );
    words
}

fn holes(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|it| it.split_once('}')).map(|(name, _)| name).collect()
}

fn entries(text: &'static str) -> Vec<[&'static str; 3]> {
    po::entries(text).into_iter().filter(|[_, english, _]| !english.is_empty()).collect()
}

#[test]
fn a_catalogue_has_no_line_that_nobody_reads() {
    for (name, text) in CATALOGUES {
        for (at, line) in text.lines().enumerate() {
            let read = line.is_empty()
                || ["#", "\"", "msgctxt \"", "msgid \"", "msgstr \""].iter().any(|it| line.starts_with(it));
            assert!(read, "{name}:{}: {line}", at + 1);
        }
    }
}

#[test]
fn a_sentence_is_its_own_english() {
    assert_eq!(tr!(Lang::En, "{n} new: press {key}", n = 3, key = "."), "3 new: press .");
    assert_eq!(Lang::En.tr("nothing to undo"), "nothing to undo");
}

#[test]
fn what_no_catalogue_has_is_shown_in_english() {
    assert_eq!(Lang::De.tr("a sentence of tomorrow"), "a sentence of tomorrow");
    assert_eq!(fill("{a} {b} {", &[("a", &1)]), "1 {b} {");
}

#[test]
fn holes_are_checked_by_name() {
    const { assert!(has_holes("{n} of {all}", &["n", "all"])) };
    const { assert!(!has_holes("{n} of {al}", &["n", "all"])) };
    const { assert!(!has_holes("{n}", &["n", "all"])) };
}

#[test]
fn an_entry_may_stand_on_several_lines() {
    let text =
        "msgid \"\"\nmsgstr \"head\"\n\n# why\nmsgctxt \"status\"\nmsgid \"open\"\nmsgstr \"of\"\n\"fen\"\n";
    assert_eq!(po::entries(text), [["", "", "head"], ["status", "open", "offen"]]);
}

#[test]
fn no_catalogue_has_a_sentence_that_nobody_says() {
    let used = used();
    for (name, text) in CATALOGUES {
        let unknown: Vec<_> = entries(text)
            .into_iter()
            .filter(|[context, english, _]| !used.contains_key(&((*context).into(), (*english).into())))
            .collect();
        assert!(unknown.is_empty(), "{name}: {unknown:#?}");
    }
}

#[test]
fn no_catalogue_says_a_sentence_twice() {
    for (name, text) in CATALOGUES {
        let mut seen = BTreeSet::new();
        let twice: Vec<_> = entries(text)
            .into_iter()
            .filter(|[context, english, _]| !seen.insert((*context, *english)))
            .collect();
        assert!(twice.is_empty(), "{name}: {twice:#?}");
    }
}

#[test]
fn a_translation_has_the_holes_of_its_english() {
    for (name, text) in CATALOGUES {
        for [_, english, other] in entries(text) {
            assert_eq!(holes(english), holes(other), "{name}: {english}");
            // What is put together keeps its blanks.
            let ends = |text: &str| (text.starts_with(' '), text.ends_with(' '), text.ends_with('\n'));
            assert_eq!(ends(english), ends(other), "{name}: \"{english}\"");
        }
    }
}

#[test]
fn every_catalogue_has_every_sentence() {
    let used = used();
    for (name, text) in CATALOGUES {
        let known: BTreeSet<Key> =
            entries(text).into_iter().map(|[context, english, _]| (context.into(), english.into())).collect();
        let missing: Vec<String> = used
            .iter()
            .filter(|(key, _)| !known.contains(key))
            .map(|((context, english), place)| {
                let context =
                    if context.is_empty() { String::new() } else { format!("msgctxt {context:?}\n") };
                format!("# --- {place} ---\n{context}msgid {english:?}\nmsgstr \"\"\n")
            })
            .collect();
        assert!(missing.is_empty(), "to be added to assets/lang/{name}:\n{}", missing.join("\n"));
    }
}

#[test]
fn what_has_a_place_of_fixed_width_fits_in_it() {
    // Cells of the list's columns, the narrowest there are.
    let columns = [("DUE", 6), ("CH", 5), ("LG", 2), ("CUSTOMER", 16), ("WHO", 4), ("WAIT", 4)];
    for (name, text) in CATALOGUES {
        for [context, english, other] in entries(text) {
            let cells = crate::domain::text::columns(other);
            let room = match (context, english) {
                ("column", _) => columns.iter().find(|(column, _)| *column == english).map_or(33, |it| it.1),
                ("age", _) | ("", "me") => 4,
                ("days", _) => 1,
                ("weekday" | "month", _) => 3,
                // The tabs of the list at 80 columns, shortened from six letters on.
                ("view" | "field", _) => 10,
                _ => continue,
            };
            assert!(cells <= room, "{name}: {other} has {cells} cells, its place has {room}");
        }
    }
}
