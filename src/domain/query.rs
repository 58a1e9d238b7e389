//! The query language of lists, views and searches: `status:open channel:whatsapp waiting:>4h -label:spam João`.
//!
//! Different keys must all hold, the same key twice means either, `-` in front means not. Words without a key are full
//! text: each matches by its beginning, `"phrases"` as they stand.

use std::fmt;

use chrono::{DateTime, NaiveDate, TimeDelta};

use super::{Gate, Priority, Status, Time, Turn};

/// A parsed query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Terms, all of which must hold (the same key twice: either).
    pub terms: Vec<Term>,
}

/// One term.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Whether it must not hold.
    pub negated: bool,
    /// What must hold.
    pub what: What,
}

/// What a term asks.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// `status:open`
    Status(Status),
    /// `channel:whatsapp`
    Channel(String),
    /// `kind:dsco`
    Kind(String),
    /// `is:unread`
    Is(Is),
    /// `turn:us`
    Turn(Turn),
    /// `lang:pt`: the language, whatever its region, or exactly `pt-BR`.
    Lang(String),
    /// `priority:high`
    Priority(Priority),
    /// `waiting:>4h`: the oldest unanswered message is older (younger) than that.
    Waiting(Cmp, TimeDelta),
    /// `window:<2h`: the window of `WhatsApp` is open and ends within (not within) that.
    Window(Cmp, TimeDelta),
    /// `assignee:ana`
    Assignee(String),
    /// `label:vip`
    Label(String),
    /// `order:02-1234`: by head or tail.
    Order(String),
    /// `sku:123`: by head or tail.
    Sku(String),
    /// `remote:CODE`: the vendor's own number, or all chats of the ticket `CODE/PARTS`.
    Remote(String),
    /// `customer:joao`: name, id, e-mail or phone, the last word by its beginning.
    Customer(String),
    /// `customer:"João"`: the same, in whole words.
    WholeCustomer(String),
    /// `before:2026-01-01`: the newest activity.
    Before(Moment),
    /// `after:-7d`: the newest activity.
    After(Moment),
    /// `due:<2h`: the next real consequence is within (not within) that.
    Due(Cmp, TimeDelta),
    /// `gate:paused`
    Gate(Gate),
    /// `has:attachment`
    Has(Has),
    /// A word: full text by its beginning, numbers by head and tail.
    Word(String),
    /// Words in this order.
    Phrase(String),
}

/// The words of `is:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are the words of the language")]
pub enum Is {
    Unread,
    Mine,
    Unassigned,
    Snoozed,
    Drift,
    Uncertain,
    Breaching,
    Failed,
    Held,
    Parked,
    Fix,
    Thanked,
    Promised,
}

/// The words of `has:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are the words of the language")]
pub enum Has {
    Attachment,
    Draft,
}

/// More or less than an age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cmp {
    /// `<`, `<=`
    Less,
    /// `>`, `>=`
    More,
}

/// A moment, fixed or relative to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// `2026-01-01` (its beginning in UTC), or RFC 3339.
    At(Time),
    /// `-7d`
    Ago(TimeDelta),
}

impl Moment {
    /// The moment, seen from `now`.
    pub fn from(self, now: Time) -> Time {
        match self {
            Self::At(at) => at,
            Self::Ago(age) => now.checked_sub_signed(age).unwrap_or_default(),
        }
    }
}

const IS: [(&str, Is); 13] = [
    ("unread", Is::Unread),
    ("mine", Is::Mine),
    ("unassigned", Is::Unassigned),
    ("snoozed", Is::Snoozed),
    ("drift", Is::Drift),
    ("uncertain", Is::Uncertain),
    ("breaching", Is::Breaching),
    ("failed", Is::Failed),
    ("held", Is::Held),
    ("parked", Is::Parked),
    ("fix", Is::Fix),
    ("thanked", Is::Thanked),
    ("promised", Is::Promised),
];

const HAS: [(&str, Has); 2] = [("attachment", Has::Attachment), ("draft", Has::Draft)];

/// The keys of the language, for errors, completion and help.
pub const KEYS: [&str; 20] = [
    "status", "channel", "kind", "is", "turn", "lang", "priority", "waiting", "window", "assignee", "label",
    "order", "sku", "remote", "customer", "before", "after", "due", "gate", "has",
];

/// The words that a key takes, where they are a closed list: for completion and errors.
pub fn words_of(key: &str) -> Vec<&'static str> {
    match key {
        "status" => Status::ALL.iter().map(|it| it.as_str()).collect(),
        "is" => IS.iter().map(|(word, _)| *word).collect(),
        "has" => HAS.iter().map(|(word, _)| *word).collect(),
        "turn" => vec!["us", "them", "third_party"],
        "priority" => vec!["low", "normal", "high", "urgent"],
        "gate" => vec!["open", "template_only", "paused", "remote_closed", "read_only", "unknown"],
        _ => Vec::new(),
    }
}

/// The built-in views: name and query, in the order of their tabs. What has no turn (done, or a chat that may only be
/// read) is in none of them.
pub const BUILT_IN: [(&str, &str); 6] = [
    ("Fix", "is:fix"),
    ("Mine", "is:mine turn:us -is:snoozed"),
    ("Unassigned", "is:unassigned turn:us"),
    ("All", "turn:us turn:them turn:third_party"),
    ("Pending", "turn:them turn:third_party"),
    ("Snoozed", "is:snoozed"),
];

/// A query that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct QueryError {
    /// Where its term begins: characters, from 1.
    pub position: usize,
    /// The term.
    pub term: String,
    /// What is wrong, with what would be right.
    pub problem: String,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at character {}: {}", self.term, self.position, self.problem)
    }
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// The first term that cannot be read, with its place; an unknown key lists the keys.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let mut terms = Vec::new();
        for token in tokens(text)? {
            let problem =
                |problem: String| QueryError { position: token.position, term: token.raw.clone(), problem };
            let what = match &token.key {
                Some(key) => match keyed(key, &token.value).map_err(problem)? {
                    What::Customer(text) if token.quoted => What::WholeCustomer(text),
                    what => what,
                },
                None if token.quoted => What::Phrase(token.value.clone()),
                None => What::Word(token.value.clone()),
            };
            terms.push(Term { negated: token.negated, what });
        }
        Ok(Self { terms })
    }

    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.terms.extend(other.terms);
        self
    }

    /// Whether it asks for full text.
    pub fn has_words(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.what, What::Word(_) | What::Phrase(_)))
    }
}

impl What {
    /// The key it belongs to: terms of one key are alternatives. Words stand for themselves.
    pub fn key(&self) -> Option<&'static str> {
        Some(match self {
            Self::Status(_) => "status",
            Self::Channel(_) => "channel",
            Self::Kind(_) => "kind",
            Self::Is(_) => "is",
            Self::Turn(_) => "turn",
            Self::Lang(_) => "lang",
            Self::Priority(_) => "priority",
            Self::Waiting(..) => "waiting",
            Self::Window(..) => "window",
            Self::Assignee(_) => "assignee",
            Self::Label(_) => "label",
            Self::Order(_) => "order",
            Self::Sku(_) => "sku",
            Self::Remote(_) => "remote",
            Self::Customer(_) | Self::WholeCustomer(_) => "customer",
            Self::Before(_) => "before",
            Self::After(_) => "after",
            Self::Due(..) => "due",
            Self::Gate(_) => "gate",
            Self::Has(_) => "has",
            Self::Word(_) | Self::Phrase(_) => return None,
        })
    }
}

struct Token {
    position: usize,
    raw: String,
    negated: bool,
    key: Option<String>,
    value: String,
    quoted: bool,
}

fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut i = 0;
    while i < letters.len() {
        if letters[i].is_whitespace() {
            i += 1;
            continue;
        }
        let start = i;
        let negated = letters[i] == '-' && letters.get(i + 1).is_some_and(|c| !c.is_whitespace());
        i += usize::from(negated);
        let mut token = Token {
            position: start + 1,
            raw: String::new(),
            negated,
            key: None,
            value: String::new(),
            quoted: false,
        };
        while i < letters.len() && !letters[i].is_whitespace() {
            match letters[i] {
                '"' => {
                    token.quoted = true;
                    let Some(length) = letters[i + 1..].iter().position(|c| *c == '"') else {
                        return Err(QueryError {
                            position: i + 1,
                            term: letters[start..].iter().collect(),
                            problem: "the quotation mark is not closed".into(),
                        });
                    };
                    token.value.extend(&letters[i + 1..i + 1 + length]);
                    i += length + 2;
                }
                ':' if token.key.is_none() && !token.quoted && is_key(&token.value) => {
                    token.key = Some(std::mem::take(&mut token.value).to_lowercase());
                    i += 1;
                }
                letter => {
                    token.value.push(letter);
                    i += 1;
                }
            }
        }
        token.raw = letters[start..i].iter().collect();
        found.push(token);
    }
    Ok(found)
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
}

fn keyed(key: &str, value: &str) -> Result<What, String> {
    if !KEYS.contains(&key) {
        return Err(format!("there is no key \"{key}\"; the keys are: {}", KEYS.join(" ")));
    }
    if value.is_empty() {
        return Err(format!("{key}: needs a value"));
    }
    let one_of = || format!("{key}: takes one of: {}", words_of(key).join(" "));
    let text = value.to_owned();
    Ok(match key {
        "status" => What::Status(Status::parse(value).ok_or_else(one_of)?),
        "channel" => What::Channel(text),
        "kind" => What::Kind(text.to_lowercase()),
        "is" => What::Is(IS.iter().find(|(word, _)| *word == value).ok_or_else(one_of)?.1),
        "has" => What::Has(HAS.iter().find(|(word, _)| *word == value).ok_or_else(one_of)?.1),
        "turn" => {
            let word = value.replace('-', "_");
            let found = [Turn::Us, Turn::Them, Turn::ThirdParty].into_iter().find(|it| it.as_str() == word);
            What::Turn(found.ok_or_else(one_of)?)
        }
        "lang" => What::Lang(text.to_lowercase()),
        "priority" => What::Priority(Priority::parse(value).ok_or_else(one_of)?),
        "gate" => What::Gate(Gate::parse(&value.replace('-', "_")).ok_or_else(one_of)?),
        "assignee" => What::Assignee(text),
        "label" => What::Label(text),
        "order" => What::Order(text),
        "sku" => What::Sku(text),
        "remote" => What::Remote(text),
        "customer" => What::Customer(text),
        "waiting" => compared(value, Cmp::More).map(|(cmp, age)| What::Waiting(cmp, age))?,
        "window" => compared(value, Cmp::Less).map(|(cmp, age)| What::Window(cmp, age))?,
        "due" => compared(value, Cmp::Less).map(|(cmp, age)| What::Due(cmp, age))?,
        "before" => What::Before(moment(value)?),
        _ => What::After(moment(value)?),
    })
}

fn compared(value: &str, plain: Cmp) -> Result<(Cmp, TimeDelta), String> {
    let (cmp, rest) = match value.as_bytes().first() {
        Some(b'<') => (Cmp::Less, &value[1..]),
        Some(b'>') => (Cmp::More, &value[1..]),
        _ => (plain, value),
    };
    Ok((cmp, age(rest.strip_prefix('=').unwrap_or(rest))?))
}

/// An age: `30m`, `4h`, `7d` and nothing else.
///
/// # Errors
/// In a sentence.
pub fn age(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("\"{text}\" is no age: write 30m, 4h or 7d");
    let split = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or_else(wrong)?;
    let (digits, unit) = text.split_at(split);
    let n: i64 = digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|n| *n <= 1_000_000)
        .ok_or_else(wrong)?;
    match unit {
        "m" => Ok(TimeDelta::minutes(n)),
        "h" => Ok(TimeDelta::hours(n)),
        "d" => Ok(TimeDelta::days(n)),
        _ => Err(wrong()),
    }
}

fn moment(value: &str) -> Result<Moment, String> {
    if let Some(ago) = value.strip_prefix('-') {
        return age(ago).map(Moment::Ago);
    }
    if let Ok(day) = value.parse::<NaiveDate>() {
        return Ok(Moment::At(day.and_time(chrono::NaiveTime::MIN).and_utc()));
    }
    DateTime::parse_from_rfc3339(value)
        .map(|at| Moment::At(at.to_utc()))
        .map_err(|_| format!("\"{value}\" is no moment: write 2026-01-31, 2026-01-31T09:00:00Z or -7d"))
}

#[cfg(test)]
mod tests;
