//! Keys as data: sequences of strokes to actions, by place, from the action table and the configuration.

use std::{collections::HashMap, fmt};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::actions::{ACTIONS, Act, place};

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

/// Which keys do what, where.
#[derive(Clone, Debug)]
pub struct Keymap {
    bound: HashMap<(u16, Vec<Key>), Act>,
    /// What could not be bound, for the first screen and `doctor`.
    pub complaints: Vec<String>,
}

/// The places that keys belong to, with the names that a configuration uses.
pub const PLACES: [(u16, &str); 9] = [
    (place::LIST, "list"),
    (place::THREAD, "conversation"),
    (place::COMPOSER, "composer"),
    (place::REVIEW, "review"),
    (place::OUTBOX, "outbox"),
    (place::PICKER, "picker"),
    (place::FORM, "form"),
    (place::ASK, "question"),
    (place::PANEL, "details"),
];

impl Keymap {
    /// The table's keys with the configuration's over them.
    ///
    /// # Panics
    /// Never: a test reads every key of the table.
    pub fn new(bindings: &[Binding]) -> Self {
        let mut map = Self { bound: HashMap::new(), complaints: Vec::new() };
        for action in ACTIONS {
            for (places, alternatives) in action.keys {
                for keys in alternatives.split(", ") {
                    let keys = sequence(keys).expect("the table's keys have names; a test reads them all");
                    for (place, _) in PLACES.iter().filter(|(place, _)| places & place != 0) {
                        map.bound.insert((*place, keys.clone()), action.act);
                    }
                }
            }
        }
        let mut taken = HashMap::new();
        for binding in bindings {
            map.bind(binding, &mut taken);
        }
        map
    }

    fn bind<'a>(&mut self, binding: &'a Binding, taken: &mut HashMap<(u16, Vec<Key>), &'a Binding>) {
        let Some(act) = Act::named(&binding.action) else {
            self.complaints.push(format!("{}: no action is called \"{}\"", binding.source, binding.action));
            return;
        };
        let works = act.row().places();
        for (place, name) in PLACES {
            let wanted = binding.place.as_ref().is_none_or(|wanted| wanted == name);
            if !wanted || works & place == 0 {
                continue;
            }
            self.bound.retain(|(at, _), bound| *at != place || *bound != act);
            for spelled in &binding.keys {
                let Some(keys) = sequence(spelled) else {
                    self.complaints.push(format!("{}: no key is called \"{spelled}\"", binding.source));
                    continue;
                };
                if let Some(other) = taken.insert((place, keys.clone()), binding)
                    && other.action != binding.action
                {
                    self.complaints.push(format!(
                        "{spelled} is bound twice in {name}: {} and {}; the later one counts",
                        other.source, binding.source
                    ));
                }
                // A new key hides the longer sequences that begin with it, or it could never be reached.
                self.bound.retain(|(at, bound), _| *at != place || !bound.starts_with(&keys));
                self.bound.insert((place, keys), act);
            }
        }
    }

    /// What these keys mean in this place.
    pub fn meaning(&self, place: u16, keys: &[Key]) -> Meaning {
        if let Some(act) = self.bound.get(&(place, keys.to_vec())) {
            return Meaning::Do(*act);
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
            .map(|((_, bound), act)| (bound[keys.len()..].to_vec(), *act))
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
            .filter(|((at, _), bound)| *at == place && **bound == act)
            .map(|((_, keys), _)| {
                let named = show(keys);
                // The table's own order among equals: its first key is the one to teach.
                let rank = act
                    .row()
                    .keys
                    .iter()
                    .flat_map(|(_, alternatives)| alternatives.split(", "))
                    .position(|spelled| sequence(spelled).as_deref() == Some(keys))
                    .unwrap_or(0);
                (rank, named.len(), named)
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
        self.bound.iter().map(|((place, keys), act)| (*place, keys.as_slice(), *act))
    }
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
