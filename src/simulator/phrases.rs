//! What people say, by language: the texts of the demo stand in `assets/demo`.

use serde::Deserialize;

/// A picture of a dented parcel.
pub(super) const PICTURE: &[u8] = include_bytes!("../../assets/demo/parcel.png");
/// Half a second of silence, as a voice message.
pub(super) const VOICE: &[u8] = include_bytes!("../../assets/demo/voice.ogg");

/// The languages, in the order in which they are mixed.
pub(super) const LANGS: [&str; 3] = ["pt-BR", "en", "de"];

/// The texts of one language.
#[derive(Deserialize)]
pub(super) struct Texts {
    /// Names of customers.
    pub names: Vec<String>,
    /// First messages.
    pub openers: Vec<String>,
    /// What somebody adds who waits.
    pub follow_ups: Vec<String>,
    /// What somebody says to a reply.
    pub answers: Vec<String>,
    /// A thank-you and nothing else.
    pub thanks: Vec<String>,
    /// What a vendor's or a partner's agent says.
    pub agents: Vec<String>,
}

/// The texts of all languages.
pub(super) struct Phrases([Texts; 3]);

impl Phrases {
    /// Reads the texts that are built in.
    pub fn load() -> Self {
        let read =
            |text| serde_json::from_str(text).expect("the demo's texts are part of the program and tested");
        Self([
            read(include_str!("../../assets/demo/pt-BR.json")),
            read(include_str!("../../assets/demo/en.json")),
            read(include_str!("../../assets/demo/de.json")),
        ])
    }

    /// The texts of a language; English where it is unknown.
    pub fn of(&self, lang: &str) -> &Texts {
        let place = LANGS.iter().position(|known| known.eq_ignore_ascii_case(lang)).unwrap_or(1);
        &self.0[place]
    }
}

/// One of a list, by number.
pub(super) fn pick(list: &[String], number: usize) -> &str {
    list.get(number % list.len().max(1)).map_or("", String::as_str)
}
