//! What moves the status of a conversation: pure rules, one fact at a time, in the order of the vendor's times.
//!
//! A conversation seen for the first time is *replayed*: all its messages and the vendor's state go through these rules
//! as if they had happened one after the other.

use chrono::TimeDelta;

use super::{Status, Time};

/// A resolved conversation is closed after so long; the next message then begins a new episode.
pub const CLOSES_AFTER: TimeDelta = TimeDelta::days(5);

/// As much of a conversation as its status depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Ours.
    pub status: Status,
    /// Whether a reply of ours ever left.
    pub answered: bool,
    /// Whether inbound messages stand unanswered.
    pub unanswered: bool,
    /// Since when it is resolved.
    pub resolved_at: Option<Time>,
    /// Whether the last word after it was resolved was a thanks alone.
    pub thanked: bool,
    /// Counts from 1; a message after `closed` begins the next.
    pub episode: u32,
}

impl Default for Life {
    fn default() -> Self {
        Self {
            status: Status::New,
            answered: false,
            unanswered: false,
            resolved_at: None,
            thanked: false,
            episode: 1,
        }
    }
}

/// One fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The other side wrote; `thanks`: nothing but thanks.
    In {
        /// See [`thanks_alone`].
        thanks: bool,
    },
    /// We replied, here or elsewhere; `keep`: the configuration says `after_send = "keep"`.
    Out {
        /// Leave the status (but for `new`, which means that no reply ever left).
        keep: bool,
    },
    /// The other side closed it; `unanswered`: THG's COMPLETED with no answer to our last question.
    Closed {
        /// See above.
        unanswered: bool,
    },
    /// The agent said that no reply is needed.
    Settled,
}

/// What a fact did, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The status moved.
    Moved {
        /// From.
        from: Status,
        /// To.
        to: Status,
        /// Why, in a word or two for the log.
        why: &'static str,
    },
    /// A new episode began.
    Episode(u32),
    /// A thanks alone: it stays resolved.
    Thanked,
    /// The vendor called it over without an answer to our last question.
    CompletedWithoutAnswer,
}

impl Life {
    /// Takes one fact, after everything that time alone did until then.
    pub fn take(&mut self, at: Time, fact: Fact) -> Vec<Step> {
        let mut steps = self.pass(at);
        match fact {
            Fact::In { thanks } => self.heard(thanks, &mut steps),
            Fact::Out { keep } => {
                self.answered = true;
                self.unanswered = false;
                match (self.status, keep) {
                    (Status::New | Status::Open, false) => self.go(Status::Pending, "replied", &mut steps),
                    (Status::New, true) => self.go(Status::Open, "replied", &mut steps),
                    _ => {}
                }
            }
            Fact::Closed { unanswered: true } => {
                steps.push(Step::CompletedWithoutAnswer);
                if !matches!(self.status, Status::Open | Status::Resolved | Status::Closed) {
                    self.go(Status::Open, "completed without an answer", &mut steps);
                }
            }
            Fact::Closed { unanswered: false } => {
                if !self.unanswered && !matches!(self.status, Status::Resolved | Status::Closed) {
                    self.go(Status::Resolved, "closed by the other side", &mut steps);
                    self.resolved_at = Some(at);
                }
            }
            Fact::Settled => {
                self.unanswered = false;
                if matches!(self.status, Status::New | Status::Open) {
                    self.go(Status::Pending, "no reply needed", &mut steps);
                }
            }
        }
        steps
    }

    /// What time alone does: five days after it was resolved a conversation is closed.
    pub fn pass(&mut self, now: Time) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.status == Status::Resolved && self.resolved_at.is_some_and(|at| at + CLOSES_AFTER <= now) {
            self.go(Status::Closed, "resolved for five days", &mut steps);
        }
        steps
    }

    fn heard(&mut self, thanks: bool, steps: &mut Vec<Step>) {
        match self.status {
            Status::Resolved if thanks => {
                self.thanked = true;
                steps.push(Step::Thanked);
                return;
            }
            Status::Closed => {
                self.episode += 1;
                steps.push(Step::Episode(self.episode));
                self.go(Status::Open, "the other side wrote", steps);
            }
            Status::Pending | Status::OnHold | Status::Resolved => {
                self.go(Status::Open, "the other side wrote", steps);
            }
            Status::New | Status::Open => {}
        }
        self.unanswered = true;
    }

    fn go(&mut self, to: Status, why: &'static str, steps: &mut Vec<Step>) {
        steps.push(Step::Moved { from: self.status, to, why });
        self.status = to;
        self.thanked = false;
        if !matches!(to, Status::Resolved | Status::Closed) {
            self.resolved_at = None;
        }
    }
}

/// Where ours and the vendor's status differ, in a sentence. `closes_there`: resolving here is told to the vendor, so that
/// a conversation that is resolved here and open there is a difference too. `word`: the vendor's own.
pub fn drift(
    status: Status,
    remote_closed: Option<bool>,
    closes_there: bool,
    word: Option<&str>,
) -> Option<String> {
    let done = matches!(status, Status::Resolved | Status::Closed);
    let ours = status.as_str().replace('_', " ");
    match (remote_closed?, done) {
        (true, false) => Some(format!("{} at the vendor, {ours} here", word.unwrap_or("closed"))),
        (false, true) if closes_there => {
            Some(format!("{ours} here, {} at the vendor", word.unwrap_or("open")))
        }
        _ => None,
    }
}

/// Words of which a thanks consists, by language. The last column goes with any of them.
const THANKS: [(&str, &[&str]); 4] = [
    (
        "pt",
        &[
            "obrigado",
            "obrigada",
            "obrigadao",
            "obrigadinha",
            "brigado",
            "brigada",
            "obg",
            "obgd",
            "vlw",
            "valeu",
            "grato",
            "grata",
            "agradeco",
            "agradecido",
            "agradecida",
            "gratidao",
        ],
    ),
    ("de", &["danke", "dankeschoen", "dankeschon", "dank", "merci", "dankesehr"]),
    ("en", &["thanks", "thank", "thx", "ty", "cheers", "tks", "thankyou"]),
    ("es", &["gracias"]),
];

/// Words that may stand beside them.
const BESIDE: [&str; 49] = [
    "muito",
    "mesmo",
    "pela",
    "pelo",
    "a",
    "o",
    "ajuda",
    "atencao",
    "de",
    "nada",
    "ok",
    "okay",
    "tudo",
    "bem",
    "certo",
    "ta",
    "bom",
    "por",
    "voce",
    "you",
    "so",
    "very",
    "much",
    "a",
    "lot",
    "many",
    "for",
    "your",
    "help",
    "the",
    "all",
    "great",
    "perfect",
    "vielen",
    "vielmals",
    "sehr",
    "schon",
    "schoen",
    "besten",
    "herzlichen",
    "fur",
    "fuer",
    "ihre",
    "die",
    "hilfe",
    "super",
    "muchas",
    "perfeito",
    "alles",
];

/// Whether a text is nothing but thanks: at most four words, no question mark, all of them words of a thanks. A message
/// with an attachment never is (the caller knows).
pub fn thanks_alone(text: &str) -> bool {
    use unicode_normalization::UnicodeNormalization;
    if text.contains(['?', '¿', '？']) || text.len() > 400 {
        return false;
    }
    let plain: String = text
        .nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect();
    let words: Vec<&str> =
        plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() || words.len() > 4 {
        return false;
    }
    let thanks = |word: &str| THANKS.iter().any(|(_, list)| list.contains(&word));
    words.iter().any(|word| thanks(word)) && words.iter().all(|word| thanks(word) || BESIDE.contains(word))
}

#[cfg(test)]
mod tests;
