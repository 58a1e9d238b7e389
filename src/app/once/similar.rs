//! Which questions ask the same: by the words of subject and newest message and by the products they name.

use std::collections::BTreeSet;

use crate::{
    app::{model::Model, words},
    domain::{Conversation, ConversationId, Turn, lang::tr},
};

/// Words that say nothing of what is asked, in the three languages.
const EMPTY: [&str; 96] = [
    "the", "and", "for", "you", "your", "our", "my", "me", "is", "it", "to", "of", "in", "on", "a", "an",
    "i", "we", "this", "that", "have", "has", "hello", "hi", "dear", "please", "thanks", "thank", "can",
    "could", "would", "do", "does", "be", "are", "was", "ola", "oi", "bom", "boa", "dia", "tarde", "noite",
    "o", "os", "as", "e", "de", "da", "do", "um", "uma", "meu", "minha", "eu", "voces", "voce", "por",
    "favor", "com", "para", "que", "no", "na", "se", "hallo", "guten", "tag", "ich", "wir", "sie", "ihr",
    "der", "die", "das", "den", "ein", "eine", "und", "ist", "bitte", "mir", "mein", "meine", "es", "mit",
    "zu", "auf", "fur", "von", "haben", "habe", "obrigado", "obrigada", "danke", "am",
];

/// What a conversation asks about: its words without what says nothing, and its products.
fn asked(row: &Conversation) -> (BTreeSet<String>, BTreeSet<&str>) {
    let text = format!(
        "{} {}",
        row.subject.as_deref().unwrap_or_default(),
        // What it is about stands among the products.
        row.last_line.as_deref().unwrap_or_default().split("  [SKU ").next().unwrap_or_default()
    );
    let folded = words::folded(&text);
    let words = folded
        .split(|letter: char| !letter.is_alphabetic())
        .filter(|word| word.chars().count() > 1 && !EMPTY.contains(word))
        .map(stem);
    (words.collect(), row.products.iter().map(|product| product.sku.as_str()).collect())
}

/// The head of a word: `entregue`, `entrega` and `entregar` ask the same.
fn stem(word: &str) -> String {
    word.chars().take(6).collect()
}

/// Whether two ask the same: half of their words, or a product and a third of them.
pub(super) fn alike(one: &Conversation, other: &Conversation) -> bool {
    let ((words, products), (others, its)) = (asked(one), asked(other));
    let common = words.intersection(&others).count();
    let all = words.union(&others).count();
    let product = products.intersection(&its).next().is_some();
    if all == 0 {
        return false;
    }
    (common >= 2 && common * 2 >= all) || (product && common >= 1 && common * 3 >= all) || words == others
}

impl Model {
    /// Marks what asks the same as the selected row and waits for us.
    pub(in crate::app) fn mark_similar(&mut self) {
        let Some(selected) = self.list.selected_row().cloned() else {
            self.say(self.lang.tr("no conversation is selected"));
            return;
        };
        let waits = |row: &&Conversation| row.waiting_since.is_some() && row.turn == Some(Turn::Us);
        let ids: Vec<ConversationId> = self
            .list
            .shown()
            .into_iter()
            .filter(|row| row.id == selected.id || (waits(row) && alike(&selected, row)))
            .map(|row| row.id)
            .collect();
        let reply = self.key(crate::app::actions::place::LIST, crate::app::actions::Act::Reply);
        let found = ids.len();
        // A mark on the selected row alone would draw the next action away from wherever the cursor goes.
        if found > 1 {
            self.list.marks.extend(ids);
        }
        self.say(match found {
            0 | 1 => self.lang.tr("nothing else in this view asks the same").to_owned(),
            n => tr!(self.lang, "{n} ask the same: marked   {reply} answers them with one text", n, reply),
        });
    }
}
