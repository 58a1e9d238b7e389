//! A text and its files as the messages that the vendor takes: at most one file each.

use crate::domain::{
    Capabilities, Conversation, MessageId, Outgoing, Reach, attachment::StoredFile, capability::Caption,
    outbox::TemplateUse,
};

/// Whether the vendor's unread flag moves with a reply: a row of its own after it. Not where `closes` moves it anyway.
pub fn reads(conversation: &Conversation, capabilities: &Capabilities, closes: bool) -> bool {
    let unread = conversation.remote_unread || conversation.waiting_since.is_some();
    capabilities.mark_read == Reach::Remote && unread && !closes
}

/// Splits what was written into messages, in order. Messages after the first name their file, `(2/3) photo2.jpg`, where
/// the file's kind takes a text at all.
pub fn split(
    text: &str,
    files: &[StoredFile],
    quote: Option<MessageId>,
    template: Option<&TemplateUse>,
    reopen: bool,
    capabilities: &Capabilities,
) -> Vec<Outgoing> {
    let first = Outgoing {
        text: text.to_owned(),
        quote: quote.filter(|_| capabilities.quote),
        template: template.cloned(),
        reopen,
        ..Outgoing::default()
    };
    let Some(rules) = capabilities.files.as_ref().filter(|_| !files.is_empty()) else {
        return vec![first];
    };
    let takes_text = |file: &StoredFile| rules.limit_for(&file.mime).is_none_or(|limit| limit.caption);
    let rides = match rules.caption {
        Caption::Always => true,
        Caption::UpTo(most) => takes_text(&files[0]) && text.chars().count() <= most,
    } && template.is_none();
    let apart = !rides && (!text.is_empty() || template.is_some());
    let total = files.len() + usize::from(apart);
    let mut messages = Vec::with_capacity(total);
    if apart {
        messages.push(first.clone());
    }
    for file in files {
        let n = messages.len() + 1;
        let mut message = if n == 1 { first.clone() } else { Outgoing { reopen, ..Outgoing::default() } };
        if n > 1 && (rules.caption == Caption::Always || takes_text(file)) {
            message.text = format!("({n}/{total}) {}", file.name);
        }
        message.file = Some(file.clone());
        messages.push(message);
    }
    messages
}
