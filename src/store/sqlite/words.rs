//! What is made of texts as they are stored: first lines, languages, numbers to find things by, texts to compare.

use unicode_normalization::UnicodeNormalization;
use whatlang::{Detector, Lang};

#[cfg(test)]
mod tests;

/// A text as two sends of it are compared: the vendor may have trimmed it or written its line ends otherwise.
pub(super) fn comparable(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").trim().nfc().collect()
}

/// The first line that is not blank, at most `limit` characters.
pub(super) fn first_line(text: &str, limit: usize) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(limit).collect())
}

/// A number as it is looked for: letters and digits only, small.
pub(super) fn number(text: &str) -> String {
    let mut number = String::with_capacity(text.len().min(64));
    number.extend(text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(64));
    number
}

/// The same from its end.
pub(super) fn backward(number: &str) -> String {
    let mut backward = String::with_capacity(number.len());
    backward.extend(number.chars().rev());
    backward
}

/// Characters that a language is told by.
const ENOUGH: usize = 240;

/// The language of a customer's words, one of `tags` (`pt-BR`; none: any), `None` when unsure.
pub(super) fn language(text: &str, tags: &[String]) -> Option<String> {
    if text.chars().filter(|c| c.is_alphabetic()).count() < 4 {
        return None;
    }
    let known: Vec<(&String, Lang)> =
        tags.iter().filter_map(|tag| Some((tag, lang_of(tag.split(['-', '_']).next()?)?))).collect();
    // A few lines tell it as well as a page, at a fraction of the cost.
    let text = text.char_indices().nth(ENOUGH).map_or(text, |(end, _)| &text[..end]);
    if let Some(lang) = by_small_words(text) {
        let tag = known.iter().find(|(_, it)| *it == lang).map(|(tag, _)| (*tag).clone());
        return tag.or_else(|| known.is_empty().then(|| tag_of(lang)).flatten());
    }
    if text.chars().filter(|c| c.is_alphabetic()).count() < 8 {
        return None;
    }
    if known.is_empty() {
        let info = Detector::with_allowlist(LANGUAGES.map(|(_, lang)| lang).to_vec()).detect(text)?;
        return info.is_reliable().then(|| tag_of(info.lang())).flatten();
    }
    let mut candidates: Vec<Lang> = known.iter().map(|(_, lang)| *lang).collect();
    // One language alone would always win: others that customers write in stand beside it.
    for other in [Lang::Eng, Lang::Por, Lang::Deu, Lang::Spa] {
        if candidates.len() < 2 && !candidates.contains(&other) {
            candidates.push(other);
        }
    }
    let info = Detector::with_allowlist(candidates).detect(text)?;
    if !info.is_reliable() && info.confidence() < 0.2 {
        return None;
    }
    known.iter().find(|(_, lang)| *lang == info.lang()).map(|(tag, _)| (*tag).clone())
}

/// A short question says too little for letters to be counted; its small words say it. A text with small words of two
/// languages, or long enough to be told by its letters, is not decided here.
fn by_small_words(text: &str) -> Option<Lang> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphabetic() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.len() > 12 {
        return None;
    }
    let hits = SMALL_WORDS
        .map(|(lang, small)| (words.iter().filter(|word| small.contains(&word.as_str())).count(), lang));
    let mut found = hits.iter().filter(|(n, _)| *n > 0);
    match (found.next(), found.next()) {
        (Some((n, lang)), None) if *n >= 2 => Some(*lang),
        _ => None,
    }
}

/// Words that only one of these languages has.
const SMALL_WORDS: [(Lang, &[&str]); 4] = [
    (
        Lang::Eng,
        &[
            "the", "is", "it", "you", "your", "my", "could", "would", "please", "when", "where", "what",
            "this", "that", "does", "did", "have", "can", "we", "they", "and", "not", "yet", "still", "by",
            "with", "are", "how", "which", "thanks", "thank", "hello", "hi", "arrived", "it's", "i'm",
            "don't",
        ],
    ),
    (
        Lang::Por,
        &[
            "não", "é", "ainda", "chegou", "meu", "minha", "vocês", "você", "quando", "onde", "obrigado",
            "obrigada", "olá", "oi", "bom", "boa", "dia", "tarde", "uma", "um", "foi", "qual", "isso",
            "assim", "já", "até", "comprei", "quero", "posso", "tem",
        ],
    ),
    (
        Lang::Deu,
        &[
            "der",
            "die",
            "das",
            "ist",
            "nicht",
            "ich",
            "sie",
            "und",
            "wann",
            "wo",
            "mein",
            "meine",
            "bitte",
            "noch",
            "kann",
            "können",
            "ein",
            "eine",
            "hallo",
            "danke",
            "wie",
            "lässt",
            "sich",
            "habe",
            "haben",
            "wurde",
            "wird",
            "für",
            "mit",
            "bestellung",
        ],
    ),
    (
        Lang::Spa,
        &[
            "el", "los", "las", "cuándo", "dónde", "hola", "gracias", "todavía", "una", "un", "con", "qué",
            "cuál", "puedo", "tiene", "llegó", "buenos", "días", "buenas",
        ],
    ),
];

const LANGUAGES: [(&str, Lang); 26] = [
    ("en", Lang::Eng),
    ("pt", Lang::Por),
    ("de", Lang::Deu),
    ("es", Lang::Spa),
    ("fr", Lang::Fra),
    ("it", Lang::Ita),
    ("nl", Lang::Nld),
    ("pl", Lang::Pol),
    ("sv", Lang::Swe),
    ("da", Lang::Dan),
    ("nb", Lang::Nob),
    ("no", Lang::Nob),
    ("fi", Lang::Fin),
    ("cs", Lang::Ces),
    ("hu", Lang::Hun),
    ("ro", Lang::Ron),
    ("tr", Lang::Tur),
    ("ru", Lang::Rus),
    ("uk", Lang::Ukr),
    ("el", Lang::Ell),
    ("ja", Lang::Jpn),
    ("zh", Lang::Cmn),
    ("ko", Lang::Kor),
    ("ar", Lang::Ara),
    ("he", Lang::Heb),
    ("hi", Lang::Hin),
];

fn lang_of(primary: &str) -> Option<Lang> {
    LANGUAGES.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(primary)).map(|(_, lang)| *lang)
}

fn tag_of(lang: Lang) -> Option<String> {
    LANGUAGES.iter().find(|(_, it)| *it == lang).map(|(tag, _)| (*tag).to_owned())
}
