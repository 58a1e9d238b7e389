//! What speaks against sending, before anything is sent. Pure: the bar, `reply` and `new` decide by the same findings.

use std::{collections::HashMap, sync::LazyLock};

use super::words;
use crate::domain::{
    Capabilities, Conversation, DraftKind, Gate, Message, MessageId, Time, attachment::StoredFile,
    outbox::TemplateUse,
};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// May be right: taken with a key of its own, once it has been drawn.
    Amber,
    /// Nothing is sent.
    Red,
}

/// One thing that speaks against it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Finding {
    /// How bad.
    pub level: Level,
    /// In a line.
    pub text: String,
    /// In full.
    pub detail: String,
}

/// What a channel's configuration says of contact data and links in a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lint {
    /// E-mail addresses, phone numbers, tax and bank numbers.
    pub contact: Option<Level>,
    /// Links.
    pub links: Option<Level>,
}

impl Default for Lint {
    fn default() -> Self {
        Self { contact: Some(Level::Amber), links: Some(Level::Amber) }
    }
}

/// What is to be sent, and to whom.
#[derive(Clone, Debug)]
pub struct Preflight<'a> {
    /// To whom; `None` for a new conversation.
    pub conversation: Option<&'a Conversation>,
    /// For whom.
    pub kind: DraftKind,
    /// What the channel can do.
    pub capabilities: &'a Capabilities,
    /// What its configuration says.
    pub lint: Lint,
    /// The text.
    pub text: &'a str,
    /// The files.
    pub files: &'a [StoredFile],
    /// The template.
    pub template: Option<&'a TemplateUse>,
    /// Whether the agent's own key said that it may be reopened.
    pub reopen: bool,
    /// The newest messages.
    pub messages: &'a [Message],
    /// The newest that its author has seen.
    pub seen: Option<MessageId>,
    /// Who writes.
    pub me: &'a str,
    /// When.
    pub now: Time,
}

impl Preflight<'_> {
    /// All findings, the worst first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.kind == DraftKind::Note {
            if self.text.trim().is_empty() {
                found.push(red("the note is empty"));
            }
            if !self.files.is_empty() {
                found.push(red("a note carries no files"));
            }
            return found;
        }
        self.gate(&mut found);
        self.traffic(&mut found);
        self.files(&mut found);
        self.text(&mut found);
        found.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        found
    }

    fn gate(&self, found: &mut Vec<Finding>) {
        let Some(conversation) = self.conversation else {
            // Nobody has written to us: there is no window yet.
            if self.capabilities.templates && self.template.is_none() {
                found.push(red("no window is open with this person: only a template starts a conversation"));
            }
            return;
        };
        if self.capabilities.reply == crate::domain::Reach::Forbidden {
            found.push(red("this channel may only be read"));
            return;
        }
        match conversation.gate.at(self.now) {
            Gate::Open => {}
            Gate::Unknown => {
                found.push(amber("whether it may be sent is not known: the vendor has not said so yet"));
            }
            Gate::Paused => found.push(red("the marketplace mediates: replies are refused until it ends")),
            Gate::ReadOnly => found.push(red("we may only read here")),
            Gate::RemoteClosed if self.reopen => {}
            Gate::RemoteClosed => {
                found.push(amber(
                    "it is closed at the vendor: sending reopens it there, and it stays reopened",
                ));
            }
            Gate::TemplateOnly if self.template.is_some() => {}
            Gate::TemplateOnly => {
                found.push(red("the window is shut: only a template can be sent, ^X m picks one"));
            }
        }
        if conversation.customer == crate::domain::Customer::default()
            && conversation.counterpart.name.is_empty()
        {
            found.push(amber("nobody is named as the reader"));
        }
    }

    /// What came since the author last looked.
    fn traffic(&self, found: &mut Vec<Finding>) {
        let came: Vec<&Message> = self
            .messages
            .iter()
            .filter(|message| self.seen.is_none_or(|seen| message.id > seen))
            .filter(|message| match message.direction {
                crate::domain::Direction::Inbound => true,
                crate::domain::Direction::Outbound => message.author.name.as_deref() != Some(self.me),
                crate::domain::Direction::Note => false,
            })
            .collect();
        if self.seen.is_some()
            && let Some(newest) = came.last()
        {
            found.push(Finding {
                level: Level::Amber,
                text: format!(
                    "{} since you last looked",
                    words::count(came.len(), "message came", "messages came")
                ),
                detail: newest.body.clone(),
            });
        }
    }

    fn files(&self, found: &mut Vec<Finding>) {
        let Some(rules) = &self.capabilities.files else {
            if !self.files.is_empty() {
                found.push(red("this channel takes no files"));
            }
            return;
        };
        for file in self.files {
            match rules.limit_for(&file.mime) {
                None => found.push(red(&format!("{}: {} is not taken here", file.name, file.mime))),
                Some(limit) if file.size > limit.max_bytes => found.push(red(&format!(
                    "{}: {} is more than the {} that a {} may have",
                    file.name,
                    words::bytes(file.size),
                    words::bytes(limit.max_bytes),
                    limit.kind
                ))),
                Some(_) => {}
            }
        }
    }

    fn text(&self, found: &mut Vec<Finding>) {
        if let Some(template) = self.template {
            if template.parameters.iter().any(|value| value.trim().is_empty()) {
                found.push(red("a variable of the template is empty"));
            }
            return;
        }
        if self.text.trim().is_empty() && self.files.is_empty() {
            found.push(red("there is no text"));
            return;
        }
        let length = self.text.chars().count();
        if let Some(most) = self.capabilities.max_text.filter(|most| length > *most) {
            found.push(red(&format!("{length} characters are more than the {most} that fit")));
        }
        if let Some(hole) = hole(self.text) {
            found.push(red(&format!("a variable is not filled in: {hole}")));
        }
        let allowed = self.allowed();
        if let Some(level) = self.lint.contact
            && let Some((what, words)) = contact(self.text, &allowed)
        {
            found.push(Finding {
                level,
                text: format!("{what}: {words}"),
                detail: "Marketplaces forbid contact data in messages; some close shops over it.".into(),
            });
        }
        if let Some(level) = self.lint.links
            && let Some(link) = self.text.split_whitespace().find(|word| is_link(word))
        {
            found.push(Finding {
                level,
                text: format!("a link: {link}"),
                detail: "Links that lead away from the marketplace are forbidden on most of them.".into(),
            });
        }
    }

    /// This conversation's own numbers, which a reply may name.
    fn allowed(&self) -> Vec<String> {
        let Some(conversation) = self.conversation else { return Vec::new() };
        let order = conversation.order.iter().flat_map(|facts| facts.values());
        order
            .filter_map(|value| value.as_str().map(digits))
            .chain(conversation.products.iter().map(|product| digits(&product.sku)))
            .chain([digits(&conversation.remote_id)])
            .filter(|number| number.len() >= 4)
            .collect()
    }
}

fn red(text: &str) -> Finding {
    Finding { level: Level::Red, text: text.to_owned(), detail: text.to_owned() }
}

fn amber(text: &str) -> Finding {
    Finding { level: Level::Amber, text: text.to_owned(), detail: text.to_owned() }
}

/// A place of a canned reply that nobody filled in: `{{name}}` or `{name}`.
fn hole(text: &str) -> Option<&str> {
    let start = text.find('{')?;
    let rest = &text[start..];
    let end = rest.find('}')?;
    let inside = rest[..end].trim_matches(['{', ' ']);
    let named =
        !inside.is_empty() && inside.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '.' | '-'));
    if named { Some(&rest[..=end]) } else { hole(&rest[1..]) }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn is_link(word: &str) -> bool {
    let word = word.trim_matches(|it: char| !it.is_alphanumeric()).to_lowercase();
    word.starts_with("http://") || word.starts_with("https://") || word.starts_with("www.")
}

/// Words that lead a customer away from the marketplace, with what they are.
static AWAY: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    HashMap::from([
        ("whatsapp", "another way to talk"),
        ("telegram", "another way to talk"),
        ("pix", "a way to pay"),
        ("iban", "a way to pay"),
        ("cpf", "a tax number"),
        ("cnpj", "a tax number"),
    ])
});

/// Contact data in a text, with what it is; the conversation's own numbers are no contact data.
fn contact(text: &str, allowed: &[String]) -> Option<(&'static str, String)> {
    for word in text.split_whitespace() {
        let bare = word.trim_matches(|it: char| !it.is_alphanumeric());
        let (name, host) = bare.split_once('@').unwrap_or_default();
        if !name.is_empty() && host.contains('.') {
            return Some(("an e-mail address", bare.to_owned()));
        }
        if let Some(what) = AWAY.get(bare.to_lowercase().as_str()) {
            return Some((what, bare.to_owned()));
        }
    }
    // Runs of digits with what is written between them: phones, cards, bank and tax numbers.
    let mut run = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_digit()
            || (!run.is_empty() && matches!(letter, ' ' | '-' | '.' | '(' | ')' | '/'))
            || (run.is_empty() && letter == '+')
        {
            run.push(letter);
            continue;
        }
        let number = digits(&run);
        if number.len() >= 9
            && number.len() <= 22
            && !allowed.iter().any(|own| own.contains(&number) || number.contains(own.as_str()))
        {
            return Some(("a number that may be a phone", run.trim().to_owned()));
        }
        run.clear();
    }
    None
}
