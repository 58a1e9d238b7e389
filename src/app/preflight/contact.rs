//! What marketplaces forbid in messages: ways to reach each other elsewhere, numbers of people and money, links.
//!
//! A number is told by its check digits where it has any; the conversation's own order and tracking numbers are none of
//! these. What may be right all the same is the agent's to judge, so a miss is worse here than a word too many.

use crate::app::words::folded;

/// As many as are named at once.
const MOST: usize = 4;

/// What was found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) what: &'static str,
    pub(super) words: String,
}

fn hit(what: &'static str, words: impl Into<String>) -> Hit {
    Hit { what, words: words.into() }
}

/// Contact data in a text. `own`: digits of the numbers that a reply may name; `messenger`: the channel is one itself.
pub(super) fn contacts(text: &str, own: &[String], messenger: bool) -> Vec<Hit> {
    let mut found = Vec::new();
    for word in text.split_whitespace() {
        let bare = word.trim_matches(|it: char| !it.is_alphanumeric());
        let (name, host) = bare.split_once('@').unwrap_or_default();
        if !name.is_empty() && host.contains('.') {
            found.push(hit("an e-mail address", bare));
        } else if matches!(word.to_lowercase().as_str(), "(at)" | "[at]" | "(arroba)" | "[arroba]") {
            found.push(hit("an e-mail address in disguise", word));
        } else if is_random_key(bare) {
            found.push(hit("a PIX key", bare));
        }
    }
    found.extend(ibans(text).into_iter().map(|iban| hit("an IBAN", iban)));
    found.extend(runs(text).into_iter().filter_map(|run| number(&run, own).map(|what| hit(what, run))));
    let folded = folded(text);
    let spaced: String =
        folded.chars().map(|it| if it.is_alphanumeric() { it } else { ' ' }).collect::<String>();
    let spaced = format!(" {} ", spaced.split_whitespace().collect::<Vec<_>>().join(" "));
    let others = if messenger { "" } else { MESSENGERS };
    let others = others.split_whitespace().map(|name| (name, "another way to talk"));
    for (words, what) in AWAY.iter().copied().chain(others) {
        if spaced.contains(&format!(" {words} ")) {
            found.push(hit(what, words));
        }
    }
    found.truncate(MOST);
    found
}

/// Words that lead a customer away from the marketplace, folded.
const AWAY: &[(&str, &str)] = &[
    ("pix", "a way to pay"),
    ("fora da plataforma", "outside the platform"),
    ("fora do site", "outside the platform"),
    ("fora do marketplace", "outside the platform"),
    ("fora da americanas", "outside the platform"),
    ("compre direto", "outside the platform"),
    ("comprar direto", "outside the platform"),
    ("direto com a loja", "outside the platform"),
    ("direto conosco", "outside the platform"),
    ("venda direta", "outside the platform"),
    ("nosso site", "outside the platform"),
    ("nossa loja virtual", "outside the platform"),
    ("me ligue", "another way to talk"),
    ("me liga", "another way to talk"),
    ("ligue para", "another way to talk"),
    ("me chame no", "another way to talk"),
    ("me chama no", "another way to talk"),
    ("ausserhalb der plattform", "outside the platform"),
    ("ausserhalb des marktplatzes", "outside the platform"),
    ("direkt bei uns", "outside the platform"),
    ("auf unserer webseite", "outside the platform"),
    ("auf unserer website", "outside the platform"),
    ("in unserem onlineshop", "outside the platform"),
    ("in unserem online shop", "outside the platform"),
    ("rufen sie uns an", "another way to talk"),
    ("rufen sie mich an", "another way to talk"),
    ("schreiben sie uns eine mail", "another way to talk"),
    ("schreiben sie uns eine e mail", "another way to talk"),
    ("outside the platform", "outside the platform"),
    ("outside of the platform", "outside the platform"),
    ("outside the marketplace", "outside the platform"),
    ("off the platform", "outside the platform"),
    ("off platform", "outside the platform"),
    ("directly from us", "outside the platform"),
    ("directly with us", "outside the platform"),
    ("contact us directly", "another way to talk"),
    ("our own website", "outside the platform"),
    ("our own shop", "outside the platform"),
    ("buy direct", "outside the platform"),
    ("pay us directly", "outside the platform"),
    ("call us at", "another way to talk"),
    ("call us on", "another way to talk"),
    ("text me", "another way to talk"),
];

/// Other ways to talk, where this is not one of them.
const MESSENGERS: &str = "whatsapp whats zap wpp telegram instagram facebook messenger skype";

pub(super) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Digits with what is written between them, where no letter touches them: `98765-4321`, not `AA123456789BR`.
fn runs(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let begins = letters[at].is_ascii_digit() || matches!(letters[at], '+' | '(');
        let touched = at > 0 && (letters[at - 1].is_alphanumeric() || letters[at - 1] == '@');
        if !begins || touched {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while end < letters.len()
            && (letters[end].is_ascii_digit() || matches!(letters[end], ' ' | '-' | '.' | '(' | ')' | '/'))
            && !(letters[end] == ' ' && letters.get(end + 1) == Some(&' '))
        {
            end += 1;
        }
        let run: String = letters[at..end].iter().collect();
        let glued =
            letters.get(end).is_some_and(|it| it.is_alphabetic()) && letters[end - 1].is_ascii_digit();
        let money =
            letters[..at].iter().rev().find(|it| **it != ' ').is_some_and(|it| matches!(it, '$' | '€' | '£'))
                || letters[end..].iter().find(|it| **it != ' ').is_some_and(|it| matches!(it, '€' | '%'));
        if !glued && !money {
            found.push(run.trim_matches([' ', '-', '.', '/']).trim().to_owned());
        }
        at = end.max(at + 1);
    }
    found
}

/// What a run of digits is, if it is anything that must not be written.
fn number(run: &str, own: &[String]) -> Option<&'static str> {
    let number = digits(run);
    if own.iter().any(|own| own.contains(&number) || number.contains(own.as_str())) || is_date(run) {
        return None;
    }
    if is_cpf(&number) {
        return Some("a CPF, or a phone number");
    }
    if is_cnpj(&number) {
        return Some("a CNPJ");
    }
    if is_card(&number) {
        return Some("a card number");
    }
    let written = run.contains([' ', '-', '.', '(', ')', '/']);
    let phone = match number.len() {
        8..=15 if run.starts_with('+') => true,
        9..=13 if written => true,
        9 => number.starts_with('9'),
        10 | 11 => true,
        12 | 13 => ["55", "49", "44", "0"].iter().any(|prefix| number.starts_with(prefix)),
        _ => false,
    };
    phone.then_some("a number that may be a phone")
}

/// `24.12.2026`, `24/12`, `2026-12-24`, with or without a time after it.
fn is_date(run: &str) -> bool {
    let date = run.split(' ').next().unwrap_or_default();
    let parts: Vec<&str> = date.split(['.', '/', '-']).filter(|part| !part.is_empty()).collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let small = |part: &str, most: u32| part.parse().is_ok_and(|n: u32| (1..=most).contains(&n));
    let rest = digits(run).len() - digits(date).len();
    rest <= 4
        && match lengths.as_slice() {
            [1 | 2, 1 | 2, 2 | 4] => small(parts[0], 31) && small(parts[1], 31),
            [4, 2, 2] => small(parts[1], 12) && small(parts[2], 31),
            _ => false,
        }
}

fn values(number: &str) -> Vec<u32> {
    number.chars().filter_map(|it| it.to_digit(10)).collect()
}

/// The check digit that Receita Federal's rule gives for these digits with these weights.
fn check(digits: &[u32], weights: impl Iterator<Item = u32>) -> u32 {
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

fn is_cpf(number: &str) -> bool {
    let v = values(number);
    v.len() == 11
        && v.iter().any(|digit| *digit != v[0])
        && check(&v[..9], (2..=10).rev()) == v[9]
        && check(&v[..10], (2..=11).rev()) == v[10]
}

fn is_cnpj(number: &str) -> bool {
    const WEIGHTS: [u32; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    let v = values(number);
    v.len() == 14
        && v.iter().any(|digit| *digit != v[0])
        && check(&v[..12], WEIGHTS[1..].iter().copied()) == v[12]
        && check(&v[..13], WEIGHTS.iter().copied()) == v[13]
}

/// Luhn's rule, over the lengths and first digits of cards.
fn is_card(number: &str) -> bool {
    let v = values(number);
    let sum: u32 = v
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => *digit,
            (_, twice) if twice > 9 => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    (13..=19).contains(&v.len()) && (2..=6).contains(&v[0]) && sum.is_multiple_of(10)
}

/// Lengths of IBANs where customers and shops bank.
const IBANS: [(&str, usize); 20] = [
    ("DE", 22),
    ("AT", 20),
    ("CH", 21),
    ("BR", 29),
    ("GB", 22),
    ("IE", 22),
    ("FR", 27),
    ("NL", 18),
    ("BE", 16),
    ("LU", 20),
    ("ES", 24),
    ("PT", 25),
    ("IT", 27),
    ("PL", 28),
    ("DK", 18),
    ("SE", 24),
    ("NO", 15),
    ("FI", 18),
    ("CZ", 24),
    ("LI", 21),
];

/// IBANs, written with or without spaces, by ISO 7064's check.
fn ibans(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.to_uppercase().chars().collect();
    let mut found = Vec::new();
    for at in 0..letters.len() {
        if at > 0 && letters[at - 1].is_alphanumeric() {
            continue;
        }
        let head: String = letters[at..].iter().take(2).collect();
        let Some((_, length)) = IBANS.iter().find(|(country, _)| *country == head) else { continue };
        let iban: String = letters[at..]
            .iter()
            .filter(|it| !matches!(it, ' ' | '-' | '.'))
            .take_while(|it| it.is_ascii_alphanumeric())
            .take(*length)
            .collect();
        if iban.len() == *length && is_iban(&iban) {
            found.push(iban);
        }
    }
    found
}

fn is_iban(iban: &str) -> bool {
    let (head, tail) = iban.split_at(4);
    let mut rest = 0_u32;
    for letter in tail.chars().chain(head.chars()) {
        let Some(value) = letter.to_digit(36) else { return false };
        rest = if value > 9 { (rest * 100 + value) % 97 } else { (rest * 10 + value) % 97 };
    }
    rest == 1
}

/// A random PIX key: a UUID.
fn is_random_key(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && word.chars().all(|it| it == '-' || it.is_ascii_hexdigit())
}

/// Endings that make a word with a dot in it an address.
const TLDS: [&str; 26] = [
    "com", "br", "de", "net", "org", "shop", "store", "io", "ly", "me", "co", "uk", "eu", "info", "app",
    "link", "at", "ch", "pt", "es", "fr", "gl", "online", "site", "biz", "page",
];

/// Links in a text, written out or bare.
pub(super) fn links(text: &str) -> Vec<Hit> {
    let mut found: Vec<Hit> = text
        .split_whitespace()
        .map(|word| word.trim_matches(|it: char| !it.is_alphanumeric()))
        .filter(|word| is_link(word))
        .map(|word| hit("a link", word))
        .collect();
    found.truncate(MOST);
    found
}

fn is_link(word: &str) -> bool {
    let lower = word.to_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") || lower.starts_with("www.") {
        return true;
    }
    // A sentence that begins without a space (`enviado.Me avise`) has a capital letter there; an address has not.
    let host = word.split(['/', '?', ':']).next().unwrap_or_default();
    let Some((name, ending)) = host.rsplit_once('.') else { return false };
    !host.contains('@')
        && TLDS.contains(&ending)
        && name.len() > 1
        && name.chars().any(char::is_alphabetic)
        && name.chars().all(|it| it.is_alphanumeric() || matches!(it, '.' | '-'))
}
