//! What a configuration may say: keys as data. Loading, `config show`, `config schema`, the environment's names and
//! the test of `config.example.toml` all read the same tables.

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Any text that is not empty.
    Text,
    /// Digits; punctuation is dropped (`12.345.678/9012-34`).
    Digits,
    /// Two to four letters or digits.
    Short,
    /// A file or folder; `~` is the user's home, a relative path stands beside the file that says it.
    Path,
    /// A TOML file of pre-approved messages, read with the configuration.
    Templates,
    /// Files or folders, in the order of the list.
    Paths,
    /// `https://…`; plain `http://` to loopback only, or where the channel says `allow_http = true`.
    Url,
    /// A path of our own listener: `/…`. All but the first part is masked when it is shown.
    WebPath,
    /// The address under which the world reaches such a path: `https://…`. All but its host is masked when it is shown.
    PublicUrl,
    /// `sqlite:PATH` or `postgres://user@host/db`.
    StoreUrl,
    /// `address:port`.
    Address,
    /// `{ env = "X" }`, `{ file = "F" }`, `{ command = "C" }` or `"literal"`.
    Secret,
    /// A span of time of at least so many milliseconds: `"10s"`, `"15m"`, `"2h"`, `"1d"`, `"50ms"`.
    Span(u64),
    /// A size: `"25MB"` (1,000,000), `"5MiB"` (1,048,576).
    Size,
    /// A moment, RFC 3339: `"2026-01-01T00:00:00Z"`.
    Moment,
    /// A whole number from, to.
    Count(u64, u64),
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Several texts: `["a", "b"]`; one alone may stand without the brackets.
    List,
    /// The same, of language codes (`pt-BR`, `en`).
    Languages,
    /// An IANA time zone.
    Zone,
    /// Opening hours: `["mon-fri 08:00-12:00", "sat 09:00-13:00"]`.
    Hours,
    /// Days: `["2026-12-25"]`.
    Days,
    /// `"default"`, `"none"`, a span of running hours (`"24h"`), or `"1 business day"`, `"12 business hours"`.
    Marketplace,
    /// An inline table whose keys are the first words and whose values are among the second:
    /// `{ contact = "block" }`.
    Words(&'static [&'static str], &'static [&'static str]),
    /// A program and its arguments: `["less", "-R"]`. Run without a shell.
    Program,
    /// An inline table of programs by name: `{ spell = ["aspell", "list"] }`. A text is split at its spaces.
    Programs,
}

/// When a key must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It may be left out.
    Optional,
    /// Always.
    Always,
    /// Where another key of the same table has this value.
    When(&'static str, &'static str),
}

/// One key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySchema {
    /// Its name in the file.
    pub name: &'static str,
    /// What it takes.
    pub what: KeyKind,
    /// When it must be there.
    pub need: Need,
    /// What holds where nobody says anything, as it would be written without quotes. `None`: nothing does, or
    /// it depends on the box, as the doc says.
    pub default: Option<&'static str>,
    /// What it is for, in a sentence, with its unit.
    pub doc: &'static str,
}

impl KeySchema {
    /// A key that may be left out and then has no value.
    pub const fn new(name: &'static str, what: KeyKind, doc: &'static str) -> Self {
        Self { name, what, need: Need::Optional, default: None, doc }
    }

    /// The same key, always required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.need = Need::Always;
        self
    }

    /// The same key, required where `key` is `value`.
    #[must_use]
    pub const fn when(mut self, key: &'static str, value: &'static str) -> Self {
        self.need = Need::When(key, value);
        self
    }

    /// The same key with a default.
    #[must_use]
    pub const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

/// A kind of channel: what its `[[channel]]` table may say beside the common keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindSchema {
    /// Its word: what `kind` of a `[[channel]]` says.
    pub kind: &'static str,
    /// The default of `short`.
    pub short: &'static str,
    /// The default of `undo_window`.
    pub undo_window: &'static str,
    /// Whether its messages come by webhook, so that it hears nothing without `[webhook]`.
    pub webhook: bool,
    /// Its own keys.
    pub keys: &'static [KeySchema],
    /// A `[[channel]]` of it with every key of its own, where `config.example.toml` has none (a further vendor's own
    /// folder documents it); else empty.
    pub example: &'static str,
}

/// How often a table may stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Once: `[sync]`.
    One,
    /// Any number of times, told apart by this key: `[[channel]]`, `name`.
    Many(&'static str),
    /// Once, and besides its own keys it takes any name with a list of texts: `[keys]`.
    Open,
}

/// A table of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSchema {
    /// Its name in the file.
    pub name: &'static str,
    /// How often it may stand there.
    pub shape: Shape,
    /// Whether a user's own file may set it on a box whose /etc configures the store or channels.
    pub personal: bool,
    /// Its keys.
    pub keys: &'static [KeySchema],
    /// What it is for.
    pub doc: &'static str,
}
