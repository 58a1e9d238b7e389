//! The variables of a canned reply.

use std::collections::HashMap;

use crate::domain::{Conversation, Descriptor};

/// What a product is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductName {
    /// Its title.
    pub title: String,
    /// Its page.
    pub url: String,
}

/// Every variable, for the message about one that does not exist. `order.KEY` takes every fact of the order.
pub(super) const NAMES: [&str; 15] = [
    "customer.name",
    "customer.first_name",
    "customer.email",
    "customer.phone",
    "order.number",
    "order.delivery",
    "product.title",
    "product.sku",
    "product.url",
    "product.quantity",
    "agent.name",
    "agent.first_name",
    "conversation.number",
    "conversation.subject",
    "channel.name",
];

/// Where the values come from.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// The conversation.
    pub conversation: Option<&'a Conversation>,
    /// Its channel.
    pub channel: Option<&'a Descriptor>,
    /// The agent's name.
    pub agent: &'a str,
    /// What products are called.
    pub products: &'a HashMap<String, ProductName>,
}

impl Values<'_> {
    fn of(&self, name: &str) -> Option<String> {
        let row = self.conversation;
        let customer = row.map(|row| &row.customer);
        let product = row.and_then(|row| row.products.first());
        let named = product.and_then(|product| self.products.get(&product.sku));
        let value = match name {
            "customer.name" => customer?.name.clone(),
            "customer.first_name" => customer?.name.as_deref().and_then(first_name),
            "customer.email" => customer?.email.clone(),
            "customer.phone" => customer?.phone.clone(),
            "product.title" => product?.title.clone().or_else(|| named.map(|product| product.title.clone())),
            "product.sku" => Some(product?.sku.clone()),
            "product.url" => Some(named?.url.clone()),
            "product.quantity" => Some(product?.quantity?.to_string()),
            "agent.name" => Some(self.agent.to_owned()),
            "agent.first_name" => first_name(self.agent),
            "conversation.number" => Some(row?.id.to_string()),
            "conversation.subject" => row?.subject.clone(),
            "channel.name" => Some(self.channel?.name.to_string()),
            other => match row?.order.as_ref()?.get(other.strip_prefix("order.")?)? {
                serde_json::Value::String(text) => Some(text.clone()),
                serde_json::Value::Number(number) => Some(number.to_string()),
                _ => None,
            },
        };
        // A name is one line, whatever its owner wrote into it.
        let value = value.map(|value| crate::app::composer::clean_paste(&value).replace('\n', " "));
        value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }
}

/// The first of a person's names. One that shouts or whispers is written as a name.
fn first_name(name: &str) -> Option<String> {
    let first = name.split_whitespace().find(|word| word.chars().any(char::is_alphabetic))?;
    let mixed = first.chars().any(char::is_lowercase) && first.chars().any(char::is_uppercase);
    if mixed || first.chars().filter(|it| it.is_alphabetic()).count() < 2 {
        return Some(first.to_owned());
    }
    let mut letters = first.chars();
    let head = letters.next()?;
    Some(head.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect())
}

/// Puts the values in. What has none stays as it is: the review bar then says so, and nothing is sent.
pub fn fill(body: &str, values: &Values<'_>) -> String {
    let mut filled = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, name, after)) = variable(rest) {
        filled.push_str(before);
        match values.of(name) {
            // What a customer is called must not look like a variable of ours.
            Some(value) => filled.push_str(&value.replace("{{", "{ {")),
            None => filled.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The next variable: what stands before it, its name, what stands after it.
fn variable(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("{{")?;
    let end = start + text[start..].find("}}")?;
    Some((&text[..start], text[start + 2..end].trim(), &text[end + 2..]))
}

/// A variable that does not exist.
pub(super) fn unknown(body: &str) -> Option<String> {
    let mut rest = body;
    while let Some((before, name, after)) = variable(rest) {
        let fact = name.strip_prefix("order.").is_some_and(|key| !key.is_empty());
        if !NAMES.contains(&name) && !fact {
            return Some(rest[before.len()..rest.len() - after.len()].to_owned());
        }
        rest = after;
    }
    None
}

/// A place that nobody filled in: `{{name}}` or `{name}`. Quoted lines are the customer's.
pub fn hole(text: &str) -> Option<&str> {
    text.lines().filter(|line| !line.starts_with('>')).find_map(|line| {
        let mut rest = line;
        while let Some(start) = rest.find('{') {
            rest = &rest[start..];
            let end = rest.find('}')?;
            let inside = rest[1..end].trim_matches(['{', ' ']);
            let named = inside.chars().next().is_some_and(char::is_alphabetic)
                && inside.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '.' | '-'));
            if named {
                return Some(&rest[..=end + usize::from(rest[end + 1..].starts_with('}'))]);
            }
            rest = &rest[1..];
        }
        None
    })
}
