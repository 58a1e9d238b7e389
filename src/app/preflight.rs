//! What speaks against sending, before anything is sent. Pure: the bar, `reply` and `new` decide by the same findings.

mod contact;
mod sense;

#[cfg(test)]
mod tests;

use self::contact::digits;
use super::{canned, words};
use crate::domain::{
    Capabilities, Conversation, ConversationId, DraftKind, Gate, Lang, Message, MessageId, Status, Time,
    attachment::StoredFile, capability::FileRules, lang::tr, outbox::TemplateUse,
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
    /// Whether the channel is a messenger itself.
    pub messenger: bool,
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
    /// Catalogue items.
    pub products: usize,
    /// Numbers in the text that belong to other conversations, with whose they are.
    pub owners: &'a [(String, ConversationId, String)],
    /// The newest messages.
    pub messages: &'a [Message],
    /// The newest that its author has seen.
    pub seen: Option<MessageId>,
    /// Who writes.
    pub me: &'a str,
    /// When.
    pub now: Time,
    /// The language of the findings.
    pub lang: Lang,
}

impl Preflight<'_> {
    /// All findings, the worst first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.kind == DraftKind::Note {
            if self.text.trim().is_empty() {
                found.push(red(self.lang.tr("the note is empty")));
            }
            if !self.files.is_empty() {
                found.push(red(self.lang.tr("a note carries no files")));
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
                found.push(red(self
                    .lang
                    .tr("no window is open with this person: only a template starts a conversation")));
            }
            return;
        };
        if self.capabilities.reply == crate::domain::Reach::Forbidden {
            found.push(red(self.lang.tr("this channel may only be read")));
            return;
        }
        match conversation.gate.at(self.now) {
            Gate::Open => {}
            Gate::Unknown => {
                found.push(amber(
                    self.lang.tr("whether it may be sent is not known: the vendor has not said so yet"),
                ));
            }
            Gate::Paused => {
                found.push(red(self.lang.tr("the marketplace mediates: replies are refused until it ends")));
            }
            Gate::ReadOnly => found.push(red(self.lang.tr("we may only read here"))),
            Gate::RemoteClosed if self.reopen => {}
            Gate::RemoteClosed => {
                found.push(amber(
                    self.lang
                        .tr("it is closed at the vendor: sending reopens it there, and it stays reopened"),
                ));
            }
            Gate::TemplateOnly if self.template.is_some() => {}
            Gate::TemplateOnly => {
                found.push(red(self
                    .lang
                    .tr("the window is shut: only a template can be sent, ^X m picks one")));
            }
        }
        if conversation.customer == crate::domain::Customer::default()
            && conversation.counterpart.name.is_empty()
        {
            found.push(amber(self.lang.tr("nobody is named as the reader")));
        }
    }

    /// What came since the author last looked.
    fn came(&self) -> Vec<&Message> {
        let Some(seen) = self.seen else { return Vec::new() };
        self.messages
            .iter()
            .filter(|message| message.id > seen)
            .filter(|message| match message.direction {
                crate::domain::Direction::Inbound => true,
                crate::domain::Direction::Outbound => message.author.name.as_deref() != Some(self.me),
                crate::domain::Direction::Note => false,
            })
            .collect()
    }

    /// Whether something came since the author last looked.
    pub fn unseen(&self) -> bool {
        self.kind != DraftKind::Note && !self.came().is_empty()
    }

    fn traffic(&self, found: &mut Vec<Finding>) {
        let came = self.came();
        if let Some(newest) = came.last() {
            found.push(Finding {
                level: Level::Amber,
                text: tr!(
                    self.lang,
                    "{messages} since you last looked",
                    messages = words::count(self.lang, came.len(), "message came", "messages came")
                ),
                detail: newest.body.clone(),
            });
        }
    }

    fn files(&self, found: &mut Vec<Finding>) {
        let Some(rules) = &self.capabilities.files else {
            if !self.files.is_empty() {
                found.push(red(self.lang.tr("this channel takes no files")));
            }
            return;
        };
        found.extend(
            self.files.iter().filter_map(|file| not_taken(self.lang, rules, file)).map(|it| red(&it)),
        );
    }

    fn text(&self, found: &mut Vec<Finding>) {
        if let Some(template) = self.template {
            if template.parameters.iter().any(|value| value.trim().is_empty()) {
                found.push(red(self.lang.tr("a variable of the template is empty")));
            }
            self.marketplace(&template.parameters.join("\n"), found);
            return;
        }
        if self.text.trim().is_empty() && self.files.is_empty() && self.products == 0 {
            found.push(red(self.lang.tr("there is no text")));
            return;
        }
        let length = self.text.chars().count();
        if let Some(most) = self.capabilities.max_text.filter(|most| length > *most) {
            found.push(red(&tr!(
                self.lang,
                "{length} characters are more than the {most} that fit",
                length,
                most
            )));
        }
        if let Some(hole) = canned::hole(self.text) {
            found.push(red(&tr!(self.lang, "a variable is not filled in: {hole}", hole)));
        }
        self.marketplace(self.text, found);
        self.sense(found);
    }

    /// What marketplaces forbid.
    fn marketplace(&self, text: &str, found: &mut Vec<Finding>) {
        if let Some(level) = self.lint.contact {
            found.extend(contact::contacts(text, &self.allowed(), self.messenger).into_iter().map(|hit| {
                Finding {
                    level,
                    text: format!("{}: {}", self.lang.tr(hit.what), hit.words),
                    detail: self
                        .lang
                        .tr("Marketplaces forbid contact data in messages; some close shops over it.")
                        .into(),
                }
            }));
        }
        if let Some(level) = self.lint.links {
            found.extend(contact::links(text).into_iter().map(|hit| {
                Finding {
                    level,
                    text: format!("{}: {}", self.lang.tr(hit.what), hit.words),
                    detail: self
                        .lang
                        .tr("Links that lead away from the marketplace are forbidden on most of them.")
                        .into(),
                }
            }));
        }
    }

    /// What the text says that its circumstances do not.
    fn sense(&self, found: &mut Vec<Finding>) {
        if let Some(promise) = sense::promised(self.text).filter(|_| self.files.is_empty()) {
            let takes = self.capabilities.files.is_some();
            found.push(Finding {
                level: Level::Amber,
                text: tr!(self.lang, "\"{promise}\", but no file is attached", promise),
                detail: if takes {
                    self.lang.tr("^X a attaches one")
                } else {
                    self.lang.tr("This channel takes no files.")
                }
                .into(),
            });
        }
        let Some(row) = self.conversation else { return };
        if let Some((ours, theirs)) = row.lang.as_deref().and_then(|it| sense::other_language(self.text, it))
        {
            found.push(amber(&tr!(
                self.lang,
                "it reads as {ours}; the customer writes {theirs}",
                ours = self.lang.tr(ours),
                theirs = self.lang.tr(theirs)
            )));
        }
        let customer = row.their_role == crate::domain::Role::Customer;
        if let Some(name) = row.customer.name.as_deref().filter(|_| customer)
            && let Some(other) = sense::greets_another(self.text, &[name, &row.counterpart.name])
        {
            found.push(amber(&tr!(self.lang, "it greets {other}, but goes to {name}", other, name)));
        }
        for (number, id, whose) in self.owners {
            found.push(amber(&tr!(
                self.lang,
                "{number} is the order of another conversation: {id} {whose}",
                number,
                id,
                whose
            )));
        }
    }

    /// Numbers in the text that could be another conversation's: who owns them is the store's to say.
    pub fn numbers(&self) -> Vec<String> {
        let own = self.allowed();
        let words = self.text.split(|it: char| it.is_whitespace() || matches!(it, ',' | ';' | '(' | ')'));
        let mut numbers: Vec<String> = words
            .map(|word| word.trim_matches(|it: char| !it.is_alphanumeric()).to_owned())
            .filter(|word| {
                let number = digits(word);
                number.len() >= 6
                    && word.len() <= 40
                    && word.chars().all(|it| it.is_ascii_alphanumeric() || it == '-')
                    && !own.iter().any(|own| own.contains(&number) || number.contains(own.as_str()))
            })
            .collect();
        numbers.dedup();
        numbers.truncate(5);
        numbers
    }

    /// This conversation's own numbers, which a reply may name.
    fn allowed(&self) -> Vec<String> {
        let Some(conversation) = self.conversation else { return Vec::new() };
        let order = conversation.order.iter().flat_map(|facts| facts.values());
        order
            .filter_map(|value| value.as_str().map(digits))
            .chain(conversation.products.iter().map(|product| digits(&product.sku)))
            .chain([digits(&conversation.remote_id)])
            // Numbers that the marketplace itself wrote (a tracking number, a delivery) are the order's too.
            .chain(
                self.messages
                    .iter()
                    .filter(|message| message.author.role == crate::domain::Role::Marketplace)
                    .flat_map(|message| message.body.split_whitespace().map(digits)),
            )
            .filter(|number| number.len() >= 4)
            .collect()
    }
}

/// Why a file cannot go by these rules.
pub fn not_taken(lang: Lang, rules: &FileRules, file: &StoredFile) -> Option<String> {
    let name = &file.name;
    match rules.limit_for(&file.mime) {
        None => {
            let kinds: Vec<&str> = rules.limits.iter().map(|it| it.kind.as_str()).collect();
            Some(tr!(
                lang,
                "{name}: {mime} is not taken here, only {kinds}",
                name,
                mime = file.mime,
                kinds = kinds.join(", ")
            ))
        }
        Some(limit) if file.size > limit.max_bytes => Some(tr!(
            lang,
            "{name}: {size} is more than the {most} that a {kind} may have",
            name,
            size = words::bytes(file.size),
            most = words::bytes(limit.max_bytes),
            kind = limit.kind
        )),
        Some(_) => None,
    }
}

/// What speaks against a status that hides what has not been read: the screen asks, a command says so and goes.
pub fn status_findings(lang: Lang, row: &Conversation, status: Status) -> Vec<Finding> {
    let mut found = Vec::new();
    let hides = matches!(status, Status::Resolved | Status::Pending | Status::OnHold);
    if hides && row.unread > 0 {
        let unread = words::count(lang, row.unread as usize, "message", "messages");
        found.push(amber(&tr!(lang, "{unread} here not read by you yet", unread)));
    }
    if status == Status::Resolved && row.has_draft {
        found.push(amber(lang.tr("your unsent draft is still there")));
    }
    found
}

/// Of the conversations whose orders the numbers are: those of other people than this conversation's. The same customer's
/// other orders are his to hear of.
pub fn others(
    owners: Vec<(String, Conversation)>,
    here: Option<&Conversation>,
) -> Vec<(String, ConversationId, String)> {
    let theirs = |row: &Conversation| {
        here.is_some_and(|here| {
            row.id == here.id
                || (row.channel == here.channel
                    && row.customer.id.is_some()
                    && row.customer.id == here.customer.id)
        })
    };
    let own: Vec<String> =
        owners.iter().filter(|(_, row)| theirs(row)).map(|(number, _)| number.clone()).collect();
    let mut others: Vec<(String, ConversationId, String)> = owners
        .into_iter()
        .filter(|(number, _)| !own.contains(number))
        .map(|(number, row)| (number, row.id, row.counterpart.name))
        .collect();
    others.dedup_by(|one, other| one.0 == other.0);
    others
}

fn red(text: &str) -> Finding {
    Finding { level: Level::Red, text: text.to_owned(), detail: text.to_owned() }
}

fn amber(text: &str) -> Finding {
    Finding { level: Level::Amber, text: text.to_owned(), detail: text.to_owned() }
}
