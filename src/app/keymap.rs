//! Keys as data: sequences of strokes to actions, by place, from the action table and the configuration.

use std::{collections::HashMap, fmt, rc::Rc};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::actions::{ACTIONS, Act, place};
use crate::domain::{Lang, lang::tr};

/// A key without what does not matter about it (Shift of a letter, where it stands on the keyboard).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    ctrl: bool,
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let code = match event.code {
            // What a terminal sends for Ctrl-_ and Ctrl-/ is read as Ctrl-7 by some.
            KeyCode::Char('7' | '/') if ctrl => KeyCode::Char('_'),
            KeyCode::Char(' ') if ctrl => KeyCode::Null,
            KeyCode::Char(letter) if ctrl => KeyCode::Char(letter.to_ascii_lowercase()),
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            other => other,
        };
        Self { code, ctrl }
    }
}

impl Key {
    /// The key of a name: `j`, `Enter`, `Ctrl-x`, `F1`.
    pub fn parse(name: &str) -> Option<Self> {
        let (ctrl, name) = match name.strip_prefix("Ctrl-") {
            Some(rest) if !rest.is_empty() => (true, rest),
            _ => (false, name),
        };
        let code = match name {
            "Enter" => KeyCode::Enter,
            "Esc" => KeyCode::Esc,
            "Space" => KeyCode::Char(' '),
            "Tab" => KeyCode::Tab,
            "BackTab" | "Shift-Tab" => KeyCode::BackTab,
            "Up" => KeyCode::Up,
            "Down" => KeyCode::Down,
            "Left" => KeyCode::Left,
            "Right" => KeyCode::Right,
            "Home" => KeyCode::Home,
            "End" => KeyCode::End,
            "PgUp" => KeyCode::PageUp,
            "PgDn" => KeyCode::PageDown,
            "Backspace" => KeyCode::Backspace,
            "Delete" => KeyCode::Delete,
            "Insert" => KeyCode::Insert,
            _ => {
                let mut chars = name.chars();
                match (chars.next(), chars.next()) {
                    (Some(letter), None) => KeyCode::Char(letter),
                    (Some('F'), Some(_)) => KeyCode::F(name[1..].parse().ok()?),
                    _ => return None,
                }
            }
        };
        Some(Self { code, ctrl })
    }

    /// The character that it types where letters are text.
    pub fn text(self) -> Option<char> {
        match self.code {
            KeyCode::Char(letter) if !self.ctrl => Some(letter),
            _ => None,
        }
    }

    /// Its digit, if it is one.
    pub fn digit(self) -> Option<u32> {
        self.text().and_then(|letter| letter.to_digit(10))
    }

    /// Whether it is Ctrl-c, which never waits.
    pub fn is_cancel(self) -> bool {
        self.ctrl && self.code == KeyCode::Char('c')
    }

    /// Whether it is Esc.
    pub fn is_escape(self) -> bool {
        self.code == KeyCode::Esc
    }

    /// Whether it ends a line, as a pasted line would.
    pub fn ends_line(self) -> bool {
        self.code == KeyCode::Enter || (self.ctrl && matches!(self.code, KeyCode::Char('j' | 'm')))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(letter) => write!(f, "{letter}"),
            KeyCode::Enter => f.write_str("Enter"),
            KeyCode::Esc => f.write_str("Esc"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::F(n) => write!(f, "F{n}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// A binding from the configuration: these keys in place of the action's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The place's name (`list`, `conversation`, …), `None`: wherever the action works.
    pub place: Option<String>,
    /// The action's name.
    pub action: String,
    /// The keys: `g g`, `Ctrl-d`; empty takes the action's keys away.
    pub keys: Vec<String>,
    /// File and line, for messages.
    pub source: String,
}

/// What a sequence of keys means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Do this.
    Do(Act),
    /// Longer sequences begin so.
    Prefix,
    /// Nothing.
    Nothing,
}

/// What a key is bound to, and who said so.
#[derive(Clone, Debug)]
struct Bound {
    act: Act,
    source: Rc<str>,
    /// Among the keys of its action there: the first one is the one to teach.
    rank: usize,
}

/// Which keys do what, where.
#[derive(Clone, Debug)]
pub struct Keymap {
    /// What complaints are said in; errors end the program before there is a screen, and are English.
    lang: Lang,
    bound: HashMap<(u16, Vec<Key>), Bound>,
    /// What could not be bound or got in another's way, with the sources of both, for the first screen, `config check`
    /// and `doctor`.
    pub complaints: Vec<String>,
    /// Those of them that name what there is not: an action, a place, a key. The configuration is wrong then.
    pub errors: Vec<String>,
}

/// The places that keys belong to, with the names that a configuration uses.
pub const PLACES: [(u16, &str); 12] = [
    (place::LIST, "list"),
    (place::THREAD, "conversation"),
    (place::COMPOSER, "composer"),
    (place::REVIEW, "review"),
    (place::OUTBOX, "outbox"),
    (place::REPORT, "report"),
    (place::PICKER, "picker"),
    (place::FORM, "form"),
    (place::ASK, "question"),
    (place::PANEL, "details"),
    (place::LOCKED, "locked"),
    (place::WELCOME, "welcome"),
];

/// Where letters are text, whatever a configuration says.
const TEXT: u16 = place::COMPOSER | place::PICKER | place::FORM | place::LOCKED;

/// A key that a binding took from another action.
struct Taken {
    place: &'static str,
    keys: String,
    from: Bound,
    by: Act,
    source: Rc<str>,
}

impl Keymap {
    /// The table's keys with the configuration's over them.
    pub fn new(bindings: &[Binding]) -> Self {
        Self::with("default", bindings)
    }

    /// The table's keys, over them a preset's, over them the configuration's. What scripts read of it is English.
    pub fn with(preset: &str, bindings: &[Binding]) -> Self {
        Self::told(Lang::En, preset, bindings)
    }

    /// The same, with complaints for the screen.
    ///
    /// # Panics
    /// Never: a test reads every key of the table.
    pub fn told(lang: Lang, preset: &str, bindings: &[Binding]) -> Self {
        let mut map = Self { lang, bound: HashMap::new(), complaints: Vec::new(), errors: Vec::new() };
        let source: Rc<str> = "the default keys".into();
        for action in ACTIONS {
            for (places, alternatives) in action.keys {
                for (rank, keys) in alternatives.split(", ").filter(|keys| !keys.is_empty()).enumerate() {
                    let keys = sequence(keys).expect("the table's keys have names; a test reads them all");
                    for (place, _) in PLACES.iter().filter(|(place, _)| places & place != 0) {
                        let bound = Bound { act: action.act, source: source.clone(), rank };
                        map.bound.insert((*place, keys.clone()), bound);
                    }
                }
            }
        }
        for binding in super::presets::bindings(preset) {
            map.bind(&binding);
        }
        // A preset is held by a test; what is told is what the agent's own words do.
        map.complaints.clear();
        map.errors.clear();
        let mut taken = Vec::new();
        for binding in bindings {
            taken.extend(map.bind(binding));
        }
        map.complain_of_lost(&taken, bindings);
        map.complain_of_hidden(bindings);
        map
    }

    fn refuse(&mut self, sentence: String) {
        self.errors.push(sentence.clone());
        self.complaints.push(sentence);
    }

    fn bind(&mut self, binding: &Binding) -> Vec<Taken> {
        let Some(act) = Act::named(&binding.action) else {
            let nearest = ACTIONS
                .iter()
                .map(|row| (strsim::jaro_winkler(row.name, &binding.action), row.name))
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .map_or("", |(_, name)| name);
            self.refuse(format!(
                "{}: no action is called \"{}\"; the nearest is \"{nearest}\"",
                binding.source, binding.action
            ));
            return Vec::new();
        };
        let works = act.row().places();
        if let Some(wanted) = &binding.place
            && !PLACES.iter().any(|(place, name)| name == wanted && works & place != 0)
        {
            let known: Vec<&str> =
                PLACES.iter().filter(|(place, _)| works & place != 0).map(|(_, name)| *name).collect();
            self.refuse(format!(
                "{}: {} does not work in \"{wanted}\"; it works in {}",
                binding.source,
                binding.action,
                known.join(", ")
            ));
            return Vec::new();
        }
        let mut wanted = Vec::new();
        for spelled in &binding.keys {
            match sequence(spelled) {
                Some(keys) => wanted.push((spelled.as_str(), keys)),
                None => self.refuse(format!(
                    "{}: no key is called \"{spelled}\"; keys are called a, G, Ctrl-e, F5, Enter, Space, PgDn, or two of \
                     them: g o",
                    binding.source
                )),
            }
        }
        let source: Rc<str> = binding.source.as_str().into();
        let mut taken = Vec::new();
        for (place, name) in PLACES {
            if works & place == 0 || binding.place.as_ref().is_some_and(|wanted| wanted != name) {
                continue;
            }
            self.bound.retain(|(at, _), bound| *at != place || bound.act != act);
            for (rank, (spelled, keys)) in wanted.iter().enumerate() {
                if let Some(why) = forbidden(place, keys) {
                    // One sentence will do where a key is meant for many places.
                    if binding.place.is_some() || place & TEXT == 0 {
                        self.complaints.push(tr!(
                            self.lang,
                            "{source}: {keys} cannot be {action} in {place}: {why}",
                            source = binding.source,
                            keys = spelled,
                            action = binding.action,
                            place = name,
                            why = self.lang.tr(why)
                        ));
                    }
                    continue;
                }
                // A new key hides the longer sequences that begin with it, or it could never be reached.
                self.bound.retain(|(at, bound), from| {
                    let lost = *at == place && bound.starts_with(keys);
                    if lost {
                        let from = from.clone();
                        let keys = (*spelled).to_owned();
                        taken.push(Taken { place: name, keys, from, by: act, source: source.clone() });
                    }
                    !lost
                });
                self.bound.insert((place, keys.clone()), Bound { act, source: source.clone(), rank });
            }
        }
        taken
    }

    /// A key that was taken from somebody is a conflict where two lines of the configuration want it, or where the other
    /// action is left without any key there and nobody said that it should be.
    fn complain_of_lost(&mut self, taken: &[Taken], bindings: &[Binding]) {
        let ours = |source: &Rc<str>| bindings.iter().any(|it| it.source.as_str() == &**source);
        for lost in taken {
            let name = lost.from.act.row().name;
            let by = lost.by.row().name;
            if name == by {
                continue;
            }
            let sentence = if ours(&lost.from.source) {
                tr!(
                    self.lang,
                    "{keys} is bound twice in {place}: {name} ({source}) and {by} ({later}); the later one counts",
                    keys = lost.keys,
                    place = lost.place,
                    name,
                    source = lost.from.source,
                    by,
                    later = lost.source
                )
            } else {
                let place = PLACES.iter().find(|(_, it)| *it == lost.place).map_or(0, |(place, _)| *place);
                let said = bindings.iter().any(|it| {
                    it.action == name && it.place.as_ref().is_none_or(|wanted| wanted == lost.place)
                });
                if said || !self.keys_of(place, lost.from.act).is_empty() {
                    continue;
                }
                tr!(
                    self.lang,
                    "{source}: {keys} is {by} now; {name} ({from}) has no key in {place} any more (bind it, or say {name} = \"\")",
                    source = lost.source,
                    keys = lost.keys,
                    by,
                    name,
                    from = lost.from.source,
                    place = lost.place
                )
            };
            if !self.complaints.contains(&sentence) {
                self.complaints.push(sentence);
            }
        }
    }

    /// A sequence behind a key that does something by itself is never reached.
    fn complain_of_hidden(&mut self, bindings: &[Binding]) {
        let mut found = Vec::new();
        for ((place, keys), bound) in &self.bound {
            if !bindings.iter().any(|it| it.source.as_str() == &*bound.source) {
                continue;
            }
            for end in 1..keys.len() {
                if let Some(first) = self.bound.get(&(*place, keys[..end].to_vec())) {
                    let name = PLACES.iter().find(|(it, _)| it == place).map_or("", |(_, name)| *name);
                    found.push(tr!(
                        self.lang,
                        "{source}: {keys} in {place} is never reached: {first} is {name} ({other})",
                        source = bound.source,
                        keys = show(keys),
                        place = name,
                        first = show(&keys[..end]),
                        name = first.act.row().name,
                        other = first.source
                    ));
                }
            }
        }
        found.sort();
        self.complaints.extend(found);
    }

    /// What these keys mean in this place.
    pub fn meaning(&self, place: u16, keys: &[Key]) -> Meaning {
        if let Some(bound) = self.bound.get(&(place, keys.to_vec())) {
            return Meaning::Do(bound.act);
        }
        let longer = |(at, bound): &(u16, Vec<Key>)| {
            *at == place && bound.len() > keys.len() && bound.starts_with(keys)
        };
        if self.bound.keys().any(longer) { Meaning::Prefix } else { Meaning::Nothing }
    }

    /// What can follow these keys in this place: the next keys and their actions, in the table's order.
    pub fn following(&self, place: u16, keys: &[Key]) -> Vec<(Vec<Key>, Act)> {
        let mut found: Vec<(Vec<Key>, Act)> = self
            .bound
            .iter()
            .filter(|((at, bound), _)| *at == place && bound.len() > keys.len() && bound.starts_with(keys))
            .map(|((_, keys_bound), bound)| (keys_bound[keys.len()..].to_vec(), bound.act))
            .collect();
        found.sort_by_key(|(keys, act)| {
            (ACTIONS.iter().position(|row| row.act == *act), keys.len(), show(keys))
        });
        found
    }

    /// The keys of an action in a place as a person reads them, shortest first; empty where it has none.
    pub fn keys_of(&self, place: u16, act: Act) -> Vec<String> {
        let mut keys: Vec<(usize, usize, String)> = self
            .bound
            .iter()
            .filter(|((at, _), bound)| *at == place && bound.act == act)
            .map(|((_, keys), bound)| {
                let named = show(keys);
                (bound.rank, named.len(), named)
            })
            .collect();
        keys.sort();
        keys.into_iter().map(|(_, _, named)| named).collect()
    }

    /// The first key of an action in a place.
    pub fn key_of(&self, place: u16, act: Act) -> Option<String> {
        self.keys_of(place, act).into_iter().next()
    }

    /// Every binding, for tests and the manual.
    pub fn all(&self) -> impl Iterator<Item = (u16, &[Key], Act)> {
        self.bound.iter().map(|((place, keys), bound)| (*place, keys.as_slice(), bound.act))
    }
}

/// Why a sequence cannot be bound in a place.
fn forbidden(place: u16, keys: &[Key]) -> Option<&'static str> {
    let first = keys.first()?;
    if place & TEXT != 0 && first.text().is_some() {
        return Some("letters are text there");
    }
    if place == place::THREAD && first.digit().is_some() {
        return Some("digits are a count there");
    }
    let alias = |key: &Key| match key.code {
        KeyCode::Char('i') if key.ctrl => Some("most terminals cannot tell Ctrl-i from Tab"),
        KeyCode::Char('m') if key.ctrl => Some("most terminals cannot tell Ctrl-m from Enter"),
        _ => None,
    };
    keys.iter().find_map(alias)
}

/// A sequence of keys by their names.
pub fn sequence(keys: &str) -> Option<Vec<Key>> {
    let keys: Option<Vec<Key>> = keys.split_whitespace().map(Key::parse).collect();
    keys.filter(|keys| !keys.is_empty())
}

/// The names of keys, as [`sequence`] reads them.
pub fn show(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
