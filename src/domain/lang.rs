//! The screen's language, in gettext's manner: the English sentence is the key, `assets/lang/*.po` has the others, and
//! a sentence that is not there yet is shown in English.
//!
//! ```text
//! lang.tr("nothing to undo")                                 a sentence
//! tr!(lang, "{n} new: press {key}", n, key = self.key())     a sentence with holes; each has a name
//! lang.word("status", "open")                                a word that English uses for two things, with what it is
//! ```
//!
//! Only the screen is translated. What scripts read (plain output, JSON, the log), names of actions, configuration and
//! what a vendor said stay as they are. `tests.rs` holds the catalogues to the sources: a key that is missing or that
//! nobody uses fails there, and so does a hole that is not in both.

mod po;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, fmt::Display, fmt::Write as _, sync::OnceLock};

use chrono::Weekday;

/// A sentence by its context (mostly none) and its English.
type Catalogue = HashMap<(&'static str, &'static str), &'static str>;

/// A language of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English: the sentences as they stand in the sources.
    #[default]
    En,
    /// German.
    De,
    /// Brazilian Portuguese.
    PtBr,
    /// No language: each sentence that passes through here is marked, so that a test sees those that do not.
    #[cfg(test)]
    Marked,
}

impl Lang {
    /// Those that a person can choose, with their names in the configuration; `pt` is a second name.
    pub const NAMES: &[&str] = &["en", "de", "pt-BR", "pt"];

    /// The language of a name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "en" => Some(Self::En),
            "de" => Some(Self::De),
            "pt-BR" | "pt" => Some(Self::PtBr),
            _ => None,
        }
    }

    /// Its tag: `pt-BR`.
    pub fn code(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::PtBr => "pt-BR",
            Self::En => "en",
            #[cfg(test)]
            Self::Marked => "en",
        }
    }

    /// A sentence without holes.
    pub fn tr(self, english: &str) -> &str {
        self.word("", english)
    }

    /// A word whose translation depends on what it is: `open` is a status and something to do.
    pub fn word<'a>(self, context: &str, english: &'a str) -> &'a str {
        static DE: OnceLock<Catalogue> = OnceLock::new();
        static PT_BR: OnceLock<Catalogue> = OnceLock::new();
        let catalogue = match self {
            Self::En => return english,
            Self::De => DE.get_or_init(|| po::read(include_str!("../../assets/lang/de.po"))),
            Self::PtBr => PT_BR.get_or_init(|| po::read(include_str!("../../assets/lang/pt-BR.po"))),
            #[cfg(test)]
            Self::Marked => return tests::marked(english),
        };
        catalogue.get(&(context, english)).copied().unwrap_or(english)
    }
}

impl Lang {
    /// A day of the week in two or three letters.
    pub fn weekday(self, day: Weekday) -> &'static str {
        match day {
            Weekday::Mon => self.word("weekday", "Mon"),
            Weekday::Tue => self.word("weekday", "Tue"),
            Weekday::Wed => self.word("weekday", "Wed"),
            Weekday::Thu => self.word("weekday", "Thu"),
            Weekday::Fri => self.word("weekday", "Fri"),
            Weekday::Sat => self.word("weekday", "Sat"),
            Weekday::Sun => self.word("weekday", "Sun"),
        }
    }

    /// A month in three letters, January being 0.
    pub fn month(self, month0: u32) -> &'static str {
        match month0 {
            0 => self.word("month", "Jan"),
            1 => self.word("month", "Feb"),
            2 => self.word("month", "Mar"),
            3 => self.word("month", "Apr"),
            4 => self.word("month", "May"),
            5 => self.word("month", "Jun"),
            6 => self.word("month", "Jul"),
            7 => self.word("month", "Aug"),
            8 => self.word("month", "Sep"),
            9 => self.word("month", "Oct"),
            10 => self.word("month", "Nov"),
            _ => self.word("month", "Dec"),
        }
    }
}

/// Puts values into the holes of a sentence; a hole that nobody fills stays as it is. For [`tr!`].
pub fn fill(sentence: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(sentence.len() + 16 * values.len());
    let mut rest = sentence;
    while let Some((before, hole)) = rest.split_once('{') {
        filled.push_str(before);
        let value = hole.split_once('}').and_then(|(name, after)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (value, after))
        });
        if let Some((value, after)) = value {
            // Writing into a text cannot fail.
            _ = write!(filled, "{value}");
            rest = after;
        } else {
            filled.push('{');
            rest = hole;
        }
    }
    filled + rest
}

/// Whether a sentence has these holes and no others: asked while compiling, as `format!` does.
pub const fn has_holes(sentence: &str, names: &[&str]) -> bool {
    const fn at(text: &[u8], from: usize, word: &[u8]) -> bool {
        let mut i = 0;
        while i < word.len() {
            if from + i >= text.len() || text[from + i] != word[i] {
                return false;
            }
            i += 1;
        }
        true
    }
    let text = sentence.as_bytes();
    let (mut i, mut used) = (0, 0_u64);
    while i < text.len() {
        if text[i] == b'{' {
            let (mut n, mut known) = (0, false);
            while n < names.len() {
                let name = names[n].as_bytes();
                if at(text, i + 1, name) && at(text, i + 1 + name.len(), b"}") {
                    known = true;
                    used |= 1 << n;
                }
                n += 1;
            }
            if !known {
                return false;
            }
        }
        i += 1;
    }
    used == (1 << names.len()) - 1
}

/// A sentence in a language, with values in its holes: `tr!(lang, "resolved {n} {name}", n, name = row.name)`. The
/// English of it is the key of the catalogues; the compiler holds its holes against the values.
macro_rules! tr {
    (@value $name:ident) => { $name };
    (@value $name:ident = $value:expr) => { $value };
    ($lang:expr, $english:literal $(, $name:ident $(= $value:expr)?)+ $(,)?) => {{
        const {
            assert!(
                $crate::domain::lang::has_holes($english, &[$(stringify!($name)),+]),
                "the holes of the sentence and the values are not the same"
            );
        }
        $crate::domain::lang::fill(
            $lang.tr($english),
            &[$((stringify!($name), &$crate::domain::lang::tr!(@value $name $(= $value)?))),+],
        )
    }};
}
pub(crate) use tr;
