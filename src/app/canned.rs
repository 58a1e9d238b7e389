//! Canned replies and macros: what stands in the files `NAME.LANG.md`, in which order `m` offers it.
//!
//! A file is a text, with a head between two lines `---` where it has one. A head with actions makes a macro of it. The
//! files are read by `terminal` each time that `m` opens; `assets/docs/canned.md` is the description for those who write
//! them.

mod fill;
mod pick;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::words;
use crate::domain::{
    ChannelKind, ChannelName, Lang, Priority, Status, Time, lang::tr, outbox::LocalChange, when,
};

pub use self::fill::{ProductName, Values, fill, hole};

/// A canned reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canned {
    /// `late` of `late.pt-BR.md`.
    pub name: String,
    /// `pt-BR`; `None`: for every language.
    pub lang: Option<String>,
    /// What the pop-up calls it: `title:` of its head, else its name.
    pub title: String,
    /// Channels, by name or kind, that it is for; empty: all.
    pub channels: Vec<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The text, its variables not filled in; empty: a macro without a reply.
    pub body: String,
    /// What is done with it.
    pub then: Macro,
}

/// What a macro does beside its reply.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Macro {
    /// The status.
    pub status: Option<Status>,
    /// Labels to add.
    pub add: Vec<String>,
    /// Labels to remove.
    pub remove: Vec<String>,
    /// `me`, `nobody` or an account.
    pub assign: Option<String>,
    /// A time as the time field takes it, or `reply`: until the customer writes.
    pub snooze: Option<String>,
    /// The priority.
    pub priority: Option<Priority>,
}

impl Macro {
    /// Whether it does nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Everything but the status, as changes. A time that has passed is left out.
    pub fn changes(&self, me: &str, now: Time, zone: chrono_tz::Tz) -> Vec<LocalChange> {
        let mut changes = Vec::new();
        if !self.add.is_empty() || !self.remove.is_empty() {
            changes.push(LocalChange::Label { add: self.add.clone(), remove: self.remove.clone() });
        }
        match self.assign.as_deref() {
            None => {}
            Some("me") => changes.push(LocalChange::Assign(Some(me.to_owned()))),
            Some("nobody") => changes.push(LocalChange::Assign(None)),
            Some(who) => changes.push(LocalChange::Assign(Some(who.to_owned()))),
        }
        if let Some(priority) = self.priority {
            changes.push(LocalChange::Priority(Some(priority)));
        }
        let until = match self.snooze.as_deref() {
            Some("reply") => Some(LocalChange::until_they_write()),
            Some(text) => when::parse(text, now, zone)
                .map(|until| LocalChange::Snooze { until: Some(until), breaks: true }),
            None => None,
        };
        changes.extend(until);
        changes
    }

    /// The same without a status.
    #[must_use]
    pub fn beside_status(&self) -> Self {
        Self { status: None, ..self.clone() }
    }

    /// All of it in a line: `on hold, +shipping, to me, asleep until Fri 27 Nov 09:00, priority high`.
    pub fn sentence(&self, lang: Lang, now: Time, zone: chrono_tz::Tz) -> String {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.status.map(|status| super::triage::word(lang, status).to_owned()));
        parts.extend(self.add.iter().map(|label| format!("+{label}")));
        parts.extend(self.remove.iter().map(|label| format!("-{label}")));
        parts.extend(self.assign.as_ref().map(|who| tr!(lang, "to {who}", who)));
        parts.extend(self.snooze.as_ref().map(|text| match (text.as_str(), when::parse(text, now, zone)) {
            ("reply", _) => lang.tr("asleep until the customer writes").to_owned(),
            (_, Some(at)) => tr!(lang, "asleep until {at}", at = words::weekday(lang, at, zone)),
            (_, None) => tr!(lang, "asleep until {text} (not understood)", text),
        }));
        parts.extend(self.priority.map(|priority| {
            tr!(lang, "priority {priority}", priority = lang.word("priority", priority.as_str()))
        }));
        parts.join(", ")
    }
}

/// A file that cannot be read as one: its name and a sentence.
pub type Broken = (String, String);

/// What the folders hold, and how often it was used here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// The replies.
    pub replies: Vec<Canned>,
    /// Files that cannot be used, with the reason.
    pub broken: Vec<Broken>,
    /// How often, by name and language.
    pub uses: HashMap<(String, String), u64>,
    /// What products are called, by SKU.
    pub products: HashMap<String, ProductName>,
}

impl Shelf {
    /// What is offered on a channel to a customer of this language, the best first: his language before others, what is
    /// used most before the rest; where nobody knows his, the agent's own before others.
    pub fn offered(
        &self,
        channel: &ChannelName,
        kind: Option<&ChannelKind>,
        lang: Option<&str>,
        own: &str,
    ) -> Vec<&Canned> {
        let here = |reply: &&Canned| {
            let named =
                |it: &String| *it == channel.0 || kind.is_some_and(|kind| kind.as_str() == it.as_str());
            reply.channels.is_empty() || reply.channels.iter().any(named)
        };
        let mut offered: Vec<&Canned> = self.replies.iter().filter(here).collect();
        offered.sort_by_key(|reply| {
            let uses = self.uses.get(&(reply.name.clone(), reply.lang.clone().unwrap_or_default()));
            (
                distance(reply.lang.as_deref(), lang),
                std::cmp::Reverse(uses.copied().unwrap_or(0)),
                if lang.is_none() { distance(reply.lang.as_deref(), Some(own)) } else { 0 },
                reply.name.clone(),
            )
        });
        offered
    }
}

/// How far a reply's language is from the customer's: his own (or every language) is near.
fn distance(reply: Option<&str>, customer: Option<&str>) -> u8 {
    match (reply, customer) {
        (None, _) | (Some(_), None) => 0,
        (Some(reply), Some(customer)) => u8::from(!same_language(reply, customer)),
    }
}

/// Whether two tags name one language, whatever their regions.
pub fn same_language(one: &str, other: &str) -> bool {
    let language = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    language(one) == language(other)
}

/// Name and language of a file: `late.pt-BR.md`, `late.md`. `None`: not a canned reply's name.
pub fn name_of(file: &str) -> Option<(String, Option<String>)> {
    let stem = file.strip_suffix(".md").filter(|stem| !stem.is_empty() && !stem.starts_with('.'))?;
    let is_tag = |tag: &str| {
        let mut parts = tag.split('-');
        parts.next().is_some_and(|it| matches!(it.len(), 2 | 3) && it.chars().all(|c| c.is_ascii_lowercase()))
            && parts.all(|it| matches!(it.len(), 2..=4) && it.chars().all(|c| c.is_ascii_alphanumeric()))
    };
    Some(match stem.rsplit_once('.') {
        Some((name, tag)) if is_tag(tag) && !name.is_empty() => (name.to_owned(), Some(tag.to_owned())),
        _ => (stem.to_owned(), None),
    })
}

/// Reads a file's text.
///
/// # Errors
/// In a sentence with the line.
pub fn parse(name: &str, lang: Option<&str>, text: &str) -> Result<Canned, String> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).replace("\r\n", "\n");
    let mut reply = Canned {
        name: name.to_owned(),
        lang: lang.map(str::to_owned),
        title: name.to_owned(),
        ..Canned::default()
    };
    let mut body = text.as_str();
    if let Some(rest) = text.strip_prefix("---\n") {
        let (head, after) = match rest.strip_prefix("---") {
            Some(after) => ("", after),
            None => rest.split_once("\n---").ok_or("line 1: the head is not closed by a second ---")?,
        };
        let Some(after) = after.strip_prefix('\n').or_else(|| after.is_empty().then_some("")) else {
            return Err("the head is not closed by a second ---".into());
        };
        for (at, line) in head.lines().enumerate() {
            entry(&mut reply, line).map_err(|problem| format!("line {}: {problem}", at + 2))?;
        }
        body = after;
    }
    body.trim_matches('\n').clone_into(&mut reply.body);
    if reply.body.trim().is_empty() {
        reply.body.clear();
        if reply.then.is_empty() {
            return Err("there is neither a text nor an action in it".into());
        }
    }
    if let Some(hole) = fill::unknown(&reply.body) {
        return Err(format!("{hole} is no variable: {}", fill::NAMES.join(" ")));
    }
    Ok(reply)
}

/// Keys of a head.
const KEYS: &str = "title channels tags status labels assign snooze priority";

fn entry(reply: &mut Canned, line: &str) -> Result<(), String> {
    if line.trim().is_empty() || line.trim_start().starts_with('#') {
        return Ok(());
    }
    let (key, value) = line.split_once(':').ok_or_else(|| format!("\"{}\" is no key: value", line.trim()))?;
    let value = value.trim().trim_matches('"').trim();
    let list = || -> Vec<String> {
        let inside = value.trim_start_matches('[').trim_end_matches(']');
        let words = inside.split([',', ' ']).map(|word| word.trim().trim_matches('"').to_owned());
        words.filter(|word| !word.is_empty()).collect()
    };
    match key.trim() {
        "title" => value.clone_into(&mut reply.title),
        "channels" => reply.channels = list(),
        "tags" => reply.tags = list(),
        "status" => {
            let status = Status::parse(value).filter(|status| *status != Status::Closed);
            reply.then.status = Some(
                status.ok_or_else(|| format!("status {value}: new, open, pending, on-hold or resolved"))?,
            );
        }
        "labels" => {
            for word in list() {
                match word.strip_prefix('-') {
                    Some(label) => reply.then.remove.push(label.to_owned()),
                    None => reply.then.add.push(word.strip_prefix('+').unwrap_or(&word).to_owned()),
                }
            }
        }
        "assign" => reply.then.assign = Some(value.to_owned()).filter(|it| !it.is_empty()),
        "snooze" => {
            // Any moment will do to see whether it is a time.
            let fine = value == "reply" || when::parse(value, Time::UNIX_EPOCH, chrono_tz::UTC).is_some();
            if !fine {
                return Err(format!("snooze {value}: 3d, 14:30, fri 9, tomorrow, or reply"));
            }
            reply.then.snooze = Some(value.to_owned());
        }
        "priority" => {
            reply.then.priority = Some(
                Priority::parse(value)
                    .ok_or_else(|| format!("priority {value}: low, normal, high or urgent"))?,
            );
        }
        other => return Err(format!("there is no key \"{other}\"; the keys are: {KEYS}")),
    }
    Ok(())
}
