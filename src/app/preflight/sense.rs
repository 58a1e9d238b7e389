//! What a text says that its circumstances do not: a file that is not there, another person's name, another language.

use whatlang::{Detector, Lang};

use crate::app::{canned::same_language, words::folded};

/// Lines of ours: what is quoted was written by somebody else.
fn ours(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with('>'))
}

/// Words that promise a file, folded.
const PROMISES: [&str; 18] = [
    "em anexo",
    "segue anexo",
    "segue anexa",
    "segue o anexo",
    "seguem anexos",
    "no anexo",
    "anexei",
    "anexamos",
    "im anhang",
    "anbei",
    "angehangt",
    "beigefugt",
    "i attached",
    "we attached",
    "is attached",
    "attached is",
    "please find attached",
    "see attached",
];

/// The words that promise a file.
pub(super) fn promised(text: &str) -> Option<&'static str> {
    let text = folded(&ours(text).collect::<Vec<_>>().join(" "));
    let loose = [
        "attached you",
        "find attached",
        "see the attached",
        "use the attached",
        "find the attached",
        "attachment",
        "i have attached",
        "we have attached",
        "i am attaching",
        "enclosed",
        "segue a foto",
        "segue foto",
        "esta anexad",
        "hange ich an",
    ];
    PROMISES.into_iter().chain(loose).find(|promise| text.contains(promise))
}

const GREETINGS: [&str; 31] = [
    "ola",
    "oi",
    "hallo",
    "hi",
    "hello",
    "hey",
    "dear",
    "caro",
    "cara",
    "prezado",
    "prezada",
    "estimado",
    "estimada",
    "liebe",
    "lieber",
    "moin",
    "servus",
    "bom dia",
    "boa tarde",
    "boa noite",
    "guten tag",
    "guten morgen",
    "guten abend",
    "sehr geehrte",
    "sehr geehrter",
    "good morning",
    "good afternoon",
    "good evening",
    "querido",
    "querida",
    "gruss gott",
];

const TITLES: [&str; 14] =
    ["sr", "sra", "senhor", "senhora", "dona", "seu", "herr", "frau", "mr", "mrs", "ms", "miss", "dr", "dra"];

/// What follows a greeting with a capital letter and is nobody's name.
const NOBODY: [&str; 44] = [
    "obrigado",
    "obrigada",
    "agradecemos",
    "lamentamos",
    "sentimos",
    "pedimos",
    "informamos",
    "desculpe",
    "esperamos",
    "nosso",
    "danke",
    "vielen",
    "herzlichen",
    "entschuldigung",
    "leider",
    "ihre",
    "thanks",
    "thank",
    "sorry",
    "your",
    "unfortunately",
    "please",
    "kunde",
    "kundin",
    "cliente",
    "customer",
    "team",
    "sir",
    "madam",
    "damen",
    "herren",
    "all",
    "there",
    "amigo",
    "amiga",
    "pessoal",
    "tudo",
    "everyone",
    "friend",
    "zusammen",
    "consumidor",
    "supplier",
    "partner",
    "and",
];

/// Whom the text greets, where that is none of `names`.
pub(super) fn greets_another(text: &str, names: &[&str]) -> Option<String> {
    let known: Vec<String> = names.iter().flat_map(|name| words(&folded(name))).collect();
    if known.is_empty() {
        return None;
    }
    let line = ours(text).find(|line| !line.trim().is_empty())?.trim();
    let small = folded(line);
    // The longest first: "sehr geehrter" before "sehr geehrte".
    let mut greetings = GREETINGS;
    greetings.sort_by_key(|it| std::cmp::Reverse(it.len()));
    let greeting = greetings
        .iter()
        .find(|it| small.strip_prefix(**it).is_some_and(|rest| rest.starts_with([' ', ',', '('])))?;
    let length = greeting.split(' ').count();
    let rest: Vec<&str> = line.split_whitespace().skip(length).collect();
    // "Olá, Maria!" names somebody, "Olá, Maria pediu" begins a sentence.
    let comma = line.split_whitespace().nth(length - 1).is_some_and(|word| word.ends_with(','));
    let bare = |word: &str| word.trim_matches(|it: char| !it.is_alphanumeric()).to_owned();
    let mut called = Vec::new();
    // Whether the words of the name end with the line or with a mark.
    let mut closed = false;
    for word in rest {
        let name = bare(word);
        if called.is_empty() && TITLES.contains(&folded(&name).as_str()) {
            continue;
        }
        if !name.chars().next().is_some_and(char::is_uppercase) || name.chars().any(|it| it.is_ascii_digit())
        {
            closed = false;
            break;
        }
        called.push(name);
        closed = true;
        if word.ends_with([',', '!', '.', ':', ';', '?']) {
            break;
        }
    }
    // "Olá João Seu pedido" ends nowhere: who is meant is not clear.
    let lone = closed || (called.len() == 1 && !comma);
    let first = called.first().map(|it| folded(it))?;
    let is = |known: &String| {
        called.iter().map(|it| folded(it)).any(|it| {
            it == *known || (it.len() > 2 && (known.starts_with(&it) || it.starts_with(known.as_str())))
        })
    };
    (lone && first.len() > 2 && !NOBODY.contains(&first.as_str()) && !known.iter().any(is))
        .then(|| called.join(" "))
}

fn words(text: &str) -> Vec<String> {
    text.split(|it: char| !it.is_alphabetic()).filter(|word| word.len() > 1).map(str::to_owned).collect()
}

const LANGUAGES: [(&str, Lang, &str); 7] = [
    ("pt", Lang::Por, "Portuguese"),
    ("de", Lang::Deu, "German"),
    ("en", Lang::Eng, "English"),
    ("es", Lang::Spa, "Spanish"),
    ("fr", Lang::Fra, "French"),
    ("it", Lang::Ita, "Italian"),
    ("nl", Lang::Nld, "Dutch"),
];

/// Letters below which a language is not judged.
const ENOUGH: usize = 40;

/// What the text reads as and what the customer writes, where they differ for sure.
pub(super) fn other_language(text: &str, customer: &str) -> Option<(&'static str, &'static str)> {
    let (_, wanted, theirs) = LANGUAGES.into_iter().find(|(tag, ..)| same_language(tag, customer))?;
    let text: Vec<&str> =
        ours(text).flat_map(str::split_whitespace).filter(|word| !word.contains(['@', '/', '{'])).collect();
    let text = text.join(" ");
    if text.chars().filter(|it| it.is_alphabetic()).count() < ENOUGH {
        return None;
    }
    let mut likely = vec![Lang::Por, Lang::Deu, Lang::Eng];
    if !likely.contains(&wanted) {
        likely.push(wanted);
    }
    let info = Detector::with_allowlist(likely).detect(&text)?;
    let (.., ours) = LANGUAGES.into_iter().find(|(_, lang, _)| *lang == info.lang())?;
    (info.lang() != wanted && info.is_reliable()).then_some((ours, theirs))
}
